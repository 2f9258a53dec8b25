"""Who goes to which case, in which order: the assignment whose sum of costs is least.

`gis.dispatch_pairs` says what is looked at and what a pair costs. Live, `decide` tells the places
in a queue apart by time and is asked again at every event until somebody departs; for a night's
worth of cases `decide_in_bulk` fills each responder's room. What a dial costs, `price` says.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

import gis.dispatch_pairs
import gis.dispatch_solve
from gis.dispatch_pairs import (
    BARRIERS,
    FREE,
    NOWHERE,
    PARTS,
    Barrier,
    Cases,
    Choices,
    Floats,
    Ints,
    Travel,
)
from gis.errors import BadInput

LEFT_S = 100_000.0
"""What leaving a case costs beyond the dearest way of all, per unit of urgency."""


@dataclass(frozen=True, eq=False)
class Assignment:
    """Who goes to each case, (n,) each.

    responder: place, or NOWHERE. turn: place in his queue from 0, or NOWHERE. travel_s,
    arrival_s, late_s (expected lateness): NaN where nobody goes. parts: seconds (n, 4) in the
    order of `PARTS`. barrier: why nobody goes, as a place in `BARRIERS`, or FREE. in_bulk: whether
    the turns are no more than an order of work.
    """

    choices: Choices
    responder: Ints
    turn: Ints
    travel_s: Floats
    arrival_s: Floats
    late_s: Floats
    parts: Floats
    barrier: npt.NDArray[np.int8]
    in_bulk: bool

    def why_not(self, case: int) -> Barrier | None:
        """Why nobody goes to a case; None when somebody does."""
        return gis.dispatch_pairs.named(self.barrier[case])

    def cost(self, case: int) -> dict[str, float]:
        """What the choice for a case costs, in seconds by part; nothing when nobody goes."""
        if self.responder[case] == NOWHERE:
            return {}
        return dict(zip(PARTS, self.parts[case].tolist(), strict=True))


def decide(choices: Choices) -> Assignment:
    """Assign live: each responder has his queue, in the order in which he would set out."""
    arcs, pair, place = by_place(choices)
    taken = gis.dispatch_solve.solve(arcs)
    return _assignment(
        choices, _taken(pair, taken, NOWHERE), _taken(place, taken, 0), in_bulk=False
    )


def decide_in_bulk(choices: Choices) -> Assignment:
    """Assign up to everybody's room; each further case of a responder counts as more load.

    The times are those of the first place in the queue. The turn says in which order: the most
    urgent first, then by deadline, then the nearest.
    """
    arcs, pair = by_room(choices)
    chosen = _taken(pair, gis.dispatch_solve.solve(arcs), NOWHERE)
    return _assignment(choices, chosen, np.zeros_like(chosen), in_bulk=True)


def by_place(choices: Choices) -> tuple[gis.dispatch_solve.Arcs, Ints, Ints]:
    """The arcs of `decide`, a column for every place in a queue; pair and place of each arc."""
    pair, place = np.nonzero(np.isfinite(choices.parts[..., 0]))
    row, cost = choices.case[pair], whole(choices.parts[pair, place].sum(axis=1))
    queue, count = choices.parts.shape[1], len(choices.responders)
    column = choices.responder[pair] * queue + place
    leave = _leave(choices, cost)
    return gis.dispatch_solve.single(row, column, cost, leave, count * queue), pair, place


def by_room(choices: Choices) -> tuple[gis.dispatch_solve.Arcs, Ints]:
    """The arcs of `decide_in_bulk`, a column for every responder; the pair of each arc."""
    pair = np.flatnonzero(np.isfinite(choices.parts[:, 0, 0]))
    row, cost = choices.case[pair], whole(choices.parts[pair, 0].sum(axis=1))
    room = np.clip(choices.responders.room, 0, len(choices.cases))
    more = choices.rules.fairness / 3_600 * choices.turn_s * np.arange(room.max(initial=0))
    steps = np.tile(whole(more), (len(room), 1))
    leave = _leave(choices, cost)
    return gis.dispatch_solve.Arcs(row, choices.responder[pair], cost, leave, steps, room), pair


def whole(seconds: Floats) -> npt.NDArray[np.int64]:
    """Seconds as whole milliseconds."""
    return np.rint(seconds * 1_000).astype(np.int64)


def _taken(values: Ints, taken: Ints, missing: int) -> Ints:
    """The values of the pairs taken (n,); `missing` for a case that nobody goes to."""
    answer = np.full(len(taken), missing, dtype=np.int64)
    answer[taken >= 0] = values[taken[taken >= 0]]
    return answer


def _leave(choices: Choices, cost: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """What it costs to leave each case: more than any way, most for those chosen by hand."""
    held = np.where(choices.cases.held != NOWHERE, 1_000, 1)
    left_s = LEFT_S * np.maximum(choices.cases.urgency, 1.0) * held
    return np.asarray(cost.max(initial=0) + whole(left_s))


def _assignment(choices: Choices, pair: Ints, place: Ints, *, in_bulk: bool) -> Assignment:
    """Read the chosen pairs (n,), -1 for none, at their places in the queue."""
    went = pair >= 0
    at, slot = pair[went], place[went]

    def filled(values: npt.NDArray[Any], missing: float) -> npt.NDArray[Any]:
        answer = np.full((len(pair), *values.shape[1:]), missing, dtype=values.dtype)
        answer[went] = values
        return answer

    start_s, travel_s = choices.start_s[at, slot], choices.travel_s[at]
    responder = filled(choices.responder[at], NOWHERE)
    return Assignment(
        choices,
        responder,
        _turns(choices.cases, responder, filled(slot, NOWHERE), filled(travel_s, np.nan)),
        filled(travel_s, np.nan),
        filled(start_s + travel_s, np.nan),
        filled(choices.late_s[at, slot], np.nan),
        filled(choices.parts[at, slot], np.nan),
        _hurdle(choices, went),
        in_bulk,
    )


def _turns(cases: Cases, responder: Ints, place: Ints, travel_s: Floats) -> Ints:
    """Number each one's cases from 0: by place, urgency, deadline, walk."""
    order = np.lexsort((travel_s, cases.due_s, -cases.urgency, place, responder))
    mine = responder[order]
    first = np.flatnonzero(np.diff(mine, prepend=NOWHERE - 1))
    turn = np.empty(len(order), dtype=np.int64)
    turn[order] = np.arange(len(order)) - np.repeat(first, np.diff(first, append=len(order)))
    return np.where(responder == NOWHERE, NOWHERE, turn)


