"""What stands in the tiles, as TileJSON 3 tells it: vector layers, their fields and zooms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

from data.plan_cells import CHOSEN, IN_CHOSEN
from data.tiles import NAMES_FROM, POINTS_FROM, RECIPES, WORDS_FROM, Ask

MAX_ZOOM = 16
"""Closer ones are drawn from these: a step of theirs is a hand's breadth."""
NUMBER, TEXT = "Number", "String"
FIELDS: dict[str, dict[str, str]] = {
    "base": {"kind": TEXT, "rank": NUMBER, "name": TEXT},
    "buildings": {"name": TEXT, "floors": NUMBER},
    "cells": {
        "code": TEXT, "name": TEXT, "kind": TEXT, "households": NUMBER, "facilities": NUMBER,
        "open_cases": NUMBER, "load": NUMBER, "hidden": TEXT,
    },
    "cell_names": {"name": TEXT, "code": TEXT, "width": NUMBER, "height": NUMBER},
    "divisions": {"code": TEXT, "name": TEXT, "level": TEXT},
    "division_names": {"name": TEXT, "level": TEXT},
    "facilities": {"code": TEXT, "name": TEXT, "kind": TEXT, "category": TEXT},
    "facilities_by_cell": {"n": NUMBER},
    "cases": {"code": TEXT, "title": TEXT, "state": TEXT, "class_code": TEXT, "due": NUMBER},
    "cases_by_cell": {"n": NUMBER},
}  # fmt: skip
"""Fields of each vector layer; codes, names and titles of points from `WORDS_FROM` on."""
_ZOOMS = {
    "buildings": (13, MAX_ZOOM), "cell_names": (NAMES_FROM, MAX_ZOOM),
    "facilities": (POINTS_FROM, MAX_ZOOM), "facilities_by_cell": (0, POINTS_FROM - 1),
    "cases": (POINTS_FROM, MAX_ZOOM), "cases_by_cell": (0, POINTS_FROM - 1),
}  # fmt: skip
PARTS = {
    "cells": ("cells", "cell_names"), "divisions": ("divisions", "division_names"),
    "facilities": ("facilities", "facilities_by_cell"), "cases": ("cases", "cases_by_cell"),
}  # fmt: skip
_BOX = f"""
    SELECT ST_XMin(b), ST_YMin(b), ST_XMax(b), ST_YMax(b)
    FROM (SELECT ST_Extent(c.geom) AS b FROM grid_cell c WHERE {IN_CHOSEN}) one
    WHERE {CHOSEN} IS NOT NULL AND b IS NOT NULL
"""


def parts(layers: Sequence[str]) -> list[str]:
    """The vector layers of tiles of these layers."""
    return [part for layer in layers for part in PARTS.get(layer, (layer,))]


async def box(
    connection: psycopg.AsyncConnection[Any], ask: Ask
) -> tuple[float, float, float, float] | None:
    """West, south, east, north of the cells of a plan; None where there are none."""
    row = await (
        await connection.execute(_BOX, {"plan": ask.plan, "day": ask.as_of})
    ).fetchone()  # fmt: skip
    return row if row is None else (row[0], row[1], row[2], row[3])


def tilejson(
    layers: Sequence[str], tiles: str, bounds: tuple[float, float, float, float] | None
) -> dict[str, Any]:
    """TileJSON of tiles at the address template `tiles`."""
    told: dict[str, Any] = {
        "tilejson": "3.0.0",
        "name": ",".join(layers),
        "description": f"single points from zoom {POINTS_FROM}, their names from {WORDS_FROM}",
        "tiles": [tiles],
        "minzoom": 0,
        "maxzoom": MAX_ZOOM,
        "vector_layers": [
            {"id": part, "fields": FIELDS[part], "minzoom": low, "maxzoom": high}
            for part in parts(layers)
            for low, high in [_ZOOMS.get(part, (0, MAX_ZOOM))]
        ],
    }
    return told | ({"bounds": list(bounds)} if bounds else {})


assert set(FIELDS) == set(parts(tuple(RECIPES)))
