"""Cases over HTTP: report one, list them, look at one, move it.

Synchronous on purpose: these are acts, each one transaction.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi import Path as InPath
from pydantic import BaseModel, Field
from starlette.requests import Request

import gis.dials
from api.deps import PaceDep, SealDep, Store, ViewerDep
from api.pace import Guess
from gis.reports import MOST_CHARACTERS, Report
from gis.terms import CaseState, Channel, ClassKind, Datum, Move

router = APIRouter(prefix="/cases")
Answer = dict[str, Any]
Day = Annotated[date, Field(ge=gis.dials.FIRST_DAY, le=gis.dials.LAST_DAY)]
Code = Annotated[str, InPath(min_length=1, max_length=64)]
Text = Annotated[str, Field(max_length=4000)]
Short = Annotated[str, Field(max_length=100)]


class Told(BaseModel):
    """A report: a class of the catalogue or words; where; until when it is unsure how far."""

    kind: str | None = Field(None, max_length=20, description=f"one of {', '.join(ClassKind)}")
    class_code: str = Field("", max_length=200, alias="class")
    description: str = Field("", max_length=10 * MOST_CHARACTERS["description"])
    address: str = Field("", max_length=10 * MOST_CHARACTERS["address"])
    lon: float | None = None
    lat: float | None = None
    datum: str = Field(Datum.WGS84, max_length=20, description=f"one of {', '.join(Datum)}")
    accuracy_m: float | None = None
    channel: str = Field(Channel.API, max_length=20)
    contact: str = Field("", max_length=100)
    request_id: str = Field("", max_length=200)
    reported_at: datetime | None = None


@router.post("", status_code=201)
def report(
    request: Request, store: Store, viewer: ViewerDep, seal: SealDep, pace: PaceDep, told: Told
) -> Answer:
    """Take a report of anybody's; the same `request_id` gives the same case and answer."""
    import api.actions.reports

    if not viewer.account:
        address = request.client.host if request.client else ""
        pace.step(viewer, Guess.REPORT, address=address)
    return api.actions.reports.report(
        store, Report(**told.model_dump()), by=viewer, seal=seal, now=datetime.now(UTC)
    )


# Looking


@router.get("")
def listed(
    store: Store,
    viewer: ViewerDep,
    state: Annotated[list[CaseState] | None, Query()] = None,
    is_open: Annotated[bool | None, Query(alias="open")] = None,
    area: Annotated[str | None, Query(max_length=64)] = None,
    cell: Annotated[str | None, Query(max_length=64)] = None,
    kind: ClassKind | None = None,
    class_code: Annotated[str | None, Query(alias="class", max_length=64)] = None,
    mine: bool = False,
    overdue: bool = False,
    desk: bool = False,
    after: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    on: Annotated[Day | None, Query(description="as they were when that day ended")] = None,
) -> Answer:
    """Cases in the viewer's charge, the newest first; `next` is the `after` of the next page.

    `area` is a cell or a division; `mine` are those that lie with the viewer or his unit, `desk`
    those whose cell is not sure. With `on`, `area`, `state` and `open` are of that day.
    """
    import api.actions.cases

    wanted = api.actions.cases.Wanted(
        states=[str(one) for one in state or []], is_open=is_open, area=cell or area, kind=kind,
        class_code=class_code, mine=mine, overdue=overdue, desk=desk, after=after, limit=limit,
    )  # fmt: skip
    if on is not None:
        import api.actions.as_of

        return api.actions.as_of.cases(store, wanted, on, by=viewer)
    return api.actions.cases.listed(store, wanted, by=viewer, now=datetime.now(UTC))


@router.get("/{code:path}/moves")
def moves(store: Store, viewer: ViewerDep, code: Code) -> Answer:
    """What the viewer may do with it now, and what each move needs to be told."""
    import api.actions.cases

    return api.actions.cases.moves(store, code, by=viewer)


@router.get("/{code:path}")
def card(store: Store, viewer: ViewerDep, code: Code) -> Answer:
    """A case: where it stands, its deadlines, who holds it, and all that happened to it."""
    import api.actions.cases

    return api.actions.cases.card(store, code, by=viewer)


# Moving


class Made(BaseModel):
    """A move, as of the version that was seen; units, workers, cells and cases by code."""

    move: Move
    version: int | None = Field(
        None, ge=0, lt=2**31, description="the one that was seen; without it, any"
    )
    words: Text = ""
    reason: Text = ""
    kind: Short = ""
    class_code: Short = Field("", alias="class")
    condition: int | None = Field(None, ge=1, lt=2**31, description="its number in the class")
    unit: Short = ""
    worker: Short = ""
    until: datetime | None = None
    closing: Text = ""
    other: Short = ""
    cell: Short = ""
    rating: int | None = Field(None, ge=-100, le=100)
    request_id: Short = ""


class Reason(BaseModel):
    """Why a reporter's telephone is looked at."""

    reason: Text


@router.post("/{code:path}/moves")
def move(store: Store, viewer: ViewerDep, code: Code, made: Made) -> Answer:
    """Make a move; 409 with what happened since when somebody else was faster."""
    import api.actions.cases

    asked = api.actions.cases.Asked(**made.model_dump())
    return api.actions.cases.move(store, code, asked, by=viewer, now=datetime.now(UTC))


@router.post("/{code:path}/contact")
def contact(store: Store, viewer: ViewerDep, seal: SealDep, code: Code, why: Reason) -> Answer:
    """The reporter's telephone in clear; the journal tells who looked and why."""
    import api.actions.cases

    return api.actions.cases.contact(store, code, why.reason, by=viewer, seal=seal)
