"""Cases from elsewhere bring a deadline: their clock runs to it and climbs as ours do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from town import TESTER, at, inhabit, place

import api.actions.deadlines
import data.case_due
import data.cases
import data.db
import data.grid
import data.locate
from gis.cases import Said
from gis.terms import Clock, Move

BEGUN = datetime(2026, 5, 7, 2, 0, tzinfo=UTC)
DUE = BEGUN + timedelta(hours=100)
NOW = BEGUN + timedelta(hours=90)
HOUR = timedelta(hours=1)


@pytest.fixture
def city(store: sa.Engine) -> sa.Engine:
    """Of a sheet: one to be done in 100 hours, one that is overdue, one that has no deadline."""
    with data.db.transaction(store) as db:
        inhabit(db)
        db.execute(
            sa.text(
                "INSERT INTO network_unit (code, name, kind) VALUES ('u', '水务', 'department')"
            )
        )
        unit = db.scalar(sa.text("SELECT id FROM network_unit"))
        told: dict[str, Any] = {
            "title": "积水",
            "state": "handling",
            "unit_id": unit,
            "reported_at": BEGUN,
        }
        place(db, "case_file", {"runs": at(0.5, 0.5)}, due_at=DUE, **told)
        place(db, "case_file", {"late": at(0.5, 0.5)}, due_at=BEGUN + 50 * HOUR, **told)
        place(db, "case_file", {"free": at(0.5, 0.5)}, **told)
        stands = told | {"state": "suspended", "stood": "handling"}
        place(db, "case_file", {"rests": at(0.5, 0.5)}, suspended_until=NOW + HOUR, **stands)
        data.grid.number_areas(db)
        data.locate.refile(db)
        db.execute(
            sa.text(
                "INSERT INTO case_event (case_id, at, actor, move, target) "
                "SELECT id, :at, 'import', 'bring', state FROM case_file ORDER BY id"
            ),
            {"at": BEGUN},
        )
        data.case_due.begin(db, now=NOW)
    return store


def told(store: sa.Engine, code: str) -> list[tuple[str, datetime]]:
    """What happened since it was brought."""
    with data.db.transaction(store, keep=False) as db:
        line = data.cases.timeline(db, data.cases.find(db, code))
        return [(one["move"], one["at"]) for one in line][1:]


def test_a_deadline_of_a_sheet_is_a_clock_that_ends_there(city: sa.Engine) -> None:
    with data.db.transaction(city) as db:
        times = data.cases.find(db, "runs").times
    run = times.handling
    assert run is not None
    assert (run.started_at, run.limit, run.clock) == (BEGUN, 100.0, Clock.URGENT_HOUR)
    assert (times.next_move, times.next_at, times.due_at) == (Move.OVERDUE, DUE, DUE)
    api.actions.deadlines.catch_up(city, now=DUE + 60 * HOUR)
    assert told(city, "runs") == [
        ("overdue", DUE), ("escalate", DUE), ("escalate", DUE + 50 * HOUR),
    ]  # fmt: skip


def test_what_was_late_before_it_came_is_a_fact_that_is_told_to_nobody(city: sa.Engine) -> None:
    with data.db.transaction(city) as db:
        times = data.cases.find(db, "late").times
    assert (times.overdue_at, times.level) == (BEGUN + 50 * HOUR, "township")
    assert (times.next_move, times.next_at) == (Move.ESCALATE, BEGUN + 100 * HOUR)
    api.actions.deadlines.catch_up(city, now=BEGUN + 101 * HOUR)
    assert told(city, "late") == [("escalate", BEGUN + 100 * HOUR)]
    assert told(city, "free") == []


def test_a_suspension_of_a_sheet_ends_by_itself(city: sa.Engine) -> None:
    api.actions.deadlines.catch_up(city, now=NOW + 2 * HOUR)
    assert told(city, "rests") == [("resume", NOW + HOUR)]


def test_what_is_done_in_time_stays_so(city: sa.Engine) -> None:
    with data.db.transaction(city) as db:
        case = data.cases.locked(db, "runs")
        done = data.cases.move(
            db, case, Move.FEEDBACK, Said(words="已修复"), by=TESTER, now=DUE - HOUR
        )
    assert (done.times.due_at, done.times.overdue_at) == (DUE, None)
    api.actions.deadlines.catch_up(city, now=DUE + HOUR)
    assert ("overdue", DUE) not in told(city, "runs")
