"""网格: plans, cells and divisions in the store."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

import gis.plan_names
from data.intake import Target
from data.locate import IN_FORCE
from data.models import GridCell, GridPlan
from gis.errors import BadInput, Fault, NotFound
from gis.places import Box

FIRST_PLAN = "网格方案"

CELLS = Target(
    "grid_cell",
    ("plan_id", "code"),
    {
        "plan_id": "bigint",
        "code": "text",
        "name": "text",
        "kind": "text",
        "division_code": "text",
        "parent_code": "text",
        "households_declared": "int",
        "valid_from": "date",
        "valid_to": "date",
        "geom": "geometry(MultiPolygon, 4326)",
    },
)
DIVISIONS = Target(
    "division",
    ("code", "valid_from"),
    {
        "code": "text",
        "name": "text",
        "level": "text",
        "parent_code": "text",
        "urban_rural": "text",
        "valid_from": "date",
        "valid_to": "date",
        "geom": "geometry(MultiPolygon, 4326)",
    },
)


def plan_in_force(db: Session) -> GridPlan | None:
    """Return the published plan; None in a store without cells."""
    return db.scalar(sa.select(GridPlan).where(GridPlan.state == "published"))


def plan_named(db: Session, name: str) -> GridPlan:
    """Return the plan called `name`.

    Raises:
        NotFound: with the names there are.
    """
    found = db.scalar(sa.select(GridPlan).where(GridPlan.name == name))
    if found is None:
        names = db.scalars(sa.select(GridPlan.name).order_by(GridPlan.name)).all()
        said = f"no plan {name!r}; there are: {', '.join(names) or 'none yet'}"
        raise NotFound(Fault("plan_gone", said, name=name))
    return found


def plan_on(db: Session, day: date) -> GridPlan:
    """Return the plan that was in force on `day`.

    Raises:
        NotFound: none was.
    """
    found = db.scalar(
        sa.select(GridPlan)
        .where(GridPlan.state != "draft", GridPlan.valid_from <= day)
        .where(sa.or_(GridPlan.valid_to.is_(None), GridPlan.valid_to > day))
        .order_by(GridPlan.valid_from.desc(), GridPlan.number.desc().nulls_last())
    )
    if found is None:
        raise NotFound(f"no plan was in force on {day}")
    return found


def plan_to_fill(db: Session, name: str | None, *, today: date) -> tuple[GridPlan, bool]:
    """Return the plan that imported cells go to, made when new, and whether it is in force.

    Without a name that is the plan in force. The first plan of a store is in force at once;
    a further one is a draft until it is put in force.
    """
    force = plan_in_force(db)
    if name is None and force is not None:
        return force, True
    wanted = name or FIRST_PLAN
    plan = db.scalar(sa.select(GridPlan).where(GridPlan.name == wanted))
    if plan is None:
        gis.plan_names.refuse_plan(wanted)
        plan = GridPlan(name=wanted, state="draft")
        db.add(plan)
    if plan.state == "retired":
        raise BadInput(f"plan {wanted!r} is retired; name another with --plan")
    if force is None:
        plan.state, plan.valid_from, plan.number = "published", today, 1
    db.flush()
    return plan, plan.state == "published"


def extent_in_force(db: Session) -> Box | None:
    """Return west, south, east, north of the cells in force."""
    row = db.execute(
        sa.text(
            "SELECT ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e) FROM "
            "(SELECT ST_Extent(c.geom) e FROM grid_cell c JOIN grid_plan p ON p.id = c.plan_id "
            "AND p.state = 'published') one"
        )
    ).one()
    return None if row[0] is None else (row[0], row[1], row[2], row[3])


def count_in_force(db: Session) -> int:
    """Count the cells in force."""
    return int(db.scalar(sa.text(f"SELECT count(*) FROM grid_cell WHERE {IN_FORCE}")) or 0)


def count_cells(db: Session, plan: GridPlan) -> int:
    """Count the cells of `plan`."""
    query = sa.select(sa.func.count()).where(GridCell.plan_id == plan.id)
    return int(db.scalar(query) or 0)


def cell_shapes(db: Session, plan: GridPlan) -> tuple[list[str], npt.NDArray[np.object_]]:
    """Return the codes and outlines (shapely, WGS-84) of the cells of `plan`, by code."""
    rows = db.execute(
        sa.text(
            "SELECT code, ST_AsBinary(geom) FROM grid_cell WHERE plan_id = :plan "
            'ORDER BY code COLLATE "C"'
        ),
        {"plan": plan.id},
    ).all()
    shapes = shapely.from_wkb([bytes(row[1]) for row in rows])
    return [row[0] for row in rows], np.asarray(shapes, dtype=object)


def orphans(db: Session) -> int:
    """Count divisions whose parent is not in the table."""
    count = db.scalar(
        sa.text(
            "SELECT count(*) FROM division d WHERE parent_code IS NOT NULL AND valid_to IS NULL "
            "AND NOT EXISTS (SELECT 1 FROM division p WHERE p.code = d.parent_code)"
        )
    )
    return int(count or 0)


# Areas


def number_areas(db: Session, only: list[int] | None = None) -> None:
    """Number the areas of cells that have none, or of these: so that a division is a range.

    A division code of up to 12 digits gives the first 12 digits of the number, the place of the
    cell among its division's the last six; cells without such a division come last. What stands
    keeps its place: a cell of a draft has that of the cell in force with its code, a new one the
    next after all that its division ever had, by code. Records get the number of their cell when
    they are filed.
    """
    db.execute(sa.text(_AS_IN_FORCE), {"only": only})
    db.execute(sa.text(_NUMBER_AREAS), {"only": only})


_DIVISION_NO = """CASE WHEN {of}.division_code ~ '^[0-9]{{1,12}}$'
    THEN rpad({of}.division_code, 12, '0')::bigint ELSE 999999999999 END"""
_MEANT = "(CAST(:only AS bigint[]) IS NULL OR c.id = ANY (:only))"
_AS_IN_FORCE = f"""
    UPDATE grid_cell c SET area_no = n.area_no
    FROM grid_plan p, grid_cell n JOIN grid_plan f ON f.id = n.plan_id AND f.state = 'published'
    WHERE p.id = c.plan_id AND p.state = 'draft' AND n.code = c.code AND c.area_no <> n.area_no
      AND n.area_no / 1000000 = {_DIVISION_NO.format(of="c")} AND {_MEANT}
"""
_NUMBER_AREAS = f"""
    WITH fresh AS (
        SELECT id, plan_id, code, {_DIVISION_NO.format(of="c")} AS division FROM grid_cell c
        WHERE area_no / 1000000 <> {_DIVISION_NO.format(of="c")} AND {_MEANT}
    ),
    last AS (
        SELECT division, (SELECT max(o.area_no) % 1000000 FROM grid_cell o WHERE o.area_no
            BETWEEN division * 1000000 AND division * 1000000 + 999999) AS place
        FROM (SELECT DISTINCT division FROM fresh) one
    ),
    area AS (
        SELECT f.id, f.division * 1000000 + coalesce(l.place, 0) + row_number() OVER (
                   PARTITION BY f.plan_id, f.division ORDER BY f.code COLLATE "C") AS no
        FROM fresh f JOIN last l USING (division)
    )
    UPDATE grid_cell c SET area_no = a.no FROM area a WHERE a.id = c.id
"""
