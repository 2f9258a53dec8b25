"""Who goes to which case: the usual nearest idle worker beside assignments that look ahead.

A day of 42 workers on real streets, again and again: every rule meets the same arrivals, handling
times and luck on the way. docs/dispatch.md defines the measures. Beside it: the gap to the optimum
of static instances, found by another solver; the time of a live decision for 200 cases and 100
responders with the walks from scratch; the time of a night's 20,000 cases and 2,000 responders.
"""

from __future__ import annotations

import argparse
import os
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import shapely
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array
from scipy.spatial import cKDTree

import bench._day
import gis.dispatch
import gis.dispatch_pairs
import gis.dispatch_solve
import gis.dispatch_times
import gis.roads
from bench._day import CELLS, HANDLING_S, HANDLING_SPREAD, Floats, Now, World
from bench._side_by_side import last_line, table, timed
from gis.dispatch_pairs import Cases, Choices, Responders, Rules, Travel

ROOT = Path(__file__).parents[1]
REAL = Path(os.environ.get("WANGGE_REAL_DATA", ROOT.parent / "shared" / "data"))
URGENCY = np.array([1.0, 3.0])
DAYS = {"0.4": (0.4, False), "0.6": (0.6, False), "0.75": (0.75, False), "0.85": (0.85, False),
        "surge": (0.6, True)}  # fmt: skip
"""Load, and whether 80 cases more come within half an hour."""
OWN = np.column_stack([np.arange(CELLS), np.arange(CELLS)])


# Streets


def city() -> tuple[str, gis.roads.Roads, Floats]:
    """Streets and the middles of 42 cells: Porto Alegre's, else those of the invented town."""
    folder = REAL / "poa_hexgrid_osm"
    return _porto_alegre(folder) if folder.is_dir() else _demo_town()


def _porto_alegre(folder: Path) -> tuple[str, gis.roads.Roads, Floats]:
    """The 42 neighbouring hexagons with the most streets in them."""
    import data.files.osm

    lines = data.files.osm.streets(folder / "poa_osm.pbf")
    west, south, east, north = shapely.total_bounds(lines)
    plane = gis.roads.Plane((west + east) / 2, (south + north) / 2)
    roads = gis.roads.build(plane.lines(lines))
    hexagons = pd.read_csv(folder / "poa_hexgrid.csv")
    middles = plane.metres(hexagons[["lon", "lat"]].to_numpy())
    away, nearest = cKDTree(middles).query(roads.xy)
    corners = np.bincount(nearest[away < bench._day.RADIUS_M], minlength=len(middles))
    around = cKDTree(middles).query(middles, CELLS)[1]
    best = np.minimum(corners, bench._day.ADDRESSES)[around].sum(axis=1).argmax()
    return "Porto Alegre (OpenStreetMap)", roads, middles[around[best]]


def _demo_town() -> tuple[str, gis.roads.Roads, Floats]:
    import data.demo.features
    import data.demo.town

    town = data.demo.town.plan("small", 2020)
    drawn = data.demo.features.draw(town.layout, town.ground, town.cells, 2020)
    lines = np.array([one.geom for one in drawn if one.kind == "road"], dtype=object)
    west, south, east, north = shapely.total_bounds(lines)
    plane = gis.roads.Plane((west + east) / 2, (south + north) / 2)
    roads = gis.roads.build(plane.lines(lines))
    middles = plane.metres(shapely.get_coordinates(shapely.centroid(town.cells.shapes)))
    nearest = np.hypot(*middles.T).argsort(kind="stable")[:CELLS]
    return "THE INVENTED TOWN, for the real data are absent", roads, middles[nearest]


# The day


