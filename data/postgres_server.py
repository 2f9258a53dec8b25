"""One private PostgreSQL server: made, started, asked whether it is ready, stopped.

Nothing here decides who may do so and when: callers hold the lock of `data.embedded`.
"""

import hashlib
import os
import platform
import pwd
import shutil
import signal
import stat
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psycopg
from psycopg.pq import PGconn, Ping

import data.postgres_binaries
import data.postgres_settings
from gis.errors import Unavailable

SOCKET = ".s.PGSQL.5432"
LONGEST_SOCKET_PATH = 103  # bytes; the smallest limit of the systems we know (macOS)
SHORT_FOLDERS = Path("/tmp")  # noqa: S108 - fixed: TMPDIR may differ between processes of one home
LOG_LIMIT = 16 * 1024 * 1024  # bytes
MUTE_S = 30.0  # how long a living server may give no answer at all
STOP_S = 120.0  # a fast shutdown still writes everything to disk
# How processes left over by a dead server are asked to go: (signal, seconds to wait after it).
LAST_WORDS = ((0, 1.0), (signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))

Say = Callable[[str], None]


@dataclass(frozen=True)
class Cluster:
    """Where a private cluster is. Nothing is made or started by making one of these."""

    home: Path

    @property
    def pg(self) -> Path:
        """The files of PostgreSQL. Only ever a whole cluster: made elsewhere, then renamed."""
        return self.home / "pg"

    @property
    def half(self) -> Path:
        """A cluster being made or being deleted; never used, and thrown away when met."""
        return self.home / "pg.half"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.home / "postgres.log"

    @property
    def settings(self) -> Path:
        """Our settings, written anew at every start."""
        return self.home / "postgres.conf"

    @property
    def sockets(self) -> Path:
        """The directory of the socket: `home/run`, or a short one when that is too long.

        The short one has the same name for every process of the same home.
        """
        near = self.home / "run"
        # To libpq, a comma in a host separates two hosts.
        if len(os.fsencode(near / SOCKET)) <= LONGEST_SOCKET_PATH and "," not in str(near):
            return near
        return SHORT_FOLDERS / f"wangge-{hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]}"

    def url(self, database: str = "wangge", *, user: str = "wangge") -> str:
        """`postgresql://` over the unix socket, for libpq; SQLAlchemy adds its driver's name."""
        host = quote(os.fsencode(self.sockets), safe="")
        return f"postgresql://{user}@/{quote(database, safe='')}?host={host}"


def make_directories(cluster: Cluster) -> None:
    """Make home and the socket's directory, private; raise Unavailable if they cannot be.

    When root runs this, the server is another user, who must be able to pass through home.
    """
    root = os.geteuid() == 0
    if not cluster.home.exists() or (root and not any(cluster.home.iterdir())):
        cluster.home.mkdir(parents=True, exist_ok=True)
        cluster.home.chmod(0o711 if root else 0o700)
    if root:
        _check_reach(cluster)
    _make_private(cluster, cluster.sockets)


def initialise(cluster: Cluster, binaries: data.postgres_binaries.Binaries) -> None:
    """Make an empty cluster. Until all of it is there it has another name."""
    discard_half(cluster)
    _make_private(cluster, cluster.half)
    program = binaries.program("initdb")
    ctype = "C.UTF-8" if platform.system() == "Linux" else "C"
    # `trust`: the socket is the only way in, and its directory is 0700, so whoever can reach
    # the server owns its files anyway (or is root). --no-sync: a second sooner, synced below.
    options = ["--username=wangge", "--auth=trust", "--encoding=UTF8", "--locale=C"]
    options += [f"--lc-ctype={ctype}", "--data-checksums", "--no-sync"]
    making = _spawn(cluster, [program, f"--pgdata={cluster.half}", *options], subprocess.PIPE)
    output = making.communicate()[0].decode(errors="replace")
    if making.returncode != 0:
        raise Unavailable(f"A database could not be made in {cluster.home}:\n{_tail(output)}")
    cluster.half.rename(cluster.pg)
    syncing = [program, "--sync-only", f"--pgdata={cluster.pg}"]
    _reap(_spawn(cluster, syncing, subprocess.DEVNULL))


def major(cluster: Cluster) -> int | None:
    """The major version that wrote the cluster; None when there is no cluster yet."""
    if not cluster.pg.exists():
        return None
    try:
        return int((cluster.pg / "PG_VERSION").read_text().split(".")[0])
    except (OSError, ValueError) as error:
        raise Unavailable(
            f"{cluster.pg} is no PostgreSQL cluster (its PG_VERSION cannot be read: {error}). "
            "Move it away, choose another home with WANGGE_HOME, or start empty with --reset."
        ) from None


