"""The catalogue's rows: what is understood, what is refused, numbers of conditions, local codes."""

from __future__ import annotations

import pandas as pd
import pytest

import data.defaults
import gis.catalogue
import gis.rows
from gis import codes, facilities
from gis.terms import ClassKind, UnitKind

HEADERS = {
    "kind": "类型", "major_name": "大类名称", "code": "小类代码", "name": "小类名称",
    "filing": "立案条件", "limit": "处置时限", "clock": "计时方式", "closing": "结案条件",
}  # fmt: skip
ROW = {
    "kind": "事件", "major_name": "市容环境", "code": "0199", "name": "单车淤积",
    "filing": "占用盲道", "limit": "4", "clock": "工作时", "closing": "摆放整齐",
}  # fmt: skip


def sheet(*rows: dict[str, str | None]) -> pd.DataFrame:
    frame = pd.DataFrame([{**ROW, **row} for row in rows], index=range(2, 2 + len(rows)))
    return frame.rename(columns=HEADERS).astype("str")


def judged(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[tuple[int, str, str]]]:
    cleaned = gis.rows.clean(frame, gis.catalogue.FIELDS)
    complete = gis.catalogue.complete(cleaned.frame)
    faults = [cleaned.faults, *gis.catalogue.checks(complete)]
    told = [(row.row, row.field, row.reason) for one in faults for row in one.itertuples()]
    return complete, told


def test_a_row_is_understood() -> None:
    frame, faults = judged(
        sheet({"责任单位": "部门、街道办事处,部门", "技能": " 燃气 / 电力、"}).rename(
            columns={"技能": "所需技能"}
        )
    )
    assert faults == []
    assert frame.iloc[0].to_dict() == {
        "system": "cn", "kind": "event", "major_code": "01", "major_name": "市容环境",
        "code": "0199", "name": "单车淤积", "filing": "占用盲道", "limit": "4", "clock": "work_hour",
        "closing": "摆放整齐", "unit_kinds": "department、street_office",
        "skills": "燃气、电力", "basis": "own", "amount": 4.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("limit", "clock", "amount", "meant"),
    [
        ("2个工作日", None, 2, "work_day"),
        ("2 紧急工作时", None, 2, "urgent_hour"),
        ("1.5工作小时", None, 1.5, "work_hour"),
        ("15自然日", "工作日", 15, "natural_day"),
        ("15", "自然日", 15, "natural_day"),
    ],
)
def test_a_limit_may_name_its_clock(
    limit: str, clock: str | None, amount: float, meant: str
) -> None:
    frame, faults = judged(sheet({"limit": limit, "clock": clock}))
    assert (frame.iloc[0]["amount"], frame.iloc[0]["clock"], faults) == (amount, meant, [])


def test_a_spreadsheet_that_took_the_first_zero_is_understood() -> None:
    frame, faults = judged(
        sheet({"code": "199", "大类代码": "1"}, {"code": "198.0"}, {"code": "197", "体系": "own"})
    )
    assert faults == [(4, "major_code", "is missing")]
    assert frame["code"].tolist() == ["0199", "0198", "197"]
    assert frame["major_code"].fillna("").tolist() == ["01", "01", ""]


def test_what_is_wrong_is_told_by_row_and_field() -> None:
    _, faults = judged(
        sheet(
            {"limit": "0"},
            {"code": "0198", "limit": "2天", "clock": None},
            {"code": "0197", "limit": "soon"},
            {"code": "0196", "limit": "99999"},
            {"code": "X1", "name": "甲"},
            {"code": "0195", "大类代码": "02", "major_name": "宣传广告"},
            {"code": "0194", "责任单位": "部门、水务局"},
            {"code": "0193", "closing": None},
        )
    )
    choices = "紧急工作时、工作时、工作日、自然日"
    number = "a number over 0 and up to 3,650 is expected, as 4 or 2工作日"
    kinds = "、".join(f"{one.value} {one.label}" for one in UnitKind)
    assert faults == [
        (8, "unit_kinds", f"is none of {kinds}"),
        (9, "closing", "is missing"),
        (2, "limit", number),
        (4, "limit", number),
        (5, "limit", number),
        (3, "limit", f"does not say its clock: {choices}"),
        (6, "major_code", "is missing"),
        (7, "code", "begins with another major: 4 digits are 2 of the major and 2 of its own"),
    ]


def test_a_sheet_may_leave_columns_blank_or_have_no_good_row() -> None:
    frame, faults = judged(sheet({"责任单位": None, "技能": None, "大类代码": None}))
    assert (frame["unit_kinds"].isna().all(), frame["major_code"].tolist()) == (True, ["01"])
    assert faults == []
    frame, faults = judged(sheet({"name": None}))
    assert (len(frame), faults) == (0, [(2, "name", "is missing")])


