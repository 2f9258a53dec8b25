"""A cell of a draft as one feature: who gets the ground that leaves it."""

from __future__ import annotations

from dataclasses import dataclass

import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

from data.models import GridPlan
from gis.errors import BadInput, NotFound


@dataclass(frozen=True)
class Cell:
    """A cell of a draft as it stands; `version` is the edit that last changed it."""

    number: int
    code: str
    name: str
    kind: str
    division_code: str | None
    version: int
    shape: shapely.Geometry


_ONE = """
    SELECT id, code, name, kind, division_code, version, ST_AsBinary(geom) FROM grid_cell
    WHERE plan_id = :plan AND
"""


def numbered(db: Session, plan: GridPlan, number: int) -> Cell:
    """A cell of a draft by its id.

    Raises:
        NotFound: the draft has none.
    """
    return _cell(db, plan, "id = :it", number)


def coded(db: Session, plan: GridPlan, code: str) -> Cell:
    """A cell of a draft by its code."""
    return _cell(db, plan, "code = :it", code)


def _cell(db: Session, plan: GridPlan, rule: str, it: object) -> Cell:
    row = db.execute(sa.text(_ONE + rule), {"plan": plan.id, "it": it}).one_or_none()
    if row is None:
        raise NotFound(f"the draft {plan.name!r} has no cell {it!r}", value=it)
    *told, shape = tuple(row)
    number, code, name, kind, division, version = told
    return Cell(number, code, name, kind, division, version, shapely.from_wkb(bytes(shape)))


_BESIDE = """
    SELECT c.code FROM grid_cell c, (SELECT ST_GeomFromWKB(:ground, 4326) AS shape) g
    WHERE c.plan_id = :plan AND c.id <> :id AND c.geom && g.shape
      AND ST_Intersects(c.geom, g.shape)
    ORDER BY c.division_code IS DISTINCT FROM :division, c.kind <> :kind,
             ST_Length(ST_Intersection(ST_Boundary(c.geom), ST_Boundary(g.shape))) DESC, c.code
    LIMIT 1
"""


def heir(db: Session, plan: GridPlan, cell: Cell, ground: shapely.Geometry) -> str:
    """The code of the cell that gets ground of another: of its community and kind where there is
    one beside it, with the longest border.

    Raises:
        BadInput: no cell lies beside it, so the ground would be nobody's.
    """
    values = {
        "plan": plan.id, "id": cell.number, "ground": shapely.to_wkb(ground),
        "division": cell.division_code, "kind": cell.kind,
    }  # fmt: skip
    code = db.scalar(sa.text(_BESIDE), values)
    if code is None:
        raise BadInput(
            f"ground of cell {cell.code!r} would be nobody's: no cell lies beside it",
            field="geometry",
        )
    return str(code)
