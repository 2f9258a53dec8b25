"""Cells drawn and balanced beside the peers, on the same ground in the same run.

Drawing: METIS (given the same pockets, and blind to barriers), GerryChain's ReCom, spopt's MaxP,
a balanced power diagram, and the plan in force where there is one. Balancing: a redraw whose cells
go to the workers so that the fewest households move, shedding by hand, and the bound of CP-SAT.
Seconds are of one core's work; peers have a limit each and are told when they miss it.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass

import numpy as np

import bench._partition_peers as peers
import bench._partition_town
import gis.partition
import gis.partition_measures
import gis.partition_pockets
from bench._partition_town import Town
from bench._side_by_side import last_line, table
from gis.partition import Drawing
from gis.partition_graph import Ints

OURS = "wangge"
RIVALS = ("METIS", "ReCom", "MaxP")
"""Peers with whom compactness and ways are compared, by the start of their names."""
MOST = {"ReCom": 5_000, "MaxP": 1_000}
"""Units up to which peers are asked that need minutes beyond."""
SPREADS = (1, 30)
"""METIS's own imbalance in thousandths: as even as can be, and its default."""


@dataclass(frozen=True)
class Row:
    """One method on one ground; figures are empty when there is no plan, and `said` tells why."""

    name: str
    figures: dict[str, float]
    seconds: float
    said: str = ""


def drawn(town: Town, limit_s: float) -> list[Row]:
    """Every method on one ground, ours first."""
    start = time.process_time()
    drawing = gis.partition.draw(town.units, town.target, cells=town.cells, effort=town.effort)
    rows = [_row(OURS, town, drawing, drawing.cell, time.process_time() - start)]
    if town.wards is not None:
        rows.append(_row("the city's wards", town, drawing, town.wards, 0))
    ground = gis.partition_pockets.ground(town.units, town.target, 0.1, town.cells)
    for spread in SPREADS:
        plan, seconds = peers.asked(peers.metis, limit_s, ground, spread)
        rows.append(_row(f"METIS {spread / 1_000:g}", town, drawing, plan, seconds))
    if len(drawing.pockets) > 1:
        plan, seconds = peers.asked(peers.metis_blind, limit_s, town.units, drawing.cells)
        rows.append(_row("blind METIS", town, drawing, plan, seconds))
    plan, seconds = peers.asked(peers.power, limit_s, town.units, drawing.cells)
    rows.append(_row("power diagram", town, drawing, plan, seconds))
    slow = {"ReCom": (peers.recom, drawing.cells, limit_s / 2), "MaxP": (peers.maxp, town.target)}
    for name, (peer, *more) in slow.items():
        if len(town.units) > MOST[name]:
            rows.append(Row(name, {}, 0, f"not asked beyond {MOST[name]:,} units: takes too long"))
        else:
            plan, seconds = peers.asked(peer, limit_s, town.units, *more)
            rows.append(_row(name, town, drawing, plan, seconds))
    return rows


def _row(name: str, town: Town, drawing: Drawing, plan: peers.Plan, seconds: float) -> Row:
    if isinstance(plan, str):
        return Row(name, {}, seconds, plan)
    plan = np.unique(plan, return_inverse=True)[1]  # some leave cells empty
    count = int(plan.max()) + 1
    same = abs(count / drawing.cells - 1) < 0.01  # MaxP chooses how many: by its own mean then
    fair = drawing.aim if same else town.units.workload.sum() / count
    told = gis.partition_measures.measure(town.units, plan, fair, drawing.forced)
    figures = told.summary()
    way = figures["walk_m"] * np.sqrt(count)  # of more cells each is smaller, and the way shorter
    return Row(name, {"cells": count, "way": way, **figures}, seconds)


def show(town: Town, rows: list[Row]) -> None:
    """Print a line per method."""
    print(f"\n{town.name}: {len(town.units):,} units, {town.units.households.sum():,} households")
    lines = [("drawn by", "cells", "worst", "within 3 %", "broken", "cross", "needlessly",
              "compact", "way", "seconds")]  # fmt: skip
    for row in rows:
        found = row.figures
        if not found:
            print(f"{row.name}: {row.said}")
            continue
        lines.append((
            row.name, f"{found['cells']:,}", f"{found['max_deviation']:.2%}",
            f"{found['within_3_percent']:.1%}", f"{found['broken']:,}", f"{found['crossing']:,}",
            f"{found['avoidable']:,}", f"{found['compactness']:.3f}", f"{found['walk_m']:.1f} m",
            f"{row.seconds:.2f}",
        ))  # fmt: skip
    table(lines)


@dataclass(frozen=True)
class Moves:
    """What balancing one town came to: share of households that move, by method."""

    ours: float
    redraw: float
    hand: float
    hand_left: int
    left: int
    seconds: float
    least: float
    bound: float = 0.0
    proved: bool = False


