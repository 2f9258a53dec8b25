"""吹哨报到 over HTTP as the role of the application, and at the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from conftest import Base, owning, signed_in
from typer.testing import CliRunner
from whistling import settle

from api.cli import app
from data.accounts import Charged
from gis.access import Role

STREET = "420106001000"
PATH = "/cases/积水/whistles"
PEOPLE = {
    "worker": (Role.WORKER, "420106001001", None),
    "chief": (Role.CHIEF, STREET, None),
    "dispatcher": (Role.DISPATCHER, STREET, None),
    "water": (Role.DEPARTMENT, "420106002001", "D-water"),
    "gas": (Role.DEPARTMENT, "420106002001", "D-gas"),
    "inspector": (Role.INSPECTOR, STREET, None),
}


@pytest.fixture(scope="module")
def peopled(template_of: Callable[..., str]) -> tuple[str, dict[str, str]]:
    """A template of the town with these people, and the token of each."""
    tokens: dict[str, str] = {}

    def fill(url: str) -> None:
        with owning(url) as db:
            settle(db)
        for login, (role, division, unit) in PEOPLE.items():
            tokens[login] = signed_in(url, login, role, [Charged(division=division)])
            with owning(url) as db:
                db.execute(
                    sa.text(
                        "UPDATE account SET unit_id = (SELECT id FROM network_unit "
                        "WHERE code = :unit) WHERE login = :login"
                    ),
                    {"login": login, "unit": unit},
                )

    return template_of(fill), tokens


@pytest.fixture
def ask(
    server: Callable[..., Base],
    copy_of: Callable[[str], str],
    peopled: tuple[str, dict[str, str]],
) -> Callable[..., Any]:
    """`ask(who, path, body)`: POST with a body, GET without; the answer of a served application."""
    template, tokens = peopled
    base = server(copy_of(template))

    def asked(who: str, path: str, body: dict[str, Any] | None = None, **params: Any) -> Any:
        headers = {"Authorization": f"Bearer {tokens[who]}"}
        if body is None:
            return httpx.get(base + path, headers=headers, params=params, timeout=30)
        sent = json.dumps(body).encode()  # half a character goes as an escape
        headers["Content-Type"] = "application/json"
        return httpx.post(base + path, headers=headers, content=sent, timeout=30)

    return asked


BLOW = {
    "words": "管网产权不明", "kind": "routine", "level": "township",
    "parties": [{"code": "D-water", "part": "lead"}, {"code": "D-gas", "part": "joint"}],
}  # fmt: skip


def waits(ask: Callable[..., Any], who: str) -> list[str]:
    return [one["waits_for"] for one in ask(who, "/whistles").json()]


def test_a_whistle_from_the_cell_to_two_departments_and_back(ask: Callable[..., Any]) -> None:
    told = ask("worker", PATH, BLOW)
    assert (told.status_code, told.json()["state"]) == (200, "asked")
    assert (waits(ask, "chief"), waits(ask, "water")) == (["approve"], [])
    assert ask("water", PATH).status_code == 404
    assert ask("chief", f"{PATH}/1/approve", {"words": "同意", "seen": 1}).status_code == 200
    assert ask("chief", f"{PATH}/1/approve", {"seen": 1}).status_code == 409
    for act, words in (("claim", ""), ("arrive", ""), ("finish", "已换阀")):
        assert waits(ask, "water") == [act]
        told = ask("water", f"{PATH}/1/parties/1/{act}", {"words": words})
        assert (told.status_code, told.json()["parties"][0]["words"]) == (200, words or None)
    told = ask("gas", f"{PATH}/1/parties/2/decline", {"words": "不属燃气管线"})
    assert (told.status_code, told.json()) == (200, {"case": "积水", "round": 1})
    assert ask("gas", PATH).status_code == 404
    assert ask("worker", f"{PATH}/1/close", {}).json()["state"] == "closed"
    told = ask("worker", f"{PATH}/1/parties/1/rate", {"rating": 5, "words": "来得快"})
    assert told.json()["parties"][0]["rating"] == 5
    timeline = [one["move"] for one in ask("worker", "/cases/积水").json()["timeline"]][-7:]
    assert timeline == ["approve", "claim", "arrive", "finish", "decline", "quiet", "rate"]


def test_a_meeting_over_http(ask: Callable[..., Any]) -> None:
    ask("worker", PATH, BLOW | {"kind": "emergency"})
    meeting = {"at": "2026-12-01T09:30+08:00", "place": "三楼", "participants": ["水务局", "D-gas"]}
    assert ask("worker", f"{PATH}/1/meetings", meeting).json()["state"] == "meeting"
    task = {"unit": "D-gas", "words": "迁改", "due_at": "2026-12-10T18:00+08:00"}
    told = ask("worker", f"{PATH}/1/decisions", {"words": "共同改造", "tasks": [task]}).json()
    number = told["meetings"][0]["tasks"][0]["number"]
    assert told["meetings"][0]["decisions"] == "共同改造"
    assert told["meetings"][0]["participant_names"] == ["水务局", "燃气中心"]
    assert ask("worker", f"{PATH}/1/tasks", {"task": task | {"unit": "D-water"}}).status_code == 200
    assert waits(ask, "gas") == ["claim", "follow_up"]
    told = ask("gas", f"{PATH}/1/tasks/{number}/done", {"words": "已迁改"})
    assert [one["done_words"] for one in told.json()["meetings"][0]["tasks"]] == ["已迁改", None]


@pytest.mark.parametrize("at", ["0001-01-01T00:00+14:00", "9999-12-31T23:59-12:00"])
def test_no_task_is_due_when_nobody_can_read_it(ask: Callable[..., Any], at: str) -> None:
    """PostgreSQL keeps such instants; the clock would stumble over them for ever."""
    ask("worker", PATH, BLOW | {"kind": "emergency"})
    ask("worker", f"{PATH}/1/meetings", {"at": "2026-12-01T09:30+08:00"})
    task = {"unit": "D-gas", "words": "迁改", "due_at": at}
    assert ask("worker", f"{PATH}/1/decisions", {"words": "改", "tasks": [task]}).status_code == 400
    assert ask("worker", f"{PATH}/1/decisions", {"words": "改"}).status_code == 200
    told = ask("worker", f"{PATH}/1/tasks", {"task": task})
    assert (told.status_code, "1970 to 2100" in told.json()["detail"]) == (400, True)


def test_the_proposal_over_http(ask: Callable[..., Any]) -> None:
    told = ask("worker", f"{PATH}/proposal", skills=["搬运"]).json()
    assert (told["level"], told["skills"]) == ("village", ["搬运"])
    first = told["proposed"][0]
    assert (first["code"], first["part"]) == ("V-1", "lead")
    assert [why["code"] for why in first["reasons"]] == ["skill_fits", "own_area", "near"]
    told = ask("chief", f"{PATH}/proposal", kind="emergency", skills=["供水"]).json()
    assert (told["level"], told["proposed"][0]["code"]) == ("township", "D-water")


@pytest.mark.parametrize(
    ("who", "path", "body", "status"),
    [
        ("worker", "", BLOW | {"parties": [{"code": "D-water", "part": "joint"}]}, 400),
        ("worker", "", BLOW | {"parties": [{"code": "none", "part": "lead"}]}, 404),
        ("worker", "", BLOW | {"words": ""}, 400),
        ("worker", "", BLOW | {"words": "a\x00b"}, 400),
        ("worker", "", BLOW | {"words": "\ud800"}, 400),
        ("worker", "", BLOW | {"request_id": "a\x00"}, 400),
        ("worker", "", BLOW | {"words": "长" * 4001}, 400),
        ("worker", "", BLOW | {"level": "province"}, 400),
        ("worker", "", BLOW | {"skills": ["\x00"]}, 400),
        ("worker", "/4/close", {}, 400),
        ("worker", "/2/close", {}, 404),
        ("worker", "/1/parties/99999999999/rate", {"rating": 5}, 400),
        ("worker", "/1/parties/1/rate", {"rating": 6}, 400),
        ("worker", "/1/parties/1/fly", {}, 400),
        ("worker", "/1/parties/1/claim", {}, 403),
        ("worker", "/1/meetings", {"at": "2026-12-01T09:30"}, 400),
        ("worker", "/1/meetings", {"at": "9999-12-31T23:59-12:00"}, 400),
        ("worker", "/1/close", {"seen": 10**30}, 400),
        ("worker", "/1/decisions", {"words": "未开会"}, 409),
        ("worker", "/1/tasks/9223372036854775807/done", {"words": "好"}, 404),
        ("chief", "/1/close", {}, 400),
        ("gas", "/1/parties/1/claim", {}, 403),
        ("gas", "/1/close", {}, 403),
        ("inspector", "/1/meetings", {"at": "2026-12-01T09:30Z"}, 403),
        ("inspector", "/1/parties/1/claim", {}, 403),
        ("dispatcher", "/1/approve", {}, 403),
        ("chief", "/1/parties/1/arrive", {}, 409),
    ],
)  # fmt: skip
def test_what_is_refused(
    ask: Callable[..., Any], who: str, path: str, body: dict[str, Any], status: int
) -> None:
    if path:
        ask("worker", PATH, BLOW | {"kind": "emergency"})
    before = ask("worker", PATH).json()
    told = ask(who, PATH + path, body)
    assert told.status_code == status, told.text
    assert ask("worker", PATH).json() == before


def test_the_same_request_twice_is_one(ask: Callable[..., Any]) -> None:
    for _ in range(2):
        told = ask("worker", PATH, BLOW | {"request_id": "phone-1"})
        assert (told.status_code, told.json()["round"]) == (200, 1)
    assert len(ask("worker", PATH).json()) == 1


# The command line


def test_the_command_line_does_all_of_it(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with owning(empty_url) as db:
        settle(db)
    monkeypatch.setenv("WANGGE_DATABASE_URL", empty_url)
    monkeypatch.setattr("api.running.stop_on_sigterm", lambda: None)

    def wangge(*words: str) -> str:
        result = CliRunner().invoke(app, ["whistle", *words])
        if result.exception is not None:
            raise result.exception
        return result.output

    assert "D-water  水务局  主办 lead" in wangge("propose", "积水", "--skill", "供水")
    told = wangge("blow", "积水", "产权不明", "--lead", "D-water", "--joint", "D-gas")
    assert "whistle 1  日常哨 routine  待审批 asked  产权不明" in told
    assert "to be approved by" in told
    assert wangge("list").startswith("积水  whistle 1  to approve")
    assert "1  水务局  主办 lead  待应哨 invited  to claim by" in wangge("approve", "积水")
    wangge("claim", "积水", "1")
    wangge("decline", "积水", "2", "不属燃气")
    wangge("arrive", "积水", "1")
    wangge("meet", "积水", "--at", "2026-12-01T09:30", "--place", "三楼", "--participant", "水务局")
    told = wangge("resolve", "积水", "先行抢修", "--task", "D-gas=2026-12-05=迁改")
    number = told.split("task ")[1].split()[0]
    assert "迁改  by 2026-12-05 23:59" in told  # a day is over when it is
    assert "done" in wangge("done", "积水", number, "已迁改")
    wangge("invite", "积水", "--joint", "V-1")
    wangge("finish", "积水", "1", "已换阀")
    told = wangge("close", "积水", "--words", "其余转入改造")
    assert "已收哨 closed" in told
    assert "to claim by" not in told  # nobody waits for the volunteers any more
    assert "rated 5" in wangge("rate", "积水", "1", "5")
    assert wangge("show", "积水") == wangge("show", "积水")
    assert wangge("list") in {"", "no whistle waits for anybody\n"}  # standard error is mixed in
