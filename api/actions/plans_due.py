"""网格方案 published by themselves on the day they were told to be."""

from __future__ import annotations

import logging

import sqlalchemy as sa

import data.journal
import data.plan_cells
import data.scope
from gis.access import operator
from gis.errors import Unavailable, WanggeError

_log = logging.getLogger(__name__)
CLOCK = operator("clock")
"""By whom time acts."""


def publish_due(store: sa.Engine) -> list[str]:
    """Publish the drafts that are due today; return the names of those that came into force.

    One that cannot be published stays a draft, with all as it was, and tells why; the journal does
    too.

    Raises:
        Unavailable: the store does not answer; what was due stays due.
    """
    with data.scope.transaction(store, CLOCK, keep=False) as db:
        today, due = data.plan_cells.due(db)
    if not due:
        return []
    import api.actions.plans  # heavy, and seldom needed here

    published = []
    for name in due:
        try:
            api.actions.plans.publish(store, name, by=CLOCK, today=today)
            published.append(name)
        except Unavailable:
            raise  # it is tried again when the store answers
        except WanggeError as reason:
            _put_off(store, name, str(reason))
        except Exception as error:  # whatever it is, what else is due does not wait for it
            _log.exception("a plan could not be published")
            _put_off(store, name, f"{_said(error)}; nothing was published")
    return published


def _said(error: Exception) -> str:
    """What the store says of an error, without the rows it quotes: they may hold anybody's."""
    diagnosis = getattr(getattr(error, "orig", error), "diag", None)
    if diagnosis is None or not diagnosis.message_primary:
        return "something went wrong here, which has been logged"
    return f"the store refused it: {diagnosis.message_primary}"


def _put_off(store: sa.Engine, name: str, reason: str) -> None:
    with data.scope.transaction(store, CLOCK) as db:
        data.plan_cells.put_off(db, name, reason)
        data.journal.write(db, actor=CLOCK.login, act="publish-refused", subject=name, why=reason)
