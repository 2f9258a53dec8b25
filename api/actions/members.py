"""双报到: members register where they live, with what they can do and when; named to few."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import sqlalchemy as sa

import data.duty_sheets
import data.journal
import data.members
import data.scope
import gis.duty_sheet
import gis.rows
from api.actions.register import reason_of, require
from data.seal import Seal
from gis.access import Right, Viewer
from gis.errors import BadInput
from gis.terms import RecordKind


def listed(
    store: sa.Engine,
    *,
    by: Viewer,
    cell: str | None = None,
    skill: str | None = None,
    limit: int = 200,
) -> list[dict[str, Any]]:
    """List members in the viewer's charge, masked."""
    require(by, Right.DUTY)
    with data.scope.transaction(store, by, keep=False) as db:
        return data.members.listed(db, cell=cell, skill=skill, limit=limit)


def register(
    store: sa.Engine, told: Mapping[str, str | None], *, by: Viewer, seal: Seal, zone: str
) -> dict[str, Any]:
    """Register a member in a cell, or change what is known of the one with that code.

    `told` has the fields of a row of the sheet of members, as text.

    Raises:
        BadInput: a value cannot be kept; all of them are named.
        NotAllowed: the cell is not in the viewer's charge.
    """
    require(by, Right.DUTY)
    frame = pd.DataFrame([dict(told)], dtype="str", index=[1])
    cleaned = gis.rows.clean(frame, gis.duty_sheet.fields(RecordKind.MEMBERS, zone))
    _refuse(cleaned.faults)
    with data.scope.transaction(store, by) as db:
        found, faults = data.duty_sheets.resolve(db, cleaned.frame)
        _refuse(faults)
        outcome, _ = data.duty_sheets.write_members(db, found, seal=seal)
        data.journal.write(
            db, actor=by.login, act="register", subject=f"member:{told.get('code') or 'new'}",
            added=outcome.added, changed=outcome.changed,
        )  # fmt: skip
    return {"added": outcome.added, "changed": outcome.changed}


def _refuse(faults: pd.DataFrame) -> None:
    if len(faults):
        told = faults[["field", "value", "reason"]].to_dict("records")
        sentence = "; ".join(f"{one['field']} {one['value']!r}: {one['reason']}" for one in told)
        raise BadInput(sentence, faults=told)


def unmask(
    store: sa.Engine, number: int, reason: str, *, by: Viewer, seal: Seal
) -> dict[str, str | None]:
    """Open one member's name and phone for a reason; the journal line is kept before the answer.

    Raises:
        BadInput: the reason is too short.
        NotFound: no such member is in the viewer's charge.
    """
    require(by, Right.DUTY)
    reason = reason_of(reason)
    with data.scope.transaction(store, by) as db:
        clear = data.members.opened(db, number, seal=seal)
        for value in clear.values():
            reason = reason.replace(value, "***") if value else reason
        data.journal.write(
            db, actor=by.login, act="unmask", subject=f"member:{number}", reason=reason
        )
    return clear


def withdraw(store: sa.Engine, number: int, *, by: Viewer) -> None:
    """Take a member out, with name and phone.

    Raises:
        NotFound: no such member is in the viewer's charge.
    """
    require(by, Right.DUTY)
    with data.scope.transaction(store, by) as db:
        data.members.withdraw(db, number)
        data.journal.write(db, actor=by.login, act="withdraw", subject=f"member:{number}")
