"""The rule by which new cells are annealed: short borders, then ever more equal workloads."""

from __future__ import annotations

import numpy as np

from gis.partition_anneal import Changes, State
from gis.partition_graph import Flags, Floats
from gis.partition_pockets import Ground

STIFF = (10.0, 1_000.0)
"""What the square of a cell's miss costs at the start and at the end, in sides of a cell."""
WORST = 10.0
"""Of two plans, the better: a hundredth of the worst miss weighs a tenth of a side per cell."""


class Even:
    """Equal cells with short borders, for `copies` of a ground.

    side_m: the side of a cell, if all were squares of one size: the unit of cost.
    """

    def __init__(self, ground: Ground, copies: int, side_m: float) -> None:
        self.counts, self.copies, self.ground = ground.cells(), copies, ground
        self.mean = np.tile(np.maximum(ground.aim(), 1e-9), copies)
        self.side_m, self.metre = side_m, 1 / side_m

    def cost(self, state: State, changes: Changes, done: float) -> Floats:
        """What the squares of the misses grow by, at the penalty of this time."""
        first, last = STIFF
        uneven = changes.shift + state.load[changes.new] - state.load[changes.old]
        squares = 2 * changes.shift * uneven / self.mean[changes.old] ** 2
        return np.asarray(first * (last / first) ** done * squares)

    def score(self, state: State) -> Floats:
        """Sides of border per cell, and the worst miss (copies, pockets)."""
        pockets = len(self.counts)
        miss = np.abs(state.load / self.mean - 1).reshape(self.copies, -1)
        worst = np.maximum.reduceat(miss, np.cumsum(self.counts) - self.counts, axis=1)
        web = state.web
        cut = state.cell[web.start] != state.cell[web.end]
        place = web.start[cut].astype(np.int64)
        copy, node = np.divmod(place, len(self.ground))
        home = copy * pockets + self.ground.pocket[node]
        border = np.bincount(home, web.border[cut], minlength=self.copies * pockets)
        squares = np.add.reduceat(miss**2, np.cumsum(self.counts) - self.counts, axis=1)
        sides = border.reshape(self.copies, pockets) / self.side_m / 2
        return np.asarray((sides + STIFF[1] * squares) / self.counts + WORST * worst)

    def hot(self, state: State) -> Flags | None:
        """There is something to do everywhere."""
        return None
