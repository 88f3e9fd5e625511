"""Arrow arrays from blocks of bytes: what the FITS and VOTable readers share."""

from __future__ import annotations

import itertools
import re
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]

BLOCK_BYTES = 16 << 20
"""Bytes of a file turned into one Arrow batch, at most (a wide row may be more)."""

BLOCK_ROWS = 65_536
"""Rows of an Arrow batch, at most."""

ARRAY_LIMIT = 100_000
"""Longest fixed-size array DuckDB has; longer ones become lists."""

_ARROW = {
    "BOOLEAN": pa.bool_(),
    "TINYINT": pa.int8(),
    "UTINYINT": pa.uint8(),
    "SMALLINT": pa.int16(),
    "USMALLINT": pa.uint16(),
    "INTEGER": pa.int32(),
    "UINTEGER": pa.uint32(),
    "BIGINT": pa.int64(),
    "UBIGINT": pa.uint64(),
    "FLOAT": pa.float32(),
    "DOUBLE": pa.float64(),
    "VARCHAR": pa.string(),
    "TIMESTAMP": pa.timestamp("us"),
}
_DUCKDB = {
    "b1": "BOOLEAN",
    "i1": "TINYINT",
    "u1": "UTINYINT",
    "i2": "SMALLINT",
    "u2": "USMALLINT",
    "i4": "INTEGER",
    "u4": "UINTEGER",
    "i8": "BIGINT",
    "u8": "UBIGINT",
    "f4": "FLOAT",
    "f8": "DOUBLE",
}


def arrow_type(duckdb_type: str) -> pa.DataType:
    """The Arrow type DuckDB reads as `duckdb_type`: a scalar, `T[n]` or `T[]`."""
    item, size = re.fullmatch(r"(\w+)(?:\[(\d*)\])?", duckdb_type).groups()  # type: ignore[union-attr]
    if size is None:
        return _ARROW[item]
    return pa.list_(_ARROW[item], int(size)) if size else pa.list_(_ARROW[item])


def duckdb_type(dtype: np.dtype[Any]) -> str:
    """The DuckDB type of a NumPy type."""
    return _DUCKDB[f"{dtype.kind}{dtype.itemsize}"]


def array_type(item: str, size: int) -> str:
    """The DuckDB type of `size` items in a row."""
    return f"{item}[{size}]" if size <= ARRAY_LIMIT else f"{item}[]"


def block_rows(row_bytes: int) -> int:
    """Rows to read at once when a row takes `row_bytes` in the file."""
    return max(1, min(BLOCK_ROWS, BLOCK_BYTES // max(row_bytes, 1)))


def numbers(values: NDArray[Any], null: Mask | None = None) -> pa.Array:
    """Numbers of any byte order; NULL where `null`."""
    return pa.array(values.astype(values.dtype.newbyteorder("="), order="C"), mask=null)


def booleans(letters: Bytes, null: Mask | None = None) -> pa.Array:
    """Logical values from their ASCII letter: T, t, 1 and F, f, 0; NULL where it is another or `null`."""
    true = np.isin(letters, np.frombuffer(b"Tt1", np.uint8))
    false = np.isin(letters, np.frombuffer(b"Ff0", np.uint8))
    unknown = ~(true | false)
    return pa.array(true, mask=unknown if null is None else unknown | null)


def fixed_lists(items: pa.Array, size: int, null: Mask | None = None) -> pa.Array:
    """Rows of `size` items each; NULL where `null`."""
    if size <= ARRAY_LIMIT:
        return pa.FixedSizeListArray.from_arrays(items, size, mask=None if null is None else pa.array(null))
    lengths = np.full(len(items) // size, size)
    return lists(items, lengths, null)


def lists(items: pa.Array, lengths: NDArray[np.int64], null: Mask | None = None) -> pa.Array:
    """Rows of `lengths` items each, taken in order; NULL where `null`."""
    offsets = pa.array(_offsets(lengths))
    return pa.ListArray.from_arrays(offsets, items, mask=None if null is None else pa.array(null))


def texts(cells: Bytes) -> pa.Array:
    """Text from a (rows, width) matrix of bytes: ends at the first NUL, trailing blanks dropped, empty is NULL."""
    width = cells.shape[1]
    if width == 0:
        return pa.nulls(len(cells), pa.string())
    if not cells.all():
        cells = np.where(np.logical_or.accumulate(cells == 0, axis=1), np.uint8(32), cells)
    filled = cells != 32
    lengths = np.where(filled.any(axis=1), width - np.argmax(filled[:, ::-1], axis=1), 0)
    return ragged_texts(cells[np.arange(width) < lengths[:, None]], lengths)


def nulled(values: pa.Array, null: Mask) -> pa.Array:
    """The values with NULL where `null`."""
    return pc.if_else(pa.array(null), None, values)


def ragged_texts(data: Bytes, lengths: NDArray[np.int64]) -> pa.Array:
    """Text from bytes laid end to end; an empty one is NULL.

    Bytes that are not UTF-8 are read as Latin-1, which is what old catalogues hold.
    """
    offsets = _offsets(lengths)
    valid = lengths > 0
    if not _is_utf8(data, offsets[:-1][lengths > 0]):
        parts = (data[a:b].tobytes() for a, b in itertools.pairwise(offsets))
        return pa.array([_decoded(part) if ok else None for part, ok in zip(parts, valid, strict=True)], pa.string())
    bitmap = pa.py_buffer(np.packbits(valid, bitorder="little"))
    return pa.StringArray.from_buffers(
        len(lengths), pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(data)), bitmap
    )


def gather(data: Bytes, starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> Bytes:
    """The pieces of `data` that begin at `starts`, laid end to end."""
    offsets = np.cumsum(lengths) - lengths
    picked: Bytes = data[np.repeat(starts - offsets, lengths) + np.arange(lengths.sum())]
    return picked


def _offsets(lengths: NDArray[np.int64]) -> NDArray[np.int32]:
    return np.concatenate(([0], np.cumsum(lengths))).astype(np.int32)


def _is_utf8(data: Bytes, starts: NDArray[np.int32]) -> bool:
    if not (data & 0x80).any():
        return True
    if ((data[starts] & 0xC0) == 0x80).any():  # a text that begins inside a character
        return False
    try:
        data.tobytes().decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")
