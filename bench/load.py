"""From a sheet of residents to people in homes in cells, indexed, in PostGIS: beside the peers.

A whole import is held against the bare COPY of its rows. The peers check, seal and part nothing:
`vs_geopandas` and `vs_copy_update` hold them against us at their own work, one table from the same
sheet; `whole_…` against our whole import.

The work: a CSV of N residents, twenty columns, their buildings spread over M cells that lie in the
store already. Every way is a process of its own that starts from the file, and ends when its
transaction is kept; seconds are of the clock, memory is the most that its process held.

- wangge: `wangge import residents`. Every value checked, ids by their check character, people who
  stand twice told; buildings, dwellings and households made; cell by place; name, id and phone
  sealed, masked and indexed blind; four tables, nineteen indexes, three foreign keys; counts told.
- wangge, one table: what the peers below do, by the parts of our import: read, look up, order along
  a curve, binary COPY with the cell in the row, three indexes.
- bare COPY: the rows that then stand in the four tables, laid out before the clock starts, by
  binary COPY into empty tables, the same indexes and keys built after. No reading, no checking, no
  join, no sealing: what the store alone needs.
- geopandas: read_csv, sjoin, to_postgis into one table as the sheet is, three indexes. Nothing
  checked, nothing sealed, no homes.
- COPY + UPDATE: the sheet by COPY into one table of text, UPDATE from the cells by the faster of
  two plans, three indexes. Nothing checked, nothing sealed, no homes.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import geopandas
import pandas as pd
import sqlalchemy as sa

import bench._coverage
import bench._load_flat
import bench._load_peers
import bench._load_sheet
import data.db
from api.actions.imports import Order, import_file
from bench._side_by_side import cluster, database, last_line, table, timed
from data.seal import Seal
from gis.access import operator
from gis.places import Reference
from gis.terms import Datum, RecordKind

FLAT = "wangge, one table"
SEAL = Seal(bytes(range(32)))


def imported(store: sa.Engine, kind: RecordKind, path: Path) -> None:
    """Import as the command line does."""
    order = Order(kind, path, Reference(datum=Datum.WGS84), plan="bench")
    report = import_file(store, order, seal=SEAL, by=operator("bench"), now=datetime.now(UTC))
    assert report.added == report.rows, report.notes


def by_wangge(url: str, file: Path) -> None:
    """Import as the command line does."""
    store = data.db.engine(url)
    imported(store, RecordKind.RESIDENTS, file)
    store.dispose()


def ways(url: str, file: Path, folder: Path) -> dict[str, Callable[[], None]]:
    """What a process of its own may be asked to do."""
    peers = bench._load_peers
    names = file.open(encoding="utf-8").readline().strip().replace('"', "").split(",")
    return {
        "wangge": lambda: by_wangge(url, file),
        FLAT: lambda: bench._load_flat.by_wangge(url, file),
        "bare COPY": lambda: peers.by_bare_copy(url, folder),
        "geopandas": lambda: peers.by_geopandas(url, file),
        **{
            f"COPY + UPDATE, {plan}": lambda plan=plan: peers.by_copy_and_update(
                url, file, names, plan
            )
            for plan in peers.PLANS
        },
    }


def apart(name: str, url: str, file: Path, folder: Path) -> tuple[float, float]:
    """Go one way in a process of its own; seconds, and MiB at most."""
    told = [sys.executable, "-m", "bench.load", "--way", name, "--url", url]
    told += ["--file", str(file), "--folder", str(folder)]
    done = subprocess.run(told, check=True, stdout=subprocess.PIPE, text=True)
    seconds, peak = json.loads(done.stdout.splitlines()[-1])
    return seconds, peak


OURS = """
    SELECT c.code AS cell, count(*) AS people FROM resident r
    JOIN household h ON h.id = r.household_id JOIN dwelling d ON d.id = h.dwelling_id
    LEFT JOIN grid_cell c ON c.id = d.cell_id GROUP BY 1
"""
PEERS = "SELECT cell, count(*) AS people FROM peer GROUP BY 1"


def people(url: str, query: str) -> pd.Series:
    """How many people stand in which cell."""
    store = data.db.engine(url)
    found = pd.read_sql(query, store).fillna({"cell": ""}).set_index("cell")["people"].sort_index()
    store.dispose()
    return found


def measured(rows: int, cells: int) -> tuple[int, dict[str, tuple[float, float]], int]:
    """Go every way; how many rows there were, seconds and MiB of each, cells told differently."""
    taken: dict[str, tuple[float, float]] = {}
    counted: dict[str, pd.Series] = {}
    with cluster() as (running, folder):
        sheet, drawn = folder / "sheet.csv", folder / "cells.gpkg"
        count = bench._load_sheet.write(sheet, rows)
        shapes = bench._coverage.cells(cells)
        codes = [f"990101001001{number:05d}" for number in range(len(shapes))]
        ground = geopandas.GeoDataFrame({"code": codes, "kind": "micro"}, geometry=shapes, crs=4326)
        ground.to_file(drawn, driver="GPKG")
        for number, name in enumerate(ways("", sheet, folder)):
            store, url = database(running, f"way_{number}")
            imported(store, RecordKind.CELLS, drawn)
            store.dispose()
            print(f"{name} …", flush=True)
            taken[name] = apart(name, url, sheet, folder)
            is_ours = name in ("wangge", "bare COPY")
            counted[name] = people(url, OURS if is_ours else PEERS)
            if name == "wangge":
                bench._load_peers.taken_out(url, folder)
    differ = sum(not counted["wangge"].equals(one) for one in counted.values())
    return count, taken, differ


def main() -> None:
    """Measure and print; or go one way."""
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    words.add_argument("--rows", type=int, default=1_000_000, help="residents")
    words.add_argument("--cells", type=int, default=2_000, help="cells (default 2,000)")
    words.add_argument("--json", action="store_true", help="end with one line of JSON")
    for name in ("--way", "--url", "--file", "--folder"):
        words.add_argument(name, help=argparse.SUPPRESS)
    asked = words.parse_args()
    if asked.way:
        way = ways(asked.url, Path(asked.file), Path(asked.folder))[asked.way]
        seconds = timed(way)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps([seconds, peak]))
        return
    show(*measured(asked.rows, asked.cells), wanted=asked.json)


def show(count: int, taken: dict[str, tuple[float, float]], differ: int, *, wanted: bool) -> None:
    """Print the table, and the line of JSON if asked for."""
    ours, peak = taken["wangge"]
    print(f"\n{count:,} residents; {differ} ways count people in cells differently")
    lines = [
        (
            name,
            f"{seconds:.1f}",
            f"{count / seconds:,.0f}",
            f"{seconds / ours:.2f} ×",
            f"{mib:,.0f}",
        )
        for name, (seconds, mib) in taken.items()
    ]
    table([("", "seconds", "rows/s", "time of wangge's", "MiB"), *lines])
    updates = [seconds for name, (seconds, _) in taken.items() if name.startswith("COPY")]
    flat, geopandas_s = taken[FLAT][0], taken["geopandas"][0]
    last_line(
        {
            "vs_bare_copy": ours / taken["bare COPY"][0],
            "vs_geopandas": geopandas_s / flat,
            "vs_copy_update": min(updates) / flat,
            "whole_vs_geopandas": geopandas_s / ours,
            "whole_vs_copy_update": min(updates) / ours,
            "peak_mib": peak,
            "rows_per_s": count / ours,
            "disagreements": differ,
        },
        wanted=wanted,
    )


if __name__ == "__main__":
    main()
