"""The worker's page as an application of the phone: the page, what keeps it, and its keys.

The page is the same for everybody of one language and theme, and holds no data.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

import api.actions.phone
import data.sign_in
import maps
import maps.frame
import maps.shell
from api import auth
from api.deps import EnteredDep, SealDep, SettingsDep, ShellDep, Store
from maps.shell import Shell

router = APIRouter(prefix="/worker", include_in_schema=False)
_ERRAND = b'import "/static/worker/errand.js";\n'
_WORKER = Path(maps.__file__).parent / "static/worker/sw.js"


def _page(basemap: str, key: str | None, shell: Shell) -> tuple[str, tuple[str, ...]]:
    """The page's HTML, and the hosts of its basemap's pictures."""
    import maps.basemaps
    import maps.worker

    chosen = maps.basemaps.choose(basemap, key=key)
    return maps.worker.page(shell, chosen, key=key), chosen.hosts if chosen else ()


@lru_cache(maxsize=4)
def _program(_stamp: int, basemap: str, key: str | None, zone: str) -> bytes:
    """The service worker; computed again when anything that pages are made of has changed."""
    import maps.offline
    import maps.words

    shells = [Shell("", "/worker", one, zone=zone) for one in maps.words.LANGUAGES]
    pages = [_page(basemap, key, one)[0] for one in shells]
    kept = maps.offline.kept(pages)
    told = {"VERSION": kept.version, "KEPT": kept.paths}
    before = "".join(f"const {name} = {orjson.dumps(told[name]).decode()};\n" for name in told)
    return before.encode() + _WORKER.read_bytes()


@router.get("")
def page(settings: SettingsDep, shell: ShellDep) -> HTMLResponse:
    """The grid worker's phone; its scripts are allowed by hash, for phones keep it."""
    own = replace(shell, nonce="")
    html, hosts = _page(settings.basemap, settings.tianditu_key, own)
    policy = maps.frame.kept_policy(html, picture_hosts=hosts)
    headers = {"Content-Security-Policy": policy, "Cache-Control": "private, no-cache"}
    return HTMLResponse(html, headers=headers)


@router.get("/sw.js")
def service_worker(settings: SettingsDep, wakes: bool = False) -> Response:
    """What keeps the page on the phone: the same bytes until something that it keeps changes.

    With `wakes` it is a module, and sends what waits when the browser wakes it for that.
    """
    import maps.offline

    about = settings.basemap, settings.tianditu_key, settings.time_zone
    program = _program(maps.offline.stamp(), *about)
    return Response(
        (_ERRAND if wakes else b"") + program,
        media_type="text/javascript",
        headers={
            "Service-Worker-Allowed": "/worker",
            "Cache-Control": "no-cache",
            "Content-Security-Policy": "default-src 'none'; connect-src 'self'; script-src 'self'",
        },
    )


@router.get("/manifest.webmanifest")
def manifest(shell: ShellDep) -> Response:
    """Name and icons for the phone's screen, in the reader's language."""
    import maps.offline

    return Response(
        orjson.dumps(maps.offline.manifest(shell.language)),
        media_type="application/manifest+json",
        headers={"Cache-Control": "private, no-cache", "Vary": "Cookie"},
    )


@router.get("/left")
def left(request: Request, shell: ShellDep) -> HTMLResponse:
    """Where signing in or out leads a browser that keeps something: there it is cleared."""
    onward = auth.local_path(request.query_params.get("next") or "/sign-in")
    html = maps.shell.page("left.html", shell, themes=("offline",), onward=onward)
    policy = maps.frame.content_policy(shell.nonce)
    return HTMLResponse(
        html, headers={"Content-Security-Policy": policy, "Cache-Control": "no-store"}
    )


@router.get("/key")
def key(request: Request, store: Store, entered: EnteredDep, seal: SealDep) -> Response:
    """The server's halves of the keys of what the phone keeps.

    `day` is this session's and is given no more when that has ended; `queue` is the account's, so
    that what waits can be opened when the same account signs in again. Each is worth nothing
    without the half in the browser.
    """
    answer = Response(
        orjson.dumps(api.actions.phone.halves(store, entered, seal, now=datetime.now(UTC))),
        media_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
    answer.set_cookie(
        auth.KEEPS, "1", max_age=int(data.sign_in.COOKIE_MOST.total_seconds()), path="/",
        secure=not (request.url.scheme == "http" and auth.may_keep_cookie(request)),
        httponly=True, samesite="lax",
    )  # fmt: skip
    return answer
