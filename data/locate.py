"""The place decides the cell: filing records, counting what stands where.

The shared-edge rule of `gis.locate` in SQL: `ST_Intersects` counts the boundary in, and among
several cells the lowest code wins (`COLLATE "C"`: byte by byte). `ST_Covers` would answer the
same; the planner lets it drive from the wrong side, ten times slower.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.db
import gis.locate
from gis.terms import ENDED_STATES, Progress, RecordKind, quiet

TABLES = {
    "buildings": "building",
    "dwellings": "dwelling",
    "facilities": "facility",
    "cases": "case_file",
}
"""Kinds whose rows have a place, and where they are kept."""

IN_FORCE = """
    plan_id = (SELECT id FROM grid_plan WHERE state = 'published')
    AND (valid_from IS NULL OR valid_from <= current_date)
    AND (valid_to IS NULL OR valid_to > current_date)
"""
"""Which cells are in force: those of the published plan that have begun and have not ended."""


@dataclass(frozen=True)
class Filed:
    """What filing did to one kind: rows in all, moved to another cell, and left unplaced."""

    kind: str
    total: int
    moved: int
    outside: int
    without_coordinates: int


_ENDED = ", ".join(f"'{state}'" for state in ENDED_STATES)
_WRONG = f"""
    WITH cell AS MATERIALIZED (SELECT id, code, geom FROM grid_cell WHERE {IN_FORCE}),
    here AS (
        SELECT DISTINCT ON (p.id) p.id, c.id AS cell_id
        FROM cell c JOIN {{table}} p ON ST_Intersects(c.geom, p.geom)
        WHERE {{only}}
        ORDER BY p.id, c.code COLLATE "C"
    ),
    wrong AS (
        SELECT p.id, h.cell_id FROM {{table}} p LEFT JOIN here h USING (id)
        WHERE p.cell_id IS DISTINCT FROM h.cell_id AND {{only}}
    )
"""
BY_PLACE_ONLY = {
    "dwellings": "p.own_place",
    "cases": "NOT (p.settled AND p.cell_id IN (SELECT id FROM cell)) "
    f"AND NOT (p.cell_id IS NOT NULL AND p.state IN ({_ENDED}))",
}
"""Where not the place alone decides: homes stand with their building; somebody chose the cell; a
case that ended keeps that of its day."""
_BY_PLACE = _WRONG + "UPDATE {table} p SET cell_id = w.cell_id FROM wrong w WHERE p.id = w.id"

_BY_BUILDING = """
    UPDATE dwelling d SET cell_id = b.cell_id, geom = b.geom
    FROM building b
    WHERE b.id = d.building_id AND NOT d.own_place
      AND (d.cell_id IS DISTINCT FROM b.cell_id OR d.geom IS DISTINCT FROM b.geom)
"""

_COUNT_FILED = """
    SELECT count(*), count(*) FILTER (WHERE cell_id IS NULL AND geom IS NOT NULL),
           count(*) FILTER (WHERE cell_id IS NULL AND geom IS NULL)
    FROM {table}
"""


def refile(
    db: Session, *, kinds: Iterable[str] | None = None, progress: Progress = quiet
) -> list[Filed]:
    """File every record of `kinds` (default: all) by the plan in force, and count again.

    Returns one `Filed` per kind. Set-based; only rows whose cell changes are written.
    """
    chosen = [kind for kind in TABLES if kinds is None or kind in set(kinds)]
    answers = []
    for number, kind in enumerate(chosen):
        progress("filing records into cells", number, len(chosen))
        answers.append(_refile_kind(db, kind))
    progress("filing records into cells", len(chosen), len(chosen))
    _settle_areas(db, chosen)
    if kinds is None:
        db.execute(sa.text(MEMBERS))
    tally(db, chosen)
    data.db.bump(db, "cells", *chosen)
    return answers


def _refile_kind(db: Session, kind: str) -> Filed:
    only = BY_PLACE_ONLY.get(kind, "TRUE")
    moved = 0
    with data.db.cursor(db) as cursor:
        if kind == "dwellings":
            moved += cursor.execute(_BY_BUILDING).rowcount
        moved += cursor.execute(_BY_PLACE.format(table=TABLES[kind], only=only)).rowcount
    return filed(db, kind, moved)


def filed(db: Session, kind: str, moved: int) -> Filed:
    """Count the rows of a kind, and those that no cell holds."""
    row = db.execute(sa.text(_COUNT_FILED.format(table=TABLES[kind]))).one()
    return Filed(kind, row[0], moved, row[1], row[2])


# Few, counted nowhere: members live where they told, in whichever cell that is now
MEMBERS = f"""
    UPDATE member m SET cell_id = here.id, area_no = coalesce(here.area_no, 0)
    FROM member own LEFT JOIN LATERAL (
        SELECT id, area_no FROM grid_cell
        WHERE geom && own.geom AND ST_Intersects(geom, own.geom) AND {IN_FORCE}
        ORDER BY code COLLATE "C" LIMIT 1
    ) here ON true
    WHERE m.id = own.id
      AND (m.cell_id, m.area_no) IS DISTINCT FROM (here.id, coalesce(here.area_no, 0))
