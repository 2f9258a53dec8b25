"""How ground changes hands between the cells of a plan: in whole faces, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gis import geometry, plan_ground, plan_sound
from gis.errors import BadInput, Fault
from gis.plan import Change, Plan, changed

Shapes = npt.NDArray[np.object_]
Ints = npt.NDArray[np.intp]
Texts = npt.NDArray[np.str_]

LEAST_M2 = 1.0
"""A face smaller than this is what a line left over, not a cell."""
SNAP_M = 1.0
"""What somebody drew is put on corners and borders that are nearer than this."""
MOST_CORNERS = 10_000
"""Nobody draws more by hand."""
MOST_FACES = 500
"""Nobody cuts more by one line."""


def drawable(shape: shapely.Geometry) -> shapely.Geometry:
    """What somebody drew, when it can be cut along.

    Raises:
        BadInput: it is empty, not on the earth, crosses itself or has too many corners.
    """
    xy = shapely.get_coordinates(shape)
    if not len(xy) or not (np.abs(xy) <= (180, 90)).all():
        said = "a line or ground to cut along lies between -180, -90 and 180, 90 degrees"
        raise BadInput(Fault("nowhere", said))
    if len(xy) > MOST_CORNERS:
        said = f"{len(xy)} corners are too many to cut along; {MOST_CORNERS} are drawn"
        raise BadInput(Fault("too_many", said, n=len(xy), most=MOST_CORNERS))
    polygonal = shapely.get_dimensions(shape) == 2
    if not (geometry.is_sound(np.array([shape]))[0] if polygonal else shapely.is_simple(shape)):
        said = f"the {'outline' if polygonal else 'line'} crosses itself"
        raise BadInput(Fault("crosses_itself", said))
    return shape


def give(
    plan: Plan, grounds: Shapes, to: Sequence[str], *, born: dict[str, pd.DataFrame] | None = None
) -> Change:
    """Give each ground to the cell whose code stands at its place; `born` are rows of new cells."""
    born = born or {}
    goals = np.array([-1 if code in born else plan.at(code) for code in to])
    way = _way(plan, grounds, goals)
    faces = plan_ground.faces(plan.sound[way.at], shapely.boundary(grounds))
    face, holder = plan_ground.holders(faces, plan.sound[way.at])
    given, ground = _given(plan, way, faces, grounds, (face, holder))
    stays = ~np.isin(face, given)
    labels = {code: n for n, code in enumerate([*plan.codes[way.at].tolist(), *born])}
    goal = np.array([labels[code] for code in to])
    owned = np.concatenate([face[stays], given])
    label = np.concatenate([holder[stays], goal[ground]])
    # grounds may overlap, as cells do that are to be mended: a face is taken once
    owned, label = np.unique(np.column_stack([owned, label]), axis=0).T
    shapes = plan_ground.together(faces[owned], label, len(labels))
    rows = pd.concat([plan.cells.iloc[way.at], *born.values()], ignore_index=True)
    return checked(plan, way.at, rows, shapes, filled=list(way.filled))


@dataclass(frozen=True)
class _Way:
    """Where grounds go: cells that take part; by ground the community it is to be of, whether it
    may be taken from another, and what of it may come from outside of all cells.
    """

    at: Ints
    above: Texts
    across: npt.NDArray[np.bool_]
    filled: Shapes


def _way(plan: Plan, grounds: Shapes, goals: Ints) -> _Way:
    """Ground stays in its community, but for what the community's own outline says is its."""
    faults: list[Fault] = []
    touched, above, across, filled = [goals[goals >= 0]], [], [], []
    for ground, goal in zip(grounds, goals.tolist(), strict=True):
        under, share_m2 = plan.under(ground)
        touched.append(under)
        real = under[share_m2 > plan_ground.ROUNDING_M2]
        home = plan.home(goal) if goal >= 0 else None
        across.append(home is not None and _covers(home, ground))
        if not across[-1]:
            faults += apart(plan, np.union1d(real, goal) if goal >= 0 else real)
        filled.append(_fillable(ground, home) if goal >= 0 else shapely.Polygon())
        above.append(plan.above[goal if goal >= 0 else under[share_m2.argmax()]])
        rest = shapely.union_all([*plan.sound[under], filled[-1]])
        outside = plan_sound.beyond_m2(ground, rest)
        if outside > plan_ground.ROUNDING_M2:
            faults.append(plan_sound.from_outside(outside))
    refuse(list(dict.fromkeys(faults)))
    return _Way(
        np.unique(np.concatenate(touched)),
        np.array(above),
        np.array(across, dtype=bool),
        np.array(filled, dtype=object),
    )


def _covers(home: shapely.Geometry, ground: shapely.Geometry) -> bool:
    return plan_sound.beyond_m2(ground, home) <= plan_ground.ROUNDING_M2


