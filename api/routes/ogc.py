"""OGC API Features and Common over HTTP: what there is, and in which words it may be asked for.

docs/ogc.md tells all of it. Whose rows are seen the row policies decide; the features themselves
are in `api.routes.ogc_items`, their edits in `api.routes.ogc_edits`.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

import api.ogc_api
import api.ogc_told
import data.ogc
import data.scope
from api.deps import viewer_of
from api.ogc_asked import OPENAPI, SCHEMA, answer, collection_of, offered, read, root

router = APIRouter()


async def landing(request: Request) -> Response:
    """The first page."""
    read(request)
    return answer(request, "landing", api.ogc_told.landing(request))


async def conformance(request: Request) -> Response:
    """The conformance classes that hold."""
    read(request)
    return answer(request, "conformance", api.ogc_told.conformance(request))


async def document(request: Request) -> Response:
    """The API as OpenAPI 3.0."""
    read(request)
    viewer = viewer_of(request)
    async with data.scope.looking(request.app.state.pool, viewer) as connection:
        found = await data.ogc.of(connection, viewer)
        _, systems = await offered(request, connection)
    told = api.ogc_api.document(root(request), found, systems)
    return answer(request, "api", told, kind=OPENAPI)


async def collections(request: Request) -> Response:
    """The collections that the viewer may ask."""
    read(request)
    viewer = viewer_of(request)
    async with data.scope.looking(request.app.state.pool, viewer) as connection:
        found = await data.ogc.of(connection, viewer)
        where, systems = await offered(request, connection)
    told = api.ogc_told.collections(request, found, where, systems)
    return answer(request, "collections", told)


async def collection(request: Request) -> Response:
    """One collection."""
    read(request)
    viewer = viewer_of(request)
    async with data.scope.looking(request.app.state.pool, viewer) as connection:
        one = await data.ogc.one_of(connection, viewer, request.path_params["collection"])
        where, systems = await offered(request, connection)
    return answer(request, "collection", api.ogc_told.described(request, one, where, systems))


async def queryables(request: Request) -> Response:
    """The properties that a filter over a collection may use."""
    read(request)
    one = await collection_of(request)
    told = api.ogc_told.queryables(request, one)
    return answer(request, "queryables", told, kind=SCHEMA)


for path, route in (
    ("/ogc", landing),
    ("/ogc/", landing),
    ("/ogc/conformance", conformance),
    ("/ogc/api", document),
    ("/ogc/collections", collections),
    ("/ogc/collections/{collection}", collection),
    ("/ogc/collections/{collection}/queryables", queryables),
):
    router.add_route(path, route, methods=["GET"])
