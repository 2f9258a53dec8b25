"""Many rows into a table, set-based: COPY into a staging table, file, compare, write what differs.

A blank in a file never erases what the store has; a column that the file does not bring is left
alone. `changed_at` moves only for rows of which a value really changed.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import shapely
from psycopg import Cursor, sql
from sqlalchemy.orm import Session

import data.binary
import data.bulk
import data.db
from gis.terms import Progress, quiet

CHUNK = 50_000
BULK = 50_000
"""From so many rows on, if the table is not much larger, its plain indexes are built afterwards."""


@dataclass(frozen=True)
class Outcome:
    """What an intake did to a table."""

    added: int
    changed: int
    unchanged: int

    @property
    def total(self) -> int:
        """Rows that went in or were there."""
        return self.added + self.changed + self.unchanged


@dataclass(frozen=True)
class Target:
    """A table that takes rows: its key, and the SQL type of every column a file may bring.

    `blanks` is what a new row has where the file says nothing and the column wants something. What
    is `told_once` is written with a new row only; a later file does not change it.
    """

    table: str
    key: tuple[str, ...]
    types: dict[str, str]
    blanks: dict[str, str] = field(default_factory=dict)
    told_once: frozenset[str] = frozenset()


Rows = Cursor[tuple[object, ...]]

PLACED = {"geom": "geometry(Point, 4326)", "cell_id": "bigint"}
"""The columns that every record with a place brings."""
IN_AREA = {"area_no": "bigint"}
"""The column besides, of records that only those in charge may see."""
_DERIVED = {"cell_id", "area_no"}
"""Columns that follow from the place."""


def write(db: Session, target: Target, frame: pd.DataFrame, progress: Progress = quiet) -> Outcome:
    """Write the rows of `frame`, indexed by row number, into `target`: add, change, leave.

    Columns that `target` does not know are passed over; geometry comes as EWKB, hex or not.
    """
    with data.db.cursor(db) as cursor:
        if len(frame) >= BULK and _is_empty(cursor, target.table):
            return _fill(cursor, target, frame, progress)
        stage(cursor, frame, target.types, progress)
        return _upsert(cursor, target, [name for name in target.types if name in frame.columns])


def _is_empty(cursor: Rows, table: str) -> bool:
    found = cursor.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(sql.Identifier(table)))
    return found.fetchone() is None


def _fill(cursor: Rows, target: Target, frame: pd.DataFrame, progress: Progress) -> Outcome:
    """Copy straight into an empty table, whose indexes are built afterwards."""
    columns = [name for name in target.types if name in frame.columns]
    aside = data.bulk.set_aside(cursor, [target.table])
    copy_frame(cursor, target.table, frame[columns], progress)
    data.bulk.restore(cursor, aside, progress)
    cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(target.table)))
    return Outcome(len(frame), 0, 0)


# Staging


def stage(
    cursor: Rows, frame: pd.DataFrame, types: dict[str, str], progress: Progress = quiet
) -> None:
    """Copy `frame` into the temporary table `staged`: its columns among `types`, and `row`."""
    columns = [name for name in types if name in frame.columns]
    parts = [sql.SQL("{} {}").format(sql.Identifier(c), sql.SQL(types[c])) for c in columns]
    cursor.execute("DROP TABLE IF EXISTS staged")
    cursor.execute(
        sql.SQL("CREATE TEMP TABLE staged (row int, {}) ON COMMIT DROP").format(
            sql.SQL(", ").join(parts)
        )
    )
    copy_frame(cursor, "staged", frame[columns].rename_axis("row").reset_index(), progress)
    cursor.execute("ANALYZE staged")


def copy_frame(cursor: Rows, table: str, frame: pd.DataFrame, progress: Progress = quiet) -> None:
    """COPY a frame into `table`, column by column of the same name, in chunks."""
    rows = pa.Table.from_pandas(frame, preserve_index=False)

    def chunks() -> Iterator[pa.Table]:
        for start in range(0, len(rows), CHUNK):
            yield rows.slice(start, CHUNK)
            progress("writing rows", min(start + CHUNK, len(rows)), len(rows))

    copy_tables(cursor, table, chunks())


def copy_tables(cursor: Rows, table: str, chunks: Iterable[pa.Table]) -> int:
    """COPY Arrow tables of the same columns into `table`: binary, or else as CSV; how many rows?"""
    count, chunks = 0, iter(chunks)
    first = next(chunks, None)
    if first is None:
        return 0
    columns = sql.SQL(", ").join(map(sql.Identifier, first.column_names))
    types = types_of(cursor, table)
    is_binary = data.binary.fits(first, types)
    form = sql.SQL("binary" if is_binary else "csv")
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT {})")
    with cursor.copy(statement.format(sql.Identifier(table), columns, form)) as copy:
        if is_binary:
            copy.write(data.binary.HEADER)
        for rows in chain([first], chunks):
            copy.write(data.binary.encode(rows, types) if is_binary else _as_csv(rows))
            count += len(rows)
        if is_binary:
            copy.write(data.binary.TRAILER)
    return count


_TYPES_OF = """
    SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
    WHERE attrelid = quote_ident(%s)::regclass AND attnum > 0 AND NOT attisdropped
