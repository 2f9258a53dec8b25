"""The planning page by keyboard alone and on the telephone; who may not open it is told in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import accessible
import httpx
import pytest
from conftest import Base
from drafts import (
    BESIDE,
    CHOOSE,
    CROWDED,
    EDGE,
    Drafted,
    bars,
    corners,
    draft_chosen,
    keep,
    look_at,
    middle,
    pixel,
)
from test_walk_cases import City
from test_walk_report import seen
from walking import PHONE, settled, until

from gis.access import Role


@pytest.fixture
def city(server: Callable[..., Base], town_url: str) -> City:
    return City(server(town_url), town_url)


def test_by_keyboard_alone_and_what_is_in_force_stays(city: City, browser: Any) -> None:
    """A cell is chosen, split and merged again without a pointer; then a draft is begun."""
    draft = Drafted(city, "键盘")
    before = draft.households()
    with seen(city, browser, f"/plan#{quote(draft.name)}", role=Role.PLANNER) as page:
        draft.opened(page)
        look_at(page, CROWDED)
        page.keyboard.press("g")
        for _ in range(40):  # the cell comes under the cross from beside the card
            if draft_chosen(page) == [CROWDED]:
                break
            page.keyboard.press("ArrowRight")
            page.keyboard.press(" ")
            settled(page)
        assert draft_chosen(page) == [CROWDED]
        page.keyboard.press("s")
        page.locator("[data-do=across]").focus()
        page.keyboard.press("Enter")
        until(page, lambda: len(bars(page)) == 2)
        page.evaluate("document.activeElement.blur()")
        keep(page, draft)
        assert sorted(draft_chosen(page)) == sorted(
            {CROWDED, *(draft.households() - before.keys())}
        )
        page.keyboard.press("m")
        keep(page, draft)
        assert draft.households() == before
        page.keyboard.press("?")
        page.wait_for_selector("dialog[open]")
        assert accessible.faults(page) == []
        page.keyboard.press("Escape")
        chooses_from_the_list(page)
        walks_through(page)

        page.select_option("#plan-pick", "2026 网格方案")
        page.wait_for_selector("#bench [data-do=begin]")
        assert page.locator("#tools [data-tool=split]").is_disabled()
        assert page.locator("#undo").is_disabled()
        page.click("#bench [data-do=begin]")
        page.wait_for_selector("#side input")


def chooses_from_the_list(page: Any) -> None:
    """One cell, and with Shift one more; closing the panel leads back to its button."""
    page.keyboard.press("v")
    page.locator("#rail [data-panel=cells]").focus()
    page.keyboard.press("Enter")
    page.locator(f"#side [data-code='{CROWDED}']").focus()
    page.keyboard.press("Enter")
    page.locator(f"#side [data-code='{BESIDE}']").focus()
    page.keyboard.press("Shift+Enter")
    until(page, lambda: draft_chosen(page) == [CROWDED, BESIDE])
    page.keyboard.press("Escape")
    until(page, "document.activeElement.dataset.panel === 'cells'")


def walks_through(page: Any) -> None:
    """From the top by Tab alone: every tool and panel is reached, is seen to be, and is left."""
    page.locator(".skip").focus()
    stops = []
    while (stop := page.evaluate(FOCUSED)) and len(stops) < 99:
        stops.append(stop)
        page.keyboard.press("Tab")
    assert [name for name, is_seen in stops if not is_seen] == []
    reached = {name for name, _ in stops}
    assert {"choose", "dedicated", "plans", "history", "undo", "plan-pick"} <= reached
    assert stop is None


FOCUSED = """() => {
    const at = document.activeElement;
    const { outlineStyle, boxShadow } = getComputedStyle(at);
    const name = at.dataset.tool ?? at.dataset.panel ?? at.id;
    return at === document.body ? null : [name, outlineStyle !== 'none' || boxShadow !== 'none'];
}"""


def test_on_the_telephone_one_looks_merges_paints_by_tap_and_takes_back(
    city: City, browser: Any
) -> None:
    draft = Drafted(city, "路上")
    before = draft.households()
    with seen(city, browser, f"/plan#{quote(draft.name)}", role=Role.PLANNER, **PHONE) as page:
        draft.opened(page)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        look_at(page, CROWDED, BESIDE)
        page.touchscreen.tap(*middle(page, CROWDED))
        until(page, "document.querySelector('#bench .facts') !== null")
        page.tap("[data-tool=merge]")
        page.touchscreen.tap(*middle(page, BESIDE))
        until(page, "document.querySelector('[data-do=keep]:not(:disabled)') !== null")
        assert accessible.faults(page) == []
        small = page.evaluate("""[...document.querySelectorAll('#head button, #tools button, #rail button, #bench button')]
            .filter((one) => one.offsetParent && Math.min(one.offsetWidth, one.offsetHeight) < 44).map((one) => one.outerHTML)""")
        assert small == []
        page.tap("[data-do=keep]")
        draft.kept(page, 1)
        assert len(draft.cells()) == len(before) - 1
        page.tap("#undo")
        draft.kept(page, 2)
        assert draft.households() == before

        page.tap("[data-tool=paint]")
        page.evaluate(CHOOSE, [BESIDE])
        page.tap("#bench [data-do=one]")
        look_at(page, CROWDED, BESIDE)
        unit = max(draft.tell(f"/units?cells={CROWDED}")["units"], key=lambda one: one["lon"])
        page.evaluate("([lon, lat]) => import('/static/plan/place.js').then(({ map }) => "
                      "map.setView([lat, lon], 18, { animate: false }))",
                      [unit["lon"], unit["lat"] - 3e-4])  # fmt: skip
        settled(page)
        page.touchscreen.tap(*pixel(page, [unit["lon"], unit["lat"]]))
        draft.kept(page, 3)
        assert draft.households()[BESIDE] == before[BESIDE] + unit["households"]
        page.tap("#undo")
        draft.kept(page, 4)
        assert draft.households() == before
        takes_a_corner_away_by_a_long_press(page, draft)


def takes_a_corner_away_by_a_long_press(page: Any, draft: Drafted) -> None:
    page.tap("[data-tool=corner]")
    edge = page.evaluate(EDGE, [BESIDE, CROWDED])
    settled(page)
    assert "按 G" not in page.inner_text("#bench")  # a telephone has no keys
    ring = corners(draft.cells()[BESIDE]["geometry"])
    corner = min(ring, key=lambda at: abs(at[0] - edge[0]) + abs(at[1] - edge[1]))
    x, y = pixel(page, [*corner])
    finger = page.context.new_cdp_session(page)
    touch = {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]}
    finger.send("Input.dispatchTouchEvent", touch)
    draft.kept(page, 5)
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert draft.edits()[0] == "drop_corner"
    assert corner not in corners(draft.cells()[BESIDE]["geometry"])


def test_the_page_is_for_planners(city: City, browser: Any) -> None:
    """A program is refused in facts, a person in words, and led to his own work."""
    for role, status in ((Role.PLANNER, 200), (Role.WORKER, 403)):
        answer = httpx.get(
            f"{city.base}/plan", headers={"Authorization": f"Bearer {city.token(role)}"}
        )
        assert answer.status_code == status
    assert answer.json()["right"] == "plan"
    with seen(city, browser, "/plan", role=Role.WORKER, forgive="status of 403", **PHONE) as page:
        assert "您的账号打不开这一页" in page.inner_text("h1")
        assert "规划员" in page.inner_text("main .chips")
        assert "您的角色是网格员" in page.inner_text("main")
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        assert accessible.faults(page) == []
        page.get_by_role("button", name="English").click()
        until(page, lambda: "Your account cannot open this page" in page.inner_text("h1"))
        page.get_by_role("link", name="Go to the page of my work").click()
        until(page, lambda: page.url == f"{city.base}/worker")
