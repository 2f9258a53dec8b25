"""The dispatcher's desk in a real browser: the queue, the map, a case beside it, all of it live."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from accessible import faults
from conftest import Base
from test_walk_cases import City
from test_walk_report import seen
from walking import PHONE, drawn, until

from gis.access import Role

ROWS = ".case-row"


@pytest.fixture
def city(server: Callable[..., Base], town_url: str) -> City:
    return City(server(town_url), town_url)


def row(code: str) -> str:
    return f'{ROWS}[data-code="{code}"]'


def ready(page: Any) -> None:
    page.wait_for_selector(ROWS)
    assert drawn(page) > 5
    until(page, "performance.getEntriesByType('resource').some(({ name }) => name.endsWith('/me'))")


def state_of(city: City, code: str) -> str:
    return str(city.ask(Role.ADMINISTRATOR, "GET", f"/cases/{code}")["state"])


def test_a_case_is_sent_from_the_desk_and_a_second_desk_sees_it(city: City, browser: Any) -> None:
    city.do("UPDATE case_file SET state = 'closed' WHERE mod(id, 40) > 0")
    code = city.report()
    city.move(code, "file", condition=1)
    with (
        seen(city, browser, "/desk", role=Role.DISPATCHER) as page,
        seen(city, browser, "/desk", role=Role.CHIEF) as other,
    ):
        ready(page)
        ready(other)
        assert faults(page) == []

        # as the store has them, the late ones first; the numbers at the choices are the store's
        queue = city.ask(Role.DISPATCHER, "GET", "/desk/queue")
        shown = page.evaluate(
            "[...document.querySelectorAll('.case-row')].sort((a, b) => a.ariaRowIndex - b.ariaRowIndex)"
            ".map((row) => row.dataset.code)"
        )
        assert shown == [case["code"] for case in queue["cases"]][: len(shown)]
        told = queue["facets"]
        assert page.inner_text(".total b") == str(told["cases"])
        assert page.inner_text("[data-step=filed] .n") == str(told["by_state"]["filed"])

        # by keyboard alone: only those to be dispatched, by class and area, then open
        page.click("[data-step=filed]")
        page.wait_for_selector(row(code))
        until(page, lambda: page.inner_text(".total").split() == ["1", "件未结"])
        page.keyboard.press("/")
        page.keyboard.type(city.name)
        page.wait_for_selector("#found [role=option]")
        page.keyboard.press("Enter")
        page.wait_for_selector(".area .badge")
        until(page, f"document.querySelectorAll('{ROWS}').length === 1")
        page.keyboard.press("Escape")
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("q")
        page.keyboard.press("Enter")
        page.wait_for_selector(".case .why .sentence")
        assert page.evaluate("document.activeElement.textContent") == "案卷"
        assert "供水管道破裂" in page.inner_text(".case-title")
        assert faults(page) == []

        # the one whom the rules name, and at once all desks know
        other.click("[data-step=filed]")
        other.wait_for_selector(row(code))
        other.click(row(code))
        other.wait_for_selector(".case-acts [data-move=dispatch]")
        other.focus("#search")
        page.click(".case-acts [data-key=propose]")
        page.wait_for_selector(".case [data-move=recall]")
        assert state_of(city, code) == "dispatched"
        other.wait_for_selector(row(code), state="detached")
        other.wait_for_selector(".told:not(:empty)")
        other.wait_for_selector(".case [data-move=recall]")
        assert other.evaluate("document.activeElement.id") == "search"

        # and back again
        page.click(".toast .btn")
        page.wait_for_selector(".case [data-move=dispatch]")
        assert state_of(city, code) == "filed"
        other.wait_for_selector(f"{row(code)} .just")


def test_many_cases_are_ticked_and_supervised_and_the_list_stays_where_it_is(
    city: City, browser: Any
) -> None:
    with seen(city, browser, "/desk", role=Role.DISPATCHER) as page:
        ready(page)
        # far down more is loaded, and only what is seen is drawn
        until(
            page,
            "document.querySelector('.list').scrollTop += 2000,"
            "Number(document.querySelector('.case-row').getAttribute('aria-rowindex')) > 100",
        )
        assert page.locator(ROWS).count() < 40
        before = page.evaluate(
            "[document.querySelector('.list').scrollTop, document.querySelectorAll('.case-row').length]"
        )
        city.report()
        page.wait_for_selector(".told:not(:empty)")
        assert abs(page.evaluate("document.querySelector('.list').scrollTop") - before[0]) < 80

        page.evaluate("document.querySelector('.list').scrollTop = 0")
        page.keyboard.press("q")
        page.keyboard.press("Home")
        for key in ("x", "ArrowDown", " "):
            page.keyboard.press(key)
        assert page.locator(f"{ROWS}[aria-selected=true]").count() == 2
        codes = page.evaluate(
            "[...document.querySelectorAll('.case-row[aria-selected=true]')].map((row) => row.dataset.code)"
        )
        page.click(".picked .acts .btn:last-child")
        page.fill("dialog textarea", "今天办结")
        page.click("dialog .btn.main")
        page.wait_for_selector(".toast")
        page.wait_for_selector(f"{row(codes[0])} .badge.late")
        asked = [city.ask(Role.ADMINISTRATOR, "GET", f"/cases/{one}") for one in codes]
        assert [one["supervised"] for one in asked] == [True, True]
        assert page.is_hidden(".picked")


def test_what_is_late_is_marked_on_the_map_and_what_stands_still_comes_last(
    city: City, browser: Any
) -> None:
    """The legend's boxes choose the states; a mark is there only while something is late."""
    mark = """() => {
        const { width, height } = document.querySelector('canvas.names');
        const pen = Object.assign(document.createElement('canvas'), { width, height }).getContext('2d');
        pen.drawImage(document.querySelector('canvas.names'), 0, 0);
        const { data } = pen.getImageData(0, 0, width, height);
        let n = 0;
        for (let at = 0; at < data.length; at += 4) n += data[at] === 179 && data[at + 1] === 38 && data[at + 2] === 30;
        return n;
    }"""
    city.do("UPDATE case_file SET state = 'void' WHERE mod(id, 20) > 0 AND state <> 'handling'")
    city.do("UPDATE case_file SET due_at = now() - interval '1 hour' WHERE state = 'handling'")
    with seen(city, browser, "/desk", role=Role.DISPATCHER) as page:
        ready(page)
        page.click(".layers summary")
        assert faults(page) == []
        for state in ("待受理", "已核实"):  # their signs have the colour of the mark
            page.click(f".signs .check:has-text('{state}')")
        until(page, f"({mark})() > 0")
        assert page.locator(".part").first.inner_text() == "已超期"
        page.evaluate("document.querySelector('.list').scrollTop = 1e6")
        page.wait_for_selector(".part.standing")
        n = city.ask(Role.DISPATCHER, "GET", "/desk/queue")["facets"]["standing"]
        assert page.inner_text(".part.standing .num") == str(n) != "0"
        assert page.locator(ROWS).last.locator(".clock.paused").count() == 1
        city.do("UPDATE case_file SET due_at = NULL, stage_due_at = NULL, overdue_at = NULL")
        city.report()  # everybody hears of it, and asks anew
        page.reload()
        ready(page)
        page.click(".layers summary")
        for state in ("待受理", "已核实"):
            page.click(f".signs .check:has-text('{state}')")
        until(page, f"({mark})() === 0")
        assert page.locator(".part").first.inner_text() != "已超期"


