"""吹哨报到 over PostGIS: acts, who may, guests, deadlines told once, whom to call."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from town import TESTER
from whistling import (
    CHIEF,
    DISPATCHER,
    JOINT,
    LEAD,
    LEADER,
    NOW,
    OUTSIDER,
    STREET,
    WORKER,
    Acts,
    M,
    settle,
)

import data.cases
import data.db
import data.locate
import data.network_late
import data.scope
from api.actions import deadlines, whistles
from api.actions.whistles import Called, Meeting, Order, Task
from gis.access import Role, Viewer, operator
from gis.cases import Said
from gis.errors import BadInput, Conflict, NotAllowed, NotFound
from gis.terms import DivisionLevel, WhistleKind


@pytest.fixture(scope="module")
def ground(settled: Callable[..., str]) -> str:
    return settled(settle)


@pytest.fixture
def acts(store: sa.Engine) -> Acts:
    return Acts(store)


def states(told: Any) -> list[str]:
    return [one["state"] for one in told["parties"]]


# A whistle from beginning to end


def test_two_departments_come_and_finish_on_one_timeline(acts: Acts) -> None:
    water, gas = acts.unit("D-water"), acts.unit("D-gas")
    told = acts.blow(Called("D-water", LEAD), Called("D-gas", JOINT), by=WORKER)
    assert (told["round"], told["state"], states(told)) == (1, "asked", ["named", "named"])
    with pytest.raises(NotFound):  # nobody is called yet
        acts.told(water)
    assert states(acts.approve()) == ["invited", "invited"]
    assert states(acts.answer(M.CLAIM, 1, water)) == ["claimed", "invited"]
    acts.answer(M.ARRIVE, 1, water)
    acts.answer(M.CLAIM, 2, gas)
    acts.answer(M.FINISH, 1, water, "阀门已更换")
    acts.answer(M.ARRIVE, 2, gas)
    assert states(acts.answer(M.FINISH, 2, gas, "燃气管线无碍")) == ["finished", "finished"]
    told = acts.quiet(WORKER)
    assert (told["state"], told["late"]) == ("closed", False)
    with pytest.raises(NotFound):  # it is over, so they no longer see the case
        acts.told(water)
    acts.rate(1, 5, WORKER, "及时")
    told = acts.rate(2, 4, CHIEF)
    assert [one["rating"] for one in told["parties"]] == [5, 4]
    assert [move for move, _ in acts.timeline()] == [
        "whistle", "approve", "claim", "arrive", "claim", "finish", "arrive", "finish", "quiet",
        "rate", "rate",
    ]  # fmt: skip
    assert acts.timeline()[2] == ("claim", {"whistle": 1, "party": "水务局", "part": "lead"})
    assert acts.scalar("SELECT state FROM case_file WHERE code = '积水'") == "handling"
    assert acts.scalar("SELECT count(*) FROM journal WHERE subject = '积水'") == 11


def test_an_emergency_calls_at_once_and_is_approved_afterwards(acts: Acts) -> None:
    told = acts.blow(Called("D-water", LEAD), kind="emergency")
    assert (told["state"], states(told)) == ("sounding", ["invited"])
    due = told["parties"][0]["claim_due_at"]
    assert datetime.fromisoformat(due) - acts.now == timedelta(minutes=15)
    acts.answer(M.CLAIM, 1, acts.unit("D-water"))
    told = acts.approve()
    assert (told["state"], states(told)) == ("sounding", ["claimed"])
    assert told["approved_at"] == acts.now


def test_a_refused_emergency_is_over_and_may_be_followed_by_another(acts: Acts) -> None:
    acts.blow(Called("D-water", LEAD), kind="emergency")
    told = acts.refuse(reason="非紧急事项")
    assert (told["state"], told["closing"]) == ("refused", "非紧急事项")
    with pytest.raises(Conflict, match="takes no 应哨 claim"):
        acts.answer(M.CLAIM, 1, LEADER)
    assert acts.blow(Called("D-gas", LEAD))["round"] == 2


def test_when_all_declined_the_next_whistle_ends_the_one_before(acts: Acts) -> None:
    acts.blow(Called("D-water", LEAD), kind="emergency")
    water = acts.unit("D-water")
    gone = acts.answer(M.DECLINE, 1, water, "不属本局管辖")
    assert gone == {"case": "积水", "round": 1}  # and with that it is out of its sight
    told = acts.blow(Called("D-gas", LEAD), kind="tough")
    assert (told["round"], told["state"]) == (2, "asked")
    assert acts.told()[0]["closing"] == "全部拒哨 all declined"
    assert [move for move, _ in acts.timeline()] == ["whistle", "decline", "quiet", "whistle"]
    acts.refuse(number=2)
    acts.blow(Called("D-gas", LEAD), kind="emergency")
    acts.quiet(CHIEF, "已由燃气公司处置", number=3)
    with pytest.raises(Conflict, match="at most 3 whistles"):
        acts.blow(Called("D-gas", LEAD))


def test_a_meeting_decides_and_what_follows_is_kept(acts: Acts) -> None:
    acts.blow(Called("D-water", LEAD), kind="emergency")
    day = timedelta(days=1)
    with pytest.raises(Conflict, match="no meeting that a task could follow"):
        acts.add_task(Task("D-water", "恢复路面", NOW + day))
    told = acts.meet(Meeting(NOW + day, "街道三楼", ["水务局", "燃气中心"]))
    assert told["state"] == "meeting"
    told = acts.meet(Meeting(NOW + 2 * day, "现场", ["水务局"]))  # moved
    assert [(one["place"], one["held_at"]) for one in told["meetings"]] == [("现场", None)]
    with pytest.raises(NotFound, match="no unit has the code D-x"):
        acts.resolve("改造", Task("D-x", "出图", NOW + day))
    told = acts.resolve("三方共同改造", Task("D-gas", "迁改管线", NOW + day))
    assert told["state"] == "sounding"
    task = told["meetings"][0]["tasks"][0]
    assert (task["name"], task["words"], task["done_at"]) == ("燃气中心", "迁改管线", None)
    acts.add_task(Task("D-water", "恢复路面", NOW + day))
    acts.quiet(CHIEF, "转入改造工程")
    gas = acts.unit("D-gas")  # was never called, but has something to do
    with pytest.raises(BadInput, match="say in words"):
        acts.finish_task(task["number"], "", gas)
    assert acts.finish_task(task["number"], "已迁改", gas) == {"case": "积水", "round": 1}
    with pytest.raises(Conflict, match="has done this already"):
        acts.finish_task(task["number"], "又一次", LEADER)
    assert [move for move, _ in acts.timeline()] == [
        "whistle", "meet", "meet", "resolve", "follow_up", "quiet", "follow_up",
    ]  # fmt: skip


# Who may


def test_who_dispatches_answers_on_behalf_and_the_timeline_says_so(acts: Acts) -> None:
    acts.blow(Called("V-1", LEAD), kind="emergency")
    for by in (WORKER, acts.unit("D-water"), acts.unit("V-2", Role.WORKER)):
        with pytest.raises((NotAllowed, NotFound)):
            acts.answer(M.CLAIM, 1, by)
    acts.answer(M.CLAIM, 1, DISPATCHER)
    told = {"whistle": 1, "party": "桥头志愿服务队", "part": "lead", "on_behalf": "桥头志愿服务队"}
    assert acts.timeline()[-1] == ("claim", told)
    acts.answer(M.ARRIVE, 1, acts.unit("V-1"))
    assert "on_behalf" not in acts.timeline()[-1][1]


def test_who_is_called_in_cannot_act_for_those_who_call(acts: Acts) -> None:
    acts.blow(Called("C-2", LEAD), kind="emergency")
    guest = acts.unit("C-2", Role.LEADER)
    assert acts.told(guest)[0]["state"] == "sounding"
    for act in (
        lambda: acts.invite(Called("D-gas", JOINT), by=guest),
        lambda: acts.meet(Meeting(NOW), by=guest),
        lambda: acts.quiet(guest, "够了"),
        lambda: acts.blow(Called("D-gas", LEAD), by=guest),
    ):
        with pytest.raises(NotAllowed):
            act()
    chief = replace(guest, role=Role.CHIEF)
    with pytest.raises(NotAllowed, match="in charge of where the case lies"):
        acts.approve(chief)
    assert len(acts.timeline()) == 1


def test_who_has_nothing_to_do_with_it_finds_no_case(acts: Acts) -> None:
    acts.blow(Called("D-water", LEAD), kind="emergency")
    for by in (OUTSIDER, acts.unit("D-gas")):
        with pytest.raises(NotFound):
            acts.told(by)
        with pytest.raises(NotFound):
            acts.answer(M.CLAIM, 1, by)
    assert whistles.waiting(acts.store, by=OUTSIDER, now=acts.now) == []


def test_a_role_without_the_right_is_refused_by_the_table_of_moves(acts: Acts) -> None:
    acceptor = Viewer(20, "a", "受理员", Role.ACCEPTOR, STREET)
    with pytest.raises(NotAllowed, match="it needs the right whistle"):
        acts.blow(Called("D-water", LEAD), by=acceptor)
    acts.blow(Called("D-water", LEAD))
    with pytest.raises(NotAllowed, match="it needs the right approve"):
        acts.approve(DISPATCHER)
    assert acts.scalar("SELECT count(*) FROM whistle_party") == 1


def test_the_database_itself_lets_no_one_whistle_without_the_right(acts: Acts) -> None:
    acts.blow(Called("D-water", LEAD))
    acceptor = Viewer(20, "a", "受理员", Role.ACCEPTOR, STREET)
    for table in ("whistle", "whistle_party"):
        with data.scope.transaction(acts.store, acceptor) as db:
            done = db.execute(sa.text(f"UPDATE {table} SET state = 'closed'"))
            assert done.rowcount == 0
    with data.scope.transaction(acts.store, LEADER, keep=False) as db:
        assert db.execute(sa.text("UPDATE whistle SET state = 'closed'")).rowcount == 1


# Refused in words, and nothing kept


def test_parties_that_cannot_be_called(acts: Acts) -> None:
    for called, error, match in (
        ([Called("D-water", JOINT)], BadInput, "no 主办 lead"),
        ([Called("D-water", LEAD), Called("D-gas", LEAD)], BadInput, "2 主办 lead"),
        ([Called("D-x", LEAD), Called("M-9", JOINT)], NotFound, "D-x, M-9"),
        ([Called("D-water", LEAD), Called("D-water", JOINT)], BadInput, "called twice: D-water"),
    ):
        with pytest.raises(error, match=match):
            acts.blow(*called)
    order = Order(WhistleKind.ROUTINE, DivisionLevel.TOWNSHIP, "")
    with pytest.raises(BadInput, match="吹哨 whistle needs words"):
        whistles.blow(acts.store, "积水", order, acts.how(LEADER))
    assert (acts.timeline(), acts.scalar("SELECT count(*) FROM whistle")) == ([], 0)
    acts.blow(Called("D-water", LEAD), kind="emergency")
    with pytest.raises(Conflict, match="called by this whistle already: 水务局"):
        acts.invite(Called("D-water", JOINT))
    with pytest.raises(BadInput, match="nobody is called"):
        acts.invite()
    assert states(acts.invite(Called("D-gas", JOINT))) == ["invited", "invited"]
    with pytest.raises(NotFound, match="called no party 9"):
        acts.answer(M.CLAIM, 9, DISPATCHER)
    with pytest.raises(NotFound, match="has no whistle 2"):
        acts.approve(number=2)


def test_an_old_version_is_a_conflict_that_names_both(acts: Acts) -> None:
    acts.blow(Called("D-water", LEAD))
    acts.approve(seen=1)
    with pytest.raises(Conflict, match="you saw version 1, it is at 2") as told:
        acts.quiet(CHIEF, "够了", seen=1)
    assert told.value.facts == {"seen": 1, "version": 2, "state": "sounding"}
    acts.answer(M.CLAIM, 1, DISPATCHER, seen=2)
    with pytest.raises(Conflict, match="水务局 was changed since you saw it"):
        acts.answer(M.ARRIVE, 1, DISPATCHER, seen=2)
    with pytest.raises(Conflict, match="case 积水 was moved since you saw it"):
        acts.blow(Called("D-gas", LEAD), seen=1)


def test_the_same_request_does_nothing_again(acts: Acts) -> None:
    first = acts.blow(Called("D-water", LEAD), request_id="r1", kind="emergency")
    again = acts.blow(Called("D-water", LEAD), request_id="r1", kind="emergency")
    assert (again["round"], again["version"]) == (first["round"], first["version"])
    water = acts.unit("D-water")
    acts.answer(M.CLAIM, 1, water, request_id="r2")
    assert states(acts.answer(M.CLAIM, 1, water, request_id="r2")) == ["claimed"]
    with pytest.raises(Conflict, match="'r2' was given to another act"):
        acts.answer(M.ARRIVE, 1, water, request_id="r2")
    assert [move for move, _ in acts.timeline()] == ["whistle", "claim"]
    assert acts.scalar("SELECT count(*) FROM journal WHERE subject = '积水'") == 2


def test_of_many_at_once_one_approves_and_one_blows(acts: Acts) -> None:
    def at_once(do: Callable[[], object]) -> list[object]:
        with ThreadPoolExecutor(8) as pool:
            done = [pool.submit(do) for _ in range(8)]
        return [one.exception() for one in done]

    faults = at_once(lambda: acts.blow(Called("D-water", LEAD)))
    assert (faults.count(None), acts.scalar("SELECT count(*) FROM whistle")) == (1, 1)
    faults = at_once(acts.approve)
    assert (faults.count(None), len(acts.timeline())) == (1, 2)
    assert {type(one) for one in faults} == {type(None), Conflict}


# Time


def test_every_missed_deadline_is_told_once(acts: Acts) -> None:
    acts.blow(Called("D-water", LEAD), Called("D-gas", JOINT), kind="emergency")
    late = acts.now + timedelta(hours=25)

    def tick(now: datetime) -> list[tuple[str, str | None]]:
        with data.db.transaction(acts.store) as db:
            found = data.network_late.overdue(db, now=now)
            told = data.network_late.climb(db, now=now)
            assert found == told
            return [(one.what, one.who) for one in told]

    assert tick(acts.now + timedelta(minutes=15)) == []  # to the minute is in time
    missed = acts.now + timedelta(minutes=16)
    assert sorted(tick(missed)) == [("claim", "水务局"), ("claim", "燃气中心")]
    assert tick(missed) == []
    acts.now = missed
    acts.answer(M.CLAIM, 1, acts.unit("D-water"))
    assert tick(late) == [("arrive", "水务局"), ("approve", None)]
    acts.now = late
    acts.answer(M.ARRIVE, 1, acts.unit("D-water"))
    assert tick(late + timedelta(hours=1)) == [("finish", "水务局")]
    told = acts.told()[0]
    assert told["late"]
    assert [one["late"] for one in told["parties"]] == [["claim", "arrive", "finish"], ["claim"]]
    lines = [detail for move, detail in acts.timeline() if move == "late"]
    assert [(one["late"], one.get("party")) for one in lines] == [
        ("claim", "水务局"), ("claim", "燃气中心"), ("arrive", "水务局"), ("approve", None),
        ("finish", "水务局"),
    ]  # fmt: skip


def test_a_task_that_is_not_done_in_time_is_told(acts: Acts) -> None:
    acts.blow(Called("D-water", LEAD), kind="emergency")
    acts.approve()
    acts.meet(Meeting(NOW))
    acts.resolve("改造", Task("D-gas", "迁改", NOW + timedelta(days=2)))
    acts.quiet(CHIEF, "转入工程")
    clock, now = operator("clock"), NOW + timedelta(days=3)
    assert deadlines.whistles(acts.store, by=clock, now=now) == 1
    assert deadlines.whistles(acts.store, by=clock, now=now) == 0
    assert acts.timeline()[-1][1]["late"] == "follow_up"
    assert acts.scalar("SELECT count(*) FROM journal WHERE act = 'whistle-late'") == 1


def test_many_who_tell_at_once_tell_each_deadline_once(acts: Acts) -> None:
    acts.blow(Called("D-water", LEAD), Called("D-gas", JOINT), kind="emergency")
    now = acts.now + timedelta(days=2)

    def tick() -> int:
        return deadlines.whistles(acts.store, by=operator("clock"), now=now)

    with ThreadPoolExecutor(6) as pool:
        told = [one.result() for one in [pool.submit(tick) for _ in range(12)]]
    assert sum(told) == 3
    assert [move for move, _ in acts.timeline()].count("late") == 3


def test_a_whistle_ends_with_its_case(acts: Acts) -> None:
    acts.blow(Called("D-water", LEAD), kind="emergency")
    with data.db.transaction(acts.store) as db:
        case = data.cases.locked(db, "积水")
        for move, said in (
            (M.FEEDBACK, Said(words="抢通")), (M.INSPECT, Said()), (M.CLOSE, Said(closing="通水")),
        ):  # fmt: skip
            case = data.cases.move(db, case, move, said, by=TESTER, now=acts.now)
    assert deadlines.whistles(acts.store, by=operator("clock"), now=acts.now) == 1
    assert acts.told()[0]["closing"] == "案卷已结 the case has ended"
    told = acts.approve()  # an emergency that went fast
    assert (told["state"], told["approved_at"]) == ("closed", acts.now)
    assert [move for move, _ in acts.timeline()][-2:] == ["quiet", "approve"]


# What waits, and whom to call


def test_what_waits_for_whom(acts: Acts) -> None:
    def waits(by: Viewer) -> list[tuple[Any, ...]]:
        told = whistles.waiting(acts.store, by=by, now=acts.now)
        return [(one["case"], one["waits_for"], one["name"], one["late"]) for one in told]

    water, gas = acts.unit("D-water"), acts.unit("D-gas")
    acts.blow(Called("D-water", LEAD), Called("D-gas", JOINT))
    assert (waits(CHIEF), waits(water)) == ([("积水", "approve", None, False)], [])
    acts.approve()
    acts.answer(M.CLAIM, 1, water)
    assert (waits(CHIEF), waits(LEADER)) == ([], [])
    assert waits(water) == [("积水", "arrive", "水务局", False)]
    acts.now += timedelta(days=1)
    assert waits(gas) == [("积水", "claim", "燃气中心", True)]
    assert [one[1] for one in waits(operator("cli"))] == ["claim", "arrive"]


def proposed(acts: Acts, level: str, *skills: str, by: Viewer = LEADER, **more: Any) -> Any:
    told = whistles.proposal(
        acts.store, "积水", kind=WhistleKind(more.get("kind", "routine")),
        level=DivisionLevel(level), skills=skills, by=by, now=more.get("now", NOW),
    )  # fmt: skip
    return [
        (one["code"], one["part"] and str(one["part"]), [why["code"] for why in one["reasons"]])
        for one in told["proposed"]
    ]


def test_a_community_whistle_proposes_teams_around_it(acts: Acts) -> None:
    assert proposed(acts, "village", "搬运") == [
        ("V-1", "lead", ["skill_fits", "own_area", "near"]),
        ("V-2", "joint", ["skill_fits", "near"]),
        ("V-9", None, ["out_of_range"]),
        ("G-1", None, ["skill_missing"]),
    ]
    acts.blow(Called("V-1", LEAD), kind="emergency")
    assert ("V-1", None, ["called_already"]) in proposed(acts, "village", "搬运")


def test_members_are_proposed_to_those_in_charge_of_where_they_live(acts: Acts) -> None:
    with data.db.transaction(acts.store) as db:
        db.execute(
            sa.text(
                "INSERT INTO member (code, unit_id, name_mask, name_sealed, skills, geom) SELECT "
                "one.code, u.id, '王*', ''::bytea, '{搬运}', ST_SetSRID(ST_MakePoint(lon, 30.0078), 4326) "
                "FROM network_unit u, (VALUES ('M-1', 114.028), ('M-9', 114.1)) one (code, lon) "
                "WHERE u.code = 'G-1'"
            )
        )
        data.locate.refile(db)
        db.execute(
            sa.text(
                "INSERT INTO open_hours (member_id, weekday, starts, ends) "
                "SELECT id, 1, '18:00', '21:00' FROM member"
            )
        )
    assert ("M-1", "joint", ["skill_fits", "own_area", "near", "open"]) in proposed(
        acts, "village", "搬运", kind="tough"
    )
    urgent = proposed(acts, "village", "搬运", kind="emergency")
    assert ("M-1", None, ["not_open"]) in urgent
    assert "M-9" not in str(urgent)
    acts.blow(Called("M-1", LEAD), kind="emergency")
    assert acts.told()[0]["parties"][0]["name"] == "王*"
    assert acts.timeline()[-1][1]["parties"] == ["成员 M-1"]
    team = acts.unit("G-1")
    acts.answer(M.CLAIM, 1, replace(team, scope=STREET))


def test_a_street_whistle_proposes_by_the_responsibility_list(acts: Acts) -> None:
    with data.db.transaction(acts.store) as db:
        db.execute(
            sa.text(
                "INSERT INTO responsibility (kind, class_code, division_code, unit_id, side) "
                "SELECT k, c, d, u.id, s FROM network_unit u JOIN (VALUES "
                "('D-gas', NULL, NULL, NULL, 'owner'), ('S-1', 'event', '05', '420106001000', "
                "'territory'), ('D-water', 'event', '0506', '420106000000', 'owner'), "
                "('V-9', 'event', '0506', '420106002000', 'territory'), "
                "('V-2', 'component', NULL, NULL, 'owner')) one (u, k, c, d, s) ON u.code = one.u"
            )
        )
    assert proposed(acts, "township", "供水") == [
        ("S-1", "lead", ["on_the_list", "own_area", "no_place"]),
        ("D-water", "joint", ["on_the_list", "skill_fits", "no_place"]),
        ("D-gas", "joint", ["on_the_list", "no_place"]),
        ("C-2", "joint", ["neighbour", "no_place"]),
    ]


def test_without_a_list_departments_are_proposed_by_speciality(acts: Acts) -> None:
    assert proposed(acts, "township", "供水") == [
        ("D-water", "lead", ["skill_fits", "no_place"]),
        ("C-2", "joint", ["neighbour", "no_place"]),
        ("S-1", None, ["skill_missing"]),
        ("D-gas", None, ["skill_missing"]),
    ]
