"""GDAL, geopandas and spreadsheets over a served town: what they read is what the export tells."""

import csv
import io
import json
import shutil
import sys

import httpx
import openpyxl
import pytest
import shapely
from clients import overheard, run
from shapely.geometry import shape
from town import at, draw, found, place
from typer.testing import CliRunner

import data.db
import data.files.read
import data.locate
import gis.rows
from api.cli import app
from gis.terms import RecordKind

SAME = {
    "cells": ("code", "name", "kind", "division_code", "community", "area_m2"),
    "facilities": (
        "code", "name", "kind", "category", "class_code", "address", "phone", "hours", "valid_from",
        "valid_to",
    ),
}  # fmt: skip
"""What a collection and an export both tell of a kind."""
PYOGRIO = """
import pyogrio, shapely, sys, json
source, layer, where = json.loads(sys.stdin.read())
frame = pyogrio.read_dataframe(source, layer=layer, where=where)
print(frame.to_json(drop_id=True, default=str))
"""
GEOPANDAS = """
import geopandas, sys, json
print(geopandas.read_file(json.loads(sys.stdin.read())).to_json(drop_id=True, default=str))
"""


def _features(text):
    """Code → attributes and outline, of a GeoJSON text."""
    told = json.loads(text)["features"]
    found = {
        one["properties"]["code"]: (one["properties"], shapely.normalize(shape(one["geometry"])))
        for one in told
    }
    assert len(found) == len(told)
    return found


def _exported(base, kind):
    return _features(httpx.get(f"{base}/export/{kind}.geojson", timeout=60).text)


def _attributes(features, kind):
    def plain(value):
        return str(value)[:10] if isinstance(value, str) and value[4:5] == "-" else value

    return {
        code: {name: plain(told[name]) for name in SAME[kind]}
        for code, (told, _) in features.items()
    }


def _assert_same(got, wanted, kind):
    assert _attributes(got, kind) == _attributes(wanted, kind)
    assert {code for code, (_, one) in got.items() if not one.equals(wanted[code][1])} == set()


def _by_pyogrio(base, kind, where=None):
    asked = json.dumps([f"OAPIF:{base}/ogc", kind, where])
    return _features(run(sys.executable, "-c", PYOGRIO, into=asked))


def _by_ogr2ogr(base, kind, where=None):
    program = shutil.which("ogr2ogr")
    if program is None:
        pytest.skip("OGR2OGR ABSENT: apt-get install gdal-bin")
    narrowed = [] if where is None else ["-where", where]
    return _features(run(
        program, "-f", "GeoJSON", "/vsistdout/", f"OAPIF:{base}/ogc", kind, "-oo",
        "PAGE_SIZE=1000", "-lco", "COORDINATE_PRECISION=10", *narrowed,
    ))  # fmt: skip


# GDAL


@pytest.mark.parametrize("read", [_by_ogr2ogr, _by_pyogrio])
@pytest.mark.parametrize("kind", ["cells", "facilities"])
def test_gdal_reads_what_the_export_tells(still_base, kind, read):
    wanted = _exported(still_base, kind)
    with overheard() as asked:
        got = read(still_base, kind)
    _assert_same(got, wanted, kind)
    pages = {one.get("after") for one in asked.of(f"/{kind}/items") if one["limit"] == "1000"}
    assert pages == {"cells": {None}, "facilities": {None, "1000"}}[kind]


@pytest.mark.parametrize("read", [_by_ogr2ogr, _by_pyogrio])
def test_gdal_leaves_a_filter_to_the_server(still_base, read):
    wanted = {
        code: one
        for code, one in _exported(still_base, "facilities").items()
        if one[0]["category"] == "medical"
    }
    with overheard() as asked:
        got = read(still_base, "facilities", "category = 'medical'")
    assert len(wanted) == 63
    _assert_same(got, wanted, "facilities")
    last = asked.of("/facilities/items")[-1]
    assert (last["category"], last["limit"]) == ("medical", "1000")


def test_gdal_asks_by_time_in_a_form_of_its_own(still_base):
    with overheard() as asked:
        got = _by_pyogrio(still_base, "facilities", "valid_from <= '2020-01-01'")
    assert got == {}
    assert asked.of("/facilities/items")[-1]["datetime"] == "../2020-01-01T"


def test_gdal_signs_in_by_a_header_and_sees_what_its_account_may(still_base):
    program = shutil.which("ogr2ogr")
    if program is None:
        pytest.skip("OGR2OGR ABSENT: apt-get install gdal-bin")
    asked = (program, "-f", "GeoJSON", "/vsistdout/", f"OAPIF:{still_base}/ogc", "cases",
             "-oo", "PAGE_SIZE=1000")  # fmt: skip
    header = f"Authorization: {still_base.headers['Authorization']}"
    got = json.loads(run(*asked, GDAL_HTTP_HEADERS=header))["features"]
    wanted = httpx.get(f"{still_base}/export/cases.geojson", headers=still_base.headers).json()
    assert len(got) > 100
    assert {one["properties"]["code"] for one in got} == {
        one["properties"]["code"] for one in wanted["features"]
    }
    with pytest.raises(AssertionError, match="cases"):
        run(*asked)


