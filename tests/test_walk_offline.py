"""The worker's phone without network, in a real browser with a profile of its own: what it keeps,
what waits to be sent through a kill of the browser, and what is left after the sign-in."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from conftest import CHROMIUM_FLAGS, Base, owning
from playwright.sync_api import Error
from test_walk_cases import City
from walking import PHONE, drawn, heard, until

import api.actions.reports
import data.accounts
import data.sign_in
import maps.offline
from gis.access import Role


@pytest.fixture
def city(server: Callable[..., Base], town_url: str) -> City:
    return City(server(town_url), town_url)


class Phone:
    """A browser with a profile on the disk, whose process can be killed.

    Nothing wakes it by itself, unless that is permitted.
    """

    def __init__(self, browser: Any, profile: Path, base: str, *flags: str, **how: Any) -> None:
        self.profile, self.base = profile, base
        self.context = browser.browser_type.launch_persistent_context(
            str(profile),
            executable_path=_chromium(),
            args=[*CHROMIUM_FLAGS, *flags],
            permissions=[],
            **PHONE,
            **how,
        )
        self.page = self.context.pages[0]
        self.said = heard(self.page)

    def open(self, path: str = "/worker") -> Any:
        self.page.goto(self.base + path)
        return self.page

    def sign_in(self, login: str = "worker") -> Any:
        self.open("/sign-in?next=/worker")
        self.page.click(f".demo button[value={login}]")
        self.page.wait_for_url("**/worker")
        self.page.wait_for_load_state()
        until(self.page, "navigator.serviceWorker.controller !== null")
        return self.page

    def wake(self, page: Any) -> None:
        """Let the browser do what it does when the network is back."""
        tools, found = self.context.new_cdp_session(page), []
        heard = "ServiceWorker.workerRegistrationUpdated"
        tools.on(heard, lambda told: found.extend(told["registrations"]))
        tools.send("ServiceWorker.enable")
        until_true(page, lambda: found)
        told = {"registrationId": found[0]["registrationId"], "tag": "wangge-queue"}
        origin = {"origin": self.base, "lastChance": False}
        tools.send("ServiceWorker.dispatchSyncEvent", {**told, **origin})

    def kill(self) -> None:
        """End the browser as the system does that needs its memory: at once, asking nobody."""
        for process in self._processes():
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        with suppress(Exception):
            self.context.close()

    def close(self) -> None:
        self.context.close()

    def _processes(self) -> list[int]:
        own = f"--user-data-dir={self.profile}"
        found = []
        for place in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):
                if own in place.read_bytes().decode(errors="replace").split("\0"):
                    found.append(int(place.parent.name))
        return found


def _chromium() -> str | None:
    import shutil

    return shutil.which("chromium") or shutil.which("chromium-browser")


ADD = """async ({ colour, ...told }) => {
    const queue = await import('/static/worker/queue.js');
    const canvas = Object.assign(document.createElement('canvas'), { width: 3000, height: 1500 });
    const pen = canvas.getContext('2d');
    pen.fillStyle = colour ?? '#000';
    pen.fillRect(0, 0, 3000, 1500);
    const blob = await new Promise((done) => { canvas.toBlob(done, 'image/jpeg'); });
    return queue.add({ ...told, photos: colour ? [new File([blob], 'IMG_1.jpg')] : [] });
}"""
QUEUE = "import('/static/worker/queue.js').then((queue) => queue.{})"
KEPT = "import('/static/worker/kept.js').then((kept) => kept.{})"


def opened(page: Any) -> None:
    """Wait until the day is shown."""
    page.wait_for_selector("#list li", state="attached")


def items(page: Any) -> list[dict[str, Any]]:
    """What the phone says of the queue, in order."""
    told: list[dict[str, Any]] = page.evaluate(QUEUE.format("all()"))
    return told


def states(page: Any) -> list[tuple[str, str]]:
    return [(one["kind"], one["state"]) for one in items(page)]


def settled(page: Any, *expected: str) -> None:
    """Wait until the items stand so, in order."""
    for _ in range(300):
        with suppress(Error):  # the page may be on its way to another
            if [one["state"] for one in items(page)] == list(expected):
                return
        page.wait_for_timeout(50)
    raise AssertionError(f"never: {expected}; {items(page)}")


def report(words: str, city: City, **told: Any) -> dict[str, Any]:
    body = {"kind": "event", "class": "0501", "description": words, "lon": city.lon}
    body |= {"lat": city.lat, "accuracy_m": 5, "channel": "page"}
    return {"kind": "report", "url": "/cases", "body": body, "about": {"title": words}, **told}


def move(code: str, name: str, seen: int, words: str = "", **told: Any) -> dict[str, Any]:
    return {
        "kind": "move", "url": f"/cases/{code}/moves", "body": {"move": name, "words": words},
        "about": {"code": code, "title": words}, "seen": seen, **told,
    }  # fmt: skip


@pytest.fixture
def mine(city: City) -> tuple[str, int]:
    """A case that lies with the demo's worker, and its version."""
    with psycopg.connect(city.url) as store:
        worker, lon, lat = store.execute(
            """SELECT w.code, ST_X(p), ST_Y(p) FROM account a JOIN worker w ON w.id = a.worker_id
               JOIN post ON post.worker_id = w.id JOIN grid_cell c ON c.id = post.cell_id,
               LATERAL ST_PointOnSurface(c.geom) p WHERE a.login = 'worker' LIMIT 1"""
        ).fetchone()  # type: ignore[misc]
    city.lon, city.lat = lon, lat
    code = city.report()
    city.move(code, "file", condition=1)
    city.move(code, "dispatch", worker=worker)
    return code, version_of(city, code)


