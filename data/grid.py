"""网格: plans, cells and divisions in the store."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.db
from data.intake import Target
from data.locate import IN_FORCE
from data.models import GridCell, GridPlan
from gis.errors import BadInput, NotFound
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
        raise NotFound(f"no plan {name!r}; there are: {', '.join(names) or 'none yet'}")
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
        .order_by(GridPlan.valid_from.desc())
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
        plan = GridPlan(name=wanted, state="draft")
        db.add(plan)
    if plan.state == "retired":
        raise BadInput(f"plan {wanted!r} is retired; name another with --plan")
    if force is None:
        plan.state, plan.valid_from = "published", today
    db.flush()
    return plan, plan.state == "published"


def put_in_force(db: Session, name: str, *, today: date) -> GridPlan | None:
    """Publish the plan `name` and retire the one in force; return the retired one, if any."""
    plan = plan_named(db, name)
    force = plan_in_force(db)
    if force is plan:
        return None
    if force is not None:
        force.state, force.valid_to = "retired", today
        db.flush()
    plan.state, plan.valid_from, plan.valid_to = "published", plan.valid_from or today, None
    db.flush()
    data.db.bump(db, "cells")
    return force


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


def number_areas(db: Session) -> None:
    """Number the areas of cells: by division, within it by code, so that a division is a range.

    A division code of up to 12 digits gives the first 12 digits of the number, the place of the
    cell among its division's the last six; cells without such a division come last. Records get
    the number of their cell when they are filed.
    """
    db.execute(sa.text(_NUMBER_AREAS))


_NUMBER_AREAS = """
    WITH numbered AS (
        SELECT id, CASE WHEN division_code ~ '^[0-9]{1,12}$'
                        THEN rpad(division_code, 12, '0') ELSE '999999999999' END AS division,
               row_number() OVER (PARTITION BY plan_id, division_code
                                  ORDER BY code COLLATE "C") AS place,
               row_number() OVER (PARTITION BY plan_id ORDER BY division_code COLLATE "C",
                                  code COLLATE "C") AS place_in_plan
        FROM grid_cell
    ),
    area AS (
        SELECT id, division::bigint * 1000000
                   + CASE WHEN division = '999999999999' THEN place_in_plan ELSE place END AS no
        FROM numbered
    )
    UPDATE grid_cell c SET area_no = a.no FROM area a WHERE a.id = c.id AND c.area_no <> a.no
"""
