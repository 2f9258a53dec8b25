"""台账: what a row of buildings or residents may bring, what is shown of it, what is asked for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa

from gis import codes, kinds, privacy, rows
from gis.errors import BadInput
from gis.reports import tidied
from gis.rows import Field
from gis.terms import Labelled


class Sex(Labelled):
    """As the resident id tells it."""

    MALE = "male", "男"
    FEMALE = "female", "女"


class Residence(Labelled):
    """Whether somebody lives where he is registered (户口所在地)."""

    MATCHES = "matches", "人户一致"
    SEPARATED = "separated", "人户分离"


_RESIDENCES = {
    "一致": "matches", "是": "matches", "人在户在": "matches",
    "分离": "separated", "否": "separated", "不一致": "separated", "人户不一致": "separated",
    "人在户不在": "separated", "户在人不在": "separated",
}  # fmt: skip
"""是 and 否 answer the header 人户一致; under a header 人户分离 they would say the contrary."""
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
        Field(
            "name", ("姓名", "居民姓名", "人员姓名", "人口姓名"), kinds.text(100), required=True,
            label="姓名",
        ),
        Field(
            "id_number",
            (
                "身份证号",
                "身份证号码",
                "公民身份号码",
                "证件号码",
                "证件号",
                "居民身份证号",
                "身份证",
                "resident_id",
                "id_card",
            ),
            kinds.resident_id(today),
            label="身份证号",
        ),
        Field("sex", ("性别", "gender"), kinds.one_of(Sex, _SEXES), label="性别"),
        Field(
            "birth_date", ("出生日期", "出生年月日", "出生年月", "生日", "birthday"), kinds.day,
            label="出生日期",
        ),
        Field(
            "phone",
            ("联系电话", "手机号", "手机号码", "手机", "电话", "电话号码", "联系方式", "mobile"),
            kinds.phone,
            label="联系电话",
        ),
        Field(
            "relation", ("与户主关系", "家庭关系", "户主关系", "关系"), kinds.text(50),
            label="与户主关系",
        ),
        Field(
            "residence", ("人户状态", "人户一致", "人户是否一致", "人户情况"),
            kinds.one_of(Residence, _RESIDENCES), label="人户状态",
        ),
        Field(
            "floating", ("流动人口", "是否流动人口", "人口类型"), kinds.flag, label="流动人口"
        ),
        Field(
            "floating_since", ("流入日期", "来本地日期", "流入时间", "来本地时间", "居住起始日期"),
            kinds.day, label="流入日期",
        ),
        Field(
            "floating_until", ("流出日期", "离开日期", "流出时间", "离开时间", "居住截止日期"),
            kinds.day, label="流出日期",
        ),
        *_HOME,
    )  # fmt: skip


_HOME = (
    Field(
        "building_code", ("楼栋编码", "楼栋编号", "建筑编码", "bldg_code"), kinds.code,
        label="楼栋编码",
    ),
    Field(
        "address",
        ("地址", "现住址", "现住地址", "居住地址", "家庭住址", "详细地址", "楼栋地址"),
        kinds.text(),
        label="地址",
    ),
    Field(
        "dwelling", ("房号", "房屋编号", "室号", "门牌号", "单元房号", "户室"), kinds.text(50),
        label="房号",
    ),
    Field("household", ("户号", "户编号", "家庭编号"), kinds.text(50), label="户号"),
)  # fmt: skip

PERSON = (
    "name", "id_number", "sex", "birth_date", "phone", "relation", "residence", "floating",
    "floating_since", "floating_until",
)  # fmt: skip
"""What is kept of a person himself, beside where he lives."""
HOME = ("building_code", "address", "dwelling", "household")
"""How a sheet says where somebody lives."""
_COLUMNS = tuple(name for name in (*PERSON, *HOME) if name != "name")


def complete(frame: pd.DataFrame) -> pd.DataFrame:
    """Add the columns a sheet of residents leaves out; sex and birth come from the id.

    The single dwelling of a building and the single household of a dwelling are number 1;
    `dwelling_told` and `household_told` say whether the sheet named them itself.
    """
    frame = frame.copy()
    for name in _COLUMNS:
        if name not in frame:
            frame[name] = pd.Series(None, index=frame.index, dtype="object")
    known = frame["id_number"].notna()
    digits = codes.id_digits(frame.loc[known, "id_number"].astype("str"))
    sex = np.full(len(frame), None, dtype=object)
    sex[known] = _SEX_OF[digits[:, 16] % 2]
    frame["sex"] = frame["sex"].astype("str").fillna(pd.Series(sex, frame.index, dtype="str"))
    for name in ("birth_date", "floating_since", "floating_until"):  # all blank, it is of floats
        frame[name] = frame[name].astype("object")
    born = np.full(len(frame), None, dtype=object)
    born[known] = codes.id_births(digits).astype(object)
    told = frame["birth_date"].to_numpy(dtype=object)
    frame["birth_date"] = pd.Series(np.where(pd.isna(told), born, told), frame.index, dtype=object)
    for name in ("dwelling", "household"):
        frame[f"{name}_told"] = frame[name].notna().astype(bool)
        frame[name] = frame[name].fillna("1")
    return frame


_SEX_OF = np.array([Sex.FEMALE.value, Sex.MALE.value], dtype=object)
"""By the seventeenth digit of an id, even or odd."""


def checks(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """Faults that need several fields: no home, floating ended before it began."""
    homeless = frame.index[frame["building_code"].isna() & frame["address"].isna()]
    no_home = pd.DataFrame(
        {
            "row": homeless,
            "field": "address",
            "value": "",
            "reason": "an address or a building code is needed: a resident belongs to a dwelling",
        }
    )
    since, until = frame["floating_since"], frame["floating_until"]
    both = since.notna() & until.notna()
    ended = frame.index[both & (since.where(both, date.min) > until.where(both, date.min))]
    reasons = [f"lies before floating_since {since[row]}" for row in ended]
    before = {"row": ended, "field": "floating_until", "value": until.loc[ended].astype("str"),
              "reason": reasons}  # fmt: skip
    return [no_home, pd.DataFrame(before), *_against_the_id(frame)]


def _against_the_id(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """Faults of a sex or a birth that is not what the resident id says."""
    known = frame.index[frame["id_number"].notna()]
    digits = codes.id_digits(frame.loc[known, "id_number"].astype("str"))
    sex = pd.Series(_SEX_OF[digits[:, 16] % 2], known)
    born = pd.Series(codes.id_births(digits), known)
    given, birth = frame.loc[known, "sex"], frame.loc[known, "birth_date"]
    days = pd.Series(pa.array(birth, pa.date32(), from_pandas=True).to_numpy(False), known)
    other_sex, other_day = given.notna() & (given != sex), days.notna() & (days != born)
    return [
        _said("sex", given[other_sex], sex[other_sex]),
        _said("birth_date", birth[other_day], born[other_day].dt.strftime("%Y-%m-%d")),
    ]


def _said(field: str, given: pd.Series, by_id: pd.Series) -> pd.DataFrame:
    reasons = [f"the resident id says {one}" for one in by_id]
    told = {"row": given.index, "field": field, "value": given.astype("str"), "reason": reasons}
    return pd.DataFrame(told)


def repeats(frame: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Who stands twice in a sheet: row → first row, of equal rows and of rows that differ.

    One person by the id, or without one by name, birth and home. A row that says nothing else
    than an earlier one of its person is equal; the others need a decision.
    """
    ids = frame["id_number"].astype("str")
    told = frame.loc[ids.isna(), ["name", "birth_date", *HOME]].astype("str").fillna("")
    told["name"] = privacy.same_name(told["name"])
    by_name = "n" + told["name"].str.cat(told[["birth_date", *HOME]], sep="|")
    person = pd.concat([ids.dropna(), by_name.astype("str")]).reindex(frame.index)
    again = person.duplicated(keep="first")
    same = person[person.isin(person[again])]
    first = pd.Series(same.index, index=same).groupby(level=0).first()
    of_row = pd.Series(person[again].map(first), index=frame.index[again], dtype="int64")
    equal = frame.loc[same.index].astype("str").duplicated(keep="first")
    is_equal = equal.reindex(of_row.index)
    return of_row[is_equal], of_row[~is_equal]


