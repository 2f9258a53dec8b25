"""台账 changed by hand: one person's fields, each change with its history, under lock.

What somebody types is told now, and so it is later than what any sheet has said before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.orm import Session

import gis.privacy
import gis.register
from data.seal import Seal
from gis.errors import Conflict, NotFound

SEALED = {"name": "name", "id_number": "id", "phone": "phone"}
"""Fields of a person that are kept sealed, and how their three columns begin."""


@dataclass(frozen=True)
class Told:
    """Who says so, when it was true, and by which act or sheet."""

    act: str
    actor: str
    at: datetime
    sheet_id: int | None = None


def seen(db: Session, resident_id: int) -> dict[str, Any]:
    """Read the whole row of a resident.

    Raises:
        NotFound: there is none that this viewer may see.
    """
    return _row(db, resident_id, "")


def locked(db: Session, resident_id: int) -> dict[str, Any]:
    """Read the whole row of a resident and hold it until the transaction ends.

    Raises:
        NotFound: there is none that this viewer may see and change.
    """
    return _row(db, resident_id, " FOR UPDATE")


def _row(db: Session, resident_id: int, hold: str) -> dict[str, Any]:
    statement = sa.text(f"SELECT * FROM resident WHERE id = :id{hold}")
    row = db.execute(statement, {"id": resident_id}).mappings().first()
    if row is None:
        raise NotFound(f"no resident {resident_id} is in your charge")
    return dict(row)


def opened(seal: Seal, row: Mapping[str, Any], field: str) -> Any:
    """The value of a field in clear."""
    if field in SEALED:
        sealed = row[f"{SEALED[field]}_sealed"]
        return seal.open(field, None if sealed is None else bytes(sealed))
    return row[field]


def masked(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of `resident` as lists show it."""
    told: dict[str, Any] = {"id": row["id"], "version": row["version"]}
    for field in gis.register.PERSON:
        if field in SEALED:
            told[field] = row[f"{SEALED[field]}_mask"]
        elif field == "birth_date":
            told["birth"] = gis.register.shown(field, row[field])
        elif isinstance(row[field], bool):
            told[field] = row[field]
        else:
            told[field] = gis.register.shown(field, row[field])
    return told


def columns(seal: Seal, field: str, value: Any) -> dict[str, Any]:
    """What the store keeps of a value: itself, or mask, blind index and sealed."""
    if field not in SEALED:
        return {field: value}
    text = None if value is None else str(value)
    known = gis.privacy.fold_name(text) if field == "name" and text else text
    stem = SEALED[field]
    return {
        f"{stem}_mask": gis.register.shown(field, text),
        f"{stem}_index": seal.index(field, [known])[0],
        f"{stem}_sealed": seal.seal(field, [text])[0],
    }


def change(
    db: Session, row: Mapping[str, Any], values: Mapping[str, Any], told: Told, *, seal: Seal
) -> list[str]:
    """Write `values` of a locked row that differ, with their history; return their fields.

    Raises:
        Conflict: another record has this id already.
    """
    new: dict[str, Any] = {}
    history = []
    for field, given in values.items():
        old = opened(seal, row, field)
        value = bool(given) if field == "floating" else given
        if old == value or (old is None and value is None):
            continue
        new |= columns(seal, field, value)
        history.append(_line(seal, row["id"], field, (old, value), told))
    if not history:
        return []
    if new.get("id_index") is not None:
        refuse_taken(db, row["id"], new["id_index"])
    db.execute(sa.text(_HISTORY), history)
    fields = [line["field"] for line in history]
    update(db, row["id"], new, dict.fromkeys(fields, told.at))
    return fields


def _line(
    seal: Seal, resident_id: int, field: str, values: tuple[Any, Any], told: Told
) -> dict[str, Any]:
    secret = field in SEALED or field == "birth_date"
    both = [None if value is None else str(value) for value in values]
    old, new = seal.seal(field, both) if secret else (None, None)
    return {
        "resident": resident_id, "field": field, "old_sealed": old, "new_sealed": new,
        "old_shown": gis.register.shown(field, values[0]),
        "new_shown": gis.register.shown(field, values[1]),
        "act": told.act, "told_at": told.at, "actor": told.actor, "sheet": told.sheet_id,
    }  # fmt: skip


_HISTORY = """
    INSERT INTO resident_change (resident_id, field, old_shown, new_shown, old_sealed, new_sealed,
                                 act, told_at, actor, sheet_id)
    VALUES (:resident, :field, :old_shown, :new_shown, :old_sealed, :new_sealed,
            :act, :told_at, :actor, :sheet)
"""


def note(
    db: Session, resident_id: int, field: str, values: tuple[Any, Any], told: Told, *, seal: Seal
) -> None:
    """Write one line of a resident's history."""
    db.execute(sa.text(_HISTORY), _line(seal, resident_id, field, values, told))


def update(
    db: Session, resident_id: int, new: Mapping[str, Any], told: Mapping[str, datetime]
) -> None:
    """Set columns of one resident, say when they were told, raise the version."""
    sets = "".join(f"{name} = :{name}, " for name in new)
    times = orjson.dumps({field: at.isoformat() for field, at in told.items()}).decode()
    db.execute(
        sa.text(
            f"UPDATE resident SET {sets} told = told || CAST(:times AS jsonb), "
            "version = version + 1, changed_at = now() WHERE id = :resident_id"
        ),
        {**new, "times": times, "resident_id": resident_id},
    )


def refuse_taken(db: Session, resident_id: int, id_index: bytes) -> None:
    """Refuse an id that another record has; who has it is told only to those in charge."""
    row = db.execute(
        sa.text("SELECT id, name_mask FROM resident WHERE id_index = :index AND id <> :id"),
        {"index": id_index, "id": resident_id},
    ).first()
    if row is not None:
        raise Conflict(
            f"this id is registered already, as resident {row.id} ({row.name_mask}); "
            "if both are one person, merge them",
            resident=row.id, name=row.name_mask,
        )  # fmt: skip
    taken = db.scalar(
        sa.text("SELECT count(*) FROM ids_taken(CAST(:ids AS bytea[]))"), {"ids": [id_index]}
    )
    if taken:
        raise Conflict(ELSEWHERE)


ELSEWHERE = (
    "this id is registered in another area; ask your street to hand the record over "
    "(该身份证号已在其他区域登记，请由街道移交)"
)
