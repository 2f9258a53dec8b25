"""What a route may ask for."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from typing import Annotated, Any

import psycopg
import sqlalchemy as sa
from fastapi import Depends, Request

import data.scope
import maps.shell
import maps.words
from api.pace import Pace
from api.settings import Settings
from api.streaming import Gate
from data.seal import Seal
from data.sign_in import Entered
from gis.access import ANYBODY, Viewer
from gis.errors import NotAllowed
from maps.shell import Shell

LANGUAGE, THEME = "wangge_language", "wangge_theme"
"""The cookies that keep how somebody wants our pages."""


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def _store(request: Request) -> sa.Engine:
    store: sa.Engine = request.app.state.store
    return store


def _seal(request: Request) -> Seal:
    seal: Seal = request.app.state.seal
    return seal


def _streams(request: Request) -> Gate:
    gate: Gate = request.app.state.streams
    return gate


def _drawings(request: Request) -> Gate:
    gate: Gate = request.app.state.drawings
    return gate


def _pace(request: Request) -> Pace:
    pace: Pace = request.app.state.pace
    return pace


def viewer_of(request: Request) -> Viewer:
    """Who asks, as the guard found out before any route was called."""
    viewer: Viewer = getattr(request.state, "viewer", ANYBODY)
    return viewer


def _entered(request: Request) -> Entered:
    entered: Entered | None = getattr(request.state, "entered", None)
    if entered is None:
        raise NotAllowed("this is for people who are signed in")  # the guard asked before
    return entered


def shell_of(request: Request) -> Shell:
    """How somebody wants the page he asks for."""
    language, theme = request.cookies.get(LANGUAGE, ""), request.cookies.get(THEME, "")
    return Shell(
        nonce=secrets.token_urlsafe(16),
        path=request.url.path,
        language=language if language in maps.words.LANGUAGES else "zh",
        theme=theme if theme in maps.shell.THEMES else "auto",
        zone=request.app.state.settings.time_zone,
    )


async def _hot(request: Request) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    pool = request.app.state.pool
    async with data.scope.looking(pool, viewer_of(request)) as connection:
        yield connection


Store = Annotated[sa.Engine, Depends(_store)]
ViewerDep = Annotated[Viewer, Depends(viewer_of)]
EnteredDep = Annotated[Entered, Depends(_entered)]
Streams = Annotated[Gate, Depends(_streams)]
Drawings = Annotated[Gate, Depends(_drawings)]
PaceDep = Annotated[Pace, Depends(_pace)]
SealDep = Annotated[Seal, Depends(_seal)]
ShellDep = Annotated[Shell, Depends(shell_of)]
SettingsDep = Annotated[Settings, Depends(_settings)]
Hot = Annotated[psycopg.AsyncConnection[Any], Depends(_hot, scope="function")]
