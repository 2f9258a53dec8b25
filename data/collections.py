"""应急清单: people of an area gathered for a purpose and for a time; the end deletes all of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.areas_named
from data.desk_inside import Ground
from data.seal import Seal
from gis.access import Viewer
from gis.coordinates import reach_in_degrees
from gis.desk import MEDICAL, SHELTER_PATTERNS
from gis.errors import NotFound
from gis.terms_community import Called, CollectionKind

MOST_LISTED = 200


@dataclass(frozen=True)
class Begun:
    """What a collection is for, how far volunteers may live, until when."""

    kind: CollectionKind
    purpose: str
    near_m: float
    ends_at: datetime


_BEGIN = """
    INSERT INTO collection (kind, purpose, near_m, ends_at, geom, area_no, area_high, areas,
                            account, actor, made_at)
    VALUES (:kind, :purpose, :near_m, :ends_at, ST_GeomFromWKB(:outline, 4326), :low, :high,
            :areas, :account, :actor, :now)
    RETURNING id
"""
_GATHER = "SELECT gather_entries(:number, :whole, :border)"


def begin(
    db: Session, begun: Begun, ground: Ground, outline: bytes, *, by: Viewer, now: datetime
) -> tuple[int, int]:
    """Begin a collection over a ground and gather who is cared for there: its number, how many."""
    values = {**begun.__dict__, "kind": str(begun.kind), "outline": outline, "now": now}
    values |= data.areas_named.reach(list(ground.cells))
    values |= {"account": by.account, "actor": by.login}
    number = int(db.execute(sa.text(_BEGIN), values).scalar_one())
    asked = {"number": number, "whole": ground.whole, "border": ground.border}
    return number, int(db.scalar(sa.text(_GATHER), asked) or 0)


# Looking

_LASTS = "c.ends_at > now()"  # for the owner of the store too, to whom no row policy says so
_HEAD = """
    SELECT c.id AS number, c.kind, c.purpose, c.near_m, c.actor, c.made_at, c.ends_at,
           n.entries, n.called
    FROM collection c, LATERAL (
        SELECT count(*) AS entries, count(e.state) AS called FROM collection_entry e
        WHERE e.collection_id = c.id) n
    WHERE {only} ORDER BY c.id DESC
"""


def listed(db: Session) -> list[dict[str, Any]]:
    """The collections that last, with how many are on each list and how many were called."""
    return [dict(row) for row in db.execute(sa.text(_HEAD.format(only=_LASTS))).mappings()]


def head(db: Session, number: int) -> dict[str, Any]:
    """One collection as `listed` tells it.

    Raises:
        NotFound: no such collection lasts in the viewer's charge.
    """
    query = sa.text(_HEAD.format(only=f"c.id = :number AND {_LASTS}"))
    row = db.execute(query, {"number": number}).mappings().one_or_none()
    if row is None:
        raise _none(number)
    return dict(row)


def _none(number: int) -> NotFound:
    return NotFound(f"no collection {number} lasts in your charge", value=number)


def shape_of(db: Session, number: int) -> bytes:
    """The shape of a collection, as WKB."""
    query = "SELECT ST_AsBinary(geom) FROM collection WHERE id = :number"
    return bytes(db.execute(sa.text(query), {"number": number}).scalar_one())


_CARE = """
    SELECT category, count(*) AS people FROM collection_entry e, unnest(e.categories) category
    WHERE e.collection_id = :number GROUP BY 1 ORDER BY 2 DESC, 1
"""
_CALLED = """CASE WHEN e.state IS NOT NULL THEN json_build_object(
    'state', e.state, 'words', e.words, 'at', e.told_at, 'by', e.told_by) END AS called"""
_CALL_LIST = f"""
    SELECT e.number, e.name_mask, e.phone_mask, e.address, c.code AS cell, e.categories, e.level,
           {_CALLED}
    FROM collection_entry e LEFT JOIN grid_cell c ON c.id = e.cell_id
    WHERE e.collection_id = :number AND e.number > :after ORDER BY e.number LIMIT :most
"""


def care(db: Session, number: int) -> dict[str, int]:
    """How many are on the list, by category; somebody of two categories counts in both."""
    return {row.category: row.people for row in db.execute(sa.text(_CARE), {"number": number})}


def call_list(db: Session, number: int, *, after: int, most: int) -> list[dict[str, Any]]:
    """Whom to call, masked, the gravest first; from the entry behind `after`."""
    values = {"number": number, "after": after, "most": most}
    return [dict(row) for row in db.execute(sa.text(_CALL_LIST), values).mappings()]


# What helps

_NEAR = "{0}.geom && ST_GeomFromWKB(:near, 4326) " \
        "AND ST_Intersects(ST_GeomFromWKB(:near, 4326), {0}.geom)"  # fmt: skip
_PLACES = f"""
    SELECT f.code, f.name, f.category, f.address, f.phone, ST_X(f.geom) AS lon, ST_Y(f.geom) AS lat
    FROM facility f WHERE {_NEAR.format("f")} AND {{only}}
      AND (f.valid_from IS NULL OR f.valid_from <= current_date)
      AND (f.valid_to IS NULL OR f.valid_to > current_date)
    ORDER BY f.name, f.id LIMIT {MOST_LISTED}
