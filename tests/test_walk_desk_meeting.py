"""A joint meeting on the desk: called, moved, its decisions written down, one more task added."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from accessible import faults
from conftest import Base
from stairwell import Worker, phone
from test_walk_worker_whistle import call_in
from walking import DESK, until

from gis.access import Role

DESKTOP = {**DESK, "is_mobile": False, "has_touch": False}
MEETING = "SELECT at, place, participants, decisions FROM meeting"
TASKS = "SELECT t.words, u.code AS unit, t.due_at FROM follow_up t JOIN network_unit u ON u.id = t.unit_id ORDER BY t.id"


@pytest.fixture
def town(server: Callable[..., Base], town_url: str) -> Worker:
    return Worker(server(town_url), town_url)


def written(page: Any, label: str) -> Any:
    return page.locator(".meet form").get_by_label(label)


def send(page: Any) -> None:
    """Press the form's own button, by keyboard, and wait until it is gone."""
    page.focus(".meet form .btn.main")
    page.keyboard.press("Enter")
    until(page, "document.querySelector('.meet form') === null")


def test_a_meeting_is_called_decides_and_is_followed_up(town: Worker, browser: Any) -> None:
    code = call_in(town)
    (unit,) = town.rows("SELECT u.code, u.name FROM account a JOIN network_unit u "
                        "ON u.id = a.unit_id WHERE a.login = 'department'")  # fmt: skip
    with phone(town, browser, login="dispatcher", **DESKTOP) as page:
        page.goto(f"{town.base}/desk#{code}")
        page.wait_for_selector("[data-meet=meet]")
        assert page.locator("[data-meet]").count() == 1  # nothing to decide before one is called
        page.focus("[data-meet=meet]")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.type") == "datetime-local"
        assert written(page, unit["name"]).is_checked()
        assert faults(page) == []
        written(page, "什么时候").fill("2026-12-01T09:30")
        written(page, "在哪里").fill("居委会三楼")
        send(page)
        assert page.evaluate("document.activeElement.dataset.meet") == "resolve"
        (kept,) = town.rows(MEETING)
        assert kept["at"] == datetime.fromisoformat("2026-12-01T09:30+08:00")
        assert (kept["place"], kept["participants"]) == ("居委会三楼", [unit["code"]])

        # the one that is called is moved, no second one
        page.click("[data-meet=meet]")
        assert written(page, "什么时候").input_value() == "2026-12-01T09:30"
        assert written(page, "在哪里").input_value() == "居委会三楼"
        written(page, "什么时候").fill("2026-12-02T14:00")
        send(page)
        (kept,) = town.rows(MEETING)
        assert kept["at"] == datetime.fromisoformat("2026-12-02T14:00+08:00")

        # decided: two tasks, one of them thought better of
        page.click("[data-meet=resolve]")
        written(page, "议定了什么").fill("通道三天内清空")
        for words in ("移走杂物", "不算"):
            page.click(".meet form [data-more]")
            written(page, "落实什么").last.fill(words)
        written(page, "什么时候前").first.fill("2026-12-05T18:00")
        page.locator(".meet form li").last.get_by_role("button").click()
        assert faults(page) == []
        send(page)
        assert [one["decisions"] for one in town.rows(MEETING)] == ["通道三天内清空"]
        due = datetime.fromisoformat("2026-12-05T18:00+08:00")
        assert town.rows(TASKS) == [{"words": "移走杂物", "unit": unit["code"], "due_at": due}]
        page.wait_for_selector(".meeting >> text=通道三天内清空")

        page.click("[data-meet=task]")
        written(page, "落实什么").fill("划线")
        send(page)
        assert [one["words"] for one in town.rows(TASKS)] == ["移走杂物", "划线"]
        assert page.locator(".meeting .tasks li").count() == 2


def test_who_was_slower_is_told_and_loses_no_word(town: Worker, browser: Any) -> None:
    code = call_in(town)
    with phone(town, browser, login="dispatcher", forgive="409", **DESKTOP) as page:
        form, same = {"language": "en", "next": "/style"}, {"Origin": str(town.base)}
        assert page.request.post(f"{town.base}/view", form=form, headers=same).ok
        page.goto(f"{town.base}/desk#{code}")
        page.click("[data-meet=meet]")
        written(page, "Where").fill("third floor")
        told = {"at": "2026-12-01T09:30+08:00", "place": "elsewhere"}
        town.ask(Role.DISPATCHER, "POST", f"/cases/{code}/whistles/1/meetings", json=told)
        page.click(".meet form .btn.main")
        page.wait_for_selector(".meet .fault:not([hidden])")
        assert written(page, "Where").input_value() == "third floor"
        assert [one["place"] for one in town.rows(MEETING)] == ["elsewhere"]
        page.click(".meet form .btn.bare:last-child")
        assert page.evaluate("document.activeElement.dataset.meet") == "meet"


def test_what_is_begun_while_the_case_is_read_again_is_kept(town: Worker, browser: Any) -> None:
    code = call_in(town)
    with phone(town, browser, login="dispatcher", **DESKTOP) as page:
        page.goto(f"{town.base}/desk#{code}")
        page.wait_for_selector("[data-meet=meet]")
        held: list[Any] = []
        page.route(f"**/cases/{code}/whistles", lambda route: held.append(route))
        town.ask(
            Role.DISPATCHER,
            "POST",
            f"/cases/{code}/moves",
            json={"move": "note", "words": "看过了"},
        )
        until(page, lambda: held)
        page.click("[data-meet=meet]")
        written(page, "在哪里").fill("三楼")
        with page.expect_request_finished(lambda asked: asked.url.endswith("/whistles")):
            held[0].continue_()
        page.evaluate("new Promise((done) => setTimeout(() => requestAnimationFrame(done)))")
        assert written(page, "在哪里").input_value() == "三楼"
        page.unroute(f"**/cases/{code}/whistles")
        send(page)
        page.wait_for_selector(".story >> text=看过了")  # and then all that is new
