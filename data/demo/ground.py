"""From the lattice to the ground: a smooth warp that bends the plan into a grown town.

The warp is computed once for every lattice point; whoever asks for the same point gets the same
degrees, bit for bit. That is why cells drawn on the lattice can have neither gap nor overlap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from data.demo.sizes import STEP_M, Size

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Shapes = NDArray[np.object_]
ORIGIN = (111.2, 30.1)
MARGIN = 45
"""Lattice steps known beyond the town's edge: the river flows on, some reports come from there."""

_TURN = np.deg2rad(-11.0)
_M_PER_DEGREE_LAT, _M_PER_DEGREE_LON = 110_852.0, 111_320.0


@dataclass(frozen=True)
class Ground:
    """Where each lattice point lies: metres east and north of the origin, (rows, columns, 2)."""

    size: Size
    metres: Floats

    def at(self, u: Any, v: Any) -> Floats:
        """Give metres (n, 2) of lattice positions; between points, bilinear."""
        x = np.asarray(u, float) + MARGIN
        y = np.asarray(v, float) + MARGIN
        i = np.clip(np.floor(x).astype(int), 0, self.metres.shape[1] - 2)
        j = np.clip(np.floor(y).astype(int), 0, self.metres.shape[0] - 2)
        fx: Floats = (x - i)[..., None]
        fy: Floats = (y - j)[..., None]
        low = self.metres[j, i] * (1 - fx) + self.metres[j, i + 1] * fx
        high = self.metres[j + 1, i] * (1 - fx) + self.metres[j + 1, i + 1] * fx
        return np.asarray(low * (1 - fy) + high * fy)

    def frame(self, u: Floats, v: Floats) -> tuple[Floats, Floats]:
        """Give what one step east and one step north are there, in metres, (n, 2) each."""
        east: Floats = self.at(u + 0.5, v) - self.at(u - 0.5, v)
        north: Floats = self.at(u, v + 0.5) - self.at(u, v - 0.5)
        return east, north


def degrees(metres: Floats) -> Floats:
    """Turn metres (…, 2) around the origin into WGS-84 (lon, lat), to a centimetre."""
    lat = ORIGIN[1] + metres[..., 1] / _M_PER_DEGREE_LAT
    lon = ORIGIN[0] + metres[..., 0] / (_M_PER_DEGREE_LON * np.cos(np.deg2rad(lat)))
    return np.asarray(np.round(np.stack([lon, lat], axis=-1), 7), np.float64)


def shape(size: Size, seed: int) -> Ground:
    """Bend the lattice of a town: rounded corners, a meandering river, neighbourhoods that turn."""
    rng = np.random.default_rng([seed, 3])
    u = np.arange(-MARGIN, size.width_steps + MARGIN + 1, dtype=float)
    v = np.arange(-MARGIN, size.height_steps + MARGIN + 1, dtype=float)
    x, y = np.meshgrid((u - size.width_steps / 2) * STEP_M, (v - size.middle_steps) * STEP_M)
    x, y = _round_corners(x, y, size)
    x, y = _meander(x, y, size.meander_m, rng)
    x, y = _knead(x, y, size, rng)
    turned = [np.cos(_TURN) * x - np.sin(_TURN) * y, np.sin(_TURN) * x + np.cos(_TURN) * y]
    return Ground(size, np.round(np.stack(turned, axis=-1), 3))


def _round_corners(x: Floats, y: Floats, size: Size) -> tuple[Floats, Floats]:
    a = x / (size.width_steps * STEP_M / 2)
    b = y / (size.height_steps * STEP_M / 2)
    return x * np.sqrt(1 - 0.16 * b**2), y * np.sqrt(1 - 0.20 * np.minimum(a**2, 1.6))


def _meander(
    x: Floats, y: Floats, wave_m: float, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Bend the river; near it, roads stay at right angles to the bank."""
    high, reach = wave_m / 20, wave_m / 4.5
    phase = rng.uniform(0, 2 * np.pi, 2)
    k = 2 * np.pi / wave_m * np.array([1.0, 0.43])
    amount = np.array([1.0, 1.1]) * high
    bend = sum(a * np.sin(q * x + p) for a, q, p in zip(amount, k, phase, strict=True))
    slope = sum(a * q * np.cos(q * x + p) for a, q, p in zip(amount, k, phase, strict=True))
    near = np.exp(-((y / reach) ** 2))
    return x - slope * y * near, y + bend * (0.35 + 0.65 * near)


def _knead(x: Floats, y: Floats, size: Size, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Add waves of several lengths, so that no two streets run quite the same way."""
    east, north = np.zeros_like(x), np.zeros_like(y)
    longest = max(2_600.0, size.width_steps * STEP_M / 4)
    for length, slope in ((430.0, 0.13), (1_000.0, 0.16), (2_600.0, 0.18), (longest, 0.12)):
        for _ in range(3):
            angle, phase, push = rng.uniform(0, 2 * np.pi, 3)
            k = 2 * np.pi / length * rng.uniform(0.8, 1.25)
            wave = (
                slope / k / np.sqrt(3) * np.sin(k * (np.cos(angle) * x + np.sin(angle) * y) + phase)
            )
            east, north = east + np.cos(push) * wave, north + np.sin(push) * wave
    return x + east, y + north


def rings(ground: Ground, rects: Ints) -> Shapes:
    """Draw lattice rectangles (n, 4: u0 u1 v0 v1) as polygons in degrees.

    Each passes through every lattice point on its sides, so neighbours share their vertices.
    """
    points = [_outline(*row) for row in rects.tolist()]
    owner = np.repeat(np.arange(len(points)), [len(p) for p in points])
    at = np.concatenate(points) + MARGIN
    corners = degrees(ground.metres[at[:, 1], at[:, 0]])
    return np.asarray(shapely.polygons(shapely.linearrings(corners, indices=owner)))


def _outline(u0: int, u1: int, v0: int, v1: int) -> Ints:
    """List the lattice points around a rectangle, closed, anticlockwise."""
    u, v = np.arange(u0, u1), np.arange(v0, v1)
    sides = [
        np.column_stack([u, np.full(len(u), v0)]),
        np.column_stack([np.full(len(v), u1), v]),
        np.column_stack([u[::-1] + 1, np.full(len(u), v1)]),
        np.column_stack([np.full(len(v), u0), v[::-1] + 1]),
    ]
    return np.concatenate([*sides, sides[0][:1]])
