"""The panels of the planning page in a real browser: a community is drafted, split, balanced, compared
and published, and what is taken home holds exactly the new coverage."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import httpx
import openpyxl
import psycopg
import pytest
import shapely
from accessible import faults
from conftest import Base
from shapely.geometry import shape
from test_walk_cases import City
from test_walk_report import seen
from walking import PHONE, until

import api.actions.plans
import api.actions.plans_due
import data.db
from gis.access import Role, operator

LOW, HIGH = 300, 500
NAME = "桥头调整"


@pytest.fixture
def city(server: Callable[..., Base], town_url: str) -> City:
    return City(server(town_url), town_url)


def asks(city: City, query: str, *values: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(city.url) as store:
        return store.execute(query, values).fetchall()


def community(city: City) -> tuple[str, str]:
    """The community with the most basic cells: code, name."""
    ((code, name),) = asks(
        city,
        """SELECT c.division_code, max(d.name) FROM grid_cell c JOIN division d
           ON d.code = c.division_code WHERE c.kind = 'basic'
           GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1""",
    )
    return str(code), str(name)


def pierced(city: City, area: str) -> None:
    """Cut a hole into two cells, as a careless hand would: ground that belongs to no cell."""
    city.do(
        """UPDATE grid_cell SET geom = ST_Multi(ST_Difference(geom, ST_Buffer(ST_PointOnSurface(geom),
               0.00005, 2))) WHERE code IN (SELECT code FROM grid_cell WHERE division_code = %s
                                       AND kind = 'basic' ORDER BY code OFFSET 1 LIMIT 2)""",
        area,
    )


def opened(page: Any, panel: str) -> Any:
    """Open a panel, unless it is; return it. On the telephone it lies over the rail."""
    button, side = page.locator(f"#rail [data-panel={panel}]"), page.locator("#side")
    button.wait_for()
    if button.get_attribute("aria-pressed") != "true":
        if page.viewport_size["width"] == PHONE["viewport"]["width"] and side.is_visible():
            side.get_by_role("button", name="Close").click()
        button.click()
    return side


def drafted(page: Any, area: str, name: str) -> Any:
    """Begin a draft of a division, found by its code; return what the server says of it."""
    side = opened(page, "plans")
    side.locator(".begin").click()
    side.locator("#draft-area").fill(area)
    side.locator(".places label").first.click()
    side.locator("#draft-name").fill(name)
    with page.expect_response(lambda answer: answer.request.method == "POST") as waiting:
        side.locator("button.main").dblclick()  # an impatient one; it is begun once
    assert waiting.value.status == 201, waiting.value.text()
    until(page, lambda: side.locator(f".row[aria-current=true]:has-text('{name}')").count() == 1)
    return waiting.value.json()


def split(page: Any, city: City, area: str) -> str:
    """Split the first cell of the community from north to south; return the code of the new one."""
    ((code, west, south, east, north),) = asks(
        city,
        """SELECT code, ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom) FROM grid_cell
           WHERE division_code = %s AND kind = 'basic' ORDER BY code LIMIT 1""",
        area,
    )
    middle = (west + east) / 2
    line = {"type": "LineString", "coordinates": [[middle, south - 1e-4], [middle, north + 1e-4]]}
    operation = {"kind": "split", "cell": code, "line": line}
    edited = page.evaluate(
        "(operation) => import('/static/plan/draft.js').then(({ edit }) => edit(operation))",
        operation,
    )
    (born,) = edited["born"]
    return str(born)


def in_sight(page: Any, codes: list[str]) -> bool:
    """Whether cells of the open plan lie on the map that is to be seen."""
    found: bool = page.evaluate(
        """async (codes) => {
            const [{ map, onMap }, { state }] = await Promise.all(['place', 'state'].map((name) => import(`/static/plan/${name}.js`)));
            const view = map.getBounds().pad(0.01);
            return codes.every((code) => state.cells.get(code).geometry.coordinates.flat().flat().every(([lon, lat]) => view.contains(onMap(lon, lat))));
        }""",
        codes,
    )
    return found


def cells_told(page: Any, side: Any, born: str) -> None:
    """The list: those out of range first, told by a sign and words; a click leads to the cell."""
    opened(page, "cells")
    until(page, lambda: side.locator(f"[data-code='{born}']").count() == 1)
    first = side.locator(".cell-row").first
    assert first.locator(".standing-mark").inner_text().startswith(("▼", "▲"))
    out = side.locator(".standing-mark:has-text('▼'), .standing-mark:has-text('▲')").count()
    assert side.locator(".figure.warn b").inner_text() == f"! {out}"
    side.get_by_role("button", name="只看超出范围的").click()
    assert side.locator(".cell-row").count() == out
    side.locator("input[type=search]").fill(born[-3:])
    row = side.locator(f"[data-code='{born}']")
    row.click()
    until(page, lambda: row.get_attribute("aria-current") == "true")
    assert in_sight(page, [born])
    side.locator("input[type=search]").fill("没有这个")
    assert "没有符合的网格" in side.inner_text()
    side.locator("input[type=search]").fill("")
    side.get_by_role("button", name="只看超出范围的").click()
    assert faults(page) == []


def checked(page: Any, side: Any, out: int) -> None:
    """What the check finds stands as a list that leads there; the rail has its number."""
    opened(page, "check")
    until(page, lambda: side.locator("#check-households .badge").all_inner_texts() == [str(out)])
    until(page, lambda: page.locator("[data-panel=check] .badge").inner_text() == str(
        side.locator(".check .row .mark").count()
    ))  # fmt: skip
    zoom = "import('/static/plan/place.js').then(({ map }) => map.getZoom())"
    before = page.evaluate(zoom)
    page.evaluate("import('/static/plan/place.js').then(({ map }) => { map.setZoom(12); })")
    until(page, lambda: page.evaluate(zoom) == 12)
    side.locator(".check .row").first.click()
    until(page, lambda: page.evaluate(zoom) > 12)
    assert before > 12
    assert faults(page) == []


def mended(page: Any, side: Any) -> None:
    """One finding by its own button, then all that can be; what is left is the planner's."""
    opened(page, "check")
    gaps = side.locator("section[aria-labelledby=check-gap] li")
    until(page, lambda: gaps.count() == 2)
    gaps.first.get_by_role("button", name="修好").click()
    until(page, lambda: gaps.count() == 1)
    rest = side.get_by_role("button", name="修好这1处")
    until(page, lambda: rest.count() == 1 and rest.is_enabled())
    rest.click()
    until(page, lambda: gaps.count() == 0)


