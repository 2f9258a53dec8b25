"""The guard: who asks, by cookie or token, and the one table of what each route demands.

A route without a line in `RULES` keeps the application from starting. What a viewer sees of an
answer he may have, the row policies of the database decide, from `Viewer.scope`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from urllib.parse import quote, urlsplit

import psycopg
import psycopg_pool
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import data.sign_in
from api import errors
from data.sign_in import Entered
from gis.access import ANYBODY, Right, Viewer
from gis.errors import NotAllowed, WanggeError

COOKIE = "wangge_session"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


# The rules


class Door(Enum):
    """Routes that demand no right."""

    OPEN = "nobody is asked who he is: files, and pages that hold no data"
    PUBLIC = "for everybody; the database shows each what he may see"
    SIGNED_IN = "for whoever is signed in, about himself"


@dataclass(frozen=True)
class ByName:
    """A route whose path names a kind: the rights each kind demands; the others are public."""

    parameter: str
    rights: dict[str, tuple[Right, ...]]

    def demands(self, path: dict[str, str]) -> tuple[Right, ...]:
        """The rights for this path; a file's suffix does not matter."""
        kind = path.get(self.parameter, "").lower().partition(".")[0]
        return self.rights.get(kind, ())


Rule = Door | Right | ByName

RULES: dict[tuple[str, str], Rule] = {
    # the map and the program
    ("GET", "/"): Door.OPEN,
    ("GET", "/static"): Door.OPEN,
    ("GET", "/openapi.json"): Door.OPEN,
    # layers and cells: counts, facilities, posts; cases only where the viewer's are
    ("GET", "/tiles/{layers}/{z}/{x}/{y}.mvt"): Door.PUBLIC,
    ("GET", "/layers/{layer}.geojson"): Door.PUBLIC,
    ("GET", "/overview"): Door.PUBLIC,
    ("GET", "/cells/search"): Door.PUBLIC,
    ("GET", "/cells/{code:path}"): Door.PUBLIC,
    ("GET", "/locate"): Door.PUBLIC,
    ("GET", "/catalogue"): Door.PUBLIC,
    ("GET", "/export/{name}"): ByName(
        "name",
        {
            "cases": (Right.CASES, Right.EXPORT),
            "dwellings": (Right.EXPORT,),
            "residents": (Right.PERSONS, Right.EXPORT_PERSONS),
        },
    ),
    ("GET", "/live"): Right.CASES,
    ("GET", "/dispatch/proposal"): Right.DISPATCH,
    ("POST", "/dispatch"): Right.DISPATCH,
    # photographs: api/routes/photos.py; who reported a case adds to it by the report's request id
    ("POST", "/cases/{code:path}/photos"): Door.PUBLIC,
    ("GET", "/cases/{code:path}/photos"): Right.CASES,
    ("GET", "/cases/{code:path}/photos/{number}.jpg"): Right.CASES,
    ("GET", "/cases/{code:path}/photos/{number}/thumb.jpg"): Right.CASES,
    # signing in
    ("GET", "/sign-in"): Door.PUBLIC,
    ("POST", "/sign-in"): Door.PUBLIC,
    ("POST", "/sign-in/demo"): Door.PUBLIC,
    ("GET", "/sign-in/oidc"): Door.PUBLIC,
    ("GET", "/sign-in/oidc/back"): Door.PUBLIC,
    ("POST", "/sign-out"): Door.PUBLIC,
    ("GET", "/me"): Door.PUBLIC,
    ("POST", "/me/password"): Door.SIGNED_IN,
    ("POST", "/tokens"): Door.SIGNED_IN,
    ("DELETE", "/tokens/{number}"): Door.SIGNED_IN,
    # duty: who answers, who is there; api/routes/duty.py
    ("GET", "/cases/{code:path}/why"): Right.CASES,
    ("GET", "/cells/{code:path}/duty"): Door.PUBLIC,
    ("GET", "/duty/responsibilities"): Right.DUTY,
    ("POST", "/duty/responsibilities"): Right.DUTY,
    ("DELETE", "/duty/responsibilities/{number}"): Right.DUTY,
    ("GET", "/duty/workers/{code}"): Right.DUTY,
    ("PATCH", "/duty/workers/{code}"): Right.DUTY,
    ("POST", "/duty/workers/{code}/shifts"): Right.DUTY,
    ("DELETE", "/duty/shifts/{number}"): Right.DUTY,
    ("POST", "/duty/workers/{code}/absences"): Right.DUTY,
    ("DELETE", "/duty/absences/{number}"): Right.DUTY,
    ("GET", "/duty/units/{code}"): Right.DUTY,
    ("PUT", "/duty/units/{code}/hours"): Right.DUTY,
    ("PUT", "/duty/units/{code}/place"): Right.DUTY,
    ("GET", "/duty/members"): Right.DUTY,
    ("POST", "/duty/members"): Right.DUTY,
    ("POST", "/duty/members/{number}/unmask"): Right.DUTY,
    ("DELETE", "/duty/members/{number}"): Right.DUTY,
    # cases: anybody reports; api/routes/cases.py
    ("POST", "/cases"): Door.PUBLIC,
    ("GET", "/cases"): Right.CASES,
    ("GET", "/cases/{code:path}"): Right.CASES,
    ("GET", "/cases/{code:path}/moves"): Right.CASES,
    ("POST", "/cases/{code:path}/moves"): Right.CASES,
    ("POST", "/cases/{code:path}/contact"): Right.CASES,
    # whistles: api/routes/whistles.py
    ("GET", "/whistles"): Right.CASES,
    ("GET", "/cases/{code:path}/whistles"): Right.CASES,
    ("GET", "/cases/{code:path}/whistles/proposal"): Right.CASES,
    ("POST", "/cases/{code:path}/whistles"): Right.WHISTLE,
    ("POST", "/cases/{code:path}/whistles/{round}/approve"): Right.APPROVE,
    ("POST", "/cases/{code:path}/whistles/{round}/refuse"): Right.APPROVE,
    ("POST", "/cases/{code:path}/whistles/{round}/invite"): Right.WHISTLE,
    ("POST", "/cases/{code:path}/whistles/{round}/close"): Right.WHISTLE,
    ("POST", "/cases/{code:path}/whistles/{round}/parties/{party}/rate"): Right.WHISTLE,
    ("POST", "/cases/{code:path}/whistles/{round}/parties/{party}/{act}"): Right.ANSWER,
    ("POST", "/cases/{code:path}/whistles/{round}/meetings"): Right.WHISTLE,
    ("POST", "/cases/{code:path}/whistles/{round}/decisions"): Right.WHISTLE,
    ("POST", "/cases/{code:path}/whistles/{round}/tasks"): Right.WHISTLE,
    ("POST", "/cases/{code:path}/whistles/{round}/tasks/{task}/done"): Right.ANSWER,
    ("GET", "/indicators"): Right.CASES,
    # the register: api/routes/register.py
    ("GET", "/register"): Right.PERSONS,
    ("GET", "/register/find"): Right.PERSONS,
    ("GET", "/register/homes"): Right.PERSONS,
    ("GET", "/register/households/{number}"): Right.PERSONS,
    ("GET", "/register/residents/{number}/history"): Right.PERSONS,
    ("GET", "/register/completeness"): Right.PERSONS,
    ("PATCH", "/register/residents/{number}"): Right.EDIT_PERSONS,
    ("POST", "/register/residents/{number}/unmask"): Right.UNMASK,
    ("POST", "/register/sheets"): Right.IMPORT,
    ("GET", "/register/templates/{kind}.xlsx"): Door.SIGNED_IN,
    ("GET", "/register/sheets/{number}/rows"): Right.EDIT_PERSONS,
    ("POST", "/register/rows/{number}"): Right.EDIT_PERSONS,
    ("DELETE", "/register/rows/{number}"): Right.EDIT_PERSONS,
    ("GET", "/register/decisions"): Right.DECIDE,
    ("POST", "/register/decisions/{number}"): Right.DECIDE,
    ("GET", "/register/duplicates"): Right.DECIDE,
    ("POST", "/register/merges"): Right.DECIDE,
    ("POST", "/register/merges/{number}/undo"): Right.DECIDE,
}
"""Method and path, as the route was written → what it demands."""


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
            raise WanggeError(f"{method} {template} has no rule; say in api/auth.py who may ask it")
        rules[method] = rule
    return Way(template, pattern, rules)


