"""划分: cells of a draft drawn anew or balanced, the draft begun if it is not there yet."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.journal
import data.plans
import data.plans_draw
import data.scope
from api.actions.plans_page import Answer, Step, draft, told
from api.actions.register import require
from data.models import GridPlan
from data.plans_draw import Made, Part, Wish
from gis.access import Right, Viewer

MOST_UNITS = 20_000
"""Buildings that are drawn while somebody waits for it at the page."""
LONGEST_S = 20.0
"""How long the page's drawing may take until the best so far has to do."""


def draw(
    store: sa.Engine, name: str, *, area: str | None, target: float, tolerance: float, wish: Wish,
    by: Viewer, today: date,
) -> Made:  # fmt: skip
    """Draw the basic cells of a draft anew; see `data.plans_draw.draw`."""
    require(by, Right.PLAN)
    with data.scope.transaction(store, by) as db:
        plan = _draft(db, name, area)
        made = data.plans_draw.draw(db, plan, target, tolerance, wish, by=by, on=today)
        told = wish.told(target=target, tolerance=tolerance)
        _write(db, "plan-draw", plan, made, told, by)
        return made


def balance(
    store: sa.Engine, name: str, *, area: str | None, low: float, high: float, wish: Wish,
    by: Viewer, today: date,
) -> Made:  # fmt: skip
    """Bring the basic cells of a draft into a range; see `data.plans_draw.balance`."""
    require(by, Right.PLAN)
    with data.scope.transaction(store, by) as db:
        plan = _draft(db, name, area)
        made = data.plans_draw.balance(db, plan, low, high, wish, by=by, on=today)
        _write(db, "plan-balance", plan, made, wish.told(low=low, high=high), by)
        return made


def _draft(db: Session, name: str, area: str | None) -> GridPlan:
    """The draft of that name; a new one of the area where there is none."""
    if name not in {one["name"] for one in data.plans.known(db)}:
        data.plans.draw(db, name, area=area)
    return data.plans.draft_named(db, name)


def _write(
    db: Session, act: str, plan: GridPlan, made: Made, told: dict[str, Any], by: Viewer
) -> None:
    data.journal.write(
        db, actor=by.login, act=act, subject=plan.name, cells=len(made.loads),
        moved_households=made.moved_households, **told,
    )  # fmt: skip


# At the page


def draw_page(
    store: sa.Engine, name: str, *, target: float, tolerance: float, wish: Wish,
    communities: Sequence[str], step: Step,
) -> Answer:  # fmt: skip
    """Draw a draft, or some communities of it, anew, as an edit the page hears of.

    Raises:
        BadInput, TooLarge, Conflict: see `data.plans_draw.draw`.
    """
    begun = time.monotonic()
    part = Part(communities=communities, most_units=MOST_UNITS, seen=step.seen)
    words = wish.told(target=target, tolerance=tolerance)
    with draft(store, name, step) as (db, plan):
        made = data.plans_draw.draw(
            db, plan, target, tolerance, _bounded(wish, begun), by=step.by, on=step.today, part=part
        )
        span = (target * (1 - tolerance), target * (1 + tolerance))
        answer = _made(db, plan, made, span, step, begun)
        if step.keep:
            _write(db, "plan-draw", plan, made, words, step.by)
        return answer


def balance_page(
    store: sa.Engine, name: str, *, low: float, high: float, wish: Wish, cells: Sequence[str],
    step: Step,
) -> Answer:  # fmt: skip
    """Balance a draft, or some cells of it, as an edit the page hears of, with what moves.

    Raises:
        BadInput, TooLarge, Conflict: see `data.plans_draw.balance`.
    """
    begun = time.monotonic()
    part = Part(cells=cells, most_units=MOST_UNITS, seen=step.seen)
    words = wish.told(low=low, high=high)
    with draft(store, name, step) as (db, plan):
        made = data.plans_draw.balance(
            db, plan, low, high, _bounded(wish, begun), by=step.by, on=step.today, part=part
        )
        answer = _made(db, plan, made, (low, high), step, begun)
        answer["moves"] = made.moves.to_dict("records")
        if step.keep and made.edited is not None:
            _write(db, "plan-balance", plan, made, words, step.by)
        return answer


def _bounded(wish: Wish, begun: float) -> Wish:
    return replace(wish, keep_going=lambda: time.monotonic() - begun < LONGEST_S)


def _made(
    db: Session, plan: GridPlan, made: Made, span: tuple[float, float], step: Step, begun: float
) -> Answer:
    return {
        **told(db, plan, made.edited, step),
        "moved_households": made.moved_households,
        "before": _measured(made.loads_before, span),
        "after": _measured(made.loads, span),
        "cannot": made.said,
        "complete": made.complete,
        "seconds": round(time.monotonic() - begun, 2),
    }


def _measured(loads: Sequence[float], span: tuple[float, float]) -> dict[str, float]:
    """How many cells are out of a range of workload, and by how much the worst."""
    held = np.asarray(loads, dtype=float)
    beyond = np.maximum(np.maximum(held - span[1], span[0] - held), 0.0)
    return {
        "cells": len(held),
        "least": min(loads, default=0.0),
        "most": max(loads, default=0.0),
        "worst": round(float(beyond.max(initial=0.0)), 1),
        "out_of_range": int((beyond > 0).sum()),
    }
