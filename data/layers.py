"""The layers as GeoJSON, and the versions that tell whether an answer is still true.

Features are made by `ST_AsGeoJSON(t)` in chunks that continue after the last id: the first bytes
leave at once and memory stays flat, whatever the size of the city.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import orjson
import psycopg
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.areas
import data.plan_cells
import data.scope
import data.tiles
import gis.coordinates
from data.tiles import HIDDEN, HOUSEHOLDS, IN_PLAN, LOAD, PLAN_ID, TALLIES, known
from gis.errors import BadInput, NotFound
from gis.terms import Datum

CHUNK = 2000
DIGITS = 7


def _cells(*, counted: bool) -> str:
    """Cells with their numbers; `counted`: with their workers as they were counted before."""
    workers = "" if counted else f", {data.tiles.workers('c.id IN (SELECT id FROM here)')}"
    return f"""
    WITH here AS MATERIALIZED (SELECT c.id FROM grid_cell c WHERE {IN_PLAN} AND {{where}}) {workers}
    SELECT c.id, c.code, c.name, c.kind, c.division_code, {HOUSEHOLDS} AS households,
           coalesce({known("facilities")}, 0) AS facilities, {known("open_cases")} AS open_cases,
           {LOAD} AS load, {HIDDEN} AS hidden, round(c.area_m2::numeric, 1) AS area_m2, c.geom
    FROM here JOIN grid_cell c USING (id) {TALLIES}
         LEFT JOIN {"cell_workers" if counted else "workers"} w ON w.cell_id = c.id
"""


_COUNTED_CELLS = _cells(counted=True)
_ROWS = {
    "cells": _cells(counted=False),
    "facilities": "SELECT id, code, name, kind, category, class_code, address, geom "
    "FROM facility WHERE {where}",
    "cases": "SELECT id, code, title, state, class_code, reported_at, due_at, geom "
    "FROM case_file WHERE {where}",
    "buildings": "SELECT id, code, name, address, floors, coalesce(footprint, geom) AS geom "
    "FROM building WHERE {where}",
    "base": "SELECT id, kind, rank, name, geom FROM base_feature WHERE {where}",
    "divisions": "SELECT id, code, name, level, parent_code, geom FROM division "
    "WHERE valid_from <= current_date AND (valid_to IS NULL OR valid_to > current_date) "
    "AND {where}",
}
LAYERS = tuple(_ROWS)

_ENVELOPE = "ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)"
_BOX = f"geom && {_ENVELOPE}"
_BOX_OF = {"cases": data.scope.in_view(_ENVELOPE)}
"""Layers under row policies look their box up by cells too."""
_OF_CELLS = {
    "cells": "c.id = ANY(%(cells)s)",
    "divisions": "code = ANY(%(divisions)s)",
    "facilities": "cell_id = ANY(%(cells)s)",
    "cases": "cell_id = ANY(%(cells)s)",
    "buildings": "cell_id = ANY(%(cells)s)",
}

_EDITED = """SELECT p.id, current_date::text, p.version,
                 (SELECT json_object_agg(layer, version) FROM data_version)
                 FROM (SELECT {plan} AS id) one LEFT JOIN grid_plan p USING (id)"""
_COUNTED = "(SELECT value #>> '{}' FROM store_fact WHERE key = 'cell_workers')"
_VERSIONS = f"SELECT v.*, {_COUNTED} FROM ({_EDITED.format(plan=PLAN_ID)}) v"
VERSIONS_NOW = _EDITED.format(plan="(SELECT id FROM grid_plan WHERE state = 'published')")
"""What `versions_of` reads, of the plan in force: one row."""
_FEEDS = {name: {name, "cells"} for name in ("base", "buildings", "divisions")}
"""Which counters a layer hangs on; refiling after a change of the ground raises `cells`. A cell
shows tallies and posts, and points below zoom 12 are counted by cell: those hang on all."""


@dataclass(frozen=True)
class Box:
    """West, south, east, north in WGS-84 degrees."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True)
class Area:
    """What an area code stands for: the ids of its cells, the codes of its divisions."""

    cells: list[int]
    divisions: list[str]


def read_box(text: str) -> Box:
    """Read `west,south,east,north`.

    Raises:
        BadInput: not four numbers, off the earth, or the wrong way round.
    """
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != 4 or not all(math.isfinite(number) for number in numbers):
        raise BadInput(
            f"bbox is {text!r}; give four numbers: west,south,east,north in degrees",
            field="bbox",
            value=text,
        )
    west, south, east, north = numbers
    gis.coordinates.check_point(west, south)
    gis.coordinates.check_point(east, north)
    if west > east or south > north:
        raise BadInput(
            f"bbox {text!r} is the wrong way round: west must not exceed east, nor south north",
            field="bbox",
            value=text,
        )
    return Box(west, south, east, north)


