"""The answer to a query, as whatever its user works with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import duckdb

from skyband.queries.stream import ResultStream
from skyband.schema.columns import Column
from skyband.schema.errors import QueryError
from skyband.schema.faults import duckdb_faults, first_line

if TYPE_CHECKING:
    import astropy.table
    import pandas
    import polars
    import pyarrow as pa


_SUMS = ("HUGEINT", "UHUGEINT")


class ArrowRows(Protocol):
    """What DuckDB gives for a query."""

    def to_arrow_reader(self, batch_size: int, /) -> pa.RecordBatchReader:
        """The rows as batches."""


class Result:
    """Rows and column metadata of one query.

    The first `to_...` call reads all rows and keeps them; `stream` and `write` pass them on without keeping any.
    """

    def __init__(
        self,
        relation: ArrowRows,
        columns: tuple[Column, ...],
        *,
        query: str,
        batch_rows: int,
        source: object = None,
    ) -> None:
        """Rows that are still to be read.

        Args:
            relation: what DuckDB gives for the query.
            columns: metadata of its columns.
            query: its text.
            batch_rows: rows of a batch.
            source: what closes what the rows come from when nobody holds it any more.
        """
        self.columns = columns
        self.query = query
        self._relation = relation
        self._batch_rows = batch_rows
        self._source = source
        self._table: pa.Table | None = None

    def stream(self, **properties: Any) -> ResultStream:
        """The rows as Arrow batches on their way, for an encoder.

        Args:
            **properties: further fields of `ResultStream` (name, description, epoch, ...).
        """
        import pyarrow as pa

        with duckdb_faults("query failed"):
            reader = self._relation.to_arrow_reader(self._batch_rows)
        schema = pa.schema(
            [
                pa.field(column.name, plain_type(column.type, field.type))
                for column, field in zip(self.columns, reader.schema, strict=True)
            ]
        )
        columns = tuple(replace(column, type="BIGINT") if column.type in _SUMS else column for column in self.columns)
        properties = {"query": self.query} | properties
        return ResultStream(columns=columns, schema=schema, batches=self._batches(reader, schema), **properties)

    def write(self, path: str | Path, format: str | None = None) -> int:
        """Write the rows to a file; the format follows from the suffix unless given. Returns the number of rows."""
        from skyband.queries.formats import write_file

        return int(write_file(self.stream(), Path(path), format))

    def to_arrow(self) -> pa.Table:
        """The rows as an Arrow table."""
        import pyarrow as pa

        if self._table is None:
            stream = self.stream()
            self._table = pa.Table.from_batches(stream.batches, stream.schema)
        return self._table

    def to_pandas(self) -> pandas.DataFrame:
        """The rows as a pandas data frame."""
        return self.to_arrow().to_pandas()

    def to_polars(self) -> polars.DataFrame:
        """The rows as a polars data frame."""
        import polars

        frame = polars.from_arrow(self.to_arrow())
        assert isinstance(frame, polars.DataFrame)
        return frame

    def to_astropy(self) -> astropy.table.Table:
        """The rows as an astropy table: NULLs masked, with units, descriptions, and the UCD in each column's meta."""
        from skyband.queries.astropy_table import astropy_table

        return astropy_table(self.to_arrow(), self.columns)

    def rows(self) -> list[tuple[Any, ...]]:
        """The rows as Python tuples."""
        columns = self.to_arrow().columns
        return list(zip(*(column.to_pylist() for column in columns), strict=True))

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def __len__(self) -> int:
        return int(self.to_arrow().num_rows)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self.rows())

    def _batches(self, reader: pa.RecordBatchReader, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """The batches as the schema says; what gives them is held until the last."""
        import pyarrow as pa

        with duckdb_faults("query failed"):
            for batch in _read(reader):
                if batch.schema.equals(schema):
                    yield batch
                    continue
                try:
                    arrays = [
                        array if array.type == field.type else array.cast(field.type)
                        for array, field in zip(batch.columns, schema, strict=True)
                    ]
                except pa.ArrowInvalid as error:
                    raise QueryError(
                        f"an integer does not fit into 64 bits ({error}); cast it to DOUBLE (in ADQL: DOUBLE PRECISION)"
                    ) from error
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def plain_type(name: str, type_: pa.DataType) -> pa.DataType:
    """The Arrow type of values of a DuckDB type.

    Sums of integers come as 128-bit numbers, which no file format of astronomy has: they become 64-bit. A DECIMAL is no
    sum, though Arrow may have the same type for it.
    """
    import pyarrow as pa

    return pa.int64() if name in _SUMS else type_


def _read(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """The batches; what fails among them comes through Arrow as an OSError with DuckDB's text."""
    try:
        yield from reader
    except OSError as error:
        text = first_line(error)
        if text.startswith("Out of Memory"):
            raise duckdb.OutOfMemoryException(text) from error
        raise duckdb.InterruptException(text) if text.startswith("INTERRUPT") else duckdb.Error(text) from error
