"""吹哨报到 in the store: every act of a whistle, and what turns late.

An act locks the case and then the whistle, writes one line on the case's own timeline
(`data.cases.move`), then what it changes. What may be done when, `gis.network` says. A party's row
is changed last: who declines no longer sees the case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.cases
import data.whistles
import gis.network
from data.cases import Case
from data.whistles import Acting, Kept
from gis.cases import Said
from gis.errors import BadInput, Conflict, NotAllowed, NotFound
from gis.terms import DivisionLevel, Move, Part, PartyState, WhistleKind, WhistleState

ALL_DECLINED = "全部拒哨 all declined"


@dataclass(frozen=True)
class Called:
    """A unit or member to be called, by code, and its part."""

    code: str
    part: Part


@dataclass(frozen=True)
class Order:
    """A whistle that is asked for."""

    kind: WhistleKind
    level: DivisionLevel
    words: str
    skills: Sequence[str] = ()
    parties: Sequence[Called] = ()


# Blowing

_BLOW = """
    INSERT INTO whistle (case_id, round, kind, state, level, words, skills, account, unit_id,
                         cell_id, asked_at, approve_due_at, due_at, next_at)
    VALUES (:case, :round, :kind, :state, :level, :words, :skills, :account, nullif(:unit, 0),
            :cell, :now, :approve_due, :due, :approve_due) RETURNING id
"""


def blow(db: Session, code: str, order: Order, how: Acting) -> tuple[int, bool]:
    """Blow the next whistle about a case; return its round, and whether it is a new one.

    An emergency calls its parties at once, the others when it is approved.

    Raises:
        Conflict: the whistle before is not over. NotAllowed: the case is not his to whistle for.
        BadInput: no lead among the parties, or two. NotFound: there is no such party.
    """
    case = data.cases.locked(db, code)
    before = data.whistles.of_case(db, case)
    if data.whistles.repeated(db, case, Move.WHISTLE, how):
        return before[-1].whistle.round, False
    data.cases.locked(db, code, seen=how.seen)
    by, standing = how.by, case.standing
    holds = (by.unit and by.unit == standing.unit) or (by.worker and by.worker == standing.worker)
    if not (data.whistles.in_charge(case, by) or holds):
        raise NotAllowed("a whistle is blown by who is in charge of the case, or holds it")
    number = gis.network.next_round([one.whistle for one in before])
    found = _found(db, order.parties)
    gis.network.check_parts((), [one.part for one in order.parties])
    if before and before[-1].whistle.all_declined:
        case = _quiet_declined(db, case, before[-1], how)
    state = gis.network.opening(order.kind)
    detail = {
        "whistle": number, "kind": str(order.kind), "level": str(order.level),
        "parties": [name for _, name in found],
    }  # fmt: skip
    data.whistles.tell(db, case, Move.WHISTLE, Said(words=order.words, detail=detail), how)
    due = gis.network.dues(order.kind, how.now, how.calendar)
    values = {
        "case": case.id, "round": number, "kind": str(order.kind), "state": str(state),
        "level": str(order.level), "words": order.words, "skills": list(order.skills),
        "account": by.account, "unit": by.unit, "cell": case.cell_id, "now": how.now,
        "approve_due": gis.network.approval_due(order.kind, how.now, how.calendar),
        "due": due.finish,
    }  # fmt: skip
    whistle = db.execute(sa.text(_BLOW), values).scalar_one()
    sounds = state in gis.network.SOUNDING
    _call(db, whistle, order.kind, order.parties, found, first=1, how=how if sounds else None)
    return number, True


def _quiet_declined(db: Session, case: Case, kept: Kept, how: Acting) -> Case:
    """Close a whistle that everybody declined: the next one takes its place."""
    detail = {"whistle": kept.whistle.round}
    said = Said(words=ALL_DECLINED, detail=detail)
    case = data.cases.move(db, case, Move.QUIET, said, by=how.by, now=how.now)
    _close(db, kept, WhistleState.CLOSED, ALL_DECLINED, how.now)
    return case


def _close(db: Session, kept: Kept, state: WhistleState, words: str, now: datetime) -> None:
    data.whistles.change(
        db, "whistle", kept.id, state=str(state), closed_at=now, closing=words, next_at=None
    )
    db.execute(
        sa.text("UPDATE whistle_party SET next_at = NULL WHERE whistle_id = :id"), {"id": kept.id}
    )


_FOUND = """
    SELECT c.code, u.id AS unit, CASE WHEN u.id IS NULL THEN m.id END AS member,
           coalesce(u.name, '成员 ' || m.code) AS who
    FROM unnest(CAST(:codes AS text[])) WITH ORDINALITY c (code, place)
    LEFT JOIN network_unit u ON u.code = c.code LEFT JOIN member m ON m.code = c.code
    ORDER BY c.place
