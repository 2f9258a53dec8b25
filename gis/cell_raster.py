"""A raster over a coverage of cells, on two levels, for `gis.cell_index`: how it is drawn.

It is drawn in bands of rows. Of every fine pixel that no edge touches, the cell at the middle of
its western side is that of all of it. Of one with edges it is the cell where no edge lies between
a point and that side; where edges cross the side, what lies between the crossings stands beside
the edges, as upright edges on that side.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gis.cell_edges import NONE, Edges, Flags, Floats, Ints, Places

UNSURE, FIRST = -2, -3
"""In place of a cell: GEOS decides; block or pixel 0, the next being one less."""
BITS = 2
FACTOR = 1 << BITS
"""Fine pixels along the side of a coarse one."""
PER_CELL, MOST = 6, 4096
"""Coarse pixels along the side of a cell of mean size, and along the side of all."""
_BAND = 1 << 21
"""Fine pixels that are drawn together."""
_MARGIN = 1e-6
"""Fine pixels that an edge may be away and is taken as touching."""
_GAP = 1e-9
"""Fine pixels around a crossing where what lies beside it is not said."""
_HELD = 1 << 32
_FAR = 1e300
_ULPS = 16


@dataclass(frozen=True)
class Frame:
    """Where pixels lie: the south-western corner, fine pixels per unit of the coordinates, coarse
    pixels along either side."""

    x: float
    y: float
    per_x: float
    per_y: float
    side: int

    @property
    def size(self) -> int:
        """Fine pixels along either side."""
        return self.side * FACTOR

    def pixels(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Coordinates in fine pixels, eastwards and northwards."""
        with np.errstate(over="ignore"):
            return (x - self.x) * self.per_x, (y - self.y) * self.per_y


@dataclass(frozen=True, eq=False)
class Raster:
    """What stands in the pixels; see the module.

    coarse: of every coarse pixel, row by row from the south, the position of its cell, `NONE`,
    `UNSURE`, or `FIRST` less the number of its block of fine pixels (side²,). fine: of every pixel
    of the blocks the same, or `FIRST` less its number among those with edges. start, held: which
    edges each of these holds, those from start[i] to start[i + 1]. base: its cell where no edge
    lies to the west. edges: western end or side (x), bottom (y), slope (x per y), top (y), cell to
    the east; one row each. error: how far rounding may move a point (in the coordinates' unit).
    """

    frame: Frame
    error: float
    coarse: Ints
    fine: Ints
    start: npt.NDArray[np.int64]
    held: Ints
    base: Ints
    edges: Floats


