"""Exchange 交换: components and cases as one GeoPackage, by the codes cities share."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from api import opening
from gis.errors import BadInput
from gis.terms import Datum

app = typer.Typer(
    name="exchange",
    help="Exchange 交换: components by 16-digit ids, cases by 4-digit classes, as a GeoPackage.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="the .gpkg to write")],
    area: Annotated[str | None, typer.Option(help="code of a cell or a division")] = None,
) -> None:
    """Write components and cases, their codes, states, times and places; no citizen's words."""
    import api.actions.exchange
    import api.show

    with opening.opened(opening.settings()) as opened:
        handed = api.actions.exchange.hand_over(
            opened.store, file, area=area, by=opening.operator()
        )
    for name, count in handed.written.items():
        print(f"{name:<12}{count:>12,}")
        if handed.left_out[name]:
            api.show.say(f"{handed.left_out[name]:,} {name} have no such code, and stay")


@app.command(name="import")
def import_(
    file: Annotated[Path, typer.Argument(help="a .gpkg with the layers components, cases")],
    datum: Annotated[Datum | None, typer.Option(help="datum of its degrees, if not named")] = None,
    crs: Annotated[str | None, typer.Option(help="its coordinate system, as EPSG:4547")] = None,
    swap: Annotated[bool, typer.Option("--swap", help="exchange longitude and latitude")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="tell all, write nothing")] = False,
    errors: Annotated[
        Path | None,
        typer.Option(help="write refused rows here, a file for each layer (.xlsx or .csv)"),
    ] = None,
) -> None:
    """Bring components and cases; every row checked, the same file again changes nothing."""
    import api.actions.exchange
    import api.show
    import data.files.guard
    from api.actions import sheets
    from gis.places import Reference

    data.files.guard.check_errors_path(errors)
    settings = opening.settings()
    brought = api.actions.exchange.Brought(
        file, Reference(crs, datum, swap), dry_run, settings.time_zone
    )
    with opening.opened(settings) as opened, api.show.progress() as progress:
        reports = api.actions.exchange.take_over(
            opened.store, brought, seal=opened.seal, by=opening.operator(), now=datetime.now(UTC),
            progress=progress,
        )  # fmt: skip
    for report in reports:
        api.show.report(report, dry_run=dry_run)
        if errors and report.refused:
            path = errors.with_stem(f"{errors.stem}-{report.kind}")
            written = sheets.write_refused(report, path)
            api.show.say(f"{written:,} refused rows are in {path}")
    if sum(report.rows for report in reports) == sum(report.refused for report in reports) > 0:
        raise BadInput("every row was refused")
