"""TAP_SCHEMA: the tables a client may ask for, as tables (TAP 1.1, section 4).

One source for the tables that are queried, the document at /tables, and the pages that list columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from skyband.queries.adql.words import RESERVED
from skyband.schema.columns import HEALPIX_COLUMN, Column, TableInfo
from skyband.schema.names import quote
from skyband.schema.sql import load_sql

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

USER_SCHEMA = "main"
"""The schema all tables of the store are listed in; their names go without it."""

TAP_SCHEMA = "TAP_SCHEMA"

_REGULAR = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_INDEXED = {"ra", "dec"}
_TEXT, _NUMBER = "VARCHAR", "INTEGER"


def _columns(**described: tuple[str, str]) -> tuple[Column, ...]:
    return tuple(Column(name, type_, description=text) for name, (type_, text) in described.items())


TABLES: Mapping[str, tuple[str, tuple[Column, ...]]] = {
    "schemas": (
        "Schemas of this service",
        _columns(
            schema_name=(_TEXT, "Name of the schema"),
            utype=(_TEXT, "Data model of the schema"),
            description=(_TEXT, "What is in it"),
            schema_index=(_NUMBER, "Its place in a list"),
        ),
    ),
    "tables": (
        "Tables of this service",
        _columns(
            schema_name=(_TEXT, "Schema of the table"),
            table_name=(_TEXT, "Name of the table, as queries write it"),
            table_type=(_TEXT, "'table' or 'view'"),
            utype=(_TEXT, "Data model of the table"),
            description=(_TEXT, "What is in it"),
            table_index=(_NUMBER, "Its place in a list"),
        ),
    ),
    "columns": (
        "Columns of the tables of this service",
        _columns(
            table_name=(_TEXT, "Table of the column"),
            column_name=(_TEXT, "Name of the column, as queries write it"),
            datatype=(_TEXT, "VOTable datatype"),
            arraysize=(_TEXT, "VOTable arraysize; NULL for single values"),
            xtype=(_TEXT, "What a text or array stands for"),
            size=(_NUMBER, "Number of items, where arraysize is one number"),
            description=(_TEXT, "What is in it"),
            utype=(_TEXT, "Data model of the column"),
            unit=(_TEXT, "Unit, in VOUnits"),
            ucd=(_TEXT, "Kind of quantity, in UCD1+"),
            indexed=(_NUMBER, "1 where conditions on the column are fast"),
            principal=(_NUMBER, "1 for the most useful columns"),
            std=(_NUMBER, "1 for columns that a standard defines"),
            column_index=(_NUMBER, "Its place in the table"),
        ),
    ),
    "keys": (
        "Foreign keys between the tables of this service",
        _columns(
            key_id=(_TEXT, "Name of the key"),
            from_table=(_TEXT, "Table that refers"),
            target_table=(_TEXT, "Table that is referred to"),
            description=(_TEXT, "What the key says"),
            utype=(_TEXT, "Data model of the key"),
        ),
    ),
    "key_columns": (
        "Columns of the foreign keys",
        _columns(
            key_id=(_TEXT, "Key"),
            from_column=(_TEXT, "Column that refers"),
            target_column=(_TEXT, "Column that is referred to"),
        ),
    ),
}
"""TAP_SCHEMA's own tables: description and columns."""

_KEYS = (
    ("tables", "schema_name", "schemas", "schema_name"),
    ("columns", "table_name", "tables", "table_name"),
    ("keys", "from_table", "tables", "table_name"),
    ("keys", "target_table", "tables", "table_name"),
    ("key_columns", "key_id", "keys", "key_id"),
)

Rows = list[dict[str, Any]]


def adql_name(name: str) -> str:
    """A column's name as ADQL writes it: in double quotes where it is a reserved word or not a plain one."""
    return name if _REGULAR.fullmatch(name) and name.lower() not in RESERVED else quote(name)