def demands(rule: Rule, path: dict[str, str]) -> tuple[Right, ...]:
    """The rights a rule demands for a path."""
    if isinstance(rule, Right):
        return (rule,)
    return rule.demands(path) if isinstance(rule, ByName) else ()


# The guard


class Guard:
    """Find out who asks, and turn him away from what is not his, before any route is called."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.scopes = data.sign_in.Scopes()

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
        return _demand(request, rule, path, request.state.viewer)

    async def _entered(self, request: Request, token: str) -> Entered | None:
        return await data.sign_in.viewer_of_token(request.app.state.pool, token, self.scopes)


def _find(request: Request) -> tuple[Rule, dict[str, str]] | HTTPException:
    known: list[Way] = request.app.state.ways
    status = 404
    for way in known:
        if match := way.pattern.match(request.scope["path"]):
            if request.method in way.rules:
                return way.rules[request.method], match.groupdict()
            status = 405
    return HTTPException(status)


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
    is_page = request.headers.get("sec-fetch-mode") == "navigate" or (
        "sec-fetch-mode" not in request.headers and "text/html" in request.headers.get("accept", "")
    )
    if request.method != "GET" or not is_page:
        return None
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/sign-in?next={quote(asked, safe='')}", 303)


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


def local_path(text: str | None) -> str:
    """A path of this server to go on to; anything else is the map.

    A browser takes `//host`, `/\\host` and addresses with control characters to other sites.
    """
    if text and re.fullmatch(r"/(?![/\\])[^\\\x00-\x20\x7f]*", text):
        return text
    return "/"
