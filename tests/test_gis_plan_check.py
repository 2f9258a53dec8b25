"""The check of a plan: planted faults are found, and what is proposed mends them."""

from __future__ import annotations

import coverages
import numpy as np
import pandas as pd
import pytest
import shapely
import town
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import gis.plan
from gis import plan_check, plan_edit, plan_ground
from gis.errors import BadInput, NotFound
from gis.plan import Communities, Plan
from gis.plan_edit import Give, Mend, Merge, Recode, Trim
from gis.plan_findings import Barriers, Finding, Limits
from gis.terms_plan import BarrierKind, FindingKind

SEEDS = st.integers(0, 2**32 - 1)
few = settings(max_examples=4, suppress_health_check=[HealthCheck.too_slow])
ANY = Limits(households={})


def of(
    shapes: dict[str, shapely.Geometry],
    homes: dict[str, shapely.Geometry] | None = None,
    **more: object,
) -> Plan:
    """A plan of cells whose community is the first letter of their code."""
    frame = pd.DataFrame({"code": list(shapes), "division_code": [code[0] for code in shapes]})
    if homes:
        outlines = np.array(list(homes.values()), dtype=object)
        more["communities"] = Communities(np.array(list(homes)), outlines)
    return gis.plan.of(frame, town.shapes(shapes), **more)


def found(plan: Plan, kind: FindingKind, limits: Limits = ANY, **more: object) -> list[Finding]:
    return [one for one in plan_check.check(plan, limits=limits, **more) if one.kind == kind]


def mended(plan: Plan, kind: FindingKind, limits: Limits = ANY, **more: object) -> Plan:
    """The plan after all repairs of a kind; none was refused and nothing is left to mend."""
    findings = found(plan, kind, limits, **more)
    assert findings
    better, refused = plan_check.mend(plan, findings)
    assert refused == []
    assert found(better, kind, limits, **more) == []
    return better


def m2(x: float, y: float) -> float:
    """The ground of a rectangle of the drawing, in squares, m²."""
    return float(plan_ground.area_m2(np.array([town.box(0, 0, x, y)]))[0])


def slit(rng: np.random.Generator, side: int) -> Plan:
    """Squares, each moved at one of its edges, so that there are gaps and overlaps; two sliver
    cells, a wrong code and an outline that crosses itself; two communities."""
    shapes = {}
    for x in range(side):
        for y in range(side):
            edges = np.array([x, y, x + 1, y + 1], dtype=float)
            edges[rng.integers(4)] += rng.uniform(-0.02, 0.02) * (x < side - 2)
            shapes[f"{'AB'[y % 2]}{x:02d}{y:02d}"] = town.box(*edges)
    for n in range(2):
        shapes[f"A9{n}"] = town.box(side + 0.0005 * n, 0, side + 0.0005 * (n + 1), 1)
    bow = [(-3, 0), (-2, 0), (-2, 1), (-3, 1), (-3, 0.5), (-3.001, 0.5), (-3, 0.5)]
    shapes["B999"] = shapely.Polygon([town.at(*spot) for spot in bow])
    return of(shapes)


def one_by_one(plan: Plan, findings: list[Finding]) -> tuple[Plan, list[tuple[Finding, str]]]:
    """Each repair applied to the whole plan: what `plan_check.mend` has to come to."""
    refused = []
    for one in findings:
        if one.repair is None:
            refused.append((one, "nothing is proposed"))
            continue
        try:
            plan = plan_edit.apply(plan, one.repair).plan
        except (BadInput, NotFound) as reason:
            refused.append((one, str(reason)))
    return plan, refused


def test_repairs_by_what_is_around_them_come_to_what_they_come_to_on_the_whole():
    plan = slit(np.random.default_rng(3), 5)
    findings = plan_check.check(plan, limits=ANY)
    kinds = {type(one.repair) for one in findings if one.repair}
    assert kinds >= {Give, Merge, Mend, Recode}
    whole, why_not = one_by_one(plan, findings)
    quick, refused = plan_check.mend(plan, findings)
    assert [one for one, _ in refused] == [one for one, _ in why_not]
    said = {(why, told) for (_, why), (_, told) in zip(refused, why_not, strict=True)}
    other = {why for why, told in said if why != told}
    assert all(why.startswith("there is no cell A9") for why in other)
    assert 0 < len(refused) < len(findings) / 2
    pd.testing.assert_frame_equal(quick.cells, whole.cells)
    assert plan_ground.same(quick.shapes, whole.shapes).all()
    assert quick.spent == whole.spent
    assert plan_check.mend(quick, [])[0] is quick