"""


def types_of(cursor: Rows, table: str) -> dict[str, str]:
    """The SQL type of every column of a table."""
    return {str(name): str(kind) for name, kind in cursor.execute(_TYPES_OF, [table]).fetchall()}


def _as_csv(rows: pa.Table) -> bytes:
    """Write rows as CSV, bytes as a bytea or a geometry is read."""
    for place, one in enumerate(rows.schema):
        if pa.types.is_binary(one.type) or pa.types.is_large_binary(one.type):
            told = ["\\x" + value.hex() if value is not None else None
                    for value in rows.column(place).to_pylist()]  # fmt: skip
            rows = rows.set_column(place, one.name, pa.array(told, pa.string()))
    text = io.BytesIO()
    pa.csv.write_csv(rows, text, pa.csv.WriteOptions(include_header=False))
    return text.getvalue()


# Geometry as COPY takes it


def ewkb(shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """Write WGS-84 shapes as EWKB hex; None stays."""
    with_srid = shapely.set_srid(shapes, 4326)
    return np.asarray(shapely.to_wkb(with_srid, hex=True, include_srid=True), dtype=object)


_POINT = np.dtype([("order", "u1"), ("kind", "<u4"), ("srid", "<u4"), ("x", "<f8"), ("y", "<f8")])


def ewkb_of_points(points: npt.NDArray[np.object_]) -> pd.api.extensions.ExtensionArray:
    """Write WGS-84 Points as EWKB, laid out by numpy: no object for each; None stays."""
    record = np.zeros(len(points), dtype=_POINT)
    record["order"], record["kind"], record["srid"] = 1, 0x20000001, 4326
    record["x"], record["y"] = shapely.get_x(points), shapely.get_y(points)
    ends = np.arange(len(points) + 1, dtype="<i8") * _POINT.itemsize
    content = [None, pa.py_buffer(ends), pa.py_buffer(record)]
    told = pa.Array.from_buffers(pa.large_binary(), len(points), content)
    missing = pa.array(shapely.is_missing(points))
    return pd.arrays.ArrowExtensionArray(
        pc.if_else(missing, pa.scalar(None, pa.large_binary()), told)
    )


# Comparing and writing


def _upsert(cursor: Rows, target: Target, brought: Sequence[str]) -> Outcome:
    """Write `staged`, which has the columns `brought`: change what differs, add what is new."""
    total = _count(cursor, "staged")
    changed = _change(cursor, target, brought)
    existing = _rough_count(cursor, target.table, up_to=2 * total)
    in_bulk = total >= BULK and existing < 2 * total
    aside = data.bulk.set_aside(cursor, [target.table]) if in_bulk else []
    added = _add(cursor, target, brought)
    data.bulk.restore(cursor, aside)
    return Outcome(added, changed, total - added - changed)


def _count(cursor: Rows, table: str) -> int:
    row = cursor.execute(
        sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
    ).fetchone()
    assert row is not None
    return int(str(row[0]))


def _rough_count(cursor: Rows, table: str, *, up_to: int) -> int:
    """Count rows, but not on and on: enough to choose the way."""
    row = cursor.execute(
        sql.SQL("SELECT count(*) FROM (SELECT 1 FROM {} LIMIT {}) AS few").format(
            sql.Identifier(table), sql.Literal(up_to)
        )
    ).fetchone()
    assert row is not None
    return int(str(row[0]))


def _matches(target: Target) -> sql.Composed:
    return sql.SQL(" AND ").join(
        sql.SQL("t.{0} = s.{0}").format(sql.Identifier(column)) for column in target.key
    )


def _change(cursor: Rows, target: Target, brought: Sequence[str]) -> int:
    fixed = {*target.key, *target.told_once, *_DERIVED}
    values = [column for column in brought if column not in fixed]
    if not values:
        return 0
    differs = sql.SQL(" OR ").join(
        sql.SQL("(s.{0} IS NOT NULL AND t.{0} IS DISTINCT FROM s.{0})").format(sql.Identifier(c))
        for c in values
    )
    sets: list[sql.Composable] = [
        sql.SQL("{0} = coalesce(s.{0}, t.{0})").format(sql.Identifier(column)) for column in values
    ]
    sets += [
        sql.SQL("{0} = CASE WHEN s.geom IS NULL THEN t.{0} ELSE s.{0} END").format(
            sql.Identifier(column)
        )
        for column in brought
        if column in _DERIVED
    ]
    cursor.execute(
        sql.SQL(
            "UPDATE {table} t SET {sets}, changed_at = now() FROM staged s "
            "WHERE {matches} AND ({differs})"
        ).format(
            table=sql.Identifier(target.table),
            sets=sql.SQL(", ").join(sets),
            matches=_matches(target),
            differs=differs,
        )
    )
    return cursor.rowcount


def _add(cursor: Rows, target: Target, brought: Sequence[str]) -> int:
    values = [
        sql.SQL("coalesce(s.{}, {})").format(
            sql.Identifier(column), sql.Literal(target.blanks.get(column))
        )
        for column in brought
    ]
    cursor.execute(
        sql.SQL(
            "INSERT INTO {table} ({columns}) SELECT {values} FROM staged s "
            "WHERE NOT EXISTS (SELECT 1 FROM {table} t WHERE {matches}) ORDER BY {key}"
        ).format(
            table=sql.Identifier(target.table),
            columns=sql.SQL(", ").join(map(sql.Identifier, brought)),
            values=sql.SQL(", ").join(values),
            matches=_matches(target),
            key=sql.SQL(", ").join(map(sql.Identifier, target.key)),
        )
    )
    return cursor.rowcount
