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
    SELECT w.code, w.name, c.division_code AS community,
           left(c.division_code, 9) || '000' AS street
    FROM post p JOIN worker w ON w.id = p.worker_id JOIN grid_cell c ON c.id = p.cell_id
    WHERE p.role = :role ORDER BY c.code COLLATE "C", w.code LIMIT 1
"""
_DEPARTMENT = """
    SELECT code, name FROM network_unit
    WHERE kind = 'department' AND starts_with(division_code, :county)
    ORDER BY code COLLATE "C" LIMIT 1
"""


def add(db: Session) -> None:
    """Add them: a worker by his posts, his leader with the community, the street, the others."""
    worker, leader = _posted(db, "grid_worker"), _posted(db, "grid_leader")
    street, everything = [Charged(division=worker.street)], [Charged(everything=True)]
    county = [Charged(division=worker.street[:6])]
    department = db.execute(sa.text(_DEPARTMENT), {"county": worker.street[:6]}).one()
    told: list[tuple[str, Role, str, list[Charged], str | None]] = [
        ("worker", Role.WORKER, worker.name, [], worker.code),
        ("leader", Role.LEADER, leader.name, [Charged(division=leader.community)], leader.code),
        ("acceptor", Role.ACCEPTOR, "街道受理员", street, None),
        ("dispatcher", Role.DISPATCHER, "街道派遣员", street, None),
        ("inspector", Role.INSPECTOR, "街道核查员", street, None),
        ("chief", Role.CHIEF, "街道负责人", street, None),
        ("department", Role.DEPARTMENT, department.name, county, None),
        ("planner", Role.PLANNER, "规划员", everything, None),
        ("auditor", Role.AUDITOR, "审计员", everything, None),
        ("administrator", Role.ADMINISTRATOR, "管理员", everything, None),
    ]
    for login, role, name, charges, code in told:
        unit = department.code if role is Role.DEPARTMENT else None
        number = data.accounts.add(
            db, login, role=role, name=name, worker=code, unit=unit, is_demo=True
        )
        data.accounts.put_in_charge(db, number, charges)


def _posted(db: Session, role: str) -> sa.Row[Any]:
    return db.execute(sa.text(_POSTED), {"role": role}).one()
