"""Every page as every role at both sizes: open to whom it is for, refused in words to others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from conftest import Base
from test_walk_cases import City
from walking import DESK, PHONE, heard

from gis.access import RIGHTS, Right, Role

PAGES: dict[str, Right | None] = {
    "/": None,
    "/map": None,
    "/worker": None,
    "/desk": Right.DISPATCH,
    "/plan": Right.PLAN,
    "/editors": Right.COMMUNITY,
    "/register": Right.PERSONS,
    "/style": None,
}
"""The pages, and the right that each wants."""


@pytest.fixture
def city(server: Callable[..., Base], town_url: str) -> City:
    return City(server(town_url), town_url)


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_every_role_finds_its_pages_and_is_told_which_are_not_its(
    city: City, browser: Any, size: dict[str, Any]
) -> None:
    for role in (None, *Role):
        headers = {"Authorization": f"Bearer {city.token(role)}"} if role else {}
        context = browser.new_context(**size, extra_http_headers=headers)
        page = context.new_page()
        said, asked = heard(page), []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        for path, right in PAGES.items():
            here, may = f"{role} at {path}", right is None or (role and right in RIGHTS[role])
            answer = page.goto(city.base + path)
            if not may:
                assert_told(page, answer, role, here)
                said.clear()  # the browser itself tells of the refusal
                continue
            assert answer.status == 200, here
            page.wait_for_selector("main, .folium-map, #app", timeout=60_000)
            page.wait_for_load_state("load")
            across = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert across <= 0, f"{here} can be pushed sideways"
            assert said == [], here
        assert [one for one in asked if not one.startswith((city.base, "data:", "blob:"))] == []
        context.close()


def assert_told(page: Any, answer: Any, role: Role | None, here: str) -> None:
    assert answer.status in {200, 401, 403}, here  # 200: the page to sign in, for nobody
    assert "/sign-in" in page.url or answer.status in {401, 403}, here
    assert page.locator("body").inner_text().strip(), here
