"""工作日历 in the store: holidays, shifted working days, and the hours of work of each weekday."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.db
from data.intake import Outcome
from gis.calendar import WorkPeriod

_WRITE = """
    WITH told AS (
        SELECT * FROM unnest(CAST(:day AS date[]), CAST(:kind AS text[]), CAST(:name AS text[]))
                      AS t (day, kind, name)
    ), changed AS (
        UPDATE calendar_day d SET kind = t.kind, name = t.name FROM told t
        WHERE d.day = t.day AND (d.kind, d.name) <> (t.kind, t.name) RETURNING d.day
    ), added AS (
        INSERT INTO calendar_day (day, kind, name)
        SELECT * FROM told t WHERE NOT EXISTS (SELECT FROM calendar_day d WHERE d.day = t.day)
        RETURNING day
    )
    SELECT (SELECT count(*) FROM added) AS added, (SELECT count(*) FROM changed) AS changed
"""


def write(db: Session, frame: pd.DataFrame) -> Outcome:
    """Write the days of a checked sheet; the others stay as they are."""
    told = {name: frame[name].tolist() for name in ("day", "kind", "name")}
    added, changed = db.execute(sa.text(_WRITE), told).one()
    if added + changed:
        data.db.bump(db, "calendar")
    return Outcome(added, changed, len(frame) - added - changed)


def days(db: Session, year: int) -> list[dict[str, Any]]:
    """List the days of a year that are not what their weekday says."""
    query = "SELECT day, kind, name FROM calendar_day WHERE extract(year FROM day) = :year"
    rows = db.execute(sa.text(f"{query} ORDER BY day"), {"year": year}).mappings()
    return [dict(row) for row in rows]


# The hours of work

_PERIODS = """
    SELECT weekday, starts, ends, nullif(valid_from, '-infinity') AS valid_from, valid_to
    FROM work_period p ORDER BY weekday, p.valid_from, starts
"""


def periods(db: Session) -> list[WorkPeriod]:
    """List the hours of work of every weekday, former and coming ones too."""
    return [WorkPeriod(*row) for row in db.execute(sa.text(_PERIODS))]


def set_periods(
    db: Session, told: Iterable[WorkPeriod], *, weekdays: list[int], since: date
) -> None:
    """Let `weekdays` have the hours `told` from a day on; those before end there.

    Deadlines that are set already stay as they are.
    """
    what = {"weekdays": weekdays, "since": since}
    db.execute(
        sa.text("DELETE FROM work_period WHERE weekday = ANY(:weekdays) AND valid_from >= :since"),
        what,
    )
    db.execute(
        sa.text(
            "UPDATE work_period SET valid_to = :since WHERE weekday = ANY(:weekdays)"
            " AND (valid_to IS NULL OR valid_to > :since)"
        ),
        what,
    )
    rows = [
        {"weekday": one.weekday, "starts": one.begins, "ends": one.ends, "since": since}
        for one in told
    ]
    if rows:
        db.execute(
            sa.text(
                "INSERT INTO work_period (weekday, starts, ends, valid_from)"
                " VALUES (:weekday, :starts, :ends, :since)"
            ),
            rows,
        )
    data.db.bump(db, "calendar")
