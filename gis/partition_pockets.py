"""Pockets: ground that is divided into cells on its own, and how well that can be done at all.

Without its barred links the ground falls into pieces. A piece that holds less than the smallest
cell allowed cannot stand alone: it joins the neighbour with which it shares most border, whole,
so that only one cell crosses the barrier there. Everything else stays apart, so no plan drawn on
pockets crosses a barrier that it need not cross. A dead end that is less than half a cell goes
with the unit that leads to it.

What no method can reach is known before drawing: a pocket of 700 makes one cell of 700 or two of
350, and a cell with a building of 640 has at least 640.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

import gis.partition_graph
from gis.errors import BadInput
from gis.partition_graph import Flags, Floats, Ints, Units, sums


@dataclass(frozen=True)
class Pocket:
    """Ground that is divided on its own.

    units: how many. cells: how many are drawn in it. giants: units that are more than a cell each.
    mean: workload of a cell that has no giant, if all are equal. bound: share of the target by
    which some cell must miss it, whoever draws so many; why: what sets the bound, a sentence.
    """

    community: str
    units: int
    workload: float
    cells: int
    giants: int
    mean: float
    bound: float
    why: str


@dataclass(frozen=True)
class Forced:
    """A piece that cannot stand alone, joined over a barrier; units: their places."""

    units: tuple[int, ...]
    workload: float
    over: str
    """`barrier` or `gap`."""

    def sentence(self) -> str:
        """What is crossed and why."""
        return (
            f"{len(self.units)} units with a workload of {self.workload:g} are less than a cell: "
            f"one cell crosses a {self.over} to take them in."
        )


@dataclass(frozen=True, eq=False)
class Ground:
    """The units as a drawing takes them.

    node: (n,) which node each unit is part of: units that go together are one, all others their
    own. pocket: (nodes,) which pocket a node lies in. The rest are per node and per link between
    nodes of one pocket: workload, point, pairs, border_m.
    """

    node: Ints
    pocket: Ints
    workload: Floats
    point: Floats
    pairs: Ints
    border_m: Floats
    pockets: tuple[Pocket, ...]
    forced: tuple[Forced, ...]

    def __len__(self) -> int:
        return len(self.workload)

    def cells(self) -> Ints:
        """How many cells each pocket has (pockets,)."""
        return np.array([pocket.cells for pocket in self.pockets], dtype=np.int64)

    def aim(self) -> Floats:
        """The mean workload of each cell (cells,), cells numbered pocket by pocket."""
        return np.repeat([pocket.mean for pocket in self.pockets], self.cells())

    def only(self, places: Ints) -> tuple[Ground, Ints]:
        """Some pockets (ascending), and which nodes are theirs; `node` is left as it is."""
        nodes = np.flatnonzero(np.isin(self.pocket, places))
        inside = np.isin(self.pocket[self.pairs[:, 0]], places)
        part = Ground(
            self.node,
            np.searchsorted(places, self.pocket[nodes]),
            self.workload[nodes],
            self.point[nodes],
            np.searchsorted(nodes, self.pairs[inside]),
            self.border_m[inside],
            tuple(self.pockets[place] for place in places.tolist()),
            self.forced,
        )
        return part, nodes


def standing(
    community: npt.NDArray[Any], pocket: Ints, workload: Floats, of_cell: Ints
) -> tuple[Pocket, ...]:
    """The pockets of cells in force: what workload lies between cells that can exchange units.

    community, pocket, workload: (n,) of the units. of_cell: (cells,) the pocket of each cell.
    """
    work, units = np.bincount(pocket, workload), np.bincount(pocket)
    cells = np.bincount(of_cell, minlength=len(work))
    lead = np.unique(pocket, return_index=True)[1]
    return tuple(
        Pocket(str(community[at]), int(n), float(load), int(k), 0, float(load / k), 0.0, "")
        for at, n, load, k in zip(lead, units, work, cells, strict=True)
    )


def ground(units: Units, target: float, tolerance: float, cells: int | None = None) -> Ground:
    """What is divided on its own, into how many cells each, and what no division can reach.

    Without `cells`, every pocket takes the number that brings its mean nearest to the target;
    with it, they are shared out by largest remainder. Raises BadInput where there are none.
    """
    _admit(units, target, tolerance, cells)
    piece = gis.partition_graph.labels(len(units), units.pairs[~units.barred])
    whole, pocket, bridges = _joined(units, piece, (1 - tolerance) * target)
    node = _glued(units, piece, whole, bridges)
    pairs, border = _links(units, node)
    while len(ends := _dead_ends(sums(node, units.workload), pairs, target)):
        node = gis.partition_graph.labels(int(node.max()) + 1, ends)[node]
        pairs, border = _links(units, node)
    members = np.bincount(node)
    work = sums(node, units.workload)
    point = np.column_stack([sums(node, axis) / members for axis in units.point.T])
    home = np.empty(len(work), dtype=np.int64)
    home[node] = pocket
    names = units.community[np.unique(pocket, return_index=True)[1]]
    counted = _counted(names, home, work, members, target, tolerance, cells)
    return Ground(node, home, work, point, pairs, border, counted, _forced(units, piece, whole))


def _admit(units: Units, target: float, tolerance: float, cells: int | None) -> None:
    if not len(units):
        raise BadInput("There are no units to draw cells from.", field="units")
    if not target > 0:
        raise BadInput(f"A cell must have a workload above 0 for a target, not {target:g}.")
    if not 0 < tolerance < 1:
        raise BadInput(f"The tolerance is a share between 0 and 1, not {tolerance:g}.")
    if cells is not None and not 1 <= cells <= len(units):
        raise BadInput(f"{len(units)} units make 1 to {len(units)} cells, not {cells}.")


def _joined(units: Units, piece: Ints, least: float) -> tuple[Flags, Ints, Ints]:
    """Which pieces are joined whole, the pocket of every unit (n,), and over which links (b,).

    The lightest goes first. One link joins two pieces: over it they hang together, so that no
    other part of the cell hangs together by way of the piece alone.
    """
    work = sums(piece, units.workload)
    beside = _beside(units, piece)
    top = np.arange(len(work))
    total = work.copy()
    total[[not beside.get(one) for one in range(len(work))]] = np.inf  # nothing to join
    whole = np.zeros(len(work), dtype=bool)
    bridges = []
    while total.min(initial=np.inf) < least:
        one = int(np.argmin(total))
        reach = beside.pop(one)
        host = max(reach, key=lambda other: (reach[other], -other))
        whole[[one, host]] |= work[[one, host]] < least
        bridges.append(_bridge(units, top[piece], one, host))
        _merge(beside, one, host, reach)
        total[host] = total[host] + total[one] if beside[host] else np.inf
        total[one] = np.inf
        top[top == one] = host
    pocket = np.unique(top[piece], return_inverse=True)[1].astype(np.int64)
    return whole, pocket, np.asarray(bridges, dtype=np.int64)


def _bridge(units: Units, top: Ints, one: int, host: int) -> int:
    """The barred link with the longest border between two joined pieces."""
    ends = np.sort(top[units.pairs], axis=1)
    between = np.flatnonzero((ends == sorted((one, host))).all(axis=1))
    return int(between[np.argmax(units.border_m[between])])


def _beside(units: Units, piece: Ints) -> dict[int, dict[int, float]]:
    """Metres of border that each piece shares with each other over barred links."""
    beside: dict[int, dict[int, float]] = {}
    ends = piece[units.pairs[units.barred]]
    for (one, other), border in zip(
        ends.tolist(), units.border_m[units.barred].tolist(), strict=True
    ):
        if one != other:
            for a, b in ((one, other), (other, one)):
                row = beside.setdefault(a, {})
                row[b] = row.get(b, 0.0) + border
    return beside


def _merge(
    beside: dict[int, dict[int, float]], one: int, host: int, reach: dict[int, float]
) -> None:
    """Give the host what `one` lay beside."""
    for other, border in reach.items():
        row = beside[other]
        del row[one]
        if other != host:
            row[host] = row.get(host, 0.0) + border
            beside[host][other] = beside[host].get(other, 0.0) + border


def _glued(units: Units, piece: Ints, whole: Flags, bridges: Ints) -> Ints:
    """The node of every unit (n,): what is joined whole is one with the far end of its bridge."""
    first = np.unique(piece, return_index=True)[1]
    joined = np.flatnonzero(whole[piece])
    inside = np.column_stack([joined, first[piece[joined]]])
    return gis.partition_graph.labels(len(units), np.vstack([inside, units.pairs[bridges]]))


def _links(units: Units, node: Ints) -> tuple[Ints, Floats]:
    """The open links between nodes, each pair once (m, 2), and their borders (m,)."""
    ends = np.sort(node[units.pairs], axis=1)
    keep = ~units.barred & (ends[:, 0] != ends[:, 1])
    pairs, place = np.unique(ends[keep], axis=0, return_inverse=True)
    border = sums(place.ravel(), units.border_m[keep], len(pairs))
    return pairs.astype(np.int64), border


def _dead_ends(work: Floats, pairs: Ints, target: float) -> Ints:
    """Links to nodes with one neighbour that are less than half a cell: they go where it goes."""
    dead = (np.bincount(pairs.ravel(), minlength=len(work)) == 1) & (work < target / 2)
    return np.asarray(pairs[dead[pairs].any(axis=1)])


def _forced(units: Units, piece: Ints, whole: Flags) -> tuple[Forced, ...]:
    """What was joined whole."""
    work = sums(piece, units.workload)
    across = units.pairs[units.barred & (units.border_m > 0)]
    walled = np.isin(np.arange(len(work)), piece[across])
    return tuple(
        Forced(
            tuple(np.flatnonzero(piece == one).tolist()),
            float(work[one]),
            "barrier" if walled[one] else "gap",
        )
        for one in np.flatnonzero(whole).tolist()
    )


def _counted(
    names: npt.NDArray[Any], home: Ints, load: Floats, members: Ints, target: float,
    tolerance: float, cells: int | None,
) -> tuple[Pocket, ...]:  # fmt: skip
    """How many cells each pocket makes of its nodes, and its bound."""
    giant = load > (1 + tolerance) * target
    work, giants = sums(home, load), sums(home, giant).astype(np.int64)
    rest = work - sums(home, load * giant)
    wanted = giants + _nearest(rest, target, giants) if cells is None else _shared(work, cells)
    counts = np.clip(wanted, 1, np.bincount(home))
    biggest = np.lexsort((load, home))[np.cumsum(np.bincount(home)) - 1]
    size = sums(home, members)
    answer = []
    for one, name in enumerate(names.tolist()):
        plain = int(counts[one] - giants[one])
        mean = rest[one] / plain if plain > 0 else work[one] / counts[one]
        missed, over = abs(mean / target - 1), load[biggest[one]] / target - 1
        why = f"{spread(work[one], int(counts[one]))}."
        if over > missed:
            why = _heavy(int(members[biggest[one]]), float(load[biggest[one]]))
        answer.append(
            Pocket(str(name), int(size[one]), float(work[one]), int(counts[one]),
                   int(giants[one]), float(mean), float(max(missed, over)), why)
        )  # fmt: skip
    return tuple(answer)


def spread(workload: float, cells: int) -> str:
    """What so much is for each of so many cells, in words."""
    if cells == 1:
        return f"{workload:g} is all there is for one cell"
    return f"{workload:g} in {cells} cells is {workload / cells:.0f} for each"


def _heavy(members: int, load: float) -> str:
    if members == 1:
        return f"One unit has a workload of {load:g}, and no unit is cut."
    return f"{members} units that are reached only through each other have a workload of {load:g}."


def _nearest(rest: Floats, target: float, giants: Ints) -> Ints:
    """The number of cells whose mean is nearest to the target; none where giants take the rest."""
    below = np.maximum(np.floor(rest / target), 1)
    above = below + 1
    over, under = rest / below / target - 1, 1 - rest / above / target
    counts = np.where(np.abs(over) <= under, below, above).astype(np.int64)
    return np.asarray(np.where((giants > 0) & (rest < target / 2), 0, counts))


def _shared(work: Floats, cells: int) -> Ints:
    """`cells` shared out to pockets by largest remainder, at least one to each."""
    quota = work / max(float(work.sum()), 1e-9) * cells
    counts = np.maximum(np.floor(quota), 1).astype(np.int64)
    left = cells - int(counts.sum())
    if left < 0:
        raise BadInput(f"{len(work)} pockets that barriers cut off need a cell each: not {cells}.")
    counts[np.argsort(counts - quota, kind="stable")[:left]] += 1
    return counts
