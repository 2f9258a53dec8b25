"""Ninety days of cases: what happens, where, when, and how far each has come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.demo.buildings import Buildings, within
from data.demo.facilities import Roadside
from data.demo.ground import Floats, Ground, Ints
from data.demo.layout import Layout
from data.demo.sizes import STEP_M
from gis.terms import ENDED_STATES, CaseState

DAYS = 90
_MINUTE = np.timedelta64(1, "m")

# class, title, share, limit in hours (a working day is 24), who handles it, what is seen
CLASSES = (
    ("0110", "暴露垃圾", 12, 4, "城管", "垃圾未入容器，散落在人行道上"),
    ("0410", "非机动车乱停放", 11, 4, "城管", "共享单车占用盲道"),
    ("0405", "店外经营", 8, 2, "城管", "商铺将货物摆出店外"),
    ("0401", "无照经营游商", 7, 2, "城管", "流动摊贩占道叫卖"),
    ("0112", "道路不洁", 6, 4, "城管", "路面有明显污渍和落叶堆积"),
    ("0136", "乱堆物料", 6, 24, "城管", "建筑材料堆放在公共通道"),
    ("0201", "非法小广告", 5, 24, "城管", "墙面和电杆张贴小广告"),
    ("0101", "私搭乱建", 2, 360, "城管", "楼顶搭建棚屋"),
    ("0203", "违规户外广告", 2, 72, "市场监管", "招牌悬挂不牢，有坠落风险"),
    ("0604", "门前四包", 2, 24, "市场监管", "店前卫生无人清扫"),
    ("0113", "道路破损", 4, 120, "住建", "路面坑洼约半平方米"),
    ("0505", "路面塌陷", 1, 48, "住建", "路面出现下沉，已围挡"),
    ("0301", "施工扰民", 4, 24, "住建", "夜间施工噪声影响休息"),
    ("0304", "工地扬尘", 2, 24, "住建", "土方未覆盖，风起扬尘"),
    ("0103", "雨水井盖", 3, 4, "水务", "井盖移位，有安全隐患"),
    ("0102", "污水井盖", 2, 4, "水务", "井盖破损，车辆经过有响声"),
    ("0503", "排水管道堵塞破裂", 3, 24, "水务", "污水外溢到路面"),
    ("0501", "供水管道破裂", 1, 1, "水务", "路面冒水，水压下降"),
    ("0506", "道路积水", 2, 2, "水务", "雨后积水超过十五厘米"),
    ("0137", "路灯", 6, 48, "供电", "单盏路灯不亮"),
    ("0508", "架空线缆脱落", 2, 4, "供电", "线缆垂落至人行道"),
    ("0402", "行道树", 3, 24, "园林", "树枝折断，悬在路面上方"),
    ("0117", "绿地脏乱", 2, 24, "园林", "绿地内有白色垃圾"),
    ("0502", "燃气管道破裂", 1, 1, "燃气", "楼道内闻到燃气味"),
    ("0154", "充电桩", 2, 48, "消防", "充电桩外壳破损，存在隐患"),
    ("0135", "废弃家具", 3, 72, "城管", "楼道口堆放旧沙发"),
)

# How far cases of an age in days have come: shares in the order of the states below
_STATES = list(CaseState)
_PROGRESS = (
    (2, (12, 8, 8, 18, 24, 8, 5, 13, 0, 1, 3)),
    (12, (1, 0, 1, 5, 12, 1, 5, 62, 7, 2, 4)),
    (DAYS, (0, 0, 0, 1, 3, 0, 1, 64, 24, 1, 6)),
)
_STILL_LATE, _LATE_DAYS = 0.5, 3
"""The share of the cases beyond their deadline that are still open, and for how many days."""
_FRESH = {
    CaseState.REPORTED: 6,
    CaseState.VERIFIED: 6,
    CaseState.FILED: 8,
    CaseState.FEEDBACK: 40,
}
"""The steps of the office itself take minutes: how long ago, on the mean, their cases came in."""
COMPONENTS = frozenset({"0103", "0102", "0137", "0402", "0154"})
"""Of the classes above, those of things that stand; the others happen."""
_WITH_UNIT = [str(state) for state in CaseState][3:10]
_HOURS = np.array(
    [1, 1, 1, 1, 1, 3, 9, 22, 34, 36, 32, 24, 14, 17, 28, 32, 30, 26, 22, 18, 15, 10, 6, 3], float
)


@dataclass(frozen=True)
class Cases:
    """All cases by time, one entry each; places in metres (NaN: reported without a place)."""

    codes: list[str]
    kinds: Ints
    states: NDArray[np.str_]
    reported: NDArray[np.datetime64]
    due: NDArray[np.datetime64]
    closed: NDArray[np.datetime64]
    filed: NDArray[np.datetime64]
    dispatched: NDArray[np.datetime64]
    handled: NDArray[np.datetime64]
    addresses: list[str]
    accuracy: Floats
    places: Floats
    with_unit: NDArray[np.bool_]


def happen(layout: Layout, ground: Ground, buildings: Buildings, now: datetime, seed: int) -> Cases:
    """Let the cases of the ninety days up to now happen. Times are local (UTC+8), whole minutes."""
    rng = np.random.default_rng([seed, 10])
    count = layout.size.cases
    minute = np.datetime64(now.replace(tzinfo=None), "m")
    reported = _times(count, minute, rng)
    weights = np.array([row[2] for row in CLASSES], float)
    kinds = rng.choice(len(CLASSES), count, p=weights / weights.sum())
    places, addresses = _places(layout, ground, buildings, kinds, rng)
    limit = np.array([row[3] for row in CLASSES])[kinds]
    reported, states = _fresh(reported, _states(reported, minute, rng), minute, rng)
    due = _due(reported, limit)
    states = _mostly_in_time(states, due, minute, rng)
    closed = _closed(reported, limit, states, minute, rng)
    accuracy = np.round(rng.gamma(3.0, 3.2, count) + 3, 1)
    accuracy[np.isnan(places[:, 0])] = np.nan
    return Cases(
        codes=_codes(reported),
        kinds=kinds,
        states=states,
        reported=reported,
        due=due,
        closed=closed,
        **_steps(reported, closed, states, minute),
        addresses=addresses,
        accuracy=accuracy,
        places=places,
        with_unit=np.isin(states, _WITH_UNIT),
    )


def _times(count: int, now: np.datetime64, rng: np.random.Generator) -> NDArray[np.datetime64]:
    """Draw times: more on working days, most in the morning and late afternoon; sorted."""
    today = now.astype("datetime64[D]")
    passed = max(int((now - today) // np.timedelta64(1, "h")), 1)
    days = today - np.arange(DAYS)
    busy = np.where(np.is_busday(days), 1.0, 0.66)
    busy *= 1 + 2 * np.exp(-np.arange(DAYS) / 4)  # the town has just begun to report by telephone
    busy[0] *= _HOURS[:passed].sum() / _HOURS.sum()
    day = days[rng.choice(DAYS, count, p=busy / busy.sum())]
    hour = rng.choice(24, count, p=_HOURS / _HOURS.sum())
    hour = np.where(day == today, hour % passed, hour)
    minute = hour * 60 + rng.integers(0, 60, count)
    return np.sort(np.minimum(day.astype("datetime64[m]") + minute * _MINUTE, now - _MINUTE))


def _due(reported: NDArray[np.datetime64], limit_h: Ints) -> NDArray[np.datetime64]:
    """Set the deadline: short limits run through, longer ones count working days to 18:00."""
    day = reported.astype("datetime64[D]")
    work = np.busday_offset(day, np.maximum(limit_h // 24, 1), roll="forward")
    evening = work.astype("datetime64[m]") + 18 * 60 * _MINUTE
    return np.where(limit_h < 24, reported + limit_h * 60 * _MINUTE, evening)


def _states(
    reported: NDArray[np.datetime64], now: np.datetime64, rng: np.random.Generator
) -> NDArray[np.str_]:
    """Say how far each case has come: the older, the more are closed."""
    age = (now.astype("datetime64[D]") - reported.astype("datetime64[D]")).astype(int)
    states = np.empty(len(age), dtype="U12")
    younger = -1
    for older, shares in _PROGRESS:
        here = (age > younger) & (age <= older)
        p = np.array(shares, float) / sum(shares)
        states[here] = rng.choice([str(s) for s in _STATES], int(here.sum()), p=p)
        younger = older
    return states


def _fresh(
    reported: NDArray[np.datetime64],
    states: NDArray[np.str_],
    now: np.datetime64,
    rng: np.random.Generator,
) -> tuple[NDArray[np.datetime64], NDArray[np.str_]]:
    """Let what waits for the office have come in just now; sorted by time again."""
    reported = reported.copy()
    for state, mean in _FRESH.items():
        here = states == state
        minutes = np.ceil(rng.exponential(mean, int(here.sum()))).astype(int)
        reported[here] = now - minutes * _MINUTE
    order = np.argsort(reported, kind="stable")
    return reported[order], states[order]


def _mostly_in_time(
    states: NDArray[np.str_],
    due: NDArray[np.datetime64],
    now: np.datetime64,
    rng: np.random.Generator,
) -> NDArray[np.str_]:
    """Close most of what is open beyond its deadline; what is suspended has none."""
    ended = [str(state) for state in (*ENDED_STATES, CaseState.SUSPENDED)]
    late = ~np.isin(states, ended) & (due < now)
    forgotten = due < now - _LATE_DAYS * np.timedelta64(1, "D")
    seen_to = late & (forgotten | (rng.random(len(states)) > _STILL_LATE))
    return np.where(seen_to, str(CaseState.CLOSED), states)


def _closed(
    reported: NDArray[np.datetime64],
    limit_h: Ints,
    states: NDArray[np.str_],
    now: np.datetime64,
    rng: np.random.Generator,
) -> NDArray[np.datetime64]:
    """Set the end of ended cases: mostly within the limit, always after the report."""
    share = rng.lognormal(-0.55, 0.65, len(limit_h))
    minutes = np.maximum(limit_h * 60 * share, 12).astype(int)
    minutes = np.where(states == CaseState.VOID, rng.integers(6, 180, len(limit_h)), minutes)
    closed = np.minimum(reported + minutes * _MINUTE, now)
    ended = np.isin(states, [CaseState.CLOSED, CaseState.EVALUATED, CaseState.VOID])
    return np.where(ended, closed, np.datetime64("NaT", "m"))


_REACHED = {
    "filed": (5, {"reported", "verified", "void"}),
    "dispatched": (10, {"reported", "verified", "void", "filed"}),
    "handled": (
        70,
        {"reported", "verified", "void", "filed", "dispatched", "handling", "suspended"},
    ),
}
"""When a step was made, in hundredths of a case's time, and in which states it was not yet."""


