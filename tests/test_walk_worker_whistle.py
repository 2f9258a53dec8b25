"""A whistle answered on the phone of whom it calls, and approved on the desk."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from accessible import faults
from conftest import Base
from stairwell import Worker, phone, queued, sent, usable, view
from walking import DESK, until

from gis.access import Role


@pytest.fixture
def town(server: Callable[..., Base], town_url: str) -> Worker:
    return Worker(server(town_url), town_url)


def call_in(town: Worker, kind: str = "emergency") -> str:
    """A case in the worker's cell, and a whistle about it that calls the demo's department."""
    (unit,) = town.rows(
        "SELECT u.code FROM account a JOIN network_unit u ON u.id = a.unit_id "
        "WHERE a.login = 'department'"
    )
    code = town.give("消防通道被堵", **{"class": "0136"})
    told = {
        "kind": kind,
        "words": "权属不明，请到场",
        "parties": [{"code": unit["code"], "part": "lead"}],
    }
    town.ask(Role.DISPATCHER, "POST", f"/cases/{code}/whistles", json=told)
    return code


def test_whom_a_whistle_calls_answers_it_on_his_phone(town: Worker, browser: Any) -> None:
    code = call_in(town)
    state = "SELECT p.state, p.words FROM whistle_party p"
    with phone(town, browser, login="department", forgive="Failed to load resource") as page:
        usable(page)
        view(page, "today")
        assert page.locator("[data-tab=homes]").is_hidden()
        first = page.locator(".stops .stop").first
        assert first.get_attribute("data-stop") == code  # before all that lies with him
        assert all(word in first.inner_text() for word in ("等您应哨", "应急哨", "还剩"))
        first.tap()
        view(page, "case")
        assert "权属不明，请到场" in page.inner_text(".calling")
        assert "应哨" in page.inner_text(".calling")
        assert page.locator("[data-key=decline]").count() == 1
        page.context.set_offline(True)
        page.tap("[data-key=claim]")
        until(page, "document.querySelector('[data-key=arrive]') !== null")
        page.tap("[data-key=arrive]")
        page.wait_for_selector("[data-key=finish]")
        assert queued(page) == ["waiting", "waiting"]
        page.context.set_offline(False)
        sent(page, 2)
        assert town.rows(state) == [{"state": "arrived", "words": None}]
        page.wait_for_selector("[data-key=finish]")
        page.tap("[data-key=finish]")
        page.tap("[form=move]")
        assert "说几句" in page.inner_text(".fault")
        page.tap(".field .chip >> nth=0")
        view(page, "move")
        page.tap("[form=move]")
        sent(page, 3)
        assert town.rows(state)[0]["state"] == "finished"
        until(page, "document.querySelector('.calling') === null")


def test_what_a_meeting_decided_is_carried_out_on_the_phone_and_seen_on_the_desk(
    town: Worker, browser: Any
) -> None:
    code = call_in(town)
    (unit,) = town.rows("SELECT code, name FROM network_unit ORDER BY id = "
                        "(SELECT unit_id FROM account WHERE login = 'department') DESC LIMIT 1")  # fmt: skip
    round_ = f"/cases/{code}/whistles/1"
    when = (datetime.now(UTC) + timedelta(hours=3)).isoformat()
    tasks = [
        {"unit": unit["code"], "words": words, "due_at": when} for words in ("移走杂物", "划线")
    ]
    town.ask(Role.DISPATCHER, "POST", f"{round_}/meetings", json={"at": when, "place": "居委会"})
    told = {"words": "通道三天内清空", "tasks": tasks}
    town.ask(Role.DISPATCHER, "POST", f"{round_}/decisions", json=told)
    done = "SELECT words, done_words FROM follow_up ORDER BY id"
    with phone(town, browser, login="department") as page:
        usable(page)
        page.tap(f"[data-stop='{code}']")
        view(page, "case")
        assert page.locator(".calling").count() == 2  # the whistle, and the first task
        assert "移走杂物" in page.inner_text(".calling >> nth=1")
        page.tap("[data-key=follow_up]")
        page.tap(".field .chip >> nth=0")
        page.context.set_offline(True)
        page.tap("[form=move]")
        view(page, "case")
        until(page, "document.querySelectorAll('.calling')[1].textContent.includes('划线')")
        assert queued(page) == ["waiting"]
        page.context.set_offline(False)
        sent(page, 1)
        assert [bool(one["done_words"]) for one in town.rows(done)] == [True, False]
        until(page, "document.querySelector('.parties .badge.good') !== null")
        assert faults(page) == []
    with phone(town, browser, login="dispatcher", **DESK, is_mobile=False, has_touch=False) as page:
        page.goto(f"{town.base}/desk#{code}")
        page.wait_for_selector(".meeting")
        assert "通道三天内清空" in page.inner_text(".meeting")
        assert "已落实" in page.inner_text(".tasks li >> nth=0")
        assert page.locator("[data-move=follow_up]").count() == 1
        assert faults(page) == []
        page.click("[data-move=follow_up]")
        page.fill("#whistle-told", "已划线")
        page.click("dialog .main")
        page.wait_for_selector(".tasks li >> nth=1 >> text=已划线")
        until(page, "document.querySelector('[data-move=follow_up]') === null")
    assert town.rows(done)[1]["done_words"] == "已划线"
    with phone(town, browser, login="department") as page:
        usable(page)
        page.tap(f"[data-stop='{code}']")
        view(page, "case")
        assert page.locator(".calling").count() == 1


def test_the_chief_approves_on_the_desk_and_it_is_declined_on_the_phone(
    town: Worker, browser: Any
) -> None:
    code = call_in(town, "routine")
    assert town.rows("SELECT state FROM whistle") == [{"state": "asked"}]
    with phone(town, browser, login="chief", **DESK, is_mobile=False, has_touch=False) as page:
        page.goto(f"{town.base}/desk")
        page.click(".called summary")
        page.click(".called .row")
        page.click("[data-move=approve]")
        page.wait_for_selector("[data-move=claim]")
        until(page, "document.querySelector('.called').hidden")
        assert faults(page) == []
    with phone(town, browser, login="department", color_scheme="dark") as page:
        usable(page)
        page.tap(f"[data-stop='{code}']")
        page.tap("[data-key=decline]")
        page.tap(".field .chip >> nth=0")
        page.tap("[form=move]")
        sent(page, 1)
        until(page, f"document.querySelector('[data-stop=\"{code}\"]') === null")
        assert town.rows("SELECT state FROM whistle_party") == [{"state": "declined"}]
