"""A problem reported on the map by anybody, in a real browser: once, whole, and to the right cell."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import psycopg
import pytest
from conftest import Base
from PIL import Image
from psycopg.rows import dict_row
from test_walk_cases import City
from walking import DESK, NASTY, PHONE, drawn, heard, until

from gis.access import Role

SEND = ".send-bar .main"


@pytest.fixture
def city(server: Callable[..., Base], town_url: str) -> City:
    return City(server(town_url), town_url)


@pytest.fixture
def asks(city: City) -> Callable[..., list[dict[str, Any]]]:
    """Rows of the city's store."""

    def rows(query: str, *values: Any) -> list[dict[str, Any]]:
        with psycopg.connect(city.url, row_factory=dict_row) as store:
            return store.execute(query, values).fetchall()

    return rows


@contextmanager
def seen(
    city: City, browser: Any, path: str, *, role: Role | None = None, forgive: str = "", **how: Any
) -> Iterator[Any]:
    """The map as anybody sees it, or one of a role: no script error, no policy violation.

    `page.asked` are the addresses it asked for; the console may say what `forgive` is part of.
    """
    headers = {"Authorization": f"Bearer {city.token(role)}"} if role else {}
    context = browser.new_context(**{**DESK, **how}, extra_http_headers=headers)
    page = context.new_page()
    said = heard(page)
    page.asked = []
    page.on("request", lambda request: page.asked.append(request.url))
    page.goto(city.base + path)
    yield page
    assert [line for line in said if not forgive or forgive not in line] == []
    context.close()


def reported(asks: Any) -> list[dict[str, Any]]:
    """The cases that came through the page, the newest first."""
    return asks(
        """SELECT f.code, f.kind, f.class_code, f.description, f.accuracy_m, f.request_id,
                  f.contact_mask, c.code AS cell, f.desk_code, ST_X(f.geom) AS lon
           FROM case_file f LEFT JOIN grid_cell c ON c.id = f.cell_id
           WHERE f.channel = 'page' ORDER BY f.id DESC"""
    )


