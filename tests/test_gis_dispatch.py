"""Who goes where: the least sum, nobody beyond his limits, a reason for everything, two dials."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import lognorm, norm

import bench._day
import bench.dispatch
import gis.dispatch
import gis.dispatch_pairs
import gis.dispatch_solve
import gis.dispatch_times
import gis.roads
from bench._day import CELLS, World
from gis.dispatch_pairs import NOWHERE, PARTS, Barrier, Cases, Responders, Rules, Travel
from gis.dispatch_solve import Arcs
from gis.errors import BadInput

HOUR = 3_600.0
PLAIN = Rules(own_cell=0, fairness=0, waiting=0, late=0, crowd=0)
"""Walking alone counts."""


def look(cases, responders, seconds, rules=PLAIN, now_s=0.0):
    travel = seconds if isinstance(seconds, Travel) else Travel.every(seconds)
    return gis.dispatch_pairs.consider(cases, responders, travel, now_s=now_s, rules=rules)


def decide(cases, responders, seconds, rules=PLAIN, now_s=0.0):
    return gis.dispatch.decide(look(cases, responders, seconds, rules, now_s))


def some(count, kind=Cases, **columns):
    return kind.at(np.zeros((count, 2)), **columns)


def people(count, **columns):
    return some(count, Responders, **columns)


# The least sum


@st.composite
def arcs(draw, room=1):
    rows, columns = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    pairs = [one for one in product(range(rows), range(columns)) if draw(st.booleans())]
    row, column = np.array(pairs, dtype=int).reshape(-1, 2).T
    cost = st.integers(0, 50)
    steps = np.cumsum([[draw(cost) * (room > 1) for _ in range(room)] for _ in range(columns)], 1)
    return Arcs(
        row, column, np.array([draw(cost) for _ in pairs], dtype=np.int64),
        np.array([draw(cost) for _ in range(rows)], dtype=np.int64), steps,
        np.array([draw(st.integers(0, room)) if room > 1 else 1 for _ in range(columns)]),
    )  # fmt: skip


def least(arcs):
    """By trying everything."""
    pairs = [[-1, *np.flatnonzero(arcs.row == row)] for row in range(len(arcs.leave))]
    sums = []
    for taken in map(np.array, product(*pairs)):
        counts = np.bincount(arcs.column[taken[taken >= 0]], minlength=len(arcs.room))
        if (counts <= arcs.room).all():
            sums.append(gis.dispatch_solve.total(arcs, taken))
    return min(sums)


@given(arcs())
def test_both_solvers_find_the_least_sum(arcs):
    for solve in (gis.dispatch_solve.dense, gis.dispatch_solve.flow):
        taken = solve(arcs)
        assert (arcs.row[taken[taken >= 0]] == np.flatnonzero(taken >= 0)).all()
        assert np.bincount(arcs.column[taken[taken >= 0]], minlength=1).max() <= 1
        assert gis.dispatch_solve.total(arcs, taken) == least(arcs)


@given(arcs(room=3))
def test_the_flow_finds_the_least_sum_where_columns_have_room(arcs):
    taken = gis.dispatch_solve.solve(arcs)
    counts = np.bincount(arcs.column[taken[taken >= 0]], minlength=len(arcs.room))
    assert (counts <= arcs.room).all()
    assert gis.dispatch_solve.total(arcs, taken) == least(arcs)


def test_a_large_assignment_goes_by_flow_to_the_same_sum(monkeypatch):
    choices = crowd(3, cases=40, responders=12)
    arcs, _, _ = gis.dispatch.by_place(choices)
    by_matrix = gis.dispatch_solve.solve(arcs)
    monkeypatch.setattr(gis.dispatch_solve, "DENSE_MOST", 0)
    by_flow = gis.dispatch_solve.solve(arcs)
    assert gis.dispatch_solve.total(arcs, by_flow) == gis.dispatch_solve.total(arcs, by_matrix)


def crowd(seed, *, cases=12, responders=5, rules=None):
    """An invented hour with everything in it."""
    chance = np.random.default_rng(seed)
    return look(
        some(
            cases, urgency=chance.choice([1, 3], cases), due_s=chance.uniform(0, HOUR, cases),
            handling_s=chance.integers(5, 30, cases) * 60.0, skill=chance.integers(0, 4, cases),
            cell=chance.integers(-1, responders, cases),
        ),
        people(
            responders, free_s=chance.choice([0, 600, 1_500], responders), vague_s=200.0,
            until_s=chance.choice([HOUR, np.inf], responders), room=chance.integers(0, 4, responders),
            load_s=chance.uniform(0, 4 * HOUR, responders), skill=chance.integers(0, 4, responders),
            seen_s=chance.choice([0, -HOUR], responders, p=[0.8, 0.2]),
            own=np.column_stack([np.arange(responders)] * 2),
        ),
        chance.uniform(60, 1_500, (responders, cases)),
        rules or Rules(range_s=1_200),
    )  # fmt: skip


@given(st.integers(0, 10_000), st.booleans())
def test_nobody_is_sent_beyond_his_limits_and_nobody_is_left_without_a_reason(seed, in_bulk):
    choices = crowd(seed)
    found = (gis.dispatch.decide_in_bulk if in_bulk else gis.dispatch.decide)(choices)
    cases, all_of_them = choices.cases, choices.responders
    went = found.responder != NOWHERE
    who = found.responder[went]
    assert (np.bincount(who, minlength=5) <= all_of_them.room).all()
    assert (cases.skill[went] & ~all_of_them.skill[who] == 0).all()
    assert (found.arrival_s[went] + cases.handling_s[went] <= all_of_them.until_s[who]).all()
    assert (all_of_them.seen_s[who] == 0).all()
    assert (found.travel_s[went] <= 1_200).all()
    for one in set(who.tolist()):
        assert sorted(found.turn[found.responder == one]) == list(range((who == one).sum()))
    for case in range(len(cases)):
        assert (found.why_not(case) is None) == bool(went[case])
        assert set(found.cost(case)) == (set(PARTS) if went[case] else set())
    assert np.isfinite(found.parts[went]).all()


def test_the_same_question_gets_the_same_answer():
    one, other = (gis.dispatch.decide(crowd(7)) for _ in range(2))
    assert (one.responder == other.responder).all()
    assert (one.turn == other.turn).all()


def test_nobody_and_nothing():
    assert len(decide(some(0), people(2), np.zeros((2, 0))).responder) == 0
    alone = decide(some(2), people(0), np.zeros((0, 2)))
    assert [alone.why_not(case) for case in range(2)] == [Barrier.NOBODY] * 2
    nobody = look(some(2), people(0), np.zeros((0, 2)))
    assert gis.dispatch.decide_in_bulk(nobody).responder.tolist() == [NOWHERE] * 2


# Why not


@pytest.mark.parametrize(
    ("case", "responder", "seconds", "barrier"),
    [
        ({}, {"from_s": 2_000.0}, 60, Barrier.OFF_DUTY),
        ({}, {"until_s": 1_000.0}, 60, Barrier.OFF_DUTY),
        ({}, {"seen_s": -801.0}, 60, Barrier.POSITION_TOO_OLD),
        ({}, {"seen_s": np.nan}, 60, Barrier.POSITION_TOO_OLD),
        ({}, {"room": 0}, 60, Barrier.AT_CAPACITY),
        ({"skill": 5}, {"skill": 4}, 60, Barrier.SKILL_MISSING),
        ({}, {}, np.nan, Barrier.PLACE_UNKNOWN),
        ({}, {}, 3_601, Barrier.OUT_OF_RANGE),
        ({"handling_s": 600.0}, {"until_s": 1_659.0}, 60, Barrier.SHIFT_ENDS),
        ({"handling_s": 600.0}, {"free_s": 1_400.0, "until_s": 2_000.0}, 60, Barrier.SHIFT_ENDS),
    ],
)
def test_each_barrier_bars_and_is_named(case, responder, seconds, barrier):
    choices = look(some(1, **case), people(1, **responder), [[seconds]], now_s=1_000.0)
    found = gis.dispatch.decide(choices)
    assert found.why_not(0) is barrier
    assert choices.why(0) == [(0, barrier, {})]
    assert gis.dispatch.decide_in_bulk(choices).why_not(0) is barrier


@pytest.mark.parametrize(
    ("case", "responder", "seconds"),
    [
        ({}, {"from_s": 1_000.0, "until_s": 2_260.0}, 60),
        ({}, {"seen_s": -800.0}, 60),
        ({"skill": 4}, {"skill": 5, "room": 1}, 3_600),
    ],
)
def test_at_the_limit_is_within_it(case, responder, seconds):
    assert decide(some(1, **case), people(1, **responder), [[seconds]], now_s=1_000.0).turn == [0]


def test_a_case_that_finds_no_place_is_outbid_by_a_more_urgent_one():
    found = decide(some(2, urgency=[1, 3]), people(1, room=1), [[60, 600]])
    assert found.responder.tolist() == [NOWHERE, 0]
    assert found.why_not(0) is Barrier.OUTBID


def test_the_reason_for_a_case_is_that_of_the_nearest():
    found = decide(some(1), people(2, room=[0, 3], skill=[0, 0]), [[60], [4_000]])
    assert found.why_not(0) is Barrier.AT_CAPACITY


def test_why_lists_everybody_the_cheapest_first():
    choices = look(some(1, cell=1), people(3, room=[3, 3, 0], own=[(1, 1)]), [[60], [90], [10]],
                   replace(PLAIN, own_cell=45))  # fmt: skip
    zero = {"lateness": 0.0, "load": 0.0}
    assert choices.why(0) == [
        (1, None, {"travel": 90.0, **zero, "unfamiliar": 0.0}),
        (0, None, {"travel": 60.0, **zero, "unfamiliar": 45.0}),
        (2, Barrier.AT_CAPACITY, {}),
    ]


# Looking ahead


def test_two_cases_beat_one_step_of_greed():
    found = decide(some(2), people(2, room=1), [[60, 70], [80, 600]])
    assert found.responder.tolist() == [1, 0]


def test_who_will_soon_be_free_nearby_is_preferred_to_the_idle_far_away():
    waiting = replace(PLAIN, waiting=1.0)
    soon = decide(some(1), people(2, free_s=[0, 120]), [[900], [60]], waiting)
    assert (soon.responder[0], soon.arrival_s[0]) == (1, 180)
    later = decide(some(1), people(2, free_s=[0, 2_000]), [[900], [60]], waiting)
    assert later.responder[0] == 0


def test_a_queue_takes_the_urgent_first_and_three_at_most():
    rules = replace(PLAIN, waiting=0.5, late=4.0)
    cases = some(4, urgency=[1, 1, 9, 1], due_s=[HOUR, HOUR, 600, HOUR])
    found = decide(cases, people(1, room=5), [[60, 70, 300, 900]], rules)
    assert found.turn[2:].tolist() == [0, NOWHERE]
    assert sorted(found.turn[:2].tolist()) == [1, 2]
    assert found.arrival_s[:2].min() > found.arrival_s[2] == 300


def test_somebody_whose_time_is_vague_is_not_trusted_with_a_deadline():
    rules = replace(PLAIN, late=10.0)
    cases = some(1, due_s=600.0)
    sure = decide(cases, people(2, free_s=[0, 200]), [[400], [100]], rules)
    unsure = decide(cases, people(2, free_s=[0, 200], vague_s=[0, 900]), [[400], [100]], rules)
    assert (sure.responder[0], unsure.responder[0]) == (1, 0)


# By hand


def test_who_was_chosen_by_hand_goes_and_the_others_are_told_so():
    choices = look(some(2, held=[1, NOWHERE]), people(2, room=1), [[60, 60], [900, 60]])
    found = gis.dispatch.decide(choices)
    assert found.responder.tolist() == [1, 0]
    assert choices.why(0)[1] == (0, Barrier.CHOSEN_BY_HAND, {})


def test_a_choice_by_hand_that_cannot_be_is_refused_with_every_reason():
    with pytest.raises(BadInput) as refused:
        look(some(2, held=[0, 7], skill=1), people(1), [[60, 60]])
    assert str(refused.value) == (
        "responder 0 was chosen for case 0, but: skill_missing; "
        "responder 7 was chosen for case 1, but: no pair"
    )


def test_columns_of_another_length_or_name_are_refused():
    with pytest.raises(BadInput, match=r"due_s: \(3,\) values for 2 places"):
        some(2, due_s=[1, 2, 3])
    with pytest.raises(BadInput, match="no column colour; there are: urgency, due_s"):
        some(2, colour=1)


# The dials


@given(st.integers(0, 10_000), st.sampled_from(["own_cell", "fairness"]), st.booleans())
def test_a_dial_buys_more_of_its_own_and_never_for_less(seed, dial, in_bulk):
    """The higher a dial, the smaller what it weighs, and the larger the sum of all the rest."""
    weighed, rest = [], []
    for value in (0.0, 60.0, 600.0, 6_000.0):
        rules = replace(Rules(own_cell=0, fairness=0, range_s=1_200, queue=1), **{dial: value})
        choices = crowd(seed, rules=rules)
        arcs = gis.dispatch.by_room(choices)[0] if in_bulk else gis.dispatch.by_place(choices)[0]
        free = crowd(seed, rules=replace(rules, **{dial: 0.0}))
        bare = gis.dispatch.by_room(free)[0] if in_bulk else gis.dispatch.by_place(free)[0]
        leave = np.full_like(arcs.leave, 10**12)  # who is left must not depend on the dial
        taken = gis.dispatch_solve.solve(replace(arcs, leave=leave))
        rest.append(gis.dispatch_solve.total(replace(bare, leave=leave), taken))
        whole = gis.dispatch_solve.total(replace(arcs, leave=leave), taken)
        weighed.append((whole - rest[-1]) / value if value else np.inf)
    rounding = 12 * 4  # milliseconds
    assert all(b >= a - rounding for a, b in pairwise(rest))
    assert all(b <= a + 1 for a, b in pairwise(weighed))


def test_the_price_of_the_own_cell_is_what_is_walked_for_it():
    cases, workers = some(2, cell=[0, 1]), people(2, room=1, own=[(0, 0), (1, 1)])
    seconds = [[300, 60], [60, 200]]
    found = decide(cases, workers, seconds, replace(PLAIN, own_cell=200))
    assert found.responder.tolist() == [0, 1]
    price = gis.dispatch.price(found, "own_cell")
    assert (price.value, price.travel_s, price.late_s) == (200, 380, 0)
    assert (price.with_it.own_cell, price.without.own_cell) == (2, 0)
    assert decide(cases, workers, seconds, replace(PLAIN, own_cell=150)).responder.tolist() == [
        1,
        0,
    ]


def test_the_price_of_fairness_is_what_is_walked_to_spare_the_busiest():
    cases, workers = some(4, handling_s=HOUR), people(2, load_s=[4 * HOUR, 0], room=4)
    choices = look(cases, workers, [[60] * 4, [400] * 4], replace(PLAIN, fairness=200, queue=1))
    found = gis.dispatch.decide_in_bulk(choices)
    price = gis.dispatch.price(found, "fairness")
    assert found.responder.tolist().count(1) == 3
    assert price.travel_s == 3 * 340
    assert price.without.busiest_s - price.with_it.busiest_s == 3 * (HOUR + 60)
    assert (price.with_it.left, price.without.left) == (0, 0)


def test_there_are_two_dials():
    with pytest.raises(BadInput, match="'speed' is no dial; there are: own_cell, fairness"):
        gis.dispatch.price(decide(some(1), people(1), [[60]]), "speed")


def test_a_case_in_no_cell_is_foreign_to_nobody():
    found = decide(some(1), people(1, own=[(0, 5)]), [[60]], replace(PLAIN, own_cell=100))
    assert found.cost(0)["unfamiliar"] == 0
    assert gis.dispatch.figures(found).own_cell == 0


# In bulk


def test_a_night_fills_everybodys_room_and_orders_the_work():
    cases = some(5, urgency=[1, 1, 1, 5, 1], due_s=[9, 8, 7, 6, np.inf])
    seconds = Travel.nearest([[60] * 5, [70] * 5, [900] * 5], 2)
    choices = look(cases, people(3, room=[3, 2, 9]), seconds, replace(PLAIN, queue=1))
    found = gis.dispatch.decide_in_bulk(choices)
    assert sorted(found.responder.tolist()) == [0, 0, 0, 1, 1]
    urgent = found.responder == found.responder[3]
    assert found.turn[3] == 0
    assert sorted(found.turn[urgent]) == list(range(urgent.sum()))


def test_the_nearest_are_chosen_by_case():
    few = Travel.nearest([[5, 1], [4, 2], [3, 3]], 2)
    found = sorted(zip(few.case.tolist(), few.responder.tolist(), few.seconds, strict=True))
    assert found == [(0, 1, 4), (0, 2, 3), (1, 0, 1), (1, 1, 2)]
    assert len(Travel.nearest([[5, 1], [4, 2]], 9).case) == 4


# Times that are not sure


@given(st.floats(-500, 500), st.floats(1, 300))
def test_expected_lateness_is_the_mean_of_what_is_late(over, spread):
    high = max(over + 10 * spread, 1)
    mean = quad(lambda x: x * norm.pdf(x, over, spread), max(over - 10 * spread, 0), high)[0]
    found = gis.dispatch_times.expected_late(np.array([over]), np.array([0.0]), np.array([spread]))
    assert found[0] == pytest.approx(mean, abs=1e-3)


def test_expected_lateness_when_all_is_sure():
    late = gis.dispatch_times.expected_late(
        np.array([5.0, 5.0, 5.0, 5.0]),
        np.array([3.0, 7.0, np.inf, np.inf]),
        np.array([0, 0, 0, 1.0]),
    )
    assert late.tolist() == [2, 0, 0, 0]


@pytest.mark.parametrize("elapsed", [0, 300, 1_500, 4_000])
def test_how_long_work_goes_on_follows_from_how_long_it_has_lasted(elapsed):
    width = np.log1p(0.25) ** 0.5
    work = lognorm(width, scale=1_500 * np.exp(-(width**2) / 2))
    mean, spread = gis.dispatch_times.still_busy(elapsed, 1_500, 0.5)
    assert mean == pytest.approx(work.expect(lb=elapsed, conditional=True) - elapsed, rel=1e-4)
    square = work.expect(lambda x: x * x, lb=elapsed, conditional=True)
    assert spread == pytest.approx((square - (mean + elapsed) ** 2) ** 0.5, rel=1e-3)


def test_work_beyond_all_measure_goes_on():
    mean, spread = gis.dispatch_times.still_busy([1e5, 1e9], 1_500, 0.5)
    assert (mean > 300).all()
    assert np.isfinite(spread).all()


# The simulated day of the benchmark


@pytest.fixture(scope="module")
def world():
    chance = np.random.default_rng(1)
    xy = chance.uniform(0, 2_000, (CELLS * 3, 2))
    cell = np.repeat(np.arange(CELLS), 3)
    return World("a plane", gis.roads.walk_s(None, xy, xy), cell, np.arange(CELLS) * 3)


@pytest.mark.parametrize("rule", list(bench.dispatch.RULES))
def test_on_the_simulated_day_every_case_is_answered_once_by_somebody_who_is_free(world, rule):
    day = bench._day.happen(world, load=0.7, surge=True, seed=1)
    out = bench._day.live(day, bench.dispatch.RULES[rule])
    left_s, end_s = out.arrived_s - out.walked_s, out.arrived_s + day.handling_s
    assert (out.worker >= 0).all()
    assert (left_s >= day.at_s - 1e-6).all()
    for worker in range(CELLS):
        mine = np.flatnonzero(out.worker == worker)
        mine = mine[left_s[mine].argsort()]
        assert (left_s[mine][1:] >= end_s[mine][:-1] - 1e-6).all()
        places = np.concatenate([[world.home[worker]], day.address[mine]])
        expected = world.walk_s[places[:-1], places[1:]]
        np.testing.assert_allclose(out.walked_s[mine], expected * day.luck[mine])


def test_a_day_of_a_seed_is_the_same_day(world):
    one, other = (bench._day.happen(world, load=0.6, surge=False, seed=3) for _ in range(2))
    for column in ("at_s", "address", "urgent", "handling_s", "luck"):
        assert (getattr(one, column) == getattr(other, column)).all()
    load = len(one.at_s) * world.work_s / (CELLS * bench._day.DAY_S)
    assert load == pytest.approx(0.6, abs=0.001)


def test_nobody_idle_makes_a_queue_the_urgent_first_then_the_oldest(world):
    count = CELLS + 3
    day = bench._day.Day(
        world, np.arange(count) * 1.0, np.zeros(count, dtype=int),
        np.array([0] * (count - 1) + [1]), np.full(count, 5_000.0), np.ones(count),
    )  # fmt: skip
    out = bench._day.live(day, bench._day.nearest_idle)
    first, second, urgent = out.arrived_s[-3:] - out.walked_s[-3:]
    assert urgent < first < second


def test_the_other_solver_of_the_benchmark_finds_the_same_sums():
    assert bench.dispatch.gap_to_optimum(rounds=2) == 0
