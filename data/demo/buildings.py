"""Buildings inside blocks: rows of slabs, towers, old houses, schools, markets, works.

Every building is a true rectangle, turned as its block lies, inside the block's own land: off the
roads, off the water, inside one cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from data.demo import dealing, words
from data.demo.cells import HOMES, Cells
from data.demo.ground import Floats, Ground, Ints, Shapes
from data.demo.layout import Land, Road

HALF_WIDTH_M = {1: 15.0, 2: 9.0, 3: 4.5}
"""Half the width of a main road, a street, a lane; the outline of a block keeps off by it."""
_SETBACK_M = 4.0
_VACANT = 0.06


@dataclass(frozen=True)
class Fabric:
    """How one use is built: lengths and gaps in metres, homes per stairwell and floor."""

    length: tuple[float, float]
    depth: float
    gap: float
    row_gap: float
    stair_m: float
    homes: int
    height: float
    kept: float = 0.95


FABRICS = {
    "slab": Fabric((28, 58), 13, 9, 17, 14, 2, 1.0, 0.95),
    "tower": Fabric((25, 31), 21, 17, 22, 40, 4, 2.6, 0.92),
    "old": Fabric((13, 24), 10, 4, 8, 14, 2, 0.45, 0.92),
    "school": Fabric((42, 64), 15, 16, 22, 99, 0, 4),
    "market": Fabric((36, 64), 30, 14, 16, 99, 0, 2),
    "hospital": Fabric((40, 60), 19, 18, 24, 99, 0, 8),
    "works": Fabric((50, 84), 28, 14, 18, 99, 0, 2),
    "park": Fabric((14, 18), 12, 90, 120, 99, 0, 1, 0.3),
}
_NAMES = {
    "school": "教学楼",
    "market": "市场大厅",
    "hospital": "门诊楼",
    "works": "厂房",
    "park": "凉亭",
}


@dataclass(frozen=True)
class Buildings:
    """All buildings, one entry each, in metres; `households` is what each cell was dealt."""

    block: Ints
    cell: Ints
    centre: Floats
    corners: Floats
    floors: Ints
    stairs: Ints
    homes_per_stair: Ints
    households: Ints
    names: list[str]
    addresses: list[str]

    @property
    def homes(self) -> Ints:
        """Homes in each building."""
        return np.asarray(self.floors * self.stairs * self.homes_per_stair)


@dataclass(frozen=True)
class _Slots:
    block: Ints
    u: Floats
    v: Floats
    length: Floats
    depth: Floats


def raise_all(
    cells: Cells, ground: Ground, roads: list[Road], households: int, seed: int
) -> Buildings:
    """Build the town: homes for so many households, in every cell enough for its own."""
    rng = np.random.default_rng([seed, 5])
    slots = _slots(cells, ground, roads, rng)
    corners = _corners(slots, ground)
    good = _standing(slots, corners, cells.blocks, ground, roads)
    block = slots.block[good]
    use, cell = cells.uses[block], cells.cell_of[block]
    stairs, per_stair = _stairs(slots.length[good], use)
    room = np.bincount(cell, stairs * per_stair, len(cells.codes)).astype(np.float64)
    dealt = dealing.households(room, households, rng)
    floors = _floors(dealt, cell, use, stairs * per_stair, rng)
    return Buildings(
        block=block,
        cell=cell,
        centre=corners[good].mean(axis=1),
        corners=corners[good],
        floors=floors,
        stairs=stairs,
        homes_per_stair=per_stair,
        households=dealt,
        names=_names(block, use, rng),
        addresses=_addresses(block, cells.blocks, roads, slots.u[good], slots.v[good]),
    )


# Where buildings may stand


def inset(blocks: list[Land], ground: Ground, roads: list[Road], more_m: float = 0.0) -> Floats:
    """Give the buildable part of each block on the lattice (n, 4: u0 u1 v0 v1), off its roads."""
    bounds = np.array([[b.u0, b.u1, b.v0, b.v1] for b in blocks], float)
    sides = np.array([[b.west, b.east, b.south, b.north] for b in blocks])
    half = np.array([HALF_WIDTH_M[road.rank] for road in roads])[sides] + more_m
    wide, high = _least_scale(bounds, ground)
    step = np.column_stack([wide, -wide, high, -high])
    return np.asarray(bounds + half / step)


def _least_scale(bounds: Floats, ground: Ground) -> tuple[Floats, Floats]:
    """Measure a step at right angles to a block's sides where it is shortest, in metres."""
    west, east, south, north = bounds.T
    middle = (west + east) / 2, (south + north) / 2
    places = [(u, v) for u in (west, middle[0], east) for v in (south, middle[1], north)]
    scales = [_scale(u, v, ground)[:2] for u, v in places]
    wide, high = np.min(scales, axis=0)
    return wide, high


