"""Whom to send, at the desk in a real browser: proposed, chosen by hand, found by name, sent."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from test_walk_cases import City
from test_walk_desk_area import asks, city, filed, on_screen
from test_walk_report import seen
from walking import until

from gis.access import Role

__all__ = ["city"]


def test_a_proposal_is_changed_by_hand_and_told_what_changed_meanwhile(
    city: City, browser: Any
) -> None:
    """Another responder by list and by dragging a line's end; 409; then all that is left is sent."""
    codes = filed(city, 4)
    with seen(city, browser, "/desk", role=Role.DISPATCHER, forgive="409 (Conflict)") as page:
        page.wait_for_selector("#tools .tool")
        with page.expect_response(lambda answer: "/dispatch/proposal" in answer.url) as waiting:
            page.click("[data-tool=proposal]")
        items = waiting.value.json()["items"]
        assert sorted(one["code"] for one in items) == sorted(codes)
        spots = {one["worker"]: one for one in items if one["starts"]}
        assert len(spots) > 1
        page.wait_for_selector(".proposal-line >> nth=3")
        one, two = list(spots.values())[:2]
        at = [item["code"] for item in items].index(one["code"])
        line = page.locator(".proposal-line").nth(at)
        with page.expect_response(lambda answer: "/dispatch/proposal" in answer.url) as waiting:
            line.locator("select").focus()
            line.locator("select").select_option(label=two["name"])
        assert f"hand={quote(one['code'])}%3D{quote(two['worker'])}" in waiting.value.url
        line.locator(".badge.warn").wait_for()

        # the end of the line, back to whom it was proposed to
        line.hover()
        start, end = (on_screen(page, spot) for spot in (one["spot"], one["starts"]))
        page.locator(f"#who-{at}").focus()
        with page.expect_response(lambda answer: "/dispatch/proposal" in answer.url) as waiting:
            page.mouse.move(*start)
            page.mouse.down()
            page.mouse.move(*end, steps=8)
            page.mouse.up()
        assert "hand=" in waiting.value.url
        page.wait_for_selector(".proposal:not([aria-busy])")
        assert page.locator(".leaflet-popup").count() == 0  # letting go is no click on the map

        page.wait_for_selector(".proposal:not([aria-busy])")
        sent_to_anybody(city, page, at)
        page.wait_for_selector(".proposal:not([aria-busy])")
        city.move(codes[0], "dispatch", worker=one["worker"])
        page.click(".panel-acts .main")
        page.wait_for_selector(".notice.late[role=alert]")
        ((dispatched,),) = asks(city, "SELECT count(*) FROM case_file WHERE state = 'dispatched' "
                                "AND code = ANY (%s)", codes)  # fmt: skip
        assert dispatched == 1
        page.click("text=跳过它们")
        page.click(".panel-acts .main")
        page.wait_for_selector("text=已派遣3件")
        page.wait_for_selector("text=没有等待派遣的案卷")


def sent_to_anybody(city: City, page: Any, at: int) -> None:
    """Somebody far away, found by name; then a unit of whom nothing was proposed, by dragging."""
    ((far,),) = asks(city, "SELECT w.name FROM worker w JOIN post p ON p.worker_id = w.id "
                     "JOIN grid_cell c ON c.id = p.cell_id ORDER BY ST_Distance(c.geom, "
                     "(SELECT ST_SetSRID(ST_Centroid(ST_Extent(geom)), 4326) FROM grid_cell)) DESC LIMIT 1")  # fmt: skip
    line = page.locator(".proposal-line").nth(at)
    line.locator("select").focus()
    line.locator("select").select_option(value="find")
    page.fill("#responder", far)
    page.locator(f".responders [role=option]:has-text('{far}')").first.click()
    with page.expect_response(lambda answer: "/dispatch/proposal" in answer.url) as waiting:
        page.click("dialog button[value=yes]")
    item = waiting.value.json()["items"][at]
    assert (item["name"], "由派遣员指定" in item["zh"]) == (far, True)
    page.wait_for_selector(".proposal:not([aria-busy])")
    assert line.locator(".badge.warn").inner_text() == "手选"

    town = city.ask(Role.DISPATCHER, "GET", "/desk/responders", params={
        "lon": item["spot"][0], "lat": item["spot"][1], "limit": 300})  # fmt: skip
    unit = next(one for one in town["units"] if one["lon"] is not None)
    with page.expect_response(lambda answer: "/desk/responders" in answer.url):
        page.evaluate(
            "([lon, lat]) => import('/static/desk/place.js').then(({ map, onMap }) =>"
            "{ map.setView(onMap(lon, lat), 15, { animate: false }); })",
            [(item["spot"][0] + unit["lon"]) / 2, (item["spot"][1] + unit["lat"]) / 2],
        )
    page.locator(f"#who-{at}").focus()
    start, end = (on_screen(page, one) for one in (item["spot"], [unit["lon"], unit["lat"]]))
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=8)
    page.mouse.up()
    until(page, f"document.querySelector('#who-{at}').selectedOptions[0].text !== '{far}'")
    assert line.locator(".badge.warn").count() == 1
