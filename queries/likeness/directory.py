"""What memory holds of every row of one version: id, position, and where Lance keeps it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from skyband.queries.likeness.lance import lance_faults
from skyband.queries.likeness.rows import EMBEDDING, Vectors
from skyband.schema.columns import HEALPIX_COLUMN
from skyband.schema.healpix import Doubles, Integers

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH_ROWS = 16_384


class Directory:
    """The rows of a version, numbered from 0 in the order of their row ids.

    An index finds row ids; to fetch ids and positions for them costs Lance more than the search itself, so they lie
    here: some 50 bytes a row.
    """

    def __init__(self, table: Any, dimensions: int, *, with_vectors: bool) -> None:
        """Read a version.

        Args:
            table: of Lance.
            dimensions: of its vectors.
            with_vectors: whether to hold the vectors too: 4 bytes a dimension a row.
        """
        import pyarrow as pa

        columns = ["id", "ra", "dec", HEALPIX_COLUMN]
        rows = table.count_rows()
        self.vectors: Vectors | None = np.empty((rows, dimensions), np.float32) if with_vectors else None
        parts = []
        with lance_faults("cannot read the collection"):
            wanted = [*columns, EMBEDDING] if with_vectors else columns
            done = 0
            for batch in table.search().select(wanted).with_row_id(True).to_batches(_BATCH_ROWS):
                if self.vectors is not None:
                    self.vectors[done : done + len(batch)] = _matrix(batch[EMBEDDING], dimensions)
                parts.append(batch.select([*columns, "_rowid"]))
                done += len(batch)
        read = pa.Table.from_batches(parts) if parts else _nothing()
        self.row_ids: Integers = read["_rowid"].to_numpy().astype(np.int64)
        if (self.row_ids[1:] < self.row_ids[:-1]).any():
            order = np.argsort(self.row_ids)
            read, self.row_ids = read.take(order), self.row_ids[order]
            self.vectors = None if self.vectors is None else self.vectors[order]
        self.ids: pa.Array = read["id"].combine_chunks()
        # NULL is NaN here.
        self.ra: Doubles = read["ra"].to_numpy()
        self.dec: Doubles = read["dec"].to_numpy()
        placed = np.flatnonzero(~np.isnan(self.ra))
        keys = read[HEALPIX_COLUMN].fill_null(0).to_numpy()[placed]
        order = np.argsort(keys, kind="stable")
        self._keys: Integers = keys[order]
        self._placed: Integers = placed[order]

    def __len__(self) -> int:
        return len(self.row_ids)

    def rows_of(self, row_ids: Integers) -> Integers:
        """Numbers of rows by their row ids, any shape."""
        return np.searchsorted(self.row_ids, row_ids)

    def rows_of_ids(self, ids: Sequence[str] | pa.Array) -> Integers:
        """Numbers of rows by their ids, -1 for ids that are not there; shape (n,)."""
        import pyarrow as pa
        import pyarrow.compute as pc

        wanted = pa.array(ids, pa.utf8())
        found = np.full(len(wanted), -1)
        if len(wanted) == 1:
            found[0] = pc.index(self.ids, wanted[0]).as_py()
            return found
        # The table of hashes is made of the side that is mostly shorter.
        places = pc.index_in(self.ids, value_set=pc.unique(wanted))
        rows = np.flatnonzero(places.is_valid().to_numpy(zero_copy_only=False))
        first = np.full(len(wanted), -1)
        first[places.drop_null().to_numpy()] = rows
        found[:] = first[pc.index_in(wanted, value_set=pc.unique(wanted)).to_numpy()]
        return found

    def rows_within(self, ranges: Sequence[tuple[int, int]]) -> Integers:
        """Numbers of the rows whose key is in one of some ranges, ends included."""
        bounds = [(np.searchsorted(self._keys, a), np.searchsorted(self._keys, b, "right")) for a, b in ranges]
        return np.concatenate([self._placed[first:end] for first, end in bounds] or [np.empty(0, np.int64)])


def fetch_vectors(table: Any, row_ids: Integers, dimensions: int) -> Vectors:
    """Vectors of some rows.

    Args:
        table: of Lance.
        row_ids: ascending, shape (n,).
        dimensions: of its vectors.

    Returns:
        Shape (n, dimensions).
    """
    if not row_ids.size:
        return np.empty((0, dimensions), np.float32)
    with lance_faults("cannot read vectors"):
        found = table.take_row_ids(row_ids.tolist()).select([EMBEDDING]).with_row_id().to_arrow()
    order = np.argsort(found["_rowid"].to_numpy())
    return _matrix(found[EMBEDDING].combine_chunks(), dimensions)[order]


def all_vectors(table: Any, dimensions: int) -> Iterator[tuple[Integers, Vectors]]:
    """All row ids, shape (n,), with their vectors, shape (n, dimensions), some at a time, in no order."""
    with lance_faults("cannot read vectors"):
        for batch in table.search().select([EMBEDDING]).with_row_id(True).to_batches(_BATCH_ROWS):
            yield batch["_rowid"].to_numpy().astype(np.int64), _matrix(batch[EMBEDDING], dimensions)


def _matrix(vectors: pa.Array, dimensions: int) -> Vectors:
    matrix: Vectors = vectors.flatten().to_numpy(zero_copy_only=False).reshape(len(vectors), dimensions)
    return matrix


def _nothing() -> pa.Table:
    import pyarrow as pa

    types = {
        "id": pa.utf8(),
        "ra": pa.float64(),
        "dec": pa.float64(),
        HEALPIX_COLUMN: pa.int64(),
        "_rowid": pa.uint64(),
    }
    return pa.schema(types.items()).empty_table()
