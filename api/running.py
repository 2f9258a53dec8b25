"""The store opened, and the application served over it, each closed cleanly whatever happens."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import sqlalchemy as sa

import api.climbing
import data.db
import data.embedded
import data.scope
import data.seal
from api.settings import Settings
from data.seal import Seal
from gis.errors import BadInput, Conflict


@dataclass(frozen=True)
class Opened:
    """A store that answers, with its schema current.

    `url` is the owner's way to it, `app_url` that of the pages: as a role that cannot pass by the
    row policies.
    """

    store: sa.Engine
    url: str
    app_url: str
    seal: Seal


@contextmanager
def opened(
    settings: Settings, *, say: Callable[[str], None], supervise: bool = False
) -> Iterator[Opened]:
    """Open the store of `settings`: the one named by its address, or the private one.

    Raises:
        Unavailable: in words, with the way out.
    """
    with ExitStack() as stack:
        url = settings.database_url
        app_url = settings.app_database_url or url
        if url is None:
            cluster = stack.enter_context(
                data.embedded.running(settings.home, say=say, supervise=supervise)
            )
            url, app_url = cluster.url(), cluster.url(user=data.scope.APP_ROLE)
        store = _engine(url, settings)
        stack.callback(store.dispose)
        data.db.ready(store)
        seal = seal_of(settings)
        with data.db.transaction(store) as db:
            data.seal.check(db, seal)
        yield Opened(store, url, app_url or url, seal)


def seal_of(settings: Settings) -> Seal:
    """The seal of the register: by the key of the settings, or by the one kept in the home."""
    if settings.register_key is not None:
        return data.seal.from_text(settings.register_key.get_secret_value())
    return data.seal.from_file(settings.home / "register.key")


def _engine(url: str, settings: Settings) -> sa.Engine:
    try:
        return data.db.engine(url, pooler=settings.pooler, time_zone=settings.time_zone)
    except sa.exc.ArgumentError as error:
        raise BadInput(
            "WANGGE_DATABASE_URL is no address; write postgresql://user:password@host:5432/name"
        ) from error


def stop_on_sigterm() -> None:
    """Turn SIGTERM into an ordinary exit, so that everything opened is closed."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


def serve(settings: Settings, opened: Opened, *, ready: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; call `ready` with the address once it answers.

    From then on deadlines climb in a process beside this one.

    Raises:
        Conflict: the port is taken.
    """
    import uvicorn

    from api.app import create_app

    class Announcing(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started and sockets:
                ready(f"http://{settings.host}:{sockets[0].getsockname()[1]}")
                begin_to_climb()

    with (
        _listening(settings) as taken,
        api.climbing.beside(opened.url, pooler=settings.pooler) as begin_to_climb,
    ):
        app = create_app(settings, database_url=opened.app_url, seal=opened.seal)
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, timeout_graceful_shutdown=5
        )
        Announcing(config).run(sockets=[taken])


def _listening(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise Conflict(
            f"{settings.host}:{settings.port} cannot be listened on ({error.strerror}); "
            "stop what runs there or choose another with --port"
        ) from error
    return listener
