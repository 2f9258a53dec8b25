"""Towns drawn as letters, and the rows that put them into a store.

`draw("AAB/ACB")` is a town of three cells, the first line in the north; `.` is no cell.
A square has a side of 1/64 degree, which floats hold exactly: edges and corners are where they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

LON, LAT, SIDE = 114.0, 30.0, 1 / 64


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
