"""Corners added, moved and taken away: all cells that share them follow."""

from __future__ import annotations

import coverages
import numpy as np
import pandas as pd
import pytest
import shapely
import town
from hypothesis import given
from test_gis_plan import SEEDS, few, ground, homes, sound

import gis.plan
from gis import plan_edit, plan_ground
from gis.errors import BadInput
from gis.plan import Plan

Place = tuple[float, float]


def spot(x: float, y: float) -> Place:
    """A place of the drawing, as operations have it."""
    point = town.at(x, y)
    return point.x, point.y


def drawn(text: str, **more: object) -> Plan:
    """A plan of a drawing without corners in straight borders."""
    cells = town.draw(text)
    shapes = shapely.simplify(town.shapes(cells), 0)
    return gis.plan.of(pd.DataFrame({"code": list(cells)}), shapes, name="草案", **more)


def corners(plan: Plan) -> set[Place]:
    return {(x, y) for x, y in shapely.get_coordinates(plan.shapes).tolist()}


def some_corner(rng: np.random.Generator, plan: Plan, added: list[Place]) -> plan_edit.Operation:
    """One of the three operations about a corner or an edge of any cell; many are refused."""
    xy = shapely.get_coordinates(rng.choice(plan.shapes))
    at = int(rng.integers(len(xy) - 1))
    near = rng.normal(0, 3e-6, 2)
    middle = xy[at] + rng.uniform(0.1, 0.9) * (xy[at + 1] - xy[at])
    away = rng.normal(0, rng.choice([1e-10, 1e-5, 4e-4]), 2)
    drop = added[rng.integers(len(added))] if len(added) else xy[at]
    choices = (
        lambda: plan_edit.AddCorner(tuple(middle + near), tuple(middle + away)),
        lambda: plan_edit.MoveCorner(tuple(xy[at] + near), tuple(xy[at] + away)),
        lambda: plan_edit.DropCorner(tuple(drop + near)),
    )
    return choices[rng.choice(3, p=(0.6, 0.1, 0.3))]()


@few
@given(SEEDS)
def test_whatever_is_done_to_corners_the_coverage_is_parted_exactly(seed):
    rng = np.random.default_rng(seed)
    plan = coverages.town(seed, cells=5, communities=2, buildings=12)
    added: list[Place] = []
    done = set()
    for _ in range(16):
        operation = some_corner(rng, plan, added)
        try:
            change = plan_edit.apply(plan, operation)
        except BadInput:
            continue
        sound(plan, change)
        assert not len(change.plan.loose)
        plan = change.plan
        done.add(type(operation))
        if isinstance(operation, plan_edit.AddCorner):
            added.append(operation.to)
    assert len(done) > 1


def test_an_edge_is_pulled_to_a_new_corner_and_both_cells_follow():
    plan = drawn("AB/AC")
    change = plan_edit.apply(plan, plan_edit.AddCorner(spot(1, 0.5), spot(0.75, 0.5)))
    sound(plan, change)
    assert corners(change.plan) - corners(plan) == {tuple(np.round(spot(0.75, 0.5), 10))}
    assert change.plan.codes[change.gone].tolist() == ["A", "C"]
    assert ground(change.plan)["B"] == ground(plan)["B"]
    assert change.plan.areas_m2[2] == pytest.approx(1.125 * plan.areas_m2[2], rel=1e-3)
    # taken away again, the plan is what it was
    back = plan_edit.apply(change.plan, plan_edit.DropCorner(spot(0.75, 0.5)))
    sound(change.plan, back)
    assert plan_ground.same(back.plan.shapes, plan.shapes).all()


def test_an_edge_pulled_nowhere_has_a_corner_more_and_no_ground_moves():
    plan = drawn("AB")
    place = spot(1, 0.5)
    change = plan_edit.apply(plan, plan_edit.AddCorner(place, place))
    assert shapely.get_num_coordinates(change.plan.shapes).tolist() == [6, 6]
    assert shapely.equals(change.plan.shapes, plan.shapes).all()


