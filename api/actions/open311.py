"""Open311: what may be reported, reports that come by a key, and what is told of them."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import api.actions.follow
import api.actions.reports
import data.case_report
import data.catalogue
import data.journal
import data.open311
import data.scope
import gis.open311
from data.open311 import Key
from data.seal import Seal
from gis.access import Viewer
from gis.catalogue import CaseClass
from gis.errors import BadInput, Conflict, NotFound
from gis.follow import Followed
from gis.open311 import Asked, Row, Told
from gis.reports import Report
from gis.terms import Channel

MOST_REQUEST_ID = 60

# Services


def services(store: sa.Engine, jurisdiction: str = "") -> list[Row]:
    """List the classes of the catalogue as services; of two systems' equal ones the first."""
    with data.scope.transaction(store, data.open311.reader(), keep=False) as db:
        data.open311.scope_of(db, jurisdiction)
        found = data.catalogue.classes(db)
    told = {gis.open311.service_code(one.kind, one.code): one for one in reversed(found)}
    return [gis.open311.service(one) for one in reversed(told.values())]


def definition(store: sa.Engine, service_code: str, jurisdiction: str = "") -> Row:
    """What may be told besides when reporting to a service.

    Raises:
        NotFound: there is no such service.
    """
    with data.scope.transaction(store, data.open311.reader(), keep=False) as db:
        data.open311.scope_of(db, jurisdiction)
        return gis.open311.definition(_class(db, service_code))


def _class(db: Session, service_code: str) -> CaseClass:
    kind, code = gis.open311.read_service(service_code)
    found = data.catalogue.classes(db, kind=kind, code=code)
    if not found:
        raise NotFound(
            f"service_code {service_code[:80]!r} was not found; see services", field="service_code"
        )
    return found[0]


# Reporting


def report(store: sa.Engine, told: Told, *, seal: Seal, now: datetime) -> Row:
    """Make a case of a service request, once for one request id of one key.

    Of the person only the telephone is kept, sealed; media are not fetched.

    Raises:
        NotAllowed: no valid key. NotFound: no such service, jurisdiction or building.
        BadInput: everything else that is wrong with it. TooOften: over the pace of the key.
    """
    with data.scope.transaction(store, data.open311.reader(), keep=False) as db:
        key = data.open311.key_of(db, told["api_key"], jurisdiction=told["jurisdiction_id"])
        data.open311.scope_of(db, told["jurisdiction_id"])
        report = replace(_report(db, told, key), request_id=_request_id(told, key, seal))
    by = Viewer(login=f"open311:{key.label}", name=key.label)

    def beside(db: Session, begun: data.case_report.Begun) -> None:
        data.open311.sent(db, begun.id, key)

    try:
        made = api.actions.reports.report(store, report, by=by, seal=seal, now=now, beside=beside)
    except Conflict as error:
        raise Conflict(
            f"the request id {told.request_id!r} was used for another report; choose a new one: "
            "nothing was taken",
            field="request_id",
        ) from error
    return {
        "service_request_id": made["follow"],
        "service_notice": f"案卷号 {made['code']}",
        "account_id": None,
    }


def _request_id(told: Told, key: Key, seal: Seal) -> str:
    """The program's own name of its report as we keep it: nobody else can take that name before.

    Raises:
        BadInput: a name that is too long.
    """
    if len(told.request_id) > MOST_REQUEST_ID:
        raise BadInput(
            f"request_id is longer than {MOST_REQUEST_ID} characters", field="request_id"
        )
    name = told.request_id or secrets.token_hex(16)
    digest = seal.index("open311", [f"{key.id}:{name}"])[0]
    assert digest is not None
    return f"o311:{digest.hex()[:40]}"


def _report(db: Session, told: Told, key: Key) -> Report:
    if not told["service_code"]:
        raise BadInput("service_code was not provided", field="service_code")
    one = _class(db, told["service_code"])
    met = gis.open311.filing(one, told.attributes)
    return _placed(
        db,
        told,
        Report(
            kind=one.kind,
            class_code=one.code,
            description="\n".join(filter(None, (told["description"], met))),
            channel=Channel.OPEN311,
            contact=told["phone"],
        ),
    )


def _placed(db: Session, told: Told, report: Report) -> Report:
    report = replace(report, address=told["address_string"])
    if told["lat"] or told["long"]:
        return replace(report, lat=_degrees(told, "lat"), lon=_degrees(told, "long"))
    if told["address_id"]:
        known = data.open311.address(db, told["address_id"])
        address = report.address or known["address"] or ""
        return replace(report, lon=known["lon"], lat=known["lat"], address=address)
    if not report.address:
        raise BadInput("lat and long, address_string or address_id must be provided", field="lat")
    return report


