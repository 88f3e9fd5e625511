"""Ctrl-C in the midst of a long statement."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import duckdb
import pytest

from skyband.ingest.stoppable import execute_stoppable


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


@pytest.fixture
def ctrl_c_works() -> Iterator[None]:
    """Also where whoever started the tests has Ctrl-C ignored, as shells do in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c_works")
def test_ctrl_c_ends_a_statement_and_the_connection_goes_on(connection: duckdb.DuckDBPyConnection) -> None:
    ctrl_c = threading.Timer(0.3, signal.pthread_kill, (threading.get_ident(), signal.SIGINT))
    ctrl_c.start()
    with pytest.raises(KeyboardInterrupt):
        execute_stoppable(
            connection, "CREATE TABLE t AS SELECT max(hash(i)) AS most FROM range(1_000_000_000_000) r(i)"
        )
    ctrl_c.join()
    execute_stoppable(connection, "CREATE TABLE t AS SELECT 1 AS most")
    assert connection.execute("FROM t").fetchall() == [(1,)]


def test_a_fault_of_the_statement_is_raised_as_it_is(connection: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(duckdb.CatalogException, match="nothing"):
        execute_stoppable(connection, "FROM nothing")
