"""指标 from the store: what is counted per area in a period, by sets.

A case belongs to the period in which its deadline lies, or, when it was done earlier, to that in
which it was done: so it counts in one period only. Dates after the period's end have not come yet;
but a case is taken as it stands: what was sent back since is not handled, what is exempt is gone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session

import gis.clock
from gis.access import Scope
from gis.calendar import Calendar
from gis.deadlines import Pauses
from gis.indicators import By

Key = tuple[str | None, str | None]
"""Code and name of an area; both null for what no area of that kind holds."""


@dataclass(frozen=True)
class Period:
    """From an instant on, and before another."""

    begins: datetime
    ends: datetime


_AREA = {
    By.CELL: ("c.code", "c.name"),
    By.COMMUNITY: (
        "CASE WHEN v.code IS NULL THEN c.division_code WHEN v.level = 'village' THEN v.code END",
        "CASE v.level WHEN 'village' THEN v.name END",
    ),
    By.STREET: (
        "CASE v.level WHEN 'village' THEN v.parent_code WHEN 'township' THEN v.code END",
        "CASE v.level WHEN 'village' THEN s.name WHEN 'township' THEN v.name END",
    ),
    By.DEPARTMENT: ("u.code", "u.name"),
}


def _named(by: By, *, unit: str) -> tuple[str, str]:
    """The columns and the joins that name the area of a case f, or of what a unit did."""
    code, name = _AREA[by]
    if by is By.DEPARTMENT:
        return f"{code} AS code, {name} AS name", f"JOIN network_unit u ON u.id = {unit}"
    return (
        f"{code} AS code, {name} AS name",
        """LEFT JOIN unnest(CAST(:refiled AS bigint[]), CAST(:refiled_to AS bigint[]))
               AS again (case_id, cell_id) ON again.case_id = f.id
           LEFT JOIN grid_cell c
                ON c.id = CASE WHEN again.case_id IS NULL THEN f.cell_id ELSE again.cell_id END
           LEFT JOIN division v ON v.code = coalesce(c.division_code, nullif(f.desk_code, ''))
                AND v.valid_to IS NULL
           LEFT JOIN division s ON s.code = v.parent_code AND s.valid_to IS NULL""",
    )


_HELD = "('dispatched', 'handling', 'feedback', 'inspected', 'closed', 'evaluated')"
_HANDLED = "('feedback', 'inspected', 'closed', 'evaluated')"
COUNTED = """f.area_no BETWEEN :low AND :high
    AND (CAST(:areas AS bigint[]) IS NULL OR f.area_no = ANY (CAST(:areas AS bigint[])))
    AND NOT f.exempt AND f.joined_to IS NULL"""
"""Cases of the viewer's own charge, not those he is only called in to; none twice, none exempt."""


def _in_period(moment: str) -> str:
    return f"({moment} >= :begins AND {moment} < :ends)"


def _life(by: By) -> str:
    """The cases as their own dates tell them; what came after the end has not come."""
    area, joins = _named(by, unit="f.unit_id")
    return f"""
        life AS (
            SELECT {area}, f.id, f.state, f.reported_at, f.dispatched_at, f.due_at, f.clock,
                   f.state IN {_HELD} OR f.state <> 'void' AND f.dispatched_at IS NOT NULL AS held,
                   f.reworks > 0 AS reworked, f.overdue_at < :ends AS overdue,
                   (f.state NOT IN ('reported', 'verified', 'void')
                    OR f.state = 'void' AND f.filed_at IS NOT NULL)
                       AND coalesce(f.filed_at < :ends, true) AS filed,
                   CASE WHEN f.state IN {_HANDLED} THEN coalesce(f.handled_at, f.closed_at) END
                       AS handled_at,
                   CASE WHEN f.state IN ('closed', 'evaluated') THEN f.closed_at END AS closed_at
            FROM case_file f {joins} WHERE {COUNTED}
        ),
        dated AS (
            SELECT l.*, {_in_period("l.reported_at")} AS of_reports,
                   l.held AND {_in_period("least(l.due_at, l.handled_at)")} AS of_handling,
                   l.state <> 'void' AND {_in_period("least(l.due_at, l.closed_at)")} AS of_closing,
                   coalesce(l.handled_at < :ends, false) AS handled,
                   coalesce(l.closed_at < :ends, false) AS closed,
                   coalesce(l.overdue, false)
                       OR coalesce(coalesce(l.handled_at, l.closed_at) > l.due_at, false) AS late
            FROM life l
        )
    """