def test_rows_of_one_class_agree_and_differ_by_their_condition() -> None:
    frame, faults = judged(
        sheet(
            {},
            {"filing": "占用绿地", "major_name": None},
            {"filing": "占用绿地"},
            {"filing": "占用车道", "name": "共享单车"},
            {"kind": "部件", "major_name": "公用设施"},
        )
    )
    assert faults == [
        (5, "name", "another row of class 0199 says 单车淤积"),
        (4, "filing", "stands already in row 3"),
    ]
    assert frame["major_name"].tolist() == ["市容环境"] * 4 + ["公用设施"]


def test_a_condition_is_known_by_its_words() -> None:
    frame = pd.DataFrame(
        {"class_id": [7, 7, 9, 7, 9], "filing": ["new", "b", "x", "newer", "y"]},
        index=[2, 3, 5, 8, 9],
    )
    known = {(7, "a"): 1, (7, "b"): 2, (8, "x"): 6}
    assert gis.catalogue.numbered(frame, known).to_dict() == {2: 3, 3: 2, 5: 1, 8: 4, 9: 2}
    assert gis.catalogue.numbered(frame, {}).to_dict() == {2: 1, 3: 2, 5: 1, 8: 3, 9: 2}


def test_local_codes_count_down_from_99_in_their_major() -> None:
    told = ["0101", "0198", "0199", "0196", "0298", "0399", "03x9", "SGA", "99"]
    assert gis.catalogue.local_codes(told) == {"0199", "0198", "0399"}
    assert gis.catalogue.local_codes([]) == set()


def test_the_public_catalogue_is_a_sheet_without_fault() -> None:
    rows = pd.DataFrame(data.defaults.public_rows()).replace("", None).astype("str")
    frame, faults = judged(rows)
    assert faults == []
    classes = frame.drop_duplicates(["system", "kind", "code"]).groupby(["system", "kind"])
    assert classes.size().to_dict() == {
        ("cn", "component"): 39, ("cn", "event"): 34, ("community", "service"): 11,
    }  # fmt: skip
    majors = frame.groupby(["kind", "major_code"])["major_name"].unique().map(list)
    assert majors[ClassKind.COMPONENT].to_dict() == {
        "01": ["公用设施"], "02": ["道路交通"], "03": ["市容环境"], "04": ["园林绿化"], "05": ["其他"],
    }  # fmt: skip
    assert majors[ClassKind.EVENT].to_dict() == {
        "01": ["市容环境"], "02": ["宣传广告"], "03": ["施工管理"], "04": ["街面秩序"],
        "05": ["突发事件"], "06": ["其他"],
    }  # fmt: skip
    assert frame["unit_kinds"].notna().all()


def test_the_limits_that_are_known_are_those_of_systems_in_use() -> None:
    rows = pd.DataFrame(data.defaults.public_rows())
    known = rows[rows["basis"] == "in_use"]
    told = known["kind"].str[0] + known["code"] + " " + known["limit"] + " " + known["clock"]
    cover = ["2 urgent_hour", "4 work_hour", "2 work_day", "5 work_day"]
    assert told.tolist() == [
        *(f"c010{minor} {limit}" for minor in (1, 2, 3, 4) for limit in cover),
        "c0137 2 work_day", "c0402 1 work_day", "c0402 15 natural_day",
        "e0110 4 work_hour", "e0113 5 work_day", "e0401 2 urgent_hour", "e0405 2 urgent_hour",
        "e0501 1 urgent_hour", "e0502 1 urgent_hour", "e0503 1 urgent_hour", "e0506 2 urgent_hour",
    ]  # fmt: skip
    assert set(rows["basis"]) == {"in_use", "common"}


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("3205080101000001", None),
        ("320508010100000", "a component's id has 16 digits"),
        ("320508010100000X", "a component's id has 16 digits"),
        ("9905080101000001", "no province has the prefix 99"),
        ("3205000101000001", "320500 is no county"),
        ("3205080101000000", "the last 6 digits count from 000001"),
    ],
)
def test_the_id_of_a_component_names_its_class(code: str, fault: str | None) -> None:
    told = codes.component_fault(code)
    assert told is fault is None or (told or "").startswith(fault or "?")
    classes = codes.component_classes(pd.Series([code, None], dtype="str"))
    assert classes.fillna("").tolist() == ["0101" if fault is None else "", ""]


def test_a_facility_with_the_id_of_a_component_is_of_its_class() -> None:
    told = {"code": ["3205080137000001", "f-1", "3205080137000002"]}
    told["class_code"] = [None, None, "0138"]
    frame = facilities.complete(pd.DataFrame(told).astype("str"))
    assert frame["class_code"].fillna("").tolist() == ["0137", "", "0138"]
    assert frame["kind"].tolist() == ["component", "service", "component"]
