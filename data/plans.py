"""网格方案 in the store: drafts drawn from a plan, and any plan as a value.

A draft holds copies of the cells of its area; what is in force is not touched by it. Its edits are
in `data.plans_edit`, its publication in `data.plans_publish`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.areas
import data.db
import data.grid
import data.plan_cells
import gis.plan
import gis.plan_codes
import gis.plan_names
from data.models import GridPlan
from gis.errors import Conflict, Fault, NotAllowed, NotFound
from gis.plan import Communities, Plan, Units
from gis.plan_codes import Scheme
from gis.terms import PlanState

COUNTS = ("households", "residents", "care", "facilities", "open_cases")
"""What is counted at a place: see `plan_units` of the store."""
_COLUMNS = (
    "code, name, kind, division_code, parent_code, area_no, households_declared, valid_from, geom"
)


def known(db: Session) -> list[dict[str, Any]]:
    """List the plans: those that were in force first, by number, then drafts, the newest last."""
    return [dict(row) for row in db.execute(sa.text(_KNOWN)).mappings()]


_KNOWN = f"""
    SELECT p.name, p.state, p.number, p.area,
           (SELECT d.name FROM division d WHERE d.code = p.area
            ORDER BY d.valid_to DESC NULLS FIRST LIMIT 1) AS area_name,
           p.version AS edits, b.name AS base, p.valid_from, p.valid_to, p.publish_on,
           (SELECT count(*) FROM grid_cell c WHERE {data.plan_cells.held_by("p.id")}) AS cells
    FROM grid_plan p LEFT JOIN grid_plan b ON b.id = p.base_id
    ORDER BY p.state = 'draft', p.number, p.id
"""


# Drafts


def draw(
    db: Session, name: str, *, area: str | None = None, source: GridPlan | None = None
) -> GridPlan:
    """Begin a draft: copies of the cells in force, or of `source`, in the division `area`.

    Raises:
        BadInput: what speaks against the name. Conflict: it is another plan's.
        NotFound: no such division, no cells there, or no plan in force.
    """
    _check_name(db, name)
    force = data.grid.plan_in_force(db)
    if force is None:
        raise NotFound("there are no cells yet; import some with: wangge import cells FILE")
    plan = GridPlan(name=name, state="draft", base_id=force.id, area=area)
    db.add(plan)
    try:
        db.flush()
    except sa.exc.IntegrityError as error:  # somebody begins one of that name just now
        if "grid_plan_name_key" not in str(error.orig):
            raise
        raise _name_taken(name) from error
    values = {
        "plan": plan.id,
        "source": (source or force).id,
        "divisions": divisions(db, area),
    }
    if not db.execute(sa.text(_COPY), values).rowcount:  # type: ignore[attr-defined]
        raise NotFound(f"no cell lies in {area or 'any plan'}", area=area)
    data.grid.number_areas(db)
    return plan


_IN_AREA = "(CAST(:divisions AS text[]) IS NULL OR c.division_code = ANY (:divisions))"
_COPY = f"""
    INSERT INTO grid_cell (plan_id, {_COLUMNS}, valid_to)
    SELECT :plan, {_COLUMNS}, {data.plan_cells.own_end(":source")}
    FROM grid_cell c WHERE {data.plan_cells.held_by(":source")} AND {_IN_AREA}
