"""The program itself over a demo town, and its commands beside it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

WANGGE = [sys.executable, "-c", "from api.cli import main; main()"]


@contextmanager
def served(
    home: Path, *, size: str, port: int, yields: int = 0, program: Sequence[str] = WANGGE
) -> Iterator[str]:
    """The demo town, by the program itself, which `yields` (nice) to what else is running."""
    running = subprocess.Popen(
        ["nice", "-n", str(yields), *program, "demo", "--size", size, "--port", str(port)],
        env=_environment(home), stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert running.stdout
        for line in running.stdout:
            if line.startswith("ready "):
                yield line.split()[1]
                return
        raise SystemExit("the demo town did not become ready")
    finally:
        running.terminate()
        running.wait(timeout=60)


def commanded(home: Path, *words: str) -> str:
    """What a command of the program prints."""
    done = subprocess.run(
        [*WANGGE, *words], env=_environment(home), stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout


def _environment(home: Path) -> dict[str, str]:
    return {**os.environ, "WANGGE_HOME": str(home)}
