"""How the matrix asks routes of plans: each about a draft of the area, newly begun."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from matrix import Area, Ask, Examples

import data.db

# Whoever asks did two things to the draft, and took back the second
_DRAFTED = (
    "INSERT INTO grid_plan (name, area, base_id, version) SELECT :name, :area, id, 100000 "
    "FROM grid_plan WHERE state = 'published'",
    "INSERT INTO grid_cell (plan_id, code, name, division_code, area_no, geom) SELECT p.id, "
    "c.code, c.name, c.division_code, c.area_no, c.geom FROM grid_plan p, grid_cell c JOIN "
    "grid_plan f ON f.id = c.plan_id AND f.state = 'published' "
    "WHERE p.name = :name AND c.division_code = :area",
    "INSERT INTO plan_edit (plan_id, number, account, actor, kind, what) SELECT p.id, 3 * a.id + n, "
    "a.id, a.login, CASE n WHEN 2 THEN 'undo' ELSE 'rename' END, jsonb_build_object('of', "
    "3 * a.id + 1) FROM grid_plan p, account a, generate_series(0, 2) n WHERE p.name = :name",
)


def _draft(area: Area, rest: str = "") -> str:
    """The path of a new draft of the area's community."""
    number = area.number("SELECT max(id) + 1 FROM grid_plan")
    with data.db.transaction(area.store) as db:
        for query in _DRAFTED:
            db.execute(sa.text(query), {"name": f"方案{number}", "area": area.code})
    return f"/plans/方案{number}{rest}"


_LOOKS = {
    "cells": [{}],
    "units": [{}, {"bbox": "113,29,115,31"}],
    "findings": [{}],
    "compare": [{"with": "现行"}],
    "hand-over.xlsx": [{"with": "现行"}],
    "consequences": [{}],
    "export": [{}, {"suffix": ".csv"}],
}
_CHANGES = {
    "edits": lambda area: {"operation": {"kind": "rename", "cell": area.cell, "name": "新名"}},
    "mend": lambda _: {},
    "undo": lambda _: {},
    "redo": lambda _: {},
    "balance": lambda _: {"low": 0, "high": 500},
    "draw": lambda _: {"target": 1, "tolerance": 0.9},
}

ASKS: Examples = {
    ("GET", "/plans"): lambda _: [Ask("/plans")],
    ("POST", "/plans"): lambda area: [
        Ask("/plans", body={"name": _draft(area).removeprefix("/plans/") + "新", "area": area.code})
    ],
    ("GET", "/plans/{name:path}"): lambda area: [Ask(_draft(area))],
    ("DELETE", "/plans/{name:path}"): lambda area: [Ask(_draft(area))],
    **{
        ("GET", f"/plans/{{name:path}}/{part}"): lambda area, part=part, asked=asked: [
            Ask(_draft(area, f"/{part}"), params) for params in asked
        ]
        for part, asked in _LOOKS.items()
    },
    **{
        ("POST", f"/plans/{{name:path}}/{part}"): lambda area, part=part, body=body: [
            Ask(_draft(area, f"/{part}"), body=body(area) | {"seen": 100_000})
        ]
        for part, body in _CHANGES.items()
    },
    ("PUT", "/plans/{name:path}/publish_on"): lambda area: [
        Ask(_draft(area, "/publish_on"), body={"on": f"{datetime.now(UTC):%Y}-12-31"})
    ],
    ("GET", "/cell-on"): lambda area: [
        Ask("/cell-on", {"place": place, "on": "2026-01-01"})
        for place in (area.cell, f"{area.spot[0]},{area.spot[1]}")
    ],
    ("GET", "/counts"): lambda area: [
        Ask("/counts", {"on": "2026-01-01", **params}) for params in ({}, {"area": area.cell})
    ],
}
