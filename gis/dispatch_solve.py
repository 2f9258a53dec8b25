"""The cheapest way to give cases to columns, by libraries; whole numbers, so that all agree.

A column is a place in somebody's queue, or somebody with room for several cases. Costs are whole
milliseconds: every solver finds the same optimum, not one that differs in the last digit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.intp]
Costs = npt.NDArray[np.int64]

DENSE_MOST = 4_000_000
"""Entries of a matrix up to which the dense solver is taken."""


@dataclass(frozen=True)
class Arcs:
    """What may go where, and at which cost.

    row, column, cost: (p,) the possible pairs, each once. leave: (n,) the cost of a row that goes
    nowhere. steps: (columns, most) what the first, second … row in a column costs besides, never
    falling. room: (columns,) how many rows a column takes.
    """

    row: Ints
    column: Ints
    cost: Costs
    leave: Costs
    steps: Costs
    room: Ints


def single(row: Ints, column: Ints, cost: Costs, leave: Costs, columns: int) -> Arcs:
    """Arcs to columns that take one row each."""
    steps = np.zeros((columns, 1), dtype=np.int64)
    return Arcs(row, column, cost, leave, steps, np.ones(columns, dtype=np.intp))


def solve(arcs: Arcs) -> Ints:
    """The pair taken for each row (n,), -1 for a row that goes nowhere; the sum is the least."""
    if not len(arcs.row):
        return np.full(len(arcs.leave), -1)
    alone = bool((arcs.room == 1).all()) and not arcs.steps.any()
    fits = len(arcs.leave) * len(arcs.room) <= DENSE_MOST
    return dense(arcs) if alone and fits else flow(arcs)


def total(arcs: Arcs, taken: Ints) -> int:
    """The sum that `taken` (as `solve` answers) costs."""
    went = taken[taken >= 0]
    counts = np.bincount(arcs.column[went], minlength=len(arcs.room))
    used = np.arange(arcs.steps.shape[1]) < counts[:, None]
    return int(arcs.cost[went].sum() + arcs.leave[taken < 0].sum() + arcs.steps[used].sum())


def dense(arcs: Arcs) -> Ints:
    """By linear sum assignment; every column takes at most one row.

    A pair counts as what it saves against leaving the row, a missing pair as nothing saved: any
    set of pairs can then be filled up to a full assignment without changing the sum.
    """
    from scipy.optimize import linear_sum_assignment

    shape = (len(arcs.leave), len(arcs.room))
    saved, pair = np.zeros(shape), np.full(shape, -1)
    saved[arcs.row, arcs.column] = np.minimum(arcs.cost - arcs.leave[arcs.row], 0)
    pair[arcs.row, arcs.column] = np.arange(len(arcs.row))
    rows, columns = linear_sum_assignment(saved)
    taken = saved[rows, columns] < 0
    answer = np.full(shape[0], -1)
    answer[rows[taken]] = pair[rows[taken], columns[taken]]
    return answer


def flow(arcs: Arcs) -> Ints:
    """By minimum cost flow: each row sends one unit through a pair and a step to the sink."""
    from ortools.graph.python import min_cost_flow

    rows, (columns, most) = len(arcs.leave), arcs.steps.shape
    sink = rows + columns
    every_row = np.arange(rows)
    column, step = np.nonzero(np.arange(most) < arcs.room[:, None])
    tail = np.concatenate([arcs.row, every_row, rows + column])
    head = np.concatenate([rows + arcs.column, np.full(rows + len(column), sink)])
    cost = np.concatenate([arcs.cost, arcs.leave, arcs.steps[column, step]])
    network = min_cost_flow.SimpleMinCostFlow()
    numbers = network.add_arcs_with_capacity_and_unit_cost(tail, head, np.ones_like(tail), cost)
    supply = np.append(np.ones(rows, dtype=np.int64), -rows)
    network.set_nodes_supplies(np.append(every_row, sink), supply)
    status = network.solve()
    if status != network.OPTIMAL:  # every row may be left, so that there is always a solution
        raise RuntimeError(f"the flow was not solved: {status.name}")
    taken = np.flatnonzero(network.flows(numbers[: len(arcs.row)]))
    answer = np.full(rows, -1)
    answer[arcs.row[taken]] = taken
    return answer
