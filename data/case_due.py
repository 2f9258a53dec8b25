"""时限 of cases that come from elsewhere: they bring a deadline, and get a clock that runs to it.

Another system does not say by which clock it reckoned, so theirs runs by day and night from the
dispatch (else the report) to the deadline, and climbs as ours do. What was due before they came is
a fact and is told to nobody any more.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from gis.case_clock import HANDLING, LADDER
from gis.terms import Clock

_ISO = """to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')"""

_BEGIN = f"""
    WITH given AS (
        SELECT id, due_at, coalesce(dispatched_at, reported_at) AS begun,
               CASE WHEN unit_id IS NULL THEN 'worker ' || worker_id
                    ELSE 'unit ' || unit_id END AS holder
        FROM case_file WHERE clock IS NULL AND state IN ('dispatched', 'handling')
          AND due_at > coalesce(dispatched_at, reported_at)
    ),
    rung AS (
        SELECT g.id, r.n, r.move, r.level, g.begun + (g.due_at - g.begun) * r.share AS at
        FROM given g CROSS JOIN unnest(CAST(:moves AS text[]), CAST(:shares AS float8[]),
                                       CAST(:levels AS text[]))
             WITH ORDINALITY AS r (move, share, level, n)
    ),
    agenda AS (
        SELECT id,
               coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                   'move', move, 'at', {_ISO.format("at")}, 'clock', '{HANDLING}',
                   'level', level)) ORDER BY n) FILTER (WHERE at >= :now), '[]') AS coming,
               min(at) FILTER (WHERE at >= :now) AS next_at,
               (array_agg(move ORDER BY n) FILTER (WHERE at >= :now))[1] AS next_move,
               (array_agg(level ORDER BY n DESC)
                   FILTER (WHERE at < :now AND level IS NOT NULL))[1] AS level
        FROM rung GROUP BY id
    )
    UPDATE case_file f
    SET clock = jsonb_build_object('agenda', a.coming, 'handling', jsonb_build_object(
            'started_at', {_ISO.format("g.begun")}, 'clock', '{Clock.URGENT_HOUR}',
            'limit', extract(epoch FROM g.due_at - g.begun) / 3600, 'pauses', '[]'::jsonb,
            'extensions', 0, 'suspended_until', NULL, 'holder', g.holder)),
        next_at = a.next_at, next_move = a.next_move, level = a.level,
        overdue_at = CASE WHEN g.due_at < :now THEN g.due_at END
    FROM given g JOIN agenda a USING (id) WHERE f.id = g.id
"""
_AWAKE = f"""
    UPDATE case_file SET next_at = suspended_until, next_move = 'resume',
        clock = jsonb_build_object('handling', NULL, 'agenda', jsonb_build_array(
            jsonb_build_object('move', 'resume', 'at', {_ISO.format("suspended_until")},
                               'clock', 'suspension')))
    WHERE clock IS NULL AND state = 'suspended' AND suspended_until IS NOT NULL
"""


def begin(db: Session, *, now: datetime) -> None:
    """Give every case that brought a deadline, or an end of its suspension, its clock."""
    told = {
        "now": now,
        "moves": [str(rung.move) for rung in LADDER],
        "shares": [rung.share for rung in LADDER],
        "levels": [rung.level and str(rung.level) for rung in LADDER],
    }
    db.execute(sa.text(_BEGIN), told)
    db.execute(sa.text(_AWAKE))
