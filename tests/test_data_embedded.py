"""Real clusters: started, killed, adopted, refused, deleted."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

import data.embedded
import data.postgres_binaries
import data.postgres_server
import data.postgres_settings
from gis.errors import Conflict, Unavailable

REPO = Path(__file__).parent.parent
HOLD = """
import sys
from pathlib import Path
import data.embedded
with data.embedded.running(Path(sys.argv[1])) as cluster:
    print(cluster.url(), flush=True)
    sys.stdin.read()
"""
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only as root is the server another user")


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A stopped cluster, made once, for all tests that leave it stopped and whole."""
    with open_folder() as folder, data.embedded.running(folder / "home"):
        pass
    yield folder / "home"
    data.embedded.destroy(folder / "home")
    shutil.rmtree(folder)


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as path:
        yield path
    for home in {lock.parent for lock in path.rglob("lock")}:
        data.embedded.destroy(home)
    shutil.rmtree(path)


@pytest.fixture
def spare(folder: Path, home: Path) -> Path:
    """A copy of it, to spoil."""
    subprocess.run(["cp", "-a", home, folder / "home"], check=True)
    return folder / "home"


class open_folder:  # noqa: N801 - reads as a verb
    """A directory the server's user can enter, unlike pytest's own."""

    def __enter__(self) -> Path:
        path = Path(tempfile.mkdtemp(prefix="wangge-test-"))
        path.chmod(0o755)
        return path

    def __exit__(self, *_: object) -> None:
        pass


class Application:
    """Another process that uses the cluster until told to leave, or killed."""

    def __init__(self, home: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLD, home],
            cwd=REPO,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def ready(self) -> bool:
        assert self.process.stdout is not None
        return self.process.stdout.readline() != b""

    def leave(self) -> int:
        self.process.communicate()
        return self.process.returncode

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


def cluster_at(home: Path) -> data.embedded.Cluster:
    return data.embedded.Cluster(home.resolve())


def postmaster(home: Path) -> int | None:
    return data.postgres_server.postmaster(cluster_at(home))


def ask(cluster: data.embedded.Cluster, question: str) -> object:
    with psycopg.connect(cluster.url()) as db:
        row = db.execute(question).fetchone()
    assert row is not None
    return row[0]


def until(true: Callable[[], bool], patience_s: float = 10) -> None:
    end = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def put_note(cluster: data.embedded.Cluster) -> None:
    with psycopg.connect(cluster.url()) as db:
        db.execute("DROP TABLE IF EXISTS note")
        db.execute("CREATE TABLE note AS SELECT '网格' AS text")


def test_a_fresh_home_with_spaces_and_chinese_gets_postgis(folder: Path) -> None:
    home = folder / "my town 新城"
    with data.embedded.running(home) as cluster:
        assert cluster.home == home.resolve()
        assert str(ask(cluster, "SELECT postgis_version()")).startswith("3.")
        assert ask(cluster, "SHOW server_encoding") == "UTF8"
        assert ask(cluster, "SHOW listen_addresses") == ""
        assert ask(cluster, "SHOW data_checksums") == "on"
        assert (home / "pg").stat().st_mode & 0o777 == 0o700
        assert cluster.sockets.stat().st_mode & 0o777 == 0o700
        assert cluster.log.stat().st_mode & 0o777 == 0o600
    assert data.postgres_server.processes(cluster) == []


def test_a_second_start_is_quick_and_keeps_what_was_written(home: Path) -> None:
    with data.embedded.running(home) as cluster:
        put_note(cluster)
    begun = time.monotonic()
    with data.embedded.running(home) as cluster:
        assert ask(cluster, "SELECT text FROM note") == "网格"
    assert time.monotonic() - begun < 3  # 0.2 s when nothing else runs


def test_the_settings_measure_themselves_by_the_machine() -> None:
    gigabyte = 1024**3
    small, large = (data.postgres_settings.values(n * gigabyte) for n in (2, 64))
    assert (small["shared_buffers"], small["work_mem"]) == ("256MB", "4MB")
    assert (large["shared_buffers"], large["work_mem"]) == ("2048MB", "32MB")


def test_alter_system_has_the_last_word_on_settings(spare: Path) -> None:
    with data.embedded.running(spare) as cluster:
        assert (ask(cluster, "SHOW jit"), ask(cluster, "SHOW max_connections")) == ("off", "60")
        with psycopg.connect(cluster.url(), autocommit=True) as db:
            db.execute("ALTER SYSTEM SET max_connections = 30")
    with data.embedded.running(spare) as cluster:
        assert ask(cluster, "SHOW max_connections") == "30"


