"""吹哨报到 at the command line of the store's machine: whoever works here acts for all."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

import gis.network
from api import opening
from gis.errors import BadInput
from gis.terms import DivisionLevel, Move, Part, PartyState, WhistleKind, WhistleState

if TYPE_CHECKING:
    from collections.abc import Callable

    import sqlalchemy as sa

    from api.actions.whistles import Called, How, Task

app = typer.Typer(
    help="Whistles 吹哨: call others in to a case that its cell cannot solve, until it is solved.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

CaseArgument = Annotated[str, typer.Argument(metavar="CASE", help="code of the case")]
RoundOption = Annotated[int, typer.Option("--round", min=1, max=3, help="which whistle of it")]
PartyArgument = Annotated[int, typer.Argument(min=1, help="number of the party, as `show` says")]
WordsArgument = Annotated[str, typer.Argument(help="in words")]
WordsOption = Annotated[str, typer.Option(help="in words")]
RequestOption = Annotated[str | None, typer.Option(help="an id: the same one does it only once")]
LeadOption = Annotated[
    str | None, typer.Option("--lead", help="code of the unit or member that leads 主办")
]
JointOption = Annotated[
    list[str] | None, typer.Option("--joint", help="code of one that joins in 协办. Repeatable")
]
KindOption = Annotated[WhistleKind, typer.Option(help="how urgently")]
LevelOption = Annotated[
    DivisionLevel,
    typer.Option(help="village: a community calls those around; township: a street departments"),
]
SkillOption = Annotated[list[str] | None, typer.Option("--skill", help="needed. Repeatable")]
AtOption = Annotated[
    datetime,
    typer.Option(formats=["%Y-%m-%dT%H:%M"], help="local time, as 2026-12-01T09:30"),
]


def _act(do: Callable[[sa.Engine, How], dict[str, Any]], request_id: str | None = None) -> None:
    from api.actions.whistles import How

    with opening.opened(opening.settings()) as opened:
        _show(do(opened.store, How(opening.operator(), datetime.now(UTC), None, request_id)))


def _called(lead: str | None, joint: list[str] | None) -> list[Called]:
    from api.actions.whistles import Called

    leads = [Called(lead, Part.LEAD)] if lead else []
    return leads + [Called(code, Part.JOINT) for code in joint or []]


def _local(told: datetime) -> datetime:
    return told.replace(tzinfo=ZoneInfo(opening.settings().time_zone))


def _end_of(day: datetime) -> datetime:
    """A day is over when it is: its last minute."""
    return _local(day.replace(hour=23, minute=59))


def _minute(told: str | datetime | None) -> str:
    if told is None:
        return ""
    at = datetime.fromisoformat(told) if isinstance(told, str) else told
    return f"{at.astimezone(ZoneInfo(opening.settings().time_zone)):%Y-%m-%d %H:%M}"


def _show(one: dict[str, Any]) -> None:
    state = WhistleState(one["state"])
    kind = WhistleKind(one["kind"])
    print(f"whistle {one['round']}  {kind.label} {kind}  {state.label} {state}  {one['words']}")
    if one["approved_at"] is None and state is not WhistleState.REFUSED:
        late = "  late" if one["late"] else ""
        print(f"    to be approved by {_minute(one['approve_due_at'])}{late}")
    for party in one["parties"]:
        print(f"    {_party(party, is_over=state in gis.network.OVER)}")
    for meeting in one["meetings"]:
        decided = meeting["decisions"] or "nothing decided yet"
        print(f"    meeting {_minute(meeting['at'])}  {meeting['place'] or ''}  {decided}")
        for task in meeting["tasks"]:
            done = "done" if task["done_at"] else f"by {_minute(task['due_at'])}"
            print(f"        task {task['number']}  {task['name']}  {task['words']}  {done}")
    if one["closing"]:
        print(f"    {_minute(one['closed_at'])}  {one['closing']}")


def _party(party: dict[str, Any], *, is_over: bool) -> str:
    state, part = PartyState(party["state"]), Part(party["part"])
    due = {"invited": "claim", "claimed": "arrive", "arrived": "finish"}.get(state)
    words = [f"{party['number']}  {party['name'] or '成员'}  {part.label} {part}"]
    words.append(f"{state.label} {state}")
    if due and not is_over:
        words.append(f"to {due} by {_minute(party[f'{due}_due_at'])}")
    if party["late"]:
        words.append(f"late to {', '.join(party['late'])}")
    words += [party["words"]] if party["words"] else []
    words += [f"rated {party['rating']}"] if party["rating"] else []
    return "  ".join(words)


# Looking


@app.command(name="list")
def list_() -> None:
    """List what waits for somebody, the most urgent first."""
    import api.actions.whistles as acts
    import api.show

    with opening.opened(opening.settings()) as opened:
        now = datetime.now(UTC)
        waiting = acts.waiting(opened.store, by=opening.operator(), now=now)
        if not waiting:
            api.show.say("no whistle waits for anybody")
        for one in waiting:
            late = "  late" if one["late"] else ""
            who = f"{one['number']}  {one['name']}" if one["number"] else ""
            print(
                f"{one['case']}  whistle {one['round']}  to {one['waits_for']}  {who}  "
                f"by {_minute(one['due_at'])}{late}"
            )


@app.command()
def show(case: CaseArgument) -> None:
    """Show the whistles of a case: parties, deadlines, meetings, ratings."""
    import api.actions.whistles as acts
    import api.show

    with opening.opened(opening.settings()) as opened:
        now = datetime.now(UTC)
        blown = acts.whistles(opened.store, case, by=opening.operator(), now=now)
        if not blown:
            api.show.say(f"nobody has whistled for case {case}")
        for one in blown:
            _show(one)


@app.command()
def propose(
    case: CaseArgument,
    kind: KindOption = WhistleKind.ROUTINE,
    level: LevelOption = DivisionLevel.TOWNSHIP,
    skill: SkillOption = None,
) -> None:
    """Propose whom to call in, with reasons; and who was passed over, with reasons."""
    import api.actions.whistles as acts
    import api.show

    with opening.opened(opening.settings()) as opened:
        told = acts.proposal(
            opened.store, case, kind=kind, level=level, skills=skill or [],
            by=opening.operator(), now=datetime.now(UTC),
        )  # fmt: skip
    if not told["proposed"]:
        api.show.say(f"nobody can be proposed for case {case}: nobody is known around its place")
    for one in told["proposed"]:
        part = f"{one['part'].label} {one['part']}" if one["part"] else "略过 passed over"
        print(f"{one['code']}  {one['name']}  {part}")
        for why in one["reasons"]:
            print(f"    {why['zh']}  {why['en']}")


# Who calls


@app.command()
def blow(
    case: CaseArgument,
    words: WordsArgument,
    lead: LeadOption = None,
    joint: JointOption = None,
    kind: KindOption = WhistleKind.ROUTINE,
    level: LevelOption = DivisionLevel.TOWNSHIP,
    skill: SkillOption = None,
    request_id: RequestOption = None,
) -> None:
    """Blow the next whistle about a case; an emergency calls at once, the others ask first."""
    import api.actions.whistles as acts

    order = acts.Order(
        kind, acts.level_of(level, opening.operator()), words, skill or [], _called(lead, joint)
    )
    _act(lambda store, how: acts.blow(store, case, order, how), request_id)


@app.command()
def approve(
    case: CaseArgument,
    number: RoundOption = 1,
    words: WordsOption = "",
    request_id: RequestOption = None,
) -> None:
    """Approve a whistle: those named with it are called."""
    import api.actions.whistles as acts

    _act(lambda store, how: acts.approve(store, case, number, how, words), request_id)


@app.command()
def refuse(
    case: CaseArgument,
    reason: WordsArgument,
    number: RoundOption = 1,
    request_id: RequestOption = None,
) -> None:
    """Refuse a whistle, with the reason; also an emergency that sounds already."""
    import api.actions.whistles as acts

    _act(lambda store, how: acts.refuse(store, case, number, how, reason), request_id)


@app.command()
def invite(
    case: CaseArgument,
    lead: LeadOption = None,
    joint: JointOption = None,
    number: RoundOption = 1,
    request_id: RequestOption = None,
) -> None:
    """Call more parties to a whistle that sounds."""
    import api.actions.whistles as acts

    called = _called(lead, joint)
    _act(lambda store, how: acts.invite(store, case, number, called, how), request_id)


@app.command()
def close(
    case: CaseArgument,
    number: RoundOption = 1,
    words: WordsOption = "",
    request_id: RequestOption = None,
) -> None:
    """Close a whistle that is done; or say in words why it is over."""
    import api.actions.whistles as acts

    _act(lambda store, how: acts.quiet(store, case, number, how, words), request_id)


# Who is called


def _answer(
    case: str, number: int, party: int, move: Move, words: str, request_id: str | None
) -> None:
    import api.actions.whistles as acts

    _act(lambda store, how: acts.answer(store, case, number, party, move, how, words), request_id)


@app.command()
def claim(
    case: CaseArgument,
    party: PartyArgument,
    number: RoundOption = 1,
    words: WordsOption = "",
    request_id: RequestOption = None,
) -> None:
    """A party claims, on its behalf; the timeline says so."""
    _answer(case, number, party, Move.CLAIM, words, request_id)


@app.command()
def decline(
    case: CaseArgument,
    party: PartyArgument,
    reason: WordsArgument,
    number: RoundOption = 1,
    request_id: RequestOption = None,
) -> None:
    """A party declines, with its reason."""
    _answer(case, number, party, Move.DECLINE, reason, request_id)


@app.command()
def arrive(
    case: CaseArgument,
    party: PartyArgument,
    number: RoundOption = 1,
    words: WordsOption = "",
    request_id: RequestOption = None,
) -> None:
    """A party is there."""
    _answer(case, number, party, Move.ARRIVE, words, request_id)


@app.command()
def finish(
    case: CaseArgument,
    party: PartyArgument,
    words: WordsArgument,
    number: RoundOption = 1,
    request_id: RequestOption = None,
) -> None:
    """A party has finished; say what it did."""
    _answer(case, number, party, Move.FINISH, words, request_id)


@app.command()
def rate(
    case: CaseArgument,
    party: PartyArgument,
    rating: Annotated[int, typer.Argument(min=1, max=5, help="1 to 5")],
    number: RoundOption = 1,
    words: WordsOption = "",
    request_id: RequestOption = None,
) -> None:
    """Rate a party that has finished."""
    import api.actions.whistles as acts

    _act(lambda store, how: acts.rate(store, case, number, party, rating, how, words), request_id)


# Meetings


@app.command()
def meet(
    case: CaseArgument,
    at: AtOption,
    place: Annotated[str, typer.Option(help="where")] = "",
    participant: Annotated[
        list[str] | None, typer.Option(help="a unit that comes, never a person. Repeatable")
    ] = None,
    number: RoundOption = 1,
    request_id: RequestOption = None,
) -> None:
    """Call a joint meeting, or move the one that is called."""
    import api.actions.whistles as acts

    meeting = acts.Meeting(_local(at), place, participant or [])
    _act(lambda store, how: acts.meet(store, case, number, meeting, how), request_id)


def _task(told: str) -> Task:
    from api.actions.whistles import Task

    unit, _, rest = told.partition("=")
    due, _, words = rest.partition("=")
    try:
        return Task(unit, words, _end_of(datetime.strptime(due, "%Y-%m-%d")))
    except ValueError as error:
        raise BadInput(f"{told!r} is no task; say UNIT=2026-12-31=WORDS") from error


TaskOption = Annotated[
    list[str] | None, typer.Option("--task", help="UNIT=2026-12-31=WORDS. Repeatable")
]


@app.command()
def resolve(
    case: CaseArgument,
    decisions: WordsArgument,
    task: TaskOption = None,
    number: RoundOption = 1,
    request_id: RequestOption = None,
) -> None:
    """Write down what the meeting decided, and who is to do what by when."""
    import api.actions.whistles as acts

    tasks = [_task(one) for one in task or []]
    _act(lambda store, how: acts.resolve(store, case, number, decisions, tasks, how), request_id)


@app.command(name="done")
def done(
    case: CaseArgument,
    task: Annotated[int, typer.Argument(min=1, help="number of the task, as `show` says")],
    words: WordsArgument,
    number: RoundOption = 1,
    request_id: RequestOption = None,
) -> None:
    """Tell that a unit has done what a meeting decided."""
    import api.actions.whistles as acts

    _act(lambda store, how: acts.finish_task(store, case, number, task, how, words), request_id)
