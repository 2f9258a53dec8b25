"""The editors' page in a real browser: what waits, notices, polls, meetings, questions, two at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from accessible import faults
from conftest import Base, signed_in
from test_walk_cases import City
from test_walk_home import SMALL
from test_walk_report import seen
from walking import DESK, NASTY, PHONE, until

from data.accounts import Charged
from gis.access import Role

SAVE = ".editor .foot .btn.main"


@pytest.fixture
def city(server: Callable[..., Base], town_url: str) -> City:
    return City(server(town_url), town_url)


def _division(city: City) -> str:
    told = httpx.get(f"{city.base}/community/home", params={"cell": city.cell}, timeout=30).json()
    return str(told["division"]["code"])


def _write(city: City, kind: str, **told: Any) -> int:
    answer = city.ask(Role.CHIEF, "POST", f"/community/{kind}", json=told)
    return int(answer["id"])


def _rows(city: City, kind: str) -> list[dict[str, Any]]:
    return list(city.ask(Role.CHIEF, "GET", f"/community/pages/{kind}"))


def _read(city: City, kind: str, cell: str) -> list[str]:
    told = httpx.get(
        f"{city.base}/community/{kind}", params={"cell": cell, "limit": 100}, timeout=60
    )
    return [one["title"] for one in told.json()]


def _soon(**more: float) -> str:
    return (datetime.now(UTC) + timedelta(**more)).isoformat()


def _local(**more: float) -> str:
    """A moment as the fields of the page write it: by the town's clock."""
    at = datetime.now(ZoneInfo("Asia/Shanghai")) + timedelta(**more)
    return f"{at:%Y-%m-%dT%H:%M}"


def _headed(page: Any, words: str) -> None:
    until(page, f"document.querySelector('#beside h2')?.textContent === {words!r}")


def test_a_notice_is_written_kept_while_typing_seen_before_and_published_to_some_cells(
    city: City, browser: Any
) -> None:
    division = _division(city)
    with seen(city, browser, "/editors#notices/new", role=Role.CHIEF) as page:
        _headed(page, "写通知")
        assert page.evaluate("document.activeElement.tagName") == "H2"
        page.fill("#field-until_at", _local(days=-1))
        page.click(SAVE)
        told = page.locator(".editor .fault:visible").all_inner_texts()
        assert told == ["请填写标题。", "请填写正文。", "这个时间已经过去了。"]
        assert page.evaluate("document.activeElement.id") == "field-title"
        page.fill("#field-title", "周四停水")
        page.fill("#field-body", "上午九点到下午五点。\n\n请提前储水。<b>")
        page.reload()
        _headed(page, "写通知")
        assert page.input_value("#field-title") == "周四停水"
        assert "上次没写完" in page.inner_text(".editor [role=status]")
        page.select_option("#field-division", division)
        page.check(f"#field-cells input[value='{city.cell}']")
        page.fill("#field-until_at", _local(days=3))
        page.click("text=预览")
        assert page.locator("dialog .said").all_inner_texts() == [
            "上午九点到下午五点。", "请提前储水。<b>",
        ]  # fmt: skip
        page.keyboard.press("Escape")
        page.click(SAVE)
        _headed(page, "周四停水")
        assert "周四停水" in page.inner_text("#rows a[aria-current]")
        page.fill("#search", "下午五点 周四")
        assert page.locator("#rows .row").count() == 1
        page.fill("#search", "没有这样的")
        assert "没有找到" in page.inner_text("#list .empty")
    (row,) = [one for one in _rows(city, "notices") if one["title"] == "周四停水"]
    assert (row["division_code"], row["cells"], row["version"]) == (division, [city.cell], 1)
    others = city.ask(Role.CHIEF, "GET", "/community/charge", params={"division": division})
    other = next(one["code"] for one in others["cells"] if one["code"] != city.cell)
    assert "周四停水" in _read(city, "notices", city.cell)
    assert "周四停水" not in _read(city, "notices", other)


