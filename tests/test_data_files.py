"""Every format reads to the same rows and places; what cannot be read is refused in words."""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import geopandas
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
import shapely

from data.files.read import read
from data.files.sheet import Sheet
from gis.errors import BadInput, NotFound
from gis.terms import RecordKind

CODES = ["001", "002", "003"]
NAMES = ["江岸区", "硚口区㙍", '汉阳 "区"']
FLOORS = [3, 12, 7]
LON = [114.25, 114.5, 114.125]
LAT = [30.5, 30.25, 30.75]


def frame() -> geopandas.GeoDataFrame:
    return geopandas.GeoDataFrame(
        {"code": CODES, "名称": NAMES, "floors": FLOORS},
        geometry=shapely.points(LON, LAT), crs=4326,
    )  # fmt: skip


def rows() -> list[list[object]]:
    table = zip(CODES, NAMES, FLOORS, LON, LAT, strict=True)
    return [["code", "名称", "floors", "lon", "lat"], *map(list, table)]


Make = Callable[[Path], Path]


def map_file(name: str, **options: object) -> Make:
    def make(folder: Path) -> Path:
        frame().to_file(folder / name, **options)
        return folder / name

    return make


def geoparquet(folder: Path) -> Path:
    frame().to_parquet(folder / "a.parquet")
    return folder / "a.parquet"


def shapefile(folder: Path, *, name: str = "a", keep_cpg: bool = False) -> Path:
    """GBK text as town offices have it: no .cpg, language byte 0."""
    path = folder / f"{name}.shp"
    frame().to_file(path, encoding="GB18030")
    path.with_suffix(".cpg").unlink(missing_ok=not keep_cpg)
    table = bytearray(path.with_suffix(".dbf").read_bytes())
    table[29] = 0
    path.with_suffix(".dbf").write_bytes(table)
    return path


def zipped(folder: Path) -> Path:
    path = shapefile(folder, name="社区")
    with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for part in sorted(folder.glob("社区.*")):
            archive.write(part, f"导出/{part.name}")
    assert path.exists()
    return folder / "a.zip"


def text(encoding: str) -> Make:
    def make(folder: Path) -> Path:
        with (folder / "a.csv").open("w", encoding=encoding, newline="") as file:
            csv.writer(file).writerows(rows())
        return folder / "a.csv"

    return make


def workbook(folder: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["网格台账"])
    for row in rows():
        sheet.append(row)
    book.save(folder / "a.xlsx")
    return folder / "a.xlsx"


def json_table(folder: Path) -> Path:
    head, *rest = rows()
    content = [dict(zip(head, row, strict=True)) for row in rest]
    (folder / "a.json").write_text(json.dumps(content, ensure_ascii=False))
    return folder / "a.json"


MAPS: dict[str, Make] = {
    "GeoJSON": map_file("a.geojson"),
    "GeoJSON under any name": map_file("a.json", driver="GeoJSON"),
    "GeoJSONSeq": map_file("a.geojsonl", driver="GeoJSONSeq"),
    "GeoPackage": map_file("a.gpkg"),
    "FlatGeobuf": map_file("a.fgb", SPATIAL_INDEX="NO"),
    "GeoParquet": geoparquet,
    "shapefile": shapefile,
    "zipped shapefile": zipped,
}
TABLES: dict[str, Make] = {
    "CSV": text("utf-8"),
    "CSV with BOM": text("utf-8-sig"),
    "CSV in GB18030": text("gb18030"),
    "xlsx": workbook,
    "JSON table": json_table,
}


def values(sheet: Sheet) -> list[list[str]]:
    return sheet.frame[["code", "名称", "floors"]].to_numpy().tolist()


EXPECTED = [list(map(str, row)) for row in zip(CODES, NAMES, FLOORS, strict=True)]


@pytest.mark.parametrize("name", MAPS)
def test_map_files_give_the_same_rows_and_places(name: str, tmp_path: Path) -> None:
    sheet = read(MAPS[name](tmp_path), RecordKind.BUILDINGS)
    assert values(sheet) == EXPECTED
    assert list(sheet.frame.index) == [1, 2, 3]
    assert sheet.crs is not None
    assert sheet.crs.to_epsg() == 4326
    assert np.array_equal(shapely.get_coordinates(sheet.shapes), np.column_stack([LON, LAT]))


