"""社区云: names and telephones of who asked end, some days after the answer; time erases them."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

import data.db
import data.journal
import data.questions


def end_contacts(store: sa.Engine, *, now: datetime) -> int:
    """Erase what was kept long enough, as the owner of the store; return of how many."""
    with data.db.transaction(store) as db:
        ended = data.questions.end_contacts(db, now=now)
        if any(ended.values()):
            data.journal.write(
                db, actor="clock", act="end_contacts",
                questions=ended["questions"], applications=ended["applications"],
            )  # fmt: skip
    return sum(ended.values())
