"""Two plans side by side in the store: their cells, what stands there, and who answers for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.plans
import data.plans_differing
import gis.plan_compare
from data.models import GridPlan
from data.plans_differing import Part
from gis.errors import Fault, TooLarge
from gis.lineage import NOWHERE, Lineage
from gis.plan import Plan
from gis.plan_compare import Moved
from gis.terms import PlanState, PostRole
from gis.terms_plan import MovedKind

MOVING = {
    MovedKind.HOUSEHOLDS: "households",
    MovedKind.CARE_RECIPIENTS: "care",
    MovedKind.FACILITIES: "facilities",
    MovedKind.OPEN_CASES: "open_cases",
}
"""What moves between cells, and where it is counted at places."""
MOST_BUILDINGS = 20_000
"""Buildings in cells that differ that are held against each other while somebody waits."""


@dataclass(frozen=True, eq=False)
class Compared:
    """Two plans of one area, how one became the other, what moves, and who answers for each cell
    (names by code; a new cell is answered for by whom most of it had before).

    fates: how many cells were born, ended and changed in all. differing: the codes of those that
    are held against each other here; left_out: communities of the others.
    """

    old: Plan
    new: Plan
    change: Lineage
    things: dict[str, Moved]
    worker_before: dict[str, str]
    worker_after: dict[str, str]
    fates: dict[str, int]
    differing: frozenset[str]
    left_out: list[str]

    @property
    def cells(self) -> pd.DataFrame:
        """What becomes of every cell; see `gis.plan_compare.cells`."""
        return gis.plan_compare.cells(self.old, self.new, self.change, self.differing)

    @property
    def moves(self) -> pd.DataFrame:
        """How much moves from which cell to which; see `gis.plan_compare.moves`."""
        return gis.plan_compare.moves(
            self.things, worker_before=self.worker_before, worker_after=self.worker_after
        )

    @property
    def hand_overs(self) -> pd.DataFrame:
        """What gets another worker, place by place; see `gis.plan_compare.hand_overs`."""
        return gis.plan_compare.hand_overs(
            self.things, worker_before=self.worker_before, worker_after=self.worker_after
        )


def compared(
    db: Session, one: GridPlan, other: GridPlan, *, on: date, closely: bool = False,
    communities: Sequence[str] = (),
) -> Compared:  # fmt: skip
    """Compare two plans where both have cells: of a draft's area, in that area.

    With `closely`, only the cells that differ and those around them are loaded and counted: in
    these communities or in all, as many as hold no more than `MOST_BUILDINGS`.

    Raises:
        TooLarge: in one community more stands than can be counted while somebody waits.
    """
    narrow = _of_an_area(one, other)
    part = Part(on, data.plans.divisions(db, narrow.area) if narrow else None)
    differing = data.plans_differing.between(db, one, other, part)
    chosen, left_out = differing, list[str]()
    only: list[list[int] | None] = [None, None]
    here = None
    if closely:
        looked_at, left_out = _bounded(differing, communities)
        is_chosen = differing["community"].isin(looked_at)
        chosen, rest = differing[is_chosen], differing[~is_chosen]
        near = [
            data.plans_differing.beside(db, plan, part, _ids(chosen), without=_ids(rest))
            for plan in (one, other)
        ]
        only, here = [*near], [*near[0], *near[1]]
    places = data.plans.places(db, narrow or other, here)
    old, new = (
        data.plans.value(db, plan, on=on, within=part.divisions, only=ids, there=places)
        for plan, ids in zip((one, other), only, strict=True)
    )
    change = gis.plan_compare.between(old, new)
    before, after = (_workers(db, plan, on) for plan in (old, new))
    heirs = first_parents(change)
    for code in set(new.codes.tolist()).intersection(heirs).difference(old.position, after):
        after[code] = before.get(heirs[code], "")
    fates = {one: int((differing["fate"] == one).sum()) for one in data.plans_differing.FATES}
    codes = frozenset(chosen["code"])
    things = _things(places, old, new)
    return Compared(old, new, change, things, before, after, fates, codes, left_out)


def _of_an_area(*plans: GridPlan) -> GridPlan | None:
    """The draft that holds the cells of an area only; what is published holds those of all."""
    return next((one for one in plans if one.state == PlanState.DRAFT and one.area), None)


def _bounded(differing: pd.DataFrame, communities: Sequence[str]) -> tuple[list[str], list[str]]:
    """Codes of the communities that are looked at, of those asked for or of all; of those left
    out."""
    asked = differing[differing["community"].isin(communities)] if communities else differing
    held = asked.groupby("community")["buildings"].sum()
    fits = (held.cumsum() <= MOST_BUILDINGS).to_numpy()
    if len(held) and not fits.any():
        n = int(held.iloc[0])
        said = (
            f"{n:,} buildings stand in the cells of {held.index[0]} that differ; more than "
            f"{MOST_BUILDINGS:,} are held against each other at the command line only, with "
            "wangge plan compare"
        )
        raise TooLarge(Fault("large_compare", said, n=n, most=MOST_BUILDINGS), value=n)
    return held.index[fits].tolist(), held.index[~fits].tolist()


def _ids(differing: pd.DataFrame) -> list[int]:
    ids = {*differing["one"].tolist(), *differing["other"].tolist()}
    return sorted(ids - {data.plans_differing.NONE})


def first_parents(change: Lineage) -> dict[str, str]:
    """For each child the parent most of it comes from."""
    links = change.links[change.links["child"] != NOWHERE]
    order = ["households", "area_m2", "parent"]
    first = links.sort_values(order, ascending=[False, False, True]).drop_duplicates("child")
    return dict(zip(first["child"], first["parent"], strict=True))


SHARED = "、"
"""Between the names of workers who have a cell together."""
_WORKERS = f"""
    SELECT c.code, string_agg(DISTINCT w.name, '{SHARED}' ORDER BY w.name)
    FROM grid_cell c JOIN grid_plan g ON g.id = c.plan_id AND g.state = 'published'
    JOIN post p ON p.cell_id = c.id JOIN worker w ON w.id = p.worker_id
    WHERE c.code = ANY (:codes) AND p.role = :role AND p.valid_from <= :day
      AND (p.valid_to IS NULL OR p.valid_to > :day) GROUP BY 1
"""


def _workers(db: Session, plan: Plan, on: date) -> dict[str, str]:
    values = {"codes": plan.codes.tolist(), "role": str(PostRole.GRID_WORKER), "day": on}
    return {row[0]: row[1] for row in db.execute(sa.text(_WORKERS), values)}


def _things(places: pd.DataFrame, old: Plan, new: Plan) -> dict[str, Moved]:
    """What stands at each place, with its cell in both plans."""
    spots = places["spot"].to_numpy(dtype=object)
    before, after = (gis.plan_compare.cells_of(one, spots) for one in (old, new))
    codes = places["code"].to_numpy(dtype=str)
    somewhere = (before != NOWHERE) | (after != NOWHERE)
    things = {}
    for kind, column in MOVING.items():
        count = places[column].to_numpy(dtype=np.int64)
        some = somewhere & (count > 0)
        things[str(kind)] = Moved(before[some], after[some], count[some], codes[some])
    return things
