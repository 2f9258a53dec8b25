"""The way to the store: engine, transaction, pool, schema. Nobody else commits.

Acts run in `transaction` (SQLAlchemy); hot reads run on `pool` (async psycopg, bytes out).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import psycopg
import sqlalchemy as sa
from psycopg_pool import AsyncConnectionPool
from sqlalchemy.orm import Session

import data.defaults
from gis.errors import NotAllowed, Unavailable

TIME_ZONE = "Asia/Shanghai"
_IN_ZONE = "SELECT set_config('TimeZone', %s, false)"
CONNECT_TIMEOUT_S = 10
READ_TIMEOUT_MS = 30_000
IDLE_TIMEOUT_MS = 120_000
"""A transaction that asks nothing for so long has lost whom it works for."""


def engine(url: str, *, pooler: bool = False, time_zone: str = TIME_ZONE) -> sa.Engine:
    """Make an engine for a `postgresql://` address; a killed backend is replaced unseen.

    Behind a pooler, where the next transaction may be on another connection, nothing is prepared.
    `time_zone` is that of the working calendar (`data.clock`); the day of the store is its, too.
    """
    store = sa.create_engine(
        sa.make_url(url).set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        hide_parameters=True,  # an error may be logged; what it was about may name people
        connect_args={"connect_timeout": CONNECT_TIMEOUT_S, **_prepared(pooler)},
        execution_options={"time_zone": time_zone},
    )

    def placed(connection: psycopg.Connection[Any], _record: object) -> None:
        connection.execute(_IN_ZONE, [time_zone])
        connection.commit()

    sa.event.listen(store, "connect", placed)
    return store


@contextmanager
def transaction(store: sa.Engine, *, keep: bool = True) -> Iterator[Session]:
    """One act: all of it is kept, or, on any error or with `keep=False`, none.

    Raises:
        Unavailable: the store does not answer.
    """
    try:
        with Session(store, expire_on_commit=False) as db:
            yield db
            if keep:
                db.commit()
            else:
                db.rollback()
    except (sa.exc.OperationalError, psycopg.OperationalError) as error:
        raise _silent(error) from error
    except sa.exc.TimeoutError as error:
        raise Unavailable("everybody asks at once just now; try again in a moment") from error
    except (sa.exc.ProgrammingError, psycopg.errors.InsufficientPrivilege) as error:
        if isinstance(getattr(error, "orig", error), psycopg.errors.InsufficientPrivilege):
            raise NotAllowed(
                "this reaches outside what you are in charge of; nothing was written"
            ) from error
        raise


def _silent(error: sa.exc.OperationalError | psycopg.OperationalError) -> Unavailable:
    said = " ".join(str(getattr(error, "orig", error)).split())
    return Unavailable(f"the store does not answer: {said}. Try again; `wangge check` says more.")


def cursor(db: Session) -> psycopg.Cursor[Any]:
    """Open a psycopg cursor inside the transaction of `db`, for COPY and many-row SQL."""
    connection = cast(psycopg.Connection[Any], db.connection().connection.driver_connection)
    return connection.cursor()


def _prepared(pooler: bool) -> dict[str, None]:
    return {"prepare_threshold": None} if pooler else {}


def pool(
    url: str, *, size: int = 8, pooler: bool = False, time_zone: str = TIME_ZONE
) -> AsyncConnectionPool:
    """Make the pool for hot reads; open it in the running event loop. The day is `time_zone`'s.

    Behind a pooler nothing is prepared and no option is sent while connecting: PgBouncer refuses
    them. `data.scope` sets the time limit anew in each transaction anyway.
    """
    limit = {"options": f"-c statement_timeout={READ_TIMEOUT_MS}"}

    async def placed(connection: psycopg.AsyncConnection[Any]) -> None:
        await connection.execute(_IN_ZONE, [time_zone])

    return AsyncConnectionPool(
        url,
        min_size=1,
        max_size=size,
        open=False,
        configure=placed,
        timeout=CONNECT_TIMEOUT_S,
        check=AsyncConnectionPool.check_connection,
        kwargs={
            "autocommit": True,
            "connect_timeout": CONNECT_TIMEOUT_S,
            "application_name": "wangge",
            **(_prepared(True) if pooler else limit),
        },
    )


def bump(db: Session, *layers: str) -> None:
    """Raise the version of `layers`, so that every cached answer about them is stale."""
    db.execute(
        sa.text(
            "INSERT INTO data_version (layer, version) SELECT unnest(:layers), 1 "
            "ON CONFLICT (layer) DO UPDATE SET version = data_version.version + 1"
        ).bindparams(sa.bindparam("layers", sorted(layers), sa.ARRAY(sa.Text))),
    )


# The schema


def _alembic(connection: sa.Connection) -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def schema_state(store: sa.Engine) -> tuple[str | None, str]:
    """Return the revision the store has and the newest one this program knows."""
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    with store.connect() as connection:
        has = MigrationContext.configure(connection).get_current_revision()
        newest = ScriptDirectory.from_config(_alembic(connection)).get_current_head()
    return has, newest or ""


def ready(store: sa.Engine) -> None:
    """Bring an older or empty schema up to date; refuse one from a newer program.

    Raises:
        Unavailable: the store does not answer, lacks PostGIS, or is newer than this program.
    """
    from alembic.script import ScriptDirectory

    try:
        has, newest = schema_state(store)
        if has == newest:
            return
        with store.connect() as connection:
            known = {
                one.revision
                for one in ScriptDirectory.from_config(_alembic(connection)).walk_revisions()
            }
        if has is not None and has not in known:
            raise Unavailable(
                f"the store's schema {has} is newer than this program knows ({newest}); "
                "update the program"
            )
        migrate(store)
    except sa.exc.OperationalError as error:
        raise _silent(error) from error
    except sa.exc.DBAPIError as error:
        raise Unavailable(f"the store cannot be made ready: {error.orig}") from error


def migrate(store: sa.Engine, revision: str = "head") -> None:
    """Bring the schema to `revision` in one transaction; two at once wait for each other.

    The newest holds from the start what every store has (`data.defaults`).
    """
    from alembic import command

    try:
        with store.begin() as connection:
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('wangge schema'))"))
            config = _alembic(connection)
            if revision == "base":
                command.downgrade(config, revision)
            else:
                command.upgrade(config, revision)
            if revision == "head":
                data.defaults.load(connection)
    except sa.exc.OperationalError as error:
        raise _silent(error) from error
