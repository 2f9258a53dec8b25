"""Writing files: the format is told by the suffix. Text formats stream, the others are whole."""

from __future__ import annotations

import csv
import io
import re
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pandas as pd
import pyproj
import shapely

from gis.errors import BadInput, TooLarge

if TYPE_CHECKING:
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

SUFFIXES = (
    ".geojson", ".geojsonl", ".gpkg", ".fgb", ".parquet", ".shp.zip", ".csv", ".xlsx",
)  # fmt: skip
STREAMED = (".geojson", ".geojsonl", ".csv")
DIGITS = 10  # as many as the store keeps: what comes back is unchanged
MAX_XLSX_ROWS = 1_048_575
MAX_XLSX_TEXT = 32_767
MAX_XLSX_TITLE = 31
MAX_WIDTH = 48


def suffix_of(name: str) -> str:
    """Tell which of `SUFFIXES` a file name has.

    Raises:
        BadInput: naming the choices.
    """
    found = next((suffix for suffix in SUFFIXES if name.lower().endswith(suffix)), None)
    if found is None:
        raise BadInput(
            f"{name!r} has none of the suffixes {', '.join(SUFFIXES)}", choices=list(SUFFIXES)
        )
    return found


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a path to write to; what is there at the end takes the place of `path` at once."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".wangge-") as folder:
        part = Path(folder) / path.name
        yield part
        part.replace(path)


# Streams of bytes


def stream(frames: Iterable[pd.DataFrame], suffix: str, *, crs: pyproj.CRS) -> Iterator[bytes]:
    """Write frames with a `geom` column of shapes in `crs` as GeoJSON, GeoJSON lines or CSV.

    GeoJSON is RFC 7946: outer rings counter-clockwise, ten digits, no crs member; degrees of
    another datum than WGS-84 are told by a foreign member `datum`.
    """
    if suffix == ".csv":
        return _csv(frames, crs)
    if suffix == ".geojsonl":
        told = {"datum": mark(crs)} if mark(crs) else {}
        return (b"\n".join(_features(frame, told)) + b"\n" for frame in frames if len(frame))
    return _collection(frames, mark(crs))


def joined(pages: Iterable[list[str]], suffix: str) -> Iterator[bytes]:
    """Features that are written already, in WGS-84, as GeoJSON or GeoJSON lines."""
    if suffix == ".geojsonl":
        for page in pages:
            yield "".join(f"{feature}\n" for feature in page).encode()
        return
    yield b'{"type":"FeatureCollection","features":[\n'
    glue = ""
    for page in pages:
        if page:
            yield (glue + ",\n".join(page)).encode()
            glue = ",\n"
    yield b"\n]}\n"


def mark(crs: pyproj.CRS) -> str:
    """A word for names that tells coordinates from degrees of WGS-84: gcj02, epsg4547.

    Nothing for WGS-84 itself and for CGCS2000, which is taken as equal.
    """
    if crs.to_epsg() in {4326, 4490}:
        return ""
    authority = crs.to_authority()
    return re.sub(r"\W", "", "".join(authority) if authority else crs.name).lower()


def _collection(frames: Iterable[pd.DataFrame], datum: str) -> Iterator[bytes]:
    told = b'"datum":' + orjson.dumps(datum) + b"," if datum else b""
    yield b'{"type":"FeatureCollection",' + told + b'"features":[\n'
    glue = b""
    for frame in frames:
        if len(frame):
            yield glue + b",\n".join(_features(frame))
            glue = b",\n"
    yield b"\n]}\n"


def _features(frame: pd.DataFrame, told: Mapping[str, str] = MappingProxyType({})) -> list[bytes]:
    shapes = np.asarray(frame["geom"], dtype=object)
    turned = shapely.orient_polygons(shapely.set_precision(shapes, 0))
    rounded = shapely.transform(turned, lambda xy: np.round(xy, DIGITS))
    texts = shapely.to_geojson(rounded)
    properties = frame.drop(columns="geom").astype(object)
    records = properties.where(properties.notna(), None).to_dict("records")
    return [
        orjson.dumps(
            {
                "type": "Feature",
                **told,
                "geometry": orjson.Fragment(text) if text else None,
                "properties": record,
            },
            default=str,
        )
        for text, record in zip(texts, records, strict=True)
    ]


def _csv(frames: Iterable[pd.DataFrame], crs: pyproj.CRS) -> Iterator[bytes]:
    for number, frame in enumerate(frames):
        text = io.StringIO()
        table = harmless(flat(frame, crs))
        table.to_csv(text, index=False, header=number == 0, quoting=csv.QUOTE_MINIMAL)
        content = text.getvalue().encode()
        yield b"\xef\xbb\xbf" + content if number == 0 else content


