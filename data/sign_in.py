"""登录: passwords, sessions, and who a token belongs to, asked at every request.

A password is kept as its Argon2 hash, a token as its SHA-256. The tables are open to the
application only in a transaction that says so (`wangge.door`), which this file alone does.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import argon2
import psycopg
import sqlalchemy as sa
from psycopg_pool import AsyncConnectionPool
from sqlalchemy.orm import Session

import data.areas
import data.scope
import gis.codes
from data.accounts import in_period
from data.locate import IN_FORCE
from gis.access import ANYBODY, EVERYWHERE, NOWHERE, Role, Scope, Viewer
from gis.errors import BadInput, Unavailable

COOKIE_IDLE, COOKIE_MOST = timedelta(hours=12), timedelta(days=7)
FAILURES, LOCKED_FOR = 5, timedelta(minutes=15)
PASSWORD_LEAST, PASSWORD_MOST = 10, 200
TOKENS_MOST = 50

# Passwords

_HASHER = argon2.PasswordHasher()
_AT_ONCE, _IN_LINE = threading.BoundedSemaphore(4), threading.BoundedSemaphore(16)
"""Each hash takes 64 MiB and a tenth of a second: a crowd at the door must neither eat the machine
nor stand in the way of everybody else."""


@contextmanager
def _in_turn() -> Iterator[None]:
    if not _IN_LINE.acquire(blocking=False):
        raise Unavailable("too many people sign in just now; try again in a moment")
    try:
        with _AT_ONCE:
            yield
    finally:
        _IN_LINE.release()


def hash_of(password: str, *, login: str = "") -> str:
    """Hash a new password.

    Raises:
        BadInput: too short, too long, or the login itself. Unavailable: a crowd is before us.
    """
    if not PASSWORD_LEAST <= len(password) <= PASSWORD_MOST:
        raise BadInput(
            f"a password has {PASSWORD_LEAST} to {PASSWORD_MOST} characters", field="password"
        )
    if password.strip().lower() == login:
        raise BadInput("a password must not be the login", field="password")
    with _in_turn():
        return _HASHER.hash(password)


_NOBODYS = (
    "$argon2id$v=19$m=65536,t=3,p=4$cQfAY6k4yD7Ibpsqr/XWYA"
    "$2h7Ix3yjkqfwDMOtVCBTX++xPHTw/FC6YHlucju7iXI"
)
"""The hash of a password nobody knows: compared where there is none, so that it takes as long."""


def fits(password_hash: str | None, password: str) -> bool:
    """Whether a password is the one hashed; takes its time also where there is none.

    Raises:
        Unavailable: a crowd is before us.
    """
    with _in_turn():
        try:
            return _HASHER.verify(password_hash or _NOBODYS, password[: PASSWORD_MOST + 1])
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False


# The door


@contextmanager
def at_door(store: sa.Engine) -> Iterator[Session]:
    """A transaction of nobody yet, which sees accounts and sessions and nothing else."""
    with data.scope.transaction(store, ANYBODY) as db:
        db.execute(sa.text("SELECT set_config('wangge.door', 'open', true)"))
        yield db


@dataclass(frozen=True)
class Knocked:
    """What is kept of an account somebody says is his; `id` 0 when there is none."""

    id: int = 0
    login: str = ""
    password_hash: str | None = None


def knock(db: Session, login: str) -> Knocked:
    """Look an active account up by its login."""
    row = db.execute(
        sa.text("SELECT id, login, password_hash FROM account WHERE login = :login AND active"),
        {"login": login},
    ).one_or_none()
    return Knocked(*row) if row else Knocked()


def let_in(db: Session, account: int) -> bool:
    """Forget the failures of an account, unless it is locked or closed: then answer False."""
    row = db.execute(
        sa.text(
            "UPDATE account SET failures = 0, locked_until = NULL WHERE id = :id AND active "
            "AND (locked_until IS NULL OR locked_until <= now()) RETURNING id"
        ),
        {"id": account},
    ).one_or_none()
    return row is not None


def turn_away(db: Session, account: int, *, failures: int, locked_for: timedelta) -> bool:
    """Count a failure; answer whether it locked the account. A locked one counts no more.

    One without a password is never locked: its owner comes by another way.
    """
    row = db.execute(
        sa.text(
            "UPDATE account SET failures = (failures + 1) % :most, locked_until = "
            "CASE WHEN failures + 1 >= :most THEN now() + :locked_for END "
            "WHERE id = :id AND password_hash IS NOT NULL "
            "AND (locked_until IS NULL OR locked_until <= now()) RETURNING locked_until IS NOT NULL"
        ),
        {"id": account, "most": failures, "locked_for": locked_for},
    ).one_or_none()
    return row is not None and bool(row[0])


def demo_account(db: Session, login: str) -> int:
    """The number of an account that came with the demo town; 0 when it is none."""
    number = db.scalar(
        sa.text(
            "SELECT id FROM account WHERE login = :login AND is_demo "
            "AND EXISTS (SELECT FROM store_fact WHERE key = 'demo')"
        ),
        {"login": login},
    )
    return int(number or 0)


def account_of_subject(db: Session, subject: str, names: list[str]) -> tuple[int, str] | None:
    """The account and login of somebody another house knows as `subject`.

    One that bears one of `names`, has no password and is nobody's yet becomes his now.
    """
    own = db.execute(
        sa.text("SELECT id, login FROM account WHERE oidc_subject = :subject"),
        {"subject": subject},
    ).one_or_none()
    if own is None:
        own = db.execute(
            sa.text(
                "UPDATE account SET oidc_subject = :subject WHERE id = (SELECT id FROM account "
                "WHERE login = ANY(:names) AND oidc_subject IS NULL AND password_hash IS NULL "
                "AND active AND NOT is_demo ORDER BY array_position(:names, login) LIMIT 1 "
                "FOR UPDATE) RETURNING id, login"
            ),
            {"subject": subject, "names": names},
        ).one_or_none()
    return (own[0], own[1]) if own else None


# Sessions


def digest(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).digest()


def begin(
    db: Session, account: int, *, label: str | None = None, lasts: timedelta | None = None
) -> tuple[int, str]:
    """Sign an account in: a browser, or, when told how long it lasts, a program.

    Returns the session's number and the token, which is kept nowhere. Sessions long over go.
    """
    token = secrets.token_urlsafe(32)
    db.execute(sa.text("DELETE FROM session WHERE expires_at < now() - interval '30 days'"))
    number: int = db.execute(
        sa.text(
            "INSERT INTO session (account_id, token_hash, kind, label, expires_at) "
            "VALUES (:account, :hash, :kind, :label, now() + :lasts) RETURNING id"
        ),
        {
            "account": account,
            "hash": digest(token),
            "kind": "bearer" if lasts else "cookie",
            "label": label,
            "lasts": lasts or COOKIE_IDLE,
        },
    ).scalar_one()
    return number, token


def end(db: Session, account: int, session: int, *, kind: str | None = None) -> bool:
    """End one session of an account; answer whether there was such a one."""
    found = db.execute(
        sa.text(
            "DELETE FROM session WHERE id = :id AND account_id = :account "
            "AND (CAST(:kind AS text) IS NULL OR kind = :kind) RETURNING id"
        ),
        {"id": session, "account": account, "kind": kind},
    ).one_or_none()
    return found is not None


def end_all(db: Session, account: int, *, but: int = 0) -> int:
    """End all sessions of an account, tokens of programs too, but one; return how many."""
    ended = db.execute(
        sa.text("DELETE FROM session WHERE account_id = :account AND id <> :but RETURNING id"),
        {"account": account, "but": but},
    ).all()
    return len(ended)


def tokens(db: Session, account: int) -> int:
    """Count the tokens an account has given to programs."""
    count = db.scalar(
        sa.text(
            "SELECT count(*) FROM session WHERE account_id = :id AND kind = 'bearer' "
            "AND expires_at > now()"
        ),
        {"id": account},
    )
    return int(count or 0)


# Who a token belongs to: asked at every request


@dataclass(frozen=True)
class Entered:
    """Somebody who is signed in: who he is, and by which session."""

    viewer: Viewer
    session: int
    kind: str


OPEN = (
    f"SELECT set_config('role', '{data.scope.APP_ROLE}', true), "
    "set_config('wangge.door', 'open', true)"
)
WHO = f"""
    SELECT s.token_hash, s.id, s.kind, s.used_at < now() - interval '5 minutes', a.id, a.login,
           a.name, a.role, coalesce(a.worker_id, 0), coalesce(a.unit_id, w.unit_id, 0),
           EXISTS (SELECT FROM charge c
                   WHERE c.account_id = a.id AND c.everything AND {in_period("c")}),
           ARRAY(SELECT DISTINCT c.division_code FROM charge c WHERE c.account_id = a.id
                 AND c.division_code IS NOT NULL AND {in_period("c")} ORDER BY 1),
           ARRAY(SELECT DISTINCT c.cell_code FROM charge c WHERE c.account_id = a.id
                 AND c.cell_code IS NOT NULL AND {in_period("c")} ORDER BY 1),
           ARRAY(SELECT DISTINCT p.cell_id FROM post p
                 WHERE p.worker_id = a.worker_id AND {in_period("p")} ORDER BY 1),
           ARRAY(SELECT version FROM data_version WHERE layer IN ('cells', 'divisions')
                 ORDER BY layer), current_date
    FROM session s JOIN account a ON a.id = s.account_id LEFT JOIN worker w ON w.id = a.worker_id
    WHERE s.token_hash = ANY (%(hashes)s::bytea[]) AND s.expires_at > now() AND a.active
