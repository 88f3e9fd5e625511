"""Rows in files of any kind, batch by batch, for those who keep no table of them."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import duckdb

from skyband.ingest.readers import open_source
from skyband.ingest.readers.detect import open_bytes, reading
from skyband.ingest.readers.objects import BATCH_ROWS, batches, kind_of, records
from skyband.ingest.readers.source import Source
from skyband.ingest.upload import open_upload
from skyband.schema.columns import Column
from skyband.schema.faults import duckdb_faults
from skyband.schema.progress import Note

if TYPE_CHECKING:
    import pyarrow as pa

_HEAD_BYTES = 4096
_TABLE_BATCH_ROWS = 65_536


@dataclass(frozen=True, slots=True)
class GivenRows:
    """Rows on their way. Columns may differ from batch to batch where objects are rows."""

    columns: tuple[Column, ...]  # what the file says of them
    batches: Iterator[pa.RecordBatch] = field(repr=False)


def open_sent(path: Path) -> GivenRows:
    """The rows of a file that somebody sent, JSON or what `open_upload` takes; neither writes nor runs anything.

    Raises:
        BadFile: it is no table, or a damaged one; some damage shows only while the batches are read.
    """
    with reading(path), open_bytes(path) as stream:
        kind = kind_of(stream.read(_HEAD_BYTES))
    if kind is None:
        upload = open_upload(path)
        return GivenRows(upload.columns, upload.batches)
    return GivenRows((), batches(_objects_of(path, kind)))


def open_given(
    paths: Sequence[Path], standard_input: BinaryIO, note: Note, batch_objects: int = BATCH_ROWS
) -> Iterator[GivenRows]:
    """The rows of files, in their order.

    Args:
        paths: files; "-" is the standard input, of which objects are taken as they arrive.
        standard_input: its bytes.
        note: told of lines that are left out since they cannot be read.
        batch_objects: objects in a batch; those of neighbouring files come together, since a file may be one alert.

    Raises:
        BadFile, BadOption: a file is missing, damaged, or of no format that is known.
        ModuleNotFoundError: for Avro, if its library is not installed.
    """
    kinds = [(path, None if str(path) == "-" else _kind(path)) for path in paths]
    for is_objects, some in itertools.groupby(kinds, key=lambda pair: pair[1] is not None):
        if is_objects:
            chained = itertools.chain.from_iterable(_objects_of(path, str(kind)) for path, kind in some)
            yield GivenRows((), batches(chained, batch_objects))
            continue
        for path, _ in some:
            yield from _of_input(standard_input, note, batch_objects) if str(path) == "-" else _of_table(path, note)


def _kind(path: Path) -> str | None:
    if not path.is_file():
        return None
    with reading(path), open_bytes(path) as stream:
        return kind_of(stream.read(_HEAD_BYTES))


def _objects_of(path: Path, kind: str) -> Iterator[dict[str, object]]:
    with reading(path), open_bytes(path) as stream:
        yield from records(stream, kind, path.name)


def _of_table(path: Path, note: Note) -> Iterator[GivenRows]:
    with closing(duckdb.connect()) as connection:
        source = open_source([path]).settled(connection)

        def rows() -> Iterator[pa.RecordBatch]:
            with duckdb_faults(f"{path} cannot be read"), source.relation(connection) as relation:
                yield from connection.sql(f"FROM {relation}").to_arrow_reader(_TABLE_BATCH_ROWS)
                _tell_rejects(source, connection, note)

        yield GivenRows(source.columns, rows())


def _tell_rejects(source: Source, connection: duckdb.DuckDBPyConnection, note: Note) -> None:
    rejects = source.rejects(connection)
    if rejects is None:
        return
    [(count, line, reason)] = connection.execute(
        f"SELECT count(DISTINCT line), min(line), arg_min(reason, line) FROM ({rejects})"
    ).fetchall()
    if count:
        note(f"{source.path.name}: {count:,} lines cannot be read and are left out, the first is line {line}: {reason}")


def _of_input(stream: BinaryIO, note: Note, batch_objects: int) -> Iterator[GivenRows]:
    buffered = cast(BufferedReader, stream if hasattr(stream, "peek") else BufferedReader(stream))
    kind = kind_of(buffered.peek(_HEAD_BYTES))
    if kind is not None:
        # Whoever sends alerts one by one wants an answer before the last.
        yield GivenRows((), batches(records(buffered, kind, "the standard input"), batch_objects))
        return
    with _kept(buffered) as path:
        yield from _of_table(path, note)


@contextmanager
def _kept(stream: BinaryIO) -> Iterator[Path]:
    """A file with all that comes; tables cannot be read from the front alone."""
    with tempfile.TemporaryDirectory(prefix="skyband-") as folder:
        path = Path(folder) / "standard-input"
        with path.open("wb") as file:
            shutil.copyfileobj(stream, file)
        yield path