def _steps(
    reported: NDArray[np.datetime64],
    closed: NDArray[np.datetime64],
    states: NDArray[np.str_],
    now: np.datetime64,
) -> dict[str, NDArray[np.datetime64]]:
    """Set when cases were filed, dispatched and handled: between the report and the end, or now."""
    until = np.minimum(reported + 24 * 60 * _MINUTE, now)
    took = (np.where(np.isnat(closed), until, closed) - reported).astype(int)
    return {
        step: np.where(
            np.isin(states, list(not_yet)),
            np.datetime64("NaT", "m"),
            reported + took * share // 100 * _MINUTE,
        )
        for step, (share, not_yet) in _REACHED.items()
    }


def _codes(reported: NDArray[np.datetime64]) -> list[str]:
    """Number cases by day: 20261122-000123."""
    day = reported.astype("datetime64[D]")
    _, counts = np.unique(day, return_counts=True)
    number = within(counts) + 1
    return [f"{str(d).replace('-', '')}-{n:06d}" for d, n in zip(day, number.tolist(), strict=True)]


def _places(
    layout: Layout, ground: Ground, buildings: Buildings, kinds: Ints, rng: np.random.Generator
) -> tuple[Floats, list[str]]:
    """Place cases on hot spots, along roads, at buildings; a few outside, a few nowhere."""
    count = len(kinds)
    roadside = Roadside(layout, ground)
    road, u, v = roadside.pick(count, rng)
    hot = rng.random(count) < 0.48
    spots = _spots(roadside, kinds, count, rng)
    near = rng.normal(0, 1.7, (2, count))
    away = tuple(
        np.where(hot, spot + shift, own)
        for spot, shift, own in zip(spots[1:], near, (u, v), strict=True)
    )
    places = ground.at(*_off_water(layout, *roadside.inside(*away)))
    road = np.where(hot, spots[0], road)
    numbers = rng.integers(1, 90, count)
    addresses = [f"{roadside.roads[r].name}{n}号附近" for r, n in zip(road, numbers, strict=True)]
    indoors = np.flatnonzero(~hot & (rng.random(count) < 0.35))
    at = rng.integers(0, len(buildings.block), len(indoors))
    places[indoors] = buildings.centre[at] + rng.normal(0, 1.5, (len(at), 2))
    for case, building in zip(indoors.tolist(), at.tolist(), strict=True):
        addresses[case] = buildings.addresses[building]
    _lose(layout, ground, places, rng)
    return places, addresses


