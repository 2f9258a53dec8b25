"""发布: a draft comes into force, in one transaction; only what it changes is written.

A cell whose code lives on keeps its number in the store, so that posts, records and counts stay
with it; what it was before is kept as a row of the plan that retires. Ended cells stay with that
plan. All others go with the new one (`data.plan_cells`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.db
import data.grid
import data.intake
import data.plan_cells
import data.plans
import data.plans_corners
import data.plans_differing
import data.plans_refile
import gis.lineage
import gis.locate
from data.locate import Filed
from data.models import GridPlan
from gis.access import Viewer
from gis.errors import Conflict
from gis.lineage import Lineage
from gis.terms import PlanState, Progress, quiet

_TOLD = data.plans_differing.TOLD
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('wangge publish'))"


@dataclass(frozen=True)
class Published:
    """What a publication did: codes of cells, posts carried over and ended, how kinds were filed,
    open cases that are in another cell now, and accounts whose charge was a cell that ended."""

    number: int
    plan: str
    retired: str | None
    born: list[str]
    ended: list[str]
    changed: list[str]
    posts_begun: int = 0
    posts_ended: int = 0
    cases_moved: int = 0
    charges_idle: int = 0
    filed: list[Filed] = field(default_factory=list)


def publish(
    db: Session, plan: GridPlan, *, by: Viewer, on: date, progress: Progress = quiet
) -> Published:
    """Put a locked draft in force on the day `on`, which is today; the plan in force retires.

    Raises:
        Conflict: what was in force where the draft changes it has changed since it was drawn.
    """
    db.execute(sa.text(_LOCK))
    force = data.grid.plan_in_force(db)
    number = _next_number(db, force)
    if force is None:
        _turn(db, plan, number, on)
        filed = data.plans_refile.all_anew(db, progress)
        return Published(number, plan.name, None, *_codes(db, plan), [], [], filed=filed)
    fate = weighed(db, plan, force)
    refuse_overtaken(db, plan, force)
    lineage = _lineage(db, fate)
    data.plans_corners.share(db, force)
    _write_cells(db, plan, force, number, on)
    _turn(db, force, None, on)
    _turn(db, plan, number, on)
    _write_lineage(db, number, lineage)
    posts = data.plans_refile.posts(db, number, on)
    filed, cases = data.plans_refile.touched(db, plan.name, by=by, progress=progress)
    codes = told(fate)
    idle = int(db.scalar(sa.text(_IDLE), {"on": on}) or 0)
    return Published(
        number, plan.name, force.name, **codes, posts_begun=posts[0], posts_ended=posts[1],
        cases_moved=cases, charges_idle=idle, filed=filed,
    )  # fmt: skip


# Who is in charge of a cell by its code gets no other by itself: a right is given by somebody
_IDLE = """
    SELECT count(DISTINCT c.account_id) FROM charge c JOIN fate f ON f.code = c.cell_code
    WHERE f.fate = 'ended' AND (c.valid_to IS NULL OR c.valid_to > :on)
"""


def _codes(db: Session, plan: GridPlan) -> tuple[list[str]]:
    query = 'SELECT code FROM grid_cell WHERE plan_id = :p ORDER BY code COLLATE "C"'
    return (list(db.scalars(sa.text(query), {"p": plan.id})),)


def _next_number(db: Session, force: GridPlan | None) -> int:
    last = int(db.scalar(sa.text("SELECT coalesce(max(number), 0) FROM grid_plan")) or 0)
    if force is not None and force.number is None:
        last += 1
        force.number = last
        db.flush()
    return last + 1


def _turn(db: Session, plan: GridPlan, number: int | None, on: date) -> None:
    """Let a plan begin, with its number, or end."""
    if number is None:
        plan.state, plan.valid_to = str(PlanState.RETIRED), on
    else:
        plan.state, plan.number = str(PlanState.PUBLISHED), number
        plan.valid_from, plan.valid_to = plan.valid_from or on, None
        plan.publish_on = plan.publish_refused = None
    db.flush()


# What becomes of each cell

_WEIGH = f"""
    CREATE TEMP TABLE fate ON COMMIT DROP AS
    WITH b AS (
        SELECT c.id, c.plan_id, c.code, {data.plans_differing.told("%(base)s")}
        FROM grid_cell c WHERE {data.plan_cells.held_by("%(base)s")}
          AND (%(divisions)s::text[] IS NULL OR c.division_code = ANY (%(divisions)s))
    ),
    d AS (SELECT id, code, area_no, {_TOLD} FROM grid_cell WHERE plan_id = %(plan)s)
    SELECT CASE WHEN b.id IS NULL THEN 'born' WHEN d.id IS NULL THEN 'ended' ELSE 'changed'
           END AS fate, b.id AS was_id, b.plan_id AS was_plan, b.geom AS was_geom,
           d.id AS draft_id, code, d.area_no, {data.plans_differing.NOW},
           {data.plans_differing.ONLY_CORNERS} AS only_corners
    FROM b FULL JOIN d USING (code) WHERE {data.plans_differing.DIFFERS}
