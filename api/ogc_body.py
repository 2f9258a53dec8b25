"""The feature that a request under `/ogc` sends: of which kind its body is, and in which system."""

from __future__ import annotations

import reprlib
from dataclasses import dataclass
from typing import Any

import orjson
import shapely
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

import data.scope
import gis.ogc_crs
from api import errors
from api.deps import viewer_of
from api.ogc_asked import GEOJSON, JSON, listed, system
from data.ogc import Collection
from gis.errors import BadInput, TooLarge
from gis.ogc_crs import DEFAULT, Crs

MERGE = "application/merge-patch+json"
_KINDS = {"POST": (GEOJSON, JSON), "PUT": (GEOJSON, JSON), "PATCH": (MERGE, JSON, GEOJSON)}
MOST_BYTES = 2 * 2**20
_LONGEST = 1000


@dataclass(frozen=True)
class Feature:
    """What a request tells of a feature; `shape` is in WGS-84."""

    properties: dict[str, Any]
    shape: shapely.Geometry | None


def check_text(name: str, value: Any) -> None:
    """See that a property is a text of bearable length, or nothing.

    Raises:
        BadInput: it is not.
    """
    if not (value is None or isinstance(value, str)):
        raise BadInput(f"{name} is {reprlib.repr(value)}, no text", field=name)
    if len(value or "") > _LONGEST:
        raise BadInput(f"{name} is longer than {_LONGEST} characters", field=name)


async def _crs(request: Request) -> Crs:
    """The system that the body is told in, by `Content-Crs`."""
    told = request.headers.get("content-crs", "").strip()
    if not told:
        return DEFAULT
    uri = told.removeprefix("<").removesuffix(">")
    async with data.scope.looking(request.app.state.pool, viewer_of(request)) as connection:
        return await system(request, connection, {"Content-Crs": uri}, "Content-Crs")


async def told_of(request: Request, one: Collection) -> Feature | Response:
    """What the body of a request tells; the refusal where it is of another kind.

    Raises:
        BadInput: it is no feature of the collection. TooLarge: it is longer than `MOST_BYTES`.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    kinds = _KINDS[request.method]
    if kind not in kinds:
        said = f"the body is {kind or 'of no kind'}; it takes {listed(kinds)}"
        return errors.problem(415, "UnsupportedMediaType", said)
    if int(request.headers.get("content-length", "0")) > MOST_BYTES:
        raise TooLarge(f"the body is longer than {MOST_BYTES} bytes")
    crs, body = await _crs(request), await request.body()
    return await run_in_threadpool(_feature, body, one, crs)


def _feature(body: bytes, one: Collection, crs: Crs) -> Feature:
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadInput(f"the body is no JSON: {error}") from None
    if not isinstance(told, dict) or (told.get("type", "Feature") != "Feature"):
        raise BadInput("the body is no GeoJSON feature", field="type")
    properties = {} if told.get("properties") is None else told["properties"]
    if not isinstance(properties, dict):
        raise BadInput("properties are no object", field="properties")
    for name in properties:
        if name not in one.properties:
            raise BadInput(
                f"{one.name} has no property {name!r:.80}; it has {listed(one.properties)}",
                field=name[:80], choices=list(one.properties),
            )  # fmt: skip
    geometry = told.get("geometry")
    if geometry is None:
        return Feature(properties, None)
    drawn = gis.ogc_crs.drawn(geometry, crs, "geometry")
    if shapely.is_empty(drawn):
        raise BadInput("the geometry is empty", field="geometry")
    return Feature(properties, drawn)
