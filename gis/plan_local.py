"""Many operations on a large plan: each is judged by the cells around it, all are put back at once.

What an operation costs depends on the cells it sees. Applied to a whole city one after the other,
thousands of repairs would each carry every cell along.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import shapely

from gis import locate, plan_edit
from gis.errors import Fault, NotFound, WanggeError
from gis.plan import Plan, Units, changed
from gis.plan_edit import Give, Mend, Merge, Operation, Recode, Trim

Shapes = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

LOCAL = (Give, Trim, Merge, Mend, Recode)
"""Operations that no cell but those around their ground and the cells they name can speak against.
"""
_BESIDE_DEG = 2e-5
"""Cells are beside each other where their boxes are nearer than this: about two metres."""


def applied(plan: Plan, operations: Iterable[Operation]) -> tuple[Plan, list[str | None]]:
    """Apply operations one after the other, but those that are refused.

    Returns:
        The plan, the very same where nothing was done; why each was refused, None where it was not.
    """
    work = _Work(plan)
    reasons: list[str | None] = []
    for operation in operations:
        try:
            if isinstance(operation, LOCAL):
                work.do(operation)
            else:
                work = _Work(plan_edit.apply(work.whole(), operation).plan)
            reasons.append(None)
        except WanggeError as reason:
            reasons.append(str(reason))
    return work.whole(), reasons


@dataclass(eq=False)
class _Work:
    """A plan of which cells were changed: outlines, boxes and codes as they are now, by position;
    which cells differ from the plan's, and which ended."""

    plan: Plan
    shapes: Shapes = field(init=False)
    boxes: Floats = field(init=False)
    position: dict[str, int] = field(init=False)
    codes: npt.NDArray[np.object_] = field(init=False)
    differs: npt.NDArray[np.bool_] = field(init=False)
    ended: npt.NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        self.shapes = self.plan.shapes.copy()
        self.boxes = np.asfortranarray(shapely.bounds(self.shapes))
        self.codes = self.plan.codes.astype(object)
        self.position = dict(self.plan.position)
        self.differs, self.ended = np.zeros((2, len(self.plan)), dtype=bool)

    def do(self, operation: Operation) -> None:
        """Apply an operation to the cells around it."""
        at = self._around(operation)
        before = self._part(at, new_codes=isinstance(operation, Recode))
        after = plan_edit.apply(before, operation).plan
        stays = after.cells["at"].to_numpy(dtype=np.intp)
        self.ended[np.setdiff1d(at, stays)] = True
        self.differs[stays] |= ~shapely.equals_exact(self.shapes[stays], after.shapes, 0.0)
        self.differs[stays] |= self.codes[stays] != after.codes
        self.shapes[stays], self.codes[stays] = after.shapes, after.codes
        self.boxes[stays] = shapely.bounds(after.shapes)
        self.position.update(zip(after.codes.tolist(), stays.tolist(), strict=True))

    def whole(self) -> Plan:
        """The plan with all that was done."""
        gone = np.flatnonzero(self.differs | self.ended)
        if not len(gone):
            return self.plan
        stays = gone[~self.ended[gone]]
        rows = self.plan.cells.iloc[stays].assign(code=self.codes[stays].astype(str))
        return changed(self.plan, gone, rows, self.shapes[stays]).plan

    def _around(self, operation: Operation) -> Ints:
        """Positions of the cells an operation is about and of those beside them, by code.

        Raises:
            NotFound: it names a cell that is not there, or not any more.
        """
        named = [getattr(operation, name, None) for name in ("cell", "cells", "to", "into")]
        codes = [code for one in named for code in ((one,) if isinstance(one, str) else one or ())]
        about = np.zeros(len(self.plan), dtype=bool)
        for code in codes:
            place = self.position.get(code, -1)
            if place < 0 or self.ended[place]:
                said = f"there is no cell {code} any more"
                raise NotFound(Fault("gone", said, cell=code), cell=code)
            about[place] = True
        ground = getattr(operation, "ground", None)
        if ground is not None:
            about |= self._meeting(np.array(shapely.bounds(ground)))
        boxes = self.boxes[about & ~self.ended]
        frame = np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])
        at = np.flatnonzero(self._meeting(frame) & ~self.ended)
        return at[np.argsort(self.codes[at], kind="stable")]

    def _meeting(self, box: Floats) -> npt.NDArray[np.bool_]:
        west, south, east, north = box + np.array([-1, -1, 1, 1]) * _BESIDE_DEG
        mine = self.boxes.T
        return np.asarray(
            (mine[0] <= east) & (mine[2] >= west) & (mine[1] <= north) & (mine[3] >= south)
        )

    def _part(self, at: Ints, *, new_codes: bool) -> Plan:
        """A plan of some cells as they are now; where each stands is a column of it.

        What codes there are elsewhere it knows only where there may be `new_codes`.
        """
        plan, codes = self.plan, self.codes[at].astype(str)
        counts = plan.counts.iloc[at].reset_index(drop=True)
        units = _some(plan.units, [plan.units_in(one) for one in at.tolist()])
        if not len(units.codes):  # who lives in a cell is then counted at one place of it
            middles = shapely.centroid(self.shapes[at])
            units = Units(codes, middles, middles, counts)
        return replace(
            plan,
            cells=plan.cells.iloc[at].assign(code=codes, at=at).reset_index(drop=True),
            shapes=self.shapes[at],
            counts=counts,
            units=units,
            cell_of_unit=locate.cell_of(units.spots, self.shapes[at], codes),
            spent=plan.spent.union(self.codes).difference(codes) if new_codes else frozenset(),
        )


def _some(units: Units, at: Sequence[Ints]) -> Units:
    chosen = np.concatenate([np.empty(0, dtype=np.intp), *at])
    counts = units.counts.iloc[chosen].reset_index(drop=True)
    return Units(units.codes[chosen], units.shapes[chosen], units.spots[chosen], counts)
