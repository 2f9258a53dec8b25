"""Tiles over HTTP, for whatever `api.tiles` passes on: refusals in words, and what is not plain."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

import api.tiles
import data.layers
import data.scope
import data.tiles_told
import maps.tile_style
from api import coding
from api.deps import viewer_of
from data.tiles import Ask

WHOLE = ("0", "0", "0")
"""The tile of the whole earth: what is told of all tiles has no place of its own."""

router = APIRouter()


async def tile(request: Request) -> Response:
    """One tile of one layer, or of several (`cells,divisions`), as a Mapbox vector tile."""
    path = request.path_params
    ask = api.tiles.read(
        path["layers"], (path["z"], path["x"], path["y"]), request.query_params.multi_items()
    )
    state, viewer = request.app.state, viewer_of(request)
    answer = await api.tiles.answered(state, viewer, ask, None, dict(request.headers.raw))
    return answer.response()


async def _told(request: Request) -> tuple[Ask, dict[str, Any]]:
    asked = request.query_params
    ask = api.tiles.read(request.path_params["layers"], WHOLE, asked.multi_items())
    async with data.scope.looking(request.app.state.pool, viewer_of(request)) as connection:
        await data.layers.version(connection, ask.layers, ask.plan, ask.as_of)  # such a plan is
        bounds = await data.tiles_told.box(connection, ask)
    query = f"?{request.url.query}" if request.url.query else ""
    tiles = f"{request.base_url}tiles/{','.join(ask.layers)}/{{z}}/{{x}}/{{y}}.mvt{query}"
    return ask, data.tiles_told.tilejson(ask.layers, tiles, bounds)


async def tilejson(request: Request) -> Response:
    """What the tiles of some layers hold, and where they are: TileJSON 3."""
    return _sent(request, (await _told(request))[1])


async def style(request: Request) -> Response:
    """How to draw the tiles of some layers: a style of version 8, as MapLibre and QGIS read it."""
    ask, told = await _told(request)
    return _sent(request, maps.tile_style.style(data.tiles_told.parts(ask.layers), told))


def _sent(request: Request, told: dict[str, Any]) -> Response:
    headers = {"Cache-Control": "private, no-cache"}
    return coding.answered(request, orjson.dumps(told), "application/json", headers)


router.add_route("/tiles/{layers}.json", tilejson, methods=["GET"])
router.add_route("/tiles/{layers}/style.json", style, methods=["GET"])
router.add_route(api.tiles.TEMPLATE, tile, methods=["GET"])
