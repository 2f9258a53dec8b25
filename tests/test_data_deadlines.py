"""Deadlines climb in the store: each event once, however many work at it, die or come late."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session
from town import TESTER, at, inhabit, place

import api.actions.deadlines as acts
import data.cases
import data.db
import data.deadlines
import data.grid
import data.locate
import data.scope
import gis.case_clock
import gis.cases
from gis.case_clock import LADDER
from gis.cases import Said
from gis.terms import CaseState, Move

S, M = CaseState, Move
HERE = ZoneInfo("Asia/Shanghai")
RUNGS = [str(rung.move) for rung in LADDER]


def on(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 5, day, hour, minute, tzinfo=HERE)


def settle(db: Session) -> None:
    """The town of two streets with the reports c-1 and c-2, a unit, and a limit of 4 work hours."""
    inhabit(db)
    place(db, "case_file", {"c-1": at(0.5, 0.5), "c-2": at(3.5, 0.5)}, title="积水")
    for line in (
        "INSERT INTO network_unit (code, name, kind) VALUES ('u1', '水务局', 'department')",
        "INSERT INTO case_class (id, system, kind, code, name, major_code, major_name)"
        " VALUES (9001, 'x', 'event', '9501', '供水管道破裂', '95', '突发事件')",
        "INSERT INTO case_condition (id, class_id, number, filing, amount, clock, closing)"
        " VALUES (9001, 9001, 1, '喷水', 4, 'work_hour', '修复')",
        "INSERT INTO case_event (case_id, at, account, actor, move, target)"
        " SELECT id, '2026-05-01', 0, 'import', 'bring', state FROM case_file ORDER BY id",
    ):
        db.execute(sa.text(line))
    data.grid.number_areas(db)
    data.locate.refile(db)


@pytest.fixture(scope="module")
def ground(settled: Callable[..., str]) -> str:
    return settled(settle)


@pytest.fixture
def city(store: sa.Engine) -> sa.Engine:
    return store


TOLD = {
    M.FILE: Said(condition=9001),
    M.DISPATCH: Said(unit=1),
    M.FEEDBACK: Said(words="已修复"),
    M.CLOSE: Said(closing="修复"),
    M.NOTE: Said(words="记"),
}


def go(store: sa.Engine, code: str, *moves: Move, now: datetime, **said: Any) -> data.cases.Case:
    for move in moves:
        told = Said(**said) if said else TOLD.get(move, Said())
        with data.scope.transaction(store, TESTER) as db:
            case = data.cases.locked(db, code)
            case = data.cases.move(db, case, move, told, by=TESTER, now=now)
    return case


def find(store: sa.Engine, code: str) -> data.cases.Case:
    with data.scope.transaction(store, TESTER) as db:
        return data.cases.find(db, code)


def climbed(store: sa.Engine, code: str) -> list[tuple[str, datetime]]:
    """What time did to a case, in the order in which it was written."""
    with data.scope.transaction(store, TESTER) as db:
        told = data.cases.timeline(db, data.cases.find(db, code))
    return [(one["move"], one["at"]) for one in told if one["actor"] == "clock"]


def is_sum_of_its_events(db: Session, code: str) -> bool:
    case = data.cases.find(db, code)
    return gis.cases.replay(data.cases.events(db, case)) == case.standing


# One case


def test_what_time_does_to_the_row_is_what_the_rule_says(city: sa.Engine) -> None:
    case = go(city, "c-1", M.FILE, M.DISPATCH, now=on(8, 16))
    while case.times.next_at is not None:
        now = case.times.next_at + timedelta(microseconds=1)
        assert acts.climb(city, now=case.times.next_at).cases == 0  # at the deadline it is on time
        assert acts.climb(city, now=now, most=1).cases == 1
        assert find(city, "c-1").times == gis.case_clock.passed(case.times)
        case = find(city, "c-1")
        with data.scope.transaction(city, TESTER) as db:
            assert is_sum_of_its_events(db, "c-1")
    assert [move for move, _ in climbed(city, "c-1")] == RUNGS


def test_a_weekend_and_a_shifted_saturday(city: sa.Engine) -> None:
    go(city, "c-1", M.FILE, M.DISPATCH, now=on(8, 16))  # the Friday before a working Saturday
    go(city, "c-2", M.FILE, M.DISPATCH, now=on(15, 16))  # the Friday before a free one
    acts.catch_up(city, now=on(18, 10, 1))
    village = "escalate"
    saturday = [("warn", on(9, 9, 12)), ("overdue", on(9, 10)), (village, on(9, 10))]
    assert climbed(city, "c-1")[:3] == saturday
    monday = [("warn", on(18, 9, 12)), ("overdue", on(18, 10)), (village, on(18, 10))]
    assert climbed(city, "c-2") == monday


def test_after_days_of_standing_still_each_event_comes_once_with_its_own_instant(
    city: sa.Engine,
) -> None:
    go(city, "c-1", M.FILE, M.DISPATCH, now=on(11, 8))
    done = acts.catch_up(city, now=on(25, 8))
    assert done == Counter({M.WARN: 1, M.OVERDUE: 1, M.ESCALATE: 3})
    instants = [on(11, 11, 12), on(11, 12), on(11, 12), on(11, 16), on(11, 18)]
    assert climbed(city, "c-1") == list(zip(RUNGS, instants, strict=True))
    assert acts.catch_up(city, now=on(26, 8)) == Counter()
    case = find(city, "c-1")
    assert (case.times.overdue_at, case.times.level) == (on(11, 12), "county")


def test_what_is_told_late_is_told_after_what_happened_meanwhile(city: sa.Engine) -> None:
    go(city, "c-1", M.FILE, M.DISPATCH, M.TAKE, now=on(11, 8))
    go(city, "c-1", M.FEEDBACK, now=on(11, 15))
    acts.catch_up(city, now=on(11, 15, 1))
    told = climbed(city, "c-1")
    assert told == [(move, on(11, 15)) for move in ("warn", "overdue", "escalate")]
    with data.scope.transaction(city, TESTER) as db:
        case = data.cases.find(db, "c-1")
        overdue = [one for one in data.cases.timeline(db, case) if one["move"] == "overdue"]
    assert [datetime.fromisoformat(one["detail"]["due"]) for one in overdue] == [on(11, 12)]
    assert case.times.overdue_at == on(11, 12)


@pytest.mark.parametrize("before", [(M.FILE,), (M.FILE, M.DISPATCH, M.TAKE)])
def test_a_suspended_case_resumes_by_itself(city: sa.Engine, before: tuple[Move, ...]) -> None:
    state = go(city, "c-1", *before, now=on(11, 8)).state
    go(city, "c-1", M.SUSPEND, now=on(11, 8, 1), reason="等设备", until=on(13, 9))
    assert acts.catch_up(city, now=on(13, 9)) == Counter()
    assert acts.catch_up(city, now=on(13, 9, 1)) == Counter({M.RESUME: 1})
    case = find(city, "c-1")
    assert (case.state, case.standing.until) == (state, None)
    assert climbed(city, "c-1") == [("resume", on(13, 9))]
    assert acts.catch_up(city, now=on(30, 9))[M.OVERDUE] == 1
    with data.scope.transaction(city, TESTER) as db:
        assert is_sum_of_its_events(db, "c-1")


def test_a_case_that_a_sheet_brought_elsewhere_is_not_climbed(city: sa.Engine) -> None:
    go(city, "c-1", M.FILE, M.DISPATCH, now=on(11, 8))
    with data.db.transaction(city) as db:
        db.execute(
            sa.text(
                "INSERT INTO case_event (case_id, at, actor, move, source, target)"
                " SELECT id, now(), 'import', 'bring', state, 'closed' FROM case_file"
                " WHERE code = 'c-1'"
            )
        )
    assert acts.catch_up(city, now=on(30, 8)) == Counter()
    assert find(city, "c-1").times.next_at is None
    assert climbed(city, "c-1") == []


def test_a_case_that_somebody_moves_just_now_waits(city: sa.Engine) -> None:
    go(city, "c-1", M.FILE, M.DISPATCH, now=on(11, 8))
    go(city, "c-2", M.FILE, M.DISPATCH, now=on(11, 8))
    with data.scope.transaction(city, TESTER) as db:
        data.cases.locked(db, "c-1")
        assert acts.catch_up(city, now=on(11, 11, 30)) == Counter({M.WARN: 1})
    assert climbed(city, "c-1") == []
    assert acts.catch_up(city, now=on(11, 11, 30)) == Counter({M.WARN: 1})


def test_what_is_next(city: sa.Engine) -> None:
    assert acts.next_at(city) is None
    go(city, "c-1", M.FILE, M.DISPATCH, now=on(11, 8))
    go(city, "c-2", M.FILE, now=on(11, 9))
    assert acts.next_at(city) == on(11, 9, 12)
    coming = acts.coming(city, by=TESTER, most=5)
    assert [(one["code"], one["clock"], one["at"]) for one in coming] == [
        ("c-2", "dispatch", on(11, 9, 12)),
        ("c-1", "handling", on(11, 11, 12)),
    ]


def test_public_numbers_follow_the_cases(city: sa.Engine) -> None:
    def shown() -> dict[str, int]:
        with data.db.transaction(city) as db:
            query = (
                "SELECT c.code, s.open_cases FROM cell_shown s JOIN grid_cell c ON c.id = cell_id"
            )
            return {code: count for code, count in db.execute(sa.text(query)) if count}

    with data.db.transaction(city) as db:
        db.execute(sa.text("UPDATE cell_tally SET cases = 9, open_cases = 9"))
        data.db.bump(db, "cases")
    assert acts.show_counts(city)
    assert shown() == dict.fromkeys("ABCD", 9)
    go(city, "c-1", M.VOID, now=on(11, 8), reason="重复")
    assert not acts.show_counts(city)  # an act raises the version; this was none
    with data.db.transaction(city) as db:
        data.db.bump(db, "cases")
    assert acts.show_counts(city)
    assert not acts.show_counts(city)
    assert shown() == dict.fromkeys("BCD", 9) | {"A": 8}


# Many cases


def multiply(store: sa.Engine, count: int) -> None:
    """Let so many cases stand as c-1 does, times and all."""
    columns = "title, state, clock, due_at, next_at, next_move, unit_id, condition_id, cell_id"
    with data.db.transaction(store) as db:
        db.execute(
            sa.text(
                f"INSERT INTO case_file (code, {columns}) SELECT 'm-' || n, {columns}"
                " FROM case_file, generate_series(1, :count) n WHERE code = 'c-1'"
            ),
            {"count": count},
        )
        db.execute(
            sa.text(
                "INSERT INTO case_event (case_id, at, actor, move, target)"
                " SELECT id, '2026-05-01', 'import', 'bring', state FROM case_file"
                " WHERE code LIKE 'm-%'"
            )
        )


def told_of(store: sa.Engine) -> list[tuple[list[str], int]]:
    """The different stories that the many have, and how many have each."""
    query = """
        SELECT moves, count(*) FROM (
            SELECT f.id, array_remove(array_agg(e.move ORDER BY e.id), NULL) AS moves
            FROM case_file f LEFT JOIN case_event e ON e.case_id = f.id AND e.actor = 'clock'
            WHERE f.code LIKE 'm-%' GROUP BY f.id) one
        GROUP BY moves
    """
    with data.db.transaction(store) as db:
        return [(moves, count) for moves, count in db.execute(sa.text(query))]


def test_more_than_are_done_at_once(city: sa.Engine) -> None:
    go(city, "c-1", M.FILE, M.DISPATCH, now=on(11, 8))
    many = 2 * data.deadlines.AT_ONCE
    multiply(city, many)
    done = acts.catch_up(city, now=on(25, 8))
    assert done == Counter({M.WARN: many + 1, M.OVERDUE: many + 1, M.ESCALATE: 3 * many + 3})
    assert told_of(city) == [(RUNGS, many)]


def test_several_at_once_do_each_thing_once(city: sa.Engine) -> None:
    go(city, "c-1", M.FILE, M.DISPATCH, now=on(11, 8))
    multiply(city, 500)

    def work(_: int) -> Counter[Move]:
        done: Counter[Move] = Counter()
        while acts.next_at(city) is not None:
            done.update(acts.climb(city, now=on(25, 8), most=17).moves)
        return done

    with ThreadPoolExecutor(3) as workers:
        done = sum(workers.map(work, range(3)), Counter[Move]())
    assert done == Counter({M.WARN: 501, M.OVERDUE: 501, M.ESCALATE: 1503})
    assert told_of(city) == [(RUNGS, 500)]


# The process


@contextmanager
def worker(url: str) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-m", "api.climbing"], stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write(json.dumps({"url": url, "pooler": False}).encode() + b"\n")
        process.stdin.flush()
        try:
            yield process
        finally:
            process.kill()


def told_so_far(store: sa.Engine) -> int:
    with data.db.transaction(store) as db:
        query = "SELECT count(*) FROM case_event WHERE actor = 'clock'"
        return int(db.scalar(sa.text(query)) or 0)


def wait_for_more(store: sa.Engine, than: int) -> int:
    deadline = time.monotonic() + 60
    while (now := told_so_far(store)) <= than and time.monotonic() < deadline:
        time.sleep(0.01)
    return now


def test_killed_amid_its_work_again_and_again_it_tells_each_event_once(
    city: sa.Engine, store_url: str
) -> None:
    go(city, "c-1", M.FILE, M.DISPATCH, now=on(11, 8))
    multiply(city, 1_500)
    told, kills = 0, 0
    while told < 5 * 1_501:
        with worker(store_url), worker(store_url):  # two at once; both are killed, kill -9
            told = wait_for_more(city, told)
            kills += 1
    assert told_of(city) == [(RUNGS, 1_500)]
    assert kills > 2
    with data.db.transaction(city) as db:
        assert is_sum_of_its_events(db, "c-1")


def test_it_ends_when_nobody_holds_the_other_end_of_its_pipe(store_url: str) -> None:
    with worker(store_url) as process:
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=30) == 0


def test_it_works_when_time_comes_and_when_a_case_moves(city: sa.Engine, store_url: str) -> None:
    with worker(store_url):
        now = datetime.now(UTC)
        go(city, "c-1", M.FILE, now=now - timedelta(minutes=12) + timedelta(seconds=1))
        assert wait_for_more(city, 0) == 1
    assert [move for move, _ in climbed(city, "c-1")] == ["warn"]


def test_it_waits_through_a_store_that_is_down(city: sa.Engine, store_url: str) -> None:
    name = sa.make_url(store_url).database
    own = city.execution_options(isolation_level="AUTOCOMMIT")
    with worker(store_url) as process, own.connect() as other:
        cut = sa.text(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = :name AND pid <> pg_backend_pid()"
        )
        while not other.scalar(cut, {"name": name}):
            time.sleep(0.05)
        go(city, "c-1", M.FILE, M.DISPATCH, now=on(11, 8))
        assert wait_for_more(city, 0) > 0
        assert process.poll() is None