# What is shown of it

_MASKS = {"name": privacy.mask_names, "id_number": privacy.mask_ids, "phone": privacy.mask_phones}


def shown(field: str, value: object) -> str | None:
    """What a list shows of one value: name, id, phone and birth masked, the rest as it is."""
    if value is None or pd.isna(value):  # type: ignore[call-overload]
        return None
    if field == "id_number" and len(str(value)) < 15:
        return "****"
    if field in _MASKS:
        return str(_MASKS[field](pd.Series([str(value)], dtype="str")).iloc[0])
    if field == "birth_date":
        year = re.match(r"[0-9]{4}", str(value))
        return privacy.mask_birth(int(year[0])) if year else "****"
    return str(value).lower() if isinstance(value, bool) else str(value)


def check_person(changes: Mapping[str, str | None], *, today: date) -> dict[str, object]:
    """Check typed values of one person as a sheet's are; a blank clears the field.

    Raises:
        BadInput: naming every field that is wrong; `faults` are field and reason.
    """
    unknown = sorted(set(changes) - set(PERSON))
    if unknown:
        raise BadInput(
            f"{unknown[0]!r} is no field of a resident; fields are {', '.join(PERSON)}",
            choices=list(PERSON),
        )
    given = {name: tidied(text or "") for name, text in changes.items()}
    fields = tuple(one for one in residents(today) if one.name in given)
    frame = pd.DataFrame({name: [text] for name, text in given.items()}, dtype="str")
    cleaned = rows.clean(frame, fields)
    if len(cleaned.faults):
        faults = cleaned.faults[["field", "reason"]].to_dict("records")
        told = "; ".join(f"{one['field']} {one['reason']}" for one in faults)
        raise BadInput(f"this cannot be kept: {told}", faults=faults)
    row = cleaned.frame.iloc[0]
    return {name: None if pd.isna(row[name]) else row[name] for name in given}


