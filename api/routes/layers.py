"""The layers over HTTP: GeoJSON, the overview, the search and the card of a cell.

GeoJSON is a bare Starlette route: it answers bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query
from psycopg_pool import AsyncConnectionPool
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

import api.kept
import api.tiles
import data.grid_card
import data.layers
import data.layers_kept
import data.scope
import data.tiles_kept
import data.tiles_place
from api.deps import Hot, ViewerDep, viewer_of
from api.streaming import Streamed
from data.layers_kept import Page
from data.tiles_kept import Tile
from gis.access import Right, Viewer
from gis.errors import BadInput
from gis.terms import CellKind, Datum, DivisionLevel, PostRole

router = APIRouter()
REVALIDATE = {"Cache-Control": "private, no-cache"}
FORGET = {"Cache-Control": "private, no-store"}
MOST_FEATURES = 1_000_000
MEDIA = "application/geo+json"
_GEOJSON = (b"content-type", MEDIA.encode())


def _known(request: Request, *names: str) -> None:
    for name in request.query_params:
        if name not in names:
            raise BadInput(
                f"there is no parameter {name!r}; choose from {', '.join(names)}",
                field=name,
                choices=list(names),
            )


def _etag(*parts: object) -> str:
    return f'"{hashlib.blake2b(repr(parts).encode(), digest_size=12).hexdigest()}"'


def _is_fresh(request: Request, tag: str) -> bool:
    held = request.headers.get("if-none-match", "")
    return tag in (part.strip().removeprefix("W/") for part in held.split(","))


def _kept(viewer: Viewer, layers: Sequence[str]) -> dict[str, str]:
    """Whether a browser keeps it: cases outlast no sign-in on a machine that others use too."""
    return FORGET if "cases" in layers and viewer.may(Right.CASES) else REVALIDATE


def _limit(request: Request) -> int | None:
    text = request.query_params.get("limit")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) <= MOST_FEATURES):
        raise BadInput(
            f"limit is {text!r}; give a whole number from 1 to {MOST_FEATURES}",
            field="limit",
            value=text,
        )
    return int(text)


async def features(request: Request) -> Response:
    """A layer as a GeoJSON FeatureCollection: a page from the shelf, or all of it, streamed."""
    asked = _asked(request)
    state, viewer = request.app.state, viewer_of(request)
    if asked.plan is None:
        version = (await state.moment.look()).versions.of(asked.layers)
    else:
        version = await _version(state.pool, viewer, asked)
    if asked.limit is None or asked.limit > data.layers_kept.MOST:
        return await _streamed(request, viewer, asked, version)
    key = (asked, version, data.tiles_kept.sight(viewer, asked.layers))
    is_held = asked.layer == "cases" and viewer.may(Right.CASES)
    about = (_GEOJSON, api.kept.FORGET if is_held else api.kept.REVALIDATE)
    making = partial(data.layers_kept.made, state.pool, viewer, asked)
    told = dict(request.headers.raw)
    return (await api.kept.answered(state.shelf, key, making, told, about)).response()


def _asked(request: Request) -> Page:
    _known(request, "bbox", "area", "limit", "plan", "datum")
    told = request.query_params
    return Page(
        data.tiles_place.check_layer(request.path_params["layer"], data.layers.LAYERS),
        data.layers.read_box(told["bbox"]) if "bbox" in told else None,
        told.get("area"),
        _limit(request),
        told.get("plan"),
        api.tiles.datum_of(told.get("datum"), tuple(Datum)),
    )


async def _version(pool: AsyncConnectionPool, viewer: Viewer, asked: Page) -> str:
    async with data.scope.looking(pool, viewer) as connection:
        return await data.layers.version(connection, asked.layers, asked.plan)


async def _streamed(request: Request, viewer: Viewer, asked: Page, version: str) -> Response:
    pool, gate = request.app.state.pool, request.app.state.streams
    tag = _etag(asked, version, data.tiles_kept.sight(viewer, asked.layers))
    headers = {"ETag": tag, **_kept(viewer, asked.layers)}
    if _is_fresh(request, tag):
        return Response(status_code=304, headers=headers)
    async with data.scope.looking(pool, viewer) as connection:
        wanted = await data.layers_kept.wanted(connection, asked)

    async def pieces() -> AsyncIterator[bytes]:
        async with data.scope.looking(pool, viewer) as connection:
            async for piece in data.layers.collection(connection, wanted):
                yield piece

    gate.enter()
    return Streamed(pieces(), gate, media_type=MEDIA, headers=headers)


router.add_route("/layers/{layer}.geojson", features, methods=["GET"])


_OF_CELLS = ("cells",)


class Overview(BaseModel):
    """The town at a glance; `breaks` are the upper ends of the colour classes but the last.

    Totals leave out the numbers that are hidden from the viewer, in `hidden` many cells.
    """

    plan: str | None
    bbox: tuple[float, float, float, float] | None
    totals: dict[str, int]
    hidden: dict[str, int]
    breaks: dict[str, list[int]]
    version: str


class Found(BaseModel):
    """A cell the search found."""

    code: str
    name: str
    community: str | None
    bbox: tuple[float, float, float, float]


class FoundDivision(BaseModel):
    """A division the search found; `bbox` is full of nulls where nobody drew it."""

    code: str
    name: str
    level: DivisionLevel
    parent: str | None
    bbox: tuple[float | None, float | None, float | None, float | None]


class Place(BaseModel):
    """A division by code and name."""

    code: str | None
    name: str | None


class Posted(BaseModel):
    """Somebody who answers for the cell; the phone is the work phone."""

    role: str
    label: str
    name: str
    phone: str | None


class Card(BaseModel):
    """A cell as the map tells of it. `load`: households per full-time grid worker.

    A number hidden from the viewer is null and named in `hidden`.
    """

    code: str
    name: str
    kind: str
    kind_label: str
    community: Place
    street: Place
    area_m2: int | None
    households_declared: int | None
    buildings: int
    dwellings: int | None
    households: int | None
    residents: int | None
    facilities: int
    open_cases: int | None
    load: int | None
    hidden: list[str]
    facilities_by_category: dict[str, int]
    open_cases_by_state: dict[str, int]
    posts: list[Posted]
    bbox: tuple[float, float, float, float]


CELL_KINDS = {kind.value: kind.label for kind in CellKind}
ROLES = {role.value: role.label for role in PostRole}


def _card(found: dict[str, Any]) -> Card:
    posts = [
        {**post, "label": ROLES.get(post["role"], post["role"])} for post in found["posts"] or []
    ]
    return Card.model_validate(
        {
            **found,
            "kind_label": CELL_KINDS.get(found["kind"], found["kind"]),
            "community": {"code": found["community_code"], "name": found["community_name"]},
            "street": {"code": found["street_code"], "name": found["street_name"]},
            "facilities_by_category": found["facilities_by_category"] or {},
            "open_cases_by_state": found["open_cases_by_state"] or {},
            "posts": posts,
        }
    )


Plan = Annotated[str | None, Query(description="a plan's name; without it the plan in force")]


@router.get("/overview", response_model=Overview)
async def overview(request: Request, viewer: ViewerDep, plan: Plan = None) -> Response:
    """The plan in force: its name, box, totals, class breaks and the version of what is kept.

    Open maps ask once a minute whether it changed: as long as it did not, that costs a 304.
    """
    state = request.app.state
    asked = ("overview", plan)
    if plan is None:
        version = (await state.moment.look()).versions.of(_OF_CELLS)
    else:
        async with data.scope.looking(state.pool, viewer) as connection:
            version = await data.layers.version(connection, _OF_CELLS, plan)
    key = (asked, version, data.tiles_kept.sight(viewer, _OF_CELLS))

    async def made() -> Tile:
        async with data.scope.looking(state.pool, viewer, still=True) as connection:
            versions, counted = await data.layers.versions(connection, plan)
            told = await data.grid_card.overview(connection, plan, counted=counted and not plan)
        found = Overview.model_validate({**told, "version": versions.of(_OF_CELLS)})
        own = (asked, found.version, key[2])
        return Tile(own, data.tiles_kept.tag(own), found.model_dump_json().encode())

    about = ((b"content-type", b"application/json"), api.kept.REVALIDATE)
    told = dict(request.headers.raw)
    return (await api.kept.answered(state.shelf, key, made, told, about)).response()


@router.get("/cells/search")
async def search(
    db: Hot, q: Annotated[str, Query(min_length=1, max_length=80)], plan: Plan = None
) -> list[Found]:
    """At most 20 cells whose code or name holds `q`, the best first."""
    return [Found.model_validate(row) for row in await data.grid_card.search(db, q, plan)]


@router.get("/divisions/search")
async def divisions(
    db: Hot, q: Annotated[str, Query(min_length=1, max_length=80)]
) -> list[FoundDivision]:
    """At most 20 streets, communities and other divisions whose code or name holds `q`."""
    return [FoundDivision.model_validate(row) for row in await data.grid_card.divisions(db, q)]


@router.get("/cells/{code:path}")  # a code of somebody's own scheme may hold a slash
async def card(db: Hot, code: str, plan: Plan = None) -> Card:
    """The card of a cell: what stands in it, who answers for it, what is open."""
    return _card(await data.grid_card.card(db, code, plan))