@dataclass(frozen=True)
class Versions:
    """How often what was edited: of each layer, and of the cells of one plan, on a day.

    The day is in it because posts and cells begin and end with it.
    """

    plan: int
    day: str
    edits: int
    layers: Mapping[str, int]

    def of(self, layers: tuple[str, ...]) -> str:
        """A text that changes whenever an answer about `layers` may."""
        wide = not all(layer in _FEEDS for layer in layers)
        fed = set(self.layers) if wide else set().union(*(_FEEDS[layer] for layer in layers))
        total = sum(value for name, value in self.layers.items() if name in fed)
        return f"{total}.{self.plan}.{self.edits}.{self.day}" if wide else f"{total}.{self.day}"

    @property
    def ground(self) -> str:
        """A text that changes whenever it may be another cell that holds a place, or another who
        answers for it."""
        told = (self.layers.get(name, 0) for name in ("cells", "divisions", "posts"))
        return f"{self.plan}.{self.edits}.{self.day}.{'.'.join(map(str, told))}"


def versions_now(db: Session) -> Versions:
    """The versions as the transaction of `db` sees them."""
    return versions_of(tuple(db.execute(sa.text(VERSIONS_NOW)).one()))


def versions_of(row: tuple[Any, ...]) -> Versions:
    """Read what the store answered."""
    plan, day, edits, layers = row
    return Versions(plan or 0, day, edits or 0, layers or {})


async def version(
    connection: psycopg.AsyncConnection[Any],
    layers: tuple[str, ...],
    plan: str | None = None,
    as_of: date | None = None,
) -> str:
    """Return a text that changes whenever an answer about `layers` may; reads no geometry.

    Raises:
        NotFound: no plan has that name, or none was in force on that day.
    """
    return (await versions(connection, plan, as_of))[0].of(layers)


async def versions(
    connection: psycopg.AsyncConnection[Any], plan: str | None = None, as_of: date | None = None
) -> tuple[Versions, bool]:
    """Return the versions, and whether the workers of cells were counted of this ground.

    Raises:
        NotFound: no plan has that name, or none was in force on that day.
    """
    row = await (await ask_versions(connection, plan, as_of)).fetchone()
    if row is not None and row[0] is None and plan is not None:
        await plan_exists(connection, plan)
    if row is not None and row[0] is None and as_of is not None:
        raise NotFound(f"no plan was in force on {as_of}", value=str(as_of))
    return told_versions(row)


Rows = psycopg.AsyncCursor[tuple[Any, ...]]


async def ask_versions(
    connection: psycopg.AsyncConnection[Any], plan: str | None = None, as_of: date | None = None
) -> Rows:
    """Ask for the versions; `told_versions` reads the row of the answer, when it is there."""
    return await connection.execute(_VERSIONS, {"plan": plan, "day": as_of}, prepare=True)


def told_versions(row: tuple[Any, ...] | None) -> tuple[Versions, bool]:
    """Read the answer to `ask_versions`: also whether workers were counted of this ground."""
    assert row is not None
    found = versions_of(row[:4])
    return found, row[4] == found.ground


async def plan_exists(connection: psycopg.AsyncConnection[Any], plan: str) -> None:
    """Refuse a plan's name that is none.

    Raises:
        NotFound: naming the plans there are.
    """
    rows = await (await connection.execute("SELECT name FROM grid_plan ORDER BY id")).fetchall()
    names = [row[0] for row in rows]
    if plan not in names:
        raise NotFound(
            f"there is no plan {plan!r}; choose from {', '.join(names) or 'none yet'}",
            value=plan,
            choices=names,
        )


_CELL_OF = data.areas.CELLS.format(in_plan=IN_PLAN)
_CELLS_BELOW = f"""
    SELECT array_agg(c.id) FROM grid_cell c WHERE {IN_PLAN} AND c.division_code = ANY(%(below)s)
"""


async def area_of(
    connection: psycopg.AsyncConnection[Any],
    code: str,
    plan: str | None = None,
    as_of: date | None = None,
) -> Area:
    """Resolve a cell's code, or a division's code or leading digits, to cells and divisions.

    Raises:
        NotFound: it names neither.
    """
    values: dict[str, Any] = {**data.areas.question(code), "plan": plan, "day": as_of}
    cell = await (await connection.execute(_CELL_OF, values)).fetchone()
    if cell and cell[0]:
        return Area(cell[0], [])
    tree = await (await connection.execute(data.areas.DIVISIONS, values)).fetchone()
    if not tree or not tree[0]:
        raise data.areas.none_there(code)
    below = await (await connection.execute(_CELLS_BELOW, {**values, "below": tree[0]})).fetchone()
    return Area(below[0] or [] if below else [], tree[0])


