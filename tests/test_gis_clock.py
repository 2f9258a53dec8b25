"""Clocks: against a reference that walks minute by minute, their laws, and the life of a run."""

from __future__ import annotations

import csv
import doctest
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import gis.calendar
import gis.clock
from gis.calendar import Calendar, CalendarDay, WorkPeriod
from gis.clock import Run, Stop
from gis.deadlines import Pauses
from gis.errors import BadInput, Conflict, WanggeError
from gis.terms import Clock, DayKind

ROOT = Path(__file__).parents[1]
MINUTE = timedelta(minutes=1)
SHANGHAI = ZoneInfo("Asia/Shanghai")

WINDOWS = (
    ("Asia/Shanghai", date(2025, 9, 24)),
    ("Asia/Shanghai", date(1988, 4, 8)),  # China put its clocks forward from 1986 to 1991
    ("Europe/Berlin", date(2025, 3, 22)),
    ("Europe/Berlin", date(2025, 10, 18)),
    ("America/Chicago", date(2025, 3, 1)),
    ("America/Chicago", date(2025, 10, 25)),
    ("Australia/Lord_Howe", date(2025, 3, 29)),  # by half an hour
    ("Australia/Lord_Howe", date(2025, 9, 27)),
    ("America/Sao_Paulo", date(2018, 10, 27)),  # skips midnight
    ("Pacific/Apia", date(2011, 12, 22)),  # skips a whole day
)
DAYS = 16


# The reference: the standard library, one minute at a time.


@cache
def walls(zone: str, first: date) -> list[datetime]:
    """What the wall clock shows at every minute of the window, and one more."""
    begin = datetime(first.year, first.month, first.day, tzinfo=UTC)
    there = ZoneInfo(zone)
    return [
        (begin + n * MINUTE).astimezone(there).replace(tzinfo=None) for n in range(DAYS * 1440 + 1)
    ]


def work_of(calendar: Calendar, day: date) -> list[WorkPeriod]:
    weekday = day.isoweekday()
    for one in calendar.days:
        if one.day == day:
            weekday = 0 if one.kind is DayKind.HOLIDAY else calendar.workday_like
    return [
        period
        for period in calendar.periods
        if period.weekday == weekday
        and (period.valid_from is None or period.valid_from <= day)
        and (period.valid_to is None or day < period.valid_to)
    ]


def is_work(periods: list[WorkPeriod], at: time) -> bool:
    return any(one.begins <= at and (at < one.ends or one.ends == time(0)) for one in periods)


def gains(calendar: Calendar, clock: Clock, first: date) -> list[timedelta]:
    """How far the clock runs in each minute of the window."""
    shown = walls(calendar.zone, first)
    if clock is Clock.URGENT_HOUR:
        return [MINUTE] * (len(shown) - 1)
    if clock is not Clock.NATURAL_DAY:
        work = {day: work_of(calendar, day) for day in {wall.date() for wall in shown}}
        return [
            MINUTE if is_work(work[wall.date()], wall.time()) else timedelta()
            for wall in shown[:-1]
        ]
    latest, top = [], datetime.min
    for wall in shown:
        latest.append(max(wall, top))
        top = max(top, wall + MINUTE)
    return [after - before for before, after in pairwise(latest)]


# Scenes: a calendar, a case and its pauses, all on whole minutes of a window.


@dataclass
class Scene:
    first: date
    calendar: Calendar
    clock: Clock
    start: int
    at: int
    limit: timedelta
    stops: list[tuple[int, int]]

    def instant(self, minute: int) -> datetime:
        begin = datetime(self.first.year, self.first.month, self.first.day, tzinfo=UTC)
        return begin + minute * MINUTE

    @property
    def amount(self) -> float:
        return self.limit / timedelta(microseconds=self.calendar.unit(self.clock))

    @property
    def pauses(self) -> list[Stop]:
        return [(self.instant(begin), self.instant(end)) for begin, end in self.stops]

    def due_at(self, limit: timedelta | None = None, start: int | None = None) -> datetime:
        amount = self.amount if limit is None else limit / self.limit * self.amount
        begin = self.instant(self.start if start is None else start)
        due = gis.clock.due_at(
            begin, amount, clock=self.clock, calendar=self.calendar, pauses=self.pauses
        )
        assert due is not None
        return due

    def elapsed(self, at: datetime) -> timedelta:
        return gis.clock.elapsed(
            self.instant(self.start),
            at,
            clock=self.clock,
            calendar=self.calendar,
            pauses=self.pauses,
        )


