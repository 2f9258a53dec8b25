"""Outlines: what is mended, what is refused and at what price; overlaps and gaps with their area."""

import resource

import numpy as np
import pyproj
import pytest
import shapely
from shapely import Polygon
from town import LAT, LON, SIDE, at, box, draw, shapes

from gis.geometry import (
    MAX_CROSSINGS,
    SMALLEST_FLAW_M2,
    Flaw,
    as_multi,
    count_crossings,
    flaws,
    repair_polygons,
)

GEOD = pyproj.Geod(ellps="WGS84")
BOW_TIE = Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
SPIKED = Polygon([(0, 0), (1, 0), (1, 1), (2, 1), (1, 1), (0, 1)])  # a spike of no width


def star(points):
    turn = np.linspace(0, 2 * np.pi * (points // 2 - 1), points, endpoint=False)
    return Polygon(np.column_stack([np.cos(turn), np.sin(turn)]))


def read(wkt):
    with np.errstate(invalid="ignore"):  # numpy remarks on numbers that are none
        return shapely.from_wkt(wkt)


def repair(*given):
    return repair_polygons(np.array(given, dtype=object))


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


# Repair


def test_sound_polygons_come_back_as_they_were():
    ring = Polygon([(0, 0), (4, 0), (4, 4), (0, 4)], [[(1, 1), (2, 1), (2, 2), (1, 2)]])
    two = shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(5, 5, 6, 6)])
    done = repair(ring, two)
    assert [shape.wkt for shape in done.shapes] == [shapely.MultiPolygon([ring]).wkt, two.wkt]
    assert (done.mended.tolist(), done.area_change.tolist(), done.faults) == ([], [], {})


def test_a_spike_is_mended_and_the_area_kept():
    done = repair(shapely.box(0, 0, 1, 1), SPIKED)
    assert done.mended.tolist() == [1]
    assert done.area_change.tolist() == [0.0]
    assert done.shapes[1].geom_type == "MultiPolygon"
    assert done.shapes[1].equals(shapely.box(0, 0, 1, 1))
    assert done.faults == {}


def test_a_small_loop_is_mended_at_its_price():
    loop = Polygon(
        [(0, 0), (10, 0), (10, 10), (0.1, 10), (-0.1, 10.2), (0.1, 10.2), (-0.1, 10), (0, 10)]
    )
    done = repair(loop)
    assert done.mended.tolist() == [0]
    assert 0 < done.area_change[0] < 0.01
    assert done.shapes[0].is_valid


def test_a_bow_tie_is_refused_since_nobody_knows_what_was_meant():
    done = repair(BOW_TIE, shapely.box(0, 0, 1, 1))
    assert done.shapes[0] is None
    assert done.shapes[1].equals(shapely.box(0, 0, 1, 1))
    assert done.faults == {
        0: "the outline is ambiguous, its area cannot be kept (Self-intersection[0.5 0.5])"
    }


def test_parts_that_overlap_are_refused_as_ambiguous():
    done = repair(shapely.MultiPolygon([shapely.box(0, 0, 2, 2), shapely.box(1, 0, 3, 2)]))
    assert list(done.faults) == [0]
    assert "ambiguous" in done.faults[0]


def test_a_flat_outline_is_refused():
    done = repair(Polygon([(0, 0), (1, 1), (2, 2), (0, 0)]))
    assert done.shapes.tolist() == [None]
    assert "ambiguous" in done.faults[0]


def test_a_star_is_refused_before_it_takes_a_minute():
    started = cpu_seconds()
    done = repair(star(200), star(2_000))
    assert cpu_seconds() - started < 2
    assert done.faults == dict.fromkeys(
        (0, 1), "the outline crosses itself too often to be repaired"
    )
    assert done.shapes.tolist() == [None, None]


