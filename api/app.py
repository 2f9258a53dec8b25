"""The application: routes, refusals, and what every request passes."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import psycopg_pool
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

import data.db
import data.live
import maps
from api import auth, errors
from api.live import Live
from api.locating import Locating
from api.middleware import Compressed, Doorkeeper, Heads, SafeHeaders
from api.pace import Pace
from api.settings import Settings
from api.streaming import Gate
from api.tiles import Tiles
from data.cells_held import CellsHeld
from data.moment import Moment
from data.seal import Seal
from data.sign_in import Scopes
from data.tiles_kept import Shelf
from gis.errors import WanggeError

MOST_DRAWINGS = 2
"""Each takes a core for seconds."""


def _bad_request(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [
        {"field": ".".join(str(part) for part in fault["loc"][1:]), "reason": fault["msg"]}
        for fault in error.errors()
    ]
    sentence = "; ".join(f"{fault['field']}: {fault['reason']}" for fault in faults)
    return errors.problem(400, "BadInput", sentence, errors=faults)


class Application(FastAPI):
    """The application, with doors before everything else for what is asked for most."""

    doors: tuple[Tiles | Locating, ...] = ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        for door in self.doors:
            if await door.answer(scope, send):
                return
        await super().__call__(scope, receive, send)


def create_app(settings: Settings, *, database_url: str, seal: Seal) -> FastAPI:
    """Build the application over the store at `database_url`, whose persons `seal` opens."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.pool = data.db.pool(
            database_url, pooler=settings.pooler, time_zone=settings.time_zone
        )
        app.state.store = data.db.engine(
            database_url, pooler=settings.pooler, time_zone=settings.time_zone
        )
        app.state.cells = CellsHeld(app.state.store)
        await app.state.pool.open()
        app.state.moment = Moment(
            data.db.pool(database_url, size=1, pooler=settings.pooler, time_zone=settings.time_zone)
        )
        await app.state.moment.begin()
        asyncio.get_running_loop().run_in_executor(None, _warm)
        pool = app.state.pool
        app.state.live.begin(
            data.live.looked(pool) if settings.pooler else data.live.heard(database_url)
        )
        yield
        await app.state.live.end()
        await app.state.moment.end()
        await app.state.pool.close()
        app.state.store.dispose()

    app = Application(title="Wangge 网格", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.settings, app.state.seal = settings, seal
    app.state.streams, app.state.pace, app.state.live = Gate(), Pace(), Live()
    app.state.shelf = Shelf()
    app.state.drawings = Gate(MOST_DRAWINGS, "others have cells drawn just now")
    scopes = Scopes()
    app.doors = (
        Tiles(app.state, hosts=settings.hosts, scopes=scopes),
        Locating(app.state, hosts=settings.hosts),
    )
    app.add_middleware(auth.Guard, scopes=scopes)
    app.add_middleware(Compressed)
    app.add_middleware(Doorkeeper, hosts=settings.hosts)
    app.add_middleware(SafeHeaders)
    app.add_middleware(Heads)
    app.add_exception_handler(WanggeError, errors.refusal)
    app.add_exception_handler(RequestValidationError, _bad_request)
    app.add_exception_handler(HTTPException, errors.http)
    for down in (psycopg.OperationalError, psycopg_pool.PoolTimeout, OSError):
        app.add_exception_handler(down, errors.store_down)
    app.add_exception_handler(Exception, errors.unforeseen)
    static = Path(maps.__file__).parent / "static"
    app.mount("/static", StaticFiles(directory=static), name="static")
    _add_routes(app)
    app.state.ways = auth.ways(app.routes)
    return app


def _warm() -> None:
    """Import what the first page and the first export need, while nobody waits for it."""
    for room in (
        "maps.grid",
        "maps.basemaps",
        "api.actions.exports",
        "api.actions.register",
        "api.actions.plans_draw",
        "data.catalogue",
        "pypinyin",
    ):
        importlib.import_module(room)


# In the order in which they are asked: a code may hold slashes, so that /cells/{code:path} and
# /cases/{code:path} take all that is left of theirs
ROOMS = (
    "pages",
    "sign_in",
    "duty",
    "worker",
    "worker_shell",
    "care",
    "layers",
    "tiles",
    "live",
    "locate",
    "whistles",
    "photos",
    "cases",
    "indicators",
    "as_of",
    "catalogue",
    "export",
    "register",
    "dispatching",
    "desk",
    "collections",
    "plans",
    "plans_force",
    "community",
    "community_residents",
    "community_places",
    "community_edit",
    "ogc",
    "ogc_items",
    "ogc_edits",
    "ogc_tiles",
    "qgis",
    "open311",
)


def _add_routes(app: FastAPI) -> None:
    """Take the rooms' routes as they are.

    A router that is included would build each of its routes a second time, with the first request
    that comes past it.
    """
    for room in ROOMS:
        app.router.routes.extend(importlib.import_module(f"api.routes.{room}").router.routes)
