"""网格方案: drafts begun, edited, checked and given up; a plan published, with all that follows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.files.write
import data.grid
import data.hand_over
import data.journal
import data.plan_cells
import data.plans
import data.plans_compare
import data.plans_edit
import data.plans_look
import data.plans_publish
import data.scope
import gis.plan_check
import gis.plan_words
from api.actions.register import require
from data.models import GridPlan
from data.plans_compare import Compared
from data.plans_edit import Edited
from data.plans_publish import Published
from gis.access import Right, Viewer
from gis.errors import BadInput, Conflict, Fault, TooLarge
from gis.plan import Plan
from gis.plan_edit import Operation
from gis.plan_findings import Finding
from gis.terms import Progress, quiet

# Drafts


def known(store: sa.Engine, *, by: Viewer) -> list[dict[str, Any]]:
    """List the plans."""
    with data.scope.transaction(store, by, keep=False) as db:
        return data.plans.known(db)


def begin(
    store: sa.Engine, name: str, *, area: str | None, source: str | None, by: Viewer
) -> dict[str, Any]:
    """Begin a draft of the division `area`, or of everything, from a plan; else from that in force.

    Raises:
        BadInput, Conflict: the name. NotFound: no such plan or division.
        NotAllowed: the division is not in the viewer's charge.
    """
    require(by, Right.PLAN)
    with data.scope.transaction(store, by) as db:
        start = data.grid.plan_named(db, source) if source else None
        plan = data.plans.draw(db, name, area=area, source=start)
        cells = data.grid.count_cells(db, plan)
        data.journal.write(
            db, actor=by.login, act="plan-new", subject=name, area=area, source=source, cells=cells
        )
    return {"name": name, "area": area, "cells": cells}


def drop(store: sa.Engine, name: str, *, by: Viewer) -> None:
    """Give a draft up.

    Raises:
        NotFound: no plan has that name. Conflict: it is no draft.
    """
    require(by, Right.PLAN)
    with data.scope.transaction(store, by) as db:
        data.plans.drop(db, name)
        data.journal.write(db, actor=by.login, act="plan-drop", subject=name)


def shown(
    store: sa.Engine, name: str, *, by: Viewer, today: date
) -> tuple[Plan, list[dict[str, Any]]]:
    """A plan as a value, and its edits, the first first.

    Raises:
        NotFound: no plan has that name.
    """
    require(by, Right.COUNTS)
    with data.scope.transaction(store, by, keep=False) as db:
        plan = data.grid.plan_named(db, name)
        return data.plans.value(db, plan, on=today), data.plans_edit.edits(db, plan)


def edit(
    store: sa.Engine,
    name: str,
    operation: Operation,
    *,
    by: Viewer,
    today: date,
    seen: int | None = None,
) -> Edited:
    """Apply an operation to a draft; `seen` is the version that the planner has before him.

    Raises:
        Conflict: somebody else changed a cell of it since. BadInput, NotFound: what speaks
        against the operation; nothing was done.
    """
    require(by, Right.PLAN)
    with data.scope.transaction(store, by) as db:
        plan = data.plans.draft_named(db, name)
        edited = data.plans_edit.edit(db, plan, operation, by=by, on=today, seen=seen)
        edit_line(db, plan, edited, gis.plan_words.told(operation)["kind"], by)
        return edited


def mend(
    store: sa.Engine, name: str, *, by: Viewer, today: date
) -> tuple[Edited | None, list[tuple[Finding, str]]]:
    """Apply the repairs that the check of a draft proposes, as one edit.

    Returns:
        The edit, None where nothing could be mended; and the findings that stay, each with why.

    Raises:
        NotFound: no plan has that name. Conflict: it is no draft.
    """
    require(by, Right.PLAN)
    with data.scope.transaction(store, by) as db:
        plan = data.plans.draft_named(db, name)
        before = data.plans.value(db, plan, on=today)
        findings = gis.plan_check.check(before)
        after, left = gis.plan_check.mend(before, findings)
        mended = len(findings) - len(left)
        if not mended:
            return None, left
        what = {"mended": mended, "left": len(left)}
        edited = data.plans_edit.keep(db, plan, before, after, kind="mend_all", what=what, by=by)
        edit_line(db, plan, edited, "mend_all", by)
        return edited, left


def undo(store: sa.Engine, name: str, *, by: Viewer) -> Edited:
    """Take back one's last edit of a draft; see `data.plans_edit.undo`."""
    require(by, Right.PLAN)
    with data.scope.transaction(store, by) as db:
        plan = data.plans.draft_named(db, name)
        edited = data.plans_edit.undo(db, plan, by=by)
        edit_line(db, plan, edited, "undo", by)
        return edited


def redo(store: sa.Engine, name: str, *, by: Viewer) -> Edited:
    """Do again what one took back last; see `data.plans_edit.redo`."""
    require(by, Right.PLAN)
    with data.scope.transaction(store, by) as db:
        plan = data.plans.draft_named(db, name)
        edited = data.plans_edit.redo(db, plan, by=by)
        edit_line(db, plan, edited, "redo", by)
        return edited


def edit_line(db: Session, plan: GridPlan, edited: Edited, kind: str, by: Viewer) -> None:
    """Write the line of the journal about an edit."""
    data.journal.write(
        db, actor=by.login, act="plan-edit", subject=plan.name, edit=edited.number, kind=kind,
        born=edited.born, ended=edited.ended, changed=edited.changed,
    )  # fmt: skip


# In force


