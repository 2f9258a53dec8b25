"""路线: stops of a day in order: the urgent first, and among equals along a short way.

The way begins with the nearest stop and goes on to the next nearest; then stretches of it are
turned round for as long as that makes it shorter (2-opt). Each class begins where the one before
it ended.
"""

from __future__ import annotations

from datetime import date
from math import cos, radians

import numpy as np
import numpy.typing as npt

from gis.terms import Labelled

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

M_PER_DEGREE = 111_320.0
_LEAST_GAIN_M = 0.01
_MOST_TURNS = 200


class Urgency(Labelled):
    """How soon something has to be done; the order of the day."""

    OVERDUE = "overdue", "已超期"
    TODAY = "today", "今日到期"
    LATER = "later", "以后到期"

    @property
    def rank(self) -> int:
        """0 is the most urgent."""
        return list(Urgency).index(self)


def urgency(due: date | None, today: date) -> Urgency:
    """How urgent it is on a day what is due by one; what is never due can wait."""
    if due is None or due > today:
        return Urgency.LATER
    return Urgency.TODAY if due == today else Urgency.OVERDUE


def order(lon: Floats, lat: Floats, urgency: Ints, *, start: tuple[float, float]) -> Ints:
    """Order n stops (WGS-84 degrees, NaN where unknown) from `start`; answer their numbers.

    Lower `urgency` goes first; within one, stops without a place come last, as they were given.
    """
    here = start
    parts: list[Ints] = []
    for one in np.unique(urgency):
        of_class = np.flatnonzero(urgency == one)
        known = of_class[np.isfinite(lon[of_class]) & np.isfinite(lat[of_class])]
        way = known[_shortened(_metres(lon[known], lat[known], here))]
        parts += [way, of_class[~np.isin(of_class, known)]]
        if len(way):
            here = (float(lon[way[-1]]), float(lat[way[-1]]))
    return np.concatenate([*parts, np.empty(0, np.int64)]).astype(np.int64)


def length_m(lon: Floats, lat: Floats, way: Ints, *, start: tuple[float, float]) -> float:
    """How long a way over stops is, in metres as the crow flies."""
    between = _metres(lon[way], lat[way], start)
    steps = np.arange(len(way) + 1)
    return float(between[steps[:-1], steps[1:]].sum())


def _metres(lon: Floats, lat: Floats, start: tuple[float, float]) -> Floats:
    """Distances between the start (number 0) and stops (numbers from 1), n + 1 square."""
    x = np.append(start[0], lon) * M_PER_DEGREE * cos(radians(start[1]))
    y = np.append(start[1], lat) * M_PER_DEGREE
    distances: Floats = np.hypot(x[:, None] - x[None, :], y[:, None] - y[None, :])
    return distances


def _shortened(between: Floats) -> Ints:
    """Numbers of the stops, from 0, in the order of a short way from the start."""
    way = _nearest_next(between)
    for _ in range(_MOST_TURNS):
        first, last, gain = _best_turn(between, way)
        if gain < _LEAST_GAIN_M:
            break
        way[first : last + 1] = way[first : last + 1][::-1]
    return way[1:] - 1


def _nearest_next(between: Floats) -> Ints:
    far = between.copy()
    far[:, 0] = np.inf
    way = np.zeros(len(between), np.int64)
    for place in range(1, len(way)):
        way[place] = np.argmin(far[way[place - 1]])
        far[:, way[place]] = np.inf
    return way


def _best_turn(between: Floats, way: Ints) -> tuple[int, int, float]:
    """Which stretch to turn round, from place to place, and how many metres that saves.

    After the last stop nothing follows: turning the end round costs no way onwards.
    """
    if len(way) < 3:
        return 0, 0, 0.0
    along = between[np.ix_(way, way)]
    onward = np.append(np.diag(along, 1), 0.0)
    turned = np.zeros_like(along)
    turned[1:, :-1] = along[1:, 1:]  # from the stretch's first stop to what follows its last
    saved = np.zeros_like(along)
    saved[1:, :] = onward[:-1, None] + onward[None, :] - along[:-1, :] - turned[1:, :]
    gains = np.triu(saved, 1)
    first, last = np.unravel_index(int(np.argmax(gains)), gains.shape)
    return int(first), int(last), float(gains[first, last])