def version_of(city: City, code: str) -> int:
    return int(city.ask(Role.ADMINISTRATOR, "GET", f"/cases/{code}")["version"])


def rows(city: City, query: str, *values: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(city.url) as store:
        return store.execute(query, values).fetchall()


def held_up(monkeypatch: Any) -> tuple[threading.Event, threading.Event]:
    """The first report is taken in, and its answer waits until it is released."""
    arrived, release = threading.Event(), threading.Event()
    real = api.actions.reports.report

    def slow(*told: Any, **how: Any) -> Any:
        answer = real(*told, **how)
        if not arrived.is_set():
            arrived.set()
            release.wait(20)
        return answer

    monkeypatch.setattr(api.actions.reports, "report", slow)
    return arrived, release


def until_true(page: Any, seen: Callable[[], Any]) -> None:
    """Wait until something beside the page is so, which goes on meanwhile."""
    for _ in range(300):
        if seen():
            return
        page.wait_for_timeout(50)
    raise AssertionError("never")


REPORTED = "SELECT count(*) FROM case_file WHERE description = %s"
PHOTOS = """SELECT count(*) FROM case_photo p JOIN case_file f ON f.id = p.case_id
            WHERE f.description = %s OR f.code = %s"""
MOVES = """SELECT e.move FROM case_event e JOIN case_file f ON f.id = e.case_id
           WHERE f.code = %s AND e.actor <> 'administrator' ORDER BY e.id"""


def test_what_was_told_offline_survives_a_kill_and_is_sent_once(
    city: City, browser: Any, tmp_path: Path, mine: tuple[str, int], monkeypatch: Any
) -> None:
    code, version = mine
    phone = Phone(browser, tmp_path, city.base)
    page = phone.sign_in()
    opened(page)
    day = page.evaluate(KEPT.format("day()"))
    assert code in [one["code"] for one in day["cases"]]
    phone.close()  # so that the cookie is on the disk, which a browser sees to twice a minute

    phone = Phone(browser, tmp_path, city.base)
    phone.context.set_offline(True)
    page = phone.open()
    until(page, f"document.body.textContent.includes({json.dumps(day['cells'][0]['name'])})")
    care = day["visits"][0]["care"]
    visit = {"care": care, "at": day["at"], "channel": "door", "finding": "well", "words": "都好"}
    page.evaluate(ADD, report("井盖松动", city, colour="#a33"))
    page.evaluate(ADD, move(code, "take", version))
    page.evaluate(ADD, move(code, "feedback", version, "修好了", colour="#3a3"))
    page.evaluate(ADD, move(code, "note", version, "居民已告知"))
    page.evaluate(
        ADD, {"kind": "visit", "url": "/visits", "body": visit, "about": {"title": "走访"}}
    )
    assert [state for _, state in states(page)] == ["waiting"] * 5
    phone.kill()

    phone = Phone(browser, tmp_path, city.base)
    phone.context.set_offline(True)
    page = phone.open()
    until(page, f"document.body.textContent.includes({json.dumps(day['cells'][0]['name'])})")
    assert [one["about"]["title"] for one in items(page)] == [
        "井盖松动",
        "",
        "修好了",
        "居民已告知",
        "走访",
    ]
    assert items(page)[0]["request_id"]

    arrived, release = held_up(monkeypatch)
    phone.context.set_offline(False)
    until_true(page, arrived.is_set)
    assert rows(city, REPORTED, "井盖松动") == [(1,)]
    assert items(page)[0]["state"] == "sending"
    phone.kill()
    release.set()

    phone = Phone(browser, tmp_path, city.base)
    page = phone.open()
    settled(page, *["done"] * 5)
    assert rows(city, REPORTED, "井盖松动") == [(1,)]
    assert rows(city, PHOTOS, "井盖松动", code) == [(2,)]
    assert [one for (one,) in rows(city, MOVES, code)] == ["take", "feedback", "note", "note"]
    assert rows(city, "SELECT count(*) FROM visit WHERE words = '都好'") == [(1,)]
    assert [one["body"] for one in items(page)] == [None] * 5
    (told,) = rows(city, "SELECT code FROM case_file WHERE description = '井盖松动'")
    assert items(page)[0]["code"] == told[0]
    assert phone.said == []
    phone.close()


def test_a_lost_answer_two_tabs_and_somebody_faster(
    city: City, browser: Any, tmp_path: Path, mine: tuple[str, int]
) -> None:
    code, version = mine
    phone = Phone(browser, tmp_path, city.base)
    page = phone.sign_in()
    opened(page)
    lost: list[int] = []
    asked: list[str] = []

    def lose(route: Any) -> None:
        if len(lost) < 2:
            lost.append(route.fetch().status)
            route.abort()
        else:
            route.continue_()

    phone.context.on("request", lambda one: one.method == "POST" and asked.append(one.url))
    page.route("**/cases", lose)
    page.evaluate(ADD, report("路灯不亮", city))
    settled(page, "done")
    assert lost == [201, 201]
    assert rows(city, REPORTED, "路灯不亮") == [(1,)]
    page.unroute("**/cases")

    other = phone.context.new_page()
    other.goto(city.base + "/worker")
    opened(other)
    phone.context.set_offline(True)
    city.move(code, "note", words="值班员先看过了")
    page.evaluate(ADD, move(code, "take", version))
    other.evaluate(ADD, move(code, "feedback", version, "修好了"))
    for number in range(4):
        (page if number % 2 else other).evaluate(ADD, report(f"第{number}件", city))
    asked.clear()
    phone.context.set_offline(False)
    settled(page, "done", "conflict", "waiting", *["done"] * 4)
    for number in range(4):
        assert rows(city, REPORTED, f"第{number}件") == [(1,)]
    assert asked.count(city.base + "/cases") == 4
    _, taken, after, *_ = items(other)
    assert taken["facts"]["version"] == version + 1
    assert "值班员" not in taken["why"]
    assert rows(city, MOVES, code) == []
    page.evaluate(QUEUE.format(f"retry({json.dumps(taken['id'])}, {{ seen: {version + 1} }})"))
    settled(page, "done", "done", "conflict", *["done"] * 4)
    other.evaluate(QUEUE.format(f"drop({json.dumps(after['id'])})"))
    settled(page, "done", "done", *["done"] * 4)
    assert rows(city, MOVES, code) == [("take",)]
    page.evaluate(ADD, report("", city, body={"description": ""}))
    settled(page, *["done"] * 6, "refused")
    assert "say in words" in items(page)[-1]["why"]
    other.close()
    told_and_closed(city, phone, page)
    settled(phone.open(), *["done"] * 6, "refused", "done")
    assert rows(city, REPORTED, "页面关了以后才发") == [(1,)]
    phone.close()


def told_and_closed(city: City, phone: Phone, page: Any) -> None:
    """Tell something without network, close the page; the browser sends it when there is some."""
    phone.context.grant_permissions(["background-sync"])
    phone.context.set_offline(True)
    page.evaluate(ADD, report("页面关了以后才发", city, colour="#a33"))
    page.goto("about:blank")
    phone.context.set_offline(False)
    phone.open("/style")
    phone.wake(page)
    until_true(page, lambda: rows(city, PHOTOS, "页面关了以后才发", "") == [(1,)])


def sign_out(page: Any, *, sure: bool) -> None:
    """Sign out while something waits, which is asked first."""
    if page.is_hidden("form[action='/sign-out'] button"):
        page.click("#menu-open")
    page.click("form[action='/sign-out'] button")
    page.click(f"dialog button[value='{'yes' if sure else ''}']")
    page.wait_for_selector("dialog", state="detached")


SEALED = ("name_mask", "phone_mask", "address")


def told_of_persons(day: dict[str, Any]) -> set[str]:
    """Of what the day tells of residents, masked names and phones, and addresses, the longest."""
    homes = [one for home in day["homes"] for one in (home, *home["residents"])]
    told = {str(one[key]) for one in [*homes, *day["visits"]] for key in SEALED if one.get(key)}
    return set(sorted(told, key=len)[-60:])


def lies_open(folder: Path, words: set[str]) -> list[tuple[str, str]]:
    """Which of the words stand in a file below the folder, in either writing of a browser."""
    sought = {(word, form): word.encode(form) for word in words for form in ("utf-8", "utf-16-le")}
    found = []
    for file in folder.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            found += [(word, file.name) for (word, _), raw in sought.items() if raw in content]
    return found


DATABASES = """async () => {
    const { read, answered } = await import('/static/worker/shelf.js');
    const told = {};
    for (const name of ['kept', 'queue', 'photos']) {
        told[name] = await read(name, (store) => answered(store.getAllKeys()));
    }
    return { ...told, caches: (await caches.keys()).filter((name) => !/-[0-9a-f]{16}$/.test(name)) };
}"""


def test_nothing_lies_open_and_all_but_the_queue_ends_with_the_sign_in(
    city: City, browser: Any, tmp_path: Path
) -> None:
    phone = Phone(browser, tmp_path, city.base)
    page = phone.sign_in()
    opened(page)
    page.evaluate("localStorage.setItem('control', '对照用的明文')")
    persons = told_of_persons(page.evaluate(KEPT.format("day()")))
    assert len(persons) == 60
    phone.context.set_offline(True)
    page.evaluate(ADD, report("只在这部手机上的话", city, colour="#a33"))
    phone.close()
    secrets = {*persons, "只在这部手机上的话"}
    assert lies_open(tmp_path, {"对照用的明文"}) != []
    assert lies_open(tmp_path, secrets) == []

    phone = Phone(browser, tmp_path, city.base)
    phone.context.set_offline(True)
    page = phone.open()
    opened(page)
    assert len(items(page)) == 1
    page.context.route("**/cases", lambda route: route.abort())
    phone.context.set_offline(False)
    sign_out(page, sure=False)
    assert page.evaluate(KEPT.format("state().open"))
    sign_out(page, sure=True)
    page.wait_for_url("**/worker/left?*")
    page.wait_for_selector("#asleep:not([hidden])")
    left = page.evaluate(DATABASES)
    assert (left["kept"], left["caches"], len(left["queue"]), len(left["photos"])) == ([], [], 1, 1)
    page.context.unroute("**/cases")
    assert rows(city, REPORTED, "只在这部手机上的话") == [(0,)]

    page = phone.sign_in("leader")
    opened(page)
    assert items(page) == []
    assert page.evaluate(QUEUE.format("asleep()")) == 1
    assert page.evaluate(KEPT.format("day()"))["me"]["login"] == "leader"
    page.evaluate("navigator.locks.request('wangge-queue', () => {})")  # whoever sent is done
    assert rows(city, REPORTED, "只在这部手机上的话") == [(0,)]
    phone.close()


def test_what_is_kept_ends_with_the_sign_in_and_what_waits_comes_back(
    city: City, browser: Any, tmp_path: Path
) -> None:
    phone = Phone(browser, tmp_path, city.base)
    page = phone.sign_in()
    opened(page)
    phone.context.set_offline(True)
    city.do("DELETE FROM session")
    page.evaluate(ADD, report("等登录后再发", city, colour="#a33"))
    phone.context.set_offline(False)
    page.wait_for_selector(".nobody .notice")
    assert "还有1条没有发出" in page.inner_text(".nobody")
    assert page.evaluate(KEPT.format("day()")) is None
    left = page.evaluate(DATABASES)
    assert (left["kept"], len(left["queue"])) == ([], 1)
    assert rows(city, REPORTED, "等登录后再发") == [(0,)]

    page = phone.sign_in("worker")
    settled(page, "done")
    assert rows(city, REPORTED, "等登录后再发") == [(1,)]
    city.do("UPDATE session SET expires_at = now() + interval '10 minutes'")
    page.clock.install()
    with page.expect_response(lambda answer: answer.url.endswith("/worker/key")) as told:
        page.reload()  # the page opens before it is told
    assert told.value.ok
    opened(page)
    until(
        page, KEPT.format("state().ends_at") + ".then((at) => Date.parse(at) < Date.now() + 601000)"
    )
    phone.context.set_offline(True)
    page.clock.fast_forward("10:01")
    page.wait_for_selector(".nobody")
    page.reload()
    page.wait_for_selector(".nobody")
    assert items(page) == []
    assert page.evaluate(DATABASES)["kept"] == []
    phone.close()


OWN = "caches.keys().then((all) => all.filter((name) => /-[0-9a-f]{16}$/.test(name)))"


def test_a_new_release_takes_the_place_of_the_old_one_whole(
    city: City, browser: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    phone = Phone(browser, tmp_path, city.base)
    page = phone.sign_in()
    opened(page)
    (first,) = page.evaluate(OWN)
    real = maps.offline.kept
    newer = "0123456789abcdef"
    monkeypatch.setattr(maps.offline, "kept", lambda pages: replace(real(pages), version=newer))
    monkeypatch.setattr(maps.offline, "stamp", lambda: 1)
    page.reload()
    page.wait_for_selector(".toast button")
    only = f"{OWN}.then((all) => all.join() === 'wangge-worker-{newer}')"
    until(page, only)
    assert first != f"wangge-worker-{newer}"
    page.click("#menu-open")
    page.click("#menu button[name=language]")
    page.wait_for_selector("html[lang=en]", state="attached")
    opened(page)
    page.evaluate("location.hash = '#/map'")
    assert drawn(page) > 2
    phone.context.set_offline(True)
    page.reload()
    opened(page)
    assert page.evaluate("document.documentElement.lang") == "en"
    assert drawn(page, whole=False) > 2  # tiles beyond one's cells are not kept
    phone.close()


def test_without_https_nothing_is_kept_and_the_page_says_so(
    server: Callable[..., Base], town_url: str, browser: Any, tmp_path: Path
) -> None:
    city = City(server(town_url, allowed_hosts="wangge.test"), town_url)
    with owning(town_url) as db:
        number = data.accounts.known(db, login="worker")[0].id
        token = data.sign_in.begin(db, number, label="phone", lasts=timedelta(days=1))[1]
    headers = {"Authorization": f"Bearer {token}"}
    base = city.base.replace("127.0.0.1", "wangge.test")
    mapped = "--host-resolver-rules=MAP wangge.test 127.0.0.1"
    phone = Phone(browser, tmp_path, base, mapped, extra_http_headers=headers)
    page = phone.open()
    opened(page)
    assert "不能加密" in page.inner_text(".toasts")
    assert page.evaluate(KEPT.format("state().keeps")) is False
    page.evaluate(ADD, report("没有加密也能报", city, colour="#a33"))
    settled(page, "done")
    assert rows(city, REPORTED, "没有加密也能报") == [(1,)]
    assert rows(city, PHOTOS, "没有加密也能报", "") == [(1,)]
    assert page.evaluate("indexedDB.databases()") == []
    page.reload()
    opened(page)
    assert items(page) == []
    phone.close()


FULL = """() => {
    const add = IDBObjectStore.prototype.add;
    IDBObjectStore.prototype.add = function (value) {
        if (this.name === 'photos') throw new DOMException('full', 'QuotaExceededError');
        return add.call(this, value);
    };
}"""
"""A phone that has room for the words, not for the photograph."""


def test_a_busy_server_a_full_phone_and_a_wrong_clock_are_told_in_words(
    city: City, browser: Any, tmp_path: Path
) -> None:
    phone = Phone(browser, tmp_path, city.base)
    phone.page.clock.install(time=datetime.now(UTC) + timedelta(hours=20))
    page = phone.sign_in()
    opened(page)
    busy = json.dumps({"detail": "not so fast"})
    page.route("**/cases", lambda route: route.fulfill(status=429, body=busy))
    number = page.evaluate(ADD, report("太密了", city))
    settled(page, "waiting")
    until(page, QUEUE.format("all().then(([one]) => one.why === 'not so fast')"))
    page.unroute("**/cases")
    page.evaluate(QUEUE.format(f"retry({json.dumps(number)})"))
    settled(page, "done")
    ((since,),) = rows(
        city, "SELECT now() - reported_at FROM case_file WHERE description = '太密了'"
    )
    assert timedelta(0) <= since < timedelta(minutes=2)

    phone.context.set_offline(True)
    page.evaluate(FULL)
    with pytest.raises(Error, match="手机存储空间不够"):
        page.evaluate(ADD, report("存不下", city, colour="#a33"))
    assert states(page) == [("report", "done")]
    assert page.evaluate(DATABASES)["photos"] == []
    phone.close()
