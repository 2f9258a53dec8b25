"""Where drawing starts: k-means growth on the graph.

Seeds are spread along a curve that fills the plane, by equal workload. Every node goes to the seed
it reaches first over links; then a seed moves to the middle of what it got, and one that got too
much sets out later, one that got too little earlier. What a seed reaches first is connected, so
every cell is, whatever the ground.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from gis.partition_graph import Floats, Ints
from gis.partition_pockets import Ground

ROUNDS = 12
PACE = 0.35
"""How much of a cell's radius its seed is held back when it has twice its share."""


def grown(ground: Ground, random: np.random.Generator) -> Ints:
    """The cell of every node (nodes,), cells numbered pocket by pocket; each is connected."""
    counts = ground.cells()
    home = np.repeat(np.arange(len(counts)), counts)
    share = np.array([pocket.workload / pocket.cells for pocket in ground.pockets])[home]
    seeds = _spread(ground, counts, random)
    late = np.zeros(len(seeds))
    cell, far = _reached(ground, seeds, late)
    for _ in range(ROUNDS):
        radius = np.bincount(cell, far) / np.bincount(cell)
        load = np.bincount(cell, ground.workload)
        excess = np.clip(load / np.maximum(share, 1e-9) - 1, -1, 1)
        late = late + PACE * radius * excess
        seeds = _middles(ground, cell)
        cell, far = _reached(ground, seeds, late)
    return cell


def _spread(ground: Ground, counts: Ints, random: np.random.Generator) -> Ints:
    """A seed for each cell, pocket by pocket, at equal steps of workload along the curve."""
    order = np.lexsort((_curve(ground.point), ground.pocket))
    ends = np.cumsum(np.bincount(ground.pocket, minlength=len(counts)))
    seeds = []
    for nodes, wanted in zip(np.split(order, ends[:-1]), counts.tolist(), strict=True):
        sums = np.cumsum(ground.workload[nodes] + 1e-9)
        steps = (np.arange(wanted) + random.uniform(0.3, 0.7)) * sums[-1] / wanted
        at = np.searchsorted(sums, steps)
        at = np.maximum.accumulate(at - np.arange(wanted)) + np.arange(wanted)
        seeds.append(nodes[np.minimum(at, len(nodes) - wanted + np.arange(wanted))])
    return np.concatenate(seeds)


def _curve(point: Floats) -> Ints:
    """The place of each point on a Hilbert curve over all of them, 2^16 steps a side."""
    low = point.min(axis=0)
    size = max(float((point.max(axis=0) - low).max()), 1e-9)
    x, y = ((point - low) / size * 65_535).astype(np.int64).T
    place = np.zeros(len(point), dtype=np.int64)
    half = 32_768
    while half:
        right, above = (x & half) > 0, (y & half) > 0
        place += half * half * ((3 * right) ^ above)
        flip = ~above & right
        x, y = np.where(flip, 65_535 - x, x), np.where(flip, 65_535 - y, y)
        x, y = np.where(above, x, y), np.where(above, y, x)
        half //= 2
    return place


def _reached(ground: Ground, seeds: Ints, late: Floats) -> tuple[Ints, Floats]:
    """The cell of the seed that reaches each node first, and from how far.

    A seed that others would reach before it sets out is let go just before they come.
    """
    for _ in range(8):
        cell, when = _raced(ground, seeds, late)
        lost = cell[seeds] != np.arange(len(seeds))
        if not lost.any():
            return cell, when - (late - late.min())[cell]
        late = np.where(lost, late.min() + when[seeds] * 0.95, late)
    late = np.zeros(len(seeds))
    return _raced(ground, seeds, late)


def _raced(ground: Ground, seeds: Ints, late: Floats) -> tuple[Ints, Floats]:
    """One race from all seeds, each setting out when it may."""
    count = len(ground)
    one, other = ground.pairs.T
    way = np.hypot(*(ground.point[one] - ground.point[other]).T) + 1e-3
    start = np.concatenate([one, other, np.full(len(seeds), count)])
    end = np.concatenate([other, one, seeds])
    cost = np.concatenate([way, way, late - late.min() + 1e-6])
    matrix = csr_array((cost, (start, end)), shape=(count + 1, count + 1))
    when, before = dijkstra(matrix, indices=count, return_predecessors=True)
    cell = np.full(count + 1, -1)
    cell[seeds] = np.arange(len(seeds))
    first = before[:-1] == count
    leader = np.where(first, np.arange(count), before[:-1])
    while True:
        further = leader[leader]
        if np.array_equal(further, leader):
            return cell[leader], when[:-1]
        leader = further


def _middles(ground: Ground, cell: Ints) -> Ints:
    """The node of each cell that is nearest to its middle by workload."""
    weight = ground.workload + 1e-9
    total = np.bincount(cell, weight)
    middle = np.column_stack([np.bincount(cell, weight * axis) / total for axis in ground.point.T])
    away = ((ground.point - middle[cell]) ** 2).sum(axis=1)
    order = np.lexsort((away, cell))
    return order[np.searchsorted(cell[order], np.arange(len(total)))]
