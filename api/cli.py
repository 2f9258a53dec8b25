"""The command line. Each command reads its words, calls one act and shows what came of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gis.errors import BadInput, WanggeError
from gis.terms import Datum, RecordKind

if TYPE_CHECKING:
    from api.actions.sheets import Order, Report
    from api.running import Opened
    from api.settings import Settings
    from data.files.sheet import Sheet
    from gis.access import Viewer
    from gis.prepare import Prepared

app = typer.Typer(
    name="wangge",
    help="Wangge 网格: run a city by small cells and the network of people behind them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Settings come from the environment: WANGGE_HOME, WANGGE_DATABASE_URL, WANGGE_PORT, "
    "WANGGE_BASEMAP … (docs/settings.md).",
)
ROOT = Path(__file__).resolve().parent.parent

DatumOption = Annotated[
    Datum, typer.Option(help="datum of the degrees: wgs84, cgcs2000, gcj02 or bd09")
]
AreaOption = Annotated[str | None, typer.Option(help="code of a cell or of a division")]


def main() -> None:
    """Run a command; a refusal is one sentence and exit code 2, never a stack trace."""
    import gc

    import api.show

    gc.set_threshold(100_000)  # large rooms are loaded: many objects, no garbage
    try:
        app()
    except WanggeError as error:
        api.show.refusal(str(error))
        sys.exit(2)
    except KeyboardInterrupt:
        api.show.say("stopped")
        sys.exit(130)
    except Exception as error:
        if os.environ.get("WANGGE_DEBUG"):
            raise
        api.show.refusal(
            f"this should not have happened: {type(error).__name__}: {error}. "
            "Nothing was half written. Say WANGGE_DEBUG=1 to see where."
        )
        sys.exit(1)


def _settings(**given: object) -> Settings:
    from pydantic import ValidationError

    from api.settings import Settings

    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        faults = [f"WANGGE_{str(f['loc'][0]).upper()}: {f['msg']}" for f in error.errors()]
        raise BadInput("; ".join(faults)) from error


@contextmanager
def _opened(settings: Settings, *, supervise: bool = False) -> Iterator[Opened]:
    import api.running
    import api.show

    api.running.stop_on_sigterm()
    with api.running.opened(settings, say=api.show.say, supervise=supervise) as opened:
        yield opened


def _operator() -> Viewer:
    import getpass

    from gis.access import operator

    try:
        return operator(f"cli:{getpass.getuser()}")
    except (KeyError, OSError):
        return operator("cli")


# Serving

PortOption = Annotated[int | None, typer.Option(help="port to serve on (default 8000; 0: any)")]


@app.command()
def demo(
    port: PortOption = None,
    size: Annotated[
        str, typer.Option(help="small (60 cells), district (1,000) or city (20,000)")
    ] = "small",
    reset: Annotated[bool, typer.Option("--reset", help="load the town anew")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask before deleting")] = False,
) -> None:
    """Load the invented demo town, once, and serve it."""
    import api.actions.demo
    import api.show

    settings = _settings(port=port)
    with _opened(settings, supervise=True) as opened:
        if reset:
            _confirm_reset(opened, yes)
            api.actions.demo.reset(opened.store)
        with api.show.progress() as progress:
            said = api.actions.demo.load_once(
                opened.store, seal=opened.seal, size=size, today=date.today(), progress=progress
            )
        api.show.say(said)
        _serve(settings, opened)


def _confirm_reset(opened: Opened, yes: bool) -> None:
    import api.actions.demo
    import api.show

    lost = api.actions.demo.would_lose(opened.store)
    if not lost or yes:
        return
    question = f"--reset deletes everything in this store, also {lost}. Delete it?"
    if not (api.show.is_interactive() and typer.confirm(question)):
        raise BadInput(f"{question} Say --yes to do it.")


@app.command()
def serve(port: PortOption = None) -> None:
    """Serve the map and the layers over the store as it is."""
    settings = _settings(port=port)
    with _opened(settings, supervise=True) as opened:
        _serve(settings, opened)


def _serve(settings: Settings, opened: Opened) -> None:
    import api.running

    api.running.serve(settings, opened, ready=lambda url: print(f"ready {url}", flush=True))


# Data in


def _pairs(values: list[str] | None, option: str) -> dict[str, str]:
    pairs = {}
    for value in values or []:
        left, equals, right = value.rpartition("=") if option == "--map" else value.partition("=")
        if not equals or not left or not right:
            raise BadInput(f"{option} {value!r}: write it as left=right")
        pairs[left] = right
    return pairs


@app.command(name="import")
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
    swap: Annotated[bool, typer.Option("--swap", help="exchange longitude and latitude")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="tell all, write nothing")] = False,
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

    settings = _settings()
    order = sheets.Order(
        kind, file, Reference(crs, datum, swap), mapping, constants,
        encoding, layer, plan, local_codes, dry_run, settings.time_zone, source,
    )  # fmt: skip
    now = datetime.now(UTC)
    prepared = sheets.check(sheet, order, now=now)
    report = sheets.report_of(sheet, prepared, order)
    if len(prepared.frame):  # else the file alone tells all: no store is opened
        report = _import_checked(settings, sheet, prepared, order, now)
    api.show.report(report, dry_run=dry_run)
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

    with _opened(settings) as opened, api.show.progress() as progress:
        return api.actions.imports.import_checked(
            opened.store, sheet, prepared, order, seal=opened.seal,
            by=_operator(), today=now.date(), progress=progress,
        )  # fmt: skip


@app.command()
def join(
    plan: Annotated[str | None, typer.Option(help="plan to put in force first")] = None,
) -> None:
    """File every record again by the plan in force, or by --plan, which comes into force."""
    import api.actions.joining
    import api.show

    with _opened(_settings()) as opened, api.show.progress() as progress:
        joined = api.actions.joining.join(
            opened.store, plan=plan, by=_operator(), today=date.today(), progress=progress
        )
    retired = (
        f"; plan {joined.retired!r} is retired (undo: join --plan it)" if joined.retired else ""
    )
    print(f"filed by plan {joined.plan!r}{retired}")
    for one in joined.filed:
        unplaced = one.outside + one.without_coordinates
        print(f"{one.kind:<12}{one.total:>12,}  moved {one.moved:,}  unplaced {unplaced:,}")


# Looking


@app.command(context_settings={"ignore_unknown_options": True})  # -87.6 is no option
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
    import data.locate
    from gis import coordinates

    coordinates.check_point(lon, lat)
    asked = data.locate.question(
        *coordinates.convert_point(lon, lat, source=datum), accuracy_m=accuracy_m
    )
    with _opened(_settings()) as opened, data.db.transaction(opened.store, keep=False) as db:
        answer = data.locate.at_once(db, asked)
        api.show.where(answer, has_plan=data.grid.plan_in_force(db) is not None)


@app.command()
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
    with _opened(_settings()) as opened, data.db.transaction(opened.store, keep=False) as db:
        rows = pd.DataFrame(
            data.locate.unplaced(db, kind=kind), columns=list(data.locate.UNPLACED_COLUMNS)
        )
    if output:
        data.files.write.write_table(data.files.write.harmless(rows), output)
        print(f"{len(rows):,} unplaced records are in {output}")
    else:
        rows.to_csv(sys.stdout, index=False)


@app.command()
def export(
    kind: Annotated[str, typer.Argument(help="cells, facilities, cases, dwellings, statistics")],
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
) -> None:
    """Write cells, records or counts to a file. Residents leave only as counts per cell."""
    import api.actions.exports
    import api.show
    import data.exports
    import data.files.write
    from api.actions.exports import Shape

    if kind not in data.exports.KINDS:
        raise BadInput(f"{kind!r} is not exported; choose from {', '.join(data.exports.KINDS)}")
    shape = Shape(datum, crs)
    api.actions.exports.target_crs(shape, data.files.write.suffix_of(output.name))
    settings = _settings()
    day = as_of.date() if as_of else None
    wanted = data.exports.Wanted(kind, area, plan, day, settings.time_zone)
    with _opened(settings) as opened, api.show.progress() as progress:
        count = api.actions.exports.export_file(
            opened.store, wanted, output, shape,
            by=_operator(), today=date.today(), progress=progress,
        )  # fmt: skip
    why = "" if count else " (the area has none, or no plan is in force)"
    print(f"{count:,} {kind} are in {output}{why}")


@app.command()
def check() -> None:
    """Check the store: each line says what was found, and what to do if it is not well."""
    import api.actions.checks
    import api.show

    settings = _settings()
    with _opened(settings) as opened:
        home = None if settings.database_url else settings.home
        findings = api.actions.checks.run(opened.store, home=home)
    for one in findings:
        sign = {True: "ok  ", None: "note", False: "FAIL"}[one.ok]
        print(f"{sign}  {one.name}: {one.said}")
        if one.advice:
            print(f"      → {one.advice}")
    if any(one.ok is False for one in findings):
        raise typer.Exit(1)


# Developing


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def test(context: typer.Context) -> None:
    """Run all tests; further words go to pytest."""
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *context.args])


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def bench(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="which one; without a name they are listed")] = "",
) -> None:
    """Run a benchmark beside its peers; --json ends it with one line of plain numbers."""
    names = sorted(path.stem for path in (ROOT / "bench").glob("[!_]*.py"))
    if name not in names:
        raise BadInput(f"{name!r} is no benchmark; there are: {', '.join(names)}")
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, "-m", f"bench.{name}", *context.args])
