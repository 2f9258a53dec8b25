"""归格 after a publication: posts, records and open cases follow; only the touched ground is read.

All reads the temporary table `fate` of `data.plans_publish`. The rule is that of `data.locate`.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

import data.db
import data.desk_inside
import data.locate
from data.locate import IN_FORCE, TABLES, Filed
from gis.access import Viewer
from gis.terms import ENDED_STATES, CaseState, Move, PostRole, Progress, quiet


def all_anew(db: Session, progress: Progress = quiet) -> list[Filed]:
    """File every record: the store had no plan before."""
    return data.locate.refile(db, progress=progress)


# Posts

# A new cell is answered for by whom most of its households had before
_BEGIN_POSTS = """
    INSERT INTO post (cell_id, worker_id, role, valid_from, valid_to)
    SELECT heir.child_id, p.worker_id, p.role, %(on)s, p.valid_to
    FROM (SELECT DISTINCT ON (l.child_code) l.child_id, l.parent_id FROM cell_lineage l
          JOIN fate f ON f.fate = 'born' AND f.draft_id = l.child_id
          WHERE l.number = %(number)s
          ORDER BY l.child_code, l.households DESC, l.area_m2 DESC, l.parent_code) heir
    JOIN post p ON p.cell_id = heir.parent_id AND p.valid_from <= %(on)s
         AND (p.valid_to IS NULL OR p.valid_to > %(on)s)
"""
_END_POSTS = """
    UPDATE post SET valid_to = greatest(valid_from, %(on)s)
    WHERE cell_id IN (SELECT was_id FROM fate WHERE fate = 'ended')
      AND (valid_to IS NULL OR valid_to > %(on)s)
"""


def posts(db: Session, number: int, on: date) -> tuple[int, int]:
    """Carry posts over to new cells by largest share of households, end those of ended ones.

    Return how many began and ended.
    """
    with data.db.cursor(db) as cursor:
        values = {"number": number, "on": on}
        begun = cursor.execute(_BEGIN_POSTS, values).rowcount
        ended = cursor.execute(_END_POSTS, values).rowcount
    return begun, ended


# Records

_GROUND = f"""
    DROP TABLE IF EXISTS ground, near;
    CREATE TEMP TABLE ground ON COMMIT DROP AS
    SELECT was_geom AS outline, false AS is_new FROM fate WHERE fate <> 'born'
    UNION ALL SELECT geom, true FROM fate WHERE fate <> 'ended';
    CREATE TEMP TABLE near ON COMMIT DROP AS
    SELECT DISTINCT ON (id) id, code, area_no, geom FROM grid_cell
    JOIN ground ON geom && outline WHERE {IN_FORCE} ORDER BY id;
    ANALYZE near, ground, fate;
"""
"""The ground that was touched, before and after, and the cells in force that reach into it."""

# Who stands on an edge may fall to another cell though his own is as it was
_MOVED = """
    CREATE TEMP TABLE moved_{kind} ON COMMIT DROP AS
    WITH cell AS (SELECT id FROM near),
    candidate AS MATERIALIZED (
        SELECT p.id FROM {table} p JOIN fate f ON f.was_id = p.cell_id WHERE {only}
        UNION
        SELECT p.id FROM ground g
        JOIN {table} p ON g.outline && p.geom AND ST_Intersects(g.outline, p.geom)
        WHERE g.is_new AND {only}
    ),
    here AS (
        SELECT DISTINCT ON (p.id) p.id, c.id AS cell_id
        FROM near c JOIN {table} p ON c.geom && p.geom AND ST_Intersects(c.geom, p.geom)
        WHERE p.id IN (SELECT id FROM candidate)
        ORDER BY p.id, c.code COLLATE "C"
    )
    SELECT p.id, p.cell_id AS was_id, h.cell_id
    FROM candidate JOIN {table} p USING (id) LEFT JOIN here h USING (id)
    WHERE p.cell_id IS DISTINCT FROM h.cell_id
"""
_MOVE = "UPDATE {table} p SET cell_id = m.cell_id FROM moved_{kind} m WHERE m.id = p.id"
_WITH_BUILDING = """
    UPDATE dwelling d SET cell_id = b.cell_id, geom = b.geom
    FROM building b JOIN moved_buildings m USING (id)
    WHERE b.id = d.building_id AND NOT d.own_place
