"""Datums against published points, round trips over China, and what a metre is in degrees."""

import numpy as np
import pyproj
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from town import box, shapes

from gis.coordinates import check_point, convert, convert_point, convert_shapes, reach_in_degrees
from gis.errors import BadInput
from gis.terms import Datum

GEOD = pyproj.Geod(ellps="WGS84")
SHIFTED = (Datum.GCJ02, Datum.BD09)

# Published with the libraries that everybody copies: 天安门 as the same spot in three datums.
WGS84 = (116.404, 39.915)
GCJ02 = (116.41024449916938, 39.91640428150164)
BD09_OF_GCJ02 = (116.41036949371029, 39.92133699351021)


def of(spot, source, target):
    lon, lat = convert(np.array([spot[0]]), np.array([spot[1]]), source=source, target=target)
    return float(lon[0]), float(lat[0])


def metres_apart(one, other):
    return GEOD.inv(*one, *other)[2]


def test_the_published_points():
    assert of(WGS84, Datum.WGS84, Datum.GCJ02) == pytest.approx(GCJ02, abs=1e-12)
    assert of(WGS84, Datum.GCJ02, Datum.BD09) == pytest.approx(BD09_OF_GCJ02, abs=1e-12)
    by_hand = of(GCJ02, Datum.GCJ02, Datum.BD09)
    assert of(WGS84, Datum.WGS84, Datum.BD09) == pytest.approx(by_hand, abs=1e-12)


def test_the_shift_is_some_hundred_metres_and_bd09_lies_further():
    gcj, bd = (of((114.3, 30.6), Datum.WGS84, datum) for datum in SHIFTED)
    assert 400 < metres_apart((114.3, 30.6), gcj) < 700
    assert 800 < metres_apart((114.3, 30.6), bd) < 1500


@settings(deadline=None)
@given(lon=st.floats(73.5, 135.1), lat=st.floats(3.8, 53.6), datum=st.sampled_from(SHIFTED))
def test_there_and_back_is_the_same_millimetre(lon, lat, datum):
    there = of((lon, lat), Datum.WGS84, datum)
    back = of(there, datum, Datum.WGS84)
    assert metres_apart((lon, lat), back) < 0.001
    assert metres_apart(of(back, Datum.WGS84, datum), there) < 0.001


@pytest.mark.parametrize("datum", SHIFTED)
def test_a_whole_country_of_points_at_once_comes_back(datum):
    lon, lat = (
        axis.ravel() for axis in np.meshgrid(np.linspace(73.5, 135, 300), np.linspace(4, 53, 300))
    )
    there = convert(lon, lat, source=Datum.WGS84, target=datum)
    back = convert(*there, source=datum, target=Datum.WGS84)
    assert max(GEOD.inv(lon, lat, *back)[2]) < 0.001
    assert min(GEOD.inv(lon, lat, *there)[2]) > 10


@pytest.mark.parametrize("spot", [(2.35, 48.85), (-74.0, 40.7), (151.2, -33.9), (72.0, 30.0)])
@pytest.mark.parametrize("datum", SHIFTED)
def test_outside_china_nothing_moves(spot, datum):
    assert of(spot, Datum.WGS84, datum) == spot
    assert of(spot, datum, Datum.WGS84) == spot


def test_one_far_or_missing_point_does_not_disturb_the_others():
    lon, lat = np.array([114.3, np.nan, 2.35]), np.array([30.6, 30.6, 48.85])
    there = convert(lon, lat, source=Datum.WGS84, target=Datum.BD09)
    back = convert(*there, source=Datum.BD09, target=Datum.WGS84)
    np.testing.assert_allclose(back, (lon, lat), rtol=0, atol=1e-8)
    assert np.isnan(there[0][1])
    assert there[0][2] == 2.35


def test_nothing_gives_nothing():
    for source in Datum:
        for target in Datum:
            lon, lat = convert(np.array([]), np.array([]), source=source, target=target)
            assert (lon.tolist(), lat.tolist()) == ([], [])


def test_cgcs2000_is_taken_as_wgs84():
    assert of(WGS84, Datum.CGCS2000, Datum.WGS84) == WGS84
    assert of(WGS84, Datum.CGCS2000, Datum.GCJ02) == of(WGS84, Datum.WGS84, Datum.GCJ02)
    assert of(GCJ02, Datum.GCJ02, Datum.CGCS2000) == of(GCJ02, Datum.GCJ02, Datum.WGS84)


def test_one_point_to_wgs84():
    assert convert_point(*GCJ02, source=Datum.GCJ02) == pytest.approx(WGS84, abs=1e-9)


def test_shapes_move_vertex_by_vertex_and_missing_ones_stay_missing():
    square = box(0, 0, 1, 1)
    given = np.array([square, None], dtype=object)
    moved = convert_shapes(given, source=Datum.WGS84, target=Datum.GCJ02)
    corners = [of(xy, Datum.WGS84, Datum.GCJ02) for xy in square.exterior.coords]
    assert list(moved[0].exterior.coords) == corners
    assert moved[1] is None
    assert given[0].equals(box(0, 0, 1, 1)), "what was given is left alone"
    same = convert_shapes(shapes({"A": square}), source=Datum.CGCS2000, target=Datum.WGS84)
    assert same[0].equals_exact(square, 0)


@settings(deadline=None)
@given(
    lon=st.floats(73, 135),
    lat=st.floats(-89.99, 89.99),
    bearing=st.floats(-180, 180),
    metres=st.floats(0, 3_000_000),
)
def test_the_reach_in_degrees_holds_every_point_so_near(lon, lat, bearing, metres):
    reach_lon, reach_lat = reach_in_degrees(lat, metres)
    to_lon, to_lat, _ = GEOD.fwd(lon, lat, bearing, metres)
    assert abs(to_lat - lat) <= reach_lat + 1e-12
    assert abs((to_lon - lon + 180) % 360 - 180) <= reach_lon + 1e-9


@pytest.mark.parametrize("lat", [0, 18.2, 30.6, 45, 53.5])
def test_the_reach_is_not_much_wider_than_it_must_be(lat):
    reach_lon, reach_lat = reach_in_degrees(lat, 1000)
    assert GEOD.inv(114, lat, 114 + reach_lon, lat)[2] < 1050
    assert GEOD.inv(114, lat, 114, lat + reach_lat)[2] < 1050


@pytest.mark.parametrize(("lon", "lat"), [(114, 30), (-180, -90), (180, 90), (0, 0)])
def test_points_on_the_earth_pass(lon, lat):
    check_point(lon, lat)


@pytest.mark.parametrize(
    ("lon", "lat", "swapped"),
    [
        (30.5, 114.3, True),
        (45, -100, True),
        (181, 0, False),
        (200, 100, False),
        (float("nan"), 30, False),
        (114, float("inf"), False),
    ],
)
def test_points_off_the_earth_are_refused_by_value(lon, lat, swapped):
    with pytest.raises(BadInput) as refusal:
        check_point(lon, lat)
    said = str(refusal.value)
    assert said.startswith(f"lon {lon}, lat {lat} is no place: lon goes from -180 to 180")
    assert ("swapped" in said) == swapped
    assert set(refusal.value.facts) == {"lon", "lat"}
