"""What differs between two plans: one rule, by which they are compared and by which the later one
is published.

A cell is changed when anything that is kept of it is. A blank of the later plan is no change; an
end that it does not know of is none; nor are corners that an outline only got of its neighbours,
though a publication writes these too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.plan_cells
import gis.plan_ground
from data.models import GridPlan
from gis.terms_plan import Fate

TOLD = "name, kind, division_code, parent_code, households_declared, valid_from, valid_to, geom"
"""What is kept of a cell."""
_NOW = {
    "name": "d.name",
    "kind": "d.kind",
    "division_code": "coalesce(d.division_code, b.division_code)",
    "parent_code": "coalesce(d.parent_code, b.parent_code)",
    "households_declared": "coalesce(d.households_declared, b.households_declared)",
    "valid_from": "coalesce(d.valid_from, b.valid_from)",
    "valid_to": "d.valid_to",
    "geom": "d.geom",
}
FATES = (str(Fate.BORN), str(Fate.ENDED), str(Fate.CHANGED))
"""What becomes of cells that differ."""
NONE = 0
"""The id of a cell that a plan has not."""
NOW = ", ".join(f"{value} AS {name}" for name, value in _NOW.items())
"""`TOLD` of a cell as it becomes: `b` is the row before, `d` the row after."""
DIFFERS = (
    f"({', '.join(f'b.{name}' for name in _NOW)}) IS DISTINCT FROM ({', '.join(_NOW.values())})"
)
"""Whether b and d, of one code, one of them perhaps missing, differ, were it by a corner."""
_MARKS = {name: value for name, value in _NOW.items() if name != "geom"}
ONLY_CORNERS = f"""(({", ".join(f"b.{name}" for name in _MARKS)})
    IS NOT DISTINCT FROM ({", ".join(_MARKS.values())})
    AND CASE WHEN abs(ST_Area(b.geom) - ST_Area(d.geom)) < 1e-11
             THEN ST_HausdorffDistance(b.geom, d.geom) <= {2 * gis.plan_ground.GRID_DEG}
             ELSE false END)"""
"""Whether b and d have the same ground, up to a step of the grid, and all else alike. Their sizes,
in square degrees to a tenth of a square metre, are compared first, which is quick."""


def told(plan: str) -> str:
    """`TOLD` of c as a cell of the plan whose id the SQL expression gives: with its own end."""
    return TOLD.replace("valid_to", f"{data.plan_cells.own_end(plan)} AS valid_to")


def _cells(plan: str) -> str:
    return f"""SELECT c.id, c.code, {told(plan)} FROM grid_cell c
        WHERE {data.plan_cells.of_plan(plan, "CAST(:day AS date)")}
          AND (CAST(:divisions AS text[]) IS NULL OR c.division_code = ANY (:divisions))"""


_DIFFERING = f"""
    WITH b AS MATERIALIZED ({_cells(":one")}), d AS MATERIALIZED ({_cells(":other")})
    SELECT code, CASE WHEN b.id IS NULL THEN 'born' WHEN d.id IS NULL THEN 'ended' ELSE 'changed'
                 END, b.id, d.id, coalesce(d.division_code, b.division_code, ''),
           (SELECT count(*) FROM building h WHERE h.cell_id = f.id)
    FROM b FULL JOIN d USING (code)
    LEFT JOIN (grid_cell f JOIN grid_plan p ON p.id = f.plan_id AND p.state = 'published')
         USING (code)
    WHERE {DIFFERS} AND NOT {ONLY_CORNERS} ORDER BY code COLLATE "C"
"""


@dataclass(frozen=True)
class Part:
    """What of plans is looked at: their cells on a day, in some divisions (codes) or in all."""

    on: date
    divisions: list[str] | None = None


def between(db: Session, one: GridPlan, other: GridPlan, part: Part) -> pd.DataFrame:
    """The cells that differ between two plans.

    Returns:
        code, fate (born, ended or changed), one and other (ids in either plan, or `NONE`),
        community, buildings (that stand in the cell of this code in force); by code.
    """
    values = {"one": one.id, "other": other.id, "divisions": part.divisions, "day": part.on}
    rows = [tuple(row) for row in db.execute(sa.text(_DIFFERING), values)]
    names = ["code", "fate", "one", "other", "community", "buildings"]
    frame = pd.DataFrame(rows, columns=names).fillna({"one": NONE, "other": NONE})
    return frame.astype({"one": "int64", "other": "int64", "buildings": "int64"})


_BESIDE = f"""
    WITH ground AS MATERIALIZED (SELECT geom FROM grid_cell WHERE id = ANY (:touched)),
    near AS MATERIALIZED (
        SELECT DISTINCT c.id FROM ground g JOIN grid_cell c ON c.geom && g.geom
    )
    SELECT c.id FROM near JOIN grid_cell c USING (id)
    WHERE {data.plan_cells.of_plan(":plan", "CAST(:day AS date)")}
      AND (CAST(:divisions AS text[]) IS NULL OR c.division_code = ANY (:divisions))
      AND c.id <> ALL (:without)
"""


def beside(
    db: Session, plan: GridPlan, part: Part, touched: list[int], *, without: list[int]
) -> list[int]:
    """Ids of the cells of a plan on the ground of the `touched` ones (ids, of any plan), or beside
    it, `without` some."""
    values = {"plan": plan.id, "touched": touched, "without": without}
    values |= {"divisions": part.divisions, "day": part.on}
    return list(db.scalars(sa.text(_BESIDE), values))
