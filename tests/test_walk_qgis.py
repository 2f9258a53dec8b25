"""The real QGIS over a served town: its layers, filters, tiles, our project and our styles.

Skipped where QGIS is not installed; it runs in the distribution's Python, not in ours.
"""

import io
import json
import shutil
import subprocess
import zipfile
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import httpx
import pytest
import shapely
from clients import overheard, run

from maps.styles import FACILITIES, GROUND, RAMPS

PYTHON = "/usr/bin/python3"
SCRIPT = Path(__file__).parent / "in_qgis.py"
CELLS_OF_THE_TOWN, FACILITIES_OF_THE_TOWN = 60, 1_500


@cache
def _is_there():
    if shutil.which(PYTHON) is None:
        return False
    asked = subprocess.run([PYTHON, "-c", "import qgis.core"], capture_output=True, check=False)
    return asked.returncode == 0


@pytest.fixture
def qgis(tmp_path):
    """`qgis(task, …)`: what the real QGIS tells of it, in a profile of its own."""
    if not _is_there():
        pytest.skip("QGIS ABSENT: apt-get install python3-qgis qgis-providers")

    def do(task, *of, **more):
        places = ("XDG_RUNTIME_DIR", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "HOME")
        around = dict.fromkeys(places, str(tmp_path)) | {"QT_QPA_PLATFORM": "offscreen"}
        asked = json.dumps({"do": task, "of": [str(one) for one in of], **more})
        told = run(PYTHON, str(SCRIPT), into=asked, **around)
        return json.loads(told.splitlines()[-1])

    return do


def _layer(base, name, *more):
    return " ".join(["pageSize='1000'", *more, f"typename='{name}'", f"url='{base}/ogc'"])


def _exported(base, kind):
    told = httpx.get(f"{base}/export/{kind}.geojson", timeout=60).json()["features"]
    return {one["properties"]["code"]: one for one in told}


def _by_code(told):
    return {one["properties"]["code"]: one for one in told["features"]}


# Layers


def test_cells_are_those_of_the_export_and_speak_chinese(still_base, qgis):
    told = qgis("features", _layer(still_base, "cells"))
    assert (told["valid"], told["crs"], told["log"]) == (True, "EPSG:4326", [])
    got, wanted = _by_code(told), _exported(still_base, "cells")
    assert len(told["features"]) == len(got) == CELLS_OF_THE_TOWN
    for name in ("name", "kind", "community", "division_code", "area_m2"):
        assert {code: one["properties"][name] for code, one in got.items()} == {
            code: one["properties"][name] for code, one in wanted.items()
        }
    first = got["990101001001001"]["properties"]
    assert (first["name"], first["community"]) == ("望江社区第一网格", "望江社区")
    for code, one in got.items():
        outline = shapely.geometry.shape(wanted[code]["geometry"])
        assert shapely.from_wkt(one["wkt"]).equals(outline)


def test_facilities_come_in_pages_of_a_thousand(still_base, qgis):
    with overheard() as asked:
        told = qgis("features", _layer(still_base, "facilities"))
    assert _by_code(told).keys() == _exported(still_base, "facilities").keys()
    assert len(told["features"]) == FACILITIES_OF_THE_TOWN
    pages = asked.of("/facilities/items")[1:]  # the first of all is ten features, for their fields
    assert pages == [{"limit": "1000"}, {"limit": "1000", "after": "1000"}]


def test_only_what_is_in_view_is_asked_for(still_base, qgis):
    box = [111.198, 30.098, 111.201, 30.101]
    with overheard() as asked:
        layer = _layer(still_base, "facilities", "restrictToRequestBBOX='1'")
        told = qgis("features", layer, box=box)
    inside = {
        code
        for code, one in _exported(still_base, "facilities").items()
        if shapely.box(*box).intersects(shapely.geometry.shape(one["geometry"]))
    }
    assert _by_code(told).keys() == inside
    assert 10 < len(inside) < FACILITIES_OF_THE_TOWN
    (page,) = asked.of("/facilities/items")[1:]
    assert [round(float(edge), 6) for edge in page["bbox"].split(",")] == box


