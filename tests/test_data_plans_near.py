"""What an edit loads of a draft answers as the whole draft would."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session
from test_data_plans import TODAY, across

import data.db
import data.plans
import data.plans_edit
import data.plans_near
import gis.plan
import gis.plan_edit
from data.models import GridPlan
from gis.errors import BadInput, NotFound
from gis.plan import Plan
from gis.plan_edit import (
    AddCorner,
    AddDedicated,
    DropCorner,
    Give,
    Hand,
    Merge,
    MoveBoundary,
    MoveCorner,
    Operation,
    Recode,
    Rename,
    Snap,
    Split,
    SplitUnits,
)


def beside(plan: Plan, at: int) -> int:
    """A neighbour of a cell in its community."""
    near = plan.beside(np.array([at]))
    return int(near[plan.above[near] == plan.above[at]][0])


def upright(plan: Plan, at: int) -> shapely.LineString:
    """A line from south to north through the middle of two cells side by side."""
    west, south, east, north = shapely.total_bounds(plan.sound[[at, beside(plan, at)]])
    middle = (west + east) / 2
    return shapely.LineString([(middle, south - 0.001), (middle, north + 0.001)])


def operations(plan: Plan, at: int) -> list[Operation]:
    """One of each kind about a cell."""
    code, other = str(plan.codes[at]), str(plan.codes[beside(plan, at)])
    mine = plan.units.codes[plan.units_in(at)].tolist()
    spot = shapely.point_on_surface(plan.sound[at])
    corner, next_one = shapely.get_coordinates(plan.sound[at])[:2]
    edge = (corner + next_one) / 2
    pond = shapely.buffer(spot, 0.0002, quad_segs=2)
    border = shapely.intersection(*plan.sound[[at, plan.position[other]]])
    strip = shapely.buffer(shapely.get_parts(border)[0], 0.0001, quad_segs=2)
    return [
        Split(code, across(plan.sound[at])),
        SplitUnits(code, tuple(mine[: len(mine) // 2])),
        Merge((code, other)),
        MoveBoundary((code, other), upright(plan, at)),
        MoveCorner(tuple(corner.tolist()), tuple((corner + 2e-6).tolist())),
        AddCorner(tuple(edge.tolist()), tuple((edge + 2e-6).tolist())),
        DropCorner(tuple(corner.tolist())),
        Hand(tuple(mine[:2]), other),
        Give(shapely.intersection(strip, plan.sound[at]), other),
        AddDedicated(pond, "公园"),
        Rename(code, "新名"),
        Recode(code, f"{code[:-3]}799"),
    ]


def outcome(plan: Plan, operation: Operation) -> tuple[object, ...]:
    """What would be written of it, and the numbers of these cells; or what speaks against it."""
    try:
        change = gis.plan_edit.apply(plan, operation)
    except BadInput as reason:
        return ("refused", str(reason))
    gone, rows = data.plans_edit.difference(plan, change.plan)
    at = [change.plan.position[code] for code in rows["code"]]
    born = [at for at in at if change.plan.codes[at] in change.born]
    counts = change.plan.counts.iloc[born].to_numpy().tolist()
    lineage = change.lineage.links.round(6).to_numpy().tolist()
    return gone, rows.to_numpy().tolist(), counts, lineage


def test_an_edit_sees_enough_of_a_draft(town: sa.Engine) -> None:
    with data.db.transaction(town) as db:
        draft = data.plans.draw(db, "全城")
        whole = data.plans.value(db, draft, on=TODAY)
        kinds, loaded = set(), []
        for at in np.random.default_rng(5).choice(len(whole), 2, replace=False):
            for operation in operations(whole, int(at)):
                near = data.plans_near.value(db, draft, [operation], on=TODAY)
                told = outcome(whole, operation)
                assert outcome(near, operation) == told, operation
                kinds.add((type(operation).__name__, told[0] == "refused"))
                loaded.append(len(near))
        assert {name for name, refused in kinds if not refused} >= {
            "Split", "SplitUnits", "Merge", "Hand", "Give", "AddDedicated", "Rename", "Recode",
        }  # fmt: skip
        assert max(loaded) < len(whole) / 2
        everywhere = data.plans_near.value(db, draft, [Snap()], on=TODAY)
        assert len(everywhere) == len(whole)
        refusals(db, draft, whole)


def refusals(db: Session, draft: GridPlan, whole: Plan) -> None:
    far = shapely.box(10, 10, 11, 11)
    for operation, error, words in (
        (Rename("none", "x"), NotFound, "has no cell 'none'"),
        (Give(far, "none"), NotFound, "has no cell 'none'"),
        (AddDedicated(far, "海"), BadInput, "no cell of plan '全城' lies there"),
        (MoveCorner((10.0, 10.0), (10.0, 10.1)), BadInput, "no cell of plan '全城' lies there"),
        (MoveCorner((float("nan"), 1.0), (1.0, 1.0)), BadInput, "between -180, -90 and 180, 90"),
    ):
        with pytest.raises(error, match=words):
            applied(db, draft, operation)
    one, far_off = str(whole.codes[0]), str(whole.codes[-1])
    strangers = tuple(whole.units.codes[whole.units_in(len(whole) - 1)][:1].tolist())
    hand = Hand(strangers, one)
    with pytest.raises(BadInput, match=f"ground stays in its community: .*{far_off}"):
        applied(db, draft, hand)


def applied(db: Session, draft: GridPlan, operation: Operation) -> gis.plan.Change:
    return gis.plan_edit.apply(data.plans_near.value(db, draft, [operation], on=TODAY), operation)
