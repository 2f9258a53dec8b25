"""What it costs that nobody sees who is not in his charge: protected queries beside unprotected.

The store: a million homes, households, residents and cases in 2,000 cells. The same question is
asked in turn by a leader, as the role that cannot pass by the row policies, and by the owner of
the tables, whose query says itself what the leader's scope is. Each time is that of the whole
transaction, entering the scope included; the figures are ratios of medians, of the slowest scope.

- area: dwellings and residents of a viewport, joined, as JSON
- list: the first 50 residents of a name in a cell with their homes, as the register finds them
- tile: the cases of a vector tile, by the map's own SQL
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import bench._crowd
import data.db
import data.register_look
import data.scope
import data.tiles
import data.tiles_place
import gis.register
from bench._side_by_side import cluster, database, last_line, table, timed
from data.seal import Seal
from gis.access import EVERYWHERE, Role, Scope, Viewer

ASKED_MOST = 1.5
SEAL = Seal(bytes(32))
_PERSON = "r.id, r.name_mask, r.id_mask, r.phone_mask, r.sex, r.relation"
_HOMES = """FROM dwelling d JOIN household h ON h.dwelling_id = d.id
                            JOIN resident r ON r.household_id = h.id"""
AREA = f"""
    SELECT json_agg(found)::text FROM (
        SELECT d.number, h.number AS household, ST_X(d.geom) AS lon, ST_Y(d.geom) AS lat, {_PERSON}
        {_HOMES} WHERE d.geom && {bench._crowd.box(1.5, 1.2)} AND {{scope}}) found
"""
CELL = "99010100100100004"
TILE = data.tiles.RECIPES["cases"][1].sql.replace("WHERE", "WHERE {scope} AND", 1)
TILE_VALUES = data.tiles_place.values(data.tiles.Ask(("cases",), 15, 26488, 13518))
Question = Callable[[Session, Scope | None], Any]
"""Asked in a transaction; with a scope, the query itself says what lies in it."""


def _area(db: Session, scope: Scope | None) -> Any:
    query = AREA.format(scope=said(scope, "d"))
    return data.db.cursor(db).execute(query, prepare=False).fetchall()


def _list(db: Session, scope: Scope | None) -> Any:
    """The cell lies in every scope here, so that there is nothing more to say."""
    return data.register_look.find(db, gis.register.asked("张**"), SEAL, cell=CELL)


def _tile(db: Session, scope: Scope | None) -> Any:
    query = TILE.format(scope=said(scope, "case_file"))
    return data.db.cursor(db).execute(query, TILE_VALUES, prepare=False).fetchall()


QUESTIONS: dict[str, Question] = {"area": _area, "list": _list, "tile": _tile}


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


def said(scope: Scope | None, name: str) -> str:
    """A scope as a condition of the query itself."""
    if scope is None or scope.is_everything:
        return "TRUE"
    words = f"{name}.area_no BETWEEN {scope.low} AND {scope.high}"
    if scope.areas is not None:
        words += f" AND {name}.area_no = ANY ('{{{','.join(map(str, scope.areas))}}}'::int8[])"
    return words


def side_by_side(
    store: sa.Engine, question: Question, scope: Scope, rounds: int
) -> tuple[float, float]:
    """Median seconds of a question, protected and unprotected, asked in turn."""
    leader = Viewer(1, "leader", "", Role.LEADER, scope)

    def protected() -> Any:
        with data.scope.transaction(store, leader, keep=False) as db:
            return question(db, None)

    def unprotected() -> Any:
        with data.db.transaction(store, keep=False) as db:
            return question(db, scope)

    found = protected()
    assert found, "nothing is there to be asked for"
    assert found == unprotected(), "the leader sees something else than the owner who asks for it"
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        seconds[0].append(timed(protected))
        seconds[1].append(timed(unprotected))
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
            (name, where): side_by_side(store, question, scope, asked.rounds)
            for name, question in QUESTIONS.items()
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