# geopandas


@pytest.mark.parametrize("kind", ["cells", "facilities"])
def test_geopandas_reads_an_address(still_base, kind):
    wanted = _exported(still_base, kind)
    addresses = [f"/export/{kind}.geojson", f"/export/{kind}.gpkg", f"/layers/{kind}.geojson"]
    for path in (f"/ogc/collections/{kind}/items?limit=10000", *addresses[:2]):
        got = run(sys.executable, "-c", GEOPANDAS, into=json.dumps(f"{still_base}{path}"))
        _assert_same(_features(got), wanted, kind)


# Spreadsheets

NAMES = {"007": "=1+1", "008": "+86", "009": "-2+3", "010": "@cmd", "011": "普通药店"}


@pytest.fixture
def hostile(store, empty_url, server):
    """A town of facilities whose names a spreadsheet would run, and whose codes it would shorten."""
    with data.db.transaction(store) as db:
        found(db, draw("A"))
        for code, name in NAMES.items():
            place(db, "facility", {code: at(0.5, 0.5)}, name=name)
        data.locate.refile(db)
    return server(empty_url)


def _book(base, name):
    answer = httpx.get(f"{base}/export/{name}", params={"headings": "zh"}, timeout=60)
    assert answer.status_code == 200
    return answer.content


def test_a_worksheet_has_chinese_headings_and_nothing_in_it_runs(hostile):
    sheet = openpyxl.load_workbook(io.BytesIO(_book(hostile, "facilities.xlsx"))).active
    headings, *rows = [list(row) for row in sheet.iter_rows()]
    assert [cell.value for cell in headings] == [
        "设施编码", "设施名称", "设施性质", "设施类型", "部件代码", "地址", "联系电话", "开放时间",
        "启用日期", "停用日期", "网格编码", "经度", "纬度",
    ]  # fmt: skip
    assert {row[0].value: row[1].value for row in rows} == {
        code: name if name == "普通药店" else f"'{name}" for code, name in NAMES.items()
    }
    assert {cell.data_type for row in rows for cell in (*row[:2], row[10])} == {"s"}
    assert "f" not in {cell.data_type for row in rows for cell in row}


def test_a_spreadsheet_opens_it_and_runs_nothing(hostile, tmp_path):
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        pytest.skip("LIBREOFFICE ABSENT: apt-get install libreoffice-calc")
    (tmp_path / "设施.xlsx").write_bytes(_book(hostile, "facilities.xlsx"))
    run(office, "--headless", "--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76",
        "--outdir", str(tmp_path), str(tmp_path / "设施.xlsx"), HOME=str(tmp_path))  # fmt: skip
    lines = list(csv.DictReader((tmp_path / "设施.csv").read_text("utf-8-sig").splitlines()))
    assert {one["设施编码"]: one["设施名称"].lstrip("'") for one in lines} == NAMES


@pytest.mark.parametrize("kind", ["cells", "facilities"])
def test_the_import_knows_the_headings_again(still_base, kind):
    sheet = openpyxl.load_workbook(io.BytesIO(_book(still_base, f"{kind}.xlsx"))).active
    headings = [cell.value for cell in sheet[1]]
    names = next(csv.reader(httpx.get(f"{still_base}/export/{kind}.csv").text[1:].splitlines()))
    fields = data.files.read.fields_of(RecordKind(kind))
    assert gis.rows.recognise(headings, fields, {}) == {
        heading: name
        for heading, name in zip(headings, names, strict=True)
        if name in {one.name for one in fields}
    }


@pytest.mark.parametrize("by", ["cell", "community"])
def test_every_column_of_statistics_has_a_chinese_heading(still_base, by):
    asked = {"headings": "zh", "by": by}
    answer = httpx.get(f"{still_base}/export/statistics.xlsx", params=asked, timeout=60)
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    assert [cell.value for cell in sheet[1] if str(cell.value).isascii()] == []


def test_the_command_line_writes_chinese_headings_too(hostile, empty_url, tmp_path, monkeypatch):
    monkeypatch.setenv("WANGGE_DATABASE_URL", empty_url)
    monkeypatch.setattr("api.running.stop_on_sigterm", lambda: None)
    words = ["export", "facilities", "-o", str(tmp_path / "设施.xlsx"), "--in-chinese"]
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0
    ours, served = (
        [[cell.value for cell in row] for row in openpyxl.load_workbook(book).active.iter_rows()]
        for book in (tmp_path / "设施.xlsx", io.BytesIO(_book(hostile, "facilities.xlsx")))
    )
    assert ours == served


def test_headings_of_what_programs_read_are_not_changed(still_base):
    answer = httpx.get(f"{still_base}/export/cells.csv", params={"headings": "zh"})
    assert (answer.status_code, answer.json()["detail"]) == (
        400, "Chinese headings are for .xlsx; .csv is read by programs",
    )  # fmt: skip
