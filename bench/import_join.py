"""From a file of points to points joined to cells in PostGIS: rows per second, beside the peers.

The work: a CSV of N facilities with longitude, latitude and ten thousandths of them exactly on
cell boundaries; M cells lie in the store already. Each way starts from the file and ends with
every point in an indexed PostGIS table with the cell it belongs to, lowest code on a shared edge.

- wangge: `wangge import facilities` (checks every value, compares with what the store has, tallies)
- geopandas: read_csv, points_from_xy, sjoin, to_postgis (the cells read from PostGIS)
- ogr2ogr: CSV into PostGIS with COPY, then CREATE INDEX and UPDATE … FROM cells in SQL
"""

from __future__ import annotations

import argparse
import subprocess
import warnings
from datetime import UTC, datetime
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa

from api.actions.imports import Order, import_file
from bench._side_by_side import cluster, database, last_line, table, timed
from data.seal import Seal
from gis.access import operator
from gis.places import Reference
from gis.terms import Datum, RecordKind

WEST, SOUTH, SIDE_DEG = 111.0, 30.0, 0.2
DIGITS = 9
"""Decimals of a degree in the files: Wangge keeps ten, so all three read the same corners."""


def cells(side: int) -> geopandas.GeoDataFrame:
    """A sound coverage of side × side wavy quadrilaterals."""
    grid = np.linspace(0, 1, side + 1)
    x, y = np.meshgrid(grid, grid)
    wave = 0.3 / side * np.sin(7 * np.pi * x) * np.sin(5 * np.pi * y)
    corner = np.stack([WEST + SIDE_DEG * (x + wave), SOUTH + SIDE_DEG * (y - wave)], axis=-1)
    corner = corner.round(DIGITS)
    ring = [corner[:-1, :-1], corner[:-1, 1:], corner[1:, 1:], corner[1:, :-1], corner[:-1, :-1]]
    shapes = shapely.polygons(np.stack(ring, axis=2).reshape(-1, 5, 2))
    codes = [f"990101001001{number:05d}"[:17] for number in range(side * side)]
    return geopandas.GeoDataFrame({"code": codes, "kind": "micro"}, geometry=shapes, crs=4326)