def _fillable(ground: shapely.Geometry, home: shapely.Geometry | None) -> shapely.Geometry:
    return ground if home is None else shapely.intersection(ground, home)


def _given(
    plan: Plan, way: _Way, faces: Shapes, grounds: Shapes, held: tuple[Ints, Ints]
) -> tuple[Ints, Ints]:
    """Which faces go with which ground: not those held by other communities, nor those outside."""
    face, ground = plan_ground.holders(faces, grounds)
    every, home = np.unique(np.append(plan.above[way.at], way.above), return_inverse=True)
    holder, goal = home[: len(way.at)], home[len(way.at) :]
    of_home = held[0] * len(every) + holder[held[1]]
    holders = np.bincount(held[0], minlength=len(faces))
    kin = np.bincount(of_home, minlength=len(faces) * len(every))
    strange = holders[face] > kin[face * len(every) + goal[ground]]
    filled, which = plan_ground.holders(faces, way.filled)
    fill = np.isin(face * len(grounds) + ground, filled * len(grounds) + which)
    kept = (way.across[ground] | ~strange) & ((holders[face] > 0) | fill)
    return face[kept], ground[kept]


def parted(plan: Plan, at: int, parts: Shapes) -> Change:
    """Put parts in a cell's place; the one with most households keeps its code."""
    mine = plan.units_in(at)
    part, unit = shapely.STRtree(plan.units.spots[mine]).query(parts, predicate="intersects")
    homes = plan.units.households[mine][unit]
    order = np.lexsort((-shapely.area(parts), -np.bincount(part, homes, minlength=len(parts))))
    kind = str(plan.cells["kind"].iloc[at])
    above = str(plan.above[at])
    codes = plan.scheme.free(
        above, kind, len(parts) - 1, taken=plan.spent | set(plan.codes[plan.above == above])
    )
    rows = pd.concat([plan.cells.iloc[[at]], *(row(plan, at, code) for code in codes)])
    return checked(plan, np.array([at]), rows, parts[order])


def row(plan: Plan, at: int, code: str) -> pd.DataFrame:
    """The row of a new cell made of ground of the cell at `at`."""
    return plan.cells.iloc[[at]].assign(code=code, name=code)


def free(plan: Plan, at: int, kind: str) -> str:
    """A code for a new cell in the community of the cell at `at`."""
    above = str(plan.above[at])
    taken = plan.spent | set(plan.codes[plan.above == above].tolist())
    return plan.scheme.free(above, kind, 1, taken=taken)[0]


def without_crumbs(faces: Shapes) -> Shapes:
    """Faces, the smallest of which are joined to the neighbour with the longest common border.

    Raises:
        BadInput: there are more than anybody means.
    """
    if len(faces) > MOST_FACES:
        said = f"{len(faces)} faces are too many to cut at once; {MOST_FACES} are cut"
        raise BadInput(Fault("too_many", said, n=len(faces), most=MOST_FACES))
    small = plan_ground.area_m2(faces) < LEAST_M2
    if small.all() or not small.any():
        return faces
    large = np.flatnonzero(~small)
    label = np.full(len(faces), -1)
    label[large] = np.arange(len(large))
    for at in np.flatnonzero(small):
        border = plan_ground.common_border_m(faces[[at] * len(large)], faces[large])
        label[at] = border.argmax()
    return plan_ground.together(faces, label, len(large))


# What speaks against it


def apart(plan: Plan, at: Ints) -> list[Fault]:
    """Cells of several communities have no ground to exchange."""
    above = sorted(set(plan.above[at].tolist()))
    if len(above) < 2:
        return []
    pairs = [f"{plan.codes[one]} of {plan.above[one] or 'no community'}" for one in at[:5]]
    said = f"ground stays in its community: {' and '.join(pairs)} have none to exchange"
    return [Fault("communities", said, cells=plan.codes[at[:5]].tolist())]


def checked(
    plan: Plan,
    at: Ints,
    rows: pd.DataFrame,
    shapes: Shapes,
    *,
    filled: Sequence[shapely.Geometry] = (),
    trimmed: Sequence[shapely.Geometry] = (),
) -> Change:
    """The change, unless the coverage would be less sound than before."""
    codes = rows["code"].tolist()
    refuse(plan_sound.faults(plan, at, codes, shapes, filled=filled, trimmed=trimmed))
    return changed(plan, at, rows, shapes)


def refuse(faults: Sequence[str]) -> None:
    """Refuse with all faults there are; go on when there are none.

    Raises:
        BadInput: in sentences.
    """
    if faults:
        raise BadInput(" ".join(f"{fault}." for fault in faults), faults=list(faults))
