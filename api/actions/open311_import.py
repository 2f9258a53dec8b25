"""导入 of another city's GeoReport: each request a case here, once, in its latest state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import pandas as pd
import sqlalchemy as sa

import api.actions.imports
import data.open311_sheet
import data.scope
import gis.open311
import gis.open311_sheet
from api.actions import sheets
from api.actions.sheets import Order, Report
from data.files.sheet import Sheet
from data.seal import Seal
from gis.access import Viewer
from gis.errors import BadInput
from gis.places import Reference
from gis.terms import Datum, Progress, RecordKind, quiet


@dataclass(frozen=True)
class Foreign:
    """What is brought: files of `source`, and which class each service is here."""

    path: Path
    source: str
    classes: Mapping[str, str] = field(default_factory=dict)
    other: str = ""
    dry_run: bool = False
    time_zone: str = "Asia/Shanghai"


def bring(
    store: sa.Engine,
    sheet: Sheet,
    foreign: Foreign,
    *,
    seal: Seal,
    by: Viewer,
    now: datetime,
    progress: Progress = quiet,
) -> Report:
    """Bring requests of another city as cases; all that may go in, or, on an error, nothing.

    The same files again change nothing; a later state of a request is the case's later state.

    Raises:
        BadInput: the files cannot be understood as a whole.
    """
    catalogue = _catalogue(store, by)
    if foreign.other and foreign.other not in catalogue:
        raise BadInput(f"--other {foreign.other!r}: the catalogue has no such class")
    asked = gis.open311_sheet.completed(sheet.frame)
    once = gis.open311_sheet.latest(asked)
    classed = gis.open311_sheet.classes(once, catalogue, foreign.classes, foreign.other)
    rows = gis.open311_sheet.as_cases(once, classed, source=foreign.source)
    rows = rows[once["service_request_id"].notna()]
    order = Order(
        RecordKind.CASES, foreign.path, Reference(None, Datum.WGS84, False),
        dry_run=foreign.dry_run, time_zone=foreign.time_zone, source=foreign.source,
    )  # fmt: skip
    told = replace(sheet, frame=rows)
    prepared = sheets.check(told, order, now=now)
    prepared.refuse(gis.open311_sheet.faults(once, classed, catalogue))
    prepared.notes = gis.open311_sheet.unplaced(once, classed)  # its columns are ours
    if repeated := len(asked) - len(once):
        prepared.notes.append(
            f"{repeated:,} requests came again: of each id the row updated last counts"
        )
    if len(prepared.frame) == 0:
        return _as_it_came(sheets.report_of(told, prepared, order), sheet)
    kinds = classed.loc[prepared.frame.index].str.partition("-")[0]
    prepared.frame = prepared.frame.assign(kind=kinds)
    report = api.actions.imports.import_checked(
        store, told, prepared, order, seal=seal, by=by, now=now, progress=progress
    )
    return _as_it_came(report, sheet)


def _as_it_came(report: Report, sheet: Sheet) -> Report:
    """Refused rows are written as the other city has them."""
    report.sheet, report.rows = sheet, len(sheet.frame)
    return report


def propose(store: sa.Engine, sheet: Sheet, *, by: Viewer) -> pd.DataFrame:
    """Propose a class for each service that a sheet meets; nothing is written."""
    found = gis.open311_sheet.services(gis.open311_sheet.completed(sheet.frame))
    return gis.open311_sheet.proposed(found, _catalogue(store, by), data.open311_sheet.words())


def _catalogue(store: sa.Engine, by: Viewer) -> dict[str, str]:
    with data.scope.transaction(store, by, keep=False) as db:
        return data.open311_sheet.catalogue(db)
