"""责任 at the store's own machine: who answers a case, who is on duty, sheets of both."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from api import opening
from api.commands import intake
from gis.errors import BadInput
from gis.terms import Datum, RecordKind

app = typer.Typer(
    name="duty",
    help="Duty 责任: who answers for what and when; shifts, leave, members of 双报到.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def assign(
    case: Annotated[str, typer.Argument(help="code of the case")],
    explain: Annotated[
        bool, typer.Option("--explain", help="only tell who answers, step by step")
    ] = False,
    to: Annotated[str | None, typer.Option(help="code of a worker or unit to give it to")] = None,
    try_: Annotated[bool, typer.Option("--try", help="check all, write nothing")] = False,
) -> None:
    """Find who answers a case, tell why, and dispatch it to him."""
    import api.actions.duty

    settings = opening.settings()
    now, by = datetime.now(UTC), opening.operator()
    with opening.opened(settings) as opened:
        if explain:
            told = api.actions.duty.why(opened.store, case, by=by, now=now, zone=settings.time_zone)
        else:
            told = api.actions.duty.assign(
                opened.store, case, to=to, by=by, now=now, zone=settings.time_zone, keep=not try_
            )
    for number, step in enumerate(told["steps"], start=1):
        print(f"{number}. {step['zh']}\n   {step['en']}")
    chosen = told["chosen"]
    who = f"{chosen['code']} {chosen['who']}" if chosen else "nobody 无人可派"
    if explain:
        print(f"answers: {who}")
    else:
        done = "would be dispatched 将派遣" if try_ else "is dispatched 已派遣"
        print(f"case {case} {done}: {to or who}")


KINDS = {
    str(kind): kind
    for kind in (
        RecordKind.RESPONSIBILITIES,
        RecordKind.SHIFTS,
        RecordKind.ABSENCES,
        RecordKind.MEMBERS,
    )
}


@app.command(name="import")
def import_(
    kind: Annotated[str, typer.Argument(help=f"what the sheet holds: {', '.join(KINDS)}")],
    file: Annotated[Path, typer.Argument(help="a sheet: .xlsx or .csv")],
    try_: Annotated[bool, typer.Option("--try", help="tell all, write nothing")] = False,
    errors: Annotated[
        Path | None, typer.Option(help="write refused rows here, to be mended")
    ] = None,
    datum: Annotated[Datum | None, typer.Option(help="datum of members' degrees")] = None,
) -> None:
    """Bring the responsibility list, shifts, leave or members from a sheet.

    The same sheet again changes nothing. An empty one: wangge template shifts -o FILE.xlsx
    """
    if kind not in KINDS:
        raise BadInput(f"{kind!r} is none of {', '.join(KINDS)}", choices=list(KINDS))
    intake.import_(KINDS[kind], file, datum=datum, dry_run=try_, errors=errors)


@app.command()
def show(
    cell: Annotated[str, typer.Argument(help="code of the cell")],
    at: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"], help="local time; now"),
    ] = None,
) -> None:
    """Show who is on duty for a cell."""
    import api.actions.duty

    settings = opening.settings()
    moment = at.replace(tzinfo=ZoneInfo(settings.time_zone)) if at else datetime.now(UTC)
    with opening.opened(settings) as opened:
        told = api.actions.duty.cell(opened.store, cell, at=moment, zone=settings.time_zone)
    print(f"{told['code']} {told['name']} {told['at']:%Y-%m-%d %H:%M}")
    for post in told["posts"]:
        duty = "on duty 在岗" if post["on_duty"] else "not on duty 不在岗"
        print(f"{post['role']} {post['role_label']}\t{post['name']}\t{post['phone'] or ''}\t{duty}")


FORMATS = ["%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"]


@app.command()
def absent(
    worker: Annotated[str, typer.Argument(help="code of the worker")],
    begins: Annotated[datetime, typer.Argument(formats=FORMATS, help="first day, or local time")],
    ends: Annotated[datetime, typer.Argument(formats=FORMATS, help="last day, or local time")],
) -> None:
    """Note that a worker is away; a day alone counts whole. Nobody asks why."""
    import api.actions.duty

    settings = opening.settings()
    zone = ZoneInfo(settings.time_zone)
    if ends.time() == datetime.min.time():
        ends += timedelta(days=1)
    with opening.opened(settings) as opened:
        done = api.actions.duty.add_absence(
            opened.store, worker, begins.replace(tzinfo=zone), ends.replace(tzinfo=zone),
            by=opening.operator(),
        )  # fmt: skip
    print(f"{worker} is away from {begins:%Y-%m-%d %H:%M} to {ends:%Y-%m-%d %H:%M}: {done['id']}")
