"""Tiles over HTTP, for whatever `api.tiles` passes on: refusals in words, and what is not plain."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

import api.tiles
from api.deps import viewer_of

router = APIRouter()


async def tile(request: Request) -> Response:
    """One tile of one layer, or of several (`cells,divisions`), as a Mapbox vector tile."""
    path = request.path_params
    ask = api.tiles.read(
        path["layers"], (path["z"], path["x"], path["y"]), request.query_params.multi_items()
    )
    state, viewer = request.app.state, viewer_of(request)
    answer = await api.tiles.answered(state, viewer, ask, None, dict(request.headers.raw))
    response = Response(answer.body, answer.status)
    response.raw_headers = answer.headers
    return response


router.add_route(api.tiles.TEMPLATE, tile, methods=["GET"])
