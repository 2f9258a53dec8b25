"""Exports: every kind in every format, read back by somebody else; areas, plans, days, datums."""

import csv
import io
import json
import re
import zipfile
from datetime import UTC, date, datetime
from itertools import zip_longest

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import psycopg
import pyarrow.parquet
import pyogrio
import pyproj
import pytest
import shapely
import sqlalchemy as sa
from town import MARKED, SEAL, TESTER, at, box, draw, found, inhabit, place, shapes

import api.actions.exports
import data.db
import data.exports
import data.files.read
import data.files.write
import data.grid
import data.locate
import gis.coordinates
import gis.places
from api.actions.exports import Shape, Taking, export_file, export_persons
from data.exports import KINDS, Wanted
from data.files.write import SHORT, SUFFIXES
from gis.access import ANYBODY, LAST_AREA, Role, Scope, Viewer
from gis.coordinates import convert_shapes
from gis.errors import BadInput, NotAllowed, NotFound, TooLarge
from gis.places import Reference
from gis.terms import Datum, RecordKind

TODAY = date(2026, 11, 22)
TABLES = (".csv", ".xlsx")


@pytest.fixture(scope="module")
def kept(cluster, empty_template):
    """A store with the small town, filed; tests only read it and grow its journal."""
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE exports_town TEMPLATE {empty_template}")
    engine = data.db.engine(cluster.url("exports_town"))
    with data.db.transaction(engine) as db:
        inhabit(db)
        data.locate.refile(db)
    yield engine
    engine.dispose()
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        connection.execute("DROP DATABASE exports_town WITH (FORCE)")


def export(
    store, folder, kind, *, name="out", suffix=".geojson", shape=None, by=TESTER, reason=None,
    wanted_by="cell", **wanted,
):  # fmt: skip
    path = folder / f"{name}{suffix}"
    count = export_file(
        store,
        Wanted(kind, by=wanted_by, **wanted),
        path,
        shape or Shape(),
        by=by,
        today=TODAY,
        reason=reason,
    )
    return path, count


def features(path):
    return json.loads(path.read_bytes())["features"]


def column(store, folder, kind, name="cell_code", **wanted):
    """Code → one attribute, as GeoJSON tells it."""
    path, _ = export(store, folder, kind, **wanted)
    return {one["properties"]["code"]: one["properties"][name] for one in features(path)}


# Read back by somebody else


def read(path, suffix):
    """(attributes by code, shapes by code, CRS or None) by a reader that is not ours."""
    if suffix in (".gpkg", ".fgb", ".shp.zip"):
        return _of_frame(pyogrio.read_dataframe(path))
    if suffix == ".parquet":
        table = pyarrow.parquet.read_table(path)
        told = json.loads(table.schema.metadata[b"geo"])["columns"]["geom"]
        frame = table.to_pandas().drop(columns="geom")
        outlines = shapely.from_wkb(table["geom"].to_pylist())
        return _of_frame(
            gpd.GeoDataFrame(frame, geometry=list(outlines), crs=told["crs"]["id"]["code"])
        )
    if suffix in TABLES:
        return _of_table(_lines_of_table(path))
    text = path.read_text("utf-8")
    found = (
        json.loads(text)["features"]
        if suffix == ".geojson"
        else [json.loads(one) for one in text.splitlines()]
    )
    outlines = [
        shapely.geometry.shape(one["geometry"]) if one["geometry"] else None for one in found
    ]
    return _by_code([one["properties"] for one in found], outlines, None)


def _lines_of_table(path):
    if path.suffix == ".csv":
        return list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))
    book = openpyxl.load_workbook(path, read_only=True)
    header, *lines = book.active.iter_rows(values_only=True)
    book.close()
    return [dict(zip_longest(header, line)) for line in lines]  # blank ends of lines are not kept


def _of_frame(frame):
    crs = frame.crs.to_epsg() if frame.crs else None
    records = pd.DataFrame(frame.drop(columns="geometry")).astype(object).to_dict("records")
    return _by_code(records, list(frame.geometry), crs)


def _of_table(lines):
    outlines = []
    for line in lines:
        wkt, lon, lat = (line.pop(name, None) for name in ("wkt", "lon", "lat"))
        if wkt:
            outlines.append(shapely.from_wkt(wkt))
        else:
            outlines.append(
                shapely.Point(float(lon), float(lat)) if lon not in (None, "") else None
            )
    return _by_code(lines, outlines, None)


def _by_code(records, outlines, crs):
    codes = [record["code"] for record in records]
    plain = [{name: _plain(value) for name, value in record.items()} for record in records]
    return dict(zip(codes, plain, strict=True)), dict(zip(codes, outlines, strict=True)), crs


def _plain(value):
    """What a format may change: None or blank, 90 or 90.0, time as text."""
    if value is None or value == "" or (not isinstance(value, str) and pd.isna(value)):
        return None
    if isinstance(value, (int, float, np.number)):
        return f"{float(value):.6g}"
    text = str(value).replace("T", " ").replace("/", "-").removesuffix(".000")
    if re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d.*[+-]\d\d(:?\d\d)?", text):
        local = pd.to_datetime(text, utc=True).tz_convert("Asia/Shanghai")
        return str(local.tz_localize(None))
    try:
        return f"{float(text):.6g}" if not text.isdigit() or len(text) < 6 else text
    except ValueError:
        return text


