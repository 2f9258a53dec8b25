"""Points to cells: millions of points a second on one core, beside the peers, none wrong.

The work: a million points that lie where people live, as raw coordinates, and some 20,000 cells
with crooked borders that neighbours share; which cell is each in? Then 200,000 cells. Each way has
its index (or its indexed tables) ready and counts its own processor seconds; those of PostGIS are
of the clock, with one process. Peers that would take minutes are asked fewer points.

- wangge: `gis.cell_index`
- shapely: STRtree.query of all points at once, points made before
- geopandas: sjoin, points made before
- PostGIS, best: asked cell by cell, the fastest of points along a Hilbert curve or as they came and
  outlines compressed or not; as planned: point by point, as its planner likes it
- SedonaDB: its own join in SQL; the processor seconds of all its threads
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import geopandas
import numpy as np
import numpy.typing as npt
import psycopg
import pyarrow
import shapely

import bench._coverage
import gis.cell_index
import gis.locate
from bench._side_by_side import cluster, last_line, table

BEST_OF = 3
Answer = npt.NDArray[np.int32]


def cpu(work: Callable[[], object], *, times: int = BEST_OF) -> float:
    """Processor seconds of this process, the least of a few times."""

    def once() -> float:
        start = time.process_time()
        work()
        return time.process_time() - start

    return min(once() for _ in range(times))


def wrong(index: gis.cell_index.CellIndex, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64],
          tree: shapely.STRtree) -> int:  # fmt: skip
    """How many points the index and GEOS say different things of."""
    pairs = tree.query(shapely.points(x, y), predicate="intersects")
    return int((index.locate(x, y) != gis.locate.first_of(pairs, index.codes, len(x))).sum())


def coded(cells: npt.NDArray[np.object_]) -> npt.NDArray[np.str_]:
    """Codes for cells."""
    return np.array([f"{at:06d}" for at in range(len(cells))])


def indexed(cells: npt.NDArray[np.object_]) -> tuple[float, gis.cell_index.CellIndex]:
    """Seconds of building, and the index."""
    built: list[gis.cell_index.CellIndex] = []
    codes = coded(cells)
    seconds = cpu(lambda: built.append(gis.cell_index.build(codes, cells)), times=1)
    return seconds, built[0]


def ours(index: gis.cell_index.CellIndex, count: int) -> float:
    """Points a second."""
    x, y = bench._coverage.people(count)
    return count / cpu(lambda: index.locate(x, y))


def redrawn(index: gis.cell_index.CellIndex) -> float:
    """Seconds until an index knows that two neighbours have become one cell."""
    one = len(index.cells) // 2
    other = np.flatnonzero(shapely.touches(index.cells, index.cells[one]))[0]
    codes = index.codes[[one, other]]
    shapes = np.array([shapely.union(*index.cells[[one, other]]), None], dtype=object)
    index.redrawn(codes, shapes)
    return cpu(lambda: index.redrawn(codes, shapes))


def by_shapely(cells: npt.NDArray[np.object_], count: int) -> float:
    """Points a second."""
    points, tree = shapely.points(*bench._coverage.people(count)), shapely.STRtree(cells)
    tree.query(points[:100], predicate="intersects")
    return count / cpu(lambda: tree.query(points, predicate="intersects"), times=1)


def by_geopandas(cells: npt.NDArray[np.object_], count: int) -> float:
    """Points a second."""
    points = geopandas.GeoDataFrame(
        geometry=shapely.points(*bench._coverage.people(count)), crs=4326
    )
    areas = geopandas.GeoDataFrame({"cell": np.arange(len(cells))}, geometry=cells, crs=4326)
    return count / cpu(lambda: points.sjoin(areas, how="left", predicate="intersects"), times=1)


def by_sedonadb(cells: npt.NDArray[np.object_], count: int) -> float:
    """Points a second."""
    import sedonadb

    db = sedonadb.connect()
    points = geopandas.GeoDataFrame(
        geometry=shapely.points(*bench._coverage.people(count)), crs=4326
    )
    areas = geopandas.GeoDataFrame({"cell": np.arange(len(cells))}, geometry=cells, crs=4326)
    for name, frame in (("points", points), ("areas", areas)):
        db.create_data_frame(frame).to_memtable().to_view(name)
    asked = ("SELECT count(*) FROM points JOIN areas "
             "ON ST_Intersects(areas.geometry, points.geometry)")  # fmt: skip
    return count / cpu(lambda: pyarrow.table(db.sql(asked)), times=1)


_TABLES = """
    CREATE EXTENSION IF NOT EXISTS postgis;
    CREATE TABLE cell (id int, geom geometry(Polygon, 4326));
    CREATE TABLE place (id int, geom geometry(Point, 4326));
"""
_INDEXED = """
    CREATE INDEX ON cell USING gist (geom); CREATE INDEX ON place USING gist (geom);
    ANALYZE cell; ANALYZE place;
"""
_BEST = """
    CREATE TABLE sorted AS SELECT * FROM place ORDER BY geom;
    CREATE TABLE plain (LIKE cell); ALTER TABLE plain ALTER geom SET STORAGE EXTERNAL;
    INSERT INTO plain SELECT * FROM cell ORDER BY geom;
    CREATE INDEX ON plain USING gist (geom); CREATE INDEX ON sorted USING gist (geom);
