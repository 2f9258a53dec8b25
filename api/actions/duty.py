"""责任: who answers a case and why, who is on duty, and what those in charge of duty change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.cases
import data.db
import data.duty
import data.duty_edit
import data.journal
import data.scope
import gis.coordinates
import gis.duty
from api.actions.register import require
from data.cases import Case
from gis.access import Right, Viewer
from gis.cases import Said
from gis.duty import Answer, Step
from gis.duty_facts import Hours, Posted
from gis.errors import BadInput, Conflict
from gis.reports import unreadable, untimely
from gis.terms import Move, PostRole

ROSTER = Viewer(login="duty", granted=frozenset({Right.CASES}))
"""Who reads the roster for everybody: he sees shifts and leave, no case and no person."""


# Who answers


def why(store: sa.Engine, code: str, *, by: Viewer, now: datetime, zone: str) -> dict[str, Any]:
    """Say who answers a case now, who was asked before, and why not those.

    Raises:
        NotFound: no such case is in the viewer's charge.
    """
    require(by, Right.CASES)
    with data.scope.transaction(store, by, keep=False) as db:
        case = data.cases.find(db, code)
        return _told(case, _answer(db, case, now, zone), now)


def _answer(db: Session, case: Case, now: datetime, zone: str) -> Answer:
    at = now.astimezone(ZoneInfo(zone))
    return gis.duty.answer(*data.duty.gather(db, [case.id], at=at)[case.id])


def _told(case: Case, answer: Answer, now: datetime) -> dict[str, Any]:
    return {
        "code": case.code,
        "state": str(case.state),
        "version": case.version,
        "at": now,
        "zh": answer.zh,
        "en": answer.en,
        "chosen": _step(answer.chosen) if answer.chosen else None,
        "steps": [_step(step) for step in answer.steps],
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "relation": str(step.relation),
        "relation_label": step.relation.label,
        "outcome": str(step.outcome),
        "reasons": [{"code": str(one), "label": one.label} for one in step.reasons],
        "who": step.who,
        "code": step.code,
        "is_unit": step.unit is not None,
        "role": step.role and str(step.role),
        "cell": step.cell,
        "zh": step.zh,
        "en": step.en,
    }


def assign(
    store: sa.Engine,
    code: str,
    *,
    to: str | None,
    by: Viewer,
    now: datetime,
    zone: str,
    keep: bool = True,
) -> dict[str, Any]:
    """Dispatch a case to who answers, or `to` the worker or unit with that code.

    Without `keep` it is only tried: all is checked, nothing is written.

    Raises:
        NotFound: no such case is in the viewer's charge, or nobody has the code.
        Conflict: nobody can take it, or the case does not stand where it can be dispatched.
    """
    require(by, Right.DISPATCH)
    with data.scope.transaction(store, by, keep=keep) as db:
        case = data.cases.locked(db, code)
        answer = _answer(db, case, now, zone)
        said = _by_hand(db, to) if to else _as_answered(case, answer)
        after = data.cases.move(db, case, Move.DISPATCH, said, by=by, now=now)
        data.db.bump(db, "cases")
        data.journal.write(
            db, actor=by.login, act="dispatch", subject=f"case:{code}", unit=said.unit,
            worker=said.worker, by_hand=to is not None,
        )  # fmt: skip
    return _told(after, answer, now)


def _as_answered(case: Case, answer: Answer) -> Said:
    if answer.chosen is None:
        raise Conflict(f"case {case.code}: {answer.en} Name somebody with --to. {answer.zh}")
    step = answer.chosen
    return Said(unit=step.unit, worker=step.worker, detail={"relation": str(step.relation)})


def _by_hand(db: Session, code: str) -> Said:
    kind, number = data.duty_edit.holder_named(db, code)
    if kind == "unit":
        return Said(unit=number, detail={"by_hand": True})
    return Said(worker=number, detail={"by_hand": True})


def cell(store: sa.Engine, code: str, *, at: datetime, zone: str) -> dict[str, Any]:
    """Say who is on duty for a cell at a moment: office names and phones, no reasons.

    Raises:
        NotFound: no cell in force has that code.
        BadInput: the moment lies in years that no calendar here has.
    """
    if fault := untimely(at):
        raise BadInput(f"{at} {fault}", field="at")
    with data.scope.transaction(store, ROSTER, keep=False) as db:
        found = data.duty.cell_named(db, code)
        local = at.astimezone(ZoneInfo(zone))
        posts = data.duty.posted(db, {found.id: found}, at=local).get(found.id, [])
    order = [PostRole.GRID_WORKER, PostRole.BACKUP, PostRole.GRID_LEADER]
    posts.sort(key=lambda post: (order.index(post.role), post.person.code))
    return {
        "code": found.code,
        "name": found.name,
        "at": local,
        "posts": [_post(post, local) for post in posts],
    }


def _post(post: Posted, at: datetime) -> dict[str, Any]:
    return {
        "role": str(post.role),
        "role_label": post.role.label,
        "name": post.person.name,
        "phone": post.person.phone,
        "on_duty": gis.duty.away(post.person, at) is None,
    }


# The responsibility list


def responsibilities(
    store: sa.Engine, *, by: Viewer, today: date, **asked: str | None
) -> list[dict[str, Any]]:
    """List who answers for what; by unit, division or class."""
    require(by, Right.DUTY)
    with data.scope.transaction(store, by, keep=False) as db:
        return data.duty_edit.responsibilities(db, day=today, **asked)


def add_responsibility(store: sa.Engine, line: Mapping[str, Any], *, by: Viewer) -> dict[str, Any]:
    """Add a line to the list: unit, side, kind, class_code, division, rank, valid_from.

    Raises:
        NotFound, Conflict: as `data.duty_edit.add_responsibility` says.
        NotAllowed: the division is not in the viewer's charge.
    """
    require(by, Right.DUTY)
    with data.scope.transaction(store, by) as db:
        number = data.duty_edit.add_responsibility(db, line)
        data.journal.write(
            db, actor=by.login, act="add", subject=f"responsibility:{number}", **line
        )
    return {"id": number}


def end_responsibility(store: sa.Engine, number: int, *, on: date, by: Viewer) -> None:
    """Let a line of the list end.

    Raises:
        NotFound: no such line is in the viewer's charge.
    """
    require(by, Right.DUTY)
    with data.scope.transaction(store, by) as db:
        data.duty_edit.end_responsibility(db, number, on)
        data.journal.write(db, actor=by.login, act="end", subject=f"responsibility:{number}", on=on)


# Workers


def roster(store: sa.Engine, code: str, *, by: Viewer, now: datetime) -> dict[str, Any]:
    """A worker in the viewer's charge: posts, shifts, leave, skills.

    Raises:
        NotFound: there is none with that code.
    """
    require(by, Right.DUTY)
    with data.scope.transaction(store, by, keep=False) as db:
        return data.duty_edit.roster(db, code, now=now)


def add_shift(store: sa.Engine, code: str, shift: Hours, *, by: Viewer) -> dict[str, Any]:
    """Add a shift to a worker's week.

    Raises:
        Conflict: one begins then already.
    """
    require(by, Right.DUTY)
    with data.scope.transaction(store, by) as db:
        worker = data.duty_edit.worker_named(db, code)
        number = data.duty_edit.add_shift(db, worker["id"], shift)
        data.journal.write(
            db, actor=by.login, act="add", subject=f"shift:{number}", worker=code, **vars(shift)
        )
    return {"id": number}


def add_absence(
    store: sa.Engine, code: str, starts_at: datetime, ends_at: datetime, *, by: Viewer
) -> dict[str, Any]:
    """Note that a worker is away; nobody asks why.

    Raises:
        BadInput, Conflict: it ends before it begins, or he is away then already.
    """
    require(by, Right.DUTY)
    with data.scope.transaction(store, by) as db:
        worker = data.duty_edit.worker_named(db, code)
        number = data.duty_edit.add_absence(db, worker["id"], starts_at, ends_at)
        data.journal.write(
            db, actor=by.login, act="add", subject=f"absence:{number}", worker=code,
            starts_at=starts_at, ends_at=ends_at,
        )  # fmt: skip
    return {"id": number}


def drop(store: sa.Engine, table: str, number: int, *, by: Viewer) -> None:
    """Take a `shift` or an `absence` back.

    Raises:
        NotFound: no such row is in the viewer's charge.
    """
    require(by, Right.DUTY)
    with data.scope.transaction(store, by) as db:
        worker = data.duty_edit.drop(db, table, number)
        data.journal.write(
            db, actor=by.login, act="drop", subject=f"{table}:{number}", worker_id=worker
        )


def equip(
    store: sa.Engine, code: str, *, skills: Sequence[str] | None, capacity: int | None, by: Viewer
) -> None:
    """Set what a worker can do and how many cases he may have at once.

    Raises:
        NotFound: no such worker is in the viewer's charge.
        BadInput: a skill that nobody can read.
    """
    faults = [f"skill {one!a} {why}" for one in skills or () if (why := unreadable(one))]
    if faults:
        raise BadInput("; ".join(faults), faults=faults)
    require(by, Right.DUTY)
    with data.scope.transaction(store, by) as db:
        worker = data.duty_edit.worker_named(db, code)
        data.duty_edit.equip(db, worker["id"], skills=skills, capacity=capacity)
        data.journal.write(
            db, actor=by.login, act="equip", subject=f"worker:{code}", skills=skills,
            capacity=capacity,
        )  # fmt: skip


# Units


def unit(store: sa.Engine, code: str, *, by: Viewer) -> dict[str, Any]:
    """A unit with its place and hours.

    Raises:
        NotFound: there is none.
    """
    require(by, Right.DUTY)
    with data.scope.transaction(store, by, keep=False) as db:
        found = data.duty_edit.unit_named(db, code)
        return found | {"hours": data.duty_edit.unit_hours(db, found["id"])}


def set_hours(store: sa.Engine, code: str, hours: Sequence[Hours], *, by: Viewer) -> None:
    """Set when a unit can be called; none: always.

    Raises:
        NotFound: no such unit is in the viewer's charge.
    """
    require(by, Right.DUTY)
    with data.scope.transaction(store, by) as db:
        found = data.duty_edit.unit_in_charge(db, code)
        data.duty_edit.set_hours(db, found["id"], hours)
        data.journal.write(
            db, actor=by.login, act="hours", subject=f"unit:{code}",
            hours=[f"{one.weekday} {one.starts:%H:%M}-{one.ends:%H:%M}" for one in hours],
        )  # fmt: skip


def place_unit(store: sa.Engine, code: str, lon: float, lat: float, *, by: Viewer) -> None:
    """Say where a unit sets out from, WGS-84.

    Raises:
        BadInput: no place has these degrees.
        NotFound: no such unit is in the viewer's charge.
    """
    require(by, Right.DUTY)
    gis.coordinates.check_point(lon, lat)
    with data.scope.transaction(store, by) as db:
        found = data.duty_edit.unit_in_charge(db, code)
        data.duty_edit.place_unit(db, found["id"], lon, lat)
        data.journal.write(
            db, actor=by.login, act="place", subject=f"unit:{code}", lon=lon, lat=lat
        )
