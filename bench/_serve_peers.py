"""The peers of `bench serve` over the same PostGIS, and the route that does nothing.

- tipg: its own application by uvicorn, one worker, with the columns and the margin of ours
- MapServer: one FastCGI process of it, asked over its socket
- martin's SQL: what martin runs for a table source, prepared, through the driver that ours uses,
  by as many connections as there are readers, without any HTTP
- martin and pg_tileserv themselves where they are on the PATH
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import psycopg

TABLES = {"cells": ("grid_cell", "code,name,kind,households_declared"),
          "facilities": ("facility", "code,name,kind,category")}  # fmt: skip
WAIT_S = 60
Tile = tuple[str, int, int, int]


@contextmanager
def program(words: Sequence[str], url: str, env: dict[str, str] | None = None) -> Iterator[str]:
    """A server running, once it answers at `url`."""
    running = subprocess.Popen(words, env={**os.environ, **(env or {})},
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    try:
        for _ in range(WAIT_S * 5):
            try:
                urlopen(url, timeout=5).close()
                break
            except OSError:
                time.sleep(0.2)
        else:
            raise SystemExit(f"{words[0]} did not answer at {url}")
        yield url
    finally:
        running.terminate()
        running.wait(timeout=30)


_EMPTY = """
import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
async def nothing(request): return Response(b"")
uvicorn.run(Starlette(routes=[Route("/", nothing)]), port={port}, log_level="warning",
            access_log=False)
"""


@contextmanager
def empty(port: int) -> Iterator[str]:
    """A Starlette application of one route that answers nothing, by the same server."""
    base = f"http://127.0.0.1:{port}"
    with program([sys.executable, "-c", _EMPTY.format(port=port)], f"{base}/"):
        yield base


@contextmanager
def tipg(socket_folder: str, port: int) -> Iterator[str]:
    """tipg over the database `wangge`."""
    base = f"http://127.0.0.1:{port}"
    env = {
        "DATABASE_URL": f"postgresql://wangge@{socket_folder.replace('/', '%2F')}/wangge",
        "TIPG_DB_TABLES": '["public.grid_cell", "public.facility"]',
        "TIPG_DB_SPATIAL_EXTENT": "false", "TIPG_DB_DATETIME_EXTENT": "false",
        "TIPG_TILE_BUFFER": "160", "TIPG_MAX_FEATURES_PER_TILE": "1000000",
        "TIPG_CATALOG_TTL": "100000",
    }  # fmt: skip
    words = [sys.executable, "-m", "uvicorn", "tipg.main:app", "--port", str(port),
             "--log-level", "error", "--no-access-log"]  # fmt: skip
    with program(words, f"{base}/healthz", env):
        yield base


def tipg_path(tile: Tile) -> str:
    """Where tipg has a tile."""
    layer, z, x, y = tile
    table, columns = TABLES[layer]
    return (f"/collections/public.{table}/tiles/WebMercatorQuad/{z}/{x}/{y}"
            f"?geom-column=geom&properties={columns}")  # fmt: skip


# martin's SQL

_MARTIN = """SELECT ST_AsMVT(tile, '{layer}', 4096, 'geom') FROM (
    SELECT ST_AsMVTGeom(ST_Transform(ST_CurveToLine(geom), 3857),
                        ST_TileEnvelope(%(z)s::int, %(x)s::int, %(y)s::int), 4096, 64, true)
               AS geom, id, {columns}
    FROM {table} WHERE geom && ST_Transform(
        ST_TileEnvelope(%(z)s::int, %(x)s::int, %(y)s::int, margin => 0.015625), 4326)) AS tile"""


def by_sql(url: str, tiles: Sequence[Tile], readers: int) -> float:
    """Tiles a second by martin's SQL, in a thread with a loop of its own."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(_by_sql(url, tiles, readers))).result()


async def _by_sql(url: str, tiles: Sequence[Tile], readers: int) -> float:
    async def read(connection: psycopg.AsyncConnection) -> None:
        while left:
            layer, z, x, y = left.pop()
            table, columns = TABLES[layer]
            sql = _MARTIN.format(layer=layer, table=table, columns=columns)
            asked = {"z": z, "x": x, "y": y}
            cursor = await connection.execute(sql, asked, prepare=True, binary=True)
            await cursor.fetchone()

    left = list(tiles)
    lines = [await psycopg.AsyncConnection.connect(url, autocommit=True) for _ in range(readers)]
    start = time.perf_counter()
    await asyncio.gather(*map(read, lines))
    took = time.perf_counter() - start
    for line in lines:
        await line.close()
    return len(tiles) / took


# MapServer