EXPECTED = {
    "cells": {
        "A": {"name": "A网格", "kind": "basic", "division_code": "420106001001", "community": "桥头社区", "households_declared": 90},
        "B": {"name": "B网格", "kind": "basic", "division_code": "420106001001", "community": "桥头社区", "households_declared": None},
        "C": {"name": "C网格", "kind": "basic", "division_code": "420106001002", "community": "柳岸社区", "households_declared": None},
        "D": {"name": "D网格", "kind": "basic", "division_code": "420106002001", "community": "湖滨社区", "households_declared": None},
    },
    "facilities": {
        code: {"name": "凉亭", "phone": "027-1", "address": "桥头路1号", "category": "other", "cell_code": cell}
        for code, cell in [("f-a", "A"), ("f-ab", "A"), ("f-bc", "B"), ("f-d", "D"), ("f-out", None), ("f-null", None)]
    },
    "cases": {
        "c-new": {"title": "积水", "state": "reported", "reported_at": "2026-03-01 12:00:00", "accuracy_m": 2.5, "cell_code": "A"},
        "c-done": {"title": "井盖", "state": "closed", "reported_at": "2026-02-01 12:00:00", "accuracy_m": None, "cell_code": "A"},
        "c-null": {"title": "堆物", "state": "reported", "reported_at": None, "accuracy_m": None, "cell_code": None},
        "c-bc": {"title": "堆物", "state": "reported", "reported_at": None, "accuracy_m": None, "cell_code": "B"},
    },
    "dwellings": {
        f"{house} {number}": {"building_code": house, "building": "一栋", "number": number, "cell_code": cell}
        for house, cell in [("h1", "A"), ("h2", "C")]
        for number in ("101", "102")
    },
    "statistics": {
        code: dict(zip(("buildings", "dwellings", "households", "residents", "facilities", "cases", "open_cases"), counts, strict=True))
        for code, counts in {"A": (1, 2, 2, 3, 2, 2, 1), "B": (0, 0, 0, 0, 1, 1, 1), "C": (1, 2, 2, 2, 0, 0, 0), "D": (0, 0, 0, 0, 1, 0, 0)}.items()
    },
}  # fmt: skip
PLACES = {
    "cells": draw("ABCD"),
    "statistics": draw("ABCD"),
    "facilities": {"f-a": at(0.5, 0.5), "f-ab": at(1, 0.5), "f-bc": at(2, 0.5), "f-d": at(3.5, 0.25), "f-out": at(9, 9), "f-null": None},
    "cases": {"c-new": at(0.5, 0.5), "c-done": at(0.2, 0.2), "c-null": None, "c-bc": at(2, 0.5)},
    "dwellings": {f"{house} {n}": spot for house, spot in [("h1", at(0.5, 0.5)), ("h2", at(2.5, 0.5))] for n in ("101", "102")},
}  # fmt: skip
CRS = {".gpkg": 4326, ".fgb": 4326, ".shp.zip": 4326, ".parquet": 4326}


def assert_places(found, expected, within=1e-6):
    assert set(found) == set(expected)
    for code, shape in expected.items():
        if shape is None:
            assert found[code] is None or found[code].is_empty
        elif shape.geom_type == "Point":
            assert found[code].equals_exact(shape, within)
        else:
            assert found[code].symmetric_difference(shape).area < within * shape.length


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_in_every_format_says_the_same(kept, tmp_path, kind, suffix):
    path, count = export(kept, tmp_path, kind, suffix=suffix)
    assert [one.name for one in tmp_path.iterdir()] == [path.name], "no litter"
    attributes, places, crs = read(path, suffix)
    assert count == len(EXPECTED[kind])
    short = SHORT if suffix == ".shp.zip" else {}
    for code, expected in EXPECTED[kind].items():
        told = {name: attributes[code][short.get(name, name)] for name in expected}
        assert told == {name: _plain(value) for name, value in expected.items()}
    assert_places(places, PLACES[kind])
    assert crs == CRS.get(suffix)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_store_gives_an_empty_file(shared_engine, tmp_path, kind, suffix):
    path, count = export(shared_engine, tmp_path, kind, suffix=suffix)
    assert count == 0
    if suffix != ".geojsonl":  # a file of no lines has no columns either
        assert path.stat().st_size > 0
    if suffix not in TABLES:
        assert read(path, suffix)[0] == {}
    else:
        assert _lines_of_table(path) == []


# RFC 7946


