"""OpenStreetMap extracts: outlines of buildings, places that serve, streets to walk on."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import osmium
import pandas as pd
import pyproj
import shapely

from data.files.sheet import Sheet
from gis.errors import BadInput
from gis.terms import RecordKind

_PLACE_KEYS = ("amenity", "shop", "office", "leisure", "healthcare", "emergency")
_KEYS = {
    RecordKind.BUILDINGS: ("building",),
    RecordKind.FACILITIES: _PLACE_KEYS,
}


def read(path: Path, kind: RecordKind) -> Sheet:
    """Read the buildings or the facilities of a .osm.pbf, in WGS-84.

    Columns: code (n…, w… or r… and the OSM number), name, address, phone, floors, osm (the tag
    that made it count, `key=value`). Outlines of ways and of multipolygon relations both count.
    """
    if kind not in _KEYS:
        raise BadInput(f"an OSM extract gives buildings or facilities, not {kind}")
    keys = osmium.filter.KeyFilter(*_KEYS[kind])
    rows, wkbs = [], []
    drawn: set[str] = set()
    meant: set[str] = set()
    factory = osmium.geom.WKBFactory()
    try:
        item: Any
        for item in osmium.FileProcessor(path).with_areas(keys).with_filter(keys):
            (drawn if item.is_area() else meant).update(_outline(item))
            wkb = _wkb(factory, item, kind)
            if wkb is not None:
                rows.append(_row(item, _KEYS[kind]))
                wkbs.append(wkb)
    except RuntimeError as error:
        raise BadInput(f"{path.name} cannot be read as OSM PBF: {error}") from error
    frame = pd.DataFrame(rows, columns=_COLUMNS, index=pd.RangeIndex(1, len(rows) + 1))
    shapes = np.asarray(shapely.from_wkb(wkbs), dtype=object)
    wgs84 = pyproj.CRS.from_epsg(4326)
    notes = _left_out(sorted(meant - drawn))
    return Sheet(frame.astype("str"), "OSM PBF", shapes=shapes, crs=wgs84, notes=notes)


_NOT_WALKED = {"motorway", "motorway_link", "construction", "proposed", "raceway", "abandoned"}


def streets(path: Path) -> npt.NDArray[np.object_]:
    """Read the lines of a .osm.pbf that one may walk on (n,), in WGS-84 degrees.

    Raises:
        BadInput: the file is no OSM PBF.
    """
    factory, wkbs = osmium.geom.WKBFactory(), []
    kinds = osmium.osm.NODE | osmium.osm.WAY
    keys = osmium.filter.KeyFilter("highway")
    try:
        way: Any
        for way in osmium.FileProcessor(path, kinds).with_locations().with_filter(keys):
            if way.is_way() and way.tags["highway"] not in _NOT_WALKED:
                # it leads beyond the extract's edge, or all its nodes lie on one spot
                with suppress(osmium.InvalidLocationError, RuntimeError):
                    wkbs.append(str(factory.create_linestring(way)))
    except RuntimeError as error:
        raise BadInput(f"{path.name} cannot be read as OSM PBF: {error}") from error
    return np.asarray(shapely.from_wkb(wkbs), dtype=object)


def _left_out(codes: list[str]) -> list[str]:
    if not codes:
        return []
    more = " …" if len(codes) > 5 else ""
    return [
        f"{len(codes):,} outlines are open or incomplete in the extract and were left out: "
        f"{', '.join(codes[:5])}{more}"
    ]


def _outline(item: Any) -> list[str]:
    """Code of a way or multipolygon that should be, or is, an outline."""
    if item.is_area():
        return [_code_of_area(item)]
    if item.is_way():
        return [f"w{item.id}"]
    if item.is_relation() and item.tags.get("type") in {"multipolygon", "boundary"}:
        return [f"r{item.id}"]
    return []


_COLUMNS = ["code", "name", "address", "phone", "floors", "osm"]


def _wkb(factory: Any, item: Any, kind: RecordKind) -> str | None:
    try:
        if item.is_area():
            return str(factory.create_multipolygon(item))
        if item.is_node() and kind == RecordKind.FACILITIES:
            return str(factory.create_point(item))
    except osmium.InvalidLocationError:
        pass
    return None


def _code_of_area(area: Any) -> str:
    return f"{'w' if area.from_way() else 'r'}{area.orig_id()}"


def _row(item: Any, keys: tuple[str, ...]) -> tuple[str | None, ...]:
    tags = item.tags
    code = f"n{item.id}" if item.is_node() else _code_of_area(item)
    key = next(key for key in keys if key in tags)
    street, number = tags.get("addr:street"), tags.get("addr:housenumber")
    address = " ".join(part for part in (street, number) if part) or None
    floors = tags.get("building:levels")
    return code, tags.get("name"), address, tags.get("phone"), floors, f"{key}={tags[key]}"
