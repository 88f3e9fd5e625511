"""Rows of delimited files: DuckDB reads them; this keeps account of those that do not fit."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from skyband.ingest.readers.detect import open_bytes, reading
from skyband.ingest.readers.infer import integer_type
from skyband.ingest.readers.sniff import NO_ENCODING, Layout, csv_reader
from skyband.ingest.readers.source import Misread, file_list
from skyband.schema.columns import Column
from skyband.schema.errors import BadFile
from skyband.schema.faults import first_line
from skyband.schema.names import quote, quote_text
from skyband.schema.sql import fill_sql

_CHUNK_ROWS = 10_000
_CSV_FAULT = re.compile("CSV Error|CSV Parser|File is not latin-1")
_LINE_ENDS = "state machine reached an invalid state"
_GUESS = "a value is not of the type guessed"
_FINER = {"DATE": "TIMESTAMP"}  # DOUBLE for integers: the type of more values of the kind
_serial = itertools.count(1)
# Types whose text DuckDB reads exactly or rejects. It rounds "12.5" to the BIGINT 13 and a time to its DATE without a
# word, so these (and arrays) are read as text, and cast under a check.
_EXACT = {"VARCHAR", "DOUBLE", "FLOAT", "BOOLEAN", "TIMESTAMP"}


@dataclass(frozen=True, slots=True)
class DelimitedScan:
    """One read_csv over files that are written alike."""

    files: tuple[Path, ...]
    layout: Layout
    columns: tuple[Column, ...]
    is_guess: bool = False  # whether the types are those of a sample: then what breaks one is no fault of the row
    serial: int = field(default_factory=lambda: next(_serial), compare=False)

    @contextmanager
    def relation(self, connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
        """A sub-query that leaves bad rows out and notes them in temporary tables of `connection`."""
        for table in ("rejects", "scans", "rejected"):
            connection.execute(f"DROP TABLE IF EXISTS {self._name(table)}")
        connection.execute(f"CREATE OR REPLACE TEMP SEQUENCE {self._name('misfits')}")
        items = ", ".join(f"{self._value(column)} AS {quote(column.name)}" for column in self.columns)
        with self._reading(connection) as rows:
            yield f"(SELECT {items} FROM {rows}{self._filter()})"

    @contextmanager
    def _reading(self, connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
        """SQL of the call of read_csv; what goes wrong with it is a `BadFile`."""
        try:
            with self._urls(connection) as urls:
                yield self._read_csv(urls)
        except duckdb.InvalidInputException as error:
            text = str(error)
            if _GUESS in text or (_LINE_ENDS in text and not self.layout.is_bare):
                raise Misread(f"{', '.join(map(str, self.files))}: its rows are not like its sample") from None
            match = _CSV_FAULT.search(text)
            if match is None:
                raise
            reason = NO_ENCODING if "latin-1" in match[0] else f"cannot be read: {first_line(error)}"
            raise BadFile(f"{', '.join(map(str, self.files))} {reason}") from None

    @contextmanager
    def _urls(self, connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
        """The list of files as SQL."""
        if not self.layout.is_bare:
            yield file_list(self.files)
            return
        from skyband.ingest.readers.bare_rows import BareRows

        bare = BareRows(self._protocol, self.layout.skip)
        connection.register_filesystem(bare)
        try:
            yield _list([bare.url(path) for path in self.files])
        finally:
            connection.unregister_filesystem(bare.protocol)
            bare.close()

    @property
    def _protocol(self) -> str:
        return f"skyband{self.serial}"

    @property
    def _above(self) -> int:
        """Lines of a file that DuckDB does not see."""
        return self.layout.skip if self.layout.is_bare else 0

    def read_as(self, types: Mapping[str, str]) -> DelimitedScan:
        """The scan with these types, where its own are guesses."""
        if not self.is_guess:
            return self
        columns = tuple(replace(column, type=types.get(column.name, column.type)) for column in self.columns)
        return replace(self, columns=columns)

    def settled(self, connection: duckdb.DuckDBPyConnection, id: str) -> DelimitedScan:
        """The scan that knows how its files are written and, where types are guessed, what fits all values."""
        try:
            types = self._find_types(connection, id)
        except Misread:
            return replace(self, layout=replace(self.layout, is_bare=True)).settled(connection, id)
        if self.layout.delimiter == "\t" and self._swallowed(connection):
            return replace(self, layout=replace(self.layout, quote="")).settled(connection, id)
        return replace(self.read_as(types), is_guess=False)

    def _find_types(self, connection: duckdb.DuckDBPyConnection, id: str) -> dict[str, str]:
        """The types of the columns in which a sample saw integers or dates, from all rows."""
        connection.execute(f"DROP TABLE IF EXISTS {self._name('rejects')}; DROP TABLE IF EXISTS {self._name('scans')}")
        checked = [column for column in self._checked if self.is_guess]
        items = [
            fill_sql(
                "skyband.ingest.readers",
                "settle",
                value=quote(column.name),
                good=_is_good(column),
                finer=_FINER.get(column.type, "DOUBLE"),
                integers=f"CASE WHEN regexp_full_match({quote(column.name)}, '\\s*[+-]?[0-9]+\\s*') "
                f"THEN TRY_CAST({quote(column.name)} AS HUGEINT) END",
            )
            for column in checked
        ]
        with self._reading(connection) as rows:
            found = connection.execute(f"SELECT {', '.join(items) or 'count(*)'} FROM {rows}").fetchall()[0]
        return {
            column.name: _type_of(column, values, is_id=column.name == id)
            for column, values in zip(checked, found, strict=False)
        }

    def rejects(self, connection: duckdb.DuckDBPyConnection) -> str | None:
        """The temporary table of the rows the last relation left out, None where there are none.

        Raises:
            BadFile: a quote is never closed, and DuckDB took all lines behind it for one.
            Misread: so it is with a quote in TSV, which is a letter like others.
        """
        names = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
        if self._name("rejects") not in names:
            return None
        self._check_quotes(connection)
        rejected = self._name("rejected")
        if rejected not in names:
            found = fill_sql(
                "skyband.ingest.readers",
                "rejects",
                rejects=self._name("rejects"),
                scans=self._name("scans"),
                protocol=quote_text(f"{self._protocol}://"),
                above=str(self._above),
                delimiter=quote_text(self.layout.delimiter),
            )
            connection.execute(f"CREATE TEMP TABLE {rejected} AS {found}")
            misfits = itertools.islice(self._find_misfits(), self._count_misfits(connection))
            while part := list(itertools.islice(misfits, _CHUNK_ROWS)):
                connection.register(f"{rejected}_found", pa.Table.from_pylist(part))
                connection.execute(f"INSERT INTO {rejected} BY NAME FROM {rejected}_found")
                connection.unregister(f"{rejected}_found")
        (count,) = connection.execute(f"SELECT count(*) FROM {rejected}").fetchall()[0]
        return rejected if count else None

    def _check_quotes(self, connection: duckdb.DuckDBPyConnection) -> None:
        for path, line in self._swallowed(connection):
            if self.layout.delimiter == "\t":
                raise Misread(f"{path}: the quote in line {line} is none")
            raise BadFile(
                f"{path}: a quote in line {line} is never closed, so its lines cannot be told apart; correct it"
            )

    def _swallowed(self, connection: duckdb.DuckDBPyConnection) -> list[tuple[str, int]]:
        """File and line of the first quote that took lines behind it for one value, if any."""
        if self.layout.quote == "":
            return []
        return connection.execute(
            f"SELECT replace(file_path, '{self._protocol}://', ''), line + {self._above} "
            f"FROM {self._name('rejects')} JOIN {self._name('scans')} USING (scan_id, file_id) "
            "WHERE error_type = 'UNQUOTED VALUE' AND contains(csv_line, chr(10)) ORDER BY ALL LIMIT 1"
        ).fetchall()

    @property
    def _checked(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.type not in _EXACT)

    def _value(self, column: Column) -> str:
        name = quote(column.name)
        if column.type not in _EXACT:
            return f"TRY_CAST({name} AS {column.type})"
        return f"nullif(trim({name}), '')" if column.type == "VARCHAR" and self.layout.is_padded else name

    def _name(self, what: str) -> str:
        return f"skyband_{what}_{self.serial}"

    def _read_csv(self, urls: str) -> str:
        layout = self.layout
        types = {column.name: "VARCHAR" if column in self._checked else column.type for column in self.columns}
        options = {
            "columns": "{" + ", ".join(f"{quote_text(name)}: {quote_text(kind)}" for name, kind in types.items()) + "}",
            "auto_detect": "false",
            "header": "false",
            "skip": "0" if layout.is_bare else str(layout.skip),
            "delim": quote_text(layout.delimiter),
            "quote": quote_text(layout.quote),
            "escape": quote_text(layout.quote),
            "nullstr": _list(layout.nulls),
            "encoding": quote_text(layout.encoding),
            "compression": "'gzip'" if layout.is_gzip and not layout.is_bare else "'none'",
            "store_rejects": "true",
            "rejects_table": quote_text(self._name("rejects")),
            "rejects_scan": quote_text(self._name("scans")),
        }
        return f"read_csv({urls}, {', '.join(f'{key}={value}' for key, value in options.items())})"

    def _filter(self) -> str:
        """WHERE that keeps good rows; a sequence counts the others, which are looked for only if there are any."""
        if not self._checked:
            return ""
        good = " AND ".join(_is_good(column) for column in self._checked)
        bad = f"error('{_GUESS}')" if self.is_guess else f"nextval('{self._name('misfits')}') < 0"
        return f" WHERE CASE WHEN {good} THEN true ELSE {bad} END"

    def _count_misfits(self, connection: duckdb.DuckDBPyConnection) -> int:
        found = connection.execute(
            "SELECT last_value FROM duckdb_sequences() WHERE sequence_name = ?", [self._name("misfits")]
        ).fetchall()
        return int(found[0][0] or 0) if found else 0

    def _find_misfits(self) -> Iterator[dict[str, object]]:
        """The rows `_filter` dropped: read again in Python, which knows the line, and judged by the same SQL."""
        verdict = " ".join(
            f"WHEN ({_is_good(column)}) IS NOT TRUE THEN {place}" for place, column in enumerate(self._checked)
        )
        places = [self.columns.index(column) for column in self._checked]
        names = [column.name for column in self._checked]
        nulls = set(self.layout.nulls)
        with duckdb.connect() as judge:
            for path in self.files:
                lines = self._lines(path)
                while chunk := list(itertools.islice(lines, _CHUNK_ROWS)):
                    cells = [[None if row[p] in nulls else row[p] for _, row in chunk] for p in places]
                    judge.register("chunk", pa.table(cells, names))
                    verdicts = judge.execute(f"SELECT CASE {verdict} END FROM chunk").fetchall()
                    for (line, row), (bad,) in zip(chunk, verdicts, strict=True):
                        if bad is not None:
                            column = self._checked[bad]
                            yield {
                                "file": str(path),
                                "line": line,
                                "column": column.name,
                                "reason": f"{row[places[bad]]!r} is no {column.type}",
                                "text": self.layout.delimiter.join(row),
                            }

    def _lines(self, path: Path) -> Iterator[tuple[int, list[str]]]:
        """Rows with as many values as columns, and the line each ends in."""
        layout = self.layout
        with reading(path), TextIOWrapper(open_bytes(path), layout.encoding, "replace") as text:
            reader = csv_reader(itertools.islice(text, layout.skip, None), layout.delimiter, layout.quote)
            with suppress(csv.Error):
                for row in reader:
                    if len(row) >= len(self.columns):
                        yield layout.skip + reader.line_num, row


def _list(values: Sequence[str]) -> str:
    return "[" + ", ".join(map(quote_text, values)) + "]"


def _type_of(column: Column, found: Mapping[str, Any], *, is_id: bool) -> str:
    """The type for a column that `settle.sql` looked at."""
    if column.type not in ("BIGINT", "UBIGINT"):
        return _FINER[column.type] if found["is_finer"] and column.type in _FINER else column.type
    if is_id and (found["is_finer"] or found["is_other"]):
        return "VARCHAR"
    if found["is_finer"]:
        return "VARCHAR" if found["is_long"] else "DOUBLE"
    return column.type if found["low"] is None else integer_type(found["low"], found["high"])


def _is_good(column: Column) -> str:
    name = quote(column.name)
    if column.type.endswith("]"):
        return f"({name} IS NULL OR TRY_CAST({name} AS {column.type}) IS NOT NULL)"
    finer = _FINER.get(column.type, "DOUBLE")
    return f"({name} IS NULL OR TRY_CAST({name} AS {column.type}) = TRY_CAST({name} AS {finer}))"
