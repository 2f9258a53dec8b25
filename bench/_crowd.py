"""A city of a million, made inside the store: every cell full of homes, people and cases.

Streets of twenty communities of twenty cells in a chess-board, one household in each dwelling and
one resident in each household; what would be sealed is noise. Set-based, the same every time.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.bulk
import data.db
import data.grid

WEST, SOUTH, SIDE_DEG = 111.0, 30.0, 0.004
ACROSS = 40
"""Cells from west to east; their side is 0.004°, some 400 m."""
CELLS_PER_COMMUNITY, COMMUNITIES_PER_STREET = 20, 20
HOMES_PER_BUILDING = 20
_TABLES = ("building", "dwelling", "household", "resident", "case_file")

_CELLS = f"""
    INSERT INTO grid_plan (name, state, valid_from) VALUES ('bench', 'published', '2020-01-01');
    INSERT INTO grid_cell (plan_id, code, name, division_code, geom)
    SELECT p.id, community || lpad(place::text, 5, '0'), 'cell ' || i, community,
           ST_Multi(ST_MakeEnvelope(west, south, west + {SIDE_DEG}, south + {SIDE_DEG}, 4326))
    FROM grid_plan p, generate_series(0, %(cells)s - 1) i,
    LATERAL (SELECT i / {CELLS_PER_COMMUNITY} AS c) n,
    LATERAL (SELECT '990101' || lpad((1 + c / {COMMUNITIES_PER_STREET})::text, 3, '0')
                    || lpad((1 + c % {COMMUNITIES_PER_STREET})::text, 3, '0') AS community,
                    i % {CELLS_PER_COMMUNITY} AS place,
                    {WEST} + {SIDE_DEG} * (i % {ACROSS}) AS west,
                    {SOUTH} + {SIDE_DEG} * (i / {ACROSS}) AS south) at
"""
_NUMBERED = """
    CREATE TEMP TABLE ground ON COMMIT DROP AS
    SELECT id, area_no, ST_XMin(geom) AS west, ST_YMin(geom) AS south,
           row_number() OVER (ORDER BY area_no) - 1 AS i FROM grid_cell;
    ANALYZE ground
"""
_ROWS = f"""
    INSERT INTO building (code, address, geom, cell_id)
    SELECT 'B' || b, 'road ' || b, {{spot}}, g.id
    FROM generate_series(0, %(homes)s / {HOMES_PER_BUILDING} - 1) b
    JOIN ground g ON g.i = b / (%(per_cell)s / {HOMES_PER_BUILDING}) ORDER BY b;

    INSERT INTO dwelling (building_id, number, geom, cell_id, area_no)
    SELECT b.id, n::text, b.geom, b.cell_id, g.area_no
    FROM building b JOIN ground g ON g.id = b.cell_id, generate_series(1, {HOMES_PER_BUILDING}) n
    ORDER BY b.id, n;

    INSERT INTO household (dwelling_id, area_no) SELECT id, area_no FROM dwelling ORDER BY id;

    INSERT INTO resident (household_id, area_no, name_mask, name_index, name_sealed, id_mask,
                          id_index, id_sealed, phone_mask, phone_index, phone_sealed, sex,
                          birth_date, relation)
    SELECT id, area_no, '张**', uuid_send(md5('n' || id % 50000)::uuid), noise || '\\x01',
           '9901************12', uuid_send(md5('i' || id)::uuid), noise || '\\x02',
           '154****' || lpad((id % 10000)::text, 4, '0'), uuid_send(md5('p' || id)::uuid),
           noise || '\\x03', 'female', '1950-01-01'::date + (id % 20000)::int, '户主'
    FROM household, LATERAL (SELECT sha256(int8send(id)) AS noise) sealed ORDER BY id;

    INSERT INTO case_file (code, title, geom, cell_id, area_no, reported_at)
    SELECT 'C' || b, '暴露垃圾', {{spot}}, g.id, g.area_no, '2026-01-01'
    FROM generate_series(0, %(homes)s - 1) b JOIN ground g ON g.i = b / %(per_cell)s ORDER BY b
"""
# somewhere in the cell, seemingly anywhere: two remainders of large primes
_SPOT = f"""ST_SetSRID(ST_MakePoint(
    g.west + {SIDE_DEG} * (b::bigint * 7919 %% 10007) / 10007.0,
    g.south + {SIDE_DEG} * (b::bigint * 104729 %% 10009) / 10009.0), 4326)"""


def settle(store: sa.Engine, *, residents: int = 1_000_000, cells: int = 2_000) -> None:
    """Fill an empty store with that many residents in that many cells, indexed and analysed."""
    with data.db.transaction(store) as db:
        _fill(db, residents, cells)
    with store.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text(f"VACUUM ANALYZE grid_cell, {', '.join(_TABLES)}"))


def _fill(db: Session, residents: int, cells: int) -> None:
    with data.db.cursor(db) as cursor:
        cursor.execute(_CELLS.replace("%(cells)s", str(cells)))
        data.grid.number_areas(db)
        cursor.execute(_NUMBERED)
        aside = data.bulk.set_aside(cursor, _TABLES)
        rows = _ROWS.format(spot=_SPOT.replace("%%", "%"))
        rows = rows.replace("%(homes)s", str(residents))
        cursor.execute(rows.replace("%(per_cell)s", str(residents // cells)))
        data.bulk.restore(cursor, aside)


def box(cells_wide: float, cells_high: float, west: float = 3.3, south: float = 2.7) -> str:
    """An envelope of that many cells' sides, `west` and `south` cells from the corner, as SQL."""
    x, y = WEST + west * SIDE_DEG, SOUTH + south * SIDE_DEG
    far_x, far_y = x + cells_wide * SIDE_DEG, y + cells_high * SIDE_DEG
    return f"ST_MakeEnvelope({x:.7f}, {y:.7f}, {far_x:.7f}, {far_y:.7f}, 4326)"
