"""The API under `/ogc` as OpenAPI 3.0 tells it, path by path of the collections of a viewer."""

from __future__ import annotations

from typing import Any

from api.ogc_asked import GEOJSON, JSON, SCHEMA
from api.ogc_told import ABOUT, TITLE, typed
from data.ogc import Collection
from data.ogc_items import MOST_FEATURES
from gis.ogc_crs import CRS84, Crs

USUAL = 100
_NUMBERS = {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 6}
_OBJECT = {"type": "object"}


def _query(name: str, about: str, schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    told = {"name": name, "in": "query", "description": about, "required": False, "schema": schema}
    return told | {"style": "form", "explode": False} | more


def _parameters(systems: dict[str, Crs]) -> dict[str, Any]:
    system = {"type": "string", "format": "uri", "default": CRS84, "enum": list(systems)}
    text = {"type": "string"}
    limit = {"type": "integer", "minimum": 1, "maximum": MOST_FEATURES, "default": USUAL}
    return {
        "limit": _query("limit", "How many features at most.", limit),
        "bbox": _query("bbox", "Only what meets this box, in the system of bbox-crs.", _NUMBERS),
        "datetime": _query("datetime", "A moment, a day, or a span from/to with .. open.", text),
        "crs": _query("crs", "The system of the answer.", system),
        "bbox-crs": _query("bbox-crs", "The system of bbox.", system),
        "filter": _query("filter", "A filter in CQL2.", text),
        "filter-lang": _query(
            "filter-lang", "What the filter is written in.",
            {"type": "string", "enum": ["cql2-text", "cql2-json"], "default": "cql2-text"},
        ),
        "filter-crs": _query("filter-crs", "The system of shapes in the filter.", system),
        "after": _query("after", "Goes on after this id; links tell it.", {"type": "integer"}),
        "f": _query("f", "As what it is told.", {"type": "string", "enum": ["json", "html"]}),
        "featureId": {
            "name": "featureId", "in": "path", "required": True, "schema": text,
            "description": "The id of a feature.",
        },
        "If-Match": {
            "name": "If-Match", "in": "header", "required": True, "schema": text,
            "description": "The ETag of the feature as it was seen.",
        },
        "Content-Crs": {
            "name": "Content-Crs", "in": "header", "required": False, "schema": text,
            "description": "The system of the body, in angle brackets.",
        },
    }  # fmt: skip


def _ref(name: str, kind: str = "parameters") -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}


def _answers(kind: str = JSON, *, more: tuple[str, ...] = ()) -> dict[str, Any]:
    content = {kind: {"schema": _OBJECT}, "text/html": {"schema": {"type": "string"}}}
    refused = {code: _ref("refused", "responses") for code in ("400", "default", *more)}
    return {"200": {"description": "It is told.", "content": content}} | refused


def _get(name: str, about: str, parameters: list[Any], **answers: Any) -> dict[str, Any]:
    return {
        "get": {
            "operationId": name,
            "summary": about,
            "parameters": [*parameters, _ref("f")],
            "responses": _answers(**answers),
        }
    }


_ITEMS = (
    "limit", "bbox", "bbox-crs", "datetime", "crs", "filter", "filter-lang", "filter-crs", "after",
)  # fmt: skip


def _of(one: Collection) -> dict[str, Any]:
    base, own = f"/collections/{one.name}", ("404",)
    properties = [
        _query(name, found.title, typed(one, name)) for name, found in one.properties.items()
    ]
    asked = [*map(_ref, _ITEMS), *properties]
    items = _get(f"{one.name}.items", one.about, asked, kind=GEOJSON, more=own)
    feature = _get(
        f"{one.name}.item", f"{one.title}: one", [_ref("featureId"), _ref("crs")],
        kind=GEOJSON, more=own,
    )  # fmt: skip
    if one.edited_by is not None:
        items |= _written(one, "post", "create", "201", [])
        seen = [_ref("featureId"), _ref("If-Match")]
        for method, name, status in (
            ("put", "replace", "204"), ("patch", "update", "204"), ("delete", "delete", "204")
        ):  # fmt: skip
            feature |= _written(one, method, name, status, seen)
    return {
        base: _get(f"{one.name}.about", one.about, [], more=own),
        f"{base}/queryables": _get(
            f"{one.name}.queryables", "What filters may use.", [], kind=SCHEMA, more=own
        ),
        f"{base}/items": items,
        f"{base}/items/{{featureId}}": feature,
    }


def _written(
    one: Collection, method: str, name: str, status: str, parameters: list[Any]
) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": f"{one.name}.{name}",
        "summary": f"{one.title}: {name}",
        "parameters": parameters,
        "responses": {
            status: {"description": "It is done."},
            **{code: _ref("refused", "responses") for code in ("400", "401", "403", "default")},
        },
        "security": [{"token": []}],
    }
    if method != "delete":
        told["parameters"] = [*parameters, _ref("Content-Crs")]
        kind = "application/merge-patch+json" if method == "patch" else GEOJSON
        told["requestBody"] = {"required": True, "content": {kind: {"schema": _OBJECT}}}
    return {method: told}


def _tiles(found: dict[str, Collection]) -> dict[str, Any]:
    paths: dict[str, Any] = {
        "/tileMatrixSets": _get("tilings", "The tilings.", []),
        "/tileMatrixSets/{tileMatrixSetId}": _get(
            "tiling", "A tiling.", [_place("tileMatrixSetId")], more=("404",)
        ),
    }
    for name in (one.name for one in found.values() if one.tiles):
        base = f"/collections/{name}/tiles"
        paths[base] = _get(f"{name}.tilesets", "The tilesets.", [], more=("404",))
        set_of = [_place("tileMatrixSetId")]
        paths[f"{base}/{{tileMatrixSetId}}"] = _get(
            f"{name}.tileset", "A tileset.", set_of, more=("404",)
        )
        at = [*set_of, *map(_place, ("tileMatrix", "tileRow", "tileCol"))]
        tile = _get(f"{name}.tile", "A tile.", at, more=("404",))
        tile["get"]["parameters"] = at
        tile["get"]["responses"]["200"]["content"] = {
            "application/vnd.mapbox-vector-tile": {"schema": {"type": "string", "format": "binary"}}
        }
        paths[f"{base}/{{tileMatrixSetId}}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"] = tile
    return paths


def _place(name: str) -> dict[str, Any]:
    schema = {"type": "string"}
    return {"name": name, "in": "path", "required": True, "schema": schema, "description": name}


def document(base: str, found: dict[str, Collection], systems: dict[str, Crs]) -> dict[str, Any]:
    """Write the document of an API at `base` with these collections and reference systems."""
    paths = {
        "/": _get("landing", "The first page.", []),
        "/conformance": _get("conformance", "What it conforms to.", []),
        "/api": _get("api", "This document.", []),
        "/collections": _get("collections", "The collections.", []),
    }
    for one in found.values():
        paths |= _of(one)
    problem = {"application/problem+json": {"schema": _OBJECT}}
    return {
        "openapi": "3.0.3",
        "info": {"title": TITLE, "description": ABOUT, "version": "1.0.0"},
        "servers": [{"url": base}],
        "paths": paths | _tiles(found),
        "components": {
            "parameters": _parameters(systems),
            "responses": {
                "refused": {"description": "It is refused, and why.", "content": problem}
            },
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }
