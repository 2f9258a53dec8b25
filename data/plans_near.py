"""The part of a plan that an edit is about: what it touches, and what has to be seen beside that.

A change is judged by the cells it touches and those beside them, is numbered in its community, and
gives neighbours corners. So the communities it touches, with the cells around them, answer as the
whole plan would.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.plans
import gis.plan_move
import gis.plan_words
from data.models import GridPlan
from gis.errors import BadInput, Fault, NotFound
from gis.plan import Plan
from gis.plan_edit import AddCorner, DropCorner, MoveCorner, Operation, Snap

_NAMED = ("cell", "cells", "into", "to")
"""What operations call the cells that they name."""
_BESIDE_DEG = 2e-5
"""Cells are beside each other where their boxes are nearer than this: about two metres."""


def is_of_all(operation: Operation) -> bool:
    """Whether an operation is about a whole plan."""
    return isinstance(operation, Snap)


def value(db: Session, plan: GridPlan, operations: Sequence[Operation], *, on: date) -> Plan:
    """Load what operations on a draft are judged by.

    Raises:
        NotFound: no cell has a code they name. BadInput: they are about ground where no cell is.
    """
    if any(is_of_all(one) for one in operations):
        return data.plans.value(db, plan, on=on)
    codes = sorted({code for one in operations for code in touched(db, plan, one)})
    if not codes:
        raise BadInput(Fault("none_there", f"no cell of plan {plan.name!r} lies there"))
    near = around(db, plan, codes)
    return data.plans.value(db, plan, on=on, only=[*near], peopled=[n for n in near if near[n]])


def touched(db: Session, plan: GridPlan, operation: Operation) -> list[str]:
    """Codes of the cells that an operation names, or whose ground or buildings it is about."""
    told = gis.plan_words.told(operation)
    codes: set[str] = set()
    for name in _NAMED:
        named = told.get(name) or ()
        codes.update(
            one for one in ([named] if isinstance(named, str) else named) if isinstance(one, str)
        )
    if isinstance(operation, MoveCorner | AddCorner | DropCorner):
        spot = gis.plan_move.drawable(shapely.Point(operation.corner))
        codes.update(_under(db, plan, spot))
    elif "ground" in told:
        codes.update(_under(db, plan, gis.plan_move.drawable(operation.ground)))  # type: ignore[attr-defined]
    codes.update(_holding(db, plan, told.get("units") or ()))
    return sorted(codes)


_UNDER = """
    SELECT code FROM grid_cell
    WHERE plan_id = :plan AND geom && ST_Expand(ST_GeomFromWKB(:shape, 4326), :reach)
"""


def _under(db: Session, plan: GridPlan, shape: shapely.Geometry) -> list[str]:
    values = {"plan": plan.id, "shape": shapely.to_wkb(shape), "reach": _BESIDE_DEG}
    return list(db.scalars(sa.text(_UNDER), values))


# A home with a place of its own is called by its building and its number
_HOLDING = """
    SELECT c.code FROM building b JOIN grid_cell c ON c.geom && b.geom
    WHERE c.plan_id = :plan AND b.code = ANY (:codes)
"""


def _holding(db: Session, plan: GridPlan, units: Sequence[str]) -> list[str]:
    if not units:
        return []
    codes = sorted({*units, *(one.rpartition(" ")[0] or one for one in units)})
    return list(db.scalars(sa.text(_HOLDING), {"plan": plan.id, "codes": codes}))


_AROUND = """
    WITH mine AS MATERIALIZED (
        SELECT id, geom FROM grid_cell WHERE plan_id = :plan
          AND (code = ANY (:codes) OR division_code IN (
              SELECT division_code FROM grid_cell WHERE plan_id = :plan AND code = ANY (:codes)))
    )
    SELECT DISTINCT beside.id, beside.id IN (SELECT id FROM mine)
    FROM mine JOIN grid_cell beside ON beside.geom && ST_Expand(mine.geom, :reach)
    WHERE beside.plan_id = :plan
"""


def around(db: Session, plan: GridPlan, codes: Sequence[str]) -> dict[int, bool]:
    """Ids of the cells of a draft in the communities of these, and (false) of those beside them.

    Raises:
        NotFound: no cell has any of the codes.
    """
    values = {"plan": plan.id, "codes": list(codes), "reach": _BESIDE_DEG}
    found = {row[0]: row[1] for row in db.execute(sa.text(_AROUND), values)}
    if not found:
        said = f"plan {plan.name!r} has no cell {codes[0]!r}"
        raise NotFound(Fault("gone", said, cell=codes[0]), cell=codes[0])
    return found


_IN = """
    SELECT division_code, code FROM grid_cell
    WHERE plan_id = :plan AND division_code = ANY (:communities)
"""


def cells_in(db: Session, plan: GridPlan, communities: Sequence[str]) -> list[str]:
    """Codes of the cells of a draft in communities.

    Raises:
        NotFound: one of the communities has none.
    """
    values = {"plan": plan.id, "communities": list(communities)}
    held = db.execute(sa.text(_IN), values).all()
    lacking = sorted(set(communities) - {row[0] for row in held})
    if lacking:
        raise NotFound(f"plan {plan.name!r} has no cell in {', '.join(lacking[:5])}", value=lacking)
    return [row[1] for row in held]