"""

_AREA_OF_CELL = """
    UPDATE {table} p SET area_no = c.area_no FROM grid_cell c
    WHERE c.id = p.cell_id AND p.area_no <> c.area_no AND {only}
"""
_AREA_OF_NO_CELL = """
    UPDATE {table} p SET area_no = 0 WHERE p.cell_id IS NULL AND p.area_no <> 0 AND {only}
"""
_AREA_BY_CELL = {"dwellings": "TRUE", "cases": "p.desk_code IS NULL"}
"""What is seen by those in charge of its cell; a case whose cell is not sure, by its desk."""
_AREA_OF_HOME = """
    UPDATE household h SET area_no = d.area_no FROM dwelling d
    WHERE d.id = h.dwelling_id AND h.area_no <> d.area_no;
    UPDATE resident r SET area_no = h.area_no FROM household h
    WHERE h.id = r.household_id AND r.area_no <> h.area_no
"""


def _settle_areas(db: Session, kinds: Iterable[str]) -> None:
    """Give records the area number of their cell, and people that of their home."""
    with data.db.cursor(db) as cursor:
        for kind, only in _AREA_BY_CELL.items():
            if kind in kinds:
                cursor.execute(_AREA_OF_CELL.format(table=TABLES[kind], only=only))
                cursor.execute(_AREA_OF_NO_CELL.format(table=TABLES[kind], only=only))
        if "dwellings" in kinds:
            cursor.execute(_AREA_OF_HOME)


@dataclass(frozen=True)
class Held:
    """Which cell holds each of n points: its id (NaN if none) and its area number (0 if none)."""

    cell_id: npt.NDArray[np.float64]
    area_no: npt.NDArray[np.int64]


def cells_of(db: Session, points: npt.NDArray[np.object_]) -> Held:
    """Tell the cell in force of each shapely Point (WGS-84, or None).

    By `gis.locate`, which is the same rule; for rows on their way in that is ten times faster
    than to index them in the database first.
    """
    west, south, east, north = shapely.total_bounds(points)
    rows = db.execute(
        sa.text(
            f"SELECT id, code, area_no, ST_AsBinary(geom) FROM grid_cell WHERE {IN_FORCE} "
            "AND geom && ST_MakeEnvelope(:west, :south, :east, :north, 4326)"
        ),
        {"west": west, "south": south, "east": east, "north": north},
    ).all()
    if not rows:
        return Held(np.full(len(points), np.nan), np.zeros(len(points), np.int64))
    ids, codes, areas, shapes = zip(*rows, strict=True)
    cells = np.asarray(shapely.from_wkb(shapes), dtype=object)
    at = gis.locate.cell_of(points, cells, np.array(codes))
    return Held(
        np.where(at < 0, np.nan, np.array(ids, dtype=float)[at]),
        np.where(at < 0, 0, np.array(areas, dtype=np.int64)[at]),
    )


def misfiled(db: Session) -> dict[str, int]:
    """Count, by kind, the records whose cell is not the one their place says."""
    counted = {}
    for kind, table in TABLES.items():
        only = BY_PLACE_ONLY["cases"] if kind == "cases" else "TRUE"
        wrong = _WRONG.format(table=table, only=only)
        counted[kind] = int(db.scalar(sa.text(f"{wrong} SELECT count(*) FROM wrong")) or 0)
    return counted


# Counting what stands in each cell

_COUNTS = {
    "buildings": {"buildings": "SELECT cell_id, count(*) n FROM building GROUP BY cell_id"},
    "dwellings": {
        "dwellings": "SELECT cell_id, count(*) n FROM dwelling GROUP BY cell_id",
        "households": """
            SELECT d.cell_id, count(*) n
            FROM household h JOIN dwelling d ON d.id = h.dwelling_id GROUP BY d.cell_id
        """,
        "residents": """
            SELECT d.cell_id, count(*) n
            FROM resident r JOIN household h ON h.id = r.household_id
                            JOIN dwelling d ON d.id = h.dwelling_id GROUP BY d.cell_id
        """,
    },
    "facilities": {"facilities": "SELECT cell_id, count(*) n FROM facility GROUP BY cell_id"},
    "cases": {
        "cases": "SELECT cell_id, count(*) n FROM case_file GROUP BY cell_id",
        "open_cases": f"""
            SELECT cell_id, count(*) n FROM case_file
            WHERE state NOT IN ({_ENDED}) GROUP BY cell_id
        """,
    },
}
"""How `wangge check` counts, beside the store's own counting (`count_cells`)."""


