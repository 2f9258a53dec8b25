"""Cases: words of other systems for a state, what is filled in, what cannot be."""

import pandas as pd
import pytest

from gis import case_sheet, rows

FIELDS = case_sheet.fields("Asia/Shanghai")


def clean(**columns):
    table = pd.DataFrame(columns, dtype="str")
    table.index = range(2, 2 + len(table))
    return rows.clean(table, FIELDS)


def records(table):
    return table.astype(object).where(table.notna(), None).to_dict("records")


def test_headers_as_systems_write_them():
    headers = [
        "案件编号",
        "问题类型",
        "事件代码",
        "案件状态",
        "上报时间",
        "办理时限",
        "结案时间",
        "事发地址",
        "问题描述",
        "精度（米）",
    ]
    names = [
        "code",
        "title",
        "class_code",
        "state",
        "reported_at",
        "due_at",
        "closed_at",
        "address",
        "description",
        "accuracy_m",
    ]
    assert rows.recognise(headers, FIELDS, {}) == dict(zip(headers, names, strict=True))


def test_headers_of_open_data_portals():
    headers = [
        "unique_key",
        "created_date",
        "closed_date",
        "complaint_type",
        "descriptor",
        "status",
        "incident_address",
    ]
    names = ["code", "reported_at", "closed_at", "title", "description", "state", "address"]
    assert rows.recognise(headers, FIELDS, {}) == dict(zip(headers, names, strict=True))


@pytest.mark.parametrize(
    ("word", "state"),
    [("待受理", "reported"), ("Open", "reported"), ("已立案", "filed"), ("派遣", "dispatched"), ("In Progress", "handling"),
     ("处置中", "handling"), ("核查结案", "feedback"), ("办结", "closed"), ("Closed", "closed"), ("作废", "void"),
     ("Duplicate", "void"), ("挂账", "suspended"), ("Closed - Completed", "closed")],
)  # fmt: skip
def test_words_for_states(word, state):
    assert clean(标题=["x"], 状态=[word]).frame["state"].tolist() == [state]


def test_an_unknown_state_is_refused_with_the_choices():
    faults = clean(标题=["x"], 状态=["gone"]).faults
    assert faults["reason"].tolist() == [
        "is none of reported 待受理、verified 已核实、filed 已立案、dispatched 已派遣、handling 处置中、"
        "feedback 已反馈、inspected 已核查、closed 已结案、evaluated 已评价、suspended 挂账、void 作废"
    ]


def test_title_and_state_are_filled_from_what_the_row_says():
    given = clean(
        标题=["乱堆物料", "", "", ""],
        小类代码=["0136", "0110", "", ""],
        状态=["处置中", "", "", "作废"],
        结案时间=["2026-03-02 09:00", "2026-03-02 09:00", "", "2026-03-02 09:00"],
    ).frame
    full = case_sheet.complete(given)
    assert records(full[["title", "class_code", "state"]]) == [
        {"title": "乱堆物料", "class_code": "0136", "state": "handling"},
        {"title": "0110", "class_code": "0110", "state": "closed"},
        {"title": "未分类", "class_code": None, "state": None},
        {"title": "未分类", "class_code": None, "state": "void"},
    ]


def test_a_sheet_that_says_only_where_is_full_too():
    assert records(case_sheet.complete(clean(地址=["桥头路1号"]).frame)) == [
        {"address": "桥头路1号", "title": "未分类", "class_code": None, "state": None}
    ]
    assert records(case_sheet.complete(clean(地址=[]).frame)) == []


def test_a_case_closed_before_it_was_reported_is_refused():
    given = clean(
        上报时间=["2026-03-02 09:00", "2026-03-02 09:00", "", "2026-03-02 09:00"],
        结案时间=["2026-03-02 08:59", "2026-03-02 09:00", "2026-03-01", ""],
    ).frame
    assert case_sheet.check(given).to_dict("records") == [
        {
            "row": 2,
            "field": "closed_at",
            "value": "2026-03-02 00:59:00+00:00",
            "reason": "is before the case was reported",
        }
    ]
    assert len(case_sheet.check(clean(标题=["x"]).frame)) == 0


def test_the_accuracy_of_a_position_is_a_length():
    assert clean(精度=["12.5"]).frame["accuracy_m"].tolist() == [12.5]
    assert clean(精度=["-1"]).faults["reason"].tolist() == ["a number from 0 to 100000 is expected"]


@pytest.mark.parametrize("header", ["案卷号", "案卷编号", "案件编号", "工单编号"])
def test_a_number_of_a_case_is_its_code(header):
    assert records(clean(**{header: ["X-1"], "标题": ["甲"]}).frame)[0]["code"] == "X-1"