def test_two_who_write_at_once_see_both_versions_and_what_is_taken_back_is_asked(
    city: City, browser: Any
) -> None:
    number = _write(city, "notices", title="灭蚊", body="周一。", division=_division(city))
    forgive = "409"
    with seen(
        city, browser, f"/editors#notices/{number}", role=Role.CHIEF, forgive=forgive
    ) as page:
        _headed(page, "灭蚊")
        page.fill("#field-body", "周二。")
        change = {"version": 1, "body": "周三。", "title": "灭蚊消杀"}
        city.ask(Role.ADMINISTRATOR, "PATCH", f"/community/notices/{number}", json=change)
        page.click(SAVE)
        page.wait_for_selector(".clash")
        assert page.evaluate("document.activeElement.id") == "clash"
        assert page.locator(".clash .text").all_inner_texts() == ["周二。", "周三。"]
        assert faults(page) == []
        page.click(".clash >> text=用我的保存")
        _headed(page, "灭蚊消杀")
        until(page, "document.querySelector('.clash') === null")
        until(page, "document.querySelector('#field-body').value === '周二。'")
        (row,) = [one for one in _rows(city, "notices") if one["id"] == number]
        assert (row["title"], row["body"], row["version"]) == ("灭蚊消杀", "周二。", 3)
        page.fill("#field-title", "不要了")
        page.click("text=丢掉草稿")
        page.click("dialog .danger")
        until(page, "document.querySelector('#field-title').value === '灭蚊消杀'")
        page.click(".editor .danger")
        page.click("dialog >> text=取消")
        assert number in [one["id"] for one in _rows(city, "notices")]
        page.click(".editor .danger")
        page.click("dialog .danger")
        until(page, "location.hash === '#notices'")
        assert number not in [one["id"] for one in _rows(city, "notices")]
        page.click(".toast >> text=撤销")
        _headed(page, "灭蚊消杀")
        (row,) = [one for one in _rows(city, "notices") if one["id"] == number]
        assert (row["body"], row["version"]) == ("周二。", 5)
        page.click(".editor .danger")
        page.click("dialog .danger")
        until(page, "location.hash === '#notices'")
        page.click(".gone summary")  # also when the word that offered to undo it is gone
        page.wait_for_selector(".gone li:first-child >> text=灭蚊消杀")  # the last first
        assert "刚刚撤下" in page.inner_text(".gone li:first-child")
        assert page.inner_text(".gone .many") == str(page.locator(".gone li").count())
        assert faults(page) == []
        page.click(".gone li:first-child >> text=恢复")
        _headed(page, "灭蚊消杀")
        assert number in [one["id"] for one in _rows(city, "notices")]


def test_a_poll_by_keyboard_stands_once_it_opened_and_a_meeting_keeps_what_became_of_it(
    city: City, browser: Any
) -> None:
    with seen(city, browser, "/editors#polls/new", role=Role.CHIEF) as page:
        _headed(page, "发起投票")
        page.fill("#field-title", "装充电桩")
        page.focus("#field-options-1")
        page.keyboard.type("不装")
        page.keyboard.press("Enter")
        page.keyboard.type("装")
        page.keyboard.press("Alt+ArrowUp")
        assert page.evaluate("document.activeElement.value") == "装"
        page.keyboard.press("Enter")
        page.keyboard.type("装")
        page.fill("#field-opens_at", _local(days=3))
        page.fill("#field-closes_at", _local(days=2))
        page.click(SAVE)
        assert page.locator(".editor .fault:visible").all_inner_texts() == [
            "“装”写了两次。", "截止要晚于开始。",
        ]  # fmt: skip
        page.focus("#field-options-2")
        page.keyboard.press("Control+A")
        page.keyboard.press("Backspace")
        page.keyboard.press("Backspace")
        page.fill("#field-closes_at", _local(days=9))
        page.click(SAVE)
        _headed(page, "装充电桩")
        (poll,) = [one for one in _rows(city, "polls") if one["title"] == "装充电桩"]
        assert (poll["options"], poll["division_code"]) == (["装", "不装"], None)
        city.do("UPDATE poll SET opens_at = now() - interval '1 hour' WHERE id = %s", poll["id"])
        page.reload()
        page.wait_for_selector(".editor .notice")
        assert "不能再改" in page.inner_text(".editor .notice")
        assert page.locator(".editor input, .editor textarea").count() == 0

        page.click("#kinds >> text=议事会议")
        page.click("#list .headline .btn")
        page.fill("#field-title", "停车协调会")
        page.fill("#field-body", "十二人参加。")
        page.fill("#field-at", _local(days=-1))
        page.click(SAVE)
        _headed(page, "停车协调会")
        page.click("text=加一条决定")
        page.fill("#field-words", "南门增设四个车位")
        page.select_option("#field-state", "dropped")
        page.click(SAVE)
        assert page.locator(".editor .fault:visible").all_inner_texts() == [
            "没有落实的，请写明原因。"
        ]
        page.select_option("#field-state", "done")
        page.fill("#field-outcome", "已划线。")
        page.click(SAVE)
        _headed(page, "会议决定")
        page.click(".up a")
        _headed(page, "停车协调会")
        assert "已划线" in page.inner_text(".decided")