def test_geojson_obeys_its_rfc(store, tmp_path):
    hole = box(0, 0, 3, 3) - box(1, 1, 2, 2)
    odd = shapely.Polygon([(114.123456789, 30), (114.3, 30.987654321), (114.4, 30)])
    with data.db.transaction(store) as db:
        found(
            db,
            {
                "A": hole.reverse(),
                "B": odd,
                "C": shapely.union_all([box(5, 0, 6, 1), box(7, 0, 8, 1)]),
            },
        )
    path, _ = export(store, tmp_path, "cells")
    collection = json.loads(path.read_bytes())
    assert set(collection) == {"type", "features"}
    for feature in collection["features"]:
        assert set(feature) == {"type", "geometry", "properties"}
        assert set(feature["geometry"]) == {"type", "coordinates"}
        for outer, *inner in feature["geometry"]["coordinates"]:
            assert shapely.LinearRing(outer).is_ccw
            assert [shapely.LinearRing(ring).is_ccw for ring in inner] == [False] * len(inner)
            assert all(ring[0] == ring[-1] for ring in (outer, *inner))
            assert all(
                number == round(number, 10)
                for ring in (outer, *inner)
                for spot in ring
                for number in spot
            )
    texts = {
        part
        for part in path.read_text().replace("[", ",").replace("]", ",").split(",")
        if part.startswith("114.1234")
    }
    assert texts == {"114.123456789"}


# Which rows


@pytest.mark.parametrize(
    ("area", "cells", "facilities"),
    [
        ("A", "A", ["f-a", "f-ab"]),
        ("420106001001", "AB", ["f-a", "f-ab", "f-bc"]),
        ("420106001002", "C", []),
        ("420106001000", "ABC", ["f-a", "f-ab", "f-bc"]),
        ("420106001", "ABC", ["f-a", "f-ab", "f-bc"]),
        ("420106002000", "D", ["f-d"]),
        ("420106", "ABCD", ["f-a", "f-ab", "f-bc", "f-d"]),
    ],
)
def test_an_area_is_a_cell_a_community_a_street_or_a_county(
    kept, tmp_path, area, cells, facilities
):
    assert "".join(column(kept, tmp_path, "cells", "name", area=area)) == cells
    assert list(column(kept, tmp_path, "facilities", area=area)) == facilities
    assert "".join(column(kept, tmp_path, "statistics", "residents", area=area)) == cells


@pytest.mark.parametrize(
    "area", ["Z", "420106001009", "420106001001999", "42010", "4201060010", "", "%"]
)
def test_an_area_that_is_none_is_refused_and_no_larger_one_taken(kept, tmp_path, area):
    with pytest.raises(NotFound) as refusal:
        export(kept, tmp_path, "cells", area=area)
    assert str(refusal.value) == f"{area!r} is neither the code of a cell nor of a division"
    assert list(tmp_path.iterdir()) == []


def test_a_draft_files_on_the_fly_as_geopandas_would(kept, tmp_path):
    by_plan = column(kept, tmp_path, "facilities", plan="草案")
    draft = gpd.GeoDataFrame({"cell": ["P", "Q"]}, geometry=list(shapes(draw("QQPP"))), crs=4326)
    spots = {code: spot for code, spot in PLACES["facilities"].items() if spot is not None}
    records = gpd.GeoDataFrame({"code": list(spots)}, geometry=list(spots.values()), crs=4326)
    joined = (
        records.sjoin(draft, predicate="intersects").sort_values("cell").drop_duplicates("code")
    )
    assert by_plan == {
        **dict.fromkeys(PLACES["facilities"]),
        **dict(zip(joined["code"], joined["cell"], strict=True)),
    }
    assert by_plan["f-bc"] == "P", "on the edge the lower code, by the draft's own cells"
    counts = column(kept, tmp_path, "statistics", "facilities", plan="草案")
    assert counts == joined.groupby("cell")["code"].count().to_dict()
    assert column(kept, tmp_path, "facilities", plan="现行") == column(kept, tmp_path, "facilities")


def test_an_area_of_a_draft_does_not_take_from_its_neighbour_what_stands_on_their_edge(
    kept, tmp_path
):
    parts = [column(kept, tmp_path, "facilities", plan="草案", area=cell) for cell in "PQ"]
    assert parts == [{"f-bc": "P", "f-d": "P"}, {"f-a": "Q", "f-ab": "Q"}]
    numbers = [
        column(kept, tmp_path, "statistics", "facilities", plan="草案", area=cell) for cell in "PQ"
    ]
    assert numbers == [{"P": 2}, {"Q": 2}]


def test_exporting_by_a_draft_changes_nothing_in_the_store(kept, tmp_path):
    export(kept, tmp_path, "statistics", plan="草案")
    with data.db.transaction(kept) as db:
        assert sum(data.locate.misfiled(db).values()) == 0
        assert data.locate.wrong_tallies(db) == 0


