"""Exports of the small town, read back by readers that are not ours."""

import csv
import io
import json
import re
from datetime import date
from itertools import zip_longest

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyarrow.parquet
import pyogrio
import shapely
from town import TESTER, at, draw

from api.actions.exports import Shape, export_file
from data.exports import Wanted

TODAY = date(2026, 11, 22)
TABLES = (".csv", ".xlsx")
PLACES = {
    "cells": draw("ABCD"),
    "statistics": draw("ABCD"),
    "facilities": {"f-a": at(0.5, 0.5), "f-ab": at(1, 0.5), "f-bc": at(2, 0.5), "f-d": at(3.5, 0.25), "f-out": at(9, 9), "f-null": None},
    "cases": {"c-new": at(0.5, 0.5), "c-done": at(0.2, 0.2), "c-null": None, "c-bc": at(2, 0.5)},
    "dwellings": {f"{house} {n}": spot for house, spot in [("h1", at(0.5, 0.5)), ("h2", at(2.5, 0.5))] for n in ("101", "102")},
}  # fmt: skip


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
        return _of_table(lines_of_table(path))
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


def lines_of_table(path):
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
    told = [{name: plain(value) for name, value in record.items()} for record in records]
    return dict(zip(codes, told, strict=True)), dict(zip(codes, outlines, strict=True)), crs


def plain(value):
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


def assert_places(found, expected, within=1e-6):
    assert set(found) == set(expected)
    for code, shape in expected.items():
        if shape is None:
            assert found[code] is None or found[code].is_empty
        elif shape.geom_type == "Point":
            assert found[code].equals_exact(shape, within)
        else:
            assert found[code].symmetric_difference(shape).area < within * shape.length
