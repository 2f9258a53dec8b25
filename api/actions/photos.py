"""照片: photographs added to a case, by whoever has it in charge or by who reported it; listed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.cases
import data.db
import data.files.picture
import data.journal
import data.photos
import data.scope
import gis.reports
from data.cases import Case
from data.files.picture import Picture
from gis.access import INTAKE, Right, Viewer
from gis.errors import BadInput, NotAllowed, NotFound, TooLarge
from gis.photos import MOST


def add(
    store: sa.Engine,
    code: str,
    contents: Sequence[bytes],
    *,
    by: Viewer,
    now: datetime,
    zone: tzinfo,
    words: str = "",
    request_id: str = "",
) -> dict[str, Any]:
    """Add photographs (files as they came) to a case; all of them, or none.

    With its `request_id` whoever reported the case adds to it, signed in or not. EXIF times
    without an offset are local times of `zone`.

    Raises:
        BadInput, TooLarge: a file is no photograph that is taken; each is named, with why.
        NotFound, NotAllowed: it is not his to add to.
    """
    by = by if not request_id else INTAKE
    if not by.may(Right.CASES):
        raise NotAllowed(
            "photographs are added by those in charge, or with the report's request id"
        )
    with data.scope.transaction(store, by, keep=False) as db:  # before a decoder does any work
        _his(db, data.cases.find, code, request_id, now)
    if fault := gis.reports.unreadable(words, lines=True):
        raise BadInput(f"words {fault}", field="words")
    pictures = _read(contents, zone)
    with data.scope.transaction(store, by) as db:
        case = _his(db, data.cases.locked, code, request_id, now)
        numbers, new = data.photos.add(db, case, pictures, words=words, by=by, now=now)
        shown = [one for one in data.photos.of_case(db, case) if one["number"] in numbers]
        if new:
            data.db.bump(db, "cases")
            data.journal.write(
                db, actor=by.login, act="photos-add", subject=f"case:{code}", numbers=new
            )
    return {"code": code, "photos": shown}


def _his(
    db: Session, get: Callable[[Session, str], Case], code: str, request_id: str, now: datetime
) -> Case:
    """Get the case, if it is his who asks."""
    try:
        case = get(db, code)
    except NotFound as error:
        raise data.photos.no_report(code) if request_id else error from None
    if request_id:
        data.photos.check_reporter(db, case, request_id, now=now)
    return case


def _read(contents: Sequence[bytes], zone: tzinfo) -> list[Picture]:
    """Make every file safe to keep, or name all that cannot be."""
    if not 1 <= len(contents) <= MOST:
        raise BadInput(f"bring 1 to {MOST} photographs at once, not {len(contents)}")
    pictures, faults = [], []
    for place, content in enumerate(contents, start=1):
        try:
            pictures.append(data.files.picture.read(content, zone=zone))
        except (BadInput, TooLarge) as error:
            faults.append({"file": place, "reason": str(error)})
    if faults:
        told = "; ".join(f"file {one['file']}: {one['reason']}" for one in faults)
        raise BadInput(f"no photograph was added: {told}", faults=faults)
    return pictures


def of_case(store: sa.Engine, code: str, *, by: Viewer) -> dict[str, Any]:
    """List the photographs of a case; how far from the reported place each was taken."""
    with data.scope.transaction(store, by, keep=False) as db:
        case = data.cases.find(db, code)
        return {"code": code, "photos": data.photos.of_case(db, case), "most": MOST}
