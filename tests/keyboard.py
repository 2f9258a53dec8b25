"""The command line as somebody at a keyboard uses it.

Each command runs in a process of its own, in a folder and with settings of its own, to its exit
code. Those processes are forked from one that has loaded the libraries already: loading them anew
takes a second or two of processor time for every command.
"""

from __future__ import annotations

import json
import math
import multiprocessing
import os
import resource
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import api.cli

LOADED = [
    "data.files.gdal",  # first: it tells GDAL what never to open, which must come before GDAL
    "data.files.read",
    "api.cli",
    "api.running",
    "api.actions.exports",
    "api.actions.imports",
    "openpyxl",
    "rich.progress",
    "rich.table",
]
PATIENCE_S = 120
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(LOADED)


@dataclass
class Done:
    """What a command said, how it ended, and the processor time and the memory it took."""

    returncode: int
    stdout: str
    stderr: str
    cpu_s: float
    memory_mb: float


def wangge(*words: object, folder: Path, cpu_most_s: int | None = None, **settings: str) -> Done:
    """Type `wangge` and these words in a folder, with these settings of the environment."""
    with tempfile.TemporaryDirectory(prefix="wangge-typed-") as told:
        typed = [str(word) for word in words]
        process = _FORKS.Process(
            target=_be_the_command, args=(typed, folder, settings, cpu_most_s, Path(told))
        )
        process.start()
        process.join(PATIENCE_S)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise TimeoutError(f"wangge {' '.join(typed)} has not ended after {PATIENCE_S} s")
        out, err = (Path(told, name).read_text("utf-8", "replace") for name in ("out", "err"))
        took = Path(told, "took")  # not there when the command was killed
        cpu_s, memory_mb = json.loads(took.read_text()) if took.exists() else (math.inf, math.inf)
        return Done(process.exitcode, out, err, cpu_s, memory_mb)


def _be_the_command(
    words: list[str], folder: Path, settings: dict[str, str], cpu_most_s: int | None, told: Path
) -> None:
    """Be that process, from its first to its last moment."""
    for name in ("WANGGE_DATABASE_URL", "WANGGE_DEBUG"):  # the developer's own
        os.environ.pop(name, None)
    os.environ.update({"COLUMNS": "120", **settings})
    os.chdir(folder)
    for stream, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(told / name, os.O_WRONLY | os.O_CREAT), stream)
    if cpu_most_s is not None:
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_most_s, cpu_most_s))
        resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
    sys.argv = ["wangge", *words]
    try:
        api.cli.main()
    finally:
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        cpu_s = sum(one.ru_utime + one.ru_stime for one in used)
        (told / "took").write_text(json.dumps([cpu_s, max(one.ru_maxrss for one in used) / 1024]))