"""


def _check_name(db: Session, name: str) -> None:
    gis.plan_names.refuse_plan(name)
    if db.scalar(sa.select(GridPlan.id).where(GridPlan.name == name)) is not None:
        raise _name_taken(name)


def _name_taken(name: str) -> Conflict:
    said = f"there is a plan {name!r} already; take another name"
    return Conflict(Fault("name_taken", said, name=name), name=name)


def divisions(db: Session, area: str | None) -> list[str] | None:
    """Codes of the division `area` and all below it; None for everything.

    Raises:
        NotFound: no division has that code.
    """
    if area is None:
        return None
    with data.db.cursor(db) as cursor:
        row = cursor.execute(data.areas.DIVISIONS, data.areas.question(area)).fetchone()
    if not row or not row[0]:
        raise NotFound(f"{area!r} is not the code of a division", value=area)
    return list(row[0])


def draft_named(db: Session, name: str, *, hold: bool = True) -> GridPlan:
    """Find a draft, and keep others from changing it until the act ends; without `hold` only from
    dropping it.

    Raises:
        NotFound: no plan has that name. NotAllowed: it reaches outside of the viewer's charge.
        Conflict: it is no draft any more.
    """
    found = data.grid.plan_named(db, name)
    plan = db.scalar(
        sa.select(GridPlan)
        .where(GridPlan.id == found.id)
        .with_for_update(key_share=True, read=not hold)
        .execution_options(populate_existing=True)
    )
    if plan is None:  # somebody may have published or dropped it while one waited for it
        db.expire(found)
        found = data.grid.plan_named(db, name)
    if plan is None and found.state == PlanState.DRAFT:
        said = (
            f"the draft {name!r} is of {found.area or 'everything'}, which reaches outside what "
            "you are in charge of"
        )
        raise NotAllowed(Fault("not_in_charge", said, name=name, area=found.area))
    if plan is None or plan.state != PlanState.DRAFT:
        said = (
            f"plan {name!r} is {found.state} and stays as it is; change a draft of it: "
            f"wangge plan new NAME --from {name}"
        )
        raise Conflict(Fault("frozen", said, name=name))
    return plan


def drop(db: Session, name: str) -> None:
    """Give a draft up, with its cells and edits.

    Raises:
        NotFound: no plan has that name. Conflict: it is no draft.
    """
    db.execute(sa.text("DELETE FROM grid_plan WHERE id = :id"), {"id": draft_named(db, name).id})


# A plan as a value


def value(
    db: Session,
    plan: GridPlan,
    *,
    on: date,
    scheme: Scheme | None = None,
    within: list[str] | None = None,
    only: list[int] | None = None,
    peopled: list[int] | None = None,
    there: pd.DataFrame | None = None,
) -> Plan:
    """Load a plan as it is on a day, with its buildings and who lives there today.

    With `within`, only the cells of these divisions; with `only`, those with these ids, and of
    these the buildings of all, or of the `peopled`, or, read before by `places`, what is `there`.
    """
    cells, shapes = cells_of(db, plan, on=on, within=within, only=only)
    every = {row[0]: row[1] for row in db.execute(sa.text(_CODES), {"plan": plan.id})}
    own = sorted(code for code, is_own in every.items() if is_own)
    is_part = within is not None or only is not None
    if is_part and peopled is None:
        peopled = cells["id"].tolist()
    drawn = gis.plan.of(
        cells.drop(columns="id"),
        shapes,
        communities=_communities(db, cells),
        units=_units(places(db, plan, peopled) if there is None else there),
        name=plan.name,
        scheme=scheme or (gis.plan_codes.guess(own, set(cells["kind"])) if is_part else None),
        spent=frozenset(every).difference(cells["code"]),
    )
    return replace(drawn, state=PlanState(plan.state))


def cells_of(
    db: Session,
    plan: GridPlan,
    *,
    on: date,
    within: list[str] | None = None,
    only: list[int] | None = None,
) -> tuple[pd.DataFrame, npt.NDArray[np.object_]]:
    """Read the cells of a plan on a day (id, code, name, kind, division_code, parent_code), by
    code, and their outlines in WGS-84."""
    values = {"plan": plan.id, "day": on, "divisions": within, "only": only}
    rows = db.execute(sa.text(_CELLS), values).all()
    names = ["id", "code", "name", "kind", "division_code", "parent_code"]
    frame = pd.DataFrame([row[:-1] for row in rows], columns=names)
    return frame, _shapes([row[-1] for row in rows])


def _shapes(wkb: list[Any]) -> npt.NDArray[np.object_]:
    outlines = [None if one is None else bytes(one) for one in wkb]
    return np.asarray(shapely.from_wkb(np.array(outlines, dtype=object)), dtype=object)


_CELLS = f"""
    SELECT c.id, c.code, c.name, c.kind, c.division_code, c.parent_code, ST_AsBinary(c.geom)
    FROM grid_cell c WHERE {data.plan_cells.of_plan(":plan", "CAST(:day AS date)")} AND {_IN_AREA}
      AND (CAST(:only AS bigint[]) IS NULL OR c.id = ANY (:only))
    ORDER BY c.code COLLATE "C"
