"""The register page in a real browser: a leader works in his community, and sees nobody else's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from conftest import signed_in
from town import SEAL, move_in, unsealed

import data.db
from data.accounts import Charged
from gis.access import Role

DESK = {"viewport": {"width": 1440, "height": 900}}
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
Ask = Callable[[str], list[Any]]


@pytest.fixture
def ask(town: sa.Engine) -> Ask:
    """Put a question to the store as its owner."""

    def asked(question: str) -> list[Any]:
        with data.db.transaction(town, keep=False) as db:
            return [tuple(row) for row in db.execute(sa.text(question))]

    return asked


@pytest.fixture
def community(ask: Ask) -> str:
    """The community with the lowest code."""
    return str(ask("SELECT min(division_code) FROM grid_cell")[0][0])


@contextmanager
def register(browser: Any, base: str, token: str, room: str = "find", **how: Any) -> Iterator[Any]:
    """Open a room of the register; no script may fail and nothing may be asked from outside."""
    context = browser.new_context(
        extra_http_headers={"Authorization": f"Bearer {token}"}, **(how or DESK)
    )
    page = context.new_page()
    failed: list[str] = []
    page.on("pageerror", lambda error: failed.append(str(error)))
    page.on("request", lambda asked: asked.url.startswith(base) or failed.append(asked.url))
    page.goto(f"{base}/register#{room}")
    yield page
    assert failed == []
    context.close()


def leader(town_url: str, community: str, **about: Any) -> str:
    role = about.pop("role", Role.LEADER)
    return signed_in(town_url, f"l{community}", role, [Charged(division=community)], **about)


def someone(ask: Ask, where: str) -> Any:
    """A resident with a phone, with the name, id and phone in clear."""
    import pandas as pd

    rows = ask(
        "SELECT r.id, r.household_id, r.name_sealed, r.id_sealed, r.phone_sealed, r.name_mask "
        "FROM resident r JOIN household h ON h.id = r.household_id "
        "JOIN dwelling d ON d.id = h.dwelling_id JOIN grid_cell c ON c.id = d.cell_id "
        f"WHERE r.phone_index IS NOT NULL AND {where} ORDER BY r.id LIMIT 1"
    )
    names = ["id", "household_id", "name_sealed", "id_sealed", "phone_sealed", "name_mask"]
    return unsealed(pd.DataFrame(rows, columns=names)).iloc[0]


@pytest.mark.parametrize("how", [DESK, PHONE], ids=["desk", "phone"])
def test_a_person_is_found_masked_and_opened_for_a_reason(
    browser: Any, server: Callable[..., Any], town_url: str, ask: Ask, community: str, how: Any
) -> None:
    base, token = server(town_url), leader(town_url, community)
    one = someone(ask, f"c.division_code = '{community}'")
    with register(browser, base, token, **how) as page:
        page.fill("#find", one["name"])
        page.wait_for_selector(".lines li")
        shown = page.inner_text(".work")
        assert one["name_mask"] in shown
        assert (one["phone"] in shown, one["id_number"] in shown) == (False, False)
        page.locator(f".lines li:has-text('{one['phone'][-4:]}') button").first.click()
        mine = page.locator(f".people [data-resident='{one['id']}']")
        mine.wait_for()
        assert one["name"] not in page.inner_text("#card")
        mine.get_by_text("查看全部").click()
        assert page.locator("dialog .main").is_disabled()
        page.fill("#why", "上门核实电话")
        page.click("dialog .main")
        clear = page.wait_for_selector(".clear").inner_text()
        assert all(one[field] in clear for field in ("name", "id_number", "phone"))
        page.click(".clear .btn")
        assert one["name"] not in page.inner_text("#card")
    journal = "SELECT actor, subject, detail ->> 'reason' FROM journal WHERE act = 'unmask'"
    assert ask(journal) == [(f"l{community}", f"resident:{one['id']}", "上门核实电话")]


def test_an_edit_is_kept_and_a_faster_one_is_shown(
    browser: Any, server: Callable[..., Any], town: sa.Engine, town_url: str, ask: Ask,
    community: str,
) -> None:  # fmt: skip
    base, token = server(town_url), leader(town_url, community)
    one = someone(ask, f"c.division_code = '{community}'")
    with register(browser, base, token, f"find/{one['household_id']}") as page:
        mine = page.locator(f".people [data-resident='{one['id']}']")
        mine.get_by_text("修改").click()
        with data.db.transaction(town) as db:
            db.execute(
                sa.text(
                    "UPDATE resident SET version = version + 1, relation = '租客' WHERE id = :id"
                ),
                {"id": int(one["id"])},
            )
        mine.locator("input[inputmode=tel]").fill("13700000000")
        mine.get_by_text("保存").click()
        page.wait_for_selector(".conflict")
        page.get_by_text("仍用我的").click()
        page.wait_for_selector(".toast")
        mine.get_by_text("137****0000").wait_for()
        mine.get_by_text("沿革").click()
        page.wait_for_selector(".history li")
        assert "137****0000" in page.inner_text(".history")
    phone, relation = ask(
        f"SELECT phone_sealed, relation FROM resident WHERE id = {one['id']}"
    )[0]  # fmt: skip
    assert (SEAL.open("phone", bytes(phone)), relation) == ("13700000000", "租客")


def test_a_bad_value_is_told_beside_the_form(
    browser: Any, server: Callable[..., Any], town_url: str, ask: Ask, community: str
) -> None:
    base, token = server(town_url), leader(town_url, community)
    one = someone(ask, f"c.division_code = '{community}'")
    with register(browser, base, token, f"find/{one['household_id']}") as page:
        mine = page.locator(f".people [data-resident='{one['id']}']")
        mine.get_by_text("修改").click()
        mine.locator("input[inputmode=tel]").fill("abc")
        mine.get_by_text("保存").click()
        assert "电话" in page.wait_for_selector(".edit .notice.warn").inner_text()
    assert ask(f"SELECT version FROM resident WHERE id = {one['id']}") == [(1,)]


def test_another_area_stays_unseen(
    browser: Any, server: Callable[..., Any], town_url: str, ask: Ask, community: str
) -> None:
    base, token = server(town_url), leader(town_url, community)
    one = someone(ask, f"c.division_code <> '{community}'")
    with register(browser, base, token, f"find/{one['household_id']}") as page:
        assert "没有接受" in page.wait_for_selector("#card .notice.warn").inner_text()
        page.keyboard.press("Escape")
        page.fill("#find", one["phone"])
        page.get_by_text("职责范围内没有").wait_for()
        assert page.locator(".lines li").count() == 0


def test_names_are_text(
    browser: Any, server: Callable[..., Any], town: sa.Engine, town_url: str, ask: Ask,
    community: str,
) -> None:  # fmt: skip
    one = someone(ask, f"c.division_code = '{community}'")
    with data.db.transaction(town) as db:
        db.execute(
            sa.text("UPDATE resident SET name_mask = :n, relation = :n WHERE id = :id"),
            {"n": "<img src=x onerror=alert(1)>", "id": int(one["id"])},
        )
    with register(
        browser, server(town_url), leader(town_url, community), f"find/{one['household_id']}"
    ) as page:
        page.on("dialog", lambda _: pytest.fail("a script in a name was run"))
        page.locator(f".people [data-resident='{one['id']}']").wait_for()
        assert "<img src=x" in page.inner_text("#card")
        assert page.locator("#card img").count() == 0


@pytest.mark.parametrize("how", [DESK, PHONE], ids=["desk", "phone"])
def test_what_is_missing_is_listed_cell_by_cell(
    browser: Any, server: Callable[..., Any], town_url: str, ask: Ask, community: str, how: Any
) -> None:
    cells = ask(f"SELECT name FROM grid_cell WHERE division_code = '{community}'")
    with register(browser, server(town_url), leader(town_url, community), "todo", **how) as page:
        page.wait_for_selector(".gaps")
        shown = {text for (text,) in cells if page.get_by_text(text, exact=True).count()}
        assert shown
        assert page.locator(".gaps tbody tr").count() == len(shown)
        page.locator(".gaps .link").first.click()
        page.wait_for_selector(".gap .lines li")
        width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert width <= 0


def test_a_worker_is_not_offered_what_only_leaders_do(
    browser: Any, server: Callable[..., Any], town_url: str, community: str
) -> None:
    token = leader(town_url, community, role=Role.WORKER)
    with register(browser, server(town_url), token) as page:
        page.wait_for_selector("#find")
        rooms = page.locator(".rooms a").all_inner_texts()
        assert [room.strip() for room in rooms] == ["查找", "待补"]


def sheet(ask: Ask, community: str, *rows: str) -> dict[str, Any]:
    """A sheet of residents as the page takes it; `{0}` … are addresses of the community."""
    homes = ask(
        "SELECT DISTINCT b.address FROM building b JOIN grid_cell c ON c.id = b.cell_id "
        f"WHERE c.division_code = '{community}' AND b.address IS NOT NULL ORDER BY 1 LIMIT 3"
    )
    text = "\n".join(("姓名,身份证号,电话,地址,房号", *rows)).format(*(home for (home,) in homes))
    return {"name": "居民.csv", "mimeType": "text/csv", "buffer": text.encode("gb18030")}


@pytest.mark.parametrize("how", [DESK, PHONE], ids=["desk", "phone"])
def test_a_sheet_is_tried_brought_and_its_refused_row_mended(
    browser: Any, server: Callable[..., Any], town_url: str, ask: Ask, community: str, how: Any
) -> None:
    count = "SELECT count(*) FROM resident WHERE name_mask = '慕***'"
    brought = sheet(
        ask, community, "慕容测一,,13700000001,{0},901", "慕容测二,99010119900101999X,,{1},902"
    )
    base, token = server(town_url), leader(town_url, community)
    with register(browser, base, token, "upload", **how) as page:
        page.set_input_files("#sheet", brought)
        page.get_by_text("试导入：还没有写入任何内容").wait_for()
        assert page.inner_text(".numbers .added dd") == "1"
        assert page.inner_text(".numbers .refused dd") == "1"
        assert ask(count) == [(0,)]
        page.get_by_text("写入台账").click()
        page.get_by_text("已写入台账").wait_for()
        assert ask(count) == [(1,)]
        page.locator(".mending .faulty input").fill("99010119900101001X")
        page.get_by_text("改好入账").click()
        page.locator(".mending .faults, .mending .notice").first.wait_for()
        assert ask(count) == [(1,)]
        page.locator(".mending .faulty input").fill(checked("99010119900101001"))
        page.get_by_text("改好入账").click()
        page.get_by_text("都改好了").wait_for()
        assert ask(count) == [(2,)]
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert ask("SELECT count(*) FROM sheet_row WHERE state = 'waiting'") == [(0,)]


def checked(digits: str) -> str:
    """A resident id with its check character."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(weight * int(digit) for weight, digit in zip(weights, digits, strict=True))
    return digits + "10X98765432"[total % 11]


