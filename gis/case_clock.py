"""The times of a case: which deadlines it has after a move, and what time itself will do next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gis.cases import Standing
from gis.terms import Clock, Move


@dataclass(frozen=True)
class Limit:
    """How long handling may take, by which clock: the condition's."""

    amount: float
    clock: Clock


@dataclass(frozen=True)
class Times:
    """The deadlines of a case. `run` is the handling clock as JSON values (`gis.clock.Run`).

    `due_at` is the deadline of handling, `stage_due_at` that of the present step (accept, dispatch,
    inspect); at `next_at` time itself makes `next_move`; `level` is the division level it has
    climbed to; `overdue_at` when it passed its deadline.
    """

    run: dict[str, Any] | None = None
    due_at: datetime | None = None
    stage_due_at: datetime | None = None
    next_at: datetime | None = None
    next_move: Move | None = None
    level: str | None = None
    overdue_at: datetime | None = None


def after(
    move: Move, before: Times, standing: Standing, *, limit: Limit | None, now: datetime
) -> Times:
    """The times of a case that stands so after `move`."""
    return before
