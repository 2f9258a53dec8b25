"""Headers in the forms clerks use, every kind of value good and bad, every fault of a row kept."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis import kinds, rows
from gis.errors import BadInput
from gis.rows import Field
from gis.terms import CaseState, DivisionLevel

FIELDS = (
    Field("code", ("编码", "编号"), kinds.code, required=True),
    Field("name", ("姓名", "名称"), kinds.text(5)),
    Field("floors", ("层数",), kinds.whole(0, 300)),
)


def frame(first_row=2, **columns):
    table = pd.DataFrame(columns, dtype="str")
    table.index = range(first_row, first_row + len(table))
    return table


def told(faults):
    return [tuple(row) for row in faults[["row", "field", "value", "reason"]].to_numpy()]


def read(parse, *values):
    """What a kind of value makes of texts: (values with None for nothing, reasons)."""
    given = pd.Series(values, dtype="str")
    result, reasons = parse(given)
    return [None if pd.isna(one) else one for one in result], reasons.tolist()


def good(parse, *values):
    result, reasons = read(parse, *values)
    assert reasons == [""] * len(values)
    return result


def bad(parse, *values):
    """The one reason for which all `values` are refused."""
    _, reasons = read(parse, *values)
    (reason,) = set(reasons)
    assert reason
    return reason


# Headers


@pytest.mark.parametrize(
    "header",
    ["code", "CODE", " Code ", "编码", "*编码", "编码*", "编码（必填）", "编码(必填)", "编码:", "编 码",
     "编码[12位]", "ＣＯＤＥ", "编号", "编\n码", "c_o-d.e"],
)  # fmt: skip
def test_a_header_is_recognised_in_the_forms_of_towns(header):
    assert rows.recognise([header, "别的"], FIELDS, {}) == {header: "code"}


@pytest.mark.parametrize("header", ["", "()", "编码2", "楼栋编码", "（编码）"])
def test_a_header_that_says_something_else_is_left_alone(header):
    assert rows.recognise([header], FIELDS, {}) == {}


def test_units_in_a_header_are_no_part_of_its_name():
    assert rows.recognise(["层数（层）", "名称 [≤5字]"], FIELDS, {}) == {
        "层数（层）": "floors",
        "名称 [≤5字]": "name",
    }


def test_of_two_columns_for_a_field_the_better_name_is_taken_once():
    assert rows.recognise(["编号", "编码"], FIELDS, {}) == {"编码": "code"}
    assert rows.recognise(["编号", "code"], FIELDS, {}) == {"code": "code"}


def test_what_the_bringer_maps_wins():
    assert rows.recognise(["编码", "门牌"], FIELDS, {"门牌": "code"}) == {"门牌": "code"}
    assert rows.recognise(["编码"], FIELDS, {"编码": "name"}) == {"编码": "name"}


@pytest.mark.parametrize(
    ("mapping", "sentence"),
    [
        ({"门": "code"}, "--map 门=code: the file has no column '门'; it has 编码, 名称"),
        ({"编码": "kode"}, "--map 编码=kode: no field 'kode'; fields are code, name, floors"),
        ({"编码": "code", "名称": "code"}, "--map gives one field twice: code, code"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused_with_the_choices(mapping, sentence):
    with pytest.raises(BadInput) as refusal:
        rows.recognise(["编码", "名称"], FIELDS, mapping)
    assert str(refusal.value) == sentence


# Cleaning


def test_good_rows_come_typed_and_told_by_column():
    cleaned = rows.clean(frame(编码=["A", " B "], 层数=["3", ""], 备注=["x", "y"]), FIELDS)
    assert cleaned.frame.astype(object).where(cleaned.frame.notna(), None).to_dict("index") == {
        2: {"code": "A", "floors": 3},
        3: {"code": "B", "floors": None},
    }
    assert told(cleaned.faults) == []
    assert (cleaned.used, cleaned.unused) == ({"编码": "code", "层数": "floors"}, ["备注"])


def test_every_fault_of_a_row_is_told_and_the_row_kept_out():
    given = frame(编码=["", "A B", "C"], 名称=["abcdef", "ok", "ok"], 层数=["many", "301", "7"])
    cleaned = rows.clean(given, FIELDS)
    assert told(cleaned.faults) == [
        (2, "code", "", "is missing"),
        (2, "name", "abcdef", "is longer than 5 characters"),
        (2, "floors", "many", "a whole number from 0 to 300 is expected"),
        (3, "code", "A B", "a code has at most 64 characters and no blanks"),
        (3, "floors", "301", "a whole number from 0 to 300 is expected"),
    ]
    assert cleaned.frame.index.tolist() == [4]


def test_a_nul_is_refused_in_any_field_and_shown_harmlessly():
    cleaned = rows.clean(frame(编码=["A\x00B", "C"], 名称=["ok", "\x00"]), FIELDS)
    assert told(cleaned.faults) == [
        (2, "code", "A�B", "holds the character NUL"),
        (3, "name", "�", "holds the character NUL"),
    ]


def test_a_long_value_is_shown_by_its_beginning():
    cleaned = rows.clean(frame(编码=["A"], 名称=["长" * 3000]), FIELDS)
    assert told(cleaned.faults) == [(2, "name", "长" * 120, "is longer than 5 characters")]


def test_a_constant_stands_in_every_row_and_wins():
    cleaned = rows.clean(frame(编码=["A", "B"], 层数=["1", "x"]), FIELDS, constants={"floors": "9"})
    assert cleaned.frame["floors"].tolist() == [9, 9]
    assert told(cleaned.faults) == []


def test_a_constant_for_no_field_is_refused_with_the_choices():
    with pytest.raises(
        BadInput, match="--set height: no field 'height'; fields are code, name, floors"
    ):
        rows.clean(frame(编码=["A"]), FIELDS, constants={"height": "1"})


def test_a_required_field_without_a_column_refuses_the_file_naming_both_sides():
    with pytest.raises(BadInput) as refusal:
        rows.clean(frame(代号=["A"]), FIELDS)
    assert str(refusal.value) == (
        "no column for code (编码、编号). The file has: 代号. Name it with --map column=field."
    )
    assert refusal.value.facts == {"missing": ["code"], "columns": ["代号"]}
    assert rows.clean(frame(代号=["A"]), FIELDS, mapping={"代号": "code"}).frame[
        "code"
    ].tolist() == ["A"]
    assert rows.clean(frame(代号=["A"]), FIELDS, constants={"code": "K"}).frame[
        "code"
    ].tolist() == ["K"]


def test_an_empty_sheet_is_clean():
    cleaned = rows.clean(frame(编码=[], 层数=[]), FIELDS)
    assert (len(cleaned.frame), len(cleaned.faults)) == (0, 0)


# Kinds of values

EVERY_KIND = [
    kinds.text(), kinds.code, kinds.division_code, kinds.whole(0, 9), kinds.number(0, 9), kinds.day,
    kinds.moment("Asia/Shanghai"), kinds.one_of(CaseState), kinds.flag,
    kinds.resident_id(date(2026, 11, 22)), kinds.phone,
]  # fmt: skip


@pytest.mark.parametrize("parse", EVERY_KIND)
def test_a_blank_is_no_fault_in_any_kind(parse):
    assert read(parse, None, None) == ([None, None], ["", ""])
    assert read(parse) == ([], [])


def test_codes():
    assert good(kinds.code, "A-1", "1234.0", "12.50", "网格1") == ["A-1", "1234", "12.50", "网格1"]
    assert (
        bad(kinds.code, "A 1", "A　1", "x" * 65, "a\tb")
        == "a code has at most 64 characters and no blanks"
    )


def test_division_codes():
    assert good(kinds.division_code, "420106", "420106001001", "420106.0", "{'adcode': 420100}") == [
        "420106000000", "420106001001", "420106000000", "420100000000",
    ]  # fmt: skip
    assert (
        bad(kinds.division_code, "42010", "武昌区") == "a division code has 12 digits (2+2+2+3+3)"
    )
    assert bad(kinds.division_code, "990106") == "no province has the prefix 99"
    assert bad(kinds.division_code, "42 01 06") == "a code has at most 64 characters and no blanks"


def test_whole_numbers():
    assert good(kinds.whole(0, 300), "0", "300", "12.0", "1e2") == [0, 300, 12, 100]
    wanted = "a whole number from 0 to 300 is expected"
    assert (
        bad(kinds.whole(0, 300), "-1", "301", "2.5", "inf", "nan", "三", "0x1F", "9" * 40, "True")
        == wanted
    )


def test_numbers():
    assert good(kinds.number(0, 10), "0", "2.5", "1e1") == [0, 2.5, 10]
    assert (
        bad(kinds.number(0, 10), "-0.1", "inf", "-inf", "nan", "NaN", "x")
        == "a number from 0 to 10 is expected"
    )


def test_days():
    forms = ["2026-03-01", "2026/3/1", "2026.3.1", "2026年3月1日", "20260301", "2026-3-1",
             "2026-03-01 00:00:00", "2026-03-01T08:30:00"]  # fmt: skip
    assert good(kinds.day, *forms) == [date(2026, 3, 1)] * len(forms)
    assert good(kinds.day, "0001-01-01", "9999-12-31", "2024-02-29") == [
        date(1, 1, 1), date(9999, 12, 31), date(2024, 2, 29),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "value", ["2026-02-30", "2023-02-29", "2026-13-01", "19999", "yesterday", "01/03/2026", "2026-00-10",
              "2026", "4600", "2026-03", "2026年3月", "12345678901"],
)  # fmt: skip
def test_what_is_no_whole_date_is_refused_and_never_filled_up(value):
    assert bad(kinds.day, value) == "a date such as 2026-03-01 is expected"
    assert (
        bad(kinds.moment("Asia/Shanghai"), value)
        == "a date and time such as 2026-03-01 08:30 is expected"
    )


@pytest.mark.parametrize(
    ("value", "utc"),
    [
        ("2026-03-01 08:30", "2026-03-01T00:30"),
        ("2026-03-01 8:30", "2026-03-01T00:30"),
        ("2026/3/1 8:30", "2026-03-01T00:30"),
        ("2026年3月1日 08:30", "2026-03-01T00:30"),
        ("2026-03-01", "2026-02-28T16:00"),
        ("20260301", "2026-02-28T16:00"),
        ("2026-03-01T08:30:00", "2026-03-01T00:30"),
        ("2026-03-01T08:30:00.250", "2026-03-01T00:30:00.250"),
        ("2026-03-01T08:30:00Z", "2026-03-01T08:30"),
        ("2026-03-01T08:30:00+08:00", "2026-03-01T00:30"),
        ("2026-03-01T08:30:00+0800", "2026-03-01T00:30"),
        ("2026-03-01 08:30:00+08", "2026-03-01T00:30"),
        ("2026-03-01 08:30:00.123-05", "2026-03-01T13:30:00.123"),
        ("2026/03/01 08:30:00+00", "2026-03-01T08:30"),
    ],
)
def test_a_time_without_an_offset_is_local_and_with_one_is_not(value, utc):
    assert good(kinds.moment("Asia/Shanghai"), value) == [pd.Timestamp(utc, tz="UTC")]


def test_a_time_that_summer_skipped_or_had_twice_is_still_a_time():
    assert good(kinds.moment("Europe/Paris"), "2026-03-29 02:30", "2026-10-25 02:30") == [
        pd.Timestamp("2026-03-29T01:00Z"), pd.Timestamp("2026-10-25T00:30Z"),
    ]  # fmt: skip


def test_words_of_the_vocabulary():
    parse = kinds.one_of(DivisionLevel, {"区": "county"})
    assert good(parse, "county", "County", "区县", "区", "街道", "街道（乡镇）", " village ") == [
        "county", "county", "county", "county", "township", "township", "village",
    ]  # fmt: skip
    assert bad(parse, "planet") == (
        "is none of province 省、prefecture 市、county 区县、township 街道（乡镇）、village 社区（村）"
    )


def test_yes_and_no():
    assert good(kinds.flag, "是", "否", "YES", "n", "1", "0", "流动", "户籍") == [
        True, False, True, False, True, False, True, False,
    ]  # fmt: skip
    assert bad(kinds.flag, "maybe", "2") == "yes or no (是/否) is expected"


def test_resident_ids():
    parse = kinds.resident_id(date(2026, 11, 22))
    assert good(parse, "11010519491231002x", "1101 0519491231002X", "440524188001010014") == [
        "11010519491231002X", "11010519491231002X", "440524188001010014",
    ]  # fmt: skip
    assert bad(parse, "110105194912310020") == "the check character does not fit the 17 digits"


def test_phones():
    assert good(kinds.phone, "027-8888 6666", "+86 138（0013）8000", "10086") == [
        "02788886666", "+8613800138000", "10086",
    ]  # fmt: skip
    assert (
        bad(kinds.phone, "1008", "1" * 16, "ask", "138+0013")
        == "a phone number of 5 to 15 digits is expected"
    )


# Codes that repeat, codes that content gives


def test_a_repeated_code_names_the_row_it_stands_in_first():
    values = pd.Series(["A", "B", "A", None, None, "A"], index=[2, 3, 4, 5, 6, 7])
    assert told(rows.repeated(values, "code")) == [
        (4, "code", "A", "stands already in row 2"),
        (7, "code", "A", "stands already in row 2"),
    ]
    assert told(rows.repeated(pd.Series([], dtype="str"), "code")) == []
    assert told(rows.repeated(pd.Series([None, None], dtype="str"), "code")) == []


def coded(table, source="a.csv"):
    return rows.content_codes(table, prefix="f-", source=source).tolist()


def test_content_codes_are_the_same_next_time_and_of_any_order():
    table = pd.DataFrame({"name": ["亭", "椅", "灯"], "lon": [1, 2, 3]})
    assert coded(table) == ["f-de9c06db2098145a", "f-59cef30b4d36dfc2", "f-6bdec611d2d08920"]
    assert coded(table.iloc[::-1]) == coded(table)[::-1]
    assert coded(table.set_axis([9, 8, 7])) == coded(table)


def test_content_codes_differ_by_content_and_by_source():
    one, other = pd.DataFrame({"name": ["亭"]}), pd.DataFrame({"name": ["椅"]})
    assert len({*coded(one), *coded(other), *coded(one, "b.csv"), *coded(other, "b.csv")}) == 4


def test_equal_rows_of_a_file_are_two_things_told_apart_by_their_count():
    first, second, third = coded(pd.DataFrame({"name": ["亭", "亭", "亭"]}))
    assert (second, third) == (f"{first}-1", f"{first}-2")


@settings(deadline=None)
@given(st.lists(st.text(max_size=3), min_size=1, max_size=30))
def test_content_codes_never_repeat_within_a_file(names):
    codes = coded(pd.DataFrame({"name": pd.Series(names, dtype="str")}))
    assert len(set(codes)) == len(names)
    assert coded(pd.DataFrame({"name": pd.Series(names, dtype="str")})) == codes


def test_degrees_are_compared_to_the_centimetre():
    lon, lat = pd.Series([114.12345678, 114.12345682, np.nan]), pd.Series([30.0, 30.0, 30.0])
    assert rows.rounded_degrees(lon, lat).to_numpy().tolist() == [
        [1141234568, 300000000], [1141234568, 300000000], [-1, 300000000],
    ]  # fmt: skip


# Refused rows, to be mended


def test_refused_rows_come_whole_with_all_that_was_wrong_before_them():
    sheet = frame(编码=["A", "", "C"], 层数=["1", "x", "y"])
    faults = pd.DataFrame(
        [(4, "floors", "y", "bad"), (3, "code", "", "is missing"), (3, "floors", "x", "bad")],
        columns=["row", "field", "value", "reason"],
    )
    table = rows.refused(sheet, None, faults, source="甲.csv")
    assert table.columns.tolist() == [*rows.ERRORS_COLUMNS, "编码", "层数"]
    assert table.to_numpy().tolist() == [
        [3, "code; floors", "; x", "is missing; bad", "甲.csv", "", "x"],
        [4, "floors", "y", "bad", "甲.csv", "C", "y"],
    ]


def test_refused_rows_of_a_map_file_take_their_geometry_along():
    spots = np.array([shapely.Point(1.123456789012345, 2), None], dtype=object)
    faults = pd.DataFrame(
        [(2, "code", "", "is missing")], columns=["row", "field", "value", "reason"]
    )
    table = rows.refused(frame(编码=["", "B"]), spots, faults, source="甲.csv")
    assert shapely.from_wkt(table["wkt"]).tolist() == [spots[0]]


def test_an_errors_file_brought_again_does_not_grow_old_complaints():
    faults = pd.DataFrame(
        [(2, "code", "", "is missing")], columns=["row", "field", "value", "reason"]
    )
    once = rows.refused(frame(编码=[""]), None, faults, source="甲.csv").astype("str")
    again = rows.refused(once.set_axis([2]), None, faults, source="甲.csv")
    assert again.columns.tolist() == [*rows.ERRORS_COLUMNS, "编码"]