def test_as_of_takes_the_plan_and_the_records_of_that_day(kept, tmp_path):
    day = date(2024, 6, 1)
    assert column(kept, tmp_path, "facilities", as_of=day) == {
        "f-a": "X", "f-ab": "X", "f-bc": "Y", "f-d": "Y", "f-out": None, "f-null": None, "f-was": "X",
    }  # fmt: skip
    assert list(column(kept, tmp_path, "cells", "name", as_of=day)) == ["X", "Y"]
    assert list(column(kept, tmp_path, "cells", "name", as_of=date(2025, 1, 1))) == list("ABCD")
    assert list(column(kept, tmp_path, "cells", "name", as_of=date(2024, 12, 31))) == ["X", "Y"]
    with pytest.raises(NotFound, match="no plan was in force on 2019-12-31"):
        export(kept, tmp_path, "cells", as_of=date(2019, 12, 31))
    assert "f-will" in column(kept, tmp_path, "facilities", as_of=date(2999, 1, 1))


def test_as_of_takes_the_cases_reported_by_then(kept, tmp_path):
    assert set(column(kept, tmp_path, "cases", as_of=date(2026, 2, 28))) == {
        "c-done",
        "c-null",
        "c-bc",
    }
    assert set(column(kept, tmp_path, "cases", as_of=date(2026, 3, 1))) == {
        "c-new",
        "c-done",
        "c-null",
        "c-bc",
    }
    open_then = column(kept, tmp_path, "statistics", "open_cases", as_of=date(2026, 2, 28))
    open_after = column(kept, tmp_path, "statistics", "open_cases", as_of=date(2026, 3, 1))
    assert (open_then["A"], open_after["A"]) == (1, 1)
    cases = [
        column(kept, tmp_path, "statistics", "cases", as_of=date(2026, month, day))["A"]
        for month, day in [(1, 1), (2, 1), (3, 1)]
    ]
    assert cases == [0, 1, 2]


def test_a_day_ends_by_the_clocks_of_the_city(store, tmp_path):
    with data.db.transaction(store) as db:
        found(db, draw("A"))
        early, noon = "2026-03-01T00:30+08:00", "2026-03-01T12:00+08:00"
        place(
            db,
            "case_file",
            {"c": at(0.5, 0.5)},
            title="积水",
            reported_at=early,
            closed_at=noon,
            state="closed",
        )
    days = [date(2026, 2, 28), date(2026, 3, 1)]
    numbers = ("cases", "open_cases")
    for zone, expected in [("Asia/Shanghai", [(0, 0), (1, 0)]), ("UTC", [(1, 1), (1, 0)])]:
        told = [
            tuple(
                column(store, tmp_path, "statistics", name, as_of=day, time_zone=zone)["A"]
                for name in numbers
            )
            for day in days
        ]
        assert told == expected


def test_cells_that_ended_or_have_not_begun_are_left_out_by_day(store, tmp_path):
    with data.db.transaction(store) as db:
        found(db, draw("AB"))
        db.execute(sa.text("UPDATE grid_cell SET valid_to = '2026-06-01' WHERE code = 'A'"))
        db.execute(sa.text("UPDATE grid_cell SET valid_from = '2026-07-01' WHERE code = 'B'"))
    days = {
        date(2026, 5, 31): ["A"],
        date(2026, 6, 1): [],
        date(2026, 6, 30): [],
        date(2026, 7, 1): ["B"],
    }
    assert {day: list(column(store, tmp_path, "cells", "name", as_of=day)) for day in days} == days


def test_a_plan_that_is_none_is_refused_with_the_choices(kept, tmp_path):
    with pytest.raises(NotFound) as refusal:
        export(kept, tmp_path, "cells", plan="明年")
    sentence, names = str(refusal.value).split(": ")
    assert sentence == "no plan '明年'; there are"
    assert set(names.split(", ")) == {"现行", "草案", "旧"}


# Datums and systems


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_another_datum_shifts_the_coordinates_and_is_told(kept, tmp_path, suffix):
    path, _ = export(kept, tmp_path, "cells", suffix=suffix, shape=Shape(Datum.GCJ02))
    town = PLACES["cells"]
    moved = dict(
        zip(town, convert_shapes(shapes(town), source=Datum.WGS84, target=Datum.GCJ02), strict=True)
    )
    if suffix in TABLES:
        lines = _lines_of_table(path)
        assert "wkt" not in lines[0]
        assert_places({line["code"]: shapely.from_wkt(line["wkt_gcj02"]) for line in lines}, moved)
    elif suffix.startswith(".geojson"):
        _, places, _ = read(path, suffix)
        assert_places(places, moved)
        told = json.loads(
            path.read_text().splitlines()[0] if suffix == ".geojsonl" else path.read_text()
        )
        assert told["datum"] == "gcj02"
    else:
        frame = gpd.read_parquet(path) if suffix == ".parquet" else pyogrio.read_dataframe(path)
        assert_places(dict(zip(frame["code"], frame.geometry, strict=True)), moved)
        assert frame.crs.to_epsg() is None, "it is not WGS 84, and no GIS may take it for that"
        assert "GCJ-02" in frame.crs.name.replace("_", "-")


