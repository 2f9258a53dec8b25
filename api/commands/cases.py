"""案卷 at the store's own machine: report, list, show, move, join; the diagram of all moves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from api import opening
from gis.errors import BadInput
from gis.terms import CaseState, ClassKind, Datum, DivisionLevel, Move

app = typer.Typer(
    name="cases",
    help="Cases 案卷: report an incident, look at cases, move them on. Who reported stays masked.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
Code = Annotated[str, typer.Argument(help="code of the case")]
_LIST = ("code", "state", "title", "cell", "desk", "unit", "worker", "reported_at", "due_at")
_LIST_ON = ("code", "state", "title", "cell", "desk", "reported_at", "state_now", "cell_now")


def _table(rows: Iterable[Mapping[str, Any]], columns: Iterable[str]) -> None:
    """Print rows for people and programs: a header, then values between tabs."""
    names = list(columns)
    print("\t".join(names))
    for row in rows:
        print("\t".join(_shown(row.get(name)) for name in names))


def _shown(value: Any) -> str:
    if isinstance(value, datetime):
        return _local(value)
    text = "" if value is None else str(value)
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


def _local(at: datetime) -> str:
    return f"{at.astimezone(_zone()):%Y-%m-%d %H:%M}"


@cache
def _zone() -> ZoneInfo:
    """The zone of the city's clocks."""
    return ZoneInfo(opening.settings().time_zone)


