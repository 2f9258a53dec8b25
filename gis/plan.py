"""网格方案: a plan as a value. A change gives a new plan; undo is the one before.

A plan is one layer of cells: those of the communities of an area, or micro cells, whose
"communities" are then the cells they lie in. Outlines are in WGS-84 degrees, on the grid of
`gis.plan_ground`: as they are stored, and straight where records are filed by them. What is
measured is told in metres. Frames and arrays of a plan are never written to.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gis import geometry, lineage, locate, plan_codes, plan_ground
from gis.errors import BadInput, Conflict, Fault, NotFound
from gis.lineage import Lineage
from gis.plan_codes import Scheme
from gis.terms import CellKind, PlanState

Shapes = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Texts = npt.NDArray[np.str_]

COLUMNS = {"name": None, "kind": str(CellKind.BASIC), "division_code": "", "parent_code": ""}
"""Columns of `Plan.cells` beside `code`, and what stands where a file leaves them out."""


@dataclass(frozen=True, eq=False)
class Units:
    """What is never cut and is handed from cell to cell: buildings or blocks.

    codes: (u,). shapes: footprints or outlines of blocks, or points, in degrees (u,). spots: the
    place of each, which decides its cell (u,). counts: what lives there, whole numbers or a
    workload; `households` and any further column that can be added up.
    """

    codes: Texts
    shapes: Shapes
    spots: Shapes
    counts: pd.DataFrame

    @cached_property
    def position(self) -> dict[str, int]:
        """Position by code."""
        return {str(code): at for at, code in enumerate(self.codes)}

    @cached_property
    def households(self) -> Floats:
        """Households of each (u,)."""
        return self.counts["households"].to_numpy(dtype=float)

    @cached_property
    def tree(self) -> shapely.STRtree:
        """The spots, to be found by area."""
        return shapely.STRtree(self.spots)


def units_of(
    codes: npt.ArrayLike, shapes: Shapes, counts: pd.DataFrame, *, spots: Shapes | None = None
) -> Units:
    """Make units; without `spots` a point inside each shape is its place.

    Raises:
        BadInput: two have one code, or nobody counted the households.
    """
    codes = np.asarray(codes, dtype=str)
    faults = _repeated(codes, "building or block")
    if "households" not in counts:
        faults.append(f"units need a column households; there are: {', '.join(counts.columns)}")
    if faults:
        raise BadInput(" ".join(faults), faults=faults)
    places = shapely.point_on_surface(shapes) if spots is None else spots
    return Units(codes, plan_ground.on_grid(shapes), places, counts.reset_index(drop=True))


@dataclass(frozen=True, eq=False)
class Communities:
    """What cells lie in: codes (m,) and outlines in degrees (m,), None where nobody drew one."""

    codes: Texts
    shapes: Shapes


_NONE = np.empty(0, dtype=object)
NO_UNITS = Units(np.empty(0, dtype=str), _NONE, _NONE, pd.DataFrame({"households": []}, dtype=int))
NO_COMMUNITIES = Communities(np.empty(0, dtype=str), _NONE)


@dataclass(frozen=True, eq=False)
class Plan:
    """Cells over an area of the division tree, by code.

    cells: code, name, kind, division_code, parent_code, and whatever else was brought (n rows).
    shapes: Polygons, or MultiPolygons where a cell is in pieces (n,). counts: households and what
    else adds up, of each cell; counted from the units where there are any (n rows).
    cell_of_unit: position of each unit's cell, -1 for none (u,). spent: codes of cells that
    ended; no new cell gets one.
    """

    name: str
    state: PlanState
    cells: pd.DataFrame
    shapes: Shapes
    counts: pd.DataFrame
    communities: Communities
    units: Units
    cell_of_unit: Ints
    scheme: Scheme
    spent: frozenset[str]

    def __len__(self) -> int:
        return len(self.cells)

    @cached_property
    def codes(self) -> Texts:
        """Codes of the cells in order (n,)."""
        return self.cells["code"].to_numpy(dtype=str)

    @cached_property
    def position(self) -> dict[str, int]:
        """Position by code."""
        return {code: at for at, code in enumerate(self.codes.tolist())}

    @cached_property
    def above(self) -> Texts:
        """The community of each cell; of micro cells the cell they lie in (n,)."""
        micro = (self.cells["kind"] == CellKind.MICRO).any()
        return self.cells["parent_code" if micro else "division_code"].to_numpy(dtype=str)

    @cached_property
    def sound(self) -> Shapes:
        """The outlines, mended where they cross themselves; empty where that is hopeless (n,)."""
        sound = self.shapes.copy()
        broken = np.flatnonzero(~geometry.is_sound(sound))
        mended = geometry.repair_polygons(sound[broken]).shapes
        mended[shapely.is_missing(mended)] = shapely.Polygon()
        sound[broken] = plan_ground.tidy(mended)
        return sound

    @cached_property
    def loose(self) -> Ints:
        """Positions of cells with an edge that is not exactly a neighbour's too."""
        return plan_ground.loose_ends(self.sound)

    @cached_property
    def _unit_order(self) -> tuple[Ints, Ints]:
        order = np.argsort(self.cell_of_unit, kind="stable")
        return order, np.searchsorted(self.cell_of_unit[order], np.arange(len(self) + 1))

    def units_in(self, at: int) -> Ints:
        """Positions of the units of the cell at `at`."""
        order, first = self._unit_order
        return order[first[at] : first[at + 1]]

    @cached_property
    def borders(self) -> pd.DataFrame:
        """Cells side by side, a row for each of two: one, other (positions), metres in common."""
        one, other, metres = plan_ground.common_edges(self.sound)
        there = pd.DataFrame({"one": one, "other": other, "metres": metres})
        back = there.rename(columns={"one": "other", "other": "one"})
        both = pd.concat([there, back])
        return both[both["one"] != both["other"]].groupby(["one", "other"], as_index=False).sum()

    @cached_property
    def tree(self) -> shapely.STRtree:
        """The sound outlines, to be found by area."""
        return shapely.STRtree(self.sound)

    @cached_property
    def areas_m2(self) -> Floats:
        """Areas of the cells (n,)."""
        return plan_ground.area_m2(self.sound)

    def at(self, code: str) -> int:
        """The position of a cell.

        Raises:
            NotFound: no cell has that code.
        """
        if code not in self.position:
            some = ", ".join(self.codes[:5])
            said = f"plan {self.name!r} has no cell {code!r}; it has {some} …"
            raise NotFound(Fault("gone", said, cell=code), cell=code)
        return self.position[code]

    def home(self, at: int) -> shapely.Geometry | None:
        """The outline of a cell's community; None where nobody drew it."""
        found = np.flatnonzero(self.communities.codes == self.above[at])
        outline: shapely.Geometry | None = self.communities.shapes[found[0]] if len(found) else None
        return outline

    def beside(self, at: Ints) -> Ints:
        """Positions of the cells that touch those at `at`, without these, in order."""
        found = self.tree.query(self.sound[at], predicate="intersects")[1]
        return np.setdiff1d(found, at)

    def under(self, ground: shapely.Geometry) -> tuple[Ints, Floats]:
        """Positions of the cells that have any ground in common with `ground`, and how much, m²."""
        near = np.sort(self.tree.query(ground, predicate="intersects"))
        common = plan_ground.area_m2(shapely.intersection(self.sound[near], ground))
        return near[common > 0], common[common > 0]


