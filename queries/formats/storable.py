"""Results as Arrow and Parquet files keep them, and a file to write to whose bytes stream out."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from skyband.queries.formats.scalar_text import scalar_text
from skyband.queries.stream import ResultStream
from skyband.schema.columns import Column


def storable(stream: ResultStream) -> ResultStream:
    """The result in types every reader of Arrow and Parquet knows, its schema with the metadata of the columns.

    Dictionaries become their values (an Arrow file has room for one dictionary only), HUGEINT doubles (as DuckDB itself
    writes them), intervals and BITs text. Fields carry unit, ucd, utype, xtype and description.
    """
    schema = pa.schema(
        [
            pa.field(column.name, _store(pa.nulls(0, item.type), column).type, metadata=_metadata(column))
            for column, item in zip(stream.columns, stream.schema, strict=True)
        ]
    )

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in stream.batches:
            arrays = [_store(array, column) for array, column in zip(batch.columns, stream.columns, strict=True)]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)

    return ResultStream(
        columns=stream.columns,
        schema=schema,
        batches=batches(),
        name=stream.name,
        description=stream.description,
        query=stream.query,
        frame=stream.frame,
        epoch=stream.epoch,
        rows=stream.rows,
    )


class Outlet(io.RawIOBase):
    """A file to write to; `take` gives what was written since it was last asked."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        """True."""
        return True

    def write(self, data: Any) -> int:
        """Keep the bytes."""
        part = bytes(data)
        self._parts.append(part)
        self._size += len(part)
        return len(part)

    def tell(self) -> int:
        """Number of bytes written in all."""
        return self._size

    def take(self) -> bytes:
        """The bytes written since the last call."""
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


def _store(array: pa.Array, column: Column) -> pa.Array:
    kind = array.type
    if column.type.upper() == "BIT" or pa.types.is_interval(kind):
        return scalar_text(array, column.type)
    if column.type.upper() in {"HUGEINT", "UHUGEINT"}:
        return array.cast(pa.float64())
    plain = _plain(kind)
    return array if plain == kind else array.cast(plain)


def _plain(kind: pa.DataType) -> pa.DataType:
    """The type with the values of dictionaries in their place, at any depth."""
    if pa.types.is_dictionary(kind):
        return kind.value_type
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(_plain(kind.value_type), kind.list_size)
    if pa.types.is_list(kind):
        return pa.list_(_plain(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([(item.name, _plain(item.type)) for item in kind])
    return kind


def _metadata(column: Column) -> dict[str, Any] | None:
    names = ("unit", "ucd", "utype", "xtype", "description")
    return {name: getattr(column, name) for name in names if getattr(column, name)} or None
