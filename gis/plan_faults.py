"""Faults of the ground: outlines, pieces, overlaps, gaps, slivers, what lies beyond a community."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from gis import plan_ground
from gis.plan import Plan
from gis.plan_edit import Give, Mend, Merge, Operation, Trim
from gis.plan_findings import Finding, Limits, found, longest_beside, longest_neighbour
from gis.terms_plan import FindingKind

Shapes = npt.NDArray[np.object_]
Ints = npt.NDArray[np.intp]
Texts = npt.NDArray[np.str_]

Unlike = tuple[Shapes, Ints]

_HAIR_M = 0.001
"""Pieces narrower than this are what rounding leaves between lines that are the same."""
_SHORTEST_M = 25.0
"""Slits shorter than this are notches where two cells meet at the border."""


def invalid(plan: Plan) -> list[Finding]:
    """Outlines that cross themselves."""
    answer = []
    for at in np.flatnonzero(~shapely.is_valid(plan.shapes)):
        code, shape = str(plan.codes[at]), plan.shapes[at]
        size = float(plan.areas_m2[at]), "m²"
        said = f"the outline of {code} crosses itself ({shapely.is_valid_reason(shape)})"
        answer.append(found(FindingKind.INVALID, [code], shape, size, said, Mend(code)))
    return answer


def apart(plan: Plan) -> list[Finding]:
    """Pieces of cells that do not hang together: all but the largest of each."""
    at = np.flatnonzero(shapely.get_num_geometries(plan.sound) > 1)
    parts, owner = shapely.get_parts(plan.sound[at], return_index=True)
    owner = at[owner]
    order = np.lexsort((-shapely.area(parts), owner))
    largest = order[np.unique(owner[order], return_index=True)[1]]
    rest = np.setdiff1d(np.arange(len(parts)), largest)
    pieces, owner = parts[rest], owner[rest]
    heirs = longest_beside(plan, pieces, plan.above[owner], but=owner)
    answer = []
    for piece, at_, heir, area in _rows(pieces, owner, heirs, plan_ground.area_m2(pieces)):
        code = str(plan.codes[at_])
        repair, to = _give(plan, piece, heir)
        said = f"{area:.1f} m² of {code} lie apart from the rest of it{to}"
        answer.append(found(FindingKind.APART, [code], piece, (area, "m²"), said, repair))
    return answer


def overlaps(plan: Plan) -> list[Finding]:
    """Ground that two cells hold: it goes to the one with the longer border, in its community.

    What of its outline is not the outline of a cell is its border with the rest of that cell.
    """
    one, other = plan.tree.query(plan.sound[plan.loose], predicate="intersects")
    one = plan.loose[one]
    pairs = np.unique(np.sort(np.column_stack([one, other])[one != other], axis=1), axis=0)
    common = shapely.intersection(plan.sound[pairs[:, 0]], plan.sound[pairs[:, 1]])
    pieces, pair = _pieces(common)
    both = pairs[pair]
    outer = [plan_ground.common_border_m(pieces, plan.sound[both[:, side]]) for side in (0, 1)]
    home = _community_at(plan, pieces)[:, None] == plan.above[both]
    keeper = np.where(home[:, 0] == home[:, 1], outer[0] > outer[1], home[:, 1]).astype(int)
    answer = []
    for piece, cells, side, area in _rows(pieces, both, keeper, plan_ground.area_m2(pieces)):
        codes = plan.codes[cells].tolist()
        said = f"{area:.1f} m² belong to {codes[0]} and to {codes[1]}; give them to {codes[side]}"
        repair = Give(piece, codes[side])
        answer.append(found(FindingKind.OVERLAP, codes, piece, (area, "m²"), said, repair))
    return answer


def gaps(plan: Plan, limits: Limits, unlike: Unlike) -> list[Finding]:
    """Ground of a community, or between cells, that no cell holds."""
    pieces, homes = _bare_ground(plan, limits, unlike)
    heirs = longest_beside(plan, pieces, homes, but=np.full(len(pieces), -1))
    sizes = np.column_stack([plan_ground.area_m2(pieces), plan_ground.width_m(pieces)])
    answer = []
    for piece, home, heir, (area, width) in _rows(pieces, homes, heirs, sizes):
        repair, to = _give(plan, piece, heir)
        where = f" of community {home}" if home else ""
        said = f"{area:.1f} m²{where}, {width:.1f} m wide, belong to no cell{to}"
        cells = [str(plan.codes[heir])] if heir >= 0 else []
        answer.append(found(FindingKind.GAP, cells, piece, (area, "m²"), said, repair))
    return answer


def slivers(plan: Plan, limits: Limits) -> list[Finding]:
    """Cells so narrow that nobody drew them."""
    widths = plan_ground.width_m(plan.sound)
    at = np.flatnonzero((widths < limits.narrow_m) & ~shapely.is_empty(plan.sound))
    heirs = longest_neighbour(plan)[at]
    answer = []
    for cell, heir in _rows(at, heirs):
        code, width = str(plan.codes[cell]), float(widths[cell])
        said, repair = f"cell {code} is only {width:.1f} m wide", None
        if heir >= 0:
            to = str(plan.codes[heir])
            said += f"; {to} has the longest border with it"
            repair = Merge((to, code), into=to)
        ground = plan.sound[cell]
        answer.append(found(FindingKind.SLIVER, [code], ground, (width, "m"), said, repair))
    return answer


def beyond(plan: Plan, unlike: Unlike) -> list[Finding]:
    """Ground of cells outside of their community: to be given to a cell there, or cut off."""
    pieces, owner = _beyond(plan, unlike)
    holder = _community_at(plan, pieces)
    heirs = longest_beside(plan, pieces, np.where(holder == "", "-", holder), but=owner)
    answer = []
    rows = _rows(pieces, owner, holder, heirs, plan_ground.area_m2(pieces))
    for piece, at, there, heir, area in rows:
        code = str(plan.codes[at])
        repair, to = _give(plan, piece, heir)
        where = f"in {there}" if there else "in none"
        said = f"{area:.1f} m² of {code} lie outside of its community {plan.above[at]}, {where}"
        repair = repair or Trim(code, piece)
        answer.append(found(FindingKind.BEYOND, [code], piece, (area, "m²"), said + to, repair))
    return answer


def _rows(*columns: npt.NDArray[Any]) -> Iterator[tuple[Any, ...]]:
    return zip(*columns, strict=True)


def _give(plan: Plan, piece: shapely.Polygon, heir: int) -> tuple[Operation | None, str]:
    """The repair that gives a piece to a cell, and its words; nothing without a cell."""
    if heir < 0:
        return None, ""
    to = str(plan.codes[heir])
    return Give(piece, to), f"; {to} has the longest border with it"


def _pieces(grounds: Shapes) -> tuple[Shapes, Ints]:
    """The parts of grounds that are more than rounding, and the ground of each."""
    parts, owner = shapely.get_parts(np.asarray(grounds, dtype=object), return_index=True)
    parts, inner = shapely.get_parts(parts, return_index=True)
    owner = owner[inner]
    parts = plan_ground.on_grid(parts)
    real = (shapely.get_type_id(parts) == 3) & ~shapely.is_empty(parts)
    parts, owner = parts[real], owner[real]
    real = plan_ground.area_m2(parts) > plan_ground.ROUNDING_M2
    real &= plan_ground.width_m(parts) > _HAIR_M
    real &= shapely.is_valid(parts)
    return parts[real], owner[real]


# Communities


def _home(plan: Plan) -> Ints:
    """The position of each cell's community among those with an outline, -1 for none (n,)."""
    drawn = ~shapely.is_missing(plan.communities.shapes)
    place = {code: n for n, code in enumerate(plan.communities.codes.tolist()) if drawn[n]}
    return np.array([place.get(code, -1) for code in plan.above.tolist()], dtype=np.intp)


