"""Components along the roads and places that serve in the buildings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from data.demo.buildings import HALF_WIDTH_M, Buildings, within
from data.demo.cells import Cells
from data.demo.ground import Floats, Ground, Ints
from data.demo.layout import Layout
from data.demo.people import WORK_PHONE_BASE
from data.demo.sizes import STEP_M
from gis.terms import ClassKind, FacilityCategory

_COMPONENT_SHARE = 0.76

# 4-digit class, name, share, category
COMPONENTS = (
    ("0137", "路灯", 24, FacilityCategory.COMPONENT),
    ("0103", "雨水井盖", 13, FacilityCategory.COMPONENT),
    ("0102", "污水井盖", 11, FacilityCategory.COMPONENT),
    ("0101", "上水井盖", 5, FacilityCategory.COMPONENT),
    ("0104", "雨水箅子", 8, FacilityCategory.COMPONENT),
    ("0402", "行道树", 10, FacilityCategory.COMPONENT),
    ("0305", "垃圾箱", 9, FacilityCategory.SANITATION),
    ("0127", "通讯交接箱", 3, FacilityCategory.COMPONENT),
    ("0128", "电力设施", 3, FacilityCategory.COMPONENT),
    ("0212", "路名牌", 4, FacilityCategory.COMPONENT),
    ("0204", "公交站亭", 3, FacilityCategory.TRANSPORT),
    ("0225", "非机动车停放点", 3, FacilityCategory.TRANSPORT),
    ("0308", "宣传栏", 2, FacilityCategory.COMPONENT),
    ("0407", "街头座椅", 2, FacilityCategory.COMPONENT),
    ("0111", "燃气井盖", 2, FacilityCategory.COMPONENT),
    ("0154", "充电桩", 2, FacilityCategory.TRANSPORT),
    ("0146", "户外健身设施", 2, FacilityCategory.CULTURE_SPORT),
    ("0301", "公共厕所", 1, FacilityCategory.SANITATION),
)
SERVICES = (
    ("便利店", 16, FacilityCategory.COMMERCE),
    ("快递驿站", 10, FacilityCategory.COMMERCE),
    ("平价药房", 8, FacilityCategory.MEDICAL),
    ("卫生服务站", 6, FacilityCategory.MEDICAL),
    ("口腔诊所", 3, FacilityCategory.MEDICAL),
    ("幼儿园", 7, FacilityCategory.EDUCATION),
    ("托育中心", 3, FacilityCategory.EDUCATION),
    ("居家养老服务站", 6, FacilityCategory.ELDER_CARE),
    ("老年食堂", 4, FacilityCategory.ELDER_CARE),
    ("残疾人康复站", 2, FacilityCategory.ELDER_CARE),
    ("党群服务驿站", 6, FacilityCategory.COMMUNITY),
    ("议事厅", 3, FacilityCategory.COMMUNITY),
    ("图书室", 4, FacilityCategory.CULTURE_SPORT),
    ("乒乓球室", 3, FacilityCategory.CULTURE_SPORT),
    ("便民菜店", 8, FacilityCategory.COMMERCE),
    ("地下停车库", 6, FacilityCategory.TRANSPORT),
    ("垃圾分类屋", 6, FacilityCategory.SANITATION),
    ("微型消防站", 5, FacilityCategory.SAFETY),
    ("应急避难点", 3, FacilityCategory.SAFETY),
    ("旧物回收点", 2, FacilityCategory.OTHER),
)


@dataclass(frozen=True)
class Facility:
    """One facility; `place` is metres (east, north)."""

    code: str
    name: str
    kind: str
    category: str
    class_code: str | None
    address: str
    phone: int | None
    place: tuple[float, float]


class Roadside:
    """Chooses places along the roads of a town."""

    def __init__(self, layout: Layout, ground: Ground) -> None:
        self.layout, self.ground = layout, ground
        self.roads = [road for road in layout.roads if not road.bridge]
        self.spans = np.array([(r.start, r.end, r.at, r.along == "u", r.rank) for r in self.roads])
        busy = np.array([0, 1.6, 1.2, 0.9])[self.spans[:, 4]]
        self.weights = np.cumsum((self.spans[:, 1] - self.spans[:, 0]) * busy)

    def pick(self, count: int, rng: np.random.Generator) -> tuple[Ints, Floats, Floats]:
        """Choose `count` places on the pavements: road numbers and lattice (u, v)."""
        road = np.searchsorted(self.weights, rng.random(count) * self.weights[-1])
        start, end, at, level, rank = self.spans[road].T
        run = start + (end - start) * rng.uniform(0.02, 0.98, count)
        half = np.array([0, *HALF_WIDTH_M.values()])[rank] - rng.uniform(0.5, 3.0, count)
        beside = at + rng.choice([-1, 1], count) * half / STEP_M
        return road, *self.inside(np.where(level, run, beside), np.where(level, beside, run))

    def inside(self, u: Floats, v: Floats) -> tuple[Floats, Floats]:
        """Keep lattice positions inside the town: on the outer ring, the inner pavement."""
        size = self.layout.size
        return np.clip(u, 0.2, size.width_steps - 0.2), np.clip(v, 0.2, size.height_steps - 0.2)

    def community(self, cells: Cells, buildings: Buildings, places: Floats) -> Ints:
        """Name the community of the nearest building."""
        tree = shapely.STRtree(np.asarray(shapely.points(buildings.centre)))
        nearest = np.asarray(tree.nearest(np.asarray(shapely.points(places))))
        return np.asarray(cells.community[buildings.cell[nearest]])


def place_all(
    layout: Layout, ground: Ground, cells: Cells, buildings: Buildings, seed: int
) -> list[Facility]:
    """Place components along the roads and services at the doors of buildings."""
    rng = np.random.default_rng([seed, 9])
    components = round(layout.size.facilities * _COMPONENT_SHARE)
    services = layout.size.facilities - components
    return [
        *_components(layout, ground, cells, buildings, components, rng),
        *_services(layout, cells, buildings, services, rng),
    ]


def _draw(shares: list[int], count: int, rng: np.random.Generator) -> Ints:
    """Draw kinds by share; the first ones once each, so that a small town misses none."""
    weights = np.array(shares) / sum(shares)
    drawn = rng.choice(len(shares), count, p=weights)
    drawn[: len(shares)] = np.arange(len(shares))
    return np.asarray(drawn)


def _numbered(keys: list[str]) -> list[int]:
    """Count 1, 2, 3 … per key, in order."""
    _, key = np.unique(keys, return_inverse=True)
    order = np.argsort(key, kind="stable")
    number = np.empty(len(key), np.int64)
    number[order] = within(np.bincount(key)) + 1
    return [int(n) for n in number]


def _components(
    layout: Layout,
    ground: Ground,
    cells: Cells,
    buildings: Buildings,
    count: int,
    rng: np.random.Generator,
) -> list[Facility]:
    roadside = Roadside(layout, ground)
    road, u, v = roadside.pick(count, rng)
    places = ground.at(u, v)
    kinds = [COMPONENTS[i] for i in _draw([c[2] for c in COMPONENTS], count, rng)]
    home = roadside.community(cells, buildings, places)
    bases = [layout.communities[c].code[:6] + k[0] for c, k in zip(home, kinds, strict=True)]
    codes = [f"{base}{n:06d}" for base, n in zip(bases, _numbered(bases), strict=True)]
    roads = [roadside.roads[i].name for i in road]
    labels = [name + kind[1] for name, kind in zip(roads, kinds, strict=True)]
    names = [f"{label}{n}号" for label, n in zip(labels, _numbered(labels), strict=True)]
    kind = str(ClassKind.COMPONENT)
    return [
        Facility(code, name, kind, str(k[3]), k[0], address, None, tuple(place))
        for code, name, k, address, place in zip(
            codes, names, kinds, roads, places.tolist(), strict=True
        )
    ]


def _services(
    layout: Layout, cells: Cells, buildings: Buildings, count: int, rng: np.random.Generator
) -> list[Facility]:
    at = rng.integers(0, len(buildings.block), count)
    kinds = [SERVICES[i] for i in _draw([s[1] for s in SERVICES], count, rng)]
    homes = [layout.communities[i] for i in cells.community[buildings.cell[at]]]
    bases = [home.code[:6] for home in homes]
    codes = [f"{base}S{n:06d}" for base, n in zip(bases, _numbered(bases), strict=True)]
    labels = [h.name.removesuffix("社区") + k[0] for h, k in zip(homes, kinds, strict=True)]
    order = _numbered([h.code + k[0] for h, k in zip(homes, kinds, strict=True)])
    names = [
        label if n == 1 else f"{label}（{n}店）" for label, n in zip(labels, order, strict=True)
    ]
    kind, phone = str(ClassKind.SERVICE), WORK_PHONE_BASE + 5_000_000
    doors = buildings.corners[at, :2].mean(axis=1) * 0.9 + buildings.centre[at] * 0.1
    return [
        Facility(code, name, kind, str(k[2]), None, buildings.addresses[b], phone + i, tuple(door))
        for i, (code, name, k, b, door) in enumerate(
            zip(codes, names, kinds, at.tolist(), doors.tolist(), strict=True)
        )
    ]