def tap_schema_rows(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, TableInfo]) -> dict[str, Rows]:
    """The rows of TAP_SCHEMA: one dictionary a row, by the name of the table ("schemas", "tables", ...).

    Args:
        connection: any database; it is asked what the types of columns are in Arrow.
        tables: those of the store.
    """
    listed = [(info.name, info.description, info.columns) for info in tables.values()]
    own = [(f"{TAP_SCHEMA}.{name}", text, columns) for name, (text, columns) in TABLES.items()]
    types = _arrow_types(connection, {column.type for _, _, columns in (*listed, *own) for column in columns})
    rows: dict[str, Rows] = {
        "schemas": [
            {"schema_name": USER_SCHEMA, "description": "The tables of this store", "schema_index": 0},
            {"schema_name": TAP_SCHEMA, "description": "What can be asked here", "schema_index": 1},
        ],
        "tables": [],
        "columns": [],
        "keys": [],
        "key_columns": [],
    }
    for schema, some in ((USER_SCHEMA, listed), (TAP_SCHEMA, own)):
        for place, (name, text, columns) in enumerate(some):
            rows["tables"].append(
                {"schema_name": schema, "table_name": name, "table_type": "table"}
                | {"description": text or None, "table_index": place}
            )
            rows["columns"].extend(_column_rows(name, columns, types, std=schema == TAP_SCHEMA))
    for number, (source, column, target, target_column) in enumerate(_KEYS, 1):
        key = f"tap_schema_{number}"
        rows["keys"].append(
            {"key_id": key, "from_table": f"{TAP_SCHEMA}.{source}", "target_table": f"{TAP_SCHEMA}.{target}"}
        )
        rows["key_columns"].append({"key_id": key, "from_column": column, "target_column": target_column})
    return {
        name: [{column.name: row.get(column.name) for column in TABLES[name][1]} for row in some]
        for name, some in rows.items()
    }


def create_tap_schema(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, TableInfo]) -> None:
    """Make the schema `tap_schema` with its tables in an open session."""
    import pyarrow as pa

    connection.execute(load_sql("skyband.queries", "tap_schema"))
    for name, rows in tap_schema_rows(connection, tables).items():
        given = pa.Table.from_pylist(rows, schema=pa.schema([(c.name, _arrow(c.type)) for c in TABLES[name][1]]))
        connection.register("tap_schema_rows", given)
        connection.execute(f"INSERT INTO tap_schema.{name} FROM tap_schema_rows")
        connection.unregister("tap_schema_rows")


def _column_rows(
    table: str, columns: Sequence[Column], types: Mapping[str, pa.DataType], *, std: bool
) -> Iterator[dict[str, Any]]:
    from skyband.queries.formats.votable_fields import field_type, votable_cell

    for place, column in enumerate(columns):
        field = field_type(column, votable_cell(column, types[column.type]))
        arraysize = field.get("arraysize")
        yield {
            "table_name": table,
            "column_name": adql_name(column.name),
            "datatype": field["datatype"],
            "arraysize": arraysize,
            "xtype": field.get("xtype"),
            "size": int(arraysize) if arraysize and arraysize.isdecimal() else None,
            "description": column.description or None,
            "utype": column.utype or None,
            "unit": column.unit or None,
            "ucd": column.ucd or None,
            "indexed": int(column.role in _INDEXED or column.name == HEALPIX_COLUMN),
            "principal": int(std or bool(column.role)),
            "std": int(std),
            "column_index": place,
        }


def _arrow_types(connection: duckdb.DuckDBPyConnection, names: set[str]) -> dict[str, pa.DataType]:
    """The Arrow types results have for DuckDB types."""
    from skyband.queries.result import plain_type

    wanted = sorted(names)
    cursor = connection.cursor()
    try:
        relation = cursor.sql(f"SELECT {', '.join(f'NULL::{name} AS c{n}' for n, name in enumerate(wanted))} LIMIT 0")
        schema = relation.to_arrow_reader(1).schema
    finally:
        cursor.close()
    return {name: plain_type(name, kind) for name, kind in zip(wanted, schema.types, strict=True)}


def _arrow(name: str) -> pa.DataType:
    import pyarrow as pa

    return pa.string() if name == _TEXT else pa.int32()
