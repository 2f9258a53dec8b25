"""Duty desks of cases that a sheet brings: as of reports (`data.case_report`), all at once."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.areas
from data.case_report import MEASURED_M, MOST_CANDIDATES
from data.locate import IN_FORCE
from gis.terms import ENDED_STATES

_TOLD = """
    told AS (
        SELECT f.id, f.geom, r.reach_m, r.reach_m / 110574 AS reach_lat,
               r.reach_m / 111320 / greatest(cos(radians(ST_Y(f.geom))), 0.01) AS reach_lon
        FROM staged s JOIN case_file f ON f.code = s.code
        CROSS JOIN LATERAL (SELECT least(coalesce(f.accuracy_m, 0), :most_m) AS reach_m) r
        WHERE NOT f.settled AND f.state <> ALL (:ended) AND {}
    )
"""
_SURE = f"""
    WITH {_TOLD.format("f.desk_code IS NOT NULL")}
    UPDATE case_file f SET desk_code = NULL, candidates = '{{}}',
        area_no = coalesce((SELECT c.area_no FROM grid_cell c WHERE c.id = f.cell_id), 0)
    FROM told t WHERE t.id = f.id
"""
_UNSURE = f"""
    WITH RECURSIVE {_TOLD.format("(f.cell_id IS NULL OR f.accuracy_m > 0)")},
    reach AS MATERIALIZED (
        SELECT t.id, c.code, coalesce(c.division_code, '') AS leaf, c.geom <-> t.geom AS away,
               ST_Intersects(c.geom, t.geom) AS inside
        FROM told t JOIN grid_cell c ON c.geom && ST_Expand(t.geom, t.reach_lon, t.reach_lat)
        WHERE {IN_FORCE} AND (ST_Intersects(c.geom, t.geom) OR t.reach_m > 0
              AND ST_DWithin(c.geom::geography, t.geom::geography, t.reach_m))
    ),
    near AS (
        SELECT id, count(*) AS cells, bool_or(inside) AS inside, count(DISTINCT leaf) AS leaves,
               (array_agg(code ORDER BY NOT inside, away, code COLLATE "C"))
                   [1:{MOST_CANDIDATES}] AS candidates
        FROM reach GROUP BY id
    ),
    up AS (
        SELECT DISTINCT leaf, leaf AS code, 0 AS steps FROM reach
        UNION ALL
        SELECT up.leaf, d.parent_code, steps + 1
        FROM up JOIN division d ON d.code = up.code AND d.valid_to IS NULL
        WHERE d.parent_code IS NOT NULL AND steps < 6
    ),
    shared AS (
        SELECT DISTINCT ON (n.id) n.id, up.code
        FROM near n JOIN (SELECT DISTINCT id, leaf FROM reach) r USING (id) JOIN up USING (leaf)
        GROUP BY n.id, n.leaves, up.code HAVING count(DISTINCT leaf) = n.leaves
        ORDER BY n.id, max(up.steps)
    ),
    desk AS (
        SELECT t.id, coalesce(s.code, a.code, '') AS code,
               coalesce(n.candidates, '{{}}') AS candidates
        FROM told t LEFT JOIN near n USING (id) LEFT JOIN shared s USING (id)
        LEFT JOIN LATERAL (
            SELECT d.code FROM division d
            WHERE n.id IS NULL AND d.valid_to IS NULL AND d.geom && t.geom
              AND ST_Covers(d.geom, ST_Expand(t.geom, t.reach_lon, t.reach_lat))
            ORDER BY ST_Area(d.geom) LIMIT 1
        ) a ON true
        WHERE n.id IS NULL OR n.cells <> 1 OR NOT n.inside
    )
    UPDATE case_file f SET desk_code = d.code, candidates = d.candidates,
        area_no = CASE WHEN d.code ~ '^[0-9]{{1,12}}$' THEN {data.areas.desk_no("d.code")}
                       ELSE 0 END
    FROM desk d WHERE d.id = f.id
"""


def seat(db: Session) -> None:
    """Put the open cases of the staged sheet whose cell is not sure to their duty desks.

    For whoever is in charge of everything: a desk may lie above what others see.
    """
    values = {"most_m": MEASURED_M, "ended": [str(state) for state in ENDED_STATES]}
    db.execute(sa.text(_SURE), values)
    db.execute(sa.text(_UNSURE), values)