def test_an_older_sheet_waits_for_a_decision(
    browser: Any, server: Callable[..., Any], town_url: str, ask: Ask, community: str
) -> None:
    one = someone(ask, f"c.division_code = '{community}'")
    home = ask(
        "SELECT b.address, d.number FROM household h JOIN dwelling d ON d.id = h.dwelling_id "
        f"JOIN building b ON b.id = d.building_id WHERE h.id = {one['household_id']}"
    )[0]
    row = f"{one['name']},{one['id_number']},13711112222,{home[0]},{home[1]}"
    base, token = server(town_url), leader(town_url, community)
    with register(browser, base, token, "upload") as page:
        page.fill("#told", "2001-01-01")
        page.set_input_files("#sheet", sheet(ask, community, row))
        page.get_by_text("写入台账").click()
        page.get_by_text("已写入台账").wait_for()
        assert page.inner_text(".numbers .decisions dd") == "1"
        page.click("[data-room=decide]")
        page.get_by_text("表格较旧，说法不同").wait_for()
        assert "137****2222" in page.inner_text(".cards")
        page.get_by_text("采用表格").click()
        page.get_by_text("没有待定的").wait_for()
    assert SEAL.open(
        "phone", bytes(ask(f"SELECT phone_sealed FROM resident WHERE id = {one['id']}")[0][0])
    ) == ("13711112222")


