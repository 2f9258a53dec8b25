"""台账 filled for the first time: a large sheet goes straight into empty tables.

Nobody is in the register whom a row could be, so nothing is compared: homes and households are
numbered here, along a space-filling curve, and every row is written once, with its cell and area
in it. Who stands twice in the sheet is left to `data.register`, as ever.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import shapely
from psycopg import sql

import data.bulk
import data.intake
import data.register_sealed
import gis.places
from data.intake import Rows
from data.register_sealed import SEALED
from data.seal import Seal
from gis.terms import Progress, quiet

LEAST = 20_000
"""Smaller sheets are compared with the register, also with an empty one."""
CHUNK = 50_000
TABLES = ("dwelling", "household", "resident")
_OF_PERSON = ("sex", "birth_date", "relation", "residence", "floating", "floating_since",
              "floating_until")  # fmt: skip

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Filled:
    """What a sheet filled: rows → numbers of residents and households, and homes in no cell."""

    resident: pd.Series[int]
    household: pd.Series[int]
    outside: int
    nowhere: int


def is_due(cursor: Rows, frame: pd.DataFrame) -> bool:
    """Whether nobody is registered yet, and this sheet is large."""
    if len(frame) < LEAST:
        return False
    cursor.execute("SELECT pg_advisory_xact_lock(hashtext('wangge register'))")
    tables = [f"EXISTS (SELECT FROM {table})" for table in TABLES]
    row = cursor.execute(f"SELECT {' OR '.join(tables)}").fetchone()
    return row == (False,)


def fill(
    cursor: Rows, frame: pd.DataFrame, seal: Seal, told_at: datetime, progress: Progress = quiet
) -> Filled:
    """Write the rows of `frame`, all of them new people, and the homes they live in."""
    homes = _homes(cursor, frame)
    order, household, first = _households(frame, homes)
    aside = data.bulk.set_aside(cursor, TABLES)
    dwellings = _next_number(cursor, "dwelling", len(homes.rows))
    households = _next_number(cursor, "household", len(first))
    residents = _next_number(cursor, "resident", len(frame))
    _write_dwellings(cursor, frame, homes, dwellings)
    _write_households(cursor, frame.iloc[first], homes, homes.of_row[first], households, dwellings)
    told = {"household_id": households + household, "area_no": homes.area_no[homes.of_row]}
    people = _people(frame, order, told | {"told_at": told_at}, residents, seal, progress)
    data.intake.copy_tables(cursor, "resident", people)
    data.bulk.restore(cursor, aside, progress)
    for table in TABLES:
        cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table)))
    number = np.empty(len(frame), np.int64)
    number[order] = residents + np.arange(len(frame))
    in_cell, in_place = homes.has_cell[homes.of_row], homes.has_place[homes.of_row]
    return Filled(
        pd.Series(number, frame.index),
        pd.Series(households + household, frame.index),
        int((in_place & ~in_cell).sum()),
        int((~in_place & ~in_cell).sum()),
    )


def _next_number(cursor: Rows, table: str, count: int) -> int:
    """The first of `count` numbers that nobody else gets."""
    row = cursor.execute(
        "SELECT nextval(s), setval(s, currval(s) + %s) FROM pg_get_serial_sequence(%s, 'id') s",
        [count, table],
    ).fetchone()
    assert row is not None
    return int(str(row[0]))


# Homes

FIND_BUILDINGS = """
    UPDATE staged s SET building_id = b.id FROM building b WHERE b.code = s.building_code;
    UPDATE staged s SET building_id = (SELECT min(b.id) FROM building b WHERE b.address = s.address)
    WHERE s.building_code IS NULL;
"""
MAKE_BUILDINGS = """
    INSERT INTO building (code, address, geom, cell_id)
    SELECT DISTINCT ON (coalesce(s.building_code, s.address))
        coalesce(s.building_code, 'addr-' || md5(s.address)), s.address, s.geom, s.cell_id
    FROM staged s WHERE s.goes_in AND s.building_id IS NULL
    ORDER BY coalesce(s.building_code, s.address), s.geom IS NULL, s.row
    ON CONFLICT (code) DO NOTHING;
