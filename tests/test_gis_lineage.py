"""沿革: shares, heirs, and counts that stay comparable."""

from __future__ import annotations

from dataclasses import replace

import coverages
import numpy as np
import pandas as pd
import pytest
import town
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gis import lineage, plan_ground
from gis.errors import BadInput
from gis.lineage import Lineage

SEEDS = st.integers(0, 2**32 - 1)
few = settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow])


def side(text: str) -> tuple[np.ndarray, np.ndarray]:
    cells = town.draw(text)
    return np.array(list(cells)), plan_ground.on_grid(town.shapes(cells))


def between(old: str, new: str, homes: dict[tuple[str, str], int] | None = None, **more) -> Lineage:
    """The lineage of two drawings; households by (cell before, cell after)."""
    if homes is not None:
        rows = [(one, other, count) for (one, other), count in homes.items()]
        more["units"] = pd.DataFrame(rows, columns=["before", "after", "households"])
    return lineage.between(side(old), side(new), **more)


def told(one: Lineage) -> dict[tuple[str, str], tuple[float, float, str]]:
    """Links as (share of households, share of ground, kind), rounded."""
    return {
        (row.parent, row.child): (
            round(row.households_share, 4),
            round(row.area_share, 3),
            row.kind,
        )
        for row in one.links.itertuples()
    }


def random_lineage(seed: int, old: int = 8, new: int = 7) -> Lineage:
    """The lineage between two coverages that have nothing to do with each other."""
    rng = np.random.default_rng(seed)
    frame = coverages.shapely.box(0, 0, 1000, 1000)
    one, other = (coverages.fields(rng, n, frame) for n in (old, new))
    return lineage.between(
        (np.array([f"a{n}" for n in range(old)]), one),
        (np.array([f"b{n}" for n in range(new)]), other),
        households=rng.integers(0, 500, old),
    )


def test_a_split_a_merge_and_what_stays():
    found = between(
        "AABC/AABC", "ADBB/ADBB", {("A", "A"): 30, ("A", "D"): 10, ("B", "B"): 5, ("C", "B"): 5}
    )
    assert told(found) == {
        ("A", "A"): (0.75, 0.5, "keep"),
        ("A", "D"): (0.25, 0.5, "split"),
        ("B", "B"): (1.0, 1.0, "keep"),
        ("C", "B"): (1.0, 1.0, "merge"),
    }
    assert lineage.heirs(found) == {"A": "A", "B": "B"}


def test_ground_handed_over_left_and_new_codes():
    assert told(between("AAB", "ABB", households=[6, 3])) == {
        ("A", "A"): (0.5, 0.5, "keep"),
        ("A", "B"): (0.5, 0.5, "adjust"),
        ("B", "B"): (1.0, 1.0, "keep"),
    }
    assert told(between("AB", "X.")) == {
        ("A", "X"): (1.0, 1.0, "recode"),
        ("B", ""): (1.0, 1.0, "leave"),
    }
    grown = between("A.", "AB")
    assert grown.born == ["B"]


def test_who_has_most_households_is_the_heir_not_who_has_most_ground():
    found = between("AAA", "XYY", {("A", "X"): 40, ("A", "Y"): 10})
    assert lineage.heirs(found) == {"A": "X"}
    assert lineage.heirs(between("AAA", "XYY")) == {"A": "Y"}


@few
@given(SEEDS)
def test_shares_sum_to_one_forth_and_back_and_heirs_are_one_to_one(seed):
    found = random_lineage(seed)
    for one in (found, found.back()):
        shares = one.links.groupby("parent")[["households_share", "area_share"]].sum()
        assert shares.to_numpy() == pytest.approx(1)
        assert set(shares.index) == one.old
    heirs = lineage.heirs(found)
    assert len(set(heirs.values())) == len(heirs)


@few
@given(SEEDS, st.sampled_from(["households", "area"]))
def test_totals_are_kept_exactly_by_whole_numbers_and_nearly_by_others(seed, weight):
    found = random_lineage(seed)
    rng = np.random.default_rng(seed)
    counts = pd.DataFrame(
        {"cases": rng.integers(0, 50, 8), "hours": rng.uniform(0, 9, 8)}, index=sorted(found.old)
    )
    recounted = lineage.recount(found, counts, weight=weight)
    assert recounted["cases"].dtype.kind == "i"
    assert (recounted["cases"] >= 0).all()
    assert recounted["cases"].sum() == counts["cases"].sum()
    assert recounted["hours"].sum() == pytest.approx(counts["hours"].sum())
    assert list(recounted.index) == sorted(found.new)


