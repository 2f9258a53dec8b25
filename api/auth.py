"""The guard: who asks, by cookie or token, and whether he may, by the table in `api.rules`.

A route without a line there keeps the application from starting. What a viewer sees of an
answer he may have, the row policies of the database decide, from `Viewer.scope`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import psycopg
import psycopg_pool
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import api.deps
import data.sign_in
import maps.barred
import maps.sign_in
from api import errors
from api.rules import RULES, Door, Rule, demands
from data.sign_in import Entered
from gis.access import ANYBODY, Right, Role, Viewer
from gis.errors import NotAllowed, WanggeError

COOKIE = "wangge_session"
KEEPS = "wangge_keeps"
"""A cookie: this browser keeps something sealed (docs/offline.md)."""
ACCOUNT = "wangge-account"
"""A header: whose act this is. What waited on a phone is never done in another's name."""
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class Way:
    """A route as the guard knows it: its template, its pattern, and the rule of each method."""

    template: str
    pattern: re.Pattern[str]
    rules: dict[str, Rule]


def ways(routes: Iterable[BaseRoute]) -> list[Way]:
    """Pair every route with its rule, in the order the routes are asked.

    Raises:
        WanggeError: a route has no rule.
    """
    return [_way(route) for route in _flat(routes)]


def _flat(routes: Iterable[BaseRoute]) -> Iterator[BaseRoute]:
    for route in routes:
        included = getattr(route, "original_router", None)  # a router included in ours
        if included is None:
            yield route
        else:
            yield from _flat(included.routes)


def _way(route: BaseRoute) -> Way:
    template, pattern = getattr(route, "path", ""), getattr(route, "path_regex", None)
    methods = {"GET", "HEAD"} if isinstance(route, Mount) else getattr(route, "methods", None)
    if not template or pattern is None or not methods:
        raise WanggeError(f"the guard does not know routes like {route!r}")
    rules = {}
    for method in methods:
        rule = RULES.get(("GET" if method == "HEAD" else method, template))
        if rule is None:
            raise WanggeError(
                f"{method} {template} has no rule; say in api/rules.py who may ask it"
            )
        rules[method] = rule
    return Way(template, pattern, rules)


# The guard


class Guard:
    """Find out who asks, and turn him away from what is not his, before any route is called."""

    def __init__(self, app: ASGIApp, *, scopes: data.sign_in.Scopes) -> None:
        self.app, self.scopes = app, scopes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        try:
            refusal = await self._refusal(request)
        except WanggeError as error:
            refusal = errors.refusal(request, error)
        except (psycopg.OperationalError, psycopg_pool.PoolTimeout, OSError) as error:
            refusal = errors.store_down(request, error)
        if refusal is not None:
            await refusal(scope, receive, send)
        elif getattr(request.state, "entered", None):
            await self.app(scope, receive, _privately(send))
        else:
            await self.app(scope, receive, send)

    async def _refusal(self, request: Request) -> Response | None:
        found = _find(request)
        if isinstance(found, HTTPException):
            return errors.http(request, found)
        rule, path = found
        request.state.viewer, request.state.entered = ANYBODY, None
        if rule is Door.OPEN:
            return None
        if _is_foreign(request):
            raise NotAllowed("this came from a page of another site; nothing was done")
        token, is_bearer = _token(request)
        entered = await self._entered(request, token) if token else None
        if entered is not None:
            request.state.viewer, request.state.entered = entered.viewer, entered
        elif token and is_bearer:
            return _nobody("the token is none of ours, has ended, or was taken back")
        meant, account = request.headers.get(ACCOUNT), request.state.viewer.account
        if meant is not None and (not account or meant != str(account)):  # 0 is anybody, not one
            return _nobody("this waited to be sent by another account, which is not signed in")
        return _demand(request, rule, path, request.state.viewer)

    async def _entered(self, request: Request, token: str) -> Entered | None:
        return await data.sign_in.viewer_of_token(request.app.state.pool, token, self.scopes)


def _find(request: Request) -> tuple[Rule, dict[str, str]] | HTTPException:
    known: list[Way] = request.app.state.ways
    others: set[str] = set()
    for way in known:
        if match := way.pattern.match(request.scope["path"]):
            if request.method in way.rules:
                return way.rules[request.method], match.groupdict()
            others |= way.rules.keys()
    if others:
        return HTTPException(405, headers={"Allow": ", ".join(sorted(others))})
    return HTTPException(404)


