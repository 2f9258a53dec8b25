"""实时 over HTTP: pages hear at once that a case moved."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import StreamingResponse

from api.deps import ViewerDep
from api.live import Live

router = APIRouter(tags=["live"])


@router.get("/live")
async def live(request: Request, viewer: ViewerDep) -> StreamingResponse:
    """Server-sent events: `moved` names a case that moved, or says `many`; ask for it as usual."""
    pages: Live = request.app.state.live
    return StreamingResponse(
        pages.line(viewer),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
