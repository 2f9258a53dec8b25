"""The pages people open in a browser. They hold no data and ask the store for nothing."""

from __future__ import annotations

from collections.abc import Callable

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
from api.settings import Settings
from maps.shell import Shell

router = APIRouter(include_in_schema=False)
YEAR_S = 365 * 86_400


def _answer(html: str, nonce: str, *, picture_hosts: tuple[str, ...] = ()) -> HTMLResponse:
    policy = maps.frame.content_policy(nonce, picture_hosts=picture_hosts)
    return HTMLResponse(
        html, headers={"Content-Security-Policy": policy, "Cache-Control": "private, no-cache"}
    )


def _with_map(page: Callable[..., str], shell: Shell, settings: Settings) -> HTMLResponse:
    """A page with a map, whose basemap may come from another host."""
    import maps.basemaps

    basemap = maps.basemaps.choose(settings.basemap, key=settings.tianditu_key)
    html = page(shell, basemap, key=settings.tianditu_key)
    return _answer(html, shell.nonce, picture_hosts=basemap.hosts if basemap else ())


@router.get("/")
def home(settings: SettingsDep, shell: ShellDep) -> HTMLResponse:
    """The community's home."""
    import maps.home

    return _with_map(maps.home.page, shell, settings)


@router.get("/map")
def grid_map(settings: SettingsDep, shell: ShellDep) -> HTMLResponse:
    """The map of the cells."""
    import maps.grid

    return _with_map(maps.grid.page, shell, settings)


@router.get("/desk")
def desk(settings: SettingsDep, shell: ShellDep) -> HTMLResponse:
    """The dispatcher's desk."""
    import maps.desk

    return _with_map(maps.desk.page, shell, settings)


@router.get("/plan")
def plan(settings: SettingsDep, shell: ShellDep) -> HTMLResponse:
    """The planner's page."""
    import maps.plan

    return _with_map(maps.plan.page, shell, settings)


@router.get("/editors")
def editors(shell: ShellDep, settings: SettingsDep) -> HTMLResponse:
    """What the staff of communities write for residents, and what they are asked."""
    import maps.community

    return _with_map(maps.community.page, shell, settings)


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
