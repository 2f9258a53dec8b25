"""片区: shapes that are asked about again and again, kept with a name."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from data.desk_inside import Cell
from gis.access import Viewer
from gis.errors import Conflict, NotFound

_COLUMNS = """id AS number, name, purpose, actor, made_at,
    ST_AsGeoJSON(geom, 6)::json AS shape, round(ST_Area(geom::geography)::numeric, 1)::float8 AS
    area_m2"""
_LISTED = f"SELECT {_COLUMNS} FROM named_area ORDER BY name, id"


def listed(db: Session) -> list[dict[str, Any]]:
    """The areas that the viewer has in his charge or drew himself, by name."""
    return [dict(row) for row in db.execute(sa.text(_LISTED)).mappings()]


def shape_of(db: Session, number: int) -> bytes:
    """The shape of an area, as WKB.

    Raises:
        NotFound: no such area is in the viewer's charge.
    """
    found = db.scalar(
        sa.text("SELECT ST_AsBinary(geom) FROM named_area WHERE id = :id"), {"id": number}
    )
    if found is None:
        raise NotFound(f"no area {number} is in your charge", value=number)
    return bytes(found)


_KEEP = f"""
    INSERT INTO named_area (id, name, purpose, geom, area_no, area_high, areas, account, actor,
                            made_at)
    VALUES ({{number}}, :name, :purpose, ST_GeomFromWKB(:shape, 4326), :low, :high, :areas,
            :account, :actor, :now)
    RETURNING {_COLUMNS}
"""


def keep(
    db: Session,
    name: str,
    purpose: str,
    *,
    shape: bytes,
    cells: list[Cell],
    by: Viewer,
    now: datetime,
    number: int | None = None,
) -> dict[str, Any]:
    """Keep a shape (WKB) over these cells by a name; with `number` in the place of one dropped."""
    values = {"name": name, "purpose": purpose, "shape": shape, **reach(cells), "now": now}
    values |= {"account": by.account, "actor": by.login, "number": number}
    query = _KEEP.format(number=":number" if number else "DEFAULT")
    return dict(db.execute(sa.text(query), values).mappings().one())


def reach(cells: list[Cell]) -> dict[str, Any]:
    """The area numbers of cells, the first and the last: who has all of them sees the shape."""
    numbers = sorted({cell.area_no for cell in cells})
    return {"areas": numbers, "low": numbers[0], "high": numbers[-1]}


def drop(db: Session, number: int, *, seen: datetime | None = None) -> None:
    """Forget an area, with `seen` only as it was made then.

    Raises:
        Conflict: somebody else drew it anew meanwhile.
        NotFound: no such area is in the viewer's charge.
    """
    query = "DELETE FROM named_area WHERE id = :id RETURNING name, actor, made_at"
    was = db.execute(sa.text(query), {"id": number}).one_or_none()
    if was is None and seen:  # it may have been drawn anew while this waited for it
        query = "SELECT name, actor, made_at FROM named_area WHERE id = :id"
        was = db.execute(sa.text(query), {"id": number}).one_or_none()
    if was is None:
        raise NotFound(f"no area {number} is in your charge", value=number)
    if seen and was.made_at != seen:
        raise Conflict(f"{was.actor} drew {was.name!r} anew meanwhile; look at it again")
