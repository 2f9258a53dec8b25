"""台账's open questions: what a sheet says otherwise and only a person can decide.

A decision keeps the row of the sheet sealed, so that it can be taken later, and shows both sides
masked. The same row asks once, however often its sheet is brought.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

import orjson
import pandas as pd
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.register_edit
import data.register_home
import gis.register
from data.intake import Rows
from data.register_edit import Told
from data.register_look import rows
from data.seal import Seal
from gis.errors import BadInput, Conflict, NotFound

CHOICES = {
    "conflict": ("taken", "kept"),
    "same_person": ("taken", "kept", "added"),
    "twice_in_sheet": ("taken", "kept", "added"),
}
"""What can be decided of each kind: the sheet's values, the register's, or a person of his own."""

# Opening

_FOUND = """
    SELECT s.row, s.resident_id,
           CASE WHEN d.twice THEN 'twice_in_sheet' WHEN s.by_id THEN 'conflict'
                ELSE 'same_person' END AS kind,
           CASE WHEN d.twice THEN 'row ' || s.twice_of || ' of the sheet says otherwise'
                WHEN s.by_id THEN 'the register was told later'
                ELSE 'same name and birth in the same dwelling, not known by the id' END AS reason,
           jsonb_build_object('fields', jsonb_object_agg(d.field,
               jsonb_build_object('now', d.old_shown, 'sheet', d.new_shown)))::text AS shown
    FROM differs d JOIN staged s USING (row) WHERE NOT d.applies AND s.refusal IS NULL
    GROUP BY s.row, s.resident_id, s.by_id, s.twice_of, d.twice ORDER BY s.row
"""
_OPEN = """
    INSERT INTO decision (kind, resident_id, sheet_id, row, told_at, reason, shown, sealed, content)
    SELECT DISTINCT ON (o.resident_id, o.content) o.kind, o.resident_id, %(sheet)s, o.row, %(told)s,
           o.reason, o.shown::jsonb, o.sealed, o.content
    FROM unnest(%(kind)s::text[], %(resident)s::bigint[], %(row)s::int[], %(reason)s::text[],
                %(shown)s::text[], %(sealed)s::bytea[], %(content)s::bytea[])
        o (kind, resident_id, row, reason, shown, sealed, content)
    WHERE NOT EXISTS (SELECT FROM decision x
                      WHERE x.resident_id = o.resident_id AND x.content = o.content)
    ORDER BY o.resident_id, o.content, o.row
    RETURNING row
"""


def open_all(cursor: Rows, frame: pd.DataFrame, seal: Seal, told: Mapping[str, Any]) -> int:
    """Open a decision for every staged row that says otherwise; return how many are new."""
    found: list[Any] = cursor.execute(_FOUND).fetchall()
    opened: list[int] = []
    if found:
        row, resident, kind, reason, shown = map(list, zip(*found, strict=True))
        fields = [*gis.register.PERSON, *gis.register.HOME]
        table = frame.loc[row, fields].astype(object)
        said = table.where(table.notna(), None).to_dict("records")
        texts = [orjson.dumps(one, option=orjson.OPT_SORT_KEYS).decode() for one in said]
        kept = cursor.execute(
            _OPEN,
            {
                **told, "kind": kind, "resident": resident, "row": row, "reason": reason,
                "shown": shown, "sealed": seal.seal("decision", texts),
                "content": seal.index("decision", texts),
            },
        )  # fmt: skip
        opened = [int(str(one[0])) for one in kept.fetchall()]
    cursor.execute("UPDATE staged SET waits = row = ANY (%s) WHERE waits", [opened])
    return len(opened)


# Listing and deciding

_LIST = """
    SELECT d.id, d.kind, d.resident_id, r.household_id, r.version, r.name_mask AS name,
           s.name AS sheet, d.row, d.told_at::text AS told_at, d.reason,
           d.shown -> 'fields' AS fields,
           d.state, d.decided_by, c.code AS cell, c.name AS cell_name, b.address,
           dw.number AS dwelling
    FROM decision d JOIN resident r ON r.id = d.resident_id
    JOIN household h ON h.id = r.household_id JOIN dwelling dw ON dw.id = h.dwelling_id
    JOIN building b ON b.id = dw.building_id LEFT JOIN grid_cell c ON c.id = dw.cell_id
    LEFT JOIN sheet s ON s.id = d.sheet_id
    WHERE d.state = 'open' AND (CAST(:cell AS text) IS NULL OR c.code = :cell)
    ORDER BY d.id DESC LIMIT :limit
