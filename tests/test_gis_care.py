"""Who is due when, and in which order and on which way a day's stops are made."""

from __future__ import annotations

from datetime import date
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gis.care
import gis.way
from gis.terms_community import CareLevel, VisitFinding
from gis.way import Urgency

DAY = date(2026, 11, 22)
START = (114.0, 30.0)


@pytest.mark.parametrize(
    ("level", "finding", "next_on"),
    [
        ("high", "well", date(2026, 11, 29)),
        ("key", "well", date(2026, 12, 22)),
        ("general", "watch", date(2027, 2, 21)),
        ("general", "help", date(2026, 11, 23)),
        ("high", "away", date(2026, 11, 24)),
    ],
)
def test_the_level_and_what_was_found_say_when_again(
    level: str, finding: str, next_on: date
) -> None:
    assert gis.care.next_due(level, DAY, finding) == next_on


def test_every_level_has_its_days_and_nobody_is_visited_later_for_what_was_found() -> None:
    assert set(gis.care.EVERY) == set(CareLevel)
    for level in CareLevel:
        plain = gis.care.next_due(level, DAY, VisitFinding.WELL)
        assert all(gis.care.next_due(level, DAY, one) <= plain for one in VisitFinding)


def test_who_was_never_visited_is_due_from_the_day_he_came() -> None:
    told = gis.care.due_on(
        np.array(["high", "key"], object),
        np.array(["NaT", "2026-11-22"], "datetime64[D]"),
        np.array([None, "well"], object),
        begun=np.array(["2026-11-20", "2020-01-01"], "datetime64[D]"),
    )
    assert told.tolist() == [date(2026, 11, 27), date(2026, 12, 22)]


def test_urgency_is_told_by_the_day() -> None:
    days = [date(2026, 11, 21), DAY, date(2026, 11, 23)]
    assert [gis.way.urgency(one, DAY) for one in days] == [*Urgency]
    assert gis.way.urgency(None, DAY) is Urgency.LATER
    assert [one.rank for one in Urgency] == [0, 1, 2]


def test_the_urgent_go_first_then_the_near_and_the_unknown_last_of_their_class() -> None:
    lon = np.array([114.03, 114.01, np.nan, 114.02, 114.04])
    lat = np.full(5, 30.0)
    urgency = np.array([1, 1, 0, 1, 0])
    assert gis.way.order(lon, lat, urgency, start=START).tolist() == [4, 2, 0, 3, 1]
    assert gis.way.order(lon[:0], lat[:0], urgency[:0], start=START).tolist() == []


SPOTS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=0, max_size=6)


@given(SPOTS)
def test_a_way_meets_every_stop_once_and_is_at_most_half_longer_than_the_shortest(
    spots: list[tuple[int, int]],
) -> None:
    lon = np.array([114 + x / 1000 for x, _ in spots])
    lat = np.array([30 + y / 1000 for _, y in spots])
    way = gis.way.order(lon, lat, np.zeros(len(spots), np.int64), start=START)
    assert sorted(way.tolist()) == list(range(len(spots)))
    every = (np.array(one, np.int64) for one in permutations(range(len(spots))))
    shortest = min(gis.way.length_m(lon, lat, one, start=START) for one in every)
    assert gis.way.length_m(lon, lat, way, start=START) <= shortest * 1.5 + 0.1


def test_turning_a_stretch_round_makes_the_way_shorter() -> None:
    spots = np.random.default_rng(5).random((120, 2)) / 50
    lon, lat = 114 + spots[:, 0], 30 + spots[:, 1]
    way = gis.way.order(lon, lat, np.zeros(120, np.int64), start=START)
    between = gis.way._metres(lon, lat, START)
    nearest = gis.way._nearest_next(between)[1:] - 1
    greedy = gis.way.length_m(lon, lat, nearest, start=START)
    assert gis.way.length_m(lon, lat, way, start=START) < 0.95 * greedy
