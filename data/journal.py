"""日志: who did what. One line per act, written in the act's own transaction."""

from __future__ import annotations

from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.orm import Session

_LINE = """
    INSERT INTO journal (actor, act, subject, detail)
    VALUES (:actor, :act, :subject, CAST(:detail AS jsonb))
"""


def write(db: Session, *, actor: str, act: str, subject: str | None = None, **detail: Any) -> None:
    """Write one line; `detail` holds plain JSON values and never a person's data.

    Nothing comes back: who may write the journal may not read it. Acts wait here for each other
    until they are kept, since each line is chained to the last: so it is the last thing they do.
    """
    told = orjson.dumps(detail, default=str).decode()
    db.execute(sa.text(_LINE), {"actor": actor, "act": act, "subject": subject, "detail": told})
