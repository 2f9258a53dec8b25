"""应哨逾期: what time does to whistles: tell of missed deadlines once, end those of ended cases.

`next_at` of a whistle, a party or a task is its next deadline that nobody has told of. Telling is
one line on the case's timeline and takes `next_at` away, in one statement: so each is told once,
however many tell, and after any stop. Cases that somebody is moving just now wait for the next
time. Both run as the owner of the store.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from gis.terms import ENDED_STATES

ACTOR = "clock"
AT_ONCE = 1_000


@dataclass(frozen=True)
class Late:
    """A deadline that was missed: of a whistle's approval, a party's step or a task."""

    case: str
    round: int
    what: str
    who: str | None
    due_at: datetime


_DUE = """
    SELECT 'whistle' AS of, w.id, w.case_id, w.round, 'approve' AS what, NULL AS who, w.next_at
    FROM whistle w WHERE w.next_at < :now
    UNION ALL
    SELECT 'party', p.id, w.case_id, w.round,
           CASE p.state WHEN 'invited' THEN 'claim' WHEN 'claimed' THEN 'arrive' ELSE 'finish' END,
           coalesce(u.name, '成员 ' || m.code), p.next_at
    FROM whistle_party p JOIN whistle w ON w.id = p.whistle_id
    LEFT JOIN network_unit u ON u.id = p.unit_id LEFT JOIN member m ON m.id = p.member_id
    WHERE p.next_at < :now
    UNION ALL
    SELECT 'task', t.id, w.case_id, w.round, 'follow_up', u.name, t.next_at
    FROM follow_up t JOIN meeting g ON g.id = t.meeting_id JOIN whistle w ON w.id = g.whistle_id
    JOIN network_unit u ON u.id = t.unit_id WHERE t.next_at < :now
"""
_OVERDUE = f"""
    SELECT f.code, d.round, d.what, d.who, d.next_at FROM ({_DUE}) d
    JOIN case_file f ON f.id = d.case_id ORDER BY d.next_at, f.code, d.what, d.who
"""


def overdue(db: Session, *, now: datetime) -> list[Late]:
    """List the deadlines that were missed and that nobody has told of."""
    return [Late(*row) for row in db.execute(sa.text(_OVERDUE), {"now": now})]


# A row that somebody changed meanwhile no longer has the deadline that was found
_CLIMB = f"""
    WITH due AS MATERIALIZED ({_DUE} ORDER BY next_at LIMIT :most),
    held AS MATERIALIZED (
        SELECT id, code, state FROM case_file WHERE id IN (SELECT case_id FROM due)
        ORDER BY id FOR UPDATE SKIP LOCKED
    ),
    told AS (
        UPDATE whistle w SET next_at = NULL FROM due d JOIN held h ON h.id = d.case_id
        WHERE d.of = 'whistle' AND w.id = d.id AND w.next_at = d.next_at RETURNING d.*
    ),
    told_of_party AS (
        UPDATE whistle_party p SET next_at = NULL FROM due d JOIN held h ON h.id = d.case_id
        WHERE d.of = 'party' AND p.id = d.id AND p.next_at = d.next_at RETURNING d.*
    ),
    told_of_task AS (
        UPDATE follow_up t SET next_at = NULL FROM due d JOIN held h ON h.id = d.case_id
        WHERE d.of = 'task' AND t.id = d.id AND t.next_at = d.next_at RETURNING d.*
    ),
    late AS (
        SELECT * FROM told UNION ALL SELECT * FROM told_of_party
        UNION ALL SELECT * FROM told_of_task
    ),
    line AS (
        INSERT INTO case_event (case_id, at, actor, move, source, target, detail)
        SELECT h.id, :now, :actor, 'late', h.state, h.state, jsonb_strip_nulls(jsonb_build_object(
                   'whistle', l.round, 'late', l.what, 'party', l.who, 'due', l.next_at))
        FROM late l JOIN held h ON h.id = l.case_id ORDER BY l.next_at, l.what, l.id
    )
    SELECT h.code, l.round, l.what, l.who, l.next_at FROM late l JOIN held h ON h.id = l.case_id
    ORDER BY l.next_at, h.code, l.what, l.who
"""
_QUIET_ENDED = """
    WITH held AS MATERIALIZED (
        SELECT f.id, f.code, f.state FROM case_file f
        WHERE f.state = ANY (:ended) AND f.id IN (
            SELECT w.case_id FROM whistle w WHERE w.state IN ('sounding', 'meeting'))
        ORDER BY f.id LIMIT :most FOR UPDATE SKIP LOCKED
    ),
    closed AS (
        UPDATE whistle w SET state = 'closed', closed_at = :now, closing = :words, next_at = NULL,
               version = version + 1
        FROM held h WHERE w.case_id = h.id AND w.state IN ('sounding', 'meeting')
        RETURNING w.id, w.case_id, w.round
    ),
    parties AS (
        UPDATE whistle_party p SET next_at = NULL FROM closed c WHERE p.whistle_id = c.id
    ),
    line AS (
        INSERT INTO case_event (case_id, at, actor, move, source, target, words, detail)
        SELECT h.id, :now, :actor, 'quiet', h.state, h.state, :words,
               jsonb_build_object('whistle', c.round)
        FROM closed c JOIN held h ON h.id = c.case_id ORDER BY h.id
    )
    SELECT h.code FROM closed c JOIN held h ON h.id = c.case_id ORDER BY h.code
"""
CASE_ENDED = "案卷已结 the case has ended"


def climb(db: Session, *, now: datetime, most: int = AT_ONCE) -> list[Late]:
    """Tell of every missed deadline on its case's timeline, once; return those told of now."""
    values = {"now": now, "actor": ACTOR, "most": most}
    return [Late(*row) for row in db.execute(sa.text(_CLIMB), values)]


def quiet_ended(db: Session, *, now: datetime, most: int = AT_ONCE) -> Sequence[str]:
    """Close the whistles that still sound about cases that have ended; return their codes."""
    values = {
        "now": now, "actor": ACTOR, "words": CASE_ENDED, "most": most,
        "ended": [str(state) for state in ENDED_STATES],
    }  # fmt: skip
    return db.scalars(sa.text(_QUIET_ENDED), values).all()
