"""The surroundings of cells that stay out of range: a division of its own for each, annealed anew.

What annealing of a large pocket leaves is a few cells far from each other. Each is mended where it
is, in more copies than the whole ground could be laid out in.
"""

from __future__ import annotations

import numpy as np

from gis.partition_graph import Flags, Ints, labels
from gis.partition_pockets import Ground, standing
from gis.partition_rebalance import ELSEWHERE, Today


def around(
    ground: Ground, today: Today, cell: Ints, out: Flags, rings: int
) -> tuple[Ground, Today, Ints, Ints]:
    """The cells within so many rings of those that are `out` (cells,), as pockets where they meet.

    cell: (nodes,) as divided now. Returns the ground and what is known of it today, which nodes
    are theirs (ascending), and the numbers of the cells.
    """
    beside = _beside(ground, cell, len(out))
    near = out
    for _ in range(rings):
        near = near.copy()
        near[beside[near[beside[:, 0]], 1]] = True
    names = np.flatnonzero(near)
    links = np.searchsorted(names, beside[near[beside].all(axis=1)])
    region = labels(len(names), links)
    nodes = np.flatnonzero(near[cell])
    inside = near[cell[ground.pairs]].all(axis=1)
    pocket = region[np.searchsorted(names, cell[nodes])]
    part = Ground(
        ground.node,
        pocket,
        ground.workload[nodes],
        ground.point[nodes],
        np.searchsorted(nodes, ground.pairs[inside]),
        ground.border_m[inside],
        standing(np.full(len(nodes), ""), pocket, ground.workload[nodes], region),
        (),
    )
    home = today.home[nodes]
    some = Today(
        np.where(near[home], np.searchsorted(names, home), ELSEWHERE),
        today.households[nodes],
        today.fixed[nodes],
        today.low[names],
        today.high[names],
        region,
        len(part.pockets),
    )
    return part, some, nodes, names


def _beside(ground: Ground, cell: Ints, cells: int) -> Ints:
    """Which cells touch which, both ways (k, 2)."""
    ends = cell[ground.pairs]
    ends = ends[ends[:, 0] != ends[:, 1]]
    key = np.unique(np.concatenate([ends @ [cells, 1], ends @ [1, cells]]))
    return np.column_stack(np.divmod(key, cells))
