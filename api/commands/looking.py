"""Looking: locate, unplaced, export, check."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from api import opening
from gis.errors import BadInput
from gis.terms import Datum

DatumOption = Annotated[
    Datum, typer.Option(help="datum of the degrees: wgs84, cgcs2000, gcj02 or bd09")
]
AreaOption = Annotated[
    str | None, typer.Option(help="code of a cell or of a division, or its leading digits")
]


def locate(
    lon: Annotated[float, typer.Argument(help="longitude in degrees")],
    lat: Annotated[float, typer.Argument(help="latitude in degrees")],
    datum: DatumOption = Datum.WGS84,
    accuracy_m: Annotated[float, typer.Option(help="accuracy of the position in metres")] = 0.0,
) -> None:
    """Tell in which cell a point is, who is posted there, and other cells within the accuracy."""
    import api.show
    import data.db
    import data.grid
    import data.locate_point
    from gis import coordinates

    coordinates.check_point(lon, lat)
    asked = data.locate_point.question(
        *coordinates.convert_point(lon, lat, source=datum), accuracy_m=accuracy_m
    )
    with (
        opening.opened(opening.settings()) as opened,
        data.db.transaction(opened.store, keep=False) as db,
    ):
        answer = data.locate_point.at_once(db, asked)
        api.show.where(answer, has_plan=data.grid.plan_in_force(db) is not None)


def unplaced(
    kind: Annotated[
        str | None, typer.Option(help="buildings, dwellings, facilities or cases")
    ] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help=".csv or .xlsx")] = None,
) -> None:
    """List the records that no cell holds, and why."""
    import pandas as pd

    import data.db
    import data.files.write
    import data.locate

    if kind is not None and kind not in data.locate.TABLES:
        raise BadInput(f"--kind {kind}: choose from {', '.join(data.locate.TABLES)}")
    with (
        opening.opened(opening.settings()) as opened,
        data.db.transaction(opened.store, keep=False) as db,
    ):
        rows = pd.DataFrame(
            data.locate.unplaced(db, kind=kind), columns=list(data.locate.UNPLACED_COLUMNS)
        )
    if output:
        data.files.write.write_table(data.files.write.harmless(rows), output)
        print(f"{len(rows):,} unplaced records are in {output}")
    else:
        rows.to_csv(sys.stdout, index=False)


def export(
    kind: Annotated[
        str, typer.Argument(help="cells, facilities, cases, dwellings, statistics, residents")
    ],
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            help="format by suffix: .geojson .geojsonl .gpkg .fgb .parquet .shp.zip .csv .xlsx",
        ),
    ],
    area: AreaOption = None,
    plan: Annotated[str | None, typer.Option(help="by the cells of this plan")] = None,
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="as it was on this day")
    ] = None,
    crs: Annotated[
        str | None, typer.Option(help="coordinate system to write, as EPSG:4547")
    ] = None,
    datum: DatumOption = Datum.WGS84,
    by: Annotated[str, typer.Option(help="statistics by cell, community or street")] = "cell",
    in_chinese: Annotated[
        bool, typer.Option("--in-chinese", help="Chinese column headings, of .xlsx")
    ] = False,
    reason: Annotated[
        str | None, typer.Option(help="why; the journal keeps it. Residents need one")
    ] = None,
    unmasked: Annotated[
        bool, typer.Option("--unmasked", help="residents with clear names, ids and phones")
    ] = False,
) -> None:
    """Write cells, records or counts to a file.

    Residents leave masked, with a watermark row first and last, and only for a --reason.
    """
    import api.actions.exports
    import api.show
    import data.exports
    import data.files.write
    from api.actions.exports import Shape, Taking

    kinds = (*data.exports.KINDS, data.exports.PERSONS)
    if kind not in kinds:
        raise BadInput(f"{kind!r} is not exported; choose from {', '.join(kinds)}")
    if unmasked and kind != data.exports.PERSONS:
        raise BadInput(f"--unmasked: {kind} hold no masks")
    shape = Shape(datum, crs, in_chinese)
    api.actions.exports.target_crs(shape, data.files.write.suffix_of(output.name))
    settings = opening.settings()
    now = datetime.now(ZoneInfo(settings.time_zone))
    day = as_of.date() if as_of else None
    wanted = data.exports.Wanted(kind, area, plan, day, settings.time_zone, by)
    with opening.opened(settings) as opened, api.show.progress() as progress:
        if kind == data.exports.PERSONS:
            count = api.actions.exports.export_persons(
                opened.store, wanted, output, shape, Taking(reason or "", now, unmasked),
                by=opening.operator(), seal=opened.seal, progress=progress,
            )  # fmt: skip
        else:
            count = api.actions.exports.export_file(
                opened.store, wanted, output, shape, by=opening.operator(), today=now.date(),
                reason=reason, progress=progress,
            )  # fmt: skip
    why = "" if count else " (the area has none, or no plan is in force)"
    print(f"{count:,} {kind} are in {output}{why}")


def check() -> None:
    """Check the store: each line says what was found, and what to do if it is not well."""
    import api.actions.checks
    import api.show

    settings = opening.settings()
    with opening.opened(settings) as opened:
        home = None if settings.database_url else settings.home
        findings = api.actions.checks.run(opened.store, home=home)
    for one in findings:
        sign = {True: "ok  ", None: "note", False: "FAIL"}[one.ok]
        print(f"{sign}  {one.name}: {one.said}")
        if one.advice:
            print(f"      → {one.advice}")
    if any(one.ok is False for one in findings):
        raise typer.Exit(1)
