"""CQL2 as SQL: a tree of `gis.cql` over the properties of a collection.

Nothing of a filter gets into the SQL but the operators and columns listed here; every value is a
parameter. Days compared with moments are days by the town's clocks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import shapely

import gis.ogc_crs
import gis.ogc_time
from gis.errors import BadInput
from gis.ogc_crs import Crs

TEXT, NUMBER, TRUTH, DAY, MOMENT, GROUND = "text", "number", "truth", "day", "moment", "ground"
Typed = tuple[str, str]
"""An expression in SQL, and which of these it is."""
SHAPES = ("geom", "geometry")
"""What the shape of a feature is called in filters."""
_COMPARED = {"=": "=", "<>": "<>", "<": "<", ">": ">", "<=": "<=", ">=": ">="}
_RECKONED = {
    "+": "({0} + {1})",
    "-": "({0} - {1})",
    "*": "({0} * {1})",
    "/": "({0} / nullif({1}, 0))",
    "^": "power({0}, {1})",
    "%": "mod(({0})::numeric, nullif(({1})::numeric, 0))::float8",
    "div": "div(({0})::numeric, nullif(({1})::numeric, 0))::float8",
}
_SPATIAL = {
    f"s_{name}": f"ST_{name.capitalize()}"
    for name in (
        "intersects", "equals", "disjoint", "touches", "within", "overlaps", "crosses", "contains",
    )
}  # fmt: skip
_TEMPORAL = {
    "t_after": "{a} > {d}",
    "t_before": "{b} < {c}",
    "t_contains": "{a} < {c} AND {b} > {d}",
    "t_disjoint": "({b} < {c} OR {a} > {d})",
    "t_during": "{a} > {c} AND {b} < {d}",
    "t_equals": "{a} = {c} AND {b} = {d}",
    "t_finishedby": "{a} < {c} AND {b} = {d}",
    "t_finishes": "{a} > {c} AND {b} = {d}",
    "t_intersects": "{a} <= {d} AND {b} >= {c}",
    "t_meets": "{b} = {c}",
    "t_metby": "{a} = {d}",
    "t_overlappedby": "{a} > {c} AND {a} < {d} AND {b} > {d}",
    "t_overlaps": "{a} < {c} AND {b} > {c} AND {b} < {d}",
    "t_startedby": "{a} = {c} AND {b} > {d}",
    "t_starts": "{a} = {c} AND {b} < {d}",
}
"""From a to b, against from c to d."""
_PLAIN_LETTERS = ("ØøŁłĐđĦħŦŧıÆæŒœẞß", "OoLlDdHhTtiAaOoSs")
"""Letters whose stroke no decomposition takes off."""
_UNMARKED = (
    "translate(regexp_replace(normalize({0}, NFD), '[\\u0300-\\u036f]', '', 'g'), '{1}', '{2}')"
)


class Writer:
    """Writes filters over the rows t of one collection; `values` are the parameters of what was
    written."""

    def __init__(self, columns: Mapping[str, str], crs: Crs) -> None:
        self._columns, self._crs = columns, crs
        self.values: dict[str, Any] = {}

    def _value(self, value: object) -> str:
        name = f"f{len(self.values)}"
        self.values[name] = value
        return f"%({name})s"

    def where(self, node: Any) -> str:
        """Write a predicate.

        Raises:
            BadInput: what of it is unknown, or does not fit together.
        """
        if isinstance(node, bool):
            return "TRUE" if node else "FALSE"
        if not isinstance(node, dict):
            raise _fault(f"{node!r:.60} says neither yes nor no")
        if "property" in node:
            return self._typed(node, TRUTH)
        op, args = _taken_apart(node)
        if op in ("and", "or"):
            _count(op, args, 2, most=1000)
            return "(" + f" {op.upper()} ".join(self.where(one) for one in args) + ")"
        if op == "not":
            _count(op, args, 1)
            return f"(NOT {self.where(args[0])})"
        if op == "isnull":
            _count(op, args, 1)
            return f"({self._any(args[0])[0]} IS NULL)"
        return f"({self._compared(op, args)})"

    def met(self, node: Any) -> list[str]:
        """Write the shapes that everything the filter finds has to meet: where an index leads."""
        if not isinstance(node, dict) or "op" not in node:
            return []
        op, args = _taken_apart(node)
        if op == "and":
            return [shape for one in args for shape in self.met(one)]
        if op not in _SPATIAL or op == "s_disjoint":
            return []
        told = [one for one in args if not (isinstance(one, dict) and "property" in one)]
        return [self._shape(told[0])] if len(told) == 1 else []

    def _compared(self, op: str, args: list[Any]) -> str:
        if op in _COMPARED:
            return self._ordered(op, args)
        if op == "like":
            _count(op, args, 2)
            return f"{self._typed(args[0], TEXT)} LIKE {self._typed(args[1], TEXT)}"
        if op == "between":
            _count(op, args, 3)
            low, high = ([args[0], args[1]], [args[0], args[2]])
            return f"{self._ordered('>=', low)} AND {self._ordered('<=', high)}"
        if op == "in":
            _count(op, args, 2)
            if not isinstance(args[1], list) or not args[1]:
                raise _fault("in needs a list of values")
            return " OR ".join(self._ordered("=", [args[0], one]) for one in args[1])
        if op in _SPATIAL:
            _count(op, args, 2)
            return f"{_SPATIAL[op]}({self._shape(args[0])}, {self._shape(args[1])})"
        if op in _TEMPORAL:
            _count(op, args, 2)
            return self._in_time(op, args)
        raise _fault(f"{op!r:.40} is no operator or function of this server")

    def _ordered(self, op: str, args: list[Any]) -> str:
        _count(op, args, 2)
        one, other = self._alike(args[0], args[1])
        collated = ' COLLATE "C"' if one[1] == TEXT and op not in ("=", "<>") else ""
        return f"{one[0]}{collated} {_COMPARED[op]} {other[0]}"

    def _alike(self, left: Any, right: Any) -> tuple[Typed, Typed]:
        """Two scalars of one type; a text beside a day or a moment is read as one."""
        one, other = self._any(left), self._any(right)
        if one[1] == other[1] != GROUND:
            return one, other
        if {one[1], other[1]} == {DAY, MOMENT}:
            return (f"{one[0]}::timestamptz", MOMENT), (f"{other[0]}::timestamptz", MOMENT)
        for told, kind, is_left in ((left, other[1], True), (right, one[1], False)):
            if isinstance(told, str) and kind in (DAY, MOMENT):
                read = self._time(told, kind)
                return (read, other) if is_left else (one, read)
        raise _fault(f"a {one[1]} and a {other[1]} cannot be compared")

    def _typed(self, node: Any, kind: str) -> str:
        written, found = self._any(node)
        if found != kind:
            raise _fault(f"a {kind} is wanted, not a {found}")
        return written

    def _any(self, node: Any) -> Typed:
        """Write whatever is no predicate."""
        if isinstance(node, dict):
            return self._told(node)
        if isinstance(node, bool):
            return ("TRUE" if node else "FALSE"), TRUTH
        if isinstance(node, (int, float)):
            return self._number(node), NUMBER
        if isinstance(node, str):
            return f"{self._value(node)}::text", TEXT
        raise _fault(f"{node!r:.60} is no value")

    def _told(self, node: dict[str, Any]) -> Typed:
        if "property" in node:
            return self._property(node["property"])
        if "date" in node:
            return self._time(node["date"], DAY)
        if "timestamp" in node:
            return self._time(node["timestamp"], MOMENT)
        if "op" in node:
            return self._reckoned(*_taken_apart(node))
        return self._shape(node), GROUND

    def _reckoned(self, op: str, args: list[Any]) -> Typed:
        if op == "casei":
            _count(op, args, 1)
            return f"lower({self._typed(args[0], TEXT)})", TEXT
        if op == "accenti":
            _count(op, args, 1)
            return _UNMARKED.format(self._typed(args[0], TEXT), *_PLAIN_LETTERS), TEXT
        if op in _RECKONED:
            _count(op, args, 2)
            numbers = [f"{self._typed(one, NUMBER)}::float8" for one in args]
            return _RECKONED[op].format(*numbers), NUMBER
        raise _fault(f"{op!r:.40} is no function of this server")

    def _property(self, name: Any) -> Typed:
        if name in SHAPES:
            return "t.geom", GROUND
        if not isinstance(name, str) or name not in self._columns:
            raise BadInput(
                f"there is no property {name!r:.80}; choose from {', '.join(self._columns)}",
                field="filter", choices=[*self._columns, "geometry"],
            )  # fmt: skip
        return f't."{name}"', self._columns[name]

    def _number(self, value: float) -> str:
        if not math.isfinite(value):
            raise _fault(f"{value!r} is no number")
        if float(value).is_integer() and abs(value) < 2**53:
            return f"{self._value(int(value))}::bigint"
        return f"{self._value(float(value))}::float8"

    def _time(self, told: Any, kind: str) -> Typed:
        if not isinstance(told, str):
            raise _fault(f"{told!r:.60} is no {kind}")
        if kind == DAY:
            return f"{self._value(gis.ogc_time.day(told, 'filter'))}::date", DAY
        return f"{self._value(gis.ogc_time.moment(told, 'filter'))}::timestamptz", MOMENT

    # Ground

    def _shape(self, node: Any) -> str:
        if isinstance(node, dict) and "property" in node:
            return self._typed(node, GROUND)
        drawn = _geometry(node, self._crs)
        if not shapely.is_valid(drawn):
            why = shapely.is_valid_reason(drawn)
            raise _fault(f"a shape of the filter is not sound: {why}")
        return f"ST_GeomFromWKB({self._value(shapely.to_wkb(drawn))}, 4326)"

    # Time

    def _in_time(self, op: str, args: list[Any]) -> str:
        spans = [self._span(one) for one in args]
        moments = any(kind == MOMENT for span in spans for _, kind in span)
        ends = [
            _moment(written, kind, is_end=at == 1) if moments else written
            for span in spans
            for at, (written, kind) in enumerate(span)
        ]
        return _TEMPORAL[op].format(**dict(zip("abcd", ends, strict=True)))

    def _span(self, node: Any) -> tuple[Typed, Typed]:
        if isinstance(node, dict) and "interval" in node:
            told = node["interval"]
            if not isinstance(told, list) or len(told) != 2:
                raise _fault("an interval has a beginning and an end")
            kinds = {self._end(one)[1] for one in told if one != ".."} or {MOMENT}
            if len(kinds) > 1:
                raise _fault("an interval goes from day to day, or from moment to moment")
            kind = kinds.pop()
            begin, end = (
                self._open(kind, sign) if one == ".." else self._end(one)
                for one, sign in zip(told, ("-", ""), strict=True)
            )
            return begin, end
        instant = self._end(node)
        return instant, instant

    def _open(self, kind: str, sign: str) -> Typed:
        return f"'{sign}infinity'::{'date' if kind == DAY else 'timestamptz'}", kind

    def _end(self, node: Any) -> Typed:
        if isinstance(node, str):
            return self._time(node, DAY if len(node) == 10 else MOMENT)
        written, kind = self._any(node)
        if kind not in (DAY, MOMENT):
            raise _fault(f"a day or a moment is wanted, not a {kind}")
        return written, kind


def _moment(written: str, kind: str, *, is_end: bool) -> str:
    """A day beside moments: it begins and ends by the clocks of the town."""
    if kind == MOMENT:
        return written
    if is_end:
        return f"(({written} + 1)::timestamptz - interval '1 microsecond')"
    return f"{written}::timestamptz"


def _geometry(node: Any, crs: Crs) -> shapely.Geometry:
    if isinstance(node, dict) and "bbox" in node:
        return gis.ogc_crs.box(_numbers(node["bbox"]), crs, "filter")
    return gis.ogc_crs.drawn(node, crs, "filter")


def _numbers(told: Any) -> list[float]:
    if isinstance(told, list) and len(told) in (4, 6):
        numbers = [float(one) for one in told if type(one) in (int, float)]
        if len(numbers) == len(told) and all(map(math.isfinite, numbers)):
            return numbers
    raise _fault("a bbox has four numbers, or six")


def _taken_apart(node: dict[str, Any]) -> tuple[str, list[Any]]:
    op, args = node.get("op"), node.get("args")
    if not isinstance(op, str) or not isinstance(args, list):
        raise _fault(f"{node!r:.60} has no operator with arguments")
    return op.lower(), args


def _count(op: str, args: list[Any], least: int, most: int | None = None) -> None:
    if not least <= len(args) <= (most or least):
        raise _fault(f"{op} takes {least} arguments, not {len(args)}")


def _fault(said: str) -> BadInput:
    return BadInput(f"the filter cannot be done: {said}", field="filter")
