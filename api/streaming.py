"""Answers that are written while they are read from the store: few at a time, none for ever.

A stream holds a connection and a transaction until its client has taken the last byte. So there are
only so many at once, a client that takes nothing for a while is left, and whatever happens, the
source is closed and its place given back.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from gis.errors import Unavailable

MOST_STREAMS = 4
STALLED_S = 30


class Gate:
    """Lets `most` streams through at once; `busy` says why another one has to wait."""

    def __init__(
        self, most: int = MOST_STREAMS, busy: str = "many downloads are under way just now"
    ) -> None:
        self._free, self._busy, self._lock = most, busy, threading.Lock()

    def enter(self) -> None:
        """Take a place.

        Raises:
            Unavailable: all are taken.
        """
        with self._lock:
            if self._free == 0:
                raise Unavailable(f"{self._busy}; try again in a moment")
            self._free -= 1

    @contextmanager
    def entering(self) -> Iterator[None]:
        """Take a place, and keep it unless the stream cannot even begin."""
        self.enter()
        try:
            yield
        except BaseException:
            self.leave()
            raise

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Take a place until the `with` ends.

        Raises:
            Unavailable: all are taken.
        """
        self.enter()
        try:
            yield
        finally:
            self.leave()

    def leave(self) -> None:
        """Give the place back."""
        with self._lock:
            self._free += 1


class Streamed(StreamingResponse):
    """A stream that has entered `gate`, and leaves it when it ends, in whichever way."""

    def __init__(
        self, source: AsyncIterator[bytes] | Iterator[bytes], gate: Gate, **about: Any
    ) -> None:
        super().__init__(source, **about)
        self._source, self._gate = source, gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(STALLED_S):
                await send(message)

        try:
            await super().__call__(scope, receive, send_in_time)
        finally:
            await asyncio.shield(self._close())

    async def _close(self) -> None:
        try:
            if isinstance(self._source, AsyncIterator):
                await self._source.aclose()  # type: ignore[attr-defined]  # a generator of ours
            else:
                await run_in_threadpool(self._source.close)  # type: ignore[attr-defined]
        finally:
            self._gate.leave()
