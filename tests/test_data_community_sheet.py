"""办事指南 from sheets: every fault told at once, the same sheet again changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa
from town import SEAL

import gis.access
from api.actions.imports import Order, Report, import_file
from gis.terms import RecordKind

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
BRIDGE = "420106001001"


@pytest.fixture
def divided(store: sa.Engine) -> sa.Engine:
    with store.begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO division (code, name, level) VALUES (:code, '桥头社区', 'village')"
            ),
            {"code": BRIDGE},
        )
    return store


def _bring(store: sa.Engine, folder: Path, rows: list[dict[str, Any]]) -> Report:
    path = folder / "指南.xlsx"
    pd.DataFrame(rows).to_excel(path, index=False)
    order = Order(RecordKind.GUIDES, path)
    return import_file(store, order, seal=SEAL, by=gis.access.operator("me"), now=NOW)


def _counts(report: Report) -> tuple[int, int, int, int]:
    return report.added, report.changed, report.unchanged, report.refused


def _kept(store: sa.Engine) -> list[dict[str, Any]]:
    query = """SELECT title, kind, initials, body, materials, hours, division_code, version
               FROM guide ORDER BY id"""
    with store.connect() as connection:
        return [dict(row) for row in connection.execute(sa.text(query)).mappings()]


RESIDENCE = {
    "事项名称": "居住证办理", "办理说明": "到社区登记。", "所需材料": "身份证、 租房合同；照片",
    "办理时间": "Mo-Fr 08:30-17:30", "社区编码": BRIDGE,
}  # fmt: skip
KEYS = {"事项名称": "开锁", "办理说明": "随叫随到。", "类别": "便民", "办理时间": "随时"}


def test_a_sheet_adds_changes_and_leaves_guides(divided: sa.Engine, tmp_path: Path) -> None:
    report = _bring(divided, tmp_path, [RESIDENCE, KEYS])
    assert _counts(report) == (2, 0, 0, 0)
    assert "1 hours are shown as they are" in report.notes[-1]
    first, second = _kept(divided)
    assert first == {
        "title": "居住证办理", "kind": "service", "initials": "jzzbl", "body": "到社区登记。",
        "materials": ["身份证", "租房合同", "照片"], "hours": "Mo-Fr 08:30-17:30",
        "division_code": BRIDGE, "version": 1,
    }  # fmt: skip
    assert (second["kind"], second["materials"], second["division_code"]) == (
        "convenience",
        [],
        None,
    )
    assert _counts(_bring(divided, tmp_path, [RESIDENCE, KEYS])) == (0, 0, 2, 0)
    changed = {"事项名称": "居住证办理", "办理说明": "当场办。", "社区编码": BRIDGE}
    elsewhere = {"事项名称": "居住证办理", "办理说明": "全市通办。"}
    assert _counts(_bring(divided, tmp_path, [changed, elsewhere])) == (1, 1, 0, 0)
    told = _kept(divided)[0]
    assert (told["body"], told["version"], len(told["materials"])) == ("当场办。", 2, 3)


def test_every_fault_is_told_with_its_row_field_and_value(
    divided: sa.Engine, tmp_path: Path
) -> None:
    rows = [
        RESIDENCE,
        RESIDENCE,
        {"办理说明": "没有名称。"},
        {"事项名称": "没有说明"},
        {"事项名称": "长" * 101, "办理说明": "x", "类别": "别的"},
        {"事项名称": "外地", "办理说明": "x", "社区编码": "110101001001"},
        {"事项名称": "材料", "办理说明": "x", "所需材料": "长" * 201},
        KEYS,
    ]
    report = _bring(divided, tmp_path, rows)
    assert _counts(report) == (2, 0, 0, 6)
    faults = report.faults
    assert [(row, field) for row, field in zip(faults["row"], faults["field"], strict=True)] == [
        (3, "title"), (4, "title"), (5, "body"), (6, "title"), (6, "kind"), (7, "division"),
        (8, "materials"),
    ]  # fmt: skip
    assert "stands already in row 2" in faults["reason"].iloc[0]
    assert faults["value"].iloc[5] == "110101001001"
