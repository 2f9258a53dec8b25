"""Open311 over HTTP: JSON or XML as the address ends, refusals as the specification has them."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import orjson
import psycopg
import psycopg_pool
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

import gis.open311
from api import errors
from gis.errors import BadInput, NotAllowed, NotFound, TooLarge, TooOften, Unavailable, WanggeError
from gis.open311 import Asked, Row, Told

TYPES = {"json": "application/json; charset=utf-8", "xml": "text/xml; charset=utf-8"}
MOST_FIELDS, MOST_TEXT = 200, 40_000
_ATTRIBUTE = re.compile(r"attribute\[([^\]]+)\](?:\[\])?")
_STATUS = {NotFound: 404, NotAllowed: 403, TooOften: 429, Unavailable: 503, TooLarge: 413}
"""All else is 400, as the specification wants it."""


class Route(APIRoute):
    """A route whose refusals are a list of code and description."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Answer refusals in the format that was asked for."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except WanggeError as error:
                return refused(request, error)
            except RequestValidationError as error:
                told = [f"{fault['loc'][-1]}: {fault['msg']}" for fault in error.errors()]
                return refused(request, BadInput("; ".join(told)))
            except HTTPException as error:  # a form of several parts that is none
                return refused(request, BadInput(error.detail))
            except (psycopg.OperationalError, psycopg_pool.PoolTimeout, OSError):
                return refused(request, Unavailable("the store does not answer just now"))

        return answer


def refused(request: Request, error: WanggeError) -> Response:
    """A refusal, every fault of it an error of its own."""
    status = next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 400)
    faults = error.facts.get("faults")
    told = [str(error)]
    if isinstance(faults, list) and all(isinstance(one, dict) for one in faults):
        told = [f"{one['field']} {one['reason']}" for one in faults]
    rows = [{"code": status, "description": one} for one in told]
    answer = written(_format(request), "errors", rows, "error", status=status)
    if status in {429, 503}:
        answer.headers["Retry-After"] = errors.RETRY_AFTER_S if status == 503 else "600"
    return answer


def _format(request: Request) -> str:
    """The format that the address ends with; XML, which the specification requires, without one."""
    suffix = request.url.path.rpartition(".")[2]
    return suffix if suffix in TYPES else "xml"


def check_format(suffix: str) -> None:
    """Refuse a format that is not spoken here.

    Raises:
        NotFound: it is none.
    """
    if suffix not in TYPES:
        raise NotFound(f"the address ends in {suffix[:80]!r}; write .json or .xml")


def parted(told: str) -> tuple[str, str]:
    """The name and the format at the end of an address.

    Raises:
        NotFound: it ends in no format that is spoken here.
    """
    name, _, suffix = told.rpartition(".")
    check_format(suffix)
    return name, suffix


def asked(request: Request, **more: str) -> Asked:
    """Read the arguments of GET requests, several values of one in one address or between commas.

    Raises:
        BadInput: an argument that is none of the specification's.
    """
    told = request.query_params
    values = {name: ",".join(told.getlist(name)) for name in told}
    return gis.open311.asked({**values, **more}, now=datetime.now(UTC))


def written(
    suffix: str, root: str, rows: list[Row] | Row, each: str = "",
    *, status: int = 200,
) -> Response:  # fmt: skip
    """Write rows, or one row, in the format of the address."""
    if suffix == "json":
        try:
            body = orjson.dumps(rows)
        except TypeError:  # half a character in what was quoted
            body = orjson.dumps([{"code": status, "description": "the text cannot be read"}])
    else:
        body = gis.open311.as_xml(root, rows, each)
    return Response(body, status, headers={"Content-Type": TYPES[suffix]})


async def read(request: Request) -> Told:
    """Read the form of POST requests; `request_id` or Idempotency-Key names it once for all.

    Raises:
        BadInput: no form, one too large, or not in UTF-8.
    """
    fields: dict[str, str] = {
        name: request.query_params[name]
        for name in ("api_key", "jurisdiction_id")
        if name in request.query_params
    }
    attributes: dict[str, list[str]] = {}
    for name, value in await _pairs(request):
        if len(value) > MOST_TEXT:
            raise BadInput(f"{name[:40]} is longer than {MOST_TEXT:,} characters")
        if "\0" in value:
            raise BadInput(f"{name[:40]} holds the character NUL")
        if found := _ATTRIBUTE.fullmatch(name):
            attributes.setdefault(found[1], []).append(value)
        elif value:
            fields[name] = value
    told_once = fields.get("request_id") or request.headers.get("idempotency-key", "")
    return Told(fields, attributes, told_once.strip())


async def _pairs(request: Request) -> list[tuple[str, str]]:
    """Names and texts of a form; media of a form of several parts are not taken."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        async with request.form(max_files=20, max_fields=MOST_FIELDS) as form:
            return [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    if kind != "application/x-www-form-urlencoded":
        raise BadInput("send the request as application/x-www-form-urlencoded")
    try:
        text = (await request.body()).decode()  # not every program escapes what is not ASCII
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise BadInput(f"the form is not in UTF-8, or has over {MOST_FIELDS} fields") from error
