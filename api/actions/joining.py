"""归格: file every record again, by the plan in force or by one that comes into force now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.grid
import data.journal
import data.locate
import data.plans
import data.plans_publish
import data.scope
from data.locate import Filed
from data.models import GridPlan
from gis.access import Viewer
from gis.errors import NotFound
from gis.terms import PlanState, Progress, quiet


@dataclass(frozen=True)
class Joined:
    """What a join did: the plan, the one it replaced, and each kind's filing."""

    plan: str
    retired: str | None
    filed: list[Filed]


def join(
    store: sa.Engine, *, plan: str | None, by: Viewer, today: date, progress: Progress = quiet
) -> Joined:
    """File every record by `plan`, which comes into force, or by the plan in force.

    A plan that retired comes back as a new one with its cells.

    Raises:
        NotFound: no such plan, or no plan at all.
    """
    with data.scope.transaction(store, by) as db:
        force = data.grid.plan_in_force(db)
        named = data.grid.plan_named(db, plan) if plan else force
        if named is None:
            raise NotFound("there are no cells yet; import some with: wangge import cells FILE")
        if named is force:
            joined = Joined(named.name, None, data.locate.refile(db, progress=progress))
        else:
            joined = _published(db, named, by=by, today=today, progress=progress)
        moved = {one.kind: one.moved for one in joined.filed}
        data.journal.write(db, actor=by.login, act="join", subject=joined.plan, moved=moved)
        return joined


def _published(
    db: Session, plan: GridPlan, *, by: Viewer, today: date, progress: Progress
) -> Joined:
    if plan.state == PlanState.RETIRED:
        known = len(data.plans.known(db))
        plan = data.plans.draw(db, f"{plan.name} ({known + 1})", source=plan)
    done = data.plans_publish.publish(db, plan, by=by, on=today, progress=progress)
    return Joined(done.plan, done.retired, done.filed)