def told_by_id(id_number: object) -> dict[str, object]:
    """Sex and date of birth as a checked resident id tells them; nothing without one."""
    if id_number is None:
        return {}
    text = str(id_number)
    born = date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    return {"sex": str(Sex.MALE if int(text[16]) % 2 else Sex.FEMALE), "birth_date": born}


# What is asked for


@dataclass(frozen=True)
class Asked:
    """A search as the register understands it; None where it asks for no such thing."""

    id_number: str | None = None
    phone: str | None = None
    name: str | None = None
    mask: str | None = None
    place: str | None = None
    dwelling: str | None = None

    @property
    def number(self) -> str | None:
        """Which number of a person is asked for; a short one is that of a house."""
        if self.id_number:
            return "id_number"
        return "phone" if self.phone and len(self.phone) >= LEAST_PHONE else None


LEAST_PHONE = 7


def asked(question: str) -> Asked:
    """Understand a search: an id, a phone, a name or its beginning, or a place with a number.

    `张` and `张**` ask for everybody whose mask begins so, `桥头路1号 302` for a dwelling.

    Raises:
        BadInput: nothing is asked.
    """
    text = " ".join(unicodedata.normalize("NFKC", question).split())
    if not text or len(text) > 100:
        raise BadInput("ask for a name, an id, a phone or an address of up to 100 characters")
    tight = re.sub(r"[\s()-]", "", text)
    if re.fullmatch(r"[0-9]{17}[0-9Xx]", tight):
        return Asked(id_number=tight.upper())
    if len(text) == 1 or re.fullmatch(r".\*+", text):
        return Asked(mask=text, place=text if len(text) == 1 else None)
    phone = tight if re.fullmatch(r"\+?[0-9]{5,15}", tight) else None
    place, blank, number = text.rpartition(" ")
    if blank and re.search(r"[0-9]", number):
        return Asked(phone=phone, name=text, place=place, dwelling=number)
    return Asked(phone=phone, name=text, place=text, dwelling=text if text.isascii() else None)
