"""The times of a case: which deadlines it has after a move, and what time itself will do next.

After every move the whole future of a case is known: when it will be warned of, overdue, told
further up, and when a suspension ends. That is its agenda, in the order of time. Time does what
stands first and takes it away; a move of somebody writes the agenda anew, and keeps what time owed
by then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

import gis.clock
from gis.calendar import Calendar
from gis.cases import AT_WORK, ENDED, Standing
from gis.clock import WARN_SHARE, Run
from gis.deadlines import Instants, Pauses
from gis.errors import Conflict
from gis.terms import CaseState, Clock, DivisionLevel, Move

S, M = CaseState, Move


@dataclass(frozen=True)
class Limit:
    """How long handling may take, by which clock: the condition's."""

    amount: float
    clock: Clock


@dataclass(frozen=True)
class Stage:
    """A step of the office's own, from when a case comes there, by day and night."""

    name: str
    limit: Limit


ACCEPT = Stage("accept", Limit(0.25, Clock.URGENT_HOUR))
DISPATCH = Stage("dispatch", Limit(0.25, Clock.URGENT_HOUR))
INSPECT = Stage("inspect", Limit(0.5, Clock.URGENT_HOUR))
STAGES = {S.REPORTED: ACCEPT, S.VERIFIED: ACCEPT, S.FILED: DISPATCH, S.FEEDBACK: INSPECT}
HANDLING = "handling"


CLIMBING = (M.WARN, M.OVERDUE, M.ESCALATE)


@dataclass(frozen=True)
class Rung:
    """What happens when that share of a limit has run; who further up is told."""

    move: Move
    share: float
    level: DivisionLevel | None = None


LADDER = (
    Rung(M.WARN, WARN_SHARE),
    Rung(M.OVERDUE, 1.0),
    Rung(M.ESCALATE, 1.0, DivisionLevel.VILLAGE),
    Rung(M.ESCALATE, 1.5, DivisionLevel.TOWNSHIP),
    Rung(M.ESCALATE, 2.0, DivisionLevel.COUNTY),
)
"""How a deadline climbs: to the community when it is over, then half a limit further each time."""

Due = dict[str, str]
"""What time will do: `move`, `at` (ISO, UTC), by which `clock`, and the `level` it climbs to."""


@dataclass(frozen=True)
class Times:
    """The deadlines of a case.

    `run` are JSON values: `handling`, the kept `gis.clock.Run` with its `holder`, and `agenda`, a
    list of `Due`. `due_at` is the deadline of handling, `stage_due_at` that of the present step
    (accept, dispatch, inspect); at `next_at` time itself makes `next_move`, first of the agenda;
    `level` is the division level the running clock has climbed to; `overdue_at` when handling
    passed its deadline.
    """

    run: dict[str, Any] | None = None
    due_at: datetime | None = None
    stage_due_at: datetime | None = None
    next_at: datetime | None = None
    next_move: Move | None = None
    level: str | None = None
    overdue_at: datetime | None = None

    @property
    def agenda(self) -> list[Due]:
        """What time will do, in order."""
        return self.run["agenda"] if self.run else []

    @property
    def handling(self) -> Run | None:
        """The clock of handling, from the first dispatch on."""
        kept = self.run and self.run["handling"]
        return Run.from_json(kept) if kept else None

    @property
    def holder(self) -> str | None:
        """For whom the clock of handling runs, or ran before it was returned."""
        kept = self.run and self.run["handling"]
        return kept["holder"] if kept else None


def after(
    move: Move,
    before: Times,
    standing: Standing,
    *,
    limit: Limit | None,
    calendar: Calendar,
    now: datetime,
) -> Times:
    """The times of a case that stands so after `move`, by the limit of its condition.

    A server's clock may go back, and who waited for another's act told the time before him: no
    clock of a case does.

    Raises:
        Conflict: an extension of what is overdue, or a third one.
        BadInput: a suspension until a time that is over, or for longer than a year.
    """
    if before.next_move is move and move in CLIMBING:
        return passed(before)
    if move not in _TURNS:
        return before
    if run := before.handling:
        now = max(now, gis.clock.last_change(run))
    if standing.state in ENDED:
        return _ended(before, now)
    case = _Case(move, before, standing, limit, calendar, now)
    return _written(case, _TURNS[move](case))