def consequences(
    store: sa.Engine, name: str, *, by: Viewer, today: date, progress: Progress = quiet
) -> Published:
    """What publishing a draft today would do; nothing is kept."""
    return _published(store, name, by=by, today=today, progress=progress, keep=False)


def publish(
    store: sa.Engine, name: str, *, by: Viewer, today: date, progress: Progress = quiet
) -> Published:
    """Put a draft in force today, with all that follows, or nothing of it.

    Raises:
        NotFound: no plan has that name. Conflict: it is no draft, or was overtaken.
    """
    return _published(store, name, by=by, today=today, progress=progress, keep=True)


def _published(
    store: sa.Engine, name: str, *, by: Viewer, today: date, progress: Progress, keep: bool
) -> Published:
    require(by, Right.PLAN)
    with data.scope.transaction(store, by, keep=keep) as db:
        plan = data.plans.draft_named(db, name)
        done = data.plans_publish.publish(db, plan, by=by, on=today, progress=progress)
        if keep:
            data.journal.write(db, actor=by.login, act="publish", subject=name, **told(done))
        return done


def told(done: Published) -> dict[str, Any]:
    """A publication as the journal keeps it."""
    return {
        "number": done.number,
        "retired": done.retired,
        "born": len(done.born),
        "ended": done.ended[:100],
        "changed": len(done.changed),
        "posts_begun": done.posts_begun,
        "posts_ended": done.posts_ended,
        "cases_moved": done.cases_moved,
        "charges_idle": done.charges_idle,
        "moved": {one.kind: one.moved for one in done.filed},
    }


def publish_on(
    store: sa.Engine,
    name: str,
    day: date | None,
    *,
    by: Viewer,
    today: date,
    seen: int | None = None,
) -> None:
    """Tell the day on which a draft is to be published by itself; None takes that back.

    Raises:
        BadInput: the day is over. Conflict: the draft is not at the version `seen` any more.
    """
    require(by, Right.PLAN)
    if day is not None and day < today:
        said = f"{day} is over; a plan is published today or later"
        raise BadInput(Fault("over", said, day=day), field="on")
    with data.scope.transaction(store, by) as db:
        plan = data.plans.draft_named(db, name)
        if day is not None and seen not in (None, plan.version):
            said = (
                f"the draft was changed since you saw it: you saw version {seen}, it is at "
                f"{plan.version}; look again at what publishing does. Nothing was done"
            )
            raise Conflict(Fault("publish_unseen", said, seen=seen, version=plan.version))
        plan.publish_on, plan.publish_refused = data.plan_cells.by_the_store(db, day, today), None
        db.flush()
        data.journal.write(db, actor=by.login, act="plan-publish-on", subject=name, on=day)


# Looking back


def cell_on(store: sa.Engine, asked: str, day: date, *, by: Viewer) -> dict[str, Any]:
    """Which cell a place (`lon,lat` in WGS-84 degrees), or the ground of a cell's code, was in on a
    day, who answered for it, and what became of it since; the last two for whoever may count.

    Raises:
        NotFound: no plan was in force, or no cell was there. BadInput: neither place nor code.
    """
    with data.scope.transaction(store, by, keep=False) as db:
        found = data.plans_look.cell_on(db, asked, day)
    return found if by.may(Right.COUNTS) else found | {"posts": []}


# Comparing


def compared(
    store: sa.Engine, one: str, other: str, *, by: Viewer, today: date, closely: bool = False,
    communities: Sequence[str] = (),
) -> Compared:  # fmt: skip
    """Two plans side by side, the earlier first; see `data.plans_compare.compared`.

    Raises:
        NotFound: no plan has one of the names. TooLarge: see there.
    """
    require(by, Right.PLAN)
    with data.scope.transaction(store, by, keep=False) as db:
        plans = [data.grid.plan_named(db, name) for name in (one, other)]
        return data.plans_compare.compared(
            db, *plans, on=today, closely=closely, communities=communities
        )


def write_hand_overs(store: sa.Engine, found: Compared, path: Path, *, by: Viewer) -> int:
    """Write what gets another worker, place by place, to an .xlsx with a sheet for each worker, or
    to one .csv; return the lines.

    It names places and workers, no resident; the journal keeps that it left.

    Raises:
        TooLarge: the comparison left something out, and who works by a list takes it for whole.
    """
    if found.left_out:
        said = (
            f"more stands in the cells that differ than is listed here at once; ask for some "
            f"communities at a time, without {', '.join(found.left_out[:5])} …, or write the whole "
            "list at the command line, with wangge plan compare"
        )
        raise TooLarge(Fault("large_list", said), left_out=found.left_out)
    with data.scope.transaction(store, by) as db:
        table = data.files.write.harmless(data.hand_over.named(db, found.hand_overs))
        with data.files.write.whole(path) as part:
            if path.suffix.lower() == ".csv":
                data.files.write.write_table(data.hand_over.all_of(table), part)
            else:
                data.files.write.write_book(data.hand_over.by_worker(table), part)
        plans = [found.old.name, found.new.name]
        data.journal.write(
            db, actor=by.login, act="export", subject="hand-over", plans=plans, rows=len(table),
            file=path.name,
        )  # fmt: skip
    return len(table)


# Files


def write_findings(findings: Sequence[Finding], path: Path) -> None:
    """Write what a check found as GeoJSON (WGS-84), with the repairs it proposes."""
    told = [gis.plan_words.finding_told(one) for one in findings]
    features = [
        {"type": "Feature", "geometry": one.pop("ground"), "properties": one} for one in told
    ]
    with data.files.write.whole(path) as part:
        part.write_bytes(orjson.dumps({"type": "FeatureCollection", "features": features}))
