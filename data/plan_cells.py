"""Which cells a plan has: in force, retired or a draft; on which day. As SQL over `grid_cell c`.

A cell that lives on goes with the plan in force and keeps its number; what it was before stays as
a row of the plan that retired. So the cells of publication k are the rows that are as they are
since k or before, and that a plan numbered k or later holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session


def held_by(plan_id: str) -> str:
    """Whether c is a cell of the plan whose id the SQL expression `plan_id` gives."""
    return f"""c.plan_id = ANY (ARRAY(
        SELECT later.id FROM grid_plan asked
        JOIN grid_plan later ON later.id = asked.id OR later.number > asked.number
        WHERE asked.id = {plan_id}))
    AND coalesce(c.since <= (SELECT asked.number FROM grid_plan asked WHERE asked.id = {plan_id}),
                 c.plan_id = {plan_id})"""


def of_plan(plan_id: str, day: str) -> str:
    """Whether c is a cell of a plan, valid on a day: of a retired plan on its last day at most."""
    ended = f"(SELECT asked.valid_to FROM grid_plan asked WHERE asked.id = {plan_id})"
    return f"""{held_by(plan_id)}
    AND (c.valid_from IS NULL OR c.valid_from <= least({day}, {ended}))
    AND (c.valid_to IS NULL OR c.valid_to > least({day}, {ended}) OR c.valid_to >= {ended})"""


def own_end(plan_id: str) -> str:
    """The day c ended by itself; null where it ended with the plan, or not at all."""
    return f"""CASE WHEN c.valid_to < (SELECT coalesce(asked.valid_to, 'infinity')
                                  FROM grid_plan asked WHERE asked.id = {plan_id})
                THEN c.valid_to END"""


CHOSEN = """(SELECT asked.id FROM grid_plan asked
    WHERE CASE WHEN %(plan)s::text IS NOT NULL THEN asked.name = %(plan)s::text
               WHEN %(day)s::date IS NULL THEN asked.state = 'published'
               ELSE asked.state <> 'draft' AND asked.valid_from <= %(day)s::date
                    AND (asked.valid_to IS NULL OR asked.valid_to > %(day)s::date) END
    ORDER BY asked.valid_from DESC NULLS LAST, asked.number DESC NULLS LAST LIMIT 1)"""
"""The id of the plan called `plan`, or of that in force on the `day`; without both, now."""

IN_CHOSEN = of_plan(CHOSEN, "coalesce(%(day)s::date, current_date)")
"""Whether c is a cell of the plan asked for."""

_NOW = """c.plan_id = (SELECT id FROM grid_plan WHERE state = 'published')
              AND (c.valid_from IS NULL OR c.valid_from <= current_date)
              AND (c.valid_to IS NULL OR c.valid_to > current_date)"""


def fitting(sql: str, values: Mapping[str, Any]) -> str:
    """The same question put shorter where it is about now, which needs no history."""
    is_now = values["plan"] is None and values["day"] is None
    return sql.replace(IN_CHOSEN, _NOW) if is_now else sql


# What is to come into force by itself

_DUE = """
    SELECT name FROM grid_plan WHERE state = 'draft' AND publish_on <= current_date
    ORDER BY publish_on, id
"""


def due(db: Session) -> tuple[date, list[str]]:
    """The day it is in the store, and the names of drafts that are to be published by then."""
    today: date = db.execute(sa.text("SELECT current_date")).scalar_one()
    return today, list(db.scalars(sa.text(_DUE)))


def by_the_store(db: Session, day: date | None, today: date) -> date | None:
    """The day as the clock of the store counts: what is due today is due there too."""
    if day is None or day > today:
        return day
    stores: date = db.execute(sa.text("SELECT current_date")).scalar_one()
    return min(day, stores)


def put_off(db: Session, name: str, reason: str) -> None:
    """Forget the day on which a draft was to be published, and keep why it was not."""
    query = "UPDATE grid_plan SET publish_on = NULL, publish_refused = :why WHERE name = :n"
    db.execute(sa.text(query), {"n": name, "why": reason})
