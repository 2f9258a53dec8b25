"""CQL2 filters as a tree: text is read by the library `cql2`, and nothing deep or long gets in.

The tree is that of CQL2 JSON: `{"op": "and", "args": [...]}`, `{"property": "name"}`, texts,
numbers, GeoJSON geometries, `{"date": ...}`, `{"timestamp": ...}`, `{"interval": [..., ...]}`.
What its names and operators mean to a collection, `data.ogc_cql` says.
"""

from __future__ import annotations

import re
from typing import Any

import cql2
import orjson

from gis.errors import BadInput

LANGUAGES = ("cql2-text", "cql2-json")
DEEPEST, LONGEST, MOST_PARTS = 10, 4000, 2000
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"")
_SIGNS = re.compile(rf"(?:\bnot\b[\s(]*|[-+][\s(]*){{{DEEPEST},}}", re.IGNORECASE)


def read(text: str, language: str) -> Any:
    """Read a filter.

    Raises:
        BadInput: no filter of that language, or one that is too deep or too long.
    """
    if language not in LANGUAGES:
        raise BadInput(
            f"filter-lang is {language!r:.40}; choose from {', '.join(LANGUAGES)}",
            field="filter-lang", choices=list(LANGUAGES),
        )  # fmt: skip
    if len(text) > LONGEST:
        raise BadInput(f"the filter is longer than {LONGEST} characters", field="filter")
    tree = _of_text(text) if language == "cql2-text" else _of_json(text)
    _measure(tree)
    if not isinstance(tree, (dict, bool)):
        raise BadInput(f"the filter {text!r:.60} says neither yes nor no", field="filter")
    return tree


def _of_text(text: str) -> Any:
    plain = _QUOTED.sub("''", text)
    if _depth(plain) > DEEPEST or _SIGNS.search(plain):  # each doubles the time to find a fault
        raise _too_deep()
    try:
        return cql2.parse_text(text).to_json()
    except Exception as error:  # the library also raises plain ones, as of a point that is empty
        said = str(error).strip().splitlines()
        raise BadInput(
            f"the filter is no CQL2: {said[-1].strip() if said else 'it cannot be read'}",
            field="filter", value=text[:200],
        ) from None  # fmt: skip


def _depth(text: str) -> int:
    depth = deepest = 0
    for sign in text:
        depth += (sign == "(") - (sign == ")")
        deepest = max(deepest, depth)
    return deepest


def _of_json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadInput(f"the filter is no JSON: {error}", field="filter") from None


def _too_deep() -> BadInput:
    return BadInput(
        f"the filter is nested deeper than {DEEPEST} or has more than {MOST_PARTS} parts",
        field="filter",
    )


def _measure(tree: Any) -> None:
    """See that whoever walks the tree comes back soon."""
    level, parts = [tree], 0
    for _ in range(4 * DEEPEST + 8):  # a step of the tree is an object and a list
        parts += len(level)
        if parts > MOST_PARTS * 4:
            raise _too_deep()
        level = [below for one in level for below in _below(one)]
        if not level:
            return
    raise _too_deep()


def _below(part: Any) -> list[Any]:
    if isinstance(part, dict):
        return list(part.values())
    return part if isinstance(part, list) else []
