"""The private PostGIS: started by the first who needs it, stopped by the last who leaves.

Two kernel locks (flock) decide who that is; the kernel frees them even after kill -9:

`home/lock`  held in common by every process that uses the server
`home/turn`  held alone by whoever starts, stops or deletes it just now
"""

import fcntl
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO

import data.postgres_binaries
import data.postgres_server
from data.postgres_server import Cluster
from gis.errors import Conflict, Unavailable, WanggeError

__all__ = ["Cluster", "destroy", "running"]

LOOK_EVERY_S = 0.5
Say = Callable[[str], None]
_log = logging.getLogger(__name__)


@contextmanager
def running(home: Path, *, say: Say = _log.info, supervise: bool = False) -> Iterator[Cluster]:
    """The cluster in `home`, taking connections, with PostGIS in its database `wangge`.

    Made, started or adopted as needed; stopped when the last process leaves its `with`.
    With `supervise`, a server that dies meanwhile is brought back. Progress goes to `say`.
    Raises Unavailable, in words, for whatever is missing or in the way.
    """
    cluster = _at(home)
    with _in_words(cluster):
        data.postgres_server.make_directories(cluster)
    with _using(cluster, say=say):
        with _turn(cluster, say=say):
            _bring_up(cluster, say=say)
        with _supervised(cluster, say=say) if supervise else nullcontext():
            yield cluster


def destroy(home: Path) -> None:
    """Stop and delete the cluster in `home`; raise Conflict while another process uses it."""
    cluster = _at(home)
    if not cluster.home.exists():
        return
    with _in_words(cluster), _turn(cluster, say=_log.info), _open(cluster, "lock") as lock:
        if not _lock_at_once(lock, fcntl.LOCK_EX):
            raise Conflict(
                f"The database in {cluster.home} is in use: stop every Wangge that runs on it "
                "first, then delete it.",
                home=str(cluster.home),
            )
        if cluster.pg.exists():
            data.postgres_server.stop(cluster)
        data.postgres_server.delete(cluster)


def _at(home: Path) -> Cluster:
    # Resolved, so that every way of naming one home leads to one socket.
    return Cluster(home.expanduser().resolve())


@contextmanager
def _using(cluster: Cluster, *, say: Say) -> Iterator[None]:
    """Count as a user of the server; the last one out stops it."""
    with _open(cluster, "lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        try:
            yield
        finally:
            with _turn(cluster, say=say):
                if _lock_at_once(lock, fcntl.LOCK_EX):
                    _stop(cluster)


def _stop(cluster: Cluster) -> None:
    if cluster.pg.exists():
        data.postgres_server.stop(cluster)


def _bring_up(cluster: Cluster, *, say: Say) -> None:
    """See that the server runs and has its database. Only ever called in one's turn."""
    with _in_words(cluster):
        if not _adopt(cluster, say=say):
            _start(cluster, say=say)
        data.postgres_server.ensure_database(cluster)


def _adopt(cluster: Cluster, *, say: Say) -> bool:
    """Whether a server runs already, other users' or an orphan; waits while it recovers."""
    return data.postgres_server.wait_until_ready(
        cluster, lambda: data.postgres_server.postmaster(cluster) is not None, say=say
    )


def _start(cluster: Cluster, *, say: Say) -> None:
    major = data.postgres_server.major(cluster)
    binaries = data.postgres_binaries.choose(major)
    if major is None:
        say(f"Making a PostgreSQL {binaries.major} database in {cluster.home}")
        data.postgres_server.initialise(cluster, binaries)
    data.postgres_server.start(cluster, binaries, say=say)


@contextmanager
def _supervised(cluster: Cluster, *, say: Say) -> Iterator[None]:
    """Bring the server back whenever it dies, from a thread of its own."""
    leaving = threading.Event()
    watch = threading.Thread(
        target=_watch, args=(cluster, leaving), kwargs={"say": say}, name="postgres", daemon=True
    )
    watch.start()
    try:
        yield
    finally:
        leaving.set()
        watch.join()  # a start under way is finished first, then the server is stopped


def _watch(cluster: Cluster, leaving: threading.Event, *, say: Say) -> None:
    last = ""
    while not leaving.wait(LOOK_EVERY_S):
        try:
            _look_after(cluster, leaving, say=say)
            last = ""
        except (WanggeError, OSError) as error:  # a full disk may get room again: keep trying
            if str(error) != last:
                say(str(error))
            last = str(error)


def _look_after(cluster: Cluster, leaving: threading.Event, *, say: Say) -> None:
    data.postgres_server.bound_log(cluster)
    if data.postgres_server.postmaster(cluster) is not None:
        return
    with _turn(cluster, say=say):
        if leaving.is_set():
            return
        _bring_up(cluster, say=say)


@contextmanager
def _turn(cluster: Cluster, *, say: Say) -> Iterator[None]:
    """Be the only one who starts, stops or deletes; wait for one's turn."""
    with _open(cluster, "turn") as turn:
        if not _lock_at_once(turn, fcntl.LOCK_EX):
            say(f"Waiting for another Wangge that is busy with {cluster.home}")
            fcntl.flock(turn, fcntl.LOCK_EX)
        yield


def _open(cluster: Cluster, name: str) -> IO[bytes]:
    # Never deleted: a lock on a deleted file would be a lock on nothing.
    with _in_words(cluster):
        return data.postgres_server.open_private(cluster.home / name)


def _lock_at_once(file: IO[bytes], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _in_words(cluster: Cluster) -> Iterator[None]:
    """Say what the system refuses (a closed directory, a full disk) in a sentence."""
    try:
        yield
    except OSError as error:
        raise Unavailable(
            f"The database cannot be kept in {cluster.home}: {error.strerror or error} "
            f"({error.filename or 'no file named'}). Choose another home with WANGGE_HOME.",
            home=str(cluster.home),
        ) from error
