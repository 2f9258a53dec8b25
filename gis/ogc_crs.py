"""Coordinate reference systems by their addresses: which are offered, in which order each tells.

Places are kept as longitude, latitude of WGS-84. What a client sends or gets in another system
has the axes in the order of its authority: EPSG:4326 and 4490 tell latitude first, a Gauss-Krüger
zone of CGCS2000 tells northing first.
"""

from __future__ import annotations

import math
import re
import reprlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pyproj
import shapely
from shapely.geometry import shape as geojson

from gis.errors import BadInput

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
_EVERYWHERE = (4326, 3857, 4490)
_CORNERS = 32
"""Corners that stand for a side of a box whose sides another system bends."""
_BEYOND_DEG = 10.0
"""How far from where a projection is used a box is still followed."""
Bounds = tuple[float, float, float, float]
_EARTH: Bounds = (-180.0, -90.0, 180.0, 90.0)
NOWHERE = shapely.Polygon()
_NUMBER = re.compile(r" *[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)? *", re.ASCII)


@dataclass(frozen=True)
class Crs:
    """A system by its address; `is_flipped`: northing or latitude comes first; `reach`: what it
    can tell, in its own units, eastings first."""

    uri: str
    srid: int
    is_flipped: bool
    is_degrees: bool
    reach: Bounds = _EARTH

    @property
    def digits(self) -> int:
        """Digits behind the point that tell a place to the millimetre."""
        return 8 if self.is_degrees else 3


@lru_cache(maxsize=128)
def _of_epsg(srid: int) -> Crs:
    system = pyproj.CRS.from_epsg(srid)
    return Crs(
        f"{_EPSG}{srid}",
        srid,
        system.axis_info[0].direction == "north",
        system.is_geographic,
        _EARTH if system.is_geographic else _reach(system),
    )


def _reach(system: pyproj.CRS) -> Bounds:
    assert system.area_of_use is not None
    west, south, east, north = system.area_of_use.bounds
    wide = (
        max(west - _BEYOND_DEG, -180),
        max(south - _BEYOND_DEG, -85),
        min(east + _BEYOND_DEG, 180),
        min(north + _BEYOND_DEG, 85),
    )
    to_metres = pyproj.Transformer.from_crs(DEFAULT.srid, system, always_xy=True)
    left, low, right, high = to_metres.transform_bounds(*wide)
    return left, low, right, high


DEFAULT = Crs(CRS84, 4326, False, True)
"""As places are kept, and told unless another is asked for."""


@lru_cache(maxsize=64)
def offered(west: float, east: float) -> dict[str, Crs]:
    """The systems in which ground between two longitudes is told, by address: the default first,
    then those of everywhere and the zones of CGCS2000 that lie there."""
    zones = [
        first + number
        for first, centre, width, count in (
            (4513, 75, 3, 21),  # three degrees, eastings with the zone's number
            (4534, 75, 3, 21),  # three degrees, without
            (4491, 75, 6, 11),
            (4502, 75, 6, 11),
        )
        for number in range(count)
        if centre + number * width - width / 2 < east and west < centre + number * width + width / 2
    ]
    found = [DEFAULT, *(_of_epsg(srid) for srid in (*_EVERYWHERE, *zones))]
    return {one.uri: one for one in found}


def title(uri: str) -> str:
    """What a system is called where people read of it."""
    name = uri.rpartition("/")[2]
    if not name.isdigit():
        return f"{name} · WGS 84"
    return f"EPSG:{name} · {pyproj.CRS.from_epsg(int(name)).name}"


def named(uri: str | None, choices: dict[str, Crs], field: str) -> Crs:
    """The system at an address; the default without one.

    Raises:
        BadInput: none of the choices.
    """
    if uri is None:
        return DEFAULT
    found = choices.get(uri.removeprefix("[").removesuffix("]"))
    if found is None:
        raise BadInput(
            f"{field} is {uri!r:.120}; the collection tells which systems there are",
            field=field, choices=list(choices),
        )  # fmt: skip
    return found


def read_number(text: str) -> float:
    """A number as JSON and its friends write it; NaN where it is none."""
    return float(text) if _NUMBER.fullmatch(text) else math.nan


def read_box(text: str, crs: Crs, field: str = "bbox") -> shapely.Geometry:
    """The ground of a box of four or six numbers, in degrees of WGS-84.

    In a system of degrees, a box whose west is east of its east crosses the antimeridian.

    Raises:
        BadInput: not so many numbers, or a box the wrong way round.
    """
    numbers = [read_number(part) for part in text.split(",")]
    if len(numbers) not in (4, 6) or not all(map(math.isfinite, numbers)):
        raise BadInput(
            f"{field} is {text!r:.120}; give four numbers, or six with heights",
            field=field, value=text[:200],
        )  # fmt: skip
    return box(numbers, crs, field)


