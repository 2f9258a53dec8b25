"""案卷 in the store: a case as it stands, one more move of it, and what happened so far.

The event is written first; the store itself checks it and moves the state (`case_event_lawful`).
The other columns of the row are what `gis.cases.applied` says, so the row is the events' sum.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.clock
import gis.case_clock
import gis.cases
from data.locate import IN_FORCE
from gis.access import Viewer
from gis.calendar import Calendar
from gis.case_clock import Limit, Times
from gis.cases import ENDED, OF_TIME, Event, Said, Standing
from gis.errors import Conflict, NotFound
from gis.terms import CaseState, Clock, Move


@dataclass(frozen=True)
class Case:
    """A 案卷 as it stands. `lon`, `lat` are WGS-84 degrees, null where nobody knows the place.

    `desk_code` is the division whose duty desk has it while its cell is not sure ('' is the desk
    above all), null when it is; `limit` is that of its condition.
    """

    id: int
    code: str
    version: int
    standing: Standing
    times: Times
    limit: Limit | None
    kind: str | None
    class_code: str | None
    title: str
    cell_id: int | None
    area_no: int
    desk_code: str | None
    candidates: list[str]
    reported_at: datetime | None
    reported_by: int | None
    channel: str
    lon: float | None
    lat: float | None
    accuracy_m: float | None
    address: str | None
    description: str | None
    contact_mask: str | None
    filed_at: datetime | None
    dispatched_at: datetime | None
    handled_at: datetime | None
    closed_at: datetime | None

    @property
    def state(self) -> CaseState:
        """Where it stands on its way."""
        return self.standing.state


# Looking

STANDING = {
    "state": "state",
    "unit": "unit_id",
    "worker": "worker_id",
    "assigned": "assigned",
    "handled_by": "handled_by",
    "condition": "condition_id",
    "stood": "stood",
    "until": "suspended_until",
    "joined_to": "joined_to",
    "extension_asked": "extension_asked",
    "extensions": "extensions",
    "appeal": "appeal",
    "exempt": "exempt",
    "supervised": "supervised",
    "returns": "returns",
    "reworks": "reworks",
}
TIMES = {
    "run": "clock",
    "due_at": "due_at",
    "stage_due_at": "stage_due_at",
    "next_at": "next_at",
    "next_move": "next_move",
    "level": "level",
    "overdue_at": "overdue_at",
}
"""The fields of `Standing` and of `Times`, and the columns that keep them."""

_PLAIN = tuple(
    field.name
    for field in fields(Case)
    if field.name not in {"standing", "times", "limit", "lon", "lat"}
)
_KEPT = dict.fromkeys((*_PLAIN, *STANDING.values(), *TIMES.values()))
_SELECT = f"""
    SELECT {", ".join(f"f.{column}" for column in _KEPT)}, ST_X(f.geom) AS lon, ST_Y(f.geom) AS lat,
           n.amount, n.clock AS limit_clock
    FROM case_file f LEFT JOIN case_condition n ON n.id = f.condition_id
