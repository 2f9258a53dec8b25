"""What a route may ask for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

import psycopg
import sqlalchemy as sa
from fastapi import Depends, Request

from api.settings import Settings


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def _store(request: Request) -> sa.Engine:
    store: sa.Engine = request.app.state.store
    return store


async def _hot(request: Request) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    async with request.app.state.pool.connection() as connection:
        yield connection


Store = Annotated[sa.Engine, Depends(_store)]
SettingsDep = Annotated[Settings, Depends(_settings)]
Hot = Annotated[psycopg.AsyncConnection[Any], Depends(_hot, scope="function")]
