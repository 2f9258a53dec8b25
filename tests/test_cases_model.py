"""Any sequence of moves, by anybody: no illegal state, no event lost, nothing half done.

A model of plain lists goes beside the store: what the acts let through is written down in it, and
after every step the store must say the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import hypothesis
import hypothesis.strategies as st
import pytest
import sqlalchemy as sa
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from town import SEAL, TESTER, at, inhabit

import data.case_sheet
import data.cases
import data.db
import data.grid
import data.locate
import data.scope
import gis.cases
from api.actions import cases, reports
from api.actions.cases import Asked
from gis.access import ANYBODY, EVERYWHERE, NOWHERE, Role, Scope, Viewer
from gis.cases import NETWORK, OF_TIME, STEPS, Event, Said, Standing
from gis.errors import BadInput, Conflict, NotAllowed, NotFound, WanggeError
from gis.terms import CaseState, Move

S, M = CaseState, Move
START = datetime(2026, 11, 20, 8, tzinfo=UTC)
ONWARD = {M.FILE, M.DISPATCH, M.TAKE, M.FEEDBACK, M.INSPECT, M.CLOSE, M.EVALUATE}
CLOCK = (M.WARN, M.OVERDUE, M.ESCALATE)
_requests = count(1)


def viewer(account: int, role: Role, scope: Scope = EVERYWHERE, **acts_for: int) -> Viewer:
    return Viewer(account, f"{role}-{account}", role.label, role, scope, **acts_for)


PEOPLE = (
    viewer(11, Role.ACCEPTOR),
    viewer(12, Role.DISPATCHER),
    viewer(13, Role.DEPARTMENT, NOWHERE, unit=1),
    viewer(14, Role.WORKER, worker=1),
    viewer(15, Role.INSPECTOR),
    viewer(16, Role.CHIEF),
    viewer(17, Role.LEADER),
    viewer(18, Role.ADMINISTRATOR),
    viewer(19, Role.ADMINISTRATOR),
    viewer(20, Role.PLANNER),
    TESTER,
)
ASKED: dict[str, dict[str, Any]] = {
    "words": {"words": "说明"},
    "reason": {"reason": "原因"},
    "condition": {"condition": 1},
    "holder": {"unit": "U1"},
    "worker": {"worker": "W1"},
    "until": {},
    "closing": {"closing": "已恢复"},
    "other": {},
    "cell": {"cell": "B"},
    "rating": {"rating": 3},
}
SAID = {"unit": 1, "worker": 1, "condition": 900_001}
"""The numbers of what is asked by code."""


@dataclass
class Kept:
    """A case of the model: its number, code and every event that was let through."""

    id: int
    code: str
    events: list[Event] = field(default_factory=list)

    @property
    def standing(self) -> Standing:
        return gis.cases.replay(self.events)


def version(case: Kept) -> int:
    """How often somebody decided: what time tells is no decision."""
    return sum(event.move not in OF_TIME for event in case.events)


class Life(RuleBasedStateMachine):
    store: sa.Engine

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.cases: list[Kept] = []

    @rule(x=st.sampled_from([0.5, 0.5001, 1.0, 9.0]))
    @precondition(lambda self: len(self.cases) < 4)
    def somebody_reports(self, x: float) -> None:
        spot = at(x, 0.5)
        told = reports.Report("event", "0501", "水", lon=spot.x, lat=spot.y)
        code = reports.report(self.store, told, by=ANYBODY, seal=SEAL, now=self.now)["code"]
        with data.db.transaction(self.store) as db:
            number = db.scalar(sa.text("SELECT id FROM case_file WHERE code = :c"), {"c": code})
        self.cases.append(Kept(number, code, [Event(M.REPORT, None, S.REPORTED, 0, self.now)]))

    @rule(minutes=st.integers(1, 5000))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(draw=st.data())
    @precondition(lambda self: self.cases)
    def somebody_moves_it(self, draw: st.DataObject) -> None:
        """A move that may be made is made, unless it looks beyond the case itself."""
        case = draw.draw(st.sampled_from(self.cases))
        by, move = draw.draw(st.sampled_from(self.may(case, set(STEPS))))
        refusal = self.make(case, move, by, self.asked(case, move))
        assert refusal is None or move in {M.EXTEND, M.JOIN, M.VOID}, (move, refusal)

    @rule(draw=st.data(), steps=st.integers(1, 7))
    @precondition(lambda self: self.cases)
    def it_goes_its_way(self, draw: st.DataObject, steps: int) -> None:
        case = draw.draw(st.sampled_from(self.cases))
        for _ in range(steps):
            if may := self.may(case, ONWARD):
                by, move = draw.draw(st.sampled_from(may))
                assert self.make(case, move, by, self.asked(case, move)) is None

    @rule(
        draw=st.data(),
        move=st.sampled_from([*STEPS]),
        by=st.sampled_from(PEOPLE),
        told=st.booleans(),
        late=st.booleans(),
    )
    @precondition(lambda self: self.cases)
    def somebody_tries_anything(
        self, draw: st.DataObject, move: Move, by: Viewer, told: bool, late: bool
    ) -> None:
        """What may not be made is refused, and so is what needs more words or is too late."""
        case = draw.draw(st.sampled_from(self.cases))
        asked = self.asked(case, move) if told else Asked(move)
        if late:
            asked = replace(asked, version=version(case) - 1)
        allowed = self.allowed(case, move, by) and (told or not STEPS[move].needs)
        refusal = self.make(case, move, by, asked)
        if not allowed:
            assert isinstance(refusal, BadInput | Conflict | NotAllowed | NotFound)
        if late and move not in NETWORK | {*CLOCK}:
            assert refusal is not None

    @rule(draw=st.data(), times=st.integers(2, 3))
    @precondition(lambda self: self.cases)
    def a_request_comes_again(self, draw: st.DataObject, times: int) -> None:
        case = draw.draw(st.sampled_from(self.cases))
        asked = Asked(M.NOTE, words="看过", request_id=f"r{next(_requests)}")
        self.make(case, M.NOTE, TESTER, asked)
        for _ in range(times - 1):
            again = cases.move(self.store, case.code, asked, by=TESTER, now=self.now)
            assert again["version"] == version(case)

    # What the model says

    def may(self, case: Kept, moves: set[Move]) -> list[tuple[Viewer, Move]]:
        """Who may make which of these moves."""
        return [
            (by, step.move)
            for by in PEOPLE
            for step in gis.cases.open_moves(case.standing, by=by)
            if self.sees(case, by) and step.move in moves
        ]

    def sees(self, case: Kept, by: Viewer) -> bool:
        if by.role is Role.PLANNER:
            return False
        standing = case.standing
        lies = standing.unit == by.unit and standing.state not in gis.cases.ENDED
        return by.scope is not NOWHERE or lies

    def allowed(self, case: Kept, move: Move, by: Viewer) -> bool:
        try:
            gis.cases.check(case.standing, move, self.said(self.asked(case, move)), by=by)
        except WanggeError:
            return False
        return self.sees(case, by)

    def asked(self, case: Kept, move: Move) -> Asked:
        """Everything a move needs, as people say it."""
        asked = Asked(move)
        for need in STEPS[move].needs:
            asked = replace(asked, **ASKED[need])
        if move is M.SUSPEND:
            asked = replace(asked, until=self.now + timedelta(days=3))
        if move is M.JOIN:
            asked = replace(
                asked, other=self.cases[case is self.cases[0] and len(self.cases) > 1].code
            )
        return asked

    def said(self, asked: Asked) -> Said:
        """The same as the acts say it to the store."""
        names = ("words", "reason", "until", "closing", "cell", "rating")
        numbers = {name: SAID[name] for name in SAID if getattr(asked, name)}
        other = [one.id for one in self.cases if one.code == asked.other]
        return Said(
            **{name: getattr(asked, name) for name in names}, **numbers,
            other=other[0] if other else None,
        )  # fmt: skip

    # Making a move in both

    def make(self, case: Kept, move: Move, by: Viewer, asked: Asked) -> WanggeError | None:
        try:
            self.act(case, move, by, asked)
        except WanggeError as refusal:
            self.look()
            return refusal
        target = gis.cases.check(case.standing, move, self.said(asked), by=by)
        self.write(case, move, target, by, self.said(asked))
        if move is M.CLOSE:
            for one in self.cases:
                if one.standing.joined_to == case.id and one.standing.state in gis.cases.OPEN:
                    self.write(one, M.FOLLOW, S.CLOSED, by, Said(detail={"main": case.code}))
        self.look()
        return None

    def act(self, case: Kept, move: Move, by: Viewer, asked: Asked) -> None:
        """People's moves by the act; those of whistles and of time as these make them."""
        if move not in NETWORK | {*CLOCK}:
            cases.move(self.store, case.code, asked, by=by, now=self.now)
            return
        with data.scope.transaction(self.store, by) as db:
            found = data.cases.locked(db, case.code)
            data.cases.move(db, found, move, self.said(asked), by=by, now=self.now)

    def write(self, case: Kept, move: Move, target: CaseState, by: Viewer, said: Said) -> None:
        case.events.append(Event(move, case.standing.state, target, by.account, self.now, said))

    def look(self) -> None:
        """The store says what the model says, event by event and column by column."""
        with data.db.transaction(self.store, keep=False) as db:
            for case in self.cases:
                found = data.cases.find(db, case.code)
                events = data.cases.events(db, found)
                assert events[1:] == case.events[1:]
                assert len(events) == len(case.events)
                assert found.version == version(case)
                assert found.standing == case.standing
                assert (found.times.next_at is None) or found.state not in gis.cases.ENDED
            assert data.case_sheet.untrue(db) == 0
            assert data.locate.wrong_tallies(db) == 0


