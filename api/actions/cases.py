"""案卷 by those who move them: look at one, list many, make a move, see the reporter's telephone.

Whose cases there are, the database decides by the viewer's scope; which moves, `gis.cases`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.case_look
import data.case_similar
import data.cases
import data.db
import data.journal
import data.scope
import gis.cases
from api.actions.register import LEAST_REASON, require
from data.case_look import Wanted
from data.cases import Case
from data.seal import Seal
from gis.access import Right, Viewer
from gis.cases import NETWORK, Said
from gis.errors import BadInput, Conflict, NotAllowed, NotFound
from gis.reports import unreadable, untimely
from gis.terms import Move

__all__ = ["Asked", "Wanted", "card", "contact", "listed", "move", "moves"]
CODES = ("kind", "class_code", "unit", "worker", "other", "cell")
MOST_CHARACTERS = {"words": 4000, "reason": 500, "closing": 500, "request_id": 80}
MOST_CHARACTERS |= dict.fromkeys(CODES, 500)


@dataclass(frozen=True)
class Asked:
    """A move as people say it: units, workers, cells and cases by code.

    `version` is the one that was seen; `condition` is a number within the class, which is the
    case's own unless `kind` and `class_code` tell another.
    """

    move: Move
    version: int | None = None
    words: str = ""
    reason: str = ""
    kind: str = ""
    class_code: str = ""
    condition: int | None = None
    unit: str = ""
    worker: str = ""
    until: datetime | None = None
    closing: str = ""
    other: str = ""
    cell: str = ""
    rating: int | None = None
    request_id: str = ""


# Looking


def card(store: sa.Engine, code: str, *, by: Viewer) -> dict[str, Any]:
    """Show a case: standing, times, holder, desk, what happened; the contact masked.

    Raises:
        NotFound: no such case is in the viewer's charge.
    """
    require(by, Right.CASES)
    with data.scope.transaction(store, by, keep=False) as db:
        return data.case_look.card(db, data.cases.find(db, code))


def listed(store: sa.Engine, wanted: Wanted, *, by: Viewer, now: datetime) -> dict[str, Any]:
    """List cases, the newest first: `cases`, and `next` to go on with."""
    require(by, Right.CASES)
    with data.scope.transaction(store, by, keep=False) as db:
        return data.case_look.listed(db, wanted, by=by, now=now)


def moves(store: sa.Engine, code: str, *, by: Viewer) -> dict[str, Any]:
    """Tell what the viewer may do with a case now, and what each move needs to be told.

    Raises:
        NotFound: no such case is in the viewer's charge.
    """
    require(by, Right.CASES)
    with data.scope.transaction(store, by, keep=False) as db:
        case = data.cases.find(db, code)
        steps = gis.cases.open_moves(case.standing, by=by)
        told = [
            {"move": str(step.move), "label": step.move.label, "needs": list(step.needs)}
            for step in steps
            if step.move not in NETWORK
        ]
        conditions = data.case_look.conditions(db, case) if _has(told, Move.FILE) else []
    return {"version": case.version, "state": case.state, "moves": told, "conditions": conditions}


def _has(told: list[dict[str, Any]], move: Move) -> bool:
    return any(one["move"] == move for one in told)


def contact(store: sa.Engine, code: str, reason: str, *, by: Viewer, seal: Seal) -> dict[str, Any]:
    """Open the reporter's telephone, for a reason that the journal keeps.

    Raises:
        NotFound: no such case is in the viewer's charge, or nobody left a telephone.
        NotAllowed: the viewer neither accepts, handles nor inspects cases.
    """
    rights = {Right.ACCEPT, Right.HANDLE, Right.INSPECT, Right.SUPERVISE}
    if not rights & by.rights:
        raise NotAllowed(f"to see a reporter's contact needs one of {', '.join(sorted(rights))}")
    if len(reason.strip()) < LEAST_REASON:
        raise BadInput(f"say why, in at least {LEAST_REASON} characters", field="reason")
    with data.scope.transaction(store, by) as db:
        case = data.cases.find(db, code)
        sealed = data.case_look.sealed_contact(db, case)
        if sealed is None:
            raise NotFound(f"whoever reported case {code} left no telephone", value=code)
        data.journal.write(
            db, actor=by.login, act="contact", subject=code, reason=reason.strip()[:500]
        )
    return {"code": code, "contact": seal.open("contact", sealed)}


# Moving


def move(store: sa.Engine, code: str, asked: Asked, *, by: Viewer, now: datetime) -> dict[str, Any]:
    """Make a move; return the new card. The same request id makes it once.

    Raises:
        NotFound: no such case is in the viewer's charge.
        Conflict: it was moved since `asked.version`, or does not stand where the move begins.
        NotAllowed: the role may not, or the case lies with somebody else.
        BadInput: something the move needs is missing, or a code names nothing.
    """
    require(by, Right.CASES)
    _refuse_unreadable(asked)
    if asked.move in NETWORK:
        raise BadInput(f"{asked.move.label} {asked.move} is a move of a whistle, not of a case")
    with data.scope.transaction(store, by) as db:
        if (
            asked.move is Move.JOIN and asked.other
        ):  # the main one is locked first, as whoever closes it does
            data.case_similar.main(db, asked.other, of=code)
        case = data.cases.locked(db, code)
        if not _made_before(db, case, asked):
            case = _move(db, case, asked, by=by, now=now)
        return _after(db, case)


def _move(db: Session, case: Case, asked: Asked, *, by: Viewer, now: datetime) -> Case:
    data.cases.refuse_older(db, case, asked.version)
    if asked.move in {Move.JOIN, Move.VOID}:
        data.case_similar.refuse_alone(db, case, by=by)
    if asked.move is Move.CLOSE:
        data.case_similar.hold(db, case, by=by)
    said = _said(db, case, asked)
    request_id = asked.request_id or None
    after = data.cases.move(db, case, asked.move, said, by=by, now=now, request_id=request_id)
    followed = {}
    if asked.move is Move.CLOSE:
        followed = {"followed": data.case_similar.follow(db, [case.id], by=by, now=now)}
    data.db.bump(db, "cases")
    data.journal.write(
        db, actor=by.login, act=str(asked.move), subject=case.code, case_state=str(after.state),
        reason=asked.reason, **followed,
    )  # fmt: skip
    return after


def _after(db: Session, case: Case) -> dict[str, Any]:
    """The card, or what is left to say when the move took the case out of the viewer's charge."""
    try:
        return data.case_look.card(db, data.cases.find(db, case.code))
    except NotFound:
        return {"code": case.code, "version": case.version, "state": str(case.state)}