def flat(frame: pd.DataFrame, crs: pyproj.CRS) -> pd.DataFrame:
    """Turn `geom` into lon and lat (x and y in metres) when all shapes are points, else into WKT.

    The columns' names say the datum or system when it is not WGS-84: lon_gcj02, x_epsg4547.
    """
    shapes = np.asarray(frame["geom"], dtype=object)
    table = frame.drop(columns="geom")
    end = f"_{mark(crs)}" if mark(crs) else ""
    if not np.isin(shapely.get_type_id(shapes), (-1, 0)).all():
        return table.assign(**{f"wkt{end}": shapely.to_wkt(shapes, rounding_precision=DIGITS)})
    east, north = ("x", "y") if crs.is_projected else ("lon", "lat")
    table[east + end] = np.round(shapely.get_x(shapes), DIGITS)
    table[north + end] = np.round(shapely.get_y(shapes), DIGITS)
    return table


def harmless(table: pd.DataFrame) -> pd.DataFrame:
    """Put an apostrophe before text that a spreadsheet would run as a formula."""

    def guard(value: object) -> object:
        risky = isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"}
        return f"'{value}" if risky else value

    texts = [name for name in table.columns if not pd.api.types.is_numeric_dtype(table[name])]
    return table.assign(**{name: table[name].map(guard) for name in texts})


# Whole files


def write(
    frame: pd.DataFrame, path: Path, *, crs: pyproj.CRS, titles: Mapping[str, str] | None = None
) -> None:
    """Write one frame with a `geom` column in `crs`; the file appears whole or not at all. With
    `titles`, what columns are called, it is a worksheet.

    Raises:
        TooLarge: more rows than a worksheet takes, or a longer text than its cells take.
    """
    with whole(path) as part:
        if titles:
            write_table(harmless(flat(frame, crs)).rename(columns=titles), part)
        else:
            _WRITERS[suffix_of(path.name)](frame, part, crs)


