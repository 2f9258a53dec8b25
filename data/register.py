"""台账 in the store: buildings, dwellings, households, residents.

A sheet of residents names for each person a building (by code or address), a dwelling in it and
a household in that; whatever of these is new is made on the way. One person, once: known by the
resident id, or without one by name and date of birth in the same household.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from sqlalchemy.orm import Session

import data.db
import data.intake
import gis.privacy
from data.intake import IN_AREA, PLACED, Outcome, Target
from data.seal import Seal
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

SEALED = {"name": "name", "id_number": "id", "phone": "phone"}
"""Fields of a person that are kept sealed, and how their three columns begin."""

RESIDENT_TYPES = {
    **{f"{stem}_mask": "text" for stem in SEALED.values()},
    **{f"{stem}_{part}": "bytea" for stem in SEALED.values() for part in ("index", "sealed")},
    "sex": "text",
    "birth_date": "date",
    "relation": "text",
    "floating": "boolean",
    "building_code": "text",
    "address": "text",
    "dwelling": "text",
    "household": "text",
    **PLACED,
    **IN_AREA,
}
"""Columns of a staged sheet of residents; all are present, blank where the file has none."""


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


_BUILDINGS_OF_SHEET = """
    ALTER TABLE staged ADD building_id bigint, ADD dwelling_id bigint, ADD household_id bigint,
        ADD resident_id bigint, ADD moved boolean NOT NULL DEFAULT false;
    INSERT INTO building (code, address, geom, cell_id)
    SELECT DISTINCT ON (coalesce(s.building_code, s.address))
        coalesce(s.building_code, 'addr-' || md5(s.address)), s.address, s.geom, s.cell_id
    FROM staged s
    WHERE s.building_code IS NULL
          AND NOT EXISTS (SELECT 1 FROM building b WHERE b.address = s.address)
       OR s.building_code IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM building b WHERE b.code = s.building_code)
    ORDER BY coalesce(s.building_code, s.address), s.geom IS NULL, s.row
    ON CONFLICT (code) DO NOTHING;
    UPDATE staged s SET building_id = b.id FROM building b WHERE b.code = s.building_code;
    UPDATE staged s SET building_id = (SELECT min(b.id) FROM building b WHERE b.address = s.address)
    WHERE s.building_code IS NULL;
"""
_DWELLINGS_OF_SHEET = """
    INSERT INTO dwelling (building_id, number, own_place, geom, cell_id, area_no)
    SELECT DISTINCT ON (s.building_id, s.dwelling) s.building_id, s.dwelling,
        s.geom IS NOT NULL AND s.geom IS DISTINCT FROM b.geom, coalesce(s.geom, b.geom),
        CASE WHEN s.geom IS NULL THEN b.cell_id ELSE s.cell_id END,
        CASE WHEN s.geom IS NULL THEN coalesce(c.area_no, 0) ELSE s.area_no END
    FROM staged s JOIN building b ON b.id = s.building_id LEFT JOIN grid_cell c ON c.id = b.cell_id
    ORDER BY s.building_id, s.dwelling, s.geom IS NULL, s.row
    ON CONFLICT (building_id, number) DO NOTHING;
    UPDATE staged s SET dwelling_id = d.id FROM dwelling d
    WHERE d.building_id = s.building_id AND d.number = s.dwelling;
"""
_MOVE_DWELLINGS = """
    WITH told AS (
        SELECT DISTINCT ON (dwelling_id) row, dwelling_id, geom, cell_id, area_no FROM staged
        WHERE geom IS NOT NULL ORDER BY dwelling_id, row
    ),
    moved AS (
        UPDATE dwelling d
        SET geom = t.geom, cell_id = t.cell_id, area_no = t.area_no, own_place = true,
            changed_at = now()
        FROM told t WHERE d.id = t.dwelling_id AND d.geom IS DISTINCT FROM t.geom RETURNING d.id
    )
    UPDATE staged s SET moved = true
    FROM told t JOIN moved m ON m.id = t.dwelling_id WHERE s.row = t.row
"""
_HOUSEHOLDS_OF_SHEET = """
    INSERT INTO household (dwelling_id, number, area_no)
    SELECT DISTINCT s.dwelling_id, s.household, d.area_no
    FROM staged s JOIN dwelling d ON d.id = s.dwelling_id
    ON CONFLICT (dwelling_id, number) DO NOTHING;
    UPDATE staged s SET household_id = h.id FROM household h
    WHERE h.dwelling_id = s.dwelling_id AND h.number = s.household;
    UPDATE staged s SET resident_id = r.id FROM resident r WHERE r.id_index = s.id_index;
    UPDATE staged s SET resident_id = r.id FROM resident r
    WHERE s.resident_id IS NULL AND r.household_id = s.household_id AND r.name_index = s.name_index
      AND r.birth_date IS NOT DISTINCT FROM coalesce(s.birth_date, r.birth_date)
      AND (s.id_index IS NULL OR r.id_index IS NULL);
