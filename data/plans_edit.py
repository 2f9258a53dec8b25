"""编辑 of drafts: an operation becomes the cells it changed; what was before and after is kept.

Two planners may edit one draft: each tells the version he saw. Cells nobody else touched since
merge; one that somebody did is a conflict which names it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.db
import data.grid
import data.intake
import data.plans
import data.plans_near
import gis.plan_edit
import gis.plan_log
import gis.plan_words
from data.models import GridPlan
from gis.access import Viewer
from gis.errors import BadInput, Conflict, Fault, NotFound
from gis.plan import Plan
from gis.plan_edit import Operation

_VALUES = (
    "name, kind, division_code, parent_code, area_no, households_declared, valid_from, valid_to, "
    "geom"
)
_STAGED = {
    "code": "text",
    "name": "text",
    "kind": "text",
    "division_code": "text",
    "parent_code": "text",
    "geom": "geometry(MultiPolygon, 4326)",
}
_TOLD = ["name", "kind", "division_code", "parent_code"]


@dataclass(frozen=True)
class Edited:
    """What an edit did to a draft: its number, and the codes it ended, changed and made."""

    number: int
    ended: list[str]
    changed: list[str]
    born: list[str]


# Editing


def edit(
    db: Session,
    plan: GridPlan,
    operation: Operation,
    *,
    by: Viewer,
    on: date,
    seen: int | None = None,
) -> Edited:
    """Apply an operation to a draft that is locked (`data.plans.draft_named`), and keep it.

    Args:
        seen: the version the planner had before him; without it, that which stands.

    Raises:
        Conflict: somebody else changed a cell of it since; names it, him and when.
        BadInput, NotFound: what speaks against the operation.
    """
    since = plan.version if seen is None else seen
    try:
        before = data.plans_near.value(db, plan, [operation], on=on)
        change = gis.plan_edit.apply(before, operation)
    except NotFound as error:
        _refuse_changed(db, plan, [str(error.facts.get("cell", ""))], since, by)
        raise
    except BadInput:  # perhaps only because the cells are no longer what he saw
        if since < plan.version:
            _refuse_changed(db, plan, data.plans_near.touched(db, plan, operation), since, by)
        raise
    _refuse_changed(db, plan, before.codes[change.gone].tolist(), since, by)
    words = gis.plan_words.told(operation)
    return keep(db, plan, before, change.plan, kind=words.pop("kind"), what=words, by=by)


def keep(
    db: Session,
    plan: GridPlan,
    before: Plan,
    after: Plan,
    *,
    kind: str,
    what: Mapping[str, Any],
    by: Viewer,
    seen: int | None = None,
) -> Edited:
    """Write what became of the cells of a locked draft as one edit, told by `kind` and `what`.

    Raises:
        Conflict: with `seen`, somebody else changed one of these cells since.
    """
    gone, frame = difference(before, after)
    if seen is not None:
        _refuse_changed(db, plan, [*gone, *frame["code"]], seen, by)
    with data.db.cursor(db) as cursor:
        data.intake.stage(cursor, frame, _STAGED)
        cursor.execute(_NO_PUT)
        cursor.execute(_FILL, {"plan": plan.id})
    return _put(db, plan, gone, kind=kind, what=what, by=by)


def difference(before: Plan, after: Plan) -> tuple[list[str], pd.DataFrame]:
    """The codes that one value has and the next has not; the cells that are new or differ."""
    was = before.cells.set_index("code")[_TOLD].reindex(after.codes)
    now = after.cells.set_index("code")[_TOLD]
    at = np.array([before.position.get(code, -1) for code in after.codes.tolist()], dtype=np.intp)
    same = np.zeros(len(after), dtype=bool)
    known = at >= 0
    same[known] = shapely.equals_exact(before.shapes[at[known]], after.shapes[known])
    same &= (was.fillna("") == now.fillna("")).all(axis=1).to_numpy()
    rows = after.cells.loc[~same, ["code", *_TOLD]].reset_index(drop=True)
    gone = sorted(set(before.codes.tolist()) - set(after.codes.tolist()))
    return gone, rows.assign(geom=data.intake.ewkb(_multi(after.shapes[~same])))


def _multi(shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    parts, owner = shapely.get_parts(shapes, return_index=True)
    whole = np.empty(0, dtype=object)
    return np.asarray(shapely.multipolygons(parts, indices=owner)) if len(parts) else whole


# What a value does not tell stays as it is; empty texts of a value are nulls of the store
_NO_PUT = "DROP TABLE IF EXISTS put"
_FILL = """
    CREATE TEMP TABLE put ON COMMIT DROP AS
    SELECT s.code, s.name, s.kind, nullif(s.division_code, '') AS division_code,
           nullif(s.parent_code, '') AS parent_code, coalesce(c.area_no, 0) AS area_no,
           c.households_declared, c.valid_from, c.valid_to, s.geom
    FROM staged s LEFT JOIN grid_cell c ON c.code = s.code AND c.plan_id = %(plan)s
