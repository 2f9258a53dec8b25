"""指标 over PostGIS, held against the same numbers computed one event after the other."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session
from town import TESTER, at, inhabit, place

import data.cases
import data.clock
import data.db
import data.grid
import data.indicators
import data.locate
import data.network
import data.network_answers
import gis.cases
from api.actions import indicators
from data.cases import Case
from data.indicators import Period
from data.network import Called, Order
from data.whistles import Acting
from gis.access import EVERYWHERE, Role, Scope, Viewer
from gis.cases import Event, Said
from gis.errors import BadInput, Conflict, NotAllowed, WanggeError
from gis.indicators import By
from gis.terms import CaseState, DivisionLevel, Move, Part, WhistleKind

M, S = Move, CaseState
MONDAY = datetime(2026, 11, 2, 0, 0, tzinfo=UTC)  # eight in the morning in China
UNITS = {"D-1": "department", "D-2": "department"}
STREET_1 = Scope(420106001000 * 10**6, 420106002000 * 10**6 - 1)


def settle(db: Session, spots: dict[str, Any]) -> None:
    """Cases reported on Monday, in the cells of `town.inhabit`; two departments; a catalogue."""
    inhabit(db)
    db.execute(sa.text("DELETE FROM case_file"))
    place(db, "case_file", spots, title="积水", kind="event", class_code="0506", reported_at=MONDAY)
    for code, kind in UNITS.items():
        db.execute(
            sa.text("INSERT INTO network_unit (code, name, kind) VALUES (:c, :c || '局', :k)"),
            {"c": code, "k": kind},
        )
    db.execute(
        sa.text(
            "WITH c AS (INSERT INTO case_class (system, kind, code, name, major_code, major_name) "
            "VALUES ('t', 'event', '0506', '积水', '05', '突发') RETURNING id) "
            "INSERT INTO case_condition (class_id, number, filing, amount, clock, closing) "
            "SELECT c.id, n, '深', a, k, '退' FROM c, (VALUES (1, 4.0, 'work_hour'), "
            "(2, 2.0, 'urgent_hour'), (3, 1.0, 'work_day'), (4, 3.0, 'natural_day')) v (n, a, k)"
        )
    )
    data.grid.number_areas(db)
    data.locate.refile(db)
    db.execute(
        sa.text(
            "INSERT INTO case_event (case_id, at, actor, move, target) "
            "SELECT id, reported_at, 'test', 'report', 'reported' FROM case_file"
        )
    )


@dataclass
class Walk:
    """A case that moves at random, and sometimes whistles."""

    db: Session
    rng: random.Random
    now: datetime

    def said(self, case: Case) -> Said:
        units = self.db.scalars(sa.text("SELECT id FROM network_unit ORDER BY id")).all()
        conditions = self.db.scalars(sa.text("SELECT id FROM case_condition ORDER BY id")).all()
        return Said(
            words="话", reason="因", closing="退", rating=self.rng.randint(1, 5),
            condition=self.rng.choice(conditions), unit=self.rng.choice(units),
        )  # fmt: skip

    def step(self, code: str) -> None:
        self.now += timedelta(minutes=self.rng.choice((1, 7, 30, 95, 400, 1600)))
        case = data.cases.locked(self.db, code)
        usual = {
            S.REPORTED: [M.VERIFY, M.FILE, M.FILE, M.VOID], S.VERIFIED: [M.FILE, M.FILE, M.RETURN],
            S.FILED: [M.DISPATCH] * 5 + [M.RETURN, M.VOID], S.DISPATCHED: [M.TAKE] * 4 + [M.RETURN, M.RECALL],
            S.HANDLING: [M.FEEDBACK] * 5 + [M.RETURN, M.RECALL, M.APPEAL],
            S.FEEDBACK: [M.INSPECT] * 3 + [M.REWORK], S.INSPECTED: [M.CLOSE] * 4 + [M.REWORK],
            S.CLOSED: [M.EVALUATE, M.APPEAL], S.VOID: [M.RESTORE],
        }.get(case.state, [])  # fmt: skip
        if case.standing.appeal == "asked":
            usual = [M.UPHOLD, M.REJECT]
        if not usual:
            return
        move = self.rng.choice(usual)
        try:
            data.cases.move(self.db, case, move, self.said(case), by=TESTER, now=self.now)
        except WanggeError:
            assert move is M.APPEAL  # which is heard once

    def whistle(self, code: str) -> None:
        how = Acting(TESTER, self.now, data.clock.calendar(self.db))
        called = [Called("D-1", Part.LEAD), Called("D-2", Part.JOINT)][: self.rng.randint(1, 2)]
        order = Order(
            self.rng.choice([WhistleKind.EMERGENCY, WhistleKind.ROUTINE]),
            DivisionLevel.TOWNSHIP, "吹哨", (), called,
        )  # fmt: skip
        number, _ = data.network.blow(self.db, code, order, how)
        for _ in range(self.rng.randint(0, 9)):
            self.now += timedelta(minutes=self.rng.choice((1, 10, 20, 300)))
            how = Acting(TESTER, self.now, how.calendar)
            party = self.rng.randint(1, len(called))
            act = self.rng.choice(
                [M.APPROVE, M.CLAIM, M.CLAIM, M.ARRIVE, M.FINISH, M.DECLINE, M.RATE]
            )
            with_nothing_lost = self.db.begin_nested()
            try:
                if act is M.APPROVE:
                    self.rng.choice([data.network.approve, _refuse])(self.db, code, number, how)
                elif act is M.RATE:
                    rating = self.rng.randint(1, 5)
                    data.network_answers.rate(self.db, code, number, party, rating, how)
                else:
                    data.network_answers.answer(self.db, code, number, party, act, how, "话")
                with_nothing_lost.commit()
            except WanggeError:
                with_nothing_lost.rollback()


def _refuse(db: Session, code: str, number: int, how: Acting) -> None:
    data.network.refuse(db, code, number, how, "否")


# The same numbers, one event after the other


class Naive:
    """What a patient clerk counts who reads every timeline."""

    def __init__(self, db: Session, by: By, period: Period) -> None:
        self.db, self.by, self.period = db, by, period
        self.calendar = data.clock.calendar(db)
        self.counts: dict[str | None, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        self.units = dict(db.execute(sa.text("SELECT id, code FROM network_unit")).all())
        for code in db.scalars(sa.text("SELECT code FROM case_file ORDER BY id")).all():
            self._case(data.cases.find(db, code))

    def inside(self, *moments: datetime | None) -> bool:
        first = min((one for one in moments if one is not None), default=None)
        return first is not None and self.period.begins <= first < self.period.ends

    def past(self, moment: datetime | None) -> bool:
        return moment is not None and moment < self.period.ends

    def _area(self, case: Case, unit: int | None) -> tuple[bool, str | None]:
        """Whether it counts, and where."""
        if self.by is By.DEPARTMENT:
            return unit is not None, self.units.get(unit)
        cell = {"A": 1, "B": 1, "C": 2, "D": 3}
        code = self.db.scalar(
            sa.text("SELECT code FROM grid_cell WHERE id = :id"), {"id": case.cell_id}
        )
        community = {1: "420106001001", 2: "420106001002", 3: "420106002001"}.get(cell.get(code, 0))
        street = community and community[:9] + "000"
        return True, {By.CELL: code, By.COMMUNITY: community, By.STREET: street}[self.by]

    def add(self, case: Case, unit: int | None, **counts: float) -> None:
        counted, code = self._area(case, unit)
        if counted:
            for name, number in counts.items():
                self.counts[code][name] += number

    def _case(self, case: Case) -> None:
        events = data.cases.events(self.db, case)
        if any(one.move is M.UPHOLD for one in events):
            return
        self._whole(case, events)
        self._dispatches(case, events)
        self._whistles(case)

    def _whole(self, case: Case, events: list[Event]) -> None:
        state, unit = events[-1].target, gis.cases.replay(events).unit
        moves = [one.move for one in events]

        def last(move: Move) -> datetime | None:
            return next((one.at for one in reversed(events) if one.move is move), None)

        counts: dict[str, float] = {}
        if self.inside(events[0].at):
            begun = (state is S.VOID and M.FILE in moves) or state not in {
                S.REPORTED,
                S.VERIFIED,
                S.VOID,
            }
            counts |= {"reported": 1, "filed": begun and self.past(last(M.FILE))}
        due = case.times.due_at
        after_work = {S.FEEDBACK, S.INSPECTED, S.CLOSED, S.EVALUATED}
        handled = last(M.FEEDBACK) if state in after_work else None
        closed = last(M.CLOSE) if state in {S.CLOSED, S.EVALUATED} else None
        late = (case.times.overdue_at is not None and self.past(case.times.overdue_at)) or (
            handled is not None and due is not None and handled > due
        )
        if state is not S.VOID and M.DISPATCH in moves and self.inside(due, handled):
            counts["to_handle"] = 1
            if self.past(handled):
                sent = last(M.DISPATCH)
                assert handled is not None
                assert sent is not None
                counts |= {"handled": 1, "reworked": M.REWORK in moves, "timed": 1,
                           "natural_hours": (handled - sent).total_seconds() / 3600}  # fmt: skip
                if run := case.times.handling:
                    ran = run.elapsed(self.calendar, handled).total_seconds() / 3600
                    counts |= {"own_hours": ran, "own_timed": 1}
        if state is not S.VOID and self.inside(due, closed):
            counts |= {"to_close": 1, "closed": self.past(closed),
                       "on_time": self.past(closed) and not late}  # fmt: skip
        self.add(case, unit, **counts)

    def _dispatches(self, case: Case, events: list[Event]) -> None:
        work = (S.DISPATCHED, S.HANDLING)
        told = [
            one for one in events
            if self.past(one.at) and (one.move in {M.DISPATCH, M.RECALL}
                                      or (one.move is M.RETURN and one.source in work))
        ]  # fmt: skip
        for n, one in enumerate(told):
            if one.move is M.DISPATCH and self.inside(one.at):
                stays = n == 0 and (len(told) == 1 or told[1].move is M.DISPATCH)
                self.add(case, one.said.unit, dispatches=1, right_first=stays)

    def _whistles(self, case: Case) -> None:
        for w in self.db.execute(
            sa.text("SELECT * FROM whistle WHERE case_id = :id"), {"id": case.id}
        ).mappings():
            if w["state"] == "refused":
                continue
            if self.inside(w["asked_at"]):
                self.add(case, w["unit_id"], whistles=1)
            for p in self.db.execute(
                sa.text("SELECT * FROM whistle_party WHERE whistle_id = :id"), {"id": w["id"]}
            ).mappings():
                self._party(case, p)

    def _party(self, case: Case, p: Any) -> None:
        counts: dict[str, float] = {}
        if self.inside(p["claim_due_at"], p["claimed_at"], p["declined_at"]):
            in_time = p["claimed_at"] is not None and p["claimed_at"] <= p["claim_due_at"]
            counts |= {"to_claim": 1, "claimed_on_time": in_time}
        if self.past(p["claimed_at"]) and self.inside(p["arrive_due_at"], p["arrived_at"]):
            counts |= {"to_arrive": 1, "arrived": self.past(p["arrived_at"])}
        if self.past(p["claimed_at"]) and self.inside(p["finish_due_at"], p["finished_at"]):
            counts |= {"to_finish": 1, "finished": self.past(p["finished_at"])}
        if p["rating"] is not None and self.inside(p["finished_at"]):
            counts |= {"rated": 1, "rating": p["rating"]}
        self.add(case, p["unit_id"], **counts)

    def whole(self) -> dict[str | None, dict[str, float]]:
        told = {
            code: {name: pytest.approx(n) for name, n in counts.items() if n}
            for code, counts in self.counts.items()
        }
        return {code: counts for code, counts in told.items() if counts}


def counted(db: Session, by: By, period: Period, scope: Scope = EVERYWHERE) -> dict[Any, Any]:
    found = data.indicators.counted(db, by, period, scope=scope, calendar=data.clock.calendar(db))
    return {code: counts for (code, _), counts in found.items()}


def differing(found: dict[Any, Any], naive: dict[Any, Any]) -> list[Any]:
    """Area, name, both numbers: wherever they are not the same."""
    pairs = {(code, name) for told in (found, naive) for code in told for name in told[code]}
    numbers = [
        (*one, *(told.get(one[0], {}).get(one[1], 0) for told in (found, naive))) for one in pairs
    ]
    return [one for one in numbers if one[2] != one[3]]


@pytest.mark.parametrize("seed", range(4))
def test_random_timelines_count_as_a_patient_clerk_counts_them(db: Session, seed: int) -> None:
    rng = random.Random(seed)
    spots = {f"{n}": at(rng.choice((0.5, 1.5, 2.5, 3.5, 9)), 0.5) for n in range(24)}
    settle(db, spots)
    told: list[str] = []
    for code in spots:
        walk = Walk(db, rng, MONDAY + timedelta(hours=rng.randint(0, 60)))
        for _ in range(rng.randint(0, 14)):
            walk.step(code)
            case = data.cases.find(db, code)
            if rng.random() < 0.15 and case.state in {S.FILED, S.DISPATCHED, S.HANDLING}:
                try:
                    walk.whistle(code)
                except Conflict as error:
                    told.append(str(error))
    assert [one for one in told if "whistle" not in one] == []
    seen = set()
    for by in By:
        for days in ((0, 1), (1, 2), (0, 4), (3, 9), (0, 60)):
            period = Period(*(MONDAY + timedelta(days=day, minutes=17) for day in days))
            found = counted(db, by, period)
            assert differing(found, Naive(db, by, period).whole()) == [], (by, days)
            seen |= {name for counts in found.values() for name in counts}
            codes = [code for code in found if code is not None]
            assert codes == sorted(codes)
    assert len(seen) > 15  # there was something to count


# What the numbers leave out


def walked(db: Session, code: str, *moves: tuple[Move, timedelta]) -> None:
    rng = Walk(db, random.Random(1), MONDAY)
    for move, after in moves:
        case = data.cases.locked(db, code)
        data.cases.move(db, case, move, rng.said(case), by=TESTER, now=MONDAY + after)


HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CLOSED = [(M.FILE, HOUR / 4), (M.DISPATCH, HOUR / 2), (M.TAKE, HOUR), (M.FEEDBACK, 2 * HOUR),
          (M.INSPECT, 3 * HOUR), (M.CLOSE, 4 * HOUR)]  # fmt: skip
WEEK = Period(MONDAY - DAY, MONDAY + 7 * DAY)


def test_an_upheld_appeal_leaves_the_statistics(db: Session) -> None:
    settle(db, {"1": at(0.5, 0.5), "2": at(0.5, 0.6)})
    for code in "12":
        walked(db, code, *CLOSED)
    assert counted(db, By.CELL, WEEK)["A"]["closed"] == 2
    walked(db, "1", (M.APPEAL, 5 * HOUR))
    assert counted(db, By.CELL, WEEK)["A"]["closed"] == 2
    walked(db, "1", (M.UPHOLD, 6 * HOUR))
    assert counted(db, By.CELL, WEEK)["A"]["closed"] == 1
    assert counted(db, By.CELL, WEEK)["A"]["reported"] == 1


def test_a_case_counts_in_one_period_only(db: Session) -> None:
    settle(db, {"1": at(0.5, 0.5)})
    walked(db, "1", *CLOSED)
    db.execute(sa.text("UPDATE case_file SET due_at = :due"), {"due": MONDAY + 9 * DAY})
    days = [Period(MONDAY + n * DAY, MONDAY + (n + 1) * DAY) for n in range(-1, 12)]
    told = [counted(db, By.CELL, one).get("A", {}) for one in days]
    assert [n for n, one in enumerate(told) if one.get("to_close")] == [1]
    assert [n for n, one in enumerate(told) if one.get("to_handle")] == [1]


def test_numbers_are_of_ones_own_charge_and_of_no_guest(store: sa.Engine) -> None:
    with data.db.transaction(store) as db:
        settle(db, {"own": at(0.5, 0.5), "foreign": at(3.5, 0.5), "nowhere": at(9, 9)})
        walked(db, "foreign", *CLOSED[:3])
        unit = db.scalar(sa.text("SELECT unit_id FROM case_file WHERE code = 'foreign'"))
    day = date(2026, 11, 2)

    def areas(by: By, viewer: Viewer) -> list[tuple[Any, Any]]:
        told = indicators.indicators(store, by, since=day, until=day, viewer=viewer)
        return [(one["code"], one["counts"]["reported"]) for one in told["areas"]]

    guest = Viewer(1, "leader", "组长", Role.LEADER, STREET_1, unit=unit)
    assert areas(By.STREET, guest) == [("420106001000", 1)]
    assert areas(By.DEPARTMENT, guest) == []
    assert areas(By.STREET, TESTER) == [("420106001000", 1), ("420106002000", 1), (None, 1)]
    some = Viewer(2, "w", "网格员", Role.WORKER, Scope(1, 10**18, (420106002001000001,)))
    assert areas(By.CELL, some) == [("D", 1)]
    with pytest.raises(NotAllowed, match="right cases"):
        areas(By.STREET, Viewer(3, "p", "规划员", Role.PLANNER, EVERYWHERE))
    with pytest.raises(BadInput, match="is no period"):
        indicators.indicators(store, By.CELL, since=day, until=day - DAY, viewer=TESTER)
