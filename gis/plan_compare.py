"""Two plans side by side: what becomes of cells, what moves where, and from whom to whom."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gis import lineage, locate, plan_ground
from gis.errors import BadInput
from gis.lineage import Lineage
from gis.plan import Plan
from gis.terms_plan import Fate

Shapes = npt.NDArray[np.object_]
Texts = npt.NDArray[np.str_]

_MARKS = ["name", "kind", "division_code", "parent_code"]
_WAY = ["cell_before", "cell_after"]


@dataclass(frozen=True, eq=False)
class Moved:
    """Things of one kind (households, care recipients, facilities, open cases) in both plans.

    before, after: code of the cell of each, "" for none (k,). count: how much each counts (k,);
    None: one. codes: names of the things (k,), for lists; None where they have none.
    """

    before: Texts
    after: Texts
    count: npt.NDArray[np.int64] | None = None
    codes: Texts | None = None


def cells(
    old: Plan,
    new: Plan,
    change: Lineage | None = None,
    differing: Collection[str] | None = None,
) -> pd.DataFrame:
    """What becomes of every cell of either plan, by code.

    Args:
        differing: codes of the cells of which anything differs, where that is known better than
            by what a value tells, which is also the default (`differ`).

    Returns:
        code, fate (Fate), name, kind, division_code, goes_to (where most of the old cell's
        households are now, "" for a new one), households_before, households_after,
        households_change, area_m2_before, area_m2_after, ground_changed_m2 (lost and won).
    """
    change = between(old, new) if change is None else change
    one, other = _told(old), _told(new)
    both = one.merge(other, on="code", how="outer", suffixes=("_before", "_after"), indicator=True)
    both = both.sort_values("code", ignore_index=True)
    won = _won(change)
    both["ground_changed_m2"] = both["code"].map(won).fillna(0.0)
    for mark in _MARKS:
        both[mark] = both[f"{mark}_after"].fillna(both[f"{mark}_before"])
    changed = both["code"].isin(differ(old, new) if differing is None else differing)
    both["fate"] = np.select(
        [both["_merge"] == "right_only", both["_merge"] == "left_only", changed],
        [str(Fate.BORN), str(Fate.ENDED), str(Fate.CHANGED)],
        str(Fate.KEPT),
    )
    both["goes_to"] = both["code"].map(lineage.successors(change)).fillna("")
    for column in ("households_before", "households_after", "area_m2_before", "area_m2_after"):
        both[column] = both[column].fillna(0)
    both["households_change"] = both["households_after"] - both["households_before"]
    shown = ["code", "fate", *_MARKS[:3], "goes_to", "households_before", "households_after"]
    return both[
        [*shown, "households_change", "area_m2_before", "area_m2_after", "ground_changed_m2"]
    ]


def differ(old: Plan, new: Plan) -> set[str]:
    """Codes of the cells in both plans of which a mark differs, or the ground: a corner more on a
    straight border is none."""
    codes = [code for code in new.codes.tolist() if code in old.position]
    was, now = ([one.position[code] for code in codes] for one in (old, new))
    apart = shapely.hausdorff_distance(old.shapes[was], new.shapes[now])
    same = np.asarray(apart <= 2 * plan_ground.GRID_DEG)
    for mark in _MARKS:
        same &= old.cells[mark].to_numpy()[was] == new.cells[mark].to_numpy()[now]
    return set(np.array(codes, dtype=str)[~same].tolist())


def _told(plan: Plan) -> pd.DataFrame:
    told = plan.cells[["code", *_MARKS]].copy()
    told["households"] = plan.counts["households"].to_numpy()
    told["area_m2"] = plan.areas_m2
    return told


def _won(change: Lineage) -> pd.Series:
    """Ground by code that is not the same cell's before and after, m²."""
    moved = change.links[change.links["parent"] != change.links["child"]]
    lost = moved.groupby("parent")["area_m2"].sum()
    return lost.add(moved.groupby("child")["area_m2"].sum(), fill_value=0.0)


def between(old: Plan, new: Plan) -> Lineage:
    """The lineage of two plans, from their ground and the units of the new one."""
    sides = (old.codes, old.sound), (new.codes, new.sound)
    if not len(new.units.codes):
        return lineage.between(*sides, households=old.counts["households"].to_numpy())
    units = pd.DataFrame(
        {
            "before": cells_of(old, new.units.spots),
            "after": _named(new, new.cell_of_unit),
            "households": new.units.households,
        }
    )
    return lineage.between(*sides, units=units)


def cells_of(plan: Plan, spots: Shapes) -> Texts:
    """Codes of the cells that places (shapely Points or None, k) lie in, "" for none (k,)."""
    return _named(plan, locate.cell_of(spots, plan.sound, plan.codes))


