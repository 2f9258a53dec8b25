"""Cases on the map in a real browser: listed in a cell, opened, explained, moving by themselves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from urllib.parse import quote

import httpx
import psycopg
import pytest
from conftest import Base, signed_in
from PIL import Image
from walking import DESK, NASTY, PHONE, drawn, heard, settled, until

from data.accounts import Charged
from gis.access import Role

EVERYTHING = [Charged(everything=True)]
BURST = {"kind": "event", "class": "0501", "description": "路面冒水", "address": "柳荫路口"}
WATER = "D99010103"


class City:
    """The demo town served, and what programs of several roles do in it by HTTP."""

    def __init__(self, base: Base, url: str) -> None:
        self.base, self.url = base, url
        self._tokens: dict[Role, str] = {}
        with psycopg.connect(url) as store:
            self.cell, self.name, self.lon, self.lat = store.execute(
                """SELECT code, name, ST_X(p), ST_Y(p) FROM (
                       SELECT code, name, ST_PointOnSurface(geom) AS p FROM grid_cell
                       ORDER BY code COLLATE "C" LIMIT 1) first"""
            ).fetchone()  # type: ignore[misc]
        self.do("DELETE FROM shift")  # whoever has no shifts is on duty at any hour of the test

    def do(self, statement: str, *values: Any) -> None:
        """Change the store as its owner."""
        with psycopg.connect(self.url) as store:
            store.execute(statement, values)

    def token(self, role: Role) -> str:
        if role not in self._tokens:
            self._tokens[role] = signed_in(self.url, f"by-{role}", role, EVERYTHING, name=role)
        return self._tokens[role]

    def ask(self, role: Role, method: str, path: str, **how: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token(role)}"}
        answer = httpx.request(method, self.base + path, headers=headers, timeout=30, **how)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def report(self, **told: Any) -> str:
        told = {**BURST, "lon": self.lon, "lat": self.lat, "accuracy_m": 3, **told}
        return str(self.ask(Role.ADMINISTRATOR, "POST", "/cases", json=told)["code"])

    def move(self, code: str, move: str, by: Role = Role.ADMINISTRATOR, **told: Any) -> None:
        path = f"/cases/{quote(code, safe='')}/moves"
        self.ask(by, "POST", path, json={"move": move, **told})

    def link(self, *tail: str, zoom: float = 18) -> str:
        ends = "".join(f"/{quote(part, safe='')}" for part in tail)
        return f"/map#{zoom}/{self.lat:.5f}/{self.lon:.5f}{ends}"


@pytest.fixture
def city(server: Callable[..., Base], town_url: str) -> City:
    return City(server(town_url), town_url)


@contextmanager
def seen(city: City, browser: Any, path: str = "/map", *, role: Role | None = None, **how: Any) -> Iterator[Any]:  # fmt: skip
    """A page as one of a role, or as anybody: no script error, no policy violation, no other host.

    `page.asked` are the addresses it asked for.
    """
    token = role and city.token(role)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    context = browser.new_context(**(how or DESK), extra_http_headers=headers)
    page = context.new_page()
    said = heard(page)
    page.asked = []
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: page.asked.append(request.url))
    page.add_init_script(_LISTENS)
    page.goto(city.base + path)
    yield page
    assert said == []
    assert [url for url in page.asked if not url.startswith((city.base, "data:"))] == []
    context.close()


_LISTENS = """(() => {
    const Line = EventSource;
    window.EventSource = class extends Line {
        constructor(...told) {
            super(...told);
            this.addEventListener('ready', () => { window.listens = true; });
        }
    };
})()"""


def listens(page: Any) -> None:
    """Wait until the page hears what moves."""
    until(page, "window.listens")


FILED, HANDLED = [0xA3, 0x4A, 0x00, 255], [0x17, 0x61, 0x8F, 255]


def colour_of_the_sign(page: Any) -> list[int]:
    """The colour that is painted within the ring around the open case, beside the character."""
    at: list[int] = page.evaluate("""() => {
        const ring = document.querySelector('.leaflet-overlay-pane path').getBoundingClientRect();
        const [x, y] = [ring.x + ring.width / 2, ring.y + ring.height / 2 + 9];
        for (const canvas of document.querySelectorAll('canvas.leaflet-tile')) {
            const box = canvas.getBoundingClientRect();
            if (x < box.left || x >= box.right || y < box.top || y >= box.bottom) continue;
            const scale = canvas.width / box.width;
            const spot = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d');
            spot.drawImage(canvas, (x - box.left) * scale, (y - box.top) * scale, 1, 1, 0, 0, 1, 1);
            return [...spot.getImageData(0, 0, 1, 1).data];
        }
    }""")
    return at


def test_from_the_cell_to_the_case_which_then_moves_by_itself(city: City, browser: Any) -> None:
    city.do("UPDATE case_file SET geom = NULL, cell_id = NULL, area_no = 0")
    code = city.report()
    city.move(code, "file", condition=1)
    with seen(city, browser, "/sign-in?next=" + quote(city.link(city.cell))) as page:
        page.click(".demo button[value=dispatcher]")
        page.wait_for_selector(".case-line")
        assert drawn(page) > 20
        assert page.inner_text(".case-line .name") == "供水管道破裂"
        page.click(".case-line")
        page.wait_for_selector("#card .why")
        until(page, f"location.hash.endsWith('/{city.cell}/{code}')")
        card = page.inner_text("#card")
        assert all(word in card for word in ("已立案", "派遣时限", "0501", "柳荫路口", code))
        assert re.search(r"剩 1?\d 分", page.inner_text(".time .left"))
        assert "在岗，由其负责" in page.inner_text(".why .chosen")
        until(page, lambda: colour_of_the_sign(page) == FILED)
        listens(page)
        city.move(code, "dispatch", unit=WATER, words="请立即关阀")
        city.move(code, "take")
        until(page, "document.querySelector('#card .state').textContent.includes('处置中')")
        until(page, "document.querySelector('.story').textContent.includes('请立即关阀')")
        holder = page.locator("#card .posts a")
        assert holder.get_attribute("href").startswith("tel:")
        assert "处置时限" in page.inner_text("#card .time")
        until(page, lambda: colour_of_the_sign(page) == HANDLED)
        page.click("#card .back")
        until(page, f"document.querySelector('#card h2').textContent === '{city.name}'")
        city.move(code, "return", reason="不属本单位")
        until(page, "document.querySelector('.case-line').textContent.includes('已立案')")
    assert any("/tiles/cases/" in url for url in page.asked)


def test_the_public_sees_no_list_no_card_and_does_not_listen(city: City, browser: Any) -> None:
    code = city.report(contact="13812341234")
    with seen(city, browser, city.link(city.cell)) as page:
        page.wait_for_selector("#card .tallies, #card .none")
        drawn(page)
        assert page.locator(".case-list").count() == 0
        page.keyboard.press("Escape")
        until(page, "document.getElementById('card').hidden")
        page.mouse.click(720, 450)
        page.wait_for_selector(
            "#card .tallies, #card .none"
        )  # the cell, where a sign would be first
        assert page.locator(".of-case").count() == 0
    assert not [url for url in page.asked if re.search(r"/live$|\d/cases[/?]", url)]
    with seen(city, browser, city.link(city.cell, code)) as page:
        page.wait_for_selector("#card .acts button")
        assert "供水管道破裂" not in page.content()
        page.click("#card .acts button")
        page.wait_for_selector("#login")
        assert page.evaluate("new URL(location).searchParams.get('next')").endswith(code)
    assert not [url for url in page.asked if re.search(r"/live$|\d/cases[/?]", url)]
    with seen(city, browser, city.link(city.cell, code), role=Role.PLANNER) as page:
        until(page, "document.querySelector('#card').textContent.includes('您的角色看不到案卷')")
    assert not [url for url in page.asked if re.search(r"/live$|\d/cases[/?]", url)]


def test_what_is_late_comes_first_and_eight_are_shown(city: City, browser: Any) -> None:
    city.do("UPDATE case_file SET geom = NULL, cell_id = NULL, area_no = 0")
    codes = [city.report(description=f"第 {n} 件") for n in range(11)]
    now = datetime.now(UTC)
    for n, code in enumerate(codes):
        due = now + timedelta(hours=n if n < 9 else -n)
        city.do("UPDATE case_file SET stage_due_at = %s WHERE code = %s", due, code)
    with seen(city, browser, city.link(city.cell), role=Role.DISPATCHER) as page:
        page.wait_for_selector(".case-line")
        shown = [one.get_attribute("data-code") for one in page.locator(".case-line").all()]
        assert shown == [codes[10], codes[9], *codes[:6]]
        assert page.locator(".when.late").all_inner_texts()[0].startswith("已超 10 小时")
        assert "还有 3 件" in page.inner_text(".case-list")
        page.click(".case-list .unfold button")
        assert page.locator(".case-line").count() == 11
        assert page.evaluate("document.activeElement.dataset.code") == codes[6]


def test_a_case_of_every_kind_of_clock(city: City, browser: Any) -> None:
    late, stands, joined = city.report(), city.report(), city.report()
    city.do("UPDATE case_file SET stage_due_at = now() - interval '125 min' WHERE code = %s", late)
    city.move(stands, "file", condition=1)
    until_when = (datetime.now(UTC) + timedelta(days=9)).isoformat()
    city.move(stands, "suspend", until=until_when, reason="等停水窗口")
    city.move(joined, "join", other=late)
    with seen(city, browser, city.link(city.cell, late), role=Role.DISPATCHER) as page:
        page.wait_for_selector(".time.late")
        assert "已超 2 小时 5 分" in page.inner_text(".time")
        page.evaluate(f"location.hash = location.hash.replace('{late}', '{stands}')")
        page.wait_for_selector(".time.stands")
        assert "挂账至" in page.inner_text(".time")
        assert "等停水窗口" in page.inner_text(".story")
        page.evaluate(f"location.hash = location.hash.replace('{stands}', '{joined}')")
        until(page, "document.querySelector('.time').textContent.includes('随主案计时')")
        page.click(f".told .chip:text('{late}')")
        page.wait_for_selector(".time.late")
        assert page.url.endswith(late)


def test_a_cell_that_is_not_sure_names_its_desk_and_the_cells(city: City, browser: Any) -> None:
    code = city.report(accuracy_m=400)
    with seen(city, browser, city.link("", code), role=Role.ADMINISTRATOR) as page:
        page.wait_for_selector(".chips button")
        assert "值班台定格" in page.inner_text("#card")
        names = page.locator(".chips button").all_inner_texts()
        assert city.name in names
        page.click(f".chips button:text('{city.name}')")
        until(page, f"document.querySelector('#card h2').textContent === '{city.name}'")


def test_a_whistle_and_a_photograph_are_told(city: City, browser: Any) -> None:
    burst = {**BURST, "lon": city.lon, "lat": city.lat, "accuracy_m": 3}
    code = httpx.post(f"{city.base}/cases", json=burst, timeout=30).json()["code"]  # by anybody
    city.move(code, "file", condition=1)
    city.ask(Role.CHIEF, "POST", f"/cases/{code}/whistles", json={
        "words": "管网产权不明", "kind": "emergency",
        "parties": [{"code": WATER, "part": "lead"}],
    })  # fmt: skip
    picture = BytesIO()
    Image.new("RGB", (640, 480), "#3b7").save(picture, "JPEG")
    file = {"file": ("a.jpg", picture.getvalue(), "image/jpeg")}
    city.ask(Role.ADMINISTRATOR, "POST", f"/cases/{code}/photos", files=file)
    with seen(city, browser, city.link(city.cell, code), role=Role.DISPATCHER) as page:
        page.wait_for_selector(".whistles")
        whistle = page.inner_text(".whistles")
        assert all(
            w in whistle for w in ("第 1 哨", "应急哨", "吹哨中", "主办", "水务局", "待应哨")
        )
        story = page.inner_text(".story")
        assert all(word in story for word in ("市民", "水务局"))
        assert not any(word in story for word in ("anybody", "报街道"))  # called, not told further
        page.locator(".photos img").scroll_into_view_if_needed()
        until(page, "document.querySelector('.photos img').naturalWidth > 0")
    city.ask(Role.CHIEF, "POST", f"/cases/{code}/whistles/1/close", json={"words": "另行处置"})
    with seen(city, browser, city.link(city.cell, code), role=Role.DISPATCHER) as page:
        page.wait_for_selector(".whistles")
        assert "待应哨 ·" not in page.inner_text(".whistles")  # nobody waits for it any more


def test_nothing_that_a_case_says_ever_runs(city: City, browser: Any) -> None:
    code = city.report(description=NASTY, address=NASTY)
    city.move(code, "file", condition=1)
    city.do("UPDATE network_unit SET name = %s, phone = %s WHERE code = %s", NASTY, NASTY, WATER)
    city.do("UPDATE worker SET name = %s", NASTY)
    city.do("UPDATE case_class SET name = %s", NASTY)
    city.do("UPDATE case_condition SET filing = %s, closing = %s", NASTY, NASTY)
    city.do("UPDATE case_file SET title = %s WHERE code = %s", NASTY, code)
    city.move(code, "dispatch", unit=WATER, words=NASTY)
    city.move(code, "supervise", words=NASTY)
    strange = '<b onclick="x">%?#&'
    city.do("UPDATE case_file SET code = %s WHERE code = %s", strange, code)
    with seen(city, browser, city.link(city.cell), role=Role.DISPATCHER) as page:
        page.wait_for_selector(".case-line")
        page.locator(".case-line", has=page.locator(".name", has_text="<img")).click()
        page.wait_for_selector("#card .story")
        assert page.inner_text("#card h2") == NASTY
        assert all(NASTY in page.inner_text(part) for part in (".posts", ".why", ".told", ".story"))
        assert page.evaluate("window.hurt") is None
        assert page.locator("img[src=x]").count() == 0
        assert page.locator("#card [onclick], #card [onmouseover]").count() == 0
        page.reload()
        until(page, "document.querySelector('#card .story') !== null")
        assert page.inner_text("#card .code span:last-child") == strange


def test_with_the_keyboard_alone(city: City, browser: Any) -> None:
    code = city.report()
    city.do("UPDATE case_file SET stage_due_at = now() - interval '99 days' WHERE code = %s", code)
    with seen(city, browser, "/map", role=Role.DISPATCHER) as page:
        drawn(page)
        page.keyboard.press("/")
        page.keyboard.type(city.cell)
        page.wait_for_selector("#found [role=option]")
        page.keyboard.press("Enter")
        page.wait_for_selector(".case-line")
        for _ in range(20):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.dataset.code ?? ''"):
                break
        assert page.evaluate("document.activeElement.dataset.code") == code
        page.keyboard.press("Enter")
        page.wait_for_selector("#card .why")
        assert page.evaluate("document.activeElement.id") == "card"
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "back"
        listens(page)
        city.move(code, "verify")
        until(page, "document.querySelector('#card .state').textContent.includes('已核实')")
        assert page.evaluate("document.activeElement.className") == "back"
        assert "现在已核实" in page.inner_text(".unseen")
        page.keyboard.press("Enter")
        until(page, f"document.activeElement.dataset.code === '{code}'")
        page.keyboard.press("Enter")
        page.wait_for_selector("#card .why")
        page.keyboard.press("Escape")
        assert page.is_hidden("#card")
        assert page.evaluate("document.activeElement.className").startswith("folium-map")
        assert not page.url.endswith(code)


def test_on_a_phone_a_sign_opens_its_sheet(city: City, browser: Any) -> None:
    city.do("UPDATE case_file SET geom = NULL, cell_id = NULL, area_no = 0")
    code = city.report()
    city.move(code, "file", condition=1)
    city.move(code, "dispatch", unit=WATER)
    with seen(city, browser, city.link(), role=Role.DISPATCHER, **PHONE) as page:
        drawn(page)
        page.touchscreen.tap(195, 422)
        page.wait_for_selector(".of-case")
        assert page.locator(".of-case").bounding_box()["height"] >= 43.5
        settled(page)  # a second tap before would be a double tap, which zooms
        page.tap(".of-case")
        page.wait_for_selector("#card .why")
        sheet = page.locator("#card").bounding_box()
        assert (sheet["x"], sheet["width"], sheet["y"] + sheet["height"]) == (0, 390, 844)
        small = page.evaluate("""() => [...document.querySelectorAll('#card button, #card a')]
            .map((e) => [e.getBoundingClientRect(), e.outerHTML.slice(0, 80)])
            .filter(([box]) => box.height < 43.5).map(([, html]) => html)""")
        assert small == []
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        ring = "document.querySelector('.leaflet-overlay-pane path').getBoundingClientRect()"
        until(page, f"{ring}.bottom < {sheet['y']}")


def test_a_page_that_is_not_seen_does_not_listen(city: City, browser: Any) -> None:
    code, as_one = city.report(), {"role": Role.DISPATCHER}
    verified = "document.querySelector('#card .state').textContent.includes('已核实')"
    link = city.link(city.cell, code)
    with seen(city, browser, link, **as_one) as page, seen(city, browser, link, **as_one) as other:
        for one in (page, other):
            one.wait_for_selector("#card .why")
            listens(one)
        page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")
        before = len(page.asked)
        city.move(code, "verify")
        until(other, verified)
        settled(page)
        assert "待受理" in page.inner_text("#card .state")
        assert not [url for url in page.asked[before:] if code in url]
        page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
        until(page, verified)
