"""案卷: the life of a case: which move from which state to which, by whose right, told with what.

`STEPS` is the one table of it: the acts, the database's own check, the documents' diagram and the
pages read this table. A case is the sum of its events: `replay` adds them up, and the row in the
store is nothing but that sum kept at hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from gis.access import Right, Role, Viewer
from gis.errors import BadInput, Conflict, NotAllowed
from gis.terms import ENDED_STATES, CaseState, Move

S, M = CaseState, Move

ENDED = frozenset(ENDED_STATES)
OPEN = tuple(state for state in CaseState if state not in ENDED)
AT_WORK = (S.DISPATCHED, S.HANDLING)
SUSPENDABLE = (S.FILED, *AT_WORK)


@dataclass(frozen=True)
class Step:
    """One move: from which states to which, the right it takes, and what must be told with it.

    Without a right it is the system's own. `needs` are names of `Said`.
    """

    move: Move
    ways: tuple[tuple[CaseState, CaseState], ...]
    right: Right | None
    needs: tuple[str, ...] = ()


def _to(target: CaseState, *sources: CaseState) -> tuple[tuple[CaseState, CaseState], ...]:
    return tuple((source, target) for source in sources)


def _stays(*states: CaseState) -> tuple[tuple[CaseState, CaseState], ...]:
    return tuple((state, state) for state in states)


STEPS: dict[Move, Step] = {
    step.move: step
    for step in (
        # from the report to the file
        Step(M.SETTLE, _stays(*OPEN), Right.ACCEPT, ("cell",)),
        Step(M.VERIFY, _to(S.VERIFIED, S.REPORTED), Right.ACCEPT),
        Step(M.FILE, _to(S.FILED, S.REPORTED, S.VERIFIED), Right.ACCEPT, ("condition",)),
        Step(M.VOID, _to(S.VOID, S.REPORTED, S.VERIFIED, S.FILED), Right.ACCEPT, ("reason",)),
        Step(M.RESTORE, _to(S.REPORTED, S.VOID), Right.ACCEPT, ("reason",)),
        Step(M.JOIN, _stays(S.REPORTED, S.VERIFIED), Right.ACCEPT, ("other",)),
        Step(M.PART, _stays(S.REPORTED, S.VERIFIED), Right.ACCEPT, ("reason",)),
        # to those who handle it, and back
        Step(M.DISPATCH, _to(S.DISPATCHED, S.FILED), Right.DISPATCH, ("holder",)),
        Step(M.RECALL, _to(S.FILED, *AT_WORK), Right.DISPATCH, ("reason",)),
        Step(M.TAKE, _to(S.HANDLING, S.DISPATCHED), Right.HANDLE),
        Step(M.ASSIGN, _stays(*AT_WORK), Right.HANDLE, ("worker",)),
        Step(M.UNASSIGN, _stays(*AT_WORK), Right.HANDLE),
        Step(
            M.RETURN,
            (*_to(S.FILED, *AT_WORK), (S.FILED, S.REPORTED), (S.VERIFIED, S.REPORTED)),
            None,  # each way by its own right: RETURNED_BY
            ("reason",),
        ),
        Step(M.FEEDBACK, _to(S.FEEDBACK, S.HANDLING), Right.HANDLE, ("words",)),
        # to the end, which somebody else confirms
        Step(M.INSPECT, _to(S.INSPECTED, S.FEEDBACK), Right.INSPECT),
        Step(M.REWORK, _to(S.HANDLING, S.FEEDBACK, S.INSPECTED), Right.INSPECT, ("reason",)),
        Step(M.CLOSE, _to(S.CLOSED, S.INSPECTED), Right.INSPECT, ("closing",)),
        Step(M.FOLLOW, _to(S.CLOSED, S.REPORTED, S.VERIFIED), Right.INSPECT),
        Step(M.EVALUATE, _to(S.EVALUATED, S.CLOSED), Right.INSPECT, ("rating",)),
        # its time
        Step(M.ASK_EXTENSION, _stays(*AT_WORK), Right.HANDLE, ("reason",)),
        Step(M.EXTEND, _stays(*AT_WORK), Right.SUPERVISE),
        Step(M.REFUSE_EXTENSION, _stays(*AT_WORK), Right.SUPERVISE, ("reason",)),
        Step(M.SUSPEND, _to(S.SUSPENDED, *SUSPENDABLE), Right.SUPERVISE, ("until", "reason")),
        Step(M.RESUME, tuple((S.SUSPENDED, one) for one in SUSPENDABLE), Right.SUPERVISE),
        Step(M.SUPERVISE, _stays(*OPEN), Right.SUPERVISE, ("words",)),
        Step(M.APPEAL, _stays(*AT_WORK, S.FEEDBACK, S.INSPECTED, S.CLOSED), Right.HANDLE,
             ("reason",)),
        Step(M.UPHOLD, _stays(*OPEN, S.CLOSED, S.EVALUATED), Right.SUPERVISE, ("reason",)),
        Step(M.REJECT, _stays(*OPEN, S.CLOSED, S.EVALUATED), Right.SUPERVISE, ("reason",)),
        Step(M.NOTE, _stays(*CaseState), Right.CASES, ("words",)),
        Step(M.WARN, _stays(*OPEN), None),
        Step(M.OVERDUE, _stays(*OPEN), None),
        Step(M.ESCALATE, _stays(*OPEN), None),
        # the network
        Step(M.WHISTLE, _stays(S.FILED, *AT_WORK), Right.WHISTLE, ("words",)),
        Step(M.APPROVE, _stays(*CaseState), Right.APPROVE),
        Step(M.REFUSE_WHISTLE, _stays(*CaseState), Right.APPROVE, ("reason",)),
        Step(M.INVITE, _stays(S.FILED, *AT_WORK), Right.WHISTLE),
        Step(M.CLAIM, _stays(*OPEN), Right.ANSWER),
        Step(M.DECLINE, _stays(*OPEN), Right.ANSWER, ("reason",)),
        Step(M.ARRIVE, _stays(*OPEN), Right.ANSWER),
        Step(M.FINISH, _stays(*OPEN), Right.ANSWER, ("words",)),
        Step(M.MEET, _stays(*OPEN), Right.WHISTLE),
        Step(M.RESOLVE, _stays(*OPEN), Right.WHISTLE, ("words",)),
        Step(M.FOLLOW_UP, _stays(*CaseState), Right.ANSWER),
        Step(M.RATE, _stays(*CaseState), Right.WHISTLE, ("rating",)),
        Step(M.QUIET, _stays(*CaseState), Right.WHISTLE),
        Step(M.LATE, _stays(*CaseState), None),
        # another plan of cells
        Step(M.REFILE, _stays(*OPEN), None),
    )
}  # fmt: skip
"""Every move but the first ones: a case begins with `report`, or stands as a sheet brought it."""

OF_TIME = frozenset({M.WARN, M.OVERDUE, M.ESCALATE, M.LATE, M.REFILE})
"""What time tells of a case, or a new plan. It makes no new version: nobody's decision is out of
date for it."""

NETWORK = frozenset(
    {M.WHISTLE, M.APPROVE, M.REFUSE_WHISTLE, M.INVITE, M.CLAIM, M.DECLINE, M.ARRIVE, M.FINISH}
    | {M.MEET, M.RESOLVE, M.FOLLOW_UP, M.RATE, M.QUIET}
)
"""The moves of a whistle, which has a life of its own beside the case's (`gis.network`)."""

