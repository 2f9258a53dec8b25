"""归格: file every record again, by the plan in force or by one that comes into force now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

import data.grid
import data.journal
import data.locate
import data.scope
from data.locate import Filed
from gis.access import Viewer
from gis.errors import NotFound
from gis.terms import Progress, quiet


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

    Raises:
        NotFound: no such plan, or no plan at all.
    """
    with data.scope.transaction(store, by) as db:
        retired = data.grid.put_in_force(db, plan, today=today) if plan else None
        force = data.grid.plan_in_force(db)
        if force is None:
            raise NotFound("there are no cells yet; import some with: wangge import cells FILE")
        filed = data.locate.refile(db, progress=progress)
        moved = {one.kind: one.moved for one in filed}
        data.journal.write(db, actor=by.login, act="join", subject=force.name, moved=moved)
        return Joined(force.name, retired.name if retired else None, filed)
