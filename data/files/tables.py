"""Plain tables: CSV in the encodings that towns use, xlsx, JSON arrays."""

from __future__ import annotations

import codecs
import io
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.csv

from data.files.guard import MIB
from data.files.sheet import Sheet, as_text
from gis.errors import BadInput, TooLarge, WanggeError
from gis.kinds import plain
from gis.terms import Refusal

ENCODINGS = ("utf-8", "gb18030")
MAX_COLUMNS = 400
MAX_CELLS = 30_000_000
HEADER_WITHIN = 1_000
TITLES = 20
"""Among so many rows the header is looked for by the names in it."""
MAX_NAME = 100
"""A longer text is no name of a column."""
MAX_CSV = 1024 * MIB


# The header among titles


def header_place(rows: Sequence[Sequence[Any]], known: Collection[str]) -> tuple[int, int]:
    """Tell which of the rows names most columns (0 is the first), and how many; `known` is folded.

    How many is 0 where none of them names any.
    """
    names = ({plain(cell) for cell in map(str, row) if len(cell) <= MAX_NAME} for row in rows)
    told = [len(row & set(known)) for row in names]
    most = max(told, default=0)
    return (told.index(most) if most else 0), most


# CSV


@dataclass(frozen=True)
class _Head:
    """The header of a CSV: its row as a clerk counts, the line it ends in, its names."""

    row: int
    line: int
    names: list[str]


def read_csv(
    path: Path, *, encoding: str | None = None, known: Collection[str] = frozenset()
) -> Sheet:
    """Read a CSV with a header row; every value stays text, so leading zeros survive.

    Titles above the row that names most columns of `known` are passed over.
    """
    if path.stat().st_size > MAX_CSV:
        raise TooLarge(f"{path.name} is larger than {MAX_CSV // MIB:,} MiB; cut it, or use Parquet")
    name, content = _as_utf8(path, encoding)
    head = content[:_SNIFF].decode(errors="ignore")
    if b"\x00" in content:
        raise BadInput(f"{path.name} holds NUL characters: it is not a text table")
    delimiter = _delimiter(head, known)
    header = _header(path, head, delimiter, known)
    table, refusals, broken = _parsed(path, content, header, delimiter)
    frame = table.to_pandas(types_mapper=lambda _: pd.StringDtype(na_value=np.nan))
    left_out = {refusal.row for refusal in refusals}
    frame.index = _row_numbers(header.row + 1, len(frame), left_out)
    frame = frame.dropna(how="all")
    notes = [] if name == "utf-8" else [f"read as {name.upper()}"]
    return Sheet(frame, "CSV", notes=notes, refusals=refusals, broken=broken)


_SNIFF = 1_000_000


def _as_utf8(path: Path, encoding: str | None) -> tuple[str, bytes]:
    """Give the encoding and the text as UTF-8 without a byte-order mark."""
    content = path.read_bytes().removeprefix(codecs.BOM_UTF8)
    choices = (encoding,) if encoding else ENCODINGS
    at = 0
    for name in choices:
        try:
            if codecs.lookup(name).name == "utf-8":
                for _ in _decoded(content, "utf-8"):
                    pass
                return "utf-8", content
            return name, b"".join(text.encode() for text in _decoded(content, name))
        except UnicodeError as error:
            at = getattr(error, "start", 0)
    raise BadInput(
        f"{path.name} is not {' nor '.join(choices)} text: byte {at:,} does not fit. "
        "Name its encoding with --encoding.",
        byte=at,
    )


def _decoded(content: bytes, name: str) -> Iterator[str]:
    """Decode piece by piece, so that the whole never stands in memory as wide characters."""
    decoder = codecs.getincrementaldecoder(name)()
    for start in range(0, len(content), _PIECE):
        waiting = len(decoder.getstate()[0])
        try:
            yield decoder.decode(content[start : start + _PIECE], start + _PIECE >= len(content))
        except UnicodeDecodeError as error:
            error.start += start - waiting
            raise


_PIECE = 4 * MIB


