"""类别目录: what a case may be of, when it is filed, how long it may take, what closes it.

A class has a code within its system and kind; what makes it filed is a condition, and the limit
is the condition's. A sheet has a row per condition: `fields` reads it, `complete` and `checks`
make it ready for the store.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile

import pandas as pd

from gis import kinds
from gis.case_clock import Limit
from gis.kinds import Parse
from gis.rows import Field, repeated
from gis.terms import ClassKind, Clock, Labelled, UnitKind

PUBLIC, COMMUNITY = "cn", "community"
"""The systems that every store has: components and events of city management, and services."""
LONGEST = 3650
"""The largest amount of a limit: ten years of days."""


class Basis(Labelled):
    """What a condition rests on."""

    IN_USE = "in_use", "在用系统"
    COMMON = "common", "通行做法"
    OWN = "own", "本地规定"


@dataclass(frozen=True)
class Condition:
    """立案条件: `id` is its number in the store, `number` counts within the class."""

    id: int
    number: int
    filing: str
    limit: Limit
    closing: str
    unit_kinds: tuple[UnitKind, ...]
    basis: Basis


@dataclass(frozen=True)
class CaseClass:
    """小类: a minor class with its conditions; `is_local` is one that a city added by itself."""

    id: int
    system: str
    kind: ClassKind
    code: str
    name: str
    major_code: str
    major_name: str
    is_local: bool
    skills: tuple[str, ...]
    conditions: tuple[Condition, ...]


# Rows of a sheet

_CLOCKS = {
    "紧急小时": "urgent_hour", "紧急工时": "urgent_hour", "工作小时": "work_hour",
    "工时": "work_hour", "日历日": "natural_day", "自然天": "natural_day", "日历天": "natural_day",
}  # fmt: skip
_KINDS = {"城市部件": "component", "城市事件": "event", "社区服务": "service", "民生": "service"}
_LIST = r"\s*[、,，;；/|]+\s*"


def several(each: Parse) -> Parse:
    """Several values in one cell, between 、 or a comma; given back between 、, each once."""

    def parse(values: pd.Series) -> tuple[pd.Series, pd.Series]:
        apart = values.str.split(_LIST, regex=True).explode().astype("str").str.strip()
        apart = apart[apart.notna() & (apart != "")]
        rows = apart.index
        parsed, faults = each(apart.reset_index(drop=True))
        together = parsed.groupby(rows).agg(lambda one: "、".join(dict.fromkeys(one.dropna())))
        reasons = faults.groupby(rows).agg(lambda one: "; ".join(filter(None, one.unique())))
        return (
            together.reindex(values.index).astype("str"),
            reasons.reindex(values.index, fill_value="").astype("str"),
        )

    return parse


FIELDS = (
    Field("system", ("编码体系", "体系"), kinds.code),
    Field("kind", ("类型", "类别", "性质"), kinds.one_of(ClassKind, _KINDS), required=True),
    Field("major_code", ("大类代码", "大类编码"), kinds.code),
    Field("major_name", ("大类名称", "大类"), kinds.text(60)),
    Field("code", ("小类代码", "小类编码", "类别代码", "代码"), kinds.code, required=True),
    Field("name", ("小类名称", "小类", "类别名称", "名称"), kinds.text(60), required=True),
    Field("filing", ("立案条件", "立案标准"), kinds.text(), required=True),
    Field("limit", ("处置时限", "办理时限", "时限"), kinds.text(40), required=True),
    Field("clock", ("计时方式", "时限单位"), kinds.one_of(Clock, _CLOCKS)),
    Field("closing", ("结案条件", "结案标准"), kinds.text(), required=True),
    Field("unit_kinds", ("责任单位类别", "责任单位", "处置单位"), several(kinds.one_of(UnitKind))),
    Field("skills", ("所需技能", "技能"), several(kinds.text(30))),
    Field("basis", ("依据",), kinds.one_of(Basis)),
)

_OPTIONAL = ("system", "major_code", "major_name", "clock", "unit_kinds", "skills", "basis")
_KEY = ["system", "kind", "code"]
_LIMIT = r"([0-9]+(?:\.[0-9]+)?)\s*个?\s*(\S*)"


def complete(frame: pd.DataFrame) -> pd.DataFrame:
    """Fill what a row leaves to be understood, and split its limit into `amount` and `clock`.

    The major of a 4-digit code is its first two digits; a spreadsheet may have taken the first 0
    from both. A limit may name its clock itself, "2个工作日". What cannot be understood is left
    missing.
    """
    frame = frame.copy()
    for name in _OPTIONAL:
        if name not in frame:
            frame[name] = pd.Series(None, index=frame.index, dtype="str")
    of_kind = frame["kind"].eq(ClassKind.SERVICE).map({True: COMMUNITY, False: PUBLIC})
    frame["system"] = frame["system"].fillna(of_kind)
    has_digits = frame["system"].isin([PUBLIC, COMMUNITY])
    for name, short in (("code", r"[0-9]{3}"), ("major_code", r"[0-9]")):
        cut = has_digits & frame[name].str.fullmatch(short, na=False)
        frame[name] = frame[name].mask(cut, "0" + frame[name])
    has_major = frame["code"].str.fullmatch(r"[0-9]{4}")
    frame["major_code"] = frame["major_code"].fillna(frame["code"].str[:2].where(has_major))
    frame["major_name"] = _majors_named(frame)
    split = frame["limit"].str.extract(rf"^{_LIMIT}$")
    frame["amount"] = kinds.as_floats(split[0])
    told, _ = kinds.one_of(Clock, _CLOCKS)(split[1].mask(split[1] == ""))
    frame["clock"] = frame["clock"].where(split[1].fillna("") == "", told)
    frame["basis"] = frame["basis"].fillna(str(Basis.OWN))
    return frame


def _majors_named(frame: pd.DataFrame) -> pd.Series:
    """The name of a major that another row of the sheet tells stands for all of its rows."""
    major = [frame[name] for name in ("system", "kind", "major_code")]
    return frame["major_name"].fillna(frame["major_name"].groupby(major).transform("first"))


def checks(frame: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Faults of completed rows: what is missing, contradicts another row, or stands twice."""
    wrong = ~frame["amount"].between(0, LONGEST, inclusive="right")
    yield _faults(
        frame, wrong, "limit", f"a number over 0 and up to {LONGEST:,} is expected, as 4 or 2工作日"
    )
    choices = "、".join(clock.label for clock in Clock)
    yield _faults(
        frame, ~wrong & frame["clock"].isna(), "limit", f"does not say its clock: {choices}"
    )
    for name in ("major_code", "major_name"):
        yield _faults(frame, frame[name].isna(), name, "is missing")
    begins = frame["code"].str[:2].eq(frame["major_code"])
    is_scheme = frame["code"].str.fullmatch(r"[0-9]{4}")
    yield _faults(
        frame, is_scheme & ~begins & frame["major_code"].notna(), "code",
        "begins with another major: 4 digits are 2 of the major and 2 of its own",
    )  # fmt: skip
    for name in ("name", "major_code", "major_name", "skills"):
        yield _contradictions(frame, name)
    twice = frame["system"] + " " + frame["kind"] + " " + frame["code"] + " " + frame["filing"]
    again = repeated(twice, "filing")
    yield again.assign(value=frame["filing"].reindex(again["row"]).to_numpy())


