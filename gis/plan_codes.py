"""How cells of a plan are numbered: pluggable schemes, and codes that are kept while a cell lives.

A scheme knows how a code is put together of what stands above the cell (the community; for micro
cells the cell they lie in) and a number, and which numbers a kind of cell takes. Numbers follow
the ground: rows from north to south, each from west to east.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt
import shapely

from gis import codes
from gis.errors import BadInput
from gis.terms import CellKind

Shapes = npt.NDArray[np.object_]
Ints = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Scheme:
    """A way to number cells.

    name: as one chooses it. prefix: what stands before the code of the community or parent.
    width: digits of the number. ranges: first and last number by kind of cell; kinds that are
    not named take those of basic ones. above: the shape of the code that stands above, in words
    and as an expression, where the scheme demands one. kinds: which cells it numbers. whole: the
    number of a cell that is all of its community, where the scheme has one.
    """

    name: str
    width: int
    ranges: Mapping[CellKind, tuple[int, int]]
    prefix: str = ""
    above: tuple[str, str] | None = None
    kinds: Collection[str] = tuple(CellKind)
    whole: int | None = None

    def code(self, above: str, number: int) -> str:
        """Put a code together."""
        return f"{self.prefix}{above}{number:0{self.width}d}"

    def number(self, code: str, above: str) -> int | None:
        """Read the number out of a code; None when it is not of this scheme."""
        digits = code.removeprefix(self.prefix + above)
        mine = code.startswith(self.prefix + above)
        return int(digits) if mine and re.fullmatch(f"[0-9]{{{self.width}}}", digits) else None

    def numbers(self, kind: str) -> range:
        """The numbers that cells of a kind may have."""
        first, last = self.ranges.get(CellKind(kind), self.ranges[CellKind.BASIC])
        return range(first, last + 1)

    def fault(self, code: str, kind: str, above: str) -> str | None:
        """Say what is wrong with a cell's code; None when it obeys the scheme."""
        if kind not in self.kinds:
            return f"the scheme {self.name} has no codes for {kind} cells"
        if self.above and not re.fullmatch(self.above[1], above):
            return f"{above or 'nothing'} stands above it, which is not {self.above[0]}"
        number = self.number(code, above)
        if number is None:
            return f"is not {self.prefix}{above} followed by {self.width} digits"
        allowed = self.numbers(kind)
        if number not in allowed and number != self.whole:
            span = f"{allowed[0]:0{self.width}d} to {allowed[-1]:0{self.width}d}"
            return f"ends in {number:0{self.width}d}, while {kind} cells take {span}"
        return None

    def free(self, above: str, kind: str, count: int, *, taken: Collection[str]) -> list[str]:
        """Give `count` new codes in rising order, none of which was `taken` ever.

        They follow the highest number in use, so that a new cell is not taken for an older one;
        only where the range ends the gaps are filled.

        Raises:
            BadInput: the kind has not so many numbers left.
        """
        if self.whole is not None and count == 1 and not taken:
            return [self.code(above, self.whole)]
        allowed = self.numbers(kind)
        used = {self.number(code, above) for code in taken}
        last = max((n for n in used if n is not None and n in allowed), default=allowed[0] - 1)
        rising = [*range(last + 1, allowed[-1] + 1), *range(allowed[0], last)]
        found = list(islice((n for n in rising if n not in used), count))
        if len(found) < count:
            raise BadInput(
                f"{above or 'this area'} has {len(found)} numbers left for {kind} cells, not "
                f"{count}; the scheme {self.name} goes from {allowed[0]} to {allowed[-1]}",
                above=above,
                kind=kind,
            )
        return [self.code(above, number) for number in sorted(found)]


