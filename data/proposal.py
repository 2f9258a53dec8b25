"""派遣方案 in the store: the cases that wait, with all that says who can go."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.areas
import data.clock
import data.db
import data.duty
import gis.clock
from data.locate import IN_FORCE
from gis.duty_facts import Posted
from gis.errors import BadInput
from gis.proposal import Waiting
from gis.terms import Clock

MOST = 20_000

_WAITING = """
    SELECT f.id, f.code, f.version, f.title, n.amount, n.clock
    FROM case_file f LEFT JOIN case_condition n ON n.id = f.condition_id
    WHERE f.state = 'filed' AND f.joined_to IS NULL AND {where}
    ORDER BY f.filed_at, f.id LIMIT :most
"""
_EVERYWHERE = "true"
_NAMED = "f.code = ANY (:codes)"
_IN_AREA = "(f.cell_id = ANY (:cells) OR f.desk_code = ANY (:divisions))"


def waiting(
    db: Session,
    *,
    now: datetime,
    area: str | None = None,
    codes: Sequence[str] | None = None,
    most: int = MOST,
) -> list[Waiting]:
    """The filed cases of an area (default: all in charge) that nobody has yet, the oldest first.

    A case would have to be done by its limit from `now` on. With `codes`, of those only.

    Raises:
        NotFound: the area is neither a cell nor a division.
    """
    where, values = (_IN_AREA, data.areas.held(db, area)) if area else (_EVERYWHERE, {})
    if codes is not None:
        where, values = f"{where} AND {_NAMED}", {**values, "codes": list(codes)}
    query = sa.text(_WAITING.format(where=where))
    rows = db.execute(query, {**values, "most": most}).all()
    inquiries = data.duty.gather(db, [row.id for row in rows], at=now)
    due = _due(db, ((row.amount, row.clock) for row in rows), now)
    return [
        Waiting(row.id, row.code, row.version, row.title, due[row.amount, row.clock],
                *inquiries[row.id])
        for row in rows
    ]  # fmt: skip


def _due(
    db: Session, limits: Iterable[tuple[float | None, str | None]], now: datetime
) -> dict[tuple[float | None, str | None], datetime | None]:
    """When a case of each limit would be due; each limit is reckoned once."""
    calendar = data.clock.calendar(db)
    return {
        (amount, clock): gis.clock.due_at(now, amount, clock=Clock(clock), calendar=calendar)
        if amount and clock
        else None
        for amount, clock in set(limits)
    }


_CELLS_OF = f"""
    SELECT DISTINCT p.cell_id FROM post p JOIN worker w ON w.id = p.worker_id
    WHERE w.code = ANY (:codes) AND p.cell_id IN (SELECT id FROM grid_cell WHERE {IN_FORCE})
"""


def posts(db: Session, codes: Iterable[str], *, now: datetime) -> dict[str, list[Posted]]:
    """The posts that these workers have on that day, by the worker's code."""
    named = set(codes)
    cells = data.duty.cells(db, db.scalars(sa.text(_CELLS_OF), {"codes": sorted(named)}))
    found: dict[str, list[Posted]] = defaultdict(list)
    for some in data.duty.posted(db, cells, at=now).values():
        for one in some:
            if one.person.code in named:
                found[one.person.code].append(one)
    return dict(found)


_NUMBERS = "SELECT code, id FROM {table} WHERE code = ANY (:codes)"
_TABLES = {"worker": "worker", "unit": "network_unit"}


def numbers(db: Session, codes: Mapping[str, Iterable[str]]) -> dict[tuple[str, str], int]:
    """Number of each `worker` and `unit` that is named by its code: (which, code) → number.

    Raises:
        BadInput: naming in `faults` all codes that name nobody.
    """
    found: dict[tuple[str, str], int] = {}
    faults = []
    for which, named in codes.items():
        query = sa.text(_NUMBERS.format(table=_TABLES[which]))
        known = {row.code: row.id for row in db.execute(query, {"codes": sorted(set(named))})}
        found |= {(which, code): number for code, number in known.items()}
        faults += [f"no {which} has the code {code!r}" for code in sorted(set(named) - set(known))]
    if faults:
        raise BadInput("; ".join(faults) + "; nothing was done", faults=faults)
    return found
