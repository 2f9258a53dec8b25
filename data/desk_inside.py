"""What lies in a shape: whole cells by what the store has counted, border cells point by point.

A viewer sees his own part of the city: of a shape that reaches further, only the cells in his
charge count, and he is told how many are not.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.desk_queue
from data.desk_queue import LATE, OPEN
from data.locate import IN_FORCE
from gis.access import Viewer
from gis.errors import BadInput, NotFound

MOST_LISTED = 200
MOST_PICKED = 5_000
_WHOLE = 1 - 1e-9
"""A share of a cell's ground above this is all of it: unions of cells leave a hair."""


@dataclass(frozen=True)
class Cell:
    """A cell that a shape holds: the share of its ground that is inside."""

    id: int
    code: str
    name: str
    division_code: str | None
    area_no: int
    area_m2: float
    share: float

    @property
    def whole(self) -> bool:
        """Whether all of it is inside."""
        return self.share > _WHOLE


@dataclass(frozen=True)
class Ground:
    """What is asked about: the cells in the viewer's charge, and the shape unless they were picked.

    `shape` is WKB in WGS-84; `outside` counts the cells that are not in the viewer's charge.
    """

    cells: Sequence[Cell]
    shape: bytes | None = None
    outside: int = 0

    @property
    def whole(self) -> list[int]:
        """Numbers of the cells that are wholly inside."""
        return [cell.id for cell in self.cells if cell.whole]

    @property
    def border(self) -> list[int]:
        """Numbers of the cells that the shape cuts."""
        return [cell.id for cell in self.cells if not cell.whole]

    @property
    def bound(self) -> dict[str, Any]:
        """As the parameters of `IS_INSIDE`."""
        return {"whole": self.whole, "border": self.border, "shape": self.shape}


_SHAPE = "ST_GeomFromWKB(:shape, 4326)"
IS_INSIDE = f"""({{0}}.cell_id = ANY (:whole)
    OR {{0}}.cell_id = ANY (:border) AND ST_Intersects({_SHAPE}, {{0}}.geom))"""
"""Whether a placed row lies inside: by its cell, or in a border cell by its place."""
_IS_CASE_INSIDE = f"""({IS_INSIDE.format("f")} OR f.cell_id IS NULL AND f.geom && {_SHAPE}
    AND ST_Intersects({_SHAPE}, f.geom))"""


# Which cells

IN_CHARGE = """area_no BETWEEN :low AND :high
    AND (CAST(:areas AS bigint[]) IS NULL OR area_no = ANY (CAST(:areas AS bigint[])))"""
"""Which cells are the viewer's, by what `charge` binds."""
_COLUMNS = f"id, code, name, division_code, area_no, area_m2, {IN_CHARGE} AS is_own"
_CUT = f"""
    SELECT {_COLUMNS}, CASE WHEN ST_Covers({_SHAPE}, geom) THEN 1.0
        ELSE ST_Area(ST_Intersection({_SHAPE}, geom)) / ST_Area(geom) END AS share
    FROM grid_cell WHERE {IN_FORCE} AND geom && {_SHAPE} AND ST_Intersects({_SHAPE}, geom)
    ORDER BY code COLLATE "C"
"""
_PICKED = f"""
    WITH RECURSIVE tree AS (
        SELECT code FROM division WHERE code = ANY (:divisions)
        UNION SELECT d.code FROM division d JOIN tree ON d.parent_code = tree.code
    )
    SELECT {_COLUMNS}, 1.0 AS share FROM grid_cell
    WHERE {IN_FORCE}
      AND (code = ANY (:cells) OR division_code IN (SELECT code FROM tree))
    ORDER BY code COLLATE "C"
"""
LEAST_SHARE = 1e-9
"""Cells that only touch a shape are not inside."""


def under(db: Session, shape: bytes, *, by: Viewer) -> Ground:
    """The ground under a shape (WKB, sound, WGS-84)."""
    return _ground(db, _CUT, {"shape": shape}, by, shape)


