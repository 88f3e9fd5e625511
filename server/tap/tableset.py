"""The tables as VOSI's /tables lists them: the rows of TAP_SCHEMA, nested."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

from skyband.queries.tap_schema import Rows


@dataclass(frozen=True, slots=True)
class Key:
    """A foreign key."""

    target_table: str
    columns: tuple[Mapping[str, Any], ...]  # rows of TAP_SCHEMA.key_columns


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its columns, rows of TAP_SCHEMA.columns."""

    row: Mapping[str, Any]
    columns: tuple[Mapping[str, Any], ...]
    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema with its tables."""

    row: Mapping[str, Any]
    tables: tuple[Table, ...]


def tableset(rows: Mapping[str, Rows]) -> list[Schema]:
    """The schemas with their tables, columns and keys.

    Args:
        rows: of TAP_SCHEMA, by table, as `queries.tap_schema.tap_schema_rows` gives them.
    """
    columns = _grouped(rows["columns"], "table_name")
    tables = _grouped(rows["tables"], "schema_name")
    keys = _grouped(rows["keys"], "from_table")
    key_columns = _grouped(rows["key_columns"], "key_id")

    def keys_of(name: str) -> tuple[Key, ...]:
        return tuple(Key(row["target_table"], key_columns.get(row["key_id"], ())) for row in keys.get(name, ()))

    return [
        Schema(
            schema,
            tuple(
                Table(table, columns.get(table["table_name"], ()), keys_of(table["table_name"]))
                for table in tables.get(schema["schema_name"], ())
            ),
        )
        for schema in rows["schemas"]
    ]


def _grouped(rows: Iterable[Mapping[str, Any]], name: str) -> dict[str, tuple[Mapping[str, Any], ...]]:
    ordered = sorted(rows, key=itemgetter(name))
    return {key: tuple(some) for key, some in groupby(ordered, itemgetter(name))}