def start(cluster: Cluster, binaries: data.postgres_binaries.Binaries, *, say: Say) -> None:
    """Start the server and wait until it takes connections, however long it must recover.

    Raises Unavailable with the last lines of its log when it dies instead.
    """
    clear(cluster)
    bound_log(cluster)
    cluster.settings.write_text(data.postgres_settings.text())
    cluster.settings.chmod(0o644)
    with open_private(cluster.log) as log:
        before = log.tell()
        server = _spawn(cluster, _command(cluster, binaries), log)
    _reap(server)
    if not wait_until_ready(cluster, lambda: server.poll() is None, say=say):
        said = cluster.log.read_bytes()[before:].decode(errors="replace")
        raise Unavailable(f"The database in {cluster.home} does not start:\n{_tail(said)}")


def wait_until_ready(cluster: Cluster, alive: Callable[[], bool], *, say: Say) -> bool:
    """True when connections are taken; False when it is not `alive()`, or long mute."""
    begun = heard = told = time.monotonic()
    while (answer := ping(cluster)) != Ping.OK:
        now = time.monotonic()
        heard = now if answer == Ping.REJECT else heard
        if not alive() or now - heard > MUTE_S:
            return False
        if now - told > 5:
            told = now
            say(f"The database is not ready yet ({now - begun:.0f} s): see {cluster.log}")
        time.sleep(0.02)
    return True


def ping(cluster: Cluster) -> Ping:
    """OK: takes connections; REJECT: starting or stopping; else nobody answers."""
    return Ping(PGconn.ping(f"{cluster.url('postgres')}&connect_timeout=5".encode()))


def ensure_database(cluster: Cluster) -> None:
    """Make the database `wangge` with PostGIS, what of it is not there yet."""
    try:
        with psycopg.connect(cluster.url("postgres"), autocommit=True) as db:
            names = [row[0] for row in db.execute("SELECT datname FROM pg_database")]
            if "wangge" not in names:
                db.execute("CREATE DATABASE wangge")
        with psycopg.connect(cluster.url(), autocommit=True) as db:
            db.execute("SET client_min_messages = warning")
            db.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    except psycopg.Error as error:
        raise Unavailable(f"The database in {cluster.home} cannot be used: {error}") from error


def stop(cluster: Cluster) -> None:
    """Stop the server if there is one; what is committed is on disk afterwards."""
    if (pid := postmaster(cluster)) is not None:
        _signal(pid, signal.SIGINT)
        _wait(lambda: postmaster(cluster) is None, STOP_S)
    clear(cluster)


def clear(cluster: Cluster) -> None:
    """See that nothing of an earlier server is left: neither a child nor a file of its pid."""
    for sign, patience_s in LAST_WORDS:
        for pid in processes(cluster):
            _signal(pid, sign)
        if _wait(lambda: not processes(cluster), patience_s):
            break
    else:
        raise Unavailable(f"Processes of an earlier database stay: {processes(cluster)}")
    if _has_proc():  # else PostgreSQL itself must judge whether these files are stale
        # Their pid may be some other process by now (always so after a container restarts)
        # or a zombie nobody reaps, and PostgreSQL would take that one for its own.
        for stale in (cluster.pg / "postmaster.pid", cluster.sockets / f"{SOCKET}.lock"):
            stale.unlink(missing_ok=True)


def postmaster(cluster: Cluster) -> int | None:
    """The pid of the running server, None when there is none."""
    try:
        pid = int((cluster.pg / "postmaster.pid").read_text().split("\n")[0])
    except (OSError, ValueError):
        return None
    return pid if _is_ours(cluster, pid) else None


def processes(cluster: Cluster) -> list[int]:
    """The pids of every live process of this cluster, orphaned children too.

    Without /proc (macOS) only the one of the pid file is known.
    """
    if not _has_proc():
        return [pid for pid in [postmaster(cluster)] if pid]
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return [pid for pid in pids if _is_ours(cluster, pid)]


def open_private(path: Path) -> IO[bytes]:
    """Open a file to append to, that nobody else may read."""
    return open(path, "ab", opener=lambda name, flags: os.open(name, flags, 0o600))


def bound_log(cluster: Cluster) -> None:
    """Keep the log, and one older part of it, each at about LOG_LIMIT bytes."""
    if cluster.log.exists() and cluster.log.stat().st_size > LOG_LIMIT:
        # Copied and emptied, not renamed: a running server keeps writing at its (new) end.
        shutil.copy(cluster.log, cluster.log.with_suffix(".log.1"))
        os.truncate(cluster.log, 0)