_DIVISION = ("a division code of 12 digits", r"[0-9]{12}")
UNIT_15 = Scheme(
    "unit_15",
    3,
    {CellKind.BASIC: (1, 800), CellKind.DEDICATED: (801, 999)},
    above=_DIVISION,
    kinds=(CellKind.BASIC, CellKind.DEDICATED, CellKind.UNIT),
)
"""15 digits: the community and three that count, dedicated cells from 801."""
MICRO_2 = Scheme("micro_2", 2, {CellKind.BASIC: (1, 99)}, kinds=(CellKind.MICRO,))
MICRO_3 = Scheme("micro_3", 3, {CellKind.BASIC: (1, 999)}, kinds=(CellKind.MICRO,))
"""The code of the cell a micro cell lies in, and two or three digits that count."""
LOCAL = Scheme("local", 3, {CellKind.BASIC: (1, 800), CellKind.DEDICATED: (801, 999)})
"""Whatever code the community has and three digits: for towns without division codes."""


def professional(managed: str) -> Scheme:
    """The scheme of CJ/T 349: 20 digits, six of the managed objects before the community's 12.

    The number 00 is that of a community which is one single cell.

    Raises:
        BadInput: `managed` is not six digits.
    """
    if not re.fullmatch(r"[0-9]{6}", managed):
        raise BadInput(f"managed objects have a class of 6 digits, not {managed!r}", value=managed)
    return Scheme(
        "cjt_349",
        2,
        {CellKind.BASIC: (1, 99)},
        prefix=managed,
        above=_DIVISION,
        kinds=(CellKind.UNIT,),
        whole=0,
    )


SCHEMES = {scheme.name: scheme for scheme in (UNIT_15, MICRO_2, MICRO_3, LOCAL)}
"""Those that need nothing more to be told; `professional` makes the fourth."""


def guess(cell_codes: Collection[str], kinds: Collection[str]) -> Scheme:
    """The scheme that a plan's codes follow already; `LOCAL` where none does."""
    if CellKind.MICRO in kinds:
        return MICRO_3 if any(len(code) == 18 for code in cell_codes) else MICRO_2
    for code in cell_codes:
        if re.fullmatch(r"[0-9]{20}", code):
            return professional(code[:6])
        if codes.cell_community(code):
            return UNIT_15
    return LOCAL


def reading_order(shapes: Shapes, group: Ints) -> Ints:
    """Order cells by group, inside it rows from north to south, each from west to east.

    A row is as high as a mean cell of the group.

    Args:
        shapes: outlines in degrees (n,). group: 0…m-1 (n,), their communities.

    Returns:
        Positions in order, (n,).
    """
    if not len(shapes):
        return np.empty(0, dtype=np.intp)
    lon, lat = shapely.get_coordinates(shapely.centroid(shapes)).T
    top = np.full(group.max() + 1, -np.inf)
    np.maximum.at(top, group, lat)
    size = np.bincount(group, shapely.area(shapes)) / np.maximum(np.bincount(group), 1)
    row = np.floor((top[group] - lat) / np.maximum(np.sqrt(size), 1e-9)[group])
    return np.lexsort((lon, row, group))


def number(
    shapes: Shapes,
    above: npt.NDArray[np.str_],
    kinds: npt.NDArray[np.str_],
    *,
    kept: Sequence[str],
    scheme: Scheme,
    taken: Collection[str] = (),
) -> list[str]:
    """Give every cell its code: the one it keeps, else a new one in reading order.

    Args:
        shapes: outlines in degrees (n,). above: codes of what they lie in (n,). kinds: (n,).
        kept: codes of cells that live on, "" for new ones (n,).
        taken: codes that no new cell may get, such as those of cells that ended.

    Raises:
        BadInput: a range has too few numbers.
    """
    answer = np.array(kept, dtype=object)
    spent: dict[str, list[str]] = {}
    for code in {*taken, *kept} - {""}:
        spent.setdefault(code[: -scheme.width], []).append(code)
    new = np.flatnonzero(answer == "")
    ranges = [f"{above[at]} {scheme.numbers(str(kinds[at])).start}" for at in new]
    group = np.unique(np.array(ranges, dtype=str), return_inverse=True)[1]
    order = new[reading_order(shapes[new], group)]
    for at in np.split(order, np.flatnonzero(np.diff(np.sort(group))) + 1) if len(new) else ():
        before = scheme.prefix + str(above[at[0]])
        found = scheme.free(
            str(above[at[0]]), str(kinds[at[0]]), len(at), taken=spent.get(before, ())
        )
        answer[at] = found
    return [str(code) for code in answer]