def test_stars_do_not_take_the_honest_spike_with_them():
    done = repair(*[star(200)] * 8, SPIKED)
    assert done.mended.tolist() == [8]
    assert done.shapes[8].equals(shapely.box(0, 0, 1, 1))
    assert list(done.faults) == list(range(8))


def test_too_many_half_bad_outlines_are_refused_in_a_bounded_time():
    started = cpu_seconds()
    done = repair(*[star(60)] * 300)
    assert cpu_seconds() - started < 10
    assert sorted(done.faults) == list(range(300))


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        (None, "there is no geometry"),
        (Polygon(), "the polygon is empty"),
        (shapely.MultiPolygon(), "the polygon is empty"),
        (shapely.Point(1, 1), "a polygon is expected, not a Point"),
        (shapely.LineString([(0, 0), (1, 1)]), "a polygon is expected, not a LineString"),
        (
            shapely.GeometryCollection([shapely.box(0, 0, 1, 1)]),
            "a polygon is expected, not a GeometryCollection",
        ),
        (read("POLYGON ((0 0, 1 0, 1 nan, 0 0))"), "a coordinate is not a number"),
        (read("POLYGON ((0 0, inf 0, 1 1, 0 0))"), "a coordinate is not a number"),
    ],
)
def test_what_no_repair_can_help_is_refused_by_name(shape, reason):
    done = repair(shapely.box(0, 0, 1, 1), shape)
    assert done.faults == {1: reason}
    assert done.shapes[1] is None
    assert done.shapes[0].equals(shapely.box(0, 0, 1, 1))


def test_nothing_gives_nothing():
    done = repair()
    assert (len(done.shapes), done.mended.tolist(), done.faults) == (0, [], {})


def test_crossings_are_counted_up_to_the_bound():
    assert count_crossings(BOW_TIE) == 2  # the crossing, and the closing of the ring
    assert count_crossings(star(200)) > MAX_CROSSINGS


def test_as_multi_keeps_the_order():
    one, two = shapely.box(0, 0, 1, 1), shapely.MultiPolygon([shapely.box(3, 3, 4, 4)])
    wrapped = as_multi(np.array([two, one, None], dtype=object))
    assert [shape and shape.wkt for shape in wrapped] == [
        two.wkt, shapely.MultiPolygon([one]).wkt, None,
    ]  # fmt: skip


# How sound a coverage is


def square_metres(shape):
    return abs(GEOD.geometry_area_perimeter(shape)[0])


def found(cells):
    return flaws(shapes(cells))


def assert_flaw(flaw, *, kind, area, where, cells=()):
    assert (flaw.kind, flaw.cells) == (kind, cells)
    assert flaw.area_m2 == pytest.approx(area, rel=0.001)
    assert where.covers(shapely.Point(flaw.lon, flaw.lat))


def test_a_sound_coverage_has_no_flaws():
    assert found(draw("AAB/ACB")) == []
    assert found(draw("A..B")) == [], "ground between towns is nobody's gap"
    assert found(draw("A.B/ACB")) == [], "nor is a bay"
    assert flaws(np.array([], dtype=object)) == []
    assert found(draw("A")) == []


def test_a_neighbour_with_more_corners_is_no_flaw():
    """The store takes edges as straight in degrees; in metres they bend, each by its length."""
    wide = {"A": box(0, 1, 40, 2), "B": box(0, 0, 17, 1), "C": box(17, 0, 40, 1),
            "D": box(0, 2, 17, 3), "E": box(17, 2, 40, 3), "F": box(-1, 0, 0, 3),
            "G": box(40, 0, 41, 3)}  # fmt: skip
    assert found(wide) == []


def test_an_overlap_is_told_with_its_cells_its_area_and_its_place():
    (flaw,) = found({"A": box(0, 0, 2, 1), "B": box(1, 0, 3, 1)})
    common = box(1, 0, 2, 1)
    assert_flaw(flaw, kind="overlap", area=square_metres(common), where=common, cells=(0, 1))