def delete(cluster: Cluster) -> None:
    """Delete the files of a stopped cluster. Locks and whatever else is in home stay."""
    discard_half(cluster)
    if cluster.pg.exists():
        cluster.pg.rename(cluster.half)  # what is half deleted must not be taken for whole
    discard_half(cluster)
    for path in (cluster.log, cluster.log.with_suffix(".log.1"), cluster.settings):
        path.unlink(missing_ok=True)
    shutil.rmtree(cluster.sockets, ignore_errors=True)


def discard_half(cluster: Cluster) -> None:
    """Throw away what an interrupted making or deleting left behind."""
    if cluster.half.exists():
        shutil.rmtree(cluster.half)


def _command(cluster: Cluster, binaries: data.postgres_binaries.Binaries) -> list[str]:
    # On the command line what nobody may set otherwise; the rest in the settings file, which
    # ALTER SYSTEM overrides.
    fixed = {
        "config_file": str(cluster.settings),
        "listen_addresses": "",
        "unix_socket_directories": str(cluster.sockets),
        "unix_socket_permissions": "0700",
        "port": "5432",
    }
    options = [word for name, value in fixed.items() for word in ("-c", f"{name}={value}")]
    return [binaries.program("postgres"), "-D", str(cluster.pg), *options]


def _owner(cluster: Cluster) -> tuple[int, int]:
    """Whom the server runs as, (uid, gid): ourselves, or as root whoever owns the files."""
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    if cluster.pg.exists() and (kept := cluster.pg.stat()).st_uid != 0:
        return kept.st_uid, kept.st_gid
    try:
        postgres = pwd.getpwnam("postgres")
    except KeyError:
        raise Unavailable(
            "PostgreSQL refuses to run as root, and there is no user `postgres` to run it as. "
            "Run Wangge as an ordinary user, or make one: `useradd --system postgres`."
        ) from None
    return postgres.pw_uid, postgres.pw_gid


def _spawn(
    cluster: Cluster, command: list[str], output: int | IO[bytes]
) -> subprocess.Popen[bytes]:
    """Run a program of PostgreSQL as the server's user, out of reach of our terminal's Ctrl-C."""
    uid, gid = _owner(cluster)
    root = os.geteuid() == 0
    return subprocess.Popen(
        command,
        cwd="/",  # ours may be closed to that user
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "HOME": "/"},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output != subprocess.DEVNULL else subprocess.DEVNULL,
        start_new_session=True,
        user=uid if root else None,
        group=gid if root else None,
        extra_groups=[gid] if root else None,
    )


def _reap(process: subprocess.Popen[bytes]) -> None:
    """Take note of its end whenever that comes, so that it leaves no zombie."""
    threading.Thread(target=process.wait, name=f"reap {process.pid}", daemon=True).start()


def _check_reach(cluster: Cluster) -> None:
    """Raise Unavailable, naming the door that is shut, if the server's user cannot enter home."""
    uid = _owner(cluster)[0]
    if _may_enter(cluster, cluster.home):
        return
    ways = [*reversed(cluster.home.parents), cluster.home]
    shut = next(path for path in ways if not _may_enter(cluster, path))
    raise Unavailable(
        f"The database runs as user {_name(uid)}, who may not enter {shut}. Choose another home "
        f"with WANGGE_HOME (/var/lib/wangge, say), or open the way: `chmod o+x '{shut}'`.",
        home=str(cluster.home),
        shut=str(shut),
    )


def _may_enter(cluster: Cluster, path: Path) -> bool:
    trying = ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)]
    return _spawn(cluster, trying, subprocess.DEVNULL).wait() == 0


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _make_private(cluster: Cluster, path: Path) -> None:
    """Make a directory 0700 of the server's user; refuse one that is somebody else's."""
    uid, gid = _owner(cluster)
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (uid, os.geteuid()):
        raise Unavailable(
            f"{path} belongs to user {_name(found.st_uid)} or is no directory, so the database "
            f"will not put its socket there. Remove it, or choose another home with WANGGE_HOME."
        )
    path.chmod(0o700)
    os.chown(path, uid, gid)


def _is_ours(cluster: Cluster, pid: int) -> bool:
    """Whether a live process is a server of this cluster: all of them work in its directory."""
    if not _has_proc():
        return _signal(pid, 0)
    try:
        there = os.path.samestat(os.stat(f"/proc/{pid}/cwd"), cluster.pg.stat())
        return there and Path(f"/proc/{pid}/comm").read_text().startswith("postgres")
    except OSError:
        return False  # gone, a zombie, or another user's


def _has_proc() -> bool:
    return os.path.exists("/proc/self/cwd")


def _signal(pid: int, sign: int) -> bool:
    try:
        os.kill(pid, sign)
    except ProcessLookupError:
        return False
    return True


def _wait(done: Callable[[], bool], patience_s: float) -> bool:
    """Whether it came true in that time."""
    end = time.monotonic() + patience_s
    while not done():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def _tail(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-8:])
