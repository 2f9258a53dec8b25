"""Where a tile is: its address, the values that bind the SQL of `data.tiles`, and how features are
moved onto the basemap of another datum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

import gis.coordinates
import gis.outlines
from gis.errors import BadInput, NotFound
from gis.terms import Datum

if TYPE_CHECKING:
    from data.tiles import Ask

MAX_ZOOM = 22
MARGIN = 160
"""Units around a tile that its features are looked for in."""
_SHIFTED_FROM = 9
_HALF_M = gis.outlines.HALF_M

Floats = np.ndarray[Any, np.dtype[np.float64]]


def check_layers(names: str, choices: Sequence[str]) -> tuple[str, ...]:
    """Split `cells,divisions` into known layers.

    Raises:
        NotFound: naming the one that is none, and the choices.
    """
    return tuple(check_layer(name, choices) for name in dict.fromkeys(names.split(",")))


def check_layer(name: str, choices: Sequence[str]) -> str:
    """Return `name` when it is a layer.

    Raises:
        NotFound: naming the choices.
    """
    if name not in choices:
        raise NotFound(
            f"there is no layer {name!r}; choose from {', '.join(choices)}",
            value=name,
            choices=list(choices),
        )
    return name


def check_address(z: str, x: str, y: str) -> tuple[int, int, int]:
    """Read a tile's address.

    Raises:
        BadInput: a part is no whole number, or outside the pyramid.
    """
    for field, value in (("z", z), ("x", x), ("y", y)):
        if not (value.isascii() and value.isdigit() and len(value) <= 8):
            raise BadInput(f"{field} is {value!r}, not a whole number", field=field, value=value)
    zoom, column, row = int(z), int(x), int(y)
    if zoom > MAX_ZOOM:
        raise BadInput(f"z is {zoom}; tiles go from 0 to {MAX_ZOOM}", field="z", value=zoom)
    for field, number in (("x", column), ("y", row)):
        if number >= 2**zoom:
            raise BadInput(
                f"{field} is {number}; at z {zoom} it goes from 0 to {2**zoom - 1}",
                field=field,
                value=number,
            )
    return zoom, column, row


def is_moved(ask: Ask) -> bool:
    """Whether the features of a tile are moved: farther out nobody sees the offset."""
    return ask.datum == Datum.GCJ02 and ask.z >= _SHIFTED_FROM


def values(ask: Ask) -> dict[str, Any]:
    """Bind the SQL: the box on the ground with its margin in degrees and metres, the tile's corner
    in units, and the affine onto the tile in both."""
    corners, margin = _corners(ask)
    on_ground = corners
    if is_moved(ask):
        lon, lat = gis.coordinates.convert(*_degrees(corners), source=ask.datum, target=Datum.WGS84)
        on_ground = _mercator(lon, lat)
    low, high = on_ground.min(axis=0) - margin, on_ground.max(axis=0) + margin
    lon, lat = _degrees(np.array([low, high]))
    (a, b, xoff), (d, e, yoff) = _affine(on_ground, corners)
    units = 1 / gis.outlines.unit_m(ask.z)
    half, side = 2.0**ask.z * gis.outlines.EXTENT / 2, gis.outlines.EXTENT
    return {
        "z": ask.z, "x": ask.x, "y": ask.y, "plan": ask.plan, "day": ask.as_of,
        "west": lon[0], "south": lat[0], "east": lon[1], "north": lat[1],
        "left_m": low[0], "bottom_m": low[1], "right_m": high[0], "top_m": high[1],
        "left": ask.x * side - half, "top": half - ask.y * side, "units": units,
        "a": a, "b": b, "d": d, "e": e, "xoff": xoff, "yoff": yoff,
        "xoff_unit": xoff * units, "yoff_unit": yoff * units,
    }  # fmt: skip


def _corners(ask: Ask) -> tuple[Floats, float]:
    """The tile's corners in web-Mercator metres (4, 2), and its margin in the same."""
    side = 2 * _HALF_M / 2**ask.z
    west, north = ask.x * side - _HALF_M, _HALF_M - ask.y * side
    xy = [[west, north - side], [west + side, north - side], [west, north], [west + side, north]]
    return np.array(xy), side * MARGIN / gis.outlines.EXTENT


def _degrees(xy: Floats) -> tuple[Floats, Floats]:
    scaled = xy * (np.pi / _HALF_M)
    lat = np.degrees(2 * np.arctan(np.exp(scaled[:, 1])) - np.pi / 2)
    return np.clip(np.degrees(scaled[:, 0]), -180, 180), lat


def _mercator(lon: Floats, lat: Floats) -> Floats:
    north = np.log(np.tan(np.pi / 4 + np.radians(lat) / 2))
    return np.column_stack([np.radians(lon), north]) * (_HALF_M / np.pi)


def _affine(source: Floats, target: Floats) -> list[tuple[float, float, float]]:
    """Fit target = M · source + offset by least squares over the corners, around their middle."""
    if source is target:
        return [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0)]
    middle, aim = source.mean(axis=0), target.mean(axis=0)
    turn = np.linalg.lstsq(source - middle, target - aim, rcond=None)[0].T
    offset = aim - turn @ middle
    return [(float(turn[i, 0]), float(turn[i, 1]), float(offset[i])) for i in (0, 1)]
