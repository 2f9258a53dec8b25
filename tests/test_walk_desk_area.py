"""Areas at the desk in a real browser: drawn and picked, acts, emergencies, heat, statistics."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from conftest import Base
from test_walk_cases import City, seen
from test_walk_report import seen as seen_forgiving
from walking import DESK, PHONE, drawn, until

from gis.access import Role

WASTE = {"kind": "event", "class": "0110", "description": "垃圾堆了三天"}
PURPOSE = "河水上涨，转移沿岸低洼处住户"


@pytest.fixture
def city(server: Callable[..., Base], town_url: str) -> City:
    return City(server(town_url), town_url)


def opened(page: Any, tool: str) -> None:
    page.wait_for_selector("#tools .tool")
    until(page, "document.querySelector('.folium-map canvas') !== null")
    page.click(f"#tools [data-tool={tool}]")


def asks(city: City, query: str, *values: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(city.url) as store:
        return store.execute(query, values).fetchall()


def filed(city: City, number: int) -> list[str]:
    """Cases that wait to be dispatched, in the middle of the town; there are no others."""
    city.do("DELETE FROM absence")
    city.do("UPDATE case_file SET state = 'void' WHERE state = 'filed'")
    ((lon, lat),) = asks(city, "SELECT ST_X(p), ST_Y(p) FROM (SELECT ST_Centroid(ST_Extent(geom)) "
                         "AS p FROM grid_cell) town")  # fmt: skip
    codes = []
    for at in range(number):
        spot = {"lon": lon + at * 4e-4, "lat": lat}
        codes.append(city.report(**WASTE, **spot, request_id=f"walk-{at}"))
        city.move(codes[-1], "file", condition=1)
    return codes


def middle(page: Any, dx: float = 0, dy: float = 0) -> tuple[float, float]:
    box = page.locator(".folium-map").bounding_box()
    return box["x"] + box["width"] / 2 + dx, box["y"] + box["height"] / 2 + dy


def on_screen(page: Any, spot: list[float]) -> list[float]:
    """The pixel of a place (lon, lat)."""
    return page.evaluate(
        """([lon, lat]) => import('/static/desk/place.js').then(({ map, onMap }) => {
            const { x, y } = map.latLngToContainerPoint(onMap(lon, lat));
            const { left, top } = map.getContainer().getBoundingClientRect();
            return [x + left, y + top];
        })""",
        spot,
    )


def answered(page: Any, act: Callable[[], Any], path: str) -> Any:
    """The server's answer to what `act` does."""
    with page.expect_response(lambda answer: answer.url.endswith(path)) as waiting:
        act()
    assert waiting.value.ok, waiting.value.text()
    return waiting.value


def told(page: Any, act: Callable[[], Any], path: str = "/desk/inside") -> Any:
    """What the server tells to what `act` does."""
    return answered(page, act, path).json()


def quiet(page: Any) -> None:
    """Wait until what is shown is what was answered last."""
    until(page, "document.querySelector('.inside-of').getAttribute('aria-busy') === null")


