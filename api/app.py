"""The application: routes, refusals and the headers every answer carries."""

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
from starlette.datastructures import MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import data.db
import maps
from api import errors
from api.settings import Settings
from gis.errors import WanggeError

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "SAMEORIGIN",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(self)",
}
DEFAULT_CSP = "default-src 'none'; frame-ancestors 'self'"


class SafeHeaders:
    """Put the safety headers on every answer; a page may bring a CSP of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Content-Security-Policy", DEFAULT_CSP)
            await send(message)

        await self.app(scope, receive, send_safely if scope["type"] == "http" else send)


class Compressed:
    """Send text and tiles packed, for weak signals; exports go out as the files they are."""

    def __init__(self, app: ASGIApp) -> None:
        self.plain, self.packed = app, GZipMiddleware(app, minimum_size=1000, compresslevel=5)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_export = scope["type"] == "http" and scope["path"].startswith("/export/")
        await (self.plain if is_export else self.packed)(scope, receive, send)


def _bad_request(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [
        {"field": ".".join(str(part) for part in fault["loc"][1:]), "reason": fault["msg"]}
        for fault in error.errors()
    ]
    sentence = "; ".join(f"{fault['field']}: {fault['reason']}" for fault in faults)
    return errors.problem(400, "BadInput", sentence, errors=faults)


def create_app(settings: Settings, *, database_url: str) -> FastAPI:
    """Build the application over the store at `database_url`."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.pool = data.db.pool(database_url)
        app.state.store = data.db.engine(database_url)
        await app.state.pool.open()
        asyncio.get_running_loop().run_in_executor(None, _warm)
        yield
        await app.state.pool.close()
        app.state.store.dispose()

    app = FastAPI(title="Wangge 网格", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.settings = settings
    app.add_middleware(Compressed)
    app.add_middleware(SafeHeaders)
    app.add_exception_handler(WanggeError, errors.refusal)
    app.add_exception_handler(RequestValidationError, _bad_request)
    for down in (psycopg.OperationalError, psycopg_pool.PoolTimeout, OSError):
        app.add_exception_handler(down, errors.store_down)
    app.add_exception_handler(Exception, errors.unforeseen)
    static = Path(maps.__file__).parent / "static"
    app.mount("/static", StaticFiles(directory=static), name="static")
    _add_routes(app)
    return app


def _warm() -> None:
    """Import what the first page and the first export need, while nobody waits for it."""
    for room in ("maps.grid", "maps.basemaps", "api.actions.exports"):
        importlib.import_module(room)


def _add_routes(app: FastAPI) -> None:
    from api.routes import export, layers, locate, pages

    for room in (pages, layers, locate, export):
        app.include_router(room.router)
