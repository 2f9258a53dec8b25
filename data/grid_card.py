"""What the map says about cells in words: the card of one, the search for some, the overview.

Counts and posts only; nothing here reads a resident. A number that is hidden from the viewer is
null, and `hidden` names it. A post's phone is the work phone.
"""

from __future__ import annotations

from typing import Any

import psycopg

import data.plan_cells
import gis.pinyin
from data.tiles import (
    HOUSEHOLDS,
    IN_PLAN,
    LOAD,
    PLAN_ID,
    TALLIES,
    hidden_of,
    is_hidden,
    known,
    workers,
)
from gis.errors import NotFound
from gis.terms import ENDED_STATES, PostRole

_ROLES = [str(role) for role in PostRole]
_ENDED = [str(state) for state in ENDED_STATES]
_MOST_FOUND = 20
_MOST_SPELLED = 4
"""So many words are looked for as initials too: each is a long pattern to compile."""

_BBOX = "ARRAY[ST_XMin({0}), ST_YMin({0}), ST_XMax({0}), ST_YMax({0})]"

_CARD = f"""
    WITH {workers("c.code = %(code)s")},
    cell AS (
        SELECT c.*, {HOUSEHOLDS} AS households, {LOAD} AS load,
               coalesce({known("buildings")}, 0) AS buildings,
               coalesce({known("facilities")}, 0) AS facilities,
               {known("dwellings")} AS dwellings, {known("residents")} AS residents,
               {known("open_cases")} AS open_cases,
               {hidden_of("dwellings", "households", "residents", "open_cases")} AS hidden
        FROM grid_cell c {TALLIES}
                         LEFT JOIN workers w ON w.cell_id = c.id
        WHERE {IN_PLAN} AND c.code = %(code)s
    )
    SELECT c.id, c.code, c.name, c.kind,
           c.division_code AS community_code, v.name AS community_name,
           v.parent_code AS street_code, s.name AS street_name,
           round(c.area_m2)::bigint AS area_m2, c.households_declared,
           c.buildings, c.dwellings, c.households, c.residents, c.facilities, c.open_cases, c.load,
           c.hidden,
           {_BBOX.format("c.geom")} AS bbox,
           (SELECT json_object_agg(category, n) FROM
               (SELECT category, count(*) AS n FROM facility WHERE cell_id = c.id
                GROUP BY category ORDER BY n DESC, category) f) AS facilities_by_category,
           (SELECT json_object_agg(state, n) FROM
               (SELECT state, count(*) AS n FROM case_file
                WHERE cell_id = c.id AND state <> ALL(%(ended)s)
                GROUP BY state ORDER BY n DESC, state) o) AS open_cases_by_state,
           (SELECT json_agg(json_build_object('role', p.role, 'name', w.name, 'phone', w.phone)
                            ORDER BY array_position(%(roles)s::text[], p.role), w.name)
            FROM post p JOIN worker w ON w.id = p.worker_id
            WHERE p.cell_id = c.id AND p.valid_from <= current_date
              AND (p.valid_to IS NULL OR p.valid_to > current_date)) AS posts
    FROM cell c
    LEFT JOIN division v ON v.code = c.division_code AND v.valid_to IS NULL
    LEFT JOIN division s ON s.code = v.parent_code AND s.valid_to IS NULL
"""

_SEARCH = f"""
    SELECT c.code, c.name, c.community, {_BBOX.format("c.geom")} AS bbox
    FROM (SELECT c.code, c.name, v.name AS community, c.geom,
                 lower(concat(c.code, ' ', c.name, ' ', s.name, v.name, c.name)) AS told
          FROM grid_cell c LEFT JOIN division v ON v.code = c.division_code AND v.valid_to IS NULL
                           LEFT JOIN division s ON s.code = v.parent_code AND s.valid_to IS NULL
          WHERE {IN_PLAN} OFFSET 0) c
    WHERE {{holds}}
    ORDER BY NOT (lower(c.code) = %(q)s OR lower(c.name) = %(q)s),
             NOT (starts_with(lower(c.code), %(q)s) OR starts_with(lower(c.name), %(q)s)),
             c.code COLLATE "C"
    LIMIT {_MOST_FOUND}
"""