def test_what_residents_ask_waits_by_deadline_is_answered_once_and_names_need_a_reason(
    city: City, browser: Any
) -> None:
    city.do("DELETE FROM question")
    city.do("DELETE FROM application")
    asked = {"adviser": "cadre", "topic": "楼道堆物", "words": "找谁？", "cell": city.cell}
    for number, name in enumerate(("王芳", "李强")):
        told = {**asked, "name": name, "contact": "13812345678", "request_id": f"ask-{number}-abc"}
        httpx.post(f"{city.base}/community/questions", json=told, timeout=30).raise_for_status()
    offer = {"name": "赵敏", "phone": "13912345678", "skills": ["理发"], "cell": city.cell}
    told = {**offer, "request_id": "offer-abc-1"}
    httpx.post(f"{city.base}/community/volunteers", json=told, timeout=30).raise_for_status()
    city.do("UPDATE question SET asked_at = now() - interval '9 days', due_at = now() - interval '1 day' WHERE topic = '楼道堆物' AND request_id = 'ask-0-abc'")  # fmt: skip
    with seen(city, browser, "/editors", role=Role.CHIEF, forgive="409", **PHONE) as page:
        page.wait_for_selector(".block")
        assert "1件已经超期" in page.inner_text(".late-words")
        assert "超期" in page.inner_text(".block .clock.late >> nth=0")
        page.tap(".block .row >> nth=0")
        _headed(page, "楼道堆物")
        assert "王芳" not in page.inner_text("#beside")
        page.tap("text=显示联系方式")
        page.fill("#field-reason", "电话核实情况")
        page.tap("dialog .btn.main")
        page.wait_for_selector(".person a[href='tel:13812345678']")
        page.tap(".foot .btn.main")
        assert "请填写答复" in page.inner_text(".fault:visible")
        page.fill("#field-answer", "明天清理。")
        page.tap(".foot .btn.main")
        page.wait_for_selector("#beside h3:has-text('已答复')")
        page.tap(".up a")
        page.tap("#rows .row:has(.clock)")
        page.fill("#field-answer", "重复了。")
        (waiting,) = city.ask(
            Role.CHIEF, "GET", "/community/asked/questions", params={"state": "waiting"}
        )
        words = {"version": waiting["version"], "words": "别人答的。"}
        city.ask(
            Role.ADMINISTRATOR, "POST", f"/community/questions/{waiting['id']}/answer", json=words
        )
        page.tap("text=不受理")
        page.tap("dialog .btn.main")
        page.wait_for_selector("text=别人答的。")
        assert page.input_value("#field-answer") == "重复了。"
        page.fill("#field-answer", "")
        page.tap(".up a")
        page.tap("#kinds >> text=志愿者报名")
        page.tap("#rows .row")
        page.tap("text=接收入队")
        page.tap("dialog .btn.main")
        until(page, "document.querySelector('#beside .letter h3')?.textContent === '已答复'")
        assert "姓名和电话已删除" in page.inner_text("#beside")


