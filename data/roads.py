"""The streets of the store, kept in memory as one graph until the ground is changed."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

import numpy as np
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

import gis.roads
from gis.terms import BaseKind


@dataclass(frozen=True, eq=False)
class Streets:
    """The streets of a store, or none, and the plane in whose metres they lie."""

    version: int
    plane: gis.roads.Plane
    roads: gis.roads.Roads | None


_kept: dict[str, Streets] = {}
_reading = Lock()


def streets(db: Session) -> Streets:
    """The streets as they are now; read again only when the version of the layer has risen.

    The plane lies around the streets, without any around the cells. Read by one at a time: who
    comes meanwhile waits and finds them read.
    """
    store = str(db.get_bind().engine.url)
    with _reading:
        version = _version(db)  # before the rows: what changes in between is read again next time
        known = _kept.get(store)
        if known is None or known.version != version:
            known = _kept[store] = _read(db, version)
        return known


def _version(db: Session) -> int:
    asked = sa.text("SELECT version FROM data_version WHERE layer = 'base'")
    return int(db.scalar(asked) or 0)


def _read(db: Session, version: int) -> Streets:
    rows = db.scalars(
        sa.text("SELECT ST_AsBinary(geom) FROM base_feature WHERE kind = :road ORDER BY id"),
        {"road": str(BaseKind.ROAD)},
    )
    shapes = np.asarray(shapely.from_wkb([bytes(row) for row in rows]), dtype=object)
    lines = shapes[np.isin(shapely.get_type_id(shapes), _LINES)]
    plane = _plane(db, lines)
    return Streets(version, plane, gis.roads.build(plane.lines(lines)) if len(lines) else None)


_LINES = (shapely.GeometryType.LINESTRING, shapely.GeometryType.MULTILINESTRING)


def _plane(db: Session, lines: gis.roads.Lines) -> gis.roads.Plane:
    if len(lines):
        west, south, east, north = shapely.total_bounds(lines)
    else:
        extent = "SELECT ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e)"
        row = db.execute(sa.text(f"{extent} FROM (SELECT ST_Extent(geom) e FROM grid_cell) one"))
        west, south, east, north = (edge or 0.0 for edge in row.one())
    return gis.roads.Plane(float(west + east) / 2, float(south + north) / 2)
