"""Plans over HTTP, asked wrongly: refused in words; what one planner sees is not another's."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import httpx
import numpy as np
import pytest
import shapely
import sqlalchemy as sa
from conftest import Base, signed_in
from shapely.geometry import mapping, shape
from test_api_plans import EVERYTHING, Planner, in_force, owner
from test_data_plans import across

import api.actions.plans_page
import api.routes.plans
import api.routes.plans_force
import data.db
import data.grid
import data.plans
import data.plans_coming
import data.plans_compare
import gis.plan_names
from data.accounts import Charged
from gis.access import Role
from gis.errors import BadInput

HALF, NUL, TURN = "\ud800", "\0", "\u202egnp"


@pytest.fixture
def streets(town_url: str) -> list[str]:
    query = "SELECT code FROM division WHERE level = 'township' ORDER BY code"
    return [str(row[0]) for row in owner(town_url, query)]


def refused(who: Planner, path: str, body: bytes, status: int = 400) -> str:
    told = httpx.post(
        f"{who.base}{path}", content=body, timeout=90,
        headers={**who.headers, "Content-Type": "application/json"},
    )  # fmt: skip
    assert told.status_code == status, (body, told.text)
    return str(told.json()["detail"])


def test_what_is_no_operation_is_refused_in_words(
    town_url: str, server: Callable[..., Base], streets: list[str]
) -> None:
    ann = Planner(server(town_url), signed_in(town_url, "ann", Role.PLANNER, EVERYTHING))
    for name in ("..", "a/../b", "a\nb", TURN, NUL, "", " ", "a/", "/a", "a//b"):
        assert ann.send("/plans", 400, name=name, area=streets[0])["faults"], name
    every = ann.send("/plans", 400, name=f"{NUL}/{'a' * 100}/cells", area=streets[0])
    assert [one.partition(" ")[2][:12] for one in every["faults"]] == [
        "plan's name ", "plan's name ", "plan's name ",
    ]  # fmt: skip
    assert "1 to 100 characters, not 108" in every["faults"][0]
    assert "U+0000" in every["faults"][1]
    assert "does not end in /cells" in every["detail"]
    ann.send("/plans", 201, name="新案", area=streets[0])
    cells = ann.cells("/plans/新案/cells")
    one, two, three = list(cells)[:3]
    line = {"type": "LineString", "coordinates": [[111.0, 30.0], [112.0, 31.0]]}
    wrong: list[dict[str, Any]] = [
        {"kind": []},
        {"kind": HALF},
        {"kind": "mend", "cell": one, HALF: 1},
        {"kind": "mend", "cell": [one, two]},
        {"kind": "merge", "cells": one},
        {"kind": "move_boundary", "cells": [one], "line": line},
        {"kind": "move_boundary", "cells": [one, two, three], "line": line},
        {"kind": "rename", "cell": one, "name": ["a", "b"]},
        {"kind": "recode", "cell": one, "code": [two, three]},
        {"kind": "hand", "units": one, "to": one},
    ]
    for text in (NUL, HALF, TURN):
        wrong += [{"kind": "mend", "cell": text}, {"kind": "rename", "cell": one, "name": text}]
        wrong += [{"kind": "split_units", "cell": one, "units": [text]}]
    for operation in wrong:
        body = json.dumps({"operation": operation, "seen": 0}).encode()
        assert refused(ann, "/plans/新案/edits", body)
    pond = mapping(shapely.buffer(shapely.point_on_surface(shape(cells[one]["geometry"])), 1e-4))
    for name in ("", " ", "长" * 101):
        for operation in (
            {"kind": "add_dedicated", "ground": pond, "name": name},
            {"kind": "rename", "cell": one, "name": name},
        ):
            told = ann.edit("新案", 0, 400, **operation)
            said = f"a cell's name has 1 to 100 characters, not {len(name.strip())}"
            assert told["faults"] == [said]
            assert told["reasons"] == [{"key": "name", "said": said, "values": {"n": 100}}]
    for path, body in {
        "draw": {"target": 400, "communities": [NUL]},
        "balance": {"low": 1, "high": 2, "cells": [NUL]},
        "mend": {"communities": [NUL]},
    }.items():
        assert "U+0000" in ann.send(f"/plans/新案/{path}", 400, seen=0, **body)["detail"]
    for weights in ({}, {"households": 0}):
        told = ann.send("/plans/新案/draw", 400, seen=0, target=400, workload=weights)
        assert "weight above zero" in told["detail"]
    assert refused(ann, "/plans/新案/draw", b'{"seen": 0, "target": NaN}')
    assert refused(ann, "/plans/新案/edits", b"[" * 50_000)
    assert ann.get("/plans/新案")["version"] == 0


def test_no_plan_is_called_as_what_there_is_about_a_plan(town: sa.Engine) -> None:
    """Its address would be that of another plan's cells, units, …: the list is that of the routes."""
    rooms = [*api.routes.plans.router.routes, *api.routes.plans_force.router.routes]
    below = {one.path.partition("{name:path}/")[2] for one in rooms}
    assert below - {""} == set(gis.plan_names.ADDRESSES)
    for word in gis.plan_names.ADDRESSES:
        with pytest.raises(BadInput, match=f"does not end in /{word}"):
            gis.plan_names.refuse_plan(f"2027/{word}")
        gis.plan_names.refuse_plan(word)
    with data.db.transaction(town) as db:
        for begun in (
            lambda: data.plans.draw(db, "2027/cells"),
            lambda: data.grid.plan_to_fill(db, "2027/cells", today=date(2026, 11, 22)),
        ):
            with pytest.raises(BadInput, match="does not end in /cells"):
                begun()