def test_every_view_is_for_hands_eyes_and_readers_and_runs_nothing_that_data_says(
    city: City, browser: Any
) -> None:
    for table in ("notice", "guide", "council"):
        city.do(f"UPDATE {table} SET title = %s, body = %s", NASTY, NASTY)
    city.do("UPDATE council_decision SET words = %s", NASTY)
    division = _division(city)
    poll = {"options": ["一", "二"], "opens_at": _soon(days=1), "closes_at": _soon(days=2)}
    ids = {
        "notices": _write(city, "notices", title=NASTY[:90], body=NASTY, division=division),
        "guides": _write(city, "guides", title=NASTY[:90], body=NASTY, hours="24/7"),
        "polls": _write(city, "polls", title=NASTY[:90], **poll),
        "meetings": _write(city, "meetings", title=NASTY[:90], body=NASTY, at=_soon(days=1)),
    }
    ids["decisions"] = _write(city, "decisions", meeting=ids["meetings"], words=NASTY)
    views = ["", "questions", "applications", "notices", "notices/new", "polls/new"]
    views += [f"{kind}/{number}" for kind, number in ids.items()]
    (place,) = city.ask(Role.CHIEF, "GET", "/community/pages/facilities", params={"number": 1199})
    views += ["facilities", f"facilities/{place['id']}"]
    found = {}
    for size, scheme in ((DESK, "dark"), (PHONE, "light")):
        with seen(city, browser, "/editors", role=Role.CHIEF, color_scheme=scheme, **size) as page:
            if size is DESK:
                page.click("text=English")
                until(page, "document.documentElement.lang === 'en'")
            for view in views:
                page.goto(f"{city.base}/editors#{view}")
                until(page, f"document.body.dataset.shown === {view!r}")
                until(page, "document.querySelector('main .waiting') === null")
                found[view, scheme] = faults(page)
                if size is PHONE:
                    found[view, scheme] += page.evaluate(SMALL)
                across = page.evaluate("document.documentElement.scrollWidth - innerWidth")
                assert across <= 0, f"{view} can be pushed sideways"
            assert page.evaluate("window.hurt") is None
            assert [one for one in page.asked if not one.startswith((city.base, "data:"))] == []
    assert {where: told for where, told in found.items() if told} == {}


def test_who_has_no_whole_community_is_told_so_and_others_do_not_come_in(
    city: City, browser: Any
) -> None:
    token = signed_in(city.url, "one-cell", Role.LEADER, [Charged(cell=city.cell)])
    city._tokens[Role.LEADER] = token
    with seen(city, browser, "/editors", role=Role.LEADER) as page:
        page.wait_for_selector("#list .notice")
        assert "还不负责一个完整的社区" in page.inner_text("#list")
        assert page.locator(".editors a[href$='/new']").count() == 0
    worker = {"Authorization": f"Bearer {city.token(Role.WORKER)}"}
    assert httpx.get(f"{city.base}/editors", headers=worker, timeout=60).status_code == 403


def test_what_cannot_be_reached_is_said_and_nothing_that_was_written_is_lost(
    city: City, browser: Any
) -> None:
    number = _write(city, "notices", title="消杀", body="周一。", division=_division(city))
    with seen(city, browser, "/editors#notices", role=Role.CHIEF, **PHONE) as page:
        page.wait_for_selector("#rows .row")
        page.route("**/community/**", lambda route: route.abort())
        page.goto(f"{city.base}/editors#notices/{number}")
        page.wait_for_selector("#list >> text=现在读不到")
        page.unroute("**/community/**")
        page.tap("#list >> text=再试一次")
        _headed(page, "消杀")
        page.fill("#field-body", "周二。")
        page.route("**/community/**", lambda route: route.abort())
        page.tap(SAVE)
        page.wait_for_selector(".editor .notice.warn")
        assert "没有收到服务器的答复" in page.inner_text(".editor .notice.warn")
        assert page.input_value("#field-body") == "周二。"
        page.unroute("**/community/**")
        page.tap(SAVE)
        page.wait_for_selector(".toast")
        (row,) = [one for one in _rows(city, "notices") if one["id"] == number]
        assert (row["body"], row["version"]) == ("周二。", 2)
        page.tap(".toast >> text=撤销")
        until(page, "document.querySelector('#field-body')?.value === '周一。'")

        page.goto(f"{city.base}/editors#notices/new")
        _headed(page, "写通知")
        page.fill("#field-title", "只发一次")
        page.fill("#field-body", "早。")
        once = re.compile("/community/notices$")
        page.route(once, lambda route: (route.fetch(), route.abort()), times=1)
        page.tap(SAVE)
        page.wait_for_selector(".editor .notice.warn")
        page.reload()
        _headed(page, "写通知")
        page.fill("#field-body", "晚。")
        page.dblclick(SAVE)
        _headed(page, "只发一次")
        rows = [one for one in _rows(city, "notices") if one["title"] == "只发一次"]
        assert [(one["body"], one["version"]) for one in rows] == [("晚。", 2)]


