"""社区云: staff keep right what residents are told of the facilities near them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.community_places
import data.db
import data.journal
import data.locate
import data.locate_point
import data.scope
import gis.community
from api.actions.register import require
from gis.access import Right, Viewer
from gis.errors import BadInput, Conflict

_COLUMNS = {"closed_on": "valid_to"}
"""Fields that the table calls otherwise."""


def listed(
    store: sa.Engine,
    *,
    q: str,
    category: str | None,
    missing: bool,
    number: int | None,
    by: Viewer,
) -> list[dict[str, Any]]:
    """The facilities in the viewer's charge: all words of `q` in code, name, address or cell."""
    require(by, Right.COMMUNITY)
    words = gis.community.fold(q).split()
    with data.scope.transaction(store, by, keep=False) as db:
        return data.community_places.listed(
            db, words=words, category=category, missing=missing, number=number
        )


def add(
    store: sa.Engine,
    told: Mapping[str, Any],
    *,
    lon: float,
    lat: float,
    request_id: str,
    anyway: bool,
    by: Viewer,
) -> dict[str, Any]:
    """Add a facility at a place (WGS-84) in a cell of one's charge; the same request adds one.

    Raises:
        Conflict: one of that name stands within 100 m, and it is not to be added `anyway`; `alike`
            tells which.
        BadInput: naming all that cannot be kept. NotAllowed: the place is not in one's charge.
    """
    require(by, Right.COMMUNITY)
    row = gis.community.checked(told, needed=("name", "category"), of_week=["hours"])
    asked = f"{by.account}:{request_id}".encode()
    code = f"E{hashlib.blake2b(asked, digest_size=6).hexdigest()}"
    with data.scope.transaction(store, by) as db:
        data.community_places.alone(db, row["name"])
        if known := data.community_places.coded(db, code):
            return known
        there = data.locate_point.at_once(db, data.locate_point.question(lon, lat, accuracy_m=0))
        cell = (orjson.loads(there)["cell"] or {}).get("code")
        number = data.community_places.cell_of(db, cell)
        if not anyway:
            _refuse_alike(db, row["name"], lon, lat)
        place = {"lon": round(lon, 10), "lat": round(lat, 10), "cell": number}
        if data.community_places.add(db, {**row, **place, "code": code}):
            data.locate.tally(db, ["facilities"])
            data.db.bump(db, "facilities")
            data.journal.write(
                db, actor=by.login, act="publish", subject=f"facility:{code}", cell=cell
            )
        return data.community_places.coded(db, code) or {}


def _refuse_alike(db: Session, name: str, lon: float, lat: float) -> None:
    if found := data.community_places.alike(db, name, lon=lon, lat=lat):
        near = found[0]
        raise Conflict(
            f"{near['name']} is listed already, {near['distance_m']} m from here", alike=found
        )


def change(
    store: sa.Engine, number: int, told: Mapping[str, Any], *, version: int, by: Viewer
) -> dict[str, Any]:
    """Change what is told of a facility, as of the version that was seen; the rest stays.

    Raises:
        NotFound, NotAllowed: there is none, or not in the viewer's charge.
        Conflict: it was changed since.
        BadInput: naming all that cannot be kept.
    """
    require(by, Right.COMMUNITY)
    needed = [one for one in ("name",) if one in told]
    checked = gis.community.checked(told, needed=needed, of_week=["hours"])
    row = {_COLUMNS.get(name, name): value for name, value in checked.items()}
    if not row:
        raise BadInput("nothing to change is told", field="name")
    with data.scope.transaction(store, by) as db:
        before = data.community_places.one(db, number)
        _check_forward(before | row)
        after = data.community_places.change(db, number, row, version=version)
        data.db.bump(db, "facilities")
        data.journal.write(
            db, actor=by.login, act="change", subject=f"facility:{before['code']}",
            fields=sorted(checked),
        )  # fmt: skip
    return {"id": number, "version": after}


def _check_forward(row: Mapping[str, Any]) -> None:
    begins, ends = row["valid_from"], row["valid_to"]
    if begins and ends and ends <= begins:
        raise BadInput(f"it is closed {ends}, before it opens {begins}", field="closed_on")