def look_ahead(now: Now, rules: Rules) -> list[tuple[int, int]]:
    """Ours: the whole assignment anew; who is idle and has a case first sets out."""
    if not now.waiting or not now.idle:
        return []
    day, waiting = now.day, np.array(now.waiting)
    idle = np.isin(np.arange(CELLS), list(now.idle))
    walking_s = np.maximum(now.there_s - now.now_s, 0)
    elapsed_s = np.maximum(now.now_s - now.there_s, 0)
    left_s, vague_s = gis.dispatch_times.still_busy(elapsed_s, HANDLING_S, HANDLING_SPREAD)
    cases = Cases.at(
        np.zeros((len(waiting), 2)), urgency=URGENCY[day.urgent[waiting]], due_s=day.due_s[waiting],
        handling_s=HANDLING_S, cell=day.world.cell[day.address[waiting]],
    )  # fmt: skip
    responders = Responders.at(
        np.zeros((CELLS, 2)), free_s=now.now_s + np.where(idle, 0, walking_s + left_s),
        vague_s=np.where(idle, 0, vague_s), load_s=now.worked_s, own=OWN,
    )  # fmt: skip
    walks = day.world.walk_s[np.ix_(now.place, day.address[waiting])]
    found = gis.dispatch.decide(
        gis.dispatch_pairs.consider(
            cases, responders, Travel.every(walks), now_s=now.now_s, rules=rules
        )
    )
    goes = np.flatnonzero((found.turn == 0) & idle[found.responder])
    return [(int(found.responder[one]), int(waiting[one])) for one in goes]


PEER, OURS = "nearest idle", "wangge"
RULES: dict[str, bench._day.Rule] = {
    PEER: bench._day.nearest_idle,
    OURS: partial(look_ahead, rules=Rules()),
}
TURNED: dict[str, bench._day.Rule] = {
    f"{dial} {value}": partial(look_ahead, rules=replace(Rules(), **{dial: value}))
    for dial, values in (("own_cell", (0, 180, 600)), ("fairness", (0, 30, 300)))
    for value in values
}
"""Both dials at nought, as they usually stand, and turned up."""


def one_day(
    world: World, rules: dict[str, bench._day.Rule], name: str, seed: int
) -> list[dict[str, object]]:
    """The same day under every rule."""
    load, surge = DAYS[name]
    day = bench._day.happen(world, load=load, surge=surge, seed=seed)
    return [
        {"day": name, "rule": rule, **bench._day.live(day, sends).measures()}
        for rule, sends in rules.items()
    ]


def days(
    world: World, rules: dict[str, bench._day.Rule], names: list[str], seeds: int
) -> pd.DataFrame:
    """Means over the seeds: a row per day and rule."""
    asked = [(name, seed) for seed in range(seeds) for name in names]
    with ProcessPoolExecutor() as pool:
        rows = pool.map(partial(one_day, world, rules), *zip(*asked, strict=True), chunksize=4)
        found = pd.DataFrame([row for some in rows for row in some])
    return found.groupby(["day", "rule"], sort=False).mean()


# The optimum, and the time it takes


def least(arcs: gis.dispatch_solve.Arcs) -> int:
    """The least sum by another solver: HiGHS, as a mixed integer programme."""
    rows, (columns, most) = len(arcs.leave), arcs.steps.shape
    column, step = np.nonzero(np.arange(most) < arcs.room[:, None])
    pairs, every_row = len(arcs.row), np.arange(rows)
    cost = np.concatenate([arcs.cost, arcs.leave, arcs.steps[column, step]]).astype(float)
    sign = np.concatenate([np.ones(2 * pairs + rows), -np.ones(len(column))])
    of = np.concatenate([arcs.row, every_row, rows + arcs.column, rows + column])
    variable = np.concatenate(
        [np.arange(pairs + rows), np.arange(pairs), np.arange(pairs + rows, len(cost))]
    )
    matrix = coo_array((sign, (of, variable)), shape=(rows + columns, len(cost))).tocsr()
    low = np.concatenate([np.ones(rows), np.full(columns, -np.inf)])
    high = np.concatenate([np.ones(rows), np.zeros(columns)])
    found = milp(
        cost, constraints=LinearConstraint(matrix, low, high), bounds=Bounds(0, 1),
        integrality=np.ones(len(cost)), options={"mip_rel_gap": 0.0},
    )  # fmt: skip
    return int(np.rint(found.x) @ cost.astype(np.int64))


