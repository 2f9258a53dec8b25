"""导入: bring a file into the store. One import, one transaction, one journal line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.calendar
import data.care_sheet
import data.case_sheet
import data.catalogue
import data.community_sheet
import data.db
import data.duty_sheets
import data.facilities
import data.grid
import data.intake
import data.journal
import data.locate
import data.register
import data.register_edit
import data.register_sheets
import data.scope
import gis.duty_sheet
import gis.geometry
import gis.places
import gis.prepare
import gis.register
import gis.rows
from api.actions import sheets
from api.actions.sheets import Order, Report, report_of
from data.files.sheet import Sheet
from data.intake import Outcome, Target
from data.register import Brought
from data.seal import Seal
from gis.access import Viewer
from gis.errors import BadInput, NotAllowed
from gis.prepare import Prepared
from gis.terms import Progress, RecordKind, quiet

__all__ = ["Order", "Report", "import_checked", "import_file", "import_sheet"]


def import_checked(
    store: sa.Engine,
    sheet: Sheet,
    prepared: Prepared,
    order: Order,
    *,
    seal: Seal,
    by: Viewer,
    now: datetime,
    progress: Progress = quiet,
) -> Report:
    """Write rows that `sheets.check` let through; all or, on an error, nothing.

    Raises:
        BadInput: longitude and latitude are swapped, as the cells in force tell.
    """
    report = report_of(sheet, prepared, order)
    with data.scope.transaction(store, by, keep=not order.dry_run) as db:
        if order.kind in data.locate.TOUCHED:
            gis.places.refuse_swapped(prepared.shapes, data.grid.extent_in_force(db))
        work = Work(db, prepared, order, report, seal, by, now, progress)
        outcome = _WRITE[order.kind](work)
        report.added, report.changed = outcome.added, outcome.changed
        report.unchanged = outcome.unchanged
        _journal(db, order, report, by)
    return report


def import_sheet(
    store: sa.Engine,
    sheet: Sheet,
    order: Order,
    *,
    seal: Seal,
    by: Viewer,
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
        store, sheet, prepared, order, seal=seal, by=by, now=now, progress=progress
    )


def import_file(
    store: sa.Engine,
    order: Order,
    *,
    seal: Seal,
    by: Viewer,
    now: datetime,
    progress: Progress = quiet,
) -> Report:
    """Read a file and import it."""
    sheet = sheets.read(order)
    return import_sheet(store, sheet, order, seal=seal, by=by, now=now, progress=progress)


def _journal(db: Session, order: Order, report: Report, by: Viewer) -> None:
    data.journal.write(
        db,
        actor=by.login,
        act="import",
        subject=str(order.kind),
        file=order.known_as,
        rows=report.rows,
        added=report.added,
        changed=report.changed,
        unchanged=report.unchanged,
        decisions=report.decisions,
        refused=report.refused,
        unplaced=report.unplaced,
        scope=data.journal.charge_of(by),
        reason=order.reason,
    )


# Writing, kind by kind


@dataclass(frozen=True)
class Work:
    """What writing needs: the rows that may go in, and the report it fills."""

    db: Session
    prepared: Prepared
    order: Order
    report: Report
    seal: Seal
    by: Viewer
    now: datetime
    progress: Progress = quiet


def _cells(work: Work) -> Outcome:
    db, report, prepared = work.db, work.report, work.prepared
    plan, in_force = data.grid.plan_to_fill(db, work.order.plan, today=work.now.date())
    frame = prepared.frame.assign(plan_id=plan.id, geom=data.intake.ewkb(prepared.shapes))
    outcome = data.intake.write(db, data.grid.CELLS, frame, work.progress)
    report.plan = plan.name
    report.notes += _about_plan(db, plan, in_force, outcome)
    _judge_coverage(db, plan, report, work.progress)
    data.grid.number_areas(db)
    if in_force and outcome.added + outcome.changed:
        data.locate.refile(db, progress=work.progress)
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


def _divisions(work: Work) -> Outcome:
    db, frame = work.db, work.prepared.frame
    if work.prepared.has_places:
        frame = frame.assign(geom=data.intake.ewkb(work.prepared.shapes))
    outcome = data.intake.write(db, data.grid.DIVISIONS, frame, work.progress)
    orphans = data.grid.orphans(db)
    if orphans:
        work.report.notes.append(
            f"{orphans:,} divisions name a parent that is not in the table yet"
        )
    data.db.bump(db, "divisions")
    return outcome


def _buildings(work: Work) -> Outcome:
    frame = work.prepared.frame
    if sheets.has_outlines(work.prepared):
        frame = frame.assign(footprint=data.intake.ewkb(work.prepared.shapes))
    outcome = _write_placed(work, data.register.BUILDINGS, frame)
    if outcome.changed:
        data.locate.refile(work.db, kinds=["dwellings"], progress=work.progress)
    return outcome


def _facilities(work: Work) -> Outcome:
    return _write_placed(work, data.facilities.FACILITIES, work.prepared.frame)


def _cases(work: Work) -> Outcome:
    frame = _placed(work, work.prepared.frame)
    outcome = data.case_sheet.write(
        work.db, frame, by=work.by, now=work.now, progress=work.progress
    )
    return _told_places(work, frame, outcome)


def _catalogue(work: Work) -> Outcome:
    classes, conditions = data.catalogue.write(work.db, work.prepared.frame)
    work.report.notes.append(f"classes: {classes.added:,} added, {classes.changed:,} changed")
    return conditions


def _calendar(work: Work) -> Outcome:
    return data.calendar.write(work.db, work.prepared.frame)


def _duty(work: Work) -> Outcome:
    found, unknown = data.duty_sheets.resolve(work.db, work.prepared.frame)
    work.report.refuse(unknown)
    found = found[~found.index.isin(unknown["row"])]
    outcome, repeated = data.duty_sheets.write(work.db, work.order.kind, found)
    work.report.refuse(repeated)
    return outcome


def _members(work: Work) -> Outcome:
    found, unknown = data.duty_sheets.resolve(work.db, _placed(work, work.prepared.frame))
    work.report.refuse(unknown)
    found = found[~found.index.isin(unknown["row"])]
    outcome, repeated = data.duty_sheets.write_members(work.db, found, seal=work.seal)
    work.report.refuse(repeated)
    return outcome


def _care(work: Work) -> Outcome:
    frame, zone = work.prepared.frame, work.order.time_zone
    outcome, refused = data.care_sheet.write(
        work.db, frame, seal=work.seal, today=work.now.astimezone(ZoneInfo(zone)).date(), zone=zone
    )
    work.report.refuse(_told_refusals(refused, frame))
    return outcome


def _guides(work: Work) -> Outcome:
    outcome, refused = data.community_sheet.write(work.db, work.prepared.frame)
    work.report.refuse(refused)
    return outcome


def _residents(work: Work) -> Outcome:
    db, order, report = work.db, work.order, work.report
    assert report.sheet is not None
    content = data.register_sheets.content_of(report.sheet.frame, work.seal)
    mends = report.source if report.source != order.known_as else None
    first_told = data.register_sheets.first_told(db, content, mends=mends)
    told_at = order.told_at or first_told or work.now
    if told_at > work.now:
        raise BadInput(f"the sheet cannot tell of {told_at:%Y-%m-%d}, which is still to come")
    report.sheet_id = data.register_sheets.note(
        db, order.known_as, by=work.by, told_at=told_at, content=content
    )
    outcome = write_residents(work, Brought(work.by, report.sheet_id, told_at))
    if mends is not None:
        data.register_sheets.mended_elsewhere(db, mends, _first_rows(work))
    numbers = {name: getattr(report, name) for name in ("rows", "decisions", "refused")}
    data.register_sheets.report(db, report.sheet_id, {**vars(outcome), **numbers})
    rows = sheets.refused_rows(report, order)
    data.register_sheets.keep_rows(db, report.sheet_id, rows, seal=work.seal, by=work.by)
    return outcome


def _first_rows(work: Work) -> list[int]:
    """The row numbers, in the first file, of the rows of an errors file that went in."""
    assert work.report.sheet is not None
    came = work.report.sheet.frame.get(gis.rows.ERRORS_COLUMNS[0])
    if came is None:
        return []
    went = came.drop(index=[*work.report.faults["row"].unique()], errors="ignore")
    return [int(row) for row in pd.to_numeric(went, errors="coerce").dropna()]


def write_residents(work: Work, brought: Brought) -> Outcome:
    """Write the rows of a sheet that may go in; tell in the report what became of them."""
    prepared, report = work.prepared, work.report
    if len(prepared.frame) == 0:
        return Outcome(0, 0, 0)
    equal, differing = gis.register.repeats(prepared.frame)
    frame = _placed(work, prepared.frame).drop(index=equal.index)
    frame = frame.assign(twice_of=differing.reindex(frame.index).astype("Int64"))
    settled = data.register.settle(work.db, frame, work.seal, brought, work.progress)
    _refuse_fishing(settled.refused, brought.by)
    report.decisions = settled.decisions
    refused = settled.refused | {
        row: (settled.refused[first][0], f"repeats row {first}: {settled.refused[first][1]}")
        for row, first in equal.to_dict().items()
        if first in settled.refused
    }
    report.refuse(_told_refusals(refused, prepared.frame))
    report.outside, report.without_coordinates = settled.outside, settled.nowhere
    if len(equal):
        report.notes.append(_about_equal(equal))
    _count_again(work, settled.outcome)
    done = settled.outcome
    repeated = len(equal) - (len(refused) - len(settled.refused))
    return Outcome(done.added, done.changed, done.unchanged + repeated)


MOST_ELSEWHERE = 5
"""A sheet of one's own people names so many, at most, that are registered in other areas."""