def _moment(text: str | None) -> datetime | None:
    """A moment as people write it; without an offset by the city's clocks."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"{text!r} is no moment; write 2026-03-01T12:00") from error
    return at if at.tzinfo else at.replace(tzinfo=_zone())


@app.command(context_settings={"ignore_unknown_options": True})  # -87.6 is no option
def report(
    words: Annotated[str, typer.Argument(help="what it is, in words")] = "",
    kind: Annotated[str | None, typer.Option(help=f"of {', '.join(ClassKind)}")] = None,
    class_: Annotated[str, typer.Option("--class", help="code of its class: 0506")] = "",
    lon: Annotated[
        float | None, typer.Option(help="degrees; without a place: the top desk")
    ] = None,
    lat: Annotated[float | None, typer.Option(help="degrees")] = None,
    datum: Annotated[str, typer.Option(help=f"of {', '.join(Datum)}")] = Datum.WGS84,
    accuracy: Annotated[float | None, typer.Option(help="metres the place may be off")] = None,
    address: Annotated[str, typer.Option(help="where, in words")] = "",
    contact: Annotated[str, typer.Option(help="telephone of the reporter; kept sealed")] = "",
    request: Annotated[str, typer.Option(help="your own name of it: said again, the same")] = "",
    at: Annotated[str | None, typer.Option(help="when, if earlier: 2026-03-01T12:00")] = None,
) -> None:
    """Report an incident: it becomes a case and finds its cell, or a duty desk."""
    import api.actions.reports
    from api.actions.reports import Report

    told = Report(
        kind=kind, class_code=class_, description=words, address=address, lon=lon, lat=lat,
        datum=datum, accuracy_m=accuracy, channel="desk", contact=contact, request_id=request,
        reported_at=_moment(at),
    )  # fmt: skip
    with opening.opened(opening.settings()) as opened:
        answer = api.actions.reports.report(
            opened.store, told, by=opening.operator(), seal=opened.seal, now=datetime.now(UTC)
        )
    print(f"case {answer['code']}: {_where(answer)}")
    for one in answer["similar"]["cases"]:
        print(f"like it: {one['code']} ({one['state']}), {one['distance_m']:.0f} m away")


def _where(answer: Mapping[str, Any]) -> str:
    if answer["desk"] is None:
        return f"cell {answer['cell']['code']} {answer['cell']['name']}"
    desk = f"{answer['desk']['code']} {answer['desk']['name'] or ''}".strip() or "above all"
    near = f"; cells near: {', '.join(answer['candidates'])}" if answer["candidates"] else ""
    return f"duty desk {desk}{near}"


@app.command(name="list")
def list_(
    state: Annotated[
        list[CaseState] | None, typer.Option(help="only in this state. Repeatable")
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="also those that have ended")] = False,
    area: Annotated[str | None, typer.Option(help="code of a cell or a division")] = None,
    kind: Annotated[ClassKind | None, typer.Option(help="kind of its class")] = None,
    class_: Annotated[str | None, typer.Option("--class", help="code of its class")] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="only those that are late")] = False,
    desk: Annotated[bool, typer.Option("--desk", help="only those whose cell is not sure")] = False,
    after: Annotated[int | None, typer.Option(help="go on after the last page")] = None,
    limit: Annotated[int, typer.Option(help="at most so many", min=1, max=500)] = 50,
    on: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="as they were when that day ended: 2026-06-01"),
    ] = None,
) -> None:
    """List cases, the newest first: the open ones, unless a state is asked for."""
    import api.actions.cases
    import api.show

    wanted = api.actions.cases.Wanted(
        states=[str(one) for one in state or []], is_open=None if state or all_ else True,
        area=area, kind=kind, class_code=class_, overdue=overdue, desk=desk, after=after,
        limit=limit,
    )  # fmt: skip
    by = opening.operator()
    with opening.opened(opening.settings()) as opened:
        if on is None:
            page = api.actions.cases.listed(opened.store, wanted, by=by, now=datetime.now(UTC))
        else:
            import api.actions.as_of

            page = api.actions.as_of.cases(opened.store, wanted, on.date(), by=by)
    _table(page["cases"], _LIST if on is None else _LIST_ON)
    if page["next"]:
        api.show.say(f"there are more; go on with --after {page['next']}")


_SHOWN = ("title", "address", "description", "contact", "reported_at", "due_at", "stage_due_at",
          "overdue_at", "joined_to", "returns", "reworks", "extensions", "appeal", "supervised",
          "exempt")  # fmt: skip


@app.command()
def show(code: Code) -> None:
    """Show a case: where it stands, until when, with whom, and all that happened to it."""
    import api.actions.cases

    with opening.opened(opening.settings()) as opened:
        card = api.actions.cases.card(opened.store, code, by=opening.operator())
    print(f"case {card['code']}: {card['label']} {card['state']}, version {card['version']}")
    for name in ("class", "cell", "desk", "unit", "worker"):
        told = card[name]
        if told and told["code"] is not None:
            print(f"{name}\t{_named(told)}")
    if limit := card["condition"]:
        print(f"condition\t{limit['number']} {limit['filing']}: {limit['amount']:g} "
              f"{limit['clock']} → {limit['closing']}")  # fmt: skip
    for name in _SHOWN:
        if card[name]:
            print(f"{name}\t{_shown(card[name])}")
    for name in ("candidates", "joined"):
        if card[name]:
            print(f"{name}\t{', '.join(card[name])}")
    for one in card["timeline"]:
        print(_happened(one))


def _named(told: Mapping[str, Any]) -> str:
    """Code and name; the desk above all has neither."""
    return f"{_shown(told['code'])} {_shown(told['name'])}".strip() or "above all"


def _happened(one: Mapping[str, Any]) -> str:
    about = [one[name] for name in ("unit", "worker", "condition", "other") if one[name]]
    detail = one["detail"]
    about += [detail[name] for name in ("cell", "party") if detail.get(name)]
    about += [DivisionLevel(detail["level"]).label] if detail.get("level") else []
    about += [", ".join(detail["parties"])] if detail.get("parties") else []
    said = [one["words"], *(detail.get(name) for name in ("reason", "closing"))]
    said += [_local(datetime.fromisoformat(detail["until"]))] if detail.get("until") else []
    said += [f"rated {detail['rating']}"] if detail.get("rating") else []
    told = " · ".join(_shown(part) for part in (*about, *said) if part)
    step = f"{Move(one['move']).label} {one['move']} → {one['target']}"
    if detail.get("whistle"):
        step = f"{Move(one['move']).label} {one['move']}, whistle {detail['whistle']}"
    return f"{_local(one['at'])}\t{_shown(one['actor'])}\t{step}\t{told}".rstrip()


@app.command()
def moves(code: Code) -> None:
    """Tell what may be done with a case now, and what each move needs."""
    import api.actions.cases

    with opening.opened(opening.settings()) as opened:
        told = api.actions.cases.moves(opened.store, code, by=opening.operator())
    for one in told["moves"]:
        one["needs"] = ", ".join(one["needs"])
    _table(told["moves"], ("move", "label", "needs"))
    for one in told["conditions"]:
        print(f"condition {one['number']}: {one['filing']} → {one['closing']}, "
              f"{one['amount']:g} {one['clock']}")  # fmt: skip


@app.command()
def move(
    code: Code,
    move: Annotated[Move, typer.Argument(help="what to do; `moves` tells what may be done")],
    words: Annotated[str, typer.Option(help="what is said with it")] = "",
    reason: Annotated[str, typer.Option(help="why")] = "",
    condition: Annotated[int | None, typer.Option(help="number of a condition")] = None,
    kind: Annotated[str, typer.Option(help="kind of another class to file it by")] = "",
    class_: Annotated[str, typer.Option("--class", help="code of that class")] = "",
    unit: Annotated[str, typer.Option(help="code of the unit it goes to")] = "",
    worker: Annotated[str, typer.Option(help="code of the worker it goes to")] = "",
    until: Annotated[str | None, typer.Option(help="suspended until: 2026-03-01T12:00")] = None,
    closing: Annotated[str, typer.Option(help="how it was closed")] = "",
    cell: Annotated[str, typer.Option(help="code of the cell it belongs to")] = "",
    other: Annotated[str, typer.Option(help="code of the case it is joined to")] = "",
    rating: Annotated[int | None, typer.Option(help="1 to 5")] = None,
    version: Annotated[int | None, typer.Option(help="the version you saw; else any")] = None,
    request: Annotated[str, typer.Option(help="your own name of it: said again, made once")] = "",
) -> None:
    """Move a case on: file 20261122-000001 --condition 1, dispatch … --unit U7, close …"""
    from api.actions.cases import Asked

    _make(code, Asked(
        move, version=version, words=words, reason=reason, kind=kind, class_code=class_,
        condition=condition, unit=unit, worker=worker, until=_moment(until), closing=closing,
        cell=cell, other=other, rating=rating, request_id=request,
    ))  # fmt: skip


@app.command()
def join(
    code: Code, main: Annotated[str, typer.Argument(help="code of the case it is joined to")]
) -> None:
    """Join a case to another like it: they close together. Undo with: move CODE part --reason …"""
    from api.actions.cases import Asked

    _make(code, Asked(Move.JOIN, other=main))


def _make(code: str, asked: Any) -> None:
    import api.actions.cases

    with opening.opened(opening.settings()) as opened:
        card = api.actions.cases.move(
            opened.store, code, asked, by=opening.operator(), now=datetime.now(UTC)
        )
    print(f"case {card['code']} is {card['label']} {card['state']}, version {card['version']}")


@app.command()
def diagram() -> None:
    """Print the life of a case as a Mermaid diagram, drawn from the table of moves."""
    import gis.cases

    print(gis.cases.diagram())