"""
_CHANGE_RESIDENTS = """
    WITH told AS (
        SELECT r.id, s.household_id, h.area_no,
               s.name_mask, s.name_index, s.name_sealed,
               coalesce(s.id_mask, r.id_mask) AS id_mask,
               coalesce(s.id_index, r.id_index) AS id_index,
               coalesce(s.id_sealed, r.id_sealed) AS id_sealed,
               coalesce(s.phone_mask, r.phone_mask) AS phone_mask,
               coalesce(s.phone_index, r.phone_index) AS phone_index,
               coalesce(s.phone_sealed, r.phone_sealed) AS phone_sealed,
               coalesce(s.sex, r.sex) AS sex, coalesce(s.birth_date, r.birth_date) AS birth_date,
               coalesce(s.relation, r.relation) AS relation,
               coalesce(s.floating, r.floating) AS floating
        FROM staged s JOIN resident r ON r.id = s.resident_id
                      JOIN household h ON h.id = s.household_id
    )
    UPDATE resident r SET
        (household_id, area_no, name_mask, name_index, name_sealed, id_mask, id_index, id_sealed,
         phone_mask, phone_index, phone_sealed, sex, birth_date, relation, floating,
         version, changed_at) =
        (t.household_id, t.area_no, t.name_mask, t.name_index, t.name_sealed, t.id_mask, t.id_index,
         t.id_sealed, t.phone_mask, t.phone_index, t.phone_sealed, t.sex, t.birth_date,
         t.relation, t.floating, r.version + 1, now())
    FROM told t WHERE r.id = t.id AND
        (r.household_id, r.name_index, r.id_index, r.phone_index, r.sex, r.birth_date, r.relation,
         r.floating) IS DISTINCT FROM
        (t.household_id, t.name_index, t.id_index, t.phone_index, t.sex, t.birth_date, t.relation,
         t.floating)
    RETURNING r.id
"""
_COUNT_CHANGES = f"""
    WITH changed AS ({_CHANGE_RESIDENTS})
    SELECT count(*), count(*) FILTER (WHERE resident_id IS NULL),
           count(*) FILTER (WHERE resident_id IS NOT NULL
                            AND (moved OR resident_id IN (SELECT id FROM changed)))
    FROM staged
"""
_ADD_RESIDENTS = """
    INSERT INTO resident
        (household_id, area_no, name_mask, name_index, name_sealed, id_mask, id_index, id_sealed,
         phone_mask, phone_index, phone_sealed, sex, birth_date, relation, floating)
    SELECT s.household_id, h.area_no, name_mask, name_index, name_sealed, id_mask, id_index,
           id_sealed, phone_mask, phone_index, phone_sealed, sex, birth_date, relation,
           coalesce(floating, false)
    FROM staged s JOIN household h ON h.id = s.household_id WHERE resident_id IS NULL ORDER BY row
"""


def settle(db: Session, frame: pd.DataFrame, seal: Seal, progress: Progress = quiet) -> Outcome:
    """Write a sheet of residents, making their buildings, dwellings and households."""
    with data.db.cursor(db) as cursor:
        data.intake.stage(cursor, sealed(frame, seal), RESIDENT_TYPES, progress)
        cursor.execute(_BUILDINGS_OF_SHEET)
        cursor.execute(_DWELLINGS_OF_SHEET)
        cursor.execute(_MOVE_DWELLINGS)
        cursor.execute(_HOUSEHOLDS_OF_SHEET)
        row = cursor.execute(_COUNT_CHANGES).fetchone()
        cursor.execute(_ADD_RESIDENTS)
    assert row is not None
    total, added, changed = row
    return Outcome(added, changed, total - added - changed)


def unplaced_of_sheet(db: Session) -> tuple[int, int]:
    """Count staged residents whose dwelling stands outside all cells, and nowhere."""
    with data.db.cursor(db) as cursor:
        row = cursor.execute(
            "SELECT count(*) FILTER (WHERE d.geom IS NOT NULL), "
            "count(*) FILTER (WHERE d.geom IS NULL) "
            "FROM staged s JOIN dwelling d ON d.id = s.dwelling_id WHERE d.cell_id IS NULL"
        ).fetchone()
    assert row is not None
    return row[0], row[1]
