"""What a route may ask for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

import psycopg
from fastapi import Depends, Request

from api.settings import Settings


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def _hot(request: Request) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    async with request.app.state.pool.connection() as connection:
        yield connection


SettingsDep = Annotated[Settings, Depends(_settings)]
Hot = Annotated[psycopg.AsyncConnection[Any], Depends(_hot, scope="function")]
