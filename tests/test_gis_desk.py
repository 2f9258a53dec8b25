"""Shapes as the desk reads them, and the numbers it may tell."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

import gis.desk
import gis.desk_clock
from gis.calendar import Calendar
from gis.clock import Run
from gis.desk import Circle
from gis.errors import BadInput
from gis.terms import Clock

CALENDAR = Calendar("Asia/Shanghai")
MONDAY = datetime(2026, 11, 23, 0, tzinfo=UTC)  # 08:00 local


@given(st.floats(-170, 170), st.floats(-80, 80), st.floats(20, 50_000))
def test_a_circle_has_the_ground_of_its_radius_anywhere(lon: float, lat: float, m: float) -> None:
    drawn = gis.desk.circle(Circle(lon, lat, m))
    assert gis.desk.area_m2(drawn) == pytest.approx(np.pi * m**2, rel=0.001)


@pytest.mark.parametrize("lat", [0.0, 30.0, 60.0])
def test_a_corridor_is_as_wide_as_told(lat: float) -> None:
    told = {"type": "LineString", "coordinates": [[114, lat], [114.05, lat], [114.05, lat + 0.02]]}
    road = gis.desk.line(told)
    narrow, wide = (gis.desk.area_m2(gis.desk.corridor(road, m)) for m in (100, 200))
    m_per_deg = 111_319.49
    length = 0.05 * m_per_deg * np.cos(np.radians(lat)) + 0.02 * 110_574
    assert narrow == pytest.approx(100 * length, rel=0.02)
    assert wide == pytest.approx(2 * narrow, rel=0.03)


@pytest.mark.parametrize("metres", [1, 50, 2000])
def test_a_line_that_runs_over_itself_all_over_is_refused_before_it_costs(metres: int) -> None:
    zigzag = [[114 + 0.4 * (n % 2), 30 + n * 5e-5] for n in range(4999)]
    everywhere = np.random.default_rng(1).uniform((114, 30), (114.4, 30.3), (4999, 2)).tolist()
    for course in (zigzag, everywhere):
        road = gis.desk.line({"type": "LineString", "coordinates": course})
        with pytest.raises(BadInput, match=r"runs back over itself|crosses itself"):
            gis.desk.corridor(road, metres)


def test_a_winding_road_has_a_sound_corridor() -> None:
    winding = [[114 + 5e-5 * n, 30 + 0.01 * np.sin(n / 300)] for n in range(4999)]
    road = gis.desk.line({"type": "LineString", "coordinates": winding})
    corridor = gis.desk.corridor(road, 2000)
    assert corridor.is_valid
    assert corridor.covers(road)


@pytest.mark.parametrize(("lon", "lat"), [(180.0, 30.0), (-179.9, 30.0), (10.0, 90.0)])
def test_a_circle_over_the_date_line_or_a_pole_is_not_the_whole_earth(
    lon: float, lat: float
) -> None:
    with pytest.raises(BadInput):
        gis.desk.circle(Circle(lon, lat, 50_000))
    band = [[-179.9, 30], [179.9, 30], [179.9, 30.5], [-179.9, 30.5], [-179.9, 30]]
    with pytest.raises(BadInput, match="degrees wide"):
        gis.desk.polygon({"type": "Polygon", "coordinates": [band]})


def test_a_bow_tie_is_refused_and_a_spike_mended() -> None:
    spike = [[0, 0], [1, 0], [1, 1], [2, 2], [1, 1], [0, 1], [0, 0]]
    mended = gis.desk.polygon({"type": "Polygon", "coordinates": [spike]})
    assert mended.equals(shapely.box(0, 0, 1, 1))
    bow = [[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]
    with pytest.raises(BadInput, match="ambiguous"):
        gis.desk.polygon({"type": "Polygon", "coordinates": [bow]})


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"type": "Polygon"},
        {"type": "Polygon", "coordinates": []},
        {"type": "Polygon", "coordinates": [[]]},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]},
        {"type": "Polygon", "coordinates": [[[0, None], [1, 1], [1, 0], [0, 0]]]},
        {"type": "Polygon", "coordinates": [[0, 1], [1, 1]]},
        {"type": "Polygon", "coordinates": {"a": 1}},
        {"type": "MultiPolygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 0]]]},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, float("nan")], [1, 0], [0, 0]]]},
        {"type": "Polygon", "coordinates": [[[0, 0], [10**400, 1], [1, 0], [0, 0]]]},
        {"type": "Polygon", "coordinates": [[[0, 0], [200, 1], [1, 0], [0, 0]]]},
        {"type": "GeometryCollection", "geometries": []},
    ],
)
def test_no_shape_no_answer(told: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        gis.desk.polygon(told)


@given(st.integers(0, 10_000))
def test_a_rounded_number_is_near_and_tells_nothing_of_a_few(count: int) -> None:
    told = gis.desk.rounded(count)
    assert (told is None) == (count < 5)
    assert told is None or (told % 5 == 0 and abs(told - count) <= 2)


def test_bars_of_many_clocks_are_those_of_each() -> None:
    runs = [
        Run(MONDAY, 4, Clock.WORK_HOUR),
        Run(MONDAY, 2, Clock.WORK_DAY, extensions=1),
        Run(MONDAY - timedelta(days=3), 1, Clock.URGENT_HOUR),
        Run(MONDAY, 4, Clock.WORK_HOUR, pauses=((MONDAY + timedelta(hours=1), None),)),
        Run(MONDAY, 4, Clock.WORK_HOUR,
            pauses=((MONDAY + timedelta(hours=1), MONDAY + timedelta(hours=2)),)),
    ]  # fmt: skip
    now = MONDAY + timedelta(hours=3)
    rows = [
        {"state": "handling", "stage_due_at": None, "clock": {"handling": run.as_json()}}
        for run in runs
    ]
    found = gis.desk_clock.bars(rows, CALENDAR, now=now)
    for run, bar in zip(runs, found, strict=True):
        used, left = run.elapsed(CALENDAR, now), run.remaining(CALENDAR, now)
        assert bar.share == round(used / (used + left), 4)
        assert (bar.clock, bar.started_at) == ("handling", run.started_at)
    assert [bar.share for bar in found][:2] == [0.75, round(3 / 32, 4)]
    assert [bar.stands for bar in found] == [False, False, False, True, False]
    assert found[2].share is not None
    assert found[2].share > 70
    stage = {"state": "feedback", "stage_due_at": now + timedelta(minutes=6), "clock": None}
    none = {"state": "handling", "stage_due_at": None, "clock": None}
    told = gis.desk_clock.bars([stage, none], CALENDAR, now=now)
    assert (told[0].clock, told[0].share, told[1].share) == ("inspect", 0.8, None)
    assert gis.desk_clock.bars([], CALENDAR, now=now) == []
