"""How a place finds its cell in the raster of `gis.cell_raster`: compiled loops."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gis.cell_draw import BITS, FACTOR, FIRST, UNSURE, Window
from gis.cell_edges import NONE, Floats, Ints
from gis.cell_units import LOW, UNIT, Kept
from gis.compiled import compiled

_NEAR = 1.0
"""Units that an edge may be off for having been rounded to them."""
_WITHIN = FACTOR - 1


class Pixels(NamedTuple):
    """A frame and what stands in it, as in `gis.cell_raster`."""

    x: float
    y: float
    per_x: float
    per_y: float
    side: int
    coarse: Ints
    fine: Ints
    heads: Ints
    edges: Kept


@compiled
def located(pixels: Pixels, x: Floats, y: Floats, answer: Ints) -> None:
    """Write the cell of every place (n,), `NONE` or `UNSURE`."""
    west, south, per_x, per_y, side, coarse, fine, heads, edges = pixels
    size = side * FACTOR
    for place in range(len(x)):
        east, north = (x[place] - west) * per_x, (y[place] - south) * per_y
        if not (0 <= east < size and 0 <= north < size):
            answer[place] = NONE
            continue
        column, row = int(east), int(north)
        value = _value(side, coarse, fine, column, row)
        if value <= FIRST:
            east_units, north_units = LOW + (east - column) * UNIT, LOW + (north - row) * UNIT
            value = _among_edges(heads, edges, FIRST - value, east_units, north_units)
        answer[place] = value


@compiled
def _value(side: int, coarse: Ints, fine: Ints, column: int, row: int) -> int:
    """What stands in a fine pixel."""
    value = coarse[(row >> BITS) * side + (column >> BITS)]
    if value <= FIRST:
        within = ((row & _WITHIN) << BITS) + (column & _WITHIN)
        value = fine[((FIRST - value) << 2 * BITS) + within]
    return int(value)


@compiled
def _among_edges(heads: Ints, edges: Kept, number: int, x: float, y: float) -> int:
    """The cell of a place, in its pixel's units, east of the next edge to the west; not sure where
    an edge is too near, or two are too close to tell apart."""
    next_x, next_near, cell = -1.0, 0.0, heads[number, 1]
    for at in range(heads[number, 0], heads[number + 1, 0]):
        x0, y0 = float(edges[at, 0] & 0xFFFF), float(edges[at, 0] >> 16)
        x1, y1 = float(edges[at, 1] & 0xFFFF), float(edges[at, 1] >> 16)
        if y < y0 - _NEAR or y > y1 + _NEAR:
            continue
        if y < y0 + _NEAR or y > y1 - _NEAR:
            if x >= min(x0, x1) - 2 * _NEAR and max(x0, x1) >= LOW - 2 * _NEAR:
                return UNSURE
            continue
        slope = (x1 - x0) / (y1 - y0)
        near = _NEAR * (1 + abs(slope))
        edge_x = x0 + (y - y0) * slope
        if abs(x - edge_x) <= near or abs(edge_x - next_x) <= near + next_near:
            return UNSURE
        if LOW - near <= edge_x < x and edge_x > next_x:
            next_x, next_near, cell = edge_x, near, int(edges[at, 2]) + NONE
    return int(cell)


@compiled
def beside(pixels: Pixels, window: Window) -> Ints:
    """The cell at the middle of the western end of every row of fine pixels in a window."""
    column = window.west * FACTOR
    rows = np.arange(window.south * FACTOR, window.north * FACTOR)
    answer = np.full(len(rows), NONE, dtype=np.int32)
    if window.west == 0:
        return answer
    middle = LOW + UNIT / 2
    for at in range(len(rows)):
        value = _value(pixels.side, pixels.coarse, pixels.fine, column, rows[at])
        if value <= FIRST:
            number = FIRST - value
            value = pixels.heads[number, 1]
            for one in range(pixels.heads[number, 0], pixels.heads[number + 1, 0]):
                low, high, east = pixels.edges[one]
                east = int(east) + NONE
                is_upright = low & 0xFFFF == LOW and high & 0xFFFF == LOW
                if is_upright and low >> 16 < middle and high >> 16 > middle:
                    value = east if value in (UNSURE, east) else FIRST
            value = max(value, UNSURE)
        answer[at] = value
    return answer
