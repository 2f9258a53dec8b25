"""指标 over HTTP."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query

from api.deps import Store, ViewerDep
from gis.indicators import By

router = APIRouter(tags=["indicators"])


@router.get("/indicators")
def indicators(
    store: Store,
    viewer: ViewerDep,
    since: Annotated[date, Query(alias="from")],
    until: Annotated[date, Query(alias="to")],
    by: By = By.STREET,
) -> dict[str, Any]:
    """The indicators of a period per area in the viewer's charge, never per person.

    Each comes with its formula; null where nothing was to be done. Areas stand in the order of
    their codes: it is no ranking.
    """
    import api.actions.indicators

    return api.actions.indicators.indicators(store, by, since=since, until=until, viewer=viewer)
