"""What happened to the town's cases before today: the events that their states are the sum of."""

from __future__ import annotations

from typing import Any

import psycopg

from gis.terms import CaseState, Move

S, M = CaseState, Move

_WAY = (
    (M.REPORT, None, S.REPORTED),
    (M.FILE, S.REPORTED, S.FILED),
    (M.DISPATCH, S.FILED, S.DISPATCHED),
    (M.TAKE, S.DISPATCHED, S.HANDLING),
    (M.FEEDBACK, S.HANDLING, S.FEEDBACK),
    (M.INSPECT, S.FEEDBACK, S.INSPECTED),
    (M.CLOSE, S.INSPECTED, S.CLOSED),
    (M.EVALUATE, S.CLOSED, S.EVALUATED),
)
_ASIDE = {
    S.VERIFIED: (1, M.VERIFY, S.REPORTED),
    S.VOID: (1, M.VOID, S.REPORTED),
    S.SUSPENDED: (3, M.SUSPEND, S.DISPATCHED),
}
"""States beside the way: after so many of its steps, by which move, from where."""


def _steps() -> list[tuple[str, int, str, str | None, str]]:
    """For each state a case may stand in, its steps: state, number, move, source, target."""
    rows = []
    for state in CaseState:
        if state in _ASIDE:
            length, move, source = _ASIDE[state]
            way = (*_WAY[:length], (move, source, state))
        else:
            reached = [target for _, _, target in _WAY].index(state)
            way = _WAY[: reached + 1]
        rows += [
            (str(state), number, str(move), source and str(source), str(target))
            for number, (move, source, target) in enumerate(way)
        ]
    return rows


_TELL = """
    INSERT INTO case_event (case_id, at, actor, move, source, target, words, detail)
    SELECT f.id,
           CASE step.move
               WHEN 'report' THEN f.reported_at WHEN 'verify' THEN f.reported_at
               WHEN 'file' THEN f.filed_at WHEN 'dispatch' THEN f.dispatched_at
               WHEN 'take' THEN f.dispatched_at WHEN 'suspend' THEN f.dispatched_at
               WHEN 'feedback' THEN f.handled_at WHEN 'inspect' THEN f.handled_at
               ELSE f.closed_at END,
           'demo', step.move, step.source, step.target,
           CASE step.move WHEN 'feedback' THEN '已处置完毕，现场已恢复' END,
           jsonb_strip_nulls(jsonb_build_object(
               'unit', CASE step.move WHEN 'dispatch' THEN f.unit_id END,
               'reason', CASE step.move WHEN 'void' THEN '重复上报'
                                        WHEN 'suspend' THEN '待设备到场' END,
               'until', CASE step.move WHEN 'suspend' THEN f.suspended_until END,
               'closing', CASE step.move WHEN 'close' THEN '恢复原状' END,
               'rating', CASE step.move WHEN 'evaluate' THEN 3 + mod(f.id, 3) END))
    FROM case_file f JOIN unnest(%(states)s::text[], %(numbers)s::int[], %(moves)s::text[],
                                 %(sources)s::text[], %(targets)s::text[])
        AS step (state, number, move, source, target) ON step.state = f.state
    ORDER BY f.id, step.number
"""


def tell(cursor: psycopg.Cursor[Any]) -> None:
    """Write the events of all cases, which stand already where these led."""
    columns = zip(*_steps(), strict=True)
    names = ("states", "numbers", "moves", "sources", "targets")
    cursor.execute("ALTER TABLE case_event DISABLE TRIGGER USER")
    cursor.execute(_TELL, {n: list(column) for n, column in zip(names, columns, strict=True)})
    cursor.execute("ALTER TABLE case_event ENABLE TRIGGER USER")
    cursor.execute("SELECT setval('case_number', (SELECT count(*) FROM case_file))")
    cursor.execute("ANALYZE case_event")


_BY_WORKERS = ["0110", "0112", "0117", "0135", "0136", "0201", "0405", "0410"]
"""Events that who works in the cell sees to himself: rubbish, stalls, parked bicycles."""
_HAND_OVER = """
    WITH posted AS (
        SELECT DISTINCT ON (cell_id) cell_id, worker_id FROM post WHERE role = 'grid_worker'
        ORDER BY cell_id, id
    ),
    his AS (
        UPDATE case_file f SET worker_id = p.worker_id, unit_id = NULL FROM posted p
        WHERE p.cell_id = f.cell_id AND f.state IN ('dispatched', 'handling')
          AND f.kind = 'event' AND f.class_code = ANY (%(classes)s)
        RETURNING f.id, f.worker_id
    )
    UPDATE case_event e
    SET detail = e.detail - 'unit' || jsonb_build_object('worker', his.worker_id)
    FROM his WHERE e.case_id = his.id AND e.move = 'dispatch'
"""


def hand_over(cursor: psycopg.Cursor[Any]) -> None:
    """Let the everyday cases lie with the workers of their cells, once these are known."""
    cursor.execute("ALTER TABLE case_event DISABLE TRIGGER USER")
    cursor.execute(_HAND_OVER, {"classes": _BY_WORKERS})
    cursor.execute("ALTER TABLE case_event ENABLE TRIGGER USER")