def test_what_is_drawn_is_counted_changed_undone_kept_and_dispatched(
    city: City, browser: Any
) -> None:
    """A polygon by mouse: the numbers, a dragged corner, undo, a name for it, cases to a person."""
    codes = filed(city, 3)
    with seen(city, browser, "/desk", role=Role.DISPATCHER) as page:
        opened(page, "draw")
        page.wait_for_selector(".draw [data-mode=polygon][aria-checked=true]")
        until(page, "document.querySelector('.folium-map').style.cursor === 'crosshair'")
        page.mouse.click(*middle(page, -250, -200))
        page.mouse.click(*middle(page, 0, -220))
        page.keyboard.press("Escape")  # what is half drawn is given up, the panel stays
        until(page, "document.querySelector('path.pen-corner') === null")
        for dx, dy in ((-250, -200), (250, -220), (260, 200)):
            page.mouse.move(*middle(page, dx - 4, dy))
            page.mouse.click(*middle(page, dx, dy))
        page.mouse.click(*middle(page, -240, 180))
        first = told(page, lambda: page.keyboard.press("Enter"))
        tallies = page.locator(".inside-of .tally b")
        until(page, "document.querySelectorAll('.inside-of .tally').length === 6")
        said = [tallies.nth(at).inner_text().replace(",", "") for at in range(6)]
        counts = first["counts"]
        assert said[0] == str(counts["cases"]["open"]) != "0"
        assert said[1] == f"约{counts['households']}"  # a dispatcher sees no persons
        assert said[3] == str(sum(counts["facilities"].values()))
        assert said[5] == str(len(first["cells"]))
        page.click(".tally[data-tab=homes]")
        assert "取整" in page.inner_text("#inside-list")

        page.mouse.move(*middle(page, 260, 200))
        page.mouse.down()
        page.mouse.move(*middle(page, 200, 150), steps=5)
        told(page, page.mouse.up)
        quiet(page)
        smaller = page.inner_text(".inside-of > p")
        again = told(page, lambda: page.keyboard.press("Control+z"))
        quiet(page)
        assert again["area_m2"] == pytest.approx(first["area_m2"], rel=1e-6)
        assert smaller != page.inner_text(".inside-of > p")

        kept_and_forgotten(city, page)
        dispatched(city, page, {one["code"] for one in again["cases"]} & set(codes))


def kept_and_forgotten(city: City, page: Any) -> None:
    page.click(".act-keep")
    page.fill("#area-name", "沿江一带")
    page.click("dialog button[value=yes]")
    page.click(".areas summary")
    page.wait_for_selector(".area-line .title")
    assert asks(city, "SELECT name FROM named_area") == [("沿江一带",)]
    its_corners_are_changed_and_changed_back(city, page)
    page.click(".area-line .btn:last-child")
    until(page, "document.querySelector('.area-line') === null")
    page.locator(".toast .btn").last.click()
    page.wait_for_selector(".area-line")


def its_corners_are_changed_and_changed_back(city: City, page: Any) -> None:
    ((number, drawn),) = asks(city, "SELECT id, ST_AsText(geom) FROM named_area")
    page.click(".area-line .btn")
    page.wait_for_selector(".keep-corners")
    page.wait_for_selector("path.pen-corner")
    corner = page.locator("path.pen-corner").first.bounding_box()
    page.mouse.move(corner["x"] + corner["width"] / 2, corner["y"] + corner["height"] / 2)
    page.mouse.down()
    page.mouse.move(corner["x"] + 60, corner["y"] + 40, steps=5)
    told(page, page.mouse.up)
    same = "SELECT id, ST_HausdorffDistance(geom, ST_GeomFromText(%s, 4326)) < 1e-5 FROM named_area"
    told(page, lambda: page.click(".keep-corners"), f"/areas/{number}")
    assert asks(city, same, drawn) == [(number, False)]
    page.wait_for_selector(".keep-corners", state="detached")
    back = page.locator(".toast:has-text('边界已改') .btn")
    told(page, back.click, f"/areas/{number}")
    assert asks(city, same, drawn) == [(number, True)]


def dispatched(city: City, page: Any, codes: set[str]) -> None:
    page.click(".tally[data-tab=cases]")
    assert codes
    page.click(".act-assign")
    page.wait_for_selector(".responders [role=option]")
    page.locator(".responders [role=option]").first.click()
    page.click("dialog button[value=yes]")
    page.wait_for_selector(f"text=已派遣{len(codes)}件")
    held = "state = 'dispatched' AND (worker_id IS NOT NULL OR unit_id IS NOT NULL)"
    found = asks(city, f"SELECT code FROM case_file WHERE {held} AND code = ANY (%s)", list(codes))
    assert {code for (code,) in found} == codes


