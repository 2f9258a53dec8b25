"""Cells drawn and balanced: units (buildings, blocks) into contiguous, compact, equal cells.

`draw` makes new cells of a target workload. Barriers and communities cut the ground into pockets
(`gis.partition_pockets`); seeds grow on each (`gis.partition_start`); annealing shortens borders
and evens out workloads (`gis.partition_anneal`, `gis.partition_draw`). `balance` changes cells in
force so that each is within its range and as few residents as possible get another worker
(`gis.partition_rebalance`). `gis.partition_measures` tells how good any plan is.

The same seed gives the same plan. Both ask now and then whether to go on, and give the best so
far when not; they have no clock of their own. The method is simulated annealing of districts
(Kirkpatrick, Gelatt and Vecchi 1983; Browdy 1990) from a start by weighted k-means on the graph.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

import gis.partition_anneal
import gis.partition_draw
import gis.partition_graph
import gis.partition_measures
import gis.partition_pockets
import gis.partition_rebalance
import gis.partition_regions
import gis.partition_start
from gis.errors import BadInput
from gis.partition_anneal import Course, State, always, silent
from gis.partition_graph import Flags, Floats, Ints, Units
from gis.partition_pockets import Forced, Ground, Pocket
from gis.partition_rebalance import Today

LEAST, SWEEPS, ROOT = 300, 2_400, 23.0
"""Sweeps of a tiny and of a large ground; between, they grow with the square root of its nodes."""
USUAL = 30
"""Nodes of a cell beyond which it takes more sweeps."""
SIDE_BY_SIDE = 6_000
"""Nodes that are annealed together: a smaller ground is laid out in copies, up to 8."""
LEGS = 3
"""How often at most a pocket is drawn, until its cells are equal."""
RINGS = (None, 3, 5)
"""Balancing begins with pockets, then goes on so many rings around each cell that is left."""
HEAT = (0.1, 0.005)
"""From and to which heat cells are drawn, in sides of a cell."""
STIR = (0.5, 0.03)
"""From and to which heat cells are balanced, in units that move."""


@dataclass(frozen=True)
class Pace:
    """How long to anneal, whom to ask whether to go on, whom to tell the share that is done."""

    effort: float
    keep_going: Callable[[], bool]
    progress: Callable[[float], None]

    def leg(self, turn: int) -> Pace:
        """The pace of one leg of several."""
        return replace(self, progress=lambda done: self.progress((turn + done) / LEGS))

    def course(self, nodes: int, state: State, heat: tuple[float, float]) -> Course:
        """The course of so many nodes, in copies or not, through so much heat.

        A sweep changes a cell once: cells of many nodes need more sweeps.
        """
        each = len(state.web) / len(state.load) / USUAL
        sweeps = np.clip(ROOT * np.sqrt(nodes), LEAST, SWEEPS) * np.clip(each, 1, 5) * self.effort
        changes = max(64, 2 * len(state.load))
        return Course(max(1, round(sweeps)), changes, heat, self.keep_going, self.progress)


@dataclass(frozen=True, eq=False)
class Drawing:
    """Cells drawn. cell: (n,) of each unit, from 0, numbered pocket by pocket. aim: (n,) the mean
    workload of a cell in the pocket of each unit. complete: whether it ran to the end."""

    cell: Ints
    aim: Floats
    cells: int
    pockets: tuple[Pocket, ...]
    forced: tuple[Forced, ...]
    complete: bool


@dataclass(frozen=True, eq=False)
class Balance:
    """Cells balanced. cell: (n,) of each unit, as numbered in `current`. moved: (n,) whether it
    changes the cell. out: (cells,) workload beyond the range (+) or lacking (-). hopeless: (cells,)
    whether its pocket cannot be brought into range by so many cells, with a sentence in why."""

    cell: Ints
    moved: Flags
    out: Floats
    hopeless: Flags
    why: tuple[str, ...]
    complete: bool


def draw(
    units: Units, target: float, *, tolerance: float = 0.1, cells: int | None = None, seed: int = 0,
    effort: float = 1.0, keep_going: Callable[[], bool] = always,
    progress: Callable[[float], None] = silent,
) -> Drawing:  # fmt: skip
    """Draw cells of about the target workload, or as many as told.

    tolerance: share of the target by which a cell may miss it; less than that alone is joined
    over a barrier. effort: 1 is 5 seconds for 20,000 units; more takes longer and is better.
    Raises BadInput for no units, and for a target, tolerance or number of cells that cannot be.
    """
    random = np.random.default_rng(seed)
    ground = gis.partition_pockets.ground(units, target, tolerance, cells)
    count = int(ground.cells().sum())
    side_m = float(np.sqrt(units.area_m2.sum() / count))
    pace = Pace(effort, keep_going, progress)
    cell, complete = _drawn(ground, side_m, pace, random)
    aim = np.array([pocket.mean for pocket in ground.pockets])[ground.pocket]
    node = ground.node
    return Drawing(cell[node], aim[node], count, ground.pockets, ground.forced, complete)


def balance(
    units: Units, current: npt.ArrayLike, low: float, high: float, *, seed: int = 0,
    effort: float = 1.0, keep_going: Callable[[], bool] = always,
    progress: Callable[[float], None] = silent,
) -> Balance:  # fmt: skip
    """Bring the cells in force into the range of workload by moving the fewest households.

    current: (n,) the cell of each unit, numbered from 0. A cell that is connected stays so, and no
    barrier is crossed that is not crossed today. Raises BadInput for cells that do not fit.
    """
    home = _admitted(units, current, low, high)
    ground = _as_is(units, home)
    today = _today(units, ground, home, low, high)
    side_m = float(np.sqrt(units.area_m2.sum() / len(today.low)))
    pace = Pace(effort, keep_going, progress)
    cell, complete = _settled(ground, today, side_m, pace, np.random.default_rng(seed))
    out = today.out(gis.partition_graph.sums(cell, units.workload, len(today.low)))
    hopeless = today.out(_means(ground, today)) != 0
    return Balance(cell, cell != home, out, hopeless, _why(ground, low, high), complete)


def _copies(nodes: int) -> int:
    return int(np.clip(SIDE_BY_SIDE // nodes, 1, 8))


def _drawn(
    ground: Ground, side_m: float, pace: Pace, random: np.random.Generator
) -> tuple[Ints, bool]:
    """Draw every pocket; then again those whose cells are not equal yet, in more copies."""
    cell = gis.partition_start.grown(ground, random)
    begin = np.cumsum(ground.cells()) - ground.cells()
    places = np.arange(len(ground.pockets))
    for leg in range(LEGS):
        part, nodes = ground.only(places)
        shift = (begin[places] - (np.cumsum(part.cells()) - part.cells()))[part.pocket]
        fresh, complete = _annealed(part, cell[nodes] - shift, side_m, pace.leg(leg), random)
        cell[nodes] = fresh + shift
        places = _uneven(ground, cell)
        if not complete or not len(places):
            break
    if complete:
        pace.progress(1.0)
    return cell, complete


def _annealed(
    ground: Ground, cell: Ints, side_m: float, pace: Pace, random: np.random.Generator
) -> tuple[Ints, bool]:
    """The best of a division and others grown beside it, each annealed."""
    copies = _copies(len(ground))
    others = [gis.partition_start.grown(ground, random) for _ in range(copies - 1)]
    state = gis.partition_anneal.state(ground, np.array([cell, *others]), len(ground.aim()))
    rule = gis.partition_draw.Even(ground, copies, side_m)
    course = pace.course(len(ground), state, HEAT)
    return gis.partition_anneal.annealed(state, ground, rule, course, random)


def _settled(
    ground: Ground, today: Today, side_m: float, pace: Pace, random: np.random.Generator
) -> tuple[Ints, bool]:
    """Balance the pockets where a cell is out of range; then the surroundings of what is left."""
    cell, complete = today.home.copy(), True
    hope = today.out(_means(ground, today)) == 0
    for leg, rings in enumerate(RINGS):
        out = today.out(gis.partition_graph.sums(cell, ground.workload, len(hope))) != 0
        out = np.isin(today.pocket, today.pocket[out]) if rings is None else out & hope
        if not complete or not out.any():
            break
        about = gis.partition_regions.around(ground, today, cell, out, rings or 0)
        part, some, nodes, names = about
        start = np.searchsorted(names, cell[nodes])
        fresh, complete = _shifted(part, some, start, side_m, pace.leg(leg), random)
        cell[nodes] = names[fresh]
    if complete:
        pace.progress(1.0)
    return cell, complete


def _means(ground: Ground, today: Today) -> Floats:
    """The mean workload of the cells in the pocket of each cell (cells,)."""
    return np.array([pocket.mean for pocket in ground.pockets])[today.pocket]


def _shifted(
    ground: Ground, today: Today, cell: Ints, side_m: float, pace: Pace, random: np.random.Generator
) -> tuple[Ints, bool]:
    """The best that copies of a division come to."""
    copies = _copies(len(ground))
    start = np.tile(cell, (copies, 1))
    state = gis.partition_anneal.state(ground, start, len(today.low), today.fixed)
    rule = gis.partition_rebalance.Stay(today, copies, ground.workload, side_m)
    course = pace.course(len(ground), state, (STIR[0] * rule.unit, STIR[1] * rule.unit))
    return gis.partition_anneal.annealed(state, ground, rule, course, random)


def _uneven(ground: Ground, cell: Ints) -> Ints:
    """The pockets in which a cell misses the mean by more than is called equal."""
    aim = np.maximum(ground.aim(), 1e-9)
    miss = np.abs(np.bincount(cell, ground.workload, minlength=len(aim)) / aim - 1)
    home = np.repeat(np.arange(len(ground.pockets)), ground.cells())
    several = ground.cells()[home] > 1
    return np.unique(home[several & (miss > gis.partition_measures.FINE)])


def _admitted(units: Units, current: npt.ArrayLike, low: float, high: float) -> Ints:
    """The cells in force, if they fit the units."""
    home = np.asarray(current, dtype=np.int64)
    if home.shape != (len(units),) or not len(units):
        raise BadInput(f"{len(units)} units need a cell each, not {home.size} cells.")
    if home.min() < 0 or not np.bincount(home).all():
        raise BadInput("Cells are numbered from 0 without a gap, and every unit is in one.")
    if not 0 <= low <= high:
        raise BadInput(f"A range goes from 0 or more upwards, not from {low:g} to {high:g}.")
    return home


def _as_is(units: Units, home: Ints) -> Ground:
    """The units as nodes, linked where no barrier lies between or today's cell crosses it."""
    one, other = units.pairs.T
    keep = ~units.barred | (home[one] == home[other])
    pairs = units.pairs[keep]
    first = np.unique(home, return_index=True)
    mates = np.column_stack([np.arange(len(home)), first[1][np.searchsorted(first[0], home)]])
    pocket = gis.partition_graph.labels(len(units), np.vstack([pairs, mates]))
    node = np.arange(len(units))
    return Ground(node, pocket, units.workload, units.point, pairs, units.border_m[keep],
                  gis.partition_pockets.standing(units.community, pocket, units.workload,
                                                 pocket[first[1]]), ())  # fmt: skip


