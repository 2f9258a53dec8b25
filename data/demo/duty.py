"""责任 in an invented town: who answers for what, who works when, who is away, who offered help."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import shapely

from data.demo import words
from data.demo.areas import area_numbers
from data.demo.cells import Cells
from data.demo.columns import ewkb, ids, phones
from data.demo.ground import Ints, Shapes
from data.demo.incidents import CLASSES
from data.demo.layout import Layout
from data.demo.network import Network
from data.demo.people import WORK_PHONE_BASE
from gis.terms import CellKind, PostRole, UnitKind

_COMPONENTS = {"雨水井盖", "污水井盖", "路灯", "行道树", "充电桩"}
_MAJORS = (
    ("component", "01", "住建"), ("component", "02", "住建"), ("component", "03", "城管"),
    ("component", "04", "园林"), ("component", "05", "水务"), ("event", "01", "城管"),
    ("event", "02", "市场监管"), ("event", "03", "住建"), ("event", "04", "城管"),
    ("event", "05", "住建"), ("event", "06", "城管"),
)  # fmt: skip
"""Kind, major class, and the trade that answers for what of it no line names."""

_WEEKS = (
    ((1, 2, 3, 4, 5), "08:30", "17:30"),
    ((2, 3, 4, 5, 6), "08:30", "17:30"),
    ((1, 4, 5, 6, 7), "08:30", "17:30"),
    ((3, 4, 5, 6, 7), "17:00", "01:00"),
)
"""Weekdays, begin and end of a week's shifts; some are never told any."""
_WEEK_SHARES = (0.6, 0.15, 0.12, 0.08, 0.05)
_AWAY_SHARE = 0.12
_WORKER_SKILLS = ("调解", "急救", "消防", "电力", "燃气")
_SKILL_SHARES = (0.5, 0.2, 0.15, 0.04, 0.03)
_CAPACITIES = (6, 8, 8, 10)

_HELP = (
    "水电维修", "家电维修", "心理疏导", "法律咨询", "医疗护理", "应急救援", "邻里调解",
    "助老陪伴", "儿童托管", "理发", "搬运", "文艺宣讲",
)  # fmt: skip
_FREE = (
    ((1, 2, 3, 4, 5), "18:30", "21:00"),
    ((6, 7), "09:00", "12:00"),
    ((6,), "08:00", "18:00"),
    ((7,), "14:00", "17:30"),
    ((3,), "14:00", "17:00"),
)
_MOST_IN_CELL = 3
_NEAR = 0.0002
"""About twenty metres, in degrees."""


def tables(
    layout: Layout, cells: Cells, network: Network, seed: int, today: date
) -> Iterator[tuple[str, pa.Table]]:
    """The tables of duty, parents before children. Names and phones of members are not sealed."""
    rng = np.random.default_rng([seed, 21])
    yield "responsibility", _responsibilities(layout, network, today)
    yield "shift", _shifts(network, rng)
    yield "absence", _absences(network, today, rng)
    members = _members(cells, network, rng)
    yield "member", members
    yield "open_hours", _open_hours(members.num_rows, network, rng)


# Who answers for what


def _responsibilities(layout: Layout, network: Network, today: date) -> pa.Table:
    """Departments own components and answer for events of their county, by class and by major."""
    named = [
        ("component" if title in _COMPONENTS else "event", code, trade, 1)
        for code, title, _, _, trade, _ in CLASSES
    ]
    named += [(kind, major, trade, 2) for kind, major, trade in _MAJORS]
    kind, code, trade, rank = zip(*named, strict=True)
    counties = sorted(layout.counties)
    count = len(named) * len(counties)
    return pa.table(
        {
            "id": ids(count),
            "kind": kind * len(counties),
            "class_code": code * len(counties),
            "division_code": [f"{county}000000" for county in counties for _ in named],
            "unit_id": [network.department[county, one] for county in counties for one in trade],
            "side": ["owner" if one == "component" else "territory" for one in kind]
            * len(counties),
            "rank": rank * len(counties),
            "valid_from": [date(today.year, 1, 1)] * count,
        }
    )


# Workers


def abilities(network: Network, seed: int) -> dict[str, pa.Array]:
    """What each worker can do, and how many cases he may have at once."""
    rng = np.random.default_rng([seed, 22])
    count = len(network.workers)
    has = rng.random((count, len(_WORKER_SKILLS))) < np.array(_SKILL_SHARES)
    skills = [_array(np.array(_WORKER_SKILLS)[row]) for row in has]
    return {"skills": pa.array(skills), "capacity": pa.array(rng.choice(_CAPACITIES, count))}


def _array(told: Any) -> str:
    return "{" + ",".join(told) + "}"


def _leaders(network: Network) -> Ints:
    return np.unique([worker for _, worker, role in network.posts if role == PostRole.GRID_LEADER])


def _shifts(network: Network, rng: np.random.Generator) -> pa.Table:
    """Give each worker a week; leaders work from Monday to Friday."""
    count = len(network.workers)
    week = rng.choice(len(_WEEKS) + 1, count, p=_WEEK_SHARES)
    week[_leaders(network) - 1] = 0
    return _hours("worker_id", np.arange(1, count + 1), week, _WEEKS)


