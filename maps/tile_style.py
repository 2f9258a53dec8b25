"""A style for other people's maps (MapLibre, QGIS): our colours over our tiles, version 8.

It names no glyphs and no sprites, which would have to come from somewhere: so it draws no names.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from maps.styles import CASES, FACILITIES, GROUND, RAMPS, Sign

SOURCE = "wangge"
HOUSEHOLDS_FROM = (1, 150, 250, 350, 450)
"""From how many households a cell has each colour of the ramp."""
Layer = dict[str, Any]
_OF_SOURCE = ("tiles", "minzoom", "maxzoom", "bounds")


def style(parts: Sequence[str], tilejson: dict[str, Any]) -> dict[str, Any]:
    """The style of some vector layers of the tiles that `tilejson` tells of."""
    told = {name: tilejson[name] for name in _OF_SOURCE if name in tilejson}
    source: Layer = {"type": "vector", **told}
    ground = {"id": "paper", "type": "background",
              "paint": {"background-color": GROUND["paper"]}}  # fmt: skip
    drawn = [layer for part in _ORDER if part in parts for layer in _LAYERS[part]]
    return {
        "version": 8,
        "name": tilejson["name"],
        "sources": {SOURCE: source},
        "layers": [ground, *drawn],
    }


def _layer(kind: str, part: str, paint: Layer, name: str = "", **more: Any) -> Layer:
    return {"id": name or part, "type": kind, "source": SOURCE, "source-layer": part,
            "paint": paint, **more}  # fmt: skip


def _by(field: str, signs: dict[Any, Sign]) -> list[Any]:
    """Colours by the words of a field."""
    pairs: list[Any] = []
    for word, sign in signs.items():
        assert isinstance(word, StrEnum)
        pairs += [word.value, sign.colour]
    return ["match", ["get", field], *pairs, GROUND["unknown_line"]]


def _discs(part: str, colour: Any, radius: Any) -> list[Layer]:
    return [_layer("circle", part, {
        "circle-color": colour, "circle-radius": radius,
        "circle-stroke-color": GROUND["halo"], "circle-stroke-width": 1,
    })]  # fmt: skip


_SMALL = ["interpolate", ["linear"], ["zoom"], 12, 2, 16, 6]
_MANY = ["interpolate", ["linear"], ["get", "n"], 1, 3, 100, 12]
_IS = {kind: ["==", ["get", "kind"], kind] for kind in ("water", "green", "road")}
_FILLED = ["step", ["coalesce", ["get", "households"], 0], GROUND["cell"],
           *(one for pair in zip(HOUSEHOLDS_FROM, RAMPS["households"], strict=True)
             for one in pair)]  # fmt: skip
_LAYERS: dict[str, list[Layer]] = {
    "base": [
        _layer("fill", "base", {"fill-color": GROUND[kind]}, kind, filter=_IS[kind])
        for kind in ("water", "green")
    ] + [_layer("line", "base", {"line-color": GROUND["road_edge"], "line-width": 1.5}, "road",
                filter=_IS["road"])],
    "buildings": [_layer("fill", "buildings", {"fill-color": GROUND["building"],
                                               "fill-outline-color": GROUND["building_edge"]})],
    "cells": [
        _layer("fill", "cells", {"fill-color": _FILLED, "fill-opacity": 0.6}),
        _layer("line", "cells", {"line-color": GROUND["line"], "line-width": 0.6}, "cell_edges"),
    ],
    "divisions": [_layer("line", "divisions", {"line-color": GROUND["division"],
                                               "line-width": 1.6})],
    "facilities": _discs("facilities", _by("category", FACILITIES), _SMALL),
    "facilities_by_cell": _discs("facilities_by_cell", GROUND["of_facilities"], _MANY),
    "cases": _discs("cases", _by("state", CASES), _SMALL),
    "cases_by_cell": _discs("cases_by_cell", GROUND["of_cases"], _MANY),
}  # fmt: skip
_ORDER = ("base", "cells", "buildings", "divisions", "facilities_by_cell", "facilities",
          "cases_by_cell", "cases")  # fmt: skip
"""From the ground up."""
