"""Moments and spans of time as OGC APIs are asked for them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

from gis.errors import BadInput

_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)  # as RFC 3339 has it
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_BEFORE_ALL = "0000-"
"""QGIS says the year 0 where a span has no begin."""
_LASTS = re.compile(
    r"P(?=.)(?:(\d{1,4})W)?(?:(\d{1,5})D)?(?:T(?=.)(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,8})S)?)?",
    re.ASCII,
)
Span = tuple[datetime | None, datetime | None]


def moment(text: str, field: str) -> datetime:
    """Read a moment like 2026-06-01T08:00:00Z.

    Raises:
        BadInput: it is none.
    """
    if _MOMENT.fullmatch(text):
        try:
            return datetime.fromisoformat(text.upper())
        except ValueError:
            pass
    raise BadInput(f"{field} is {text!r:.60}, no moment like 2026-06-01T08:00:00Z", field=field)


def day(text: str, field: str) -> date:
    """Read a day like 2026-06-01.

    Raises:
        BadInput: it is none.
    """
    if _DAY.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise BadInput(f"{field} is {text!r:.60}, no day like 2026-06-01", field=field)


def read_span(text: str, field: str = "datetime") -> Span:
    """Read a moment or a day, or a span `from/to` of which one end may be open (`..` or nothing),
    or `from/P2D` that lasts weeks, days, hours, minutes and seconds.

    A day is the whole day, in UTC; GDAL writes it with a T behind.

    Raises:
        BadInput: it is none, or ends before it begins.
    """
    begin, slash, end = text.partition("/")
    if not slash:
        return _lower(begin, field), _upper(begin, field)
    is_open = begin in ("", "..") or begin.startswith(_BEFORE_ALL)
    low = None if is_open else _lower(begin, field)
    if low and (lasts := _LASTS.fullmatch(end)):
        return low, _after(low, *(int(one or 0) for one in lasts.groups()))
    high = None if end in ("", "..") else _upper(end, field)
    if low and high and low > high:
        raise BadInput(f"{field} {text!r:.80} ends before it begins", field=field)
    return low, high


def _after(
    low: datetime, weeks: int, days: int, hours: int, minutes: int, seconds: int
) -> datetime:
    try:
        return low + timedelta(days, seconds, 0, 0, minutes, hours, weeks)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def _lower(text: str, field: str) -> datetime:
    text = text.removesuffix("T")
    if _DAY.fullmatch(text):
        return datetime.combine(day(text, field), time(), UTC)
    return moment(text, field)


def _upper(text: str, field: str) -> datetime:
    text = text.removesuffix("T")
    if _DAY.fullmatch(text):
        return _lower(text, field) + timedelta(days=1, microseconds=-1)
    return moment(text, field)