"""


def weighed(db: Session, plan: GridPlan, force: GridPlan) -> pd.DataFrame:
    """What becomes of the cells that a draft touches: fate, code, was_id, and outlines `was` and
    `now`; also as the temporary table `fate`."""
    values = {
        "plan": plan.id,
        "base": plan.base_id or force.id,
        "divisions": data.plans.divisions(db, plan.area),
    }
    with data.db.cursor(db) as cursor:
        cursor.execute("DROP TABLE IF EXISTS fate")
        cursor.execute(_WEIGH, values)
    data.plans_corners.follow(db, force)
    return _fate(db)


def told(fate: pd.DataFrame) -> dict[str, list[str]]:
    """Codes of the cells born, ended and changed; not of those that only get corners."""
    real = fate[~fate["only_corners"].astype(bool)]
    return {
        one: real.loc[real["fate"] == one, "code"].tolist() for one in data.plans_differing.FATES
    }


_OVERTAKEN = """
    SELECT f.code, p.name, p.valid_from FROM fate f
    LEFT JOIN grid_cell c ON c.plan_id = :force AND c.code = f.code
    JOIN grid_plan p ON p.number = coalesce(c.since, (SELECT number FROM grid_plan
                                                      WHERE id = coalesce(c.plan_id, :force)))
    WHERE CASE WHEN f.fate = 'born' THEN c.id IS NOT NULL ELSE c.id IS DISTINCT FROM f.was_id END
    ORDER BY f.code COLLATE "C"
"""


def refuse_overtaken(db: Session, plan: GridPlan, force: GridPlan) -> None:
    """See that what a weighed draft changes is in force as it was when the draft was drawn.

    Raises:
        Conflict: naming what was changed, by which plan and when.
    """
    rows = db.execute(sa.text(_OVERTAKEN), {"force": force.id}).all()
    if rows:
        told = "; ".join(f"{row.code} by {row.name!r} on {row.valid_from}" for row in rows[:10])
        raise Conflict(
            f"cells that plan {plan.name!r} changes were changed in force since it was drawn: "
            f"{told}. Draw a new draft and make these changes there; nothing was published",
            cells=[row.code for row in rows],
        )


def _fate(db: Session) -> pd.DataFrame:
    rows = db.execute(sa.text(_FATE)).all()
    frame = pd.DataFrame(
        [tuple(row) for row in rows],
        columns=["fate", "code", "was_id", "was", "now", "only_corners"],
    )
    for name in ("was", "now"):
        wkb = [None if one is None else bytes(one) for one in frame[name]]
        shapes = np.asarray(shapely.from_wkb(np.array(wkb, dtype=object)), dtype=object)
        frame[name] = pd.Series(shapes, index=frame.index, dtype=object)
    return frame


_FATE = """
    SELECT fate, code, was_id, ST_AsBinary(was_geom), ST_AsBinary(geom), only_corners
    FROM fate ORDER BY code COLLATE "C"
"""


# Lineage


def _lineage(db: Session, fate: pd.DataFrame) -> Lineage:
    old, new = fate[fate["fate"] != "born"], fate[fate["fate"] != "ended"]
    codes = new["code"].to_numpy(dtype=str)
    outlines = new["now"].to_numpy(dtype=object)
    return gis.lineage.between(
        (old["code"].to_numpy(dtype=str), old["was"].to_numpy(dtype=object)),
        (codes, outlines),
        units=_movers(db, codes, outlines),
    )


_HOMES = """
    SELECT f.code, ST_X(d.geom), ST_Y(d.geom), count(*)
    FROM fate f JOIN dwelling d ON d.cell_id = f.was_id JOIN household h ON h.dwelling_id = d.id
    GROUP BY f.code, d.geom
