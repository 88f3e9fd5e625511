"""Parquet with the metadata of a VOTable in its footer (VOParquet 1.0, IVOA Note 2025-01-14).

astropy 8.0 stacks the rows under the empty VOTable (`format="parquet.votable"`) and so needs types that stack: text
with a bounded arraysize, and its length again as `table::len::<name>` in the Arrow schema. Both are known after the
last row, which is when Parquet writes its footer. What it still cannot stack are times, BLOBs, structures and arrays
that are NULL; `format="parquet"` reads times.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from skyband.queries.formats.cells import Cell
from skyband.queries.formats.registry import Options
from skyband.queries.formats.storable import Outlet, storable
from skyband.queries.formats.votable import metadata_document
from skyband.queries.formats.votable_fields import field_element, votable_cell
from skyband.queries.stream import ResultStream
from skyband.schema.columns import Column

_GROUP_ROWS = 122_880
_GROUP_BYTES = 64 << 20


def encode(stream: ResultStream, options: Options) -> Iterator[bytes]:
    """Zstandard-compressed row groups of some 120,000 rows, then the footer with the VOTable."""
    stream = storable(stream)
    outlet = Outlet()
    lengths = [0] * len(stream.columns)
    nulls = [False] * len(stream.columns)
    with pq.ParquetWriter(outlet, stream.schema, compression="zstd") as writer:
        for group in _groups(stream):
            for i, array in enumerate(group.columns):
                nulls[i] |= array.null_count > 0
                if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
                    lengths[i] = max(lengths[i], pc.max(pc.utf8_length(array)).as_py() or 0)
            writer.write_table(group, row_group_size=max(1, group.num_rows))
            yield outlet.take()
        writer.add_key_value_metadata(_footer(stream, options, lengths, nulls))
    yield outlet.take()


def _groups(stream: ResultStream) -> Iterator[pa.Table]:
    batches: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in stream.batches:
        batches.append(batch)
        rows += batch.num_rows
        size += batch.nbytes
        if rows >= _GROUP_ROWS or size >= _GROUP_BYTES:
            yield pa.Table.from_batches(batches)
            batches, rows, size = [], 0, 0
    if batches:
        yield pa.Table.from_batches(batches)


def _footer(stream: ResultStream, options: Options, lengths: list[int], nulls: list[bool]) -> dict[str, str]:
    fields = [
        _field(column, item.type, length, has_null)
        for column, item, length, has_null in zip(stream.columns, stream.schema, lengths, nulls, strict=True)
    ]
    texts = {
        f"table::len::{column.name}": str(max(len("None") if has_null else 1, length))  # NULL reads as None there
        for column, item, length, has_null in zip(stream.columns, stream.schema, lengths, nulls, strict=True)
        if pa.types.is_string(item.type) or pa.types.is_large_string(item.type)
    }
    schema = stream.schema.with_metadata(texts)
    return {
        "IVOA.VOTable-Parquet.version": "1.0",
        "IVOA.VOTable-Parquet.content": metadata_document(stream, fields, (*options.infos, *options.trailer())),
        "ARROW:schema": base64.b64encode(schema.serialize()).decode(),
    }


def _field(column: Column, kind: pa.DataType, length: int, has_null: bool) -> str:
    """The FIELD of a column; types without a VOTable datatype are text, as the Note recommends."""
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return field_element(column, votable_cell(column, kind), arraysize=f"{max(1, length)}*")
    if pa.types.is_decimal(kind) or (pa.types.is_boolean(kind) and has_null):
        return field_element(column, Cell("text", ascii=True))
    if pa.types.is_uint64(kind):
        return field_element(column, Cell("i8"))
    return field_element(column, votable_cell(column, kind))
