"""The working calendar: hours of the week, 法定节假日 and 调休工作日, as data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property, lru_cache
from itertools import combinations
from zoneinfo import ZoneInfo

import numpy as np

import gis.dials
from gis.errors import BadInput
from gis.terms import Clock, DayKind

_DAYS = (gis.dials.LAST_DAY - gis.dials.FIRST_DAY).days + 1


@dataclass(frozen=True)
class WorkPeriod:
    """Hours of work on one weekday (1 Monday … 7 Sunday), by the wall clock.

    `ends` 00:00 is the midnight that closes the day. Valid from `valid_from` on and before
    `valid_to`; None is without bound.
    """

    weekday: int
    begins: time
    ends: time
    valid_from: date | None = None
    valid_to: date | None = None

    @property
    def span(self) -> tuple[int, int]:
        """Begin and end in microseconds since midnight."""
        return _since_midnight(self.begins), _since_midnight(self.ends) or gis.dials.DAY

    @property
    def validity(self) -> tuple[int, int]:
        """The first day, and the day after the last, counted from 1970."""
        first = 0 if self.valid_from is None else _number(self.valid_from)
        return first, _DAYS if self.valid_to is None else _number(self.valid_to)


@dataclass(frozen=True)
class CalendarDay:
    """One exception: a day off (法定节假日) or a working weekend day (调休工作日)."""

    day: date
    kind: DayKind
    name: str


OFFICE_HOURS = tuple(
    WorkPeriod(weekday, time(begins), time(ends))
    for weekday in range(1, 6)
    for begins, ends in ((8, 12), (14, 18))
)
"""Monday to Friday, 08:00-12:00 and 14:00-18:00."""


@dataclass(frozen=True)
class Calendar:
    """When work is done in one zone (IANA name); refuses what contradicts itself.

    A 调休工作日 has the hours of the weekday `workday_like`. `work_day` is the running time of one
    work day: eight hours wherever the day's own hours add up to something else. Days that are not
    listed are ordinary days of their week, in any year.
    """

    zone: str = "Asia/Shanghai"
    periods: Iterable[WorkPeriod] = OFFICE_HOURS
    days: Iterable[CalendarDay] = ()
    workday_like: int = 1
    work_day: timedelta = timedelta(hours=8)

    def __post_init__(self) -> None:
        object.__setattr__(self, "periods", tuple(self.periods))
        object.__setattr__(self, "days", tuple(self.days))
        faults = list(_faults(self))
        if faults:
            raise BadInput("; ".join(faults), faults=faults)

    def dial(self, clock: Clock) -> gis.dials.Dial:
        """Return how a clock runs here; compiled once for equal calendars."""
        if clock is Clock.URGENT_HOUR:
            return gis.dials.always()
        if clock is Clock.NATURAL_DAY:
            return gis.dials.wall(self.zone)
        return self._working

    def unit(self, clock: Clock) -> int:
        """Return the running time of one unit of a clock, in microseconds."""
        if clock is Clock.WORK_DAY:
            return self.work_day // timedelta(microseconds=1)
        return gis.dials.DAY if clock is Clock.NATURAL_DAY else 3600 * gis.dials.SECOND

    def knows(self, year: int) -> bool:
        """Tell whether holidays of a year are listed; if not, deadlines in it are provisional."""
        return year in self._known_years

    def begin_of(self, day: date) -> datetime:
        """Return the first instant of a day, also where clocks skip midnight."""
        if not 0 <= _number(day) < _DAYS:
            raise BadInput(_outside(day), value=str(day))
        midnight = _number(day) * gis.dials.DAY
        instant = int(gis.dials.wall(self.zone).find(np.array([midnight]))[0])
        return gis.dials.told(instant, self.zone)

    @cached_property
    def _working(self) -> gis.dials.Dial:
        return _compile(self)

    @cached_property
    def _known_years(self) -> frozenset[int]:
        return frozenset(one.day.year for one in self.days if one.kind is DayKind.HOLIDAY)


@lru_cache(maxsize=16)
def _compile(calendar: Calendar) -> gis.dials.Dial:
    """Return the working time of all years; 130 years are 70,000 intervals."""
    days = np.arange(_DAYS)
    weekday = (days + 3) % 7 + 1  # 1970-01-01 was a Thursday
    for one in calendar.days:
        off = one.kind is DayKind.HOLIDAY
        weekday[_number(one.day)] = 0 if off else calendar.workday_like
    spans = [np.empty((2, 0), np.int64)]
    for period in calendar.periods:
        first, end = period.validity
        on = days[(weekday == period.weekday) & (days >= first) & (days < end)]
        spans.append(on * gis.dials.DAY + np.array(period.span)[:, None])
    begins, ends = np.sort(np.concatenate(spans, axis=1), axis=1)
    return gis.dials.working(begins, ends, calendar.zone)


def _faults(calendar: Calendar) -> Iterator[str]:
    try:
        ZoneInfo(calendar.zone)
    except (KeyError, ValueError, OSError):
        yield f"no time zone is called {calendar.zone!r}: take an IANA name such as Asia/Shanghai"
    if calendar.work_day <= timedelta():
        yield f"a work day of {calendar.work_day} never ends: take more than 0"
    if calendar.workday_like not in range(1, 8):
        yield f"weekday {calendar.workday_like}: take 1 (Monday) to 7 (Sunday)"
    for period in calendar.periods:
        yield from _period_faults(period)
    for one, other in combinations(calendar.periods, 2):
        if _overlap(one, other):
            yield f"{_told(one)} and {_told(other)} overlap"
    for day, times in Counter(one.day for one in calendar.days).items():
        if times > 1:
            yield f"{day} is listed {times} times"
        if not 0 <= _number(day) < _DAYS:
            yield _outside(day)


def _period_faults(period: WorkPeriod) -> Iterator[str]:
    if period.weekday not in range(1, 8):
        yield f"weekday {period.weekday}: take 1 (Monday) to 7 (Sunday)"
    begin, end = period.span
    if begin >= end:
        yield f"{_told(period)} ends before it begins: split work over midnight into two periods"
    if period.valid_from and period.valid_to and period.valid_from >= period.valid_to:
        yield f"{_told(period)}: valid to {period.valid_to}, not after {period.valid_from}"


def _overlap(one: WorkPeriod, other: WorkPeriod) -> bool:
    return (
        one.weekday == other.weekday
        and _meet(one.span, other.span)
        and _meet(one.validity, other.validity)
    )


def _meet(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _told(period: WorkPeriod) -> str:
    return f"weekday {period.weekday} {period.begins:%H:%M}-{period.ends:%H:%M}"


def _outside(day: date) -> str:
    return f"{day} is outside {gis.dials.FIRST_DAY.year} to {gis.dials.LAST_DAY.year}"


def _number(day: date) -> int:
    """Count days from 1970."""
    return (day - gis.dials.FIRST_DAY).days


def _since_midnight(at: time) -> int:
    return timedelta(
        hours=at.hour, minutes=at.minute, seconds=at.second, microseconds=at.microsecond
    ) // timedelta(microseconds=1)
