"""社区云 over HTTP, to read: the home page of a place in one answer, and each of its parts.

For everybody, and nobody's data: where nobody is signed in, an answer may be shared for a while.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import orjson
from fastapi import APIRouter, Depends, Query
from fastapi import Path as InPath
from starlette.requests import Request
from starlette.responses import Response

import data.community
import gis.coordinates
from api.deps import Hot, SettingsDep, viewer_of
from data.community import Here
from gis.errors import BadInput
from gis.terms import ClassKind, FacilityCategory, Labelled, PostRole, UnitKind
from gis.terms_community import Adviser, CouncilKind, DecisionState, GuideKind, PollOf

router = APIRouter(prefix="/community")
Answer = dict[str, Any]
SHARED_S = 60
"""So long may a notice that was just published be missing on a page of somebody."""


def _here(
    lon: float | None = None,
    lat: float | None = None,
    cell: Annotated[str | None, Query(max_length=64)] = None,
    division: Annotated[str | None, Query(max_length=64)] = None,
) -> Here:
    """A place: a point (WGS-84), or the code of a cell or division; without it the whole town."""
    if (lon is None) != (lat is None):
        raise BadInput("a point has a lon and a lat", field="lon")
    if lon is not None and lat is not None:
        gis.coordinates.check_point(lon, lat)
    return Here(lon, lat, cell, division)


HereDep = Annotated[Here, Depends(_here)]
Limit = Annotated[int, Query(ge=1, le=data.community.MOST)]


def _labelled(rows: Iterable[Answer], **words: type[Labelled]) -> list[Answer]:
    """Put beside the code in each named field its label."""
    labels = {
        field: {one.value: one.label for one in words_of} for field, words_of in words.items()
    }
    return [
        row
        | {f"{field}_label": known.get(row[field], row[field]) for field, known in labels.items()}
        for row in rows
    ]


def _polls(rows: Iterable[Answer]) -> list[Answer]:
    import gis.polls

    told = []
    for row in _labelled(rows, poll_of=PollOf, state=gis.polls.PollState):
        votes = row.pop("votes")
        result = None
        if votes is not None:
            counted = {int(choice): number for choice, number in votes.items()}
            result = gis.polls.result(row["options"], counted)
        told.append(row | {"result": result})
    return told


def _meetings(rows: Iterable[Answer]) -> list[Answer]:
    return [
        row | {"decisions": _labelled(row["decisions"], state=DecisionState)}
        for row in _labelled(rows, kind=CouncilKind)
    ]


async def _open_now(rows: Iterable[Answer], settings: SettingsDep, db: Hot) -> list[Answer]:
    """Tell of rows with `hours` whether they are open now, and whether today may be otherwise."""
    import gis.community

    now = datetime.now(ZoneInfo(settings.time_zone))
    days = await data.community.days(db)
    return [
        row
        | {
            "open_now": gis.community.is_open(row["hours"], now, days=days),
            "may_differ": gis.community.may_differ(row["hours"], now.date(), days=days),
        }
        for row in rows
    ]


def _told(request: Request, answer: object) -> Response:
    """The answer, with an ETag of its own words; 304 where the client has them."""
    body = orjson.dumps(answer)
    tag = f'W/"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    is_public = not viewer_of(request).account
    headers = {
        "ETag": tag,
        "Cache-Control": f"public, max-age={SHARED_S}" if is_public else "private, no-cache",
        "Vary": "Cookie, Authorization",
    }
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


@router.get("/home")
async def home(request: Request, db: Hot, here: HereDep) -> Response:
    """The home page of a place: cell, division, whom to call, notices, guides, polls, meetings."""
    found = await data.community.home(db, here)
    guides = _labelled(found["guides"], kind=GuideKind)
    answer = found | {
        "office": _labelled(found["office"], role=PostRole),
        "advisers": _labelled(found["advisers"], kind=UnitKind),
        "guides": [
            {name: one[name] for name in ("id", "title", "initials")}
            for one in guides
            if one["kind"] == GuideKind.SERVICE
        ],
        "convenience": [one for one in guides if one["kind"] == GuideKind.CONVENIENCE],
        "polls": _polls(found["polls"]),
        "meetings": _meetings(found["meetings"]),
    }
    return _told(request, answer)


@router.get("/notices")
async def notices(
    request: Request, db: Hot, here: HereDep, past: bool = False, limit: Limit = 20
) -> Response:
    """Notices for a place, the newest first; with `past` also those that are over."""
    return _told(request, await data.community.notices(db, here, past=past, limit=limit))


@router.get("/guides")
async def guides(
    request: Request,
    db: Hot,
    settings: SettingsDep,
    here: HereDep,
    q: Annotated[str, Query(max_length=80)] = "",
    kind: GuideKind | None = None,
) -> Response:
    """Guides that hold every word of `q`, in Chinese or as pinyin initials, the best first."""
    import gis.community

    found = await data.community.guides(db, here, kind=kind)
    ranked = gis.community.ranked(found, q)
    rows = [{name: one[name] for name in one if name != "words"} for one in ranked]
    return _told(request, await _open_now(_labelled(rows, kind=GuideKind), settings, db))


@router.get("/guides/{number}")
async def guide(
    request: Request,
    db: Hot,
    settings: SettingsDep,
    number: Annotated[int, InPath(ge=1, lt=2**63)],
) -> Response:
    """A guide: what to bring, where to go, when, whom to call."""
    found = await data.community.guide(db, number)
    return _told(request, (await _open_now(_labelled([found], kind=GuideKind), settings, db))[0])


@router.get("/facilities")
async def facilities(
    request: Request,
    db: Hot,
    settings: SettingsDep,
    here: HereDep,
    kind: ClassKind = ClassKind.SERVICE,
    category: FacilityCategory | None = None,
    q: Annotated[str | None, Query(max_length=80)] = None,
    limit: Limit = 30,
) -> Response:
    """Facilities near a place, the nearest first: distance, hours, whether open now."""
    if here == Here():
        raise BadInput("say near what: lon and lat, a cell or a division", field="lon")
    found = await data.community.facilities(
        db, here, kind=kind, category=category, q=(q or "").strip().lower() or None, limit=limit
    )
    rows = _labelled(found, kind=ClassKind, category=FacilityCategory)
    return _told(request, await _open_now(rows, settings, db))


@router.get("/polls")
async def polls(request: Request, db: Hot, here: HereDep, limit: Limit = 20) -> Response:
    """Polls of a place: open, coming, and closed ones with their result."""
    return _told(request, _polls(await data.community.polls(db, here, limit=limit)))


@router.get("/meetings")
async def meetings(request: Request, db: Hot, here: HereDep, limit: Limit = 20) -> Response:
    """Meetings of a place, what was decided and what became of it."""
    return _told(request, _meetings(await data.community.meetings(db, here, limit=limit)))


@router.get("/advisers")
async def advisers(request: Request, db: Hot, here: HereDep) -> Response:
    """Whom a resident of a place may consult: offices with their telephones."""
    rows = _labelled(await data.community.advisers(db, here), kind=UnitKind)
    party = {True: Adviser.PARTY_MEMBER, False: Adviser.CADRE}
    told = [row | {"adviser": party[row["kind"] == UnitKind.PARTY_GROUP]} for row in rows]
    return _told(request, told)
