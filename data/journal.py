"""日志: who did what. One line per act, written in the act's own transaction."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.orm import Session

from gis.access import Viewer

_LINE = """
    INSERT INTO journal (actor, act, subject, detail)
    VALUES (:actor, :act, :subject, CAST(:detail AS jsonb))
"""


def write(db: Session, *, actor: str, act: str, subject: str | None = None, **detail: Any) -> None:
    """Write one line; `detail` holds plain JSON values and never a person's data.

    Nothing comes back: who may write the journal may not read it. Acts wait here for each other
    until they are kept, since each line is chained to the last: so it is the last thing they do.
    """
    for field, struck in (("reason", _without(_NUMBER)), ("file", file_name)):
        if isinstance(detail.get(field), str):
            detail[field] = struck(detail[field])
    told = orjson.dumps(detail, default=str).decode()
    db.execute(sa.text(_LINE), {"actor": actor, "act": act, "subject": subject, "detail": told})


def _without(numbers: re.Pattern[str]) -> Callable[[str], str]:
    return lambda text: numbers.sub(lambda found: f"{found[0][:3]}****", _plain(text))


def file_name(name: str) -> str:
    """The name of a file as it is kept: without ids and phones."""
    return _without(_LONG_NUMBER)(name)


_LONG_NUMBER = re.compile(r"\d(?:[ -]?\d){10,}[Xx]?")
_NUMBER = re.compile(rf"\d{{7,}}[Xx]?|{_LONG_NUMBER.pattern}")
"""An id or a phone that somebody wrote into a reason would stand in clear; so would one in the name
of a file, where shorter numbers are dates."""


def _plain(text: str) -> str:
    """Text that forges no line and sends no command to the terminal it is listed on."""
    return "".join(one if one.isprintable() else " " for one in text)


def charge_of(viewer: Viewer) -> str:
    """Say what a viewer is in charge of, as the journal keeps it."""
    scope = viewer.scope
    if viewer.is_operator or scope.is_everything:
        return "everything"
    if scope.areas is not None:
        return "areas " + ", ".join(map(str, scope.areas)) if scope.areas else "nothing"
    return f"areas {scope.low}–{scope.high}" if scope.low <= scope.high else "nothing"


def ranges(numbers: list[int]) -> list[list[int]]:
    """Write rising numbers as first and last of each run: [1, 2, 3, 7] → [[1, 3], [7, 7]]."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return runs


# Whether it is whole


@dataclass(frozen=True)
class Chain:
    """What verifying found: how many lines, the hash of the last, and the first broken line."""

    lines: int
    head: str
    broken: int | None = None
    fault: str = ""


def verify(db: Session) -> Chain:
    """Compute every hash of the chain again, and hold the last against the head that was kept.

    Needs the owner of the store. A chain that somebody forged from one line to the end, head and
    all, is told only by a head that was written down elsewhere.
    """
    count, head, changed, gap, last, kept_id, kept = db.execute(sa.text(_VERIFY)).one()
    if changed is not None and (gap is None or changed < gap):
        return Chain(count, head, changed, f"line {changed} is not as it was written")
    if gap is not None:
        return Chain(count, head, gap, f"line {gap} is missing")
    if last != kept_id:
        fault = f"the lines {last + 1} to {kept_id} are missing at the end"
        return Chain(count, head, last + 1, fault)
    if head != kept:
        return Chain(count, head, last, f"line {last}, the last, is not the one that was kept")
    return Chain(count, head)


_VERIFY = """
    WITH line AS (
        SELECT j.id, j.hash, j AS line, lag(j.hash, 1, ''::bytea) OVER (ORDER BY j.id) AS before,
               lag(j.id, 1, 0::bigint) OVER (ORDER BY j.id) AS last
        FROM journal j
    ),
    found AS (
        SELECT count(*) AS lines, coalesce(max(id), 0) AS last,
               min(id) FILTER (WHERE id = last + 1
                               AND hash IS DISTINCT FROM journal_hash(before, line)) AS changed,
               min(last + 1) FILTER (WHERE id <> last + 1) AS gap
        FROM line
    )
    SELECT f.lines, coalesce(encode((SELECT hash FROM journal WHERE id = f.last), 'hex'), ''),
           f.changed, f.gap, f.last, h.id, encode(h.hash, 'hex')
    FROM found f, journal_head h
"""


# Looking it up


@dataclass(frozen=True)
class Line:
    """One line of the journal."""

    id: int
    at: datetime
    actor: str
    act: str
    subject: str | None
    detail: dict[str, Any]


_CONCERNS = """
    (subject = ANY (ARRAY(SELECT 'resident:' || n FROM unnest(CAST(:persons AS bigint[])) n))
     OR EXISTS (SELECT FROM jsonb_array_elements(CASE jsonb_typeof(detail -> 'residents')
                            WHEN 'array' THEN detail -> 'residents' ELSE '[]' END) run,
                            unnest(CAST(:persons AS bigint[])) n
                WHERE n BETWEEN (run ->> 0)::bigint AND (run ->> 1)::bigint))
"""
_LINES = """
    SELECT id, at, actor, act, subject, detail FROM journal
    WHERE (CAST(:since AS timestamptz) IS NULL OR at >= :since)
      AND (CAST(:actor AS text) IS NULL OR actor = :actor)
      AND (CAST(:act AS text) IS NULL OR act = :act)
      AND {person} ORDER BY id DESC LIMIT :most
"""


def lines(
    db: Session,
    *,
    since: datetime | None = None,
    actor: str | None = None,
    act: str | None = None,
    persons: list[int] | None = None,
    most: int = 200,
) -> list[Line]:
    """List the latest lines that fit, the latest first; `persons` by the residents' numbers."""
    sql = _LINES.format(person="true" if persons is None else _CONCERNS)
    values = {"since": since, "actor": actor, "act": act, "persons": persons, "most": most}
    return [Line(*row) for row in db.execute(sa.text(sql), values)]


def seen(db: Session, persons: list[int], *, since: datetime) -> list[Line]:
    """List who saw these residents in clear: unmasked one, or took them out unmasked."""
    sql = _LINES.format(person=_CONCERNS + _IN_CLEAR)
    values = {"since": since, "actor": None, "act": None, "persons": persons, "most": None}
    return [Line(*row) for row in db.execute(sa.text(sql), values)]


_IN_CLEAR = " AND (act = 'unmask' OR act = 'export' AND (detail ->> 'unmasked')::boolean)"


def numbers_of(db: Session, number: int) -> list[int]:
    """Number of a resident, and those of the records that were merged into his."""
    return list(db.scalars(sa.text(_MERGED), {"number": number}))


_MERGED = """
    WITH RECURSIVE one AS (
        SELECT CAST(:number AS bigint) AS id
        UNION SELECT m.merged_id FROM resident_merge m JOIN one ON m.kept_id = one.id
    )
    SELECT id FROM one ORDER BY id
"""


def number_by_id(db: Session, index: bytes) -> int | None:
    """Number of the resident whose id has this blind index."""
    found: int | None = db.scalar(
        sa.text("SELECT id FROM resident WHERE id_index = :index"), {"index": index}
    )
    return found
