"""走访: who is due, a visit made, looked back at, undone; care recipients taken up and let go.

A visit keeps when, how and what was found; where its maker was, nobody asks.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

import data.care
import data.db
import data.journal
import data.scope
import gis.reports
from api.actions.register import require
from data.care import Told
from gis.access import Right, Viewer
from gis.errors import BadInput

__all__ = ["Told"]
Answer = dict[str, Any]
EARLY, LATE = timedelta(minutes=10), timedelta(days=366)
"""A phone's clock may be so far ahead; what is older than that is no news."""
MOST_WORDS = 1_000


def due(
    store: sa.Engine, *, by: Viewer, now: datetime, zone: str, days: int = 7,
    area: str | None = None, limit: int = 300,
) -> list[Answer]:  # fmt: skip
    """List who is to be visited within so many days, masked, the longest due first.

    Raises:
        NotFound: the area is neither a cell nor a division.
    """
    require(by, Right.PERSONS)
    today = now.astimezone(ZoneInfo(zone)).date()
    with data.scope.transaction(store, by, keep=False) as db:
        areas = data.care.areas_of(db, area) if area else None
        return data.care.due(
            db, today=today, until=today + timedelta(days=days), zone=zone, areas=areas,
            limit=limit,
        )  # fmt: skip


def history(store: sa.Engine, care: int, *, by: Viewer, now: datetime) -> list[Answer]:
    """List the visits to somebody who is cared for, the last first.

    Raises:
        NotFound: no such care recipient is in the viewer's charge.
    """
    require(by, Right.PERSONS)
    with data.scope.transaction(store, by, keep=False) as db:
        return data.care.history(db, data.care.resident_of(db, care), by=by, now=now)


def visit(
    store: sa.Engine, care: int, told: Told, *, by: Viewer, now: datetime, zone: str
) -> Answer:
    """Tell of a visit; the same request id again is the same visit, told once.

    Raises:
        BadInput: the time or the words cannot be kept.
        NotFound: no such care recipient is in the viewer's charge.
        Conflict: the request id is of another visit.
    """
    require(by, Right.EDIT_PERSONS)
    _check(told, now)
    with data.scope.transaction(store, by) as db:
        number, is_new = data.care.visit(db, care, told, by=by, now=now, zone=zone)
        resident = data.care.resident_of(db, care)
        answer = {"visit": number, "next_due_on": data.care.due_of(db, resident)}
        if is_new:
            data.db.bump(db, "care")
            data.journal.write(
                db, actor=by.login, act="visit", subject=f"resident:{resident}", visit=number,
                channel=told.channel,
            )  # fmt: skip
    return answer


def _check(told: Told, now: datetime) -> None:
    """Refuse what cannot be kept, all of it at once.

    Raises:
        BadInput: naming the fields in `faults`.
    """
    faults = []
    if fault := gis.reports.untimely(told.at) or _not_now(told.at, now):
        faults.append(("at", fault))
    if fault := gis.reports.unreadable(told.words, lines=True):
        faults.append(("words", fault))
    if len(told.words) > MOST_WORDS:
        faults.append(("words", f"has {len(told.words):,} characters; {MOST_WORDS:,} are enough"))
    if told.request_id is not None and gis.reports.unreadable(told.request_id):
        faults.append(("request_id", "holds characters nobody can read"))
    if faults:
        said = "; ".join(f"{field} {reason}" for field, reason in faults)
        raise BadInput(
            f"{said}; nothing was kept",
            field=faults[0][0],
            faults=[{"field": field, "reason": reason} for field, reason in faults],
        )


def _not_now(at: datetime, now: datetime) -> str | None:
    if at > now + EARLY:
        return f"{at.isoformat()} is still to come"
    return f"{at.isoformat()} is more than a year ago" if at < now - LATE else None


def undo(store: sa.Engine, number: int, *, by: Viewer, now: datetime, zone: str) -> Answer:
    """Undo one's own visit within a day; it stays on paper and counts no more.

    Raises:
        NotFound: no such visit is in the viewer's charge.
        NotAllowed: somebody else told it, or it is too old.
    """
    require(by, Right.EDIT_PERSONS)
    with data.scope.transaction(store, by) as db:
        resident, stood = data.care.undo(db, number, by=by, now=now, zone=zone)
        answer = {"visit": number, "next_due_on": data.care.due_of(db, resident)}
        if stood:
            data.db.bump(db, "care")
            data.journal.write(
                db, actor=by.login, act="visit-undo", subject=f"resident:{resident}", visit=number
            )
    return answer
