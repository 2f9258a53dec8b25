"""A city of cells nobody drew, with crooked borders that neighbours share, and points where its
people are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import Voronoi

WEST, SOUTH, WIDE, HIGH = 114.0, 30.4, 0.6, 0.4
CENTRES, SPREAD = 40, 0.06
CORNERS, CROOKED = 8, 0.015
DIGITS = 9
"""Decimals of a degree, as files have them."""

Floats = npt.NDArray[np.float64]


def cells(count: int, *, seed: int = 1) -> npt.NDArray[np.object_]:
    """About `count` cells in degrees, small where many people are: a sound coverage, borders of
    `CORNERS` edges each."""
    rng = np.random.default_rng(seed)
    spots = _crowded(rng, count) * (WIDE, HIGH)
    mirrored = [spots * (1, -1), spots * (-1, 1), (2 * WIDE, 0) + spots * (-1, 1),
                (0, 2 * HIGH) + spots * (1, -1)]  # fmt: skip
    lying = np.concatenate([spots, *mirrored])
    parted = Voronoi(lying)
    ridges = np.asarray(parted.ridge_vertices)
    own = (parted.ridge_points < count).any(axis=1) & (ridges >= 0).all(axis=1)
    inner = (parted.ridge_points < count).all(axis=1)[own, None]
    start, end = (parted.vertices[ridges[own, side]] for side in (0, 1))
    share = np.linspace(0, 1, CORNERS + 1)[:, None]
    line = start[:, None] * (1 - share) + end[:, None] * share
    aside = (end - start)[:, ::-1] * (1, -1)
    off = np.zeros(line.shape[:2])
    off[:, 1:-1] = rng.normal(0, CROOKED, (len(line), CORNERS - 1)) * inner
    corners = (line + aside[:, None] * off[..., None] + (WEST, SOUTH)).round(DIGITS)
    borders = shapely.linestrings(
        corners.reshape(-1, 2), indices=np.repeat(np.arange(len(line)), CORNERS + 1)
    )
    return np.asarray(shapely.get_parts(shapely.polygonize(borders)))


def people(count: int, *, seed: int = 2) -> tuple[Floats, Floats]:
    """Longitudes and latitudes of points that crowd where the cells are small."""
    spots = _crowded(np.random.default_rng(seed), count)
    return WEST + spots[:, 0] * WIDE, SOUTH + spots[:, 1] * HIGH


def _crowded(rng: np.random.Generator, count: int) -> Floats:
    """Points in the unit square: two of three around centres, in no order."""
    centres = np.random.default_rng(0).random((CENTRES, 2))
    near = centres[rng.integers(0, CENTRES, count)] + rng.normal(0, SPREAD, (count, 2))
    anywhere = rng.random((count, 1)) < 1 / 3
    return np.where(anywhere, rng.random((count, 2)), near % 1)