def tally(db: Session, kinds: Iterable[str] = tuple(TABLES)) -> None:
    """Count, per cell in force, what `kinds` cover: homes and people, facilities, cases.

    The store counts, whoever asks: also what he may not see himself. Then it decides anew which
    small numbers are hidden from those outside. Care follows the people.
    """
    counted = sorted(kinds)
    db.execute(sa.text("SELECT count_cells(:kinds)"), {"kinds": counted})
    if "dwellings" in counted:
        db.execute(sa.text("SELECT count_care()"))


_CELLS_IN_FORCE = f"SELECT id FROM grid_cell WHERE {IN_FORCE}"


_WRONG_CARE = f"""
    SELECT coalesce(t.cell_id, n.cell_id) FROM cell_care t FULL JOIN (
        SELECT d.cell_id, k.category, count(*) AS n
        FROM care_recipient k JOIN resident r ON r.id = k.resident_id
        JOIN household h ON h.id = r.household_id JOIN dwelling d ON d.id = h.dwelling_id
        WHERE (k.until IS NULL OR k.until > current_date) AND d.cell_id IN ({_CELLS_IN_FORCE})
        GROUP BY 1, 2
    ) n ON (n.cell_id, n.category) = (t.cell_id, t.category)
    WHERE t.recipients IS DISTINCT FROM n.n
"""


def wrong_tallies(db: Session) -> int:
    """Count cells in force of which a number differs from what stands there now."""
    parts = [
        f"""SELECT c.id FROM ({_CELLS_IN_FORCE}) c LEFT JOIN cell_tally t ON t.cell_id = c.id
            LEFT JOIN ({counted}) n ON n.cell_id = c.id
            WHERE t.{column} IS DISTINCT FROM coalesce(n.n, 0)"""
        for columns in _COUNTS.values()
        for column, counted in columns.items()
    ]
    query = f"SELECT count(*) FROM ({' UNION '.join([*parts, _WRONG_CARE])}) w"
    return int(db.scalar(sa.text(query)) or 0)


# The unplaced

UNPLACED_COLUMNS = ("kind", "code", "name", "address", "lon", "lat", "reason")
_UNPLACED = """
    SELECT {kind!r} AS kind, code, {name} AS name, {address} AS address,
           ST_X(geom) AS lon, ST_Y(geom) AS lat,
           CASE WHEN geom IS NULL THEN 'no coordinates' ELSE 'outside all cells' END AS reason
    FROM {table} WHERE cell_id IS NULL
"""
_UNPLACED_OF = {
    "buildings": _UNPLACED.format(
        kind="buildings", name="name", address="address", table="building"
    ),
    "dwellings": """
        SELECT 'dwellings' AS kind, b.code || ' ' || d.number AS code, NULL AS name,
               b.address AS address, ST_X(d.geom) AS lon, ST_Y(d.geom) AS lat,
               CASE WHEN d.geom IS NULL THEN 'no coordinates' ELSE 'outside all cells' END AS reason
        FROM dwelling d JOIN building b ON b.id = d.building_id WHERE d.cell_id IS NULL
    """,
    "facilities": _UNPLACED.format(
        kind="facilities", name="name", address="address", table="facility"
    ),
    "cases": _UNPLACED.format(kind="cases", name="title", address="address", table="case_file"),
}


def unplaced(
    db: Session, *, kind: str | None = None, limit: int | None = None
) -> list[dict[str, Any]]:
    """List the records that no cell holds, with the reason; by kind and code."""
    parts = [sql for name, sql in _UNPLACED_OF.items() if kind in (None, name)]
    rows = db.execute(
        sa.text(f"{' UNION ALL '.join(parts)} ORDER BY kind, code LIMIT :limit"),
        {"limit": limit},
    )
    return [dict(row) for row in rows.mappings()]


def count_unplaced(db: Session) -> dict[str, int]:
    """Count the records that no cell holds, by kind."""
    sql = "SELECT count(*) FROM {table} WHERE cell_id IS NULL"
    return {
        kind: int(db.scalar(sa.text(sql.format(table=table))) or 0)
        for kind, table in TABLES.items()
    }


TOUCHED = {
    RecordKind.BUILDINGS: ("buildings",),
    RecordKind.RESIDENTS: ("buildings", "dwellings"),
    RecordKind.FACILITIES: ("facilities",),
    RecordKind.CASES: ("cases",),
}
"""Which placed kinds an import touches."""