@st.composite
def calendars(draw: st.DrawFn, zone: str, first: date) -> Calendar:
    days = st.integers(0, DAYS).map(lambda n: first + timedelta(n))
    if draw(st.booleans()):
        periods = list(gis.calendar.OFFICE_HOURS)
    else:
        periods = []
        quarter = st.integers(0, 16) | st.integers(0, 96)  # clocks change at night
        for weekday in draw(st.sets(st.integers(1, 7), min_size=1)):
            quarters = sorted(draw(st.sets(quarter, min_size=2, max_size=4)))
            for begin, end in list(pairwise(quarters))[::2]:
                hours = [time(q // 4 % 24, q % 4 * 15) for q in (begin, end)]
                since = draw(st.none() | days)
                until = draw(st.none() | days.filter(lambda d, s=since: s is None or d > s))
                periods.append(WorkPeriod(weekday, hours[0], hours[1], since, until))
    listed = draw(st.dictionaries(days, st.sampled_from(DayKind), max_size=5))
    exceptions = [CalendarDay(day, kind, "假") for day, kind in listed.items()]
    return Calendar(zone, periods, exceptions, workday_like=draw(st.integers(1, 7)))


def near_change(zone: str, first: date) -> st.SearchStrategy[int]:
    """Minutes around the moment when clocks change, where mistakes live."""
    changes = [
        minute
        for minute, (before, after) in enumerate(pairwise(walls(zone, first)))
        if after - before != MINUTE
    ]
    return st.sampled_from(changes or [7 * 1440]).flatmap(
        lambda minute: st.integers(minute - 100, minute + 100)
    )


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    zone, first = draw(st.sampled_from(WINDOWS))
    last = DAYS * 1440
    minutes = (
        st.integers(1440, last - 1)
        | st.integers(24, DAYS * 24 - 1).map(lambda h: h * 60)
        | near_change(zone, first)
        | near_change(zone, first).map(lambda minute: minute - 1440)
    )
    start = draw(minutes)
    steps = st.integers(1, 60) | st.integers(1, 40).map(lambda h: h * 60)
    limit = draw(steps | st.integers(1, 4000) | st.sampled_from([1440, 2880])) * MINUTE
    stops = draw(st.lists(st.tuples(minutes, minutes).map(sorted).map(tuple), max_size=4))
    return Scene(
        first,
        draw(calendars(zone, first)),
        draw(st.sampled_from(Clock)),
        start,
        draw(minutes.filter(lambda minute: minute >= start) | st.integers(start, last)),
        limit,
        stops,
    )


@settings(max_examples=200, deadline=None)
@given(scenes())
def test_as_the_reference_minute_by_minute(scene: Scene) -> None:
    ran, due, at_ran = timedelta(), None, timedelta()
    gained = gains(scene.calendar, scene.clock, scene.first)
    for minute in range(scene.start, DAYS * 1440):
        if minute == scene.at:
            at_ran = ran
        if not any(begin <= minute < end for begin, end in scene.stops):
            ran += gained[minute]
        if due is None and ran >= scene.limit:
            due = minute + 1
    at_ran = ran if scene.at == DAYS * 1440 else at_ran
    assert scene.elapsed(scene.instant(scene.at)) == at_ran
    left = gis.clock.remaining(
        scene.instant(scene.start),
        scene.amount,
        at=scene.instant(scene.at),
        clock=scene.clock,
        calendar=scene.calendar,
        pauses=scene.pauses,
    )
    assert left == scene.limit - at_ran
    if due is not None:
        assert scene.due_at() == scene.instant(due)


@settings(max_examples=200, deadline=None)
@given(scenes(), st.integers(1, 3000), st.integers(1, 3000))
def test_laws(scene: Scene, more: int, later: int) -> None:
    assume(scene.clock in (Clock.URGENT_HOUR, Clock.NATURAL_DAY) or not _is_idle(scene))
    due, one = scene.due_at(), timedelta(microseconds=1)
    assert scene.elapsed(due - one) < scene.limit <= scene.elapsed(due)
    if scene.clock is not Clock.NATURAL_DAY:  # which may jump over the reading
        assert scene.elapsed(due) == scene.limit
    assert due <= scene.due_at(scene.limit + more * MINUTE)
    assert due <= scene.due_at(start=scene.start + later)
    ran = scene.elapsed(scene.instant(scene.at))
    if ran:
        assert scene.due_at(ran) <= scene.instant(scene.at)


def _is_idle(scene: Scene) -> bool:
    """Tell whether work ends for ever some day."""
    return all(period.valid_to for period in scene.calendar.periods)


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from(WINDOWS))
def test_many_are_as_one(data: st.DataObject, window: tuple[str, date]) -> None:
    calendar = data.draw(calendars(*window))
    assume(any(period.valid_to is None for period in calendar.periods))
    some = data.draw(
        st.lists(scenes().filter(lambda s: s.limit < timedelta(2)), min_size=1, max_size=8)
    )
    for scene in some:
        scene.calendar, scene.first = calendar, window[1]
    rows = [
        (k, scene.instant(begin), scene.instant(end))
        for k, scene in enumerate(some)
        for begin, end in scene.stops
    ]
    rows = data.draw(st.permutations(rows))
    pauses = Pauses(
        np.array([k for k, _, _ in rows], np.int64),
        _utc64([begin for _, begin, _ in rows]),
        _utc64([end for _, _, end in rows]),
    )
    start = _utc64([scene.instant(scene.start) for scene in some])
    at = [scene.instant(scene.at) for scene in some]
    clock = np.array([scene.clock.value for scene in some])
    amounts = [scene.amount for scene in some]
    due = gis.clock.due_at(start, amounts, clock=clock, calendar=calendar, pauses=pauses)
    ran = gis.clock.elapsed(start, _utc64(at), clock=clock, calendar=calendar, pauses=pauses)
    assert due.tolist() == [scene.due_at().astimezone(UTC).replace(tzinfo=None) for scene in some]
    assert ran.tolist() == [scene.elapsed(end) for scene, end in zip(some, at, strict=True)]


def _utc64(times: list[datetime]) -> np.ndarray:
    return np.array([one.astimezone(UTC).replace(tzinfo=None) for one in times], "datetime64[us]")


# China.


def announced() -> list[CalendarDay]:
    with (ROOT / "data/calendars/cn.csv").open(encoding="utf-8") as file:
        return [
            CalendarDay(date.fromisoformat(row["day"]), DayKind(row["kind"]), row["name"])
            for row in csv.DictReader(file)
        ]


CHINA = Calendar("Asia/Shanghai", days=announced())


def on(month: int, day: int, hour: int = 0, minute: int = 0, *, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=SHANGHAI)


def test_the_announced_days_of_china() -> None:
    days = announced()
    assert days == sorted(days, key=lambda one: one.day)
    tallies = Counter((one.day.year, one.kind.value) for one in days)
    assert tallies == {
        (2024, "holiday"): 28,
        (2024, "workday"): 8,
        (2025, "holiday"): 28,
        (2025, "workday"): 5,
        (2026, "holiday"): 33,
        (2026, "workday"): 6,
    }
    assert {one.day.isoweekday() for one in days if one.kind is DayKind.WORKDAY} == {6, 7}
    assert [CHINA.knows(year) for year in range(2023, 2028)] == [False, True, True, True, False]


def test_a_million_cases() -> None:
    count = 1_000_000
    dice = np.random.default_rng(4)
    first = np.datetime64("2025-01-01T00:00", "us")
    start = first + dice.integers(0, 600 * 86_400, count).astype("timedelta64[s]")
    clock = np.array([one.value for one in Clock])[dice.integers(0, 4, count)]
    limit = dice.integers(1, 8, count)
    case = dice.integers(0, count, count // 2)
    begins = start[case] + dice.integers(0, 86_400, len(case)).astype("timedelta64[s]")
    ends = begins + dice.integers(0, 3 * 86_400, len(case)).astype("timedelta64[s]")
    pauses = Pauses(case, begins, ends)
    due = gis.clock.due_at(start, limit, clock=clock, calendar=CHINA, pauses=pauses)
    ran = gis.clock.elapsed(start, due, clock=clock, calendar=CHINA, pauses=pauses)
    units = {one.value: CHINA.unit(one) for one in Clock}
    unit = np.array([units[one.value] for one in Clock])[
        np.argmax(clock[:, None] == np.array([one.value for one in Clock]), axis=1)
    ]
    assert np.array_equal(ran.astype(np.int64), limit * unit)
    for k in dice.integers(0, count, 20):
        stops = [
            (b.item().replace(tzinfo=UTC), e.item().replace(tzinfo=UTC))
            for b, e in zip(begins[case == k], ends[case == k], strict=True)
        ]
        alone = gis.clock.due_at(
            start[k].item().replace(tzinfo=UTC),
            limit[k],
            clock=Clock(clock[k]),
            calendar=CHINA,
            pauses=stops,
        )
        assert alone == due[k].item().replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "limit", "clock", "due"),
    [
        (on(5, 15, 16), 2, Clock.WORK_HOUR, on(5, 15, 18)),  # the end, not the next morning
        (on(5, 15, 18), 2, Clock.WORK_HOUR, on(5, 18, 10)),
        (on(5, 15, 13), 1, Clock.WORK_HOUR, on(5, 15, 15)),
        (on(5, 15, 8), 1, Clock.WORK_DAY, on(5, 15, 18)),
        (on(5, 8, 18), 1, Clock.WORK_DAY, on(5, 9, 18)),  # a 调休 Saturday
        (on(9, 30, 17), 1, Clock.WORK_DAY, on(10, 8, 17)),  # over the National Day
        (on(10, 9, 17), 1, Clock.WORK_DAY, on(10, 10, 17)),
        (on(12, 31, 17), 0.25, Clock.WORK_DAY, on(1, 1, 9, year=2027)),  # not known yet
        (on(2, 13, 23, 30), 1, Clock.URGENT_HOUR, on(2, 14, 0, 30)),
        (on(2, 13, 23, 30), 15, Clock.NATURAL_DAY, on(2, 28, 23, 30)),
    ],
)
def test_deadlines_in_china(start: datetime, limit: float, clock: Clock, due: datetime) -> None:
    assert gis.clock.due_at(start, limit, clock=clock, calendar=CHINA) == due


