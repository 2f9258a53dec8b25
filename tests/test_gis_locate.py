"""The shared-edge rule on drawn towns: edges, corners, overlaps, cells inside cells."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from town import at, box, draw, shapes

from gis.locate import cell_of, cell_of_areas, shares


def look_up(cells, *points):
    codes = np.array(list(cells))
    found = cell_of(np.array(points, dtype=object), shapes(cells), codes)
    return "".join(codes[place] if place >= 0 else "-" for place in found)


def test_a_town_is_what_was_drawn():
    assert {code: shape.area * 64**2 for code, shape in draw("AAB/A.B").items()} == {"A": 3, "B": 2}
    assert draw("AAB/A.B")["A"].equals(box(0, 0, 1, 1) | box(0, 1, 2, 2))


def test_a_point_inside_belongs_to_its_cell_and_outside_to_none():
    town = draw("AAB/A.B")
    assert look_up(town, at(0.5, 0.5), at(1.5, 1.5), at(2.5, 0.5)) == "AAB"
    assert look_up(town, at(1.5, 0.5), at(-0.1, 1), at(3.1, 1), at(1, 2.1)) == "----"


def test_a_shared_edge_belongs_to_the_lowest_code_on_either_side():
    assert look_up(draw("AB"), at(1, 0.5)) == "A"
    assert look_up(draw("BA"), at(1, 0.5)) == "A"
    assert look_up(draw("B/A"), at(0.5, 1)) == "A"
    assert look_up(draw("A/B"), at(0.5, 1)) == "A"


def test_a_corner_belongs_to_the_lowest_of_all_that_meet_there():
    assert look_up(draw("CB/DA"), at(1, 1)) == "A"
    assert look_up(draw("DC/.B"), at(1, 1)) == "B"
    assert look_up(draw("D./.B"), at(1, 1)) == "B"


def test_the_outer_boundary_counts_in():
    town = draw("AB/AB")
    assert look_up(town, at(0, 0), at(0, 1), at(2, 2), at(1.5, 0)) == "AABB"
    nudged = np.nextafter(town["A"].bounds[0], -np.inf)
    assert look_up(town, shapely.Point(nudged, at(0, 1).y)) == "-"


def test_a_step_in_the_outline_is_followed():
    town = draw("AAB/ACB")
    assert look_up(town, at(1, 0.5), at(1.5, 1), at(2, 0.5), at(2, 1), at(1, 1)) == "AABAA"


def test_where_cells_overlap_the_lowest_code_wins():
    town = {"B": box(0, 0, 2, 1), "A": box(1, 0, 3, 1)}
    assert look_up(town, at(0.5, 0.5), at(1.5, 0.5), at(2.5, 0.5), at(1, 0.5)) == "BAAA"


def test_a_cell_inside_a_cell_wins_only_by_its_code():
    assert look_up({"M": box(1, 1, 2, 2), "Z": box(0, 0, 3, 3)}, at(1.5, 1.5), at(1, 1)) == "MM"
    assert look_up({"A": box(0, 0, 3, 3), "M": box(1, 1, 2, 2)}, at(1.5, 1.5), at(1, 1)) == "AA"


def test_a_hole_is_not_the_cell_around_it_but_its_edge_is():
    town = draw("BBB/BAB/BBB")
    assert look_up(town, at(1.5, 1.5), at(1, 1.5), at(0.5, 1.5)) == "AAB"
    around = {"B": town["B"]}
    assert look_up(around, at(1.5, 1.5), at(1, 1.5)) == "-B"


def test_records_without_a_place_and_an_empty_list_have_no_cell():
    town = draw("AB")
    assert look_up(town, None, at(0.5, 0.5), None) == "-A-"
    assert look_up(town) == ""
    assert look_up(town, shapely.Point()) == "-"


def test_without_cells_nothing_is_placed():
    nothing = np.array([], dtype=object)
    points = np.array([at(0, 0)], dtype=object)
    assert cell_of(points, nothing, np.array([], dtype=str)).tolist() == [-1]


@pytest.mark.parametrize(
    ("codes", "winner"),
    [
        (["b", "A"], "A"),
        (["10", "9"], "10"),
        (["a", "Z"], "Z"),
        (["é", "z"], "z"),
        (["乙", "a"], "a"),
    ],
)
def test_lowest_means_by_bytes_not_by_a_language_nor_by_number(codes, winner):
    cells = np.array([box(0, 0, 1, 1), box(1, 0, 2, 1)], dtype=object)
    found = cell_of(np.array([at(1, 0.5)], dtype=object), cells, np.array(codes))
    assert codes[found[0]] == winner


@settings(deadline=None)
@given(order=st.permutations(list("ABCDEF")), half_x=st.integers(0, 6), half_y=st.integers(0, 4))
def test_the_answer_does_not_depend_on_the_order_of_the_cells(order, half_x, half_y):
    town = draw("ABC/DEF")
    spot = at(half_x / 2, half_y / 2)
    assert look_up({code: town[code] for code in order}, spot) == look_up(town, spot)


def told(areas, cells):
    codes = np.array(list(cells))
    areas = np.array(areas, dtype=object)
    at_, cell_at, part = shares(areas, shapes(cells))
    parts = [{} for _ in areas]
    for area, cell, one in zip(at_, cell_at, part, strict=True):
        parts[area][str(codes[cell])] = round(float(one), 6)
    found = cell_of_areas(areas, shapes(cells), codes)
    return parts, "".join(codes[place] if place >= 0 else "-" for place in found)


def test_an_area_belongs_to_the_cell_that_most_of_it_lies_in():
    town = draw("ABB/ACC")
    parts, most = told(
        [
            box(0.1, 0.1, 0.9, 0.9),  # within one
            box(0.5, 1.0, 3.0, 2.0),  # of two
            box(0.0, 0.0, 3.0, 2.0),  # all of them
            box(2.0, 1.5, 4.0, 2.0),  # half of it outside
            box(5.0, 5.0, 6.0, 6.0),  # nowhere
            box(-1.0, 0.0, 0.0, 1.0),  # beside one only
            None,
        ],
        town,
    )
    assert parts == [
        {"A": 1.0}, {"A": 0.2, "B": 0.8}, {"A": 0.333333, "B": 0.333333, "C": 0.333333},
        {"B": 0.5}, {}, {}, {},
    ]  # fmt: skip
    assert most == "ABAB---"


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_parts_of_an_area_within_the_town_are_all_of_it(seed):
    rng = np.random.default_rng(seed)
    town = draw("AAB/CDB/CEE")
    places = [at(*one) for one in rng.uniform((0.5, 0.5), (2.5, 2.5), (20, 2))]
    around = [shapely.buffer(spot, 0.4 / 64, quad_segs=2) for spot in places]
    parts, most = told(around, town)
    for area, one, first in zip(around, parts, most, strict=True):
        assert sum(one.values()) == pytest.approx(1, abs=1e-5)
        assert one[first] == max(one.values())
        left = shapely.area(shapely.intersection(area, town[first])) / area.area
        assert one[first] == pytest.approx(left, abs=1e-5)