@pytest.mark.parametrize("suffix", [".gpkg", ".fgb", ".shp.zip", ".parquet"])
@pytest.mark.parametrize("datum", [Datum.GCJ02, Datum.BD09])
def test_a_shifted_map_file_finds_its_way_back(kept, tmp_path, suffix, datum):
    path, _ = export(kept, tmp_path, "facilities", suffix=suffix, shape=Shape(datum))
    frame = gpd.read_parquet(path) if suffix == ".parquet" else pyogrio.read_dataframe(path)
    text = pd.DataFrame({"code": frame["code"]}, dtype="str")
    back = gis.places.place(
        text,
        np.asarray(frame.geometry, dtype=object),
        frame.crs,
        reference=Reference(),
        mapping={},
        extent=None,
    )
    assert_places(dict(zip(frame["code"], back.shapes, strict=True)), PLACES["facilities"])


@pytest.mark.parametrize("suffix", [".geojson", ".geojsonl"])
def test_a_shifted_geojson_is_known_again_by_its_member(kept, tmp_path, suffix):
    path, _ = export(kept, tmp_path, "facilities", suffix=suffix, shape=Shape(Datum.BD09))
    sheet = data.files.read.read(path, RecordKind.FACILITIES)
    assert sheet.crs == gis.coordinates.system_of(Datum.BD09)


def test_points_of_a_table_in_another_datum_say_so_in_their_columns(kept, tmp_path):
    path, _ = export(kept, tmp_path, "facilities", suffix=".csv", shape=Shape(Datum.BD09))
    assert list(_lines_of_table(path)[0])[-2:] == ["lon_bd09", "lat_bd09"]


def test_cgcs2000_is_told_and_the_degrees_are_the_same(kept, tmp_path):
    path, _ = export(kept, tmp_path, "cells", suffix=".gpkg", shape=Shape(Datum.CGCS2000))
    _, places, crs = read(path, ".gpkg")
    assert crs == 4490
    assert_places(places, PLACES["cells"])


@pytest.mark.parametrize("suffix", [".gpkg", ".fgb", ".shp.zip", ".parquet"])
def test_a_projected_system_is_written_and_told(kept, tmp_path, suffix):
    path, _ = export(kept, tmp_path, "facilities", suffix=suffix, shape=Shape(crs="EPSG:4547"))
    _, places, crs = read(path, suffix)
    change = pyproj.Transformer.from_crs(4326, 4547, always_xy=True)
    spots = {
        code: spot and shapely.Point(change.transform(spot.x, spot.y))
        for code, spot in PLACES["facilities"].items()
    }
    assert_places(places, spots, within=1e-4)
    assert crs == 4547


@pytest.mark.parametrize("suffix", TABLES)
def test_a_table_in_metres_does_not_call_them_degrees(kept, tmp_path, suffix):
    path, _ = export(kept, tmp_path, "facilities", suffix=suffix, shape=Shape(crs="EPSG:4547"))
    first = _lines_of_table(path)[0]
    x, y = pyproj.Transformer.from_crs(4326, 4547, always_xy=True).transform(
        at(0.5, 0.5).x, at(0.5, 0.5).y
    )
    assert list(first)[-2:] == ["x_epsg4547", "y_epsg4547"]
    assert (float(first["x_epsg4547"]), float(first["y_epsg4547"])) == pytest.approx(
        (x, y), abs=1e-3
    )


@pytest.mark.parametrize(
    ("suffix", "shape", "sentence"),
    [
        (".geojson", Shape(crs="EPSG:4547"), "RFC 7946 GeoJSON is WGS-84 only, not EPSG:4547; choose .gpkg or .fgb"),
        (".geojsonl", Shape(crs="EPSG:4490"), "RFC 7946 GeoJSON is WGS-84 only, not EPSG:4490; choose .gpkg or .fgb"),
        (".gpkg", Shape(crs="EPSG:1"), "'EPSG:1' is no coordinate system; write EPSG:4547 …"),
        (".gpkg", Shape(crs="nonsense"), "'nonsense' is no coordinate system; write EPSG:4547 …"),
        (".gpkg", Shape(crs="EPSG:5773"), "'EPSG:5773' is no coordinate system of places on a map; write EPSG:4547 …"),
        (".gpkg", Shape(crs="EPSG:4978"), "'EPSG:4978' is no coordinate system of places on a map; write EPSG:4547 …"),
        (".gpkg", Shape(Datum.GCJ02, "EPSG:4547"), "--crs EPSG:4547 and --datum gcj02 exclude each other"),
    ],
)  # fmt: skip
def test_what_cannot_go_together_is_refused_in_words(kept, tmp_path, suffix, shape, sentence):
    with pytest.raises(BadInput) as refusal:
        export(kept, tmp_path, "cells", suffix=suffix, shape=shape)
    assert str(refusal.value) == sentence
    assert list(tmp_path.iterdir()) == []


# Whole or not at all


def test_an_unknown_suffix_is_refused_with_the_choices(kept, tmp_path):
    with pytest.raises(BadInput) as refusal:
        export(kept, tmp_path, "cells", suffix=".dwg")
    assert str(refusal.value) == f"'out.dwg' has none of the suffixes {', '.join(SUFFIXES)}"


