"""Rows of delimited files: DuckDB reads them; this keeps account of those that do not fit."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa

from skyband.ingest.readers.detect import open_bytes, reading
from skyband.ingest.readers.sniff import NO_ENCODING, Layout
from skyband.ingest.readers.source import file_list
from skyband.schema.columns import Column
from skyband.schema.errors import BadFile
from skyband.schema.faults import first_line
from skyband.schema.names import quote, quote_text
from skyband.schema.sql import fill_sql

_CHUNK_ROWS = 10_000
_CSV_FAULT = re.compile("CSV Error|CSV Parser|File is not latin-1")
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
    serial: int = field(default_factory=lambda: next(_serial), compare=False)

    @contextmanager
    def relation(self, connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
        """A sub-query that leaves bad rows out and notes them in temporary tables of `connection`."""
        for table in ("rejects", "scans", "rejected"):
            connection.execute(f"DROP TABLE IF EXISTS {self._name(table)}")
        connection.execute(f"CREATE OR REPLACE TEMP SEQUENCE {self._name('misfits')}")
        items = ", ".join(f"{self._value(column)} AS {quote(column.name)}" for column in self.columns)
        try:
            yield f"(SELECT {items} FROM {self._read_csv()}{self._filter()})"
        except duckdb.InvalidInputException as error:
            match = _CSV_FAULT.search(str(error))
            if match is None:
                raise
            reason = NO_ENCODING if "latin-1" in match[0] else f"cannot be read: {first_line(error)}"
            raise BadFile(f"{', '.join(map(str, self.files))} {reason}") from None

    def rejects(self, connection: duckdb.DuckDBPyConnection) -> str | None:
        """The temporary table of the rows the last relation left out, None where there are none.

        Raises:
            BadFile: a quote is never closed, and DuckDB took all lines behind it for one.
        """
        names = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
        if self._name("rejects") not in names:
            return None
        self._check_quotes(connection)
        rejected = self._name("rejected")
        if rejected not in names:
            found = fill_sql(
                "skyband.ingest.readers", "rejects", rejects=self._name("rejects"), scans=self._name("scans")
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
        swallowed = connection.execute(
            f"SELECT file_path, line FROM {self._name('rejects')} JOIN {self._name('scans')} USING (scan_id, file_id) "
            "WHERE error_type = 'UNQUOTED VALUE' AND contains(csv_line, chr(10)) ORDER BY ALL LIMIT 1"
        ).fetchall()
        for path, line in swallowed:
            raise BadFile(
                f"{path}: a quote in line {line} is never closed, so its lines cannot be told apart; correct it"
            )

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

    def _read_csv(self) -> str:
        layout = self.layout
        types = {column.name: "VARCHAR" if column in self._checked else column.type for column in self.columns}
        options = {
            "columns": "{" + ", ".join(f"{quote_text(name)}: {quote_text(kind)}" for name, kind in types.items()) + "}",
            "auto_detect": "false",
            "header": "false",
            "skip": str(layout.skip),
            "delim": quote_text(layout.delimiter),
            "quote": "'\"'",
            "escape": "'\"'",
            "nullstr": _list(layout.nulls),
            "encoding": quote_text(layout.encoding),
            "compression": "'gzip'" if layout.is_gzip else "'none'",
            "store_rejects": "true",
            "rejects_table": quote_text(self._name("rejects")),
            "rejects_scan": quote_text(self._name("scans")),
        }
        return f"read_csv({file_list(self.files)}, {', '.join(f'{key}={value}' for key, value in options.items())})"

    def _filter(self) -> str:
        """WHERE that keeps good rows; a sequence counts the others, which are looked for only if there are any."""
        if not self._checked:
            return ""
        good = " AND ".join(_is_good(column) for column in self._checked)
        return f" WHERE CASE WHEN {good} THEN true ELSE nextval('{self._name('misfits')}') < 0 END"

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
        skip = self.layout.skip
        with reading(path), open_bytes(path) as stream:
            text = (line.decode(self.layout.encoding, "replace") for line in itertools.islice(stream, skip, None))
            reader = csv.reader(text, delimiter=self.layout.delimiter)
            with suppress(csv.Error):
                for row in reader:
                    if len(row) >= len(self.columns):
                        yield skip + reader.line_num, row


def _list(values: tuple[str, ...]) -> str:
    return "[" + ", ".join(map(quote_text, values)) + "]"


def _is_good(column: Column) -> str:
    name = quote(column.name)
    if column.type.endswith("]"):
        return f"({name} IS NULL OR TRY_CAST({name} AS {column.type}) IS NOT NULL)"
    finer = "TIMESTAMP" if column.type == "DATE" else "DOUBLE"
    return f"({name} IS NULL OR TRY_CAST({name} AS {column.type}) = TRY_CAST({name} AS {finer}))"
