"""OGC API Tiles over HTTP: vector tiles of collections in the web-Mercator pyramid.

They are the tiles of `/tiles`, kept and confirmed as those are; here the row comes before the
column.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

import api.tiles
import data.scope
import data.tiles_place
import data.tiles_told
from api.deps import viewer_of
from api.ogc_asked import JSON, answer, collection_of, link, offered, own_links, read, root
from data.ogc import Bounds, Collection
from data.tiles import Ask
from data.tiles_place import MAX_ZOOM
from gis.errors import BadInput, NotFound
from gis.ogc_crs import CRS84

router = APIRouter()
QUAD = "WebMercatorQuad"
_DEF = "http://www.opengis.net/def/"
_REL = f"{_DEF}rel/ogc/1.0/"
_URI, _CRS = f"{_DEF}tilematrixset/OGC/1.0/{QUAD}", f"{_DEF}crs/EPSG/0/3857"
_HALF_M, _SIDE, _PIXEL_M = 20037508.342789244, 256, 0.00028
TEMPLATE = "/ogc/collections/{collection}/tiles/{tiling}/{z}/{row}/{column}"


def _matrix(zoom: int) -> dict[str, Any]:
    size = 2 * _HALF_M / _SIDE / 2**zoom
    return {
        "id": str(zoom),
        "scaleDenominator": size / _PIXEL_M,
        "cellSize": size,
        "cornerOfOrigin": "topLeft",
        "pointOfOrigin": [-_HALF_M, _HALF_M],
        "tileWidth": _SIDE,
        "tileHeight": _SIDE,
        "matrixWidth": 2**zoom,
        "matrixHeight": 2**zoom,
    }


def _check_tiling(request: Request) -> None:
    name = request.path_params["tiling"]
    if name != QUAD:
        raise NotFound(f"there is no tiling {name!r:.60}; there is {QUAD}", choices=[QUAD])


async def _collection(request: Request) -> Collection:
    one = await collection_of(request)
    if one.tiles is None:
        raise NotFound(f"{one.name} has no tiles", value=one.name)
    return one


async def tilings(request: Request) -> Response:
    """The tilings."""
    read(request)
    one = f"{root(request)}/tileMatrixSets/{QUAD}"
    told = {
        "links": own_links(request),
        "tileMatrixSets": [
            {"id": QUAD, "title": QUAD, "uri": _URI, "links": [link(one, "self", JSON, QUAD)]}
        ],
    }
    return answer(request, "tilings", told)


async def tiling(request: Request) -> Response:
    """The tiling: where each tile lies."""
    read(request)
    _check_tiling(request)
    told = {
        "id": QUAD,
        "title": "Google Maps Compatible for the World",
        "uri": _URI,
        "crs": _CRS,
        "orderedAxes": ["X", "Y"],
        "wellKnownScaleSet": f"{_DEF}wkss/OGC/1.0/GoogleMapsCompatible",
        "tileMatrices": [_matrix(zoom) for zoom in range(MAX_ZOOM + 1)],
        "links": own_links(request),
    }
    return answer(request, "tiling", told)


def _described(request: Request, one: Collection) -> dict[str, Any]:
    base = root(request)
    own = f"{base}/collections/{one.name}/tiles/{QUAD}"
    return {
        "title": one.title,
        "dataType": "vector",
        "crs": _CRS,
        "tileMatrixSetURI": _URI,
        "links": [
            link(own, "self", JSON, one.title),
            link(f"{base}/tileMatrixSets/{QUAD}", f"{_REL}tiling-scheme", JSON, QUAD),
            link(f"{own}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}", "item", api.tiles.MEDIA)
            | {"templated": True},
        ],
    }


async def tilesets(request: Request) -> Response:
    """The tilesets of a collection."""
    read(request)
    one = await _collection(request)
    told = {"links": own_links(request), "tilesets": [_described(request, one)]}
    return answer(request, "tilesets", told)


async def tileset(request: Request) -> Response:
    """A tileset: its tiling, its layers with their fields, where it is."""
    read(request)
    _check_tiling(request)
    one = await _collection(request)
    async with data.scope.looking(request.app.state.pool, viewer_of(request)) as connection:
        where, _ = await offered(request, connection)
    told = _described(request, one)
    told["links"] = [*own_links(request), *told["links"][1:]]
    tilejson = f"{str(request.base_url).rstrip('/')}/tiles/{one.tiles}.json"
    told["links"].append(link(tilejson, "describedby", JSON, "TileJSON"))
    about = {"layers": _layers(one), "boundingBox": _box(where)}
    return answer(request, "tileset", told | about)


def _layers(one: Collection) -> list[dict[str, Any]]:
    assert one.tiles is not None
    return [
        {
            "id": part,
            "title": one.title,
            "dataType": "vector",
            "propertiesSchema": {
                "type": "object",
                "properties": {
                    name: {"type": kind.lower()}
                    for name, kind in data.tiles_told.FIELDS[part].items()
                },
            },
        }
        for part in data.tiles_told.parts((one.tiles,))
    ]


def _box(where: Bounds) -> dict[str, Any]:
    return {"lowerLeft": list(where[:2]), "upperRight": list(where[2:]), "crs": CRS84}


async def tile(request: Request) -> Response:
    """One tile: the matrix (zoom), the row from the north, the column from the west."""
    read(request)
    _check_tiling(request)
    one = await _collection(request)
    assert one.tiles is not None
    path = request.path_params
    try:
        place = data.tiles_place.check_address(path["z"], path["column"], path["row"])
    except BadInput as error:
        raise NotFound(f"there is no such tile: {error}") from None
    ask = Ask((one.tiles,), *place)
    state, viewer = request.app.state, viewer_of(request)
    found = await api.tiles.answered(state, viewer, ask, None, dict(request.headers.raw))
    response = Response(found.body, found.status)
    response.raw_headers = found.headers
    return response


for path, route in (
    ("/ogc/tileMatrixSets", tilings),
    ("/ogc/tileMatrixSets/{tiling}", tiling),
    ("/ogc/collections/{collection}/tiles", tilesets),
    ("/ogc/collections/{collection}/tiles/{tiling}", tileset),
    (TEMPLATE, tile),
):
    router.add_route(path, route, methods=["GET"])
