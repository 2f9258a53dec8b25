"""Annealing: thousands of small changes at once, of which those that do not meet are made.

A change moves one node over a border into the next cell, or exchanges it for a node across. What
it costs, a rule says: `gis.partition_draw` and `gis.partition_rebalance` have one each. Many
changes are drawn at random and taken or left as Metropolis does; only those taken are asked
whether the cells hold together without what they give, and of those left the first at every cell
is made. Changes made together touch different cells, so making them at once is the same as making
them one after the other, and neither the sums of the cells nor a test of one is ever out of date.

A small ground is laid out in several copies, which are annealed together at the price of one, and
the best copy of every pocket is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

import gis.partition_graph
import gis.partition_web
from gis.partition_graph import Flags, Floats, Ints
from gis.partition_pockets import Ground
from gis.partition_web import Places, Web

SWAPS = 0.4
"""Share of the changes drawn that try to exchange two nodes."""
LOOK = 4
"""Sweeps after which the borders are looked for again."""
WATCH = 20
"""Sweeps after which the best is kept, and the caller asked whether to go on."""


FEW = 64
"""Changes drawn at least; where little is to be done, no more than a quarter of the borders."""


def always() -> bool:
    """Never stop before the end."""
    return True


def silent(done: float) -> None:
    """Tell nobody how far it is."""


@dataclass(frozen=True)
class Course:
    """How long and how: sweeps, changes drawn in each, heat from start to end, who is told."""

    sweeps: int
    changes: int
    heat: tuple[float, float]
    keep_going: Callable[[], bool] = always
    progress: Callable[[float], None] = silent


@dataclass(eq=False)
class State:
    """A division of n nodes (all copies) into cells, changed in place.

    cell: (n + 1,), -1 for nobody. load: (cells,) kept in step with it. weight: (n + 1,), 0 for
    nobody. around_m: (n + 1,) the border of each node with all others. cut: links between cells.
    """

    web: Web
    weight: Floats
    cell: Places
    load: Floats
    around_m: Floats = field(init=False)
    cut: Ints = field(init=False)

    def __post_init__(self) -> None:
        self.around_m = self.web.near_m.sum(axis=1)
        self.cut = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Changes:
    """k changes: `node` goes from cell `old` to `new`, `partner` (or nobody) the other way.

    shift: workload that goes from old to new on the whole.
    """

    node: Ints
    partner: Ints
    old: Ints
    new: Ints
    shift: Floats

    def where(self, which: Flags | Ints) -> Changes:
        """Only some of them."""
        return Changes(*(values[which] for values in vars(self).values()))


class Rule(Protocol):
    """What a change costs: `cost` (k,) but for the border, a metre of which costs `metre`."""

    metre: float

    def cost(self, state: State, changes: Changes, done: float) -> Floats: ...

    def score(self, state: State) -> Floats:
        """How bad each pocket is in each copy (copies, pockets)."""

    def hot(self, state: State) -> Flags | None:
        """The cells (cells,) where there is something to do; None for all."""


def state(ground: Ground, cell: Ints, cells: int, fixed: Flags | None = None) -> State:
    """The state of copies (copies, nodes) of a division into so many cells; fixed: (nodes,)."""
    copies = len(cell)
    web = gis.partition_web.woven(len(ground), ground.pairs, ground.border_m)
    if fixed is not None:
        web = replace(web, fixed=web.fixed | np.append(fixed, True))
    weight = np.append(np.tile(ground.workload, copies), 0.0)
    every = (cell + np.arange(copies)[:, None] * cells).ravel()
    load = gis.partition_graph.sums(every, weight[:-1], copies * cells)
    tiled = gis.partition_web.tiled(web, copies)
    return State(tiled, weight, np.append(every, -1).astype(np.int32), load)


def annealed(
    state: State, ground: Ground, rule: Rule, course: Course, random: np.random.Generator
) -> tuple[Ints, bool]:
    """The best cell of every node (nodes,) that was met, and whether it ran to the end."""
    best = Best(ground, len(state.cell) // len(ground), len(state.load))
    best.look(state, rule)
    first, last = course.heat
    for turn in range(course.sweeps):
        done = turn / course.sweeps
        if turn % LOOK == 0:
            _find_borders(state, rule)
        if turn % WATCH == 0:
            best.look(state, rule)
            course.progress(done)
            if not course.keep_going():
                return best.cell, False
        if len(state.cut):
            count = min(course.changes, max(FEW, len(state.cut) // 4))
            heat = first * (last / first) ** done
            make(state, drawn(state, rule, count, heat, done, random))
    best.look(state, rule)
    course.progress(1.0)
    return best.cell, True


class Best:
    """The best that was met in any copy, pocket by pocket."""

    def __init__(self, ground: Ground, copies: int, cells: int) -> None:
        self.ground, self.copies, self.cells = ground, copies, cells // copies
        self.cell = np.zeros(len(ground), dtype=np.int64)
        self.score = np.full(len(ground.pockets), np.inf)

    def look(self, state: State, rule: Rule) -> None:
        """Keep what is better now."""
        scores = rule.score(state)
        copy = scores.argmin(axis=0)
        score = scores[copy, np.arange(len(copy))]
        better = score < self.score
        self.score[better] = score[better]
        nodes = np.flatnonzero(better[self.ground.pocket])
        whose = copy[self.ground.pocket[nodes]]
        self.cell[nodes] = state.cell[whose * len(self.ground) + nodes] - whose * self.cells


def _find_borders(state: State, rule: Rule) -> None:
    """Look again which links lie between cells, where there is something to do."""
    web = state.web
    start = state.cell[web.start]
    cut = (start != state.cell[web.end]) & ~web.fixed[web.start]
    hot = rule.hot(state)
    if hot is not None:
        cut &= hot[start] | hot[state.cell[web.end]]
    state.cut = np.flatnonzero(cut)


def drawn(
    state: State, rule: Rule, count: int, heat: float, done: float, random: np.random.Generator
) -> Changes:
    """Changes that are worth making at this heat, out of `count` drawn at random."""
    changes = _proposed(state, count, random)
    luck = heat * random.standard_exponential(len(changes.node))
    room_m = (luck - rule.cost(state, changes, done)) / rule.metre
    most = state.around_m[changes.node] + state.around_m[changes.partner]
    may = room_m > -most  # before the borders are measured: most fail here
    changes = changes.where(may)
    longer_m, touching = _borders(state, changes)
    return changes.where(touching & (longer_m < room_m[may]))


def _proposed(state: State, count: int, random: np.random.Generator) -> Changes:
    """Changes over random borders; a partner is looked for near the node."""
    web, cell = state.web, state.cell
    link = state.cut[random.integers(0, len(state.cut), count)]
    link = link[cell[web.start[link]] != cell[web.end[link]]]
    node = web.start[link]
    old, new = cell[node], cell[web.end[link]]
    pick = random.random(len(node)) / SWAPS
    swap = pick < 1
    partner = web.ring[node, (np.where(swap, pick, 0) * web.wide[node]).astype(np.int64)]
    partner[~swap | (cell[partner] != new) | web.fixed[partner]] = len(web)
    return Changes(node, partner, old, new, state.weight[node] - state.weight[partner])


def _borders(state: State, changes: Changes) -> tuple[Floats, Flags]:
    """How many metres longer the borders get, and whether nodes touch the cell they go to."""
    node, partner = changes.node, changes.partner
    stays, joins = _sides(state, node, changes.old, changes.new)
    longer, touching = stays - joins, np.ones(len(node), dtype=bool)
    two = np.flatnonzero(partner < len(state.web))
    one, other = node[two], partner[two]
    shared = np.einsum("ij,ij->i", state.web.near_m[one], state.web.near[one] == other[:, None])
    stays, back = _sides(state, other, changes.new[two], changes.old[two])
    longer[two] += stays - back + 2 * shared
    touching[two] = (back > shared) & (joins[two] > shared)
    return longer, touching


def _sides(state: State, node: Ints, old: Ints, new: Ints) -> tuple[Floats, Floats]:
    """Metres of border of each node with its cell and with the other one."""
    beside, metres = state.cell[state.web.near[node]], state.web.near_m[node]
    stays = np.einsum("ij,ij->i", metres, beside == old[:, None])
    return stays, np.einsum("ij,ij->i", metres, beside == new[:, None])


def make(state: State, changes: Changes) -> None:
    """Make the changes that leave cells whole, the first at every cell."""
    changes = changes.where(_whole(state, changes))
    changes = changes.where(_apart(len(state.load), changes))
    two = changes.partner < len(state.web)
    state.cell[changes.node] = changes.new
    state.cell[changes.partner[two]] = changes.old[two]
    state.load[changes.old] -= changes.shift
    state.load[changes.new] += changes.shift


def _whole(state: State, changes: Changes) -> Flags:
    """Whether both cells of each change hold together without what they give."""
    two = changes.partner < len(state.web)
    node = np.concatenate([changes.node, changes.partner[two]])
    home = np.concatenate([changes.old, changes.new[two]])
    whole = gis.partition_web.holds(state.web, state.cell, node, home)
    fine = whole[: len(two)]
    fine[two] &= whole[len(two) :]
    return fine


def _apart(cells: int, changes: Changes) -> Flags:
    """Whether a change is the first at both its cells."""
    turn = np.arange(len(changes.node))
    first = np.empty(cells, dtype=np.int64)
    backwards: npt.NDArray[np.int64] = turn[::-1]
    touched = np.column_stack([changes.old, changes.new])[::-1]
    first[touched.ravel()] = np.repeat(backwards, 2)
    return np.asarray((first[changes.old] == turn) & (first[changes.new] == turn))
