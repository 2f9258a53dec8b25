"""Shapes: repair with a known price, and how sound a coverage of cells is.

Areas are in square metres, computed in a local equal-area projection.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyproj
import shapely

Shapes = npt.NDArray[np.object_]
Move = Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]

LARGE = 2_000
MAX_VERTICES = 200_000
MAX_CROSSINGS = 1_000
CROSSING_BUDGET = 20_000
LOOKING_BUDGET = 2 * CROSSING_BUDGET
"""So many crossings are counted in a file, also those of outlines that are refused for them."""
KEEP_AREA_WITHIN = 0.01
_CHUNK = 1024
_POLYGONAL = (3, 6)


@dataclass
class Repaired:
    """What became of polygons: `shapes` as MultiPolygons (None where refused).

    `mended` are positions that were invalid and are sound now, with the change of area in
    `area_change` (fraction); `faults` maps positions to the reason of refusal.
    """

    shapes: Shapes
    mended: npt.NDArray[np.intp]
    area_change: npt.NDArray[np.float64]
    faults: dict[int, str] = field(default_factory=dict)


def repair_polygons(shapes: Shapes) -> Repaired:
    """Make polygons sound or say why not; nothing hangs on a hostile one.

    A polygon is refused when it crosses itself so often that repairing it could take minutes
    (work grows with the square of the crossings), or when its area cannot be kept: the figure
    it encloses is then ambiguous (a bow tie, a star) and only its owner can say what was meant.

    Args:
        shapes: shapely geometries or None, (n,), planar coordinates of any CRS.
    """
    shapes = np.asarray(shapes, dtype=object)
    faults = _unfit(shapes)
    usable = np.ones(len(shapes), dtype=bool)
    usable[list(faults)] = False
    sound = np.zeros(len(shapes), dtype=bool)
    sound[usable] = is_sound(shapes[usable])
    broken = np.flatnonzero(usable & ~sound)
    mended, changes = _mend(shapes, broken, faults)
    answer = np.full(len(shapes), None, dtype=object)
    keep = np.flatnonzero(sound)
    answer[keep] = as_multi(shapes[keep])
    answer[list(mended)] = list(mended.values())
    return Repaired(answer, np.array(list(mended), dtype=np.intp), np.array(changes), faults)


def is_sound(shapes: Shapes) -> npt.NDArray[np.bool_]:
    """Whether shapes are valid; large ones that cross themselves all over are told apart first.

    GEOS looks for all crossings of an outline before it says that there is one.
    """
    large = shapely.get_num_coordinates(shapes) > LARGE
    large &= np.isin(shapely.get_type_id(shapes), _POLYGONAL)
    hopeless = np.zeros(len(shapes), dtype=bool)
    hopeless[large] = [_crossings(shape) > MAX_CROSSINGS for shape in shapes[large]]
    sound = np.zeros(len(shapes), dtype=bool)
    sound[~hopeless] = shapely.is_valid(shapes[~hopeless])
    return sound


def _unfit(shapes: Shapes) -> dict[int, str]:
    """Reasons against shapes that no repair can help: missing, empty, no polygon, not finite."""
    kinds = shapely.get_type_id(shapes)
    faults = {}
    for place in np.flatnonzero(shapely.is_missing(shapes)):
        faults[int(place)] = "there is no geometry"
    for place in np.flatnonzero(~np.isin(kinds, (-1, *_POLYGONAL))):
        faults[int(place)] = f"a polygon is expected, not a {shapes[place].geom_type}"
    polygonal = np.isin(kinds, _POLYGONAL)
    for place in np.flatnonzero(polygonal & shapely.is_empty(shapes)):
        faults[int(place)] = "the polygon is empty"
    finite = np.isfinite(shapely.bounds(shapes)).all(axis=1) & _all_finite(shapes)
    for place in np.flatnonzero(polygonal & ~shapely.is_empty(shapes) & ~finite):
        faults[int(place)] = "a coordinate is not a number"
    return faults


def _all_finite(shapes: Shapes) -> npt.NDArray[np.bool_]:
    coordinates, owner = shapely.get_coordinates(shapes, return_index=True)
    good = np.ones(len(shapes), dtype=bool)
    good[owner[~np.isfinite(coordinates).all(axis=1)]] = False
    return good


def _mend(
    shapes: Shapes, broken: npt.NDArray[np.intp], faults: dict[int, str]
) -> tuple[dict[int, shapely.MultiPolygon], list[float]]:
    mended: dict[int, shapely.MultiPolygon] = {}
    changes: list[float] = []
    left, looks = CROSSING_BUDGET, LOOKING_BUDGET
    for place in map(int, broken):
        crossings = count_crossings(shapes[place]) if looks > 0 else 0
        looks -= crossings
        if crossings > MAX_CROSSINGS:
            faults[place] = "the outline crosses itself too often to be repaired"
            continue
        left -= crossings
        if left < 0 or looks <= 0:
            faults[place] = "the outlines of this file cross themselves too often in all"
            continue
        sound = _polygons_of(shapely.make_valid(shapes[place], method="structure"))
        before, after = shapes[place].area, sound.area
        change = abs(after - before) / max(before, after, 1e-300)
        if sound.is_empty or change > KEEP_AREA_WITHIN:
            reason = shapely.is_valid_reason(shapes[place])
            faults[place] = f"the outline is ambiguous, its area cannot be kept ({reason})"
            continue
        mended[place] = sound
        changes.append(change)
    return mended, changes


def count_crossings(shape: shapely.Geometry) -> int:
    """Count pairs of segments that touch without being neighbours, up to a little over the bound.

    Answers `MAX_CROSSINGS + 1` for shapes with too many vertices to look at.
    """
    if shapely.get_num_coordinates(shape) > MAX_VERTICES:
        return MAX_CROSSINGS + 1
    return _crossings(shape)


def _crossings(shape: shapely.Geometry) -> int:
    rings = shapely.get_rings(shape)
    coordinates, ring = shapely.get_coordinates(rings, return_index=True)
    same = ring[:-1] == ring[1:]
    ends = np.stack([coordinates[:-1][same], coordinates[1:][same]], axis=1)
    segments = np.asarray(shapely.linestrings(ends))
    tree = shapely.STRtree(segments)
    found, start, size = 0, 0, 1
    while start < len(segments) and found <= MAX_CROSSINGS:
        one, other = tree.query(segments[start : start + size], predicate="intersects")
        found += int(np.count_nonzero(other > one + start + 1))
        start, size = start + size, min(2 * size, _CHUNK)  # one segment may cross all others
    return found


def _polygons_of(shape: shapely.Geometry) -> shapely.MultiPolygon:
    parts = shapely.get_parts(shape)
    parts = shapely.get_parts(parts[np.isin(shapely.get_type_id(parts), _POLYGONAL)])
    return shapely.MultiPolygon(list(parts[shapely.area(parts) > 0]))


def as_multi(shapes: Shapes) -> Shapes:
    """Wrap polygons as MultiPolygons; MultiPolygons stay."""
    answer = shapes.copy()
    single = shapely.get_type_id(shapes) == 3
    if single.any():
        owner = np.arange(int(single.sum()))
        answer[single] = shapely.multipolygons(shapes[single], indices=owner)
    return answer


# How sound a coverage is


@dataclass(frozen=True)
class Flaw:
    """An overlap of two cells (`cells` are their positions), a gap or a slit between cells.

    A gap is enclosed by cells and may be a lake; a slit is narrower than `SLIT_M` and open.
    """

    kind: str
    area_m2: float
    lon: float
    lat: float
    cells: tuple[int, ...] = ()


SMALLEST_FLAW_M2 = 0.01


def flaws(shapes: Shapes) -> list[Flaw]:
    """List overlaps between cells, gaps enclosed by them and slits between them, largest first.

    Edges are straight in degrees, as they are where records are filed: a neighbour that has a
    corner more on a shared edge is no flaw. Only the ground of a flaw is measured in metres.

    Args:
        shapes: sound polygons in WGS-84 degrees, (n,), none missing.
    """
    shapes = np.asarray(shapes, dtype=object)
    if len(shapes) == 0:
        return []
    found = _overlaps(shapes) + _gaps(shapes) + _slits(shapes)
    to_metres = _local_metres(shapes)
    pieces = np.array([piece for _, piece, _ in found], dtype=object)
    areas = shapely.area(shapely.transform(pieces, to_metres))
    spots = np.round(shapely.get_coordinates(shapely.point_on_surface(pieces)), 7)
    listed = []
    for at in np.argsort(-areas, kind="stable"):
        if areas[at] >= SMALLEST_FLAW_M2:
            (kind, _, places), (lon, lat) = found[at], spots[at].tolist()
            listed.append(Flaw(kind, round(float(areas[at]), 2), lon, lat, places))
    return listed


_Found = tuple[str, shapely.Geometry, tuple[int, ...]]
"""Kind, the ground itself in degrees, positions of the cells."""


def _overlaps(cells: Shapes) -> list[_Found]:
    suspects = _not_clean(cells)
    if not len(suspects):
        return []
    one, other = shapely.STRtree(cells).query(cells[suspects], predicate="intersects")
    one = suspects[one]
    pairs = np.unique(np.sort(np.column_stack([one, other])[one != other], axis=1), axis=0)
    if not len(pairs):
        return []
    common = shapely.intersection(cells[pairs[:, 0]], cells[pairs[:, 1]])
    return [
        ("overlap", common[n], (int(a), int(b)))
        for n, (a, b) in enumerate(pairs)
        if common[n].area > 0
    ]


def _not_clean(cells: Shapes) -> npt.NDArray[np.intp]:
    """Positions of cells with an edge that does not match its neighbour's."""
    edges = shapely.coverage_invalid_edges(cells)
    return np.flatnonzero(~(shapely.is_missing(edges) | shapely.is_empty(edges)))


