"""In which cell a point lies, who is posted there today, and which other cells are near."""

from __future__ import annotations

from typing import Any

import psycopg
from sqlalchemy.orm import Session

import data.db
from data.locate import IN_FORCE
from gis.coordinates import reach_in_degrees
from gis.terms import PostRole

_ROLES = [str(role) for role in PostRole]
_CELL_SAID = """
    json_build_object('code', c.code, 'name', c.name, 'kind', c.kind,
        'community', json_build_object('code', c.division_code, 'name', v.name),
        'street', json_build_object('code', v.parent_code, 'name', s.name))
"""
_DIVISIONS_SAID = """
    LEFT JOIN division v ON v.code = c.division_code AND v.valid_to IS NULL
    LEFT JOIN division s ON s.code = v.parent_code AND s.valid_to IS NULL
"""
_POSTS_SAID = """
    SELECT p.cell_id, json_agg(json_build_object('role', p.role, 'name', w.name, 'phone', w.phone)
               ORDER BY array_position(%(roles)s::text[], p.role), w.name) AS posts
    FROM post p JOIN worker w ON w.id = p.worker_id
    WHERE p.valid_from <= current_date AND (p.valid_to IS NULL OR p.valid_to > current_date)
"""
_SAID = "json_build_object('cell', {cell}, 'posts', coalesce({posts}, '[]'), 'candidates', {near})"
_SAID_HERE = _SAID.format(
    cell=f"(SELECT {_CELL_SAID} FROM cell c {_DIVISIONS_SAID})",
    posts="(SELECT posts FROM post_of)",
    near="coalesce((SELECT candidates FROM candidate), '[]')",
)
_LOCATE = f"""
    WITH here AS (SELECT ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326) AS geom),
    near AS (
        SELECT c.id, c.code, c.name, c.kind, c.division_code,
               ST_Intersects(c.geom, h.geom) AS inside,
               ST_Distance(c.geom::geography, h.geom::geography) AS distance_m
        FROM here h JOIN grid_cell c
          ON c.geom && ST_Expand(h.geom, %(reach_lon)s, %(reach_lat)s)
        WHERE {IN_FORCE}
    ),
    cell AS (SELECT * FROM near WHERE inside ORDER BY code COLLATE "C" LIMIT 1),
    post_of AS ({_POSTS_SAID} AND p.cell_id = (SELECT id FROM cell) GROUP BY p.cell_id),
    candidate AS (
        SELECT json_agg(json_build_object('code', code, 'name', name,
                        'distance_m', round(distance_m::numeric, 1))
                        ORDER BY distance_m, code COLLATE "C") AS candidates
        FROM near WHERE distance_m <= %(accuracy_m)s AND id IS DISTINCT FROM (SELECT id FROM cell)
    )
    SELECT {_SAID_HERE}::text
"""
_ALL_SAID = f"""
    SELECT c.id, {_SAID.format(cell=_CELL_SAID, posts="posts", near="'[]'::json")}::text
    FROM (SELECT * FROM grid_cell WHERE {IN_FORCE}) c {_DIVISIONS_SAID}
    LEFT JOIN ({_POSTS_SAID} GROUP BY p.cell_id) posted ON posted.cell_id = c.id
"""


def question(lon: float, lat: float, *, accuracy_m: float) -> Any:
    """Bind a WGS-84 point and its accuracy in metres for `at` and `at_once`."""
    reach = reach_in_degrees(lat, accuracy_m)
    return {
        "lon": lon,
        "lat": lat,
        "reach_lon": reach[0],
        "reach_lat": reach[1],
        "accuracy_m": accuracy_m,
        "roles": _ROLES,
    }


async def at(connection: psycopg.AsyncConnection[Any], asked: Any) -> str:
    """Answer, as JSON text, which cell holds a WGS-84 point and who is posted there."""
    row = await (await connection.execute(_LOCATE, asked, prepare=True)).fetchone()
    assert row is not None
    return str(row[0])


def at_once(db: Session, asked: Any) -> str:
    """Answer the same inside a transaction."""
    with data.db.cursor(db) as cursor:
        row = cursor.execute(_LOCATE, asked).fetchone()
    assert row is not None
    return str(row[0])


def answers(db: Session) -> dict[int, bytes]:
    """What `at` answers in each cell in force, by its id, where no other is near."""
    with data.db.cursor(db) as cursor:
        rows = cursor.execute(_ALL_SAID, {"roles": _ROLES}).fetchall()
    return {cell: text.encode() for cell, text in rows}
