"""From the text of a query to SQL that may run, remembered: a cone search asks the same text again and again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING, Any

from skyband.queries.adql import Table, translate
from skyband.queries.adql.connection import PREFIX
from skyband.queries.known import KnownColumns, unique_names
from skyband.queries.lineage import trace_columns
from skyband.queries.serving.gate import (
    Allowed,
    check_sql,
    known_functions,
    one_select,
    without_numbers,
    without_semicolon,
)
from skyband.queries.serving.question import Query
from skyband.queries.serving.uploads import SCHEMA as UPLOADS
from skyband.queries.tap_schema import TABLES, TAP_SCHEMA, USER_SCHEMA
from skyband.schema.columns import Column, TableInfo
from skyband.schema.errors import QueryError
from skyband.schema.keys import catalog_of, data_of, key_columns
from skyband.schema.names import quote
from skyband.schema.sql import limit_rows

if TYPE_CHECKING:
    import duckdb

_KEPT = 512
"""Texts remembered."""


@dataclass(slots=True)
class Plan:
    """What is known of the text of a query after it was looked at once."""

    sql: str
    traced: tuple[Column, ...] | None  # columns of the result, without types; None where they are traced in the SQL
    expected_rows: float = inf  # as `Translation` says
    bound: tuple[tuple[str, ...], tuple[Column, ...]] | None = None  # names and types of the result, and its columns
    parsed: tuple[int, duckdb.Statement] | None = None  # what runs, and for how many rows

    def statement(self, cursor: duckdb.DuckDBPyConnection, most: int) -> duckdb.Statement:
        """What to run for `most` rows at most; parsed once.

        Raises:
            QueryError: it would not be one SELECT.
        """
        if self.parsed is None or self.parsed[0] != most:
            # The line break ends a comment the query may close with.
            self.parsed = most, one_select(cursor, f"SELECT * FROM ({self.sql}\n) {limit_rows(most)}")
        return self.parsed[1]


class Plans:
    """Translates, judges and remembers, for the tables of one session."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, tables: Mapping[str, TableInfo]) -> None:
        self._tables = tables
        own = own_functions(connection)
        self._translated_functions = known_functions() | own
        # What ADQL becomes has checked its arguments; in SQL, somebody else would have to.
        self._functions = known_functions() | {name for name in own if not name.startswith(PREFIX)}
        self._placed = [name for name, info in tables.items() if info.role("ra") and info.role("dec")]
        self._kept: OrderedDict[tuple[str, str], Plan] = OrderedDict()
        self._harmless: OrderedDict[str, bool] = OrderedDict()  # SQL the gate has let pass, without its numbers
        self._service = {f"tap_schema.{name}": columns for name, (_, columns) in TABLES.items()}

    def plan(self, cursor: duckdb.DuckDBPyConnection, query: Query, uploads: Mapping[str, tuple[Column, ...]]) -> Plan:
        """SQL for a query.

        Args:
            cursor: to read SQL with.
            query: the text, which `check_length` has let pass, and its language.
            uploads: columns of the uploaded tables, by name.

        Raises:
            QueryError: the text is not one harmless SELECT, or not ADQL.
        """
        key = (query.language, query.text)
        plan = None if uploads else self._kept.get(key)
        if plan is None:
            make = self._adql if query.language == "adql" else self._sql
            plan = make(cursor, query.text, uploads)
            if not uploads:
                _keep(self._kept, key, plan)
        return plan

    def columns(
        self, plan: Plan, names: Sequence[str], types: Sequence[str], uploads: Mapping[str, tuple[Column, ...]]
    ) -> tuple[Column, ...]:
        """The columns of a result whose names and types the database gives.

        Raises:
            QueryError: they are not as many as the translation of the query says.
        """
        key = (*names, *types)
        if plan.bound is None or plan.bound[0] != key:
            traced = plan.traced
            if traced is not None and len(traced) != len(names):
                raise QueryError(f"the answer has {len(names)} columns, the query {len(traced)}: please report this")
            if traced is None:
                others = self._service | {f"{UPLOADS}.{name}": columns for name, columns in uploads.items()}
                known = KnownColumns(self._tables, others)
                traced = trace_columns(plan.sql, names, types, tables=known.of_table, functions=known.of_function)
            columns = tuple(
                replace(column, name=name, type=type_)
                for column, name, type_ in zip(traced, unique_names(names), types, strict=True)
            )
            plan.bound = key, columns
        return plan.bound[1]

    def _sql(self, cursor: duckdb.DuckDBPyConnection, text: str, uploads: Mapping[str, object]) -> Plan:
        plain = {f"{prefix}{name}" for name in self._tables for prefix in ("", "main.")}
        searched, functions = frozenset(self._placed), known_functions("tables")
        check_sql(cursor, text, Allowed(self._names(plain, uploads), self._functions, searched, functions))
        return Plan(without_semicolon(text), None)

    def _adql(self, cursor: duckdb.DuckDBPyConnection, text: str, uploads: Mapping[str, tuple[Column, ...]]) -> Plan:
        try:
            translation = translate(text, self._adql_tables(uploads))
        except RecursionError:
            raise QueryError("the query is nested too deeply; take it apart with WITH") from None
        # What users wrote went into this SQL: it passes the gate as theirs does, as if nothing were known of it.
        stored = {f"{catalog_of(name)}.main.data" for name in self._tables}
        shape = None if uploads else without_numbers(translation.sql)
        if shape is None or shape not in self._harmless:
            check_sql(cursor, translation.sql, Allowed(self._names(stored, uploads), self._translated_functions))
        if shape is not None:
            _keep(self._harmless, shape, True)
        return Plan(translation.sql, translation.columns, translation.expected_rows)

    def _names(self, tables: set[str], uploads: Mapping[str, object]) -> frozenset[str]:
        keys = (f"keys.{name}" for name in self._placed)
        return frozenset({*tables, *keys, *self._service, *(f"{UPLOADS}.{name}" for name in uploads)})

    def _adql_tables(self, uploads: Mapping[str, tuple[Column, ...]]) -> dict[str, Table]:
        tables = {}
        for name, info in self._tables.items():
            tables[name] = tables[f"{USER_SCHEMA}.{name}"] = Table(name, data_of(info), info.columns, info.rows)
            if name in self._placed:
                tables[f"keys.{name}"] = Table(f"keys.{name}", f"keys.{quote(name)}", key_columns(info))
        for name, (_, columns) in TABLES.items():
            tables[f"tap_schema.{name}"] = Table(f"{TAP_SCHEMA}.{name}", f"tap_schema.{quote(name)}", columns)
        for name, columns in uploads.items():
            tables[f"{UPLOADS}.{name}"] = Table(f"TAP_UPLOAD.{name}", f"{UPLOADS}.{quote(name)}", columns)
        return tables


def _keep(kept: OrderedDict[Any, Any], key: Any, item: Any) -> None:
    """Remember one more, and forget the oldest."""
    kept[key] = item
    if len(kept) > _KEPT:
        kept.popitem(last=False)


def own_functions(connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """The functions and macros skyband made in a session."""
    # Python functions count as internal.
    query = "SELECT DISTINCT function_name FROM duckdb_functions() WHERE NOT internal OR starts_with(function_name, $1)"
    found = connection.execute(query, [PREFIX]).fetchall()
    return frozenset({"healpix", *(name.lower() for (name,) in found)})
