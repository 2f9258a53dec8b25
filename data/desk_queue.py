"""待办: the open cases in the order in which they are due, a page at a time.

First those whose clock runs, by when they are due: the most urgent of the late ones leads, and what
has no limit ends them. Then those whose clock stands, in the same order: nobody is waited for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.areas
import data.clock
import data.db
import gis.desk_clock
from gis.errors import BadInput
from gis.terms import ENDED_STATES, STANDING_STATES, CaseState

MOST = 200


def _among(states: Iterable[CaseState]) -> str:
    return f"({', '.join(repr(state.value) for state in states)})"


OPEN = f"f.state NOT IN {_among(ENDED_STATES)}"
DUE = "coalesce(f.stage_due_at, f.due_at, 'infinity')"
"""What is due next: the present step of the office, else handling; what has no limit comes last."""
STANDS = f"f.state IN {_among(STANDING_STATES)}"
LATE = f"(f.overdue_at IS NOT NULL OR NOT {STANDS} AND {DUE} < :now)"


@dataclass(frozen=True)
class Wanted:
    """Which open cases: of some states, of an area (cell or division), of a class, late ones."""

    states: Sequence[CaseState] = field(default_factory=list)
    area: str | None = None
    kind: str | None = None
    class_code: str | None = None
    overdue: bool = False
    after: str | None = None
    limit: int = 50


CLASS_OF = """
    LEFT JOIN LATERAL (SELECT name FROM case_class k WHERE k.kind = f.kind AND k.code = f.class_code
                       ORDER BY k.is_local DESC, k.id LIMIT 1) k ON true
"""
"""The class (k) of a case (f): the city's own where it has one."""
_ROWS = f"""
    SELECT f.id, f.code, f.version, f.state, f.kind, f.class_code, k.name AS class_name, f.title,
           f.address, ST_X(f.geom) AS lon, ST_Y(f.geom) AS lat, c.code AS cell,
           c.name AS cell_name, f.reported_at, f.stage_due_at, f.clock,
           nullif({DUE}, 'infinity') AS due_at, {LATE} AS overdue, {STANDS} AS stands,
           f.supervised, f.level,
           CASE WHEN w.id IS NOT NULL
                THEN json_build_object('kind', 'worker', 'code', w.code, 'name', w.name)
                WHEN u.id IS NOT NULL
                THEN json_build_object('kind', 'unit', 'code', u.code, 'name', u.name)
           END AS holder,
           (SELECT json_build_object('round', s.round, 'kind', s.kind, 'state', s.state)
            FROM whistle s WHERE s.case_id = f.id ORDER BY s.round DESC LIMIT 1) AS whistle
    FROM case_file f LEFT JOIN grid_cell c ON c.id = f.cell_id
    LEFT JOIN worker w ON w.id = f.worker_id LEFT JOIN network_unit u ON u.id = f.unit_id
    {CLASS_OF}
    WHERE {OPEN} AND {{only}} ORDER BY {DUE}, f.id LIMIT :limit
"""
_ONLY = {
    "states": "f.state = ANY (:states)",
    "kind": "f.kind = :kind",
    "class_code": "f.class_code = :class_code",
    "divisions": "(f.desk_code = ANY (:divisions) OR f.desk_code IS NULL "
    "AND f.cell_id = ANY (:cells))",
    "overdue": LATE,
}


def listed(db: Session, wanted: Wanted, *, now: datetime) -> dict[str, Any]:
    """A page of open cases by when they are due, with the bar of each; the first with `facets`.

    `next` is the `after` of the following page, or null.

    Raises:
        BadInput: `after` is no `next` of a page.
        NotFound: the area is neither a cell nor a division.
    """
    values = _values(db, wanted)
    told = {"at": now} | page(
        db, _where(values), values, now=now, limit=wanted.limit, after=wanted.after
    )
    return told if wanted.after else told | {"facets": _facets(db, values, now=now)}


def page(
    db: Session,
    only: str,
    values: Mapping[str, Any],
    *,
    now: datetime,
    limit: int = MOST,
    after: str | None = None,
) -> dict[str, Any]:
    """A page of the open cases f for which the SQL `only` holds: `cases`, and `next` or null.

    Raises:
        BadInput: `after` is no `next` of a page.
    """
    most = max(1, min(limit, MOST))
    rows = _in_order(
        db, only, values, now=now, limit=most + 1, after=_read(after) if after else None
    )
    return {
        "cases": _shown(db, rows[:most], now=now),
        "next": _token(rows[most - 1]) if len(rows) > most else None,
    }