def _scale(u: Floats, v: Floats, ground: Ground) -> tuple[Floats, Floats, Floats]:
    """Measure a step at right angles to the west and south sides, and along u, in metres."""
    east, north = ground.frame(u, v)
    area = np.abs(east[:, 0] * north[:, 1] - east[:, 1] * north[:, 0])
    along = np.hypot(*east.T)
    return area / np.hypot(*north.T), area / along, along


def _zones(cells: Cells, ground: Ground, roads: list[Road]) -> Floats:
    zones = inset(cells.blocks, ground, roads, _SETBACK_M)
    high = zones[:, 3] - zones[:, 2]
    school = cells.uses == "school"  # the southern half of a school is its sports ground
    zones[school, 2] += high[school] / 2
    park = cells.uses == "park"  # a pond lies in the middle of a park
    zones[park, 3] -= high[park] * 0.8
    return zones


def _slots(cells: Cells, ground: Ground, roads: list[Road], rng: np.random.Generator) -> _Slots:
    """Lay rows into each block and buildings into each row."""
    zones = _zones(cells, ground, roads)
    fabric = np.array([_row(FABRICS[use]) for use in cells.uses])
    _, high, along = _scale(zones[:, :2].mean(axis=1), zones[:, 2:].mean(axis=1), ground)
    wide_m, high_m = (zones[:, 1] - zones[:, 0]) * along, (zones[:, 3] - zones[:, 2]) * high
    rows = _fitting(high_m, fabric[:, 2], fabric[:, 4])
    block = np.repeat(np.arange(len(zones)), rows)
    least, most, gap = fabric[block, 0], fabric[block, 1], fabric[block, 3]
    per_row = _fitting(wide_m[block], rng.uniform(least, most), gap)
    length = np.minimum((wide_m[block] + gap) / per_row - gap, most)
    row = np.repeat(np.arange(len(block)), per_row)
    share_u = (within(per_row) + 0.5) / per_row[row]
    share_v = ((within(rows) + 0.5) / rows[block])[row]
    row, share_u, share_v = _keep(fabric[block[row], 5], rng, row, share_u, share_v)
    own = block[row]
    return _Slots(
        block=own,
        u=zones[own, 0] + (zones[own, 1] - zones[own, 0]) * share_u,
        v=zones[own, 2] + (zones[own, 3] - zones[own, 2]) * share_v,
        length=length[row] * rng.uniform(0.93, 1, len(own)),
        depth=fabric[own, 2] * rng.uniform(0.92, 1.08, len(own)),
    )


def _row(fabric: Fabric) -> tuple[float, ...]:
    return *fabric.length, fabric.depth, fabric.gap, fabric.row_gap, fabric.kept


def _fitting(room_m: Floats, length_m: Floats, gap_m: Floats) -> Ints:
    """Count how many of a length, with gaps between them, fit into the room; at least one."""
    return np.maximum((room_m + gap_m) // (length_m + gap_m), 1).astype(np.int64)


def _keep(share: Floats, rng: np.random.Generator, *columns: Any) -> tuple[Any, ...]:
    """Leave some places empty: a garden, a yard."""
    kept = rng.random(len(share)) < share
    return tuple(column[kept] for column in columns)


def within(counts: Ints) -> Ints:
    """Count 0, 1, 2 … inside each group."""
    return np.asarray(np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts))


def _corners(slots: _Slots, ground: Ground) -> Floats:
    """Give the corners (n, 4, 2) of the rectangles, in metres."""
    centre = ground.at(slots.u, slots.v)
    east, _ = ground.frame(slots.u, slots.v)
    east = east / np.hypot(*east.T)[:, None]
    north = np.column_stack([-east[:, 1], east[:, 0]])
    half_x, half_y = (east * slots.length[:, None] / 2), (north * slots.depth[:, None] / 2)
    ring = [
        centre - half_x - half_y,
        centre + half_x - half_y,
        centre + half_x + half_y,
        centre - half_x + half_y,
    ]
    return np.stack(ring, axis=1)