def test_a_sound_plan_has_no_findings():
    plan = of(
        {"A001": town.box(0, 0, 1, 1), "A002": town.box(1, 0, 2, 1)}, {"A": town.box(0, 0, 2, 1)}
    )
    assert plan_check.check(plan, limits=ANY) == []
    assert (
        plan_check.check(gis.plan.of(pd.DataFrame({"code": []}), np.empty(0, dtype=object))) == []
    )


def test_a_gap_in_a_community_is_filled_by_its_longest_neighbour():
    cells = {
        "A001": town.box(0, 0, 1, 1),
        "A002": town.box(1.2, 0, 2, 1),
        "A003": town.box(0, 1, 2, 2),
    }
    plan = of(cells, {"A": town.box(0, 0, 2, 2)})
    (gap,) = found(plan, FindingKind.GAP)
    assert (gap.cells, gap.unit, gap.repair.to) == (("A001",), "m²", "A001")
    assert gap.size == pytest.approx(m2(0.2, 1), rel=1e-3)
    assert town.LON + town.SIDE < gap.lon < town.LON + 1.2 * town.SIDE
    assert "of community A" in gap.sentence
    better = mended(plan, FindingKind.GAP)
    assert shapely.coverage_is_valid(better.shapes)
    assert plan_check.check(better, limits=ANY) == []


def test_gaps_between_cells_are_found_without_outlines_of_communities():
    ring = shapely.difference(town.box(0, 0, 3, 3), town.box(1, 1, 2, 2))
    hair = 1.0 / 111_000 / town.SIDE  # a slit of a metre, open to the outside
    plan = of({"A001": ring, "A002": town.box(3 + hair, 0, 4, 3)})
    hole, slit = found(plan, FindingKind.GAP)
    assert hole.size == pytest.approx(m2(1, 1), rel=1e-3)
    assert slit.size == pytest.approx(m2(hair, 3), rel=0.02)
    better = mended(plan, FindingKind.GAP)
    assert shapely.union_all(better.shapes).geom_type == "Polygon"


def test_an_overlap_is_given_to_the_longer_border():
    cells = {
        "A001": town.box(0, 0, 1.1, 1),
        "A002": town.box(1, 0, 2, 1),
        "A003": town.box(0, 1, 2, 2),
    }
    plan = of(cells, {"A": town.box(0, 0, 2, 2)})
    (overlap,) = found(plan, FindingKind.OVERLAP)
    assert overlap.cells == ("A001", "A002")
    assert overlap.size == pytest.approx(m2(0.1, 1), rel=1e-3)
    assert overlap.sentence.startswith(f"{overlap.size:.1f} m² belong to A001 and to A002; give")
    assert plan_check.check(mended(plan, FindingKind.OVERLAP), limits=ANY) == []


def test_pieces_and_slivers_go_to_their_longest_neighbour():
    hair = 1.0 / 111_000 / town.SIDE
    cells = {
        "A001": shapely.union_all([town.box(0, 0, 1, 1), town.box(2, 0, 2.5, 1)]),
        "A002": town.box(1, 0, 2, 1),
        "A003": town.box(2.5, 0, 3, 1),
        "A004": town.box(3, 0, 3 + hair, 1),
    }
    plan = of(cells, {"A": town.box(0, 0, 3 + hair, 1)})
    (piece,) = found(plan, FindingKind.APART)
    assert (piece.cells, piece.size) == (("A001",), pytest.approx(m2(0.5, 1), rel=1e-3))
    (sliver,) = found(plan, FindingKind.SLIVER)
    assert (sliver.cells, sliver.repair) == (("A004",), Merge(("A003", "A004"), into="A003"))
    assert sliver.size == pytest.approx(1, rel=0.2)
    better = mended(mended(plan, FindingKind.APART), FindingKind.SLIVER)
    assert plan_check.check(better, limits=ANY) == []


