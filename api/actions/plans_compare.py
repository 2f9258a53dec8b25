"""Two plans side by side as their page shows them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import orjson
import shapely
import sqlalchemy as sa

import api.actions.plans
import data.grid
import data.plans_show
import data.scope
import gis.plan_compare
from data.plans_compare import Compared
from gis.access import Viewer


def compared(
    store: sa.Engine, one: str, other: str, *, by: Viewer, today: date,
    communities: Sequence[str] = (),
) -> dict[str, Any]:  # fmt: skip
    """Two plans, the earlier first: cells that differ, what moves, sums by kind, and the ground
    that goes from cell to cell; of some communities, or of all.

    Numbers of cells outside of the viewer's part of the city are null, and so are the sums where
    all that differ are, or where there is `more`: the communities in `left_out`.

    Raises:
        NotFound: no plan has one of the names. TooLarge: one community alone is too large.
    """
    found = api.actions.plans.compared(
        store, one, other, by=by, today=today, closely=True, communities=communities
    )
    strange = _outside(store, (one, other), by)
    cells = found.cells
    cells.loc[cells["code"].isin(strange), _COUNTED] = np.nan
    totals = gis.plan_compare.totals(found.moves).rename_axis("kind").reset_index()
    if found.left_out or (found.differing and found.differing <= strange):
        totals = totals.astype(object)
        totals.loc[:, totals.columns != "kind"] = None
    return {
        "old": one,
        "new": other,
        "fates": found.fates,
        "cells": cells[cells["fate"] != "kept"].round(1).to_dict("records"),
        "moves": _told(found),
        "totals": totals.to_dict("records"),
        "differing": {"type": "FeatureCollection", "features": _handed(found, strange)},
        "more": bool(found.left_out),
        "left_out": found.left_out,
    }


_COUNTED = ["households_before", "households_after", "households_change"]


def _outside(store: sa.Engine, names: Sequence[str], by: Viewer) -> set[str]:
    """The cells of which there are no numbers: none is not nought."""
    with data.scope.transaction(store, by, keep=False) as db:
        plans = [data.grid.plan_named(db, name) for name in names]
        return set().union(*(data.plans_show.outside(db, plan, by.scope) for plan in plans))


def _told(found: Compared) -> list[dict[str, Any]]:
    """What moves: a line for each kind of each two cells."""
    rows = gis.plan_compare.that_move(found.moves)
    kinds = list(found.things)
    lines = rows.melt(
        id_vars=["cell_before", "cell_after", "worker_before", "worker_after"],
        value_vars=kinds, var_name="kind", value_name="count",
    )  # fmt: skip
    lines = lines[lines["count"] > 0].rename(columns={"cell_before": "from", "cell_after": "to"})
    return [{str(name): value for name, value in line.items()} for line in lines.to_dict("records")]


def _handed(found: Compared, strange: set[str]) -> list[dict[str, Any]]:
    rows = gis.plan_compare.handed(found.change)
    ways = rows[["parent", "child", "households", "area_m2"]].to_dict("records")
    grounds = gis.plan_compare.differing(found.old, found.new, found.change)
    return [
        {
            "type": "Feature",
            "geometry": orjson.Fragment(shapely.to_geojson(ground)),
            "properties": {
                "from": way["parent"],
                "to": way["child"],
                "households": None if way["parent"] in strange else way["households"],
                "area_m2": way["area_m2"],
            },
        }
        for way, ground in zip(ways, grounds, strict=True)
    ]
