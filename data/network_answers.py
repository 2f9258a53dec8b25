"""应哨 and 联席 in the store: what those who were called do, the meetings, and the ratings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.whistles
import gis.network
from data.cases import Case
from data.whistles import Acting, Kept
from gis.cases import Said
from gis.errors import BadInput, Conflict, NotAllowed, NotFound
from gis.network import Dues, Party
from gis.terms import Move, PartyState

_MOMENT = {
    Move.CLAIM: "claimed_at",
    Move.DECLINE: "declined_at",
    Move.ARRIVE: "arrived_at",
    Move.FINISH: "finished_at",
}


def answer(
    db: Session, code: str, number: int, party: int, move: Move, how: Acting, words: str = ""
) -> bool:
    """A party claims, declines with a reason, arrives, or finishes in words.

    Its own unit does, or on its behalf who dispatches there; the timeline then says so.

    Raises:
        NotAllowed, Conflict: as `gis.network` says. NotFound: there is no such party.
    """
    begun = _begin(db, code, number, party, move, how)
    if begun is None:
        return False
    case, kept, one, state = begun
    behalf = gis.network.on_behalf(one.unit, how.by, in_charge=_in_charge(case, how))
    detail = {"whistle": number, "party": one.who, "part": str(one.part)}
    if behalf:
        detail["on_behalf"] = one.who
    is_no = move is Move.DECLINE
    said = Said(reason=words if is_no else "", words="" if is_no else words, detail=detail)
    data.whistles.tell(db, case, move, said, how)
    row = kept.rows[party]
    due = Dues(row.claim_due_at, row.arrive_due_at, row.finish_due_at)
    values = {"words": words} if words else {}
    data.whistles.change(
        db, "whistle_party", row.id,
        state=str(state), next_at=due.of(state), **{_MOMENT[move]: how.now}, **values,
    )  # fmt: skip
    return True


def rate(
    db: Session, code: str, number: int, party: int, rating: int, how: Acting, words: str = ""
) -> bool:
    """Rate a party that has finished, 1 to 5: who blew the whistle does, or the chief for him."""
    begun = _begin(db, code, number, party, Move.RATE, how)
    if begun is None:
        return False
    case, kept, one, _ = begun
    said = Said(words=words, rating=rating, detail={"whistle": number, "party": one.who})
    data.whistles.tell(db, case, Move.RATE, said, how)
    row = kept.rows[party]
    data.whistles.change(db, "whistle_party", row.id, rating=rating, rating_words=words or None)
    return True


def _begin(
    db: Session, code: str, number: int, party: int, move: Move, how: Acting
) -> tuple[Case, Kept, Party, PartyState] | None:
    """Lock case and whistle and check the move of a party; None when it was done before."""
    begun = data.whistles.begin(db, code, number, move, replace(how, seen=None))
    if begun is None:
        return None
    case, kept, _ = begun
    one = next((one for one in kept.whistle.parties if one.number == party), None)
    if one is None:
        raise NotFound(f"whistle {number} of case {code} called no party {party}", value=party)
    data.whistles.unseen(kept, kept.rows[party].version, how.seen, one.who)
    charge = _in_charge(case, how)
    state = gis.network.check_party(kept.whistle, one, move, by=how.by, in_charge=charge)
    return case, kept, one, state


def _in_charge(case: Case, how: Acting) -> bool:
    return data.whistles.in_charge(case, how.by)


# Meetings


@dataclass(frozen=True)
class Task:
    """What a unit is to do after a meeting, by when; the unit is told by its code."""

    unit: str
    words: str
    due_at: datetime


@dataclass(frozen=True)
class Meeting:
    """A joint meeting that is called: when, where, and which units come."""

    at: datetime
    place: str = ""
    participants: Sequence[str] = ()


_MEET = """
    INSERT INTO meeting (whistle_id, at, place, participants)
    VALUES (:whistle, :at, nullif(:place, ''), :participants)
"""
_MOVE_MEETING = """
    UPDATE meeting SET at = :at, place = nullif(:place, ''), participants = :participants
    WHERE whistle_id = :whistle AND held_at IS NULL
"""


def meet(db: Session, code: str, number: int, meeting: Meeting, how: Acting) -> bool:
    """Call a joint meeting, or move the one that is called."""
    begun = data.whistles.begin(db, code, number, Move.MEET, how)
    if begun is None:
        return False
    case, kept, state = begun
    detail = {
        "whistle": number, "at": meeting.at.isoformat(), "place": meeting.place,
        "participants": list(meeting.participants),
    }  # fmt: skip
    data.whistles.tell(db, case, Move.MEET, Said(detail=detail), how)
    values = {
        "whistle": kept.id, "at": meeting.at, "place": meeting.place,
        "participants": list(meeting.participants),
    }  # fmt: skip
    query = _MOVE_MEETING if kept.whistle.state is state else _MEET
    db.execute(sa.text(query), values)
    data.whistles.change(db, "whistle", kept.id, state=str(state))
    return True


_HOLD = """
    UPDATE meeting SET decisions = :decisions, held_at = :now
    WHERE whistle_id = :whistle AND held_at IS NULL RETURNING id
