"""Cases as people look at them: the card of one, lists of many, and whom a code names."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.areas
import data.case_similar
import data.cases
import data.db
import data.photos
from data.cases import Case
from data.locate import IN_FORCE
from gis.access import Viewer
from gis.errors import BadInput
from gis.terms import ENDED_STATES

MOST = 500

_NAMED = """json_build_object('code', {0}.code, 'name', {0}.name)"""
_UNIT = """CASE WHEN u.id IS NOT NULL THEN json_build_object(
    'code', u.code, 'name', u.name, 'kind', u.kind, 'phone', u.phone) END"""
_WORKER = """CASE WHEN w.id IS NOT NULL THEN json_build_object(
    'code', w.code, 'name', w.name, 'phone', w.phone) END"""

_CARD = f"""
    SELECT json_build_object('kind', f.kind, 'code', f.class_code, 'name', k.name,
                             'major', k.major_name) AS class,
           CASE WHEN c.id IS NOT NULL THEN {_NAMED.format("c")} END AS cell,
           CASE WHEN f.desk_code IS NOT NULL
                THEN json_build_object('code', f.desk_code, 'name', d.name) END AS desk,
           {_UNIT} AS unit, {_WORKER} AS worker,
           CASE WHEN n.id IS NOT NULL THEN json_build_object(
               'number', n.number, 'filing', n.filing, 'amount', n.amount, 'clock', n.clock,
               'closing', n.closing) END AS condition,
           m.code AS joined_to
    FROM case_file f
    LEFT JOIN grid_cell c ON c.id = f.cell_id
    LEFT JOIN division d ON d.code = f.desk_code AND d.valid_to IS NULL
    LEFT JOIN network_unit u ON u.id = f.unit_id
    LEFT JOIN worker w ON w.id = f.worker_id
    LEFT JOIN case_condition n ON n.id = f.condition_id
    LEFT JOIN LATERAL (SELECT * FROM case_class k WHERE k.kind = f.kind AND k.code = f.class_code
                       ORDER BY k.id = n.class_id DESC, k.id LIMIT 1) k ON true
    LEFT JOIN case_file m ON m.id = f.joined_to
    WHERE f.id = :id
"""
_OWN = ("id", "code", "version", "title", "area_no", "channel", "reported_at", "address",
        "description", "lon", "lat", "accuracy_m", "candidates", "filed_at", "dispatched_at",
        "handled_at", "closed_at")  # fmt: skip
_STOOD = ("state", "assigned", "stood", "until", "extension_asked", "extensions", "appeal",
          "exempt", "supervised", "returns", "reworks")  # fmt: skip
_TIMED = ("due_at", "stage_due_at", "overdue_at", "level", "next_at", "next_move")


def card(db: Session, case: Case) -> dict[str, Any]:
    """A case's card: where it stands, until when, with whom, and all that happened to it.

    The reporter's telephone is masked.
    """
    row = db.execute(sa.text(_CARD), {"id": case.id}).mappings().one()
    like = {name: getattr(case, name) for name in ("id", "kind", "class_code", "lon", "lat")}
    return {
        **{name: getattr(case, name) for name in _OWN if name not in {"id", "area_no"}},
        **{name: getattr(case.standing, name) for name in _STOOD},
        **{name: getattr(case.times, name) for name in _TIMED},
        "label": case.state.label,
        "contact": case.contact_mask,
        **row,
        "joined": data.case_similar.joined(db, case),
        "similar": data.case_similar.similar(db, {**like, "reported_at": case.reported_at}),
        "timeline": data.cases.timeline(db, case),
        "photos": data.photos.of_case(db, case),
    }


def sealed_contact(db: Session, case: Case) -> bytes | None:
    """The reporter's telephone as it is kept; null when none was left."""
    query = "SELECT contact_sealed FROM case_file WHERE id = :id"
    sealed: bytes | None = db.scalar(sa.text(query), {"id": case.id})
    return sealed


# Lists


@dataclass(frozen=True)
class Wanted:
    """Which cases are listed: by state, area (cell or division), class, holder, lateness."""

    states: list[str] = field(default_factory=list)
    is_open: bool | None = None
    area: str | None = None
    kind: str | None = None
    class_code: str | None = None
    mine: bool = False
    overdue: bool = False
    desk: bool = False
    after: int | None = None
    limit: int = 50


_ENDED = ", ".join(f"'{state}'" for state in ENDED_STATES)
_LIST = """
    SELECT f.id, f.code, f.version, f.state, f.title, f.kind, f.class_code, f.reported_at,
           f.due_at, f.stage_due_at, f.overdue_at, f.supervised, f.level, f.address,
           ST_X(f.geom) AS lon, ST_Y(f.geom) AS lat,
           c.code AS cell, c.name AS cell_name, f.desk_code AS desk, u.name AS unit,
           w.name AS worker, f.joined_to IS NOT NULL AS is_joined
    FROM case_file f LEFT JOIN grid_cell c ON c.id = f.cell_id
                     LEFT JOIN network_unit u ON u.id = f.unit_id
                     LEFT JOIN worker w ON w.id = f.worker_id
    WHERE {only} ORDER BY f.id DESC LIMIT :limit
"""
_ONLY = {
    "states": "f.state = ANY (:states)",
    "kind": "f.kind = :kind",
    "class_code": "f.class_code = :class_code",
    "after": "f.id < :after",
    "cells": "f.cell_id = ANY (:cells) AND f.desk_code IS NULL",
    "divisions": """(f.desk_code = ANY (:divisions) OR f.desk_code IS NULL AND f.cell_id IN
        (SELECT id FROM grid_cell WHERE division_code = ANY (:divisions)))""",
    "unit": "(f.unit_id = :unit OR f.worker_id = :worker)",
}
_OVERDUE = f"""f.state NOT IN ({_ENDED})
    AND (f.overdue_at IS NOT NULL OR f.due_at < :now OR f.stage_due_at < :now)"""