_DEGREES = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def _degrees(told: Told, name: str) -> float:
    if not _DEGREES.fullmatch(
        told[name]
    ):  # float() would also read 1_0 and digits of other scripts
        raise BadInput(f"{name} {told[name][:40]!r} is no number of degrees", field=name)
    return float(told[name])


# Telling


def requests(store: sa.Engine, wanted: Asked, *, key: str, seal: Seal) -> list[Row]:
    """Tell of requests: those named by their ids, else those of published classes and of the key.

    Raises:
        NotAllowed: a key is told that is none. NotFound: no such jurisdiction.
    """
    with data.scope.transaction(store, data.open311.reader(), keep=False) as db:
        whose = data.open311.key_of(db, key) if key else None
        scope = data.open311.scope_of(db, wanted.jurisdiction)
    with data.scope.transaction(store, data.open311.reader(scope), keep=False) as db:
        if wanted.ids:
            numbers, codes = _read(wanted.ids, seal)
            found = data.open311.named(db, numbers, codes, key=whose)
        else:
            found = data.open311.requests(db, wanted, key=whose)
    return [
        gis.open311.request(
            row, api.actions.follow.code(Followed.CASE, row["id"], seal), extended=wanted.extended
        )
        for row in found
    ]


def request(store: sa.Engine, wanted: Asked, *, key: str, seal: Seal) -> list[Row]:
    """Tell of one request.

    Raises:
        NotFound: nobody has that id.
    """
    found = requests(store, wanted, key=key, seal=seal)
    if not found:
        raise NotFound("service_request_id was not found", field="service_request_id")
    return found


def token(store: sa.Engine, told: str, *, jurisdiction: str, seal: Seal) -> Row:
    """Tell the request that a token became: ours are told at once, so the id is its own token.

    Raises:
        NotFound: there is no such token.
    """
    try:
        found = request(store, Asked(ids=(told,), jurisdiction=jurisdiction), key="", seal=seal)
    except NotFound as error:
        if error.facts.get("field") == "jurisdiction_id":
            raise
        raise NotFound("token was not found", field="token") from error
    return {"service_request_id": found[0]["service_request_id"], "token": told}


def _read(ids: Iterable[str], seal: Seal) -> tuple[list[int], list[str]]:
    """Numbers of the cases that codes to follow by are true of; the rest may be case numbers."""
    numbers: list[int] = []
    codes: list[str] = []
    for told in ids:
        number = api.actions.follow.read(told, Followed.CASE, seal)
        if number is None:
            codes.append(told)
        else:
            numbers.append(number)
    return numbers, codes


# What the city decides


def add_key(
    store: sa.Engine, label: str, *, jurisdiction: str, per_hour: int, by: Viewer
) -> tuple[int, str]:
    """Give an organisation a key; return its number and the key, which is told this once."""
    with data.scope.transaction(store, by) as db:
        number, key = data.open311.add_key(db, label, jurisdiction=jurisdiction, per_hour=per_hour)
        data.journal.write(db, actor=by.login, act="open311-key", subject=label, number=number)
    return number, key


def revoke_key(store: sa.Engine, number: int, *, by: Viewer) -> str:
    """End a key; return whose it was."""
    with data.scope.transaction(store, by) as db:
        label = data.open311.revoke_key(db, number)
        data.journal.write(db, actor=by.login, act="open311-revoke", subject=label, number=number)
    return label


def keys(store: sa.Engine, *, by: Viewer) -> list[dict[str, Any]]:
    """List the keys."""
    with data.scope.transaction(store, by, keep=False) as db:
        return data.open311.keys(db)


def name_jurisdiction(store: sa.Engine, name: str, division: str | None, *, by: Viewer) -> None:
    """Give the city or a division a name that others ask for it by."""
    if not (0 < len(name) <= 100 and name.isascii() and name.isprintable() and " " not in name):
        raise BadInput(f"{name!r} is no name of a jurisdiction; write it as city.gov.cn")
    with data.scope.transaction(store, by) as db:
        data.open311.name_jurisdiction(db, name, division)
        data.journal.write(
            db, actor=by.login, act="open311-jurisdiction", subject=name, area=division
        )


def publish(
    store: sa.Engine, services: Iterable[str], *, public: bool, by: Viewer
) -> list[tuple[str, str]]:
    """Tell anybody of the cases of these services from now on, or no more; return what is told."""
    classes = [gis.open311.read_service(one) for one in services]
    with data.scope.transaction(store, by) as db:
        if public:
            data.open311.publish(db, classes)
        else:
            data.open311.unpublish(db, classes)
        if classes:
            told = ", ".join("-".join(one) for one in classes)
            act = "open311-publish" if public else "open311-unpublish"
            data.journal.write(db, actor=by.login, act=act, subject=told)
        return data.open311.published(db)
