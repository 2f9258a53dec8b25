"""As of a day over HTTP: cells, posts, cases and counts before a re-draw and after it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
import shapely
import sqlalchemy as sa
from conftest import Base, owning, signed_in
from sqlalchemy.orm import Session
from test_data_plans import ANN, ask
from town import TESTER, at, place
from typer.testing import CliRunner

import data.cases
import data.db
import data.grid
import data.locate
import data.plans
import data.plans_edit
import data.plans_publish
from api.cli import app
from data.accounts import Charged
from gis.access import Role
from gis.cases import Said
from gis.plan_edit import Merge, Split
from gis.terms import Move

COMMUNITY = "420106001001"
NOW = datetime.now(UTC)
SPOTS = {
    "west": at(0.1, 0.5), "east": at(0.6, 0.4), "done": at(0.2, 0.2), "chosen": at(1.5, 0.5),
    "brought": at(0.1, 0.6), "foreign": at(3.5, 0.5), "phone": None,
}  # fmt: skip


@pytest.fixture(scope="session")
def ground(small_template: str) -> str:
    return small_template


def ago(days: int) -> datetime:
    return NOW - timedelta(days=days)


def moved(db: Session, code: str, move: Move, days: int, **said: str) -> None:
    case = data.cases.locked(db, code)
    data.cases.move(db, case, move, Said(**said), by=TESTER, now=ago(days))


def happened(db: Session) -> None:
    """Cases of five days ago, since then: two voided, two settled by hand, one brought today only.
    In the west of A is one home, in its east are two."""
    place(db, "building", {"h9": at(0.1, 0.1)}, name="九栋", address="桥头路9号")
    home = """WITH d AS (INSERT INTO dwelling (building_id, number, geom)
        SELECT id, '1', geom FROM building WHERE code = 'h9' RETURNING id)
        INSERT INTO household (dwelling_id) SELECT id FROM d"""
    db.execute(sa.text(home))
    db.execute(sa.text("DELETE FROM case_file"))
    place(db, "case_file", SPOTS, title="积水", reported_at=ago(5))
    data.locate.refile(db)
    begin = """INSERT INTO case_event (case_id, at, actor, move, target)
        SELECT id, CASE code WHEN 'brought' THEN :now ELSE reported_at END, 'test',
               CASE code WHEN 'brought' THEN 'bring' ELSE 'report' END, 'reported' FROM case_file"""
    db.execute(sa.text(begin), {"now": NOW})
    moved(db, "west", Move.VERIFY, 4, words="属实")
    moved(db, "done", Move.VOID, 3, reason="重复")
    moved(db, "chosen", Move.SETTLE, 2, cell="A", reason="属A")
    moved(db, "phone", Move.SETTLE, 3, cell="A", reason="属A")
    moved(db, "phone", Move.VOID, 3, reason="重复")


def redrawn(db: Session) -> str:
    """The west of A becomes a cell of its own, its east goes to B; today. Return the new code."""
    today: date = db.execute(sa.text("SELECT current_date")).scalar_one()
    plan = data.plans.draw(db, "新", area=COMMUNITY)
    line = shapely.LineString([at(0.3, -0.1), at(0.3, 1.1)])
    for operation in (Split("A", line), Merge(("A", "B"), into="B")):
        edited = data.plans_edit.edit(db, plan, operation, by=ANN, on=today, seen=None)
    done = data.plans_publish.publish(db, plan, by=ANN, on=today)
    assert (done.ended, edited.ended) == (["A"], ["A"])
    (born,) = done.born
    return born


@pytest.fixture
def town(empty_url: str, server: Callable[..., Base]) -> tuple[Base, str, str, date]:
    """Where it is served, a leader's token, the code of the new cell, and the day of the re-draw."""
    with owning(empty_url) as db:
        happened(db)
        for name, cell, phone in (("王五", "A", "027-1"), ("赵六", "B", "027-2")):
            db.execute(
                sa.text("INSERT INTO worker (code, name, phone) VALUES (:w, :w, :p)"),
                {"w": name, "p": phone},
            )
            db.execute(
                sa.text("INSERT INTO post (cell_id, worker_id, role, valid_from) SELECT c.id, w.id, "
                        "'grid_worker', '2025-01-01' FROM grid_cell c, worker w "
                        "WHERE c.code = :c AND c.plan_id = (SELECT id FROM grid_plan WHERE "
                        "state = 'published') AND w.code = :w"),
                {"c": cell, "w": name},
            )  # fmt: skip
        born = redrawn(db)
        ((today,),) = ask(db, "SELECT current_date")
    leader = signed_in(empty_url, "leader", Role.LEADER, [Charged(division=COMMUNITY)])
    return server(empty_url), leader, born, today


