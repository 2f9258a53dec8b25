"""Templates as workbooks: headers, lists to choose from, an example, and how to fill them in."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import gis.template
from gis.template import Column
from gis.terms import RecordKind

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

LAST_ROW = 5_000
"""Down to here a cell offers its list and keeps its text as text."""
_AS_TEXT = {"id_number", "phone", "code", "building_code", "division_code", "parent_code"}


def workbook(kind: RecordKind) -> bytes:
    """The template of a kind as an .xlsx."""
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = kind.label
    for number, column in enumerate(gis.template.columns(kind), start=1):
        _column(sheet, number, column)
    sheet.freeze_panes = "A2"
    _instructions(book.create_sheet("说明 Instructions"), kind)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _column(sheet: Worksheet, number: int, column: Column) -> None:
    from openpyxl.styles import Font, PatternFill
    from openpyxl.utils import get_column_letter

    letter = get_column_letter(number)
    header = sheet.cell(1, number, column.header + ("*" if column.required else ""))
    header.font = Font(bold=True, color="C00000" if column.required else "000000")
    header.fill = PatternFill("solid", start_color="E8EEF4")
    example = sheet.cell(2, number, column.example or None)
    example.font = Font(italic=True, color="808080")
    example.number_format = "@"
    sheet.column_dimensions[letter].width = max(10, 2 * len(column.header), len(column.example) + 2)
    if column.field in _AS_TEXT:
        sheet.column_dimensions[letter].number_format = "@"
    if column.choices:
        _list(sheet, letter, column.choices)


def _list(sheet: Worksheet, letter: str, choices: tuple[str, ...]) -> None:
    from openpyxl.worksheet.datavalidation import DataValidation

    told = DataValidation("list", formula1=f'"{",".join(choices)}"', allow_blank=True)
    told.error = f"请选择：{'、'.join(choices)}"
    told.add(f"{letter}2:{letter}{LAST_ROW}")
    sheet.add_data_validation(told)


def _instructions(sheet: Worksheet, kind: RecordKind) -> None:
    sheet.column_dimensions["A"].width = 80
    for number, line in enumerate(gis.template.instructions(kind), start=1):
        sheet.cell(number, 1, line)
