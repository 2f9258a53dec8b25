"""Tiles, features and exports beside the peers, over the same PostGIS and in one run.

The program itself serves a demo town (`--size`, the city of 20,000 cells unless told otherwise),
with one worker; all are asked for the same tiles of zoom 12 to 14, in turns, the rows being in
memory.

- tiles made: each asked once, by a few readers at once. Peers: tipg, MapServer, martin's SQL
  through the same driver without any HTTP, and martin and pg_tileserv where they are on the PATH.
  Ours hold more: counts as far as the viewer may know them, and a second layer with names
- tiles kept: asked again by many readers that take gzip, beside an empty route of an application
  that has nothing else
- features: the first thousand cells, kept (`items_vs_tipg`: what a reader meets while nothing is
  edited) and made, beside tipg, which keeps none of its own accord
- export: all cells as GeoJSON, beside ogr2ogr; the first byte; and how much the server grows while
  all cases go out (a million of a city)
- fresh and apart, on a small town of its own: every answer that readers get while somebody edits,
  and that viewers of different parts get while others ask for the same tile
"""

from __future__ import annotations

import argparse
import math
import random
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median
from urllib.request import Request, urlopen

import psutil
import psycopg
import sqlalchemy as sa

import bench._serve_fresh
import bench._serve_peers
import data.db
import data.sign_in
from bench._serve_load import loaded
from bench._serve_peers import Tile
from bench._served import served
from bench._side_by_side import last_line, table
from data.postgres_server import Cluster

ZOOMS, LAYERS = (12, 13, 14), ("cells", "facilities")
ROUNDS, TILES_OF_A_ROUND = 3, 12
MAKERS, READERS, KEPT_S = 4, 64, 4.0
PACKED = r"Accept-Encoding: gzip\r\n"
WANTED = {
    "tile_uncached_vs_tipg": ">= 4", "tile_uncached_vs_sql": ">= 0.8",
    "tile_cached_per_s": ">= 4000", "tile_cached_vs_empty_route": "or >= 0.8",
    "items_vs_tipg": ">= 10", "items_made_vs_tipg": "",
    "export_vs_ogr2ogr": ">= 5", "export_first_byte_ms": "<= 50",
    "export_growth_mib": "<= 50", "stale_after_edit": "0", "scope_leaks": "0",
}  # fmt: skip


def tiles_of(box: tuple[float, float, float, float], layer: str) -> list[list[Tile]]:
    """For each round others, as many of each zoom as there are."""
    west, south, east, north = box
    rounds: list[list[Tile]] = [[] for _ in range(ROUNDS)]
    for z in ZOOMS:
        (left, top), (right, bottom) = _place(z, west, north), _place(z, east, south)
        every = [(layer, z, x, y) for x in range(left, right + 1) for y in range(top, bottom + 1)]
        random.Random(7).shuffle(every)
        for number, one in enumerate(every[: ROUNDS * TILES_OF_A_ROUND]):
            rounds[number % ROUNDS].append(one)
    return rounds


def _place(z: int, lon: float, lat: float) -> tuple[int, int]:
    row = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    return int((lon + 180) / 360 * 2**z), int(row * 2**z)


def path_of(tile: Tile) -> str:
    """Where ours is."""
    return "/tiles/{}/{}/{}/{}.mvt".format(*tile)


# Tiles made


def made(town: Town) -> dict[str, dict[str, float]]:
    """Milliseconds a tile, by layer and by who made it, a reader waiting for each."""
    took: dict[str, dict[str, float]] = {}
    for layer in LAYERS:
        rounds = tiles_of(town.box, layer)
        bench._serve_peers.by_sql(town.url, [one for some in rounds for one in some], MAKERS)
        spent: dict[str, float] = {}
        for tiles in rounds:
            for name, rate in _makers(town, tiles).items():
                spent[name] = spent.get(name, 0) + 1000 * len(tiles) / rate()
        count = sum(map(len, rounds))
        took[layer] = {name: one / count for name, one in spent.items()}
    return took


