"""Operations and findings in plain values, as pages send them and logs keep them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import shapely
from shapely.geometry import shape

from gis import plan_edit, plan_move
from gis.errors import BadInput
from gis.plan_edit import Operation
from gis.plan_findings import Finding
from gis.reports import unreadable

KINDS: dict[str, type[Any]] = {
    "split": plan_edit.Split,
    "split_units": plan_edit.SplitUnits,
    "merge": plan_edit.Merge,
    "move_boundary": plan_edit.MoveBoundary,
    "move_corner": plan_edit.MoveCorner,
    "add_corner": plan_edit.AddCorner,
    "drop_corner": plan_edit.DropCorner,
    "hand": plan_edit.Hand,
    "give": plan_edit.Give,
    "add_dedicated": plan_edit.AddDedicated,
    "trim": plan_edit.Trim,
    "mend": plan_edit.Mend,
    "snap": plan_edit.Snap,
    "rename": plan_edit.Rename,
    "recode": plan_edit.Recode,
}
"""Kinds of operations by the word for them."""

_SHAPES = {"line": ("LineString", "MultiLineString"), "ground": ("Polygon", "MultiPolygon")}
_PLACE = "tuple[float, float]"
_TWO = "tuple[str, str]"


def told(operation: Operation) -> dict[str, Any]:
    """An operation as plain values: kind, and its fields; shapes as GeoJSON geometries."""
    kind = next(name for name, one in KINDS.items() if one is type(operation))
    names = [one.name for one in fields(KINDS[kind])]
    return {"kind": kind} | {name: _plain(getattr(operation, name)) for name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, shapely.Geometry):
        return _geojson(value)
    return list(value) if isinstance(value, tuple) else value


def _geojson(value: shapely.Geometry) -> Any:
    return json.loads(shapely.to_geojson(value))


def read(payload: Mapping[str, Any]) -> Operation:
    """The operation that plain values tell.

    Raises:
        BadInput: no such kind, a field too many or too few, or a value that it cannot be.
    """
    kind = payload.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise BadInput(f"no operation is called {kind!r}; there are: {', '.join(KINDS)}", kind=kind)
    known = {one.name: one for one in fields(KINDS[kind])}
    given = {name: value for name, value in payload.items() if name != "kind"}
    faults = [f"{kind} has no {name}; it has: {', '.join(known)}" for name in given.keys() - known]
    needed = [name for name, one in known.items() if "None" not in str(one.type)]
    faults += [f"{kind} needs {name}" for name in needed if given.get(name) is None]
    values = {}
    for name in known.keys() & given.keys():
        try:
            values[name] = _value(name, given[name], str(known[name].type))
        except BadInput as fault:
            faults.append(str(fault))
    if faults:
        raise BadInput(" ".join(f"{fault}." for fault in faults), faults=faults)
    operation: Operation = KINDS[kind](**values)
    return operation


def _value(name: str, value: Any, wanted: str) -> Any:
    if value is None:
        return None
    if name in _SHAPES:
        return _shape(name, value)
    if wanted == _PLACE:
        return _place(name, value)
    if name == "width_m":
        return _number(name, value)
    return _texts(name, value, wanted)


def _texts(name: str, value: Any, wanted: str) -> str | tuple[str, ...]:
    """A text, or texts, as the operation has them."""
    many = isinstance(value, list)
    texts = value if many else [value]
    fits = "tuple" in wanted if many else not wanted.startswith("tuple")
    if not fits or not texts or not all(isinstance(one, str) for one in texts):
        raise BadInput(f"{name} is {_called(wanted)}, not {value!r:.60}")
    if wanted == _TWO and len(texts) != 2:
        raise BadInput(f"{name} is {_called(wanted)}, not of {len(texts)}")
    if fault := next((fault for one in texts if (fault := unreadable(one))), None):
        raise BadInput(f"{name} {fault}")
    return tuple(texts) if many else str(value)


def _called(wanted: str) -> str:
    if wanted == _TWO:
        return "a list of two texts"
    kinds = ("a text" * (not wanted.startswith("tuple")), "a list of texts" * ("tuple" in wanted))
    return " or ".join(filter(None, kinds))


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadInput(f"{name} is a number of metres, not {value!r:.60}")
    return float(value)


def _shape(name: str, value: Any) -> shapely.Geometry:
    wanted = " or ".join(_SHAPES[name])
    try:
        found = shape(value)
    except Exception:  # whatever was sent, it is no geometry
        raise BadInput(f"{name} is a {wanted} in GeoJSON, not {value!r:.60}") from None
    if found.geom_type not in _SHAPES[name]:
        raise BadInput(f"{name} is a {wanted}, not a {found.geom_type}")
    return plan_move.drawable(shapely.force_2d(found))


def _place(name: str, value: Any) -> tuple[float, float]:
    numbers = isinstance(value, (list, tuple)) and len(value) == 2
    if not numbers or not all(isinstance(one, (int, float)) for one in value):
        raise BadInput(f"{name} is [lon, lat], not {value!r:.60}")
    return float(value[0]), float(value[1])


def finding_told(finding: Finding) -> dict[str, Any]:
    """A finding as plain values: its ground as GeoJSON, its repair as `told`."""
    return {
        "kind": str(finding.kind),
        "label": finding.kind.label,
        "cells": list(finding.cells),
        "lon": finding.lon,
        "lat": finding.lat,
        "ground": _geojson(finding.ground),
        "size": round(finding.size, 2),
        "unit": finding.unit,
        "sentence": finding.sentence,
        "repair": None if finding.repair is None else told(finding.repair),
    }
