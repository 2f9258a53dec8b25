"""吹哨 as it is shown: the whistles of a case, and those that wait for somebody."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from gis.access import Right, Viewer

MOST_WAITING = 200

# A deadline is missed when what it waited for came later, or has not come by the end or by now
_LATE = """
    array_remove(ARRAY[
        CASE WHEN coalesce(p.claimed_at, p.declined_at, w.closed_at, :now) > p.claim_due_at
             THEN 'claim' END,
        CASE WHEN p.state NOT IN ('declined', 'invited')
              AND coalesce(p.arrived_at, w.closed_at, :now) > p.arrive_due_at THEN 'arrive' END,
        CASE WHEN p.state NOT IN ('declined', 'invited')
              AND coalesce(p.finished_at, w.closed_at, :now) > p.finish_due_at THEN 'finish' END
    ], NULL)
"""
_PARTIES = f"""
    SELECT p.number, coalesce(u.code, m.code) AS code, coalesce(u.name, m.name_mask) AS name,
           p.member_id IS NOT NULL AS is_member, u.phone, p.part, p.state, p.version,
           p.invited_at, p.claim_due_at, p.arrive_due_at, p.finish_due_at,
           p.claimed_at, p.declined_at, p.arrived_at, p.finished_at, {_LATE} AS late,
           p.words, p.rating, p.rating_words
    FROM whistle_party p LEFT JOIN network_unit u ON u.id = p.unit_id
                         LEFT JOIN member m ON m.id = p.member_id
    WHERE p.whistle_id = w.id ORDER BY p.number
"""
_TASKS = """
    SELECT t.id AS number, u.code AS unit, u.name, t.words, t.due_at, t.done_at, t.done_words,
           coalesce(t.done_at, :now) > t.due_at AS late
    FROM follow_up t JOIN network_unit u ON u.id = t.unit_id
    WHERE t.meeting_id = g.id ORDER BY t.id
"""
_MEETINGS = f"""
    SELECT g.at, g.place, g.participants, g.decisions, g.held_at,
           ARRAY(SELECT coalesce(u.name, one.code)
                 FROM unnest(g.participants) WITH ORDINALITY AS one (code, place)
                 LEFT JOIN network_unit u ON u.code = one.code ORDER BY one.place)
               AS participant_names,
           ARRAY(SELECT to_jsonb(task) FROM ({_TASKS}) task) AS tasks
    FROM meeting g WHERE g.whistle_id = w.id ORDER BY g.id
"""
_WHISTLES = f"""
    SELECT w.round, w.kind, w.level, w.state, w.words, w.skills, w.version,
           u.name AS unit, c.code AS cell, c.name AS cell_name, w.asked_at, w.approved_at,
           w.approve_due_at, w.due_at, w.closed_at, w.closing,
           coalesce(w.approved_at, w.closed_at, :now) > w.approve_due_at AS late,
           ARRAY(SELECT to_jsonb(party) FROM ({_PARTIES}) party) AS parties,
           ARRAY(SELECT to_jsonb(meeting) FROM ({_MEETINGS}) meeting) AS meetings
    FROM whistle w LEFT JOIN network_unit u ON u.id = w.unit_id
                   LEFT JOIN grid_cell c ON c.id = w.cell_id
    WHERE w.case_id = :case AND (:round IS NULL OR w.round = :round) ORDER BY w.round
"""


def told(
    db: Session, case: int, *, now: datetime, number: int | None = None
) -> list[dict[str, Any]]:
    """List the whistles of a case, or only that of a round, with parties, meetings and tasks.

    `late` names the deadlines that were missed. A member is shown by his mask, and to those in
    charge of where he lives.
    """
    query = sa.text(_WHISTLES).bindparams(sa.bindparam("round", type_=sa.Integer))
    values = {"case": case, "now": now, "round": number}
    return [dict(row) for row in db.execute(query, values).mappings()]


def of_code(db: Session, code: str, number: int, *, now: datetime) -> dict[str, Any]:
    """One whistle of the case with that code; nothing when the viewer no longer sees the case."""
    case = db.scalar(sa.text("SELECT id FROM case_file WHERE code = :code"), {"code": code})
    return told(db, case, now=now, number=number)[0] if case else {}


_WAITING = """
    WITH sounding AS (
        SELECT w.*, f.code, f.title, f.area_no FROM whistle w JOIN case_file f ON f.id = w.case_id
    ),
    waiting AS (
        SELECT 'approve' AS waits_for, w.id, NULL AS party, NULL AS name, w.approve_due_at AS due_at
        FROM sounding w
        WHERE :approves AND w.approved_at IS NULL AND w.state <> 'refused'
          AND w.area_no BETWEEN :low AND :high
          AND (CAST(:areas AS bigint[]) IS NULL OR w.area_no = ANY (CAST(:areas AS bigint[])))
        UNION ALL
        SELECT CASE p.state WHEN 'invited' THEN 'claim' WHEN 'claimed' THEN 'arrive'
                            ELSE 'finish' END, w.id, p.number, coalesce(u.name, m.name_mask),
               CASE p.state WHEN 'invited' THEN p.claim_due_at WHEN 'claimed' THEN p.arrive_due_at
                            ELSE p.finish_due_at END
        FROM whistle_party p JOIN sounding w ON w.id = p.whistle_id
        LEFT JOIN network_unit u ON u.id = p.unit_id LEFT JOIN member m ON m.id = p.member_id
        WHERE w.state IN ('sounding', 'meeting') AND p.state IN ('invited', 'claimed', 'arrived')
          AND (:everybody OR coalesce(p.unit_id, m.unit_id) = :unit)
        UNION ALL
        SELECT 'follow_up', w.id, t.id, u.name, t.due_at
        FROM follow_up t JOIN meeting g ON g.id = t.meeting_id
        JOIN sounding w ON w.id = g.whistle_id JOIN network_unit u ON u.id = t.unit_id
        WHERE t.done_at IS NULL AND (:everybody OR t.unit_id = :unit)
    )
    SELECT s.code AS "case", s.title, s.round, s.kind, s.state, s.words, o.waits_for,
           o.party AS number, o.name, o.due_at, o.due_at < :now AS late
    FROM waiting o JOIN sounding s ON s.id = o.id
    ORDER BY o.due_at, s.code, s.round, o.party LIMIT :most
"""


def waiting(db: Session, *, by: Viewer, now: datetime) -> list[dict[str, Any]]:
    """List what waits for somebody, the most urgent first: to approve, claim, arrive, finish.

    That is what his unit was called to and, with the right to approve, what is asked where he is
    in charge; the owner of the store sees what waits for anybody.
    """
    scope = by.scope
    values = {
        "approves": by.may(Right.APPROVE), "low": scope.low, "high": scope.high,
        "areas": None if scope.areas is None else list(scope.areas),
        "everybody": by.is_operator, "unit": by.unit, "now": now, "most": MOST_WAITING,
    }  # fmt: skip
    return [dict(row) for row in db.execute(sa.text(_WAITING), values).mappings()]
