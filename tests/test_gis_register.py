"""Sheets of buildings and residents: what the id tells, who has no home, who stands there twice."""

from datetime import date

import pandas as pd
import pytest

from gis import register, rows

TODAY = date(2026, 11, 22)
WOMAN, MAN = "11010519491231002X", "440524188001010014"
BLANK = dict.fromkeys(
    ["id_number", "sex", "birth_date", "phone", "relation", "floating", "building_code", "address"]
)


def people(*rows_of):
    table = pd.DataFrame(list(rows_of)).astype(object)
    table.index = range(2, 2 + len(table))
    return table.where(table.notna(), None)


def records(table):
    return table.astype(object).where(table.notna(), None).to_dict("records")


def told(faults):
    return [tuple(row) for row in faults[["row", "field", "value", "reason"]].to_numpy()]


def checked(*rows_of):
    return [told(faults) for faults in register.checks(register.complete(people(*rows_of)))]


def test_headers_of_a_sheet_of_residents_as_clerks_write_them():
    headers = [
        "序号",
        "姓名*",
        "身份证号码",
        "性别",
        "联系电话",
        "与户主关系",
        "是否流动人口",
        "现住址",
        "房号",
        "户号",
    ]
    assert rows.recognise(headers, register.residents(TODAY), {}) == {
        "姓名*": "name", "身份证号码": "id_number", "性别": "sex", "联系电话": "phone",
        "与户主关系": "relation", "是否流动人口": "floating", "现住址": "address", "房号": "dwelling",
        "户号": "household",
    }  # fmt: skip


def test_headers_of_a_sheet_of_buildings():
    assert rows.recognise(["楼栋编号", "小区名称", "门牌地址", "楼层数（层）"], register.BUILDINGS, {}) == {
        "楼栋编号": "code", "小区名称": "name", "门牌地址": "address", "楼层数（层）": "floors",
    }  # fmt: skip


def test_sex_and_birth_come_from_the_id_and_the_single_home_is_number_one():
    given = people(
        {"name": "甲", "id_number": WOMAN}, {"name": "乙", "id_number": MAN}, {"name": "丙"}
    )
    assert records(register.complete(given)) == [
        {"name": "甲", **BLANK, "id_number": WOMAN, "sex": "female", "birth_date": date(1949, 12, 31),
         "dwelling": "1", "household": "1"},
        {"name": "乙", **BLANK, "id_number": MAN, "sex": "male", "birth_date": date(1880, 1, 1),
         "dwelling": "1", "household": "1"},
        {"name": "丙", **BLANK, "dwelling": "1", "household": "1"},
    ]  # fmt: skip


def test_what_the_sheet_says_itself_stays():
    given = people(
        {
            "name": "甲",
            "id_number": WOMAN,
            "sex": "male",
            "birth_date": date(1950, 1, 1),
            "dwelling": "302",
            "household": "2",
        }
    )
    (one,) = records(register.complete(given))
    assert (one["sex"], one["birth_date"], one["dwelling"], one["household"]) == (
        "male", date(1950, 1, 1), "302", "2",
    )  # fmt: skip


@pytest.mark.parametrize(
    "columns", [["name"], ["name", "id_number", "birth_date", "building_code"]]
)
def test_a_sheet_of_which_nobody_is_left_is_no_trouble(columns):
    empty = register.complete(
        pd.DataFrame({column: pd.Series([], dtype="str") for column in columns})
    )
    assert [told(faults) for faults in register.checks(empty)] == [[], [], []]


def test_a_resident_needs_a_home():
    no_home, _, _ = checked(
        {"name": "甲", "address": "桥头路1号"},
        {"name": "乙", "building_code": "b1"},
        {"name": "丙"},
    )
    assert no_home == [
        (
            4,
            "address",
            "",
            "an address or a building code is needed: a resident belongs to a dwelling",
        )
    ]


def test_an_id_twice_is_told_and_blank_ids_are_not():
    home = {"address": "桥头路1号"}
    _, by_id, _ = checked(
        {"name": "甲", "id_number": WOMAN, **home},
        {"name": "乙", **home},
        {"name": "丙", **home},
        {"name": "丁", "id_number": WOMAN, **home},
    )
    assert by_id == [(5, "id_number", WOMAN, "stands already in row 2")]


def test_without_an_id_a_person_is_known_by_name_birth_and_home():
    born = date(1980, 5, 6)
    one = {"name": "甲", "birth_date": born, "address": "桥头路1号", "dwelling": "302"}
    _, _, twice = checked(
        one,
        one,
        {**one, "dwelling": "303"},
        {**one, "birth_date": date(1980, 5, 7)},
        {**one, "name": "乙"},
        {**one, "household": "2"},
        {**one, "id_number": WOMAN},
    )
    assert twice == [(3, "name", "甲", "stands already in row 2")]


def test_cleaning_then_completing_a_sheet_goes_through():
    sheet = pd.DataFrame(
        {"姓名": ["甲", ""], "身份证": [WOMAN.lower(), "1"], "性别": ["女", ""], "地址": ["桥头路1号", "x"], "电话": ["027-8888", ""]},
        dtype="str", index=[2, 3],
    )  # fmt: skip
    cleaned = rows.clean(sheet, register.residents(TODAY))
    assert told(cleaned.faults) == [
        (3, "name", "", "is missing"),
        (3, "id_number", "1", "a resident id has 17 digits and a check character"),
    ]
    (one,) = records(register.complete(cleaned.frame))
    assert one == {
        "name": "甲", **BLANK, "id_number": WOMAN, "sex": "female", "phone": "0278888",
        "birth_date": date(1949, 12, 31), "address": "桥头路1号", "dwelling": "1", "household": "1",
    }  # fmt: skip