def _makers(town: Town, tiles: list[Tile]) -> dict[str, Callable[[], float]]:
    def http(base: str, path: Callable[[Tile], str]) -> Callable[[], float]:
        def rate() -> float:
            told = loaded(base, [path(one) for one in tiles], readers=MAKERS)
            if told.refused:
                raise SystemExit(f"{base} refused {told.refused} tiles of {tiles[0][0]}")
            return told.per_s

        return rate

    peers = bench._serve_peers
    ways = {
        "wangge": http(town.base, path_of),
        "martin's SQL": lambda: peers.by_sql(town.url, tiles, MAKERS),
        "tipg": http(town.tipg, peers.tipg_path),
    }
    if (server := town.mapserver) is not None:
        ways["MapServer"] = lambda: peers.by_mapserver(server, tiles)
    for name, (base, path) in town.others.items():

        def named(one: Tile, path: str = path) -> str:
            place, columns = peers.TABLES[one[0]]
            return path.format(table=place, columns=columns, z=one[1], x=one[2], y=one[3])

        ways[name] = http(base, named)
    return ways


# Tiles kept


def kept(town: Town) -> tuple[float, float, float]:
    """Answers a second: of tiles that are kept, of tiles a reader holds already, of nothing."""
    paths = [path_of(one) for some in tiles_of(town.box, "cells") for one in some if one[1] == 14]
    loaded(town.base, paths, readers=MAKERS, headers=PACKED)
    loaded(town.base, paths, readers=MAKERS, headers=PACKED)
    with urlopen(Request(town.base + paths[0], headers={"Accept-Encoding": "gzip"})) as answer:
        held = PACKED + rf"If-None-Match: {answer.headers['ETag']}\r\n"
    rates: list[tuple[float, float, float]] = []
    for _ in range(ROUNDS):
        ours = loaded(town.base, paths, seconds=KEPT_S, readers=READERS, headers=PACKED)
        same = loaded(town.base, paths[:1], seconds=KEPT_S, readers=READERS, headers=held)
        nothing = loaded(town.empty, ["/"], seconds=KEPT_S, readers=READERS)
        if ours.refused or same.refused:
            raise SystemExit("a kept tile was refused")
        rates.append((ours.per_s, same.per_s, nothing.per_s))
    ours_s, same_s, empty_s = (median(one[place] for one in rates) for place in range(3))
    return ours_s, same_s, empty_s


# Features and exports


def fetched(url: str, token: str = "") -> tuple[float, float, int]:
    """Seconds to the first byte of a body and to its end, and its bytes."""
    start, count = time.perf_counter(), 0
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with urlopen(Request(url, headers=headers), timeout=600) as answer:
        count += len(answer.read(1))
        first = time.perf_counter() - start
        while part := answer.read(1 << 18):
            count += len(part)
    return first, time.perf_counter() - start, count


def items(town: Town) -> tuple[float, float, float]:
    """Seconds for the first thousand cells: ours kept, ours made, tipg's, which keeps none.

    Ours are made for a limit that nobody asked for before.
    """
    ours = town.base + "/layers/cells.geojson?limit={}"
    theirs = (
        f"{town.tipg}/collections/public.grid_cell/items?limit=1000&f=geojson&geom-column=geom"
        f"&properties={bench._serve_peers.TABLES['cells'][1]}"
    )
    fetched(ours.format(1000))
    took = [
        (fetched(ours.format(1000))[1], fetched(ours.format(1001 + number))[1], fetched(theirs)[1])
        for number in range(9)
    ]
    kept_s, made_s, theirs_s = (median(one[place] for one in took) for place in range(3))
    return kept_s, made_s, theirs_s


_COLUMNS = "code, name, kind, division_code, parent_code, households_declared, area_m2"