def picked(db: Session, *, cells: Sequence[str], divisions: Sequence[str], by: Viewer) -> Ground:
    """The ground of cells and divisions picked by code, with all below them.

    Raises:
        BadInput: too many at once.
        NotFound: naming the codes that name nothing.
    """
    if len(cells) + len(divisions) > MOST_PICKED:
        raise BadInput(f"pick at most {MOST_PICKED} cells and divisions at once")
    if unknown := _unknown(db, cells, divisions):
        raise NotFound(f"these codes name nothing: {', '.join(unknown[:10])}", unknown=unknown)
    return _ground(db, _PICKED, {"cells": list(cells), "divisions": list(divisions)}, by, None)


_UNKNOWN = f"""
    SELECT one.code FROM unnest(CAST(:cells AS text[])) one (code)
    WHERE NOT EXISTS (SELECT FROM grid_cell c WHERE c.code = one.code AND {IN_FORCE})
    UNION ALL SELECT one.code FROM unnest(CAST(:divisions AS text[])) one (code)
    WHERE NOT EXISTS (SELECT FROM division d WHERE d.code = one.code)
"""


def charge(by: Viewer) -> dict[str, Any]:
    """As the parameters of `IN_CHARGE`."""
    areas = None if by.scope.areas is None else list(by.scope.areas)
    return {"low": by.scope.low, "high": by.scope.high, "areas": areas}


def _unknown(db: Session, cells: Sequence[str], divisions: Sequence[str]) -> list[str]:
    asked = {"cells": list(cells), "divisions": list(divisions)}
    return list(db.scalars(sa.text(_UNKNOWN), asked))


def _ground(
    db: Session, query: str, values: dict[str, Any], by: Viewer, shape: bytes | None
) -> Ground:
    own, outside = [], 0
    for row in db.execute(sa.text(query), values | charge(by)):
        if row.share <= LEAST_SHARE:
            continue
        if not row.is_own:
            outside += 1
            continue
        own.append(Cell(row.id, row.code, row.name, row.division_code, row.area_no,
                        row.area_m2, row.share))  # fmt: skip
    return Ground(own, shape, outside)


_OUTLINE = "SELECT ST_AsBinary(ST_Multi(ST_Union(geom))) FROM grid_cell WHERE id = ANY (:cells)"


def outline(db: Session, ground: Ground) -> bytes:
    """The shape of a ground as WKB: what was drawn, else the cells that were picked as one.

    Raises:
        NotFound: none of it is in the viewer's charge.
    """
    if not ground.cells:
        raise NotFound("no cell in your charge lies inside of what was drawn")
    return ground.shape or bytes(
        db.scalar(sa.text(_OUTLINE), {"cells": [cell.id for cell in ground.cells]})
    )


_ROAD = """
    SELECT ST_AsBinary(ST_Collect(geom)) FROM base_feature
    WHERE kind = 'road' AND name = :name
      AND geom && ST_Expand(ST_SetSRID(ST_MakePoint(:lon, :lat), 4326), :reach)
"""
ROAD_REACH_DEG = 0.05


def road(db: Session, name: str, *, lon: float, lat: float) -> bytes:
    """The course of a road by its name, in WKB, as far as it runs within some 5 km of a place.

    Raises:
        NotFound: no road there has that name.
    """
    values = {"name": name, "lon": lon, "lat": lat, "reach": ROAD_REACH_DEG}
    found = db.scalar(sa.text(_ROAD), values)
    if found is None:
        raise NotFound(f"no road within 5 km of {lon:.4f}, {lat:.4f} is called {name!r}")
    return bytes(found)


# What stands there

_CASES = f"""
    SELECT f.state, f.kind, f.class_code, count(*) AS cases,
           count(*) FILTER (WHERE {LATE}) AS overdue
    FROM case_file f WHERE {OPEN} AND {_IS_CASE_INSIDE} GROUP BY 1, 2, 3
"""
_FILED = f"""
    SELECT f.code FROM case_file f
    WHERE f.state = 'filed' AND f.joined_to IS NULL AND {_IS_CASE_INSIDE}
"""