def balanced(page: Any, side: Any) -> dict[str, Any]:
    """A preview that is thrown away changes nothing; one that is kept does what it said."""
    opened(page, "balance")
    side.get_by_label("关爱对象的权重").fill("0.5")
    assert side.locator("output.formula").inner_text() == "工作量 = 户数 + 0.5 × 关爱对象"
    side.get_by_label("关爱对象的权重").fill("0")
    for _ in range(2):
        with page.expect_response(lambda answer: answer.url.endswith("/balance")) as waiting:
            side.get_by_role("button", name="先看看").click()
        told: dict[str, Any] = waiting.value.json()
        side.locator(".outcome").wait_for()
        assert page.evaluate(PREVIEWED) == sorted(told["born"] + told["changed"])
        if _ == 0:
            side.get_by_role("button", name="不要了").click()
            until(page, lambda: page.evaluate(PREVIEWED) == [])
    assert told["before"]["out_of_range"] > told["after"]["out_of_range"]
    said = side.locator(".outcome").inner_text()
    assert f"{told['moved_households']:,}户" in said
    assert said.count("→") == 0  # each building is folded away
    handed = {(move["from"], move["to"]) for move in told["moves"]}
    assert side.locator(".outcome .ways tbody tr").count() == len(handed)
    assert faults(page) == []
    with page.expect_response(lambda answer: answer.url.endswith("/balance")) as waiting:
        side.get_by_role("button", name="采用").click()
    kept: dict[str, Any] = waiting.value.json()
    assert {(one["unit"], one["to"]) for one in kept["moves"]} == {
        (one["unit"], one["to"]) for one in told["moves"]
    }
    until(page, lambda: side.locator(".outcome").count() == 0 and page.evaluate(PREVIEWED) == [])
    return kept