"""
_TOUCH = """
    UPDATE session SET used_at = now(), expires_at =
        CASE kind WHEN 'cookie' THEN least(now() + %(idle)s, created_at + %(most)s)
                  ELSE expires_at END
    WHERE id = %(id)s
"""
_AREAS = f"""
    WITH RECURSIVE tree AS (
        SELECT unnest(%(divisions)s::text[]) AS code
        UNION SELECT d.code FROM division d JOIN tree ON d.parent_code = tree.code
    ),
    charged AS (
        SELECT code FROM tree
        UNION SELECT d.code FROM division d, unnest(%(stems)s::text[]) stem
        WHERE starts_with(d.code, stem)
    ),
    own AS (
        SELECT area_no FROM grid_cell c
        WHERE {IN_FORCE} AND area_no > 0
          AND (code = ANY(%(cells)s::text[]) OR id = ANY(%(posts)s::bigint[])
               OR division_code IN (SELECT code FROM charged)
               OR EXISTS (SELECT FROM unnest(%(stems)s::text[]) stem
                          WHERE starts_with(division_code, stem)))
        UNION SELECT {data.areas.desk_no("code")} FROM charged WHERE code ~ '^[0-9]{{1,12}}$'
    ),
    every AS (
        SELECT c.area_no FROM grid_cell c JOIN grid_plan p ON p.id = c.plan_id
        WHERE p.state = 'published'
        UNION ALL SELECT {data.areas.desk_no("code")} FROM division WHERE code ~ '^[0-9]{{1,12}}$'
    ),
    span AS (SELECT min(area_no) AS low, max(area_no) AS high FROM own)
    SELECT low, high, (SELECT array_agg(DISTINCT area_no ORDER BY area_no) FROM own),
           EXISTS (SELECT FROM every WHERE area_no BETWEEN low AND high
                   AND area_no NOT IN (SELECT area_no FROM own))
    FROM span