def _delimiter(text: str, known: Collection[str]) -> str:
    """The delimiter that shows most known names; else the one that the first line has most of."""
    first = text[:10_000].partition("\n")[0]

    def shown(delimiter: str) -> tuple[int, int]:
        rows = [names for _, names in _top(text[:100_000], delimiter)]
        return header_place(rows, known)[1], first.count(delimiter)

    return max(",\t;|", key=shown)


def _top(text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    """The first rows, each with the line it ends in, as far as they can be read."""
    import csv

    rows: list[tuple[int, list[str]]] = []
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    with suppress(csv.Error):
        rows.extend((reader.line_num, row) for row in islice(reader, TITLES))
    return rows


def _parsed(
    path: Path, content: bytes, header: _Head, delimiter: str
) -> tuple[pa.Table, list[Refusal], dict[int, list[str]]]:
    """Parse all rows, blank ones too; answer the table and the rows that do not fit the header.

    Those are told, and the cells of the first of them kept.
    """
    refusals: list[Refusal] = []
    broken: dict[int, list[str]] = {}
    names = header.names
    if content.strip().count(b"\n") < header.line:
        return pa.table({name: pa.array([], pa.large_string()) for name in names}), [], {}

    def refuse(row: pa.csv.InvalidRow) -> str:
        reason = f"{row.actual_columns} values where the header names {row.expected_columns}"
        number = row.number - header.line + header.row
        refusals.append(Refusal(number, "", row.text[:80], reason))
        if len(broken) < _KEPT and row.actual_columns <= MAX_COLUMNS:
            broken[number] = _cells(row.text, delimiter)
        return "skip"

    try:
        table = pa.csv.read_csv(
            pa.BufferReader(content),
            read_options=pa.csv.ReadOptions(
                column_names=names,
                skip_rows=header.line,
                use_threads=False,
                block_size=_BLOCK,
            ),
            parse_options=pa.csv.ParseOptions(
                delimiter=delimiter,
                newlines_in_values=True,
                invalid_row_handler=refuse,
                ignore_empty_lines=False,
            ),
            convert_options=pa.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.large_string()),
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
                null_values=[""],
            ),
        )
    except pa.ArrowInvalid as error:
        raise BadInput(f"{path.name} cannot be read as CSV: {error}") from error
    return table, refusals, broken


_KEPT = 100_000


def _cells(text: str, delimiter: str) -> list[str]:
    import csv

    try:
        return next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error:
        return [text]


_BLOCK = 32 * MIB
"""A row must fit a block: an outline in WKT may be some megabytes long."""


def _header(path: Path, text: str, delimiter: str, known: Collection[str]) -> _Head:
    import csv

    rows = _top(text[:_SNIFF], delimiter)
    at, _ = header_place([names for _, names in rows], known)
    if rows:
        line, names = rows[at]
        return _Head(at + 1, line, unique_names(path, names))
    try:
        next(csv.reader(io.StringIO(text[:_SNIFF]), delimiter=delimiter))
    except (csv.Error, StopIteration) as error:
        raise BadInput(f"{path.name} has no readable header row: {error}") from error
    raise BadInput(f"{path.name} has no readable header row")


def unique_names(path: Path, names: list[Any]) -> list[str]:
    """Give every column a name of its own; a header without any name is refused."""
    if len(names) > MAX_COLUMNS:
        raise TooLarge(f"{path.name} has {len(names):,} columns; at most {MAX_COLUMNS}")
    texts = [str(name).strip() if name is not None else "" for name in names]
    if not any(texts):
        raise BadInput(f"{path.name} has no header row: its first row is empty")
    seen: dict[str, int] = {}
    answer = []
    for place, text in enumerate(texts, 1):
        name = text or f"column {place}"
        seen[name] = seen.get(name, 0) + 1
        answer.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return answer


def _row_numbers(first: int, count: int, left_out: set[int]) -> pd.Index:
    """Number the rows that were read from `first` on, leaving out some."""
    if not left_out:
        return pd.RangeIndex(first, first + count)
    end = first + count + len(left_out)
    numbers = (number for number in range(first, end) if number not in left_out)
    return pd.Index(list(islice(numbers, count)))


# xlsx


