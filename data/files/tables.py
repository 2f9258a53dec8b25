"""Plain tables: CSV in the encodings that towns use, xlsx, JSON arrays."""

from __future__ import annotations

import codecs
import io
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.csv

from data.files.sheet import Sheet, as_text
from gis.errors import BadInput, TooLarge
from gis.terms import Refusal

ENCODINGS = ("utf-8-sig", "gb18030")
MAX_COLUMNS = 400
MAX_CELLS = 30_000_000
MAX_VALUE = 1_000_000
WHOLE_SHEET = 1_048_576


# CSV


def read_csv(path: Path, *, encoding: str | None = None) -> Sheet:
    """Read a CSV with a header row; every value stays text, so leading zeros survive."""
    content = path.read_bytes()
    name, text = _decoded(path, content, encoding)
    if "\x00" in text[:_SNIFF]:
        raise BadInput(f"{path.name} holds NUL characters: it is not a text table")
    delimiter = _delimiter(text)
    table, refusals = _parsed(path, text, delimiter)
    frame = table.to_pandas(types_mapper=lambda _: pd.StringDtype(na_value=np.nan))
    frame.index = _row_numbers(len(frame), refusals)
    notes = [] if name.startswith("utf-8") else [f"read as {name.upper()}"]
    return Sheet(frame, "CSV", notes=notes, refusals=refusals)


_SNIFF = 1_000_000


def _decoded(path: Path, content: bytes, encoding: str | None) -> tuple[str, str]:
    choices = (encoding,) if encoding else ENCODINGS
    for name in choices:
        try:
            codecs.lookup(name)
            return name, content.decode(name)
        except LookupError as error:
            raise BadInput(
                f"--encoding {name}: no such encoding; usual ones are utf-8, gbk, gb18030, big5"
            ) from error
        except UnicodeDecodeError as error:
            at = error.start
    raise BadInput(
        f"{path.name} is not {' nor '.join(choices)} text: byte {at:,} does not fit. "
        "Name its encoding with --encoding.",
        byte=at,
    )


def _delimiter(text: str) -> str:
    header = text[:10_000].partition("\n")[0]
    return max(",\t;|", key=header.count)


def _parsed(path: Path, text: str, delimiter: str) -> tuple[pa.Table, list[Refusal]]:
    header = _header(path, text, delimiter)
    refusals: list[Refusal] = []
    if "\n" not in text.strip():
        return pa.table({name: pa.array([], pa.large_string()) for name in header}), refusals

    def refuse(row: pa.csv.InvalidRow) -> str:
        reason = f"{row.actual_columns} values where the header names {row.expected_columns}"
        refusals.append(Refusal(row.number or 0, "", row.text[:80], reason))
        return "skip"

    try:
        table = pa.csv.read_csv(
            io.BytesIO(text.encode("utf-8", "surrogatepass")),
            read_options=pa.csv.ReadOptions(column_names=header, skip_rows=1, use_threads=False),
            parse_options=pa.csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=refuse
            ),
            convert_options=pa.csv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.large_string()),
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
                null_values=[""],
            ),
        )
    except pa.ArrowInvalid as error:
        raise BadInput(f"{path.name} cannot be read as CSV: {error}") from error
    return table, refusals


def _header(path: Path, text: str, delimiter: str) -> list[str]:
    import csv

    try:
        names = next(csv.reader(io.StringIO(text[:_SNIFF]), delimiter=delimiter))
    except (csv.Error, StopIteration) as error:
        raise BadInput(f"{path.name} has no readable header row: {error}") from error
    return unique_names(path, names)


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


def _row_numbers(count: int, refusals: list[Refusal]) -> pd.Index:
    """Number the rows that were read, leaving out the refused ones; the header is row 1."""
    broken = {refusal.row for refusal in refusals}
    numbers = (number for number in range(2, count + len(broken) + 2) if number not in broken)
    if not broken:
        return pd.RangeIndex(2, count + 2)
    return pd.Index(list(islice(numbers, count)))


# xlsx


def read_xlsx(path: Path, *, sheet: str | None = None) -> Sheet:
    """Read one sheet row by row; the header is the first row with more than one value."""
    import openpyxl

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
    except Exception as error:
        raise BadInput(f"{path.name} is not a readable workbook: {error}") from error
    try:
        return _read_worksheet(path, _pick(path, book, sheet))
    finally:
        book.close()


def _pick(path: Path, book: Any, sheet: str | None) -> Any:
    if sheet is None:
        return book.worksheets[0]
    if sheet not in book.sheetnames:
        raise BadInput(f"{path.name} has no sheet {sheet!r}; it has {', '.join(book.sheetnames)}")
    return book[sheet]


def _read_worksheet(path: Path, worksheet: Any) -> Sheet:
    rows, numbers, cells = [], [], 0
    header: list[str] | None = None
    limit = {"max_col": MAX_COLUMNS, "max_row": WHOLE_SHEET, "values_only": True}
    for number, row in enumerate(worksheet.iter_rows(**limit), 1):
        filled = sum(value is not None for value in row)
        if header is None:
            if filled > 1 or (filled and number > 1):
                header = unique_names(path, list(_trimmed(row)))
            continue
        cells += len(header)
        if cells > MAX_CELLS:
            raise TooLarge(f"{path.name} holds more than {MAX_CELLS:,} cells; save it as CSV")
        if filled:
            rows.append(row[: len(header)])
            numbers.append(number)
    if header is None:
        raise BadInput(f"{path.name}: sheet {worksheet.title!r} has no header row")
    frame = pd.DataFrame(rows, columns=header[: len(rows[0])] if rows else header, index=numbers)
    return Sheet(frame.apply(as_text) if rows else frame.astype("str"), "Excel workbook")


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
    if any(type(row) is not type(rows[0]) for row in rows):
        raise BadInput(f"{path.name}: every row must be like the first, {type(rows[0]).__name__}")
    frame = pd.DataFrame(rows)
    frame.columns = pd.Index(unique_names(path, list(frame.columns)))
    frame.index = pd.RangeIndex(1, len(frame) + 1)
    return Sheet(frame.apply(as_text), "JSON table")
