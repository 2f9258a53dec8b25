"""社区云 as its editors write it: rows of a division, as of the version that was seen.

Which rows somebody may write, the row policies decide; what is taken back stays as a row.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from data.locate import IN_FORCE
from gis.errors import BadInput, Conflict, NotAllowed, NotFound

MOST_LISTED = 500


class Page(StrEnum):
    """What editors write: the table it lies in."""

    NOTICE = "notice"
    GUIDE = "guide"
    POLL = "poll"
    MEETING = "council"
    DECISION = "council_decision"


_CHARGE = {page: "in_charge(t.area_no)" for page in Page if page is not Page.DECISION} | {
    Page.DECISION: "in_charge((SELECT c.area_no FROM council c WHERE c.id = t.council_id))"
}


def listed(
    db: Session, page: Page, *, taken_back: bool = False, limit: int = 100
) -> list[dict[str, Any]]:
    """The rows in the viewer's charge with all that an editor sees of them, the newest first; or
    those that were taken back, the last one first.
    """
    query = f"""
        SELECT to_jsonb(t) - 'area_no' - 'account' - 'request_id' FROM {page} t
        WHERE t.taken_back_at IS {"NOT" if taken_back else ""} NULL AND {_CHARGE[page]}
        ORDER BY t.taken_back_at DESC, t.id DESC LIMIT :limit
    """
    return list(db.scalars(sa.text(query), {"limit": limit}))


def one(db: Session, page: Page, number: int, *, taken_back: bool = False) -> dict[str, Any]:
    """A row as it stands, or one that was taken back.

    Raises:
        NotFound: there is none. NotAllowed: it is not in the viewer's charge.
    """
    query = f"""
        SELECT t.*, {_CHARGE[page]} AS is_own FROM {page} t
        WHERE t.id = :id AND t.taken_back_at IS {"NOT" if taken_back else ""} NULL
    """
    row = db.execute(sa.text(query), {"id": number}).mappings().one_or_none()
    if row is None:
        raise NotFound(f"there is no {page} {number}", value=number)
    if not row["is_own"]:
        raise NotAllowed(f"{page} {number} is of a community that is not in your charge")
    return dict(row)


def check_place(db: Session, division: str | None, cells: list[str] | None = None) -> None:
    """Refuse a division that is none, and cells that are not in it.

    Raises:
        BadInput: naming it.
    """
    query = "SELECT EXISTS (SELECT FROM division WHERE code = :code AND valid_to IS NULL)"
    if division is not None and not db.scalar(sa.text(query), {"code": division}):
        raise BadInput(f"there is no division {division!r}", field="division", value=division)
    query = f"""
        SELECT array_agg(told) FROM unnest(CAST(:cells AS text[])) told
        WHERE NOT EXISTS (SELECT FROM grid_cell c WHERE {IN_FORCE} AND c.code = told
            AND (CAST(:code AS text) IS NULL OR :code = ANY (division_line(c.division_code))))
    """
    wrong = db.scalar(sa.text(query), {"cells": cells or [], "code": division})
    if wrong:
        raise BadInput(f"no cells of this division: {', '.join(wrong)}", field="cells", value=wrong)


def add(db: Session, page: Page, row: Mapping[str, Any]) -> int | None:
    """Write a new row; its number, or None where its `request_id` was kept before."""
    values = ", ".join(f":{name}" for name in row)
    query = f"""
        INSERT INTO {page} ({", ".join(row)}) VALUES ({values})
        ON CONFLICT (request_id) DO NOTHING RETURNING id
    """
    number: int | None = db.scalar(sa.text(query), dict(row))
    return number


def published(db: Session, page: Page, request_id: str) -> dict[str, Any]:
    """What a request published: `id`, and the `version` it has by now."""
    query = f"SELECT id, version FROM {page} WHERE request_id = :request_id"
    return dict(db.execute(sa.text(query), {"request_id": request_id}).mappings().one())


def change(
    db: Session,
    page: Page,
    number: int,
    row: Mapping[str, Any],
    *,
    version: int,
    taken_back: bool = False,
) -> int:
    """Change a row as of the version that was seen; the version it has now.

    Raises:
        Conflict: somebody changed it since.
    """
    sets = ", ".join(f"{name} = :{name}" for name in row)
    query = f"""
        UPDATE {page} SET {sets}, version = version + 1, changed_at = now()
        WHERE id = :id AND version = :version
          AND taken_back_at IS {"NOT" if taken_back else ""} NULL RETURNING version
    """
    now = db.scalar(sa.text(query), {**row, "id": number, "version": version})
    if now is None:
        has = one(db, page, number, taken_back=taken_back)["version"]
        raise Conflict(
            f"{page} {number} was changed: it has version {has}, you saw {version}", version=has
        )
    return int(now)


_CHARGED = """
    SELECT d.code, d.name, d.level, d.parent_code AS parent FROM division d
    WHERE d.valid_to IS NULL AND in_charge(CASE WHEN d.code ~ '^[0-9]{1,12}$'
        THEN rpad(d.code, 12, '0')::bigint * 1000000 ELSE 999999999999000000 END)
    ORDER BY d.code COLLATE "C"
"""


def charge(db: Session, division: str | None = None) -> dict[str, Any]:
    """Where the viewer may publish: `town` for the whole of it, `divisions`, and `cells` of one."""
    query = f"""
        SELECT c.code, c.name FROM grid_cell c
        WHERE {IN_FORCE} AND :code = ANY (division_line(c.division_code))
        ORDER BY c.code COLLATE "C" LIMIT 1000
    """
    cells = db.execute(sa.text(query), {"code": division}).mappings() if division else ()
    return {
        "town": bool(db.scalar(sa.text("SELECT in_charge(0)"))),
        "divisions": [dict(row) for row in db.execute(sa.text(_CHARGED)).mappings()],
        "cells": [dict(row) for row in cells],
    }


_ENDING = """
    SELECT id, title, closes_at, division_code FROM poll
    WHERE taken_back_at IS NULL AND in_charge(area_no)
      AND closes_at BETWEEN now() AND now() + interval '7 days' ORDER BY closes_at, id
"""
_OPEN = """
    SELECT d.id, d.council_id AS meeting, c.title AS meeting_title, d.words, d.who, d.due_on,
           d.version, coalesce(d.due_on < current_date, false) AS overdue
    FROM council_decision d JOIN council c ON c.id = d.council_id
    WHERE d.state = 'open' AND d.taken_back_at IS NULL AND in_charge(c.area_no)
    ORDER BY d.due_on NULLS LAST, d.id LIMIT 100
"""


def ending(db: Session) -> list[dict[str, Any]]:
    """Polls in the viewer's charge that close within a week."""
    return [dict(row) for row in db.execute(sa.text(_ENDING)).mappings()]


def undone(db: Session) -> list[dict[str, Any]]:
    """Decisions in the viewer's charge of which nothing is told yet, what is due first, first."""
    return [dict(row) for row in db.execute(sa.text(_OPEN)).mappings()]
