"""The door for tiles: asked for most of all, so answered before the middleware and the router.

Nothing here decides who may see what: a tile's route is public (`api.rules`), and what is in a tile
the row policies decided when it was made for that sight. Whatever is not the plain case (a refusal,
a sign-in to be renewed, a store that is down) is passed on to the application, which answers it as
it answers everything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache, partial
from urllib.parse import parse_qsl

import psycopg
import psycopg_pool
from starlette.datastructures import State
from starlette.requests import cookie_parser
from starlette.types import Scope as ASGIScope
from starlette.types import Send

import data.sign_in
import data.tiles
import data.tiles_kept
import data.tiles_place
import gis.dials
from api import errors, kept
from api.auth import ACCOUNT, COOKIE
from api.kept import Answer
from api.rules import RULES, Door
from data.moment import Seen
from data.sign_in import Scopes
from data.tiles import Ask
from data.tiles_kept import Shelf
from gis.access import ANYBODY, Right, Viewer
from gis.errors import BadInput, WanggeError
from gis.terms import Datum

TEMPLATE = "/tiles/{layers}/{z}/{x}/{y}.mvt"
MEDIA = "application/vnd.mapbox-vector-tile"
PARAMETERS = ("plan", "as_of", "datum")
DATUMS = (Datum.WGS84, Datum.GCJ02)
_PATH = re.compile(r"/tiles/([^/]+)/([^/]+)/([^/]+)/([^/]+)\.mvt")
SAFE = [(name.lower().encode(), value.encode()) for name, value in errors.SAFE.items()]
_TYPE = (b"content-type", MEDIA.encode())
_PASSED_ON = {b"content-length", b"transfer-encoding", ACCOUNT.encode(), b"range"}
"""Headers that no reader of tiles sends; who does is looked at by everything there is."""


def read(layers: str, place: tuple[str, str, str], query: list[tuple[str, str]]) -> Ask:
    """Read the address of a tile.

    Raises:
        NotFound: no such layer. BadInput: no such place in the pyramid, or a parameter is none.
    """
    for name, value in query:
        if name not in PARAMETERS:
            raise BadInput(
                f"there is no parameter {name!r}; choose from {', '.join(PARAMETERS)}",
                field=name, value=value, choices=list(PARAMETERS),
            )  # fmt: skip
    told = dict(query)
    names = data.tiles_place.check_layers(layers, tuple(data.tiles.RECIPES))
    z, x, y = data.tiles_place.check_address(*place)
    datum = datum_of(told.get("datum"), DATUMS)
    if "plan" in told and "as_of" in told:
        raise BadInput("plan and as_of exclude each other", field="as_of")
    return Ask(names, z, x, y, told.get("plan"), datum, _day(told.get("as_of")))


def datum_of(asked: str | None, choices: tuple[Datum, ...]) -> Datum:
    """Read a datum; WGS-84 unless one is told.

    Raises:
        BadInput: none of the choices.
    """
    by_name = {datum.value: datum for datum in choices}
    if asked is None:
        return Datum.WGS84
    if asked not in by_name:
        raise BadInput(f"datum is {asked!r}; choose from {', '.join(choices)}",
                       field="datum", value=asked, choices=list(choices))  # fmt: skip
    return by_name[asked]


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"as_of is {text!r}, not a day like 2026-06-01",
                       field="as_of", value=text) from error  # fmt: skip
    if not gis.dials.FIRST_DAY <= day <= gis.dials.LAST_DAY:
        raise BadInput(
            f"as_of is {text}; days go from {gis.dials.FIRST_DAY} to {gis.dials.LAST_DAY}",
            field="as_of", value=text,
        )  # fmt: skip
    return day


def is_public(path: str) -> bool:
    """Whether what is asked by GET may be answered before the guard of `api.auth` is asked."""
    return RULES.get(("GET", path)) is Door.PUBLIC


class Tiles:
    """Tiles from the shelf, or made and put there."""

    def __init__(self, state: State, *, hosts: frozenset[str], scopes: Scopes) -> None:
        self._is_open = is_public(TEMPLATE)
        self._state, self._hosts, self._scopes = state, hosts, scopes

    async def answer(self, scope: ASGIScope, send: Send) -> bool:
        """Answer a request if it is for a tile and a plain case."""
        if not self._is_open or scope["type"] != "http":
            return False
        if not scope["path"].startswith("/tiles/"):
            return False
        try:
            answer = await self._answer(scope)
        except (WanggeError, psycopg.Error, psycopg_pool.PoolTimeout, OSError):
            return False  # the application says it in words
        if answer is None:
            return False
        start = {"type": "http.response.start", "status": answer.status}
        await send({**start, "headers": [*SAFE, *answer.headers]})
        await send({"type": "http.response.body", "body": answer.body})
        return True

    async def _answer(self, scope: ASGIScope) -> Answer | None:
        ask = _plain(scope["path"], scope["query_string"])
        headers: dict[bytes, bytes] = {}
        for name, value in scope["headers"]:
            if name in _PASSED_ON or name in headers:
                return None
            headers[name] = value
        if ask is None or scope["method"] != "GET":
            return None
        if host_of(headers.get(b"host", b"")) not in self._hosts:
            return None
        token = _token(headers)
        hashed = data.sign_in.digest(token) if token else None
        seen = await self._state.moment.look(hashed)
        viewer = self._viewer(hashed, seen, is_bearer=b"authorization" in headers)
        if viewer is None:
            return None
        version = seen.versions.of(ask.layers) if ask.plan is None and ask.as_of is None else None
        return await answered(self._state, viewer, ask, version, headers)

    def _viewer(self, hashed: bytes | None, seen: Seen, *, is_bearer: bool) -> Viewer | None:
        """Who asks; None where the guard has more to say to him."""
        row = seen.rows.get(hashed) if hashed else None
        if row is None:
            return None if is_bearer else ANYBODY
        entered = data.sign_in.known(row, self._scopes)
        return entered.viewer if entered else None


async def answered(
    state: State, viewer: Viewer, ask: Ask, version: str | None, headers: Mapping[bytes, bytes]
) -> Answer:
    """Answer a viewer: by 304, from the shelf, or by making the tile.

    `version` is that of this moment; without it, of another plan or day, it is asked now.

    Raises:
        NotFound: no such plan, or none on that day.
    """
    shelf: Shelf = state.shelf
    if version is None:
        version = await data.tiles_kept.version(state.pool, viewer, ask)
    key = (ask, version, data.tiles_kept.sight(viewer, ask.layers))
    is_held = "cases" in ask.layers and viewer.may(Right.CASES)
    making = partial(shelf.make, state.pool, viewer, ask)
    about = (_TYPE, kept.FORGET if is_held else kept.REVALIDATE)
    return await kept.answered(shelf, key, making, headers, about)


@lru_cache(maxsize=16_384)
def _plain(path: str, query: bytes) -> Ask | None:
    """The tile of an address; None for one that the application refuses in words."""
    found = _PATH.fullmatch(path)
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True)
        return read(found[1], (found[2], found[3], found[4]), pairs) if found else None
    except (WanggeError, ValueError):
        return None


@lru_cache(maxsize=256)
def host_of(host: bytes) -> str:
    """The name in a Host header, without the port."""
    text = host.decode("latin-1").lower()
    return text.partition("]")[0] + "]" if text.startswith("[") else text.partition(":")[0]


def _token(headers: Mapping[bytes, bytes]) -> str:
    """The token of a sign-in, as the guard reads it."""
    kind, _, told = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if kind.lower() == "bearer":
        return told.strip() or "none"
    if b"cookie" not in headers:
        return ""
    return cookie_parser(headers[b"cookie"].decode("latin-1")).get(COOKIE, "")
