"""Facilities: what kind of place a row is, from what it does say."""

import pandas as pd
import pytest

from gis import facilities, kinds, rows
from gis.errors import BadInput
from gis.places import Reference
from gis.prepare import prepare as prepared_of
from gis.terms import Datum, FacilityCategory


def complete(**columns):
    cleaned = rows.clean(pd.DataFrame(columns, dtype="str"), facilities.FIELDS)
    assert len(cleaned.faults) == 0
    table = facilities.complete(cleaned.frame)
    return table.astype(object).where(table.notna(), None).to_dict("records")


def test_headers_as_towns_write_them():
    headers = ["部件编码", "部件名称", "设施类型", "小类代码", "位置", "联系电话", "启用日期"]
    assert rows.recognise(headers, facilities.FIELDS, {}) == dict(
        zip(
            headers,
            ["code", "name", "category", "class_code", "address", "phone", "valid_from"],
            strict=True,
        )
    )


def test_a_row_that_says_nothing_is_a_service_without_a_name():
    assert complete(编号=["1"]) == [
        {"code": "1", "name": "未命名", "kind": "service", "category": "other", "class_code": None}
    ]


def test_services_only():
    assert complete(名称=["诊所", "学校"], 类别=["医疗", "education"]) == [
        {"name": "诊所", "category": "medical", "kind": "service", "class_code": None},
        {"name": "学校", "category": "education", "kind": "service", "class_code": None},
    ]


def test_a_class_code_or_the_category_makes_it_a_component_and_what_is_said_stays():
    assert complete(
        名称=["", "灯", "", "井"],
        类别=["", "城市部件", "", "医疗"],
        小类代码=["0101", "", "", "0102"],
        设施性质=["", "", "服务", "部件"],
    ) == [
        {"name": "0101", "kind": "component", "category": "component", "class_code": "0101"},
        {"name": "灯", "kind": "component", "category": "component", "class_code": None},
        {"name": "未命名", "kind": "service", "category": "other", "class_code": None},
        {"name": "井", "kind": "component", "category": "medical", "class_code": "0102"},
    ]


def test_map_tags_tell_category_and_name():
    assert complete(osm=["amenity=clinic", "shop=bakery", ""], 名称=["", "饼屋", ""]) == [
        {"name": "clinic", "kind": "service", "category": "medical", "class_code": None},
        {"name": "饼屋", "kind": "service", "category": "commerce", "class_code": None},
        {"name": "未命名", "kind": "service", "category": "other", "class_code": None},
    ]


@pytest.mark.parametrize(
    ("tag", "category"),
    [
        ("amenity=hospital", FacilityCategory.MEDICAL),
        ("amenity=school", FacilityCategory.EDUCATION),
        ("amenity=nursing_home", FacilityCategory.ELDER_CARE),
        ("leisure=park", FacilityCategory.CULTURE_SPORT),
        ("shop=whatever", FacilityCategory.COMMERCE),
        ("amenity=bank", FacilityCategory.COMMERCE),
        ("amenity=parking", FacilityCategory.TRANSPORT),
        ("amenity=toilets", FacilityCategory.SANITATION),
        ("emergency=fire_hydrant", FacilityCategory.SAFETY),
        ("emergency=siren", FacilityCategory.SAFETY),
        ("amenity=townhall", FacilityCategory.COMMUNITY),
        ("natural=tree", FacilityCategory.OTHER),
        ("", FacilityCategory.OTHER),
    ],
)
def test_tags(tag, category):
    assert facilities.category_of_tag(tag) == category


def test_a_sheet_of_which_nothing_is_left_is_no_trouble():
    assert complete(名称=[]) == []


def prepare(table, **said):
    frame = pd.DataFrame(table, dtype="str")
    frame.index = pd.RangeIndex(2, len(frame) + 2)
    said = {"reference": Reference(), "mapping": {}, "constants": {}, **said}
    return prepared_of(frame, None, None, fields=facilities.FIELDS, **said)


def test_a_sheet_of_which_no_column_is_known_is_refused_naming_both_sides():
    with pytest.raises(BadInput, match=r"The file has: 甲, 乙\. Known are code .*设施编码.*--map"):
        prepare({"甲": ["1"], "乙": ["2"]})
    assert len(prepare({"甲": ["1"]}, mapping={"甲": "code"}).frame) == 1


@pytest.mark.parametrize(
    "words", ["合计", "合 计", "总计：3", "小计(处)", "制表人：王", "填表日期:", "审核", "备注：无"]
)
def test_totals_and_signatures_are_no_records(words):
    prepared = prepare({"编号": ["1", None], "名称": ["亭", words], "类型": ["其他", "12"]})
    assert list(prepared.frame.index) == [2]
    assert prepared.faults[["row", "reason"]].to_numpy().tolist() == [
        [3, "is a total or a signature, not a record"]
    ]


@pytest.mark.parametrize("name", ["合计里", "审核大厅", "填表处", "备注"])
def test_names_that_begin_like_a_total_are_names(name):
    assert len(prepare({"名称": [name]}).frame) == 1


def test_categories_in_the_words_of_towns():
    words = {
        "养老": "elder_care",
        "部件": "component",
        "卫生室": "medical",
        "健身": "culture_sport",
    }
    assert prepare({"类型": list(words)}).frame["category"].tolist() == list(words.values())


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2024年5月1日 8时30分", "2024-05-01T00:30"), ("2024年5月1日8时", "2024-05-01T00:00"),
        ("2024年5月1日 8:30", "2024-05-01T00:30"), ("2024/5/1 8:30:05", "2024-05-01T00:30:05"),
        ("45413", "2024-04-30T16:00"), ("45413.5", "2024-05-01T04:00"),
        ("2024年5月1日 25时", None), ("19999", None), ("80001", None), ("2024年5月1日 8时3", "2024-05-01T00:03"),
    ],
)  # fmt: skip
def test_times_as_clerks_and_excel_write_them(text, utc):
    times, reasons = kinds.moment("Asia/Shanghai")(pd.Series([text]))
    assert (reasons[0] == "") is (utc is not None)
    assert utc is None or times[0] == pd.Timestamp(utc, tz="UTC")


def test_days_floors_and_flags_as_clerks_write_them():
    assert (
        kinds.day(pd.Series(["45413", "2024年5月1日"]))[0].astype("str").tolist()
        == ["2024-05-01"] * 2
    )
    assert kinds.whole(0, 300, "层")(pd.Series(["18层", "7"]))[0].tolist() == [18, 7]
    words = pd.Series(["流动人口", "常住人口", "户籍人口"])
    assert kinds.flag(words)[0].tolist() == [True, False, False]


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_coordinates_as_our_own_exports_name_them(datum):
    frame = {"code": ["1"], f"lon_{datum}": ["114.3"], f"lat_{datum}": ["30.5"]}
    shape = {"code": ["1"], f"wkt_{datum}": ["POINT (114.3 30.5)"]}
    for table in (frame, shape):
        prepared = prepare(table, reference=Reference(datum=Datum(datum)))
        assert prepared.has_places
        assert 0 < abs(prepared.shapes[0].x - 114.3) < 0.02
        with pytest.raises(BadInput, match="--datum"):
            prepare(table)