def cases(db: Session, ground: Ground, *, now: datetime) -> dict[str, Any]:
    """Counts of the open cases inside: `open`, `overdue`, `by_state`, `by_class`."""
    groups = db.execute(sa.text(_CASES), {**ground.bound, "now": now}).all()
    states, classes = Counter[str](), Counter[tuple[str, str]]()
    for state, kind, code, count, _ in groups:
        states[state] += count
        classes[kind, code] += count
    named = data.desk_queue.class_names(db, [code for _, code in classes if code])
    return {
        "open": states.total(),
        "overdue": sum(row.overdue for row in groups),
        "by_state": dict(states),
        "by_class": [
            {"kind": kind, "code": code, "name": named.get((kind, code)), "cases": count}
            for (kind, code), count in classes.most_common()
        ],
    }


def listed(
    db: Session, ground: Ground, *, now: datetime, after: str | None = None
) -> dict[str, Any]:
    """A page of the open cases inside, as the queue shows them: `cases`, and `next` or null.

    Raises:
        BadInput: `after` is no `next` of a page.
    """
    return data.desk_queue.page(db, _IS_CASE_INSIDE, ground.bound, now=now, after=after)


def filed(db: Session, ground: Ground) -> list[str]:
    """Codes of the cases inside that wait to be dispatched."""
    return list(db.scalars(sa.text(_FILED), ground.bound))


_TALLIED = """
    SELECT coalesce(sum(households), 0)::bigint, coalesce(sum(residents), 0)::bigint
    FROM cell_tally WHERE cell_id = ANY (:whole)
"""
_HOMES = f"SELECT households, residents FROM desk_homes({_SHAPE}, :border)"
_SPREAD = f"""
    SELECT coalesce(sum(t.households * b.share), 0), coalesce(sum(t.residents * b.share), 0)
    FROM cell_tally t, LATERAL (
        SELECT avg(ST_Intersects({_SHAPE}, geom)::int)::float8 AS share
        FROM building WHERE cell_id = t.cell_id) b
    WHERE t.cell_id = ANY (:border)
"""
"""The homes of a cell, shared out among its buildings alike."""


def homes(db: Session, ground: Ground, *, exact: bool) -> dict[str, float]:
    """Households and residents inside; `exact` is for who sees persons.

    For others the homes of a border cell are shared out among its buildings, which everybody sees:
    counted house by house and rounded, a shape moved until the number jumps would tell of a home.
    """
    households, residents = db.execute(sa.text(_TALLIED), {"whole": ground.whole}).one()
    if ground.border:
        query = sa.text(_HOMES if exact else _SPREAD)
        more = db.execute(query, {"border": ground.border, "shape": ground.shape}).one()
        households, residents = households + more[0], residents + more[1]
    return {"households": households, "residents": residents}


_CARED = """
    SELECT category, sum({recipients} * share) AS recipients
    FROM cell_care JOIN unnest(CAST(:ids AS bigint[]), CAST(:shares AS float8[]))
                        AS inside (cell_id, share) USING (cell_id)
    GROUP BY category
"""
_BY_LOT = """(5 * floor(recipients / 5.0
    + (hashint8extended(cell_id, hashtext(category)) & 1023) / 1024.0))::float8"""
"""A cell's number as five times a whole number, up or down by a lot that falls always alike: one in
five goes up for each person over, so that many cells together come out right."""


_CARED_AT_THE_BORDER = f"""
    SELECT k.category, count(*) AS recipients
    FROM dwelling d JOIN household h ON h.dwelling_id = d.id
    JOIN resident r ON r.household_id = h.id
    JOIN care_recipient k ON k.resident_id = r.id AND (k.until IS NULL OR k.until > current_date)
    WHERE d.cell_id = ANY (:border) AND ST_Intersects({_SHAPE}, d.geom) GROUP BY 1
"""


