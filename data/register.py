"""台账 in the store: buildings, dwellings, households, residents.

A sheet of residents names for each person a building (by code or address), a dwelling in it and
a household in that; whatever of these is new is made on the way. One person, once: who it is and
what the sheet may change is decided in `data.register_identity`, before any home is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
import psycopg
from sqlalchemy.orm import Session

import data.db
import data.intake
import data.register_decisions
import data.register_fill
import data.register_identity
import data.register_sealed
from data.intake import IN_AREA, PLACED, Outcome, Rows, Target
from data.register_fill import FIND_BUILDINGS, MAKE_BUILDINGS, Filled
from data.register_sealed import SEALED
from data.seal import Seal
from gis.access import Viewer
from gis.errors import Conflict
from gis.terms import Progress, quiet

BUILDINGS = Target(
    "building",
    ("code",),
    {
        "code": "text",
        "name": "text",
        "address": "text",
        "floors": "int",
        "footprint": "geometry(MultiPolygon, 4326)",
        **PLACED,
    },
)

RESIDENT_TYPES = {
    **{f"{stem}_mask": "text" for stem in SEALED.values()},
    **{f"{stem}_{part}": "bytea" for stem in SEALED.values() for part in ("index", "sealed")},
    "sex": "text",
    "birth_date": "date",
    "relation": "text",
    "residence": "text",
    "floating": "boolean",
    "floating_since": "date",
    "floating_until": "date",
    "building_code": "text",
    "address": "text",
    "dwelling": "text",
    "household": "text",
    "dwelling_told": "boolean",
    "household_told": "boolean",
    "twice_of": "int",
    **PLACED,
    **IN_AREA,
}
"""Columns of a staged sheet of residents; all are present, blank where the file has none."""

TIMEOUT_MS = "600000"
"""A sheet may take longer than a page."""


@dataclass(frozen=True)
class Brought:
    """Who brings a sheet, under which number, and when what it says was true."""

    by: Viewer
    sheet_id: int
    told_at: datetime


@dataclass(frozen=True)
class Settled:
    """What became of a sheet: rows that went in, decisions opened, rows refused in words."""

    outcome: Outcome
    decisions: int
    refused: dict[int, tuple[str, str]]
    """Row → field and reason."""
    outside: int = 0
    nowhere: int = 0
    """People whose home stands outside all cells, or has no place."""


# Homes: found before, made after it is known who goes in

_FIND_DWELLINGS = """
    UPDATE staged s SET dwelling_id = d.id FROM dwelling d
    WHERE d.building_id = s.building_id AND d.number = s.dwelling
"""
_MAKE_DWELLINGS = """
    INSERT INTO dwelling (building_id, number, own_place, geom, cell_id, area_no)
    SELECT DISTINCT ON (s.building_id, s.dwelling) s.building_id, s.dwelling,
        s.geom IS NOT NULL AND s.geom IS DISTINCT FROM b.geom, coalesce(s.geom, b.geom),
        CASE WHEN s.geom IS NULL THEN b.cell_id ELSE s.cell_id END,
        CASE WHEN s.geom IS NULL THEN coalesce(c.area_no, 0) ELSE s.area_no END
    FROM staged s JOIN building b ON b.id = s.building_id LEFT JOIN grid_cell c ON c.id = b.cell_id
    WHERE s.goes_in AND s.dwelling_id IS NULL
    ORDER BY s.building_id, s.dwelling, s.geom IS NULL, s.row
    ON CONFLICT (building_id, number) DO NOTHING
"""
_MAKE_HOUSEHOLDS = """
    INSERT INTO household (dwelling_id, number, area_no)
    SELECT DISTINCT s.dwelling_id, s.household, d.area_no
    FROM staged s JOIN dwelling d ON d.id = s.dwelling_id WHERE s.goes_in
    ON CONFLICT (dwelling_id, number) DO NOTHING;
    UPDATE staged s SET household_id = h.id FROM household h
    WHERE s.goes_in AND h.dwelling_id = s.dwelling_id AND h.number = s.household;
"""
_NOT_YOURS = """
    UPDATE staged SET goes_in = false, refused_field = 'address',
        refusal = 'this dwelling lies outside your charge'
    WHERE goes_in AND household_id IS NULL
"""
_MOVE_DWELLINGS = """
    WITH told AS (
        SELECT DISTINCT ON (dwelling_id) row, dwelling_id, geom, cell_id, area_no FROM staged
        WHERE geom IS NOT NULL AND stays ORDER BY dwelling_id, row
    ),
    moved AS (
        UPDATE dwelling d
        SET geom = t.geom, cell_id = t.cell_id, area_no = t.area_no, own_place = true,
            changed_at = now()
        FROM told t WHERE d.id = t.dwelling_id AND d.geom IS DISTINCT FROM t.geom
        RETURNING d.id, d.area_no
    ),
    homes AS (
        UPDATE household h SET area_no = m.area_no FROM moved m
        WHERE h.dwelling_id = m.id AND h.area_no <> m.area_no RETURNING h.id, h.area_no
    ),
    people AS (
        UPDATE resident r SET area_no = h.area_no FROM homes h WHERE r.household_id = h.id
    )
    UPDATE staged s SET moved = true
    FROM told t JOIN moved m ON m.id = t.dwelling_id WHERE s.row = t.row
