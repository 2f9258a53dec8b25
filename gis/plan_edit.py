"""What a planner does to a plan. An operation is a value; `apply` gives the plan it leads to.

Ground goes from cell to cell in whole faces, so that the coverage stays as sound as it was. An
operation that would break it is refused, with everything that speaks against it. Undo is the plan
before; operations can be kept, sent and applied again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import shapely

from gis import geometry, plan_corners, plan_ground, plan_move, plan_names, plan_sound, plan_units
from gis.errors import BadInput, Conflict, Fault
from gis.plan import Change, Plan, changed
from gis.terms import CellKind, PlanState

Shapes = npt.NDArray[np.object_]
Ints = npt.NDArray[np.intp]
Line = shapely.LineString | shapely.MultiLineString
Ground = shapely.Polygon | shapely.MultiPolygon

WIDEST_M = 20.0
"""A wider gap is no slip of the pen."""


class Operation(Protocol):
    """What can be applied to a plan."""

    def on(self, plan: Plan) -> Change:
        """The plan after it. Raises BadInput or NotFound with what speaks against it."""
        ...


def apply(plan: Plan, operation: Operation) -> Change:
    """Apply one operation to a draft.

    Raises:
        Conflict: the plan is published or retired.
        BadInput, NotFound: what speaks against the operation, in sentences; all of it.
    """
    if plan.state != PlanState.DRAFT:
        said = f"plan {plan.name!r} is {plan.state} and stays as it is; change a draft of it"
        raise Conflict(Fault("frozen", said, name=plan.name))
    try:
        return operation.on(plan)
    except shapely.GEOSException:  # lines so close that what they part cannot be told
        said = "a border would come within a hair of another one; draw it on that one, or beside it"
        raise BadInput(Fault("hair", said)) from None


# Operations


@dataclass(frozen=True)
class Split:
    """Split a cell by a line (degrees) from border to border; the larger part keeps the code."""

    cell: str
    line: Line

    def on(self, plan: Plan) -> Change:
        at = np.array([plan.at(self.cell)])
        line = plan_ground.reaching(
            plan_move.drawable(self.line), shapely.boundary(plan.sound[at[0]]), plan_move.SNAP_M
        )
        faces = plan_ground.faces(plan.sound[at], np.array([line]))
        faces = faces[np.unique(plan_ground.holders(faces, plan.sound[at])[0])]
        parts = plan_move.without_crumbs(faces)
        if len(parts) < 2:
            said = (
                f"the line does not divide cell {self.cell}: it has to cross it from border to "
                "border"
            )
            raise BadInput(Fault("no_divide", said, cell=self.cell), cell=self.cell)
        return plan_move.parted(plan, int(at[0]), parts)


@dataclass(frozen=True)
class SplitUnits:
    """Make a new cell of some units of a cell; the rest keeps the code."""

    cell: str
    units: tuple[str, ...]

    def on(self, plan: Plan) -> Change:
        at = plan.at(self.cell)
        units = plan_units.named(plan, self.units)
        strangers = plan.units.codes[units[plan.cell_of_unit[units] != at]]
        held = int((plan.cell_of_unit == at).sum())
        faults = [
            Fault("not_in", f"{one} is not in cell {self.cell}", unit=str(one), cell=self.cell)
            for one in strangers
        ]
        if len(units) == held and not faults:
            said = f"cell {self.cell} would keep none of its {held} buildings or blocks"
            faults.append(Fault("nothing_left", said, cell=self.cell))
        plan_move.refuse(faults)
        ground = plan_units.ground(plan, at, [units])[0]
        code = plan_move.free(plan, at, str(plan.cells["kind"].iloc[at]))
        return plan_move.give(
            plan, np.array([ground]), [code], born={code: plan_move.row(plan, at, code)}
        )


@dataclass(frozen=True)
class Merge:
    """Make one cell of several side by side; `into` keeps its code, else the one most live in."""

    cells: tuple[str, ...]
    into: str | None = None

    def on(self, plan: Plan) -> Change:
        at = np.array([plan.at(code) for code in dict.fromkeys(self.cells)])
        if len(at) < 2:
            raise BadInput(Fault("one_cell", "it takes two cells to merge"))
        order = np.lexsort(
            (
                plan.codes[at],
                -plan.areas_m2[at],
                -plan.counts["households"].to_numpy(dtype=float)[at],
            )
        )
        heir = at[order[0]] if self.into is None else plan.at(self.into)
        faults = plan_move.apart(plan, at)
        kinds = sorted(set(plan.cells["kind"].iloc[at]))
        if self.into is None and len(kinds) > 1:
            said = f"the cells are {' and '.join(kinds)}; say into which they merge"
            faults.append(Fault("kinds", said, kinds=kinds))
        if heir not in at:
            said = f"{self.into} is not one of the cells that merge"
            faults.append(Fault("no_heir", said, cell=self.into))
        shape = plan_ground.tidy(np.array([shapely.union_all(plan.sound[at])]))
        if shape[0].geom_type != "Polygon":
            named = " and ".join(plan.codes[at])
            said = f"{named} do not lie side by side: they have no border in common"
            faults.append(Fault("not_beside", said, cells=plan.codes[at].tolist()))
        plan_move.refuse(faults)
        return plan_move.checked(plan, at, plan.cells.iloc[[heir]], shape)


@dataclass(frozen=True)
class MoveBoundary:
    """Draw the border between two cells anew, by a line from border to border of both together."""

    cells: tuple[str, str]
    line: Line

    def on(self, plan: Plan) -> Change:
        at = np.array([plan.at(code) for code in self.cells])
        plan_move.refuse(plan_move.apart(plan, at))
        whole = np.array([shapely.union_all(plan.sound[at])])
        line = plan_ground.reaching(
            plan_move.drawable(self.line), shapely.boundary(whole[0]), plan_move.SNAP_M
        )
        faces = plan_ground.faces(whole, np.array([line]))
        faces = plan_move.without_crumbs(faces[np.unique(plan_ground.holders(faces, whole)[0])])
        if len(faces) < 2:
            one, other = self.cells
            said = (
                f"the line does not part {one} from {other}: it has to cross both together from "
                "border to border"
            )
            raise BadInput(Fault("no_part", said, one=one, other=other))
        kept = shapely.area(shapely.intersection(faces[:, None], plan.sound[at]))
        share = (kept / shapely.area(plan.sound[at])) @ [1, -1]
        side = np.where(share >= 0, 0, 1)
        side[share.argmax()], side[share.argmin()] = 0, 1
        return plan_move.checked(
            plan, at, plan.cells.iloc[at], plan_ground.together(faces, side, 2)
        )


@dataclass(frozen=True)
class MoveCorner:
    """Move a corner (lon, lat) where cells meet; all follow. Put on the next one it is gone."""

    corner: tuple[float, float]
    to: tuple[float, float]

    def on(self, plan: Plan) -> Change:
        at, corner = plan_corners.nearest(plan, self.corner)
        return plan_corners.moved(plan, at, plan.sound[at], corner, self.to)


@dataclass(frozen=True)
class AddCorner:
    """Pull an edge at a place of it (lon, lat) to a new corner; all cells that have it follow."""

    corner: tuple[float, float]
    to: tuple[float, float]

    def on(self, plan: Plan) -> Change:
        at, corner = plan_corners.on_edge(plan, self.corner)
        shapes = plan_ground.weld(plan.sound[at], corner[None])
        return plan_corners.moved(plan, at, shapes, corner, self.to)


@dataclass(frozen=True)
class DropCorner:
    """Take away a corner (lon, lat): the border is straight there, and all cells follow."""

    corner: tuple[float, float]

    def on(self, plan: Plan) -> Change:
        return plan_corners.dropped(plan, *plan_corners.nearest(plan, self.corner))


@dataclass(frozen=True)
class Hand:
    """Hand units to cells: all to one, or each to the one at its place in `to`."""

    units: tuple[str, ...]
    to: str | tuple[str, ...]

    def on(self, plan: Plan) -> Change:
        units = plan_units.named(plan, self.units)
        to = (self.to,) * len(self.units) if isinstance(self.to, str) else self.to
        if len(to) != len(self.units):
            said = f"{len(self.units)} units cannot go to {len(to)} cells one by one"
            raise BadInput(Fault("unequal", said, units=len(self.units), cells=len(to)))
        goal = np.array([plan.at(code) for code in to], dtype=np.intp)
        source = plan.cell_of_unit[units]
        faults = [
            Fault("homeless", f"{unit} lies in no cell", unit=str(unit))
            for unit in plan.units.codes[units[source < 0]]
        ]
        for one, other in {*zip(source[source >= 0], goal[source >= 0], strict=True)}:
            faults += plan_move.apart(plan, np.array([one, other]))
        plan_move.refuse(faults)
        grounds, goals = plan_units.grounds(plan, units[source != goal], goal[source != goal])
        if not len(grounds):
            raise BadInput(Fault("already", "all of these units are in their cell already"))
        return plan_move.give(plan, grounds, plan.codes[goals].tolist())


@dataclass(frozen=True)
class Give:
    """Give ground (degrees) to a cell, whoever has it now; nobody's ground is filled."""

    ground: Ground
    to: str

    def on(self, plan: Plan) -> Change:
        plan.at(self.to)
        return plan_move.give(
            plan, plan_ground.on_grid(np.array([plan_move.drawable(self.ground)])), [self.to]
        )


