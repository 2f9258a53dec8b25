"""The day of who works in cells: all that his phone keeps, in a handful of statements.

Whatever is read here is read under the row policies: a cell that is not in his charge gives no
homes, a case that he may not see is not there. Persons are masked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.care
import data.cases
from data.locate import IN_FORCE
from gis.access import Role, Viewer
from gis.cases import ENDED, Standing
from gis.terms import CaseState

MOST_CELLS, MOST_CASES, MOST_VISITS, MOST_UNITS = 40, 300, 300, 100
MOST_WITH_HOMES = 6
"""Register cards are kept for so many cells: who answers for more does not go from door to door."""
TOLD_LAST = 10
"""So many events of a case go along."""


@dataclass(frozen=True)
class Ground:
    """Whose day it is, and where: his cells by number, their areas and the divisions above."""

    by: Viewer
    now: datetime
    today: date
    zone: str
    cells: list[dict[str, Any]]

    @property
    def numbers(self) -> list[int]:
        """The numbers of the cells."""
        return [one["id"] for one in self.cells]

    @property
    def areas(self) -> list[int]:
        """Their area numbers."""
        return [one["area_no"] for one in self.cells]


def rows(db: Session, query: str, **values: Any) -> list[dict[str, Any]]:
    """Ask, and get plain rows."""
    return [dict(row) for row in db.execute(sa.text(query), values).mappings()]


def version(db: Session) -> list[int]:
    """What the day hangs on in the store: how often each layer has changed."""
    return list(db.scalars(sa.text("SELECT version FROM data_version ORDER BY layer")))


def ends_at(db: Session, session: int) -> datetime | None:
    """When the viewer's sign-in ends, unless he comes again."""
    query = "SELECT expires_at FROM session WHERE id = :id"
    told: datetime | None = db.scalar(sa.text(query), {"id": session})
    return told


# Who and where

_ME = """
    SELECT w.code AS worker, w.name AS worker_name, w.phone, u.code AS unit_code, u.name AS unit
    FROM (SELECT) one LEFT JOIN worker w ON w.id = :worker
    LEFT JOIN network_unit u ON u.id = coalesce(nullif(:unit, 0), w.unit_id)
"""


def me(db: Session, by: Viewer) -> dict[str, Any]:
    """Who the viewer is in the network."""
    return {
        "login": by.login,
        "name": by.name,
        "role": by.role and str(by.role),
        "role_label": by.role and by.role.label,
        "rights": sorted(by.rights),
        **rows(db, _ME, worker=by.worker, unit=by.unit)[0],
    }


_CELLS = f"""
    WITH RECURSIVE own AS MATERIALIZED (
        SELECT c.* FROM grid_cell c WHERE {IN_FORCE} AND {{mine}}
        ORDER BY code COLLATE "C" LIMIT {MOST_CELLS}
    ),
    up AS (
        SELECT DISTINCT division_code AS begun, division_code AS code FROM own
        UNION SELECT up.begun, d.parent_code FROM up JOIN division d ON d.code = up.code
        WHERE d.valid_to IS NULL AND d.parent_code IS NOT NULL
    )
    SELECT own.id, own.area_no, own.code, own.name, own.kind,
           json_build_object('code', v.code, 'name', v.name) AS division,
           ST_AsGeoJSON(own.geom, 6)::json AS geometry,
           ST_X(ST_PointOnSurface(own.geom)) AS lon, ST_Y(ST_PointOnSurface(own.geom)) AS lat,
           t.households, ARRAY(SELECT up.code FROM up WHERE up.begun = own.division_code) AS line
    FROM own LEFT JOIN division v ON v.code = own.division_code AND v.valid_to IS NULL
    LEFT JOIN cell_tally t ON t.cell_id = own.id
    ORDER BY own.code COLLATE "C"
"""
_POSTED = """id IN (SELECT cell_id FROM post p WHERE p.worker_id = :worker
    AND p.valid_from <= :today AND (p.valid_to IS NULL OR p.valid_to > :today))"""
_CHARGED = """area_no BETWEEN :low AND :high
    AND (CAST(:areas AS bigint[]) IS NULL OR area_no = ANY (:areas))"""


