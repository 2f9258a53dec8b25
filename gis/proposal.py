"""派遣方案: who is proposed for many waiting cases at once, and why, for a dispatcher to change.

Each case is asked `gis.duty` first: what belongs to a unit goes there. All others are given to the
workers of their own and the neighbouring cells together, by `gis.dispatch`, so that what is best
for one is not paid by the next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

import gis.dispatch
import gis.dispatch_pairs
import gis.duty
import gis.roads
from gis.dispatch import Assignment
from gis.dispatch_pairs import NOWHERE, Cases, Floats, Ints, Responders, Rules, Travel
from gis.duty import Answer
from gis.duty_facts import Asked, Facts, Posted
from gis.errors import BadInput
from gis.terms import PostRole

LIVE = 500
"""Up to so many cases the places in everybody's queue are told apart by time; above, by load."""
PAIRS = 4_000_000
"""Up to so many pairs ways are looked for along the streets; above, straight."""
URGENT = 5.0
"""What lateness of an urgent case weighs beside that of another."""
HANDLING_S = 1_200.0
SKILLS = 62
NEAREST = 30
DIALS = ("own_cell", "fairness")


@dataclass(frozen=True)
class Waiting:
    """A case that waits to be dispatched; `due_at` is when it would have to be done."""

    id: int
    code: str
    version: int
    title: str
    due_at: datetime | None
    asked: Asked
    facts: Facts


@dataclass(frozen=True)
class Item:
    """Who is proposed for a case: a worker, a unit, or nobody, with the reason in words.

    `worker` and `unit` are codes. Seconds: `travel_s` is the walk, `arrives_s` from now, `parts`
    what the choice costs by part. `turn` is the place in the worker's queue, from 0.
    """

    code: str
    version: int
    title: str
    zh: str
    en: str
    worker: str | None = None
    unit: str | None = None
    name: str | None = None
    cell: str | None = None
    spot: tuple[float, float] | None = None
    starts: tuple[float, float] | None = None
    turn: int | None = None
    travel_s: float | None = None
    arrives_s: float | None = None
    late_s: float | None = None
    parts: Mapping[str, float] | None = None


@dataclass(frozen=True)
class Dial:
    """What a dial costs and brings as it stands, against it at nought."""

    dial: str
    value: float
    travel_s: float
    late_s: float
    busiest_s: float
    own_cell: int


@dataclass(frozen=True)
class Proposal:
    """A proposal for all waiting cases, in their order, and what the dials cost."""

    items: tuple[Item, ...]
    dials: tuple[Dial, ...]


def propose(
    waiting: Sequence[Waiting],
    *,
    now: datetime,
    plane: gis.roads.Plane,
    roads: gis.roads.Roads | None,
    rules: Rules,
    held: Mapping[str, str] | None = None,
    elsewhere: Mapping[str, Posted] | None = None,
) -> Proposal:
    """Propose who goes to each case; `held` names workers whom the dispatcher chose by hand.

    `elsewhere` are posts of those of them who are not on duty near the case, by code: they go
    because the dispatcher says so, and the others are proposed without that case.

    Raises:
        BadInput: a case or worker chosen by hand is not among them, or the worker is barred.
    """
    answers = [gis.duty.answer(one.asked, one.facts) for one in waiting]
    held = dict(held or {})
    walks = [n for n, answer in enumerate(answers) if _is_walked(waiting[n], answer, held)]
    crew = _crew([waiting[n] for n in walks], now)
    called = _called(waiting, crew, held, elsewhere or {})
    walks = [n for n in walks if n not in called]
    found = _assign([waiting[n] for n in walks], crew, now, plane, roads, rules, held)
    items = [_answered(one, answer) for one, answer in zip(waiting, answers, strict=True)]
    for place, n in enumerate(walks):
        items[n] = _walked(waiting[n], crew, found, place)
    for n, post in called.items():
        items[n] = _sent(waiting[n], post, now)
    return Proposal(tuple(items), tuple(_dials(found)) if walks else ())


def _is_walked(one: Waiting, answer: Answer, held: Mapping[str, str]) -> bool:
    """Whether a worker is to go there; nobody walks to a place that is not known."""
    to_unit = answer.chosen is not None and answer.chosen.unit is not None
    return one.asked.spot is not None and (one.code in held or not to_unit)


# Who may go


@dataclass(frozen=True)
class _Crew:
    """Everybody on duty near the cases, each once, with the post he is met in, and his cells."""

    posts: tuple[Posted, ...]
    places: Mapping[int, int]
    cells: Mapping[str, int]
    own: tuple[tuple[int, int], ...]


