"""The community's home in a real browser: my cell, what one looks for, reports, votes, questions."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from accessible import faults
from conftest import Base
from psycopg.rows import dict_row
from test_walk_cases import City
from test_walk_report import seen, shot
from town import SEAL
from walking import DESK, NASTY, PHONE, drawn, until

from gis.access import Role

VIEWS = (
    "", "find/居住证", "cell", "guides", "guides/1", "services", "notices", "notices/1", "polls",
    "places", "report", "follow", "consult", "volunteer", "meetings",
)  # fmt: skip
READY = """(at) => (document.body.dataset.at ?? '') === at && !document.querySelector('.waiting')
    && [...document.querySelectorAll('.town')].every((one) => one.hidden || one.querySelector('canvas, img'))"""
SMALL = """() => [...document.querySelectorAll('a, button, input, select, textarea, summary, label')]
    .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest('.leaflet-control-attribution, .unseen'))
    .filter((one) => !(one.matches('input') && one.closest('label')) && !(one.matches('label') && !one.querySelector('input')) && !one.matches('.unseen, .skip'))
    .map((one) => [one.getBoundingClientRect(), one.outerHTML.slice(0, 90)])
    .filter(([box]) => box.height < 43.5).map(([, html]) => html)"""


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


def _settle(page: Any, city: City) -> None:
    """Choose the first cell of the town by its name."""
    page.goto(f"{city.base}/#cell")
    page.fill("#cell-search", city.name)
    page.click(f".found .row:has-text('{city.name}')")
    until(page, f"document.getElementById('hello').textContent === '{city.name}'")


def _heading(page: Any, words: str) -> None:
    until(page, f"document.querySelector('#view h1')?.textContent === {words!r}")


def _told(page: Any) -> list[str]:
    """The faults that stand at the fields."""
    return [str(words) for words in page.locator("#view .fault:visible").all_inner_texts()]


def _code(page: Any) -> str:
    page.wait_for_selector(".thanks .code")
    return str(page.locator(".thanks .code").last.inner_text())


def _follow(page: Any, city: City, code: str) -> str:
    page.goto(f"{city.base}/#follow")
    page.fill("#follow-code", code.lower())
    page.keyboard.press("Enter")
    page.wait_for_selector(".followed")
    return str(page.inner_text(".followed"))


def test_my_cell_by_position_name_or_map_is_kept_on_this_device_until_forgotten(
    city: City, browser: Any
) -> None:
    here = {"latitude": city.lat, "longitude": city.lon, "accuracy": 4}
    how = {**PHONE, "geolocation": here, "permissions": ["geolocation"]}
    with seen(city, browser, "/", **how) as page:
        page.wait_for_selector("#some-polls >> text=选好您的网格")
        page.tap("text=查我的网格 >> nth=0")
        _heading(page, "我在哪个网格")
        assert page.evaluate("document.activeElement.tagName") == "H1"
        page.tap("text=用我的位置")
        page.tap(f".found .row:has-text('{city.name}')")
        until(page, f"document.getElementById('hello').textContent === '{city.name}'")
        assert page.evaluate("Object.entries(localStorage).flat()") == [
            "wangge.home.cell",
            city.cell,
        ]
        assert page.evaluate("sessionStorage.length") == 0
        assert page.context.cookies() == []
        assert len([url for url in page.asked if "lon=" in url]) == 1
        page.reload()
        page.wait_for_selector(".contact .call[href^='tel:']")
        assert "网格员" in page.inner_text(".contact")
        assert "在岗" in page.inner_text("#mine")
        page.tap("text=忘记我的网格")
        page.tap("dialog >> text=取消")
        assert page.evaluate("localStorage.length") == 1
        page.tap("text=忘记我的网格")
        page.tap("dialog .btn.main")
        until(page, "document.getElementById('hello').textContent.includes('您好')")
        assert page.evaluate("localStorage.length") == 0
        page.tap(".toast >> text=撤销")
        page.wait_for_selector(".contact .call")
        page.tap("text=换一个网格")
        page.tap("text=在地图上点")
        until(page, "document.querySelector('.town:not([aria-busy]) .leaflet-container') !== null")
        drawn(page)
        box = page.locator(".town .leaflet-container").bounding_box()
        page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.wait_for_selector(f".found .row:has-text('{city.name}')")
        page.go_back()
        page.wait_for_selector(".contact .call")
        page.goto(f"{city.base}/#17/{city.lat:.5f}/{city.lon:.5f}/{city.cell}")
        page.wait_for_url(re.compile("/map#17/"))


def _find_by_keys(page: Any) -> None:
    """Past the bar, to the search, and to the first guide it finds, without a pointer."""
    page.reload()
    page.wait_for_selector(".contact .call")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "hello"
    for _ in range(20):
        if page.evaluate("document.activeElement.id") == "ask":
            break
        page.keyboard.press("Tab")
    page.keyboard.type("jzz")
    page.keyboard.press("Enter")
    page.wait_for_selector(".group >> text=居住证办理")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")


def test_what_one_looks_for_is_found_near_and_has_an_address(
    city: City, browser: Any, asks: Any
) -> None:
    asks("UPDATE facility SET hours = '24/7' RETURNING id")  # open whenever the tests run
    with seen(city, browser, "/") as page:
        _settle(page, city)
        _find_by_keys(page)
        _heading(page, "居住证办理")
        assert "本人身份证" in page.inner_text(".materials")
        address = page.url
        page.go_back()
        assert page.input_value("#find-field") == "jzz"
        page.fill("#find-field", "药房")
        page.wait_for_selector(".group >> text=平价药房 >> nth=0")
        until(page, "decodeURIComponent(location.hash) === '#find/药房'")
        page.fill("#find-field", "没有这样的事")
        page.wait_for_selector("text=没有找到")
        page.click("#view >> text=首页")
        until(page, "document.activeElement.id === 'hello'")
        page.goto(address)
        _heading(page, "居住证办理")
        page.goto(f"{city.base}/#places")
        page.wait_for_selector(".place")
        page.wait_for_selector(".numbered")
        away = page.locator(".place .under b").all_inner_texts()
        metres = [
            float(re.sub("[^0-9.]", "", one)) * (1000 if "公里" in one else 1) for one in away
        ]
        assert metres == sorted(metres)
        page.click(".chip >> text=医疗")
        until(
            page,
            "[...document.querySelectorAll('.place .under')].every((one) => one.textContent.includes('医疗'))",
        )
        first = page.inner_text(".place .title >> nth=0")
        (place,) = asks(
            "SELECT ST_X(geom) AS lon, ST_Y(geom) AS lat FROM facility WHERE name = %s", first
        )
        page.click(".place .number >> nth=0")
        until(page, "document.querySelectorAll('.numbered.chosen').length === 1")
        page.click(".place >> text=导航 >> nth=0")
        links = page.locator("dialog .ways a").evaluate_all("all => all.map((a) => a.href)")
        spot = f"{place['lat']:.6f},{place['lon']:.6f}"
        assert links[0].startswith(f"geo:{spot}")
        assert "dev=0" in links[1]
        assert "coord_type=wgs84" in links[2]
        page.keyboard.press("Escape")
        with page.expect_response(re.compile("/community/facilities")):
            page.click(".chip >> text=现在开着")
        until(
            page,
            "[...document.querySelectorAll('.place')].every((one) => one.querySelector('.badge.good, .badge.warn'))",
        )
        assert page.inner_text(".place[aria-current] .title") == first  # in the list come anew
        assert page.locator(".numbered.chosen").count() == 1
        page.click("#view >> text=首页")
        page.click("#some-notices .row >> nth=0")
        page.wait_for_selector(".letter .said")
        page.goto(f"{city.base}/#meetings")
        page.click("#view .row >> nth=0")
        page.wait_for_selector(".decisions .badge")


def test_a_problem_is_reported_once_and_followed_by_its_code(
    city: City, browser: Any, asks: Any
) -> None:
    with seen(city, browser, "/") as page:
        _settle(page, city)
        page.click("text=上报问题 >> nth=0")
        page.wait_for_selector(".pin")
        page.fill("#field-contact", "call me")
        page.click("#view [type=submit]")
        assert _told(page) == [
            "请写几句话说明，或者选一个类别。",
            "请把图钉放到现场，或按“就在这里”。",
            "这不像电话号码：应是5到15位数字。",
        ]
        assert page.evaluate("document.activeElement.id") == "field-description"
        page.fill("#field-description", "路灯不亮")
        page.fill("#field-contact", "139 0000 1111")
        page.click("text=就在这里")
        until(page, f"document.querySelector('.spot').textContent.includes({city.name!r})")
        page.set_input_files("#report-photos", [shot("#a33"), shot("#3a3")])
        page.wait_for_selector(".shots img >> nth=1")
        page.fill("#report-class", "路灯")
        page.click(".class-found .chip >> nth=0")
        page.click("#view >> text=首页")
        page.click("text=上报问题 >> nth=0")
        page.wait_for_selector(".pin")
        assert page.input_value("#field-description") == "路灯不亮"
        assert page.locator(".shots img").count() == 2
        page.route(re.compile("/cases$"), lambda route: (route.fetch(), route.abort()), times=1)
        page.click("#view [type=submit]")
        page.wait_for_selector("text=没等到回音")
        assert page.is_disabled("#field-description")
        page.dblclick("#view [type=submit]")
        code = _code(page)
        page.wait_for_selector("text=2张照片都传到了")
        assert page.evaluate("document.activeElement.textContent") == "收到了，谢谢"
        assert page.evaluate("localStorage.length + sessionStorage.length") == 1
        (case,) = asks(
            """SELECT f.code, f.description, f.contact_mask, f.class_code, c.code AS cell,
                      (SELECT count(*) FROM case_photo p WHERE p.case_id = f.id) AS photos
               FROM case_file f JOIN grid_cell c ON c.id = f.cell_id WHERE f.channel = 'page'"""
        )
        assert case.pop("code") in page.inner_text(".codes")
        assert case == {
            "description": "路灯不亮", "contact_mask": "139****1111", "class_code": "0137",
            "cell": city.cell, "photos": 2,
        }  # fmt: skip
        page.click("text=看进度")
        page.wait_for_selector(".followed .steps .now")
        assert "收到" in page.inner_text(".followed .now")
        number = asks("SELECT code FROM case_file WHERE channel = 'page'")[0]["code"]
        city.move(number, "file", condition=1)
        told = _follow(page, city, code)
        assert "立案" in page.inner_text(".followed .now")
        assert "路灯不亮" not in told
        page.goto(f"{city.base}/#report")
        page.wait_for_selector(".pin")
        assert page.input_value("#field-description") == ""


def _resident(asks: Any, cell: str) -> dict[str, str]:
    """Somebody in the register who lives in a cell, by clear name, id and telephone."""
    (row,) = asks(
        """SELECT r.name_sealed, r.id_sealed, r.phone_sealed FROM resident r
           JOIN household h ON h.id = r.household_id JOIN dwelling d ON d.id = h.dwelling_id
           JOIN grid_cell c ON c.id = d.cell_id
           WHERE c.code = %s AND r.phone_sealed IS NOT NULL AND r.id_sealed IS NOT NULL
           ORDER BY r.id LIMIT 1""",
        cell,
    )
    opened = {
        "name": SEAL.open("name", bytes(row["name_sealed"])),
        "resident_id": SEAL.open("id_number", bytes(row["id_sealed"])),
        "phone": SEAL.open("phone", bytes(row["phone_sealed"])),
    }
    return {field: str(value) for field, value in opened.items()}


def _cast(page: Any, person: dict[str, str]) -> None:
    for field, value in person.items():
        page.fill(f"#field-{field}", value)
    page.tap(".ballot [type=submit]")
    page.tap("dialog .btn.main")


def _another_votes(page: Any, city: City, person: dict[str, str]) -> None:
    """At the same telephone, after half an hour, and after another tab learned of somebody else."""
    page.tap("text=换一位居民来投")
    assert page.input_value("#field-phone") == ""
    assert page.context.cookies() == []
    page.tap(".choice >> nth=0")
    _cast(page, person)
    page.wait_for_selector("text=已经投过票了")
    page.tap("#view .up a")
    page.tap("#view .row:has(.badge.accent) >> nth=0")
    page.wait_for_selector("text=已经核对过身份")
    page.tap(".choice >> nth=0")
    page.context.clear_cookies()  # as after half an hour
    _cast(page, {})
    page.wait_for_selector("text=不能再用了")
    assert page.locator(".choice input").first.is_checked()
    _cast(page, person)
    page.wait_for_selector("text=已经投过票了")
    page.tap("#view .up a")
    page.tap("#view .row:has(.badge.accent) >> nth=0")
    page.wait_for_selector("text=已经核对过身份")
    page.tap(".choice >> nth=0")
    assert page.request.post(f"{city.base}/community/voter", data=person).ok  # as another tab does
    _cast(page, {})
    page.wait_for_selector("text=不能再用了")
    page.wait_for_selector("#field-name")


def test_a_resident_votes_once_and_the_result_is_told_after_the_close(
    city: City, browser: Any, asks: Any
) -> None:
    person = _resident(asks, city.cell)
    with seen(city, browser, "/", forgive="status of 4", **PHONE) as page:
        _settle(page, city)
        page.tap("text=投票 >> nth=0")
        page.tap("#view .row:has(.badge.accent) >> nth=0")
        page.wait_for_selector(".ballot")
        page.tap(".ballot [type=submit]")
        assert _told(page) == [
            "请先选一项。",
            "请写姓名。",
            "身份证号应是18位，请再核对一遍。",
            "请写手机号。",
        ]
        page.tap(".choice >> nth=1")
        chosen = page.inner_text(".choice >> nth=1")
        for field, value in {**person, "name": "别人"}.items():
            page.fill(f"#field-{field}", value)
        page.tap(".ballot [type=submit]")
        assert chosen in page.inner_text("dialog")
        page.tap("dialog >> text=取消")
        assert asks("SELECT count(*) AS n FROM poll_voter") == [{"n": 0}]
        page.tap(".ballot [type=submit]")
        page.tap("dialog .btn.main")
        page.wait_for_selector("text=和社区台账对不上")
        assert page.input_value("#field-phone") == person["phone"]
        page.fill("#field-name", person["name"])
        page.tap(".ballot [type=submit]")
        page.tap("dialog .btn.main")
        page.wait_for_selector("text=投好了")
        assert person["phone"] not in page.content()
        assert page.evaluate("document.cookie") == ""
        (poll,) = asks("SELECT poll_id FROM poll_voter")
        counted = asks("SELECT choice, votes FROM ballot_box WHERE poll_id = %s AND votes > 0", poll["poll_id"])  # fmt: skip
        assert [row["choice"] for row in counted] == [2]
        _another_votes(page, city, person)
        page.tap("#view .up a")
        page.tap("#view .row:has(.badge.calm) >> nth=0")
        page.wait_for_selector(".bars .bar")
        shares = page.locator(".bars .num").all_inner_texts()
        assert shares
        assert all(re.search(r"\d+票，占\d+%", one) for one in shares)


def test_a_question_and_an_offer_of_help_are_answered_to_who_has_the_code(
    city: City, browser: Any, asks: Any
) -> None:
    with seen(city, browser, "/") as page:
        page.goto(f"{city.base}/#volunteer")
        page.wait_for_selector("text=先查一下您在哪个网格")
        _settle(page, city)
        page.goto(f"{city.base}/#consult")
        assert page.locator(".offices .call[href^='tel:']").count() >= 1 or page.wait_for_selector(
            ".offices .call"
        )
        page.click("#view [type=submit]")
        assert _told(page) == ["请写一句话的标题。", "请写您想问的事。"]
        page.fill("#field-topic", "送餐")
        page.fill("#field-words", "老年食堂能不能送餐")
        page.click("#view [type=submit]")
        question = _code(page)
        assert "答复" in page.inner_text(".thanks")
        page.goto(f"{city.base}/#volunteer")
        page.fill("#field-name", "沈愿")
        page.fill("#field-phone", "13700000009")
        page.click(".choice >> text=送餐跑腿")
        page.click(".choice >> text=周六")
        page.click("#view [type=submit]")
        assert _told(page) == ["请把日子和时段都选上，或者都不选。"]
        page.click(".choice >> text=上午")
        page.click("#view [type=submit]")
        offer = _code(page)
        assert asks("SELECT times, name_mask FROM application ORDER BY id DESC LIMIT 1") == [
            {"times": "周六 09:00-12:00", "name_mask": "沈*"}
        ]
        assert "待答复" in _follow(page, city, question)
        (asked,) = asks("SELECT id FROM question WHERE topic = '送餐'")
        city.ask(
            Role.ADMINISTRATOR, "POST", f"/community/questions/{asked['id']}/answer",
            json={"version": 1, "words": "可以，六十岁以上免费送。"},
        )  # fmt: skip
        assert "六十岁以上免费送" in _follow(page, city, question)
        assert "沈愿" not in _follow(page, city, offer)
        page.fill("#follow-code", f"{offer[:-1]}{'2' if offer[-1] != '2' else '3'}")
    with seen(city, browser, "/#follow", forgive="status of 404") as page:
        page.fill("#follow-code", "C222-2222-2222-2222")
        page.keyboard.press("Enter")
        page.wait_for_selector("text=没有这个跟进码")
        assert page.get_attribute("#follow-code", "aria-invalid") == "true"


def test_every_view_is_open_to_all_and_nothing_that_is_told_ever_runs(
    city: City, browser: Any
) -> None:
    for table in ("notice", "guide", "council"):
        city.do(f"UPDATE {table} SET title = %s, body = %s", NASTY, NASTY)
    city.do("UPDATE council_decision SET words = %s", NASTY)
    city.do("UPDATE facility SET name = %s, address = %s, hours = %s", NASTY, NASTY, NASTY)
    city.do("UPDATE grid_cell SET name = %s WHERE code <> %s", NASTY, city.cell)
    found = {}
    for size, scheme in ((DESK, "dark"), (PHONE, "light")):
        with seen(city, browser, "/", color_scheme=scheme, **size) as page:
            _settle(page, city)
            if size is DESK:
                page.click("text=English")
                until(page, "document.documentElement.lang === 'en'")
            for view in VIEWS:
                page.goto(f"{city.base}/#{view}")
                until(page, f"({READY})({view!r})")
                found[view, scheme] = faults(page)
                if size is PHONE:
                    found[view, scheme] += page.evaluate(SMALL)
                across = page.evaluate("document.documentElement.scrollWidth - innerWidth")
                assert across <= 0, f"{view} can be pushed sideways"
            assert page.evaluate("window.hurt") is None
            assert page.locator("img[src=x], [onclick], [onmouseover]").count() == 0
            assert [one for one in page.asked if not one.startswith((city.base, "data:", "blob:"))] == []  # fmt: skip
    assert {where: told for where, told in found.items() if told} == {}
