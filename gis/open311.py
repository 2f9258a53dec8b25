"""Open311 GeoReport v2: what a question asks, and how services and requests are told.

The names are those of the specification. A class of the catalogue is a service, `event-0113`; a
case is a request, known by the code to follow it by, which nobody guesses. Free text, addresses,
media and reporters are never told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import gis.reports
from gis.errors import BadInput, NotFound
from gis.terms import ENDED_STATES, CaseState, ClassKind

if TYPE_CHECKING:
    from gis.catalogue import CaseClass

WINDOW = timedelta(days=90)
_TO_THE_SECOND = timedelta(microseconds=999_999)
"""What came within a second is told as of its beginning; whoever goes on from there misses none."""
MOST = 1000
OPEN, CLOSED = "open", "closed"
CONDITION = "condition"
"""The one attribute of our services: which filing condition of the class is met."""
Row = dict[str, Any]


# Questions


@dataclass(frozen=True)
class Asked:
    """Which requests are asked for: by their ids, else from `start` to `end`, newest first."""

    ids: tuple[str, ...] = ()
    services: tuple[tuple[str, str], ...] = ()
    start: datetime | None = None
    end: datetime | None = None
    is_open: bool | None = None
    jurisdiction: str = ""
    extended: bool = False


def asked(told: Mapping[str, str], *, now: datetime) -> Asked:
    """Read the arguments of GET requests; an empty one counts as none.

    Raises:
        BadInput: an argument that is none of the specification's, or a span over 90 days.
    """
    ids = tuple(dict.fromkeys(_several(told.get("service_request_id"))))
    if len(ids) > MOST:
        raise BadInput(f"{len(ids):,} requests at once are too many; ask for {MOST:,} at most")
    wanted = Asked(
        ids=ids,
        jurisdiction=(told.get("jurisdiction_id") or "").strip(),
        extended=(told.get("extensions") or "").strip().lower() in {"true", "1"},
    )
    if ids:
        return wanted
    start, end = _window(told.get("start_date"), told.get("end_date"), now)
    return replace(
        wanted,
        services=tuple(map(read_service, _several(told.get("service_code")))),
        start=start,
        end=end,
        is_open=_status(_several(told.get("status"))),
    )


def _several(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def _status(words: list[str]) -> bool | None:
    unknown = [word for word in words if word.lower() not in {OPEN, CLOSED}]
    if unknown:
        raise BadInput(f"status is {unknown[0]!r}; choose from {OPEN}, {CLOSED}", field="status")
    told = {word.lower() == OPEN for word in words}
    return told.pop() if len(told) == 1 else None


def _window(start: str | None, end: str | None, now: datetime) -> tuple[datetime, datetime]:
    first, last = moment(start, "start_date"), moment(end, "end_date")
    if first is None:
        last = last or now
        first = last - WINDOW
    last = last or first + WINDOW
    if last < first:
        raise BadInput("end_date is before start_date", field="end_date", value=end)
    if last - first > WINDOW:
        raise BadInput(
            f"start_date and end_date are {(last - first).days} days apart; ask for 90 at most",
            field="end_date",
            value=end,
        )
    return first, last + _TO_THE_SECOND


def moment(text: str | None, field: str) -> datetime | None:
    """Read an instant as W3C writes it, its offset included; None for nothing.

    Raises:
        BadInput: it is none, or names no offset.
    """
    if not (text or "").strip():
        return None
    try:
        # a + in an address that was not written as %2B comes as a blank
        at = datetime.fromisoformat(re.sub(r" (?=\d\d:?\d\d$)", "+", str(text).strip()))
    except ValueError:
        at = None
    fault = gis.reports.untimely(at) if at else "is no time, like 2026-03-01T12:00:00+08:00"
    if fault or at is None:
        raise BadInput(f"{field} {text!r} {fault}", field=field, value=text)
    return at


@dataclass(frozen=True)
class Told:
    """What POST requests brings: the specification's fields, attributes by their code."""

    fields: Mapping[str, str]
    attributes: Mapping[str, list[str]] = field(default_factory=dict)
    request_id: str = ""

    def __getitem__(self, name: str) -> str:
        """A field; what is empty counts as not told."""
        return (self.fields.get(name) or "").strip()


# Services


def service_code(kind: str | None, code: str | None) -> str | None:
    """Write a class as a service: event, 0113 → event-0113; a code alone is of no one kind."""
    return f"{kind}-{code}" if kind and code else None


def read_service(text: str) -> tuple[str, str]:
    """Read a service code as kind and code of a class.

    Raises:
        NotFound: it is none.
    """
    kind, _, code = text.strip().partition("-")
    if kind not in set(ClassKind) or not code:
        raise NotFound(
            f"service_code {text[:80]!r} was not found; see services", field="service_code"
        )
    return kind, code


