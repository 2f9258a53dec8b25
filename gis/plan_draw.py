"""Cells drawn anew from what belongs together, the way from a partition of units to a plan; codes.

A cell that lives on keeps its code and name: of what most of its households become, one heir.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from gis import lineage, plan_codes, plan_edit, plan_units
from gis.errors import BadInput, Conflict
from gis.plan import Change, Plan, changed
from gis.plan_codes import Scheme
from gis.plan_edit import Hand
from gis.terms import CellKind, PlanState

Shapes = npt.NDArray[np.object_]
Ints = npt.NDArray[np.intp]
Texts = npt.NDArray[np.str_]


def drawn(plan: Plan, label: npt.ArrayLike, *, kind: CellKind = CellKind.BASIC) -> Change:
    """Draw the cells of one kind anew so that the units of one label make a cell.

    Every community with a labelled unit in a cell of that kind is drawn anew; other communities,
    cells of other kinds and their units stay. Ground goes to the nearest labelled unit. A label
    whose units do not lie together makes a cell in pieces, which the check tells.

    Args:
        label: of each unit (u,), 0 or more; -1 for units that decide nothing.

    Raises:
        Conflict: the plan is no draft. BadInput: no unit is labelled, or a label has units of
        two communities.
    """
    if plan.state != PlanState.DRAFT:
        raise Conflict(f"plan {plan.name!r} is {plan.state}; draw the cells of a draft of it")
    label = np.asarray(label, dtype=np.intp)
    cell = plan.cell_of_unit
    of_kind = plan.cells["kind"].to_numpy(dtype=str) == kind
    used = np.flatnonzero((label >= 0) & (cell >= 0))
    used = used[of_kind[cell[used]]]
    if not len(used):
        raise BadInput(f"no building or block in a {kind} cell has a label")
    _one_community_each(label[used], plan.above[cell[used]])
    homes = np.unique(plan.above[cell[used]])
    at = np.flatnonzero(of_kind & np.isin(plan.above, homes))
    shapes: list[shapely.Geometry] = []
    above: list[str] = []
    for home in homes:
        cells = at[plan.above[at] == home]
        mine = used[np.isin(cell[used], cells)]
        found = _community(plan, cells, mine, label[mine])
        shapes += found.tolist()
        above += [str(home)] * len(found)
    return _named(plan, at, np.array(shapes, dtype=object), np.array(above), kind)


def _one_community_each(label: Ints, above: Texts) -> None:
    pairs = pd.DataFrame({"label": label, "above": above}).drop_duplicates()
    across = pairs["label"][pairs["label"].duplicated()].unique()
    if len(across):
        raise BadInput(
            f"cells {', '.join(map(str, across[:5]))} have units of several communities; every "
            "cell belongs to one",
            cells=across.tolist(),
        )


def _community(plan: Plan, cells: Ints, units: Ints, label: Ints) -> Shapes:
    """The outlines of the cells of one community, in order of their labels."""
    group = np.unique(label, return_inverse=True)[1]
    whole = shapely.union_all(plan.sound[cells])
    return plan_units.fields(whole, plan.units.shapes[units], group, int(group.max()) + 1)


def _named(plan: Plan, at: Ints, shapes: Shapes, above: Texts, kind: CellKind) -> Change:
    """Put cells in the place of those at `at`, with the codes of those that live on in them."""
    marks = [f"?{n}" for n in range(len(shapes))]
    rows = plan.cells.iloc[at].set_index(plan.above[at])
    rows = rows[~rows.index.duplicated()].loc[list(above)].assign(code=marks, name=marks)
    rough = changed(plan, at, rows, shapes)
    heir = {child: parent for parent, child in lineage.heirs(rough.lineage).items()}
    kept = [heir.get(mark, "") for mark in marks]
    taken = plan.spent | set(plan.codes.tolist())
    kinds = np.full(len(marks), str(kind))
    codes = plan_codes.number(shapes, above, kinds, kept=kept, scheme=plan.scheme, taken=taken)
    fresh = rows.assign(code=codes, name=codes)[[code == "" for code in kept]]
    named = pd.concat([plan.cells, fresh]).set_index("code", drop=False)
    return changed(plan, at, named.loc[codes].reset_index(drop=True), shapes)


def renumbered(plan: Plan, *, scheme: Scheme | None = None) -> Change:
    """Number the cells by a scheme, else by the plan's own; lawful codes are kept.

    A cell that is called by its code is called by the new one.

    Raises:
        Conflict: the plan is no draft. BadInput: a range has too few numbers, or every code is
        lawful already.
    """
    if plan.state != PlanState.DRAFT:
        raise Conflict(f"plan {plan.name!r} is {plan.state}; number the cells of a draft of it")
    plan = replace(plan, scheme=scheme or plan.scheme)
    kinds = plan.cells["kind"].to_numpy(dtype=str)
    every = zip(plan.codes.tolist(), kinds.tolist(), plan.above.tolist(), strict=True)
    lawful = np.array([plan.scheme.fault(*one) is None for one in every], dtype=bool)
    at = np.flatnonzero(~lawful)
    if not len(at):
        raise BadInput(f"every code obeys the scheme {plan.scheme.name} already")
    codes = plan_codes.number(
        plan.sound,
        plan.above,
        kinds,
        kept=np.where(lawful, plan.codes, "").tolist(),
        scheme=plan.scheme,
        taken=plan.spent | set(plan.codes.tolist()),
    )
    rows = plan.cells.iloc[at].assign(code=np.array(codes)[at])
    called = rows["name"].to_numpy() == plan.codes[at]
    rows["name"] = np.where(called, rows["code"], rows["name"])
    return changed(plan, at, rows, plan.shapes[at])


def followed(plan: Plan, to: npt.ArrayLike) -> tuple[Plan, list[tuple[Hand, str]]]:
    """Hand units over as a balance says: each to the cell named at its place, "" stays.

    What belongs together, because it passes through the same cells, is handed over together; only
    where that is refused, pair by pair of cells.

    Args:
        to: codes of cells (u,).

    Returns:
        The plan, and what was refused, each with the reason: units whose ground does not lie
        beside their new cell, for a person to decide.
    """
    goal = np.array([plan.at(code) if code else -1 for code in np.asarray(to, dtype=str)])
    moves = np.flatnonzero((goal >= 0) & (plan.cell_of_unit >= 0) & (goal != plan.cell_of_unit))
    source = plan.cell_of_unit[moves]
    web = csr_array((np.ones(len(moves)), (source, goal[moves])), shape=(len(plan), len(plan)))
    cluster = connected_components(web, directed=False)[1][source]
    refused: list[tuple[Hand, str]] = []
    codes = plan.codes
    for one in np.unique(cluster):
        mine = moves[cluster == one]
        whole = _hand(plan, mine, codes[goal[mine]])
        try:
            plan = plan_edit.apply(plan, whole).plan
        except BadInput:
            plan, left = _pair_by_pair(plan, mine, codes[goal[mine]])
            refused += left
    return plan, refused


def _pair_by_pair(plan: Plan, units: Ints, to: Texts) -> tuple[Plan, list[tuple[Hand, str]]]:
    refused = []
    pair = pd.DataFrame({"from": plan.cell_of_unit[units], "to": to})
    for _, rows in pair.groupby(["from", "to"]):
        hand = _hand(plan, units[rows.index], to[rows.index])
        try:
            plan = plan_edit.apply(plan, hand).plan
        except BadInput as reason:
            refused.append((hand, str(reason)))
    return plan, refused


def _hand(plan: Plan, units: Ints, to: Texts) -> Hand:
    return Hand(tuple(plan.units.codes[units].tolist()), tuple(to.tolist()))
