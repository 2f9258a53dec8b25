"""A report becomes a case: its number, its cell or the duty desk, and what the reporter is told.

A cell is sure when the place is inside it and no other is within its accuracy. Else the case goes
to the duty desk of the smallest division that has all cells within reach; never lost: the desk
above all has the code ''.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.areas
import data.cases
from data.locate import IN_FORCE
from gis.case_clock import Times
from gis.coordinates import reach_in_degrees
from gis.errors import Conflict
from gis.reports import UNCLASSED, Report
from gis.terms import PostRole

MEASURED_M = 2_000
"""A wider circle is not measured cell by cell: all around it are within its reach."""
MOST_CANDIDATES = 20


@dataclass(frozen=True)
class Place:
    """Where a report belongs: the cell by place, and the desk while that is not sure."""

    cell_id: int | None
    area_no: int
    desk_code: str | None
    candidates: list[str]


_PLACE = f"""
    WITH RECURSIVE here AS (SELECT ST_SetSRID(ST_MakePoint(:lon, :lat), 4326) AS geom),
    near AS (
        SELECT c.id, c.code, c.area_no, c.division_code, c.geom,
               ST_Intersects(c.geom, h.geom) AS inside
        FROM here h JOIN grid_cell c ON c.geom && ST_Expand(h.geom, :reach_lon, :reach_lat)
        WHERE {IN_FORCE}
    ),
    reach AS (
        SELECT n.* FROM near n, here h
        WHERE n.inside OR :accuracy > {MEASURED_M}
           OR :accuracy > 0 AND ST_DWithin(n.geom::geography, h.geom::geography, :accuracy)
    ),
    cell AS (SELECT * FROM reach WHERE inside ORDER BY code COLLATE "C" LIMIT 1),
    up AS (
        SELECT DISTINCT coalesce(division_code, '') AS leaf, coalesce(division_code, '') AS code,
               0 AS steps
        FROM reach
        UNION ALL
        SELECT up.leaf, d.parent_code, steps + 1
        FROM up JOIN division d ON d.code = up.code AND d.valid_to IS NULL
        WHERE d.parent_code IS NOT NULL AND steps < 6
    ),
    shared AS (
        SELECT code FROM up GROUP BY code
        HAVING count(DISTINCT leaf) = (SELECT count(DISTINCT leaf) FROM up)
        ORDER BY max(steps) LIMIT 1
    ),
    around AS (
        SELECT d.code FROM division d, here h
        WHERE d.valid_to IS NULL AND NOT EXISTS (SELECT FROM reach) AND d.geom && h.geom
          AND ST_Covers(d.geom, ST_Expand(h.geom, :reach_lon, :reach_lat))
        ORDER BY ST_Area(d.geom) LIMIT 1
    ),
    desk AS (
        SELECT coalesce((SELECT code FROM shared), (SELECT code FROM around), '') AS code
        WHERE (SELECT count(*) FROM reach) <> 1 OR NOT EXISTS (SELECT FROM cell)
    )
    SELECT (SELECT id FROM cell) AS cell_id,
           coalesce((SELECT CASE WHEN code ~ '^[0-9]{{1,12}}$' THEN {data.areas.desk_no("code")}
                                 ELSE 0 END FROM desk),
                    (SELECT area_no FROM cell)) AS area_no,
           (SELECT code FROM desk) AS desk_code,
           CASE WHEN EXISTS (SELECT FROM desk) THEN ARRAY(
               SELECT n.code FROM reach n, here h
               ORDER BY NOT n.inside, n.geom <-> h.geom, n.code COLLATE "C"
               LIMIT {MOST_CANDIDATES}) ELSE '{{}}' END AS candidates