@dataclass(frozen=True)
class AddDedicated:
    """Take ground (degrees) out of the cells of one community for a dedicated cell 专属网格."""

    ground: Ground
    name: str

    def on(self, plan: Plan) -> Change:
        ground = plan_ground.on_grid(np.array([plan_move.drawable(self.ground)]))
        under, share_m2 = plan.under(ground[0])
        faults = plan_names.faults_of_cell(self.name)
        if not len(under):
            said = "a dedicated cell is taken out of others; none lies there"
            faults.append(Fault("none_there", said))
        plan_move.refuse(faults)
        most = int(under[share_m2.argmax()])
        code = plan_move.free(plan, most, CellKind.DEDICATED)
        row = plan_move.row(plan, most, code).assign(name=self.name, kind=str(CellKind.DEDICATED))
        return plan_move.give(plan, ground, [code], born={code: row})


@dataclass(frozen=True)
class Trim:
    """Cut off ground (degrees) of a cell that lies outside of its community."""

    cell: str
    ground: Ground

    def on(self, plan: Plan) -> Change:
        at = np.array([plan.at(self.cell)])
        home = plan.home(int(at[0]))
        ground = plan_move.drawable(self.ground)
        outside = ground if home is None else shapely.difference(ground, home)
        faces = plan_ground.faces(plan.sound[at], np.array([shapely.boundary(outside)]))
        mine = plan_ground.holders(faces, plan.sound[at])[0]
        cut = plan_ground.holders(faces, np.array([outside]))[0]
        rest = np.setdiff1d(mine, cut)
        shape = plan_ground.together(faces[rest], np.zeros(len(rest), dtype=np.intp), 1)
        return plan_move.checked(plan, at, plan.cells.iloc[at], shape, trimmed=[outside])


