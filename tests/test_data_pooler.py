"""Behind a real PgBouncer, which hands one connection round by transaction, nobody is mistaken."""

from __future__ import annotations

import asyncio
import collections
import concurrent.futures
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import pytest
import sqlalchemy as sa
from conftest import signed_in
from town import wait_for

import data.db
import data.embedded
import data.scope
from data.accounts import Charged
from gis.access import ANYBODY, Role, Scope, Viewer

LOOKS = 120
CONFIG = """
[databases]
app = host={sockets} dbname={name} user=wangge_app pool_size=1
owner = host={sockets} dbname={name} user=wangge pool_size=1
[pgbouncer]
listen_addr =
unix_socket_dir = {folder}
logfile = {folder}/log
pidfile = {folder}/pid
auth_type = any
pool_mode = transaction
max_client_conn = 200
"""


@dataclass(frozen=True)
class Pooler:
    """A running PgBouncer over one database: one connection as the application, one as the owner."""

    folder: Path

    def url(self, which: str = "app") -> str:
        return f"postgresql://wangge@/{which}?host={self.folder}&port=6432"


@pytest.fixture
def pooler(cluster: data.embedded.Cluster, town_url: str) -> Iterator[Pooler]:
    """The distribution's PgBouncer before the small town."""
    program = shutil.which("pgbouncer") or shutil.which("/usr/sbin/pgbouncer")
    if program is None:
        pytest.skip("PGBOUNCER ABSENT: install the package pgbouncer; `./wangge test` does")
    folder = Path(tempfile.mkdtemp(prefix="wangge-pooler-"))
    name = town_url.rpartition("/")[2].partition("?")[0]
    config = folder / "config"
    config.write_text(CONFIG.format(sockets=cluster.sockets, name=name, folder=folder))
    as_server: list[str] = []
    if os.geteuid() == 0:  # PgBouncer refuses to be root, as PostgreSQL does
        owner = cluster.pg.owner()
        shutil.chown(folder, owner)
        as_server = ["-u", owner]
        config.chmod(0o644)
    running = subprocess.Popen([program, "-q", *as_server, str(config)])
    try:
        _wait_for(folder, running)
        yield Pooler(folder)
    finally:
        running.terminate()
        running.wait(timeout=10)
        shutil.rmtree(folder)