def _xlsx(frame: pd.DataFrame, path: Path, crs: pyproj.CRS) -> None:
    write_table(harmless(flat(frame, crs)), path)


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a plain table as .xlsx, header frozen, or as .csv with a byte-order mark."""
    write_refused(table, path, {}, row="")


def write_book(tables: Mapping[str, pd.DataFrame], path: Path) -> None:
    """Write plain tables as the sheets of a workbook, by their names, headers frozen, columns as
    wide as what stands in them.

    Raises:
        TooLarge: as `write`.
    """
    import openpyxl
    from openpyxl.utils import get_column_letter

    book = openpyxl.Workbook(write_only=True)
    for title, table in zip(_titles(tables), tables.values(), strict=True):
        _check(table)
        sheet = book.create_sheet(title)
        for number, width in enumerate(_widths(table), start=1):
            sheet.column_dimensions[get_column_letter(number)].width = width
        _fill(sheet, table, {}, row="")
    book.save(path)


def _titles(names: Iterable[str]) -> list[str]:
    """Names as sheets may have them: short, without some characters, each another."""
    titles: list[str] = []
    for name in names:
        plain = re.sub(r"[\\/*?:\[\]\x00-\x1f]", " ", name).strip("' ")[:MAX_XLSX_TITLE] or "Wangge"
        title, number = plain, 1
        while title.lower() in {one.lower() for one in titles}:
            number += 1
            end = f" {number}"
            title = plain[: MAX_XLSX_TITLE - len(end)] + end
        titles.append(title)
    return titles


def _widths(table: pd.DataFrame) -> list[int]:
    """In letters; a Chinese character is two."""

    def width(value: object) -> int:
        text = "" if value is None else str(value)
        return len(text) + sum(letter > "\u2e80" for letter in text)

    longest = [max(map(width, [name, *table[name]])) for name in table.columns]
    return [min(one, MAX_WIDTH) + 2 for one in longest]


def write_refused(
    table: pd.DataFrame, path: Path, marks: Mapping[tuple[int, str], str], *, row: str
) -> None:
    """Write a plain table whose marked cells, by the number in column `row` and their column,
    are coloured in a workbook and say in a comment what is wrong."""
    if path.suffix.lower() == ".csv":
        table.to_csv(path, index=False, encoding="utf-8-sig")
        return
    _check(table)
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    _fill(book.create_sheet("Wangge"), table, marks, row=row)
    book.save(path)


def _check(table: pd.DataFrame) -> None:
    if len(table) > MAX_XLSX_ROWS:
        raise TooLarge(f"{len(table):,} rows do not fit a worksheet; write .csv instead")
    _check_texts(table)


def _fill(
    sheet: WriteOnlyWorksheet,
    table: pd.DataFrame,
    marks: Mapping[tuple[int, str], str],
    *,
    row: str,
) -> None:
    sheet.freeze_panes = "A2"
    sheet.append([str(name) for name in table.columns])
    clean = table.astype(object).where(table.notna(), None)
    names = [str(name) for name in table.columns]
    numbers = clean[row].tolist() if marks else [0] * len(clean)
    for number, values in zip(numbers, clean.itertuples(index=False), strict=True):
        sheet.append(
            [
                _marked(_cell(value, sheet), marks.get((number, name)), sheet)
                for name, value in zip(names, values, strict=True)
            ]
        )


def _marked(value: Any, why: str | None, sheet: WriteOnlyWorksheet) -> object:
    """A cell as it is, or, with a fault, red with the reason as a comment."""
    if why is None:
        return value
    from openpyxl.cell import Cell, WriteOnlyCell
    from openpyxl.comments import Comment
    from openpyxl.styles import PatternFill

    cell = value if isinstance(value, Cell) else WriteOnlyCell(sheet, value)
    cell.fill = PatternFill("solid", start_color="FFC7CE")
    cell.comment = Comment(why, "Wangge")
    return cell


def _check_texts(table: pd.DataFrame) -> None:
    """Refuse a text that the writer would cut without a word."""
    values = (value for name in table.columns for value in table[name] if isinstance(value, str))
    longest = max(map(len, values), default=0)
    if longest > MAX_XLSX_TEXT:
        raise TooLarge(
            f"a text of {longest:,} characters does not fit a cell of a worksheet; "
            "write .csv or a map file instead"
        )


def _cell(value: object, sheet: WriteOnlyWorksheet) -> object:
    if isinstance(value, str):
        return _text_cell(value, sheet)
    if isinstance(value, pd.Timestamp):
        return value.tz_convert(None).to_pydatetime() if value.tz else value.to_pydatetime()
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    return value.item() if isinstance(value, np.generic) else value


_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def _text_cell(value: str, sheet: WriteOnlyWorksheet) -> object:
    """A text as text: never a formula, control characters shown as unreadable."""
    value = _UNWRITABLE.sub("�", value)
    if not value.startswith("="):
        return value
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet, value)
    cell.data_type = "s"
    return cell


def _gdal(driver: str) -> Callable[[pd.DataFrame, Path, pyproj.CRS], None]:
    def write(frame: pd.DataFrame, path: Path, crs: pyproj.CRS) -> None:
        import geopandas

        frame = _plain_columns(frame)
        if driver == "ESRI Shapefile":
            frame = frame.rename(columns=SHORT)
        table = geopandas.GeoDataFrame(frame, geometry="geom", crs=crs)
        options = {}
        if driver == "FlatGeobuf" and table.geometry.isna().any():
            options["SPATIAL_INDEX"] = "NO"  # the format indexes no feature that stands nowhere
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a datum or a width that the format cannot keep
            table.to_file(path, driver=driver, engine="pyogrio", layer=_layer_name(path), **options)

    return write


SHORT = {
    "division_code": "div_code",
    "parent_code": "par_code",
    "households_declared": "hh_decl",
    "households": "hh",
    "building_code": "bldg_code",
    "reported_at": "reported",
    "accuracy_m": "accuracy",
}
"""Names of at most ten letters, which is all that a DBF keeps."""


def _layer_name(path: Path) -> str:
    stem = path.name.partition(".")[0]
    return re.sub(r"\W+", "_", stem) or "wangge"


def _parquet(frame: pd.DataFrame, path: Path, crs: pyproj.CRS) -> None:
    import geopandas

    geopandas.GeoDataFrame(_plain_columns(frame), geometry="geom", crs=crs).to_parquet(path)


def _plain_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """Give every column a type that files know: numbers, times, else text."""
    table = frame.copy()
    for name in table.columns.drop("geom"):
        if table[name].dtype == object:
            first = table[name].dropna().head(1)
            whole = len(first) and isinstance(first.iloc[0], int)
            table[name] = table[name].astype("Int64" if whole else "str")
    return table


_WRITERS: dict[str, Callable[[pd.DataFrame, Path, pyproj.CRS], None]] = {
    ".gpkg": _gdal("GPKG"),
    ".fgb": _gdal("FlatGeobuf"),
    ".shp.zip": _gdal("ESRI Shapefile"),
    ".parquet": _parquet,
    ".xlsx": _xlsx,
}
