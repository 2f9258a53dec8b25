"""The API in a browser: from its first page to one feature, in both languages, at both sizes."""

from __future__ import annotations

from typing import Any

import pytest
from accessible import faults
from walking import DESK, PHONE

PAGES = (
    "", "/collections", "/collections/cells", "/collections/cells/queryables",
    "/collections/facilities/items", "/collections/cells/items/1", "/api", "/conformance",
    "/collections/cells/tiles", "/collections/cells/tiles/WebMercatorQuad", "/tileMatrixSets",
    "/tileMatrixSets/WebMercatorQuad",
)  # fmt: skip


@pytest.mark.parametrize(
    ("size", "scheme", "language"), [(DESK, "light", "zh"), (PHONE, "dark", "en")]
)
def test_pages_of_the_api_are_whole_and_open_to_all(
    browser: Any, still_base: str, size: dict[str, Any], scheme: str, language: str
) -> None:
    context = browser.new_context(color_scheme=scheme, **size)
    context.add_cookies([{"name": "wangge_language", "value": language, "url": str(still_base)}])
    page, told, found = context.new_page(), [], {}
    page.on("console", lambda said: told.append(said.text) if said.type == "error" else None)
    for path in PAGES:
        page.goto(f"{still_base}/ogc{path}")
        page.locator("h1").wait_for()
        if wrong := faults(page):
            found[path] = wrong
        across = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert across <= 0, f"{path} can be pushed sideways"
    context.close()
    assert (found, told) == ({}, [])


def test_one_finds_ones_way_from_the_first_page_to_a_feature(browser: Any, still_base: str) -> None:
    context = browser.new_context(**DESK)
    page = context.new_page()
    page.goto(f"{still_base}/ogc")
    page.get_by_text("数据集 · Collections").click()
    page.get_by_text("网格 · Cells").click()
    page.get_by_role("link", name="查看要素").click()
    assert page.locator(".sketch path").count() == 60
    page.get_by_role("link", name="7", exact=True).click()
    page.get_by_text("望江社区", exact=True).first.wait_for()
    assert page.locator(".sketch path").count() == 1
    page.goto(f"{still_base}/ogc/collections/facilities/items")
    page.get_by_role("link", name="下一页").click()
    page.get_by_text("本页 100 条").wait_for()
    assert "after=" in page.url
    page.get_by_role("link", name="JSON").click()
    assert '"FeatureCollection"' in page.content()
    context.close()
