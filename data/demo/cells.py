"""Blocks become cells: neighbours of one community are joined until the number is right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from data.demo import words
from data.demo.dealing import shares
from data.demo.ground import Floats, Ground, Ints, Shapes, rings
from data.demo.layout import NORTH, Community, Land, Layout
from gis.terms import CellKind

HOMES = ("slab", "tower", "old")
"""Uses of blocks in which people live."""

_LARGE = ("park", "school", "market", "hospital", "school", "park", "works", "market")
_LARGE_FROM_HA = 2.3
_DEDICATED = {"school": "中学", "market": "市场", "hospital": "医院", "works": "产业园"}
_FIRST_DEDICATED = 801


@dataclass(frozen=True)
class Cells:
    """All cells, one entry each; `cell_of` and `uses` have one entry per block."""

    codes: list[str]
    names: list[str]
    kinds: list[str]
    community: Ints
    shapes: Shapes
    blocks: list[Land]
    uses: NDArray[np.str_]
    cell_of: Ints


def draw(layout: Layout, ground: Ground, seed: int) -> Cells:
    """Draw the cells of a town: exactly `size.cells`, each a union of blocks of one community."""
    rng = np.random.default_rng([seed, 4])
    blocks = [block for community in layout.communities for block in community.blocks]
    owner = np.repeat(
        np.arange(len(layout.communities)), [len(c.blocks) for c in layout.communities]
    )
    uses = _uses(blocks, ground, rng)
    homes = np.array([b.hectares for b in blocks]) * np.isin(uses, HOMES)
    group, dedicated = _group(layout, blocks, owner, uses, homes)
    shapes = _union(ground, layout, blocks, owner, group)
    order = _reading_order(group, owner, dedicated, shapes)
    cell_of = np.argsort(order)[group]
    community, use = _of_cell(owner, cell_of, 0), _of_cell(uses, cell_of, "slab")
    codes, names = _codes(layout.communities, community, dedicated[order], use)
    return Cells(
        codes=codes,
        names=names,
        kinds=[str(CellKind.DEDICATED if d else CellKind.BASIC) for d in dedicated[order]],
        community=community,
        shapes=shapes[order],
        blocks=blocks,
        uses=uses,
        cell_of=cell_of,
    )


def _of_cell(of_block: NDArray[Any], cell_of: Ints, empty: Any) -> NDArray[Any]:
    """Carry what a block has to its cell; a cell of several keeps the last one's."""
    of_cell = np.full(cell_of.max() + 1, empty, of_block.dtype)
    of_cell[cell_of] = of_block
    return of_cell


def _uses(blocks: list[Land], ground: Ground, rng: np.random.Generator) -> NDArray[np.str_]:
    """Say what each block is for; towers and old houses stand together in neighbourhoods."""
    u, v = (
        np.array([(getattr(b, a + "0") + getattr(b, a + "1")) / 2 for b in blocks]) for a in "uv"
    )
    x, y = ground.at(u, v).T
    mood = np.sin(x / 310 + 1) + np.sin(y / 270 + x / 900) + rng.normal(0, 0.5, len(blocks))
    uses = np.select([mood > 1.15, mood < -1.1], ["tower", "old"], "slab").astype("U8")
    large = np.flatnonzero([b.hectares > _LARGE_FROM_HA for b in blocks])
    uses[rng.permutation(large)] = np.resize(_LARGE, len(large))
    return uses


def _sums(group: Ints, values: Floats) -> Floats:
    return np.bincount(group, values).astype(np.float64)


def _group(
    layout: Layout,
    blocks: list[Land],
    owner: Ints,
    uses: NDArray[np.str_],
    homes: Floats,
) -> tuple[Ints, NDArray[np.bool_]]:
    """Give each block the number of its cell, and tell which cells are dedicated."""
    counts = shares(_sums(owner, homes + 0.2), layout.size.cells, 2)
    group, dedicated = np.empty(len(blocks), np.int64), np.zeros(layout.size.cells, bool)
    ends, first = np.cumsum(np.bincount(owner)), 0
    for community, count in enumerate(counts.tolist()):
        here = np.arange(
            ends[community] - len(layout.communities[community].blocks), ends[community]
        )
        own = _own_cell(here, uses, community)
        labels, special = _join(_touching([blocks[i] for i in here]), homes[here], count, own)
        group[here] = labels + first
        dedicated[first + special] = True
        first += count
    return group, dedicated


def _own_cell(here: Ints, uses: NDArray[np.str_], community: int) -> int | None:
    """Choose the block that is a cell of its own (专属网格) in every second community, if any."""
    special = np.flatnonzero(np.isin(uses[here], list(_DEDICATED)))
    return int(special[0]) if len(special) and community % 2 == 0 else None