def test_what_would_take_minutes_is_bounded(
    town_url: str, server: Callable[..., Base], streets: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = Planner(server(town_url), signed_in(town_url, "ann", Role.PLANNER, EVERYTHING))
    ann.send("/plans", 201, name="新案", area=streets[0])
    code, cell = next(iter(ann.cells("/plans/新案/cells").items()))
    west, south, east, north = shape(cell["geometry"]).bounds
    xs = np.linspace(west, east, 9_000)
    zigzag = [[x, (south, north)[n % 2]] for n, x in enumerate(xs.tolist())]
    line = {"type": "LineString", "coordinates": zigzag}
    told = ann.edit("新案", 0, 400, kind="split", cell=code, line=line)
    assert "too many to cut" in told["detail"]
    monkeypatch.setattr(api.actions.plans_page, "LONGEST_S", -1.0)
    rename = {"kind": "rename", "cell": code, "name": "一格"}
    left = ann.send("/plans/新案/mend", seen=0, repairs=[rename])["left"]
    assert "ask for the rest again" in left[0]["why"]
    much_is_told_by_communities(ann, town_url, monkeypatch)
    assert ann.get("/plans/新案")["version"] == 0


def much_is_told_by_communities(ann: Planner, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left out is told, and sums of a part are none."""
    old = in_force(url)
    ann.send("/plans", 201, name="全城")
    of = {code: cell["properties"]["division_code"]
          for code, cell in ann.cells("/plans/全城/cells").items()}  # fmt: skip
    first, second, *_ = dict.fromkeys(of.values())
    (one, *_), (two, *_) = ([c for c in of if of[c] == area] for area in (first, second))
    for seen, code in enumerate((one, two)):
        line = mapping(across(shape(ann.cells("/plans/全城/cells")[code]["geometry"])))
        ann.edit("全城", seen, kind="split", cell=code, line=line)
    whole = ann.get("/plans/全城/compare", **{"with": old})
    assert {cell["division_code"] for cell in whole["cells"]} == {first, second}
    foreseen = ann.get("/plans/全城/consequences")
    assert (whole["more"], foreseen["more"]) == (False, False)
    query = ("SELECT count(*) FROM building b JOIN grid_cell c ON c.id = b.cell_id "
             "WHERE c.code = ANY (:codes)")  # fmt: skip
    ours = [cell["code"] for cell in whole["cells"] if cell["division_code"] == first]
    ((many,),) = owner(url, query, codes=ours)
    monkeypatch.setattr(data.plans_compare, "MOST_BUILDINGS", many)
    monkeypatch.setattr(data.plans_coming, "MOST_BUILDINGS", 1)
    part = ann.get("/plans/全城/compare", **{"with": old})
    assert (part["more"], part["left_out"], part["fates"]) == (True, [second], whole["fates"])
    assert part["cells"] == [one for one in whole["cells"] if one["division_code"] == first]
    assert {sums["all"] for sums in part["totals"]} == {None}
    rest = ann.get("/plans/全城/compare", **{"with": old, "communities": second})
    assert (rest["more"], part["cells"] + rest["cells"]) == (False, whole["cells"])
    told = ann.get("/plans/全城/hand-over.xlsx", 413, **{"with": old})
    assert "ask for some communities at a time" in told["detail"]
    assert ann.get("/plans/全城/hand-over.xlsx", **{"with": old, "communities": first})
    monkeypatch.setattr(data.plans_compare, "MOST_BUILDINGS", 1)
    large = ann.get("/plans/全城/compare", 413, **{"with": old})
    assert "at the command line" in large["detail"]
    assert large["reasons"][0]["values"] == {"n": many, "most": 1}
    coming = ann.get("/plans/全城/consequences")
    unknown = dict.fromkeys(("posts_begun", "cases_moved")) | {
        "moved": dict.fromkeys(foreseen["moved"])
    }
    assert coming == foreseen | unknown | {"more": True}


def test_a_version_that_is_not_there_overrules_nobody(
    town_url: str, server: Callable[..., Base], streets: list[str]
) -> None:
    base = server(town_url)
    ann, ben = (
        Planner(base, signed_in(town_url, name, Role.PLANNER, EVERYTHING))
        for name in ("ann", "ben")
    )
    ann.send("/plans", 201, name="新案", area=streets[0])
    code = next(iter(ann.cells("/plans/新案/cells")))
    ann.edit("新案", 0, kind="rename", cell=code, name="安的")
    told = ben.edit("新案", 2**31 - 1, 409, kind="rename", cell=code, name="本的")
    assert told["version"] == 1
    assert "it is at version 1" in told["detail"]
    assert ann.cells("/plans/新案/cells")[code]["properties"]["name"] == "安的"


def test_numbers_of_one_planner_are_not_told_to_another(
    town_url: str, server: Callable[..., Base], streets: list[str]
) -> None:
    base = server(town_url)
    ann = Planner(base, signed_in(town_url, "ann", Role.PLANNER, EVERYTHING))
    pan = Planner(base, signed_in(town_url, "pan", Role.PLANNER, [Charged(division=streets[0])]))
    old = in_force(town_url)
    ann.send("/plans", 201, name="安的", area=streets[1])
    cells = ann.cells("/plans/安的/cells")
    answer = httpx.get(f"{base}/plans/安的/cells", headers=ann.headers)
    held = {"If-None-Match": answer.headers["etag"]}
    assert httpx.get(answer.url, headers=ann.headers | held).status_code == 304
    assert httpx.get(answer.url, headers=pan.headers | held).status_code == 200
    one = next(code for code, cell in cells.items() if cell["properties"]["kind"] == "basic")
    ann.edit("安的", 0, kind="rename", cell=one, name="一格")
    mine, his = (who.get("/plans/安的/compare", **{"with": old}) for who in (ann, pan))
    assert {cell["households_before"] for cell in his["cells"]} == {None}
    assert mine["cells"][0]["households_before"] > 0
    assert min(sums["all"] for sums in mine["totals"]) > 0
    assert [[*sums.values()][1:] for sums in his["totals"]] == [[None] * 3] * 4
    assert {"households"}.isdisjoint(f["kind"] for f in pan.get("/plans/安的/findings")["findings"])
