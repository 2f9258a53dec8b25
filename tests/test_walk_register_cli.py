"""The register as somebody at a keyboard meets it: a template filled, a sheet brought, a person
found masked, opened for a reason, doubles merged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from test_walk_import import cells, folder, wangge

__all__ = ["folder", "wangge"]
WOMAN, MAN = "11010519491231002X", "440524188001010014"
Run = Callable[..., object]


def fill(path: Path, *rows: dict[str, str]) -> None:
    """Write rows below the example of a template, by header."""
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    headers = {str(cell.value).rstrip("*"): cell.column for cell in sheet[1]}
    for number, row in enumerate(rows, start=3):
        for header, value in row.items():
            sheet.cell(number, headers[header], value)
    book.save(path)


def lines(run: object) -> list[list[str]]:
    assert run.returncode == 0, run.stderr
    return [line.split("\t") for line in run.stdout.splitlines()]


def test_a_first_sheet_from_template_to_merge(wangge: Run, folder: Path) -> None:
    (folder / "cells.geojson").write_text(cells("AB"))
    assert wangge("import", "cells", "cells.geojson").returncode == 0
    assert wangge("template", "residents", "-o", "居民.csv").returncode == 2
    assert "is in 居民.xlsx" in wangge("template", "residents", "-o", "居民.xlsx").stdout
    home = {"地址": "东街1号", "房号": "101"}
    fill(
        folder / "居民.xlsx",
        {"姓名": "张三", "身份证号": WOMAN, "人户状态": "人户分离", **home},
        {"姓名": "张三", "出生日期": "1949-12-31", "联系电话": "13812341234", "房号": "102", "地址": "东街1号"},
        {"姓名": "李四", "身份证号": MAN[:-1] + "5", **home},
    )  # fmt: skip
    brought = wangge("import", "residents", "居民.xlsx", "--errors", "拒.xlsx")
    assert brought.returncode == 0, brought.stderr
    assert "example of the template" in brought.stdout
    assert "2 refused rows are in 拒.xlsx" in brought.stderr

    found = lines(wangge("register", "find", "张三"))
    assert [row[1:6] for row in found[1:]] == [
        ["张*", "female", "1949-**-**", "1101************2X", ""],
        ["张*", "", "1949-**-**", "", "138****1234"],
    ]
    first, second = found[1][0], found[2][0]
    card = wangge("register", "show", found[1][8]).stdout
    assert card.startswith("household ")
    assert "separated" in card
    assert "refused_rows" in wangge("register", "completeness").stdout
    assert "check character" in wangge("register", "completeness", "--cell", "").stdout

    assert wangge("register", "unmask", first).returncode == 2
    assert wangge("register", "unmask", first, "--reason", "看").returncode == 2
    opened = lines(wangge("register", "unmask", first, "--reason", "核对证件号码"))
    assert opened[:2] == [["name", "张三"], ["id_number", WOMAN]]

    assert len(lines(wangge("register", "duplicates"))) == 1
    fill_again = {"姓名": "张三", "身份证号": WOMAN, "联系电话": "13812341234", **home}
    fill(folder / "居民.xlsx", fill_again)
    older = wangge("import", "residents", "居民.xlsx", "--told-on", "2020-01-01")
    assert older.returncode == 0, older.stderr
    (_, pair) = lines(wangge("register", "duplicates"))
    assert pair[0] == "same name, same birth, same phone"
    merged = wangge("register", "merge", first, second).stdout
    assert f"resident {second} is merged into {first}" in merged
    assert len(lines(wangge("register", "find", "张三"))) == 2
    assert "two again" in wangge("register", "undo-merge", merged.split()[-1]).stdout
    assert len(lines(wangge("register", "find", "张三"))) == 3
    assert ["phone", "", "138****1234"] in [row[2:5] for row in lines(wangge("register", "history", first))]  # fmt: skip


def test_a_decision_is_listed_and_settled(wangge: Run, folder: Path) -> None:
    sheet = folder / "a.csv"
    sheet.write_text(f"姓名,身份证号,电话,地址\n钱七,{MAN},13700000000,西街9号\n")
    assert wangge("import", "residents", "a.csv").returncode == 0
    sheet.write_text(f"姓名,身份证号,电话,地址\n钱七,{MAN},13811110000,西街9号\n")
    older = wangge("import", "residents", "a.csv", "--told-on", "2020-01-01")
    assert "to decide: 1; see them with: wangge register decisions" in older.stdout
    waiting = [row for row in lines(wangge("register", "decisions"))[1:] if row[2] == "钱*"]
    assert [row[1] for row in waiting] == ["conflict"]
    assert "137****0000 → 138****0000" in waiting[0][5]
    assert wangge("register", "decide", waiting[0][0], "added").returncode == 2
    assert "is taken" in wangge("register", "decide", waiting[0][0], "taken").stdout
    assert lines(wangge("register", "find", "13811110000"))[1][1] == "钱*"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("register", "show", "999999"), "no household 999999 is in your charge"),
        (("register", "find", " "), "ask for a name"),
        (("register", "merge", "1", "1"), "cannot be merged with himself"),
        (("register", "undo-merge", "999"), "no merge 999"),
        (("register", "decide", "999", "taken"), "no decision 999"),
        (("import", "residents", "a.csv", "--told-on", "2999-01-01"), "still to come"),
    ],
)
def test_a_refusal_is_a_sentence(wangge: Run, words: tuple[str, ...], told: str) -> None:
    done = wangge(*words)
    assert done.returncode == 2
    assert told in done.stderr


@pytest.mark.parametrize(
    "command",
    ["find", "show", "completeness", "decisions", "decide", "duplicates", "merge", "undo-merge",
     "history", "unmask"],
)  # fmt: skip
def test_every_command_of_the_register_explains_itself(wangge: Run, command: str) -> None:
    assert "Usage:" in wangge("register", command, "--help").stdout