def _refuse_fishing(refused: Mapping[Any, tuple[str, str]], by: Viewer) -> None:
    """Refuse a sheet that would tell of many ids whether they are in the register elsewhere."""
    elsewhere = sum(reason == data.register_edit.ELSEWHERE for _, reason in refused.values())
    if elsewhere > MOST_ELSEWHERE and not (by.is_operator or by.scope.is_everything):
        raise NotAllowed(
            f"more than {MOST_ELSEWHERE} ids of this sheet are registered in other areas; ask your "
            "street to bring it. Nothing was written "
            "(此表中有多人已在其他区域登记，请由街道导入；没有写入任何内容)"
        )


def _told_refusals(refused: Mapping[Any, tuple[str, str]], frame: pd.DataFrame) -> pd.DataFrame:
    told = [
        (row, field, str(frame.at[row, field] or ""), reason)
        for row, (field, reason) in refused.items()
    ]
    return pd.DataFrame(told, columns=["row", "field", "value", "reason"])


def _about_equal(equal: pd.Series) -> str:
    shown = ", ".join(f"{row} (as {first})" for row, first in equal.head(10).items())
    more = " …" if len(equal) > 10 else ""
    return f"{len(equal):,} rows only repeat an earlier row of the sheet: {shown}{more}"


def _write_placed(work: Work, target: Target, frame: pd.DataFrame) -> Outcome:
    frame = _placed(work, frame)
    outcome = data.intake.write(work.db, target, frame, work.progress)
    return _told_places(work, frame, outcome)


