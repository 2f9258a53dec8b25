"""Features of collections, as the store writes them: GeoJSON made in PostgreSQL, a page at a time.

A page begins after the last id of the one before: the thousandth costs what the first does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
import shapely

from data.ogc import Collection
from data.ogc_cql import Writer
from gis.access import Right
from gis.errors import BadInput, NotFound
from gis.ogc_crs import DEFAULT, Crs
from gis.ogc_time import Span

MOST_COUNTED = 10_000
"""More features than these are not counted for who asks for some."""
MOST_FEATURES = 10_000
PATIENCE_MS, COUNTING_MS = 10_000, 1_000
"""Longer than this no page is looked for, and nothing counted."""


@dataclass(frozen=True)
class Wanted:
    """Which features: in a box (WGS-84), in a span of time, by a filter, after an id.

    Much of the town lies in a box that `is_wide`: one comes upon its features in the order of ids.
    """

    collection: Collection
    box: shapely.Geometry | None = None
    is_wide: bool = False
    span: Span | None = None
    filter: Any = None
    filter_crs: Crs = DEFAULT
    after: int | None = None
    limit: int = 100
    crs: Crs = DEFAULT
    patience_ms: int = PATIENCE_MS


@dataclass(frozen=True)
class Page:
    """Features as GeoJSON texts with commas; the last id where more follow; how many there are in
    all, None where that is more than `MOST_COUNTED` or takes too long to count."""

    text: str
    returned: int
    last: int | None
    matched: int | None


_PAGE = """
    SELECT count(*), max(id) FILTER (WHERE nr <= %(limit)s),
           string_agg(told, ',' ORDER BY id) FILTER (WHERE nr <= %(limit)s)
    FROM (SELECT t.id, t.nr, {told} AS told
          FROM (SELECT t.*, row_number() OVER (ORDER BY t.id) AS nr
                FROM (SELECT t.* FROM ({rows}) t WHERE {where}
                      ORDER BY t.id LIMIT %(limit)s + 1) t) t,
               LATERAL (SELECT {columns}, {geom} AS geom) p) one
