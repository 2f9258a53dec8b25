"""How others divide the same ground: METIS, ReCom, MaxP, power diagrams; and how hands balance.

Each is asked in a process of its own that is ended at its limit. What is not installed is told.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.spatial import cKDTree

import gis.partition_graph
from gis.partition_graph import Floats, Ints, Units
from gis.partition_pockets import Ground

Plan = Ints | str
"""The cell of every unit, or why there is none."""


def asked(peer: Callable[..., Ints], limit_s: float, *given: object) -> tuple[Plan, float]:
    """A peer's plan and its seconds, or a sentence."""
    here, there = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.get_context("fork").Process(
        target=_answer, args=(there, peer, given), daemon=True
    )
    child.start()
    there.close()
    try:
        if not here.poll(limit_s):
            return f"not done in {limit_s:.0f} s", limit_s
        return here.recv()
    except EOFError:
        return "ended without an answer", 0.0
    finally:
        child.kill()
        child.join()


def _answer(there: Connection, peer: Callable[..., Ints], given: tuple[object, ...]) -> None:
    start = time.process_time()
    try:
        plan: Plan = peer(*given)
    except ImportError as missing:
        plan = f"SKIPPED, not installed: {missing.name}"
    except Exception as trouble:
        plan = f"failed: {type(trouble).__name__} {str(trouble)[:60]}"
    there.send((plan, time.process_time() - start))


# Drawing


def metis(ground: Ground, spread: int) -> Ints:
    """METIS pocket by pocket, by length of border; spread is its imbalance in thousandths."""
    cell, begin = np.zeros(len(ground), dtype=np.int64), 0
    for place, pocket in enumerate(ground.pockets):
        nodes = np.flatnonzero(ground.pocket == place)
        inside = ground.pocket[ground.pairs[:, 0]] == place
        pairs = np.searchsorted(nodes, ground.pairs[inside])
        if pocket.cells > 1:
            cell[nodes] = _metis(
                pairs, ground.border_m[inside], ground.workload[nodes], pocket.cells, spread
            )
        cell[nodes] += begin
        begin += pocket.cells
    return cell[ground.node]


def metis_blind(units: Units, cells: int) -> Ints:
    """METIS on everything, barriers or not."""
    return _metis(units.pairs, units.border_m, units.workload, cells, 30)


def _metis(pairs: Ints, border: Floats, weight: Floats, cells: int, spread: int) -> Ints:
    import pymetis

    both = np.concatenate([pairs, pairs[:, ::-1]])
    order = np.lexsort((both[:, 1], both[:, 0]))
    metres = np.maximum(np.concatenate([border, border])[order].round(), 1).astype(int)
    starts = np.searchsorted(both[order, 0], np.arange(len(weight) + 1))
    options = pymetis.Options(contig=True, seed=0, ufactor=spread)
    links = pymetis.CSRAdjacency(starts, both[order, 1])
    whole = weight.round().astype(int)
    _, cell = pymetis.part_graph(
        cells, adjacency=links, vweights=whole, eweights=metres, recursive=False, options=options
    )
    return np.asarray(cell, dtype=np.int64)


def recom(units: Units, cells: int, seconds: float) -> Ints:
    """GerryChain: a seed plan by spanning trees, then ReCom steps that shorten the borders."""
    import random

    import gerrychain
    import networkx as nx
    from gerrychain.partition import recursive_tree_part as seed_plan

    web = nx.Graph()
    web.add_nodes_from((node, {"load": float(w)}) for node, w in enumerate(units.workload))
    for (one, other), metres in zip(units.pairs.tolist(), units.border_m.tolist(), strict=True):
        web.add_edge(one, other, metres=metres)
    graph = gerrychain.Graph.from_networkx(web)
    luck, mean, end = random.Random(0), units.workload.sum() / cells, time.monotonic() + seconds
    seed = seed_plan(graph, range(cells), mean, "load", 0.1, rng=luck)
    loads = {"load": gerrychain.updaters.Tally("load", alias="load")}
    plan = gerrychain.Partition(graph, seed, loads)
    cell = _assigned(plan, len(units))
    shortest = _cut(units, cell)
    while time.monotonic() < end:
        try:
            step = gerrychain.proposals.recom(plan, "load", mean, 0.05, rng=luck)
        except Exception:  # a pair that no tree divides
            continue
        now = _assigned(step, len(units))
        if (length := _cut(units, now)) <= shortest:
            plan, cell, shortest = step, now, length
    return cell


