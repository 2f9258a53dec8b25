"""What speaks against an operation has a key that stays, for pages in other languages."""

from __future__ import annotations

import pytest
import shapely
import town
from test_gis_plan_compare import peopled

from gis import plan_edit
from gis.errors import Fault, WanggeError
from gis.plan_edit import Operation


def line(*spots: tuple[float, float]) -> shapely.LineString:
    return shapely.LineString([town.at(*spot).coords[0] for spot in spots])


FAR = shapely.buffer(town.at(90, 90), 1e-4)
REFUSED: list[tuple[Operation, dict[str, dict[str, object]]]] = [
    (plan_edit.Split("A", line((0.5, 0.2), (0.6, 0.3))), {"no_divide": {"cell": "A"}}),
    (plan_edit.Split("A", line((0, 0), (1, 1), (1, 0), (0, 1))), {"crosses_itself": {}}),
    (plan_edit.Split("Z", line((0, 0), (1, 1))), {"gone": {"cell": "Z"}}),
    (plan_edit.SplitUnits("A", ("b0", "b1")), {"nothing_left": {"cell": "A"}}),
    (plan_edit.SplitUnits("A", ("b4",)), {"not_in": {"unit": "b4", "cell": "A"}}),
    (plan_edit.Merge(("A",)), {"one_cell": {}}),
    (
        plan_edit.Merge(("A", "C"), into="B"),
        {"no_heir": {"cell": "B"}, "not_beside": {"cells": ["A", "C"]}},
    ),
    (
        plan_edit.MoveBoundary(("A", "B"), line((0.5, 0.2), (0.6, 0.3))),
        {"no_part": {"one": "A", "other": "B"}},
    ),
    (plan_edit.MoveCorner(town.at(90, 90).coords[0], town.at(0, 0).coords[0]), {"no_corner": {}}),
    (plan_edit.Hand(("b0",), "A"), {"already": {}}),
    (plan_edit.Hand(("x",), "A"), {"unit_gone": {"units": ["x"]}}),
    (plan_edit.Hand(("b0", "b1"), ("A",)), {"unequal": {"units": 2, "cells": 1}}),
    (plan_edit.AddDedicated(FAR, " "), {"name": {"n": 100}, "none_there": {}}),
    (plan_edit.Rename("A", "\0" * 101), {"name": {"n": 100}, "name_unreadable": {}}),
    (plan_edit.Recode("A", "B"), {"code": {"code": "B"}, "code_taken": {"code": "B"}}),
    (plan_edit.Snap(50), {"wide": {"width_m": 50, "most_m": plan_edit.WIDEST_M}}),
    (plan_edit.Snap(1), {"fits": {"width_m": 1}}),
]


@pytest.mark.parametrize(("operation", "told"), REFUSED)
def test_a_refusal_has_a_key_for_each_of_its_faults(
    operation: Operation, told: dict[str, dict[str, object]]
) -> None:
    with pytest.raises(WanggeError) as met:
        plan_edit.apply(peopled("AABBC"), operation)
    reasons = met.value.reasons
    assert {str(one["key"]): one["values"] for one in reasons} == told
    assert all(str(one["said"]) in str(met.value) for one in reasons)


def test_a_sentence_without_a_key_is_no_reason() -> None:
    assert WanggeError("so it is").reasons == []
    some = WanggeError("", faults=["so it is", Fault("so", "so it is too", n=1)])
    assert some.reasons == [{"key": "so", "said": "so it is too", "values": {"n": 1}}]
