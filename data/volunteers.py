"""志愿者: who applied becomes a member of a team, as a sheet of members would bring him."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.clock
import data.duty_sheets
import gis.duty_sheet
import gis.rows
from data.seal import Seal
from gis.errors import BadInput, Conflict
from gis.terms import RecordKind

_TEAM = """
    SELECT code FROM network_unit
    WHERE kind = 'volunteer_team' AND CASE WHEN CAST(:unit AS text) IS NULL
        THEN division_code = ANY (division_line(:division)) ELSE code = :unit END
    ORDER BY length(rtrim(division_code, '0')) DESC, code COLLATE "C" LIMIT 1
"""


def team(db: Session, division: str | None, unit: str | None) -> str:
    """The code of the team named, or of the nearest one around a division.

    Raises:
        Conflict: there is none.
    """
    found = db.scalar(sa.text(_TEAM), {"division": division, "unit": unit})
    if found is None:
        raise Conflict(
            f"there is no volunteer team {unit!r}" if unit else "this community has no volunteer "
            "team yet: name one by its code", field="unit", value=unit,
        )  # fmt: skip
    return str(found)


def enlist(db: Session, applied: Mapping[str, Any], unit: str, *, seal: Seal) -> None:
    """Write who applied into the roster of members: name, phone, skills, times, his cell.

    Raises:
        BadInput: what he told cannot be kept. Conflict: his cell is no more.
    """
    query = "SELECT code FROM grid_cell WHERE id = :id"
    cell = db.scalar(sa.text(query), {"id": applied["cell_id"]})
    told = {
        "unit": unit, "name": applied["name"], "phone": applied["phone"], "cell": cell,
        "skills": "、".join(applied["skills"]) or None, "times": applied["times"],
    }  # fmt: skip
    zone = data.clock.calendar(db).zone
    frame = pd.DataFrame([told], dtype="str", index=[1])
    cleaned = gis.rows.clean(frame, gis.duty_sheet.fields(RecordKind.MEMBERS, zone))
    found, faults = data.duty_sheets.resolve(db, cleaned.frame)
    wrong = [*cleaned.faults["reason"], *faults.get("reason", ())]
    if wrong:
        raise BadInput("; ".join(wrong), faults=wrong)
    data.duty_sheets.write_members(db, found, seal=seal)
