"""派遣 of many: propose who goes where, let the dispatcher change it, commit it whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa

import data.cases
import data.clock
import data.db
import data.journal
import data.proposal
import data.roads
import data.scope
import gis.proposal
from api.actions.register import require
from data.cases import Case
from gis.access import Right, Viewer
from gis.cases import Said
from gis.dispatch_pairs import Rules
from gis.errors import BadInput, Conflict
from gis.proposal import Proposal
from gis.reports import unreadable
from gis.terms import CaseState, Move


@dataclass(frozen=True)
class Choice:
    """A line of a proposal as the dispatcher wants it: the case as he saw it, and who goes.

    `worker` or `unit` is a code.
    """

    code: str
    version: int
    worker: str | None = None
    unit: str | None = None


def propose(
    store: sa.Engine,
    *,
    by: Viewer,
    now: datetime,
    area: str | None = None,
    codes: Sequence[str] | None = None,
    rules: Rules | None = None,
    held: Mapping[str, str] | None = None,
    most: int = data.proposal.MOST,
) -> Proposal:
    """Propose who goes to each filed case of an area; nothing is changed.

    With `codes`, to those of them that wait. `held` names, by case, the codes of workers chosen
    by hand, wherever they have their posts; `rules` holds the two dials.

    Raises:
        NotFound: the area is neither a cell nor a division.
        BadInput: somebody chosen by hand cannot go; says why.
    """
    require(by, Right.DISPATCH)
    with data.scope.transaction(store, by, keep=False) as db:
        local = now.astimezone(ZoneInfo(data.clock.calendar(db).zone))
        waiting = data.proposal.waiting(db, now=local, area=area, codes=codes, most=most)
        streets = data.roads.streets(db)
        posts = data.proposal.posts(db, held.values(), now=local) if held else {}
    return gis.proposal.propose(
        waiting, now=local, plane=streets.plane, roads=streets.roads, rules=rules or Rules(),
        held=held, elsewhere={code: some[0] for code, some in posts.items()},
    )  # fmt: skip


def by_hand(told: Sequence[str]) -> dict[str, str]:
    """Read `CASE=WORKER` pairs, as they are told on the command line and in addresses.

    Raises:
        BadInput: one of them is no such pair.
    """
    pairs = [one.rpartition("=") for one in told]
    if wrong := [
        one for one, (case, _, worker) in zip(told, pairs, strict=True) if not (case and worker)
    ]:
        raise BadInput(f"write CASE=WORKER, not {', '.join(map(repr, wrong))}", field="hand")
    return {case: worker for case, _, worker in pairs}


def send(
    store: sa.Engine, choices: Sequence[Choice], *, by: Viewer, now: datetime
) -> list[dict[str, object]]:
    """Dispatch all the cases as chosen, or, if any was moved meanwhile, none.

    Raises:
        BadInput: a case is named twice, or a line names not exactly one who goes.
        Conflict: what changed meanwhile, case by case, in `changed`; nothing was done.
    """
    require(by, Right.DISPATCH)
    _check(choices)
    with data.scope.transaction(store, by) as db:
        who = data.proposal.numbers(
            db,
            {
                "worker": [one.worker for one in choices if one.worker],
                "unit": [one.unit for one in choices if one.unit],
            },
        )
        cases = data.cases.locked_all(db, [one.code for one in choices])
        changed = [told for one in choices if (told := _changed(one, cases.get(one.code)))]
        if changed:
            raise Conflict(
                f"{len(changed)} of {len(choices)} cases changed meanwhile; nothing was done: "
                + "; ".join(str(one["reason"]) for one in changed[:5]),
                changed=changed,
            )
        calendar = data.clock.calendar(db)
        done = [
            data.cases.move(
                db, cases[one.code], Move.DISPATCH,
                Said(
                    worker=who.get(("worker", one.worker or "")),
                    unit=who.get(("unit", one.unit or "")),
                ),
                by=by, now=now, calendar=calendar,
            )
            for one in choices
        ]  # fmt: skip
        data.db.bump(db, "cases")
        data.journal.write(
            db, actor=by.login, act="dispatch", subject=f"{len(done)} cases",
            cases=[one.code for one in choices[:100]],
        )  # fmt: skip
    return [{"code": one.code, "version": one.version, "state": one.state} for one in done]


def _check(choices: Sequence[Choice]) -> None:
    codes = [one.code for one in choices]
    faults = [
        f"{code!r} is named twice" for code in sorted({c for c in codes if codes.count(c) > 1})
    ]
    faults += [
        f"say for {one.code!r} either a worker or a unit"
        for one in choices
        if (one.worker is None) == (one.unit is None)
    ]
    faults += [
        f"the code {code!a} {fault}"
        for one in choices
        for code in (one.code, one.worker or "", one.unit or "")
        if (fault := unreadable(code))
    ]
    if faults:
        raise BadInput("; ".join(faults), faults=faults)


def _changed(one: Choice, case: Case | None) -> dict[str, object] | None:
    if case is None:
        return {"code": one.code, "reason": f"case {one.code!r} is not in your charge"}
    if case.version == one.version and case.state is CaseState.FILED:
        return None
    return {
        "code": one.code,
        "seen": one.version,
        "version": case.version,
        "state": str(case.state),
        "reason": f"case {one.code} is {case.state.label} {case.state} by now "
        f"(you saw version {one.version}, it is at {case.version})",
    }
