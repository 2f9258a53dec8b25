"""上报 by anybody from anywhere: a report becomes a case, once, and finds its cell or a desk."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import api.actions.follow
import data.case_report
import data.case_similar
import data.cases
import data.clock
import data.db
import data.journal
import data.scope
import gis.case_clock
import gis.reports
from data.seal import Seal
from gis.access import INTAKE, Viewer
from gis.case_clock import Times
from gis.cases import Event, Said, Standing
from gis.follow import Followed
from gis.reports import Report
from gis.terms import CaseState, Move

__all__ = ["Report", "report"]


def report(
    store: sa.Engine,
    told: Report,
    *,
    by: Viewer,
    seal: Seal,
    now: datetime,
    beside: Callable[[Session, data.case_report.Begun], None] | None = None,
) -> dict[str, Any]:
    """Make a case of a report; the same request id gives the same case and the same answer.

    What `beside` writes of it is kept with it, or neither.

    It runs as the city's own ear, so nobody is out of place; the answer tells what is public: code,
    class, cell or duty desk with whom to call, the code to follow it by, how many open cases are
    alike and near, and which of them `by` may see. The day of its number is the city's.

    Raises:
        BadInput: naming in `faults` everything that is wrong; nothing was kept.
    """
    checked = gis.reports.checked(told, now=now)
    with data.scope.transaction(store, by if by.is_operator else INTAKE) as db:
        begun = _begin(db, checked, by, seal, now)
        if beside is not None:
            beside(db, begun)
        public = data.case_report.told(db, begun.id)
        answer = _answer(db, public, by)
        answer["follow"] = api.actions.follow.code(Followed.CASE, begun.id, seal)
        if begun.is_new:
            data.db.bump(db, "cases")
            data.journal.write(
                db, actor=by.login, act="report", subject=public["code"],
                channel=checked.channel, desk=(public["desk"] or {}).get("code"),
            )  # fmt: skip
    return answer


def _begin(
    db: Session, report: Report, by: Viewer, seal: Seal, now: datetime
) -> data.case_report.Begun:
    where = data.case_report.place(db, report)
    standing = Standing(CaseState.REPORTED)
    calendar = data.clock.calendar(db)
    times = gis.case_clock.after(
        Move.REPORT, Times(), standing, limit=None, calendar=calendar, now=now
    )
    contact = report.contact or None
    begun = data.case_report.begin(
        db, report, where, times, now=now, zone=calendar.zone, reported_by=by.account or None,
        contact=(contact and gis.reports.masked(contact), seal.seal("contact", [contact])[0]),
    )  # fmt: skip
    if begun.is_new:
        said = Said(detail={"channel": report.channel})
        event = Event(Move.REPORT, None, CaseState.REPORTED, 0, now, said)
        data.cases.tell(db, begun.id, event, actor=by.name or by.login)
        data.cases.count(db, where.cell_id, cases=1, still_open=1)
    return begun


def _answer(db: Session, public: dict[str, Any], by: Viewer) -> dict[str, Any]:
    alike = data.case_similar.similar(db, public)
    seen = alike
    if alike and not by.is_operator:
        data.scope.enter(db, by)
        seen = data.case_similar.similar(db, public)
    return {
        "code": public["code"],
        "state": public["state"],
        "class": public["class"],
        "reported_at": public["reported_at"],
        "cell": public["cell"],
        "desk": public["desk"],
        "candidates": public["candidates"],
        "posts": public["posts"],
        "similar": {"count": len(alike), "cases": seen},
    }  # fmt: skip
