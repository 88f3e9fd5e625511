"""How far an ingest has come, told while its query runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from skyband.ingest.functions import put_function
from skyband.schema.progress import OnProgress

if TYPE_CHECKING:
    import duckdb


_INTERVAL_S = 0.2


@dataclass(slots=True)
class Counter:
    """Counts rows as they come by."""

    rows: int = 0

    def add(self, rows: int) -> None:
        """Count some more."""
        self.rows += rows


def counted(connection: duckdb.DuckDBPyConnection, rows: str, counter: Counter) -> str:
    """SQL of `rows` (a relation to select from) that tells `counter` of them as they come by; good for one query."""
    from duckdb.func import PythonUDFType
    from duckdb.sqltypes import BOOLEAN, DOUBLE

    def count_rows(each: Any) -> Any:
        counter.add(len(each))
        return each.is_valid()

    put_function(connection, "count_rows", count_rows, [DOUBLE], BOOLEAN, type=PythonUDFType.ARROW, side_effects=True)
    return f"(FROM {rows} WHERE count_rows(random()))"


@contextmanager
def watched(
    connection: duckdb.DuckDBPyConnection, counter: Counter, rows: int | None, progress: OnProgress | None
) -> Iterator[None]:
    """Tell, from another thread, how much of the query that runs in the body is done.

    Args:
        connection: the one the query runs on.
        counter: counts the rows the query reads. What DuckDB itself says, where it does, goes before it: that
            includes sorting and writing them.
        rows: how many there are, None where nobody knows.
        progress: whom to tell; None for nobody.
    """
    if progress is None:
        yield
        return
    connection.execute("SET enable_progress_bar = true; SET enable_progress_bar_print = false")
    finished = Event()

    def report() -> None:
        most = 0
        while not finished.wait(_INTERVAL_S):
            percent = connection.query_progress()
            done = counter.rows if rows is None or percent < 0 else round(rows * percent / 100)
            most = max(most, done)
            progress(most, rows)

    reporter = Thread(target=report, daemon=True)
    reporter.start()
    try:
        yield
    finally:
        finished.set()
        reporter.join()
    progress(counter.rows if rows is None else rows, rows)
