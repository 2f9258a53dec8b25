"""The accounts of a demo town: one for each role. They have no password.

They sign in by one click at the very machine that serves the town, and nowhere else.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.accounts
from data.accounts import Charged
from gis.access import Role

_POSTED = """
    SELECT w.code, w.name, left(c.division_code, 9) || '000' AS street
    FROM post p JOIN worker w ON w.id = p.worker_id JOIN grid_cell c ON c.id = p.cell_id
    WHERE p.role = :role ORDER BY c.code COLLATE "C", w.code LIMIT 1
"""


def add(db: Session) -> None:
    """Add them: a worker and his leader by their posts, a street's dispatcher, the others."""
    worker, leader = _posted(db, "grid_worker"), _posted(db, "grid_leader")
    street, everything = [Charged(division=worker.street)], [Charged(everything=True)]
    county = [Charged(division=worker.street[:6])]
    told: list[tuple[str, Role, str, list[Charged], str | None]] = [
        ("worker", Role.WORKER, worker.name, [], worker.code),
        ("leader", Role.LEADER, leader.name, [], leader.code),
        ("dispatcher", Role.DISPATCHER, "街道派遣员", street, None),
        ("department", Role.DEPARTMENT, "区城市管理局", county, None),
        ("planner", Role.PLANNER, "规划员", everything, None),
        ("auditor", Role.AUDITOR, "审计员", everything, None),
        ("administrator", Role.ADMINISTRATOR, "管理员", everything, None),
    ]
    for login, role, name, charges, code in told:
        number = data.accounts.add(db, login, role=role, name=name, worker=code, is_demo=True)
        data.accounts.put_in_charge(db, number, charges)


def _posted(db: Session, role: str) -> sa.Row[Any]:
    return db.execute(sa.text(_POSTED), {"role": role}).one()
