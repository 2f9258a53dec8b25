"""指标 over a re-draw: what ended before it counts in the cells of today.

A case that ended keeps the cell of its day. Its place tells which cell in force that is now,
exactly. Who has no place, and was settled into a cell that has ended, is shared out by households.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.indicators
import data.plans_look
import gis.lineage
from data.indicators import Key, Period
from data.locate import IN_FORCE
from gis.access import Scope
from gis.terms import ENDED_STATES

_ENDED = ", ".join(f"'{state}'" for state in ENDED_STATES)
# A day more than need be is looked at: by its place a case is where it is
_REFILED = f"""
    SELECT f.id, here.id AS cell_id
    FROM case_file f JOIN grid_cell c ON c.id = f.cell_id JOIN grid_plan p ON p.id = c.plan_id
    LEFT JOIN grid_plan drawn ON drawn.number = c.since AND drawn.number > 1
    LEFT JOIN LATERAL (
        SELECT id FROM grid_cell WHERE geom && f.geom AND ST_Intersects(geom, f.geom) AND {IN_FORCE}
        ORDER BY code COLLATE "C" LIMIT 1
    ) here ON true
    WHERE f.state IN ({_ENDED}) AND f.geom IS NOT NULL AND f.desk_code IS NULL
      AND (p.state <> 'published'
           OR NOT f.settled AND coalesce(drawn.valid_from > f.closed_at::date - 2, drawn.id > 0))
      AND coalesce(f.reported_at < :ends, true) AND coalesce(f.closed_at >= :begins, true)
      AND here.id IS DISTINCT FROM f.cell_id AND {data.indicators.COUNTED}
"""


def refiled(db: Session, period: Period, *, scope: Scope) -> dict[int, int | None]:
    """Cases that ended before a re-draw of the ground they stand on → the cell in force there."""
    values = data.indicators.asked(period, scope)
    return {row.id: row.cell_id for row in db.execute(sa.text(_REFILED), values)}


_NAMES = f"SELECT code, name FROM grid_cell WHERE {IN_FORCE} AND code = ANY (:codes)"
_LAST = """
    SELECT max(p.number) AS number, c.code FROM grid_cell c JOIN grid_plan p ON p.id = c.plan_id
    WHERE p.state = 'retired' AND c.code = ANY (:codes) GROUP BY c.code
"""


def shared(
    db: Session, found: Mapping[Key, dict[str, float]]
) -> tuple[dict[Key, dict[str, float]], list[str]]:
    """Share what is still counted in cells that ended out to those in force, by households.

    Returns the counts, and the codes of the cells that were shared out.
    """
    told = {code: counts for (code, _), counts in found.items() if code is not None}
    ended = sorted(set(told) - set(_names(db, [*told])))
    parts = [
        gis.lineage.recount(
            data.plans_look.since(db, number),
            pd.DataFrame.from_dict({code: told[code] for code in codes}, orient="index").fillna(
                0.0
            ),
        )
        for number, codes in _retired(db, ended).items()
    ]
    if not parts:
        return dict(found), []
    rest = {key: counts for key, counts in found.items() if key[0] not in ended}
    return _added(db, rest, pd.concat(parts)), ended


def _retired(db: Session, codes: list[str]) -> dict[int, list[str]]:
    """Codes of ended cells by the last publication that held them."""
    by_number: dict[int, list[str]] = {}
    for row in db.execute(sa.text(_LAST), {"codes": codes}):
        by_number.setdefault(row.number, []).append(row.code)
    return by_number


def _names(db: Session, codes: list[str]) -> dict[str, str]:
    """The cells in force among `codes`, by code."""
    return {row.code: row.name for row in db.execute(sa.text(_NAMES), {"codes": codes})}


def _added(
    db: Session, found: dict[Key, dict[str, float]], more: pd.DataFrame
) -> dict[Key, dict[str, float]]:
    """Add counts by code of a cell in force."""
    told = more[(more != 0).any(axis=1)].groupby(level=0).sum()
    names = _names(db, list(told.index))
    for code, counts in told.round(4).to_dict("index").items():
        key = (str(code), names[str(code)]) if code in names else (None, None)
        whole = found.setdefault(key, {})
        for name, n in counts.items():
            whole[str(name)] = whole.get(str(name), 0) + n
    return data.indicators.in_order(found)


def redrawn_on(db: Session) -> date | None:
    """The day of the last re-draw: that of the publication in force, if it is not the first."""
    query = "SELECT valid_from FROM grid_plan WHERE state = 'published' AND number > 1"
    found: date | None = db.scalar(sa.text(query))
    return found
