"""社区云, what its editors can undo and need not fear: once published, taken back, kept right."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from conftest import owning
from test_api_community import BRIDGE, SHORE, STREET, WILLOW
from test_api_community import _detail as detail
from test_api_community import _spot as spot
from test_api_community import anybody as anybody  # noqa: PLC0414 - fixtures
from test_api_community import base as base  # noqa: PLC0414
from test_api_community import editor as editor  # noqa: PLC0414
from test_api_community import ground as ground  # noqa: PLC0414

import api.actions.community_over
import data.db
import data.locate
from api.settings import Settings
from gis.access import Role

NOW = datetime.now(UTC)
TODAY = Settings().today()


def _notices(client: httpx.Client) -> list[str]:
    return [one["title"] for one in client.get("/community/notices", params={"cell": "A"}).json()]


def _acts(url: str) -> list[tuple[str, str | None]]:
    with owning(url) as db:
        rows = db.execute(sa.text("SELECT act, subject FROM journal ORDER BY id")).all()
    return [(row.act, row.subject) for row in rows]


def test_a_page_is_published_once_taken_back_and_put_back(
    editor: Callable[..., httpx.Client], anybody: httpx.Client, empty_url: str
) -> None:
    chief, other = editor(Role.CHIEF, STREET), editor(Role.CHIEF, SHORE)
    told = {"title": "停水", "body": "明天。", "division": BRIDGE, "request_id": "abcd-1234"}
    first = detail(chief.post("/community/notices", json=told), 201)
    assert detail(chief.post("/community/notices", json=told), 201) == first
    assert _notices(anybody) == ["停水"]
    theirs = detail(other.post("/community/notices", json=told | {"division": SHORE}), 201)
    assert theirs["id"] != first["id"]
    assert "request_id" not in chief.get("/community/pages/notices").json()[0]
    path, seen = f"/community/pages/notices/{first['id']}", {"version": "1"}
    assert chief.post(f"{path}/restore", params=seen).status_code == 404
    assert detail(chief.delete(path, params=seen), 200) == {"id": first["id"], "version": 2}
    assert _notices(anybody) == []
    gone = {"taken_back": "true"}
    (kept,) = chief.get("/community/pages/notices", params=gone).json()
    assert (kept["id"], kept["version"], kept["title"]) == (first["id"], 2, "停水")
    assert other.get("/community/pages/notices", params=gone).json() == []
    assert chief.get("/community/pages/notices").json() == []
    assert other.post(f"{path}/restore", params={"version": "2"}).status_code == 403
    assert detail(chief.post(f"{path}/restore", params=seen), 409)["version"] == 2
    assert detail(chief.post(f"{path}/restore", params={"version": "2"}), 200)["version"] == 3
    assert _notices(anybody) == ["停水"]
    subject = f"notice:{first['id']}"
    assert [act for act, of in _acts(empty_url) if of == subject] == [
        "publish", "take back", "restore",
    ]  # fmt: skip


def _facility(client: httpx.Client, code: str, **asked: Any) -> dict[str, Any]:
    rows = client.get("/community/pages/facilities", params=asked).json()
    found: dict[str, Any] = next(one for one in rows if one["code"] == code)
    return found


def _near(client: httpx.Client) -> dict[str, dict[str, Any]]:
    rows = client.get("/community/facilities", params=spot(0.5)).json()
    return {one["code"]: one for one in rows}


def test_staff_keep_the_facilities_of_their_cells_right(
    editor: Callable[..., httpx.Client], anybody: httpx.Client, empty_url: str
) -> None:
    chief, other = editor(Role.CHIEF, WILLOW), editor(Role.CHIEF, SHORE)
    leader = editor(Role.LEADER, worker="W1")
    assert [one["code"] for one in other.get("/community/pages/facilities").json()] == ["f-d"]
    seen = _facility(leader, "f-a")
    assert (seen["cell"], seen["hours"], seen["closed_on"]) == ("A", None, None)
    assert leader.get("/community/pages/facilities", params={"q": "f-ab 没有"}).json() == []
    path = f"/community/facilities/{seen['id']}"
    told = {"hours": "Mo-Fr 08:30-17:30", "phone": "027-8", "category": "medical", "name": "卫生站"}
    assert chief.patch(path, json=told | {"version": seen["version"]}).status_code == 403
    assert editor(Role.WORKER, BRIDGE).patch(path, json=told | {"version": 1}).status_code == 403
    after = detail(leader.patch(path, json=told | {"version": seen["version"]}), 200)
    assert detail(leader.patch(path, json=told | {"version": seen["version"]}), 409)
    shown = _near(anybody)["f-a"]
    assert {name: shown[name] for name in told} == told
    assert _facility(leader, "f-a", q="卫生站")["version"] == after["version"]
    assert "f-a" not in {
        one["code"]
        for one in leader.get("/community/pages/facilities", params={"missing": "true"}).json()
    }
    undo = {"hours": None, "phone": None, "name": seen["name"], "category": seen["category"]}
    after = detail(leader.patch(path, json=undo | {"version": after["version"]}), 200)
    assert _near(anybody)["f-a"]["hours"] is None
    for wrong in (
        {"name": " "},
        {"name": "x" * 51},
        {"hours": "\0"},
        {"hours": "随时"},
        {"category": "x"},
        {},
    ):
        answer = leader.patch(path, json=wrong | {"version": after["version"]})
        assert answer.status_code == 400, wrong
    closed = {"closed_on": str(TODAY - timedelta(days=1)), "version": after["version"]}
    detail(leader.patch(path, json=closed), 200)
    assert "f-a" not in _near(anybody)
    assert _facility(leader, "f-a")["closed_on"] == closed["closed_on"]
    assert (
        leader.patch("/community/facilities/99999", json=undo | {"version": 1}).status_code == 404
    )
    assert [of for act, of in _acts(empty_url) if act == "change"] == ["facility:f-a"] * 3


def test_the_store_itself_keeps_others_from_facilities(
    editor: Callable[..., httpx.Client], empty_url: str
) -> None:
    change = "UPDATE facility SET hours = '24/7' WHERE code = 'f-d'"
    with owning(empty_url) as db:
        for rights, low, high, rows in (
            ("community", SHORE, SHORE, 1), ("community", WILLOW, WILLOW, 0),
            ("cases", SHORE, SHORE, 0),
        ):  # fmt: skip
            with db.begin_nested():
                db.execute(sa.text("SET LOCAL ROLE wangge_app"))
                for name, value in (
                    ("rights", rights), ("low", f"{low}000000"), ("high", f"{high}999999"),
                    ("areas", ""),
                ):  # fmt: skip
                    db.execute(
                        sa.text("SELECT set_config(:name, :value, true)"),
                        {"name": f"wangge.{name}", "value": value},
                    )
                assert db.execute(sa.text(change)).rowcount == rows  # type: ignore[attr-defined]
                db.execute(sa.text("RESET ROLE"))
        db.execute(sa.text("SET LOCAL ROLE wangge_app"))
        for never in (
            "UPDATE facility SET code = 'x'", "UPDATE facility SET geom = NULL",
            "INSERT INTO facility (code, name) VALUES ('y', 'y')", "DELETE FROM facility",
        ):  # fmt: skip
            with (
                pytest.raises(
                    sa.exc.ProgrammingError, match=r"permission denied|row-level security"
                ),
                db.begin_nested(),
            ):
                db.execute(sa.text(never))


def test_a_name_and_a_telephone_end_some_days_after_the_answer(
    editor: Callable[..., httpx.Client], anybody: httpx.Client, empty_url: str
) -> None:
    chief = editor(Role.CHIEF, STREET)
    asked = {"adviser": "cadre", "topic": "低保", "words": "怎么申请？", "name": "钱问",
             "contact": "13700000009", "cell": "A"}  # fmt: skip
    for number in "12":
        detail(
            anybody.post("/community/questions", json=asked | {"request_id": f"q-{number}"}), 201
        )
    offer = {"name": "郝助", "phone": "13700000008", "skills": ["陪诊"], "cell": "B"}
    detail(anybody.post("/community/volunteers", json=offer), 201)
    first, second = chief.get("/community/asked/questions").json()
    answer = {"words": "来居委会。", "version": 1}
    detail(chief.post(f"/community/questions/{first['id']}/answer", json=answer), 200)
    store = data.db.engine(empty_url)

    def end(days: int) -> int:
        return api.actions.community_over.end_contacts(store, now=NOW + timedelta(days=days))

    assert (end(29), end(31), end(31), end(150)) == (0, 1, 0, 0)
    rows = {one["id"]: one for one in chief.get("/community/asked/questions").json()}
    assert (rows[first["id"]]["name"], rows[first["id"]]["answer"]) == (None, "来居委会。")
    assert rows[second["id"]]["phone"] == "137****0009"
    path = f"/community/questions/{first['id']}/contact"
    assert chief.post(path, json={"reason": "电话回访答复情况"}).status_code == 404
    assert end(200) == 2  # nobody ever answered these
    with owning(empty_url) as db:
        kept = db.scalars(sa.text(
            "SELECT name_sealed FROM question UNION ALL SELECT phone_sealed FROM application"
        )).all()  # fmt: skip
        lines = db.execute(sa.text(
            "SELECT actor, detail FROM journal WHERE act = 'end_contacts' ORDER BY id"
        )).all()  # fmt: skip
    assert set(kept) == {None}
    assert [line.actor for line in lines] == ["clock", "clock"]
    store.dispose()


def test_staff_add_a_facility_that_nobody_listed(
    editor: Callable[..., httpx.Client], anybody: httpx.Client, empty_url: str
) -> None:
    leader, other = editor(Role.LEADER, worker="W1"), editor(Role.CHIEF, SHORE)
    told = {"name": "便民理发", "category": "commerce", "hours": "Mo-Su 09:00-20:00", **spot(0.5)}
    told["request_id"] = "abcd-1234"
    assert other.post("/community/facilities", json=told).status_code == 403
    far = {"lon": 0.0, "lat": 0.0}  # in no cell
    for wrong in (far, {"name": " "}, {"hours": "随时"}, {"lat": 99}, {"request_id": "x"}):
        answer = leader.post("/community/facilities", json=told | wrong)
        assert answer.status_code == 400, wrong
    before = leader.get("/cells/A").json()["facilities"]
    added = detail(leader.post("/community/facilities", json=told), 201)
    assert detail(leader.post("/community/facilities", json=told), 201) == added
    (shown,) = [one for one in _near(anybody).values() if one["name"] == "便民理发"]
    assert (shown["hours"], shown["distance_m"]) == ("Mo-Su 09:00-20:00", 0)
    assert leader.get("/cells/A").json()["facilities"] == before + 1

    again = told | {"request_id": "abcd-5678"}  # somebody else lists it once more
    answer = leader.post("/community/facilities", json=again)
    assert answer.status_code == 409
    assert [one["id"] for one in answer.json()["alike"]] == [added["id"]]
    twin = detail(leader.post("/community/facilities", json=again | {"anyway": True}), 201)
    assert twin["id"] != added["id"]
    change = {"version": twin["version"], "closed_on": "2020-01-01"}
    detail(leader.patch(f"/community/facilities/{twin['id']}", json=change), 200)
    with ThreadPoolExecutor(8) as hands:  # an impatient one presses eight times
        sent = told | {"name": "同时", "request_id": "abcd-same"}
        answers = [*hands.map(lambda _: leader.post("/community/facilities", json=sent), range(8))]
    assert {one.status_code for one in answers} == {201}
    assert len({one.text for one in answers}) == 1
    with owning(empty_url) as db:
        assert data.locate.misfiled(db)["facilities"] == 0
        assert data.locate.wrong_tallies(db) == 0


def test_on_a_holiday_it_is_said_that_hours_may_differ(
    anybody: httpx.Client, empty_url: str
) -> None:
    with owning(empty_url) as db:
        db.execute(sa.text("DELETE FROM calendar_day"))
        db.execute(sa.text(
            "INSERT INTO calendar_day (day, kind, name) VALUES (current_date, 'holiday', '过节')"
        ))  # fmt: skip
        for code, hours in (("f-a", "Mo-Su 00:00-23:59"), ("f-bc", "Mo-Su 00:00-24:00; PH off")):
            db.execute(
                sa.text("UPDATE facility SET hours = :hours WHERE code = :code"),
                {"hours": hours, "code": code},
            )
    near = _near(anybody)
    told = {code: (near[code]["open_now"], near[code]["may_differ"]) for code in near}
    assert (told["f-ab"], told["f-bc"]) == ((True, None), (False, None))
    assert told["f-a"][1] == "holiday"


def test_places_are_found_by_the_initials_of_their_names(
    anybody: httpx.Client, empty_url: str
) -> None:
    def found(q: str, what: str = "cells") -> list[str]:
        return [one["code"] for one in anybody.get(f"/{what}/search", params={"q": q}).json()]

    assert found("qtsq") == found("桥头社区") == ["A", "B"]
    assert found("qtsq b") == ["B"]
    assert found("lasq") == ["C"]
    assert (found("qqqq"), found("qt lasq")) == ([], [])
    assert BRIDGE in found("qtsq", "divisions")
    with owning(empty_url) as db:
        db.execute(sa.text("UPDATE facility SET name = '便民药房' WHERE code = 'f-bc'"))
    near = anybody.get("/community/facilities", params=spot(0.5) | {"q": "bmyf"}).json()
    assert [one["code"] for one in near] == ["f-bc"]
