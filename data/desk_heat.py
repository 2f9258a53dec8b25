"""热力: how many cases were reported per square of ground and day, as compact arrays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

MOST_BINS = 50_000
_RADIUS_M = 6_378_137.0


@dataclass(frozen=True)
class Wanted:
    """Cases reported from `since` to `until` (both days included, local time), of a class."""

    since: date
    until: date
    zone: str
    kind: str | None = None
    class_code: str | None = None


_BINS = f"""
    SELECT x, y, day, count(*) AS n FROM (
        SELECT floor(radians(ST_X(f.geom)) * {_RADIUS_M} / :size)::int AS x,
               floor(ln(tan(pi() / 4 + radians(ST_Y(f.geom)) / 2)) * {_RADIUS_M} / :size)::int AS y,
               (f.reported_at AT TIME ZONE :zone)::date - CAST(:since AS date) AS day
        FROM case_file f
        WHERE f.geom IS NOT NULL AND abs(ST_Y(f.geom)) < 89
          AND f.reported_at >= CAST(:since AS date)::timestamp AT TIME ZONE :zone
          AND f.reported_at < (CAST(:until AS date) + 1)::timestamp AT TIME ZONE :zone
          AND (CAST(:kind AS text) IS NULL OR f.kind = :kind)
          AND (CAST(:class_code AS text) IS NULL OR f.class_code = :class_code)
    ) placed GROUP BY 1, 2, 3 ORDER BY 3, 2, 1 LIMIT {MOST_BINS + 1}
"""


def bins(
    db: Session, wanted: Wanted, *, size_m: int
) -> tuple[int, list[tuple[int, int, int, int]]]:
    """Count the viewer's cases by web-Mercator squares of `size_m` metres and by days.

    Returns the size and (x, y, day, cases) with x and y in squares from the origin of the
    projection, day from `since`. Squares are doubled until there are at most `MOST_BINS`.
    """
    values: dict[str, Any] = {**wanted.__dict__, "size": size_m}
    rows = [(row.x, row.y, row.day, row.n) for row in db.execute(sa.text(_BINS), values)]
    if len(rows) > MOST_BINS:
        return bins(db, wanted, size_m=2 * size_m)
    return size_m, rows
