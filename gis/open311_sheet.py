"""Requests of another city's GeoReport → rows of cases: what each service is here, each id once."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping

import pandas as pd

from gis import rows

_PLACE = {"lat": "lat", "long": "lon"}
_KEPT = {
    "service_name": "title", "status": "state", "requested_datetime": "reported_at",
    "expected_datetime": "due_at", "address": "address", "description": "description",
}  # fmt: skip
"""Fields of the specification, and those of a case; status notes and media stay where they are."""
NEEDED = ("service_request_id", "service_code", "service_name", "status", "updated_datetime")
PROPOSAL = ("service_code", "service_name", "requests", "class", "class_name")
"""The columns of a file that says what each service is here; `class` as event-0113."""
_LIKE = 0.75


def completed(frame: pd.DataFrame) -> pd.DataFrame:
    """Keep the columns of the specification that are used, those that are missing left empty."""
    columns = dict.fromkeys((*NEEDED, *_KEPT, *_PLACE))
    told = frame.reindex(columns=list(columns)).astype("str")
    stripped: pd.DataFrame = told.apply(lambda one: one.str.strip())
    return stripped.mask(stripped == "")


def latest(frame: pd.DataFrame) -> pd.DataFrame:
    """Keep of each id the row that was updated last; of equal ones a closed one, then the later.

    Rows without an id all stay.
    """
    at = pd.to_datetime(frame["updated_datetime"], errors="coerce", utc=True, format="ISO8601")
    closed = frame["status"].str.lower().eq("closed")
    order = pd.DataFrame({"at": at, "closed": closed, "row": frame.index}, index=frame.index)
    last = order.sort_values(["at", "closed", "row"], na_position="first").index
    ordered = frame.loc[last]
    again = ordered["service_request_id"].duplicated(keep="last")
    return ordered[~again | ordered["service_request_id"].isna()].sort_index()


def services(frame: pd.DataFrame) -> pd.DataFrame:
    """The services met, with how many requests of each: service_code, service_name, requests."""
    named = frame[["service_code", "service_name"]].fillna("")
    counted = named.value_counts(sort=False).rename("requests").reset_index()
    return counted.sort_values(["requests", "service_code"], ascending=[False, True])


def proposed(
    found: pd.DataFrame, catalogue: Mapping[str, str], words: Iterable[tuple[str, str]]
) -> pd.DataFrame:
    """Propose a class for each service: the same code or name, a similar one, or by `words`.

    `catalogue` are the names by service code; `words` are patterns and the class they stand for.
    What nothing fits is left blank: somebody decides.
    """
    by_name = {name: code for code, name in catalogue.items()}
    patterns = [(re.compile(text, re.IGNORECASE), code) for text, code in words]

    def guess(code: str, name: str) -> str:
        if code in catalogue:
            return code
        close = difflib.get_close_matches(name, by_name, n=1, cutoff=_LIKE)
        if close:
            return by_name[close[0]]
        fits = (to for pattern, to in patterns if pattern.search(name) and to in catalogue)
        return next(fits, "")

    pairs = zip(found["service_code"], found["service_name"], strict=True)
    told = found.assign(**{"class": [guess(code, name) for code, name in pairs]})
    told["class_name"] = told["class"].map(catalogue).fillna("")
    return told[list(PROPOSAL)]


def classes(
    frame: pd.DataFrame, catalogue: Mapping[str, str], mapping: Mapping[str, str], other: str
) -> pd.Series:
    """The class of each request: what `mapping` says of its service, by code or else by name; the
    same service here; else `other`. Missing where nothing is said."""
    known = {code: code for code in catalogue} | dict(mapping)
    by_code = frame["service_code"].map(known).astype("str")
    told = by_code.fillna(frame["service_name"].map(dict(mapping)).astype("str"))
    return (told.fillna(other) if other else told).astype("str")


def unplaced(frame: pd.DataFrame, classed: pd.Series) -> list[str]:
    """Say of each service that nobody placed how many requests stay outside for it."""
    met = services(frame[classed.isna()])
    return [
        f"{one.requests:,} requests of {one.service_name!r} ({one.service_code}) have no class here"
        for one in met.itertuples()
    ]


def faults(frame: pd.DataFrame, classed: pd.Series, catalogue: Mapping[str, str]) -> pd.DataFrame:
    """Requests without an id, of a service that nobody said what it is, or of no class."""
    service = frame["service_name"].fillna("") + " (" + frame["service_code"].fillna("") + ")"
    wrong = (
        ("service_request_id", frame["service_request_id"].isna(), "is missing"),
        (
            "service_code",
            classed.isna(),
            "say which class it is: in the file of --classes, or --other",
        ),
        (
            "service_code",
            classed.notna() & ~classed.isin(list(catalogue)),
            "is given a class that the catalogue has not",
        ),
    )
    told = [
        pd.DataFrame(
            {
                "row": frame.index[at],
                "field": field,
                "value": service[at].to_numpy(),
                "reason": reason,
            }
        )
        for field, at, reason in wrong
        if at.any()
    ]
    return pd.concat(told) if told else rows.no_faults()


def as_cases(frame: pd.DataFrame, classed: pd.Series, *, source: str) -> pd.DataFrame:
    """Write requests as rows of a sheet of cases; the code is the source's name and its id."""
    told = frame.rename(columns=_KEPT | _PLACE)[[*_KEPT.values(), *_PLACE.values()]]
    is_closed = frame["status"].str.lower().eq("closed")
    return told.assign(
        code=f"{source}:" + frame["service_request_id"],
        class_code=classed.str.replace("^[^-]*-", "", regex=True),
        closed_at=frame["updated_datetime"].where(is_closed),
    )