def test_a_facility_is_found_put_right_and_put_back(city: City, browser: Any) -> None:
    city.do("UPDATE facility SET hours = NULL, phone = NULL WHERE name = '望江便利店（5店）'")

    def kept() -> tuple[str | None, str | None]:
        asked = {"q": "望江便利店（5店）"}
        (row,) = city.ask(Role.CHIEF, "GET", "/community/pages/facilities", params=asked)
        return row["hours"], row["phone"]

    with seen(city, browser, "/editors#facilities", role=Role.CHIEF, **PHONE) as page:
        page.wait_for_selector("#rows .row")
        assert "先列出200处" in page.inner_text("#list [role=status]")
        page.tap("text=只看缺时间或电话的")
        until(page, "document.querySelectorAll('#rows .row').length === 1")
        assert "缺时间" in page.inner_text("#rows .row")
        page.fill("#search", "没有这样的")
        page.wait_for_selector("#list .empty >> text=没有找到")
        page.fill("#search", "望江 便利店")
        page.tap("#rows .row")
        _headed(page, "望江便利店（5店）")
        assert page.locator(".editor .danger").count() == 0
        page.tap(".chip >> text=全天开放")
        assert "居民看到：全天开放" in page.inner_text(".hours-help")
        page.fill("#field-phone", "027-12345678")
        page.fill("#field-name", "")
        page.tap(SAVE)
        assert "请填写名称" in page.inner_text(".fault:visible")
        page.fill("#field-name", "望江便利店（5店）")
        page.tap(SAVE)
        page.wait_for_selector(".toast")
        assert kept() == ("24/7", "027-12345678")
        page.tap(".toast >> text=撤销")
        until(page, "document.querySelector('#field-phone')?.value === ''")
        assert kept() == (None, None)


def test_a_facility_is_added_with_a_pin(city: City, browser: Any) -> None:
    with seen(city, browser, "/editors#facilities", role=Role.CHIEF, forgive="409") as page:
        page.click("text=加设施")
        page.wait_for_selector(".pin")
        page.fill("#field-name", "便民理发")
        page.fill("#field-hours", "随时都行")
        page.click(SAVE)
        assert "请填写地点" in page.inner_text("#field-place .fault")
        assert "认不出来" in page.inner_text("#beside")
        page.fill("#field-hours", "Mo-Su 09:00-20:00")
        page.evaluate(
            "([lon, lat]) => import('/static/home/map.js').then(({ map, onMap }) => "
            "map.setView(onMap(lon, lat), 17, { animate: false }))",
            [city.lon, city.lat],
        )
        page.click("text=就在这里")
        until(page, "document.querySelector('.spot').textContent.startsWith('在')")
        assert "误差" not in page.inner_text(".spot")  # a hand put it there, no position
        assert faults(page) == []
        page.click(SAVE)
        _headed(page, "便民理发")
        page.click("text=加设施")
        page.wait_for_selector(".pin")
        page.fill("#field-name", "便民理发")
        page.click("text=就在这里")
        page.click(SAVE)
        assert "便民理发" in page.inner_text("dialog a")  # the same once more?
        page.click("dialog .main")
        _headed(page, "便民理发")
    asked = {"q": "便民理发"}
    rows = city.ask(Role.CHIEF, "GET", "/community/pages/facilities", params=asked)
    assert [(one["hours"], one["cell"]) for one in rows] == [
        ("Mo-Su 09:00-20:00", city.cell), (None, city.cell),
    ]  # fmt: skip