def test_areas_by_keyboard_alone_and_by_finger(city: City, browser: Any) -> None:
    """Communities by search, a circle in numbers; on the telephone cells by touch, in a sheet."""
    with seen(city, browser, "/desk", role=Role.DISPATCHER) as page:
        page.wait_for_selector("#tools .tool")
        page.locator("[data-tool=draw]").focus()
        page.keyboard.press("Enter")
        page.wait_for_selector(".draw [role=radio]")
        page.locator(".draw [data-mode=polygon]").focus()
        for _ in range(3):
            page.keyboard.press("ArrowRight")
        assert page.evaluate("document.activeElement.dataset.mode") == "divisions"
        page.locator("#find-place").focus()
        page.keyboard.type("桥头")
        page.wait_for_selector(".found-places .row")
        found = told(page, lambda: page.keyboard.press("Enter"))  # the first that was found
        assert page.locator("text=按住 Shift 再点可多选").is_visible()  # also once one is picked
        ((cells,),) = asks(city, "SELECT count(*) FROM grid_cell WHERE name LIKE '桥头社区%%'")
        assert len([one for one in found["cells"] if one["name"].startswith("桥头社区")]) == cells
        assert found["rounded"] == ["care"]  # whole cells are counted on the map as well
        page.locator(".draw [data-mode=circle]").focus()
        page.keyboard.press("Enter")
        page.locator("#radius").fill("250")
        circle = told(page, lambda: page.keyboard.press("Enter"))
        assert circle["area_m2"] == pytest.approx(3.1416 * 250**2, rel=0.01)
        page.locator("#radius").fill("400")
        wider = told(page, lambda: page.keyboard.press("Tab"))
        assert wider["area_m2"] == pytest.approx(3.1416 * 400**2, rel=0.01)
        opened(page, "emergency")
        page.click("text=新建清单")  # of the same ground, and as roughly as the dispatcher is told
        page.wait_for_selector(f".panel-acts >> text=约{wider['counts']['households']:,}户")
    with seen(city, browser, "/desk", role=Role.DISPATCHER, **PHONE) as page:
        page.wait_for_selector("#tools .tool", state="attached")
        page.tap(".view[data-view=map]")
        opened(page, "draw")
        page.tap(".draw [data-mode=cells]")
        drawn(page)
        spot = middle(page)
        two = [spot, (spot[0] - 60, spot[1] - 30)]
        for at, (x, y) in enumerate(two, 1):
            page.touchscreen.tap(x, y)
            until(page, f"document.querySelectorAll('.chosen li').length === {at}")
        page.wait_for_selector(".tally")
        sheet = page.locator("#side").bounding_box()
        assert sheet["y"] > 300
        assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_what_can_be_done_with_an_area_goes_by_right(city: City, browser: Any) -> None:
    """A notice to its staff, a whistle for one case, a file; who may not export has no button, and
    the server refuses him. A click before the map is there asks the server for the cell."""
    (code,) = filed(city, 1)
    ((lon, lat, cell),) = asks(city, "SELECT ST_X(f.geom), ST_Y(f.geom), c.code FROM case_file f "
                               "JOIN grid_cell c ON c.id = f.cell_id WHERE f.code = %s", code)  # fmt: skip
    how: Any = {"role": Role.DISPATCHER, "forgive": "Failed to load resource"}
    with seen_forgiving(city, browser, "/desk", **how) as page:
        page.route("**/tiles/**", lambda route: route.abort())  # the map never comes
        page.reload()
        opened(page, "draw")
        page.click(".draw [data-mode=cells]")
        inside = told(page, lambda: page.mouse.click(*on_screen(page, [lon, lat])))
        assert [one["code"] for one in inside["cells"]] == [cell]

        page.click(".act-notify")
        page.fill("#notice-title", "台风来了")
        page.fill("#notice-body", "请清点沿街广告牌")
        told(page, lambda: page.click("dialog button[value=yes]"), "/desk/notify")
        kept = "SELECT audience, cells FROM notice WHERE title = '台风来了'"
        assert asks(city, kept) == [("staff", [cell])]

        page.click(".act-whistle")  # about which case?
        page.wait_for_selector("text=只勾选一件")
        page.locator(".case-line .tick input").first.check()
        page.click(".act-whistle")
        page.wait_for_selector("dialog input:checked")
        page.fill("#whistle-words", "多家一起来")
        told(page, lambda: page.click("dialog button[value=yes]"), "/whistles")
        about = asks(city, "SELECT f.code FROM whistle s JOIN case_file f ON f.id = s.case_id "
                     "WHERE s.words = '多家一起来'")  # fmt: skip
        assert about == [(inside["cases"][0]["code"],)]

        page.click(".act-export")
        page.select_option("#export-suffix", ".csv")
        with page.expect_download() as file:
            page.click("dialog button[value=yes]")
        text = Path(file.value.path()).read_text("utf-8-sig")
        assert [one["code"] for one in inside["cases"] if one["code"] not in text] == []
        assert asks(city, "SELECT count(*) FROM journal WHERE act = 'export'") == [(1,)]
    with seen_forgiving(city, browser, "/desk", role=Role.CHIEF, forgive="403") as page:
        opened(page, "draw")
        page.click(".draw [data-mode=cells]")
        page.fill("#find-place", cell)
        told(page, page.locator(".found-places .row").first.click)
        page.wait_for_selector(".act-notify")
        assert page.locator(".act-export").count() == 0
        asked = "fetch('/desk/export?area=1&kind=cases').then(({ status }) => status)"
        assert page.evaluate(asked) == 403
    assert asks(city, "SELECT count(*) FROM named_area") == [
        (0,)
    ]  # it had a name for the export only