def _touching(blocks: list[Land]) -> Ints:
    """Measure the common side of every two blocks, in steps (n, n)."""
    u0, u1, v0, v1 = (np.array([getattr(b, k) for b in blocks]) for k in ("u0", "u1", "v0", "v1"))
    wide = np.minimum.outer(u1, u1) - np.maximum.outer(u0, u0)
    high = np.minimum.outer(v1, v1) - np.maximum.outer(v0, v0)
    side = np.where(wide == 0, np.maximum(high, 0), 0) + np.where(high == 0, np.maximum(wide, 0), 0)
    return np.where((wide > 0) & (high > 0), 0, side)


def _join(touching: Ints, weight: Floats, count: int, own: int | None) -> tuple[Ints, Ints]:
    """Join the lightest group to its best neighbour until `count` are left; keep `own` apart."""
    label, load, sides = np.arange(len(weight)), weight.copy(), touching.copy()
    if own is not None:
        sides[own], sides[:, own], load[own] = 0, 0, np.inf
    for _ in range(len(weight) - count):
        free = np.where(sides.any(axis=1), load, np.inf)
        light = int(np.argmin(free))
        if not np.isfinite(free[light]):
            return _join(touching, weight, count, None)
        # a light neighbour is good, a long common side makes the cell compact
        cost = np.where(sides[light] > 0, load - 0.22 * sides[light], np.inf)
        into = int(np.argmin(cost))
        label[label == light] = into
        load[into] += load[light]
        sides[into] += sides[light]
        sides[:, into] = sides[into]
        sides[into, into], load[light], sides[light], sides[:, light] = 0, np.inf, 0, 0
    kept, labels = np.unique(label, return_inverse=True)
    return labels, np.flatnonzero(kept == own) if own is not None else np.empty(0, np.int64)


def _reach(layout: Layout, block: Land, bank: int) -> tuple[int, int, int, int]:
    """Extend a block on the river to mid-water: there the other bank's cells begin."""
    size = layout.size
    if bank == NORTH and block.v0 == size.south_steps + size.river_steps:
        return block.u0, block.u1, size.middle_steps, block.v1
    if bank != NORTH and block.v1 == size.south_steps:
        return block.u0, block.u1, block.v0, size.middle_steps
    return block.u0, block.u1, block.v0, block.v1


def _union(
    layout_ground: Ground,
    layout: Layout,
    blocks: list[Land],
    owner: Ints,
    group: Ints,
) -> Shapes:
    """Join the blocks of each cell; vertices stay where the lattice has them."""
    banks = [layout.communities[i].bank for i in owner]
    rects = [_reach(layout, b, bank) for b, bank in zip(blocks, banks, strict=True)]
    return together(rings(layout_ground, np.array(rects)), group)


def together(shapes: Shapes, group: Ints) -> Shapes:
    """Unite the shapes of each group 0…n-1 of one coverage, exactly."""
    order = np.argsort(group, kind="stable")
    count = np.bincount(group)
    place = np.arange(len(group)) - np.repeat(np.cumsum(count) - count, count)
    table = np.full((len(count), count.max()), None, dtype=object)
    table[group[order], place] = shapes[order]
    return np.asarray(shapely.coverage_union_all(table, axis=1))


def _reading_order(
    group: Ints,
    owner: Ints,
    dedicated: NDArray[np.bool_],
    shapes: Shapes,
) -> Ints:
    """Order cells by community, basic before dedicated, then as one reads a page.

    Rows run from north to south, one mean cell high; within a row from west to east.
    """
    community = np.zeros(len(shapes), np.int64)
    community[group] = owner
    return np.lexsort((*reading_keys(shapes, community), dedicated, community))


def reading_keys(shapes: Shapes, community: Ints) -> tuple[Floats, Ints]:
    """Give (longitude, row from the north) of each shape inside its community."""
    lon, lat = shapely.get_coordinates(shapely.centroid(shapes)).T
    top, area = np.full(community.max() + 1, -np.inf), np.bincount(community, shapely.area(shapes))
    np.maximum.at(top, community, lat)
    high = np.sqrt(area / np.bincount(community))
    return lon, np.floor((top[community] - lat) / high[community]).astype(np.int64)


def _codes(
    communities: list[Community],
    community: Ints,
    dedicated: NDArray[np.bool_],
    use: NDArray[np.str_],
) -> tuple[list[str], list[str]]:
    """Give the 15-digit codes and the names; dedicated cells count from 801."""
    codes, names = [], []
    counts: dict[tuple[int, bool], int] = {}
    for owner, special, purpose in zip(community, dedicated, use, strict=True):
        number = counts[owner, special] = counts.get((owner, special), 0) + 1
        home = communities[owner]
        sequence = number + (_FIRST_DEDICATED - 1 if special else 0)
        codes.append(f"{home.code}{sequence:03d}")
        place = home.name.removesuffix("社区") + _DEDICATED.get(purpose, "")
        plain = f"{home.name}第{words.numeral(number)}网格"
        names.append(f"{place}专属网格" if special else plain)
    return codes, names