def box(numbers: Sequence[float], crs: Crs, field: str = "bbox") -> shapely.Geometry:
    """The ground of a box, in degrees of WGS-84; see `read_box`.

    What another system than the default cannot tell is cut off: nothing is there.
    """
    half = len(numbers) // 2
    (x0, y0), (x1, y1) = numbers[:2], numbers[half : half + 2]
    if crs.is_flipped:
        x0, y0, x1, y1 = y0, x0, y1, x1
    crosses = crs.is_degrees and x0 > x1
    if y0 > y1 or (x0 > x1 and not crosses):
        raise BadInput(f"{field} is the wrong way round: the lower corner comes first", field=field)
    if crs.uri != CRS84:
        west, south, east, north = crs.reach
        x0, y0, x1, y1 = max(x0, west), max(y0, south), min(x1, east), min(y1, north)
        if y0 > y1 or (x0 > x1 and not crosses):
            return NOWHERE
    if crosses:
        parts = np.array([_rectangle(x0, y0, 180, y1), _rectangle(-180, y0, x1, y1)])
        extent = shapely.get_dimensions(parts)
        return _in_degrees(shapely.union_all(parts[extent == extent.max()]), field)
    drawn = _rectangle(x0, y0, x1, y1)
    longest = 0 if crs.is_degrees else max(x1 - x0, y1 - y0)
    return moved(shapely.segmentize(drawn, longest / _CORNERS) if longest else drawn, crs, field)


def _rectangle(west: float, south: float, east: float, north: float) -> shapely.Geometry:
    """A rectangle, also one without width or height: a polygon of no area meets nothing."""
    if west < east and south < north:
        return shapely.box(west, south, east, north)
    if (west, south) == (east, north):
        return shapely.Point(west, south)
    return shapely.LineString([(west, south), (east, north)])


def share(ground: shapely.Geometry, box: shapely.Geometry) -> float:
    """How much of a ground a box holds, from 0 to 1."""
    return float(shapely.area(shapely.intersection(ground, box)) / shapely.area(ground))


def drawn(told: Any, crs: Crs, field: str) -> shapely.Geometry:
    """A GeoJSON geometry, as it is kept: see `placed`.

    Raises:
        BadInput: it is none, or lies nowhere on the earth.
    """
    try:
        found = geojson(told) if isinstance(told, dict) and _is_of_numbers(told) else None
    except Exception:  # whatever was sent, it is no geometry
        found = None
    if found is None:
        raise BadInput(
            f"{field} holds {reprlib.repr(told)}, which is no geometry of GeoJSON", field=field
        )
    return placed(found, crs, field)


def _is_of_numbers(told: Any) -> bool:
    """Whether coordinates are numbers: shapely reads texts and truths as such too."""
    if isinstance(told, dict):
        told = told.get("geometries", told.get("coordinates"))
    if isinstance(told, list):
        return all(map(_is_of_numbers, told))
    return isinstance(told, (int, float)) and not isinstance(told, bool)


def placed(shape: shapely.Geometry, crs: Crs, field: str) -> shapely.Geometry:
    """A shape told in a system, as it is kept: degrees of WGS-84, longitude first.

    Raises:
        BadInput: it lies nowhere on the earth.
    """
    plain = shapely.force_2d(shape)
    if crs.is_flipped:
        plain = shapely.transform(plain, lambda xy: xy[:, ::-1])
    return moved(plain, crs, field)


def moved(shape: shapely.Geometry, crs: Crs, field: str) -> shapely.Geometry:
    """A shape with eastings first, in degrees of WGS-84.

    Raises:
        BadInput: it lies nowhere on the earth.
    """
    if crs.srid != DEFAULT.srid:
        to_degrees = _to_degrees(crs.srid)

        def move(xy: np.ndarray) -> np.ndarray:
            return np.column_stack(to_degrees.transform(xy[:, 0], xy[:, 1]))

        shape = shapely.transform(shape, move)
    return _in_degrees(shape, field)


@lru_cache(maxsize=128)
def _to_degrees(srid: int) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(srid, DEFAULT.srid, always_xy=True)


def _in_degrees(shape: shapely.Geometry, field: str) -> shapely.Geometry:
    xy = shapely.get_coordinates(shape)
    if not np.isfinite(xy).all() or (np.abs(xy) > (180 + 1e-9, 90 + 1e-9)).any():
        raise BadInput(f"{field} holds a place that is not on the earth", field=field)
    return shape
