"""社区云 as everybody reads it: what a place has to say. Nobody's data; a page in one statement.

A row belongs to a division; whoever stands somewhere reads the rows of the divisions around him
and those of the whole town.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import psycopg
from psycopg.rows import dict_row

import gis.pinyin
from data.locate import IN_FORCE
from gis.errors import NotFound
from gis.terms import DayKind, PostRole, UnitKind

Connection = psycopg.AsyncConnection[Any]
MOST = 100
_ROLES = [str(role) for role in PostRole]
_OFFICES = [
    str(kind)
    for kind in (UnitKind.RESIDENT_COMMITTEE, UnitKind.STREET_OFFICE, UnitKind.PARTY_GROUP)
]


@dataclass(frozen=True)
class Here:
    """From where somebody asks: a point (WGS-84), or the code of a cell or of a division.

    None of them is the whole town.
    """

    lon: float | None = None
    lat: float | None = None
    cell: str | None = None
    division: str | None = None


_POINT = "ST_SetSRID(ST_MakePoint(%(lon)s::float8, %(lat)s::float8), 4326)"
_HERE = f"""
    cell AS (
        SELECT * FROM (
            SELECT id, code, name, division_code, geom FROM grid_cell
            WHERE {IN_FORCE} AND code = %(cell)s::text
            UNION ALL SELECT id, code, name, division_code, geom FROM grid_cell
            WHERE {IN_FORCE} AND geom && {_POINT} AND ST_Intersects(geom, {_POINT})
        ) either ORDER BY code COLLATE "C" LIMIT 1
    ),
    line AS (
        SELECT leaf, division_line(leaf) AS codes
        FROM coalesce((SELECT division_code FROM cell), %(division)s::text) AS leaf
    )
"""


def _of_here(row: str) -> str:
    """Whether a row is for this place, as SQL."""
    return f"""({row}.division_code IS NULL
        OR {row}.division_code = ANY ((SELECT codes FROM line)::text[]))"""


_DIVISION = """(SELECT name FROM division d WHERE d.code = {0}.division_code
                AND d.valid_to IS NULL LIMIT 1) AS division"""
_NOTICES = f"""
    SELECT n.id, n.title, n.body, n.from_at, n.until_at, n.division_code, {_DIVISION.format("n")}
    FROM notice n
    WHERE n.audience = 'public' AND n.taken_back_at IS NULL AND n.from_at <= now()
      AND {_of_here("n")} AND (n.cells IS NULL OR (SELECT code FROM cell) = ANY (n.cells))
"""
_IN_TIME = "(n.until_at IS NULL OR n.until_at > now()) ORDER BY n.from_at DESC, n.id DESC"
_STATE = """CASE WHEN now() < p.opens_at THEN 'coming'
                 WHEN now() < p.closes_at THEN 'open' ELSE 'closed' END"""
_POLLS = f"""
    SELECT p.id, p.title, p.body, p.poll_of, p.options, p.opens_at, p.closes_at, {_STATE} AS state,
           p.division_code, {_DIVISION.format("p")},
           CASE WHEN p.closes_at <= now() THEN coalesce(
               (SELECT json_object_agg(choice, votes) FROM poll_result(ARRAY[p.id])), '{{}}')
           END AS votes
    FROM poll p WHERE p.taken_back_at IS NULL AND {_of_here("p")}
      AND p.closes_at > now() - interval '1 year'
    ORDER BY array_position(ARRAY['open', 'coming', 'closed'], {_STATE}), p.closes_at DESC, p.id
    LIMIT %(limit)s
"""
_MEETINGS = f"""
    SELECT m.id, m.kind, m.title, m.body, m.place, m.at, m.division_code, {_DIVISION.format("m")},
           coalesce((SELECT json_agg(json_build_object('id', c.id, 'words', c.words, 'who', c.who,
                        'due_on', c.due_on, 'state', c.state, 'outcome', c.outcome) ORDER BY c.id)
                     FROM council_decision c
                     WHERE c.council_id = m.id AND c.taken_back_at IS NULL), '[]') AS decisions
    FROM council m WHERE m.taken_back_at IS NULL AND {_of_here("m")}
    ORDER BY m.at DESC, m.id DESC LIMIT %(limit)s
