"""Plans as values: whatever a planner does, the coverage stays sound and nobody is lost."""

from __future__ import annotations

import coverages
import numpy as np
import pandas as pd
import pytest
import shapely
import town
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import gis.locate
import gis.plan
from gis import lineage, plan_codes, plan_draw, plan_edit, plan_ground
from gis.errors import BadInput, Conflict, NotFound
from gis.plan import Change, Plan
from gis.terms import PlanState

SEEDS = st.integers(0, 2**32 - 1)
few = settings(max_examples=4, suppress_health_check=[HealthCheck.too_slow])


def drawn(text: str, **more: object) -> Plan:
    """A plan of a drawing; its cells have the letters as codes."""
    cells = town.draw(text)
    return gis.plan.of(pd.DataFrame({"code": list(cells)}), town.shapes(cells), name="草案", **more)


def peopled(text: str, spots: dict[tuple[float, float], int], **more: object) -> Plan:
    """A drawing with buildings that are points; households by place."""
    places = np.array([town.at(*spot) for spot in spots], dtype=object)
    counts = pd.DataFrame({"households": list(spots.values())})
    units = gis.plan.units_of([f"b{n}" for n in range(len(spots))], places, counts)
    return drawn(text, units=units, **more)


def line(*spots: tuple[float, float]) -> shapely.LineString:
    """A line through spots of the drawing."""
    return shapely.LineString([town.at(*spot) for spot in spots])


def ground(plan: Plan) -> dict[str, shapely.Geometry]:
    """Outlines by code, in one form."""
    return dict(
        zip(plan.codes.tolist(), shapely.normalize(shapely.simplify(plan.shapes, 0)), strict=True)
    )


def homes(plan: Plan) -> dict[str, int]:
    return dict(zip(plan.codes.tolist(), plan.counts["households"].tolist(), strict=True))


def sound(before: Plan, change: Change) -> None:
    """What every operation keeps."""
    plan = change.plan
    assert shapely.coverage_is_valid(plan.shapes)
    assert shapely.is_valid(plan.shapes).all()
    assert (shapely.get_type_id(plan.shapes) == 3).all()
    was, now = shapely.union_all(before.shapes), shapely.union_all(plan.shapes)
    assert plan_ground.area_m2(np.array([shapely.symmetric_difference(was, now)]))[0] < 0.05
    assert plan.areas_m2.sum() == pytest.approx(before.areas_m2.sum(), abs=0.05)
    assert plan.counts["households"].sum() == before.counts["households"].sum()
    filed = gis.locate.cell_of(plan.units.spots, plan.shapes, plan.codes)
    assert filed.tolist() == plan.cell_of_unit.tolist()
    assert len(set(plan.codes.tolist())) == len(plan) == len(plan.shapes) == len(plan.counts)
    assert not plan.spent & set(plan.codes.tolist())
    shares = change.lineage.links.groupby("parent")[["households_share", "area_share"]].sum()
    assert shares.to_numpy() == pytest.approx(1)
    assert set(shares.index) == change.lineage.old
    assert set(before.codes) - change.lineage.old == set(plan.codes) - change.lineage.new


# Any sequence of operations


