"""Points → cells, by one shared-edge rule.

**The rule.** A point belongs to the cell that covers it, boundary included. Where several cells
cover it, on a shared edge, on a corner or in an overlap, it belongs to the one with the lowest
code (compared as text, byte by byte). A point that no cell covers belongs to none: it is unplaced.

`data.locate` says the same in SQL; `tests/test_twins.py` holds the two against each other.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shapely

import gis.cell_index

_WORTH = 50
"""Points per cell from which on an index is sooner made and asked than GEOS alone."""


def cell_of(
    points: npt.NDArray[np.object_], cells: npt.NDArray[np.object_], codes: npt.NDArray[np.str_]
) -> npt.NDArray[np.intp]:
    """Return for each point the position of its cell, or -1 when unplaced.

    Args:
        points: shapely Points, or None where a record came without coordinates; (n,).
        cells: shapely Polygons or MultiPolygons in the same CRS; (m,).
        codes: their codes; (m,).
    """
    order = np.argsort(codes, kind="stable")
    if len(points) > _WORTH * len(cells) > 0:
        index = gis.cell_index.build(cells[order])
        found = index.locate(shapely.get_x(points), shapely.get_y(points))
    else:
        found = gis.cell_index.exactly(points, shapely.STRtree(cells[order]))
    return np.append(order, -1)[found]
