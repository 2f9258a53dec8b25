"""Vector tiles: each layer's SQL, built and encoded inside PostGIS, bytes out.

A tile is a square of the web-Mercator pyramid. With `datum=GCJ02` the square is one of a GCJ-02
basemap, and the features are moved to match: per tile by the affine map fitted to its four
corners. The GCJ-02 offset bends so slowly that over a tile the fit is wrong by at most h²f''/8:
0.3 m at zoom 14, under 0.02 m at zoom 16, always below half a pixel of a 512-pixel tile from
zoom 9 on; a vertex-exact shift would cost a hundred times more and show nothing.

Residents are no layer: people leave the store only as counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import psycopg

import data.plan_cells
import data.scope
import gis.coordinates
from gis.errors import BadInput, NotFound
from gis.terms import ENDED_STATES, STANDING_STATES, Datum, PostRole

EXTENT, BUFFER = 4096, 160
MAX_ZOOM = 22
POINTS_FROM = 12
"""From this zoom single points; below it one number per cell, never raw points."""
WORDS_FROM = 14
"""From this zoom points carry their names; below it a tile holds thousands, as mere dots."""
PLANNED_ONCE_FROM = 14
"""From here a tile holds so few cells that planning its reading took longer than the reading."""
_PLANNED = {
    once: f"SET LOCAL plan_cache_mode = force_{plan}_plan"
    for once, plan in ((False, "custom"), (True, "generic"))
}
_SHIFTED_FROM = 9
_HALF_M = 20037508.342789244

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


_MOVED = ("ST_Affine(", ", %(a)s, %(b)s, %(d)s, %(e)s, %(xoff)s, %(yoff)s)")


def _shape(geom: str) -> str:
    return f"""ST_AsMVTGeom(
        {geom.join(_MOVED)},
        ST_TileEnvelope(%(z)s::int, %(x)s::int, %(y)s::int), {EXTENT}, {BUFFER}) AS shape"""


def _mvt(name: str, rows: str, *, before: str = "") -> str:
    """A layer of the rows; behind `OFFSET 0` each shape is made once, not to be looked at and again
    to be told."""
    return f"""{before} SELECT ST_AsMVT(f, '{name}', {EXTENT}, 'shape', 'id')
        FROM ({rows} OFFSET 0) f WHERE shape IS NOT NULL"""


_CELLS_HERE = f"c.geom && {_ENVELOPE} AND {IN_PLAN}"
_CELLS = _mvt(
    "cells",
    f"""SELECT c.id, c.code, c.name, c.kind, {HOUSEHOLDS} AS households,
               coalesce({known("facilities")}, 0) AS facilities,
               {known("open_cases")} AS open_cases, {LOAD} AS load, {HIDDEN} AS hidden,
               {_shape("c.geom_3857")}
        FROM grid_cell c {TALLIES}
                         LEFT JOIN workers w ON w.cell_id = c.id
        WHERE {_CELLS_HERE} ORDER BY c.id""",
    before=f"WITH {workers(_CELLS_HERE)}",
)
_CELL_NAMES = _mvt(
    "cell_names",
    f"""SELECT c.id, c.name, c.code,
               round(ST_XMax(c.geom_3857) - ST_XMin(c.geom_3857))::int AS width,
               round(ST_YMax(c.geom_3857) - ST_YMin(c.geom_3857))::int AS height,
               {_shape("ST_PointOnSurface(c.geom_3857)")}
        FROM grid_cell c WHERE {_CELLS_HERE} ORDER BY c.id""",
)


def _per_cell(name: str, counted: str) -> str:
    return _mvt(
        name,
        f"""SELECT c.id, {known(counted)} AS n, {_shape("ST_PointOnSurface(c.geom_3857)")}
            FROM grid_cell c {TALLIES}
            WHERE {known(counted)} > 0 AND {_CELLS_HERE} ORDER BY c.id""",
    )


_HERE = f"geom && {_ENVELOPE}"
_IN_SCOPE_HERE = data.scope.in_view(_ENVELOPE)


def _points(name: str, table: str, columns: str, here: str = _HERE) -> str:
    return _mvt(
        name,
        f"""SELECT id, {columns}, {_shape("ST_Transform(geom, 3857)")}
            FROM {table} WHERE {here} ORDER BY id""",
    )


_BUILDINGS = _mvt(
    "buildings",
    f"""SELECT id, name, floors, {_shape("coalesce(footprint_3857, ST_Transform(geom, 3857))")}
        FROM building WHERE geom && ST_Expand({_ENVELOPE}, 0.002) ORDER BY id""",
)
"""A building is found by its place; 0.002° (200 m) more, for those that reach into the tile."""

_BASE = _mvt(
    "base",
    f"""SELECT id, kind, rank, name, {_shape("geom_3857")}
        FROM base_feature WHERE geom && {_ENVELOPE} ORDER BY kind, rank, id""",
)
_DIVISION_NOW = "valid_from <= current_date AND (valid_to IS NULL OR valid_to > current_date)"
_DIVISIONS = _mvt(
    "divisions",
    f"""SELECT id, code, name, level, {_shape("ST_Transform(geom, 3857)")}
        FROM division WHERE geom && {_ENVELOPE} AND {_DIVISION_NOW} ORDER BY id""",
)
_DIVISION_NAMES = _mvt(
    "division_names",
    f"""SELECT id, name, level, {_shape("ST_Transform(ST_PointOnSurface(geom), 3857)")}
        FROM division WHERE geom && {_ENVELOPE} AND {_DIVISION_NOW} ORDER BY id""",
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
    below_zoom: int = MAX_ZOOM + 1


RECIPES: dict[str, tuple[Recipe, ...]] = {
    "base": (Recipe(_BASE),),
    "buildings": (Recipe(_BUILDINGS, from_zoom=13),),
    "cells": (Recipe(_CELLS), Recipe(_CELL_NAMES, from_zoom=12)),
    "divisions": (Recipe(_DIVISIONS), Recipe(_DIVISION_NAMES)),
    "facilities": (
        Recipe(_points("facilities", "facility", "category"), POINTS_FROM, WORDS_FROM),
        Recipe(_points("facilities", "facility", "code, name, kind, category"), WORDS_FROM),
        Recipe(_per_cell("facilities_by_cell", "facilities"), below_zoom=POINTS_FROM),
    ),
    "cases": (
        Recipe(
            _points("cases", "case_file", f"state, {_DUE}", _IN_SCOPE_HERE), POINTS_FROM, WORDS_FROM
        ),
        Recipe(
            _points(
                "cases", "case_file", f"code, title, state, class_code, {_DUE}", _IN_SCOPE_HERE
            ),
            WORDS_FROM,
        ),
        Recipe(_per_cell("cases_by_cell", "open_cases"), below_zoom=POINTS_FROM),
    ),
}


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


def check_layers(names: str, choices: Sequence[str]) -> tuple[str, ...]:
    """Split `cells,divisions` into known layers.

    Raises:
        NotFound: naming the one that is none, and the choices.
    """
    return tuple(check_layer(name, choices) for name in dict.fromkeys(names.split(",")))


def check_layer(name: str, choices: Sequence[str]) -> str:
    """Return `name` when it is a layer.

    Raises:
        NotFound: naming the choices.
    """
    if name not in choices:
        raise NotFound(
            f"there is no layer {name!r}; choose from {', '.join(choices)}",
            value=name,
            choices=list(choices),
        )
    return name


def check_address(z: str, x: str, y: str) -> tuple[int, int, int]:
    """Read a tile's address.

    Raises:
        BadInput: a part is no whole number, or outside the pyramid.
    """
    for field, value in (("z", z), ("x", x), ("y", y)):
        if not (value.isascii() and value.isdigit() and len(value) <= 8):
            raise BadInput(f"{field} is {value!r}, not a whole number", field=field, value=value)
    zoom, column, row = int(z), int(x), int(y)
    if zoom > MAX_ZOOM:
        raise BadInput(f"z is {zoom}; tiles go from 0 to {MAX_ZOOM}", field="z", value=zoom)
    for field, number in (("x", column), ("y", row)):
        if number >= 2**zoom:
            raise BadInput(
                f"{field} is {number}; at z {zoom} it goes from 0 to {2**zoom - 1}",
                field=field,
                value=number,
            )
    return zoom, column, row


async def tile(connection: psycopg.AsyncConnection[Any], ask: Ask) -> bytes:
    """Make a tile: the MVT bytes of its layers, one after the other (that is one valid tile).

    A tile of a whole city is planned by itself: the one plan that a prepared statement settles on
    took 3.2 s where a fitting one takes 0.25 s (20,000 cells). Where a tile holds few, that plan
    fits. Cases lie under policies that a plan has to know.
    """
    values = _values(ask)
    cursors, planned_once = [], False
    async with connection.pipeline():  # one way to the store and back, however many layers
        for layer, recipe in ((name, one) for name in ask.layers for one in RECIPES[name]):
            if not recipe.from_zoom <= ask.z < recipe.below_zoom:
                continue
            once = ask.z >= PLANNED_ONCE_FROM and layer != "cases"
            if once != planned_once:
                await connection.execute(_PLANNED[once])
                planned_once = once
            cursor = connection.cursor(binary=True)
            await cursor.execute(_fitting(recipe.sql, ask, values), values, prepare=once)
            cursors.append(cursor)
    rows = [await cursor.fetchone() for cursor in cursors]
    return b"".join(bytes(row[0]) for row in rows if row and row[0])


def _fitting(sql: str, ask: Ask, values: dict[str, Any]) -> str:
    """The question put shorter where it is about now and nothing is moved."""
    if ask.datum != Datum.GCJ02 or ask.z < _SHIFTED_FROM:
        sql = sql.replace(_MOVED[0], "(").replace(_MOVED[1], ")")
    return data.plan_cells.fitting(sql, values)


def _values(ask: Ask) -> dict[str, Any]:
    """Bind the SQL: the envelope in WGS-84 with its margin, and the affine onto the tile."""
    corners, margin = _corners(ask)
    on_ground = corners
    if ask.datum == Datum.GCJ02 and ask.z >= _SHIFTED_FROM:
        lon, lat = gis.coordinates.convert(*_degrees(corners), source=ask.datum, target=Datum.WGS84)
        on_ground = _mercator(lon, lat)
    low, high = on_ground.min(axis=0) - margin, on_ground.max(axis=0) + margin
    lon, lat = _degrees(np.array([low, high]))
    (a, b, xoff), (d, e, yoff) = _affine(on_ground, corners)
    box = {"west": lon[0], "south": lat[0], "east": lon[1], "north": lat[1]}
    move = {"a": a, "b": b, "d": d, "e": e, "xoff": xoff, "yoff": yoff}
    when = {"plan": ask.plan, "day": ask.as_of}
    return {"z": ask.z, "x": ask.x, "y": ask.y} | when | box | move


Floats = np.ndarray[Any, np.dtype[np.float64]]


def _corners(ask: Ask) -> tuple[Floats, float]:
    """The tile's corners in web-Mercator metres (4, 2), and its margin in the same."""
    side = 2 * _HALF_M / 2**ask.z
    west, north = ask.x * side - _HALF_M, _HALF_M - ask.y * side
    xy = [[west, north - side], [west + side, north - side], [west, north], [west + side, north]]
    return np.array(xy), side * BUFFER / EXTENT


def _degrees(xy: Floats) -> tuple[Floats, Floats]:
    scaled = xy * (np.pi / _HALF_M)
    lat = np.degrees(2 * np.arctan(np.exp(scaled[:, 1])) - np.pi / 2)
    return np.clip(np.degrees(scaled[:, 0]), -180, 180), lat


def _mercator(lon: Floats, lat: Floats) -> Floats:
    north = np.log(np.tan(np.pi / 4 + np.radians(lat) / 2))
    return np.column_stack([np.radians(lon), north]) * (_HALF_M / np.pi)


def _affine(source: Floats, target: Floats) -> list[tuple[float, float, float]]:
    """Fit target = M · source + offset by least squares over the corners, around their middle."""
    if source is target:
        return [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0)]
    middle, aim = source.mean(axis=0), target.mean(axis=0)
    turn = np.linalg.lstsq(source - middle, target - aim, rcond=None)[0].T
    offset = aim - turn @ middle
    return [(float(turn[i, 0]), float(turn[i, 1]), float(offset[i])) for i in (0, 1)]
