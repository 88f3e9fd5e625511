"""Arrow IPC: the stream for programs that read while rows arrive, the file (Feather 2) for those that open one."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from skyband.queries.formats.registry import Options
from skyband.queries.formats.storable import Outlet, storable
from skyband.queries.stream import ResultStream


def encode_stream(stream: ResultStream, options: Options) -> Iterator[bytes]:
    """What `pyarrow.ipc.open_stream` and `polars.read_ipc_stream` read."""
    stream = storable(stream)
    outlet = Outlet()
    return _batches(stream, outlet, pa.ipc.new_stream(outlet, stream.schema), options)


def encode_file(stream: ResultStream, options: Options) -> Iterator[bytes]:
    """What `pyarrow.feather.read_table`, `pandas.read_feather` and `polars.read_ipc` read."""
    stream = storable(stream)
    outlet = Outlet()
    return _batches(stream, outlet, pa.ipc.new_file(outlet, stream.schema), options)


def _batches(
    stream: ResultStream, outlet: Outlet, writer: pa.ipc.RecordBatchWriter, options: Options
) -> Iterator[bytes]:
    for batch in stream.batches:
        writer.write_batch(batch)
        yield outlet.take()
    if remarks := {info.name: info.value for info in options.trailer()}:
        # What is known only now is the metadata of a last batch without rows.
        empty = pa.RecordBatch.from_pylist([], stream.schema)
        writer.write_batch(empty, custom_metadata=remarks)
    writer.close()
    yield outlet.take()
