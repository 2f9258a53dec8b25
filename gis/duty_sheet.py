"""责任清单, 班次, 请假, 双报到: what a row of each may bring, in the words clerks use."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import time

import pandas as pd

from gis import kinds
from gis.duty_facts import Hours, Side
from gis.kinds import Parse
from gis.rows import Field
from gis.terms import ClassKind, RecordKind

KINDS = (
    RecordKind.RESPONSIBILITIES, RecordKind.SHIFTS, RecordKind.ABSENCES, RecordKind.MEMBERS
)  # fmt: skip
"""The sheets that say who answers and when."""

_SIDES = {
    "权属": "owner", "权属单位": "owner", "主管": "owner", "主管部门": "owner",
    "属地管理": "territory", "属地单位": "territory",
}  # fmt: skip
_WEEKDAYS = {
    **{f"{stem}{day}": n for n, day in enumerate("一二三四五六日", 1) for stem in ("周", "星期")},
    "周天": 7, "星期天": 7, **{str(n): n for n in range(1, 8)},
    **{day: n for n, day in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), 1)},
}  # fmt: skip
_DAY = r"(?:周|星期)[一二三四五六日天]|[1-7]|mon|tue|wed|thu|fri|sat|sun"
_CLOCK = r"([0-9]{1,2})[:：时点]([0-9]{1,2})?(?::[0-9]{2})?分?"
_DAYS = re.compile(rf"({_DAY})(?:[至到\-–—~]({_DAY}))?")
_TIMES = re.compile(rf"{_CLOCK}[至到\-–—~]{_CLOCK}")


def _parsed(read: Callable[[str], str | None], expected: str) -> Parse:
    """Read each distinct value; what gives nothing is a fault."""

    def parse(values: pd.Series) -> tuple[pd.Series, pd.Series]:
        meaning = {one: read(one) for one in values.dropna().unique()}
        answer = values.map(meaning).astype("str")
        wrong = values.notna() & answer.isna()
        return answer, pd.Series("", index=values.index, dtype="str").mask(wrong, expected)

    return parse


def weekdays(text: str) -> str | None:
    """周一至周五 → 12345, 周六、周日 → 67; None where it is none."""
    days = ""
    for part in re.split(r"[、,，;；\s]+", text.strip().casefold()):
        found = _DAYS.fullmatch(part)
        if found is None:
            return None
        first, last = _WEEKDAYS[found[1]], _WEEKDAYS[found[2] or found[1]]
        days += "".join(
            str((day - 1) % 7 + 1) for day in range(first, last + 1 + 7 * (last < first))
        )
    return "".join(sorted(set(days))) or None


def clock(text: str) -> str | None:
    """8:30, 08时30分, 8点 → 08:30; 24:00 is 00:00; None where it is none."""
    found = re.fullmatch(_CLOCK, text.strip())
    return _time(found[1], found[2]) if found else None


def _time(hour: str, minute: str | None) -> str | None:
    hours, minutes = int(hour), int(minute or 0)
    if hours > 24 or minutes > 59 or (hours == 24 and minutes):
        return None
    return f"{hours % 24:02d}:{minutes:02d}"


def times(text: str) -> str | None:
    """周六 9:00-12:00；周日 14:00-17:00 → 6 09:00-12:00;7 14:00-17:00; None where it is none."""
    told = []
    for part in re.split(r"[;；\n]+", text.strip().strip(";；").casefold()):
        days, _, clocks = part.strip().partition(" ")
        found, of_days = _TIMES.fullmatch(clocks.strip()), weekdays(days)
        starts, ends = (
            (_time(*found.group(1, 2)), _time(*found.group(3, 4))) if found else (None,) * 2
        )
        if of_days is None or starts is None or ends is None or starts == ends:
            return None
        told += [f"{day} {starts}-{ends}" for day in of_days]
    return ";".join(dict.fromkeys(told))


def hours(text: str | None) -> list[Hours]:
    """Read what `times` wrote."""
    told = [re.split(r"[ -]", one) for one in (text or "").split(";") if one]
    return [
        Hours(int(day), time.fromisoformat(starts), time.fromisoformat(ends))
        for day, starts, ends in told
    ]


def words(text: str) -> list[str]:
    """水电维修、心理 疏导 → the words, each once."""
    return list(dict.fromkeys(one for one in re.split(r"[、,，;；/\s]+", text.strip()) if one))


def _skills(text: str) -> str | None:
    told = words(text)
    return "、".join(told) if 0 < len(told) <= 20 and max(map(len, told)) <= 20 else None


def _until(zone: str) -> Parse:
    """A moment; a day alone is over when the day is."""
    moment = kinds.moment(zone)

    def parse(values: pd.Series) -> tuple[pd.Series, pd.Series]:
        found, faults = moment(values)
        day_alone = ~values.str.contains(r"[:：时点T]", regex=True, na=True)
        local = found.dt.tz_convert(zone).dt.tz_localize(None) + pd.Timedelta(days=1)
        next_day = local.dt.tz_localize(zone, ambiguous=True, nonexistent="shift_forward")
        return found.mask(day_alone, next_day.dt.tz_convert("UTC")), faults

    return parse


_WORKER = Field(
    "worker", ("工号", "人员编码", "人员编号", "网格员编码", "网格员编号", "worker_code"),
    kinds.code, required=True,
)  # fmt: skip
_PERIOD = (
    Field("valid_from", ("生效日期", "开始日期", "起始日期", "有效期起"), kinds.day),
    Field("valid_to", ("失效日期", "截止日期", "结束日期", "有效期止"), kinds.day),
)
_CLOCK_FIELD = _parsed(clock, "a time of day such as 08:30 is expected")


def fields(kind: RecordKind, zone: str) -> tuple[Field, ...]:
    """The fields of a kind of sheet; times without an offset are local times of `zone`."""
    return {
        RecordKind.RESPONSIBILITIES: _RESPONSIBILITIES,
        RecordKind.SHIFTS: _SHIFTS,
        RecordKind.ABSENCES: (
            _WORKER,
            Field(
                "starts_at", ("请假开始", "开始时间", "起始时间", "开始", "自"),
                kinds.moment(zone), required=True,
            ),
            Field(
                "ends_at", ("请假结束", "结束时间", "截止时间", "结束", "至"), _until(zone),
                required=True,
            ),
        ),
        RecordKind.MEMBERS: _MEMBERS,
    }[kind]  # fmt: skip


_RESPONSIBILITIES = (
    Field(
        "unit", ("责任单位编码", "单位编码", "部门编码", "责任单位", "单位名称", "单位", "责任部门",
                 "部门", "unit_code", "responsible_unit"),
        kinds.text(200), required=True,
    ),
    Field(
        "side", ("属主属地", "责任类型", "责任性质", "责任"), kinds.one_of(Side, _SIDES),
        required=True,
    ),
    Field("kind", ("案卷类别", "部件事件", "类别", "类型"), kinds.one_of(ClassKind)),
    Field(
        "class_code", ("小类代码", "大类代码", "类别代码", "小类", "分类代码"),
        _parsed(
            lambda text: text if re.fullmatch(r"[0-9]{2}(?:[0-9]{2})?", text) else None,
            "two digits of a major or four of a minor class are expected",
        ),
    ),
    Field(
        "division", ("区划代码", "适用区域", "区域代码", "行政区划代码", "division_code"),
        kinds.code,
    ),
    Field("rank", ("顺序", "优先级", "次序"), kinds.whole(1, 99)),
    *_PERIOD,
)  # fmt: skip
_SHIFTS = (
    _WORKER,
    Field(
        "weekday", ("星期", "周几", "工作日", "值班日"),
        _parsed(weekdays, "weekdays such as 周一, 周一至周五 or 1-5 are expected"), required=True,
    ),
    Field("starts", ("上班时间", "开始时间", "开始", "起", "上班"), _CLOCK_FIELD, required=True),
    Field("ends", ("下班时间", "结束时间", "结束", "止", "下班"), _CLOCK_FIELD, required=True),
    *_PERIOD,
)  # fmt: skip
_MEMBERS = (
    Field("code", ("报到编号", "编号", "编码", "member_code"), kinds.code),
    Field(
        "unit", ("报到单位编码", "所属队伍", "服务队", "单位编码", "报到单位", "队伍", "单位",
                 "unit_code"),
        kinds.text(200), required=True,
    ),
    Field("name", ("姓名", "党员姓名", "志愿者姓名"), kinds.text(100), required=True),
    Field("phone", ("联系电话", "手机号", "手机", "电话", "mobile"), kinds.phone),
    Field(
        "skills", ("特长", "专长", "技能", "服务项目", "specialities"),
        _parsed(_skills, "up to 20 words of at most 20 characters are expected"),
    ),
    Field(
        "times", ("服务时间", "可服务时间", "时间", "报到时间"),
        _parsed(times, "times such as 周六 09:00-12:00；周日 14:00-17:00 are expected"),
    ),
    Field("cell", ("网格编码", "网格编号", "网格", "cell_code"), kinds.code),
)  # fmt: skip


def checks(frame: pd.DataFrame, kind: RecordKind) -> Iterable[pd.DataFrame]:
    """Faults between the fields of a row: what ends before it begins, a shift of no length."""
    if kind is RecordKind.ABSENCES:
        yield _told(
            frame, frame["ends_at"] <= frame["starts_at"], "ends_at", "ends before it begins"
        )
    if kind is RecordKind.SHIFTS:
        yield _told(frame, frame["ends"] == frame["starts"], "ends", "is when the shift begins")
    if {"valid_from", "valid_to"} <= set(frame.columns):
        both = frame[["valid_from", "valid_to"]].dropna()
        early = (both["valid_to"] <= both["valid_from"]).reindex(frame.index, fill_value=False)
        yield _told(frame, early, "valid_to", "ends before it begins")


def _told(frame: pd.DataFrame, wrong: pd.Series, field: str, reason: str) -> pd.DataFrame:
    at = frame.index[wrong]
    values = frame.loc[at, field].astype("str").to_numpy()
    return pd.DataFrame({"row": at, "field": field, "value": values, "reason": reason})