def test_a_killed_application_leaves_an_orphan_that_the_next_one_adopts(home: Path) -> None:
    first = Application(home)
    assert first.ready()
    orphan = postmaster(home)
    first.kill()
    assert postmaster(home) == orphan is not None
    with data.embedded.running(home) as cluster:
        assert postmaster(home) == orphan
        assert ask(cluster, "SELECT 1") == 1
    assert postmaster(home) is None


@pytest.mark.parametrize(
    "left",
    ["1\n/somewhere\n", "", f"{os.getpid()}\n/somewhere\n"],
    ids=["init's", "empty", "our own"],
)
def test_a_stale_pid_file_is_seen_through(home: Path, left: str) -> None:
    (home / "pg" / "postmaster.pid").write_text(left)
    (home / "run" / ".s.PGSQL.5432.lock").write_text(left)
    with data.embedded.running(home) as cluster:
        assert ask(cluster, "SELECT 1") == 1


def test_killed_altogether_it_recovers_what_was_committed(home: Path) -> None:
    first = Application(home)
    assert first.ready()
    put_note(cluster_at(home))
    for pid in data.postgres_server.processes(cluster_at(home)):
        with suppress(ProcessLookupError):  # it may have followed another
            os.kill(pid, signal.SIGKILL)
    first.kill()
    assert (home / "pg" / "postmaster.pid").exists()
    with data.embedded.running(home) as cluster:
        assert ask(cluster, "SELECT text FROM note") == "网格"


def test_a_killed_postmaster_with_a_child_still_at_work(home: Path) -> None:
    first = Application(home)
    assert first.ready()
    sleeper = psycopg.connect(cluster_at(home).url())
    pid = sleeper.info.backend_pid
    os.kill(pid, signal.SIGSTOP)  # as one deep in a computation: it notices nothing
    os.kill(postmaster(home) or 0, signal.SIGKILL)
    first.kill()
    os.kill(pid, signal.SIGCONT)
    with data.embedded.running(home) as cluster:
        assert pid not in data.postgres_server.processes(cluster)
        assert ask(cluster, "SELECT 1") == 1
    sleeper.close()


def test_two_starting_at_once_on_a_fresh_home_both_work(folder: Path) -> None:
    both = [Application(folder / "home") for _ in range(2)]
    assert [one.ready() for one in both] == [True, True]
    pid = postmaster(folder / "home")
    assert both[0].leave() == 0
    assert postmaster(folder / "home") == pid is not None  # the other still needs it
    assert both[1].leave() == 0
    assert postmaster(folder / "home") is None


def test_two_users_inside_one_process_count_as_two(home: Path) -> None:
    with data.embedded.running(home):
        with data.embedded.running(home) as cluster:
            pass
        assert ask(cluster, "SELECT 1") == 1
    assert postmaster(home) is None


def test_a_half_made_cluster_is_thrown_away(folder: Path) -> None:
    half = folder / "home" / "pg.half"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("15\n")
    with data.embedded.running(folder / "home") as cluster:
        assert ask(cluster, "SELECT 1") == 1
    assert not half.exists()


def test_a_home_of_a_long_name_gets_a_short_private_socket_directory(
    folder: Path, home: Path
) -> None:
    long = folder / ("网格" * 20)
    subprocess.run(["cp", "-a", home, long], check=True)
    with data.embedded.running(long) as cluster:
        assert cluster.sockets.parent == Path("/tmp")
        assert cluster.sockets == cluster_at(long).sockets
        assert cluster.sockets.stat().st_mode & 0o777 == 0o700
        assert ask(cluster, "SELECT 1") == 1
    data.embedded.destroy(long)
    assert not cluster.sockets.exists()


@as_root
def test_a_socket_directory_of_somebody_else_is_refused(folder: Path) -> None:
    home = folder / ("long" * 25)
    sockets = cluster_at(home).sockets
    sockets.mkdir()
    os.chown(sockets, 12345, 12345)
    try:
        with pytest.raises(Unavailable, match=rf"{sockets} belongs to user 12345"):
            data.embedded.running(home).__enter__()
    finally:
        sockets.rmdir()


