"""责任: the words and facts of who answers: posts, shifts, responsibility list, what is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from gis.terms import ClassKind, DivisionLevel, Labelled, PostRole, UnitKind

Spot = tuple[float, float]
"""Longitude and latitude, WGS-84."""


class Relation(Labelled):
    """What somebody who is asked is to the case."""

    OWN_CELL = "own_cell", "本网格"
    BACKUP = "backup", "B角"
    NEIGHBOUR = "neighbour", "相邻网格"
    COMMUNITY = "community", "社区"
    STREET = "street", "街道"
    DEPARTMENT = "department", "部门"
    OWNER = "owner", "权属单位"


class Outcome(Labelled):
    """What came of asking."""

    CHOSEN = "chosen", "负责"
    PASSED_OVER = "passed_over", "略过"


class Reason(Labelled):
    """Why somebody is passed over; an old position alone is only told."""

    OFF_DUTY = "off_duty", "不在岗"
    ON_LEAVE = "on_leave", "请假"
    AT_CAPACITY = "at_capacity", "任务已满"
    SKILL_MISSING = "skill_missing", "不具备技能"
    OUT_OF_RANGE = "out_of_range", "距离过远"
    POSITION_TOO_OLD = "position_too_old", "定位过旧"
    NOBODY_POSTED = "nobody_posted", "无人在岗位上"
    NO_RESPONSIBILITY = "no_responsibility", "责任清单未列"
    CELL_UNSURE = "cell_unsure", "网格未定"
    NOT_ITS_KIND = "not_its_kind", "不属其处置"


class Side(Labelled):
    """As what a unit answers: for the thing, or for the ground it stands on."""

    OWNER = "owner", "属主"
    TERRITORY = "territory", "属地"


# What is asked, and what is known


@dataclass(frozen=True)
class Hours:
    """A shift or opening hours on one weekday (1 is Monday), by the wall clock.

    Ends on the next day when `ends` is not after `starts`. Valid from `valid_from` on and before
    `valid_to`, by the day it starts.
    """

    weekday: int
    starts: time
    ends: time
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True)
class Seen:
    """Where somebody last made a move on a case he still holds."""

    spot: Spot
    at: datetime


@dataclass(frozen=True)
class Person:
    """A worker: `load` counts the cases he has to handle now, of at most `capacity`."""

    id: int
    code: str
    name: str
    phone: str | None = None
    skills: frozenset[str] = frozenset()
    capacity: int = 8
    load: int = 0
    shifts: tuple[Hours, ...] = ()
    absences: tuple[tuple[datetime, datetime], ...] = ()
    seen: Seen | None = None


@dataclass(frozen=True)
class Posted:
    """A person's post in a cell, whose centre is `centre`."""

    person: Person
    role: PostRole
    cell: str
    cell_name: str
    centre: Spot


@dataclass(frozen=True)
class Unit:
    """A unit of the network: a department, an office, a committee."""

    id: int
    code: str
    name: str
    kind: UnitKind = UnitKind.DEPARTMENT
    division: str | None = None
    skills: frozenset[str] = frozenset()
    hours: tuple[Hours, ...] = ()


@dataclass(frozen=True)
class Responsibility:
    """A line of the list: a unit answers for classes (None: all) in a division (None: everywhere).

    Two digits of a class are a major. Lower ranks go first.
    """

    unit: Unit
    side: Side
    kind: ClassKind | None = None
    class_code: str | None = None
    division: str | None = None
    rank: int = 1
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True)
class Area:
    """A division the case lies in."""

    code: str
    name: str
    level: DivisionLevel


@dataclass(frozen=True)
class Asked:
    """A case as it is asked about: `at` by the wall clock (aware), `areas` the smallest first.

    `cell` is None while the cell is not sure; `spot` is the case's, or else its cell's centre.
    `unit_kinds` are those the catalogue makes responsible; empty: any.
    """

    at: datetime
    kind: ClassKind = ClassKind.EVENT
    class_code: str | None = None
    skills: frozenset[str] = frozenset()
    unit_kinds: frozenset[str] = frozenset()
    is_urgent: bool = False
    spot: Spot | None = None
    cell: str | None = None
    areas: tuple[Area, ...] = ()


@dataclass(frozen=True)
class Facts:
    """Who there is: posts of the cell and of those beside it, the list, offices of the areas."""

    own: Sequence[Posted] = ()
    beside: Sequence[Posted] = ()
    duties: Sequence[Responsibility] = ()
    offices: Sequence[Unit] = ()
