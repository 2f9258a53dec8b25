"""台账's homes: somebody comes, moves, leaves; the household decides the area of its people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.db
import data.locate
import data.register_edit
from data.register_edit import SEALED, Told
from data.seal import Seal
from gis.errors import NotFound


def add(
    db: Session, household_id: int, values: Mapping[str, Any], told: Told, *, seal: Seal
) -> int:
    """Add a resident to a household; return the number.

    Raises:
        Conflict: another record has the id.
    """
    new: dict[str, Any] = {}
    for field, value in values.items():
        if value is not None:
            new |= data.register_edit.columns(seal, field, value)
    if "id_index" in new:
        data.register_edit.refuse_taken(db, 0, new["id_index"])
    names = ", ".join(new)
    marks = ", ".join(f":{name}" for name in new)
    resident_id = db.execute(
        sa.text(
            f"INSERT INTO resident (household_id, area_no, told_at, {names}) "
            f"SELECT id, area_no, :told_at, {marks} FROM household WHERE id = :household "
            "RETURNING id"
        ),
        {**new, "household": household_id, "told_at": told.at},
    ).scalar_one()
    data.register_edit.note(
        db, resident_id, "household", (None, address(db, household_id)), told, seal=seal
    )
    return int(resident_id)


def move(
    db: Session, row: Mapping[str, Any], dwelling_id: int, number: str, told: Told, *, seal: Seal
) -> None:
    """Move a locked resident to a household, by its number, of a dwelling.

    Raises:
        NotFound: the dwelling is not in the viewer's charge.
    """
    move_to(db, row, household_of(db, dwelling_id, number), told, seal=seal)


def move_to(
    db: Session, row: Mapping[str, Any], household_id: int, told: Told, *, seal: Seal
) -> None:
    """Move a locked resident to a household."""
    if household_id == row["household_id"]:
        return
    places = (address(db, row["household_id"]), address(db, household_id))
    data.register_edit.note(db, row["id"], "household", places, told, seal=seal)
    area = db.scalar(
        sa.text("SELECT area_no FROM household WHERE id = :id"), {"id": household_id}
    )  # fmt: skip
    new = {"household_id": household_id, "area_no": area}
    data.register_edit.update(db, row["id"], new, {"household": told.at})


def leave(db: Session, row: Mapping[str, Any], told: Told, *, seal: Seal) -> None:
    """Take a locked resident out; what was known of him stays in his history."""
    for field in (*SEALED, "sex", "birth_date", "relation", "residence"):
        value = data.register_edit.opened(seal, row, field)
        if value is not None:
            data.register_edit.note(db, row["id"], field, (value, None), told, seal=seal)
    place = address(db, row["household_id"])
    data.register_edit.note(db, row["id"], "household", (place, None), told, seal=seal)
    db.execute(sa.text("DELETE FROM resident WHERE id = :id"), {"id": row["id"]})


def household_of(db: Session, dwelling_id: int, number: str) -> int:
    """Find a household by its number, or make it.

    Raises:
        NotFound: the dwelling is not in the viewer's charge.
    """
    values = {"dwelling": dwelling_id, "number": number}
    db.execute(
        sa.text(
            "INSERT INTO household (dwelling_id, number, area_no) "
            "SELECT id, :number, area_no FROM dwelling WHERE id = :dwelling "
            "ON CONFLICT (dwelling_id, number) DO NOTHING"
        ),
        values,
    )
    found = db.scalar(
        sa.text("SELECT id FROM household WHERE dwelling_id = :dwelling AND number = :number"),
        values,
    )
    if found is None:
        raise NotFound(f"no dwelling {dwelling_id} is in your charge")
    return int(found)


def address(db: Session, household_id: int) -> str:
    """Where a household lives, in words."""
    statement = sa.text(f"SELECT {ADDRESS} FROM {OF_HOME} WHERE h.id = :id")
    return str(db.scalar(statement, {"id": household_id}))


ADDRESS = "concat_ws(' ', coalesce(b.address, b.name, b.code), d.number, nullif(h.number, '1'))"
OF_HOME = (
    "household h JOIN dwelling d ON d.id = h.dwelling_id JOIN building b ON b.id = d.building_id"
)


def count_again(db: Session) -> None:
    """Count homes and people of the cells again; cached answers about them are stale."""
    data.locate.tally(db, ["dwellings"])
    data.db.bump(db, "cells", "dwellings")
