"""Vector tiles: each layer's SQL, built and encoded inside PostGIS, bytes out.

A tile is a square of the web-Mercator pyramid. With `datum=GCJ02` the square is one of a GCJ-02
basemap, and the features are moved to match: per tile by the affine map fitted to its four
corners. The GCJ-02 offset bends so slowly that over a tile the fit is wrong by at most h²f''/8:
0.3 m at zoom 14, under 0.02 m at zoom 16, always below half a pixel of a 512-pixel tile from
zoom 9 on; a vertex-exact shift would cost a hundred times more and show nothing.

Residents are no layer: people leave the store only as counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import psycopg

import data.plan_cells
import data.scope
import data.tiles_dots
import data.tiles_place
import gis.outlines
from data.tiles_place import MAX_ZOOM
from gis.terms import ENDED_STATES, STANDING_STATES, Datum, PostRole

EXTENT, BUFFER = gis.outlines.EXTENT, data.tiles_place.MARGIN
REACH = EXTENT // 2
"""Units beyond the tile's edge that an outline may go on for: to clip it would cost more."""
POINTS_FROM = 12
"""From this zoom single points; below it one number per cell, never raw points."""
NAMES_FROM = 12
"""From this zoom cells have places for their names."""
WORDS_FROM = 14
"""From this zoom points carry their names; below it a tile holds thousands, as mere dots."""
NEVER = MAX_ZOOM + 1
PLANNED_ONCE_FROM = 14
"""From here a tile holds so few cells that planning its reading took longer than the reading."""
_PLANNED = {
    once: f"SET LOCAL plan_cache_mode = force_{plan}_plan"
    for once, plan in ((False, "custom"), (True, "generic"))
}

PLAN_ID, IN_PLAN = data.plan_cells.CHOSEN, data.plan_cells.IN_CHOSEN
"""Which cells are drawn: those of the plan in force, or of the plan or the day asked for."""

TALLIES = """LEFT JOIN cell_tally t ON t.cell_id = c.id
                         LEFT JOIN cell_shown s ON s.cell_id = c.id"""
"""The numbers of cells c: what the viewer may know exactly, and what anybody may know."""


def known(counted: str) -> str:
    """A number of a cell: exact where it is the viewer's, else shown; null where hidden."""
    return f"coalesce(t.{counted}, s.{counted})"


def is_hidden(counted: str) -> str:
    """Whether a number of a cell is kept from the viewer."""
    return f"(t.cell_id IS NULL AND s.cell_id IS NOT NULL AND s.{counted} IS NULL)"


def hidden_of(*counted: str) -> str:
    """The names of a cell's hidden numbers, in an array."""
    named = ", ".join(f"CASE WHEN {is_hidden(name)} THEN '{name}' END" for name in counted)
    return f"array_remove(ARRAY[{named}]::text[], NULL)"


HOUSEHOLDS = f"""CASE WHEN NOT {is_hidden("households")}
                 THEN coalesce(nullif({known("households")}, 0), c.households_declared) END"""
"""Households counted in the cell, or declared where none has been counted; null where hidden."""
HIDDEN = f"nullif(array_to_string({hidden_of('households', 'open_cases')}, ','), '')"
"""Which of the numbers on the map are hidden: `households,open_cases`."""

_POSTED_NOW = f"""p.role = '{PostRole.GRID_WORKER}' AND p.valid_from <= current_date
                  AND (p.valid_to IS NULL OR p.valid_to > current_date)"""


def workers(which: str = "TRUE") -> str:
    """Write the CTEs that count full-time grid workers per cell, for the cells c `which` names.

    A worker's time is split evenly over all his cells, also those not asked for.
    """
    only = f"""AND p.worker_id IN (SELECT worker_id FROM post WHERE cell_id IN
                   (SELECT c.id FROM grid_cell c WHERE {which}))"""
    return f"""
        posted AS (
            SELECT DISTINCT p.worker_id, p.cell_id
            FROM post p JOIN grid_cell c ON c.id = p.cell_id
            WHERE {_POSTED_NOW} AND {IN_PLAN} {"" if which == "TRUE" else only}
        ),
        workers AS (
            SELECT cell_id, sum(share) AS full_time
            FROM (SELECT cell_id, 1.0 / count(*) OVER (PARTITION BY worker_id) AS share
                  FROM posted) s
            GROUP BY cell_id
        )
    """


