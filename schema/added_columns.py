"""Computed columns: joined to a table by its id, and published with it as its next version."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from skyband.schema.columns import HEALPIX_COLUMN, Column, TableInfo, find_column
from skyband.schema.errors import BadTable
from skyband.schema.faults import duckdb_faults
from skyband.schema.names import check_column_name, quote
from skyband.schema.store import Store
from skyband.schema.writer import TableWriter, write_table

if TYPE_CHECKING:
    import pyarrow as pa

DETAIL = "added_columns"
"""Of `TableInfo.details`: computed columns by name, with the version of the table that got them last."""

_STAGED = "temp.main.staged_columns"
_NAMED = 5


@dataclass(frozen=True, slots=True)
class AddedColumns:
    """What was published.

    Attributes:
        info: the table as it is now.
        given: rows of values.
        matched: how many of them have a row in the table; other rows of the table have NULL.
    """

    info: TableInfo
    given: int
    matched: int


def add_columns(
    store: Store,
    table: str,
    rows: pa.Table | pa.RecordBatch | Iterable[pa.Table | pa.RecordBatch],
    columns: Sequence[Column],
    *,
    action: str,
    command: str,
    details: Mapping[str, Any] | None = None,
    keep: bool = False,
) -> AddedColumns:
    """Give a table computed columns; those that were computed before are replaced, whole.

    The order of its rows, its other columns and all that is said of it stay; `skyband history` shows the command.
    Values may come a batch at a time, while they are computed; what does not fit into memory is spilled to disk. The
    table is locked from before the first batch is asked for.

    Args:
        store: that has the table.
        table: its name.
        rows: `id`, the value in the table's column with that role, and one column for each of `columns`.
        columns: what is computed: name, DuckDB type, unit, UCD, description.
        action: what made them, in a word, for the history.
        command: the command that made them, as typed.
        details: to be put among the table's `details`.
        keep: rows for which there is nothing new keep what was computed before; otherwise they have NULL.

    Returns:
        The new version, and how many rows found their place.

    Raises:
        TableNotFound: the table is not there.
        TableLocked: somebody else writes it.
        BadTable: it has no id, has a column of one of the names that was not computed, or the rows have an id twice or
            lack a column.
        BadName: a name cannot name a column.
        QueryError: a value does not fit the type of its column.
        StorageError, ResourceLimit: it could not be written; the old version stays.
    """
    if not store.has(table):
        raise store.not_found(table)
    with write_table(store, table) as writer:
        old = writer.previous
        if old is None:
            raise store.not_found(table)
        key = old.role("id")
        if key is None:
            raise BadTable(f"table {table!r} has no column with the role 'id', by which values could find their rows")
        check_names(old, columns)
        with duckdb_faults(f"cannot add columns to table {table!r}"):
            given = _stage(writer, key, rows, columns)
            writer.begin_with_previous()
            # The other columns are not touched: of a wide table, that is most of the work saved.
            _make_room(writer, old, columns, keep)
            values = ", ".join(f"{quote(column.name)} = s.{quote(column.name)}" for column in columns)
            [(matched,)] = writer.connection.execute(
                f"UPDATE new.main.data t SET {values} FROM {_STAGED} s WHERE s.id = t.{quote(key.name)}"
            ).fetchall()
        version = old.version.version + 1
        before = {name: made for name, made in old.details.get(DETAIL, {}).items() if not find_column(columns, name)}
        made = before | {column.name: version for column in columns}
        info = writer.publish(
            action=action,
            command=command,
            columns={column.name: column for column in (*old.columns, *columns)},
            **_properties(old) | {"details": {**old.details, **(details or {}), DETAIL: made}},
        )
    return AddedColumns(info, given, int(matched))


def check_names(table: TableInfo, columns: Sequence[Column], *, instead: str = "ingest it under another name") -> None:
    """Refuse columns that `add_columns` would refuse, before they are computed.

    Args:
        table: that is to get them.
        columns: with their names.
        instead: what to do where the table has one of its own by that name.

    Raises:
        BadTable: there are none, one is there twice, or the table has one of its own by that name.
        BadName: a name cannot name a column.
    """
    names = [check_column_name(column.name).lower() for column in columns]
    if not names or len(set(names)) < len(names):
        raise BadTable(f"{', '.join(names) or 'no columns'}: give each computed column once")
    computed = {name.lower() for name in table.details.get(DETAIL, {})}
    for name in names:
        if name == HEALPIX_COLUMN or (table.column(name) is not None and name not in computed):
            raise BadTable(
                f"table {table.name!r} has a column {name!r} of its own, which is not overwritten; {instead}"
            )


def _stage(
    writer: TableWriter,
    key: Column,
    rows: pa.Table | pa.RecordBatch | Iterable[pa.Table | pa.RecordBatch],
    columns: Sequence[Column],
) -> int:
    """Put the rows into a temporary table, with ids of the key's type; returns how many there are."""
    import pyarrow as pa

    connection = writer.connection
    typed = "".join(f", {quote(column.name)} {column.type}" for column in columns)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {_STAGED} (id {key.type}{typed})")
    # Text that is no value of the key's type names no row.
    chosen = ", ".join((f"TRY_CAST(id AS {key.type}) AS id", *(quote(column.name) for column in columns)))
    given = 0
    for part in [rows] if isinstance(rows, pa.Table | pa.RecordBatch) else rows:
        missing = [name for name in ("id", *(column.name for column in columns)) if name not in part.schema.names]
        if missing:
            raise BadTable(f"computed rows need a column {missing[0]!r}; they have {', '.join(part.schema.names)}")
        connection.register("given_columns", part)
        connection.execute(
            f"INSERT INTO {_STAGED} SELECT * FROM (SELECT {chosen} FROM given_columns) WHERE id NOT NULL"
        )
        connection.unregister("given_columns")
        given += len(part)
    twice = connection.execute(
        f"SELECT id::VARCHAR FROM {_STAGED} GROUP BY id HAVING count(*) > 1 ORDER BY id LIMIT {_NAMED}"
    ).fetchall()
    if twice:
        raise BadTable(f"computed rows have an id twice or more: {', '.join(name for (name,) in twice)}")
    return given


def _make_room(writer: TableWriter, table: TableInfo, columns: Sequence[Column], keep: bool) -> None:
    """Give the table the columns: those that were computed before keep their places, and their values if told so."""
    for column in columns:
        before, name = table.column(column.name), quote(column.name)
        alter = "ALTER TABLE new.main.data"
        if before is None:
            writer.connection.execute(f"{alter} ADD COLUMN {name} {column.type}")
            continue
        if before.name != column.name:
            writer.connection.execute(f"{alter} RENAME COLUMN {quote(before.name)} TO {name}")
        if not keep or before.type != column.type:
            value = name if keep else "NULL"
            writer.connection.execute(
                f"{alter} ALTER COLUMN {name} SET DATA TYPE {column.type} USING CAST({value} AS {column.type})"
            )


def _properties(table: TableInfo) -> dict[str, Any]:
    """What `TableWriter.publish` is told of a table beside its columns."""
    own = {"name", "columns", "versions"}
    return {item.name: getattr(table, item.name) for item in fields(table) if item.name not in own}
