"""导入: bring a file into the store. One import, one transaction, one journal line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.cases
import data.db
import data.facilities
import data.files.read
import data.files.write
import data.grid
import data.intake
import data.journal
import data.locate
import data.register
import gis.cases
import gis.facilities
import gis.geometry
import gis.grid
import gis.prepare
import gis.register
import gis.rows
from data.files.sheet import Sheet
from data.intake import Outcome, Target
from gis.errors import BadInput
from gis.geometry import Flaw
from gis.places import Reference
from gis.prepare import Prepared
from gis.rows import Field
from gis.terms import Progress, RecordKind, quiet


@dataclass(frozen=True)
class Order:
    """What is to be imported, and what its bringer says of it."""

    kind: RecordKind
    path: Path
    reference: Reference = field(default_factory=Reference)
    mapping: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None
    layer: str | None = None
    plan: str | None = None
    local_codes: bool = False
    dry_run: bool = False
    time_zone: str = "Asia/Shanghai"
    source: str | None = None

    @property
    def known_as(self) -> str:
        """What rows without a code are known under; the file's name unless told."""
        return self.source or self.path.name


@dataclass
class Report:
    """What an import did, or with a dry run would have done.

    `faults` has the columns row, field, value, reason; `flaws` are overlaps and gaps of the plan.
    """

    kind: RecordKind
    format: str
    rows: int
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    outside: int = 0
    without_coordinates: int = 0
    plan: str | None = None
    mended: list[tuple[int, float]] = field(default_factory=list)
    flaws: list[Flaw] = field(default_factory=list)
    flaw_codes: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    faults: pd.DataFrame = field(default_factory=gis.rows.no_faults)
    sheet: Sheet | None = None

    @property
    def unplaced(self) -> int:
        """Rows that no cell holds: outside all cells, or without coordinates."""
        return self.outside + self.without_coordinates


