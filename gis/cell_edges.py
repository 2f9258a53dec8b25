"""The edges of a coverage of cells: each once, with the cell on either side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]
Places = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]

NONE = -1
"""In place of a cell: there is none."""
_MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, eq=False)
class Edges:
    """Straight edges, each from its lower end to its upper (of level ones: its western to its
    eastern end).

    low, high: the ends (k, 2). left, right: positions of the cells to the west and to the east of
    it (k,), `NONE` for none. loose: which are not shared exactly by two cells that lie on either
    side (k,): of such an edge only the cell that has it is known.
    """

    low: Floats
    high: Floats
    left: Ints
    right: Ints
    loose: Flags

    def __len__(self) -> int:
        return len(self.left)

    def __getitem__(self, chosen: Places | Flags) -> Edges:
        low, high, loose = self.low[chosen], self.high[chosen], self.loose[chosen]
        return Edges(low, high, self.left[chosen], self.right[chosen], loose)


def edges_of(cells: npt.NDArray[np.object_]) -> Edges:
    """The edges of shapely Polygons or MultiPolygons (m,), in the CRS of their coordinates."""
    start, end, cell = _directed(cells)
    up = (end[:, 1] > start[:, 1]) | ((end[:, 1] == start[:, 1]) & (end[:, 0] > start[:, 0]))
    low, high = (np.where(up[:, None], *ends) for ends in ((start, end), (end, start)))
    one, other, alone = _twins(low, high, up)
    west, east = np.where(up[one], one, other), np.where(up[one], other, one)
    left = np.concatenate([cell[west], np.where(up[alone], cell[alone], NONE)])
    right = np.concatenate([cell[east], np.where(up[alone], NONE, cell[alone])])
    kept = np.concatenate([one, alone])
    return Edges(low[kept], high[kept], left, right, np.arange(len(kept)) >= len(one))


def _directed(cells: npt.NDArray[np.object_]) -> tuple[Floats, Floats, Ints]:
    """Every edge of every cell with the cell on its left hand: start, end, cell."""
    parts, cell_of_part = shapely.get_parts(shapely.orient_polygons(cells), return_index=True)
    rings, part_of_ring = shapely.get_rings(parts, return_index=True)
    corners, ring = shapely.get_coordinates(rings, return_index=True)
    first = np.flatnonzero((ring[1:] == ring[:-1]) & (corners[1:] != corners[:-1]).any(axis=1))
    cell = cell_of_part[part_of_ring[ring[first]]].astype(np.int32)
    return corners[first], corners[first + 1], cell


def _twins(low: Floats, high: Floats, up: Flags) -> tuple[Places, Places, Places]:
    """Pairs of edges between the same ends in opposite directions (one, other); all others."""
    key = _keys(low, high)
    order = np.argsort(key, kind="stable")
    same = key[order[:-1]] == key[order[1:]]
    at = np.flatnonzero(same)
    for ends in (low, high):
        same[at] &= (ends[order[at]] == ends[order[at + 1]]).all(axis=1)
    begins, closes = np.append(True, ~same), np.append(~same, True)
    pair = np.flatnonzero(begins[:-1] & same & closes[1:])
    one, other = order[pair], order[pair + 1]
    opposite = up[one] != up[other]
    one, other = one[opposite], other[opposite]
    alone = np.ones(len(up), dtype=bool)
    alone[one] = alone[other] = False
    return one, other, np.flatnonzero(alone)


def _keys(low: Floats, high: Floats) -> npt.NDArray[np.uint64]:
    """A number for each pair of ends, equal for equal ones."""
    key = np.zeros(len(low), dtype=np.uint64)
    for ends in (low, high):
        for axis in (0, 1):
            bits = (ends[:, axis] + 0.0).view(np.uint64)  # of zero there are two
            key = (key ^ bits) * _MIX
            key ^= key >> np.uint64(29)
    return key
