"""GeoParquet, through pyarrow and geopandas."""

from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from data.files.guard import MAX_UNPACKED, MIB
from data.files.sheet import Sheet, as_text
from gis.errors import BadInput, TooLarge


def read(path: Path) -> Sheet:
    """Read a GeoParquet file, or a plain Parquet table without geometry."""
    try:
        meta = pa.parquet.read_metadata(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise BadInput(f"{path.name} cannot be read as Parquet: {error}") from error
    unpacked = sum(meta.row_group(n).total_byte_size for n in range(meta.num_row_groups))
    if unpacked > MAX_UNPACKED:
        raise TooLarge(
            f"{path.name} unpacks to {unpacked // MIB:,} MiB; at most {MAX_UNPACKED // MIB:,}"
        )
    try:
        if b"geo" in (meta.metadata or {}):
            return _with_geometry(geopandas.read_parquet(path))
        frame = pd.read_parquet(path)
    except (pa.ArrowException, ValueError, TypeError) as error:
        raise BadInput(f"{path.name} cannot be read as GeoParquet: {error}") from error
    return Sheet(_text(frame), "Parquet")


def _with_geometry(frame: geopandas.GeoDataFrame) -> Sheet:
    shapes = np.asarray(frame.geometry.array, dtype=object)
    attributes = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    return Sheet(_text(attributes), "GeoParquet", shapes=shapes, crs=frame.crs)


def _text(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame.apply(as_text) if len(frame.columns) else frame
    frame.index = pd.RangeIndex(1, len(frame) + 1)
    return frame