def export(town: Town) -> tuple[float, float, float]:
    """Seconds to the first byte and to the end of all cells, and what ogr2ogr takes."""
    folder = Path(tempfile.mkdtemp(prefix="wangge-bench-"))
    words = ["ogr2ogr", "-f", "GeoJSON", str(folder / "cells.geojson"),
             f"PG:host={town.sockets} dbname=wangge user=wangge",
             "-sql", f"SELECT {_COLUMNS}, valid_from, valid_to, geom FROM grid_cell"]  # fmt: skip
    took = []
    for _ in range(5):
        first, whole, _ = fetched(f"{town.base}/export/cells.geojson")
        start = time.perf_counter()
        subprocess.run(words, check=True)
        took.append((first, whole, time.perf_counter() - start))
        (folder / "cells.geojson").unlink()
    shutil.rmtree(folder)
    first_s, whole_s, theirs_s = (median(one[place] for one in took) for place in range(3))
    return first_s, whole_s, theirs_s


def growth(town: Town) -> tuple[float, int]:
    """MiB by which the server grows while all cases go out, and the bytes that went.

    They went out once before: what stays after is what the program itself came to.
    """
    url = f"{town.base}/export/cases.geojson"
    fetched(f"{town.base}/export/facilities.geojson")
    ended, most = threading.Event(), [0]

    def watch() -> None:
        while not ended.wait(0.02):
            most[0] = max(most[0], town.process.memory_info().rss)

    before = town.process.memory_info().rss
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        count = fetched(url, town.token)[2]
    finally:
        ended.set()
        watcher.join()
    return (most[0] - before) / 2**20, count


# The town


_BOX = """SELECT ST_XMin(b), ST_YMin(b), ST_XMax(b), ST_YMax(b)
          FROM (SELECT ST_Extent(geom) AS b FROM grid_cell) one"""


class Town:
    """The served town and its peers."""

    def __init__(self, home: Path, base: str) -> None:
        cluster = Cluster(home.resolve())
        self.base, self.url, self.sockets = base, cluster.url(), str(cluster.sockets)
        self.process = next(
            one for one in psutil.Process().children(recursive=True)
            if "demo" in one.cmdline() and base.rpartition(":")[2] in one.cmdline()
        )  # fmt: skip
        with psycopg.connect(self.url) as db:
            row = db.execute(_BOX).fetchone()
            assert row
            self.box = row
        self.token = self._token()
        self.tipg = self.empty = ""
        self.mapserver: bench._serve_peers.MapServer | None = None
        self.others: dict[str, tuple[str, str]] = {}

    def await_outlines(self) -> None:
        """Wait until the process beside the server has made what tiles are made of."""
        with psycopg.connect(self.url, autocommit=True) as db:
            while not db.execute("SELECT 1 FROM store_fact WHERE key = 'cell_outlines'").fetchone():
                time.sleep(0.5)

    def _token(self) -> str:
        store = data.db.engine(self.url)
        with data.db.transaction(store) as db:
            who = db.scalar(sa.text("SELECT id FROM account WHERE login = 'administrator'"))
            token = data.sign_in.begin(db, int(who or 0), label="bench", lasts=timedelta(hours=1))
        store.dispose()
        return token[1]


@contextmanager
def beside(home: Path, size: str, port: int) -> Iterator[Town]:
    """The town served, and every peer over its store."""
    peers = bench._serve_peers
    with (
        served(home, size=size, port=port) as base,
        peers.empty(port + 1) as nothing,
    ):
        town = Town(home, base)
        with (
            peers.tipg(town.sockets, port + 2) as tipg,
            peers.mapserver(town.sockets) as mapserver,
            peers.others(town.url, port + 3) as others,
        ):
            town.await_outlines()
            town.empty, town.tipg = nothing, tipg
            town.mapserver, town.others = mapserver, others
            yield town