def _made_before(db: Session, case: Case, asked: Asked) -> bool:
    """Whether the same request made this move already.

    Raises:
        Conflict: that id was used for something else.
    """
    if not asked.request_id:
        return False
    known = data.cases.told_as(db, asked.request_id)
    if known is not None and known != (case.id, asked.move):
        raise Conflict(
            f"the request id {asked.request_id!r} was used for another move; choose a new one"
        )
    return known is not None


def _said(db: Session, case: Case, asked: Asked) -> Said:
    told = {name: getattr(asked, name) for name in ("unit", "worker", "other", "condition")}
    kind, class_code = asked.kind or case.kind, asked.class_code or case.class_code
    numbers = data.case_look.numbers(db, told, kind=kind, class_code=class_code)
    return replace(
        Said(
            words=asked.words.strip(), reason=asked.reason.strip(), until=asked.until,
            closing=asked.closing.strip(), cell=asked.cell, rating=asked.rating,
        ),
        **numbers,
    )  # fmt: skip


def _refuse_unreadable(asked: Asked) -> None:
    faults = []
    for field, most in MOST_CHARACTERS.items():
        text = getattr(asked, field)
        if len(text) > most:
            faults.append((field, f"is longer than {most:,} characters"))
        if fault := unreadable(text, lines=field == "words"):
            faults.append((field, fault))
    if asked.until is not None and (fault := untimely(asked.until)):
        faults.append(("until", fault))
    if faults:
        raise BadInput(
            "; ".join(f"{field} {reason}" for field, reason in faults) + "; nothing was done",
            faults=[{"field": field, "reason": reason} for field, reason in faults],
        )