RETURNED_BY = {
    S.DISPATCHED: Right.HANDLE,
    S.HANDLING: Right.HANDLE,
    S.FILED: Right.DISPATCH,
    S.VERIFIED: Right.ACCEPT,
}
"""Who may return a case, by where it stands: always one step back, with the reason."""

HOLDERS = frozenset({M.TAKE, M.ASSIGN, M.UNASSIGN, M.RETURN, M.FEEDBACK, M.ASK_EXTENSION, M.APPEAL})
"""What only those make with whom a case lies."""


def right_of(move: Move, state: CaseState) -> Right | None:
    """The right a move takes from a state; None for the system's own."""
    return RETURNED_BY[state] if move is M.RETURN else STEPS[move].right


@dataclass(frozen=True)
class Said:
    """What somebody says with a move; only what the move needs is told.

    `unit` and `worker` are numbers of the network; `condition` is one of the catalogue; `cell` is a
    code; `other` the number of the case to join; `rating` is 1 to 5; `detail` are further facts for
    the timeline, never a person's data.
    """

    words: str = ""
    reason: str = ""
    condition: int | None = None
    unit: int | None = None
    worker: int | None = None
    until: datetime | None = None
    closing: str = ""
    other: int | None = None
    cell: str = ""
    rating: int | None = None
    detail: Mapping[str, Any] | None = None

    @property
    def holder(self) -> int | None:
        """Who is to handle it: a unit, or else a worker."""
        return self.unit or self.worker


