"""责任 in sentences: every step of who answers, in Chinese and in English."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gis.duty_facts import Reason, Relation
from gis.terms import PostRole

Words = tuple[str, str]
"""Chinese and English."""

NOBODY_ZH = "无人可派，留在值班台"
NOBODY_EN = "nobody can take it: it stays at its desk"

_ROLES = {
    PostRole.GRID_WORKER: "worker",
    PostRole.BACKUP: "backup",
    PostRole.GRID_LEADER: "leader",
}


@dataclass(frozen=True)
class About:
    """What reasons quote: skills that are missing, cases in hand, metres away."""

    missing: tuple[str, ...] = ()
    load: int = 0
    capacity: int = 0
    away_m: float = 0.0


def holder(cell: str, role: PostRole, name: str) -> Words:
    """Who has a post."""
    return f"{cell} {role.label} {name}", f"{name}, {_ROLES[role]} of {cell},"


def unit(relation: Relation, name: str, *, named: bool) -> Words:
    """A unit, and whether the list names it."""
    listed_zh, listed_en = ("（责任清单）", " (responsibility list)") if named else ("", "")
    return f"{relation.label} {name}{listed_zh}", f"the {relation} {name}{listed_en}"


PERSON: Words = ("在岗，由其负责", "is on duty and answers")
UNIT: Words = ("由其负责", "answers")
"""How somebody is told who is chosen."""


def told(who: Words, reasons: Sequence[Reason], about: About, chosen: Words | None) -> Words:
    """What came of asking somebody; `chosen` ends the words for who answers."""
    words = [*(_reason(one, about) for one in reasons), *([chosen] if chosen else [])]
    zh, en = zip(*words, strict=True)
    return f"{who[0]} {'，'.join(zh)}", f"{who[1]} {' and '.join(en)}"


def _reason(reason: Reason, about: About) -> Words:
    if reason in _PLAIN_REASONS:
        return _PLAIN_REASONS[reason]
    if reason is Reason.AT_CAPACITY:
        return (
            f"手上已有 {about.load} 件，任务已满",
            f"has {about.load} cases already, of at most {about.capacity}",
        )
    if reason is Reason.SKILL_MISSING:
        return f"不具备技能 {'、'.join(about.missing)}", f"lacks {', '.join(about.missing)}"
    away_km = f"{about.away_m / 1000:.1f}"
    return f"距离 {away_km} 公里，过远", f"is {away_km} km away, too far"


_PLAIN_REASONS: dict[Reason, Words] = {
    Reason.ON_LEAVE: ("今日请假", "is on leave"),
    Reason.OFF_DUTY: ("不在岗", "is off duty"),
    Reason.NOT_ITS_KIND: ("不处置此类案卷", "does not handle cases of this class"),
    Reason.POSITION_TOO_OLD: (
        "定位过旧，按网格中心计",
        "was seen too long ago, so the centre of the cell counts",
    ),
}


def empty(relation: Relation, reason: Reason) -> Words:
    """A rung on which nobody is."""
    if reason is Reason.CELL_UNSURE:
        return "所在网格未定", "the cell is not sure"
    if reason is Reason.NOBODY_POSTED:
        return f"{relation.label}没有网格员", f"no worker is posted to the {_PLAIN[relation]}"
    return (
        f"{relation.label}：责任清单未列",
        f"the responsibility list names no {_PLAIN[relation]} for it",
    )


_PLAIN = {
    Relation.OWN_CELL: "cell",
    Relation.BACKUP: "cell",
    Relation.NEIGHBOUR: "cells beside it",
    Relation.COMMUNITY: "community",
    Relation.STREET: "street",
    Relation.DEPARTMENT: "department",
    Relation.OWNER: "owner",
}
