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
    point_at, cell_at = shapely.STRtree(cells[order]).query(points, predicate="intersects")
    first = np.full(len(points), len(cells))
    np.minimum.at(first, point_at, cell_at)
    placed = first < len(cells)
    answer = np.full(len(points), -1, dtype=np.intp)
    answer[placed] = order[first[placed]]
    return answer