"""
_GUIDES = f"""
    SELECT g.id, g.kind, g.title, g.initials, g.place, g.hours, g.phone, g.division_code
    FROM guide g WHERE g.taken_back_at IS NULL AND {_of_here("g")} ORDER BY g.title, g.id
"""
_OFFICE = """
    SELECT p.role, w.name, w.phone FROM post p JOIN worker w ON w.id = p.worker_id
    WHERE p.cell_id = (SELECT id FROM cell) AND p.valid_from <= current_date
      AND (p.valid_to IS NULL OR p.valid_to > current_date)
    ORDER BY array_position(%(roles)s::text[], p.role), w.name
"""
_ADVISERS = f"""
    SELECT u.code, u.name, u.kind, u.phone, u.division_code, {_DIVISION.format("u")}
    FROM network_unit u
    WHERE u.kind = ANY (%(offices)s) AND u.division_code = ANY ((SELECT codes FROM line)::text[])
    ORDER BY length(rtrim(u.division_code, '0')) DESC, array_position(%(offices)s, u.kind), u.code
"""


def _rows(query: str) -> str:
    return f"(SELECT coalesce(json_agg(one), '[]') FROM ({query}) one)"


_HOME = f"""
    WITH {_HERE}
    SELECT (SELECT json_build_object('code', code, 'name', name) FROM cell) AS cell,
           (SELECT json_build_object('code', d.code, 'name', d.name, 'level', d.level)
            FROM division d, line WHERE d.code = leaf AND d.valid_to IS NULL LIMIT 1)
               AS division,
           {_rows(_OFFICE)} AS office,
           {_rows(_ADVISERS)} AS advisers,
           {_rows(_NOTICES + f" AND {_IN_TIME} LIMIT 10")} AS notices,
           {_rows(_GUIDES)} AS guides,
           {_rows(_POLLS)} AS polls,
           {_rows(_MEETINGS)} AS meetings,
           (SELECT json_build_object('households', s.households, 'residents', s.residents,
                       'facilities', s.facilities)
            FROM cell_shown s WHERE s.cell_id = (SELECT id FROM cell)) AS counts
"""


async def _ask(connection: Connection, query: str, **values: Any) -> list[dict[str, Any]]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(query, values)
        return await cursor.fetchall()


def _asked(here: Here, limit: int = MOST) -> dict[str, Any]:
    return {**asdict(here), "limit": limit, "roles": _ROLES, "offices": _OFFICES}


async def home(connection: Connection, here: Here) -> dict[str, Any]:
    """All that the home page of a place opens with.

    Raises:
        NotFound: no cell in force or no division has that code.
    """
    found = (await _ask(connection, _HOME, **_asked(here, limit=5)))[0]
    for field, told in (("cell", here.cell), ("division", here.cell or here.division)):
        if told and found[field] is None:
            raise NotFound(f"there is no {field} {told!r}", field=field, value=told)
    return found


async def notices(
    connection: Connection, here: Here, *, past: bool, limit: int
) -> list[dict[str, Any]]:
    """Notices to residents of a place, the newest first; with `past` also those that are over."""
    rest = "true ORDER BY n.from_at DESC, n.id DESC" if past else _IN_TIME
    query = f"WITH {_HERE} {_NOTICES} AND {rest} LIMIT %(limit)s"
    return await _ask(connection, query, **_asked(here, limit))


async def polls(connection: Connection, here: Here, *, limit: int = MOST) -> list[dict[str, Any]]:
    """Polls of a place of the last year: open, coming, closed; `votes` by choice when closed."""
    return await _ask(connection, f"WITH {_HERE} {_POLLS}", **_asked(here, limit))


async def meetings(
    connection: Connection, here: Here, *, limit: int = MOST
) -> list[dict[str, Any]]:
    """Meetings of a place with what was decided and what became of it, the newest first."""
    return await _ask(connection, f"WITH {_HERE} {_MEETINGS}", **_asked(here, limit))


async def advisers(connection: Connection, here: Here) -> list[dict[str, Any]]:
    """Offices of a place that may be consulted, with their telephones; the nearest first."""
    return await _ask(connection, f"WITH {_HERE} {_ADVISERS}", **_asked(here))


async def guides(
    connection: Connection, here: Here, *, kind: str | None = None
) -> list[dict[str, Any]]:
    """All guides of a place; `words` is all that one says, to search in."""
    query = f"""
        WITH {_HERE}
        SELECT g.id, g.kind, g.title, g.initials, g.place, g.hours, g.phone, g.division_code,
               concat_ws(' ', g.title, g.body, g.place, array_to_string(g.materials, ' ')) AS words
        FROM guide g WHERE g.taken_back_at IS NULL AND {_of_here("g")}
          AND (%(kind)s::text IS NULL OR g.kind = %(kind)s)
        ORDER BY g.title, g.id
    """
    return await _ask(connection, query, **_asked(here), kind=kind)


async def guide(connection: Connection, number: int) -> dict[str, Any]:
    """One guide, with all that it says.

    Raises:
        NotFound: there is none with that number.
    """
    query = f"""
        SELECT g.id, g.version, g.kind, g.title, g.body, g.materials, g.place, g.hours, g.phone,
               g.division_code, {_DIVISION.format("g")}, g.changed_at
        FROM guide g WHERE g.id = %(number)s AND g.taken_back_at IS NULL
    """
    found = await _ask(connection, query, number=number)
    if not found:
        raise NotFound(f"there is no guide {number}", value=number)
    return found[0]


_ORIGIN = f"""
    SELECT coalesce({_POINT}, (SELECT ST_PointOnSurface(geom) FROM cell),
        (SELECT ST_SetSRID(ST_Centroid(ST_Extent(geom)), 4326) FROM grid_cell
         WHERE {IN_FORCE} AND division_code IN (SELECT code FROM below))) AS geom
