"""The desk and emergency collections at the store's own machine."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from api import opening

app = typer.Typer(
    name="desk",
    help="Desk 指挥: what is due next, and what lies inside of a drawn shape.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
collections = typer.Typer(
    name="collections",
    help="Emergency collections 应急清单: what lasts, and what is to end now.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command()
def queue(
    area: Annotated[
        str | None, typer.Argument(help="a cell or a division; without it everywhere")
    ] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="only what is late")] = False,
    limit: Annotated[int, typer.Option(min=1, max=200, help="at most so many cases")] = 50,
) -> None:
    """List open cases by what is due next, with the share of the running clock."""
    import api.actions.desk
    from api.actions.desk import Wanted

    settings = opening.settings()
    with opening.opened(settings) as opened:
        told = api.actions.desk.queue(
            opened.store,
            Wanted(area=area, overdue=overdue, limit=limit),
            by=opening.operator(),
            now=datetime.now(UTC),
        )
    for case in told["cases"]:
        due = case["due_at"]
        at = due.astimezone(ZoneInfo(settings.time_zone)).strftime("%m-%d %H:%M") if due else "-"
        share = "-" if case["share"] is None else f"{case['share']:.0%}"
        holder = (case["holder"] or {}).get("name", "-")
        print("\t".join((case["code"], case["state"], at, share, holder, case["title"])))
    facets = told["facets"]
    print(f"{facets['cases']} open cases, {facets['overdue']} of them late")


@app.command()
def inside(
    cells: Annotated[
        list[str] | None, typer.Option("--cell", help="code of a cell. Repeatable")
    ] = None,
    divisions: Annotated[
        list[str] | None, typer.Option("--division", help="code of a division. Repeatable")
    ] = None,
    circle: Annotated[
        tuple[float, float, float] | None,
        typer.Option(help="longitude, latitude (WGS-84) and radius in metres"),
    ] = None,
    shape: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="a file with one GeoJSON geometry"),
    ] = None,
    area: Annotated[int | None, typer.Option(min=1, help="number of a named area")] = None,
) -> None:
    """Count what lies inside of a shape, of cells or of divisions; print it as JSON."""
    import orjson

    import api.actions.desk
    from api.actions.desk import Circle, Drawn

    settings = opening.settings()
    drawn = Drawn(
        shape=_geometry(shape) if shape else None,
        circle=Circle(*circle) if circle else None,
        area=area,
        cells=cells or [],
        divisions=divisions or [],
    )
    now = datetime.now(UTC)
    with opening.opened(settings) as opened:
        told = api.actions.desk.inside(
            opened.store, drawn, by=opening.operator(), now=now,
            today=now.astimezone(ZoneInfo(settings.time_zone)).date(),
        )  # fmt: skip
    shown = {name: told[name] for name in ("area_m2", "cells", "counts", "took_ms")}
    print(orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode())


def _geometry(path: Path) -> dict[str, object]:
    """A geometry, or that of a feature."""
    import orjson

    from gis.errors import BadInput

    try:
        told = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise BadInput(f"{path.name} is no JSON: {error}") from error
    geometry = told.get("geometry", told) if isinstance(told, dict) else None
    if not isinstance(geometry, dict):
        raise BadInput(f"{path.name} holds no GeoJSON geometry")
    return geometry


@collections.command(name="list")
def list_() -> None:
    """List the collections that last: number, kind, end, how many are on it, purpose."""
    import api.actions.collections

    settings = opening.settings()
    with opening.opened(settings) as opened:
        lasting = api.actions.collections.listed(opened.store, by=opening.operator())
    for one in lasting:
        until = one["ends_at"].astimezone(ZoneInfo(settings.time_zone))
        called = f"{one['called']}/{one['entries']}"
        print(f"{one['number']}\t{one['kind']}\t{until:%Y-%m-%d %H:%M}\t{called}\t{one['purpose']}")
    print(f"{len(lasting)} collections last")


@collections.command()
def end(
    number: Annotated[int, typer.Argument(min=1, help="number of the collection, as `list` says")],
) -> None:
    """Delete a collection now, with all who were in it; the journal keeps that it was."""
    import api.actions.collections

    with opening.opened(opening.settings()) as opened:
        gone = api.actions.collections.end(opened.store, number, by=opening.operator())
    print(f"collection {number} and its {gone['entries']} entries are deleted")