LOAD = f"round(({HOUSEHOLDS}) / w.full_time)::int"
"""Households per full-time grid worker; null where nobody is posted."""

_ENVELOPE = "ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)"


@dataclass(frozen=True)
class Way:
    """How the shapes of a tile come about.

    moved: onto the basemap of another datum. kept: cells from the outlines made for this zoom,
    where there are any. counted: their workers as they were counted before.
    """

    moved: bool = False
    kept: bool = False
    counted: bool = False


def _moved(geom: str, way: Way, unit: str = "") -> str:
    """The geometry where the basemap has it, in metres or in units of the tile."""
    by = f"%(a)s, %(b)s, %(d)s, %(e)s, %(xoff{unit})s, %(yoff{unit})s"
    return f"ST_Affine({geom}, {by})" if way.moved else geom


def _shape(geom: str, way: Way) -> str:
    """Clip what is told in metres to the tile."""
    return f"""ST_AsMVTGeom({_moved(geom, way)},
        ST_TileEnvelope(%(z)s::int, %(x)s::int, %(y)s::int), {EXTENT}, {BUFFER})"""


def _clipped(geom: str, way: Way) -> str:
    """The same of what is told in units of the tile's zoom."""
    return f"""ST_AsMVTGeom({_moved(geom, way, "_unit")}, ST_MakeEnvelope(%(left)s::float8,
        %(top)s::float8 - {EXTENT}, %(left)s::float8 + {EXTENT}, %(top)s::float8),
        {EXTENT}, {BUFFER})"""


def _dot(x: str, y: str, way: Way) -> str:
    """A point told in units east and north, as the tile has it: no need to clip it."""
    if way.moved:
        x, y = (f"(%({one[0]})s * {x} + %({one[1]})s * {y} + %({one[2]})s)"
                for one in (("a", "b", "xoff_unit"), ("d", "e", "yoff_unit")))  # fmt: skip
    return f"ST_Point(round({x} - %(left)s::float8), round(%(top)s::float8 - {y}))"


def _outline(way: Way) -> str:
    """A cell: its outline for this zoom only shifted; clipped where it reaches far out."""
    plain = _shape("c.geom_3857", way)
    if not way.kept:
        return plain
    far = f"""ST_MakeEnvelope(%(left)s::float8 - {REACH}, %(top)s::float8 - {EXTENT + REACH},
              %(left)s::float8 + {EXTENT + REACH}, %(top)s::float8 + {REACH})"""
    near = "" if way.moved else f"""WHEN o.shape @ {far}
        THEN ST_Affine(o.shape, 1, 0, 0, -1, - %(left)s::float8, %(top)s::float8)"""  # fmt: skip
    return f"CASE WHEN o.shape IS NULL THEN {plain} {near} ELSE {_clipped('o.shape', way)} END"


def _place(way: Way) -> str:
    """Where a cell is named or its number stands."""
    plain = _shape("ST_PointOnSurface(c.geom_3857)", way)
    if not way.kept:
        return plain
    ours = _clipped("ST_Point(o.x, o.y)", way) if way.moved else f"""CASE
        WHEN o.x - %(left)s::float8 BETWEEN -{BUFFER} AND {EXTENT + BUFFER}
         AND %(top)s::float8 - o.y BETWEEN -{BUFFER} AND {EXTENT + BUFFER}
        THEN {_dot("o.x", "o.y", way)} END"""  # fmt: skip
    return f"CASE WHEN o.shape IS NULL THEN {plain} ELSE {ours} END"


def _kept(way: Way) -> str:
    return "LEFT JOIN cell_outline o ON o.zoom = %(z)s AND o.cell_id = c.id" if way.kept else ""


def _mvt(name: str, rows: str) -> str:
    """A layer of the rows; behind `OFFSET 0` each shape is made once, not to be looked at and again
    to be told."""
    return f"""SELECT ST_AsMVT(f, '{name}', {EXTENT}, 'shape', 'id')
        FROM ({rows} OFFSET 0) f WHERE shape IS NOT NULL"""


_CELLS_HERE = f"c.geom && {_ENVELOPE} AND {IN_PLAN}"


_TOLD = f"""c.id, c.code, c.name, c.kind, {HOUSEHOLDS} AS households,
    coalesce({known("facilities")}, 0) AS facilities, {known("open_cases")} AS open_cases,
    {LOAD} AS load, {HIDDEN} AS hidden"""
