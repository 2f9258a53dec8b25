"""社区云 over HTTP: what a place is told, who edits it, what residents ask and who sees that."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from conftest import Base, owning, signed_in
from sqlalchemy.orm import Session
from town import SEAL, at, inhabit

import api.pace
import data.grid
import data.locate
from data.accounts import Charged
from gis.access import Role

BRIDGE, WILLOW, SHORE = "420106001001", "420106001002", "420106002001"
STREET = "420106001000"
NOW = datetime.now(UTC)
ROOT = Path(__file__).parents[1]
KEY = base64.b64encode(bytes(range(32))).decode()


def settle(db: Session) -> None:
    """Communities of cells A and B, of C, of D; 桥头社区 has a team of volunteers."""
    inhabit(db)
    data.grid.number_areas(db)
    data.locate.refile(db)
    for statement in (
        "INSERT INTO network_unit (code, name, kind, division_code, phone) VALUES"
        f" ('V1', '桥头志愿服务队', 'volunteer_team', '{BRIDGE}', '027-1'),"
        f" ('C1', '桥头社区居委会', 'resident_committee', '{BRIDGE}', '027-2')",
        "INSERT INTO worker (code, name, phone) VALUES ('W1', '网格长', '15490000001')",
        "INSERT INTO post (cell_id, worker_id, role, valid_from) SELECT c.id, w.id,"
        " 'grid_leader', '2020-01-01' FROM grid_cell c JOIN grid_plan p ON p.id = plan_id"
        " AND p.state = 'published', worker w WHERE c.code IN ('A', 'B')",
        "UPDATE facility SET hours = '24/7' WHERE code = 'f-ab'",
    ):
        db.execute(sa.text(statement))


@pytest.fixture(scope="module")
def ground(settled: Callable[..., str]) -> str:
    return settled(settle)


@pytest.fixture
def base(store_url: str, server: Callable[..., Base]) -> Base:
    return server(store_url)


@pytest.fixture
def anybody(base: Base) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=base, timeout=60) as client:
        yield client


@pytest.fixture
def editor(base: Base, store_url: str) -> Iterator[Callable[..., httpx.Client]]:
    """A client of somebody with a role: in charge of a division, or by the posts of a worker."""
    made = []

    def sign_in(role: Role, division: str | None = None, worker: str | None = None) -> httpx.Client:
        charges = [Charged(division=division)] if division else []
        token = signed_in(store_url, f"e{len(made)}", role, charges, worker=worker)
        headers = {"Authorization": f"Bearer {token}"}
        made.append(httpx.Client(base_url=base, headers=headers, timeout=60))
        return made[-1]

    yield sign_in
    for client in made:
        client.close()


def _notice(title: str = "停水", **told: Any) -> dict[str, Any]:
    return {"title": title, "body": "明天停水。", "division": BRIDGE, **told}


def _spot(x: float) -> dict[str, float]:
    point = at(x, 0.5)
    return {"lon": point.x, "lat": point.y}


def _titles(client: httpx.Client, part: str, **place: Any) -> list[str]:
    return [one["title"] for one in client.get(f"/community/{part}", params=place).json()]


def _detail(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    told: dict[str, Any] = answer.json()
    return told


# Reading


def test_a_place_reads_what_belongs_to_the_divisions_around_it(
    anybody: httpx.Client, base: Base
) -> None:
    with httpx.Client(base_url=base, headers=base.headers, timeout=60) as chief:
        for told in (
            _notice("桥头"), _notice("柳岸", division=WILLOW), _notice("街道", division=STREET),
            _notice("全城", division=None), _notice("只有B", cells=["B"]),
            _notice("内部", audience="staff"),
            _notice("将来", from_at=(NOW + timedelta(days=1)).isoformat()),
            _notice("过去", from_at=(NOW - timedelta(days=2)).isoformat(),
                    until_at=(NOW - timedelta(days=1)).isoformat()),
        ):  # fmt: skip
            _detail(chief.post("/community/notices", json=told), 201)
    assert set(_titles(anybody, "notices", **_spot(0.5))) == {"桥头", "街道", "全城"}
    assert set(_titles(anybody, "notices", cell="B")) == {"桥头", "街道", "全城", "只有B"}
    assert set(_titles(anybody, "notices", division=WILLOW)) == {"柳岸", "街道", "全城"}
    assert _titles(anybody, "notices") == ["全城"]
    assert "过去" in _titles(anybody, "notices", cell="A", past="true")
    home = anybody.get("/community/home", params=_spot(0.5))
    told = home.json()
    assert told["cell"] == {"code": "A", "name": "A网格"}
    assert told["division"] == {"code": BRIDGE, "name": "桥头社区", "level": "village"}
    assert [(one["role_label"], one["phone"]) for one in told["office"]] == [
        ("网格长", "15490000001")
    ]
    assert [one["name"] for one in told["advisers"]] == ["桥头社区居委会"]
    assert told["counts"]["residents"] is None  # few
    assert home.headers["cache-control"] == "public, max-age=60"
    fresh = {"If-None-Match": home.headers["etag"]}
    assert anybody.get("/community/home", params=_spot(0.5), headers=fresh).status_code == 304
    signed = httpx.get(
        f"{base}/community/home", params=_spot(0.5), headers=base.headers, timeout=60
    )
    assert signed.headers["cache-control"] == "private, no-cache"
    assert anybody.get("/community/home", params=_spot(50)).json()["cell"] is None
    assert anybody.get("/community/home", params={"cell": "Z"}).status_code == 404
    assert anybody.get("/community/home", params={"lon": "1"}).status_code == 400


def test_guides_are_searched_and_facilities_are_near(anybody: httpx.Client, base: Base) -> None:
    guide = {"title": "居住证办理", "body": "先登记。", "materials": ["身份证"], "hours": "24/7"}
    with httpx.Client(base_url=base, headers=base.headers, timeout=60) as chief:
        number = _detail(chief.post("/community/guides", json=guide), 201)["id"]
    found = anybody.get("/community/guides", params={"q": "jzz"}).json()
    assert [(one["id"], one["open_now"], one["kind_label"]) for one in found] == [
        (number, True, "办事指南")
    ]
    assert anybody.get("/community/guides", params={"q": "护照"}).json() == []
    assert anybody.get(f"/community/guides/{number}").json()["materials"] == ["身份证"]
    assert anybody.get("/community/guides/9999").status_code == 404
    near = anybody.get("/community/facilities", params=_spot(0.5) | {"limit": 3}).json()
    assert [(one["code"], one["distance_m"] < 10, one["open_now"]) for one in near] == [
        ("f-a", True, None), ("f-ab", False, True), ("f-bc", False, None),
    ]  # fmt: skip
    of_d = anybody.get("/community/facilities", params={"division": SHORE, "limit": 1}).json()
    assert [one["code"] for one in of_d] == ["f-d"]
    for wrong in ({}, _spot(0.5) | {"q": "a\0"}, _spot(0.5) | {"category": "x"}):
        assert anybody.get("/community/facilities", params=wrong).status_code == 400


# Editing


def test_editors_write_for_what_they_are_in_charge_of(
    editor: Callable[..., httpx.Client], anybody: httpx.Client
) -> None:
    chief, other = editor(Role.CHIEF, STREET), editor(Role.CHIEF, SHORE)
    leader = editor(Role.LEADER, worker="W1")
    number = _detail(leader.post("/community/notices", json=_notice()), 201)["id"]
    for client, division in ((leader, STREET), (leader, WILLOW), (chief, SHORE), (chief, None)):
        answer = client.post("/community/notices", json=_notice(division=division))
        assert "nothing was written" in _detail(answer, 403)["detail"]
    assert _detail(editor(Role.WORKER, BRIDGE).get("/community/work"), 403)
    path, told = f"/community/notices/{number}", {"title": "改了", "version": 1}
    assert _detail(other.patch(path, json=told), 403)
    assert _detail(chief.patch(path, json=told), 200)["version"] == 2
    assert _detail(leader.patch(path, json=told), 409)["version"] == 2
    moved = {"division": SHORE, "version": 2}
    assert _detail(leader.patch(path, json=moved), 403)
    rows = leader.get("/community/pages/notices").json()
    assert [(one["title"], one["body"], one["version"]) for one in rows] == [
        ("改了", "明天停水。", 2)
    ]
    assert other.get("/community/pages/notices").json() == []
    back = f"/community/pages/notices/{number}"
    assert other.delete(back, params={"version": "2"}).status_code == 403
    assert leader.delete(back, params={"version": "1"}).status_code == 409
    assert leader.delete(back, params={"version": "2"}).status_code == 200
    assert _titles(anybody, "notices", cell="A") == []
    assert leader.delete(back, params={"version": "3"}).status_code == 404


def test_what_cannot_be_kept_is_refused_in_one_sentence(
    editor: Callable[..., httpx.Client],
) -> None:
    chief = editor(Role.CHIEF, STREET)
    wrong = _detail(chief.post("/community/notices", json={"division": BRIDGE}), 400)
    assert [one["field"] for one in wrong["faults"]] == ["title", "body"]
    for told in (
        _notice(title="\0"), _notice(division="\0"), _notice(division="42"),
        _notice(cells=["D"]), _notice(cells=["\0"]),
        _notice(until_at=(NOW - timedelta(days=1)).isoformat()), _notice(until_at="2026-12-01"),
    ):  # fmt: skip
        _detail(chief.post("/community/notices", json=told), 400)
    poll = {"title": "电梯", "options": ["好"], "closes_at": NOW.isoformat(), "division": BRIDGE}
    assert "1 options" in _detail(chief.post("/community/polls", json=poll), 400)["detail"]
    poll |= {"options": ["好", "坏"], "closes_at": (NOW + timedelta(days=3)).isoformat()}
    number = _detail(chief.post("/community/polls", json=poll), 201)["id"]
    change = {"title": "加装电梯", "version": 1}
    assert (
        "has opened"
        in _detail(chief.patch(f"/community/polls/{number}", json=change), 409)["detail"]
    )
    assert [one["id"] for one in chief.get("/community/work").json()["polls"]] == [number]


def test_a_meeting_and_what_became_of_its_decisions(
    editor: Callable[..., httpx.Client], anybody: httpx.Client
) -> None:
    chief, other = editor(Role.CHIEF, STREET), editor(Role.CHIEF, SHORE)
    meeting = {"kind": "hearing", "title": "电梯", "body": "谈了。", "division": BRIDGE}
    meeting |= {"at": (NOW - timedelta(days=1)).isoformat()}
    council = _detail(chief.post("/community/meetings", json=meeting), 201)["id"]
    decision = {"meeting": council, "words": "装灯", "due_on": "2020-01-01"}
    assert _detail(other.post("/community/decisions", json=decision), 403)
    number = _detail(chief.post("/community/decisions", json=decision), 201)["id"]
    work = chief.get("/community/work").json()["decisions"]
    assert [(one["id"], one["overdue"]) for one in work] == [(number, True)]
    assert other.get("/community/work").json()["decisions"] == []
    done = {"state": "done", "outcome": "装好了", "version": 1}
    assert _detail(chief.patch(f"/community/decisions/{number}", json=done), 200)
    told = anybody.get("/community/meetings", params={"cell": "A"}).json()[0]
    assert told["kind_label"] == "听证会"
    assert [(one["state_label"], one["outcome"]) for one in told["decisions"]] == [
        ("已落实", "装好了")
    ]


# Asking, helping, following


def test_a_question_is_answered_by_its_editors_and_followed_by_its_code(
    editor: Callable[..., httpx.Client], anybody: httpx.Client, store_url: str
) -> None:
    chief, other = editor(Role.CHIEF, STREET), editor(Role.CHIEF, SHORE)
    told = {
        "adviser": "cadre", "topic": "低保", "words": "家里困难，\n怎么申请？", "name": "钱问",
        "contact": "137-0000 0009", "request_id": "q-1", **_spot(0.5),
    }  # fmt: skip
    first = _detail(anybody.post("/community/questions", json=told), 201)
    assert _detail(anybody.post("/community/questions", json=told), 201) == first
    half = {name: value for name, value in told.items() if name != "lat"} | {"request_id": "q-2"}
    assert (
        "lat is missing" in _detail(anybody.post("/community/questions", json=half), 400)["detail"]
    )
    assert timedelta(days=5) < datetime.fromisoformat(first["due_at"]) - NOW < timedelta(days=15)
    followed = anybody.get(f"/follow/{first['follow'].lower()}").json()
    assert (followed["what"], followed["state"], followed["answer"]) == (
        "question",
        "waiting",
        None,
    )
    assert not {"name", "phone", "name_mask"} & set(followed)
    for client in (other, editor(Role.CHIEF, WILLOW)):
        assert client.get("/community/work").json()["questions"] == []
    (row,) = chief.get("/community/work").json()["questions"]
    assert (row["name"], row["phone"], row["cell"]) == ("钱*", "137****0009", "A")
    path, answer = f"/community/questions/{row['id']}", {"words": "来居委会。", "version": 1}
    assert other.post(f"{path}/answer", json=answer).status_code == 404
    assert other.post(f"{path}/contact", json={"reason": "电话回访答复"}).status_code == 404
    assert chief.post(f"{path}/contact", json={"reason": "短"}).status_code == 400
    seen = chief.post(f"{path}/contact", json={"reason": "给钱问回电话答复"})
    assert seen.json() == {"name": "钱问", "phone": "13700000009"}
    assert chief.post(f"{path}/answer", json=answer | {"words": " "}).status_code == 400
    assert chief.post(f"{path}/answer", json=answer).json()["state"] == "answered"
    assert _detail(chief.post(f"{path}/decline", json=answer), 409)["version"] == 2
    followed = anybody.get(f"/follow/{first['follow']}").json()
    assert (followed["state"], followed["answer"]) == ("answered", "来居委会。")
    with owning(store_url) as db:
        lines = db.execute(sa.text("SELECT act, detail::text FROM journal ORDER BY id")).all()
        kept = db.scalar(sa.text("SELECT (question.*)::text FROM question"))
    assert [line.act for line in lines][-3:] == ["ask", "unmask", "answered"]
    assert "钱问" not in "".join(line.detail for line in lines)
    assert "钱问" not in kept
    assert SEAL.open("name", None) is None


def test_a_volunteer_becomes_a_member_and_leaves_no_name_behind(
    editor: Callable[..., httpx.Client], anybody: httpx.Client, store_url: str
) -> None:
    chief = editor(Role.CHIEF, STREET)
    told = {
        "name": "郝助", "phone": "13700000008", "skills": ["陪诊"], "hours": "周六 09:00-12:00",
        "cell": "B", "request_id": "v-1",
    }  # fmt: skip
    for wrong in ({"hours": "随时"}, {"phone": "x"}, {"cell": "Z"}, {"cell": None}, {"skills": []}):
        _detail(anybody.post("/community/volunteers", json=told | wrong), 400)
    follow = _detail(anybody.post("/community/volunteers", json=told), 201)["follow"]
    second = told | {"request_id": "v-2", "cell": "D"}
    _detail(anybody.post("/community/volunteers", json=second), 201)
    (row,) = chief.get("/community/asked/applications", params={"state": "waiting"}).json()
    path = f"/community/applications/{row['id']}/accept"
    assert chief.post(path, json={"version": 1, "unit": "C1"}).status_code == 409
    assert chief.post(path, json={"version": 1, "words": "欢迎！"}).json()["unit"] == "V1"
    assert anybody.get(f"/follow/{follow}").json()["answer"] == "欢迎！"
    with owning(store_url) as db:
        member = db.execute(sa.text(
            "SELECT m.name_mask, m.skills, u.code, c.code AS cell, h.weekday FROM member m "
            "JOIN network_unit u ON u.id = m.unit_id JOIN grid_cell c ON c.id = m.cell_id "
            "JOIN open_hours h ON h.member_id = m.id"
        )).one()  # fmt: skip
        left = db.scalars(
            sa.text("SELECT name_sealed FROM application WHERE state = 'answered'")
        ).all()
    assert tuple(member) == ("郝*", ["陪诊"], "V1", "B", 6)
    assert left == [None]
    (far,) = editor(Role.CHIEF, SHORE).get("/community/work").json()["applications"]
    shore = editor(Role.CHIEF, SHORE)
    no_team = shore.post(f"/community/applications/{far['id']}/accept", json={"version": 1})
    assert "no volunteer team yet" in _detail(no_team, 409)["detail"]
    declined = {"version": 1, "words": "名额已满。"}
    path = f"/community/applications/{far['id']}/decline"
    assert shore.post(path, json=declined).json()["state"] == "declined"


def test_a_report_is_followed_by_a_code_that_nobody_guesses(
    anybody: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = {"description": "张三家门口积水", "contact": "13812341234", "request_id": "r-1"}
    answer = _detail(anybody.post("/cases", json=report | _spot(0.5)), 201)
    again = anybody.post("/cases", json=report | _spot(0.5)).json()
    assert again["follow"] == answer["follow"]
    followed = anybody.get(f"/follow/{answer['follow']}")
    assert followed.headers["cache-control"] == "private, no-store"
    told = followed.json()
    assert (told["what"], told["code"], told["state"]) == ("case", answer["code"], "reported")
    assert [one["move"] for one in told["steps"]] == ["report"]
    assert "张三" not in str(told)
    letters = answer["follow"].replace("-", "")
    wrong = letters[:-1] + ("2" if letters[-1] != "2" else "3")
    assert anybody.get(f"/follow/{wrong}").json() == anybody.get("/follow/无").json()
    monkeypatch.setitem(api.pace.MOST, api.pace.Guess.FOLLOW, 3)
    assert anybody.get(f"/follow/{letters}").status_code == 429


def test_the_demo_town_has_a_community_to_show(
    town: sa.Engine, town_url: str, server: Callable[..., Base]
) -> None:
    base = server(town_url)
    with httpx.Client(base_url=base, headers=base.headers, timeout=60) as client:
        cell = client.get("/community/work").json()["questions"][0]["cell"]
        home = client.get("/community/home", params={"cell": cell}).json()
        states = [one["state"] for one in home["polls"]]
        assert (sorted(states), len(home["guides"])) == (["closed", "coming", "open"], 25)
        assert all(home[part] for part in ("office", "notices", "convenience", "meetings"))
        assert home["polls"][states.index("closed")]["result"]["votes"] > 600
        near = client.get("/community/facilities", params={"cell": cell, "limit": 50}).json()
        assert {one["open_now"] for one in near} <= {True, False}
        work = client.get("/community/work").json()
        assert (len(work["questions"]), len(work["applications"])) == (2, 3)


def test_the_command_line_publishes_and_tells_what_waits(
    base: Base, anybody: httpx.Client, store_url: str, tmp_path: Path
) -> None:
    def wangge(*words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "import api.cli; api.cli.main()", "community", *map(str, words)],
            env=os.environ | {"WANGGE_DATABASE_URL": store_url, "PYTHONPATH": str(ROOT),
                              "WANGGE_HOME": str(tmp_path / "home"), "COLUMNS": "120",
                              "WANGGE_REGISTER_KEY": KEY},
            cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    (tmp_path / "停水.txt").write_text("明天停水。\n\n请储水。\n", encoding="utf-8")
    ran = wangge("notice", "停水.txt", "--title", "停水", "--division", BRIDGE)
    assert "已发布" in ran.stdout, ran.stderr
    (told,) = anybody.get("/community/notices", params={"cell": "A"}).json()
    assert told["body"] == "明天停水。\n\n请储水。"
    assert (
        "there is no division"
        in wangge("notice", "停水.txt", "--title", "a", "--division", "x").stderr
    )
    assert "take 0.5 to 100" in wangge("answer-days", "0").stderr
    assert "within 1 work days" in wangge("answer-days", "1").stdout
    question = {"adviser": "cadre", "topic": "低保", "words": "怎么办？", "cell": "A"}
    due = anybody.post("/community/questions", json=question).json()["due_at"]
    assert datetime.fromisoformat(due) - NOW < timedelta(days=5)
    waits = wangge("work").stdout
    assert "桥头社区\t低保" in waits
    assert waits.endswith("1 things wait 项待办\n")