def care(db: Session, ground: Ground, *, exact: bool) -> dict[str, float]:
    """Care recipients inside by category; `exact` is for who sees persons.

    For others a border cell counts by its share of ground, and each cell's number is rounded
    before the sum: no shape, and no sum of cells, tells more than the rounded numbers of the cells.
    """
    cells = [cell for cell in ground.cells if cell.whole or not exact]
    values = {"ids": [cell.id for cell in cells], "shares": [cell.share for cell in cells]}
    query = _CARED.format(recipients="recipients" if exact else _BY_LOT)
    rows = list(db.execute(sa.text(query), values))
    if exact and ground.border:
        rows += db.execute(sa.text(_CARED_AT_THE_BORDER), ground.bound)
    counts: defaultdict[str, float] = defaultdict(float)
    for category, recipients in rows:
        counts[category] += recipients
    return dict(counts)


_ON_DAY = """(f.valid_from IS NULL OR f.valid_from <= :day)
    AND (f.valid_to IS NULL OR f.valid_to > :day)"""
_FACILITIES = f"""
    SELECT f.category, count(*) AS facilities FROM facility f
    WHERE {IS_INSIDE.format("f")} AND {_ON_DAY} GROUP BY 1 ORDER BY 2 DESC
"""


def facilities(db: Session, ground: Ground, *, day: date) -> dict[str, int]:
    """Facilities inside that stand on a day, by category."""
    rows = db.execute(sa.text(_FACILITIES), {**ground.bound, "day": day}).all()
    return {row.category: row.facilities for row in rows}


# Who can be sent

_WORKERS = """
    SELECT w.code, w.name, w.phone, array_agg(DISTINCT p.role) AS roles,
           array_agg(DISTINCT c.code) AS cells, count(*) OVER () AS every
    FROM post p JOIN worker w ON w.id = p.worker_id JOIN grid_cell c ON c.id = p.cell_id
    WHERE p.cell_id = ANY (:cells) AND p.valid_from <= :day
      AND (p.valid_to IS NULL OR p.valid_to > :day)
    GROUP BY w.id ORDER BY w.code COLLATE "C" LIMIT :most
"""
_UNITS = f"""
    SELECT u.code, u.name, u.kind, u.phone, ST_X(u.geom) AS lon, ST_Y(u.geom) AS lat,
           count(*) OVER () AS every
    FROM network_unit u WHERE u.division_code = ANY (:divisions)
        OR u.geom && {_SHAPE} AND ST_Intersects({_SHAPE}, u.geom)
    ORDER BY u.code COLLATE "C" LIMIT :most
"""
_VOLUNTEERS = f"""
    SELECT m.id AS member, m.name_mask, m.phone_mask, m.skills, u.name AS unit, c.code AS cell,
           count(*) OVER () AS every
    FROM member m JOIN network_unit u ON u.id = m.unit_id LEFT JOIN grid_cell c ON c.id = m.cell_id
    WHERE {IS_INSIDE.format("m")} ORDER BY c.code COLLATE "C", m.id LIMIT :most
"""
_RESPONDERS = {"workers": _WORKERS, "units": _UNITS, "volunteers": _VOLUNTEERS}


def responders(
    db: Session, ground: Ground, *, day: date
) -> tuple[dict[str, int], dict[str, list[dict[str, Any]]]]:
    """Who can be sent there: how many workers, units, volunteers, and the first of each, masked."""
    values = {
        **ground.bound,
        "cells": [cell.id for cell in ground.cells],
        "divisions": sorted({cell.division_code for cell in ground.cells if cell.division_code}),
        "day": day,
        "most": MOST_LISTED,
    }
    counts: dict[str, int] = {}
    listed: dict[str, list[dict[str, Any]]] = {}
    for who, query in _RESPONDERS.items():
        rows = db.execute(sa.text(query), values).mappings().all()
        counts[who] = rows[0]["every"] if rows else 0
        listed[who] = [{k: v for k, v in row.items() if k != "every"} for row in rows]
    return counts, listed
