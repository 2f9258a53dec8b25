"""双报到 in the store: who offered himself where he lives; a name is opened one by one only."""

from __future__ import annotations

from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.orm import Session

import gis.privacy
from data.seal import Seal
from gis.errors import NotFound

MASKS = {"name": gis.privacy.mask_names, "phone": gis.privacy.mask_phones}
"""What is kept sealed of a member, and how lists show it."""


def sealed(frame: pd.DataFrame, seal: Seal) -> pd.DataFrame:
    """Put masks and seals, as COPY reads a bytea, for names and phones; None stays."""
    columns: dict[str, Any] = {}
    for field, mask in MASKS.items():
        values = frame[field].astype("object").where(frame[field].notna(), None)
        told = seal.seal(field, values)
        columns[f"{field}_mask"] = mask(values).where(values.notna(), None)
        columns[f"{field}_sealed"] = [one and "\\x" + one.hex() for one in told]
    return frame.drop(columns=[*MASKS]).assign(**columns)


_LIST = """
    SELECT m.id, m.code, m.name_mask AS name, m.phone_mask AS phone, m.skills,
           u.code AS unit_code, u.name AS unit, c.code AS cell, c.name AS cell_name,
           coalesce((SELECT json_agg(json_build_object('weekday', h.weekday,
                        'starts', to_char(h.starts, 'HH24:MI'), 'ends', to_char(h.ends, 'HH24:MI'))
                        ORDER BY h.weekday, h.starts)
                     FROM open_hours h WHERE h.member_id = m.id), '[]') AS times
    FROM member m JOIN network_unit u ON u.id = m.unit_id LEFT JOIN grid_cell c ON c.id = m.cell_id
    WHERE (CAST(:cell AS text) IS NULL OR c.code = :cell)
      AND (CAST(:skill AS text) IS NULL OR :skill = ANY (m.skills))
    ORDER BY c.code COLLATE "C" NULLS LAST, m.code COLLATE "C" LIMIT :limit
"""


def listed(
    db: Session, *, cell: str | None = None, skill: str | None = None, limit: int = 200
) -> list[dict[str, Any]]:
    """List members in the viewer's charge, masked, by cell or by what they can do."""
    asked = {"cell": cell, "skill": skill, "limit": limit}
    return [dict(row) for row in db.execute(sa.text(_LIST), asked).mappings()]


def opened(db: Session, number: int, *, seal: Seal) -> dict[str, str | None]:
    """Name and phone of one member in clear; the act keeps the reason in the journal first.

    Raises:
        NotFound: no such member is in the viewer's charge.
    """
    query = "SELECT name_sealed, phone_sealed FROM member WHERE id = :id"
    row = db.execute(sa.text(query), {"id": number}).mappings().one_or_none()
    if row is None:
        raise NotFound(f"no member {number} is in your charge")
    return {
        field: seal.open(field, row[f"{field}_sealed"] and bytes(row[f"{field}_sealed"]))
        for field in ("name", "phone")
    }


def withdraw(db: Session, number: int) -> None:
    """Take a member out: name, phone and times go with him.

    Raises:
        NotFound: the viewer may change no such member.
    """
    query = "DELETE FROM member WHERE id = :id RETURNING id"
    if db.scalar(sa.text(query), {"id": number}) is None:
        raise NotFound(f"no member {number} is in your charge")
