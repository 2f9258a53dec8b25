"""The areas as rows: divisions of all levels, the plan and its cells, the ground under them."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa

from data.demo import words
from data.demo.buildings import within
from data.demo.cells import Cells, together
from data.demo.columns import ewkb, ids, multi
from data.demo.features import Feature
from data.demo.ground import Ints
from data.demo.layout import Layout
from gis.codes import division_level, division_parent
from gis.terms import PlanState

PLAN_ID = 1
_WIDTHS = (12, 9, 6, 4, 2)
_URBAN_CENTRE = "111"


def divisions(layout: Layout, cells: Cells, today: date) -> pa.Table:
    """List all five levels; each area is the union of the areas below it."""
    names = _division_names(layout)
    keys, shapes = [code[:12] for code in cells.codes], cells.shapes
    codes: list[str] = []
    outlines = []
    for width in _WIDTHS:
        found, group = np.unique([key[:width] for key in keys], return_inverse=True)
        keys, shapes = found.tolist(), together(shapes, group)
        codes += [key.ljust(12, "0") for key in keys]
        outlines.append(multi(shapes))
    return pa.table(
        {
            "id": ids(len(codes)),
            "code": codes,
            "name": [names[code] for code in codes],
            "level": [str(division_level(code)) for code in codes],
            "parent_code": [division_parent(code) for code in codes],
            "urban_rural": pa.array(
                [None if code.endswith("000") else _URBAN_CENTRE for code in codes]
            ),
            "valid_from": [date(today.year - 3, 1, 1)] * len(codes),
            "geom": ewkb(np.concatenate(outlines)),
        }
    )


def _division_names(layout: Layout) -> dict[str, str]:
    return {
        **{community.code: community.name for community in layout.communities},
        **{code + "000": name for code, name in layout.streets.items()},
        **{code + "000000": name for code, name in layout.counties.items()},
        "990100000000": words.PREFECTURE,
        "990000000000": words.PROVINCE,
    }


def plan(today: date) -> pa.Table:
    """Publish one plan, in force since the first day of the year."""
    start = date(today.year, 1, 1)
    return pa.table(
        {
            "id": [PLAN_ID],
            "name": [f"{today.year} 网格方案"],
            "state": [str(PlanState.PUBLISHED)],
            "valid_from": [start],
            "number": [1],
            "created_at": [f"{start}T00:00:00Z"],
        }
    )


def grid_cells(grid: Cells, households: Ints, seed: int, today: date) -> pa.Table:
    """List the cells of the plan."""
    count = len(grid.codes)
    rng = np.random.default_rng([seed, 12])
    # what a cell was declared to hold lags behind what is counted, in one cell of eight
    lag = np.where(rng.random(count) < 0.12, rng.integers(-25, 26, count), 0)
    return pa.table(
        {
            "id": ids(count),
            "plan_id": pa.array(np.full(count, PLAN_ID)),
            "code": pa.array(grid.codes),
            "name": pa.array(grid.names),
            "kind": pa.array(grid.kinds),
            "division_code": pa.array([code[:12] for code in grid.codes]),
            "area_no": pa.array(area_numbers(grid)),
            "households_declared": pa.array(np.maximum(households + lag * (households > 0), 0)),
            "valid_from": pa.array([date(today.year, 1, 1)] * count),
            "geom": ewkb(multi(grid.shapes)),
        }
    )


def area_numbers(grid: Cells) -> Ints:
    """Number the areas of cells as `data.grid.number_areas` does, which then has nothing to do."""
    order = np.argsort(np.array(grid.codes), kind="stable")
    division, counts = np.unique(
        np.array([int(code[:12]) for code in grid.codes])[order], return_counts=True
    )
    numbers = np.empty(len(order), np.int64)
    numbers[order] = np.repeat(division, counts) * 1_000_000 + within(counts) + 1
    return numbers


def base_features(drawn: list[Feature]) -> pa.Table:
    """List what is drawn under the cells."""
    return pa.table(
        {
            "id": ids(len(drawn)),
            "kind": pa.array([str(f.kind) for f in drawn]),
            "rank": pa.array([f.rank for f in drawn]),
            "name": pa.array([f.name for f in drawn]),
            "geom": ewkb(np.array([f.geom for f in drawn])),
        }
    )