def drawn(edges: Edges, cells: int) -> Raster:
    """The raster of a coverage of so many cells, by its edges."""
    frame = _frame(edges, cells)
    edges = edges[np.argsort(edges.low[:, 1], kind="stable")]
    laid = _laid(edges, frame)
    kept = _Kept(number_of_edges=len(edges))
    tallest = float((laid.high_y - laid.low_y).max(initial=0.0))
    rows = max(FACTOR, _BAND // frame.size // FACTOR * FACTOR)
    for south in range(0, frame.size, rows):
        north = min(frame.size, south + rows)
        first, last = np.searchsorted(laid.low_y, [south - tallest - 1, north + 1])
        near = first + np.flatnonzero(laid.high_y[first:last] >= south - 1)
        _draw(_Band(frame, south, north - south, laid.some(near), near.astype(np.int32)), kept)
    error = _ULPS * float(np.spacing(np.abs(edges.low).max(initial=1.0)))
    return kept.raster(frame, error, edges)


def _frame(edges: Edges, cells: int) -> Frame:
    """A frame a little larger than the ground, by odd fractions, so that hardly a corner lies on
    the border of pixels."""
    ends = np.concatenate([edges.low, edges.high]) if len(edges) else np.zeros((1, 2))
    (west, south), (east, north) = ends.min(axis=0), ends.max(axis=0)
    wide, high = (east - west) or 1.0, (north - south) or 1.0
    side = int(np.clip(PER_CELL * np.sqrt(cells), 16, MOST))
    size = side * FACTOR
    return Frame(
        west - 0.00127 * wide, south - 0.00131 * high,
        size / (1.00263 * wide), size / (1.00271 * high), side,
    )  # fmt: skip


class _Laid(NamedTuple):
    """Edges in fine pixels; slope: x per y, not finite of level ones."""

    low_x: Floats
    low_y: Floats
    high_x: Floats
    high_y: Floats
    slope: Floats
    left: Ints
    right: Ints
    loose: Flags

    def some(self, chosen: Places) -> _Laid:
        return _Laid._make(one[chosen] for one in self)


def _laid(edges: Edges, frame: Frame) -> _Laid:
    low_x, low_y = frame.pixels(*edges.low.T)
    high_x, high_y = frame.pixels(*edges.high.T)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = (high_x - low_x) / (high_y - low_y)
    return _Laid(low_x, low_y, high_x, high_y, slope, edges.left, edges.right, edges.loose)


class _Band(NamedTuple):
    """Rows of fine pixels, from the southernmost, and the edges near them with their numbers."""

    frame: Frame
    south: int
    rows: int
    edges: _Laid
    numbers: Ints

    @property
    def size(self) -> int:
        return self.rows * self.frame.size

    def pixel(self, row: Places, column: Places) -> Places:
        return (row - self.south) * self.frame.size + column

    def near(self, pixel: Places, steps: tuple[int, ...]) -> Places:
        """Pixels so many further, as far as they are in the band."""
        found = np.concatenate([pixel + step for step in steps])
        return found[(found >= 0) & (found < self.size)]


@dataclass
class _Kept:
    """What has been drawn of a raster, band by band."""

    number_of_edges: int
    blocks: int = 0
    mixed: int = 0
    entries: int = 0
    coarse: list[Ints] = field(default_factory=list)
    fine: list[Ints] = field(default_factory=list)
    start: list[npt.NDArray[np.int64]] = field(default_factory=list)
    held: list[Ints] = field(default_factory=list)
    base: list[Ints] = field(default_factory=list)
    upright: list[Floats] = field(default_factory=list)

    def raster(self, frame: Frame, error: float, edges: Edges) -> Raster:
        run, rise = (edges.high - edges.low).T
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = np.where(rise == 0, np.inf, run / rise)
        own = np.column_stack([edges.low, slope, edges.high[:, 1], edges.right])
        return Raster(
            frame, error, np.concatenate(self.coarse), np.concatenate(self.fine),
            np.concatenate([[0], *self.start]), np.concatenate(self.held),
            np.concatenate(self.base), np.concatenate([own, *self.upright]),
        )  # fmt: skip


def _draw(band: _Band, kept: _Kept) -> None:
    """Draw a band, and keep it."""
    unsure = np.zeros(band.size, dtype=bool)
    value = _middles(band, unsure)
    pixel, edge = _touched(band)
    rank = np.full(band.size, -1, dtype=np.int32)
    rank[pixel] = 0
    mixed = np.flatnonzero(rank == 0)
    rank[mixed] = np.arange(len(mixed), dtype=np.int32)
    crossed, upright = _sides(band, unsure)
    base = value[mixed]
    unsure[mixed[base == UNSURE]] = True
    unsure[mixed[_mingled(band.edges, rank[pixel], edge, base)]] = True
    base[rank[crossed]] = UNSURE

    sure = ~unsure[mixed]
    value[unsure] = UNSURE
    value[mixed[sure]] = FIRST - kept.mixed - np.arange(np.count_nonzero(sure), dtype=np.int32)
    fresh = kept.number_of_edges + np.arange(len(crossed), dtype=np.int32)
    holder = rank[np.concatenate([pixel, crossed])]
    held = np.concatenate([band.numbers[edge], fresh])[sure[holder]]
    holder = (np.cumsum(sure) - 1)[holder[sure[holder]]]
    count = np.bincount(holder, minlength=np.count_nonzero(sure))
    kept.start.append(kept.entries + np.cumsum(count))
    kept.held.append(held[np.argsort(holder, kind="stable")])
    kept.base.append(base[sure])
    kept.upright.append(upright)
    kept.number_of_edges += len(crossed)
    kept.mixed += len(count)
    kept.entries += len(held)
    _reduce(value, band, kept)


def _reduce(value: Ints, band: _Band, kept: _Kept) -> None:
    """Keep coarse pixels, and blocks of fine ones where these differ."""
    rows = value.reshape(-1, FACTOR, band.frame.side, FACTOR)
    blocks = rows.swapaxes(1, 2).reshape(-1, FACTOR**2)
    lead = blocks[:, 0]
    plain = (lead > FIRST) & (blocks == lead[:, None]).all(axis=1)
    deep = np.flatnonzero(~plain)
    coarse = lead.copy()
    coarse[deep] = FIRST - kept.blocks - np.arange(len(deep), dtype=np.int32)
    kept.coarse.append(coarse)
    kept.fine.append(blocks[deep].ravel())
    kept.blocks += len(deep)


def _each(first: Places, count: Places) -> tuple[Places, Places]:
    """The numbers from each first on, so many; and whose each is: (whose, number)."""
    count = np.maximum(count, 0)
    whose = np.repeat(np.arange(len(count)), count)
    begin = np.cumsum(count) - count
    return whose, np.arange(len(whose)) + (first - begin)[whose]


def _middles(band: _Band, unsure: Flags) -> Ints:
    """Which cell the middle of every pixel's western side is in: what is won and lost at the edges
    that the middle of the row crosses, summed from the west. Where several are, it is not sure."""
    edges, size = band.edges, band.frame.size
    first = np.maximum(np.ceil(edges.low_y - 0.5).astype(np.intp), band.south)
    last = np.minimum(np.ceil(edges.high_y - 0.5).astype(np.intp), band.south + band.rows)
    whose, row = _each(first, last - first)
    x = edges.low_x[whose] + (row + 0.5 - edges.low_y[whose]) * edges.slope[whose]
    column = np.floor(x).astype(np.intp)
    pixel = band.pixel(row, column)
    at_side = (x - column < _MARGIN) | (column + 1 - x < _MARGIN)
    unsure[band.near(pixel[at_side], (-1, 0, 1))] = True
    won = _weight(edges.right) - _weight(edges.left)
    within = column + 1 < size
    sums = np.bincount(pixel[within] + 1, won[whose[within]], minlength=band.size)
    sums = np.cumsum(sums.reshape(-1, size), axis=1).ravel().astype(np.int64)
    cell, cells = (sums % _HELD).astype(np.int32), sums // _HELD
    cell[(cells != 1) & (sums != 0)] = UNSURE
    cell[sums == 0] = NONE
    return cell


def _weight(cell: Ints) -> npt.NDArray[np.int64]:
    """A number of which sums tell how many cells there are, and of one which."""
    return np.where(cell >= 0, _HELD + cell.astype(np.int64), 0)


def _touched(band: _Band) -> tuple[Places, Places]:
    """Every pixel that an edge touches, and the edge."""
    edges = band.edges
    first = np.maximum(np.floor(edges.low_y - _MARGIN).astype(np.intp), band.south)
    last = np.minimum(np.floor(edges.high_y + _MARGIN).astype(np.intp), band.south + band.rows - 1)
    whose, row = _each(first, last - first + 1)
    low_x, low_y, high_x, high_y, slope = (one[whose] for one in edges[:5])
    level = ~(np.abs(slope) * _MARGIN < 1)  # as good as: all of it in a row or at its border
    bottom, top = np.maximum(row - _MARGIN, low_y), np.minimum(row + 1 + _MARGIN, high_y)
    with np.errstate(invalid="ignore"):
        one = np.where(level, low_x, low_x + (bottom - low_y) * slope)
        other = np.where(level, high_x, low_x + (top - low_y) * slope)
    west = np.floor(np.minimum(one, other) - _MARGIN).astype(np.intp)
    east = np.floor(np.maximum(one, other) + _MARGIN).astype(np.intp)
    part, column = _each(west, east - west + 1)
    return band.pixel(row[part], column), whose[part]


def _sides(band: _Band, unsure: Flags) -> tuple[Places, Floats]:
    """What lies between the places where edges cross the western sides of pixels: the pixel of
    each stretch, and the stretch as an upright edge (as in `Raster.edges`)."""
    frame = band.frame
    _at_corners(band, unsure)
    pixel, y, below, above = _crossings(band, unsure)
    first = np.append(True, pixel[1:] != pixel[:-1])[: len(pixel)]
    odd = np.flatnonzero(~first[1:] & (above[:-1] != below[1:])) + 1
    unsure[pixel[odd]] = True
    until = np.append(np.where(first[1:], np.inf, y[1:]), np.inf)[: len(pixel)]
    crossed = np.concatenate([pixel[first], pixel])
    bottom = np.concatenate([np.full(np.count_nonzero(first), -np.inf), y + _GAP])
    top = np.concatenate([y[first], until]) - _GAP
    cell = np.concatenate([below[first], above])
    side = frame.x + crossed % frame.size / frame.per_x
    bottom, top = (np.clip(frame.y + one / frame.per_y, -_FAR, _FAR) for one in (bottom, top))
    return crossed, np.column_stack([side, bottom, np.zeros(len(side)), top, cell])


def _crossings(band: _Band, unsure: Flags) -> tuple[Places, Floats, Ints, Ints]:
    """Where edges cross the western sides of pixels, by pixel from the south: pixel, height, and
    the cells below and above."""
    edges = band.edges
    west = np.minimum(edges.low_x, edges.high_x)
    first = np.floor(west).astype(np.intp) + 1
    last = np.ceil(np.maximum(edges.low_x, edges.high_x)).astype(np.intp)
    whose, column = _each(first, last - first)
    low_x, low_y, high_x, high_y, slope = (one[whose] for one in edges[:5])
    y = low_y + (column - low_x) / (high_x - low_x) * (high_y - low_y)
    row = np.floor(y).astype(np.intp)
    here = (row >= band.south) & (row < band.south + band.rows)
    whose, y, slope, pixel = whose[here], y[here], slope[here], band.pixel(row, column)[here]
    at_corner = (y - row[here] < _MARGIN) | (row[here] + 1 - y < _MARGIN)
    size = band.frame.size
    unsure[band.near(pixel[at_corner], (-size, 0, size))] = True
    leans_east = slope > 0
    left, right = edges.left[whose], edges.right[whose]
    below, above = np.where(leans_east, right, left), np.where(leans_east, left, right)
    order = np.lexsort((y, pixel))
    return pixel[order], y[order], below[order], above[order]


def _at_corners(band: _Band, unsure: Flags) -> None:
    """Say of nothing beside the end of an edge that lies on the border of pixels that it is
    sure."""
    edges, size = band.edges, band.frame.size
    for x, y in ((edges.low_x, edges.low_y), (edges.high_x, edges.high_y)):
        on_line = np.abs(x - np.round(x)) < _MARGIN
        row = np.floor(y[on_line]).astype(np.intp)
        pixel = band.pixel(row, np.round(x[on_line]).astype(np.intp))
        around = tuple(down + aside for down in (-size, 0, size) for aside in (-1, 0))
        unsure[band.near(pixel, around)] = True


def _mingled(edges: _Laid, holder: Ints, edge: Places, base: Ints) -> Places:
    """Which pixels with edges that no two cells share exactly hold more than one cell's."""
    of_loose = np.zeros(len(base), dtype=bool)
    of_loose[holder[edges.loose[edge]]] = True
    some = of_loose[holder]
    holder, edge = holder[some], edge[some]
    least = np.full(len(base), np.iinfo(np.int32).max, dtype=np.int32)
    most = np.full(len(base), NONE, dtype=np.int32)
    for side in (edges.left, edges.right):
        cell = side[edge]
        known = cell >= 0
        np.minimum.at(least, holder[known], cell[known])
        np.maximum.at(most, holder[known], cell[known])
    return np.flatnonzero(of_loose & ((least != most) | ((base != NONE) & (base != least))))
