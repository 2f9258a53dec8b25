"""What leaves the store: cells, facilities, cases, dwellings, statistics; residents for a reason.

Every kind is one query over the cells of one plan on one day. Records carry the cell they are
filed in; for another plan or day they are filed on the fly by the same shared-edge rule.
Free text of citizens (the description of a case) stays inside: it may name people. Residents leave
as masks; clear values only where the caller opens them.
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
from sqlalchemy.orm import Session

import data.areas
import data.areas_named
import data.db
import data.grid
import data.layers
import data.plan_cells
from data.files.write import DIGITS
from data.locate import TABLES
from data.seal import Seal
from data.tiles import TALLIES, known
from gis.errors import BadInput

CHUNK = 20_000

KINDS = ("cells", "facilities", "cases", "dwellings", "statistics")
PERSONS = "residents"
"""The kind that names people: by a right of its own, with a reason and a watermark."""
LEVELS = ("cell", "community", "street")
COUNTED = ("dwellings", "households", "residents", "cases", "open_cases")
"""Numbers of people and cases, which are hidden where they would tell of a few."""


@dataclass(frozen=True)
class Wanted:
    """What is to be exported: kind, area (code of a cell or division), plan, day.

    A day begins and ends by the clocks of `time_zone` (an IANA name). Statistics come `by` cell,
    community or street. With a `named_area`, only what stands inside of it.
    """

    kind: str
    area: str | None = None
    plan: str | None = None
    as_of: date | None = None
    time_zone: str = "Asia/Shanghai"
    by: str = "cell"
    named_area: int | None = None

    def __post_init__(self) -> None:
        if self.by not in LEVELS:
            raise BadInput(f"by is {self.by!r}; choose from {', '.join(LEVELS)}", field="by")
        if self.by != "cell" and self.kind != "statistics":
            raise BadInput(f"{self.kind} are not counted by {self.by}; statistics are", field="by")


_OF_PLAN = data.plan_cells.of_plan("%(plan_id)s::bigint", "%(day)s::date")
_CELL = f"""
    every AS {{kept}} (
        SELECT c.* FROM grid_cell c
        WHERE {_OF_PLAN}
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

_ROWS = {
    "cells": """
        SELECT c.code, c.name, c.kind, c.division_code, d.name AS community, c.parent_code,
               c.households_declared, round(c.area_m2::numeric, 1)::float8 AS area_m2,
               c.valid_from, c.valid_to, ST_ForcePolygonCCW(c.geom) AS geom
        FROM (SELECT * FROM cell ORDER BY area_no, code COLLATE "C") c
        LEFT JOIN LATERAL (SELECT name FROM division d WHERE d.code = c.division_code
             AND d.valid_from <= %(day)s AND (d.valid_to IS NULL OR d.valid_to > %(day)s)
             ORDER BY d.valid_from DESC LIMIT 1) d ON true
    """,
    "facilities": f"""
        SELECT p.code, p.name, p.kind, p.category, p.class_code, p.address, p.phone,
               p.hours, p.valid_from, p.valid_to, c.code AS cell_code, p.geom
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
    PERSONS: f"""
        SELECT r.id, r.name_mask AS name, r.id_mask AS id_number, r.phone_mask AS phone, r.sex,
               to_char(r.birth_date, 'YYYY') || '-**-**' AS birth_date, r.relation, r.residence,
               r.floating, r.floating_since, r.floating_until, b.code AS building_code,
               p.number AS dwelling, h.number AS household, b.address, c.code AS cell_code, p.geom
        FROM resident r JOIN household h ON h.id = r.household_id
        JOIN dwelling p ON p.id = h.dwelling_id JOIN building b ON b.id = p.building_id
        LEFT JOIN filed_dwellings f ON f.id = p.id LEFT JOIN cell c ON c.id = f.cell_id
        WHERE {_IN_AREA} ORDER BY r.id
    """,
}
_SEALED = "SELECT id, name_sealed, id_sealed, phone_sealed, birth_date FROM resident " \
          "WHERE id = ANY(%(ids)s)"  # fmt: skip

# Statistics

_TOLD_AS_KEPT = f"""
    told AS (SELECT c.id, {", ".join(f"{known(name)} AS {name}" for name in COUNTED)}
             FROM cell c {TALLIES})
"""
_TOLD_ANEW = f"""
    told AS (SELECT cell_id AS id, {", ".join(COUNTED)}
             FROM count_anew(%(plan_id)s, %(day)s, {_DAY_ENDS}))
"""
_NUMBERS = f"""
    numbers AS (
        SELECT c.*, coalesce(b.n, 0) AS buildings, {", ".join(f"t.{name}" for name in COUNTED)},
               coalesce(f.n, 0) AS facilities
        FROM cell c LEFT JOIN told t USING (id)
        LEFT JOIN (SELECT cell_id, count(*) n FROM filed_buildings GROUP BY 1) b ON b.cell_id = c.id
        LEFT JOIN (SELECT f.cell_id, count(*) n FROM filed_facilities f JOIN facility p USING (id)
                   WHERE {_ON_DAY} GROUP BY 1) f ON f.cell_id = c.id
    )
"""
_HIDDEN = ", ".join(f"CASE WHEN {name} IS NULL THEN '{name}' END" for name in COUNTED)
_BY_CELL = f"""
    SELECT code, name, division_code, households_declared,
           round(area_m2::numeric, 1)::float8 AS area_m2, buildings, dwellings, households,
           residents, facilities, cases, open_cases,
           nullif(concat_ws(',', {_HIDDEN}), '') AS hidden, ST_ForcePolygonCCW(geom) AS geom
    FROM numbers ORDER BY code COLLATE "C"
"""
_DIVISION_ON_DAY = """(SELECT {0} FROM division d WHERE d.code = {1} AND d.valid_from <= %(day)s
    AND (d.valid_to IS NULL OR d.valid_to > %(day)s) ORDER BY d.valid_from DESC LIMIT 1)"""
_KEYS = {
    "community": "division_code",
    "street": _DIVISION_ON_DAY.format("parent_code", "division_code"),
}
_BY_DIVISION = f"""
    SELECT g.key AS code, {_DIVISION_ON_DAY.format("name", "g.key")} AS name, g.cells,
           g.households_declared, g.area_m2, g.buildings,
           {", ".join(f"g.{name}" for name in COUNTED)}, g.facilities,
           {", ".join(f"g.hidden_{name}" for name in COUNTED)}, g.geom
    FROM (SELECT {{key}} AS key, count(*) AS cells,
                 sum(households_declared)::bigint AS households_declared,
                 round(sum(area_m2)::numeric, 1)::float8 AS area_m2,
                 sum(buildings)::bigint AS buildings, sum(facilities)::bigint AS facilities,
                 {", ".join(f"sum({name})::bigint AS {name}" for name in COUNTED)},
                 {", ".join(f"count(*) - count({name}) AS hidden_{name}" for name in COUNTED)},
                 ST_ForcePolygonCCW(ST_Multi(ST_Union(geom))) AS geom
          FROM numbers GROUP BY 1) g
    ORDER BY g.key COLLATE "C"
"""
_NEEDS = {
    "cells": (),
    "facilities": ("facilities",),
    "cases": ("cases",),
    "dwellings": ("dwellings",),
    PERSONS: ("dwellings",),
    "statistics": ("buildings", "facilities"),
}


def frames(db: Session, wanted: Wanted, *, today: date) -> Iterator[pd.DataFrame]:
    """Yield the rows in chunks; the column `geom` holds shapely shapes in WGS-84 or None.

    At least one frame comes, empty when nothing is there.

    Raises:
        NotFound: no such plan, area, or no plan on that day.
    """
    query, values = _question(db, wanted, today)
    _in_order(db, wanted)
    for columns, rows in _pages(db, query, values, CHUNK, CHUNK):
        yield _frame(columns, rows)


FIRST_TEXTS, TEXTS = 50, 2000
_AS_TEXT = f"SELECT {data.layers.as_geojson('told', DIGITS)} FROM ({{rows}}) told"


def texts(db: Session, wanted: Wanted, *, today: date) -> Iterator[list[str]]:
    """Yield the rows as GeoJSON features in WGS-84, written by the store itself: a dozen times as
    fast as shapes, a few at a time, and the first at once. Times have the offset of the zone.

    At least one list comes, empty when nothing is there.

    Raises:
        NotFound: no such plan, area, or no plan on that day.
    """
    query, values = _question(db, wanted, today, form=_AS_TEXT)
    with data.db.cursor(db) as cursor:
        cursor.execute("SELECT set_config('TimeZone', %s, true)", [wanted.time_zone])
    _in_order(db, wanted)
    for _, rows in _pages(db, query, values, FIRST_TEXTS, TEXTS):
        yield [row[0] for row in rows]


def _in_order(db: Session, wanted: Wanted) -> None:
    """Read all cells along the index of their order: to sort them first, outlines and all, takes
    longer than the first page. For the rest of the transaction."""
    if wanted.kind == "cells" and wanted.area is None:
        with data.db.cursor(db) as cursor:
            cursor.execute("SET LOCAL enable_sort = off")


def _pages(
    db: Session, query: str, values: dict[str, Any], first: int, others: int
) -> Iterator[tuple[list[psycopg.Column], list[tuple[Any, ...]]]]:
    with data.db.cursor(db) as cursor:
        cursor.execute("SET LOCAL cursor_tuple_fraction = 1")  # all is read, not the first rows
        cursor.execute(f"DECLARE leaving NO SCROLL CURSOR FOR {query}", values)
        wanted = first
        while True:
            cursor.execute(f"FETCH {wanted} FROM leaving")
            rows = cursor.fetchall()
            assert cursor.description is not None
            yield cursor.description, rows
            if len(rows) < wanted:
                break
            wanted = others
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


def _question(
    db: Session, wanted: Wanted, today: date, *, form: str = "{rows}"
) -> tuple[str, dict[str, Any]]:
    plan_id, in_force = _plan(db, wanted)
    day = wanted.as_of or today
    filing = _FILED_AS_KEPT if in_force else _FILED_ON_THE_FLY
    kept = "NOT MATERIALIZED" if in_force else "MATERIALIZED"  # on the fly it is asked again
    parts = [_CELL.format(kept=kept)] + [
        filing.format(kind=kind, table=TABLES[kind]) for kind in _NEEDS[wanted.kind]
    ]
    if wanted.kind == "statistics":
        parts += [_TOLD_AS_KEPT if in_force else _TOLD_ANEW, _NUMBERS]
    divisions = [] if wanted.area is None else _divisions(db, wanted.area, plan_id, day)
    values: dict[str, Any] = {
        "plan_id": plan_id,
        "day": day,
        "area": wanted.area,
        "divisions": divisions,
    }
    values["zone"] = wanted.time_zone
    rows = _rows(wanted)
    if wanted.named_area is not None:
        rows = _INSIDE.format(rows=rows)
        values["inside"] = data.areas_named.shape_of(db, wanted.named_area)
    return f"WITH {', '.join(parts)} {form.format(rows=rows)}", values


_INSIDE = """SELECT * FROM ({rows}) found
    WHERE ST_Intersects(ST_GeomFromWKB(%(inside)s, 4326), found.geom)"""


def _rows(wanted: Wanted) -> str:
    if wanted.kind != "statistics":
        return _ROWS[wanted.kind]
    return _BY_CELL if wanted.by == "cell" else _BY_DIVISION.format(key=_KEYS[wanted.by])


def _plan(db: Session, wanted: Wanted) -> tuple[int | None, bool]:
    """The plan's id, and whether records are kept filed by it."""
    force = data.grid.plan_in_force(db)
    if wanted.plan is not None:
        plan = data.grid.plan_named(db, wanted.plan)
        return plan.id, plan is force and wanted.as_of is None
    if wanted.as_of is not None:
        return data.grid.plan_on(db, wanted.as_of).id, False
    return (force.id, True) if force else (None, True)


def _divisions(db: Session, area: str, plan_id: int | None, day: date) -> list[str]:
    """Codes of the division `area` and all below it; none when `area` is a cell."""
    values = {**data.areas.question(area), "plan_id": plan_id, "day": day}
    with data.db.cursor(db) as cursor:
        cell = cursor.execute(_CELL_OF, values).fetchone()
        if cell and cell[0]:
            return []
        found = cursor.execute(data.areas.DIVISIONS, values).fetchone()
    if not found or not found[0]:
        raise data.areas.none_there(area)
    return list(found[0])


_CELL_OF = data.areas.CELLS.format(in_plan=_OF_PLAN)


# Clear values, for those who may have them


def opened(db: Session, frame: pd.DataFrame, seal: Seal) -> pd.DataFrame:
    """Put clear names, ids, phones and birth dates in the place of the masks of residents."""
    with data.db.cursor(db) as cursor:
        rows = cursor.execute(_SEALED, {"ids": frame["id"].tolist()}).fetchall()
    clear = {
        row[0]: (seal.open("name", row[1]), seal.open("id_number", row[2]),
                 seal.open("phone", row[3]), row[4] and row[4].isoformat())
        for row in rows
    }  # fmt: skip
    told = [clear.get(number, (None,) * 4) for number in frame["id"]]
    columns = ("name", "id_number", "phone", "birth_date")
    return frame.assign(
        **{
            name: pd.Series([one[at] for one in told], index=frame.index, dtype=object)
            for at, name in enumerate(columns)
        }
    )
