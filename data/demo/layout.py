"""The plan of the town on a lattice: roads cut land into quarters, streets, communities, blocks.

Every cut is a road, so every boundary follows one. All positions are whole lattice steps:
`u` runs east, `v` runs north. What the lattice looks like on the ground is `ground`'s matter.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from data.demo import words
from data.demo.sizes import STEP_M, Size

NORTH, SOUTH = 0, 1
_HECTARE_STEPS = 10_000 / STEP_M**2
_BLOCK_HA = (1.0, 2.1)
_LARGE_HA = (2.3, 4.4)
_STREET_FROM_HA = 9.0
_MAIN_FROM_HA = 180.0
_LEAST_SIDE = 4


@dataclass(frozen=True)
class Road:
    """A straight cut: `along` "u" (west to east at row `at`) or "v" (south to north)."""

    along: str
    at: int
    start: int
    end: int
    rank: int
    name: str
    bridge: bool = False


@dataclass(frozen=True)
class Land:
    """A rectangle of land and the numbers of the roads on its four sides."""

    u0: int
    u1: int
    v0: int
    v1: int
    west: int
    east: int
    south: int
    north: int

    @property
    def hectares(self) -> float:
        """Area on the lattice, in hectares."""
        return (self.u1 - self.u0) * (self.v1 - self.v0) / _HECTARE_STEPS


@dataclass(frozen=True)
class Community:
    """社区: its code (12 digits), its land, and its blocks."""

    code: str
    name: str
    bank: int
    blocks: tuple[Land, ...]


@dataclass
class Layout:
    """The whole plan: communities with their blocks, and all roads."""

    size: Size
    roads: list[Road]
    communities: list[Community] = field(default_factory=list)
    counties: dict[str, str] = field(default_factory=dict)
    streets: dict[str, str] = field(default_factory=dict)


class Surveyor:
    """Cuts land by roads and names each road once."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng([seed, 2])
        self.roads: list[Road] = []
        self.words = words.pairs(seed)
        self._named = 0
        self._root: list[int] = []
        self._lanes: dict[int, int] = {}

    def road(self, road: Road, *, root: int | None = None) -> int:
        """Keep a road and give its number; lanes are counted under their root road."""
        self.roads.append(road)
        self._root.append(len(self.roads) - 1 if root is None else root)
        return len(self.roads) - 1

    def name(self, rank: int) -> str:
        """Give a road of rank 1 or 2 a name no other has."""
        word, again = self._named % len(self.words), self._named // len(self.words)
        self._named += 1
        kind: str = words.ROAD_TYPES[rank][int(self.rng.random() < 0.3)]
        side = ["", *"北南东西中上下内外前后新"][again]
        return f"{self.words[word]}{side}{kind}"

    def _lane(self, root: int) -> str:
        self._lanes[root] = self._lanes.get(root, 0) + 1
        return f"{self.roads[root].name}{words.numeral(self._lanes[root])}巷"

    def cut(self, land: Land, along: str, at: int, rank: int) -> tuple[Land, Land]:
        """Cut `land` in two by a new road."""
        start, end = (land.u0, land.u1) if along == "u" else (land.v0, land.v1)
        foot = land.west if along == "u" else land.south
        root = self._root[foot] if rank == 3 else None
        name = self.name(rank) if root is None else self._lane(root)
        number = self.road(Road(along, at, start, end, rank, name), root=root)
        if along == "u":
            return replace(land, v1=at, north=number), replace(land, v0=at, south=number)
        return replace(land, u1=at, east=number), replace(land, u0=at, west=number)

    def divide(self, land: Land, parts: int, rank: int) -> list[Land]:
        """Divide land into `parts` pieces of about the same area."""
        if parts == 1:
            return [land]
        first = parts // 2 + (parts % 2 and int(self.rng.random() < 0.5))
        share = first / parts + float(self.rng.uniform(-0.05, 0.05))
        own = 1 if land.hectares > _MAIN_FROM_HA else rank
        low, high = self.cut(land, *_place(land, share), own)
        return self.divide(low, first, rank) + self.divide(high, parts - first, rank)

    def parcel(self, land: Land) -> list[Land]:
        """Cut land into blocks; now and then a large one stays for a park or a school."""
        wide, high = land.u1 - land.u0, land.v1 - land.v0
        small = land.hectares <= self.rng.uniform(*_BLOCK_HA)
        kept = _LARGE_HA[0] < land.hectares < _LARGE_HA[1] and self.rng.random() < 0.2
        if small or kept or max(wide, high) < 2 * _LEAST_SIDE:
            return [land]
        rank = 2 if land.hectares > _STREET_FROM_HA else 3
        low, up = self.cut(land, *_place(land, float(self.rng.uniform(0.36, 0.64))), rank)
        return self.parcel(low) + self.parcel(up)