def points(count: int, cells_: geopandas.GeoDataFrame) -> pd.DataFrame:
    """Seeded points, most anywhere, some exactly on corners of cells, some outside."""
    chance = np.random.default_rng(1)
    lon = WEST + SIDE_DEG * chance.uniform(-0.01, 1.01, count)
    lat = SOUTH + SIDE_DEG * chance.uniform(-0.01, 1.01, count)
    corners = shapely.get_coordinates(cells_.geometry.array)
    some = chance.integers(0, count, count // 1000)
    lon[some], lat[some] = corners[chance.integers(0, len(corners), len(some))].T
    lon, lat = lon.round(DIGITS), lat.round(DIGITS)
    return pd.DataFrame(
        {
            "code": [f"F{number:08d}" for number in range(count)],
            "name": chance.choice(["路灯", "公厕", "健身点", "消火栓"], count),
            "class_code": chance.choice(["0137", "0301", "0146"], count),
            "lon": lon,
            "lat": lat,
        }
    )


def with_cells(store: sa.Engine, folder: Path) -> None:
    """Import the cells, untimed: every way starts from a store that has them."""
    order = Order(RecordKind.CELLS, folder / "cells.gpkg", plan="bench")
    import_file(store, order, seal=Seal(bytes(32)), by=operator("bench"), now=datetime.now(UTC))


def by_wangge(store: sa.Engine, file: Path) -> None:
    """Import as the command line does."""
    order = Order(RecordKind.FACILITIES, file, Reference(datum=Datum.WGS84))
    import_file(store, order, seal=Seal(bytes(32)), by=operator("bench"), now=datetime.now(UTC))


def by_geopandas(store: sa.Engine, file: Path) -> None:
    """The way of a notebook."""
    ground = geopandas.read_postgis("SELECT code AS cell, geom FROM grid_cell", store, "geom")
    frame = pd.read_csv(file, dtype={"code": "str", "class_code": "str"})
    spots = geopandas.points_from_xy(frame["lon"], frame["lat"], crs=4326)
    frame = geopandas.GeoDataFrame(frame.drop(columns=["lon", "lat"]), geometry=spots)
    joined = frame.sjoin(ground, how="left", predicate="intersects").sort_values("cell")
    joined = joined[~joined.index.duplicated()].drop(columns="index_right")
    joined.to_postgis("peer", store, index=False)


def by_ogr2ogr(store: sa.Engine, url: str, file: Path) -> None:
    """The way of a GIS administrator."""
    subprocess.run(
        ["ogr2ogr", "-f", "PostgreSQL", f"PG:{url}", str(file), "-nln", "peer", "-a_srs",
         "EPSG:4326", "-oo", "X_POSSIBLE_NAMES=lon", "-oo", "Y_POSSIBLE_NAMES=lat",
         "-oo", "KEEP_GEOM_COLUMNS=NO", "-lco", "GEOMETRY_NAME=geometry", "--config",
         "PG_USE_COPY", "YES"],
        check=True,
    )  # fmt: skip
    with store.begin() as connection:
        connection.execute(sa.text("ANALYZE peer"))
        connection.execute(sa.text("ALTER TABLE peer ADD cell text"))
        connection.execute(
            sa.text(
                "UPDATE peer p SET cell = c.code FROM (SELECT p.ogc_fid, min(c.code) AS code "
                "FROM grid_cell c JOIN peer p ON ST_Intersects(c.geom, p.geometry) "
                "GROUP BY p.ogc_fid) c WHERE c.ogc_fid = p.ogc_fid"
            )
        )


OURS = "SELECT f.code, c.code AS cell FROM facility f LEFT JOIN grid_cell c ON c.id = f.cell_id"
PEERS = "SELECT code, cell FROM peer"


def answers(store: sa.Engine, query: str) -> pd.Series:
    """Which cell each point is in, by its code."""
    return pd.read_sql(query, store, index_col="code")["cell"].fillna("").sort_index()


def main() -> None:
    """Run the three ways and print the ratios."""
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    words.add_argument("--rows", type=int, default=1_000_000, help="points (default 1,000,000)")
    words.add_argument("--side", type=int, default=40, help="cells per side (default 40: 1,600)")
    words.add_argument("--json", action="store_true", help="end with one line of JSON")
    asked = words.parse_args()
    warnings.simplefilter("ignore")
    ground = cells(asked.side)
    with cluster() as (running, folder):
        ground.to_file(folder / "cells.gpkg", driver="GPKG")
        file = folder / "points.csv"
        points(asked.rows, ground).to_csv(file, index=False)
        seconds, found = {}, {}
        for name in ("wangge", "geopandas", "ogr2ogr"):
            store, url = database(running, f"by_{name}")
            with_cells(store, folder)
            ways = {
                "wangge": lambda: by_wangge(store, file),  # noqa: B023 - called in this round
                "geopandas": lambda: by_geopandas(store, file),  # noqa: B023
                "ogr2ogr": lambda: by_ogr2ogr(store, url, file),  # noqa: B023
            }
            print(f"{name} …", flush=True)
            seconds[name] = timed(ways[name])
            found[name] = answers(store, OURS if name == "wangge" else PEERS)
            store.dispose()
    show(asked, seconds, found)


def show(asked: argparse.Namespace, seconds: dict[str, float], found: dict[str, pd.Series]) -> None:
    """Print the table, and the line of JSON if asked for."""
    differ = sum(int((found["wangge"] != found[peer]).sum()) for peer in ("geopandas", "ogr2ogr"))
    print(f"\n{asked.rows:,} points into {asked.side**2:,} cells; {differ} disagreements")
    table(
        [("", "seconds", "rows/s", "wangge is faster by")]
        + [
            (name, f"{s:.1f}", f"{asked.rows / s:,.0f}", f"{s / seconds['wangge']:.1f} ×")
            for name, s in seconds.items()
        ]
    )
    last_line(
        {
            "rows_per_s": asked.rows / seconds["wangge"],
            "vs_geopandas": seconds["geopandas"] / seconds["wangge"],
            "vs_ogr2ogr": seconds["ogr2ogr"] / seconds["wangge"],
            "disagreements": differ,
        },
        wanted=asked.json,
    )


if __name__ == "__main__":
    main()
