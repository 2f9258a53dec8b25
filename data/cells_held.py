"""The cells in force, held in memory: a point finds its cell without asking the database.

What is held is of one version of the ground (`data.layers.Versions.ground`), and answers only who
asks at that version: an edit that was kept is in the next answer, always. While the cells of a new
version are being read, beside the requests, the database answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely
import sqlalchemy as sa

import data.db
import data.layers
import data.locate_point
import data.scope
from data.locate import IN_FORCE
from gis.access import ANYBODY

if TYPE_CHECKING:  # brings a compiler, for which the first page need not wait
    from gis.cell_index import CellIndex

NOWHERE = 0
"""In place of a cell's id: no cell holds the point."""
_MARKS = f"SELECT id, code, xmin::text FROM grid_cell WHERE {IN_FORCE}"
_SHAPES = "SELECT code, ST_AsBinary(geom) FROM grid_cell WHERE id = ANY(:ids)"
_ANEW = 4
"""Where more than one cell in so many was written, the index is made anew."""

Marks = dict[int, tuple[str, str]]


@dataclass(frozen=True)
class Ground:
    """The cells of one version.

    marks: of every cell its code, and by whom it was written. ids: of the cells of the index (m,).
    answers: what everybody is told where a cell holds a point and no other is near, by its id.
    """

    version: str
    marks: Marks
    ids: npt.NDArray[np.int64]
    index: CellIndex
    answers: dict[int, bytes]

    def cell_at(self, lon: float, lat: float, reach: tuple[float, float]) -> int | None:
        """The id of the cell that holds a point, or `NOWHERE`. None where GEOS has to decide, or
        where another cell is within reach (degrees eastwards and northwards)."""
        at = self.index.one(lon, lat)
        if at is None:
            return None
        if reach[0] or reach[1]:
            box = shapely.box(lon - reach[0], lat - reach[1], lon + reach[0], lat + reach[1])
            if (self.index.near(box) != at).any():
                return None
        return int(self.ids[at]) if at >= 0 else NOWHERE


class CellsHeld:
    """The ground as it was read last."""

    def __init__(self, store: sa.Engine) -> None:
        self._store = store
        self._ground: Ground | None = None
        self._reading: asyncio.Future[None] | None = None

    def ground(self, version: str) -> Ground | None:
        """The cells of the version that is now; None while they are being read."""
        if self._ground is not None and self._ground.version == version:
            return self._ground
        if self._reading is None or self._reading.done():
            self._reading = asyncio.get_running_loop().run_in_executor(None, self.read)
            self._reading.add_done_callback(lambda reading: reading.exception())
        return None

    def read(self) -> None:
        """Read the cells that were written since they were last read."""
        with data.db.transaction(self._store, keep=False) as db:
            db.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            version = data.layers.versions_now(db).ground
            marks = {row[0]: (row[1], row[2]) for row in db.execute(sa.text(_MARKS))}
            last = self._ground.marks if self._ground else {}
            fresh = [one for one, mark in marks.items() if last.get(one) != mark]
            if self._ground is None or len(fresh) * _ANEW > len(marks):
                fresh, last = list(marks), {}
            told = db.execute(sa.text(_SHAPES), {"ids": fresh}).all()
            data.scope.enter(db, ANYBODY)
            answers = data.locate_point.answers(db)
        index = _index(self._ground.index if self._ground and last else None, last, marks, told)
        if index is not None:
            ids = {code: one for one, (code, _) in marks.items()}
            held = np.array([ids.get(code, NOWHERE) for code in index.codes.tolist()])
            self._ground = Ground(version, marks, held, index, answers)


def _index(
    former: CellIndex | None, last: Marks, marks: Marks, told: Sequence[Any]
) -> CellIndex | None:
    """The index of the cells there are; of the former those are kept that nobody wrote."""
    import gis.cell_index

    codes = [row[0] for row in told]
    shapes = list(shapely.from_wkb([row[1] for row in told]))
    if former is None:
        return gis.cell_index.build(np.array(codes), np.array(shapes)) if codes else None
    gone = {code for code, _ in last.values()} - {code for code, _ in marks.values()}
    outlines = np.array([*shapes, *[None for _ in gone]], dtype=object)
    if not len(outlines):
        return former
    return former.redrawn(np.array([*codes, *gone], dtype=str), outlines)
