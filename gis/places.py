"""Where rows stand: geometry or lon/lat columns of any CRS and datum → WGS-84.

Never guessed: a file that does not name its coordinate system must be told by its bringer.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from gis import coordinates
from gis.errors import BadInput
from gis.kinds import as_floats, plain
from gis.rows import no_faults
from gis.terms import Datum

LON = (
    "lon", "lng", "long", "longitude", "经度", "x", "x坐标", "东经", "经度坐标",
    "lon_gcj02", "lon_bd09",
)  # fmt: skip
LAT = ("lat", "latitude", "纬度", "y", "y坐标", "北纬", "纬度坐标", "lat_gcj02", "lat_bd09")
WKT = ("wkt", "geometry", "geom", "thegeom", "几何", "shape", "wkt_gcj02", "wkt_bd09")
CHOICES = (
    "--datum wgs84 (GPS), cgcs2000 (国家大地), gcj02 (高德、腾讯) or bd09 (百度) for degrees, "
    "or --crs EPSG:… for a projected system"
)

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Reference:
    """What the bringer says of the coordinates, over what the file says."""

    crs: str | None = None
    datum: Datum | None = None
    swap: bool = False


@dataclass
class Places:
    """Geometry in WGS-84 aligned with the rows (None where there is none), and what was done."""

    shapes: npt.NDArray[np.object_]
    faults: pd.DataFrame
    notes: list[str] = field(default_factory=list)
    columns: tuple[str, ...] = ()


def place(
    frame: pd.DataFrame,
    shapes: npt.NDArray[np.object_] | None,
    crs: pyproj.CRS | None,
    *,
    reference: Reference,
    mapping: dict[str, str],
    extent: Box | None = None,
) -> Places:
    """Find every row's geometry and bring it to WGS-84.

    Args:
        frame: rows as text, indexed by row number.
        shapes, crs: the file's own geometry and system, if it has them.
        reference: what the bringer said; it wins over the file.
        mapping: column → "lon", "lat" or "wkt" as the bringer named them.
        extent: (west, south, east, north) of the cells in force; tells swapped columns.

    Raises:
        BadInput: no system is named, or longitude and latitude are swapped.
    """
    raw, columns, faults = _raw(frame, shapes, mapping)
    if shapely.is_missing(raw).all() and not columns and shapes is None:
        return Places(raw, faults)
    if reference.swap:
        raw = shapely.transform(raw, lambda xy: xy[:, ::-1])
    system, notes = _system(crs, reference)
    datum = reference.datum or coordinates.datum_of(system)
    moved = _to_wgs84(raw, system, datum)
    refuse_swapped(moved, extent)
    off = _off_the_earth(frame, moved)
    moved[frame.index.isin(off["row"])] = None
    return Places(moved, pd.concat([faults, off]), notes, columns)


# Raw geometry


def _raw(
    frame: pd.DataFrame, shapes: npt.NDArray[np.object_] | None, mapping: dict[str, str]
) -> tuple[npt.NDArray[np.object_], tuple[str, ...], pd.DataFrame]:
    if shapes is not None:
        return shapely.transform(shapes, _settled), (), no_faults()
    wkt = _column(frame, "wkt", WKT, mapping)
    if wkt is not None and (wkt in mapping or not {"lon", "lat"} & set(mapping.values())):
        return _from_wkt(frame, wkt)
    lon, lat = _column(frame, "lon", LON, mapping), _column(frame, "lat", LAT, mapping)
    if lon is None or lat is None:
        return np.full(len(frame), None, dtype=object), (), no_faults()
    return _from_columns(frame, lon, lat)


def _column(
    frame: pd.DataFrame, name: str, headers: tuple[str, ...], mapping: dict[str, str]
) -> str | None:
    for column, target in mapping.items():
        if target == name:
            return column
    folded = {plain(column): column for column in reversed(frame.columns)}
    return next((folded[plain(header)] for header in headers if plain(header) in folded), None)


def _from_wkt(
    frame: pd.DataFrame, column: str
) -> tuple[npt.NDArray[np.object_], tuple[str, ...], pd.DataFrame]:
    text = frame[column].str.strip().str.replace(r"^SRID=\d+;", "", regex=True)
    given = (text.notna() & (text != "")).to_numpy(dtype=bool)
    deep = text.str.count(_COLLECTION).fillna(0).to_numpy() > MAX_COLLECTIONS
    texts = np.full(len(frame), None, dtype=object)
    texts[given & ~deep] = text[given & ~deep].to_numpy()
    with np.errstate(invalid="ignore"):  # "nan" and "inf" are refused later, in words
        shapes = np.asarray(shapely.from_wkt(texts, on_invalid="ignore"), dtype=object)
        shapes = shapely.transform(shapely.force_2d(shapes), _settled)
    wrong = shapely.is_missing(shapes) & given
    return shapes, (column,), _fault(frame, wrong, column, "is no geometry in WKT")


_COLLECTION = r"(?i)COLLECTION"
MAX_COLLECTIONS = 100
"""GEOS reads a collection in a collection by calling itself, until the stack is used up."""


def _from_columns(
    frame: pd.DataFrame, lon: str, lat: str
) -> tuple[npt.NDArray[np.object_], tuple[str, ...], pd.DataFrame]:
    x, x_faults = _numbers(frame, lon)
    y, y_faults = _numbers(frame, lat)
    x, y = _settled(x), _settled(y)
    shapes = np.full(len(frame), None, dtype=object)
    whole = np.isfinite(x) & np.isfinite(y) & ~((x == 0) & (y == 0))
    shapes[whole] = shapely.points(x[whole], y[whole])
    half = (np.isfinite(x) ^ np.isfinite(y)) & ~frame.index.isin(x_faults["row"])
    half &= ~frame.index.isin(y_faults["row"])
    missing = _fault(frame, half, f"{lon}, {lat}", "one of the two coordinates is missing")
    return shapes, (lon, lat), pd.concat([x_faults, y_faults, missing])


SETTLED = 10
"""Decimals of a degree that are kept, a hundredth of a millimetre: less is noise of arithmetic,
which would make equal corners differ and an unchanged file look changed."""


def _settled(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Round coordinates to what is meant; far-off values are left for a refusal in words."""
    near = np.abs(values) < 1e9
    return np.where(near, np.round(np.where(near, values, 0), SETTLED), values)


