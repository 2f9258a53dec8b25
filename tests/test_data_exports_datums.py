"""Exports: datums and coordinate systems, written, told and found again."""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyproj
import pytest
import shapely
from exporting import PLACES, TABLES, assert_places, export, lines_of_table, read
from town import at, shapes

import data.files.read
import gis.coordinates
import gis.places
from api.actions.exports import Shape
from data.files.write import SUFFIXES
from gis.coordinates import convert_shapes
from gis.errors import BadInput
from gis.places import Reference
from gis.terms import Datum, RecordKind


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_another_datum_shifts_the_coordinates_and_is_told(shared_town, tmp_path, suffix):
    path, _ = export(shared_town, tmp_path, "cells", suffix=suffix, shape=Shape(Datum.GCJ02))
    town = PLACES["cells"]
    moved = dict(
        zip(town, convert_shapes(shapes(town), source=Datum.WGS84, target=Datum.GCJ02), strict=True)
    )
    if suffix in TABLES:
        lines = lines_of_table(path)
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
def test_a_shifted_map_file_finds_its_way_back(shared_town, tmp_path, suffix, datum):
    path, _ = export(shared_town, tmp_path, "facilities", suffix=suffix, shape=Shape(datum))
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
def test_a_shifted_geojson_is_known_again_by_its_member(shared_town, tmp_path, suffix):
    path, _ = export(shared_town, tmp_path, "facilities", suffix=suffix, shape=Shape(Datum.BD09))
    sheet = data.files.read.read(path, RecordKind.FACILITIES)
    assert sheet.crs == gis.coordinates.system_of(Datum.BD09)


def test_points_of_a_table_in_another_datum_say_so_in_their_columns(shared_town, tmp_path):
    path, _ = export(shared_town, tmp_path, "facilities", suffix=".csv", shape=Shape(Datum.BD09))
    assert list(lines_of_table(path)[0])[-2:] == ["lon_bd09", "lat_bd09"]


def test_cgcs2000_is_told_and_the_degrees_are_the_same(shared_town, tmp_path):
    path, _ = export(shared_town, tmp_path, "cells", suffix=".gpkg", shape=Shape(Datum.CGCS2000))
    _, places, crs = read(path, ".gpkg")
    assert crs == 4490
    assert_places(places, PLACES["cells"])


@pytest.mark.parametrize("suffix", [".gpkg", ".fgb", ".shp.zip", ".parquet"])
def test_a_projected_system_is_written_and_told(shared_town, tmp_path, suffix):
    path, _ = export(
        shared_town, tmp_path, "facilities", suffix=suffix, shape=Shape(crs="EPSG:4547")
    )
    _, places, crs = read(path, suffix)
    change = pyproj.Transformer.from_crs(4326, 4547, always_xy=True)
    spots = {
        code: spot and shapely.Point(change.transform(spot.x, spot.y))
        for code, spot in PLACES["facilities"].items()
    }
    assert_places(places, spots, within=1e-4)
    assert crs == 4547


@pytest.mark.parametrize("suffix", TABLES)
def test_a_table_in_metres_does_not_call_them_degrees(shared_town, tmp_path, suffix):
    path, _ = export(
        shared_town, tmp_path, "facilities", suffix=suffix, shape=Shape(crs="EPSG:4547")
    )
    first = lines_of_table(path)[0]
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
def test_what_cannot_go_together_is_refused_in_words(
    shared_town, tmp_path, suffix, shape, sentence
):
    with pytest.raises(BadInput) as refusal:
        export(shared_town, tmp_path, "cells", suffix=suffix, shape=shape)
    assert str(refusal.value) == sentence
    assert list(tmp_path.iterdir()) == []
