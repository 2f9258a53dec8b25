"""Plans of cells 网格方案 at the store's own machine: drafts, edits, checks, publication."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api import opening
from gis.errors import BadInput

if TYPE_CHECKING:
    import pandas as pd
    import shapely
    import sqlalchemy as sa

    from data.plans_edit import Edited
    from data.plans_publish import Published
    from gis.plan_edit import Operation

app = typer.Typer(
    name="plan",
    help="Plans of cells 网格方案: draft, edit, check, publish, look back.\n\n"
    "A draft is begun from the plan in force and changes nothing until it is published. "
    "`wangge export cells --plan NAME` writes any plan to a file.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
Name = Annotated[str, typer.Argument(help="name of the plan")]
Draft = Annotated[str, typer.Argument(help="name of the draft")]
Yes = Annotated[bool, typer.Option("--yes", help="do not ask")]
Seen = Annotated[
    int | None,
    typer.Option(help="number of edits of the draft as you saw it; refuses what others changed"),
]
Day = Annotated[datetime, typer.Option("--on", formats=["%Y-%m-%d"], help="the day")]


@contextmanager
def _opened() -> Iterator[tuple[sa.Engine, date]]:
    """The store, and the day it is by its calendar."""
    settings = opening.settings()
    with opening.opened(settings) as opened:
        yield opened.store, settings.today()


# Looking


@app.command(name="list")
def list_() -> None:
    """List the plans: state, cells, when in force; drafts with their area and edits."""
    import api.actions.plans

    with _opened() as (store, _):
        plans = api.actions.plans.known(store, by=opening.operator())
    print("name\tstate\tnumber\tcells\tfrom\tuntil\tarea\tbase\tedits\tpublish_on")
    for one in plans:
        columns = ("name", "state", "number", "cells", "valid_from", "valid_to", "area", "base",
                   "edits", "publish_on")  # fmt: skip
        print("\t".join("" if one[name] is None else str(one[name]) for name in columns))


@app.command()
def show(name: Name) -> None:
    """Show the cells of a plan with their households and ground, and the edits of a draft."""
    import api.actions.plans

    with _opened() as (store, today):
        plan, edits = api.actions.plans.shown(store, name, by=opening.operator(), today=today)
    print(f"{name} ({plan.state.label} {plan.state}): {len(plan):,} cells, version {len(edits)}")
    print("code\tname\tkind\tcommunity\thouseholds\tarea_m2")
    homes = plan.counts["households"]
    for row, count, area in zip(plan.cells.itertuples(), homes, plan.areas_m2, strict=True):
        print(f"{row.code}\t{row.name}\t{row.kind}\t{row.division_code}\t{count:.0f}\t{area:.0f}")
    for one in edits:
        words = " ".join(f"{key}={value}" for key, value in one["what"].items())
        print(
            f"edit {one['number']} {one['at']:%Y-%m-%d %H:%M} {one['actor']} {one['kind']} {words}"
        )


@app.command()
def check(
    name: Name,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="write the findings to this .geojson")
    ] = None,
) -> None:
    """Check a plan: gaps, overlaps, slivers, cells apart, buildings cut, households, codes.

    Each finding says where it is, how large, and what would mend it.
    """
    import api.actions.plans
    import gis.plan_check

    if output is not None and output.suffix.lower() != ".geojson":
        raise BadInput(f"{output.name}: findings are written as .geojson")
    with _opened() as (store, today):
        plan, _ = api.actions.plans.shown(store, name, by=opening.operator(), today=today)
    findings = gis.plan_check.check(plan)
    print("kind\tcells\tlon\tlat\tsize\tunit\tfinding")
    for one in findings:
        print(f"{one.kind}\t{' '.join(one.cells)}\t{one.lon:.6f}\t{one.lat:.6f}\t{one.size:.1f}"
              f"\t{one.unit}\t{one.sentence}")  # fmt: skip
    if output is not None:
        api.actions.plans.write_findings(findings, output)
        print(f"{len(findings):,} findings are in {output}")


@app.command()
def compare(
    one: Annotated[str, typer.Argument(help="name of a plan, such as the one in force")],
    other: Annotated[str, typer.Argument(help="name of the plan it is held against")],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="hand-over list for workers: .xlsx or .csv"),
    ] = None,
) -> None:
    """Compare two plans: cells born, ended, changed; what moves, and from whom to whom.

    Of a draft's area only that area is compared.
    """
    import api.actions.plans
    import gis.plan_compare

    if output is not None and output.suffix.lower() not in {".xlsx", ".csv"}:
        raise BadInput(f"{output.name}: a hand-over list is written as .xlsx or .csv")
    by = opening.operator()
    with _opened() as (store, today):
        found = api.actions.plans.compared(store, one, other, by=by, today=today)
        cells, moves = found.cells, found.moves
        _table(cells[cells["fate"] != "kept"].round(1))
        _table(gis.plan_compare.that_move(moves))
        _table(gis.plan_compare.totals(moves).rename_axis("kind").reset_index())
        if output is not None:
            lines = api.actions.plans.write_hand_overs(store, found, output, by=by)
            print(f"{lines:,} lines to hand over are in {output}")


def _table(frame: pd.DataFrame) -> None:
    print(frame.to_csv(sep="\t", index=False), end="\n")


@app.command(name="cell-on")
def cell_on(
    place: Annotated[str, typer.Argument(help="lon,lat in WGS-84 degrees, or the code of a cell")],
    on: Day,
) -> None:
    """Tell which cell a place was in on a day, who answered for it, what became of it since."""
    import api.actions.plans

    with _opened() as (store, _):
        found = api.actions.plans.cell_on(store, place, on.date(), by=opening.operator())
    cell = found["cell"]
    print(f"{cell['code']} {cell['name']}, {cell['community']}, by plan {found['plan']!r}")
    for post in found["posts"]:
        print(f"{post['role']}\t{post['name']}")
    for line in found["since"]:
        print(
            f"{line['on']} {line['plan']}: {line['parent']} → {line['child'] or 'no cell'} "
            f"{line['kind']}, {line['households_share']:.1%} of the households, "
            f"{line['area_share']:.1%} of the ground"
        )


# Drafting


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="what the draft is called")],
    area: Annotated[
        str | None, typer.Option(help="code of the division it is about; else everything")
    ] = None,
    source: Annotated[
        str | None, typer.Option("--from", help="plan to begin with; else the one in force")
    ] = None,
) -> None:
    """Begin a draft: a copy of the cells in force, or of another plan."""
    import api.actions.plans

    with _opened() as (store, _):
        begun = api.actions.plans.begin(
            store, name, area=area, source=source, by=opening.operator()
        )
    print(f"draft {name!r} has {begun['cells']:,} cells" + (f" of {area}" if area else ""))


@app.command()
def drop(name: Draft, yes: Yes = False) -> None:
    """Give a draft up, with all its edits."""
    import api.actions.plans

    _ask(f"Give up draft {name!r} with all its edits?", yes)
    with _opened() as (store, _):
        api.actions.plans.drop(store, name, by=opening.operator())
    print(f"draft {name!r} is gone")


@app.command()
def split(
    name: Draft,
    cell: Annotated[str, typer.Argument(help="code of the cell")],
    line: Annotated[
        str | None, typer.Option(help="'lon,lat lon,lat …' from border to border of the cell")
    ] = None,
    units: Annotated[
        str | None, typer.Option(help="codes of buildings that make the new cell, with commas")
    ] = None,
    seen: Seen = None,
) -> None:
    """Split a cell by a line, or make a new cell of some of its buildings."""
    import gis.plan_edit

    if (line is None) == (units is None):
        raise BadInput("say either --line or --units")
    operation: Operation = (
        gis.plan_edit.Split(cell, _line(line))
        if line is not None
        else gis.plan_edit.SplitUnits(cell, tuple((units or "").split(",")))
    )
    _edit(name, operation, seen)


def _line(text: str) -> shapely.LineString:
    import shapely

    import gis.coordinates

    try:
        points = [tuple(float(part) for part in one.split(",")) for one in text.split()]
    except ValueError:
        points = []
    if len(points) < 2 or any(len(one) != 2 for one in points):
        raise BadInput(f"--line {text!r}: write it as 'lon,lat lon,lat …', two points at least")
    for lon, lat in points:
        gis.coordinates.check_point(lon, lat)
    return shapely.LineString(points)


@app.command()
def merge(
    name: Draft,
    cells: Annotated[list[str], typer.Argument(help="codes of cells side by side")],
    into: Annotated[str | None, typer.Option(help="the code that stays; else most homes")] = None,
    seen: Seen = None,
) -> None:
    """Make one cell of several."""
    import gis.plan_edit

    operation = gis.plan_edit.Merge(tuple(cells), into)
    _edit(name, operation, seen)


@app.command(name="move-units")
def move_units(
    name: Draft,
    units: Annotated[list[str], typer.Argument(help="codes of buildings")],
    to: Annotated[str, typer.Option(help="code of the cell that gets them")],
    seen: Seen = None,
) -> None:
    """Hand buildings, with the ground nearest to them, to another cell."""
    import gis.plan_edit

    operation = gis.plan_edit.Hand(tuple(units), to)
    _edit(name, operation, seen)


@app.command()
def rename(
    name: Draft,
    cell: Annotated[str, typer.Argument(help="code of the cell")],
    called: Annotated[str, typer.Argument(help="its new name")],
    seen: Seen = None,
) -> None:
    """Call a cell otherwise."""
    import gis.plan_edit

    operation = gis.plan_edit.Rename(cell, called)
    _edit(name, operation, seen)


def _edit(name: str, operation: Operation, seen: int | None) -> None:
    import api.actions.plans

    with _opened() as (store, today):
        edited = api.actions.plans.edit(
            store, name, operation, by=opening.operator(), today=today, seen=seen
        )
    _say(name, edited)


@app.command()
def mend(name: Draft) -> None:
    """Apply the repairs that `check` proposes, as one edit; tell what stays and why."""
    import api.actions.plans

    with _opened() as (store, today):
        edited, left = api.actions.plans.mend(store, name, by=opening.operator(), today=today)
    for finding, why in left:
        print(f"stays\t{finding.kind}\t{' '.join(finding.cells)}\t{finding.sentence}\t{why}")
    if edited is None:
        print("nothing could be mended")
    else:
        _say(name, edited)


@app.command()
def undo(name: Draft) -> None:
    """Take back your last edit of a draft, unless somebody changed these cells later."""
    import api.actions.plans

    with _opened() as (store, _):
        _say(name, api.actions.plans.undo(store, name, by=opening.operator()))


@app.command()
def redo(name: Draft) -> None:
    """Do again what you took back last."""
    import api.actions.plans

    with _opened() as (store, _):
        _say(name, api.actions.plans.redo(store, name, by=opening.operator()))


def _say(name: str, edited: Edited) -> None:
    print(f"draft {name!r} is at version {edited.number}")
    for what in ("born", "ended", "changed"):
        codes = getattr(edited, what)
        if codes:
            print(f"{what}\t{' '.join(codes)}")


# In force


@app.command()
def publish(
    name: Draft,
    on: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="day on which it comes into force; today"),
    ] = None,
    yes: Yes = False,
) -> None:
    """Put a draft in force, with all that follows: posts, records, open cases.

    What it would do is shown first, and asked. A later day is kept: the program beside
    `wangge serve` publishes it on that day, or says in the journal why it cannot.
    """
    import api.actions.plans
    import api.show

    by = opening.operator()
    with _opened() as (store, today), api.show.progress() as progress:
        day = on.date() if on else today
        if not yes:
            _tell(
                api.actions.plans.consequences(store, name, by=by, today=today, progress=progress)
            )
            _ask(f"Publish {name!r} on {day}?", yes)
        if day != today:
            api.actions.plans.publish_on(store, name, day, by=by, today=today)
            print(f"draft {name!r} will be published on {day}")
            return
        done = api.actions.plans.publish(store, name, by=by, today=today, progress=progress)
    _tell(done)
    print(f"plan {name!r} is in force as publication {done.number}; {done.retired!r} is retired")


def _tell(coming: Published) -> None:
    for what in ("born", "ended", "changed"):
        codes = getattr(coming, what)
        print(f"{what:<12}{len(codes):>10,}  {' '.join(codes[:8])}{' …' if codes[8:] else ''}")
    for one in coming.filed:
        unplaced = one.outside + one.without_coordinates
        print(f"{one.kind:<12}{one.moved:>10,}  move to another cell; unplaced {unplaced:,}")
    print(f"{'open cases':<12}{coming.cases_moved:>10,}  get a line and move with their place")
    print(f"{'posts':<12}{coming.posts_begun:>10,}  begin, {coming.posts_ended:,} end")
    if coming.charges_idle:
        print(
            f"{'accounts':<12}{coming.charges_idle:>10,}  lose a cell that ends: give them others"
        )


def _ask(question: str, yes: bool) -> None:
    import api.show

    if not yes and not (api.show.is_interactive() and typer.confirm(question)):
        raise BadInput(f"{question} Say --yes to do it.")
