"""Hostile files: refused in words, cheaply, by the real command line, before any store is started.

The processor time and the memory of every refusal are measured. A slow or busy machine inflates
processor time; so a run over the limit is repeated.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import keyboard

CPU_S = 1.5
MEMORY_MB = 512
RUNS = 3
SECRET = "the-secret-that-must-not-leave"
Maker = Callable[[Path], Path]
"""Writes into a folder and answers the path to import."""


class Files(dict[str, tuple[Maker, str]]):
    """Hostile files by name: what makes one, and what is said of it."""

    def hostile(self, words: str) -> Callable[[Maker], Maker]:
        def note(make: Maker) -> Maker:
            self[make.__name__] = (make, words)
            return make

        return note


def wangge(home: Path, *words: object) -> keyboard.Done:
    """Run the command line; a command that eats processor time without end is killed."""
    return keyboard.wangge(
        *words, folder=home.parent, cpu_most_s=30, WANGGE_HOME=str(home), COLUMNS="200"
    )


def is_refused(make: Maker, words: str, folder: Path) -> None:
    """Hold an import of the file to: refused in these words, cheaply, before a store is started."""
    path, home = make(folder), folder / "home"
    for _ in range(RUNS):
        run = wangge(home, "import", "cells", path, "--datum", "wgs84")
        if run.cpu_s <= CPU_S:
            break
    said = run.stdout + run.stderr
    print(f"{path.name}: {run.cpu_s:.2f} s, {run.memory_mb:.0f} MB")
    assert run.returncode == 2, said
    assert re.search(words, said), said
    assert "Traceback" not in said
    assert SECRET not in said
    assert len(said) < 4_000
    assert run.cpu_s <= CPU_S
    assert run.memory_mb <= MEMORY_MB
    assert not home.exists()


def feature(geometry: object, **properties: object) -> dict[str, object]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def collection(*features: object) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


SQUARE = {"type": "Polygon", "coordinates": [[[114, 30], [114.1, 30], [114.1, 30.1], [114, 30]]]}


def saved(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path