def test_a_filter_of_a_gdal_layer_goes_to_the_server(still_base, qgis):
    source = f"OAPIF:{still_base}/ogc|layername=facilities|option:PAGE_SIZE=1000"
    with overheard() as asked:
        told = qgis("features", source, provider="ogr", subset="\"category\" = 'medical'")
    wanted = {
        code
        for code, one in _exported(still_base, "facilities").items()
        if one["properties"]["category"] == "medical"
    }
    assert _by_code(told).keys() == wanted
    last = asked.of("/facilities/items")[-1]
    assert (last["category"], last["limit"]) == ("medical", "1000")


def test_a_filter_by_time_goes_to_the_server(still_base, qgis):
    with overheard() as asked:
        told = qgis(
            "features", _layer(still_base, "facilities"), subset="\"valid_from\" < '2020-01-01'"
        )
    assert (told["valid"], told["features"], told["log"]) == (True, [], [])
    last = asked.of("/facilities/items")[-1]
    assert last == {"limit": "1000", "datetime": "0000-01-01T00:00:00Z/2020-01-01"}


def test_other_filters_hold_though_an_old_qgis_applies_them_itself(still_base, qgis):
    only = "\"category\" = 'medical' AND \"name\" LIKE '%诊所%'"
    told = qgis("features", _layer(still_base, "facilities"), subset=only)
    wanted = {
        code
        for code, one in _exported(still_base, "facilities").items()
        if one["properties"]["category"] == "medical" and "诊所" in one["properties"]["name"]
    }
    assert _by_code(told).keys() == wanted
    assert len(wanted) > 5


@pytest.mark.parametrize(
    ("filter", "holds"),
    [
        ("(category = 'medical')", lambda one: one["category"] == "medical"),
        ("((category = 'medical') AND (name LIKE '%诊所%'))",
         lambda one: one["category"] == "medical" and "诊所" in one["name"]),
        ("(CASEI(name) LIKE CASEI('%诊所%'))", lambda one: "诊所" in one["name"]),
        ("(\"class_code\" IS NOT NULL)", lambda one: one["class_code"] is not None),
        ("(\"valid_from\" > DATE('2024-05-31'))", lambda one: one["valid_from"] > "2024-05-31"),
        ("category IN ('medical','education')",
         lambda one: one["category"] in {"medical", "education"}),
        ("(NOT ((category <> 'medical')))", lambda one: one["category"] == "medical"),
    ],
)  # fmt: skip
def test_filters_as_newer_qgis_writes_them_are_understood(still_base, filter, holds):
    """QGIS from 3.32 on writes CQL2 so (`qgsoapifcql2textexpressioncompiler.cpp`)."""
    asked = {"limit": "10000", "filter": filter, "filter-lang": "cql2-text"}
    answer = httpx.get(f"{still_base}/ogc/collections/facilities/items", params=asked, timeout=60)
    assert answer.status_code == 200, answer.text
    wanted = {
        code
        for code, one in _exported(still_base, "facilities").items()
        if holds(one["properties"])
    }
    assert {one["properties"]["code"] for one in answer.json()["features"]} == wanted
    assert wanted


def test_nobody_is_offered_to_edit_what_he_may_not(still_base, qgis):
    assert qgis("features", _layer(still_base, "cells"))["editable"] is False


def test_whoever_shows_a_token_sees_his_cases(still_base, qgis):
    told = qgis("features", _layer(still_base, "cases"), token=still_base.token)
    path = f"{still_base}/export/cases.geojson"
    wanted = httpx.get(path, headers=still_base.headers, timeout=60).json()["features"]
    assert _by_code(told).keys() == {one["properties"]["code"] for one in wanted}
    assert len(wanted) > 100
    assert qgis("features", _layer(still_base, "cases"))["valid"] is False


# Tiles


def test_vector_tiles_are_drawn_by_their_style_address(still_base, qgis):
    tiles = f"{still_base}/tiles/cells,divisions"
    place = f"{tiles}/%7Bz%7D/%7Bx%7D/%7By%7D.mvt"
    with overheard() as asked:
        told = qgis("tiles", f"styleUrl={tiles}/style.json&type=xyz&url={place}&zmin=0&zmax=16")
    assert told == {
        "valid": True, "loaded": True, "wrong": "", "log": [],
        "styles": [
            ["background", "background"], ["cells", "cells"], ["cell_edges", "cells"],
            ["divisions", "divisions"],
        ],
    }  # fmt: skip
    assert [unquote(one) for one in asked] == ["/tiles/cells,divisions/style.json"]


