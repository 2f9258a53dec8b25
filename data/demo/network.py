"""The network of an invented town: departments, offices, teams, and who has which post."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby

import numpy as np

from data.demo import words
from data.demo.cells import Cells
from data.demo.ground import Ints
from data.demo.layout import Community, Layout
from data.demo.people import WORK_PHONE_BASE
from gis.terms import CellKind, PostRole, UnitKind

_DEPARTMENTS = (
    ("城管", "城市管理局", ("市容", "占道", "违建", "垃圾")),
    ("住建", "住房和建设局", ("道路", "工地", "房屋安全")),
    ("水务", "水务局", ("供水", "排水", "防汛")),
    ("供电", "供电服务中心", ("路灯", "线缆", "停电")),
    ("园林", "园林绿化中心", ("树木", "绿地")),
    ("燃气", "燃气服务中心", ("燃气", "抢修")),
    ("民政", "民政局", ("救助", "养老", "儿童")),
    ("卫健", "卫生健康局", ("医疗", "防疫", "急救")),
    ("消防", "消防救援大队", ("火灾", "隐患", "救援")),
    ("市场监管", "市场监督管理局", ("食品", "招牌", "价格")),
)
_TEAM_SKILLS = (
    ("巡查", "清洁"),
    ("助老", "陪伴"),
    ("应急", "搬运"),
    ("护学", "交通劝导"),
    ("心理", "调解"),
)
_LARGE_CELL = 1.35
_UNSTAFFED_EVERY = 30


@dataclass
class Network:
    """Units, workers and posts as rows; ids count from 1 in the order of the lists."""

    units: list[tuple[str, str, str, str, str | None, int, tuple[str, ...]]] = field(
        default_factory=list
    )
    workers: list[tuple[str, str, int, int]] = field(default_factory=list)
    posts: list[tuple[int, int, str]] = field(default_factory=list)
    department: dict[tuple[str, str], int] = field(default_factory=dict)

    def unit(
        self,
        code: str,
        name: str,
        kind: UnitKind,
        division: str,
        parent: str | None,
        skills: tuple[str, ...],
    ) -> int:
        """Add a unit and give its id."""
        phone = WORK_PHONE_BASE + 1_000_000 + len(self.units)
        self.units.append((code, name, str(kind), division, parent, phone, skills))
        return len(self.units)

    def worker(self, name: str, unit: int) -> int:
        """Add a worker and give the id."""
        number = len(self.workers) + 1
        self.workers.append((f"W{number:06d}", name, WORK_PHONE_BASE + number, unit))
        return number


def staff(layout: Layout, cells: Cells, households: Ints, seed: int) -> Network:
    """Found all units and fill the posts of every cell."""
    rng = np.random.default_rng([seed, 11])
    network = Network()
    for county, name in layout.counties.items():
        _departments(network, county, name)
    for street, name in layout.streets.items():
        code = f"S{street}"
        skills = ("协调", "吹哨")
        network.unit(
            code,
            name.removesuffix("街道") + "街道办事处",
            UnitKind.STREET_OFFICE,
            street + "000",
            None,
            skills,
        )
    names = _Names(rng)
    by_community = groupby(range(len(cells.codes)), key=lambda i: int(cells.community[i]))
    for number, members in by_community:
        committee = _community_units(network, layout.communities[number], number, rng)
        _posts(network, cells, households, list(members), committee, names)
    return network


class _Names:
    """Draws names of workers."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.surnames = list(words.SURNAMES)
        shares = np.array(list(words.SURNAMES.values()), float)
        self.shares = np.cumsum(shares / shares.sum())
        self.given = [words.given_names(letters) for letters in words.GENERATIONS[1]]

    def draw(self) -> str:
        surname = self.surnames[
            min(int(np.searchsorted(self.shares, self.rng.random())), len(self.surnames) - 1)
        ]
        given = self.given[int(self.rng.random() < 0.6)]
        return surname + given[int(self.rng.integers(len(given)))]


def _departments(network: Network, county: str, name: str) -> None:
    for number, (trade, full, skills) in enumerate(_DEPARTMENTS, start=1):
        code, division = f"D{county}{number:02d}", county + "000000"
        unit = network.unit(code, name + full, UnitKind.DEPARTMENT, division, None, skills)
        network.department[county, trade] = unit


def _community_units(
    network: Network, community: Community, number: int, rng: np.random.Generator
) -> int:
    """Found the units of a community; give the id of its committee."""
    place, code = community.name.removesuffix("社区"), community.code
    above = f"S{code[:9]}"
    committee = network.unit(
        f"C{code}",
        f"{community.name}居委会",
        UnitKind.RESIDENT_COMMITTEE,
        code,
        above,
        ("民生", "调解"),
    )
    skills = _TEAM_SKILLS[int(rng.integers(len(_TEAM_SKILLS)))]
    for letter, name, kind, can in (
        ("V", f"{place}志愿服务队", UnitKind.VOLUNTEER_TEAM, skills),
        ("G", f"{place}党员先锋队", UnitKind.PARTY_GROUP, ("突击", "入户")),
        ("P", f"{place}物业服务有限公司", UnitKind.PROPERTY_COMPANY, ("维修", "保洁", "秩序")),
        ("O", f"{place}业主委员会", UnitKind.OWNERS_COMMITTEE, ("协商",)),
        ("R", f"{place}小学", UnitKind.REPORTING_UNIT, ("场地", "宣讲")),
    ):
        if letter in "VGP" or (number + ord(letter)) % 3 == 0:
            network.unit(f"{letter}{code}", name, kind, code, f"C{code}", can)
    return committee


def _posts(
    network: Network,
    cells: Cells,
    households: Ints,
    members: list[int],
    committee: int,
    names: _Names,
) -> None:
    """Fill the posts of a community: leaders lead up to three cells, neighbours back each other."""
    leaders = [network.worker(names.draw(), committee) for _ in range(-(-len(members) // 3))]
    carers = _carers(network, cells, households, members, committee, names)
    for place, cell in enumerate(members):
        network.posts.append((cell + 1, leaders[place // 3], str(PostRole.GRID_LEADER)))
        for worker in carers[place]:
            network.posts.append((cell + 1, worker, str(PostRole.GRID_WORKER)))
        others = [w for later in (*carers[place + 1 :], *carers[:place]) for w in later]
        free = [w for w in others if w not in carers[place]]
        network.posts.append((cell + 1, free[0] if free else leaders[0], str(PostRole.BACKUP)))


def _carers(
    network: Network,
    cells: Cells,
    households: Ints,
    members: list[int],
    committee: int,
    names: _Names,
) -> list[list[int]]:
    """Give each cell its workers: one, two for a large cell, one shared by two, or nobody yet."""
    usual = households[households > 0].mean()
    carers: list[list[int]] = []
    for cell in members:
        large = households[cell] > _LARGE_CELL * usual
        if cell % _UNSTAFFED_EVERY == 17 and cells.kinds[cell] == CellKind.BASIC:
            carers.append([])
        elif carers and cell % 7 == 3 and len(carers[-1]) == 1:
            carers.append(list(carers[-1]))
        else:
            carers.append([network.worker(names.draw(), committee) for _ in range(1 + bool(large))])
    return carers
