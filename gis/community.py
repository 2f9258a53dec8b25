"""社区云: when something is open, which guide is meant, and what people may write."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Any, TypeVar

import gis.clock
from gis.calendar import Calendar
from gis.errors import BadInput
from gis.reports import tidied, unreadable
from gis.terms import Clock, DayKind

ANSWER_WORK_DAYS = 5
"""By when a resident is answered, unless the city says otherwise."""
CONTACT_DAYS = 30
"""How long name and telephone are kept after the answer, unless the city says otherwise."""
LATE_DAYS = 180
"""How long after its deadline they are kept where nobody answers."""

# Opening hours: the part of OpenStreetMap's language that people write

_DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_MONDAY, _SATURDAY, _HOLIDAY, _MIDNIGHT = 0, 5, 7, 24 * 60
Span = tuple[int, int]
"""From which minute of a day to which; past 24 × 60 it ends on the next day."""
Week = tuple[tuple[Span, ...] | None, ...]
"""What is open on each weekday, Monday first, and on holidays, None where nothing is told."""
_ALWAYS: Week = (((0, _MIDNIGHT),),) * 7

_RULE = re.compile(
    r"(?P<days>(?:Mo|Tu|We|Th|Fr|Sa|Su|PH)(?:[-,](?:Mo|Tu|We|Th|Fr|Sa|Su|PH))*)?\s*"
    r"(?P<times>off|closed|\d{1,2}:\d\d-\d{1,2}:\d\d(?:,\s*\d{1,2}:\d\d-\d{1,2}:\d\d)*)"
)


@lru_cache(maxsize=4096)
def week(hours: str) -> Week | None:
    """Read `Mo-Fr 08:30-12:00,14:00-17:30; Sa 09:00-12:00; PH off` or `24/7`; None: not readable.

    A later rule overrides an earlier one on its days; a rule without days is for all of them.
    """
    if hours.strip() == "24/7":
        return (*_ALWAYS, None)
    days: list[tuple[Span, ...] | None] = [None] * 8
    for rule in hours.strip().rstrip(";").split(";"):
        found = _RULE.fullmatch(rule.strip())
        spans = _spans(found["times"]) if found else None
        of_days = _of_days(found["days"]) if found else None
        if spans is None or of_days is None:
            return None
        for day in of_days:
            days[day] = spans
    return tuple(days)


def _of_days(told: str | None) -> list[int] | None:
    if not told:
        return list(range(7))
    days: list[int] = []
    for part in told.split(","):
        first, _, last = part.partition("-")
        if not last:
            days.append(_HOLIDAY if first == "PH" else _DAYS.index(first))
            continue
        if "PH" in (first, last) or "-" in last:
            return None
        begin, end = _DAYS.index(first), _DAYS.index(last)
        days += [day % 7 for day in range(begin, end + 1 if end >= begin else end + 8)]
    return days


def _spans(told: str) -> tuple[Span, ...] | None:
    if told in {"off", "closed"}:
        return ()
    spans = []
    for part in told.split(","):
        begin, end = (_minute(one) for one in part.strip().split("-"))
        if begin is None or end is None or begin in (_MIDNIGHT, end):
            return None
        spans.append((begin, end if end > begin else end + _MIDNIGHT))
    return tuple(spans)


def _minute(told: str) -> int | None:
    hour, minute = (int(one) for one in told.split(":"))
    whole = hour * 60 + minute
    return whole if minute < 60 and whole <= _MIDNIGHT else None


Days = Mapping[date, DayKind]
"""The days that the city's calendar takes out of their week."""


def is_open(hours: str | None, at: datetime, *, days: Days = MappingProxyType({})) -> bool | None:
    """Tell whether it is open at a local time; None where the hours are not told or not readable.

    What is not told of holidays is as on the weekday; who works on work days only, works on a
    shifted one (调休工作日) as on a Monday. `may_differ` says where that is not certain.
    """
    known = week(hours) if hours else None
    if known is None:
        return None
    minute, today = at.hour * 60 + at.minute, at.date()
    return any(
        begin <= minute + later < end
        for day, later in ((today, 0), (today - timedelta(days=1), _MIDNIGHT))
        for begin, end in _open_on(known, day, days)
    )


def may_differ(hours: str | None, day: date, *, days: Days) -> DayKind | None:
    """What a day is that makes its hours uncertain; None where they are as told.

    A holiday on which nothing is told, a shifted work day that is told otherwise than a Monday.
    """
    known = week(hours) if hours else None
    kind = days.get(day)
    if known is None or known[:_HOLIDAY] == _ALWAYS:
        return None
    if kind is DayKind.HOLIDAY:
        return kind if known[_HOLIDAY] is None else None
    return kind if known[day.weekday()] != known[_MONDAY] else None


