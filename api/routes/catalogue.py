"""The catalogue over HTTP: what may be reported, for pages and programs.

Its room is imported when it is asked for: it brings pandas, which start-up does not wait for.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.deps import Hot

router = APIRouter()


@router.get("/catalogue")
async def catalogue(request: Request, connection: Hot) -> Response:
    """All classes with their conditions; 304 while nothing changed."""
    import data.catalogue

    tag = f'"catalogue-{await data.catalogue.version(connection)}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    body = await data.catalogue.as_json(connection)
    return Response(body, media_type="application/json", headers=headers)
