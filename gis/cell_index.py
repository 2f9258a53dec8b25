"""An index over cells: in which cell is a place, some fifty times as fast as by GEOS, and the same.

A raster (`gis.cell_raster`) answers for pixels that one cell fills, and by the next edge to the
west where there are edges. What rounding could decide is left to GEOS: a place on an edge or hardly
beside one, and pixels where neighbours do not share their edges exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import shapely

import gis.cell_look
import gis.cell_raster
import gis.locate
from gis.cell_draw import UNSURE
from gis.cell_edges import NONE, Floats, Ints, Places, edges_of
from gis.cell_raster import Raster

Shapes = npt.NDArray[np.object_]
_FEW = 64
"""Places that GEOS is asked of by the boxes of cells, not by a tree that is to be made first."""


@dataclass(frozen=True, eq=False)
class CellIndex:
    """An index over cells, in any order.

    codes: theirs (m,). cells: shapely Polygons or MultiPolygons (m,), None for a cell that is no
    more. boxes: their bounds (m, 4). raster: what answers for nearly all places.
    """

    codes: npt.NDArray[np.str_]
    cells: Shapes
    boxes: Floats
    raster: Raster

    def locate(self, x: Floats, y: Floats) -> Ints:
        """Positions of the cells (n,) of points in the CRS of the cells, -1 for none; where several
        cover a point, of the one with the lowest code.

        Args:
            x, y: coordinates (n,); NaN for a record without a place.
        """
        answer = self.looked(x, y)
        unsure = np.flatnonzero(answer == UNSURE)
        if len(unsure):
            answer[unsure] = self._exactly(x[unsure], y[unsure])
        return answer

    def looked(self, x: Floats, y: Floats) -> Ints:
        """What the raster says: positions, `NONE`, or `UNSURE` where GEOS decides."""
        answer = np.empty(len(x), dtype=np.int32)
        gis.cell_look.located(self.raster.pixels, x, y, answer)
        return answer

    def one(self, x: float, y: float) -> int | None:
        """The position of the cell of a single point, -1 for none; None where GEOS decides."""
        at = int(self.looked(np.array([x]), np.array([y]))[0])
        return None if at == UNSURE else at

    def near(self, ground: shapely.Geometry) -> Places:
        """Positions of the cells that meet some ground (k,)."""
        return self._tree.query(ground, predicate="intersects")

    def redrawn(self, codes: npt.NDArray[np.str_], cells: Shapes) -> CellIndex:
        """The index of the same ground where cells of these codes (k,) have these outlines (k,),
        None for such as are no more; only the pixels near them are drawn anew."""
        at = np.array([self._position.get(code, NONE) for code in codes.tolist()], dtype=np.intp)
        fresh = at == NONE
        at[fresh] = len(self.codes) + np.arange(np.count_nonzero(fresh))
        known, shapes = np.append(self.codes, codes[fresh]), np.append(self.cells, cells[fresh])
        boxes = np.concatenate([self.boxes, np.full((np.count_nonzero(fresh), 4), np.nan)])
        before = boxes[at]
        shapes[at], boxes[at] = cells, shapely.bounds(cells)
        touched = np.concatenate([before, boxes[at]])
        touched = touched[~np.isnan(touched[:, 0])]
        raster = self._drawn_anew(shapes, boxes, touched) if len(touched) else self.raster
        if raster is None:
            there = ~shapely.is_missing(shapes)
            return build(known[there], shapes[there])
        return CellIndex(known, shapes, boxes, raster)

    def _drawn_anew(self, shapes: Shapes, boxes: Floats, touched: Floats) -> Raster | None:
        window = gis.cell_raster.window_of(self.raster.frame, touched)
        near = _meeting(boxes, gis.cell_raster.box_of(self.raster.frame, window))
        edges = edges_of(shapes[near], near.astype(np.int32))
        return gis.cell_raster.redrawn(self.raster, edges, window)

    def _exactly(self, x: Floats, y: Floats) -> Ints:
        points = np.asarray(shapely.points(x, y), dtype=object)
        if len(points) > _FEW:
            pairs = self._tree.query(points, predicate="intersects")
        else:
            there = np.column_stack([x, y, x, y])[:, None]
            beyond = (self.boxes[:, :2] > there[..., 2:]) | (self.boxes[:, 2:] < there[..., :2])
            point_at, cell_at = np.nonzero(~beyond.any(axis=2) & ~np.isnan(self.boxes[:, 0]))
            covers = shapely.intersects(points[point_at], self.cells[cell_at])
            pairs = np.stack([point_at[covers], cell_at[covers]])
        return gis.locate.first_of(pairs, self.codes, len(points))

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(self.cells)

    @cached_property
    def _position(self) -> dict[str, int]:
        return {code: at for at, code in enumerate(self.codes.tolist())}


def build(codes: npt.NDArray[np.str_], cells: Shapes) -> CellIndex:
    """An index over cells, in any order; see `CellIndex`."""
    raster = gis.cell_raster.drawn(edges_of(cells), len(cells))
    return CellIndex(codes, cells, shapely.bounds(cells).reshape(-1, 4), raster)


def _meeting(boxes: Floats, box: Floats) -> Places:
    """Which boxes (m, 4) meet a box (4,)."""
    apart = (boxes[:, :2] > box[2:]) | (boxes[:, 2:] < box[:2])
    return np.flatnonzero(~apart.any(axis=1) & ~np.isnan(boxes[:, 0]))
