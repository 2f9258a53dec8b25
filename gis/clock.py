"""Deadlines: when a limit is over, how much of it has run, and what a pause changes.

`due_at`, `warn_at`, `elapsed` and `remaining` answer for one case (aware datetimes) or for millions
(datetime64 arrays of UTC) by the same arithmetic. `Run` is one case's clock as a value: `pause`,
`resume`, `restart`, `extend` and `suspend` return a new one or refuse.

A limit counts hours or days of its clock. One that ends exactly with a period of work is due at
the end of that period, not on the next morning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Self, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

import gis.dials
from gis.calendar import Calendar
from gis.deadlines import Cases, Clocks, Instants, Pauses
from gis.errors import BadInput, Conflict
from gis.terms import Clock

Spans = NDArray[np.timedelta64]
Stop = tuple[datetime, datetime | None]
"""From when to when a clock stood; None: it still stands."""

WARN_SHARE = 0.8
MOST_EXTENSIONS = 2
LONGEST_SUSPENSION = timedelta(days=366)
"""One year, whichever it is."""


@overload
def due_at(
    start: datetime, limit: float, *, clock: Clock, calendar: Calendar, pauses: Sequence[Stop] = ()
) -> datetime | None: ...
@overload
def due_at(
    start: Instants,
    limit: ArrayLike,
    *,
    clock: Clocks,
    calendar: Calendar,
    pauses: Pauses | None = None,
) -> Instants: ...
def due_at(start: Any, limit: Any, *, clock: Any, calendar: Calendar, pauses: Any = None) -> Any:
    """Return the first instant at which the limit has run; None or NaT while a pause is open.

    One case is told by the wall clock of the calendar, many in UTC. Raises BadInput for a limit
    of 0 or less, and for a deadline after the year 2100.
    """
    cases = _cases(start, clock, calendar, pauses)
    due = cases.due(cases.limits(limit))
    if isinstance(start, datetime):
        return None if due[0] == gis.dials.NEVER else gis.dials.told(int(due[0]), calendar.zone)
    return np.where(due == gis.dials.NEVER, np.datetime64("NaT"), due.astype("datetime64[us]"))


@overload
def warn_at(
    start: datetime,
    limit: float,
    *,
    clock: Clock,
    calendar: Calendar,
    pauses: Sequence[Stop] = (),
    share: float = WARN_SHARE,
) -> datetime | None: ...
@overload
def warn_at(
    start: Instants,
    limit: ArrayLike,
    *,
    clock: Clocks,
    calendar: Calendar,
    pauses: Pauses | None = None,
    share: float = WARN_SHARE,
) -> Instants: ...
def warn_at(start: Any, limit: Any, *, share: float = WARN_SHARE, **how: Any) -> Any:
    """Return when `share` of the limit has run, like `due_at`."""
    if not 0 < share <= 1:
        raise BadInput(f"a warning after {share:g} of the limit: take more than 0, at most 1")
    return due_at(start, np.asarray(limit, float) * share, **how)


@overload
def elapsed(
    start: datetime,
    at: datetime,
    *,
    clock: Clock,
    calendar: Calendar,
    pauses: Sequence[Stop] = (),
) -> timedelta: ...
@overload
def elapsed(
    start: Instants,
    at: Instants | datetime,
    *,
    clock: Clocks,
    calendar: Calendar,
    pauses: Pauses | None = None,
) -> Spans: ...
def elapsed(start: Any, at: Any, *, clock: Any, calendar: Calendar, pauses: Any = None) -> Any:
    """Return the running time from `start` to `at` without the pauses; 0 before the start."""
    return _spans(_cases(start, clock, calendar, pauses).elapsed(_instants(at)), start)


@overload
def remaining(
    start: datetime,
    limit: float,
    *,
    at: datetime,
    clock: Clock,
    calendar: Calendar,
    pauses: Sequence[Stop] = (),
) -> timedelta: ...
@overload
def remaining(
    start: Instants,
    limit: ArrayLike,
    *,
    at: Instants | datetime,
    clock: Clocks,
    calendar: Calendar,
    pauses: Pauses | None = None,
) -> Spans: ...
def remaining(
    start: Any, limit: Any, *, at: Any, clock: Any, calendar: Calendar, pauses: Any = None
) -> Any:
    """Return the running time left at `at`; less than 0 when overdue."""
    cases = _cases(start, clock, calendar, pauses)
    return _spans(cases.limits(limit) - cases.elapsed(_instants(at)), start)


@dataclass(frozen=True)
class Run:
    """The clock of one case: since when, how long, and when it stood. Instants keep their offset.

    `pauses` follow each other; the last may be open. A suspension is a pause whose end is known
    beforehand, `suspended_until`.
    """

    started_at: datetime
    limit: float
    clock: Clock
    pauses: tuple[Stop, ...] = ()
    extensions: int = 0
    suspended_until: datetime | None = None

    def __post_init__(self) -> None:
        stops = tuple((_fixed(begin), end and _fixed(end)) for begin, end in self.pauses)
        put = object.__setattr__
        put(self, "started_at", _fixed(self.started_at))
        put(self, "limit", float(self.limit))
        put(self, "clock", Clock(self.clock))
        put(self, "pauses", stops)
        put(self, "suspended_until", self.suspended_until and _fixed(self.suspended_until))
        times = [at for stop in stops for at in stop]
        told = [self.started_at, *(at for at in times if at)]
        if None in times[:-1] or told != sorted(told):
            raise BadInput(f"pauses of a clock follow each other: {self.pauses}")
        if not (0 < self.limit < float("inf") and 0 <= self.extensions <= MOST_EXTENSIONS):
            raise BadInput(
                f"a limit of {self.limit:g} extended {self.extensions} times: take more than 0, "
                f"and at most {MOST_EXTENSIONS} extensions"
            )

    def due_at(self, calendar: Calendar) -> datetime | None:
        """Return the deadline with all extensions; None while a pause is open."""
        return due_at(self.started_at, self._whole, **self._how(calendar))

    def warn_at(self, calendar: Calendar, share: float = WARN_SHARE) -> datetime | None:
        """Return when to warn; None while a pause is open."""
        return warn_at(self.started_at, self._whole, share=share, **self._how(calendar))

    def elapsed(self, calendar: Calendar, at: datetime) -> timedelta:
        """Return the running time until `at`."""
        return elapsed(self.started_at, at, **self._how(calendar))

    def remaining(self, calendar: Calendar, at: datetime) -> timedelta:
        """Return the running time left at `at`; less than 0 when overdue."""
        return remaining(self.started_at, self._whole, at=at, **self._how(calendar))

    def is_overdue(self, calendar: Calendar, at: datetime) -> bool:
        """Tell whether `at` is after the deadline."""
        due = self.due_at(calendar)
        return due is not None and _fixed(at) > due

    def is_suspended(self, at: datetime) -> bool:
        """Tell whether a suspension is not over yet."""
        return self.suspended_until is not None and _fixed(at) < self.suspended_until

    def stands(self, at: datetime) -> bool:
        """Tell whether the clock is paused or suspended."""
        return self.is_suspended(at) or (bool(self.pauses) and self.pauses[-1][1] is None)

    def as_json(self) -> dict[str, Any]:
        """Return the run as plain values for JSON."""
        return {
            "started_at": self.started_at.isoformat(),
            "limit": self.limit,
            "clock": self.clock.value,
            "pauses": [[b.isoformat(), e and e.isoformat()] for b, e in self.pauses],
            "extensions": self.extensions,
            "suspended_until": self.suspended_until and self.suspended_until.isoformat(),
        }

    @classmethod
    def from_json(cls, kept: Any) -> Self:
        """Return the run that `as_json` told; raises BadInput for anything else."""
        try:
            return cls(
                started_at=datetime.fromisoformat(kept["started_at"]),
                limit=kept["limit"],
                clock=Clock(kept["clock"]),
                pauses=tuple(
                    (datetime.fromisoformat(begin), end and datetime.fromisoformat(end))
                    for begin, end in kept["pauses"]
                ),
                extensions=int(kept["extensions"]),
                suspended_until=(until := kept["suspended_until"])
                and datetime.fromisoformat(until),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput(f"this is not a kept clock: {kept!r} ({error})") from error

    @property
    def _whole(self) -> float:
        return self.limit * (1 + self.extensions)

    def _how(self, calendar: Calendar) -> dict[str, Any]:
        return {"clock": self.clock, "calendar": calendar, "pauses": self.pauses}


def pause(run: Run, at: datetime) -> Run:
    """Stop the clock, as when a case is returned to the dispatcher."""
    at = _next(run, at)
    if run.is_suspended(at):
        raise Conflict(f"the clock is suspended until {run.suspended_until}: resume it first")
    if run.stands(at):
        raise Conflict(f"the clock stands already, since {run.pauses[-1][0]}")
    return replace(run, pauses=(*run.pauses, (at, None)), suspended_until=None)


def resume(run: Run, at: datetime) -> Run:
    """Let the clock run on: dispatched again to the same department, or a suspension cut short."""
    at = _next(run, at)
    if not run.stands(at):
        raise Conflict("the clock is running: there is nothing to resume")
    (begin, _end) = run.pauses[-1]
    return replace(run, pauses=(*run.pauses[:-1], (begin, at)), suspended_until=None)


def restart(run: Run, at: datetime) -> Run:
    """Begin the limit anew: dispatched again to another department."""
    return Run(_next(run, at), run.limit, run.clock)


def extend(run: Run, at: datetime, calendar: Calendar) -> Run:
    """Add one original limit, at most twice and only before the deadline."""
    at = _next(run, at)
    if run.extensions >= MOST_EXTENSIONS:
        raise Conflict(f"extended {run.extensions} times already, which is the most")
    if run.is_overdue(calendar, at):
        raise Conflict(f"overdue since {run.due_at(calendar)}: extend before the deadline")
    return replace(run, extensions=run.extensions + 1)


def suspend(run: Run, at: datetime, until: datetime) -> Run:
    """Stop the clock until a chosen time within a year, when it runs on by itself.

    An open pause ends with it: the suspension takes its place.
    """
    at, until = _next(run, at), _fixed(until)
    if run.is_suspended(at):
        raise Conflict(f"suspended already, until {run.suspended_until}: resume it first")
    check_suspension(at, until)
    running = resume(run, at) if run.stands(at) else run
    return replace(running, pauses=(*running.pauses, (at, until)), suspended_until=until)


def check_suspension(at: datetime, until: datetime) -> None:
    """Refuse a suspension that would be over already, or last longer than a year.

    Raises:
        BadInput: told by the clocks of `until`.
    """
    if not at < until <= at + LONGEST_SUSPENSION:
        now = at.astimezone(until.tzinfo)
        raise BadInput(
            f"a suspension until {until:%Y-%m-%d %H:%M} would be over already or longer than a "
            f"year: choose a later time within one year of now, {now:%Y-%m-%d %H:%M}",
            field="until",
        )


def last_change(run: Run) -> datetime:
    """When the clock was started, stopped or resumed last; a suspension may end much later."""
    happened = [time for stop in run.pauses for time in stop if time]
    return max(time for time in (run.started_at, *happened) if time != run.suspended_until)


def _next(run: Run, at: datetime) -> datetime:
    """Return `at` at a fixed offset; refuses what would lie before something that has happened."""
    at, last = _fixed(at), last_change(run)
    if at < last:
        raise BadInput(f"{at} lies before {last}, when this clock last changed")
    return at


def _cases(start: Any, clock: Any, calendar: Calendar, pauses: Any) -> Cases:
    if pauses is not None and not isinstance(pauses, Pauses):
        begins, ends = zip(*pauses, strict=True) if pauses else ((), ())
        pauses = Pauses(np.zeros(len(begins), np.int64), _instants(*begins), _instants(*ends))
    return Cases(_instants(start), clock, calendar, pauses)


def _instants(*at: Any) -> Instants:
    """Return datetimes (None: NaT) as datetime64 of UTC; an array stays what it is."""
    if len(at) == 1 and isinstance(at[0], np.ndarray):
        return at[0]
    times = [one and _fixed(one).astimezone(UTC).replace(tzinfo=None) for one in at]
    return np.array(times, "datetime64[us]")


def _spans(running: gis.dials.Micros, start: Any) -> Any:
    if isinstance(start, datetime):
        return timedelta(microseconds=int(running[0]))
    return running.astype("timedelta64[us]")


def _fixed(at: datetime) -> datetime:
    """Return the same instant at a fixed offset, where differences are true in every season."""
    offset = at.utcoffset()
    if offset is None:
        raise BadInput(f"{at} has no time zone: give an aware datetime")
    return at.replace(tzinfo=timezone(offset), fold=0)