def _today(units: Units, ground: Ground, home: Ints, low: float, high: float) -> Today:
    cells = int(home.max()) + 1
    pocket = np.zeros(cells, dtype=np.int64)
    pocket[home] = ground.pocket
    people = units.households.astype(np.float64)
    return Today(home, people, _apart(units, home), np.full(cells, low), np.full(cells, high),
                 pocket, len(ground.pockets))  # fmt: skip


def _apart(units: Units, home: Ints) -> Flags:
    """Which units lie in a smaller part of their cell, beyond a barrier or a gap."""
    inside = (home[units.pairs[:, 0]] == home[units.pairs[:, 1]]) & ~units.barred
    part = gis.partition_graph.labels(len(units), units.pairs[inside])
    size = np.bincount(part)[part]
    most = np.zeros(int(home.max()) + 1, dtype=np.int64)
    np.maximum.at(most, home, size)
    first = np.unique(home * 2 + (size < most[home]), return_index=True)
    main = part[first[1][first[0] % 2 == 0]]  # the first of the largest parts of each cell
    return np.asarray(part != main[home])


def _why(ground: Ground, low: float, high: float) -> tuple[str, ...]:
    return tuple(
        f"{gis.partition_pockets.spread(pocket.workload, pocket.cells)} in {pocket.community}: "
        f"{low:g} to {high:g} cannot be reached without another number of cells."
        for pocket in ground.pockets
        if not low <= pocket.mean <= high
    )