def _gone_by_a_colleague_and_by_time(city: City, page: Any, others: list[int]) -> None:
    page.clock.install()
    for number in reversed(others):  # as they are listed
        page.locator(f".row:has-text('{PURPOSE}')").first.click()
        page.wait_for_selector(".call")
        if number == others[1]:  # a colleague ends it, the other one time
            city.ask(Role.CHIEF, "POST", f"/collections/{number}/end")
            page.locator(".call .chip").first.click()
        else:
            city.do("DELETE FROM collection")
            page.clock.fast_forward(62 * 86_400_000)
        page.wait_for_selector(".toast >> text=清单已到期或已由同事结束")
        until(page, "document.querySelector('.call') === null")


def test_an_emergency_list_is_called_through_and_ended(city: City, browser: Any) -> None:
    """Cells by search, a purpose, an end; cells without a volunteer; a call; deleted for good."""
    city.do("DELETE FROM member WHERE cell_id = (SELECT id FROM grid_cell WHERE code = %s)",
            city.cell)  # fmt: skip
    with seen_forgiving(
        city, browser, "/desk", forgive="status of 404", role=Role.CHIEF, color_scheme="dark"
    ) as page:
        opened(page, "emergency")
        page.click("text=新建清单")
        page.click("[data-mode=cells]")
        page.fill("#find-place", city.cell)
        told(page, page.locator(".found-places .row").first.click)
        page.fill("#collection-purpose", "太短")
        page.fill("#collection-near", "0")
        page.click(".collection-new .panel-acts .main")
        assert asks(city, "SELECT count(*) FROM collection") == [(0,)]
        page.fill("#collection-purpose", PURPOSE)
        made = told(page, lambda: page.click(".collection-new .panel-acts .main"), "/collections")
        page.wait_for_selector(".call")
        assert [one["code"] for one in made["cells_without_volunteer"]] == [city.cell]
        assert page.inner_text("[data-tab=without] b") == "1"
        assert page.inner_text("[data-tab=care] b") == f"{made['entries']}"
        assert page.inner_text("[data-tab=calls] b") == f"0/{len(made['call_list'])}"
        first = made["call_list"][0]
        assert page.locator(".call .title").first.inner_text() == first["name_mask"]
        page.locator(".call .btn").first.click()
        page.wait_for_selector(".call a[href^='tel:']")
        page.locator(".call").first.get_by_role("button", name="需要帮助").click()
        page.fill(f"#words-{first['number']}", "要轮椅")
        page.keyboard.press("Tab")
        page.click("[data-tab=without]")
        assert city.name in page.inner_text("#collection-list")
        until(page, "document.querySelector('[data-tab=calls] b').textContent.startsWith('1/')")
        kept = "SELECT state, words FROM collection_entry WHERE number = %s"
        until(page, lambda: asks(city, kept, first["number"]) == [("needs_help", "要轮椅")])
        assert asks(city, "SELECT count(*) FROM journal WHERE act = 'unmask' AND detail::text LIKE "
                    "%s", f"%{PURPOSE}%") == [(1,)]  # fmt: skip
        asked = {"cells": [city.cell], "kind": "flood", "purpose": PURPOSE, "near_m": 0}
        asked["ends_at"] = (datetime.now(UTC) + timedelta(days=60)).isoformat()
        others = [city.ask(Role.CHIEF, "POST", "/collections", json=asked)["number"] for _ in "12"]
        page.click(".collection .btn.danger")
        page.click("dialog button[value=yes]")
        _gone_by_a_colleague_and_by_time(city, page, others)
        page.wait_for_selector("text=现在没有应急清单")
        page.click("text=新建清单")  # it says what was picked before, and it can be drawn anew
        assert city.name in page.inner_text(".taken")
        page.wait_for_selector(".collection-new .panel-acts .main:enabled")
        page.click(".taken .btn")
        page.wait_for_selector(".taken", state="detached")
        page.wait_for_selector(".collection-new .panel-acts .main:disabled")
    assert asks(city, "SELECT count(*) FROM collection_entry") == [(0,)]


