"""The times of a case after every move, against a recount of working minutes from its events."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gis.case_clock
import gis.cases
from gis.access import operator
from gis.calendar import Calendar, CalendarDay
from gis.case_clock import HANDLING, LADDER, Limit, Times
from gis.cases import AT_WORK, ENDED, Event, Said, Standing
from gis.clock import MOST_EXTENSIONS
from gis.errors import BadInput, Conflict
from gis.terms import CaseState, Clock, DayKind, Move

S, M = CaseState, Move
HERE = ZoneInfo("Asia/Shanghai")
CLERK = operator("test")
SATURDAY = CalendarDay(date(2026, 5, 9), DayKind.WORKDAY, "调休")
HOLIDAY = CalendarDay(date(2026, 5, 13), DayKind.HOLIDAY, "歇一天")
CHINA = Calendar("Asia/Shanghai", days=[SATURDAY, HOLIDAY])
FOUR_HOURS = Limit(4, Clock.WORK_HOUR)
BEGIN = datetime(2026, 5, 4, tzinfo=HERE)


def on(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 5, day, hour, minute, tzinfo=HERE)


TOLD = {
    M.FILE: Said(condition=1),
    M.DISPATCH: Said(unit=1),
    M.ASSIGN: Said(worker=9),
    M.FEEDBACK: Said(words="已修复"),
    M.CLOSE: Said(closing="修复"),
    M.NOTE: Said(words="记"),
    M.SUPERVISE: Said(words="快办"),
    M.JOIN: Said(other=2),
    M.SETTLE: Said(cell="A"),
    M.EVALUATE: Said(rating=5),
}


class Life:
    """A case that is moved, and what time did to it: (when it was due, move, clock, level)."""

    def __init__(self, limit: Limit = FOUR_HOURS, now: datetime = BEGIN) -> None:
        self.limit, self.told = limit, list[tuple[datetime, str, str, str | None]]()
        self.standing = Standing(S.REPORTED)
        self.times = Times()
        self._turn(M.REPORT, now)

    def do(self, move: Move, now: datetime, said: Said | None = None) -> Times:
        said = said or TOLD.get(move, Said(reason="有故"))
        target = gis.cases.check(self.standing, move, said, by=CLERK)
        before = self.standing
        event = Event(move, before.state, target, 0, now, said)
        self.standing = gis.cases.applied(before, event)
        try:
            return self._turn(move, now)
        except Conflict:
            self.standing = before
            raise

    def _turn(self, move: Move, now: datetime) -> Times:
        limit = self.limit if self.standing.condition else None
        self.times = gis.case_clock.after(
            move, self.times, self.standing, limit=limit, calendar=CHINA, now=now
        )
        return self.times

    def wait(self, now: datetime) -> None:
        """Let time do what was due."""
        while self.times.next_at is not None and self.times.next_at < now:
            due = self.times.agenda[0]
            self.told.append((self.times.next_at, due["move"], due["clock"], due.get("level")))
            passed = gis.case_clock.passed(self.times)
            if due["move"] == M.RESUME:
                assert self.standing.stood
                event = Event(M.RESUME, S.SUSPENDED, self.standing.stood, 0, self.times.next_at)
                self.standing = gis.cases.applied(self.standing, event)
            self.times = passed

    def at_work(self, now: datetime, unit: int = 1) -> Life:
        self.do(M.FILE, now)
        self.do(M.DISPATCH, now, Said(unit=unit))
        return self

    @property
    def climbed(self) -> list[tuple[str, str | None]]:
        return [(move, level) for _, move, clock, level in self.told if clock == HANDLING]


def rungs(times: Times) -> dict[tuple[str, str | None], datetime]:
    return {
        (due["move"], due.get("level")): datetime.fromisoformat(due["at"]) for due in times.agenda
    }


# The office's own steps


def test_a_report_is_accepted_filed_and_dispatched_in_a_quarter_of_an_hour_each() -> None:
    case = Life(now=on(9, 23, 50))  # by night and on a weekend too
    assert case.times.stage_due_at == on(10, 0, 5)
    assert (case.times.next_move, case.times.next_at) == (M.WARN, on(10, 0, 2))
    assert case.do(M.VERIFY, on(10, 0, 1)).stage_due_at == on(10, 0, 5)
    filed = case.do(M.FILE, on(10, 0, 3))
    assert (filed.stage_due_at, filed.due_at) == (on(10, 0, 18), None)
    dispatched = case.do(M.DISPATCH, on(10, 0, 10))
    assert (dispatched.stage_due_at, dispatched.due_at) == (None, on(11, 12))
    assert {due["clock"] for due in dispatched.agenda} == {"accept", HANDLING}  # it was warned late


def test_an_inspection_takes_half_an_hour_from_the_feedback() -> None:
    case = Life(now=on(11, 8)).at_work(on(11, 8))
    case.do(M.TAKE, on(11, 8, 5))
    fed_back = case.do(M.FEEDBACK, on(11, 9))
    assert (fed_back.stage_due_at, fed_back.due_at) == (on(11, 9, 30), on(11, 12))
    assert case.do(M.INSPECT, on(11, 9, 10)).agenda == []
    closed = case.do(M.CLOSE, on(11, 9, 20))
    assert (closed.next_at, closed.stage_due_at, closed.due_at) == (None, None, on(11, 12))


def test_a_joined_report_waits_for_the_other() -> None:
    case = Life(now=on(11, 8))
    assert case.do(M.JOIN, on(11, 8, 1)).agenda == []
    assert case.do(M.PART, on(11, 9)).stage_due_at == on(11, 9, 15)


# The ladder


def test_a_deadline_climbs_to_the_community_the_street_and_the_county() -> None:
    case = Life(now=on(8, 16)).at_work(on(8, 16))  # Friday; Saturday is a shifted working day
    assert rungs(case.times) == {
        ("warn", None): on(9, 9, 12),
        ("overdue", None): on(9, 10),
        ("escalate", "village"): on(9, 10),
        ("escalate", "township"): on(9, 12),
        ("escalate", "county"): on(9, 16),
    }
    case.wait(on(9, 10, 1))
    assert case.climbed == [("warn", None), ("overdue", None), ("escalate", "village")]
    assert (case.times.overdue_at, case.times.level) == (on(9, 10), "village")
    case.wait(on(30, 0))
    assert case.times.level == "county"
    assert case.times.next_at is None


def test_at_the_deadline_is_on_time() -> None:
    case = Life(now=on(11, 8)).at_work(on(11, 8))
    case.do(M.TAKE, on(11, 8))
    case.wait(on(11, 12))
    assert case.do(M.FEEDBACK, on(11, 12)).overdue_at is None
    case.do(M.REWORK, on(11, 15))  # nothing is left of the limit
    case.wait(on(11, 15, 1))
    assert case.times.overdue_at == on(11, 12)


def test_feedback_after_the_deadline_is_late_even_while_nobody_watched_the_time() -> None:
    case = Life(now=on(11, 8)).at_work(on(11, 8))
    case.do(M.TAKE, on(11, 8))
    late = case.do(M.FEEDBACK, on(11, 14, 1))
    assert late.overdue_at == on(11, 12)
    case.wait(on(11, 14, 2))
    assert case.climbed == [("warn", None), ("overdue", None), ("escalate", "village")]
    case.do(M.INSPECT, on(11, 14, 3))
    assert case.do(M.CLOSE, on(11, 14, 4)).overdue_at == on(11, 12)


# What stops the clock, and what begins it anew


def test_a_return_pauses_the_same_holder_resumes_another_begins_anew() -> None:
    case = Life(now=on(11, 8)).at_work(on(11, 8), unit=1)
    returned = case.do(M.RETURN, on(11, 9))
    assert (returned.due_at, returned.stage_due_at) == (None, on(11, 9, 15))
    again = case.do(M.DISPATCH, on(11, 10), Said(unit=1, worker=4))
    assert again.due_at == on(11, 15)
    case.do(M.RECALL, on(11, 11))
    case.do(M.RETURN, on(11, 11))  # to the acceptor: the clock goes on standing
    case.do(M.FILE, on(11, 11))
    other = case.do(M.DISPATCH, on(11, 14), Said(unit=2))
    assert (other.due_at, other.holder) == (on(11, 18), "unit 2")


def test_another_condition_is_another_limit() -> None:
    case = Life(now=on(11, 8)).at_work(on(11, 8))
    case.do(M.RETURN, on(11, 9))
    case.do(M.RETURN, on(11, 9))
    case.limit = Limit(2, Clock.URGENT_HOUR)
    case.do(M.FILE, on(11, 10))
    assert case.do(M.DISPATCH, on(11, 10)).due_at == on(11, 12)


def test_another_holder_is_not_late_for_the_one_before() -> None:
    case = Life(now=on(11, 8)).at_work(on(11, 8), unit=1)
    case.wait(on(11, 15))
    case.do(M.RETURN, on(11, 15))
    assert case.times.overdue_at == on(11, 12)
    assert case.do(M.DISPATCH, on(11, 15), Said(unit=1)).overdue_at == on(11, 12)
    assert case.times.level == "village"
    case.do(M.RECALL, on(11, 15))
    anew = case.do(M.DISPATCH, on(11, 15), Said(unit=2))
    assert (anew.overdue_at, anew.level, anew.due_at) == (None, None, on(12, 9))


@pytest.mark.parametrize(
    "move",
    [M.TAKE, M.ASSIGN, M.SUPERVISE, M.APPEAL, M.ASK_EXTENSION, M.NOTE, M.SETTLE],
)
def test_what_leaves_the_times_as_they_are(move: Move) -> None:
    case = Life(now=on(11, 8)).at_work(on(11, 8))
    before = case.times
    assert case.do(move, on(11, 9)) == before


def test_an_upheld_appeal_leaves_the_fact() -> None:
    case = Life(now=on(11, 8)).at_work(on(11, 8))
    case.wait(on(11, 15))
    case.do(M.APPEAL, on(11, 15))
    assert case.do(M.UPHOLD, on(11, 16)).overdue_at == on(11, 12)
    assert case.standing.exempt


def test_extensions_add_the_limit_twice_before_it_is_over() -> None:
    case = Life(now=on(11, 8)).at_work(on(11, 8))
    case.wait(on(11, 11, 50))
    case.do(M.ASK_EXTENSION, on(11, 11, 50))
    once = case.do(M.EXTEND, on(11, 11, 55))
    assert (once.due_at, once.next_move) == (on(11, 18), M.WARN)  # it is warned of again
    case.do(M.ASK_EXTENSION, on(11, 14))
    assert case.do(M.EXTEND, on(11, 14)).due_at == on(12, 12)
    case.do(M.ASK_EXTENSION, on(11, 15))
    with pytest.raises(Conflict, match="which is the most"):
        case.do(M.EXTEND, on(11, 15))
    late = Life(now=on(11, 8)).at_work(on(11, 8))
    late.do(M.ASK_EXTENSION, on(11, 9))
    with pytest.raises(Conflict, match="overdue since"):
        late.do(M.EXTEND, on(11, 12, 1))


def test_without_a_limit_there_is_nothing_to_extend() -> None:
    case = Life(now=on(11, 8))
    case.do(M.FILE, on(11, 8))
    case.standing = replace(case.standing, condition=None)
    assert case.do(M.DISPATCH, on(11, 8)).due_at is None
    case.do(M.ASK_EXTENSION, on(11, 9))
    with pytest.raises(Conflict, match="no limit"):
        case.do(M.EXTEND, on(11, 9))


def test_a_suspended_case_resumes_by_itself() -> None:
    case = Life(now=on(11, 8)).at_work(on(11, 8))
    stopped = case.do(M.SUSPEND, on(11, 9), Said(reason="等", until=on(18, 14)))
    assert (stopped.next_move, stopped.next_at) == (M.RESUME, on(18, 14))
    assert stopped.due_at == on(18, 17)
    case.wait(on(18, 14, 1))
    assert (case.standing.state, case.times.due_at) == (S.DISPATCHED, on(18, 17))
    case.wait(on(18, 17, 1))
    assert case.climbed == [("warn", None), ("overdue", None), ("escalate", "village")]


def test_a_suspension_cut_short() -> None:
    case = Life(now=on(11, 8)).at_work(on(11, 8))
    case.do(M.SUSPEND, on(11, 9), Said(reason="等", until=on(18, 14)))
    assert case.do(M.RESUME, on(11, 10)).due_at == on(11, 15)
    assert M.RESUME not in {due["move"] for due in case.times.agenda}


def test_a_suspended_file_is_dispatched_a_quarter_of_an_hour_after_it_wakes() -> None:
    case = Life(now=on(11, 8)).at_work(on(11, 8))
    case.do(M.RETURN, on(11, 9))
    stopped = case.do(M.SUSPEND, on(11, 9), Said(reason="等", until=on(18, 8)))
    assert (stopped.stage_due_at, stopped.due_at) == (on(18, 8, 15), None)
    case.wait(on(18, 8, 1))
    assert (case.standing.state, case.times.next_at) == (S.FILED, on(18, 8, 12))
    assert case.do(M.DISPATCH, on(18, 8, 5)).due_at == on(18, 11, 5)


@pytest.mark.parametrize(
    ("move", "said"),
    [
        (M.RETURN, Said(reason="不属我单位")),
        (M.FEEDBACK, Said(words="已修复")),
        (M.SUSPEND, Said(reason="等", until=on(18, 8))),
    ],
)
def test_a_clock_that_went_back_keeps_nobody_from_acting(move: Move, said: Said) -> None:
    case, ahead = Life(now=on(11, 8)).at_work(on(11, 8)), Life(now=on(11, 8)).at_work(on(11, 8))
    for one in (case, ahead):
        one.do(M.TAKE, on(11, 9))
        one.do(M.FEEDBACK, on(11, 9, 30))
        one.do(M.REWORK, on(11, 10))
    assert case.do(move, on(11, 9, 59), said) == ahead.do(move, on(11, 10), said)


@pytest.mark.parametrize("state", [S.FILED, S.DISPATCHED])
@pytest.mark.parametrize("days", [-999, 0, 367])
def test_a_suspension_ends_later_and_within_a_year(state: CaseState, days: int) -> None:
    case = Life(now=on(11, 8)).at_work(on(11, 8))
    if state is S.FILED:
        case.do(M.RETURN, on(11, 9))
    until = on(11, 9) + timedelta(days=days)
    with pytest.raises(BadInput, match="later time within one year of now, 2026-05-11 09:00"):
        case.do(M.SUSPEND, on(11, 9), Said(reason="等", until=until))


def test_void_ends_all_timers_and_restoring_begins_anew() -> None:
    case = Life(now=on(11, 8))
    assert case.do(M.VOID, on(11, 8, 5)) == Times()
    assert case.do(M.RESTORE, on(12, 9)).stage_due_at == on(12, 9, 15)


# Any life


DAYS = 40
MINUTES = np.arange(DAYS * 1440)


def _working() -> np.ndarray:
    """Whether each minute since BEGIN is one of work: asked of every minute by itself."""
    is_work = np.zeros(len(MINUTES), bool)
    for minute in MINUTES:
        at = BEGIN + timedelta(minutes=int(minute))
        works = (at.isoweekday() <= 5 and at.date() != HOLIDAY.day) or at.date() == SATURDAY.day
        is_work[minute] = works and (8 <= at.hour < 12 or 14 <= at.hour < 18)
    return is_work


WORKING = _working()


def naive_due(events: list[Event], limit: Limit) -> datetime | None:
    """Count the minutes in which the case lay with its last holder, one by one."""
    ticks = np.zeros(len(MINUTES), bool)
    holder, whole, wakes = None, 0.0, None
    for event, following in zip(events, [*events[1:], None], strict=True):
        if event.move is M.RESTORE:
            holder = None
        if event.move is M.DISPATCH and event.said.unit != holder:
            ticks[:] = False
            holder, whole = event.said.unit, limit.amount * 60
        whole += limit.amount * 60 if event.move is M.EXTEND else 0
        begin = _minute(event.at)
        end = _minute(following.at) if following else len(MINUTES)
        wakes = _minute(event.said.until) if event.move is M.SUSPEND else wakes
        if event.target in AT_WORK:
            ticks[begin:end] = True
        elif event.target is S.SUSPENDED and _stood(events, event) in AT_WORK:
            ticks[max(begin, wakes) : end] = True
    ran = np.cumsum(ticks & (WORKING | (limit.clock is Clock.URGENT_HOUR)))
    reached = np.flatnonzero(ran >= whole)
    state = events[-1].target
    stands = state not in AT_WORK and not (
        state is S.SUSPENDED and _stood(events, events[-1]) in AT_WORK
    )
    if holder is None or stands or not len(reached):
        return None
    return BEGIN + timedelta(minutes=int(reached[0]) + 1)


def _minute(at: datetime | None) -> int:
    assert at is not None
    return (at - BEGIN) // timedelta(minutes=1)


def _stood(events: list[Event], event: Event) -> CaseState | None:
    before = [one for one in events[: events.index(event) + 1] if one.move is M.SUSPEND]
    return before[-1].source


MOVES = [
    M.VERIFY, M.FILE, M.DISPATCH, M.DISPATCH, M.TAKE, M.RETURN, M.RECALL, M.FEEDBACK, M.REWORK,
    M.INSPECT, M.ASK_EXTENSION, M.EXTEND, M.SUSPEND, M.RESUME, M.VOID, M.RESTORE, M.CLOSE, M.NOTE,
    M.ASSIGN, M.UNASSIGN,
]  # fmt: skip


@settings(max_examples=150)
@given(st.data())
def test_any_life_has_the_deadline_that_its_events_tell(draw: st.DataObject) -> None:
    limit = draw.draw(st.sampled_from([FOUR_HOURS, Limit(2, Clock.URGENT_HOUR)]))
    case, now = Life(limit), BEGIN
    events: list[Event] = []
    for _ in range(draw.draw(st.integers(1, 14))):
        now += timedelta(minutes=draw.draw(st.sampled_from([1, 7, 40, 130, 300, 1440])))
        before = case.standing
        case.wait(now)
        if case.standing.state is not before.state:  # it woke by itself
            woke = before.until
            assert woke
            assert before.stood
            events.append(Event(M.RESUME, S.SUSPENDED, before.stood, 0, woke))
        allowed = {step.move for step in gis.cases.open_moves(case.standing, by=CLERK)}
        may = [move for move in MOVES if move in allowed]
        move = draw.draw(st.sampled_from(may))
        said = TOLD.get(move, Said(reason="有故"))
        if move is M.DISPATCH:
            said = Said(unit=draw.draw(st.integers(1, 2)))
        if move is M.SUSPEND:
            said = Said(reason="等", until=now + timedelta(hours=draw.draw(st.integers(1, 60))))
        source = case.standing.state
        try:
            case.do(move, now, said)
        except Conflict:
            assert move is M.EXTEND
            continue
        events.append(Event(move, source, case.standing.state, 0, now, said))
        _agrees(case, events)
    _climbs_to_the_end(case)


def _agrees(case: Life, events: list[Event]) -> None:
    times, state = case.times, case.standing.state
    instants = [datetime.fromisoformat(due["at"]) for due in times.agenda]
    assert instants == sorted(instants)
    assert times.next_at == (instants[0] if instants else None)
    if state in ENDED:
        assert (times.agenda, times.stage_due_at) == ([], None)
    if state not in {S.FEEDBACK, S.INSPECTED, *ENDED}:
        assert times.due_at == naive_due(events, case.limit)
    if times.handling and state in AT_WORK:
        assert times.handling.extensions <= MOST_EXTENSIONS


def _climbs_to_the_end(case: Life) -> None:
    """Left alone, it does what is left of its ladder, each rung once and in order."""
    left = [due for due in case.times.agenda if due["move"] != M.RESUME]
    began = len(case.told)
    case.wait(datetime(2027, 1, 1, tzinfo=UTC))
    told = [one for one in case.told[began:] if one[1] != M.RESUME]
    assert [one[1] for one in told] == [due["move"] for due in left]
    last = [(move, level) for _, move, _, level in case.told][-len(LADDER) :]
    if left and case.standing.state not in ENDED:
        ladder = [(rung.move, rung.level and str(rung.level)) for rung in LADDER]
        assert last == [*last[: len(LADDER) - len(left)], *ladder[-len(left) :]]


@settings(max_examples=60)
@given(st.integers(0, 5000), st.integers(1, 3000))
def test_time_wakes_a_case_as_somebody_would_at_that_instant(after: int, hours: int) -> None:
    case = Life().at_work(BEGIN)
    now = BEGIN + timedelta(minutes=after)
    case.wait(now)
    until = now + timedelta(hours=hours)
    suspended = case.do(M.SUSPEND, now, Said(reason="等", until=until))
    standing = replace(case.standing, state=S.DISPATCHED, stood=None, until=None)
    woken = gis.case_clock.after(
        M.RESUME, suspended, standing, limit=case.limit, calendar=CHINA, now=until
    )
    case.wait(until + timedelta(microseconds=1))
    assert case.times == woken
