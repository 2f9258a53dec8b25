"""划分: cells of a draft drawn or balanced from its buildings, and kept as one edit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.plans
import data.plans_edit
import data.plans_near
import gis.partition
import gis.partition_graph
import gis.plan_draw
from data.models import GridPlan
from data.plans_edit import Edited
from gis.access import Viewer
from gis.errors import BadInput, TooLarge
from gis.plan import Plan
from gis.plan_ground import M_PER_DEG
from gis.terms import CellKind

BARRIERS = {"roads": "kind = 'road' AND rank = 1", "water": "kind = 'water'"}
"""What cells should not cross, and which of the ground under the map it is: main roads, waters."""
Ints = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Wish:
    """How cells are to be made: by which workload (weights of columns of buildings), across which
    `BARRIERS` not, by which seed, until when, and whom to tell the share that is done."""

    weights: Mapping[str, float]
    barriers: Sequence[str] = ()
    seed: int = 0
    keep_going: Callable[[], bool] = lambda: True
    progress: Callable[[float], None] = lambda _: None

    def told(self, **more: float) -> dict[str, Any]:
        """The wish as the list of edits keeps it."""
        own = {"weights": dict(self.weights), "barriers": list(self.barriers), "seed": self.seed}
        return {**more, **own}


@dataclass(frozen=True)
class Part:
    """Of which part of a draft cells are made: of `communities`, or of some `cells`; with
    `most_units`, only where no more buildings stand; `seen` is the version the planner saw."""

    communities: Sequence[str] = ()
    cells: Sequence[str] = ()
    most_units: int | None = None
    seen: int | None = None


WHOLE = Part()


@dataclass(frozen=True)
class Made:
    """What came of it: the edit (None where nothing moved), workloads of the cells before and
    after, households that change the cell, what no way of drawing could reach, whether it ran to
    the end; and what moves: unit, lon, lat, households, from, to (codes of cells)."""

    edited: Edited | None
    loads: list[float]
    moved_households: int
    said: list[str]
    complete: bool
    loads_before: list[float]
    moves: pd.DataFrame


def draw(
    db: Session, plan: GridPlan, target: float, tolerance: float, wish: Wish, *, by: Viewer,
    on: date, part: Part = WHOLE,
) -> Made:  # fmt: skip
    """Draw the basic cells of a locked draft anew, of about the target workload each.

    Raises:
        BadInput: no buildings, an unknown column or barrier, a target that cannot be.
        TooLarge: more buildings than the part may have. Conflict: see `data.plans_edit.keep`.
    """
    work = _work(db, plan, wish, part, on=on)
    before, units = work.plan, work.units
    drawing = gis.partition.draw(
        units, target, tolerance=tolerance, seed=wish.seed, keep_going=wish.keep_going,
        progress=wish.progress,
    )  # fmt: skip
    label = np.full(len(before.units.codes), -1, dtype=np.intp)
    label[work.used] = drawing.cell
    change = gis.plan_draw.drawn(before, label)
    told = wish.told(target=target, tolerance=tolerance)
    edited = data.plans_edit.keep(
        db, plan, before, change.plan, kind="draw", what=told, by=by, seen=part.seen
    )
    said = [one.why for one in drawing.pockets if one.why and one.bound > tolerance]
    said += [one.sentence() for one in drawing.forced]
    loads = np.bincount(drawing.cell, units.workload, minlength=drawing.cells)
    moves = work.moves(change.plan)
    return Made(
        edited, loads.tolist(), int(moves["households"].sum()), said, drawing.complete,
        work.loads, moves,
    )  # fmt: skip


def balance(
    db: Session, plan: GridPlan, low: float, high: float, wish: Wish, *, by: Viewer, on: date,
    part: Part = WHOLE,
) -> Made:  # fmt: skip
    """Bring the basic cells of a locked draft into a range of workload; few households move.

    Raises:
        BadInput: no buildings, an unknown column or barrier, or a hand-over that is refused.
        TooLarge: more buildings than the part may have. Conflict: see `data.plans_edit.keep`.
    """
    work = _work(db, plan, wish, part, on=on)
    before, used = work.plan, work.used
    found = gis.partition.balance(
        work.units, work.current, low, high, seed=wish.seed, keep_going=wish.keep_going,
        progress=wish.progress,
    )  # fmt: skip
    to = np.full(len(before.units.codes), "", dtype=object)
    to[used[found.moved]] = before.codes[work.cells[found.cell[found.moved]]]
    after, refused = gis.plan_draw.followed(before, to)
    moves = work.moves(after)
    edited = None
    if len(moves):
        told = wish.told(low=low, high=high)
        edited = data.plans_edit.keep(
            db, plan, before, after, kind="balance", what=told, by=by, seen=part.seen
        )
    loads = np.bincount(after.cell_of_unit[used], work.units.workload, minlength=len(after))
    said = [*found.why, *(f"{', '.join(hand.units[:5])} stay: {why}" for hand, why in refused)]
    return Made(
        edited, loads[work.cells].tolist(), int(moves["households"].sum()), said, found.complete,
        work.loads, moves,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Work:
    """A plan, the positions of the buildings that take part and of their cells, each building's
    place among these, and the buildings as units of a partition, in metres."""

    plan: Plan
    used: Ints
    cells: Ints
    current: Ints
    units: gis.partition_graph.Units

    @property
    def loads(self) -> list[float]:
        """The workload of each cell."""
        held = np.bincount(self.current, self.units.workload, minlength=len(self.cells))
        return [float(one) for one in held]

    def moves(self, after: Plan) -> pd.DataFrame:
        """The units that are in a cell of another code afterwards; see `Made.moves`."""
        was, now = self.plan.cell_of_unit[self.used], after.cell_of_unit[self.used]
        to = np.where(now < 0, "", after.codes[now])
        changed = self.plan.codes[was] != to
        mine = self.used[changed]
        lon, lat = shapely.get_coordinates(self.plan.units.spots[mine]).reshape(-1, 2).T
        return pd.DataFrame(
            {
                "unit": self.plan.units.codes[mine],
                "lon": lon,
                "lat": lat,
                "households": self.units.households[changed],
                "from": self.plan.codes[was[changed]],
                "to": to[changed],
            }
        )


def _work(db: Session, plan: GridPlan, wish: Wish, part: Part, *, on: date) -> _Work:
    loaded = _loaded(db, plan, part, on=on)
    used = _taking_part(loaded, part)
    cells, current = np.unique(loaded.cell_of_unit[used], return_inverse=True)
    return _Work(loaded, used, cells, current, _units(db, loaded, used, wish))


def _loaded(db: Session, plan: GridPlan, part: Part, *, on: date) -> Plan:
    only = None
    if part.cells or part.communities:
        codes = [*part.cells, *data.plans_near.cells_in(db, plan, part.communities)]
        only = [*data.plans_near.around(db, plan, codes)]
    if part.most_units is not None:
        standing = data.plans.count_units(db, plan, only)
        if standing > part.most_units:
            raise TooLarge(
                f"{standing:,} buildings stand there, more than the {part.most_units:,} that are "
                "drawn at once over the web: name fewer communities, or do it at the command line "
                "with wangge plan draw or wangge plan balance",
                value=standing,
            )
    return data.plans.value(db, plan, on=on, only=only)


def _taking_part(plan: Plan, part: Part) -> Ints:
    """Positions of the buildings in the basic cells that are meant."""
    meant = (plan.cells["kind"] == CellKind.BASIC).to_numpy(copy=True)
    if part.communities:
        meant &= np.isin(plan.above, list(part.communities))
    if part.cells:
        at = [plan.at(code) for code in part.cells]
        meant &= np.isin(np.arange(len(plan)), at)
    held = plan.cell_of_unit >= 0
    held[held] = meant[plan.cell_of_unit[held]]
    used = np.flatnonzero(held)
    if not len(used):
        raise BadInput(
            f"no building stands in the basic cells of plan {plan.name!r} that are meant"
        )
    return used


def _units(db: Session, plan: Plan, used: Ints, wish: Wish) -> gis.partition_graph.Units:
    counts = {str(name): one.to_numpy()[used] for name, one in plan.units.counts.items()}
    known = gis.partition_graph.columns(
        plan.units.codes[used].tolist(),
        counts["households"],
        plan.above[plan.cell_of_unit[used]],
        gis.partition_graph.workload(counts, wish.weights),
    )
    spots = shapely.get_coordinates(plan.units.spots[used])
    origin = spots.mean(axis=0)
    scale = np.array([np.cos(np.radians(origin[1])), 1.0]) * M_PER_DEG
    barriers = shapely.transform(_barriers(db, plan, wish), lambda xy: (xy - origin) * scale)
    points = (spots - origin) * scale
    return gis.partition_graph.from_points(known, points, list(barriers))


_GROUND = """
    SELECT ST_AsBinary(geom) FROM base_feature
    WHERE ({which}) AND geom && ST_MakeEnvelope(:west, :south, :east, :north, 4326) ORDER BY id
"""


def _barriers(db: Session, plan: Plan, wish: Wish) -> npt.NDArray[np.object_]:
    unknown = sorted(set(wish.barriers) - set(BARRIERS))
    if unknown:
        raise BadInput(f"no barrier is called {unknown[0]!r}; there are: {', '.join(BARRIERS)}")
    which = " OR ".join(BARRIERS[name] for name in wish.barriers) or "false"
    box = dict(
        zip(("west", "south", "east", "north"), shapely.total_bounds(plan.shapes), strict=True)
    )
    rows = db.scalars(sa.text(_GROUND.format(which=which)), {k: float(v) for k, v in box.items()})
    found = shapely.from_wkb(np.array([bytes(row) for row in rows], dtype=object))
    return np.asarray(found, dtype=object)
