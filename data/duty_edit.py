"""责任 by hand: the list, a worker's shifts, leave, skills and room, a unit's hours and place.

Who may change which rows, the row policies decide: what is out of one's charge is not found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import gis.reports
from data.duty import PERIOD, VALID
from gis.duty_facts import Hours
from gis.errors import BadInput, Conflict, NotFound

MOST_LISTED = 500


def _rows(db: Session, query: str, **values: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in db.execute(sa.text(query), values).mappings()]


def _one(db: Session, query: str, sentence: str, **values: Any) -> dict[str, Any]:
    rows = _rows(db, query, **values)
    if not rows:
        raise NotFound(sentence)
    return rows[0]


# The responsibility list

_LIST = f"""
    SELECT r.id, r.side, r.kind, r.class_code, r.division_code, d.name AS division, r.rank,
           u.code AS unit_code, u.name AS unit, {PERIOD.format("r")}
    FROM responsibility r JOIN network_unit u ON u.id = r.unit_id
    LEFT JOIN division d ON d.code = r.division_code AND {VALID.format("d")}
    WHERE (r.valid_to IS NULL OR r.valid_to > :day)
      AND (CAST(:unit AS text) IS NULL OR u.code = :unit)
      AND (CAST(:division AS text) IS NULL OR r.division_code = :division)
      AND (CAST(:class AS text) IS NULL OR r.class_code IN (:class, left(:class, 2)))
    ORDER BY r.division_code COLLATE "C" NULLS LAST, r.side, r.class_code NULLS LAST, r.rank, r.id
    LIMIT {MOST_LISTED}
"""


def responsibilities(
    db: Session,
    *,
    day: date,
    unit: str | None = None,
    division: str | None = None,
    class_code: str | None = None,
) -> list[dict[str, Any]]:
    """List who answers for what, now or later, at most 500 lines."""
    asked = {"day": day, "unit": unit, "division": division, "class": class_code}
    return _rows(db, _LIST, **asked)


_ADD = """
    INSERT INTO responsibility (unit_id, side, kind, class_code, division_code, rank, valid_from)
    VALUES (:unit_id, :side, :kind, :class_code, :division, :rank, :valid_from)
    ON CONFLICT (kind, class_code, division_code, unit_id, valid_from) DO NOTHING RETURNING id
"""


def add_responsibility(db: Session, line: Mapping[str, Any]) -> int:
    """Add a line and return its number; `unit` and `division` are codes.

    Raises:
        NotFound: no unit, division or class of the catalogue has that code.
        Conflict: the list says so already.
    """
    unit_id = unit_named(db, line["unit"])["id"]
    for field, query in (
        ("division", "SELECT 1 FROM division WHERE code = :told"),
        ("class_code", "SELECT 1 FROM case_class WHERE code = :told OR major_code = :told"),
    ):
        told = line[field]
        if told is not None and not db.execute(sa.text(query), {"told": told}).first():
            raise NotFound(f"there is no {field.removesuffix('_code')} {told!r}", field=field)
    number = db.scalar(sa.text(_ADD), {**line, "unit_id": unit_id})
    if number is None:
        raise Conflict(f"the list says already that {line['unit']} answers for this")
    return int(number)


def end_responsibility(db: Session, number: int, day: date) -> None:
    """Let a line end on a day: on that day it no longer counts; one to come goes.

    Raises:
        NotFound: the viewer may change no such line.
    """
    ended = _rows(db, _END, id=number, day=day)
    if not ended:
        query = "DELETE FROM responsibility WHERE id = :id AND valid_from >= :day RETURNING id"
        _one(db, query, f"no line {number} that lasts is in your charge", id=number, day=day)


_END = """
    UPDATE responsibility SET valid_to = :day, changed_at = now()
    WHERE id = :id AND valid_from < :day AND (valid_to IS NULL OR valid_to > :day) RETURNING id
"""


# A worker


def worker_named(db: Session, code: str) -> dict[str, Any]:
    """Find a worker in the viewer's charge, and hold him: two acts about him wait for each other.

    Raises:
        NotFound: none has that code.
    """
    query = (
        "SELECT id, code, name, phone, skills, capacity FROM worker WHERE code = :code "
        "FOR NO KEY UPDATE"
    )
    return _one(db, query, f"no worker in your charge has the code {code!r}", code=code)


def roster(db: Session, code: str, *, now: datetime) -> dict[str, Any]:
    """A worker with his posts, shifts, and leave that is not over."""
    worker = worker_named(db, code)
    asked = {"worker": worker["id"], "now": now}
    shifts = f"SELECT s.id, s.weekday, s.starts, s.ends, {PERIOD.format('s')} FROM shift s"
    return worker | {
        "posts": _rows(db, _POSTS_OF, day=now.date(), **asked),
        "shifts": _rows(
            db, f"{shifts} WHERE worker_id = :worker ORDER BY weekday, starts, valid_from", **asked
        ),
        "absences": _rows(
            db,
            "SELECT id, starts_at, ends_at FROM absence "
            "WHERE worker_id = :worker AND ends_at > :now ORDER BY starts_at",
            **asked,
        ),
    }


_POSTS_OF = f"""
    SELECT c.code AS cell, c.name AS cell_name, p.role
    FROM post p JOIN grid_cell c ON c.id = p.cell_id
    WHERE p.worker_id = :worker AND {VALID.format("p")} ORDER BY p.role, c.code COLLATE "C"
"""

_ADD_SHIFT = """
    INSERT INTO shift (worker_id, weekday, starts, ends, valid_from, valid_to)
    VALUES (:worker, :weekday, :starts, :ends,
            coalesce(CAST(:valid_from AS date), '-infinity'), :valid_to)
    ON CONFLICT (worker_id, weekday, starts, valid_from) DO NOTHING RETURNING id