_SIZE = """round(ST_XMax(c.geom_3857) - ST_XMin(c.geom_3857))::int AS width,
    round(ST_YMax(c.geom_3857) - ST_YMin(c.geom_3857))::int AS height"""


def _cells(way: Way, *, named: bool) -> str:
    """Cells, and from some zoom on their names: both from one look at them."""
    of_name = f", {_SIZE}, {_place(way)} AS spot" if named else ""
    rows = f"""SELECT {_TOLD}, {_outline(way)} AS shape {of_name}
        FROM grid_cell c {_kept(way)} {TALLIES}
             LEFT JOIN {"cell_workers" if way.counted else "workers"} w ON w.cell_id = c.id
        WHERE {_CELLS_HERE} ORDER BY c.id"""
    before = "" if way.counted else f"{workers(_CELLS_HERE)},"
    columns = "id, code, name, kind, households, facilities, open_cases, load, hidden, shape"
    layers = [_layer("cells", columns)]
    if named:
        layers.append(_layer("cell_names", "id, name, code, width, height, spot AS shape"))
    return f"WITH {before} here AS MATERIALIZED ({rows}) SELECT {' || '.join(layers)}"


def _layer(name: str, columns: str) -> str:
    return f"""coalesce((SELECT ST_AsMVT(f, '{name}', {EXTENT}, 'shape', 'id')
        FROM (SELECT {columns} FROM here) f WHERE shape IS NOT NULL), '')"""


def _per_cell(name: str, counted: str, way: Way) -> str:
    return _mvt(
        name,
        f"""SELECT c.id, {known(counted)} AS n, {_place(way)} AS shape
            FROM grid_cell c {_kept(way)} {TALLIES}
            WHERE {known(counted)} > 0 AND {_CELLS_HERE} ORDER BY c.id""",
    )


_IN_SCOPE_HERE = data.scope.in_view(_ENVELOPE)
_BOX = "box(point(%(left_m)s, %(bottom_m)s), point(%(right_m)s, %(top_m)s))"


def _facilities(columns: str, way: Way) -> str:
    spot = _dot("dot[0] * %(units)s", "dot[1] * %(units)s", way)
    return _mvt(
        "facilities",
        f"SELECT id, {columns}, {spot} AS shape FROM facility WHERE dot <@ {_BOX}",
    )


def _cases(columns: str, way: Way) -> str:
    east, north = data.tiles_dots.east("geom"), data.tiles_dots.north("geom")
    spot = _dot(f"{east} * %(units)s", f"{north} * %(units)s", way)
    return _mvt(
        "cases",
        f"""SELECT id, {columns}, {spot} AS shape
            FROM case_file WHERE {_IN_SCOPE_HERE} ORDER BY id""",
    )


def _buildings(way: Way) -> str:
    """A building is found by its place; 0.002° (200 m) more, for those that reach into the tile."""
    return _mvt(
        "buildings",
        f"""SELECT id, name, floors,
                   {_shape("coalesce(footprint_3857, ST_Transform(geom, 3857))", way)} AS shape
            FROM building WHERE geom && ST_Expand({_ENVELOPE}, 0.002) ORDER BY id""",
    )


def _base(way: Way) -> str:
    return _mvt(
        "base",
        f"""SELECT id, kind, rank, name, {_shape("geom_3857", way)} AS shape
            FROM base_feature WHERE geom && {_ENVELOPE} ORDER BY kind, rank, id""",
    )


def _divisions(name: str, columns: str, geom: str, way: Way) -> str:
    return _mvt(
        name,
        f"""SELECT {columns}, {_shape(f"ST_Transform({geom}, 3857)", way)} AS shape
            FROM division WHERE geom && {_ENVELOPE} AND valid_from <= current_date
             AND (valid_to IS NULL OR valid_to > current_date) ORDER BY id""",
    )


