"""实时: what moves in the store, heard at once from the database itself (LISTEN/NOTIFY)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import orjson
import psycopg
from psycopg_pool import AsyncConnectionPool

import data.db

CHANNEL = "wangge_cases"
ALL = {"many": True}
"""Told where it is not known what moved: whoever shows cases asks for them anew."""

AGAIN_S, LOOK_S = 2.0, 2.0


async def heard(url: str) -> AsyncIterator[dict[str, Any]]:
    """Tell what moves, for ever: one dict per move as the database says it, or `ALL`.

    A connection of its own, since one behind a pooler hears nothing. When it breaks it is made
    again, and `ALL` tells that something may have been missed.
    """
    while True:
        try:
            connection = await psycopg.AsyncConnection.connect(
                url, autocommit=True, connect_timeout=data.db.CONNECT_TIMEOUT_S
            )
            async with connection, aclosing(connection.notifies()) as notices:
                await connection.execute(f"LISTEN {CHANNEL}")
                yield ALL
                async for notice in notices:
                    yield orjson.loads(notice.payload)
        except (psycopg.OperationalError, OSError):
            await asyncio.sleep(AGAIN_S)


async def looked(pool: AsyncConnectionPool) -> AsyncIterator[dict[str, Any]]:
    """The same behind a pooler, by looking every other second whether cases changed: `ALL` only."""
    seen: Any = None
    while True:
        try:
            async with pool.connection() as connection:
                cursor = await connection.execute(
                    "SELECT version FROM data_version WHERE layer = 'cases'"
                )
                row = await cursor.fetchone()
            if row != seen:
                seen = row
                yield ALL
        except (psycopg.OperationalError, OSError):
            pass
        await asyncio.sleep(LOOK_S)