"""


def listed(db: Session, *, cell: str | None = None, limit: int = 100) -> list[dict[str, Any]]:
    """List open decisions, the newest first: per field what stands and what the sheet says."""
    found = rows(db, _LIST, cell=cell, limit=limit)
    for one in found:
        one["choices"] = list(CHOICES[one["kind"]])
    return found


def decide(
    db: Session,
    decision_id: int,
    choice: str,
    fields: Collection[str] | None,
    told: Told,
    *,
    seal: Seal,
) -> dict[str, Any]:
    """Settle a decision: take the sheet's values (of `fields`, else all), keep ours, or add.

    Raises:
        NotFound: no such decision is in the viewer's charge.
        Conflict: it was decided already.
        BadInput: the choice or a field is none of it.
    """
    one = _locked(db, decision_id)
    if choice not in CHOICES[one["kind"]]:
        choices = ", ".join(CHOICES[one["kind"]])
        raise BadInput(f"{choice!r} does not settle a {one['kind']}; choose from {choices}")
    differing = list(one["shown"]["fields"])
    wanted = differing if fields is None else list(fields)
    unknown = sorted(set(wanted) - set(differing))
    if unknown:
        raise BadInput(f"{unknown[0]!r} does not differ here; {', '.join(differing)} do")
    values = orjson.loads(seal.open("decision", bytes(one["sealed"])) or "{}")
    resident_id = int(one["resident_id"])
    if choice == "taken":
        _take(db, resident_id, values, wanted, told, seal=seal)
    elif choice == "added":
        home = _home(db, values)
        person = {name: _typed(name, values[name]) for name in gis.register.PERSON}
        resident_id = data.register_home.add(db, home, person, told, seal=seal)
    db.execute(
        sa.text(
            "UPDATE decision SET state = :state, decided_at = :at, decided_by = :by WHERE id = :id"
        ),
        {"state": choice, "at": told.at, "by": told.actor, "id": decision_id},
    )
    return {"id": decision_id, "state": choice, "resident_id": resident_id, "fields": wanted}


def _locked(db: Session, decision_id: int) -> dict[str, Any]:
    found = rows(db, "SELECT * FROM decision WHERE id = :id FOR UPDATE", id=decision_id)
    if not found:
        raise NotFound(f"no decision {decision_id} is in your charge")
    if found[0]["state"] != "open":
        raise Conflict(
            f"decision {decision_id} was {found[0]['state']} already by {found[0]['decided_by']}"
        )
    return found[0]


def _take(
    db: Session, resident_id: int, values: Mapping[str, Any], fields: list[str], told: Told, *,
    seal: Seal,
) -> None:  # fmt: skip
    row = data.register_edit.locked(db, resident_id)
    taken = {name: _typed(name, values[name]) for name in fields if name != "household"}
    data.register_edit.change(db, row, taken, told, seal=seal)
    if "household" in fields:
        home = _home(db, values)
        data.register_home.move_to(db, row, home, told, seal=seal)


def _typed(name: str, value: Any) -> Any:
    """A value as the store takes it; JSON kept dates as text."""
    if value is not None and name in {"birth_date", "floating_since", "floating_until"}:
        return date.fromisoformat(value)
    return value


_DWELLING = """
    SELECT d.id FROM building b JOIN dwelling d ON d.building_id = b.id
    WHERE (b.code = :code OR (CAST(:code AS text) IS NULL AND b.address = :address))
      AND d.number = :number ORDER BY b.id LIMIT 1
"""
_NEW_DWELLING = """
    INSERT INTO dwelling (building_id, number, geom, cell_id, area_no)
    SELECT b.id, :number, b.geom, b.cell_id, coalesce(c.area_no, 0)
    FROM building b LEFT JOIN grid_cell c ON c.id = b.cell_id
    WHERE b.code = :code OR (CAST(:code AS text) IS NULL AND b.address = :address)
    ORDER BY b.id LIMIT 1 ON CONFLICT (building_id, number) DO NOTHING
"""


def _home(db: Session, values: Mapping[str, Any]) -> int:
    """Find the household a row names, or make it in a building that is there."""
    told = {
        "code": values["building_code"],
        "address": values["address"],
        "number": values["dwelling"],
    }
    if db.scalar(sa.text(_DWELLING), told) is None:
        db.execute(sa.text(_NEW_DWELLING), told)
    dwelling = db.scalar(sa.text(_DWELLING), told)
    if dwelling is None:
        place = values["building_code"] or values["address"]
        raise BadInput(f"the building {place!r} is not in the register; import it first")
    return data.register_home.household_of(db, int(dwelling), values["household"])
