"""账号: who may sign in, as what, of which part of the city in charge, and when."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

import gis.codes
from gis.access import Role
from gis.errors import BadInput, Conflict, NotFound

_LOGIN = re.compile(r"[\w][\w.@+-]{1,79}")
_KEPT_NAMES = {"anybody", "cli", "demo", "test", "web"}
"""Names that stand for others in the journal."""


def in_period(row: str) -> str:
    """Write which charges and posts count today; on the day they end they no longer do."""
    return (
        f"{row}.valid_from <= current_date "
        f"AND ({row}.valid_to IS NULL OR {row}.valid_to > current_date)"
    )


@dataclass(frozen=True)
class Charged:
    """A part somebody is in charge of: a division, a cell, or everything; today if no period."""

    division: str | None = None
    cell: str | None = None
    everything: bool = False
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True)
class Known:
    """An account as lists show it; `charge` in words, posts of its worker included.

    `worker` is a code, `unit` the name of the unit it answers for.
    """

    id: int
    login: str
    name: str
    role: Role
    active: bool
    worker: str | None
    unit: str | None
    charge: tuple[str, ...]
    locked_until: datetime | None
    sessions: int
    is_demo: bool
    has_password: bool


def read_login(text: str) -> str:
    """Write a login the one way it is kept: small letters, no blanks around.

    Raises:
        BadInput: it is none.
    """
    login = unicodedata.normalize("NFKC", text).strip().lower()
    if not _LOGIN.fullmatch(login) or login in _KEPT_NAMES:
        raise BadInput(
            f"{text!r} is no login; take 2 to 80 letters, digits or . _ @ + -", field="login"
        )
    return login


# Making and changing


def add(
    db: Session,
    login: str,
    *,
    role: Role,
    name: str,
    worker: str | None = None,
    unit: str | None = None,
    password_hash: str | None = None,
    is_demo: bool = False,
) -> int:
    """Add an account and return its number.

    `worker` is the code of whose posts it shares, `unit` that of the unit it answers for; without
    one it is the worker's.

    Raises:
        Conflict: that login is there already.
        NotFound: no worker or unit has that code.
    """
    number = db.scalar(
        sa.text(
            "INSERT INTO account "
            "(login, name, role, worker_id, unit_id, password_hash, is_demo) "
            "VALUES (:login, :name, :role, :worker, :unit, :hash, :demo) "
            "ON CONFLICT (login) DO NOTHING RETURNING id"
        ),
        {
            "login": (login := read_login(login)),
            "name": _name(name),
            "role": str(role),
            "worker": _number(db, "worker", worker),
            "unit": _number(db, "unit", unit),
            "hash": password_hash,
            "demo": is_demo,
        },
    )
    if number is None:
        raise Conflict(f"there is an account {login!r} already", field="login", value=login)
    return int(number)


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not 0 < len(name) <= 80 or not name.isprintable():
        raise BadInput(f"{text!r} is no name; take 1 to 80 letters", field="name")
    return name


_TABLES = {"worker": "worker", "unit": "network_unit"}


def _number(db: Session, which: str, code: str | None) -> int | None:
    if code is None:
        return None
    number: int | None = db.scalar(
        sa.text(f"SELECT id FROM {_TABLES[which]} WHERE code = :code"), {"code": code}
    )
    if number is None:
        raise NotFound(f"no {which} has the code {code!r}", field=which, value=code)
    return number


def change(
    db: Session,
    login: str,
    *,
    role: Role | None = None,
    name: str | None = None,
    worker: str | None = None,
    unit: str | None = None,
    active: bool | None = None,
) -> int:
    """Change what is told of an account, and return its number; None leaves a thing as it is.

    Raises:
        NotFound: no such account, worker or unit.
    """
    number = number_of(db, login)
    db.execute(
        sa.text(
            "UPDATE account SET role = coalesce(:role, role), name = coalesce(:name, name), "
            "worker_id = coalesce(:worker, worker_id), unit_id = coalesce(:unit, unit_id), "
            "active = coalesce(:active, active) "
            "WHERE id = :id"
        ),
        {
            "id": number,
            "role": role and str(role),
            "name": None if name is None else _name(name),
            "worker": _number(db, "worker", worker),
            "unit": _number(db, "unit", unit),
            "active": active,
        },
    )
    return number


def number_of(db: Session, login: str) -> int:
    """Return the number of an account; its row stays locked until the act is done.

    Raises:
        NotFound: no account has that login.
    """
    number: int | None = db.scalar(
        sa.text("SELECT id FROM account WHERE login = :login FOR UPDATE"),
        {"login": read_login(login)},
    )
    if number is None:
        raise NotFound(f"there is no account {login!r}", field="login", value=login)
    return number


def set_password(db: Session, account: int, password_hash: str) -> None:
    """Keep a new password, already hashed; a lock after failures is taken off."""
    db.execute(
        sa.text(
            "UPDATE account SET password_hash = :hash, failures = 0, locked_until = NULL "
            "WHERE id = :id"
        ),
        {"id": account, "hash": password_hash},
    )


def unlock(db: Session, account: int) -> None:
    """Take off a lock that failures brought."""
    db.execute(
        sa.text("UPDATE account SET failures = 0, locked_until = NULL WHERE id = :id"),
        {"id": account},
    )


# Charges


def put_in_charge(db: Session, account: int, charges: list[Charged]) -> None:
    """Put an account in charge of more.

    Raises:
        BadInput: a period that ends before it begins.
        NotFound: no such division or cell in force.
    """
    today: date = db.execute(sa.text("SELECT current_date")).scalar_one()
    for one in charges:
        if one.valid_to and one.valid_to <= (one.valid_from or today):
            raise BadInput(f"the charge ends on {one.valid_to}, before it begins")
    divisions = _divisions(db, [one.division for one in charges if one.division])
    _check_cells(db, [one.cell for one in charges if one.cell])
    if charges:
        db.execute(
            sa.text(
                "INSERT INTO charge (account_id, division_code, cell_code, everything, valid_from, "
                "valid_to) VALUES (:account, :division, :cell, :everything, "
                "coalesce(:since, current_date), :until)"
            ),
            [
                {
                    "account": account,
                    "division": one.division and divisions[one.division],
                    "cell": one.cell,
                    "everything": one.everything,
                    "since": one.valid_from,
                    "until": one.valid_to,
                }
                for one in charges
            ],
        )


def _divisions(db: Session, codes: list[str]) -> dict[str, str]:
    """Each code as it was told → as the table of divisions has it."""
    full = {code: gis.codes.pad_division(code) for code in codes}
    known = set(
        db.scalars(
            sa.text("SELECT code FROM division WHERE code = ANY(:codes)"),
            {"codes": [*full, *full.values()]},
        )
    )
    for code, padded in full.items():
        if not known & {code, padded}:
            raise NotFound(f"{code!r} is not the code of a division", field="area", value=code)
    return {code: code if code in known else padded for code, padded in full.items()}


def _check_cells(db: Session, codes: list[str]) -> None:
    known = set(
        db.scalars(
            sa.text(
                "SELECT c.code FROM grid_cell c JOIN grid_plan p ON p.id = c.plan_id "
                "WHERE p.state = 'published' AND c.code = ANY(:codes)"
            ),
            {"codes": codes},
        )
    )
    for code in codes:
        if code not in known:
            raise NotFound(
                f"{code!r} is not the code of a cell of the plan in force", field="cell", value=code
            )


def end_charges(db: Session, account: int) -> int:
    """End all charges of an account today; return how many there were."""
    ended = db.execute(
        sa.text(
            "UPDATE charge SET valid_to = current_date WHERE account_id = :id "
            "AND (valid_to IS NULL OR valid_to > current_date) RETURNING id"
        ),
        {"id": account},
    ).all()
    return len(ended)


# Looking


def known(db: Session, *, login: str | None = None) -> list[Known]:
    """List the accounts `db` may see, by login; one of them if `login` says so."""
    rows = db.execute(sa.text(_KNOWN), {"login": login}).mappings()
    return [
        Known(
            **{name: row[name] for name in _PLAIN},
            role=Role(row["role"]),
            charge=tuple(row["charge"]),
        )
        for row in rows
    ]


_PLAIN = (
    *("id", "login", "name", "active", "worker", "unit", "locked_until", "sessions", "is_demo"),
    "has_password",
)
_KNOWN = f"""
    SELECT a.id, a.login, a.name, a.role, a.active, w.code AS worker, u.name AS unit, a.is_demo,
           CASE WHEN a.locked_until > now() THEN a.locked_until END AS locked_until,
           a.password_hash IS NOT NULL AS has_password,
           (SELECT count(*) FROM session s WHERE s.account_id = a.id AND s.expires_at > now())
               AS sessions,
           ARRAY(
               SELECT CASE WHEN c.everything THEN '全部 everything'
                           WHEN c.cell_code IS NOT NULL THEN concat_ws(' ', (
                               SELECT g.name FROM grid_cell g JOIN grid_plan p ON p.id = g.plan_id
                               WHERE g.code = c.cell_code AND p.state = 'published'), c.cell_code)
                           ELSE concat_ws(' ', d.name, c.division_code) END
                      || coalesce(' → ' || c.valid_to, '')
               FROM charge c LEFT JOIN division d
                    ON d.code = c.division_code AND d.valid_to IS NULL
               WHERE c.account_id = a.id AND {in_period("c")} ORDER BY c.id
           ) || ARRAY(
               SELECT concat_ws(' ', g.name, g.code) || coalesce(' → ' || p.valid_to, '')
               FROM post p JOIN grid_cell g ON g.id = p.cell_id
               WHERE p.worker_id = a.worker_id AND {in_period("p")} ORDER BY g.code COLLATE "C"
           ) AS charge
    FROM account a LEFT JOIN worker w ON w.id = a.worker_id
                   LEFT JOIN network_unit u ON u.id = coalesce(a.unit_id, w.unit_id)
    WHERE CAST(:login AS text) IS NULL OR a.login = :login
    ORDER BY a.login COLLATE "C"
"""
