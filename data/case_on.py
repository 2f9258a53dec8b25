"""案卷 as of a day: the state and the cell that each case had when the day ended.

The state is where its last event of that day or before led. The cell is the one it is filed in,
unless a re-draw moved it later: then the one it moved from, which its timeline keeps; where
somebody settled it later, the cell of that day's plan that its place lies in. A case that had ended
keeps the cell of its day. Whose cases are seen is decided by where they are now.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.areas
import data.clock
import data.db
import data.grid
import data.plan_cells
from data.case_look import MOST, Wanted
from gis.errors import BadInput
from gis.terms import ENDED_STATES, Move

_ENDED = ", ".join(f"'{state}'" for state in ENDED_STATES)
_ON_DAY = data.plan_cells.of_plan(":plan", "CAST(:day AS date)")

# A case that a sheet brought later is known by its dates only: closed by then, or not
_WAS = f"""
    WITH later AS MATERIALIZED (
        SELECT DISTINCT ON (e.case_id) e.case_id, e.move, e.detail ->> 'cell_before' AS cell
        FROM case_event e WHERE e.at >= :ends AND e.move IN ('{Move.REFILE}', '{Move.SETTLE}')
        ORDER BY e.case_id, e.id
    ),
    was AS (
        SELECT f.id, f.code, f.title, f.kind, f.class_code, f.reported_at, f.address, f.desk_code,
               ST_X(f.geom) AS lon, ST_Y(f.geom) AS lat, f.state AS state_now,
               CASE WHEN past.target IS NOT NULL THEN past.target
                    WHEN f.closed_at < :ends THEN f.state
                    WHEN began.move <> '{Move.BRING}' THEN began.target END AS state,
               held.code AS cell_now, held.name AS name_now,
               held.division_code AS division_code_now,
               CASE later.move WHEN '{Move.REFILE}' THEN later.cell
                               WHEN '{Move.SETTLE}' THEN here.code ELSE held.code END AS cell,
               CASE later.move WHEN '{Move.SETTLE}' THEN 'place' ELSE 'filed' END AS cell_by
        FROM case_file f
        LEFT JOIN later ON later.case_id = f.id
        LEFT JOIN grid_cell held ON held.id = f.cell_id
        LEFT JOIN LATERAL (
            SELECT c.code FROM grid_cell c
            WHERE later.move = '{Move.SETTLE}' AND c.geom && f.geom
              AND ST_Intersects(c.geom, f.geom) AND {_ON_DAY}
            ORDER BY c.code COLLATE "C" LIMIT 1
        ) here ON true
        LEFT JOIN LATERAL (
            SELECT e.target FROM case_event e
            WHERE {{sought}} AND e.case_id = f.id AND e.at < :ends ORDER BY e.id DESC LIMIT 1
        ) past ON true
        LEFT JOIN LATERAL (
            SELECT e.move, e.target FROM case_event e
            WHERE {{sought}} AND past.target IS NULL AND e.case_id = f.id ORDER BY e.id LIMIT 1
        ) began ON true
        WHERE (f.reported_at IS NULL OR f.reported_at < :ends) AND {{only}}
    )
"""
_TOLD = "coalesce(told.{0}, CASE WHEN w.cell = w.cell_now THEN w.{0}_now END)"
"""Of the cell of that day; of one that had ended by then, as it was last."""
_OPEN = f"(w.state IS NULL OR w.state NOT IN ({_ENDED}))"
_LIST = f"""
    {_WAS}
    SELECT w.id, w.code, w.title, w.kind, w.class_code, w.reported_at, w.address, w.lon, w.lat,
           w.state, w.cell, {_TOLD.format("name")} AS cell_name, w.cell_by, w.desk_code AS desk,
           w.state_now, w.cell_now
    FROM was w LEFT JOIN LATERAL (
        SELECT c.name, c.division_code FROM grid_cell c WHERE c.code = w.cell AND {_ON_DAY} LIMIT 1
    ) told ON true
    WHERE {{which}} ORDER BY w.id DESC LIMIT :limit
"""
_COUNT = f"""
    {_WAS}
    SELECT w.cell, count(*) AS cases, count(*) FILTER (WHERE {_OPEN}) AS open_cases
    FROM was w WHERE w.cell IS NOT NULL GROUP BY 1
