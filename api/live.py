"""实时: one listener per server, and a line to every open page that may know of it.

What goes out is that a case moved, never what was said: the page then asks, as itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from typing import Any

import orjson

from data.live import ALL
from gis.access import Right, Viewer
from gis.errors import Unavailable

MOST_PAGES, MOST_OF_ONE = 500, 20
WAITING = 200
BEAT_S = 15.0
LASTS_S = 300.0
"""After so long a page asks again by itself: who signed out meanwhile is turned away then."""


class _Line:
    """What waits for one page; a page that does not keep up is told to ask for all anew."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self.waiting: asyncio.Queue[dict[str, Any]] = asyncio.Queue(WAITING)

    def tell(self, moved: dict[str, Any]) -> None:
        if moved != ALL and not _concerns(self.viewer, moved):
            return
        if self.waiting.full():
            while not self.waiting.empty():
                self.waiting.get_nowait()
            moved = ALL
        self.waiting.put_nowait(moved)


def _concerns(viewer: Viewer, moved: dict[str, Any]) -> bool:
    """Whether a viewer may know that this case moved: it is in his area, or lies with him."""
    lies_with_him = (viewer.unit and viewer.unit in moved.get("units", [])) or (
        viewer.worker and viewer.worker in moved.get("workers", [])
    )
    return viewer.may(Right.CASES) and bool(
        "many" in moved or lies_with_him or viewer.scope.holds(moved["area"])
    )


class Live:
    """The pages that listen."""

    def __init__(self) -> None:
        self._lines: set[_Line] = set()
        self._work: asyncio.Task[None] | None = None

    def begin(self, source: AsyncIterator[dict[str, Any]]) -> None:
        """Pass on what `source` tells, until `end`."""
        self._work = asyncio.create_task(self._pass_on(source))

    async def end(self) -> None:
        """Stop listening."""
        if self._work:
            self._work.cancel()
            with suppress(asyncio.CancelledError):
                await self._work

    async def _pass_on(self, source: AsyncIterator[dict[str, Any]]) -> None:
        async with aclosing(source) as moves:  # type: ignore[type-var]  # a generator of ours
            async for moved in moves:
                for line in self._lines:
                    line.tell(moved)

    def line(self, viewer: Viewer, *, lasts_s: float = LASTS_S) -> AsyncIterator[bytes]:
        """Server-sent events for one page: `moved` with what moved, a comment as heartbeat.

        Raises:
            Unavailable: too many pages listen, or too many of this account.
        """
        own = sum(line.viewer.account == viewer.account for line in self._lines)
        if len(self._lines) >= MOST_PAGES or own >= MOST_OF_ONE:
            raise Unavailable("too many pages listen just now; this one is still good, it only "
                              "does not renew itself")  # fmt: skip
        return self._told(_Line(viewer), lasts_s)

    async def _told(self, line: _Line, lasts_s: float) -> AsyncIterator[bytes]:
        ends = asyncio.get_running_loop().time() + lasts_s
        self._lines.add(line)
        try:
            yield b"retry: 3000\nevent: ready\ndata: {}\n\n"
            while (left := ends - asyncio.get_running_loop().time()) > 0:
                try:
                    async with asyncio.timeout(min(BEAT_S, left)):
                        moved = await line.waiting.get()
                except TimeoutError:
                    yield b": still here\n\n"
                else:
                    yield b"event: moved\ndata: " + orjson.dumps(_shown(moved)) + b"\n\n"
        finally:
            self._lines.discard(line)


def _shown(moved: dict[str, Any]) -> dict[str, Any]:
    return {
        name: moved[name] for name in ("many", "code", "move", "state", "cell") if name in moved
    }