def _community_at(plan: Plan, pieces: Shapes) -> Texts:
    """Codes of the communities that pieces lie in, "" for none (k,)."""
    outlines = plan.communities.shapes
    drawn = np.flatnonzero(~shapely.is_missing(outlines))
    tree = shapely.STRtree(outlines[drawn])
    piece, home = tree.query(shapely.point_on_surface(pieces), predicate="intersects")
    answer = np.full(len(pieces), "", dtype=object)
    answer[piece] = plan.communities.codes[drawn[home]]
    return answer.astype(str)


def _bare_ground(plan: Plan, limits: Limits, unlike: Unlike) -> tuple[Shapes, Texts]:
    """Pieces no cell holds, and their communities: from outlines, else between the cells."""
    if not len(plan.communities.codes) or (_home(plan) < 0).any():
        pieces = _pieces(_between(plan, limits))[0]
        return pieces, np.full(len(pieces), "")
    pieces, owner = unlike
    outlines = plan.communities.shapes[owner]
    inside = shapely.intersects(outlines, shapely.point_on_surface(pieces))
    pieces = _pieces(_free_of(plan, pieces[inside]))[0]
    return pieces, _community_at(plan, pieces)


def _beyond(plan: Plan, unlike: Unlike) -> tuple[Shapes, Ints]:
    """Pieces of cells outside of their community, and the cell of each."""
    pieces, owner = unlike
    outlines = plan.communities.shapes[owner]
    outside = ~shapely.intersects(outlines, shapely.point_on_surface(pieces))
    piece, cell = plan.tree.query(pieces[outside], predicate="intersects")
    own = _home(plan)[cell] == owner[outside][piece]
    piece, cell = piece[own], cell[own]
    parts, which = _pieces(shapely.intersection(pieces[outside][piece], plan.sound[cell]))
    return parts, cell[which]


