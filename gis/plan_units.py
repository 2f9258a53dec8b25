"""The ground that goes with a building or block when it is handed from cell to cell.

Blocks bring their own ground. A building brings what of its cell is nearer to it than to any
other building; none is cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import Voronoi

from gis import plan_ground
from gis.errors import BadInput, Fault, NotFound
from gis.plan import Plan

Shapes = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

_STEP_M = 3.0
"""Outlines of buildings are looked at every so many metres."""
_STRAIGHT_M = 2.0
"""How much the border between buildings may leave the exact middle, to have fewer corners."""


def named(plan: Plan, codes: Sequence[str]) -> Ints:
    """Positions of units.

    Raises:
        BadInput: none is named. NotFound: with the first codes that are no unit's.
    """
    if not codes:
        raise BadInput(Fault("no_units", "name the buildings or blocks"))
    unknown = [code for code in codes if code not in plan.units.position]
    if unknown:
        more = f" and {len(unknown) - 5:,} more" if len(unknown) > 5 else ""
        said = f"no building or block has the code {', '.join(unknown[:5])}{more}"
        raise NotFound(Fault("unit_gone", said, units=unknown[:5]), units=unknown[:5])
    return np.array([plan.units.position[code] for code in codes], dtype=np.intp)


def grounds(plan: Plan, units: Ints, goal: Ints) -> tuple[Shapes, Ints]:
    """The ground that goes with units to the cells at `goal`: outlines and their goals."""
    found: list[shapely.Geometry] = []
    goals: list[int] = []
    source = plan.cell_of_unit[units]
    for at in np.unique(source):
        mine = units[source == at]
        to = goal[source == at]
        targets = np.unique(to)
        found += ground(plan, int(at), [mine[to == one] for one in targets]).tolist()
        goals += targets.tolist()
    return np.array(found, dtype=object), np.array(goals, dtype=np.intp)


def ground(plan: Plan, at: int, groups: Sequence[Ints]) -> Shapes:
    """The ground of each group of units of the cell at `at`, within the cell (len(groups),)."""
    mine = plan.units_in(at)
    group = np.full(len(mine), len(groups))
    for number, units in enumerate(groups):
        group[np.isin(mine, units)] = number
    return fields(plan.sound[at], plan.units.shapes[mine], group, len(groups) + 1)[: len(groups)]


def fields(whole: shapely.Geometry, units: Shapes, group: Ints, count: int) -> Shapes:
    """Part ground among the groups 0…count-1 of its units: to each what is nearest to it (count,).

    Outlines fit each other exactly. A group without units gets nothing.
    """
    cell = np.array([whole])
    inside = np.asarray(shapely.intersection(units, whole))
    plane = _plane(whole)
    near = shapely.transform(inside, plane.metres)
    cuts = shapely.boundary(inside[shapely.get_dimensions(inside) == 2])
    if shapely.area(inside).sum() < _TILED * shapely.area(whole):
        borders = _halfway(near, group)
        cuts = np.concatenate([cuts, shapely.transform(borders, plane.degrees)])
    faces = plan_ground.faces(cell, cuts)
    faces = faces[np.unique(plan_ground.holders(faces, cell)[0])]
    spots = shapely.transform(shapely.point_on_surface(faces), plane.metres)
    whose = np.empty(len(faces), dtype=np.intp)
    face, unit = shapely.STRtree(near).query_nearest(spots, all_matches=False)
    whose[face] = group[unit]
    drawn = _straight(plan_ground.together(faces, whose, count), inside, group)
    return _without_strays(drawn, inside)


def _without_strays(drawn: Shapes, inside: Shapes) -> Shapes:
    """Join pieces without a unit, which lie apart from the rest of theirs, to their neighbours."""
    parts, owner = shapely.get_parts(drawn, return_index=True)
    if len(parts) == len(drawn):
        return drawn
    held = np.zeros(len(parts), dtype=bool)
    held[plan_ground.holders(inside, parts)[1]] = True
    largest = np.zeros(len(drawn))
    np.maximum.at(largest, owner, shapely.area(parts))
    stray = ~held & (shapely.area(parts) < largest[owner])
    one, other, metres = plan_ground.common_edges(parts)
    for at in np.flatnonzero(stray):
        beside = np.where(one == at, other, one)[(one == at) | (other == at)]
        border = metres[(one == at) | (other == at)] * ~stray[beside] * (beside != at)
        if border.max(initial=0.0) > 0:
            owner[at] = owner[beside[border.argmax()]]
    return plan_ground.together(parts, owner, len(drawn))


_TILED = 0.999
"""Units that hold this share of a cell are its blocks: no ground between them is to be shared."""


@dataclass(frozen=True)
class _Plane:
    """Metres from a corner, near enough for asking what is nearer."""

    origin: Floats
    scale: Floats

    def metres(self, xy: Floats) -> Floats:
        return np.asarray((xy - self.origin) * self.scale)

    def degrees(self, xy: Floats) -> Floats:
        return np.asarray(xy / self.scale + self.origin)


def _plane(cell: shapely.Geometry) -> _Plane:
    west, south, _, _ = shapely.bounds(cell)
    scale = np.array([np.cos(np.radians(south)), 1.0]) * plan_ground.M_PER_DEG
    return _Plane(np.array([west, south]), scale)


def _halfway(near: Shapes, group: Ints) -> Shapes:
    """Lines (metres) that are as far from the units of one group as from those of another."""
    xy, owner = shapely.get_coordinates(shapely.segmentize(near, _STEP_M), return_index=True)
    xy, first = np.unique(np.round(xy, 3), axis=0, return_index=True)
    label = np.append(group[owner[first]], [-1] * 4)
    far = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]]) * 1e5
    fields = Voronoi(np.concatenate([xy, far]))
    one, other = label[fields.ridge_points].T
    ends = np.array(fields.ridge_vertices)
    ends = ends[(one != other) & (one >= 0) & (other >= 0) & (ends >= 0).all(axis=1)]
    return np.asarray(shapely.linestrings(fields.vertices[ends]), dtype=object)


def _straight(grounds: Shapes, inside: Shapes, group: Ints) -> Shapes:
    """Grounds of the groups with straighter borders between them, if these cut no unit."""
    some = ~shapely.is_empty(grounds)
    drawn = grounds.copy()
    drawn[some] = plan_ground.on_grid(
        shapely.coverage_simplify(
            grounds[some], _STRAIGHT_M / plan_ground.M_PER_DEG, simplify_boundary=False
        )
    )
    whole = shapely.covers(drawn[group], inside).all() and shapely.coverage_is_valid(drawn[some])
    return drawn if whole else grounds
