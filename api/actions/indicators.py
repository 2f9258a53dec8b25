"""指标 of a period: what the areas in one's charge did, each number with its formula."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.clock
import data.indicators
import data.indicators_redrawn
import data.scope
import gis.dials
import gis.indicators
from api.actions.register import require
from data.indicators import Key, Period
from gis.access import Right, Viewer
from gis.calendar import Calendar
from gis.errors import BadInput
from gis.indicators import By

LONGEST = timedelta(days=3 * 366)


def indicators(
    store: sa.Engine, by: By, *, since: date, until: date, viewer: Viewer
) -> dict[str, Any]:
    """Tell the indicators of the days from `since` to `until`, both inclusive, area by area.

    Only cases in the viewer's own charge count. Areas stand in the order of their codes; last and
    without a code is what no area of that kind holds. `recounted` says that cases which ended
    before a re-draw count in the cells of today: where their place is and, where they have none,
    by households (the ended cells `shared`).

    Raises:
        BadInput: the period ends before it begins, or is longer than three years.
        NotAllowed: the role sees no cases.
    """
    require(viewer, Right.CASES)
    if not timedelta() <= until - since <= LONGEST:
        raise BadInput(
            f"from {since} to {until} is no period: at least a day, at most three years",
            field="to",
        )
    if until >= gis.dials.LAST_DAY:
        raise BadInput(f"{until} lies after the last year of the calendar", field="to")
    with data.scope.transaction(store, viewer, keep=False) as db:
        calendar = data.clock.calendar(db)
        ends = calendar.begin_of(until + timedelta(days=1))
        period = Period(calendar.begin_of(since), ends)
        found, told = _in_cells_of_today(db, by, period, viewer, calendar)
    return {
        "by": by, "from": since, "to": until,
        **told,
        "indicators": [
            {
                "key": one.key, "zh": one.zh, "en": one.en, "measure": one.measure,
                "formula_zh": one.formula_zh, "formula_en": one.formula_en,
            }
            for one in gis.indicators.of(by)
        ],
        "areas": [
            {
                "code": code, "name": name, "values": gis.indicators.values(counts, by),
                "counts": {one: counts.get(one, 0) for one in gis.indicators.COUNTED},
            }
            for (code, name), counts in found.items()
        ],
    }  # fmt: skip


def _in_cells_of_today(
    db: Session, by: By, period: Period, viewer: Viewer, calendar: Calendar
) -> tuple[dict[Key, dict[str, float]], dict[str, Any]]:
    """What is counted, and how far it was counted anew because cells were drawn anew."""
    refiled = shared = None
    if by is not By.DEPARTMENT:
        refiled = data.indicators_redrawn.refiled(db, period, scope=viewer.scope)
    found = data.indicators.counted(
        db, by, period, scope=viewer.scope, calendar=calendar, refiled=refiled
    )
    if by is By.CELL:
        found, shared = data.indicators_redrawn.shared(db, found)
    recounted = bool(refiled or shared)
    redrawn_on = data.indicators_redrawn.redrawn_on(db) if recounted else None
    return found, {"recounted": recounted, "redrawn_on": redrawn_on, "shared": shared or []}