def ground(db: Session, by: Viewer, *, now: datetime, today: date, zone: str) -> Ground:
    """Find the viewer's cells: those he is posted at, or, as a worker of no posts, those he is in
    charge of; others have none."""
    values: dict[str, Any] = {"worker": by.worker, "today": today}
    mine = _POSTED
    if not by.worker and by.role is Role.WORKER:
        scope = by.scope
        areas = None if scope.areas is None else list(scope.areas)
        mine, values = _CHARGED, {"low": scope.low, "high": scope.high, "areas": areas}
    found = rows(db, _CELLS.format(mine=mine), **values)
    return Ground(by, now, today, zone, found)


# Cases

_STANDING = ", ".join(f"f.{column} AS s_{name}" for name, column in data.cases.STANDING.items())
_CASES = f"""
    WITH called AS MATERIALIZED (
        SELECT w.case_id FROM whistle_party p JOIN whistle w ON w.id = p.whistle_id
        LEFT JOIN member m ON m.id = p.member_id
        WHERE coalesce(p.unit_id, m.unit_id) = :unit AND w.state IN ('sounding', 'meeting')
          AND p.state IN ('invited', 'claimed', 'arrived')
        UNION SELECT w.case_id FROM follow_up t JOIN meeting g ON g.id = t.meeting_id
        JOIN whistle w ON w.id = g.whistle_id WHERE t.unit_id = :unit AND t.done_at IS NULL
    ),
    near AS MATERIALIZED (
        SELECT f.* FROM case_file f
        WHERE f.id IN (TABLE called) OR f.state <> ALL (:ended)
          AND (f.cell_id = ANY (:cells) AND f.desk_code IS NULL
               OR f.worker_id = :worker OR f.unit_id = :unit)
        ORDER BY f.id IN (TABLE called) DESC, f.due_at NULLS LAST, f.id LIMIT {MOST_CASES}
    )
    SELECT f.id, f.code, f.version, f.state, f.kind, f.class_code, k.name AS class_name, f.title,
           f.address, f.description, ST_X(f.geom) AS lon, ST_Y(f.geom) AS lat, c.code AS cell,
           f.reported_at, f.due_at, coalesce(f.overdue_at IS NOT NULL OR f.due_at < :now, false)
               AS overdue, f.supervised, f.contact_mask AS contact,
           CASE WHEN w.id IS NOT NULL THEN json_build_object('kind', 'worker', 'code', w.code,
                    'name', w.name, 'phone', w.phone)
                WHEN u.id IS NOT NULL THEN json_build_object('kind', 'unit', 'code', u.code,
                    'name', u.name, 'phone', u.phone) END AS holder,
           coalesce(f.worker_id = :worker OR f.unit_id = :unit, false) AS mine,
           EXISTS (SELECT FROM case_event e WHERE e.case_id = f.id AND e.move = 'warn'
                   AND e.at >= coalesce(f.dispatched_at, f.reported_at)) AS warned,
           (SELECT count(*) FROM case_photo p WHERE p.case_id = f.id) AS photos,
           n.closing, {_STANDING}
    FROM near f LEFT JOIN grid_cell c ON c.id = f.cell_id
    LEFT JOIN worker w ON w.id = f.worker_id LEFT JOIN network_unit u ON u.id = f.unit_id
    LEFT JOIN case_condition n ON n.id = f.condition_id
    LEFT JOIN LATERAL (SELECT k.name FROM case_class k
                       WHERE k.kind = f.kind AND k.code = f.class_code
                       ORDER BY k.id = n.class_id DESC, k.id LIMIT 1) k ON true
    ORDER BY f.due_at NULLS LAST, f.id
"""


def cases(db: Session, at: Ground) -> list[dict[str, Any]]:
    """List the open cases of his cells, those that lie with him and those his unit is called in
    to by a whistle or has a task of, though they be closed; the first due first.

    `standing` is what `gis.cases` takes.
    """
    # nobody's worker or unit has the number -1
    values = {"worker": at.by.worker or -1, "unit": at.by.unit or -1, "now": at.now}
    ended = [str(state) for state in ENDED]
    found = rows(db, _CASES, cells=at.numbers, ended=ended, **values)
    for one in found:
        told = {name: one.pop(f"s_{name}") for name in data.cases.STANDING}
        told |= {name: told[name] and CaseState(told[name]) for name in ("state", "stood")}
        one["standing"] = Standing(**told)
    return found


