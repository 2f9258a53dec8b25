"""Open311: keys for organisations, names of jurisdictions, what anybody is told of."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from api import opening
from gis.errors import BadInput

app = typer.Typer(
    name="open311",
    help="Open311 GeoReport v2: who may report by it, and what it tells anybody.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
Services = Annotated[list[str] | None, typer.Argument(help="as event-0113; none: only list them")]


@app.command()
def key(
    label: Annotated[str, typer.Argument(help="whose it is; stands in the history of its cases")],
    jurisdiction: Annotated[str, typer.Option(help="the only jurisdiction_id it is good for")] = "",
    per_hour: Annotated[int, typer.Option(min=1, max=1_000_000, help="reports in an hour")] = 300,
) -> None:
    """Make an api_key; it is shown this once, and only its digest is kept."""
    import api.actions.open311
    import api.show

    with opening.opened(opening.settings()) as opened:
        number, told = api.actions.open311.add_key(
            opened.store, label, jurisdiction=jurisdiction, per_hour=per_hour,
            by=opening.operator(),
        )  # fmt: skip
    api.show.say(f"key {number} for {label}: it is not shown again")
    print(told)


@app.command()
def keys() -> None:
    """List the keys: whose, for where, at what pace, how many reports came by each."""
    import api.actions.open311

    with opening.opened(opening.settings()) as opened:
        found = api.actions.open311.keys(opened.store, by=opening.operator())
    for one in found:
        over = f"\trevoked {one['revoked_at']:%Y-%m-%d}" if one["revoked_at"] else ""
        where = one["jurisdiction"] or "any"
        print(
            f"{one['id']}\t{one['label']}\t{where}\t{one['per_hour']}/h\t{one['sent']:,} reports"
            + over
        )


@app.command()
def revoke(number: Annotated[int, typer.Argument(min=1)]) -> None:
    """End a key at once; the cases that came by it stay."""
    import api.actions.open311

    with opening.opened(opening.settings()) as opened:
        label = api.actions.open311.revoke_key(opened.store, number, by=opening.operator())
    print(f"key {number} of {label} is revoked")


@app.command()
def jurisdiction(
    name: Annotated[str, typer.Argument(help="the jurisdiction_id, as city.gov.cn")],
    area: Annotated[str | None, typer.Option(help="code of a division; the city without")] = None,
) -> None:
    """Name the city, or a division of it; divisions are also known by their codes."""
    import api.actions.open311

    with opening.opened(opening.settings()) as opened:
        api.actions.open311.name_jurisdiction(opened.store, name, area, by=opening.operator())
    print(f"{name} is {area or 'the whole city'}")


@app.command()
def publish(services: Services = None) -> None:
    """Tell anybody of the cases of these services: place, state, dates; never words or persons."""
    _publish(services, public=True)


@app.command()
def unpublish(services: Services = None) -> None:
    """Tell of them no more."""
    _publish(services, public=False)


def _publish(services: list[str] | None, *, public: bool) -> None:
    import api.actions.open311
    import api.show

    with opening.opened(opening.settings()) as opened:
        told = api.actions.open311.publish(
            opened.store, services or [], public=public, by=opening.operator()
        )
    for kind, code in told:
        print(f"{kind}-{code}")
    if not told:
        api.show.say("no class is published: anybody is told of a case by its id only")


@app.command(name="import")
def import_(
    path: Annotated[Path, typer.Argument(help="a .json or .xml of GET requests, or a folder")],
    source: Annotated[str, typer.Option(help="whose they are; begins the codes of the cases")],
    classes: Annotated[
        Path | None, typer.Option(help="a CSV that says which class each service is here")
    ] = None,
    propose: Annotated[
        Path | None, typer.Option(help="write such a CSV, with a proposal, and stop")
    ] = None,
    other: Annotated[str, typer.Option(help="the class of all other services, event-0113")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="tell all, write nothing")] = False,
    errors: Annotated[
        Path | None, typer.Option(help="write refused requests here (.xlsx or .csv)")
    ] = None,
) -> None:
    """Bring another city's requests as cases, each id once, in its latest state.

    A service that is none of our classes is refused until --classes or --other says what it is.
    The same files again change nothing.
    """
    import api.actions.open311_import
    import api.show
    import data.files.guard
    import data.files.write
    import data.open311_sheet
    from api.actions import sheets

    data.files.guard.check_errors_path(errors)
    told = data.open311_sheet.read_classes(classes) if classes else {}
    foreign = api.actions.open311_import.Foreign(
        path, data.open311_sheet.check_source(source), told, other, dry_run,
        (settings := opening.settings()).time_zone,
    )  # fmt: skip
    sheet = data.open311_sheet.read(path)
    with opening.opened(settings) as opened, api.show.progress() as progress:
        if propose is not None:
            table = api.actions.open311_import.propose(opened.store, sheet, by=opening.operator())
            with data.files.write.whole(propose) as part:
                table.to_csv(part, index=False)
            open_ = int((table["class"] == "").sum())
            print(f"{len(table):,} services are in {propose}; {open_:,} wait for a class")
            return
        report = api.actions.open311_import.bring(
            opened.store, sheet, foreign, seal=opened.seal, by=opening.operator(),
            now=datetime.now(UTC), progress=progress,
        )  # fmt: skip
    api.show.report(report, dry_run=dry_run)
    if errors and report.refused:
        written = sheets.write_refused(report, errors)
        api.show.say(f"{written:,} refused requests are in {errors}")
    if report.refused and not report.added + report.changed + report.unchanged:
        raise BadInput("every request was refused")
