"""What is counted in the cells of a day: who lives there now, shared out where cells changed.

The register keeps no past. The numbers kept for each cell in force are given by the cells of the
day: one that was not touched since has its own, exactly; others have shares, by the lineage.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.case_on
import data.grid
import data.plan_cells
import data.plans_look
import gis.lineage
from data.locate import IN_FORCE
from gis.access import Scope
from gis.lineage import NOWHERE, Weight

COUNTED = ("buildings", "dwellings", "households", "residents", "facilities")

_CELLS = f"""
    SELECT c.code, c.name, c.division_code, round(c.area_m2)::bigint AS area_m2 FROM grid_cell c
    WHERE {data.plan_cells.of_plan(":plan", "CAST(:day AS date)")}
      AND c.area_no BETWEEN :low AND :high
      AND (CAST(:areas AS bigint[]) IS NULL OR c.area_no = ANY (CAST(:areas AS bigint[])))
      AND (CAST(:codes AS text[]) IS NULL OR c.code = ANY (:codes))
      AND (CAST(:divisions AS text[]) IS NULL OR c.division_code = ANY (:divisions))
    ORDER BY c.code COLLATE "C"
"""
_TALLIES = f"""
    SELECT c.code, {", ".join(f"t.{name}" for name in COUNTED)}
    FROM (SELECT id, code FROM grid_cell WHERE {IN_FORCE}) c JOIN cell_tally t ON t.cell_id = c.id
"""


def cells(db: Session, day: date, area: str | None, *, scope: Scope) -> list[dict[str, Any]]:
    """The cells of a day in the viewer's charge, or of these one, or those of a division.

    Raises:
        NotFound: no plan was in force, or the area is neither a cell nor a division.
    """
    asked = data.case_on.area(db, area) if area else {}
    values = {
        "plan": data.grid.plan_on(db, day).id, "day": day, "low": scope.low, "high": scope.high,
        "areas": None if scope.areas is None else list(scope.areas),
        "codes": None, "divisions": None, **asked,
    }  # fmt: skip
    return [dict(row) for row in db.execute(sa.text(_CELLS), values).mappings()]


def of_today(db: Session, day: date, today: date, *, weight: Weight) -> pd.DataFrame:
    """What stands and who lives now on the ground of the cells of a day: `COUNTED` by code.

    `shared` says that shares were taken. Only cells of which all went to cells in the viewer's
    charge: what else would be told is his part only.
    """
    columns = ["code", *COUNTED]
    rows = [tuple(row) for row in db.execute(sa.text(_TALLIES))]
    tallies = pd.DataFrame(rows, columns=columns).set_index("code")
    back = data.plans_look.lineage(db, today, day)
    told = gis.lineage.recount(back, tallies[tallies.index.isin(back.old)], weight=weight)
    became = data.plans_look.lineage(db, day, today)
    links = became.shares(became.old, weight)
    foreign = set(links.loc[~links["child"].isin({*tallies.index, NOWHERE}), "parent"])
    own = told[told.index.isin(became.old - foreign)]
    return own.assign(shared=own.index.isin(back.links["child"]))