def _crew(waiting: Sequence[Waiting], now: datetime) -> _Crew:
    met: dict[int, Posted] = {}
    cells: dict[str, int] = {}
    own: set[tuple[int, str]] = set()
    seen: set[int] = set()
    for one in waiting:
        cells.setdefault(one.asked.cell or "", len(cells))
        if id(one.facts) in seen:  # cases of one cell share their facts
            continue
        seen.add(id(one.facts))
        for post in _at_hand(one.facts, now):
            own.add((post.person.id, post.cell))
            met.setdefault(post.person.id, post)
    places = {number: place for place, number in enumerate(met)}
    for _, cell in own:
        cells.setdefault(cell, len(cells))
    pairs = sorted((places[who], cells[cell]) for who, cell in own if who in places)
    return _Crew(tuple(met.values()), places, cells, tuple(pairs))


def _called(
    waiting: Sequence[Waiting],
    crew: _Crew,
    held: dict[str, str],
    elsewhere: Mapping[str, Posted],
) -> dict[int, Posted]:
    """Who is called from elsewhere to which case; `held` keeps those who are on duty near it."""
    near = {post.person.code for post in crew.posts}
    called = {}
    for n, one in enumerate(waiting):
        if (who := held.get(one.code)) in elsewhere and who not in near:
            called[n] = elsewhere[held.pop(one.code)]
    return called


def _at_hand(facts: Facts, now: datetime) -> list[Posted]:
    """Who is on duty: workers and backups of the cell, workers beside it; else its leaders."""
    own = [post for post in facts.own if gis.duty.away(post.person, now) is None]
    beside = [post for post in facts.beside if gis.duty.away(post.person, now) is None]
    feet = [post for post in own if post.role is not PostRole.GRID_LEADER]
    feet += [post for post in beside if post.role is PostRole.GRID_WORKER]
    return feet or own


def _assign(
    waiting: Sequence[Waiting],
    crew: _Crew,
    now: datetime,
    plane: gis.roads.Plane,
    roads: gis.roads.Roads | None,
    rules: Rules,
    held: Mapping[str, str],
) -> Assignment:
    skills = _skills(waiting)
    xy = plane.metres([one.asked.spot or (np.nan, np.nan) for one in waiting])
    cases = Cases.at(
        xy,
        urgency=[URGENT if one.asked.is_urgent else 1.0 for one in waiting],
        due_s=[(one.due_at - now).total_seconds() if one.due_at else np.inf for one in waiting],
        handling_s=HANDLING_S,
        skill=[sum(skills[word] for word in one.asked.skills) for one in waiting],
        cell=[crew.cells[one.asked.cell] if one.asked.cell else NOWHERE for one in waiting],
        held=_held(waiting, crew, held),
    )
    people = [post.person for post in crew.posts]
    responders = Responders.at(
        plane.metres([gis.duty.position(post, now) for post in crew.posts]),
        until_s=[gis.duty.duty_left(one, now).total_seconds() for one in people],
        load_s=[one.load * HANDLING_S for one in people],
        free_s=[one.load * HANDLING_S for one in people],
        seen_s=0.0,
        room=[one.capacity - one.load for one in people],
        skill=[sum(skills.get(word, 0) for word in one.skills) for one in people],
        own=crew.own,
    )
    ways = roads if len(cases) * len(responders) <= PAIRS else None
    seconds = gis.roads.walk_s(ways, responders.xy, cases.xy)
    travel = _near(seconds, cases.held) if len(cases) > LIVE else Travel.every(seconds)
    choices = gis.dispatch_pairs.consider(cases, responders, travel, now_s=0.0, rules=rules)
    decide = gis.dispatch.decide_in_bulk if len(cases) > LIVE else gis.dispatch.decide
    return decide(choices)


def _near(seconds: Floats, held: Ints) -> Travel:
    """The nearest few of each case, and whom the dispatcher chose wherever he is."""
    near = Travel.nearest(seconds, NEAREST)
    case = np.flatnonzero(held != NOWHERE)
    case = case[
        ~np.isin(case * len(seconds) + held[case], near.case * len(seconds) + near.responder)
    ]
    return Travel(
        np.concatenate([near.case, case]),
        np.concatenate([near.responder, held[case]]),
        np.concatenate([near.seconds, seconds[held[case], case]]),
    )


def _skills(waiting: Sequence[Waiting]) -> dict[str, int]:
    """A bit for every skill that some case needs."""
    words = sorted({word for one in waiting for word in one.asked.skills})
    if len(words) > SKILLS:
        raise BadInput(f"the cases need {len(words)} skills; at most {SKILLS} at once")
    return {word: 1 << place for place, word in enumerate(words)}