def test_largest_remainders_say_where_the_odd_one_goes():
    found = between("AAA", "XYZ")
    counts = pd.DataFrame({"cases": [4]}, index=["A"])
    assert lineage.recount(found, counts, weight="area")["cases"].to_dict() == {
        "X": 2,
        "Y": 1,
        "Z": 1,
    }


def test_counts_of_what_no_cell_holds_are_kept_too():
    counts = pd.DataFrame({"cases": [3, 5]}, index=["A", "B"])
    assert lineage.recount(between("AB", "X."), counts)["cases"].to_dict() == {"": 5, "X": 3}


def test_counts_of_strangers_are_refused():
    with pytest.raises(BadInput, match="no lineage begins with Q"):
        lineage.recount(between("AB", "XX"), pd.DataFrame({"cases": [1]}, index=["Q"]))


def test_a_chain_multiplies_shares():
    whole = lineage.chain(
        [between("AA", "AB", households=[8]), between("AB", "CC", households=[4, 4])]
    )
    assert told(whole) == {("A", "C"): (1.0, 1.0, "recode")}
    halves = lineage.chain(
        [between("AAAA", "XXYY", households=[8]), between("XXYY", "XZYY", households=[4, 4])]
    )
    assert told(halves) == {
        ("A", "X"): (0.25, 0.25, "split"),
        ("A", "Y"): (0.5, 0.5, "split"),
        ("A", "Z"): (0.25, 0.25, "split"),
    }


@few
@given(SEEDS)
def test_a_chain_keeps_shares_and_people(seed):
    first = random_lineage(seed)
    rng = np.random.default_rng(seed)
    frame = coverages.shapely.box(0, 0, 1000, 1000)
    middle = coverages.fields(np.random.default_rng(seed + 1), 7, frame)
    last = coverages.fields(rng, 4, frame)
    second = lineage.between(
        (np.array([f"b{n}" for n in range(7)]), middle), (np.array(list("wxyz")), last)
    )
    whole = lineage.chain([first, second])
    shares = whole.links.groupby("parent")[["households_share", "area_share"]].sum()
    assert shares.to_numpy() == pytest.approx(1)
    assert whole.links["households"].sum() == pytest.approx(first.links["households"].sum())


def test_a_chain_must_hang_together():
    with pytest.raises(BadInput, match="do not follow each other: Y is a cell of one"):
        lineage.chain([between("AA", "XY"), between("XX", "AB")])


def partial(one: Lineage, *others: str) -> Lineage:
    """The same, and cells `others` that it did not touch."""
    return replace(one, old=one.old | set(others), new=one.new | set(others))


def test_what_was_not_touched_goes_on_with_the_numbers_of_the_day_it_was():
    first = partial(between("AA", "AX", {("A", "A"): 6, ("A", "X"): 2}), "B", "C")
    second = partial(between("XB", "BB", {("X", "B"): 3, ("B", "B"): 9}), "A", "C")
    assert first.born == []
    whole = lineage.chain([first, second])
    assert told(whole) == {
        ("A", "A"): (0.75, 0.5, "keep"),
        ("A", "B"): (0.25, 0.5, "adjust"),
        ("B", "B"): (1.0, 1.0, "keep"),
    }
    back = lineage.chain([second.back(), first.back()])
    assert {key: share for key, (share, *_) in told(back).items()} == {
        ("A", "A"): 1.0,
        ("B", "A"): 0.25,  # of the twelve households at the merger three came from X
        ("B", "B"): 0.75,
    }
    counts = pd.DataFrame({"visits": [8, 4, 5]}, index=["A", "B", "C"])
    now = lineage.recount(lineage.along([first, second], old="ABC", new="ABC"), counts)
    assert now["visits"].to_dict() == {"A": 6, "B": 6, "C": 5}
    assert lineage.recount(back, now)["visits"].to_dict() == {"A": 8, "B": 4, "C": 5}


def test_along_no_lineage_codes_are_what_they_are_and_what_ended_is_nowhere():
    whole = lineage.along([], old="AB", new="AC")
    counts = pd.DataFrame({"visits": [8, 4]}, index=["A", "B"])
    assert lineage.recount(whole, counts)["visits"].to_dict() == {"": 4, "A": 8, "C": 0}
    gone = lineage.along([between("AB", "XX")], old="AB", new="Y")  # X ended by itself meanwhile
    assert lineage.recount(gone, counts)["visits"].to_dict() == {"": 12, "Y": 0}


def test_what_came_from_no_cell_goes_back_to_none():
    back = between("A.", "AB").back()
    counts = pd.DataFrame({"visits": [8, 4]}, index=["A", "B"])
    assert lineage.recount(back, counts)["visits"].to_dict() == {"": 4, "A": 8}
