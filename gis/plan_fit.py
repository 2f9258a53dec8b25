"""Whether cells fit what is in them: communities, buildings, households, barriers, codes."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import numpy.typing as npt
import shapely

from gis import plan_codes, plan_ground
from gis.errors import BadInput
from gis.plan import Plan
from gis.plan_edit import Give, Merge, Operation, Recode
from gis.plan_findings import Barriers, Finding, Limits, found, longest_beside, longest_neighbour
from gis.terms_plan import FindingKind

Shapes = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

_LEAST_CROSSING_M = 20.0
"""A barrier that runs less than this through a cell only brushes it."""


def communities(plan: Plan) -> list[Finding]:
    """Cells of no community, or of one that is not there."""
    known = set(plan.communities.codes.tolist()) or set(plan.above.tolist())
    answer = []
    for at, above in enumerate(plan.above.tolist()):
        if above and above in known:
            continue
        code = str(plan.codes[at])
        said = f"cell {code} belongs to {above or 'no community'}"
        said += ", which this plan does not know" if above else "; every cell belongs to one"
        size = float(plan.areas_m2[at]), "m²"
        answer.append(found(FindingKind.COMMUNITY, [code], plan.sound[at], size, said))
    return answer


def codes(plan: Plan) -> list[Finding]:
    """Codes that do not obey the plan's scheme."""
    kinds = plan.cells["kind"].tolist()
    faults = [
        plan.scheme.fault(code, kind, above)
        for code, kind, above in zip(plan.codes.tolist(), kinds, plan.above.tolist(), strict=True)
    ]
    wrong = np.array([fault is not None for fault in faults], dtype=bool)
    better = _better_codes(plan, wrong)
    answer = []
    for at in np.flatnonzero(wrong):
        code = str(plan.codes[at])
        said = f"the code {code} {faults[at]}"
        repair = Recode(code, better[int(at)]) if int(at) in better else None
        answer.append(found(FindingKind.CODE, [code], plan.sound[at], (1, "code"), said, repair))
    return answer


def _better_codes(plan: Plan, wrong: npt.NDArray[np.bool_]) -> dict[int, str]:
    """New codes of cells by position, where the scheme has any for their kind and community."""
    scheme, kinds = plan.scheme, plan.cells["kind"].to_numpy(dtype=str)
    fit = np.array(
        [
            scheme.fault(scheme.code(str(above), scheme.numbers(str(kind))[0]), kind, above) is None
            for above, kind in zip(plan.above[wrong], kinds[wrong], strict=True)
        ],
        dtype=bool,
    )
    at = np.flatnonzero(wrong)[fit]
    better: dict[int, str] = {}
    for home, kind in sorted({*zip(plan.above[at].tolist(), kinds[at].tolist(), strict=True)}):
        mine = at[(plan.above[at] == home) & (kinds[at] == kind)]
        taken = plan.spent | set(plan.codes[plan.above == home].tolist()) | set(better.values())
        with suppress(BadInput):  # there are not so many numbers: a person has to decide
            given = plan_codes.number(
                plan.sound[mine],
                plan.above[mine],
                kinds[mine],
                kept=[""] * len(mine),
                scheme=scheme,
                taken=taken,
            )
            better |= dict(zip(mine.tolist(), given, strict=True))
    return better


# People


def households(plan: Plan, limits: Limits) -> list[Finding]:
    """Cells with fewer or more households than their kind may have.

    A cell with too few is to be merged with its longest neighbour, where both together fit.
    """
    kinds = plan.cells["kind"].to_numpy(dtype=str)
    told = plan.counts["households"].to_numpy(dtype=float)
    low, high = (
        np.array([float(limits.households.get(kind, (0, np.inf))[end]) for kind in kinds])
        for end in (0, 1)
    )
    at = np.flatnonzero((told < low) | (told > high))
    heirs = longest_neighbour(plan)[at]
    answer = []
    for cell, heir in zip(at.tolist(), heirs.tolist(), strict=True):
        code, count = str(plan.codes[cell]), told[cell]
        said = f"cell {code} has {count:g} households; {kinds[cell]} cells have "
        said += f"{low[cell]:g} to {high[cell]:g}"
        repair: Operation | None = None
        if heir >= 0 and count < low[cell] and kinds[heir] == kinds[cell]:
            both = count + told[heir]
            if low[cell] <= both <= high[cell]:
                repair = Merge((code, str(plan.codes[heir])))
                said += f"; with {plan.codes[heir]} it would have {both:g}"
        over = float(max(low[cell] - count, count - high[cell]))
        size = over, "households"
        answer.append(found(FindingKind.HOUSEHOLDS, [code], plan.sound[cell], size, said, repair))
    return answer


