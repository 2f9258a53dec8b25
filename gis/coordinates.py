"""Datums and metres. Storage is WGS-84; every edge names the datum it speaks.

WGS-84 is what GPS gives. CGCS2000 agrees with it within a metre and is taken as equal.
GCJ-02 (高德, 腾讯) shifts WGS-84 by some hundred metres inside China by a published-by-practice
formula; BD-09 (百度) shifts GCJ-02 once more. The inverse shifts have no closed form: they are
solved by fixed-point iteration to below a millimetre.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from gis.errors import BadInput
from gis.terms import Datum

Floats = npt.NDArray[np.float64]
Shift = Callable[[Floats, Floats], tuple[Floats, Floats]]

_A, _E2 = 6378245.0, 0.00669342162296594323  # Krasovsky 1940, as GCJ-02 uses it
_BD_TURN = np.pi * 3000.0 / 180.0
_CHINA = (72.004, 0.8293, 137.8347, 55.8271)  # outside this box GCJ-02 does not shift
_SETTLED_DEG = 1e-10
_M_PER_DEG = 111_319.49


def convert(lon: Floats, lat: Floats, *, source: Datum, target: Datum) -> tuple[Floats, Floats]:
    """Convert degrees from one datum to another.

    Args:
        lon, lat: degrees, any equal shape; NaN passes through.
    """
    lon, lat = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    if _plane(source) == _plane(target):
        return lon, lat
    return _FROM_WGS84[_plane(target)](*_TO_WGS84[_plane(source)](lon, lat))


def convert_point(lon: float, lat: float, *, source: Datum) -> tuple[float, float]:
    """Convert one point to WGS-84."""
    x, y = convert(np.array(lon), np.array(lat), source=source, target=Datum.WGS84)
    return float(x), float(y)


def convert_shapes(
    shapes: npt.NDArray[np.object_], *, source: Datum, target: Datum
) -> npt.NDArray[np.object_]:
    """Convert shapely geometries (n,) vertex by vertex; None passes through."""
    if _plane(source) == _plane(target):
        return shapes

    def move(xy: Floats) -> Floats:
        return np.column_stack(convert(xy[:, 0], xy[:, 1], source=source, target=target))

    moved: npt.NDArray[np.object_] = shapely.transform(shapes, move)
    return moved


def _shifted(name: str) -> pyproj.CRS:
    """A system of its own name for degrees that only look like WGS-84: no GIS must mix them up."""
    return pyproj.CRS.from_wkt(
        f'GEOGCRS["{name}",DATUM["{name}",ELLIPSOID["WGS 84",6378137,298.257223563]],'
        'CS[ellipsoidal,2],AXIS["longitude",east],AXIS["latitude",north],'
        'ANGLEUNIT["degree",0.0174532925199433]]'
    )


_SYSTEMS = {
    Datum.WGS84: pyproj.CRS.from_epsg(4326),
    Datum.CGCS2000: pyproj.CRS.from_epsg(4490),
    Datum.GCJ02: _shifted("GCJ-02"),
    Datum.BD09: _shifted("BD-09"),
}


def system_of(datum: Datum) -> pyproj.CRS:
    """The coordinate system that degrees of `datum` are written in."""
    return _SYSTEMS[datum]


def datum_of(system: pyproj.CRS) -> Datum:
    """The shifted datum that a system is named after, as `system_of` names it; else WGS-84.

    A shapefile writes GCJ-02 as GCS_GCJ-02: letters and digits decide.
    """
    name = re.sub(r"[^a-z0-9]", "", system.name.casefold())
    return next((one for one in (Datum.GCJ02, Datum.BD09) if one.value in name), Datum.WGS84)


def reach_in_degrees(lat: float, metres: float) -> tuple[float, float]:
    """Return how many degrees (lon, lat) surely hold `metres` around latitude `lat`.

    Meridians draw together towards the pole: the circle's poleward end decides, and where the
    circle holds the pole every longitude is near.
    """
    slack = 1.01
    reach_lat = metres * slack / (_M_PER_DEG * 0.993)
    poleward = abs(lat) + reach_lat
    if poleward >= 90:
        return 180.0, reach_lat
    return metres * slack / (_M_PER_DEG * float(np.cos(np.radians(poleward)))), reach_lat


def check_point(lon: float, lat: float) -> None:
    """Refuse a point that is not on the earth, and say so when lon and lat look swapped.

    Raises:
        BadInput: naming the value and the range.
    """
    if np.isfinite(lon) and np.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90:
        return
    hint = ""
    if np.isfinite(lon) and np.isfinite(lat) and abs(lat) <= 180 and abs(lon) <= 90:
        hint = " Longitude and latitude look swapped."
    raise BadInput(
        f"lon {lon}, lat {lat} is no place: lon goes from -180 to 180, lat from -90 to 90.{hint}",
        lon=lon,
        lat=lat,
    )


def _plane(datum: Datum) -> Datum:
    return Datum.WGS84 if datum == Datum.CGCS2000 else datum


def _in_china(lon: Floats, lat: Floats) -> npt.NDArray[np.bool_]:
    west, south, east, north = _CHINA
    return (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)


def _waves(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """The GCJ-02 offset in its own metres, from degrees relative to 105 E, 35 N."""
    pi = np.pi
    ripple = (20.0 * np.sin(6.0 * x * pi) + 20.0 * np.sin(2.0 * x * pi)) * 2.0 / 3.0
    root = np.sqrt(np.abs(x))
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + ripple
    north += (20.0 * np.sin(y * pi) + 40.0 * np.sin(y / 3.0 * pi)) * 2.0 / 3.0
    north += (160.0 * np.sin(y / 12.0 * pi) + 320.0 * np.sin(y * pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + ripple
    east += (20.0 * np.sin(x * pi) + 40.0 * np.sin(x / 3.0 * pi)) * 2.0 / 3.0
    east += (150.0 * np.sin(x / 12.0 * pi) + 300.0 * np.sin(x / 30.0 * pi)) * 2.0 / 3.0
    return east, north


def _wgs84_to_gcj02(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    east, north = _waves(lon - 105.0, lat - 35.0)
    phi = np.radians(lat)
    curve = 1.0 - _E2 * np.sin(phi) ** 2
    d_lat = np.degrees(north * curve * np.sqrt(curve) / (_A * (1.0 - _E2)))
    d_lon = np.degrees(east * np.sqrt(curve) / (_A * np.cos(phi)))
    shifted = _in_china(lon, lat)
    return np.where(shifted, lon + d_lon, lon), np.where(shifted, lat + d_lat, lat)


def _gcj02_to_bd09(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD_TURN)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD_TURN)
    shifted = _in_china(lon, lat)
    return (
        np.where(shifted, radius * np.cos(angle) + 0.0065, lon),
        np.where(shifted, radius * np.sin(angle) + 0.006, lat),
    )


def _wgs84_to_bd09(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    return _gcj02_to_bd09(*_wgs84_to_gcj02(lon, lat))


def _inverse(shift: Shift) -> Shift:
    """Solve shift(answer) = given by fixed-point iteration; the shifts are nearly constant."""

    def solve(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        at_lon, at_lat = lon.copy(), lat.copy()
        for _ in range(30):
            to_lon, to_lat = shift(at_lon, at_lat)
            step_lon, step_lat = lon - to_lon, lat - to_lat
            at_lon, at_lat = at_lon + step_lon, at_lat + step_lat
            if not np.any(np.maximum(np.abs(step_lon), np.abs(step_lat)) > _SETTLED_DEG):
                break
        return at_lon, at_lat

    return solve


def _same(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    return lon, lat


_FROM_WGS84: dict[Datum, Shift] = {
    Datum.WGS84: _same,
    Datum.GCJ02: _wgs84_to_gcj02,
    Datum.BD09: _wgs84_to_bd09,
}
_TO_WGS84: dict[Datum, Shift] = {
    Datum.WGS84: _same,
    Datum.GCJ02: _inverse(_wgs84_to_gcj02),
    Datum.BD09: _inverse(_wgs84_to_bd09),
}
