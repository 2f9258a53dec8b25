"""What is kept for tiles of cells: outlines for each zoom, and full-time workers of each cell.

An outline goes in the transaction that draws its cell anew; tiles then show that cell as it is
until its outline is made again (`step`, by `api.climbing`), so that an edit is in the next tile.
Meanwhile a hair of ground may show between it and its neighbours. Workers are counted as of one
version of the ground (`data.layers.Versions.ground`); at any other, a tile counts for itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.db
import data.intake
import data.layers
import data.plan_cells
import data.tiles
import gis.outlines
from data.locate import IN_FORCE

WORKERS, OUTLINES = "cell_workers", "cell_outlines"
"""The facts of the store that say which ground is counted, and of which nothing is missing."""

_ANEW = 4
"""Where more than one cell in so many has no outline, all are made anew."""
_FACT = "SELECT value #>> '{}' FROM store_fact WHERE key = :key"
_TELL = """
    INSERT INTO store_fact (key, value) VALUES (:key, to_jsonb(CAST(:ground AS text)))
    ON CONFLICT (key) DO UPDATE SET value = excluded.value
"""


def step(db: Session) -> bool:
    """Make some of what is missing or was counted of another ground; false when nothing is left.

    Outlines are made of one zoom at a time: those of 20,000 cells take some two seconds.
    """
    ground = data.layers.versions_now(db).ground
    if _fact(db, WORKERS) != ground:
        count_workers(db)
        if data.layers.versions_now(db).ground == ground:  # nobody edited while we counted
            _tell(db, WORKERS, ground)
        return True
    if _fact(db, OUTLINES) == ground:
        return False
    for zoom in reversed(gis.outlines.ZOOMS):
        missing = db.scalars(sa.text(_MISSING), {"zoom": zoom}).all()
        if missing:
            return make(db, zoom, missing)
    _tell(db, OUTLINES, ground)
    return False


def make_all(db: Session) -> None:
    """Make everything, in the transaction of `db`, which nobody else writes in."""
    while step(db):
        pass


def _fact(db: Session, key: str) -> str | None:
    told: str | None = db.scalar(sa.text(_FACT), {"key": key})
    return told


def _tell(db: Session, key: str, ground: str) -> None:
    db.execute(sa.text(_TELL), {"key": key, "ground": ground})


# Outlines

_MISSING = f"""
    SELECT c.id FROM grid_cell c WHERE {IN_FORCE}
    AND NOT EXISTS (SELECT FROM cell_outline o WHERE o.zoom = :zoom AND o.cell_id = c.id)
"""
_ALL = f"SELECT id, xmin::text, ST_AsBinary(geom_3857) FROM grid_cell WHERE {IN_FORCE}"
_NEAR = f"""{_ALL} AND id IN (
    SELECT near.id FROM grid_cell c JOIN grid_cell near ON near.geom && c.geom
    WHERE c.id = ANY (:missing))"""
# Whoever draws a cell anew shares this lock until that is kept; the row then has another mark
_ALONE = "SELECT pg_try_advisory_xact_lock(hashtext('wangge outlines'))"
_KEEP = """
    INSERT INTO cell_outline (zoom, cell_id, x, y, shape)
    SELECT :zoom, s.cell_id, s.x, s.y, ST_SetSRID(s.shape, 0)
    FROM staged s JOIN grid_cell c ON c.id = s.cell_id AND c.xmin::text = s.mark
    ON CONFLICT (zoom, cell_id) DO NOTHING
"""
_STAGED = {
    "cell_id": "bigint", "mark": "text", "x": "int", "y": "int", "shape": "geometry",
}  # fmt: skip


def make(db: Session, zoom: int, missing: Sequence[int]) -> bool:
    """Make the outlines of cells that have none at a zoom; false if somebody draws cells just now.

    Neighbours are looked at too, so that edges stay shared. A few cells are made among these alone.
    """
    every = db.scalar(sa.text(f"SELECT count(*) FROM grid_cell WHERE {IN_FORCE}")) or 0
    question = _ALL if len(missing) * _ANEW > every else _NEAR
    rows = [tuple(row) for row in db.execute(sa.text(question), {"missing": list(missing)})]
    frame = _outlined(rows, zoom)
    if not db.scalar(sa.text(_ALONE)):
        return False
    with data.db.cursor(db) as cursor:
        data.intake.stage(cursor, frame[frame["cell_id"].isin(missing)], _STAGED)
    db.execute(sa.text(_KEEP), {"zoom": zoom})
    return True


def _outlined(rows: Sequence[Sequence[Any]], zoom: int) -> pd.DataFrame:
    """By cell what is kept of it; of one that collapses, that it has no shape."""
    wkb = np.array([row[2] for row in rows], dtype=object)
    shapes: gis.outlines.Shapes = np.asarray(shapely.from_wkb(wkb), dtype=object)
    drawn = gis.outlines.generalised(shapes, zoom)
    frame = pd.DataFrame({"cell_id": [row[0] for row in rows], "mark": [row[1] for row in rows]})
    x, y = (_spread(one, drawn.at, len(rows)) for one in (drawn.x, drawn.y))
    hexed = np.full(len(rows), None, dtype=object)
    hexed[drawn.at] = shapely.to_wkb(drawn.shapes, hex=True)
    return frame.assign(x=x, y=y, shape=hexed)


def _spread(
    values: npt.NDArray[np.int64], at: npt.NDArray[np.intp], count: int
) -> npt.NDArray[np.int64]:
    wide = np.zeros(count, dtype=np.int64)
    wide[at] = values
    return wide


# Workers

_COUNT = data.plan_cells.fitting(
    f"""
    WITH {data.tiles.workers()},
    gone AS (DELETE FROM cell_workers k
             WHERE NOT EXISTS (SELECT FROM workers w WHERE w.cell_id = k.cell_id))
    INSERT INTO cell_workers AS k SELECT cell_id, full_time FROM workers
    ON CONFLICT (cell_id) DO UPDATE SET full_time = excluded.full_time
    WHERE k.full_time <> excluded.full_time""",
    {"plan": None, "day": None},
)


def count_workers(db: Session) -> None:
    """Count the full-time workers of the cells in force."""
    db.execute(sa.text(_COUNT))
