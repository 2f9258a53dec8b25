"""Open311 GeoReport v2: `/open311/v2/…`, for programs of other cities and of residents."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi import Path as InPath
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

import api.open311
import gis.open311
from api.deps import PaceDep, SealDep, Store, ViewerDep
from api.pace import Guess
from gis.errors import NotFound

router = APIRouter(prefix="/open311", route_class=api.open311.Route)
Named = Annotated[str, InPath(max_length=200)]
Jurisdiction = Annotated[str, Query(max_length=200, alias="jurisdiction_id")]
Key = Annotated[str, Query(max_length=200)]


def missed(request: Request, viewer: ViewerDep, pace: PaceDep) -> Callable[[], None]:
    """What to call when an id was none: who tries too many is told to go on later."""
    address = request.client.host if request.client else ""
    return lambda: pace.step(viewer, Guess.FOLLOW, address=address)


Missed = Annotated[Callable[[], None], Depends(missed)]


@router.get("/discovery.{suffix}")
def discovery(request: Request, suffix: Named) -> Response:
    """Where and how this server speaks Open311."""
    api.open311.check_format(suffix)
    base = str(request.base_url).rstrip("/") + "/open311/v2"
    told: gis.open311.Row = {
        "changeset": "2026-11-01T00:00:00Z",
        "contact": None,
        "key_service": None,
        "endpoints": [
            {
                "specification": "http://wiki.open311.org/GeoReport_v2",
                "url": base,
                "changeset": "2026-11-01T00:00:00Z",
                "type": "production",
                "formats": ["application/json", "text/xml"],
            }
        ],
    }
    return api.open311.written(suffix, "discovery", told)


@router.get("/v2/services.{suffix}")
def services(store: Store, suffix: Named, jurisdiction: Jurisdiction = "") -> Response:
    """What may be reported: the classes of the catalogue."""
    import api.actions.open311

    api.open311.check_format(suffix)
    rows = api.actions.open311.services(store, jurisdiction.strip())
    return api.open311.written(suffix, "services", rows, "service")


@router.get("/v2/services/{name}")
def definition(store: Store, name: Named, jurisdiction: Jurisdiction = "") -> Response:
    """What may be told besides when reporting to one service."""
    import api.actions.open311

    code, suffix = api.open311.parted(name)
    row = api.actions.open311.definition(store, code, jurisdiction.strip())
    return api.open311.written(suffix, "service_definition", row)


@router.post("/v2/requests.{suffix}")
async def report(request: Request, store: Store, seal: SealDep, suffix: Named) -> Response:
    """Take a service request by an api_key; the same request_id gives the same case."""
    import api.actions.open311

    api.open311.check_format(suffix)
    told = await api.open311.read(request)
    row = await run_in_threadpool(
        api.actions.open311.report, store, told, seal=seal, now=datetime.now(UTC)
    )
    return api.open311.written(suffix, "service_requests", [row], "request")


@router.get("/v2/requests.{suffix}")
def requests(
    request: Request,
    store: Store,
    seal: SealDep,
    missed: Missed,
    suffix: Named,
    api_key: Key = "",
) -> Response:
    """Requests of published classes and of the key's own, or those named by their ids."""
    import api.actions.open311

    api.open311.check_format(suffix)
    wanted = api.open311.asked(request)
    rows = api.actions.open311.requests(store, wanted, key=api_key, seal=seal)
    if len(rows) < len(wanted.ids):
        missed()
    return api.open311.written(suffix, "service_requests", rows, "request")


@router.get("/v2/requests/{name}")
def one(
    request: Request,
    store: Store,
    seal: SealDep,
    missed: Missed,
    name: Named,
    api_key: Key = "",
) -> Response:
    """One request, by the id that its report was answered with."""
    import api.actions.open311

    number, suffix = api.open311.parted(name)
    wanted = api.open311.asked(request, service_request_id=number)
    try:
        rows = api.actions.open311.request(store, wanted, key=api_key, seal=seal)
    except NotFound:
        missed()
        raise
    return api.open311.written(suffix, "service_requests", rows, "request")


@router.get("/v2/tokens/{name}")
def token(
    store: Store,
    seal: SealDep,
    missed: Missed,
    name: Named,
    jurisdiction: Jurisdiction = "",
) -> Response:
    """The request that a token became."""
    import api.actions.open311

    told, suffix = api.open311.parted(name)
    try:
        row = api.actions.open311.token(store, told, jurisdiction=jurisdiction.strip(), seal=seal)
    except NotFound:
        missed()
        raise
    return api.open311.written(suffix, "service_requests", [row], "request")
