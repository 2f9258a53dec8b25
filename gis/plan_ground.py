"""The ground of a plan: outlines that share their corners exactly, cut and joined without a slit.

Outlines are in WGS-84 degrees on a grid of 1e-10 degrees (a hundredth of a millimetre), as places
are stored. Cells that lie side by side have the same corners on their common edge, so that moving
ground between them is a question of whole faces, never of nearly equal lines.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from gis.errors import BadInput, Fault

Shapes = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

GRID_DEG = 1e-10
_STUB_DEG = 5 * GRID_DEG
_DECIMALS = 10
M_PER_DEG = 111_319.49
ROUNDING_M2 = 0.05
"""Less ground than this is what rounding leaves."""
_A, _E2 = 6_378_137.0, 0.00669437999014  # WGS-84


# Measures


def even(shapes: Shapes) -> Shapes:
    """Give each shape in metres, by the scale of its own middle; straight lines stay straight.

    True to a millionth for shapes of some kilometres. Shapes in different places do not fit
    together afterwards: this is for measuring one at a time.
    """
    shapes = np.array(shapes, dtype=object, ndmin=1)
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    middle, some = shapely.get_coordinates(shapely.centroid(shapes), return_index=True)
    lat = np.zeros(len(shapes))
    lat[some] = middle[:, 1]
    measured: Shapes = shapely.set_coordinates(shapes, xy * scale_m(lat)[owner])
    return measured


def scale_m(lat: Floats) -> Floats:
    """Metres in a degree east and north, at latitudes (n,); (n, 2)."""
    phi = np.radians(lat)
    bend = 1 - _E2 * np.sin(phi) ** 2
    return np.radians(
        np.column_stack([_A * np.cos(phi) / np.sqrt(bend), _A * (1 - _E2) / bend**1.5])
    )


def area_m2(shapes: Shapes) -> Floats:
    """Areas of polygons in degrees (n,), in square metres."""
    return np.asarray(shapely.area(even(shapes)))


def length_m(shapes: Shapes) -> Floats:
    """Lengths of lines, or of the outlines of polygons, in degrees (n,), in metres."""
    return np.asarray(shapely.length(even(shapes)))


def width_m(shapes: Shapes) -> Floats:
    """How wide long thin polygons are on average: their area by half their outline; (n,)."""
    measured = even(shapes)
    return np.asarray(2 * shapely.area(measured) / np.maximum(shapely.length(measured), 1e-12))


def common_border_m(pieces: Shapes, beside: Shapes) -> Floats:
    """How long the border of each piece is that it has in common with the shape beside it; (n,).

    A millimetre apart counts as common.
    """
    rims = shapely.buffer(shapely.boundary(pieces), 1e-3 / M_PER_DEG, quad_segs=1)
    return length_m(shapely.intersection(rims, shapely.boundary(beside)))


# The grid


def on_grid(shapes: Shapes) -> Shapes:
    """Round corners to the grid; equal corners stay equal, None passes through."""
    rounded: Shapes = shapely.transform(
        np.asarray(shapes, dtype=object), lambda xy: np.round(xy, _DECIMALS)
    )
    return rounded


def tidy(shapes: Shapes) -> Shapes:
    """Polygons of one part as Polygons; those of several as MultiPolygons; (n,)."""
    shapes = np.array(shapes, dtype=object)
    one = (shapely.get_type_id(shapes) == 6) & (shapely.get_num_geometries(shapes) == 1)
    shapes[one] = shapely.get_geometry(shapes[one], 0)
    return shapes


def polygons_of(shape: shapely.Geometry) -> Shapes:
    """The polygons among the parts of whatever an overlay answered."""
    parts = shapely.get_parts(shapely.get_parts(shape))
    polygons: Shapes = parts[(shapely.get_type_id(parts) == 3) & ~shapely.is_empty(parts)]
    return polygons


def weld(shapes: Shapes, spots: Floats) -> Shapes:
    """Give outlines a corner wherever one of `spots` (k, 2) lies on an edge; no ground moves.

    A spot is on an edge when it is no further from it than a step of the grid. A shape's own
    corners are left where they are: it is not tied to itself.
    """
    outline = _outline(shapes)
    after, corner = _on_edges(outline.xy, outline.ring, outline.shape, spots)
    if not len(after):
        return shapes
    ring = np.insert(outline.ring, after, outline.ring[after - 1])
    return _polygons(replace(outline, xy=np.insert(outline.xy, after, corner, axis=0), ring=ring))


def without(shapes: Shapes, corner: Floats) -> tuple[Shapes, Ints]:
    """Shapes without a corner (2,), and positions of those with a ring of which none is left."""
    outline = _outline(shapes)
    kept = (outline.xy != corner).any(axis=1)
    # the first corner of a ring stands at its end too
    corners = kept[:-1] & (outline.ring[:-1] == outline.ring[1:])
    left = np.bincount(outline.ring[:-1][corners], minlength=len(outline.ring_of))
    short = np.unique(outline.part_of[outline.ring_of[left < 3]])
    if len(short):
        return shapes, short
    return _polygons(replace(outline, xy=outline.xy[kept], ring=outline.ring[kept])), short


def ends_at(shapes: Shapes, corner: Floats) -> Floats:
    """The other ends (k, 2) of the different edges of `shapes` that end in a corner."""
    outline = _outline(shapes)
    start = np.flatnonzero(outline.ring[:-1] == outline.ring[1:])
    ends = outline.xy[start], outline.xy[start + 1]
    there = [(end == corner).all(axis=1) for end in ends]
    return np.unique(np.concatenate([ends[1][there[0]], ends[0][there[1]]]), axis=0)


@dataclass(frozen=True, eq=False)
class _Outline:
    """Polygons in their corners: xy (k, 2) and the ring of each (k,), the part of each ring, and
    the shape of each part."""

    xy: Floats
    ring: Ints
    ring_of: Ints
    part_of: Ints

    @property
    def shape(self) -> Ints:
        """The shape of each corner (k,)."""
        return self.part_of[self.ring_of[self.ring]]


def _outline(shapes: Shapes) -> _Outline:
    parts, part_of = shapely.get_parts(shapes, return_index=True)
    rings, ring_of = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    return _Outline(xy, ring, ring_of, part_of)


def _polygons(outline: _Outline) -> Shapes:
    """The polygons of an outline; rings that are open are closed."""
    rings = np.asarray(shapely.linearrings(outline.xy, indices=outline.ring))
    whole = np.asarray(shapely.polygons(rings, indices=outline.ring_of))
    return tidy(np.asarray(shapely.multipolygons(whole, indices=outline.part_of)))


def _on_edges(xy: Floats, ring: Ints, shape: Ints, spots: Floats) -> tuple[Ints, Floats]:
    """Where to insert which new corners: positions in `xy` in order, and the corners."""
    known, name = corners_of(np.concatenate([spots, xy]))
    name, own = name[: len(spots)], name[len(spots) :] + len(known) * shape
    name = np.unique(name)
    start = np.flatnonzero(ring[:-1] == ring[1:])
    edges = np.asarray(shapely.linestrings(np.stack([xy[start], xy[start + 1]], axis=1)))
    spot, edge = shapely.STRtree(edges).query(
        shapely.points(known[name]), predicate="dwithin", distance=GRID_DEG
    )
    first, corner = start[edge], known[name[spot]]
    along = xy[first + 1] - xy[first]
    way = ((corner - xy[first]) * along).sum(axis=1) / (along**2).sum(axis=1)
    strange = ~np.isin(name[spot] + len(known) * shape[first], own)
    inner = (way > 0) & (way < 1) & strange
    order = np.lexsort((way[inner], first[inner]))
    return first[inner][order] + 1, corner[inner][order]


def matched(shapes: Shapes) -> Shapes:
    """Give all shapes the corners that their neighbours have on common edges."""
    edges = shapely.coverage_invalid_edges(shapes)
    loose = _some(edges)
    if not len(loose):
        return shapes
    matched = shapes.copy()
    matched[loose] = weld(shapes[loose], shapely.get_coordinates(edges[loose]))
    return matched


def loose_ends(shapes: Shapes) -> Ints:
    """Positions of shapes with an edge that is not exactly its neighbour's too."""
    return _some(shapely.coverage_invalid_edges(shapes))


