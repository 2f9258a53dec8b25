"""Features over HTTP: a page of a collection by box, time and filter, and one by its id."""

from __future__ import annotations

import math
from typing import Any

import orjson
import psycopg
import shapely
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

import data.ogc
import data.ogc_items
import data.scope
import gis.cql
import gis.ogc_crs
import gis.ogc_time
from api.deps import viewer_of
from api.ogc_api import USUAL
from api.ogc_asked import (
    FORGET,
    GEOJSON,
    PUBLIC,
    address,
    answer,
    link,
    now,
    offered,
    own_links,
    read,
    root,
    system,
    wants_page,
    whole,
)
from data.ogc import Collection
from data.ogc_cql import DAY, MOMENT, NUMBER
from data.ogc_items import MOST_FEATURES, PATIENCE_MS, Page, Wanted
from gis.errors import BadInput

router = APIRouter()
ASKED = (
    "limit", "bbox", "bbox-crs", "datetime", "crs", "filter", "filter-lang", "filter-crs", "after",
)  # fmt: skip
_LAST = 2**62
_MOST_ON_PAGE, _ANYBODYS_MS = 500, 4_000
_WIDE = 0.1
"""A box with more of the town than this is wide."""


async def items(request: Request) -> Response:
    """A page of features as GeoJSON, by id."""
    viewer = viewer_of(request)
    async with data.scope.looking(request.app.state.pool, viewer) as connection:
        one = await data.ogc.one_of(connection, viewer, request.path_params["collection"])
        wanted = await _wanted(request, connection, one)
        page = await data.ogc_items.page(connection, wanted)
    told = _told(request, one, page)
    body = b'{"type":"FeatureCollection","features":[%s],%s' % (
        page.text.encode(), orjson.dumps(told)[1:],
    )  # fmt: skip
    if wants_page(request):
        told["features"] = orjson.loads(f"[{page.text}]")
        told["collection"] = {"id": one.name, "title": one.title, "about": one.about}
    headers = {"Content-Crs": f"<{wanted.crs.uri}>"} | (FORGET if one.right else PUBLIC)
    return answer(request, "items", told, kind=GEOJSON, headers=headers, body=body)


def _told(request: Request, one: Collection, page: Page) -> dict[str, Any]:
    links = own_links(request, GEOJSON)
    if page.last is not None:
        links.append(link(address(request, after=str(page.last)), "next", GEOJSON))
    about = f"{root(request)}/collections/{one.name}"
    links.append(link(about, "collection", "application/json", one.title))
    told = {"links": links, "timeStamp": now(), "numberReturned": page.returned}
    return told | ({} if page.matched is None else {"numberMatched": page.matched})


async def _wanted(
    request: Request, connection: psycopg.AsyncConnection[Any], one: Collection
) -> Wanted:
    told = read(request, *ASKED, *one.properties)
    boxed = await system(request, connection, told, "bbox-crs")
    box = gis.ogc_crs.read_box(told["bbox"], boxed) if "bbox" in told else None
    span = gis.ogc_time.read_span(told["datetime"]) if "datetime" in told else None
    after = whole(told["after"], "after", usual=0, most=_LAST) if "after" in told else None
    most = _MOST_ON_PAGE if wants_page(request) else MOST_FEATURES
    return Wanted(
        one,
        box=box,
        is_wide=box is not None and await _is_wide(request, connection, box),
        span=span,
        filter=_filter(told, one),
        filter_crs=await system(request, connection, told, "filter-crs"),
        after=after,
        limit=whole(told.get("limit"), "limit", usual=USUAL, most=most),
        crs=await system(request, connection, told, "crs"),
        patience_ms=PATIENCE_MS if viewer_of(request).account else _ANYBODYS_MS,
    )


async def _is_wide(
    request: Request, connection: psycopg.AsyncConnection[Any], box: shapely.Geometry
) -> bool:
    where, _ = await offered(request, connection)
    return gis.ogc_crs.share(shapely.box(*where), box) > _WIDE


def _filter(told: dict[str, str], one: Collection) -> Any:
    """The filter, and what single properties are to be."""
    rules = []
    if not told.keys().isdisjoint(("filter", "filter-lang", "filter-crs")):
        language = told.get("filter-lang", gis.cql.LANGUAGES[0])
        rules.append(gis.cql.read(told.get("filter", "true"), language))
    rules += [
        {"op": "=", "args": [{"property": name}, _value(name, told[name], one)]}
        for name in one.properties
        if name in told
    ]
    if len(rules) < 2:
        return rules[0] if rules else None
    return {"op": "and", "args": rules}


def _value(name: str, text: str, one: Collection) -> Any:
    kind = one.properties[name].kind
    if kind == DAY:
        gis.ogc_time.day(text, name)
        return {"date": text}
    if kind == MOMENT:
        gis.ogc_time.moment(text, name)
        return {"timestamp": text}
    if kind != NUMBER:
        return text
    number = gis.ogc_crs.read_number(text)
    if not math.isfinite(number):
        raise BadInput(f"{name} is {text!r:.40}, not a number", field=name)
    return number


async def feature(request: Request) -> Response:
    """One feature as GeoJSON; its ETag changes whenever it does."""
    told = read(request, "crs")
    viewer, path = viewer_of(request), request.path_params
    async with data.scope.looking(request.app.state.pool, viewer) as connection:
        one = await data.ogc.one_of(connection, viewer, path["collection"])
        crs = await system(request, connection, told, "crs")
        text, version = await data.ogc_items.feature(connection, one, path["feature"], crs)
    links = own_links(request, GEOJSON)
    about = f"{root(request)}/collections/{one.name}"
    links.append(link(about, "collection", "application/json", one.title))
    body = f'{text[:-1]},"links":{orjson.dumps(links).decode()}}}'.encode()
    page = {**orjson.loads(body), "collection": {"id": one.name, "title": one.title}}
    headers = {"Content-Crs": f"<{crs.uri}>"} | (FORGET if one.right else PUBLIC)
    if one.edited_by is not None:
        headers["ETag"] = f'"{version}"'
        if not wants_page(request) and headers["ETag"] == request.headers.get("if-none-match"):
            return Response(status_code=304, headers=headers)
    return answer(request, "item", page, kind=GEOJSON, headers=headers, body=body)


ITEMS = "/ogc/collections/{collection}/items"
ITEM = "/ogc/collections/{collection}/items/{feature}"
router.add_route(ITEMS, items, methods=["GET"])
router.add_route(ITEM, feature, methods=["GET"])
