"""What the service knows of its tables, without opening them for questions."""

from __future__ import annotations

from collections.abc import Mapping

from skyband.queries.tap_schema import Rows, tap_schema_rows
from skyband.schema.columns import TableInfo
from skyband.schema.session import Session
from skyband.schema.store import Store


class Catalogue:
    """The tables of a store as their files describe them, kept up to date."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._session = Session(store.tables_folder, store.settings)

    @property
    def tables(self) -> Mapping[str, TableInfo]:
        """The tables by name, as they are now."""
        self._session.refresh()
        return self._session.tables

    @property
    def damaged(self) -> Mapping[str, str]:
        """Files that cannot be read, with the reason."""
        return self._session.damaged

    def table(self, name: str) -> TableInfo:
        """What a table says about itself.

        Raises:
            TableNotFound: it is not there.
        """
        info = self.tables.get(name.lower())
        if info is None:
            raise self._store.not_found(name)
        return info

    @property
    def tap_schema(self) -> Mapping[str, Rows]:
        """The rows of TAP_SCHEMA as they are now."""
        return tap_schema_rows(self._session.connection, self.tables)

    def close(self) -> None:
        """Let go of the files."""
        self._session.close()
