"""Shapes and numbers as PostgreSQL's CSV reads them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import shapely

from data.demo.ground import Floats, Shapes, degrees


def ewkb(shapes: Shapes) -> pa.Array:
    """Write shapes in degrees as EWKB in hexadecimal, SRID 4326."""
    return pa.array(shapely.to_wkb(shapely.set_srid(shapes, 4326), hex=True, include_srid=True))


def points(metres: Floats) -> pa.Array:
    """Write places in metres as points; NaN is null."""
    drawn = np.asarray(shapely.points(degrees(metres)))
    drawn[np.isnan(metres[:, 0])] = None
    return ewkb(drawn)


def multi(shapes: Shapes) -> Shapes:
    """Make every polygon a multipolygon."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    return np.asarray(shapely.multipolygons(parts, indices=owner))


def ids(count: int) -> pa.Array:
    """Number rows from 1."""
    return pa.array(np.arange(1, count + 1))


def phones(numbers: Any) -> pa.Array:
    """Write phone numbers; None stays null."""
    return pa.array(numbers, pa.int64()).cast(pa.string())
