"""The ground of a plan: measures, corners in common, faces."""

from __future__ import annotations

import coverages
import numpy as np
import pyproj
import pytest
import shapely
import town

from gis import plan_edit, plan_ground
from gis.errors import BadInput
from gis.plan import Plan

EARTH = pyproj.Geod(ellps="WGS84")


@pytest.mark.parametrize("lat", [0.0, 22.5, 30.5, 45.0, -52.0])
def test_ground_and_borders_are_measured_as_on_the_ellipsoid(lat):
    shapes = shapely.transform(
        coverages.fields(np.random.default_rng(1), 6, shapely.box(0, 0, 3000, 2000)),
        lambda xy: np.add(xy, (0, lat - coverages.SOUTH)),
    )
    true = [EARTH.geometry_area_perimeter(shapely.segmentize(one, 1e-4)) for one in shapes]
    assert plan_ground.area_m2(shapes) == pytest.approx([abs(area) for area, _ in true], rel=1e-6)
    assert plan_ground.length_m(shapes) == pytest.approx([length for _, length in true], rel=1e-4)


def test_nothing_has_no_ground():
    assert plan_ground.area_m2(np.array([shapely.Polygon(), town.box(0, 0, 1, 1)]))[0] == 0
    assert plan_ground.width_m(np.array([shapely.Polygon()])).tolist() == [0]


def test_how_wide_a_strip_is():
    strip = coverages.metres(np.array([shapely.box(0, 0, 500, 2)]))
    assert plan_ground.width_m(strip)[0] == pytest.approx(2, rel=0.01)


def test_cells_side_by_side_and_their_common_border():
    cells = plan_ground.matched(town.shapes(town.draw("AAB/CCB/CCD")))
    one, other, metres = plan_ground.common_edges(cells)
    pairs = {"ABCD"[a] + "ABCD"[b]: m for a, b, m in zip(one, other, metres, strict=True)}
    east = town.SIDE * 111_320 * np.cos(np.radians(30))
    north = town.SIDE * 110_852
    told = {"AB": north, "AC": 2 * east, "BC": north, "BD": east, "CD": north}
    assert pairs == pytest.approx(told, rel=2e-3)


def test_a_corner_near_an_edge_is_put_on_it_and_one_further_away_is_not():
    cells = np.array([town.box(0, 0, 1, 1)])
    on, off = town.at(1, 0.5), shapely.Point(town.at(1, 0.25).x + 3e-10, town.at(1, 0.25).y)
    welded = plan_ground.weld(cells, shapely.get_coordinates([on, off]))
    assert shapely.get_num_coordinates(welded).tolist() == [6]
    assert plan_ground.weld(cells, shapely.get_coordinates(cells))[0] is cells[0]


def test_holes_and_pieces_keep_their_rings_when_a_corner_is_added():
    holed = shapely.difference(town.box(0, 0, 3, 3), town.box(1, 1, 2, 2))
    shape = shapely.MultiPolygon([holed, town.box(4, 0, 5, 1)])
    spots = shapely.get_coordinates([town.at(1, 1.5), town.at(4, 0.5), town.at(0, 1)])
    welded = plan_ground.weld(np.array([shape]), spots)
    assert shapely.get_num_coordinates(welded).tolist() == [shapely.get_num_coordinates(shape) + 3]
    assert welded[0].is_valid
    assert welded[0].equals(shape)


def test_faces_share_their_corners_exactly():
    cells = coverages.fields(np.random.default_rng(4), 5, shapely.box(0, 0, 900, 700))
    cells = plan_ground.matched(plan_ground.on_grid(cells))
    rng = np.random.default_rng(5)
    west, south, east, north = shapely.total_bounds(cells)
    cuts = shapely.linestrings(rng.uniform((west, south), (east, north), (6, 2, 2)))
    faces = plan_ground.faces(cells, cuts)
    assert shapely.coverage_is_valid(faces)
    assert plan_ground.area_m2(faces).sum() == pytest.approx(plan_ground.area_m2(cells).sum())
    face, cell = plan_ground.holders(faces, cells)
    assert sorted(face.tolist()) == list(range(len(faces)))
    again = plan_ground.together(faces[face], cell, 5)
    assert plan_ground.area_m2(shapely.symmetric_difference(again, cells)).max() < 0.05


def hairy(rng: np.random.Generator, xy: np.ndarray) -> shapely.LineString:
    """A line along an edge, through a corner or from corner to corner, some steps of the grid off."""
    at, other = rng.integers(len(xy) - 1, size=2)
    off = rng.choice([5e-11, 1e-10, 3e-10, 1e-9])
    along = np.sort(rng.random(5))[:, None] * (xy[at + 1] - xy[at])
    away = rng.normal(0, 1e-3, 2)
    spots = (xy[at] + along, xy[[at, other]], xy[at] + np.outer((-1, 0, 1), away))
    line = spots[rng.integers(len(spots))]
    return shapely.LineString(line + rng.normal(0, off, line.shape))


def test_lines_a_hair_off_edges_and_corners_make_faces_that_join():
    for seed in range(60):
        rng = np.random.default_rng(seed)
        cells = coverages.fields(rng, 4, shapely.box(0, 0, 500, 400))
        cells = plan_ground.matched(plan_ground.on_grid(cells))
        xy = shapely.get_coordinates(cells)
        faces = plan_ground.faces(cells, np.array([hairy(rng, xy) for _ in range(4)]))
        faces = faces[np.unique(plan_ground.holders(faces, cells)[0])]
        assert shapely.is_valid(faces).all()
        joined = plan_ground.together(faces, rng.integers(0, 3, len(faces)), 3)
        told = plan_ground.area_m2(joined).sum(), plan_ground.area_m2(faces).sum()
        assert told == pytest.approx((plan_ground.area_m2(cells).sum(),) * 2, abs=0.05)


@pytest.mark.parametrize("seed", [3, 6, 39])
def test_ground_with_an_edge_of_its_cell_is_given_though_it_crosses_it_by_a_hair(seed):
    """A circle cut off at a border has corners rounded to the grid, beside it by half a step."""
    plan, rng = coverages.town(seed, cells=5), np.random.default_rng(seed)
    for step in range(12):
        at = int(rng.integers(len(plan)))
        beside = plan.beside(np.array([at]))
        other = int(beside[plan.above[beside] == plan.above[at]][0])
        xy = shapely.get_coordinates(plan.sound[at])
        spot = shapely.Point(xy[0] + step % 3 / 2 * (xy[1] - xy[0]))
        ground = shapely.intersection(plan.sound[other], spot.buffer(5e-4))
        assert "hair" not in refusal(plan, plan_edit.Give(ground, str(plan.codes[at])))


def refusal(plan: Plan, operation: plan_edit.Operation) -> str:
    """Why an operation is refused, "" where it is not; then the coverage is sound."""
    try:
        after = plan_edit.apply(plan, operation).plan
    except BadInput as reason:
        return str(reason)
    assert shapely.coverage_is_valid(after.shapes)
    return ""