def shot(colour: str, *, width: int = 3000) -> dict[str, Any]:
    """A photograph as a telephone makes it: large, lying on its side, with where it was taken."""
    picture, exif = BytesIO(), Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "Telephone"
    exif.get_ifd(0x8825).update({1: "N", 2: (30.0, 30.0, 0.0), 3: "E", 4: (111.0, 0.0, 0.0)})
    Image.new("RGB", (width, width // 2), colour).save(picture, "JPEG", exif=exif)
    return {"name": "IMG_1.jpg", "mimeType": "image/jpeg", "buffer": picture.getvalue()}


def begin(page: Any) -> None:
    drawn(page)
    page.click(".report-open")
    page.wait_for_selector("form.report")


def names(page: Any, cell: str) -> None:
    """Wait until the form names that cell."""
    until(page, f"document.querySelector('.spot b')?.textContent === {json.dumps(cell)}")


def thanked(page: Any) -> str:
    page.wait_for_selector(".thanks h2")
    return str(page.inner_text(".thanks h2"))


def place(page: Any) -> None:
    """Confirm the place that the pin stands at."""
    page.wait_for_selector(".chip.yes")
    page.click(".chip.yes")


def test_a_class_a_moved_pin_and_a_photograph_become_one_case(
    city: City, browser: Any, asks: Any
) -> None:
    with seen(city, browser, city.link()) as page:
        begin(page)
        page.click("#report-class")
        page.wait_for_selector("#report-classes [role=option]")
        first = page.inner_text("#report-classes [role=option]")
        assert "事件" in first
        page.keyboard.type("0505")
        until(page, "document.querySelectorAll('#report-classes [role=option]').length === 1")
        page.keyboard.press("Enter")
        assert "路面塌陷" in page.inner_text(".taken")
        names(page, city.name)
        assert page.locator(".answering a[href^='tel:']").count() == 3
        pin = page.locator(".pin").bounding_box()
        page.mouse.move(pin["x"] + 22, pin["y"] + 20)
        page.mouse.down()
        page.mouse.move(pin["x"] + 42, pin["y"] + 30, steps=4)
        page.mouse.up()
        assert page.is_hidden(".chip.yes")
        page.set_input_files("#report-photos", [shot("#a33"), shot("#3a3", width=1000)])
        page.wait_for_selector(".shots img >> nth=1")
        page.fill("#report-words", "路面塌了一块")
        page.fill("#report-contact", "139 0000 1111")
        names(page, city.name)
        page.dblclick(SEND)
        code = thanked(page)
        until(page, "document.querySelector('#card').textContent.includes('2 张都传到了')")
        assert city.name in page.inner_text("#card")
        assert page.locator("#card .posts a").count() == 3
        assert page.evaluate("sessionStorage.length") == 0
        assert len([url for url in page.asked if url == city.base + "/cases"]) == 1
        page.click("text=再报一件")
        assert page.input_value("#report-words") == ""
    (case,) = reported(asks)
    assert (case["code"], case["kind"], case["class_code"]) == (code, "event", "0505")
    assert (case["cell"], case["desk_code"]) == (city.cell, None)
    assert case["description"] == "路面塌了一块"
    assert case["contact_mask"] == "139****1111"
    assert case["lon"] > city.lon + 0.00002
    assert 3 <= case["accuracy_m"] < 20
    sizes = []
    for row in asks("SELECT image FROM case_photo ORDER BY id"):
        picture = Image.open(BytesIO(bytes(row["image"])))
        assert dict(picture.getexif()) == {}
        sizes.append(picture.size)
    assert sizes == [(1024, 2048), (500, 1000)]


def test_a_lost_answer_and_a_second_press_make_no_second_case(
    city: City, browser: Any, asks: Any
) -> None:
    taken: list[int] = []

    def lose(route: Any) -> None:
        taken.append(route.fetch().status)
        route.abort()

    with seen(city, browser, city.link()) as page:
        begin(page)
        page.fill("#report-words", "路灯不亮")
        place(page)
        page.route(re.compile("/cases$"), lose, times=1)
        page.click(SEND)
        until(page, "document.querySelector('.sending').textContent.includes('不会报成两件')")
        assert taken == [201]
        assert page.is_disabled("#report-words")
        page.reload()
        drawn(page)
        page.click(".report-open.going")
        assert page.input_value("#report-words") == "路灯不亮"
        assert page.is_disabled("#report-words")
        page.click(SEND)
        code = thanked(page)
    assert [case["code"] for case in reported(asks)] == [code]


def test_what_is_wrong_stands_at_its_field_all_at_once(city: City, browser: Any, asks: Any) -> None:
    with seen(city, browser, city.link(), forgive="status of 400") as page:
        begin(page)
        page.fill("#report-contact", "call me")
        page.click(SEND)
        faults = page.locator(".fault:visible").all_inner_texts()
        assert [line.split("。")[0] for line in faults] == [
            "请选一个类别，或者用几句话说明",
            "请把图钉放到现场，或按“就在这里”",
            "这不像电话号码：应是 5 到 15 位数字",
        ]
        assert page.evaluate("document.activeElement.id") == "report-words"
        place(page)
        page.fill("#report-words", "有\x07字符")
        page.fill("#report-contact", "")
        page.click(SEND)
        until(page, "document.querySelector('#fault-description').textContent.includes('控制字符')")
        assert page.locator(".fault:visible").count() == 1
        assert page.get_attribute("#report-words", "aria-invalid") == "true"
        page.fill("#report-words", "没有字符")
        page.click(SEND)
        thanked(page)
    assert len(reported(asks)) == 1


def test_without_network_nothing_is_lost(city: City, browser: Any, asks: Any) -> None:
    with seen(city, browser, city.link()) as page:
        begin(page)
        page.fill("#report-words", "井盖丢了")
        place(page)
        page.set_input_files("#report-photos", [shot("#33a")])
        page.wait_for_selector(".shots img")
        page.context.set_offline(True)
        page.click(SEND)
        until(page, "document.querySelector('.sending').textContent.includes('没有网络')")
        page.fill("#report-words", "井盖丢了，很深")
        page.keyboard.press("Escape")
        assert page.is_hidden("#card")
        page.click(".report-open.going")
        assert page.input_value("#report-words") == "井盖丢了，很深"
        page.context.set_offline(False)
        until(page, "document.querySelector('.sending').textContent.includes('网络恢复')")
        page.click(SEND)
        thanked(page)
        until(page, "document.querySelector('#card').textContent.includes('1 张都传到了')")
    assert [case["description"] for case in reported(asks)] == ["井盖丢了，很深"]


def test_a_photograph_that_was_not_sent_is_sent_again(city: City, browser: Any, asks: Any) -> None:
    with seen(city, browser, city.link()) as page:
        begin(page)
        page.fill("#report-words", "垃圾成堆")
        place(page)
        page.set_input_files("#report-photos", [shot("#33a"), shot("#a33")])
        page.wait_for_selector(".shots img >> nth=1")
        page.route(re.compile("/photos$"), lambda route: route.abort(), times=1)
        page.click(SEND)
        page.click("text=再传")
        until(page, "document.querySelector('#card').textContent.includes('1 张都传到了')")
    assert asks("SELECT count(*) AS n FROM case_photo") == [{"n": 2}]


def test_on_a_phone_where_the_user_stands(city: City, browser: Any, asks: Any) -> None:
    here = {"latitude": city.lat, "longitude": city.lon, "accuracy": 4}
    how = {**PHONE, "geolocation": here, "permissions": ["geolocation"]}
    with seen(city, browser, "/map", **how) as page:
        drawn(page)
        button = page.locator(".report-open").bounding_box()
        assert button["height"] >= 44
        assert button["y"] > 700
        page.tap(".report-open")
        page.wait_for_selector("form.report")
        sheet = page.locator("#card").bounding_box()
        assert (sheet["x"], sheet["width"], sheet["y"] + sheet["height"]) == (0, 390, 844)
        pin = page.locator(".pin").bounding_box()
        assert 60 < pin["y"] < sheet["y"] - 44
        page.tap("text=用我的位置")
        names(page, city.name)
        page.fill("#report-words", "楼道堵了")
        page.set_input_files("#report-photos", [shot("#33a")])
        page.wait_for_selector(".shots img")
        small = page.evaluate("""() => [...document.querySelectorAll('#card button, #card input:not([type=file]), #card a, .shots label')]
            .filter((e) => e.checkVisibility({ visibilityProperty: true })).map((e) => [e.getBoundingClientRect(), e.outerHTML.slice(0, 80)])
            .filter(([box]) => box.height < 43.5 || box.width < 43.5).map(([, html]) => html)""")
        assert small == []
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        page.tap(SEND)
        thanked(page)
    (case,) = reported(asks)
    assert (case["cell"], case["accuracy_m"]) == (city.cell, 4)
    assert case["lon"] == pytest.approx(city.lon, abs=1e-6)


def test_near_a_boundary_the_candidates_are_named(city: City, browser: Any) -> None:
    here = {"latitude": city.lat, "longitude": city.lon, "accuracy": 400}
    with seen(city, browser, "/map", geolocation=here, permissions=["geolocation"]) as page:
        begin(page)
        page.click("text=用我的位置")
        names(page, f"可能在{city.name}")
        assert "由值班台来定" in page.inner_text(".spot")
        assert page.locator(".answering a").count() == 0
        page.fill("#report-words", "有异味")
        page.click(SEND)
        thanked(page)
        assert "值班台" in page.inner_text("#card")
        assert city.name in page.inner_text("#card")


def test_nothing_that_is_reported_ever_runs(city: City, browser: Any, asks: Any) -> None:
    city.do("UPDATE case_class SET name = %s || code, major_name = %s", NASTY, NASTY)
    city.do("UPDATE grid_cell SET name = %s", NASTY)
    city.do("UPDATE worker SET name = %s, phone = %s", NASTY, NASTY)
    with seen(city, browser, city.link()) as page:
        begin(page)
        page.fill("#report-class", "0505")
        page.wait_for_selector("#report-classes [role=option]")
        page.keyboard.press("Enter")
        assert NASTY in page.inner_text(".taken")
        place(page)
        names(page, NASTY)
        assert NASTY in page.inner_text(".answering")
        page.fill("#report-words", NASTY)
        page.click(SEND)
        thanked(page)
        assert NASTY in page.inner_text("#card")
        assert page.evaluate("window.hurt") is None
        assert page.locator("img[src=x], #card [onclick], #card [onmouseover]").count() == 0
    assert reported(asks)[0]["description"] == NASTY


def test_with_the_keyboard_alone_by_somebody_who_sees_cases(
    city: City, browser: Any, asks: Any
) -> None:
    with seen(city, browser, city.link(), role=Role.DISPATCHER) as page:
        drawn(page)
        page.focus(".report-open")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "card"
        names(page, city.name)
        page.focus(".pin")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowDown")
        assert page.is_hidden(".chip.yes")
        page.focus("#report-class")
        page.wait_for_selector("#report-classes [role=option]")
        page.keyboard.press("Escape")
        assert page.is_hidden("#report-classes")
        page.keyboard.type("0505")
        until(page, "document.querySelectorAll('#report-classes [role=option]').length === 1")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.className") == "change"
        page.focus(SEND)
        page.keyboard.press("Enter")
        code = thanked(page)
        page.click("text=看案卷")
        page.wait_for_selector("#card .story")
        assert page.url.endswith(code)
    assert reported(asks)[0]["cell"] == city.cell


def test_a_long_press_opens_the_form_there_and_another_card_leaves_it(
    city: City, browser: Any
) -> None:
    with seen(city, browser, city.link()) as page:
        drawn(page)
        page.mouse.click(720, 450, button="right")
        page.wait_for_selector("form.report")
        names(page, city.name)
        assert page.is_hidden(".chip.yes")
        page.keyboard.press("/")
        page.keyboard.type(city.cell)
        page.wait_for_selector("#found [role=option]")
        page.keyboard.press("Enter")
        page.wait_for_selector("#card .facts")
        assert page.locator(".pin").count() == 0
        assert "给您留着" in page.inner_text("#said")


def test_over_a_shifted_basemap_the_place_is_told_in_wgs84(
    server: Callable[..., Base], town_url: str, browser: Any, asks: Any
) -> None:
    city = City(server(town_url, basemap="amap"), town_url)
    page = browser.new_page()
    page.route(re.compile(r"https://.*autonavi"), lambda route: route.fulfill(status=204))
    page.goto(city.base + city.link())
    begin(page)
    names(page, city.name)
    place(page)
    page.fill("#report-words", "树枝断了")
    page.click(SEND)
    thanked(page)
    page.close()
    (case,) = reported(asks)
    assert case["cell"] == city.cell
    assert case["lon"] == pytest.approx(city.lon, abs=2e-5)