def _spots(roadside: Roadside, kinds: Ints, count: int, rng: np.random.Generator) -> Any:
    """Choose hot spots, each with classes it draws, and one of them for every case."""
    total = max(24, roadside.layout.size.cells // 3)
    road, u, v = roadside.pick(total, rng)
    pull = np.cumsum(rng.pareto(1.6, total) + 0.3)
    chosen = np.searchsorted(pull, rng.random(count) * pull[-1])
    chosen = (chosen // 3 * 3 + kinds % 3) % total
    return road[chosen], u[chosen], v[chosen]


def _off_water(layout: Layout, u: Floats, v: Floats) -> tuple[Floats, Floats]:
    """Move what fell into the river back to its nearer bank."""
    low, high = layout.size.south_steps, layout.size.south_steps + layout.size.river_steps
    bank = np.where(v < layout.size.middle_steps, low - 0.3, high + 0.3)
    return u, np.where((v > low) & (v < high), bank, v)


def _lose(layout: Layout, ground: Ground, places: Floats, rng: np.random.Generator) -> None:
    """Put a few cases outside the town and take the place of a few others away."""
    few = max(1, len(places) // 600)
    chosen = rng.permutation(len(places))[: few * 2 + 2]
    outside, nowhere = chosen[:few], chosen[few:]
    u = rng.uniform(0, layout.size.width_steps, few)
    beyond = rng.uniform(250, 700, few) / STEP_M
    v = np.where(rng.random(few) < 0.5, -beyond, layout.size.height_steps + beyond)
    places[outside] = ground.at(u, v)
    places[nowhere] = np.nan