"""
_NUMBER = "UPDATE grid_plan SET version = version + 1 WHERE id = :plan RETURNING version"
_TELL = """
    INSERT INTO plan_edit (plan_id, number, at, account, actor, kind, what)
    VALUES (:plan, :number, clock_timestamp(), :account, :actor, :kind, CAST(:what AS jsonb))
"""
_KEEP = f"""
    INSERT INTO plan_edit_cell (plan_id, number, is_after, code, {_VALUES})
    SELECT plan_id, :number, :is_after, code, {_VALUES} FROM grid_cell
    WHERE plan_id = :plan AND (code = ANY (:gone) OR code IN (SELECT code FROM put))
    RETURNING code
"""
_END = "DELETE FROM grid_cell WHERE plan_id = :plan AND code = ANY (:gone)"
_CHANGE = f"""
    UPDATE grid_cell c SET ({_VALUES}, version, changed_at) =
        (SELECT {", ".join(f"p.{name.strip()}" for name in _VALUES.split(","))}, :number, now())
    FROM put p WHERE c.plan_id = :plan AND c.code = p.code
    RETURNING c.id
"""
_ADD = f"""
    INSERT INTO grid_cell (plan_id, version, code, {_VALUES})
    SELECT :plan, :number, code, {_VALUES} FROM put p
    WHERE NOT EXISTS (SELECT FROM grid_cell c WHERE c.plan_id = :plan AND c.code = p.code)
    RETURNING code, id
"""


def _put(
    db: Session,
    plan: GridPlan,
    gone: list[str],
    *,
    kind: str,
    what: Mapping[str, Any],
    by: Viewer,
) -> Edited:
    """Put the cells of the temporary table `put` into a draft, end those `gone`; one edit."""
    number = int(db.scalar(sa.text(_NUMBER), {"plan": plan.id}) or 0)
    told = {
        "account": by.account,
        "actor": by.login,
        "kind": kind,
        "what": orjson.dumps(dict(what), default=str).decode(),
    }
    values = {"plan": plan.id, "number": number, "gone": gone}
    db.execute(sa.text(_TELL), {**values, **told})
    found = set(db.scalars(sa.text(_KEEP), {**values, "is_after": False}))
    db.execute(sa.text(_END), values)
    changed = db.scalars(sa.text(_CHANGE), values).all()
    born = {row[0]: row[1] for row in db.execute(sa.text(_ADD), values)}
    data.grid.number_areas(db, only=[*changed, *born.values()])
    db.execute(sa.text(_KEEP), {**values, "is_after": True})
    db.refresh(plan)
    return Edited(number, gone, sorted(found - set(gone)), sorted(born))


# Conflicts

_SINCE = """
    SELECT DISTINCT ON (c.code) c.code, e.number, e.actor, e.at
    FROM plan_edit_cell c JOIN plan_edit e USING (plan_id, number)
    WHERE c.plan_id = :plan AND e.number > :since
      AND CASE WHEN (e.account, e.actor) = (:account, :actor) THEN :own
               ELSE c.code = ANY (:codes) END
    ORDER BY c.code, e.number DESC
"""


def _refuse_changed(
    db: Session, plan: GridPlan, codes: Any, since: int, by: Viewer, *, own: bool = False
) -> None:
    """See that nobody else changed these cells since; with `own`, nor he himself any cell.

    Raises:
        Conflict: naming each, by whom and when.
    """
    values = {"plan": plan.id, "codes": sorted(codes), "since": since, "own": own, **_who(by)}
    rows = db.execute(sa.text(_SINCE), values).all()
    _refuse(plan, [tuple(row) for row in rows], since)


def _who(by: Viewer) -> dict[str, Any]:
    return {"account": by.account, "actor": by.login}


def _refuse(plan: GridPlan, rows: list[tuple[Any, ...]], since: int) -> None:
    if not rows:
        return
    told = "; ".join(f"{code} by {actor} at {at:%Y-%m-%d %H:%M}" for code, _, actor, at in rows)
    said = (
        f"cells of plan {plan.name!r} were changed since version {since}: {told}. "
        f"It is at version {plan.version}; look again. Nothing was done"
    )
    first = {"cell": rows[0][0], "actor": rows[0][2], "at": rows[0][3]}
    raise Conflict(
        Fault("conflict", said, **first),
        **first,
        cells=[row[0] for row in rows],
        seen=since,
        version=plan.version,
    )


# Undo and redo


def edits(db: Session, plan: GridPlan) -> list[dict[str, Any]]:
    """List the edits of a draft, the first first."""
    query = "SELECT number, at, actor, kind, what FROM plan_edit WHERE plan_id = :p ORDER BY number"
    return [dict(row) for row in db.execute(sa.text(query), {"p": plan.id}).mappings()]


_LAST = """
    SELECT e.number, e.at, e.actor, e.kind, e.what, ARRAY(
        SELECT DISTINCT c.code FROM plan_edit_cell c
        WHERE (c.plan_id, c.number) = (e.plan_id, e.number) ORDER BY c.code) AS cells
    FROM plan_edit e WHERE e.plan_id = :p ORDER BY e.number DESC LIMIT :most
