"""派遣 of many over HTTP: a proposal, and its commit as the dispatcher changed it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.deps import Store, ViewerDep

router = APIRouter(prefix="/dispatch", tags=["dispatch"])
MOST = 20_000
Code = Annotated[str, Field(min_length=1, max_length=80)]


class Line(BaseModel):
    """A line of a proposal: the case in the version that was seen, and a worker or a unit."""

    code: Code
    version: Annotated[int, Field(ge=0, lt=2**31)]
    worker: Code | None = None
    unit: Code | None = None


class Lines(BaseModel):
    """All that is to be dispatched together."""

    lines: Annotated[list[Line], Field(min_length=1, max_length=MOST)]


@router.get("/proposal")
def proposal(
    store: Store,
    viewer: ViewerDep,
    area: Annotated[str | None, Query(max_length=64)] = None,
    own_cell_s: Annotated[float, Query(ge=0, le=7200)] = 180.0,
    fairness_s: Annotated[float, Query(ge=0, le=7200)] = 30.0,
    hand: Annotated[list[str] | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 2_000,
) -> dict[str, Any]:
    """Who is proposed for each filed case, why, and what the two dials cost.

    `own_cell_s` are the seconds one walks further so that the case's own worker comes,
    `fairness_s` those for every hour that somebody else worked more. `hand` is CASE=WORKER for
    whom you chose yourself.
    """
    import api.actions.dispatching
    from gis.dispatch_pairs import Rules

    found = api.actions.dispatching.propose(
        store,
        by=viewer,
        now=datetime.now(UTC),
        area=area,
        rules=Rules(own_cell=own_cell_s, fairness=fairness_s),
        held=api.actions.dispatching.by_hand(hand or []),
        most=limit,
    )
    return {
        "items": [asdict(item) for item in found.items],
        "dials": [asdict(dial) for dial in found.dials],
    }


@router.post("")
def dispatch(store: Store, viewer: ViewerDep, lines: Lines) -> dict[str, Any]:
    """Dispatch all of it, or nothing: 409 names in `changed` what was moved meanwhile."""
    import api.actions.dispatching
    from api.actions.dispatching import Choice

    choices = [Choice(**line.model_dump()) for line in lines.lines]
    done = api.actions.dispatching.send(store, choices, by=viewer, now=datetime.now(UTC))
    return {"dispatched": done}
