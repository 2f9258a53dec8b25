"""时限: what time does by itself, batch by batch, and what it will do next."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

import data.care
import data.clock
import data.db
import data.deadlines
import data.journal
import data.network_late
import data.scope
import gis.case_clock
from data.deadlines import Climbed
from gis.access import Viewer, operator
from gis.case_clock import HANDLING, Due
from gis.clock import Run
from gis.terms import Clock, Move

CLOCK = operator("clock")
"""By whom time acts."""


def climb(
    store: sa.Engine, *, now: datetime, by: Viewer = CLOCK, most: int = data.deadlines.AT_ONCE
) -> Climbed:
    """Warn, mark overdue, tell further up and resume what was due before `now`: one batch."""
    with data.scope.transaction(store, by) as db:
        climbed = data.deadlines.climb(db, now=now, most=most)
        if climbed.cases:
            data.db.bump(db, "cases")
            moves = {str(move): times for move, times in climbed.moves.items()}
            data.journal.write(db, actor=by.login, act="climb", moves=moves)
    return climbed


def whistles(store: sa.Engine, *, now: datetime, by: Viewer = CLOCK) -> int:
    """Tell of every missed deadline of a whistle, and close what sounds about ended cases.

    Return how many it were.
    """
    with data.scope.transaction(store, by) as db:
        late = data.network_late.climb(db, now=now)
        ended = data.network_late.quiet_ended(db, now=now)
        if late or ended:
            data.db.bump(db, "cases")
            data.journal.write(
                db, actor=by.login, act="whistle-late", late=len(late), ended=len(ended)
            )
    return len(late) + len(ended)


def catch_up(store: sa.Engine, *, now: datetime, by: Viewer = CLOCK) -> Counter[Move]:
    """Do all that was due before `now`, in the order of time; return how often each move.

    What is done to whistles counts as `late`.
    """
    done: Counter[Move] = Counter()
    while (climbed := climb(store, now=now, by=by)).cases:
        done.update(climbed.moves)
    while late := whistles(store, now=now, by=by):
        done[Move.LATE] += late
    return done


def show_counts(store: sa.Engine, *, by: Viewer = CLOCK) -> bool:
    """Let the public numbers follow the cases; whether these had changed. Care follows the day."""
    with data.scope.transaction(store, by) as db:
        data.care.count_on_a_new_day(db)
        return data.deadlines.show_counts(db)


def next_at(store: sa.Engine, *, by: Viewer = CLOCK) -> datetime | None:
    """When time will next do something."""
    with data.scope.transaction(store, by, keep=False) as db:
        return data.deadlines.next_at(db)


def coming(store: sa.Engine, *, by: Viewer, most: int) -> list[dict[str, Any]]:
    """List what time does next to which cases, the first first."""
    with data.scope.transaction(store, by, keep=False) as db:
        return data.deadlines.coming(db, most=most)


@dataclass(frozen=True)
class Ladder:
    """How a limit would climb; `unknown_years` are those it meets whose holidays nobody listed."""

    rungs: list[Due]
    unknown_years: list[int]


def ladder(store: sa.Engine, start: datetime, limit: float, *, clock: Clock, by: Viewer) -> Ladder:
    """Compute when a limit is over and how it climbs, by the calendar of the store.

    Raises:
        BadInput: no such limit ends.
    """
    with data.scope.transaction(store, by, keep=False) as db:
        calendar = data.clock.calendar(db)
    rungs = gis.case_clock.ladder(HANDLING, Run(start, limit, clock), calendar)
    last = datetime.fromisoformat(rungs[-1]["at"])
    met = range(start.year, last.astimezone(start.tzinfo).year + 1)
    is_worked = clock in (Clock.WORK_HOUR, Clock.WORK_DAY)
    return Ladder(rungs, [year for year in met if is_worked and not calendar.knows(year)])
