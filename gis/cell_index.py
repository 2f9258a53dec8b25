"""Points → cells at the speed of memory: which cell a point is in, by a raster over the coverage.

A coarse raster answers for the pixels that lie in one cell; where it cannot, a block of finer
pixels does; only where a fine pixel holds edges are these looked at: the cell is that to the east
of the edge that comes next to the west, or that at the western side of the pixel.

**Exactly as GEOS.** All that rounding could decide is left to `exactly`: points within
a few units in the last place of an edge, pixels whose edges no two cells share exactly (gaps,
slivers, overlaps, corners on an edge), places where several cells lie. So the answer is that of
`gis.locate`'s rule on every point, of clean coverages and others; of others it takes longer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import shapely

import gis.cell_raster
from gis.cell_edges import NONE, Floats, Ints, edges_of
from gis.cell_raster import BITS, FACTOR, FIRST, UNSURE, Raster

AT_ONCE = 1 << 14
"""Points that are looked up together: what is computed of them stays in the processor's cache."""


@dataclass(frozen=True, eq=False)
class CellIndex:
    """An index over cells: shapely Polygons or MultiPolygons (m,), by rising code."""

    cells: npt.NDArray[np.object_]
    raster: Raster

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(self.cells)

    def locate(self, x: Floats, y: Floats) -> Ints:
        """Positions of the cells (n,) of points in the CRS of the cells, -1 for none.

        Args:
            x, y: coordinates (n,); NaN for a record without a place.
        """
        answer = np.empty(len(x), dtype=np.int32)
        for at in range(0, len(x), AT_ONCE):
            part = slice(at, at + AT_ONCE)
            answer[part] = self._of_some(x[part], y[part])
        unsure = np.flatnonzero(answer == UNSURE)
        points = np.asarray(shapely.points(x[unsure], y[unsure]), dtype=object)
        answer[unsure] = exactly(points, self._tree)
        return answer

    def _of_some(self, x: Floats, y: Floats) -> Ints:
        raster = self.raster
        east, north = raster.frame.pixels(x, y)
        size = raster.frame.size
        inside = (east >= 0) & (east < size) & (north >= 0) & (north < size)
        if not inside.all():
            east, north = np.where(inside, east, 0), np.where(inside, north, 0)
        column, row = east.astype(np.int32), north.astype(np.int32)
        value: Ints = raster.coarse[(row >> BITS) * raster.frame.side + (column >> BITS)]
        deep = np.flatnonzero(value <= FIRST)
        block = FIRST - value[deep]
        within = ((row[deep] & FACTOR - 1) << BITS) + (column[deep] & FACTOR - 1)
        fine = raster.fine[(block << 2 * BITS) + within]
        value[deep] = fine
        mixed = np.flatnonzero(fine <= FIRST)
        if len(mixed):
            these = deep[mixed]
            room = (east[these] % 1) / raster.frame.per_x + raster.error
            value[these] = self._among_edges(FIRST - fine[mixed], x[these], y[these], room)
        value[~inside] = NONE
        return value

    def _among_edges(self, pixel: Ints, x: Floats, y: Floats, room: Floats) -> Ints:
        """The cells of points in pixels that hold edges, so far from their western side."""
        raster = self.raster
        start = raster.start[pixel]
        count = raster.start[pixel + 1] - start
        ends = np.cumsum(count)
        begin = ends - count
        point = np.repeat(np.arange(len(pixel)), count)
        edge = raster.edges[raster.held[np.arange(ends[-1]) + np.repeat(start - begin, count)]]
        edge_x, bottom, slope, top, east = edge.T
        here = y[point]
        with np.errstate(invalid="ignore", over="ignore"):
            east_of = x[point] - edge_x - (here - bottom) * slope
        beside = (bottom <= here) & (here <= top)
        touching = beside & ~(np.abs(east_of) > raster.error)  # of level edges it is no number
        east_of[~(beside & (here < top) & (east_of > 0))] = np.inf
        next_west = np.minimum.reduceat(east_of, begin)
        chosen = np.flatnonzero(
            (east_of <= (next_west + raster.error)[point]) & np.isfinite(east_of)
        )
        chosen = chosen[(next_west <= room)[point[chosen]]]
        answer = raster.base[pixel]
        whose = point[chosen]
        answer[whose] = east[chosen]
        answer[whose[1:][whose[1:] == whose[:-1]]] = UNSURE  # two edges too close to tell apart
        answer[point[touching]] = UNSURE
        return answer


def build(cells: npt.NDArray[np.object_]) -> CellIndex:
    """An index over cells by rising code; see `CellIndex`."""
    return CellIndex(cells, gis.cell_raster.drawn(edges_of(cells), len(cells)))


def exactly(points: npt.NDArray[np.object_], tree: shapely.STRtree) -> Ints:
    """Positions of the first of the tree's polygons that cover each point (n,), -1 for none; by
    GEOS alone."""
    point_at, cell_at = tree.query(points, predicate="intersects")
    first = np.full(len(points), len(tree), dtype=np.int32)
    np.minimum.at(first, point_at, cell_at.astype(np.int32))
    return np.where(first < len(tree), first, np.int32(NONE))
