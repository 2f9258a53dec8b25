"""工作日历 as the clocks use it: the calendar of the store, in the zone of its engine."""

from __future__ import annotations

from datetime import date, time
from functools import lru_cache

import orjson
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.db
from gis.calendar import Calendar, CalendarDay, WorkPeriod
from gis.terms import DayKind

_KEPT = """
    SELECT (SELECT coalesce(json_agg(json_build_array(weekday, starts, ends,
                       nullif(valid_from, '-infinity'), valid_to) ORDER BY id), '[]')
            FROM work_period)::text AS periods,
           (SELECT coalesce(json_agg(json_build_array(day, kind, name) ORDER BY day), '[]')
            FROM calendar_day)::text AS days
"""


def calendar(db: Session) -> Calendar:
    """Read the working calendar as this transaction sees it; the same one is made once."""
    zone = db.connection().get_execution_options().get("time_zone", data.db.TIME_ZONE)
    periods, days = db.execute(sa.text(_KEPT)).one()
    return _made(zone, periods, days)


@lru_cache(maxsize=16)
def _made(zone: str, periods: str, days: str) -> Calendar:
    return Calendar(
        zone,
        [
            WorkPeriod(weekday, _time(begins), _time(ends), _date(since), _date(until))
            for weekday, begins, ends, since, until in orjson.loads(periods)
        ],
        [
            CalendarDay(date.fromisoformat(day), DayKind(kind), name)
            for day, kind, name in orjson.loads(days)
        ],
    )


def _time(told: str) -> time:
    return time() if told.startswith("24:") else time.fromisoformat(told)


def _date(told: str | None) -> date | None:
    return date.fromisoformat(told) if told else None
