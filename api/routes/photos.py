"""Photographs over HTTP: added to a case, listed, shown to those who have the case in charge."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, File, Form, UploadFile
from starlette.requests import Request
from starlette.responses import Response

import gis.photos
from api.deps import Hot, PaceDep, SettingsDep, Store, ViewerDep
from api.pace import Guess

router = APIRouter()


@router.post("/cases/{code:path}/photos")
def add(
    request: Request,
    store: Store,
    viewer: ViewerDep,
    settings: SettingsDep,
    pace: PaceDep,
    code: str,
    file: Annotated[list[UploadFile], File()],
    words: Annotated[str, Form(max_length=500)] = "",
    request_id: Annotated[str, Form(max_length=80)] = "",
) -> dict[str, Any]:
    """Add JPEG, PNG or WebP photographs; with its request id, to one's own fresh report."""
    import api.actions.photos

    address = "" if viewer.account or request.client is None else request.client.host
    pace.step(viewer, Guess.PHOTOGRAPH, address=address)
    return api.actions.photos.add(
        store,
        code,
        [one.file.read(gis.photos.MAX_BYTES + 1) for one in file],
        by=viewer,
        now=datetime.now(UTC),
        zone=ZoneInfo(settings.time_zone),
        words=words,
        request_id=request_id,
    )


@router.get("/cases/{code:path}/photos")
def photos(store: Store, viewer: ViewerDep, code: str) -> dict[str, Any]:
    """The photographs of a case; `is_far`: taken far from the place that was reported."""
    import api.actions.photos

    return api.actions.photos.of_case(store, code, by=viewer)


@router.get("/cases/{code:path}/photos/{number}.jpg")
async def photo(connection: Hot, code: str, number: int) -> Response:
    """A photograph, its longer side at most 2,048 pixels."""
    return await _picture(connection, code, number, "image")


@router.get("/cases/{code:path}/photos/{number}/thumb.jpg")
async def thumbnail(connection: Hot, code: str, number: int) -> Response:
    """A photograph, its longer side at most 320 pixels."""
    return await _picture(connection, code, number, "thumbnail")


async def _picture(connection: Hot, code: str, number: int, size: str) -> Response:
    """Nothing of it stays in a browser's cache: it may show whom the case is about."""
    import data.photos

    body = await data.photos.picture(connection, code, number, data.photos.Size(size))
    headers = {"Cache-Control": "private, no-store"}
    return Response(body, media_type="image/jpeg", headers=headers)