def _quoted(words: Sequence[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)


_DUE = f"""CASE WHEN state NOT IN ({_quoted(ENDED_STATES)}) THEN extract(epoch FROM coalesce(
    overdue_at, CASE WHEN state NOT IN ({_quoted(STANDING_STATES)})
                THEN coalesce(stage_due_at, due_at) END))::bigint / 60 END AS due"""
"""When an open case is late, in minutes since 1970; a tile holds as long as nobody moves a case, so
it cannot say which are late by now. Where the clock stands nothing becomes late."""


@dataclass(frozen=True)
class Recipe:
    """One MVT layer of a tile, and the zooms it is made for."""

    sql: str
    from_zoom: int = 0
    below_zoom: int = NEVER
    planned_once_from: int = PLANNED_ONCE_FROM


@cache
def recipes(way: Way) -> dict[str, tuple[Recipe, ...]]:
    """The MVT layers of every layer of the map, made in one way."""
    few, many = (POINTS_FROM, WORDS_FROM), (WORDS_FROM, NEVER)
    return {
        "base": (Recipe(_base(way)),),
        "buildings": (Recipe(_buildings(way), from_zoom=13),),
        "cells": (
            Recipe(_cells(way, named=False), below_zoom=NAMES_FROM),
            Recipe(_cells(way, named=True), NAMES_FROM),
        ),
        "divisions": (
            Recipe(_divisions("divisions", "id, code, name, level", "geom", way)),
            Recipe(_divisions("division_names", "id, name, level", "ST_PointOnSurface(geom)", way)),
        ),
        "facilities": (
            Recipe(_facilities("category", way), *few, POINTS_FROM),
            Recipe(_facilities("code, name, kind, category", way), *many),
            Recipe(_per_cell("facilities_by_cell", "facilities", way), below_zoom=POINTS_FROM),
        ),
        "cases": (
            Recipe(_cases(f"state, {_DUE}", way), *few, NEVER),
            Recipe(_cases(f"code, title, state, class_code, {_DUE}", way), *many, NEVER),
            Recipe(_per_cell("cases_by_cell", "open_cases", way), below_zoom=POINTS_FROM),
        ),
    }


RECIPES = recipes(Way())


@dataclass(frozen=True)
class Ask:
    """Which tile is asked for: a checked address of the pyramid."""

    layers: tuple[str, ...]
    z: int
    x: int
    y: int
    plan: str | None = None
    datum: Datum = Datum.WGS84
    as_of: date | None = None

    @property
    def is_now(self) -> bool:
        """Whether it is about the plan in force, on this day."""
        return self.plan is None and self.as_of is None


Rows = psycopg.AsyncCursor[Any]


async def tile(
    connection: psycopg.AsyncConnection[Any], ask: Ask, *, counted: bool = False
) -> bytes:
    """Make a tile: the MVT bytes of its layers, one after the other (that is one valid tile).

    `counted`: the workers of each cell, as they were counted, are those of the ground as it is.
    """
    async with connection.pipeline():  # one way to the store and back, however many layers
        asked = await begin(connection, ask, counted=counted)
    return await finished(asked)


async def begin(
    connection: psycopg.AsyncConnection[Any], ask: Ask, *, counted: bool = False
) -> list[Rows]:
    """Ask for the layers of a tile; `finished` reads them, when the answers are there.

    A tile of a whole city is planned by itself: the one plan that a prepared statement settles on
    took 3.2 s where a fitting one takes 0.25 s (20,000 cells). Where a tile holds few, that plan
    fits; facilities have only one. Cases lie under policies that a plan has to know.
    """
    values = data.tiles_place.values(ask)
    asked, planned_once = [], False
    for recipe in _recipes(ask, counted=counted):
        once = ask.z >= recipe.planned_once_from
        if once != planned_once:
            await connection.execute(_PLANNED[once])
            planned_once = once
        cursor = connection.cursor(binary=True)
        await cursor.execute(data.plan_cells.fitting(recipe.sql, values), values, prepare=once)
        asked.append(cursor)
    return asked


async def finished(asked: Sequence[Rows]) -> bytes:
    """Join the layers that were asked for."""
    rows = [await cursor.fetchone() for cursor in asked]
    return b"".join(bytes(row[0]) for row in rows if row and row[0])


def _recipes(ask: Ask, *, counted: bool) -> Iterator[Recipe]:
    is_kept = ask.is_now and ask.z in gis.outlines.ZOOMS
    way = Way(data.tiles_place.is_moved(ask), is_kept, ask.is_now and counted)
    for layer in ask.layers:
        for recipe in recipes(way)[layer]:
            if recipe.from_zoom <= ask.z < recipe.below_zoom:
                yield recipe
