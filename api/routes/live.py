"""实时 over HTTP: pages hear at once that a case moved."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import StreamingResponse

from api.deps import ViewerDep
from api.live import LASTS_S, Live

router = APIRouter(tags=["live"])


@router.get("/live")
async def live(
    request: Request,
    viewer: ViewerDep,
    lasts_s: Annotated[float, Query(gt=0, le=LASTS_S)] = LASTS_S,
) -> StreamingResponse:
    """Server-sent events: `moved` names a case that moved, or says `many`; ask for it as usual."""
    pages: Live = request.app.state.live
    return StreamingResponse(
        pages.line(viewer, lasts_s=lasts_s),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
