"""台账's doubles: records that may be one person, made one, and two again.

What both records were is kept whole, so that undoing restores them byte by byte.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.care_merge
import data.register_edit
import gis.register
from data.register_edit import SEALED, Told
from data.register_look import rows
from data.seal import Seal
from gis.errors import BadInput, Conflict, NotFound

_SIDE = """
    json_build_object('id', {r}.id, 'version', {r}.version, 'household_id', {r}.household_id,
        'name', {r}.name_mask, 'id_number', {r}.id_mask, 'phone', {r}.phone_mask, 'sex', {r}.sex,
        'birth', to_char({r}.birth_date, 'YYYY') || '-**-**', 'relation', {r}.relation,
        'address', {b}.address, 'dwelling', {d}.number)
"""
_DUPLICATES = f"""
    WITH person AS (
        SELECT r.id, r.name_index, r.id_index, r.phone_index, r.birth_date, r.sex, h.dwelling_id
        FROM resident r JOIN household h ON h.id = r.household_id
    ),
    near AS (
        SELECT a.id AS one, b.id AS other FROM person a JOIN person b
            ON b.dwelling_id = a.dwelling_id AND b.name_index = a.name_index AND b.id > a.id
        UNION
        SELECT a.id, b.id FROM person a JOIN person b
            ON b.phone_index = a.phone_index AND b.name_index = a.name_index AND b.id > a.id
    ),
    pair AS (
        SELECT n.one, n.other, a.dwelling_id = b.dwelling_id AS same_dwelling,
               coalesce(a.phone_index = b.phone_index, false) AS same_phone,
               coalesce(a.birth_date = b.birth_date, false) AS same_birth
        FROM near n JOIN person a ON a.id = n.one JOIN person b ON b.id = n.other
        WHERE (a.id_index IS NULL OR b.id_index IS NULL)
          AND (a.birth_date = b.birth_date OR a.birth_date IS NULL OR b.birth_date IS NULL)
          AND (a.sex = b.sex OR a.sex IS NULL OR b.sex IS NULL)
    )
    SELECT concat_ws(', ', 'same name', CASE WHEN same_birth THEN 'same birth' END,
                     CASE WHEN same_phone THEN 'same phone' END,
                     CASE WHEN same_dwelling THEN 'same dwelling' END) AS reason,
           {_SIDE.format(r="a", b="ba", d="da")} AS one,
           {_SIDE.format(r="b", b="bb", d="db")} AS other
    FROM pair p
    JOIN resident a ON a.id = p.one JOIN household ha ON ha.id = a.household_id
    JOIN dwelling da ON da.id = ha.dwelling_id JOIN building ba ON ba.id = da.building_id
    JOIN resident b ON b.id = p.other JOIN household hb ON hb.id = b.household_id
    JOIN dwelling db ON db.id = hb.dwelling_id JOIN building bb ON bb.id = db.building_id
    LEFT JOIN grid_cell c ON c.id = da.cell_id LEFT JOIN grid_cell e ON e.id = db.cell_id
    WHERE CAST(:cell AS text) IS NULL OR :cell IN (c.code, e.code)
    ORDER BY same_birth::int + same_phone::int + same_dwelling::int DESC, a.id, b.id LIMIT :limit
"""


def duplicates(db: Session, *, cell: str | None = None, limit: int = 100) -> list[dict[str, Any]]:
    """Propose pairs of one name that share a phone or a dwelling and of which one has no id.

    Joined by dwelling and by phone apart: by the name alone, a common one makes millions of pairs.
    """
    return rows(db, _DUPLICATES, cell=cell, limit=limit)


# Merging

_ROW = "SELECT to_jsonb(r) FROM resident r WHERE r.id = :id"
_BLANKS = (*gis.register.PERSON,)


def merge(db: Session, keep: int, merged: int, told: Told, *, seal: Seal) -> int:
    """Fill the blanks of `keep` from `merged` and take that out; return the number of the merge.

    Raises:
        BadInput: it is one record, or two ids.
        NotFound: one of them is not there for this viewer.
    """
    if keep == merged:
        raise BadInput(f"resident {keep} cannot be merged with himself")
    held = {one: data.register_edit.locked(db, one) for one in sorted({keep, merged})}
    row, other = held[keep], held[merged]
    if row["id_index"] and other["id_index"]:
        raise BadInput(f"residents {keep} and {merged} have different ids: they are two persons")
    before = {one: db.scalar(sa.text(_ROW), {"id": one}) for one in (keep, merged)}
    merge_id = db.execute(
        sa.text(_KEEP),
        {
            "keep": keep, "merged": merged, "actor": told.actor,
            "before": orjson.dumps(before[keep]).decode(),
            "row": orjson.dumps(_whole(db, merged, before[merged])).decode(),
        },
    ).scalar_one()  # fmt: skip
    db.execute(sa.text(_MOVE_DECISIONS), {"keep": keep, "merged": merged})
    data.care_merge.move(db, keep, merged)
    note = (None, f"resident {merged}")
    db.execute(sa.text("DELETE FROM resident WHERE id = :id"), {"id": merged})
    data.register_edit.note(db, keep, "merged", note, told, seal=seal)
    values = {field: data.register_edit.opened(seal, other, field) for field in _BLANKS}
    filled = {
        field: value
        for field, value in values.items()
        if value is not None and _is_blank(row, field)
    }
    data.register_edit.change(db, row, filled, told, seal=seal)
    _remember(db, merge_id, keep)
    return int(merge_id)


def _is_blank(row: Mapping[str, Any], field: str) -> bool:
    if field == "floating":
        return row["floating"] is False
    return row[f"{SEALED[field]}_index" if field in SEALED else field] is None


def _whole(db: Session, merged: int, row: Any) -> dict[str, Any]:
    """The record that goes, and what goes to the other one: questions about it, care, visits."""
    statement = sa.text("SELECT id FROM decision WHERE resident_id = :id ORDER BY id")
    decisions = list(db.scalars(statement, {"id": merged}))
    return {"resident": row, "decisions": decisions, **data.care_merge.whole(db, merged)}


_KEEP = """
    INSERT INTO resident_merge (kept_id, merged_id, kept_before, merged_row, actor)
    VALUES (:keep, :merged, jsonb_build_object('resident', CAST(:before AS jsonb)),
            CAST(:row AS jsonb), :actor) RETURNING id