def test_a_cell_inside_another_and_a_cell_drawn_twice_are_overlaps():
    (flaw,) = found({"A": box(0, 0, 3, 3), "M": box(1, 1, 2, 2)})
    assert_flaw(
        flaw,
        kind="overlap",
        area=square_metres(box(1, 1, 2, 2)),
        where=box(1, 1, 2, 2),
        cells=(0, 1),
    )
    (flaw,) = found({"A": box(0, 0, 1, 1), "B": box(0, 0, 1, 1)})
    assert_flaw(
        flaw,
        kind="overlap",
        area=square_metres(box(0, 0, 1, 1)),
        where=box(0, 0, 1, 1),
        cells=(0, 1),
    )


def test_a_gap_is_told_with_its_area_and_its_place():
    (flaw,) = found(draw("AAB/A.B/CCB"))
    assert_flaw(flaw, kind="gap", area=square_metres(box(1, 1, 2, 2)), where=box(1, 1, 2, 2))


def test_an_island_in_a_lake_is_no_part_of_the_gap():
    town = draw("AAAAA/A...A/A.B.A/A...A/AAAAA")
    (flaw,) = found(town)
    lake = box(1, 1, 4, 4) - town["B"]
    assert_flaw(
        flaw, kind="gap", area=square_metres(box(1, 1, 4, 4)) - square_metres(town["B"]), where=lake
    )


def test_the_largest_flaw_comes_first():
    town = {**draw("AAAA/A..A/AAAA/A.AA/AAAA"), "B": box(3.5, 0, 4.5, 0.25)}
    assert [(flaw.kind, flaw.cells) for flaw in found(town)] == [
        ("gap", ()), ("gap", ()), ("overlap", (0, 1)),
    ]  # fmt: skip


def test_a_sliver_of_a_millimetre_is_seen_and_one_of_a_micrometre_is_not():
    millimetre = 1e-3 / 96_000 / SIDE  # in squares
    (flaw,) = found({"A": box(0, 0, 1, 1), "B": box(1 - millimetre, 0, 2, 1)})
    assert flaw.area_m2 == pytest.approx(1.73, rel=0.02)
    assert found({"A": box(0, 0, 1, 1), "B": box(1 - millimetre / 1000, 0, 2, 1)}) == []
    assert SMALLEST_FLAW_M2 == 0.01


@pytest.mark.parametrize(("lon", "lat"), [(87.6, 43.8), (126.6, 52.9), (109.5, 18.2), (LON, LAT)])
def test_areas_are_right_all_over_the_country(lon, lat):
    one, other = (shapely.box(lon + x, lat, lon + x + 0.01, lat + 0.01) for x in (0, 0.005))
    (flaw,) = flaws(np.array([one, other], dtype=object))
    assert flaw.area_m2 == pytest.approx(square_metres(one & other), rel=0.001)


def test_a_flaw_is_a_value():
    assert Flaw("gap", 1.0, at(0, 0).x, at(0, 0).y) == Flaw("gap", 1.0, LON, LAT, ())


def test_an_open_slit_between_two_cells_is_found_and_a_notch_at_the_border_is_not():
    two_metres = 2 / 111_319.49
    west = shapely.box(114.3, 30.5, 114.304, 30.504)
    east = shapely.box(114.304 + two_metres, 30.5, 114.308, 30.504)
    (found,) = flaws(np.array([west, east], dtype=object))
    assert (found.kind, found.lat) == ("slit", 30.502)
    assert found.area_m2 == pytest.approx(2 * np.cos(np.radians(30.502)) * 443.5, rel=0.02)
    notched = shapely.Polygon(
        [
            (114.304, 30.5),
            (114.308, 30.5),
            (114.308, 30.504),
            (114.30401, 30.504),
            (114.304, 30.50398),
        ]
    )
    assert flaws(np.array([west, notched], dtype=object)) == []
