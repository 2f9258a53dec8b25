"""案卷: what a row of cases may bring, in the words of the systems they come from."""

from __future__ import annotations

import pandas as pd

from gis import kinds, rows
from gis.rows import Field
from gis.terms import CaseState

_STATES = {
    "open": "reported", "new": "reported", "submitted": "reported", "pending": "reported",
    "受理": "reported", "待立案": "reported", "立案": "filed", "assigned": "dispatched",
    "待派遣": "filed", "派遣": "dispatched", "立案派遣": "dispatched", "in progress": "handling",
    "started": "handling", "处理中": "handling", "核查结案": "feedback", "completed": "closed",
    "结案": "closed", "resolved": "closed", "closed - completed": "closed", "办结": "closed",
    "cancelled": "void", "duplicate": "void", "on hold": "suspended",
}  # fmt: skip


def fields(zone: str) -> tuple[Field, ...]:
    """Fields of 案卷; times without an offset are local times of `zone`."""
    return (
        Field(
            "code",
            (
                "案卷号",
                "案卷编号",
                "案件编号",
                "工单编号",
                "任务号",
                "编号",
                "unique_key",
                "service_request_id",
                "case_id",
                "id",
            ),
            kinds.code,
        ),
        Field(
            "title",
            ("标题", "案件标题", "问题类型", "事件名称", "complaint_type", "service_name", "类型"),
            kinds.text(),
        ),
        Field("class_code", ("小类代码", "事件代码", "类别代码", "service_code"), kinds.code),
        Field(
            "state", ("状态", "案件状态", "办理状态", "status"), kinds.one_of(CaseState, _STATES)
        ),
        Field(
            "reported_at",
            (
                "上报时间",
                "受理时间",
                "发生时间",
                "创建时间",
                "created_date",
                "requested_datetime",
                "created_at",
                "reported",
            ),
            kinds.moment(zone),
        ),
        Field(
            "due_at", ("截止时间", "办理时限", "expected_datetime", "due_date"), kinds.moment(zone)
        ),
        Field(
            "closed_at",
            ("结案时间", "办结时间", "closed_date", "closed_datetime"),
            kinds.moment(zone),
        ),
        Field("address", ("地址", "事发地址", "地点", "位置", "incident_address"), kinds.text()),
        Field(
            "description",
            ("描述", "问题描述", "内容", "详细描述", "descriptor"),
            kinds.text(kinds.MAX_DESCRIPTION),
        ),
        Field("accuracy_m", ("定位精度", "精度", "accuracy"), kinds.number(0, 100_000)),
    )


def complete(frame: pd.DataFrame) -> pd.DataFrame:
    """Fill the title from the class, and the state from the closing time, where it is told."""
    frame = frame.copy()
    for name in ("title", "class_code", "state"):
        if name not in frame:
            frame[name] = pd.Series(None, index=frame.index, dtype="str")
    frame["title"] = frame["title"].fillna(frame["class_code"]).fillna("未分类")
    if "closed_at" in frame:
        frame["state"] = frame["state"].mask(
            frame["state"].isna() & frame["closed_at"].notna(), "closed"
        )
    return frame


def check(frame: pd.DataFrame) -> pd.DataFrame:
    """Faults of cases closed before they were reported."""
    if not {"reported_at", "closed_at"} <= set(frame.columns):
        return rows.no_faults()
    at = frame.index[frame["closed_at"] < frame["reported_at"]]
    return pd.DataFrame(
        {
            "row": at,
            "field": "closed_at",
            "value": frame.loc[at, "closed_at"].astype("str").to_numpy(),
            "reason": "is before the case was reported",
        }
    )
