"""Kinds of values: each takes a column of text and gives values and faults, "" where there is none.

All work by the column. A fault says what was expected, in words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date

import numpy as np
import pandas as pd

from gis import codes
from gis.terms import Labelled

MAX_TEXT = 500
MAX_DESCRIPTION = 4000

Parse = Callable[[pd.Series], tuple[pd.Series, pd.Series]]
"""Text in, (values, faults) out; both aligned with the input."""


def plain(header: str) -> str:
    """Fold a header for comparison: width, case, blanks, units and required-marks go."""
    text = unicodedata.normalize("NFKC", header).casefold()
    text = re.sub(r"[(（\[].*?[)）\]]", "", text)
    return re.sub(r"[\s_\-*#:：./·]+", "", text)


def _none(values: pd.Series) -> pd.Series:
    return pd.Series("", index=values.index, dtype="str")


def _only_odd(values: pd.Series, usual: str, mend: Callable[[pd.Series], pd.Series]) -> pd.Series:
    """Apply `mend`, which takes its time, to the values that are not whole as `usual` says."""
    odd = ~values.str.fullmatch(usual, na=True).astype(bool)
    return values.where(~odd, mend(values[odd]).reindex(values.index)) if odd.any() else values


def text(limit: int = MAX_TEXT) -> Parse:
    """Any text up to `limit` characters."""

    def parse(values: pd.Series) -> tuple[pd.Series, pd.Series]:
        long = values.str.len() > limit
        return values, _none(values).mask(long, f"is longer than {limit:,} characters")

    return parse


def code(values: pd.Series) -> tuple[pd.Series, pd.Series]:
    """A code: up to 64 characters without blanks; `1234.0` of a spreadsheet is 1234."""
    of_spreadsheet = values.str.fullmatch(r"[0-9]+\.0", na=False)
    values = values.mask(of_spreadsheet, values.str.removesuffix(".0"))
    odd = values[~values.str.fullmatch(r"[!-~]{1,64}", na=True).astype(bool)]
    wrong = (odd.str.len() > 64) | odd.str.contains(r"\s", regex=True, na=False)
    faults = _none(values)
    faults[wrong.index[wrong]] = "a code has at most 64 characters and no blanks"
    return values, faults


_DATAV = r"""^\{\s*["']adcode["']\s*:\s*([0-9]+)\s*\}$"""
"""How the GeoJSON of 阿里云 DataV writes a parent: an object that holds the code."""


def division_code(values: pd.Series) -> tuple[pd.Series, pd.Series]:
    """A 12-digit division code; 2, 4, 6 or 9 digits are filled up with zeros."""
    values, faults = code(values.str.replace(_DATAV, r"\1", regex=True))
    distinct = values.dropna().unique()
    padded = {one: codes.pad_division(one) for one in distinct}
    wrong = {one: codes.division_fault(padded[one]) or "" for one in distinct}
    reasons = values.map(wrong).astype("str").fillna("")
    return values.map(padded).astype("str"), faults.mask(faults == "", reasons)


def as_floats(values: pd.Series) -> pd.Series:
    """Read text as numbers, NaN where it is none; the whole column at once when all are."""
    try:
        return values.astype("float64")
    except ValueError:
        return pd.to_numeric(values, errors="coerce").astype("float64")


def whole(low: int, high: int, unit: str = "") -> Parse:
    """A whole number from `low` to `high`; a `unit` may follow it."""

    def parse(values: pd.Series) -> tuple[pd.Series, pd.Series]:
        numbers = as_floats(values.str.removesuffix(unit))
        wrong = values.notna() & ~((numbers >= low) & (numbers <= high) & (numbers % 1 == 0))
        return numbers.mask(wrong).astype("Int64"), _none(values).mask(
            wrong, f"a whole number from {low} to {high:,} is expected"
        )

    return parse


def number(low: float, high: float, hint: str = "") -> Parse:
    """A number from `low` to `high`; `inf` and `nan` are none."""

    def parse(values: pd.Series) -> tuple[pd.Series, pd.Series]:
        numbers = as_floats(values)
        wrong = values.notna() & ~((numbers >= low) & (numbers <= high))
        reason = f"a number from {low:g} to {high:g} is expected{hint}"
        return numbers.mask(wrong), _none(values).mask(wrong, reason)

    return parse


def _times(values: pd.Series) -> pd.Series:
    """Read times that begin with a whole date; a year or a month alone is none."""
    whole = values.where(values.str.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", na=False))
    times = pd.to_datetime(whole, errors="coerce", format="ISO8601", utc=True)
    return times.astype("datetime64[us, UTC]")


def day(values: pd.Series) -> tuple[pd.Series, pd.Series]:
    """A date: 2026-03-01, 2026/3/1, 2026年3月1日, 20260301, 46082 (as Excel counts days)."""
    at, told = pd.factorize(values)
    folded = _only_odd(pd.Series(told, dtype="str"), r"[0-9]{4}-[0-9]{2}-[0-9]{2}", _pad_days)
    days = np.append(_times(folded).dt.date.astype("object").to_numpy(dtype=object), [None])
    answer = pd.Series(days[at], index=values.index, dtype="object")
    wrong = values.notna() & answer.isna()
    return answer, _none(values).mask(wrong, "a date such as 2026-03-01 is expected")


def _pad_days(values: pd.Series) -> pd.Series:
    """Write the date at the beginning as 2026-03-01; the time after it stays."""
    compact = _without_serials(values.str.strip()).str.replace(
        r"^([0-9]{4})([0-9]{2})([0-9]{2})(?![0-9])", r"\1-\2-\3", regex=True
    )
    parts = r"^([0-9]{4})[-./年]([0-9]{1,2})[-./月]([0-9]{1,2})(?:[日号]|(?![0-9日号]))\s*"
    padded = compact.str.replace(
        parts, lambda m: f"{m[1]}-{int(m[2]):02d}-{int(m[3]):02d} ", regex=True
    )
    return _pad_hours(padded.str.replace(r"^(\S+) T", r"\1 ", regex=True).str.strip())


def _pad_hours(values: pd.Series) -> pd.Series:
    """Write the time after a date, 8时30分 or 8:30, as 08:30."""
    date_first = r"^([0-9]{4}-[0-9]{2}-[0-9]{2}) ([0-9]{1,2})"
    in_words = values.str.replace(
        date_first + r"[时点](?:([0-9]{1,2})分?(?:([0-9]{1,2})秒)?)?$",
        lambda m: f"{m[1]} {int(m[2]):02d}:{int(m[3] or 0):02d}:{int(m[4] or 0):02d}",
        regex=True,
    )
    return in_words.str.replace(
        date_first + r"[:：](?=[0-9]{2})", lambda m: f"{m[1]} {int(m[2]):02d}:", regex=True
    )


_FIRST_SERIAL, _LAST_SERIAL = 20_000, 80_000  # 1954-10-03 to 2119-01-10


def _without_serials(values: pd.Series) -> pd.Series:
    """Write the days that Excel counts from 1899-12-30, 45413.5, as 2024-05-01 12:00:00."""
    counted = as_floats(values.where(values.str.fullmatch(r"[0-9]{5}(?:\.[0-9]+)?", na=False)))
    counted = counted.where((counted >= _FIRST_SERIAL) & (counted <= _LAST_SERIAL)).dropna()
    if counted.empty:
        return values
    seconds = (counted * 86_400).round().astype("int64")
    times = pd.Timestamp("1899-12-30") + pd.to_timedelta(seconds, unit="s")
    told = times.dt.strftime("%Y-%m-%d %H:%M:%S")
    return told.reindex(values.index).astype("str").fillna(values)


_OFFSET = r"(?:[+-][0-9]{2}:?[0-9]{2}|:[0-9]{2}(?:\.[0-9]+)?[+-][0-9]{2}|Z)$"
"""How a time ends that names its offset from UTC: +08:00, +0800, +08 (as PostgreSQL), Z."""


def moment(zone: str) -> Parse:
    """A date with time; without an offset it is local time of `zone` (an IANA name)."""

    def parse(values: pd.Series) -> tuple[pd.Series, pd.Series]:
        distinct = pd.Series(values.dropna().unique(), dtype="str")
        folded = _pad_days(distinct)
        has_offset = folded.str.contains(_OFFSET, regex=True)
        parsed = _times(folded.where(has_offset))
        local = _times(folded.mask(has_offset)).dt.tz_localize(None)
        local = local.dt.tz_localize(zone, ambiguous=True, nonexistent="shift_forward")
        times = parsed.fillna(local.dt.tz_convert("UTC"))
        answer = values.map(dict(zip(distinct, times, strict=True)))
        answer = pd.to_datetime(answer, utc=True)
        wrong = values.notna() & answer.isna()
        return answer, _none(values).mask(
            wrong, "a date and time such as 2026-03-01 08:30 is expected"
        )

    return parse


def _meant(values: pd.Series, meaning: Callable[[str], object]) -> pd.Series:
    """What each value means; each word is asked once, however often it stands there."""
    at, words = pd.factorize(values)
    meant = np.array([*map(meaning, words), None], dtype=object)
    return pd.Series(meant[at], index=values.index, dtype="object")


class OneOf:
    """Parses a word of a vocabulary: its code, its Chinese label or a synonym."""

    def __init__(self, words: type[Labelled], synonyms: Mapping[str, str]) -> None:
        self.labels = tuple(word.label for word in words)
        self._known = {plain(word.value): word.value for word in words}
        self._known |= {plain(word.label): word.value for word in words}
        self._known |= {plain(alias): value for alias, value in synonyms.items()}
        self._choices = "、".join(f"{word.value} {word.label}" for word in words)

    def __call__(self, values: pd.Series) -> tuple[pd.Series, pd.Series]:
        """Give the codes of the words, and a fault for every other word."""
        answer = _meant(values, lambda one: self._known.get(plain(one))).astype("str")
        wrong = values.notna() & answer.isna()
        return answer, _none(values).mask(wrong, f"is none of {self._choices}")


def one_of(words: type[Labelled], synonyms: Mapping[str, str] | None = None) -> Parse:
    """A word of the vocabulary: its code, its Chinese label or one of `synonyms`."""
    return OneOf(words, synonyms or {})


def choices(parse: Parse) -> tuple[str, ...]:
    """The words a field takes, as a screen or a template offers them; none where it is open."""
    if isinstance(parse, OneOf):
        return parse.labels
    return ("是", "否") if parse is flag else ()


_YES = {"true", "yes", "y", "1", "是", "有", "√", "t", "流动", "流动人口"}
_NO = {"false", "no", "n", "0", "否", "无", "f", "常住", "户籍", "常住人口", "户籍人口"}


_FLAGS = {**dict.fromkeys(_YES, True), **dict.fromkeys(_NO, False)}


def flag(values: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Yes or no: 是/否, yes/no, true/false, 1/0."""
    answer = _meant(values, lambda one: _FLAGS.get(one.casefold()))
    wrong = values.notna() & answer.isna()
    return answer.astype("boolean"), _none(values).mask(wrong, "yes or no (是/否) is expected")


def resident_id(today: date) -> Parse:
    """A GB 11643 resident id with a right check character."""

    def parse(values: pd.Series) -> tuple[pd.Series, pd.Series]:
        values = _only_odd(values, r"[0-9]{17}[0-9X]", _tight)
        faults = _none(values)
        given = values.dropna()
        faults.loc[given.index] = codes.resident_id_faults(given, today=today)
        return values, faults

    return parse


def _tight(ids: pd.Series) -> pd.Series:
    return ids.str.upper().str.replace(r"\s", "", regex=True)


_PHONE = r"\+?[0-9]{5,15}"
_IN_PHONES = r"[\s()（）-]"


def phone(values: pd.Series) -> tuple[pd.Series, pd.Series]:
    """A phone number: digits with + - ( ) and blanks; those are taken out."""
    values = _only_odd(values, _PHONE, lambda odd: odd.str.replace(_IN_PHONES, "", regex=True))
    wrong = values.notna() & ~values.str.fullmatch(_PHONE, na=False)
    return values, _none(values).mask(wrong, "a phone number of 5 to 15 digits is expected")