def _hours(owner: str, numbers: Ints, pattern: Ints, patterns: Any) -> pa.Table:
    """A row for each weekday of the pattern of each owner; who has none has no rows."""
    days = np.array([len(one[0]) for one in patterns] + [0])
    rows = np.repeat(np.arange(len(numbers)), days[pattern])
    chosen = pattern[rows]
    within = np.arange(len(rows)) - np.repeat(
        np.cumsum(days[pattern]) - days[pattern], days[pattern]
    )
    table = np.zeros((len(patterns), days.max()), np.int64)
    for number, (weekdays, _, _) in enumerate(patterns):
        table[number, : len(weekdays)] = weekdays
    return pa.table(
        {
            "id": ids(len(rows)),
            owner: pa.array(numbers[rows]),
            "weekday": pa.array(table[chosen, within]),
            "starts": pa.array(np.array([one[1] for one in patterns])[chosen]),
            "ends": pa.array(np.array([one[2] for one in patterns])[chosen]),
        }
    )


def _absences(network: Network, today: date, rng: np.random.Generator) -> pa.Table:
    """Let a few be away for one to four whole days about today, local time (UTC+8)."""
    away = np.flatnonzero(rng.random(len(network.workers)) < _AWAY_SHARE)
    first = np.datetime64(today - timedelta(days=3), "s") + rng.integers(0, 7, len(away)) * _DAY
    local = np.timedelta64(8, "h")
    ends = first + rng.integers(1, 5, len(away)) * _DAY
    return pa.table(
        {
            "id": ids(len(away)),
            "worker_id": pa.array(away + 1),
            "starts_at": pa.array(first - local, pa.timestamp("s", "UTC")),
            "ends_at": pa.array(ends - local, pa.timestamp("s", "UTC")),
        }
    )


_DAY = np.timedelta64(86_400, "s")


# Units and members


def unit_places(cells: Cells, network: Network, seed: int) -> pa.Array:
    """Put each unit near the middle of its division."""
    rng = np.random.default_rng([seed, 23])
    centres = shapely.get_coordinates(shapely.centroid(cells.shapes))
    middle: dict[str, Any] = {}
    for digits in (6, 9, 12):
        names, group = np.unique([code[:digits] for code in cells.codes], return_inverse=True)
        count = np.bincount(group)[:, None]
        sums = [np.bincount(group, centres[:, axis]) for axis in (0, 1)]
        middle |= dict(zip(names, np.stack(sums, axis=1) / count, strict=True))
    codes = [unit[3] for unit in network.units]
    stems = [code[:6] if code[6:] == "000000" else code[:9] if code[9:] == "000" else code
             for code in codes]  # fmt: skip
    spots = np.array([middle[stem] for stem in stems]) + rng.normal(0, 2 * _NEAR, (len(codes), 2))
    return ewkb(np.asarray(shapely.points(np.round(spots, 7))))


def _members(cells: Cells, network: Network, rng: np.random.Generator) -> pa.Table:
    """Up to three people in each cell where people live offer what they can."""
    lived = np.array([kind == CellKind.BASIC for kind in cells.kinds])
    cell = np.repeat(np.arange(len(lived)), rng.integers(0, _MOST_IN_CELL + 1, len(lived)) * lived)
    count = len(cell)
    teams = {(unit[3], unit[2]): number for number, unit in enumerate(network.units, start=1)}
    kinds = np.where(
        rng.random(count) < 0.5, str(UnitKind.VOLUNTEER_TEAM), str(UnitKind.PARTY_GROUP)
    )
    homes = [cells.codes[one][:12] for one in cell]
    return pa.table(
        {
            "id": ids(count),
            "code": pa.array([f"M{number:06d}" for number in range(1, count + 1)]),
            "unit_id": [teams[home, str(kind)] for home, kind in zip(homes, kinds, strict=True)],
            "name": pa.array(_names(count, rng)),
            "phone": phones(WORK_PHONE_BASE + 5_000_000 + np.arange(count)),
            "skills": pa.array([_array(rng.choice(_HELP, n, replace=False))
                                for n in rng.integers(1, 4, count)]),
            "area_no": pa.array(area_numbers(cells)[cell]),
            "cell_id": pa.array(cell + 1),
            "geom": ewkb(_near(cells.shapes, cell, rng)),
        }
    )  # fmt: skip


def _near(shapes: Shapes, cell: Ints, rng: np.random.Generator) -> Shapes:
    """Places inside the cells, most of them a few steps from the middle."""
    middle = shapely.get_coordinates(shapely.point_on_surface(shapes))[cell]
    away = np.asarray(
        shapely.points(np.round(middle + rng.normal(0, _NEAR, middle.shape), 7)), dtype=object
    )
    outside = ~shapely.contains_properly(shapes[cell], away)
    away[outside] = shapely.points(middle[outside])
    return away


def _names(count: int, rng: np.random.Generator) -> list[str]:
    shares = np.array(list(words.SURNAMES.values()), float)
    surnames = rng.choice(list(words.SURNAMES), count, p=shares / shares.sum())
    letters = "".join(words.GENERATIONS[1])
    given = rng.choice(words.given_names(letters), count)
    return [str(one) for one in np.char.add(surnames, given)]


_AT_ANY_HOUR = {"抢修", "急救", "救援", "防汛", "停电"}
"""Skills of departments that keep no hours."""


def _open_hours(members: int, network: Network, rng: np.random.Generator) -> pa.Table:
    """When members are free, and departments open: by day, but for those that come at any hour."""
    free = _hours(
        "member_id", np.arange(1, members + 1), rng.integers(0, len(_FREE), members), _FREE
    )
    offices = np.array(
        [
            number
            for number, unit in enumerate(network.units, start=1)
            if unit[2] == UnitKind.DEPARTMENT and not _AT_ANY_HOUR & set(unit[6])
        ]
    )
    open_ = _hours("unit_id", offices, np.zeros(len(offices), np.int64), _WEEKS)
    both = pa.concat_tables([free, open_], promote_options="default")
    return both.set_column(0, "id", ids(both.num_rows))
