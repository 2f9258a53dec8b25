"""What a request under `/ogc` asks for: its parameters, its form, and where its answers lie."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import orjson
import psycopg
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse

import api.deps
import data.layers
import data.ogc
import data.scope
import gis.ogc_crs
import maps.ogc
from data.ogc import Collection
from gis.errors import BadInput
from gis.ogc_crs import Crs

FORMS = ("json", "html")
JSON, GEOJSON, SCHEMA = "application/json", "application/geo+json", "application/schema+json"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
PUBLIC, FORGET = {"Cache-Control": "private, no-cache"}, {"Cache-Control": "private, no-store"}
_MANY = 100
PIECE = 2**18


def read(request: Request, *names: str) -> dict[str, str]:
    """The parameters of a request; `f` may always be told.

    Raises:
        BadInput: one that the API document does not name, or one that is told in two ways.
    """
    told: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in names and name != "f":
            raise BadInput(
                f"there is no parameter {name!r:.80}; choose from {', '.join((*names, 'f'))}",
                field=name[:80], choices=[*names, "f"],
            )  # fmt: skip
        if told.get(name, value) != value:
            raise BadInput(f"{name} is told in two ways", field=name)
        told[name] = value
    if told.get("f", "json") not in FORMS:
        raise BadInput(
            f"f is {told['f']!r:.40}; choose from {', '.join(FORMS)}",
            field="f", choices=list(FORMS),
        )  # fmt: skip
    return told


def wants_page(request: Request) -> bool:
    """Whether a page is asked for: by `f`, else by what the client takes most gladly."""
    if "f" in request.query_params:
        return request.query_params["f"] == "html"
    weights = dict(map(_weighed, request.headers.get("accept", "*/*").lower().split(",")))
    plain = max((weight for kind, weight in weights.items() if "json" in kind), default=0.0)
    return weights.get("text/html", 0.0) > plain


def _weighed(part: str) -> tuple[str, float]:
    kind, _, rest = part.partition(";")
    weight = rest.partition("q=")[2].split(";")[0].strip() if "q=" in rest else "1"
    try:
        return kind.strip(), float(weight)
    except ValueError:
        return kind.strip(), 0.0


def whole(text: str | None, field: str, *, usual: int, most: int) -> int:
    """A whole number from 1; what is more than `most` is `most`.

    Raises:
        BadInput: it is none.
    """
    if text is None:
        return usual
    if not (text.isascii() and text.isdigit() and text.strip("0")):
        raise BadInput(
            f"{field} is {text!r:.40}; give a whole number from 1", field=field, value=text[:40]
        )
    return min(int(text[:_MANY]), most)


def root(request: Request) -> str:
    """The address of the landing page."""
    return f"{str(request.base_url).rstrip('/')}/ogc"


def address(request: Request, **changed: str | None) -> str:
    """The address of this request with some parameters told otherwise; None leaves one out."""
    told: dict[str, str] = dict(request.query_params)
    for name, value in changed.items():
        told.pop(name, None)
        if value is not None:
            told[name] = value
    query = f"?{urlencode(told)}" if told else ""
    return f"{str(request.base_url).rstrip('/')}{request.url.path}{query}"


def link(href: str, rel: str, kind: str, title: str = "") -> dict[str, Any]:
    """A link as OGC APIs tell it."""
    told = {"href": href, "rel": rel, "type": kind}
    return told | ({"title": title} if title else {})


def own_links(request: Request, kind: str = JSON) -> list[dict[str, Any]]:
    """Where this very answer lies, and as what else."""
    page = wants_page(request)
    forms = [(kind, "json"), ("text/html", "html")]
    return [
        link(address(request, f=form), "self" if (form == "html") == page else "alternate", media)
        for media, form in forms
    ]


def now() -> str:
    """This moment, as answers tell it."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    """A large answer piece by piece: others are served while it is packed."""
    for at in range(0, len(body), PIECE):
        yield body[at : at + PIECE]


def answer(
    request: Request,
    view: str,
    told: dict[str, Any],
    *,
    kind: str = JSON,
    headers: dict[str, str] | None = None,
    body: bytes | None = None,
) -> Response:
    """Send what is told as JSON, or as a page; `body` is the JSON where it is written already."""
    about = {**PUBLIC, "Vary": "Accept, Cookie, Authorization", **(headers or {})}
    if not wants_page(request):
        plain = body or orjson.dumps(told)
        if len(plain) <= PIECE:
            return Response(plain, media_type=kind, headers=about)
        return StreamingResponse(_pieces(plain), media_type=kind, headers=about)
    shell = api.deps.shell_of(request)
    html = maps.ogc.page(shell, view, told, here=address(request), root=root(request))
    policy = {"Content-Security-Policy": maps.ogc.policy(shell.nonce)}
    return HTMLResponse(html, headers=about | policy)


async def collection_of(request: Request) -> Collection:
    """The collection that the path names.

    Raises:
        NotFound: the viewer has none of that name.
    """
    viewer = api.deps.viewer_of(request)
    async with data.scope.looking(request.app.state.pool, viewer) as connection:
        return await data.ogc.one_of(connection, viewer, request.path_params["collection"])


async def offered(
    request: Request, connection: psycopg.AsyncConnection[Any]
) -> tuple[data.ogc.Bounds, dict[str, Crs]]:
    """Where the town is, and the reference systems of that place; looked up once a version."""
    version = await data.layers.version(connection, ("divisions",))
    held = getattr(request.app.state, "ogc_extent", None)
    if held is None or held[0] != version:
        held = version, await data.ogc.extent(connection)
        request.app.state.ogc_extent = held
    bounds: data.ogc.Bounds = held[1]
    return bounds, gis.ogc_crs.offered(bounds[0], bounds[2])


async def system(
    request: Request,
    connection: psycopg.AsyncConnection[Any],
    told: dict[str, str],
    field: str,
) -> Crs:
    """The reference system that a parameter names.

    Raises:
        BadInput: the collections are not told in it.
    """
    uri = told.get(field)
    if uri is None or uri == gis.ogc_crs.CRS84:
        return gis.ogc_crs.DEFAULT
    return gis.ogc_crs.named(uri, (await offered(request, connection))[1], field)


def listed(names: Iterable[str]) -> str:
    """Names in a sentence or a header."""
    return ", ".join(names)