def read_xlsx(
    path: Path, *, sheet: str | None = None, known: Collection[str] = frozenset()
) -> Sheet:
    """Read one sheet row by row; the header is the row that names most columns of `known`.

    Where none does, it is the first row with more than one value.
    """
    import openpyxl

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
        try:
            return _read_worksheet(path, _pick(path, book, sheet), known)
        finally:
            book.close()
    except WanggeError:
        raise
    except Exception as error:  # openpyxl raises whatever a broken part makes it stumble on
        raise BadInput(f"{path.name} is not a readable workbook: {error}") from error


def _pick(path: Path, book: Any, sheet: str | None) -> Any:
    if sheet is None:
        return book.worksheets[0]
    if sheet not in book.sheetnames:
        raise BadInput(f"{path.name} has no sheet {sheet!r}; it has {', '.join(book.sheetnames)}")
    return book[sheet]


def _read_worksheet(path: Path, worksheet: Any, known: Collection[str]) -> Sheet:
    start, header = _header_of(path, worksheet, known)
    rows, numbers, blank = [], [], None
    inside = worksheet.iter_rows(min_row=start + 1, max_col=len(header), values_only=True)
    for number, row in enumerate(inside, start + 1):
        if row is blank:  # openpyxl fills a gap of a million rows with one and the same
            continue
        if all(value is None for value in row):
            blank = row
            continue
        rows.append(row)
        numbers.append(number)
        if len(rows) * len(header) > MAX_CELLS:
            raise TooLarge(f"{path.name} holds more than {MAX_CELLS:,} cells; save it as CSV")
    frame = pd.DataFrame(rows, columns=header, index=numbers)
    return Sheet(frame.apply(as_text) if rows else frame.astype("str"), "Excel workbook")


def _header_of(path: Path, worksheet: Any, known: Collection[str]) -> tuple[int, list[str]]:
    """Find the row of names: the one with most known names.

    Else the first with two values, or the first at all below the top row.
    """
    titles = worksheet.iter_rows(max_row=TITLES, max_col=MAX_COLUMNS + 1, values_only=True)
    first = list(titles)
    at, named = header_place(first, known)
    if named:
        return at + 1, unique_names(path, list(_trimmed(first[at])))
    top = worksheet.iter_rows(max_row=HEADER_WITHIN, max_col=MAX_COLUMNS + 1, values_only=True)
    for number, row in enumerate(top, 1):
        filled = sum(value is not None for value in row)
        if filled > 1 or (filled and number > 1):
            return number, unique_names(path, list(_trimmed(row)))
    raise BadInput(
        f"{path.name}: sheet {worksheet.title!r} has no header row among its first {HEADER_WITHIN}"
    )


def _trimmed(row: tuple[Any, ...]) -> tuple[Any, ...]:
    used = max(place for place, value in enumerate(row) if value is not None)
    return row[: used + 1]


# JSON arrays


def read_json_table(path: Path) -> Sheet:
    """Read a JSON array of objects, or of arrays (columns are then named 0, 1, 2 …)."""
    try:
        rows = orjson.loads(path.read_bytes().removeprefix(codecs.BOM_UTF8))
    except orjson.JSONDecodeError as error:
        raise BadInput(f"{path.name} is not valid JSON: {error}") from error
    if not isinstance(rows, list) or not rows or not isinstance(rows[0], (list, dict)):
        raise BadInput(f"{path.name}: a JSON table is an array of objects or of arrays")
    kind = type(rows[0])
    if any(type(row) is not kind for row in rows):
        raise BadInput(f"{path.name}: every row must be like the first, {kind.__name__}")
    names = list(dict.fromkeys(name for row in rows for name in row)) if kind is dict else None
    width = len(names) if names is not None else max(map(len, rows))
    if width > MAX_COLUMNS:
        raise TooLarge(f"{path.name} has {width:,} columns; at most {MAX_COLUMNS}")
    frame = pd.DataFrame(rows, columns=names if names is not None else range(width))
    frame.columns = pd.Index(unique_names(path, list(frame.columns)))
    frame.index = pd.RangeIndex(1, len(frame) + 1)
    return Sheet(frame.apply(as_text), "JSON table")
