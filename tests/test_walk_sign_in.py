"""Signing in with a real browser: by password, by one click, without a script, on a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from conftest import Base
from provider import CLIENT, SECRET, Provider
from town import TESTER
from walking import DESK, PHONE, drawn, heard, until

import api.actions.accounts as acts
from data.accounts import Charged
from gis.access import Role

PASSWORD = "correct horse battery"


@contextmanager
def visit(browser: Any, base: str, path: str = "/map", **how: Any) -> Iterator[Any]:
    """Open a page as nobody; no script error, no policy violation, no other host."""
    context = browser.new_context(**(how or DESK))
    page = context.new_page()
    said = heard(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(base + path)
    yield page
    # a refused password answers 401, which the browser says aloud
    assert [one for one in said if "401" not in one] == []
    assert [url for url in asked if not url.startswith((base, "data:"))] == []
    context.close()


@pytest.fixture
def base(server: Callable[..., Base], town: sa.Engine, town_url: str) -> Base:
    acts.add(
        town, "li.si", role=Role.DISPATCHER, name="李四<b>", charges=[Charged(everything=True)],
        worker=None, password=PASSWORD, by=TESTER,
    )  # fmt: skip
    return server(town_url)


def open_cases(page: Any) -> bool:
    """Whether the map shows any single case."""
    return bool(
        page.evaluate(
            "fetch('/layers/cases.geojson').then((a) => a.json()).then((a) => a.features.length)"
        )
    )


def test_from_the_map_to_the_form_and_back(base: Base, browser: Any) -> None:
    with visit(browser, base, "/map#15/30.1/111.2") as page:
        assert drawn(page) > 20
        assert not open_cases(page)
        assert page.get_attribute(".me", "aria-label") == "登录"
        here = page.url
        page.click(".me")
        page.wait_for_selector("#login")
        page.fill("#login", "li.si")
        page.fill("#password", "wrong password")
        page.press("#password", "Enter")
        page.wait_for_selector("[role=alert]")
        assert "登录名或密码不对" in page.inner_text("[role=alert]")
        assert page.input_value("#login") == "li.si"
        page.fill("#password", PASSWORD)
        page.press("#password", "Enter")
        page.wait_for_selector(".me.in")
        assert page.url == here
        assert open_cases(page)
        page.click(".me")
        assert page.inner_text("#who .name") == "李四<b>"
        assert "派遣员 · 全部 everything" in page.inner_text("#who")
        page.keyboard.press("Escape")
        assert page.is_hidden("#who")
        page.click(".me")
        page.click("#who button")
        until(page, "document.querySelector('.me:not(.in)') !== null")
        assert not open_cases(page)


@pytest.mark.parametrize("how", [DESK, PHONE], ids=["desk", "phone"])
def test_a_demo_account_is_one_click(base: Base, browser: Any, how: dict[str, Any]) -> None:
    with visit(browser, base, "/sign-in?next=/map", **how) as page:
        assert page.locator(".demo button").count() == len(Role)
        small = page.evaluate("""() => [...document.querySelectorAll('button, input:not([type=hidden]), a:not(.skip)')]
            .filter((e) => e.checkVisibility()).map((e) => [e.getBoundingClientRect(), e.outerHTML])
            .filter(([box]) => box.height < 43.5 || box.width < 43.5).map(([, html]) => html)""")
        assert small == []
        assert page.evaluate(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        )
        page.click(".demo button[value=worker]")
        page.wait_for_selector(".me.in")
        page.click(".me")
        card = page.locator("#who").bounding_box()
        assert card["x"] >= 0
        assert card["y"] >= 0
        page.click("#who a[href^='/sign-in']")
        page.wait_for_selector(".charge")
        assert "网格" in page.inner_text(".charge")
        page.click("text=English")
        page.get_by_role("heading", name="In charge of").wait_for()
        page.click(".look summary")
        page.click("text=Dark")
        assert page.locator("html").get_attribute("data-theme") == "dark"
        assert page.locator("a.main").get_attribute("href") == "/map"
        page.click("text=中文")
        page.click("text=退出所有设备")
        page.wait_for_selector("#login")


def test_without_a_script_everything_about_the_account_works(base: Base, browser: Any) -> None:
    with visit(browser, base, "/sign-in?next=/sign-in", java_script_enabled=False) as page:
        page.fill("#login", "LI.SI")
        page.fill("#password", PASSWORD)
        page.click("form[action='/sign-in'] button")
        page.wait_for_selector("#old")
        page.fill("#old", PASSWORD)
        page.fill("#new", "another long one")
        page.click("form[action='/me/password'] button")
        page.wait_for_selector("[role=status]")
        assert "密码已修改" in page.inner_text("[role=status]")
        page.click("text=退出登录")
        page.fill("#login", "li.si")
        page.fill("#password", "another long one")
        page.press("#password", "Enter")
        page.wait_for_url("**/desk")


def test_the_citys_own_sign_in_is_a_button(
    server: Callable[..., Base], town: sa.Engine, town_url: str, browser: Any
) -> None:
    provider = Provider()
    acts.add(
        town, "li.si", role=Role.PLANNER, name="李四", charges=[], worker=None, password=None,
        by=TESTER,
    )  # fmt: skip
    base = server(
        town_url,
        oidc_issuer=provider.issuer,
        oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,
        oidc_name="滨江统一认证",
    )
    context = browser.new_context(**DESK)
    page = context.new_page()
    page.goto(f"{base}/sign-in?next=/sign-in")
    page.click("text=滨江统一认证")
    page.wait_for_selector("h1")
    assert "李四" in page.inner_text("h1")
    assert page.evaluate("document.cookie") == ""
    context.close()
    provider.close()
