"""Many rows into a table, set-based: COPY into a staging table, file, compare, write what differs.

A blank in a file never erases what the store has; a column that the file does not bring is left
alone. `changed_at` moves only for rows of which a value really changed.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import shapely
from psycopg import Cursor, sql
from sqlalchemy.orm import Session

import data.db
from data.locate import IN_FORCE
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


@dataclass(frozen=True)
class Target:
    """A table that takes rows: its key, and the SQL type of every column a file may bring."""

    table: str
    key: tuple[str, ...]
    types: dict[str, str]
    placed: bool = False


# Staging


def stage(
    db: Session,
    frame: pd.DataFrame,
    types: dict[str, str],
    *,
    progress: Progress = quiet,
) -> None:
    """Copy `frame` into the temporary table `staged`; its columns are `types` that it brings.

    A column of type geometry holds EWKB as hex text; `lon` and `lat` (float) become the point
    `geom`. The row number of the file is `row`.
    """
    columns = [name for name in types if name in frame.columns]
    parts: list[sql.Composable] = [
        sql.SQL("{} {}").format(sql.Identifier(c), sql.SQL(types[c])) for c in columns
    ]
    if {"lon", "lat"} <= set(frame.columns):
        columns += ["lon", "lat"]
        parts.append(sql.SQL(_POINT))
    with data.db.cursor(db) as cursor:
        cursor.execute("DROP TABLE IF EXISTS staged")
        cursor.execute(
            sql.SQL("CREATE TEMP TABLE staged (row int, {}) ON COMMIT DROP").format(
                sql.SQL(", ").join(parts)
            )
        )
        copy_frame(cursor, "staged", frame[columns].rename_axis("row").reset_index(), progress)
        cursor.execute("ANALYZE staged")


_POINT = """lon float8, lat float8, geom geometry(Point, 4326) GENERATED ALWAYS AS
    (ST_SetSRID(ST_MakePoint(lon, lat), 4326)) STORED"""


def copy_frame(
    cursor: Cursor[tuple[object, ...]], table: str, frame: pd.DataFrame, progress: Progress = quiet
) -> None:
    """COPY a frame into `table`, column by column of the same name, in chunks."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, frame.columns))
    )
    with cursor.copy(statement) as copy:
        for start in range(0, len(frame), CHUNK):
            copy.write(_as_csv(frame.iloc[start : start + CHUNK]))
            progress("writing rows", min(start + CHUNK, len(frame)), len(frame))


def _as_csv(frame: pd.DataFrame) -> bytes:
    text = io.BytesIO()
    table = pa.Table.from_pandas(frame, preserve_index=False)
    pa.csv.write_csv(table, text, pa.csv.WriteOptions(include_header=False))
    return text.getvalue()