def test_on_the_telephone_queue_and_map_are_two_views_and_no_worker_is_needed(
    city: City, browser: Any
) -> None:
    how = {**PHONE, "color_scheme": "dark"}
    with seen(city, browser, "/desk", role=Role.DISPATCHER, **how) as page:
        page.add_init_script("delete window.OffscreenCanvas")
        page.reload()
        page.wait_for_selector(ROWS)
        assert not page.is_visible(".place")
        assert faults(page) == []
        page.tap("#views [data-view=map]")
        assert drawn(page) > 5
        assert not page.is_visible(ROWS)
        page.tap("#views [data-view=queue]")
        page.tap(f"{ROWS} .what")
        page.wait_for_selector(".case .why .sentence")
        assert faults(page) == []
        small = page.evaluate(
            "[...document.querySelectorAll('.case .btn, .views button, .side-head button')]"
            ".filter((one) => one.offsetHeight < 44).map((one) => one.textContent)"
        )
        assert small == []
        under = "[...document.querySelectorAll('#queue, #views')].map((one) => one.inert)"
        assert page.evaluate(under) == [True] * 2  # what the panel covers no key reaches
        page.tap(".side-head button")
        page.wait_for_selector(ROWS)
        assert page.evaluate(under) == [False] * 2
        assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_what_is_switched_on_is_seen_at_once(city: City, browser: Any) -> None:
    with seen(city, browser, "/desk", role=Role.DISPATCHER) as page:
        ready(page)
        for _ in range(2):
            page.click(".leaflet-control-zoom-in")
            before = drawn(page)
        page.click(".layers summary")
        page.check(".layers label:has-text('设施') input")
        until(page, lambda: drawn(page) > before + 20)