_TIMELINES = f"""
    SELECT e.case_id, e.at, e.actor, e.move, e.target AS state, e.words,
           e.detail ->> 'reason' AS reason, u.name AS unit, w.name AS worker
    FROM unnest(CAST(:cases AS bigint[])) one (id) CROSS JOIN LATERAL (
        SELECT * FROM case_event e WHERE e.case_id = one.id ORDER BY e.id DESC LIMIT {TOLD_LAST}
    ) e
    LEFT JOIN network_unit u ON u.id = (e.detail ->> 'unit')::bigint
    LEFT JOIN worker w ON w.id = (e.detail ->> 'worker')::bigint
    ORDER BY e.case_id, e.id
"""
_WHISTLES = """
    SELECT DISTINCT ON (w.case_id) w.case_id, w.round, w.kind, w.level, w.state, w.words,
           w.version, w.due_at, coalesce((
               SELECT json_agg(json_build_object('number', p.number,
                   'name', coalesce(u.name, m.name_mask), 'phone', u.phone, 'part', p.part,
                   'state', p.state, 'mine', coalesce(p.unit_id, m.unit_id) = :unit,
                   'invited_at', p.invited_at, 'claim_due_at', p.claim_due_at,
                   'arrive_due_at', p.arrive_due_at, 'finish_due_at', p.finish_due_at)
                   ORDER BY p.number)
               FROM whistle_party p LEFT JOIN network_unit u ON u.id = p.unit_id
               LEFT JOIN member m ON m.id = p.member_id WHERE p.whistle_id = w.id), '[]') AS parties
    FROM whistle w
    WHERE w.case_id = ANY (:cases) AND w.state IN ('asked', 'sounding', 'meeting')
    ORDER BY w.case_id, w.round DESC
"""


_TASKS = """
    SELECT w.case_id, w.round, t.id AS number, u.name, t.unit_id = :unit AS mine, t.words,
           g.held_at AS from_at, t.due_at, t.done_at, t.done_words
    FROM whistle w JOIN meeting g ON g.whistle_id = w.id JOIN follow_up t ON t.meeting_id = g.id
    JOIN network_unit u ON u.id = t.unit_id
    WHERE w.case_id = ANY (:cases) ORDER BY t.due_at, t.id
"""


def timelines(db: Session, ids: Sequence[int]) -> list[dict[str, Any]]:
    """The last events of each case, by `case_id`, the first first."""
    return rows(db, _TIMELINES, cases=list(ids))


