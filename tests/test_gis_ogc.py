"""Reference systems, boxes and spans of time as OGC APIs tell them; filters as trees."""

from datetime import UTC, datetime

import pytest
import shapely

import gis.cql
import gis.ogc_crs
import gis.ogc_time
from gis.errors import BadInput
from gis.ogc_crs import CRS84, DEFAULT

WUHAN = gis.ogc_crs.offered(113.9, 114.5)
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"


def _srids(west, east):
    return {one.srid for one in gis.ogc_crs.offered(west, east).values()}


def test_zones_are_those_of_the_place():
    assert next(iter(WUHAN)) == CRS84
    # 114° is the middle of a zone of three degrees, and where two of six degrees meet
    assert _srids(113.9, 114.5) == {4326, 3857, 4490, 4526, 4547, 4497, 4498, 4508, 4509}
    assert 4527 in _srids(113.9, 116.0)
    assert _srids(-75, -74) == {4326, 3857, 4490}


def test_axes_are_in_the_order_of_the_authority():
    flipped = {one.srid: one.is_flipped for one in WUHAN.values() if one.uri != CRS84}
    assert flipped == {one: one != 3857 for one in flipped}
    assert not DEFAULT.is_flipped


@pytest.mark.parametrize("srid", [4326, 4490])
def test_a_box_of_degrees_begins_with_the_latitude(srid):
    found = gis.ogc_crs.read_box("30.5,114.3,30.6,114.4", WUHAN[f"{EPSG}{srid}"])
    assert found.bounds == pytest.approx((114.3, 30.5, 114.4, 30.6))


def test_a_box_of_a_zone_begins_with_the_northing_and_has_its_bent_sides():
    zone = WUHAN[f"{EPSG}4547"]
    found = gis.ogc_crs.read_box("3375000,480000,3395000,520000", zone)
    west, south, east, north = found.bounds
    assert 113.7 < west < 114 < east < 114.3
    assert 30.4 < south < north < 30.8
    assert shapely.count_coordinates(found) > 60, "its sides are no straight lines in degrees"


def test_a_box_over_the_antimeridian_is_two():
    found = gis.ogc_crs.read_box("170,-10,-170,10", DEFAULT)
    assert shapely.get_num_geometries(found) == 2
    assert found.area == pytest.approx(400)


@pytest.mark.parametrize(
    ("box", "kind"),
    [("114,30,115,30", "LineString"), ("114,30,114,30", "Point"), ("170,10,-170,10", "MultiLineString")],
)  # fmt: skip
def test_a_box_may_be_a_line_or_a_point(box, kind):
    assert gis.ogc_crs.read_box(box, DEFAULT).geom_type == kind


@pytest.mark.parametrize(
    ("srid", "box"),
    [
        (4326, "114.3,30.5,114.4,30.6"), (4490, "114.3,30.5,114.4,30.6"), (4526, "38500000,3375000,38520000,3395000"),
        (4547, "0,-9e9,1,9e9"), (3857, "3e7,0,4e7,1"),
    ],
)  # fmt: skip
def test_a_box_beyond_what_a_system_tells_holds_nothing(srid, box):
    """OGC's suite writes these systems with the easting first, and wants an answer."""
    assert gis.ogc_crs.read_box(box, WUHAN[f"{EPSG}{srid}"]).is_empty


@pytest.mark.parametrize("srid", [3857, 4526, 4547])
def test_a_box_larger_than_a_system_holds_all_of_the_place(srid):
    found = gis.ogc_crs.read_box("-1e9,-1e9,1e9,1e9", WUHAN[f"{EPSG}{srid}"])
    assert found.is_valid
    assert found.contains(shapely.box(113.9, 29, 114.5, 31))


def test_a_shape_told_in_a_zone_lies_where_it_is():
    zone = WUHAN[f"{EPSG}4526"]  # with the number of the zone before the easting
    found = gis.ogc_crs.placed(shapely.Point(3387000, 38500000), zone, "geometry")
    assert (found.x, found.y) == pytest.approx((114.0, 30.6), abs=0.05)


