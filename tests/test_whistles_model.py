"""Whistles by a model: whatever people try, the store allows what the rules say and keeps it all.

The model knows no table of `gis.network`: it says in its own words when an act may be done. Every
act is tried, allowed or not; what is refused changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from whistling import CHIEF, DISPATCHER, LEADER, NOW, SOON, settle

import data.cases
import data.db
import data.network_look
from api.actions import whistles
from api.actions.whistles import Called, How, Meeting, Order, Task
from gis.access import Viewer
from gis.cases import replay
from gis.errors import WanggeError
from gis.terms import DivisionLevel, Move, Part, WhistleKind

UNITS = ("D-water", "D-gas", "S-1", "C-2")
_numbers = count(1)
STORE: list[sa.Engine] = []
LIVE = ("sounding", "meeting")


class Whistles(RuleBasedStateMachine):
    """One case; the model of its whistles: state, approval, parties, meeting; and its timeline."""

    def __init__(self) -> None:
        super().__init__()
        self.code, self.now = f"W{next(_numbers)}", NOW
        with data.db.transaction(STORE[0]) as db:
            for query in (
                "INSERT INTO case_file (code, title, state, area_no, cell_id, geom) SELECT :code, "
                "title, state, area_no, cell_id, geom FROM case_file WHERE code = '积水'",
                "INSERT INTO case_event (case_id, at, actor, move, target) "
                "SELECT id, now(), 'test', 'bring', state FROM case_file WHERE code = :code",
            ):
                db.execute(sa.text(query), {"code": self.code})
        self.rounds: list[dict[str, Any]] = []
        self.timeline = ["bring"]

    # Trying

    def how(self, by: Viewer) -> How:
        self.now += SOON
        return How(by, self.now)

    def tried(self, act: Callable[[], Any], *, may: bool, moves: list[Move]) -> bool:
        """Do it; the store agrees with the model whether it may be done."""
        try:
            act()
        except WanggeError:
            assert not may, f"{moves} was refused after {self.timeline}"
            return False
        assert may, f"{moves} was let after {self.timeline}"
        self.timeline += [str(move) for move in moves]
        return True

    @property
    def last(self) -> dict[str, Any]:
        return self.rounds[-1]

    def parties(self, *states: str) -> list[dict[str, Any]]:
        return [one for one in self.last["parties"] if one["state"] in states]

    def has_lead(self, called: list[Part]) -> bool:
        there = [one["part"] for one in self.last["parties"] if one["state"] != "declined"]
        return (there + called).count(Part.LEAD) == 1

    # Blowing and approving

    @rule(kind=st.sampled_from(WhistleKind), parts=st.lists(st.sampled_from(Part), max_size=3))
    def blow(self, kind: WhistleKind, parts: list[Part]) -> None:
        called = [Called(code, part) for code, part in zip(UNITS, parts, strict=False)]
        gone = (
            bool(self.rounds)
            and self.last["state"] in LIVE
            and bool(self.last["parties"])
            and (all(one["state"] == "declined" for one in self.last["parties"]))
        )
        free = not self.rounds or self.last["state"] in {"closed", "refused"} or gone
        may = free and len(self.rounds) < 3 and (not parts or parts.count(Part.LEAD) == 1)
        order = Order(kind, DivisionLevel.TOWNSHIP, "产权不明", (), called)
        moves = [Move.QUIET, Move.WHISTLE] if gone else [Move.WHISTLE]
        act = lambda: whistles.blow(STORE[0], self.code, order, self.how(LEADER))  # noqa: E731
        if not self.tried(act, may=may, moves=moves):
            return
        if gone:
            self.last["state"] = "closed"
        urgent = kind is WhistleKind.EMERGENCY
        self.rounds.append({
            "state": "sounding" if urgent else "asked", "approved": False,
            "called": [one.code for one in called],
            "parties": [{"state": "invited" if urgent else "named", "part": part, "rating": None}
                        for part in parts],
        })  # fmt: skip

    @precondition(lambda self: self.rounds)
    @rule(by=st.sampled_from([CHIEF, DISPATCHER]))
    def approve(self, by: Viewer) -> None:
        may = by is CHIEF and not self.last["approved"] and self.last["state"] != "refused"
        number = len(self.rounds)
        if self.tried(
            lambda: whistles.approve(STORE[0], self.code, number, self.how(by)),
            may=may, moves=[Move.APPROVE],
        ):  # fmt: skip
            self.last["approved"] = True
            if self.last["state"] == "asked":
                self.last["state"] = "sounding"
            for one in self.parties("named"):
                one["state"] = "invited"

    @precondition(lambda self: self.rounds)
    @rule(reason=st.sampled_from(["", "不属实"]))
    def refuse(self, reason: str) -> None:
        may = bool(reason) and not self.last["approved"] and self.last["state"] != "refused"
        number = len(self.rounds)
        if self.tried(
            lambda: whistles.refuse(STORE[0], self.code, number, self.how(CHIEF), reason),
            may=may, moves=[Move.REFUSE_WHISTLE],
        ):  # fmt: skip
            self.last["state"] = "refused"

    @precondition(lambda self: self.rounds)
    @rule(part=st.sampled_from(Part), unit=st.sampled_from(UNITS))
    def invite(self, part: Part, unit: str) -> None:
        called = self.last["called"]
        may = self.last["state"] in LIVE and unit not in called and self.has_lead([part])
        number = len(self.rounds)
        if self.tried(
            lambda: whistles.invite(
                STORE[0], self.code, number, [Called(unit, part)], self.how(LEADER)
            ),
            may=may, moves=[Move.INVITE],
        ):  # fmt: skip
            self.last["parties"].append({"state": "invited", "part": part, "rating": None})
            called.append(unit)

    # Answering

    @precondition(lambda self: self.rounds)
    @rule(
        act=st.sampled_from(["claim", "decline", "arrive", "finish"]),
        party=st.integers(1, 4), words=st.sampled_from(["", "话"]),
    )  # fmt: skip
    def answer(self, act: str, party: int, words: str) -> None:
        before = {
            "claim": "invited",
            "decline": "invited",
            "arrive": "claimed",
            "finish": "arrived",
        }
        after = {
            "claim": "claimed",
            "decline": "declined",
            "arrive": "arrived",
            "finish": "finished",
        }
        parties, number = self.last["parties"], len(self.rounds)
        may = (
            self.last["state"] in LIVE and party <= len(parties)
            and parties[party - 1]["state"] == before[act]
            and (bool(words) or act in {"claim", "arrive"})
        )  # fmt: skip
        if self.tried(
            lambda: whistles.answer(
                STORE[0], self.code, number, party, Move(act), self.how(DISPATCHER), words
            ),
            may=may, moves=[Move(act)],
        ):  # fmt: skip
            parties[party - 1]["state"] = after[act]

    @precondition(lambda self: self.rounds)
    @rule(
        party=st.integers(1, 3), rating=st.integers(0, 6), by=st.sampled_from([LEADER, DISPATCHER])
    )
    def rate(self, party: int, rating: int, by: Viewer) -> None:
        parties, number = self.last["parties"], len(self.rounds)
        may = (
            self.last["state"] not in {"asked", "refused"} and party <= len(parties)
            and parties[party - 1]["state"] == "finished"
            and parties[party - 1]["rating"] is None and 1 <= rating <= 5 and by is LEADER
        )  # fmt: skip
        if self.tried(
            lambda: whistles.rate(STORE[0], self.code, number, party, rating, self.how(by)),
            may=may, moves=[Move.RATE],
        ):  # fmt: skip
            parties[party - 1]["rating"] = rating

    # Meeting and ending

    @precondition(lambda self: self.rounds)
    @rule()
    def meet(self) -> None:
        number = len(self.rounds)
        if self.tried(
            lambda: whistles.meet(STORE[0], self.code, number, Meeting(NOW), self.how(LEADER)),
            may=self.last["state"] in LIVE, moves=[Move.MEET],
        ):  # fmt: skip
            self.last["state"] = "meeting"

    @precondition(lambda self: self.rounds)
    @rule(decisions=st.sampled_from(["", "共同改造"]))
    def resolve(self, decisions: str) -> None:
        number, tasks = len(self.rounds), [Task("D-gas", "迁改", NOW)]
        if self.tried(
            lambda: whistles.resolve(
                STORE[0], self.code, number, decisions, tasks, self.how(LEADER)
            ),
            may=self.last["state"] == "meeting" and bool(decisions), moves=[Move.RESOLVE],
        ):  # fmt: skip
            self.last["state"] = "sounding"

    @precondition(lambda self: self.rounds)
    @rule(by=st.sampled_from([LEADER, CHIEF]), words=st.sampled_from(["", "够了"]))
    def close(self, by: Viewer, words: str) -> None:
        staying = [one["state"] for one in self.last["parties"] if one["state"] != "declined"]
        done = self.last["state"] == "sounding" and set(staying) == {"finished"}
        may = self.last["state"] in LIVE and (done or (by is CHIEF and bool(words)))
        number = len(self.rounds)
        if self.tried(
            lambda: whistles.quiet(STORE[0], self.code, number, self.how(by), words),
            may=may, moves=[Move.QUIET],
        ):  # fmt: skip
            self.last["state"] = "closed"

    # What always holds

    @invariant()
    def the_store_is_what_the_model_says(self) -> None:
        with data.db.transaction(STORE[0], keep=False) as db:
            case = data.cases.find(db, self.code)
            told = data.network_look.told(db, case.id, now=self.now)
            events = data.cases.events(db, case)
        assert [str(one.move) for one in events] == self.timeline
        assert (replay(events), case.version) == (case.standing, len(self.timeline))
        assert [one["round"] for one in told] == list(range(1, len(self.rounds) + 1))
        assert [
            {
                "state": one["state"], "approved": one["approved_at"] is not None,
                "parties": [{name: party[name] for name in ("state", "part", "rating")}
                            for party in one["parties"]],
            }
            for one in told
        ] == [
            {name: one[name] for name in ("state", "approved", "parties")} for one in self.rounds
        ]  # fmt: skip

    @invariant()
    def nothing_illegal_stands(self) -> None:
        query = """
            SELECT count(*) FROM whistle w WHERE w.case_id = (SELECT id FROM case_file WHERE code = :c)
              AND ((SELECT count(*) FROM whistle_party p WHERE p.whistle_id = w.id
                    AND p.part = 'lead' AND p.state <> 'declined') > 1
                   OR (w.state IN ('closed', 'refused')) <> (w.closed_at IS NOT NULL)
                   OR (w.state = 'meeting') <> EXISTS (
                       SELECT FROM meeting g WHERE g.whistle_id = w.id AND g.held_at IS NULL)
                      AND w.state IN ('asked', 'sounding', 'meeting')
                   OR EXISTS (SELECT FROM whistle_party p WHERE p.whistle_id = w.id AND (
                       (p.state = 'named') <> (p.invited_at IS NULL)
                       OR (p.next_at IS NOT NULL) <> (w.state IN ('sounding', 'meeting')
                           AND p.state IN ('invited', 'claimed', 'arrived'))
                       OR (p.state = 'finished') <> (p.finished_at IS NOT NULL)
                       OR p.arrived_at < p.claimed_at OR p.finished_at < p.arrived_at)))
        """
        with data.db.transaction(STORE[0], keep=False) as db:
            assert db.scalar(sa.text(query), {"c": self.code}) == 0


@pytest.fixture
def settled(store: sa.Engine) -> Iterator[None]:
    with data.db.transaction(store) as db:
        settle(db)
    STORE.append(store)
    yield
    STORE.pop()


@pytest.mark.usefixtures("settled")
def test_no_sequence_of_acts_reaches_an_illegal_state_or_loses_an_event() -> None:
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(
        Whistles,
        settings=settings(
            max_examples=40, stateful_step_count=30, deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
