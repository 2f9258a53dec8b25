"""Duty over HTTP: why, who is there, and what only those in charge of it change."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest
import sqlalchemy as sa
from conftest import owning, signed_in
from test_data_duty import COMMUNITY, STREET, run, staffed

from data.accounts import Charged
from gis.access import Role

Client = Callable[[Role | None], httpx.Client]


@pytest.fixture
def as_(server: Callable[..., str], empty_url: str) -> Iterator[Client]:
    """Somebody of a role in charge of the street of cells A, B and C; None: anybody."""
    with owning(empty_url) as db:
        staffed(db)
        run(db, "UPDATE worker SET capacity = 0 WHERE code = 'W2'")
    base, clients = server(empty_url), []

    def client(role: Role | None) -> httpx.Client:
        headers = {}
        if role:
            token = signed_in(empty_url, f"some-{role}", role, [Charged(division=STREET)])
            headers = {"Authorization": f"Bearer {token}"}
        clients.append(httpx.Client(base_url=base, headers=headers, timeout=30))
        return clients[-1]

    yield client
    for one in clients:
        one.close()


def test_why_tells_codes_for_programs_and_sentences_for_people(as_: Client) -> None:
    leader = as_(Role.LEADER)
    away = {"starts_at": "2020-01-01T00:00", "ends_at": "2099-01-01T00:00"}
    assert leader.post("/duty/workers/W1/absences", json=away).status_code == 201
    told = as_(Role.ACCEPTOR).get("/cases/c-new/why").json()
    assert told["zh"] == (
        "A网格 网格员 张三 今日请假；A网格 B角 李四 手上已有 0 件，任务已满；"
        "B网格 网格员 王五 在岗，由其负责。"
    )
    assert told["chosen"] == told["steps"][-1]
    assert [
        (one["relation"], one["outcome"], [each["code"] for each in one["reasons"]], one["code"])
        for one in told["steps"]
    ] == [
        ("own_cell", "passed_over", ["on_leave"], "W1"),
        ("backup", "passed_over", ["at_capacity"], "W2"),
        ("neighbour", "chosen", [], "W3"),
    ]
    assert as_(None).get("/cases/c-new/why").status_code == 401
    assert as_(Role.PLANNER).get("/cases/c-new/why").status_code == 403
    assert leader.get("/cases/none/why").status_code == 404


def test_anybody_sees_who_is_there_and_never_why_not(as_: Client, empty_url: str) -> None:
    with owning(empty_url) as db:
        run(
            db,
            "INSERT INTO absence (worker_id, starts_at, ends_at) SELECT id, '2026-11-23', "
            "'2026-11-24' FROM worker WHERE code = 'W1'",
        )
    answer = as_(None).get("/cells/A/duty", params={"at": "2026-11-23T12:00"})
    told = answer.json()
    assert [(one["name"], one["phone"], one["on_duty"]) for one in told["posts"]] == [
        ("张三", "101", False),
        ("李四", "102", True),
    ]
    assert "leave" not in answer.text
    assert "请假" not in answer.text
    back = as_(None).get("/cells/A/duty", params={"at": "2026-11-24T12:00"}).json()
    assert back["posts"][0]["on_duty"] is True
    assert as_(None).get("/cells/none/duty").status_code == 404
    assert as_(None).get("/cells/A").json()["code"] == "A"


def test_the_list_is_kept_by_those_in_charge_of_the_division(as_: Client) -> None:
    desk = as_(Role.DISPATCHER)
    line = {"unit": "D1", "side": "owner", "kind": "component", "class_code": "0101",
            "division": COMMUNITY}  # fmt: skip
    number = desk.post("/duty/responsibilities", json=line).json()["id"]
    assert desk.post("/duty/responsibilities", json=line).status_code == 409
    assert desk.post("/duty/responsibilities", json=line | {"class_code": "1"}).status_code == 400
    unknown = desk.post("/duty/responsibilities", json=line | {"unit": "D9"})
    assert (unknown.status_code, "'D9'" in unknown.json()["detail"]) == (404, True)
    for outside in (None, "420106000000", "420106002001"):
        answer = desk.post("/duty/responsibilities", json=line | {"division": outside})
        assert answer.status_code == 403
    (listed,) = desk.get("/duty/responsibilities", params={"class_code": "0101"}).json()
    assert (listed["unit"], listed["division"], listed["valid_to"]) == ("水务局", "桥头社区", None)
    assert desk.delete(f"/duty/responsibilities/{number}").status_code == 204
    assert desk.get("/duty/responsibilities").json() == []
    assert desk.delete(f"/duty/responsibilities/{number}").status_code == 404
    assert as_(Role.WORKER).get("/duty/responsibilities").status_code == 403


def test_shifts_leave_and_skills_of_one_s_own_workers(as_: Client, empty_url: str) -> None:
    leader = as_(Role.LEADER)
    shift = {"weekday": 1, "starts": "22:00", "ends": "06:00"}
    number = leader.post("/duty/workers/W1/shifts", json=shift).json()["id"]
    assert leader.post("/duty/workers/W1/shifts", json=shift).status_code == 409
    assert leader.post("/duty/workers/W1/shifts", json=shift | {"weekday": 8}).status_code == 400
    away = {"starts_at": "2026-11-23T08:00", "ends_at": "2099-01-01T00:00+08:00"}
    absence = leader.post("/duty/workers/W1/absences", json=away).json()["id"]
    backwards = away | {"starts_at": "2100-01-01T00:00"}
    assert leader.post("/duty/workers/W1/absences", json=backwards).status_code == 400
    for at in ("0001-01-01T00:00+14:00", "9999-12-31T23:59-12:00"):
        for field in away:
            wrong = leader.post("/duty/workers/W1/absences", json=away | {field: at})
            assert wrong.status_code == 400
        assert leader.get("/cells/A/duty", params={"at": at}).status_code == 400
    offset = shift | {"starts": "22:00+08:00", "weekday": 2}
    assert leader.post("/duty/workers/W1/shifts", json=offset).status_code == 400
    unread = leader.patch("/duty/workers/W1", json={"skills": ["a\x00b"]})
    assert unread.status_code == 400
    skilled = leader.patch("/duty/workers/W1", json={"skills": ["供水"]})
    assert skilled.status_code == 204
    told = leader.get("/duty/workers/W1").json()
    assert (told["skills"], told["capacity"], len(told["posts"])) == (["供水"], 8, 1)
    assert [(one["weekday"], one["starts"]) for one in told["shifts"]] == [(1, "22:00:00")]
    assert len(told["absences"]) == 1
    assert leader.delete(f"/duty/shifts/{number}").status_code == 204
    assert leader.delete(f"/duty/absences/{absence}").status_code == 204
    assert leader.delete(f"/duty/absences/{absence}").status_code == 404
    with owning(empty_url) as db:
        run(
            db,
            "INSERT INTO worker (code, name) VALUES ('W9', '外人')",
            "INSERT INTO post (cell_id, worker_id, role, valid_from) SELECT c.id, w.id, "
            "'grid_worker', '2020-01-01' FROM grid_cell c, worker w "
            "WHERE c.code = 'D' AND w.code = 'W9'",
        )
    assert leader.get("/duty/workers/W9").status_code == 404
    assert leader.post("/duty/workers/W9/shifts", json=shift).status_code == 404


def test_units_have_a_place_and_hours(as_: Client) -> None:
    leader = as_(Role.LEADER)
    assert leader.put("/duty/units/S1/place", json={"lon": 114.5, "lat": 30.5}).status_code == 204
    assert leader.put("/duty/units/S1/place", json={"lon": 514, "lat": 30.5}).status_code == 400
    hours = [{"weekday": 1, "starts": "08:00", "ends": "18:00"}]
    assert leader.put("/duty/units/S1/hours", json=hours).status_code == 204
    told = leader.get("/duty/units/S1").json()
    assert (told["lon"], told["lat"], len(told["hours"])) == (114.5, 30.5, 1)
    assert leader.put("/duty/units/S1/hours", json=[]).status_code == 204
    assert leader.get("/duty/units/S1").json()["hours"] == []
    assert leader.put("/duty/units/D1/hours", json=hours).status_code == 404  # the county's


def test_members_are_masked_and_opened_for_a_reason_that_is_kept(
    as_: Client, empty_url: str
) -> None:
    leader = as_(Role.LEADER)
    member = {"unit": "C1", "name": "隗双报", "phone": "13600001234", "cell": "A",
              "skills": "水电维修、理发", "times": "周六 9:00-12:00"}  # fmt: skip
    assert leader.post("/duty/members", json=member).json() == {"added": 1, "changed": 0}
    wrong = leader.post("/duty/members", json=member | {"times": "随时", "cell": "Q"})
    assert (wrong.status_code, "times '随时'" in wrong.json()["detail"]) == (400, True)
    assert leader.post("/duty/members", json=member | {"cell": "D"}).status_code == 403
    (listed,) = leader.get("/duty/members", params={"skill": "理发"}).json()
    assert (listed["name"], listed["phone"], listed["cell"]) == ("隗**", "136****1234", "A")
    asked = f"/duty/members/{listed['id']}/unmask"
    assert leader.post(asked, json={"reason": "看"}).status_code == 400
    opened = leader.post(asked, json={"reason": "请隗双报周六来修水管"}).json()
    assert opened == {"name": "隗双报", "phone": "13600001234"}
    with owning(empty_url) as db:
        line = db.execute(sa.text("SELECT * FROM journal WHERE act = 'unmask'")).mappings().one()
        assert (line["actor"], line["subject"]) == ("some-leader", f"member:{listed['id']}")
        assert line["detail"]["reason"] == "请***周六来修水管"
    assert leader.delete(f"/duty/members/{listed['id']}").status_code == 204
    assert leader.get("/duty/members").json() == []