def asked(base: str, path: str, token: str = "", status: int = 200, **params: Any) -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = httpx.get(f"{base}{path}", params=params, headers=headers, timeout=60)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_cases_as_they_were(town, empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    base, leader, born, today = town
    before, after = today - timedelta(days=4), today - timedelta(days=1)
    tomorrow = today + timedelta(days=1)

    def then(day: date, **params: Any) -> dict[str, Any]:
        found = asked(base, "/cases", leader, on=str(day), **params)
        assert found["on"] == str(day)
        return {one["code"]: (one["state"], one["cell"], one["cell_by"]) for one in found["cases"]}

    assert then(before) == {
        "west": ("verified", "A", "filed"), "east": ("reported", "A", "filed"),
        "done": ("reported", "A", "filed"), "chosen": ("reported", "B", "place"),
        "brought": (None, "A", "filed"), "phone": ("reported", None, "place"),
    }  # fmt: skip
    assert then(after) == then(before) | {
        "phone": ("void", "A", "filed"),
        "done": ("void", "A", "filed"), "chosen": ("reported", "A", "filed"),
    }  # fmt: skip
    assert then(tomorrow) == {
        "west": ("verified", born, "filed"), "east": ("reported", "B", "filed"),
        "done": ("void", "A", "filed"), "chosen": ("reported", "B", "filed"),
        "brought": ("reported", born, "filed"), "phone": ("void", "A", "filed"),
    }  # fmt: skip
    assert then(today - timedelta(days=9)) == {}
    assert set(then(before, cell="B")) == {"chosen"}
    assert set(then(after, area="A", open=True)) == {"west", "east", "chosen", "brought"}
    assert set(then(after, area=COMMUNITY, state="void")) == {"done", "phone"}
    assert set(then(before, area=COMMUNITY)) == set(then(before)) - {"phone"}
    assert set(then(tomorrow, area=COMMUNITY)) == set(then(tomorrow))  # also of a cell that ended
    assert then(after, area="420106002001") == {}  # the foreign one is not his
    first = asked(base, "/cases", leader, on=str(before), limit=3)
    more = asked(base, "/cases", leader, on=str(before), limit=9, after=first["next"])
    assert [one["code"] for one in first["cases"] + more["cases"]] == [
        *sorted(then(before), key=list(SPOTS).index, reverse=True),
    ]  # fmt: skip
    names = {one["code"]: one["cell_name"] for one in first["cases"]}
    assert names == {"phone": None, "brought": "A网格", "chosen": "B网格"}
    row = next(one for one in first["cases"] if one["code"] == "chosen")
    assert (row["cell_now"], row["state_now"]) == ("B", "reported")
    assert "mine, overdue: told of now only" in asked(
        base, "/cases", leader, 400, on=str(before), mine=True, overdue=True
    )["detail"]  # fmt: skip
    asked(base, "/cases", leader, 404, on="2001-01-01")
    asked(base, "/cases", leader, 404, on=str(before), area="nowhere")
    asked(base, "/cases", "", 401, on=str(before))

    monkeypatch.setenv("WANGGE_DATABASE_URL", empty_url)
    monkeypatch.setattr("api.running.stop_on_sigterm", lambda: None)
    said = CliRunner().invoke(app, ["cases", "list", "--on", str(after), "--area", "A"])
    lines = [line.split("\t") for line in said.output.splitlines()]
    assert lines[0][:4] == ["code", "state", "title", "cell"]
    assert [line[0] for line in lines[1:]] == ["brought", "chosen", "east", "west"]


def test_cells_and_posts_of_a_day_at_a_place(town) -> None:
    base, leader, born, today = town
    yesterday, tomorrow = today - timedelta(days=1), today + timedelta(days=1)
    spot = {"lon": SPOTS["west"].x, "lat": SPOTS["west"].y, "accuracy_m": 2000}

    now = asked(base, "/locate", leader, **spot)
    assert (now["cell"]["code"], now["posts"][0]["name"]) == (born, "王五")
    for day in (today, tomorrow):
        then = asked(base, "/locate", leader, **spot, on=str(day))
        assert then == {"on": str(day), "plan": "新", **now}
    was = asked(base, "/locate", leader, **spot, on=str(yesterday))
    assert (was["plan"], was["cell"]["code"]) == ("现行", "A")
    assert was["cell"]["community"] == {"code": COMMUNITY, "name": "桥头社区"}
    assert was["posts"] == [{"role": "grid_worker", "name": "王五", "phone": "027-1"}]
    assert [one["code"] for one in was["candidates"]] == ["B"]
    of_b = asked(base, "/locate", leader, lon=at(1.5, 0.5).x, lat=spot["lat"], on=str(yesterday))
    assert of_b["posts"][0]["name"] == "赵六"  # B was kept as another row

    anybody = asked(base, "/locate", **spot, on=str(yesterday))
    assert anybody == was | {"posts": []}
    assert asked(base, "/locate", **spot, on="2001-01-01") == {
        "on": "2001-01-01", "plan": None, "cell": None, "posts": [], "candidates": [],
    }  # fmt: skip
    asked(base, "/locate", **spot, on="tomorrow", status=400)


def test_counts_in_the_cells_of_a_day(town, empty_url: str) -> None:
    base, leader, born, today = town
    before, after = today - timedelta(days=4), today - timedelta(days=1)

    def counted(day: date, token: str = leader, **params: str) -> dict[str, Any]:
        found = asked(base, "/counts", token, on=str(day), **params)
        assert (found["on"], found["plan"]) == (str(day), "新" if day > after else "现行")
        told = ("cases", "open_cases")
        return {
            one["code"]: (*(one[name] for name in told),
                          *(one["of_today"][name] for name in ("households", "shared")))
            for one in found["cells"]
        }  # fmt: skip

    assert counted(before) == {"A": (4, 4, 3, True), "B": (1, 1, 0, True)}
    assert counted(after) == {"A": (6, 4, 3, True), "B": (0, 0, 0, True)}
    by_area = {"A": (6, 4, 2, True), "B": (0, 0, 1, True)}  # seven tenths of A are in B now
    assert counted(after, weight="area") == by_area
    now = {born: (2, 2, 1, False), "B": (2, 2, 2, False)}
    assert counted(today + timedelta(days=1)) == now
    assert counted(after, area="A") == {"A": (6, 4, 3, True)}
    assert counted(after, area="420106002001") == {}
    chief = counted(after, base.token)
    assert chief == counted(after) | {"C": (0, 0, 2, False), "D": (1, 1, 0, False)}
    assert set(counted(after, base.token, area=COMMUNITY)) == {"A", "B"}
    planner = signed_in(empty_url, "planner", Role.PLANNER, [Charged(division=COMMUNITY)])
    assert counted(after, planner)["A"] == (None, None, 3, True)
    of_b = signed_in(empty_url, "of-b", Role.LEADER, [Charged(cell="B")])
    assert counted(after, of_b)["B"] == (0, 0, 0, True)
    with owning(empty_url) as db:  # what was A is in part in a community that is not his any more
        db.execute(sa.text("UPDATE grid_cell SET division_code = '420106002001', area_no = "
                           "420106002001000009 WHERE code = :c"), {"c": born})  # fmt: skip
    told = asked(base, "/counts", leader, on=str(after))["cells"]
    assert [(one["code"], one["cases"], one["of_today"]) for one in told][:1] == [("A", None, None)]
    asked(base, "/counts", "", 401, on=str(today))
    for params in ({"on": "2001-01-01"}, {"on": str(after), "area": "nowhere"}):
        asked(base, "/counts", leader, 404, **params)


def test_statistics_of_before_a_re_draw_are_told_in_the_cells_of_today(town) -> None:
    base, leader, born, today = town

    def told(by: str, days: int = 6) -> dict[str, Any]:
        since = today - timedelta(days=days)
        found = asked(base, "/indicators", leader, by=by, **{"from": str(since), "to": str(today)})
        found["reported"] = {one["code"]: one["counts"]["reported"] for one in found["areas"]}
        return found

    found = told("cell")
    said = ("recounted", "redrawn_on", "shared")
    assert [found[name] for name in said] == [True, str(today), ["A"]]
    # by place: west, brought and what was voided in the west; without a place, by the homes there
    assert found["reported"] == {born: 3.3333, "B": 2.6667}
    assert {one["code"]: one["name"] for one in found["areas"]}["B"] == "B网格"
    by_community = told("community")
    assert by_community["reported"] == {COMMUNITY: 6}
    assert [by_community[name] for name in said] == [True, str(today), []]
    later = told("cell", days=1)  # nothing of before the re-draw belongs to the period
    assert ([later[name] for name in said], later["areas"]) == ([False, None, []], [])
