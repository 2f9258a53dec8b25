"""What tests stand on: one private PostGIS for the run, fresh databases copied from templates,
a served application, a real browser."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path

import hypothesis
import psycopg
import pytest
import sqlalchemy as sa
import uvicorn
from fastapi import FastAPI
from psycopg import sql
from sqlalchemy.orm import Session
from town import SEAL, inhabit

import data.accounts
import data.db
import data.embedded
import data.grid
import data.locate
import data.scope
import data.sign_in
from api.app import create_app
from api.settings import Settings
from data.accounts import Charged
from gis.access import Role

pytest.register_assert_rewrite("stairwell", "walking")  # what they find is shown as by tests
hypothesis.settings.register_profile("wangge", deadline=None)  # a busy machine is no fault
hypothesis.settings.load_profile("wangge")

REAL = Path(os.environ.get("WANGGE_REAL_DATA", Path(__file__).parents[2] / "shared" / "data"))
TODAY = date(2026, 11, 22)
MORNING = datetime(2026, 11, 22, 1, tzinfo=UTC)  # nine o'clock in the demo town
MEMORY, MEMORY_NEEDED = Path("/dev/shm"), 4 << 30
PASSING = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "128MB", "max_wal_size": "256MB"}  # fmt: skip
"""Settings of a server of small databases of which nothing outlives the run."""
_numbers = count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files of quick tests come last: they fill whichever core is free first. A page that failed is
    opened once more, from a new store; the summary tells that it was."""
    items.sort(key=lambda item: item.path.name.startswith("test_gis_"))
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """A home that the postgres user can enter, which pytest's own folders are not for root."""
    folder = Path(tempfile.mkdtemp(prefix="wangge-test-", dir=_in_memory()))
    folder.chmod(0o755)
    yield folder / "home"
    shutil.rmtree(folder, ignore_errors=True)


def _in_memory() -> Path | None:
    """A folder whose files are in memory, if it has room: a database is copied there in a tenth
    of the processor time that a disk takes."""
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= MEMORY_NEEDED:
        return MEMORY
    return None


@pytest.fixture(scope="session")
def cluster(home: Path) -> Iterator[data.embedded.Cluster]:
    with data.embedded.running(home) as cluster:
        for setting, value in PASSING.items():
            _sql(cluster, f"ALTER SYSTEM SET {setting} = '{value}'")
    with data.embedded.running(home) as cluster:  # started anew, with these
        yield cluster


def _sql(cluster: data.embedded.Cluster, statement: str, *names: str) -> None:
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _template(cluster: data.embedded.Cluster, name: str, like: str = "template1") -> str:
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        # its files as they lie, as every PostgreSQL before 15 did: cheaper than page by page
        how = "STRATEGY file_copy" if connection.info.server_version >= 150_000 else ""
        make = sql.SQL(f"CREATE DATABASE {{}} TEMPLATE {{}} {how}")
        connection.execute(make.format(sql.Identifier(name), sql.Identifier(like)))
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
        data.demo.load.load(db, seal=SEAL, size="small", now=MORNING)
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


@pytest.fixture(scope="session")
def template_of(
    cluster: data.embedded.Cluster, empty_template: str
) -> Callable[[Callable[[str], object]], str]:
    """`template_of(fill)`: a template filled once, for the tests of a file to copy."""

    def make(fill: Callable[[str], object]) -> str:
        name = f"template_{next(_numbers)}"
        fill(_template(cluster, name, empty_template))
        return name

    return make


@pytest.fixture(scope="session")
def settled(
    template_of: Callable[[Callable[[str], object]], str],
) -> Callable[[Callable[[Session], object]], str]:
    """`settled(settle)`: a template as `settle(db)` leaves an empty database."""

    def make(settle: Callable[[Session], object]) -> str:
        def fill(url: str) -> None:
            with owning(url) as db:
                settle(db)

        return template_of(fill)

    return make


@pytest.fixture(scope="session")
def small_template(settled: Callable[[Callable[[Session], object]], str]) -> str:
    """The small town of `town.inhabit`, its areas numbered, all of it filed."""

    def settle(db: Session) -> None:
        inhabit(db)
        data.grid.number_areas(db)
        data.locate.refile(db)

    return settled(settle)


@pytest.fixture(scope="session")
def ground(empty_template: str) -> str:
    """The template of `store`: an empty one, unless a file names another for its tests."""
    return empty_template


@pytest.fixture
def store_url(copy_of: Callable[[str], str], ground: str) -> str:
    """A fresh database of the test's own."""
    return copy_of(ground)


