"""Dealing whole numbers out by weight, so that the sum is exact."""

from __future__ import annotations

import numpy as np

from data.demo.ground import Floats, Ints

_FULLEST = 28
"""Households per home and floor that even towers will hold."""


def shares(weights: Floats, total: int, least: int) -> Ints:
    """Deal `total` by weight: whole numbers, at least `least` each, the sum exact."""
    exact = weights / weights.sum() * (total - least * len(weights))
    dealt = np.floor(exact).astype(np.int64)
    rest = np.argsort(dealt - exact, kind="stable")[: total - least * len(weights) - dealt.sum()]
    dealt[rest] += 1
    return np.asarray(dealt + least)


def households(room: Floats, total: int, rng: np.random.Generator) -> Ints:
    """Deal households to cells with `room` homes a floor: near the mean, a few far off on purpose.

    Where there is no room nobody lives; where there is little, no more than it can hold.
    """
    lived = np.flatnonzero(room > 0)
    weight = rng.uniform(0.82, 1.14, len(lived))
    odd = rng.permutation(len(lived))[: max(4, len(lived) // 18)]
    weight[odd] = np.resize([0.5, 1.6, 0.62, 1.4], len(odd))
    most = room[lived] * _FULLEST
    wanted = weight / weight.sum() * total
    for _ in range(4):
        wanted = np.minimum(wanted, most)
        wanted = np.where(wanted < most, wanted * total / wanted.sum(), wanted)
    dealt = np.zeros(len(room), np.int64)
    dealt[lived] = shares(wanted, total, 0)
    return dealt
