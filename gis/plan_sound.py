"""Whether new outlines would leave the coverage as sound as it was."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import shapely

from gis import plan_ground
from gis.errors import Fault
from gis.plan import Change, Plan, weld_each_other

Shapes = npt.NDArray[np.object_]
Ints = npt.NDArray[np.intp]

CUT_SHARE = 0.02
"""A building is cut when more than this of it lies outside of its cell."""


def faults(
    plan: Plan,
    at: Ints,
    codes: list[str],
    shapes: Shapes,
    *,
    filled: Sequence[shapely.Geometry] = (),
    trimmed: Sequence[shapely.Geometry] = (),
) -> list[Fault]:
    """Say what would be broken if `shapes` stood in the place of the cells at `at`.

    Args:
        codes: of the new cells (m,). filled, trimmed: ground that may come to the coverage, or
            leave it.
    """
    empty = shapely.is_empty(shapes)
    found = [nothing_left(codes[n]) for n in np.flatnonzero(empty)]
    for n in np.flatnonzero(~shapely.is_valid(shapes)):
        said = f"the outline of {codes[n]} would cross itself"
        found.append(Fault("would_cross", said, cell=codes[n]))
    found += _pieces(plan, codes, shapes)
    if found:
        return found
    before, after = shapely.union_all(plan.sound[at]), shapely.union_all(shapes)
    lost = beyond_m2(before, shapely.union_all([after, *trimmed]))
    won = beyond_m2(after, shapely.union_all([before, *filled]))
    if lost > plan_ground.ROUNDING_M2:
        size = round(lost, 1)
        found.append(Fault("no_cell", f"{size} m² would belong to no cell", size=size))
    if won > plan_ground.ROUNDING_M2:
        found.append(from_outside(won))
    return found or _overlaps(plan, at, codes, shapes)


def nothing_left(code: str) -> Fault:
    """A cell would be gone."""
    return Fault("nothing_left", f"nothing would be left of cell {code}", cell=code)


def from_outside(area_m2: float) -> Fault:
    """Ground would come to the coverage that is none of its."""
    size = round(area_m2, 1)
    return Fault("outside", f"{size} m² would be taken from outside", size=size)


def beyond_m2(ground: shapely.Geometry, limit: shapely.Geometry) -> float:
    """How much of `ground` lies outside of `limit`, in m²."""
    return float(plan_ground.area_m2(np.array([shapely.difference(ground, limit)]))[0])


def newly_cut(change: Change, border: shapely.LineString) -> list[str]:
    """Codes of the buildings that a new border cuts, or cuts more than they were before."""
    units = change.plan.units
    at = np.flatnonzero(
        (shapely.get_dimensions(units.shapes) == 2)
        & (np.minimum(change.before.cell_of_unit, change.plan.cell_of_unit) >= 0)
        & shapely.intersects(units.shapes, border)
    )
    was, now = (_outside(plan, at) for plan in (change.before, change.plan))
    return [str(code) for code in units.codes[at[(now > CUT_SHARE) & (now > was)]]]


def _outside(plan: Plan, units: Ints) -> npt.NDArray[np.float64]:
    """How much of each unit lies outside of its cell, as a share (k,)."""
    shapes, cells = plan.units.shapes[units], plan.sound[plan.cell_of_unit[units]]
    return np.asarray(shapely.area(shapely.difference(shapes, cells)) / shapely.area(shapes))


def _pieces(plan: Plan, codes: list[str], shapes: Shapes) -> list[Fault]:
    """Cells that would come apart, and were not in so many pieces before."""
    pieces = shapely.get_num_geometries(shapes)
    found = []
    for n in np.flatnonzero(pieces > 1):
        at = plan.position.get(codes[n])
        had = 1 if at is None else int(shapely.get_num_geometries(plan.sound[at]))
        if pieces[n] > had:
            said = f"cell {codes[n]} would be in {pieces[n]} pieces"
            found.append(Fault("pieces", said, cell=codes[n], n=int(pieces[n])))
    return found


def _overlaps(plan: Plan, at: Ints, codes: list[str], shapes: Shapes) -> list[Fault]:
    """Ground that would belong to more cells than before, and borders that would not fit."""
    beside = plan.sound[plan.beside(at)]
    before = np.concatenate([plan.sound[at], beside])
    after = weld_each_other(beside, shapes)
    around = f"around {', '.join(codes[:3])}"
    scale = plan_ground.area_m2(shapes)[0] / shapely.area(shapes[0])
    more = (_twice(after) - _twice(before)) * scale
    if more > plan_ground.ROUNDING_M2:
        size = round(float(more), 1)
        said = f"{size} m² would belong to two cells at once, {around}"
        return [Fault("twice", said, size=size, cells=codes[:3])]
    if _fit(before) and not _fit(after):
        said = f"a border would come within a hair of another one, {around}"
        return [Fault("hair", said, cells=codes[:3])]
    return []


def _fit(shapes: Shapes) -> bool:
    return bool(shapely.is_valid(shapes).all() and shapely.coverage_is_valid(shapes))


def _twice(shapes: Shapes) -> float:
    return float(shapely.area(shapes).sum() - shapely.area(shapely.union_all(shapes)))
