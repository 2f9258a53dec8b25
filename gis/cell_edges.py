"""The edges of a coverage of cells: each once, with the cell on either side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import shapely

from gis.compiled import compiled

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]
Places = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]
Bits = npt.NDArray[np.uint64]

NONE = -1
"""In place of a cell: there is none."""
WEST, EAST = 0, 1
_MIX = np.uint64(0x9E3779B97F4A7C15)
_ROLL = np.uint64(29)


@dataclass(frozen=True, eq=False)
class Edges:
    """Straight edges, each from its lower end to its upper (of level ones: its western to its
    eastern end).

    ends: x and y of the lower end, x and y of the upper (k, 4). sides: positions of the cells to
    the west and to the east of it (k, 2), `NONE` for none. loose: which are not shared exactly by
    two cells that lie on either side (k,).
    """

    ends: Floats
    sides: Ints
    loose: Flags

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, chosen: Places | Flags) -> Edges:
        return Edges(self.ends[chosen], self.sides[chosen], self.loose[chosen])


def edges_of(cells: npt.NDArray[np.object_], names: Ints | None = None) -> Edges:
    """The edges of shapely Polygons or MultiPolygons (m,), in the CRS of their coordinates.

    Args:
        names: what to call each cell instead of its position (m,).
    """
    rings = _rings(cells, names)
    most = max(len(rings.corners) - len(rings.until), 0)
    seats = np.full(1 << max(int(most).bit_length(), 4), NONE, dtype=np.int32)
    ends, sides = np.empty((most, 4)), np.full((most, 2), NONE, dtype=np.int32)
    loose = np.ones(most, dtype=bool)
    count = _paired(rings, seats, ends, sides, loose)
    return Edges(ends[:count], sides[:count], loose[:count])


class _Rings(NamedTuple):
    """Rings of cells: their corners (n, 2), the same as bits, where each ring's end, whose it is,
    and whether its inside is on the left hand."""

    corners: Floats
    bits: Bits
    until: Places
    cell: Ints
    inside_left: Flags


def _rings(cells: npt.NDArray[np.object_], names: Ints | None) -> _Rings:
    parts, cell_of_part = shapely.get_parts(cells, return_index=True)
    rings, part_of_ring = shapely.get_rings(parts, return_index=True)
    cell = cell_of_part[part_of_ring].astype(np.int32)
    is_hole = np.zeros(len(rings), dtype=bool)
    is_hole[1:] = part_of_ring[1:] == part_of_ring[:-1]
    corners = shapely.get_coordinates(rings)
    until = np.cumsum(shapely.get_num_coordinates(rings)).astype(np.intp)
    named = cell if names is None else names[cell]
    return _Rings(corners, corners.view(np.uint64), until, named, shapely.is_ccw(rings) != is_hole)


@compiled
def _paired(rings: _Rings, seats: Ints, ends: Floats, sides: Ints, loose: Flags) -> int:
    """Write every edge of all rings once, and say how many; `seats` is an empty hash table.

    The second cell of an edge takes its free side; who finds none free makes it a loose one.
    """
    corners, bits, until, cell, inside_left = rings
    count, start = 0, 0
    for ring in range(len(until)):
        for at in range(start, until[ring] - 1):
            low, high = at, at + 1
            step_x, step_y = corners[high, 0] - corners[low, 0], corners[high, 1] - corners[low, 1]
            if step_x == 0 and step_y == 0:
                continue
            upwards = step_y > 0 or (step_y == 0 and step_x > 0)
            if not upwards:
                low, high = high, low
            side = WEST if upwards == inside_left[ring] else EAST
            seat = _seat(corners, bits, low, high, seats, ends)
            known = seats[seat]
            if known != NONE and sides[known, side] == NONE and loose[known]:
                sides[known, side] = cell[ring]
                loose[known] = False
                continue
            if known == NONE:
                seats[seat] = count
            else:
                loose[known] = True
            ends[count, 0], ends[count, 1] = corners[low, 0], corners[low, 1]
            ends[count, 2], ends[count, 3] = corners[high, 0], corners[high, 1]
            sides[count, side] = cell[ring]
            count += 1
        start = until[ring]
    return count


@compiled
def _seat(corners: Floats, bits: Bits, low: int, high: int, seats: Ints, ends: Floats) -> int:
    """Where in the hash table the edge between two corners is, or has its place."""
    key = np.uint64(0)
    for corner in (low, high):
        for axis in range(2):
            if corners[corner, axis] != 0:  # of zero there are two
                key ^= bits[corner, axis]
            key *= _MIX
            key ^= key >> _ROLL
    mask = len(seats) - 1
    seat = int(np.int64(key & np.uint64(mask)))
    while True:
        edge = seats[seat]
        if edge == NONE or (
            ends[edge, 0] == corners[low, 0] and ends[edge, 1] == corners[low, 1]
            and ends[edge, 2] == corners[high, 0] and ends[edge, 3] == corners[high, 1]
        ):  # fmt: skip
            return seat
        seat = (seat + 1) & mask