def _held(waiting: Sequence[Waiting], crew: _Crew, held: Mapping[str, str]) -> list[int]:
    by_code = {post.person.code: place for place, post in enumerate(crew.posts)}
    codes = {one.code for one in waiting}
    faults = [f"no case {code!r} waits to be dispatched" for code in held if code not in codes]
    faults += [
        f"{worker!r}, chosen for {code!r}, is not on duty there; on duty: {', '.join(by_code)}"
        for code, worker in held.items()
        if worker not in by_code
    ]
    if faults:
        raise BadInput("; ".join(faults), field="held")
    return [by_code[held[one.code]] if one.code in held else NOWHERE for one in waiting]


# In words


def _item(one: Waiting, zh: str, en: str) -> Item:
    cell, spot = one.asked.cell, one.asked.spot
    return Item(one.code, one.version, one.title, zh, en, cell=cell, spot=spot)


def _answered(one: Waiting, answer: Answer) -> Item:
    item, chosen = _item(one, answer.zh, answer.en), answer.chosen
    if chosen is None:
        return item
    facts = one.facts
    people = {post.person.id: post.person.code for post in (*facts.own, *facts.beside)}
    units = {unit.id: unit.code for unit in (*(duty.unit for duty in facts.duties), *facts.offices)}
    return replace(
        item,
        worker=people.get(chosen.worker or 0),
        unit=units.get(chosen.unit or 0),
        name=chosen.who,
    )


def _walked(one: Waiting, crew: _Crew, found: Assignment, place: int) -> Item:
    responder, barrier = int(found.responder[place]), found.why_not(place)
    if responder == NOWHERE:
        label, word = (barrier.label, str(barrier)) if barrier else ("", "")
        return _item(one, f"暂无人可派：{label}", f"nobody can be sent: {word}")
    post = crew.posts[responder]
    return replace(
        _item(one, *_reason(one, crew, found, place)),
        worker=post.person.code,
        name=post.person.name,
        starts=post.centre,
        turn=int(found.turn[place]),
        travel_s=float(found.travel_s[place]),
        arrives_s=float(found.arrival_s[place]),
        late_s=float(found.late_s[place]),
        parts=found.cost(place),
    )


def _sent(one: Waiting, post: Posted, now: datetime) -> Item:
    """A worker whom the dispatcher calls from elsewhere, told how far and whether he is there."""
    zh = [f"由派遣员指定：{post.cell_name or post.cell} {post.role.label} {post.person.name}"]
    en = [f"chosen by the dispatcher: {post.person.name}, {post.role} of {post.cell}"]
    if one.asked.spot:
        km = gis.duty.metres(one.asked.spot, post.centre) / 1000
        zh, en = [*zh, f"直线约 {km:.1f} 公里"], [*en, f"{km:.1f} km as the crow flies"]
    if why := gis.duty.away(post.person, now):
        zh, en = [*zh, f"现在{why.label}"], [*en, f"now {why.replace('_', ' ')}"]
    return replace(
        _item(one, "，".join(zh), "; ".join(en)),
        worker=post.person.code,
        name=post.person.name,
        starts=post.centre,
    )


def _reason(one: Waiting, crew: _Crew, found: Assignment, place: int) -> tuple[str, str]:
    responder, turn = int(found.responder[place]), int(found.turn[place])
    post = crew.posts[responder]
    is_own = (responder, crew.cells[one.asked.cell or ""]) in crew.own
    walk, wait = round(found.travel_s[place] / 60), round(found.arrival_s[place] / 60)
    late = round(found.late_s[place] / 60)
    zh = [
        f"{post.cell_name or post.cell} {post.role.label} {post.person.name}",
        "本网格" if is_own else "其他网格",
        f"步行约 {walk} 分钟，约 {wait} 分钟后到场",
        f"第 {turn + 1} 件" if turn else "即刻出发",
        f"预计晚 {late} 分钟" if late else "预计按时",
    ]
    en = [
        f"{post.person.name}, {post.role} of {post.cell}",
        "the case's own cell" if is_own else "from another cell",
        f"a walk of {walk} min, there in {wait} min",
        f"number {turn + 1} in the queue" if turn else "sets out at once",
        f"expected {late} min late" if late else "expected in time",
    ]
    return "，".join(zh), "; ".join(en)


def _dials(found: Assignment) -> list[Dial]:
    prices = [gis.dispatch.price(found, dial) for dial in DIALS]
    return [
        Dial(
            price.dial,
            price.value,
            price.travel_s,
            price.late_s,
            price.with_it.busiest_s - price.without.busiest_s,
            price.with_it.own_cell - price.without.own_cell,
        )
        for price in prices
    ]