_DIVISIONS = f"""
    SELECT v.code, v.name, v.level, v.parent, {_BBOX.format("v.geom")} AS bbox
    FROM (SELECT v.code, v.name, v.level, p.name AS parent, v.geom,
                 lower(concat(v.code, ' ', v.name, ' ', p.name, v.name)) AS told
          FROM division v LEFT JOIN division p ON p.code = v.parent_code AND p.valid_to IS NULL
          WHERE v.valid_from <= current_date
            AND (v.valid_to IS NULL OR v.valid_to > current_date) OFFSET 0) v
    WHERE {{holds}}
    ORDER BY NOT (lower(v.code) = %(q)s OR lower(v.name) = %(q)s),
             NOT (starts_with(lower(v.code), %(q)s) OR starts_with(lower(v.name), %(q)s)),
             v.code COLLATE "C"
    LIMIT {_MOST_FOUND}
"""


def _overview(*, counted: bool) -> str:
    """The town at a glance; `counted`: with the workers of cells as they were counted before."""
    before = "" if counted else f"{workers()},"
    return _OVERVIEW.format(before=before, workers="cell_workers" if counted else "workers")


_OVERVIEW = f"""
    WITH {{before}}
    cell AS (
        SELECT c.geom, {HOUSEHOLDS} AS households, {LOAD} AS load,
               {known("open_cases")} AS open_cases, {known("residents")} AS residents,
               {known("buildings")} AS buildings, {known("facilities")} AS facilities,
               {is_hidden("households")} AS no_households, {is_hidden("residents")} AS no_residents,
               {is_hidden("open_cases")} AS no_open_cases
        FROM grid_cell c {TALLIES}
                         LEFT JOIN {{workers}} w ON w.cell_id = c.id
        WHERE {IN_PLAN}
    ),
    ground AS (SELECT ST_Extent(geom)::geometry AS box FROM cell)
    SELECT (SELECT name FROM grid_plan WHERE id = {PLAN_ID}) AS plan,
           (SELECT CASE WHEN box IS NULL THEN NULL ELSE {_BBOX.format("box")} END
            FROM ground) AS bbox,
           count(*) AS cells, coalesce(sum(households), 0) AS households,
           coalesce(sum(residents), 0) AS residents, coalesce(sum(buildings), 0) AS buildings,
           coalesce(sum(facilities), 0) AS facilities, coalesce(sum(open_cases), 0) AS open_cases,
           count(*) FILTER (WHERE no_households) AS hidden_households,
           count(*) FILTER (WHERE no_residents) AS hidden_residents,
           count(*) FILTER (WHERE no_open_cases) AS hidden_open_cases,
           count(*) FILTER (WHERE load IS NULL AND NOT no_households) AS cells_without_worker,
           count(*) FILTER (WHERE households IS NULL AND NOT no_households)
               AS cells_without_households,
           percentile_disc(%(shares)s::float8[])
               WITHIN GROUP (ORDER BY households) AS by_households,
           percentile_disc(%(shares)s::float8[])
               WITHIN GROUP (ORDER BY load) AS by_load,
           percentile_disc(%(shares)s::float8[]) WITHIN GROUP (ORDER BY open_cases)
               FILTER (WHERE open_cases > 0) AS by_open_cases,
           max(households) AS most_households, max(load) AS most_load,
           max(open_cases) AS most_open_cases
    FROM cell
"""
_SHARES = [0.2, 0.4, 0.6, 0.8]
COLOURED_BY = ("households", "load", "open_cases")
COUNTED_BEHIND = ("households", "residents", "open_cases")


async def _one(
    connection: psycopg.AsyncConnection[Any], sql: str, values: dict[str, Any]
) -> dict[str, Any] | None:
    cursor = await connection.execute(sql, values, prepare=True)
    row = await cursor.fetchone()
    names = [column.name for column in cursor.description or ()]
    return dict(zip(names, row, strict=True)) if row else None


