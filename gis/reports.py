"""上报: what somebody tells of an incident, checked: all that is wrong with it in one refusal."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import gis.coordinates
import gis.dials
from gis.errors import BadInput
from gis.terms import Channel, ClassKind, Datum

MOST_CHARACTERS = {"description": 4000, "address": 500, "class_code": 64, "request_id": 80}
MOST_ACCURACY_M = 100_000
AHEAD = timedelta(minutes=5)
"""So much may a telephone's clock go ahead of ours."""
UNCLASSED = "未分类"
_TURNS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Characters without a picture that turn the text after them around: they hide what is written."""


@dataclass(frozen=True)
class Report:
    """What is told: a class of the catalogue or words, and where, if anybody knows.

    `lon`, `lat` are degrees of `datum`; `accuracy_m` is the radius in metres within which the place
    surely is; `contact` is a telephone; `request_id` is the client's own name of this report.
    """

    kind: str | None = None
    class_code: str = ""
    description: str = ""
    address: str = ""
    lon: float | None = None
    lat: float | None = None
    datum: str = Datum.WGS84
    accuracy_m: float | None = None
    channel: str = Channel.API
    contact: str = ""
    request_id: str = ""
    reported_at: datetime | None = None


def checked(report: Report, *, now: datetime) -> Report:
    """Tidy a report: WGS-84, texts without blanks around, a moment that is not still to come.

    Raises:
        BadInput: naming in `faults` every field that is wrong, its value and why.
    """
    texts: dict[str, Any] = {
        name: tidied(getattr(report, name)) for name in (*MOST_CHARACTERS, "contact")
    }
    texts["contact"] = re.sub(r"[\s()（）-]", "", texts["contact"])
    tidy = replace(report, **texts, kind=report.kind or None)
    faults = [_fault(tidy, field, reason) for field, reason in _faults(tidy, now)]
    if faults:
        told = "; ".join(f"{fault['field']} {fault['reason']}" for fault in faults)
        raise BadInput(f"the report was not taken: {told}", faults=faults)
    at = min(tidy.reported_at or now, now)
    if tidy.lon is None or tidy.lat is None:
        return replace(tidy, reported_at=at, datum=Datum.WGS84)
    lon, lat = gis.coordinates.convert_point(tidy.lon, tidy.lat, source=Datum(tidy.datum))
    return replace(tidy, lon=lon, lat=lat, datum=Datum.WGS84, reported_at=at)


def _fault(report: Report, field: str, reason: str) -> dict[str, Any]:
    value = getattr(report, field)
    shown = value if isinstance(value, float | None) else ascii(str(value)[:40])[1:-1]
    return {"field": field, "value": shown, "reason": reason}


def _faults(report: Report, now: datetime) -> Iterator[tuple[str, str]]:
    yield from _wrong_words(report)
    yield from _wrong_texts(report)
    yield from _wrong_place(report)
    if report.contact and not re.fullmatch(r"\+?[0-9]{5,15}", report.contact):
        yield "contact", "is no telephone: 5 to 15 digits are expected"
    if report.reported_at is not None:
        if fault := untimely(report.reported_at):
            yield "reported_at", fault
        elif report.reported_at > now + AHEAD:
            yield "reported_at", "is still to come"


def _wrong_words(report: Report) -> Iterator[tuple[str, str]]:
    for field, words in (("kind", ClassKind), ("channel", Channel), ("datum", Datum)):
        value = getattr(report, field)
        if value is not None and value not in set(words):
            yield field, f"is none of {', '.join(words)}"
    if not report.class_code and not report.description:
        yield "description", "is missing: say in words what it is, or name a class"


def _wrong_texts(report: Report) -> Iterator[tuple[str, str]]:
    for field, most in MOST_CHARACTERS.items():
        text = getattr(report, field)
        if len(text) > most:
            yield field, f"is longer than {most:,} characters"
        if fault := unreadable(text, lines=field == "description"):
            yield field, fault
    if re.search(r"\s", report.class_code):
        yield "class_code", "is a code, and has no blanks"


def tidied(text: str) -> str:
    """A text as residents send it, without blanks around and without the turning characters that
    telephones put around copied numbers."""
    return _TURNS.sub("", text).strip()


def unreadable(text: str, *, lines: bool = False) -> str | None:
    """Say why a text cannot be kept: characters that command or turn, or are half of one."""
    allowed = "\n\r\t" if lines else ""
    for one in text:
        commands = one not in allowed and unicodedata.category(one) in {"Cc", "Cs"}
        if commands or _TURNS.match(one):
            return f"holds the character U+{ord(one):04X}, which nobody can read"
    return None


def untimely(at: datetime) -> str | None:
    """Say why an instant cannot be kept: without a zone, or in years no calendar here has.

    PostgreSQL keeps instants that no datetime can hold; who reads one back fails over it.
    """
    if at.tzinfo is None:
        return "says no time zone, like 2026-03-01T12:00+08:00"
    first, last = gis.dials.FIRST_DAY.year, gis.dials.LAST_DAY.year
    return None if first <= at.year <= last else f"lies outside of the years {first} to {last}"


def _wrong_place(report: Report) -> Iterator[tuple[str, str]]:
    accuracy = report.accuracy_m
    if accuracy is not None and not 0 <= accuracy <= MOST_ACCURACY_M:  # NaN is not
        yield "accuracy_m", f"is in metres, from 0 to {MOST_ACCURACY_M:,}"
    if (report.lon is None) != (report.lat is None):
        yield ("lat" if report.lat is None else "lon"), "is missing beside the other degree"
    for field, most in (("lon", 180), ("lat", 90)):
        value = getattr(report, field)
        if value is not None and not (math.isfinite(value) and abs(value) <= most):
            yield field, f"is in degrees, from -{most} to {most}"


def masked(contact: str) -> str:
    """13812341234 → 138****1234; of a short number only the last two digits stay."""
    return f"{contact[:3]}****{contact[-4:]}" if len(contact) >= 11 else f"****{contact[-2:]}"