def test_ground_beyond_the_community_is_given_back_or_cut_off():
    cells = {"A001": town.box(-0.1, 0, 1.2, 1), "B001": town.box(1.2, 0, 2, 1)}
    plan = of(cells, {"A": town.box(0, 0, 1, 1), "B": town.box(1, 0, 2, 1)})
    inner, outer = found(plan, FindingKind.BEYOND)
    assert (inner.repair.to, "in B" in inner.sentence) == ("B001", True)
    assert (type(outer.repair), "in none" in outer.sentence) == (Trim, True)
    assert plan_check.check(mended(plan, FindingKind.BEYOND), limits=ANY) == []


def test_cells_of_no_community_are_told():
    plan = of(
        {"A001": town.box(0, 0, 1, 1), "B001": town.box(1, 0, 2, 1)}, {"A": town.box(0, 0, 1, 1)}
    )
    (stranger,) = found(plan, FindingKind.COMMUNITY)
    assert stranger.sentence == "cell B001 belongs to B, which this plan does not know"
    assert stranger.repair is None


def test_an_outline_that_crosses_itself_is_mended():
    spiked = shapely.Polygon(
        [(114, 30), (114.01, 30), (114.01, 30.01), (114.01, 30.02), (114.01, 30.01), (114, 30.01)]
    )
    bow = shapely.Polygon([(115, 30), (115.01, 30.01), (115.01, 30), (115, 30.01)])
    plan = of({"A001": spiked, "B001": bow})
    broken = found(plan, FindingKind.INVALID)
    assert {one.cells for one in broken} == {("A001",), ("B001",)}
    better, refused = plan_check.mend(plan, broken)
    assert [(one.cells, "cannot be mended" in why) for one, why in refused] == [(("B001",), True)]
    assert shapely.is_valid(better.shapes).tolist() == [True, False]


def test_a_building_that_is_cut_goes_to_the_cell_of_its_place():
    shapes = np.array([town.box(0.7, 0.4, 1.1, 0.6), town.box(0.1, 0.1, 0.2, 0.2)])
    units = gis.plan.units_of(["b1", "b2"], shapes, pd.DataFrame({"households": [9, 1]}))
    plan = of({"A001": town.box(0, 0, 1, 1), "A002": town.box(1, 0, 2, 1)}, units=units)
    (cut,) = found(plan, FindingKind.BUILDING_CUT)
    assert cut.cells == ("A001", "A002")
    assert cut.sentence == "25% of b1 lie outside of its cell A001"
    assert cut.size == pytest.approx(m2(0.1, 0.2), rel=1e-2)
    assert shapely.covers(mended(plan, FindingKind.BUILDING_CUT).shapes[0], shapes).all()


def test_households_out_of_range_and_the_merge_that_helps():
    boxes = {f"A00{n}": town.box(n, 0, n + 1, 1) for n in range(1, 5)}
    counts = pd.DataFrame({"households": [120, 250, 400, 900]})
    plan = of(boxes, counts=counts)
    few_, less, much = sorted(
        found(plan, FindingKind.HOUSEHOLDS, Limits()), key=lambda one: one.cells
    )
    assert few_.repair == Merge(("A001", "A002"))
    assert few_.sentence == (
        "cell A001 has 120 households; basic cells have 300 to 500; with A002 it would have 370"
    )
    assert less.repair in (Merge(("A002", "A001")), None)
    assert (much.size, much.unit, much.repair) == (400, "households", None)
    assert found(plan, FindingKind.HOUSEHOLDS, Limits(households={"basic": (100, 900)})) == []


def test_a_cell_across_a_river_loses_the_smaller_side():
    spots = {(0.2, 0.5): 50, (0.8, 0.5): 10, (1.5, 0.5): 30}
    places = np.array([town.at(*spot) for spot in spots])
    units = gis.plan.units_of(["a", "b", "c"], places, pd.DataFrame({"households": spots.values()}))
    plan = of({"A001": town.box(0, 0, 1, 1), "A002": town.box(1, 0, 2, 1)}, units=units)
    river = Barriers(
        np.array([shapely.LineString([town.at(0.6, -1), town.at(0.6, 2)])]),
        (BarrierKind.RIVER,),
        ("汉江",),
    )
    (crossing,) = found(plan, FindingKind.BARRIER, barriers=river)
    assert crossing.sentence == "cell A001 crosses the river 汉江: 10 households live beyond it"
    assert (crossing.unit, type(crossing.repair), crossing.repair.to) == ("m", Give, "A002")
    better = mended(plan, FindingKind.BARRIER, barriers=river)
    assert better.counts["households"].tolist() == [50, 40]
    with pytest.raises(BadInput, match="a line, a kind and a name"):
        Barriers(river.lines, (), ())


