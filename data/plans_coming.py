"""What a publication would do, told without doing it: the application may not publish.

The cells, and whether they were overtaken, are found as the publication finds them; what moves is
told by where it is filed today and the ground of its cell in the draft.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.grid
import data.plans
import data.plans_compare
import data.plans_publish
import gis.lineage
import gis.locate
from data.models import GridPlan
from data.plans_compare import MOVING
from gis.errors import Conflict, NotFound
from gis.lineage import NOWHERE

MOST_BUILDINGS = 40_000
"""Buildings on ground that changes, and beside it, that are looked at while somebody waits."""


def coming(db: Session, plan: GridPlan, *, on: date) -> dict[str, Any]:
    """What publishing a draft today would do: born, ended, changed (codes), posts_begun,
    posts_ended, cases_moved, charges_idle, moved (by kind); or why it is `refused`.

    Where more buildings stand than can be counted while somebody waits, there is `more`: what
    moves, and the posts that begin, are None.

    Raises:
        NotFound: no plan is in force.
    """
    force = data.grid.plan_in_force(db)
    if force is None:
        raise NotFound("there is no plan in force; the first one is published at the command line")
    fate = data.plans_publish.weighed(db, plan, force)
    cells = data.plans_publish.told(fate)
    here = {row.id: row.code for row in db.execute(sa.text(_HERE))}
    is_much = data.plans.count_buildings(db, list(here)) > MOST_BUILDINGS
    moved: dict[str, int | None] = dict.fromkeys(MOVING)
    begun = None
    if not is_much:
        places = _places(db, fate, here)
        moves = places[places["before"] != places["after"]]
        moved = {kind: int(moves[column].sum()) for kind, column in MOVING.items()}
        begun = _posts_begun(db, cells["born"], _heirs(fate, places), on)
    posts = _posts(db, cells["ended"], on)
    idle = int(db.scalar(sa.text("SELECT plan_charges(:ended)"), {"ended": cells["ended"]}) or 0)
    return {
        **cells,
        "posts_begun": begun,
        "posts_ended": sum(held for _, held in posts.values()),
        "cases_moved": moved["open_cases"],
        "charges_idle": idle,
        "moved": moved,
        "refused": _refused(db, plan, force),
        "more": is_much,
    }


def _refused(db: Session, plan: GridPlan, force: GridPlan) -> str | None:
    try:
        data.plans_publish.refuse_overtaken(db, plan, force)
    except Conflict as reason:
        return str(reason)
    return None


# The cells in force under ground that another cell gets, or none: nothing moves on other ground
_HERE = """
    WITH ground AS MATERIALIZED (
        SELECT was_id, geom FROM fate WHERE was_geom IS DISTINCT FROM geom
    ),
    near AS (
        SELECT was_id AS id FROM ground
        UNION SELECT c.id FROM ground g JOIN grid_cell c ON c.geom && g.geom
    )
    SELECT c.id, c.code FROM near JOIN grid_cell c USING (id)
    JOIN grid_plan p ON p.id = c.plan_id AND p.state = 'published'
"""


def _places(db: Session, fate: pd.DataFrame, here: dict[int, str]) -> pd.DataFrame:
    """What stands in cells in force (codes by id), with its cell `before` and `after`."""
    places = data.plans.standing(db, list(here))
    touched, now = set(fate["code"]), fate[fate["fate"] != "ended"]
    codes = now["code"].to_numpy(dtype=str)
    at = gis.locate.cell_of(
        places["spot"].to_numpy(dtype=object), now["now"].to_numpy(dtype=object), codes
    )
    places["before"] = places["cell_id"].map(here)
    stays = places["before"].where(~places["before"].isin(touched), NOWHERE)
    named = np.append(codes, NOWHERE)[np.where(at < 0, len(codes), at)]
    places["after"] = np.where(at < 0, stays, named)
    return places


def _heirs(fate: pd.DataFrame, places: pd.DataFrame) -> dict[str, str]:
    """For each new cell the one that most of it comes from."""
    old, new = fate[fate["fate"] != "born"], fate[fate["fate"] != "ended"]
    if not len(fate):
        return {}
    lineage = gis.lineage.between(
        (old["code"].to_numpy(dtype=str), old["was"].to_numpy(dtype=object)),
        (new["code"].to_numpy(dtype=str), new["now"].to_numpy(dtype=object)),
        units=places.loc[
            places["before"].isin(set(old["code"])), ["before", "after", "households"]
        ],
    )
    return data.plans_compare.first_parents(lineage)


_POSTS = """
    SELECT c.code, count(*) FILTER (WHERE p.valid_from <= :day),
           count(*) FROM post p JOIN grid_cell c ON c.id = p.cell_id
    JOIN grid_plan g ON g.id = c.plan_id AND g.state = 'published'
    WHERE c.code = ANY (:codes) AND (p.valid_to IS NULL OR p.valid_to > :day) GROUP BY 1
"""


def _posts(db: Session, codes: list[str], on: date) -> dict[str, tuple[int, int]]:
    """How many posts cells in force have on a day, and on it or later, by code."""
    rows = db.execute(sa.text(_POSTS), {"codes": codes, "day": on})
    return {row[0]: (row[1], row[2]) for row in rows}


def _posts_begun(db: Session, born: list[str], heirs: dict[str, str], on: date) -> int:
    """How many posts would begin with new cells: those of the cell that most of each comes from."""
    parents = [heirs[code] for code in born if code in heirs]
    held = _posts(db, sorted(set(parents)), on)
    return sum(held[code][0] for code in parents if code in held)