def _numbers(frame: pd.DataFrame, column: str) -> tuple[npt.NDArray[np.float64], pd.DataFrame]:
    text = frame[column].str.strip()
    text = text.mask(text == "")
    numbers = as_floats(text).to_numpy()
    wrong = text.notna().to_numpy() & ~np.isfinite(numbers)
    return numbers, _fault(frame, wrong, column, "a number is expected")


def _fault(
    frame: pd.DataFrame, wrong: npt.NDArray[np.bool_], column: str, reason: str
) -> pd.DataFrame:
    rows = frame.loc[wrong]
    names = [name for name in column.split(", ") if name in frame.columns]
    values: list[str] = [", ".join(row)[:120] for row in rows[names].fillna("").to_numpy()]
    return pd.DataFrame({"row": rows.index, "field": column, "value": values, "reason": reason})


# To WGS-84


def _system(crs: pyproj.CRS | None, reference: Reference) -> tuple[pyproj.CRS, list[str]]:
    if reference.crs:
        told = _crs(reference.crs)
        if crs is not None and not crs.equals(told, ignore_axis_order=True):
            return told, [f"taken as {told.name} as told, though the file says {crs.name}"]
        return told, []
    if crs is not None:
        return crs, []
    if reference.datum is not None:
        return pyproj.CRS.from_epsg(4326), []
    raise BadInput(f"the file does not name its coordinate system; say {CHOICES}", choices=CHOICES)


