"""What is so in the store at this moment: how often what was edited, and who is signed in.

Whoever asks is told by a question that began after he asked, so an edit that was kept before is in
the answer, always: nothing is remembered from one question to the next. All who ask while a
question is under way share the next one, so a crowd costs hardly more than one.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg_pool import AsyncConnectionPool

import data.layers
import data.sign_in
from data.layers import Versions
from data.quick import Question, Row

PATIENCE_S = 10.0
_NOW = Question("wangge_now", data.layers.VERSIONS_NOW)


@dataclass(frozen=True)
class Seen:
    """The versions of now, and the rows of `data.sign_in.WHO` of the tokens asked about."""

    versions: Versions
    rows: Mapping[bytes, tuple[Any, ...]]


class Moment:
    """The one who asks, on a connection of his own, from a `pool` of one."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool
        self._waiting: list[tuple[bytes | None, asyncio.Future[Seen]]] = []
        self._asking: asyncio.Task[None] | None = None
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._last: tuple[Row, Versions] | None = None

    async def begin(self) -> None:
        """Open the pool."""
        await self._pool.open()

    async def end(self) -> None:
        """Close it, with the connection."""
        if self._connection is not None:
            await self._pool.putconn(self._connection)
        await self._pool.close()

    async def look(self, token: bytes | None = None) -> Seen:
        """What is so now; `token` is the digest of one whose owner is wanted too.

        Raises:
            psycopg.OperationalError, psycopg_pool.PoolTimeout: the store does not answer.
        """
        told: asyncio.Future[Seen] = asyncio.get_running_loop().create_future()
        self._waiting.append((token, told))
        if self._asking is None:
            self._asking = asyncio.create_task(self._answer())
        return await told

    async def _answer(self) -> None:
        """Ask for all who wait, until nobody does."""
        try:
            while self._waiting:
                asked, self._waiting = self._waiting, []
                tokens = {token for token, _ in asked if token is not None}
                try:
                    seen = await self._seen(tokens)
                except Exception as error:  # theirs who asked, whatever it is
                    for _, told in asked:
                        if not told.done():
                            told.set_exception(error)
                else:
                    for _, told in asked:
                        if not told.done():
                            told.set_result(seen)
        finally:
            self._asking = None

    async def _seen(self, tokens: set[bytes]) -> Seen:
        try:
            return await self._ask(tokens)
        except psycopg.OperationalError:  # the connection was cut while nobody asked
            return await self._ask(tokens)

    async def _ask(self, tokens: set[bytes]) -> Seen:
        """Ask on the connection that is kept; one that failed is not kept."""
        async with asyncio.timeout(PATIENCE_S):
            kept, self._connection = self._connection, None
            connection = kept or await self._pool.getconn()
            try:
                if kept is None:
                    await _NOW.prepare(connection)
                seen = await self._asked(connection, tokens)
            except BaseException:
                await connection.close()
                await self._pool.putconn(connection)
                raise
            self._connection = connection
            return seen

    async def _asked(self, connection: psycopg.AsyncConnection[Any], tokens: set[bytes]) -> Seen:
        rows = {}
        if tokens:
            hashes = {"hashes": list(tokens)}
            async with connection.pipeline(), connection.transaction():
                await connection.execute(data.sign_in.OPEN, prepare=True)
                who = await connection.execute(data.sign_in.WHO, hashes, prepare=True)
            rows = {bytes(row[0]): row for row in await who.fetchall()}
        return Seen(self._versions(await _NOW.row(connection)), rows)

    def _versions(self, row: Row) -> Versions:
        """The same object as long as nothing was edited."""
        if self._last is None or self._last[0] != row:
            plan, day, edits, layers = ((part or b"").decode() for part in row)
            told = (int(plan or 0), day, int(edits or 0), json.loads(layers or "{}"))
            self._last = (row, data.layers.versions_of(told))
        return self._last[1]
