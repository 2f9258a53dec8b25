"""The catalogue 类别目录 and the calendar 工作日历: brought from sheets, shown, written out."""

from __future__ import annotations

from datetime import datetime, time
from pathlib import Path
from typing import Annotated

import typer

from api import opening
from api.commands import intake
from gis.errors import BadInput
from gis.terms import RecordKind

app = typer.Typer(
    name="catalogue",
    help="The catalogue 类别目录: classes of cases, their conditions and limits.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
calendar = typer.Typer(
    name="calendar",
    help="The working calendar 工作日历: holidays, shifted working days, hours of work.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
File = Annotated[Path, typer.Argument(help="a sheet: .xlsx or .csv")]
Try = Annotated[bool, typer.Option("--try", help="tell all, write nothing")]
Errors = Annotated[Path | None, typer.Option(help="write refused rows here, to be mended")]
System = Annotated[str | None, typer.Option(help="code of the system of classes")]


@app.command(name="import")
def import_classes(
    file: File, system: System = None, try_: Try = False, errors: Errors = None
) -> None:
    """Add classes or change them, a row per condition; what the sheet does not name stays.

    The same sheet again changes nothing. An empty one: wangge template catalogue -o FILE.xlsx
    """
    told = [f"system={system}"] if system else None
    intake.import_(RecordKind.CATALOGUE, file, set_=told, dry_run=try_, errors=errors)


@app.command()
def show(
    code: Annotated[str | None, typer.Argument(help="a class, as 0506; all without")] = None,
    system: System = None,
) -> None:
    """Show the classes, or one with its conditions, limits and what closes it."""
    import api.actions.catalogue

    with opening.opened(opening.settings()) as opened:
        found = api.actions.catalogue.classes(
            opened.store, code, system=system, by=opening.operator()
        )
    for one in found:
        local = "\tlocal 本地" if one.is_local else ""
        print(f"{one.system}\t{one.kind}\t{one.code}\t{one.major_name}\t{one.name}{local}")
        for each in one.conditions if code else ():
            units = ", ".join(each.unit_kinds)
            print(
                f"  {each.number}. {each.filing}: {each.limit.amount:g} {each.limit.clock.label} "
                f"→ {each.closing} ({each.basis.label} {each.basis}; {units})"
            )


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="the .xlsx or .csv to write")],
    system: System = None,
) -> None:
    """Write the classes as the sheet that `import` takes, to be changed and brought again."""
    import api.actions.catalogue
    import data.files.write

    if file.suffix.lower() not in {".xlsx", ".csv"}:
        raise BadInput(f"{file.name}: the catalogue is written as .xlsx or .csv")
    with opening.opened(opening.settings()) as opened:
        found = api.actions.catalogue.classes(
            opened.store, None, system=system, by=opening.operator()
        )
    table = api.actions.catalogue.as_table(found)
    with data.files.write.whole(file) as part:
        data.files.write.write_table(table, part)
    print(f"{len(found):,} classes with {len(table):,} conditions are in {file}")


# The calendar


@calendar.command(name="import")
def import_days(file: File, try_: Try = False, errors: Errors = None) -> None:
    """Add holidays and shifted working days (day, kind, name) or change them; others stay."""
    intake.import_(RecordKind.CALENDAR, file, dry_run=try_, errors=errors)


@calendar.command(name="show")
def show_year(year: Annotated[int, typer.Argument(min=1970, max=2099)]) -> None:
    """Show the days of a year that are not what their weekday says, and the hours of work."""
    import api.actions.catalogue
    import api.show

    with opening.opened(opening.settings()) as opened:
        days, periods = api.actions.catalogue.calendar(opened.store, year, by=opening.operator())
    for one in days:
        print(f"{one['day']}\t{one['kind']}\t{one['name']}")
    for period in periods:
        since = f"\tsince {period.valid_from}" if period.valid_from else ""
        until = f"\tbefore {period.valid_to}" if period.valid_to else ""
        hours = f"{period.begins:%H:%M}-{period.ends:%H:%M}"
        print(f"weekday {period.weekday}\t{hours}{since}{until}")
    if not days:
        api.show.say(f"no holiday of {year} is known: deadlines in it are provisional")


@calendar.command(name="periods")
def periods(
    hours: Annotated[list[str] | None, typer.Argument(help="as 08:30-12:00 14:00-17:30")] = None,
    weekdays: Annotated[str, typer.Option(help="1 is Monday; as 12345")] = "12345",
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="from which day on; today")
    ] = None,
    off: Annotated[bool, typer.Option("--off", help="no hours: days off")] = False,
) -> None:
    """Set the hours of work of weekdays from a day on; deadlines already set stay."""
    import api.actions.catalogue

    if bool(hours) == off:
        raise BadInput("say the hours, as 08:30-12:00 14:00-17:30, or --off for days off")
    if not weekdays or set(weekdays) - set("1234567"):
        raise BadInput(f"--weekdays {weekdays!r}: write digits 1 (Monday) to 7, as 12345")
    settings = opening.settings()
    with opening.opened(settings) as opened:
        kept = api.actions.catalogue.set_periods(
            opened.store,
            sorted({int(day) for day in weekdays}),
            [_span(text) for text in hours or []],
            since=since.date() if since else settings.today(),
            by=opening.operator(),
        )
    for period in kept:
        print(f"weekday {period.weekday}\t{period.begins:%H:%M}-{period.ends:%H:%M}")


def _span(text: str) -> tuple[time, time]:
    begins, _, ends = text.partition("-")
    try:
        return time.fromisoformat(begins), time.fromisoformat(ends)
    except ValueError as error:
        raise BadInput(f"{text!r} are no hours; write them as 08:30-12:00") from error
