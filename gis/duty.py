"""谁来负责: who answers for a case at a moment, asked one after the other, and why not the others.

Events and services: territory first, then the owner (先属地后属主); components the other way round
(先属主后属地). Territory climbs: the worker of the cell, his backup, the leader, workers of the
cells beside it, the community, the street, departments of the county and above. On every rung, and
among owners, the most specific line of the responsibility list goes first.

Whoever has no shifts at all is always on duty: nobody said when he is not. A unit's hours count for
urgent cases only; others wait until it opens. Nobody is tracked: where somebody is, is known from
his last move on a case he still holds, for half an hour; after that his cell's centre counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import cos, hypot, radians

from gis import duty_words
from gis.duty_facts import (
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
    Spot,
    Unit,
)
from gis.terms import ClassKind, DivisionLevel, PostRole

RANGE_M = 3_000.0
"""Who has his post in another cell comes from no farther."""
POSITION_LASTS = timedelta(minutes=30)
ALWAYS = timedelta(days=3_650)
_M_PER_DEGREE = 111_320.0


# What is answered


@dataclass(frozen=True)
class Step:
    """One who was asked, or a rung on which nobody is: what came of it and why, in words."""

    relation: Relation
    outcome: Outcome
    reasons: tuple[Reason, ...]
    zh: str
    en: str
    who: str | None = None
    code: str | None = None
    worker: int | None = None
    unit: int | None = None
    role: PostRole | None = None
    cell: str | None = None


@dataclass(frozen=True)
class Answer:
    """The steps in the order they were asked; the last one is chosen, or nobody is."""

    steps: tuple[Step, ...]

    @property
    def chosen(self) -> Step | None:
        """Who answers; None when nobody can: then the case stays at its desk."""
        last = self.steps[-1] if self.steps else None
        return last if last and last.outcome is Outcome.CHOSEN else None

    @property
    def zh(self) -> str:
        """All steps as one Chinese sentence."""
        words = [step.zh for step in self.steps]
        return "；".join(words if self.chosen else [*words, duty_words.NOBODY_ZH]) + "。"

    @property
    def en(self) -> str:
        """All steps as one English sentence."""
        words = [step.en for step in self.steps]
        return "; ".join(words if self.chosen else [*words, duty_words.NOBODY_EN]) + "."


def answer(asked: Asked, facts: Facts, *, range_m: float = RANGE_M) -> Answer:
    """Ask everybody in order until one can; nobody is asked twice."""
    steps: list[Step] = []
    met: set[tuple[int | None, int | None]] = set()
    for step in _in_order(asked, facts, range_m):
        who = (step.worker, step.unit)
        if who == (None, None) or who not in met:
            steps.append(step)
            met.add(who)
        if step.outcome is Outcome.CHOSEN:
            break
    return Answer(tuple(steps))


def _in_order(asked: Asked, facts: Facts, range_m: float) -> Iterator[Step]:
    if asked.kind is ClassKind.COMPONENT:
        yield from _owners(asked, facts)
        yield from _territory(asked, facts, range_m)
    else:
        yield from _territory(asked, facts, range_m)
        yield from _owners(asked, facts)


def _territory(asked: Asked, facts: Facts, range_m: float) -> Iterator[Step]:
    yield from _own_cell(asked, facts.own)
    if asked.cell is not None:
        yield from _beside(asked, facts.beside, range_m)
    yield from _areas(asked, facts)


# Persons


_OWN_ROLES = (PostRole.GRID_WORKER, PostRole.BACKUP, PostRole.GRID_LEADER)


def _own_cell(asked: Asked, posts: Sequence[Posted]) -> Iterator[Step]:
    if asked.cell is None:
        yield _empty(Relation.OWN_CELL, Reason.CELL_UNSURE)
        return
    for role in _OWN_ROLES:
        relation = Relation.BACKUP if role is PostRole.BACKUP else Relation.OWN_CELL
        here = [post for post in posts if post.role is role]
        if not here and role is PostRole.GRID_WORKER:
            yield _empty(relation, Reason.NOBODY_POSTED)
        for post in sorted(here, key=lambda one: (one.person.load, one.person.code)):
            yield _person(relation, post, asked, _unfit(post.person, asked), None)


def _beside(asked: Asked, posts: Sequence[Posted], range_m: float) -> Iterator[Step]:
    """Ask the workers of the cells beside it, the nearest first."""
    workers = [post for post in posts if post.role is PostRole.GRID_WORKER]
    if not workers:
        yield _empty(Relation.NEIGHBOUR, Reason.NOBODY_POSTED)
    away = [(metres(asked.spot, position(post, asked.at)), post) for post in workers]
    for distance, post in sorted(away, key=lambda one: (one[0], one[1].person.code, one[1].cell)):
        reasons = _unfit(post.person, asked)
        if distance > range_m:
            reasons.append(Reason.OUT_OF_RANGE)
        if post.person.seen and not _is_fresh(post.person.seen, asked.at):
            reasons.append(Reason.POSITION_TOO_OLD)
        yield _person(Relation.NEIGHBOUR, post, asked, reasons, distance)


def _unfit(person: Person, asked: Asked) -> list[Reason]:
    absent = away(person, asked.at)
    reasons = [absent] if absent else []
    if person.load >= person.capacity:
        reasons.append(Reason.AT_CAPACITY)
    if not asked.skills <= person.skills:
        reasons.append(Reason.SKILL_MISSING)
    return reasons


def away(person: Person, at: datetime) -> Reason | None:
    """Why somebody is not on duty at a moment; None when he is. Without shifts he always is."""
    if any(starts <= at < ends for starts, ends in person.absences):
        return Reason.ON_LEAVE
    return Reason.OFF_DUTY if person.shifts and not is_within(person.shifts, at) else None


def is_within(hours: Iterable[Hours], at: datetime) -> bool:
    """Whether a moment, by its own wall clock, is in one of these hours."""
    today, clock = at.date(), at.time()
    yesterday = today - timedelta(days=1)
    for one in hours:
        over_midnight = one.ends <= one.starts
        begun = clock >= one.starts and (over_midnight or clock < one.ends)
        if begun and _is_valid(one, today) and one.weekday == today.isoweekday():
            return True
        lasts = over_midnight and clock < one.ends
        if lasts and _is_valid(one, yesterday) and one.weekday == yesterday.isoweekday():
            return True
    return False


def duty_left(person: Person, at: datetime) -> timedelta:
    """How long somebody who is on duty stays so: to the end of his last shift of the day."""
    if not person.shifts:
        return ALWAYS
    ends = [
        datetime.combine(day + timedelta(days=one.ends <= one.starts), one.ends, at.tzinfo)
        for day in (at.date() - timedelta(days=1), at.date())
        for one in person.shifts
        if one.weekday == day.isoweekday() and _is_valid(one, day)
    ]
    return max((end - at for end in ends), default=timedelta(0))


def _is_valid(one: Hours | Responsibility, day: date) -> bool:
    return (one.valid_from is None or one.valid_from <= day) and (
        one.valid_to is None or day < one.valid_to
    )


def position(post: Posted, at: datetime) -> Spot:
    """Where somebody is taken to be: where he just made a move, else in the centre of his cell."""
    seen = post.person.seen
    return seen.spot if seen and _is_fresh(seen, at) else post.centre


def _is_fresh(seen: Seen, at: datetime) -> bool:
    return at - seen.at <= POSITION_LASTS


def metres(one: Spot | None, other: Spot) -> float:
    """The straight way between two spots of one town, in metres; 0 from nowhere."""
    if one is None:
        return 0.0
    east = (other[0] - one[0]) * cos(radians((one[1] + other[1]) / 2))
    return hypot(east, other[1] - one[1]) * _M_PER_DEGREE


# Units


def _areas(asked: Asked, facts: Facts) -> Iterator[Step]:
    """Climb from the community to the street to departments; who is named, then the office."""
    listed = _listed(asked, facts.duties, Side.TERRITORY)
    rungs = (
        (Relation.COMMUNITY, {DivisionLevel.VILLAGE}),
        (Relation.STREET, {DivisionLevel.TOWNSHIP}),
    )
    below: set[str | None] = set()
    for relation, levels in rungs:
        codes = {area.code for area in asked.areas if area.level in levels}
        below |= codes
        named = [duty for duty in listed if duty.division in codes]
        offices = [unit for unit in facts.offices if unit.division in codes]
        if not named and not offices:
            yield _empty(relation, Reason.NO_RESPONSIBILITY)
        yield from (_unit(relation, duty.unit, asked, named=True) for duty in named)
        for unit in sorted(offices, key=lambda one: one.code):
            yield _unit(relation, unit, asked, named=False)
    above = [duty for duty in listed if duty.division not in below]
    if not above:
        yield _empty(Relation.DEPARTMENT, Reason.NO_RESPONSIBILITY)
    yield from (_unit(Relation.DEPARTMENT, duty.unit, asked, named=True) for duty in above)


def _owners(asked: Asked, facts: Facts) -> Iterator[Step]:
    listed = _listed(asked, facts.duties, Side.OWNER)
    if not listed:
        yield _empty(Relation.OWNER, Reason.NO_RESPONSIBILITY)
    yield from (_unit(Relation.OWNER, duty.unit, asked, named=True) for duty in listed)


def _listed(asked: Asked, duties: Sequence[Responsibility], side: Side) -> list[Responsibility]:
    """The lines that fit class, area and day, the most specific first."""
    day = asked.at.date()
    heights = {area.code: height for height, area in enumerate(asked.areas)}
    fits = [
        (*order, duty.rank, duty.unit.code, duty)
        for duty in duties
        if duty.side is side and _is_valid(duty, day)
        for order in _specificity(duty, asked, heights)
    ]
    return [one[-1] for one in sorted(fits, key=lambda one: one[:-1])]


def _specificity(
    duty: Responsibility, asked: Asked, heights: dict[str, int]
) -> Iterator[tuple[int, int]]:
    """How general a line is, by class and by area; nothing when it does not fit."""
    code = duty.class_code
    if duty.kind not in (None, asked.kind) or duty.division not in (None, *heights):
        return
    height = len(heights) if duty.division is None else heights[duty.division]
    if code is None:
        yield 2 if duty.kind else 3, height
    elif code == asked.class_code:
        yield 0, height
    elif len(code) == 2 and asked.class_code and asked.class_code.startswith(code):
        yield 1, height


# Steps


def _empty(relation: Relation, reason: Reason) -> Step:
    zh, en = duty_words.empty(relation, reason)
    return Step(relation, Outcome.PASSED_OVER, (reason,), zh, en)


def _outcome(reasons: Sequence[Reason]) -> Outcome:
    told_only = all(reason is Reason.POSITION_TOO_OLD for reason in reasons)
    return Outcome.CHOSEN if told_only else Outcome.PASSED_OVER


def _person(
    relation: Relation, post: Posted, asked: Asked, reasons: list[Reason], away_m: float | None
) -> Step:
    person, outcome = post.person, _outcome(reasons)
    facts = duty_words.About(
        tuple(sorted(asked.skills - person.skills)), person.load, person.capacity, away_m or 0.0
    )
    who = duty_words.holder(post.cell_name or post.cell, post.role, person.name)
    chosen = duty_words.PERSON if outcome is Outcome.CHOSEN else None
    zh, en = duty_words.told(who, reasons, facts, chosen)
    return Step(
        relation, outcome, tuple(reasons), zh, en, person.name, person.code,
        worker=person.id, role=post.role, cell=post.cell,
    )  # fmt: skip


def _unit(relation: Relation, unit: Unit, asked: Asked, *, named: bool) -> Step:
    """Ask a unit; one that the list names has what it takes, an office must be of its kind."""
    reasons = []
    if asked.is_urgent and unit.hours and not is_within(unit.hours, asked.at):
        reasons.append(Reason.OFF_DUTY)
    if not named and asked.unit_kinds and unit.kind not in asked.unit_kinds:
        reasons.append(Reason.NOT_ITS_KIND)
    if not named and not asked.skills <= unit.skills:
        reasons.append(Reason.SKILL_MISSING)
    outcome = _outcome(reasons)
    facts = duty_words.About(tuple(sorted(asked.skills - unit.skills)))
    who = duty_words.unit(relation, unit.name, named=named)
    chosen = duty_words.UNIT if outcome is Outcome.CHOSEN else None
    zh, en = duty_words.told(who, reasons, facts, chosen)
    return Step(relation, outcome, tuple(reasons), zh, en, unit.name, unit.code, unit=unit.id)