# Our project and styles


@pytest.fixture
def project(still_base, tmp_path):
    """The project as it is downloaded."""
    answer = httpx.get(f"{still_base}/qgis/wangge.qgz", timeout=60)
    assert answer.headers["content-disposition"] == 'attachment; filename="wangge.qgz"'
    (tmp_path / "wangge.qgz").write_bytes(answer.content)
    return tmp_path / "wangge.qgz"


def test_the_project_opens_whole(qgis, project):
    told = qgis("project", project)
    assert (told["crs"], told["title"], told["log"]) == ("EPSG:3857", "网格 Wangge", [])
    layers = told["layers"]
    assert {name: (one["valid"], one["crs"]) for name, one in layers.items()} == {
        "设施 · Facilities": (True, "EPSG:4326"),
        "街道与楼栋 · Streets and houses": (True, "EPSG:3857"),
        "网格 · Cells": (True, "EPSG:4326"),
        "底图 · Ground": (True, "EPSG:3857"),
    }
    cells, facilities = layers["网格 · Cells"], layers["设施 · Facilities"]
    assert (cells["labels"], cells["from"]) == (True, 50_000)
    assert cells["fields"]["community"] == "社区 · community"
    assert cells["words"]["kind"]["basic"] == "基础网格"
    assert cells["legend"][0] == "不公开 · not shown"
    assert facilities["legend"] == [
        f"{word.label} · {sign.english}" for word, sign in FACILITIES.items()
    ]
    assert facilities["words"]["category"]["elder_care"] == "养老助残"


def test_the_project_is_drawn_in_our_colours(still_base, qgis, project, tmp_path):
    signs = {one.colour for word, one in FACILITIES.items() if word != "component"}
    for zoom, seen in ((1, {"cells"}), (2, {"cells", "facilities"})):
        with overheard() as asked:
            told = qgis("draw", project, tmp_path / "drawn.png", zoom=zoom)
        assert (told["wrong"], told["log"]) == ([], [])
        colours = {*told["colours"]}
        assert {GROUND["road"], GROUND["building"], GROUND["division"]} <= colours
        assert (GROUND["paper"] in colours) == (zoom == 1)
        assert len(signs & colours) >= len(signs) - 2 if zoom == 2 else not signs & colours
        boxed = {
            name
            for name in ("cells", "facilities")
            for one in asked.of(f"/{name}/items")
            if one["limit"] == "1000" and "bbox" in one
        }
        assert boxed == seen
        assert any(".mvt" in one for one in asked)


def test_the_project_names_the_host_that_was_asked_and_holds_no_data(still_base):
    port = still_base.rpartition(":")[2]
    path = f"{still_base}/qgis/wangge.qgz"
    for host in ("127.0.0.1", "localhost"):
        body = httpx.get(path, headers={"Host": f"{host}:{port}"}).content
        with zipfile.ZipFile(io.BytesIO(body)) as packed:
            assert packed.namelist() == ["wangge.qgs"]
            text = packed.read("wangge.qgs").decode()
        assert text.count(f"http://{host}:{port}/ogc") == 2
        assert "望江社区" not in text


@pytest.mark.parametrize("name", ["cells", "facilities"])
def test_a_style_fits_a_layer_of_ones_own(still_base, qgis, tmp_path, name):
    path = tmp_path / f"{name}.qml"
    path.write_bytes(httpx.get(f"{still_base}/qgis/{name}.qml").content)
    told = qgis("style", path, _layer(still_base, name))
    assert (told["loaded"], told["labels"]) == (True, True)
    assert told["renderer"] == {"cells": "RuleRenderer", "facilities": "categorizedSymbol"}[name]
    assert len(told["legend"]) == {"cells": len(RAMPS["households"]) + 2, "facilities": 11}[name]
    assert told["fields"]["name"] == "名称 · name"


def test_the_first_page_of_the_api_leads_to_the_project(still_base):
    page = httpx.get(f"{still_base}/ogc", params={"f": "html"}).text
    for name in ("wangge.qgz", "cells.qml", "facilities.qml"):
        assert f'href="{still_base}/qgis/{name}"' in page
