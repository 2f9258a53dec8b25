"""The worker's day over HTTP: one answer that a phone keeps; nothing here hears where it is."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.deps import EnteredDep, SettingsDep, Store

router = APIRouter(prefix="/worker", tags=["worker"])


@router.get("/day")
def day(request: Request, store: Store, entered: EnteredDep, settings: SettingsDep) -> Response:
    """Cells, cases, visits, register cards (masked), classes, notices; 304 while nothing changed.

    The tag changes with any version in the store, and every five minutes with the time.
    """
    import api.actions.worker

    held = request.headers.get("if-none-match", "")
    tag, answer = api.actions.worker.day(
        store, entered, now=datetime.now(UTC), zone=settings.time_zone, held=held
    )
    headers = {"ETag": tag, "Cache-Control": "private, no-store"}
    if answer is None:
        return Response(status_code=304, headers=headers)
    return Response(orjson.dumps(answer), media_type="application/json", headers=headers)
