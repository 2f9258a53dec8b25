"""台账 by those in charge: search, a household's card, edit, unmask, history, completeness.

What is answered is masked; only `unmask` opens one person, and its journal line is kept before.
Whose rows there are, the database decides by the viewer's scope.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

import data.journal
import data.locate
import data.register_edit
import data.register_gaps
import data.register_home
import data.register_look
import data.register_sheets
import data.scope
import gis.register
from data.register_edit import Told
from data.seal import Seal
from gis.access import Right, Viewer
from gis.errors import BadInput, Conflict, NotAllowed

MOST_LINES = 200
LEAST_REASON = 4
CLEAR = ("name", "id_number", "phone", "birth_date")
"""What unmasking opens."""


def require(by: Viewer, right: Right) -> None:
    """Refuse who lacks a right.

    Raises:
        NotAllowed: naming the role and the right.
    """
    if not by.may(right):
        role = by.role.label if by.role else "未登录 nobody"
        raise NotAllowed(f"the role {role} may not do this; it needs the right {right}")


# Looking


def find(
    store: sa.Engine, q: str, *, by: Viewer, seal: Seal, cell: str | None = None, limit: int = 50
) -> dict[str, Any]:
    """Find residents by name, id, phone, surname, address or dwelling; `more` if there are more.

    Who looks up an id or a phone learns that it is there: the journal keeps that he did.

    Raises:
        BadInput: nothing is asked.
    """
    require(by, Right.PERSONS)
    asked = gis.register.asked(q)
    limit = max(1, min(limit, MOST_LINES))
    with data.scope.transaction(store, by, keep=asked.number is not None) as db:
        lines = data.register_look.find(db, asked, seal, cell=cell, limit=limit + 1)
        if asked.number:
            data.journal.write(
                db, actor=by.login, act="look_up", subject=asked.number,
                residents=[line["id"] for line in lines[:limit]],
            )  # fmt: skip
    return {"lines": lines[:limit], "more": len(lines) > limit}


def household(store: sa.Engine, household_id: int, *, by: Viewer) -> dict[str, Any]:
    """Show a household's card: version, cell, home, and its residents with their versions.

    Raises:
        NotFound: no such household is in the viewer's charge.
    """
    require(by, Right.PERSONS)
    with data.scope.transaction(store, by, keep=False) as db:
        return data.register_look.household(db, household_id)


def homes(store: sa.Engine, cell: str, *, by: Viewer) -> dict[str, Any]:
    """List the buildings of a cell with their dwellings and households.

    Raises:
        NotFound: no cell in force has that code.
    """
    require(by, Right.PERSONS)
    with data.scope.transaction(store, by, keep=False) as db:
        return data.register_look.homes(db, cell)


def history(store: sa.Engine, resident_id: int, *, by: Viewer) -> list[dict[str, Any]]:
    """List what changed of a resident, when, by whom and from which sheet; masked.

    Raises:
        NotFound: no such resident is in the viewer's charge.
    """
    require(by, Right.PERSONS)
    with data.scope.transaction(store, by, keep=False) as db:
        data.register_look.resident(db, resident_id)
        return data.register_look.history(db, resident_id)


def completeness(
    store: sa.Engine, *, by: Viewer, seal: Seal, cell: str | None = None
) -> dict[str, Any]:
    """Tell what is missing: `cells` with their counts, or the `lists` of one cell.

    `cell` "" asks for what no cell holds.
    """
    require(by, Right.PERSONS)
    with data.scope.transaction(store, by, keep=False) as db:
        if cell is None:
            return data.register_gaps.overview(db)
        told = data.register_gaps.of_cell(db, cell)
        ids = [one["id"] for one in told["lists"]["refused_rows"]]
        told["lists"]["refused_rows"] = data.register_sheets.refused_rows(db, seal, ids=ids)
        return told


# Changing


def edit(
    store: sa.Engine,
    resident_id: int,
    version: int,
    changes: Mapping[str, str | None],
    *,
    by: Viewer,
    seal: Seal,
    now: datetime,
) -> dict[str, Any]:
    """Change fields of a resident as it was seen at `version`; return it as it is now, masked.

    A blank clears a field. An id brings sex and birth along where these are blank.

    Raises:
        BadInput: a value cannot be kept; `faults` names fields and reasons.
        Conflict: it was changed meanwhile: `theirs` is what stands now, `yours` what was meant,
            both masked; or another record has the id.
    """
    require(by, Right.EDIT_PERSONS)
    values = gis.register.check_person(changes, today=now.date())
    with data.scope.transaction(store, by) as db:
        row = data.register_edit.locked(db, resident_id)
        if row["version"] != version:
            raise _changed_meanwhile(row, values)
        of_id = gis.register.told_by_id(values.get("id_number"))
        values = {field: one for field, one in of_id.items() if row[field] is None} | values
        told = Told("edit", by.login, now)
        fields = data.register_edit.change(db, row, values, told, seal=seal)
        answer = data.register_look.resident(db, resident_id)
        if fields:
            data.journal.write(
                db, actor=by.login, act="edit", subject=f"resident:{resident_id}", fields=fields
            )
    return answer


def _changed_meanwhile(row: Mapping[str, Any], values: Mapping[str, Any]) -> Conflict:
    theirs = data.register_edit.masked(row)
    mine = {
        "birth" if field == "birth_date" else field: gis.register.shown(field, value)
        for field, value in values.items()
    }
    return Conflict(
        f"resident {row['id']} was changed by somebody else meanwhile: it is at version "
        f"{row['version']} now; look at both and save again",
        theirs=theirs,
        yours=theirs | mine,
        version=row["version"],
    )


def add_resident(
    store: sa.Engine,
    household_id: int,
    values: Mapping[str, str | None],
    *,
    by: Viewer,
    seal: Seal,
    now: datetime,
) -> dict[str, Any]:
    """Register a new resident in a household; return it, masked.

    Raises:
        BadInput: a value cannot be kept, or there is no name.
        Conflict: another record has the id.
        NotFound: no such household is in the viewer's charge.
    """
    require(by, Right.EDIT_PERSONS)
    checked = gis.register.check_person({"name": "", **values}, today=now.date())
    for field, value in gis.register.told_by_id(checked.get("id_number")).items():
        checked[field] = checked.get(field) or value
    with data.scope.transaction(store, by) as db:
        data.register_look.household(db, household_id)
        told = Told("add", by.login, now)
        resident_id = data.register_home.add(db, household_id, checked, told, seal=seal)
        answer = data.register_look.resident(db, resident_id)
        data.register_home.count_again(db)
        data.journal.write(
            db, actor=by.login, act="add", subject=f"resident:{resident_id}",
            household=household_id,
        )  # fmt: skip
    return answer


def move(
    store: sa.Engine,
    resident_id: int,
    version: int,
    *,
    dwelling_id: int,
    household: str = "1",
    by: Viewer,
    seal: Seal,
    now: datetime,
) -> dict[str, Any]:
    """Move a resident to a household, by its number, of a dwelling in the viewer's charge.

    Raises:
        Conflict: it was changed meanwhile.
        NotFound: no such resident or dwelling is in the viewer's charge.
    """
    require(by, Right.EDIT_PERSONS)
    with data.scope.transaction(store, by) as db:
        row = data.register_edit.locked(db, resident_id)
        if row["version"] != version:
            raise _changed_meanwhile(row, {})
        told = Told("move", by.login, now)
        data.register_home.move(db, row, dwelling_id, household, told, seal=seal)
        data.register_home.count_again(db)
        answer = data.register_look.resident(db, resident_id)
        data.journal.write(
            db, actor=by.login, act="move", subject=f"resident:{resident_id}",
            dwelling=dwelling_id,
        )  # fmt: skip
    return answer


def leave(
    store: sa.Engine,
    resident_id: int,
    version: int,
    reason: str,
    *,
    by: Viewer,
    seal: Seal,
    now: datetime,
) -> None:
    """Take a resident who left or died out of the register; his history keeps what was known.

    Raises:
        BadInput: no reason is given.
        Conflict: it was changed meanwhile.
    """
    require(by, Right.EDIT_PERSONS)
    reason = reason_of(reason)
    with data.scope.transaction(store, by) as db:
        row = data.register_edit.locked(db, resident_id)
        if row["version"] != version:
            raise _changed_meanwhile(row, {})
        told = Told("leave", by.login, now)
        data.register_home.leave(db, row, told, seal=seal)
        data.register_home.count_again(db)
        data.journal.write(
            db, actor=by.login, act="leave", subject=f"resident:{resident_id}", reason=reason
        )


# Unmasking


def unmask(
    store: sa.Engine, resident_id: int, reason: str, *, by: Viewer, seal: Seal
) -> dict[str, Any]:
    """Open one person for a reason; the journal line is kept before the answer is given.

    Raises:
        BadInput: the reason is too short.
        NotFound: no such resident is in the viewer's charge.
    """
    require(by, Right.UNMASK)
    reason = reason_of(reason)
    with data.scope.transaction(store, by) as db:
        row = data.register_edit.seen(db, resident_id)
        clear = {field: data.register_edit.opened(seal, row, field) for field in CLEAR}
        reason = reason.replace(str(clear["name"]), "***")  # the journal names nobody
        data.journal.write(
            db, actor=by.login, act="unmask", subject=f"resident:{resident_id}", reason=reason,
            fields=[field for field, value in clear.items() if value is not None],
        )  # fmt: skip
    return {field: None if value is None else str(value) for field, value in clear.items()}


def reason_of(text: str) -> str:
    """A reason as the journal keeps it: without ids and phones.

    Raises:
        BadInput: it is too short to be one.
    """
    reason = " ".join(text.split())
    if len(reason) < LEAST_REASON:
        raise BadInput(f"say why, in at least {LEAST_REASON} characters; {reason!r} is too short")
    return _NUMBER.sub(lambda found: f"{found[0][:3]}****", reason[:500])


_NUMBER = re.compile(r"[0-9]{7,}[0-9Xx]?")
"""An id or a phone in a reason would stand in clear in the journal."""
