"""走访 over HTTP: visits told, looked back at, undone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi import Path as InPath
from pydantic import AwareDatetime, BaseModel, Field

from api.deps import SettingsDep, Store, ViewerDep
from gis.terms_community import VisitChannel, VisitFinding

router = APIRouter(prefix="/visits", tags=["visits"])
Number = Annotated[int, Field(ge=1, lt=2**63)]


class Visit(BaseModel):
    """A visit to somebody who is cared for; sent again with its `request_id` it is still one."""

    care: Number
    at: AwareDatetime
    channel: VisitChannel
    finding: VisitFinding
    words: Annotated[str, Field(max_length=1_000)] = ""
    request_id: Annotated[str, Field(min_length=8, max_length=80)] | None = None


class Kept(BaseModel):
    """A visit by its number, and when its person is to be visited next (null: never again)."""

    visit: int
    next_due_on: date | None


@router.post("", status_code=201)
def tell(store: Store, viewer: ViewerDep, settings: SettingsDep, told: Visit) -> Kept:
    """Tell of a visit; the same `request_id` again answers the same and does nothing."""
    import api.actions.care

    visit = api.actions.care.Told(
        told.at, told.channel, told.finding, told.words.strip(), told.request_id
    )
    kept = api.actions.care.visit(
        store, told.care, visit, by=viewer, now=datetime.now(UTC), zone=settings.time_zone
    )
    return Kept(**kept)


@router.get("")
def history(
    store: Store, viewer: ViewerDep, care: Annotated[int, Query(ge=1, lt=2**63)]
) -> list[dict[str, Any]]:
    """The visits to one who is cared for, the last first, undone ones too; at most 100."""
    import api.actions.care

    return api.actions.care.history(store, care, by=viewer, now=datetime.now(UTC))


@router.post("/{number}/undo")
def undo(
    store: Store,
    viewer: ViewerDep,
    settings: SettingsDep,
    number: Annotated[int, InPath(ge=1, lt=2**63)],
) -> Kept:
    """Undo one's own visit within a day; again, and nothing happens."""
    import api.actions.care

    return Kept(
        **api.actions.care.undo(
            store, number, by=viewer, now=datetime.now(UTC), zone=settings.time_zone
        )
    )