def _faults(frame: pd.DataFrame, wrong: pd.Series, field: str, reason: str) -> pd.DataFrame:
    at = frame.index[wrong]
    value = frame.loc[at, field].fillna("").to_numpy()
    return pd.DataFrame({"row": at, "field": field, "value": value, "reason": reason})


def _contradictions(frame: pd.DataFrame, field: str) -> pd.DataFrame:
    """Rows of one class that say otherwise than its first row."""
    first = frame[field].groupby([frame[name] for name in _KEY]).transform("first")
    wrong = frame[field].notna() & (frame[field] != first)
    answer = _faults(frame, wrong, field, "")
    told = [
        f"another row of class {c} says {f}"
        for c, f in zip(frame["code"][wrong], first[wrong], strict=True)
    ]
    return answer.assign(reason=told)


# Rows and what is there already


def numbered(frame: pd.DataFrame, known: Mapping[tuple[int, str], int]) -> pd.Series:
    """Number the conditions of each class: one that is known by its words keeps its number.

    `frame` has `class_id` and `filing`; `known` are the numbers by those. New ones count on.
    """
    keys = list(zip(frame["class_id"], frame["filing"], strict=True))
    numbers = pd.Series([known.get(key) for key in keys], index=frame.index, dtype="Int64")
    last = (
        pd.Series(known, dtype="Int64").groupby(level=0).max()
        if known
        else pd.Series(dtype="Int64")
    )
    is_new = numbers.isna()
    ahead = is_new.astype("int64").groupby(frame["class_id"]).cumsum()
    on = frame["class_id"].map(last).fillna(0).astype("Int64") + ahead
    return numbers.fillna(on)


def local_codes(codes: Iterable[str]) -> set[str]:
    """The codes, among all of a system and kind, that a city added: they count down from 99."""
    among = {code for code in codes if re.fullmatch(r"[0-9]{4}", code)}
    return {
        code
        for major in {code[:2] for code in among}
        for code in takewhile(
            among.__contains__, (f"{major}{one:02d}" for one in range(99, -1, -1))
        )
    }
