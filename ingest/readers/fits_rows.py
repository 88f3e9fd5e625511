"""Rows of a FITS table as Arrow batches: each block of rows is read once and turned column by column."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from skyband.ingest.readers import arrays
from skyband.ingest.readers.fits_columns import FitsColumn
from skyband.schema.errors import BadFile


def read_rows(
    path: Path,
    stream: BinaryIO,
    fields: list[FitsColumn],
    *,
    rows: int,
    row_bytes: int,
    heap: tuple[int, int],
    schema: pa.Schema,
) -> Iterator[pa.RecordBatch]:
    """The rows that begin where `stream` stands, as batches of `schema`.

    `heap` is the first and the last byte (in the file) of the variable-length arrays; a file that has any is mapped
    into memory, so `stream` must then be a plain file.

    Raises:
        BadFile: the stream ends early, or a value is not of its column's type.
    """
    layout = np.dtype(
        {
            "names": [str(field.number) for field in fields],
            "formats": [field.stored for field in fields],
            "offsets": [field.offset for field in fields],
            "itemsize": row_bytes,
        }
    )
    heap_bytes = _map_heap(stream, heap) if any(field.heap for field in fields) else np.zeros(0, np.uint8)
    step = arrays.block_rows(row_bytes)
    for first in range(0, rows, step):
        count = min(step, rows - first)
        data = stream.read(count * row_bytes)
        if len(data) < count * row_bytes:
            raise BadFile(f"{path} is truncated at row {first + len(data) // row_bytes:,} of {rows:,}; fetch it again")
        block = np.frombuffer(data, layout)
        try:
            columns = [_decode(field, block[str(field.number)], heap_bytes) for field in fields]
        except (pa.ArrowInvalid, IndexError) as error:
            raise BadFile(f"{path} is damaged in rows {first + 1:,} to {first + count:,}: {error}") from None
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


def _map_heap(stream: BinaryIO, heap: tuple[int, int]) -> NDArray[np.uint8]:
    start, end = heap
    if end <= start:
        return np.zeros(0, np.uint8)
    position = stream.tell()
    mapped = np.memmap(stream, np.uint8, "r", offset=start, shape=(end - start,))
    stream.seek(position)  # memmap moves it
    return mapped


def _decode(field: FitsColumn, values: NDArray[Any], heap: NDArray[np.uint8]) -> pa.Array:
    if field.heap:
        return _variable(field, values, heap)
    if field.in_ascii:
        return _ascii(field, values)
    if field.code == "A":
        if not field.is_array:
            return arrays.texts(values)
        width = field.size // field.texts
        return arrays.fixed_lists(arrays.texts(np.ascontiguousarray(values).reshape(-1, width)), field.texts)
    items = _items(field, values.reshape(-1) if field.code != "X" else values)
    return arrays.fixed_lists(items, field.size) if field.is_array else items


def _items(field: FitsColumn, values: NDArray[Any]) -> pa.Array:
    """Every item of a block, rows laid end to end."""
    if field.code == "L":
        return arrays.booleans(values)
    if field.code == "X":
        return pa.array(np.unpackbits(values, axis=1)[:, : field.size].reshape(-1).astype(bool))
    null = values == field.null if field.null is not None else None
    if field.is_signed_shift:
        bits = 8 * values.dtype.itemsize
        flipped = values.astype(f"u{bits // 8}") ^ np.array(1 << (bits - 1), f"u{bits // 8}")
        return arrays.numbers(flipped.view("i1") if field.code == "B" else flipped, null)
    if field.is_scaled:
        return arrays.numbers(values * np.float64(field.scale) + np.float64(field.zero), null)
    return arrays.numbers(values, null)


def _variable(field: FitsColumn, places: NDArray[Any], heap: NDArray[np.uint8]) -> pa.Array:
    """Arrays from the heap; `places` has their item count and first byte."""
    counts, starts = places[:, 0].astype(np.int64), places[:, 1].astype(np.int64)
    if field.code in "CM":
        counts = 2 * counts
    stored = np.dtype(
        {"C": ">f4", "M": ">f8", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8"}.get(field.code, "u1")
    )
    widths = counts * stored.itemsize
    if (counts < 0).any() or ((starts < 0) | (starts + widths > len(heap)))[counts > 0].any():
        raise IndexError(f"an array of column {field.number} lies outside the heap")
    data = arrays.gather(heap, starts, widths)
    if field.code == "A":
        return arrays.ragged_texts(data, widths)
    return arrays.lists(_items(field, data.view(stored)), counts)


def _ascii(field: FitsColumn, cells: NDArray[Any]) -> pa.Array:
    text = arrays.texts(cells)
    if field.null is not None:
        text = pc.if_else(pc.equal(pc.utf8_trim_whitespace(text), field.null), None, text)
    if field.code == "A":
        return text
    # Fortran writes the exponent of a double with D.
    digits = pc.utf8_ltrim(pc.replace_substring_regex(text, "[dD]", "e"), " +")
    number = pc.cast(digits, pa.int64() if field.code == "I" else pa.float64())
    if not field.is_scaled:
        return number
    return pc.add(pc.multiply(pc.cast(number, pa.float64()), float(field.scale)), float(field.zero))
