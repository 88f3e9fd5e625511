"""Writes: rows regrouped into batches, each written whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from skyband.queries.likeness.lance import lance_faults

if TYPE_CHECKING:
    import pyarrow as pa


def regrouped(rows: pa.Table | pa.RecordBatch | Iterable[pa.Table | pa.RecordBatch], size: int) -> Iterator[pa.Table]:
    """The same rows in tables of `size`, the last one smaller: every write is a version and a file of its own."""
    import pyarrow as pa

    parts = [rows] if isinstance(rows, pa.Table | pa.RecordBatch) else rows
    waiting: list[pa.Table] = []
    for part in parts:
        waiting.append(part if isinstance(part, pa.Table) else pa.Table.from_batches([part]))
        if sum(map(len, waiting)) >= size:
            together = pa.concat_tables(waiting, promote_options="default")
            whole = len(together) // size * size
            yield from (together.slice(first, size) for first in range(0, whole, size))
            waiting = [together.slice(whole)] if whole < len(together) else []
    if sum(map(len, waiting)):
        yield pa.concat_tables(waiting, promote_options="default")


def merge(table: Any, rows: pa.Table) -> None:
    """Insert rows, in place of those with the same id, as one version.

    Args:
        table: of Lance, whose key is declared: of two that do this at once, the later does it again.
        rows: with all its columns, no id twice.
    """
    with lance_faults("cannot write to the collection"):
        table.merge_insert("id").when_matched_update_all().when_not_matched_insert_all().execute(rows)