"""
_MEDICAL = _PLACES.format(only="f.category = ANY (:categories)")
_SHELTERS = _PLACES.format(only="f.name ILIKE ANY (:patterns)")
_VOLUNTEERS = f"""
    SELECT m.id AS member, m.name_mask, m.phone_mask, m.skills, u.name AS unit,
           c.code AS cell, c.name AS cell_name
    FROM member m JOIN network_unit u ON u.id = m.unit_id LEFT JOIN grid_cell c ON c.id = m.cell_id
    WHERE {_NEAR.format("m")} OR m.cell_id = ANY (:cells)
    ORDER BY c.code COLLATE "C", m.id LIMIT {MOST_LISTED}
"""
_ALONE = """
    SELECT c.code, c.name FROM grid_cell c
    WHERE c.id = ANY (:cells) AND NOT EXISTS (SELECT FROM member m WHERE m.cell_id = c.id)
      AND NOT EXISTS (
        SELECT FROM member m WHERE m.geom && ST_Expand(c.geom, :reach_lon, :reach_lat)
          AND ST_DWithin(c.geom::geography, m.geom::geography, :near_m))
    ORDER BY c.code COLLATE "C"
"""
_HELP = {
    "medical": _MEDICAL,
    "shelters": _SHELTERS,
    "volunteers": _VOLUNTEERS,
    "cells_without_volunteer": _ALONE,
}


def help_near(
    db: Session, ground: Ground, near: bytes, *, near_m: float, lat: float
) -> dict[str, list[dict[str, Any]]]:
    """Medical places, shelters and volunteers inside or near, and cells that have no volunteer.

    `near` is the shape grown by `near_m`, as WKB; `lat` a latitude of it.
    """
    reach = reach_in_degrees(lat, near_m)
    values = {
        "near": near,
        "near_m": near_m,
        "reach_lon": reach[0],
        "reach_lat": reach[1],
        "cells": [cell.id for cell in ground.cells],
        "categories": [str(one) for one in MEDICAL],
        "patterns": SHELTER_PATTERNS,
    }
    return {
        what: [dict(row) for row in db.execute(sa.text(query), values).mappings()]
        for what, query in _HELP.items()
    }


# Calling

_ENTRY = f"""
    SELECT e.resident_id, e.name_sealed, e.phone_sealed, {_CALLED}
    FROM collection_entry e WHERE e.collection_id = :number AND e.number = :entry
"""
_TELL = """
    UPDATE collection_entry SET state = :state, words = :words, told_at = :now, told_by = :actor
    WHERE collection_id = :number AND number = :entry RETURNING number
"""


def opened(
    db: Session, number: int, entry: int, *, seal: Seal
) -> tuple[int, dict[str, str | None], dict[str, Any] | None]:
    """Of one entry the resident's number, name and phone in clear, and what came of calling.

    Raises:
        NotFound: no such entry is in the viewer's charge.
    """
    asked = {"number": number, "entry": entry}
    row = db.execute(sa.text(_ENTRY), asked).mappings().one_or_none()
    if row is None:
        raise _no_entry(number, entry)
    clear = {
        field: seal.open(field, row[f"{field}_sealed"] and bytes(row[f"{field}_sealed"]))
        for field in ("name", "phone")
    }
    return row["resident_id"], clear, row["called"]


def tell(
    db: Session, number: int, entry: int, state: Called, words: str, *, by: Viewer, now: datetime
) -> None:
    """Keep what came of calling somebody.

    Raises:
        NotFound: no such entry is in the viewer's charge.
    """
    values = {"number": number, "entry": entry, "state": str(state), "words": words or None}
    if db.scalar(sa.text(_TELL), {**values, "now": now, "actor": by.login}) is None:
        raise _no_entry(number, entry)


def _no_entry(number: int, entry: int) -> NotFound:
    return NotFound(f"no entry {entry} of a collection {number} is in your charge", value=entry)


# The end

_END = """
    WITH gone AS (SELECT c.id, c.kind, c.purpose, c.made_at, c.ends_at,
        (SELECT count(*) FROM collection_entry e WHERE e.collection_id = c.id) AS entries,
        (SELECT count(e.state) FROM collection_entry e WHERE e.collection_id = c.id) AS called
        FROM collection c WHERE {only}),
    deleted AS (DELETE FROM collection c USING gone WHERE c.id = gone.id RETURNING c.id)
    SELECT gone.* FROM gone JOIN deleted USING (id) ORDER BY id
"""


def end(db: Session, number: int) -> dict[str, Any]:
    """Delete a collection with all its entries; return what it was, in numbers.

    Raises:
        NotFound: no such collection lasts in the viewer's charge.
    """
    query = sa.text(_END.format(only="c.id = :number"))
    row = db.execute(query, {"number": number}).mappings().one_or_none()
    if row is None:
        raise _none(number)
    return dict(row)


def end_due(db: Session, *, now: datetime) -> list[dict[str, Any]]:
    """Delete all collections that are over; for the owner of the store."""
    query = sa.text(_END.format(only="c.ends_at <= :now"))
    return [dict(row) for row in db.execute(query, {"now": now}).mappings()]
