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
import data.register_edit
import data.register_identity
import gis.privacy
from data.intake import IN_AREA, PLACED, Outcome, Rows, Target
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

SEALED = data.register_edit.SEALED
"""Fields of a person that are kept sealed, and how their three columns begin."""

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


def sealed(frame: pd.DataFrame, seal: Seal) -> pd.DataFrame:
    """Replace name, id_number and phone by what is kept of them: mask, blind index, sealed."""
    columns: dict[str, Any] = {}
    for field, stem in SEALED.items():
        values = frame[field].astype("object").where(frame[field].notna(), None)
        columns[f"{stem}_mask"] = _MASKS[field](frame[field]).where(frame[field].notna())
        known = gis.privacy.same_name(values) if field == "name" else values
        columns[f"{stem}_index"] = _as_hex(seal.index(field, known))
        columns[f"{stem}_sealed"] = _as_hex(seal.seal(field, values))
    return frame.drop(columns=[*SEALED]).assign(**columns)


_MASKS = {
    "name": gis.privacy.mask_names,
    "id_number": gis.privacy.mask_ids,
    "phone": gis.privacy.mask_phones,
}


def _as_hex(values: list[bytes | None]) -> list[str | None]:
    """Write bytes as COPY reads a bytea."""
    return [None if value is None else "\\x" + value.hex() for value in values]


# Homes: found before, made after it is known who goes in

_FIND_BUILDINGS = """
    UPDATE staged s SET building_id = b.id FROM building b WHERE b.code = s.building_code;
    UPDATE staged s SET building_id = (SELECT min(b.id) FROM building b WHERE b.address = s.address)
    WHERE s.building_code IS NULL;
"""
_FIND_DWELLINGS = """
    UPDATE staged s SET dwelling_id = d.id FROM dwelling d
    WHERE d.building_id = s.building_id AND d.number = s.dwelling
"""
_MAKE_BUILDINGS = """
    INSERT INTO building (code, address, geom, cell_id)
    SELECT DISTINCT ON (coalesce(s.building_code, s.address))
        coalesce(s.building_code, 'addr-' || md5(s.address)), s.address, s.geom, s.cell_id
    FROM staged s WHERE s.goes_in AND s.building_id IS NULL
    ORDER BY coalesce(s.building_code, s.address), s.geom IS NULL, s.row
    ON CONFLICT (code) DO NOTHING;
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
    told = _told(brought)
    try:
        with data.db.cursor(db) as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [TIMEOUT_MS])
            data.intake.stage(cursor, sealed(frame, seal), RESIDENT_TYPES, progress)
            progress("comparing with the register", 0, None)
            cursor.execute(data.register_identity.PREPARE)
            cursor.execute(_FIND_BUILDINGS)
            data.register_identity.recognise(cursor, told)
            cursor.execute(_FIND_DWELLINGS)
            data.register_identity.match_names(cursor)
            data.register_identity.compare(cursor, told)
            _make_homes(cursor)
            changed = data.register_identity.write(cursor, seal, told)
            cursor.execute(_MOVE_DWELLINGS)
            opened = data.register_decisions.open_all(cursor, frame, seal, told)
            return _count(cursor, changed, opened)
    except psycopg.errors.UniqueViolation as error:
        raise Conflict(
            "somebody registered one of these ids at this moment; nothing was written: bring the "
            "sheet again"
        ) from error


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
    cursor.execute(_MAKE_BUILDINGS)
    cursor.execute(_FIND_BUILDINGS)
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
    return Settled(
        Outcome(added, altered, total - added - altered - waiting),
        opened,
        {int(str(one[0])): (str(one[1]), str(one[2])) for one in refused},
    )


def unplaced_of_sheet(db: Session) -> tuple[int, int]:
    """Count staged residents whose dwelling stands outside all cells, and nowhere."""
    with data.db.cursor(db) as cursor:
        row = cursor.execute(
            "SELECT count(*) FILTER (WHERE d.geom IS NOT NULL), "
            "count(*) FILTER (WHERE d.geom IS NULL) "
            "FROM staged s JOIN dwelling d ON d.id = s.dwelling_id "
            "WHERE d.cell_id IS NULL AND s.refusal IS NULL"
        ).fetchone()
    assert row is not None
    return row[0], row[1]
