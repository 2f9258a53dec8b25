"""日志: who did what. One line per act, written in the act's own transaction."""

from __future__ import annotations

from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.orm import Session

from gis.access import Viewer

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


def charge_of(viewer: Viewer) -> str:
    """Say what a viewer is in charge of, as the journal keeps it."""
    scope = viewer.scope
    if viewer.is_operator or scope.is_everything:
        return "everything"
    if scope.areas is not None:
        return "areas " + ", ".join(map(str, scope.areas)) if scope.areas else "nothing"
    return f"areas {scope.low}–{scope.high}" if scope.low <= scope.high else "nothing"


def ranges(numbers: list[int]) -> list[list[int]]:
    """Write rising numbers as first and last of each run: [1, 2, 3, 7] → [[1, 3], [7, 7]]."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return runs