"""


class Scopes:
    """The scopes of the accounts of one store, kept as long as what they follow from stays."""

    MOST = 4096

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[Any, ...], Scope] = OrderedDict()

    def kept(self, key: tuple[Any, ...]) -> Scope | None:
        """The scope of divisions, cells and posts, under this version and on this day."""
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key]

    async def find(self, connection: psycopg.AsyncConnection[Any], key: tuple[Any, ...]) -> Scope:
        """The same, asked of the store where it is not kept."""
        if (kept := self.kept(key)) is not None:
            return kept
        divisions, cells, posts = (list(part) for part in key[:3])
        stems = [
            data.areas.stem(code) for code in divisions if gis.codes.division_fault(code) is None
        ]
        values = {"divisions": divisions, "stems": stems, "cells": cells, "posts": posts}
        row = await (await connection.execute(_AREAS, values)).fetchone()
        self._kept[key] = _scope(row)
        while len(self._kept) > self.MOST:
            self._kept.popitem(last=False)
        return self._kept[key]


def _scope(row: tuple[Any, ...] | None) -> Scope:
    if row is None or row[0] is None:
        return NOWHERE
    low, high, areas, holds_others = row
    return Scope(low, high, tuple(areas) if holds_others else None)


async def viewer_of_token(pool: AsyncConnectionPool, token: str, scopes: Scopes) -> Entered | None:
    """Tell who is signed in with a token; None when it is none, over, or its account closed.

    The session is looked up every time, so that signing out acts at once; the scope is kept.
    """
    async with pool.connection() as connection, connection.transaction():
        await connection.execute(OPEN, prepare=True)
        cursor = await connection.execute(WHO, {"hashes": [digest(token)]}, prepare=True)
        row = await cursor.fetchone()
        if row is None:
            return None
        everything, charge = row[_EVERYTHING], _charge(row)
        scope = EVERYWHERE if everything else await scopes.find(connection, charge)
        if row[_IS_STALE]:
            values = {"id": row[1], "idle": COOKIE_IDLE, "most": COOKIE_MOST}
            await connection.execute(_TOUCH, values)
    return _entered(row, scope)


_IS_STALE, _EVERYTHING = 3, 10


def known(row: tuple[Any, ...], scopes: Scopes) -> Entered | None:
    """Who a row of `WHO` is; None where `viewer_of_token` has more to do than to read it."""
    scope = EVERYWHERE if row[_EVERYTHING] else scopes.kept(_charge(row))
    return None if row[_IS_STALE] or scope is None else _entered(row, scope)


def _charge(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(tuple(part) if isinstance(part, list) else part for part in row[_EVERYTHING + 1 :])


def _entered(row: tuple[Any, ...], scope: Scope) -> Entered:
    _, session, kind, _, account, login, name, role, worker, unit, *_ = row
    viewer = Viewer(account, login, name, Role(role), scope, worker=worker, unit=unit)
    return Entered(viewer, session, kind)