def test_a_refusal_leaves_the_file_that_was_there(kept, tmp_path):
    path = tmp_path / "out.gpkg"
    path.write_bytes(b"mine")
    with pytest.raises(NotFound):
        export(kept, tmp_path, "cells", suffix=".gpkg", area="Z")
    assert path.read_bytes() == b"mine"
    assert list(tmp_path.iterdir()) == [path]
    export(kept, tmp_path, "cells", suffix=".gpkg")
    assert len(pyogrio.read_dataframe(path)) == 4


def test_a_folder_that_is_not_there_is_told(kept, tmp_path):
    with pytest.raises(BadInput, match=f"there is no folder {tmp_path / 'none'}"):
        export(kept, tmp_path / "none", "cells")


@pytest.mark.parametrize("suffix", [".xlsx", ".csv", ".gpkg", ".geojson"])
def test_an_outline_too_long_for_a_worksheet_is_refused_and_never_cut(store, tmp_path, suffix):
    turn = np.linspace(0, 2 * np.pi, 3_000, endpoint=False)
    round_cell = shapely.Polygon(
        np.column_stack([114 + 0.01 * np.cos(turn), 30 + 0.01 * np.sin(turn)])
    )
    with data.db.transaction(store) as db:
        found(db, {"A": round_cell})
    if suffix == ".xlsx":
        with pytest.raises(
            TooLarge,
            match=r"a text of [0-9,]+ characters does not fit a cell of a worksheet; write \.csv",
        ):
            export(store, tmp_path, "cells", suffix=suffix)
    else:
        _, places, _ = read(export(store, tmp_path, "cells", suffix=suffix)[0], suffix)
        assert_places(places, {"A": round_cell})


# Hostile and private content


def test_formulas_do_not_run_and_strange_characters_do_not_break(store, tmp_path):
    names = {
        "1": "=1+1",
        "2": "@cmd",
        "3": "-2+3",
        "4": "+86",
        "5": "\tx",
        "6": 'a,b"c\nd',
        "7": "bell\x07",
        "8": '=HYPERLINK("x")',
        "9": "普通",
    }
    with data.db.transaction(store) as db:
        found(db, draw("A"))
        for code, name in names.items():
            place(db, "facility", {code: at(0.5, 0.5)}, name=name)
    for suffix in TABLES:
        lines = _lines_of_table(export(store, tmp_path, "facilities", suffix=suffix)[0])
        told = {line["code"]: line["name"] for line in lines}
        assert {code: told[code][:1] for code in "123458"} == dict.fromkeys("123458", "'")
        assert (told["6"], told["9"]) == (names["6"], names["9"])
    book = openpyxl.load_workbook(tmp_path / "out.xlsx")
    assert {cell.data_type for line in book.active.iter_rows() for cell in line} <= {
        "s",
        "n",
        "d",
        "inlineStr",
    }
    for suffix in (".geojson", ".gpkg"):
        attributes, _, _ = read(export(store, tmp_path, "facilities", suffix=suffix)[0], suffix)
        assert {code: attributes[code]["name"] for code in "123"} == {
            "1": "=1+1",
            "2": "@cmd",
            "3": "-2+3",
        }


def test_a_plain_table_never_holds_a_formula(tmp_path):
    data.files.write.write_table(
        pd.DataFrame({"值 value": ["=1+1", "ok"]}), tmp_path / "errors.xlsx"
    )
    sheet = openpyxl.load_workbook(tmp_path / "errors.xlsx").active
    assert [(cell.value, cell.data_type) for (cell,) in sheet.iter_rows()] == [
        ("值 value", "s"), ("=1+1", "s"), ("ok", "s"),
    ]  # fmt: skip


def everything_in(path):
    """The bytes of a file and, if it is a zip, of all that is in it."""
    yield path.read_bytes()
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield from (archive.read(name) for name in archive.namelist())


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_residents_leave_in_no_file_but_as_counts(kept, tmp_path, suffix):
    with data.db.transaction(kept) as db:
        assert (
            db.scalar(sa.text("SELECT count(*) FROM resident WHERE phone_mask = '139****4321'"))
            == 5
        )
    for kind in KINDS:
        for number, wanted in enumerate([{}, {"plan": "草案"}, {"area": "A"}]):
            path, _ = export(kept, tmp_path, kind, name=f"{kind}{number}", suffix=suffix, **wanted)
            if suffix == ".parquet":
                pyarrow.parquet.write_table(
                    pyarrow.parquet.read_table(path), path, compression=None, use_dictionary=False
                )
            for content in everything_in(path):
                for mark in MARKED:
                    assert mark.encode() not in content
    residents = column(kept, tmp_path, "statistics", "residents")
    assert residents == {"A": 3, "B": 0, "C": 2, "D": 0}


def test_numbers_stay_whole_where_some_are_missing(kept, tmp_path):
    told = column(kept, tmp_path, "cells", "households_declared")
    assert {code: repr(value) for code, value in told.items()} == {
        "A": "90",
        "B": "None",
        "C": "None",
        "D": "None",
    }
    lines = _lines_of_table(export(kept, tmp_path, "cells", suffix=".csv")[0])
    assert [line["households_declared"] for line in lines] == ["90", "", "", ""]


