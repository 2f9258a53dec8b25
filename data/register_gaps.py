"""台账's gaps: what is missing cell by cell, and what a worker should mend next.

The most useful comes first: people who are not in the register at all because their row was
refused, then records no map shows, then what leaves known people unreachable.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from data.register_look import rows

GAPS = {
    "refused_rows": "待补行：资料有误，尚未入库",
    "unplaced": "未归格：没有网格可归",
    "residents_without_id": "居民缺身份证号",
    "households_without_phone": "户无联系电话",
    "dwellings_without_household": "房屋无户",
}
"""Kinds of gaps, the most useful to mend first, as a screen names them."""

_HAS_PHONE = "SELECT FROM resident r WHERE r.household_id = h.id AND r.phone_index IS NOT NULL"
_HAS_PEOPLE = "SELECT FROM resident r WHERE r.household_id = h.id"
_OF_DWELLING = "dwelling d JOIN building b ON b.id = d.building_id"
_HOME = "d.area_no, b.address, b.code AS building_code, d.number AS dwelling, d.id AS dwelling_id"
_NOBODY = "NULL::bigint AS household_id, NULL::bigint AS resident_id, NULL AS name"
_FOUND = {
    "refused_rows": """
        SELECT w.id, w.area_no, NULL AS address, NULL AS building_code, NULL AS dwelling,
               NULL::bigint AS dwelling_id, NULL::bigint AS household_id,
               NULL::bigint AS resident_id, NULL AS name
        FROM sheet_row w WHERE w.state = 'waiting'
    """,
    "unplaced": f"SELECT d.id, {_HOME}, {_NOBODY} FROM {_OF_DWELLING} WHERE d.cell_id IS NULL",
    "residents_without_id": f"""
        SELECT r.id, {_HOME}, r.household_id, r.id AS resident_id, r.name_mask AS name
        FROM resident r JOIN household h ON h.id = r.household_id
        JOIN dwelling d ON d.id = h.dwelling_id JOIN building b ON b.id = d.building_id
        WHERE r.id_index IS NULL
    """,
    "households_without_phone": f"""
        SELECT h.id, {_HOME}, h.id AS household_id, NULL::bigint AS resident_id, NULL AS name
        FROM household h JOIN dwelling d ON d.id = h.dwelling_id
        JOIN building b ON b.id = d.building_id
        WHERE NOT EXISTS ({_HAS_PHONE}) AND EXISTS ({_HAS_PEOPLE})
    """,
    "dwellings_without_household": f"""
        SELECT d.id, {_HOME}, {_NOBODY} FROM {_OF_DWELLING}
        WHERE NOT EXISTS (SELECT FROM household h WHERE h.dwelling_id = d.id)
    """,
}
_IN_CELL = """
    LEFT JOIN grid_cell c ON c.area_no = g.area_no AND g.area_no <> 0 AND c.plan_id =
        (SELECT id FROM grid_plan WHERE state = 'published')
"""


def overview(db: Session) -> dict[str, Any]:
    """Count the gaps of every cell that has any, the worst first.

    Records that no cell holds stand under code None, for those whose charge is everything.
    """
    cells = rows(
        db,
        f"WITH gap AS ({_COUNTED}) SELECT c.code, c.name, {_SUMS} FROM gap g {_IN_CELL} "
        "GROUP BY c.code, c.name ORDER BY sum(g.n) DESC, c.code",
    )
    return {"cells": cells, "totals": {gap: sum(int(one[gap]) for one in cells) for gap in GAPS}}


def of_cell(db: Session, cell: str, *, limit: int = 200) -> dict[str, Any]:
    """List the gaps of a cell by kind, the most useful kind first; "" is what no cell holds."""
    return {"cell": cell or None, "lists": {gap: _listed(db, gap, cell, limit) for gap in GAPS}}


def _listed(db: Session, gap: str, cell: str, limit: int) -> list[dict[str, Any]]:
    found = rows(
        db,
        "SELECT g.id, g.address, g.building_code, g.dwelling, g.dwelling_id, g.household_id, "
        f"g.resident_id, g.name FROM ({_FOUND[gap]}) g {_IN_CELL} "
        f"WHERE {'c.code = :cell' if cell else 'c.id IS NULL'} "
        "ORDER BY g.address, g.building_code, g.dwelling, g.id LIMIT :limit",
        cell=cell, limit=limit,
    )  # fmt: skip
    for one in found:
        told = (one["address"] or one["building_code"], one["dwelling"], one["name"])
        one["label"] = " ".join(part for part in told if part)
    return found


_SUMS = ", ".join(
    f"coalesce(sum(g.n) FILTER (WHERE g.kind = '{gap}'), 0)::int AS {gap}" for gap in GAPS
)
_COUNTED = " UNION ALL ".join(
    f"SELECT '{gap}' AS kind, area_no, count(*) AS n FROM ({found}) {gap} GROUP BY area_no"
    for gap, found in _FOUND.items()
)