def test_corners_and_edges_of_holes_are_like_any_other():
    plan = drawn("AAAA/ABBA/AAAA")
    change = plan_edit.apply(plan, plan_edit.AddCorner(spot(2.5, 2), spot(2.5, 2.5)))
    sound(plan, change)
    assert shapely.get_num_coordinates(change.plan.shapes).tolist() == [11, 6]
    three = plan_edit.apply(plan, plan_edit.DropCorner(spot(1, 1))).plan
    assert shapely.get_num_coordinates(three.shapes).tolist() == [9, 4]
    with pytest.raises(BadInput, match=r"nothing would be left of cell A\. nothing would be left"):
        plan_edit.apply(three, plan_edit.DropCorner(spot(3, 1)))


@pytest.mark.parametrize(
    ("text", "operation", "why"),
    [
        ("AB", plan_edit.AddCorner(spot(5, 5), spot(1, 1)), "no cell has an edge at"),
        ("AB", plan_edit.AddCorner(spot(0.5, 0.5), spot(1, 1)), "no cell has an edge at"),
        ("AB", plan_edit.AddCorner(spot(1, 1), spot(0.9, 0.9)), "there is a corner already"),
        ("AB", plan_edit.AddCorner((200.0, 1.0), spot(1, 1)), "between -180, -90 and 180, 90"),
        ("AB", plan_edit.AddCorner(spot(1, 0.5), (np.nan, 1.0)), "between -180, -90 and 180, 90"),
        ("AB", plan_edit.AddCorner(spot(1, 0.5), spot(2, 0.5)), "B would"),
        ("AB", plan_edit.AddCorner(spot(1, 0.5), spot(1.5, 1)), "the outline of B would cross itself"),
        ("AB/AC", plan_edit.AddCorner(spot(1, 0.5), spot(1.5, 1.5)), "would cross itself"),
        ("A.", plan_edit.AddCorner(spot(1, 0.5), spot(1.5, 0.5)), "would be taken from outside"),
        ("A.", plan_edit.AddCorner(spot(1, 0.5), spot(1 + 2e-8, 0.5)), "on the edge of the plan"),
        ("AB", plan_edit.DropCorner(spot(0.5, 0.5)), "no cell has a corner at"),
        ("AB", plan_edit.DropCorner(spot(1, 1)), "3 borders meet in the corner at"),
        ("AB/CD", plan_edit.DropCorner(spot(1, 1)), "4 borders meet in the corner at"),
        ("AB", plan_edit.DropCorner(spot(0, 0)), "would belong to no cell"),
        ("AAAA/ABBB/ABCB/ABBB", plan_edit.DropCorner(spot(1, 3)), "outline of B would cross itself"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_to_a_corner_is_refused_in_a_sentence(text, operation, why):
    with pytest.raises(BadInput, match=why):
        plan_edit.apply(drawn(text), operation)


def test_a_corner_of_a_community_border_stays():
    plan = coverages.town(5)
    border = shapely.intersection(*plan.communities.shapes)
    middle = shapely.get_coordinates(shapely.line_interpolate_point(border, 0.47, normalized=True))
    middle = tuple(middle[0].tolist())
    with pytest.raises(BadInput, match="ground stays in its community"):
        plan_edit.apply(plan, plan_edit.AddCorner(middle, middle))


def test_a_corner_that_keeps_a_border_off_a_building_is_not_taken_away():
    houses = np.array([town.box(0.8, 0.45, 0.95, 0.55), town.box(0.2, 0.2, 0.3, 0.3)])
    units = gis.plan.units_of(["b1", "b2"], houses, pd.DataFrame({"households": [5, 7]}))
    bent = drawn("AB", units=units)
    for place, to in (((1, 0.5), (0.7, 0.5)), ((0.85, 0.25), (0.9, 0.25))):
        bent = plan_edit.apply(bent, plan_edit.AddCorner(spot(*place), spot(*to))).plan
    assert homes(bent) == {"A": 7, "B": 5}
    straight = plan_edit.apply(bent, plan_edit.DropCorner(spot(0.9, 0.25)))
    sound(bent, straight)
    straight = plan_edit.apply(straight.plan, plan_edit.DropCorner(spot(0.7, 0.5)))
    assert homes(straight.plan) == {"A": 12, "B": 0}  # none is cut: all of b1 goes to A
    bent = plan_edit.apply(bent, plan_edit.MoveCorner(spot(1, 1), spot(0.9, 1))).plan
    with pytest.raises(BadInput, match="the straight border would cut b1"):
        plan_edit.apply(bent, plan_edit.DropCorner(spot(0.7, 0.5)))
