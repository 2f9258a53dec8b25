"""What is told about the API and its collections: the documents of OGC API Common and Features."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

import gis.dials
from api.ogc_asked import GEOJSON, JSON, OPENAPI, SCHEMA, link, own_links, root
from data.ogc import Bounds, Collection
from data.ogc_cql import DAY, MOMENT, NUMBER
from gis.ogc_crs import CRS84, Crs

TITLE = "网格 Wangge"
ABOUT = "The cells, facilities and divisions of the town, within the rights of who asks."
_SPEC = "http://www.opengis.net/spec/"
_REL = "http://www.opengis.net/def/rel/ogc/1.0/"
CONFORMS = tuple(
    f"{_SPEC}{standard}/1.0/conf/{name}"
    for standard, names in {
        "ogcapi-common-1": "core landing-page json html oas30",
        "ogcapi-common-2": "collections json html",
        "ogcapi-features-1": "core oas30 html geojson",
        "ogcapi-features-2": "crs",
        "ogcapi-features-3": "queryables queryables-query-parameters filter features-filter",
        "ogcapi-features-4": "create-replace-delete update features optimistic-locking-etags",
        "ogcapi-tiles-1": "core tileset tilesets-list geodata-tilesets oas30 mvt",
        "cql2": (
            "cql2-text cql2-json basic-cql2 advanced-comparison-operators "
            "case-insensitive-comparison accent-insensitive-comparison basic-spatial-functions "
            "basic-spatial-functions-plus spatial-functions temporal-functions property-property "
            "arithmetic"
        ),
    }.items()
    for name in names.split()
)
"""Only what holds: the abstract tests of each stand in tests/."""


def landing(request: Request) -> dict[str, Any]:
    """The first page of the API."""
    base = root(request)
    return {
        "title": TITLE,
        "description": ABOUT,
        "links": [
            *own_links(request),
            link(f"{base}/api", "service-desc", OPENAPI, "OpenAPI 3.0"),
            link(f"{base}/api?f=html", "service-doc", "text/html", "接口说明 · API"),
            link(f"{base}/conformance", "conformance", JSON, "符合性 · Conformance"),
            link(f"{base}/collections", "data", JSON, "数据集 · Collections"),
            link(f"{base}/tileMatrixSets", f"{_REL}tiling-schemes", JSON, "瓦片方案 · Tilings"),
        ],
    }


def conformance(request: Request) -> dict[str, Any]:
    """The conformance classes."""
    return {"conformsTo": list(CONFORMS), "links": own_links(request)}


def collections(
    request: Request, found: dict[str, Collection], where: Bounds, systems: dict[str, Crs]
) -> dict[str, Any]:
    """All collections that the viewer may ask."""
    return {
        "links": own_links(request),
        "crs": list(systems),
        "collections": [
            described(request, one, where, systems, links=[]) for one in found.values()
        ],
    }


def described(
    request: Request,
    one: Collection,
    where: Bounds,
    systems: dict[str, Crs],
    *,
    links: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """A collection: what, where, in which systems, and where its features lie."""
    base = f"{root(request)}/collections/{one.name}"
    own = [link(base, "self", JSON)] if links is not None else own_links(request)
    told: dict[str, Any] = {
        "id": one.name,
        "title": one.title,
        "description": one.about,
        "itemType": "feature",
        "extent": {"spatial": {"bbox": [list(where)], "crs": CRS84}},
        "crs": list(systems),
        "storageCrs": CRS84,
        "links": [
            *own,
            link(f"{base}/items?f=json", "items", GEOJSON, one.title),
            link(f"{base}/items?f=html", "items", "text/html", one.title),
            link(f"{base}/queryables", f"{_REL}queryables", SCHEMA, "可查询属性 · Queryables"),
        ],
    }
    if one.time:
        days = [f"{day}T00:00:00Z" for day in (gis.dials.FIRST_DAY, gis.dials.LAST_DAY)]
        told["extent"]["temporal"] = {"interval": [days]}
    if one.tiles:
        tiles = link(f"{base}/tiles", f"{_REL}tilesets-vector", JSON, "矢量瓦片 · Vector tiles")
        told["links"].append(tiles)
    return told


def queryables(request: Request, one: Collection) -> dict[str, Any]:
    """The properties that filters may use, as a JSON Schema."""
    shape = "geometry-any" if one.shape == "any" else f"geometry-{one.shape}"
    ground = {"title": "位置 · geometry", "x-ogc-role": "primary-geometry", "format": shape}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{root(request)}/collections/{one.name}/queryables",
        "type": "object",
        "title": one.title,
        "description": one.about,
        "properties": {name: typed(one, name) for name in one.properties} | {"geometry": ground},
        "additionalProperties": False,
    }


def typed(one: Collection, name: str) -> dict[str, Any]:
    """A property as JSON Schema tells it."""
    found = one.properties[name]
    told: dict[str, Any] = {"title": found.title, "type": "string"}
    if found.kind == NUMBER:
        told["type"] = "integer" if found.is_whole else "number"
    if found.kind in (DAY, MOMENT):
        told["format"] = "date" if found.kind == DAY else "date-time"
    return told | ({"enum": list(found.choices)} if found.choices else {})