def service(one: CaseClass) -> Row:
    """A class as GET services tells it."""
    return {
        "service_code": service_code(one.kind, one.code),
        "service_name": one.name,
        "description": "；".join(each.filing for each in one.conditions),
        "metadata": len(one.conditions) > 1,
        "type": "realtime",
        "keywords": ", ".join(dict.fromkeys((one.kind.label, one.major_name, *one.skills))),
        "group": one.major_name,
    }


def definition(one: CaseClass) -> Row:
    """A class as GET services/code tells it: it may be told which filing condition is met."""
    values = [{"key": str(each.number), "name": each.filing} for each in one.conditions]
    attribute = {
        "variable": True,
        "code": CONDITION,
        "datatype": "singlevaluelist",
        "required": False,
        "datatype_description": "立案条件",
        "order": 1,
        "description": "现场符合哪一条立案条件？",
        "values": values,
    }
    return {
        "service_code": service_code(one.kind, one.code),
        "attributes": [attribute] if len(values) > 1 else [],
    }


def filing(one: CaseClass, told: Mapping[str, list[str]]) -> str:
    """The filing condition that attributes name, in words; nothing where none is named.

    Raises:
        BadInput: an attribute or a value that the service has not.
    """
    choices = {str(each.number): each.filing for each in one.conditions}
    known = {CONDITION} if len(choices) > 1 else set()
    if unknown := sorted(set(told) - known):
        raise BadInput(
            f"service {service_code(one.kind, one.code)} has no attribute {unknown[0][:80]!r}",
            field=f"attribute[{unknown[0][:80]}]",
        )
    values = [value for value in told.get(CONDITION, []) if value]
    if len(values) > 1 or any(value not in choices for value in values):
        raise BadInput(
            f"attribute[{CONDITION}] is {', '.join(values)[:80]!r}; "
            f"choose one of {', '.join(choices)}",
            field=f"attribute[{CONDITION}]",
            choices=list(choices),
        )
    return choices[values[0]] if values else ""


# Requests


def status(state: str) -> str:
    """What is to be done still is open."""
    return CLOSED if state in ENDED_STATES else OPEN


def request(case: Mapping[str, Any], request_id: str, *, extended: bool) -> Row:
    """A case as GET requests tells it; where, and who has it, only if `case` says `is_told`."""
    state = CaseState(case["state"])
    told = {
        "service_request_id": request_id,
        "status": status(state),
        "status_notes": state.label,
        "service_name": case["class_name"],
        "service_code": service_code(case["kind"], case["class_code"]),
        "description": None,
        "agency_responsible": case["unit"] if case["is_told"] else None,
        "service_notice": None,
        "requested_datetime": when(case["reported_at"]),
        "updated_datetime": when(case["closed_at"] or case["updated_at"]),
        "expected_datetime": when(case["due_at"]),
        "address": None,
        "address_id": None,
        "zipcode": None,
        "lat": case["lat"] if case["is_told"] else None,
        "long": case["lon"] if case["is_told"] else None,
        "media_url": None,
    }
    if extended:
        told["extended_attributes"] = {
            "code": case["code"],
            "state": str(state),
            "cell": case["cell"] if case["is_told"] else None,
            "cell_name": case["cell_name"] if case["is_told"] else None,
            "overdue": case["overdue_at"] is not None,
        }
    return told


def when(at: datetime | None) -> str | None:
    """An instant as W3C writes it, in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


# XML

_UNWRITTEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no way to write."""
_ONE = {
    "attributes": "attribute",
    "values": "value",
    "endpoints": "endpoint",
    "formats": "format",
}
"""What an element of a list is called."""


def as_xml(root: str, rows: Iterable[Row] | Row, each: str = "") -> bytes:
    """Write rows, each as an element `each`, or one row itself, under `root`."""
    top = ElementTree.Element(root)
    if isinstance(rows, dict):
        _fill(top, rows)
    else:
        for row in rows:
            _fill(ElementTree.SubElement(top, each), row)
    told: bytes = ElementTree.tostring(top, encoding="utf-8", xml_declaration=True)
    return told


def _fill(element: ElementTree.Element, row: Mapping[str, Any]) -> None:
    for name, value in row.items():
        child = ElementTree.SubElement(element, name)
        if isinstance(value, list):
            for one in value:
                part = ElementTree.SubElement(child, _ONE[name])
                if isinstance(one, dict):
                    _fill(part, one)
                else:
                    part.text = str(one)
        elif isinstance(value, dict):
            _fill(child, value)
        elif value is not None:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            child.text = _UNWRITTEN.sub("", text)
