"""Facilities: what kind of place a row is, from what it does say."""

import pandas as pd
import pytest

from gis import facilities, rows
from gis.terms import FacilityCategory


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
