"""Uploaded tables: read in the query process, seen by one query, gone with it."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from skyband.schema.columns import Column
from skyband.schema.errors import BadFile, BadName, BadOption, ResourceLimit
from skyband.schema.names import check_column_name, quote
from skyband.schema.settings import Settings

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

SCHEMA = "tap_upload"

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")
_BLOCK_BYTES = 1 << 20
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Upload:
    """A table read from a file that somebody sent."""

    columns: tuple[Column, ...]  # names unique in any letter case; types are DuckDB's to say
    schema: pa.Schema
    batches: Iterator[pa.RecordBatch] = field(repr=False)


UploadReader = Callable[[Path], Upload]
"""Opens a file that may be anything; raises BadFile where it is no table."""


def find_reader(name: str) -> UploadReader | None:
    """The reader named "module:function", None for ""."""
    module, _, function = name.partition(":")
    return getattr(import_module(module), function) if name else None


class Uploads:
    """The tables of `tap_upload`. A process answers one query at a time, so they are seen by no other."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, reader: UploadReader | None, settings: Settings) -> None:
        self._connection = connection
        self._reader = reader
        self._settings = settings
        self.columns: dict[str, tuple[Column, ...]] = {}  # by name in lower case
        connection.execute(f"CREATE SCHEMA {SCHEMA}")

    def load(self, files: Mapping[str, Path]) -> None:
        """Make a table of each file.

        Raises:
            BadName, BadFile: a name or a file is no good.
            ResourceLimit: a table has more rows or bytes than it may.
        """
        for name, path in files.items():
            if not _NAME.fullmatch(name) or name.lower() in self.columns:
                raise BadName(f"{name!r} cannot name an uploaded table: use letters, digits and '_', each name once")
            self.columns[name.lower()] = ()  # whatever happens from here on, `clear` removes it
            try:
                self.columns[name.lower()] = self._load(name.lower(), path)
            except (BadFile, BadName, ResourceLimit) as error:
                text = str(error).replace(str(path), "the file")
                raise type(error)(f"uploaded table {name!r}: {text}") from None

    def add(self, name: str, rows: pa.Table, columns: tuple[Column, ...]) -> None:
        """Make a table of rows that skyband itself has."""
        self.columns[name] = columns
        self._create(name, rows)

    def clear(self) -> None:
        """Forget all of them."""
        for name in self.columns:
            self._connection.execute(f"DROP TABLE IF EXISTS {SCHEMA}.{quote(name)}")
        self.columns.clear()

    def _load(self, name: str, path: Path) -> tuple[Column, ...]:
        if self._reader is None:
            raise BadOption("this service takes no uploads")
        check_bytes(path, self._settings.upload_max_bytes)
        upload = self._reader(path)
        if not upload.columns:
            raise BadFile("it has no columns")
        for column in upload.columns:
            check_column_name(column.name)
        table = self._read(upload)
        self._create(name, table)
        described = self._connection.execute(f"DESCRIBE {SCHEMA}.{quote(name)}").fetchall()
        return tuple(
            replace(column, type=row[1], ascii=_ascii(table.column(place)))
            for place, (column, row) in enumerate(zip(upload.columns, described, strict=True))
        )

    def _create(self, name: str, table: pa.Table) -> None:
        self._connection.register("skyband_upload", table)
        try:
            self._connection.execute(f"CREATE TABLE {SCHEMA}.{quote(name)} AS FROM skyband_upload")
        finally:
            self._connection.unregister("skyband_upload")

    def _read(self, upload: Upload) -> pa.Table:
        import pyarrow as pa

        return _without_nan(pa.Table.from_batches(limited(upload.batches, self._settings), upload.schema))


def limited(batches: Iterable[pa.RecordBatch], settings: Settings) -> Iterator[pa.RecordBatch]:
    """The batches of an uploaded table as they come.

    Raises:
        ResourceLimit: they have more rows or bytes than an upload may.
    """
    rows = size = 0
    for batch in batches:
        rows += batch.num_rows
        size += batch.nbytes
        if rows > settings.upload_max_rows:
            raise ResourceLimit(f"it has more than {settings.upload_max_rows:,} rows; send fewer")
        if size > 2 * settings.upload_max_bytes:
            raise ResourceLimit(f"it unpacks to more than {2 * settings.upload_max_bytes:,} bytes; send less")
        yield batch


def check_bytes(path: Path, most: int) -> None:
    """Refuse a file that is too long, or unpacks to something too long.

    Raises:
        ResourceLimit: it is or does.
        BadFile: it cannot be read.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            if size <= most and file.read(2) == _GZIP:
                size = 0
                with gzip.open(path) as stream:
                    while size <= most and (block := stream.read(_BLOCK_BYTES)):
                        size += len(block)
    except (OSError, EOFError, zlib.error) as error:
        raise BadFile(f"it cannot be read: {error}") from None
    if size > most:
        raise ResourceLimit(f"it is longer than {most:,} bytes; send less")


def _without_nan(table: pa.Table) -> pa.Table:
    """The table with NULL for NaN, as the tables of a store have it: the database takes NaN for the largest number."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for place, column in enumerate(table.schema):
        values = table.column(place)
        if pa.types.is_floating(column.type) and pc.any(pc.is_nan(values)).as_py():
            table = table.set_column(place, column, pc.if_else(pc.is_nan(values), None, values))
    return table


def _ascii(values: pa.ChunkedArray) -> bool | None:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_string(values.type):
        return None
    return bool(pc.all(pc.string_is_ascii(values)).as_py() in (True, None))
