"""沿革: which cells became which, with shares, so that numbers stay comparable across a re-draw.

A lineage goes from the cells of one plan to those of another. Its links say how many households
and how much ground of each parent went to each child; the shares of a parent sum to one. What no
cell holds any more goes to the child "".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gis import plan_ground
from gis.errors import BadInput
from gis.terms_plan import LineageKind

Shapes = npt.NDArray[np.object_]
Texts = npt.NDArray[np.str_]
Weight = Literal["households", "area"]

NOWHERE = ""
_KEYS = ["parent", "child"]
_LEAST_M2 = 0.05
"""Less common ground than this is rounding, not a hand-over."""


@dataclass(frozen=True, eq=False)
class Lineage:
    """From the cells `old` to the cells `new` (codes).

    A cell of `old` without links was not touched: it went on as it was where `new` has its code,
    else to no cell.

    links: parent, child, households, area_m2 (what went from one to the other), households_share,
    area_share (of the parent's; where a parent has no households both are those of the ground),
    kind (LineageKind); by parent and child.
    """

    old: frozenset[str]
    new: frozenset[str]
    links: pd.DataFrame

    @property
    def born(self) -> list[str]:
        """Children that have no parent at all: their ground was no cell's."""
        untouched = self.old - set(self.links["parent"])
        return sorted(self.new - untouched - set(self.links["child"]))

    def back(self) -> Lineage:
        """The same, from the new cells to the old: whence each came."""
        gone = self.links[self.links["child"] != NOWHERE]
        turned = gone.rename(columns={"parent": "child", "child": "parent"})
        return of(turned, old=self.new, new=self.old)

    def shares(self, codes: Collection[str], weight: Weight) -> pd.DataFrame:
        """What share of each of the old cells `codes` went where: parent, child, share."""
        links = self.links[self.links["parent"].isin(codes)]
        untouched = sorted(set(codes) - set(links["parent"]))
        told = pd.DataFrame(
            {
                "parent": [*links["parent"], *untouched],
                "child": [*links["child"], *untouched],
                "share": [*links[f"{weight}_share"], *([1.0] * len(untouched))],
            }
        )
        return told.assign(child=told["child"].where(told["child"].isin(self.new), NOWHERE))


NO_LINKS = pd.DataFrame({"parent": [], "child": [], "households": [], "area_m2": []}).astype(
    {"parent": str, "child": str}
)
"""What a lineage has where nothing changed."""


def of(links: pd.DataFrame, *, old: Iterable[str], new: Iterable[str]) -> Lineage:
    """Make a lineage of links (parent, child, households, area_m2): shares and kinds are added."""
    old, new = frozenset(old), frozenset(new)
    links = links[[*_KEYS, "households", "area_m2"]].groupby(_KEYS, as_index=False).sum()
    whole = links.groupby("parent")[["households", "area_m2"]].transform("sum")
    links["area_share"] = _ratio(links["area_m2"], whole["area_m2"], links["parent"])
    peopled = whole["households"] > 0
    by_people = links["households"] / whole["households"].where(peopled, 1)
    links["households_share"] = by_people.where(peopled, links["area_share"])
    links["kind"] = _kinds(links, old, new)
    return Lineage(old, new, links)


def _ratio(part: pd.Series, whole: pd.Series, parent: pd.Series) -> pd.Series:
    """Shares of the ground; equal ones where a parent has none."""
    equal = 1 / parent.map(parent.value_counts()).astype(float)
    return (part / whole.where(whole > 0, 1)).where(whole > 0, equal)


def _kinds(links: pd.DataFrame, old: frozenset[str], new: frozenset[str]) -> list[str]:
    parent, child = links["parent"], links["child"]
    lives, was = parent.isin(new), child.isin(old)
    several = parent.map(parent.value_counts()).astype(float) > 1
    joined = child.map(child.value_counts()).astype(float) > 1
    choices = [
        (child == NOWHERE, LineageKind.LEAVE),
        (parent == child, LineageKind.KEEP),
        (lives & was, LineageKind.ADJUST),
        (was & ~lives, LineageKind.MERGE),
        (lives | several, LineageKind.SPLIT),
        (joined, LineageKind.MERGE),
    ]
    kinds = np.select(
        [np.asarray(met) for met, _ in choices],
        [str(kind) for _, kind in choices],
        str(LineageKind.RECODE),
    )
    return [str(kind) for kind in kinds]


def between(
    old: tuple[Texts, Shapes],
    new: tuple[Texts, Shapes],
    *,
    units: pd.DataFrame | None = None,
    households: npt.ArrayLike | None = None,
) -> Lineage:
    """Find out from the ground, and from where the households live, which cells became which.

    Args:
        old, new: codes and outlines in degrees of the cells of two plans.
        units: before, after (codes of cells, "" for none), households; a row per building or
            block. Without it the households of a cell are taken to live evenly on its ground.
        households: of the old cells (n,); only read without `units`.
    """
    ground = _ground(old, new)
    if units is None:
        told = np.zeros(len(old[0])) if households is None else np.asarray(households, dtype=float)
        of_cell = pd.Series(told, index=old[0])
        whole = ground.groupby("parent")["area_m2"].transform("sum")
        lived = ground["parent"].map(of_cell).astype(float)
        ground["households"] = lived * ground["area_m2"] / whole
        return of(ground, old=old[0], new=new[0])
    people = units.rename(columns={"before": "parent", "after": "child"})
    people = people.loc[people["parent"].isin(set(old[0])), [*_KEYS, "households"]]
    both = pd.concat([ground, people[people["households"] > 0]])
    return of(both.fillna({"households": 0.0, "area_m2": 0.0}), old=old[0], new=new[0])


def _ground(old: tuple[Texts, Shapes], new: tuple[Texts, Shapes]) -> pd.DataFrame:
    """Common ground of old and new cells in m²; cells that did not change are not cut."""
    (one, was), (other, now) = old, new
    same = pd.DataFrame({"code": one, "i": range(len(one))}).merge(
        pd.DataFrame({"code": other, "j": range(len(other))}), on="code"
    )
    same = same[np.asarray(shapely.equals_exact(was[same["i"]], now[same["j"]]), dtype=bool)]
    rest_i = np.setdiff1d(np.arange(len(one)), same["i"])
    rest_j = np.setdiff1d(np.arange(len(other)), same["j"])
    i, j = shapely.STRtree(now[rest_j]).query(was[rest_i], predicate="intersects")
    i, j = rest_i[i], rest_j[j]
    area = plan_ground.area_m2(shapely.intersection(was[i], now[j]))
    left = plan_ground.area_m2(was[rest_i])
    lost = left - pd.Series(area).groupby(i).sum().reindex(rest_i, fill_value=0.0).to_numpy()
    i = np.concatenate([same["i"], i, rest_i])
    child = np.concatenate([same["code"], other[j], np.full(len(rest_i), NOWHERE)])
    area = np.concatenate([plan_ground.area_m2(was[same["i"]]), area, lost])
    links = pd.DataFrame({"parent": one[i], "child": child, "area_m2": area})
    largest = links.groupby("parent")["area_m2"].transform("max")
    true = area > _LEAST_M2 + 1e-8 * plan_ground.area_m2(was)[i]
    kept: pd.DataFrame = links[true | (links["area_m2"] == largest)]  # none is too small for a link
    return kept


def chain(lineages: Sequence[Lineage]) -> Lineage:
    """Follow lineages one after the other as one; shares multiply.

    Raises:
        BadInput: they do not follow each other: cells of one are not cells of the next.
    """
    whole = lineages[0]
    for following in lineages[1:]:
        strangers = sorted(whole.new - following.old)
        if strangers:
            raise BadInput(
                f"the lineages do not follow each other: {', '.join(strangers[:5])} is a cell of "
                "one and not of the next",
                cells=strangers,
            )
        whole = _after(whole, following)
    return whole


def _after(first: Lineage, second: Lineage) -> Lineage:
    both = first.links.merge(
        second.links, left_on="child", right_on="parent", suffixes=("", "_2"), how="left"
    )
    goes_on = both["parent_2"].notna()
    links = pd.DataFrame(
        {
            "parent": both["parent"],
            "child": both["child_2"].where(goes_on, both["child"]),
            "households": both["households"] * both["households_share_2"].where(goes_on, 1.0),
            "area_m2": both["area_m2"] * both["area_share_2"].where(goes_on, 1.0),
        }
    )
    untouched = (first.old & first.new) - set(first.links["parent"])
    later = second.links.loc[second.links["parent"].isin(untouched), links.columns]
    return of(pd.concat([links, later]), old=first.old, new=second.new)


def along(lineages: Sequence[Lineage], *, old: Iterable[str], new: Iterable[str]) -> Lineage:
    """From the cells `old` of one day to the cells `new` of another, by the lineages between.

    With none between, cells that have one code are one. Raises as `chain`.
    """
    whole = chain(lineages) if lineages else of(NO_LINKS, old=(), new=())
    return replace(whole, old=frozenset(old), new=frozenset(new))


def heirs(lineage: Lineage) -> dict[str, str]:
    """Parents that live on → the one child that is their heir, which has no other ancestor.

    A parent's heir is the child with most of its households (then of its ground), when that
    child has from no other parent more.
    """
    links = _largest_first(lineage)
    best = links.drop_duplicates("parent").merge(links.drop_duplicates("child"), on=_KEYS)
    return dict(zip(best["parent"], best["child"], strict=True))


def successors(lineage: Lineage) -> dict[str, str]:
    """Parents → the child that most of their households (then of their ground) went to.

    Posts are carried over by it. A child may succeed several parents; who left to no cell has none.
    """
    links = _largest_first(lineage).drop_duplicates("parent")
    return dict(zip(links["parent"], links["child"], strict=True))


def _largest_first(lineage: Lineage) -> pd.DataFrame:
    links = lineage.links[lineage.links["child"] != NOWHERE]
    links = links.assign(ground=links["area_m2"].round())  # equal parts differ by rounding only
    order = ["households", "ground", "child", "parent"]
    return links.sort_values(order, ascending=[False, False, True, True])


# Numbers across a re-draw


def recount(
    lineage: Lineage, counts: pd.DataFrame, *, weight: Weight = "households"
) -> pd.DataFrame:
    """Give counts of the old cells as counts of the new, by households or by ground.

    Whole numbers stay whole by largest remainders, so that every total is kept exactly.

    Args:
        counts: numbers, a column a kind, by code of the old cell.

    Returns:
        The same columns by code of the new cell, in order; "" has what no cell holds.

    Raises:
        BadInput: cells of `counts` that the lineage does not know.
    """
    strangers = sorted(set(counts.index) - lineage.old)
    if strangers:
        raise BadInput(f"no lineage begins with {', '.join(map(str, strangers[:5]))}")
    links = lineage.shares(counts.index, weight)
    rows = {name: _shared(counts[name], links) for name in counts.columns}
    told = pd.DataFrame(rows, index=links.index).groupby(links["child"]).sum()
    index = sorted(lineage.new | set(told.index))
    return told.reindex(pd.Index(index, name="code"), fill_value=0)


def _shared(counts: pd.Series, links: pd.DataFrame) -> pd.Series:
    whole = links["parent"].map(counts)
    exact = whole * links["share"]
    if not pd.api.types.is_integer_dtype(counts.dtype):
        return exact
    floor = np.floor(exact + 1e-9).astype(np.int64)
    left = whole - floor.groupby(links["parent"]).transform("sum")
    order = np.lexsort((links["child"], floor - exact, links["parent"]))
    rank = links.iloc[order].groupby("parent").cumcount().reindex(links.index)
    shared: pd.Series = floor + (rank < left)
    return shared