@pytest.fixture
def city(store: sa.Engine) -> sa.Engine:
    with data.db.transaction(store) as db:
        inhabit(db)
        for line in (
            "DELETE FROM case_file",
            "INSERT INTO network_unit (code, name, kind) VALUES ('U1', '水务局', 'department')",
            "INSERT INTO worker (code, name) VALUES ('W1', '王五')",
            "DELETE FROM case_class",
            "INSERT INTO case_class (id, system, kind, code, name, major_code, major_name)"
            " VALUES (900001, 'x', 'event', '0501', '供水管道破裂', '05', '突发事件')",
            "INSERT INTO case_condition (id, class_id, number, filing, amount, clock, closing)"
            " VALUES (900001, 900001, 1, '喷水', 2, 'work_day', '修复')",
        ):
            db.execute(sa.text(line))
        data.grid.number_areas(db)
        data.locate.refile(db)
    return store


def test_no_sequence_of_moves_loses_an_event_or_reaches_an_illegal_state(city: sa.Engine) -> None:
    Life.store = city
    run_state_machine_as_test(
        Life,
        settings=hypothesis.settings(
            max_examples=8,
            stateful_step_count=40,
            phases=[hypothesis.Phase.generate],  # to make a failure shorter takes minutes here
            database=None,
            deadline=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        ),
    )
