"""The planning page in a real browser: cells split, dragged, painted and merged, undone and redone;
corners pulled out and taken away; two planners at once; what nobody answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import accessible
import pytest
from conftest import Base
from drafts import (
    BESIDE,
    CHOOSE,
    CROWDED,
    EDGE,
    LOOK,
    Drafted,
    bars,
    box,
    click,
    corners,
    draft_chosen,
    keep,
    leaves,
    look_at,
    middle,
    pixel,
)
from test_walk_cases import City
from test_walk_report import seen
from walking import settled, until

from gis.access import Role

REFUSED = "the server responded with a status of 4"


@pytest.fixture
def city(server: Callable[..., Base], town_url: str) -> City:
    return City(server(town_url), town_url)


def test_a_planner_splits_drags_paints_and_merges_and_takes_it_all_back(
    city: City, browser: Any
) -> None:
    draft = Drafted(city, "春季调整")
    at_first = draft.cells()
    with seen(city, browser, f"/plan#{quote(draft.name)}", role=Role.PLANNER) as page:
        draft.opened(page)
        assert page.locator("#undo").is_disabled()
        look_at(page, CROWDED, BESIDE)
        click(page, *middle(page, CROWDED))
        until(page, "document.querySelector('#bench .facts') !== null")
        assert bars(page) == {"009": "705户"}
        assert "多205户" in page.inner_text("#bench")
        assert accessible.faults(page) == []
        born = splits(page, draft)
        drags_a_corner(page, draft, at_first)
        paints(page, draft)
        merges(page, draft, born)
        takes_it_all_back_and_does_it_again(page, draft, at_first)


def splits(page: Any, draft: Drafted) -> str:
    """By a line from side to side, with both parts told before it is kept."""
    before = draft.cells()
    west, south, east, north = box(before[CROWDED])
    page.keyboard.press("s")
    across = (south + north) / 2
    click(page, *pixel(page, [west - 1e-4, across]))
    assert page.locator("[data-do=keep]").is_disabled()
    click(page, *pixel(page, [east + 1e-4, across]))
    until(page, lambda: len(bars(page)) == 2)
    told = bars(page)
    assert told["009"].startswith("705 → ")
    assert draft.edits() == []  # so far nothing is kept
    keep(page, draft)
    after = draft.households()
    (born,) = after.keys() - before.keys()
    assert told[born[-3:]] == f"{after[born]}户"
    assert after[CROWDED] + after[born] == 705
    assert sum(after.values()) == sum(one["properties"]["households"] for one in before.values())
    return born


def drags_a_corner(page: Any, draft: Drafted, at_first: dict[str, Any]) -> None:
    """Where two cells meet; both follow."""
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    click(page, *middle(page, BESIDE))
    page.keyboard.press("c")
    ring = set(map(tuple, at_first[BESIDE]["geometry"]["coordinates"][0][0]))
    inner = [p for p in map(tuple, at_first[CROWDED]["geometry"]["coordinates"][0][0]) if p in ring]
    corner = list(inner[len(inner) // 2])
    x, y = pixel(page, corner)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 12, y + 5, steps=3)
    page.keyboard.press("Escape")  # given up half way: nothing moves
    until(page, lambda: len(bars(page)) == 1)
    page.mouse.move(x + 40, y + 30)
    page.mouse.up()
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 12, y + 5, steps=3)
    page.mouse.move(x + 22, y + 9, steps=3)
    until(page, lambda: len(bars(page)) > 1)
    page.mouse.up()
    draft.kept(page, 2)
    moved = [one for one in draft.cells().values() if one["geometry"] != at_first.get(
        one["properties"]["code"], one)["geometry"]]  # fmt: skip
    assert BESIDE in {one["properties"]["code"] for one in moved}
    assert str(corner) not in "".join(str(one["geometry"]["coordinates"]) for one in moved)
    assert draft.edits()[0] == "move_corner"


def paints(page: Any, draft: Drafted) -> None:
    """A building of the crowded cell into the other, by brush; what each would have is told."""
    units = draft.tell(f"/units?cells={CROWDED}")["units"]
    unit = max((one for one in units if one["households"]), key=lambda one: one["lon"])
    page.keyboard.press("p")
    before = draft.households()
    until(page, "import('/static/plan/units.js').then(({ unitsKnown }) => unitsKnown().length > 0)")
    x, y = pixel(page, [unit["lon"], unit["lat"]])
    page.mouse.move(x, y)
    page.mouse.down()
    until(page, lambda: len(bars(page)) == 2)
    told = bars(page)
    page.mouse.up()
    draft.kept(page, 3)
    after = draft.households()
    assert told["005"] == f"{before[BESIDE]} → {after[BESIDE]}户"
    assert told["009"] == f"{before[CROWDED]} → {after[CROWDED]}户"
    assert after[BESIDE] - before[BESIDE] == before[CROWDED] - after[CROWDED] > 0
    assert unit["code"] in {one["code"] for one in draft.tell(f"/units?cells={BESIDE}")["units"]}


def merges(page: Any, draft: Drafted, born: str) -> None:
    page.keyboard.press("m")
    for code in (BESIDE, CROWDED):  # one let go, one chosen; then the part that was split off
        click(page, *middle(page, code))
    click(page, *middle(page, born))
    keep(page, draft)
    assert born not in draft.cells()
    assert "已合并" in page.inner_text(".toasts")


def takes_it_all_back_and_does_it_again(
    page: Any, draft: Drafted, at_first: dict[str, Any]
) -> None:
    kept = {code: one["geometry"] for code, one in draft.cells().items()}
    for version in range(5, 9):
        until(page, "!document.getElementById('undo').disabled")
        page.keyboard.press("Control+z")
        draft.kept(page, version)
    assert {code: one["geometry"] for code, one in draft.cells().items()} == {
        code: one["geometry"] for code, one in at_first.items()
    }
    assert page.locator("#undo").is_disabled()
    for version in range(9, 13):
        until(page, "!document.getElementById('redo').disabled")
        page.keyboard.press("Control+Shift+z")
        draft.kept(page, version)
    assert {code: one["geometry"] for code, one in draft.cells().items()} == kept
    assert page.locator("#redo").is_disabled()


def test_the_newest_draft_is_opened_and_told_where_another_was_meant(
    city: City, browser: Any
) -> None:
    Drafted(city, "草案")
    newest = Drafted(city, "初稿")  # its name stands before the other's
    with seen(city, browser, f"/plan#{quote('旧案')}", role=Role.PLANNER) as page:
        newest.opened(page)
        until(page, lambda: "旧案" in page.inner_text("body"))


def test_borders_drawn_anew_a_dedicated_cell_its_name_and_a_lasso(city: City, browser: Any) -> None:
    draft = Drafted(city, "界线")
    cells = draft.cells()
    west, south, east, north = box(cells[CROWDED])
    with seen(
        city, browser, f"/plan#{quote(draft.name)}", role=Role.PLANNER, forgive=REFUSED
    ) as page:
        draft.opened(page)
        look_at(page, CROWDED, BESIDE)
        page.keyboard.press("b")
        for code in (CROWDED, BESIDE):
            click(page, *middle(page, code))
        until(page, lambda: draft_chosen(page) == [CROWDED, BESIDE])
        across, far_east = (south + north) / 2, max(east, box(cells[BESIDE])[2])
        for lon in (west - 1e-4, (west + east) / 2, far_east + 3e-4):
            click(page, *pixel(page, [lon, across]))
        until(page, lambda: len(bars(page)) == 2)
        told = bars(page)
        keep(page, draft)
        after = draft.households()
        assert told["009"] == f"705 → {after[CROWDED]}户"
        assert after[CROWDED] + after[BESIDE] == 705 + 220

        page.keyboard.press("d")
        inside = [(west + east) / 2, across - (across - south) / 2]
        for dx, dy in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
            click(page, *pixel(page, [inside[0] + dx * 3e-4, inside[1] + dy * 2e-4]))
        page.fill("#dedicated-name", "星辰广场")
        until(page, "document.querySelector('[data-do=keep]:not(:disabled)') !== null")
        page.keyboard.press("Enter")  # in the very field
        draft.kept(page, 2)
        (square,) = draft.cells().keys() - cells.keys()
        told = draft.cells()[square]["properties"]
        assert (told["name"], told["kind"]) == ("星辰广场", "dedicated")

        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("F2")
        page.fill("#cell-name", "星辰集市")
        page.keyboard.press("Enter")
        draft.kept(page, 3)
        assert draft.cells()[square]["properties"]["name"] == "星辰集市"

        page.keyboard.press("p")
        click(page, *middle(page, CROWDED))
        page.click("#bench [data-do=lasso]")
        before = draft.households()
        taken = draft.tell(f"/units?cells={BESIDE}")["units"]
        unit = min((one for one in taken if one["households"]), key=lambda one: one["lat"])
        x, y = pixel(page, [unit["lon"], unit["lat"]])
        page.mouse.move(x - 9, y - 9)
        page.mouse.down()
        for dx, dy in ((9, -9), (9, 9), (-9, 9)):
            page.mouse.move(x + dx, y + dy, steps=3)
        until(page, lambda: "→" in bars(page).get("009", ""))
        page.mouse.up()
        draft.kept(page, 4)
        assert draft.households()[CROWDED] == before[CROWDED] + unit["households"]
        pulls_a_corner_out_and_takes_it_away(page, draft, 4)


def pulls_a_corner_out_and_takes_it_away(page: Any, draft: Drafted, version: int) -> None:
    """Out of the middle of an edge: both cells share it; a corner where three meet stays."""
    before = {code: one["geometry"] for code, one in draft.cells().items()}
    page.evaluate(CHOOSE, [BESIDE])
    page.keyboard.press("c")
    edge = page.evaluate(EDGE, [BESIDE, CROWDED])
    settled(page)
    x, y = pixel(page, edge)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 25, y + 10, steps=4)
    until(page, lambda: len(bars(page)) == 2)
    page.mouse.up()
    draft.kept(page, version + 1)
    assert draft.edits()[0] == "add_corner"
    pulled = {code: corners(one["geometry"]) for code, one in draft.cells().items()}
    (new,) = pulled[BESIDE] - corners(before[BESIDE])
    assert new in pulled[CROWDED]
    x, y = pixel(page, [*new])
    page.mouse.dblclick(x, y)
    draft.kept(page, version + 2)
    assert draft.edits()[0] == "drop_corner"
    after = {code: one["geometry"] for code, one in draft.cells().items()}
    assert after == before

    met = [sum(at in corners(one) for one in after.values()) for at in corners(after[BESIDE])]
    junction = [*corners(after[BESIDE])][met.index(max(met))]
    page.evaluate(LOOK, [*junction])
    settled(page)
    click(page, *pixel(page, [*junction]))
    until(page, "!document.querySelector('#bench [data-do=drop]').disabled")
    page.keyboard.press("Delete")
    until(page, "document.querySelector('#bench .fault') !== null")
    assert "条边界相交，只能移动" in page.inner_text("#bench .fault")
    draft.kept(page, version + 2)


def test_what_another_planner_changed_is_told_and_what_is_drawn_stays(
    city: City, browser: Any
) -> None:
    draft = Drafted(city, "两人一起")
    west, south, east, north = box(draft.cells()[CROWDED])
    with seen(
        city, browser, f"/plan#{quote(draft.name)}", role=Role.PLANNER, forgive=REFUSED
    ) as page:
        draft.opened(page)
        look_at(page, CROWDED)
        page.keyboard.press("s")
        across = (south + north) / 2
        click(page, *pixel(page, [west - 1e-4, across]))
        click(page, *pixel(page, [east + 1e-4, across]))
        until(page, "document.querySelector('[data-do=keep]:not(:disabled)') !== null")
        as_it_was = draft.tell()  # nor does the page hear of it by itself
        page.route(city.base + draft.path, lambda route: route.fulfill(json=as_it_was))
        draft.edit(Role.ADMINISTRATOR, kind="rename", cell=CROWDED, name="湖滨里")
        page.keyboard.press("Enter")
        until(page, "document.querySelector('#bench .fault') !== null")
        told = page.inner_text("#bench .fault")
        assert "网格009" in told
        assert "by-administrator" in told
        assert draft.edits() == ["rename"]
        page.unroute(city.base + draft.path)
        keep(page, draft)  # the line is still there, and the cell as it is now is split
        assert draft.edits() == ["split", "rename"]
        assert draft.cells()[CROWDED]["properties"]["name"] == "湖滨里"

        page.keyboard.press("m")  # what cannot be is said in words
        page.keyboard.press("Escape")
        cells = draft.cells()
        far = max(cells, key=lambda code: box(cells[code])[0])
        page.evaluate(CHOOSE, [CROWDED, far])
        until(page, "document.querySelector('#bench .fault') !== null")
        assert "同一个社区" in page.inner_text("#bench") or "不相邻" in page.inner_text("#bench")
        assert page.locator("[data-do=keep]").is_disabled()

        page.evaluate(CHOOSE, [far])  # a line over another cell than the one that is chosen
        page.keyboard.press("s")
        look_at(page, CROWDED)
        across = (south + 2 * north) / 3
        for lon in (west - 1e-4, east + 1e-4):
            click(page, *pixel(page, [lon, across]))
        until(page, lambda: "这条线画在" in page.inner_text("#bench"))
        page.click("#bench [data-do=instead]")
        until(page, "document.querySelector('[data-do=keep]:not(:disabled)') !== null")
        assert draft_chosen(page) != [far]


def test_an_act_whose_answer_was_lost_and_steps_that_follow_each_other_fast(
    city: City, browser: Any
) -> None:
    """What was kept all the same is told and is no longer in hand; no undo is swallowed. A mistake
    of the server is told from no network; who leaves before something is kept is asked."""
    draft = Drafted(city, "断网")
    for name in ("一", "二", "三"):
        draft.edit(Role.PLANNER, kind="rename", cell=BESIDE, name=name)
    at_first = draft.cells()
    west, south, east, north = box(at_first[CROWDED])
    with seen(
        city, browser, f"/plan#{quote(draft.name)}", role=Role.PLANNER, forgive="Failed to load"
    ) as page:
        draft.opened(page)
        look_at(page, CROWDED)
        page.keyboard.press("s")
        for lon in (west - 1e-4, east + 1e-4):
            click(page, *pixel(page, [lon, (south + north) / 2]))
        until(page, "document.querySelector('[data-do=keep]:not(:disabled)') !== null")
        asked = leaves(page, stay=True)
        assert (asked, page.url) == (["beforeunload"], f"{city.base}/plan#{quote(draft.name)}")
        page.evaluate("document.activeElement.blur()")  # of the link
        edits = f"{city.base}{draft.path}/edits"
        is_told_what_failed(page, edits)

        def lose(route: Any) -> None:
            if not route.request.post_data_json["keep"]:  # what would be: asked while one draws
                return route.fallback()
            route.fetch()
            return route.abort("connectionreset")

        page.route(edits, lose)
        page.keyboard.press("Enter")
        draft.kept(page, 4)
        page.unroute(edits)
        until(page, lambda: "其实已经保存" in page.inner_text(".toasts"))
        until(page, "document.querySelector('[data-do=keep]') === null")  # the pen is empty
        assert "by-planner" not in page.inner_text(".toasts")
        page.keyboard.press("Escape")

        for _ in range(4):
            page.keyboard.press("Control+z")
        draft.kept(page, 8)
        assert draft.cells()[BESIDE]["properties"]["name"] not in ("一", "二", "三")
        for _ in range(4):
            page.keyboard.press("Control+Shift+z")
        draft.kept(page, 12)
        assert draft.cells()[BESIDE]["properties"]["name"] == "三"
        assert len(draft.cells()) == len(at_first) + 1
        is_asked_before_leaving_an_act(page, edits)
        draft.kept(page, 13)
        assert leaves(page, stay=False) == []
        until(page, lambda: page.url == f"{city.base}/map")


def is_told_what_failed(page: Any, edits: str) -> None:
    """A mistake of the server, then no network; once there is one, it is asked again by itself."""

    def fail(route: Any) -> None:
        is_kept = route.request.post_data_json["keep"]
        route.fulfill(status=500, json={}) if is_kept else route.fallback()

    page.route(edits, fail)
    page.keyboard.press("Enter")
    until(page, lambda: "服务器出错了（500）" in page.inner_text("#bench"))
    assert "这一步还没有保存" in page.inner_text("#bench")
    until(page, "document.querySelector('[data-do=keep]:not(:disabled)') !== null")
    page.unroute(edits)
    page.context.set_offline(True)
    page.keyboard.press("Enter")
    until(page, lambda: "现在没有网络" in page.inner_text("#bench"))
    page.wait_for_selector("#bench [data-do=again]")
    page.context.set_offline(False)  # it is asked again by itself
    until(page, "document.querySelector('[data-do=keep]:not(:disabled)') !== null")


def is_asked_before_leaving_an_act(page: Any, edits: str) -> None:
    held: list[Any] = []
    page.route(edits, lambda route: held.append(route))  # noqa: PLW0108 - Playwright wraps functions
    page.evaluate("""(cell) => { import('/static/plan/draft.js')
        .then(({ edit }) => edit({ kind: 'rename', cell, name: '四' })); }""", BESIDE)  # fmt: skip
    until(page, lambda: held)
    assert leaves(page, stay=True) == ["beforeunload"]
    held[0].continue_()
