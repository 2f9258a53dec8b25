"""Units (buildings, blocks) and who lies beside whom: the ground on which cells are drawn.

A unit is never cut. Two units are linked when they share a border; the link knows its length and
whether a barrier (main road, river, railway) lies between the two. Communities never share a link,
because a cell lies in exactly one of them. What a community holds in several pieces is linked by
its narrowest gaps, barred like a barrier: a cell goes over a barrier or a gap only where
`gis.partition_pockets` finds that it must.

Polygons share what their boundaries have in common. Buildings are points that share the border of
their Voronoi cells, up to a distance: empty ground is filled with ghost points, so that the cell
of a building at the edge of a settlement ends there, and areas and outlines stay true.
All coordinates are metres in a projected system.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import Voronoi, cKDTree

from gis.errors import BadInput

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Geometries = npt.NDArray[np.object_]


@dataclass(frozen=True, eq=False)
class Units:
    """What cells are made of: n units and m links.

    ids: (n,) text. households: (n,) whole numbers, for residents who change their worker.
    workload: (n,) what is balanced, see `workload`. community: (n,) code of each.
    point: (n, 2) metres. area_m2, outline_m: (n,) of the ground of each.
    pairs: (m, 2) places of two units of one community, each pair once. border_m: (m,) shared
    border, 0 across a gap. barred: (m,) whether a barrier or a gap lies between.
    """

    ids: npt.NDArray[Any]
    households: Ints
    workload: Floats
    community: npt.NDArray[Any]
    point: Floats
    area_m2: Floats
    outline_m: Floats
    pairs: Ints
    border_m: Floats
    barred: Flags

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, eq=False)
class Columns:
    """What is known of each unit besides its place, (n,) each; see `Units`."""

    ids: npt.NDArray[Any]
    households: Ints
    workload: Floats
    community: npt.NDArray[Any]


def workload(columns: Mapping[str, npt.ArrayLike], weights: Mapping[str, float]) -> Floats:
    """The planner's formula: the sum of columns (n,) times their weights.

    Raises BadInput for a column that is not there, for no weight, and for weights or values below
    zero.
    """
    if unknown := sorted(set(weights) - set(columns)):
        raise BadInput(
            f"No column named {', '.join(unknown)}: there are {', '.join(sorted(columns))}.",
            field="weights", choices=sorted(columns),
        )  # fmt: skip
    if below := sorted(name for name, weight in weights.items() if not weight >= 0):
        raise BadInput(f"The weight of {', '.join(below)} is below zero.", field="weights")
    if not any(weights.values()):
        raise BadInput(
            f"Give a weight above zero to one of {', '.join(sorted(columns))}.", field="weights"
        )
    parts = [np.asarray(columns[name], dtype=float) * weights[name] for name in sorted(weights)]
    total = np.sum(parts, axis=0)
    if not np.all(total >= 0):
        raise BadInput("The workload of a unit is below zero or no number.", field="workload")
    return np.asarray(total, dtype=np.float64)


def columns(
    ids: Sequence[str],
    households: npt.ArrayLike,
    community: npt.ArrayLike | None = None,
    load: npt.ArrayLike | None = None,
) -> Columns:
    """The columns of units; the workload is the households unless told, the community one."""
    people = np.asarray(households, dtype=np.int64)
    named = np.zeros(len(people), dtype=np.int64) if community is None else np.asarray(community)
    work = people.astype(np.float64) if load is None else np.asarray(load, dtype=np.float64)
    told = Columns(np.asarray(ids), people, work, named)
    lengths = {name: len(value) for name, value in vars(told).items()}
    if len(set(lengths.values())) > 1:
        raise BadInput(f"The columns of the units differ in length: {lengths}.", field="units")
    if not (np.all(people >= 0) and np.all(work >= 0)):
        raise BadInput("A unit has households or a workload below zero.", field="workload")
    return told


def from_polygons(known: Columns, polygons: npt.ArrayLike, barriers: Sequence[Any] = ()) -> Units:
    """Units from polygons (n,) that touch each other, in metres, and lines between them."""
    shapes: Geometries = np.asarray(polygons, dtype=object)
    edge = shapely.boundary(shapes)
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    keep = (first < second) & (known.community[first] == known.community[second])
    pairs = np.column_stack([first[keep], second[keep]]).astype(np.int64)
    shared = shapely.intersection(edge[pairs[:, 0]], edge[pairs[:, 1]])
    length = shapely.length(shared)
    touch = length > 0
    pairs, shared = pairs[touch], shared[touch]
    point = _coordinates(shapely.point_on_surface(shapes))
    through = _coordinates(shapely.centroid(shared))
    barred = _crossed([point[pairs[:, 0]], through, point[pairs[:, 1]]], barriers)
    outline = shapely.length(edge)
    links = pairs, length[touch], barred
    return _bridged(known, point, shapely.area(shapes), outline, links)


def from_points(
    known: Columns, points: npt.ArrayLike, barriers: Sequence[Any] = (), *, reach_m: float = 150.0
) -> Units:
    """Units from points (n, 2) in metres; those farther apart than `reach_m` are not linked."""
    point = _apart(np.asarray(points, dtype=np.float64))
    count = len(point)
    every = np.vstack([point, _ghosts(point, reach_m)])
    diagram = Voronoi(every)
    corners = np.asarray(diagram.ridge_vertices)
    inner = (corners >= 0).all(axis=1)
    pairs = np.sort(np.asarray(diagram.ridge_points)[inner], axis=1).astype(np.int64)
    start, end = diagram.vertices[corners[inner].T]
    length = np.hypot(*(end - start).T)
    area = _areas(every, pairs, start, end)[:count]
    outline = sums(pairs.ravel(), np.repeat(length, 2), len(every))[:count]
    near = np.hypot(*(every[pairs[:, 0]] - every[pairs[:, 1]]).T) <= reach_m
    keep = near & (pairs[:, 1] < count) & (length > 0)
    keep[keep] = known.community[pairs[keep, 0]] == known.community[pairs[keep, 1]]
    pairs = pairs[keep]
    barred = _crossed([point[pairs[:, 0]], point[pairs[:, 1]]], barriers)
    return _bridged(known, point, area, outline, (pairs, length[keep], barred))


def sums(place: npt.NDArray[np.integer[Any]], values: npt.ArrayLike, count: int = 0) -> Floats:
    """The sum of the values (n,) at each place, at least `count` places."""
    return np.bincount(place, values, minlength=count).astype(np.float64, copy=False)


def labels(count: int, pairs: Ints) -> Ints:
    """Which connected part each of `count` units lies in (count,), by pairs (m, 2)."""
    ones = np.ones(len(pairs), dtype=np.int8)
    matrix = coo_array((ones, (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    return np.asarray(connected_components(matrix, directed=False)[1], dtype=np.int64)


def _coordinates(points: Geometries) -> Floats:
    return np.column_stack([shapely.get_x(points), shapely.get_y(points)])


def _crossed(stops: Sequence[Floats], barriers: Sequence[Any]) -> Flags:
    """Whether a barrier crosses the way through the stops, (m, 2) each."""
    crossed = np.zeros(len(stops[0]), dtype=bool)
    if len(barriers) and len(crossed):
        lines = shapely.get_parts(np.asarray(barriers, dtype=object))
        ways = shapely.linestrings(np.stack(stops, axis=1))
        crossed[shapely.STRtree(lines).query(ways, predicate="intersects")[0]] = True
    return crossed


def _apart(point: Floats) -> Floats:
    """Points (n, 2), those on one spot moved apart by decimetres, since a border needs two."""
    _, place, count = np.unique(point.round(2), axis=0, return_inverse=True, return_counts=True)
    order = np.argsort(place, kind="stable")
    first = np.cumsum(count) - count
    turn = np.empty(len(point))
    turn[order] = np.arange(len(point)) - np.repeat(first, count)
    angle = 2.399963 * turn  # the golden angle: no two fall together, however many there are
    apart = np.column_stack([np.cos(angle), np.sin(angle)]) * np.sqrt(turn)[:, None]
    return np.asarray(point + 0.1 * apart)


def _ghosts(point: Floats, reach_m: float) -> Floats:
    """Points on empty ground within a reach of units (g, 2), and a frame around everything."""
    step = reach_m / 2
    around = np.stack(np.meshgrid([-2, -1, 0, 1, 2], [-2, -1, 0, 1, 2]), axis=-1).reshape(-1, 2)
    squares = np.unique(np.floor(point / step).astype(np.int64), axis=0)
    spots = np.unique((squares[:, None] + around).reshape(-1, 2), axis=0) * step + step / 2
    empty = spots[cKDTree(point).query(spots)[0] > step]
    low, high = point.min(axis=0) - 10 * reach_m, point.max(axis=0) + 10 * reach_m
    frame = np.array([low, high, (low[0], high[1]), (high[0], low[1])])
    return np.vstack([empty, frame])


def _areas(every: Floats, pairs: Ints, start: Floats, end: Floats) -> Floats:
    """Area of each Voronoi cell: a triangle from its point to each of its ridges."""

    def triangles(side: int) -> Floats:
        one, other = start - every[pairs[:, side]], end - every[pairs[:, side]]
        return np.asarray(np.abs(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]) / 2)

    parts = np.concatenate([triangles(0), triangles(1)])
    return sums(pairs.T.ravel(), parts, len(every))


def _bridged(
    known: Columns, point: Floats, area: Floats, outline: Floats, links: tuple[Ints, Floats, Flags]
) -> Units:
    """The units, the pieces of each community linked over their narrowest gaps."""
    pairs, border, barred = links
    units = Units(**vars(known), point=point, area_m2=area, outline_m=outline,
                  pairs=pairs, border_m=border, barred=barred)  # fmt: skip
    gaps = _gaps(units)
    return replace(
        units,
        pairs=np.vstack([pairs, gaps]),
        border_m=np.concatenate([border, np.zeros(len(gaps))]),
        barred=np.concatenate([barred, np.ones(len(gaps), dtype=bool)]),
    )


def _gaps(units: Units) -> Ints:
    """Pairs (g, 2) that join the pieces of each community, the nearest to the largest first."""
    piece = labels(len(units), units.pairs)
    _, place = np.unique(units.community, return_inverse=True)
    size = np.bincount(piece)
    home = np.empty(len(size), dtype=np.int64)
    home[piece] = place
    several = np.flatnonzero(np.bincount(home) > 1)
    pairs: list[tuple[int, int]] = []
    for community in several.tolist():
        pieces = np.flatnonzero(home == community)
        done = np.flatnonzero(piece == pieces[np.argmax(size[pieces])])
        left = np.setdiff1d(np.flatnonzero(place == community), done)
        while len(left):
            far, at = cKDTree(units.point[done]).query(units.point[left])
            nearest = int(np.argmin(far))
            pairs.append((int(done[at[nearest]]), int(left[nearest])))
            done = np.concatenate([done, left[piece[left] == piece[left[nearest]]]])
            left = left[piece[left] != piece[left[nearest]]]
    return np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
