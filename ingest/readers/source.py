"""A table in some file, read the same way whatever the format."""

from __future__ import annotations

import itertools
import os.path
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Protocol

import duckdb
import pyarrow as pa

from skyband.ingest.readers.arrays import arrow_type
from skyband.schema.columns import Column, find_column
from skyband.schema.errors import BadFile
from skyband.schema.names import quote, quote_text
from skyband.schema.roles import find_id

_serial = itertools.count(1)


class Scan(Protocol):
    """How the rows of a source come: one class a way of reading."""

    def relation(self, connection: duckdb.DuckDBPyConnection) -> AbstractContextManager[str]:
        """SQL that can stand after FROM, good inside the `with` and for one query."""

    def rejects(self, connection: duckdb.DuckDBPyConnection) -> str | None:
        """SQL of the rows the last `relation` left out, None where there are none."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """What `relation` gives."""

    def read_as(self, types: Mapping[str, str]) -> Scan:
        """The scan with other types of columns (by name) where its own are guessed; declared types stay."""

    def settled(self, connection: duckdb.DuckDBPyConnection, id: str) -> Scan:
        """The scan with what only a look at all rows shows."""


class Misread(BadFile):
    """A sample of a file promised what its rows do not keep: the source must be `settled` before it is read."""


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
            Misread: it must be `settled` first.
        """
        return self.scan.relation(connection)

    def rejects(self, connection: duckdb.DuckDBPyConnection) -> str | None:
        """SQL of the rows the last relation on this connection left out, None where every row was good.

        Its columns: `file`, `line` (counted from 1, header included; in a VOTable the number of the row), `column`
        (NULL for a fault of the whole line), `reason`, `text` (the line). Only CSV, TSV, ECSV and VOTables with
        TABLEDATA can have such rows: the other formats store values of the type they declare.

        Raises:
            BadFile: a quote is never closed, so that rows cannot be told apart.
        """
        return self.scan.rejects(connection)

    def read_as(self, types: Mapping[str, str]) -> Source:
        """The source with other types of columns (by name) where its own are guesses; declared types stay."""
        return self._of(self.scan.read_as(types))

    def settled(self, connection: duckdb.DuckDBPyConnection, id: str | None = None) -> Source:
        """The source with what only a look at all rows shows; a text file is read through for it.

        Columns guessed to be integers or dates then hold every number or time of theirs; what is neither makes an id
        text, and rejects the row in others. Without it, a value that breaks a guess is `Misread` when it comes up.

        Args:
            connection: to read with.
            id: the column of ids; None for the one that its name or UCD gives away.
        """
        column = find_id(self.columns) if id is None else find_column(self.columns, id)
        return self._of(self.scan.settled(connection, column.name if column else ""))

    def _of(self, scan: Scan) -> Source:
        """The source with the types of `scan`, and with notes that fit."""
        pairs = list(zip(self.columns, scan.columns, strict=True))
        changed = [(column.name, column.type, read.type) for column, read in pairs if column.type != read.type]
        outdated = tuple(f"column {name} " for name, *_ in changed)
        return replace(
            self,
            columns=tuple(replace(column, type=read.type) for column, read in pairs),
            notes=(
                *(note for note in self.notes if not note.startswith(outdated)),
                *(f"column {name} is read as {type}, not as {guess}" for name, guess, type in changed),
            ),
            scan=scan,
        )


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that `BatchScan.batches` leaves out."""

    file: str
    line: int  # or number of the row, from 1, where lines mean nothing
    column: str | None  # None for a fault of the whole row
    reason: str
    text: str


_REFUSED = pa.schema(
    [
        ("file", pa.string()),
        ("line", pa.int64()),
        ("column", pa.string()),
        ("reason", pa.string()),
        ("text", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class BatchScan:
    """Rows that Python makes: Arrow batches handed to DuckDB as it asks for them."""

    columns: tuple[Column, ...]
    batches: Callable[[pa.Schema], Iterator[pa.RecordBatch]]
    refused: list[Refused] = field(default_factory=list, compare=False)  # added to by `batches`
    serial: int = field(default_factory=lambda: next(_serial), compare=False)

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema of the batches."""
        return pa.schema([(column.name, arrow_type(column.type)) for column in self.columns])

    @contextmanager
    def relation(self, connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
        """The name of an Arrow reader registered on `connection`."""
        fault: BadFile | None = None
        schema = self.schema
        self.refused.clear()

        def guarded() -> Iterator[pa.RecordBatch]:
            nonlocal fault
            try:
                yield from self.batches(schema)
            except BadFile as error:
                fault = error
                raise

        name = f"skyband_batches_{self.serial}"
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

    def rejects(self, connection: duckdb.DuckDBPyConnection) -> str | None:
        """A view of the rows that `batches` refused, None where it took all."""
        if not self.refused:
            return None
        name = f"skyband_refused_{self.serial}"
        connection.register(name, pa.Table.from_pylist([asdict(row) for row in self.refused], _REFUSED))
        return name

    def read_as(self, types: Mapping[str, str]) -> BatchScan:
        """Itself: these formats declare their types."""
        return self

    def settled(self, connection: duckdb.DuckDBPyConnection, id: str) -> BatchScan:
        """Itself: these formats declare their types."""
        return self


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