def some_operation(rng: np.random.Generator, plan: Plan) -> plan_edit.Operation:
    """An operation somebody might try; many are refused."""
    at = int(rng.integers(len(plan)))
    beside = plan.beside(np.array([at]))
    mine, other = str(plan.codes[at]), str(plan.codes[rng.choice(beside)])
    west, south, east, north = shapely.union_all(plan.shapes[[at]]).buffer(1e-4).bounds
    turn = rng.uniform(0, np.pi)
    middle, arm = (
        np.array([(west + east) / 2, (south + north) / 2]),
        np.array([np.cos(turn), np.sin(turn)]) * 0.01,
    )
    cut = shapely.LineString([middle - arm, middle + rng.normal(0, 2e-4, 2), middle + arm])
    units = plan.units.codes[plan.cell_of_unit == at]
    some = tuple(rng.permutation(units)[: rng.integers(1, 4)].tolist())
    x, y = rng.uniform((west, south), (east, north))
    patch = shapely.Point(x, y).buffer(rng.uniform(2e-4, 1e-3), quad_segs=3)
    corner = shapely.get_coordinates(plan.shapes[at])[0]
    choices = (
        lambda: plan_edit.Split(mine, cut),
        lambda: plan_edit.SplitUnits(mine, some),
        lambda: plan_edit.Merge((mine, other)),
        lambda: plan_edit.MoveBoundary((mine, other), cut),
        lambda: plan_edit.MoveCorner(tuple(corner), tuple(corner + rng.normal(0, 2e-4, 2))),
        lambda: plan_edit.Hand(some, other),
        lambda: plan_edit.Give(patch, mine),
        lambda: plan_edit.AddDedicated(patch, "学校"),
        lambda: plan_edit.Rename(mine, "新名"),
    )
    return choices[rng.integers(len(choices))]()


@few
@given(SEEDS)
def test_any_sequence_of_operations_keeps_the_coverage_and_the_people(seed):
    rng = np.random.default_rng(seed)
    plan = coverages.town(seed)
    first = plan.counts["households"].sum()
    done = 0
    for _ in range(8):
        try:
            change = plan_edit.apply(plan, some_operation(rng, plan))
        except (BadInput, NotFound):
            continue
        sound(plan, change)
        plan, done = change.plan, done + 1
    assert done > 0
    assert plan.counts["households"].sum() == first


# Single operations


def test_a_cell_is_split_by_a_line_and_the_larger_part_keeps_the_code():
    plan = peopled("AAAB", {(0.5, 0.5): 10, (2.5, 0.5): 30, (3.5, 0.5): 5})
    change = plan_edit.apply(plan, plan_edit.Split("A", line((1, -1), (1, 2))))
    sound(plan, change)
    assert homes(change.plan) == {"001": 10, "A": 30, "B": 5}
    assert list(ground(change.plan).values()) == [ground(drawn("XAAB"))[n] for n in "XAB"]
    assert plan.codes.tolist() == ["A", "B"]  # undo is the plan before


def test_a_line_that_nearly_reaches_the_border_is_put_on_it():
    plan = drawn("AA/BB")
    hair = 0.3 / 111_000 / town.SIDE
    change = plan_edit.apply(plan, plan_edit.Split("A", line((1, 2 - hair), (1, 1 + hair))))
    sound(plan, change)
    assert len(change.plan) == 3


@pytest.mark.parametrize("cut", [((0.2, -1), (0.2, 0.5)), ((5, 5), (6, 6)), ((-1, 0), (3, 0))])
def test_a_line_that_does_not_divide_a_cell_is_refused(cut):
    with pytest.raises(BadInput, match="the line does not divide cell A"):
        plan_edit.apply(drawn("AB"), plan_edit.Split("A", line(*cut)))


@pytest.mark.parametrize(
    ("shape", "why"),
    [
        (shapely.LineString([(0, 0), (1e9, 1)]), "lies between -180, -90 and 180, 90"),
        (shapely.LineString(np.random.default_rng(1).uniform(-90, 90, (9_000, 2))), "the line crosses itself"),
        (shapely.LineString(np.linspace((0, 0), (1, 1), 10_001)), "10001 corners are too many"),
        (shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]), "the outline crosses itself"),
        (shapely.Polygon(), "lies between"),
    ],
)  # fmt: skip
def test_what_cannot_be_cut_along_is_refused_at_once(shape, why):
    lines = (plan_edit.Split("A", shape), plan_edit.MoveBoundary(("A", "B"), shape))
    grounds = (
        plan_edit.Give(shape, "A"),
        plan_edit.AddDedicated(shape, "x"),
        plan_edit.Trim("A", shape),
    )
    for operation in grounds if shape.geom_type == "Polygon" else lines:
        with pytest.raises(BadInput, match=why):
            plan_edit.apply(drawn("AB"), operation)


