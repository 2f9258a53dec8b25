"""办事指南 from a sheet, set-based: a guide is known by its title in its division.

A blank never erases what is known; what was taken back stays so, and a new row is a new guide.
"""

from __future__ import annotations

import pandas as pd
from sqlalchemy.orm import Session

import data.db
import data.intake
from data.intake import Outcome, Rows

_COLUMNS = ("kind", "title", "initials", "body", "place", "hours", "phone")
_TYPES = dict.fromkeys((*_COLUMNS, "materials", "division"), "text")
_SAME = """g.taken_back_at IS NULL AND g.title = s.title
    AND g.division_code IS NOT DISTINCT FROM s.division"""
_UNKNOWN = """
    DELETE FROM staged s WHERE s.division IS NOT NULL
        AND NOT EXISTS (SELECT FROM division d WHERE d.code = s.division AND d.valid_to IS NULL)
    RETURNING s.row, 'division', s.division, 'there is no such division'
"""
_TOLD = """
    (s.kind, s.body, coalesce(string_to_array(s.materials, E'\\n'), g.materials),
     coalesce(s.place, g.place), coalesce(s.hours, g.hours), coalesce(s.phone, g.phone))
"""
_CHANGE = f"""
    UPDATE guide g SET (kind, body, materials, place, hours, phone) = {_TOLD},
        version = g.version + 1, changed_at = now()
    FROM staged s WHERE {_SAME}
        AND (g.kind, g.body, g.materials, g.place, g.hours, g.phone) IS DISTINCT FROM {_TOLD}
"""
_ADD = f"""
    INSERT INTO guide ({", ".join(_COLUMNS)}, materials, division_code)
    SELECT {", ".join(f"s.{name}" for name in _COLUMNS)},
           coalesce(string_to_array(s.materials, E'\\n'), '{{}}'), s.division
    FROM staged s WHERE NOT EXISTS (SELECT FROM guide g WHERE {_SAME}) ORDER BY s.row
"""


def write(db: Session, frame: pd.DataFrame) -> tuple[Outcome, pd.DataFrame]:
    """Write the rows of a checked sheet; which were refused: row, field, value, reason."""
    with data.db.cursor(db) as cursor:
        data.intake.stage(cursor, frame, _TYPES)
        refused = cursor.execute(_UNKNOWN).fetchall()
        changed, added = (_count(cursor, statement) for statement in (_CHANGE, _ADD))
    if changed + added:
        data.db.bump(db, "community")
    unchanged = len(frame) - len(refused) - changed - added
    faults = pd.DataFrame(refused, columns=["row", "field", "value", "reason"])
    return Outcome(added, changed, unchanged), faults


def _count(cursor: Rows, statement: str) -> int:
    return cursor.execute(statement.encode()).rowcount
