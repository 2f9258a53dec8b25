"""Streets as a graph, and how long it takes to walk between places on it.

Places are in metres of one local plane (`Plane`), times in seconds. Streets meet where they share
a vertex; a bridge that only crosses another street does not. Every place is put on the nearest
street; where no street is near, or no way was found, the straight line with a detour stands in.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

from gis.errors import BadInput

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Lines = npt.NDArray[np.object_]

_SAME_M = 0.01
"""Vertices are one where they round to the same centimetre."""


@dataclass(frozen=True)
class Plane:
    """Metres around a centre in WGS-84 degrees: true to a thousandth within 100 km of it."""

    lon: float
    lat: float

    @cached_property
    def _forward(self) -> pyproj.Transformer:
        plane = pyproj.CRS.from_proj4(f"+proj=laea +lon_0={self.lon} +lat_0={self.lat}")
        return pyproj.Transformer.from_crs(4326, plane, always_xy=True)

    def metres(self, degrees: npt.ArrayLike) -> Floats:
        """Degrees (n, 2: lon, lat) in metres (n, 2: east, north); NaN gives NaN."""
        lon, lat = np.asarray(degrees, dtype=float).reshape(-1, 2).T
        xy = np.column_stack(self._forward.transform(lon, lat))
        return np.where(np.isfinite(xy), xy, np.nan)

    def lines(self, degrees: Lines) -> Lines:
        """Shapes in degrees (n,) as shapes in metres."""
        moved: Lines = shapely.transform(np.asarray(degrees, dtype=object), self.metres)
        return moved


@dataclass(frozen=True)
class Pace:
    """How people walk.

    speed_m_s: metres a second. detour: a way through streets ÷ the straight line. reach_m: ways
    longer than this are not searched for. off_m: how far from a street a place may lie.
    """

    speed_m_s: float = 1.2
    detour: float = 1.35
    reach_m: float = 1_500.0
    off_m: float = 300.0


@dataclass(frozen=True, eq=False)
class Roads:
    """An undirected graph of streets.

    xy: the nodes, metres (n, 2). ends: the two nodes of each edge (e, 2). length_m: (e,).
    lines: the course of each edge (e,). graph: metres between nodes, both ways, (n, n).
    island: which connected part each node is in (n,).
    """

    xy: Floats
    ends: Ints
    length_m: Floats
    lines: Lines
    graph: csr_array
    island: Ints

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(self.lines)


def build(lines_m: Lines) -> Roads:
    """Make the graph of line strings in metres (n,); multi-lines count as their parts.

    Streets are cut where they share a vertex, and joined again where only two of them meet; a loop
    is cut half-way too.

    Raises:
        BadInput: something that is no line, or a coordinate that is no number.
    """
    parts = shapely.get_parts(np.asarray(lines_m, dtype=object))
    if not np.isin(shapely.get_type_id(parts), _LINES).all():
        raise BadInput("a street is a line string; there are other shapes among them")
    if not np.isfinite(shapely.get_coordinates(parts)).all():
        raise BadInput("a street has a coordinate that is no number")
    pieces = _cut(*_vertices(parts))[1]
    joined = shapely.line_merge(shapely.multilinestrings(pieces))
    return _graph(*_cut(*_vertices(shapely.get_parts(joined))))


_LINES = (shapely.GeometryType.LINESTRING, shapely.GeometryType.LINEARRING)


def _vertices(lines: Lines) -> tuple[npt.NDArray[np.int64], Ints]:
    """Vertices in centimetres (v, 2), and the line of each; none repeated in a row."""
    xy, line = shapely.get_coordinates(lines, return_index=True)
    spots = np.round(xy / _SAME_M).astype(np.int64)
    kept = np.ones(len(xy), dtype=bool)
    kept[1:] = (np.diff(line) != 0) | (np.diff(spots, axis=0) != 0).any(axis=1)
    return spots[kept], line[kept]


def _cut(spots: npt.NDArray[np.int64], line: Ints) -> tuple[Ints, Lines]:
    """The numbers of the spots at both ends of every edge (e, 2), and its course in metres."""
    spot = _numbered(spots)
    start, end = _cuts(line, spot)
    counts = end - start + 1
    edge = np.repeat(np.arange(len(start)), counts)
    within = np.arange(len(edge)) - np.repeat(np.cumsum(counts) - counts, counts)
    xy = spots[start[edge] + within] * _SAME_M
    courses = shapely.linestrings(xy, indices=edge) if len(edge) else []
    return spot[np.column_stack([start, end])], np.asarray(courses, dtype=object)


def _numbered(spots: npt.NDArray[np.int64]) -> Ints:
    """Equal spots (n, 2) get equal numbers from 0."""
    low = spots.min(axis=0, initial=0)
    width = int(spots[:, 1].max(initial=0) - low[1]) + 1
    return np.unique((spots[:, 0] - low[0]) * width + spots[:, 1] - low[1], return_inverse=True)[1]


def _graph(spots: Ints, lines: Lines) -> Roads:
    """Number the nodes anew, and find what is connected."""
    node, numbers = np.unique(spots, return_inverse=True)
    ends = numbers.reshape(-1, 2)
    xy = np.empty((len(node), 2))
    for side, place in enumerate((0, -1)):
        xy[ends[:, side]] = shapely.get_coordinates(shapely.get_point(lines, place))
    length_m = shapely.length(lines)
    graph = _adjacency(ends, length_m, len(node))
    island = connected_components(graph, directed=False)[1].astype(np.intp)
    return Roads(xy, ends, length_m, lines, graph, island)


def _cuts(line: Ints, spot: Ints) -> tuple[Ints, Ints]:
    """First and last vertex of every edge."""
    shared = np.bincount(spot)[spot] > 1 if len(spot) else np.zeros(0, dtype=bool)
    border = np.diff(line) != 0
    shared[:1] = shared[-1:] = True
    shared[1:] |= border
    shared[:-1] |= border
    start, end = _between(shared, line)
    loops = spot[start] == spot[end]
    shared[(start[loops] + end[loops]) // 2] = True
    return _between(shared, line)


def _between(cut: npt.NDArray[np.bool_], line: Ints) -> tuple[Ints, Ints]:
    at = np.flatnonzero(cut)
    same = line[at[:-1]] == line[at[1:]]
    return at[:-1][same], at[1:][same]


def _adjacency(ends: Ints, length_m: Floats, nodes: int) -> csr_array:
    """Both ways of every edge; of parallel edges the shortest."""
    low, high = ends.min(axis=1, initial=nodes), ends.max(axis=1, initial=0)
    order = np.lexsort((length_m, high, low))
    low, high, length_m = low[order], high[order], length_m[order]
    kept = np.ones(len(order), dtype=bool)
    kept[1:] = (np.diff(low) != 0) | (np.diff(high) != 0)
    low, high, length_m = low[kept], high[kept], length_m[kept]
    both = (np.concatenate([low, high]), np.concatenate([high, low]))
    return csr_array((np.concatenate([length_m, length_m]), both), shape=(nodes, nodes))


# Places on the streets


@dataclass(frozen=True)
class _Footing:
    """Where places stand: edge (-1: none near), metres from its start, metres off it."""

    edge: Ints
    along_m: Floats
    off_m: Floats


def _footing(roads: Roads, xy: Floats, within_m: float) -> _Footing:
    found = _Footing(np.full(len(xy), -1), np.zeros(len(xy)), np.zeros(len(xy)))
    known = np.flatnonzero(np.isfinite(xy).all(axis=1))
    points = np.asarray(shapely.points(xy[known]), dtype=object)
    (_, edge), off_m = roads._tree.query_nearest(points, return_distance=True, all_matches=False)
    near = off_m <= within_m
    known, points, edge = known[near], points[near], edge[near]
    found.edge[known], found.off_m[known] = edge, off_m[near]
    found.along_m[known] = shapely.line_locate_point(roads.lines[edge], points)
    return found


_AT_ONCE = 500
"""From so many places ways are searched at once: each takes memory for the whole graph."""


def walk_s(
    roads: Roads | None, from_xy: npt.ArrayLike, to_xy: npt.ArrayLike, pace: Pace | None = None
) -> Floats:
    """Seconds to walk from each of (n, 2) to each of (m, 2), metres of one plane: (n, m).

    Without streets it is the straight line with a detour. So it is for a place with no street
    near, and for two on streets that do not meet; where a way would be longer than `reach_m`, it
    is at least that. NaN for a place that is not known.
    """
    pace = pace or Pace()
    start = np.asarray(from_xy, dtype=float).reshape(-1, 2)
    goal = np.asarray(to_xy, dtype=float).reshape(-1, 2)
    if len(goal) < len(start):
        return walk_s(roads, goal, start, pace).T
    if len(start) > _AT_ONCE:
        portions = np.array_split(start, len(start) // _AT_ONCE + 1)
        return np.concatenate([walk_s(roads, one, goal, pace) for one in portions])
    straight_m: Floats = np.hypot(*(start[:, None] - goal[None]).transpose(2, 0, 1)) * pace.detour
    if roads is None or not len(roads.lines) or not straight_m.size:
        return straight_m / pace.speed_m_s
    here, there = _footing(roads, start, pace.off_m), _footing(roads, goal, pace.off_m)
    way_m = _ways(roads, here, there, pace.reach_m)
    cut_off = _same_island(roads, here, there) & ~np.isfinite(way_m)
    straight_m[cut_off] = np.maximum(straight_m[cut_off], pace.reach_m)
    return np.where(np.isfinite(way_m), way_m, straight_m) / pace.speed_m_s


def _ways(roads: Roads, here: _Footing, there: _Footing, reach_m: float) -> Floats:
    """Metres by the streets (n, m), off the street to both places included; inf where none."""
    way_m = np.full((len(here.edge), len(there.edge)), np.inf)
    rows, columns = np.flatnonzero(here.edge >= 0), np.flatnonzero(there.edge >= 0)
    if not len(rows) or not len(columns):
        return way_m
    edge, along = there.edge[columns], there.along_m[columns]
    reached = _reached(roads, here.edge[rows], here.along_m[rows], reach_m)
    found = np.minimum(
        reached[:, roads.ends[edge, 0]] + along,
        reached[:, roads.ends[edge, 1]] + roads.length_m[edge] - along,
    )
    same = here.edge[rows][:, None] == edge
    found[same] = np.minimum(found, np.abs(here.along_m[rows][:, None] - along))[same]
    way_m[np.ix_(rows, columns)] = found + here.off_m[rows][:, None] + there.off_m[columns]
    return way_m


def _reached(roads: Roads, edge: Ints, along_m: Floats, reach_m: float) -> Floats:
    """Metres from places on edges (k,) to every node (k, n), inf beyond the reach.

    Each place is one node more, with a one-way street to both ends of its edge.
    """
    graph, nodes, more = roads.graph, len(roads.xy), len(edge)
    rest_m = np.maximum(roads.length_m[edge] - along_m, 0.0)  # rounding may pass the end
    length = np.column_stack([along_m, rest_m]).ravel()
    pointers = graph.indptr[-1] + 2 * np.arange(1, more + 1)
    wider = csr_array(
        (
            np.concatenate([graph.data, length]),
            np.concatenate([graph.indices, roads.ends[edge].ravel().astype(graph.indices.dtype)]),
            np.concatenate([graph.indptr, pointers.astype(graph.indptr.dtype)]),
        ),
        shape=(nodes + more, nodes + more),
    )
    places = np.arange(nodes, nodes + more)
    reached: Floats = dijkstra(wider, directed=True, indices=places, limit=reach_m)
    return reached[:, :nodes]


def _same_island(roads: Roads, here: _Footing, there: _Footing) -> npt.NDArray[np.bool_]:
    """Whether the streets of two places meet somewhere (n, m); not where one has no street."""
    one, other = (
        np.where(f.edge >= 0, roads.island[roads.ends[f.edge, 0]], missing)
        for f, missing in ((here, -1), (there, -2))
    )
    same: npt.NDArray[np.bool_] = one[:, None] == other
    return same
