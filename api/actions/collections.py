"""应急清单: gather who is cared for in an area, for a purpose and a time; call; end.

The right to emergencies opens no register: it opens copies of some people, for the purpose that
was told, and every look at a name in the journal. When it ends, all of it is deleted.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

import api.actions.collections_over
import api.actions.desk
import data.collections
import data.desk_inside
import data.journal
import data.scope
import gis.desk
from api.actions.desk import Drawn
from api.actions.register import require
from data.collections import Begun
from data.seal import Seal
from gis.access import Right, Viewer
from gis.errors import BadInput, TooLarge
from gis.reports import untimely
from gis.terms_community import Called

__all__ = ["Begun", "Called", "begin", "card", "end", "listed", "tell", "unmask"]
LEAST_PURPOSE, MOST_PURPOSE = 8, 400
LONGEST = timedelta(days=90)
MOST_NEAR_M = 5_000.0
MOST_ENTRIES = 20_000
MOST_LINES = 2_000


def begin(
    store: sa.Engine, begun: Begun, drawn: Drawn, *, by: Viewer, now: datetime
) -> dict[str, Any]:
    """Begin a collection over what was drawn; answer its card.

    Raises:
        BadInput: no purpose, or an end that is no end.
        NotFound: nothing in the viewer's charge is inside.
        TooLarge: more people than anybody can call.
    """
    require(by, Right.EMERGENCY)
    begun = _checked(begun, now)
    with data.scope.transaction(store, by) as db:
        ground = api.actions.desk.ground_of(db, drawn, by=by)
        outline = data.desk_inside.outline(db, ground)
        number, entries = data.collections.begin(db, begun, ground, outline, by=by, now=now)
        if entries > MOST_ENTRIES:
            raise TooLarge(f"{entries:,} people are inside; gather at most {MOST_ENTRIES:,}")
        told = _card(db, number, by=by, after=0)
        data.journal.write(
            db, actor=by.login, act="collect", subject=f"collection:{number}", kind=str(begun.kind),
            reason=begun.purpose, ends_at=begun.ends_at, cells=len(ground.cells), entries=entries,
        )  # fmt: skip
    return told


def _checked(begun: Begun, now: datetime) -> Begun:
    purpose = begun.purpose.strip()
    api.actions.desk.check_words({"purpose": purpose}, {"purpose": MOST_PURPOSE})
    if len(purpose) < LEAST_PURPOSE:
        raise BadInput(
            f"say what people are gathered for, in {LEAST_PURPOSE} characters at least",
            field="purpose",
        )
    if fault := untimely(begun.ends_at):
        raise BadInput(f"ends_at {fault}", field="ends_at")
    if not now < begun.ends_at <= now + LONGEST:
        raise BadInput(
            f"ends_at is {begun.ends_at:%Y-%m-%d %H:%M}; take a time within {LONGEST.days} days "
            "from now",
            field="ends_at",
        )
    if not 0 <= begun.near_m <= MOST_NEAR_M:
        raise BadInput(f"near_m is {begun.near_m:g}; take 0 to {MOST_NEAR_M:g} m", field="near_m")
    return Begun(begun.kind, purpose, begun.near_m, begun.ends_at)


# Looking


def listed(store: sa.Engine, *, by: Viewer) -> list[dict[str, Any]]:
    """The collections that last in the viewer's charge, the newest first."""
    require(by, Right.EMERGENCY)
    with data.scope.transaction(store, by, keep=False) as db:
        return data.collections.listed(db)


def card(store: sa.Engine, number: int, *, by: Viewer, after: int = 0) -> dict[str, Any]:
    """A collection: its cells, numbers, places and people that help, and the call list, masked.

    The list goes on after the entry `after`; `next` is the `after` of its next page, or null.

    Raises:
        NotFound: no such collection lasts in the viewer's charge.
    """
    require(by, Right.EMERGENCY)
    with data.scope.transaction(store, by, keep=False) as db:
        return _card(db, number, by=by, after=after)


def _card(db: Session, number: int, *, by: Viewer, after: int) -> dict[str, Any]:
    head = data.collections.head(db, number)
    shape = data.collections.shape_of(db, number)
    outline = shapely.from_wkb(shape)
    ground = data.desk_inside.under(db, shape, by=by)
    people = api.actions.desk.people_of(db, ground, by=by)
    near = gis.desk.grown(outline, head["near_m"]) if head["near_m"] else outline
    lines = data.collections.call_list(db, number, after=after, most=MOST_LINES + 1)
    return {
        **head,
        "shape": shapely.geometry.mapping(shapely.set_precision(outline, 1e-6)),
        "cells": [{"code": one.code, "name": one.name, "whole": one.whole} for one in ground.cells],
        "households": people.counts["households"],
        "residents": people.counts["residents"],
        "rounded": [name for name in people.rounded if name != "care"],
        "care": data.collections.care(db, number),
        **data.collections.help_near(
            db, ground, shapely.to_wkb(near), near_m=head["near_m"], lat=outline.centroid.y
        ),
        "call_list": lines[:MOST_LINES],
        "next": lines[MOST_LINES - 1]["number"] if len(lines) > MOST_LINES else None,
    }


# Calling


def unmask(
    store: sa.Engine, number: int, entry: int, *, by: Viewer, seal: Seal, reason: str = ""
) -> dict[str, Any]:
    """Open one entry's name and phone; the journal line, with the purpose, is kept before.

    `called` is what came of calling by now: a colleague may have been faster.

    Raises:
        NotFound: no such entry is in the viewer's charge.
    """
    require(by, Right.EMERGENCY)
    with data.scope.transaction(store, by) as db:
        purpose = data.collections.head(db, number)["purpose"]
        resident, clear, called = data.collections.opened(db, number, entry, seal=seal)
        told = f"{purpose}；{reason.strip()}" if reason.strip() else purpose
        for value in clear.values():
            told = told.replace(value, "***") if value else told
        data.journal.write(
            db, actor=by.login, act="unmask", subject=f"collection:{number}:{entry}", reason=told,
            residents=[[resident, resident]],
        )  # fmt: skip
    return clear | {"called": called}


MOST_WORDS = 300


def tell(
    store: sa.Engine,
    number: int,
    entry: int,
    state: Called,
    words: str = "",
    *,
    by: Viewer,
    now: datetime,
) -> None:
    """Keep what came of calling somebody.

    Raises:
        BadInput: words that are too long or unreadable.
        NotFound: no such entry is in the viewer's charge.
    """
    require(by, Right.EMERGENCY)
    words = words.strip()
    api.actions.desk.check_words({"words": words}, {"words": MOST_WORDS})
    with data.scope.transaction(store, by) as db:
        data.collections.tell(db, number, entry, state, words, by=by, now=now)
        data.journal.write(
            db, actor=by.login, act="call", subject=f"collection:{number}:{entry}", state=str(state)
        )


# The end


def end(store: sa.Engine, number: int, *, by: Viewer) -> dict[str, Any]:
    """Delete a collection with all who were in it; the journal keeps that it was.

    Raises:
        NotFound: no such collection lasts in the viewer's charge.
    """
    require(by, Right.EMERGENCY)
    with data.scope.transaction(store, by) as db:
        gone = data.collections.end(db, number)
        api.actions.collections_over.journal(db, gone, actor=by.login)
    return {"number": gone["id"], "entries": gone["entries"], "called": gone["called"]}
