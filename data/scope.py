"""Every transaction of the application begins here: as whom, and about which part of the city.

The database decides what is seen: the role `wangge_app` cannot pass by the row policies, and
these read what `enter` sets. All is set for one transaction only, so behind a pooler no
connection remembers whose it was; where nothing was set, nothing is seen.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg_pool import AsyncConnectionPool
from sqlalchemy.orm import Session

import data.db
from gis.access import Viewer

APP_ROLE = "wangge_app"

_SETTINGS = (
    ("role", APP_ROLE),
    ("plan_cache_mode", "force_custom_plan"),  # a generic plan knows no scope: 0.3 → 70 ms
    ("statement_timeout", str(data.db.READ_TIMEOUT_MS)),
    ("idle_in_transaction_session_timeout", str(data.db.IDLE_TIMEOUT_MS)),
)


def _values(viewer: Viewer) -> dict[str, str]:
    scope = viewer.scope
    areas = "" if scope.areas is None else "{{{}}}".format(",".join(map(str, scope.areas)))
    return {
        "low": str(scope.low),
        "high": str(scope.high),
        "areas": areas,
        "rights": ",".join(sorted(viewer.rights)),
        "account": str(viewer.account),
        "worker": str(viewer.worker),
        "unit": str(viewer.unit),
    }


_HOT_SETTINGS = (
    *_SETTINGS,
    ("max_parallel_workers_per_gather", "0"),  # starting workers takes longer than a tile
)


def _sql(settings: tuple[tuple[str, str], ...]) -> str:
    fixed = [f"set_config('{name}', '{value}', true)" for name, value in settings]
    told = [
        f"set_config('wangge.{name}', %({name})s, true)"
        for name in ("low", "high", "areas", "rights", "account", "worker", "unit")
    ]
    return f"SELECT {', '.join(fixed + told)}"


_ENTER, _ENTER_HOT = _sql(_SETTINGS), _sql(_HOT_SETTINGS)


def enter(db: Session, viewer: Viewer) -> None:
    """Make the rest of the transaction `viewer`'s: his role, rights and scope."""
    with data.db.cursor(db) as cursor:
        cursor.execute(_ENTER, _values(viewer))


def in_view(envelope: str, of: str = "") -> str:
    """Write which rows of a placed table under row policies stand in an envelope, as SQL; `of` is
    what stands before its columns.

    A store made without a superuser has `&&` not marked leakproof; there the spatial index is out
    of reach beside a policy, and the cells that the envelope touches lead to the rows instead.
    """
    return f"""{of}geom && {envelope} AND ({of}cell_id IS NULL OR {of}cell_id = ANY (
        ARRAY(SELECT near.id FROM grid_cell near WHERE near.geom && {envelope})))"""


@contextmanager
def transaction(store: sa.Engine, viewer: Viewer, *, keep: bool = True) -> Iterator[Session]:
    """One act of `viewer`: all of it is kept, or none. The store's owner needs no scope.

    Raises:
        Unavailable: the store does not answer.
    """
    with data.db.transaction(store, keep=keep) as db:
        if not viewer.is_operator:
            enter(db, viewer)
        yield db


_STILL = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"


@asynccontextmanager
async def looking(
    pool: AsyncConnectionPool, viewer: Viewer, *, still: bool = False
) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """A hot read of `viewer`: a connection inside a transaction that sees what he may see.

    With `still`, all that is asked in it is answered from one state of the store.
    """
    async with pool.connection() as connection, connection.transaction():
        async with connection.pipeline():
            await begin_hot(connection, viewer, still=still)
        yield connection


async def begin_hot(
    connection: psycopg.AsyncConnection[Any], viewer: Viewer, *, still: bool = False
) -> None:
    """Make the rest of a transaction that has just begun a hot read of `viewer`'s."""
    if still:
        await connection.execute(_STILL)
    await connection.execute(_ENTER_HOT, _values(viewer))
