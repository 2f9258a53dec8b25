"""Neighbours share their corners exactly, also across the edge of the area of a draft."""

from __future__ import annotations

import numpy as np
import shapely
import sqlalchemy as sa
from test_data_plans import ask, do
from test_data_plans_publish import draft, in_force, publish

import data.db
import data.grid
from gis import plan_ground
from gis.plan_edit import Rename, Split


def outlines(store: sa.Engine) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Codes, outlines and communities of the cells in force, as they stand in the store."""
    query = ("SELECT c.code, ST_AsBinary(c.geom), c.division_code FROM grid_cell c JOIN grid_plan p "
             "ON p.id = c.plan_id AND p.state = 'published' ORDER BY 1")  # fmt: skip
    with data.db.transaction(store) as db:
        codes, wkb, above = (np.array(column) for column in zip(*ask(db, query), strict=True))
    return codes, shapely.from_wkb(wkb), above


def at_the_edge(store: sa.Engine) -> tuple[str, str, shapely.LineString]:
    """A cell, one of another community beside it, and a line through their common border."""
    codes, shapes, above = outlines(store)
    one, other, metres = plan_ground.common_edges(plan_ground.tidy(shapes))
    apart = np.flatnonzero(above[one] != above[other])
    at = apart[metres[apart].argmax()]
    border = shapely.get_parts(shapely.intersection(shapes[one[at]], shapes[other[at]]))
    edge = border[shapely.length(border).argmax()]
    # an odd share, so that no corner is there and the grid does not hold the place
    x, y = shapely.get_coordinates(shapely.line_interpolate_point(edge, 0.4142, normalized=True))[0]
    inner = shapely.get_coordinates(shapely.centroid(shapes[one[at]]))[0]
    way = inner - (x, y)
    line = shapely.LineString([(x, y) - 0.1 * way, inner + 3 * way])
    return str(codes[one[at]]), str(codes[other[at]]), line


def test_cells_beyond_the_area_of_a_draft_get_its_corners(town: sa.Engine) -> None:
    one, other, line = at_the_edge(town)
    codes, before, above = outlines(town)
    home = dict(zip(codes.tolist(), above.tolist(), strict=True))
    with data.db.transaction(town) as db:
        past = data.grid.plan_in_force(db).name
        was = in_force(db)
    draft(town, "这边", home[one])
    draft(town, "那边", home[other])
    do(town, "那边", Rename(other, "桥头"))
    do(town, "这边", Split(one, line))
    done = publish(town, "这边")
    assert other not in done.changed
    now_codes, now, _ = outlines(town)
    assert len(now_codes) == len(codes) + 1
    assert shapely.coverage_is_valid(now)
    at, then = now_codes.tolist().index(other), codes.tolist().index(other)
    assert shapely.get_num_coordinates(now[at]) > shapely.get_num_coordinates(before[then])
    assert shapely.hausdorff_distance(now[at], before[then]) < 2e-10
    # who drew that cell meanwhile goes on, and what was in force stays as it was
    assert publish(town, "那边").changed == [other]
    assert shapely.coverage_is_valid(outlines(town)[1])
    with data.db.transaction(town) as db:
        assert in_force(db)[other][0] == "桥头"
        assert in_force(db, plan=past) == was
