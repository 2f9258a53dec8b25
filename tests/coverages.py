"""Coverages nobody drew: cells of random points, with communities and buildings."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely

import gis.plan
from gis.plan import Communities, Plan, Units
from gis.plan_ground import M_PER_DEG, Shapes

WEST, SOUTH = 114.3, 30.5


def metres(shapes: Shapes) -> Shapes:
    """Shapes in metres east and north of a corner of the town, as degrees."""
    scale = np.array([M_PER_DEG * np.cos(np.radians(SOUTH)), M_PER_DEG])
    return shapely.transform(
        np.asarray(shapes, dtype=object), lambda xy: xy / scale + (WEST, SOUTH)
    )


def fields(rng: np.random.Generator, count: int, frame: shapely.Polygon) -> Shapes:
    """The frame (metres) parted among `count` random points, in degrees."""
    west, south, east, north = frame.bounds
    spots = rng.uniform((west, south), (east, north), (count, 2))
    parts = shapely.voronoi_polygons(shapely.MultiPoint(spots), extend_to=frame, ordered=True)
    return metres(shapely.intersection(shapely.get_parts(parts), frame))


def town(seed: int, *, cells: int = 6, communities: int = 2, buildings: int = 30) -> Plan:
    """Communities beside each other, each a square kilometre in `cells` cells with buildings."""
    rng = np.random.default_rng(seed)
    shapes, above, homes, frames = [], [], [], []
    for number in range(communities):
        frame = shapely.box(number * 1000, 0, number * 1000 + 1000, 1000)
        shapes.append(fields(rng, cells, frame))
        above += [f"420106001{number + 1:03d}"] * cells
        frames.append(frame)
        homes.append(houses(rng, buildings, frame))
    codes = [f"{one}{n % cells + 1:03d}" for n, one in enumerate(above)]
    frame = pd.DataFrame({"code": codes, "division_code": above})
    outlines = np.concatenate(shapes)
    return gis.plan.of(
        frame,
        outlines,
        communities=Communities(np.unique(above), metres(frames)),
        units=dwelt(rng, np.concatenate(homes), outlines),
        name="草案",
    )


def houses(rng: np.random.Generator, count: int, frame: shapely.Polygon) -> Shapes:
    """Houses of 12 by 30 metres that stand apart, in metres."""
    west, south, east, north = frame.bounds
    places = [
        (x, y)
        for x in np.arange(west + 10, east - 40, 50.0)
        for y in np.arange(south + 10, north - 40, 50.0)
    ]
    chosen = np.array(places)[rng.choice(len(places), min(count, len(places)), replace=False)]
    x, y = chosen.T
    return np.asarray(shapely.box(x, y, x + 30, y + 12))


def dwelt(rng: np.random.Generator, houses_m: Shapes, cells: Shapes) -> Units:
    """Houses no cell border runs through, with their households."""
    shapes = metres(houses_m)
    whole = np.unique(shapely.STRtree(shapes).query(cells, predicate="contains_properly")[1])
    return gis.plan.units_of(
        [f"b{n}" for n in range(len(whole))],
        shapes[whole],
        pd.DataFrame({"households": rng.integers(1, 90, len(whole))}),
    )
