"""谁可派: workers and units by name, in a box of the map, or nearest to a place.

Workers are those with a post in the viewer's charge; where one stands is the middle of his cell,
never where he is. Units are those of the whole network.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.duty
import data.proposal
import gis.duty
from data.desk_inside import IN_CHARGE, charge
from data.layers import Box
from data.locate import IN_FORCE
from gis.access import Viewer
from gis.duty_facts import Posted

MOST = 300
NEAREST_CELLS = 60
"""Without a name, workers are looked for in so many cells around the place."""


@dataclass(frozen=True)
class Wanted:
    """Who is looked for: by `words` of a name, code or cell, or in a `box`; the nearest to `near`
    (lon, lat) first. WGS-84 degrees."""

    near: tuple[float, float]
    words: str = ""
    box: Box | None = None
    limit: int = 50


_PLACE = "ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)"
_BOX = "ST_MakeEnvelope(:west, :south, :east, :north, 4326)"
_HAS = "strpos(lower({}), :words) > 0"
"""Whether a name holds the words, whatever signs these are; all names hold no words."""
_WORKERS = f"""
    WITH here AS MATERIALIZED (
        SELECT id, name, geom <-> {_PLACE} AS away FROM grid_cell
        WHERE {IN_FORCE} AND {IN_CHARGE} AND {{only}} ORDER BY away LIMIT :cells
    )
    SELECT w.code
    FROM here h JOIN post p ON p.cell_id = h.id AND {data.duty.VALID.format("p")}
    JOIN worker w ON w.id = p.worker_id
    WHERE {" OR ".join(_HAS.format(name) for name in ("w.name", "w.code", "h.name"))}
    GROUP BY w.id ORDER BY min(h.away), w.code COLLATE "C" LIMIT :limit
"""
_UNITS = f"""
    SELECT code, name, kind, ST_X(geom) AS lon, ST_Y(geom) AS lat FROM network_unit
    WHERE {{only}} AND ({_HAS.format("name")} OR {_HAS.format("code")})
    ORDER BY geom <-> {_PLACE}, code COLLATE "C" LIMIT :limit
"""


def listed(db: Session, wanted: Wanted, *, by: Viewer, now: datetime) -> dict[str, Any]:
    """The `workers` and `units`, the nearest first; `now` is by the wall clock of the city."""
    only = f"geom && {_BOX}" if wanted.box else "true"
    values = _bound(wanted) | charge(by) | {"day": now.date()}
    codes = db.scalars(sa.text(_WORKERS.format(only=only)), values).all()
    units = db.execute(sa.text(_UNITS.format(only=only)), values).mappings()
    posts = data.proposal.posts(db, codes, now=now)
    return {
        "workers": [_worker(posts[code], now) for code in codes if code in posts],
        "units": [dict(unit) for unit in units],
    }


def _bound(wanted: Wanted) -> dict[str, Any]:
    lon, lat = wanted.near
    by_place = not wanted.words and wanted.box is None
    return {
        "lon": lon,
        "lat": lat,
        "words": wanted.words.lower(),
        "limit": min(wanted.limit, MOST),
        "cells": NEAREST_CELLS if by_place else None,
        **(vars(wanted.box) if wanted.box else {}),
    }


def _worker(posts: list[Posted], now: datetime) -> dict[str, Any]:
    first = posts[0]
    lon, lat = first.centre
    return {
        "code": first.person.code,
        "name": first.person.name,
        "roles": sorted({str(post.role) for post in posts}),
        "cells": [{"code": post.cell, "name": post.cell_name} for post in posts],
        "lon": lon,
        "lat": lat,
        "away": gis.duty.away(first.person, now),
        "load": first.person.load,
        "capacity": first.person.capacity,
    }
