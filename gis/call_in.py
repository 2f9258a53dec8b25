"""吹哨找谁: whom to call in, in which order, and why; and who was passed over, and why.

A community calls those who live and work around it: teams, members, the property firm, by
speciality, distance and time. A street calls by the responsibility list, then the neighbours. The
answer is a proposal: people call whom they choose.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from gis.duty_facts import Hours
from gis.terms import DivisionLevel, Part, UnitKind, WhistleKind

COMMUNITY, STREET = DivisionLevel.VILLAGE, DivisionLevel.TOWNSHIP
"""Who blows: 社区吹哨 calls volunteers and members, 街道吹哨 departments."""

CALLS: Mapping[DivisionLevel, frozenset[UnitKind]] = {
    COMMUNITY: frozenset(
        {UnitKind.VOLUNTEER_TEAM, UnitKind.PARTY_GROUP, UnitKind.PROPERTY_COMPANY}
        | {UnitKind.OWNERS_COMMITTEE, UnitKind.REPORTING_UNIT}
    ),
    STREET: frozenset({UnitKind.DEPARTMENT, UnitKind.STREET_OFFICE, UnitKind.RESIDENT_COMMITTEE}),
}
"""Which kinds of units each whistle calls besides those on the responsibility list."""

REACH_M: Mapping[WhistleKind, float] = {
    WhistleKind.ROUTINE: 2_000,
    WhistleKind.TOUGH: 5_000,
    WhistleKind.EMERGENCY: 3_000,
}
"""How far away those may be whom a community calls; departments come from anywhere."""


@dataclass(frozen=True)
class Candidate:
    """A unit or a member that might be called.

    `own`: it belongs to the community or street of the case. `listed` is its place on the
    responsibility list for this class here, from 1. `borders` names the neighbouring community it
    answers for. `distance_m` is metres in a straight line, None where it has no place; a unit
    without `hours` can always come.
    """

    code: str
    name: str
    kind: UnitKind
    is_member: bool = False
    skills: frozenset[str] = frozenset()
    hours: tuple[Hours, ...] = ()
    distance_m: float | None = None
    own: bool = False
    listed: int | None = None
    borders: str = ""
    called: bool = False


@dataclass(frozen=True)
class Need:
    """What is asked for. `at` is now and `until` when they would have to be there, local time."""

    level: DivisionLevel
    kind: WhistleKind
    at: datetime
    until: datetime
    skills: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Reason:
    """Why somebody is proposed or passed over: a code for programs, sentences for people."""

    code: str
    zh: str
    en: str


@dataclass(frozen=True)
class Proposed:
    """A candidate with the part proposed for it, None for who is passed over, and why."""

    candidate: Candidate
    part: Part | None
    reasons: tuple[Reason, ...]


def propose(need: Need, candidates: Iterable[Candidate]) -> list[Proposed]:
    """Order candidates: the lead, the joint ones from the most to the least fitting, the others."""
    fit: list[tuple[Candidate, tuple[Reason, ...]]] = []
    passed: list[Proposed] = []
    for one in sorted(candidates, key=lambda one: _rank(need, one)):
        against = tuple(_against(need, one))
        if against:
            passed.append(Proposed(one, None, against))
        else:
            fit.append((one, tuple(_for(need, one))))
    lead = next((one for one, _ in fit if not one.is_member), fit[0][0] if fit else None)
    parts = [Proposed(one, Part.LEAD if one is lead else Part.JOINT, why) for one, why in fit]
    return sorted(parts, key=lambda one: one.part is not Part.LEAD) + passed


def _rank(need: Need, one: Candidate) -> tuple[object, ...]:
    """The responsibility list first, then who can do most of it, own ones, the nearest."""
    return (
        one.listed if one.listed and need.level is STREET else float("inf"),
        bool(one.borders),
        -len(need.skills & one.skills),
        not one.own,
        one.distance_m if one.distance_m is not None else float("inf"),
        one.code,
    )


def _against(need: Need, one: Candidate) -> Iterable[Reason]:
    if one.called:
        yield Reason("called_already", "已在本哨中", "has been called by this whistle")
    if not (is_by_duty(need, one) or one.skills & need.skills or not need.skills):
        asked, has = "、".join(sorted(need.skills)), "、".join(sorted(one.skills)) or "无 none"
        yield Reason(
            "skill_missing",
            f"专长为{has}，不含所需的{asked}",
            f"its specialities are {has}; asked for: {asked}",
        )
    reach = REACH_M[need.kind]
    if need.level is COMMUNITY and one.distance_m is not None and one.distance_m > reach:
        yield Reason(
            "out_of_range",
            f"距离{one.distance_m:.0f}米，超出{reach:.0f}米",
            f"{one.distance_m:.0f} m away, more than {reach:.0f} m",
        )
    if not can_come(one.hours, need.at, need.until):
        yield Reason(
            "not_open",
            f"{need.until:%m-%d %H:%M} 到场时限前不在可响应时段",
            f"not available before {need.until:%m-%d %H:%M}, when it would have to be there",
        )


def _for(need: Need, one: Candidate) -> Iterable[Reason]:
    if one.listed is not None:
        yield Reason(
            "on_the_list",
            f"责任清单第{one.listed}位",
            f"no. {one.listed} on the responsibility list",
        )
    if one.borders:
        yield Reason("neighbour", f"相邻的{one.borders}", f"answers for {one.borders}, next to it")
    if fitting := "、".join(sorted(need.skills & one.skills)):
        yield Reason("skill_fits", f"专长相符：{fitting}", f"can do what is asked for: {fitting}")
    if one.own:
        yield Reason("own_area", "属于本辖区", "belongs to this area")
    if one.distance_m is not None:
        yield Reason("near", f"距离{one.distance_m:.0f}米", f"{one.distance_m:.0f} m away")
    else:
        yield Reason("no_place", "未登记位置", "its place is not known")
    if one.hours:
        yield Reason("open", "时限内可响应", "can come in time")


def is_by_duty(need: Need, one: Candidate) -> bool:
    """Whether it answers here whatever its specialities: by the list, or as a neighbour."""
    return need.level is STREET and (one.listed is not None or bool(one.borders))


def can_come(hours: Iterable[Hours], at: datetime, until: datetime) -> bool:
    """Whether some of the hours lie between two moments of local time; none told is always."""
    told = tuple(hours)
    if not told:
        return True
    begin, end = at.replace(tzinfo=None), until.replace(tzinfo=None)
    first = begin.date() - timedelta(days=1)  # of last night's hours some may be left
    days = min((end.date() - first).days, 8)
    for day in (first + timedelta(days=n) for n in range(days + 1)):
        for one in told:
            if one.weekday == day.isoweekday():
                starts = datetime.combine(day, one.starts)
                ends = datetime.combine(day + timedelta(days=one.ends <= one.starts), one.ends)
                if starts <= end and begin < ends:
                    return True
    return False