"""


def settle(
    db: Session, frame: pd.DataFrame, seal: Seal, brought: Brought, progress: Progress = quiet
) -> Settled:
    """Write a sheet of residents, indexed by row: who is new, what is told later, what waits.

    Raises:
        Conflict: somebody changed one of these people at this moment; nothing is written.
    """
    try:
        with data.db.cursor(db) as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [TIMEOUT_MS])
            if brought.by.is_operator and data.register_fill.is_due(cursor, frame):
                return _fill(cursor, frame, seal, brought, progress)
            return _compare(cursor, frame, seal, _told(brought), progress)
    except psycopg.errors.UniqueViolation as error:
        raise Conflict(
            "somebody registered one of these ids at this moment; nothing was written: bring the "
            "sheet again"
        ) from error


def _compare(
    cursor: Rows,
    frame: pd.DataFrame,
    seal: Seal,
    told: dict[str, Any],
    progress: Progress,
    *,
    known: Filled | None = None,
) -> Settled:
    """Write a sheet by what the register has; `known` says which rows it was just filled with."""
    rows = data.register_sealed.sealed(frame, seal)
    data.intake.stage(cursor, rows, RESIDENT_TYPES, progress)
    progress("comparing with the register", 0, None)
    cursor.execute(data.register_identity.PREPARE)
    cursor.execute(FIND_BUILDINGS)
    if known is not None:
        cursor.execute(_KNOWN, _numbers(known, frame))
    data.register_identity.recognise(cursor, told)
    cursor.execute(_FIND_DWELLINGS)
    data.register_identity.match_names(cursor)
    data.register_identity.compare(cursor, told)
    _make_homes(cursor)
    changed = data.register_identity.write(cursor, seal, told)
    cursor.execute(_MOVE_DWELLINGS)
    opened = data.register_decisions.open_all(cursor, frame, seal, told)
    return _count(cursor, changed, opened)


_KNOWN = """
    UPDATE staged s SET resident_id = k.id, version = 1, same_home = true,
        household_id = k.household, geom = NULL
    FROM unnest(%(row)s::int[], %(id)s::bigint[], %(household)s::bigint[]) k (row, id, household)
    WHERE k.row = s.row
"""


def _numbers(known: Filled, frame: pd.DataFrame) -> dict[str, list[int]]:
    here = known.resident.index.intersection(frame.index)
    return {
        "row": here.tolist(),
        "id": known.resident.loc[here].tolist(),
        "household": known.household.loc[here].tolist(),
    }


def _fill(
    cursor: Rows, frame: pd.DataFrame, seal: Seal, brought: Brought, progress: Progress
) -> Settled:
    """Fill an empty register; who stands twice in the sheet is then compared with who went in."""
    twice = frame["twice_of"].notna()
    filled = data.register_fill.fill(cursor, frame[~twice], seal, brought.told_at, progress)
    added = Outcome(int((~twice).sum()), 0, 0)
    if not twice.any():
        return Settled(added, 0, {}, filled.outside, filled.nowhere)
    first = frame.index.isin(frame.loc[twice, "twice_of"])
    again = _compare(cursor, frame[twice | first], seal, _told(brought), progress, known=filled)
    done = again.outcome
    outcome = Outcome(added.added + done.added, done.changed, done.unchanged - int(first.sum()))
    return Settled(outcome, again.decisions, again.refused, filled.outside, filled.nowhere)


def _told(brought: Brought) -> dict[str, Any]:
    """What every statement about a sheet may ask for."""
    scope = brought.by.scope
    return {
        "told": brought.told_at,
        "actor": brought.by.login,
        "sheet": brought.sheet_id,
        "low": scope.low,
        "high": scope.high,
        "areas": None if scope.areas is None else list(scope.areas),
        "sees_all": brought.by.is_operator or scope.is_everything,
    }


def _make_homes(cursor: Rows) -> None:
    cursor.execute(MAKE_BUILDINGS)
    cursor.execute(FIND_BUILDINGS)
    cursor.execute(_MAKE_DWELLINGS)
    cursor.execute(_FIND_DWELLINGS)
    cursor.execute(_MAKE_HOUSEHOLDS)
    cursor.execute(_NOT_YOURS)


_COUNT = """
    SELECT count(*), count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE
               moved OR (NOT is_new AND row = ANY (%(changed)s))),
           count(*) FILTER (WHERE waits AND NOT moved AND NOT row = ANY (%(changed)s))
    FROM staged WHERE refusal IS NULL
"""


def _count(cursor: Rows, changed: list[int], opened: int) -> Settled:
    row = cursor.execute(_COUNT, {"changed": changed}).fetchone()
    assert row is not None
    total, added, altered, waiting = map(int, map(str, row))
    refused = cursor.execute(
        "SELECT row, refused_field, refusal FROM staged WHERE refusal IS NOT NULL ORDER BY row"
    ).fetchall()
    outside, nowhere = map(int, map(str, cursor.execute(_UNPLACED).fetchone() or (0, 0)))
    return Settled(
        Outcome(added, altered, total - added - altered - waiting),
        opened,
        {int(str(one[0])): (str(one[1]), str(one[2])) for one in refused},
        outside,
        nowhere,
    )


_UNPLACED = """
    SELECT count(*) FILTER (WHERE d.geom IS NOT NULL), count(*) FILTER (WHERE d.geom IS NULL)
    FROM staged s JOIN dwelling d ON d.id = s.dwelling_id
    WHERE d.cell_id IS NULL AND s.refusal IS NULL
"""
