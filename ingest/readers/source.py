"""A table in some file, read the same way whatever the format."""

from __future__ import annotations

import itertools
import os.path
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import duckdb
import pyarrow as pa

from skyband.ingest.readers.arrays import arrow_type
from skyband.schema.columns import Column
from skyband.schema.errors import BadFile
from skyband.schema.names import quote, quote_text

_serial = itertools.count(1)


class Scan(Protocol):
    """How the rows of a source come: one class a way of reading."""

    def relation(self, connection: duckdb.DuckDBPyConnection) -> AbstractContextManager[str]:
        """SQL that can stand after FROM, good inside the `with` and for one query."""

    def rejects(self, connection: duckdb.DuckDBPyConnection) -> str | None:
        """SQL of the rows the last `relation` left out, None where there are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One table of one file, or of many files with the same columns.

    Values are as in the file; nothing is converted. A text of nothing but blanks is NULL in every format
    that cannot tell the two apart (FITS, CSV, VOTable); a floating NaN stays NaN.
    """

    path: Path  # the file, or the folder all files lie in
    format: str  # "parquet", "csv", "tsv", "fits", "votable" or "ecsv"
    columns: tuple[Column, ...]  # names unique in any letter case, DuckDB types, metadata from the header
    rows: int | None = None  # where the header says so
    frame: str = "ICRS"  # "FK5", "FK4", "GALACTIC", "ECLIPTIC" or "SUPERGALACTIC" where the file declares it
    equinox: str | None = None  # "J2000", "B1950", ...
    epoch: float | None = None  # Julian year of the positions, where the file declares one for all rows
    description: str = ""
    source: str = ""  # who published the rows, as the file says it
    licence: str = ""
    citation: str = ""
    notes: tuple[str, ...] = ()  # what a person should know: skipped files and columns, guessed types
    scan: Scan = field(repr=False, compare=False)

    def relation(self, connection: duckdb.DuckDBPyConnection) -> AbstractContextManager[str]:
        """SQL that can stand after FROM on `connection` inside the `with`, with the columns `self.columns`.

        It may be read by one query only; a second `with` starts the file anew. Rows stream: memory does not grow
        with the file.

        Raises:
            BadFile: the file turned out damaged while it was read.
        """
        return self.scan.relation(connection)

    def rejects(self, connection: duckdb.DuckDBPyConnection) -> str | None:
        """SQL of the rows the last relation on this connection left out, None where every row was good.

        Its columns: `file`, `line` (counted from 1, header included), `column` (NULL for a fault of the whole line),
        `reason`, `text` (the line). Only CSV, TSV and ECSV can have such rows: the other formats declare their types,
        and a value that breaks them is a `BadFile`.

        Raises:
            BadFile: a quote is never closed, so that rows cannot be told apart.
        """
        return self.scan.rejects(connection)


@dataclass(frozen=True, slots=True)
class BatchScan:
    """Rows that Python makes: Arrow batches handed to DuckDB as it asks for them."""

    columns: tuple[Column, ...]
    batches: Callable[[pa.Schema], Iterator[pa.RecordBatch]]

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema of the batches."""
        return pa.schema([(column.name, arrow_type(column.type)) for column in self.columns])

    @contextmanager
    def relation(self, connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
        """The name of an Arrow reader registered on `connection`."""
        fault: BadFile | None = None
        schema = self.schema

        def guarded() -> Iterator[pa.RecordBatch]:
            nonlocal fault
            try:
                yield from self.batches(schema)
            except BadFile as error:
                fault = error
                raise

        name = f"skyband_batches_{next(_serial)}"
        connection.register(name, pa.RecordBatchReader.from_batches(schema, guarded()))
        try:
            yield quote(name)
        except Exception as error:
            # DuckDB hands on the text of what the batches raised, with its traceback; people get the error itself.
            if fault is not None and fault is not error:
                raise fault from None
            raise
        finally:
            connection.abort()  # a result not read to its end would keep the reader busy
            connection.unregister(name)

    def rejects(self, connection: duckdb.DuckDBPyConnection) -> None:
        """None: these formats declare their types."""


def unique_names(names: list[str]) -> list[str]:
    """The names, made unique in any letter case (`ID` beside `id` becomes `ID_1`), empty ones `column_<n>`."""
    taken = {name.strip().lower() for name in names}
    seen: set[str] = set()
    result = []
    for position, name in enumerate(names, 1):
        name = name.strip() or f"column_{position}"
        unique = name
        for suffix in itertools.count(1):
            if unique.lower() not in seen and (unique == name or unique.lower() not in taken):
                break
            unique = f"{name}_{suffix}"
        seen.add(unique.lower())
        result.append(unique)
    return result


def file_list(paths: Sequence[Path]) -> str:
    """An SQL list of files whose `*`, `?` and `[` DuckDB takes as they are, not as patterns."""
    escaped = ("".join(f"[{letter}]" if letter in "*?[" else letter for letter in str(path)) for path in paths)
    return f"[{', '.join(map(quote_text, escaped))}]"


def common_path(paths: Sequence[Path]) -> Path:
    """The file, or the folder all files lie in."""
    return paths[0] if len(paths) == 1 else Path(os.path.commonpath([path.absolute() for path in paths]))
