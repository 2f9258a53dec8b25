"""吹哨报到: the life of a whistle and of those it calls, and the deadlines of both.

`WAYS` and `PARTY_WAYS` are the two tables of it: which move leads from where to where. Around them
stand the rules no table can say: who approves, who answers for whom, when a whistle is over.
Every move is also one of the case (`gis.cases.STEPS`), which says the right it takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import gis.clock
from gis.access import Right, Role, Viewer
from gis.calendar import Calendar
from gis.case_clock import Limit
from gis.errors import BadInput, Conflict, NotAllowed
from gis.terms import Clock, Labelled, Move, Part, PartyState, WhistleKind, WhistleState

W, P, M = WhistleState, PartyState, Move

MOST_ROUNDS = 3
SOUNDING = (W.SOUNDING, W.MEETING)
"""While a whistle sounds its parties are called, and see the case."""
OVER = (W.CLOSED, W.REFUSED)
OURS = (M.INVITE, M.MEET, M.RESOLVE, M.QUIET)
"""What the side that calls does; the others answer, approve or rate."""


def _stays(*states: WhistleState) -> dict[WhistleState, WhistleState]:
    return {state: state for state in states}


WAYS: Mapping[Move, Mapping[WhistleState, WhistleState]] = {
    # an emergency sounds first and is approved or refused afterwards
    M.APPROVE: {W.ASKED: W.SOUNDING, **_stays(*SOUNDING, W.CLOSED)},
    M.REFUSE_WHISTLE: dict.fromkeys((W.ASKED, *SOUNDING, W.CLOSED), W.REFUSED),
    M.INVITE: _stays(*SOUNDING),
    M.CLAIM: _stays(*SOUNDING),
    M.DECLINE: _stays(*SOUNDING),
    M.ARRIVE: _stays(*SOUNDING),
    M.FINISH: _stays(*SOUNDING),
    M.MEET: {W.SOUNDING: W.MEETING, W.MEETING: W.MEETING},
    M.RESOLVE: {W.MEETING: W.SOUNDING},
    M.FOLLOW_UP: _stays(*SOUNDING, W.CLOSED),
    M.RATE: _stays(*SOUNDING, W.CLOSED),
    M.QUIET: dict.fromkeys(SOUNDING, W.CLOSED),
}
"""What may happen to a whistle where, and where it leads. It begins as `opening` says."""

PARTY_WAYS: Mapping[Move, Mapping[PartyState, PartyState]] = {
    M.APPROVE: {P.NAMED: P.INVITED},
    M.CLAIM: {P.INVITED: P.CLAIMED},
    M.DECLINE: {P.INVITED: P.DECLINED},
    M.ARRIVE: {P.CLAIMED: P.ARRIVED},
    M.FINISH: {P.ARRIVED: P.FINISHED},
    M.RATE: {P.FINISHED: P.FINISHED},
}
"""The same of one party: who is named with a whistle is called when it is approved."""


@dataclass(frozen=True)
class Party:
    """One that is called in. `unit` is the number of the unit that acts for it, `who` its name."""

    number: int
    who: str
    part: Part
    state: PartyState
    unit: int | None = None
    rated: bool = False


@dataclass(frozen=True)
class Whistle:
    """A whistle as far as it has come. `account` and `unit` are those of who blew it."""

    round: int
    kind: WhistleKind
    state: WhistleState
    account: int = 0
    unit: int | None = None
    approved: bool = False
    parties: tuple[Party, ...] = ()

    @property
    def is_done(self) -> bool:
        """Whether all who came have finished, and some did."""
        states = {party.state for party in self.parties} - {P.DECLINED}
        return self.state is W.SOUNDING and states == {P.FINISHED}

    @property
    def all_declined(self) -> bool:
        """Whether everybody who was called refused."""
        return self.state in SOUNDING and {party.state for party in self.parties} == {P.DECLINED}


# Beginning


def opening(kind: WhistleKind) -> WhistleState:
    """How a whistle begins: an emergency sounds at once, the others ask first."""
    return W.SOUNDING if kind is WhistleKind.EMERGENCY else W.ASKED


def next_round(before: Sequence[Whistle]) -> int:
    """The number of the next whistle of a case: 1 to 3.

    Raises:
        Conflict: the one before is not over, or it was the third.
    """
    if before and before[-1].state not in OVER and not before[-1].all_declined:
        last = before[-1]
        raise Conflict(
            f"whistle {last.round} is still {last.state.label} {last.state}; another is blown when "
            "it is closed or refused, or when all it called have declined",
            round=last.round,
        )
    if len(before) >= MOST_ROUNDS:
        raise Conflict(
            f"a case has at most {MOST_ROUNDS} whistles; supervise it, or hand it to the level "
            "above",
            rounds=len(before),
        )
    return len(before) + 1


def check_parts(whistle: Iterable[Party], called: Sequence[Part]) -> None:
    """Refuse parties without a lead, or with two; who declined leads no more.

    Raises:
        BadInput: saying how many leads there would be.
    """
    parts = [one.part for one in whistle if one.state is not P.DECLINED] + list(called)
    leads = parts.count(Part.LEAD)
    if called and leads != 1:
        raise BadInput(
            f"{leads or 'no'} {Part.LEAD.label} lead among those called: there must be exactly "
            "one, the others are 协办 joint",
            field="part",
            leads=leads,
        )


# Who may


def is_initiator(whistle: Whistle, by: Viewer) -> bool:
    """Whether somebody blew it himself, or belongs to the unit that did."""
    own = by.account == whistle.account if by.account else by.is_operator
    return own or bool(by.unit and by.unit == whistle.unit)


def on_behalf(unit: int | None, by: Viewer, *, in_charge: bool) -> bool:
    """Tell whether somebody acts for another unit, as who dispatches may where he is in charge.

    Raises:
        NotAllowed: it is neither his unit nor in his charge.
    """
    if unit and by.unit == unit:
        return False
    if by.may(Right.DISPATCH) and in_charge:
        return True
    raise NotAllowed(
        "only the unit that was called answers, or, on its behalf, who dispatches cases here"
    )


def check(
    whistle: Whistle, move: Move, *, by: Viewer, in_charge: bool, words: str = ""
) -> WhistleState:
    """Tell where a move leads a whistle. `in_charge`: the case lies in the viewer's charge.

    Raises:
        Conflict: it does not stand where this begins, or is not done; says what it waits for.
        NotAllowed: it is neither his own nor in his charge; or he approves what he asked.
        BadInput: the chief's decision has no words.
    """
    target = WAYS[move].get(whistle.state)
    if target is None:
        raise Conflict(
            f"whistle {whistle.round} is {whistle.state.label} {whistle.state} and takes no "
            f"{move.label} {move}; it may take {', '.join(moves_from(whistle.state)) or 'nothing'}",
            state=str(whistle.state),
            choices=moves_from(whistle.state),
        )
    if move in {M.APPROVE, M.REFUSE_WHISTLE}:
        _approves(whistle, by, in_charge=in_charge)
    if move in OURS and not (in_charge or is_initiator(whistle, by)):
        raise NotAllowed("this is for who blew the whistle, or is in charge of the case")
    if move is M.QUIET and not whistle.is_done:
        _decides(whistle, by, in_charge=in_charge, words=words)
    return target


def moves_from(state: WhistleState) -> list[str]:
    """The moves that may be made with a whistle that stands so."""
    return [str(move) for move, ways in WAYS.items() if state in ways]


def _approves(whistle: Whistle, by: Viewer, *, in_charge: bool) -> None:
    """Nobody approves his own whistle, but the chief, who would be asked by himself."""
    if whistle.approved:
        raise Conflict(f"whistle {whistle.round} is approved already")
    if not in_charge:
        raise NotAllowed("a whistle is approved by who is in charge of where the case lies")
    if by.account and by.account == whistle.account and by.role is not Role.CHIEF:
        raise NotAllowed("nobody approves his own whistle, but the chief of the street himself")


def _decides(whistle: Whistle, by: Viewer, *, in_charge: bool, words: str) -> None:
    """A whistle that is not done ends only by the chief's word."""
    if not (by.may(Right.APPROVE) and in_charge):
        raise Conflict(
            f"whistle {whistle.round} is not done: {_waits_for(whistle)}; the chief may decide "
            "that it is over",
            round=whistle.round,
        )
    if not words:
        raise BadInput(
            f"whistle {whistle.round} is not done ({_waits_for(whistle)}): say in words why it is "
            "over",
            field="words",
        )