# The journal


def test_an_export_leaves_one_line_in_the_journal_and_a_refused_one_none(store, tmp_path):
    with data.db.transaction(store) as db:
        found(db, draw("AB"))
    export(store, tmp_path, "cells", area="A", reason="年报")
    export(store, tmp_path, "statistics", suffix=".xlsx")
    with pytest.raises(NotFound):
        export(store, tmp_path, "cells", area="Z")
    with data.db.transaction(store) as db:
        lines = db.execute(sa.text("SELECT actor, act, subject, detail FROM journal ORDER BY id"))
        assert [tuple(line) for line in lines] == [
            (
                "test",
                "export",
                "cells",
                {"area": "A", "rows": 1, "scope": "everything", "reason": "年报"},
            ),
            (
                "test",
                "export",
                "statistics",
                {"area": None, "rows": 2, "scope": "everything", "reason": None},
            ),
        ]


# Under scope


def viewer(store, role, *codes):
    """Somebody in charge of these cells."""
    with data.db.transaction(store) as db:
        areas = db.scalars(
            sa.text("SELECT area_no FROM grid_cell WHERE code = ANY(:codes) ORDER BY area_no"),
            {"codes": list(codes)},
        ).all()
    return Viewer(5, "wang", "王", role, Scope(1, LAST_AREA, tuple(areas)))


@pytest.fixture
def scoped(store):
    """The small town with its areas numbered."""
    with data.db.transaction(store) as db:
        inhabit(db)
        data.grid.number_areas(db)
        data.locate.refile(db)
    return store


def test_records_leave_from_the_viewers_cells_only(scoped, tmp_path):
    leader = viewer(scoped, Role.LEADER, "A")
    for kind, codes in [("cases", ["c-new", "c-done"]), ("dwellings", ["h1 101", "h1 102"])]:
        assert list(column(scoped, tmp_path, kind, by=leader)) == codes
        assert column(scoped, tmp_path, kind, by=viewer(scoped, Role.LEADER, "D")) == {}
    assert len(column(scoped, tmp_path, "facilities", by=ANYBODY)) == 6
    assert list(column(scoped, tmp_path, "cells", "name", by=ANYBODY)) == list("ABCD")


@pytest.mark.parametrize(
    ("kind", "role", "right"),
    [
        ("cases", None, "cases"),
        ("cases", Role.WORKER, "export"),
        ("cases", Role.PLANNER, "cases"),
        ("dwellings", Role.WORKER, "export"),
        ("residents", Role.LEADER, "export_persons"),
        ("residents", Role.PLANNER, "persons"),
    ],
)
def test_who_may_not_take_a_kind_out_is_told_which_right_it_takes(
    scoped, tmp_path, kind, role, right
):
    sentence = f"{kind} are exported only by whoever has the right {right}"
    with pytest.raises(NotAllowed, match=sentence):
        export(scoped, tmp_path, kind, by=viewer(scoped, role, "A"))
    assert list(tmp_path.iterdir()) == []


def told(store, folder, by, **wanted):
    """Code → counts and what is hidden, of the statistics that `by` gets."""
    names = ("households", "residents", "open_cases")
    path, _ = export(store, folder, "statistics", by=by, **wanted)
    return {
        one["properties"]["code"]: tuple(one["properties"][name] for name in names)
        for one in features(path)
    }


def test_small_numbers_are_for_those_in_charge(scoped, tmp_path):
    none = (None, None, None)
    assert told(scoped, tmp_path, TESTER) == {
        "A": (2, 3, 1), "B": (0, 0, 1), "C": (2, 2, 0), "D": (0, 0, 0),
    }  # fmt: skip
    assert told(scoped, tmp_path, ANYBODY) == dict.fromkeys("ABCD", none), "one block of four"
    seen = told(scoped, tmp_path, viewer(scoped, Role.PLANNER, "A", "B"))
    assert (seen["A"], seen["B"], seen["C"][:2]) == ((2, 3, 1), (0, 0, 1), (None, None))
    path, _ = export(scoped, tmp_path, "statistics", by=ANYBODY)
    hidden = {one["properties"]["code"]: one["properties"]["hidden"] for one in features(path)}
    assert hidden["A"] == "dwellings,households,residents,cases,open_cases"


def test_by_another_plan_or_day_numbers_are_only_for_whoever_has_all_the_ground(scoped, tmp_path):
    nothing = (None, None, None)
    anew = told(scoped, tmp_path, TESTER, plan="草案")
    assert anew == {"P": (2, 2, 1), "Q": (2, 3, 1)}
    for by in (ANYBODY, viewer(scoped, Role.LEADER, "A", "C")):
        assert told(scoped, tmp_path, by, plan="草案") == {"P": nothing, "Q": nothing}
    planner = viewer(scoped, Role.PLANNER, "A", "C")
    on_day = told(scoped, tmp_path, planner, as_of=TODAY)
    assert (on_day["A"], on_day["C"][:2]) == ((2, 3, 1), (2, 2))
    assert on_day["B"] == on_day["D"] == nothing
    assert told(scoped, tmp_path, ANYBODY, as_of=TODAY)["D"] == nothing


