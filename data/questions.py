"""What residents ask for in the store: 咨询 and 志愿者报名, with a deadline; names are sealed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.clock
import gis.community
from data.locate import IN_FORCE
from data.members import MASKS
from data.seal import Seal
from gis.errors import BadInput, Conflict, NotFound
from gis.follow import Asked
from gis.terms_community import AskState

ANSWER_DAYS, CONTACT_DAYS = "answer_work_days", "contact_days"
"""The store facts that hold a city's own numbers of days."""


# Asking

_PLACE = f"""
    SELECT id, code, division_code FROM grid_cell c WHERE {IN_FORCE} AND (
        c.code = :cell OR ST_Intersects(c.geom, ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)))
    ORDER BY c.code COLLATE "C" LIMIT 1
"""


def place(db: Session, lon: float | None, lat: float | None, cell: str | None) -> dict[str, Any]:
    """The cell of a point or code as `cell_id` and `division_code`; both None where none is told.

    Raises:
        BadInput: a place is told, and no cell in force holds it.
    """
    if lon is None and cell is None:
        return {"cell_id": None, "division_code": None}
    asked = {"lon": lon, "lat": lat, "cell": cell}
    row = db.execute(sa.text(_PLACE), asked).mappings().one_or_none()
    if row is None:
        raise BadInput("no cell of the town holds this place", field="cell", value=cell)
    return {"cell_id": row["id"], "division_code": row["division_code"]}


def due(db: Session, asked_at: datetime) -> datetime:
    """By when a question is answered, by the working calendar of the store."""
    days = _days(db, ANSWER_DAYS) or gis.community.ANSWER_WORK_DAYS
    return gis.community.answer_due(asked_at, days, data.clock.calendar(db))


def _days(db: Session, fact: str) -> float | None:
    query = "SELECT (value #>> '{}')::float8 FROM store_fact WHERE key = :fact"
    days: float | None = db.scalar(sa.text(query), {"fact": fact})
    return days


def set_days(db: Session, fact: str, days: float) -> None:
    """Write how many days a city takes: `ANSWER_DAYS` from now on, `CONTACT_DAYS` at once."""
    query = """
        INSERT INTO store_fact (key, value) VALUES (:fact, to_jsonb(CAST(:days AS float8)))
        ON CONFLICT (key) DO UPDATE SET value = excluded.value
    """
    db.execute(sa.text(query), {"fact": fact, "days": days})


def sealed(told: Mapping[str, str | None], seal: Seal) -> dict[str, Any]:
    """Name and telephone as they are kept: masks and sealed bytes."""
    import pandas as pd

    kept: dict[str, Any] = {}
    for field, mask in MASKS.items():
        value = told.get(field)
        kept[f"{field}_mask"] = mask(pd.Series([value])).iloc[0] if value else None
        kept[f"{field}_sealed"] = seal.seal(field, [value or None])[0]
    return kept


def ask(db: Session, kind: Asked, row: Mapping[str, Any]) -> tuple[int, bool]:
    """Keep what was asked; its number, and whether it is new: a request is kept once."""
    values = ", ".join(f":{name}" for name in row)
    query = f"""
        INSERT INTO {kind} ({", ".join(row)}) VALUES ({values})
        ON CONFLICT (request_id) DO NOTHING RETURNING id
    """
    number = db.scalar(sa.text(query), dict(row))
    if number is not None:
        return int(number), True
    known = f"SELECT id FROM {kind} WHERE request_id = :request_id"
    return int(db.scalars(sa.text(known), {"request_id": row["request_id"]}).one()), False


# Answering: the row policies show each editor what is asked in his part of the town

_LISTED = {
    Asked.QUESTION: "adviser, topic, words, name_mask AS name, phone_mask AS phone",
    Asked.APPLICATION: "skills, times, name_mask AS name, phone_mask AS phone",
}