def of(
    cells: pd.DataFrame,
    shapes: Shapes,
    *,
    counts: pd.DataFrame | None = None,
    communities: Communities = NO_COMMUNITIES,
    units: Units = NO_UNITS,
    name: str = "",
    scheme: Scheme | None = None,
    spent: frozenset[str] = frozenset(),
) -> Plan:
    """Make a draft of cells; corners go on the grid, and on the edges of neighbours that lack them.

    Args:
        cells: `code`, and what else of `COLUMNS` there is (n rows).
        shapes: polygons in WGS-84 degrees (n,).
        counts: households and more by cell (n rows), read only without units; else 0.
        scheme: how cells are numbered; else the one the codes follow.

    Raises:
        BadInput: a cell without code or outline, two with one code, micro cells among others.
    """
    faults = _faults(cells, shapes)
    if faults:
        raise BadInput(" ".join(faults), faults=faults)
    cells = cells.assign(**{c: v for c, v in COLUMNS.items() if c not in cells})
    cells = cells.fillna({c: v for c, v in COLUMNS.items() if v is not None})
    cells["name"] = cells["name"].fillna(cells["code"]).astype(str)
    order = np.argsort(cells["code"].to_numpy(dtype=str), kind="stable")
    if counts is None:
        counts = pd.DataFrame({"households": np.zeros(len(cells), dtype=int)})
    cells, counts = (one.iloc[order].reset_index(drop=True) for one in (cells, counts))
    drawn = plan_ground.matched(plan_ground.tidy(plan_ground.on_grid(shapes)))[order]
    drawn_communities = replace(communities, shapes=plan_ground.on_grid(communities.shapes))
    codes = cells["code"].to_numpy(dtype=str)
    filed = locate.cell_of(units.spots, drawn, codes)
    return Plan(
        name=name,
        state=PlanState.DRAFT,
        cells=cells,
        shapes=drawn,
        counts=_counted(units, filed, counts),
        communities=drawn_communities,
        units=units,
        cell_of_unit=filed,
        scheme=scheme or plan_codes.guess(codes.tolist(), set(cells["kind"])),
        spent=spent,
    )


