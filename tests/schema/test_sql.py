"""SQL that is written by code."""

from __future__ import annotations

import duckdb
import pytest

from skyband.schema.sql import limit_rows


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("CREATE TABLE numbers AS SELECT range AS n, hash(range) AS mixed FROM range(1_500_000)")
    return connection


@pytest.mark.parametrize("rows", [0, 1, 49_999, 50_000, 50_001, 149_999, 2_000_000])
def test_as_many_rows_as_wanted(connection: duckdb.DuckDBPyConnection, rows: int) -> None:
    found = connection.execute(f"SELECT count(*) FROM (FROM numbers {limit_rows(rows)})").fetchone()
    assert found == (min(rows, 1_500_000),)


def test_many_rows_are_read_as_they_lie(connection: duckdb.DuckDBPyConnection) -> None:
    def plan(limit: str) -> str:
        return str(connection.execute(f"EXPLAIN FROM numbers {limit}").fetchall()[0][1]).upper()

    # What is avoided: should it go with a later DuckDB, so can `limit_rows`.
    assert "JOIN" in plan("LIMIT 100000")
    assert "JOIN" not in plan(limit_rows(100_000)).replace("CROSS", "")


def test_few_rows_in_order_are_not_sorted_with_all(connection: duckdb.DuckDBPyConnection) -> None:
    plan = connection.execute(f"EXPLAIN FROM numbers ORDER BY mixed {limit_rows(5000)}").fetchall()[0][1]
    assert "TOP" in plan.upper()