@as_root
def test_a_home_the_server_cannot_reach_is_refused_naming_the_shut_door(folder: Path) -> None:
    shut = folder / "shut"
    shut.mkdir(mode=0o700)
    with pytest.raises(Unavailable, match=rf"may not enter {shut}\. .*WANGGE_HOME.*chmod"):
        data.embedded.running(shut / "home").__enter__()


def test_a_cluster_of_another_major_version_is_refused(spare: Path) -> None:
    (spare / "pg" / "PG_VERSION").write_text("9\n")
    with pytest.raises(Unavailable, match=r"PostgreSQL 9, .*postgresql-9-postgis-3.*--reset"):
        data.embedded.running(spare).__enter__()


def test_a_directory_that_is_no_cluster_is_refused(folder: Path) -> None:
    (folder / "home" / "pg").mkdir(parents=True)
    with pytest.raises(Unavailable, match="is no PostgreSQL cluster"):
        data.embedded.running(folder / "home").__enter__()


def test_missing_programs_are_refused_with_how_to_install_them(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANGGE_PG_BIN", str(folder))
    with pytest.raises(Unavailable, match=rf"{folder}.*apt-get install.*WANGGE_DATABASE_URL"):
        data.embedded.running(folder / "home").__enter__()
    assert not (folder / "home" / "pg").exists()


def test_postgresql_without_postgis_is_refused_naming_the_package(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("postgres", "initdb", "pg_config"):
        (folder / name).write_text(f"#!/bin/sh\necho PostgreSQL 16.2\necho {folder}\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("WANGGE_PG_BIN", str(folder))
    with pytest.raises(Unavailable, match=r"PostgreSQL 16 .*postgresql-16-postgis-3"):
        data.embedded.running(folder / "home").__enter__()


def test_a_server_that_does_not_start_shows_the_end_of_its_log(spare: Path) -> None:
    (spare / "pg" / "postgresql.auto.conf").write_text("work_mem = 'much'\n")
    with pytest.raises(Unavailable, match=r'does not start:\n.*"work_mem": "much"'):
        data.embedded.running(spare).__enter__()


def test_the_supervisor_brings_a_killed_postmaster_back(home: Path) -> None:
    with data.embedded.running(home, supervise=True) as cluster:
        put_note(cluster)
        for _ in range(2):
            killed = postmaster(home)
            os.kill(killed or 0, signal.SIGKILL)
            until(lambda killed=killed: postmaster(home) not in (None, killed))
            until(lambda: data.postgres_server.ping(cluster) == data.postgres_server.Ping.OK)
            assert ask(cluster, "SELECT text FROM note") == "网格"
    assert data.postgres_server.processes(cluster) == []
    assert "postgres" not in {thread.name for thread in threading.enumerate()}


def test_leaving_right_after_a_kill_leaves_nothing_running(home: Path) -> None:
    with data.embedded.running(home, supervise=True) as cluster:
        os.kill(postmaster(home) or 0, signal.SIGKILL)
    assert data.postgres_server.processes(cluster) == []


def test_the_log_stays_bounded(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data.postgres_server, "LOG_LIMIT", 1000)
    log = home / "postgres.log"
    log.write_text("old\n" * 1000)
    with data.embedded.running(home):
        assert not log.read_text().startswith("old")
    assert (home / "postgres.log.1").read_text() == "old\n" * 1000


def test_destroy_refuses_while_in_use_then_deletes_the_cluster_alone(spare: Path) -> None:
    (spare / "upload.xlsx").write_text("not the cluster's")
    with (
        data.embedded.running(spare),
        pytest.raises(Conflict, match=f"The database in {spare.resolve()} is in use"),
    ):
        data.embedded.destroy(spare)
    data.embedded.destroy(spare)
    assert sorted(path.name for path in spare.iterdir()) == ["lock", "turn", "upload.xlsx"]
    data.embedded.destroy(spare)  # nothing left to do


def test_destroy_stops_an_orphan(spare: Path) -> None:
    first = Application(spare)
    assert first.ready()
    first.kill()
    data.embedded.destroy(spare)
    assert data.postgres_server.processes(cluster_at(spare)) == []


def test_a_newcomer_waits_for_its_turn_and_says_so(home: Path) -> None:
    said: list[str] = []
    with (home / "turn").open("ab") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        threading.Timer(0.3, fcntl.flock, (turn, fcntl.LOCK_UN)).start()
        with data.embedded.running(home, say=said.append):
            pass
    assert said == [f"Waiting for another Wangge that is busy with {home.resolve()}"]
