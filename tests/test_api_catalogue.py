"""The catalogue over HTTP and by the command line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import openpyxl
import pytest
from conftest import Base, owning
from town import SEAL, TESTER
from typer.testing import CliRunner

import data.catalogue
import data.db
import data.defaults
from api.actions.imports import Order, import_file
from api.cli import app
from gis.errors import BadInput
from gis.terms import RecordKind

LOCAL = (
    "类型,大类名称,小类代码,小类名称,立案条件,处置时限,计时方式,结案条件\n"
    "事件,市容环境,0199,共享单车淤积,占用盲道,4,工作时,摆放整齐\n"
)


def test_everybody_reads_the_catalogue_and_reads_it_again_when_it_changed(
    server: Callable[..., Base], empty_url: str, tmp_path: Path
) -> None:
    base = server(empty_url)
    first = httpx.get(f"{base}/catalogue")
    assert (first.status_code, first.headers["content-type"]) == (200, "application/json")
    found = first.json()
    assert sum(len(one["conditions"]) for one in found) == len(list(data.defaults.public_rows()))
    water = next(one for one in found if one["name"] == "供水管道破裂")
    condition = water["conditions"][0]
    assert {**water, "id": 0, "conditions": [{**condition, "id": 0}]} == {
        "id": 0, "system": "cn", "kind": "event", "code": "0501", "name": "供水管道破裂",
        "major_code": "05", "major_name": "突发事件", "is_local": False, "skills": [],
        "conditions": [{
            "id": 0, "number": 1, "filing": "泄漏", "amount": 1, "clock": "urgent_hour",
            "closing": "止漏、设围挡，险情控制", "unit_kinds": ["department"], "basis": "in_use",
        }],
    }  # fmt: skip
    held = {"If-None-Match": first.headers["etag"]}
    assert httpx.get(f"{base}/catalogue", headers=held).status_code == 304
    path = tmp_path / "local.csv"
    path.write_text(LOCAL)
    store = data.db.engine(empty_url)
    order = Order(RecordKind.CATALOGUE, path)
    import_file(store, order, seal=SEAL, by=TESTER, now=datetime.now(UTC))
    store.dispose()
    again = httpx.get(f"{base}/catalogue", headers=held)
    assert len(again.json()) == len(found) + 1


def run(url: str, monkeypatch: pytest.MonkeyPatch, *words: object) -> str:
    monkeypatch.setenv("WANGGE_DATABASE_URL", url)
    monkeypatch.setattr("api.running.stop_on_sigterm", lambda: None)
    result = CliRunner().invoke(app, [str(word) for word in words])
    if result.exception is not None:
        raise result.exception
    return result.output


def test_the_command_line_brings_shows_and_writes_out(
    empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet = tmp_path / "local.csv"
    sheet.write_text(LOCAL)
    wangge = lambda *words: run(empty_url, monkeypatch, *words)  # noqa: E731
    assert "nothing was written" in wangge("catalogue", "import", sheet, "--try")
    with owning(empty_url) as db:
        assert data.catalogue.classes(db, code="0199") == []
    wangge("catalogue", "import", sheet)
    assert wangge("catalogue", "show", "0199").splitlines() == [
        "cn\tevent\t0199\t市容环境\t共享单车淤积\tlocal 本地",
        "  1. 占用盲道: 4 工作时 → 摆放整齐 (本地规定 own; )",
    ]
    wangge("catalogue", "import", sheet, "--system", "district")
    assert "district\tevent\t0199" in wangge("catalogue", "show", "--system", "district")
    book = tmp_path / "catalogue.xlsx"
    wangge("catalogue", "export", book, "--system", "district")
    rows = list(openpyxl.load_workbook(book).active.values)  # type: ignore[union-attr]
    assert rows[1][:7] == ("district", "事件", "01", "市容环境", "0199", "共享单车淤积", "占用盲道")
    told = wangge("catalogue", "import", book).split()
    assert (told[told.index("changed") + 1], told[told.index("unchanged") + 1]) == ("0", "1")
    with pytest.raises(BadInput, match=r"written as \.xlsx or \.csv"):
        wangge("catalogue", "export", tmp_path / "catalogue.pdf")


def test_the_template_is_filled_in_and_brought(
    empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = tmp_path / "template.xlsx"
    run(empty_url, monkeypatch, "template", "catalogue", "-o", book)
    with pytest.raises(BadInput, match="every row was refused"):
        run(empty_url, monkeypatch, "catalogue", "import", book)  # nothing but its example
    workbook = openpyxl.load_workbook(book)
    sheet = workbook["类别目录"]
    example = [cell.value for cell in sheet[2]]
    for place, value in enumerate(example, start=1):
        sheet.cell(3, place, "district" if place == 1 else value)
    workbook.save(book)
    run(empty_url, monkeypatch, "catalogue", "import", book)
    with owning(empty_url) as db:
        (found,) = data.catalogue.classes(db, code="0199")
    assert (found.system, found.name, found.is_local) == ("district", "共享单车淤积", True)


def test_the_calendar_by_the_command_line(
    empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet = tmp_path / "days.csv"
    sheet.write_text("day,kind,name\n2031-01-01,holiday,元旦\n")
    wangge = lambda *words: run(empty_url, monkeypatch, *words)  # noqa: E731
    wangge("calendar", "import", sheet)
    wangge("calendar", "periods", "08:30-12:00", "13:30-17:30", "--since", "2031-03-01")
    lines = wangge("calendar", "show", 2031).splitlines()
    assert lines[0] == "2031-01-01\tholiday\t元旦"
    assert lines[1:5] == [
        "weekday 1\t08:00-12:00\tbefore 2031-03-01",
        "weekday 1\t14:00-18:00\tbefore 2031-03-01",
        "weekday 1\t08:30-12:00\tsince 2031-03-01",
        "weekday 1\t13:30-17:30\tsince 2031-03-01",
    ]
    assert "no holiday of 2055 is known" in wangge("calendar", "show", 2055)
    for words, why in [
        (("8-12",), "'8-12' are no hours"),
        ((), "say the hours"),
        (("08:00-12:00", "--off"), "say the hours"),
        (("08:00-12:00", "--weekdays", "18"), "write digits 1"),
        (("12:00-08:00",), "ends before it begins"),
    ]:
        with pytest.raises(BadInput, match=why):
            wangge("calendar", "periods", *words)
