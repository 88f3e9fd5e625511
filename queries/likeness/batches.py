"""Writes: rows regrouped into batches, each written whole; rows removed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skyband.queries.likeness.lance import lance_faults
from skyband.schema.faults import storage_error
from skyband.schema.locks import writer_lock
from skyband.schema.names import check_table_name, quote_text
from skyband.schema.store import Store

if TYPE_CHECKING:
    import pyarrow as pa

_REMOVED_AT_ONCE = 5_000
"""Ids named in one condition."""


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


def collection_lock(store: Store, name: str) -> AbstractContextManager[None]:
    """The lock of a collection's writers; its table has one of its own."""
    folder: Path = store.path / "vectors"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(f"cannot make {folder}", error) from error
    return writer_lock(folder / f".{check_table_name(name)}.lock", wait_s=store.settings.lock_wait_s)


def merge(table: Any, rows: pa.Table) -> None:
    """Insert rows, in place of those with the same id, as one version.

    Args:
        table: of Lance, whose key is declared: of two that do this at once, the later does it again.
        rows: with all its columns, no id twice.
    """
    with lance_faults("cannot write to the collection"):
        table.merge_insert("id").when_matched_update_all().when_not_matched_insert_all().execute(rows)


def remove_rows(table: Any, ids: Sequence[str]) -> int:
    """Remove rows by their ids; how many there were."""
    before = table.count_rows()
    with lance_faults("cannot remove rows from the collection"):
        for first in range(0, len(ids), _REMOVED_AT_ONCE):
            named = ", ".join(map(quote_text, ids[first : first + _REMOVED_AT_ONCE]))
            table.delete(f"id IN ({named})")
    return int(before - table.count_rows())
