"""待定: what only a person decides: what a sheet says otherwise, and who is the same person."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa

import data.journal
import data.register_decisions
import data.register_home
import data.register_merge
import data.scope
from api.actions.register import require
from data.register_edit import Told
from data.seal import Seal
from gis.access import Right, Viewer


def decisions(
    store: sa.Engine, *, by: Viewer, cell: str | None = None, limit: int = 100
) -> list[dict[str, Any]]:
    """List open decisions, the newest first; `fields` holds what stands and what the sheet says."""
    require(by, Right.DECIDE)
    with data.scope.transaction(store, by, keep=False) as db:
        return data.register_decisions.listed(db, cell=cell, limit=limit)


def decide(
    store: sa.Engine,
    decision_id: int,
    choice: str,
    *,
    fields: Collection[str] | None = None,
    by: Viewer,
    seal: Seal,
    now: datetime,
) -> dict[str, Any]:
    """Settle a decision: `taken` (the sheet, or only its `fields`), `kept`, or `added`.

    Raises:
        BadInput: the choice or a field is none of this decision.
        Conflict: it was decided already.
        NotFound: no such decision is in the viewer's charge.
    """
    require(by, Right.DECIDE)
    with data.scope.transaction(store, by) as db:
        told = Told("decide", by.login, now)
        done = data.register_decisions.decide(db, decision_id, choice, fields, told, seal=seal)
        if choice != "kept":
            data.register_home.count_again(db)
        data.journal.write(
            db, actor=by.login, act="decide", subject=f"decision:{decision_id}", choice=choice,
            resident=done["resident_id"], fields=done["fields"],
        )  # fmt: skip
    return done


# One person, two records


def duplicates(
    store: sa.Engine, *, by: Viewer, cell: str | None = None, limit: int = 100
) -> list[dict[str, Any]]:
    """Propose pairs of records that may be one person, the likeliest first, with the reason."""
    require(by, Right.DECIDE)
    with data.scope.transaction(store, by, keep=False) as db:
        return data.register_merge.duplicates(db, cell=cell, limit=limit)


def merge(
    store: sa.Engine, *, keep: int, merged: int, by: Viewer, seal: Seal, now: datetime
) -> dict[str, Any]:
    """Make one record of two: the blanks of `keep` are filled from `merged`, which goes.

    Raises:
        BadInput: both are the same record, or have different ids.
        NotFound: one of them is not in the viewer's charge.
    """
    require(by, Right.DECIDE)
    with data.scope.transaction(store, by) as db:
        told = Told("merge", by.login, now)
        merge_id = data.register_merge.merge(db, keep, merged, told, seal=seal)
        data.register_home.count_again(db)
        data.journal.write(
            db, actor=by.login, act="merge", subject=f"resident:{keep}", merged=merged
        )
    return {"id": merge_id, "kept": keep, "merged": merged}


def undo_merge(store: sa.Engine, merge_id: int, *, by: Viewer, now: datetime) -> dict[str, Any]:
    """Make two records again of one, exactly as both were.

    Raises:
        Conflict: it was undone already, or what was merged was changed since.
        NotFound: no such merge is in the viewer's charge.
    """
    require(by, Right.DECIDE)
    with data.scope.transaction(store, by) as db:
        kept, merged = data.register_merge.undo(db, merge_id, Told("undo_merge", by.login, now))
        data.register_home.count_again(db)
        data.journal.write(
            db, actor=by.login, act="undo_merge", subject=f"resident:{kept}", merged=merged
        )
    return {"id": merge_id, "kept": kept, "merged": merged}
