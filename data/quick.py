"""One small question on an open connection, asked by libpq itself.

It takes a tenth of the processor that a psycopg cursor takes, which would be the dearest part of an
answer from memory.
"""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

Row = tuple[bytes | None, ...]


class Question:
    """A statement without parameters; prepared, where the connection goes to one server."""

    def __init__(self, name: str, statement: str) -> None:
        self._name, self._statement = name, statement

    async def prepare(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """Once for a connection, unless a pooler is between."""
        if _is_direct(connection):
            await connection.execute(f"PREPARE {self._name} AS {self._statement}".encode())

    async def row(self, connection: psycopg.AsyncConnection[Any]) -> Row:
        """The one row of the answer, as text, while nobody else uses the connection.

        Raises:
            psycopg.Error: the store refuses, or the connection is cut.
        """
        line = connection.pgconn
        if _is_direct(connection):
            line.send_query_prepared(self._name.encode(), None)
        else:
            line.send_query(self._statement.encode())
        while line.flush():  # it is shorter than any buffer
            await asyncio.sleep(0)
        (result,) = await _results(connection)
        if result.status != ExecStatus.TUPLES_OK:
            raise psycopg.errors.error_from_result(result, encoding="utf-8")
        return tuple(result.get_value(0, at) for at in range(result.nfields))


def _is_direct(connection: psycopg.AsyncConnection[Any]) -> bool:
    return connection.prepare_threshold is not None


async def _results(connection: psycopg.AsyncConnection[Any]) -> list[PGresult]:
    """What the server answers, until it is ready for the next question."""
    line, loop = connection.pgconn, asyncio.get_running_loop()
    file, results = line.socket, list[PGresult]()
    told: asyncio.Future[None] = loop.create_future()

    def take() -> None:
        try:
            line.consume_input()
            while not line.is_busy():
                result = line.get_result()
                if result is None:
                    told.set_result(None)
                    break
                results.append(result)
        except psycopg.Error as error:
            told.set_exception(error)
        if told.done():
            loop.remove_reader(file)

    loop.add_reader(file, take)
    try:
        await told
    finally:
        loop.remove_reader(file)
    return results
