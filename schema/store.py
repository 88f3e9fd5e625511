"""A store: a folder of immutable table files."""

from __future__ import annotations

import shutil
from pathlib import Path

from skyband.schema.attach import attach_table
from skyband.schema.columns import TableInfo
from skyband.schema.errors import SkybandError, StorageError, StoreNotFound, TableNotFound
from skyband.schema.faults import storage_error
from skyband.schema.locks import writer_lock
from skyband.schema.names import check_table_name
from skyband.schema.settings import Settings

_PROJECTION = ".projection.safetensors"


class Store:
    """The folder `path`, with `tables/<table>.duckdb` inside."""

    def __init__(self, path: Path, settings: Settings) -> None:
        self.path = path
        self.settings = settings
        self.tables_folder = path / "tables"

    @classmethod
    def open(cls, settings: Settings) -> Store:
        """The store the settings name.

        Raises:
            StoreNotFound: the folder has no tables.
        """
        store = cls(settings.store_path, settings)
        if not store.tables_folder.is_dir():
            raise StoreNotFound(
                f"no store at {store.path}: ingest a file first (skyband ingest FILE --table NAME), "
                "or name the store's folder with --store or SKYBAND_STORE"
            )
        return store

    @classmethod
    def create(cls, settings: Settings) -> Store:
        """The store the settings name, made if it is not there."""
        store = cls(settings.store_path, settings)
        try:
            store.tables_folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise storage_error(f"cannot make a store at {store.path}", error) from error
        return store

    def table_file(self, name: str) -> Path:
        """Where the file of a table is, or would be."""
        return self.tables_folder / f"{check_table_name(name)}.duckdb"

    def lock_file(self, name: str) -> Path:
        """The lock of a table's writers."""
        return self.tables_folder / f".{check_table_name(name)}.lock"

    def has(self, name: str) -> bool:
        """Whether the table is there."""
        return self.table_file(name).exists()

    def names(self) -> list[str]:
        """Names of all tables, sorted."""
        return sorted(path.stem for path in self.tables_folder.glob("[!.]*.duckdb"))

    def info(self, name: str) -> TableInfo:
        """What a table says about itself.

        Raises:
            TableNotFound: it is not there.
            StorageError: it cannot be read.
        """
        import duckdb

        if not self.has(name):
            raise self.not_found(name)
        with duckdb.connect(":memory:") as connection:
            return attach_table(connection, self.table_file(name), "one")

    def drop(self, name: str) -> None:
        """Remove a table and its rejected rows; of a collection of images also vectors and thumbnails.

        Readers that have it open go on with it.

        Raises:
            TableNotFound: it is not there.
            TableLocked: somebody is writing it.
        """
        if not self.has(name):
            raise self.not_found(name)
        is_collection = self._is_collection(name)
        with writer_lock(self.lock_file(name), wait_s=self.settings.lock_wait_s):
            for folder in (name, f"{name}_thumbnails") * is_collection:
                shutil.rmtree(self.path / "vectors" / f"{folder}.lance", ignore_errors=True)
            if is_collection:
                self.remove_projections(name)
            self.table_file(name).unlink(missing_ok=True)
            self.rejected_file(name).unlink(missing_ok=True)

    def _is_collection(self, name: str) -> bool:
        try:
            return self.info(name).details.get("kind") == "images"
        except SkybandError:
            return False  # it cannot be read, which is no reason to keep it

    def rejected_file(self, name: str) -> Path:
        """Where the rows an ingest turned away are kept, with the reason."""
        return self.tables_folder / f"{check_table_name(name)}.rejected.parquet"

    def projection_file(self, name: str, digest: str) -> Path:
        """Where the projection of a collection's vectors is kept, by the digest that their provenance has."""
        return self.path / "vectors" / f"{check_table_name(name)}.{digest[:12]}{_PROJECTION}"

    def remove_projections(self, name: str) -> None:
        """Remove the projection of a collection's vectors, and any that a killed run left."""
        for path in (self.path / "vectors").glob(f"{check_table_name(name)}.*{_PROJECTION}"):
            path.unlink(missing_ok=True)

    def not_found(self, name: str) -> SkybandError:
        """The error for a table that is not there, with the names that are, or whose file cannot be read."""
        if name in self.names():
            try:
                self.info(name)
            except StorageError as error:
                return error
        there = ", ".join(self.names()) or "none yet"
        return TableNotFound(f"no table {name!r} in {self.path}; there are: {there}")