async def card(
    connection: psycopg.AsyncConnection[Any], code: str, plan: str | None = None
) -> dict[str, Any]:
    """Return what the map says about the cell `code`, as plain values.

    Raises:
        NotFound: no cell in force has that code.
    """
    values = {"code": code, "plan": plan, "day": None, "roles": _ROLES, "ended": _ENDED}
    found = await _one(connection, _CARD, values)
    if found is None:
        raise NotFound(f"no cell in force has the code {code!r}", field="code", value=code)
    return found


async def search(
    connection: psycopg.AsyncConnection[Any], text: str, plan: str | None = None
) -> list[dict[str, Any]]:
    """Find at most 20 cells of which code, name, community or street hold every word of `text`.

    A word of letters is also looked for as initials of their pinyin. Whole codes and names come
    first, then beginnings, then the rest.
    """
    holds, values = _asked(text)
    values |= {"plan": plan, "day": None}
    sql = data.plan_cells.fitting(_SEARCH, values)
    cursor = await connection.execute(sql.format(holds=holds), values, prepare=True)
    return [
        {"code": code, "name": name, "community": community, "bbox": bbox}
        for code, name, community, bbox in await cursor.fetchall()
    ]


def _asked(text: str) -> tuple[str, dict[str, Any]]:
    """Write that `told` holds every word, and bind it: one condition a word is three times as fast
    as one over an array of them."""
    asked = text.strip().lower()
    holds, values = ["TRUE"], {"q": asked}
    for at, word in enumerate(asked.split()):
        values[f"word_{at}"] = word
        one = f"strpos(told, %(word_{at})s) > 0"
        letters = gis.pinyin.pattern(word) if at < _MOST_SPELLED else None
        if letters is not None:
            values[f"letters_{at}"] = letters
            one = f"({one} OR told ~ %(letters_{at})s)"
        holds.append(one)
    return " AND ".join(holds), values


async def divisions(connection: psycopg.AsyncConnection[Any], text: str) -> list[dict[str, Any]]:
    """Find at most 20 divisions of which code, name or that of the one above hold every word."""
    holds, values = _asked(text)
    cursor = await connection.execute(_DIVISIONS.format(holds=holds), values, prepare=True)
    return [
        {"code": code, "name": name, "level": level, "parent": parent, "bbox": bbox}
        for code, name, level, parent, bbox in await cursor.fetchall()
    ]


async def overview(
    connection: psycopg.AsyncConnection[Any], plan: str | None = None, *, counted: bool = False
) -> dict[str, Any]:
    """Return the plan's name, its box, the totals and the class breaks for colouring.

    The totals are of what the viewer may know; `hidden` counts the cells they leave out.
    `counted`: the workers of cells, as they were counted, are those of the ground as it is.
    """
    values = {"plan": plan, "day": None, "shares": _SHARES}
    question = data.plan_cells.fitting(_overview(counted=counted), values)
    found = await _one(connection, question, values)
    assert found is not None
    return {
        "plan": found["plan"],
        "bbox": found["bbox"],
        "totals": {
            name: int(found[name])
            for name in (
                *("cells", "households", "residents", "buildings", "facilities"),
                *("open_cases", "cells_without_worker", "cells_without_households"),
            )
        },
        "hidden": {name: found[f"hidden_{name}"] for name in COUNTED_BEHIND},
        "breaks": {
            name: breaks(found[f"by_{name}"] or [], found[f"most_{name}"]) for name in COLOURED_BY
        },
    }


def breaks(quantiles: list[int | None], most: int | None) -> list[int]:
    """Round quantiles to breaks a person can read: rising, distinct, below the greatest value.

    A cell is in the first class whose break it does not exceed, or in the last.
    """
    known = [int(value) for value in quantiles if value is not None]
    step = 10 if known and known[-1] - known[0] >= 80 else 1
    rounded = {round(value / step) * step for value in known}
    return sorted(value for value in rounded if most is not None and 0 < value < most)
