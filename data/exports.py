"""What leaves the store: cells, facilities, cases, dwellings, statistics. Never a resident.

Every kind is one query over the cells of one plan on one day. Records carry the cell they are
filed in; for another plan or day they are filed on the fly by the same shared-edge rule.
Free text of citizens (the description of a case) stays inside: it may name people.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import psycopg
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.db
import data.grid
from data.locate import TABLES
from gis import codes
from gis.errors import NotFound
from gis.terms import ENDED_STATES

CHUNK = 20_000

KINDS = ("cells", "facilities", "cases", "dwellings", "statistics")


@dataclass(frozen=True)
class Wanted:
    """What is to be exported: kind, area (code of a cell or division), plan, day.

    A day begins and ends by the clocks of `time_zone` (an IANA name).
    """

    kind: str
    area: str | None = None
    plan: str | None = None
    as_of: date | None = None
    time_zone: str = "Asia/Shanghai"


_CELL = """
    every AS MATERIALIZED (
        SELECT c.* FROM grid_cell c
        WHERE c.plan_id = %(plan_id)s
          AND (c.valid_from IS NULL OR c.valid_from <= %(day)s)
          AND (c.valid_to IS NULL OR c.valid_to > %(day)s)
    ),
    cell AS (
        SELECT * FROM every c
        WHERE %(area)s::text IS NULL OR c.code = %(area)s OR c.division_code = ANY(%(divisions)s)
    )
"""
"""`every` cell of the plan on the day decides who stands where; the export is about `cell`."""
_FILED_AS_KEPT = """
    filed_{kind} AS (SELECT id, cell_id FROM {table} WHERE cell_id IS NOT NULL)
"""
_FILED_ON_THE_FLY = """
    filed_{kind} AS (
        SELECT DISTINCT ON (p.id) p.id, c.id AS cell_id
        FROM every c JOIN {table} p ON ST_Intersects(c.geom, p.geom)
        ORDER BY p.id, c.code COLLATE "C"
    )
