"""Dispatch of many: a proposal with its reasons, changed by hand, committed whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import httpx
import pytest
import sqlalchemy as sa
from conftest import TODAY, Base, signed_in
from town import TESTER

import api.actions.dispatching
import data.db
from api.actions.dispatching import Choice
from data.accounts import Charged
from gis.access import EVERYWHERE, Role, Viewer
from gis.dispatch_pairs import Rules
from gis.errors import BadInput, Conflict, NotAllowed, NotFound
from gis.proposal import Proposal

MORNING = datetime(TODAY.year, TODAY.month, TODAY.day, 2, tzinfo=UTC)
DISPATCHER = Viewer(71, "dispatcher", "派", Role.DISPATCHER, EVERYWHERE)
STAFF = """
    INSERT INTO case_event (case_id, at, actor, move, source, target)
    SELECT id, now(), 'test', 'file', state, 'filed' FROM case_file
    WHERE state IN ('reported', 'verified') AND geom IS NOT NULL AND joined_to IS NULL;
    DELETE FROM shift; DELETE FROM absence;
    UPDATE worker SET capacity = 100;
    UPDATE case_file f SET kind = 'event', condition_id = n.id
    FROM case_condition n JOIN case_class k ON k.id = n.class_id
    WHERE f.state = 'filed' AND k.kind = 'event' AND k.code = '0110' AND n.number = 1
"""
WAITING = "SELECT code FROM case_file WHERE state = 'filed' AND joined_to IS NULL ORDER BY code"
HELD = """
    SELECT f.code, count(*) AS times, bool_and(f.unit_id IS NULL <> (f.worker_id IS NULL)) AS one
    FROM case_file f JOIN case_event e ON e.case_id = f.id AND e.move = 'dispatch'
    GROUP BY f.code ORDER BY f.code
