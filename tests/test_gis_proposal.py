"""Proposals: what belongs to a unit goes there, all others are given to workers together."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import gis.proposal
from gis.dispatch_pairs import Rules
from gis.duty_facts import Asked, Facts, Hours, Person, Posted, Responsibility, Side, Unit
from gis.errors import BadInput
from gis.proposal import LIVE, NEAREST, Proposal, Waiting
from gis.roads import Plane
from gis.terms import ClassKind, PostRole

NOON = datetime(2026, 5, 7, 12, tzinfo=ZoneInfo("Asia/Shanghai"))
PLANE = Plane(114.0, 30.0)
WATER = Unit(7, "D-water", "水务局")


def person(number: int, **more: Any) -> Person:
    return Person(number, f"w{number}", f"员{number}", capacity=1000, **more)


def post(one: Person, *, east: float = 0.0, cell: str = "A", role: PostRole = PostRole.GRID_WORKER):
    return Posted(one, role, cell, f"{cell}网格", (114.0 + east, 30.0))


def waiting(number: int, facts: Facts, *, east: float = 0.0, **more: Any) -> Waiting:
    asked = Asked(
        NOON, ClassKind.EVENT, "0110", frozenset(), frozenset(), False, (114.0 + east, 30.0), "A", (),
    )  # fmt: skip
    return Waiting(number, f"c{number}", 1, "暴露垃圾", None, replace(asked, **more), facts)


def propose(
    *cases: Waiting,
    held: dict[str, str] | None = None,
    elsewhere: dict[str, Posted] | None = None,
    **rules: float,
) -> Proposal:
    return gis.proposal.propose(
        cases, now=NOON, plane=PLANE, roads=None, rules=Rules(**rules), held=held,
        elsewhere=elsewhere,
    )  # fmt: skip


def goes(found: Proposal) -> dict[str, str | None]:
    return {one.code: one.worker or one.unit for one in found.items}


def test_two_workers_share_what_one_alone_would_be_late_for() -> None:
    near, far = post(person(1)), post(person(2), east=0.002, cell="B")
    facts = Facts([near], [far], [], [])
    found = propose(waiting(1, facts), waiting(2, facts, east=0.002), own_cell=0.0)
    assert goes(found) == {"c1": "w1", "c2": "w2"}
    assert "本网格" in found.items[0].zh
    assert "其他网格" in found.items[1].zh
    assert "the case's own cell" in found.items[0].en


def test_what_the_list_gives_to_a_unit_goes_there_and_nobody_walks() -> None:
    duty = Responsibility(WATER, Side.OWNER, ClassKind.COMPONENT)
    facts = Facts([post(person(1))], [], [duty], [])
    found = propose(waiting(1, facts, kind=ClassKind.COMPONENT), waiting(2, facts))
    assert goes(found) == {"c1": "D-water", "c2": "w1"}
    assert found.items[0].travel_s is None
    assert propose(waiting(1, facts, kind=ClassKind.COMPONENT)).dials == ()


def test_leaders_walk_only_where_nobody_else_is_on_duty() -> None:
    night = (Hours(4, time(22), time(6)),)
    worker, leader = person(1), person(2)
    both = [post(worker), post(leader, role=PostRole.GRID_LEADER)]
    assert goes(propose(waiting(1, Facts(both, [], [], [])))) == {"c1": "w1"}
    both[0] = post(replace(worker, shifts=night))
    assert goes(propose(waiting(1, Facts(both, [], [], [])))) == {"c1": "w2"}


def test_where_nobody_can_go_the_reason_is_told() -> None:
    full = replace(person(1), load=1000)
    found = propose(waiting(1, Facts([post(full)], [], [], [])))
    assert goes(found) == {"c1": None}
    assert found.items[0].zh == "暂无人可派：任务已满"
    assert goes(propose(waiting(1, Facts([], [], [], [])))) == {"c1": None}
    nowhere = propose(waiting(1, Facts([post(person(1))], [], [], []), spot=None))
    assert goes(nowhere) == {"c1": "w1"}  # by the list alone: nobody knows the way


def test_by_hand_holds_among_many_however_far() -> None:
    crew = [post(person(n), east=n * 1e-4) for n in range(1, NEAREST + 10)]
    facts = Facts(crew, [], [], [])
    cases = [waiting(n, facts) for n in range(LIVE + 20)]
    last = crew[-1].person.code
    assert goes(propose(*cases, held={"c3": last}))["c3"] == last
    with pytest.raises(BadInput, match=r"no case 'c-x' waits.*'w-x', chosen for 'c-x'"):
        propose(*cases[:3], held={"c-x": "w-x"})


def test_who_is_called_from_elsewhere_goes_and_the_others_are_proposed_without_that_case() -> None:
    near = post(person(1))
    facts = Facts([near], [], [], [])
    absent = person(9, absences=((NOON, NOON.replace(hour=18)),))
    far = {"w9": post(absent, east=0.1, cell="Z"), "w1": near}
    cases = [waiting(1, facts), waiting(2, facts), waiting(3, facts, spot=None, cell=None)]
    alone = propose(cases[1], cases[2])
    found = propose(*cases, held={"c1": "w9"}, elsewhere=far)
    assert goes(found) == {"c1": "w9", "c2": "w1", "c3": goes(alone)["c3"]}
    assert found.items[1:] == alone.items
    assert found.items[0].starts == far["w9"].centre
    assert found.items[0].zh == "由派遣员指定：Z网格 网格员 员9，直线约 9.6 公里，现在请假"
    assert found.items[0].en.endswith("9.6 km as the crow flies; now on leave")
    assert found.items[0].turn is found.items[0].travel_s is None
    assert goes(propose(*cases, held={"c3": "w9"}, elsewhere=far))["c3"] == "w9"
    assert propose(*cases, held={"c1": "w1"}, elsewhere=far).items[0].turn is not None
    with pytest.raises(BadInput, match="no case 'c-x' waits"):
        propose(*cases, held={"c-x": "w9"}, elsewhere=far)
