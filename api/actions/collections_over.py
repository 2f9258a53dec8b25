"""应急清单 that are over: time deletes them, all of each; the journal keeps that they were."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.collections
import data.db
import data.journal


def end_due(store: sa.Engine, *, now: datetime) -> int:
    """Delete all collections that are over, as the owner of the store; return how many."""
    with data.db.transaction(store) as db:
        gone = data.collections.end_due(db, now=now)
        for one in gone:
            journal(db, one, actor="clock")
    return len(gone)


def journal(db: Session, gone: dict[str, Any], *, actor: str) -> None:
    """Keep what a deleted collection was for, and in numbers who was in it."""
    data.journal.write(
        db, actor=actor, act="end_collection", subject=f"collection:{gone['id']}",
        kind=gone["kind"], reason=gone["purpose"], begun=gone["made_at"], until=gone["ends_at"],
        entries=gone["entries"], called=gone["called"],
    )  # fmt: skip