"""


def touched(
    db: Session, plan: str, *, by: Viewer, progress: Progress = quiet
) -> tuple[list[Filed], int]:
    """File what stands on touched ground; tell open cases on their timeline, count anew.

    Return one `Filed` per kind (the total is of all its rows) and how many open cases moved.
    """
    with data.db.cursor(db) as cursor:
        for statement in _GROUND.split(";")[:-1]:
            cursor.execute(statement)
    moved = {}
    for done, kind in enumerate(TABLES):
        progress("filing records into cells", done, len(TABLES))
        moved[kind] = _move(db, kind)
    progress("filing records into cells", len(TABLES), len(TABLES))
    cases = _tell_cases(db, plan, by=by)
    _settle_areas(db)
    _settle_drawn(db)
    _count(db)
    data.db.bump(db, "cells", *TABLES)
    return [data.locate.filed(db, kind, moved[kind]) for kind in TABLES], cases


def _move(db: Session, kind: str) -> int:
    words = {"kind": kind, "table": TABLES[kind]}
    only = data.locate.BY_PLACE_ONLY.get(kind, "TRUE")
    with data.db.cursor(db) as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS moved_{kind}")
        cursor.execute(_MOVED.format(**words, only=only))
        count = cursor.execute(_MOVE.format(**words)).rowcount
        if kind == "dwellings":
            count += cursor.execute(_WITH_BUILDING).rowcount
    return count


# Cases: a line on the timeline of each; one not taken up yet goes to who answers for the new cell

_HEIRS = f"""
    CREATE TEMP TABLE moved_open ON COMMIT DROP AS
    SELECT f.id, f.state, now.code AS cell, was.code AS cell_before,
           CASE WHEN f.state = '{CaseState.DISPATCHED}' AND f.unit_id IS NULL THEN (
               SELECT min(p.worker_id) FROM post p
               WHERE p.cell_id = m.cell_id AND p.role = '{PostRole.GRID_WORKER}'
                 AND p.valid_from <= current_date
                 AND (p.valid_to IS NULL OR p.valid_to > current_date)
               HAVING NOT bool_or(p.worker_id = f.worker_id)) END AS worker_id
    FROM moved_cases m JOIN case_file f USING (id)
    LEFT JOIN grid_cell now ON now.id = m.cell_id LEFT JOIN grid_cell was ON was.id = m.was_id
    WHERE f.state <> ALL (%(ended)s)
"""
_TELL = f"""
    INSERT INTO case_event (case_id, at, account, actor, move, source, target, detail)
    SELECT o.id, greatest(clock_timestamp(), last.at), %(account)s, %(actor)s, '{Move.REFILE}',
           o.state, o.state, jsonb_strip_nulls(jsonb_build_object(
               'cell', o.cell, 'cell_before', o.cell_before, 'plan', %(plan)s::text,
               'worker', o.worker_id))
    FROM moved_open o,
    LATERAL (SELECT max(e.at) AS at FROM case_event e WHERE e.case_id = o.id) last
    ORDER BY o.id
"""
_HAND_OVER = """
    UPDATE case_file f SET worker_id = o.worker_id FROM moved_open o
    WHERE o.id = f.id AND o.worker_id IS NOT NULL
"""


def _tell_cases(db: Session, plan: str, *, by: Viewer) -> int:
    values = {"account": by.account, "actor": by.name or by.login, "plan": plan}
    with data.db.cursor(db) as cursor:
        cursor.execute("DROP TABLE IF EXISTS moved_open")
        cursor.execute(_HEIRS, {"ended": list(ENDED_STATES)})
        count = cursor.execute(_TELL, values).rowcount
        cursor.execute(_HAND_OVER)
    return count


# Areas and counts

_TOUCHED = "(SELECT id FROM near UNION SELECT was_id FROM fate WHERE was_id IS NOT NULL)"
_AREAS = f"""
    UPDATE dwelling p SET area_no = c.area_no FROM grid_cell c
    WHERE c.id = p.cell_id AND p.cell_id IN {_TOUCHED} AND p.area_no <> c.area_no;
    UPDATE dwelling SET area_no = 0 WHERE cell_id IS NULL AND area_no <> 0;
    UPDATE case_file p SET area_no = c.area_no FROM grid_cell c
    WHERE c.id = p.cell_id AND p.cell_id IN {_TOUCHED} AND p.area_no <> c.area_no
      AND p.desk_code IS NULL;
    UPDATE case_file SET area_no = 0
    WHERE cell_id IS NULL AND area_no <> 0 AND desk_code IS NULL;
    UPDATE household h SET area_no = d.area_no FROM dwelling d
    WHERE d.id = h.dwelling_id AND h.area_no <> d.area_no
      AND (d.cell_id IN {_TOUCHED} OR d.cell_id IS NULL);
    UPDATE resident r SET area_no = h.area_no FROM household h JOIN dwelling d
      ON d.id = h.dwelling_id AND (d.cell_id IN {_TOUCHED} OR d.cell_id IS NULL)
    WHERE h.id = r.household_id AND r.area_no <> h.area_no;
