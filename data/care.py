"""走访 and 关爱对象 in the store: who is due, a visit made or undone, when again after it.

A visit stands with its person, whatever he is cared for: one visit serves all his categories.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.areas
import data.db
import gis.care
from data.locate import IN_FORCE
from gis.access import Viewer
from gis.errors import Conflict, NotAllowed, NotFound
from gis.terms_community import CareLevel, VisitChannel, VisitFinding

UNDO_WITHIN = timedelta(days=1)


@dataclass(frozen=True)
class Told:
    """What somebody tells of a visit."""

    at: datetime
    channel: VisitChannel
    finding: VisitFinding
    words: str = ""
    request_id: str | None = None


# Who is due

OPEN = "(k.until IS NULL OR k.until > :today)"
"""Which rows of `care_recipient` count on a day."""
_LEVELS = f"ARRAY[{', '.join(repr(str(level)) for level in CareLevel)}]"
_LAST = """
    SELECT v.at, v.channel, v.finding FROM visit v
    WHERE v.resident_id = {} AND v.undone_at IS NULL ORDER BY v.at DESC, v.id DESC LIMIT 1
"""
_DUE = f"""
    WITH person AS (
        SELECT k.resident_id, min(k.id) AS care, min(k.due_on) AS due_on, max(k.grade) AS grade,
               array_agg(k.category ORDER BY k.category) AS categories,
               ({_LEVELS})[min(array_position({_LEVELS}, k.level))] AS level
        FROM care_recipient k
        WHERE {OPEN} AND (CAST(:areas AS bigint[]) IS NULL OR k.area_no = ANY (:areas))
          AND (CAST(:resident AS bigint) IS NULL OR k.resident_id = :resident)
        GROUP BY k.resident_id HAVING min(k.due_on) <= :until
        ORDER BY min(k.due_on), min(array_position({_LEVELS}, k.level)), 1 LIMIT :limit
    )
    SELECT p.care, r.household_id AS household, r.id AS resident, r.name_mask, r.phone_mask,
           concat_ws(' ', coalesce(b.address, b.name, b.code), d.number) AS address,
           ST_X(d.geom) AS lon, ST_Y(d.geom) AS lat, c.code AS cell, p.categories, p.level,
           p.grade, p.due_on, greatest(:today - p.due_on, 0) AS overdue_days,
           CASE WHEN last.at IS NOT NULL THEN
               json_build_object('on', CAST(last.at AT TIME ZONE :zone AS date),
                                 'channel', last.channel, 'finding', last.finding) END AS last
    FROM person p JOIN resident r ON r.id = p.resident_id
    JOIN household h ON h.id = r.household_id JOIN dwelling d ON d.id = h.dwelling_id
    JOIN building b ON b.id = d.building_id LEFT JOIN grid_cell c ON c.id = d.cell_id
    LEFT JOIN LATERAL ({_LAST.format("r.id")}) last ON true
    ORDER BY p.due_on, array_position({_LEVELS}, p.level), r.id
"""


def due(
    db: Session,
    *,
    today: date,
    until: date,
    zone: str,
    areas: Sequence[int] | None = None,
    resident: int | None = None,
    limit: int = 300,
) -> list[dict[str, Any]]:
    """List who is to be visited by a day, masked, the longest due first; in some areas, or one.

    `zone` is that of the city's clock.
    """
    values = {
        "today": today, "until": until, "zone": zone, "resident": resident, "limit": limit,
        "areas": None if areas is None else list(areas),
    }  # fmt: skip
    return [dict(row) for row in db.execute(sa.text(_DUE), values).mappings()]


_AREAS = f"""
    SELECT c.area_no FROM grid_cell c
    WHERE {IN_FORCE} AND (c.id = ANY (:cells) OR c.division_code = ANY (:divisions))
"""


def areas_of(db: Session, code: str) -> list[int]:
    """The area numbers of a cell in force, or of all cells of a division and of those below it.

    Raises:
        NotFound: the code is of neither.
    """
    asked = data.areas.question(code)
    with data.db.cursor(db) as cursor:
        cells, divisions = (
            row[0] if (row := cursor.execute(query, asked).fetchone()) else None
            for query in (data.areas.CELLS.format(in_plan=IN_FORCE), data.areas.DIVISIONS)
        )
    if not cells and not divisions:
        raise data.areas.none_there(code)
    values = {"cells": cells or [], "divisions": [] if cells else divisions}
    return list(db.scalars(sa.text(_AREAS), values))


def resident_of(db: Session, care: int) -> int:
    """Whose row of care that is.

    Raises:
        NotFound: none that the viewer may see.
    """
    query = "SELECT resident_id FROM care_recipient WHERE id = :id"
    number = db.scalar(sa.text(query), {"id": care})
    if number is None:
        raise NotFound(f"no care recipient {care} is in your charge", field="care", value=care)
    return int(number)


_HISTORY = """
    SELECT v.id AS visit, v.at, v.channel, v.finding, v.words, v.actor AS by, v.undone_at,
           v.account = :account AND v.undone_at IS NULL AND v.told_at > :since AS can_undo
    FROM visit v WHERE v.resident_id = :resident ORDER BY v.at DESC, v.id DESC LIMIT :limit