def _standing(
    slots: _Slots, corners: Floats, blocks: list[Land], ground: Ground, roads: list[Road]
) -> NDArray[np.bool_]:
    """Tell which rectangles lie inside their block's land and touch no earlier one."""
    land = outlines(inset(blocks, ground, roads, 2.0), ground)
    shapes = np.asarray(shapely.polygons(corners))
    good = np.asarray(shapely.contains_properly(land[slots.block], shapes))
    kept = np.flatnonzero(good)
    one, other = shapely.STRtree(shapes[kept]).query(
        shapes[kept], predicate="dwithin", distance=2.0
    )
    good[kept[np.maximum(one, other)[one != other]]] = False
    return good


def outlines(zones: Floats, ground: Ground) -> Shapes:
    """Draw lattice rectangles (n, 4) as polygons in metres, bent as the ground is."""
    t = np.arange(12) / 12
    zero, one = np.zeros(12), np.ones(12)
    share_u = np.concatenate([t, one, 1 - t, zero])
    share_v = np.concatenate([zero, t, one, 1 - t])
    u = zones[:, :1] + (zones[:, 1:2] - zones[:, :1]) * share_u
    v = zones[:, 2:3] + (zones[:, 3:] - zones[:, 2:3]) * share_v
    return np.asarray(shapely.polygons(ground.at(u, v)))


# What stands there


def _stairs(length: Floats, use: NDArray[np.str_]) -> tuple[Ints, Ints]:
    stair_m = np.array([FABRICS[u].stair_m for u in use])
    per_stair = np.array([FABRICS[u].homes for u in use])
    return np.maximum(np.rint(length / stair_m), 1).astype(np.int64), per_stair


def _floors(
    households: Ints, cell: Ints, use: NDArray[np.str_], per_floor: Ints, rng: np.random.Generator
) -> Ints:
    """Choose floors so that the homes of each cell hold its households and a few stand empty."""
    height = np.array([FABRICS[u].height for u in use]) * rng.uniform(0.85, 1.15, len(use))
    lived = np.isin(use, HOMES)
    need = households / (1 - _VACANT)
    floors = np.where(lived, height, np.rint(height))
    for _ in range(3):
        have = np.bincount(cell, np.maximum(np.rint(floors), 1) * per_floor, len(need))
        grown = floors * (need / np.maximum(have, 1))[cell]
        floors = np.where(lived, np.clip(grown, 1, 33), floors)
    return np.maximum(np.rint(floors), 1).astype(np.int64)


def _names(block: Ints, use: NDArray[np.str_], rng: np.random.Generator) -> list[str]:
    """Name buildings by their estate and number: 柳浦苑3号楼."""
    pool = words.pairs(77)
    word = rng.integers(0, len(pool), block.max() + 1)
    kind = rng.integers(0, len(words.ESTATES), block.max() + 1)
    number = within(np.bincount(block)) + 1
    return [
        f"{pool[word[b]]}{words.ESTATES[kind[b]]}{n}号楼" if u in HOMES else f"{_NAMES[u]}{n}号"
        for b, u, n in zip(block.tolist(), use.tolist(), number.tolist(), strict=True)
    ]


def _addresses(
    block: Ints, blocks: list[Land], roads: list[Road], u: Floats, v: Floats
) -> list[str]:
    """Give each building its number on the block's chief road: odd on one side, even across."""
    front = np.array([_front(b, roads) for b in blocks])[block]
    road, far = front[:, 0], front[:, 1]
    along = np.where(np.array([r.along == "u" for r in roads])[road], u, v)
    order = np.lexsort((along, far, road))
    key = (road * 2 + far)[order]
    new = np.concatenate([[True], key[1:] != key[:-1]])
    start = np.maximum.accumulate(np.where(new, np.arange(len(key)), 0))
    number = np.empty(len(key), np.int64)
    number[order] = (np.arange(len(key)) - start) * 2 + 1 + far[order]
    return [f"{roads[r].name}{n}号" for r, n in zip(road.tolist(), number.tolist(), strict=True)]


def _front(block: Land, roads: list[Road]) -> tuple[int, int]:
    """Choose the road a block's houses are counted on, and the side of it they stand on."""
    sides = [(block.south, 0), (block.west, 0), (block.north, 1), (block.east, 1)]
    return min(sides, key=lambda side: (roads[side[0]].rank, side[1]))
