"""Chicago's reports replayed as a stream: each becomes one case, with somebody or at a desk."""

from __future__ import annotations

import os
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import orjson
import pytest
import sqlalchemy as sa
from town import SEAL, TESTER

import api.actions.cases
import api.actions.dispatching
import api.actions.reports
import data.db
import data.locate
from api.actions.cases import Asked
from api.actions.dispatching import Choice
from api.actions.imports import Order, import_file
from api.actions.reports import Report
from gis.access import ANYBODY
from gis.terms import Move, RecordKind

REPORTS = int(os.environ.get("WANGGE_REPORTS", "2000"))
"""How many are replayed; ten thousand take three minutes."""
AGAIN, AT_ONCE = REPORTS // 20, 4
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
GRAFFITI = "0201"
STAFF = """
    INSERT INTO worker (code, name, capacity)
    SELECT 'w' || code, '网格员' || code, 100 FROM grid_cell ORDER BY code;
    INSERT INTO worker (code, name, capacity)
    SELECT 'b' || code, 'B角' || code, 100 FROM grid_cell ORDER BY code;
    INSERT INTO post (cell_id, worker_id, role)
    SELECT c.id, w.id, CASE left(w.code, 1) WHEN 'w' THEN 'grid_worker' ELSE 'backup' END
    FROM grid_cell c JOIN worker w ON substr(w.code, 2) = c.code
"""
STOOD = """
    SELECT f.state, f.worker_id IS NOT NULL, f.desk_code IS NOT NULL, count(*)
    FROM case_file f GROUP BY 1, 2, 3
"""
ONCE = """
    SELECT count(*), count(DISTINCT f.request_id),
           count(*) FILTER (WHERE 1 <> (SELECT count(*) FROM case_event e
                                        WHERE e.case_id = f.id AND e.source IS NULL)),
           count(*) FILTER (WHERE f.state <> (SELECT e.target FROM case_event e
                                              WHERE e.case_id = f.id ORDER BY e.id DESC LIMIT 1))
    FROM case_file f
"""


@pytest.fixture
def chicago(store: sa.Engine, real: Path) -> sa.Engine:
    order = Order(
        RecordKind.CELLS, real / "chicago_311" / "Boundaries.geojson",
        mapping={"area_numbe": "code", "community": "name"},
    )  # fmt: skip
    import_file(store, order, seal=SEAL, by=TESTER, now=NOW)
    with data.db.transaction(store) as db:
        db.execute(sa.text(STAFF))
    return store


def stream(real: Path) -> list[Report]:
    """The first reports as a telephone would send them; every twentieth is sent twice."""
    rows = np.array(orjson.loads((real / "chicago_311" / "2016_full.json").read_bytes()))
    told = [
        Report(
            kind="event", class_code=GRAFFITI, lon=lon, lat=lat, accuracy_m=15.0,
            request_id=f"chicago-{number}", reported_at=NOW + timedelta(seconds=number),
        )
        for number, (lat, lon, _) in enumerate(rows[:REPORTS].tolist())
    ]  # fmt: skip
    return told + told[:: REPORTS // AGAIN]


def test_thousands_of_reports_are_each_one_case_with_somebody_or_at_a_desk(
    chicago: sa.Engine, real: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    later = NOW + timedelta(days=1)

    def take(told: Report) -> dict[str, object]:
        answer = api.actions.reports.report(chicago, told, by=ANYBODY, seal=SEAL, now=later)
        if answer["state"] == "reported":
            asked = Asked(Move.FILE, condition=1, request_id=f"file {told.request_id}")
            answer |= api.actions.cases.move(chicago, answer["code"], asked, by=TESTER, now=later)
        return answer

    begun = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as desks:
        answers = list(desks.map(take, stream(real)))
    taken = time.perf_counter() - begun
    assert [one["code"] for one in answers[REPORTS:]] == [
        one["code"] for one in answers[: REPORTS : REPORTS // AGAIN]
    ]

    begun = time.perf_counter()
    proposed = api.actions.dispatching.propose(chicago, by=TESTER, now=later)
    lines = [Choice(one.code, one.version, one.worker, one.unit) for one in proposed.items
             if one.worker or one.unit]  # fmt: skip
    api.actions.dispatching.send(chicago, lines, by=TESTER, now=later)
    sent = time.perf_counter() - begun

    with data.db.transaction(chicago, keep=False) as db:
        cases, requests, not_once, not_sum = db.execute(sa.text(ONCE)).one()
        stood = {tuple(row[:3]): row[3] for row in db.execute(sa.text(STOOD))}
        assert data.locate.wrong_tallies(db) == 0
    assert (cases, requests, not_once, not_sum) == (REPORTS, REPORTS, 0, 0)
    assert all(one.zh and one.en for one in proposed.items)
    left = {one.code for one in proposed.items} - {line.code for line in lines}
    assert stood.pop(("dispatched", True, False), 0) + stood.pop(
        ("dispatched", True, True), 0
    ) == len(lines)
    assert sum(stood.values()) == len(left)
    whys = Counter(one.zh.partition("：")[2] for one in proposed.items if one.code in left)
    with capsys.disabled():
        print(f"\n{REPORTS:,} reports and {AGAIN} again: {len(answers) / taken:.0f} a second taken and filed; "
              f"{len(lines):,} dispatched at {len(lines) / sent:.0f} a second, {len(left)} left: {dict(whys)}")  # fmt: skip
