"""日志: journal, seen."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from api import opening

if TYPE_CHECKING:
    from data.journal import Line


def journal(
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="from this day on")
    ] = None,
    actor: Annotated[str | None, typer.Option(help="what this login did")] = None,
    act: Annotated[str | None, typer.Option(help="import, export, join, unmask …")] = None,
    person: Annotated[int | None, typer.Option(help="what concerns this resident's number")] = None,
    most: Annotated[int, typer.Option(help="at most so many lines")] = 200,
) -> None:
    """List who did what, the latest first."""
    import api.actions.journal
    from api.actions.journal import Asked

    settings = opening.settings()
    zone = ZoneInfo(settings.time_zone)
    asked = Asked(since and since.replace(tzinfo=zone), actor, act, person, most)
    with opening.opened(settings) as opened:
        found = api.actions.journal.lines(opened.store, asked, by=opening.operator())
    for line in found:
        print(_told(line, zone))


def seen(
    person: Annotated[int | None, typer.Argument(help="the resident's number")] = None,
    id_stdin: Annotated[
        bool, typer.Option("--id-stdin", help="ask for the id number, or read it from a pipe")
    ] = False,
    days: Annotated[int, typer.Option(min=1, help="so many days back")] = 180,
) -> None:
    """Who saw this person? Each time somebody opened the clear values: when, who, why.

    An id number never stands in the command itself, where the shell would keep it.
    """
    import api.actions.journal

    settings = opening.settings()
    id_number = _id_number() if id_stdin else None
    with opening.opened(settings) as opened:
        found = api.actions.journal.seen(
            opened.store, number=person, id_number=id_number, seal=opened.seal,
            by=opening.operator(), now=datetime.now(UTC), days=days,
        )  # fmt: skip
    for line in found:
        print(_told(line, ZoneInfo(settings.time_zone)))
    if not found:
        print(f"nobody saw this person in the last {days} days")


def _id_number() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("id number", hide_input=True))
    return sys.stdin.readline().strip()


def _told(line: Line, zone: ZoneInfo) -> str:
    when = line.at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    detail = {name: value for name, value in line.detail.items() if name != "residents"}
    reason = detail.pop("reason", None)
    more = " ".join(f"{name}={value}" for name, value in detail.items() if value is not None)
    parts = [
        when,
        line.actor,
        line.act,
        line.subject or "",
        f"reason: {reason}" if reason else "",
        more,
    ]
    return "  ".join(part for part in parts if part)