def test_codes_are_checked_and_better_ones_proposed():
    codes = ["420106001001001", "420106001001900", "420106001001002"]
    cells = pd.DataFrame({"code": codes, "division_code": "420106001001"})
    plan = gis.plan.of(cells, town.shapes(town.draw("ABC")))
    (wrong,) = found(plan, FindingKind.CODE)
    assert wrong.sentence == (
        "the code 420106001001900 ends in 900, while basic cells take 001 to 800"
    )
    assert wrong.repair == Recode("420106001001900", "420106001001003")
    assert mended(plan, FindingKind.CODE).codes[-1] == "420106001001003"
    school = plan.cells.assign(kind=["basic", "dedicated", "basic"])
    full = gis.plan.of(
        school, plan.shapes, spent=frozenset(f"420106001001{n}" for n in range(800, 1000))
    )
    assert {one.cells[0]: one.repair for one in found(full, FindingKind.CODE)} == {
        codes[1]: Recode(codes[1], "420106001001003"),
        codes[2]: None,  # dedicated, and of 801 to 999 none is left
    }


def test_all_slits_and_overlaps_are_snapped_at_once():
    hair = 0.4 / 111_000 / town.SIDE
    cells = {
        "A001": town.box(0, 0, 1 + hair, 1),
        "A002": town.box(1, 0, 2, 1),
        "A003": shapely.difference(town.box(0, 1, 2, 2), town.box(0.2, 1, 0.9, 1 + hair)),
        "A004": town.box(0, 2, 2, 3),
    }
    plan = of(cells, {"A": town.box(0, 0, 2, 3)})
    assert {one.kind for one in plan_check.check(plan, limits=ANY)} == {"gap", "overlap"}
    change = plan_edit.apply(plan, plan_edit.Snap(0.5))
    assert plan_check.check(change.plan, limits=ANY) == []
    assert change.lineage.old == {"A002", "A003"}
    for width, why in ((0.5, "the cells fit: no gap is 0.5 m"), (100, "up to 20 m are closed")):
        with pytest.raises(BadInput, match=why):
            plan_edit.apply(change.plan, plan_edit.Snap(width))


@few
@given(SEEDS)
def test_planted_gaps_and_overlaps_are_found_with_their_size_and_mended(seed):
    rng = np.random.default_rng(seed)
    plan = coverages.town(seed, buildings=0)
    at, other = rng.choice(6, 1)[0], 6 + rng.choice(6, 1)[0]
    hole = shapely.buffer(shapely.point_on_surface(plan.shapes[at]), 2e-4, quad_segs=3)
    patch = shapely.intersection(
        shapely.buffer(plan.shapes[other], 1e-4), plan.communities.shapes[1]
    )
    shapes = plan.shapes.copy()
    shapes[at], shapes[other] = shapely.difference(shapes[at], hole), patch
    ill = gis.plan.of(plan.cells, shapes, communities=plan.communities)
    taken = plan_ground.area_m2(shapely.intersection(patch, plan.shapes)).sum()
    (gap,) = found(ill, FindingKind.GAP)
    assert gap.size == pytest.approx(
        plan_ground.area_m2(np.array([shapely.intersection(hole, plan.shapes[at])]))[0], abs=0.1
    )
    overlaps = found(ill, FindingKind.OVERLAP)
    assert sum(one.size for one in overlaps) >= taken - plan.areas_m2[other] - 1
    better, refused = plan_check.mend(ill, plan_check.check(ill, limits=ANY))
    assert [(one.kind, why) for one, why in refused if "pieces" not in why] == []
    left = {one.kind for one in plan_check.check(better, limits=ANY)}
    assert left <= ({FindingKind.OVERLAP, FindingKind.APART} if refused else set())
