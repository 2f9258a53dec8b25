"""回调: who is told of what happens to cases, and how far that came."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

import data.db
import data.journal
import data.scope
import data.webhooks
import gis.webhooks
from data.webhooks import Hook, Owed, Sent
from gis.access import Viewer


def add(
    store: sa.Engine,
    url: str,
    *,
    secret_env: str,
    moves: list[str],
    division: str | None,
    private: bool,
    by: Viewer,
) -> int:
    """Add a subscriber; return its number.

    Raises:
        BadInput: no such address, variable, move or division. Conflict: it is there already.
    """
    gis.webhooks.check_url(url, private=private)
    gis.webhooks.check_env(secret_env)
    known = gis.webhooks.check_moves(moves)
    with data.scope.transaction(store, by) as db:
        number = data.webhooks.add(
            db, url, secret_env=secret_env, moves=known, division=division, private=private
        )
        data.journal.write(
            db, actor=by.login, act="webhook-add", subject=url, number=number, area=division
        )
    return number


def remove(store: sa.Engine, number: int, *, by: Viewer) -> str:
    """Take a subscriber off; return its address."""
    with data.scope.transaction(store, by) as db:
        url = data.webhooks.remove(db, number)
        data.journal.write(db, actor=by.login, act="webhook-remove", subject=url, number=number)
    return url


def hook(store: sa.Engine, number: int, *, by: Viewer) -> Hook:
    """Find a subscriber."""
    with data.scope.transaction(store, by, keep=False) as db:
        return data.webhooks.hook(db, number)


def listed(store: sa.Engine, *, by: Viewer) -> list[dict[str, Any]]:
    """List the subscribers."""
    with data.scope.transaction(store, by, keep=False) as db:
        return data.webhooks.listed(db)


def dead(
    store: sa.Engine, number: int | None, *, by: Viewer, most: int = 100
) -> list[dict[str, Any]]:
    """List messages that were given up."""
    with data.scope.transaction(store, by, keep=False) as db:
        return data.webhooks.dead(db, number, most=most)


def resend(store: sa.Engine, number: int, *, by: Viewer) -> int:
    """Send what was given up once more, and wake a subscriber that was stopped; return how many."""
    with data.scope.transaction(store, by) as db:
        again = data.webhooks.resend(db, number)
        data.journal.write(db, actor=by.login, act="webhook-resend", number=number, again=again)
    return again


# What the worker does: no act of anybody's, so no line of the journal


def due(store: sa.Engine) -> list[Hook]:
    """The subscribers that something is to be sent to now."""
    with data.db.transaction(store, keep=False) as db:
        return data.webhooks.due(db)


def claim(store: sa.Engine, number: int, *, most: int) -> list[Owed]:
    """Take messages of a subscriber that are to be sent now."""
    with data.db.transaction(store) as db:
        return data.webhooks.claim(db, number, most=most)


def mark(
    store: sa.Engine, number: int, told: list[Sent], *, asked: timedelta | None = None
) -> None:
    """Keep what became of them; 410 Gone ends the subscription."""
    with data.db.transaction(store) as db:
        data.webhooks.mark(db, number, told, asked=asked)
        if any(one.status == 410 for one in told):
            data.webhooks.stop(db, number, "the subscriber answered 410 Gone")


def forget(store: sa.Engine) -> int:
    """Forget what was sent long ago."""
    with data.db.transaction(store) as db:
        return data.webhooks.forget(db)
