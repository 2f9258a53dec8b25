"""What it costs that nobody sees who is not in his charge: protected queries beside unprotected.

The store: a million homes, households, residents and cases in 2,000 cells. The same question is
asked in turn by a leader, as the role that cannot pass by the row policies, and by the owner of
the tables, whose query says itself what the leader's scope is. Each time is that of the whole
transaction, entering the scope included; the figures are ratios of medians, of the slowest scope.

- area: dwellings and residents of a viewport, joined, as JSON
- list: the first 50 residents of a cell with their homes, in the order of their doors
- tile: the cases of a vector tile, by the map's own SQL
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

import bench._crowd
import data.db
import data.scope
import data.tiles
from bench._side_by_side import cluster, database, last_line, table, timed
from gis.access import EVERYWHERE, Role, Scope, Viewer, operator

ASKED_MOST = 1.5
OWNER = operator("bench")
_PERSON = "r.id, r.name_mask, r.id_mask, r.phone_mask, r.sex, r.relation"
_HOMES = """FROM dwelling d JOIN household h ON h.dwelling_id = d.id
                            JOIN resident r ON r.household_id = h.id"""
AREA = f"""
    SELECT json_agg(found)::text FROM (
        SELECT d.number, h.number AS household, ST_X(d.geom) AS lon, ST_Y(d.geom) AS lat, {_PERSON}
        {_HOMES} WHERE d.geom && {bench._crowd.box(1.5, 1.2)} AND {{scope}}) found
"""
LIST = f"""
    SELECT d.number, h.number, {_PERSON} {_HOMES}
    WHERE d.cell_id = (SELECT id FROM grid_cell WHERE code = '99010100100100003') AND {{scope}}
    ORDER BY d.building_id, d.number, h.number, r.id LIMIT 50
"""
TILE = data.tiles.RECIPES["cases"][1].sql.replace("WHERE", "WHERE {scope} AND", 1)
TILE_VALUES = data.tiles._values(data.tiles.Ask(("cases",), 15, 26488, 13532))
QUESTIONS: dict[str, tuple[str, str, Any]] = {
    "area": (AREA, "d", None),
    "list": (LIST, "d", None),
    "tile": (TILE, "case_file", TILE_VALUES),
}


def scopes(store: sa.Engine) -> dict[str, Scope]:
    """A street, the whole city, and every other cell of a street."""
    with store.connect() as connection:
        query = "SELECT area_no FROM grid_cell ORDER BY area_no LIMIT 400"
        street = connection.scalars(sa.text(query)).all()
    some = tuple(street[::2])
    return {
        "a street": Scope(street[0], street[-1]),
        "everywhere": EVERYWHERE,
        "200 cells": Scope(some[0], some[-1], some),
    }


def said(scope: Scope, name: str) -> str:
    """A scope as a condition of the query itself."""
    if scope.is_everything:
        return "TRUE"
    words = f"{name}.area_no BETWEEN {scope.low} AND {scope.high}"
    if scope.areas is not None:
        words += f" AND {name}.area_no = ANY ('{{{','.join(map(str, scope.areas))}}}'::int8[])"
    return words


def ask(store: sa.Engine, viewer: Viewer, query: str, values: Any) -> list[Any]:
    """One transaction, as the application has them."""
    with data.scope.transaction(store, viewer, keep=False) as db:
        return data.db.cursor(db).execute(query, values, prepare=False).fetchall()


def side_by_side(store: sa.Engine, name: str, scope: Scope, rounds: int) -> tuple[float, float]:
    """Median seconds of a question, protected and unprotected, asked in turn."""
    query, alias, values = QUESTIONS[name]
    leader = Viewer(1, "leader", "", Role.LEADER, scope)
    wishes: list[tuple[Viewer, str]] = [
        (leader, query.format(scope="TRUE")),
        (OWNER, query.format(scope=said(scope, alias))),
    ]

    def way(viewer: Viewer, sql: str) -> Callable[[], list[Any]]:
        return lambda: ask(store, viewer, sql, values)

    ways = [way(*wish) for wish in wishes]
    found, same = (one() for one in ways)
    assert found == same, f"{name}: the leader sees something else than the owner who asks for it"
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for one, spent in zip(ways, seconds, strict=True):
            spent.append(timed(one))
    return statistics.median(seconds[0]), statistics.median(seconds[1])


def main() -> None:
    """Fill a store, ask, and print the ratios."""
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    words.add_argument("--rows", type=int, default=1_000_000, help="residents (default 1,000,000)")
    words.add_argument("--rounds", type=int, default=200, help="times each is asked (default 200)")
    words.add_argument("--json", action="store_true", help="end with one line of JSON")
    asked = words.parse_args()
    with cluster() as (running, _):
        store, _url = database(running, "scope")
        print(f"making {asked.rows:,} residents …", flush=True)
        bench._crowd.settle(store, residents=asked.rows)
        measured = {
            (name, where): side_by_side(store, name, scope, asked.rounds)
            for name in QUESTIONS
            for where, scope in scopes(store).items()
        }
        store.dispose()
    show(measured, wanted=asked.json)


def show(measured: dict[tuple[str, str], tuple[float, float]], *, wanted: bool) -> None:
    """Print the table, and the line of JSON if asked for."""
    table(
        [("", "scope", "protected ms", "unprotected ms", "ratio")]
        + [
            (name, where, f"{1000 * own:.2f}", f"{1000 * plain:.2f}", f"{own / plain:.2f}")
            for (name, where), (own, plain) in measured.items()
        ]
    )
    slowest = {
        name: max(own / plain for (one, _), (own, plain) in measured.items() if one == name)
        for name in QUESTIONS
    }
    print(f"asked: at most {ASKED_MOST} each")
    last_line({f"slowdown_{name}": ratio for name, ratio in slowest.items()}, wanted=wanted)


if __name__ == "__main__":
    main()
