"""Plans over HTTP: a draft of one's own part edited, drawn, compared, published and looked back at."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import httpx
import openpyxl
import pytest
import shapely
import sqlalchemy as sa
from conftest import Base, owning, signed_in
from shapely.geometry import mapping, shape
from test_data_plans import across, community

import api.actions.plans_draw
import api.actions.plans_due
import data.accounts
import data.db
import data.hand_over
from api.settings import Settings
from data.accounts import Charged
from gis.access import Role
from gis.terms_plan import MovedKind

EVERYTHING = [Charged(everything=True)]


class Planner:
    """Somebody who plans over HTTP, with what he says to a draft."""

    def __init__(self, base: Base, token: str) -> None:
        self.base, self.headers = str(base), {"Authorization": f"Bearer {token}"}

    def get(self, path: str, status: int = 200, **params: object) -> Any:
        told = httpx.get(
            f"{self.base}{path}", params=params or None, headers=self.headers, timeout=90
        )
        assert told.status_code == status, told.text
        return told.json() if "json" in told.headers["content-type"] else told.content

    def send(self, path: str, status: int = 200, /, method: str = "POST", **body: object) -> Any:
        told = httpx.request(
            method, f"{self.base}{path}", json=body, headers=self.headers, timeout=90
        )
        assert told.status_code == status, told.text
        return told.json() if told.content else None

    def cells(self, path: str) -> dict[str, dict[str, Any]]:
        """The features of a collection of cells by code."""
        return {one["properties"]["code"]: one for one in self.get(path)["features"]}

    def edit(
        self, draft: str, seen: int, status: int = 200, /, *, keep: bool = True, **operation: object
    ) -> Any:
        body = {"operation": operation, "seen": seen, "keep": keep}
        return self.send(f"/plans/{draft}/edits", status, **body)


def split(cell: dict[str, Any]) -> dict[str, Any]:
    """The words for splitting a cell through its middle."""
    line = mapping(across(shape(cell["geometry"])))
    return {"kind": "split", "cell": cell["properties"]["code"], "line": line}


def owner(url: str, query: str, **values: object) -> list[tuple[Any, ...]]:
    with owning(url) as db:
        return [tuple(row) for row in db.execute(sa.text(query), values)]


def in_force(url: str) -> str:
    return str(owner(url, "SELECT name FROM grid_plan WHERE state = 'published'")[0][0])


def publish_due(url: str) -> list[str]:
    """What the process beside the server does within seconds."""
    store = data.db.engine(url)
    try:
        return api.actions.plans_due.publish_due(store)
    finally:
        store.dispose()


def numbers(cells: dict[str, Any]) -> dict[str, int]:
    names = ("households", "residents", "care", "facilities", "open_cases")
    return {n: sum(one["properties"][n] for one in cells.values()) for n in names}


def outlines(cells: dict[str, Any]) -> dict[str, str]:
    return {code: shapely.normalize(shape(one["geometry"])).wkt for code, one in cells.items()}


def test_a_draft_is_split_balanced_compared_published_and_exported(
    town_url: str, server: Callable[..., Base]
) -> None:
    ann = Planner(server(town_url), signed_in(town_url, "ann", Role.PLANNER, EVERYTHING))
    old = in_force(town_url)
    with owning(town_url) as db:
        area = community(db)
        now = db.scalar(sa.text("SELECT current_date"))
    assert ann.send("/plans", 201, name="新案", area=area)["cells"] > 1
    assert ann.send("/plans", 409, name="新案", area=area)["title"] == "Conflict"
    before = ann.cells("/plans/新案/cells")
    total = numbers(before)
    assert min(total.values()) > 0
    edited_and_previewed(ann, before, total)
    balanced_and_drawn(ann, town_url, total)
    checked_and_mended(ann, area)
    handed_over(ann, town_url, old)
    published(ann, town_url, old, now)


def edited_and_previewed(ann: Planner, before: dict[str, Any], total: dict[str, int]) -> None:
    """A split, seen before it is made; its cells as the answer tells them; taken back and done."""
    code, cell = next(iter(before.items()))
    preview = ann.edit("新案", 0, keep=False, **split(cell))
    assert ann.get("/plans/新案")["version"] == 0
    assert outlines(ann.cells("/plans/新案/cells")) == outlines(before)
    made = ann.edit("新案", 0, **split(cell))
    assert made == preview
    assert (made["version"], made["ended"], len(made["born"])) == (1, [], 1)
    told = {one["properties"]["code"]: one for one in made["cells"]["features"]}
    assert set(told) == {*made["born"], *made["changed"]} >= {code}
    after = ann.cells("/plans/新案/cells")
    assert {code: after[code] for code in told} == told
    assert numbers(after) == total
    assert all((one["properties"]["low"], one["properties"]["high"]) == (300, 500)
               for one in after.values())  # fmt: skip
    assert (after[code]["properties"]["worker"], after[made["born"][0]]["properties"]["worker"]) == (
        before[code]["properties"]["worker"], None,
    )  # fmt: skip
    units = ann.get("/plans/新案/units", cells=",".join(told))
    held = [numbers({code: told[code]})["households"] for code in told]
    assert (sum(one["households"] for one in units["units"]), units["more"]) == (sum(held), False)
    box = shape(cell["geometry"]).bounds
    inside = ann.get("/plans/新案/units", bbox=",".join(map(str, box)))["units"]
    assert {one["code"] for one in inside if one["cell"] in told} <= {
        one["code"] for one in units["units"]
    }
    assert ann.send("/plans/新案/undo", seen=1)["ended"] == made["born"]
    assert outlines(ann.cells("/plans/新案/cells")) == outlines(before)
    assert ann.send("/plans/新案/redo", seen=2)["born"] == made["born"]
    about = ann.get("/plans/新案")
    assert (about["version"], about["can_undo"], about["can_redo"]) == (3, True, False)
    assert [(one["kind"], one["actor"]) for one in about["edits"]] == [
        ("redo", "ann"), ("undo", "ann"), ("split", "ann"),
    ]  # fmt: skip
    assert set(about["edits"][2]["cells"]) == set(told)
    west, south, east, north = about["bounds"]
    assert west < box[0] <= box[2] <= east
    assert south <= box[1] < box[3] <= north


def balanced_and_drawn(ann: Planner, url: str, total: dict[str, int]) -> None:
    """The same seed gives what was previewed; too much is for the command line."""
    asked = {"seen": 3, "low": 300, "high": 500, "seed": 2}
    preview = ann.send("/plans/新案/balance", **asked, keep=False)
    assert ann.get("/plans/新案")["version"] == 3
    assert preview["after"]["out_of_range"] < preview["before"]["out_of_range"]
    assert preview["moved_households"] == sum(one["households"] for one in preview["moves"]) > 0
    drawn = ann.send(
        "/plans/新案/draw", seen=3, target=400, tolerance=0.1, barriers=["roads"], keep=False
    )
    assert drawn["after"]["out_of_range"] <= drawn["before"]["out_of_range"]
    assert "moves" not in drawn
    made = ann.send("/plans/新案/balance", **asked)
    same = ("moves", "after", "changed", "cells", "version", "complete")
    assert {name: made[name] for name in same} == {name: preview[name] for name in same}
    cells = ann.cells("/plans/新案/cells")
    assert numbers(cells) == total
    for move in made["moves"][:5]:
        assert shape(cells[move["to"]]["geometry"]).covers(shapely.Point(move["lon"], move["lat"]))
    refused = ann.send("/plans/新案/draw", 400, seen=4, target=400, barriers=["walls"])
    assert "no barrier is called 'walls'" in refused["detail"]
    none = ann.send("/plans/新案/balance", 404, seen=4, low=300, high=500, cells=["none"])
    assert "has no cell 'none'" in none["detail"]
    lines = owner(url, "SELECT act FROM journal WHERE subject = '新案' ORDER BY id")
    assert [act for (act,) in lines] == ["plan-new", *["plan-edit"] * 3, "plan-balance"]


def checked_and_mended(ann: Planner, area: str) -> None:
    whole = ann.get("/plans/新案/findings")
    part = ann.get("/plans/新案/findings", communities=area)
    assert whole == part
    assert whole["version"] == 4
    mended = ann.send("/plans/新案/mend", seen=4, communities=[area], keep=False)
    repairs = [one["repair"] for one in whole["findings"] if one["repair"]]
    assert len(mended["left"]) >= len(whole["findings"]) - len(repairs)
    code = next(iter(ann.cells("/plans/新案/cells")))
    nonsense = {"kind": "rename", "cell": code, "name": " "}
    told = {"kind": "rename", "cell": code, "name": "改名网格"}
    made = ann.send("/plans/新案/mend", seen=4, repairs=[nonsense, told])
    assert (made["version"], made["changed"]) == (5, [code])
    assert [one["repair"] for one in made["left"]] == [nonsense]


def handed_lists(book: bytes) -> dict[str, list[dict[str, Any]]]:
    """The sheets of a hand-over list: the lines of each worker."""
    lists = {}
    for sheet in openpyxl.load_workbook(io.BytesIO(book), read_only=True):
        head, *rows = sheet.iter_rows(values_only=True)
        assert head == tuple(data.hand_over.HEAD.values())
        lists[sheet.title] = [dict(zip(data.hand_over.HEAD, row, strict=True)) for row in rows]
    return lists


def handed_over(ann: Planner, url: str, old: str) -> None:
    """Two plans side by side, and the list for workers: their names, places, no resident."""
    found = ann.get("/plans/新案/compare", **{"with": old})
    totals = {one["kind"]: one for one in found["totals"]}
    moved = sum(one["count"] for one in found["moves"] if one["kind"] == "households")
    assert moved >= totals["households"]["change_cell"] > 0
    assert {one["fate"] for one in found["cells"]} == {"born", "changed"}
    ways = {(one["properties"]["from"], one["properties"]["to"])
            for one in found["differing"]["features"]}  # fmt: skip
    assert {(one["from"], one["to"]) for one in found["moves"] if one["from"] != one["to"]} <= ways
    lists = handed_lists(ann.get("/plans/新案/hand-over.xlsx", **{"with": old}))
    workers = {name for (name,) in owner(url, "SELECT name FROM worker")}
    assert set(lists) <= {*workers, data.hand_over.NOBODY}
    assert len(lists) > 1
    rows = [row for of_one in lists.values() for row in of_one]
    lines = list({(row["kind"], row["code"]): row for row in rows}.values())
    for name, of_one in lists.items():  # each on a sheet of his own, of two who share a cell too
        for row in of_one:
            before, after = (set(row[f"worker_{when}"].split("、")) for when in ("before", "after"))
            gives_it = row["act"] == data.hand_over.GIVES
            assert name in (before - after if gives_it else after - before)
    kinds = {row["kind"] for row in lines}
    assert kinds <= {kind.label for kind in MovedKind}
    homes = {row["code"]: row for row in lines if row["kind"] == MovedKind.HOUSEHOLDS.label}
    known = {code: (name, address) for code, name, address
             in owner(url, "SELECT code, name, address FROM building")}  # fmt: skip
    assert {code: (row["name"], row["address"]) for code, row in homes.items()} == {
        code: known[code] for code in homes
    }
    assert sum(row["count"] for row in homes.values()) == totals["households"]["change_worker"]
    places = {code: (name, address) for code, name, address
              in owner(url, "SELECT code, name, address FROM facility")}  # fmt: skip
    for row in lines:
        if row["kind"] == MovedKind.FACILITIES.label:
            assert (row["name"], row["address"]) == places[row["code"]]
    text = " ".join(str(value) for row in rows for value in row.values())
    people = owner(url, "SELECT name_mask, phone_mask FROM resident LIMIT 5000")
    assert not [one for mask in people for one in mask if one and one in text]
    line = owner(url, "SELECT actor, subject, detail FROM journal ORDER BY id DESC LIMIT 1")[0]
    assert line == ("ann", "hand-over", {"plans": [old, "新案"], "rows": len(lines),
                                         "file": "hand-over.xlsx"})  # fmt: skip


def published(ann: Planner, url: str, old: str, now: date) -> None:
    """What is told to come is what comes; the day before, the cells are as they were."""
    was = ann.cells("/export/cells.geojson")
    mine = ann.cells("/plans/新案/export")
    exact = owner(url, "SELECT c.code, ST_AsBinary(c.geom) FROM grid_cell c JOIN grid_plan p "
                       "ON p.id = c.plan_id AND p.name = '新案'")  # fmt: skip
    stored = {code: shapely.normalize(shapely.from_wkb(bytes(wkb))).wkt for code, wkb in exact}
    assert {code: shapely.normalize(shapely.multipolygons(
        shapely.get_parts(shape(one["geometry"])))).wkt for code, one in mine.items()} == stored  # fmt: skip
    ended = next(iter(set(mine) & set(was)))
    beside = next(
        code for code, one in mine.items() if code != ended and shapely.intersection(
            shape(one["geometry"]), shape(mine[ended]["geometry"])).length > 0
    )  # fmt: skip
    merged = ann.edit("新案", 5, kind="merge", cells=[ended, beside], into=beside)
    assert merged["ended"] == [ended]
    with owning(url) as db:
        number = data.accounts.add(db, "wo", role=Role.WORKER, name="wo")
        data.accounts.put_in_charge(db, number, [Charged(cell=ended)])
    mine = ann.cells("/plans/新案/export?suffix=geojson")
    coming = ann.get("/plans/新案/consequences")
    compared = ann.get("/plans/新案/compare", **{"with": old})
    for fate in ("born", "ended", "changed"):
        assert [one["code"] for one in compared["cells"] if one["fate"] == fate] == coming[fate]
        assert compared["fates"][fate] == len(coming[fate])
    assert (compared["more"], compared["left_out"], coming["more"]) == (False, [], False)
    assert ann.get("/plans/新案")["state"] == "draft"
    today = str(Settings().today())
    assert (
        "is over"
        in ann.send("/plans/新案/publish_on", 400, method="PUT", on="2020-01-01")["detail"]
    )
    at = ann.get("/plans/新案")["version"]
    unseen = ann.send("/plans/新案/publish_on", 409, method="PUT", on=today, seen=at - 1)
    assert unseen["reasons"][0]["key"] == "publish_unseen"
    assert ann.get("/plans/新案")["publish_on"] is None
    ann.send("/plans/新案/publish_on", 204, method="PUT", on=today, seen=at)
    assert publish_due(url) == ["新案"]
    about = ann.get("/plans/新案")
    assert (about["state"], about["publish_on"], about["publish_refused"]) == (
        "published",
        None,
        None,
    )
    done = owner(url, "SELECT detail FROM journal WHERE act = 'publish'")[0][0]
    assert (done["ended"], done["born"], done["changed"]) == (
        coming["ended"], len(coming["born"]), len(coming["changed"]),
    )  # fmt: skip
    for name in ("posts_begun", "posts_ended", "cases_moved", "charges_idle"):
        assert done[name] == coming[name], name
    assert (coming["posts_ended"] > 0, coming["charges_idle"], coming["refused"]) == (True, 1, None)
    assert coming["moved"]["facilities"] == done["moved"]["facilities"]
    is_now = ann.cells("/export/cells.geojson")
    assert {code: is_now[code]["geometry"] for code in mine} == {
        code: one["geometry"] for code, one in mine.items()
    }
    yesterday = now - timedelta(days=1)
    for path in (f"/export/cells.geojson?as_of={yesterday}", f"/plans/{old}/export"):
        assert outlines(ann.cells(path)) == outlines(was)
    assert outlines(ann.cells("/plans/新案/cells")) == {
        code: shapely.normalize(
            shapely.transform(shape(one["geometry"]), lambda xy: xy.round(8))
        ).wkt
        for code, one in is_now.items()
    }
    looked = ann.get("/cell-on", place=ended, on=str(yesterday))
    assert (looked["plan"], looked["cell"]["code"]) == (old, ended)
    assert {one["child"] for one in looked["since"]} >= {beside}
    anybody = httpx.get(f"{ann.base}/cell-on", params={"place": ended, "on": str(yesterday)}).json()
    assert anybody == looked | {"posts": [], "since": []} != looked
    frozen = ann.edit("新案", 6, 409, kind="rename", cell=beside, name="x")
    assert "is published and stays as it is" in frozen["detail"]


def test_two_planners_of_one_draft_meet_in_a_cell_or_merge(
    town_url: str, server: Callable[..., Base]
) -> None:
    base = server(town_url)
    ann, ben = (
        Planner(base, signed_in(town_url, login, Role.PLANNER, EVERYTHING))
        for login in ("ann", "ben")
    )
    with owning(town_url) as db:
        ann.send("/plans", 201, name="共用", area=community(db))
    cells = ann.cells("/plans/共用/cells")
    one, *_, other = cells
    nothing = ann.get("/plans/共用/compare", **{"with": in_force(town_url)})
    assert (nothing["cells"], nothing["moves"], nothing["differing"]["features"]) == ([], [], [])
    made = ann.edit("共用", 0, **split(cells[one]))
    beside = ben.edit("共用", 0, kind="rename", cell=other, name="乙的")
    assert (made["version"], beside["version"], beside["changed"]) == (1, 2, [other])
    clash = ben.edit("共用", 0, 409, kind="rename", cell=one, name="乙的")
    assert (clash["title"], clash["cell"], clash["actor"]) == ("Conflict", one, "ann")
    assert clash["at"].startswith(f"{Settings().today():%Y-}")
    assert f"{one} by ann at" in clash["detail"]
    assert (clash["cells"], clash["seen"], clash["version"]) == ([one], 0, 2)
    in_vain = ben.edit("共用", 0, 409, **split(cells[one]))  # what he saw can be split, this cannot
    assert (in_vain["cell"], in_vain["actor"]) == (one, "ann")
    no_way = ben.edit("共用", 2, 400, **split(cells[one]))
    assert no_way["reasons"] == [
        {"key": "no_divide", "said": no_way["detail"], "values": {"cell": one}}
    ]
    assert clash["reasons"][0]["values"] == {name: clash[name] for name in ("cell", "actor", "at")}
    assert "does not divide" in no_way["detail"]
    asked = {"seen": 0, "low": 300, "high": 500}
    everywhere = ben.send("/plans/共用/balance", 409, **asked)
    assert {everywhere["cell"], everywhere["actor"]} <= {"ann", *cells, *made["born"]}
    repairs = [{"kind": "rename", "cell": one, "name": "乙的"}]
    assert ben.send("/plans/共用/mend", 409, seen=0, repairs=repairs)["cell"] == one
    gone = ann.edit("共用", 2, kind="merge", cells=[one, *made["born"]], into=one)["ended"]
    lost = ben.edit("共用", 2, 409, kind="rename", cell=gone[0], name="乙的")
    assert (lost["cell"], lost["actor"]) == (gone[0], "ann")
    assert ben.edit("共用", 3, kind="rename", cell=one, name="乙的")["version"] == 4
    assert ann.send("/plans/共用/undo", 409, seen=4)["actor"] == "ben"
    unseen = ben.send("/plans/共用/undo", 409, seen=3)  # his own, which he has not before him
    assert (unseen["cell"], unseen["actor"], unseen["seen"]) == (one, "ben", 3)
    assert ben.send("/plans/共用/undo", seen=4)["changed"] == [one]
    ann.edit("共用", 5, kind="rename", cell=one, name="甲的")
    later = ben.send("/plans/共用/redo", 409, seen=5)
    assert (later["cell"], later["actor"]) == (one, "ann")
    assert not ann.get("/plans/共用")["can_redo"]
    assert ben.get("/plans/共用")["can_redo"]


def test_a_planner_of_one_street_touches_no_other(
    town_url: str, server: Callable[..., Base], monkeypatch: pytest.MonkeyPatch
) -> None:
    base = server(town_url)
    ann = Planner(base, signed_in(town_url, "ann", Role.PLANNER, EVERYTHING))
    (own,), (foreign,) = owner(
        town_url, "SELECT min(code) FROM division WHERE level = 'township' "
        "UNION ALL SELECT max(code) FROM division WHERE level = 'township'",
    )  # fmt: skip
    pan = Planner(base, signed_in(town_url, "pan", Role.PLANNER, [Charged(division=own)]))
    known = pan.get("/plans")
    assert {one["code"][:9] for one in known["divisions"]} == {own[:9]}
    assert (known["everything"], ann.get("/plans")["everything"]) == (False, True)
    for area in (foreign, None):
        ann.send("/plans", 201, name=f"安的{area}", area=area)
        told = pan.send("/plans", 403, name=f"潘的{area}", area=area)
        assert "in charge of" in told["detail"]
        cells = pan.cells(f"/plans/安的{area}/cells")
        strange = [one["properties"] for one in cells.values()
                   if not one["properties"]["division_code"].startswith(own[:9])]  # fmt: skip
        assert {(one["households"], one["care"], one["open_cases"]) for one in strange} == {
            (None, None, None)
        }
        code = strange[0]["code"]
        assert pan.get(f"/plans/安的{area}/units", cells=code)["units"] == []
        path = f"/plans/安的{area}"
        words = {"seen": 0, "keep": False}
        rename = {"kind": "rename", "cell": code, "name": "潘的"}
        for act, body in {
            "edits": {"operation": rename}, "mend": {"repairs": [rename]}, "undo": {}, "redo": {},
            "balance": {"low": 1, "high": 2}, "draw": {"target": 400},
        }.items():  # fmt: skip
            assert "outside" in pan.send(f"{path}/{act}", 403, **words, **body)["detail"], act
        pan.send(f"{path}/publish_on", 403, method="PUT", on=str(Settings().today()))
        pan.send(path, 403, method="DELETE")
    pan.send("/plans", 201, name="潘的", area=own)
    mine = pan.cells("/plans/潘的/cells")
    code = next(iter(mine))
    assert pan.edit("潘的", 0, kind="rename", cell=code, name="一格")["changed"] == [code]
    faults = pan.edit("潘的", 1, 400, kind="split", line=[1], width=3)["faults"]
    assert len(faults) == 3
    assert "no operation is called 'fly'" in pan.edit("潘的", 1, 400, kind="fly")["detail"]
    monkeypatch.setattr(api.actions.plans_draw, "MOST_UNITS", 10)
    much = pan.send("/plans/潘的/draw", 413, seen=1, target=400)
    assert "at the command line with wangge plan draw" in much["detail"]
    assert set(pan.cells("/plans/潘的/cells")) == set(mine)
    answer = httpx.get(f"{base}/plans/潘的/cells", headers=pan.headers)
    held = {"If-None-Match": answer.headers["etag"]}
    assert httpx.get(answer.url, headers=pan.headers | held).status_code == 304
    pan.edit("潘的", 1, kind="rename", cell=code, name="二格")
    assert httpx.get(answer.url, headers=pan.headers | held).status_code == 200
    chief = Planner(base, signed_in(town_url, "street", Role.CHIEF, EVERYTHING))
    assert "plan" in chief.get("/plans/潘的/cells", 403)["detail"]
    pan.send("/plans/潘的", 204, method="DELETE")
    assert "no plan '潘的'" in pan.get("/plans/潘的", 404)["detail"]


def test_why_a_plan_was_not_published_is_told(town_url: str, server: Callable[..., Base]) -> None:
    ann = Planner(server(town_url), signed_in(town_url, "ann", Role.PLANNER, EVERYTHING))
    with owning(town_url) as db:
        area = community(db)
    for name in ("先到", "2027/后到"):
        ann.send("/plans", 201, name=name, area=area)
        code = next(iter(ann.cells(f"/plans/{name}/cells")))
        ann.edit(name, 0, kind="rename", cell=code, name=f"{name}格")
    for name in ("先到", "2027/后到"):
        ann.send(f"/plans/{name}/publish_on", 204, method="PUT", on=str(Settings().today()))
        publish_due(town_url)
    late = ann.get("/plans/2027/后到")
    assert (late["state"], late["publish_on"]) == ("draft", None)
    assert f"{code} by '先到' on" in late["publish_refused"]
    assert ann.get("/plans/2027/后到/consequences")["refused"] == late["publish_refused"]
    far = str(Settings().today() + timedelta(days=300))
    ann.send("/plans/2027/后到/publish_on", 204, method="PUT", on=far)
    waits = ann.get("/plans/2027/后到")
    assert (waits["publish_on"], waits["publish_refused"]) == (far, None)
    ann.send("/plans/2027/后到/publish_on", 204, method="PUT", on=None)
    assert ann.get("/plans/2027/后到")["publish_on"] is None


def test_one_who_begins_a_draft_twice_at_once_is_told_of_the_first(
    town_url: str, server: Callable[..., Base]
) -> None:
    ann = Planner(server(town_url), signed_in(town_url, "ann", Role.PLANNER, EVERYTHING))
    taken = "INSERT INTO grid_plan (name, state) VALUES ('新案', 'draft')"
    with ThreadPoolExecutor(1) as hand:
        with owning(town_url) as first:
            first.execute(sa.text(taken))
            second = hand.submit(ann.send, "/plans", 409, name="新案")
            while not (second.done() or waits_for_a_name(town_url)):
                time.sleep(0.05)
        refused = second.result()
    assert refused["reasons"][0]["key"] == "name_taken"
    assert [one["name"] for one in ann.get("/plans")["plans"]].count("新案") == 1


def waits_for_a_name(url: str) -> bool:
    query = ("SELECT true FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = "
             "current_database() AND query LIKE 'INSERT INTO grid_plan %'")  # fmt: skip
    return bool(owner(url, query))