def test_a_draft_cell_over_own_ground_is_counted_for_its_planner(scoped, tmp_path):
    with data.db.transaction(scoped) as db:
        db.execute(
            sa.text("UPDATE grid_cell SET division_code = '420106001001' WHERE code IN ('P', 'Q')")
        )
        data.grid.number_areas(db)
        areas = db.scalars(
            sa.text("SELECT area_no FROM grid_cell WHERE code IN ('A', 'B', 'P', 'Q')")
        ).all()
    planner = Viewer(5, "p", "p", Role.PLANNER, Scope(1, LAST_AREA, tuple(areas)))
    seen = told(scoped, tmp_path, planner, plan="草案")
    assert seen["Q"][:2] == (2, 3), "all of it stands on A and B"
    assert seen["P"] == (None, None, None), "it stands on C and D"


def test_statistics_by_community_and_street(scoped, tmp_path):
    path, count = export(scoped, tmp_path, "statistics", wanted_by="community")
    rows = {one["properties"]["code"]: one["properties"] for one in features(path)}
    assert count == 3
    assert {code: (row["name"], row["cells"], row["residents"]) for code, row in rows.items()} == {
        "420106001001": ("桥头社区", 2, 3), "420106001002": ("柳岸社区", 1, 2),
        "420106002001": ("湖滨社区", 1, 0),
    }  # fmt: skip
    path, _ = export(scoped, tmp_path, "statistics", wanted_by="street", suffix=".csv")
    rows = {line["code"]: line for line in _lines_of_table(path)}
    assert {code: (row["name"], row["cells"], row["residents"]) for code, row in rows.items()} == {
        "420106001000": ("望江街道", "3", "5"), "420106002000": ("临湖街道", "1", "0"),
    }  # fmt: skip
    path, _ = export(scoped, tmp_path, "statistics", wanted_by="street", by=ANYBODY)
    street = next(one["properties"] for one in features(path))
    assert (street["residents"], street["hidden_residents"], street["facilities"]) == (None, 3, 3)
    with pytest.raises(BadInput, match="cells are not counted by street; statistics are"):
        Wanted("cells", by="street")
    with pytest.raises(BadInput, match="by is 'house'; choose from cell, community, street"):
        Wanted("statistics", by="house")


def test_an_export_cut_off_is_journalled_all_the_same(scoped, monkeypatch):
    monkeypatch.setattr(data.exports, "CHUNK", 1)
    pieces = api.actions.exports.stream(
        scoped, Wanted("cases"), ".csv", Shape(), by=TESTER, today=TODAY, reason="巡查"
    )
    next(pieces)
    pieces.close()
    with data.db.transaction(scoped) as db:
        line = db.execute(sa.text("SELECT subject, detail FROM journal")).one()
    assert (line.subject, line.detail["cut_off"], line.detail["reason"]) == ("cases", True, "巡查")
    assert line.detail["rows"] < 4


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_residents_leave_between_two_watermarks(scoped, tmp_path, suffix):
    path = tmp_path / f"out{suffix}"
    now = datetime(2026, 11, 22, 1, tzinfo=UTC)
    wanted = Wanted("residents", area="C")
    for unmasked in (False, True):
        taking = Taking("核对名册", now, unmasked)
        count = export_persons(scoped, wanted, path, Shape(), taking, by=TESTER, seal=SEAL)
        assert (count, path.stat().st_mode & 0o777) == (2, 0o600)
        frame = _residents_of(path, suffix)
        assert list(frame["phone"])[1:-1] == [MARKED[2] if unmasked else "139****4321"] * 2
        assert frame["name"].iloc[0] == frame["name"].iloc[-1]
        assert frame["name"].iloc[0].startswith("水印 Watermark ")
        assert frame["address"].iloc[-1] == (
            "test 2026-11-22T09:00:00+08:00; area C, charge everything; 2 rows; reason: 核对名册"
        )


def _residents_of(path, suffix):
    if suffix in TABLES:
        return pd.DataFrame(_lines_of_table(path))
    if suffix == ".geojson":
        return pd.DataFrame([one["properties"] for one in features(path)])
    if suffix == ".geojsonl":
        lines = path.read_text().splitlines()
        return pd.DataFrame([json.loads(one)["properties"] for one in lines])
    return gpd.read_parquet(path) if suffix == ".parquet" else pyogrio.read_dataframe(path)


@pytest.mark.parametrize("reason", ["", "   ", "abc"])
def test_without_a_reason_nobody_leaves(scoped, tmp_path, reason):
    taking = Taking(reason, datetime.now(UTC))
    with pytest.raises(BadInput, match="say why people are taken out"):
        export_persons(
            scoped, Wanted("residents"), tmp_path / "o.csv", Shape(), taking, by=TESTER, seal=SEAL
        )
    assert list(tmp_path.iterdir()) == []
