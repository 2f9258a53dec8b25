"""社区云 over HTTP, for its editors: the facilities of their cells."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi import Path as InPath
from pydantic import BaseModel, Field

from api.deps import Store, ViewerDep
from gis.terms import FacilityCategory

router = APIRouter(prefix="/community")
Answer = dict[str, Any]
Line = Annotated[str, Field(max_length=1_000)]


class Facility(BaseModel):
    """What is told of a facility; what is left out stays, null takes it away.

    `hours` as in OpenStreetMap; `closed_on` is the first day on which it is no more.
    """

    version: Annotated[int, Field(ge=0, lt=2**63)]
    name: Line = ""
    category: FacilityCategory = FacilityCategory.OTHER
    address: Line | None = None
    phone: Line | None = None
    hours: Line | None = None
    closed_on: date | None = None


@router.get("/pages/facilities")
def facilities(
    store: Store,
    viewer: ViewerDep,
    q: Annotated[str, Query(max_length=80)] = "",
    category: FacilityCategory | None = None,
    missing: bool = False,
    number: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
) -> list[Answer]:
    """Facilities in the editor's charge, by name, 200 at most; `missing`: no hours or telephone."""
    import api.actions.community_places

    return api.actions.community_places.listed(
        store, q=q, category=category, missing=missing, number=number, by=viewer
    )


class NewFacility(BaseModel):
    """A facility at a place in degrees of WGS-84. `anyway`: though one of that name stands near."""

    name: Line = ""
    category: FacilityCategory = FacilityCategory.OTHER
    address: Line | None = None
    phone: Line | None = None
    hours: Line | None = None
    lon: Annotated[float, Field(ge=-180, le=180)]
    lat: Annotated[float, Field(ge=-90, le=90)]
    request_id: Annotated[str, Field(min_length=8, max_length=80)]
    anyway: bool = False


@router.post("/facilities", status_code=201)
def add(store: Store, viewer: ViewerDep, told: NewFacility) -> Answer:
    """Add a facility in a cell of one's charge; 409 names one of that name within 100 m."""
    import api.actions.community_places

    row = told.model_dump(exclude={"lon", "lat", "request_id", "anyway"})
    return api.actions.community_places.add(
        store, row, lon=told.lon, lat=told.lat, request_id=told.request_id,
        anyway=told.anyway, by=viewer,
    )  # fmt: skip


@router.patch("/facilities/{number}")
def change(
    store: Store, viewer: ViewerDep, number: Annotated[int, InPath(ge=1, lt=2**63)], told: Facility
) -> Answer:
    """Change a facility; 409 when somebody, or an import, did since `version`."""
    import api.actions.community_places

    row = told.model_dump(exclude={"version"}, exclude_unset=True)
    return api.actions.community_places.change(store, number, row, version=told.version, by=viewer)
