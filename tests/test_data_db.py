"""The way to the store."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from town import wait_for

import data.db

EARLIEST, LATEST = "Pacific/Kiritimati", "Etc/GMT+12"  # 26 hours apart: never the same day


def test_the_day_of_the_store_is_the_towns_whatever_the_machine_thinks(town_url: str) -> None:
    async def hot(zone: str) -> date:
        async with data.db.pool(town_url, size=1, time_zone=zone) as pool, pool.connection() as db:
            (day,) = await (await db.execute("SELECT current_date")).fetchone() or ()
            return day

    for zone in (EARLIEST, LATEST):
        here = datetime.now(ZoneInfo(zone)).date()
        store = data.db.engine(town_url, time_zone=zone)
        with data.db.transaction(store) as db, data.db.cursor(db) as cursor:
            (day,) = cursor.execute("SELECT current_date").fetchone() or ()
        store.dispose()
        days = {day, wait_for(hot(zone))}
        assert days <= {here, datetime.now(ZoneInfo(zone)).date()}  # unless midnight just struck
