"""How good a plan is: equal, whole, compact, short to walk, and crossing no barrier needlessly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

import gis.partition_graph
from gis.partition_graph import Flags, Floats, Ints, Units, sums
from gis.partition_pockets import Forced

FINE = 0.03
"""The share of its aim by which a cell may miss it and be called equal."""


@dataclass(frozen=True, eq=False)
class Measures:
    """A plan measured, (cells,) each.

    load, households: sums. miss: the share of its aim by which a cell misses it; the aim is the
    mean of its pocket, or its biggest unit if that alone is more. whole: whether the cell is
    connected, barriers or not. crossing: whether it lies on both sides of a barrier with no way
    round inside; avoidable: whether it does so beyond what is forced. compactness: Polsby-Popper,
    4 pi area / outline squared. walk_m: mean way from a household to the middle of its cell, in a
    straight line.
    """

    load: Floats
    households: Ints
    miss: Floats
    whole: Flags
    crossing: Flags
    avoidable: Flags
    compactness: Floats
    walk_m: Floats

    def summary(self) -> dict[str, float]:
        """The plan in one number each; the walk is that of the mean household."""
        people = self.households / max(int(self.households.sum()), 1)
        return {
            "max_deviation": float(self.miss.max()),
            "within_3_percent": float((self.miss <= FINE).mean()),
            "broken": int((~self.whole).sum()),
            "crossing": int(self.crossing.sum()),
            "avoidable": int(self.avoidable.sum()),
            "compactness": float(self.compactness.mean()),
            "walk_m": float((self.walk_m * people).sum()),
        }


def measure(
    units: Units, cell: npt.ArrayLike, aim: npt.ArrayLike, forced: Sequence[Forced] = ()
) -> Measures:
    """Measure a plan: cell (n,) of each unit from 0, aim the mean of each unit's pocket or one."""
    place = np.asarray(cell, dtype=np.int64)
    count = int(place.max()) + 1
    households = sums(place, units.households, count).astype(np.int64)
    load = sums(place, units.workload, count)
    crossing = _parts(units, place, units.barred) > 1
    return Measures(
        load,
        households,
        _misses(units, place, load, aim),
        _parts(units, place, np.zeros(len(units.pairs), dtype=bool)) == 1,
        crossing,
        crossing & (_parts(units, place, units.barred, forced) > 1),
        _compactness(units, place, count),
        _walks(units, place, count),
    )


def aims(units: Units, cell: npt.ArrayLike) -> Floats:
    """The mean of the cells of each unit's community (n,): what a plan in force could achieve."""
    place = np.asarray(cell, dtype=np.int64)
    home = np.unique(units.community, return_inverse=True)[1]
    work = sums(home, units.workload)
    first = np.unique(place, return_index=True)[1]
    return np.asarray((work / np.maximum(np.bincount(home[first], minlength=len(work)), 1))[home])


def _misses(units: Units, place: Ints, load: Floats, aim: npt.ArrayLike) -> Floats:
    """The share of its aim by which each cell misses it; a cell without an aim misses nothing."""
    each = np.broadcast_to(np.asarray(aim, dtype=np.float64), (len(units),))
    weight = units.workload + 1e-9
    wanted = sums(place, weight * each) / sums(place, weight)
    np.maximum.at(wanted, place, units.workload)
    return np.where(wanted > 0, np.abs(load - wanted) / np.maximum(wanted, 1e-9), 0.0)


def _parts(units: Units, place: Ints, cut: Flags, without: Sequence[Forced] = ()) -> Ints:
    """How many connected parts each cell has without the links `cut`, and without some units."""
    inside = place[units.pairs[:, 0]] == place[units.pairs[:, 1]]
    part = gis.partition_graph.labels(len(units), units.pairs[inside & ~cut])
    counted = np.ones(len(units), dtype=bool)
    for piece in without:
        counted[list(piece.units)] = False
    first = np.unique(part[counted], return_index=True)[1]
    return np.bincount(place[counted][first], minlength=int(place.max()) + 1)


def _compactness(units: Units, place: Ints, count: int) -> Floats:
    """Polsby-Popper of each cell, from the borders of its units: nothing is united."""
    one, other = place[units.pairs].T
    inside = one == other
    shared = sums(one[inside], units.border_m[inside], count)
    outline = sums(place, units.outline_m, count) - 2 * shared
    area = sums(place, units.area_m2, count)
    return np.asarray(4 * np.pi * area / np.maximum(outline, 1e-9) ** 2)


def _walks(units: Units, place: Ints, count: int) -> Floats:
    """Mean straight way of the households of each cell to their middle."""
    weight = units.households + 1e-9
    total = sums(place, weight, count)
    middle = [sums(place, weight * axis, count) / total for axis in units.point.T]
    away = np.hypot(*(units.point - np.column_stack(middle)[place]).T)
    return np.asarray(sums(place, weight * away, count) / total)
