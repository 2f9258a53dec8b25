"""Cases that a dispatcher gives to one worker or unit by his own choice, before they are sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from gis.errors import NotFound

_WAITING = """
    SELECT f.code, f.version, f.title, c.code AS cell, ST_X(f.geom) AS lon, ST_Y(f.geom) AS lat
    FROM case_file f LEFT JOIN grid_cell c ON c.id = f.cell_id
    WHERE f.code = ANY (:codes) AND f.state = 'filed' AND f.joined_to IS NULL
    ORDER BY f.filed_at, f.id
"""
_TABLES = {"worker": "worker", "unit": "network_unit"}


def waiting(db: Session, codes: Sequence[str]) -> list[dict[str, Any]]:
    """Those of the cases that wait to be dispatched, the oldest first."""
    return [dict(row) for row in db.execute(sa.text(_WAITING), {"codes": list(codes)}).mappings()]


def name_of(db: Session, which: str, code: str) -> str:
    """The name of a `worker` or `unit`.

    Raises:
        NotFound: the code names nobody.
    """
    query = f"SELECT name FROM {_TABLES[which]} WHERE code = :code"
    name = db.scalar(sa.text(query), {"code": code})
    if name is None:
        raise NotFound(f"no {which} has the code {code!r}", value=code)
    return str(name)
