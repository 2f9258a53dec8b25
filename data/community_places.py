"""便民设施 as staff of a community keep them right: kind, hours, telephone, still there or not.

Which facilities somebody may change, the row policy decides: those in the cells of his charge.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from data.locate import IN_FORCE
from gis.coordinates import reach_in_degrees
from gis.errors import BadInput, Conflict, NotAllowed, NotFound

MOST_LISTED = 200
_VERSION = "(extract(epoch FROM f.changed_at) * 1000000)::bigint"
"""When it was last changed, by an editor or an import, in microseconds: what was seen."""
_OWN = "f.cell_id IN (SELECT cells_in_charge())"
_LISTED = f"""
    SELECT f.id, {_VERSION} AS version, f.code, f.name, f.category, f.address, f.phone, f.hours,
           f.valid_to AS closed_on, c.code AS cell, c.name AS cell_name
    FROM facility f JOIN grid_cell c ON c.id = f.cell_id
    WHERE f.kind = 'service' AND {_OWN}
      AND (CAST(:number AS bigint) IS NULL OR f.id = :number)
      AND (CAST(:category AS text) IS NULL OR f.category = :category)
      AND (NOT :missing OR f.hours IS NULL OR f.phone IS NULL)
      AND (SELECT coalesce(bool_and(strpos(told, word) > 0), true)
           FROM unnest(CAST(:words AS text[])) word,
                lower(normalize(concat_ws(' ', f.code, f.name, f.address, c.name), NFKC)) told)
    ORDER BY f.name, f.id LIMIT {MOST_LISTED}
"""


def listed(
    db: Session, *, words: list[str], category: str | None, missing: bool, number: int | None
) -> list[dict[str, Any]]:
    """The facilities in the viewer's charge that hold all `words`, by name; or one by its number.

    With `missing` only those that lack hours or a telephone.
    """
    asked = {"words": words, "category": category, "missing": missing, "number": number}
    return [dict(row) for row in db.execute(sa.text(_LISTED), asked).mappings()]


def one(db: Session, number: int) -> dict[str, Any]:
    """A facility as it stands, with its `version`.

    Raises:
        NotFound: there is none. NotAllowed: it is not in the viewer's charge.
    """
    query = f"""
        SELECT f.*, {_VERSION} AS version, {_OWN} AS is_own FROM facility f
        WHERE f.id = :id AND f.kind = 'service'
    """
    row = db.execute(sa.text(query), {"id": number}).mappings().one_or_none()
    if row is None:
        raise NotFound(f"there is no facility {number}", value=number)
    if not row["is_own"]:
        raise NotAllowed(f"facility {row['code']!r} is in no cell of your charge")
    return dict(row)


_ALIKE = """
    SELECT f.id, f.name, f.address, round(ST_Distance(f.geom::geography, at::geography))::int
           AS distance_m
    FROM facility f, ST_SetSRID(ST_MakePoint(:lon, :lat), 4326) at
    WHERE f.kind = 'service' AND (f.valid_to IS NULL OR f.valid_to > current_date)
      AND lower(normalize(f.name, NFKC)) = lower(normalize(:name, NFKC))
      AND f.geom && ST_Expand(at, :reach_lon, :reach_lat)
      AND ST_DWithin(f.geom::geography, at::geography, :metres)
    ORDER BY distance_m, f.id LIMIT 5
"""
ALIKE_M = 100


def alike(db: Session, name: str, *, lon: float, lat: float) -> list[dict[str, Any]]:
    """The facilities of that very name within 100 m of a place (WGS-84), the nearest first."""
    reach = reach_in_degrees(lat, ALIKE_M)
    asked = {
        "name": name, "lon": lon, "lat": lat, "metres": ALIKE_M,
        "reach_lon": reach[0], "reach_lat": reach[1],
    }  # fmt: skip
    return [dict(row) for row in db.execute(sa.text(_ALIKE), asked).mappings()]


def cell_of(db: Session, cell: str | None) -> int:
    """The number of the cell in force with that code, where the viewer may add a facility.

    Raises:
        BadInput: no cell holds the place. NotAllowed: it is not in the viewer's charge.
    """
    if cell is None:
        raise BadInput("the place lies in no cell: put the pin into one", field="place")
    query = f"""
        SELECT c.id, c.id IN (SELECT cells_in_charge()) AS is_own FROM grid_cell c
        WHERE {IN_FORCE} AND c.code = :cell
    """
    row = db.execute(sa.text(query), {"cell": cell}).one()
    if not row.is_own:
        raise NotAllowed(f"cell {cell!r} is not in your charge")
    return int(row.id)


_ADD = """
    INSERT INTO facility (code, name, kind, category, address, phone, hours, geom, cell_id)
    VALUES (:code, :name, 'service', :category, :address, :phone, :hours,
            ST_SetSRID(ST_MakePoint(:lon, :lat), 4326), :cell)
    ON CONFLICT (code) DO NOTHING
"""


def add(db: Session, row: Mapping[str, Any]) -> bool:
    """Write a facility with its place (WGS-84) and cell; no, where its code is known already."""
    written = db.execute(sa.text(_ADD), dict(row))
    return bool(written.rowcount)  # type: ignore[attr-defined]  # of a cursor


def alone(db: Session, name: str) -> None:
    """Let who adds a facility of that name wait until whoever else adds one of it is done."""
    lock = "SELECT pg_advisory_xact_lock(hashtext('wangge facility'), hashtext(:name))"
    db.execute(sa.text(lock), {"name": name})


def coded(db: Session, code: str) -> dict[str, Any] | None:
    """`id` and `version` of the facility with that code."""
    query = f"SELECT f.id, {_VERSION} AS version FROM facility f WHERE f.code = :code"
    row = db.execute(sa.text(query), {"code": code}).mappings().one_or_none()
    return dict(row) if row else None


def change(db: Session, number: int, row: Mapping[str, Any], *, version: int) -> int:
    """Change a facility as of the version that was seen; the version it has now.

    Raises:
        Conflict: somebody, or an import, changed it since.
    """
    sets = ", ".join(f"{name} = :{name}" for name in row)
    query = f"""
        UPDATE facility f SET {sets}, changed_at = now()
        WHERE f.id = :id AND {_VERSION} = :version RETURNING {_VERSION}
    """
    now = db.scalar(sa.text(query), {**row, "id": number, "version": version})
    if now is None:
        has = one(db, number)["version"]
        raise Conflict(f"facility {number} was changed since you saw it", version=has)
    return int(now)