def listed(db: Session, wanted: Wanted, *, by: Viewer, now: datetime) -> dict[str, Any]:
    """A page of cases, the newest first; `next` is the `after` of the following page, or null.

    Raises:
        BadInput: `mine` is asked by somebody who is neither a worker nor of a unit.
        NotFound: the area is neither a cell nor a division.
    """
    if wanted.mine and not (by.unit or by.worker):
        raise BadInput("no case can be yours: your account is of no worker and of no unit")
    named = {name: getattr(wanted, name) for name in ("states", "kind", "class_code", "after")}
    values: dict[str, Any] = {name: value for name, value in named.items() if value}
    if wanted.area:
        values |= _area(db, wanted.area)
    if wanted.mine:
        values |= {"unit": by.unit, "worker": by.worker}
    only = [_ONLY[name] for name in values if name in _ONLY]
    if wanted.is_open is not None:
        only.append(f"f.state {'NOT ' if wanted.is_open else ''}IN ({_ENDED})")
    if wanted.desk:
        only.append("f.desk_code IS NOT NULL")
    if wanted.overdue:
        only.append(_OVERDUE)
    most = max(1, min(wanted.limit, MOST))
    query = _LIST.format(only=" AND ".join(only) or "true")
    rows = db.execute(sa.text(query), {**values, "now": now, "limit": most + 1}).mappings().all()
    shown = [dict(row) for row in rows[:most]]
    return {"cases": shown, "next": shown[-1]["id"] if len(rows) > most else None}


_CELL_OF = data.areas.CELLS.format(in_plan=IN_FORCE)


def _area(db: Session, code: str) -> dict[str, list[Any]]:
    """A cell in force, or a division and all below it."""
    asked = data.areas.question(code)
    with data.db.cursor(db) as cursor:
        for name, query in (("cells", _CELL_OF), ("divisions", data.areas.DIVISIONS)):
            row = cursor.execute(query, asked).fetchone()
            if row and row[0]:
                return {name: list(row[0])}
    raise data.areas.none_there(code)


# Whom a code names

_NUMBERS = {
    "unit": "SELECT id FROM network_unit WHERE code = :unit",
    "worker": "SELECT id FROM worker WHERE code = :worker",
    "other": "SELECT id FROM case_file WHERE code = :other",
    "condition": """SELECT n.id FROM case_condition n JOIN case_class k ON k.id = n.class_id
        WHERE n.number = :condition AND k.code = :class_code AND k.kind = :kind
        ORDER BY k.is_local DESC LIMIT 1""",
}


def numbers(db: Session, told: dict[str, Any], *, kind: str | None, class_code: str | None) -> Any:
    """The numbers of the unit, worker, other case and condition that are told by code.

    A condition is told by its number within a class.

    Raises:
        BadInput: naming in `faults` the codes that name nothing.
    """
    asked = {name: value for name, value in told.items() if name in _NUMBERS and value}
    if not asked:
        return {}
    parts = ", ".join(f"({_NUMBERS[name]}) AS {name}" for name in asked)
    values = {**asked, "kind": kind, "class_code": class_code}
    row = db.execute(sa.text(f"SELECT {parts}"), values).mappings().one()
    faults = [
        {"field": name, "value": asked[name], "reason": _unknown(name, kind, class_code)}
        for name in asked
        if row[name] is None
    ]
    if faults:
        said = "; ".join(f"{one['field']} {one['value']!r} {one['reason']}" for one in faults)
        raise BadInput(f"{said}; nothing was done", faults=faults)
    return dict(row)


def _unknown(name: str, kind: str | None, class_code: str | None) -> str:
    if name == "condition":
        if not (kind and class_code):
            return (
                "is a number within a class, and none is told: name its kind and its code (class)"
            )
        return f"is no condition of the class {kind} {class_code}"
    return "names nobody in the network" if name != "other" else "is no case in your charge"


_CONDITIONS = """
    SELECT n.number, n.filing, n.amount, n.clock, n.closing
    FROM case_condition n JOIN case_class k ON k.id = n.class_id
    WHERE k.kind = :kind AND k.code = :class_code ORDER BY k.is_local DESC, n.number
"""


def conditions(db: Session, case: Case) -> list[dict[str, Any]]:
    """The conditions of a case's class by which it can be filed."""
    values = {"kind": case.kind, "class_code": case.class_code}
    return [dict(row) for row in db.execute(sa.text(_CONDITIONS), values).mappings()]
