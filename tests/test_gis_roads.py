"""Streets drawn by hand: where they meet, how long one walks, what stands in where there are none."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

import gis.roads
from gis.errors import BadInput
from gis.roads import Pace, Plane

STEP = Pace(speed_m_s=1.0, detour=1.5, reach_m=10_000, off_m=50)
"""A metre a second: seconds are metres."""


def streets(*lines):
    return gis.roads.build(np.array([shapely.LineString(line) for line in lines], dtype=object))


def walk(roads, start, goal, pace=STEP):
    return round(float(gis.roads.walk_s(roads, [start], [goal], pace)[0, 0]), 6)


CROSS = streets([(0, 0), (100, 0), (200, 0)], [(100, 100), (100, 0), (100, -100)])


def test_streets_meet_where_they_share_a_vertex():
    assert len(CROSS.xy) == 5
    assert sorted(CROSS.length_m.tolist()) == [100, 100, 100, 100]
    assert walk(CROSS, (0, 0), (100, 100)) == 200


def test_a_bridge_over_a_street_does_not_meet_it():
    over = streets([(0, 0), (200, 0)], [(100, 100), (100, -100)])
    assert len(over.xy) == 4
    assert over.island.tolist().count(over.island[0]) == 2
    assert walk(over, (100, 20), (100, 50)) == 30
    assert walk(over, (0, 0), (100, 100)) == pytest.approx(1.5 * 2**0.5 * 100)


def test_a_bend_is_no_node_and_its_length_counts():
    bent = streets([(0, 0), (30, 40), (100, 40)])
    assert (len(bent.xy), bent.length_m.tolist()) == (2, [120])
    assert walk(bent, (0, 0), (100, 40)) == 120


def test_places_between_corners_are_put_on_the_nearest_street():
    assert walk(CROSS, (40, 0), (70, 0)) == 30
    assert walk(CROSS, (40, 3), (100, -20)) == 3 + 60 + 20
    assert walk(CROSS, (70, 0), (40, 0)) == 30


def test_two_places_on_one_street_may_be_nearer_around_the_block():
    horseshoe = streets([(0, 0), (0, 500), (10, 500), (10, 0)], [(0, 0), (10, 0)])
    assert walk(horseshoe, (0, 100), (10, 100)) == 100 + 10 + 100
    assert walk(horseshoe, (0, 450), (10, 450)) == 50 + 10 + 50


def test_a_loop_is_walked_the_shorter_way_round():
    ring = streets([(0, 0), (100, 0), (100, 100), (0, 100), (0, 0)])
    assert walk(ring, (50, 0), (0, 50)) == 100
    assert walk(ring, (100, 50), (0, 50)) == 200
    assert walk(ring, (90, 100), (100, 90)) == 20


def test_the_shortest_of_parallel_streets_counts():
    two = streets([(0, 0), (100, 0)], [(0, 0), (50, 80), (100, 0)])
    assert walk(two, (0, 0), (100, 0)) == 100


def test_a_street_drawn_twice_or_forth_and_back_changes_nothing():
    twice = streets([(0, 0), (100, 0)], [(100, 0), (0, 0)], [(100, 0), (150, 0), (100, 0)])
    assert walk(twice, (0, 0), (150, 0)) == 150


def test_multi_lines_are_their_parts_and_points_repeated_are_one():
    parts = shapely.MultiLineString([[(0, 0), (0, 0), (10, 0)], [(10, 0), (20, 0)]])
    roads = gis.roads.build(np.array([parts], dtype=object))
    assert walk(roads, (0, 0), (20, 0)) == 20


def test_streets_are_joined_where_only_two_of_them_meet():
    joined = streets([(0, 0), (10, 0)], [(30, 0), (10, 0)], [(30, 0), (30, 5)], [(30, 0), (40, 0)])
    assert sorted(joined.length_m.tolist()) == [5, 10, 30]
    assert walk(joined, (0, 0), (30, 5)) == 35


def test_without_streets_it_is_the_straight_line_with_a_detour():
    nothing = gis.roads.build(np.array([], dtype=object))
    for roads in (None, nothing, streets([(5, 5), (5, 5)])):
        assert walk(roads, (0, 0), (30, 40)) == 75


def test_a_place_far_from_every_street_is_walked_to_straight():
    assert walk(CROSS, (0, 0), (0, 60)) == 90
    assert walk(CROSS, (0, 0), (0, 50)) == 50


def test_streets_that_do_not_meet_leave_the_straight_line():
    apart = streets([(0, 0), (100, 0)], [(0, 40), (100, 40)])
    assert walk(apart, (50, 0), (50, 40)) == 60


def test_a_way_longer_than_the_reach_is_at_least_the_reach():
    bank, other = [(0, 0), (1_000, 0), (1_100, 0)], [(0, 10), (1_000, 10), (1_100, 10)]
    river = streets(bank, other, [(1_000, 0), (1_000, 10)])
    assert walk(river, (0, 0), (0, 10)) == 2_010
    short = Pace(speed_m_s=1.0, detour=1.5, reach_m=800, off_m=50)
    assert walk(river, (0, 0), (0, 10), short) == 800
    assert walk(river, (0, 0), (1_000, 0), short) == 1_000  # along one street, it is known
    assert walk(river, (0, 0), (1_000, 10), short) == pytest.approx(1_500.075)


def test_one_node_is_a_graph_too_small_to_walk_on():
    dot = streets([(0, 0), (0.001, 0)])
    assert len(dot.lines) == 0
    assert walk(dot, (0, 0), (10, 0)) == 15


def test_a_place_that_is_not_known_has_no_way():
    found = gis.roads.walk_s(CROSS, [(0, 0), (np.nan, 0)], [(200, 0), (0, np.nan)], STEP)
    assert found[0, 0] == 200
    assert np.isnan(found).tolist() == [[False, True], [True, True]]


def test_nobody_and_nowhere():
    assert gis.roads.walk_s(CROSS, [], [(0, 0)]).shape == (0, 1)
    assert gis.roads.walk_s(None, [(0, 0)], []).shape == (1, 0)


def test_what_is_no_street_is_refused():
    with pytest.raises(BadInput, match="line string"):
        gis.roads.build(np.array([shapely.Point(0, 0)], dtype=object))
    with np.errstate(invalid="ignore"):
        broken = np.array([shapely.LineString([(0, 0), (np.nan, 0)])], dtype=object)
    with pytest.raises(BadInput, match="no number"):
        gis.roads.build(broken)


def test_many_places_are_walked_from_in_portions():
    start = np.column_stack([np.arange(1_201) % 400, np.zeros(1_201)])
    goal = np.column_stack([np.zeros(1_300), np.arange(1_300) % 400])
    found = gis.roads.walk_s(GRID, start, goal, STEP)
    np.testing.assert_allclose(found, start[:, :1] + goal[:, 1], atol=1e-6)
    assert (gis.roads.walk_s(GRID, goal, start, STEP) == found.T).all()


places = st.lists(st.tuples(st.integers(-20, 420), st.integers(-20, 420)), min_size=1, max_size=5)
GRID = streets(
    *[[(100 * x, 100 * y) for x in range(5)] for y in range(5)],
    *[[(100 * x, 100 * y) for y in range(5)] for x in range(5)],
)


@given(places, places)
def test_a_way_is_never_shorter_than_the_straight_line_and_the_same_back(start, goal):
    there = gis.roads.walk_s(GRID, start, goal, STEP)
    straight = np.hypot(*(np.array(start)[:, None] - np.array(goal)[None]).transpose(2, 0, 1))
    assert (there >= straight - 1e-6).all()
    np.testing.assert_allclose(there, gis.roads.walk_s(GRID, goal, start, STEP).T)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=2))
def test_corners_of_a_chequerboard_are_as_far_as_its_blocks(corners):
    (a, b), (c, d) = corners
    there = walk(GRID, (100 * a, 100 * b), (100 * c, 100 * d))
    assert there == 100 * (abs(a - c) + abs(b - d))


def test_metres_around_a_centre():
    plane = Plane(114.0, 30.0)
    east, north = plane.metres([(114.01, 30.0), (114.0, 30.01)])
    np.testing.assert_allclose(east, [964.9, 0], atol=0.2)
    np.testing.assert_allclose(north, [0, 1108.5], atol=0.2)
    assert np.isnan(plane.metres([(np.nan, 30.0), (114.0, np.inf)])).any(axis=1).all()
    line = plane.lines([shapely.LineString([(114, 30), (114.01, 30)])])
    assert round(float(line[0].length)) == 965
