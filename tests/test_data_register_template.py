"""Templates come in again, their example does not; an errors workbook shows where it is wrong."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl
import pytest

import data.files.template
import gis.register
import gis.rows
import gis.template
from api.actions import sheets
from gis.places import Reference
from gis.terms import Datum, RecordKind

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def written(kind: RecordKind, path: Path) -> openpyxl.Workbook:
    path.write_bytes(data.files.template.workbook(kind))
    return openpyxl.load_workbook(path)


def checked(kind: RecordKind, path: Path) -> tuple[sheets.Report, int]:
    placed = kind in {"cells", "buildings", "facilities", "cases"}
    order = sheets.Order(kind, path, Reference(datum=Datum.WGS84) if placed else Reference())
    sheet = sheets.read(order)
    prepared = sheets.check(sheet, order, now=NOW)
    return sheets.report_of(sheet, prepared, order), len(prepared.frame)


@pytest.mark.parametrize("kind", list(RecordKind))
def test_an_untouched_template_brings_nothing_and_says_why(
    kind: RecordKind, tmp_path: Path
) -> None:
    written(kind, tmp_path / "t.xlsx")
    report, good = checked(kind, tmp_path / "t.xlsx")
    assert (good, report.rows, report.refused) == (0, 1, 1)
    assert report.faults["reason"].tolist() == ["is the example of the template, not a record"]


@pytest.mark.parametrize("kind", list(RecordKind))
def test_the_example_without_its_mark_is_a_right_row(kind: RecordKind, tmp_path: Path) -> None:
    book = written(kind, tmp_path / "t.xlsx")
    sheet = book.worksheets[0]
    sheet["A2"] = str(sheet["A2"].value).removeprefix("示例：")
    book.save(tmp_path / "t.xlsx")
    report, good = checked(kind, tmp_path / "t.xlsx")
    assert report.faults.to_dict("records") == []
    assert good == 1
    unused = [note for note in report.notes if note.startswith("columns not used")]
    assert unused == []


def test_the_template_of_residents_offers_its_words(tmp_path: Path) -> None:
    book = written(RecordKind.RESIDENTS, tmp_path / "t.xlsx")
    sheet = book.worksheets[0]
    headers = [cell.value for cell in sheet[1]]
    assert headers[:4] == ["姓名*", "身份证号", "性别", "出生日期"]
    lists = {
        str(one.sqref).split(":")[0]: one.formula1 for one in sheet.data_validations.dataValidation
    }
    assert set(lists.values()) == {'"男,女"', '"人户一致,人户分离"', '"是,否"'}
    assert book.sheetnames == ["居民", "说明 Instructions"]
    assert "空格不会清掉" in str([row[0].value for row in book.worksheets[1].iter_rows()])


def test_an_errors_workbook_marks_the_cells_and_comes_in_again_mended(tmp_path: Path) -> None:
    file, errors = tmp_path / "a.csv", tmp_path / "e.xlsx"
    file.write_text(
        "姓名,手机,性别,地址\n张三,1,=男,东街1号\n李四,13812341234,男,东街1号\n王五,2,男,\n"
    )
    report, good = checked(RecordKind.RESIDENTS, file)
    assert good == 1
    assert sheets.write_refused(report, errors) == 2
    book = openpyxl.load_workbook(errors)
    sheet = book.worksheets[0]
    marked = {cell.coordinate: cell.comment.text for row in sheet for cell in row if cell.comment}
    assert marked == {
        "G2": "phone: a phone number of 5 to 15 digits is expected",
        "H2": "sex: is none of male 男、female 女",
        "G3": "phone: a phone number of 5 to 15 digits is expected",
    }
    assert {sheet[at].fill.start_color.rgb for at in marked} == {"00FFC7CE"}
    sheet["G2"], sheet["H2"], sheet["G3"], sheet["I3"] = "13712341234", "男", "", "西街9号"
    mended = io.BytesIO()
    book.save(mended)
    errors.write_bytes(mended.getvalue())
    again, good = checked(RecordKind.RESIDENTS, errors)
    assert (good, again.refused) == (2, 0)


def test_every_field_of_a_resident_has_its_column() -> None:
    told = [one.field for one in gis.template.columns(RecordKind.RESIDENTS)]
    assert told == [one.name for one in gis.register.residents(date.max)]
