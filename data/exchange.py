"""交换 in the store and on the disk: what leaves of components and cases, and the file of both."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.areas
import data.db
import data.files.content
import data.files.guard
from data.files.guard import Format
from gis.errors import BadInput
from gis.exchange import CASES, CLASS, COLUMNS, COMPONENT_ID, COMPONENTS

if TYPE_CHECKING:
    from collections.abc import Mapping

CGCS2000 = "EPSG:4490"
_IN_AREA = "(%(cells)s::bigint[] IS NULL OR p.cell_id = ANY (%(cells)s))"
_ISO = "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"+00:00\"')"
_LAYERS = {
    COMPONENTS: f"""
        SELECT p.code, p.class_code, p.name, p.category, p.address, p.valid_from::text,
               p.valid_to::text, p.geom, p.code ~ '{COMPONENT_ID}' AS has_code
        FROM facility p WHERE p.kind = 'component' AND {_IN_AREA} ORDER BY p.code COLLATE "C"
    """,
    CASES: f"""
        SELECT p.code, p.kind, p.class_code, p.title, p.state,
               {_ISO.format("p.reported_at")} AS reported_at, {_ISO.format("p.due_at")} AS due_at,
               {_ISO.format("p.closed_at")} AS closed_at,
               CASE WHEN p.desk_code IS NULL THEN c.code END AS cell_code, p.geom,
               p.kind IS NOT NULL AND p.class_code ~ '{CLASS}' AS has_code
        FROM case_file p LEFT JOIN grid_cell c ON c.id = p.cell_id
        WHERE {_IN_AREA} ORDER BY p.code COLLATE "C"
    """,
}


def cells_of(db: Session, area: str | None) -> list[int] | None:
    """The cells in force of an area; None for everywhere.

    Raises:
        NotFound: the code names nothing.
    """
    return None if area is None else data.areas.held(db, area)["cells"]


def counties(db: Session) -> set[str]:
    """The counties of the divisions here, by their 6 digits."""
    return set(db.scalars(sa.text("SELECT DISTINCT left(code, 6) FROM division")))


def layer(db: Session, name: str, cells: list[int] | None) -> tuple[pd.DataFrame, int]:
    """Rows of a layer with their `geom`, and how many were left out for having no such code."""
    with data.db.cursor(db) as cursor:
        cursor.execute(_LAYERS[name], {"cells": cells})
        found = cursor.fetchall()
    frame = pd.DataFrame(found, columns=[*COLUMNS[name], "geom", "has_code"], dtype=object)
    told = frame[frame["has_code"].astype(bool)].drop(columns="has_code").reset_index(drop=True)
    return told.assign(geom=shapely.from_wkb(told["geom"].to_list())), len(frame) - len(told)


def write(path: Path, layers: Mapping[str, pd.DataFrame]) -> None:
    """Write the layers as a GeoPackage of points in CGCS2000."""
    import geopandas

    for name, frame in layers.items():
        texts: dict[str, Any] = {column: frame[column].astype("str") for column in COLUMNS[name]}
        shapes = frame["geom"].to_numpy()  # WGS-84 is within a metre of it, and taken as equal here
        table = geopandas.GeoDataFrame(texts, geometry=shapes, crs=CGCS2000, index=frame.index)
        table.to_file(path, driver="GPKG", engine="pyogrio", layer=name, geometry_type="Point")


def layers_in(path: Path) -> list[str]:
    """Which of the two layers a file has.

    Raises:
        BadInput: it is no GeoPackage, or has neither.
    """
    form = data.files.guard.recognise(path)
    if form != Format.GEOPACKAGE:
        raise BadInput(f"{path.name} is {form}; an exchange is a GeoPackage")
    data.files.content.check(path, form)
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as book:
        rows = book.execute("SELECT table_name FROM gpkg_contents WHERE data_type = 'features'")
        names = [str(row[0]) for row in rows]
    found = [name for name in COLUMNS if name in names]
    if not found:
        told = ", ".join(names[:20]) or "none"
        raise BadInput(f"{path.name} has the layers {told}; an exchange has components, cases")
    return found
