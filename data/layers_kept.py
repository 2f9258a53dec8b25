"""Pages of features that are asked for by a limit: kept as tiles are, made in one way to the store.

What is streamed without a limit is not kept: it may be a whole city.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg_pool import AsyncConnectionPool

import data.layers
import data.scope
import data.tiles_kept
from data.layers import Area, Box, Versions, Wanted
from data.tiles_kept import Tile
from gis.access import Viewer
from gis.terms import Datum

MOST = 2000
"""Longer pages are streamed."""


@dataclass(frozen=True)
class Page:
    """A page as it is asked for: a layer's first features, in a box, in an area by its code."""

    layer: str
    box: Box | None
    area: str | None
    limit: int | None
    plan: str | None
    datum: Datum

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers it is about."""
        return (self.layer,)


async def made(pool: AsyncConnectionPool, viewer: Viewer, page: Page) -> Tile:
    """Make a page for a viewer; its version is that of the very state of the store it shows.

    Raises:
        NotFound: no such plan or area. BadInput: an area of a layer without.
    """
    if page.area is None and page.plan is None:
        versions, features, is_true = await _at_once(pool, viewer, _of(page, None))
        if is_true:
            return _kept(page, viewer, versions, features)
    async with data.scope.looking(pool, viewer, still=True) as connection:
        versions, counted = await data.layers.versions(connection, page.plan)
        what = await wanted(connection, page)
        asked = await _ask(connection, what, counted=counted and what.may_be_counted)
        features = data.layers.told_piece(await asked.fetchone(), what)[2]
    return _kept(page, viewer, versions, features)


async def _at_once(
    pool: AsyncConnectionPool, viewer: Viewer, what: Wanted
) -> tuple[Versions, bytes, bool]:
    """The versions, the features by workers counted before, and whether those may be had."""
    may = what.may_be_counted
    async with pool.connection() as connection:
        async with connection.pipeline(), connection.transaction():
            await data.scope.begin_hot(connection, viewer, still=True)
            told = await data.layers.ask_versions(connection)
            asked = await _ask(connection, what, counted=may)
        versions, counted = data.layers.told_versions(await told.fetchone())
        features = data.layers.told_piece(await asked.fetchone(), what)[2]
        return versions, features, counted or not may


async def _ask(
    connection: psycopg.AsyncConnection[Any], what: Wanted, *, counted: bool
) -> data.layers.Rows:
    most = what.limit or 0
    return await data.layers.ask_piece(connection, what, after=-1, most=most, counted=counted)


async def wanted(connection: psycopg.AsyncConnection[Any], page: Page) -> Wanted:
    """What a page asks for, its area looked up.

    Raises:
        NotFound: no such area. BadInput: an area of a layer without.
    """
    if page.area is None:
        return _of(page, None)
    return _of(page, await data.layers.area_of(connection, page.area, page.plan))


def _of(page: Page, area: Area | None) -> Wanted:
    told = Wanted(page.layer, page.box, area, page.limit, page.plan, page.datum)
    data.layers.check(told)
    return told


def _kept(page: Page, viewer: Viewer, versions: Versions, features: bytes) -> Tile:
    key = (page, versions.of(page.layers), data.tiles_kept.sight(viewer, page.layers))
    whole = data.layers.HEAD + features + data.layers.TAIL
    return Tile(key, data.tiles_kept.tag(key), whole)
