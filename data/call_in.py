"""吹哨找谁 in the store: who might be called in to a case, and what `gis.call_in` asks of each.

Two statements, one for units and one for members, each at most `MOST` rows, the nearest first.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import gis.network
from data.cases import Case
from gis.calendar import Calendar
from gis.call_in import CALLS, COMMUNITY, REACH_M, Candidate, Need
from gis.duty_facts import Hours
from gis.terms import DivisionLevel, UnitKind, WhistleKind

MOST = 200

_HOURS = """
    (SELECT json_agg(json_build_array(h.weekday, h.starts, h.ends) ORDER BY h.weekday, h.starts)
     FROM open_hours h WHERE h.{0}_id = {1}.id) AS hours
"""

# The divisions the case lies in, its own community first; at a desk, that of the desk
_GROUND = """
    WITH RECURSIVE here AS (
        SELECT f.id, f.kind, f.class_code, f.geom, c.id AS cell, c.plan_id, c.geom AS ground,
               coalesce(c.division_code, nullif(f.desk_code, '')) AS community
        FROM case_file f LEFT JOIN grid_cell c ON c.id = f.cell_id WHERE f.id = :case
    ),
    area AS (
        SELECT d.code, d.parent_code, 0 AS up FROM here JOIN division d ON d.code = here.community
        WHERE d.valid_to IS NULL
        UNION ALL
        SELECT d.code, d.parent_code, a.up + 1 FROM area a JOIN division d ON d.code = a.parent_code
        WHERE d.valid_to IS NULL AND a.up < 6
    )
"""
# Events and services ask those on the spot first, components their owners
_UNITS = f"""
    {_GROUND},
    listed AS (
        SELECT r.unit_id, row_number() OVER (
                   ORDER BY (r.side = 'owner') = (coalesce(here.kind, 'event') = 'component') DESC,
                            length(r.class_code) DESC NULLS LAST, a.up NULLS LAST, r.rank, r.id
               ) AS place
        FROM here JOIN responsibility r
             ON (r.kind IS NULL OR r.kind = here.kind)
             AND (r.class_code IS NULL OR starts_with(here.class_code, r.class_code))
        LEFT JOIN area a ON rpad(a.code, 12, '0') = rpad(r.division_code, 12, '0')
        WHERE (r.division_code IS NULL OR a.code IS NOT NULL)
          AND r.valid_from <= :day AND (r.valid_to IS NULL OR r.valid_to > :day)
    ),
    first_listed AS (
        SELECT unit_id, row_number() OVER (ORDER BY min(place)) AS place
        FROM listed GROUP BY unit_id
    ),
    beside AS (
        SELECT DISTINCT n.division_code, v.name FROM here
        JOIN grid_cell n ON n.plan_id = here.plan_id AND n.geom && here.ground
             AND ST_Intersects(n.geom, here.ground) AND n.division_code <> here.community
        LEFT JOIN division v ON v.code = n.division_code AND v.valid_to IS NULL
    )
    SELECT u.id, u.code, u.name, u.kind, u.skills, ST_DistanceSphere(u.geom, here.geom) AS away,
           l.place AS listed, b.name AS borders,
           u.division_code IN (SELECT code FROM area WHERE up < :own) AS own,
           EXISTS (SELECT FROM whistle_party p JOIN whistle w ON w.id = p.whistle_id
                   WHERE w.case_id = here.id AND w.state <> ALL (:over) AND p.unit_id = u.id)
               AS called,
           {_HOURS.format("unit", "u")}
    FROM here CROSS JOIN network_unit u
    LEFT JOIN first_listed l ON l.unit_id = u.id AND NOT :community
    LEFT JOIN beside b ON b.division_code = u.division_code AND u.kind = 'resident_committee'
    WHERE l.place IS NOT NULL
       OR u.kind = ANY (:kinds) AND CASE
              WHEN u.kind = 'resident_committee' THEN b.division_code IS NOT NULL
              WHEN :community THEN u.division_code = here.community
                   OR u.division_code IN (SELECT d.code FROM area a JOIN division d
                                          ON d.parent_code = a.code WHERE a.up = 1)
                   OR u.geom && ST_Expand(here.geom, :degrees)
              ELSE u.division_code IN (SELECT code FROM area) END
    ORDER BY l.place, own DESC, away, u.code LIMIT :most
"""
_MEMBERS = f"""
    {_GROUND}
    SELECT m.id, m.code, m.name_mask AS name, u.kind, m.skills,
           ST_DistanceSphere(m.geom, here.geom) AS away, c.division_code = here.community AS own,
           EXISTS (SELECT FROM whistle_party p JOIN whistle w ON w.id = p.whistle_id
                   WHERE w.case_id = here.id AND w.state <> ALL (:over) AND p.member_id = m.id)
               AS called,
           {_HOURS.format("member", "m")}
    FROM here JOIN member m ON m.geom && ST_Expand(here.geom, :degrees)
                            OR m.cell_id IN (SELECT id FROM grid_cell
                                             WHERE division_code = here.community)
    JOIN network_unit u ON u.id = m.unit_id LEFT JOIN grid_cell c ON c.id = m.cell_id
    ORDER BY away, m.code LIMIT :most
"""
_SKILLS = """
    SELECT coalesce(array_agg(DISTINCT skill), '{}') FROM case_class, unnest(skills) skill
    WHERE kind = :kind AND code = :code
"""
_M_PER_DEGREE = 60_000
"""Of longitude, at the latitudes of cities; a box that is too wide loses nobody."""


def need(
    db: Session,
    case: Case,
    *,
    kind: WhistleKind,
    level: DivisionLevel,
    skills: Iterable[str],
    now: datetime,
    calendar: Calendar,
) -> Need:
    """What is asked for; without `skills`, what the catalogue says that the class takes."""
    wanted = list(skills) or db.scalar(
        sa.text(_SKILLS), {"kind": case.kind, "code": case.class_code}
    )
    due = gis.network.dues(kind, now, calendar)
    local = due.arrive.tzinfo
    return Need(level, kind, now.astimezone(local), due.arrive, frozenset(wanted))


def candidates(db: Session, case: Case, need: Need) -> list[Candidate]:
    """Who might be called: the units of this level's kinds around the case, and its members.

    Members are those that the viewer is in charge of, by their masks.
    """
    community = need.level is COMMUNITY
    values = {
        "case": case.id, "community": community, "own": 1 if community else 2,
        "kinds": sorted(CALLS[need.level]), "day": need.at.date(), "most": MOST,
        "degrees": REACH_M[need.kind] / _M_PER_DEGREE,
        "over": [str(state) for state in gis.network.OVER],
    }  # fmt: skip
    units = [_candidate(row) for row in db.execute(sa.text(_UNITS), values)]
    if not community:
        return units
    members = db.execute(sa.text(_MEMBERS), values)
    return units + [_candidate(row, is_member=True) for row in members]


def _candidate(row: Any, *, is_member: bool = False) -> Candidate:
    hours = [(day, time.fromisoformat(b), time.fromisoformat(e)) for day, b, e in row.hours or ()]
    return Candidate(
        row.code,
        row.name,
        UnitKind(row.kind),
        is_member=is_member,
        skills=frozenset(row.skills),
        hours=tuple(Hours(*one) for one in hours),
        distance_m=row.away,
        own=bool(row.own),
        listed=None if is_member else row.listed,
        borders="" if is_member else row.borders or "",
        called=row.called,
    )
