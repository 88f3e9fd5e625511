"""What the service knows of its tables, without opening them for questions."""

from __future__ import annotations

from collections.abc import Mapping

from skyband.queries.tap_schema import Rows, tap_schema_rows
from skyband.schema.columns import TableInfo
from skyband.schema.errors import TableNotFound
from skyband.schema.session import Session
from skyband.schema.store import Store


class Catalogue:
    """The tables of a store as their files describe them, kept up to date."""

    def __init__(self, store: Store) -> None:
        self._folder = store.tables_folder
        self._session = Session(store.tables_folder, store.settings)

    @property
    def tables(self) -> Mapping[str, TableInfo]:
        """The tables by name, as they are now."""
        self._session.refresh()
        return self._session.tables

    @property
    def damaged(self) -> Mapping[str, str]:
        """Files that cannot be read, with the reason."""
        return {name: self._without_path(reason) for name, reason in self._session.damaged.items()}

    def table(self, name: str) -> TableInfo:
        """What a table says about itself.

        Raises:
            TableNotFound: it is not there.
        """
        tables = self.tables
        info = tables.get(name.lower())
        if info is None:
            # Where the store lies is nobody's business here.
            raise TableNotFound(f"no table {name!r} here; there are: {', '.join(sorted(tables)) or 'none yet'}")
        return info

    @property
    def tap_schema(self) -> Mapping[str, Rows]:
        """The rows of TAP_SCHEMA as they are now."""
        return tap_schema_rows(self._session.connection, self.tables)

    def _without_path(self, text: str) -> str:
        folder = self._folder
        return text.replace(str(folder.resolve()), folder.name).replace(str(folder), folder.name)

    def close(self) -> None:
        """Let go of the files."""
        self._session.close()