def test_two_records_of_one_person_are_merged_and_parted_again(
    browser: Any, server: Callable[..., Any], town: sa.Engine, town_url: str, ask: Ask,
    community: str,
) -> None:  # fmt: skip
    one = someone(ask, f"c.division_code = '{community}'")
    with data.db.transaction(town) as db:
        move_in(db, int(one["household_id"]), one["name"], None, one["phone"])
    before = ask("SELECT count(*), md5(string_agg(r::text, '|' ORDER BY id)) FROM resident r")
    base, token = server(town_url), leader(town_url, community)
    with register(browser, base, token, "decide") as page:
        page.get_by_text("合并到左边").first.click()
        page.click("dialog .main")
        page.get_by_text("已合并").wait_for()
        assert ask("SELECT count(*) FROM resident")[0][0] == before[0][0] - 1
        page.click(".toast .btn")
        page.get_by_text("合并到左边").first.wait_for()
    assert ask("SELECT count(*) FROM resident")[0][0] == before[0][0]


def test_the_template_opens_and_comes_back_as_nothing_new(
    browser: Any, server: Callable[..., Any], town_url: str, community: str, tmp_path: Any
) -> None:
    base, token = server(town_url), leader(town_url, community)
    with register(browser, base, token, "upload") as page:
        with page.expect_download() as coming:
            page.get_by_text("下载模板").click()
        coming.value.save_as(tmp_path / "t.xlsx")
        page.set_input_files("#sheet", tmp_path / "t.xlsx")
        page.locator(".numbers, .report .notice.warn").first.wait_for()
        assert page.locator(".numbers .added:not(.none)").count() == 0
        assert page.get_by_text("写入台账").count() == 0