"""
_ON_DAY = "(p.valid_from IS NULL OR p.valid_from <= %(day)s) AND " \
          "(p.valid_to IS NULL OR p.valid_to > %(day)s)"  # fmt: skip
_DAY_ENDS = "((%(day)s::date + 1)::timestamp AT TIME ZONE %(zone)s)"
_REPORTED = f"(p.reported_at IS NULL OR p.reported_at < {_DAY_ENDS})"
_IN_AREA = "(%(area)s::text IS NULL OR c.id IS NOT NULL)"
_ENDED = ", ".join(f"'{state}'" for state in ENDED_STATES)

_ROWS = {
    "cells": """
        SELECT c.code, c.name, c.kind, c.division_code, d.name AS community, c.parent_code,
               c.households_declared, round(c.area_m2::numeric, 1)::float8 AS area_m2,
               c.valid_from, c.valid_to, c.geom
        FROM cell c LEFT JOIN LATERAL (SELECT name FROM division d WHERE d.code = c.division_code
             AND d.valid_from <= %(day)s AND (d.valid_to IS NULL OR d.valid_to > %(day)s)
             ORDER BY d.valid_from DESC LIMIT 1) d ON true
        ORDER BY c.code COLLATE "C"
    """,
    "facilities": f"""
        SELECT p.code, p.name, p.kind, p.category, p.class_code, p.address, p.phone,
               p.valid_from, p.valid_to, c.code AS cell_code, p.geom
        FROM facility p LEFT JOIN filed_facilities f USING (id) LEFT JOIN cell c ON c.id = f.cell_id
        WHERE {_ON_DAY} AND {_IN_AREA} ORDER BY p.id
    """,
    "cases": f"""
        SELECT p.code, p.title, p.class_code, p.state, p.reported_at, p.due_at, p.closed_at,
               p.address, p.accuracy_m, c.code AS cell_code, p.geom
        FROM case_file p LEFT JOIN filed_cases f USING (id) LEFT JOIN cell c ON c.id = f.cell_id
        WHERE {_REPORTED} AND {_IN_AREA} ORDER BY p.id
    """,
    "dwellings": f"""
        SELECT b.code || ' ' || p.number AS code, b.code AS building_code, b.name AS building,
               p.number, b.address, c.code AS cell_code, p.geom
        FROM dwelling p JOIN building b ON b.id = p.building_id
        LEFT JOIN filed_dwellings f ON f.id = p.id LEFT JOIN cell c ON c.id = f.cell_id
        WHERE {_IN_AREA} ORDER BY p.id
    """,
    "statistics": f"""
        SELECT c.code, c.name, c.division_code, c.households_declared,
               round(c.area_m2::numeric, 1)::float8 AS area_m2, coalesce(b.n, 0) AS buildings,
               coalesce(h.dwellings, 0) AS dwellings, coalesce(h.households, 0) AS households,
               coalesce(h.residents, 0) AS residents, coalesce(f.n, 0) AS facilities,
               coalesce(k.n, 0) AS cases, coalesce(k.open_n, 0) AS open_cases, c.geom
        FROM cell c
        LEFT JOIN (SELECT cell_id, count(*) n FROM filed_buildings GROUP BY 1) b ON b.cell_id = c.id
        LEFT JOIN (SELECT f.cell_id, count(DISTINCT f.id) dwellings,
                          count(DISTINCT h.id) households, count(r.id) residents
                   FROM filed_dwellings f LEFT JOIN household h ON h.dwelling_id = f.id
                   LEFT JOIN resident r ON r.household_id = h.id GROUP BY 1) h ON h.cell_id = c.id
        LEFT JOIN (SELECT f.cell_id, count(*) n FROM filed_facilities f JOIN facility p USING (id)
                   WHERE {_ON_DAY} GROUP BY 1) f ON f.cell_id = c.id
        LEFT JOIN (SELECT f.cell_id, count(*) n, count(*) FILTER (WHERE p.state NOT IN ({_ENDED})
                          OR p.closed_at >= {_DAY_ENDS}) open_n
                   FROM filed_cases f JOIN case_file p USING (id)
                   WHERE {_REPORTED} GROUP BY 1) k ON k.cell_id = c.id
        ORDER BY c.code COLLATE "C"
    """,
}
_NEEDS = {
    "cells": (),
    "facilities": ("facilities",),
    "cases": ("cases",),
    "dwellings": ("dwellings",),
    "statistics": ("buildings", "dwellings", "facilities", "cases"),
}


def frames(db: Session, wanted: Wanted, *, today: date) -> Iterator[pd.DataFrame]:
    """Yield the rows in chunks; the column `geom` holds shapely shapes in WGS-84 or None.

    At least one frame comes, empty when nothing is there.

    Raises:
        NotFound: no such plan, area, or no plan on that day.
    """
    query, values = _question(db, wanted, today)
    with data.db.cursor(db) as cursor:
        cursor.execute(f"DECLARE leaving NO SCROLL CURSOR FOR {query}", values)
        while True:
            cursor.execute(f"FETCH {CHUNK} FROM leaving")
            rows = cursor.fetchall()
            assert cursor.description is not None
            yield _frame(cursor.description, rows)
            if len(rows) < CHUNK:
                break
        cursor.execute("CLOSE leaving")


_INTEGERS = {"int2", "int4", "int8"}


def _frame(columns: list[psycopg.Column], rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    names = [column.name for column in columns]
    frame = pd.DataFrame(rows, columns=names, dtype=object)
    whole = [column.name for column in columns if column.type_display in _INTEGERS]
    frame = frame.astype(dict.fromkeys(whole, "Int64")).infer_objects()
    wkb = [None if isinstance(one, float) else one for one in frame["geom"]]
    shapes = np.asarray(shapely.from_wkb(wkb), dtype=object)
    return frame.assign(geom=pd.Series(shapes, index=frame.index, dtype=object))


def _question(db: Session, wanted: Wanted, today: date) -> tuple[str, dict[str, Any]]:
    plan_id, in_force = _plan(db, wanted)
    day = wanted.as_of or today
    filing = _FILED_AS_KEPT if in_force else _FILED_ON_THE_FLY
    parts = [_CELL] + [filing.format(kind=kind, table=TABLES[kind]) for kind in _NEEDS[wanted.kind]]
    divisions = [] if wanted.area is None else _divisions(db, wanted.area, plan_id)
    values = {"plan_id": plan_id, "day": day, "area": wanted.area, "divisions": divisions}
    values["zone"] = wanted.time_zone
    return f"WITH {', '.join(parts)} {_ROWS[wanted.kind]}", values


def _plan(db: Session, wanted: Wanted) -> tuple[int | None, bool]:
    """The plan's id, and whether records are kept filed by it."""
    force = data.grid.plan_in_force(db)
    if wanted.plan is not None:
        plan = data.grid.plan_named(db, wanted.plan)
        return plan.id, plan is force and wanted.as_of is None
    if wanted.as_of is not None:
        return data.grid.plan_on(db, wanted.as_of).id, False
    return (force.id, True) if force else (None, True)


def _divisions(db: Session, area: str, plan_id: int | None) -> list[str]:
    """Codes of the division `area` and all below it; none when `area` is a cell."""
    cell = sa.text("SELECT 1 FROM grid_cell WHERE plan_id = :plan AND code = :area")
    if db.scalar(cell, {"plan": plan_id, "area": area}):
        return []
    found = list(db.scalars(sa.text(_TREE), {"area": area, "full": codes.pad_division(area)}))
    if not found:
        raise NotFound(f"{area!r} is neither the code of a cell nor of a division", value=area)
    return found


_TREE = """
    WITH RECURSIVE tree AS (
        SELECT code FROM division WHERE code IN (:area, :full)
        UNION SELECT d.code FROM division d JOIN tree ON d.parent_code = tree.code
    )
    SELECT code FROM tree
"""