def passed(before: Times) -> Times:
    """The times after time did what stood first; `data.deadlines` says the same for many."""
    assert before.run is not None
    first, *rest = before.agenda
    is_fact = first["move"] == M.OVERDUE and first["clock"] == HANDLING
    return replace(
        before,
        **_queued(before.run["handling"], rest),
        level=first.get("level", before.level),
        overdue_at=before.overdue_at or (_at(first) if is_fact else None),
    )


def ladder(clock: str, run: Run, calendar: Calendar) -> list[Due]:
    """When a run of a clock that does not stand reaches each rung."""
    size, pauses = len(LADDER), len(run.pauses)
    reached = gis.clock.due_at(
        _many([run.started_at] * size),
        [run.limit * (1 + run.extensions) * rung.share for rung in LADDER],
        clock=run.clock,
        calendar=calendar,
        pauses=Pauses(
            np.repeat(np.arange(size), pauses),
            _many([begin for begin, _ in run.pauses] * size),
            _many([end for _, end in run.pauses] * size),
        ),
    )
    return [
        _due(rung.move, at.replace(tzinfo=UTC), clock, rung.level)
        for rung, at in zip(LADDER, reached.astype(object), strict=True)
    ]


@dataclass(frozen=True)
class _Case:
    """What a turn of the clock is told."""

    move: Move
    before: Times
    standing: Standing
    limit: Limit | None
    calendar: Calendar
    now: datetime

    @property
    def holder(self) -> str:
        """Who is to handle it; a worker of a unit is the unit."""
        unit, worker = self.standing.unit, self.standing.worker
        return f"unit {unit}" if unit else f"worker {worker}"


# What a move does to the clock of handling


def _kept(case: _Case) -> Run | None:
    return case.before.handling


def _none(_: _Case) -> Run | None:
    return None


def _handed_on(case: _Case) -> Run | None:
    run, limit = case.before.handling, case.limit
    if limit is None:
        return None
    same = run is not None and (run.limit, run.clock) == (limit.amount, limit.clock)
    if run is not None and same and case.before.holder == case.holder:
        return _resumed(case)
    return Run(case.now, limit.amount, limit.clock)


def _stopped(case: _Case) -> Run | None:
    run = case.before.handling
    return run if run is None or run.stands(case.now) else gis.clock.pause(run, case.now)


def _resumed(case: _Case) -> Run | None:
    run = case.before.handling
    return gis.clock.resume(run, case.now) if run and run.stands(case.now) else run


def _extended(case: _Case) -> Run:
    run = case.before.handling
    if run is None:
        raise Conflict("this case has no limit that runs; there is nothing to extend")
    return gis.clock.extend(run, case.now, case.calendar)


def _suspended(case: _Case) -> Run | None:
    run, until = case.before.handling, case.standing.until
    if until is not None:
        gis.clock.check_suspension(case.now, until)  # also where no clock of handling runs yet
    if run is None or until is None or case.standing.stood not in AT_WORK:
        return run
    return gis.clock.suspend(run, case.now, until)


def _back(case: _Case) -> Run | None:
    return _resumed(case) if case.standing.state in AT_WORK else case.before.handling


_TURNS: dict[Move, Callable[[_Case], Run | None]] = {
    M.REPORT: _none,
    M.RESTORE: _none,
    M.FILE: _kept,
    M.JOIN: _kept,
    M.PART: _kept,
    M.DISPATCH: _handed_on,
    M.RECALL: _stopped,
    M.RETURN: _stopped,
    M.FEEDBACK: _stopped,
    M.INSPECT: _kept,
    M.REWORK: _resumed,
    M.EXTEND: _extended,
    M.SUSPEND: _suspended,
    M.RESUME: _back,
    M.VOID: _kept,
    M.CLOSE: _kept,
    M.FOLLOW: _kept,
}
"""All other moves leave the times as they are."""


# What follows from it


