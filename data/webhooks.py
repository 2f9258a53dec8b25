"""回调 in the store: subscribers, and what each is owed, written with the events themselves.

A message is claimed for a while (`LEASE`), sent outside of any transaction, and then marked. Who
fails between the two sends it again, under the same id: at least once, never lost. Of one case a
subscriber is sent the next message only when the one before it is done.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.areas
import gis.webhooks
from gis.errors import BadInput, Conflict, NotFound

LEASE = timedelta(seconds=60)
KEPT = timedelta(days=30)
"""So long it can be looked up what was sent."""


@dataclass(frozen=True)
class Hook:
    """A subscriber: where it is told, and in which environment variable its secret stands."""

    id: int
    url: str
    secret_env: str
    private: bool


@dataclass(frozen=True)
class Owed:
    """A message that was claimed to be sent."""

    id: int
    message: str
    body: str


@dataclass(frozen=True)
class Sent:
    """What became of a message: taken; or not.

    `is_down`: it reached nobody, whatever it says; `is_ill`: it reached somebody who is not well.
    """

    id: int
    taken: bool
    status: int | None = None
    fault: str = ""
    is_down: bool = False
    is_ill: bool = False


# Subscribers


def add(
    db: Session, url: str, *, secret_env: str, moves: list[str], division: str | None, private: bool
) -> int:
    """Add a subscriber; return its number. It is told of what happens from now on.

    Raises:
        Conflict: that address is there already. NotFound, BadInput: no such division.
    """
    stem = ""
    if division is not None:
        data.areas.held(db, division)
        stem = data.areas.stem(division)
        if not stem:
            raise BadInput(f"{division!r} has no digits of the state's; name a division by them")
    number = db.scalar(
        sa.text(
            "INSERT INTO webhook (url, secret_env, moves, division_code, stem, private) "
            "VALUES (:url, :env, CAST(:moves AS text[]), :division, :stem, :private) "
            "ON CONFLICT (url) DO NOTHING RETURNING id"
        ),
        {
            "url": url,
            "env": secret_env,
            "moves": moves,
            "division": division,
            "stem": stem,
            "private": private,
        },
    )
    if number is None:
        raise Conflict(f"{url} is told already; see wangge webhook list", value=url)
    return int(number)


def remove(db: Session, number: int) -> str:
    """Take a subscriber off, with all that it is owed; return its address.

    Raises:
        NotFound: no subscriber has that number.
    """
    url: str | None = db.scalar(
        sa.text("DELETE FROM webhook WHERE id = :id RETURNING url"), {"id": number}
    )
    if url is None:
        raise _unknown(number)
    return url


def hook(db: Session, number: int) -> Hook:
    """Find a subscriber.

    Raises:
        NotFound: no subscriber has that number.
    """
    query = "SELECT id, url, secret_env, private FROM webhook WHERE id = :id"
    row = db.execute(sa.text(query), {"id": number}).mappings().one_or_none()
    if row is None:
        raise _unknown(number)
    return Hook(**row)


def _unknown(number: int) -> NotFound:
    return NotFound(f"no webhook has the number {number}; see wangge webhook list", value=number)


_LISTED = """
    SELECT w.id, w.url, w.secret_env, w.moves, w.division_code, w.private, w.active,
           CASE WHEN w.paused_until > clock_timestamp() THEN w.paused_until END AS paused_until,
           w.fault,
           count(d.id) FILTER (WHERE d.state = 'waiting') AS waiting,
           count(d.id) FILTER (WHERE d.state = 'sent') AS sent,
           count(d.id) FILTER (WHERE d.state = 'dead') AS dead
    FROM webhook w LEFT JOIN webhook_delivery d ON d.webhook_id = w.id
    GROUP BY w.id ORDER BY w.id
"""


def listed(db: Session) -> list[dict[str, Any]]:
    """List the subscribers, with how much each is owed, was sent, and was never reached with."""
    return [dict(row) for row in db.execute(sa.text(_LISTED)).mappings()]


_DEAD = """
    SELECT d.id, w.url, f.code, e.move, d.made_at, d.ended_at, d.tries, d.status, d.fault
    FROM webhook_delivery d JOIN webhook w ON w.id = d.webhook_id
    JOIN case_file f ON f.id = d.case_id JOIN case_event e ON e.id = d.event_id
    WHERE d.state = 'dead' AND (CAST(:hook AS bigint) IS NULL OR d.webhook_id = :hook)
    ORDER BY d.event_id, d.id LIMIT :most
