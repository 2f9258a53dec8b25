"""照片 in the store: the photographs of a case, numbered within it, brought by its events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.cases
from data.cases import Case
from gis.access import Viewer
from gis.cases import ENDED, Said
from gis.errors import NotAllowed, NotFound, TooLarge
from gis.photos import FAR_M, MOST
from gis.terms import Move

if TYPE_CHECKING:
    from data.files.picture import Picture  # it loads a decoder

FRESH = timedelta(days=1)
LEAST_ID = 16
"""A request id of so many characters is guessed by nobody."""


class Size(StrEnum):
    """A photograph as it is kept, or small for a list."""

    IMAGE = "image"
    THUMBNAIL = "thumbnail"


# Looking

_OF_CASE = f"""
    SELECT p.number, p.width, p.height, p.taken_at, p.added_at, p.event_id AS event,
           round(m.photo_distance_m) AS photo_distance_m,
           coalesce(m.photo_distance_m > {FAR_M}, false) AS is_far
    FROM case_photo p JOIN case_file f ON f.id = p.case_id,
         LATERAL (SELECT ST_Distance(p.taken::geography, f.geom::geography)) m (photo_distance_m)
    WHERE p.case_id = :case ORDER BY p.number
"""


def of_case(db: Session, case: Case) -> list[dict[str, Any]]:
    """List the photographs of a case, without their pixels.

    `photo_distance_m` is how far from the reported place one was taken, null where nobody knows;
    `is_far` says that it is too far to be passed over.
    """
    rows = db.execute(sa.text(_OF_CASE), {"case": case.id}).mappings()
    return [dict(row) for row in rows]


async def picture(
    connection: psycopg.AsyncConnection[Any], code: str, number: int, size: Size
) -> bytes:
    """Read the JPEG of a photograph.

    Raises:
        NotFound: the viewer sees no such photograph.
    """
    query = f"""
        SELECT p.{size.value} FROM case_photo p
        JOIN case_file f ON f.id = p.case_id WHERE f.code = %(code)s AND p.number = %(number)s
    """
    found = await connection.execute(query, {"code": code, "number": number}, binary=True)
    row = await found.fetchone()
    if row is None:
        raise NotFound(f"no photograph {number} of a case {code!r} is in your charge")
    return bytes(row[0])


# Adding


def check_reporter(db: Session, case: Case, request_id: str, *, now: datetime) -> None:
    """See that who adds to a case reported it: he knows its request id, and it is fresh.

    Raises:
        NotFound: the case has another request id; nobody learns more.
        NotAllowed: the report is old, or the case has ended.
    """
    query = "SELECT request_id FROM case_file WHERE id = :id"
    its = db.scalar(sa.text(query), {"id": case.id})
    if len(request_id) < LEAST_ID or its != request_id:
        raise no_report(case.code)
    if case.state in ENDED or case.reported_at is None or case.reported_at < now - FRESH:
        raise NotAllowed(
            "photographs are added to one's own report within a day and while it is open; "
            "report again what is still so"
        )


def no_report(code: str) -> NotFound:
    """Say that a report is not his who asks, or not there: which of both, nobody learns."""
    return NotFound(
        f"no report {code!r} has that request id; one of {LEAST_ID} characters and more "
        "shows that a report is yours"
    )


def add(
    db: Session, case: Case, pictures: Sequence[Picture], *, words: str, by: Viewer, now: datetime
) -> tuple[list[int], list[int]]:
    """Add photographs to a locked case, as one event of it; tell their numbers, and the new ones.

    One that the case has already keeps its number; without a new one nothing happens.

    Raises:
        TooLarge: the case would have more than it may.
    """
    digests = [one.digest for one in pictures]
    query = "SELECT digest, number FROM case_photo WHERE case_id = :case"
    known = {bytes(row.digest): row.number for row in db.execute(sa.text(query), {"case": case.id})}
    new = {
        digest: picture
        for digest, picture in zip(digests, pictures, strict=True)
        if digest not in known
    }
    if len(known) + len(new) > MOST:
        raise TooLarge(
            f"a case has at most {MOST} photographs; this one has {len(known)}, and {len(new)} "
            "are new"
        )
    numbers = dict(zip(new, range(len(known) + 1, MOST + 1), strict=False))
    if new:
        told = Said(
            words=words or f"照片 {len(new)} 张 photographs",
            detail={"photos": list(numbers.values())},
        )
        data.cases.move(db, case, Move.NOTE, told, by=by, now=now)
        _insert(db, case, new, numbers, now=now)
    return [(known | numbers)[digest] for digest in digests], list(numbers.values())


_INSERT = """
    INSERT INTO case_photo (case_id, event_id, number, digest, width, height, image, thumbnail,
                            taken_at, taken, added_at)
    SELECT :case, (SELECT max(id) FROM case_event WHERE case_id = :case), :number, :digest, :width,
           :height, :image, :thumbnail, :taken_at,
           ST_SetSRID(ST_MakePoint(CAST(:lon AS float8), CAST(:lat AS float8)), 4326), :now
"""


def _insert(
    db: Session,
    case: Case,
    new: dict[bytes, Picture],
    numbers: dict[bytes, int],
    *,
    now: datetime,
) -> None:
    for digest, one in new.items():
        lon, lat = one.taken or (None, None)
        db.execute(
            sa.text(_INSERT),
            {
                "case": case.id, "number": numbers[digest], "digest": digest, "width": one.width,
                "height": one.height, "image": one.image, "thumbnail": one.thumbnail,
                "taken_at": one.taken_at, "lon": lon, "lat": lat, "now": now,
            },
        )  # fmt: skip
