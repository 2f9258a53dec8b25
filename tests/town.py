"""Towns drawn as letters, and the rows that put them into a store.

`draw("AAB/ACB")` is a town of three cells, the first line in the north; `.` is no cell.
A square has a side of 1/64 degree, which floats hold exactly: edges and corners are where they are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.register_sealed
from data.seal import Seal
from gis.access import operator

SEAL = Seal(bytes(range(32)))
"""The key of every register in the tests."""
TESTER = operator("test")
LON, LAT, SIDE = 114.0, 30.0, 1 / 64


def wait_for(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine in a thread of its own: in this one a browser's loop may be running."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


def at(x: float, y: float) -> shapely.Point:
    """The point x squares east and y squares north of the drawing's south-west corner."""
    return shapely.Point(LON + x * SIDE, LAT + y * SIDE)


def box(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    """A rectangle in squares of the drawing."""
    return shapely.box(
        LON + west * SIDE, LAT + south * SIDE, LON + east * SIDE, LAT + north * SIDE, ccw=False
    )


def draw(text: str) -> dict[str, shapely.Geometry]:
    """Read a drawing as cells by letter, in the order of the letters."""
    squares: dict[str, list[shapely.Polygon]] = {}
    for y, line in enumerate(reversed(text.split("/"))):
        for x, letter in enumerate(line):
            if letter != ".":
                squares.setdefault(letter, []).append(box(x, y, x + 1, y + 1))
    return {letter: shapely.union_all(squares[letter]) for letter in sorted(squares)}


def shapes(cells: Mapping[str, shapely.Geometry]) -> Any:
    """The outlines of a town as an array, in its order."""
    return np.array(list(cells.values()), dtype=object)


# Into a store


def found(
    db: Session,
    cells: Mapping[str, shapely.Geometry],
    *,
    plan: str = "现行",
    state: str = "published",
    valid_from: str | None = "2020-01-01",
    community: str | None = None,
) -> None:
    """Write a plan of these cells; nothing is filed by it yet."""
    db.execute(
        sa.text("INSERT INTO grid_plan (name, state, valid_from) VALUES (:n, :s, :f)"),
        {"n": plan, "s": state, "f": valid_from},
    )
    if cells:
        db.execute(
            sa.text(
                "INSERT INTO grid_cell (plan_id, code, name, division_code, geom)"
                " SELECT id, :code, :code || '网格', :community, ST_Multi(ST_GeomFromWKB(:wkb, 4326))"
                " FROM grid_plan WHERE name = :plan"
            ),
            [
                {"code": code, "community": community, "wkb": shape.wkb, "plan": plan}
                for code, shape in cells.items()
            ],
        )


def place(
    db: Session, table: str, spots: Mapping[str, shapely.Point | None], **values: object
) -> None:
    """Write rows of a placed table by code, not filed yet; `values` are the same for all."""
    names = ["code", *values]
    marks = ", ".join(f":{name}" for name in names)
    db.execute(
        sa.text(
            f"INSERT INTO {table} ({', '.join(names)}, geom)"
            f" VALUES ({marks}, ST_GeomFromWKB(:wkb, 4326))"
        ),
        [
            {"code": code, "wkb": None if spot is None else spot.wkb, **values}
            for code, spot in spots.items()
        ],
    )


def filed(db: Session, table: str) -> dict[str, str | None]:
    """Code of each row of a placed table → code of the cell it is filed in."""
    rows = db.execute(
        sa.text(
            f"SELECT p.code, c.code FROM {table} p LEFT JOIN grid_cell c ON c.id = p.cell_id"
            ' ORDER BY p.code COLLATE "C"'
        )
    )
    return {row[0]: row[1] for row in rows}


# A small town with everything in it

STREETS = {"420106001000": "望江街道", "420106002000": "临湖街道"}
COMMUNITIES = {
    "420106001001": "桥头社区",
    "420106001002": "柳岸社区",
    "420106002001": "湖滨社区",
}
MARKED = ("欧阳测试", "11010519491231002X", "13987654321")
"""Name, id and phone of a resident who must leave in no file."""


def inhabit(db: Session) -> None:
    """Cells ABCD in a row in three communities of two streets; a draft and a former plan.

    Facilities stand inside, on edges, outside and nowhere; one has ended, one is yet to open. Case
    `c-new` was reported on 2026-03-01 at noon. Nothing is filed yet.
    """
    _divide(db)
    found(db, draw("ABCD"), valid_from="2025-01-01")
    for cells, community in [("AB", "420106001001"), ("C", "420106001002"), ("D", "420106002001")]:
        db.execute(
            sa.text("UPDATE grid_cell SET division_code = :c WHERE code = ANY(:cells)"),
            {"c": community, "cells": list(cells)},
        )
    db.execute(sa.text("UPDATE grid_cell SET households_declared = 90 WHERE code = 'A'"))
    found(db, draw("QQPP"), plan="草案", state="draft", valid_from=None)
    found(db, draw("XYYY"), plan="旧", state="retired", valid_from="2020-01-01")
    db.execute(sa.text("UPDATE grid_plan SET valid_to = '2025-01-01' WHERE name = '旧'"))
    _furnish(db)
    _people(db)


def _divide(db: Session) -> None:
    rows = [("420106000000", "滨江区", "county", None)]
    rows += [(code, name, "township", "420106000000") for code, name in STREETS.items()]
    rows += [(code, name, "village", code[:9] + "000") for code, name in COMMUNITIES.items()]
    db.execute(
        sa.text("INSERT INTO division (code, name, level, parent_code) VALUES (:c, :n, :l, :p)"),
        [dict(zip("cnlp", row, strict=True)) for row in rows],
    )


def _furnish(db: Session) -> None:
    spots = {
        "f-a": at(0.5, 0.5),
        "f-ab": at(1, 0.5),
        "f-bc": at(2, 0.5),
        "f-d": at(3.5, 0.25),
        "f-out": at(9, 9),
        "f-null": None,
    }
    place(db, "facility", spots, name="凉亭", phone="027-1", address="桥头路1号")
    place(db, "facility", {"f-was": at(0.5, 0.4)}, name="旧亭", valid_to="2025-06-01")
    place(db, "facility", {"f-will": at(0.5, 0.6)}, name="新亭", valid_from="2999-01-01")
    noon = "2026-03-01T12:00+08:00"
    place(db, "case_file", {"c-new": at(0.5, 0.5)}, title="积水", reported_at=noon, accuracy_m=2.5)
    place(
        db,
        "case_file",
        {"c-done": at(0.2, 0.2)},
        title="井盖",
        state="closed",
        reported_at="2026-02-01T12:00+08:00",
        closed_at=noon,
        description=f"{MARKED[0]} {MARKED[2]} 报",
    )
    place(db, "case_file", {"c-null": None, "c-bc": at(2, 0.5)}, title="堆物")


def _people(db: Session) -> None:
    place(
        db, "building", {"h1": at(0.5, 0.5), "h2": at(2.5, 0.5)}, name="一栋", address="桥头路1号"
    )
    db.execute(
        sa.text(
            "INSERT INTO dwelling (building_id, number, geom)"
            " SELECT id, n, geom FROM building, (VALUES ('101'), ('102')) one (n)"
        )
    )
    db.execute(sa.text("INSERT INTO household (dwelling_id) SELECT id FROM dwelling"))
    homes = db.scalars(sa.text("SELECT id FROM household ORDER BY id")).all()
    name, id_number, phone = MARKED
    move_in(db, homes[0], name, id_number, phone)
    for home in homes:
        move_in(db, home, f"{name}{home}", None, phone)


def move_in(
    db: Session, household: int, name: str, id_number: str | None = None, phone: str | None = None
) -> int:
    """Add a resident, sealed as the register seals them; return the number."""
    frame = pd.DataFrame({"name": [name], "id_number": [id_number], "phone": [phone]}, dtype="str")
    row = data.register_sealed.sealed(frame, SEAL).iloc[0].to_dict()
    values = {column: None if pd.isna(value) else value for column, value in row.items()}
    casts = ", ".join(
        f"CAST(:{c} AS bytea)" if c.endswith(("index", "sealed")) else f":{c}" for c in values
    )
    return db.execute(
        sa.text(
            f"INSERT INTO resident (household_id, area_no, {', '.join(values)}) "
            f"SELECT id, area_no, {casts} FROM household WHERE id = :household RETURNING id"
        ),
        {**values, "household": household},
    ).scalar_one()


def unsealed(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of `resident` with name, id_number and phone in clear."""
    return rows.assign(
        **{
            field: [SEAL.open(field, one and bytes(one)) for one in rows[f"{stem}_sealed"]]
            for field, stem in data.register_sealed.SEALED.items()
        }
    )
