"""The ground on which plans are drawn: towns of even and of lumpy units, and Providence."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import shapely
from scipy.spatial import cKDTree

import gis.partition_graph
from gis.partition_graph import Floats, Ints, Units

ROOT = Path(__file__).parents[1]
REAL = Path(os.environ.get("WANGGE_REAL_DATA", ROOT.parent / "shared" / "data"))
STEP_M = 50.0
QUARTER = 160
"""Units for each middle of growth or loss."""
TARGET = 400.0


@dataclass(frozen=True, eq=False)
class Town:
    """Units to divide: how many households a cell shall have, or how many cells; the plan in force;
    and how much longer than usual we may take."""

    name: str
    units: Units
    target: float
    cells: int | None = None
    wards: Ints | None = None
    effort: float = 1.0


def even(count: int, *, walls: int = 0, seed: int = 1) -> Town:
    """Units of 12 to 28 households on a shaken lattice, walls of rivers and roads each way."""
    random = np.random.default_rng(seed)
    households = random.integers(12, 29, count)
    return Town(f"even {count:,}", _town(random, households, walls), TARGET)


def lumpy(count: int = 3_000, *, walls: int = 4, seed: int = 2) -> Town:
    """Houses of 2 to towers of 250 households, as cities have them."""
    random = np.random.default_rng(seed)
    households = np.clip(random.lognormal(3.4, 0.9, count), 2, 250).astype(np.int64)
    return Town(f"lumpy {count:,}", _town(random, households, walls), TARGET)


def grown(town: Town, sites: int, *, towers: int = 3, seed: int = 3) -> Town:
    """The same town after estates were built: towers of 60 to 160 households side by side."""
    random = np.random.default_rng(seed)
    households = town.units.households.copy()
    middles = town.units.point[random.choice(len(households), sites, replace=False)]
    built = np.unique(cKDTree(town.units.point).query(middles, k=towers)[1])
    households[built] += random.integers(60, 161, len(built))
    units = replace(town.units, households=households, workload=households.astype(np.float64))
    return replace(town, name=f"{town.name}, {sites} new estates", units=units)


def drifted(town: Town, *, spread: float = 0.15, seed: int = 1) -> Town:
    """The same town years later: whole quarters grew or emptied, the more the larger `spread`."""
    random = np.random.default_rng(seed)
    count, point = len(town.units), town.units.point
    middles = point[random.choice(count, count // QUARTER, replace=False)]
    change = random.normal(0, spread, len(middles))
    far_m, near = cKDTree(middles).query(point, k=3)
    weight = 1 / (far_m + 2 * STEP_M) ** 2
    growth = np.exp((weight * change[near]).sum(axis=1) / weight.sum(axis=1))
    households = np.maximum(np.rint(town.units.households * growth), 1).astype(np.int64)
    units = replace(town.units, households=households, workload=households.astype(np.float64))
    return replace(town, name=f"{town.name}, years later", units=units)


def providence() -> Town | None:
    """Census blocks of a real city with its own 15 wards; None where the file is not there."""
    path = REAL / "providence_blocks" / "Providence_blocks.zip"
    if not path.is_file():
        return None
    import geopandas as gpd

    blocks = gpd.read_file(path).to_crs(32619)
    people = blocks["TOTPOP"].to_numpy(dtype=np.int64)
    known = gis.partition_graph.columns(blocks["GEOID10"].tolist(), people)
    units = gis.partition_graph.from_polygons(known, blocks.geometry.to_numpy())
    wards = np.unique(blocks["WARD"], return_inverse=True)[1].astype(np.int64)
    return Town("Providence", units, float(people.sum() / 15), 15, wards, effort=4)


def _town(random: np.random.Generator, households: Ints, walls: int) -> Units:
    count = len(households)
    side = int(np.ceil(np.sqrt(count)))
    spot = np.stack(np.divmod(np.arange(count), side), axis=1)
    points = (spot + random.uniform(-0.4, 0.4, (count, 2))) * STEP_M
    known = gis.partition_graph.columns([str(one) for one in range(count)], households)
    lines = _walls(random, walls, side * STEP_M)
    return gis.partition_graph.from_points(known, points, lines, reach_m=3 * STEP_M)


def _walls(random: np.random.Generator, walls: int, side_m: float) -> list[shapely.LineString]:
    """Winding lines from edge to edge, as many each way."""
    along: Floats = np.linspace(-0.1, 1.1, 200)
    lines = []
    for place in np.tile((np.arange(walls) + 0.5) / max(walls, 1), 2):
        waves = 0.02 * np.sin(random.uniform(8, 20) * along + random.uniform(0, 6))
        lines.append(np.column_stack([along, place + waves]) * side_m)
    return [
        shapely.LineString(line if turn < walls else line[:, ::-1])
        for turn, line in enumerate(lines)
    ]