def _faults(cells: pd.DataFrame, shapes: Shapes) -> list[str]:
    if "code" not in cells or cells["code"].isna().any() or (cells["code"] == "").any():
        return ["every cell of a plan needs a code"]
    faults = _repeated(cells["code"].to_numpy(dtype=str), "cell")
    bare = ~np.isin(shapely.get_type_id(shapes), (3, 6)) | shapely.is_empty(shapes)
    if bare.any():
        faults.append(f"cells without an outline: {', '.join(cells['code'][bare][:5])}")
    kinds = set(cells["kind"].dropna()) if "kind" in cells else set()
    if CellKind.MICRO in kinds and len(kinds) > 1:
        faults.append("micro cells are a plan of their own; their communities are the cells")
    return faults


def _repeated(codes: Texts, what: str) -> list[str]:
    found, count = np.unique(codes, return_counts=True)
    return [f"{c} is the code of {n} {what}s" for c, n in zip(found, count, strict=True) if n > 1]


def _counted(units: Units, filed: Ints, told: pd.DataFrame) -> pd.DataFrame:
    """Counts of cells from their units; as told where there are no units."""
    if not len(units.codes):
        return told
    held = filed >= 0
    added = units.counts[held].groupby(filed[held]).sum()
    counted: pd.DataFrame = added.reindex(range(len(told)), fill_value=0)
    return counted


def turned(plan: Plan, state: PlanState) -> Plan:
    """The plan in its next state: a draft is published, a published plan retires.

    Raises:
        Conflict: no other way leads from here to there.
    """
    lawful = {PlanState.DRAFT: PlanState.PUBLISHED, PlanState.PUBLISHED: PlanState.RETIRED}
    if lawful.get(plan.state) != state:
        raise Conflict(f"plan {plan.name!r} is {plan.state}; it cannot become {state}")
    return replace(plan, state=state)


def draft_of(plan: Plan, name: str) -> Plan:
    """A draft with the cells of a plan in any state."""
    return replace(plan, name=name, state=PlanState.DRAFT)


# A change


@dataclass(frozen=True, eq=False)
class Change:
    """A new plan, and which cells of the one before (positions) became which (codes)."""

    plan: Plan
    before: Plan
    gone: Ints
    born: Texts

    @cached_property
    def lineage(self) -> Lineage:
        """What became of the cells that were touched; found out when it is asked for."""
        at = [self.plan.position[code] for code in self.born.tolist()]
        old = (self.before.codes[self.gone], self.before.sound[self.gone])
        new = (self.born, self.plan.sound[at])
        if len(self.plan.units.codes):
            return lineage.between(old, new, units=_moved(self))
        homes = self.before.counts["households"].to_numpy()[self.gone]
        return lineage.between(old, new, households=homes)


