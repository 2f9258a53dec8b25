"""关爱对象 from sheets: what a row may bring, in the words clerks use."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import pandas as pd

from gis import kinds
from gis.rows import Field
from gis.terms_community import CareCategory, CareLevel

_CATEGORIES = {
    "低保户": "low_income", "最低生活保障": "low_income", "特困": "destitute",
    "特困人员": "destitute", "五保": "destitute", "五保户": "destitute",
    "低收入家庭": "near_poor", "低保边缘": "near_poor", "空巢": "empty_nest",
    "独居": "living_alone", "高龄": "advanced_age", "失能": "disabled_elder",
    "失智": "disabled_elder", "失能老人": "disabled_elder", "失独": "one_child_lost",
    "失独家庭": "one_child_lost", "残疾": "disabled", "困境儿童": "child_in_need",
    "重病": "ill", "慢病": "ill", "大病": "ill", "孕妇": "maternity", "退伍军人": "veteran",
    "失业": "jobless", "失业人员": "jobless",
}  # fmt: skip
_LEVELS = {
    "高": "high", "每周": "high", "红": "high", "中": "key", "每月": "key", "重点关爱": "key",
    "黄": "key", "低": "general", "普通": "general", "每季": "general", "每季度": "general",
    "绿": "general",
}  # fmt: skip
_GRADES = {f"{numeral}级": str(n) for n, numeral in enumerate("一二三四", 1)}
_GRADE = kinds.whole(1, 4, unit="级")


def _grade(values: pd.Series) -> tuple[pd.Series, pd.Series]:
    """A grade of disability: 1 to 4, 2级, 二级."""
    return _GRADE(values.replace(_GRADES))


def fields(today: date) -> tuple[Field, ...]:
    """The fields of a sheet of care recipients, as of a day."""
    return (
        Field("id_number", ("身份证号", "公民身份号码", "证件号码", "身份证"),
              kinds.resident_id(today)),
        Field("name", ("姓名", "对象姓名"), kinds.text(100)),
        Field("building_code", ("楼栋编码", "楼栋编号"), kinds.code),
        Field("address", ("地址", "住址", "家庭住址", "居住地址"), kinds.text()),
        Field("dwelling", ("房号", "室号", "门牌号"), kinds.text(64)),
        Field("category", ("关爱类别", "对象类别", "人员类别", "类别"),
              kinds.one_of(CareCategory, _CATEGORIES), required=True),
        Field("level", ("关爱等级", "走访等级", "风险等级", "等级"),
              kinds.one_of(CareLevel, _LEVELS)),
        Field("grade", ("残疾等级", "残疾级别"), _grade),
        Field("since", ("认定日期", "开始日期", "纳入日期", "起始日期"), kinds.day),
        Field("until", ("终止日期", "退出日期", "结束日期", "有效期止"), kinds.day),
    )  # fmt: skip


def complete(frame: pd.DataFrame) -> pd.DataFrame:
    """The same rows with every field, blank where the file has none."""
    names = [one.name for one in fields(date.max)]
    return frame.reindex(columns=names)


def checks(frame: pd.DataFrame) -> Iterable[pd.DataFrame]:
    """Faults between the fields of a completed row: nobody named, a grade of no disability."""
    at_home = frame["name"].notna() & (frame["address"].notna() | frame["building_code"].notna())
    yield _told(
        frame, frame["id_number"].isna() & ~at_home, "id_number",
        "tells nobody: a resident id, or a name with an address or a building code, is needed",
    )  # fmt: skip
    other = frame["grade"].notna() & (frame["category"] != str(CareCategory.DISABLED))
    yield _told(frame, other, "grade", "only 残疾人 disabled have a grade")
    both = frame[["since", "until"]].dropna()
    early = (both["until"] < both["since"]).reindex(frame.index, fill_value=False)
    yield _told(frame, early, "until", "ends before it begins")


def _told(frame: pd.DataFrame, wrong: pd.Series, field: str, reason: str) -> pd.DataFrame:
    at = frame.index[wrong]
    values = frame.loc[at, field].astype("str").fillna("").to_numpy()
    return pd.DataFrame({"row": at, "field": field, "value": values, "reason": reason})
