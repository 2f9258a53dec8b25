"""How far the clocks of many cases have run, in shares of their limits, for the desk's bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

import gis.clock
from gis.calendar import Calendar
from gis.case_clock import HANDLING, STAGES
from gis.clock import Run
from gis.deadlines import Instants, Pauses
from gis.terms import CaseState


@dataclass(frozen=True)
class Bar:
    """The clock of a case: which, since when, and which share of its limit has run.

    A share of 1 is the deadline. A clock that stands keeps its share; without a clock all is None.
    """

    clock: str | None = None
    started_at: datetime | None = None
    share: float | None = None
    stands: bool = False


def bars(rows: Sequence[Mapping[str, Any]], calendar: Calendar, *, now: datetime) -> list[Bar]:
    """The bar of each row (`state`, `clock`, `stage_due_at`), reckoned for all at once."""
    found = [_stage(row, now) or Bar() for row in rows]
    runs = {
        place: Run.from_json(row["clock"]["handling"])
        for place, row in enumerate(rows)
        if found[place].clock is None and row["clock"] and row["clock"]["handling"]
    }
    shares = _shares(list(runs.values()), calendar, now)
    for (place, run), share in zip(runs.items(), shares, strict=True):
        found[place] = Bar(HANDLING, run.started_at, round(share, 4), run.stands(now))
    return found


def _stage(row: Mapping[str, Any], now: datetime) -> Bar | None:
    """The clock of a step of the office's own, which runs by day and night."""
    due, state = row["stage_due_at"], CaseState(row["state"])
    if due is None or state not in STAGES:
        return None
    stage = STAGES[state]
    lasts = timedelta(hours=stage.limit.amount)
    share = (now - (due - lasts)) / lasts
    return Bar(stage.name, due - lasts, round(max(share, 0.0), 4))


def _shares(runs: Sequence[Run], calendar: Calendar, now: datetime) -> list[float]:
    if not runs:
        return []
    starts = _instants([run.started_at for run in runs])
    limits = np.array([run.limit * (1 + run.extensions) for run in runs])
    stops = [(place, *stop) for place, run in enumerate(runs) for stop in run.pauses]
    pauses = Pauses(
        np.array([place for place, _, _ in stops], np.int64),
        _instants([begin for _, begin, _ in stops]),
        _instants([end for _, _, end in stops]),
    )
    clocks = np.array([str(run.clock) for run in runs], dtype=object)
    at = _instants([now] * len(runs))
    run_s = gis.clock.elapsed(starts, at, clock=clocks, calendar=calendar, pauses=pauses)
    left_s = gis.clock.remaining(
        starts, limits, at=at, clock=clocks, calendar=calendar, pauses=pauses
    )
    shares: list[float] = (run_s / (run_s + left_s)).tolist()
    return shares


def _instants(times: Sequence[datetime | None]) -> Instants:
    naive = [at and at.astimezone(UTC).replace(tzinfo=None) for at in times]
    return np.array(naive, "datetime64[us]")