def _told_places(work: Work, frame: pd.DataFrame, outcome: Outcome) -> Outcome:
    """Tell in the report which rows no cell holds, and count again what stands in each."""
    report = work.report
    report.without_coordinates = int(frame["geom"].isna().sum())
    report.outside = int(frame["cell_id"].isna().sum()) - report.without_coordinates
    _count_again(work, outcome)
    return outcome


def _placed(work: Work, frame: pd.DataFrame) -> pd.DataFrame:
    """Add the place, as a point, and the cell in force."""
    work.progress("filing records into cells", 0, len(frame))
    points = gis.prepare.as_points(work.prepared.shapes)
    held = data.locate.cells_of(work.db, points)
    work.progress("filing records into cells", len(frame), len(frame))
    cell_id = pd.Series(held.cell_id, index=frame.index).astype("Int64")
    geom = data.intake.ewkb_of_points(points)
    return frame.assign(geom=geom, cell_id=cell_id, area_no=held.area_no)


def _count_again(work: Work, outcome: Outcome) -> None:
    if outcome.added + outcome.changed == 0:
        return
    touched = data.locate.TOUCHED[work.order.kind]
    data.locate.tally(work.db, touched)
    data.db.bump(work.db, "cells", *touched)


_WRITE = {
    RecordKind.CELLS: _cells,
    RecordKind.DIVISIONS: _divisions,
    RecordKind.BUILDINGS: _buildings,
    RecordKind.RESIDENTS: _residents,
    RecordKind.FACILITIES: _facilities,
    RecordKind.CASES: _cases,
    RecordKind.CATALOGUE: _catalogue,
    RecordKind.CALENDAR: _calendar,
    RecordKind.CARE: _care,
    RecordKind.GUIDES: _guides,
    **dict.fromkeys(gis.duty_sheet.KINDS, _duty),
    RecordKind.MEMBERS: _members,
}
