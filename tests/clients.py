"""Programs of others beside a served town: how they are started, and what they asked it for."""

import logging
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import parse_qsl, urlsplit

PATIENCE_S = 240  # a slow machine is no fault
_OURS = ("OGR_SKIP", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
"""What this process set for itself: an open town shall not depend on it."""


def run(*command: str, into: str = "", **more: str) -> str:
    """What a program says, told `into` and the environment besides; it has to end well."""
    around = {name: value for name, value in os.environ.items() if name not in _OURS}
    done = subprocess.run(
        command, input=into, env=around | more, capture_output=True, text=True,
        timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{command[0]} ended with {done.returncode}: {done.stderr[-2000:]}"
    return done.stdout


class Asked(list[str]):
    """Paths with their queries, in the order in which the server was asked for them."""

    def of(self, end: str) -> list[Mapping[str, str]]:
        """The queries of those whose path ends so."""
        split = map(urlsplit, self)
        return [dict(parse_qsl(one.query)) for one in split if one.path.endswith(end)]


class _Ear(logging.Handler):
    def __init__(self, asked: Asked) -> None:
        super().__init__()
        self.asked = asked

    def emit(self, record: logging.LogRecord) -> None:
        self.asked.append(record.args[2])


@contextmanager
def overheard() -> Iterator[Asked]:
    """What the servers of this process are asked for meanwhile, by their log of accesses."""
    log, asked = logging.getLogger("uvicorn.access"), Asked()
    ear, level, others = _Ear(asked), log.level, log.handlers[:]
    log.handlers = [ear]
    log.setLevel(logging.INFO)
    try:
        yield asked
    finally:
        log.handlers = others
        log.setLevel(level)
