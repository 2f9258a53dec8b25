"""导出: a file of cells, facilities, cases, dwellings or statistics, in any format and datum."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyproj
import shapely
import sqlalchemy as sa

import data.db
import data.exports
import data.files.write
import data.journal
import data.scope
from data.exports import Wanted
from gis import coordinates
from gis.access import Viewer
from gis.errors import BadInput
from gis.terms import Datum, Progress, quiet

WGS84 = coordinates.system_of(Datum.WGS84)


@dataclass(frozen=True)
class Shape:
    """How the coordinates are to be written: a datum for degrees, or any CRS."""

    datum: Datum = Datum.WGS84
    crs: str | None = None


def target_crs(shape: Shape, suffix: str) -> pyproj.CRS:
    """Read the CRS to write in.

    Raises:
        BadInput: no such CRS; or the format and the datum do not go together.
    """
    if shape.crs is None:
        return coordinates.system_of(shape.datum)
    if shape.datum not in {Datum.WGS84, Datum.CGCS2000}:
        raise BadInput(f"--crs {shape.crs} and --datum {shape.datum} exclude each other")
    try:
        crs = pyproj.CRS.from_user_input(shape.crs)
    except pyproj.exceptions.CRSError as error:
        raise BadInput(f"{shape.crs!r} is no coordinate system; write EPSG:4547 …") from error
    crs = crs.to_2d()
    if not (crs.is_geographic or crs.is_projected):
        raise BadInput(
            f"{shape.crs!r} is no coordinate system of places on a map; write EPSG:4547 …"
        )
    if suffix in {".geojson", ".geojsonl"} and not crs.equals(WGS84, ignore_axis_order=True):
        raise BadInput(f"RFC 7946 GeoJSON is WGS-84 only, not {shape.crs}; choose .gpkg or .fgb")
    return crs


def _moved(frame: pd.DataFrame, shape: Shape, crs: pyproj.CRS) -> pd.DataFrame:
    shapes = np.asarray(frame["geom"], dtype=object)
    shapes = coordinates.convert_shapes(shapes, source=Datum.WGS84, target=shape.datum)
    if shape.crs is not None and not crs.equals(WGS84, ignore_axis_order=True):
        change = pyproj.Transformer.from_crs(WGS84, crs, always_xy=True)
        shapes = shapely.transform(
            shapes, lambda xy: np.column_stack(change.transform(xy[:, 0], xy[:, 1]))
        )
    return frame.assign(geom=pd.Series(list(shapes), index=frame.index, dtype=object))


def _frames(
    store: sa.Engine, wanted: Wanted, shape: Shape, crs: pyproj.CRS, *, by: Viewer, today: date
) -> Iterator[pd.DataFrame]:
    with data.scope.transaction(store, by) as db:
        count = 0
        for frame in data.exports.frames(db, wanted, today=today):
            count += len(frame)
            yield _moved(frame, shape, crs)
        data.journal.write(
            db, actor=by.login, act="export", subject=wanted.kind, area=wanted.area, rows=count
        )


def stream(
    store: sa.Engine, wanted: Wanted, suffix: str, shape: Shape, *, by: Viewer, today: date
) -> Iterator[bytes]:
    """Stream an export as GeoJSON, GeoJSON lines or CSV; journalled when it is complete.

    The first frame is read at once, so that a refusal comes before the first byte.
    """
    crs = target_crs(shape, suffix)
    frames = _frames(store, wanted, shape, crs, by=by, today=today)
    first = next(frames)

    def every() -> Iterator[pd.DataFrame]:
        yield first
        yield from frames

    return data.files.write.stream(every(), suffix, crs=crs)


def export_file(
    store: sa.Engine,
    wanted: Wanted,
    path: Path,
    shape: Shape,
    *,
    by: Viewer,
    today: date,
    progress: Progress = quiet,
) -> int:
    """Write an export to `path` and return the number of rows; whole or not at all.

    Raises:
        BadInput, NotFound, TooLarge: in words; an existing file stays as it was.
    """
    suffix = data.files.write.suffix_of(path.name)
    crs = target_crs(shape, suffix)
    if not path.parent.is_dir():
        raise BadInput(f"there is no folder {path.parent}")
    frames = []
    for frame in _frames(store, wanted, shape, crs, by=by, today=today):
        frames.append(frame)
        progress("reading rows", sum(map(len, frames)), None)
    if suffix in data.files.write.STREAMED:
        _write_stream(path, frames, suffix, crs)
    else:
        progress("writing the file", 0, None)
        data.files.write.write(pd.concat(frames, ignore_index=True), path, crs=crs)
    return sum(map(len, frames))


def _write_stream(path: Path, frames: list[pd.DataFrame], suffix: str, crs: pyproj.CRS) -> None:
    with data.files.write.whole(path) as part, part.open("wb") as file:
        file.writelines(data.files.write.stream(iter(frames), suffix, crs=crs))