def _wait_for(folder: Path, running: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 10
    while True:
        with socket.socket(socket.AF_UNIX) as line:
            if line.connect_ex(str(folder / ".s.PGSQL.6432")) == 0:
                return
        assert running.poll() is None, (folder / "log").read_text()
        assert time.monotonic() < deadline, "PgBouncer does not begin"
        time.sleep(0.02)


@pytest.fixture
def neighbours(town: sa.Engine) -> list[tuple[Viewer, int]]:
    """Two leaders of neighbouring halves of the town and a visitor, with what each may count."""
    with town.connect() as connection:
        numbers = connection.scalars(
            sa.text("SELECT area_no FROM grid_cell WHERE area_no > 0 ORDER BY area_no")
        ).all()
        halves = (Scope(numbers[0], numbers[len(numbers) // 2]),
                  Scope(numbers[len(numbers) // 2] + 1, numbers[-1]))  # fmt: skip
        counts = [
            connection.scalar(
                sa.text("SELECT count(*) FROM resident WHERE area_no BETWEEN :low AND :high"),
                {"low": half.low, "high": half.high},
            )
            for half in halves
        ]
    assert all(counts)
    assert counts[0] != counts[1]
    leaders = [Viewer(n, f"l{n}", "", Role.LEADER, half) for n, half in enumerate(halves, 1)]
    return [*zip(leaders, counts, strict=True), (ANYBODY, 0)]


SEEN = """SELECT count(*), count(*) FILTER (WHERE area_no NOT BETWEEN %s AND %s), pg_backend_pid()
          FROM resident"""


@pytest.mark.parametrize("which", ["app", "owner"])
def test_hot_reads_of_many_viewers_see_only_their_own(
    pooler: Pooler, neighbours: list[tuple[Viewer, int]], which: str
) -> None:
    backends: set[int] = set()

    async def look(pool: object, viewer: Viewer, expected: int, *, breaks: bool) -> None:
        async with data.scope.looking(pool, viewer) as connection:  # type: ignore[arg-type]
            for _ in range(2):
                values = [viewer.scope.low, viewer.scope.high]
                row = await (await connection.execute(SEEN, values)).fetchone()
                assert row is not None
                assert row[:2] == (expected, 0)
                backends.add(row[2])
                await asyncio.sleep(0.001)
            if breaks:
                await connection.execute("SELECT 1 / 0")

    async def many() -> list[object]:
        async with data.db.pool(pooler.url(which), pooler=True) as pool:
            asked = [look(pool, *neighbours[n % 3], breaks=n % 10 == 0) for n in range(LOOKS)]
            return await asyncio.gather(*asked, return_exceptions=True)

    answers = wait_for(many())
    broken = [one for one in answers if one is not None]
    assert all(isinstance(one, psycopg.errors.DivisionByZero) for one in broken), broken
    assert len(broken) == LOOKS // 10
    assert len(backends) == 1


@pytest.mark.parametrize("which", ["app", "owner"])
def test_acts_of_many_viewers_see_only_their_own(
    pooler: Pooler, neighbours: list[tuple[Viewer, int]], which: str
) -> None:
    store = data.db.engine(pooler.url(which), pooler=True)

    def look(turn: int) -> tuple[int, ...]:
        viewer, expected = neighbours[turn % 3]
        values = (viewer.scope.low, viewer.scope.high)
        with data.scope.transaction(store, viewer, keep=turn % 2 == 0) as db:
            row = data.db.cursor(db).execute(SEEN, values).fetchone()
        assert row is not None
        return (*row[:2], expected, row[2])

    with concurrent.futures.ThreadPoolExecutor(5) as threads:
        seen = list(threads.map(look, range(LOOKS)))
    store.dispose()
    assert [(count, foreign) for count, foreign, *_ in seen] == [
        (expected, 0) for *_, expected, _ in seen
    ]
    assert len({backend for *_, backend in seen}) == 1


def test_what_a_session_is_told_would_pass_to_the_next(pooler: Pooler) -> None:
    """The danger is real here: a SET outside of transactions reaches whoever comes next."""
    with (
        psycopg.connect(pooler.url(), autocommit=True, prepare_threshold=None) as one,
        psycopg.connect(pooler.url(), autocommit=True, prepare_threshold=None) as other,
    ):
        one.execute("SET wangge.account = '7'")
        row = other.execute("SELECT current_setting('wangge.account', true)").fetchone()
        one.execute("RESET wangge.account")
    assert row == ("7",)


def test_a_pooler_unannounced_is_refused_not_mistaken(pooler: Pooler) -> None:
    """Without WANGGE_POOLER the options sent while connecting are refused, loudly."""

    async def look() -> None:
        async with data.db.pool(pooler.url()) as pool, pool.connection(timeout=3) as connection:
            await connection.execute("SELECT 1")

    with pytest.raises(psycopg.OperationalError):
        wait_for(look())


def test_the_served_application_mistakes_nobody(
    pooler: Pooler, town_url: str, town: sa.Engine, server: Callable[..., str]
) -> None:
    """Two leaders ask for the homes of both cells at once: each gets his own and no other."""
    with town.connect() as connection:
        codes = connection.scalars(
            sa.text(
                "SELECT c.code FROM grid_cell c JOIN cell_tally t ON t.cell_id = c.id "
                "WHERE t.residents > 0 ORDER BY c.area_no"
            )
        ).all()
    cells = [codes[0], codes[-1]]
    tokens = [
        signed_in(town_url, f"leader-{cell}", Role.LEADER, [Charged(cell=cell)]) for cell in cells
    ]
    base = server(pooler.url("owner"), pooler=True)

    def ask(turn: int) -> tuple[bool, int, bool]:
        whose, where = turn % 2, turn // 2 % 2
        answer = client.get(
            f"{base}/register/homes",
            params={"cell": cells[where]},
            headers={"Authorization": f"Bearer {tokens[whose]}"},
        )
        return whose == where, answer.status_code, answer.json()["buildings"] != []

    with httpx.Client(timeout=60) as client, concurrent.futures.ThreadPoolExecutor(8) as threads:
        seen = collections.Counter(threads.map(ask, range(LOOKS)))
    assert seen == {(True, 200, True): LOOKS / 2, (False, 200, False): LOOKS / 2}
