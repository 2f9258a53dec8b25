"""The calendar of the store: holidays from the start, a city's own instead, and the town's zone."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

import data.clock
import data.db
import data.defaults
import gis.clock
from gis.calendar import Calendar
from gis.terms import Clock


def calendar(store: sa.Engine) -> Calendar:
    with data.db.transaction(store) as db:
        return data.clock.calendar(db)


def days(store: sa.Engine, year: int) -> dict[date, str]:
    with data.db.transaction(store) as db:
        query = sa.text("SELECT day, name FROM calendar_day WHERE extract(year FROM day) = :year")
        return dict(row for row in db.execute(query, {"year": year}))


def write(store: sa.Engine, *lines: str) -> None:
    with data.db.transaction(store) as db:
        for line in lines:
            db.execute(sa.text(line))


def load(store: sa.Engine) -> None:
    with store.begin() as connection:
        data.defaults.load(connection)


def test_a_new_store_knows_the_announced_holidays(store: sa.Engine) -> None:
    kept = calendar(store)
    friday = datetime(2026, 5, 8, 16, tzinfo=ZoneInfo("Asia/Shanghai"))
    due = gis.clock.due_at(friday, 4, clock=Clock.WORK_HOUR, calendar=kept)
    assert due == datetime(2026, 5, 9, 10, tzinfo=ZoneInfo("Asia/Shanghai"))  # 调休 Saturday
    assert kept.zone == "Asia/Shanghai"
    assert [kept.knows(year) for year in (2024, 2025, 2026, 2027)] == [True, True, True, False]
    assert calendar(store) is kept


def test_a_citys_own_year_stays_when_the_holidays_are_loaded_again(store: sa.Engine) -> None:
    before = days(store, 2025)
    write(
        store,
        "DELETE FROM calendar_day WHERE extract(year FROM day) = 2026",
        "INSERT INTO calendar_day (day, kind, name) VALUES ('2026-03-02', 'holiday', '建城日')",
        "UPDATE calendar_day SET name = '新年' WHERE day = '2025-01-01'",
    )
    load(store)
    load(store)
    assert days(store, 2026) == {date(2026, 3, 2): "建城日"}
    assert days(store, 2025) == before | {date(2025, 1, 1): "新年"}
    write(store, "DELETE FROM calendar_day")
    load(store)
    assert days(store, 2025) == before


def test_the_hours_of_the_store_with_their_validity(store: sa.Engine) -> None:
    write(
        store,
        "DELETE FROM work_period WHERE weekday = 5",
        "UPDATE work_period SET valid_to = '2026-07-01' WHERE weekday = 1 AND starts = '14:00'",
        "INSERT INTO work_period (weekday, starts, ends, valid_from)"
        " VALUES (1, '15:00', '24:00', '2026-07-01')",
    )
    kept = calendar(store)
    told = {(p.weekday, f"{p.begins:%H:%M}", f"{p.ends:%H:%M}") for p in kept.periods}
    assert (1, "15:00", "00:00") in told
    assert not any(weekday == 5 for weekday, *_ in told)
    assert len(list(kept.periods)) == 9
    for monday, hours in ((date(2026, 6, 29), 6), (date(2026, 7, 6), 5)):
        start, end = (
            datetime(monday.year, monday.month, monday.day, hour, tzinfo=ZoneInfo(kept.zone))
            for hour in (8, 16)
        )
        ran = gis.clock.elapsed(start, end, clock=Clock.WORK_HOUR, calendar=kept)
        assert ran == timedelta(hours=hours)


def test_the_zone_is_that_of_the_engine(empty_url: str) -> None:
    store = data.db.engine(empty_url, time_zone="Europe/Berlin")
    assert calendar(store).zone == "Europe/Berlin"
    store.dispose()


def test_a_calendar_undone_is_not_remembered(store: sa.Engine) -> None:
    before = calendar(store)
    with data.db.transaction(store, keep=False) as db:
        db.execute(sa.text("DELETE FROM calendar_day"))
        assert not data.clock.calendar(db).knows(2026)
    assert calendar(store) == before
