"""设施: what a row of facilities may bring, and what kind of place it is."""

from __future__ import annotations

import pandas as pd

from gis import codes, kinds
from gis.rows import Field
from gis.terms import ClassKind, FacilityCategory

_KINDS = {"城市部件": "component", "公共服务": "service", "便民服务": "service"}
_CATEGORIES = {
    "养老": "elder_care", "消防": "safety", "公用设施": "component", "部件": "component",
    "公厕": "sanitation", "学校": "education", "医院": "medical", "卫生室": "medical",
    "超市": "commerce", "停车场": "transport", "公园": "culture_sport", "健身": "culture_sport",
    "居委会": "community", "社区": "community",
}  # fmt: skip
"""Words of towns for what a facility is, besides the labels."""

FIELDS = (
    Field(
        "code",
        ("设施编码", "部件编码", "标识码", "编码", "编号", "id", "facility_code", "objectid"),
        kinds.code,
    ),
    Field("name", ("设施名称", "部件名称", "名称"), kinds.text()),
    Field("kind", ("设施性质",), kinds.one_of(ClassKind, _KINDS)),
    Field(
        "category",
        ("设施类型", "类别", "类型", "设施类别"),
        kinds.one_of(FacilityCategory, _CATEGORIES),
    ),
    Field("class_code", ("部件代码", "小类代码", "分类代码", "部件小类"), kinds.code),
    Field("address", ("地址", "位置", "详细地址"), kinds.text()),
    Field("phone", ("联系电话", "电话"), kinds.text(60)),
    Field("hours", ("开放时间", "营业时间", "opening_hours"), kinds.text(200)),
    Field("valid_from", ("启用日期", "建成日期"), kinds.day),
    Field("valid_to", ("停用日期", "拆除日期"), kinds.day),
    Field("osm", (), kinds.text()),
)

_OF_TAG = {
    FacilityCategory.MEDICAL: "hospital clinic doctors dentist pharmacy",
    FacilityCategory.EDUCATION: "school kindergarten college university library childcare",
    FacilityCategory.ELDER_CARE: "social_facility nursing_home",
    FacilityCategory.CULTURE_SPORT: (
        "theatre cinema arts_centre community_centre place_of_worship park playground pitch "
        "sports_centre stadium fitness_centre swimming_pool garden"
    ),
    FacilityCategory.TRANSPORT: "parking bus_station taxi fuel bicycle_parking charging_station",
    FacilityCategory.SANITATION: "toilets recycling waste_basket waste_disposal",
    FacilityCategory.SAFETY: "fire_station fire_hydrant defibrillator shelter",
    FacilityCategory.COMMUNITY: "townhall post_office public_building courthouse government police",
}
_BY_TAG = {value: category for category, text in _OF_TAG.items() for value in text.split()}
_BY_KEY = {
    "shop": FacilityCategory.COMMERCE,
    "healthcare": FacilityCategory.MEDICAL,
    "emergency": FacilityCategory.SAFETY,
}
_COMMERCE = "restaurant cafe bar pub fast_food bank atm marketplace ice_cream car_rental"
_BY_TAG |= dict.fromkeys(_COMMERCE.split(), FacilityCategory.COMMERCE)


def category_of_tag(tag: str) -> FacilityCategory:
    """Read an OpenStreetMap tag, `key=value`, as a category."""
    key, _, value = tag.partition("=")
    return _BY_TAG.get(value) or _BY_KEY.get(key, FacilityCategory.OTHER)


def complete(frame: pd.DataFrame) -> pd.DataFrame:
    """Fill kind, category and name from what the row does say."""
    frame = frame.copy()
    for name in ("name", "kind", "category", "class_code"):
        if name not in frame:
            frame[name] = pd.Series(None, index=frame.index, dtype="str")
    if "osm" in frame:
        tags = frame.pop("osm")
        frame["category"] = frame["category"].fillna(tags.map(category_of_tag, na_action="ignore"))
        frame["name"] = frame["name"].fillna(tags.str.partition("=")[2])
    if "code" in frame:
        of_id = codes.component_classes(frame["code"])
        frame["class_code"] = frame["class_code"].fillna(of_id)
    is_component = frame["category"].eq("component") | frame["class_code"].notna()
    frame["kind"] = frame["kind"].fillna(is_component.map({True: "component", False: "service"}))
    by_kind = frame["kind"].map({"component": "component"}).fillna("other")
    frame["category"] = frame["category"].fillna(by_kind).astype("str")
    frame["name"] = frame["name"].fillna(frame["class_code"]).fillna("未命名")
    return frame
