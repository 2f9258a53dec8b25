"""The grid worker's phone in a real browser: his day done with one thumb, a report on a boundary."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from conftest import Base
from stairwell import THUMB, Worker, phone, sent, usable, view
from test_walk_report import shot
from walking import NASTY, until

import gis.coordinates
from gis.terms import Datum


@pytest.fixture
def town(server: Callable[..., Base], town_url: str) -> Worker:
    return Worker(server(town_url), town_url)


def test_the_day_is_done_with_one_thumb(town: Worker, browser: Any) -> None:
    code, nasty = town.give(), town.give(NASTY, **{"class": "0410", "address": ""})
    with phone(town, browser) as page:
        usable(page)
        view(page, "today")
        assert town.his["name"] in page.inner_text("#where")
        urgency = [
            row.get_attribute("class")
            for row in page.locator(".stops").first.locator(".what").all()
        ]
        late = ["late" in str(one) for one in urgency]
        assert late == sorted(late, reverse=True)
        assert set(late) == {True, False}
        page.tap(f"[data-stop='{code}']")
        view(page, "case")
        assert page.locator("#card a[href^='tel:']").count() == 1  # his leader's, not his own
        assert str(page.get_attribute("#card a[href^='geo:']", "href")).startswith(
            f"geo:{town.his['lat']:.6f}"
        )
        page.tap("[data-key=take]")
        sent(page, 1)
        assert town.state(code) == "handling"
        until(page, "document.querySelector('[data-key=feedback]') !== null")
        page.tap("[data-key=feedback]")
        page.tap("[form=move]")
        assert "说几句" in page.inner_text(".fault")
        page.set_input_files("#camera", [shot("#3a3")])
        page.wait_for_selector(".shots img")
        page.tap(".field .chip")
        view(page, "move")
        page.tap("[form=move]")
        sent(page, 2)
        assert town.state(code) == "feedback"
        assert town.rows("SELECT 1 AS n FROM case_photo") == [{"n": 1}]
        page.go_back()
        until(page, f"!document.querySelector('.stops:not(details *) [data-stop=\"{code}\"]')")
        page.tap(f"[data-stop='{nasty}']")
        until(page, "document.querySelector('#card .words') !== null")
        assert NASTY in page.inner_text("#card .words")
        assert page.evaluate("window.hurt") is None
        page.tap("[data-key=more]")
        page.tap("[data-key=assign]")
        page.wait_for_selector("#card [role=radio], #card [type=radio]")
        (me,) = town.rows("SELECT name FROM worker WHERE code = %s", town.his["code"])
        assert me["name"] not in page.inner_text("#card")  # he has it already
        page.go_back()
        page.tap("[data-key=whistle]")
        until(page, "document.querySelectorAll('.called :checked').length === 3")
        assert page.input_value("#whistle-words").startswith("非机动车乱停放，")
        view(page, "whistle")
        page.tap("[data-key=send]")
        sent(page, 3)
        (whistle,) = town.rows(
            "SELECT count(p.number) AS n FROM whistle w JOIN whistle_party p ON p.whistle_id = w.id"
        )
        assert whistle["n"] == 3


def test_a_visit_is_told_in_two_taps_and_taken_back(town: Worker, browser: Any) -> None:
    visits = "SELECT channel, finding, undone_at IS NOT NULL AS undone FROM visit WHERE account IS NOT NULL ORDER BY id DESC LIMIT 1"
    with phone(town, browser) as page:
        usable(page)
        first = page.locator(".stops a[href^='#/visit/']").first
        name = first.get_attribute("data-stop")
        first.tap()
        view(page, "visit")
        assert "*" in page.inner_text("#card h2")
        page.tap(".telling .chip >> nth=0")
        page.tap(".findings .well")
        sent(page, 1)
        (visit,) = town.rows(visits)
        assert visit == {"channel": "door", "finding": "well", "undone": False}
        assert page.locator(f".stops [data-stop='{name}']").count() == 0
        page.tap(".toast .btn")
        until(page, f"document.querySelector('.stops [data-stop=\"{name}\"]') !== null")
        assert town.rows(visits)[0]["undone"]
        page.tap(f".stops [data-stop='{name}']")
        page.tap("#card a[href^='#/home/']")
        view(page, "home")
        page.tap(".person-card button >> nth=0")
        page.tap("dialog .main")
        page.wait_for_selector("dialog .number a[href^='tel:1']")
        page.keyboard.press("Escape")
        assert town.rows("SELECT count(*) AS n FROM journal WHERE act = 'unmask'") == [{"n": 1}]
        page.evaluate("location.hash = '#/homes'")
        view(page, "homes")
        page.fill("#home", "2-401")
        until(
            page,
            "[...document.querySelectorAll('.found .title')].every((one) => one.textContent.includes('2-401'))",
        )


def edge(town: Worker) -> dict[str, float]:
    """A place in his cell two metres from its boundary."""
    (at,) = town.rows(
        """SELECT ST_X(p) AS longitude, ST_Y(p) AS latitude FROM (
               SELECT ST_LineInterpolatePoint(ST_ExteriorRing(ST_GeometryN(ST_Transform(
                   ST_Buffer(geom::geography, -2)::geometry, 4326), 1)), 0.3) AS p
               FROM (SELECT geom FROM grid_cell WHERE code = %s) c) one""",
        town.his["cell"],
    )
    return at


def test_three_taps_report_what_lies_on_a_boundary(town: Worker, browser: Any) -> None:
    here = {**edge(town), "accuracy": 6}
    with phone(town, browser, geolocation=here, permissions=["geolocation"]) as page:
        usable(page)
        page.tap("[data-tab=report]")
        until(page, "document.querySelector('.spot .cell') !== null")
        view(page, "report")
        assert town.his["name"] in page.inner_text(".spot")
        assert "离边界2" in page.inner_text(".spot")
        page.fill("#class", "lmtx")
        assert page.inner_text(".class-chips .chip") == "路面塌陷"
        page.fill("#class", "")
        page.set_input_files("#camera", [shot("#a33")])
        page.wait_for_selector(".shots img")
        chosen = page.inner_text(".class-chips .chip >> nth=0")
        page.tap(".class-chips .chip >> nth=0")
        page.tap(THUMB)
        sent(page, 1)
        (case,) = town.rows("""SELECT f.title, f.accuracy_m, ST_X(f.geom) AS lon, c.code, (SELECT count(*) FROM case_photo) AS photos
            FROM case_file f LEFT JOIN grid_cell c ON c.id = f.cell_id ORDER BY f.id DESC LIMIT 1""")  # fmt: skip
        assert (case["title"], case["photos"], case["accuracy_m"]) == (chosen, 1, 6)
        assert case["lon"] == pytest.approx(here["longitude"], abs=1e-6)
        page.tap("[data-tab=report]")
        page.tap("a[href='#/map/pin']")
        page.wait_for_selector(".pin-card")
        until(page, "document.querySelectorAll('.leaflet-tile-loaded').length > 0")
        view(page, "map")
        before = page.inner_text(".pin-card")
        page.mouse.move(195, 300)
        page.mouse.down()
        page.mouse.move(195, 60, steps=6)
        page.mouse.up()
        until(page, f"document.querySelector('.pin-card').innerText !== {json.dumps(before)}")
        page.tap(".pin-card .main")
        until(page, "document.body.dataset.view === 'report'")
        page.fill("#report-words", "图钉放的地方")
        page.tap(THUMB)
        sent(page, 2)
        told = [body for _, body in page.sent if body and b"lon" in body]
        asked = [url for url, _ in page.sent if "lon=" in url or "/locate" in url]
        assert (len(told), asked) == (2, [])


def test_where_the_phone_holds_no_ground_the_map_says_so(town: Worker, browser: Any) -> None:
    with phone(town, browser, forgive="Failed to load resource") as page:
        usable(page)
        until(page, "navigator.serviceWorker.controller !== null")
        page.tap("[data-tab=map]")
        until(page, "document.querySelectorAll('.leaflet-tile-loaded').length > 0")
        blank = page.locator(".no-ground")
        assert blank.is_hidden()
        page.context.set_offline(True)
        for _ in range(6):  # far from one's own cells
            page.mouse.move(195, 300)
            page.mouse.down()
            page.mouse.move(195, 700, steps=4)
            page.mouse.up()
        until(page, blank.is_visible)
        assert "没有这里的底图" in blank.inner_text()
        view(page, "map")
        page.context.set_offline(False)
        until(page, blank.is_hidden)
        assert blank.text_content() == ""


def test_a_report_from_elsewhere_says_whose_it_is_and_offline_that_it_will(
    town: Worker, browser: Any
) -> None:
    (there,) = town.rows(
        """SELECT c.code, c.name, ST_X(p) AS longitude, ST_Y(p) AS latitude, w.name AS worker
           FROM grid_cell c JOIN post o ON o.cell_id = c.id AND o.role = 'grid_worker'
           JOIN worker w ON w.id = o.worker_id, ST_PointOnSurface(c.geom) p
           WHERE w.code <> %s AND NOT EXISTS (SELECT FROM shift s WHERE s.worker_id = w.id)
           ORDER BY c.code COLLATE "C" DESC LIMIT 1""",
        town.his["code"],
    )
    here = {axis: there[axis] for axis in ("longitude", "latitude")}
    with phone(
        town, browser, forgive="Failed to load resource", geolocation={**here, "accuracy": 5},
        permissions=["geolocation"],
    ) as page:  # fmt: skip
        usable(page)
        asked: list[Any] = []
        page.on("request", lambda one: "/locate" in one.url and asked.append(one.all_headers()))
        page.tap("[data-tab=report]")
        until(
            page,
            f"document.querySelector('.spot')?.innerText.includes({json.dumps(there['name'])})",
        )
        view(page, "report")
        assert "不在您的网格里" in page.inner_text(".spot")
        assert "负责" in page.inner_text(".spot")
        assert "cookie" not in asked[0]
        until(page, "navigator.serviceWorker.controller !== null")
        page.context.set_offline(True)
        page.context.set_geolocation({**here, "latitude": here["latitude"] + 2e-4})
        until(page, "document.querySelector('.spot').innerText.includes('没有网络')")
        page.fill("#report-words", "在别处看到的")
        page.tap(THUMB)
        page.context.set_offline(False)
        sent(page, 1)
        (case,) = town.rows(
            "SELECT c.code FROM case_file f JOIN grid_cell c ON c.id = f.cell_id ORDER BY f.id DESC LIMIT 1"
        )
        assert case["code"] == there["code"]


IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"


def test_the_way_is_told_in_the_datum_of_each_map_application(town: Worker, browser: Any) -> None:
    place = (town.his["lon"], town.his["lat"])
    lon, lat = gis.coordinates.convert(
        *map(np.array, place), source=Datum.WGS84, target=Datum.GCJ02
    )
    assert abs(lon - place[0]) > 1e-4  # there is something to shift
    code = town.give()
    with phone(town, browser, user_agent=IPHONE) as page:
        usable(page)
        page.tap(f"[data-stop='{code}']")
        page.wait_for_selector("#card .acts a")
        apple, amap = page.eval_on_selector_all(
            "#card .acts a", "all => all.map((one) => one.href)"
        )[:2]
        assert apple == f"maps://?daddr={lat:.6f},{lon:.6f}&dirflg=w"
        assert f"dlat={lat:.6f}&dlon={lon:.6f}" in amap
        assert "dev=0" in amap
        assert "苹果地图" in page.inner_text("#card .acts")


def test_every_move_is_offered_with_what_it_needs(town: Worker, browser: Any) -> None:
    place = {"lon": town.his["lon"], "lat": town.his["lat"]}
    code = town.report(description="说不清是什么类别的事", **{"class": ""}, **place)
    (other,) = town.rows(
        "SELECT code, name FROM grid_cell WHERE code <> %s ORDER BY code DESC LIMIT 1",
        town.his["cell"],
    )
    with phone(town, browser, login="leader", forgive="Failed to load resource") as page:
        usable(page)
        until(page, f"location.hash = '#/case/{code}'")
        page.wait_for_selector("[data-key=file]")
        page.tap("[data-key=more]")
        view(page, "case")
        offered = {
            str(one.get_attribute("data-key"))
            for one in page.locator(".under-thumb [data-key]").all()
        }
        assert offered - {"more"} == {"settle", "verify", "file", "void", "join", "note"}
        page.tap("[data-key=file]")
        page.fill("#tell-class", "lmtx")
        page.tap(".class-chips .chip >> nth=0")
        page.tap(".field .field .chip >> nth=0")
        view(page, "move")
        page.tap("[form=move]")
        sent(page, 1)
        assert town.state(code) == "filed"
        page.wait_for_selector("[data-key=dispatch]")
        page.tap("[data-key=more]")
        page.tap("[data-key=settle]")
        page.fill("#tell-cell", other["code"])
        page.tap(f".called .check:has-text('{other['name']}')")
        view(page, "move")
        page.context.set_offline(True)
        page.fill("#tell-cell", "别处")
        page.wait_for_selector(".field [role=status]:has-text('没有网络')")
        page.go_back()
        page.context.set_offline(False)
        page.tap("[data-key=dispatch]")
        page.wait_for_selector(".called .under:has-text('系统建议')")
        page.context.set_offline(True)
        page.tap(".called .check >> nth=0")
        page.tap("[form=move]")
        page.context.set_offline(False)
        sent(page, 2)
        assert town.state(code) == "dispatched"
        told = page.evaluate(FIELDS)
        assert datetime.fromisoformat(told["until"]) > datetime.now(UTC) + timedelta(days=6)
        assert (told["rating"], told["closing"]) == (4, "恢复平整")


FIELDS = """async () => {
    const { fieldsOf } = await import('/static/worker/fields.js');
    const all = fieldsOf({ closing: '恢复平整' }, { move: 'suspend', needs: ['until', 'rating', 'closing'] });
    all[0].element.querySelector('.chip').click();
    all[1].element.querySelectorAll('.chip')[3].click();
    return Object.assign({}, ...all.map(({ value }) => value()));
}"""
