"""Questions to the store, kept with their SQL so that a report can show them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import duckdb
import pyarrow as pa

from skyband.schema.faults import duckdb_faults
from skyband.schema.sql import fill_sql

PACKAGE = "skyband.server.report"

SAMPLE_ROWS = 2_000_000
"""Rows at most that are joined or sorted: what they tell is then known to a part in a thousand, in flat memory."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """What a report cannot say, and why."""

    unknown: str


@dataclass(slots=True)
class Questions:
    """A connection and what it was asked, by title."""

    connection: duckdb.DuckDBPyConnection
    asked: dict[str, str] = field(default_factory=dict)

    def ask(self, title: str, query: str) -> pa.Table:
        """The answer to SQL.

        Raises:
            ResourceLimit, StorageError: as the engine fails.
        """
        self._note(title, query)
        with duckdb_faults("the report failed"):
            return self.connection.sql(query).to_arrow_table()

    def ask_one(self, title: str, query: str) -> dict[str, Any]:
        """The one row of an answer."""
        [row] = self.ask(title, query).to_pylist()
        return dict(row)

    def keep(self, title: str, query: str, table: str) -> None:
        """Make a temporary table of an answer."""
        statement = f"CREATE OR REPLACE TEMP TABLE {table} AS\n{query}"
        self._note(title, statement)
        with duckdb_faults("the report failed"):
            self.connection.execute(statement)

    def _note(self, title: str, query: str) -> None:
        self.asked[title] = query.strip()


def sql_of(name: str, **parts: str) -> str:
    """The SQL of a file of this package, filled."""
    return fill_sql(PACKAGE, name, **parts)


def sampled_one_in(rows: int, sample_rows: int) -> int:
    """Of how many rows one is taken so that no more than `sample_rows` are."""
    return max(1, -(-rows // sample_rows))
