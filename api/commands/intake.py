"""Data in: import and join."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from api import opening
from gis.errors import BadInput
from gis.terms import Datum, RecordKind

if TYPE_CHECKING:
    from api.actions.sheets import Order, Report
    from api.settings import Settings
    from data.files.sheet import Sheet
    from gis.prepare import Prepared


def _pairs(values: list[str] | None, option: str) -> dict[str, str]:
    pairs = {}
    for value in values or []:
        left, equals, right = value.rpartition("=") if option == "--map" else value.partition("=")
        if not equals or not left or not right:
            raise BadInput(f"{option} {value!r}: write it as left=right")
        pairs[left] = right
    return pairs


def import_(
    kind: Annotated[RecordKind, typer.Argument(help="what the file holds")],
    file: Annotated[Path, typer.Argument(help="GeoJSON, shapefile, GeoPackage, CSV, xlsx, OSM …")],
    datum: Annotated[Datum | None, typer.Option(help="datum of its degrees")] = None,
    crs: Annotated[str | None, typer.Option(help="its coordinate system, as EPSG:4547")] = None,
    encoding: Annotated[str | None, typer.Option(help="of its text, as gbk")] = None,
    layer: Annotated[str | None, typer.Option(help="layer of a map file, sheet of a book")] = None,
    map_: Annotated[
        list[str] | None, typer.Option("--map", help="column=field; also lon, lat, wkt. Repeatable")
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="field=value for every row. Repeatable")
    ] = None,
    plan: Annotated[str | None, typer.Option(help="plan the cells go to")] = None,
    source: Annotated[
        str | None, typer.Option(help="name rows without a code are known by")
    ] = None,
    local_codes: Annotated[
        bool, typer.Option("--local-codes", help="division codes that are not the 12-digit ones")
    ] = False,
    told_on: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="day that a sheet of residents tells of; now"),
    ] = None,
    swap: Annotated[bool, typer.Option("--swap", help="exchange longitude and latitude")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="tell all, write nothing")] = False,
    reason: Annotated[str | None, typer.Option(help="why; the journal keeps it")] = None,
    errors: Annotated[
        Path | None, typer.Option(help="write refused rows here (.xlsx or .csv), to be mended")
    ] = None,
) -> None:
    """Bring a file into the store: every row checked, nothing lost, nothing half.

    Importing the same file again changes nothing. A blank never erases what the store has.
    Refused rows go to --errors with row, field, value and reason; mend them there and import
    that file with the same options. Fields of each kind: docs/import.md.
    """
    import api.show
    import data.files.guard
    import data.files.read

    mapping, constants = _pairs(map_, "--map"), _pairs(set_, "--set")
    data.files.guard.check_errors_path(errors)
    sheet = data.files.read.read(file, kind, layer=layer, encoding=encoding)

    from api.actions import sheets
    from gis.places import Reference

    settings = opening.settings()
    order = sheets.Order(
        kind, file, Reference(crs, datum, swap), mapping, constants,
        encoding, layer, plan, local_codes, dry_run, settings.time_zone, source,
        told_on and told_on.replace(tzinfo=ZoneInfo(settings.time_zone)), reason,
    )  # fmt: skip
    now = datetime.now(UTC)
    prepared = sheets.check(sheet, order, now=now)
    report = sheets.report_of(sheet, prepared, order)
    if len(prepared.frame):  # else the file alone tells all: no store is opened
        report = _import_checked(settings, sheet, prepared, order, now)
    api.show.report(report, dry_run=dry_run)
    if report.decisions:
        print(f"to decide: {report.decisions:,}; see them with: wangge register decisions")
    if errors and report.refused:
        written = sheets.write_refused(report, errors)
        api.show.say(f"{written:,} refused rows are in {errors}")
    if report.refused and report.refused == report.rows:
        raise BadInput("every row was refused")


def _import_checked(
    settings: Settings, sheet: Sheet, prepared: Prepared, order: Order, now: datetime
) -> Report:
    import api.actions.imports
    import api.show

    with opening.opened(settings) as opened, api.show.progress() as progress:
        return api.actions.imports.import_checked(
            opened.store, sheet, prepared, order, seal=opened.seal,
            by=opening.operator(), now=now, progress=progress,
        )  # fmt: skip


def join(
    plan: Annotated[str | None, typer.Option(help="plan to put in force first")] = None,
) -> None:
    """File every record again by the plan in force, or by --plan, which comes into force."""
    import api.actions.joining
    import api.show

    settings = opening.settings()
    with opening.opened(settings) as opened, api.show.progress() as progress:
        joined = api.actions.joining.join(
            opened.store,
            plan=plan,
            by=opening.operator(),
            today=settings.today(),
            progress=progress,
        )
    retired = (
        f"; plan {joined.retired!r} is retired (undo: join --plan it)" if joined.retired else ""
    )
    print(f"filed by plan {joined.plan!r}{retired}")
    for one in joined.filed:
        unplaced = one.outside + one.without_coordinates
        print(f"{one.kind:<12}{one.total:>12,}  moved {one.moved:,}  unplaced {unplaced:,}")


def template(
    kind: Annotated[RecordKind, typer.Argument(help="what the sheet is to hold")],
    output: Annotated[Path, typer.Option("-o", "--output", help="the .xlsx to write")],
) -> None:
    """Write an empty sheet to fill in: Chinese headers, lists to choose from, an example row."""
    import data.files.template
    import data.files.write

    if output.suffix.lower() != ".xlsx":
        raise BadInput(f"{output.name}: a template is an .xlsx")
    with data.files.write.whole(output) as part:
        part.write_bytes(data.files.template.workbook(kind))
    print(f"the template for {kind.value} is in {output}")
