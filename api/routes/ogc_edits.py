"""Features created, replaced, updated and deleted: facilities by editors, cells of drafts by
planners. A change tells by `If-Match` the version that was seen."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import shapely
from fastapi import APIRouter
from shapely.geometry import shape
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

import data.ogc_items
import data.scope
import gis.ogc_time
from api import errors
from api.deps import viewer_of
from api.ogc_asked import collection_of, listed, read, root
from api.ogc_body import MERGE, Feature, check_text, told_of
from api.routes.ogc_items import ITEM, ITEMS
from data.ogc import Collection
from gis.errors import BadInput, Conflict, NotAllowed
from gis.ogc_crs import DEFAULT
from gis.terms import FacilityCategory

router = APIRouter()
_FACILITY = ("name", "category", "address", "phone", "hours", "valid_to")
_SAME_DEG = 2e-7
"""A place told back differs from the one kept by rounding only."""


@dataclass(frozen=True)
class Seen:
    """The feature that a request is about, as it stands, and the version its sender saw."""

    number: int
    properties: dict[str, Any]
    shape: shapely.Geometry | None
    version: int


# What is asked


def _methods(one: Collection | None, *, single: bool) -> list[str]:
    reads = ["GET", "HEAD", "OPTIONS"]
    if one is None or one.edited_by is None:
        return reads
    return [*reads, *(("PUT", "PATCH", "DELETE") if single else ("POST",))]


def _only_read(request: Request, one: Collection, *, single: bool) -> Response:
    allowed = listed(_methods(one, single=single))
    answer = errors.problem(
        405, "MethodNotAllowed", f"{one.name} is not edited here; it takes {allowed}"
    )
    answer.headers["Allow"] = allowed
    return answer


async def _seen(request: Request, one: Collection) -> Seen | Response:
    """The feature as it stands, where it is the one that was seen.

    Raises:
        NotFound: it is not there.
    """
    async with data.scope.looking(request.app.state.pool, viewer_of(request)) as connection:
        number = request.path_params["feature"]
        text, version = await data.ogc_items.feature(connection, one, number, DEFAULT)
    held = request.headers.get("if-match")
    if held is None:
        said = "tell by If-Match which version you saw: the ETag that GET answers with"
        return errors.problem(428, "PreconditionRequired", said)
    if held.strip() != "*" and f'"{version}"' not in (one.strip() for one in held.split(",")):
        return _changed(version)
    found = orjson.loads(text)
    shaped = shape(found["geometry"]) if found["geometry"] else None
    return Seen(int(number), found["properties"], shaped, version)


def _changed(version: object) -> Response:
    said = "it was changed since you saw it; look again. Nothing was done"
    return errors.problem(412, "PreconditionFailed", said, version=version)


# Routes


async def create(request: Request) -> Response:
    """Add a feature: a facility in one's charge, or a dedicated cell to a draft."""
    read(request)
    one = await collection_of(request)
    if one.edited_by is None:
        return _only_read(request, one, single=False)
    told = await told_of(request, one)
    if isinstance(told, Response):
        return told
    if told.shape is None:
        raise BadInput("a new feature has a geometry", field="geometry")
    add = _add_cell if one.plan is not None else _add_facility
    number, version = await run_in_threadpool(add, request, one, told)
    about = {"Location": f"{root(request)}/collections/{one.name}/items/{number}"}
    return Response(status_code=201, headers={**about, "ETag": f'"{version}"'})


async def change(request: Request) -> Response:
    """Replace a feature (PUT), or what is told of it (PATCH, as a merge patch)."""
    read(request)
    one = await collection_of(request)
    if one.edited_by is None:
        return _only_read(request, one, single=True)
    seen = await _seen(request, one)
    if isinstance(seen, Response):
        return seen
    told = await told_of(request, one)
    if isinstance(told, Response):
        return told
    put = request.method == "PUT"
    work = _change_cell if one.plan is not None else _change_facility
    try:
        version = await run_in_threadpool(work, request, one, seen, told, put)
    except Conflict as error:
        return _stale(error)
    return Response(status_code=204, headers={"ETag": f'"{version}"'})


async def delete(request: Request) -> Response:
    """Close a facility today, or let a cell of a draft go on in its neighbour."""
    read(request)
    one = await collection_of(request)
    if one.edited_by is None:
        return _only_read(request, one, single=True)
    seen = await _seen(request, one)
    if isinstance(seen, Response):
        return seen
    work = _end_cell if one.plan is not None else _end_facility
    try:
        await run_in_threadpool(work, request, one, seen)
    except Conflict as error:
        return _stale(error)
    return Response(status_code=204)


def _stale(error: Conflict) -> Response:
    """What somebody else changed meanwhile; every other conflict is told as it is."""
    if "version" in error.facts:
        return _changed(error.facts["version"])
    raise error


async def options(request: Request) -> Response:
    """Which methods the viewer may use here."""
    one = await collection_of(request)
    single = "feature" in request.path_params
    may = one.edited_by is not None and viewer_of(request).may(one.edited_by)
    allowed = listed(_methods(one if may else None, single=single))
    about = {"Allow": allowed}
    if may and single:
        about["Accept-Patch"] = MERGE
    return Response(status_code=204, headers=about)