"""
_LAST_HELD = """
    SELECT max(id) FROM meeting WHERE whistle_id = :whistle AND held_at IS NOT NULL
"""
_TASK = """
    INSERT INTO follow_up (meeting_id, unit_id, words, due_at, next_at)
    VALUES (:meeting, :unit, :words, :due_at, :due_at)
"""


def resolve(
    db: Session, code: str, number: int, decisions: str, tasks: Sequence[Task], how: Acting
) -> bool:
    """Write down what a meeting decided and who is to do what; the whistle sounds on.

    Raises:
        BadInput: nothing was decided. NotFound: a task's unit does not exist.
    """
    begun = data.whistles.begin(db, code, number, Move.RESOLVE, how)
    if begun is None:
        return False
    case, kept, state = begun
    units = _units(db, [one.unit for one in tasks])
    detail = {"whistle": number, "tasks": [_told(one, units) for one in tasks]}
    data.whistles.tell(db, case, Move.RESOLVE, Said(words=decisions, detail=detail), how)
    held = {"whistle": kept.id, "decisions": decisions, "now": how.now}
    meeting = db.execute(sa.text(_HOLD), held).scalar_one()
    _add(db, meeting, tasks, units)
    data.whistles.change(db, "whistle", kept.id, state=str(state))
    return True


def add_task(db: Session, code: str, number: int, task: Task, how: Acting) -> bool:
    """Add what a unit is to do after the last meeting.

    Raises:
        Conflict: there was no meeting. NotFound: the unit does not exist.
    """
    begun = data.whistles.begin(db, code, number, Move.FOLLOW_UP, how)
    if begun is None:
        return False
    case, kept, _ = begun
    if not (_in_charge(case, how) or gis.network.is_initiator(kept.whistle, how.by)):
        raise NotAllowed("this is for who blew the whistle, or is in charge of the case")
    meeting = db.execute(sa.text(_LAST_HELD), {"whistle": kept.id}).scalar_one()
    if meeting is None:
        raise Conflict(f"whistle {number} has had no meeting that a task could follow")
    units = _units(db, [task.unit])
    detail = {"whistle": number, "tasks": [_told(task, units)]}
    data.whistles.tell(db, case, Move.FOLLOW_UP, Said(detail=detail), how)
    _add(db, meeting, [task], units)
    data.whistles.change(db, "whistle", kept.id)
    return True


_TASK_ASKED = """
    SELECT t.id, t.unit_id, u.name, t.words, t.done_at FROM follow_up t
    JOIN meeting g ON g.id = t.meeting_id JOIN network_unit u ON u.id = t.unit_id
    WHERE t.id = :id AND g.whistle_id = :whistle FOR UPDATE OF t
"""
_DONE = "UPDATE follow_up SET done_at = :now, done_words = :words, next_at = NULL WHERE id = :id"


def finish_task(db: Session, code: str, number: int, task: int, how: Acting, words: str) -> bool:
    """Tell that a unit has done what a meeting decided: itself, or on its behalf who dispatches.

    Raises:
        NotFound: there is no such task. Conflict: it is done. BadInput: without words.
    """
    begun = data.whistles.begin(db, code, number, Move.FOLLOW_UP, how)
    if begun is None:
        return False
    case, kept, _ = begun
    row = db.execute(sa.text(_TASK_ASKED), {"id": task, "whistle": kept.id}).one_or_none()
    if row is None:
        raise NotFound(f"whistle {number} of case {code} has no task {task}", value=task)
    if row.done_at is not None:
        raise Conflict(f"{row.name} has done this already: {row.words}")
    if not words:
        raise BadInput("say in words what was done", field="words")
    behalf = gis.network.on_behalf(row.unit_id, how.by, in_charge=_in_charge(case, how))
    detail = {"whistle": number, "party": row.name, "task": row.words}
    if behalf:
        detail["on_behalf"] = row.name
    data.whistles.tell(db, case, Move.FOLLOW_UP, Said(words=words, detail=detail), how)
    db.execute(sa.text(_DONE), {"id": task, "now": how.now, "words": words})
    return True


def _units(db: Session, codes: Sequence[str]) -> dict[str, Any]:
    """Find units by code.

    Raises:
        NotFound: naming every code that is none.
    """
    query = "SELECT code, id, name FROM network_unit WHERE code = ANY (:codes)"
    found = {row.code: row for row in db.execute(sa.text(query), {"codes": list(codes)})}
    unknown = sorted(set(codes) - set(found))
    if unknown:
        raise NotFound(f"no unit has the code {', '.join(unknown)}", values=unknown)
    return found


def _told(task: Task, units: dict[str, Any]) -> dict[str, str]:
    return {"party": units[task.unit].name, "task": task.words, "due": task.due_at.isoformat()}


def _add(db: Session, meeting: int, tasks: Sequence[Task], units: dict[str, Any]) -> None:
    rows = [
        {"meeting": meeting, "unit": units[one.unit].id, "words": one.words, "due_at": one.due_at}
        for one in tasks
    ]
    if rows:
        db.execute(sa.text(_TASK), rows)
