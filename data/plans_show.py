"""What the page of plans shows: the plans, the cells of one with their numbers, its buildings."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.plan_cells
import data.plans
from data.layers import Box
from data.models import GridPlan
from gis.access import Scope
from gis.plan_findings import LIMITS
from gis.terms import PostRole

DIGITS = 8
"""Of a degree: a millimetre, so that corners in common stay in common."""
MOST_UNITS = 20_000


def version(db: Session, plan: GridPlan, scope: Scope) -> str:
    """A text that changes whenever an answer about a plan may, and differs between scopes."""
    query = "SELECT coalesce(sum(version), 0), current_date FROM data_version"
    total, today = db.execute(sa.text(query)).one()
    charge = f"{scope.low:x}-{scope.high:x}"
    if scope.areas is not None:
        charge += f"-{hashlib.sha256(repr(sorted(scope.areas)).encode()).hexdigest()[:16]}"
    return f"{plan.id}.{plan.version}.{plan.state}.{total}.{today}.{charge}"


# Where one may begin a draft

_DIVISIONS = """
    WITH RECURSIVE held AS (
        SELECT c.division_code AS code, count(*) AS cells FROM grid_cell c
        JOIN grid_plan p ON p.id = c.plan_id AND p.state = 'published'
        WHERE c.division_code IS NOT NULL GROUP BY 1
    ),
    known AS (
        SELECT DISTINCT ON (code) code, name, level, parent_code FROM division
        WHERE valid_from <= current_date AND (valid_to IS NULL OR valid_to > current_date)
        ORDER BY code, valid_from DESC
    ),
    up AS (
        SELECT k.*, h.cells FROM held h JOIN known k USING (code)
        UNION ALL
        SELECT k.*, up.cells FROM up JOIN known k ON k.code = up.parent_code
    )
    SELECT code, name, level, sum(cells)::int AS cells FROM up
    WHERE code ~ '^[0-9]{1,12}$'
      AND rpad(code, 12, '0')::bigint * 1000000 BETWEEN :low AND :high
      AND (CAST(:areas AS bigint[]) IS NULL OR rpad(code, 12, '0')::bigint * 1000000 = ANY (:areas))
    GROUP BY 1, 2, 3 ORDER BY length(rtrim(code, '0')), code
"""


def divisions(db: Session, scope: Scope) -> list[dict[str, Any]]:
    """The divisions with cells that are wholly in a scope, the widest first: those one may begin a
    draft of."""
    return [dict(row) for row in db.execute(sa.text(_DIVISIONS), _bounds(scope)).mappings()]


def _bounds(scope: Scope) -> dict[str, Any]:
    areas = None if scope.areas is None else list(scope.areas)
    return {"low": scope.low, "high": scope.high, "areas": areas}


# One plan

_ABOUT = f"""
    SELECT ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e)
    FROM (SELECT ST_Extent(c.geom) e FROM grid_cell c
          WHERE {data.plan_cells.held_by(":plan")}) one
"""
_AREA_NAME = """
    SELECT name FROM division WHERE code = :area ORDER BY valid_to DESC NULLS FIRST LIMIT 1
"""


def about(db: Session, plan: GridPlan) -> dict[str, Any]:
    """A plan in a few words: whence, of what, where, which numbers its cells should have."""
    box = db.execute(sa.text(_ABOUT), {"plan": plan.id}).one()
    base = db.get(GridPlan, plan.base_id) if plan.base_id else None
    return {
        "name": plan.name,
        "state": plan.state,
        "area": plan.area,
        "area_name": db.scalar(sa.text(_AREA_NAME), {"area": plan.area}),
        "number": plan.number,
        "base": base.name if base else None,
        "valid_from": plan.valid_from,
        "valid_to": plan.valid_to,
        "version": plan.version,
        "publish_on": plan.publish_on,
        "publish_refused": plan.publish_refused,
        "bounds": None if box[0] is None else list(box),
        "range": {str(kind): list(span) for kind, span in LIMITS.households.items()},
    }


# Its cells

_RANGES = ", ".join(f"('{kind}', {low}, {high})" for kind, (low, high) in LIMITS.households.items())
_OWN = """m.area_no BETWEEN :low AND :high
                         AND (CAST(:areas AS bigint[]) IS NULL OR m.area_no = ANY (:areas))"""
_KNOWN = ", ".join(
    f"CASE WHEN {_OWN} THEN coalesce(n.{name}, 0) END AS {name}" for name in data.plans.COUNTS
)
_SUMS = ", ".join(f"sum({name})::int" for name in data.plans.COUNTS)
_CTES = f"""
    WITH mine AS MATERIALIZED (
        SELECT c.* FROM grid_cell c
        WHERE {data.plan_cells.of_plan(":plan", "CAST(:day AS date)")}
          AND (CAST(:codes AS text[]) IS NULL OR c.code = ANY (:codes))
    ),
    same AS MATERIALIZED (
        SELECT m.id, f.id AS force_id FROM mine m JOIN grid_cell f USING (code)
        JOIN grid_plan p ON p.id = f.plan_id AND p.state = 'published' WHERE f.geom = m.geom
    )"""
"""The cells asked for, and which of them have the ground they have in force."""
_ANEW = f"{_CTES} SELECT id FROM mine WHERE id NOT IN (SELECT id FROM same)"
# What stands in a cell that is as in force was counted when it was filed; else it is by its place
_FEATURES = f"""{_CTES},
    unit AS MATERIALIZED (SELECT * FROM plan_units(:here)),
    placed AS (
        SELECT DISTINCT ON (u.kind, u.code) m.id, u.*
        FROM unit u JOIN mine m ON m.geom && u.geom AND ST_Intersects(m.geom, u.geom)
        WHERE u.cell_id NOT IN (SELECT force_id FROM same) AND m.id NOT IN (SELECT id FROM same)
        ORDER BY u.kind, u.code, m.code COLLATE "C"
    ),
    n (id, {", ".join(data.plans.COUNTS)}) AS (
        SELECT id, {_SUMS} FROM placed GROUP BY 1
        UNION ALL
        SELECT s.id, t.households, t.residents, coalesce(k.care, 0)::int, t.facilities, t.open_cases
        FROM same s JOIN cell_tally t ON t.cell_id = s.force_id
        LEFT JOIN plan_care(ARRAY(SELECT force_id FROM same)) k ON k.cell_id = s.force_id
    ),
    answering AS (
        SELECT f.code, string_agg(DISTINCT w.name, '、' ORDER BY w.name) AS worker
        FROM mine m JOIN grid_cell f USING (code)
        JOIN grid_plan p ON p.id = f.plan_id AND p.state = 'published'
        JOIN post o ON o.cell_id = f.id AND o.role = '{PostRole.GRID_WORKER}'
             AND o.valid_from <= CAST(:day AS date)
             AND (o.valid_to IS NULL OR o.valid_to > CAST(:day AS date))
        JOIN worker w ON w.id = o.worker_id GROUP BY 1
    ),
    limits (kind, low, high) AS (VALUES {_RANGES})
    SELECT ST_AsGeoJSON(t.*, 'geom', {DIGITS}) FROM (
        SELECT m.code, m.name, m.kind, m.division_code,
               (SELECT d.name FROM division d WHERE d.code = m.division_code
                ORDER BY d.valid_to DESC NULLS FIRST LIMIT 1) AS division_name,
               {_KNOWN}, round(m.area_m2::numeric, 1)::float8 AS area_m2,
               limits.low, limits.high, a.worker, m.geom
        FROM mine m LEFT JOIN n USING (id) LEFT JOIN answering a USING (code)
        LEFT JOIN limits USING (kind) ORDER BY m.code COLLATE "C") t
