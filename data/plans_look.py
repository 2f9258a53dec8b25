"""Looking back: which cell this was in on that day, and what became of it and of all others."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.grid
import data.plan_cells
import gis.coordinates
import gis.lineage
from data.models import GridPlan
from gis.errors import BadInput, NotFound
from gis.lineage import Lineage

_ON_DAY = data.plan_cells.of_plan(":plan", "CAST(:day AS date)")
_AT = f"""
    SELECT c.id, c.code, c.name, c.division_code FROM grid_cell c
    WHERE {_ON_DAY} AND CASE WHEN CAST(:code AS text) IS NOT NULL THEN c.code = :code
        ELSE ST_Intersects(c.geom, ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)) END
    ORDER BY c.code COLLATE "C" LIMIT 1
"""
_POSTS = """
    SELECT p.role, w.name FROM post p JOIN worker w ON w.id = p.worker_id
    JOIN grid_cell c ON c.id = p.cell_id
    WHERE c.code = :code AND p.valid_from <= :day AND (p.valid_to IS NULL OR p.valid_to > :day)
    ORDER BY p.role, w.name
"""
_SINCE = """
    WITH RECURSIVE line AS (
        SELECT l.* FROM cell_lineage l WHERE l.parent_code = :code AND l.number > :number
        UNION
        SELECT l.* FROM line JOIN cell_lineage l
          ON l.parent_code = line.child_code AND l.number > line.number
    )
    SELECT p.valid_from AS on, p.name AS plan, l.parent_code AS parent, l.child_code AS child,
           l.kind, round(l.households_share::numeric, 4)::float8 AS households_share,
           round(l.area_share::numeric, 4)::float8 AS area_share
    FROM line l JOIN grid_plan p ON p.number = l.number
    ORDER BY l.number, l.parent_code, l.child_code
"""


def cell_on(db: Session, asked: str, day: date) -> dict[str, Any]:
    """The cell that `lon,lat` was in on a day, or that had the code; posts, and its lineage since.

    Raises:
        NotFound: no plan was in force, or no cell was there.
        BadInput: `asked` has a comma, of either width, and is no place.
    """
    plan = data.grid.plan_on(db, day)
    values = {"plan": plan.id, "day": day, **_asked(asked)}
    row = db.execute(sa.text(_AT), values).mappings().one_or_none()
    if row is None:
        raise NotFound(f"no cell of plan {plan.name!r}, in force on {day}, is at {asked}")
    about = {"code": row["code"], "day": day, "number": plan.number or 0}
    return {
        "day": day,
        "plan": plan.name,
        "cell": {"code": row["code"], "name": row["name"], "community": row["division_code"]},
        "posts": [dict(one) for one in db.execute(sa.text(_POSTS), about).mappings()],
        "since": [dict(one) for one in db.execute(sa.text(_SINCE), about).mappings()],
    }


def _asked(asked: str) -> dict[str, Any]:
    if not re.search(r"[,，]", asked):
        return {"code": asked, "lon": None, "lat": None}
    try:
        lon, lat = (float(part) for part in re.split(r"[,，]", asked))
    except ValueError:
        raise BadInput(f"{asked!r} is no place; say lon,lat in degrees", value=asked) from None
    gis.coordinates.check_point(lon, lat)
    return {"code": None, "lon": lon, "lat": lat}


# From the cells of one day to those of another

_CODES = f"SELECT c.code FROM grid_cell c WHERE {_ON_DAY}"
_HELD = """
    SELECT asked.number, array_agg(c.code) AS codes FROM grid_plan asked
    JOIN grid_plan holder ON holder.number >= asked.number
    JOIN grid_cell c ON c.plan_id = holder.id
         AND coalesce(c.since <= asked.number, holder.id = asked.id)
    WHERE asked.number BETWEEN :low AND :high GROUP BY 1
"""
"""The codes of the cells of each publication; `data.plan_cells.held_by` says the same of one."""
_LINKS = """
    SELECT number, parent_code AS parent, child_code AS child, households, area_m2
    FROM cell_lineage WHERE number > :low AND number <= :high
"""

_KEPT = "SELECT DISTINCT since FROM grid_cell WHERE since > :low AND since <= :high"
"""Publications of the time since lineage is kept: they mark the cells that they made."""


def lineage(db: Session, day: date, other: date) -> Lineage:
    """What became of the cells of one day until another, or, the other earlier, what they were.

    Shares are of the households and the ground as they were on the day of each publication. What
    became of cells beyond the viewer's part of the city is not told.

    Raises:
        NotFound: no plan was in force on one of the days, or nobody kept how one became the other.
    """
    plans = [data.grid.plan_on(db, one) for one in (day, other)]
    ends = [
        frozenset(db.scalars(sa.text(_CODES), {"plan": plan.id, "day": one}))
        for plan, one in zip(plans, (day, other), strict=True)
    ]
    steps = [] if plans[0].id == plans[1].id else _between(db, *plans)
    return gis.lineage.along(steps, old=ends[0], new=ends[1])


def since(db: Session, number: int) -> Lineage:
    """What became of the cells of a retired publication, until the plan in force.

    As far as the viewer may see: beyond his part of the city lines end.
    """
    last = db.scalar(sa.text("SELECT max(number) FROM grid_plan"))
    return gis.lineage.chain(_steps(db, number, last))


def _between(db: Session, plan: GridPlan, other: GridPlan) -> list[Lineage]:
    """The lineage of each publication between two plans, in the order in which they are passed."""
    if plan.number is None or other.number is None:
        raise _not_kept(plan.name, other.name)
    low, high = sorted((plan.number, other.number))
    steps = _steps(db, low, high)
    kept = set(db.scalars(sa.text(_KEPT), {"low": low, "high": high}))
    for number, step in enumerate(steps, low + 1):
        if number not in kept and step.links.empty and step.old != step.new:
            raise _not_kept(plan.name, other.name)
    return steps if plan.number < other.number else [one.back() for one in reversed(steps)]


def _steps(db: Session, low: int, high: int) -> list[Lineage]:
    """The lineage of each publication after number `low`, up to `high`."""
    span = {"low": low, "high": high}
    held = {row.number: row.codes for row in db.execute(sa.text(_HELD), span)}
    rows = [tuple(row) for row in db.execute(sa.text(_LINKS), span)]
    links = pd.DataFrame(rows, columns=["number", *gis.lineage.NO_LINKS])
    of_number = dict(iter(links.groupby("number")))
    return [
        gis.lineage.of(
            of_number.get(number, gis.lineage.NO_LINKS),
            old=held.get(number - 1, []),
            new=held.get(number, []),
        )
        for number in range(low + 1, high + 1)
    ]


def _not_kept(one: str, other: str) -> NotFound:
    return NotFound(f"which cells of {one!r} became which of {other!r} was not kept")
