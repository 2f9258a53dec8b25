"""The desk's rules: what may be drawn and how it is read, which numbers are rounded, what shelters.

A shape is drawn in WGS-84 degrees and leaves here as one sound MultiPolygon in the same. Metres
are measured in an equal-area plane around the middle of what was drawn.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyproj
import shapely

import gis.coordinates
import gis.geometry
from gis.errors import BadInput
from gis.terms import FacilityCategory

MOST_VERTICES = 5_000
MOST_RADIUS_M = 50_000.0
MOST_WIDTH_M = 2_000.0
MOST_AREA_KM2 = 50_000.0
MOST_DEGREES = 20.0
"""Wider than that no city is; what crosses the 180th meridian looks as wide as the earth."""
MOST_NEAR = 20_000
"""So many pairs of a line's stretches may lie nearer than its corridor is wide: what buffering them
costs grows with these, to hours and to all of the memory."""
_POLYGONS, _LINES = ("Polygon", "MultiPolygon"), ("LineString", "MultiLineString")


@dataclass(frozen=True)
class Circle:
    """All within so many metres of a place."""

    lon: float
    lat: float
    radius_m: float


# What was drawn


def polygon(told: Mapping[str, Any]) -> shapely.MultiPolygon:
    """Read a drawn GeoJSON Polygon or MultiPolygon; mended where that keeps its area.

    Raises:
        BadInput: no polygon, too many corners, off the earth, ambiguous or larger than a province.
    """
    found = gis.geometry.repair_polygons(np.array([_read(told, _POLYGONS)], dtype=object))
    if found.faults:
        raise BadInput(f"the drawn shape cannot be used: {found.faults[0]}", field="shape")
    return _bounded(found.shapes[0])


def circle(told: Circle) -> shapely.MultiPolygon:
    """A circle as a polygon of 128 corners.

    Raises:
        BadInput: a place off the earth, or a radius of nothing or over 50 km.
    """
    gis.coordinates.check_point(told.lon, told.lat)
    _check_metres("radius_m", told.radius_m, MOST_RADIUS_M)
    return _buffered(shapely.Point(told.lon, told.lat), told.radius_m)


def line(told: Mapping[str, Any]) -> shapely.Geometry:
    """Read a drawn GeoJSON LineString or MultiLineString.

    Raises:
        BadInput: no line, too many corners, or off the earth.
    """
    return _read(told, _LINES)


def corridor(road: shapely.Geometry, width_m: float) -> shapely.MultiPolygon:
    """All within half of `width_m` on either side of a road in degrees.

    Raises:
        BadInput: a width of nothing or over 2 km.
    """
    _check_metres("width_m", width_m, MOST_WIDTH_M)
    _check_extent(road)
    forward, back = _plane(road)
    course = shapely.simplify(shapely.transform(road, forward), width_m / _DETAIL)
    if _is_crowded(course, width_m):
        raise BadInput(
            "the line runs back over itself too often for a corridor that wide; draw it simpler",
            field="road",
        )
    return _buffered(shapely.transform(course, back), width_m / 2)


def grown(shape: shapely.Geometry, metres: float) -> shapely.MultiPolygon:
    """A shape with all within so many metres of it."""
    return _buffered(shape, metres)


def area_m2(shape: shapely.Geometry) -> float:
    """Square metres of a shape in degrees."""
    forward, _ = _plane(shape)
    return round(float(shapely.area(shapely.transform(shape, forward))), 1)


def _read(told: Mapping[str, Any], kinds: Sequence[str]) -> shapely.Geometry:
    kind = told.get("type")
    if kind not in kinds:
        raise BadInput(
            f"{kind!r} cannot be used here; draw a {' or a '.join(kinds)}", field="shape"
        )
    corners = _corners(told.get("coordinates"))
    if not 0 < len(corners) <= MOST_VERTICES:
        raise BadInput(f"the shape has {len(corners) or 'no'} corners; at most {MOST_VERTICES}")
    for lon, lat in corners:
        gis.coordinates.check_point(lon, lat)
    try:
        return shapely.force_2d(shapely.geometry.shape(dict(told)))
    except (
        TypeError,
        ValueError,
        AttributeError,
        IndexError,
        shapely.errors.ShapelyError,
    ) as error:
        raise BadInput(f"the coordinates are no {kind}: {error}", field="shape") from error


def _corners(told: Any) -> list[tuple[float, float]]:
    """The places that are told, however deep, and no more than there may be; none is built yet.

    Raises:
        BadInput: something among them is no pair of numbers.
    """
    waiting = [told]
    corners: list[tuple[float, float]] = []
    while waiting and len(corners) <= MOST_VERTICES:
        one = waiting.pop()
        if isinstance(one, list | tuple) and (not one or isinstance(one[0], list | tuple)):
            waiting += one
        elif isinstance(one, list | tuple) and len(one) >= 2 and all(map(_is_number, one)):
            corners.append((float(one[0]), float(one[1])))
        else:
            raise BadInput(f"{str(one)[:40]!r} is no corner of a shape", field="shape")
    return corners


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and abs(value) < 1e9


_DETAIL = 50
"""A corridor does not follow bends smaller than this part of its width."""
_CHUNK = 256


def _is_crowded(course: shapely.Geometry, width_m: float) -> bool:
    """Whether too many stretches of a line, no neighbours, lie nearer than its corridor is wide."""
    corners, part = shapely.get_coordinates(shapely.get_parts(course), return_index=True)
    same = part[:-1] == part[1:]
    ends = np.stack([corners[:-1][same], corners[1:][same]], axis=1)
    stretches = np.asarray(shapely.linestrings(ends))
    tree = shapely.STRtree(stretches)
    near = 0
    for start in range(0, len(stretches), _CHUNK):
        some = stretches[start : start + _CHUNK]
        one, other = tree.query(some, predicate="dwithin", distance=width_m)
        near += int(np.count_nonzero(other > one + start + 1))
        if near > MOST_NEAR:
            return True
    return False


def _check_extent(shape: shapely.Geometry) -> None:
    west, south, east, north = shapely.bounds(shape)
    if (wide := max(east - west, north - south)) > MOST_DEGREES:
        raise BadInput(
            f"{wide:.0f} degrees wide is more than a city; nothing is drawn over the 180th "
            "meridian or a pole",
            field="shape",
        )


def _bounded(shape: shapely.MultiPolygon) -> shapely.MultiPolygon:
    _check_extent(shape)
    if (km2 := area_m2(shape) / 1e6) > MOST_AREA_KM2:
        raise BadInput(f"{km2:,.0f} km² is more than a city; at most {MOST_AREA_KM2:,.0f}")
    return shape


def _check_metres(name: str, value: float, most: float) -> None:
    if not (math.isfinite(value) and 0 < value <= most):
        raise BadInput(f"{name} is {value:g}; take more than 0 and at most {most:g} m", field=name)


def _buffered(shape: shapely.Geometry, metres: float) -> shapely.MultiPolygon:
    forward, back = _plane(shape)
    grown = shapely.buffer(shapely.transform(shape, forward), metres, quad_segs=32)
    found = gis.geometry.repair_polygons(np.array([shapely.transform(grown, back)], dtype=object))
    if found.faults:  # crossings come of degrees that are rounded, where it touches itself
        raise BadInput(f"the drawn shape cannot be used: {found.faults[0]}", field="shape")
    return _bounded(found.shapes[0])


_Move = Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]


def _plane(shape: shapely.Geometry) -> tuple[_Move, _Move]:
    """The ways from degrees to the metres of an equal-area plane around the shape, and back."""
    west, south, east, north = shapely.bounds(shape)
    plane = pyproj.CRS.from_proj4(
        f"+proj=laea +lon_0={(west + east) / 2} +lat_0={(south + north) / 2} +datum=WGS84"
    )
    there = pyproj.Transformer.from_crs(4326, plane, always_xy=True)
    return (
        lambda xy: np.column_stack(there.transform(xy[:, 0], xy[:, 1])),
        lambda xy: np.column_stack(there.transform(xy[:, 0], xy[:, 1], direction="INVERSE")),
    )


# What may be told


ROUNDED_TO = SMALLEST = 5
"""As `gis.privacy.SMALLEST_COUNT`, which brings all of pandas."""


def rounded(count: float) -> int | None:
    """A number of people as it is told to who sees counts only; None hides fewer than five.

    Nought is hidden too: whoever draws an area that grows house by house would otherwise see
    where the first of a few lives.
    """
    told = ROUNDED_TO * math.floor(count / ROUNDED_TO + 0.5)
    return told if count >= SMALLEST else None


# In an emergency

MEDICAL = (FacilityCategory.MEDICAL,)
SHELTER_WORDS = ("避难", "避险", "安置点", "疏散", "shelter")
"""A facility shelters if its name has one of these words, whatever its category."""
SHELTER_PATTERNS = [f"%{word}%" for word in SHELTER_WORDS]
