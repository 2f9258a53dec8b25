"""The door for `GET /locate` about now: answered before the middleware, from memory.

Its route is public (`api.rules`) and says the same to everybody. Whatever is not the plain case (a
refusal, another day, a place on an edge, cells near by, a store that is down) is passed on to the
application, which answers it as it answers everything.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

import psycopg
import psycopg_pool
from pydantic import TypeAdapter, ValidationError
from starlette.datastructures import State
from starlette.types import Scope, Send

import data.locate_point
import data.scope
from api.routes.locate import MOST_ACCURACY_M, Asked
from api.tiles import SAFE, host_of, is_public
from data.cells_held import CellsHeld, Ground
from gis import coordinates
from gis.access import ANYBODY
from gis.coordinates import reach_in_degrees
from gis.errors import WanggeError

PATH = "/locate"
_TYPE = (b"content-type", b"application/json")
_ASKED = TypeAdapter(Asked)
_NUMBER = rb"(-?\d{1,9}(?:\.\d{1,20})?)"
_SIMPLE = re.compile(
    rb"lon=%b&lat=%b(?:&accuracy_m=(\d{1,5}(?:\.\d{1,20})?))?" % (_NUMBER, _NUMBER)
)
"""How nearly everybody asks."""
Place = tuple[float, float, float]
"""Longitude and latitude in WGS-84, accuracy in metres."""


class Locating:
    """Cells of places, from the ground that is held in memory."""

    def __init__(self, state: State, *, hosts: frozenset[str]) -> None:
        self._is_open = is_public(PATH)
        self._state, self._hosts = state, hosts

    async def answer(self, scope: Scope, send: Send) -> bool:
        """Answer a request if it asks for the cell of a place and is a plain case."""
        if not self._is_open or scope["type"] != "http":
            return False
        if scope["path"] != PATH or scope["method"] != "GET":
            return False
        place = _place(scope["query_string"])
        if place is None or not self._is_plain(scope["headers"]):
            return False
        try:
            text = await self._answer(place)
        except (WanggeError, psycopg.Error, psycopg_pool.PoolTimeout, OSError):
            return False  # the application says it in words
        if text is None:
            return False
        headers = [*SAFE, _TYPE, (b"content-length", str(len(text)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": text})
        return True

    def _is_plain(self, headers: list[tuple[bytes, bytes]]) -> bool:
        """Whether nothing is told that the application has to look at."""
        hosts = [value for name, value in headers if name == b"host"]
        bodies = any(name in {b"content-length", b"transfer-encoding"} for name, _ in headers)
        is_signed = any(name == b"authorization" for name, _ in headers)
        return len(hosts) == 1 and host_of(hosts[0]) in self._hosts and not bodies and not is_signed

    async def _answer(self, place: Place) -> bytes | None:
        seen = await self._state.moment.look()
        held: CellsHeld = self._state.cells
        ground = held.ground(seen.versions.ground)
        if ground is None:
            return None
        lon, lat, accuracy_m = place
        reach = reach_in_degrees(lat, accuracy_m) if accuracy_m else (0.0, 0.0)
        cell = ground.cell_at(lon, lat, reach)
        if cell is None:
            return None
        return ground.answers.get(cell) or await self._told(ground, cell, place)

    async def _told(self, ground: Ground, cell: int, place: Place) -> bytes:
        """Ask the store what is to be said of a cell, and remember it."""
        lon, lat, accuracy_m = place
        asked = data.locate_point.question(lon, lat, accuracy_m=accuracy_m)
        async with data.scope.looking(self._state.pool, ANYBODY) as connection:
            text = (await data.locate_point.at(connection, asked)).encode()
        ground.answers[cell] = text
        return text


def _place(query: bytes) -> Place | None:
    """The place asked for; None where the application refuses, or where another day is asked."""
    if found := _SIMPLE.fullmatch(query):
        lon, lat, accuracy_m = (float(one or 0) for one in found.groups())
        if -180 <= lon <= 180 and -90 <= lat <= 90 and accuracy_m <= MOST_ACCURACY_M:
            return lon, lat, accuracy_m
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, strict_parsing=True)
        if len(dict(pairs)) < len(pairs):
            return None
        asked = _ASKED.validate_python(dict(pairs))
        coordinates.check_point(asked.lon, asked.lat)
    except (ValidationError, ValueError, WanggeError):
        return None
    if asked.on is not None:
        return None
    lon, lat = coordinates.convert_point(asked.lon, asked.lat, source=asked.datum)
    return lon, lat, asked.accuracy_m