"""


def _settle_areas(db: Session) -> None:
    with data.db.cursor(db) as cursor:
        for statement in _AREAS.split(";")[:-1]:
            cursor.execute(statement)
        cursor.execute(data.locate.MEMBERS)


# A shape that somebody drew stays over the ground of the cells it held, whosever that is now; a
# call list stays with the homes of whom it names
_DRAWN = f"""
    WITH was AS (
        SELECT c.area_no, f.was_geom AS geom FROM fate f
        JOIN grid_cell c ON c.plan_id = f.was_plan AND c.code = f.code WHERE f.was_id IS NOT NULL
    ),
    now AS (
        SELECT d.id, coalesce(array_agg(heir.area_no ORDER BY heir.area_no)
            FILTER (WHERE heir.area_no IS NOT NULL), '{{{{0}}}}') AS areas
        FROM {{table}} d LEFT JOIN LATERAL (
            SELECT one FROM unnest(d.areas) one WHERE one NOT IN (SELECT area_no FROM was)
            UNION SELECT n.area_no FROM was w JOIN near n ON n.geom && w.geom
            WHERE w.area_no = ANY (d.areas) AND n.geom && d.geom
              AND ST_Area(ST_Intersection(n.geom, ST_Intersection(w.geom, d.geom)))
                  > {data.desk_inside.LEAST_SHARE} * ST_Area(n.geom)
        ) heir (area_no) ON true
        WHERE d.areas && (SELECT array_agg(area_no) FROM was) GROUP BY d.id
    )
    UPDATE {{table}} d SET areas = now.areas, area_no = now.areas[1],
        area_high = now.areas[cardinality(now.areas)]
    FROM now WHERE now.id = d.id
"""
_LISTED = f"""
    UPDATE collection_entry e SET cell_id = d.cell_id, area_no = d.area_no
    FROM resident r JOIN household h ON h.id = r.household_id JOIN dwelling d
      ON d.id = h.dwelling_id AND (d.cell_id IN (SELECT id FROM near) OR d.cell_id IS NULL)
    WHERE r.id = e.resident_id AND e.cell_id IN {_TOUCHED}
      AND (e.cell_id, e.area_no) IS DISTINCT FROM (d.cell_id, d.area_no)
"""


def _settle_drawn(db: Session) -> None:
    with data.db.cursor(db) as cursor:
        for table in ("named_area", "collection"):
            cursor.execute(_DRAWN.format(table=table))
        cursor.execute(_LISTED)


_TALLY = f"""
    DELETE FROM cell_tally WHERE cell_id IN (SELECT was_id FROM fate WHERE fate = 'ended');
    INSERT INTO cell_tally (cell_id) SELECT id FROM near ON CONFLICT DO NOTHING;
    UPDATE cell_tally t SET
        buildings = (SELECT count(*) FROM building WHERE cell_id = t.cell_id),
        facilities = (SELECT count(*) FROM facility WHERE cell_id = t.cell_id),
        dwellings = (SELECT count(*) FROM dwelling WHERE cell_id = t.cell_id),
        households = (SELECT count(*) FROM household h JOIN dwelling d ON d.id = h.dwelling_id
                      WHERE d.cell_id = t.cell_id),
        residents = (SELECT count(*) FROM resident r JOIN household h ON h.id = r.household_id
                     JOIN dwelling d ON d.id = h.dwelling_id WHERE d.cell_id = t.cell_id),
        (cases, open_cases) = (SELECT count(*), count(*) FILTER (WHERE state <> ALL (ARRAY[{
    ", ".join(f"'{state}'" for state in ENDED_STATES)
}])) FROM case_file WHERE cell_id = t.cell_id)
    WHERE t.cell_id IN (SELECT id FROM near);
    SELECT show_counts();
    SELECT count_care();
"""


def _count(db: Session) -> None:
    with data.db.cursor(db) as cursor:
        for statement in _TALLY.split(";")[:-1]:
            cursor.execute(statement)