def _assigned(plan, count: int) -> Ints:
    return np.array([plan.assignment[node] for node in range(count)], dtype=np.int64)


def _cut(units: Units, cell: Ints) -> float:
    return float(units.border_m[cell[units.pairs[:, 0]] != cell[units.pairs[:, 1]]].sum())


def maxp(units: Units, target: float) -> Ints:
    """spopt's MaxP: as many cells as can be that hold nine tenths of the target at least."""
    import warnings

    import geopandas as gpd
    from libpysal.weights import W
    from spopt.region import MaxPHeuristic

    warnings.simplefilter("ignore")
    near: dict[int, list[int]] = {node: [] for node in range(len(units))}
    for one, other in units.pairs.tolist():
        near[one].append(other)
        near[other].append(one)
    frame = gpd.GeoDataFrame(
        {"load": units.workload, "x": units.point[:, 0], "y": units.point[:, 1]},
        geometry=gpd.points_from_xy(*units.point.T),
    )
    np.random.seed(0)  # spopt draws from numpy's own generator
    model = MaxPHeuristic(frame, W(near), ["x", "y"], "load", 0.9 * target, top_n=2)
    model.solve()
    return np.unique(model.labels_, return_inverse=True)[1].astype(np.int64)


def power(units: Units, cells: int) -> Ints:
    """A balanced power diagram: k-means whose centres hold back as they have too much."""
    random = np.random.default_rng(0)
    weight = units.workload + 1e-9
    middle = units.point[random.choice(len(units), cells, replace=False)]
    held = np.zeros(cells)
    side2 = units.area_m2.sum() / cells
    for turn in range(150):
        cell = _nearest(units.point, middle, held)
        load = np.bincount(cell, units.workload, minlength=cells)
        total = np.maximum(np.bincount(cell, weight, minlength=cells), 1e-9)
        held += 0.3 * side2 * (load / load.mean() - 1) / (1 + turn / 20)
        moved = [np.bincount(cell, weight * axis, minlength=cells) for axis in units.point.T]
        full = load > 0
        middle = np.where(full[:, None], np.column_stack(moved) / total[:, None], middle)
    return np.unique(cell, return_inverse=True)[1].astype(np.int64)


def _nearest(point: Floats, middle: Floats, held: Floats) -> Ints:
    """The centre of least squared distance plus what it holds back: a third dimension does it."""
    high = np.sqrt(held - held.min())
    return cKDTree(np.column_stack([middle, high])).query(
        np.column_stack([point, np.zeros(len(point))])
    )[1]


# Balancing


def relabelled(units: Units, fresh: Ints, home: Ints) -> Ints:
    """A redrawn plan, its cells given to today's workers so that the fewest households move."""
    count = int(max(fresh.max(), home.max())) + 1
    shared = coo_array((units.households, (fresh, home)), shape=(count, count)).toarray()
    row, column = linear_sum_assignment(shared, maximize=True)
    name = np.empty(count, dtype=np.int64)
    name[row] = column
    return name[fresh]


def shedding(units: Units, home: Ints, low: float, high: float) -> Ints:
    """By hand: the fullest cell gives a border unit to its emptiest neighbour, again and again."""
    cell, near = home.copy(), _neighbours(units)
    load = np.bincount(cell, units.workload).astype(np.float64)
    tried: set[tuple[int, int]] = set()
    for _ in range(20 * len(load)):
        out = np.maximum(load - high, 0) + np.maximum(low - load, 0)
        step = None
        for worst in np.argsort(-out, kind="stable")[: int((out > 0).sum())].tolist():
            step = _step(units, cell, near, load, worst, high, tried)
            if step:
                break
        if not step:
            break
        node, new = step
        tried.add((node, int(cell[node])))  # it does not come back, or hands would go in circles
        load[cell[node]] -= units.workload[node]
        load[new] += units.workload[node]
        cell[node] = new
    return cell


