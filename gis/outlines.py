"""Outlines as a tile of one zoom can show them: generalised, with shared edges still shared.

Cells of one coverage are simplified together, so that neighbours have the same corners after as
before; then every corner goes to the next whole unit of the tile, which is the same for both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

HALF_M = 20037508.342789244
"""From Greenwich to the edge of the world in web Mercator."""
EXTENT = 4096
"""Units along a tile's side."""
ZOOMS = range(8, 15)
"""Farther out nothing of a cell is to be seen; closer, a tile holds a few dozen as they are."""
TOLERANCE = 2.0
"""Units: a quarter of a pixel where a tile fills 512 of them."""

Shapes = npt.NDArray[np.object_]
Whole = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Outlines:
    """What is left of a coverage at a zoom.

    at: which of the shapes these are; some collapse. x, y: where the name goes. All in units of a
    tile of that zoom, east and north of where the equator meets Greenwich; exterior rings run
    clockwise.
    """

    at: npt.NDArray[np.intp]
    shapes: Shapes
    x: Whole
    y: Whole


def unit_m(zoom: int) -> float:
    """Metres of web Mercator in a unit of a tile."""
    return float(2 * HALF_M / 2**zoom / EXTENT)


def generalised(shapes: Shapes, zoom: int) -> Outlines:
    """Generalise a coverage of polygons in metres of web Mercator for the tiles of a zoom."""
    scaled = shapely.transform(shapes, lambda xy: xy / unit_m(zoom))
    simple = shapely.coverage_simplify(scaled, TOLERANCE)
    whole = shapely.remove_repeated_points(shapely.transform(simple, np.round))
    at = np.flatnonzero(shapely.is_valid(whole) & (shapely.area(whole) > 0))
    drawn = shapely.orient_polygons(whole[at], exterior_cw=True)
    alone = shapely.get_num_geometries(drawn) == 1
    drawn[alone] = shapely.get_geometry(drawn[alone], 0)
    spots = shapely.point_on_surface(drawn)
    x, y = (np.round(axis(spots)).astype(np.int64) for axis in (shapely.get_x, shapely.get_y))
    return Outlines(at, drawn, x, y)