def test_a_cell_is_split_by_buildings_and_none_is_cut():
    plan = coverages.town(7, cells=2, communities=1, buildings=60)
    mine = plan.units.codes[plan.cell_of_unit == 0]
    west = mine[np.argsort(shapely.get_x(plan.units.spots[plan.cell_of_unit == 0]))[:8]]
    change = plan_edit.apply(plan, plan_edit.SplitUnits(str(plan.codes[0]), tuple(west.tolist())))
    sound(plan, change)
    new = change.plan.at("420106001001003")
    held = change.plan.units.codes[change.plan.cell_of_unit == new]
    assert sorted(held) == sorted(west)
    whole = shapely.STRtree(change.plan.shapes).query(plan.units.shapes, predicate="within")[0]
    assert len(whole) == len(plan.units.codes)


def test_blocks_bring_their_own_ground():
    blocks = town.draw("WXYZ")
    units = gis.plan.units_of(
        list(blocks), town.shapes(blocks), pd.DataFrame({"households": [1, 2, 3, 4]})
    )
    change = plan_edit.apply(drawn("AAAB", units=units), plan_edit.Hand(("Y",), "B"))
    assert homes(change.plan) == {"A": 3, "B": 7}
    assert ground(change.plan) == ground(drawn("AABB"))


def test_many_units_go_to_many_cells_at_once():
    blocks = town.draw("UVW/XYZ")
    units = gis.plan.units_of(
        list(blocks), town.shapes(blocks), pd.DataFrame({"households": range(1, 7)})
    )
    plan = drawn("AAB/ABB", units=units)
    change = plan_edit.apply(plan, plan_edit.Hand(("V", "X"), ("B", "B")))
    assert ground(change.plan) == ground(drawn("ABB/BBB"))
    change = plan_edit.apply(plan, plan_edit.Hand(("V", "Y"), ("B", "A")))
    assert ground(change.plan) == ground(drawn("ABB/AAB"))


def test_cells_merge_into_the_one_most_live_in():
    plan = peopled("AABC", {(0.5, 0.5): 1, (2.5, 0.5): 7, (3.5, 0.5): 2})
    change = plan_edit.apply(plan, plan_edit.Merge(("A", "B")))
    sound(plan, change)
    assert homes(change.plan) == {"B": 8, "C": 2}
    assert change.plan.spent == {"A"}
    named = plan_edit.apply(plan, plan_edit.Merge(("A", "B"), into="A"))
    assert named.plan.codes.tolist() == ["A", "C"]


@few
@given(SEEDS)
def test_split_then_merge_restores(seed):
    plan = coverages.town(seed, communities=1)
    middle = shapely.get_coordinates(shapely.point_on_surface(plan.shapes[0]))[0]
    cut = shapely.LineString(middle + np.array([[-0.02, -0.013], [0.02, 0.013]]))
    split = plan_edit.apply(plan, plan_edit.Split(str(plan.codes[0]), cut)).plan
    parts = (str(plan.codes[0]), *sorted(set(split.codes.tolist()) - set(plan.codes.tolist())))
    again = plan_edit.apply(split, plan_edit.Merge(parts, into=parts[0])).plan
    assert again.cells.equals(plan.cells)
    assert again.counts.equals(plan.counts)
    apart = shapely.symmetric_difference(plan.shapes, again.shapes)
    assert plan_ground.area_m2(apart).max() < 0.05


def test_cells_that_only_touch_in_a_corner_do_not_merge():
    with pytest.raises(BadInput, match="A and D do not lie side by side"):
        plan_edit.apply(drawn("AB/CD"), plan_edit.Merge(("A", "D")))


def test_a_border_is_drawn_anew_and_both_cells_follow():
    plan = drawn("AAB/AAB/CCC")
    change = plan_edit.apply(plan, plan_edit.MoveBoundary(("A", "B"), line((1, 3), (1, 1))))
    sound(plan, change)
    assert ground(change.plan) == ground(drawn("ABB/ABB/CCC"))
    same = plan_edit.apply(plan, plan_edit.MoveBoundary(("B", "A"), line((1, 3), (1, 1))))
    assert ground(same.plan) == ground(change.plan)