def _some(lines: Shapes) -> Ints:
    return np.flatnonzero(~(shapely.is_missing(lines) | shapely.is_empty(lines)))


def corners_of(xy: Floats) -> tuple[Floats, Ints]:
    """The different ones among coordinates (k, 2), and the place of each among them."""
    joined = np.ascontiguousarray(xy).view(complex).ravel()
    known, name = np.unique(joined, return_inverse=True)
    return known.view(float).reshape(-1, 2), name


def common_edges(shapes: Shapes) -> tuple[Ints, Ints, Floats]:
    """Which shapes lie side by side: pairs of positions in order, and their common border, m.

    Only edges that are exactly the same count, as they are in a sound plan.
    """
    rings, ring_of = shapely.get_parts(shapely.boundary(shapes), return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    owner = ring_of[ring]
    start = np.flatnonzero(ring[:-1] == ring[1:])
    known, name = corners_of(xy)
    ends = np.sort(np.column_stack([name[start], name[start + 1]]), axis=1)
    edge = ends[:, 0] * len(known) + ends[:, 1]
    order = np.argsort(edge, kind="stable")
    twice = np.flatnonzero(np.diff(edge[order]) == 0)
    one, other = owner[start[order[twice]]], owner[start[order[twice + 1]]]
    at = start[order[twice]]
    step = (xy[at + 1] - xy[at]) * scale_m(xy[at, 1])
    pair = one * len(shapes) + other
    pairs, place = np.unique(pair, return_inverse=True)
    length = np.bincount(place, np.hypot(step[:, 0], step[:, 1]), minlength=len(pairs))
    return pairs // len(shapes), pairs % len(shapes), length.astype(float)


def cleaned(shapes: Shapes, width_m: float) -> Shapes:
    """Shapes that fit: enclosed gaps up to a width filled, overlaps parted, by longest border."""
    if not len(shapes):
        return shapes
    _, south, _, north = shapely.total_bounds(shapes)
    squeeze = np.array([np.cos(np.radians((south + north) / 2)), 1.0])
    plane = shapely.transform(shapes, lambda xy: xy * squeeze)
    clean = shapely.coverage_clean  # type: ignore[attr-defined]  # its types are of an older one
    fitting = clean(plane, gap_width=width_m / M_PER_DEG)
    return tidy(on_grid(shapely.transform(fitting, lambda xy: xy / squeeze)))


def same(some: Shapes, others: Shapes) -> npt.NDArray[np.bool_]:
    """Whether shapes are the same ground with the same corners, wherever their rings begin."""
    equal: npt.NDArray[np.bool_] = shapely.equals_exact(
        shapely.normalize(some), shapely.normalize(others), tolerance=0.0
    )
    return equal


# Faces


def faces(shapes: Shapes, cuts: Shapes) -> Shapes:
    """All faces that the outlines of `shapes` and the lines `cuts` make together.

    Lines meet in corners on the grid, which faces side by side have in common exactly.
    """
    lines = _noded(np.concatenate([shapely.boundary(shapes), np.asarray(cuts, dtype=object)]))
    joined = _without_stubs(lines, shapely.get_coordinates(shapes))
    lines = lines if joined is lines else _noded(joined)
    found: Shapes = shapely.get_parts(shapely.polygonize(lines))
    return found


def _noded(lines: Shapes) -> Shapes:
    return on_grid(shapely.get_parts(shapely.union_all(lines, grid_size=GRID_DEG)))


def _without_stubs(lines: Shapes, corners: Floats) -> Shapes:
    """Lines whose ends are one where they are a few steps of the grid apart; `corners` stay.

    Such stubs are what a line leaves that was drawn to a border and crosses it by a hair: a
    neighbour that gets their corners could not tell which of them comes first.
    """
    xy, line = shapely.get_coordinates(lines, return_index=True)
    known, name = corners_of(np.concatenate([corners, xy]))
    stays = np.isin(np.arange(len(known)), name[: len(corners)])
    name = name[len(corners) :]
    start = np.flatnonzero(line[:-1] == line[1:])
    short = np.hypot(*(xy[start + 1] - xy[start]).T) < _STUB_DEG
    one, other = name[start[short]], name[start[short] + 1]
    one, other = (end[~(stays[one] & stays[other])] for end in (one, other))
    if not len(one):
        return lines
    web = csr_array((np.ones(len(one)), (one, other)), shape=(len(known), len(known)))
    bundle = connected_components(web, directed=False)[1]
    order = np.lexsort((~stays, bundle))
    first = order[np.unique(bundle[order], return_index=True)[1]]
    goal = np.where(stays, np.arange(len(known)), first[bundle])
    joined: Shapes = shapely.set_coordinates(lines.copy(), known[goal[name]])
    return joined


def holders(pieces: Shapes, shapes: Shapes) -> tuple[Ints, Ints]:
    """Which of `shapes` hold which pieces, as pairs of positions; a piece lies in one whole."""
    spots = shapely.point_on_surface(pieces)
    piece, shape = shapely.STRtree(shapes).query(spots, predicate="intersects")
    return piece, shape


def together(shapes: Shapes, group: Ints, count: int) -> Shapes:
    """Join the shapes of each group 0…count-1, which share their corners, exactly.

    A group without shapes becomes an empty polygon.

    Raises:
        BadInput: some of them do not share their corners after all, by a hair.
    """
    joined = np.full(count, shapely.Polygon(), dtype=object)
    if not len(group):
        return joined
    order = np.argsort(group, kind="stable")
    size = np.bincount(group, minlength=count)
    place = np.arange(len(group)) - np.repeat(np.cumsum(size) - size, size)
    table = np.full((count, size.max()), None, dtype=object)
    table[group[order], place] = shapes[order]
    some = size > 0
    try:
        joined[some] = shapely.coverage_union_all(table[some], axis=1)
    except shapely.GEOSException:
        raise BadInput(Fault("hair", "a border would come within a hair of another one")) from None
    return tidy(joined)


def reaching(line: shapely.Geometry, border: shapely.Geometry, snap_m: float) -> shapely.Geometry:
    """The line on the grid, its corners put on those of `border` and its ends on it where near.

    Near is within `snap_m`; an end that is further away stays where it is.
    """
    reach = snap_m / M_PER_DEG
    line = shapely.snap(line, border, reach)
    parts = [_to_border(part, border, reach) for part in shapely.get_parts(line)]
    whole: shapely.Geometry = on_grid(np.array([shapely.multilinestrings(parts)]))[0]
    return whole


def _to_border(line: shapely.Geometry, border: shapely.Geometry, reach: float) -> shapely.Geometry:
    xy = shapely.get_coordinates(line)
    for end, at in ((shapely.Point(xy[0]), 0), (shapely.Point(xy[-1]), len(xy))):
        if 0 < shapely.distance(end, border) <= reach:
            foot = shapely.get_coordinates(shapely.shortest_line(end, border))[1]
            xy = np.insert(xy, at if at == 0 else len(xy), foot, axis=0)
    return shapely.LineString(xy)
