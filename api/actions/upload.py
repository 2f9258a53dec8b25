"""表格 in the page: a sheet of residents tried and brought, its refused rows mended or dropped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa

import data.journal
import data.register_sheets
import data.scope
import gis.register
from api.actions import imports, sheets
from api.actions.imports import Work
from api.actions.register import require
from api.actions.sheets import Order, Report
from data.files.sheet import Sheet
from data.register import Brought
from data.seal import Seal
from gis.access import Right, Viewer
from gis.errors import BadInput
from gis.places import Reference
from gis.terms import Datum, RecordKind

SHOWN_FAULTS = 200


def upload(
    store: sa.Engine,
    path: Path,
    *,
    name: str,
    by: Viewer,
    seal: Seal,
    now: datetime,
    told_at: datetime | None = None,
    dry_run: bool = False,
) -> dict[str, Any]:
    """Bring a sheet of residents known as `name`, or with `dry_run` only tell what would happen.

    `told_at` is when what it says was true; now, unless told.
    Rows that are refused are kept, to be mended in the page; `faults` shows them masked.

    Raises:
        BadInput, TooLarge: the file as a whole is refused, in words.
    """
    require(by, Right.IMPORT)
    order = Order(RecordKind.RESIDENTS, path, source=name, told_at=told_at, dry_run=dry_run)
    sheet = sheets.read(order)
    prepared = sheets.check(sheet, order, now=now)
    report = imports.import_checked(store, sheet, prepared, order, seal=seal, by=by, now=now)
    if dry_run:
        with data.scope.transaction(store, by) as db:
            data.journal.write(
                db, actor=by.login, act="try", subject="residents", file=name,
                rows=report.rows, refused=report.refused, scope=data.journal.charge_of(by),
            )  # fmt: skip
    return answer(report, dry_run=dry_run)


def answer(report: Report, *, dry_run: bool) -> dict[str, Any]:
    """A report as plain values, its faults masked."""
    names = ("rows", "added", "changed", "unchanged", "decisions", "refused", "unplaced")
    faults = [
        {
            **one, "row": int(one["row"]), "value": gis.register.shown(one["field"], one["value"]),
        }
        for one in report.faults.head(SHOWN_FAULTS).to_dict("records")
    ]  # fmt: skip
    return {
        **{name: getattr(report, name) for name in names},
        "format": report.format,
        "notes": report.notes,
        "faults": faults,
        "sheet_id": None if dry_run else report.sheet_id,
        "dry_run": dry_run,
    }


# Refused rows


def refused_rows(
    store: sa.Engine, *, by: Viewer, seal: Seal, sheet_id: int | None = None, limit: int = 200
) -> list[dict[str, Any]]:
    """List the refused rows that wait, of one sheet or of all, masked, each with its faults."""
    require(by, Right.EDIT_PERSONS)
    with data.scope.transaction(store, by, keep=False) as db:
        return data.register_sheets.refused_rows(db, seal, sheet_id=sheet_id, limit=limit)


def mend(
    store: sa.Engine,
    row_id: int,
    values: Mapping[str, str | None],
    *,
    by: Viewer,
    seal: Seal,
    now: datetime,
) -> dict[str, Any]:
    """Put right the cells of a refused row and bring it; a cell that still shows its mask stays.

    Raises:
        BadInput: it cannot go in yet; `faults` are field and reason.
        NotFound: no such row waits in the viewer's charge.
    """
    require(by, Right.EDIT_PERSONS)
    with data.scope.transaction(store, by) as db:
        kept = data.register_sheets.locked(db, row_id)
        opened = data.register_sheets.opened(seal, kept)
        cells = _mended(opened["cells"], values)
        order = _order(kept, opened["how"])
        sheet = _sheet(kept["row"], cells)
        prepared = sheets.check(sheet, order, now=now)
        report = sheets.report_of(sheet, prepared, order)
        _refuse_faulty(report)
        brought = Brought(by, kept["sheet_id"], kept["told_at"])
        work = Work(db, prepared, order, report, seal, by, now)
        outcome = imports.write_residents(work, brought)
        _refuse_faulty(report)
        data.register_sheets.done(db, row_id, "mended")
        data.journal.write(
            db, actor=by.login, act="mend", subject=f"sheet_row:{row_id}", fields=sorted(values)
        )
    return {"id": row_id, "added": outcome.added, "changed": outcome.changed,
            "unchanged": outcome.unchanged, "decisions": report.decisions}  # fmt: skip


def drop(store: sa.Engine, row_id: int, *, by: Viewer) -> None:
    """List a refused row no longer: it is no resident, or came otherwise."""
    require(by, Right.EDIT_PERSONS)
    with data.scope.transaction(store, by) as db:
        data.register_sheets.locked(db, row_id)
        data.register_sheets.done(db, row_id, "dropped")
        data.journal.write(db, actor=by.login, act="drop", subject=f"sheet_row:{row_id}")


def _mended(
    cells: Mapping[str, str | None], values: Mapping[str, str | None]
) -> dict[str, str | None]:
    masked = data.register_sheets.shown(cells)
    unknown = sorted(set(values) - set(masked))
    if unknown:
        choices = ", ".join(masked)
        raise BadInput(f"{unknown[0]!r} is no field of a resident; fields are {choices}")
    said = {field: (text or "").strip() or None for field, text in values.items()}
    return {**cells, **{field: text for field, text in said.items() if text != masked[field]}}


def _order(kept: Mapping[str, Any], how: Mapping[str, Any]) -> Order:
    datum = Datum(how["datum"]) if how.get("datum") else None
    reference = Reference(how.get("crs"), datum, bool(how.get("swap")))
    return Order(
        RecordKind.RESIDENTS, Path(kept["sheet"] or "sheet"), reference, how["mapping"],
        told_at=kept["told_at"],
    )  # fmt: skip


def _sheet(row: int, cells: Mapping[str, str | None]) -> Sheet:
    texts = {field: np.array([text], dtype=object) for field, text in cells.items()}
    return Sheet(pd.DataFrame(texts, index=[row]).astype("str"), "mended row")


def _refuse_faulty(report: Report) -> None:
    if len(report.faults):
        faults = report.faults[["field", "reason"]].to_dict("records")
        told = "; ".join(f"{one['field']} {one['reason']}" for one in faults)
        raise BadInput(f"this row cannot go in yet: {told}", faults=faults)
