"""Rows of BINARY2 and BINARY (VOTable 1.4, sections 6.1 to 6.4): big-endian, one after the other.

Runs of fields of fixed length are packed as records by NumPy; Arrow's join kernel puts them and the fields of varying
length end to end. No row is touched by Python.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from skyband.queries.formats.arrays import byte_strings, bytes_of, glue, is_null, join
from skyband.queries.formats.cells import Cell, numbers, payload
from skyband.queries.formats.recode import utf16
from skyband.queries.formats.votable_fields import null_number
from skyband.schema.columns import Column
from skyband.schema.errors import BadTable

Block = npt.NDArray[np.generic]


def binary2_rows(columns: Sequence[Column], cells: Sequence[Cell], arrays: Sequence[pa.Array]) -> bytes:
    """Each row a mask of NULLs (first column in the highest bit), then its fields."""
    nulls = np.zeros((len(arrays[0]), len(arrays)), dtype=bool)
    for place, array in enumerate(arrays):
        if array.null_count:
            nulls[:, place] = is_null(array)
    return _rows(cells, arrays, "BINARY2", [np.packbits(nulls, axis=-1)])


def binary_rows(columns: Sequence[Column], cells: Sequence[Cell], arrays: Sequence[pa.Array]) -> bytes:
    """Each row its fields.

    Raises:
        BadTable: an integer column holds the very number that stands for NULL.
    """
    for column, cell, array in zip(columns, cells, arrays, strict=True):
        if cell.is_integer and cell.shape == () and pc.any(pc.equal(array, cell.lowest)).as_py():
            raise BadTable(
                f"column {column.name!r} holds {cell.lowest}, which stands for NULL in VOTable BINARY: use BINARY2"
            )
    return _rows(cells, arrays, "BINARY", [])


def _rows(cells: Sequence[Cell], arrays: Sequence[pa.Array], serialization: str, run: list[Block]) -> bytes:
    parts: list[pa.Array] = []
    for cell, array in zip(cells, arrays, strict=True):
        null = null_number(cell, serialization)
        if not cell.is_variable:
            values = numbers(array, cell, null)
            run.append(np.where(values == 0, np.uint8(ord("?")), values) if cell.base == "bool" else values)
            continue
        is_wide = cell.base == "text" and not cell.ascii
        offsets, data = utf16(array) if is_wide else payload(array, cell, null)
        run.append((np.diff(offsets) // (2 if is_wide else 1)).astype(">i4"))
        parts += [_records(run), byte_strings(offsets * data.itemsize, data)]
        run = []
    if not parts:
        return glue(run).tobytes()
    return bytes(bytes_of(join(*parts, *([_records(run)] if run else [])))[1])


def _records(run: Sequence[Block]) -> pa.Array:
    rows = glue(run)
    return byte_strings(np.arange(len(rows) + 1, dtype=np.int32) * rows.itemsize, rows)