def test_a_corner_is_moved_and_all_cells_follow():
    plan = drawn("AB/CD")
    corner, to = town.at(1, 1), town.at(1.25, 1.5)
    change = plan_edit.apply(plan, plan_edit.MoveCorner((corner.x, corner.y), (to.x, to.y)))
    sound(plan, change)
    assert shapely.covers(change.plan.shapes, to).all()
    with pytest.raises(BadInput, match="no cell has a corner"):
        plan_edit.apply(plan, plan_edit.MoveCorner((corner.x + 0.001, corner.y), (to.x, to.y)))
    edge, out = town.at(1, 2), town.at(1, 2.5)
    with pytest.raises(BadInput, match="would be taken from outside"):
        plan_edit.apply(plan, plan_edit.MoveCorner((edge.x, edge.y), (out.x, out.y)))


def test_a_corner_put_on_the_next_one_is_gone():
    plan = drawn("AB/CB")
    middle, next_one = town.at(1, 1), town.at(1, 0)
    change = plan_edit.apply(
        plan, plan_edit.MoveCorner((middle.x, middle.y), (next_one.x, next_one.y))
    )
    sound(plan, change)
    assert sorted(shapely.get_num_coordinates(change.plan.shapes)) == [4, 5, 6]


def test_buildings_of_cells_that_overlap_are_handed_over_together():
    """The ground of each reaches into the overlap, which is given once."""
    cells = np.array([town.box(0, 0, 2, 1), town.box(1, 0, 3, 1), town.box(0, 1, 3, 2)])
    spots = np.array([town.at(x, 0.5) for x in (0.5, 1.5, 2.5, 2.9)], dtype=object)
    homes_of = pd.DataFrame({"households": [1, 2, 3, 4]})
    units = gis.plan.units_of(["b1", "b2", "b3", "b4"], spots, homes_of)
    plan = gis.plan.of(pd.DataFrame({"code": list("ABC")}), cells, units=units)
    after = plan_edit.apply(plan, plan_edit.Hand(("b2", "b3"), "C")).plan
    assert homes(after) == {"A": 1, "B": 4, "C": 5}
    assert shapely.coverage_is_valid(after.shapes)
    whole = plan_ground.area_m2(np.array([shapely.union_all(plan.sound)]))
    assert after.areas_m2.sum() == pytest.approx(whole[0])


class Unspeakable:
    """An operation at which the geometry library gives up."""

    def on(self, plan: Plan) -> Change:
        raise shapely.GEOSException("TopologyException: side location conflict")


def test_what_the_geometry_library_gives_up_is_refused_in_a_sentence():
    with pytest.raises(BadInput, match="within a hair of another one; draw it"):
        plan_edit.apply(drawn("AB"), Unspeakable())


def test_a_dedicated_cell_is_taken_out_of_its_neighbours():
    plan = coverages.town(3)
    spot = shapely.Point(plan.communities.shapes[0].centroid).buffer(1e-3, quad_segs=2)
    change = plan_edit.apply(plan, plan_edit.AddDedicated(spot, "滨江中学"))
    sound(plan, change)
    school = change.plan.cells.iloc[change.plan.at("420106001001801")]
    assert school[["name", "kind", "division_code"]].tolist() == [
        "滨江中学",
        "dedicated",
        "420106001001",
    ]
    more = plan_edit.apply(change.plan, plan_edit.AddDedicated(spot.centroid.buffer(2e-4), "食堂"))
    assert "420106001001802" in more.plan.position


def test_ground_of_nobody_is_filled_and_ground_of_others_taken():
    plan = drawn("A.B")
    filled = plan_edit.apply(plan, plan_edit.Give(town.box(1, 0, 2, 1), "A")).plan
    assert ground(filled) == ground(drawn("AAB"))
    taken = plan_edit.apply(filled, plan_edit.Give(town.box(1, 0, 3, 0.5), "A")).plan
    assert plan_ground.area_m2(taken.shapes).sum() == pytest.approx(filled.areas_m2.sum())


