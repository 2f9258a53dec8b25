"""Who answers, asked by the rules of the trade: order, reasons, shifts, the most specific line."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

import gis.duty
import gis.duty_sheet
from gis.duty import Answer
from gis.duty_facts import (
    Area,
    Asked,
    Facts,
    Hours,
    Outcome,
    Person,
    Posted,
    Reason,
    Relation,
    Responsibility,
    Seen,
    Side,
    Unit,
)
from gis.terms import ClassKind, DivisionLevel, PostRole, UnitKind

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=ZONE)  # a Monday
HERE, NEXT, FAR = (114.3, 30.6), (114.31, 30.6), (114.4, 30.6)
COMMUNITY = Area("420106001001", "桥头社区", DivisionLevel.VILLAGE)
STREET = Area("420106001000", "望江街道", DivisionLevel.TOWNSHIP)
COUNTY = Area("420106000000", "滨江区", DivisionLevel.COUNTY)
AREAS = (COMMUNITY, STREET, COUNTY)
ASKED = Asked(NOW, class_code="0501", spot=HERE, cell="A", areas=AREAS)

ZHANG, LI, WANG, ZHAO = (
    Person(number, f"W{number}", name)
    for number, name in enumerate(("张三", "李四", "王五", "赵六"))
)
COMMITTEE = Unit(
    1, "C1", "桥头社区居委会", UnitKind.RESIDENT_COMMITTEE, COMMUNITY.code, frozenset({"调解"})
)
OFFICE = Unit(2, "S1", "望江街道办事处", UnitKind.STREET_OFFICE, STREET.code)
WATER = Unit(3, "D3", "水务局", UnitKind.DEPARTMENT, COUNTY.code, frozenset({"供水"}))
LEAVE = ((NOW - timedelta(hours=1), NOW + timedelta(hours=1)),)


def post(person: Person, role: PostRole = PostRole.GRID_WORKER, cell: str = "A") -> Posted:
    return Posted(person, role, cell, f"{cell}网格", HERE if cell == "A" else NEXT)


def reasons(answer: Answer) -> list[tuple[str | None, Relation, tuple[Reason, ...]]]:
    return [(step.who, step.relation, step.reasons) for step in answer.steps]


def test_the_page_on_duty_names_every_field_header_and_reason() -> None:
    page = (Path(__file__).parents[1] / "docs/duty.md").read_text(encoding="utf-8")
    rows = [
        f"| `{one.name}`{' (required)' if one.required else ''} | {'、'.join(one.headers)} |"
        for kind in gis.duty_sheet.KINDS
        for one in gis.duty_sheet.fields(kind, "Asia/Shanghai")
    ]
    codes = [f"| `{one}` {one.label} |" for one in (*Reason, *Relation)]
    assert [told for told in (*rows, *codes) if told not in page] == []


# The order


def test_the_worker_on_leave_is_stood_in_for_by_his_backup_in_both_languages() -> None:
    own = (post(replace(ZHANG, absences=LEAVE)), post(LI, PostRole.BACKUP))
    answer = gis.duty.answer(ASKED, Facts(own))
    assert answer.zh == "A网格 网格员 张三 今日请假；A网格 B角 李四 在岗，由其负责。"
    assert answer.en == (
        "张三, worker of A网格, is on leave; 李四, backup of A网格, is on duty and answers."
    )
    assert answer.chosen is not None
    assert (answer.chosen.worker, answer.chosen.unit) == (LI.id, None)
    assert (answer.chosen.relation, answer.chosen.cell) == (Relation.BACKUP, "A")


def test_who_cannot_is_passed_over_rung_by_rung_until_the_list_names_a_department() -> None:
    full = replace(ZHANG, load=8)
    own = (post(full), post(replace(LI, absences=LEAVE), PostRole.BACKUP))
    beside = (post(replace(WANG, shifts=(Hours(1, time(22), time(6)),)), cell="B"),)
    asked = replace(ASKED, skills=frozenset({"供水"}))
    duties = (Responsibility(WATER, Side.TERRITORY, division=COUNTY.code),)
    answer = gis.duty.answer(asked, Facts(own, beside, duties, (COMMITTEE, OFFICE)))
    assert reasons(answer) == [
        ("张三", Relation.OWN_CELL, (Reason.AT_CAPACITY, Reason.SKILL_MISSING)),
        ("李四", Relation.BACKUP, (Reason.ON_LEAVE, Reason.SKILL_MISSING)),
        ("王五", Relation.NEIGHBOUR, (Reason.OFF_DUTY, Reason.SKILL_MISSING)),
        ("桥头社区居委会", Relation.COMMUNITY, (Reason.SKILL_MISSING,)),
        ("望江街道办事处", Relation.STREET, (Reason.SKILL_MISSING,)),
        ("水务局", Relation.DEPARTMENT, ()),
    ]
    assert "张三 手上已有 8 件，任务已满，不具备技能 供水" in answer.zh
    assert "the department 水务局 (responsibility list) answers" in answer.en


def test_components_ask_the_owner_first_and_events_the_territory() -> None:
    facts = Facts((post(ZHANG),), duties=(Responsibility(WATER, Side.OWNER, class_code="0501"),))
    by_kind = {kind: gis.duty.answer(replace(ASKED, kind=kind), facts).chosen for kind in ClassKind}
    assert {kind: step.who for kind, step in by_kind.items() if step} == {
        ClassKind.COMPONENT: "水务局",
        ClassKind.EVENT: "张三",
        ClassKind.SERVICE: "张三",
    }


def test_a_case_whose_cell_is_not_sure_asks_no_cell_and_nobody_is_lost() -> None:
    unsure = replace(ASKED, cell=None, areas=(STREET, COUNTY))
    found = gis.duty.answer(unsure, Facts((post(ZHANG),), (post(LI, cell="B"),), (), (OFFICE,)))
    assert [(step.relation, step.reasons) for step in found.steps] == [
        (Relation.OWN_CELL, (Reason.CELL_UNSURE,)),
        (Relation.COMMUNITY, (Reason.NO_RESPONSIBILITY,)),
        (Relation.STREET, ()),
    ]
    nobody = gis.duty.answer(replace(unsure, areas=()), Facts())
    assert nobody.chosen is None
    assert nobody.zh.endswith("无人可派，留在值班台。")
    assert {step.reasons[0] for step in nobody.steps} == {
        Reason.CELL_UNSURE,
        Reason.NO_RESPONSIBILITY,
    }


def test_neighbours_are_asked_the_nearest_first_by_where_they_just_were() -> None:
    near, far = replace(WANG, seen=Seen(HERE, NOW)), replace(LI, seen=Seen(FAR, NOW))
    old = replace(ZHAO, seen=Seen(FAR, NOW - timedelta(minutes=31)), absences=LEAVE)
    beside = (post(far, cell="B"), post(old, cell="C"), post(replace(near, load=8), cell="D"))
    answer = gis.duty.answer(ASKED, Facts((), beside))
    assert reasons(answer)[:4] == [
        (None, Relation.OWN_CELL, (Reason.NOBODY_POSTED,)),
        ("王五", Relation.NEIGHBOUR, (Reason.AT_CAPACITY,)),
        ("赵六", Relation.NEIGHBOUR, (Reason.ON_LEAVE, Reason.POSITION_TOO_OLD)),
        ("李四", Relation.NEIGHBOUR, (Reason.OUT_OF_RANGE,)),
    ]
    assert "距离 9.6 公里，过远" in answer.zh
    present = post(replace(old, absences=()), cell="C")
    chosen = gis.duty.answer(ASKED, Facts((), (present,))).chosen
    assert chosen is not None
    assert (chosen.who, chosen.reasons) == ("赵六", (Reason.POSITION_TOO_OLD,))


def test_a_backup_who_works_next_door_is_asked_once() -> None:
    leave = replace(LI, absences=LEAVE)
    own, beside = (post(leave, PostRole.BACKUP),), (post(leave, cell="B"),)
    answer = gis.duty.answer(ASKED, Facts(own, beside))
    assert [step.who for step in answer.steps].count("李四") == 1


def test_a_unit_that_is_closed_is_passed_over_for_urgent_cases_only() -> None:
    closed = replace(WATER, hours=(Hours(2, time(8), time(18)),))
    facts = Facts(duties=(Responsibility(closed, Side.OWNER),))
    component = replace(ASKED, kind=ClassKind.COMPONENT)
    first = gis.duty.answer(component, facts).steps[0]
    urgent = gis.duty.answer(replace(component, is_urgent=True), facts).steps[0]
    assert (first.outcome, urgent.outcome) == (Outcome.CHOSEN, Outcome.PASSED_OVER)
    assert urgent.reasons == (Reason.OFF_DUTY,)


def test_an_office_that_the_catalogue_does_not_name_hands_on() -> None:
    asked = replace(ASKED, unit_kinds=frozenset({"street_office", "department"}))
    answer = gis.duty.answer(asked, Facts(offices=(COMMITTEE, OFFICE)))
    assert reasons(answer)[2:] == [
        ("桥头社区居委会", Relation.COMMUNITY, (Reason.NOT_ITS_KIND,)),
        ("望江街道办事处", Relation.STREET, ()),
    ]


# Shifts


def test_a_shift_over_midnight_belongs_to_the_day_it_begins() -> None:
    night = (Hours(1, time(22), time(6), valid_from=date(2026, 11, 23)),)
    at = {
        text: gis.duty.is_within(night, datetime.fromisoformat(text).replace(tzinfo=ZONE))
        for text in (
            "2026-11-23T05:00",  # the Monday begins with a Sunday's night
            "2026-11-23T21:59",
            "2026-11-23T22:00",
            "2026-11-24T05:59",
            "2026-11-24T06:00",
            "2026-11-24T22:00",
        )
    }
    assert list(at.values()) == [False, False, True, True, False, False]
    until_midnight = (Hours(1, time(18), time(0)),)
    assert gis.duty.is_within(until_midnight, NOW.replace(hour=23, minute=59))
    assert not gis.duty.is_within(until_midnight, NOW.replace(day=24, hour=0))


def test_without_shifts_one_is_on_duty_and_with_them_only_then() -> None:
    assert gis.duty.away(ZHANG, NOW) is None
    on_tuesday = replace(ZHANG, shifts=(Hours(2, time(8), time(18)),))
    assert gis.duty.away(on_tuesday, NOW) is Reason.OFF_DUTY
    assert gis.duty.away(on_tuesday, NOW + timedelta(days=1)) is None
    assert gis.duty.away(replace(ZHANG, absences=LEAVE), LEAVE[0][1]) is None  # back at the minute


@given(st.integers(1, 7), st.integers(0, 1439), st.integers(0, 1439), st.integers(0, 7 * 1440 - 1))
def test_a_shift_lasts_as_long_as_it_says(weekday: int, starts: int, ends: int, asked: int) -> None:
    shift = Hours(weekday, time(starts // 60, starts % 60), time(ends // 60, ends % 60))
    monday = datetime(2026, 11, 23, tzinfo=ZONE)
    length = (ends - starts) % 1440 or 1440
    since = (asked - (weekday - 1) * 1440 - starts) % (7 * 1440)
    assert gis.duty.is_within([shift], monday + timedelta(minutes=asked)) == (since < length)


# The most specific line

UNITS = [Unit(number, f"U{number}", f"单位{number}") for number in range(4)]
LINES = st.builds(
    Responsibility,
    st.sampled_from(UNITS),
    st.sampled_from(Side),
    st.sampled_from([None, ClassKind.EVENT, ClassKind.COMPONENT]),
    st.sampled_from([None, "05", "0501", "06", "0502"]),
    st.sampled_from([None, *(area.code for area in AREAS), "420106002000"]),
    st.integers(1, 3),
    st.sampled_from([None, date(2026, 1, 1), date(2026, 11, 24)]),
    st.sampled_from([None, date(2026, 11, 23), date(2027, 1, 1)]),
)


def fits(line: Responsibility, kind: ClassKind) -> bool:
    begun = line.valid_from is None or line.valid_from <= NOW.date()
    ended = line.valid_to is not None and line.valid_to <= NOW.date()
    return (
        begun
        and not ended
        and line.kind in (None, kind)
        and line.class_code in (None, "05", "0501")
        and line.division in (None, *(area.code for area in AREAS))
    )


@given(st.lists(LINES, max_size=12), st.randoms())
def test_the_owner_is_the_most_specific_line_whatever_the_order(
    lines: list[Responsibility], shuffle: object
) -> None:
    component = replace(ASKED, kind=ClassKind.COMPONENT)
    answer = gis.duty.answer(component, Facts((post(ZHANG),), duties=lines))
    shuffle.shuffle(lines)  # type: ignore[attr-defined]
    assert gis.duty.answer(component, Facts((post(ZHANG),), duties=lines)) == answer
    mine = [one for one in lines if one.side is Side.OWNER and fits(one, ClassKind.COMPONENT)]
    assert answer.chosen is not None
    if not mine:
        assert answer.chosen.who == "张三"
        return
    by_class = {"0501": 0, "05": 1, None: 2}
    codes = [area.code for area in AREAS] + [None]

    def order(one: Responsibility) -> tuple[object, ...]:
        general = one.class_code is None and one.kind is None
        return by_class[one.class_code], general, codes.index(one.division), one.rank, one.unit.id

    assert answer.chosen.unit == min(mine, key=order).unit.id
    assert answer.chosen.relation is Relation.OWNER


PEOPLE = st.builds(
    Person,
    st.integers(1, 9),
    st.sampled_from([f"W{number}" for number in range(9)]),
    st.just("某人"),
    skills=st.sampled_from([frozenset(), frozenset({"供水"})]),
    load=st.integers(0, 9),
    absences=st.sampled_from([(), LEAVE]),
)
POSTS = st.lists(
    st.builds(post, PEOPLE, st.sampled_from(PostRole), st.sampled_from("AB")), max_size=5
)


@given(
    st.sampled_from(ClassKind),
    st.sampled_from([frozenset(), frozenset({"供水"})]),
    POSTS,
    POSTS,
    st.lists(LINES, max_size=6),
    st.lists(st.sampled_from([COMMITTEE, OFFICE]), max_size=2, unique=True),
)
def test_only_the_last_step_is_chosen_and_the_rungs_are_climbed_in_order(
    kind: ClassKind,
    skills: frozenset[str],
    own: list[Posted],
    beside: list[Posted],
    lines: list[Responsibility],
    offices: list[Unit],
) -> None:
    asked = replace(ASKED, kind=kind, skills=skills)
    answer = gis.duty.answer(asked, Facts(own, beside, lines, offices))
    assert all(step.outcome is Outcome.PASSED_OVER for step in answer.steps[:-1])
    assert all(set(step.reasons) - {Reason.POSITION_TOO_OLD} for step in answer.steps[:-1])
    rungs = [
        *([Relation.OWNER] if kind is ClassKind.COMPONENT else []),
        *(one for one in Relation if one is not Relation.OWNER),
        *([] if kind is ClassKind.COMPONENT else [Relation.OWNER]),
    ]
    # the leader is asked after the backup, in the same cell
    flat = [
        Relation.OWN_CELL if step.relation is Relation.BACKUP else step.relation
        for step in answer.steps
    ]
    assert flat == sorted(flat, key=rungs.index)
    chosen = answer.chosen
    if chosen and chosen.worker is not None:
        able = [
            post.person.id
            for post in (*own, *beside)
            if gis.duty.away(post.person, NOW) is None
            and post.person.load < post.person.capacity
            and skills <= post.person.skills
        ]
        assert chosen.worker in able
    asked_twice = [(s.worker, s.unit) for s in answer.steps if s.who]
    assert len(asked_twice) == len(set(asked_twice))
    assert all(step.zh and step.en for step in answer.steps)


# What clerks write


def test_weekdays_clocks_and_times_are_read_as_clerks_write_them() -> None:
    days = {
        "周一": "1", "星期天": "7", "周一至周五": "12345", "周六、周日": "67", "1-5": "12345",
        "周六到周一": "167", "Mon, Wed": "13", "周八": None, "": None, "0": None,
    }  # fmt: skip
    assert {text: gis.duty_sheet.weekdays(text) for text in days} == days
    clocks = {
        "8:30": "08:30", "08:30:00": "08:30", "8时30分": "08:30", "8点": "08:00", "24:00": "00:00",
        "24:30": None, "12:60": None, "早上": None,
    }  # fmt: skip
    assert {text: gis.duty_sheet.clock(text) for text in clocks} == clocks
    assert (
        gis.duty_sheet.times("周六 9:00-12:00；周日 14:00-17:00；") == "6 09:00-12:00;7 14:00-17:00"
    )
    assert gis.duty_sheet.times("周一至周二 18:30至21:00") == "1 18:30-21:00;2 18:30-21:00"
    for none in ("随时", "周六", "周六 9:00", "周六 9:00-9:00", "9:00-12:00"):
        assert gis.duty_sheet.times(none) is None
    assert gis.duty_sheet.hours("6 22:00-06:00") == [Hours(6, time(22), time(6))]
    assert gis.duty_sheet.words("水电维修、心理 疏导，水电维修") == ["水电维修", "心理", "疏导"]
