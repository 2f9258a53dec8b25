"""Exports: every kind in every format, read back by somebody else; whole or not at all."""

import json

import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
import shapely
from exporting import PLACES, TABLES, assert_places, column, export, lines_of_table, plain, read
from town import at, box, draw, found, place

import data.db
import data.files.write
from data.exports import KINDS
from data.files.write import SHORT, SUFFIXES
from gis.errors import BadInput, NotFound, TooLarge

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


CRS = {".gpkg": 4326, ".fgb": 4326, ".shp.zip": 4326, ".parquet": 4326}


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_in_every_format_says_the_same(shared_town, tmp_path, kind, suffix):
    path, count = export(shared_town, tmp_path, kind, suffix=suffix)
    assert [one.name for one in tmp_path.iterdir()] == [path.name], "no litter"
    attributes, places, crs = read(path, suffix)
    assert count == len(EXPECTED[kind])
    short = SHORT if suffix == ".shp.zip" else {}
    for code, expected in EXPECTED[kind].items():
        told = {name: attributes[code][short.get(name, name)] for name in expected}
        assert told == {name: plain(value) for name, value in expected.items()}
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
        assert lines_of_table(path) == []


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


# Whole or not at all


def test_an_unknown_suffix_is_refused_with_the_choices(shared_town, tmp_path):
    with pytest.raises(BadInput) as refusal:
        export(shared_town, tmp_path, "cells", suffix=".dwg")
    assert str(refusal.value) == f"'out.dwg' has none of the suffixes {', '.join(SUFFIXES)}"


def test_a_refusal_leaves_the_file_that_was_there(shared_town, tmp_path):
    path = tmp_path / "out.gpkg"
    path.write_bytes(b"mine")
    with pytest.raises(NotFound):
        export(shared_town, tmp_path, "cells", suffix=".gpkg", area="Z")
    assert path.read_bytes() == b"mine"
    assert list(tmp_path.iterdir()) == [path]
    export(shared_town, tmp_path, "cells", suffix=".gpkg")
    assert len(pyogrio.read_dataframe(path)) == 4


def test_a_folder_that_is_not_there_is_told(shared_town, tmp_path):
    with pytest.raises(BadInput, match=f"there is no folder {tmp_path / 'none'}"):
        export(shared_town, tmp_path / "none", "cells")


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


# Hostile content


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
        lines = lines_of_table(export(store, tmp_path, "facilities", suffix=suffix)[0])
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


def test_numbers_stay_whole_where_some_are_missing(shared_town, tmp_path):
    told = column(shared_town, tmp_path, "cells", "households_declared")
    assert {code: repr(value) for code, value in told.items()} == {
        "A": "90",
        "B": "None",
        "C": "None",
        "D": "None",
    }
    lines = lines_of_table(export(shared_town, tmp_path, "cells", suffix=".csv")[0])
    assert [line["households_declared"] for line in lines] == ["90", "", "", ""]