"""


@dataclass(frozen=True)
class _Homes:
    """Dwellings along a curve: the row each is told by, and what follows from its place.

    `of_row` says which of them each row of the sheet lives in.
    """

    rows: Ints
    of_row: Ints
    building_id: Ints
    own_place: npt.NDArray[np.bool_]
    geom: npt.NDArray[np.object_]
    has_place: npt.NDArray[np.bool_]
    cell_id: npt.NDArray[np.float64]
    has_cell: npt.NDArray[np.bool_]
    area_no: Ints


def _homes(cursor: Rows, frame: pd.DataFrame) -> _Homes:
    """Find or make the buildings, and tell the dwellings in them apart."""
    buildings, of_row = _buildings(cursor, frame)
    building = buildings["id"].to_numpy()[of_row]
    placed = frame["geom"].notna().to_numpy()
    home = _pairs(building, pd.factorize(frame["dwelling"])[0])
    rows, home = _told_by(home, placed)
    told, of_home = placed[rows], of_row[rows]
    of_building = buildings["geom"].to_numpy(dtype=object)[of_home]
    own = frame["geom"].iloc[rows].astype(object).to_numpy()
    geom = np.where(told, own, of_building)
    differs = [one is not None and one != other for one, other in
               zip(geom, of_building, strict=True)]  # fmt: skip
    cell = np.where(told, _floats(frame["cell_id"])[rows], _floats(buildings["cell_id"])[of_home])
    area = np.where(
        told, frame["area_no"].to_numpy()[rows], buildings["area_no"].to_numpy()[of_home]
    )
    points = shapely.from_wkb(geom)
    along = gis.places.along_a_curve(points)
    place = np.empty(len(rows), np.int64)
    place[along] = np.arange(len(rows))
    has_place = ~shapely.is_missing(points)
    return _Homes(
        rows[along], place[home], building[rows][along], (told & np.array(differs, bool))[along],
        geom[along], has_place[along], cell[along], np.isfinite(cell)[along],
        area.astype(np.int64)[along],
    )  # fmt: skip


def _buildings(cursor: Rows, frame: pd.DataFrame) -> tuple[pd.DataFrame, Ints]:
    """The buildings that the sheet names, found or made as for any sheet; and which each row is in.

    A building is named by its code and address: a few thousand pairs, whatever the sheet's length.
    """
    code, address = (pd.factorize(frame[one])[0] for one in ("building_code", "address"))
    rows, of_row = _told_by(_pairs(code, address), frame["geom"].notna().to_numpy())
    named = frame.iloc[rows][["building_code", "address", "geom", "cell_id"]]
    data.intake.stage(cursor, named, _NAMED)
    cursor.execute("ALTER TABLE staged ADD building_id bigint, ADD goes_in bool DEFAULT true")
    for statement in (FIND_BUILDINGS, MAKE_BUILDINGS, FIND_BUILDINGS):
        cursor.execute(statement)
    found = cursor.execute(_FOUND).fetchall()
    columns = ["row", "id", "geom", "cell_id", "area_no"]
    buildings = pd.DataFrame(found, columns=columns).set_index("row").loc[named.index]
    return buildings, of_row


_NAMED = {"building_code": "text", "address": "text", "geom": "geometry(Point, 4326)",
          "cell_id": "bigint"}  # fmt: skip
_FOUND = """
    SELECT s.row, b.id, ST_AsEWKB(b.geom), b.cell_id, coalesce(c.area_no, 0)
    FROM staged s JOIN building b ON b.id = s.building_id LEFT JOIN grid_cell c ON c.id = b.cell_id