"""


def find(db: Session, code: str) -> Case:
    """Find the case with that code.

    Raises:
        NotFound: none that the viewer may see has it.
    """
    return _one(db, code, f"{_SELECT} WHERE f.code = :code")


def locked(db: Session, code: str, *, seen: int | None = None) -> Case:
    """Find a case and keep others from moving it until the act ends.

    `seen` is the version that whoever decides has before him.

    Raises:
        NotFound: none that the viewer may see has that code.
        Conflict: it was moved since; names by whom, when and what.
    """
    case = _one(db, code, f"{_SELECT} WHERE f.code = :code FOR UPDATE OF f")
    refuse_older(db, case, seen)
    return case


def refuse_older(db: Session, case: Case, seen: int | None) -> None:
    """See that whoever decides has the case before him as it stands.

    Raises:
        Conflict: it was moved since; names by whom, when and what.
    """
    if seen is not None and seen != case.version:
        raise _moved_since(db, case, seen)


def locked_all(db: Session, codes: Iterable[str]) -> dict[str, Case]:
    """Lock many cases at once, always in the same order; those not in charge are left out."""
    query = f"{_SELECT} WHERE f.code = ANY (:codes) ORDER BY f.id FOR UPDATE OF f"
    rows = db.execute(sa.text(query), {"codes": sorted(set(codes))}).mappings()
    return {row["code"]: _case(row) for row in rows}


def _one(db: Session, code: str, query: str) -> Case:
    row = db.execute(sa.text(query), {"code": code}).mappings().one_or_none()
    if row is None:
        raise NotFound(f"no case {code!r} is in your charge", value=code)
    return _case(row)


def _case(row: sa.RowMapping) -> Case:
    standing = {name: row[column] for name, column in STANDING.items()}
    standing |= {n: standing[n] and CaseState(standing[n]) for n in ("state", "stood")}
    times = {name: row[column] for name, column in TIMES.items()}
    times["next_move"] = times["next_move"] and Move(times["next_move"])
    limit = Limit(row["amount"], Clock(row["limit_clock"])) if row["amount"] else None
    return Case(
        **{name: row[name] for name in (*_PLAIN, "lon", "lat")},
        standing=Standing(**standing),
        times=Times(**times),
        limit=limit,
    )


def _moved_since(db: Session, case: Case, seen: int) -> Conflict:
    acts = [one for one in timeline(db, case) if one["move"] not in OF_TIME]
    since = acts[seen - case.version :] if seen < case.version else []
    zone = ZoneInfo(data.clock.calendar(db).zone)
    told = "; ".join(
        f"{one['at'].astimezone(zone):%Y-%m-%d %H:%M} {one['actor']}: "
        f"{Move(one['move']).label} {one['move']}"
        for one in since
    )
    return Conflict(
        f"case {case.code} was moved since you saw it (you saw version {seen}, it is at "
        f"{case.version}): {told or 'look again'}. Nothing was done",
        code=case.code,
        seen=seen,
        version=case.version,
        state=str(case.state),
        since=since,
    )


_TIMELINE = """
    SELECT e.id, e.at, e.actor, e.move, e.source, e.target, e.words,
           e.detail - ARRAY['unit', 'worker', 'condition', 'other'] AS detail,
           u.name AS unit, w.name AS worker, n.filing AS condition, o.code AS other
    FROM case_event e
    CROSS JOIN LATERAL jsonb_to_record(e.detail)
        AS told (unit bigint, worker bigint, condition bigint, other bigint)
    LEFT JOIN network_unit u ON u.id = told.unit
    LEFT JOIN worker w ON w.id = told.worker
    LEFT JOIN case_condition n ON n.id = told.condition
    LEFT JOIN case_file o ON o.id = told.other
    WHERE e.case_id = :case ORDER BY e.id
"""


def timeline(db: Session, case: Case) -> list[dict[str, Any]]:
    """List what happened to a case, the first first, with the names of whom it was about."""
    return [dict(row) for row in db.execute(sa.text(_TIMELINE), {"case": case.id}).mappings()]


def events(db: Session, case: Case) -> list[Event]:
    """Read the events of a case, as `gis.cases.replay` adds them up."""
    query = "SELECT * FROM case_event WHERE case_id = :case ORDER BY id"
    return [_event(row) for row in db.execute(sa.text(query), {"case": case.id}).mappings()]


def told_as(db: Session, request_id: str) -> tuple[int, Move] | None:
    """The case and the move that a client's request made, if it made one."""
    query = "SELECT case_id, move FROM case_event WHERE request_id = :id"
    row = db.execute(sa.text(query), {"id": request_id}).one_or_none()
    return row and (row.case_id, Move(row.move))


def _event(row: sa.RowMapping) -> Event:
    told = dict(row["detail"])
    said = {name: told.pop(name) for name in _SAID if name in told}
    if "until" in said:
        said["until"] = datetime.fromisoformat(said["until"])
    return Event(
        Move(row["move"]),
        row["source"] and CaseState(row["source"]),
        CaseState(row["target"]),
        row["account"],
        row["at"],
        Said(words=row["words"] or "", **said, detail=told or None),
    )


# Moving

_SAID = tuple(one.name for one in fields(Said) if one.name not in {"words", "detail"})
_MOMENT = {
    Move.FILE: "filed_at",
    Move.DISPATCH: "dispatched_at",
    Move.FEEDBACK: "handled_at",
    Move.CLOSE: "closed_at",
    Move.FOLLOW: "closed_at",
    Move.VOID: "closed_at",
}
"""When a move was last made, as the row keeps it."""

_VALUE = {"clock": "CAST(:clock AS jsonb)"}
_TELL = """
    INSERT INTO case_event
        (case_id, at, account, actor, move, source, target, words, detail, request_id)
    VALUES (:case, :at, :account, :actor, :move, :source, :target, nullif(:words, ''),
            CAST(:detail AS jsonb), :request)
"""


