"""指标: formulae, and what a zero denominator says."""

from __future__ import annotations

from pathlib import Path

import pytest

import gis.indicators
from gis.indicators import COUNTED, INDICATORS, By, Measure

FULL = {
    "reported": 40, "filed": 30, "to_handle": 20, "handled": 16, "reworked": 4, "to_close": 10,
    "closed": 9, "on_time": 6, "dispatches": 8, "right_first": 7, "timed": 4, "natural_hours": 30,
    "own_timed": 3, "own_hours": 7.5, "whistles": 2, "to_claim": 5, "claimed_on_time": 4,
    "to_arrive": 4, "arrived": 3, "to_finish": 3, "finished": 1, "rated": 2, "rating": 9,
}  # fmt: skip


def test_each_formula() -> None:
    assert gis.indicators.values(FULL, By.STREET) == {
        "filing": 0.75, "handling": 0.8, "closing": 0.9, "closing_on_time": 0.6,
        "right_dispatch": 0.875, "rework": 0.25, "natural_hours": 7.5, "own_hours": 2.5,
        "response": 0.8, "arrival": 0.75, "solution": 0.3333, "satisfaction": 4.5,
        "whistle_rate": 5.0,
    }  # fmt: skip
    assert set(COUNTED) == set(FULL)


@pytest.mark.parametrize("one", INDICATORS, ids=lambda one: one.key)
def test_a_zero_denominator_is_null_and_a_zero_numerator_is_zero(
    one: gis.indicators.Indicator,
) -> None:
    assert one.value({}) is None
    assert one.value({one.bottom: 0, one.top: 0}) is None
    if one.top != one.bottom:
        assert one.value({one.bottom: 3}) == 0


def test_a_case_is_reported_to_no_department() -> None:
    assert {one.key for one in INDICATORS} - {one.key for one in gis.indicators.of(By.DEPARTMENT)} == {
        "filing", "whistle_rate",
    }  # fmt: skip
    for by in (By.CELL, By.COMMUNITY, By.STREET):
        assert gis.indicators.of(by) == INDICATORS


def test_the_guide_has_every_formula_as_it_is() -> None:
    guide = (Path(__file__).parents[1] / "docs" / "indicators.md").read_text(encoding="utf-8")
    for one in INDICATORS:
        assert f"| {one.zh} `{one.key}` | {one.formula_zh} | {one.formula_en} |" in guide


def test_every_indicator_says_its_formula_in_both_languages() -> None:
    assert len({one.key for one in INDICATORS}) == len(INDICATORS)
    for one in INDICATORS:
        assert one.formula_zh.isascii() is False
        assert one.formula_en.isascii() or "÷" in one.formula_en
        if one.measure is Measure.SHARE:
            assert "÷" in one.formula_zh
    assert not any("person" in by or "worker" in by for by in By)