"""
_MOVE_DECISIONS = "UPDATE decision SET resident_id = :keep WHERE resident_id = :merged"
_REMEMBER = """
    UPDATE resident_merge SET kept_before = kept_before || jsonb_build_object('version',
        (SELECT version FROM resident WHERE id = :keep))
    WHERE id = :id
"""


def _remember(db: Session, merge_id: int, keep: int) -> None:
    """Write down the version that merging left: a later one was changed by somebody."""
    db.execute(sa.text(_REMEMBER), {"id": merge_id, "keep": keep})


# Undoing

_COLUMNS = (
    "household_id", "area_no", "version", "name_mask", "name_index", "name_sealed", "id_mask",
    "id_index", "id_sealed", "phone_mask", "phone_index", "phone_sealed", "sex", "birth_date",
    "relation", "residence", "floating", "floating_since", "floating_until", "told_at", "told",
    "changed_at",
)  # fmt: skip
_RESTORE_KEPT = f"""
    UPDATE resident r SET ({", ".join(_COLUMNS)}) =
        (SELECT {", ".join(f"o.{name}" for name in _COLUMNS)}
         FROM jsonb_populate_record(NULL::resident, CAST(:row AS jsonb)) o) WHERE r.id = :id
"""
_RESTORE_MERGED = f"""
    INSERT INTO resident (id, {", ".join(_COLUMNS)})
    SELECT o.id, {", ".join(f"o.{name}" for name in _COLUMNS)}
    FROM jsonb_populate_record(NULL::resident, CAST(:row AS jsonb)) o
"""


def undo(db: Session, merge_id: int, told: Told) -> tuple[int, int]:
    """Restore both records exactly; return who was kept and who was merged.

    Raises:
        NotFound: there is no such merge for this viewer.
        Conflict: it was undone already, or somebody changed the record since.
    """
    found = rows(db, "SELECT * FROM resident_merge WHERE id = :id FOR UPDATE", id=merge_id)
    if not found:
        raise NotFound(f"no merge {merge_id} is in your charge")
    one = found[0]
    if one["undone_at"] is not None:
        raise Conflict(f"merge {merge_id} was undone already by {one['undone_by']}")
    kept, merged = int(one["kept_id"]), int(one["merged_id"])
    row = data.register_edit.locked(db, kept)
    if row["version"] != one["kept_before"]["version"]:
        raise Conflict(
            f"resident {kept} was changed since the merge: undoing would lose that; change it back "
            "or register the other person anew"
        )
    _refuse_lost_home(db, one["merged_row"]["resident"])
    _write(db, _RESTORE_KEPT, one["kept_before"]["resident"], kept)
    _write(db, _RESTORE_MERGED, one["merged_row"]["resident"], merged)
    db.execute(
        sa.text("UPDATE decision SET resident_id = :merged WHERE id = ANY (:ids)"),
        {"merged": merged, "ids": one["merged_row"]["decisions"]},
    )
    data.care_merge.restore(db, merged, one["merged_row"])
    db.execute(
        sa.text("UPDATE resident_merge SET undone_at = :at, undone_by = :by WHERE id = :id"),
        {"at": told.at, "by": told.actor, "id": merge_id},
    )
    return kept, merged


def _refuse_lost_home(db: Session, row: Mapping[str, Any]) -> None:
    statement = sa.text("SELECT 1 FROM household WHERE id = :id")
    if db.scalar(statement, {"id": row["household_id"]}) is None:
        raise Conflict(
            f"the household {row['household_id']} of the merged record is not in your charge any "
            "more; it cannot come back there"
        )


def _write(db: Session, statement: str, row: Mapping[str, Any], resident_id: int) -> None:
    text = orjson.dumps(row).decode()
    db.execute(sa.text(statement), {"row": text, "id": resident_id})