def _place(land: Land, share: float) -> tuple[str, int]:
    """Say where to cut: across the longer side, `share` of the way, no sliver left."""
    wide, high = land.u1 - land.u0, land.v1 - land.v0
    along, start, length = ("v", land.u0, wide) if wide >= high else ("u", land.v0, high)
    step = min(max(round(length * share), _LEAST_SIDE), length - _LEAST_SIDE)
    return along, start + step


def draw(size: Size, seed: int) -> Layout:
    """Draw the plan of a town."""
    surveyor = Surveyor(seed)
    layout = Layout(size, surveyor.roads)
    for reach, bank, quarter in _quarters(size, surveyor):
        for street, land in _streets(layout, surveyor, reach, bank, quarter):
            _settle(layout, surveyor, street, bank, reach, land)
    return layout


def _columns(size: Size) -> list[int]:
    edges = np.concatenate([[0], np.cumsum(size.reaches)])
    return [int(x) for x in np.rint(edges / edges[-1] * size.width_steps)]


def _quarters(size: Size, surveyor: Surveyor) -> list[tuple[int, int, Land]]:
    """Draw embankments, bridges and the ring; give (reach, bank, land) of every quarter."""
    columns = _columns(size)
    rows = {
        NORTH: (size.south_steps + size.river_steps, size.height_steps),
        SOUTH: (0, size.south_steps),
    }
    crossings = [_crossing(size, surveyor, i, u) for i, u in enumerate(columns)]
    quarters = []
    for bank, side in ((NORTH, "北"), (SOUTH, "南")):
        low, high = rows[bank]
        south, north = (
            (f"滨江{side}路", "环城北路") if bank == NORTH else ("环城南路", f"滨江{side}路")
        )
        below, above = (
            surveyor.road(Road("u", at, 0, size.width_steps, 1, name))
            for at, name in ((low, south), (high, north))
        )
        quarters += [
            (i, bank, Land(u0, u1, low, high, crossings[i], crossings[i + 1], below, above))
            for i, (u0, u1) in enumerate(pairwise(columns))
        ]
    return quarters


def _crossing(size: Size, surveyor: Surveyor, number: int, u: int) -> int:
    """Draw a main road from south to north, over a bridge unless it is the town's edge."""
    bank = size.south_steps, size.south_steps + size.river_steps
    edge = {0: "环城西路", size.width_steps: "环城东路"}.get(u)
    name = edge or surveyor.name(1)
    if edge is None:
        again = _again((number - 1) // len(words.BRIDGES))
        bridge = words.BRIDGES[(number - 1) % len(words.BRIDGES)] + again + "大桥"
        surveyor.road(Road("v", u, *bank, 1, bridge, bridge=True))
    surveyor.road(Road("v", u, bank[1], size.height_steps, 1, name))
    return surveyor.road(Road("v", u, 0, bank[0], 1, name))


def _again(again: int) -> str:
    """Tell a second use of the same name apart: "", 二, 三 …"""
    return words.numeral(again + 1) if again else ""


def _county(layout: Layout, reach: int, bank: int) -> str:
    """Register the county of a quarter and give its 6-digit code."""
    size = layout.size
    across = reach * size.counties_across // len(size.reaches)
    number = across * 2 + bank if size.banks_are_counties else across
    layout.counties[f"9901{number + 1:02d}"] = words.COUNTIES[number] + "区"
    return f"9901{number + 1:02d}"


def _streets(
    layout: Layout, surveyor: Surveyor, reach: int, bank: int, quarter: Land
) -> list[tuple[str, Land]]:
    """Divide a quarter into streets; give their 9-digit codes and land."""
    county = _county(layout, reach, bank)
    if not layout.size.streets:
        code = f"{county}{bank + 1:03d}"
        layout.streets[code] = words.FIRST_STREETS[bank] + "街道"
        return [(code, quarter)]
    pieces = []
    for land in surveyor.divide(quarter, layout.size.streets, 1):
        count = sum(code.startswith(county) for code in layout.streets)
        code = f"{county}{count + 1:03d}"
        layout.streets[code] = surveyor.words[-1 - len(layout.streets)] + "街道"
        pieces.append((code, land))
    return pieces


def _settle(
    layout: Layout, surveyor: Surveyor, street: str, bank: int, reach: int, land: Land
) -> None:
    """Divide the land of a street into communities and these into blocks."""
    counts = layout.size.communities
    for piece in surveyor.divide(land, counts[reach % len(counts)], layout.size.community_rank):
        number = sum(c.code.startswith(street) for c in layout.communities[-40:])
        order = len(layout.communities)
        name = (
            words.FIRST_COMMUNITIES[order]
            if order < len(words.FIRST_COMMUNITIES)
            else surveyor.words[-300 - order % 1_000]
        )
        code = f"{street}{number + 1:03d}"
        blocks = tuple(surveyor.parcel(piece))
        layout.communities.append(Community(code, name + "社区", bank, blocks))
