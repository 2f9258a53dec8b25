"""Signing in and out, one's own account, tokens for programs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated
from urllib.parse import parse_qsl, quote

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

import api.actions.accounts
import api.oidc
import data.sign_in
import maps.sign_in
from api import auth
from api.actions.accounts import Patience
from api.deps import EnteredDep, SealDep, SettingsDep, ShellDep, Store, ViewerDep
from api.settings import Settings
from data.accounts import Known
from data.sign_in import Entered
from gis.access import Role, Viewer
from gis.errors import BadInput, NotAllowed, TooLarge, Unavailable
from maps.shell import HOME
from maps.sign_in import Asked, Demo, Me

router = APIRouter()
MOST_BYTES = 16_384
WORK = "/work"
HEADERS = {
    "Content-Security-Policy": maps.sign_in.POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",  # else a form would not tell whose page it is from
}


async def _form(request: Request) -> dict[str, str]:
    """Read a small form.

    Raises:
        BadInput: it is none. TooLarge: it is not small.
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise TooLarge(f"the form is larger than {MOST_BYTES} bytes")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if body and kind != "application/x-www-form-urlencoded":
        raise BadInput(f"send a form, as application/x-www-form-urlencoded, not {kind[:80]!r}")
    try:
        told = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=20)
    except ValueError as error:
        raise BadInput("the form is not text in UTF-8, or has too many fields") from error
    return {name: value.replace("\0", "") for name, value in told}


Form = Annotated[dict[str, str], Depends(_form)]


def _patience(settings: Settings) -> Patience:
    return Patience(settings.lock_after, timedelta(minutes=settings.lock_minutes))


def _onward(told: str | None) -> str:
    """Where signing in leads: the page it was asked on, or from the home that of one's work."""
    path = auth.local_path(told)
    return WORK if path == HOME else path


# The page


@dataclass(frozen=True)
class _Page:
    """The page as it is asked for here."""

    request: Request
    settings: SettingsDep
    store: Store
    shell: ShellDep

    def show(self, asked: Asked, status: int = 200) -> HTMLResponse:
        """Answer with the form; to whoever is signed in, with his account."""
        entered: Entered | None = self.request.state.entered
        html = maps.sign_in.page(
            self.shell,
            asked,
            me=_me(self.store, entered.viewer) if entered else None,
            demo=[] if entered or not auth.is_loopback(self.request) else _demo(self.store),
            oidc=self.settings.oidc_name if api.oidc.is_set(self.settings) else None,
            keeps_cookie=auth.may_keep_cookie(self.request),
        )
        return HTMLResponse(html, status, headers=HEADERS)


PageDep = Annotated[_Page, Depends(_Page)]


def _demo(store: sa.Engine) -> list[Demo]:
    return [
        Demo(one.login, one.name, one.role, _in_words(one.charge))
        for one in sorted(api.actions.accounts.demo_accounts(store), key=_rank)
    ]


def _rank(one: Known) -> int:
    return list(Role).index(one.role)


def _in_words(charge: tuple[str, ...], most: int = 2) -> str:
    return "；".join(charge[:most]) + (f" … {len(charge)}" if len(charge) > most else "")


def _me(store: sa.Engine, viewer: Viewer) -> Me:
    known = api.actions.accounts.known(store, login=viewer.login, by=viewer)[0]
    return Me(known.login, known.name, known.role, known.charge, known.has_password)


@router.get("/sign-in", include_in_schema=False)
def sign_in_page(request: Request, page: PageDep) -> Response:
    """The form; signed in, one's own account."""
    told = request.query_params
    done = page.shell.say("account.changed") if "changed" in told else ""
    return page.show(Asked(_onward(told.get("next")), done=done))


def _enter(request: Request, token: str, next_path: str | None) -> Response:
    answer = auth.by_what_is_kept(request, _onward(next_path))
    answer.set_cookie(
        auth.COOKIE,
        token,
        max_age=int(data.sign_in.COOKIE_MOST.total_seconds()),
        path="/",
        secure=not (request.url.scheme == "http" and auth.may_keep_cookie(request)),
        httponly=True,
        samesite="lax",
    )
    return answer


@router.post("/sign-in", include_in_schema=False)
def sign_in(
    request: Request, settings: SettingsDep, store: Store, form: Form, page: PageDep
) -> Response:
    """Sign in with a password, and go on to where one was going."""
    login, password = form.get("login", ""), form.get("password", "")
    try:
        token = api.actions.accounts.sign_in(store, login, password, patience=_patience(settings))
    except NotAllowed:
        fault = page.shell.say(
            "account.wrong", n=settings.lock_after, minutes=settings.lock_minutes
        )
        request.state.entered = None
        return page.show(Asked(_onward(form.get("next")), login[:80], fault), 401)
    return _enter(request, token, form.get("next"))


@router.post("/sign-in/demo", include_in_schema=False)
def sign_in_demo(request: Request, store: Store, form: Form) -> Response:
    """Sign in as an account of the demo town, at this machine only."""
    if not auth.is_loopback(request):
        raise NotAllowed("the demo town's accounts are for this machine only")
    token = api.actions.accounts.sign_in_demo(store, form.get("login", ""))
    return _enter(request, token, form.get("next"))