@dataclass(frozen=True)
class Standing:
    """What a case is after all its events. Numbers are those of accounts, units, workers, cases."""

    state: CaseState
    unit: int | None = None
    worker: int | None = None
    assigned: bool = False
    handled_by: int | None = None
    condition: int | None = None
    stood: CaseState | None = None
    until: datetime | None = None
    joined_to: int | None = None
    extension_asked: bool = False
    extensions: int = 0
    appeal: str | None = None
    exempt: bool = False
    supervised: bool = False
    returns: int = 0
    reworks: int = 0


@dataclass(frozen=True)
class Event:
    """One move that happened: who, when, from, to, and what was said. It never changes."""

    move: Move
    source: CaseState | None
    target: CaseState
    account: int
    at: datetime
    said: Said = Said()


def check(standing: Standing, move: Move, said: Said, *, by: Viewer) -> CaseState:
    """Tell the state a move leads to.

    Raises:
        NotAllowed: the role has not the right, or somebody would inspect his own work.
        Conflict: the case does not stand where this move begins; says what may be done instead.
        BadInput: something the move needs is not told; all of it is named.
    """
    target = _target(standing, move)
    _right(standing, move, by)
    _own_rules(standing, move, by)
    missing = [name for name in STEPS[move].needs if not getattr(said, name)]
    if missing:
        raise BadInput(
            f"{move.label} {move} needs {', '.join(map(_needed, missing))}; nothing was done",
            field=missing[0],
            fields=missing,
        )
    if said.rating is not None and not 1 <= said.rating <= 5:
        raise BadInput(f"a rating is 1 to 5, not {said.rating}", field="rating")
    return target


def _needed(name: str) -> str:
    return "a unit or a worker" if name == "holder" else name


def _target(standing: Standing, move: Move) -> CaseState:
    ways = [to for source, to in STEPS[move].ways if source is standing.state]
    if standing.joined_to is not None and move not in {M.PART, M.NOTE, M.FOLLOW}:
        raise Conflict(
            "this case is joined to another; move that one, or part them first",
            joined_to=standing.joined_to,
        )
    if not ways:
        raise Conflict(
            f"a case that is {standing.state.label} {standing.state} takes no {move.label} {move}; "
            f"it may take {', '.join(moves_from(standing.state)) or 'nothing'}",
            state=str(standing.state),
            choices=moves_from(standing.state),
        )
    return standing.stood if move is M.RESUME and standing.stood else ways[0]


def moves_from(state: CaseState) -> list[str]:
    """The moves people may make from a state, beside those of a whistle."""
    return [
        str(step.move)
        for step in STEPS.values()
        if any(source is state for source, _ in step.ways)
        and step.move not in NETWORK
        and right_of(step.move, state) is not None
    ]


def _right(standing: Standing, move: Move, by: Viewer) -> None:
    right = right_of(move, standing.state)
    if right is None and not by.is_operator:
        raise NotAllowed(f"{move.label} {move} is what the clock does; nobody does it by hand")
    if right is not None and not by.may(right):
        role = by.role.label if by.role else "未登录 nobody"
        raise NotAllowed(f"the role {role} may not {move}; it needs the right {right}")


def _own_rules(standing: Standing, move: Move, by: Viewer) -> None:
    """The rules of the trade that no table of states can say."""
    if move in {M.INSPECT, M.REWORK, M.CLOSE} and by.account and by.account == standing.handled_by:
        raise NotAllowed("whoever handled a case does not inspect it; somebody else must")
    if right_of(move, standing.state) is Right.HANDLE and move in HOLDERS:
        _holds(standing, move, by)
    if move is M.RETURN and standing.state in AT_WORK and standing.assigned:
        raise Conflict("it is assigned to a worker; take that back first, then return it")
    if move is M.UNASSIGN and not standing.assigned:
        raise Conflict("it is assigned to no worker")
    if move in {M.PART, M.FOLLOW} and standing.joined_to is None:
        raise Conflict("this case is joined to no other")
    if move in {M.EXTEND, M.REFUSE_EXTENSION} and not standing.extension_asked:
        raise Conflict("no extension was asked for")
    if move is M.ASK_EXTENSION and standing.extension_asked:
        raise Conflict("an extension was asked for already; it waits for an answer")
    if move in {M.UPHOLD, M.REJECT} and standing.appeal != "asked":
        raise Conflict("no appeal waits for an answer")
    if move is M.APPEAL and standing.appeal is not None:
        raise Conflict("it was appealed before; one appeal is heard once")


