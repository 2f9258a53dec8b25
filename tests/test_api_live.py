"""Live: an open page hears at once what moved where it is in charge, and nothing else."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import httpx
import psycopg
import pytest
import sqlalchemy as sa
from conftest import Base, signed_in
from sqlalchemy.orm import Session
from town import inhabit

import api.live
import data.db
import data.grid
import data.locate
from data.accounts import Charged
from gis.access import Role, Scope, Viewer

ROUNDS = 400


class Page:
    """A page that listens: what it heard, in order."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.ready = threading.Event()

    def wait_for(self, told: Callable[[list[dict[str, Any]]], bool]) -> None:
        for _ in range(ROUNDS):
            if told(self.heard):
                return
            time.sleep(0.05)
        raise AssertionError(f"only this was heard: {self.heard}")


@contextmanager
def listening(base: str, token: str) -> Iterator[Page]:
    page, over = Page(), threading.Event()

    def listen() -> None:
        headers = {"Authorization": f"Bearer {token}"}
        with (
            suppress(httpx.RemoteProtocolError),  # the server ends while the page still listens
            httpx.stream("GET", f"{base}/live", headers=headers, timeout=30) as answer,
        ):
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
            event = ""
            for line in answer.iter_lines():
                if over.is_set():
                    return
                if line.startswith("event: "):
                    event = line[7:]
                elif line.startswith("data: ") and event == "moved":
                    page.heard.append(json.loads(line[6:]))
                elif line.startswith("data: "):
                    page.ready.set()

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    assert page.ready.wait(20)
    yield page
    over.set()


def settle(db: Session) -> None:
    inhabit(db)
    data.grid.number_areas(db)
    data.locate.refile(db)
    db.execute(sa.text(BEGINS))


@pytest.fixture(scope="module")
def ground(settled: Callable[..., str]) -> str:
    return settled(settle)


@pytest.fixture
def city(store: sa.Engine) -> sa.Engine:
    return store


BEGINS = """
    INSERT INTO case_event (case_id, at, actor, move, target)
    SELECT f.id, now(), 'test', 'bring', f.state FROM case_file f
    WHERE NOT EXISTS (SELECT FROM case_event e WHERE e.case_id = f.id)
"""
NOTE = """
    INSERT INTO case_event (case_id, at, actor, move, source, target, words)
    SELECT id, now(), 'test', 'note', state, state, '13987654321 张三' FROM case_file
    WHERE code = :code
"""


def note(store: sa.Engine, *codes: str) -> None:
    for code in codes:
        with data.db.transaction(store) as db:
            db.execute(sa.text(NOTE), {"code": code})


def moved(code: str, state: str, cell: str | None) -> dict[str, Any]:
    return {"code": code, "move": "note", "state": state, "cell": cell}


def test_a_page_hears_what_moves_in_its_area_and_never_what_was_said(
    city: sa.Engine, store_url: str, server: Callable[..., Base]
) -> None:
    base = server(store_url)
    own = signed_in(store_url, "li.si", Role.LEADER, [Charged(cell="A")])
    with listening(base, own) as page, listening(base, base.token) as everything:
        note(city, "c-bc", "c-null", "c-new")
        everything.wait_for(lambda heard: moved("c-new", "reported", "A") in heard)
        page.wait_for(lambda heard: moved("c-new", "reported", "A") in heard)
    codes = [one["code"] for one in page.heard if "code" in one]
    assert codes == ["c-new"]
    assert [one["code"] for one in everything.heard if "code" in one] == ["c-bc", "c-null", "c-new"]
    assert "张三" not in str(everything.heard)


def test_whoever_holds_a_case_hears_of_it_wherever_it_is(
    city: sa.Engine, store_url: str, server: Callable[..., Base]
) -> None:
    with data.db.transaction(city) as db:
        db.execute(
            sa.text(
                "INSERT INTO network_unit (code, name, kind) VALUES ('d1', '水务局', 'department')"
            )
        )
        db.execute(
            sa.text(
                "INSERT INTO worker (code, name, unit_id) SELECT 'w1', '钱七', id FROM network_unit"
            )
        )
        db.execute(
            sa.text(
                "UPDATE case_file SET unit_id = u.id FROM network_unit u WHERE case_file.code = 'c-bc'"
            )
        )
    base = server(store_url)
    token = signed_in(store_url, "shui.wu", Role.DEPARTMENT, [Charged(cell="D")], worker="w1")
    with listening(base, token) as page:
        note(city, "c-new", "c-bc")
        page.wait_for(lambda heard: any(one.get("code") == "c-bc" for one in heard))
    assert [one["code"] for one in page.heard if "code" in one] == ["c-bc"]


EVENT = """
    INSERT INTO case_event (case_id, at, actor, move, source, target, detail)
    SELECT f.id, :at, 'test', :move, f.state, :target, jsonb_build_object('unit', CAST(:unit AS int))
    FROM case_file f WHERE code = 'c-bc'
"""