def _step(units, cell, near, load, worst, high, tried):
    """The unit that goes: out of the worst cell if it has too much, else into it."""
    gives = load[worst] > high
    best, step = np.inf, None
    for node in np.flatnonzero(cell == worst).tolist():
        for other in near[node]:
            if cell[other] == worst:
                continue
            mover, new = (node, int(cell[other])) if gives else (other, worst)
            beside = load[new] if gives else -load[cell[other]]
            if beside < best and (mover, new) not in tried and _stays(cell, near, mover):
                best, step = beside, (mover, new)
    return step


def _stays(cell, near, node) -> bool:
    """Whether the cell of a node holds together without it."""
    mates = [other for other in near[node] if cell[other] == cell[node]]
    if not mates:
        return False
    met, todo = {mates[0], node}, [mates[0]]
    while todo:
        for other in near[todo.pop()]:
            if other not in met and cell[other] == cell[node]:
                met.add(other)
                todo.append(other)
    return all(mate in met for mate in mates)


def _neighbours(units: Units) -> list[list[int]]:
    near: list[list[int]] = [[] for _ in range(len(units))]
    for one, other in units.pairs[~units.barred].tolist():
        near[one].append(other)
        near[other].append(one)
    return near


def optimum(
    units: Units, home: Ints, low: float, high: float, seconds: float
) -> tuple[float, bool]:
    """The fewest households that must move, by CP-SAT: a bound, and whether it is reached.

    A unit may go to any cell within three links of it. A cell in parts gets a cut for every part
    lighter than a cell: whatever of it stays needs a unit beside it. So each answer is a bound.
    """
    from ortools.sat.python import cp_model

    near, count = _neighbours(units), int(home.max()) + 1
    may = [{int(one)} for one in home]
    for _ in range(3):
        may = [
            set().union(may[node], *(may[other] for other in near[node]))
            for node in range(len(may))
        ]
    model = cp_model.CpModel()
    lies = {(node, one): model.new_bool_var("") for node, its in enumerate(may) for one in its}
    load = units.workload.round().astype(int).tolist()
    for node, its in enumerate(may):
        model.add_exactly_one([lies[node, one] for one in its])
    for one in range(count):
        total = sum(load[node] * lies[node, one] for node in range(len(may)) if one in may[node])
        model.add_linear_constraint(total, int(np.ceil(low)), int(np.floor(high)))
    people = units.households.tolist()
    model.minimize(
        sum(people[node] * (1 - lies[node, int(home[node])]) for node in range(len(may)))
    )

    def hold(part: list[int]) -> None:
        around = {other for node in part for other in near[node]} - set(part)
        for node in part:
            for one in may[node]:
                beside = [lies[other, one] for other in around if one in may[other]]
                model.add_bool_or([lies[node, one].Not(), *beside])

    for node in range(len(may)):
        hold([node])
    return _closed(model, lies, may, hold, units, low, seconds)


def _closed(model, lies, may, hold, units, low, seconds) -> tuple[float, bool]:
    """Solve, cut what falls apart, solve again, until all is whole or the time is over."""
    from ortools.sat.python import cp_model

    end, bound = time.monotonic() + seconds, 0.0
    inner = units.pairs[~units.barred]
    while (left := end - time.monotonic()) > 0:
        solver = cp_model.CpSolver()
        solver.parameters.max_time_in_seconds = left
        solver.parameters.random_seed = 0
        status = solver.solve(model)
        bound = max(bound, solver.best_objective_bound)
        if status != cp_model.OPTIMAL:
            break
        cell = np.array(
            [next(o for o in its if solver.value(lies[n, o])) for n, its in enumerate(may)]
        )
        part = gis.partition_graph.labels(len(cell), inner[cell[inner[:, 0]] == cell[inner[:, 1]]])
        whose = cell[np.unique(part, return_index=True)[1]]
        broken = np.flatnonzero(np.bincount(whose)[whose] > 1)
        if not len(broken):
            return bound, True
        for one in broken.tolist():
            nodes = np.flatnonzero(part == one)
            if units.workload[nodes].sum() < low:
                hold(nodes.tolist())
    return bound, False
