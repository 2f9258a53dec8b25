"""What lies in a drawn shape, asked as the dispatcher of the demo town asks it.

A circle is drawn around the middle of the town, so wide that over 100,000 records (homes,
households, residents, facilities, cases) lie inside; then the desk's whole answer is timed, the
scope of the dispatcher included: counts, the first cases, who can be sent.
"""

from __future__ import annotations

import argparse
import statistics
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

import api.actions.desk
import data.db
import data.demo.load
from api.actions.desk import Circle, Drawn, Wanted
from bench._side_by_side import cluster, database, last_line, table, timed
from data.seal import Seal
from gis.access import EVERYWHERE, Role, Viewer

ASKED_MOST_MS = 300
LEAST_RECORDS = 100_000
TODAY = date(2026, 11, 22)
NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
DISPATCHER = Viewer(1, "dispatcher", "", Role.DISPATCHER, EVERYWHERE)
_MIDDLE = "SELECT ST_X(m), ST_Y(m) FROM (SELECT ST_Centroid(ST_Extent(geom)) m FROM grid_cell) one"
_RECORDS = """
    WITH drawn AS (
        SELECT ST_Buffer(ST_MakePoint(:lon, :lat)::geography, :radius)::geometry AS geom
    ),
    home AS (SELECT d.id FROM dwelling d, drawn WHERE ST_Intersects(drawn.geom, d.geom))
    SELECT (SELECT count(*) FROM home)
         + (SELECT count(*) FROM home JOIN household h ON h.dwelling_id = home.id)
         + (SELECT count(*) FROM home JOIN household h ON h.dwelling_id = home.id
            JOIN resident r ON r.household_id = h.id)
         + (SELECT count(*) FROM facility f, drawn WHERE ST_Intersects(drawn.geom, f.geom))
         + (SELECT count(*) FROM case_file f, drawn WHERE ST_Intersects(drawn.geom, f.geom))
"""


def circle(store: sa.Engine) -> tuple[Circle, int]:
    """The narrowest circle, by steps, that holds enough records, and how many it holds."""
    with store.connect() as connection:
        lon, lat = connection.execute(sa.text(_MIDDLE)).one()
        for radius in range(500, 20_000, 250):
            values = {"lon": lon, "lat": lat, "radius": radius}
            records = int(connection.scalar(sa.text(_RECORDS), values) or 0)
            if records >= LEAST_RECORDS:
                return Circle(lon, lat, radius), records
    raise SystemExit(f"the town holds only {records:,} records; take a larger one: --size")


def answers(store: sa.Engine, around: Circle, rounds: int) -> tuple[dict[str, Any], list[float]]:
    """The answer about a circle, and the milliseconds of each time it was asked."""

    def ask() -> dict[str, Any]:
        return api.actions.desk.inside(
            store, Drawn(circle=around), by=DISPATCHER, now=NOW, today=TODAY
        )

    return ask(), [1000 * timed(ask) for _ in range(rounds)]


def main() -> None:
    """Load the town, draw, ask, and print the milliseconds."""
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    words.add_argument("--size", default="district", help="of the demo town (default district)")
    words.add_argument("--rounds", type=int, default=30, help="times it is asked (default 30)")
    words.add_argument("--json", action="store_true", help="end with one line of JSON")
    asked = words.parse_args()
    with cluster() as (running, _):
        store, _url = database(running, "desk")
        with data.db.transaction(store) as db:
            data.demo.load.load(db, seal=Seal(bytes(32)), size=asked.size, now=NOW)
        with store.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("VACUUM ANALYZE"))
        around, records = circle(store)
        told, inside = answers(store, around, asked.rounds)
        queue = [
            1000 * timed(lambda: api.actions.desk.queue(store, Wanted(), by=DISPATCHER, now=NOW))
            for _ in range(asked.rounds)
        ]
        store.dispose()
    cells = [cell["whole"] for cell in told["cells"]]
    print(f"{around.radius_m:g} m around the middle: {records:,} records in {sum(cells)} whole "
          f"cells and {len(cells) - sum(cells)} that are cut")  # fmt: skip
    table(
        [("", "median ms", "worst ms")]
        + [(name, f"{statistics.median(ms):.0f}", f"{max(ms):.0f}")
           for name, ms in (("inside", inside), ("queue", queue))]
    )  # fmt: skip
    print(f"asked: at most {ASKED_MOST_MS} ms inside")
    last_line(
        {
            "inside_ms": statistics.median(inside),
            "inside_worst_ms": max(inside),
            "queue_ms": statistics.median(queue),
            "records": records,
        },
        wanted=asked.json,
    )


if __name__ == "__main__":
    main()