def _shown(db: Session, rows: list[dict[str, Any]], *, now: datetime) -> list[dict[str, Any]]:
    """Rows as the desk sees them: without their numbers, with the clock as a bar."""
    bars = gis.desk_clock.bars(rows, data.clock.calendar(db), now=now)
    hidden = {"id", "clock", "stage_due_at"}
    return [
        {name: value for name, value in row.items() if name not in hidden}
        | {"clock": bar.clock, "started_at": bar.started_at, "share": bar.share}
        | {"stands": row["stands"] or bar.stands, "why": None}
        for row, bar in zip(rows, bars, strict=True)
    ]


def _values(db: Session, wanted: Wanted) -> dict[str, Any]:
    values: dict[str, Any] = {
        "states": [str(state) for state in wanted.states],
        "kind": wanted.kind,
        "class_code": wanted.class_code,
        "overdue": wanted.overdue,
    }
    values = {name: value for name, value in values.items() if value}
    return values | (data.areas.held(db, wanted.area) if wanted.area else {})


def _where(values: dict[str, Any]) -> str:
    return " AND ".join(_ONLY[name] for name in values if name in _ONLY) or "true"


@dataclass(frozen=True)
class _Place:
    """A place in the queue: whether the clock stands there, what is due, the number of the case."""

    stands: bool
    due: datetime | str
    id: int


_AFTER = f"({DUE}, f.id) > (:due, :id)"


def _in_order(
    db: Session,
    only: str,
    values: Mapping[str, Any],
    *,
    now: datetime,
    limit: int,
    after: _Place | None = None,
) -> list[dict[str, Any]]:
    """The first open cases f after a place for which the SQL `only` holds, in the queue's order.

    Each part is asked by itself, so that both go along the index of what is due.
    """
    rows: list[dict[str, Any]] = []
    for stands in (False, True):
        if len(rows) == limit or (after and after.stands > stands):
            continue
        begins = after if after and after.stands == stands else None
        part = f"{only} AND {'' if stands else 'NOT '}{STANDS} AND {_AFTER if begins else 'true'}"
        told = {**values, **(vars(begins) if begins else {}), "now": now}
        query = sa.text(_ROWS.format(only=part))
        found = db.execute(query, {**told, "limit": limit - len(rows)}).mappings()
        rows += [dict(row) for row in found]
    return rows


# Where the next page begins


def _token(row: dict[str, Any]) -> str:
    due = row["due_at"]
    at = due.astimezone(UTC).isoformat() if due else "infinity"
    return f"{'standing' if row['stands'] else 'running'}_{at}_{row['id']}"


def _read(token: str) -> _Place:
    try:
        part, due, number = token.split("_")
        at = due if due == "infinity" else datetime.fromisoformat(due).isoformat()
        if part not in ("running", "standing") or not 0 < int(number) < 2**63:
            raise ValueError(token)
        return _Place(part == "standing", at, int(number))
    except ValueError as error:
        raise BadInput(f"after is {token!r}, which no page told as its next") from error


# How many there are

_FACETS = f"""
    SELECT f.state, f.kind, f.class_code, count(*) AS cases,
           count(*) FILTER (WHERE {LATE}) AS overdue
    FROM case_file f WHERE {OPEN} AND {{only}} GROUP BY 1, 2, 3
"""
_NAMES = """
    SELECT DISTINCT ON (kind, code) kind, code, name FROM case_class
    WHERE code = ANY (:codes) ORDER BY kind, code, is_local DESC, id
"""


def _facets(db: Session, values: dict[str, Any], *, now: datetime) -> dict[str, Any]:
    """Counts of the area's cases: by state among those of the class asked for, and by class
    among those of the states asked for."""
    asked = {name: value for name, value in values.items() if name in {"divisions", "overdue"}}
    groups = db.execute(sa.text(_FACETS.format(only=_where(asked))), {**values, "now": now}).all()
    states, classes = Counter[str](), Counter[tuple[str, str]]()
    kept = late = standing = 0
    for state, kind, code, cases, overdue in groups:
        of_class = values.get("kind") in (None, kind) and values.get("class_code") in (None, code)
        of_state = not values.get("states") or state in values["states"]
        if of_class:
            states[state] += cases
        if of_state:
            classes[kind, code] += cases
        if of_class and of_state:
            kept, late = kept + cases, late + overdue
            standing += cases * (state in STANDING_STATES)
    named = class_names(db, [code for _, code in classes if code])
    by_class = [
        {"kind": kind, "code": code, "name": named.get((kind, code)), "cases": cases}
        for (kind, code), cases in classes.most_common()
    ]
    return {
        "cases": kept,
        "overdue": late,
        "standing": standing,
        "by_state": dict(states),
        "by_class": by_class,
    }


def class_names(db: Session, codes: list[str]) -> dict[tuple[str, str], str]:
    """The names of classes: (kind, code) → name."""
    rows = db.execute(sa.text(_NAMES), {"codes": codes})
    return {(row.kind, row.code): row.name for row in rows}
