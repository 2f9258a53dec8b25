"""办事指南 from sheets: what a row may bring, in the words clerks use."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

import gis.community
import gis.rows
from gis import kinds
from gis.reports import unreadable
from gis.rows import Field
from gis.terms_community import GuideKind

_MOST = gis.community.MOST_CHARACTERS
_KINDS = {"办事": "service", "指南": "service", "便民": "convenience"}
_BETWEEN = r"\s*[、;；\n]\s*"
"""What stands between two materials."""
_LINES = frozenset({"body", "materials"})


def _materials(values: pd.Series) -> tuple[pd.Series, pd.Series]:
    """What to bring, one a line."""
    tidy = values.str.strip(" 、;；\n").str.replace(_BETWEEN, "\n", regex=True)
    longest = tidy.str.split("\n").map(lambda all_: max(map(len, all_)), na_action="ignore")
    long = longest.astype("float64") > _MOST["materials"]
    faults = pd.Series("", index=values.index, dtype="str")
    return tidy, faults.mask(long, f"one is longer than {_MOST['materials']} characters")


FIELDS = (
    Field("title", ("事项名称", "标题", "事项", "办理事项", "名称"), kinds.text(_MOST["title"]),
          required=True),
    Field("kind", ("类别", "类型"), kinds.one_of(GuideKind, _KINDS)),
    Field("body", ("办理说明", "正文", "内容", "办理流程", "说明"), kinds.text(_MOST["body"]),
          required=True),
    Field("materials", ("所需材料", "要带的材料", "申请材料", "材料"), _materials),
    Field("place", ("办理地点", "地点", "地址"), kinds.text(_MOST["place"])),
    Field("hours", ("办理时间", "开放时间", "服务时间", "时间"), kinds.text(_MOST["hours"])),
    Field("phone", ("联系电话", "咨询电话", "电话"), kinds.text(_MOST["phone"])),
    Field("division", ("区划代码", "社区编码", "社区代码", "所属社区编码"), kinds.division_code),
)  # fmt: skip


def complete(frame: pd.DataFrame) -> pd.DataFrame:
    """The same rows with every field; `initials` of the title; the kind is a guide unless told."""
    told = frame.reindex(columns=[one.name for one in FIELDS]).astype("str")
    return told.assign(
        kind=told["kind"].fillna(str(GuideKind.SERVICE)),
        initials=told["title"].map(gis.community.initials, na_action="ignore"),
    )


def checks(frame: pd.DataFrame) -> Iterable[pd.DataFrame]:
    """Faults of completed rows: what cannot be shown, and what stands in the sheet twice."""
    for field in ("title", "body", "materials", "place", "hours", "phone"):
        faults = frame[field].map(
            lambda text, field=field: unreadable(text, lines=field in _LINES), na_action="ignore"
        )
        yield _told(frame, faults.dropna(), field)
    known_by = (frame["title"] + " " + frame["division"].fillna("")).str.strip()
    yield gis.rows.repeated(known_by, "title")


def _told(frame: pd.DataFrame, reasons: pd.Series, field: str) -> pd.DataFrame:
    values = frame.loc[reasons.index, field].to_numpy()
    return pd.DataFrame(
        {"row": reasons.index, "field": field, "value": values, "reason": reasons.to_numpy()}
    )


def unread_hours(frame: pd.DataFrame) -> int:
    """How many rows have hours that are only shown: whether it is open cannot be told."""
    return sum(gis.community.week(hours) is None for hours in frame["hours"].dropna())
