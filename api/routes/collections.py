"""应急清单 over HTTP: begin one over a drawn shape, look, call, end."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi import Path as InPath
from pydantic import BaseModel, Field
from starlette.responses import Response

from api.deps import SealDep, Store, ViewerDep
from api.routes.desk import Inside
from gis.terms_community import Called, CollectionKind

router = APIRouter(prefix="/collections", tags=["collections"])
Answer = dict[str, Any]
Number = Annotated[int, InPath(ge=1, lt=2**63)]
Entry = Annotated[int, InPath(ge=1, lt=2**31)]
DONE = 204


class Wanted(Inside):
    """What people are gathered for, where and until when (at most 90 days)."""

    kind: CollectionKind
    purpose: Annotated[str, Field(max_length=1000)]
    ends_at: datetime
    near_m: float = Field(300.0, description="how near a volunteer lives who counts for a cell")


class Told(BaseModel):
    """What came of calling somebody."""

    state: Called
    words: Annotated[str, Field(max_length=1000)] = ""


class Why(BaseModel):
    """Why one entry is opened; the purpose of the collection counts without."""

    reason: Annotated[str, Field(max_length=200)] = ""


@router.get("")
def listed(store: Store, viewer: ViewerDep) -> Answer:
    """The collections that last in the viewer's charge, the newest first."""
    import api.actions.collections

    return {"collections": api.actions.collections.listed(store, by=viewer)}


@router.post("", status_code=201)
def begin(store: Store, viewer: ViewerDep, wanted: Wanted) -> Answer:
    """Gather who is cared for inside of what was drawn; answers as GET does."""
    import api.actions.collections
    from api.actions.collections import Begun

    begun = Begun(wanted.kind, wanted.purpose, wanted.near_m, wanted.ends_at)
    return api.actions.collections.begin(
        store, begun, wanted.drawn(), by=viewer, now=datetime.now(UTC)
    )


@router.get("/{number}")
def card(
    store: Store,
    viewer: ViewerDep,
    number: Number,
    after: Annotated[int, Query(ge=0, lt=2**31)] = 0,
) -> Answer:
    """A collection: cells, numbers, places and people that help, the call list, masked."""
    import api.actions.collections

    return api.actions.collections.card(store, number, by=viewer, after=after)


@router.post("/{number}/entries/{entry}/unmask")
def unmask(
    store: Store,
    viewer: ViewerDep,
    seal: SealDep,
    number: Number,
    entry: Entry,
    why: Why | None = None,
) -> Answer:
    """Name and phone of one entry in clear, and `called`; the journal tells who looked for what."""
    import api.actions.collections

    reason = why.reason if why else ""
    return api.actions.collections.unmask(store, number, entry, by=viewer, seal=seal, reason=reason)


@router.post("/{number}/entries/{entry}", status_code=DONE)
def tell(store: Store, viewer: ViewerDep, number: Number, entry: Entry, told: Told) -> Response:
    """Keep what came of calling somebody."""
    import api.actions.collections

    api.actions.collections.tell(
        store, number, entry, told.state, told.words, by=viewer, now=datetime.now(UTC)
    )
    return Response(status_code=DONE)


@router.post("/{number}/end")
def end(store: Store, viewer: ViewerDep, number: Number) -> Answer:
    """Delete it now, with all who were in it."""
    import api.actions.collections

    return api.actions.collections.end(store, number, by=viewer)
