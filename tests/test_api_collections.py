"""Emergency collections: gathered for a purpose, called, looked at one by one, gone at the end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from conftest import owning, signed_in
from test_api_desk import furnish, geojson, run
from town import SEAL, TESTER, at, box, place
from typer.testing import CliRunner

import api.actions.collections
import api.actions.collections_over
import data.db
from api.actions.collections import Begun
from api.actions.desk import Drawn
from api.cli import app
from data.accounts import Charged
from gis.access import Role
from gis.terms_community import CollectionKind

STREET, ELSEWHERE = "420106001000", "420106002001"
PURPOSE = "汛期转移低洼住户"
Client = Callable[..., httpx.Client]


def prepare(db: Any) -> None:
    """Two categories for one person, a volunteer in cell A, places that help in and near it."""
    furnish(db)
    run(db, "INSERT INTO care_recipient (resident_id, category, level, due_on, area_no) "
            "SELECT resident_id, 'disabled', 'key', current_date, area_no FROM care_recipient "
            "ORDER BY id LIMIT 1")  # fmt: skip
    run(db, "UPDATE care_recipient SET level = 'general' WHERE category = 'living_alone' AND id > "
            "(SELECT min(id) + 3 FROM care_recipient)")  # fmt: skip
    run(db, "INSERT INTO network_unit (code, name, kind) VALUES ('V', '志愿队', 'volunteer_team')")
    run(db, "INSERT INTO member (code, unit_id, name_mask, name_sealed, phone_mask, area_no, "
            "cell_id, geom) SELECT 'M1', u.id, '蔺**', '', '136****0001', c.area_no, c.id, "
            "ST_Centroid(c.geom) FROM network_unit u, grid_cell c "
            "WHERE u.code = 'V' AND c.code = 'A'")  # fmt: skip
    place(db, "facility", {"s1": at(0.2, 0.2), "s9": at(3.5, 0.5)}, name="桥头应急避难场所")
    place(db, "facility", {"m1": at(1.001, 0.5)}, name="卫生站", category="medical")


@pytest.fixture
def as_(store: sa.Engine, server: Callable[..., str], empty_url: str) -> Iterator[Client]:
    """Somebody of a role in charge of the street of cells A, B and C, unless told otherwise."""
    with data.db.transaction(store) as db:
        prepare(db)
    base, clients = server(empty_url), []

    def client(role: Role, division: str = STREET, *, cells: str = "") -> httpx.Client:
        charges = [Charged(cell=one) for one in cells] or [Charged(division=division)]
        token = signed_in(empty_url, f"{role}-{cells or division}", role, charges)
        headers = {"Authorization": f"Bearer {token}"}
        clients.append(httpx.Client(base_url=base, headers=headers, timeout=30))
        return clients[-1]

    yield client
    for one in clients:
        one.close()


def wanted(**changed: Any) -> dict[str, Any]:
    ends_at = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    told = {"kind": "flood", "purpose": PURPOSE, "ends_at": ends_at, "near_m": 100}
    return told | {"cells": ["A", "B"]} | changed


def acts(url: str) -> list[tuple[str, str, dict[str, Any]]]:
    with owning(url) as db:
        query = (
            "SELECT act, subject, detail FROM journal WHERE subject LIKE 'collection:%' ORDER BY id"
        )
        return [(row.act, row.subject, row.detail) for row in db.execute(sa.text(query))]


def test_a_dispatcher_sees_of_people_only_what_was_gathered(as_: Client, empty_url: str) -> None:
    desk = as_(Role.DISPATCHER)
    assert desk.get("/register").status_code == 403
    begun = desk.post("/collections", json=wanted())
    assert begun.status_code == 201, begun.text
    told = begun.json()
    number = told["number"]
    assert [cell["code"] for cell in told["cells"]] == ["A", "B"]
    assert (told["households"], told["rounded"], told["entries"]) == (15, [], 6)
    assert told["care"] == {"living_alone": 6, "disabled": 1}
    assert [one["code"] for one in told["shelters"]] == ["s1"]
    assert [one["code"] for one in told["medical"]] == ["m1"]
    assert [one["name_mask"] for one in told["volunteers"]] == ["蔺**"]
    assert told["cells_without_volunteer"] == [{"code": "B", "name": "B网格"}]
    lines = told["call_list"]
    assert [(one["number"], one["level"]) for one in lines] == [
        (1, "high"), (2, "high"), (3, "high"), (4, "high"), (5, "general"), (6, "general")
    ]  # fmt: skip
    assert ["living_alone", "disabled"] in [one["categories"] for one in lines]
    assert {(one["name_mask"], one["phone_mask"]) for one in lines} == {("甲*", "139****5678")}
    assert {one["cell"] for one in lines} == {"A"}
    assert "甲乙" not in begun.text

    path = f"/collections/{number}"
    opened = desk.post(f"{path}/entries/2/unmask").json()
    assert opened == {"name": "甲乙", "phone": "13912345678", "called": None}
    why = {"reason": "电话 13912345678 无人接"}
    reached = {"state": "needs_help", "words": "需要轮椅"}
    assert desk.post(f"{path}/entries/2", json=reached).status_code == 204
    called = desk.get(path).json()["call_list"][1]["called"]
    assert desk.post(f"{path}/entries/2/unmask", json=why).json()["called"] == called
    assert (called["state"], called["words"], called["by"]) == (
        "needs_help", "需要轮椅", f"dispatcher-{STREET}"
    )  # fmt: skip
    assert [one["number"] for one in desk.get(path, params={"after": 4}).json()["call_list"]] == [
        5,
        6,
    ]
    assert desk.post(f"{path}/entries/7/unmask").status_code == 404
    assert desk.post(f"{path}/entries/2", json={"state": "asleep"}).status_code == 400
    assert desk.get("/collections").json()["collections"][0]["called"] == 1

    colleague, foreign = as_(Role.CHIEF), as_(Role.DISPATCHER, ELSEWHERE)
    assert len(colleague.get(path).json()["call_list"]) == 6
    assert foreign.get("/collections").json() == {"collections": []}
    for method, what in (("GET", ""), ("POST", "/entries/1/unmask"), ("POST", "/end")):
        assert foreign.request(method, path + what).status_code == 404
    assert as_(Role.WORKER).get(path).status_code == 403
    assert desk.post("/collections", json=wanted(cells=["D"])).status_code == 404

    assert colleague.post(f"{path}/end").json() == {"number": number, "entries": 6, "called": 1}
    assert desk.get(path).status_code == 404
    _gone(empty_url)
    kept = acts(empty_url)
    assert [act for act, _, _ in kept] == ["collect", "unmask", "call", "unmask", "end_collection"]
    assert kept[0][2]["reason"] == kept[-1][2]["reason"] == PURPOSE
    assert (kept[0][2]["entries"], kept[-1][2]["called"]) == (6, 1)
    assert kept[1][2]["residents"] == kept[3][2]["residents"] != []
    assert kept[3][2]["reason"] == f"{PURPOSE}；电话 *** 无人接"


def test_a_collection_is_for_who_has_all_of_its_cells(as_: Client) -> None:
    desk, cells = as_(Role.DISPATCHER), ["A", "B", "C"]
    begun = desk.post("/collections", json=wanted(cells=cells)).json()
    drawn = desk.post("/areas", json={"cells": cells, "name": "低洼片"}).json()["number"]
    path = f"/collections/{begun['number']}"
    of_all, of_the_ends = as_(Role.LEADER, cells="ABC"), as_(Role.LEADER, cells="AC")
    seen = of_all.get(path).json()
    assert len(seen["call_list"]) == len(begun["call_list"]) > 0
    assert of_all.post(f"{path}/entries/1", json={"state": "reached"}).status_code == 204
    assert of_the_ends.get("/collections").json() == {"collections": []}
    assert [one["number"] for one in of_all.get("/areas").json()["areas"]] == [drawn]
    assert of_the_ends.get("/areas").json() == {"areas": []}
    answers = [
        of_the_ends.get(path), of_the_ends.post(f"{path}/entries/1/unmask"),
        of_the_ends.post(f"{path}/entries/1", json={"state": "moved"}),
        of_the_ends.post(f"{path}/end"),
    ]  # fmt: skip
    assert [one.status_code for one in answers] == [404, 404, 404, 404]
    own = of_the_ends.post("/collections", json=wanted(cells=["A", "C"])).json()["number"]
    assert as_(Role.CHIEF).get(f"/collections/{own}").status_code == 200
    assert of_the_ends.get(f"/collections/{own}").json()["cells"] != []


def _gone(url: str) -> None:
    with owning(url) as db:
        for table in ("collection", "collection_entry"):
            assert db.scalar(sa.text(f"SELECT count(*) FROM {table}")) == 0


def test_time_deletes_what_is_over(as_: Client, store: sa.Engine, empty_url: str) -> None:
    desk = as_(Role.DISPATCHER)
    over, lasts = (desk.post("/collections", json=wanted()).json()["number"] for _ in "12")
    with owning(empty_url) as db:
        run(db, "UPDATE collection SET made_at = made_at - interval '4 days', "
                "ends_at = ends_at - interval '4 days' WHERE id = :id", id=over)  # fmt: skip
    assert desk.get(f"/collections/{over}").status_code == 404  # over, though nobody deleted it yet
    assert desk.post(f"/collections/{over}/entries/1/unmask").status_code == 404
    assert api.actions.collections_over.end_due(store, now=datetime.now(UTC)) == 1
    assert api.actions.collections_over.end_due(store, now=datetime.now(UTC)) == 0
    with owning(empty_url) as db:
        left = db.scalars(sa.text("SELECT DISTINCT collection_id FROM collection_entry")).all()
    assert left == [lasts]
    ended = acts(empty_url)[-1]
    assert (ended[0], ended[1], ended[2]["entries"]) == ("end_collection", f"collection:{over}", 6)


def test_without_purpose_or_end_nobody_is_gathered(as_: Client, empty_url: str) -> None:
    desk = as_(Role.DISPATCHER)
    late = (datetime.now(UTC) + timedelta(days=91)).isoformat()
    for changed, said in (
        ({"purpose": "防汛     "}, "in 8 characters at least"),
        ({"purpose": "汛" * 401}, "at most 400"),
        ({"ends_at": late}, "within 90 days"),
        ({"ends_at": "2020-01-01T00:00+08:00"}, "within 90 days"),
        ({"ends_at": "2099-01-01T00:00"}, "no time zone"),
        ({"near_m": 9000}, "near_m is 9000"),
        ({"kind": "gathering"}, "kind"),
        ({"cells": []}, "nothing told"),
    ):
        answer = desk.post("/collections", json=wanted(**changed))
        assert (answer.status_code, said in answer.json()["detail"]) == (400, True), answer.text
    _gone(empty_url)


def test_the_store_itself_gathers_for_nobody_else(as_: Client, empty_url: str) -> None:
    """Not even the program, entered as somebody, reads the entries of another's collection."""
    number = as_(Role.DISPATCHER).post("/collections", json=wanted()).json()["number"]
    store = data.db.engine(empty_url.replace("//wangge@", "//wangge_app@"))
    entered = "SELECT set_config('wangge.low', '0', true), " \
              "set_config('wangge.high', '9223372036854775807', true), " \
              "set_config('wangge.account', '0', true), " \
              "set_config('wangge.rights', :rights, true)"  # fmt: skip
    seen = {}
    for rights in ("counts,cases,persons", "emergency"):
        with store.begin() as db:
            db.execute(sa.text(entered), {"rights": rights})
            seen[rights] = db.scalar(sa.text("SELECT count(*) FROM collection_entry"))
        gather = sa.text("SELECT gather_entries(:n, '{1,2,3}', '{}')")
        with store.connect() as db:
            db.execute(sa.text(entered), {"rights": rights})
            with pytest.raises(sa.exc.ProgrammingError, match="gathered"):
                db.execute(gather, {"n": number})
    store.dispose()
    assert seen == {"counts,cases,persons": 0, "emergency": 6}
    with owning(empty_url) as db:
        sealed = db.scalar(sa.text("SELECT name_sealed FROM collection_entry LIMIT 1"))
    assert SEAL.open("name", bytes(sealed)) == "甲乙"


