"""日志: who did what. One line per act, written in the act's own transaction."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from data.models import Journal


def write(db: Session, *, actor: str, act: str, subject: str | None = None, **detail: Any) -> None:
    """Write one line; `detail` holds plain JSON values and never a person's data."""
    db.add(Journal(actor=actor, act=act, subject=subject, detail=detail))
