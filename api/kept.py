"""Answers from the shelf: by 304, as they were made before, or made and put there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.responses import Response

import data.packing
import data.tiles_kept
from api import coding
from data.packing import Coding
from data.tiles_kept import Key, Shelf, Tile

Header = tuple[bytes, bytes]
FORGET, REVALIDATE = (
    (b"cache-control", one) for one in (b"private, no-store", b"private, no-cache")
)


@dataclass(frozen=True)
class Answer:
    """What goes out."""

    status: int
    headers: list[Header]
    body: bytes

    def response(self) -> Response:
        """The same, for a route."""
        response = Response(self.body, self.status)
        response.raw_headers = self.headers
        return response


async def answered(
    shelf: Shelf,
    key: Key,
    making: Callable[[], Awaitable[Tile]],
    asked: Mapping[bytes, bytes],
    about: tuple[Header, Header],
) -> Answer:
    """Answer who asked with such headers; `about` it: its media type, and who may keep it."""
    tile, packing = shelf.find(key), coding.accepted(asked)
    if held := asked.get(b"if-none-match"):
        tag = tile.tag if tile else data.tiles_kept.tag(key)
        if found := coding.still_true(held, tag, packing):
            return Answer(304, [coding.etag(found), about[1], coding.VARY], b"")
    if tile is None:
        tile = await shelf.made(key, making)
    body, told = await _sent(shelf, tile, packing)
    return Answer(200, [*about, *told, coding.VARY], body)


async def _sent(shelf: Shelf, tile: Tile, packing: Coding | None) -> tuple[bytes, list[Header]]:
    """What a reader is sent of what is kept, and the headers that say how."""
    if packing is None or len(tile.plain) < data.packing.LEAST:
        return tile.plain, [coding.etag(tile.tag), _length(tile.plain)]
    body = await shelf.packed(tile, packing)
    told = (b"content-encoding", packing.encode())
    return body, [coding.etag(coding.tagged(tile.tag, packing)), told, _length(body)]


def _length(body: bytes) -> Header:
    return b"content-length", str(len(body)).encode()