def _figures_of_cases(chance: np.random.Generator, count: int, cells: int) -> dict[str, Floats]:
    urgent = chance.random(count) < bench._day.URGENT
    return {
        "urgency": URGENCY[urgent.astype(int)],
        "due_s": np.array(bench._day.WITHIN_S)[urgent.astype(int)] * chance.random(count),
        "handling_s": np.full(count, HANDLING_S),
        "skill": 1 << chance.integers(0, 2, count),
        "cell": chance.integers(0, cells, count),
    }


def _responders(chance: np.random.Generator, xy: Floats, *, room: int) -> Responders:
    """Half of them busy; nine of ten have both skills; each has a cell of his own."""
    count = len(xy)
    return Responders.at(
        xy, free_s=np.where(chance.random(count) < 0.5, 0, HANDLING_S * chance.random(count)),
        vague_s=300, load_s=3_600 * chance.random(count), room=room,
        skill=np.where(chance.random(count) < 0.9, 3, 1),
        own=np.column_stack([np.arange(count), np.arange(count)]),
    )  # fmt: skip


def static(
    seed: int, cases: int, responders: int, *, room: int, queue: int, most: int | None = None
) -> Choices:
    """An invented instance on a plane of 4 km, walks in straight lines."""
    chance = np.random.default_rng(seed)
    xy, posts = chance.uniform(0, 4_000, (cases, 2)), chance.uniform(0, 4_000, (responders, 2))
    return gis.dispatch_pairs.consider(
        Cases.at(xy, **_figures_of_cases(chance, cases, responders)),
        _responders(chance, posts, room=room),
        Travel.nearest(gis.roads.walk_s(None, posts, xy), most or responders),
        now_s=0.0,
        rules=Rules(queue=queue),
    )


def gap_to_optimum(rounds: int = 20) -> float:
    """The largest excess over the optimum of another solver, as a share."""
    worst = 0.0
    for seed in range(rounds):
        live, _, _ = gis.dispatch.by_place(static(seed, 40, 15, room=3, queue=3))
        bulk, _ = gis.dispatch.by_room(static(seed, 120, 15, room=7, queue=1))
        for arcs in (live, bulk):
            ours = gis.dispatch_solve.total(arcs, gis.dispatch_solve.solve(arcs))
            best = least(arcs)
            worst = max(worst, abs(ours - best) / best)
    return worst


def gap_of_nearest(most: int = 20) -> float:
    """What it costs to look at the nearest responders only, where three quarters have to work."""
    sums = []
    for nearest in (most, None):
        choices = static(1, 2_000, 250, room=10, queue=1, most=nearest)
        arcs, _ = gis.dispatch.by_room(choices)
        sums.append(gis.dispatch_solve.total(arcs, gis.dispatch_solve.solve(arcs)))
    return sums[0] / sums[1] - 1


def live_ms(roads: gis.roads.Roads, rounds: int) -> Floats:
    """Milliseconds of live decisions: 200 cases, 100 responders, streets walked from scratch."""
    chance = np.random.default_rng(7)
    took = []
    for _ in range(rounds + 5):
        xy = roads.xy[chance.integers(0, len(roads.xy), 300)] + chance.normal(0, 15, (300, 2))
        cases = Cases.at(xy[:200], **_figures_of_cases(chance, 200, 100))
        responders = _responders(chance, xy[200:], room=3)
        start = time.perf_counter()
        walks = Travel.on(roads, cases, responders)
        gis.dispatch.decide(
            gis.dispatch_pairs.consider(cases, responders, walks, now_s=0.0, rules=Rules())
        )
        took.append(time.perf_counter() - start)
    return np.array(took[5:]) * 1_000  # the first ones load the libraries


def nightly_s() -> float:
    """Seconds for 20,000 cases and 2,000 responders, the 20 nearest known; the median of five."""
    chance = np.random.default_rng(11)
    xy, posts = chance.uniform(0, 20_000, (20_000, 2)), chance.uniform(0, 20_000, (2_000, 2))
    away, near = cKDTree(posts).query(xy, 20)
    travel = Travel(np.repeat(np.arange(len(xy)), 20), near.ravel(), away.ravel() * 1.35 / 1.2)
    cases = Cases.at(xy, **_figures_of_cases(chance, len(xy), len(posts)))
    responders = _responders(chance, posts, room=12)

    def night() -> None:
        rules = Rules(queue=1)
        choices = gis.dispatch_pairs.consider(cases, responders, travel, now_s=0.0, rules=rules)
        gis.dispatch.decide_in_bulk(choices)

    return float(np.median([timed(night) for _ in range(5)]))