@pytest.mark.parametrize("name", TABLES)
def test_tables_give_the_same_rows(name: str, tmp_path: Path) -> None:
    sheet = read(TABLES[name](tmp_path), RecordKind.BUILDINGS)
    assert values(sheet) == EXPECTED
    assert sheet.shapes is None
    first = {"xlsx": 3, "JSON table": 1}.get(name, 2)
    assert list(sheet.frame.index) == [first, first + 1, first + 2]
    assert sheet.frame["lon"].astype(float).tolist() == LON


def test_text_of_a_shapefile_in_gbk_is_told(tmp_path: Path) -> None:
    assert read(shapefile(tmp_path), RecordKind.CELLS).notes == ["attribute text read as GB18030"]


def test_a_csv_in_gbk_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("编号,名称\n1,江岸\n".encode("gbk"))
    sheet = read(tmp_path / "a.csv", RecordKind.CELLS)
    assert sheet.frame.to_numpy().tolist() == [["1", "江岸"]]
    assert sheet.notes == ["read as GB18030"]


def test_big5_is_read_when_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("編號,名稱\n1,高雄\n".encode("big5"))
    sheet = read(tmp_path / "a.csv", RecordKind.CELLS, encoding="big5")
    assert sheet.frame.to_numpy().tolist() == [["1", "高雄"]]


