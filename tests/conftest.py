"""What tests stand on: one private PostGIS for the run, fresh databases copied from templates,
a served application, a real browser."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from itertools import count
from pathlib import Path

import hypothesis
import psycopg
import pytest
import sqlalchemy as sa
import uvicorn
from psycopg import sql
from sqlalchemy.orm import Session
from town import SEAL

import data.accounts
import data.db
import data.embedded
import data.scope
import data.sign_in
from api.app import create_app
from api.settings import Settings
from data.accounts import Charged
from gis.access import Role

hypothesis.settings.register_profile("wangge", deadline=None)  # a busy machine is no fault
hypothesis.settings.load_profile("wangge")

REAL = Path(os.environ.get("WANGGE_REAL_DATA", Path(__file__).parents[2] / "shared" / "data"))
TODAY = date(2026, 11, 22)
_numbers = count(1)


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """A home that the postgres user can enter, which pytest's own folders are not for root."""
    folder = Path(tempfile.mkdtemp(prefix="wangge-test-"))
    folder.chmod(0o755)
    yield folder / "home"
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def cluster(home: Path) -> Iterator[data.embedded.Cluster]:
    with data.embedded.running(home) as cluster:
        yield cluster


def _sql(cluster: data.embedded.Cluster, statement: str, *names: str) -> None:
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _template(cluster: data.embedded.Cluster, name: str, like: str = "template1") -> str:
    _sql(cluster, "CREATE DATABASE {} TEMPLATE {}", name, like)
    return cluster.url(name)


@pytest.fixture(scope="session")
def empty_template(cluster: data.embedded.Cluster) -> str:
    store = data.db.engine(_template(cluster, "empty_template"))
    data.db.migrate(store)
    store.dispose()
    return "empty_template"


@pytest.fixture(scope="session")
def town_template(cluster: data.embedded.Cluster, empty_template: str) -> str:
    import data.demo.load

    store = data.db.engine(_template(cluster, "town_template", empty_template))
    with data.db.transaction(store) as db:
        data.demo.load.load(db, seal=SEAL, size="small", today=TODAY)
    store.dispose()
    return "town_template"


@pytest.fixture
def copy_of(cluster: data.embedded.Cluster) -> Iterator[Callable[[str], str]]:
    made = []

    def copy(template: str) -> str:
        made.append(f"copy_{next(_numbers)}")
        return _template(cluster, made[-1], template)

    yield copy
    for name in made:
        _sql(cluster, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture
def empty_url(copy_of: Callable[[str], str], empty_template: str) -> str:
    """A fresh, migrated, empty database of the test's own."""
    return copy_of(empty_template)


@pytest.fixture
def town_url(copy_of: Callable[[str], str], town_template: str) -> str:
    """A fresh database holding the small demo town."""
    return copy_of(town_template)


@pytest.fixture
def store(empty_url: str) -> Iterator[sa.Engine]:
    """An engine on a fresh, empty database; what is committed there is really committed."""
    engine = data.db.engine(empty_url)
    yield engine
    engine.dispose()


@pytest.fixture
def town(town_url: str) -> Iterator[sa.Engine]:
    """An engine on a fresh database holding the small demo town."""
    engine = data.db.engine(town_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def shared_engine(cluster: data.embedded.Cluster, empty_template: str) -> Iterator[sa.Engine]:
    engine = data.db.engine(_template(cluster, "shared", empty_template))
    yield engine
    engine.dispose()


@pytest.fixture
def db(shared_engine: sa.Engine) -> Iterator[Session]:
    """A session on an empty store whose work is undone when the test ends."""
    with shared_engine.connect() as connection:
        outer = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            yield session
        outer.rollback()


class Base(str):
    """Where an application is served; who sends `headers` acts as the administrator of all."""

    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


@contextmanager
def owning(database_url: str) -> Iterator[Session]:
    """A transaction of the database's owner, with nothing left open behind it."""
    store = data.db.engine(database_url)
    try:
        with data.db.transaction(store) as db:
            yield db
    finally:
        store.dispose()


def signed_in(
    database_url: str,
    login: str,
    role: Role,
    charges: list[Charged],
    *,
    name: str | None = None,
    worker: str | None = None,
) -> str:
    """Add an account in charge of that, and sign a program of it in; return the token."""
    with owning(database_url) as db:
        number = data.accounts.add(db, login, role=role, name=name or login, worker=worker)
        data.accounts.put_in_charge(db, number, charges)
        return data.sign_in.begin(db, number, label="test", lasts=timedelta(days=1))[1]


ADMINISTRATOR = "test-administrator"


def _administrators_token(database_url: str) -> str:
    with owning(database_url) as db:
        for one in data.accounts.known(db, login=ADMINISTRATOR):
            return data.sign_in.begin(db, one.id, label="test", lasts=timedelta(days=1))[1]
    everything = [Charged(everything=True)]
    return signed_in(database_url, ADMINISTRATOR, Role.ADMINISTRATOR, everything)


@pytest.fixture
def server() -> Iterator[Callable[..., Base]]:
    """Serve the application over a database: `server(url) -> base_url`.

    It connects as the role that cannot pass by the row policies, as it does in earnest.
    """
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def serve(database_url: str, **settings: object) -> Base:
        app_url = database_url.replace("//wangge@", f"//{data.scope.APP_ROLE}@")
        assert app_url != database_url
        token = _administrators_token(database_url)
        app = create_app(Settings(**settings), database_url=app_url, seal=SEAL)
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="on"))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        running.append((server, thread))
        deadline = time.monotonic() + 20
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.02)
        base = Base(f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}")
        base.token = token
        return base

    yield serve
    for server, thread in running:
        server.should_exit = True
        thread.join(timeout=10)


CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    """A real Chromium, the distribution's where there is one."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def real() -> Path:
    """The folder of real data sets; without it the test is skipped, and says so."""
    if not REAL.is_dir():
        pytest.skip(f"REAL DATA ABSENT: {REAL} is not there; set WANGGE_REAL_DATA to its folder")
    return REAL