def test_heat_plays_and_indicators_are_told_with_their_formula(city: City, browser: Any) -> None:
    """The same numbers as the server's; no number is no nought; English; another period."""
    city.do("UPDATE case_file SET reported_at = now() - interval '90 days' WHERE cell_id = "
            "(SELECT id FROM grid_cell WHERE code = %s)", city.cell)  # fmt: skip
    today = datetime.now(UTC).date()
    how = {**DESK, "locale": "en-GB"}
    with seen(city, browser, "/desk", role=Role.DISPATCHER, **how) as page:
        page.wait_for_selector("#tools .tool")
        with page.expect_response(lambda answer: "/desk/heat" in answer.url) as waiting:
            page.click("[data-tool=heat]")
        heat = waiting.value.json()
        page.wait_for_selector(".legend-steps li")
        assert f"{heat['cases']:,}" in page.inner_text(".heat .lead")
        page.click("[data-days='1']")
        page.locator("#heat-day").focus()
        page.keyboard.press("Home")
        first = sum(heat["bins"][3::4][at] for at, day in enumerate(heat["bins"][2::4]) if not day)
        assert page.locator("#heat-day").get_attribute("aria-valuetext").endswith(f"{first}件")
        page.click(".player .btn")
        until(page, "Number(document.querySelector('#heat-day').value) > 1")
        page.click(".player .btn")
        assert page.locator(".map-overlay").count() == 1

        with page.expect_response(lambda answer: "/indicators" in answer.url) as waiting:
            page.click("[data-tool=statistics]")
        told_now = waiting.value.json()
        assert page.locator(".map-overlay").count() == 0
        page.wait_for_selector(".numbers tbody tr")
        by_key = {one["key"]: one for one in told_now["indicators"]}
        assert by_key["closing_on_time"]["formula_zh"] in page.inner_text(".statistics .notice")
        areas = [one for one in told_now["areas"] if one["code"]]
        shown = page.locator(".numbers tbody tr").all_inner_texts()
        assert len(shown) == len(areas)
        page.select_option("#indicator", "satisfaction")
        nulls = [one for one in areas if one["values"]["satisfaction"] is None]
        assert nulls
        rows = page.locator(".numbers tbody td").all_inner_texts()
        assert rows.count("—") == len(nulls)
        with page.expect_response(lambda answer: "/indicators" in answer.url) as waiting:
            page.click("[data-name=month]")
        assert f"from={today:%Y-%m}-01" in waiting.value.url or today.day == 1
