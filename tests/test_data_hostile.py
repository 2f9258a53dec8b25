"""Hostile files: refused in words, cheaply, by the real command line, before any store is started.

The processor time and the memory of every refusal are measured. A slow or busy machine inflates
processor time; so a run over the limit is repeated, and counts as good when it took little more
than an ordinary file of one cell did at the same moment.
"""

from __future__ import annotations

import io
import json
import math
import os
import re
import sqlite3
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

CPU_S = 2.0
TIMES_AN_ORDINARY_FILE = 1.5
MEMORY_MB = 512
RUNS = 3
SECRET = "the-secret-that-must-not-leave"

# A small process that starts the command and reports what it took: rusage of a process that was
# forked from a large one (pytest) counts the large one's memory too.
_MEASURE = """
import json, os, resource, subprocess, sys
def bound():
    resource.setrlimit(resource.RLIMIT_CPU, (30, 30))
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
run = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=bound)
said = run.stdout.read()
_, status, usage = os.wait4(run.pid, 0)
print(json.dumps({"code": os.waitstatus_to_exitcode(status), "said": said.decode(errors="replace"),
                  "cpu_s": usage.ru_utime + usage.ru_stime, "mb": usage.ru_maxrss / 1024}))
"""


def wangge(home: Path, *words: object) -> dict[str, Any]:
    """Run the command line and tell its exit code, what it said, CPU seconds and MiB."""
    command = [sys.executable, "-c", "import api.cli; api.cli.main()", *map(str, words)]
    run = subprocess.run(
        [sys.executable, "-S", "-E", "-c", _MEASURE, *command],
        env=os.environ | {"WANGGE_HOME": str(home), "COLUMNS": "200"},
        cwd=Path(__file__).parents[1], capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return json.loads(run.stdout)


def feature(geometry: object, **properties: object) -> dict[str, object]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def collection(*features: object) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


SQUARE = {"type": "Polygon", "coordinates": [[[114, 30], [114.1, 30], [114.1, 30.1], [114, 30]]]}


def star(corners: int, size: float = 0.01, lon: float = 114.0) -> dict[str, object]:
    """A ring that jumps nearly half-way round at each corner: every segment crosses the others."""
    turn = 2 * math.pi * (corners // 2) / corners
    ring = [
        [lon + size * math.cos(n * turn), 30 + size * math.sin(n * turn)] for n in range(corners)
    ]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


# The files. Each writes into a folder and answers the path to import.

Maker = Callable[[Path], Path]
FILES: dict[str, tuple[Maker, str]] = {}


def hostile(words: str) -> Callable[[Maker], Maker]:
    def note(make: Maker) -> Maker:
        FILES[make.__name__] = (make, words)
        return make

    return note


def saved(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@hostile("XML")
def vrt_named_geojson(folder: Path) -> Path:
    secret = saved(folder, "secret.csv", f"name,lon,lat\n{SECRET},114,30\n".encode())
    vrt = f"""<OGRVRTDataSource><OGRVRTLayer name="secret"><SrcDataSource>{secret}</SrcDataSource>
        <GeometryType>wkbPoint</GeometryType><LayerSRS>EPSG:4326</LayerSRS>
        <GeometryField encoding="PointFromColumns" x="lon" y="lat"/></OGRVRTLayer>
        </OGRVRTDataSource>"""
    return saved(folder, "cells.geojson", vrt.encode())


@hostile("cannot be read as GeoJSON")
def gdalg_pipeline(folder: Path) -> Path:
    secret = saved(folder, "secret.geojson", collection(feature(SQUARE, name=SECRET)))
    line = f"gdal vector pipeline ! read {secret} ! write --output-format=stream dummy"
    return saved(
        folder, "x.gdalg.json", json.dumps({"type": "gdal_streamed_alg", "command_line": line}).encode()
    )  # fmt: skip


@hostile("is not UTF-8|cannot be read")
def vrt_after_a_brace(folder: Path) -> Path:
    return saved(folder, "x.geojson", b'{"a":"<OGRVRTDataSource>\xff"}')


@hostile("zip bomb")
def zip_bomb(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("cells.shp", bytes(300 << 20))
    return folder / "bomb.zip"


@hostile("at most 2,048 MiB|zip bomb")
def zip_of_many(folder: Path) -> Path:
    zeros = bytes(15 << 20)
    with zipfile.ZipFile(folder / "many.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(30):
            archive.writestr(f"{number}.shp", zeros)
    return folder / "many.zip"


@hostile("cannot be read as|holds|no layer")
def zip_traversal(folder: Path) -> Path:
    saved(folder, "secret.dbf", SECRET.encode())
    with zipfile.ZipFile(folder / "up.zip", "w") as archive:
        archive.writestr("../../../../etc/passwd.shp", b"\x00\x00\x27\x0a" + bytes(96))
        link = zipfile.ZipInfo("cells.shp")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, str(folder / "secret.dbf"))
    return folder / "up.zip"


@hostile("encrypted|password")
def zip_encrypted(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.writestr("cells.shp", b"\x00\x00\x27\x0a" + bytes(96))
        archive.writestr("cells.dbf", b"\x03" + bytes(64))
    content = bytearray((folder / "a.zip").read_bytes())
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = content.find(signature)
        while place >= 0:
            content[place + at] |= 1
            place = content.find(signature, place + 1)
    return saved(folder, "encrypted.zip", bytes(content))


@hostile("broken zip")
def zip_truncated(folder: Path) -> Path:
    path = zip_traversal(folder)
    return saved(folder, "cut.zip", path.read_bytes()[:-40])


# Workbooks


def workbook(folder: Path, **parts: bytes) -> Path:
    """A small real workbook of which some parts are replaced."""
    book = openpyxl.Workbook()
    book.active.append(["code", "name", "wkt"])
    book.active.append(["A1", "one", "POINT (114 30)"])
    whole = io.BytesIO()
    book.save(whole)
    with (
        zipfile.ZipFile(whole) as old,
        zipfile.ZipFile(folder / "book.xlsx", "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, parts.pop(name.rpartition("/")[2].partition(".")[0], old.read(name)))
        for name, part in parts.items():
            new.writestr(f"xl/{name}.xml", part)
    return folder / "book.xlsx"


_SHEET = b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>'
_STRINGS = b'<?xml version="1.0"?><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">%s</sst>'
_CELL = b'<row r="%d"><c r="A%d" t="inlineStr"><is><t>x</t></is></c></row>'


@hostile("bomb|sharedStrings.xml")
def xlsx_shared_strings(folder: Path) -> Path:
    return workbook(folder, sharedStrings=_STRINGS % (b"<si><t>a</t></si>" * 5_000_000))


@hostile("bomb|sharedStrings.xml")
def xlsx_shared_strings_below_the_size(folder: Path) -> Path:
    return workbook(folder, sharedStrings=_STRINGS % (b"<si><t>a</t></si>" * 3_000_000))


@hostile("bomb")
def xlsx_huge_sheet(folder: Path) -> Path:
    rows = b'<row r="1"><c r="A1"><v>1</v></c></row>' * 26_000
    return workbook(folder, sheet1=_SHEET % (rows * 500))


@hostile("bomb")
def xlsx_styles(folder: Path) -> Path:
    return workbook(folder, styles=b"<styleSheet>" + b"<font><b/></font>" * 1_000_000)


@hostile("column|header")
def xlsx_far_away_cell(folder: Path) -> Path:
    row = b'<row r="1"><c r="A1"><v>1</v></c></row>'
    far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    return workbook(folder, sheet1=_SHEET % (row + far))


@hostile("no column for|cells need outlines|no header|coordinate")
def xlsx_wide_rows(folder: Path) -> Path:
    rows = b"".join(
        b'<row r="%d"><c r="XFD%d"><v>1</v></c></row>' % (n, n) for n in range(1, 20_000)
    )
    return workbook(folder, sheet1=_SHEET % rows)


_LAUGHS = b'<!DOCTYPE lolz [<!ENTITY a "lol">' + b"".join(
    b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9)
) + b"]>"  # fmt: skip


@hostile("XML entities")
def xlsx_entities(folder: Path) -> Path:
    strings = b'<?xml version="1.0"?>' + _LAUGHS + b"<sst><si><t>&j;</t></si></sst>"
    return workbook(folder, sharedStrings=strings)


@hostile("no plain XML")
def xlsx_entities_behind_a_comment(folder: Path) -> Path:
    padding = b"<!--" + b"x" * 200_000 + b"-->"
    strings = b'<?xml version="1.0"?>' + padding + _LAUGHS + b"<sst><si><t>&j;</t></si></sst>"
    return workbook(folder, sharedStrings=strings)


@hostile("UTF-16|XML")
def xlsx_entities_in_utf16(folder: Path) -> Path:
    strings = '<?xml version="1.0" encoding="UTF-16"?>' + _LAUGHS.decode() + "<sst/>"
    return workbook(folder, sharedStrings=strings.encode("utf-16"))


@hostile("workbook|zip")
def xlsx_truncated(folder: Path) -> Path:
    return saved(folder, "cut.xlsx", workbook(folder).read_bytes()[:3000])


@hostile("workbook")
def xlsx_broken_inside(folder: Path) -> Path:
    return workbook(folder, workbook=b"<workbook><sheets>")


@hostile("workbook|cannot be read")
def xlsx_broken_sheet(folder: Path) -> Path:
    return workbook(folder, sheet1=_SHEET % b"<row><c><v>1</row>")


@hostile("no column holds coordinates")
def xlsx_formulae(folder: Path) -> Path:
    book = openpyxl.Workbook()
    book.active.append(["code", "name"])
    book.active.append(['=HYPERLINK("http://x")', "=1+1"])
    book.save(folder / "f.xlsx")
    return folder / "f.xlsx"


# Shapes


@hostile("crosses itself too often")
def one_star(folder: Path) -> Path:
    return saved(folder, "star.geojson", collection(feature(star(200), code="A")))


@hostile("crosses itself too often|too often in all")
def thousands_of_stars(folder: Path) -> Path:
    stars = [feature(star(99, lon=100 + n / 100), code=f"A{n}") for n in range(2_000)]
    return saved(folder, "stars.geojson", collection(*stars))


@hostile("too often in all|area cannot be kept")
def thousands_of_small_stars(folder: Path) -> Path:
    stars = [feature(star(41, lon=100 + n / 100), code=f"A{n}") for n in range(4_000)]
    return saved(folder, "stars.geojson", collection(*stars))


@hostile("crosses itself too often")
def one_enormous_star(folder: Path) -> Path:
    return saved(folder, "star.geojson", collection(feature(star(100_001), code="A")))


@hostile("cannot be read|not a number|there is no geometry|NaN|no place|not on the earth")
def nan_and_infinity(folder: Path) -> Path:
    text = '{"type":"FeatureCollection","features":[%s]}'
    one = '{"type":"Feature","properties":{"code":"%s"},"geometry":{"type":"Polygon","coordinates":[[[114,30],[%s,30],[114.1,30.1],[114,30]]]}}'
    features = ",".join(one % (n, n) for n in ("NaN", "Infinity", "-Infinity"))
    return saved(folder, "nan.geojson", (text % features).encode())


@hostile("not on the earth|not a number")
def far_away(folder: Path) -> Path:
    away = [[1e300, 30], [1e308, 30], [-1e300, 30.1], [1e300, 30]]
    shape = {"type": "Polygon", "coordinates": [away]}
    return saved(folder, "far.geojson", collection(feature(shape, code="A")))


@hostile("geometry in WKT")
def wkt_nested(folder: Path) -> Path:
    deep = "GEOMETRYCOLLECTION (" * 100_000 + "POINT (1 1)" + ")" * 100_000
    return saved(folder, "deep.csv", f'code,wkt\nA,"{deep}"\nB,"POLYGON ((nan 1,"\n'.encode())


# Text


@hostile("NUL")
def nul_escaped(folder: Path) -> Path:
    return saved(folder, "nul.geojson", collection(feature(SQUARE, code="A\0B")))


@hostile("NUL|none of the formats")
def nul_raw(folder: Path) -> Path:
    padding = feature(None, note="x" * 200_000)
    content = collection(padding, feature(SQUARE, code="A@B")).replace(b"@", b"\0")
    return saved(folder, "nul.geojson", content)


@hostile("NUL")
def nul_in_csv(folder: Path) -> Path:
    rows = b"".join(b'"P%d","x\0y","POINT (1 1)"\n' % n for n in range(100_000))
    return saved(folder, "nul.csv", b"code,name,wkt\n" + b'"a","b","POINT (1 1)"\n' * 5_000 + rows)


@hostile("surrogate")
def lone_surrogate(folder: Path) -> Path:
    return saved(folder, "half.geojson", collection(feature(SQUARE, code="\ud800A")))


@hostile("surrogate|not valid JSON")
def lone_surrogate_in_table(folder: Path) -> Path:
    return saved(folder, "half.json", json.dumps([{"code": "\udc00", "lon": 1, "lat": 2}]).encode())


@hostile("UTF-8")
def surrogate_in_utf8(folder: Path) -> Path:
    content = collection(feature(SQUARE, code="@")).replace(b"@", b"\xed\xa0\x80")
    return saved(folder, "half.geojson", content)


@hostile("UTF-16")
def utf16(folder: Path) -> Path:
    return saved(folder, "wide.csv", "code,lon,lat\nA,1,2\n".encode("utf-16"))


@hostile("header|one line|columns")
def garbage_of_one_line(folder: Path) -> Path:
    return saved(folder, "garbage.csv", b"abcdefghij" * 5_000_000)


@hostile("none of the formats|text")
def garbage_bytes(folder: Path) -> Path:
    import random

    return saved(folder, "garbage.csv", random.Random(1).randbytes(50_000_000))


@hostile("text")
def garbage_late(folder: Path) -> Path:
    return saved(
        folder, "garbage.csv", b"code,lon,lat\n" + b"A,1,2\n" * 8_000_000 + b"\xff\xff\xff\n"
    )


@hostile("cannot be read|not valid|UTF-8")
def garbage_json(folder: Path) -> Path:
    return saved(folder, "garbage.json", b'{"features":[' + b"x" * 50_000_000)


@hostile("100,000 columns")
def csv_of_columns(folder: Path) -> Path:
    header = ",".join(f"c{n}" for n in range(100_000))
    return saved(folder, "wide.csv", f"{header}\n{',' * 99_999}\n".encode())


@hostile("columns|values")
def json_of_columns(folder: Path) -> Path:
    rows = [{f"k{n}": n} for n in range(100_000)]
    return saved(folder, "wide.json", json.dumps(rows).encode())


@hostile("columns|values")
def json_of_one_row(folder: Path) -> Path:
    return saved(folder, "wide.json", b"[[" + b"1," * 3_000_000 + b"1]]")


@hostile("values")
def json_of_lists(folder: Path) -> Path:
    return saved(folder, "lists.json", b"[" + b"[]," * 15_000_000 + b"[]]")


@hostile("columns|fields")
def geojson_of_columns(folder: Path) -> Path:
    features = [feature(None, **{f"k{n}": n}) for n in range(20_000)]
    return saved(folder, "wide.geojson", collection(*features))


@hostile("cannot be read|not valid|deep")
def nested_json(folder: Path) -> Path:
    return saved(folder, "deep.json", b"[" * 1_000_000)


@hostile("cannot be read|no geometry|deep")
def nested_geojson(folder: Path) -> Path:
    deep = b'{"type":"GeometryCollection","geometries":[' * 20_000 + b"]}" * 20_000
    content = collection(feature(0, code="A")).replace(b": 0", b": " + deep)
    return saved(folder, "deep.geojson", content)


@hostile("cannot be read|no geometry|deep|columns")
def nested_properties(folder: Path) -> Path:
    deep = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
    return saved(
        folder, "deep.geojson", collection(feature(SQUARE, code=0)).replace(b": 0", b": " + deep)
    )


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


@hostile("cannot be read|malformed|no layer")
def gpkg_truncated(folder: Path) -> Path:
    return cut(folder, "cut.gpkg")


@hostile("cannot be read|cut short")
def fgb_truncated(folder: Path) -> Path:
    return cut(folder, "cut.fgb")


@hostile("cannot be read as Parquet")
def parquet_truncated(folder: Path) -> Path:
    return cut(folder, "cut.parquet")


@hostile("cannot be read|cut short|incomplete|no geometry")
def shapefile_truncated(folder: Path) -> Path:
    path = cut(folder, "cut.shp")
    for suffix in (".shx", ".dbf", ".prj", ".cpg"):
        saved(folder, f"cut{suffix}", (folder / f"whole-cut{suffix}").read_bytes())
    return path


@hostile("only part of")
def shapefile_alone(folder: Path) -> Path:
    cut(folder, "x.shp")
    return saved(folder, "alone.shp", (folder / "whole-x.shp").read_bytes())


@hostile("buildings or facilities, not cells")
def pbf_truncated(folder: Path) -> Path:
    return saved(folder, "cut.osm.pbf", b"\x00\x00\x00\x0d\x0a\x09OSMHeader\x18\x7f" + b"x" * 50)


@hostile("view")
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


@hostile("computed")
def gpkg_with_computed_columns(folder: Path) -> Path:
    path = folder / "blob.gpkg"
    cells().to_file(path, layer="cells")
    with sqlite3.connect(path) as db:
        db.execute("ALTER TABLE cells ADD COLUMN big AS (hex(zeroblob(500000000))) VIRTUAL")
    db.close()
    return path


@hostile("columns|GPKG|layer|GeoPackage")
def sqlite_of_something_else(folder: Path) -> Path:
    with sqlite3.connect(folder / "other.gpkg") as db:
        db.execute("CREATE TABLE secret (name TEXT)")
        db.execute("INSERT INTO secret VALUES (?)", (SECRET,))
    db.close()
    return folder / "other.gpkg"


@hostile("claims|holds|cannot be read")
def fgb_that_claims_much(folder: Path) -> Path:
    cells().to_file(folder / "cells.fgb", SPATIAL_INDEX="NO")
    content = bytearray((folder / "cells.fgb").read_bytes())
    place = content.find(struct.pack("<Q", 500))
    content[place : place + 8] = struct.pack("<Q", 19_000_000)
    return saved(folder, "claims.fgb", bytes(content))


@hostile("unpacks|rows")
def parquet_bomb(folder: Path) -> Path:
    word = pa.DictionaryArray.from_arrays(pa.array([0] * 1_000_000, pa.int32()), ["x" * 100_000])
    pq.write_table(pa.table({"code": word}), folder / "bomb.parquet", compression="zstd")
    return folder / "bomb.parquet"


@hostile("unpacks|rows")
def parquet_of_zeros(folder: Path) -> Path:
    zeros = pa.array([bytes(20_000_000)] * 20, pa.large_binary())
    pq.write_table(
        pa.table({"code": zeros}),
        folder / "zeros.parquet",
        compression="zstd",
        use_dictionary=False,
    )
    return folder / "zeros.parquet"


@hostile("too deeply")
def parquet_nested(folder: Path) -> Path:
    deep = struct.pack("<BII", 1, 7, 1) * 200_000 + struct.pack("<BIdd", 1, 1, 1.0, 2.0)
    column = {"encoding": "WKB", "geometry_types": [], "crs": None}
    geo = {"version": "1.0.0", "primary_column": "geometry", "columns": {"geometry": column}}
    table = pa.table({"code": ["A"], "geometry": pa.array([deep], pa.binary())})
    table = table.replace_schema_metadata({"geo": json.dumps(geo)})
    pq.write_table(table, folder / "deep.parquet")
    return folder / "deep.parquet"


@hostile("too short to be the rows")
def csv_of_letters(folder: Path) -> Path:
    return saved(folder, "letters.csv", b"code,lon,lat\n" + b"a\n" * 20_000_000)


@hostile("is empty")
def empty_file(folder: Path) -> Path:
    return saved(folder, "empty.geojson", b"")


@hostile("is a folder")
def a_folder(folder: Path) -> Path:
    return folder


@hostile("there is no file")
def no_file(folder: Path) -> Path:
    return folder / "nothing.geojson"


@hostile("not a plain file|cannot be read")
def a_device(folder: Path) -> Path:
    (folder / "zero.geojson").symlink_to("/dev/zero")
    return folder / "zero.geojson"


@hostile("not a plain file|cannot be read")
def a_pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe.geojson")
    return folder / "pipe.geojson"


def ordinary(folder: Path) -> float:
    """CPU seconds that a harmless file takes just now, up to where the store would be opened."""
    point = {"type": "Point", "coordinates": [114, 30]}
    path = saved(folder, "ordinary.geojson", collection(feature(point, code="A")))
    run = wangge(folder / "home", "import", "cells", path)
    assert run["code"] == 2
    return float(run["cpu_s"])


@pytest.mark.parametrize("name", FILES)
def test_is_refused_in_words_cheaply_and_before_a_store_is_started(
    name: str, tmp_path: Path
) -> None:
    make, words = FILES[name]
    path = make(tmp_path)
    home = tmp_path / "home"
    for _ in range(RUNS):
        run = wangge(home, "import", "cells", path, "--datum", "wgs84")
        if run["cpu_s"] <= CPU_S or run["cpu_s"] <= TIMES_AN_ORDINARY_FILE * ordinary(tmp_path):
            break
    else:
        pytest.fail(f"took {run['cpu_s']:.2f} CPU seconds")
    print(f"{name}: {run['cpu_s']:.2f} s, {run['mb']:.0f} MB")
    assert run["code"] == 2, run["said"]
    assert re.search(words, run["said"]), run["said"]
    assert "Traceback" not in run["said"]
    assert SECRET not in run["said"]
    assert len(run["said"]) < 4_000
    assert run["mb"] <= MEMORY_MB
    assert not home.exists()