def read(order: Order) -> Sheet:
    """Read the file of `order`; needs no store, so a hostile file meets nothing else.

    Raises:
        BadInput, TooLarge, NotFound: the file as a whole is refused, in words.
    """
    return data.files.read.read(order.path, order.kind, layer=order.layer, encoding=order.encoding)


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

    Raises:
        BadInput: the file as a whole cannot be understood, in words.
    """
    with data.db.transaction(store, keep=not order.dry_run) as db:
        progress("checking rows", 0, len(sheet.frame))
        prepared = _prepare(db, sheet, order, now)
        progress("checking rows", len(sheet.frame), len(sheet.frame))
        report = Report(order.kind, sheet.format, len(sheet.frame) + len(sheet.refusals))
        report.sheet = sheet
        outcome = _WRITE[order.kind](db, prepared, order, report, now, progress)
        _fill(report, sheet, prepared, outcome)
        _journal(db, order, report, actor)
    return report


def import_file(
    store: sa.Engine, order: Order, *, actor: str, now: datetime, progress: Progress = quiet
) -> Report:
    """Read a file and import it."""
    return import_sheet(store, read(order), order, actor=actor, now=now, progress=progress)


def check_errors_path(path: Path | None) -> None:
    """Refuse an errors file that could not be written later.

    Raises:
        BadInput: wrong suffix, or no such folder.
    """
    if path is None:
        return
    if path.suffix.lower() not in {".xlsx", ".csv"}:
        raise BadInput(f"--errors {path}: write .xlsx or .csv")
    if not path.parent.is_dir():
        raise BadInput(f"--errors {path}: there is no folder {path.parent}")


def write_refused(report: Report, path: Path) -> int:
    """Write the refused rows, whole, each with its faults; return how many."""
    assert report.sheet is not None
    table = gis.rows.refused(report.sheet.frame, report.sheet.shapes, report.faults)
    data.files.write.write_table(table, path)
    return len(table)


def _fill(report: Report, sheet: Sheet, prepared: Prepared, outcome: Outcome) -> None:
    report.added, report.changed = outcome.added, outcome.changed
    report.unchanged = outcome.unchanged
    broken = pd.DataFrame(
        [vars(one) for one in sheet.refusals], columns=["row", "field", "value", "reason"]
    )
    faults = pd.concat([one for one in (broken, prepared.faults) if len(one)] or [broken])
    report.faults = faults.drop_duplicates().sort_values("row", kind="stable")
    report.refused = report.faults["row"].nunique()
    report.mended = prepared.mended
    report.notes = [*sheet.notes, *prepared.notes, *report.notes]


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


# Making ready


def _prepare(db: Session, sheet: Sheet, order: Order, now: datetime) -> Prepared:
    return gis.prepare.prepare(
        sheet.frame,
        sheet.shapes,
        sheet.crs,
        fields=_fields(order, now),
        reference=order.reference,
        mapping=order.mapping,
        constants=order.constants,
        extent=data.grid.extent_in_force(db) if order.kind in data.locate.TOUCHED else None,
    )


def _fields(order: Order, now: datetime) -> tuple[Field, ...]:
    return {
        RecordKind.CELLS: gis.grid.CELLS,
        RecordKind.DIVISIONS: gis.grid.divisions(local_codes=order.local_codes),
        RecordKind.BUILDINGS: gis.register.BUILDINGS,
        RecordKind.RESIDENTS: gis.register.residents(now.date()),
        RecordKind.FACILITIES: gis.facilities.FIELDS,
        RecordKind.CASES: gis.cases.fields(order.time_zone),
    }[order.kind]


# Writing, kind by kind


def _cells(
    db: Session, prepared: Prepared, order: Order, report: Report, now: datetime, progress: Progress
) -> Outcome:
    if not prepared.has_places:
        raise BadInput("cells need outlines: a map file, or a table with a WKT column")
    gis.prepare.outlines(prepared)
    prepared.frame = gis.grid.complete_cells(prepared.frame, prepared.shapes)
    prepared.refuse(gis.grid.check_cells(prepared.frame))
    plan, in_force = data.grid.plan_to_fill(db, order.plan, today=now.date())
    frame = prepared.frame.assign(plan_id=plan.id, geom=data.intake.ewkb(prepared.shapes))
    outcome = _write(db, data.grid.CELLS, frame, progress)
    report.plan = plan.name
    report.notes += _about_plan(db, plan, in_force)
    _judge_coverage(db, plan, report, progress)
    if in_force and outcome.added + outcome.changed:
        data.locate.refile(db, progress=progress)
    data.db.bump(db, "cells")
    return outcome


def _about_plan(db: Session, plan: Any, in_force: bool) -> list[str]:
    notes = []
    missing = data.grid.cells_not_in(db, plan)
    if missing:
        notes.append(f"{missing:,} cells of plan {plan.name!r} are not in this file; they stay")
    if not in_force:
        notes.append(
            f"plan {plan.name!r} is a draft; put it in force with: wangge join --plan {plan.name}"
        )
    return notes


def _judge_coverage(db: Session, plan: Any, report: Report, progress: Progress) -> None:
    progress("looking for overlaps and gaps", 0, None)
    cells = data.grid.cell_shapes(db, plan)
    report.flaw_codes = [code for code, _ in cells]
    shapes = shapely.from_wkb([wkb for _, wkb in cells])
    report.flaws = gis.geometry.flaws(np.asarray(shapes, dtype=object))


def _divisions(
    db: Session, prepared: Prepared, order: Order, report: Report, now: datetime, progress: Progress
) -> Outcome:
    if prepared.has_places:
        gis.prepare.outlines(prepared)
    frame = gis.grid.complete_divisions(prepared.frame, local_codes=order.local_codes)
    if "level" not in frame:
        raise BadInput(
            "divisions with local codes need a level: --map column=level or --set level=…"
        )
    prepared.frame = frame
    prepared.refuse(gis.rows.repeated(frame["code"], "code"))
    prepared.refuse(gis.grid.check_period(prepared.frame))
    frame = prepared.frame.assign(valid_from=_start_of_validity(prepared.frame))
    if prepared.has_places:
        frame["geom"] = data.intake.ewkb(prepared.shapes)
    outcome = _write(db, data.grid.DIVISIONS, frame, progress)
    orphans = data.grid.orphans(db)
    if orphans:
        report.notes.append(f"{orphans:,} divisions name a parent that is not in the table yet")
    data.db.bump(db, "divisions")
    return outcome


def _start_of_validity(frame: pd.DataFrame) -> pd.Series:
    given = frame.get("valid_from", pd.Series(None, index=frame.index, dtype="object"))
    return given.map(lambda day: day.isoformat(), na_action="ignore").fillna("-infinity")


def _buildings(
    db: Session, prepared: Prepared, order: Order, report: Report, now: datetime, progress: Progress
) -> Outcome:
    are_points = np.isin(shapely.get_type_id(prepared.shapes), (-1, 0)).all()
    if not are_points:
        gis.prepare.outlines(prepared)
    gis.prepare.with_codes(prepared, prefix="b-", source=order.known_as)
    frame = prepared.frame
    if not are_points:
        frame = frame.assign(footprint=data.intake.ewkb(prepared.shapes))
    outcome = _write_placed(db, data.register.BUILDINGS, frame, prepared, report, progress)
    if outcome.changed:
        data.locate.refile(db, kinds=["dwellings"], progress=progress)
    return outcome


def _facilities(
    db: Session, prepared: Prepared, order: Order, report: Report, now: datetime, progress: Progress
) -> Outcome:
    gis.prepare.with_codes(prepared, prefix="f-", source=order.known_as)
    prepared.refuse(gis.grid.check_period(prepared.frame))
    frame = gis.facilities.complete(prepared.frame)
    return _write_placed(db, data.facilities.FACILITIES, frame, prepared, report, progress)


def _cases(
    db: Session, prepared: Prepared, order: Order, report: Report, now: datetime, progress: Progress
) -> Outcome:
    gis.prepare.with_codes(prepared, prefix="c-", source=order.known_as)
    prepared.refuse(gis.cases.check(prepared.frame))
    frame = gis.cases.complete(prepared.frame)
    return _write_placed(db, data.cases.CASES, frame, prepared, report, progress)


def _residents(
    db: Session, prepared: Prepared, order: Order, report: Report, now: datetime, progress: Progress
) -> Outcome:
    prepared.frame = gis.register.complete(prepared.frame)
    for faults in gis.register.checks(prepared.frame):
        prepared.refuse(faults)
    frame = _with_lon_lat(prepared.frame, prepared)
    data.intake.stage(db, frame, data.register.RESIDENT_TYPES, progress=progress)
    data.intake.file_staged(db)
    outcome = data.register.settle(db)
    report.outside, report.without_coordinates = data.register.unplaced_of_sheet(db)
    _count_again(db, RecordKind.RESIDENTS, outcome)
    return outcome


def _write(db: Session, target: Target, frame: pd.DataFrame, progress: Progress) -> Outcome:
    brought = [column for column in target.types if column in frame.columns]
    data.intake.stage(db, frame, target.types, progress=progress)
    return data.intake.upsert(db, target, brought)


def _write_placed(
    db: Session,
    target: Target,
    frame: pd.DataFrame,
    prepared: Prepared,
    report: Report,
    progress: Progress,
) -> Outcome:
    frame = _with_lon_lat(frame, prepared)
    data.intake.stage(db, frame, target.types, progress=progress)
    progress("filing records into cells", 0, None)
    data.intake.file_staged(db)
    brought = [column for column in target.types if column in frame.columns]
    outcome = data.intake.upsert(db, target, [*brought, "geom"])
    report.outside, report.without_coordinates = data.intake.unplaced(db)
    _count_again(db, report.kind, outcome)
    return outcome


def _with_lon_lat(frame: pd.DataFrame, prepared: Prepared) -> pd.DataFrame:
    lon, lat = gis.prepare.as_points(prepared.shapes)
    return frame.assign(lon=lon, lat=lat)


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
