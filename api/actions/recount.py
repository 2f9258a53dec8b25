"""沿革 of numbers: what was counted by the cells of one day, told by those of another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import sqlalchemy as sa

import data.files.read
import data.files.write
import data.plans_look
import data.scope
import gis.recount
from api.actions.register import require
from gis.access import Right, Viewer
from gis.errors import BadInput
from gis.lineage import Weight
from gis.recount import Recounted
from gis.terms import RecordKind

SUFFIXES = (".csv", ".xlsx")


@dataclass(frozen=True)
class Order:
    """Numbers of a file, counted by the cells of the day `taken`, and how they are to be told.

    A moving number is shared out by `households` or by `area`.
    """

    path: Path
    taken: date
    as_of: date
    weight: Weight = "households"
    output: Path | None = None


def recount(store: sa.Engine, order: Order, *, by: Viewer) -> Recounted:
    """Give the numbers of a .csv or .xlsx by the cells of another day, earlier or later.

    Raises:
        BadInput: what is wrong with the file, row by row; nothing is written.
        NotFound: no plan was in force on one of the days, or no lineage is between them.
    """
    require(by, Right.COUNTS)
    for path in filter(None, (order.path, order.output)):
        if path.suffix.lower() not in SUFFIXES:
            raise BadInput(f"{path.name}: numbers of cells are read and written as .csv or .xlsx")
    sheet = data.files.read.read(order.path, RecordKind.CELLS)
    with data.scope.transaction(store, by, keep=False) as db:
        change = data.plans_look.lineage(db, order.taken, order.as_of)
    numbers = gis.recount.read(sheet.frame, change.old, day=order.taken, broken=sheet.refusals)
    found = gis.recount.recount(numbers, change, weight=order.weight)
    if order.output is not None:
        table = data.files.write.harmless(found.numbers.reset_index())
        with data.files.write.whole(order.output) as part:
            data.files.write.write_table(table, part)
    return found