def _crs(text: str) -> pyproj.CRS:
    try:
        return pyproj.CRS.from_user_input(text)
    except pyproj.exceptions.CRSError as error:
        raise BadInput(
            f"--crs {text} is no coordinate system; write EPSG:4490, EPSG:4547 …"
        ) from error


def _to_wgs84(
    shapes: npt.NDArray[np.object_], system: pyproj.CRS, datum: Datum
) -> npt.NDArray[np.object_]:
    target = pyproj.CRS.from_epsg(4326)
    same_system = system.to_2d().equals(target, ignore_axis_order=True)
    if not same_system:
        change = pyproj.Transformer.from_crs(system.to_2d(), target, always_xy=True)
        shapes = shapely.transform(
            shapes, lambda xy: np.column_stack(change.transform(xy[:, 0], xy[:, 1]))
        )
    moved = coordinates.convert_shapes(shapes, source=datum, target=Datum.WGS84)
    return moved if same_system and moved is shapes else shapely.transform(moved, _settled)


def along_a_curve(points: npt.NDArray[np.object_]) -> npt.NDArray[np.intp]:
    """The order of points along a Hilbert curve, so that neighbours lie together; None comes last.

    Among points in one place the order stays.
    """
    import geopandas

    placed = np.flatnonzero(~shapely.is_missing(points))
    if not len(placed):
        return np.arange(len(points))
    distance = np.full(len(points), 2**32, np.int64)
    distance[placed] = geopandas.GeoSeries(points[placed]).hilbert_distance()
    return np.argsort(distance, kind="stable")


# Doubts


def refuse_swapped(shapes: npt.NDArray[np.object_], extent: Box | None) -> None:
    """Refuse when most places only make sense with longitude and latitude exchanged.

    Args:
        shapes: in WGS-84 degrees, (n,), None where there is no place.
        extent: (west, south, east, north) of the cells in force; None asks for the earth only.

    Raises:
        BadInput: says how many would lie where.
    """
    bounds = shapely.bounds(shapes[~shapely.is_missing(shapes)])
    bounds = bounds[np.isfinite(bounds).all(axis=1)]
    if not len(bounds):
        return
    x, y = bounds[:, [0, 2]].mean(axis=1), bounds[:, [1, 3]].mean(axis=1)
    as_is, swapped = _share_in(_WORLD, x, y), _share_in(_WORLD, y, x)
    where = "on the earth"
    if extent is not None and as_is > 0:
        grown = _grown(extent)
        as_is, swapped = _share_in(grown, x, y), _share_in(grown, y, x)
        where = "near the cells in force"
    if as_is < 0.05 and swapped > 0.5:
        raise BadInput(
            f"longitude and latitude look swapped: {as_is:.0%} of the places lie {where} as they "
            f"stand, {swapped:.0%} with the two exchanged. Map the columns (--map column=lon "
            "--map column=lat) or say --swap.",
            as_is=as_is,
            swapped=swapped,
        )


_WORLD: Box = (-180.0, -90.0, 180.0, 90.0)


def _grown(box: Box) -> Box:
    west, south, east, north = box
    return west - 1, south - 1, east + 1, north + 1


def _share_in(box: Box, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> float:
    west, south, east, north = box
    return float(np.mean((x >= west) & (x <= east) & (y >= south) & (y <= north)))


def _off_the_earth(frame: pd.DataFrame, shapes: npt.NDArray[np.object_]) -> pd.DataFrame:
    west, south, east, north = shapely.bounds(shapes).T
    placed = ~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)
    inside = (west >= -180) & (east <= 180) & (south >= -90) & (north <= 90)
    rows = frame.index[placed & ~inside]
    where = [
        f"{x:g}, {y:g}"
        for x, y in zip(west[placed & ~inside], south[placed & ~inside], strict=True)
    ]
    reason = "is not on the earth: longitude goes from -180 to 180, latitude from -90 to 90"
    return pd.DataFrame({"row": rows, "field": "geometry", "value": where, "reason": reason})