@pytest.mark.parametrize("encoding", ["klingon", "rot13", "base64", "utf-7x"])
def test_an_encoding_that_is_none_is_refused(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    with pytest.raises(BadInput, match=f"--encoding {encoding}: no such encoding"):
        read(tmp_path / "a.csv", RecordKind.CELLS, encoding=encoding)


def test_text_of_another_encoding_is_refused_with_the_byte(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"a,b\n1,\xff\xff\n")
    with pytest.raises(BadInput, match="not utf-8 nor gb18030 text: byte 6 does not fit"):
        read(tmp_path / "a.csv", RecordKind.CELLS)
    with pytest.raises(BadInput, match="not gbk text: byte 6 does not fit"):
        read(tmp_path / "a.csv", RecordKind.CELLS, encoding="gbk")


@pytest.mark.parametrize("name", ["klingon", "rot13"])
def test_an_encoding_that_is_none_is_refused_for_shapefiles_too(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=name):
        read(shapefile(tmp_path), RecordKind.CELLS, encoding=name)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("told", [True, False])
def test_names_cut_amid_a_character_are_read_and_completed(told: bool, tmp_path: Path) -> None:
    columns = {"网格编码": ["甲1"], "网格名称": ["东村一组"], "备注说明": ["x"], "n": [1]}
    point = [shapely.Point(114, 30)]
    path = tmp_path / "a.shp"
    geopandas.GeoDataFrame(columns, geometry=point, crs=4326).to_file(path, encoding="UTF-8")
    if not told:
        path.with_suffix(".cpg").unlink()
        table = bytearray(path.with_suffix(".dbf").read_bytes())
        table[29] = 0
        path.with_suffix(".dbf").write_bytes(table)
    sheet = read(path, RecordKind.CELLS)
    assert list(sheet.frame.columns) == ["网格编码", "网格名称", "备注说", "n"]
    assert sheet.frame.to_numpy().tolist() == [["甲1", "东村一组", "x", "1"]]
    assert "names cut short: 网格编 taken as 网格编码" in sheet.notes


# CSV as it comes


def test_broken_rows_are_collected_with_their_numbers(tmp_path: Path) -> None:
    content = 'code,名称,lon\nA,一,1\n\nB,"two\nlines",2\nC,3\n,,\nD,x,4,5\nE,e,5\n'
    (tmp_path / "a.csv").write_text(content)
    sheet = read(tmp_path / "a.csv", RecordKind.CELLS)
    assert sheet.frame.fillna("").reset_index().to_numpy().tolist() == [
        [2, "A", "一", "1"], [4, "B", "two\nlines", "2"], [8, "E", "e", "5"],
    ]  # fmt: skip
    assert [(one.row, one.value, one.reason) for one in sheet.refusals] == [
        (5, "C,3", "2 values where the header names 3"),
        (7, "D,x,4,5", "4 values where the header names 3"),
    ]


def test_rows_that_do_not_fit_keep_their_cells(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('编号,名称,户数\nA,一,1\nB,"二,乙"\nC,三,3,多\n')
    sheet = read(tmp_path / "a.csv", RecordKind.CELLS)
    assert list(sheet.frame.index) == [2]
    assert sheet.as_it_came.fillna("").reset_index().to_numpy().tolist() == [
        [2, "A", "一", "1", ""], [3, "B", "二,乙", "", ""], [4, "C", "三", "3", "多"],
    ]  # fmt: skip


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_told_by_the_header(delimiter: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"a{delimiter}b\r\n1{delimiter}2\r\n")
    assert read(tmp_path / "a.csv", RecordKind.CELLS).frame.to_numpy().tolist() == [["1", "2"]]


def test_columns_of_one_name_and_of_none_get_their_own(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,a,\n1,2,3\n")
    names = list(read(tmp_path / "a.csv", RecordKind.CELLS).frame.columns)
    assert names == ["a", "a (2)", "column 3"]


def test_a_header_without_rows(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n")
    assert read(tmp_path / "a.csv", RecordKind.CELLS).frame.shape == (0, 2)


def test_an_outline_of_megabytes_in_a_csv(tmp_path: Path) -> None:
    shape = shapely.Point(114, 30).buffer(0.1, quad_segs=40_000)
    (tmp_path / "a.csv").write_text(f'code,wkt\nA,"{shape.wkt}"\nB,\n')
    assert read(tmp_path / "a.csv", RecordKind.CELLS).frame["wkt"].str.len().max() > 2_000_000


# Workbooks as they come


def test_a_workbook_with_gaps_dates_and_numbers(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["编号", "日期", "户数"])
    sheet["A5"], sheet["B5"], sheet["C5"] = "001", pd.Timestamp(2026, 3, 1).to_pydatetime(), 12.0
    sheet["A9"], sheet["C9"] = 7, 1.5
    book.save(tmp_path / "a.xlsx")
    frame = read(tmp_path / "a.xlsx", RecordKind.CELLS).frame
    assert frame.fillna("").reset_index().to_numpy().tolist() == [
        [5, "001", "2026-03-01 00:00:00", "12"], [9, "7", "", "1.5"],
    ] or frame.fillna("").reset_index().to_numpy().tolist() == [
        [5, "001", "2026-03-01T00:00:00", "12"], [9, "7", "", "1.5"],
    ]  # fmt: skip


TITLED: list[list[str | None]] = [
    ["城市部件台账", None, None, None],
    ["填报单位：东村", None, "填报日期：2024年5月", None],
    ["部件编码", "部件名称", "经度", "纬度"],
    ["B1", "路灯", "114.3", "30.5"],
    ["B2", "井盖", "114.4", "30.6"],
]


def test_the_header_of_a_sheet_is_the_row_that_names_columns(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in TITLED:
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    frame = read(tmp_path / "a.xlsx", RecordKind.FACILITIES).frame
    assert list(frame.columns) == TITLED[2]
    assert frame.reset_index().to_numpy().tolist() == [[4, *TITLED[3]], [5, *TITLED[4]]]


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_the_header_of_a_csv_is_the_row_that_names_columns(delimiter: str, tmp_path: Path) -> None:
    with (tmp_path / "a.csv").open("w", encoding="utf-8") as file:
        file.write("城市部件台账,二〇二四\n")
        csv.writer(file, delimiter=delimiter).writerows(TITLED[1:4])
        file.write(f"B9{delimiter}x\n")
        csv.writer(file, delimiter=delimiter).writerows(TITLED[4:])
    sheet = read(tmp_path / "a.csv", RecordKind.FACILITIES)
    assert list(sheet.frame.columns) == TITLED[2]
    assert sheet.frame.reset_index().to_numpy().tolist() == [[4, *TITLED[3]], [6, *TITLED[4]]]
    assert [one.row for one in sheet.refusals] == [5]


def test_rows_are_counted_as_a_clerk_counts_below_a_header_of_two_lines(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('编号,"名称\n(全称)"\nA,一\nB\nC,三\n')
    sheet = read(tmp_path / "a.csv", RecordKind.CELLS)
    assert list(sheet.frame.index) == [2, 4]
    assert [one.row for one in sheet.refusals] == [3]


def test_sheets_of_a_book_are_chosen_by_name(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "一"
    book.active.append(["a", "b"])
    book.active.append([1, 2])
    other = book.create_sheet("二")
    other.append(["c", "d"])
    other.append([3, 4])
    book.save(tmp_path / "a.xlsx")
    assert list(read(tmp_path / "a.xlsx", RecordKind.CELLS, layer="二").frame.columns) == ["c", "d"]
    with pytest.raises(BadInput, match="no sheet '三'; it has 一, 二"):
        read(tmp_path / "a.xlsx", RecordKind.CELLS, layer="三")


# Map files of several layers


def test_layers_are_named_when_there_are_several(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    frame().to_file(path, layer="网格")
    frame().iloc[:1].to_file(path, layer="other")
    with pytest.raises(BadInput, match="holds 2 layers; choose one with --layer: 网格, other"):
        read(path, RecordKind.CELLS)
    assert len(read(path, RecordKind.CELLS, layer="other").frame) == 1
    with pytest.raises(BadInput, match="nothing"):
        read(path, RecordKind.CELLS, layer="nothing")


def test_a_projected_file_keeps_its_system(tmp_path: Path) -> None:
    frame().to_crs(4547).to_file(tmp_path / "a.gpkg")
    sheet = read(tmp_path / "a.gpkg", RecordKind.CELLS)
    assert sheet.crs is not None
    assert sheet.crs.to_epsg() == 4547


def test_a_shapefile_without_prj_has_no_system(tmp_path: Path) -> None:
    path = shapefile(tmp_path)
    path.with_suffix(".prj").unlink()
    assert read(path, RecordKind.CELLS).crs is None


def test_a_table_without_geometry_in_a_geopackage(tmp_path: Path) -> None:
    pyogrio.write_dataframe(pd.DataFrame({"a": [1]}), tmp_path / "a.gpkg")
    with pytest.raises(BadInput, match="geometry"):
        read(tmp_path / "a.gpkg", RecordKind.CELLS)


def test_parts_of_a_shapefile_are_no_file_of_their_own(tmp_path: Path) -> None:
    path = shapefile(tmp_path)
    with pytest.raises(BadInput, match=r"part of a shapefile; name its \.shp"):
        read(path.with_suffix(".shx"), RecordKind.CELLS)


def test_characters_of_two_halves_stay_whole_over_chunks(tmp_path: Path) -> None:
    """A pair `\\ud83d\\ude00` that is cut by the reader's chunk is no lone half."""
    from data.files import content

    point = {"type": "Point", "coordinates": [1, 2]}
    for shift in range(14):
        note = "x" * (content._CHUNK - 140 + shift) + "😀" * 8
        feature = {"type": "Feature", "properties": {"n": note}, "geometry": point}
        path = tmp_path / "a.geojson"
        path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
        content.check(path, content.Format.GEOJSON)
        path.write_text(path.read_text().replace('\\ude00"', '"'))
        with pytest.raises(BadInput, match="lone surrogate"):
            content.check(path, content.Format.GEOJSON)


def test_what_is_not_there_and_what_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no file"):
        read(tmp_path / "a.csv", RecordKind.CELLS)
    (tmp_path / "a.kml").write_text("<kml/>")
    with pytest.raises(BadInput, match="holds XML"):
        read(tmp_path / "a.kml", RecordKind.CELLS)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.txt", "x")
    with pytest.raises(BadInput, match=r"zip without a shapefile in it; it holds a\.txt"):
        read(tmp_path / "a.zip", RecordKind.CELLS)
