"""社区云: what residents do there. They vote, ask and offer help."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import orjson
import sqlalchemy as sa

import api.actions.follow
import data.follow
import data.journal
import data.polls
import data.questions
import data.scope
import gis.community
import gis.coordinates
import gis.duty_sheet
import gis.kinds
from api.actions.follow import RESIDENT
from data.polls import Voter
from data.seal import Seal
from gis.errors import BadInput, NotAllowed, Unavailable
from gis.follow import FOLLOWED, Asked
from gis.terms_community import Adviser

VERIFIED_FOR = timedelta(minutes=30)


# Voting


def verify(
    store: sa.Engine, name: str, id_number: str, phone: str, *, seal: Seal, now: datetime
) -> tuple[bytes, str]:
    """Recognise a resident by name, resident id and telephone, all three: a token, and its mark.

    The token, of a cookie, is sealed: it says nothing, nobody else makes one, and it is over in
    half an hour. By the mark a page tells its own verification from a later one at its browser.

    Raises:
        NotAllowed: nobody of the register has all three. It does not say what is wrong.
    """
    digits = "".join(one for one in phone if one.isdigit() or one == "+")
    with data.scope.transaction(store, RESIDENT, keep=False) as db:
        found = data.polls.voter(db, name, "".join(id_number.split()).upper(), digits, seal=seal)
    if found is None:
        raise NotAllowed(
            "name, resident id and telephone are not together in the register; who has no "
            "telephone there asks the office of the community"
        )
    until = (now + VERIFIED_FOR).timestamp()
    mark = secrets.token_urlsafe(6)
    told = asdict(found) | {"until": until, "mark": mark}
    token = seal.seal("voter", [orjson.dumps(told).decode()])[0]
    assert token is not None
    return token, mark


def verified(token: bytes, mark: str = "", *, seal: Seal, now: datetime) -> Voter:
    """Who verified himself, by the token of the cookie and, if one is told, its mark.

    Raises:
        NotAllowed: nobody, too long ago, or somebody else after him.
    """
    try:
        told = orjson.loads((seal.open("voter", token) if token else None) or "{}")
    except (Unavailable, ValueError):  # sealed by somebody else, or no seal at all
        told = {}
    if told.get("until", 0) <= now.timestamp() or mark not in ("", told["mark"]):
        raise NotAllowed("say first who you are: name, resident id and telephone", verify=True)
    return Voter(told["resident"], told["household"])


def vote(
    store: sa.Engine, poll: int, choice: int, *, by: Voter, seal: Seal, request_id: str
) -> dict[str, Any]:
    """Vote once in a poll; the same request again gives the same answer.

    The journal has no line of it: lines stand in order of time, and votes must not.

    Raises:
        WanggeError: as `gis.polls.refusal` says.
    """
    with data.scope.transaction(store, RESIDENT) as db:
        of = data.polls.cast(db, poll, choice, by=by, seal=seal, request_id=request_id)
    return {"poll": poll, "counted": True, "poll_of": of}


# Asking


def ask(store: sa.Engine, told: Mapping[str, Any], *, seal: Seal, now: datetime) -> dict[str, Any]:
    """Ask a cadre or a party member: adviser, topic, words; name, contact and place if wished.

    Raises:
        BadInput: naming all that cannot be kept.
    """
    checked = gis.community.checked(told, needed=("topic", "words"))
    person = {"name": checked.pop("name"), "phone": _phone(checked.pop("contact"))}
    row = checked | {"adviser": Adviser(checked["adviser"])}
    return _ask(store, Asked.QUESTION, row, person, seal=seal, now=now)


def volunteer(
    store: sa.Engine, told: Mapping[str, Any], *, seal: Seal, now: datetime
) -> dict[str, Any]:
    """Offer help: name, phone, skills, hours such as 周六 09:00-12:00, and where.

    Raises:
        BadInput: naming what cannot be kept.
    """
    checked = gis.community.checked(told, needed=("name", "phone", "skills"))
    if checked["lon"] is None and checked["cell"] is None:
        raise BadInput("say where you live: lon and lat, or a cell", field="cell")
    person = {"name": checked.pop("name"), "phone": _phone(checked.pop("phone"))}
    row = checked | {"times": _times(checked.pop("hours"))}
    return _ask(store, Asked.APPLICATION, row, person, seal=seal, now=now)


def _phone(told: str | None) -> str | None:
    if told is None:
        return None
    import pandas as pd

    values, faults = gis.kinds.phone(pd.Series([told], dtype="str"))
    if faults.iloc[0]:
        raise BadInput(faults.iloc[0], field="phone")
    return str(values.iloc[0])


def _times(told: str | None) -> str | None:
    if told and gis.duty_sheet.times(told) is None:
        raise BadInput(
            f"hours is {told!r}; times such as 周六 09:00-12:00；周日 14:00-17:00 are expected",
            field="hours", value=told,
        )  # fmt: skip
    return told


def _ask(
    store: sa.Engine,
    kind: Asked,
    told: dict[str, Any],
    person: dict[str, str | None],
    *,
    seal: Seal,
    now: datetime,
) -> dict[str, Any]:
    lon, lat, cell = (told.pop(name) for name in ("lon", "lat", "cell"))
    if (lon is None) != (lat is None):
        missing = "lat" if lat is None else "lon"
        raise BadInput(f"{missing} is missing beside the other degree", field=missing)
    if lon is not None:
        gis.coordinates.check_point(lon, lat)
    with data.scope.transaction(store, RESIDENT) as db:
        place = data.questions.place(db, lon, lat, cell)
        times = {"asked_at": now, "due_at": data.questions.due(db, now)}
        row = told | place | times | data.questions.sealed(person, seal)
        number, is_new = data.questions.ask(db, kind, row)
        kept = data.follow.told(db, FOLLOWED[kind], number)
        if is_new:
            data.journal.write(db, actor=RESIDENT.login, act="ask", subject=f"{kind}:{number}")
    assert kept is not None
    follow = api.actions.follow.code(FOLLOWED[kind], number, seal)
    return {"follow": follow, "state": kept["state"], "due_at": kept["due_at"]}