def event(store: sa.Engine, move: str, target: str, *also: str, unit: int | None = None) -> None:
    values = {"move": move, "target": target, "unit": unit, "at": "2026-11-22T08:00Z"}
    with data.db.transaction(store) as db:
        db.execute(sa.text(EVENT), values)
        for line in also:
            db.execute(sa.text(line))


def test_whoever_loses_a_case_hears_so_and_then_no_more(
    city: sa.Engine, store_url: str, server: Callable[..., Base]
) -> None:
    unit = "INSERT INTO network_unit (code, name, kind) VALUES ('d1', '水务局', 'department')"
    worker = "INSERT INTO worker (code, name, unit_id) SELECT 'w1', '钱七', id FROM network_unit"
    whistle = (
        "INSERT INTO whistle (case_id, round, kind, state, level, words, asked_at, approve_due_at,"
        " due_at) SELECT id, 1, 'routine', 'sounding', 'village', 'x', now(), now(), now()"
        " FROM case_file WHERE code = 'c-bc'"
    )
    party = (
        "INSERT INTO whistle_party (whistle_id, number, unit_id, part, state)"
        " SELECT w.id, 1, u.id, 'lead', 'invited' FROM whistle w, network_unit u"
    )
    declined = "UPDATE whistle_party SET state = 'declined', declined_at = '2026-11-22T08:00Z'"
    with data.db.transaction(city) as db:
        for line in (unit, worker):
            db.execute(sa.text(line))
        number = db.scalar(sa.text("SELECT id FROM network_unit WHERE code = 'd1'"))
    base = server(store_url)
    token = signed_in(store_url, "shui.wu", Role.DEPARTMENT, [Charged(cell="D")], worker="w1")
    with listening(base, token) as page:
        event(city, "file", "filed")
        event(city, "dispatch", "dispatched", f"UPDATE case_file SET unit_id = {number}",
              unit=number)  # fmt: skip
        event(city, "recall", "filed", "UPDATE case_file SET unit_id = NULL")
        event(city, "supervise", "filed")
        event(city, "invite", "filed", whistle, party)
        event(city, "decline", "filed", declined)
        note(city, "c-bc")
        event(city, "invite", "filed", "UPDATE whistle_party SET declined_at = NULL")
        page.wait_for(lambda heard: len(heard) >= 5)
    moves = [one["move"] for one in page.heard if one.get("code") == "c-bc"]
    assert moves == ["dispatch", "recall", "invite", "decline", "invite"]


def test_a_sheet_of_many_cases_is_told_once(
    city: sa.Engine, store_url: str, server: Callable[..., Base]
) -> None:
    base = server(store_url)
    with listening(base, base.token) as page:
        page.wait_for(lambda heard: True)
        time.sleep(0.3)
        page.heard.clear()
        with data.db.transaction(city) as db:
            db.execute(
                sa.text(
                    "INSERT INTO case_file (code, title) SELECT 'm' || n, '堆物'"
                    " FROM generate_series(1, 3000) n"
                )
            )
            db.execute(sa.text(BEGINS))
        page.wait_for(lambda heard: {"many": True} in heard)
        time.sleep(0.3)
    assert page.heard == [{"many": True}]


def test_after_a_broken_connection_a_page_is_told_to_ask_for_all(
    city: sa.Engine, store_url: str, server: Callable[..., Base]
) -> None:
    base = server(store_url)
    with listening(base, base.token) as page:
        page.wait_for(lambda heard: True)
        time.sleep(0.5)
        page.heard.clear()
        with psycopg.connect(store_url, autocommit=True) as owner:
            owner.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE query LIKE 'LISTEN%' AND datname = current_database()"
            )
        page.wait_for(lambda heard: {"many": True} in heard)
        note(city, "c-new")
        page.wait_for(lambda heard: moved("c-new", "reported", "A") in heard)


def test_who_may_not_see_cases_may_not_listen(
    city: sa.Engine, store_url: str, server: Callable[..., Base]
) -> None:
    base = server(store_url)
    planner = signed_in(store_url, "plan", Role.PLANNER, [Charged(everything=True)])
    assert httpx.get(f"{base}/live").status_code == 401
    refused = httpx.get(f"{base}/live", headers={"Authorization": f"Bearer {planner}"})
    assert refused.status_code == 403


def test_a_page_that_does_not_keep_up_is_told_to_ask_for_all() -> None:
    line = api.live._Line(Viewer(1, "w", "w", Role.LEADER, Scope(1, 5)))
    for number in range(api.live.WAITING + 1):
        line.tell({"code": str(number), "area": 3})
    line.tell({"code": "elsewhere", "area": 9})
    assert [line.waiting.get_nowait()] == [{"many": True}]
    assert line.waiting.empty()