"""


def _movers(
    db: Session, codes: npt.NDArray[np.str_], outlines: npt.NDArray[np.object_]
) -> pd.DataFrame:
    """Households of the touched cells by where they are filed now and where they will be."""
    rows = [tuple(row) for row in db.execute(sa.text(_HOMES))]
    homes = pd.DataFrame(rows, columns=["before", "lon", "lat", "households"])
    spots = np.asarray(shapely.points(homes["lon"].astype(float), homes["lat"].astype(float)))
    at = gis.locate.cell_of(spots, outlines, codes)
    named = np.append(codes, gis.lineage.NOWHERE)
    homes["after"] = named[np.where(at < 0, len(codes), at)]
    return homes[["before", "after", "households"]].astype({"households": float})


_LINE = {
    "parent_code": "text",
    "child_code": "text",
    "kind": "text",
    "households": "float8",
    "area_m2": "float8",
    "households_share": "float8",
    "area_share": "float8",
}
_WRITE_LINEAGE = """
    INSERT INTO cell_lineage (number, parent_code, child_code, parent_id, child_id, kind,
                              households, area_m2, households_share, area_share)
    SELECT %(number)s, s.parent_code, s.child_code, p.was_id, coalesce(c.was_id, c.draft_id),
           s.kind, s.households, s.area_m2, s.households_share, s.area_share
    FROM staged s LEFT JOIN fate p ON p.code = s.parent_code AND p.fate <> 'born'
    LEFT JOIN fate c ON c.code = s.child_code AND c.fate <> 'ended'
"""


def _write_lineage(db: Session, number: int, lineage: Lineage) -> None:
    links = lineage.links.rename(columns={"parent": "parent_code", "child": "child_code"})
    with data.db.cursor(db) as cursor:
        data.intake.stage(cursor, links, _LINE)
        cursor.execute(_WRITE_LINEAGE, {"number": number})


# The cells

_END = """
    UPDATE grid_cell c SET since = coalesce(c.since, :old_number),
        valid_to = least(c.valid_to, :on)
    FROM fate f WHERE f.fate = 'ended' AND f.was_id = c.id
"""
_ALONG = """
    UPDATE grid_cell SET since = coalesce(since, :old_number), plan_id = :plan
    WHERE plan_id = :force AND id NOT IN (SELECT was_id FROM fate WHERE fate = 'ended')
"""
_CLEAR_DRAFT = """
    DELETE FROM grid_cell c WHERE plan_id = :plan
      AND NOT EXISTS (SELECT FROM fate f WHERE f.fate = 'born' AND f.draft_id = c.id)
"""
_ARCHIVE = """
    INSERT INTO grid_cell (plan_id, code, name, kind, division_code, parent_code, area_no,
                           households_declared, valid_from, valid_to, since, changed_at, geom)
    SELECT :force, c.code, c.name, c.kind, c.division_code, c.parent_code, c.area_no,
           c.households_declared, c.valid_from, least(c.valid_to, :on), c.since, c.changed_at,
           c.geom
    FROM fate f JOIN grid_cell c ON c.id = f.was_id WHERE f.fate = 'changed'
"""
_CHANGE = f"""
    UPDATE grid_cell c SET ({_TOLD}, since, changed_at) =
        (SELECT {", ".join(f"f.{name.strip()}" for name in _TOLD.split(","))}, :number, now())
    FROM fate f WHERE f.fate = 'changed' AND f.was_id = c.id
"""
# One that nobody named is called as the page of the draft called it, by its community and the end
# of its code. A number of an area that another cell has got meanwhile is no longer free.
_BEAR = """
    UPDATE grid_cell c SET since = :number, version = 0, valid_from = coalesce(c.valid_from, :on),
        geom = f.geom,
        name = CASE WHEN :drawn AND c.name = c.code THEN coalesce((
            SELECT concat_ws(' ', d.name, regexp_replace(c.code, '^\\d{3,}(\\d{3})$', '\\1'))
            FROM division d WHERE d.code = c.division_code
            ORDER BY d.valid_from DESC LIMIT 1), c.name) ELSE c.name END,
        area_no = CASE WHEN EXISTS (SELECT FROM grid_cell o WHERE o.area_no = c.area_no
                                    AND o.id <> c.id) THEN 0 ELSE c.area_no END
    FROM fate f WHERE f.fate = 'born' AND f.draft_id = c.id
"""


def _write_cells(db: Session, plan: GridPlan, force: GridPlan, number: int, on: date) -> None:
    values = {
        "plan": plan.id,
        "force": force.id,
        "number": number,
        "old_number": force.number,
        "on": on,
        "drawn": plan.base_id is not None,
    }
    for statement in (_CLEAR_DRAFT, _END, _ALONG, _ARCHIVE, _CHANGE, _BEAR):
        db.execute(sa.text(statement), values)
    data.grid.number_areas(db)
