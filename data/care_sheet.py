"""关爱对象 from sheets, set-based: found in the register, added or changed; nobody is made here.

A row names its person by id, or by name and home. Whom the bringer may not see is not found, and
the refusal does not say whether he is registered elsewhere. A blank never erases what is known.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.care
import data.db
import data.intake
import gis.privacy
from data.intake import Outcome, Rows
from data.seal import Seal

_TYPES = {
    "id_index": "bytea", "name_index": "bytea", "building_code": "text", "address": "text",
    "dwelling": "text", "category": "text", "level": "text", "grade": "int", "since": "date",
    "until": "date",
}  # fmt: skip
_FIND = """
    ALTER TABLE staged ADD resident_id bigint, ADD field text, ADD fault text;
    UPDATE staged s SET resident_id = r.id FROM resident r WHERE r.id_index = s.id_index;
    UPDATE staged s SET field = 'id_number',
        fault = 'nobody with this id is registered in your charge'
    WHERE s.id_index IS NOT NULL AND s.resident_id IS NULL;
    UPDATE staged s SET field = 'name', fault = 'the register knows this id by another name'
    FROM resident r WHERE r.id = s.resident_id AND r.name_index <> s.name_index;
    WITH lives AS (
        SELECT s.row, min(r.id) AS resident_id, count(DISTINCT r.id) AS n
        FROM staged s JOIN building b ON (s.building_code IS NULL OR b.code = s.building_code)
            AND (s.address IS NULL OR b.address = s.address)
        JOIN dwelling d ON d.building_id = b.id AND (s.dwelling IS NULL OR d.number = s.dwelling)
        JOIN household h ON h.dwelling_id = d.id
        JOIN resident r ON r.household_id = h.id AND r.name_index = s.name_index
        WHERE s.id_index IS NULL GROUP BY s.row
    )
    UPDATE staged s SET resident_id = CASE WHEN l.n = 1 THEN l.resident_id END, field = 'name',
        fault = CASE WHEN l.n IS NULL THEN 'nobody of this name lives there in your charge'
                     WHEN l.n > 1 THEN 'several of this name live there: tell the resident id' END
    FROM staged one LEFT JOIN lives l ON l.row = one.row
    WHERE s.row = one.row AND s.id_index IS NULL;
    WITH twice AS (
        SELECT row, first_value(row) OVER (PARTITION BY resident_id, category ORDER BY row) AS first
        FROM staged WHERE fault IS NULL
    )
    UPDATE staged s SET field = 'category',
        fault = format('stands already in row %s for the same person', t.first)
    FROM twice t WHERE s.row = t.row AND t.first < t.row;
"""
_CHANGE = """
    UPDATE care_recipient k SET level = coalesce(s.level, k.level),
        grade = coalesce(s.grade, k.grade), since = coalesce(s.since, k.since),
        until = coalesce(s.until, k.until), changed_at = now()
    FROM staged s
    WHERE s.fault IS NULL AND (k.resident_id, k.category) = (s.resident_id, s.category)
      AND (coalesce(s.level, k.level), coalesce(s.grade, k.grade), coalesce(s.since, k.since),
           coalesce(s.until, k.until)) IS DISTINCT FROM (k.level, k.grade, k.since, k.until)
    RETURNING k.resident_id
"""
_ADD = """
    INSERT INTO care_recipient (resident_id, category, level, grade, since, until, told_on, due_on,
                                area_no)
    SELECT s.resident_id, s.category, coalesce(s.level, 'general'), s.grade, s.since, s.until,
           %(today)s, %(today)s, r.area_no
    FROM staged s JOIN resident r ON r.id = s.resident_id
    WHERE s.fault IS NULL ORDER BY s.row
    ON CONFLICT (resident_id, category) DO NOTHING RETURNING resident_id
"""
_ENDS_FIRST = """
    UPDATE staged s SET field = 'until', fault = format('ends before it begins, on %s', k.since)
    FROM care_recipient k
    WHERE s.fault IS NULL AND (k.resident_id, k.category) = (s.resident_id, s.category)
      AND coalesce(s.until, k.until) < coalesce(s.since, k.since)
"""


def write(
    db: Session, frame: pd.DataFrame, *, seal: Seal, today: date, zone: str
) -> tuple[Outcome, dict[Any, tuple[str, str]]]:
    """Write completed rows, indexed by row; the second answer: row → field and reason refused."""
    with data.db.cursor(db) as cursor:
        data.intake.stage(cursor, _indexed(frame, seal), _TYPES)
        cursor.execute(_FIND)
        cursor.execute(_ENDS_FIRST)
        changed = _residents(cursor, _CHANGE, {})
        added = _residents(cursor, _ADD, {"today": today})
        refused = cursor.execute("SELECT row, field, fault FROM staged WHERE fault IS NOT NULL")
        faults = {row: (field, fault) for row, field, fault in refused.fetchall()}
    if added or changed:
        data.care.settle(db, sorted({*added, *changed}), zone=zone)
        db.execute(sa.text("SELECT count_care()"))
        data.db.bump(db, "care")
    unchanged = len(frame) - len(faults) - len(added) - len(changed)
    return Outcome(len(added), len(changed), unchanged), faults


def _indexed(frame: pd.DataFrame, seal: Seal) -> pd.DataFrame:
    """Put blind indexes for ids and names, as COPY reads a bytea."""
    names = gis.privacy.same_name(frame["name"])
    return frame.drop(columns=["id_number", "name"]).assign(
        id_index=_index("id_number", frame["id_number"], seal),
        name_index=_index("name", names, seal),
    )


def _index(field: str, values: pd.Series, seal: Seal) -> pd.Series:
    plain = values.astype(object).where(values.notna(), None)
    told = [None if one is None else "\\x" + one.hex() for one in seal.index(field, plain)]
    return pd.Series(told, index=values.index, dtype=object)


def _residents(cursor: Rows, statement: str, values: dict[str, Any]) -> list[int]:
    return [int(str(row[0])) for row in cursor.execute(statement, values).fetchall()]
