"""吹哨报到: lives of whistles and parties, deadlines, and whom to call."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gis.call_in
import gis.cases
import gis.network
from gis.access import EVERYWHERE, Right, Role, Viewer, operator
from gis.calendar import Calendar, CalendarDay
from gis.call_in import COMMUNITY, STREET, Candidate, Need
from gis.duty_facts import Hours
from gis.errors import BadInput, Conflict, NotAllowed
from gis.network import PARTY_WAYS, WAYS, Party, Whistle
from gis.terms import (
    CaseState,
    Clock,
    DayKind,
    Move,
    Part,
    PartyState,
    UnitKind,
    WhistleKind,
    WhistleState,
)

W, P, M = WhistleState, PartyState, Move
LEADER = Viewer(7, "leader", "组长", Role.LEADER, EVERYWHERE)
CHIEF = Viewer(8, "chief", "街道负责人", Role.CHIEF, EVERYWHERE)
WATER = Viewer(9, "water", "水务局", Role.DEPARTMENT, unit=4)


def whistle(state: WhistleState = W.SOUNDING, *states: PartyState, **values: object) -> Whistle:
    parties = tuple(
        Party(n, f"第{n}方", Part.LEAD if n == 1 else Part.JOINT, one, unit=3 + n)
        for n, one in enumerate(states, 1)
    )
    told: dict[str, object] = {
        "round": 1,
        "kind": WhistleKind.ROUTINE,
        "account": 7,
        "approved": True,
    }
    return Whistle(state=state, parties=parties, **(told | values))  # type: ignore[arg-type]


def check(one: Whistle, move: Move, by: Viewer = CHIEF, **said: object) -> WhistleState:
    return gis.network.check(one, move, by=by, **({"in_charge": True} | said))  # type: ignore[arg-type]


# The tables


def test_every_move_of_a_whistle_is_one_of_its_case() -> None:
    for move in {*WAYS, *PARTY_WAYS, M.WHISTLE, M.LATE}:
        ways = gis.cases.STEPS[move].ways
        assert ways
        assert all(source is target for source, target in ways)
    ended = {M.APPROVE, M.REFUSE_WHISTLE, M.RATE, M.FOLLOW_UP, M.QUIET, M.LATE}
    assert {m for m in WAYS if (CaseState.CLOSED, CaseState.CLOSED) in gis.cases.STEPS[m].ways} == (
        ended - {M.LATE}
    )


def test_the_tables_lead_from_the_beginning_to_every_state() -> None:
    reached = {gis.network.opening(kind) for kind in WhistleKind}
    for _ in W:
        reached |= {way[state] for way in WAYS.values() for state in reached if state in way}
    assert reached == set(W)
    of_party = {P.NAMED}
    for _ in P:
        of_party |= {way[one] for way in PARTY_WAYS.values() for one in of_party if one in way}
    assert of_party == set(P)


def test_the_diagram_shows_every_state_and_move() -> None:
    drawn = gis.network.diagram()
    for word in (*W, *P, M.APPROVE, M.MEET, M.RESOLVE, M.QUIET, M.CLAIM, M.ARRIVE, M.FINISH):
        assert f"{word.label} {word}" in drawn


def test_the_guide_shows_the_diagrams_and_the_deadlines_as_they_are() -> None:
    guide = (Path(__file__).parents[1] / "docs" / "whistle.md").read_text(encoding="utf-8")
    for drawn in gis.network.diagram().split("\n\n"):
        assert drawn in guide
    for kind, limits in gis.network.LIMITS.items():
        line = next(one for one in guide.splitlines() if one.startswith(f"| {kind.label} {kind} "))
        for limit in (limits.approve, limits.claim, limits.arrive, limits.finish):
            assert f"| {limit.amount:g} {str(limit.clock).replace('_', ' ')}" in line


def test_what_a_whistle_does_not_take_is_refused_with_what_it_takes() -> None:
    with pytest.raises(Conflict, match="whistle 1 is 待审批 asked and takes no 应哨 claim") as told:
        check(whistle(W.ASKED, P.NAMED, approved=False), M.CLAIM, WATER)
    assert told.value.facts["choices"] == ["approve", "refuse_whistle"]
    with pytest.raises(Conflict, match="it may take nothing"):
        check(whistle(W.REFUSED), M.APPROVE)


# Who may


def test_an_emergency_sounds_before_it_is_approved_the_others_ask() -> None:
    begins = {kind: gis.network.opening(kind) for kind in WhistleKind}
    assert begins == {
        WhistleKind.ROUTINE: W.ASKED, WhistleKind.TOUGH: W.ASKED, WhistleKind.EMERGENCY: W.SOUNDING,
    }  # fmt: skip
    urgent = whistle(W.SOUNDING, P.CLAIMED, kind=WhistleKind.EMERGENCY, approved=False)
    assert check(urgent, M.APPROVE) is W.SOUNDING
    assert check(urgent, M.REFUSE_WHISTLE) is W.REFUSED
    assert check(replace(urgent, state=W.CLOSED), M.APPROVE) is W.CLOSED


def test_nobody_approves_his_own_whistle_but_the_chief() -> None:
    asked = whistle(W.ASKED, approved=False)
    for account, role, right in ((7, Role.ADMINISTRATOR, False), (7, Role.CHIEF, True)):
        by = Viewer(account, "own", "自己", role, EVERYWHERE)
        if right:
            assert check(asked, M.APPROVE, by) is W.SOUNDING
        else:
            with pytest.raises(NotAllowed, match="nobody approves his own whistle"):
                check(asked, M.APPROVE, by)
    assert check(asked, M.APPROVE, Viewer(6, "a", "别人", Role.ADMINISTRATOR)) is W.SOUNDING
    assert check(replace(asked, account=0), M.APPROVE, operator("cli")) is W.SOUNDING


def test_a_whistle_is_approved_once_and_where_the_case_lies() -> None:
    with pytest.raises(Conflict, match="approved already"):
        check(whistle(), M.APPROVE)
    with pytest.raises(NotAllowed, match="in charge of where the case lies"):
        check(whistle(W.ASKED, approved=False), M.APPROVE, in_charge=False)


def test_who_is_called_in_does_not_lead_the_whistle() -> None:
    guest = Viewer(5, "next", "邻居", Role.WORKER, unit=4)
    for move in gis.network.OURS:
        with pytest.raises(NotAllowed, match="for who blew the whistle"):
            check(whistle(W.MEETING if move is M.RESOLVE else W.SOUNDING, P.FINISHED), move, guest,
                  in_charge=False)  # fmt: skip
    assert check(whistle(), M.MEET, LEADER, in_charge=False) is W.MEETING
    unit = replace(guest, unit=11)
    assert check(whistle(unit=11), M.INVITE, unit, in_charge=False) is W.SOUNDING


def test_a_unit_answers_for_itself_or_who_dispatches_for_it() -> None:
    assert not gis.network.on_behalf(4, WATER, in_charge=False)
    assert gis.network.on_behalf(5, LEADER, in_charge=True)
    for by, in_charge in ((WATER, True), (LEADER, False)):
        with pytest.raises(NotAllowed, match="only the unit that was called answers"):
            gis.network.on_behalf(5, by, in_charge=in_charge)
    with pytest.raises(NotAllowed):
        gis.network.on_behalf(None, replace(WATER, unit=0), in_charge=True)


# Rounds and parts


def test_the_next_whistle_waits_for_the_end_of_the_one_before() -> None:
    closed, declined = whistle(W.CLOSED), whistle(W.SOUNDING, P.DECLINED, P.DECLINED)
    assert gis.network.next_round([]) == 1
    assert gis.network.next_round([closed]) == 2
    assert gis.network.next_round([closed, declined]) == 3
    assert gis.network.next_round([whistle(W.REFUSED)]) == 2
    for unfinished in (whistle(W.ASKED), whistle(W.SOUNDING, P.DECLINED, P.CLAIMED), whistle()):
        with pytest.raises(Conflict, match="whistle 1 is still"):
            gis.network.next_round([unfinished])
    with pytest.raises(Conflict, match="at most 3 whistles"):
        gis.network.next_round([closed, closed, closed])


def test_one_lead_no_more_no_less() -> None:
    lead, joint = Part.LEAD, Part.JOINT
    gis.network.check_parts((), [lead, joint, joint])
    gis.network.check_parts((), [])
    for parts in ([joint], [lead, lead], [lead, joint, lead]):
        with pytest.raises(BadInput, match="there must be exactly one"):
            gis.network.check_parts((), parts)
    there = whistle(W.SOUNDING, P.CLAIMED).parties
    gis.network.check_parts(there, [joint])
    with pytest.raises(BadInput, match="2 主办 lead"):
        gis.network.check_parts(there, [lead])
    gone = whistle(W.SOUNDING, P.DECLINED, P.CLAIMED).parties
    gis.network.check_parts(gone, [lead])
    with pytest.raises(BadInput, match="no 主办 lead"):
        gis.network.check_parts(gone, [joint])


# The end


def test_a_whistle_ends_when_all_who_came_have_finished() -> None:
    done = whistle(W.SOUNDING, P.FINISHED, P.DECLINED)
    assert check(done, M.QUIET, LEADER) is W.CLOSED
    for states in ((), (P.DECLINED,), (P.FINISHED, P.ARRIVED)):
        with pytest.raises(Conflict, match="is not done"):
            check(whistle(W.SOUNDING, *states), M.QUIET, LEADER, words="够了")
    with pytest.raises(Conflict, match="the meeting has decided nothing yet"):
        check(whistle(W.MEETING, P.FINISHED), M.QUIET, LEADER)


def test_the_chief_decides_in_words_that_it_is_over() -> None:
    open_ = whistle(W.MEETING, P.CLAIMED)
    with pytest.raises(BadInput, match="say in words why"):
        check(open_, M.QUIET)
    assert check(open_, M.QUIET, words="产权单位已另行处理") is W.CLOSED
    with pytest.raises(Conflict, match="the chief may decide"):
        check(open_, M.QUIET, in_charge=False, words="够了", by=replace(CHIEF, account=7))


def test_who_blew_rates_who_finished_once() -> None:
    one = whistle(W.CLOSED, P.FINISHED, P.CLAIMED)
    rate = {"in_charge": False}
    assert gis.network.check_party(one, one.parties[0], M.RATE, by=LEADER, **rate) is P.FINISHED
    with pytest.raises(Conflict, match="评哨 rate is for who is 已完成 finished"):
        gis.network.check_party(one, one.parties[1], M.RATE, by=LEADER, **rate)
    with pytest.raises(NotAllowed, match="who blew the whistle rates"):
        gis.network.check_party(one, one.parties[0], M.RATE, by=WATER, **rate)
    rated = replace(one.parties[0], rated=True)
    with pytest.raises(Conflict, match="rated already"):
        gis.network.check_party(one, rated, M.RATE, by=LEADER, **rate)


@given(st.sampled_from(P), st.sampled_from(sorted(PARTY_WAYS)))
def test_a_party_goes_only_where_its_table_leads(state: PartyState, move: Move) -> None:
    one = whistle(W.SOUNDING, state)
    leads = PARTY_WAYS[move].get(state)
    try:
        to = gis.network.check_party(one, one.parties[0], move, by=LEADER, in_charge=True)
    except Conflict:
        assert leads is None
    else:
        assert to is leads


# Deadlines

SHANGHAI = ZoneInfo("Asia/Shanghai")
CALENDAR = Calendar(days=[CalendarDay(date(2026, 11, 28), DayKind.WORKDAY, "调休")])


def local(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=SHANGHAI)


def test_the_deadlines_of_a_routine_whistle_rest_at_night_and_on_sundays() -> None:
    friday = local(27, 17)
    due = gis.network.dues(WhistleKind.ROUTINE, friday, CALENDAR)
    # the Saturday is worked, the Sunday is not
    assert due == gis.network.Dues(
        local(28, 9), local(28, 17), datetime(2026, 12, 3, 17, tzinfo=SHANGHAI)
    )
    assert gis.network.approval_due(WhistleKind.ROUTINE, friday, CALENDAR) == local(27, 17, 30)
    assert due.of(P.INVITED) == due.claim
    assert (due.of(P.NAMED), due.of(P.DECLINED), due.of(P.FINISHED)) == (None, None, None)


def test_an_emergency_waits_for_no_morning() -> None:
    night = local(28, 23, 30)
    due = gis.network.dues(WhistleKind.EMERGENCY, night, CALENDAR)
    assert [one - night for one in (due.claim, due.arrive, due.finish)] == [
        timedelta(minutes=15), timedelta(minutes=30), timedelta(days=1),
    ]  # fmt: skip
    approval = gis.network.approval_due(WhistleKind.EMERGENCY, night, CALENDAR)
    assert approval - night == timedelta(hours=24)


def test_nothing_takes_longer_than_ten_work_days() -> None:
    hours = {Clock.URGENT_HOUR: 1.0, Clock.WORK_HOUR: 1.0, Clock.WORK_DAY: 8.0}
    for limits in gis.network.LIMITS.values():
        steps = [
            one.amount * hours[one.clock] for one in (limits.claim, limits.arrive, limits.finish)
        ]
        assert steps == sorted(steps)
        assert steps[-1] <= 80


# Whom to call

NIGHT = local(23, 20)  # a Monday


def need(**values: object) -> Need:
    told = {"level": COMMUNITY, "kind": WhistleKind.EMERGENCY, "at": NIGHT,
            "until": NIGHT + timedelta(minutes=30), "skills": frozenset({"搬运"})}  # fmt: skip
    return Need(**(told | values))  # type: ignore[arg-type]


def team(code: str, *skills: str, **values: object) -> Candidate:
    told = {"code": code, "name": f"{code}队", "kind": UnitKind.VOLUNTEER_TEAM}
    return Candidate(**(told | {"skills": frozenset(skills)} | values))  # type: ignore[arg-type]


def codes(proposed: list[gis.call_in.Proposed]) -> list[tuple[str, str | None, list[str]]]:
    return [
        (one.candidate.code, one.part and str(one.part), [why.code for why in one.reasons])
        for one in proposed
    ]


def test_a_community_calls_by_speciality_own_first_and_distance() -> None:
    told = gis.call_in.propose(
        need(skills=frozenset({"搬运", "急救"})),
        [
            team("far", "搬运", distance_m=3001.0),
            team("near", "搬运", distance_m=40.0),
            team("own", "搬运", distance_m=900.0, own=True),
            team("both", "搬运", "急救", distance_m=2000.0),
            team("other", "调解", distance_m=10.0),
            team("nowhere", "搬运"),
        ],
    )
    assert codes(told) == [
        ("both", "lead", ["skill_fits", "near"]),
        ("own", "joint", ["skill_fits", "own_area", "near"]),
        ("near", "joint", ["skill_fits", "near"]),
        ("nowhere", "joint", ["skill_fits", "no_place"]),
        ("far", None, ["out_of_range"]),
        ("other", None, ["skill_missing"]),
    ]
    assert told[-2].reasons[0].en == "3001 m away, more than 3000 m"
    assert told[-1].reasons[0].zh == "专长为调解，不含所需的急救、搬运"


def test_a_member_does_not_lead_where_a_team_can() -> None:
    member = team("m1", "搬运", is_member=True, distance_m=1.0)
    both = gis.call_in.propose(need(), [member, team("t1", "搬运", distance_m=500.0)])
    assert [(one.candidate.code, one.part) for one in both] == [
        ("t1", Part.LEAD),
        ("m1", Part.JOINT),
    ]
    assert [one.part for one in gis.call_in.propose(need(), [member])] == [Part.LEAD]


def test_a_street_calls_by_the_responsibility_list_then_its_neighbours() -> None:
    told = gis.call_in.propose(
        need(level=STREET, skills=frozenset({"供水"})),
        [
            team("C2", kind=UnitKind.RESIDENT_COMMITTEE, borders="柳岸社区"),
            team("gas", "燃气", kind=UnitKind.DEPARTMENT),
            team("repair", "供水", kind=UnitKind.DEPARTMENT, distance_m=9e3),
            team("second", "路灯", kind=UnitKind.DEPARTMENT, listed=2),
            team("first", "供水", kind=UnitKind.DEPARTMENT, listed=1, own=True),
        ],
    )
    assert codes(told) == [
        ("first", "lead", ["on_the_list", "skill_fits", "own_area", "no_place"]),
        ("second", "joint", ["on_the_list", "no_place"]),
        ("repair", "joint", ["skill_fits", "near"]),
        ("C2", "joint", ["neighbour", "no_place"]),
        ("gas", None, ["skill_missing"]),
    ]
    assert told[3].reasons[0].zh == "相邻的柳岸社区"


def test_who_is_called_already_or_not_there_in_time_is_passed_over() -> None:
    day = (Hours(1, time(8), time(18)),)
    told = gis.call_in.propose(
        need(), [team("a", "搬运", hours=day), team("b", "搬运", called=True)]
    )
    assert codes(told) == [("a", None, ["not_open"]), ("b", None, ["called_already"])]
    assert "11-23 20:30" in told[0].reasons[0].zh
    tomorrow = need(until=local(24, 9))
    evening = (Hours(2, time(8), time(18)),)
    assert codes(gis.call_in.propose(tomorrow, [team("a", "搬运", hours=evening)])) == [
        ("a", "lead", ["skill_fits", "no_place", "open"])
    ]


@pytest.mark.parametrize(
    ("hours", "hour", "minutes", "can"),
    [
        ([(1, 18, 22)], 20, 30, True),
        ([(1, 21, 22)], 20, 30, False),
        ([(1, 21, 22)], 20, 60, True),
        ([(1, 8, 20)], 20, 30, False),  # the last minute is over
        ([(7, 22, 6)], 5, 10, True),  # last night's hours
        ([(1, 22, 6)], 5, 10, False),  # tonight's
        ([(6, 9, 10)], 20, 60 * 24 * 30, True),
        ([], 3, 0, True),
    ],
)
def test_hours_by_the_wall_clock(
    hours: list[tuple[int, int, int]], hour: int, minutes: int, can: bool
) -> None:
    told = [Hours(day, time(begin), time(end)) for day, begin, end in hours]
    at = local(23, hour)
    assert gis.call_in.can_come(told, at, at + timedelta(minutes=minutes)) is can


@given(
    st.lists(st.tuples(st.integers(1, 7), st.integers(0, 23), st.integers(0, 23)), max_size=4),
    st.integers(0, 14 * 24 * 60 - 1),
    st.integers(0, 10 * 24 * 60),
)
def test_hours_are_those_of_a_minute_by_minute_walk(
    told: list[tuple[int, int, int]], start: int, length: int
) -> None:
    week = 7 * 24 * 60
    on = {
        (day - 1) * 1440 + begin * 60 + minute
        for day, begin, end in told
        for minute in range(((end - begin) % 24 or 24) * 60)
    }
    on = {minute % week for minute in on}
    monday = datetime(2026, 11, 16, tzinfo=UTC)
    at = monday + timedelta(minutes=start)
    hours = [Hours(day, time(begin), time(end)) for day, begin, end in told]
    walked = any((start + n) % week in on for n in range(length + 1))
    assert gis.call_in.can_come(hours, at, at + timedelta(minutes=length)) is (walked or not told)


def test_only_roles_that_hold_or_dispatch_answer_a_whistle() -> None:
    from gis.access import RIGHTS

    for role, rights in RIGHTS.items():
        assert (Right.ANSWER in rights) == bool({Right.HANDLE, Right.DISPATCH} & rights), role