def unlike_communities(plan: Plan) -> Unlike:
    """Where communities and the ground of their cells are not the same, and which community."""
    outlines = plan.communities.shapes
    drawn = np.flatnonzero(~shapely.is_missing(outlines))
    held = _united(plan, _home(plan), len(outlines))
    pieces, owner = _pieces(shapely.symmetric_difference(outlines[drawn], held[drawn]))
    return pieces, drawn[owner]


def _free_of(plan: Plan, pieces: Shapes) -> Shapes:
    """Pieces without what cells of other communities hold of them."""
    piece, cell = plan.tree.query(pieces, predicate="intersects")
    held = _union_each(plan.sound[cell], piece, len(pieces))
    return np.asarray(shapely.difference(pieces, held), dtype=object)


def _united(plan: Plan, group: Ints, count: int) -> Shapes:
    """The ground of the cells of each group; by their corners where these fit (count,)."""
    rough = np.zeros(count + 1, dtype=bool)  # the last is that of cells of no group, -1
    rough[group[plan.loose]] = rough[-1] = True
    fine = ~rough[group]
    united = plan_ground.together(plan.sound[fine], group[fine], count)
    rest = ~fine & (group >= 0)
    united[rough[:-1]] = _union_each(plan.sound[rest], group[rest], count)[rough[:-1]]
    return united


def _union_each(shapes: Shapes, group: Ints, count: int) -> Shapes:
    """The shapes of each group 0…count-1 together, however they lie (count,)."""
    order = np.argsort(group, kind="stable")
    ends = np.searchsorted(group[order], np.arange(1, count))
    parts = np.split(shapes[order], ends) if count else []
    return np.array([shapely.union_all(one) for one in parts], dtype=object)


def _between(plan: Plan, limits: Limits) -> Shapes:
    """Holes of the whole, and slits between two cells that are open to the outside.

    Closing the whole (grown by half the width of a slit, shrunk again) fills just what is that
    narrow. What lies at one cell only is the cell's own ragged edge.
    """
    if not len(plan):
        return plan.sound
    whole = shapely.union_all(plan.sound)
    rims = shapely.get_exterior_ring(shapely.get_parts(whole))
    filled = shapely.union_all(shapely.polygons(rims))
    squeeze = np.array([np.cos(np.radians(shapely.centroid(whole).y)), 1.0])
    half = limits.narrow_m / 2 / plan_ground.M_PER_DEG
    closed = shapely.transform(filled, lambda xy: xy * squeeze)
    for step in (half, -half):
        closed = shapely.buffer(closed, step, join_style="mitre", mitre_limit=2)
    closed = shapely.transform(closed, lambda xy: xy / squeeze)
    slits = shapely.get_parts(shapely.difference(closed, filled))
    slits = slits[plan_ground.length_m(slits) > 2 * _SHORTEST_M]
    slit, _ = plan.tree.query(slits, predicate="dwithin", distance=1e-3 / plan_ground.M_PER_DEG)
    slits = slits[np.bincount(slit, minlength=len(slits)) > 1]
    return np.array([*shapely.get_parts(shapely.difference(filled, whole)), *slits], dtype=object)
