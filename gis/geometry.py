"""Shapes: repair with a known price, and how sound a coverage of cells is.

Lengths and areas are in metres and square metres, computed in a local equal-area projection.
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

MAX_VERTICES = 200_000
MAX_CROSSINGS = 5_000
CROSSING_BUDGET = 25_000
KEEP_AREA_WITHIN = 0.01
_CHUNK = 64
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
    sound[usable] = shapely.is_valid(shapes[usable])
    broken = np.flatnonzero(usable & ~sound)
    mended, changes = _mend(shapes, broken, faults)
    answer = np.full(len(shapes), None, dtype=object)
    keep = np.flatnonzero(sound)
    answer[keep] = as_multi(shapes[keep])
    answer[list(mended)] = list(mended.values())
    return Repaired(answer, np.array(list(mended), dtype=np.intp), np.array(changes), faults)


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
    left = CROSSING_BUDGET
    for place in map(int, broken):
        crossings = count_crossings(shapes[place])
        left -= crossings
        if crossings > MAX_CROSSINGS or left < 0:
            faults[place] = "the outline crosses itself too often to be repaired"
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
    rings = shapely.get_rings(shape)
    coordinates, ring = shapely.get_coordinates(rings, return_index=True)
    same = ring[:-1] == ring[1:]
    ends = np.stack([coordinates[:-1][same], coordinates[1:][same]], axis=1)
    segments = np.asarray(shapely.linestrings(ends))
    tree = shapely.STRtree(segments)
    found = 0
    for start in range(0, len(segments), _CHUNK):
        chunk = segments[start : start + _CHUNK]
        one, other = tree.query(chunk, predicate="intersects")
        found += int(np.count_nonzero(other > one + start + 1))
        if found > MAX_CROSSINGS:
            break
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
    """An overlap of two cells (`cells` are their positions) or a gap between cells."""

    kind: str
    area_m2: float
    lon: float
    lat: float
    cells: tuple[int, ...] = ()


SMALLEST_FLAW_M2 = 0.01


def flaws(shapes: Shapes) -> list[Flaw]:
    """List overlaps between cells and gaps enclosed by them, largest first.

    Args:
        shapes: sound polygons in WGS-84 degrees, (n,), none missing.
    """
    shapes = np.asarray(shapes, dtype=object)
    if len(shapes) == 0:
        return []
    to_metres, to_degrees = _local_metres(shapes)
    plane = shapely.transform(shapes, to_metres)
    found = _overlaps(plane) + _gaps(plane)
    found = [flaw for flaw in found if flaw[1] >= SMALLEST_FLAW_M2]
    found.sort(key=lambda flaw: -flaw[1])
    return [_flaw(kind, area, spot, cells, to_degrees) for kind, area, spot, cells in found]


_Found = tuple[str, float, shapely.Point, tuple[int, ...]]


def _overlaps(plane: Shapes) -> list[_Found]:
    suspects = _not_clean(plane)
    if not len(suspects):
        return []
    one, other = shapely.STRtree(plane).query(plane[suspects], predicate="intersects")
    one = suspects[one]
    pairs = np.unique(np.sort(np.column_stack([one, other])[one != other], axis=1), axis=0)
    if not len(pairs):
        return []
    common = shapely.intersection(plane[pairs[:, 0]], plane[pairs[:, 1]])
    areas = shapely.area(common)
    return [
        ("overlap", float(areas[n]), common[n].representative_point(), (int(a), int(b)))
        for n, (a, b) in enumerate(pairs)
        if areas[n] >= SMALLEST_FLAW_M2
    ]


def _not_clean(plane: Shapes) -> npt.NDArray[np.intp]:
    """Positions of cells with an edge that does not match its neighbour's."""
    edges = shapely.coverage_invalid_edges(plane)
    return np.flatnonzero(~(shapely.is_missing(edges) | shapely.is_empty(edges)))


def _gaps(plane: Shapes) -> list[_Found]:
    whole = shapely.union_all(plane)
    holes = [shapely.Polygon(ring) for part in shapely.get_parts(whole) for ring in part.interiors]
    return [("gap", float(hole.area), hole.representative_point(), ()) for hole in holes]


def _flaw(
    kind: str, area: float, spot: shapely.Point, cells: tuple[int, ...], to_degrees: Move
) -> Flaw:
    (lon, lat), *_ = to_degrees(shapely.get_coordinates(spot))
    return Flaw(kind, round(area, 2), round(float(lon), 7), round(float(lat), 7), cells)


def _local_metres(shapes: Shapes) -> tuple[Move, Move]:
    """Functions from degrees to a local equal-area plane in metres and back."""
    west, south, east, north = shapely.total_bounds(shapes)
    plane = pyproj.CRS.from_proj4(
        f"+proj=laea +lon_0={(west + east) / 2} +lat_0={(south + north) / 2} +datum=WGS84"
    )
    forward = pyproj.Transformer.from_crs(4326, plane, always_xy=True)
    back = pyproj.Transformer.from_crs(plane, 4326, always_xy=True)
    return (
        lambda xy: np.column_stack(forward.transform(xy[:, 0], xy[:, 1])),
        lambda xy: np.column_stack(back.transform(xy[:, 0], xy[:, 1])),
    )
