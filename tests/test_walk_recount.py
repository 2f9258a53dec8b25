"""Numbers of last year by the cells of today, at the keyboard: a cell was split, two became one."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from accessible import faults
from conftest import Base
from test_data_plans import ask
from test_data_plans_publish import TODAY, YESTERDAY, publish, split_and_merged
from test_walk_cases import City, seen
from typer.testing import CliRunner
from walking import DESK

import data.db
from api.cli import app
from gis.access import Role
from gis.errors import BadInput, NotFound

__all__ = ["split_and_merged"]
Wangge = Callable[..., str]
DAYS = ("--from", str(YESTERDAY), "--to", str(TODAY))


@pytest.fixture
def redrawn(town: sa.Engine, split_and_merged) -> tuple[list[str], str, str, str, str]:
    """Codes before; the cell that was split, what it bore, the cell that stayed, that which ended."""
    _, big, born, (kept, ended) = split_and_merged
    with data.db.transaction(town) as db:
        before = [str(code) for (code,) in ask(db, "SELECT code FROM grid_cell WHERE plan_id = 1")]
    publish(town, "草案")
    return before, big, born, kept, ended


@pytest.fixture
def wangge(town_url: str, monkeypatch: pytest.MonkeyPatch) -> Wangge:
    """`wangge plan recount …`: what it prints, or the refusal that it ends with."""
    monkeypatch.setenv("WANGGE_DATABASE_URL", town_url)
    monkeypatch.setattr("api.running.stop_on_sigterm", lambda: None)

    def run(*words: object) -> str:
        result = CliRunner().invoke(app, ["plan", "recount", *map(str, words)])
        if result.exception is not None:
            raise result.exception
        return result.output

    return run


def sheet(path: Path) -> dict[str, dict[str, float]]:
    """The numbers of a sheet that was written, by code."""
    book = openpyxl.load_workbook(path)
    header, *rows = book.active.iter_rows(values_only=True)
    return {code or "": dict(zip(header[1:], told, strict=True)) for code, *told in rows}


def test_a_sheet_of_last_year_by_the_cells_of_today_and_back(
    town: sa.Engine, redrawn, wangge: Wangge, tmp_path: Path
) -> None:
    before, big, born, kept, ended = redrawn
    was = {code: {"走访": 100 + at, "金额": 10.25 + at} for at, code in enumerate(sorted(before))}
    source, out = tmp_path / "走访.csv", tmp_path / "可比.xlsx"
    with source.open("w", encoding="gb18030", newline="") as file:
        table = csv.writer(file)
        table.writerow(["网格编码", "网格名称", "走访", "金额"])
        table.writerows([code, "某某", *told.values()] for code, told in was.items())

    said = wangge(source, *DAYS, "--out", out)
    visits, money = (round(sum(one[name] for one in was.values()), 2) for name in was[big])
    assert f"total 走访\t{visits} before\t{visits} after" in said
    assert f"total 金额\t{money} before\t{money} after" in said
    now = sheet(out)
    assert set(now) == set(before) - {ended} | {born}
    assert sum(one["走访"] for one in now.values()) == visits
    assert round(sum(one["金额"] for one in now.values()), 2) == money

    for weight in ("households", "area"):
        wangge(source, *DAYS, "--out", out, "--weight", weight)
        told = sheet(out)
        with data.db.transaction(town) as db:
            share = f"SELECT {weight}_share FROM cell_lineage WHERE parent_code = :p AND child_code = :c"
            ((of_born,),) = ask(db, share, p=big, c=born)
        assert told[born]["走访"] == pytest.approx(was[big]["走访"] * of_born, abs=1)
        untouched = set(before) - {big, kept, ended}
        alike = {code for code in untouched if told[code] == was[code]}
        assert len(alike) >= len(untouched) - 4  # borders of the neighbours may have got a corner
    assert told[kept]["走访"] >= was[kept]["走访"]

    back = wangge(out, "--from", TODAY, "--to", YESTERDAY)
    lines = [line.split("\t") for line in back.splitlines()]
    assert lines[0] == ["code", "走访", "金额"]
    assert {code for code, *_ in lines[1:] if not code.startswith("total")} == set(before)
    assert f"total 走访\t{visits} before\t{visits} after" in back


def test_the_desk_says_that_statistics_are_told_in_the_cells_of_today(
    town: sa.Engine, town_url: str, split_and_merged, server: Callable[..., Base], browser: Any
) -> None:
    _, _, _, (kept, ended) = split_and_merged
    with data.db.transaction(town) as db:
        closed = """UPDATE case_file SET state = 'closed', closed_at = now(), due_at = now(),
            reported_at = now() - interval '1 hour', exempt = false, joined_to = NULL, settled = false
            WHERE cell_id = (SELECT id FROM grid_cell WHERE code = :c AND plan_id = 1)"""
        db.execute(sa.text(closed), {"c": ended})
    publish(town, "草案")
    city = City(server(town_url), town_url)
    with seen(city, browser, "/desk", role=Role.CHIEF, **DESK) as page:
        page.wait_for_selector("#tools .tool")
        with page.expect_response(lambda answer: "/indicators" in answer.url) as waiting:
            page.click("[data-tool=statistics]")
        told = waiting.value.json()
        codes = {one["code"] for one in told["areas"]}
        assert (told["recounted"], told["redrawn_on"], told["shared"]) == (True, str(TODAY), [])
        assert (kept in codes, ended in codes) == (True, False)
        page.wait_for_selector(".numbers tbody tr")
        said = page.inner_text(".statistics .redrawn")
        assert said.startswith(f"网格于{TODAY}调整过。")
        assert faults(page) == []


def test_what_is_wrong_with_the_sheet_is_told_at_once_and_nothing_is_written(
    redrawn, wangge: Wangge, tmp_path: Path
) -> None:
    before, big, born, _, ended = redrawn
    source, out = tmp_path / "走访.csv", tmp_path / "可比.csv"
    rows = [("code", "visits", "hours"), (big, 1, 2.5), (born, 1, 1), (big, 2, 2), (ended, "many", ""),
            ("", 3, 3), ("nowhere", 4, "inf")]  # fmt: skip
    source.write_text("\n".join(",".join(map(str, row)) for row in rows) + f"\n{ended},1,2,3\n")
    with pytest.raises(BadInput) as refused:
        wangge(source, *DAYS, "--out", out)
    told = [(one["row"], one["field"], one["value"]) for one in refused.value.facts["faults"]]
    assert sorted(told) == [
        (3, "code", born), (4, "code", big), (5, "hours", ""), (5, "visits", "many"),
        (6, "code", ""), (7, "code", "nowhere"), (7, "hours", "inf"), *told[-1:],
    ]  # fmt: skip
    assert told[-1][0] == 8
    assert f"row 3, code: {born!r} is no cell of {YESTERDAY}" in str(refused.value)
    assert f"row 4, code: {big!r} stands already in row 2" in str(refused.value)
    assert "row 5, visits: 'many' a number" in str(refused.value)
    assert not out.exists()

    source.write_text(f"code,visits\n{before[0]},1\n")
    for words, sentence in (
        ((tmp_path / "none.csv", *DAYS), "none.csv"),
        ((source, *DAYS, "--out", tmp_path / "x.geojson"), "x.geojson: numbers of cells are"),
    ):
        with pytest.raises((BadInput, NotFound), match=sentence):
            wangge(*words)
    long_ago = TODAY - timedelta(days=20_000)
    with pytest.raises(NotFound, match=f"no plan was in force on {long_ago}"):
        wangge(source, "--from", long_ago, "--to", TODAY)
    source.write_text(f"code,名称\n{before[0]},一\n")
    with pytest.raises(BadInput, match="no column of numbers; the file has: code, 名称"):
        wangge(source, *DAYS)
    assert "wangge plan recount 走访2025.xlsx --from" in wangge("--help")
