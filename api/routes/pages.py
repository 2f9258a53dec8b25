"""The pages people open in a browser. They hold no data and ask the store for nothing."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

import maps.frame
import maps.shell
import maps.style
import maps.words
from api import auth
from api.deps import LANGUAGE, THEME, SettingsDep, ShellDep, ViewerDep
from api.routes.sign_in import Form

router = APIRouter(include_in_schema=False)
YEAR_S = 365 * 86_400


def _answer(html: str, nonce: str, *, picture_hosts: tuple[str, ...] = ()) -> HTMLResponse:
    policy = maps.frame.content_policy(nonce, picture_hosts=picture_hosts)
    return HTMLResponse(
        html, headers={"Content-Security-Policy": policy, "Cache-Control": "private, no-cache"}
    )


@router.get("/")
def home(settings: SettingsDep, shell: ShellDep) -> HTMLResponse:
    """The community's home."""
    import maps.basemaps
    import maps.home

    basemap = maps.basemaps.choose(settings.basemap, key=settings.tianditu_key)
    html = maps.home.page(shell, basemap, key=settings.tianditu_key)
    return _answer(html, shell.nonce, picture_hosts=basemap.hosts if basemap else ())


@router.get("/map")
def grid_map(settings: SettingsDep, shell: ShellDep) -> HTMLResponse:
    """The map of the cells."""
    import maps.basemaps
    import maps.grid

    basemap = maps.basemaps.choose(settings.basemap, key=settings.tianditu_key)
    html = maps.grid.page(shell, basemap, key=settings.tianditu_key)
    return _answer(html, shell.nonce, picture_hosts=basemap.hosts if basemap else ())


@router.get("/desk")
def desk(settings: SettingsDep, shell: ShellDep) -> HTMLResponse:
    """The dispatcher's desk."""
    import maps.basemaps
    import maps.desk

    basemap = maps.basemaps.choose(settings.basemap, key=settings.tianditu_key)
    html = maps.desk.page(shell, basemap, key=settings.tianditu_key)
    return _answer(html, shell.nonce, picture_hosts=basemap.hosts if basemap else ())


@router.get("/plan")
def plan(settings: SettingsDep, shell: ShellDep) -> HTMLResponse:
    """The planner's page."""
    import maps.basemaps
    import maps.plan

    basemap = maps.basemaps.choose(settings.basemap, key=settings.tianditu_key)
    html = maps.plan.page(shell, basemap, key=settings.tianditu_key)
    return _answer(html, shell.nonce, picture_hosts=basemap.hosts if basemap else ())


@router.get("/editors")
def editors(shell: ShellDep, settings: SettingsDep) -> HTMLResponse:
    """What the staff of communities write for residents, and what they are asked."""
    import maps.basemaps
    import maps.community

    basemap = maps.basemaps.choose(settings.basemap, key=settings.tianditu_key)
    html = maps.community.page(shell, basemap, key=settings.tianditu_key)
    return _answer(html, shell.nonce, picture_hosts=basemap.hosts if basemap else ())


@router.get("/style")
def style(shell: ShellDep) -> HTMLResponse:
    """The design system: what our pages are put together from."""
    return _answer(maps.style.page(shell), shell.nonce)


@router.get("/work")
def work(viewer: ViewerDep) -> RedirectResponse:
    """Go to the page of one's work: where signing in leads who came from no other page."""
    return RedirectResponse(maps.shell.page_of(viewer.role), 303)


@router.post("/view")
def view(request: Request, form: Form) -> RedirectResponse:
    """Keep the language or the theme somebody chose, and go back to his page."""
    answer = RedirectResponse(auth.local_path(form.get("next")), 303)
    for cookie, field, known in (
        (LANGUAGE, "language", tuple(maps.words.LANGUAGES)),
        (THEME, "theme", maps.shell.THEMES),
    ):
        if form.get(field) in known:
            answer.set_cookie(
                cookie, form[field], max_age=YEAR_S, samesite="lax", httponly=True,
                secure=request.url.scheme == "https",
            )  # fmt: skip
    return answer
