"""Cells drawn and balanced from the buildings of the store, kept as one edit."""

import numpy as np
import pytest
import sqlalchemy as sa
from test_data_plans import ANN, TODAY, community

import api.actions.plans
import api.actions.plans_draw
import data.db
import data.grid
import data.plans
import gis.plan
import gis.plan_check
from data.plans_draw import Wish
from gis.errors import BadInput

WISH = Wish({"households": 1.0}, barriers=("roads",), seed=3)


def value(store: sa.Engine, name: str) -> gis.plan.Plan:
    with data.db.transaction(store) as db:
        return data.plans.value(db, data.grid.plan_named(db, name), on=TODAY)


def homes(plan: gis.plan.Plan) -> np.ndarray:
    return plan.counts["households"][(plan.cells["kind"] == "basic").to_numpy()].to_numpy()


def test_cells_are_drawn_and_balanced_from_buildings_and_undone(town: sa.Engine) -> None:
    with data.db.transaction(town) as db:
        area = community(db)
        data.plans.draw(db, "原样", area=area)
    before = value(town, "原样")
    mean = float(homes(before).mean())
    words = {"by": ANN, "today": TODAY}
    target = {"target": mean, "tolerance": 0.2, "wish": WISH}
    made = api.actions.plans_draw.draw(town, "新划", area=area, **target, **words)
    after = value(town, "新划")
    assert made.complete
    assert made.edited is not None
    assert sorted(homes(after)) == sorted(made.loads)
    assert homes(after).std() < homes(before).std()
    assert after.counts["households"].sum() == before.counts["households"].sum()
    ground = {"overlap", "gap", "invalid"}
    assert not ground & {one.kind for one in gis.plan_check.check(after)}
    api.actions.plans.undo(town, "新划", by=ANN)
    undone = value(town, "新划")
    assert dict(zip(undone.codes, undone.shapes, strict=True)) == dict(
        zip(before.codes, before.shapes, strict=True)
    )

    low, high = 300, 500
    made = api.actions.plans_draw.balance(
        town, "平衡", area=area, low=low, high=high, wish=WISH, **words
    )
    balanced = homes(value(town, "平衡"))

    def out(loads: np.ndarray) -> int:
        return int(((loads < low) | (loads > high)).sum())

    assert out(balanced) < out(homes(before))
    assert sorted(balanced) == sorted(made.loads)
    assert 0 < made.moved_households < before.counts["households"].sum() / 10
    odd = Wish({"households": 1.0}, barriers=("walls",))
    with pytest.raises(BadInput, match="no barrier is called 'walls'; there are: roads, water"):
        api.actions.plans_draw.draw(
            town, "新划", area=None, target=mean, tolerance=0.2, wish=odd, **words
        )