def test_hours_that_change_with_the_season() -> None:
    summer, winter = date(2026, 5, 1), date(2026, 10, 1)
    calendar = Calendar(
        periods=[
            WorkPeriod(4, time(8), time(12), valid_to=summer),
            WorkPeriod(4, time(7), time(11), summer, winter),
            WorkPeriod(4, time(22), time(0), winter),
            WorkPeriod(5, time(0), time(2), winter),
        ]
    )
    how = {"clock": Clock.WORK_HOUR, "calendar": calendar}
    assert gis.clock.due_at(on(4, 24), 4, **how) == on(4, 30, 12)
    assert gis.clock.due_at(on(4, 30, 12), 4, **how) == on(5, 7, 11)
    assert gis.clock.due_at(on(9, 30), 2, **how) == on(10, 2)
    assert gis.clock.due_at(on(9, 30), 2.5, **how) == on(10, 2, 0, 30)


def test_the_night_in_which_clocks_change() -> None:
    night = Calendar("Europe/Berlin", [WorkPeriod(7, time(2), time(2, 30))])
    natural = {"clock": Clock.NATURAL_DAY, "calendar": night}

    def utc(month: int, day: int, hour: int, minute: int = 0) -> datetime:
        return datetime(2025, month, day, hour, minute, tzinfo=UTC)

    def worked(first: datetime, last: datetime) -> timedelta:
        return gis.clock.elapsed(first, last, clock=Clock.WORK_HOUR, calendar=night)

    assert worked(utc(3, 29, 12), utc(3, 30, 12)) == timedelta()  # 02:00 was skipped
    assert worked(utc(10, 25, 12), utc(10, 26, 12)) == timedelta(hours=1)  # and came twice
    assert worked(utc(10, 26, 0, 30), utc(10, 26, 1, 10)) == timedelta(minutes=10)
    # To 02:30 of the next day, first pass; from 02:10, second pass, when 02:59 had been seen.
    assert gis.clock.due_at(utc(10, 25, 0, 30), 1, **natural) == utc(10, 26, 0, 30)
    assert gis.clock.due_at(utc(10, 26, 1, 10), 1, **natural) == utc(10, 27, 2)
    assert gis.clock.due_at(utc(3, 29, 1, 30), 1, **natural) == utc(3, 30, 1)  # the jump
    assert gis.clock.due_at(utc(3, 29, 2, 30), 1, **natural) == utc(3, 30, 1, 30)  # 23 hours


