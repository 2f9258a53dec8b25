"""社区云 over HTTP, for residents: vote, ask, offer help, follow what became of it."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi import Path as InPath
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api import auth, errors
from api.deps import PaceDep, SealDep, Store, ViewerDep
from api.pace import Guess
from gis.errors import NotAllowed
from gis.terms_community import Adviser

router = APIRouter()
Answer = dict[str, Any]
COOKIE = "wangge_voter"
PATH = "/community"
Number = Annotated[int, InPath(ge=1, lt=2**63)]
Short = Annotated[str, Field(max_length=200)]
Long = Annotated[str, Field(max_length=10_000)]


def _count(request: Request, viewer: ViewerDep, pace: PaceDep, guess: Guess) -> None:
    pace.step(viewer, guess, address=request.client.host if request.client else "")


class Person(BaseModel):
    """Who somebody says he is; all three have to be one resident's in the register."""

    name: Short
    resident_id: Short
    phone: Short


@router.post("/community/voter")
def verify(
    request: Request, store: Store, viewer: ViewerDep, seal: SealDep, pace: PaceDep, told: Person
) -> Response:
    """Prove to be a resident of the register, for half an hour, to vote.

    Who is not recognised is nobody: whoever proved himself at this browser before is forgotten.
    """
    import api.actions.community

    _count(request, viewer, pace, Guess.VERIFY)
    try:
        token, mark = api.actions.community.verify(
            store, told.name, told.resident_id, told.phone, seal=seal, now=datetime.now(UTC)
        )
    except NotAllowed as refused:
        answer = errors.refusal(request, refused)
        answer.delete_cookie(COOKIE, path=PATH)
        return answer
    seconds = int(api.actions.community.VERIFIED_FOR.total_seconds())
    answer = JSONResponse({"verified": True, "seconds": seconds, "mark": mark})
    answer.set_cookie(
        COOKIE, base64.urlsafe_b64encode(token).decode(), max_age=seconds, path=PATH,
        secure=not (request.url.scheme == "http" and auth.may_keep_cookie(request)),
        httponly=True, samesite="strict",
    )  # fmt: skip
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@router.delete("/community/voter", status_code=204)
def leave() -> Response:
    """Forget who proved himself at this browser."""
    answer = Response(status_code=204)
    answer.delete_cookie(COOKIE, path=PATH)
    return answer


class Vote(BaseModel):
    """A choice by its number from 1; `request_id` makes sure that it is counted once.

    `mark` is what the voter's own verification told: another one at the same browser came after it.
    """

    choice: Annotated[int, Field(ge=1, le=1000)]
    request_id: Annotated[str, Field(min_length=8, max_length=80)]
    mark: Short = ""


@router.post("/community/polls/{number}/votes")
def vote(request: Request, store: Store, seal: SealDep, number: Number, told: Vote) -> Answer:
    """Vote, once, as whoever proved himself at this browser."""
    import api.actions.community

    now = datetime.now(UTC)
    by = api.actions.community.verified(_token(request), told.mark, seal=seal, now=now)
    return api.actions.community.vote(
        store, number, told.choice, by=by, seal=seal, request_id=told.request_id
    )


def _token(request: Request) -> bytes:
    try:
        return base64.urlsafe_b64decode(request.cookies.get(COOKIE, ""))
    except (binascii.Error, ValueError):
        return b""


class Asking(BaseModel):
    """What both have: where (WGS-84 or a cell), and the client's own name of the request."""

    lon: float | None = None
    lat: float | None = None
    cell: Annotated[str | None, Field(max_length=64)] = None
    request_id: Short = ""


class Question(Asking):
    """A message to a cadre or a party member; `contact` is a telephone, if one is wished."""

    adviser: Adviser
    topic: Short
    words: Long
    name: Short = ""
    contact: Short = ""


@router.post("/community/questions", status_code=201)
def ask(
    request: Request, store: Store, viewer: ViewerDep, seal: SealDep, pace: PaceDep, told: Question
) -> Answer:
    """Ask; the answer is a code to follow it by, and by when it is answered."""
    import api.actions.community

    _count(request, viewer, pace, Guess.ASK)
    return api.actions.community.ask(store, told.model_dump(), seal=seal, now=datetime.now(UTC))


class Volunteer(Asking):
    """An offer to help; `hours` such as 周六 09:00-12:00；周日 14:00-17:00."""

    name: Short
    phone: Short
    skills: Annotated[list[Short], Field(max_length=20)]
    hours: Short = ""


@router.post("/community/volunteers", status_code=201)
def volunteer(
    request: Request, store: Store, viewer: ViewerDep, seal: SealDep, pace: PaceDep, told: Volunteer
) -> Answer:
    """Offer help; the answer is a code to follow it by."""
    import api.actions.community

    _count(request, viewer, pace, Guess.ASK)
    return api.actions.community.volunteer(
        store, told.model_dump(), seal=seal, now=datetime.now(UTC)
    )


@router.get("/follow/{code}")
def follow(
    request: Request,
    store: Store,
    viewer: ViewerDep,
    seal: SealDep,
    pace: PaceDep,
    code: Annotated[str, InPath(max_length=40)],
    answer: Response,
) -> Answer:
    """Where a case, a question or an application stands: states, dates, the answer."""
    import api.actions.follow

    _count(request, viewer, pace, Guess.FOLLOW)
    answer.headers["Cache-Control"] = "private, no-store"
    return api.actions.follow.follow(store, code, seal=seal)
