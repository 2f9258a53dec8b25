"""Corners on common borders, which a publication gives to cells that it does not change otherwise.

A draft holds the cells of its area, so a corner that it puts on the edge of the area is not on the
cells beyond. It lies on their edge but for the rounding to the grid, and would leave a slit of a
hundredth of a millimetre. They get it when the draft comes into force. No ground moves: whoever
draws such a cell at the same time does not have to look again.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.db
import data.intake
import gis.plan_ground
from data.models import GridPlan

_NEAR = """
    SELECT code, ST_AsBinary(geom) FROM fate WHERE fate <> 'ended'
    UNION ALL
    SELECT code, ST_AsBinary(geom) FROM grid_cell
    WHERE plan_id = :force AND code NOT IN (SELECT code FROM fate) AND id IN (
        SELECT c.id FROM fate f JOIN grid_cell c ON c.geom && ST_Expand(f.geom, :reach)
        WHERE f.fate <> 'ended')
"""
_GIVE = "UPDATE fate f SET geom = ST_Multi(s.geom) FROM staged s WHERE s.code = f.code"
_ADD = """
    INSERT INTO fate (fate, was_id, was_plan, was_geom, code, area_no, name, kind, division_code,
                      parent_code, households_declared, valid_from, valid_to, geom)
    SELECT 'changed', c.id, c.plan_id, c.geom, c.code, c.area_no, c.name, c.kind, c.division_code,
           c.parent_code, c.households_declared, c.valid_from, c.valid_to, ST_Multi(s.geom)
    FROM staged s JOIN grid_cell c ON c.plan_id = %(force)s AND c.code = s.code
    WHERE s.code NOT IN (SELECT code FROM fate)
"""


def share(db: Session, force: GridPlan) -> None:
    """Give the cells of the temporary table `fate`, and those beside them in force, the corners of
    each other; whichever gets one stands in `fate` afterwards."""
    values = {"force": force.id, "reach": gis.plan_ground.GRID_DEG}
    rows = db.execute(sa.text(_NEAR), values).all()
    if not rows:
        return
    codes = np.array([row[0] for row in rows], dtype=str)
    shapes = np.asarray(shapely.from_wkb(np.array([bytes(row[1]) for row in rows], dtype=object)))
    welded = gis.plan_ground.weld(shapes, shapely.get_coordinates(shapes))
    richer = shapely.get_num_coordinates(welded) > shapely.get_num_coordinates(shapes)
    frame = pd.DataFrame({"code": codes[richer], "geom": data.intake.ewkb(welded[richer])})
    with data.db.cursor(db) as cursor:
        data.intake.stage(cursor, frame, {"code": "text", "geom": "geometry(Geometry, 4326)"})
        cursor.execute(_GIVE)
        cursor.execute(_ADD, {"force": force.id})


_SAME = """
    UPDATE fate f SET was_id = c.id, was_plan = c.plan_id, was_geom = c.geom
    FROM grid_cell b, grid_cell c
    WHERE b.id = f.was_id AND c.plan_id = %(force)s AND c.code = f.code AND c.id <> b.id
      AND (c.name, c.kind, c.division_code, c.parent_code, c.households_declared, c.valid_from)
          IS NOT DISTINCT FROM
          (b.name, b.kind, b.division_code, b.parent_code, b.households_declared, b.valid_from)
      AND ST_HausdorffDistance(c.geom, b.geom) <= 2 * %(step)s
"""


def follow(db: Session, force: GridPlan) -> None:
    """Hold a weighed draft against the cells in force where these only got corners since it was
    drawn."""
    with data.db.cursor(db) as cursor:
        cursor.execute(_SAME, {"force": force.id, "step": gis.plan_ground.GRID_DEG})
