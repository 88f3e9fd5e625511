"""The Python door: `Sky(path).sql("...")`."""

from __future__ import annotations

import re
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from skyband.queries.cones import Cone, ConeSearch
from skyband.queries.known import KnownColumns, unique_names
from skyband.queries.likeness.in_sql import Call, replace_calls
from skyband.queries.likeness.neighbours import Neighbours
from skyband.queries.lineage import trace_columns
from skyband.queries.result import Result
from skyband.schema.columns import Column, TableInfo
from skyband.schema.errors import QueryError, StorageError
from skyband.schema.faults import duckdb_faults
from skyband.schema.session import Session
from skyband.schema.settings import Settings
from skyband.schema.store import Store

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

Parameters = Sequence[Any] | Mapping[str, Any] | None
"""Values for the `?` or `$name` of a query."""


@dataclass(frozen=True, slots=True)
class Given:
    """A table that a query sees beside those of the store."""

    rows: pa.Table
    columns: Sequence[Column]


class Sky:
    """A store opened for questions.

    ``Sky("sky").sql("SELECT count(*) FROM gaia").rows()``. Tables published later are seen by the next question.
    The store stays open for as long as the `Sky` or an answer of it is in use, or until `close`.

    Raises:
        StoreNotFound: the folder holds no store.
    """

    def __init__(self, path: str | Path | None = None, *, settings: Settings | None = None) -> None:
        chosen = settings or Settings.from_environment()
        if path is not None:
            chosen = replace(chosen, store=str(path))
        self.store = Store.open(chosen)
        self._session = Session(self.store.tables_folder, chosen)
        self._neighbours = Neighbours(self.store)
        # Closing before the interpreter goes keeps DuckDB from reporting functions left registered.
        self._closer = weakref.finalize(self, self._session.close)

    @property
    def tables(self) -> Mapping[str, TableInfo]:
        """The tables by name, with everything they say about themselves."""
        self._session.refresh()
        return self._session.tables

    @property
    def damaged(self) -> Mapping[str, str]:
        """Table files that could not be read, with the reason; they are left out."""
        return self._session.damaged

    def table(self, name: str) -> TableInfo:
        """What a table says about itself.

        Raises:
            TableNotFound: it is not there.
            StorageError: it cannot be read.
        """
        info = self.tables.get(name)
        if info is None:
            raise StorageError(self.damaged[name]) if name in self.damaged else self.store.not_found(name)
        return info

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The database, for those who take cursors of it and leave nothing behind."""
        self._session.refresh()
        return self._session.connection

    def sql(self, query: str, parameters: Parameters = None, *, given: Mapping[str, Given] | None = None) -> Result:
        """The answer to one SELECT in DuckDB SQL over the tables, `keys.<table>` and skyband's functions.

        Args:
            query: the SQL text.
            parameters: values for `?` (a sequence) or `$name` (a mapping).
            given: further tables by name, which this query alone sees.

        Raises:
            QueryError: the SQL is not one SELECT, or DuckDB rejects it.
        """
        self._session.refresh()
        tables = dict(given or {})

        def ids_where(condition: str) -> pa.ChunkedArray:
            return self.sql(condition).to_arrow()["id"]

        def neighbours(call: Call) -> str:
            name = f"similar_{len(tables) + 1}"
            found = self._neighbours.of(call, ids_where)
            tables[name] = Given(found.rows, found.columns)
            return name

        text = replace_calls(query, neighbours)
        relation = self._relation(text, parameters, tables)
        known = KnownColumns(self._session.tables, {name: table.columns for name, table in tables.items()})
        traced = trace_columns(
            text,
            relation.columns,
            [str(type_) for type_ in relation.types],
            tables=known.of_table,
            functions=known.of_function,
        )
        names = unique_names(relation.columns)
        columns = tuple(replace(column, name=name) for column, name in zip(traced, names, strict=True))
        return Result(relation, columns, query=query, batch_rows=self.store.settings.batch_rows, source=self)

    def cone(self, table: str, ra: float, dec: float, radius_deg: float) -> Result:
        """The rows of a table within a cone, nearest first, with `sep_arcsec` in front.

        Args:
            table: its name.
            ra, dec: centre, degrees, ICRS.
            radius_deg: radius, degrees, 0 to 180.

        Raises:
            BadOption: the position or radius is impossible.
            TableNotFound: no such table.
        """
        cone = Cone(ra, dec, radius_deg)
        info = self.table(table)
        with duckdb_faults("search failed"):
            search = ConeSearch(info)
            rows = search.rows(self._session.connection.cursor(), cone)
        batch_rows = self.store.settings.batch_rows
        return Result(rows, search.columns, query=cone.as_sql(info.name), batch_rows=batch_rows, source=self)

    def close(self) -> None:
        """Close the store; results not yet read are lost."""
        self._closer()

    def __enter__(self) -> Sky:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _relation(self, query: str, parameters: Parameters, given: Mapping[str, Given]) -> duckdb.DuckDBPyRelation:
        import duckdb

        with duckdb_faults("query failed"):
            # A cursor of its own: a result still being read would otherwise block the next question.
            cursor = self._session.connection.cursor()
            for name, table in given.items():
                cursor.register(name, table.rows)
            _check_one_select(cursor, query)
            try:
                relation = cursor.sql(query, params=parameters) if parameters is not None else cursor.sql(query)
            except duckdb.CatalogException as error:
                raise self._missing(error) from error
        if relation is None:
            raise QueryError("the query has no result; skyband answers SELECT statements")
        return relation

    def _missing(self, error: duckdb.CatalogException) -> Exception:
        """What to say of a table that is not there, in place of what DuckDB takes for alike."""
        found = _NO_TABLE.search(str(error))
        if found is None:
            return error
        name = found[1].lower()
        info = self._session.tables.get(name)
        if info is None:
            return QueryError(f"query failed: {self.store.not_found(name)}")
        if info.role("ra") is None:
            return QueryError(
                f"table {name!r} has no positions, so keys.{name}, cone() and xmatch() of it cannot be asked"
            )
        return error


_NO_TABLE = re.compile(r"Table with name (\w+) does not exist")
_EXPLAIN = re.compile(r"\s*explain\b(\s*\(\s*(analyze|format)\b[^)]*\))?(\s*analyze\b)?", re.IGNORECASE)


def _check_one_select(cursor: duckdb.DuckDBPyConnection, query: str) -> None:
    from duckdb import StatementType

    from skyband.queries.serving.gate import without_semicolon

    statements = cursor.extract_statements(query)
    if len(statements) != 1:
        raise QueryError(f"the query holds {len(statements)} statements; give exactly one SELECT")
    kind = statements[0].type
    # Of an EXPLAIN, and of what has a PIVOT in it (several statements to DuckDB), the kind does not tell what it does.
    unclear = kind in (StatementType.EXPLAIN, StatementType.MULTI)
    if unclear and not _is_select(cursor, _EXPLAIN.sub("", without_semicolon(query), count=1)):
        raise QueryError("the statement changes things; skyband answers SELECT statements, and explains them")
    if not unclear and kind is not StatementType.SELECT:
        raise QueryError(f"{kind.name} statements change things; skyband answers SELECT statements")


def _is_select(cursor: duckdb.DuckDBPyConnection, text: str) -> bool:
    """Whether the text of a statement can stand in parentheses after FROM: nothing but a SELECT can."""
    from duckdb import ParserException

    try:
        return len(cursor.extract_statements(f"FROM (\n{text}\n)")) == 1
    except ParserException:
        return False
