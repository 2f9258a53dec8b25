"""Corners of a plan: found near a place, put on an edge, moved and taken away; all cells follow."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shapely

from gis import plan_ground, plan_move, plan_sound
from gis.errors import BadInput, Fault
from gis.plan import Change, Plan

Shapes = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Place = tuple[float, float]

_NEAR_DEG = plan_move.SNAP_M / plan_ground.M_PER_DEG
_SAME_DEG = 1e-8
"""Corners nearer to each other than this, a millimetre, nobody means as two."""


def nearest(plan: Plan, place: Place) -> tuple[Ints, Floats]:
    """The cells that have the corner nearest to a place (positions), and that corner (2,).

    Raises:
        BadInput: none is near, or cells of several communities have it.
    """
    at, xy, cell = _around(plan, place)
    away = np.hypot(*(xy - place).T)
    if not len(xy) or away.min() > _NEAR_DEG:
        raise BadInput(Fault("no_corner", f"no cell has a corner at {place[0]}, {place[1]}"))
    corner = xy[away.argmin()]
    holders = np.unique(at[cell[(xy == corner).all(axis=1)]])
    plan_move.refuse(plan_move.apart(plan, holders))
    return holders, corner


def on_edge(plan: Plan, place: Place) -> tuple[Ints, Floats]:
    """The cells that have the edge nearest to a place (positions), and the place on it (2,).

    Raises:
        BadInput: no edge is near, a corner is there, or the edge parts communities.
    """
    at, xy, _ = _around(plan, place)
    rims = shapely.boundary(plan.sound[at])
    point = shapely.Point(place)
    away = shapely.distance(rims, point)
    if not len(at) or away.min() > _NEAR_DEG:
        raise BadInput(Fault("no_edge", f"no cell has an edge at {place[0]}, {place[1]}"))
    spot = np.round(
        shapely.get_coordinates(shapely.shortest_line(rims[away.argmin()], point))[0], 10
    )
    if np.hypot(*(xy - spot).T).min() < _SAME_DEG:
        said = f"at {place[0]}, {place[1]} there is a corner already; move it"
        raise BadInput(Fault("corner_there", said))
    holders = at[shapely.dwithin(rims, shapely.Point(spot), plan_ground.GRID_DEG)]
    plan_move.refuse(plan_move.apart(plan, holders))
    return holders, spot


def _around(plan: Plan, place: Place) -> tuple[Ints, Floats, Ints]:
    """Positions of the cells near a place, their corners, and the cell of each among them."""
    point = plan_move.drawable(shapely.Point(place))
    at = np.sort(plan.tree.query(point, "dwithin", _NEAR_DEG))
    xy, cell = shapely.get_coordinates(plan.sound[at], return_index=True)
    return at, xy, cell


def moved(plan: Plan, at: Ints, shapes: Shapes, corner: Floats, to: Place) -> Change:
    """Put `shapes` in the place of the cells at `at`, with a corner of them at another place."""
    plan_move.drawable(shapely.Point(to))
    goal = np.round(to, 10)

    def follow(xy: Floats) -> Floats:
        return np.where((xy == corner).all(axis=1)[:, None], goal, xy)

    pulled = shapely.remove_repeated_points(shapely.transform(shapes, follow))
    return _put(plan, at, pulled)


def dropped(plan: Plan, at: Ints, corner: Floats) -> Change:
    """Take a corner away from the cells at `at`, which have it: a straight edge stays.

    Raises:
        BadInput: borders meet in it, or the straight edge breaks the coverage or cuts a building.
    """
    ends = plan_ground.ends_at(plan.sound[at], corner)
    if len(ends) > 2:
        said = (
            f"{len(ends)} borders meet in the corner at {corner[0]}, {corner[1]}: it can be moved, "
            "not taken away"
        )
        raise BadInput(Fault("junction", said, n=len(ends)))
    shapes, short = plan_ground.without(plan.sound[at], corner)
    plan_move.refuse([plan_sound.nothing_left(str(plan.codes[at[n]])) for n in short])
    change = _put(plan, at, shapes)
    cut = plan_sound.newly_cut(change, shapely.LineString(ends))
    plan_move.refuse(
        [Fault("cut", f"the straight border would cut {code}", unit=code) for code in cut]
    )
    return change


def _put(plan: Plan, at: Ints, shapes: Shapes) -> Change:
    """The change, unless the outline of these cells together would be another one.

    All that share the corner are among them, but for cells beyond the area of the plan.
    """
    change = plan_move.checked(plan, at, plan.cells.iloc[at], shapes)
    was, now = (shapely.boundary(shapely.union_all(one)) for one in (plan.sound[at], shapes))
    if shapely.hausdorff_distance(was, now) > 2 * plan_ground.GRID_DEG:
        said = "the corner is on the edge of the plan, which stays where it is"
        raise BadInput(Fault("corner_edge", said))
    return change
