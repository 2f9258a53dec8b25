"""A simulated day: 42 workers of 42 cells on real streets, cases that happen, rules that send.

Every rule meets the same arrivals, the same handling times and the same luck on the way, and knows
of them what a dispatcher knows: what has been reported, the walk as the streets say, how long
handling takes in general. Between the cases a worker stays where he was last.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import shapely

from gis.roads import Pace, Roads, walk_s

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

CELLS = 42
ADDRESSES = 30
"""Places per cell at which cases happen."""
RADIUS_M = 220.0
"""How far from the centre of its cell an address may lie."""
HOURS = np.array([0.8, 1.05, 1.2, 1.15, 0.85, 0.8, 1.05, 1.2, 1.1, 0.8])
"""How busy the ten hours of the day are, 1 on average."""
DAY_S = 3_600.0 * len(HOURS)
URGENT = 0.2
"""Share of urgent cases."""
WITHIN_S = (7_200.0, 1_200.0)
"""Within which time somebody should arrive: routine, urgent."""
HANDLING_S = 1_500.0
"""Mean handling time."""
HANDLING_SPREAD, TRAVEL_SPREAD = 0.5, 0.25
"""Standard deviations as shares: of handling (lognormal), of travel (normal, at least 0.3)."""
SURGE, SURGE_AT_S, SURGE_LASTS_S = 80, 2.5 * 3_600, 1_800.0


@dataclass(frozen=True)
class World:
    """42 cells: seconds between addresses (a, a), the cell of each, where each worker begins."""

    name: str
    walk_s: Floats
    cell: Ints
    home: Ints

    @property
    def work_s(self) -> float:
        """What a case takes its own worker: handling and a walk within the cell, on average."""
        inside = self.walk_s[self.cell[:, None] == self.cell]
        return float(HANDLING_S + inside.mean())


def settle(name: str, roads: Roads, centres: Floats) -> World:
    """Lay out the cells around their centres, metres (42, 2): addresses along their streets."""
    chance = np.random.default_rng(42)
    spots = chance.permutation(_along(roads))
    away = np.hypot(*(spots[:, None] - centres[None]).transpose(2, 0, 1))
    cell_of = np.where(away.min(axis=1) < RADIUS_M, away.argmin(axis=1), -1)
    chosen = [np.flatnonzero(cell_of == cell)[:ADDRESSES] for cell in range(CELLS)]
    cell = np.repeat(np.arange(CELLS), [len(one) for one in chosen])
    middle = [int(away[one, number].argmin()) for number, one in enumerate(chosen)]
    home = np.cumsum([0, *map(len, chosen[:-1])]) + middle
    xy = spots[np.concatenate(chosen)]
    return World(name, walk_s(roads, xy, xy, Pace(reach_m=20_000)), cell, home)


def _along(roads: Roads) -> Floats:
    """A spot every 25 m on the streets that are connected with most others."""
    connected = roads.island == np.bincount(roads.island).argmax()
    edges = np.flatnonzero(connected[roads.ends[:, 0]])
    counts = np.ceil(roads.length_m[edges] / 25).astype(int)
    edge = np.repeat(edges, counts)
    step = np.arange(len(edge)) - np.repeat(np.cumsum(counts) - counts, counts)
    along = (step + 0.5) / np.repeat(counts, counts)
    spots = shapely.line_interpolate_point(roads.lines[edge], along, normalized=True)
    return shapely.get_coordinates(spots)


@dataclass(frozen=True)
class Day:
    """What happens, by case in order of time; `luck` is what a walk takes ÷ what is expected."""

    world: World
    at_s: Floats
    address: Ints
    urgent: Ints
    handling_s: Floats
    luck: Floats

    @property
    def due_s(self) -> Floats:
        return self.at_s + np.array(WITHIN_S)[self.urgent]


def happen(world: World, *, load: float, surge: bool, seed: int) -> Day:
    """Draw a day. Load: what the cases take their own workers ÷ the hours of all workers."""
    chance = np.random.default_rng([seed, round(load * 100), surge])
    count = round(load * CELLS * DAY_S / world.work_s)
    hour = chance.choice(len(HOURS), count, p=HOURS / HOURS.sum())
    at = (hour + chance.random(count)) * 3_600
    if surge:
        at = np.append(at, SURGE_AT_S + SURGE_LASTS_S * chance.random(SURGE))
    at, count = np.sort(at), len(at)
    urgent = (chance.random(count) < URGENT).astype(np.int64)
    width = np.sqrt(np.log(1 + HANDLING_SPREAD**2))
    factor = np.exp(chance.normal(-(width**2) / 2, width, count))
    luck = np.maximum(chance.normal(1, TRAVEL_SPREAD, count), 0.3)
    handling = HANDLING_S * factor
    address = chance.integers(0, len(world.cell), count)
    return Day(world, at, address, urgent, handling, luck)


@dataclass
class Now:
    """What a dispatcher sees at an event; the rule answers with who sets out to which case.

    waiting: the cases nobody has set out to. place: where each worker is, or will be when free.
    there_s: when he came there, or should come. worked_s: walked and handled so far.
    """

    day: Day
    now_s: float = 0.0
    waiting: list[int] = field(default_factory=list)
    idle: set[int] = field(default_factory=lambda: set(range(CELLS)))
    place: Ints = field(default_factory=lambda: np.zeros(CELLS, dtype=np.int64))
    there_s: Floats = field(default_factory=lambda: np.zeros(CELLS))
    worked_s: Floats = field(default_factory=lambda: np.zeros(CELLS))


Rule = Callable[[Now], list[tuple[int, int]]]
"""Who sets out now: (worker, case)."""


@dataclass(frozen=True)
class Outcome:
    """What came of a day, by case: arrival, walk in seconds, who; by worker: seconds worked."""

    day: Day
    arrived_s: Floats
    walked_s: Floats
    worker: Ints
    worked_s: Floats

    def measures(self) -> dict[str, float]:
        """Sums over the day, for the ratios between rules."""
        urgent = self.day.urgent == 1
        return {
            "late_urgent": float((self.arrived_s > self.day.due_s)[urgent].mean()),
            "late": float((self.arrived_s > self.day.due_s).mean()),
            "travel": float(self.walked_s.mean()),
            "response": float((self.arrived_s - self.day.at_s).mean()),
            "own_cell": float((self.worker == self.day.world.cell[self.day.address]).mean()),
            "busiest": float(self.worked_s.max()),
        }


ARRIVES, IS_FREE, IS_REPORTED = range(3)


def live(day: Day, rule: Rule) -> Outcome:
    """Let the day pass: the rule is asked at every report and whenever a worker becomes free."""
    now = Now(day, place=day.world.home.copy())
    count = len(day.at_s)
    arrived, walked, by = np.zeros(count), np.zeros(count), np.full(count, -1)
    events = [(at, IS_REPORTED, case) for case, at in enumerate(day.at_s.tolist())]
    heapq.heapify(events)
    while events:
        now.now_s, event, what = heapq.heappop(events)
        if event == ARRIVES:  # nobody is free or waiting for it; only the walk is known now
            now.there_s[by[what]] = now.now_s
            continue
        if event == IS_FREE:
            now.idle.add(what)
        else:
            now.waiting.append(what)
        for worker, case in rule(now):
            expected = day.world.walk_s[now.place[worker], day.address[case]]
            walked[case] = expected * day.luck[case]
            arrived[case], by[case] = now.now_s + walked[case], worker
            end = arrived[case] + day.handling_s[case]
            heapq.heappush(events, (arrived[case], ARRIVES, case))
            heapq.heappush(events, (end, IS_FREE, worker))
            now.idle.remove(worker)
            now.waiting.remove(case)
            now.place[worker] = day.address[case]
            now.there_s[worker] = now.now_s + expected
            now.worked_s[worker] += walked[case] + day.handling_s[case]
    return Outcome(day, arrived, walked, by, now.worked_s)


def nearest_idle(now: Now) -> list[tuple[int, int]]:
    """The usual way: the nearest idle worker at once; else a queue, urgent first, then oldest."""
    idle, sent = sorted(now.idle), []
    for case in sorted(now.waiting, key=lambda one: (-now.day.urgent[one], one)):
        if not idle:
            break
        walks = now.day.world.walk_s[now.place[idle], now.day.address[case]]
        sent.append((idle.pop(int(walks.argmin())), case))
    return sent
