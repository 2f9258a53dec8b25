"""A raster over a coverage of cells, on two levels, for `gis.cell_index`: what stands in it.

Of every fine pixel that no edge touches, the cell at the middle of its western side is that of all
of it. Of one with edges it is the cell where no edge lies between a point and that side; where
edges cross the side, what lies between the crossings stands beside the edges, as upright edges on
that side. How it is drawn stands in `gis.cell_draw`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

import gis.cell_draw
import gis.cell_look
from gis.cell_draw import FACTOR, UNSURE, Window
from gis.cell_edges import NONE, Edges, Floats, Ints
from gis.cell_units import UNIT, Kept

PER_CELL, MOST = 6, 4096
"""Coarse pixels along the side of a cell of mean size, and along the side of all."""
_ULPS = 16
_FINEST = 0.25
"""Units (see `gis.cell_units`) that rounding may move a point; beyond it GEOS decides all."""


class Frame(NamedTuple):
    """Where pixels lie: the south-western corner, fine pixels per unit of the coordinates, coarse
    pixels along either side."""

    x: float
    y: float
    per_x: float
    per_y: float
    side: int

    @property
    def size(self) -> int:
        """Fine pixels along either side."""
        return self.side * FACTOR

    def pixels(self, places: Floats) -> Floats:
        """Coordinates (…, 2) in fine pixels, eastwards and northwards."""
        return (places - (self.x, self.y)) * (self.per_x, self.per_y)


@dataclass(frozen=True, eq=False)
class Raster:
    """What stands in the pixels; see the module.

    coarse: of every coarse pixel, row by row from the south, the position of its cell, `NONE`,
    `UNSURE`, or `FIRST` less the number of its block of fine pixels (side²,). fine: of every pixel
    of the blocks the same, or `FIRST` less its number among those with edges. heads: of each of
    these where its edges begin, and its cell where no edge lies to the west (…, 2). edges:
    `gis.cell_units.Kept`. blocks, mixed, entries: how much of the three is in use.
    """

    frame: Frame
    coarse: Ints
    fine: Ints
    heads: Ints
    edges: Kept
    blocks: int
    mixed: int
    entries: int

    @cached_property
    def pixels(self) -> gis.cell_look.Pixels:
        """What is looked at to find a cell."""
        return gis.cell_look.Pixels(*self.frame, self.coarse, self.fine, self.heads, self.edges)

    @property
    def nbytes(self) -> int:
        """Bytes in use."""
        edges, heads = self.edges[: self.entries], self.heads[: self.mixed + 1]
        fine = self.fine[: self.blocks * FACTOR**2]
        return self.coarse.nbytes + fine.nbytes + heads.nbytes + edges.nbytes


def drawn(edges: Edges, cells: int) -> Raster:
    """The raster of a coverage of so many cells, by its edges."""
    frame = _frame(edges, cells)
    coarse = np.full(frame.side**2, NONE, dtype=np.int32)
    if _is_too_fine(frame, edges):
        coarse[:] = UNSURE
        return Raster(frame, coarse, *_room(0, 0, 0), 0, 0, 0)
    window = Window(0, 0, frame.side, frame.side)
    ground = _ground(edges, frame)
    empty = Raster(frame, coarse, *_room(*gis.cell_draw.most(ground, window)), 0, 0, 0)
    west = np.full(frame.size, NONE, dtype=np.int32)
    return _with(empty, ground, window, west)


def redrawn(raster: Raster, edges: Edges, window: Window) -> Raster | None:
    """A raster in which a window is drawn anew, by all the edges near it; it shares with the former
    what stayed, and the former still holds.

    None where that is not sure: where edges lie beyond the frame, where no room is left, or where
    the window begins in ground that GEOS decides. Then all is to be drawn.
    """
    ground = _ground(edges, raster.frame)
    outside = (ground.ends < 0) | (ground.ends >= raster.frame.size)
    blocks, mixed, entries = gis.cell_draw.most(ground, window)
    fits = (
        (raster.blocks + blocks) * FACTOR**2 <= len(raster.fine)
        and raster.mixed + mixed < len(raster.heads)
        and raster.entries + entries <= len(raster.edges)
    )
    if outside.any() or not fits or _is_too_fine(raster.frame, edges):
        return None
    west = gis.cell_look.beside(raster.pixels, window)
    if (west == UNSURE).any():
        return None
    return _with(replace(raster, coarse=raster.coarse.copy()), ground, window, west)


def window_of(frame: Frame, boxes: Floats) -> Window:
    """The coarse pixels that boxes (k, 4) touch, and one more on every side."""
    low = np.floor(frame.pixels(boxes[:, :2]).min(axis=0) / FACTOR).astype(int) - 1
    high = np.floor(frame.pixels(boxes[:, 2:]).max(axis=0) / FACTOR).astype(int) + 2
    (west, south), (east, north) = np.clip([low, high], 0, frame.side).tolist()
    return Window(west, south, east, north)


def box_of(frame: Frame, window: Window) -> Floats:
    """West, south, east and north of a window with a fine pixel around it."""
    west, south, east, north = (one * FACTOR for one in window)
    pixels = np.array([west - 1, south - 1, east + 1, north + 1])
    return (frame.x, frame.y, frame.x, frame.y) + pixels / (
        frame.per_x, frame.per_y, frame.per_x, frame.per_y
    )  # fmt: skip


def _with(raster: Raster, ground: gis.cell_draw.Ground, window: Window, west: Ints) -> Raster:
    used = np.array([raster.blocks, raster.mixed, raster.entries], dtype=np.int64)
    drawn_on = (raster.coarse, raster.fine, raster.heads, raster.edges, used)
    gis.cell_draw.draw(ground, window, west, gis.cell_draw.Sheet(raster.frame.side, *drawn_on))
    blocks, mixed, entries = used.tolist()
    return replace(raster, blocks=blocks, mixed=mixed, entries=entries)


def _room(blocks: int, mixed: int, entries: int) -> tuple[Ints, Ints, Kept]:
    fine = np.empty(blocks * FACTOR**2, dtype=np.int32)
    heads = np.zeros((mixed + 1, 2), dtype=np.int32)
    return fine, heads, np.empty((entries, 3), dtype=np.uint32)


def _ground(edges: Edges, frame: Frame) -> gis.cell_draw.Ground:
    ends = frame.pixels(edges.ends.reshape(-1, 2)).reshape(-1, 4)
    return gis.cell_draw.Ground(ends, edges.sides, edges.loose)


def _is_too_fine(frame: Frame, edges: Edges) -> bool:
    """Whether pixels are so small that rounding moves a point by a unit of them."""
    error = _ULPS * float(np.spacing(np.abs(edges.ends).max(initial=1.0)))
    return error * max(frame.per_x, frame.per_y) * UNIT > _FINEST


def _frame(edges: Edges, cells: int) -> Frame:
    """A frame a little larger than the ground, by odd fractions, so that hardly a corner lies on
    the border of pixels."""
    ends = edges.ends.reshape(-1, 2) if len(edges) else np.zeros((1, 2))
    (west, south), (east, north) = ends.min(axis=0).tolist(), ends.max(axis=0).tolist()
    wide, high = (east - west) or 1.0, (north - south) or 1.0
    side = int(np.clip(PER_CELL * np.sqrt(cells), 16, MOST))
    size = side * FACTOR
    return Frame(
        west - 0.00127 * wide, south - 0.00131 * high,
        size / (1.00263 * wide), size / (1.00271 * high), side,
    )  # fmt: skip
