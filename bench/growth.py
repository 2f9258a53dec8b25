"""What becomes dearer as a town grows: the same work over more and more places.

20,000 cells that neighbours share, and facilities where people are: 0.1 M, 1 M, and 10 M with
`--most`; each in a database of its own, indexed and analysed. The exponent says how a cost grows
between the first and the last: 1 in step with the places, 0 not at all.

- join: raw coordinates into cells by the index, which is made before
- look-up: the cell of a place, from memory; and asked of the store
- tile: zoom 14 with cells and facilities, where people are
- area: facilities by category within a circle of a kilometre
- export: every facility as GeoJSON
- publish: a draft of everything in which two neighbours become one cell
"""

from __future__ import annotations

import argparse
import asyncio
import math
import statistics
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import psycopg
import shapely
import sqlalchemy as sa

import api.actions.plans
import bench._coverage
import data.db
import data.desk_inside
import data.facilities
import data.intake
import data.layers
import data.locate
import data.locate_point
import data.scope
import data.tiles
import gis.cell_index
from api.actions.imports import Order, import_file
from bench._side_by_side import cluster, database, last_line, table, timed
from data.seal import Seal
from gis.access import operator
from gis.plan_edit import Merge
from gis.terms import RecordKind

SIZES = (100_000, 1_000_000, 10_000_000)
CELLS, BATCH, ASKED, TILES = 20_000, 500_000, 200, 24
METRE = 1 / 111_320
"""About, in degrees."""
US = operator("bench")


def coded(cells: np.ndarray) -> geopandas.GeoDataFrame:
    """The cells with codes and kind, as a file has them."""
    codes = [f"9901010{at // 999:05d}{at % 999 + 1:03d}" for at in range(len(cells))]
    frame = {"code": codes, "name": codes, "kind": "basic"}
    return geopandas.GeoDataFrame(frame, geometry=cells, crs=4326)


def filled(store: sa.Engine, folder: Path, count: int) -> None:
    """Import the cells, and write so many facilities with theirs."""
    order = Order(RecordKind.CELLS, folder / "cells.gpkg", plan="bench")
    import_file(store, order, seal=Seal(bytes(32)), by=US, now=datetime.now(UTC))
    x, y = bench._coverage.people(count)
    with data.db.transaction(store) as db:
        for start in range(0, count, BATCH):
            points = shapely.points(x[start : start + BATCH], y[start : start + BATCH])
            frame = pd.DataFrame({"code": [f"F{start + at:08d}" for at in range(len(points))]})
            frame["name"], frame["kind"], frame["category"] = "路灯", "street_lamp", "public"
            frame["geom"] = data.intake.ewkb_of_points(points)
            frame["cell_id"] = pd.array(data.locate.cells_of(db, points).cell_id, dtype="Int64")
            data.intake.write(db, data.facilities.FACILITIES, frame)
        data.locate.tally(db, ["facilities"])
    with store.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("VACUUM (ANALYZE) facility"))


def middle(work: Callable[[int], object], times: int) -> float:
    """The median of the seconds that some work takes."""
    return statistics.median(timed(lambda one=one: work(one)) for one in range(times))


def measured(
    store: sa.Engine, url: str, index: gis.cell_index.CellIndex, count: int
) -> list[float]:
    """Seconds of each kind of work, in the order of `WORK`."""
    x, y = bench._coverage.people(count)
    spots = np.column_stack(bench._coverage.people(max(ASKED, TILES), seed=4))
    join_s = timed(lambda: index.locate(x, y))
    memory_s = middle(lambda at: index.one(*spots[at % ASKED]), 20 * ASKED)
    with data.db.transaction(store, keep=False) as db:
        asked = [data.locate_point.question(*spot, accuracy_m=0) for spot in spots]
        store_s = middle(lambda at: data.locate_point.at_once(db, asked[at]), ASKED)
        rounds = shapely.to_wkb(shapely.buffer(shapely.points(spots), 1000 * METRE))
        today = datetime.now(UTC).date()

        def inside(at: int) -> None:
            ground = data.desk_inside.under(db, rounds[at], by=US)
            data.desk_inside.facilities(db, ground, day=today)

        area_s = middle(inside, TILES)
    tile_s, export_s = asyncio.run(_served(url, spots[:TILES]))
    return [join_s, memory_s, store_s, tile_s, area_s, export_s, _published(store)]