"""


def last_edits(db: Session, plan: GridPlan, most: int) -> list[dict[str, Any]]:
    """The last edits of a draft, the newest first, each with the codes of its cells."""
    values = {"p": plan.id, "most": most}
    return [dict(row) for row in db.execute(sa.text(_LAST), values).mappings()]


def steps(db: Session, plan: GridPlan, *, by: Viewer) -> tuple[bool, bool]:
    """Whether `by` has an edit of a draft to take back, and one to do again."""
    log = _log(db, plan)
    return _is_there(gis.plan_log.to_undo, log, by), _is_there(gis.plan_log.to_redo, log, by)


def _is_there(
    step: Callable[[list[gis.plan_log.Edit], str], int], log: list[gis.plan_log.Edit], by: Viewer
) -> bool:
    try:
        return bool(step(log, by.login))
    except NotFound:
        return False


def undo(db: Session, plan: GridPlan, *, by: Viewer, seen: int | None = None) -> Edited:
    """Take back the last edit that `by` made of a locked draft.

    Args:
        seen: the version he had before him; without it, that which stands.

    Raises:
        NotFound: he made none. Conflict: somebody changed these cells later, or since `seen`, or
        he himself any since that; names them.
    """
    number = gis.plan_log.to_undo(_log(db, plan), by.login)
    return _take_back(db, plan, number, kind=gis.plan_log.UNDO, by=by, seen=seen)


def redo(db: Session, plan: GridPlan, *, by: Viewer, seen: int | None = None) -> Edited:
    """Do again what `by` last took back; `seen`, and what is raised, as for `undo`."""
    number = gis.plan_log.to_redo(_log(db, plan), by.login)
    return _take_back(db, plan, number, kind=gis.plan_log.REDO, by=by, seen=seen)


def _log(db: Session, plan: GridPlan) -> list[gis.plan_log.Edit]:
    return [
        gis.plan_log.Edit(one["number"], one["actor"], one["kind"], one["what"].get("of"))
        for one in edits(db, plan)
    ]


_TOUCHED = "SELECT DISTINCT code FROM plan_edit_cell WHERE plan_id = :plan AND number = :number"
# Where what an edit left is not what stands now, and who else changed it last
_LATER = f"""
    WITH touched AS ({_TOUCHED}),
    was AS (
        SELECT code, {_VALUES} FROM plan_edit_cell
        WHERE plan_id = :plan AND number = :number AND is_after
    ),
    now AS (
        SELECT code, {_VALUES} FROM grid_cell
        WHERE plan_id = :plan AND code IN (SELECT code FROM touched)
    )
    SELECT code, e.number, e.actor, e.at
    FROM was FULL JOIN now USING (code) CROSS JOIN LATERAL (
        SELECT e.* FROM plan_edit e JOIN plan_edit_cell c USING (plan_id, number)
        WHERE c.plan_id = :plan AND c.code = coalesce(was.code, now.code)
        ORDER BY (e.account, e.actor) = (:account, :actor), e.number DESC LIMIT 1) e
    WHERE was IS DISTINCT FROM now ORDER BY code COLLATE "C"
"""
_BACK = f"""
    CREATE TEMP TABLE put ON COMMIT DROP AS
    SELECT code, {_VALUES} FROM plan_edit_cell
    WHERE plan_id = %(plan)s AND number = %(number)s AND NOT is_after
"""
_MADE = """
    SELECT code FROM plan_edit_cell WHERE plan_id = :plan AND number = :number AND is_after
    EXCEPT
    SELECT code FROM plan_edit_cell WHERE plan_id = :plan AND number = :number AND NOT is_after
"""


def _take_back(
    db: Session, plan: GridPlan, number: int, *, kind: str, by: Viewer, seen: int | None
) -> Edited:
    values = {"plan": plan.id, "number": number}
    rows = db.execute(sa.text(_LATER), {**values, **_who(by)}).all()
    _refuse(plan, [tuple(row) for row in rows], number)
    if seen is not None:  # what he did since, elsewhere, is not what he means to take back here
        _refuse_changed(db, plan, db.scalars(sa.text(_TOUCHED), values), seen, by, own=True)
    with data.db.cursor(db) as cursor:
        cursor.execute(_NO_PUT)
        cursor.execute(_BACK, values)
    gone = sorted(db.scalars(sa.text(_MADE), values))
    return _put(db, plan, gone, kind=kind, what={"of": number}, by=by)
