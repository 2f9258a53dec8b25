"""走访 at the store's own machine: who is due, visits told, looked back at, undone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from api import opening
from gis.terms_community import CareCategory, CareLevel, VisitChannel, VisitFinding

app = typer.Typer(
    name="care",
    help="Care 关爱: who is to be visited when, and the visits 走访 made. "
    "Who is cared for comes by: wangge import care FILE",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_FORMATS = ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"]
Care = Annotated[int, typer.Argument(help="number of the care recipient, as `due` tells it")]


@app.command()
def due(
    days: Annotated[int, typer.Option(min=0, max=366, help="within so many days")] = 7,
    area: Annotated[str | None, typer.Option(help="code of a cell or division")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="at most so many")] = 100,
) -> None:
    """List who is to be visited, masked, the longest due first."""
    import api.actions.care

    settings = opening.settings()
    with opening.opened(settings) as opened:
        told = api.actions.care.due(
            opened.store, by=opening.operator(), now=datetime.now(UTC), zone=settings.time_zone,
            days=days, area=area, limit=limit,
        )  # fmt: skip
    for one in told:
        level = CareLevel(one["level"]).label
        why = "、".join(CareCategory(word).label for word in one["categories"])
        late = f" 超期 {one['overdue_days']} 天 days late" if one["overdue_days"] else ""
        print(
            f"{one['care']}\t{one['due_on']}{late}\t{level}\t{one['name_mask']}\t"
            f"{one['cell'] or '—'}\t{one['address']}\t{why}"
        )


@app.command(name="list")
def list_(care: Care) -> None:
    """List the visits to somebody, the last first."""
    import api.actions.care

    settings = opening.settings()
    with opening.opened(settings) as opened:
        told = api.actions.care.history(
            opened.store, care, by=opening.operator(), now=datetime.now(UTC)
        )
    zone = ZoneInfo(settings.time_zone)
    for one in told:
        how = f"{VisitChannel(one['channel']).label}\t{VisitFinding(one['finding']).label}"
        undone = " 已撤销 undone" if one["undone_at"] else ""
        at = one["at"].astimezone(zone)
        print(f"{one['visit']}\t{at:%Y-%m-%d %H:%M}\t{how}\t{one['by']}{undone}")
        if one["words"]:
            print(f"    {one['words']}")


@app.command()
def visit(
    care: Care,
    finding: Annotated[VisitFinding, typer.Argument(help="what was found")],
    channel: Annotated[VisitChannel, typer.Option(help="how")] = VisitChannel.DOOR,
    at: Annotated[datetime | None, typer.Option(formats=_FORMATS, help="local time; now")] = None,
    words: Annotated[str, typer.Option(help="what was found, never who else was there")] = "",
    request_id: Annotated[str | None, typer.Option(help="the same id again is one visit")] = None,
) -> None:
    """Tell of a visit."""
    import api.actions.care

    settings = opening.settings()
    now = datetime.now(UTC)
    moment = at.replace(tzinfo=ZoneInfo(settings.time_zone)) if at else now
    told = api.actions.care.Told(moment, channel, finding, words.strip(), request_id)
    with opening.opened(settings) as opened:
        kept = api.actions.care.visit(
            opened.store, care, told, by=opening.operator(), now=now, zone=settings.time_zone
        )
    print(f"visit {kept['visit']} is kept; next due 下次走访 {kept['next_due_on'] or '—'}")


@app.command()
def undo(visit: Annotated[int, typer.Argument(help="number of the visit")]) -> None:
    """Undo a visit that was told here within the last day."""
    import api.actions.care

    settings = opening.settings()
    with opening.opened(settings) as opened:
        kept = api.actions.care.undo(
            opened.store, visit, by=opening.operator(), now=datetime.now(UTC),
            zone=settings.time_zone,
        )  # fmt: skip
    print(f"visit {visit} counts no more; next due 下次走访 {kept['next_due_on'] or '—'}")
