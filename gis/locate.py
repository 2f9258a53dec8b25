"""Points → cells, by one shared-edge rule; areas → cells, by what lies in each.

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

_DIGITS = 9
"""Parts of areas that differ by less are equal."""


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


def shares(
    areas: npt.NDArray[np.object_], cells: npt.NDArray[np.object_]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.float64]]:
    """How areas fall upon cells: positions of areas and of cells (k,), and which part of the area
    lies in the cell, above 0 and at most 1 (k,). By area, then by position of the cell.

    Args:
        areas: shapely Polygons or MultiPolygons, None for none; (n,).
        cells: the same, in the same CRS; (m,).
    """
    tree = shapely.STRtree(cells)
    area_at, cell_at = tree.query(areas, predicate="intersects")
    order = np.lexsort((cell_at, area_at))
    area_at, cell_at = area_at[order], cell_at[order]
    within = shapely.within(areas[area_at], cells[cell_at])
    part = np.ones(len(area_at))
    cut = np.flatnonzero(~within)
    common = shapely.area(shapely.intersection(areas[area_at[cut]], cells[cell_at[cut]]))
    whole = shapely.area(areas[area_at[cut]])
    part[cut] = np.divide(common, whole, out=np.zeros(len(cut)), where=whole > 0)
    some = part > 0
    return area_at[some], cell_at[some], np.minimum(part[some], 1.0)


def cell_of_areas(
    areas: npt.NDArray[np.object_], cells: npt.NDArray[np.object_], codes: npt.NDArray[np.str_]
) -> npt.NDArray[np.intp]:
    """Return for each area the position of the cell that most of it lies in, or -1.

    Of equal parts that in the cell with the lowest code counts. Arguments: as of `shares`.
    """
    area_at, cell_at, part = shares(areas, cells)
    order = np.lexsort((codes[cell_at], -part.round(_DIGITS), area_at))
    first = order[np.flatnonzero(np.diff(area_at[order], prepend=-1))]
    found = np.full(len(areas), -1, dtype=np.intp)
    found[area_at[first]] = cell_at[first]
    return found