"""


def dead(db: Session, number: int | None, *, most: int) -> list[dict[str, Any]]:
    """List messages that were given up."""
    rows = db.execute(sa.text(_DEAD), {"hook": number, "most": most})
    return [dict(row) for row in rows.mappings()]


_AGAIN = """
    UPDATE webhook_delivery SET state = 'waiting', tries = 0, made_at = clock_timestamp(),
        due_at = clock_timestamp(), ended_at = NULL
    WHERE webhook_id = :hook AND state = 'dead' RETURNING 1
"""
_AWAKE = """
    UPDATE webhook SET active = true, failures = 0, paused_until = NULL, fault = NULL WHERE id = :id
"""


def resend(db: Session, number: int) -> int:
    """Send what was given up once more, and what waits at once; return how many were given up.

    Raises:
        NotFound: no subscriber has that number.
    """
    found = hook(db, number)
    db.execute(sa.text(_AWAKE), {"id": found.id})
    return len(db.execute(sa.text(_AGAIN), {"hook": found.id}).all())


# Sending

_IN_LINE = """
    d.state = 'waiting' AND d.due_at <= clock_timestamp() AND NOT EXISTS (
        SELECT FROM webhook_delivery e
        WHERE e.webhook_id = d.webhook_id AND e.case_id = d.case_id AND e.state = 'waiting'
          AND e.event_id < d.event_id)
"""
_AWAITS = "w.active AND (w.paused_until IS NULL OR w.paused_until <= clock_timestamp())"
_DUE = f"""
    SELECT w.id, w.url, w.secret_env, w.private FROM webhook w
    WHERE {_AWAITS}
      AND EXISTS (SELECT FROM webhook_delivery d WHERE d.webhook_id = w.id AND {_IN_LINE})
    ORDER BY w.id
"""


def due(db: Session) -> list[Hook]:
    """The subscribers that something is to be sent to now."""
    return [Hook(**row) for row in db.execute(sa.text(_DUE)).mappings()]


_LOCK = f"""
    SELECT w.failures FROM webhook w WHERE w.id = :hook AND {_AWAITS}
    FOR NO KEY UPDATE SKIP LOCKED
"""
_INSTANT = """to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""
_BODY = f"""
    SELECT jsonb_build_object(
        'type', 'case.' || e.move, 'timestamp', {_INSTANT.format("e.at")},
        'data', jsonb_build_object(
            'case', f.code, 'event', e.id, 'move', e.move, 'from', e.source, 'to', e.target,
            'service_code', f.kind || '-' || f.class_code,
            'cell', CASE WHEN f.desk_code IS NULL THEN c.code END,
            'due_at', {_INSTANT.format("f.due_at")}))::text
    FROM case_event e JOIN case_file f ON f.id = e.case_id
    LEFT JOIN grid_cell c ON c.id = f.cell_id WHERE e.id = d.event_id
"""
"""Codes and states: no words, no names, no place."""
_CLAIM = f"""
    UPDATE webhook_delivery d SET due_at = clock_timestamp() + :lease, tries = d.tries + 1,
        body = coalesce(d.body, ({_BODY}))
    WHERE d.id IN (
        SELECT d.id FROM webhook_delivery d WHERE d.webhook_id = :hook AND {_IN_LINE}
        ORDER BY d.event_id LIMIT :most FOR UPDATE OF d SKIP LOCKED)
    RETURNING d.id, d.message::text AS message, d.body
"""


def claim(db: Session, number: int, *, most: int) -> list[Owed]:
    """Take messages that are to be sent now, of each case the first; nobody else takes them.

    A subscriber that did not answer last time gets one, to see whether it is there again.
    """
    failures = db.scalar(sa.text(_LOCK), {"hook": number})
    if failures is None:
        return []
    values = {"hook": number, "lease": LEASE, "most": 1 if failures else most}
    rows = db.execute(sa.text(_CLAIM), values).mappings()
    return sorted((Owed(**row) for row in rows), key=lambda one: one.id)


