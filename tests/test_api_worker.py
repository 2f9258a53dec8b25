"""The worker's day: one answer with all his phone keeps, and nothing that is not his."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from conftest import owning, signed_in

import api.actions.worker
import data.accounts
import data.sign_in
from data.accounts import Charged
from data.sign_in import Entered
from gis.access import Role, Scope, Viewer
from gis.errors import NotAllowed

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
ZONE = "Asia/Shanghai"
_POSTED = """
    SELECT a.id, a.worker_id, array_agg(c.area_no ORDER BY c.area_no) AS areas,
           array_agg(c.code ORDER BY c.code) AS cells
    FROM account a JOIN post p ON p.worker_id = a.worker_id JOIN grid_cell c ON c.id = p.cell_id
    WHERE a.login = 'worker' GROUP BY a.id
"""
_HIS = """
    UPDATE case_file SET worker_id = :worker, unit_id = NULL, due_at = :due
    WHERE id = (SELECT f.id FROM case_file f JOIN grid_cell c ON c.id = f.cell_id
                WHERE f.state = 'handling' AND c.area_no <> ALL (:areas) ORDER BY f.id
                OFFSET :nth LIMIT 1) RETURNING code
"""


def posted(url: str) -> Any:
    """The demo town's worker: his account, cells and their areas."""
    with owning(url) as db:
        return db.execute(sa.text(_POSTED)).one()


def give(url: str, worker: int, areas: list[int], *, due: datetime, nth: int = 0) -> str:
    """Let a case of another cell lie with a worker; return its code."""
    with owning(url) as db:
        values = {"worker": worker, "areas": areas, "due": due, "nth": nth}
        return str(db.scalar(sa.text(_HIS), values))


@pytest.fixture
def worker(server: Callable[..., str], town_url: str) -> Iterator[httpx.Client]:
    """A phone on which the demo town's worker is signed in."""
    with owning(town_url) as db:
        (account,) = data.accounts.known(db, login="worker")
        token = data.sign_in.begin(db, account.id, label="phone", lasts=timedelta(days=1))[1]
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=server(town_url), headers=headers, timeout=30) as client:
        yield client


def test_a_day_holds_all_a_phone_needs_and_nothing_that_is_not_his(
    worker: httpx.Client, town_url: str
) -> None:
    his = posted(town_url)
    overdue = datetime.now(UTC) - timedelta(hours=1)
    mine = give(town_url, his.worker_id, his.areas, due=overdue)
    answer = worker.get("/worker/day")
    day = answer.json()
    assert int(answer.headers["content-length"]) < 200_000
    assert (day["me"]["login"], day["me"]["role"]) == ("worker", "worker")
    assert datetime.fromisoformat(day["ends_at"]) > datetime.now(UTC)
    assert [one["code"] for one in day["cells"]] == his.cells
    assert sum(one["households"] for one in day["cells"]) == len(day["homes"])
    for cell in day["cells"]:
        assert cell["geometry"]["type"] == "MultiPolygon"
        assert {"grid_worker", "grid_leader"} <= {post["role"] for post in cell["posts"]}

    # to whom a case may be handed: who stands in his cells, and his unit's own
    own_unit = (
        "SELECT w.code, w.name FROM worker w JOIN worker me USING (unit_id) WHERE me.id = :id"
    )
    with owning(town_url) as db:
        known = db.execute(sa.text(f"{own_unit} ORDER BY w.code"), {"id": his.worker_id}).mappings()
        assert day["colleagues"] == [dict(one) for one in known]
    posted_here = {post["code"] for cell in day["cells"] for post in cell["posts"]}
    assert day["me"]["worker"] in posted_here & {one["code"] for one in day["colleagues"]}

    # cases: of his cells, and that which lies with him elsewhere
    assert {one["cell"] for one in day["cases"] if not one["mine"]} <= set(his.cells)
    his_own = [one for one in day["cases"] if one["mine"]]
    (own,) = [one for one in his_own if one["code"] == mine]
    assert (own["code"], own["overdue"], own["urgency"], own["holder"]["kind"]) == (
        mine, True, 0, "worker",
    )  # fmt: skip
    assert own["cell"] not in his.cells
    assert {"feedback", "return", "whistle"} <= {one["move"] for one in own["moves"]}
    assert [one["move"] for one in own["timeline"]][:3] == ["report", "file", "dispatch"]
    told = worker.get(f"/cases/{mine}").json()
    assert {name: own[name] for name in ("version", "state", "title", "address", "lon", "lat")} == {
        name: told[name] for name in ("version", "state", "title", "address", "lon", "lat")
    }

    # people: his cells' alone, and masked
    assert {one["cell"] for one in (*day["homes"], *day["visits"])} <= set(his.cells)
    assert all(re.fullmatch(r"\w\*+", one["name_mask"]) for one in day["visits"])
    people = [one for home in day["homes"] for one in home["residents"]]
    with owning(town_url) as db:
        count = sa.text("SELECT count(*) FROM resident WHERE area_no = ANY (:areas)")
        assert len(people) == db.scalar(count, {"areas": his.areas})
    cared = {one["id"] for one in people if one["categories"]}
    assert {one["resident"] for one in day["visits"]} < cared

    # the order of the day: urgency rises, and all that is due is in it
    stops = {("case", one["code"]): one for one in day["cases"]}
    stops |= {("visit", one["care"]): one for one in day["visits"]}
    order = [stops[one["kind"], one["id"]]["urgency"] for one in day["today"]]
    assert order == sorted(order)
    due = [one for one in day["visits"] if one["urgency"] < 2]
    assert len(day["today"]) == len(his_own) + len(due)

    by_name = {one["name"]: one for one in day["classes"]}
    road = by_name["道路破损"]
    assert (road["pinyin"], road["pinyin_full"]) == ("dlps", "daoluposun")
    assert road["conditions"]
    assert [one["recent"] for one in day["classes"]] == sorted(
        (one["recent"] for one in day["classes"]), reverse=True
    )
    assert {"department", "street_office", "resident_committee"} <= {
        one["kind"] for one in day["units"]
    }


