"""Arrow arrays made simple: one encoding a type, pieces of bounded size, rows glued by Arrow's own kernels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from skyband.schema.errors import ResourceLimit

PIECE_BYTES = 8 << 20
"""Arrow bytes an encoder turns over at once: keeps memory flat and 32-bit text offsets far from their end."""

Bytes = npt.NDArray[np.uint8]

_SIMPLE = {
    kind.id
    for kind in (
        *(pa.bool_(), pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()),
        *(pa.float32(), pa.float64(), pa.string(), pa.binary()),
    )
}
"""What most columns are, and `simple` leaves as it is."""


def pieces(batches: Iterable[pa.RecordBatch], size: int = PIECE_BYTES) -> Iterator[pa.RecordBatch]:
    """The batches, cut so that none holds much more than `size` bytes, empty ones left out."""
    for batch in batches:
        # How much of its buffers a batch uses takes long to count.
        count = 1 if batch.get_total_buffer_size() <= size else max(1, -(-batch.nbytes // size))
        step = max(1, -(-batch.num_rows // count))
        for start in range(0, batch.num_rows, step):
            yield batch.slice(start, step)


def simple(array: pa.Array) -> pa.Array:
    """The same values without dictionary, extension, view or 64-bit offsets."""
    kind = array.type
    if kind.id in _SIMPLE:
        return array
    if isinstance(kind, pa.BaseExtensionType):
        return simple(array.storage)
    if pa.types.is_dictionary(kind):
        return simple(array.dictionary_decode())
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return array.cast(pa.string())
    if pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind) or pa.types.is_fixed_size_binary(kind):
        return array.cast(pa.binary())
    if pa.types.is_large_list(kind) or pa.types.is_list_view(kind) or pa.types.is_large_list_view(kind):
        return array.cast(pa.list_(kind.value_type))
    return array


def simple_type(kind: pa.DataType) -> pa.DataType:
    """The type `simple` gives an array of this type."""
    return simple(pa.nulls(0, kind)).type


def is_list(kind: pa.DataType) -> bool:
    """Whether values of a simple type are lists, of fixed length or not."""
    return bool(pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind))


def is_null(array: pa.Array) -> npt.NDArray[np.bool_]:
    """Where the array is NULL."""
    if not array.null_count:
        return np.zeros(len(array), dtype=bool)
    return np.asarray(array.is_null().to_numpy(zero_copy_only=False), dtype=bool)


def offsets_of(lengths: npt.NDArray[np.integer]) -> npt.NDArray[np.int32]:
    """Arrow offsets of consecutive values of these lengths.

    Raises:
        ResourceLimit: together they are longer than 32-bit offsets reach.
    """
    offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    if offsets[-1] > np.iinfo(np.int32).max:
        raise ResourceLimit("a few rows hold more than 2 GB in one column: select fewer or shorter values")
    return offsets.astype(np.int32)


def byte_strings(offsets: npt.NDArray[np.int32], data: npt.NDArray[np.generic]) -> pa.Array:
    """A binary array over bytes that lie one value after the other."""
    return pa.Array.from_buffers(
        pa.binary(), len(offsets) - 1, [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(data))]
    )


def bytes_of(array: pa.Array) -> tuple[npt.NDArray[np.int32], Bytes]:
    """Offsets (from 0) and bytes of a text or binary array; NULL counts as empty."""
    if array.null_count:
        array = pc.fill_null(array, b"" if pa.types.is_binary(array.type) else "")
    _, where, data = array.buffers()
    if not len(array) or data is None:
        return np.zeros(len(array) + 1, dtype=np.int32), np.zeros(0, dtype=np.uint8)
    offsets = np.frombuffer(where, dtype=np.int32)[array.offset : array.offset + len(array) + 1]
    return offsets - offsets[0], np.frombuffer(data, dtype=np.uint8)[offsets[0] : offsets[-1]]


def lists_of(values: pa.Array, lengths: pa.Array) -> pa.Array:
    """Lists over consecutive values; a NULL length counts as 0."""
    counted = pc.fill_null(lengths, 0).to_numpy()
    return pa.ListArray.from_arrays(pa.array(offsets_of(counted)), values)


def join(*parts: pa.Array | str) -> pa.Array:
    """Text or binary arrays and constants, end to end in every row; NULL counts as empty."""
    empty = b"" if any(isinstance(part, pa.Array) and pa.types.is_binary(part.type) for part in parts) else ""
    return pc.binary_join_element_wise(*parts, empty, null_handling="replace", null_replacement=empty)


def join_rows(cells: Sequence[pa.Array], separator: str, before: str = "", after: str = "") -> bytes:
    """All rows as text: in every row the cells with a separator between them; NULL counts as empty."""
    rows = pc.binary_join_element_wise(*cells, separator, null_handling="replace", null_replacement="")
    return bytes(bytes_of(join(before, rows, after))[1])


def glue(blocks: Sequence[npt.NDArray[np.generic]]) -> npt.NDArray[np.void]:
    """Blocks of one row count, each (rows, ...), side by side as packed records."""
    record = np.dtype([(f"f{i}", block.dtype, block.shape[1:]) for i, block in enumerate(blocks)])
    rows = np.empty(len(blocks[0]), dtype=record)
    for i, block in enumerate(blocks):
        rows[f"f{i}"] = block
    return rows
