"""What every benchmark shares: a cluster of its own, a clock, a table and a line of JSON."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import sqlalchemy as sa

import data.db
import data.embedded


@contextmanager
def cluster() -> Iterator[tuple[data.embedded.Cluster, Path]]:
    """A private PostGIS of the benchmark's own and a folder for its files, both deleted after."""
    folder = Path(tempfile.mkdtemp(prefix="wangge-bench-"))
    folder.chmod(0o755)
    try:
        with data.embedded.running(folder / "home") as running:
            yield running, folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def database(running: data.embedded.Cluster, name: str) -> tuple[sa.Engine, str]:
    """A fresh database with the schema, and its address."""
    with psycopg.connect(running.url("postgres"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    url = running.url(name)
    store = data.db.engine(url)
    data.db.migrate(store)
    return store, url


def timed(work: Callable[[], object]) -> float:
    """Seconds that `work` took."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def table(rows: list[tuple[str, ...]]) -> None:
    """Print rows under each other, the first being the heading."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        print("  ".join(cells), flush=True)


def last_line(figures: dict[str, float], *, wanted: bool) -> None:
    """Print the figures as one line of JSON, true being 1."""
    if wanted:
        print(json.dumps({name: round(float(value), 3) for name, value in figures.items()}))