def listed(
    db: Session, kind: Asked, *, state: AskState | None, limit: int = 100
) -> list[dict[str, Any]]:
    """What was asked in the viewer's charge, masked: what is due first, first."""
    query = f"""
        SELECT q.id, q.version, q.state, asked_at, due_at, answer, answered_at, q.division_code,
               (SELECT name FROM division d WHERE d.code = q.division_code
                AND d.valid_to IS NULL LIMIT 1) AS division,
               c.code AS cell, c.name AS cell_name, {_LISTED[kind]}
        FROM {kind} q LEFT JOIN grid_cell c ON c.id = q.cell_id
        WHERE CAST(:state AS text) IS NULL OR q.state = :state
        ORDER BY q.state <> 'waiting', due_at, q.id LIMIT :limit
    """
    rows = db.execute(sa.text(query), {"state": state, "limit": limit}).mappings()
    return [dict(row) for row in rows]


def waiting(db: Session, kind: Asked, number: int, version: int) -> dict[str, Any]:
    """Lock what waits for an answer, as of the version that was seen.

    Raises:
        NotFound: it is not in the viewer's charge. Conflict: somebody was faster.
    """
    query = f"SELECT * FROM {kind} WHERE id = :id FOR UPDATE"
    row = db.execute(sa.text(query), {"id": number}).mappings().one_or_none()
    if row is None:
        raise NotFound(f"no {kind} {number} is in your charge", value=number)
    if row["version"] != version or row["state"] != AskState.WAITING:
        raise Conflict(
            f"{kind} {number} is {AskState(row['state']).label} {row['state']}, version "
            f"{row['version']}; you saw version {version}",
            version=row["version"],
        )
    return dict(row)


_ERASED = "name_mask = NULL, name_sealed = NULL, phone_mask = NULL, phone_sealed = NULL"


def answer(
    db: Session,
    kind: Asked,
    number: int,
    *,
    state: AskState,
    words: str | None,
    account: int,
    now: datetime,
) -> None:
    """Write the answer; the name and telephone of an application that is decided are erased."""
    erased = f", {_ERASED}" if kind is Asked.APPLICATION else ""
    query = f"""
        UPDATE {kind} SET state = :state, answer = :words, answered_at = :now, account = :account,
               version = version + 1 {erased} WHERE id = :id
    """
    values = {"state": state, "words": words, "now": now, "account": account, "id": number}
    db.execute(sa.text(query), values)


def contact(db: Session, kind: Asked, number: int, *, seal: Seal) -> dict[str, str | None]:
    """Name and telephone of who asked, in clear; the act writes the reason down first.

    Raises:
        NotFound: it is not in the viewer's charge, or nobody left any.
    """
    query = f"SELECT name_sealed, phone_sealed FROM {kind} WHERE id = :id"
    row = db.execute(sa.text(query), {"id": number}).mappings().one_or_none()
    if row is None or not any(row.values()):
        raise NotFound(f"no {kind} {number} with a name or telephone is in your charge")
    return {field: seal.open(field, _bytes(row[f"{field}_sealed"])) for field in MASKS}


def _bytes(value: Any) -> bytes | None:
    return None if value is None else bytes(value)


# The end of names and telephones

_END = """
    WITH ended AS (
        UPDATE {table} SET {erased}
        WHERE (name_sealed IS NOT NULL OR phone_sealed IS NOT NULL)
          AND CASE WHEN answered_at IS NULL THEN due_at + make_interval(days => :late)
                   ELSE answered_at + make_interval(secs => 86400 * :days) END <= :now
        RETURNING id
    ) SELECT count(*) FROM ended
"""


def end_contacts(db: Session, *, now: datetime) -> dict[str, int]:
    """Erase the names and telephones that were kept long enough; how many of each kind."""
    days = _days(db, CONTACT_DAYS) or gis.community.CONTACT_DAYS
    asked = {"now": now, "days": days, "late": gis.community.LATE_DAYS}
    return {
        f"{kind}s": int(
            db.execute(sa.text(_END.format(table=kind, erased=_ERASED)), asked).scalar_one()
        )
        for kind in Asked
    }
