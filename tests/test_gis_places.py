"""Where rows stand: columns, WKT, map geometry; systems and datums; swapped and impossible places."""

import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely

from gis import coordinates
from gis.errors import BadInput
from gis.places import Reference, along_a_curve, place
from gis.terms import Datum

WGS84 = Reference(datum=Datum.WGS84)
TOWN = (114.2, 30.4, 114.5, 30.7)


def find(table, *, shapes=None, crs=None, reference=WGS84, mapping=None, extent=None):
    frame = pd.DataFrame(table, dtype="str")
    frame.index = range(2, 2 + len(frame))
    return place(frame, shapes, crs, reference=reference, mapping=mapping or {}, extent=extent)


def points(found):
    return [None if one is None else (round(one.x, 7), round(one.y, 7)) for one in found.shapes]


def told(found):
    return [tuple(row) for row in found.faults[["row", "field", "value", "reason"]].to_numpy()]


# Columns


@pytest.mark.parametrize(
    ("lon", "lat"),
    [("lon", "lat"), ("LNG", "LAT"), ("Longitude", "Latitude"), ("经度", "纬度"), ("经度（°）", "纬度（°）"),
     ("X坐标", "Y坐标"), ("x", "y"), ("东经", "北纬"), ("＊经度", "＊纬度"), (" lon ", "lat*")],
)  # fmt: skip
def test_columns_of_coordinates_are_recognised(lon, lat):
    found = find({lat: ["30.5"], "name": ["亭"], lon: [" 114.3 "]})
    assert points(found) == [(114.3, 30.5)]
    assert found.columns == (lon, lat)
    assert told(found) == []


def test_columns_the_bringer_maps_win():
    table = {"lon": ["0"], "lat": ["0"], "东": ["114.3"], "北": ["30.5"]}
    found = find(table, mapping={"东": "lon", "北": "lat"})
    assert points(found) == [(114.3, 30.5)]


def test_mapped_columns_win_over_a_column_called_shape():
    table = {"Shape": ["Point"], "经": ["114.3"], "纬": ["30.5"]}
    found = find(table, mapping={"经": "lon", "纬": "lat"})
    assert points(found) == [(114.3, 30.5)]
    assert found.columns == ("经", "纬")


def test_a_row_without_coordinates_stands_nowhere_and_is_no_fault():
    found = find({"lon": ["114.3", "", None, "0"], "lat": ["30.5", " ", None, "0"]})
    assert points(found) == [(114.3, 30.5), None, None, None]
    assert told(found) == []


def test_half_a_coordinate_and_words_are_faults_of_their_row():
    found = find({"经度": ["114.3", "", "east", "114.3"], "纬度": ["", "30.5", "30.5", "1e999"]})
    assert points(found) == [None] * 4
    assert told(found) == [
        (4, "经度", "east", "a number is expected"),
        (5, "纬度", "1e999", "a number is expected"),
        (2, "经度, 纬度", "114.3, ", "one of the two coordinates is missing"),
        (3, "经度, 纬度", ", 30.5", "one of the two coordinates is missing"),
    ]


def test_without_any_column_of_coordinates_nothing_is_asked():
    found = find({"name": ["亭", "椅"]}, reference=Reference())
    assert (points(found), told(found), found.columns) == ([None, None], [], ())


def test_an_empty_sheet_is_no_trouble():
    found = find({"lon": [], "lat": []})
    assert (len(found.shapes), told(found)) == (0, [])


# WKT


def test_wkt_is_read_and_what_is_none_is_a_fault():
    found = find(
        {
            "geometry": [
                "POINT (114.3 30.5)",
                "SRID=4326;POINT Z (114.4 30.6 9)",
                "",
                "POINT (1",
                "x",
            ]
        }
    )
    assert points(found) == [(114.3, 30.5), (114.4, 30.6), None, None, None]
    assert told(found) == [
        (5, "geometry", "POINT (1", "is no geometry in WKT"),
        (6, "geometry", "x", "is no geometry in WKT"),
    ]
    assert not shapely.has_z(found.shapes).any()


def test_wkt_of_numbers_that_are_none_is_refused():
    found = find({"wkt": ["POINT (inf 30)", "POINT (nan nan)", "POINT (114.3 30.5)"]})
    assert points(found) == [None, None, (114.3, 30.5)]
    assert [row for row, *_ in told(found)] == [2, 3]


# Systems and datums


def test_a_file_that_names_no_system_is_refused_with_the_choices():
    with pytest.raises(BadInput) as refusal:
        find({"lon": ["114.3"], "lat": ["30.5"]}, reference=Reference())
    assert str(refusal.value) == (
        "the file does not name its coordinate system; say --datum wgs84 (GPS), cgcs2000 (国家大地), "
        "gcj02 (高德、腾讯) or bd09 (百度) for degrees, or --crs EPSG:… for a projected system"
    )


def test_a_system_that_is_none_is_refused():
    with pytest.raises(BadInput, match="--crs EPSG:1 is no coordinate system; write EPSG:4490"):
        find({"x": ["1"], "y": ["1"]}, reference=Reference(crs="EPSG:1"))


@pytest.mark.parametrize("datum", [Datum.GCJ02, Datum.BD09])
def test_a_shifted_datum_is_brought_back(datum):
    x, y = coordinates.convert(
        np.array([114.3]), np.array([30.5]), source=Datum.WGS84, target=datum
    )
    found = find({"lon": [str(x[0])], "lat": [str(y[0])]}, reference=Reference(datum=datum))
    assert points(found) == [(114.3, 30.5)]


