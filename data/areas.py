"""An area asked for by its code: a cell, or a division and all below it. One rule for all reads.

A division is named by its code, or by the leading digits of a 12-digit code at the end of a level
(2, 4, 6 or 9 digits); codes of a town's own scheme are named whole.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.db
from data.locate import IN_FORCE
from gis.errors import NotFound

_LEVELS = (2, 4, 6, 9, 12)

CELLS = "SELECT array_agg(c.id) FROM grid_cell c WHERE {in_plan} AND c.code = %(area)s"
"""The cell named by the code, among the cells c of a plan."""
DIVISIONS = """
    WITH RECURSIVE tree AS (
        SELECT code FROM division
        WHERE code = %(area)s
           OR %(stem)s <> '' AND length(code) = 12 AND starts_with(code, %(stem)s)
        UNION SELECT d.code FROM division d JOIN tree ON d.parent_code = tree.code
    )
    SELECT array_agg(code) FROM tree
"""
"""The division named by the code, and all below it."""


_CELLS_HELD = f"""
    SELECT array_agg(id) FROM grid_cell
    WHERE {IN_FORCE} AND (code = :area OR division_code = ANY (:divisions))
"""


def held(db: Session, code: str) -> dict[str, list[Any]]:
    """Find what an area holds: the numbers of its `cells` in force, the codes of its `divisions`.

    Raises:
        NotFound: the code names nothing.
    """
    with data.db.cursor(db) as cursor:
        row = cursor.execute(DIVISIONS, question(code)).fetchone()
    divisions = (row and row[0]) or []
    cells = db.scalar(sa.text(_CELLS_HELD), {"area": code, "divisions": divisions}) or []
    if not cells and not divisions:
        raise none_there(code)
    return {"cells": cells, "divisions": divisions}


def question(code: str) -> dict[str, Any]:
    """Bind a code for `CELLS` and `DIVISIONS`."""
    return {"area": code, "stem": stem(code)}


def stem(code: str) -> str:
    """The digits that all codes of a division begin with; nothing where `code` names no level."""
    if not (code.isascii() and code.isdigit() and len(code) in _LEVELS):
        return ""
    if len(code) < 12:
        return code
    for end in (9, 6, 4, 2):
        if code[end:].strip("0"):
            break
        code = code[:end]
    return code


def desk_no(code: str) -> str:
    """The area number of a division's own duty desk, as SQL over a column of division codes.

    It stands before the first cell of the division: in the range of the division and of those
    above it, and of nobody below.
    """
    return f"rpad({code}, 12, '0')::bigint * 1000000"


def none_there(code: str) -> NotFound:
    """The refusal of a code that names nothing."""
    return NotFound(f"{code!r} is neither the code of a cell nor of a division", value=code)