PREVIEWED = """import('/static/plan/state.js').then(({ state }) =>
    (state.preview?.features ?? []).map(({ properties }) => properties.code).sort())"""


def remembered(page: Any, side: Any) -> None:
    """Who did what when; one's last edit is taken back and done again."""
    opened(page, "history")
    kinds = ".history .title"
    until(page, lambda: side.locator(kinds).count() == 4)
    assert side.locator(kinds).all_inner_texts() == [
        f"调平 · {LOW}–{HIGH}", "拆分", "自动修复 · 修好1处", "自动修复 · 修好1处",
    ]  # fmt: skip
    assert "by-planner" in side.locator(".history .who").first.inner_text()
    side.locator("[data-edit='3']").click()
    until(page, "import('/static/plan/state.js').then(({ state }) => state.chosen.size > 1)")
    side.get_by_role("button", name="撤销我上一步").click()
    until(page, lambda: side.locator(kinds).first.inner_text() == "撤销")
    side.get_by_role("button", name="重做").click()
    until(page, lambda: side.locator(kinds).first.inner_text() == "重做")
    assert faults(page) == []


def compared(page: Any, side: Any, kept: dict[str, Any], folder: Path) -> None:
    """Old and new in sentences, tables, at the sides of a divider; who hands over what to whom."""
    with page.expect_response(lambda answer: "/compare?with=" in answer.url) as waiting:
        opened(page, "compare")
    told = waiting.value.json()
    side.locator("#beside").wait_for()
    fates = [one["fate"] for one in told["cells"]]
    assert f"新设{fates.count('born')}个，变更{fates.count('changed')}个" in side.inner_text()
    moved = next(one for one in told["totals"] if one["kind"] == "households")
    row = side.locator("tr", has_text="住户").first
    assert row.locator("td").nth(1).inner_text() == f"{moved['change_cell']:,}"
    side.locator(".by-cells summary").click()
    numbers = [text.replace(",", "") for text in side.locator(".matrix td").all_inner_texts()]
    assert sum(int(one) for one in numbers if one.isdigit()) == moved["change_cell"]

    side.locator("#beside").click()
    divider = page.locator(".swipe")
    divider.wait_for()
    start = int(divider.get_attribute("aria-valuenow"))
    divider.focus()
    page.keyboard.press("ArrowLeft")
    assert int(divider.get_attribute("aria-valuenow")) == start - 2
    box = page.locator(".folium-map").bounding_box()
    here = divider.bounding_box()
    page.mouse.move(here["x"] + here["width"] / 2, here["y"] + here["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.7, here["y"] + here["height"] / 2, steps=4)
    page.mouse.up()
    assert abs(int(divider.get_attribute("aria-valuenow")) - 70) <= 1
    cut = "(name) => import('/static/plan/place.js').then(({ map }) => map.getPane(name).style.clipPath)"
    assert page.evaluate(cut, "other") != page.evaluate(cut, "cells") != ""
    assert faults(page) == []
    side.locator("#beside").click()
    divider.wait_for(state="detached")
    assert page.evaluate(cut, "cells") == ""

    with page.expect_download() as waiting:
        side.get_by_role("link", name="交接清单").click()
    waiting.value.save_as(folder / "over.xlsx")
    assert waiting.value.suggested_filename.startswith("交接清单 ")
    sheets = openpyxl.load_workbook(folder / "over.xlsx").worksheets
    lines = sum(sheet.max_row - 1 for sheet in sheets)  # one for who gives, one for who takes
    assert lines >= 2 * len({one["unit"] for one in kept["moves"]}) > 0


def published(page: Any, side: Any, city: City) -> None:
    """Told what it does, confirmed by the plan's name, put off, taken back, done today."""
    opened(page, "publish")
    button = side.locator("form button.main")
    button.wait_for()
    assert "新设1个" in side.locator(".sentences").inner_text()
    assert button.is_disabled()
    side.locator("#publish-name").fill("别的名称")
    assert "不一样" in side.locator("#publish-fault").inner_text()
    side.locator("#publish-name").fill(NAME)
    assert button.inner_text() == "今天发布"
    assert faults(page) == []
    side.get_by_label("改天").check()
    assert button.inner_text().startswith("定在")
    button.click()
    side.get_by_role("button", name="收回").click()
    until(page, lambda: side.locator("#publish-name").count() == 1)
    assert asks(city, "SELECT publish_on FROM grid_plan WHERE name = %s", NAME) == [(None,)]
    side.locator("#publish-name").fill(NAME)
    page.keyboard.press("Enter")
    side.locator("progress").wait_for()
    store = data.db.engine(city.url)
    assert api.actions.plans_due.publish_due(store) == [NAME]
    store.dispose()
    side.locator(".notice.good").wait_for()
    assert "已发布" in side.locator(".notice.good").inner_text()
    until(page, lambda: page.locator("#head .badge").inner_text().endswith("已发布"))


def taken_home(page: Any, side: Any, city: City, area: str, folder: Path) -> None:
    """The file holds exactly the cells in force there: same codes, same ground, nothing twice."""
    opened(page, "export")
    with page.expect_download() as waiting:
        side.locator("a.row", has_text=".geojson").click()
    waiting.value.save_as(folder / "cells.geojson")
    features = json.loads((folder / "cells.geojson").read_text())["features"]
    told = {one["properties"]["code"]: shape(one["geometry"]) for one in features}
    assert len(told) == len(features)
    kept = {
        code: shapely.from_wkb(bytes(ground))
        for code, ground in asks(
            city,
            """SELECT c.code, ST_AsBinary(c.geom) FROM grid_cell c
               JOIN grid_plan p ON p.id = c.plan_id WHERE p.state = 'published'""",
        )
    }
    assert told.keys() == kept.keys()
    assert all(told[code].equals_exact(kept[code], 1e-9, normalize=True) for code in kept)
    assert sum(one.area for one in told.values()) == pytest.approx(
        shapely.union_all(list(told.values())).area, rel=1e-12
    )
    held = sum(one.area for code, one in told.items() if code.startswith(area))
    ((before,),) = asks(
        city,
        """SELECT sum(ST_Area(c.geom)) FROM grid_cell c JOIN grid_plan p ON p.id = c.plan_id
           WHERE p.state = 'retired' AND c.division_code = %s""",
        area,
    )
    assert held == pytest.approx(before, rel=1e-9) or held > before  # those that live on moved over


def test_a_community_is_drafted_balanced_compared_published_and_taken_home(
    city: City, browser: Any, tmp_path: Path
) -> None:
    area, called = community(city)
    pierced(city, area)
    with seen(city, browser, "/plan", role=Role.PLANNER, reduced_motion="reduce") as page:
        assert drafted(page, area, NAME)["area"] == area
        side = page.locator("#side")
        assert called in side.locator(".row[aria-current=true]").inner_text()
        assert faults(page) == []
        mended(page, side)
        born = split(page, city, area)
        cells_told(page, side, born)
        opened(page, "cells")
        out = side.locator(".standing-mark:has-text('▼'), .standing-mark:has-text('▲')").count()
        checked(page, side, out)
        kept = balanced(page, side)
        remembered(page, side)
        compared(page, side, kept, tmp_path)
        published(page, side, city)
        taken_home(page, side, city, area, tmp_path)


SMALL = """() => [...document.querySelectorAll('#side :is(button, a, select, summary, input, label.check)')]
    .filter((one) => one.checkVisibility() && !one.matches('[type=checkbox], [type=radio]'))
    .filter((one) => one.getBoundingClientRect().height < 43.5).map((one) => one.outerHTML.slice(0, 120))"""
PANELS = ["plans", "cells", "check", "balance", "compare", "publish", "export", "history"]


def overtaken(city: City, area: str) -> None:
    """Split the same cell in the draft and in another one, which comes into force."""
    other = "抢先"
    city.ask(Role.PLANNER, "POST", "/plans", json={"name": other, "area": area})
    told = city.ask(Role.PLANNER, "GET", f"/plans/{other}/cells")
    cell = next(one for one in told["features"] if one["properties"]["kind"] == "basic")
    west, south, east, north = shape(cell["geometry"]).bounds
    middle = (west + east) / 2
    line = {"type": "LineString", "coordinates": [[middle, south - 1e-4], [middle, north + 1e-4]]}
    operation = {"kind": "split", "cell": cell["properties"]["code"], "line": line}
    for name in (NAME, other):
        edit = {"operation": operation, "seen": 0}
        city.ask(Role.PLANNER, "POST", f"/plans/{name}/edits", json=edit)
    store = data.db.engine(city.url)
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    api.actions.plans.publish(store, other, by=operator("test"), today=today)
    store.dispose()


def put_off(city: City) -> None:
    """The draft is to be published today; the clock cannot."""
    headers = {"Authorization": f"Bearer {city.token(Role.PLANNER)}"}
    today = str(datetime.now(ZoneInfo("Asia/Shanghai")).date())
    path = f"{city.base}/plans/{quote(NAME)}/publish_on"
    assert httpx.put(path, json={"on": today}, headers=headers, timeout=30).status_code == 204
    store = data.db.engine(city.url)
    assert api.actions.plans_due.publish_due(store) == []
    store.dispose()


def test_refusals_are_told_and_every_panel_fits_a_telephone_by_night_in_english(
    city: City, browser: Any
) -> None:
    area, _ = community(city)
    how = {**PHONE, "color_scheme": "dark", "reduced_motion": "reduce"}
    with seen(city, browser, "/plan", role=Role.PLANNER, forgive="status of 4", **how) as page:
        page.context.add_cookies([{"name": "wangge_language", "value": "en", "url": city.base}])
        page.reload()
        side = opened(page, "publish")
        until(page, lambda: "there is nothing to publish" in side.inner_text())
        force = page.locator("#plan-pick").input_value()
        side.get_by_role("button", name="Begin a draft from it").click()
        side.locator("#draft-area").fill("no such place")
        assert "Nothing is called" in side.locator(".places").inner_text()
        side.locator("#draft-area").fill(area)
        side.locator(".places label").first.click()
        for name, words in (
            ("", "Give it a name."),
            (force, "There is a plan called"),
        ):
            side.locator("#draft-name").fill(name)
            side.get_by_role("button", name="Begin", exact=True).click()
            until(page, lambda words=words: words in side.locator("#draft-fault").inner_text())
        side.locator("#draft-name").fill(NAME)
        side.get_by_role("button", name="Begin", exact=True).click()
        until(
            page, lambda: side.locator(f".row[aria-current=true]:has-text('{NAME}')").count() == 1
        )

        opened(page, "balance")
        side.locator("#wish-low").fill("900")
        side.get_by_role("button", name="Preview").click()
        until(page, lambda: "cannot be above the most" in side.locator(".told").inner_text())
        side.locator("#wish-high").fill("5000")
        side.locator("#wish-low").fill("1")
        side.get_by_role("button", name="Preview").click()
        until(page, lambda: "Nothing to move" in side.locator(".outcome").inner_text())

        overtaken(city, area)
        page.evaluate("import('/static/plan/draft.js').then(({ reload }) => reload())")
        opened(page, "publish")
        side.locator(".notice.late").wait_for()
        assert "these cells changed in force" in side.locator(".notice.late").inner_text()
        assert "抢先" in side.locator(".notice.late").inner_text()
        assert side.locator("#publish-name").count() == 0
        put_off(city)
        page.evaluate("import('/static/plan/draft.js').then(({ reload }) => reload())")
        until(page, lambda: "Not published" in side.inner_text())

        for panel in PANELS:
            opened(page, panel)
            until(page, lambda: side.locator(".wait, [aria-busy=true]").count() == 0)
            assert (panel, page.evaluate(SMALL)) == (panel, [])
            assert (panel, faults(page)) == (panel, [])

        opened(page, "plans")
        side.get_by_role("button", name=f"Give up the draft “{NAME}”").click()
        page.locator("dialog button[value='']").click()
        assert asks(city, "SELECT count(*) FROM grid_plan WHERE name = %s", NAME) == [(1,)]
        side.get_by_role("button", name=f"Give up the draft “{NAME}”").click()
        page.locator("dialog button[value=yes]").click()
        until(page, lambda: "No drafts yet" in side.inner_text())
        until(page, lambda: page.locator("#plan-pick").input_value() == "抢先")
        assert asks(city, "SELECT count(*) FROM grid_plan WHERE name = %s", NAME) == [(0,)]