"""
_COUNT = "SELECT count(*) FROM (SELECT FROM ({rows}) t WHERE {where} LIMIT %(most)s + 1) one"
_TOLD = """'{{"id":' || t.id || ',' || CASE WHEN p.geom IS NULL
    THEN replace(substr(ST_AsGeoJSON(p, 'geom'), 2), '{{"type": null}}', 'null')
    ELSE substr(ST_AsGeoJSON(p, 'geom', {digits}), 2) END"""


def _columns(collection: Collection) -> str:
    return ", ".join(f't."{name}"' for name in collection.properties)


def _geom(crs: Crs) -> str:
    """A shape as a client wants it, rings as GeoJSON has them; of WGS-84 by its number, for GeoJSON
    names no other."""
    written = "ST_ForcePolygonCCW(t.geom)"
    if crs.srid != DEFAULT.srid:
        written = f"ST_SetSRID(ST_Transform({written}, {crs.srid}), 4326)"
    return f"ST_FlipCoordinates({written})" if crs.is_flipped else written


def _told(crs: Crs, collection: Collection) -> str:
    """Drafts are told to the corner, to be told back."""
    exact = collection.edited_by is Right.PLAN and crs.is_degrees
    return _TOLD.format(digits=10 if exact else crs.digits)


def _where(wanted: Wanted) -> tuple[list[str], dict[str, Any]]:
    rules, values = ["TRUE"], dict(wanted.collection.values)
    if wanted.box is not None:
        values["box"] = shapely.to_wkb(wanted.box)
        box = "ST_GeomFromWKB(%(box)s, 4326)"
        if not wanted.is_wide:
            rules.append(wanted.collection.near.format(box=box))
        rules.append(f"ST_Intersects(t.geom, {box})")
    if wanted.span is not None and wanted.collection.time is not None:
        low, high = wanted.span
        begins, ends = wanted.collection.time
        values |= {"low": low, "high": high}
        if low is not None:
            lasts = f"t.{ends} IS NULL OR t.{ends}::timestamptz > %(low)s"  # a first day of no more
            rules.append(f"t.{ends} >= %(low)s" if begins == ends else f"({lasts})")
        if high is not None:
            began = f"t.{begins} IS NULL OR t.{begins}::timestamptz <= %(high)s"
            rules.append(f"t.{begins} <= %(high)s" if begins == ends else f"({began})")
    if wanted.filter is not None:
        writer = Writer(wanted.collection.kinds, wanted.filter_crs)
        rules.append(writer.where(wanted.filter))
        rules += [wanted.collection.near.format(box=one) for one in writer.met(wanted.filter)]
        values |= writer.values
    return rules, values


async def page(connection: psycopg.AsyncConnection[Any], wanted: Wanted) -> Page:
    """Read a page of features, by id.

    Raises:
        BadInput: what is wrong with the filter, cannot be reckoned, or takes too long to find.
    """
    rules, values = _where(wanted)
    collection = wanted.collection
    only = " AND ".join(rules)
    after = "" if wanted.after is None else " AND t.id > %(after)s"
    values |= {"limit": wanted.limit, "after": wanted.after, "most": MOST_COUNTED}
    query = _PAGE.format(
        told=_told(wanted.crs, collection), rows=collection.rows, where=only + after,
        columns=_columns(collection), geom=_geom(wanted.crs),
    )  # fmt: skip
    await connection.execute(f"SET LOCAL statement_timeout = {wanted.patience_ms:d}")
    try:
        count, last, text = await _one(connection, query, values)
    except psycopg.errors.QueryCanceled:
        raise BadInput(
            f"after {wanted.patience_ms / 1000:g} s this was not found: ask for a smaller bbox, or "
            "for less in the filter", field="filter",
        ) from None  # fmt: skip
    more, returned = count > wanted.limit, min(count, wanted.limit)
    if wanted.after is None and not more:
        return Page(text or "", returned, None, returned)
    matched = await _counted(connection, _COUNT.format(rows=collection.rows, where=only), values)
    return Page(text or "", returned, last if more else None, matched)


async def _counted(
    connection: psycopg.AsyncConnection[Any], query: str, values: dict[str, Any]
) -> int | None:
    try:
        async with connection.transaction():
            await connection.execute(f"SET LOCAL statement_timeout = {COUNTING_MS}")
            (matched,) = await _one(connection, query, values)
    except psycopg.errors.QueryCanceled:
        return None
    return None if matched > MOST_COUNTED else int(matched)


_FEATURE = """
    SELECT {told}, t.version FROM ({rows}) t, LATERAL (SELECT {columns}, {geom} AS geom) p
    WHERE t.id = %(id)s
"""


async def feature(
    connection: psycopg.AsyncConnection[Any], collection: Collection, number: str, crs: Crs
) -> tuple[str, int]:
    """A feature as a GeoJSON text, and its version.

    Raises:
        NotFound: the collection has none of that id.
    """
    if number.isascii() and number.isdigit() and len(number) <= 18:
        query = _FEATURE.format(
            told=_told(crs, collection), rows=collection.rows, columns=_columns(collection),
            geom=_geom(crs),
        )  # fmt: skip
        values = {**collection.values, "id": int(number)}
        row = await (await connection.execute(query, values)).fetchone()
        if row is not None:
            return row[0], row[1]
    raise NotFound(f"{collection.name} has no feature {number!r:.40}", value=number[:40])


async def _one(
    connection: psycopg.AsyncConnection[Any], query: str, values: dict[str, Any]
) -> tuple[Any, ...]:
    try:
        row = await (await connection.execute(query, values)).fetchone()
    except (psycopg.errors.DataError, psycopg.errors.InternalError) as error:
        raise BadInput(f"the store cannot reckon this: {_said(error)}", field="filter") from None
    assert row is not None
    return tuple(row)


def _said(error: psycopg.Error) -> str:
    return (error.diag.message_primary or "a value is out of range")[:200]