def _gaps(cells: Shapes) -> list[_Found]:
    """Holes of the whole, without the islands that lie in them."""
    parts = shapely.get_parts(shapely.union_all(cells))
    inner = [shapely.Polygon(ring) for part in parts for ring in part.interiors]
    rings = np.array(inner, dtype=object)
    ring_at, island_at = shapely.STRtree(parts).query(rings, predicate="covers")
    holes = [
        ring - shapely.union_all(parts[island_at[ring_at == at]]) if at in ring_at else ring
        for at, ring in enumerate(rings)
    ]
    return [("gap", piece, ()) for piece in shapely.get_parts(holes)]


SLIT_M = 5.0


def _slits(cells: Shapes) -> list[_Found]:
    """Ground narrower than `SLIT_M` between two cells, open to the outside.

    Closing the whole (grown by half the width, shrunk again) fills just what is that narrow.
    What lies at one cell only is the cell's own ragged edge.
    """
    whole = shapely.union_all(cells)
    filled = shapely.union_all([shapely.Polygon(one.exterior) for one in shapely.get_parts(whole)])
    squeeze = float(np.cos(np.radians(shapely.centroid(whole).y)))
    even = shapely.transform(filled, lambda xy: xy * (squeeze, 1.0))
    half = SLIT_M / 2 / _M_PER_DEG
    closed = shapely.buffer(even, half, join_style="mitre", mitre_limit=2)
    closed = shapely.buffer(closed, -half, join_style="mitre", mitre_limit=2)
    pieces = shapely.get_parts(shapely.difference(closed, even))
    pieces = pieces[shapely.length(pieces) * _M_PER_DEG >= SHORTEST_SLIT_M * 2]
    pieces = shapely.transform(pieces, lambda xy: xy / (squeeze, 1.0))
    near = shapely.STRtree(cells).query(pieces, predicate="dwithin", distance=_TOUCHING_DEG)
    neighbours = np.bincount(near[0], minlength=len(pieces))
    return [("slit", piece, ()) for piece in pieces[neighbours >= 2]]


_M_PER_DEG = 111_319.49
_TOUCHING_DEG = 1e-8
SHORTEST_SLIT_M = 25.0  # shorter ones are notches where two cells meet at the border


def _local_metres(shapes: Shapes) -> Move:
    """A function from degrees to a local equal-area plane in metres."""
    west, south, east, north = shapely.total_bounds(shapes)
    plane = pyproj.CRS.from_proj4(
        f"+proj=laea +lon_0={(west + east) / 2} +lat_0={(south + north) / 2} +datum=WGS84"
    )
    forward = pyproj.Transformer.from_crs(4326, plane, always_xy=True)
    return lambda xy: np.column_stack(forward.transform(xy[:, 0], xy[:, 1]))