def test_a_visit_by_phone_once_and_the_day_tells_it(worker: httpx.Client, town_url: str) -> None:
    first = worker.get("/worker/day")
    held = {"If-None-Match": first.headers["etag"]}
    assert worker.get("/worker/day", headers=held).status_code == 304
    visit = min(first.json()["visits"], key=lambda one: one["due_on"])
    told = {
        "care": visit["care"], "at": datetime.now(UTC).isoformat(), "channel": "door",
        "finding": "well", "words": "一切平安", "request_id": "phone-visit-1",
    }  # fmt: skip
    kept = worker.post("/visits", json=told)
    assert kept.status_code == 201
    assert worker.post("/visits", json=told).json() == kept.json()
    after = worker.get("/worker/day", headers=held)
    assert after.status_code == 200
    assert visit["care"] not in {
        one["care"] for one in after.json()["visits"] if one["due_on"] <= visit["due_on"]
    }
    (line, *_) = worker.get("/visits", params={"care": visit["care"]}).json()
    assert (line["visit"], line["words"], line["can_undo"]) == (
        kept.json()["visit"], "一切平安", True,
    )  # fmt: skip
    undone = worker.post(f"/visits/{line['visit']}/undo")
    assert (undone.status_code, undone.json()["next_due_on"]) == (200, visit["due_on"])
    for wrong, status in (
        ({"care": 2**40}, 404), ({"finding": "bad"}, 400), ({"at": "2026-11-22T08:00"}, 400),
        ({"at": "2019-01-01T08:00Z"}, 400), ({"request_id": "short"}, 400),
        ({"words": "长" * 1_001}, 400),
    ):  # fmt: skip
        refused = worker.post("/visits", json=told | {"request_id": "phone-visit-2"} | wrong)
        assert (refused.status_code, wrong) == (status, wrong)
    dispatcher = signed_in(town_url, "dd", Role.DISPATCHER, [Charged(everything=True)])
    headers = {"Authorization": f"Bearer {dispatcher}"}
    day = httpx.get(f"{worker.base_url}/worker/day", headers=headers, timeout=30).json()
    assert [day[part] for part in ("cells", "visits", "homes", "cases")] == [[], [], [], []]
    for path in ("/visits", "/visits/1/undo"):
        assert httpx.post(f"{worker.base_url}{path}", json=told, headers=headers).status_code == 403


@contextmanager
def counting(store: sa.Engine) -> Iterator[list[str]]:
    """Every statement that an engine sends."""
    sent: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        sent.append(statement)

    sa.event.listen(store, "before_cursor_execute", note)
    yield sent
    sa.event.remove(store, "before_cursor_execute", note)


def test_more_to_do_takes_no_more_statements(town: sa.Engine, town_url: str) -> None:
    his = posted(town_url)
    areas = tuple(his.areas)
    by = Viewer(his.id, "worker", "王", Role.WORKER, Scope(areas[0], areas[-1], areas),
                worker=his.worker_id)  # fmt: skip

    def asked() -> tuple[int, int]:
        with counting(town) as sent:
            entered = Entered(by, 0, "cookie")
            _, day = api.actions.worker.day(town, entered, now=NOW, zone=ZONE)
        assert day is not None
        return len(sent), len(day["cases"])

    few, before = asked()
    for nth in range(12):
        give(town_url, his.worker_id, his.areas, due=NOW, nth=nth)
    assert asked() == (few, before + 12)
    assert few < 25


def test_who_answers_for_many_cells_gets_no_register_cards(town: sa.Engine, town_url: str) -> None:
    with owning(town_url) as db:
        db.execute(sa.text("INSERT INTO post (cell_id, worker_id, role, valid_from) SELECT c.id, "
                           "w.id, 'grid_leader', '2026-01-01' FROM grid_cell c, (SELECT worker_id "
                           "AS id FROM account WHERE login = 'worker') w ON CONFLICT DO NOTHING"))  # fmt: skip
    his = posted(town_url)
    by = Viewer(his.id, "leader", "王", Role.LEADER, Scope(0, 2**63 - 1), worker=his.worker_id)
    _, day = api.actions.worker.day(town, Entered(by, 0, "cookie"), now=NOW, zone=ZONE)
    assert day is not None
    assert (len(day["cells"]), day["homes"]) == (40, [])
    planner = Viewer(1, "p", "p", Role.PLANNER, Scope(0, 2**63 - 1))
    with pytest.raises(NotAllowed, match="needs the right cases"):
        api.actions.worker.day(town, Entered(planner, 0, "cookie"), now=NOW, zone=ZONE)
