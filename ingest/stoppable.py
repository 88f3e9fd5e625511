"""A statement that takes long, and Ctrl-C in the midst of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

_INTERRUPT_S = 0.02
"""Seconds between interrupts of a statement given up: one that comes between two steps of it is lost."""


def execute_stoppable(connection: duckdb.DuckDBPyConnection, statement: str) -> None:
    """Execute a statement; Ctrl-C ends it at once.

    The thread that asks DuckDB works for it too, and sees Ctrl-C when a share of the work is done: seconds later where
    millions of rows are sorted. So another thread asks, and this one waits.
    """
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(connection.execute, statement)
        try:
            running.result()
        except KeyboardInterrupt:
            while not running.done():
                connection.interrupt()
                wait([running], _INTERRUPT_S)
            raise