def _waits_for(whistle: Whistle) -> str:
    if whistle.state is W.MEETING:
        return "the meeting has decided nothing yet"
    waiting = [
        f"{one.who} {one.state.label} {one.state}"
        for one in whistle.parties
        if one.state not in {P.FINISHED, P.DECLINED}
    ]
    return ", ".join(waiting) or "nobody has finished"


def check_party(
    whistle: Whistle, party: Party, move: Move, *, by: Viewer, in_charge: bool
) -> PartyState:
    """Tell where a move leads a party, once `check` let the whistle make it.

    Raises:
        Conflict: the party does not stand where this begins, or is rated already.
        NotAllowed: only who blew a whistle rates those who came.
    """
    target = PARTY_WAYS[move].get(party.state)
    if target is None:
        begins = " or ".join(f"{one.label} {one}" for one in PARTY_WAYS[move])
        raise Conflict(
            f"{party.who} is {party.state.label} {party.state}; {move.label} {move} is for who is "
            f"{begins}",
            state=str(party.state),
        )
    if move is M.RATE and party.rated:
        raise Conflict(f"{party.who} is rated already")
    chief = by.may(Right.APPROVE) and in_charge
    if move is M.RATE and not (is_initiator(whistle, by) or chief):
        raise NotAllowed("who blew the whistle rates those who came, or the chief for him")
    return target


