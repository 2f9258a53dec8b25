"""What the map draws under the cells: the river and its islet, parks and ponds, the roads."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from data.demo import words
from data.demo.buildings import inset, outlines
from data.demo.cells import Cells
from data.demo.ground import MARGIN, Floats, Ground, degrees
from data.demo.layout import Layout, Road
from gis.terms import BaseKind

_REACH_STEPS = 90
"""The river is kept in stretches of this length: a tile never loads all of it."""
_FLOW = 32
"""Lattice steps the river is drawn beyond the town's edges."""


@dataclass(frozen=True)
class Feature:
    """One thing on the ground, in degrees."""

    kind: str
    rank: int
    name: str
    geom: BaseGeometry


def draw(layout: Layout, ground: Ground, cells: Cells, seed: int) -> list[Feature]:
    """Draw everything under the cells."""
    rng = np.random.default_rng([seed, 6])
    shore = _Shore(layout, ground, rng)
    return [
        *shore.water(),
        *shore.banks(),
        *_parks(layout, ground, cells, rng),
        *_sports_grounds(layout, ground, cells),
        *(_road(road, ground) for road in layout.roads),
    ]


def _in_degrees(shape: BaseGeometry) -> BaseGeometry:
    return shapely.transform(shape, degrees)


class _Shore:
    """The waterline: it wanders between the two embankment roads, and leaves green strips."""

    def __init__(self, layout: Layout, ground: Ground, rng: np.random.Generator) -> None:
        self.size, self.ground = layout.size, ground
        self.low, self.high = self.size.south_steps, self.size.south_steps + self.size.river_steps
        self.phase = rng.uniform(0, 2 * np.pi, (2, 3))
        self.bridges = [road for road in layout.roads if road.bridge]

    def _line(self, bank: int, u: Floats) -> Floats:
        wave = sum(
            np.sin(u * 2 * np.pi / length + phase)
            for length, phase in zip((61.0, 33.0, 17.0), self.phase[bank], strict=True)
        )
        width = 1.55 + 0.34 * np.asarray(wave)
        return np.asarray(self.high - width if bank else self.low + width)

    def _band(self, south: Floats, north: Floats, u: Floats) -> BaseGeometry:
        line = np.concatenate([self.ground.at(u, south), self.ground.at(u, north)[::-1]])
        return shapely.Polygon(line)

    def _stretches(self, start: int, end: int) -> list[Floats]:
        edges = [*range(start, end - _REACH_STEPS // 2, _REACH_STEPS), end]
        return [np.linspace(a, b, 3 * (b - a) + 1) for a, b in pairwise(edges)]

    def water(self) -> list[Feature]:
        """Draw the river in stretches, the islet left out."""
        islets = self._islets()
        ground = shapely.union_all(islets)
        rivers = [
            self._band(self._line(0, u), self._line(1, u), u).difference(ground)
            for u in self._stretches(-_FLOW, self.size.width_steps + _FLOW)
        ]
        water = [Feature(BaseKind.WATER, 1, words.RIVER, _in_degrees(r)) for r in rivers]
        return water + [Feature(BaseKind.GREEN, 2, "江心洲", _in_degrees(i)) for i in islets]

    def _islets(self) -> list[BaseGeometry]:
        """Draw an islet in the middle of every third reach: a leaf, longer than wide."""
        gaps = [(a.at + b.at) / 2 for a, b in pairwise(self.bridges)]
        t = np.linspace(0, 2 * np.pi, 60, endpoint=False)
        long, wide = self.size.river_steps * 1.1, self.size.river_steps * 0.13
        leaves: list[BaseGeometry] = []
        for centre in gaps[::3]:
            v = self.size.middle_steps + wide * np.sin(t) * (1 + 0.3 * np.cos(t)) + 0.2
            leaves.append(shapely.Polygon(self.ground.at(centre + long * np.cos(t), v)))
        return leaves

    def banks(self) -> list[Feature]:
        """Draw the green between water and embankment road, open where a bridge lands."""
        strips = []
        for u in self._stretches(0, self.size.width_steps):
            north = self._band(self._line(1, u) + 0.12, np.full(len(u), self.high - 0.85), u)
            south = self._band(np.full(len(u), self.low + 0.85), self._line(0, u) - 0.12, u)
            strips += [("江北滨江绿带", _open(north)), ("江南滨江绿带", _open(south))]
        return [
            Feature(BaseKind.GREEN, 1, name, _in_degrees(piece))
            for name, strip in strips
            for piece in shapely.get_parts(strip)
            if piece.area > 300
        ]


def _parks(layout: Layout, ground: Ground, cells: Cells, rng: np.random.Generator) -> list[Feature]:
    """Draw each park with rounded corners, and a pond in it."""
    parks = np.flatnonzero(cells.uses == "park")
    zones = inset(cells.blocks, ground, layout.roads, 1.0)[parks]
    pool = words.pairs(78)
    features = []
    for number, (zone, lawn) in enumerate(zip(zones, outlines(zones, ground), strict=True)):
        soft = lawn.buffer(-14).buffer(14)
        pond = _pond(zone, ground, rng)
        name = pool[number % len(pool)]
        features.append(
            Feature(BaseKind.GREEN, 1, name + "公园", _in_degrees(soft.difference(pond)))
        )
        features.append(Feature(BaseKind.WATER, 3, name + "池", _in_degrees(pond)))
    return features


def _pond(zone: Floats, ground: Ground, rng: np.random.Generator) -> BaseGeometry:
    """Draw a pond like a bean, a third as wide as its park."""
    t = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    a, b, c = rng.uniform(0, 2 * np.pi, 3)
    reach = 1 + 0.18 * np.sin(2 * t + a) + 0.1 * np.sin(3 * t + b)
    u0, u1, v0, v1 = zone
    u = (u0 + u1) / 2 + (u1 - u0) * (0.21 * reach * np.cos(t) + 0.06 * np.cos(c))
    v = (v0 + v1) / 2 + (v1 - v0) * (0.17 * reach * np.sin(t) + 0.06 * np.sin(c))
    return shapely.Polygon(ground.at(u, v))


def _sports_grounds(layout: Layout, ground: Ground, cells: Cells) -> list[Feature]:
    """Draw the running track of each school, in the southern half of its block."""
    schools = np.flatnonzero(cells.uses == "school")
    zones = inset(cells.blocks, ground, layout.roads, 8.0)[schools]
    zones[:, 3] = zones[:, 2:].mean(axis=1) - 0.5
    tracks = []
    for shape in outlines(zones, ground):
        middle, radius = shape.centroid, min(30.0, np.sqrt(shape.area) / 3.4)
        tracks.append(
            shape.intersection(middle.buffer(radius * 2.2))
            .buffer(-radius * 0.6)
            .buffer(radius * 0.6)
        )
    return [
        Feature(BaseKind.GREEN, 3, "操场", _in_degrees(track))
        for track in tracks
        if track.area > 500
    ]


def _open(shape: BaseGeometry) -> BaseGeometry:
    """Take away what is narrower than two metres: slivers would not survive the rounding."""
    return shape.buffer(0).buffer(-1, quad_segs=2).buffer(1, quad_segs=2)


def _road(road: Road, ground: Ground) -> Feature:
    """Draw a road through all the lattice points it passes, as the cells' edges do."""
    run = np.arange(road.start, road.end + 1) + MARGIN
    still = np.full(len(run), road.at + MARGIN)
    column, row = (run, still) if road.along == "u" else (still, run)
    line = shapely.LineString(degrees(ground.metres[row, column]))
    return Feature(BaseKind.ROAD, road.rank, road.name, line)
