"""One table: which refusal becomes which HTTP status and which exit code. RFC 9457 bodies."""

from __future__ import annotations

import json
from http import HTTPStatus

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gis import errors

STATUS: dict[type[errors.WanggeError], int] = {
    errors.BadInput: 400,
    errors.TooLarge: 413,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.NotAllowed: 403,
    errors.TooOften: 429,
    errors.Unavailable: 503,
    errors.WanggeError: 500,
}
RETRY_AFTER_S = "2"
SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "SAMEORIGIN",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(self)",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'self'",
}
"""Headers of every answer; a page brings a content policy of its own."""


def problem(status: int, title: str, detail: str, **facts: object) -> Response:
    """Shape a refusal as application/problem+json."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **facts}
    headers = {"Retry-After": RETRY_AFTER_S} if status == 503 else None
    return Response(_json(body), status, media_type="application/problem+json", headers=headers)


def _json(body: dict[str, object]) -> bytes:
    try:
        return orjson.dumps(body, default=str)
    except TypeError:  # a sentence that quotes half a character, as it was sent
        return json.dumps(body, default=str).encode()


def refusal(_: Request, error: Exception) -> Response:
    """Answer a refusal in words, with its facts for programs."""
    assert isinstance(error, errors.WanggeError)
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    facts = {k: v for k, v in error.facts.items() if k not in {"type", "title", "status", "detail"}}
    if error.reasons:
        facts["reasons"] = error.reasons
    return problem(status, type(error).__name__, str(error), **facts)


def store_down(_: Request, __: Exception) -> Response:
    """Say that the store does not answer just now; the caller may try again."""
    return problem(503, "Unavailable", "the store does not answer just now; try again in a moment")


def http(request: Request, error: Exception) -> Response:
    """Answer a path that is none, or a method it does not take."""
    assert isinstance(error, HTTPException)
    sentence = f"{request.method} {request.url.path[:200]}: {error.detail}"
    answer = problem(error.status_code, HTTPStatus(error.status_code).phrase, sentence)
    answer.headers.update(error.headers or {})
    return answer


def unforeseen(_: Request, __: Exception) -> Response:
    """Say sorry without a stack trace: that goes to the log only."""
    answer = problem(500, "WanggeError", "something went wrong here; it has been logged")
    answer.headers.update(SAFE)  # outside of every middleware
    return answer