_MARK = """
    UPDATE webhook_delivery d SET
        state = told.state, status = told.status, fault = nullif(told.fault, ''),
        due_at = CASE WHEN told.state = 'waiting' THEN clock_timestamp()
            + CASE WHEN told.is_down THEN interval '0'
                   ELSE (CAST(:pauses AS interval[]))[d.tries] END ELSE d.due_at END,
        tries = d.tries - told.is_down::int,
        ended_at = CASE WHEN told.state <> 'waiting' THEN clock_timestamp() END
    FROM (
        SELECT one.id, one.status, one.fault, one.is_down,
               CASE WHEN one.taken THEN 'sent'
                    WHEN NOT one.is_down AND known.tries > cardinality(CAST(:pauses AS interval[]))
                    THEN 'dead'
                    ELSE 'waiting' END AS state
        FROM unnest(CAST(:ids AS bigint[]), CAST(:taken AS boolean[]), CAST(:statuses AS int[]),
                    CAST(:faults AS text[]), CAST(:downs AS boolean[]))
             AS one (id, taken, status, fault, is_down)
        JOIN webhook_delivery known ON known.id = one.id
    ) told
    WHERE d.id = told.id AND d.state = 'waiting'
"""
_UP = """
    UPDATE webhook SET failures = 0, paused_until = NULL, fault = NULL
    WHERE id = :hook AND (failures > 0 OR fault IS NOT NULL)
"""
_DOWN = """
    UPDATE webhook SET failures = failures + 1, fault = :fault,
        paused_until = clock_timestamp() + greatest(
            CAST(:least AS interval) * 2 ^ least(failures, 20), CAST(:asked AS interval))
    WHERE id = :hook
"""
_AT_MOST = """
    UPDATE webhook SET paused_until = least(paused_until, clock_timestamp() + :most)
    WHERE id = :hook
"""
_GIVE_UP = """
    UPDATE webhook_delivery SET state = 'dead', ended_at = clock_timestamp(),
        fault = 'the subscriber was down for too long'
    WHERE webhook_id = :hook AND state = 'waiting' AND made_at < clock_timestamp() - :given_up
"""


def mark(db: Session, number: int, told: list[Sent], *, asked: timedelta | None = None) -> None:
    """Keep what became of claimed messages of a subscriber; `asked` is a pause that it asks for.

    What was not taken is repeated with growing pauses, and given up at their end. A subscriber that
    is ill is left alone as a whole for a while; one that is down, too, and what it was owed for
    too long is given up.
    """
    db.execute(
        sa.text(_MARK),
        {
            "ids": [one.id for one in told],
            "taken": [one.taken for one in told],
            "statuses": [one.status for one in told],
            "faults": [one.fault for one in told],
            "downs": [one.is_down for one in told],
            "pauses": list(gis.webhooks.PAUSES),
        },
    )
    failed = [one for one in told if one.is_down or one.is_ill]
    if not failed or (any(one.taken for one in told) and not asked):
        db.execute(sa.text(_UP), {"hook": number})
        return
    values = {
        "hook": number,
        "fault": failed[-1].fault,
        "least": gis.webhooks.DOWN_LEAST,
        "asked": asked or timedelta(),
        "most": gis.webhooks.DOWN_MOST,
        "given_up": gis.webhooks.GIVEN_UP,
    }
    for query in (_DOWN, _GIVE_UP) if asked else (_DOWN, _AT_MOST, _GIVE_UP):
        db.execute(sa.text(query), values)


def stop(db: Session, number: int, fault: str) -> None:
    """Tell a subscriber nothing more; what it is owed waits to be sent again or taken off."""
    query = "UPDATE webhook SET active = false, fault = :fault WHERE id = :id"
    db.execute(sa.text(query), {"id": number, "fault": fault})


def forget(db: Session) -> int:
    """Forget what was sent long ago; return how many messages."""
    query = """DELETE FROM webhook_delivery
        WHERE state = 'sent' AND ended_at < clock_timestamp() - :kept RETURNING 1"""
    return len(db.execute(sa.text(query), {"kept": KEPT}).all())