def fresh(port: int, edits: int) -> tuple[int, int]:
    """Stale answers and leaks, of a small town."""
    home = Path(tempfile.mkdtemp(prefix="wangge-bench-"))
    home.chmod(0o755)
    try:
        with served(home, size="small", port=port) as base:
            town = Town(home, base)
            store = data.db.engine(town.url)
            west, south, east, north = town.box
            where = _place(11, (west + east) / 2, (south + north) / 2)
            path = "/tiles/{}/11/{}/{}.mvt"
            old = bench._serve_fresh.stale(store, base, path.format("cells", *where), edits=edits)
            seen = bench._serve_fresh.leaks(
                store, base, path.format("cells,cases", *where), edits=edits // 2
            )
            store.dispose()
    finally:
        shutil.rmtree(home, ignore_errors=True)
    table([
        ("under load", "answers", "unchanged", "wrong"),
        (f"{edits} edits", f"{old.answers:,}", f"{old.unchanged:,}", f"{old.wrong}"),
        ("three viewers", f"{seen.answers:,}", f"{seen.unchanged:,}", f"{seen.wrong}"),
    ])  # fmt: skip
    return old.wrong, seen.wrong


def main() -> None:
    """Measure and print."""
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    words.add_argument("--size", default="city", help="small, district or city")
    words.add_argument("--home", type=Path, help="a store made before, kept; else one is made")
    words.add_argument("--port", type=int, default=8780)
    words.add_argument("--edits", type=int, default=400, help="of the town that is read meanwhile")
    words.add_argument("--json", action="store_true", help="end with one line of JSON")
    asked = words.parse_args()
    home = asked.home or Path(tempfile.mkdtemp(prefix="wangge-bench-"))
    home.mkdir(mode=0o755, parents=True, exist_ok=True)
    home.chmod(0o755)
    try:
        with beside(home, asked.size, asked.port) as town:
            figures = measured(town)
    finally:
        if asked.home is None:
            shutil.rmtree(home, ignore_errors=True)
    figures["stale_after_edit"], figures["scope_leaks"] = fresh(asked.port, asked.edits)
    table([("", "measured", "wanted"),
           *((name, f"{figures[name]:,.2f}", wish) for name, wish in WANTED.items())])  # fmt: skip
    last_line(figures, wanted=asked.json)


def measured(town: Town) -> dict[str, float]:
    """Everything that is held against a peer."""
    took = made(town)
    whole = {name: sum(took[layer][name] for layer in LAYERS) for name in took[LAYERS[0]]}
    table([("ms a tile, z12 to z14", *LAYERS, "both"),
           *((name, *(f"{took[layer][name]:.2f}" for layer in LAYERS), f"{whole[name]:.2f}")
             for name in whole)])  # fmt: skip
    ours, same, nothing = kept(town)
    mine_s, made_s, theirs_s = items(town)
    first_s, export_s, ogr_s = export(town)
    grown, count = growth(town)
    table([
        ("", "wangge", "peer"),
        ("kept tiles, a second; an empty route", f"{ours:,.0f}", f"{nothing:,.0f}"),
        ("tiles held already (304), a second", f"{same:,.0f}", ""),
        ("1,000 cells kept, ms; tipg", f"{mine_s * 1000:.1f}", f"{theirs_s * 1000:.1f}"),
        ("1,000 cells made, ms; tipg", f"{made_s * 1000:.1f}", f"{theirs_s * 1000:.1f}"),
        ("all cells, ms; ogr2ogr", f"{export_s * 1000:.0f}", f"{ogr_s * 1000:.0f}"),
        ("all cases, MiB", f"{count / 2**20:.0f}", ""),
    ])  # fmt: skip
    return {
        "tile_uncached_vs_tipg": whole["tipg"] / whole["wangge"],
        "tile_uncached_vs_sql": whole["martin's SQL"] / whole["wangge"],
        "tile_cached_per_s": ours, "tile_cached_vs_empty_route": ours / nothing,
        "items_vs_tipg": theirs_s / mine_s, "items_made_vs_tipg": theirs_s / made_s,
        "export_vs_ogr2ogr": ogr_s / export_s,
        "export_first_byte_ms": first_s * 1000, "export_growth_mib": grown,
    }  # fmt: skip


if __name__ == "__main__":
    main()
