"""Our own way of doing what the peers do: the sheet as it is, its cell beside it, in one table.

By the parts that an import is made of (look-up, order along a curve, binary COPY), without what
peers leave out (checks, seals, homes).
"""

from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.csv
import shapely
import sqlalchemy as sa
from psycopg import sql

import data.binary
import data.intake
import gis.locate
import gis.places

PIECE = 200_000
"""Rows laid out at a time."""


def by_wangge(url: str, file: Path) -> None:
    """Read, look up, order, COPY with the cell in the row, then the three indexes."""
    options = pyarrow.csv.ConvertOptions(
        column_types={name: pa.string() for name in _names(file) if name not in ("经度", "纬度")}
    )
    sheet = pyarrow.csv.read_csv(file, convert_options=options)
    points = shapely.points(sheet["经度"].to_numpy(), sheet["纬度"].to_numpy())
    store = sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg"))
    ground = geopandas.read_postgis("SELECT code, geom FROM grid_cell", store, "geom")
    store.dispose()
    codes = ground["code"].to_numpy(str)
    at = gis.locate.cell_of(points, ground["geom"].to_numpy(), codes)
    cells = pa.array(codes).take(pa.array(at, mask=at < 0))
    spots = pa.array(data.intake.ewkb_of_points(points))
    rows = sheet.append_column("geom", spots).append_column("cell", cells)
    _written(url, rows.take(pa.array(gis.places.along_a_curve(points))))


def _names(file: Path) -> list[str]:
    with file.open(encoding="utf-8") as lines:
        return lines.readline().strip().replace('"', "").split(",")


def _written(url: str, rows: pa.Table) -> None:
    types = dict.fromkeys(rows.column_names, "text")
    types |= {"经度": "double precision", "纬度": "double precision", "geom": "geometry"}
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in types.items()
    )
    with psycopg.connect(url) as db, db.cursor() as cursor:
        cursor.execute(sql.SQL("CREATE TABLE peer ({})").format(columns))
        with cursor.copy("COPY peer FROM STDIN (FORMAT binary)") as copy:
            copy.write(data.binary.HEADER)
            for start in np.arange(0, len(rows), PIECE):
                copy.write(data.binary.encode(rows.slice(start, PIECE), types))
            copy.write(data.binary.TRAILER)
        cursor.execute("CREATE INDEX ON peer USING gist (geom)")
        cursor.execute('CREATE INDEX ON peer ("身份证号"); CREATE INDEX ON peer (cell)')