def _named(plan: Plan, at: npt.NDArray[np.intp]) -> Texts:
    names = np.append(plan.codes, lineage.NOWHERE)
    return names[np.where(at < 0, len(plan), at)]


def moves(
    things: Mapping[str, Moved],
    *,
    worker_before: Mapping[str, str],
    worker_after: Mapping[str, str],
) -> pd.DataFrame:
    """How many of each kind go from which cell to which, and from whom to whom.

    Args:
        things: by kind, such as households, care_recipients, facilities, open_cases.
        worker_before, worker_after: who answers for a cell, by its code.

    Returns:
        cell_before, cell_after, worker_before, worker_after ("" for nobody), a column for each
        kind; a row for every pair of cells between which something stays or moves, by code.
    """
    counted = [_counted(kind, one) for kind, one in things.items()]
    if not counted:
        return pd.DataFrame(columns=[*_WAY, "worker_before", "worker_after"])
    table = pd.concat(counted, axis=1).fillna(0).astype(np.int64).reset_index()
    table.columns = pd.Index([*_WAY, *things])
    for column, workers in ((2, worker_before), (3, worker_after)):
        who = table[_WAY[column - 2]].map(dict(workers)).fillna("")
        table.insert(column, f"worker_{_WAY[column - 2].removeprefix('cell_')}", who)
    return table.sort_values(_WAY, ignore_index=True)


def _counted(kind: str, one: Moved) -> pd.Series:
    if not len(one.before) == len(one.after):
        raise BadInput(f"{kind}: {len(one.before)} cells before and {len(one.after)} after")
    count = np.ones(len(one.before), dtype=np.int64) if one.count is None else one.count
    frame = pd.DataFrame({"before": one.before, "after": one.after, kind: count})
    return frame.groupby(["before", "after"])[kind].sum()


def that_move(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of `moves` whose cell or worker is another one afterwards."""
    cell = table["cell_before"] != table["cell_after"]
    return table[cell | (table["worker_before"] != table["worker_after"])].reset_index(drop=True)


def matrix(table: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Of `moves`: cells before (rows) by cells after (columns), how many of `kind`."""
    return table.pivot_table(
        index="cell_before", columns="cell_after", values=kind, aggfunc="sum", fill_value=0
    )


def hand_overs(
    things: Mapping[str, Moved],
    *,
    worker_before: Mapping[str, str],
    worker_after: Mapping[str, str],
) -> pd.DataFrame:
    """Each thing that gets another worker: kind, code, count, cell_before, cell_after,
    worker_before, worker_after; by the worker who gives, then the one who takes.
    """
    rows = []
    for kind, one in things.items():
        codes = np.full(len(one.before), "") if one.codes is None else one.codes
        count = 1 if one.count is None else one.count
        way = {"cell_before": one.before, "cell_after": one.after}
        rows.append(pd.DataFrame({"kind": kind, "code": codes, "count": count, **way}))
    if not rows:
        names = ["kind", "code", "count", *_WAY, "worker_before", "worker_after"]
        return pd.DataFrame(columns=names)
    table = pd.concat(rows, ignore_index=True)
    table["worker_before"] = table["cell_before"].map(dict(worker_before)).fillna("")
    table["worker_after"] = table["cell_after"].map(dict(worker_after)).fillna("")
    table = table[table["worker_before"] != table["worker_after"]]
    order = ["worker_before", "worker_after", "kind", "cell_before", "cell_after", "code"]
    return table.sort_values(order, ignore_index=True)


def totals(table: pd.DataFrame) -> pd.DataFrame:
    """Of `moves`: how many of each kind there are, change cell, and change worker, by kind."""
    kinds = [name for name in table.columns if not name.startswith(("cell_", "worker_"))]
    cell = table["cell_before"] != table["cell_after"]
    worker = table["worker_before"] != table["worker_after"]
    return pd.DataFrame(
        {
            "all": table[kinds].sum(),
            "change_cell": table.loc[cell, kinds].sum(),
            "change_worker": table.loc[worker, kinds].sum(),
        }
    )


def differing(old: Plan, new: Plan, change: Lineage | None = None) -> Shapes:
    """The ground that is another cell's in the new plan, for the map: by old cell, in degrees.

    Returns:
        A polygon for each row of `handed`, (k,).
    """
    rows = handed(between(old, new) if change is None else change)
    was = old.sound[[old.position[code] for code in rows["parent"]]]
    now = new.sound[[new.position[code] for code in rows["child"]]]
    return np.asarray(shapely.intersection(was, now), dtype=object)


def handed(change: Lineage) -> pd.DataFrame:
    """The links of a lineage by which ground went to a cell of another code."""
    links = change.links
    other = (links["parent"] != links["child"]) & (links["child"] != lineage.NOWHERE)
    return links[other & (links["area_m2"] > 0)].reset_index(drop=True)
