"""The process beside `wangge serve` in which time does its work, and who watches over it.

It hears the address of the store through a pipe. When that pipe ends, however the other side ended,
it ends too: what it was doing is kept whole or not at all.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlalchemy as sa

LOOK_EVERY_S = 0.5
AGAIN_S = 2.0
LONGEST_SLEEP_S = 3.0
"""Somebody waits for a plan that he publishes today."""
SHOW_EVERY_S = 15.0


# Watching over it


@contextmanager
def beside(url: str, *, pooler: bool) -> Iterator[Callable[[], None]]:
    """Give what starts the process; from then on it runs until the `with` ends."""
    begun, leaving = threading.Event(), threading.Event()
    told = json.dumps({"url": url, "pooler": pooler}).encode() + b"\n"
    watch = threading.Thread(target=_watch, args=(told, begun, leaving), name="deadlines")
    watch.start()
    try:
        yield begun.set
    finally:
        leaving.set()
        begun.set()
        watch.join()


def _watch(told: bytes, begun: threading.Event, leaving: threading.Event) -> None:
    """Start it, and again whenever it ends before its time or cannot begin just now."""
    begun.wait()
    while not leaving.is_set():
        with suppress(OSError):
            _run(told, leaving)
        leaving.wait(AGAIN_S)


def _run(told: bytes, leaving: threading.Event) -> None:
    """Let it run until it ends or is to end; leaving the `with` ends its pipe and awaits it."""
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "api.climbing"],  # -P: not one of the folder we are in
        stdin=subprocess.PIPE,
        bufsize=0,
        start_new_session=True,  # Ctrl-C is not for it
    ) as child:
        assert child.stdin is not None
        child.stdin.write(told)
        while child.poll() is None and not leaving.wait(LOOK_EVERY_S):
            pass


# What it does


def main() -> None:
    """Be that process."""
    line = sys.stdin.buffer.readline()
    if not line:
        return  # who started it is gone already
    told = json.loads(line)
    threading.Thread(target=_end_with_the_pipe, daemon=True).start()
    threading.Thread(target=_tell_subscribers, args=(told,), daemon=True).start()
    work(told["url"], pooler=told["pooler"])


def _end_with_the_pipe() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def _tell_subscribers(told: dict[str, Any]) -> None:
    """Webhooks are sent beside: who is slow to answer holds up no deadline."""
    import api.webhooks

    try:
        api.webhooks.work(told["url"], pooler=told["pooler"])
    finally:
        os._exit(1)  # whoever watches starts all of it again


def work(url: str, *, pooler: bool) -> None:
    """Do what time does as soon as it is due, for ever; a store that is down is waited for."""
    import data.db
    import data.deadlines
    from gis.errors import Unavailable

    store = data.db.engine(url, pooler=pooler)
    while True:
        try:
            with data.deadlines.woken(None if pooler else url) as wait:
                _work_while_it_answers(store, wait)
        except Unavailable:
            time.sleep(AGAIN_S)


def _work_while_it_answers(store: sa.Engine, wait: Callable[[float], None]) -> None:
    import api.actions.collections_over
    import api.actions.community_over
    import api.actions.deadlines as acts
    import api.actions.outlines
    import api.actions.plans_due

    shown_at, drawing = -SHOW_EVERY_S, True
    while True:
        acts.catch_up(store, now=datetime.now(UTC))
        api.actions.plans_due.publish_due(store)
        if time.monotonic() - shown_at >= SHOW_EVERY_S:
            api.actions.collections_over.end_due(store, now=datetime.now(UTC))
            api.actions.community_over.end_contacts(store, now=datetime.now(UTC))
            acts.show_counts(store)
            shown_at, drawing = time.monotonic(), True
        if drawing and (drawing := api.actions.outlines.step(store)):
            continue  # a step takes a few seconds at most: what is due comes in between
        due = acts.next_at(store)
        left = (due - datetime.now(UTC)).total_seconds() if due else LONGEST_SLEEP_S
        wait(min(max(left, 0.0), LONGEST_SLEEP_S))


if __name__ == "__main__":
    main()
