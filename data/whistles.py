"""吹哨 as it stands in the store, locked for one act; who may act on it is asked here.

An act locks the case first and then its whistles, so acts about one case wait for each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.cases
import gis.network
from data.cases import Case
from gis.access import Viewer
from gis.calendar import Calendar
from gis.cases import Said
from gis.errors import Conflict, NotFound
from gis.network import Party, Whistle
from gis.terms import Move, Part, PartyState, WhistleKind, WhistleState


@dataclass(frozen=True)
class Acting:
    """Who acts when. `seen` is the version of the whistle, or of the party, he has before him.

    The same `request_id` again does nothing: acts tell whether they did something.
    """

    by: Viewer
    now: datetime
    calendar: Calendar
    seen: int | None = None
    request_id: str | None = None


@dataclass(frozen=True)
class Kept:
    """A whistle as the store keeps it."""

    id: int
    version: int
    whistle: Whistle
    rows: dict[int, Any]
    """Number of a party → its row: `id`, `version`, `unit_id`, `member_id`, deadlines."""


_WHISTLES = """
    SELECT w.id, w.version, w.round, w.kind, w.state, w.account, w.unit_id,
           w.approved_at IS NOT NULL AS approved
    FROM whistle w WHERE w.case_id = :case ORDER BY w.round FOR UPDATE OF w
"""
_PARTIES = """
    SELECT p.id, p.whistle_id, p.version, p.number, p.unit_id, p.member_id, p.part, p.state,
           p.claim_due_at, p.arrive_due_at, p.finish_due_at, p.rating IS NOT NULL AS rated,
           coalesce(p.unit_id, m.unit_id) AS unit,
           coalesce(u.name, '成员 ' || m.code, '成员') AS who
    FROM whistle_party p LEFT JOIN network_unit u ON u.id = p.unit_id
                         LEFT JOIN member m ON m.id = p.member_id
    WHERE p.whistle_id = ANY (:whistles) ORDER BY p.number
"""


def of_case(db: Session, case: Case) -> list[Kept]:
    """The whistles of a locked case, the first first, locked too."""
    rows = db.execute(sa.text(_WHISTLES), {"case": case.id}).all()
    found = db.execute(sa.text(_PARTIES), {"whistles": [row.id for row in rows]}).all()
    return [_kept(row, [one for one in found if one.whistle_id == row.id]) for row in rows]


def _kept(row: Any, parties: Sequence[Any]) -> Kept:
    told = tuple(
        Party(one.number, one.who, Part(one.part), PartyState(one.state), one.unit, one.rated)
        for one in parties
    )
    whistle = Whistle(
        row.round, WhistleKind(row.kind), WhistleState(row.state), row.account, row.unit_id,
        row.approved, told,
    )  # fmt: skip
    return Kept(row.id, row.version, whistle, {one.number: one for one in parties})


def of_round(db: Session, case: Case, number: int) -> Kept:
    """The whistle of that round.

    Raises:
        NotFound: there is none.
    """
    for kept in of_case(db, case):
        if kept.whistle.round == number:
            return kept
    raise NotFound(f"case {case.code} has no whistle {number}", value=number)


def unseen(kept: Kept, version: int, seen: int | None, what: str) -> None:
    """Refuse who decides by an older version than the store's.

    Raises:
        Conflict: naming both, and where the whistle stands now.
    """
    if seen is not None and seen != version:
        state = kept.whistle.state
        raise Conflict(
            f"{what} was changed since you saw it (you saw version {seen}, it is at {version}); "
            f"the whistle is now {state.label} {state}. Nothing was done",
            seen=seen,
            version=version,
            state=str(state),
        )


def in_charge(case: Case, by: Viewer) -> bool:
    """Whether a case lies in the viewer's charge, and he is not only called in to it."""
    return by.scope.holds(case.area_no)


def repeated(db: Session, case: Case, move: Move, how: Acting) -> bool:
    """Whether this very act was done before.

    Raises:
        Conflict: the request id was given to another act.
    """
    known = data.cases.told_as(db, how.request_id) if how.request_id else None
    if known not in {None, (case.id, move)}:
        raise Conflict(
            f"the request id {how.request_id!r} was given to another act; take a new one",
            field="request_id",
            value=how.request_id,
        )
    return known is not None


def tell(db: Session, case: Case, move: Move, said: Said, how: Acting) -> None:
    """Write the act's line on the case's timeline, once its right and its words are checked."""
    data.cases.move(db, case, move, said, by=how.by, now=how.now, request_id=how.request_id)


def change(db: Session, table: str, number: int, **values: Any) -> None:
    """Change columns of a whistle or a party; its version rises."""
    sets = "".join(f"{column} = :{column}, " for column in values)
    db.execute(
        sa.text(f"UPDATE {table} SET {sets}version = version + 1 WHERE id = :id"),
        {**values, "id": number},
    )


def begin(
    db: Session, code: str, number: int, move: Move, how: Acting, words: str = ""
) -> tuple[Case, Kept, WhistleState] | None:
    """Lock the case and the whistle and check the move; None when it was done before."""
    case = data.cases.locked(db, code)
    kept = of_round(db, case, number)
    if repeated(db, case, move, how):
        return None
    unseen(kept, kept.version, how.seen, f"whistle {number}")
    charge = in_charge(case, how.by)
    state = gis.network.check(kept.whistle, move, by=how.by, in_charge=charge, words=words)
    return case, kept, state
