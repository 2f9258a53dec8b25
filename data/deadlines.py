"""时限 in the store: what time does to cases, once each, however many do it and after any stop.

The rows are the queue themselves: `next_at` of a case is when time will next do something to it,
and its agenda says what follows. Doing it takes it from the agenda in the same transaction that
writes the event. All this runs as the owner of the store; it is `gis.case_clock.passed` for many.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.db
import data.live
from gis.errors import Unavailable
from gis.terms import Move

AT_ONCE = 1_000
ACTOR = "clock"
GATHER_S = 0.2
"""What moves one case often moves others too: they are looked at together."""


@dataclass(frozen=True)
class Climbed:
    """What time did in one batch: how often each move, and how many cases it looked at."""

    cases: int
    moves: dict[Move, int]


# What a case's state no longer takes, as after a sheet brought it elsewhere, is taken off untold
_TELL = """
    WITH due AS MATERIALIZED (
        SELECT id, state, next_at, next_move, clock -> 'agenda' -> 0 AS first,
               CASE next_move WHEN 'resume' THEN stood ELSE state END AS target
        FROM case_file WHERE next_at < :now
        ORDER BY next_at, id LIMIT :most FOR UPDATE SKIP LOCKED
    ),
    told AS (
        INSERT INTO case_event (case_id, at, actor, move, source, target, detail)
        SELECT d.id, greatest(d.next_at, last.at), :actor, d.next_move, d.state, d.target,
               jsonb_strip_nulls(jsonb_build_object('clock', d.first -> 'clock',
                   'level', d.first -> 'level', 'due', d.first -> 'at'))
        FROM due d
        JOIN case_step s ON (s.move, s.source, s.target) = (d.next_move, d.state, d.target),
        LATERAL (SELECT max(e.at) AS at FROM case_event e WHERE e.case_id = d.id) last
        ORDER BY d.next_at, d.id
        RETURNING case_id, move
    )
    SELECT d.id, t.move FROM due d LEFT JOIN told t ON t.case_id = d.id
"""
_TAKE_OFF = """
    UPDATE case_file SET
        clock = nullif(jsonb_set(clock, '{agenda}', (clock -> 'agenda') - 0),
                       '{"handling": null, "agenda": []}'),
        next_at = (clock -> 'agenda' -> 1 ->> 'at')::timestamptz,
        next_move = clock -> 'agenda' -> 1 ->> 'move',
        level = coalesce(clock -> 'agenda' -> 0 ->> 'level', level),
        overdue_at = coalesce(overdue_at, CASE WHEN next_move = 'overdue'
            AND clock -> 'agenda' -> 0 ->> 'clock' = 'handling' THEN next_at END),
        stood = CASE WHEN next_move <> 'resume' THEN stood END,
        suspended_until = CASE WHEN next_move <> 'resume' THEN suspended_until END
    WHERE id = ANY (:cases)
"""


def climb(db: Session, *, now: datetime, most: int = AT_ONCE) -> Climbed:
    """Do what time should have done before `now` to at most so many cases: to each the first thing.

    Every event bears the instant at which it was due, or that of the case's last event if somebody
    acted since. Cases that somebody is moving just now wait for the next time.
    """
    rows = db.execute(sa.text(_TELL), {"now": now, "most": most, "actor": ACTOR}).all()
    db.execute(sa.text(_TAKE_OFF), {"cases": [row.id for row in rows]})
    told = [Move(row.move) for row in rows if row.move]
    return Climbed(len(rows), {move: told.count(move) for move in dict.fromkeys(told)})


def next_at(db: Session) -> datetime | None:
    """When time will next do something to a case or a whistle."""
    found: datetime | None = db.scalar(sa.text(_NEXT_AT))
    return found


_NEXT_AT = """
    SELECT least((SELECT min(next_at) FROM case_file), (SELECT min(next_at) FROM whistle),
                 (SELECT min(next_at) FROM whistle_party), (SELECT min(next_at) FROM follow_up))
"""


def coming(db: Session, *, most: int) -> list[dict[str, Any]]:
    """List what time does next to which cases, the first first."""
    return [dict(row) for row in db.execute(sa.text(_COMING), {"most": most}).mappings()]


_COMING = """
    SELECT f.next_at AS at, f.next_move AS move, clock -> 'agenda' -> 0 ->> 'clock' AS clock,
           clock -> 'agenda' -> 0 ->> 'level' AS level, f.code, f.title, f.state
    FROM case_file f WHERE f.next_at IS NOT NULL ORDER BY f.next_at, f.id LIMIT :most
"""


def show_counts(db: Session) -> bool:
    """Let the public numbers follow the cases; whether these had changed since the last time."""
    changed = db.execute(sa.text(_CHANGED)).one_or_none()
    if changed:
        db.execute(sa.text("SELECT show_counts()"))
    return changed is not None


_CHANGED = """
    INSERT INTO data_version AS shown (layer, version)
    SELECT 'cases shown', version FROM data_version WHERE layer = 'cases'
    ON CONFLICT (layer) DO UPDATE SET version = EXCLUDED.version
    WHERE shown.version <> EXCLUDED.version
    RETURNING version
"""


@contextmanager
def woken(url: str | None) -> Iterator[Callable[[float], None]]:
    """Give a way to wait so many seconds, or until a case moves; without `url` only the seconds.

    Raises:
        Unavailable: the store does not answer.
    """
    if url is None:
        yield lambda seconds: time.sleep(max(seconds, GATHER_S))
        return
    try:
        with psycopg.connect(
            url, autocommit=True, connect_timeout=data.db.CONNECT_TIMEOUT_S
        ) as connection:
            connection.execute(f"LISTEN {data.live.CHANNEL}")

            def wait(seconds: float) -> None:
                for _ in connection.notifies(timeout=seconds, stop_after=1):
                    pass
                for _ in connection.notifies(timeout=GATHER_S):
                    pass

            yield wait
    except psycopg.OperationalError as error:
        raise Unavailable(f"the store does not answer: {error}") from error
