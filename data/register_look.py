"""台账 looked at: search, a household's card, the homes of a cell, what a worker should mend.

Nothing here opens a seal: what leaves is masks. The row policies say whose rows there are.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import gis.privacy
import gis.register
from data.locate import IN_FORCE
from data.seal import Seal
from gis.errors import NotFound
from gis.register import Asked

MASKED = """
    r.id, r.version, r.household_id, r.name_mask AS name, r.id_mask AS id_number,
    r.phone_mask AS phone, r.sex, to_char(r.birth_date, 'YYYY') || '-**-**' AS birth,
    r.relation, r.residence, r.floating, r.floating_since::text AS floating_since,
    r.floating_until::text AS floating_until
"""
"""What is shown of a resident `r`."""
AT_HOME = """
    resident r JOIN household h ON h.id = r.household_id
               JOIN dwelling d ON d.id = h.dwelling_id
               JOIN building b ON b.id = d.building_id
               LEFT JOIN grid_cell c ON c.id = d.cell_id
"""
"""Residents with the home they live in and its cell."""
PLACE = """
    b.code AS building_code, b.name AS building, b.address, d.number AS dwelling,
    h.number AS household, c.code AS cell, c.name AS cell_name
"""


def rows(db: Session, statement: str, **values: Any) -> list[dict[str, Any]]:
    """Ask, and get plain rows."""
    return [dict(row) for row in db.execute(sa.text(statement), values).mappings()]


# Searching

_WAYS = {
    "id_number": "r.id_index = :id_number",
    "phone": "r.phone_index = :phone",
    "name": "r.name_index = :name",
    "mask": "r.name_mask LIKE :mask",
}
_AT_PLACE = "(b.address LIKE :place OR b.name LIKE :place OR b.code = :code)"


def find(
    db: Session, asked: Asked, seal: Seal, *, cell: str | None = None, limit: int = 50
) -> list[dict[str, Any]]:
    """List residents that answer to `asked`, the most exact first, at most `limit`."""
    ways, values = _ways(asked, seal)
    where = " AND c.code = :cell" if cell else ""
    parts = [
        f"(SELECT r.id, {rank} AS rank FROM {AT_HOME} WHERE {way}{where} LIMIT :limit)"
        for rank, way in enumerate(ways)
    ]
    return rows(
        db,
        f"WITH hit AS (SELECT id, min(rank) AS rank FROM ({' UNION ALL '.join(parts)}) every "
        f"GROUP BY id) SELECT {MASKED}, {PLACE} FROM hit JOIN {AT_HOME} ON r.id = hit.id "
        "ORDER BY hit.rank, b.address, b.code, d.number, h.number, r.id LIMIT :limit",
        cell=cell, limit=limit, **values,
    )  # fmt: skip


def _ways(asked: Asked, seal: Seal) -> tuple[list[str], dict[str, Any]]:
    ways: list[str] = []
    values: dict[str, Any] = {}
    for field in ("id_number", "phone", "name"):
        told = getattr(asked, field)
        if told is not None:
            ways.append(_WAYS[field])
            known = gis.privacy.fold_name(told) if field == "name" else told
            values[field] = seal.index(field, [known])[0]
    if asked.mask:
        ways.append(_WAYS["mask"])
        values["mask"] = _begins(asked.mask)
    if asked.place:
        values |= {"place": f"%{_begins(asked.place)}", "code": asked.place}
        ways.append(_AT_PLACE + (" AND d.number = :dwelling" if asked.dwelling else ""))
        values["dwelling"] = asked.dwelling
        if asked.place == asked.dwelling:  # a bare number: of a building or of a dwelling
            ways[-1:] = [_AT_PLACE, "d.number = :dwelling"]
    return ways, values


def _begins(text: str) -> str:
    for special in "\\%_":
        text = text.replace(special, f"\\{special}")
    return f"{text}%"


# A household's card, and the homes of a cell


def household(db: Session, household_id: int) -> dict[str, Any]:
    """Tell where a household lives and who belongs to it.

    Raises:
        NotFound: there is none that this viewer may see.
    """
    found = rows(
        db,
        "SELECT h.id, h.version, h.number, b.name AS building, b.code AS building_code, "
        "b.address, d.number AS dwelling, d.id AS dwelling_id, b.id AS building_id, "
        "ST_X(d.geom) AS lon, ST_Y(d.geom) AS lat, CASE WHEN c.id IS NOT NULL THEN "
        "json_build_object('code', c.code, 'name', c.name) END AS cell "
        "FROM household h JOIN dwelling d ON d.id = h.dwelling_id "
        "JOIN building b ON b.id = d.building_id LEFT JOIN grid_cell c ON c.id = d.cell_id "
        "WHERE h.id = :id",
        id=household_id,
    )
    if not found:
        raise NotFound(f"no household {household_id} is in your charge")
    people = rows(
        db, f"SELECT {MASKED} FROM resident r WHERE r.household_id = :id ORDER BY r.id",
        id=household_id,
    )  # fmt: skip
    return {**found[0], "residents": people}


def homes(db: Session, cell: str) -> dict[str, Any]:
    """List the buildings of a cell in force with their dwellings, households and heads.

    Raises:
        NotFound: no cell in force has that code.
    """
    found = rows(
        db, f"SELECT id, code, name FROM grid_cell WHERE code = :code AND {IN_FORCE}", code=cell
    )
    if not found:
        raise NotFound(f"no cell in force has the code {cell!r}")
    return {
        "cell": found[0]["code"],
        "cell_name": found[0]["name"],
        "buildings": rows(db, _BUILDINGS, cell=found[0]["id"]),
    }


_BUILDINGS = """
    WITH home AS (
        SELECT h.dwelling_id, json_agg(json_build_object('id', h.id, 'number', h.number,
                   'residents', coalesce(n.residents, 0)) ORDER BY h.number) AS households
        FROM dwelling d JOIN household h ON h.dwelling_id = d.id
        LEFT JOIN LATERAL (SELECT count(*) AS residents FROM resident r
                           WHERE r.household_id = h.id) n ON true
        WHERE d.cell_id = :cell GROUP BY h.dwelling_id
    )
    SELECT b.id, b.code, b.name, b.address,
           json_agg(json_build_object('id', d.id, 'number', d.number,
                    'households', coalesce(o.households, '[]')) ORDER BY d.number) AS dwellings
    FROM dwelling d JOIN building b ON b.id = d.building_id LEFT JOIN home o ON o.dwelling_id = d.id
    WHERE d.cell_id = :cell
    GROUP BY b.id ORDER BY b.address, b.code
"""

# What happened to a resident


def history(db: Session, resident_id: int) -> list[dict[str, Any]]:
    """List every change of a resident and of those merged into him, the newest first."""
    return rows(
        db,
        """
        SELECT x.id, x.resident_id, x.field, x.old_shown AS old, x.new_shown AS new, x.act,
               x.at::text AS at, x.told_at::text AS told_at, x.actor, s.name AS sheet
        FROM resident_change x LEFT JOIN sheet s ON s.id = x.sheet_id
        WHERE x.resident_id = :id OR x.resident_id IN (SELECT m.merged_id FROM resident_merge m
                                   WHERE m.kept_id = :id AND m.undone_at IS NULL)
        ORDER BY x.at DESC, x.id DESC
        """,
        id=resident_id,
    )


def resident(db: Session, resident_id: int) -> dict[str, Any]:
    """Show one resident, masked, with the home.

    Raises:
        NotFound: there is none that this viewer may see.
    """
    found = rows(
        db, f"SELECT {MASKED}, {PLACE} FROM {AT_HOME} WHERE r.id = :id", id=resident_id
    )  # fmt: skip
    if not found:
        raise NotFound(f"no resident {resident_id} is in your charge")
    return found[0]
