"""A plan published while the town is being read: how long that takes, and how long readers wait.

The program serves a demo town. A draft of everything is begun, in which pairs of cells all over the
town are merged; then it is published, while a reader asks without a pause in which cell a place is
(`/locate`). Every answer must be whole: a place is in the cell that was or in the one that is, and
after the first of the new there is none of the old.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import sqlalchemy as sa

import data.db
import data.embedded
from bench._served import commanded, served
from bench._side_by_side import last_line, table, timed

ASKED_MOST_MS = 200
DRAFT = "bench publish"
QUIET_S = 20
_PAIRS = """
    SELECT DISTINCT ON (a.division_code) a.code, b.code,
           ST_X(ST_PointOnSurface(b.geom)), ST_Y(ST_PointOnSurface(b.geom))
    FROM grid_cell a
    JOIN grid_cell b ON b.division_code = a.division_code AND b.code > a.code
                    AND ST_Length(ST_Intersection(a.geom, b.geom)::geography) > 50
    WHERE a.kind = 'basic' AND b.kind = 'basic' AND a.plan_id = :plan AND b.plan_id = :plan
      AND a.division_code = ANY (ARRAY(
          SELECT division_code FROM grid_cell WHERE plan_id = :plan
          GROUP BY 1 ORDER BY hashtext(division_code) LIMIT :pairs))
    ORDER BY a.division_code, a.code
"""
_FORCE = "SELECT id, name FROM grid_plan WHERE state = 'published'"
_SIZES = "SELECT (SELECT count(*) FROM grid_cell), (SELECT count(*) FROM resident)"


@dataclass
class Reader:
    """Somebody who asks again and again; what each answer took, in ms, and what was wrong."""

    base: str
    places: list[tuple[str, str, float, float]]
    took: list[tuple[float, float]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def read(self) -> None:
        """Ask, until told to stop."""
        switched = False
        with httpx.Client(base_url=self.base, timeout=60) as client:
            turn = 0
            while not self.stop.is_set():
                kept, given, lon, lat = self.places[turn % len(self.places)]
                turn += 1
                start = time.perf_counter()
                answer = client.get("/locate", params={"lon": lon, "lat": lat})
                self.took.append((start, 1000 * (time.perf_counter() - start)))
                cell = (answer.json().get("cell") or {}).get("code")
                if cell not in {kept, given} or (switched and cell == given):
                    self.wrong.append(f"{answer.status_code} {cell}")
                switched |= cell == kept

    def worst(self, since: float, until: float) -> tuple[float, float]:
        """The worst and the median answer between two moments, ms."""
        some = [ms for at, ms in self.took if since <= at < until]
        return max(some), statistics.median(some)


def main() -> None:
    """Publish, read, and print."""
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    words.add_argument("--size", default="district", help="small, district or city")
    words.add_argument("--home", type=Path, help="a store made before, kept; else one is made")
    words.add_argument("--port", type=int, default=8766)
    words.add_argument("--pairs", type=int, default=50, help="of cells to merge (default 50)")
    words.add_argument("--json", action="store_true", help="end with one line of JSON")
    asked = words.parse_args()
    home = asked.home or Path(tempfile.mkdtemp(prefix="wangge-bench-"))
    home.mkdir(mode=0o755, parents=True, exist_ok=True)
    home.chmod(0o755)
    try:
        with served(home, size=asked.size, port=asked.port) as base:
            figures = _measured(home, base, asked.pairs)
    finally:
        if asked.home is None:
            shutil.rmtree(home, ignore_errors=True)
    last_line(figures, wanted=asked.json)


def _measured(home: Path, base: str, wanted: int) -> dict[str, float]:
    with data.embedded.running(home) as cluster:
        store = data.db.engine(cluster.url("wangge"))
        with store.connect() as connection:
            plan, force = connection.execute(sa.text(_FORCE)).one()
            pairs = connection.execute(sa.text(_PAIRS), {"plan": plan, "pairs": wanted}).all()
            cells, people = connection.execute(sa.text(_SIZES)).one()
        store.dispose()
        name = f"{DRAFT} {time.time():.0f}"
        begin_s = timed(lambda: commanded(home, "plan", "new", name))
        edits = [
            timed(
                lambda one=one: commanded(home, "plan", "merge", name, *one[:2], "--into", one[0])
            )
            for one in pairs
        ]
        reader = Reader(base, [tuple(one) for one in pairs])
        thread = threading.Thread(target=reader.read)
        thread.start()
        try:
            time.sleep(QUIET_S)
            begun = time.perf_counter()
            publish_s = timed(lambda: commanded(home, "plan", "publish", name, "--yes"))
            ended = time.perf_counter()
            time.sleep(QUIET_S / 4)
        finally:
            reader.stop.set()
            thread.join()
    print(f"{cells:,} cells, {people:,} residents; {force!r} retired, {len(pairs)} pairs merged")
    before, during = reader.worst(0, begun), reader.worst(begun, ended)
    table([
        ("readers", "worst ms", "median ms"),
        ("before", f"{before[0]:.0f}", f"{before[1]:.1f}"),
        ("while it is published", f"{during[0]:.0f}", f"{during[1]:.1f}"),
    ])  # fmt: skip
    print(f"published in {publish_s:.1f} s, begun in {begin_s:.1f} s, "
          f"an edit {statistics.median(edits):.1f} s with the start of the command")  # fmt: skip
    print(f"{len(reader.took):,} answers, {len(reader.wrong)} wrong {reader.wrong[:3]}; "
          f"asked: readers wait at most {ASKED_MOST_MS} ms")  # fmt: skip
    return {
        "publish_s": publish_s,
        "reader_worst_ms": during[0],
        "reader_worst_before_ms": before[0],
        "wrong_answers": len(reader.wrong),
        "edit_s": statistics.median(edits),
        "cells": cells,
    }


if __name__ == "__main__":
    main()
