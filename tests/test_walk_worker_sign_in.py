"""The worker's page without network, with a wrong clock, on a desk, when a sign-in has ended, and for who may not."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from accessible import faults
from conftest import Base
from stairwell import STILL, Worker, phone, sent, usable, view
from walking import DESK, until


@pytest.fixture
def town(server: Callable[..., Base], town_url: str) -> Worker:
    return Worker(server(town_url), town_url)


def test_what_time_it_is_the_server_says_and_not_the_phone(town: Worker, browser: Any) -> None:
    code, made = town.give(), "SELECT at > now() - interval '1 minute' AS is_now FROM visit"
    for number, ahead in enumerate((timedelta(days=1), -timedelta(days=800)), 1):
        with phone(
            town, browser, ahead=ahead, forgive="Failed to load resource",
            timezone_id="America/Los_Angeles",
        ) as page:  # fmt: skip
            usable(page)
            until(page, "navigator.serviceWorker.controller !== null")
            until(page, "import('/static/worker/kept.js').then(({ day }) => day())")
            page.evaluate(f"location.hash = '#/case/{code}'")
            for _ in ("online", "offline"):
                assert re.match(r"还剩\d+(小时|分钟)", page.inner_text("#card .clock"))
                page.context.set_offline(True)
                page.reload()
            usable(page)
            page.evaluate("location.hash = '#/today'")
            page.locator(".stops a[href^='#/visit/']").first.tap()
            view(page, "visit")
            page.tap(".telling .chip >> nth=0")
            page.tap(".findings .well")
            page.context.set_offline(False)
            sent(page, 1)
            told = town.rows(f"{made} ORDER BY id DESC LIMIT {number}")
            assert [one["is_now"] for one in told] == [True] * number
            assert page.evaluate(
                "import('/static/page/time.js').then(({ day }) => day('2026-11-30'))"
            ).endswith("11月30日")


def test_without_network_nothing_is_lost_and_a_conflict_is_shown(
    town: Worker, browser: Any
) -> None:
    code, other = town.give(), town.give("楼道堆物", **{"class": "0410"})
    loud = town.give("消防通道被堵", **{"class": "0136"})
    with phone(town, browser, forgive="Failed to load resource") as page:
        usable(page)
        until(page, "navigator.serviceWorker.controller !== null")
        page.context.set_offline(True)
        until(page, "document.querySelector('#line').textContent.includes('离线')")
        for one in (code, other):
            page.tap(f"[data-stop='{one}']")
            page.tap("[data-key=take]")
            page.wait_for_selector("#card .notice.warn")
            assert page.locator("[data-key=feedback]").count() == 1  # what may follow is there
            page.go_back()
            until(page, "document.body.dataset.view === 'today'")
        until(page, f"location.hash = '#/case/{loud}'")
        page.tap("[data-key=whistle]")
        page.wait_for_selector("#card details")
        view(page, "whistle")
        page.tap("[data-key=send]")
        until(page, "document.body.dataset.view === 'case'")
        assert page.locator("[data-key=whistle]").count() == 0
        page.evaluate("location.hash = '#/today'")
        page.reload()
        usable(page)
        assert page.inner_text("[data-tab=queue] .many") == "3"
        town.move(code, "recall", reason="改派别处")
        page.tap("[data-tab=queue]")
        view(page, "queue")
        page.context.set_offline(False)
        sent(page, 2, conflicts=1)
        view(page, "queue")
        assert "撤回" in page.inner_text(".since")
        assert town.state(other) == "handling"
        page.tap(".queue .danger")
        page.tap("dialog .danger")
        until(page, "document.querySelector('.queue .since') === null")
        sent(page, 2)
        assert town.state(code) == "filed"
        called = "SELECT count(*) AS n FROM whistle_party p JOIN whistle w ON w.id = p.whistle_id"
        assert town.rows(called) == [{"n": 3}]  # whom the rules chose when it arrived


def test_on_a_desk_by_keyboard_and_live(town: Worker, browser: Any) -> None:
    with phone(
        town, browser, **DESK, is_mobile=False, has_touch=False, device_scale_factor=1
    ) as page:
        usable(page)
        until(page, "document.querySelectorAll('.leaflet-tile-loaded').length > 0")
        until(page, STILL)
        assert faults(page) == []
        code = town.give()
        until(page, f"document.querySelector('[data-stop=\"{code}\"]') !== null", seconds=5)
        page.focus(f"[data-stop='{code}']")
        page.keyboard.press("Enter")
        until(page, "document.activeElement.id === 'card'")
        boxes = [page.locator(f"#{one}").bounding_box() for one in ("list", "card", "ground")]
        assert all(box and box["width"] > 380 for box in boxes)
        for _ in range(12):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.dataset.key") == "take":
                break
        page.keyboard.press("Enter")
        sent(page, 1)
        assert town.state(code) == "handling"


def test_who_may_not_or_is_nobody_is_told_so(town: Worker, browser: Any) -> None:
    with phone(town, browser, login="", color_scheme="dark") as page:
        page.wait_for_selector("a[href='/sign-in?next=/worker'].big")
        assert faults(page) == []
    with phone(town, browser, login="planner") as page:
        until(page, "document.querySelector('#list').textContent.includes('网格员')")
    with phone(town, browser, login="leader", color_scheme="dark") as page:
        usable(page)
        view(page, "today")
        page.tap("#menu-open")
        assert page.locator("#menu a[href='/desk']").count() == 1
        with page.expect_navigation():
            page.tap("#menu button[name=language]")
        usable(page)
        assert "to do" in page.inner_text(".summary")
        view(page, "today")


def test_when_a_sign_in_has_ended_no_tab_goes_on_showing_what_it_showed(
    town: Worker, browser: Any
) -> None:
    with phone(town, browser, forgive="Failed to load resource", **DESK) as page:
        usable(page)
        page.locator(".stops a[href^='#/visit/']").first.click()
        page.click("#card a[href^='#/home/']")
        page.locator(".person-card button").first.click()
        page.wait_for_selector("dialog textarea")
        held: list[Any] = []
        page.route("**/worker/day", lambda one: held.append((one, one.fetch())), times=1)
        page.evaluate("import('/static/worker/day.js').then(({ refresh }) => { refresh(); })")
        until(page, lambda: held)
        other = page.context.new_page()
        other.goto(f"{town.base}/worker")
        usable(other)
        other.evaluate("import('/static/worker/kept.js').then(({ wipe }) => wipe())")
        page.wait_for_selector(".nobody")
        ((route, answer),) = held
        route.fulfill(response=answer)
        page.evaluate("import('/static/worker/day.js').then(({ refresh }) => refresh())")
        assert page.locator("#card").inner_html() == ""
        assert page.locator(".nobody").is_visible()
        assert page.locator("dialog[open], .person-card, .stops, .pin-mark").count() == 0
