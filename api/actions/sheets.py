"""导入, the half that needs no store: a file read, its rows checked, its outlines made sound.

What the file alone tells is refused here, before any database is started.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely

import data.files.read
import gis.calendar_sheet
import gis.care_sheet
import gis.case_sheet
import gis.catalogue
import gis.community_sheet
import gis.duty_sheet
import gis.facilities
import gis.grid
import gis.prepare
import gis.register
import gis.rows
from data.files.sheet import Sheet
from gis.errors import BadInput
from gis.geometry import Flaw
from gis.places import Reference
from gis.prepare import Prepared
from gis.rows import Field
from gis.terms import RecordKind


@dataclass(frozen=True)
class Order:
    """What is to be imported, and what its bringer says of it.

    `told_at` is when what a sheet of residents says was true; as it is brought, unless told.
    """

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
    told_at: datetime | None = None
    reason: str | None = None

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
    decisions: int = 0
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
    source: str = ""
    sheet_id: int | None = None
    used: dict[str, str] = field(default_factory=dict)

    def refuse(self, faults: pd.DataFrame) -> None:
        """Tell of rows that the store refused."""
        if len(faults):
            self.faults = pd.concat([self.faults, faults]).sort_values("row", kind="stable")
            self.refused = int(self.faults["row"].nunique())

    @property
    def unplaced(self) -> int:
        """Rows that no cell holds: outside all cells, or without coordinates."""
        return self.outside + self.without_coordinates


def report_of(sheet: Sheet, prepared: Prepared, order: Order) -> Report:
    """Tell what is known of an import before anything is written."""
    broken = pd.DataFrame(
        [vars(one) for one in sheet.refusals], columns=["row", "field", "value", "reason"]
    )
    faults = pd.concat([one for one in (broken, prepared.faults) if len(one)] or [broken])
    faults = faults.drop_duplicates().sort_values("row", kind="stable")
    return Report(
        order.kind,
        sheet.format,
        len(sheet.frame) + len(sheet.refusals),
        refused=faults["row"].nunique(),
        mended=prepared.mended,
        notes=[*sheet.notes, *prepared.notes],
        faults=faults,
        sheet=sheet,
        source=_with_first_source(order, sheet.frame).known_as,
        used=prepared.used,
    )


def write_refused(report: Report, path: Path) -> int:
    """Write the refused rows, whole, each with its faults, the faulty cells marked; how many?"""
    import data.files.write

    assert report.sheet is not None
    table = gis.rows.refused(
        report.sheet.as_it_came, report.sheet.shapes, report.faults, source=report.source
    )
    columns = {name: column for column, name in report.used.items()}
    marks = {
        (int(one["row"]), columns[one["field"]]): f"{one['field']}: {one['reason']}"
        for one in report.faults.to_dict("records")
        if one["field"] in columns
    }
    data.files.write.write_refused(table, path, marks, row=gis.rows.ERRORS_COLUMNS[0])
    return len(table)


def refused_rows(report: Report, order: Order) -> list[dict[str, Any]]:
    """The refused rows of a sheet of residents as they are kept to be mended.

    Each has `row`, `cells` (field → text as it came), `how` (to read its place) and `faults`
    (field and reason, without the value). Totals and signatures are no records.
    """
    assert report.sheet is not None
    faults = report.faults[~report.faults["reason"].isin(gis.prepare.NO_RECORD)]
    numbers = faults["row"].drop_duplicates()
    came = report.sheet.as_it_came
    table = came.loc[numbers].drop(columns=list(gis.rows.ERRORS_COLUMNS), errors="ignore")
    if report.sheet.shapes is not None:
        table = table.assign(wkt=shapely.to_wkt(report.sheet.shapes[came.index.isin(numbers)]))
    of_place = {column: to for column, to in order.mapping.items() if to in {"lon", "lat", "wkt"}}
    table = table.rename(columns=report.used).assign(**order.constants).astype(object)
    crs = report.sheet.crs
    how = {
        "mapping": of_place,
        "crs": crs.to_string() if crs is not None else order.reference.crs,
        "datum": order.reference.datum,
        "swap": order.reference.swap,
    }
    why = {
        row: told.to_dict("records")
        for row, told in faults[["field", "reason"]].groupby(faults["row"])
    }
    return [
        {"row": int(row), "cells": cells, "how": how, "faults": why[row]}
        for row, cells in zip(
            table.index, table.where(table.notna(), None).to_dict("records"), strict=True
        )
    ]


def read(order: Order) -> Sheet:
    """Read the file of `order`.

    Raises:
        BadInput, TooLarge, NotFound: the file as a whole is refused, in words.
    """
    return data.files.read.read(order.path, order.kind, layer=order.layer, encoding=order.encoding)


def check(sheet: Sheet, order: Order, *, now: datetime) -> Prepared:
    """Check the rows of a file: what may go in, complete, and every fault of the others.

    Raises:
        BadInput: the file as a whole cannot be understood, in words.
    """
    order = _with_first_source(order, sheet.frame)
    prepared = gis.prepare.prepare(
        sheet.frame,
        sheet.shapes,
        sheet.crs,
        fields=_fields(order, now),
        reference=order.reference,
        mapping=order.mapping,
        constants=order.constants,
        placed=order.kind not in _WITHOUT_PLACE,
    )
    _COMPLETE[order.kind](prepared, order)
    return prepared


_WITHOUT_PLACE = {
    RecordKind.CATALOGUE, RecordKind.CALENDAR, RecordKind.CARE, RecordKind.GUIDES,
    *gis.duty_sheet.KINDS,
}  # fmt: skip


def _with_first_source(order: Order, frame: pd.DataFrame) -> Order:
    """A mended errors file says which file its rows first came in."""
    if order.source is None and gis.rows.SOURCE_COLUMN in frame:
        first = frame[gis.rows.SOURCE_COLUMN].dropna()
        return replace(order, source=str(first.iloc[0])) if len(first) else order
    return order


def has_outlines(prepared: Prepared) -> bool:
    """Whether a place is drawn as more than a point."""
    return not np.isin(shapely.get_type_id(prepared.shapes), (-1, 0)).all()


def _fields(order: Order, now: datetime) -> tuple[Field, ...]:
    return {
        RecordKind.CELLS: gis.grid.CELLS,
        RecordKind.DIVISIONS: gis.grid.divisions(local_codes=order.local_codes),
        RecordKind.BUILDINGS: gis.register.BUILDINGS,
        RecordKind.RESIDENTS: gis.register.residents(now.date()),
        RecordKind.FACILITIES: gis.facilities.FIELDS,
        RecordKind.CASES: gis.case_sheet.fields(order.time_zone),
        RecordKind.CATALOGUE: gis.catalogue.FIELDS,
        RecordKind.CALENDAR: gis.calendar_sheet.FIELDS,
        RecordKind.CARE: gis.care_sheet.fields(now.date()),
        RecordKind.GUIDES: gis.community_sheet.FIELDS,
        **{one: gis.duty_sheet.fields(one, order.time_zone) for one in gis.duty_sheet.KINDS},
    }[order.kind]


# Completing, kind by kind


def _cells(prepared: Prepared, _: Order) -> None:
    if not prepared.has_places:
        raise BadInput("cells need outlines: a map file, or a table with a WKT column")
    gis.prepare.outlines(prepared)
    if len(prepared.frame) == 0:
        return
    prepared.frame = gis.grid.complete_cells(prepared.frame, prepared.shapes)
    prepared.refuse(gis.grid.check_cells(prepared.frame))


def _divisions(prepared: Prepared, order: Order) -> None:
    if prepared.has_places:
        gis.prepare.outlines(prepared, required=False)
    frame = gis.grid.complete_divisions(prepared.frame, local_codes=order.local_codes)
    if "level" not in frame:
        raise BadInput(
            "divisions with local codes need a level: --map column=level or --set level=…"
        )
    prepared.refuse(gis.grid.check_period(frame))
    prepared.frame = frame.assign(valid_from=_start_of_validity(frame))
    period = prepared.frame["code"] + " " + prepared.frame["valid_from"]
    prepared.refuse(gis.rows.repeated(period, "code"))


def _start_of_validity(frame: pd.DataFrame) -> pd.Series:
    given = frame.get("valid_from", pd.Series(None, index=frame.index, dtype="object"))
    days = given.map(lambda day: day.isoformat(), na_action="ignore")
    return days.astype("object").fillna("-infinity")


def _buildings(prepared: Prepared, order: Order) -> None:
    if has_outlines(prepared):
        gis.prepare.outlines(prepared)
    gis.prepare.with_codes(prepared, prefix="b-", source=order.known_as)


def _facilities(prepared: Prepared, order: Order) -> None:
    gis.prepare.with_codes(prepared, prefix="f-", source=order.known_as)
    prepared.refuse(gis.grid.check_period(prepared.frame))
    prepared.frame = gis.facilities.complete(prepared.frame)


def _cases(prepared: Prepared, order: Order) -> None:
    gis.prepare.with_codes(prepared, prefix="c-", source=order.known_as)
    prepared.refuse(gis.case_sheet.check(prepared.frame))
    prepared.frame = gis.case_sheet.complete(prepared.frame)


def _residents(prepared: Prepared, _: Order) -> None:
    prepared.frame = gis.register.complete(prepared.frame)
    for faults in gis.register.checks(prepared.frame):
        prepared.refuse(faults)


def _catalogue(prepared: Prepared, _: Order) -> None:
    prepared.frame = gis.catalogue.complete(prepared.frame)
    for faults in gis.catalogue.checks(prepared.frame):
        prepared.refuse(faults)


def _calendar(prepared: Prepared, _: Order) -> None:
    prepared.refuse(gis.calendar_sheet.check(prepared.frame))


def _duty(prepared: Prepared, order: Order) -> None:
    for faults in gis.duty_sheet.checks(prepared.frame, order.kind):
        prepared.refuse(faults)


def _guides(prepared: Prepared, _: Order) -> None:
    prepared.frame = gis.community_sheet.complete(prepared.frame)
    for faults in gis.community_sheet.checks(prepared.frame):
        prepared.refuse(faults)
    if unread := gis.community_sheet.unread_hours(prepared.frame):
        prepared.notes.append(
            f"{unread:,} hours are shown as they are; written as Mo-Fr 08:30-17:30, the page also "
            "tells whether it is open"
        )


def _care(prepared: Prepared, _: Order) -> None:
    prepared.frame = gis.care_sheet.complete(prepared.frame)
    for faults in gis.care_sheet.checks(prepared.frame):
        prepared.refuse(faults)


_COMPLETE = {
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
}
