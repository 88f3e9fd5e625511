"""Record batches on the disk for as long as an encoder needs to read them twice."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa

from skyband.schema.errors import StorageError


class Spool:
    """A temporary file of record batches, without a name where the system allows, gone when closed.

    Raises:
        StorageError: the file cannot be made or written (disk full).
    """

    def __init__(self, schema: pa.Schema, folder: Path | None) -> None:
        with _storage_errors():
            self._file = tempfile.TemporaryFile(dir=folder, prefix=".skyband-")  # noqa: SIM115
            self._writer = pa.ipc.new_stream(self._file, schema)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def write(self, batch: pa.RecordBatch) -> None:
        """Add a batch."""
        with _storage_errors():
            self._writer.write_batch(batch)

    def finish(self) -> None:
        """End writing; reading may begin."""
        with _storage_errors():
            self._writer.close()
            self._file.flush()

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        self._file.seek(0)
        yield from pa.ipc.open_stream(self._file)


@contextmanager
def _storage_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"cannot write the temporary file of a FITS table: {error.strerror or error}; free some space"
        ) from error