# Facilities


def _add_facility(request: Request, _: Collection, told: Feature) -> tuple[int, int]:
    import api.actions.community_places

    if not isinstance(told.shape, shapely.Point):
        raise BadInput("a facility stands at a point", field="geometry")
    row = _row(told.properties, fixed={})
    if row.pop("closed_on", None) is not None:
        raise BadInput("a new facility is not closed: leave valid_to out", field="valid_to")
    missing = {"address": None, "phone": None, "hours": None, "name": "", "category": "other"}
    added = api.actions.community_places.add(
        request.app.state.store, missing | row, lon=told.shape.x, lat=told.shape.y,
        request_id=request.headers.get("idempotency-key") or secrets.token_hex(16),
        anyway=False, by=viewer_of(request),
    )  # fmt: skip
    return int(added["id"]), int(added["version"])


def _row(told: Mapping[str, Any], *, fixed: Mapping[str, Any]) -> dict[str, Any]:
    """What may be told of a facility; what may not has to be as it is.

    Raises:
        BadInput: it is not.
    """
    row: dict[str, Any] = {}
    for name, value in told.items():
        if name not in _FACILITY:
            if value is not None and value != fixed.get(name):
                raise BadInput(f"{name} of a facility is not told here", field=name)
            continue
        check_text(name, value)
        row["closed_on" if name == "valid_to" else name] = value
    if "category" in row and row["category"] is None:
        row["category"] = str(FacilityCategory.OTHER)
    if row.get("category", "other") not in list(FacilityCategory):
        said = f"category is {row['category']!r:.40}; choose from {listed(FacilityCategory)}"
        raise BadInput(said, field="category", choices=list(FacilityCategory))
    if row.get("closed_on") is not None:
        row["closed_on"] = gis.ogc_time.day(row["closed_on"], "valid_to")
    return row


def _check_service(seen: Seen) -> None:
    if seen.properties["kind"] != "service":
        raise NotAllowed("this is a component of the city: its register is imported, not edited")


def _change_facility(request: Request, _: Collection, seen: Seen, told: Feature, put: bool) -> int:
    import api.actions.community_places

    _check_service(seen)
    moved = told.shape is not None and not (
        seen.shape is not None and shapely.equals_exact(told.shape, seen.shape, _SAME_DEG)
    )
    if moved:
        raise BadInput(
            "a facility does not move: close it, and add one where it is now", field="geometry"
        )
    whole = dict.fromkeys(_FACILITY) if put else {}
    row = _row({**whole, **told.properties}, fixed=seen.properties)
    done = api.actions.community_places.change(
        request.app.state.store, seen.number, row, version=seen.version, by=viewer_of(request)
    )
    return int(done["version"])


def _end_facility(request: Request, _: Collection, seen: Seen) -> None:
    import api.actions.community_places

    _check_service(seen)
    api.actions.community_places.change(
        request.app.state.store, seen.number,
        {"closed_on": request.app.state.settings.today()},
        version=seen.version, by=viewer_of(request),
    )  # fmt: skip


# Cells of drafts


def _step(request: Request) -> Any:
    from api.actions.plans_page import Step

    return Step(viewer_of(request), request.app.state.settings.today())


def _cell(told: Feature, fixed: Mapping[str, Any]) -> Any:
    from api.actions.ogc import Told

    for name, value in told.properties.items():
        if name != "name" and value is not None and value != fixed.get(name):
            raise BadInput(f"{name} of a cell is not told here", field=name)
    check_text("name", told.properties.get("name"))
    if told.shape is not None and not isinstance(
        told.shape, shapely.Polygon | shapely.MultiPolygon
    ):
        raise BadInput("a cell is a polygon", field="geometry")
    return Told(told.properties.get("name"), told.shape)


def _add_cell(request: Request, one: Collection, told: Feature) -> tuple[int, int]:
    import api.actions.ogc

    assert one.plan is not None
    asked = _cell(told, {"kind": "dedicated"})
    return api.actions.ogc.create(request.app.state.store, one.plan, asked, _step(request))


def _change_cell(request: Request, one: Collection, seen: Seen, told: Feature, put: bool) -> int:
    import api.actions.ogc

    if put and (told.shape is None or not told.properties.get("name")):
        raise BadInput("a cell that is replaced has a geometry and a name", field="geometry")
    assert one.plan is not None
    return api.actions.ogc.change(
        request.app.state.store, one.plan, seen.number, _cell(told, seen.properties),
        _step(request), seen=seen.version,
    )  # fmt: skip


def _end_cell(request: Request, one: Collection, seen: Seen) -> None:
    import api.actions.ogc

    assert one.plan is not None
    api.actions.ogc.end(
        request.app.state.store, one.plan, seen.number, _step(request), seen=seen.version
    )


router.add_route(ITEMS, create, methods=["POST"])
router.add_route(ITEMS, options, methods=["OPTIONS"])
router.add_route(ITEM, change, methods=["PUT", "PATCH"])
router.add_route(ITEM, delete, methods=["DELETE"])
router.add_route(ITEM, options, methods=["OPTIONS"])
