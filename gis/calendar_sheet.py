"""工作日历: what a row of holidays and shifted working days may bring."""

from __future__ import annotations

import pandas as pd

from gis import kinds
from gis.rows import Field, repeated
from gis.terms import DayKind

_KINDS = {
    "节假日": "holiday", "放假": "holiday", "休": "holiday", "休息日": "holiday", "假日": "holiday",
    "调休": "workday", "补班": "workday", "上班": "workday", "班": "workday", "工作日": "workday",
}  # fmt: skip

FIELDS = (
    Field("day", ("日期", "date"), kinds.day, required=True),
    Field("kind", ("类型", "性质", "type"), kinds.one_of(DayKind, _KINDS), required=True),
    Field("name", ("名称", "节日", "说明"), kinds.text(60), required=True),
)


def check(frame: pd.DataFrame) -> pd.DataFrame:
    """Faults of days that stand a second time in the sheet."""
    return repeated(frame["day"].astype("str"), "day")
