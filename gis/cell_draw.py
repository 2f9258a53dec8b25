"""How the raster of `gis.cell_raster` is drawn: compiled loops, coarse row by coarse row.

Edges are given in fine pixels. Those that touch a pixel are kept in its units (`gis.cell_units`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gis.cell_edges import EAST, NONE, WEST, Flags, Floats, Ints
from gis.cell_units import Kept, Line, in_units, upright, write
from gis.compiled import compiled

UNSURE, FIRST = -2, -3
"""In place of a cell: GEOS decides; block or pixel 0, the next being one less."""
BITS = 2
FACTOR = 1 << BITS
"""Fine pixels along the side of a coarse one."""
_REACH = 1e-4
"""Fine pixels that an edge may be away and still stands in a pixel."""
_MARGIN = 1e-6
"""Fine pixels within which an edge is taken to be on the border of pixels."""
_LEVEL = 1e6
_HELD = 1 << 32


class Window(NamedTuple):
    """Coarse pixels from west to east and from south to north, the last of either not in it."""

    west: int
    south: int
    east: int
    north: int


class Ground(NamedTuple):
    """Edges as in `gis.cell_edges.Edges`, in fine pixels."""

    ends: Floats
    sides: Ints
    loose: Flags


class Sheet(NamedTuple):
    """What is drawn on: arrays as in `gis.cell_raster.Raster`, and how many blocks, pixels with
    edges and edges in pixels of them are in use."""

    side: int
    coarse: Ints
    fine: Ints
    heads: Ints
    edges: Kept
    used: npt.NDArray[np.int64]


class Row(NamedTuple):
    """Fine pixels of a coarse row: the southernmost, the westernmost, how many side by side; of
    each its cell and whether that is not sure."""

    south: int
    west: int
    wide: int
    value: Ints
    unsure: Flags


class Crossing(NamedTuple):
    """Where edges cross the western sides of pixels: at which height, the cells below and above."""

    first: Ints
    y: Floats
    below: Ints
    above: Ints


@compiled
def most(ground: Ground, window: Window) -> tuple[int, int, int]:
    """No more than so many blocks, pixels with edges and edges in pixels come of a window."""
    touched, crossed, blocks = 0, 0, 0
    for edge in range(len(ground.ends)):
        x0, y0, x1, y1 = _line(ground.ends, edge)
        wide = int(np.floor(max(x0, x1) + _REACH) - np.floor(min(x0, x1) - _REACH))
        high = int(np.floor(y1 + _REACH) - np.floor(y0 - _REACH))
        touched += 2 * (wide + high + 1)
        crossed += 2 * wide
        blocks += 2 * (wide // FACTOR + high // FACTOR + 4)
    size = (window.east - window.west) * (window.north - window.south)
    return min(blocks, size), min(touched, size * FACTOR**2), touched + crossed


@compiled
def _line(ends: Floats, edge: int) -> Line:
    return ends[edge, 0], ends[edge, 1], ends[edge, 2], ends[edge, 3]


@compiled
def draw(ground: Ground, window: Window, start: Ints, sheet: Sheet) -> None:
    """Draw a window: overwrite its coarse pixels, and add blocks, pixels and edges to those used.

    Args:
        start: of every row of fine pixels the cell at the middle of its western end.
    """
    wide = (window.east - window.west) * FACTOR
    first, edges = _by_rows(ground.ends, window)
    value = np.empty(FACTOR * wide, dtype=np.int32)
    unsure = np.empty(FACTOR * wide, dtype=np.bool_)
    for row in range(window.south, window.north):
        here = edges[first[row - window.south] : first[row - window.south + 1]]
        band = Row(row * FACTOR, window.west * FACTOR, wide, value, unsure)
        unsure[:] = False
        begin = (row - window.south) * FACTOR
        _middles(ground, here, band, start[begin : begin + FACTOR])
        _at_corners(ground.ends, here, band)
        crossing = _crossings(ground, here, band)
        touching = _touching(ground.ends, here, band)
        _settle(ground, touching, crossing, band, sheet)
        _reduce(band, sheet, row * sheet.side + window.west)


@compiled
def _by_rows(ends: Floats, window: Window) -> tuple[Ints, Ints]:
    """The edges near each coarse row of a window: where each row's begin, and the edges."""
    rows = window.north - window.south
    count = np.zeros(rows + 1, dtype=np.int32)
    for edge in range(len(ends)):
        first, last = _rows(ends[edge, 1], ends[edge, 3], window.south, rows)
        for row in range(first, last + 1):
            count[row + 1] += 1
    begin = np.cumsum(count).astype(np.int32)
    edges = np.empty(begin[-1], dtype=np.int32)
    until = begin.copy()
    for edge in range(len(ends)):
        first, last = _rows(ends[edge, 1], ends[edge, 3], window.south, rows)
        for row in range(first, last + 1):
            edges[until[row]] = edge
            until[row] += 1
    return begin, edges


