"""Cases over HTTP: anybody reports; those in charge list, look, move; nothing is moved twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import httpx
import pytest
import sqlalchemy as sa
from conftest import Base, owning, signed_in
from sqlalchemy.orm import Session
from town import at, inhabit, place

import api.pace
import data.grid
import data.locate
from data.accounts import Charged
from gis.access import Role

A, D = "420106001001", "420106002001"


def settle(db: Session) -> None:
    """Cells A, B of one community and D of another street; one department; one class."""
    inhabit(db)
    data.grid.number_areas(db)
    data.locate.refile(db)
    for line in (
        "INSERT INTO network_unit (code, name, kind) VALUES ('U-水', '水务局', 'department')",
        "DELETE FROM case_class",
        "INSERT INTO case_class (id, system, kind, code, name, major_code, major_name)"
        " VALUES (1, 'x', 'event', '0501', '供水管道破裂', '05', '突发事件')",
        "INSERT INTO case_condition (id, class_id, number, filing, amount, clock, closing)"
        " VALUES (1, 1, 1, '喷水', 2, 'urgent_hour', '修复')",
    ):
        db.execute(sa.text(line))


@pytest.fixture(scope="module")
def ground(settled: Callable[..., str]) -> str:
    return settled(settle)


@pytest.fixture
def base(server: Callable[..., Base], store_url: str) -> Base:
    base = server(store_url)
    base.url = store_url  # type: ignore[attr-defined]
    return base


@pytest.fixture
def anybody(base: Base) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=base, timeout=30) as client:
        yield client


@pytest.fixture
def role(base: Base) -> Iterator[Callable[..., httpx.Client]]:
    """Somebody of a role in charge of a division, or of nothing."""
    clients = []

    def enter(role: Role, division: str | None = A, *, unit: str | None = None) -> httpx.Client:
        login = f"{role}-{division}-{unit}".lower().replace("水", "w")
        url: str = base.url  # type: ignore[attr-defined]
        charges = [Charged(division=division)] if division else []
        token = signed_in(url, login, role, charges)
        if unit:
            with owning(url) as db:
                db.execute(
                    sa.text(
                        "UPDATE account SET unit_id = (SELECT id FROM network_unit WHERE code = :u)"
                        " WHERE login = :l"
                    ),
                    {"u": unit, "l": login},
                )
        clients.append(
            httpx.Client(base_url=base, headers={"Authorization": f"Bearer {token}"}, timeout=30)
        )
        return clients[-1]

    yield enter
    for client in clients:
        client.close()


def told(x: float, **values: Any) -> dict[str, Any]:
    spot = at(x, 0.5)
    return {"kind": "event", "class": "0501", "lon": spot.x, "lat": spot.y, **values}


def ok(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


def reported(client: httpx.Client, x: float = 0.5, **values: Any) -> str:
    code: str = ok(client.post("/cases", json=told(x, **values)), 201)["code"]
    return code


def refused(answer: httpx.Response, status: int) -> Any:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.json()


def test_anybody_reports_and_is_told_only_what_is_public(anybody: httpx.Client) -> None:
    report = told(0.5, description="水管爆了", contact="13812341234", request_id="phone-1")
    answer = ok(anybody.post("/cases", json=report), 201)
    assert answer["cell"] == {"code": "A", "name": "A网格"}
    assert answer["class"] == {"kind": "event", "code": "0501", "name": "供水管道破裂"}
    assert set(answer) == {
        "code", "state", "class", "reported_at", "cell", "desk", "candidates", "posts", "similar",
        "follow",
    }  # fmt: skip
    assert ok(anybody.post("/cases", json=report), 201) == answer
    assert refused(anybody.get("/cases"), 401)
    assert refused(anybody.get(f"/cases/{answer['code']}"), 401)


def test_faults_of_a_report_come_all_at_once(anybody: httpx.Client) -> None:
    body = b'{"kind": "dog", "lon": NaN, "lat": 99, "channel": "pigeon", "contact": "x"}'
    answer = refused(
        anybody.post("/cases", content=body, headers={"Content-Type": "application/json"}), 400
    )
    fields = {fault["field"] for fault in answer["faults"]}
    assert fields == {"kind", "lon", "lat", "channel", "contact", "description"}
    for body in (b'{"description": "a\\u0000b"}', b'{"description": "\\ud800"}', b"[]", b"{"):
        json = {"Content-Type": "application/json"}
        refused(anybody.post("/cases", content=body, headers=json), 400)


def test_whoever_is_not_signed_in_reports_at_a_persons_pace(
    anybody: httpx.Client, monkeypatch: pytest.MonkeyPatch, role: Callable[..., httpx.Client]
) -> None:
    monkeypatch.setitem(api.pace.MOST, api.pace.Guess.REPORT, 3)
    assert [anybody.post("/cases", json=told(0.5)).status_code for _ in "12345"] == [
        201, 201, 201, 429, 429,
    ]  # fmt: skip
    worker = role(Role.WORKER)
    assert {worker.post("/cases", json=told(0.5)).status_code for _ in "12345"} == {201}


def test_a_case_goes_all_its_way_each_step_by_its_role(
    anybody: httpx.Client, role: Callable[..., httpx.Client]
) -> None:
    code = reported(anybody)
    acceptor, dispatcher = role(Role.ACCEPTOR), role(Role.DISPATCHER)
    department = role(Role.DEPARTMENT, None, unit="U-水")
    inspector = role(Role.INSPECTOR)
    steps = [
        (acceptor, {"move": "verify"}),
        (acceptor, {"move": "file", "condition": 1}),
        (dispatcher, {"move": "dispatch", "unit": "U-水"}),
        (department, {"move": "take"}),
        (department, {"move": "feedback", "words": "已修复"}),
        (inspector, {"move": "inspect"}),
        (inspector, {"move": "close", "closing": "修复"}),
        (inspector, {"move": "evaluate", "rating": 5}),
    ]
    refused(department.get(f"/cases/{code}"), 404)
    for version, (client, made) in enumerate(steps, start=1):
        may = ok(client.get(f"/cases/{code}/moves"))
        assert (may["version"], made["move"] in [one["move"] for one in may["moves"]]) == (
            version, True,
        )  # fmt: skip
        card = ok(client.post(f"/cases/{code}/moves", json={**made, "version": version}))
        assert (card["version"], card["timeline"][-1]["move"]) == (version + 1, made["move"])
    card = ok(inspector.get(f"/cases/{code}"))
    assert (card["state"], card["label"], card["unit"]["code"]) == ("evaluated", "已评价", "U-水")
    assert card["condition"]["filing"] == "喷水"
    assert card["class"] == {
        "kind": "event",
        "code": "0501",
        "name": "供水管道破裂",
        "major": "突发事件",
    }
    assert [one["move"] for one in card["timeline"]] == [
        "report", *(made["move"] for _, made in steps),
    ]  # fmt: skip


def test_who_was_slower_is_told_what_happened_meanwhile(
    anybody: httpx.Client, role: Callable[..., httpx.Client]
) -> None:
    code = reported(anybody)
    acceptor = role(Role.ACCEPTOR)
    ok(acceptor.post(f"/cases/{code}/moves", json={"move": "verify", "version": 1}))
    void = {"move": "void", "version": 1, "reason": "误报"}
    answer = refused(acceptor.post(f"/cases/{code}/moves", json=void), 409)
    assert (answer["seen"], answer["version"], answer["state"]) == (1, 2, "verified")
    assert [one["move"] for one in answer["since"]] == ["verify"]
    at = datetime.fromisoformat(answer["since"][0]["at"]).astimezone(ZoneInfo("Asia/Shanghai"))
    assert f"{at:%Y-%m-%d %H:%M}" in answer["detail"]  # by the city's clocks


@pytest.mark.parametrize("field", ["unit", "worker", "other", "cell", "kind", "class"])
def test_a_code_that_nobody_can_read_names_nothing(
    anybody: httpx.Client, role: Callable[..., httpx.Client], field: str
) -> None:
    move = {"other": "join", "cell": "settle"}.get(field, "note")
    made = {"move": move, "words": "x", "condition": 1, field: "a\x00b"}
    leader = role(Role.LEADER)
    answer = leader.post(f"/cases/{reported(anybody)}/moves", json=made)
    assert [one["field"] for one in refused(answer, 400)["faults"]] == [
        "class_code" if field == "class" else field
    ]
    line = {"code": "a\x00b", "version": 1, "unit": "U-水"}
    refused(leader.post("/dispatch", json={"lines": [line]}), 400)


def test_a_request_id_that_somebody_else_used_is_refused(
    anybody: httpx.Client, role: Callable[..., httpx.Client]
) -> None:
    code, foreign = reported(anybody), reported(anybody, 3.5)
    note = {"move": "note", "words": "看过", "request_id": "1"}
    ok(role(Role.ACCEPTOR, D).post(f"/cases/{foreign}/moves", json=note))
    answer = refused(role(Role.ACCEPTOR).post(f"/cases/{code}/moves", json=note), 409)
    assert foreign not in str(answer)


def test_the_same_request_moves_once_also_at_once(
    anybody: httpx.Client, role: Callable[..., httpx.Client]
) -> None:
    code, other = reported(anybody), reported(anybody)
    acceptor = role(Role.ACCEPTOR)
    note = {"move": "note", "words": "看过", "version": 1, "request_id": "n-1"}
    with ThreadPoolExecutor(8) as threads:
        answers = list(
            threads.map(lambda _: acceptor.post(f"/cases/{code}/moves", json=note), range(16))
        )
    assert {ok(answer)["version"] for answer in answers} == {2}
    assert len(ok(acceptor.get(f"/cases/{code}"))["timeline"]) == 2
    for path, made in [(other, note), (code, {**note, "move": "verify"})]:
        answer = refused(acceptor.post(f"/cases/{path}/moves", json=made), 409)
        assert "'n-1' was used for another move" in answer["detail"]


def test_codes_that_name_nothing_are_all_named(
    anybody: httpx.Client, role: Callable[..., httpx.Client]
) -> None:
    code = reported(anybody)
    admin = role(Role.ADMINISTRATOR)
    made = {"move": "file", "condition": 7, "version": 1}
    answer = refused(admin.post(f"/cases/{code}/moves", json=made), 400)
    assert "condition 7 is no condition of the class event 0501" in answer["detail"]
    ok(admin.post(f"/cases/{code}/moves", json={**made, "condition": 1}))
    made = {"move": "dispatch", "unit": "U-9", "worker": "W-9", "version": 2}
    answer = refused(admin.post(f"/cases/{code}/moves", json=made), 400)
    assert [fault["field"] for fault in answer["faults"]] == ["unit", "worker"]
    answer = refused(admin.post(f"/cases/{code}/moves", json={"move": "claim"}), 400)
    assert "a move of a whistle" in answer["detail"]
    answer = refused(
        admin.post(f"/cases/{code}/moves", json={"move": "note", "words": "a\x07"}), 400
    )
    assert answer["faults"][0]["field"] == "words"
    for turn in ("\u202e", "\u2067", "\u200f", "\u061c", "\x85"):  # what is read is what is written
        words = {"move": "note", "words": f"门牌{turn}4302"}
        answer = refused(admin.post(f"/cases/{code}/moves", json=words), 400)
        assert f"U+{ord(turn):04X}" in answer["faults"][0]["reason"]


def test_a_case_told_in_words_gets_its_class_when_it_is_filed(
    anybody: httpx.Client, role: Callable[..., httpx.Client]
) -> None:
    spot = at(0.5, 0.5)
    words = {"description": "好大的水", "lon": spot.x, "lat": spot.y}
    code = ok(anybody.post("/cases", json=words), 201)["code"]
    leader = role(Role.LEADER)
    assert ok(leader.get(f"/cases/{code}"))["title"] == "未分类"
    made = {"move": "file", "kind": "event", "class": "0501", "condition": 1, "version": 1}
    card = ok(leader.post(f"/cases/{code}/moves", json=made))
    assert (card["title"], card["class"]["code"]) == ("供水管道破裂", "0501")


def test_the_list_is_filtered_and_paged(
    anybody: httpx.Client, role: Callable[..., httpx.Client], base: Base
) -> None:
    codes = [reported(anybody, x) for x in (0.5, 1.5, 2.5, 3.5)]
    desk = reported(anybody, 0.5, accuracy_m=3000)
    boss = role(Role.ADMINISTRATOR, "420106000000")

    def listed(**params: Any) -> list[str]:
        page = ok(boss.get("/cases", params={"class": "0501", **params}))
        return [one["code"] for one in page["cases"]]

    assert listed() == [desk, *reversed(codes)]
    assert listed(area=A) == listed(area="420106001001") == [codes[1], codes[0]]
    assert listed(cell="D") == [codes[3]]
    assert listed(area="420106") == [desk, *reversed(codes)]
    assert listed(desk=True) == [desk]
    assert listed(open=False) == listed(state="closed") == listed(kind="component") == []
    assert listed(state=["reported", "filed"], limit=2) == [desk, codes[3]]
    first = ok(boss.get("/cases", params={"class": "0501", "limit": 3}))
    rest = ok(boss.get("/cases", params={"class": "0501", "limit": 3, "after": first["next"]}))
    assert [one["code"] for one in first["cases"] + rest["cases"]] == listed()
    assert rest["next"] is None
    with owning(base.url) as db:  # type: ignore[attr-defined]
        db.execute(
            sa.text("UPDATE case_file SET due_at = '2020-01-01' WHERE code = :c"), {"c": codes[0]}
        )
    late = listed(overdue=True)
    assert codes[0] in late
    assert refused(boss.get("/cases", params={"area": "nowhere"}), 404)
    assert refused(boss.get("/cases", params={"mine": True}), 400)
    own = role(Role.ACCEPTOR, A)
    shown = {one["code"] for one in ok(own.get("/cases"))["cases"]}
    assert shown >= set(codes[:2])
    assert not shown & {*codes[2:], desk}


def test_mine_are_those_that_lie_with_my_unit(
    anybody: httpx.Client, role: Callable[..., httpx.Client]
) -> None:
    own, _ = reported(anybody), reported(anybody)
    admin = role(Role.ADMINISTRATOR)
    ok(admin.post(f"/cases/{own}/moves", json={"move": "file", "condition": 1}))
    ok(admin.post(f"/cases/{own}/moves", json={"move": "dispatch", "unit": "U-水"}))
    department = role(Role.DEPARTMENT, None, unit="U-水")
    assert [one["code"] for one in ok(department.get("/cases?mine=true"))["cases"]] == [own]
    gone = ok(department.post(f"/cases/{own}/moves", json={"move": "return", "reason": "非我职责"}))
    assert gone == {"code": own, "version": 4, "state": "filed"}
    assert ok(department.get("/cases?mine=true"))["cases"] == []


def test_joined_cases_close_with_the_main_one_wherever_they_are(
    anybody: httpx.Client, role: Callable[..., httpx.Client], base: Base
) -> None:
    main, near, other, parted = (reported(anybody, x) for x in (1.9999, 2.0001, 1.9999, 1.9999))
    boss = role(Role.ADMINISTRATOR, "420106000000")
    leader, inspector = role(Role.LEADER), role(Role.INSPECTOR)
    similar = ok(boss.get(f"/cases/{main}"))["similar"]
    assert {one["code"] for one in similar} == {near, other, parted}

    def move(client: httpx.Client, code: str, move: str, **told: Any) -> httpx.Response:
        return client.post(f"/cases/{code}/moves", json={"move": move, **told})

    for code in (near, other, parted):
        assert ok(move(boss, code, "join", other=main))["joined_to"] == main
    ok(move(boss, parted, "part", reason="另一处"))
    assert ok(boss.get(f"/cases/{main}"))["joined"] == [near, other]
    assert "2 cases are joined" in refused(move(leader, main, "void", reason="x"), 409)["detail"]
    assert "2 cases are joined" in refused(move(boss, main, "join", other=parted), 409)["detail"]
    assert "itself joined" in refused(move(boss, parted, "join", other=near), 409)["detail"]
    refused(move(leader, near, "join", other=main), 404)  # it lies in the next community
    assert "joined to another" in refused(move(boss, near, "verify"), 409)["detail"]

    ok(move(leader, main, "file", condition=1))
    ok(move(leader, main, "dispatch", unit="U-水"))
    for name, told_ in (("take", {}), ("feedback", {"words": "好了"})):
        ok(move(leader, main, name, **told_))
    ok(move(inspector, main, "inspect"))
    ok(move(inspector, main, "close", closing="修复"))
    cards = {code: ok(boss.get(f"/cases/{code}")) for code in (near, other, parted)}
    assert {code: card["state"] for code, card in cards.items()} == {
        near: "closed", other: "closed", parted: "reported",
    }  # fmt: skip
    for code in (near, other):
        assert cards[code]["timeline"][-1]["move"] == "follow"
        assert cards[code]["closed_at"] is not None
        assert cards[code]["next_at"] is None
    assert "已结案 closed" in refused(move(boss, parted, "join", other=main), 409)["detail"]
    with owning(base.url) as db:  # type: ignore[attr-defined]
        assert data.locate.wrong_tallies(db) == 0


def test_the_reporters_telephone_is_opened_for_a_reason_that_the_journal_keeps(
    anybody: httpx.Client, role: Callable[..., httpx.Client], base: Base
) -> None:
    code, silent = reported(anybody, contact="138-1234-5678"), reported(anybody)
    acceptor, auditor, planner = role(Role.ACCEPTOR), role(Role.AUDITOR), role(Role.PLANNER)
    card = ok(acceptor.get(f"/cases/{code}"))
    assert card["contact"] == "138****5678"
    assert "13812345678" not in str(card)
    refused(acceptor.post(f"/cases/{code}/contact", json={"reason": "?"}), 400)
    refused(acceptor.post(f"/cases/{silent}/contact", json={"reason": "回访核实"}), 404)
    for client in (auditor, planner):
        refused(client.post(f"/cases/{code}/contact", json={"reason": "回访核实"}), 403)
    opened = ok(acceptor.post(f"/cases/{code}/contact", json={"reason": "回访核实"}))
    assert opened == {"code": code, "contact": "13812345678"}
    with owning(base.url) as db:  # type: ignore[attr-defined]
        lines = db.execute(
            sa.text("SELECT subject, detail ->> 'reason' FROM journal WHERE act = 'contact'")
        ).all()
    assert lines == [(code, "回访核实")]


def test_a_code_of_another_system_may_hold_any_character(
    role: Callable[..., httpx.Client], base: Base
) -> None:
    code = "案/2026?#%号"
    with owning(base.url) as db:  # type: ignore[attr-defined]
        place(db, "case_file", {code.replace("/", "-"): at(0.5, 0.5)}, title="x")
        data.locate.refile(db)
    from urllib.parse import quote

    card = ok(role(Role.LEADER).get("/cases/" + quote(code.replace("/", "-"), safe="")))
    assert card["code"] == code.replace("/", "-")


def test_a_settled_case_leaves_the_desk(
    anybody: httpx.Client, role: Callable[..., httpx.Client]
) -> None:
    code = reported(anybody, 1.01, accuracy_m=100)
    acceptor, foreign = role(Role.ACCEPTOR), role(Role.ACCEPTOR, D)
    card = ok(acceptor.get(f"/cases/{code}"))
    assert (card["desk"]["code"], card["candidates"]) == (A, ["B", "A"])
    refused(foreign.get(f"/cases/{code}"), 404)
    made = {"move": "settle", "cell": "A", "version": 1}
    card = ok(acceptor.post(f"/cases/{code}/moves", json=made))
    assert (card["desk"], card["cell"]["code"]) == (None, "A")
    outside = {"move": "settle", "cell": "D", "version": 2}
    refused(acceptor.post(f"/cases/{code}/moves", json=outside), 403)
    assert ok(acceptor.get(f"/cases/{code}"))["cell"]["code"] == "A"


def test_a_late_answer_is_a_moment_of_the_calendar(
    anybody: httpx.Client, role: Callable[..., httpx.Client]
) -> None:
    code = reported(anybody)
    admin = role(Role.ADMINISTRATOR)
    ok(admin.post(f"/cases/{code}/moves", json={"move": "file", "condition": 1}))
    ok(admin.post(f"/cases/{code}/moves", json={"move": "dispatch", "unit": "U-水"}))
    card = ok(admin.get(f"/cases/{code}"))
    due = datetime.fromisoformat(card["due_at"]) - datetime.fromisoformat(card["dispatched_at"])
    assert due.total_seconds() == 2 * 3600
    made = {"move": "suspend", "until": "2027-01-01T00:00", "reason": "等待"}
    answer = refused(admin.post(f"/cases/{code}/moves", json=made), 400)
    assert "until says no time zone" in answer["detail"]
    until = datetime(2027, 1, 1, tzinfo=UTC).isoformat()
    assert ok(admin.post(f"/cases/{code}/moves", json={**made, "until": until}))["stood"]


def test_a_code_of_another_system_may_hold_slashes(base: Base, store_url: str) -> None:
    with owning(store_url) as db:
        db.execute(sa.text("UPDATE case_file SET code = '2023/沪/0011' WHERE code = 'c-new'"))
    path = f"/cases/{quote('2023/沪/0011', safe='')}"
    with httpx.Client(base_url=base, headers=base.headers) as admin:
        assert ok(admin.get(path))["code"] == "2023/沪/0011"
        assert ok(admin.get(f"{path}/moves"))["state"] == "reported"
        assert ok(admin.get(f"{path}/why"))["steps"]
        assert ok(admin.get(f"{path}/photos"))["photos"] == []
        assert ok(admin.get(f"{path}/whistles")) == []
