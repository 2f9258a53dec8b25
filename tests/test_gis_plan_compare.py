"""Two plans side by side."""

from __future__ import annotations

import coverages
import numpy as np
import pandas as pd
import pytest
import shapely
import town

import gis.plan
from gis import plan_compare, plan_edit
from gis.errors import BadInput
from gis.plan import Plan
from gis.plan_compare import Moved


def peopled(text: str) -> Plan:
    """A drawing with a building of ten households in every square of the first line."""
    cells = town.draw(text)
    spots = np.array([town.at(x + 0.5, 0.5) for x in range(len(text))])
    counts = pd.DataFrame({"households": [10] * len(text)})
    units = gis.plan.units_of([f"b{n}" for n in range(len(text))], spots, counts)
    return gis.plan.of(pd.DataFrame({"code": list(cells)}), town.shapes(cells), units=units)


def test_cells_born_ended_changed_and_kept():
    old, new = peopled("AABBC"), peopled("AAADC")
    renamed = plan_edit.apply(new, plan_edit.Rename("C", "湖滨")).plan
    told = plan_compare.cells(old, renamed).set_index("code")
    assert told["fate"].to_dict() == {"A": "changed", "B": "ended", "C": "changed", "D": "born"}
    assert told["goes_to"].to_dict() == {"A": "A", "B": "A", "C": "C", "D": ""}
    assert told["households_change"].to_dict() == {"A": 10, "B": -20, "C": 0, "D": 10}
    assert told["ground_changed_m2"].to_numpy() == pytest.approx(
        np.array([1, 2, 0, 1]) * old.areas_m2[2], rel=1e-3
    )
    assert plan_compare.cells(old, old)["fate"].tolist() == ["kept"] * 3


def test_what_moves_and_from_whom_to_whom():
    old, new = peopled("AABBC"), peopled("AAADC")
    spots = np.array([*old.units.spots, None])
    before, after = plan_compare.cells_of(old, spots), plan_compare.cells_of(new, spots)
    assert before.tolist() == ["A", "A", "B", "B", "C", ""]
    things = {
        "households": Moved(before, after, np.array([10] * 5 + [1])),
        "open_cases": Moved(before[1:3], after[1:3], codes=np.array(["c1", "c2"])),
    }
    workers = {"A": "王", "B": "李", "C": "陈"}
    who = {"worker_before": workers, "worker_after": workers | {"D": "李", "C": "张"}}
    table = plan_compare.moves(things, **who)
    assert table.to_numpy().tolist() == [
        ["", "", "", "", 1, 0],
        ["A", "A", "王", "王", 20, 1],
        ["B", "A", "李", "王", 10, 1],
        ["B", "D", "李", "李", 10, 0],
        ["C", "C", "陈", "张", 10, 0],
    ]
    assert plan_compare.that_move(table)["cell_before"].tolist() == ["B", "B", "C"]
    assert plan_compare.matrix(table, "households").loc["B"].to_dict() == {
        "": 0,
        "A": 10,
        "C": 0,
        "D": 10,
    }
    assert plan_compare.totals(table).to_numpy().tolist() == [[51, 20, 20], [2, 1, 1]]
    lists = plan_compare.hand_overs(things, **who)
    assert lists[["kind", "code", "worker_before", "worker_after"]].to_numpy().tolist() == [
        ["households", "", "李", "王"],
        ["open_cases", "c2", "李", "王"],
        ["households", "", "陈", "张"],
    ]


def test_nothing_to_compare_is_an_empty_table():
    nobody = {"worker_before": {}, "worker_after": {}}
    assert plan_compare.moves({}, **nobody).empty
    assert plan_compare.hand_overs({}, **nobody).empty
    with pytest.raises(BadInput, match="open_cases: 1 cells before and 2 after"):
        plan_compare.moves({"open_cases": Moved(np.array(["A"]), np.array(["A", "B"]))}, **nobody)


def test_a_comparison_agrees_with_the_lineage_of_the_operations():
    old = coverages.town(11)
    cut = shapely.LineString(np.add(old.shapes[2].centroid.coords, [[-0.02, -0.01], [0.02, 0.01]]))
    one = plan_edit.apply(old, plan_edit.Split(str(old.codes[2]), cut))
    mine = one.lineage.links[["parent", "child", "households"]]
    found = plan_compare.between(old, one.plan).links[["parent", "child", "households"]]
    touched = found[found["parent"] == old.codes[2]].reset_index(drop=True)
    assert touched.equals(mine.reset_index(drop=True))
    fates = plan_compare.cells(old, one.plan)["fate"].value_counts().to_dict()
    assert fates == {"kept": 11, "born": 1, "changed": 1}
    ground = plan_compare.differing(old, one.plan)
    new = one.plan.shapes[one.plan.at((set(one.plan.codes) - set(old.codes)).pop())]
    assert shapely.area(shapely.symmetric_difference(ground[0], new)) < 1e-12
    assert len(ground) == 1