def _holds(standing: Standing, move: Move, by: Viewer) -> None:
    """Workers and departments act on what lies with them; leaders act for their cells."""
    lies = (by.unit and by.unit == standing.unit) or (by.worker and by.worker == standing.worker)
    if by.role in {Role.WORKER, Role.DEPARTMENT} and not lies:
        raise NotAllowed(f"this case lies with somebody else; {move.label} {move} is his to make")


_NOBODYS = {"unit": None, "worker": None, "assigned": False, "extension_asked": False}
_CHANGES: dict[Move, Callable[[Standing, Event], dict[str, Any]]] = {
    M.BRING: lambda s, e: {"unit": e.said.unit or s.unit, "stood": None, "until": None},
    M.FILE: lambda _, e: {"condition": e.said.condition},
    M.DISPATCH: lambda _, e: {"unit": e.said.unit, "worker": e.said.worker, "assigned": False},
    M.ASSIGN: lambda _, e: {"worker": e.said.worker, "assigned": True},
    M.UNASSIGN: lambda _, e: {"worker": None, "assigned": False},
    M.RECALL: lambda s, _: {**_NOBODYS, "returns": s.returns + 1},
    M.RETURN: lambda s, _: {**_NOBODYS, "returns": s.returns + 1},
    M.TAKE: lambda s, e: {"handled_by": e.account or s.handled_by},
    M.FEEDBACK: lambda s, e: {"handled_by": e.account or s.handled_by},
    M.REWORK: lambda s, _: {"reworks": s.reworks + 1},
    M.SUSPEND: lambda s, e: {"stood": s.state, "until": e.said.until},
    M.RESUME: lambda *_: {"stood": None, "until": None},
    M.SUPERVISE: lambda *_: {"supervised": True},
    M.ASK_EXTENSION: lambda *_: {"extension_asked": True},
    M.EXTEND: lambda s, _: {"extension_asked": False, "extensions": s.extensions + 1},
    M.REFUSE_EXTENSION: lambda *_: {"extension_asked": False},
    M.APPEAL: lambda *_: {"appeal": "asked"},
    M.UPHOLD: lambda *_: {"appeal": "upheld", "exempt": True},
    M.REJECT: lambda *_: {"appeal": "rejected"},
    M.JOIN: lambda _, e: {"joined_to": e.said.other},
    M.PART: lambda *_: {"joined_to": None},
    M.REFILE: lambda s, e: {"worker": e.said.worker or s.worker},
}
"""What a move changes besides the state; a return takes the holder away, and nothing else."""


def applied(standing: Standing | None, event: Event) -> Standing:
    """What a case is after one more event."""
    before = standing or Standing(event.target)
    change = _CHANGES.get(event.move)
    return replace(before, state=event.target, **(change(before, event) if change else {}))


def open_moves(standing: Standing, *, by: Viewer) -> list[Step]:
    """The moves that a viewer may make now; what each needs is in its step."""
    return [step for step in STEPS.values() if _may(standing, step.move, by)]


def _may(standing: Standing, move: Move, by: Viewer) -> bool:
    try:
        _target(standing, move)
        _right(standing, move, by)
        _own_rules(standing, move, by)
    except (NotAllowed, Conflict):
        return False
    return right_of(move, standing.state) is not None


def replay(events: Iterable[Event]) -> Standing:
    """Add up the events of a case, the first one first.

    Raises:
        ValueError: an event does not begin where the one before it ended.
    """
    standing: Standing | None = None
    for event in events:
        if event.source != (standing.state if standing else None):
            raise ValueError(f"{event.move} begins at {event.source}, not where the case stood")
        standing = applied(standing, event)
    if standing is None:
        raise ValueError("a case has at least the event that began it")
    return standing


def diagram() -> str:
    """Draw the moves that change a state as a Mermaid diagram."""
    lines = ["stateDiagram-v2", "    [*] --> reported: 上报 report"]
    lines += [
        f"    {source} --> {target}: {step.move.label} {step.move}"
        for step in STEPS.values()
        for source, target in step.ways
        if source is not target
    ]
    lines += [f"    {state}: {state.label} {state}" for state in CaseState]
    return "\n".join([*lines, "    evaluated --> [*]"])