def test_a_work_day_is_as_long_as_the_calendar_says() -> None:
    seven = Calendar(work_day=timedelta(hours=7))
    assert gis.clock.due_at(on(5, 13, 8), 1, clock=Clock.WORK_DAY, calendar=seven) == on(5, 13, 17)


def test_a_pause_after_the_deadline_changes_nothing() -> None:
    how = {"clock": Clock.WORK_HOUR, "calendar": CHINA}
    for stop in ((on(5, 15, 18), None), (on(5, 17), on(5, 18, 9)), (on(5, 18, 8), None)):
        assert gis.clock.due_at(on(5, 15, 16), 2, **how, pauses=[stop]) == on(5, 15, 18)
    assert gis.clock.due_at(on(5, 15, 16), 2, **how, pauses=[(on(5, 15, 17, 59), None)]) is None


def test_the_warning_comes_after_its_share() -> None:
    how = {"clock": Clock.WORK_DAY, "calendar": CHINA}
    assert gis.clock.warn_at(on(5, 14, 8), 2, **how) == on(5, 15, 14, 48)
    assert gis.clock.warn_at(on(5, 14, 8), 2, **how, share=1) == on(5, 15, 18)
    with pytest.raises(BadInput, match="80 of the limit"):
        gis.clock.warn_at(on(5, 14, 8), 2, **how, share=80)


