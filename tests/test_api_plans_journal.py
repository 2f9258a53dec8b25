"""Plans over HTTP, in the journal: a line for each act that is kept, none for looks and refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import shapely
from conftest import Base, owning, signed_in
from shapely.geometry import mapping, shape
from test_api_plans import EVERYTHING, Planner, owner, publish_due, split
from test_data_plans import community

from api.settings import Settings
from gis.access import Role

PATH = "/plans/新案"


class Journal:
    """The lines written since one looked last: actor, act, subject and detail."""

    def __init__(self, url: str) -> None:
        self.url, self.last = url, 0
        self.new()

    def new(self) -> list[tuple[Any, ...]]:
        query = "SELECT id, actor, act, subject, detail FROM journal WHERE id > :last ORDER BY id"
        lines = owner(self.url, query, last=self.last)
        self.last = max([self.last, *(line[0] for line in lines)])
        return [line[1:] for line in lines]


def test_every_act_about_a_plan_is_one_line(town_url: str, server: Callable[..., Base]) -> None:
    ann = Planner(server(town_url), signed_in(town_url, "ann", Role.PLANNER, EVERYTHING))
    with owning(town_url) as db:
        area = community(db)
    journal = Journal(town_url)
    cells = ann.send("/plans", 201, name="新案", area=area)["cells"]
    assert journal.new() == [
        ("ann", "plan-new", "新案", {"area": area, "source": None, "cells": cells})
    ]
    edits_are_told(ann, journal)
    steps_are_told(ann, journal)
    cells_made_are_told(ann, journal)
    looks_are_not_told(ann, journal)
    ends_are_told(ann, journal, town_url)


def edited(ann: Planner, journal: Journal, path: str, kind: str, /, **body: object) -> Any:
    """Preview an act and do it; see that the line tells what the answer does."""
    seen = ann.get(PATH)["version"]
    preview = ann.send(f"{PATH}/{path}", seen=seen, keep=False, **body)
    assert journal.new() == [], kind
    made = ann.send(f"{PATH}/{path}", seen=seen, **body)
    told = {name: made[name] for name in ("born", "ended", "changed")}
    assert told == {name: preview[name] for name in told}
    line = ("ann", "plan-edit", "新案", {"edit": seen + 1, "kind": kind, **told})
    assert journal.new() == [line], kind
    return made


def edits_are_told(ann: Planner, journal: Journal) -> None:
    code, cell = next(iter(ann.cells(f"{PATH}/cells").items()))
    outline = shape(cell["geometry"])

    def do(kind: str, **fields: object) -> Any:
        return edited(ann, journal, "edits", kind, operation={"kind": kind, **fields})

    born = do(**split(cell))["born"]
    do("merge", cells=[code, *born], into=code)
    units = [one["code"] for one in ann.get(f"{PATH}/units", cells=code)["units"]]
    new = do("split_units", cell=code, units=units[:3])["born"][0]
    do("hand", units=units[:1], to=code)
    do("merge", cells=[code, new], into=code)
    pond = mapping(shapely.buffer(shapely.point_on_surface(outline), 1e-5))
    own = do("add_dedicated", ground=pond, name="水塘")["born"][0]
    do("rename", cell=own, name="湖")
    assert new not in ann.cells(f"{PATH}/cells")
    version = ann.get(PATH)["version"]
    ann.edit("新案", version, 400, kind="rename", cell=code, name=" ")
    ann.edit("新案", version, 404, kind="rename", cell="none", name="无")
    ann.edit("新案", version + 1, 409, kind="rename", cell=code, name="无")
    assert journal.new() == []


def steps_are_told(ann: Planner, journal: Journal) -> None:
    code = next(iter(ann.cells(f"{PATH}/cells")))
    edited(ann, journal, "undo", "undo")
    edited(ann, journal, "redo", "redo")
    told = {"kind": "rename", "cell": code, "name": "改名"}
    nonsense = told | {"name": " "}
    edited(ann, journal, "mend", "mend_all", repairs=[nonsense, told])
    seen = ann.get(PATH)["version"]
    assert ann.send(f"{PATH}/mend", seen=seen, repairs=[nonsense])["version"] == seen
    ann.send(f"{PATH}/redo", 404, seen=seen)
    assert journal.new() == []


def cells_made_are_told(ann: Planner, journal: Journal) -> None:
    for act, wish in {
        "balance": {"low": 300.0, "high": 500.0},
        "draw": {"target": 400.0, "tolerance": 0.1},
    }.items():
        asked = {"seen": ann.get(PATH)["version"], "seed": 3, "barriers": ["roads"], **wish}
        ann.send(f"{PATH}/{act}", **asked, keep=False)
        assert journal.new() == []
        made = ann.send(f"{PATH}/{act}", **asked)
        more = {"weights": {"households": 1.0}, "barriers": ["roads"], "seed": 3}
        told = {"cells": made["after"]["cells"], "moved_households": made["moved_households"]}
        assert journal.new() == [("ann", f"plan-{act}", "新案", told | wish | more)]


def looks_are_not_told(ann: Planner, journal: Journal) -> None:
    """Looking leaves no line; what leaves the house does."""
    old = next(one["name"] for one in ann.get("/plans")["plans"] if one["state"] == "published")
    for path in ("", "/cells", "/findings", "/consequences", f"/compare?with={old}"):
        ann.get(f"{PATH}{path}")
    assert journal.new() == []
    ann.get(f"{PATH}/hand-over.xlsx?with={old}")
    ann.get(f"{PATH}/export")
    hand_over, export = journal.new()
    assert hand_over[:3] == ("ann", "export", "hand-over")
    assert hand_over[3]["plans"] == [old, "新案"]
    assert (export[:3], export[3]["plan"]) == (("ann", "export", "cells"), "新案")


def ends_are_told(ann: Planner, journal: Journal, url: str) -> None:
    today = str(Settings().today())
    ann.send(f"{PATH}/publish_on", 400, method="PUT", on="2020-01-01")
    assert journal.new() == []
    for on in (None, today):
        ann.send(f"{PATH}/publish_on", 204, method="PUT", on=on)
        assert journal.new() == [("ann", "plan-publish-on", "新案", {"on": on})]
    ann.send("/plans", 201, name="旧案", source="新案")
    assert len(journal.new()) == 1
    coming = ann.get(f"{PATH}/consequences")
    assert publish_due(url) == ["新案"]
    ((actor, act, subject, detail),) = journal.new()
    assert (actor, act, subject) == ("clock", "publish", "新案")
    assert (detail["born"], detail["changed"]) == (len(coming["born"]), len(coming["changed"]))
    assert {"number", "retired", "ended", "posts_begun", "posts_ended", "moved"} <= detail.keys()
    ann.send("/plans/旧案", 204, method="DELETE")
    assert journal.new() == [("ann", "plan-drop", "旧案", {})]
    ann.send("/plans/旧案", 404, method="DELETE")
    ann.send(PATH, 409, method="DELETE")
    assert journal.new() == []
