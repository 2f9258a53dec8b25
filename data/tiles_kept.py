"""Tiles that were made lately: kept under what they were made of, made once, packed once. Pages of
features (`data.layers_kept`) stand on the same shelf.

A tile is kept under the layers, the place, the version of what it shows and the eyes it was made
for (`Sight`): whoever sees something else has another key, and an edit makes all keys new.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field

from psycopg_pool import AsyncConnectionPool

import data.layers
import data.packing
import data.scope
import data.tiles
from data.layers import Versions
from data.packing import Coding
from data.tiles import Ask
from gis.access import Role, Scope, Viewer

Sight = tuple[Role | None, Scope, int, int]
Key = tuple[Hashable, str, Sight]


def sight(viewer: Viewer, layers: Sequence[str]) -> Sight:
    """All of a viewer that decides what he sees of some layers.

    Cases are also seen by the worker and the unit that they lie with, wherever they are.
    """
    guest = (viewer.worker, viewer.unit) if "cases" in layers else (0, 0)
    return (viewer.role, viewer.scope, *guest)


@dataclass
class Tile:
    """A tile as it was made, its ETag without quotes, and packed as somebody wanted it."""

    key: Key
    tag: str
    plain: bytes
    packed: dict[Coding, asyncio.Future[bytes]] = field(default_factory=dict)


def tag(key: Key) -> str:
    """The ETag of a tile: another for every key."""
    return hashlib.blake2b(repr(key).encode(), digest_size=12).hexdigest()


async def version(pool: AsyncConnectionPool, viewer: Viewer, ask: Ask) -> str:
    """The version of a tile, of whichever plan or day.

    Raises:
        NotFound: no such plan, or none on that day.
    """
    async with data.scope.looking(pool, viewer) as connection:
        return await data.layers.version(connection, ask.layers, ask.plan, ask.as_of)


class Shelf:
    """The tiles, within a bound of bytes; the longest unused go first. One is kept only where as
    many as `fewest` of its size find place."""

    def __init__(self, most_bytes: int = 128_000_000, *, fewest: int = 16) -> None:
        self._most, self._fewest = most_bytes, fewest
        self._held = 0
        self._tiles: OrderedDict[Key, tuple[Tile, int]] = OrderedDict()
        self._making: dict[Hashable, asyncio.Task[Tile]] = {}
        self._counted = True

    def find(self, key: Key) -> Tile | None:
        """Return the tile kept under `key`."""
        found = self._tiles.get(key)
        if found is None:
            return None
        self._tiles.move_to_end(key)
        return found[0]

    async def made(self, key: Key, making: Callable[[], Awaitable[Tile]]) -> Tile:
        """Make the tile of `key`, which is missing; whoever wants it meanwhile waits for it."""
        task = self._making.get(key)
        if task is None:
            task = asyncio.create_task(self._make(key, making))
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._making[key] = task
        return await asyncio.shield(task)  # who goes away takes it from nobody else

    async def _make(self, key: Key, making: Callable[[], Awaitable[Tile]]) -> Tile:
        try:
            tile = await making()
            self.keep(tile)
            return tile
        finally:
            del self._making[key]

    async def make(self, pool: AsyncConnectionPool, viewer: Viewer, ask: Ask) -> Tile:
        """Make a tile for a viewer; its version is that of the very state of the store it shows.

        What most tiles are made of is taken for granted and asked with them, so that all goes to
        the store and back once; where it was not so, once more.

        Raises:
            NotFound: no such plan, or none on that day.
        """
        if ask.is_now and self._counted:
            versions, made, self._counted = await _made_at_once(pool, viewer, ask)
            if self._counted or "cells" not in ask.layers:
                return _tile(ask, viewer, versions, made)
        async with data.scope.looking(pool, viewer, still=True) as connection:
            versions, counted = await data.layers.versions(connection, ask.plan, ask.as_of)
            self._counted = self._counted or (counted and ask.is_now)
            made = await data.tiles.tile(connection, ask, counted=counted)
        return _tile(ask, viewer, versions, made)

    def keep(self, tile: Tile, more: int = 0) -> None:
        """Keep a tile, with as many bytes `more` as it has got."""
        if len(tile.plain) * self._fewest > self._most:
            return
        _, before = self._tiles.pop(tile.key, (None, 0))
        size = max(before, len(tile.plain)) + more
        self._held += size - before
        self._tiles[tile.key] = (tile, size)
        while self._held > self._most:
            self._held -= self._tiles.popitem(last=False)[1][1]

    async def packed(self, tile: Tile, coding: Coding) -> bytes:
        """The tile packed in one way, once, while others are served."""
        packing = tile.packed.get(coding)
        if packing is None:
            loop = asyncio.get_running_loop()
            packing = loop.run_in_executor(None, data.packing.packed, tile.plain, coding)
            tile.packed[coding] = packing
            content = await asyncio.shield(packing)
            if tile.key in self._tiles:
                self.keep(tile, len(content))
        return await asyncio.shield(packing)


async def _made_at_once(
    pool: AsyncConnectionPool, viewer: Viewer, ask: Ask
) -> tuple[Versions, bytes, bool]:
    """The versions, the tile that counts on workers having been counted, and whether they were."""
    async with pool.connection() as connection:
        async with connection.pipeline(), connection.transaction():
            await data.scope.begin_hot(connection, viewer, still=True)
            told = await data.layers.ask_versions(connection)
            asked = await data.tiles.begin(connection, ask, counted=True)
        versions, counted = data.layers.told_versions(await told.fetchone())
        return versions, await data.tiles.finished(asked), counted


def _tile(ask: Ask, viewer: Viewer, versions: Versions, made: bytes) -> Tile:
    key = (ask, versions.of(ask.layers), sight(viewer, ask.layers))
    return Tile(key, tag(key), made)
