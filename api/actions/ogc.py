"""Cells of a draft created, replaced and deleted as features: each one act on the draft.

The ground of a draft is always somebody's. A new cell is taken out of those that lie there; what
a cell loses goes to the cell beside it; a deleted cell goes on in its neighbour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.ogc_cells
import data.plans_edit
import data.plans_near
import gis.plan_edit
import gis.plan_move
import gis.plan_words
from api.actions.plans import edit_line
from api.actions.plans_page import Step, draft
from data.models import GridPlan
from data.ogc_cells import Cell
from data.plans_edit import Edited
from gis.errors import BadInput, Conflict
from gis.plan_edit import AddDedicated, Give, Merge, Operation, Rename

LEAST_DEG = 2e-8
"""Ground narrower than twice this came of rounding: of millimetres told in another system."""


@dataclass(frozen=True)
class Told:
    """What is told of a cell; what is None stays as it is."""

    name: str | None = None
    shape: shapely.Geometry | None = None


def create(store: sa.Engine, plan: str, told: Told, step: Step) -> tuple[int, int]:
    """Take ground out of the cells of a draft for a dedicated cell; its id and version.

    Raises:
        BadInput: what speaks against it. NotAllowed: outside of the planner's charge.
    """
    assert told.shape is not None
    with draft(store, plan, step) as (db, found):
        operation = AddDedicated(told.shape, told.name or "")  # type: ignore[arg-type]  # polygons
        edited = _edit(db, found, [operation], step)
        cell = data.ogc_cells.coded(db, found, edited.born[0])
        return cell.number, cell.version


def change(store: sa.Engine, plan: str, number: int, told: Told, step: Step, *, seen: int) -> int:
    """Give a cell of a draft another outline or name, as of the version that was seen.

    Raises:
        Conflict: it was changed since. NotFound: it is not there.
        BadInput: what speaks against it, or nothing is told.
    """
    with draft(store, plan, step) as (db, found):
        cell = _as_seen(db, found, number, seen)
        operations: list[Operation] = _moved(db, found, cell, told.shape) if told.shape else []
        if told.name is not None and told.name != cell.name:
            operations.append(Rename(cell.code, told.name))
        if operations:
            _edit(db, found, operations, step)
        return data.ogc_cells.numbered(db, found, number).version


def end(store: sa.Engine, plan: str, number: int, step: Step, *, seen: int) -> None:
    """Let a cell of a draft go on in the cell beside it.

    Raises:
        Conflict: it was changed since. BadInput: it has no neighbour, or what speaks against it.
    """
    with draft(store, plan, step) as (db, found):
        cell = _as_seen(db, found, number, seen)
        into = data.ogc_cells.heir(db, found, cell, cell.shape)
        _edit(db, found, [Merge((cell.code, into), into)], step)


def _as_seen(db: Session, plan: GridPlan, number: int, seen: int) -> Cell:
    cell = data.ogc_cells.numbered(db, plan, number)
    if cell.version != seen:
        raise Conflict(f"cell {cell.code!r} was changed since you saw it", version=cell.version)
    return cell


def _moved(db: Session, plan: GridPlan, cell: Cell, shape: shapely.Geometry) -> list[Operation]:
    """What gives a cell its new outline: ground it gains, and ground that goes to others."""
    shape = gis.plan_move.drawable(shape)
    gained = _parts(shapely.difference(shape, cell.shape))
    lost = _parts(shapely.difference(cell.shape, shape))
    if lost and sum(map(shapely.area, lost)) >= shapely.area(cell.shape) * (1 - 1e-9):
        raise BadInput(f"cell {cell.code!r} would keep none of its ground", field="geometry")
    given = [Give(one, data.ogc_cells.heir(db, plan, cell, one)) for one in lost]
    return [*(Give(one, cell.code) for one in gained), *given]


def _parts(ground: shapely.Geometry) -> list[shapely.Polygon]:
    """The polygons of ground that are more than a rounding."""
    return [
        one
        for one in shapely.get_parts(ground)
        if isinstance(one, shapely.Polygon) and not one.buffer(-LEAST_DEG).is_empty
    ]


def _edit(db: Session, plan: GridPlan, operations: Sequence[Operation], step: Step) -> Edited:
    """Keep one operation, or several as one edit."""
    if len(operations) == 1:
        kind = gis.plan_words.told(operations[0])["kind"]
        edited = data.plans_edit.edit(db, plan, operations[0], by=step.by, on=step.today)
    else:
        kind = "mend_all"
        before = after = data.plans_near.value(db, plan, operations, on=step.today)
        for one in operations:
            after = gis.plan_edit.apply(after, one).plan
        what = {"mended": len(operations), "left": 0}
        edited = data.plans_edit.keep(db, plan, before, after, kind=kind, what=what, by=step.by)
    edit_line(db, plan, edited, kind, step.by)
    return edited
