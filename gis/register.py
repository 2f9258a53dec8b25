"""台账: what a row of buildings or residents may bring."""

from __future__ import annotations

from datetime import date

import pandas as pd

from gis import kinds, rows
from gis.rows import Field
from gis.terms import Labelled


class Sex(Labelled):
    """As the resident id tells it."""

    MALE = "male", "男"
    FEMALE = "female", "女"


_SEXES = {"m": "male", "f": "female", "男性": "male", "女性": "female", "1": "male", "2": "female"}

BUILDINGS = (
    Field(
        "code",
        (
            "楼栋编码",
            "楼栋编号",
            "建筑编码",
            "编码",
            "编号",
            "building_code",
            "osm_way_id",
            "osm_id",
        ),
        kinds.code,
    ),
    Field("name", ("楼栋名称", "楼栋", "楼栋号", "名称", "小区名称"), kinds.text()),
    Field("address", ("地址", "门牌地址", "楼栋地址", "详细地址"), kinds.text()),
    Field("floors", ("层数", "楼层数", "地上层数", "building:levels"), kinds.whole(0, 300, "层")),
)


def residents(today: date) -> tuple[Field, ...]:
    """Fields of 居民; `today` bounds dates of birth."""
    return (
        Field("name", ("姓名", "居民姓名", "人员姓名"), kinds.text(100), required=True),
        Field(
            "id_number",
            (
                "身份证号",
                "身份证号码",
                "公民身份号码",
                "证件号码",
                "证件号",
                "身份证",
                "resident_id",
                "id_card",
            ),
            kinds.resident_id(today),
        ),
        Field("sex", ("性别", "gender"), kinds.one_of(Sex, _SEXES)),
        Field("birth_date", ("出生日期", "出生年月日", "生日", "birthday"), kinds.day),
        Field(
            "phone", ("联系电话", "手机号", "手机号码", "电话", "联系方式", "mobile"), kinds.phone
        ),
        Field("relation", ("与户主关系", "家庭关系", "关系"), kinds.text(50)),
        Field("floating", ("流动人口", "是否流动人口", "人口类型"), kinds.flag),
        Field("building_code", ("楼栋编码", "楼栋编号", "建筑编码", "bldg_code"), kinds.code),
        Field(
            "address",
            ("地址", "现住址", "居住地址", "家庭住址", "详细地址", "楼栋地址"),
            kinds.text(),
        ),
        Field(
            "dwelling", ("房号", "房屋编号", "室号", "门牌号", "单元房号", "户室"), kinds.text(50)
        ),
        Field("household", ("户号", "户编号", "家庭编号"), kinds.text(50)),
    )


_COLUMNS = (
    "id_number", "sex", "birth_date", "phone", "relation", "floating", "building_code", "address",
    "dwelling", "household",
)  # fmt: skip


def complete(frame: pd.DataFrame) -> pd.DataFrame:
    """Add the columns a sheet of residents leaves out; sex and birth come from the id.

    The single dwelling of a building and the single household of a dwelling are number 1.
    """
    frame = frame.copy()
    for name in _COLUMNS:
        if name not in frame:
            frame[name] = pd.Series(None, index=frame.index, dtype="object")
    ids = frame["id_number"].astype("str")
    is_male = pd.to_numeric(ids.str[16], errors="coerce") % 2 == 1
    told_sex = is_male.map({True: "male", False: "female"}).where(ids.notna())
    frame["sex"] = frame["sex"].fillna(told_sex)
    born = pd.to_datetime(ids.str[6:14], format="%Y%m%d", errors="coerce").dt.date
    frame["birth_date"] = frame["birth_date"].fillna(born.where(ids.notna()))
    frame["dwelling"] = frame["dwelling"].fillna("1")
    frame["household"] = frame["household"].fillna("1")
    return frame


def checks(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """Faults that need several fields: no home, a person twice."""
    homeless = frame.index[frame["building_code"].isna() & frame["address"].isna()]
    no_home = pd.DataFrame(
        {
            "row": homeless,
            "field": "address",
            "value": "",
            "reason": "an address or a building code is needed: a resident belongs to a dwelling",
        }
    )
    keys = ["birth_date", "building_code", "address", "dwelling", "household"]
    told = frame[["name", *keys]].astype("str").fillna("")
    person = told["name"].str.cat(told[keys], sep="|")
    twice = rows.repeated(person.where(frame["id_number"].isna()), "name")
    twice["value"] = frame.loc[twice["row"], "name"].to_numpy()
    return [no_home, rows.repeated(frame["id_number"], "id_number"), twice]
