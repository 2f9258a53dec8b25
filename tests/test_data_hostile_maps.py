"""Hostile maps: files that point to others, shapes that cross themselves, formats that lie."""

from __future__ import annotations

import json
import math
import os
import sqlite3
import struct
from pathlib import Path

import geopandas
import hostile
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from hostile import SECRET, SQUARE, collection, feature, saved

FILES = hostile.Files()


@FILES.hostile("XML")
def vrt_named_geojson(folder: Path) -> Path:
    secret = saved(folder, "secret.csv", f"name,lon,lat\n{SECRET},114,30\n".encode())
    vrt = f"""<OGRVRTDataSource><OGRVRTLayer name="secret"><SrcDataSource>{secret}</SrcDataSource>
        <GeometryType>wkbPoint</GeometryType><LayerSRS>EPSG:4326</LayerSRS>
        <GeometryField encoding="PointFromColumns" x="lon" y="lat"/></OGRVRTLayer>
        </OGRVRTDataSource>"""
    return saved(folder, "cells.geojson", vrt.encode())


@FILES.hostile("cannot be read as GeoJSON")
def gdalg_pipeline(folder: Path) -> Path:
    secret = saved(folder, "secret.geojson", collection(feature(SQUARE, name=SECRET)))
    line = f"gdal vector pipeline ! read {secret} ! write --output-format=stream dummy"
    return saved(
        folder, "x.gdalg.json", json.dumps({"type": "gdal_streamed_alg", "command_line": line}).encode()
    )  # fmt: skip


@FILES.hostile("is not UTF-8|cannot be read")
def vrt_after_a_brace(folder: Path) -> Path:
    return saved(folder, "x.geojson", b'{"a":"<OGRVRTDataSource>\xff"}')


# Shapes