def balanced(town: Town, later: Town, *, range_: float, prove_s: float = 0.0) -> Moves:
    """A town that was drawn has changed; its cells are brought into range of their new mean."""
    home = gis.partition.draw(town.units, town.target).cell
    units = later.units
    mean = units.workload.sum() / (home.max() + 1)
    low, high = float(np.ceil((1 - range_) * mean)), float(np.floor((1 + range_) * mean))
    before = np.bincount(home, units.workload)
    start = time.process_time()
    told = gis.partition.balance(units, home, low, high)
    seconds = time.process_time() - start
    fresh = gis.partition.draw(units, mean, cells=int(home.max()) + 1, seed=1).cell
    redrawn = peers.relabelled(units, fresh, home)
    hand = peers.shedding(units, home, low, high)
    bound, proved = peers.optimum(units, home, low, high, prove_s) if prove_s else (0.0, False)
    everybody = units.households.sum()

    def share(cell: Ints) -> float:
        return float(units.households[cell != home].sum() / everybody)

    def left(cell: Ints) -> int:
        load = np.bincount(cell, units.workload)
        return int((((load < low) | (load > high)) & ~told.hopeless).sum())

    over, under = np.maximum(before - high, 0).sum(), np.maximum(low - before, 0).sum()
    print(
        f"\n{later.name}: {left(home)} of {len(before):,} cells out of {low:.0f} to {high:.0f}"
        f" that can be brought back; {told.hopeless.sum()} are in pockets that cannot"
    )
    return Moves(share(told.cell), share(redrawn), share(hand), left(hand), left(told.cell),
                 seconds, max(over, under) / everybody, bound / everybody, proved)  # fmt: skip


def show_moves(found: Moves) -> None:
    """Print a line per method."""
    lines = [("balanced by", "households who move", "cells left out of range", "seconds")]
    lines.append((OURS, f"{found.ours:.2%}", f"{found.left}", f"{found.seconds:.2f}"))
    lines.append(("shedding by hand", f"{found.hand:.2%}", f"{found.hand_left}", ""))
    lines.append(("redraw", f"{found.redraw:.2%}", "", ""))
    lines.append(("what is too much, or lacks", f"{found.least:.2%}", "", ""))
    if found.bound:
        proof = "the optimum" if found.proved else "a bound"
        lines.append((f"CP-SAT, {proof}", f"{found.bound:.2%}", "0", ""))
    table(lines)


def against(grounds: list[list[Row]], figure: str, best) -> float:
    """Ours over the best rival's, where we compare worst; ways as of the same number of cells."""
    ratios = []
    for rows in grounds:
        rivals = [
            row.figures[figure] for row in rows if row.name.startswith(RIVALS) and row.figures
        ]
        if rivals:
            ratios.append(rows[0].figures[figure] / best(rivals))
    worst = min if best is max else max
    return worst(ratios, default=float("nan"))


def main() -> None:
    """Draw, then balance; each ground once."""
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    words.add_argument("--limit", type=float, default=120, help="seconds for a peer (default 120)")
    words.add_argument("--prove", type=float, default=120, help="seconds for CP-SAT (default 120)")
    words.add_argument("--json", action="store_true", help="end with one line of JSON")
    asked = words.parse_args()
    small, large = bench._partition_town.even(500), bench._partition_town.even(20_000, walls=8)
    towns = [small, large, bench._partition_town.lumpy()]
    real = bench._partition_town.providence()
    if real is None:
        print("SKIPPED: Providence, whose blocks are not here (WANGGE_REAL_DATA)")
    grounds = []
    for town in [*towns, *([real] if real else [])]:
        grounds.append(drawn(town, asked.limit))
        show(town, grounds[-1])
    few = balanced(small, bench._partition_town.grown(small, 1), range_=0.1, prove_s=asked.prove)
    show_moves(few)
    many = balanced(large, bench._partition_town.drifted(large), range_=0.15)
    show_moves(many)
    show_moves(balanced(large, bench._partition_town.grown(large, 40), range_=0.15))
    last_line(figures(grounds, few, many), wanted=asked.json)


def figures(grounds: list[list[Row]], few: Moves, many: Moves) -> dict[str, float]:
    """The figures of the run."""
    ours = [rows[0] for rows in grounds]
    metis = [row.figures["max_deviation"] for row in grounds[2] if row.name.startswith("METIS")
             and row.figures]  # fmt: skip
    found = {
        "max_deviation_500": ours[0].figures["max_deviation"],
        "max_deviation_20000": ours[1].figures["max_deviation"],
        "within_3_percent_20000": ours[1].figures["within_3_percent"],
        "seconds_500": ours[0].seconds,
        "seconds_20000": ours[1].seconds,
        "contiguous": not any(row.figures["broken"] for row in ours),
        "avoidable_crossings": sum(row.figures["avoidable"] for row in ours),
        "lumpy_deviation_vs_metis": ours[2].figures["max_deviation"] / min(metis, default=np.nan),
        "compactness_vs_best": against(grounds, "compactness", max),
        "way_vs_best": against(grounds, "way", min),
        "moved_vs_redraw": few.ours / few.redraw,
        "moved_vs_hand": few.ours / few.hand,
        "moved_vs_optimum": few.ours / few.bound,
        "optimum_proved": few.proved,
        "seconds_balance_500": few.seconds,
        "moved_vs_redraw_20000": many.ours / many.redraw,
        "moved_vs_hand_20000": many.ours / many.hand,
        "seconds_balance_20000": many.seconds,
    }
    if len(grounds) > 3:
        city, wards = grounds[3][0].figures, grounds[3][1].figures
        found["providence_max_deviation"] = city["max_deviation"]
        found["providence_compactness_vs_wards"] = city["compactness"] / wards["compactness"]
    return found


if __name__ == "__main__":
    main()