"""


def add_shift(db: Session, worker: int, shift: Hours) -> int:
    """Add a shift; the number tells it later.

    Raises:
        Conflict: one begins then already.
    """
    number = db.scalar(sa.text(_ADD_SHIFT), {"worker": worker, **vars(shift)})
    if number is None:
        raise Conflict(f"a shift begins already at {shift.starts:%H:%M} on that weekday")
    return int(number)


def add_absence(db: Session, worker: int, starts_at: datetime, ends_at: datetime) -> int:
    """Note that a worker is away; the reason is nobody's business here.

    Raises:
        BadInput: it ends before it begins, or in years that no calendar here has.
        Conflict: he is away then already.
    """
    for at in (starts_at, ends_at):
        if fault := gis.reports.untimely(at):
            raise BadInput(f"{at} {fault}")
    if ends_at <= starts_at:
        raise BadInput(f"{ends_at:%Y-%m-%d %H:%M} is not after {starts_at:%Y-%m-%d %H:%M}")
    asked = {"worker": worker, "starts": starts_at, "ends": ends_at}
    clash = _rows(
        db,
        "SELECT starts_at, ends_at FROM absence "
        "WHERE worker_id = :worker AND starts_at < :ends AND ends_at > :starts",
        **asked,
    )
    if clash:
        until = clash[0]["ends_at"].astimezone(starts_at.tzinfo)
        raise Conflict(f"that worker is away already, until {until:%Y-%m-%d %H:%M}")
    query = (
        "INSERT INTO absence (worker_id, starts_at, ends_at) VALUES (:worker, :starts, :ends) "
        "ON CONFLICT (worker_id, starts_at) DO UPDATE SET ends_at = excluded.ends_at RETURNING id"
    )
    return int(db.scalar(sa.text(query), asked) or 0)


def drop(db: Session, table: str, number: int) -> int:
    """Take a row of `shift` or `absence` away; return whose it was.

    Raises:
        NotFound: the viewer may change no such row.
    """
    query = f"DELETE FROM {table} WHERE id = :id RETURNING worker_id"
    row = _one(db, query, f"no {table} {number} is in your charge", id=number)
    return int(row["worker_id"])


def equip(db: Session, worker: int, *, skills: Sequence[str] | None, capacity: int | None) -> None:
    """Set what a worker can do, and how many cases he may have at once."""
    told = None if skills is None else list(skills)
    db.execute(sa.text(_EQUIP), {"id": worker, "skills": told, "capacity": capacity})


_EQUIP = """
    UPDATE worker SET skills = coalesce(CAST(:skills AS text[]), skills),
                      capacity = coalesce(:capacity, capacity), changed_at = now()
    WHERE id = :id
"""


# A unit


def unit_named(db: Session, code: str) -> dict[str, Any]:
    """Find a unit by code, with its place.

    Raises:
        NotFound: there is none.
    """
    return _one(db, _UNIT, f"no unit has the code {code!r}", code=code)


def unit_in_charge(db: Session, code: str) -> dict[str, Any]:
    """Find a unit of a division in the viewer's charge, and hold it.

    Raises:
        NotFound: none has that code.
    """
    sentence = f"no unit in your charge has the code {code!r}"
    return _one(db, f"{_UNIT} FOR NO KEY UPDATE", sentence, code=code)


_UNIT = """
    SELECT id, code, name, kind, division_code, phone, skills, ST_X(geom) AS lon, ST_Y(geom) AS lat
    FROM network_unit WHERE code = :code
"""


def unit_hours(db: Session, unit: int) -> list[dict[str, Any]]:
    """When a unit can be called; none: always."""
    query = (
        "SELECT weekday, starts, ends FROM open_hours WHERE unit_id = :unit "
        "ORDER BY weekday, starts"
    )
    return _rows(db, query, unit=unit)


def place_unit(db: Session, unit: int, lon: float, lat: float) -> None:
    """Say where a unit sets out from, WGS-84."""
    query = (
        "UPDATE network_unit SET geom = ST_SetSRID(ST_MakePoint(:lon, :lat), 4326), "
        "changed_at = now() WHERE id = :id"
    )
    db.execute(sa.text(query), {"id": unit, "lon": lon, "lat": lat})


def set_hours(db: Session, unit: int, hours: Sequence[Hours]) -> None:
    """Set when a unit can be called, instead of what was known; none: always."""
    db.execute(sa.text("DELETE FROM open_hours WHERE unit_id = :unit"), {"unit": unit})
    if hours:
        db.execute(
            sa.text(
                "INSERT INTO open_hours (unit_id, weekday, starts, ends) "
                "VALUES (:unit, :weekday, :starts, :ends)"
            ),
            [{"unit": unit, **vars(one)} for one in hours],
        )


def holder_named(db: Session, code: str) -> tuple[str, int]:
    """Find whom a case can be given to: "worker" or "unit", and the number.

    Raises:
        NotFound: neither has that code.
        Conflict: both have.
    """
    query = (
        "SELECT 'worker' AS kind, id FROM worker WHERE code = :code "
        "UNION ALL SELECT 'unit', id FROM network_unit WHERE code = :code"
    )
    found = _rows(db, query, code=code)
    if not found:
        raise NotFound(f"{code!r} is neither the code of a worker nor of a unit", value=code)
    if len(found) > 1:
        raise Conflict(f"a worker and a unit both have the code {code!r}", value=code)
    return found[0]["kind"], found[0]["id"]