async def _served(url: str, spots: np.ndarray) -> tuple[float, float]:
    """Seconds of a tile, and of an export of all facilities."""
    took = []
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        for lon, lat in spots:
            ask = data.tiles.Ask(("cells", "facilities"), 14, *_tile(lon, lat, 14))
            start = asyncio.get_running_loop().time()
            async with connection.transaction():
                await data.tiles.tile(connection, ask)
            took.append(asyncio.get_running_loop().time() - start)
        start = asyncio.get_running_loop().time()
        async for _ in data.layers.collection(connection, data.layers.Wanted("facilities")):
            pass
        return statistics.median(took), asyncio.get_running_loop().time() - start


def _tile(lon: float, lat: float, z: int) -> tuple[int, int]:
    down = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    return int((lon + 180) / 360 * 2**z), int(down * 2**z)


_NEIGHBOURS = """
    SELECT a.code, b.code FROM grid_cell a JOIN grid_cell b ON a.geom && b.geom AND a.code < b.code
    WHERE ST_Length(ST_Intersection(a.geom, b.geom)) > 1e-4 LIMIT 1
"""


def _published(store: sa.Engine) -> float:
    """Seconds of publishing a draft in which two neighbours become one cell."""
    with data.db.transaction(store, keep=False) as db:
        pair = tuple(db.execute(sa.text(_NEIGHBOURS)).one())
    today = datetime.now(UTC).date()
    api.actions.plans.begin(store, "next", area=None, source=None, by=US)
    api.actions.plans.edit(store, "next", Merge(pair), by=US, today=today)
    return timed(lambda: api.actions.plans.publish(store, "next", by=US, today=today))


WORK = ("join", "look-up, memory", "look-up, store", "tile", "area", "export", "publish")


def main() -> None:
    """Measure and print."""
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    words.add_argument("--most", type=int, default=SIZES[1], help="places at most (1,000,000)")
    words.add_argument("--json", action="store_true", help="end with one line of JSON")
    asked = words.parse_args()
    sizes = [size for size in SIZES if size <= asked.most]
    ground = coded(bench._coverage.cells(CELLS))
    index = gis.cell_index.build(ground["code"].to_numpy(dtype=str), ground.geometry.to_numpy())
    index.one(bench._coverage.WEST, bench._coverage.SOUTH)  # compiled before it is measured
    seconds = []
    with cluster() as (running, folder):
        ground.to_file(folder / "cells.gpkg", driver="GPKG")
        for size in sizes:
            store, url = database(running, f"of_{size}")
            filled(store, folder, size)
            seconds.append(measured(store, url, index, size))
            store.dispose()
    show(sizes, seconds, wanted=asked.json)


def show(sizes: list[int], seconds: list[list[float]], *, wanted: bool) -> None:
    """Print what each kind of work took, and how it grows."""
    grown = [exponent(sizes, took) for took in zip(*seconds, strict=True)]
    heading = ("ms", *(f"{size:,}" for size in sizes), "exponent")
    rows = [
        (name, *(f"{1000 * one:,.3g}" for one in took), f"{power:.2f}")
        for name, took, power in zip(WORK, zip(*seconds, strict=True), grown, strict=True)
    ]
    table([heading, *rows])
    keys = [name.replace(", ", "_").replace("-", "") for name in WORK]
    last_line(dict(zip(keys, grown, strict=True)), wanted=wanted)


def exponent(sizes: list[int], took: tuple[float, ...]) -> float:
    """How a cost grows with the size between the first and the last."""
    if len(sizes) < 2:
        return math.nan
    return math.log(took[-1] / took[0]) / math.log(sizes[-1] / sizes[0])


if __name__ == "__main__":
    main()