"""
_FACILITIES = f"""
    WITH RECURSIVE {_HERE}, below AS (
        SELECT %(division)s::text AS code
        UNION SELECT d.code FROM division d JOIN below b ON d.parent_code = b.code
    ),
    origin AS MATERIALIZED ({_ORIGIN}),
    near AS (
        SELECT f.* FROM facility f
        WHERE f.geom IS NOT NULL AND f.kind = %(kind)s
          AND (f.valid_from IS NULL OR f.valid_from <= current_date)
          AND (f.valid_to IS NULL OR f.valid_to > current_date)
          AND (%(category)s::text IS NULL OR f.category = %(category)s)
          AND (%(q)s::text IS NULL OR strpos(lower(concat(f.name, ' ', f.address)), %(q)s) > 0
               OR f.name ~ %(letters)s)
        ORDER BY f.geom <-> (SELECT geom FROM origin) LIMIT 3 * %(limit)s
    )
    SELECT f.code, f.name, f.kind, f.category, f.address, f.phone, f.hours,
           ST_X(f.geom) AS lon, ST_Y(f.geom) AS lat,
           round(ST_Distance(f.geom::geography, o.geom::geography))::int AS distance_m,
           (SELECT c.code FROM grid_cell c WHERE c.id = f.cell_id) AS cell
    FROM near f, origin o ORDER BY distance_m, f.code COLLATE "C" LIMIT %(limit)s
"""
"""Degrees order nearly as metres do: of three times as many the nearest are chosen by metres."""


async def facilities(
    connection: Connection,
    here: Here,
    *,
    kind: str,
    category: str | None,
    q: str | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Facilities around a place, the nearest first, with their distance in metres.

    `q` is in small letters; it is looked for in names also as initials of their pinyin.
    """
    letters = gis.pinyin.pattern(q) if q else None
    asked = {"kind": kind, "category": category, "q": q, "letters": letters}
    return await _ask(connection, _FACILITIES, **_asked(here, limit), **asked)


async def days(connection: Connection) -> dict[date, DayKind]:
    """Which of yesterday, today and tomorrow the calendar takes out of their week."""
    query = """SELECT day, kind FROM calendar_day
               WHERE day BETWEEN current_date - 1 AND current_date + 1"""
    return {row["day"]: DayKind(row["kind"]) for row in await _ask(connection, query)}
