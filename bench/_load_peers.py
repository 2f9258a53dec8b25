"""The other ways of bringing a sheet of residents into PostGIS, each as its users would at best."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import geopandas
import pandas as pd
import psycopg
import sqlalchemy as sa
from psycopg import sql

import data.bulk

REGISTER = ("building", "dwelling", "household", "resident")
_COLUMNS = """
    SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0
    AND NOT attisdropped AND attgenerated = '' ORDER BY attnum
"""


def taken_out(url: str, folder: Path) -> None:
    """Write the register of a store into files, as binary COPY wants them back."""
    with psycopg.connect(url) as db:
        for table in REGISTER:
            with (folder / table).open("wb") as file, db.cursor() as cursor:
                way = sql.SQL("COPY (SELECT {} FROM {} ORDER BY id) TO STDOUT (FORMAT binary)")
                with cursor.copy(way.format(_columns(db, table), sql.Identifier(table))) as copy:
                    for piece in copy:
                        file.write(piece)


def by_bare_copy(url: str, folder: Path) -> None:
    """The rows as they end, laid out already, with the indexes they need: nothing is faster."""
    with psycopg.connect(url) as db, db.cursor() as cursor:
        aside = data.bulk.set_aside(cursor, REGISTER)
        for table in REGISTER:
            way = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)")
            way = way.format(sql.Identifier(table), _columns(db, table))
            with (folder / table).open("rb") as file, cursor.copy(way) as copy:
                while piece := file.read(1 << 20):
                    copy.write(piece)
        data.bulk.restore(cursor, aside)
        for table in REGISTER:
            cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table)))


def _columns(db: psycopg.Connection, table: str) -> sql.Composed:
    names = [name for (name,) in db.execute(_COLUMNS, [table]).fetchall()]
    return sql.SQL(", ").join(map(sql.Identifier, names))


def by_geopandas(url: str, file: Path) -> None:
    """The way of a notebook: one table as the sheet is, its cell beside it, three indexes."""
    warnings.simplefilter("ignore")
    store = sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg"))
    ground = geopandas.read_postgis("SELECT code AS cell, geom FROM grid_cell", store, "geom")
    frame = pd.read_csv(file, dtype="str")
    lon, lat = frame["经度"].astype(float), frame["纬度"].astype(float)
    spots = geopandas.points_from_xy(lon, lat, crs=4326)
    frame = geopandas.GeoDataFrame(frame, geometry=spots)
    joined = frame.sjoin(ground, how="left", predicate="intersects").sort_values("cell")
    joined = joined[~joined.index.duplicated()].drop(columns="index_right")
    joined.to_postgis("peer", store, index=False)
    with store.begin() as db:
        for column in ("身份证号", "cell"):
            db.execute(sa.text(f'CREATE INDEX ON peer ("{column}")'))


_TABLE = """
    CREATE TABLE peer ({columns}, geom geometry(Point, 4326) GENERATED ALWAYS AS
        (ST_SetSRID(ST_MakePoint("经度"::float8, "纬度"::float8), 4326)) STORED, cell text)
"""
_GROUND = """
    CREATE TEMP TABLE ground (code text, geom geometry);
    ALTER TABLE ground ALTER geom SET STORAGE EXTERNAL;
    INSERT INTO ground SELECT code, geom FROM grid_cell ORDER BY geom;
    CREATE INDEX ON ground USING gist (geom);
    ANALYZE ground, peer;
"""
_UPDATES = {
    "cells drive": """
        UPDATE peer p SET cell = c.code FROM
            (SELECT p.ctid AS at, min(c.code COLLATE "C") AS code
             FROM ground c JOIN peer p ON ST_Intersects(c.geom, p.geom) GROUP BY 1) c
        WHERE c.at = p.ctid
    """,
    "points drive": """
        UPDATE peer p SET cell = (SELECT c.code FROM ground c WHERE ST_Intersects(c.geom, p.geom)
                                  ORDER BY c.code COLLATE "C" LIMIT 1)
    """,
}
"""Two plans; the faster counts."""


def by_copy_and_update(url: str, file: Path, names: Sequence[str], plan: str) -> None:
    """The way of an administrator: COPY the file, UPDATE … FROM the cells, then three indexes."""
    with psycopg.connect(url) as db, db.cursor() as cursor:
        kept = sql.SQL(", ").join(map(sql.Identifier, names))
        columns = sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(n)) for n in names)
        cursor.execute(sql.SQL(_TABLE).format(columns=columns))
        way = sql.SQL("COPY peer ({}) FROM STDIN (FORMAT csv, HEADER)").format(kept)
        with file.open("rb") as content, cursor.copy(way) as copy:
            while piece := content.read(1 << 20):
                copy.write(piece)
        if plan == "cells drive":
            cursor.execute("CREATE INDEX ON peer USING gist (geom)")
        cursor.execute(_GROUND)
        cursor.execute(_UPDATES[plan])
        if plan != "cells drive":
            cursor.execute("CREATE INDEX ON peer USING gist (geom)")
        cursor.execute('CREATE INDEX ON peer ("身份证号"); CREATE INDEX ON peer (cell)')


PLANS = tuple(_UPDATES)