@dataclass(frozen=True)
class Mend:
    """Mend an outline that crosses itself, where its ground stays what it is."""

    cell: str

    def on(self, plan: Plan) -> Change:
        at = np.array([plan.at(self.cell)])
        mended = geometry.repair_polygons(plan.shapes[at])
        plan_move.refuse(
            [
                Fault("hopeless", f"{self.cell} cannot be mended: {said}", cell=self.cell)
                for said in mended.faults.values()
            ]
        )
        return changed(plan, at, plan.cells.iloc[at], plan_ground.tidy(mended.shapes))


@dataclass(frozen=True)
class Snap:
    """Bring all cells together at once: gaps up to a width that cells enclose are closed, and all
    overlaps are parted, each to the longest border. What is open to the outside stays.
    """

    width_m: float = 1.0

    def on(self, plan: Plan) -> Change:
        if not 0 < self.width_m <= WIDEST_M:
            said = f"gaps of up to {WIDEST_M:g} m are closed, not of {self.width_m} m"
            raise BadInput(Fault("wide", said, width_m=self.width_m, most_m=WIDEST_M))
        cleaned = plan_ground.cleaned(plan.sound, self.width_m)
        at = np.flatnonzero(~plan_ground.same(cleaned, plan.sound))
        gone = plan.codes[shapely.is_empty(cleaned)]
        plan_move.refuse([plan_sound.nothing_left(str(code)) for code in gone])
        if not len(at):
            said = f"the cells fit: no gap is {self.width_m:g} m wide or less"
            raise BadInput(Fault("fits", said, width_m=self.width_m))
        return changed(plan, at, plan.cells.iloc[at], cleaned[at])


@dataclass(frozen=True)
class Rename:
    """Call a cell otherwise."""

    cell: str
    name: str

    def on(self, plan: Plan) -> Change:
        at = np.array([plan.at(self.cell)])
        plan_move.refuse(plan_names.faults_of_cell(self.name))
        return changed(plan, at, plan.cells.iloc[at].assign(name=self.name), plan.sound[at])


@dataclass(frozen=True)
class Recode:
    """Give a cell another code, which no cell has or had."""

    cell: str
    code: str

    def on(self, plan: Plan) -> Change:
        at = np.array([plan.at(self.cell)])
        kind = str(plan.cells["kind"].iloc[at[0]])
        fault = plan.scheme.fault(self.code, kind, str(plan.above[at[0]]))
        faults = [Fault("code", f"the code {self.code} {fault}", code=self.code)] if fault else []
        if self.code in plan.position or self.code in plan.spent:
            said = f"{self.code} is or was the code of another cell"
            faults.append(Fault("code_taken", said, code=self.code))
        plan_move.refuse(faults)
        return changed(plan, at, plan.cells.iloc[at].assign(code=self.code), plan.sound[at])
