"""What is to be expected of times that are not sure: lateness, and how long one is still busy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

Floats = npt.NDArray[np.float64]

_TAIL = 5.0
"""Work that lasts longer than all but one in three million goes on as that one does."""


def expected_late(arrival_s: Floats, due_s: Floats, spread_s: Floats) -> Floats:
    """Expected seconds after the deadline, of an arrival that is normally spread; any shapes."""
    over_s = arrival_s - due_s  # -inf where there is no deadline
    known = (spread_s > 0) & np.isfinite(over_s)
    z = np.divide(over_s, spread_s, out=np.zeros(known.shape), where=known)
    bell = np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)
    late: Floats = np.where(known, spread_s * (z * ndtr(z) + bell), np.maximum(over_s, 0.0))
    return late


def still_busy(
    elapsed_s: npt.ArrayLike, expected_s: npt.ArrayLike, spread: float
) -> tuple[Floats, Floats]:
    """How long work that has lasted `elapsed_s` goes on: (mean, standard deviation) in seconds.

    Durations are taken as log-normal with mean `expected_s` and a standard deviation that is the
    share `spread` of it: the longer work has lasted beyond the mean, the longer it goes on.
    """
    elapsed, expected = np.asarray(elapsed_s, float), np.asarray(expected_s, float)
    width = np.sqrt(np.log1p(spread**2))
    longest = expected * np.exp(width * (_TAIL - width / 2))
    elapsed = np.minimum(elapsed, longest)
    with np.errstate(divide="ignore"):
        z = np.log(elapsed / expected) / width + width / 2  # -inf where nothing has passed
    beyond = ndtr(-z)
    mean = expected * ndtr(width - z) / beyond
    square = (expected * np.exp(width**2 / 2)) ** 2 * ndtr(2 * width - z) / beyond
    return mean - elapsed, np.sqrt(np.maximum(square - mean**2, 0.0))
