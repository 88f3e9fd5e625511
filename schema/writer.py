"""Publish, never modify: a new table file is built beside the old one and moved into its place."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skyband.schema.columns import HEALPIX_COLUMN, Column, TableInfo, Version
from skyband.schema.disk import put_in_place
from skyband.schema.errors import BadName, StorageError
from skyband.schema.faults import duckdb_faults
from skyband.schema.locks import writer_lock
from skyband.schema.metadata import write_info
from skyband.schema.names import check_column_name, quote, quote_text
from skyband.schema.session import Session, session
from skyband.schema.store import Store

if TYPE_CHECKING:
    import duckdb

KEY_METADATA = Column(
    name=HEALPIX_COLUMN,
    type="BIGINT",
    ucd="pos.healpix",
    description="HEALPix index of the position: order 29, NESTED, ICRS",
)
"""What is said of the key column in every table."""


class TableWriter:
    """Builds the next version of one table; use it through `write_table`.

    `connection` sees the store as any reader does, and the file being built as the catalog `new`: create
    `new.main.data` there, rows sorted by `healpix_29`, then call `publish`.
    """

    def __init__(self, store: Store, name: str, reader: Session, building: Path) -> None:
        self._store = store
        self._name = name
        self._building = building
        self.session = reader
        self.connection: duckdb.DuckDBPyConnection = reader.connection
        self.previous: TableInfo | None = reader.tables.get(name)
        self.version_id = secrets.token_hex(6)  # of the version to be
        self.published: TableInfo | None = None

    def begin_with_previous(self) -> None:
        """Make the file being built a copy of the table as it is, to be altered; its rows keep their places.

        Raises:
            StorageError: it could not be copied.
        """
        assert self.previous is not None
        with duckdb_faults(f"cannot copy table {self._name!r}"):
            self.connection.execute("DETACH new")
            shutil.copyfile(self._store.table_file(self._name), self._building)
            self.connection.execute(f"ATTACH {quote_text(str(self._building))} AS new")
            # What it says of itself is written anew by `publish`.
            self.connection.execute("DROP SCHEMA new.skyband CASCADE")

    def publish(
        self, *, action: str, command: str, columns: Mapping[str, Column] | None = None, **properties: Any
    ) -> TableInfo:
        """Describe the built file, check it, and move it into the table's place.

        Args:
            action: "ingest", "append", "crossmatch", ...: what this version came from.
            command: the command that made it, as typed.
            columns: metadata of the columns by name; a column without an entry has its name and type only.
            **properties: the other fields of `TableInfo` (description, survey, source, epoch, ...).

        Raises:
            StorageError: the file could not be written, or does not hold what was put into it.
        """
        with duckdb_faults(f"cannot publish table {self._name!r}"):
            rows = _count(self.connection, "new")
            _check_columns(self.connection)
            info = TableInfo(
                name=self._name,
                columns=tuple(_described_columns(self.connection, columns or {})),
                versions=(*self._history(), self._next_version(action, rows, command)),
                **properties,
            )
            write_info(self.connection, "new", info)
            self.connection.execute("DETACH new")
            self._check(rows)
            put_in_place(self._building, self._store.table_file(self._name))
        self.published = info
        return info

    def _history(self) -> tuple[Version, ...]:
        return self.previous.versions if self.previous else ()

    def _next_version(self, action: str, rows: int, command: str) -> Version:
        return Version(
            version=self.previous.version.version + 1 if self.previous else 1,
            version_id=self.version_id,
            action=action,
            rows=rows,
            built_at=datetime.now(UTC).isoformat(timespec="seconds"),
            skyband_version=installed_version("skyband"),
            command=command,
        )

    def _check(self, rows: int) -> None:
        """Open the finished file as a reader will and count again."""
        self.connection.execute(f"ATTACH {quote_text(str(self._building))} AS checked (READ_ONLY)")
        found = _count(self.connection, "checked")
        self.connection.execute("DETACH checked")
        if found != rows:
            raise StorageError(f"table {self._name!r} was built with {rows} rows but holds {found}; the old one stays")


@contextmanager
def write_table(store: Store, name: str) -> Iterator[TableWriter]:
    """Hold the table's lock and a `TableWriter` for the body; nothing of an unpublished file stays behind.

    Raises:
        TableLocked: another writer holds the table.
    """
    with writer_lock(store.lock_file(name), wait_s=store.settings.lock_wait_s):
        building = store.tables_folder / f".{name}.building.duckdb"
        # We hold the lock: whatever lies here is what a killed writer left.
        _remove(building)
        with duckdb_faults(f"cannot write table {name!r}"), session(store.tables_folder, store.settings) as reader:
            # Tables are sorted on purpose; keeping the order of what is read would only cost memory.
            reader.connection.execute("SET preserve_insertion_order = false")
            reader.connection.execute(f"ATTACH {quote_text(str(building))} AS new")
            try:
                yield TableWriter(store, name, reader, building)
            finally:
                _release(reader.connection)
                _remove(building)


def _release(connection: duckdb.DuckDBPyConnection) -> None:
    import duckdb

    try:
        connection.execute("DETACH DATABASE IF EXISTS new")
    except duckdb.Error:
        # The engine may be unable to close a file it could not write; closing the session lets go of it.
        return


def _remove(building: Path) -> None:
    for path in building.parent.glob(building.name + "*"):
        path.unlink(missing_ok=True)


def _count(connection: duckdb.DuckDBPyConnection, catalog: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {quote(catalog)}.main.data").fetchone()
    assert row is not None
    return int(row[0])


def _check_columns(connection: duckdb.DuckDBPyConnection) -> None:
    """Refuse names that are none, and one that hides the number of a row, by which matches find rows again."""
    for name, *_ in connection.execute("DESCRIBE new.main.data").fetchall():
        check_column_name(name)
        if name.lower() == "rowid":
            raise BadName(f"a table cannot have a column named {name!r}: it would hide DuckDB's own; rename it")


def _described_columns(connection: duckdb.DuckDBPyConnection, known: Mapping[str, Column]) -> Iterator[Column]:
    found = [(name, type_) for name, type_, *_ in connection.execute("DESCRIBE new.main.data").fetchall()]
    ascii_flags = _ascii_flags(connection, [name for name, type_ in found if type_ == "VARCHAR"])
    for name, type_ in found:
        if name == HEALPIX_COLUMN:
            yield KEY_METADATA
        else:
            described = known.get(name, Column(name, type_))
            yield replace(described, name=name, type=type_, ascii=ascii_flags.get(name))


def _ascii_flags(connection: duckdb.DuckDBPyConnection, texts: list[str]) -> dict[str, bool]:
    """Whether all values of each text column are ASCII: as many bytes as characters."""
    if not texts:
        return {}
    tests = ", ".join(f"coalesce(bool_and(strlen({quote(name)}) = length({quote(name)})), true)" for name in texts)
    row = connection.execute(f"SELECT {tests} FROM new.main.data").fetchone()
    assert row is not None
    return dict(zip(texts, row, strict=True))