_MAP = """MAP
  NAME "wangge" SIZE 256 256 EXTENT -20037508 -20037508 20037508 20037508 UNITS METERS
  PROJECTION "init=epsg:3857" END
  OUTPUTFORMAT NAME "mvt" DRIVER "MVT" MIMETYPE "application/x-protobuf" EXTENSION "pbf"
    FORMATOPTION "EXTENT=4096" FORMATOPTION "EDGE_BUFFER=10" END
  WEB METADATA "ows_enable_request" "*" END END
{layers}
END"""
_LAYER = """  LAYER NAME "{layer}" TYPE {kind} STATUS OFF
    CONNECTIONTYPE POSTGIS CONNECTION "host={host} dbname=wangge user=wangge"
    PROCESSING "CLOSE_CONNECTION=DEFER"
    DATA "geom from (select id,{columns},geom from {table}) as t using unique id using srid=4326"
    PROJECTION "init=epsg:4326" END
    METADATA "ows_include_items" "all" "gml_include_items" "all" END
  END"""


class MapServer:
    """One process of MapServer behind its socket."""

    def __init__(self, program: str, host: str, folder: Path) -> None:
        kinds = {"cells": "POLYGON", "facilities": "POINT"}
        layers = "\n".join(
            _LAYER.format(layer=layer, kind=kinds[layer], host=host, columns=columns, table=table)
            for layer, (table, columns) in TABLES.items()
        )
        self.map = folder / "wangge.map"
        self.map.write_text(_MAP.format(layers=layers))
        self.path = str(folder / "socket")
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self.path)
        listener.listen(64)
        config = folder / "mapserver.conf"
        config.write_text(f'CONFIG\n  ENV\n    MS_MAPFILE "{self.map}"\n  END\nEND\n')
        self.running = subprocess.Popen(
            [program], stdin=listener, stderr=subprocess.DEVNULL,
            env={**os.environ, "MAPSERVER_CONFIG_FILE": str(config)},
        )  # fmt: skip
        listener.close()

    def tile(self, tile: Tile) -> bytes:
        """One tile, headers and all."""
        layer, z, x, y = tile
        query = f"mode=tile&tilemode=gmap&tile={x}+{y}+{z}&layers={layer}&map.imagetype=mvt"
        told = {"REQUEST_METHOD": "GET", "QUERY_STRING": query, "GATEWAY_INTERFACE": "CGI/1.1"}
        pairs = b"".join(_pair(name.encode(), value.encode()) for name, value in told.items())
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(self.path)
            line.sendall(_record(1, struct.pack("!HB5x", 1, 0)) + _record(4, pairs)
                         + _record(4, b"") + _record(5, b""))  # fmt: skip
            return _answer(line)


def _pair(name: bytes, value: bytes) -> bytes:
    sizes = (struct.pack("!I", len(one) | 1 << 31) for one in (name, value))
    return b"".join(sizes) + name + value


def _record(kind: int, content: bytes) -> bytes:
    return struct.pack("!BBHHBx", 1, kind, 1, len(content), 0) + content


def _answer(line: socket.socket) -> bytes:
    """What FastCGI calls standard output, to the end of the request."""
    stream, parts = line.makefile("rb"), []
    while len(head := stream.read(8)) == 8:
        _, kind, _, length, padding = struct.unpack("!BBHHBx", head)
        content = stream.read(length + padding)[:length]
        if kind == 6:
            parts.append(content)
        elif kind == 3:
            break
    return b"".join(parts)


@contextmanager
def mapserver(socket_folder: str) -> Iterator[MapServer | None]:
    """MapServer, if the distribution's is here."""
    found = shutil.which("mapserv") or shutil.which("/usr/lib/cgi-bin/mapserv")
    if found is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="wangge-mapserver-") as folder:
        one = MapServer(found, socket_folder, Path(folder))
        try:
            yield one
        finally:
            one.running.kill()  # on a gentle word it waits for one more request
            one.running.wait(timeout=30)


def by_mapserver(server: MapServer, tiles: Sequence[Tile]) -> float:
    """Tiles a second, one after the other: the process does one at a time."""
    start = time.perf_counter()
    for tile in tiles:
        content = server.tile(tile)
        assert b"protobuf" in content[:200], content[:200]
    return len(tiles) / (time.perf_counter() - start)


# Tile servers that are rarely here


@contextmanager
def others(url: str, port: int) -> Iterator[dict[str, tuple[str, str]]]:
    """Base and path of a tile of martin and pg_tileserv, of those that are on the PATH."""
    words = {
        "martin": (["martin", "--listen-addresses", f"127.0.0.1:{port}", "--cache-size", "0", url],
                   f"http://127.0.0.1:{port}", "/health", "/{table}/{z}/{x}/{y}"),
        "pg_tileserv": (["pg_tileserv"], f"http://127.0.0.1:{port + 1}", "/health",
                        "/public.{table}/{z}/{x}/{y}.pbf?properties={columns}"),
    }  # fmt: skip
    env = {"DATABASE_URL": url, "TS_HTTPPORT": str(port + 1)}
    with _all(
        [
            (name, program(call, base + ready, env), base, path)
            for name, (call, base, ready, path) in words.items()
            if shutil.which(call[0])
        ]
    ) as running:
        yield running


@contextmanager
def _all(programs: list) -> Iterator[dict[str, tuple[str, str]]]:
    from contextlib import ExitStack

    with ExitStack() as stack:
        for _, one, _, _ in programs:
            stack.enter_context(one)
        yield {name: (base, path) for name, _, base, path in programs}
