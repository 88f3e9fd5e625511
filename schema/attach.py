"""A table file among the catalogues of a connection."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import duckdb

from skyband.schema.columns import TableInfo
from skyband.schema.errors import SkybandError, StorageError
from skyband.schema.faults import duckdb_faults, first_line
from skyband.schema.metadata import read_info
from skyband.schema.names import quote, quote_text


def attach_table(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    catalog: str,
    *,
    views: Callable[[TableInfo, str], Iterable[str]] = lambda info, catalog: (),
) -> TableInfo:
    """Attach a table file read-only and read what it says about itself.

    Args:
        connection: sees the table from now on.
        path: of the file, which has the name of the table.
        catalog: its name there.
        views: gives the statements that make views of it.

    Raises:
        StorageError: it cannot be read, or this version of skyband does not know it; then it is not attached.
    """
    with duckdb_faults(f"cannot open table {path.stem!r}"):
        try:
            connection.execute(f"ATTACH {quote_text(str(path))} AS {quote(catalog)} (READ_ONLY)")
            info = read_info(connection, catalog)
            for statement in views(info, catalog):
                connection.execute(statement)
        except (duckdb.OutOfMemoryException, duckdb.InterruptException):
            raise
        # Whatever the file says, it must not keep the other tables from being read.
        except (duckdb.Error, SkybandError, LookupError, TypeError, ValueError) as error:
            connection.execute(f"DETACH DATABASE IF EXISTS {quote(catalog)}")
            is_other = isinstance(error, duckdb.CatalogException)
            reason = "it is a database, but no table of skyband" if is_other else first_line(error)
            raise StorageError(
                f"cannot read table {path.stem!r} ({path}): {reason}; "
                "--replace puts another in its place, skyband drop removes it"
            ) from error
    return info