"""


@pytest.fixture
def city(town: sa.Engine) -> sa.Engine:
    """The demo town with everybody on duty, and its filed cases of one class."""
    with data.db.transaction(town) as db:
        db.execute(sa.text(STAFF))
    return town


def rows(store: sa.Engine, query: str) -> list[sa.Row]:
    with data.db.transaction(store, keep=False) as db:
        return list(db.execute(sa.text(query)))


def propose(store: sa.Engine, **asked: object) -> Proposal:
    return api.actions.dispatching.propose(store, by=DISPATCHER, now=MORNING, **asked)


def choices(found: Proposal) -> list[Choice]:
    return [
        Choice(one.code, one.version, one.worker, one.unit)
        for one in found.items
        if one.worker or one.unit
    ]


def test_every_waiting_case_is_proposed_to_somebody_or_a_reason_is_told(city: sa.Engine) -> None:
    found = propose(city)
    assert sorted(one.code for one in found.items) == [row.code for row in rows(city, WAITING)]
    assert all(one.zh and one.en for one in found.items)
    walked = [one for one in found.items if one.travel_s is not None]
    assert len(walked) > 20
    assert all(one.worker and one.parts and one.turn is not None for one in walked)
    assert {dial.dial for dial in found.dials} == {"own_cell", "fairness"}


def test_what_is_proposed_is_committed_whole_and_each_case_once(city: sa.Engine) -> None:
    chosen = choices(propose(city))
    done = api.actions.dispatching.send(city, chosen, by=DISPATCHER, now=MORNING)
    assert {one["state"] for one in done} == {"dispatched"}
    held = {row.code: (row.times, row.one) for row in rows(city, HELD)}
    assert {one.code: (1, True) for one in chosen} == {
        c: held[c] for c in sorted(held) if c in {one.code for one in chosen}
    }
    again = api.actions.dispatching.send
    with pytest.raises(Conflict, match="changed meanwhile; nothing was done") as refused:
        again(city, chosen[:3], by=DISPATCHER, now=MORNING)
    assert [one["code"] for one in refused.value.facts["changed"]] == [c.code for c in chosen[:3]]


def test_one_case_that_was_moved_meanwhile_keeps_all_others_back(city: sa.Engine) -> None:
    chosen = choices(propose(city))
    api.actions.dispatching.send(city, chosen[:1], by=DISPATCHER, now=MORNING)
    before = rows(city, WAITING)
    with pytest.raises(Conflict) as refused:
        api.actions.dispatching.send(city, chosen, by=DISPATCHER, now=MORNING)
    assert [one["code"] for one in refused.value.facts["changed"]] == [chosen[0].code]
    assert "已派遣 dispatched" in str(refused.value)
    assert rows(city, WAITING) == before


def test_fifty_dispatchers_at_once_give_every_case_exactly_one_holder(city: sa.Engine) -> None:
    before = {row.code: row.times for row in rows(city, HELD)}
    found = choices(propose(city))

    def work(number: int) -> int:
        """Each takes every seventh case, from another one on: all of them overlap."""
        taken = 0
        for one in found[number % 7 :: 7] + found[: number % 5]:
            try:
                api.actions.dispatching.send(city, [one], by=DISPATCHER, now=MORNING)
                taken += 1
            except Conflict:
                continue
        return taken

    with ThreadPoolExecutor(50) as crowd:
        taken = list(crowd.map(work, range(50)))
    after = {row.code: row.times for row in rows(city, HELD)}
    assert sum(taken) == len(found)
    assert {one.code: after[one.code] - before.get(one.code, 0) for one in found} == {
        one.code: 1 for one in found
    }
    assert all(row.one for row in rows(city, HELD) if row.code in {one.code for one in found})


def test_whoever_is_chosen_by_hand_goes(city: sa.Engine) -> None:
    found = propose(city)
    walked = [one for one in found.items if one.travel_s is not None]
    case, other = walked[0], next(one for one in walked if one.worker != walked[0].worker)
    beside = propose(city, area=case.cell)
    near = {one.worker for one in walked if one.cell == case.cell} | {
        one.worker for one in beside.items
    }
    assert case.worker in near
    chosen = next(iter(sorted(near - {case.worker})), case.worker)
    again = propose(city, held={case.code: chosen})
    assert [one.worker for one in again.items if one.code == case.code] == [chosen]
    assert other.code in {one.code for one in again.items}
    with pytest.raises(BadInput, match=r"no case 'nothing' waits.*'nobody', chosen for"):
        propose(city, held={"nothing": "nobody"})


def test_a_dial_has_its_price(city: sa.Engine) -> None:
    strict = propose(city, rules=Rules(own_cell=3_600.0, fairness=0.0))
    loose = propose(city, rules=Rules(own_cell=0.0, fairness=0.0))
    prices = {dial.dial: dial for dial in strict.dials}
    assert prices["own_cell"].own_cell >= 0
    assert prices["own_cell"].travel_s >= 0
    walks = [sum(one.travel_s or 0 for one in found.items) for found in (strict, loose)]
    assert walks[0] >= walks[1]
    assert {dial.dial: (dial.travel_s, dial.own_cell) for dial in loose.dials} == {
        "own_cell": (0, 0), "fairness": (0, 0),
    }  # fmt: skip


def test_an_area_bounds_what_is_proposed(city: sa.Engine) -> None:
    cells = "SELECT c.code, count(*) FROM case_file f JOIN grid_cell c ON c.id = f.cell_id WHERE f.state = 'filed' AND f.joined_to IS NULL AND f.desk_code IS NULL GROUP BY 1 ORDER BY 2 DESC, 1"
    code, count = rows(city, cells)[0]
    assert len(propose(city, area=code).items) == count
    with pytest.raises(NotFound, match="neither the code of a cell nor of a division"):
        propose(city, area="nowhere")


def test_bad_lines_are_refused_all_at_once(city: sa.Engine) -> None:
    chosen = choices(propose(city))
    lines = [chosen[0], chosen[0], Choice(chosen[1].code, 1), Choice("x", 1, "w", "u")]
    with pytest.raises(BadInput) as refused:
        api.actions.dispatching.send(city, lines, by=DISPATCHER, now=MORNING)
    assert len(refused.value.facts["faults"]) == 3
    with pytest.raises(BadInput, match="no worker has the code 'W-none'"):
        api.actions.dispatching.send(
            city, [Choice(chosen[0].code, chosen[0].version, "W-none")], by=TESTER, now=MORNING
        )
    worker = Viewer(72, "worker", "员", Role.WORKER, EVERYWHERE)
    with pytest.raises(NotAllowed):
        api.actions.dispatching.propose(city, by=worker, now=MORNING)


def test_over_http_a_dispatcher_proposes_and_commits_in_his_area(
    city: sa.Engine, town_url: str, server: Callable[..., Base]
) -> None:
    base = server(town_url)
    community = rows(city, "SELECT division_code FROM grid_cell ORDER BY id LIMIT 1")[0][0]
    token = signed_in(town_url, "pai", Role.DISPATCHER, [Charged(division=community)])
    with httpx.Client(
        base_url=base, headers={"Authorization": f"Bearer {token}"}, timeout=60
    ) as client:
        found = client.get("/dispatch/proposal").json()
        everything = client.get("/dispatch/proposal", headers=base.headers).json()
        assert 0 < len(found["items"]) < len(everything["items"])
        lines = [
            {name: one[name] for name in ("code", "version", "worker", "unit")}
            for one in found["items"]
            if one["worker"] or one["unit"]
        ]
        assert len(client.post("/dispatch", json={"lines": lines}).json()["dispatched"]) == len(
            lines
        )
        again = client.post("/dispatch", json={"lines": lines})
        assert (again.status_code, len(again.json()["changed"])) == (409, len(lines))
        assert client.get("/dispatch/proposal", params={"hand": "x"}).status_code == 400