"""
NOWHERE = Place(None, 0, "", [])


def place(db: Session, report: Report) -> Place:
    """Tell where a checked report belongs; without a position to the desk above all."""
    if report.lon is None or report.lat is None:
        return NOWHERE
    accuracy = report.accuracy_m or 0.0
    reach = reach_in_degrees(report.lat, accuracy)
    values = {
        "lon": report.lon,
        "lat": report.lat,
        "reach_lon": reach[0],
        "reach_lat": reach[1],
        "accuracy": accuracy,
    }
    return Place(**db.execute(sa.text(_PLACE), values).mappings().one())


_BEGIN = f"""
    INSERT INTO case_file (code, title, kind, class_code, request_id, channel, reported_at,
        reported_by, contact_mask, contact_sealed, address, description, accuracy_m, geom,
        cell_id, area_no, desk_code, candidates, {", ".join(data.cases.TIMES.values())})
    SELECT to_char(CAST(:now AS timestamptz) AT TIME ZONE :zone, 'YYYYMMDD') || '-'
               || lpad(number::text, greatest(6, length(number::text)), '0'),
           coalesce(class.name, '{UNCLASSED}'), coalesce(:kind, class.kind),
           nullif(:class_code, ''), nullif(:request_id, ''), :channel, :reported_at,
           :reported_by, :contact_mask, :contact_sealed, nullif(:address, ''),
           nullif(:description, ''), :accuracy_m, ST_SetSRID(ST_MakePoint(:lon, :lat), 4326),
           :cell_id, :area_no, :desk_code, CAST(:candidates AS text[]),
           CAST(:run AS jsonb), :due_at, :stage_due_at, :next_at, :next_move, :level, :overdue_at
    FROM nextval('case_number') AS number LEFT JOIN (
        SELECT min(kind) AS kind, min(name) AS name FROM case_class
        WHERE code = :class_code AND kind = coalesce(:kind, kind)
        HAVING count(DISTINCT kind) = 1
    ) AS class ON true
    ON CONFLICT DO NOTHING
    RETURNING id, code
"""
_KNOWN = """
    SELECT id, description IS NOT DISTINCT FROM nullif(:description, '')
               AND geom IS NOT DISTINCT FROM ST_SetSRID(ST_MakePoint(:lon, :lat), 4326) AS is_same
    FROM case_file WHERE request_id = :request_id
"""
TRIES = 10_000
"""A number may be taken by a case that a sheet brought from another store."""


@dataclass(frozen=True)
class Begun:
    """The case of a report; `is_new` unless the same request made it before."""

    id: int
    is_new: bool


def begin(
    db: Session,
    report: Report,
    where: Place,
    times: Times,
    *,
    now: datetime,
    zone: str,
    reported_by: int | None,
    contact: tuple[str | None, bytes | None],
) -> Begun:
    """Write the row of a new case, or find the one that the same request made before.

    Two requests with one id wait here for each other.

    Raises:
        Conflict: the id was used for another report.
    """
    values = asdict(report) | asdict(where) | asdict(times)
    values |= {
        "now": now,
        "zone": zone,
        "reported_by": reported_by,
        "contact_mask": contact[0],
        "contact_sealed": contact[1],
        "run": times.run and orjson.dumps(times.run, default=str).decode(),
    }
    for _ in range(TRIES):
        row = db.execute(sa.text(_BEGIN), values).one_or_none()
        if row is not None:
            return Begun(row.id, True)
        known = db.execute(sa.text(_KNOWN), values).one_or_none()
        if known is not None and not known.is_same:
            raise Conflict(
                f"the request id {report.request_id!r} was used for another report; choose a new "
                "one: nothing was taken",
                field="request_id",
            )
        if known is not None:
            return Begun(known.id, False)
    raise RuntimeError(f"{TRIES} case numbers in a row are taken")


_TOLD = """
    SELECT f.id, f.code, f.state, f.kind, f.class_code, ST_X(f.geom) AS lon, ST_Y(f.geom) AS lat,
           json_build_object('kind', f.kind, 'code', f.class_code, 'name',
               (SELECT min(k.name) FROM case_class k
                WHERE k.kind = f.kind AND k.code = f.class_code)) AS class,
           f.reported_at,
           CASE WHEN f.desk_code IS NULL THEN
               json_build_object('code', c.code, 'name', c.name) END AS cell,
           CASE WHEN f.desk_code IS NOT NULL THEN json_build_object(
               'code', f.desk_code, 'name', (SELECT d.name FROM division d
                   WHERE d.code = f.desk_code AND d.valid_to IS NULL LIMIT 1)) END AS desk,
           f.candidates,
           coalesce((SELECT json_agg(json_build_object('role', p.role, 'name', w.name,
                                                       'phone', w.phone)
                                     ORDER BY array_position(:roles, p.role), w.name)
            FROM post p JOIN worker w ON w.id = p.worker_id
            WHERE p.cell_id = c.id AND f.desk_code IS NULL AND p.valid_from <= current_date
              AND (p.valid_to IS NULL OR p.valid_to > current_date)), '[]') AS posts
    FROM case_file f LEFT JOIN grid_cell c ON c.id = f.cell_id
    WHERE f.id = :case
"""
_ROLES = sa.bindparam("roles", [str(role) for role in PostRole], sa.ARRAY(sa.Text))


def told(db: Session, case_id: int) -> dict[str, Any]:
    """What is public of a case: class, place as told, cell or desk, and whom to call there."""
    row = db.execute(sa.text(_TOLD).bindparams(_ROLES), {"case": case_id}).mappings().one()
    return dict(row)