@compiled
def _rows(low: float, high: float, south: int, rows: int) -> tuple[int, int]:
    first = int(np.floor((low - 1) / FACTOR)) - south
    last = int(np.floor((high + 1) / FACTOR)) - south
    return max(first, 0), min(last, rows - 1)


@compiled
def _x_at(line: Line, y: float) -> float:
    x0, y0, x1, y1 = line
    return x0 + (y - y0) * ((x1 - x0) / (y1 - y0))


@compiled
def _weight(cell: int) -> int:
    """A number of which sums tell how many cells there are, and of one which."""
    return _HELD + cell if cell >= 0 else 0


@compiled
def _middles(ground: Ground, edges: Ints, band: Row, start: Ints) -> None:
    """Say which cell the middle of every pixel's western side is in: what is won and lost at the
    edges that the middle of the row crosses, summed from the west. Where several are, it is not
    sure."""
    south, west, wide, value, unsure = band
    won = np.zeros((FACTOR, wide), dtype=np.int64)
    for edge in edges:
        line = _line(ground.ends, edge)
        first = max(int(np.ceil(line[1] - 0.5)), south)
        last = min(int(np.ceil(line[3] - 0.5)), south + FACTOR)
        for row in range(first, last):
            x = _x_at(line, row + 0.5)
            column = int(np.floor(x))
            at = column - west
            if x - column < _MARGIN or column + 1 - x < _MARGIN:
                _doubt(unsure, wide, row - south, at - 1, at + 1)
            if 0 <= at < wide - 1:
                won[row - south, at + 1] += _weight(ground.sides[edge, EAST])
                won[row - south, at + 1] -= _weight(ground.sides[edge, WEST])
    for row in range(FACTOR):
        total = _weight(start[row])
        for at in range(wide):
            total += won[row, at]
            is_one = total // _HELD == 1
            several = UNSURE if total else NONE
            value[row * wide + at] = total % _HELD if is_one else several


@compiled
def _doubt(unsure: Flags, wide: int, row: int, west: int, east: int) -> None:
    """Say of nothing in some pixels of a row that it is sure."""
    if 0 <= row < FACTOR:
        for at in range(max(west, 0), min(east, wide - 1) + 1):
            unsure[row * wide + at] = True


@compiled
def _at_corners(ends: Floats, edges: Ints, band: Row) -> None:
    """Doubt all beside the end of an edge that lies on the border of pixels."""
    south, west, wide, _, unsure = band
    for edge in edges:
        for end in (0, 2):
            x, y = ends[edge, end], ends[edge, end + 1]
            column, row = int(np.rint(x)), int(np.floor(y)) - south
            if abs(x - column) < _MARGIN:
                for near in range(row - 1, row + 2):
                    _doubt(unsure, wide, near, column - west - 1, column - west)


@compiled
def _crossings(ground: Ground, edges: Ints, band: Row) -> Crossing:
    """The crossings of every pixel's western side, from the south."""
    south, west, wide, _, unsure = band
    count = np.zeros(FACTOR * wide + 1, dtype=np.int32)
    for edge in edges:
        line = _line(ground.ends, edge)
        first, last = _crossed(line, west, wide)
        for at in range(first, last):
            row = int(np.floor(_y_at(line, west + at))) - south
            if 0 <= row < FACTOR:
                count[row * wide + at + 1] += 1
    begin = np.cumsum(count).astype(np.int32)
    y, below, above = (
        np.empty(begin[-1]),
        np.empty(begin[-1], np.int32),
        np.empty(begin[-1], np.int32),
    )
    until = begin.copy()
    for edge in edges:
        line = _line(ground.ends, edge)
        leans_east = line[2] > line[0]
        under = ground.sides[edge, EAST if leans_east else WEST]
        over = ground.sides[edge, WEST if leans_east else EAST]
        first, last = _crossed(line, west, wide)
        for at in range(first, last):
            height = _y_at(line, west + at)
            row = int(np.floor(height)) - south
            if abs(height - np.rint(height)) < _MARGIN:
                for near in range(row - 1, row + 2):
                    _doubt(unsure, wide, near, at, at)
            if 0 <= row < FACTOR:
                pixel = row * wide + at
                place = until[pixel]
                while place > begin[pixel] and y[place - 1] > height:
                    y[place], below[place], above[place] = (
                        y[place - 1],
                        below[place - 1],
                        above[place - 1],
                    )
                    place -= 1
                y[place], below[place], above[place] = height, under, over
                until[pixel] += 1
    return Crossing(begin, y, below, above)


@compiled
def _crossed(line: Line, west: int, wide: int) -> tuple[int, int]:
    """The pixels from the first to before the last whose western sides an edge crosses."""
    first = int(np.floor(min(line[0], line[2]))) + 1 - west
    last = int(np.ceil(max(line[0], line[2]))) - west
    return max(first, 0), min(last, wide)


