"""片区: shapes kept by a name, drawn anew, forgotten."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import api.actions.desk
import data.areas_named
import data.desk_inside
import data.journal
import data.scope
from api.actions.desk import Drawn
from api.actions.register import require
from data.desk_inside import Ground
from gis.access import Right, Viewer
from gis.errors import BadInput

MOST_CHARACTERS = {"name": 60, "purpose": 200}


def areas(store: sa.Engine, *, by: Viewer) -> list[dict[str, Any]]:
    """The named areas in the viewer's charge."""
    require(by, Right.COUNTS)
    with data.scope.transaction(store, by, keep=False) as db:
        return data.areas_named.listed(db)


def keep(
    store: sa.Engine, name: str, purpose: str, drawn: Drawn, *, by: Viewer, now: datetime
) -> dict[str, Any]:
    """Keep what was drawn by a name.

    Raises:
        BadInput: no name, or an unreadable one.
        NotFound: nothing in the viewer's charge is inside.
    """
    require(by, Right.DISPATCH)
    told = _checked(name, purpose)
    with data.scope.transaction(store, by) as db:
        ground = api.actions.desk.ground_of(db, drawn, by=by)
        kept = _kept(db, told, ground, by=by, now=now)
        _write(db, "keep_area", kept["number"], by, cells=len(ground.cells))
    return kept


def redraw(
    store: sa.Engine, number: int, name: str, purpose: str, drawn: Drawn, *,
    seen: datetime, by: Viewer, now: datetime,
) -> dict[str, Any]:  # fmt: skip
    """Keep what was drawn in the place of a named area; `seen` is when that was made.

    Raises:
        BadInput: no name, or an unreadable one.
        Conflict: somebody else drew it anew meanwhile.
        NotFound: no such area, or nothing inside, is in the viewer's charge.
    """
    require(by, Right.DISPATCH)
    told = _checked(name, purpose)
    with data.scope.transaction(store, by) as db:
        ground = api.actions.desk.ground_of(db, drawn, by=by)
        data.areas_named.drop(db, number, seen=seen)
        kept = _kept(db, told, ground, by=by, now=now, number=number)
        _write(db, "redraw_area", number, by, cells=len(ground.cells))
    return kept


def drop(store: sa.Engine, number: int, *, by: Viewer) -> None:
    """Forget a named area.

    Raises:
        NotFound: no such area is in the viewer's charge.
    """
    require(by, Right.DISPATCH)
    with data.scope.transaction(store, by) as db:
        data.areas_named.drop(db, number)
        _write(db, "drop_area", number, by)


def _checked(name: str, purpose: str) -> dict[str, str]:
    told = {"name": name.strip(), "purpose": purpose.strip()}
    api.actions.desk.check_words(told, MOST_CHARACTERS)
    if not told["name"]:
        raise BadInput("an area needs a name", field="name")
    return told


def _kept(
    db: Session, told: dict[str, str], ground: Ground, *, by: Viewer, now: datetime,
    number: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    shape = data.desk_inside.outline(db, ground)
    return data.areas_named.keep(
        db, **told, shape=shape, cells=list(ground.cells), by=by, now=now, number=number
    )


def _write(db: Session, act: str, number: int, by: Viewer, **more: int) -> None:
    data.journal.write(db, actor=by.login, act=act, subject=f"area:{number}", **more)