def test_cells_are_drawn_anew_from_what_belongs_together():
    plan = coverages.town(2, buildings=60)
    xy = shapely.get_coordinates(plan.units.spots)
    mine = plan.above[plan.cell_of_unit] == "420106001001"
    order = np.argsort(np.argsort(xy[mine][:, 0])) * 3 // mine.sum()
    label = np.full(len(xy), -1)
    label[mine] = order
    change = plan_draw.drawn(plan, label)
    sound(plan, change)
    assert len(change.plan) == 6 + 3
    for one in range(3):
        assert len(set(change.plan.cell_of_unit[label == one])) == 1
    whole = shapely.STRtree(change.plan.shapes).query(plan.units.shapes[mine], predicate="within")
    assert len(whole[0]) == mine.sum()
    kept = set(change.plan.codes) & set(change.lineage.old)
    heirs = lineage.heirs(change.lineage)
    assert kept == {one for one, heir in heirs.items() if one == heir}
    assert kept
    assert not change.plan.cells.isna().to_numpy().any()
    with pytest.raises(BadInput, match="cells 0 have units of several communities"):
        plan_draw.drawn(plan, np.zeros(len(xy), dtype=int))
    with pytest.raises(BadInput, match="no building or block in a basic cell has a label"):
        plan_draw.drawn(plan, np.full(len(xy), -1))


def test_a_balance_is_followed_as_far_as_ground_allows():
    blocks = town.draw("UVW/XYZ")
    counts = pd.DataFrame({"households": range(1, 7)})
    units = gis.plan.units_of(list(blocks), town.shapes(blocks), counts)
    plan = drawn("AAB/ABB", units=units)  # U V | W, X | Y Z
    swapped, refused = plan_draw.followed(plan, ["", "B", "", "", "A", ""])
    assert refused == []
    assert ground(swapped) == ground(drawn("ABB/AAB"))
    same, refused = plan_draw.followed(drawn("AAC/ABC", units=units), ["C", "B", "", "", "", ""])
    assert [(hand.units, "pieces" in why) for hand, why in refused] == [(("U",), True)]
    assert ground(same) == ground(drawn("ABC/ABC"))
    assert plan_draw.followed(plan, [""] * 6) == (plan, [])


def test_a_plan_is_numbered_by_a_scheme_and_lawful_codes_are_kept():
    home = "420106001001"
    cells = pd.DataFrame(
        {"code": ["甲", home + "002", "乙"], "division_code": home, "name": ["桥头", "二", "乙"]}
    )
    plan = gis.plan.of(cells, town.shapes(town.draw("ABC")), scheme=plan_codes.UNIT_15)
    change = plan_draw.renumbered(plan)
    sound(plan, change)
    told = change.plan.cells[["code", "name"]].to_numpy().tolist()
    assert told == [[home + "002", "二"], [home + "003", "桥头"], [home + "004", home + "004"]]
    assert change.lineage.links["kind"].tolist() == ["recode", "recode"]
    assert change.plan.spent == {"甲", "乙"}
    with pytest.raises(BadInput, match="every code obeys the scheme unit_15 already"):
        plan_draw.renumbered(change.plan)


def test_neighbours_get_the_corners_of_a_new_border():
    plan = drawn("AA/BB")
    split = plan_edit.apply(plan, plan_edit.Split("A", line((1, 3), (1, 0.5)))).plan
    corner = np.array([town.at(1, 1).x, town.at(1, 1).y])
    assert (shapely.get_coordinates(split.shapes[split.at("B")]) == corner).all(axis=1).any()


