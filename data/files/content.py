"""What a file holds, looked at as a stream before any parser sees it.

Only the standard library is used here: a file that is refused costs a read of its bytes, not the
start of pandas and GDAL. Nothing is held in memory but a chunk.
"""

from __future__ import annotations

import codecs
import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from data.files.guard import MIB, Format
from gis.errors import BadInput, TooLarge

MAX_NAMES = 2_000
MAX_JSON_TABLE = 64 * MIB
MAX_JSON_VALUES = 5_000_000
MANY_LINES = 1_000_000
MIN_LINE = 6
"""Bytes that a line of so long a CSV has at least on average."""
_CHUNK = 4 * MIB


def check(path: Path, form: Format) -> None:
    """Refuse what is broken or would burst, as far as `form` lets one see it in the bytes.

    Raises:
        BadInput, TooLarge: in words.
    """
    look = _LOOK.get(form)
    if look is not None:
        look(path)


def check_encoding(name: str) -> None:
    """Refuse a word after --encoding that names no encoding of text.

    Raises:
        BadInput: names the usual ones.
    """
    try:
        "".encode(name)
    except (LookupError, UnicodeError, ValueError) as error:
        raise BadInput(
            f"--encoding {name}: no such encoding; usual ones are utf-8, gbk, gb18030, big5"
        ) from error


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


# JSON


def _geojson(path: Path) -> None:
    """GDAL cuts text at NUL, swaps lone surrogates for `?` and makes every name a column."""
    names: set[bytes] = set()
    tail, place = b"", 0
    decoder = codecs.getincrementaldecoder("utf-8")()
    for chunk in _chunks(path):
        _decode(path, decoder, chunk, place)
        text = _PAIR.sub(b"-" * 12, (tail + chunk).replace(b"\\\\", b"--"))
        if b"\0" in text or b"\\u0000" in text:
            raise BadInput(f"{path.name} holds the character NUL (\\u0000) in its text")
        _refuse_half_characters(path, text[:-_OVERLAP], text)
        names.update(_NAME.findall(text))
        if len(names) > MAX_NAMES:
            raise TooLarge(f"{path.name} has over {MAX_NAMES:,} names of columns")
        tail, place = text[-_OVERLAP:], place + len(chunk)
    _refuse_half_characters(path, tail, tail)
    _decode(path, decoder, b"", place, final=True)


_OVERLAP = 12  # as long as a character of two halves, written \ud83d\ude00
_NAME = re.compile(rb'"([^"\\]{1,200})"\s*:')
_PAIR = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_HALF = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")


def _decode(
    path: Path, decoder: codecs.IncrementalDecoder, chunk: bytes, place: int, *, final: bool = False
) -> None:
    waiting = len(decoder.getstate()[0])
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError as error:
        at = place - waiting + error.start
        raise BadInput(
            f"{path.name} is not UTF-8 (RFC 8259 asks for it): byte {at:,} does not fit. "
            "Convert it to UTF-8, or mend the broken text there.",
            byte=at,
        ) from error


def _refuse_half_characters(path: Path, start_in: bytes, text: bytes) -> None:
    """Whole characters are taken out of `text`; a half that begins in `start_in` is alone."""
    half = _HALF.search(text) if b"\\ud" in start_in or b"\\uD" in start_in else None
    if half and half.start() < len(start_in):
        raise BadInput(f"{path.name} holds half a character (a lone surrogate \\ud8xx) in its text")


def _json_table(path: Path) -> None:
    """A JSON table is parsed as a whole: bound its size and the number of its values."""
    if path.stat().st_size > MAX_JSON_TABLE:
        raise TooLarge(
            f"{path.name} is a JSON table larger than {MAX_JSON_TABLE // MIB} MiB; save it as CSV"
        )
    values = sum(sum(map(chunk.count, (b",", b"[", b"{"))) for chunk in _chunks(path))
    if values > MAX_JSON_VALUES:
        raise TooLarge(
            f"{path.name} holds some {values:,} values, at most {MAX_JSON_VALUES:,}; save it as CSV"
        )


def _csv(path: Path) -> None:
    """Millions of lines of a letter or two are no table, and dear to parse: each is a row."""
    size = path.stat().st_size
    if size < MANY_LINES:
        return
    lines = sum(chunk.count(b"\n") for chunk in _chunks(path))
    if lines > MANY_LINES and size < MIN_LINE * lines:
        raise BadInput(
            f"{path.name} has {lines:,} lines of {size / lines:.1f} bytes on average: "
            "too short to be the rows of a table"
        )


# Files that say how long they are


def _parquet(path: Path) -> None:
    with path.open("rb") as file:
        file.seek(-4, 2)
        if file.read() != b"PAR1":
            raise BadInput(f"{path.name} cannot be read as Parquet: it is cut short")


def _shapefile(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(100)
    told = 2 * int.from_bytes(head[24:28], "big")
    has = path.stat().st_size
    if len(head) < 100 or told > has:
        raise BadInput(f"{path.name} is cut short: it tells of {told:,} bytes and has {has:,}")
    parts = {other.suffix.lower() for other in path.parent.glob(f"{_plain_glob(path.stem)}.*")}
    missing = [suffix for suffix in (".shx", ".dbf") if suffix not in parts]
    if missing:
        raise BadInput(
            f"{path.name} is only part of a shapefile; beside it stands no "
            f"{' nor '.join(path.stem + suffix for suffix in missing)}"
        )


def _plain_glob(name: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", name)


# GeoPackage


def _geopackage(path: Path) -> None:
    """SQLite computes what it is told to: a view may be endless, a column without end."""
    with path.open("rb") as file:
        head = file.read(100)
    size = int.from_bytes(head[16:18], "big")
    told = (65536 if size == 1 else size) * int.from_bytes(head[28:32], "big")
    if head[24:28] == head[92:96] and told > path.stat().st_size:
        raise BadInput(f"{path.name} cannot be read as GPKG: it is cut short")
    try:
        db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
        try:
            _refuse_computed(path, db)
        finally:
            db.close()
    except sqlite3.Error as error:
        raise BadInput(f"{path.name} cannot be read as GPKG: {error}") from error


def _refuse_computed(path: Path, db: sqlite3.Connection) -> None:
    db.set_progress_handler(lambda: 1, 10_000_000)
    tables = db.execute("SELECT table_name FROM gpkg_contents LIMIT 1000").fetchall()
    for (table,) in tables:
        kind = db.execute(
            "SELECT type, sql LIKE 'CREATE VIRTUAL%' FROM sqlite_master WHERE name = ?", (table,)
        ).fetchone()
        if kind not in {None, ("table", 0)}:
            raise BadInput(f"{path.name}: {table} is a view, not a table; save it as a table")
        hidden = "SELECT count(*) FROM pragma_table_xinfo(?) WHERE hidden > 0"
        if db.execute(hidden, (table,)).fetchone()[0]:
            raise BadInput(f"{path.name}: {table} has computed columns; save it as a plain table")


_LOOK: dict[Format, Callable[[Path], None]] = {
    Format.GEOJSON: _geojson,
    Format.GEOJSONSEQ: _geojson,
    Format.JSON_TABLE: _json_table,
    Format.CSV: _csv,
    Format.PARQUET: _parquet,
    Format.SHAPEFILE: _shapefile,
    Format.GEOPACKAGE: _geopackage,
}