def whistles(db: Session, at: Ground, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The whistle that is blown about each case, where one is; `mine` are parties of his unit."""
    found = rows(db, _WHISTLES, cases=list(ids), unit=at.by.unit or -1)
    return {one.pop("case_id"): one for one in found}


def tasks(db: Session, at: Ground, ids: Sequence[int]) -> list[dict[str, Any]]:
    """What units are to do after joint meetings, by `case_id`, the first due first."""
    return rows(db, _TASKS, cases=list(ids), unit=at.by.unit or -1)


# People


def visits(db: Session, at: Ground, *, until: date) -> list[dict[str, Any]]:
    """List who is to be visited in his cells by a day."""
    return data.care.due(
        db, today=at.today, until=until, zone=at.zone, areas=at.areas, limit=MOST_VISITS
    )


_HOMES = f"""
    WITH cared AS MATERIALIZED (
        SELECT k.resident_id, array_agg(k.category ORDER BY k.category) AS categories
        FROM care_recipient k WHERE k.area_no = ANY (:areas) AND {data.care.OPEN} GROUP BY 1
    )
    SELECT h.id AS household, min(c.code) AS cell,
           min(concat_ws(' ', coalesce(b.address, b.name, b.code), d.number,
                         nullif(h.number, '1'))) AS address,
           json_agg(json_build_object('id', r.id, 'name_mask', r.name_mask,
               'phone_mask', r.phone_mask, 'sex', r.sex,
               'age', extract(year FROM age(:today, r.birth_date)), 'relation', r.relation,
               'residence', r.residence, 'categories', coalesce(k.categories, '{{}}'))
               ORDER BY r.id) AS residents
    FROM household h JOIN dwelling d ON d.id = h.dwelling_id JOIN building b ON b.id = d.building_id
    JOIN grid_cell c ON c.id = d.cell_id JOIN resident r ON r.household_id = h.id
    LEFT JOIN cared k ON k.resident_id = r.id
    WHERE h.area_no = ANY (:areas) AND r.area_no = ANY (:areas) AND d.cell_id = ANY (:cells)
    GROUP BY h.id, b.address, b.code, d.number ORDER BY b.address, b.code, d.number, h.id
"""


def homes(db: Session, at: Ground) -> list[dict[str, Any]]:
    """The register cards of the households of his cells, masked; none where he has many cells."""
    if len(at.cells) > MOST_WITH_HOMES:
        return []
    return rows(db, _HOMES, areas=at.areas, cells=at.numbers, today=at.today)


# What he reports, reads and calls

_CLASSES = """
    WITH recent AS (
        SELECT f.kind, f.class_code, count(*) AS n FROM case_file f
        WHERE f.reported_at > CAST(:now AS timestamptz) - interval '30 days'
          AND f.cell_id = ANY (:cells) GROUP BY 1, 2
    )
    SELECT k.kind, k.code, k.name, k.major_name, coalesce(max(r.n), 0) AS recent, coalesce((
               SELECT json_agg(json_build_object('number', n.number, 'filing', n.filing,
                   'amount', n.amount, 'clock', n.clock) ORDER BY n.number)
               FROM case_condition n WHERE n.class_id = k.id), '[]') AS conditions
    FROM (SELECT DISTINCT ON (kind, code) * FROM case_class
          ORDER BY kind, code, is_local DESC, id) k
    LEFT JOIN recent r ON r.kind = k.kind AND r.class_code = k.code
    GROUP BY k.id, k.kind, k.code, k.name, k.major_name
    ORDER BY recent DESC, k.kind, k.code
"""


def classes(db: Session, at: Ground) -> list[dict[str, Any]]:
    """The catalogue with how often his cells had each class lately; the frequent first."""
    return rows(db, _CLASSES, cells=at.numbers, now=at.now)


_NOTICES = """
    SELECT n.id, n.title, n.body, n.from_at AS at, n.until_at AS until FROM notice n
    WHERE n.audience = 'staff' AND n.taken_back_at IS NULL AND n.from_at <= :now
      AND (n.until_at IS NULL OR n.until_at > :now)
      AND CASE WHEN n.cells IS NOT NULL THEN n.cells && CAST(:codes AS text[])
               ELSE n.division_code IS NULL OR n.division_code = ANY (:line) END
    ORDER BY n.from_at DESC, n.id DESC LIMIT 20
"""
_UNITS = f"""
    SELECT u.code, u.name, u.kind, u.phone FROM network_unit u
    WHERE u.division_code = ANY (:line)
    ORDER BY array_position(CAST(:line AS text[]), u.division_code), u.kind, u.code COLLATE "C"
    LIMIT {MOST_UNITS}
"""


def notices(db: Session, at: Ground) -> list[dict[str, Any]]:
    """What those who work in these cells are told just now."""
    codes = [one["code"] for one in at.cells]
    return rows(db, _NOTICES, now=at.now, codes=codes, line=_line(at))


def units(db: Session, at: Ground) -> list[dict[str, Any]]:
    """The units of his community, street and county, the nearest first: whom a whistle may call."""
    return rows(db, _UNITS, line=_line(at))


_COLLEAGUES = """
    SELECT w.code, w.name FROM worker w
    WHERE w.unit_id = coalesce(nullif(:unit, 0), (SELECT unit_id FROM worker WHERE id = :worker))
    ORDER BY w.code COLLATE "C" LIMIT 100
"""


def colleagues(db: Session, by: Viewer) -> list[dict[str, Any]]:
    """The workers of his unit: to whom its cases may be handed."""
    return rows(db, _COLLEAGUES, unit=by.unit, worker=by.worker)


def _line(at: Ground) -> list[str]:
    """The divisions of his cells and those above them, the smallest first."""
    codes = {code for one in at.cells for code in one["line"] if code}
    return sorted(codes, key=lambda code: (-len(code.rstrip("0")), code))