@pytest.fixture
def empty_url(store_url: str) -> str:
    """That of `store` where no file names another: migrated and empty."""
    return store_url


@pytest.fixture
def town_url(copy_of: Callable[[str], str], town_template: str) -> str:
    """A fresh database holding the small demo town."""
    return copy_of(town_template)


@pytest.fixture
def store(store_url: str) -> Iterator[sa.Engine]:
    """An engine on a fresh database; what is committed there is really committed."""
    engine = data.db.engine(store_url)
    yield engine
    engine.dispose()


@pytest.fixture
def town(town_url: str) -> Iterator[sa.Engine]:
    """An engine on a fresh database holding the small demo town."""
    engine = data.db.engine(town_url)
    yield engine
    engine.dispose()


@pytest.fixture
def small_town(copy_of: Callable[[str], str], small_template: str) -> Iterator[sa.Engine]:
    """An engine on a fresh database holding the small town of `town.inhabit`."""
    engine = data.db.engine(copy_of(small_template))
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def shared_town(cluster: data.embedded.Cluster, small_template: str) -> Iterator[sa.Engine]:
    """That town, one for all tests that only read it and add to its journal."""
    engine = data.db.engine(_template(cluster, "shared_town", small_template))
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def still_town_url(cluster: data.embedded.Cluster, town_template: str) -> str:
    """The small demo town, one for all tests that only read it."""
    return _template(cluster, "still_town", town_template)


@pytest.fixture(scope="session")
def still_town(still_town_url: str) -> Iterator[sa.Engine]:
    """An engine on the town of those who only read: it cannot write."""
    engine = data.db.engine(f"{still_town_url}&options=-cdefault_transaction_read_only%3Don")
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
    app: FastAPI

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


@cache
def hashed(password: str) -> str:
    """The hash of a password, computed once: it takes a fifth of a second, as it has to."""
    return data.sign_in.hash_of(password)


ADMINISTRATOR = "test-administrator"


def _administrators_token(database_url: str) -> str:
    with owning(database_url) as db:
        for one in data.accounts.known(db, login=ADMINISTRATOR):
            return data.sign_in.begin(db, one.id, label="test", lasts=timedelta(days=1))[1]
    everything = [Charged(everything=True)]
    return signed_in(database_url, ADMINISTRATOR, Role.ADMINISTRATOR, everything)


@contextmanager
def served(database_url: str, **settings: object) -> Iterator[Base]:
    """Serve the application over a database.

    It connects as the role that cannot pass by the row policies, as it does in earnest.
    """
    app_url = database_url.replace("//wangge@", f"//{data.scope.APP_ROLE}@")
    assert app_url != database_url
    token = _administrators_token(database_url)
    app = create_app(Settings(**settings), database_url=app_url, seal=SEAL)
    config = uvicorn.Config(
        app, port=0, log_level="error", lifespan="on", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    base = Base(f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}")
    base.token, base.app = token, app
    try:
        yield base
    finally:
        server.should_exit = True
        thread.join(timeout=10)


@pytest.fixture
def server() -> Iterator[Callable[..., Base]]:
    """Serve the application over a database: `server(url) -> base_url`."""
    with ExitStack() as running:
        yield lambda url, **settings: running.enter_context(served(url, **settings))


@pytest.fixture(scope="session")
def still_base(still_town_url: str) -> Iterator[Base]:
    """The application over the town of those who only read, signing in aside."""
    with served(still_town_url) as base:
        yield base


PATIENCE_MS = 90_000  # a slow machine is no fault; what is there is taken at once
_NOT_NEEDED = (
    # the address bar's own pages, a second of the processor for every window
    "WebUIOmniboxPopup", "WebUIOmniboxAimPopup",
    # what Playwright leaves out: of several lists the last one counts
    "AimEnabled", "AvoidCorsURLLoaderRestartOnRedirect", "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose", "HttpsFirstBalancedModeAutoEnable", "HttpsUpgrades",
    "LensOverlay", "MediaRouter", "NetworkTimeServiceQuerying", "OptimizationHints", "PaintHolding",
    "PreconnectToSearch", "ThirdPartyStoragePartitioning",
)  # fmt: skip
CHROMIUM_FLAGS = [
    f"--disable-features={','.join(_NOT_NEEDED)}",
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
        chromium.on("context", lambda context: context.set_default_timeout(PATIENCE_MS))
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def real() -> Path:
    """The folder of real data sets; without it the test is skipped, and says so."""
    if not REAL.is_dir():
        pytest.skip(f"REAL DATA ABSENT: {REAL} is not there; set WANGGE_REAL_DATA to its folder")
    return REAL