def test_a_deadline_by_the_wall_clock_of_the_calendar() -> None:
    due = gis.clock.due_at(
        datetime(2026, 5, 15, 8, tzinfo=UTC), 2, clock=Clock.WORK_HOUR, calendar=CHINA
    )
    assert str(due) == "2026-05-15 18:00:00+08:00"


def test_the_first_instant_of_a_day_without_midnight() -> None:
    calendar = Calendar("America/Sao_Paulo")
    assert str(calendar.begin_of(date(2018, 11, 4))) == "2018-11-04 01:00:00-02:00"
    assert CHINA.begin_of(date(2026, 6, 1)) == on(6, 1)
    with pytest.raises(BadInput, match="2101-01-01 is outside 1970 to 2100"):
        calendar.begin_of(date(2101, 1, 1))


@pytest.mark.parametrize(
    ("limit", "start", "sentence"),
    [
        (0, on(5, 1), "a limit of 0: take more than 0"),
        (-1, on(5, 1), "a limit of -1"),
        (float("nan"), on(5, 1), "a limit of nan"),
        (1e300, on(5, 1), "a limit of 1e\\+300"),
        (1, datetime(2026, 5, 1), "has no time zone"),
        (1, datetime(1969, 5, 1, tzinfo=UTC), "no instant of the years 1970 to 2100"),
        (3, datetime(2100, 12, 31, 9, tzinfo=UTC), "no time of work is left until 2100-12-31"),
    ],
)
def test_no_deadline(limit: float, start: datetime, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        gis.clock.due_at(start, limit, clock=Clock.WORK_HOUR, calendar=CHINA)


def test_refused_columns() -> None:
    start = np.array(["2026-05-08T08:00", "NaT"], "datetime64[us]")
    with pytest.raises(BadInput, match="row 1: NaT"):
        gis.clock.due_at(start, 1, clock=Clock.WORK_HOUR, calendar=CHINA)
    with pytest.raises(BadInput, match="no clock is called 'lunar_day': take one of urgent_hour"):
        gis.clock.due_at(start[:1], 1, clock=np.array(["lunar_day"]), calendar=CHINA)
    with pytest.raises(BadInput, match="pause 0 cannot go from 2026-05-08"):
        Pauses(np.array([0]), start[:1], start[:1] - np.timedelta64(1, "h"))
    late = Pauses(np.array([1]), start[:1], start[1:])
    with pytest.raises(BadInput, match="a case that is not one of 1"):
        gis.clock.due_at(start[:1], 1, clock=Clock.WORK_HOUR, calendar=CHINA, pauses=late)


def test_a_calendar_tells_all_that_is_wrong_with_it() -> None:
    day = date(2026, 5, 1)
    with pytest.raises(BadInput) as refused:
        Calendar(
            "Asia/Wuhan",
            [
                WorkPeriod(1, time(8), time(12)),
                WorkPeriod(1, time(11), time(13), valid_from=day),
                WorkPeriod(0, time(9), time(9)),
                WorkPeriod(2, time(9), time(10), day, day),
            ],
            [CalendarDay(day, kind, "劳动节") for kind in DayKind],
            workday_like=8,
            work_day=timedelta(),
        )
    assert refused.value.facts["faults"] == [
        "no time zone is called 'Asia/Wuhan': take an IANA name such as Asia/Shanghai",
        "a work day of 0:00:00 never ends: take more than 0",
        "weekday 8: take 1 (Monday) to 7 (Sunday)",
        "weekday 0: take 1 (Monday) to 7 (Sunday)",
        "weekday 0 09:00-09:00 ends before it begins: split work over midnight into two periods",
        "weekday 2 09:00-10:00: valid to 2026-05-01, not after 2026-05-01",
        "weekday 1 08:00-12:00 and weekday 1 11:00-13:00 overlap",
        "2026-05-01 is listed 2 times",
    ]


# The clock of one case.

RUN = Run(on(5, 14, 8), 1, Clock.WORK_DAY)


def test_pause_resume_and_restart() -> None:
    paused = gis.clock.pause(RUN, on(5, 14, 10))
    assert (paused.due_at(CHINA), paused.stands(on(5, 14, 11))) == (None, True)
    assert paused.elapsed(CHINA, on(5, 20)) == timedelta(hours=2)
    resumed = gis.clock.resume(paused, on(5, 15, 8))
    assert resumed.due_at(CHINA) == on(5, 15, 16)
    assert resumed.warn_at(CHINA) == on(5, 15, 14, 24)
    assert resumed.remaining(CHINA, on(5, 15, 17)) == timedelta(hours=-1)
    restarted = gis.clock.restart(paused, on(5, 15, 8))
    assert restarted == Run(on(5, 15, 8), 1, Clock.WORK_DAY)


def test_extensions() -> None:
    once = gis.clock.extend(RUN, on(5, 14, 18), CHINA)  # at the deadline is before overdue
    twice = gis.clock.extend(once, on(5, 15, 18), CHINA)
    assert [run.due_at(CHINA) for run in (RUN, once, twice)] == [
        on(5, 14, 18),
        on(5, 15, 18),
        on(5, 18, 18),
    ]
    with pytest.raises(Conflict, match="extended 2 times already"):
        gis.clock.extend(twice, on(5, 18, 9), CHINA)
    with pytest.raises(Conflict, match=r"overdue since 2026-05-14 18:00:00\+08:00"):
        gis.clock.extend(RUN, on(5, 14, 18, 1), CHINA)
    paused = gis.clock.pause(RUN, on(5, 14, 17))
    assert gis.clock.extend(paused, on(6, 30), CHINA).extensions == 1


def test_a_suspended_clock_resumes_by_itself() -> None:
    suspended = gis.clock.suspend(RUN, on(5, 14, 16), on(6, 1))
    assert suspended.due_at(CHINA) == on(6, 1, 10)
    assert [suspended.stands(at) for at in (on(5, 31, 23, 59), on(6, 1))] == [True, False]
    assert gis.clock.resume(suspended, on(5, 18, 8)).due_at(CHINA) == on(5, 18, 10)
    again = gis.clock.suspend(suspended, on(6, 1, 9), on(6, 2, 9))
    assert (again.due_at(CHINA), len(again.pauses)) == (on(6, 2, 10), 2)
    assert gis.clock.pause(suspended, on(6, 1, 9)).suspended_until is None
    returned = gis.clock.pause(RUN, on(5, 14, 12))
    assert gis.clock.suspend(returned, on(5, 14, 14), on(5, 18)).due_at(CHINA) == on(5, 18, 12)


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (lambda: gis.clock.resume(RUN, on(5, 14, 9)), "nothing to resume"),
        (lambda: gis.clock.pause(RUN, on(5, 14, 7)), "lies before 2026-05-14 08:00"),
        (lambda: gis.clock.pause(PAUSED, on(5, 14, 11)), "stands already, since 2026-05-14 10"),
        (lambda: gis.clock.resume(PAUSED, on(5, 14, 9)), "lies before 2026-05-14 10:00"),
        (lambda: gis.clock.pause(SUSPENDED, on(5, 20)), "suspended until 2026-06-01 00"),
        (lambda: gis.clock.suspend(SUSPENDED, on(5, 20), on(7, 1)), "suspended already, until"),
        (lambda: gis.clock.suspend(RUN, on(5, 14, 9), on(5, 14, 9)), "a later time within one"),
        (lambda: gis.clock.suspend(RUN, on(5, 14, 9), on(5, 16, year=2027)), "within one year"),
        (lambda: Run(on(5, 1), 0, Clock.WORK_DAY), "a limit of 0 extended 0 times"),
        (lambda: Run(on(5, 1), 1, Clock.WORK_DAY, extensions=3), "at most 2 extensions"),
        (lambda: Run(on(5, 1), 1, Clock.WORK_DAY, ((on(4, 1), None),)), "follow each other"),
        (lambda: Run.from_json({"limit": 1}), "this is not a kept clock: {'limit': 1}"),
        (lambda: Run.from_json(RUN.as_json() | {"clock": "moon"}), "not a kept clock"),
        (lambda: Run.from_json([]), "not a kept clock"),
    ],
)
def test_refused_acts(act: Callable[[], object], sentence: str) -> None:
    with pytest.raises(WanggeError, match=sentence):
        act()


PAUSED = gis.clock.pause(RUN, on(5, 14, 10))
SUSPENDED = gis.clock.suspend(RUN, on(5, 14, 10), on(6, 1))


@pytest.mark.parametrize(
    "run", [RUN, PAUSED, SUSPENDED, gis.clock.extend(RUN, on(5, 14, 9), CHINA)]
)
def test_a_run_is_kept_as_json(run: Run) -> None:
    kept = json.loads(json.dumps(run.as_json()))
    assert Run.from_json(kept) == run
    assert Run.from_json(kept).due_at(CHINA) == run.due_at(CHINA)


def test_the_page_about_clocks_tells_the_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    page = (ROOT / "docs/clock.md").read_text(encoding="utf-8")
    code = "".join(re.findall(r"```python\n(.*?)```", page, re.DOTALL))
    lesson = doctest.DocTestParser().get_doctest(code, {}, "docs/clock.md", None, None)
    assert len(lesson.examples) > 20
    result = doctest.DocTestRunner().run(lesson)
    assert result.failed == 0