@router.post("/sign-out", include_in_schema=False)
def sign_out(request: Request, store: Store, form: Form) -> Response:
    """End this session, or all; who is not signed in any more is content."""
    entered: Entered | None = request.state.entered
    if entered is not None:
        api.actions.accounts.sign_out(
            store, entered.session, by=entered.viewer, everywhere="everywhere" in form
        )
    answer = auth.by_what_is_kept(request, "/sign-in")
    answer.delete_cookie(auth.COOKIE, path="/")
    return answer


@router.post("/me/password", include_in_schema=False)
def change_password(
    settings: SettingsDep, store: Store, entered: EnteredDep, form: Form, page: PageDep
) -> Response:
    """Change one's own password; other sessions end."""
    next_path = _onward(form.get("next"))
    try:
        api.actions.accounts.change_password(
            store,
            entered.session,
            old=form.get("old", ""),
            new=form.get("new", ""),
            by=entered.viewer,
            patience=_patience(settings),
        )
    except NotAllowed:
        return page.show(Asked(next_path, fault=page.shell.say("account.wrong_old")), 403)
    except BadInput as error:
        fault = page.shell.say("account.wrong_new", why=error)
        return page.show(Asked(next_path, fault=fault), 400)
    return RedirectResponse(f"/sign-in?changed=1&next={quote(next_path, safe='')}", 303)


# The city's identity provider


def _back(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}{api.oidc.PATH}/back"


@router.get("/sign-in/oidc", include_in_schema=False)
def leave(request: Request, settings: SettingsDep, seal: SealDep, page: PageDep) -> Response:
    """Go to the provider's sign-in page."""
    next_path = _onward(request.query_params.get("next"))
    try:
        leaving = api.oidc.leave(settings, seal, back=_back(request), next_path=next_path)
    except Unavailable as error:
        return page.show(
            Asked(next_path, fault=page.shell.say("account.not_there", why=error)), 503
        )
    answer = RedirectResponse(leaving.address, 303)
    answer.set_cookie(
        api.oidc.COOKIE,
        leaving.cookie,
        max_age=api.oidc.LASTS_S,
        path=api.oidc.PATH,
        secure=not (request.url.scheme == "http" and auth.may_keep_cookie(request)),
        httponly=True,
        samesite="lax",
    )
    return answer


@router.get("/sign-in/oidc/back", include_in_schema=False)
def come_back(
    request: Request, settings: SettingsDep, seal: SealDep, store: Store, page: PageDep
) -> Response:
    """Come back from there, and be signed in here."""
    try:
        claimed = api.oidc.come_back(
            settings,
            seal,
            back=_back(request),
            asked=dict(request.query_params),
            cookie=request.cookies.get(api.oidc.COOKIE, ""),
        )
        token = api.actions.accounts.sign_in_by_oidc(store, claimed.subject, claimed.names)
    except (NotAllowed, Unavailable) as error:
        status = 401 if isinstance(error, NotAllowed) else 503
        return page.show(Asked(WORK, fault=page.shell.say("account.not_there", why=error)), status)
    answer = _enter(request, token, claimed.next)
    answer.delete_cookie(api.oidc.COOKIE, path=api.oidc.PATH)
    return answer


# For programs


class MeOut(BaseModel):
    """Who asks; all empty when nobody is signed in."""

    login: str | None = None
    name: str | None = None
    role: str | None = None
    role_label: str | None = None
    rights: list[str] = []
    charge: list[str] = []


@router.get("/me")
async def me(store: Store, viewer: ViewerDep) -> MeOut:
    """Who is signed in, what he may do, and of what he is in charge."""
    if not viewer.account or viewer.role is None:
        return MeOut()
    known = await run_in_threadpool(
        api.actions.accounts.known, store, login=viewer.login, by=viewer
    )
    return MeOut(
        login=viewer.login,
        name=viewer.name,
        role=viewer.role.value,
        role_label=viewer.role.label,
        rights=sorted(viewer.rights),
        charge=list(known[0].charge),
    )


class TokenIn(BaseModel):
    """A token to be made: what for, and for how many days."""

    label: str = Field(min_length=1, max_length=80)
    days: int = Field(api.actions.accounts.TOKEN_DAYS, ge=1)


class TokenOut(BaseModel):
    """A token that was made; `token` is shown this once."""

    number: int
    token: str


@router.post("/tokens", status_code=201)
def make_token(store: Store, entered: EnteredDep, wanted: TokenIn) -> TokenOut:
    """Make a token for a program, which may then do what its owner may."""
    if entered.kind != "cookie":
        raise NotAllowed("a token cannot make another: sign in with a browser")
    number, token = api.actions.accounts.make_token(
        store, wanted.label, days=wanted.days, by=entered.viewer
    )
    return TokenOut(number=number, token=token)


@router.delete("/tokens/{number}", status_code=204)
def end_token(
    store: Store, viewer: ViewerDep, number: Annotated[int, Path(ge=1, lt=2**63)]
) -> None:
    """Take back a token of one's own."""
    api.actions.accounts.end_token(store, number, by=viewer)