def changed(plan: Plan, gone: Ints, cells: pd.DataFrame, shapes: Shapes) -> Change:
    """Put `cells` with their outlines in the place of those at `gone`; neighbours get the corners.

    Units are filed anew where ground was touched, counts follow them, or the ground where there
    are no units. Whether the coverage is sound is not asked here: see `gis.plan_edit`.

    Args:
        cells: rows as in `Plan.cells`, with codes that the rest of the plan has not.
    """
    kept = np.setdiff1d(np.arange(len(plan)), gone)
    drawn = plan.shapes.copy()
    beside = plan.beside(gone)
    near = weld_each_other(drawn[beside], shapes)
    drawn[beside], shapes = near[: len(beside)], near[len(beside) :]
    rows = pd.concat([plan.cells.iloc[kept], cells], ignore_index=True)
    order = np.argsort(rows["code"].to_numpy(dtype=str), kind="stable")
    rows = rows.iloc[order].reset_index(drop=True)
    drawn = np.concatenate([drawn[kept], shapes])[order]
    filed = _filed_anew(plan, rows, drawn, np.concatenate([plan.sound[gone], shapes]))
    codes = rows["code"].to_numpy(dtype=str)
    spent = plan.spent | (set(plan.codes[gone].tolist()) - set(codes.tolist()))
    whole = replace(plan, cells=rows, shapes=drawn, cell_of_unit=filed, spent=spent)
    change = Change(whole, plan, gone, cells["code"].to_numpy(dtype=str))
    if len(plan.units.codes):
        counts = _counted(plan.units, filed, rows)
    else:
        counts = _carried(plan, change.lineage, kept, codes)
    return replace(change, plan=replace(whole, counts=counts))


def weld_each_other(some: Shapes, others: Shapes) -> Shapes:
    """All shapes, `some` first, each with the corners that others have on its edges."""
    both = np.concatenate([some, others])
    return plan_ground.weld(both, shapely.get_coordinates(both)) if len(both) else both


def _filed_anew(plan: Plan, rows: pd.DataFrame, drawn: Shapes, ground: Shapes) -> Ints:
    """The cell of each unit after a change; only units on the touched ground are looked up."""
    codes = rows["code"].to_numpy(dtype=str)
    place = pd.Index(codes).get_indexer(pd.Index(plan.codes))
    held = plan.cell_of_unit >= 0
    filed = np.full(len(held), -1, dtype=np.intp)
    filed[held] = place[plan.cell_of_unit[held]]
    touched = np.unique(plan.units.tree.query(ground, predicate="intersects")[1])
    if len(touched):
        near = np.unique(shapely.STRtree(drawn).query(ground, predicate="intersects")[1])
        found = locate.cell_of(plan.units.spots[touched], drawn[near], codes[near])
        filed[touched] = np.where(found >= 0, near[found], -1)
    return filed


def _moved(change: Change) -> pd.DataFrame:
    """The units of the touched cells: codes of their cells before and after, and households."""
    before, after = change.before, change.plan
    mine = np.flatnonzero(np.isin(before.cell_of_unit, change.gone))
    filed = after.cell_of_unit[mine]
    return pd.DataFrame(
        {
            "before": before.codes[before.cell_of_unit[mine]],
            "after": np.where(filed >= 0, after.codes[filed], lineage.NOWHERE),
            "households": before.units.households[mine],
        }
    )


def _carried(plan: Plan, change: Lineage, kept: Ints, codes: Texts) -> pd.DataFrame:
    """Counts of a plan without units after a change: those of touched cells by their ground."""
    told = plan.counts.set_index(pd.Index(plan.codes))
    gone = told.loc[sorted(change.old)]
    fresh = lineage.recount(change, gone, weight="area")
    both = pd.concat([told.iloc[kept], fresh[fresh.index != lineage.NOWHERE]])
    return both.groupby(level=0).sum().reindex(codes, fill_value=0).reset_index(drop=True)
