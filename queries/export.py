"""A table or an answer to a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from skyband.queries.formats import write_file
from skyband.queries.sky import Sky
from skyband.schema.names import quote
from skyband.schema.progress import OnProgress
from skyband.schema.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa


def export(
    settings: Settings,
    path: Path,
    *,
    table: str | None = None,
    query: str | None = None,
    format: str | None = None,
    progress: OnProgress = lambda done, total: None,
) -> int:
    """Write a whole table, or the answer to `query`, to `path`; the format follows from the suffix unless given.

    Returns:
        The number of rows written.

    Raises:
        TableNotFound, QueryError, BadOption, BadFile, StorageError: as their names say.
    """
    with Sky(settings=settings) as sky:
        if table is not None:
            info = sky.table(table)
            stream = sky.sql(f"FROM {quote(table)}").stream(
                name=table, description=info.description, query="", epoch=info.epoch, rows=info.rows
            )
        else:
            assert query is not None
            stream = sky.sql(query).stream()
        stream.batches = _counted(stream.batches, stream.rows, progress)
        return int(write_file(stream, path, format))


def _counted(batches: Iterator[pa.RecordBatch], rows: int | None, progress: OnProgress) -> Iterator[pa.RecordBatch]:
    done = 0
    for batch in batches:
        yield batch
        done += batch.num_rows
        progress(done, rows)