"""
Found = list[tuple[dict[str, int | None], str]]
"""For each code the unit or member it names, and how the timeline calls it."""


def _found(db: Session, called: Sequence[Called]) -> Found:
    """Find who is to be called.

    Raises:
        NotFound: naming every code that is neither a unit's nor a member's in one's charge.
        BadInput: somebody is called twice.
    """
    codes = [one.code for one in called]
    rows = db.execute(sa.text(_FOUND), {"codes": codes}).all()
    unknown = [row.code for row in rows if row.who is None]
    if unknown:
        raise NotFound(
            f"neither a unit nor a member in your charge: {', '.join(unknown)}", values=unknown
        )
    twice = sorted({code for code in codes if codes.count(code) > 1})
    if twice:
        raise BadInput(f"called twice: {', '.join(twice)}", values=twice)
    return [({"unit": row.unit, "member": row.member}, row.who) for row in rows]


_CALL = """
    INSERT INTO whistle_party (whistle_id, number, unit_id, member_id, part, state, invited_at,
                               claim_due_at, arrive_due_at, finish_due_at, next_at)
    VALUES (:whistle, :number, :unit, :member, :part, :state, :now, :claim, :arrive, :finish,
            :claim)
"""


def _call(
    db: Session,
    whistle: int,
    kind: WhistleKind,
    called: Sequence[Called],
    found: Found,
    *,
    first: int,
    how: Acting | None,
) -> None:
    """Write the parties of a whistle: called now, or without `how` only named."""
    due = gis.network.dues(kind, how.now, how.calendar) if how else None
    state = PartyState.INVITED if how else PartyState.NAMED
    common = {
        "whistle": whistle, "state": str(state), "now": how and how.now,
        "claim": due and due.claim, "arrive": due and due.arrive, "finish": due and due.finish,
    }  # fmt: skip
    rows = [
        {**common, **who, "number": number, "part": str(one.part)}
        for number, (one, (who, _)) in enumerate(zip(called, found, strict=True), first)
    ]
    if rows:
        db.execute(sa.text(_CALL), rows)


# Approving, calling, ending

_CALL_NAMED = """
    UPDATE whistle_party SET state = 'invited', invited_at = :now, claim_due_at = :claim,
           arrive_due_at = :arrive, finish_due_at = :finish, next_at = :claim, version = version + 1
    WHERE whistle_id = :whistle AND state = 'named'
"""


def approve(db: Session, code: str, number: int, how: Acting, words: str = "") -> bool:
    """Approve a whistle: those named with it are called now. An emergency called them before.

    Raises:
        NotAllowed, Conflict: as `gis.network.check` says. NotFound: there is no such whistle.
    """
    begun = data.whistles.begin(db, code, number, Move.APPROVE, how, words)
    if begun is None:
        return False
    case, kept, state = begun
    called = [one.who for one in kept.whistle.parties if one.state is PartyState.NAMED]
    detail = {"whistle": number, "parties": called}
    data.whistles.tell(db, case, Move.APPROVE, Said(words=words, detail=detail), how)
    data.whistles.change(
        db, "whistle", kept.id, state=str(state), approved_by=how.by.account, approved_at=how.now,
        next_at=None,
    )  # fmt: skip
    due = gis.network.dues(kept.whistle.kind, how.now, how.calendar)
    db.execute(
        sa.text(_CALL_NAMED),
        {
            "whistle": kept.id, "now": how.now,
            "claim": due.claim, "arrive": due.arrive, "finish": due.finish,
        },
    )  # fmt: skip
    return True


def refuse(db: Session, code: str, number: int, how: Acting, reason: str) -> bool:
    """Refuse a whistle, also an emergency that sounds already: it is over."""
    begun = data.whistles.begin(db, code, number, Move.REFUSE_WHISTLE, how, reason)
    if begun is None:
        return False
    case, kept, state = begun
    said = Said(reason=reason, detail={"whistle": number})
    data.whistles.tell(db, case, Move.REFUSE_WHISTLE, said, how)
    _close(db, kept, state, reason, how.now)
    return True


def invite(db: Session, code: str, number: int, how: Acting, called: Sequence[Called]) -> bool:
    """Call more parties to a whistle that sounds.

    Raises:
        BadInput: nobody is called, no lead or two. Conflict: somebody was called before.
    """
    begun = data.whistles.begin(db, code, number, Move.INVITE, how)
    if begun is None:
        return False
    case, kept, _ = begun
    if not called:
        raise BadInput("nobody is called: name at least one unit or member", field="parties")
    found = _found(db, called)
    there = [{"unit": row.unit_id, "member": row.member_id} for row in kept.rows.values()]
    again = [name for who, name in found if who in there]
    if again:
        raise Conflict(f"called by this whistle already: {', '.join(again)}", values=again)
    gis.network.check_parts(kept.whistle.parties, [one.part for one in called])
    detail = {"whistle": number, "parties": [name for _, name in found]}
    data.whistles.tell(db, case, Move.INVITE, Said(detail=detail), how)
    first = len(kept.whistle.parties) + 1
    _call(db, kept.id, kept.whistle.kind, called, found, first=first, how=how)
    data.whistles.change(db, "whistle", kept.id)
    return True


def quiet(db: Session, code: str, number: int, how: Acting, words: str = "") -> bool:
    """Close a whistle: all who came have finished, or the chief decides in words."""
    begun = data.whistles.begin(db, code, number, Move.QUIET, how, words)
    if begun is None:
        return False
    case, kept, state = begun
    data.whistles.tell(db, case, Move.QUIET, Said(words=words, detail={"whistle": number}), how)
    _close(db, kept, state, words, how.now)
    return True
