"""GeoParquet, through pyarrow and geopandas."""

from __future__ import annotations

import re
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet

from data.files.guard import MAX_RATIO, MAX_UNPACKED, MIB
from data.files.sheet import Sheet, as_text
from gis.errors import BadInput, TooLarge

MAX_VALUES = 500_000_000


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
    if unpacked > 64 * MIB and unpacked > MAX_RATIO * path.stat().st_size:
        raise TooLarge(f"{path.name} unpacks {unpacked // path.stat().st_size:,} fold")
    try:
        _refuse_long_repeats(path, meta)
        if b"geo" in (meta.metadata or {}):
            _refuse_deep_collections(path)
            return _with_geometry(geopandas.read_parquet(path))
        frame = pd.read_parquet(path)
    except (pa.ArrowException, ValueError, TypeError) as error:
        raise BadInput(f"{path.name} cannot be read as GeoParquet: {error}") from error
    return Sheet(_text(frame), "Parquet")


def _refuse_long_repeats(path: Path, meta: pa.parquet.FileMetaData) -> None:
    """A word kept once and repeated a million times is short only in the file."""
    schema = meta.schema.to_arrow_schema()
    words = [one.name for one in schema if pa.types.is_binary(one.type) or _is_text(one.type)]
    if meta.num_rows * len(schema) > MAX_VALUES:
        raise TooLarge(f"{path.name} holds {meta.num_rows:,} rows of {len(schema):,} columns")
    if not words:
        return
    total = 0
    file = pa.parquet.ParquetFile(path, read_dictionary=words)
    for batch in file.iter_batches(65_536, columns=words):
        total += sum(_text_size(column) for column in batch.columns)
        if total > MAX_UNPACKED:
            raise TooLarge(
                f"{path.name} unpacks to over {MAX_UNPACKED // MIB:,} MiB of text in its rows"
            )


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_text(kind.value_type)
    return any(
        one(kind)
        for one in (pa.types.is_string, pa.types.is_large_string, pa.types.is_large_binary)
    )


def _text_size(column: pa.Array) -> int:
    if not pa.types.is_dictionary(column.type):
        return int(column.nbytes)
    lengths = pa.compute.binary_length(column.dictionary)
    return int(pa.compute.sum(lengths.take(column.indices)).as_py() or 0)


_COLLECTION = re.compile(
    rb"[\x07\xef\xd7\xbf][\x00\x03\x07\x0b]\x00|\x00[\x00\x03\x07\x0b][\x07\xef\xd7\xbf]"
)
MAX_COLLECTIONS = 1_000


def _refuse_deep_collections(path: Path) -> None:
    """GEOS reads a collection in a collection by calling itself, until the stack is used up."""
    file = pa.parquet.ParquetFile(path)
    names = [
        one.name
        for one in file.schema_arrow
        if pa.types.is_binary(one.type) or pa.types.is_large_binary(one.type)
    ]
    for batch in file.iter_batches(65_536, columns=names):
        for column in batch.columns:
            long = pa.compute.greater(pa.compute.binary_length(column), 9 * MAX_COLLECTIONS)
            for value in column.filter(long).to_pylist():
                is_collection = value[1] in _KINDS or value[4] in _KINDS
                if is_collection and len(_COLLECTION.findall(value)) > MAX_COLLECTIONS:
                    raise TooLarge(f"{path.name} nests collections of shapes too deeply")


_KINDS = (0x07, 0xEF, 0xD7, 0xBF)
"""Last byte of the WKB number of a collection: 7, 1007 (Z), 2007 (M), 3007 (ZM)."""


def _with_geometry(frame: geopandas.GeoDataFrame) -> Sheet:
    shapes = np.asarray(frame.geometry.array, dtype=object)
    attributes = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    return Sheet(_text(attributes), "GeoParquet", shapes=shapes, crs=frame.crs)


def _text(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame.apply(as_text) if len(frame.columns) else frame
    frame.index = pd.RangeIndex(1, len(frame) + 1)
    return frame