"""


_OUTSIDE = f"""
    SELECT m.code FROM grid_cell m
    WHERE m.id IN (SELECT c.id FROM grid_cell c WHERE {data.plan_cells.held_by(":plan")})
      AND NOT ({_OWN})
"""


def outside(db: Session, plan: GridPlan, scope: Scope) -> set[str]:
    """The codes of the cells of a plan outside of a scope: there are no numbers of them."""
    if scope.is_everything:
        return set()
    return set(db.scalars(sa.text(_OUTSIDE), {"plan": plan.id, **_bounds(scope)}))


def features(
    db: Session, plan: GridPlan, *, scope: Scope, on: date, codes: Sequence[str] | None = None
) -> bytes:
    """The cells of a plan, or these of it, as a GeoJSON FeatureCollection with its `version`.

    Numbers of cells outside of the scope are null.
    """
    named = None if codes is None else list(codes)
    values = {"plan": plan.id, "day": on, "codes": named, **_bounds(scope)}
    anew = list(db.scalars(sa.text(_ANEW), values))
    values["here"] = data.plans.ground(db, plan, anew) if anew else []
    rows = db.scalars(sa.text(_FEATURES), values).all()
    return b'{"type":"FeatureCollection","version":%d,"features":[%s]}' % (
        plan.version,
        ",".join(rows).encode(),
    )


# Its buildings


@dataclass(frozen=True)
class Where:
    """Of which cells the buildings are asked for: by code, or all those in a box."""

    cells: Sequence[str] | None = None
    box: Box | None = None


_INSIDE = f"""
    SELECT c.id FROM grid_cell c WHERE {data.plan_cells.held_by(":plan")}
      AND (CAST(:cells AS text[]) IS NULL OR c.code = ANY (:cells))
      AND (CAST(:west AS float8) IS NULL
           OR c.geom && ST_MakeEnvelope(:west, :south, :east, :north, 4326))
"""
_UNITS = """
    SELECT DISTINCT ON (u.kind, u.code) u.code, ST_X(u.geom) AS lon, ST_Y(u.geom) AS lat,
           u.households, u.residents, u.care, c.code AS cell
    FROM plan_units(:here) u JOIN grid_cell c ON c.geom && u.geom AND ST_Intersects(c.geom, u.geom)
    WHERE u.kind IN ('building', 'dwelling') AND c.id = ANY (:inside)
      AND (CAST(:west AS float8) IS NULL
           OR u.geom && ST_MakeEnvelope(:west, :south, :east, :north, 4326))
    ORDER BY u.kind, u.code, c.code COLLATE "C" LIMIT :most
"""


def units(db: Session, plan: GridPlan, where: Where) -> dict[str, Any]:
    """The buildings, and homes with a place of their own, of cells of a plan; `more` if there are
    more than `MOST_UNITS`."""
    box = where.box
    values: dict[str, Any] = {
        "plan": plan.id,
        "cells": None if where.cells is None else list(where.cells),
        **{name: getattr(box, name, None) for name in ("west", "south", "east", "north")},
    }
    inside = list(db.scalars(sa.text(_INSIDE), values))
    values |= {"inside": inside, "here": data.plans.ground(db, plan, inside)}
    rows = db.execute(sa.text(_UNITS), values | {"most": MOST_UNITS + 1}).mappings().all()
    return {"units": [dict(row) for row in rows[:MOST_UNITS]], "more": len(rows) > MOST_UNITS}
