"""交换: components and cases handed to another city's system, and taken from one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

import api.actions.imports
import data.exchange
import data.files.read
import data.files.write
import data.journal
import data.open311_sheet
import data.scope
import gis.exchange
from api.actions import sheets
from api.actions.sheets import Order, Report
from data.seal import Seal
from gis.access import Right, Viewer
from gis.errors import BadInput, NotAllowed
from gis.exchange import CASES, COMPONENTS
from gis.places import Reference
from gis.terms import ClassKind, Progress, RecordKind, quiet

KINDS = {COMPONENTS: RecordKind.FACILITIES, CASES: RecordKind.CASES}


@dataclass(frozen=True)
class Handed:
    """How many rows of each layer left, and how many had no code to be handed on by."""

    written: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Brought:
    """A file of another system; `reference` says where its places stand if the file does not."""

    path: Path
    reference: Reference = field(default_factory=Reference)
    dry_run: bool = False
    time_zone: str = "Asia/Shanghai"


def hand_over(store: sa.Engine, path: Path, *, area: str | None, by: Viewer) -> Handed:
    """Write components and cases of an area, or all, as one GeoPackage.

    Raises:
        BadInput: no such suffix. NotAllowed: cases are not everybody's. NotFound: no such area.
    """
    if path.suffix.lower() != ".gpkg":
        raise BadInput(f"{path.name}: an exchange is a GeoPackage, .gpkg")
    for right in (Right.CASES, Right.EXPORT):
        if not by.may(right):
            raise NotAllowed(f"an exchange needs the right {right!s}", right=str(right))
    handed = Handed()
    with data.scope.transaction(store, by) as db:
        cells = data.exchange.cells_of(db, area)
        layers = {}
        for name in KINDS:
            layers[name], handed.left_out[name] = data.exchange.layer(db, name, cells)
            handed.written[name] = len(layers[name])
        with data.files.write.whole(path) as part:
            data.exchange.write(part, layers)
        data.journal.write(
            db, actor=by.login, act="export", subject="exchange", area=area,
            scope=data.journal.charge_of(by), file=path.name, **handed.written,
        )  # fmt: skip
    return handed


def take_over(
    store: sa.Engine,
    brought: Brought,
    *,
    seal: Seal,
    by: Viewer,
    now: datetime,
    progress: Progress = quiet,
) -> list[Report]:
    """Bring the layers of an exchange: components, then cases; each all or, on an error, nothing.

    The same file again changes nothing.

    Raises:
        BadInput: the file cannot be understood as a whole.
    """
    reports = []
    for name in data.exchange.layers_in(brought.path):
        kind = KINDS[name]
        constants = {"kind": str(ClassKind.COMPONENT)} if name == COMPONENTS else {}
        order = Order(
            kind, brought.path, brought.reference, layer=name, constants=constants,
            dry_run=brought.dry_run, time_zone=brought.time_zone,
        )  # fmt: skip
        reports.append(_taken(store, order, seal=seal, by=by, now=now, progress=progress))
    return reports


def _taken(
    store: sa.Engine, order: Order, *, seal: Seal, by: Viewer, now: datetime, progress: Progress
) -> Report:
    sheet = data.files.read.read(order.path, order.kind, layer=order.layer)
    frame = gis.exchange.completed(sheet.frame, str(order.layer))
    codeless = gis.exchange.codeless(frame)
    known = ~frame.index.isin(codeless["row"])
    rows = frame[known].drop(columns="kind", errors="ignore")
    shapes = None if sheet.shapes is None else sheet.shapes[known]
    prepared = sheets.check(replace(sheet, frame=rows, shapes=shapes), order, now=now)
    prepared.refuse(codeless)
    if order.kind is RecordKind.CASES:
        told = sheet.frame.reindex(columns=["kind"])["kind"].astype("str")
        kinds = told.loc[prepared.frame.index]
        with data.scope.transaction(store, by, keep=False) as db:
            catalogue = data.open311_sheet.catalogue(db)
        prepared.refuse(gis.exchange.case_faults(prepared.frame, kinds, catalogue))
        prepared.frame = prepared.frame.assign(kind=kinds.loc[prepared.frame.index])
    else:
        with data.scope.transaction(store, by, keep=False) as db:
            counties = data.exchange.counties(db)
        prepared.refuse(gis.exchange.component_faults(prepared.frame, counties))
    if len(prepared.frame) == 0:
        return sheets.report_of(sheet, prepared, order)
    return api.actions.imports.import_checked(
        store, sheet, prepared, order, seal=seal, by=by, now=now, progress=progress
    )
