"""走访 of two records that were one person: care and visits go over, and back when it is undone.

A category that both have stays as the kept record has it, and comes back as the other had it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.orm import Session

_WHOLE = """
    SELECT json_build_object(
        'care', (SELECT coalesce(json_agg(k ORDER BY k.id), '[]') FROM care_recipient k
                 WHERE k.resident_id = :id),
        'visits', (SELECT coalesce(json_agg(v.id ORDER BY v.id), '[]') FROM visit v
                   WHERE v.resident_id = :id))
"""
_MOVE = (
    """UPDATE care_recipient k SET resident_id = :keep, area_no = r.area_no FROM resident r
    WHERE k.resident_id = :merged AND r.id = :keep AND NOT EXISTS (
        SELECT FROM care_recipient o WHERE (o.resident_id, o.category) = (:keep, k.category))""",
    "UPDATE visit SET resident_id = :keep WHERE resident_id = :merged",
)
_RESTORE = (
    """DELETE FROM care_recipient k USING json_to_recordset(CAST(:care AS json)) o (id bigint)
    WHERE k.id = o.id""",
    """INSERT INTO care_recipient
    SELECT (json_populate_record(NULL::care_recipient, o)).*
    FROM json_array_elements(CAST(:care AS json)) o""",
    "UPDATE visit SET resident_id = :merged WHERE id = ANY (:visits)",
)


def whole(db: Session, merged: int) -> dict[str, Any]:
    """What is kept of a record that goes: its rows of care, the numbers of its visits."""
    told: dict[str, Any] = db.scalar(sa.text(_WHOLE), {"id": merged})
    return told


def move(db: Session, keep: int, merged: int) -> None:
    """Let the kept record be cared for as the other was, where it was not."""
    for statement in _MOVE:
        db.execute(sa.text(statement), {"keep": keep, "merged": merged})


def restore(db: Session, merged: int, kept: Mapping[str, Any]) -> None:
    """Give a restored record back what `whole` kept; merges of former times kept nothing."""
    care, visits = kept.get("care", []), kept.get("visits", [])
    values = {"care": orjson.dumps(care).decode(), "merged": merged, "visits": visits}
    for statement in _RESTORE:
        db.execute(sa.text(statement), values)
