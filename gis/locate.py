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

_WORTH, _MANY = 50, 100_000
"""Points per cell, and points, from which on an index is sooner made and asked than GEOS alone."""


def cell_of(
    points: npt.NDArray[np.object_], cells: npt.NDArray[np.object_], codes: npt.NDArray[np.str_]
) -> npt.NDArray[np.intp]:
    """Return for each point the position of its cell, or -1 when unplaced.

    Args:
        points: shapely Points, or None where a record came without coordinates; (n,).
        cells: shapely Polygons or MultiPolygons in the same CRS; (m,).
        codes: their codes; (m,).
    """
    if len(points) > max(_WORTH * len(cells), _MANY):
        import gis.cell_index  # brings a compiler, for which few need wait

        index = gis.cell_index.build(codes, cells)
        return index.locate(shapely.get_x(points), shapely.get_y(points)).astype(np.intp)
    pairs = shapely.STRtree(cells).query(points, predicate="intersects")
    return first_of(pairs, codes, len(points)).astype(np.intp)


def first_of(
    pairs: npt.NDArray[np.intp], codes: npt.NDArray[np.str_], points: int
) -> npt.NDArray[np.int32]:
    """Of the cells that cover each of so many points the one with the lowest code, -1 for none.

    Args:
        pairs: points and cells that cover them, by position (2, k).
    """
    order = np.argsort(codes, kind="stable")
    rank = np.empty(len(order), dtype=np.intp)
    rank[order] = np.arange(len(order))
    first = np.full(points, len(order))
    np.minimum.at(first, pairs[0], rank[pairs[1]])
    cells: npt.NDArray[np.int32] = np.append(order, -1)[first].astype(np.int32)
    return cells