def move(
    db: Session,
    case: Case,
    move: Move,
    said: Said,
    *,
    by: Viewer,
    now: datetime,
    request_id: str | None = None,
    calendar: Calendar | None = None,  # read once by whoever moves many in one act
) -> Case:
    """Move a locked case: write the event, then what it changes in the row and the counts.

    Raises:
        NotAllowed, Conflict, BadInput: as `gis.cases.check` says; nothing is written.
    """
    target = gis.cases.check(case.standing, move, said, by=by)
    event = Event(move, case.state, target, by.account, now, said)
    standing = gis.cases.applied(case.standing, event)
    filed = _filed(db, case, standing) if move is Move.FILE else {}
    limit = filed.get("limit", case.limit)
    known = calendar or data.clock.calendar(db)
    times = gis.case_clock.after(move, case.times, standing, limit=limit, calendar=known, now=now)
    tell(db, case.id, event, actor=by.name or by.login, request_id=request_id)
    version = case.version + (move not in OF_TIME)
    after = replace(case, version=version, standing=standing, times=times, **filed)
    _keep(db, case, after, move, now)
    if move is Move.SETTLE:
        return _settle(db, after, said.cell)
    if (case.state in ENDED) != (target in ENDED):
        count(db, case.cell_id, cases=0, still_open=-1 if target in ENDED else 1)
    return after


def tell(
    db: Session, case_id: int, event: Event, *, actor: str, request_id: str | None = None
) -> None:
    """Write an event; the store moves the state, or refuses: an id of any other move's, too."""
    told = {name: getattr(event.said, name) for name in _SAID}
    detail = {name: value for name, value in told.items() if value not in ("", None)}
    values = {
        "case": case_id,
        "at": event.at,
        "account": event.account,
        "actor": actor,
        "move": str(event.move),
        "source": event.source and str(event.source),
        "target": str(event.target),
        "words": event.said.words,
        "detail": orjson.dumps({**(event.said.detail or {}), **detail}, default=str).decode(),
        "request": request_id,
    }
    try:
        db.execute(sa.text(_TELL), values)
    except sa.exc.IntegrityError as error:
        if "request_id" not in str(error.orig):
            raise
        raise Conflict(f"request id {request_id!r} is of another move; take a new one") from error


_CONDITION = """
    SELECT n.amount, n.clock, k.kind, k.code, k.name
    FROM case_condition n JOIN case_class k ON k.id = n.class_id WHERE n.id = :id
"""


def _filed(db: Session, case: Case, standing: Standing) -> dict[str, Any]:
    """What filing a case by a condition makes of it: its limit, and the condition's class.

    Raises:
        NotFound: the catalogue has no such condition.
    """
    row = db.execute(sa.text(_CONDITION), {"id": standing.condition}).one_or_none()
    if row is None:
        raise NotFound(f"the catalogue has no condition {standing.condition}")
    is_same = (row.kind, row.code) == (case.kind, case.class_code)
    return {
        "limit": Limit(row.amount, Clock(row.clock)),
        "kind": row.kind,
        "class_code": row.code,
        "title": case.title if is_same else row.name,
    }


def _keep(db: Session, before: Case, after: Case, move: Move, now: datetime) -> None:
    """Write the columns that the move changed; the state is already where the event led."""
    changed = {
        column: getattr(new, name)
        for new, old, columns in (
            (after.standing, before.standing, STANDING),
            (after.times, before.times, TIMES),
            (after, before, {name: name for name in ("kind", "class_code", "title")}),
        )
        for name, column in columns.items()
        if name != "state" and getattr(new, name) != getattr(old, name)
    }
    if move in _MOMENT:
        changed[_MOMENT[move]] = now
    if move is Move.RESTORE:
        changed["closed_at"] = None
    if changed.get("clock") is not None:
        changed["clock"] = orjson.dumps(changed["clock"], default=str).decode()
    if changed:
        sets = ", ".join(f"{column} = {_VALUE.get(column, f':{column}')}" for column in changed)
        values = {**changed, "id": before.id}
        db.execute(sa.text(f"UPDATE case_file SET {sets} WHERE id = :id"), values)


def count(db: Session, cell_id: int | None, *, cases: int, still_open: int) -> None:
    """Count so many cases, and open ones, more in a cell; without a cell, nowhere."""
    if cell_id is not None:
        db.execute(
            sa.text("SELECT count_case(:cell, :cases, :open)"),
            {"cell": cell_id, "cases": cases, "open": still_open},
        )


_SETTLE = f"""
    UPDATE case_file f SET cell_id = c.id, area_no = c.area_no, desk_code = NULL, settled = true
    FROM grid_cell c WHERE f.id = :id AND c.code = :cell AND {IN_FORCE}
    RETURNING c.id, c.area_no
"""


def _settle(db: Session, case: Case, cell: str) -> Case:
    """File a case into the cell that somebody chose; its place stays as it was told."""
    row = db.execute(sa.text(_SETTLE), {"id": case.id, "cell": cell}).one_or_none()
    if row is None:
        raise NotFound(f"no cell in force has the code {cell!r}", field="cell", value=cell)
    for cell_id in sorted({case.cell_id or row.id, row.id}):  # in one order: nobody waits in a ring
        more = (cell_id == row.id) - (cell_id == case.cell_id)
        count(db, cell_id, cases=more, still_open=more)
    return replace(case, cell_id=row.id, area_no=row.area_no, desk_code=None)