_CASES = """
    SELECT code, name,
           count(*) FILTER (WHERE of_reports) AS reported,
           count(*) FILTER (WHERE of_reports AND filed) AS filed,
           count(*) FILTER (WHERE of_handling) AS to_handle,
           count(*) FILTER (WHERE of_handling AND handled) AS handled,
           count(*) FILTER (WHERE of_handling AND handled AND reworked) AS reworked,
           count(*) FILTER (WHERE of_closing) AS to_close,
           count(*) FILTER (WHERE of_closing AND closed) AS closed,
           count(*) FILTER (WHERE of_closing AND closed AND NOT late) AS on_time,
           count(*) FILTER (WHERE of_handling AND handled AND handled_at >= dispatched_at) AS timed,
           sum(extract(epoch FROM handled_at - dispatched_at) / 3600)
               FILTER (WHERE of_handling AND handled AND handled_at >= dispatched_at)
               AS natural_hours
    FROM dated GROUP BY code, name
"""


def _dispatches(by: By) -> str:
    """Dispatches of the period, and which were a case's first and stayed where they went."""
    area, joins = _named(by, unit="e.unit")
    return f"""
        WITH moved AS (
            SELECT e.case_id, e.move, e.at, (e.detail ->> 'unit')::bigint AS unit,
                   lead(e.move) OVER lives AS then,
                   count(*) FILTER (WHERE e.move = 'dispatch') OVER lives AS nth
            FROM case_event e JOIN case_file f ON f.id = e.case_id
            WHERE {COUNTED} AND f.dispatched_at >= :begins
              AND coalesce(f.reported_at < :ends, true)
              AND e.at < :ends AND (e.move IN ('dispatch', 'recall')
                  OR e.move = 'return' AND e.source IN ('dispatched', 'handling'))
            WINDOW lives AS (PARTITION BY e.case_id ORDER BY e.id)
        )
        SELECT {area}, count(*) AS dispatches,
               count(*) FILTER (WHERE nth = 1
                                AND coalesce(e.then NOT IN ('recall', 'return'), true))
                   AS right_first
        FROM moved e JOIN case_file f ON f.id = e.case_id {joins}
        WHERE e.move = 'dispatch' AND {_in_period("e.at")} GROUP BY 1, 2
    """


def _whistles(by: By) -> str:
    area, joins = _named(by, unit="w.unit_id")
    return f"""
        SELECT {area}, count(*) AS whistles
        FROM whistle w JOIN case_file f ON f.id = w.case_id {joins}
        WHERE w.state <> 'refused' AND {_in_period("w.asked_at")} AND {COUNTED} GROUP BY 1, 2
    """


def _parties(by: By) -> str:
    area, joins = _named(by, unit="coalesce(p.unit_id, m.unit_id)")
    answered = "least(p.claim_due_at, p.claimed_at, p.declined_at)"
    arrives = f"p.claimed_at < :ends AND {_in_period('least(p.arrive_due_at, p.arrived_at)')}"
    finishes = f"p.claimed_at < :ends AND {_in_period('least(p.finish_due_at, p.finished_at)')}"
    return f"""
        SELECT {area},
               count(*) FILTER (WHERE {_in_period(answered)}) AS to_claim,
               count(*) FILTER (WHERE {_in_period(answered)} AND p.claimed_at <= p.claim_due_at)
                   AS claimed_on_time,
               count(*) FILTER (WHERE {arrives}) AS to_arrive,
               count(*) FILTER (WHERE {arrives} AND p.arrived_at < :ends) AS arrived,
               count(*) FILTER (WHERE {finishes}) AS to_finish,
               count(*) FILTER (WHERE {finishes} AND p.finished_at < :ends) AS finished,
               count(p.rating) FILTER (WHERE {_in_period("p.finished_at")}) AS rated,
               sum(p.rating) FILTER (WHERE {_in_period("p.finished_at")}) AS rating
        FROM whistle_party p JOIN whistle w ON w.id = p.whistle_id AND w.state <> 'refused'
        JOIN case_file f ON f.id = w.case_id LEFT JOIN member m ON m.id = p.member_id {joins}
        WHERE {COUNTED} GROUP BY 1, 2
    """


