"""The place decides the cell, on a day past or coming: that of `data.locate` about now.

A coming day is answered by the plan in force, with the cells and posts that are to begin or end.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg

import data.plan_cells

_ON_DAY = data.plan_cells.of_plan("(SELECT id FROM plan)", "%(day)s::date")
_VALID = "{0}.valid_from <= %(day)s AND ({0}.valid_to IS NULL OR {0}.valid_to > %(day)s)"

# Posts are found by the code of the cell: what a cell was before a re-draw is another row
_LOCATE = f"""
    WITH plan AS MATERIALIZED (SELECT {data.plan_cells.CHOSEN} AS id),
    here AS (SELECT ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326) AS geom),
    near AS (
        SELECT c.id, c.code, c.name, c.kind, c.division_code,
               ST_Intersects(c.geom, h.geom) AS inside,
               ST_Distance(c.geom::geography, h.geom::geography) AS distance_m
        FROM here h JOIN grid_cell c
          ON c.geom && ST_Expand(h.geom, %(reach_lon)s, %(reach_lat)s)
        WHERE {_ON_DAY}
    ),
    cell AS (SELECT * FROM near WHERE inside ORDER BY code COLLATE "C" LIMIT 1),
    post_of AS (
        SELECT json_agg(json_build_object('role', p.role, 'name', w.name, 'phone', w.phone)
                        ORDER BY array_position(%(roles)s::text[], p.role), w.name) AS posts
        FROM post p JOIN worker w ON w.id = p.worker_id JOIN grid_cell c ON c.id = p.cell_id
        WHERE %(posts)s AND c.code = (SELECT code FROM cell) AND {_VALID.format("p")}
    ),
    candidate AS (
        SELECT json_agg(json_build_object('code', code, 'name', name,
                        'distance_m', round(distance_m::numeric, 1))
                        ORDER BY distance_m, code COLLATE "C") AS candidates
        FROM near WHERE distance_m <= %(accuracy_m)s AND id IS DISTINCT FROM (SELECT id FROM cell)
    )
    SELECT json_build_object(
        'on', %(day)s::date,
        'plan', (SELECT p.name FROM grid_plan p JOIN plan USING (id)),
        'cell', (SELECT json_build_object('code', c.code, 'name', c.name, 'kind', c.kind,
                    'community', json_build_object('code', c.division_code, 'name', v.name),
                    'street', json_build_object('code', v.parent_code, 'name', s.name))
                 FROM cell c
                 LEFT JOIN division v ON v.code = c.division_code AND {_VALID.format("v")}
                 LEFT JOIN division s ON s.code = v.parent_code AND {_VALID.format("s")} LIMIT 1),
        'posts', coalesce((SELECT posts FROM post_of), '[]'),
        'candidates', coalesce((SELECT candidates FROM candidate), '[]'))::text
"""


async def at(
    connection: psycopg.AsyncConnection[Any], asked: Any, day: date, *, with_posts: bool
) -> str:
    """Answer a question of `data.locate_point` as of a day, as JSON text, with the `plan` of that
    day: null, and no cell, where none was in force. Posts only where they may be told."""
    values = {**asked, "plan": None, "day": day, "posts": with_posts}
    row = await (await connection.execute(_LOCATE, values, prepare=True)).fetchone()
    assert row is not None
    return str(row[0])