def _open_on(known: Week, day: date, days: Days) -> tuple[Span, ...]:
    kind = days.get(day)
    if kind is DayKind.HOLIDAY and (told := known[_HOLIDAY]) is not None:
        return told
    is_shifted = kind is DayKind.WORKDAY and not any(known[_SATURDAY:_HOLIDAY])
    return known[_MONDAY if is_shifted else day.weekday()] or ()


# Search

Found = TypeVar("Found", bound=Mapping[str, Any])


def initials(title: str) -> str:
    """The first letters of the pinyin of a title: 居住证办理 → jzzbl; other letters stay."""
    from pypinyin import Style, lazy_pinyin

    told = lazy_pinyin(fold(title), style=Style.FIRST_LETTER, errors=_letters)
    return re.sub(r"[^a-z0-9]", "", "".join(told))


def _letters(other: str) -> str:
    return other


def fold(text: str) -> str:
    """Fold width and case, for comparing."""
    return unicodedata.normalize("NFKC", text).casefold().strip()


def ranked(guides: Iterable[Found], q: str) -> list[Found]:
    """The guides that hold every word of `q`, the best first; equal ones stay in their order.

    A guide is a mapping with `title`, `initials` and `words`, all that it says.
    """
    words = fold(q).split()
    ranks = ((max((_rank(one, word) for word in words), default=0), one) for one in guides)
    return [one for rank, one in sorted(ranks, key=lambda pair: pair[0]) if rank < _NOT]


_NOT = 9


def _rank(guide: Mapping[str, Any], word: str) -> int:
    """How well a guide answers a word: 0 is its very title, `_NOT` not at all."""
    title, letters = fold(guide["title"]), guide["initials"]
    answers = (
        title == word,
        title.startswith(word),
        word in title,
        letters.startswith(word),
        word.isascii() and len(word) > 1 and word in letters,
        word in fold(guide["words"]),
    )
    return answers.index(True) if True in answers else _NOT


# What people write

MOST_CHARACTERS = {
    "title": 100, "topic": 100, "body": 8000, "words": 2000, "answer": 4000, "outcome": 1000,
    "place": 200, "address": 200, "hours": 200, "phone": 60, "who": 100, "name": 50, "times": 200,
    "contact": 60, "request_id": 80, "materials": 200, "options": 100, "skills": 20,
    "cell": 64, "cells": 64, "division": 64, "unit": 64,
}  # fmt: skip
_LINES = frozenset({"body", "words", "answer", "outcome"})
"""Fields of several lines; every text is plain, with blank lines between paragraphs."""


def checked(
    told: Mapping[str, Any], *, needed: Sequence[str] = (), of_week: Sequence[str] = ()
) -> dict[str, Any]:
    """Tidy what was written: blanks around go, an empty text that is not needed is None.

    `of_week` are opening hours, which must be readable.

    Raises:
        BadInput: naming in `faults` every field that is wrong, and why.
    """
    tidy = {field: _tidy(value, field in needed) for field, value in told.items()}
    faults = [
        {"field": field, "reason": reason}
        for field, value in tidy.items()
        for reason in _faults(field, value, field in needed)
    ]
    faults += [
        {"field": field, "reason": "is not readable as opening hours: Mo-Fr 08:30-17:30; PH off"}
        for field in of_week
        if tidy.get(field) and week(tidy[field]) is None
    ]
    if faults:
        sentence = "; ".join(f"{fault['field']} {fault['reason']}" for fault in faults)
        raise BadInput(sentence, faults=faults)
    return tidy


def _tidy(value: Any, is_needed: bool) -> Any:
    if isinstance(value, str):
        return tidied(value) or ("" if is_needed else None)
    if isinstance(value, list):
        return [text for one in value if (text := tidied(one))]
    return value


def _faults(field: str, value: Any, is_needed: bool) -> Iterator[str]:
    if is_needed and value in ("", None, []):
        yield "is missing"
    for text in value if isinstance(value, list) else [value]:
        if not isinstance(text, str) or field not in MOST_CHARACTERS:
            continue
        if len(text) > MOST_CHARACTERS[field]:
            yield f"is longer than {MOST_CHARACTERS[field]:,} characters"
        if fault := unreadable(text, lines=field in _LINES):
            yield fault


def answer_due(asked_at: datetime, work_days: float, calendar: Calendar) -> datetime:
    """By when a question of that moment is answered: so many work days of the calendar."""
    due = gis.clock.due_at(asked_at, work_days, clock=Clock.WORK_DAY, calendar=calendar)
    assert due is not None  # nothing pauses it
    return due