def test_a_projected_table_is_brought_to_degrees():
    x, y = pyproj.Transformer.from_crs(4326, 4547, always_xy=True).transform(114.3, 30.5)
    found = find({"X": [repr(x)], "Y": [repr(y)]}, reference=Reference(crs="EPSG:4547"))
    assert points(found) == [(114.3, 30.5)]


def test_the_file_s_own_system_is_used_and_what_is_told_wins_over_it_with_a_note():
    x, y = pyproj.Transformer.from_crs(4326, 4547, always_xy=True).transform(114.3, 30.5)
    shapes = np.array([shapely.Point(x, y), None], dtype=object)
    table = {"name": ["亭", "椅"]}
    own = find(table, shapes=shapes, crs=pyproj.CRS(4547), reference=Reference())
    assert (points(own), own.notes) == ([(114.3, 30.5), None], [])
    assert shapes[0].x == x, "what was given is left alone"
    told_other = find(
        table, shapes=shapes, crs=pyproj.CRS(4326), reference=Reference(crs="EPSG:4547")
    )
    assert points(told_other) == [(114.3, 30.5), None]
    assert told_other.notes == [
        "taken as CGCS2000 / 3-degree Gauss-Kruger CM 114E as told, though the file says WGS 84"
    ]


def test_a_system_with_heights_is_taken_in_the_plane():
    shapes = np.array([shapely.Point(114.3, 30.5)], dtype=object)
    found = find({"n": ["1"]}, shapes=shapes, crs=pyproj.CRS(4979), reference=Reference())
    assert points(found) == [(114.3, 30.5)]


# Doubts


def test_degrees_that_only_fit_the_earth_the_other_way_round_are_refused():
    with pytest.raises(BadInput) as refusal:
        find({"lon": ["30.5", "30.6"], "lat": ["114.3", "114.4"]})
    assert str(refusal.value).startswith(
        "longitude and latitude look swapped: 0% of the places lie on the earth as they stand, "
        "100% with the two exchanged."
    )
    assert refusal.value.facts == {"as_is": 0.0, "swapped": 1.0}


def test_degrees_that_only_fit_the_town_the_other_way_round_are_refused():
    urumqi = (87.4, 43.6, 87.8, 44.0)  # 43.8, 87.6 is on the earth as well
    table = {"lon": ["43.8"], "lat": ["87.6"]}
    assert points(find(table)) == [(43.8, 87.6)]
    with pytest.raises(
        BadInput, match="0% of the places lie near the cells in force as they stand, 100%"
    ):
        find(table, extent=urumqi)


def test_swap_exchanges_them():
    found = find(
        {"lon": ["30.5"], "lat": ["114.3"]},
        reference=Reference(datum=Datum.WGS84, swap=True),
        extent=TOWN,
    )
    assert points(found) == [(114.3, 30.5)]


def test_records_of_elsewhere_and_single_slips_are_not_called_swapped():
    elsewhere = find({"lon": ["116.4"], "lat": ["39.9"]}, extent=TOWN)
    assert points(elsewhere) == [(116.4, 39.9)]
    slips = find({"lon": ["114.3"] * 9 + ["30.5"], "lat": ["30.5"] * 9 + ["114.3"]}, extent=TOWN)
    assert points(slips) == [(114.3, 30.5)] * 9 + [None]
    assert told(slips) == [
        (11, "geometry", "30.5, 114.3",
         "is not on the earth: longitude goes from -180 to 180, latitude from -90 to 90"),
    ]  # fmt: skip


def test_what_is_off_the_earth_is_a_fault_of_its_row():
    found = find({"lon": ["114.3", "1143", "-181"], "lat": ["30.5", "30.5", "0"]})
    assert points(found) == [(114.3, 30.5), None, None]
    assert [(row, value) for row, _, value, _ in told(found)] == [(3, "1143, 30.5"), (4, "-181, 0")]


def test_metres_far_from_their_zone_are_refused_row_by_row():
    found = find(
        {"x": ["1e30", "500000"], "y": ["1e30", "3375000"]}, reference=Reference(crs="EPSG:4547")
    )
    assert found.shapes[0] is None
    assert found.shapes[1].distance(shapely.Point(114, 30.495)) < 0.001
    assert [row for row, *_ in told(found)] == [2]


def test_noise_of_arithmetic_is_settled_to_what_was_meant():
    frame = pd.DataFrame(
        {"经度": ["114.31700000000001"], "纬度": ["30.503999999999987"]}, dtype="str"
    )
    found = place(
        frame, None, None, reference=Reference(datum=Datum.WGS84), mapping={}, extent=None
    )
    assert [(point.x, point.y) for point in found.shapes] == [(114.317, 30.504)]


def test_along_a_curve_neighbours_lie_together_and_what_has_no_place_comes_last():
    chance = np.random.default_rng(5)
    where = np.append(shapely.points(chance.uniform(0, 1, (2_000, 2))), [None, None])
    order = along_a_curve(where)
    assert sorted(order) == list(range(2_002))
    assert order[-2:].tolist() == [2_000, 2_001]
    along = where[order[:-2]]
    step = shapely.distance(along[1:], along[:-1]).mean()
    assert step < shapely.distance(where[1:2_000], where[:1_999]).mean() / 8
    same = np.array([shapely.Point(1, 1)] * 5)
    assert along_a_curve(same).tolist() == [0, 1, 2, 3, 4]
    assert along_a_curve(np.array([None, None])).tolist() == [0, 1]