def ewkb(shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """Write WGS-84 shapes as EWKB hex for COPY; None stays."""
    with_srid = shapely.set_srid(shapes, 4326)
    return np.asarray(shapely.to_wkb(with_srid, hex=True, include_srid=True), dtype=object)


# Filing what is staged


def file_staged(db: Session) -> None:
    """Find the cell in force of every staged point, by the shared-edge rule of `gis.locate`."""
    with data.db.cursor(db) as cursor:
        cursor.execute("CREATE INDEX ON staged USING gist (geom)")
        cursor.execute(_FILE_STAGED)
        cursor.execute("CREATE UNIQUE INDEX ON filed (row)")
        cursor.execute("ANALYZE filed")


_FILE_STAGED = f"""
    DROP TABLE IF EXISTS filed;
    CREATE TEMP TABLE filed ON COMMIT DROP AS
    SELECT DISTINCT ON (s.row) s.row, c.id AS cell_id
    FROM (SELECT id, code, geom FROM grid_cell WHERE {IN_FORCE} OFFSET 0) c
    JOIN staged s ON ST_Intersects(c.geom, s.geom)
    ORDER BY s.row, c.code COLLATE "C"
"""


def unplaced(db: Session) -> tuple[int, int]:
    """Count staged rows outside all cells, and without coordinates."""
    with data.db.cursor(db) as cursor:
        row = cursor.execute(
            "SELECT count(*) FILTER (WHERE s.geom IS NOT NULL), "
            "count(*) FILTER (WHERE s.geom IS NULL) "
            "FROM staged s LEFT JOIN filed f USING (row) WHERE f.row IS NULL"
        ).fetchone()
    assert row is not None
    return row[0], row[1]


# Comparing and writing


def upsert(db: Session, target: Target, brought: Sequence[str]) -> Outcome:
    """Write `staged` into `target.table`: change what differs, add what is new.

    `brought` are the columns of the table that `staged` has. Placed tables take `cell_id` from
    `filed` (see `file_staged`).
    """
    with data.db.cursor(db) as cursor:
        total = _count(cursor, "staged")
        existing = _rough_count(cursor, target.table, up_to=max(2 * total, 1))
        changed = _change(cursor, target, brought) if existing else 0
        with _bulk(cursor, target.table, worth_it=total >= BULK and existing < 2 * total):
            added = _add(cursor, target, brought)
    return Outcome(added, changed, total - added - changed)


def _count(cursor: Cursor[tuple[object, ...]], table: str) -> int:
    row = cursor.execute(
        sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
    ).fetchone()
    assert row is not None
    return int(str(row[0]))


def _rough_count(cursor: Cursor[tuple[object, ...]], table: str, *, up_to: int) -> int:
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


def _change(cursor: Cursor[tuple[object, ...]], target: Target, brought: Sequence[str]) -> int:
    values = [column for column in brought if column not in target.key]
    if not values:
        return 0
    differs = sql.SQL(" OR ").join(
        sql.SQL("(s.{0} IS NOT NULL AND t.{0} IS DISTINCT FROM s.{0})").format(sql.Identifier(c))
        for c in values
    )
    sets: list[sql.Composable] = [
        sql.SQL("{0} = coalesce(s.{0}, t.{0})").format(sql.Identifier(column)) for column in values
    ]
    filed = sql.SQL("")
    if target.placed and "geom" in values:
        sets.append(sql.SQL("cell_id = CASE WHEN s.geom IS NULL THEN t.cell_id ELSE f.cell_id END"))
        filed = sql.SQL("LEFT JOIN filed f USING (row)")
    cursor.execute(
        sql.SQL(
            "UPDATE {table} t SET {sets}, changed_at = now() FROM staged s {filed} "
            "WHERE {matches} AND ({differs})"
        ).format(
            table=sql.Identifier(target.table),
            sets=sql.SQL(", ").join(sets),
            filed=filed,
            matches=_matches(target),
            differs=differs,
        )
    )
    return cursor.rowcount


def _add(cursor: Cursor[tuple[object, ...]], target: Target, brought: Sequence[str]) -> int:
    columns = [sql.Identifier(column) for column in brought]
    filed = target.placed and "geom" in brought
    cursor.execute(
        sql.SQL(
            "INSERT INTO {table} ({columns}{cell}) SELECT {values}{its_cell} FROM staged s {filed} "
            "WHERE NOT EXISTS (SELECT 1 FROM {table} t WHERE {matches}) ORDER BY {key}"
        ).format(
            table=sql.Identifier(target.table),
            columns=sql.SQL(", ").join(columns),
            values=sql.SQL(", ").join(sql.SQL("s.{}").format(column) for column in columns),
            cell=sql.SQL(", cell_id" if filed else ""),
            its_cell=sql.SQL(", f.cell_id" if filed else ""),
            filed=sql.SQL("LEFT JOIN filed f USING (row)" if filed else ""),
            matches=_matches(target),
            key=sql.SQL(", ").join(sql.SQL("s.{}").format(sql.Identifier(c)) for c in target.key),
        )
    )
    return cursor.rowcount


@contextmanager
def _bulk(cursor: Cursor[tuple[object, ...]], table: str, *, worth_it: bool) -> Iterator[None]:
    """Drop the plain indexes of a table for a large load, and build them again after it.

    Inside the transaction, so a broken load leaves them as they were. Unique ones stay.
    """
    if not worth_it:
        yield
        return
    found = cursor.execute(_PLAIN_INDEXES, (table,)).fetchall()
    for name, _ in found:
        cursor.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(str(name))))
    yield
    for _, definition in found:
        cursor.execute(str(definition).encode())
    cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table)))


_PLAIN_INDEXES = """
    SELECT c.relname, pg_get_indexdef(i.indexrelid)
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid = %s::regclass AND NOT i.indisunique
"""
