"""Every page as a resident, a worker and staff open it: nothing from outside, no fault of the
console, no serious fault for who cannot see, in both languages, light and dark, at both sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from accessible import faults
from conftest import Base
from stairwell import Worker, phone, usable, view
from test_walk_cases import City
from test_walk_report import seen
from walking import DESK, PHONE, until

from gis.access import Role

PAGES: dict[str, tuple[Role | None, str]] = {
    "/": (None, "#some-notices > *"),
    "/map": (None, "#loading[hidden], #legend:not([hidden])"),
    "/style": (None, "#clocks .clock"),
    "/sign-in": (None, "#login"),
    "/worker": (Role.WORKER, "#list :is(.stops, .empty)"),
    "/desk": (Role.DISPATCHER, "#queue :is(.case-row, .empty)"),
    "/register": (Role.LEADER, ".results .empty"),
    "/editors": (Role.LEADER, "#kinds a"),
}
"""For whom each page is, and what shows that it is there."""
IN_SIGHT = """(() => {
    const nav = document.getElementById('nav')?.getBoundingClientRect();
    const here = document.querySelector('#nav [aria-current]')?.getBoundingClientRect();
    return !nav?.width || !here || (here.left >= nav.left - 1 && here.right <= nav.right + 1);
})()"""


@pytest.fixture
def city(server: Callable[..., Base], town_url: str) -> City:
    return City(server(town_url), town_url)


def test_every_page_is_whole_in_itself_and_open_to_all(city: City, browser: Any) -> None:
    found = {}
    for path, (role, there) in PAGES.items():
        for size, scheme, cookies in ((DESK, "light", []), (PHONE, "dark", [_cookie(city)])):
            how = {"color_scheme": scheme, "storage_state": {"cookies": cookies, "origins": []}}
            with seen(city, browser, path, role=role, **size, **how) as page:
                page.locator(there).first.wait_for(state="attached")
                if path != "/worker" and role:  # whose bar is a menu
                    page.locator("#nav [aria-current]").wait_for(state="attached")
                    until(page, IN_SIGHT)
                found[path, scheme] = faults(page)
                assert [one for one in page.asked if not _own(one, city)] == [], path
                across = page.evaluate("document.documentElement.scrollWidth - innerWidth")
                assert across <= 0, f"{path} can be pushed sideways"
    assert {where: told for where, told in found.items() if told} == {}


ZONE = """() => import('/static/page/zone.js').then(({ instant, local }) => [
    instant('2027-01-15T23:30').toISOString(), local('2027-01-15T15:30:00Z'), local('2027-01-15'),
    instant('2027-03-28T01:30').toISOString(), instant('2027-03-28T03:30').toISOString()])"""


def test_pages_tell_the_towns_time_wherever_the_reader_is(
    server: Callable[..., Base], town_url: str, browser: Any
) -> None:
    town = Worker(server(town_url), town_url)
    code = town.give()  # until 23:59 in China
    away = {**DESK, "timezone_id": "America/New_York"}
    poll = {
        "title": "停车", "body": "画不画线", "poll_of": "household", "options": ["画", "不画"],
        "opens_at": "2127-01-14T00:30:00+08:00", "closes_at": "2127-01-15T23:30:00+08:00",
    }  # fmt: skip
    town.ask(Role.ADMINISTRATOR, "POST", "/community/polls", json=poll)
    with seen(town, browser, f"/desk#{code}", role=Role.DISPATCHER, **away) as page:
        page.wait_for_selector(".case-time")
        assert "23:59" in page.inner_text(".case-time")
        assert page.evaluate(ZONE)[:3] == [
            "2027-01-15T15:30:00.000Z", "2027-01-15T23:30", "2027-01-15T12:00"
        ]  # fmt: skip
    with seen(town, browser, town.link("case", code), role=Role.DISPATCHER, **away) as page:
        page.wait_for_selector("text=/今天 23:59/")
    with seen(town, browser, "/#polls", **away) as page:
        page.wait_for_selector("#view .row:has-text('停车') >> text=1/14 00:30")
    with phone(town, browser, timezone_id="America/New_York") as page:
        usable(page)
        page.tap(f"[data-stop='{code}']")
        view(page, "case")
        assert "23:59" in page.inner_text(".standing")
    berlin = Base(server(town_url, time_zone="Europe/Berlin"))
    with browser.new_context(**away) as context:
        page = context.new_page()
        page.goto(f"{berlin}/style")
        assert page.evaluate(ZONE)[3:] == ["2027-03-28T00:30:00.000Z", "2027-03-28T01:30:00.000Z"]


def _cookie(city: City) -> dict[str, Any]:
    return {
        "name": "wangge_language", "value": "en", "domain": str(urlsplit(city.base).hostname),
        "path": "/", "expires": -1, "httpOnly": True, "secure": False, "sameSite": "Lax",
    }  # fmt: skip


def _own(address: str, city: City) -> bool:
    return address.startswith((f"{city.base}/", "data:", "blob:"))


def test_language_and_theme_are_kept_from_page_to_page(city: City, browser: Any) -> None:
    with seen(city, browser, "/style") as page:
        assert page.locator("h1").inner_text() == "样式"
        page.get_by_role("button", name="English").click()
        assert page.locator("h1").inner_text() == "Style"
        page.locator(".style").get_by_role("button", name="Dark").click()
        assert page.locator("html").get_attribute("data-theme") == "dark"
        assert page.locator("html").get_attribute("lang") == "en"
        page.goto(f"{city.base}/map")
        assert page.locator("html").get_attribute("data-theme") == "dark"
        page.goto(f"{city.base}/style?a=b#space")
        page.locator(".look summary").click()
        page.keyboard.press("Escape")
        assert page.locator(".look").get_attribute("open") is None
        page.get_by_role("button", name="中文").click()
        page.locator("html[lang=zh-CN]").wait_for()
        assert page.url.endswith("/style?a=b#space")
        assert page.locator("h1").inner_text() == "样式"
        page.get_by_role("button", name="问一句").click()
        page.keyboard.press("Escape")
        page.locator("dialog").wait_for(state="detached")
