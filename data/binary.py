"""Rows as PostgreSQL's binary COPY takes them, laid out by the column.

Arrow joins the fields of all rows in one pass over memory, without a line of Python for a row;
the store then has nothing to parse. What has no layout here (lists, dates as text) goes as CSV.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from psycopg.errors import NumericValueOutOfRange

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
_NULL = b"\xff\xff\xff\xff"
_TO_2000 = np.datetime64("2000-01-01") - np.datetime64("1970-01-01")
_TO_2000_DAYS = int(_TO_2000.astype("int64"))
_TO_2000_US = _TO_2000_DAYS * 86_400_000_000

Bytes = npt.NDArray[np.uint8]


def fits(table: pa.Table, types: Mapping[str, str]) -> bool:
    """Whether every column can be laid out as the type of its column in the store."""
    return all(_layout(types[one.name]).takes(one.type) for one in table.schema)


def encode(table: pa.Table, types: Mapping[str, str]) -> memoryview:
    """Lay out the rows of `table`, whose columns `fits` passed: no header, no trailer."""
    count = np.full(len(table), len(table.schema), ">i2")
    pieces: list[Any] = [count.view(np.uint8).reshape(len(table), 2)]
    for name in table.column_names:
        values = _plain(table.column(name))
        pieces += _layout(types[name]).fields(values)
    empty = pa.scalar(b"", pa.large_binary())
    rows = pc.binary_join_element_wise(*map(_as_arrow, _joined(pieces)), empty)
    _, ends, content = rows.buffers()
    if content is None:
        return memoryview(b"")
    at = np.frombuffer(ends, "<i8")[rows.offset : rows.offset + len(rows) + 1]
    return memoryview(content)[at[0] : at[-1]]


def _plain(column: pa.ChunkedArray) -> pa.Array:
    """One array, no dictionary."""
    values = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    return values.dictionary_decode() if pa.types.is_dictionary(values.type) else values


def _joined(pieces: list[Any]) -> list[Any]:
    """Lay neighbours of one width for all rows side by side: Arrow joins fewer, faster."""
    joined: list[Any] = []
    for piece in pieces:
        if joined and isinstance(piece, np.ndarray) and isinstance(joined[-1], np.ndarray):
            joined[-1] = np.concatenate([joined[-1], piece], axis=1)
        else:
            joined.append(piece)
    return joined


def _as_arrow(piece: Any) -> pa.Array:
    if not isinstance(piece, np.ndarray):
        return piece
    count, width = piece.shape
    ends = np.arange(count + 1, dtype="<i8") * width
    content = pa.py_buffer(np.ascontiguousarray(piece).data)
    return pa.Array.from_buffers(pa.large_binary(), count, [None, pa.py_buffer(ends), content])


# A layout for each kind of type


class _Fixed:
    """Values of one width: their length before each, nulls without a value."""

    def __init__(
        self, kind: str, takes: Callable[[Any], bool], numbers: Callable[[pa.Array], Any]
    ) -> None:
        self.kind, self._takes, self._numbers = np.dtype(kind), takes, numbers

    def takes(self, kind: pa.DataType) -> bool:
        return pa.types.is_null(kind) or self._takes(kind)

    def fields(self, values: pa.Array) -> list[Any]:
        if values.null_count == len(values) and len(values):
            return [np.full((len(values), 4), 255, np.uint8)]
        record = np.empty(len(values), [("length", ">i4"), ("value", self.kind)])
        record["length"] = self.kind.itemsize
        record["value"] = self._numbers(values)
        laid = record.view(np.uint8).reshape(len(values), 4 + self.kind.itemsize)
        if not values.null_count:
            return [laid]
        told = _as_arrow(laid)
        return [pc.if_else(values.is_valid(), told, pa.scalar(_NULL, pa.large_binary()))]


class _Bytes:
    """Text and bytes of any length; of a geometry, text is its EWKB in hexadecimal."""

    def __init__(self, takes: Callable[[Any], bool], *, before: bytes = b"", hexed: bool = False):
        self._takes, self._before, self._hexed = takes, before, hexed

    def takes(self, kind: pa.DataType) -> bool:
        return pa.types.is_null(kind) or self._takes(kind)

    def fields(self, values: pa.Array) -> list[Any]:
        if pa.types.is_null(values.type):
            return [np.full((len(values), 4), 255, np.uint8)]
        told = values.cast(pa.large_binary())
        if self._hexed and not _is_bytes(values.type):
            told = _unhexed(told)
        length = pc.binary_length(told).fill_null(-1).to_numpy(zero_copy_only=False)
        at = np.where(length < 0, -1, length + len(self._before)).astype(">i4")
        head = [at.view(np.uint8).reshape(len(values), 4)]
        if self._before:
            kept = pc.if_else(values.is_valid(), pa.scalar(self._before, pa.large_binary()),
                              pa.scalar(b"", pa.large_binary()))  # fmt: skip
            return [*head, kept, told.fill_null(b"")]
        return [*head, told.fill_null(b"")]


def _unhexed(told: pa.Array) -> pa.Array:
    """Read hexadecimal, of all values at once; nulls stay."""
    filled = told.fill_null(b"")
    _, ends, content = filled.buffers()
    at = np.frombuffer(ends, "<i8")[filled.offset : filled.offset + len(told) + 1]
    text = b"" if content is None else bytes(memoryview(content)[at[0] : at[-1]])
    read = pa.py_buffer(bytes.fromhex(text.decode("ascii")))
    halves = pa.py_buffer(((at - at[0]) // 2).astype("<i8"))
    values = pa.Array.from_buffers(pa.large_binary(), len(told), [None, halves, read])
    return pc.if_else(told.is_valid(), values, pa.scalar(None, pa.large_binary()))


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _numbers(values: pa.Array) -> Any:
    filled = values.fill_null(0) if values.null_count else values
    return filled.to_numpy(zero_copy_only=False)


def _whole(kind: pa.DataType) -> Callable[[pa.Array], Any]:
    """Whole numbers of a width; what does not fit is refused as the store would, never cut."""

    def numbers(values: pa.Array) -> Any:
        try:
            return _numbers(values.cast(kind))
        except pa.ArrowInvalid as error:
            raise NumericValueOutOfRange(str(error)) from error

    return numbers


def _truths(values: pa.Array) -> Any:
    return _numbers(values.cast(pa.uint8()))


def _days(values: pa.Array) -> Any:
    return _numbers(values.cast(pa.int32())) - _TO_2000_DAYS


def _instants(values: pa.Array) -> Any:
    whole = values.cast(pa.timestamp("us", values.type.tz), safe=False).cast(pa.int64())
    return _numbers(whole) - _TO_2000_US


def _has_zone(kind: pa.DataType) -> bool:
    return bool(pa.types.is_timestamp(kind) and kind.tz is not None)


class _None:
    """A type that is not laid out here."""

    def takes(self, _: pa.DataType) -> bool:
        return False

    def fields(self, _: pa.Array) -> list[Any]:
        raise NotImplementedError


_LAYOUTS: dict[str, _Fixed | _Bytes] = {
    "smallint": _Fixed(">i2", pa.types.is_integer, _whole(pa.int16())),
    "integer": _Fixed(">i4", pa.types.is_integer, _whole(pa.int32())),
    "bigint": _Fixed(">i8", pa.types.is_integer, _whole(pa.int64())),
    "double precision": _Fixed(">f8", pa.types.is_floating, _numbers),
    "boolean": _Fixed("u1", pa.types.is_boolean, _truths),
    "date": _Fixed(">i4", pa.types.is_date32, _days),
    "timestamp with time zone": _Fixed(">i8", _has_zone, _instants),
    "text": _Bytes(_is_text),
    "bytea": _Bytes(_is_bytes),
    "jsonb": _Bytes(_is_text, before=b"\x01"),
    "geometry": _Bytes(lambda kind: _is_text(kind) or _is_bytes(kind), hexed=True),
}


def _layout(kind: str) -> _Fixed | _Bytes | _None:
    return _LAYOUTS.get(kind.partition("(")[0], _None())
