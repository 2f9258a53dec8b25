"""Rows on their way in: laid out in binary they are the rows that CSV would have brought."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import psycopg
import pyarrow as pa
import pytest
import shapely
from sqlalchemy.orm import Session

import data.binary
import data.db
import data.intake

COLUMNS = {
    "small": ("smallint", [1, None, -3]),
    "whole": ("int", [0, 2**31 - 1, None]),
    "large": ("bigint", [None, -(2**63), 2**63 - 1]),
    "share": ("double precision", [0.1, None, float("inf")]),
    "flag": ("boolean", [True, False, None]),
    "day": ("date", [date(1, 1, 1), date(1999, 12, 31), None]),
    "moment": ("timestamptz", [datetime(1970, 1, 1, tzinfo=UTC), None, datetime(2026, 2, 3, 4, 5, 6, 789, tzinfo=UTC)]),
    "word": ("text", ["", "网格\t\\N\"'\n", None]),
    "blob": ("bytea", [b"", b"\x00\xff", None]),
    "facts": ("jsonb", ['{"a": 1}', None, "[]"]),
    "place": ("geometry(Point, 4326)", ["0101000020E610000000000000000000000000000000000000", None, "0101000020e6100000000000000000f03f000000000000f03f"]),
}  # fmt: skip


def table(db: Session, name: str) -> psycopg.Cursor[tuple[object, ...]]:
    cursor = data.db.cursor(db)
    kinds = ", ".join(f"{column} {kind}" for column, (kind, _) in COLUMNS.items())
    cursor.execute(f"CREATE TEMP TABLE {name} ({kinds})")
    return cursor


def rows(**as_arrow: pa.DataType) -> pa.Table:
    kinds = {"small": pa.int16(), "moment": pa.timestamp("ns", "UTC")} | as_arrow
    return pa.table({name: pa.array(values, kinds.get(name)) for name, (_, values) in COLUMNS.items()})  # fmt: skip


def test_binary_brings_what_csv_brings(db: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    cursor = table(db, "one")
    types = data.intake.types_of(cursor, "one")
    assert data.binary.fits(rows(), types)
    assert data.intake.copy_tables(cursor, "one", [rows(), rows().slice(1)]) == 5
    table(db, "other")
    monkeypatch.setattr(data.binary, "fits", lambda *_: False)
    assert data.intake.copy_tables(cursor, "other", [rows(), rows().slice(1)]) == 5
    same = "SELECT array_agg(t::text ORDER BY t::text) FROM {} t"
    binary, csv = (cursor.execute(same.format(one)).fetchone() for one in ("one", "other"))
    assert binary == csv
    told = cursor.execute("SELECT word, moment, large, place IS NULL FROM one LIMIT 3").fetchall()
    assert told[0][:3] == ("", datetime(1970, 1, 1, tzinfo=UTC), None)
    assert told[1][0] == "网格\t\\N\"'\n"
    assert told[2][2:] == (2**63 - 1, False)


def test_many_widths_of_strings_and_dictionaries(db: Session) -> None:
    cursor = data.db.cursor(db)
    cursor.execute("CREATE TEMP TABLE words (a text, b text, c text, n bigint)")
    words = [None if n % 7 == 0 else "字" * (n % 301) for n in range(5_000)]
    brought = pa.table({
        "a": pa.array(words, pa.large_string()), "b": pa.array(words, pa.string()),
        "c": pa.array(words).dictionary_encode(), "n": pa.array(np.arange(5_000)),
    })  # fmt: skip
    data.intake.copy_tables(
        cursor, "words", (brought.slice(at, 999) for at in range(0, 5_000, 999))
    )
    found = cursor.execute("SELECT a, b, c FROM words ORDER BY n").fetchall()
    assert found == [(word, word, word) for word in words]


def test_what_has_no_binary_layout_goes_as_text(db: Session) -> None:
    cursor = data.db.cursor(db)
    cursor.execute("CREATE TEMP TABLE mixed (day date, words text[], blob bytea)")
    brought = pa.table(
        {"day": ["-infinity", None], "words": ["{a,b}", None], "blob": [b"\x01", None]}
    )
    assert not data.binary.fits(brought, data.intake.types_of(cursor, "mixed"))
    data.intake.copy_tables(cursor, "mixed", [brought])
    found = cursor.execute("SELECT day::text, words, blob FROM mixed").fetchall()
    assert found == [("-infinity", ["a", "b"], b"\x01"), (None, None, None)]


def test_a_number_too_large_for_its_column_is_refused(db: Session) -> None:
    cursor = data.db.cursor(db)
    cursor.execute("CREATE TEMP TABLE small (n int)")
    with pytest.raises(psycopg.errors.NumericValueOutOfRange):
        data.intake.copy_tables(cursor, "small", [pa.table({"n": [2**31]})])


def test_nothing_is_no_copy(db: Session) -> None:
    assert data.intake.copy_tables(data.db.cursor(db), "no_such_table", []) == 0


def test_points_are_laid_out_as_shapely_writes_them() -> None:
    points = np.array([shapely.Point(114.1234567891, 30.5), None, shapely.Point(-1, -2)])
    laid = pd.Series(data.intake.ewkb_of_points(points))
    wanted = [None if one is None else bytes.fromhex(one) for one in data.intake.ewkb(points)]
    assert laid.astype(object).where(laid.notna(), None).tolist() == wanted