"""
_IN_DOUBT = f"NOT (f.state IN ({_ENDED}) AND coalesce(f.closed_at < :ends, false))"
"""Whether its events must be asked if a case was open: not where it has ended for good by then."""
_ONLY = {
    "kind": "f.kind = :kind",
    "class_code": "f.class_code = :class_code",
    "after": "f.id < :after",
    "codes": """f.id IN (SELECT o.id FROM case_file o JOIN grid_cell c ON c.id = o.cell_id
                         WHERE c.code = ANY (:codes) UNION SELECT case_id FROM later)""",
}
_WHICH = {
    "states": "w.state = ANY (:states)",
    "codes": "w.cell = ANY (:codes) AND w.desk_code IS NULL",
    "divisions": f"""(w.desk_code = ANY (:divisions) OR w.desk_code IS NULL
        AND {_TOLD.format("division_code")} = ANY (:divisions))""",
}


def listed(db: Session, wanted: Wanted, day: date) -> dict[str, Any]:
    """A page of the cases reported by the end of a day, as they were then, the newest first.

    `state` is null where a sheet brought the case later, and it was not closed by then; `cell_by`
    is `filed`, or `place` where only its place tells; `state_now` and `cell_now` are of today.

    Raises:
        BadInput: what is told of now only was asked of a day.
        NotFound: no plan was in force, or the area is neither a cell nor a division.
    """
    _refuse_present(wanted)
    named = {name: getattr(wanted, name) for name in ("states", "kind", "class_code", "after")}
    asked = {name: value for name, value in named.items() if value}
    if wanted.area:
        asked |= area(db, wanted.area)
    only = [_ONLY[name] for name in asked if name in _ONLY]
    which = [_WHICH[name] for name in asked if name in _WHICH]
    if wanted.is_open is not None:
        which.append(_OPEN if wanted.is_open else f"NOT {_OPEN}")
    query = _LIST.format(
        only=" AND ".join(only) or "true", which=" AND ".join(which) or "true", sought="true"
    )
    most = max(1, min(wanted.limit, MOST))
    values = {**_moment(db, day), **asked, "limit": most + 1}
    rows = db.execute(sa.text(query), values).mappings().all()
    shown = [dict(row) for row in rows[:most]]
    return {"on": day, "cases": shown, "next": shown[-1]["id"] if len(rows) > most else None}


def counted(
    db: Session, day: date, codes: Sequence[str] | None = None
) -> dict[str, tuple[int, int]]:
    """Code of a cell of a day → cases reported in it by the end of that day, and those still open.

    With `codes` of these cells only, and perhaps of some more.

    Raises:
        NotFound: no plan was in force.
    """
    only = "true" if codes is None else _ONLY["codes"]
    query = _COUNT.format(only=only, sought=_IN_DOUBT)
    rows = db.execute(sa.text(query), {**_moment(db, day), "codes": codes})
    return {row.cell: (row.cases, row.open_cases) for row in rows}


def _moment(db: Session, day: date) -> dict[str, Any]:
    """The plan of a day, and the instant before which it ended."""
    ends: datetime = data.clock.calendar(db).begin_of(day + timedelta(days=1))
    return {"plan": data.grid.plan_on(db, day).id, "day": day, "ends": ends}


_PRESENT = ("mine", "overdue", "desk")


def _refuse_present(wanted: Wanted) -> None:
    told = [name for name in _PRESENT if getattr(wanted, name)]
    if told:
        raise BadInput(
            f"{', '.join(told)}: told of now only; of a day past are state, open, area, cell, kind "
            "and class",
            field=told[0],
        )


_EVER = """
    SELECT true FROM grid_cell c JOIN grid_plan p ON p.id = c.plan_id AND p.state <> 'draft'
    WHERE c.code = :code LIMIT 1
"""


def area(db: Session, code: str) -> dict[str, Any]:
    """The cell that is or was in force, as `codes`, or `divisions`: that one and all below it.

    Raises:
        NotFound: it is neither.
    """
    if db.scalar(sa.text(_EVER), {"code": code}):
        return {"codes": [code]}
    with data.db.cursor(db) as cursor:
        row = cursor.execute(data.areas.DIVISIONS, data.areas.question(code)).fetchone()
    if not row or not row[0]:
        raise data.areas.none_there(code)
    return {"divisions": list(row[0])}
