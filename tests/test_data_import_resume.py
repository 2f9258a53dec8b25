"""A load that is killed leaves nothing; started again by the same command it ends as if never killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

import data.db
import data.embedded

REPO = Path(__file__).parent.parent
WANGGE = "from api.cli import main; main()"
DEMO = """
import sys
from datetime import UTC, datetime
import data.db
from api.actions.demo import load_once
from data.seal import Seal
print(load_once(data.db.engine(sys.argv[1]), seal=Seal(bytes(32)), size="small", now=datetime.now(UTC)))
"""
GATE = 4242
HELD_AT_ROW = """
    CREATE FUNCTION held() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_advisory_xact_lock({gate}); RETURN NEW; END';
    CREATE TRIGGER held BEFORE INSERT ON {table} FOR EACH ROW WHEN (NEW.id = 15000)
        EXECUTE FUNCTION held();
"""
"""The load stands still in the middle of its rows, until the gate is opened or it is killed."""
WAITING = """
    SELECT l.pid FROM pg_locks l JOIN pg_database d ON d.oid = l.database
    WHERE l.locktype = 'advisory' AND l.objid = %s AND NOT l.granted AND d.datname = current_database()
"""
PEOPLE = 25_000
SHEETS = {
    "residents": ("resident", "姓名,地址,房号", "居民{n},桥头路{house}号,{n}"),
    "facilities": ("facility", "编号,名称,经度,纬度", "f{n},设施{n},114.{n:06d},30.5"),
}
ROWS = {"residents": PEOPLE, "facilities": 60_000}


@pytest.fixture(scope="module")
def cluster() -> Iterator[data.embedded.Cluster]:
    """A cluster of its own: it is killed, too."""
    folder = Path(tempfile.mkdtemp(prefix="wangge-resume-"))
    folder.chmod(0o755)
    with data.embedded.running(folder / "home") as running:
        yield running
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def url(cluster: data.embedded.Cluster, request: pytest.FixtureRequest) -> str:
    name = f"resume_{abs(hash(request.node.name)) % 10**9}"
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as db:
        db.execute(f'CREATE DATABASE "{name}"')
    store = data.db.engine(cluster.url(name))
    data.db.migrate(store)
    store.dispose()
    return cluster.url(name)


def started(url: str, *words: str) -> subprocess.Popen[str]:
    settings = {
        "WANGGE_DATABASE_URL": url,
        "WANGGE_REGISTER_KEY": "A" * 43 + "=",
        "PYTHONPATH": str(REPO),
    }
    return subprocess.Popen(
        [sys.executable, "-c", *words], env=os.environ | settings, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def ended(running: subprocess.Popen[str]) -> tuple[int, str]:
    out, told = running.communicate(timeout=300)
    return running.returncode, out + told


def count(url: str, *tables: str) -> list[int]:
    with psycopg.connect(url) as db:
        return [db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables]


def waiting(db: psycopg.Connection, running: subprocess.Popen[str]) -> int:
    """Wait until the load stands at the gate; which backend is it?"""
    while (row := db.execute(WAITING, [GATE]).fetchone()) is None:
        assert running.poll() is None, ended(running)
        time.sleep(0.02)
    return int(row[0])


def answers_again(url: str) -> None:
    """Wait until the cluster, which lost a backend, is itself again."""
    while True:
        try:
            with psycopg.connect(url, connect_timeout=2):
                return
        except psycopg.OperationalError:
            time.sleep(0.05)


def killed(url: str, table: str, what: str, *words: str) -> None:
    """Start a load, kill the program or the store's process in the middle of its rows."""
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(HELD_AT_ROW.format(gate=GATE, table=table))
        db.execute("SELECT pg_advisory_lock(%s)", [GATE])
        running = started(url, *words)
        backend = waiting(db, running)
        os.kill(running.pid if what == "program" else backend, signal.SIGKILL)
        code, told = ended(running)
    assert code != 0
    assert "Traceback" not in told
    answers_again(url)
    with psycopg.connect(url, autocommit=True) as db:
        # the killed program's backend notices at the end of what it is doing, and takes all back
        while db.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [backend]).fetchone():
            time.sleep(0.02)
        db.execute(f"DROP TRIGGER held ON {table}; DROP FUNCTION held")


KEPT = ("journal", "sheet", "building", "dwelling", "household", "resident", "facility")


@pytest.mark.parametrize(
    ("kind", "what"),
    [("residents", "program"), ("residents", "store"), ("facilities", "program")],
)
def test_a_killed_import_leaves_nothing_and_ends_whole_when_started_again(
    kind: str, what: str, url: str, tmp_path: Path
) -> None:
    table, head, row = SHEETS[kind]
    path = tmp_path / "sheet.csv"
    lines = [row.format(n=n, house=n // 20) for n in range(ROWS[kind])]
    path.write_text("\n".join([head, *lines]) + "\n")
    words = (
        WANGGE,
        "import",
        kind,
        str(path),
        *(["--datum", "wgs84"] if kind == "facilities" else []),
    )
    before = count(url, *KEPT)
    killed(url, table, what, *words)
    assert count(url, *KEPT) == before
    code, told = ended(started(url, *words))
    assert code == 0, told
    assert count(url, table) == [ROWS[kind]]
    whole = count(url, *KEPT)
    code, told = ended(started(url, *words))
    assert code == 0, told
    assert count(url, *KEPT[2:]) == whole[2:]


def test_a_killed_demo_town_is_loaded_when_started_again(url: str) -> None:
    killed(url, "resident", "program", DEMO, url)
    assert count(url, *KEPT) == [0] * len(KEPT)
    code, told = ended(started(url, DEMO, url))
    assert code == 0, told
    assert count(url, "resident", "facility") == [60_000, 1_500]
    code, told = ended(started(url, DEMO, url))
    assert "nothing was loaded" in told