def _token(request: Request) -> tuple[str, bool]:
    kind, _, told = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return told.strip() or "none", True
    return request.cookies.get(COOKIE, ""), False


def _is_foreign(request: Request) -> bool:
    """Whether a page of another site makes the browser ask this, with the cookie it keeps for us.

    Every browser tells where an unsafe request comes from; a program sends no cookie.
    """
    if request.method in _SAFE_METHODS:
        return False
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        return site not in {"same-origin", "none"}
    if origin is not None:
        return urlsplit(origin).netloc.lower() != request.headers.get("host", "").lower()
    return COOKIE in request.cookies


def _demand(request: Request, rule: Rule, path: dict[str, str], viewer: Viewer) -> Response | None:
    rights = demands(rule, path)
    if rule is not Door.SIGNED_IN and not rights:
        return None
    if not viewer.account:
        return _to_sign_in(request) or _nobody("this is for people who are signed in")
    missing = [right for right in rights if not viewer.may(right)]
    if missing:
        assert viewer.role is not None
        if _is_page(request):
            return _barred(request, viewer.role, missing[0])
        raise NotAllowed(
            f"this needs the right {missing[0]!s}, which the role {viewer.role!s} "
            f"({viewer.role.label}) does not have",
            right=str(missing[0]),
        )
    return None


def _nobody(sentence: str) -> Response:
    answer = errors.problem(401, "NotSignedIn", f"{sentence}; sign in at /sign-in")
    answer.headers["WWW-Authenticate"] = 'Bearer realm="wangge"'
    return answer


def _to_sign_in(request: Request) -> Response | None:
    """Send somebody who opened a page in a browser to the sign-in page, and back afterwards."""
    if not _is_page(request):
        return None
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/sign-in?next={quote(asked, safe='')}", 303)


def _barred(request: Request, role: Role, right: Right) -> Response:
    """Tell somebody who opened a page in a browser whose page it is."""
    html = maps.barred.page(api.deps.shell_of(request), role, right)
    policy = {"Content-Security-Policy": maps.sign_in.POLICY, "Referrer-Policy": "same-origin"}
    return HTMLResponse(html, 403, headers=policy | {"Cache-Control": "private, no-store"})


def _is_page(request: Request) -> bool:
    """Whether a browser opens this as a page."""
    mode = request.headers.get("sec-fetch-mode")
    return request.method == "GET" and (
        mode == "navigate" or (mode is None and "text/html" in request.headers.get("accept", ""))
    )


def _privately(send: Send) -> Send:
    """What is shown to one who is signed in is kept by no cache for another."""

    async def send_privately(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).setdefault("Cache-Control", "private, no-store")
        await send(message)

    return send_privately


# Cookies and addresses


def is_loopback(request: Request) -> bool:
    """Whether somebody at this very machine asks, and no proxy for somebody else."""
    client = request.client.host if request.client else ""
    return (
        client in LOOPBACK
        and (request.url.hostname or "") in LOOPBACK
        and not {"forwarded", "x-forwarded-for", "x-real-ip"} & set(request.headers)
    )


def may_keep_cookie(request: Request) -> bool:
    """Whether a browser will keep our cookie: over https, or on this machine."""
    return request.url.scheme == "https" or (request.url.hostname or "") in LOOPBACK


def by_what_is_kept(request: Request, path: str) -> RedirectResponse:
    """Send somebody who signs in or out to a path; where his browser keeps something of a sign-in,
    by the page that clears it: it is never shown to the next one."""
    if KEEPS not in request.cookies:
        return RedirectResponse(path, 303)
    answer = RedirectResponse(f"/worker/left?next={quote(path, safe='')}", 303)
    answer.delete_cookie(KEEPS, path="/")
    return answer


def local_path(text: str | None) -> str:
    """A path of this server to go on to; anything else is the home.

    A browser takes `//host`, `/\\host` and addresses with control characters to other sites.
    """
    if text and re.fullmatch(r"/(?![/\\])[^\\\x00-\x20\x7f]*", text):
        return text
    return "/"
