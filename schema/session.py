"""A DuckDB connection over the tables of a store: attached read-only, with `keys`, macros and functions."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from skyband.schema.attach import attach_table
from skyband.schema.columns import TableInfo
from skyband.schema.errors import StorageError
from skyband.schema.healpix import register_healpix
from skyband.schema.keys import catalog_of, view_statements
from skyband.schema.names import quote
from skyband.schema.settings import Settings
from skyband.schema.sql import fill_sql

_UNIT_VECTORS = "(SELECT id, unit_x(ra, dec) AS x, unit_y(ra, dec) AS y, unit_z(dec) AS z FROM query_table({name}))"
_XMATCH = fill_sql(
    "skyband.schema",
    "band_join",
    left=_UNIT_VECTORS.format(name="""'keys.' || "left\""""),
    right=_UNIT_VECTORS.format(name="""'keys.' || "right\""""),
    radius_arcsec="radius_arcsec",
    band_arcsec="radius_arcsec",
)
"""The band join over `keys`, as the body of the macro `xmatch`."""

_SUFFIX = ".duckdb"


@dataclass(frozen=True, slots=True)
class Attached:
    """A table file as the connection sees it."""

    info: TableInfo
    stamp: tuple[int, int]  # inode and modification time: another file in its place has another stamp


class Session:
    """One in-memory DuckDB instance with every table of a store attached.

    A table is seen as it was when it was attached; `refresh` picks up what was published since, and results that are
    still streaming go on with the file they began with. A file that cannot be read is left out and named in `damaged`.
    """

    def __init__(
        self, tables_folder: Path, settings: Settings, *, engine: Mapping[str, str | bool] | None = None
    ) -> None:
        """Open the tables.

        Args:
            tables_folder: where their files are.
            settings: memory and threads.
            engine: settings of DuckDB that replace those a session has otherwise.
        """
        self._folder = tables_folder
        self._tables: dict[str, Attached] = {}
        self.damaged: dict[str, str] = {}
        self._spill = spill_folder(tables_folder.parent)
        config = settings.duckdb_config() | {"temp_directory": str(self._spill)} | dict(engine or {})
        self.connection = duckdb.connect(":memory:", config=config)
        register_healpix(self.connection)
        # DuckDB would print a bar on standard output, among a command's answer, when a statement takes two seconds.
        self.connection.execute("SET enable_progress_bar_print = false")
        self.connection.execute("CREATE SCHEMA keys; CREATE SCHEMA placed")
        self.connection.execute(fill_sql("skyband.schema", "functions", band_join=_XMATCH))
        self.refresh()

    @property
    def tables(self) -> Mapping[str, TableInfo]:
        """The attached tables by name, sorted."""
        return {name: self._tables[name].info for name in sorted(self._tables)}

    def refresh(self) -> None:
        """Attach what was published, and let go what was dropped, since the last call."""
        found = table_stamps(self._folder)
        self.damaged.clear()
        for name in self._tables.keys() - found.keys():
            self._detach(name)
        for name, stamp in found.items():
            known = self._tables.get(name)
            if known is None or known.stamp != stamp:
                if known is not None:
                    self._detach(name)
                try:
                    self._attach(name, stamp)
                except StorageError as error:
                    self._drop_views(name)
                    self.damaged[name] = str(error)

    def close(self) -> None:
        """Close the connection and remove what it spilled to disk."""
        self.connection.close()
        shutil.rmtree(self._spill, ignore_errors=True)

    def _attach(self, name: str, stamp: tuple[int, int]) -> None:
        path = self._folder / f"{name}{_SUFFIX}"
        info = attach_table(self.connection, path, catalog_of(name), views=view_statements)
        self._tables[name] = Attached(info, stamp)

    def _detach(self, name: str) -> None:
        self._drop_views(name)
        self.connection.execute(f"DETACH {quote(catalog_of(name))}")
        del self._tables[name]

    def _drop_views(self, name: str) -> None:
        table = quote(name)
        self.connection.execute(
            f"DROP VIEW IF EXISTS {table}; DROP VIEW IF EXISTS keys.{table}; DROP VIEW IF EXISTS placed.{table}"
        )


@contextmanager
def session(tables_folder: Path, settings: Settings) -> Iterator[Session]:
    """A session that is closed at the end of the body."""
    opened = Session(tables_folder, settings)
    try:
        yield opened
    finally:
        opened.close()


def table_stamps(folder: Path) -> dict[str, tuple[int, int]]:
    """The table files there are now: inode and modification time by table name. They differ after every publish."""
    stamps = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            if name.endswith(_SUFFIX) and not name.startswith("."):
                state = entry.stat()
                stamps[name.removesuffix(_SUFFIX)] = state.st_ino, state.st_mtime_ns
    return stamps


def spill_folder(store: Path) -> Path:
    """A folder of this process for what does not fit in memory; DuckDB makes it when it needs it.

    It lies in the store where that can be written (the room its tables need is there), else in the system's folder.
    What killed processes left in the store is removed.
    """
    if not os.access(store, os.W_OK):
        return Path(tempfile.gettempdir()) / f"skyband-{os.getpid()}-{secrets.token_hex(4)}"
    for left in store.glob(".spill-*"):
        if not _is_alive(int(left.name.split("-")[1])):
            shutil.rmtree(left, ignore_errors=True)
    return store / f".spill-{os.getpid()}-{secrets.token_hex(4)}"


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