"""
_CODES = "SELECT code, bool_or(plan_id = :plan) FROM grid_cell GROUP BY code"
"""Every code that a plan has or had, and whether it is this one's: no new cell gets one."""
_DIVISIONS = """
    SELECT DISTINCT ON (code) code, ST_AsBinary(geom) FROM division
    WHERE code = ANY (:codes) AND valid_to IS NULL ORDER BY code, valid_from DESC
"""


def _communities(db: Session, cells: pd.DataFrame) -> Communities:
    codes = sorted(set(cells["division_code"].dropna()))
    rows = db.execute(sa.text(_DIVISIONS), {"codes": codes}).all()
    return Communities(np.array([row[0] for row in rows], dtype=str), _shapes([r[1] for r in rows]))


def ground(db: Session, plan: GridPlan, only: list[int] | None = None) -> list[int]:
    """Ids of the cells in force whose ground a plan is about; with `only`, those around these."""
    rule = _GROUND if only is None else f"{_GROUND} AND {_MEETS}"
    return list(db.scalars(sa.text(rule), {"plan": plan.id, "only": only}))


_GROUND = f"""
    SELECT f.id FROM grid_cell f JOIN grid_plan p ON p.id = f.plan_id AND p.state = 'published'
    WHERE ((SELECT area IS NULL OR state <> 'draft' FROM grid_plan WHERE id = :plan)
           OR f.division_code IN (SELECT c.division_code FROM grid_cell c
                                  WHERE {data.plan_cells.held_by(":plan")}))
"""
# Most cells of a draft have the ground they have in force; of the others, all it reaches into
_MEETS = """f.id IN (
        WITH mine AS MATERIALIZED (
            SELECT c.geom, twin.id AS twin_id FROM grid_cell c
            LEFT JOIN (grid_cell twin JOIN grid_plan p ON p.id = twin.plan_id
                       AND p.state = 'published') ON twin.code = c.code AND twin.geom = c.geom
            WHERE c.id = ANY (:only)
        )
        SELECT twin_id FROM mine WHERE twin_id IS NOT NULL
        UNION SELECT near.id FROM mine JOIN grid_cell near ON near.geom && mine.geom
        WHERE twin_id IS NULL)"""


def count_units(db: Session, plan: GridPlan, only: list[int] | None = None) -> int:
    """How many buildings stand on the ground of a plan, or of these cells of it."""
    return count_buildings(db, ground(db, plan, only))


def count_buildings(db: Session, cells: list[int]) -> int:
    """How many buildings are filed in these cells (ids)."""
    query = "SELECT count(*) FROM building WHERE cell_id = ANY (:here)"
    return int(db.scalar(sa.text(query), {"here": cells}) or 0)


def places(db: Session, plan: GridPlan, only: list[int] | None = None) -> pd.DataFrame:
    """What stands on the ground of a plan, or of these cells of it: kind (building, dwelling with
    a place of its own, facility, open case), code, cell_id as filed now, `COUNTS`, and shapely
    `spot` and `shape`."""
    return standing(db, ground(db, plan, only))


def standing(db: Session, cells: list[int]) -> pd.DataFrame:
    """What is filed in these cells in force (ids), as `places` tells it."""
    rows = db.execute(sa.text(_PLACES), {"here": cells}).all()
    names = ["kind", "code", "cell_id", *COUNTS, "spot", "shape"]
    frame = pd.DataFrame([tuple(row) for row in rows], columns=names)
    frame = frame.astype({"cell_id": np.int64, **dict.fromkeys(COUNTS, np.int64)})
    for name in ("spot", "shape"):
        frame[name] = pd.Series(_shapes(frame[name].tolist()), index=frame.index, dtype=object)
    return frame


_PLACES = f"""
    SELECT kind, code, cell_id, {", ".join(COUNTS)}, ST_AsBinary(geom),
           ST_AsBinary(coalesce(footprint, geom))
    FROM plan_units(:here) ORDER BY kind, code COLLATE "C"
"""


def _units(found: pd.DataFrame) -> Units:
    homes = found[found["kind"].isin(["building", "dwelling"])]
    if not len(homes):
        return gis.plan.NO_UNITS
    return gis.plan.units_of(
        homes["code"].to_numpy(dtype=str),
        homes["shape"].to_numpy(dtype=object),
        homes[["households", "residents", "care"]],
        spots=homes["spot"].to_numpy(dtype=object),
    )
