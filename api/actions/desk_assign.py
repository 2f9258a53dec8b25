"""派遣 from the desk: lines for the cases that were picked or lie in a shape; nothing is sent yet.

`api.actions.dispatching.send` sends them, as the dispatcher changed them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

import api.actions.desk
import api.actions.dispatching
import data.clock
import data.desk_assign
import data.desk_inside
import data.desk_responders
import data.scope
from api.actions.desk import Drawn
from api.actions.register import require
from data.desk_responders import Wanted
from gis.access import Right, Viewer
from gis.dispatch_pairs import Rules
from gis.errors import BadInput
from gis.proposal import Item, Proposal

MOST = 2_000


@dataclass(frozen=True)
class To:
    """To whom: to whoever is proposed, or by code to one worker or one unit."""

    proposal: bool = False
    worker: str | None = None
    unit: str | None = None


@dataclass(frozen=True)
class Asked:
    """Which cases: by code, or those that lie in what was drawn; and how to propose."""

    to: To
    codes: Sequence[str] = ()
    drawn: Drawn | None = None
    rules: Rules = field(default_factory=Rules)
    held: Mapping[str, str] = field(default_factory=dict)


def responders(store: sa.Engine, wanted: Wanted, *, by: Viewer, now: datetime) -> dict[str, Any]:
    """Whom a dispatcher may send: `workers` with posts in his charge, `units`; nearest first."""
    require(by, Right.DISPATCH)
    with data.scope.transaction(store, by, keep=False) as db:
        local = now.astimezone(ZoneInfo(data.clock.calendar(db).zone))
        return data.desk_responders.listed(db, wanted, by=by, now=local)


def assign(
    store: sa.Engine, asked: Asked, *, by: Viewer, now: datetime
) -> tuple[Proposal, list[str]]:
    """Lines for the cases that wait, and the codes of those that were picked and do not wait.

    Raises:
        BadInput: not exactly one way to say which, or to whom; over 2,000 cases.
        NotFound: the worker, unit or what was drawn by code is not there.
    """
    require(by, Right.DISPATCH)
    codes = _codes(store, asked, by)
    if len(codes) > MOST:
        raise BadInput(f"{len(codes)} cases at once; at most {MOST}", field="codes")
    if asked.to.proposal:
        found = api.actions.dispatching.propose(
            store, by=by, now=now, codes=codes, rules=asked.rules, held=asked.held, most=MOST
        )
    else:
        found = _by_choice(store, codes, asked.to, by)
    met = {item.code for item in found.items}
    return found, [code for code in codes if code not in met]


def _codes(store: sa.Engine, asked: Asked, by: Viewer) -> Sequence[str]:
    told = [asked.to.proposal, asked.to.worker is not None, asked.to.unit is not None]
    if sum(told) != 1:
        raise BadInput("say to whom: proposal, or the code of one worker or one unit", field="to")
    if bool(asked.codes) == (asked.drawn is not None):
        raise BadInput("say which cases: either their codes, or draw where", field="codes")
    if asked.drawn is None:
        return list(dict.fromkeys(asked.codes))
    with data.scope.transaction(store, by, keep=False) as db:
        return data.desk_inside.filed(db, api.actions.desk.ground_of(db, asked.drawn, by=by))


def _by_choice(store: sa.Engine, codes: Sequence[str], to: To, by: Viewer) -> Proposal:
    which, code = ("worker", to.worker) if to.worker else ("unit", to.unit)
    assert code is not None
    with data.scope.transaction(store, by, keep=False) as db:
        name = data.desk_assign.name_of(db, which, code)
        rows = data.desk_assign.waiting(db, codes)
    items = [
        Item(
            row["code"],
            row["version"],
            row["title"],
            f"由派遣员指定：{name}",
            f"chosen by the dispatcher: {name}",
            worker=to.worker,
            unit=to.unit,
            name=name,
            cell=row["cell"],
            spot=None if row["lon"] is None else (row["lon"], row["lat"]),
        )
        for row in rows
    ]
    return Proposal(tuple(items), ())
