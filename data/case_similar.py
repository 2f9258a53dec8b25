"""并案: open cases alike and near, offered for joining; joined ones end with the main one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.cases
import data.scope
from data.cases import Case
from gis.access import EVERYWHERE, Viewer
from gis.coordinates import reach_in_degrees
from gis.errors import Conflict
from gis.terms import ENDED_STATES, Move

NEAR_M = 50
WITHIN = "interval '24 hours'"
MOST = 20

_ENDED = ", ".join(f"'{state}'" for state in ENDED_STATES)
_HERE = "ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)"
_NEAR = f"""
    SELECT * FROM case_file
    WHERE {data.scope.in_view(f"ST_Expand({_HERE}, :reach_lon, :reach_lat)")}
      AND class_code = :class_code AND kind IS NOT DISTINCT FROM :kind
      AND id <> :id AND joined_to IS NULL AND state NOT IN ({_ENDED})
      AND reported_at BETWEEN :reported_at - {WITHIN} AND :reported_at + {WITHIN}
"""
_SIMILAR = f"""
    WITH near AS MATERIALIZED ({_NEAR})
    SELECT code, version, state, kind, class_code,
           round(ST_Distance(geom::geography, {_HERE}::geography)::numeric, 1)::float8
               AS distance_m,
           round(extract(epoch FROM :reported_at - reported_at))::int AS age_s
    FROM near WHERE ST_DWithin(geom::geography, {_HERE}::geography, {NEAR_M})
    ORDER BY distance_m, code LIMIT {MOST}
"""


def similar(db: Session, case: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List open cases of one's class within 50 m and 24 h, the nearest first, 20 at most.

    Only those that the viewer of the transaction may see. `case` tells id, kind, class_code, lon,
    lat and reported_at; `age_s` is by how many seconds it is the younger one.
    """
    if case["lat"] is None or case["class_code"] is None or case["reported_at"] is None:
        return []
    reach_lon, reach_lat = reach_in_degrees(case["lat"], NEAR_M)
    names = ("id", "kind", "class_code", "lon", "lat", "reported_at")
    values = {name: case[name] for name in names}
    values |= {"reach_lon": reach_lon, "reach_lat": reach_lat}
    typed = sa.text(_SIMILAR).bindparams(
        sa.bindparam("reported_at", type_=sa.DateTime(timezone=True)),
        sa.bindparam("kind", type_=sa.Text),
    )
    return [dict(row) for row in db.execute(typed, values).mappings()]


# Joining


def joined(db: Session, case: Case) -> list[str]:
    """The codes of the cases joined to this one, of those that the viewer may see."""
    query = 'SELECT code FROM case_file WHERE joined_to = :id ORDER BY code COLLATE "C"'
    return list(db.scalars(sa.text(query), {"id": case.id}))


def refuse_alone(db: Session, case: Case, *, by: Viewer) -> None:
    """See that no case is joined to this one, wherever it is.

    Raises:
        Conflict: saying how many are, and naming those the viewer may see.
    """
    with _everywhere(db, by):
        count = len(joined(db, case))
    if count:
        codes = joined(db, case)[:MOST]
        raise Conflict(
            f"{count} cases are joined to {case.code}: {', '.join(codes)}; part them first",
            joined=codes,
        )


def main(db: Session, code: str, *, of: str) -> None:
    """Lock the case that case `of` is to be joined to.

    Raises:
        NotFound: the viewer sees none with that code.
        Conflict: it has ended, is itself joined to another, or is the same.
    """
    if code == of:
        raise Conflict(f"case {code} is not joined to itself")
    case = data.cases.locked(db, code)
    if case.state in ENDED_STATES:
        raise Conflict(f"case {code} is {case.state.label} {case.state}; nothing is joined to it")
    if case.standing.joined_to is not None:
        raise Conflict(f"case {code} is itself joined to another; join to that one")


_LOCK = """
    SELECT id FROM case_file WHERE joined_to = ANY (:mains) AND state IN ('reported', 'verified')
    ORDER BY id FOR UPDATE
"""
_FOLLOW = """
    INSERT INTO case_event (case_id, at, account, actor, move, source, target, detail)
    SELECT f.id, :now, :account, :actor, :move, f.state, 'closed',
           jsonb_build_object('main', m.code)
    FROM case_file f JOIN case_file m ON m.id = f.joined_to WHERE f.id = ANY (:ids) ORDER BY f.id
"""
_END = """
    UPDATE case_file SET closed_at = :now, stage_due_at = NULL, next_at = NULL, next_move = NULL,
        clock = CASE WHEN clock -> 'handling' <> 'null' THEN jsonb_set(clock, '{agenda}', '[]') END
    WHERE id = ANY (:ids)
"""
_COUNT = """
    SELECT count_case(cell_id, 0, -n) FROM (
        SELECT cell_id, count(*)::int AS n FROM case_file
        WHERE id = ANY (:ids) AND cell_id IS NOT NULL GROUP BY cell_id) AS each
"""


_HOLD_COUNTS = """
    SELECT count_case(cell_id, 0, 0) FROM (
        SELECT DISTINCT cell_id FROM case_file
        WHERE id = ANY (:ids) AND cell_id IS NOT NULL ORDER BY cell_id) AS each
"""


def hold(db: Session, main: Case, *, by: Viewer) -> None:
    """Lock what closing a case will touch besides it: the joined cases, then all cells' counts.

    Always in the same order, so that acts across cells wait for each other, never in a ring.
    """
    with _everywhere(db, by):
        ids = db.scalars(sa.text(_LOCK), {"mains": [main.id]}).all()
        db.execute(sa.text(_HOLD_COUNTS), {"ids": [main.id, *ids]})


def follow(db: Session, mains: list[int], *, by: Viewer, now: datetime) -> int:
    """Close the cases joined to those that were closed; tell how many.

    They end with it also where its closer is not in charge.
    """
    with _everywhere(db, by):
        ids = list(db.scalars(sa.text(_LOCK), {"mains": mains}))
        if ids:
            values = {"ids": ids, "now": now, "account": by.account, "actor": by.name or by.login}
            values |= {"move": str(Move.FOLLOW)}
            for step in (_FOLLOW, _END, _COUNT):
                db.execute(sa.text(step), values)
    return len(ids)


@contextmanager
def _everywhere(db: Session, by: Viewer) -> Iterator[None]:
    """Let an act reach the joined cases where whoever acts is not in charge."""
    if not by.is_operator:
        data.scope.enter(db, replace(by, scope=EVERYWHERE))
    yield
    if not by.is_operator:
        data.scope.enter(db, by)
