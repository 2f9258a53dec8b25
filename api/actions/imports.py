"""导入: bring a file into the store. One import, one transaction, one journal line."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.cases
import data.db
import data.facilities
import data.grid
import data.intake
import data.journal
import data.locate
import data.register
import gis.geometry
import gis.places
import gis.prepare
from api.actions import sheets
from api.actions.sheets import Order, Report, report_of
from data.files.sheet import Sheet
from data.intake import Outcome, Target
from gis.prepare import Prepared
from gis.terms import Progress, RecordKind, quiet

__all__ = ["Order", "Report", "import_checked", "import_file", "import_sheet"]


def import_checked(
    store: sa.Engine,
    sheet: Sheet,
    prepared: Prepared,
    order: Order,
    *,
    actor: str,
    progress: Progress = quiet,
    today: date,
) -> Report:
    """Write rows that `sheets.check` let through; all or, on an error, nothing.

    Raises:
        BadInput: longitude and latitude are swapped, as the cells in force tell.
    """
    report = report_of(sheet, prepared, order)
    with data.db.transaction(store, keep=not order.dry_run) as db:
        if order.kind in data.locate.TOUCHED:
            gis.places.refuse_swapped(prepared.shapes, data.grid.extent_in_force(db))
        outcome = _WRITE[order.kind](db, prepared, order, report, today, progress)
        report.added, report.changed = outcome.added, outcome.changed
        report.unchanged = outcome.unchanged
        _journal(db, order, report, actor)
    return report


def import_sheet(
    store: sa.Engine,
    sheet: Sheet,
    order: Order,
    *,
    actor: str,
    now: datetime,
    progress: Progress = quiet,
) -> Report:
    """Check the rows of a file that was read and write them; all or, on an error, nothing.

    A file of which no row may go in leaves the store untouched, the journal too.

    Raises:
        BadInput: the file as a whole cannot be understood, in words.
    """
    prepared = sheets.check(sheet, order, now=now)
    if len(prepared.frame) == 0:  # not .empty: rows of a map file may have no column
        return report_of(sheet, prepared, order)
    return import_checked(
        store, sheet, prepared, order, actor=actor, progress=progress, today=now.date()
    )


def import_file(
    store: sa.Engine, order: Order, *, actor: str, now: datetime, progress: Progress = quiet
) -> Report:
    """Read a file and import it."""
    return import_sheet(store, sheets.read(order), order, actor=actor, now=now, progress=progress)


def _journal(db: Session, order: Order, report: Report, actor: str) -> None:
    data.journal.write(
        db,
        actor=actor,
        act="import",
        subject=str(order.kind),
        file=order.path.name,
        added=report.added,
        changed=report.changed,
        unchanged=report.unchanged,
        refused=report.refused,
        unplaced=report.unplaced,
    )


# Writing, kind by kind


def _cells(
    db: Session, prepared: Prepared, order: Order, report: Report, today: date, progress: Progress
) -> Outcome:
    plan, in_force = data.grid.plan_to_fill(db, order.plan, today=today)
    frame = prepared.frame.assign(plan_id=plan.id, geom=data.intake.ewkb(prepared.shapes))
    outcome = data.intake.write(db, data.grid.CELLS, frame, progress)
    report.plan = plan.name
    report.notes += _about_plan(db, plan, in_force, outcome)
    _judge_coverage(db, plan, report, progress)
    if in_force and outcome.added + outcome.changed:
        data.locate.refile(db, progress=progress)
    data.db.bump(db, "cells")
    return outcome


def _about_plan(db: Session, plan: Any, in_force: bool, outcome: Outcome) -> list[str]:
    notes = []
    missing = data.grid.count_cells(db, plan) - outcome.total
    if missing:
        notes.append(f"{missing:,} cells of plan {plan.name!r} are not in this file; they stay")
    if not in_force:
        notes.append(
            f"plan {plan.name!r} is a draft; put it in force with: wangge join --plan {plan.name}"
        )
    return notes


def _judge_coverage(db: Session, plan: Any, report: Report, progress: Progress) -> None:
    progress("looking for overlaps and gaps", 0, None)
    report.flaw_codes, shapes = data.grid.cell_shapes(db, plan)
    report.flaws = gis.geometry.flaws(shapes)


def _divisions(
    db: Session, prepared: Prepared, order: Order, report: Report, today: date, progress: Progress
) -> Outcome:
    frame = prepared.frame
    if prepared.has_places:
        frame = frame.assign(geom=data.intake.ewkb(prepared.shapes))
    outcome = data.intake.write(db, data.grid.DIVISIONS, frame, progress)
    orphans = data.grid.orphans(db)
    if orphans:
        report.notes.append(f"{orphans:,} divisions name a parent that is not in the table yet")
    data.db.bump(db, "divisions")
    return outcome


def _buildings(
    db: Session, prepared: Prepared, order: Order, report: Report, today: date, progress: Progress
) -> Outcome:
    frame = prepared.frame
    if sheets.has_outlines(prepared):
        frame = frame.assign(footprint=data.intake.ewkb(prepared.shapes))
    outcome = _write_placed(db, data.register.BUILDINGS, frame, prepared, report, progress)
    if outcome.changed:
        data.locate.refile(db, kinds=["dwellings"], progress=progress)
    return outcome


def _facilities(
    db: Session, prepared: Prepared, order: Order, report: Report, today: date, progress: Progress
) -> Outcome:
    target = data.facilities.FACILITIES
    return _write_placed(db, target, prepared.frame, prepared, report, progress)


def _cases(
    db: Session, prepared: Prepared, order: Order, report: Report, today: date, progress: Progress
) -> Outcome:
    return _write_placed(db, data.cases.CASES, prepared.frame, prepared, report, progress)


def _residents(
    db: Session, prepared: Prepared, order: Order, report: Report, today: date, progress: Progress
) -> Outcome:
    frame = _placed(db, prepared.frame, prepared, progress)
    outcome = data.register.settle(db, frame, progress)
    report.outside, report.without_coordinates = data.register.unplaced_of_sheet(db)
    _count_again(db, RecordKind.RESIDENTS, outcome)
    return outcome


def _write_placed(
    db: Session,
    target: Target,
    frame: pd.DataFrame,
    prepared: Prepared,
    report: Report,
    progress: Progress,
) -> Outcome:
    frame = _placed(db, frame, prepared, progress)
    outcome = data.intake.write(db, target, frame, progress)
    report.without_coordinates = int(frame["geom"].isna().sum())
    report.outside = int(frame["cell_id"].isna().sum()) - report.without_coordinates
    _count_again(db, report.kind, outcome)
    return outcome


def _placed(
    db: Session, frame: pd.DataFrame, prepared: Prepared, progress: Progress
) -> pd.DataFrame:
    """Add the place, as a point, and the cell in force."""
    progress("filing records into cells", 0, len(frame))
    points = gis.prepare.as_points(prepared.shapes)
    cells = data.locate.cells_of(db, points)
    progress("filing records into cells", len(frame), len(frame))
    cell_id = pd.Series(cells, index=frame.index).astype("Int64")
    return frame.assign(geom=data.intake.ewkb_of_points(points), cell_id=cell_id)


def _count_again(db: Session, kind: RecordKind, outcome: Outcome) -> None:
    if outcome.added + outcome.changed == 0:
        return
    touched = data.locate.TOUCHED[kind]
    data.locate.tally(db, touched)
    data.db.bump(db, "cells", *touched)


_WRITE = {
    RecordKind.CELLS: _cells,
    RecordKind.DIVISIONS: _divisions,
    RecordKind.BUILDINGS: _buildings,
    RecordKind.RESIDENTS: _residents,
    RecordKind.FACILITIES: _facilities,
    RecordKind.CASES: _cases,
}
