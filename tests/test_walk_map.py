"""A walk over the map at `/` in a real browser."""

import re
from contextlib import contextmanager

import numpy as np
import psycopg
import pytest
from walking import DESK, NASTY, PHONE, drawn, heard, until

import gis.coordinates
from gis.terms import Datum


@contextmanager
def visit(browser, base, *, path="/map", quiet=True, **how):
    """Open the map as the administrator; on leaving, hold it to: no script error, no policy
    violation, no other host."""
    context = browser.new_context(**(how or DESK), extra_http_headers=base.headers)
    page = context.new_page()
    said, asked = heard(page), []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: (said.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.goto(base + path)
    yield page
    assert [url for url in asked if not url.startswith((base, "data:", "blob:"))] == []
    if quiet:
        assert said == []
    context.close()


def test_the_town_is_drawn_coloured_and_explained(server, town_url, browser):
    with visit(browser, server(town_url)) as page:
        assert drawn(page) > 20
        assert "60 个网格" in page.inner_text("#legend")
        ranges = page.inner_text(".bands")
        page.click("[data-measure=load]")
        assert page.inner_text(".bands") != ranges
        page.press("[data-measure=load]", "ArrowRight")
        assert page.get_attribute("[data-measure=open_cases]", "aria-checked") == "true"
        assert re.match(r"#[\d.]+/30\.\d+/111\.\d+$", page.evaluate("location.hash"))
        assert page.inner_text(".leaflet-control-attribution") == "Leaflet"


def test_signs_are_switched_in_the_legend_and_the_layer_control(server, town_url, browser):
    with visit(browser, server(town_url)) as page:
        drawn(page)
        with page.expect_response(re.compile("/tiles/[^/]*facilities")):
            page.check("#all-facilities")
        page.hover(".leaflet-control-layers")
        box = page.locator(".leaflet-control-layers-overlays label", has_text="设施").locator(
            "input"
        )
        assert box.is_checked()
        box.uncheck()
        assert not page.is_checked("#all-facilities")


def test_a_cell_is_found_by_keyboard_and_its_card_read(server, town_url, browser):
    base = server(town_url)
    with visit(browser, base) as page:
        drawn(page)
        page.keyboard.press("/")
        page.keyboard.type("第二网格")
        page.wait_for_selector("#found [role=option]")
        page.keyboard.press("ArrowDown")
        chosen = page.inner_text("#found [aria-selected=true] .name")
        page.keyboard.press("Enter")
        page.wait_for_selector("#card h2")
        assert page.inner_text("#card h2") == chosen
        card = page.inner_text("#card")
        assert all(word in card for word in ("户\n", "人\n", "网格长", "网格员", "B角", "公顷"))
        code = page.inner_text("#card .code span:last-child")
        until(page, f"location.hash.endsWith('/{code}')")
        with page.expect_download() as download:
            page.click("text=网格边界")
        assert download.value.suggested_filename == f"cells-{code}.geojson"
        address = page.evaluate("location.hash")
        page.keyboard.press("Escape")
        assert page.is_hidden("#card")
    with visit(browser, base, path="/map" + address) as page:
        page.wait_for_selector("#card h2")
        assert page.inner_text("#card h2") == chosen
        with page.expect_navigation():
            page.click(".language button")
        page.wait_for_selector("#card h2")  # the same place, in English
        card = page.inner_text("#card")
        assert all(word in card for word in ("Households", "Residents", "Grid leader", "ha\n"))
        assert "Legend" in str(page.get_attribute("#legend", "aria-label"))
        assert not re.search("[一-鿿]", page.inner_text(".facts, .switch, .bands"))


def test_a_tap_opens_the_sheet_on_a_phone(server, town_url, browser):
    with visit(browser, server(town_url), **PHONE) as page:
        drawn(page)
        page.touchscreen.tap(195, 380)
        page.wait_for_selector("#card h2")
        sheet = page.locator("#card").bounding_box()
        assert sheet["x"] == 0
        assert sheet["width"] == 390
        assert sheet["y"] + sheet["height"] == 844
        small = page.evaluate("""() => [...document.querySelectorAll('button, a.take, .posts a, .leaflet-bar a, input')]
            .map((e) => e.closest('label') ?? e).filter((e) => e.checkVisibility({ visibilityProperty: true }))
            .map((e) => [e.getBoundingClientRect(), e.outerHTML.slice(0, 80)])
            .filter(([box]) => box.height < 43.5 || box.width < 43.5).map(([, html]) => html)""")
        assert small == []
        page.tap("#card .close")
        page.tap("#legend .fold")
        assert page.is_visible("[data-measure=households]")
        assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_nothing_that_data_says_ever_runs(server, town_url, browser):
    with psycopg.connect(town_url) as connection:
        for table, column in (
            ("grid_cell", "name"),
            ("facility", "name"),
            ("case_file", "title"),
            ("division", "name"),
            ("grid_plan", "name"),
            ("worker", "name"),
            ("worker", "phone"),
            ("base_feature", "name"),
            ("building", "name"),
            ("facility", "category"),
            ("case_file", "state"),
            ("grid_cell", "kind"),
        ):
            own = "|| id" if (table, column) in {("grid_plan", "name")} else ""
            connection.execute(f"UPDATE {table} SET {column} = %s {own}", (NASTY,))
        connection.execute("UPDATE grid_cell SET code = %s || code", (NASTY,))
        connection.execute("UPDATE data_version SET version = version + 1")
        lon, lat = connection.execute(
            """SELECT ST_X(p), ST_Y(p)
               FROM (SELECT ST_PointOnSurface(geom) AS p FROM grid_cell ORDER BY id) bare
               WHERE NOT EXISTS (SELECT FROM facility WHERE ST_DWithin(geom, p, 0.0004))
                 AND NOT EXISTS (SELECT FROM case_file WHERE ST_DWithin(geom, p, 0.0004))
               LIMIT 1"""
        ).fetchone()  # a spot without signs, where a click means the cell
    with visit(browser, server(town_url), path=f"/map#18/{lat}/{lon}") as page:
        page.wait_for_selector("#legend:visible")
        assert NASTY in page.inner_text(".total")
        page.check("#all-facilities")
        drawn(page)
        page.mouse.move(700, 380)
        page.mouse.click(DESK["viewport"]["width"] / 2, DESK["viewport"]["height"] / 2)
        page.wait_for_selector("#card h2")
        assert page.inner_text("#card h2") == NASTY
        assert NASTY in page.inner_text("#card .posts")
        page.keyboard.press("/")
        page.keyboard.type("<img")
        page.wait_for_selector("#found [role=option]")
        page.keyboard.press("Enter")
        page.wait_for_timeout(600)
        assert page.evaluate("window.hurt") is None
        assert page.locator("img[src=x]").count() == 0


def test_a_case_is_read_in_a_small_popup(server, town_url, browser):
    with psycopg.connect(town_url) as connection:
        title, lon, lat = connection.execute(
            "UPDATE case_file SET title = '<i>井盖</i>缺失', state = 'filed' WHERE id ="
            " (SELECT id FROM case_file WHERE cell_id IS NOT NULL LIMIT 1) RETURNING title, ST_X(geom), ST_Y(geom)"
        ).fetchone()
        connection.execute(
            "UPDATE case_file SET geom = NULL, cell_id = NULL WHERE title <> %s", (title,)
        )
    with visit(browser, server(town_url), path=f"/map#18/{lat}/{lon}") as page:
        drawn(page)
        page.mouse.click(720, 450)
        page.wait_for_selector(".leaflet-popup .name")
        assert page.inner_text(".leaflet-popup .name") == title
        assert page.inner_text(".leaflet-popup .what") == "已立案"
        name = page.inner_text(".of-cell b")
        page.click(".of-cell")
        page.wait_for_selector("#card h2")
        assert page.inner_text("#card h2") == name


def test_where_there_are_no_cells_the_page_says_how_to_get_some(server, empty_url, browser):
    with visit(browser, server(empty_url)) as page:
        page.wait_for_selector("#notice h2")
        words = page.inner_text("#notice")
        assert "还没有网格" in words
        assert "wangge demo" in words
        assert page.is_hidden("#legend")


def test_a_lost_server_is_said_and_found_again(server, town_url, browser):
    with visit(browser, server(town_url), quiet=False) as page:
        drawn(page)
        page.context.set_offline(True)
        page.wait_for_selector("#notice h2")
        assert "连接不上服务器" in page.inner_text("#notice")
        page.context.set_offline(False)
        page.wait_for_selector("#notice", state="hidden")


def test_a_server_that_is_down_from_the_start_is_waited_for(server, town_url, browser):
    with visit(browser, server(town_url), path="/static/map/icon.svg", quiet=False) as page:
        down = lambda route: route.abort()  # noqa: E731
        page.route("**/overview", down)
        page.goto(page.url.split("/static")[0] + "/map")
        page.wait_for_selector("#notice button")
        page.unroute("**/overview", down)
        page.click("#notice button")
        assert drawn(page) > 20
        assert page.is_hidden("#notice")


def test_tiles_that_were_lost_come_when_the_network_is_back(server, town_url, browser):
    with visit(browser, server(town_url), quiet=False) as page:
        drawn(page)
        down = lambda route: route.abort()  # noqa: E731
        page.route("**/tiles/**", down)
        page.mouse.move(700, 400)
        page.mouse.wheel(0, -900)
        lost = "document.querySelectorAll('canvas.leaflet-tile:not(.leaflet-tile-loaded)').length"
        until(page, f"{lost} > 3")
        page.unroute("**/tiles/**", down)
        assert drawn(page) > 20
        until(page, f"{lost} === 0")


def test_tiles_and_names_are_sharp_on_a_page_that_is_enlarged(server, town_url, browser):
    with visit(browser, server(town_url)) as page:
        drawn(page)
        page.context.new_cdp_session(page).send(
            "Emulation.setDeviceMetricsOverride",
            {"width": 1280, "height": 800, "deviceScaleFactor": 2, "mobile": False},
        )
        until(
            page,
            "[...document.querySelectorAll('canvas.leaflet-tile')].every(({ width }) => width === 1024)",
        )
        names = "document.querySelector('canvas.names')"
        until(page, f"{names}.width === 2 * {names}.clientWidth")


def test_an_open_map_takes_up_what_changed(server, town_url, browser):
    context = browser.new_context(**DESK)
    page = context.new_page()
    page.clock.install()
    page.goto(server(town_url) + "/map")
    until(page, "document.querySelectorAll('.leaflet-tile-loaded').length > 1")
    with psycopg.connect(town_url) as connection:
        connection.execute("UPDATE grid_plan SET name = '新方案'")
        connection.execute("UPDATE data_version SET version = version + 1 WHERE layer = 'cells'")
    page.wait_for_load_state("networkidle")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.fast_forward(61_000)
    until(page, "document.querySelector('.total').textContent.includes('新方案')")
    assert any("/tiles/" in url for url in asked)
    context.close()


@pytest.mark.parametrize("granted", [True, False])
def test_where_am_i(server, town_url, browser, granted):
    with psycopg.connect(town_url) as connection:
        name, lon, lat = connection.execute(
            "SELECT name, ST_X(p), ST_Y(p) FROM (SELECT name, ST_PointOnSurface(geom) p FROM grid_cell ORDER BY code LIMIT 1) t"
        ).fetchone()
    place = {
        "geolocation": {"longitude": lon, "latitude": lat, "accuracy": 12},
        "permissions": ["geolocation"] if granted else [],
    }
    with visit(browser, server(town_url), **DESK, **place) as page:
        drawn(page)
        page.click(".here")
        page.wait_for_selector("#said:visible")
        if granted:
            page.wait_for_selector("#card h2")
            assert page.inner_text("#card h2") == name
            assert f"您在 {name}" in page.inner_text("#said")
        else:
            assert "没有得到定位许可" in page.inner_text("#said")


@pytest.mark.parametrize("tail", ["%E0%A4%A", "%", "a/b/c"])
def test_a_mangled_link_still_shows_the_town(server, town_url, browser, tail):
    with visit(
        browser, server(town_url), path=f"/map#15/30.1/111.2/{tail}", quiet=tail != "a/b/c"
    ) as page:
        assert drawn(page) > 20
        page.evaluate("location.hash = '#16/30.1/111.2/%E0%A4%A'")
        until(page, "/^#16[/]30.1/.test(location.hash) && !location.hash.includes('%E0')")


def locating(accuracy, **how):
    return {
        **how,
        "geolocation": {"longitude": 111.2, "latitude": 30.1, "accuracy": accuracy},
        "permissions": ["geolocation"],
    }


def test_a_rough_position_names_all_cells_it_may_mean(server, town_url, browser):
    asked = []
    with visit(browser, server(town_url), **locating(25_000, **DESK)) as page:
        page.on("request", lambda request: asked.append(request.url))
        drawn(page)
        page.click(".here")
        page.wait_for_selector(".choice button")
        assert any("/locate" in url and "accuracy_m=10000" in url for url in asked)
        assert "可能在" in page.inner_text("#card h2")
        assert page.is_hidden("#said")
        away = page.locator(".choice .away").all_inner_texts()
        assert away[0] == "定位点在此"
        assert len(away) > 5
        assert all(re.fullmatch(r"约 [\d.]+ (米|公里)", text) for text in away[1:])
        name = page.inner_text(".choice li:nth-child(2) .name")
        page.click(".choice li:nth-child(2) button")
        until(page, f"document.querySelector('#card h2').textContent === '{name}'")


def test_on_a_phone_the_place_found_stays_in_sight(server, town_url, browser):
    for size in ((390, 844), (844, 390)):
        how = {**PHONE, "viewport": {"width": size[0], "height": size[1]}}
        with visit(browser, server(town_url), **locating(8, **how)) as page:
            drawn(page)
            page.tap(".here")
            page.wait_for_selector("#card .posts")
            page.wait_for_selector("#said:visible")
            seen = page.evaluate("""() => {
                const dot = [...document.querySelectorAll('.leaflet-overlay-pane path')].at(-1).getBoundingClientRect();
                const [x, y] = [dot.x + dot.width / 2, dot.y + dot.height / 2];
                return Boolean(document.elementFromPoint(x, y).closest('.folium-map'));
            }""")
            assert seen
            said, card = (page.locator(part).bounding_box() for part in ("#said", "#card"))
            assert said["y"] + said["height"] <= card["y"] or said["x"] + said["width"] <= card["x"]
            page.tap("#said .close")
            assert page.is_hidden("#said")


def test_cells_alone_without_numbers_are_named_and_said_to_have_none(server, town_url, browser):
    with psycopg.connect(town_url) as connection:
        connection.execute("UPDATE grid_cell SET households_declared = NULL, name = '甲格'")
        connection.execute("DELETE FROM cell_tally")
        connection.execute("DELETE FROM cell_shown")
        connection.execute("DELETE FROM post")
        connection.execute("DELETE FROM base_feature")
        connection.execute("UPDATE division SET name = '', geom = NULL")
        code = connection.execute("SELECT min(code) FROM grid_cell").fetchone()[0]
    with visit(browser, server(town_url), path=f"/map#14/30.1/111.2/{code}") as page:
        drawn(page)
        until(
            page,
            """(() => {
            const canvas = document.querySelector('canvas.names');
            const { width, height } = canvas;
            const pen = Object.assign(document.createElement('canvas'), { width, height }).getContext('2d');
            pen.drawImage(canvas, 0, 0);
            return pen.getImageData(0, 0, width, height).data.some(Boolean);
        })()""",
        )
        assert "没有户数数据" in page.inner_text(".classes")
        assert page.locator(".bands").count() == 0
        page.wait_for_selector("#card .big")
        assert page.locator("#card .big dd").all_inner_texts()[:2] == ["—", "—"]
        assert "无专职网格员" not in page.inner_text("#card")


def test_a_name_of_three_hundred_characters_leaves_room(server, town_url, browser):
    name = "很长的名字" * 60
    with psycopg.connect(town_url) as connection:
        connection.execute("UPDATE grid_cell SET name = %s", (name,))
        code = connection.execute("SELECT min(code) FROM grid_cell").fetchone()[0]
    with visit(browser, server(town_url), path=f"/map#16/30.1/111.2/{code}") as page:
        drawn(page)
        page.wait_for_selector("#card .posts")
        title = page.locator("#card h2")
        assert title.get_attribute("title") == name
        short = title.bounding_box()["height"]
        assert short < 100
        title.click()
        assert title.bounding_box()["height"] > 3 * short
        page.evaluate("document.getElementById('card').scrollTop = 9999")
        assert page.locator("#card .close").bounding_box()["y"] < 60
        page.mouse.move(720, 450)
        page.mouse.move(722, 452)
        page.wait_for_selector(".readout:visible")
        box = page.locator(".readout").bounding_box()
        assert box["x"] >= 0
        assert box["width"] <= 640


def test_an_open_card_is_never_stale_and_says_what_is_wrong(server, town_url, browser):
    context = browser.new_context(**DESK)
    page = context.new_page()
    page.clock.install()
    with psycopg.connect(town_url) as connection:
        code = connection.execute("SELECT min(code) FROM grid_cell").fetchone()[0]
    page.goto(f"{server(town_url)}/map#16/30.1/111.2/{code}")
    page.wait_for_selector("#card .posts")
    with psycopg.connect(town_url) as connection:
        connection.execute("UPDATE grid_cell SET name = '新名字' WHERE code = %s", (code,))
        connection.execute("UPDATE data_version SET version = version + 1 WHERE layer = 'cells'")
    page.clock.fast_forward(61_000)
    until(page, "document.querySelector('#card h2').textContent === '新名字'")
    page.route("**/cells/gone", lambda route: route.abort())
    page.evaluate("location.hash = '#16/30.1/111.2/gone'")
    until(page, "document.querySelector('#card').textContent.includes('连接不上服务器')")
    page.unroute("**/cells/gone")
    page.click("#notice button")
    until(page, "document.querySelector('#card').textContent.includes('没有这个网格')")
    context.close()


def test_with_a_gcj02_basemap_tiles_and_places_are_shifted(server, town_url, browser):
    base = server(town_url, basemap="amap")
    page = browser.new_page()
    page.route(re.compile(r"https://.*autonavi"), lambda route: route.fulfill(status=204))
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(base + "/map")
    until(page, "document.querySelectorAll('canvas.leaflet-tile-loaded').length > 1")
    assert any("autonavi" in url for url in asked)
    tiles = [url for url in asked if "/tiles/" in url]
    assert tiles
    assert all(url.endswith("?datum=gcj02") for url in tiles)
    here = np.array(111.2), np.array(30.1)
    truth = gis.coordinates.convert(*here, source=Datum.WGS84, target=Datum.GCJ02)
    shifted, back = page.evaluate(
        """async () => {
            const { onMap, onGround } = await import('/static/map/datum.js');
            const place = onMap(111.2, 30.1);
            return [[place.lng, place.lat], onGround(place)];
        }"""
    )
    assert shifted == pytest.approx([float(part) for part in truth], abs=1e-9)
    assert back == pytest.approx([111.2, 30.1], abs=1e-8)
    page.close()