@pytest.mark.parametrize(
    "text",
    ["", "1,2,3", "1,2,3,4,5", "a,2,3,4", "1,2,inf,4", "5,2,3,1", "1,2,3,91", "181,0,182,1",
     "1_0,1,20,3", "１,1,2,3", "0x1,1,2,3", "nan,1,2,3"],
)  # fmt: skip
def test_what_is_no_box_is_refused(text):
    with pytest.raises(BadInput):
        gis.ogc_crs.read_box(text, DEFAULT)


def test_systems_that_are_not_offered_are_refused():
    assert gis.ogc_crs.named(None, WUHAN, "crs") is DEFAULT
    for uri in (f"{EPSG}27700", "EPSG:4326", "", f"{EPSG}4513"):
        with pytest.raises(BadInput, match="which systems there are"):
            gis.ogc_crs.named(uri, WUHAN, "crs")


def _at(*told):
    return datetime(*told, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("2026-06-01T08:00:00Z", _at(2026, 6, 1, 8), _at(2026, 6, 1, 8)),
        ("2026-06-01T16:00:00+08:00", _at(2026, 6, 1, 8), _at(2026, 6, 1, 8)),
        ("2026-06-01", _at(2026, 6, 1), _at(2026, 6, 1, 23, 59, 59, 999999)),
        ("../2026-06-01T00:00:00Z", None, _at(2026, 6, 1)),
        ("/2026-06-01T00:00:00Z", None, _at(2026, 6, 1)),
        ("2026-06-01T00:00:00Z/..", _at(2026, 6, 1), None),
        ("2026-06-01/2026-06-02", _at(2026, 6, 1), _at(2026, 6, 2, 23, 59, 59, 999999)),
        ("2026-06-01/P2DT1H", _at(2026, 6, 1), _at(2026, 6, 3, 1)),
        ("../..", None, None),
        ("0000-01-01T00:00:00Z/2026-06-01T00:00:00Z", None, _at(2026, 6, 1)),  # QGIS
        ("2026-06-01T/..", _at(2026, 6, 1), None),  # GDAL
    ],
)
def test_spans_of_time_are_read(text, low, high):
    assert gis.ogc_time.read_span(text) == (low, high)


@pytest.mark.parametrize(
    "text",
    ["", "..", "2026", "2026-6-1", "2026-02-30", "2026-06-01T08:00:00", "2026-06-01T25:00:00Z",
     "2026-06-02/2026-06-01", "2026-06-01/P", "2026-06-01/PT", "a/b", "2026-06-01/2026-06-02/.."],
)  # fmt: skip
def test_what_is_no_span_is_refused(text):
    with pytest.raises(BadInput):
        gis.ogc_time.read_span(text)


def test_a_filter_is_a_tree():
    told = gis.cql.read("n > 1 AND name LIKE 'a%'", "cql2-text")
    assert told == {
        "op": "and",
        "args": [
            {"op": ">", "args": [{"property": "n"}, 1.0]},
            {"op": "like", "args": [{"property": "name"}, "a%"]},
        ],
    }
    with pytest.raises(BadInput, match="cql2-text, cql2-json"):
        gis.cql.read("true", "cql-text")


@pytest.mark.parametrize(
    ("text", "language"),
    [("", "cql2-text"), ("NULL", "cql2-text"), ("5", "cql2-text"), ("null", "cql2-json"),
     ("[true]", "cql2-json"), ("S_INTERSECTS(geometry, POINT EMPTY)", "cql2-text")],
)  # fmt: skip
def test_what_is_no_filter_is_refused(text, language):
    with pytest.raises(BadInput, match="filter"):
        gis.cql.read(text, language)


def test_no_filter_takes_long_to_be_refused():
    for text in ("(" * 11 + "a=", "not (" * 11 + "a=", "a=" + "-" * 30 + "1"):
        with pytest.raises(BadInput, match="deeper"):
            gis.cql.read(text, "cql2-text")
    for text in ("(" * 9 + "a=" + ")" * 9, "'(((((((((((((((((' ="):
        with pytest.raises(BadInput, match="no CQL2"):
            gis.cql.read(text, "cql2-text")
