"""台账's paper trail: sheets that were brought, and their refused rows until somebody mends them.

A refused row is kept sealed whole; what is wrong with it is kept in words, without the value.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
import pandas as pd
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.journal
import gis.register
from data.seal import Seal
from gis.access import Viewer
from gis.errors import NotFound

_SECRET = ("name", "id_number", "phone", "birth_date")


def note(db: Session, name: str, *, by: Viewer, told_at: datetime, content: bytes) -> int:
    """Write down that a sheet of residents is brought; return its number."""
    return int(
        db.execute(
            sa.text(
                "INSERT INTO sheet (name, kind, told_at, actor, account_id, content) "
                "VALUES (:name, 'residents', :told_at, :actor, :account, :content) RETURNING id"
            ),
            {
                "name": data.journal.file_name(name),
                "told_at": told_at,
                "actor": by.login,
                "account": by.account or None,
                "content": content,
            },
        ).scalar_one()
    )


def content_of(frame: pd.DataFrame, seal: Seal) -> bytes:
    """What a sheet is known by: a keyed digest of its cells."""
    hashed = pd.util.hash_pandas_object(frame.astype("str").fillna(""), index=False)
    told = hashlib.sha256(orjson.dumps([*map(str, frame.columns)]) + hashed.to_numpy().tobytes())
    return seal.index("sheet", [told.hexdigest()])[0] or b""


def first_told(db: Session, content: bytes, *, mends: str | None = None) -> datetime | None:
    """When a sheet that was brought before, or that this errors file mends, told what it tells."""
    told: datetime | None = db.scalar(
        sa.text(
            "SELECT told_at FROM sheet WHERE content = :content OR name = :mends "
            "ORDER BY content = :content DESC NULLS LAST, id DESC LIMIT 1"
        ),
        {"content": content, "mends": None if mends is None else data.journal.file_name(mends)},
    )
    return told


def mended_elsewhere(db: Session, mends: str, rows: Sequence[int]) -> None:
    """Rows of a sheet that came in by its errors file wait no longer."""
    db.execute(
        sa.text(
            "UPDATE sheet_row w SET state = 'mended', changed_at = now() FROM sheet s "
            "WHERE s.id = w.sheet_id AND s.name = :name AND w.state = 'waiting' "
            "AND w.row = ANY (:rows)"
        ),
        {"name": data.journal.file_name(mends), "rows": list(rows)},
    )


def report(db: Session, sheet_id: int, numbers: Mapping[str, Any]) -> None:
    """Keep what became of a sheet, in numbers."""
    db.execute(
        sa.text("UPDATE sheet SET report = CAST(:report AS jsonb) WHERE id = :id"),
        {"id": sheet_id, "report": orjson.dumps(dict(numbers)).decode()},
    )


# Refused rows


def keep_rows(
    db: Session, sheet_id: int, refused: Sequence[Mapping[str, Any]], *, seal: Seal, by: Viewer
) -> int:
    """Keep refused rows: each has row, cells (field → text), how (to read them) and faults.

    A row that is kept already, or was mended or dropped, is not kept again. Return how many are.
    """
    if not refused:
        return 0
    contents = [
        orjson.dumps([one["cells"], one["how"]], option=orjson.OPT_SORT_KEYS).decode()
        for one in refused
    ]
    kept = db.execute(
        sa.text(_KEEP),
        {
            "sheet": sheet_id,
            "row": [one["row"] for one in refused],
            "sealed": seal.seal("sheet_row", contents),
            "content": seal.index("sheet_row", contents),
            "faults": [orjson.dumps(one["faults"]).decode() for one in refused],
            "code": [one["cells"].get("building_code") for one in refused],
            "address": [one["cells"].get("address") for one in refused],
            "low": by.scope.low,
            "high": by.scope.high,
            "areas": None if by.scope.areas is None else list(by.scope.areas),
            "own": by.scope.areas[0] if by.scope.areas else by.scope.low,
        },
    )
    return len(kept.all())


_KEEP = """
    WITH refused AS (
        SELECT DISTINCT ON (content) * FROM unnest(
            CAST(:row AS int[]), CAST(:sealed AS bytea[]), CAST(:content AS bytea[]),
            CAST(:faults AS text[]), CAST(:code AS text[]), CAST(:address AS text[])
        ) one (row, sealed, content, faults, code, address) ORDER BY content, row
    )
    INSERT INTO sheet_row (sheet_id, row, sealed, content, faults, area_no)
    SELECT :sheet, o.row, o.sealed, o.content, CAST(o.faults AS jsonb), coalesce((
        SELECT c.area_no FROM building b JOIN grid_cell c ON c.id = b.cell_id
        WHERE (b.code = o.code OR (o.code IS NULL AND b.address = o.address))
          AND c.area_no BETWEEN :low AND :high
          AND (CAST(:areas AS bigint[]) IS NULL OR c.area_no = ANY (CAST(:areas AS bigint[])))
        ORDER BY b.id LIMIT 1), :own)
    FROM refused o WHERE NOT EXISTS (SELECT FROM sheet_row w WHERE w.content = o.content)
    ORDER BY o.row RETURNING id