def test_corners_that_a_neighbour_lacks_are_put_on_its_edge():
    plan = gis.plan.of(
        pd.DataFrame({"code": ["A", "B", "C"]}),
        np.array([town.box(0, 0, 1, 1), town.box(1, 0, 2, 0.3), town.box(1, 0.3, 2, 1)]),
    )
    assert shapely.coverage_is_valid(plan.shapes)
    assert shapely.get_num_coordinates(plan.shapes).tolist() == [6, 5, 5]


def test_names_and_codes():
    plan = drawn("AB")
    assert plan_edit.apply(plan, plan_edit.Rename("A", "桥头一格")).plan.cells["name"].tolist() == [
        "桥头一格",
        "B",
    ]
    recoded = plan_edit.apply(plan, plan_edit.Recode("A", "003"))
    assert (recoded.plan.codes.tolist(), recoded.plan.spent) == (["003", "B"], {"A"})
    assert recoded.lineage.links["kind"].tolist() == ["recode"]
    for code, why in (("B", "is or was the code"), ("x", "is not")):
        with pytest.raises(BadInput, match=why):
            plan_edit.apply(plan, plan_edit.Recode("A", code))
    with pytest.raises(BadInput, match="1 to 100 characters, not 0"):
        plan_edit.apply(plan, plan_edit.Rename("A", " "))


def test_ground_stays_in_its_community():
    plan = coverages.town(5)
    pairs = [(a, b) for a in range(6) for b in plan.beside(np.array([a])) if b > 5]
    one, other = (str(plan.codes[at]) for at in pairs[0])
    with pytest.raises(BadInput, match=f"{one} of 420106001001 and {other} of 420106001002"):
        plan_edit.apply(plan, plan_edit.Merge((one, other)))


def test_all_that_speaks_against_an_operation_is_said_at_once():
    plan = drawn("A.B")
    with pytest.raises(BadInput) as refused:
        plan_edit.apply(plan, plan_edit.Merge(("A", "B"), into="A"))
    assert refused.value.facts["faults"] == [
        "A and B do not lie side by side: they have no border in common"
    ]
    with pytest.raises(NotFound, match="plan '草案' has no cell 'Q'; it has A, B"):
        plan_edit.apply(plan, plan_edit.Rename("Q", "x"))


def test_published_plans_are_frozen_and_drafts_of_them_are_not():
    plan = gis.plan.turned(drawn("AB"), PlanState.PUBLISHED)
    with pytest.raises(Conflict, match="is published and stays as it is"):
        plan_edit.apply(plan, plan_edit.Rename("A", "x"))
    plan_edit.apply(gis.plan.draft_of(plan, "新"), plan_edit.Rename("A", "x"))
    retired = gis.plan.turned(plan, PlanState.RETIRED)
    with pytest.raises(Conflict, match="is retired; it cannot become published"):
        gis.plan.turned(retired, PlanState.PUBLISHED)


def test_counts_without_units_follow_the_ground():
    plan = drawn("AAAB", counts=pd.DataFrame({"households": [7, 2], "cases": [1, 1]}))
    change = plan_edit.apply(plan, plan_edit.Split("A", line((1, -1), (1, 2))))
    assert homes(change.plan) == {"001": 2, "A": 5, "B": 2}
    assert change.plan.counts["cases"].tolist() == [0, 1, 1]


def test_a_plan_of_nonsense_is_refused():
    cells = town.shapes(town.draw("AB"))
    for rows, why in (
        ({"code": ["A", None]}, "needs a code"),
        ({"code": ["A", "A"]}, "A is the code of 2 cells"),
        ({"code": ["A", "B"], "kind": ["basic", "micro"]}, "micro cells are a plan of their own"),
    ):
        with pytest.raises(BadInput, match=why):
            gis.plan.of(pd.DataFrame(rows), cells)
    with pytest.raises(BadInput, match="without an outline: B"):
        gis.plan.of(pd.DataFrame({"code": ["A", "B"]}), np.array([cells[0], None]))
    with pytest.raises(BadInput, match="need a column households; there are: people"):
        gis.plan.units_of(["b"], cells[:1], pd.DataFrame({"people": [1]}))
