"""Sheets of buildings and residents: what the id tells, who has no home, who stands there twice."""

from datetime import date

import pandas as pd
import pytest

from gis import register, rows
from gis.errors import BadInput

TODAY = date(2026, 11, 22)
WOMAN, MAN = "11010519491231002X", "440524188001010014"
BLANK = dict.fromkeys(
    [
        "id_number", "sex", "birth_date", "phone", "relation", "residence", "floating",
        "floating_since", "floating_until", "building_code", "address",
    ]
)  # fmt: skip
ALONE = {"dwelling": "1", "household": "1", "dwelling_told": False, "household_told": False}


def people(*rows_of):
    table = pd.DataFrame(list(rows_of)).astype(object)
    table.index = range(2, 2 + len(table))
    return table.where(table.notna(), None)


def records(table):
    return table.astype(object).where(table.notna(), None).to_dict("records")


def told(faults):
    return [tuple(row) for row in faults[["row", "field", "value", "reason"]].to_numpy()]


def checked(*rows_of):
    return [told(faults) for faults in register.checks(register.complete(people(*rows_of)))[:2]]


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
         **ALONE},
        {"name": "乙", **BLANK, "id_number": MAN, "sex": "male", "birth_date": date(1880, 1, 1),
         **ALONE},
        {"name": "丙", **BLANK, **ALONE},
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
    assert [told(faults) for faults in register.checks(empty)[:2]] == [[], []]
    assert [list(twice) for twice in register.repeats(empty)] == [[], []]


def test_a_resident_needs_a_home():
    no_home, _ = checked(
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


def twice(*rows_of):
    equal, differing = register.repeats(register.complete(people(*rows_of)))
    return equal.to_dict(), differing.to_dict()


def test_an_id_twice_is_known_and_blank_ids_are_not():
    home = {"address": "桥头路1号"}
    assert twice(
        {"name": "甲", "id_number": WOMAN, **home},
        {"name": "乙", **home},
        {"name": "丙", **home},
        {"name": "丁", "id_number": WOMAN, **home},
        {"name": "甲", "id_number": WOMAN, **home},
    ) == ({6: 2}, {5: 2})


def test_without_an_id_a_person_is_known_by_name_birth_and_home():
    born = date(1980, 5, 6)
    one = {"name": "甲", "birth_date": born, "address": "桥头路1号", "dwelling": "302"}
    assert twice(
        one,
        one,
        {**one, "dwelling": "303"},
        {**one, "birth_date": date(1980, 5, 7)},
        {**one, "name": "乙"},
        {**one, "household": "2"},
        {**one, "id_number": WOMAN},
        {**one, "name": " 甲", "phone": "027-1"},
    ) == ({3: 2}, {9: 2})


def test_floating_ends_after_it_began():
    home = {"address": "桥头路1号", "floating_since": date(2026, 3, 1)}
    _, ended = checked(
        {"name": "甲", **home, "floating_until": date(2026, 2, 1)},
        {"name": "乙", **home, "floating_until": date(2026, 3, 1)},
        {"name": "丙", **home},
    )
    assert ended == [(2, "floating_until", "2026-02-01", "lies before floating_since 2026-03-01")]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("人户一致", "matches"),
        ("人户分离", "separated"),
        ("是", "matches"),
        ("人在户不在", "separated"),
    ],
)
def test_residence_in_the_words_of_towns(said, kept):
    assert register.check_person({"residence": said}, today=TODAY) == {"residence": kept}


def test_what_is_typed_is_checked_as_a_sheet_is():
    typed = {
        "phone": "027-8888 1234",
        "birth_date": "1949.12.31",
        "relation": " ",
        "floating": "否",
    }
    assert register.check_person(typed, today=TODAY) == {
        "phone": "02788881234", "birth_date": date(1949, 12, 31), "relation": None,
        "floating": False,
    }  # fmt: skip
    with pytest.raises(BadInput) as refused:
        register.check_person({"name": " ", "id_number": "1"}, today=TODAY)
    assert [one["field"] for one in refused.value.facts["faults"]] == ["name", "id_number"]
    with pytest.raises(BadInput, match="'area_no' is no field"):
        register.check_person({"area_no": "1"}, today=TODAY)


@pytest.mark.parametrize(
    ("field", "value", "seen"),
    [
        ("name", "欧阳小明", "欧***"), ("id_number", WOMAN, "1101************2X"),
        ("id_number", "123456", "****"), ("phone", "13812341234", "138****1234"),
        ("birth_date", date(1949, 12, 31), "1949-**-**"), ("birth_date", "31.12.", "****"),
        ("sex", "male", "male"), ("floating", True, "true"), ("phone", None, None),
    ],
)  # fmt: skip
def test_what_is_shown_of_a_value(field, value, seen):
    assert register.shown(field, value) == seen


@pytest.mark.parametrize(
    ("question", "understood"),
    [
        (" 11010519491231002x", {"id_number": WOMAN}),
        ("138 1234-1234", {"phone": "13812341234", "name": "138 1234-1234", "place": "138", "dwelling": "1234-1234"}),
        ("张", {"mask": "张", "place": "张"}),
        ("张**", {"mask": "张**"}),
        ("张三", {"name": "张三", "place": "张三"}),
        ("桥头路1号 302", {"name": "桥头路1号 302", "place": "桥头路1号", "dwelling": "302"}),
        ("302", {"name": "302", "place": "302", "dwelling": "302"}),
    ],
)  # fmt: skip
def test_what_a_search_asks_for(question, understood):
    assert register.asked(question) == register.Asked(**understood)


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
        "birth_date": date(1949, 12, 31), "address": "桥头路1号", **ALONE,
    }  # fmt: skip


def test_what_a_sheet_says_against_the_id_is_told():
    home = {"address": "东街1号"}
    frame = register.complete(
        people(
            {"name": "甲", "id_number": WOMAN, "sex": "male", **home},
            {"name": "乙", "id_number": MAN, "birth_date": date(1999, 1, 1), **home},
            {"name": "丙", "id_number": WOMAN, "sex": "female", **home},
        )
    )
    sex, birth = (told(faults) for faults in register.checks(frame)[2:])
    assert sex == [(2, "sex", "male", "the resident id says female")]
    assert birth == [(3, "birth_date", "1999-01-01", "the resident id says 1880-01-01")]