"""


def history(
    db: Session, resident: int, *, by: Viewer, now: datetime, limit: int = 100
) -> list[dict[str, Any]]:
    """List the visits to a person, the last first, those undone too."""
    values = {"resident": resident, "account": by.account, "limit": limit}
    rows = db.execute(sa.text(_HISTORY), {**values, "since": now - UNDO_WITHIN}).mappings()
    return [dict(row) for row in rows]


# Visiting

_VISIT = """
    INSERT INTO visit (resident_id, at, channel, finding, words, account, actor, request_id,
                       told_at)
    VALUES (:resident, :at, :channel, :finding, nullif(:words, ''), :account, :actor, :request,
            :now)
    ON CONFLICT (request_id) DO NOTHING RETURNING id
"""


def visit(
    db: Session, care: int, told: Told, *, by: Viewer, now: datetime, zone: str
) -> tuple[int, bool]:
    """Write a visit, once for each request id; tell its number, and whether it is new.

    Raises:
        NotFound: no such care recipient is in the viewer's charge.
        Conflict: the request id is of a visit to somebody else.
    """
    resident = _held(db, resident_of(db, care))
    values = {
        "resident": resident, "at": told.at, "channel": str(told.channel), "now": now,
        "finding": str(told.finding), "words": told.words, "account": by.account,
        "actor": by.name or by.login, "request": told.request_id,
    }  # fmt: skip
    number = db.scalar(sa.text(_VISIT), values)
    if number is None:
        query = "SELECT id FROM visit WHERE request_id = :request AND resident_id = :resident"
        number = db.scalar(sa.text(query), values)
        if number is None:
            raise Conflict(f"request id {told.request_id!r} is of another visit; take a new one")
        return int(number), False
    settle(db, [resident], zone=zone)
    return int(number), True


def _held(db: Session, resident: int) -> int:
    """Keep others from visiting the same person until the act ends."""
    query = "SELECT id FROM care_recipient WHERE resident_id = :id ORDER BY id FOR UPDATE"
    db.execute(sa.text(query), {"id": resident})
    return resident


def undo(db: Session, number: int, *, by: Viewer, now: datetime, zone: str) -> tuple[int, bool]:
    """Undo one's own visit of the last day; tell whose it was, and whether it stood until now.

    Raises:
        NotFound: no such visit is in the viewer's charge.
        NotAllowed: somebody else made it, or it was told more than a day ago.
    """
    query = "SELECT resident_id, account, told_at, undone_at FROM visit WHERE id = :id FOR UPDATE"
    row = db.execute(sa.text(query), {"id": number}).one_or_none()
    if row is None:
        raise NotFound(f"no visit {number} is in your charge", value=number)
    if row.account != by.account:
        raise NotAllowed(f"visit {number} was told by somebody else; who told it undoes it")
    if row.undone_at is not None:
        return int(row.resident_id), False
    if row.told_at < now - UNDO_WITHIN:
        raise NotAllowed(f"visit {number} was told more than a day ago; it stays as it was told")
    db.execute(
        sa.text("UPDATE visit SET undone_at = :at WHERE id = :id"), {"at": now, "id": number}
    )
    settle(db, [_held(db, row.resident_id)], zone=zone)
    return int(row.resident_id), True


def due_of(db: Session, resident: int) -> date | None:
    """When a person is to be visited next; null when he is cared for no more."""
    query = """SELECT min(due_on) FROM care_recipient
        WHERE resident_id = :id AND (until IS NULL OR until > current_date)"""
    told: date | None = db.scalar(sa.text(query), {"id": resident})
    return told


# When again

_STANDING = f"""
    SELECT k.id, k.level, k.told_on, CAST(last.at AT TIME ZONE :zone AS date) AS last, last.finding
    FROM care_recipient k LEFT JOIN LATERAL ({_LAST.format("k.resident_id")}) last ON true
    WHERE k.resident_id = ANY (:residents) ORDER BY k.id
"""
_SET_DUE = """
    UPDATE care_recipient k SET due_on = t.due_on
    FROM unnest(CAST(:ids AS bigint[]), CAST(:days AS date[])) t (id, due_on)
    WHERE k.id = t.id AND k.due_on <> t.due_on
"""


def settle(db: Session, residents: Sequence[int], *, zone: str) -> None:
    """Say anew when these people are to be visited next, as `gis.care` says."""
    values = {"residents": list(residents), "zone": zone}
    rows = db.execute(sa.text(_STANDING), values).all()
    if not rows:
        return
    ids, levels, told_on, last, findings = zip(*rows, strict=True)
    days = gis.care.due_on(
        np.array(levels, object),
        np.array(last, "datetime64[D]"),
        np.array(findings, object),
        begun=np.array(told_on, "datetime64[D]"),
    )
    db.execute(sa.text(_SET_DUE), {"ids": list(ids), "days": days.tolist()})


_NEW_DAY = """
    INSERT INTO data_version AS counted (layer, version)
    VALUES ('care counted', current_date - DATE '2020-01-01')
    ON CONFLICT (layer) DO UPDATE SET version = EXCLUDED.version
    WHERE counted.version <> EXCLUDED.version RETURNING version
"""


def count_on_a_new_day(db: Session) -> None:
    """Count again, once a day, who is cared for in each cell: some are from that day no more."""
    if db.scalar(sa.text(_NEW_DAY)) is not None:
        db.execute(sa.text("SELECT count_care()"))