@compiled
def _y_at(line: Line, x: float) -> float:
    x0, y0, x1, y1 = line
    return y0 + (x - x0) / (x1 - x0) * (y1 - y0)


@compiled
def _touching(ends: Floats, edges: Ints, band: Row) -> tuple[Ints, Ints]:
    """The edges that touch each pixel: where each pixel's begin, and the edges."""
    south, west, wide, _, _ = band
    count = np.zeros(FACTOR * wide + 1, dtype=np.int32)
    for edge in edges:
        line = _line(ends, edge)
        for row in range(FACTOR):
            first, last = _span(line, south + row, west, wide)
            for at in range(first, last + 1):
                count[row * wide + at + 1] += 1
    begin = np.cumsum(count).astype(np.int32)
    found = np.empty(begin[-1], dtype=np.int32)
    until = begin.copy()
    for edge in edges:
        line = _line(ends, edge)
        for row in range(FACTOR):
            first, last = _span(line, south + row, west, wide)
            for at in range(first, last + 1):
                pixel = row * wide + at
                found[until[pixel]] = edge
                until[pixel] += 1
    return begin, found


@compiled
def _span(line: Line, row: int, west: int, wide: int) -> tuple[int, int]:
    """The first and the last pixel of a row that an edge touches; none where that is before it."""
    x0, y0, x1, y1 = line
    if y1 < row - _REACH or y0 > row + 1 + _REACH:
        return 0, -1
    if abs(x1 - x0) < _LEVEL * (y1 - y0):  # else all of it in a row or at its border
        x0, x1 = _x_at(line, max(row - _REACH, y0)), _x_at(line, min(row + 1 + _REACH, y1))
    first = int(np.floor(min(x0, x1) - _REACH)) - west
    last = int(np.floor(max(x0, x1) + _REACH)) - west
    return max(first, 0), min(last, wide - 1)


@compiled
def _settle(
    ground: Ground, touching: tuple[Ints, Ints], crossing: Crossing, band: Row, sheet: Sheet
) -> None:
    """Give every pixel with edges its number and its edges, if it is sure."""
    ends, sides, loose = ground
    first, edges = touching
    crossed, y, below, above = crossing
    south, west, wide, value, unsure = band
    _, _, _, heads, kept, used = sheet
    mixed, entry = used[1], used[2]
    for pixel in range(len(value)):
        base, low, high = value[pixel], crossed[pixel], crossed[pixel + 1]
        begin, end = first[pixel], first[pixel + 1]
        is_loose = False
        for at in range(begin, end):
            is_loose |= loose[edges[at]]
        if (
            unsure[pixel] or base == UNSURE
            or (high - low > 1 and _is_odd(below, above, low, high))
            or (is_loose and _is_mingled(sides, edges[begin:end], base))
        ):  # fmt: skip
            value[pixel] = UNSURE
        elif end > begin:
            value[pixel] = FIRST - mixed
            column, row = west + pixel % wide, south + pixel // wide
            for at in range(begin, end):
                line = in_units(_line(ends, edges[at]), column, row)
                entry = write(kept, entry, line, sides[edges[at], EAST])
            for at in range(low, high):
                under = y[at - 1] - row if at > low else -1.0
                entry = write(kept, entry, upright(under, y[at] - row), below[at])
            if high > low:
                entry = write(kept, entry, upright(y[high - 1] - row, 2.0), above[high - 1])
            heads[mixed, 1] = base if high == low else UNSURE
            mixed += 1
            heads[mixed, 0] = entry
    used[1], used[2] = mixed, entry


@compiled
def _is_odd(below: Ints, above: Ints, low: int, high: int) -> bool:
    """Whether two crossings, one above the other, do not agree on what is between them."""
    for at in range(low + 1, high):  # noqa: SIM110 (compiled)
        if above[at - 1] != below[at]:
            return True
    return False


@compiled
def _is_mingled(sides: Ints, edges: Ints, base: int) -> bool:
    """Whether edges are of more than one cell."""
    only = base
    for edge in edges:
        for side in range(2):
            cell = sides[edge, side]
            if NONE < cell != only > NONE:
                return True
            only = max(only, cell)
    return False


@compiled
def _reduce(band: Row, sheet: Sheet, first: int) -> None:
    """Write coarse pixels from the first on, and blocks of fine ones where these differ."""
    wide, value = band.wide, band.value
    _, coarse, fine, _, _, used = sheet
    blocks = used[0]
    for pixel in range(wide // FACTOR):
        lead = value[pixel * FACTOR]
        plain = lead > FIRST
        for within in range(FACTOR**2):
            here = value[(within >> BITS) * wide + pixel * FACTOR + within % FACTOR]
            plain &= here == lead
        coarse[first + pixel] = lead if plain else FIRST - blocks
        if not plain:
            for within in range(FACTOR**2):
                here = value[(within >> BITS) * wide + pixel * FACTOR + within % FACTOR]
                fine[(blocks << 2 * BITS) + within] = here
            blocks += 1
    used[0] = blocks