def star(corners: int, size: float = 0.01, lon: float = 114.0) -> dict[str, object]:
    """A ring that jumps nearly half-way round at each corner: every segment crosses the others."""
    turn = 2 * math.pi * (corners // 2) / corners
    ring = [
        [lon + size * math.cos(n * turn), 30 + size * math.sin(n * turn)] for n in range(corners)
    ]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


@FILES.hostile("crosses itself too often")
def one_star(folder: Path) -> Path:
    return saved(folder, "star.geojson", collection(feature(star(200), code="A")))


@FILES.hostile("crosses itself too often|too often in all")
def thousands_of_stars(folder: Path) -> Path:
    stars = [feature(star(99, lon=100 + n / 100), code=f"A{n}") for n in range(2_000)]
    return saved(folder, "stars.geojson", collection(*stars))


@FILES.hostile("too often in all|area cannot be kept")
def thousands_of_small_stars(folder: Path) -> Path:
    stars = [feature(star(41, lon=100 + n / 100), code=f"A{n}") for n in range(4_000)]
    return saved(folder, "stars.geojson", collection(*stars))


@FILES.hostile("crosses itself too often")
def one_enormous_star(folder: Path) -> Path:
    return saved(folder, "star.geojson", collection(feature(star(100_001), code="A")))


@FILES.hostile("cannot be read|not a number|there is no geometry|NaN|no place|not on the earth")
def nan_and_infinity(folder: Path) -> Path:
    text = '{"type":"FeatureCollection","features":[%s]}'
    one = '{"type":"Feature","properties":{"code":"%s"},"geometry":{"type":"Polygon","coordinates":[[[114,30],[%s,30],[114.1,30.1],[114,30]]]}}'
    features = ",".join(one % (n, n) for n in ("NaN", "Infinity", "-Infinity"))
    return saved(folder, "nan.geojson", (text % features).encode())


@FILES.hostile("not on the earth|not a number")
def far_away(folder: Path) -> Path:
    away = [[1e300, 30], [1e308, 30], [-1e300, 30.1], [1e300, 30]]
    shape = {"type": "Polygon", "coordinates": [away]}
    return saved(folder, "far.geojson", collection(feature(shape, code="A")))


@FILES.hostile("geometry in WKT")
def wkt_nested(folder: Path) -> Path:
    deep = "GEOMETRYCOLLECTION (" * 100_000 + "POINT (1 1)" + ")" * 100_000
    return saved(folder, "deep.csv", f'code,wkt\nA,"{deep}"\nB,"POLYGON ((nan 1,"\n'.encode())


# Formats cut short, or lying


def cells() -> geopandas.GeoDataFrame:
    boxes = shapely.box(*[[n / 100 + d for n in range(500)] for d in (100, 30, 100.01, 30.01)])
    codes = [f"A{n:04}" for n in range(500)]
    return geopandas.GeoDataFrame({"code": codes}, geometry=boxes, crs=4326)


def cut(folder: Path, name: str) -> Path:
    path = folder / f"whole-{name}"
    if name.endswith(".parquet"):
        cells().to_parquet(path)
    else:
        cells().to_file(path)
    content = path.read_bytes()
    return saved(folder, name, content[: len(content) // 2])


@FILES.hostile("cannot be read|malformed|no layer")
def gpkg_truncated(folder: Path) -> Path:
    return cut(folder, "cut.gpkg")


@FILES.hostile("cannot be read|cut short")
def fgb_truncated(folder: Path) -> Path:
    return cut(folder, "cut.fgb")


@FILES.hostile("cannot be read as Parquet")
def parquet_truncated(folder: Path) -> Path:
    return cut(folder, "cut.parquet")


@FILES.hostile("cannot be read|cut short|incomplete|no geometry")
def shapefile_truncated(folder: Path) -> Path:
    path = cut(folder, "cut.shp")
    for suffix in (".shx", ".dbf", ".prj", ".cpg"):
        saved(folder, f"cut{suffix}", (folder / f"whole-cut{suffix}").read_bytes())
    return path


@FILES.hostile("only part of")
def shapefile_alone(folder: Path) -> Path:
    cut(folder, "x.shp")
    return saved(folder, "alone.shp", (folder / "whole-x.shp").read_bytes())


@FILES.hostile("buildings or facilities, not cells")
def pbf_truncated(folder: Path) -> Path:
    return saved(folder, "cut.osm.pbf", b"\x00\x00\x00\x0d\x0a\x09OSMHeader\x18\x7f" + b"x" * 50)


@FILES.hostile("view")
def gpkg_with_an_endless_view(folder: Path) -> Path:
    path = folder / "view.gpkg"
    cells().to_file(path, layer="cells")
    with sqlite3.connect(path) as db:
        db.execute("ALTER TABLE cells RENAME TO other")
        db.execute(
            "CREATE VIEW cells AS WITH RECURSIVE n(fid) AS (SELECT 1 UNION ALL SELECT fid+1 FROM n)"
            " SELECT n.fid, o.geom, o.code FROM n, other o"
        )
        db.execute("DROP TABLE IF EXISTS gpkg_ogr_contents")
    db.close()
    return path


@FILES.hostile("computed")
def gpkg_with_computed_columns(folder: Path) -> Path:
    path = folder / "blob.gpkg"
    cells().to_file(path, layer="cells")
    with sqlite3.connect(path) as db:
        db.execute("ALTER TABLE cells ADD COLUMN big AS (hex(zeroblob(500000000))) VIRTUAL")
    db.close()
    return path


@FILES.hostile("columns|GPKG|layer|GeoPackage")
def sqlite_of_something_else(folder: Path) -> Path:
    with sqlite3.connect(folder / "other.gpkg") as db:
        db.execute("CREATE TABLE secret (name TEXT)")
        db.execute("INSERT INTO secret VALUES (?)", (SECRET,))
    db.close()
    return folder / "other.gpkg"


@FILES.hostile("claims|holds|cannot be read")
def fgb_that_claims_much(folder: Path) -> Path:
    cells().to_file(folder / "cells.fgb", SPATIAL_INDEX="NO")
    content = bytearray((folder / "cells.fgb").read_bytes())
    place = content.find(struct.pack("<Q", 500))
    content[place : place + 8] = struct.pack("<Q", 19_000_000)
    return saved(folder, "claims.fgb", bytes(content))


@FILES.hostile("unpacks|rows")
def parquet_bomb(folder: Path) -> Path:
    word = pa.DictionaryArray.from_arrays(pa.array([0] * 1_000_000, pa.int32()), ["x" * 100_000])
    pq.write_table(pa.table({"code": word}), folder / "bomb.parquet", compression="zstd")
    return folder / "bomb.parquet"


@FILES.hostile("unpacks|rows")
def parquet_of_zeros(folder: Path) -> Path:
    zeros = pa.array([bytes(20_000_000)] * 20, pa.large_binary())
    pq.write_table(
        pa.table({"code": zeros}),
        folder / "zeros.parquet",
        compression="zstd",
        use_dictionary=False,
    )
    return folder / "zeros.parquet"


@FILES.hostile("too deeply")
def parquet_nested(folder: Path) -> Path:
    deep = struct.pack("<BII", 1, 7, 1) * 200_000 + struct.pack("<BIdd", 1, 1, 1.0, 2.0)
    column = {"encoding": "WKB", "geometry_types": [], "crs": None}
    geo = {"version": "1.0.0", "primary_column": "geometry", "columns": {"geometry": column}}
    table = pa.table({"code": ["A"], "geometry": pa.array([deep], pa.binary())})
    table = table.replace_schema_metadata({"geo": json.dumps(geo)})
    pq.write_table(table, folder / "deep.parquet")
    return folder / "deep.parquet"


# What is no file at all


@FILES.hostile("is empty")
def empty_file(folder: Path) -> Path:
    return saved(folder, "empty.geojson", b"")


@FILES.hostile("is a folder")
def a_folder(folder: Path) -> Path:
    return folder


@FILES.hostile("there is no file")
def no_file(folder: Path) -> Path:
    return folder / "nothing.geojson"


@FILES.hostile("not a plain file|cannot be read")
def a_device(folder: Path) -> Path:
    (folder / "zero.geojson").symlink_to("/dev/zero")
    return folder / "zero.geojson"


@FILES.hostile("not a plain file|cannot be read")
def a_pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe.geojson")
    return folder / "pipe.geojson"


@pytest.mark.parametrize("name", FILES)
def test_is_refused_in_words_cheaply_and_before_a_store_is_started(
    name: str, tmp_path: Path
) -> None:
    hostile.is_refused(*FILES[name], tmp_path)
