"""吹哨报到 over HTTP: blow, approve, answer, meet, rate, close; and what waits for whom.

Each answer is the whistle as it then stands. `seen` is the version one decides by, 409 tells what
changed since; the same `request_id` again does nothing again.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime, BaseModel, Field

from api.deps import Store, ViewerDep
from gis.access import Viewer
from gis.terms import DivisionLevel, Move, Part, WhistleKind

router = APIRouter(tags=["whistles"])
Answer = dict[str, Any]
Text = Annotated[str, Field(max_length=4_000)]
Words = Annotated[str, Field(min_length=1, max_length=4_000)]
Code = Annotated[str, Field(min_length=1, max_length=80)]
Skills = Annotated[list[Annotated[str, Field(min_length=1, max_length=40)]], Field(max_length=20)]
Level = Literal[DivisionLevel.VILLAGE, DivisionLevel.TOWNSHIP]
Round = Annotated[int, Path(ge=1, le=3, alias="round")]
Number = Annotated[int, Path(ge=1, lt=2**31)]
PREFIX = "/cases/{code:path}/whistles"
ROUND = PREFIX + "/{round}"


class Act(BaseModel):
    """What every act may tell: words, the version that was seen, an id that makes it once."""

    words: Text = ""
    seen: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    request_id: Annotated[str, Field(max_length=80)] | None = None


class Party(BaseModel):
    """Who is called, by the code of a unit or member, and its part."""

    code: Code
    part: Part


Parties = Annotated[list[Party], Field(max_length=50)]


class Blow(Act):
    """A whistle that is asked for; `level` is 社区 village or 街道 township."""

    words: Words
    kind: WhistleKind = WhistleKind.ROUTINE
    level: Level | None = None
    skills: Skills = []
    parties: Parties = []


class Invite(Act):
    """More parties."""

    parties: Parties


class Rate(Act):
    """A rating of one who came."""

    rating: Annotated[int, Field(ge=1, le=5)]


class Meet(Act):
    """A joint meeting; participants are units, never persons."""

    at: AwareDatetime
    place: Annotated[str, Field(max_length=200)] = ""
    participants: Annotated[list[Code], Field(max_length=50)] = []


class Task(BaseModel):
    """What a unit is to do, by when."""

    unit: Code
    words: Words
    due_at: AwareDatetime


class Resolve(Act):
    """What a meeting decided."""

    words: Words
    tasks: Annotated[list[Task], Field(max_length=50)] = []


class AddTask(Act):
    """One more task after a meeting."""

    task: Task


def _how(viewer: Viewer, act: Act) -> Any:
    from api.actions.whistles import How

    return How(viewer, datetime.now(UTC), act.seen, act.request_id)


# Looking


@router.get("/whistles")
def waiting(store: Store, viewer: ViewerDep) -> list[Answer]:
    """The whistles that wait for the viewer: to approve, claim, arrive, finish, follow up."""
    import api.actions.whistles

    return api.actions.whistles.waiting(store, by=viewer, now=datetime.now(UTC))


@router.get(PREFIX)
def whistles(store: Store, viewer: ViewerDep, code: str) -> list[Answer]:
    """The whistles of a case with parties, meetings and tasks."""
    import api.actions.whistles

    return api.actions.whistles.whistles(store, code, by=viewer, now=datetime.now(UTC))


@router.get(PREFIX + "/proposal")
def proposal(
    store: Store,
    viewer: ViewerDep,
    code: str,
    kind: WhistleKind = WhistleKind.ROUTINE,
    level: Level | None = None,
    skills: Annotated[list[str] | None, Query(max_length=20)] = None,
) -> Answer:
    """Whom to call in, in which order and why; and who was passed over, and why."""
    import api.actions.whistles

    return api.actions.whistles.proposal(
        store, code, kind=kind, level=level, skills=skills or [], by=viewer, now=datetime.now(UTC)
    )


# Who calls


@router.post(PREFIX)
def blow(store: Store, viewer: ViewerDep, code: str, told: Blow) -> Answer:
    """Blow the next whistle about a case."""
    import api.actions.whistles as acts

    order = acts.Order(
        told.kind, acts.level_of(told.level, viewer), told.words, told.skills,
        [acts.Called(one.code, one.part) for one in told.parties],
    )  # fmt: skip
    return acts.blow(store, code, order, _how(viewer, told))


@router.post(ROUND + "/approve")
def approve(store: Store, viewer: ViewerDep, code: str, number: Round, told: Act) -> Answer:
    """Approve a whistle: those named with it are called."""
    import api.actions.whistles as acts

    return acts.approve(store, code, number, _how(viewer, told), told.words)


@router.post(ROUND + "/refuse")
def refuse(store: Store, viewer: ViewerDep, code: str, number: Round, told: Act) -> Answer:
    """Refuse a whistle; `words` are the reason."""
    import api.actions.whistles as acts

    return acts.refuse(store, code, number, _how(viewer, told), told.words)


@router.post(ROUND + "/invite")
def invite(store: Store, viewer: ViewerDep, code: str, number: Round, told: Invite) -> Answer:
    """Call more parties."""
    import api.actions.whistles as acts

    called = [acts.Called(one.code, one.part) for one in told.parties]
    return acts.invite(store, code, number, called, _how(viewer, told))


@router.post(ROUND + "/close")
def close(store: Store, viewer: ViewerDep, code: str, number: Round, told: Act) -> Answer:
    """Close a whistle that is done, or that the chief decides is over."""
    import api.actions.whistles as acts

    return acts.quiet(store, code, number, _how(viewer, told), told.words)


# Who is called


@router.post(ROUND + "/parties/{party}/rate")
def rate(
    store: Store, viewer: ViewerDep, code: str, number: Round, party: Number, told: Rate
) -> Answer:
    """Rate a party that has finished."""
    import api.actions.whistles as acts

    how = _how(viewer, told)
    return acts.rate(store, code, number, party, told.rating, how, told.words)


@router.post(ROUND + "/parties/{party}/{act}")
def answer(
    store: Store,
    viewer: ViewerDep,
    code: str,
    number: Round,
    party: Number,
    act: Literal["claim", "decline", "arrive", "finish"],
    told: Act,
) -> Answer:
    """Claim, decline (`words` are the reason), arrive, or finish in words."""
    import api.actions.whistles as acts

    return acts.answer(store, code, number, party, Move(act), _how(viewer, told), told.words)


# Meetings


@router.post(ROUND + "/meetings")
def meet(store: Store, viewer: ViewerDep, code: str, number: Round, told: Meet) -> Answer:
    """Call a joint meeting, or move the one that is called."""
    import api.actions.whistles as acts

    meeting = acts.Meeting(told.at, told.place, told.participants)
    return acts.meet(store, code, number, meeting, _how(viewer, told))


@router.post(ROUND + "/decisions")
def resolve(store: Store, viewer: ViewerDep, code: str, number: Round, told: Resolve) -> Answer:
    """Write down what the meeting decided, and who is to do what."""
    import api.actions.whistles as acts

    tasks = [acts.Task(one.unit, one.words, one.due_at) for one in told.tasks]
    return acts.resolve(store, code, number, told.words, tasks, _how(viewer, told))


@router.post(ROUND + "/tasks")
def add_task(store: Store, viewer: ViewerDep, code: str, number: Round, told: AddTask) -> Answer:
    """Add what a unit is to do after the last meeting."""
    import api.actions.whistles as acts

    task = acts.Task(told.task.unit, told.task.words, told.task.due_at)
    return acts.add_task(store, code, number, task, _how(viewer, told))


@router.post(ROUND + "/tasks/{task}/done")
def finish_task(
    store: Store,
    viewer: ViewerDep,
    code: str,
    number: Round,
    task: Annotated[int, Path(ge=1, lt=2**63)],
    told: Act,
) -> Answer:
    """Tell that a unit has done its task."""
    import api.actions.whistles as acts

    return acts.finish_task(store, code, number, task, _how(viewer, told), told.words)
