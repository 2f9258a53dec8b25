"""时限: deadlines run, show, due."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from api import opening
from gis.terms import Clock, DivisionLevel, Move

if TYPE_CHECKING:
    from gis.case_clock import Due

app = typer.Typer(
    name="deadlines",
    help="Deadlines 时限: they climb by themselves while wangge serve runs.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
FORMATS = ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"]
CLOCK_NAMES = {"handling": "处置", "accept": "受理", "dispatch": "派遣", "inspect": "核查",
               "suspension": "挂账"}  # fmt: skip
"""The clocks of a case."""


@app.command()
def run(
    once: Annotated[bool, typer.Option("--once", help="do what is due by now, and end")] = False,
) -> None:
    """Warn, mark overdue, tell further up, resume: what wangge serve does by itself.

    Without --once it goes on until it is stopped. Several may run at once; each thing is done once.
    """
    import api.actions.deadlines
    import api.climbing

    settings = opening.settings()
    with opening.opened(settings, supervise=not once) as opened:
        if not once:
            api.climbing.work(opened.url, pooler=settings.pooler)
        done = api.actions.deadlines.catch_up(opened.store, now=datetime.now(UTC))
        api.actions.deadlines.show_counts(opened.store)
    told = ", ".join(f"{move.label} {move} {times}" for move, times in done.items())
    print(told or "nothing was due")


@app.command()
def show(
    most: Annotated[int, typer.Option(min=1, help="at most so many cases")] = 20,
) -> None:
    """Show what time does next to which case, the first first."""
    import api.actions.deadlines

    settings = opening.settings()
    with opening.opened(settings) as opened:
        found = api.actions.deadlines.coming(opened.store, by=opening.operator(), most=most)
    zone = ZoneInfo(settings.time_zone)
    for one in found:
        what = _what(one["move"], one["clock"], one["level"])
        print(f"{_when(one['at'], zone)}\t{one['code']}\t{what}\t{one['title']}")
    if not found:
        print("no case waits for its time")


@app.command()
def due(
    limit: Annotated[float, typer.Option(help="so many hours or days of the clock")],
    clock: Annotated[Clock, typer.Option(help="how the time runs")] = Clock.WORK_HOUR,
    start: Annotated[
        datetime | None, typer.Option(formats=FORMATS, help="local time; now without it")
    ] = None,
) -> None:
    """Compute when a limit is over, by the calendar of this store, and how it climbs.

    For example: wangge deadlines due --start "2026-05-08 16:00" --limit 4 --clock work_hour
    """
    import api.actions.deadlines

    settings = opening.settings()
    zone = ZoneInfo(settings.time_zone)
    begins = start.replace(tzinfo=zone) if start else datetime.now(zone)
    with opening.opened(settings) as opened:
        found = api.actions.deadlines.ladder(
            opened.store, begins, limit, clock=clock, by=opening.operator()
        )
    print(f"{_when(begins, zone)}\t{limit:g} {clock.label} {clock}")
    for one in found.rungs:
        print(f"{_when(datetime.fromisoformat(one['at']), zone)}\t{_rung(one)}")
    if found.unknown_years:
        years = ", ".join(map(str, found.unknown_years))
        print(f"the holidays of {years} are not listed yet: wangge calendar import FILE")


def _rung(one: Due) -> str:
    return _what(one["move"], None, one.get("level"))


def _what(move: str, clock: str | None, level: str | None) -> str:
    words = [Move(move).label, move]
    words += [CLOCK_NAMES[clock], clock] if clock else []
    words += ["→", DivisionLevel(level).label, level] if level else []
    return " ".join(words)


def _when(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %a %H:%M}"