def _written(case: _Case, run: Run | None) -> Times:
    """Put together the times: what time owed by now, then what it will do from now on."""
    begins_anew = _begins_anew(case, run)
    owed = [] if begins_anew else _owed(case)
    clock, ticking = _ticking(case, run)
    rungs = ladder(clock, ticking, case.calendar) if ticking else []
    stood = _stood(ticking) if ticking else case.now
    coming = [*_awakening(case), *(one for one in rungs if _at(one) >= stood)]
    climbed = [one["level"] for one in rungs if _at(one) < stood and "level" in one]
    deadline = next((_at(one) for one in rungs if one["move"] == M.OVERDUE), None)
    kept = run.as_json() | {"holder": _holder(case)} if run else None
    return Times(
        **_queued(kept, sorted([*owed, *(one for one in coming if one not in owed)], key=_at)),
        due_at=deadline if clock == HANDLING else _standing_deadline(case, run),
        stage_due_at=None if clock == HANDLING else deadline,
        level=climbed[-1] if climbed else None,
        overdue_at=None if begins_anew else case.before.overdue_at or _missed(owed),
    )


def _ended(before: Times, now: datetime) -> Times:
    """No timer runs on, and what was late stays late."""
    kept = before.run and before.run["handling"]
    missed = _missed([one for one in before.agenda if _at(one) < now])
    overdue_at = before.overdue_at or missed
    return replace(before, **_queued(kept, []), stage_due_at=None, overdue_at=overdue_at)


def _begins_anew(case: _Case, run: Run | None) -> bool:
    """Whether another holder begins: how late the one before was, only the events tell."""
    before = case.before.handling
    return before is not None and (run is None or before.started_at != run.started_at)


def _holder(case: _Case) -> str | None:
    return case.holder if case.move is M.DISPATCH else case.before.holder


def _owed(case: _Case) -> list[Due]:
    """What time should have done by now; a suspension that somebody ended is over."""
    return [
        one
        for one in case.before.agenda
        if _at(one) < case.now and not (one["move"] == M.RESUME and case.move is M.RESUME)
    ]


def _missed(owed: list[Due]) -> datetime | None:
    late = (_at(one) for one in owed if one["move"] == M.OVERDUE and one["clock"] == HANDLING)
    return next(late, None)


def _ticking(case: _Case, run: Run | None) -> tuple[str, Run | None]:
    """The clock that runs now, or will when the suspension ends."""
    state = case.standing.stood or case.standing.state
    if state in AT_WORK:
        return HANDLING, run
    stage = None if case.standing.joined_to else STAGES.get(state)
    if stage is None:
        return "", None
    begins = case.standing.until or case.now
    return stage.name, Run(begins, stage.limit.amount, stage.limit.clock)


def _awakening(case: _Case) -> list[Due]:
    until = case.standing.until
    return [_due(M.RESUME, until, "suspension")] if until else []


def _standing_deadline(case: _Case, run: Run | None) -> datetime | None:
    """The deadline while the clock of handling stands: none, or the one it was fed back by."""
    is_handled = case.standing.state in {S.FEEDBACK, S.INSPECTED}
    return case.before.due_at if run is None or is_handled else None


def _stood(run: Run) -> datetime:
    """When a clock stood last: what it had reached before is done."""
    return run.pauses[-1][0] if run.pauses else run.started_at


def _many(times: list[datetime] | list[datetime | None]) -> Instants:
    naive = [at and at.astimezone(UTC).replace(tzinfo=None) for at in times]
    return np.array(naive, "datetime64[us]")


def _due(move: Move, at: datetime, clock: str, level: DivisionLevel | None = None) -> Due:
    due = {"move": str(move), "at": at.astimezone(UTC).isoformat(), "clock": clock}
    return due | {"level": str(level)} if level else due


def _at(due: Due) -> datetime:
    return datetime.fromisoformat(due["at"])


def _queued(handling: dict[str, Any] | None, agenda: list[Due]) -> dict[str, Any]:
    """The fields of `Times` that keep the clock and the agenda, with what stands first in it."""
    return {
        "run": {"handling": handling, "agenda": agenda} if handling or agenda else None,
        "next_at": _at(agenda[0]) if agenda else None,
        "next_move": Move(agenda[0]["move"]) if agenda else None,
    }
