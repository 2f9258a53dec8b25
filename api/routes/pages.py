"""The pages people open in a browser."""

from __future__ import annotations

import secrets

from fastapi import APIRouter
from starlette.responses import HTMLResponse

from api.deps import SettingsDep

router = APIRouter(include_in_schema=False)


@router.get("/")
def grid_map(settings: SettingsDep) -> HTMLResponse:
    """The map. It asks the store for nothing: it also opens, and says so, when that is down."""
    import maps.basemaps
    import maps.frame
    import maps.grid

    basemap = maps.basemaps.choose(settings.basemap, key=settings.tianditu_key)
    nonce = secrets.token_urlsafe(16)
    html = maps.grid.page(basemap, key=settings.tianditu_key).render_page(nonce)
    policy = maps.frame.content_policy(nonce, picture_hosts=basemap.hosts if basemap else ())
    return HTMLResponse(
        html, headers={"Content-Security-Policy": policy, "Cache-Control": "private, no-cache"}
    )
