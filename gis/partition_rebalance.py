"""The rule by which cells in force are balanced: nobody changes the worker who need not.

What counts is the households in units that leave the cell they are in today. What a cell has
beyond its range, or lacks, costs ever more, until bringing it back is worth any way round; the
length of borders decides only between what moves much the same. Where nothing is out of range and
nothing has moved, nothing is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gis.partition_anneal import Changes, State
from gis.partition_graph import Flags, Floats, Ints, sums

PRICE = (1.0, 60.0)
"""What a household out of range costs at the start and at the end, in households that move."""
SIDE = 0.05
"""What a side of a cell more of border costs, in units that move."""
STEP, STEEP = 0.25, 4.0
"""A cell out of range costs this many units more, however little it misses; and twice as much per
household when it misses so many units, so that what is too much flows on to where there is less."""
ELSEWHERE = -2
"""The home of a node whose cell of today is not looked at."""
OUT = 1_000.0
"""Of two plans, the better: a household out of range weighs so many that move."""


@dataclass(frozen=True, eq=False)
class Today:
    """Cells in force.

    home: (nodes,) the cell of each node. households: (nodes,). fixed: (nodes,) what is not moved:
    the smaller parts of a cell that lies on both sides of a barrier, or no cell beside it could
    be kept from crossing too. low, high: (cells,) the workload allowed. pocket: (cells,).
    pockets: how many.
    """

    home: Ints
    households: Floats
    fixed: Flags
    low: Floats
    high: Floats
    pocket: Ints
    pockets: int

    def out(self, load: Floats) -> Floats:
        """What each cell with a load (cells,) has beyond its range (+) or lacks (-)."""
        return np.asarray(np.maximum(load - self.high, 0) - np.maximum(self.low - load, 0))


class Stay:
    """Cells within their range by the least moves, for copies of a ground.

    unit, size: mean households and workload of a unit. side_m: the side of a cell, if all were
    equal squares.
    """

    def __init__(self, today: Today, copies: int, workload: Floats, side_m: float) -> None:
        cells = len(today.low)
        self.copies, self.cells, self.pockets = copies, cells, today.pockets
        shift = np.arange(copies)[:, None]
        home = np.where(today.home < 0, ELSEWHERE, today.home + shift * cells)
        self.home = np.append(home.ravel(), -1)
        self.households = np.append(np.tile(today.households, copies), 0.0)
        self.low, self.high = np.tile(today.low, copies), np.tile(today.high, copies)
        self.of_cell = (today.pocket + shift * today.pockets).ravel()
        self.each = float(today.households.sum() / max(workload.sum(), 1e-9))
        self.size = max(float(workload.mean()), 1e-9)
        self.unit = max(float(today.households.mean()), 1e-9)
        self.metre = SIDE * self.unit / side_m

    def cost(self, state: State, changes: Changes, done: float) -> Floats:
        """Households that move away less those that come home, and what is out of range."""
        first, last = PRICE
        price = first * (last / first) ** done * self.each
        old, new = changes.old, changes.new
        before = self._ill(state.load[old], old) + self._ill(state.load[new], new)
        after = self._ill(state.load[old] - changes.shift, old)
        after += self._ill(state.load[new] + changes.shift, new)
        moved = self._moved(changes.node, old, new) + self._moved(changes.partner, new, old)
        return np.asarray(price * (after - before) + moved)

    def _out(self, load: Floats, cell: Ints) -> Floats:
        """What cells have beyond their range or lack."""
        return np.maximum(np.maximum(load - self.high[cell], self.low[cell] - load), 0)

    def _ill(self, load: Floats, cell: Ints) -> Floats:
        """What being out of range is worth."""
        out, size = self._out(load, cell), self.size
        return np.asarray(out * (1 + out / (STEEP * size)) + STEP * size * (out > 0))

    def _moved(self, node: Ints, old: Ints, new: Ints) -> Floats:
        home = self.home[node]
        away = (home != new).astype(np.float64) - (home != old)
        return np.asarray(self.households[node] * away)

    def score(self, state: State) -> Floats:
        """Households that move and, far dearer, that are out of range (copies, pockets)."""
        places = self.copies * self.pockets
        moved = self.households * (state.cell != self.home)
        score = sums(self.of_cell[state.cell[:-1]], moved[:-1], places)
        ill = self._ill(state.load, np.arange(len(state.load))) * self.each
        score += OUT * sums(self.of_cell, ill, places)
        return score.reshape(self.copies, self.pockets)

    def hot(self, state: State) -> Flags | None:
        """The cells that are out of range, or have given or got something."""
        hot = (state.load > self.high) | (state.load < self.low)
        moved = np.flatnonzero(state.cell != self.home)
        hot[state.cell[moved]] = True
        home = self.home[moved]
        hot[home[home >= 0]] = True
        return hot