"""
_AS_PLANNED = "SELECT count(c.id) FROM place p JOIN cell c ON ST_Intersects(c.geom, p.geom)"
_CELLS_LEAD = """SELECT count(*) FROM {cells} c CROSS JOIN LATERAL (
    SELECT FROM {places} p WHERE p.geom && c.geom AND ST_Intersects(c.geom, p.geom) OFFSET 0) q"""
_TUNED = tuple(
    _CELLS_LEAD.format(cells=cells, places=places)
    for cells in ("cell", "plain") for places in ("place", "sorted")
)  # fmt: skip
"""Cell by cell, so that PostGIS prepares each outline once: six times as fast as point by point."""


def by_postgis(cells: npt.NDArray[np.object_], count: int, few: int) -> tuple[float, float]:
    """Points a second of the best plan, of as many; and as planned, of a few."""
    x, y = bench._coverage.people(count)
    with cluster() as (running, _), psycopg.connect(running.url("postgres"), autocommit=True) as db:
        db.execute(_TABLES)
        copied(db, "cell", cells)
        copied(db, "place", shapely.points(x, y))
        db.execute(_INDEXED)
        db.execute(_BEST)
        db.execute("VACUUM ANALYZE")
        db.execute("SET max_parallel_workers_per_gather = 0; SET jit = off")
        best = min(asked(db, one) for one in _TUNED)
        db.execute("DELETE FROM place WHERE id >= %s", [few])
        db.execute("VACUUM FULL ANALYZE place")
        return count / best, few / asked(db, _AS_PLANNED)


def asked(db: psycopg.Connection, query: str) -> float:
    """Seconds that a query takes, the pages being in memory."""
    start = time.perf_counter()
    db.execute(query)
    return time.perf_counter() - start


def copied(db: psycopg.Connection, name: str, shapes: npt.NDArray[np.object_]) -> None:
    """Fill a table."""
    with db.cursor() as cursor, cursor.copy(f"COPY {name} FROM STDIN") as copy:
        for row in zip(range(len(shapes)), shapely.to_wkb(shapes, hex=True), strict=True):
            copy.write_row(row)


def main() -> None:
    """Measure and print."""
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    words.add_argument("--points", type=int, default=1_000_000)
    words.add_argument("--held-against-geos", type=int, default=1_000_000, metavar="POINTS")
    words.add_argument("--json", action="store_true", help="end with one line of JSON")
    words_asked = words.parse_args()
    figures = measured(words_asked.points, words_asked.held_against_geos)
    last_line(figures, wanted=words_asked.json)


def measured(count: int, held: int) -> dict[str, float]:
    """Every way on the same ground."""
    redrawn(indexed(bench._coverage.cells(10))[1])  # compiled before it is measured
    cells, many = bench._coverage.cells(20_000), bench._coverage.cells(200_000)
    build_s, index = indexed(cells)
    rate, redrawn_s = ours(index, count), redrawn(index)
    few = max(count // 20, 1)
    peers = {
        "shapely STRtree": by_shapely(cells, count),
        "geopandas sjoin": by_geopandas(cells, count),
        "SedonaDB": by_sedonadb(cells, count),
    }
    peers["PostGIS, best"], peers["PostGIS, as planned"] = by_postgis(cells, count, few)
    disagreements = against_geos(index, held)
    many_build_s, many_index = indexed(many)
    many_rate = ours(many_index, count)
    disagreements += against_geos(many_index, held // 10)
    many_best = by_shapely(many, count // 4)
    table([
        ("20,000 cells", "points/s", "ratio"),
        ("wangge", f"{rate:,.0f}", ""),
        *((name, f"{one:,.0f}", f"{rate / one:.1f}") for name, one in peers.items()),
        ("200,000 cells", "", ""),
        ("wangge", f"{many_rate:,.0f}", ""),
        ("shapely STRtree", f"{many_best:,.0f}", f"{many_rate / many_best:.1f}"),
        ("building, s", f"{build_s:.2f}", f"{many_build_s:.2f}"),
        ("two cells merged, ms", f"{redrawn_s * 1000:.1f}", ""),
        ("size, MiB", f"{index.raster.nbytes >> 20}", f"{many_index.raster.nbytes >> 20}"),
        ("disagreements with GEOS", f"{disagreements}", ""),
    ])  # fmt: skip
    return {
        "points_per_s": rate, "points_per_s_200k": many_rate,
        "vs_strtree": rate / peers["shapely STRtree"],
        "vs_geopandas": rate / peers["geopandas sjoin"],
        "vs_postgis_best": rate / peers["PostGIS, best"],
        "vs_postgis_planned": rate / peers["PostGIS, as planned"],
        "vs_sedonadb": rate / peers["SedonaDB"], "disagreements": disagreements,
        "build_s": build_s, "build_s_200k": many_build_s, "redrawn_ms": redrawn_s * 1000,
    }  # fmt: skip


def against_geos(index: gis.cell_index.CellIndex, count: int) -> int:
    """Answers that are not GEOS's: of points where people live, of every corner, and of the middle
    of every edge."""
    tree = shapely.STRtree(index.cells)
    corners = shapely.get_coordinates(index.cells)
    middles = (corners[:-1] + corners[1:]) / 2
    places = (np.array(bench._coverage.people(count, seed=3)).T, corners, middles)
    return sum(wrong(index, *one.T, tree) for one in places)


if __name__ == "__main__":
    main()
