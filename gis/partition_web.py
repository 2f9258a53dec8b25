"""Tables by which thousands of moves are weighed at once, and the test that no cell falls apart.

Whether a cell holds together without one of its nodes is asked locally: the node's neighbours in
the cell must be connected among themselves, through each other or through nodes that touch two of
them. Whoever passes leaves a connected cell; a cell that would hold together only by a long way
round is refused, which keeps rings and horseshoes away. A neighbourhood is at most 64 nodes, so
it is a word of bits, and following its links is a few operations on words for all moves together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csr_array

from gis.partition_graph import Flags, Floats, Ints

Places = npt.NDArray[np.int32]
Words = npt.NDArray[np.uint64]
WORD = 64
MOST = 24
"""Neighbours up to which a node is moved; one with more (a park, a river) stays where it is."""
BITS: Words = np.left_shift(np.uint64(1), np.arange(WORD, dtype=np.uint64))


@dataclass(frozen=True, eq=False)
class Web:
    """n nodes and one more that is nobody (place n), for rows with less to say than others.

    start, end, border: (2 m,) every link in both directions. near, near_m: (n + 1, d) neighbours
    and borders. ring: (n + 1, r) the neighbourhood, neighbours first. wide: (n + 1,) its size.
    first: (n + 1,) the bits of the neighbours. links: (n + 1, r) for each of the ring the bits of
    those beside it. fixed: (n + 1,) nodes that are not moved.
    """

    start: Places
    end: Places
    border: Floats
    near: Places
    near_m: Floats
    ring: Places
    wide: Ints
    first: Words
    links: Words
    fixed: Flags

    def __len__(self) -> int:
        return len(self.fixed) - 1


def woven(count: int, pairs: Ints, border: Floats) -> Web:
    """The tables of `count` nodes linked by pairs (m, 2) with borders (m,)."""
    start, end = np.concatenate([pairs, pairs[:, ::-1]]).T
    order = np.lexsort((end, start))
    start, end, metres = start[order], end[order], np.concatenate([border, border])[order]
    metres = np.maximum(metres, 1e-6)  # a gap is a link too
    degree = np.bincount(start, minlength=count)
    fixed = np.append(degree > MOST, True)
    near, near_m = _table(count, start, end, int(min(degree.max(initial=1), MOST)), metres)
    row, member = _rings(count, start, end)
    size = np.bincount(row, minlength=count + 1)
    ring, _ = _table(count, row, member, int(size.max(initial=1)))
    links = _linked(count, start, end, row, member, ring.shape[1])
    bits = np.append(degree, 0).clip(0, WORD).astype(np.uint64)
    first = np.where(bits == WORD, ~np.uint64(0), (np.uint64(1) << (bits % WORD)) - np.uint64(1))
    return Web(start.astype(np.int32), end.astype(np.int32), metres, near, near_m, ring, size,
               first.astype(np.uint64), links, fixed)  # fmt: skip


def tiled(web: Web, times: int) -> Web:
    """The same web `times` over, side by side: node i of copy k is at k * n + i."""
    count, total = len(web), len(web) * times
    shift = (np.arange(times)[:, None, None] * count).astype(np.int32)

    def places(table: Places) -> Places:
        copies = np.where(table[:-1] == count, np.int32(total), table[:-1] + shift)
        last = np.full((1, table.shape[1]), total, dtype=np.int32)
        return np.vstack([copies.reshape(total, -1), last])

    def rows(table: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.concatenate([table[:-1]] * times + [table[-1:]])

    step = np.repeat(np.arange(times) * count, len(web.start)).astype(np.int32)
    return Web(np.tile(web.start, times) + step, np.tile(web.end, times) + step,
               np.tile(web.border, times), places(web.near), rows(web.near_m), places(web.ring),
               rows(web.wide), rows(web.first), rows(web.links), rows(web.fixed))  # fmt: skip


def holds(web: Web, cell: Places, node: Ints, home: Ints) -> Flags:
    """Whether the cell `home` (k,) of each node (k,) holds together without it.

    cell: (n + 1,) the cell of every node, -1 for nobody. A cell is never left empty.
    """
    ring, links = web.ring[node], web.links[node]
    bits = BITS[: ring.shape[1]]
    inside = np.bitwise_or.reduce(np.where(cell[ring] == home[:, None], bits, 0), axis=1)
    beside = inside & web.first[node]
    reached = beside & (~beside + np.uint64(1))  # the lowest bit
    while True:
        through = np.where(reached[:, None] & bits, links, 0)
        further = reached | (np.bitwise_or.reduce(through, axis=1) & inside)
        if np.array_equal(further, reached):
            return np.asarray((beside != 0) & (beside & ~reached == 0))
        reached = further


def _table(
    count: int, row: Ints, value: Ints, width: int, more: Floats | None = None
) -> tuple[Places, Floats]:
    """Values by row (count + 1, width), the rest nobody; rows are sorted, what is over is left."""
    place = np.arange(len(row)) - np.searchsorted(row, row)
    keep = place < width
    table = np.full((count + 1, width), count, dtype=np.int32)
    table[row[keep], place[keep]] = value[keep]
    beside = np.zeros((count + 1, width))
    if more is not None:
        beside[row[keep], place[keep]] = more[keep]
    return table, beside


def _rings(count: int, start: Ints, end: Ints) -> tuple[Ints, Ints]:
    """Each node's neighbours, then those that touch two of them: rows and members, at most 64."""
    touch = csr_array((np.ones(len(start), dtype=np.int32), (start, end)), shape=(count, count))
    second = coo_array(touch @ touch)
    keep = (second.data > 1) & (second.coords[0] != second.coords[1])
    row = np.concatenate([start, second.coords[0][keep]]).astype(np.int64)
    member = np.concatenate([end, second.coords[1][keep]]).astype(np.int64)
    far = np.repeat([0, 1], [len(start), int(keep.sum())])
    order = np.lexsort((member, far, row))
    row, member = row[order], member[order]
    fresh = _first_of_each(row * count + member)
    row, member = row[fresh], member[fresh]
    keep = np.arange(len(row)) - np.searchsorted(row, row) < WORD
    return row[keep], member[keep]


def _first_of_each(key: Ints) -> Flags:
    """Whether a value is met for the first time."""
    first = np.zeros(len(key), dtype=bool)
    first[np.unique(key, return_index=True)[1]] = True
    return first


def _linked(count: int, start: Ints, end: Ints, row: Ints, member: Ints, width: int) -> Words:
    """For each node and each of its ring, the bits of the ring's members beside that one."""
    place = np.arange(len(row)) - np.searchsorted(row, row)
    key = row * count + member
    order = np.argsort(key)
    key, bit = key[order], BITS[place[order]]
    begin = np.searchsorted(start, np.arange(count + 1))
    many = np.diff(begin)[member]
    entry = np.repeat(np.arange(len(row)), many)
    step = np.arange(len(entry)) - np.repeat(np.cumsum(many) - many, many)
    asked = row[entry] * count + end[begin[member[entry]] + step]
    found = np.searchsorted(key, asked).clip(0, max(len(key) - 1, 0))
    words = np.where(key[found] == asked, bit[found], np.uint64(0)) if len(key) else asked
    table = np.zeros((count + 1, width), dtype=np.uint64)
    if len(entry):
        table[row, place] = np.bitwise_or.reduceat(words, np.cumsum(many) - many)
    return table
