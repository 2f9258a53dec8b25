"""How edges near a pixel of the raster of `gis.cell_raster` are kept: in the pixel's own units.

A pixel is `UNIT` units wide and begins at `LOW`, so that an edge fits eight bytes; what these
cannot tell, GEOS is asked.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gis.cell_edges import NONE
from gis.compiled import compiled

UNIT, LOW, TOP = 65000.0, 256.0, 65535.0
Kept = npt.NDArray[np.uint32]
"""Edges near pixels (…, 3): x and y of the lower end in the lower and the upper half of a number,
so those of the upper end, and the cell to the east less `NONE`."""
Line = tuple[float, float, float, float]
"""x and y of the lower end, x and y of the upper."""


@compiled
def in_units(line: Line, column: int, row: int) -> Line:
    """What lies near a pixel of an edge, in its units."""
    x0, y0, x1, y1 = line
    x0, y0, x1, y1 = _clipped(
        LOW + (x0 - column) * UNIT, LOW + (y0 - row) * UNIT,
        LOW + (x1 - column) * UNIT, LOW + (y1 - row) * UNIT,
    )  # fmt: skip
    y0, x0, y1, x1 = _clipped(y0, x0, y1, x1)
    return x0, y0, x1, y1


@compiled
def _clipped(x0: float, y0: float, x1: float, y1: float) -> Line:
    """The part of a line whose x is from 0 to `TOP`."""
    ax, ay, bx, by = x0, y0, x1, y1
    for limit, sign in ((0.0, 1.0), (TOP, -1.0)):
        a_out, b_out = sign * (ax - limit) < 0, sign * (bx - limit) < 0
        if a_out and b_out:  # by rounding only: what is kept touches the pixel
            ax, bx = limit, limit
        elif a_out:
            ax, ay = limit, ay + (limit - ax) / (bx - ax) * (by - ay)
        elif b_out:
            bx, by = limit, by + (limit - bx) / (ax - bx) * (ay - by)
    return ax, ay, bx, by


@compiled
def upright(south: float, north: float) -> Line:
    """A stretch of the western side of a pixel, in its units."""
    return LOW, max(LOW + south * UNIT, 0.0), LOW, min(LOW + north * UNIT, TOP)


@compiled
def write(kept: Kept, at: int, line: Line, east: int) -> int:
    """Write an edge in units, and the cell to the east of it; return where the next one goes."""
    kept[at, 0] = int(line[0] + 0.5) | int(line[1] + 0.5) << 16
    kept[at, 1] = int(line[2] + 0.5) | int(line[3] + 0.5) << 16
    kept[at, 2] = east - NONE
    return at + 1
