"""What a check answers, and what it is told: findings, limits, barriers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import shapely

from gis import plan_ground, plan_sound
from gis.errors import BadInput
from gis.plan import Plan
from gis.plan_edit import Operation
from gis.terms import CellKind
from gis.terms_plan import BarrierKind, FindingKind

Shapes = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Finding:
    """Something wrong at a place.

    cells: codes, those concerned first. lon, lat: a point in it, degrees. ground: where it is,
    degrees. size, unit: how much. repair: an operation
    that mends it; None where a person has to decide.
    """

    kind: FindingKind
    cells: tuple[str, ...]
    lon: float
    lat: float
    ground: shapely.Geometry
    size: float
    unit: str
    sentence: str
    repair: Operation | None = None


@dataclass(frozen=True)
class Limits:
    """What is still allowed.

    households: fewest and most by kind of cell; kinds that are not named have none. narrow_m:
    what is narrower than this is a sliver, and a slit between cells. cut_share: how much of a
    building may lie outside its cell. beyond_share: how much of a cell where nobody lives may
    lie beyond a barrier.
    """

    households: Mapping[str, tuple[int, int]] = field(
        default_factory=lambda: {CellKind.BASIC: (300, 500), CellKind.MICRO: (30, 50)}
    )
    narrow_m: float = 3.0
    cut_share: float = plan_sound.CUT_SHARE
    beyond_share: float = 0.1


LIMITS = Limits()


@dataclass(frozen=True, eq=False)
class Barriers:
    """What cells should not lie across: lines in degrees (b,), kinds and names (b,)."""

    lines: Shapes
    kinds: tuple[BarrierKind, ...]
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if not len(self.lines) == len(self.kinds) == len(self.names):
            raise BadInput("every barrier has a line, a kind and a name, which may be empty")


NO_BARRIERS = Barriers(np.empty(0, dtype=object), (), ())


def found(
    kind: FindingKind,
    cells: Sequence[str],
    ground: shapely.Geometry,
    size: tuple[float, str],
    sentence: str,
    repair: Operation | None = None,
) -> Finding:
    """A finding with a point of its ground, to seven decimals of a degree."""
    spot = shapely.get_coordinates(shapely.point_on_surface(ground))[0]
    lon, lat = np.round(spot, 7).tolist()
    amount, unit = size
    return Finding(kind, tuple(cells), lon, lat, ground, float(amount), unit, sentence, repair)


def longest_neighbour(plan: Plan) -> Ints:
    """Of each cell the neighbour in its community with the longest common border, -1 for none."""
    borders = plan.borders
    home = plan.above[borders["one"]] == plan.above[borders["other"]]
    rows = borders[home].sort_values(["metres", "other"], ascending=[False, True])
    rows = rows.drop_duplicates("one")
    answer = np.full(len(plan), -1, dtype=np.intp)
    answer[rows["one"]] = rows["other"]
    return answer


def longest_beside(plan: Plan, pieces: Shapes, above: npt.ArrayLike, *, but: Ints) -> Ints:
    """The cell with the longest common border with each piece, -1 where none has one.

    Args:
        pieces: polygons (k,). above: the community the cell has to belong to (k,), "" for any.
        but: position of a cell that is not meant (k,), -1 for none.
    """
    answer = np.full(len(pieces), -1, dtype=np.intp)
    near = 1e-3 / plan_ground.M_PER_DEG
    piece, cell = plan.tree.query(pieces, predicate="dwithin", distance=near)
    home = np.asarray(above, dtype=str)[piece]
    meant = (cell != but[piece]) & ((home == "") | (plan.above[cell] == home))
    piece, cell = piece[meant], cell[meant]
    border = plan_ground.common_border_m(pieces[piece], plan.sound[cell])
    order = np.lexsort((cell, -border, piece))
    first = order[np.unique(piece[order], return_index=True)[1]]
    first = first[border[first] > 0]
    answer[piece[first]] = cell[first]
    return answer
