"""What whoever reported or asked is told of it: states and dates, and no name."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from gis.follow import Followed

_CASE = """
    SELECT f.code, f.state, f.reported_at, f.due_at, f.closed_at,
           (SELECT k.name FROM case_class k WHERE (k.kind, k.code) = (f.kind, f.class_code)
            LIMIT 1) AS class,
           (SELECT json_agg(json_build_object('move', e.move, 'state', e.target, 'at', e.at)
                            ORDER BY e.id)
            FROM case_event e
            WHERE e.case_id = f.id AND e.source IS DISTINCT FROM e.target) AS steps
    FROM case_file f WHERE f.id = :id
"""
"""Its title, address and words may name people, and are not told."""

_QUERIES = {
    Followed.CASE: _CASE,
    Followed.QUESTION: """
        SELECT adviser, topic, words, state, asked_at, due_at, answer, answered_at
        FROM question WHERE id = :id""",
    Followed.APPLICATION: """
        SELECT skills, state, asked_at, due_at, answer, answered_at
        FROM application WHERE id = :id""",
}


def told(db: Session, kind: Followed, number: int) -> dict[str, Any] | None:
    """Where it stands, and the answer; None where there is none."""
    row = db.execute(sa.text(_QUERIES[kind]), {"id": number}).mappings().one_or_none()
    return {"what": kind.name.lower(), **row} if row else None