# Told


def _row(name: str, peer: pd.Series, ours: pd.Series) -> tuple[str, ...]:
    def both(value: str, scale: float = 1, unit: str = "") -> str:
        return f"{peer[value] * scale:.1f} → {ours[value] * scale:.1f}{unit}"

    late = (both("late_urgent", 100, " %"), both("late", 100, " %"))
    times = (both("travel", 1 / 60, " min"), both("response", 1 / 60, " min"))
    return (name, *late, *times, both("own_cell", 100, " %"), both("busiest", 1 / 3_600, " h"))


def show(world: World, found: pd.DataFrame, seeds: int) -> dict[str, float]:
    """Print a line per kind of day, and give the ratios of ours to the peer."""
    print(f"{seeds} days each, {CELLS} workers and cells in {world.name}: nearest idle → wangge")
    print(f"load 1 is {CELLS * bench._day.DAY_S / world.work_s:.0f} cases in ten hours")
    heading = ("load", "urgent late", "all late", "travel", "response", "own cell", "busiest")
    rows, ratios = [heading], {}
    for name in DAYS:
        peer, ours = found.loc[(name, PEER)], found.loc[(name, OURS)]
        rows.append(_row(name, peer, ours))
        for measure in ("late_urgent", "travel", "response", "own_cell", "busiest"):
            key = f"{measure}_vs_nearest_{name.removeprefix('0.').ljust(2, '0').rjust(3, '0')}"
            if peer[measure]:  # on a quiet day nobody may be late
                ratios[key] = ours[measure] / peer[measure]
    table(rows)
    return ratios


def show_dials(found: pd.DataFrame) -> None:
    """Print what a day of load 0.6 comes to with the dials turned."""
    rows = [("dial (s)", "urgent late", "travel", "response", "own cell", "busiest")]
    for (_, dial), sums in found.iterrows():
        late, own = f"{sums['late_urgent']:.1%}", f"{sums['own_cell']:.1%}"
        travel, response = f"{sums['travel'] / 60:.2f} min", f"{sums['response'] / 60:.2f} min"
        rows.append((dial, late, travel, response, own, f"{sums['busiest'] / 3_600:.2f} h"))
    print()
    table(rows)


def main() -> None:
    """Measure the times first, while nothing else runs; then the days."""
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    words.add_argument("--seeds", type=int, default=24, help="days of each kind (default 24)")
    words.add_argument("--rounds", type=int, default=300, help="live decisions (default 300)")
    words.add_argument("--dials", action="store_true", help="also what the two dials cost")
    words.add_argument("--json", action="store_true", help="end with one line of JSON")
    asked = words.parse_args()
    name, roads, middles = city()
    live, nightly = live_ms(roads, asked.rounds), nightly_s()
    gap, nearest = gap_to_optimum(), gap_of_nearest()
    print(f"a live decision, 200 cases × 100 responders on {len(roads.xy):,} nodes: median")
    print(f"{np.median(live):.1f} ms, p99 {np.percentile(live, 99):.1f} ms")
    print(f"a night, 20,000 cases × 2,000 responders: {nightly:.2f} s")
    print(f"gap to the optimum {gap:.6f}; of looking at the 20 nearest only {nearest:.6f}\n")
    world = bench._day.settle(name, roads, middles)
    ratios = show(world, days(world, RULES, list(DAYS), asked.seeds), asked.seeds)
    if asked.dials:
        show_dials(days(world, TURNED, ["0.6"], asked.seeds))
    first = {key: value for key, value in ratios.items() if key.endswith("_085")}
    times = {"gap_to_optimum": gap, "live_p99_ms_200x100": float(np.percentile(live, 99)),
             "nightly_s_20000x2000": nightly}  # fmt: skip
    last_line({**first, **times, **ratios, "gap_of_20_nearest": nearest}, wanted=asked.json)


if __name__ == "__main__":
    main()