def test_the_desk_at_the_keyboard(
    store: sa.Engine, empty_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with data.db.transaction(store) as db:
        prepare(db)
    monkeypatch.setenv("WANGGE_DATABASE_URL", empty_url)
    monkeypatch.setenv("WANGGE_HOME", str(tmp_path))
    monkeypatch.setattr("api.running.stop_on_sigterm", lambda: None)

    def wangge(*words: object) -> str:
        result = CliRunner().invoke(app, [str(word) for word in words])
        assert result.exit_code == 0, result.output
        return result.output

    drawn = {"type": "Feature", "geometry": geojson(box(-0.5, -0.5, 2, 1.5))}
    (tmp_path / "drawn.json").write_text(json.dumps(drawn))
    told = json.loads(wangge("desk", "inside", "--shape", tmp_path / "drawn.json"))
    assert (told["counts"]["households"], told["counts"]["care"]["living_alone"]) == (15, 6)
    assert (
        json.loads(wangge("desk", "inside", "--cell", "A", "--cell", "B"))["counts"]
        == told["counts"]
    )
    circle = wangge("desk", "inside", "--circle", at(0.5, 0.5).x, at(0.5, 0.5).y, 500)
    assert '"area_m2": 785' in circle
    assert "9 open cases" in wangge("desk", "queue")
    begun = Begun(CollectionKind.FLOOD, PURPOSE, 0.0, datetime.now(UTC) + timedelta(days=1))
    api.actions.collections.begin(
        store, begun, Drawn(cells=["A"]), by=TESTER, now=datetime.now(UTC)
    )
    assert "1\tflood\t" in wangge("collections", "list")
    with owning(empty_url) as db:
        run(db, "UPDATE collection SET made_at = now() - interval '1 day', ends_at = now()")
    assert "0 collections last" in wangge("collections", "list")  # over, though nobody deleted it
    assert "its 6 entries are deleted" in wangge("collections", "end", 1)
    assert "0 collections last" in wangge("collections", "list")
    _gone(empty_url)