@dataclass(frozen=True)
class Wanted:
    """Which features are asked for."""

    layer: str
    box: Box | None = None
    area: Area | None = None
    limit: int | None = None
    plan: str | None = None
    datum: Datum = Datum.WGS84
    as_of: date | None = None

    @property
    def is_shifted(self) -> bool:
        """Whether every vertex is moved on its way out."""
        return self.datum != Datum.WGS84

    @property
    def may_be_counted(self) -> bool:
        """Whether workers who were counted before may be those of what is wanted."""
        return self.layer == "cells" and self.plan is None and self.as_of is None


def check(wanted: Wanted) -> None:
    """Refuse a wish no layer can fulfil, before the first byte is sent.

    Raises:
        BadInput: an area of a layer whose features belong to no cell.
    """
    if wanted.area and wanted.layer not in _OF_CELLS:
        raise BadInput(
            f"{wanted.layer} has no area; use bbox", field="area", choices=list(_OF_CELLS)
        )


def _question(wanted: Wanted, *, counted: bool = False) -> tuple[str, dict[str, Any]]:
    own = "c." if wanted.layer == "cells" else ""
    where: list[str] = ["TRUE"]
    values: dict[str, Any] = {"plan": wanted.plan, "day": wanted.as_of}
    if wanted.box:
        where.append(_BOX_OF.get(wanted.layer, own + _BOX))
        values |= vars(wanted.box)
    if wanted.area:
        where.append(_OF_CELLS[wanted.layer])
        values |= vars(wanted.area)
    where.append(f"{own}id > %(after)s ORDER BY {own}id LIMIT %(most)s")
    sql = _COUNTED_CELLS if counted else _ROWS[wanted.layer]
    rows = data.plan_cells.fitting(sql, values)
    return rows.format(where=" AND ".join(where)), values


HEAD, TAIL = b'{"type":"FeatureCollection","features":[', b"]}"


async def collection(
    connection: psycopg.AsyncConnection[Any], wanted: Wanted
) -> AsyncIterator[bytes]:
    """Yield a GeoJSON FeatureCollection in pieces; `limit` cuts it off."""
    counted = wanted.may_be_counted and (await versions(connection))[1]
    left, after, glue = wanted.limit if wanted.limit is not None else math.inf, -1, b""
    yield HEAD
    while left > 0:
        most = int(min(CHUNK, left))
        asked = await ask_piece(connection, wanted, after=after, most=most, counted=counted)
        count, after, features = told_piece(await asked.fetchone(), wanted)
        if count:
            yield glue + features
        glue, left = b",", left - count
        if count < most:
            break
    yield TAIL


async def ask_piece(
    connection: psycopg.AsyncConnection[Any], wanted: Wanted, *, after: int, most: int,
    counted: bool,
) -> Rows:  # fmt: skip
    """Ask for the features after an id; `told_piece` reads the row of the answer."""
    rows, values = _question(wanted, counted=counted)
    cursor = connection.cursor(binary=True)
    return await cursor.execute(
        _READ[wanted.is_shifted].format(rows=rows),
        values | {"after": after, "most": most},
        prepare=False,
    )


def told_piece(row: tuple[Any, ...] | None, wanted: Wanted) -> tuple[int, int, bytes]:
    """How many features came, the last id, and the features with commas."""
    if row is None or not row[0]:
        return 0, -1, b""
    features = _join_shifted(row, wanted.datum) if wanted.is_shifted else bytes(row[2])
    return row[0], row[1], features


def as_geojson(row: str, digits: int) -> str:
    """Write a row as a feature; PostGIS 3.3 tells a missing place as one of no type. In no text do
    these words stand so: its quotes are escaped."""
    told = f"ST_AsGeoJSON({row}, 'geom', {digits})"
    none = f"""replace({told}, '"geometry": {{{{"type": null}}}}', '"geometry": null')"""
    return f"CASE WHEN {row}.geom IS NULL THEN {none} ELSE {told} END"


_READ = {
    False: f"""SELECT count(*), max(t.id), convert_to(
        string_agg({as_geojson("t", DIGITS)}, ',' ORDER BY t.id), 'UTF8')
        FROM ({{rows}}) t""",
    True: """SELECT count(*), max(t.id), array_agg(to_jsonb(t) - 'geom' ORDER BY t.id),
        array_agg(ST_AsBinary(t.geom) ORDER BY t.id) FROM ({rows}) t""",
}


def _join_shifted(row: tuple[Any, ...], datum: Datum) -> bytes:
    """Shift every vertex, exactly; only a GCJ-02 or BD-09 client pays for it."""
    shapes = np.array([shapely.from_wkb(shape) for shape in row[3]], dtype=object)
    moved = gis.coordinates.convert_shapes(shapes, source=Datum.WGS84, target=datum)
    return b",".join(
        orjson.dumps(
            {
                "type": "Feature",
                "geometry": orjson.Fragment(shapely.to_geojson(shape)) if shape else None,
                "properties": properties,
            }
        )
        for shape, properties in zip(moved, row[2], strict=True)
    )
