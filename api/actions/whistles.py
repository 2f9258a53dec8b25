"""吹哨报到: every act of a whistle, each one transaction and one journal line.

What an act answers is the whistle as it stands then, as far as the viewer still sees it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.call_in
import data.cases
import data.clock
import data.db
import data.journal
import data.network
import data.network_answers
import data.network_look
import data.scope
import data.whistles
import gis.call_in
import gis.reports
from api.actions.register import require
from data.network import Called, Order
from data.network_answers import Meeting, Task
from data.whistles import Acting
from gis.access import Right, Role, Viewer
from gis.call_in import COMMUNITY, STREET
from gis.errors import BadInput
from gis.terms import DivisionLevel, Move, WhistleKind

__all__ = ["Called", "Meeting", "Order", "Task"]
Answer = dict[str, Any]
MOST_CHARACTERS = 4_000


@dataclass(frozen=True)
class How:
    """Who acts when. `seen` is the version he decides by: of the party for acts of a party, of the
    case for blowing, else of the whistle. The same `request_id` again does nothing again.
    """

    by: Viewer
    now: datetime
    seen: int | None = None
    request_id: str | None = None


def level_of(level: DivisionLevel | None, by: Viewer) -> DivisionLevel:
    """Whose whistle somebody blows; who works in cells the community's, unless he says.

    Raises:
        BadInput: neither a community nor a street blows it.
    """
    if level not in {None, COMMUNITY, STREET}:
        raise BadInput(
            f"a whistle is blown by a {COMMUNITY} {COMMUNITY.label} or a {STREET} {STREET.label}, "
            f"not by a {level}",
            field="level",
            choices=[str(COMMUNITY), str(STREET)],
        )
    return level or (COMMUNITY if by.role in {Role.WORKER, Role.LEADER} else STREET)


# Looking


def whistles(store: sa.Engine, code: str, *, by: Viewer, now: datetime) -> list[Answer]:
    """List the whistles of a case with parties, meetings and tasks.

    Raises:
        NotFound: no such case is in the viewer's charge.
    """
    require(by, Right.CASES)
    with data.scope.transaction(store, by, keep=False) as db:
        return data.network_look.told(db, data.cases.find(db, code).id, now=now)


def waiting(store: sa.Engine, *, by: Viewer, now: datetime) -> list[Answer]:
    """List the whistles that wait for the viewer: to approve, claim, arrive, finish, follow up."""
    require(by, Right.CASES)
    with data.scope.transaction(store, by, keep=False) as db:
        return data.network_look.waiting(db, by=by, now=now)


def proposal(
    store: sa.Engine,
    code: str,
    *,
    kind: WhistleKind,
    level: DivisionLevel | None,
    skills: Sequence[str],
    by: Viewer,
    now: datetime,
) -> Answer:
    """Propose whom to call in to a case, with reasons; and whom not, with reasons."""
    require(by, Right.CASES)
    with data.scope.transaction(store, by, keep=False) as db:
        case = data.cases.find(db, code)
        need = data.call_in.need(
            db, case, kind=kind, level=level_of(level, by), skills=skills, now=now,
            calendar=data.clock.calendar(db),
        )  # fmt: skip
        proposed = gis.call_in.propose(need, data.call_in.candidates(db, case, need))
    return {
        "case": code, "kind": kind, "level": need.level, "skills": sorted(need.skills),
        "until": need.until, "proposed": [_proposed(one) for one in proposed],
    }  # fmt: skip


def _proposed(one: gis.call_in.Proposed) -> Answer:
    who = one.candidate
    return {
        "code": who.code, "name": who.name, "kind": who.kind, "is_member": who.is_member,
        "part": one.part, "distance_m": who.distance_m and round(who.distance_m),
        "reasons": [vars(reason) for reason in one.reasons],
    }  # fmt: skip


# Who calls


def blow(store: sa.Engine, code: str, order: Order, how: How) -> Answer:
    """Blow the next whistle about a case.

    Raises:
        NotAllowed, Conflict, BadInput, NotFound: as `data.network.blow` says; nothing was kept.
    """
    _check(order.words, *order.skills, *(one.code for one in order.parties), how=how)
    with data.scope.transaction(store, how.by) as db:
        number, is_new = data.network.blow(db, code, order, _acting(db, how))
        told = _answer(db, code, number, how)
        if is_new:
            _journal(db, code, "whistle", how, round=number, kind=order.kind, level=order.level)
    return told


def approve(store: sa.Engine, code: str, number: int, how: How, words: str = "") -> Answer:
    """Approve a whistle: those named with it are called."""
    return _act(
        store, code, number, "whistle-approve", how,
        lambda db, acting: data.network.approve(db, code, number, acting, words),
        texts=[words],
    )  # fmt: skip


def refuse(store: sa.Engine, code: str, number: int, how: How, reason: str) -> Answer:
    """Refuse a whistle, also an emergency that sounds already."""
    return _act(
        store, code, number, "whistle-refuse", how,
        lambda db, acting: data.network.refuse(db, code, number, acting, reason),
        texts=[reason],
    )  # fmt: skip


def invite(store: sa.Engine, code: str, number: int, called: Sequence[Called], how: How) -> Answer:
    """Call more parties to a whistle that sounds."""
    return _act(
        store, code, number, "whistle-invite", how,
        lambda db, acting: data.network.invite(db, code, number, acting, called),
        texts=[one.code for one in called],
        parties=[one.code for one in called],
    )  # fmt: skip


def quiet(store: sa.Engine, code: str, number: int, how: How, words: str = "") -> Answer:
    """Close a whistle: it is done, or the chief decides so in words."""
    return _act(
        store, code, number, "whistle-close", how,
        lambda db, acting: data.network.quiet(db, code, number, acting, words),
        texts=[words],
    )  # fmt: skip


# Who is called


def answer(
    store: sa.Engine, code: str, number: int, party: int, move: Move, how: How, words: str = ""
) -> Answer:
    """A party claims, declines with a reason, arrives, or finishes in words."""
    return _act(
        store, code, number, f"whistle-{move}", how,
        lambda db, acting: data.network_answers.answer(
            db, code, number, party, move, acting, words
        ),
        texts=[words], party=party,
    )  # fmt: skip


def rate(
    store: sa.Engine,
    code: str,
    number: int,
    party: int,
    rating: int,
    how: How,
    words: str = "",
) -> Answer:
    """Rate a party that has finished, 1 to 5."""
    return _act(
        store, code, number, "whistle-rate", how,
        lambda db, acting: data.network_answers.rate(
            db, code, number, party, rating, acting, words
        ),
        texts=[words], party=party, rating=rating,
    )  # fmt: skip


# Meetings


def meet(store: sa.Engine, code: str, number: int, meeting: Meeting, how: How) -> Answer:
    """Call a joint meeting, or move the one that is called."""
    return _act(
        store, code, number, "whistle-meet", how,
        lambda db, acting: data.network_answers.meet(db, code, number, meeting, acting),
        texts=[meeting.place, *meeting.participants], moments=[meeting.at], at=meeting.at,
    )  # fmt: skip


def resolve(
    store: sa.Engine, code: str, number: int, decisions: str, tasks: Sequence[Task], how: How
) -> Answer:
    """Write down what a meeting decided, and who is to do what."""
    return _act(
        store, code, number, "whistle-resolve", how,
        lambda db, acting: data.network_answers.resolve(
            db, code, number, decisions, tasks, acting
        ),
        texts=[decisions, *(text for one in tasks for text in (one.unit, one.words))],
        moments=[one.due_at for one in tasks],
        tasks=len(tasks),
    )  # fmt: skip


def add_task(store: sa.Engine, code: str, number: int, task: Task, how: How) -> Answer:
    """Add what a unit is to do after the last meeting."""
    return _act(
        store, code, number, "whistle-task", how,
        lambda db, acting: data.network_answers.add_task(db, code, number, task, acting),
        texts=[task.unit, task.words], moments=[task.due_at], unit=task.unit,
    )  # fmt: skip


def finish_task(
    store: sa.Engine, code: str, number: int, task: int, how: How, words: str
) -> Answer:
    """Tell that a unit has done what a meeting decided."""
    return _act(
        store, code, number, "whistle-task-done", how,
        lambda db, acting: data.network_answers.finish_task(
            db, code, number, task, acting, words
        ),
        texts=[words], task=task,
    )  # fmt: skip


# What all acts have in common


def _act(
    store: sa.Engine,
    code: str,
    number: int,
    act: str,
    how: How,
    do: Callable[[Session, Acting], bool],
    *,
    texts: Sequence[str] = (),
    moments: Sequence[datetime] = (),
    **detail: Any,
) -> Answer:
    _check(*texts, how=how, moments=moments)
    with data.scope.transaction(store, how.by) as db:
        is_new = do(db, _acting(db, how))
        told = _answer(db, code, number, how)
        if is_new:
            _journal(db, code, act, how, round=number, **detail)
    return told


def _check(*texts: str, how: How, moments: Sequence[datetime] = ()) -> None:
    """Refuse texts that nobody can read, or nobody would, and instants that nobody can keep.

    Raises:
        BadInput: with all that is wrong.
    """
    told = (*texts, how.request_id or "")
    faults = [fault for text in told if (fault := gis.reports.unreadable(text, lines=True))]
    faults += [f"is longer than {MOST_CHARACTERS:,}" for one in told if len(one) > MOST_CHARACTERS]
    if faults:
        raise BadInput(f"a text {'; another '.join(faults)}. Nothing was done", faults=faults)
    wrong = [f"{at} {fault}" for at in moments if (fault := gis.reports.untimely(at))]
    if wrong:
        raise BadInput(f"{'; '.join(wrong)}. Nothing was done", faults=wrong)


def _acting(db: Session, how: How) -> Acting:
    return Acting(how.by, how.now, data.clock.calendar(db), how.seen, how.request_id)


def _journal(db: Session, code: str, act: str, how: How, **detail: Any) -> None:
    data.db.bump(db, "cases")
    data.journal.write(db, actor=how.by.login, act=act, subject=code, **detail)


def _answer(db: Session, code: str, number: int, how: How) -> Answer:
    """The whistle as it is now; who declined no longer sees more than its number."""
    told = data.network_look.of_code(db, code, number, now=how.now)
    return {"case": code, "round": number, **told}
