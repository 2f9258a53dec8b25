"""GET /counts: what was counted in the cells of a day."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

import gis.dials
from api.deps import SettingsDep, Store, ViewerDep
from gis.lineage import Weight

router = APIRouter(tags=["plans"])
Day = Annotated[date, Field(ge=gis.dials.FIRST_DAY, le=gis.dials.LAST_DAY)]


@router.get("/counts")
def counts(
    store: Store,
    settings: SettingsDep,
    viewer: ViewerDep,
    on: Annotated[Day, Query()],
    area: Annotated[str | None, Query(max_length=64)] = None,
    weight: Weight = "households",
) -> dict[str, Any]:
    """The cells of a day with their cases of that day; `of_today` is who lives on their ground now,
    by `households` or `area` where a cell changed since. Null where part of it is not one's own."""
    import api.actions.as_of

    return api.actions.as_of.counts(
        store, on, area, weight=weight, by=viewer, today=settings.today()
    )