def buildings_cut(plan: Plan, limits: Limits) -> list[Finding]:
    """Buildings or blocks that lie in several cells; the cell of their place is to have them."""
    drawn = np.flatnonzero(shapely.get_dimensions(plan.units.shapes) == 2)
    shapes = plan.units.shapes[drawn]
    tree = shapely.STRtree(shapes)
    whole = tree.query(plan.sound, predicate="covers")[1]
    rest = np.setdiff1d(np.arange(len(drawn)), whole)
    rest = rest[plan.cell_of_unit[drawn[rest]] >= 0]
    place = plan.cell_of_unit[drawn[rest]]
    outside = shapely.difference(shapes[rest], plan.sound[place])
    share = shapely.area(outside) / np.maximum(shapely.area(shapes[rest]), 1e-30)
    cut = np.flatnonzero(share > limits.cut_share)
    unit, cell = plan.tree.query(outside[cut], predicate="intersects")
    areas = plan_ground.area_m2(outside[cut])
    answer = []
    for n, at in enumerate(cut):
        code = str(plan.codes[place[at]])
        others = plan.codes[cell[unit == n]].tolist()
        name = plan.units.codes[drawn[rest[at]]]
        said = f"{share[at]:.0%} of {name} lie outside of its cell {code}"
        repair = Give(shapes[rest[at]], code)
        cells = [code, *(one for one in others if one != code)]
        size = areas[n], "m²"
        answer.append(found(FindingKind.BUILDING_CUT, cells, outside[at], size, said, repair))
    return answer


# Barriers


def crossings(plan: Plan, limits: Limits, barriers: Barriers) -> list[Finding]:
    """Cells that lie on both sides of a barrier, people or much ground on each.

    Every side but the main one is to go to the neighbour with the longest border on it.
    """
    line, cell = plan.tree.query(barriers.lines, predicate="intersects")
    within = shapely.intersection(barriers.lines[line], plan.sound[cell])
    length = np.bincount(cell, plan_ground.length_m(within), minlength=len(plan))
    sides: list[tuple[shapely.Polygon, int, int]] = []
    for at in np.flatnonzero(length > _LEAST_CROSSING_M):
        mine = line[cell == at]
        small = _minor_sides(plan, int(at), barriers.lines[mine], limits)
        sides += [(side, int(at), _nearest_line(barriers.lines, mine, side)) for side in small]
    pieces = np.array([side for side, _, _ in sides], dtype=object)
    owner = np.array([at for _, at, _ in sides], dtype=np.intp)
    heirs = longest_beside(plan, pieces, plan.above[owner], but=owner)
    answer = []
    for n, (side, cell_at, which) in enumerate(sides):
        code = str(plan.codes[cell_at])
        count = _living(plan, cell_at, np.array([side]))[0]
        name = f"{barriers.kinds[which]} {barriers.names[which]}".strip()
        said = f"cell {code} crosses the {name}: {count:g} households live beyond it"
        repair = Give(side, str(plan.codes[heirs[n]])) if heirs[n] >= 0 else None
        size = float(length[cell_at]), "m"
        answer.append(found(FindingKind.BARRIER, [code], side, size, said, repair))
    return answer


def _minor_sides(plan: Plan, at: int, lines: Shapes, limits: Limits) -> Shapes:
    """What of a cell lies beyond its barriers: the sides but that of most households."""
    cell = plan.sound[[at]]
    faces = plan_ground.faces(cell, lines)
    faces = faces[np.unique(plan_ground.holders(faces, cell)[0])]
    people, ground = _living(plan, at, faces), shapely.area(faces)
    main = np.lexsort((ground, people))[-1]
    counts = (people > 0) | (ground > limits.beyond_share * ground.sum())
    counts[main] = False
    minor: Shapes = faces[counts]
    return minor


def _living(plan: Plan, at: int, faces: Shapes) -> Floats:
    """Households of a cell's units in each of its faces."""
    mine = plan.units_in(at)
    face, unit = shapely.STRtree(plan.units.spots[mine]).query(faces, predicate="intersects")
    homes = plan.units.households[mine][unit]
    return np.bincount(face, homes, minlength=len(faces)).astype(float)


def _nearest_line(lines: Shapes, among: Ints, side: shapely.Geometry) -> int:
    """The barrier that a side lies behind: the one its border runs along."""
    common = shapely.length(
        shapely.intersection(lines[among], shapely.buffer(side, 1e-3 / plan_ground.M_PER_DEG))
    )
    return int(among[common.argmax()])
