r"""FITS binary tables (FITS 4.0, section 7.3), in two passes with flat memory.

The header comes first but needs the number of rows, the longest texts and a number for NULL, so the rows are spooled to
a temporary file before the first byte is given. What FITS cannot say:

- text is printable ASCII: other characters are written as Python's escapes (`\u03b1`), and a COMMENT says how many;
- NULL is NaN, empty text, an empty array, or the TNULL of an integer column, a number none of its rows holds.

Lists, BLOBs and texts of very different length lie in the heap (variable-length arrays, `1QD`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from skyband.queries.formats.arrays import glue, pieces
from skyband.queries.formats.cells import cell_of
from skyband.queries.formats.fits_field import FitsField
from skyband.queries.formats.fits_header import primary_header, table_header
from skyband.queries.formats.registry import Options
from skyband.queries.formats.spool import Spool
from skyband.queries.stream import ResultStream
from skyband.schema.errors import BadTable

_BLOCK_BYTES = 2880
_MOST_COLUMNS = 999


def encode(stream: ResultStream, options: Options) -> Iterator[bytes]:
    """An empty primary HDU and one BINTABLE.

    Raises:
        BadTable: more than 999 columns, or a type FITS cannot hold.
        StorageError: the temporary file cannot be written.
    """
    if len(stream.columns) > _MOST_COLUMNS:
        raise BadTable(f"{len(stream.columns)} columns, but a FITS table has {_MOST_COLUMNS} at most: select fewer")
    fields = [
        FitsField(column, cell_of(column, item.type))
        for column, item in zip(stream.columns, stream.schema, strict=True)
    ]
    empty = _converted(fields, [pa.nulls(0, item.type) for item in stream.schema])
    with Spool(empty.schema, options.spool_folder) as spool:
        rows = 0
        for piece in pieces(stream.batches):
            spool.write(_converted(fields, piece.columns))
            rows += piece.num_rows
        spool.finish()
        for i, field in enumerate(fields):
            field.settle(rows, lambda i=i: (batch.column(i) for batch in spool))  # type: ignore[misc]
        row_bytes = _records(fields, empty, 0)[0].itemsize
        yield primary_header() + table_header(stream, fields, row_bytes, rows, options.trailer())
        yield from _data(fields, spool)
        size = row_bytes * rows + sum(field.heap_bytes for field in fields)
        yield b"\0" * (-size % _BLOCK_BYTES)


def _converted(fields: Sequence[FitsField], arrays: Sequence[pa.Array]) -> pa.RecordBatch:
    converted = [field.converted(array) for field, array in zip(fields, arrays, strict=True)]
    return pa.RecordBatch.from_arrays(converted, names=[field.column.name for field in fields])


def _data(fields: Sequence[FitsField], spool: Spool) -> Iterator[bytes]:
    """The rows, then the heap, whose values lie in the order of the batches and, in each, of the columns."""
    heap_end = 0
    for batch in spool:
        rows, heap_end = _records(fields, batch, heap_end)
        yield rows.tobytes()
    if heap_end:
        for batch in spool:
            for field, array in zip(fields, batch.columns, strict=True):
                if field.in_heap:
                    yield field.heap(array)[1].tobytes()


def _records(fields: Sequence[FitsField], batch: pa.RecordBatch, heap_end: int) -> tuple[npt.NDArray[np.void], int]:
    """The rows of a batch whose values in the heap begin at `heap_end`, and where they end."""
    blocks: list[npt.NDArray[np.generic]] = []
    for field, array in zip(fields, batch.columns, strict=True):
        if not field.in_heap:
            blocks.append(field.block(array))
            continue
        counts, elements = field.heap(array)
        ends = heap_end + np.cumsum(counts, dtype=np.int64) * elements.itemsize
        blocks.append(np.stack([counts, ends - counts * elements.itemsize], axis=-1).astype(">i8"))
        heap_end += elements.nbytes
    return glue(blocks), heap_end
