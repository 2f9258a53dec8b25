"""As of a day: cases as they were, and what was counted in the cells of that day."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa

import data.case_on
import data.counts_on
import data.grid
import data.scope
from api.actions.register import require
from data.case_look import Wanted
from gis.access import Right, Viewer
from gis.lineage import Weight


def cases(store: sa.Engine, wanted: Wanted, day: date, *, by: Viewer) -> dict[str, Any]:
    """List cases as they were when a day ended; see `data.case_on.listed`."""
    require(by, Right.CASES)
    with data.scope.transaction(store, by, keep=False) as db:
        return data.case_on.listed(db, wanted, day)


def counts(
    store: sa.Engine, day: date, area: str | None, *, weight: Weight, by: Viewer, today: date
) -> dict[str, Any]:
    """What was counted in the cells of a day that are in the viewer's charge.

    `cells` have `code`, `name`, `division_code`, `area_m2`, `cases` and `open_cases` of that day,
    and `of_today`: who lives there now, and whether that was `shared` out. Null for a cell of which
    a part is not his any more; and for who sees no cases, these.

    Raises:
        NotFound: no plan was in force, or the area is neither a cell nor a division.
    """
    require(by, Right.COUNTS)
    with data.scope.transaction(store, by, keep=False) as db:
        cells = data.counts_on.cells(db, day, area, scope=by.scope)
        living = data.counts_on.of_today(db, day, today, weight=weight).to_dict("index")
        codes = [cell["code"] for cell in cells] if area else None
        kept = data.case_on.counted(db, day, codes) if by.may(Right.CASES) else {}
        plan = data.grid.plan_on(db, day).name
    for cell in cells:
        code = cell["code"]
        is_told = code in living and by.may(Right.CASES)
        counted = kept.get(code, (0, 0)) if is_told else (None, None)
        cell["cases"], cell["open_cases"] = counted
        cell["of_today"] = living.get(code)
    return {"on": day, "plan": plan, "cells": cells}