"""


def _pairs(one: Any, other: Any) -> Ints:
    """Number pairs of numbers; -1 is a number like any."""
    both = (np.asarray(one, np.int64) + 1) * (int(np.max(other, initial=0)) + 2) + other + 1
    return np.asarray(pd.factorize(both)[0], np.int64)


def _told_by(group: Ints, placed: npt.NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """The row that tells of each group, the first with a place or the first; and the groups."""
    count = int(group.max()) + 1
    rows = np.zeros(count, np.int64)
    every = np.arange(len(group))
    rows[group[::-1]] = every[::-1]
    with_place = np.flatnonzero(placed)[::-1]
    rows[group[with_place]] = with_place
    return rows, group


def _floats(values: pd.Series[Any]) -> npt.NDArray[np.float64]:
    return np.asarray(values.astype("Float64").to_numpy(dtype=float, na_value=np.nan))


def _write_dwellings(cursor: Rows, frame: pd.DataFrame, homes: _Homes, first: int) -> None:
    told = {
        "id": first + np.arange(len(homes.rows)),
        "building_id": homes.building_id,
        "number": _text(frame["dwelling"].iloc[homes.rows]),
        "own_place": homes.own_place,
        "geom": pa.array(homes.geom, pa.large_binary(), from_pandas=True),
        "cell_id": pa.array(np.nan_to_num(homes.cell_id).astype(np.int64), mask=~homes.has_cell),
        "area_no": homes.area_no,
    }
    data.intake.copy_tables(cursor, "dwelling", _cut(pa.table(told)))


def _write_households(
    cursor: Rows, rows: pd.DataFrame, homes: _Homes, home: Ints, first: int, dwellings: int
) -> None:
    """Write a household for each of `rows`, which live in `home`."""
    told = {
        "id": first + np.arange(len(rows)),
        "dwelling_id": dwellings + home,
        "number": _text(rows["household"]),
        "area_no": homes.area_no[home],
    }
    data.intake.copy_tables(cursor, "household", _cut(pa.table(told)))


def _cut(rows: pa.Table) -> Iterator[pa.Table]:
    for start in range(0, len(rows), CHUNK):
        yield rows.slice(start, CHUNK)


def _households(frame: pd.DataFrame, homes: _Homes) -> tuple[Ints, Ints, Ints]:
    """The rows in the order of their homes; the household of each row; the first row of each."""
    number = pd.factorize(frame["household"])[0]
    order = np.lexsort((np.arange(len(frame)), number, homes.of_row))
    home, number = homes.of_row[order], number[order]
    begins = np.ones(len(order), bool)
    begins[1:] = (home[1:] != home[:-1]) | (number[1:] != number[:-1])
    household = np.empty(len(order), np.int64)
    household[order] = np.cumsum(begins) - 1
    return order, household, order[begins]


def _people(
    frame: pd.DataFrame,
    order: Ints,
    told: dict[str, Any],
    first: int,
    seal: Seal,
    progress: Progress,
) -> Iterator[pa.Table]:
    """The residents in that order, in chunks: only of one chunk the seals stand in memory."""
    for start in range(0, len(order), CHUNK):
        at = order[start : start + CHUNK]
        kept = data.register_sealed.sealed(frame.iloc[at][[*SEALED, *_OF_PERSON]], seal)
        kept["floating"] = kept["floating"].astype("boolean").fillna(False)
        rows = pa.Table.from_pandas(kept, preserve_index=False)
        numbers = {
            "id": pa.array(first + np.arange(start, start + len(at))),
            "household_id": pa.array(told["household_id"][at]),
            "area_no": pa.array(told["area_no"][at]),
            "told_at": pa.repeat(pa.scalar(told["told_at"], pa.timestamp("us", "UTC")), len(at)),
        }
        for name, values in numbers.items():
            rows = rows.append_column(name, values)
        yield rows
        progress("writing rows", start + len(at), len(order))


def _text(values: pd.Series[str]) -> pa.Array:
    return pa.array(values, pa.large_string(), from_pandas=True)
