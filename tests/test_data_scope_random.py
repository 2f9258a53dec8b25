"""2,000 random scopes × random queries: no foreign row, and no row of one's own missing.

What must be seen is told by Python from the owner's view of the rows.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import shapely
import sqlalchemy as sa
from conftest import owning
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from town import draw, found, place, shapes

import data.db
import data.grid
import data.locate
import data.scope
from gis.access import EVERYWHERE, LAST_AREA, NOWHERE, RIGHTS, Right, Role, Scope, Viewer
from gis.errors import NotAllowed

TOWN = "AABBCC/DDEEFF/GGHHII/JJKKLL"
COMMUNITIES = {"ABDE": "420106001001", "CF": "420106001002", "GHJK": "420106002001", "I": "local"}
EXAMPLES = 2000

TABLES: dict[str, tuple[str, set[Right]]] = {
    # table: how the owner finds the area of each row; which rights show it, one suffices
    "dwelling": ("SELECT id, area_no FROM dwelling", {Right.PERSONS, Right.EXPORT}),
    "household": ("SELECT id, area_no FROM household", {Right.PERSONS}),
    "resident": ("SELECT id, area_no FROM resident", {Right.PERSONS}),
    "case_file": ("SELECT id, area_no FROM case_file", {Right.CASES}),
    "sheet_row": ("SELECT id, area_no FROM sheet_row", {Right.EDIT_PERSONS}),
    "decision": (
        "SELECT d.id, r.area_no FROM decision d JOIN resident r ON r.id = resident_id",
        {Right.PERSONS},
    ),
    "resident_change": (
        "SELECT c.id, r.area_no FROM resident_change c JOIN resident r ON r.id = resident_id",
        {Right.PERSONS},
    ),
    "resident_merge": (
        "SELECT m.id, r.area_no FROM resident_merge m JOIN resident r ON r.id = kept_id",
        {Right.PERSONS},
    ),
    "cell_tally": (
        "SELECT cell_id, area_no FROM cell_tally JOIN grid_cell c ON c.id = cell_id",
        {Right.COUNTS},
    ),
}

QUERIES = {
    "all": "SELECT {id} FROM {table}",
    "counted": "SELECT unnest(array_agg({id})) FROM {table}",
    "inside": "SELECT {id} FROM (SELECT * FROM {table} OFFSET 0) inner_one",
    "joined": "SELECT a.{id} FROM {table} a JOIN {table} b ON a.{id} = b.{id}",
    "asked for by number": "SELECT {id} FROM {table} WHERE {id} = ANY(SELECT generate_series(0, 999))",
    "ordered and cut": "SELECT {id} FROM {table} ORDER BY {id} DESC LIMIT 100000",
    "one or the other": "SELECT {id} FROM {table} WHERE {id} % 2 = 0 OR true",
    "by a function": "SELECT {id} FROM {table} WHERE length(a::text) > 0",
    "both halves": "SELECT {id} FROM {table} WHERE {id} % 2 = 0 "
    "UNION ALL SELECT {id} FROM {table} WHERE {id} % 2 = 1",
}
BY_PLACE = (
    "SELECT id FROM {table} WHERE geom && ST_MakeEnvelope(113, 29, 115, 31, 4326) "
    "AND ST_Intersects(geom, ST_MakeEnvelope(113, 29, 115, 31, 4326))"
)
WITH_PLACE = ("dwelling", "case_file")


@dataclass(frozen=True)
class Kept:
    """A store, the area of each row by table, and all areas there are."""

    store: sa.Engine
    rows: dict[str, dict[int, int]]
    areas: list[int]


@pytest.fixture(scope="module")
def kept(cluster: Any, empty_template: str) -> Iterator[Kept]:
    from conftest import _sql, _template

    url = _template(cluster, "random_scopes", empty_template)
    with owning(url) as db:
        _settle(db)
        rows = {
            table: {row[0]: row[1] for row in db.execute(sa.text(query))}
            for table, (query, _) in TABLES.items()
        }
        areas = sorted(db.scalars(sa.text("SELECT area_no FROM grid_cell")))
    assert min(map(len, rows.values())) >= 9
    store = data.db.engine(url.replace("//wangge@", f"//{data.scope.APP_ROLE}@"))
    yield Kept(store, rows, areas)
    store.dispose()
    _sql(cluster, "DROP DATABASE {} WITH (FORCE)", "random_scopes")


def _settle(db: Any) -> None:
    """Twelve cells; homes, people, cases and papers spread over them, some outside of all."""
    drawn = random.Random(7)
    cells = draw(TOWN)
    found(db, cells)
    for letters, community in COMMUNITIES.items():
        db.execute(
            sa.text("UPDATE grid_cell SET division_code = :c WHERE code = ANY(:cells)"),
            {"c": community, "cells": list(letters)},
        )
    west, south, east, north = _bounds(cells)
    spots = {}
    for number in range(60):
        x, y = drawn.uniform(west - 0.01, east + 0.01), drawn.uniform(south, north + 0.01)
        spots[f"n{number}"] = shapely.Point(x, y)
    place(db, "building", spots, name="楼")
    place(db, "case_file", spots, title="积水", state="filed")
    for statement in _PAPERS:
        db.execute(sa.text(statement))
    data.grid.number_areas(db)
    data.locate.refile(db)
    db.execute(
        sa.text(
            "INSERT INTO sheet_row (sheet_id, row, sealed, content, faults, area_no) SELECT s.id, "
            "h.id, '\\x00', '\\x00', '[]', h.area_no FROM sheet s, household h"
        )
    )


def _bounds(cells: Any) -> tuple[float, float, float, float]:
    west, south, east, north = shapely.total_bounds(shapes(cells))
    return float(west), float(south), float(east), float(north)


_PAPERS = (
    "INSERT INTO dwelling (building_id, number, geom) SELECT id, n, geom FROM building, "
    "(VALUES ('101'), ('102')) one (n)",
    "INSERT INTO household (dwelling_id) SELECT id FROM dwelling",
    "INSERT INTO resident (household_id, name_mask, name_index, name_sealed) "
    "SELECT id, '张*', '\\x01', '\\x02' FROM household",
    "INSERT INTO sheet (name, kind, told_at, actor) VALUES ('表', 'residents', now(), 'test')",
    "INSERT INTO decision (kind, resident_id, told_at, reason, shown, sealed, content) "
    "SELECT 'conflict', id, now(), '不同', '{}', '\\x00', '\\x00' FROM resident WHERE id % 2 = 0",
    "INSERT INTO resident_change (resident_id, field, act, actor) "
    "SELECT id, 'phone', 'edit', 'test' FROM resident",
    "INSERT INTO resident_merge (kept_id, merged_id, kept_before, merged_row, actor) "
    "SELECT id, id + 100000, '{}', '{}', 'test' FROM resident WHERE id % 3 = 0",
)


def scopes(areas: list[int]) -> st.SearchStrategy[Scope]:
    """Ranges from cell to cell and beside them, lists inside and across, nothing, everything."""
    edges = st.sampled_from(
        sorted({0, 1, LAST_AREA, *areas, *(a + 1 for a in areas), *(a - 1 for a in areas)})
    )
    some = st.lists(st.sampled_from([0, *areas]), max_size=5).map(tuple)
    ranges = st.tuples(edges, edges).map(sorted)
    told = st.builds(lambda ends, only: Scope(*ends, only), ranges, st.none() | some)
    return told | st.just(EVERYWHERE) | st.just(NOWHERE) | st.builds(Scope, edges, edges)


def _own(scope: Scope, area: int) -> bool:
    return scope.low <= area <= scope.high and (scope.areas is None or area in scope.areas)


def test_no_scope_shows_a_foreign_row_or_hides_an_own_one(kept: Kept) -> None:
    tried = []

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(
        scope=scopes(kept.areas),
        role=st.sampled_from([None, *Role, Role.LEADER, Role.ADMINISTRATOR]),
        table=st.sampled_from(list(TABLES)),
        query=st.sampled_from([*QUERIES, "by place"]),
    )
    def ask(scope: Scope, role: Role | None, table: str, query: str) -> None:
        viewer = Viewer(1, "somebody", "某人", role, scope)
        rights = RIGHTS[role] if role else frozenset()
        sql = BY_PLACE if query == "by place" and table in WITH_PLACE else QUERIES.get(query)
        sql = (sql or QUERIES["all"]).replace("length(a::text)", f"length({table}::text)")
        number = "cell_id" if table == "cell_tally" else "id"
        with data.scope.transaction(kept.store, viewer, keep=False) as db:
            seen = sorted(db.scalars(sa.text(sql.format(table=table, id=number))))
        is_shown = bool(TABLES[table][1] & rights)
        own = sorted(n for n, area in kept.rows[table].items() if is_shown and _own(scope, area))
        assert seen == own
        tried.append(len(own))

    ask()
    assert len(tried) >= EXAMPLES
    assert sum(n > 0 for n in tried) > EXAMPLES / 10


WRITES = {
    "dwelling": ("number = 'x' || id", Right.EDIT_PERSONS),
    "household": ("version = version + 1", Right.EDIT_PERSONS),
    "resident": ("version = version + 1", Right.EDIT_PERSONS),
    "case_file": ("title = 'x'", Right.CASES),
    "sheet_row": ("state = 'dropped'", Right.EDIT_PERSONS),
    "decision": ("state = 'kept'", Right.EDIT_PERSONS),
}


def test_no_scope_lets_a_foreign_row_be_changed(kept: Kept) -> None:
    changed = []

    @settings(max_examples=300, deadline=None, database=None)
    @given(
        scope=scopes(kept.areas),
        role=st.sampled_from(list(Role)),
        table=st.sampled_from(list(WRITES)),
        deleting=st.booleans(),
    )
    def write(scope: Scope, role: Role, table: str, deleting: bool) -> None:
        viewer = Viewer(1, "somebody", "某人", role, scope)
        values, needed = WRITES[table]
        may = needed in RIGHTS[role] and bool(TABLES[table][1] & RIGHTS[role])
        sql = f"UPDATE {table} SET {values} RETURNING id"
        if deleting and table in {"decision", "sheet_row"}:
            sql = f"DELETE FROM {table} RETURNING id"
        with data.scope.transaction(kept.store, viewer, keep=False) as db:
            touched = sorted(db.scalars(sa.text(sql)))
        own = sorted(n for n, area in kept.rows[table].items() if may and _own(scope, area))
        assert touched == own
        changed.append(len(own))

    write()
    assert sum(n > 0 for n in changed) > 20


@pytest.mark.parametrize("table", ["resident", "household", "dwelling", "case_file"])
def test_a_row_is_not_moved_out_of_ones_charge(kept: Kept, table: str) -> None:
    inside = sorted(set(kept.rows[table].values()) - {0})
    viewer = Viewer(1, "x", "x", Role.ADMINISTRATOR, Scope(inside[0], inside[0]))
    moving = sa.text(f"UPDATE {table} SET area_no = :to")
    with (
        pytest.raises(NotAllowed, match="outside what you are in charge of"),
        data.scope.transaction(kept.store, viewer, keep=False) as db,
    ):
        db.execute(moving, {"to": inside[-1]})