_RAN = """
    SELECT code, name, (clock #>> '{handling,started_at}')::timestamptz AS started_at, handled_at,
           clock #>> '{handling,clock}' AS clock, clock #> '{handling,pauses}' AS pauses
    FROM dated
    WHERE of_handling AND handled AND clock #>> '{handling,started_at}' IS NOT NULL
"""


def asked(period: Period, scope: Scope) -> dict[str, Any]:
    """Bind a period and the viewer's own charge."""
    areas = None if scope.areas is None else list(scope.areas)
    return {
        "begins": period.begins, "ends": period.ends, "low": scope.low, "high": scope.high,
        "areas": areas,
    }  # fmt: skip


def counted(
    db: Session,
    by: By,
    period: Period,
    *,
    scope: Scope,
    calendar: Calendar,
    refiled: Mapping[int, int | None] | None = None,
) -> dict[Key, dict[str, float]]:
    """Count everything the indicators are made of, per area, in the order of the codes.

    Areas of which nothing is to be told are left out. `refiled` are cases that count in another
    cell than the one they are kept in (`data.indicators_redrawn`), or in none.
    """
    again = refiled or {}
    values = asked(period, scope) | {"refiled": [*again], "refiled_to": [*again.values()]}
    found: dict[Key, dict[str, float]] = defaultdict(dict)
    life = f"WITH {_life(by)}"
    for query in (life + _CASES, _dispatches(by), _whistles(by), _parties(by)):
        for row in db.execute(sa.text(query), values).mappings():
            told = {name: float(n) for name, n in row.items() if name not in {"code", "name"} and n}
            if told:
                found[row["code"], row["name"]] |= told
    ran = db.execute(sa.text(life + _RAN), values).all()
    for key, counts in _own_hours(ran, calendar).items():
        found[key] |= counts
    return in_order(found)


def in_order(found: Mapping[Key, dict[str, float]]) -> dict[Key, dict[str, float]]:
    """By code; last what no area holds."""
    return dict(sorted(found.items(), key=lambda one: (one[0][0] is None, one[0][0] or "")))


def _own_hours(rows: Sequence[Any], calendar: Calendar) -> dict[Key, dict[str, float]]:
    """Sum the hours that the clocks of cases ran until they were handled."""
    if not rows:
        return {}
    stops = [(n, *stop) for n, row in enumerate(rows) for stop in row.pauses or ()]
    number, begins, ends = zip(*stops, strict=True) if stops else ((), (), ())
    pauses = Pauses(
        np.array(number, np.int64),
        _instants(datetime.fromisoformat(one) for one in begins),
        _instants(one and datetime.fromisoformat(one) for one in ends),
    )
    ran = gis.clock.elapsed(
        _instants(row.started_at for row in rows),
        _instants(row.handled_at for row in rows),
        clock=np.array([row.clock for row in rows]),
        calendar=calendar,
        pauses=pauses,
    )
    sums: dict[Key, dict[str, float]] = defaultdict(lambda: {"own_hours": 0.0, "own_timed": 0.0})
    for row, hours in zip(rows, ran / np.timedelta64(1, "h"), strict=True):
        sums[row.code, row.name]["own_hours"] += float(hours)
        sums[row.code, row.name]["own_timed"] += 1
    return sums


def _instants(moments: Iterable[datetime | None]) -> Any:
    """Aware datetimes as datetime64 of UTC; None is NaT."""
    return np.array(
        [np.datetime64("NaT") if one is None else np.datetime64(int(one.timestamp() * 1e6), "us")
         for one in moments],
        dtype="datetime64[us]",
    )  # fmt: skip