# Deadlines


@dataclass(frozen=True)
class Limits:
    """How long a kind of whistle may wait for each step; those of a party run from its call."""

    approve: Limit
    claim: Limit
    arrive: Limit
    finish: Limit


def _urgent(hours: float) -> Limit:
    return Limit(hours, Clock.URGENT_HOUR)


LIMITS: Mapping[WhistleKind, Limits] = {
    WhistleKind.ROUTINE: Limits(
        _urgent(0.5), Limit(2, Clock.WORK_HOUR), Limit(1, Clock.WORK_DAY), Limit(5, Clock.WORK_DAY)
    ),
    WhistleKind.TOUGH: Limits(
        _urgent(0.5), Limit(4, Clock.WORK_HOUR), Limit(2, Clock.WORK_DAY), Limit(10, Clock.WORK_DAY)
    ),
    WhistleKind.EMERGENCY: Limits(_urgent(24), _urgent(0.25), _urgent(0.5), _urgent(24)),
}
"""Half an hour to approve, an emergency within a day afterwards; what is complex takes ten work
days at most. The other numbers are practice, not a standard's: a city may put its own."""


@dataclass(frozen=True)
class Dues:
    """By when a party has to claim, to be there, and to have finished."""

    claim: datetime
    arrive: datetime
    finish: datetime

    def of(self, state: PartyState) -> datetime | None:
        """The deadline a party in this state waits for."""
        return {P.INVITED: self.claim, P.CLAIMED: self.arrive, P.ARRIVED: self.finish}.get(state)


def approval_due(
    kind: WhistleKind,
    asked_at: datetime,
    calendar: Calendar,
    limits: Mapping[WhistleKind, Limits] = LIMITS,
) -> datetime:
    """By when a whistle is to be approved."""
    return _due(asked_at, limits[kind].approve, calendar)


def dues(
    kind: WhistleKind,
    called_at: datetime,
    calendar: Calendar,
    limits: Mapping[WhistleKind, Limits] = LIMITS,
) -> Dues:
    """The deadlines of a party that is called now."""
    kept = limits[kind]
    return Dues(*(_due(called_at, one, calendar) for one in (kept.claim, kept.arrive, kept.finish)))


def _due(start: datetime, limit: Limit, calendar: Calendar) -> datetime:
    due = gis.clock.due_at(start, limit.amount, clock=limit.clock, calendar=calendar)
    assert due is not None  # only an open pause has no deadline
    return due


# Drawing


def diagram() -> str:
    """Draw both lives as Mermaid diagrams, the whistle's first."""
    whistle = _drawn(
        ["[*] --> asked: 吹哨 whistle", "[*] --> sounding: 应急 emergency"],
        [(move, *way) for move, ways in WAYS.items() for way in ways.items()],
        WhistleState,
    )
    party = _drawn(
        ["[*] --> named: 吹哨 whistle", "[*] --> invited: 分哨 invite"],
        [(move, *way) for move, ways in PARTY_WAYS.items() for way in ways.items()],
        PartyState,
    )
    return f"{whistle}\n\n{party}"


def _drawn(
    begins: list[str], ways: list[tuple[Move, Labelled, Labelled]], states: Iterable[Labelled]
) -> str:
    lines = begins + [
        f"{source} --> {target}: {move.label} {move}"
        for move, source, target in ways
        if source is not target
    ]
    lines += [f"{state}: {state.label} {state}" for state in states]
    return "\n    ".join(["stateDiagram-v2", *lines])