def _hurdle(choices: Choices, went: npt.NDArray[np.bool_]) -> npt.NDArray[np.int8]:
    """What keeps each case without anybody: the barrier of the nearest; outbid if one is free."""
    hurdle = np.where(went, FREE, BARRIERS.index(Barrier.NOBODY)).astype(np.int8)
    pair = np.flatnonzero(~went[choices.case])
    free = choices.barrier[pair] == FREE
    order = pair[np.lexsort((choices.travel_s[pair], ~free))][::-1]
    reason = np.where(choices.barrier == FREE, BARRIERS.index(Barrier.OUTBID), choices.barrier)
    hurdle[choices.case[order]] = reason[order]
    return hurdle


# What the dials cost


@dataclass(frozen=True)
class Figures:
    """What an assignment comes to: seconds walked, expected seconds late, work of the busiest,
    cases that go to a worker of their own cell, cases that nobody goes to."""

    travel_s: float
    late_s: float
    busiest_s: float
    own_cell: int
    left: int


def figures(found: Assignment) -> Figures:
    """Sum an assignment up; the busiest with what he worked before."""
    choices = found.choices
    cases, went = choices.cases, found.responder != NOWHERE
    work_s = np.where(went, found.travel_s + cases.handling_s, 0.0)
    more_s = np.bincount(found.responder[went], work_s[went], minlength=len(choices.responders))
    pairs = Travel(np.flatnonzero(went), found.responder[went], found.travel_s[went])
    own = ~gis.dispatch_pairs.unfamiliar(cases, choices.responders, pairs) & (
        cases.cell[went] != NOWHERE
    )
    return Figures(
        float(np.nansum(found.travel_s)),
        float(np.nansum(found.late_s)),
        float((choices.responders.load_s + more_s).max(initial=0.0)),
        int(own.sum()),
        int((~went).sum()),
    )


@dataclass(frozen=True)
class Price:
    """What a dial costs and brings: the figures with it as it stands and with it at nought."""

    dial: str
    value: float
    with_it: Figures
    without: Figures

    @property
    def travel_s(self) -> float:
        """Seconds walked for it."""
        return self.with_it.travel_s - self.without.travel_s

    @property
    def late_s(self) -> float:
        """Expected seconds late for it."""
        return self.with_it.late_s - self.without.late_s


def price(found: Assignment, dial: str) -> Price:
    """Decide once more without a dial, and compare.

    Raises:
        BadInput: there is no such dial.
    """
    seen = found.choices
    without = {
        "own_cell": replace(seen.rules, own_cell=0.0),
        "fairness": replace(seen.rules, fairness=0.0),
    }
    if dial not in without:
        raise BadInput(f"{dial!r} is no dial; there are: {', '.join(without)}", field="dial")
    travel = Travel(seen.case, seen.responder, seen.travel_s)
    rules = without[dial]
    choices = gis.dispatch_pairs.consider(
        seen.cases, seen.responders, travel, now_s=seen.now_s, rules=rules
    )
    again = decide_in_bulk(choices) if found.in_bulk else decide(choices)
    return Price(dial, getattr(seen.rules, dial), figures(found), figures(again))
