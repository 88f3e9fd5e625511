"""Python functions in the session that builds a table."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb


def put_function(
    connection: duckdb.DuckDBPyConnection, name: str, function: Callable[..., Any], *types: Any, **options: Any
) -> None:
    """`create_function` of DuckDB, in the place of one of that name that an earlier reading left."""
    from duckdb import InvalidInputException

    with suppress(InvalidInputException):
        connection.remove_function(name)
    connection.create_function(name, function, *types, **options)
