"""案卷 that a sheet of another system brings: every one begins, or goes on, with an event of it."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.case_desk
import data.case_due
import data.case_similar
import data.db
import data.intake
from data.intake import IN_AREA, PLACED, Outcome, Target
from gis.access import Right, Viewer
from gis.terms import ENDED_STATES, CaseState, Progress, quiet

CASES = Target(
    "case_file",
    ("code",),
    {
        "code": "text",
        "title": "text",
        "kind": "text",
        "class_code": "text",
        "state": "text",
        "reported_at": "timestamptz",
        "due_at": "timestamptz",
        "closed_at": "timestamptz",
        "address": "text",
        "description": "text",
        "accuracy_m": "float8",
        **PLACED,
        **IN_AREA,
    },
    told_once=frozenset({"state"}),
)

_OTHERWISE = """
    SELECT f.id, f.state, s.state AS told, f.changed_at = now() AS is_changed
    FROM staged s JOIN case_file f ON f.code = s.code AND f.state <> s.state
    ORDER BY f.id FOR UPDATE OF f
"""
_BEGIN = """
    INSERT INTO case_event (case_id, at, account, actor, move, target, detail)
    SELECT f.id, :now, :account, :actor, 'bring', f.state,
           jsonb_strip_nulls(jsonb_build_object('unit', f.unit_id))
    FROM staged s JOIN case_file f ON f.code = s.code
    WHERE NOT EXISTS (SELECT FROM case_event e WHERE e.case_id = f.id AND e.source IS NULL)
    ORDER BY f.id
"""
_GO_ON = """
    INSERT INTO case_event (case_id, at, account, actor, move, source, target)
    SELECT f.id, :now, :account, :actor, 'bring', f.state, told.state
    FROM unnest(CAST(:ids AS bigint[]), CAST(:states AS text[])) AS told (id, state)
    JOIN case_file f ON f.id = told.id ORDER BY f.id
"""
_STOP = """
    UPDATE case_file SET stood = NULL, suspended_until = NULL, clock = NULL, stage_due_at = NULL,
        next_at = NULL, next_move = NULL
    WHERE id = ANY (:ids)
      AND num_nonnulls(stood, suspended_until, clock, stage_due_at, next_at, next_move) > 0
"""


def write(
    db: Session, frame: pd.DataFrame, *, by: Viewer, now: datetime, progress: Progress = quiet
) -> Outcome:
    """Write the cases of a sheet, each with an event of it; a blank state changes none.

    How far another system is, it says itself: a case goes where its sheet says, and its clock runs
    to the deadline that its sheet tells (`data.case_due`).
    """
    begins = frame.assign(state=frame["state"].fillna(str(CaseState.REPORTED)))
    outcome = data.intake.write(db, CASES, begins, progress)
    with data.db.cursor(db) as cursor:
        data.intake.stage(cursor, frame[["code", "state"]], CASES.types)
    values = {"now": now, "account": by.account, "actor": by.name or by.login}
    db.execute(sa.text(_BEGIN), values)
    rows = db.execute(sa.text(_OTHERWISE)).all()
    if rows:
        values |= {"ids": [row.id for row in rows], "states": [row.told for row in rows]}
        db.execute(sa.text(_GO_ON), values)
        db.execute(sa.text(_STOP), values)
        ended = [row.id for row in rows if row.told in ENDED_STATES]
        if ended and by.may(Right.INSPECT):
            data.case_similar.follow(db, ended, by=by, now=now)
    data.case_due.begin(db, now=now)
    if by.scope.is_everything:
        data.case_desk.seat(db)
    moved = sum(not row.is_changed for row in rows)
    return Outcome(outcome.added, outcome.changed + moved, outcome.unchanged - moved)


_UNTRUE = """
    SELECT count(*) FROM case_file f LEFT JOIN (
        SELECT DISTINCT ON (case_id) case_id, target FROM case_event ORDER BY case_id, id DESC
    ) e ON e.case_id = f.id
    WHERE e.target IS DISTINCT FROM f.state
"""


def untrue(db: Session) -> int:
    """Count the cases that do not stand where their last event led."""
    return int(db.scalar(sa.text(_UNTRUE)) or 0)