"""
"""In the area of its building, else in one the bringer sees: who brought it can mend it."""


def refused_rows(
    db: Session,
    seal: Seal,
    *,
    sheet_id: int | None = None,
    ids: Sequence[int] | None = None,
    limit: int = 200,
) -> list[dict[str, Any]]:
    """List waiting rows with their values, masked where they name a person, and their faults."""
    asked = {"sheet": sheet_id, "ids": None if ids is None else list(ids), "limit": limit}
    found = [dict(row) for row in db.execute(sa.text(_WAITING), asked).mappings()]
    return [
        {
            "id": row["id"],
            "row": row["row"],
            "sheet_id": row["sheet_id"],
            "sheet": row["sheet"],
            "faults": row["faults"],
            "values": shown(opened(seal, row)["cells"]),
        }
        for row in found
    ]


_WAITING = """
    SELECT w.id, w.row, w.sheet_id, s.name AS sheet, w.faults, w.sealed
    FROM sheet_row w LEFT JOIN sheet s ON s.id = w.sheet_id
    WHERE w.state = 'waiting' AND (CAST(:sheet AS bigint) IS NULL OR w.sheet_id = :sheet)
      AND (CAST(:ids AS bigint[]) IS NULL OR w.id = ANY (CAST(:ids AS bigint[])))
    ORDER BY w.sheet_id DESC, w.row, w.id LIMIT :limit
"""


def opened(seal: Seal, row: Mapping[str, Any]) -> dict[str, Any]:
    """Open a kept row: its cells, and how to read them."""
    cells, how = orjson.loads(seal.open("sheet_row", bytes(row["sealed"])) or "[{}, {}]")
    return {"cells": cells, "how": how}


def shown(cells: Mapping[str, str | None]) -> dict[str, str | None]:
    """Cells as a list shows them: only fields of a resident, and those that name one masked."""
    known = (*gis.register.PERSON, *gis.register.HOME)
    return {
        field: gis.register.shown(field, cells.get(field)) if field in _SECRET else cells.get(field)
        for field in known
    }


def locked(db: Session, row_id: int) -> dict[str, Any]:
    """Read a waiting row and hold it.

    Raises:
        NotFound: there is none that this viewer may mend.
    """
    row = db.execute(
        sa.text(
            "SELECT w.*, s.name AS sheet, s.told_at FROM sheet_row w "
            "LEFT JOIN sheet s ON s.id = w.sheet_id "
            "WHERE w.id = :id AND w.state = 'waiting' FOR UPDATE OF w"
        ),
        {"id": row_id},
    ).mappings().first()  # fmt: skip
    if row is None:
        raise NotFound(f"no refused row {row_id} waits in your charge")
    return dict(row)


def done(db: Session, row_id: int, state: str) -> None:
    """A row waits no more: it was mended, or dropped."""
    db.execute(
        sa.text("UPDATE sheet_row SET state = :state, changed_at = now() WHERE id = :id"),
        {"id": row_id, "state": state},
    )
