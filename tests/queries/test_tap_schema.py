"""TAP_SCHEMA: what the standard and STILTS' taplint ask of it, and that results agree with it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from astropy.io.votable import parse_single_table

from skyband.queries import Sky
from skyband.queries.formats import encode
from skyband.queries.tap_schema import TABLES, adql_name, create_tap_schema, tap_schema_rows
from skyband.schema.columns import Column
from skyband.schema.session import Session
from skyband.schema.store import Store

VALUES = {
    "flag": "true",
    "tiny": "1::UTINYINT",
    "short": "1::SMALLINT",
    "int": "1::INTEGER",
    "long": "1::BIGINT",
    "huge": "1::HUGEINT",
    "u64": "1::UBIGINT",
    "price": "1.5::DECIMAL(9,2)",
    "f": "1::FLOAT",
    "d": "1::DOUBLE",
    "text": "'ä'",
    "t": "TIMESTAMP '2026-11-21 01:02:03'",
    "day": "DATE '2026-11-21'",
    "pair": "[1.0, 2.0]::DOUBLE[2]",
    "list": "[1.0]::DOUBLE[]",
    "words": "['a', 'b']",
    "u": "uuid()",
    "b": "'x'::BLOB",
    "kind": "'a'::ENUM('a', 'b')",
    "s": "{'a': 1}",
    "_odd name": "1",
    "date": "1",
}


@pytest.fixture
def session(store: Store, make_table: Any) -> Iterator[Session]:
    """A store with one table that has a column of every type."""
    import duckdb

    values = duckdb.sql("SELECT " + ", ".join(f'{value} AS "{name}"' for name, value in VALUES.items()))
    assert values is not None
    columns = values.to_arrow_table()
    given = {name: columns.column(name) for name in columns.column_names if name not in ("huge", "kind")}
    make_table("all_types", id=[1], ra=[10.0], dec=[0.0], metadata=[Column("d", "", "mag", "phot.mag")], **given)
    make_table("plain", id=["x"], ra=[10.0], dec=[0.0])
    opened = Session(store.tables_folder, store.settings)
    yield opened
    opened.close()


def test_columns_are_declared_as_results_have_them(store: Store, session: Session) -> None:
    rows = tap_schema_rows(session.connection, session.tables)["columns"]
    for table in ("all_types", "plain"):
        with Sky(store.path) as sky:
            data = b"".join(encode(sky.sql(f"FROM {table}").stream(), "votable"))
        fields = parse_single_table(io.BytesIO(data)).fields
        declared = [row for row in rows if row["table_name"] == table]
        assert [row["column_name"] for row in declared] == [adql_name(field.name) for field in fields]
        for row, field in zip(declared, fields, strict=True):
            assert (row["datatype"], row["arraysize"], row["xtype"]) == (field.datatype, field.arraysize, field.xtype)
            assert (row["unit"], row["ucd"]) == (str(field.unit) if field.unit else None, field.ucd)


def test_it_has_what_taplint_demands(session: Session) -> None:
    rows = tap_schema_rows(session.connection, session.tables)
    assert set(rows) == {"schemas", "tables", "columns", "keys", "key_columns"}
    for name, some in rows.items():
        assert all(list(row) == [column.name for column in TABLES[name][1]] for row in some)
    needed = {
        "schemas": ["schema_name"],
        "tables": ["schema_name", "table_name", "table_type"],
        "columns": ["table_name", "column_name", "datatype", "indexed", "principal", "std"],
        "keys": ["key_id", "from_table", "target_table"],
        "key_columns": ["key_id", "from_column", "target_column"],
    }
    for name, filled in needed.items():
        assert all(row[column] is not None for row in rows[name] for column in filled)
    schemas = {row["schema_name"] for row in rows["schemas"]}
    tables = {row["table_name"]: row["schema_name"] for row in rows["tables"]}
    assert tables == {"all_types": "main", "plain": "main"} | {f"TAP_SCHEMA.{name}": "TAP_SCHEMA" for name in TABLES}
    assert set(tables.values()) == schemas
    columns = {(row["table_name"], row["column_name"]): row for row in rows["columns"]}
    assert len(columns) == len(rows["columns"])
    assert {table for table, _ in columns} == set(tables)
    keys = {row["key_id"]: row for row in rows["keys"]}
    assert len(keys) == len(rows["key_columns"]) == 5
    for row in rows["key_columns"]:
        key = keys[row["key_id"]]
        source = columns[key["from_table"], row["from_column"]]
        target = columns[key["target_table"], row["target_column"]]
        assert (source["datatype"], source["arraysize"]) == (target["datatype"], target["arraysize"])
    for name in ("size", "indexed", "principal", "std"):
        assert columns["TAP_SCHEMA.columns", adql_name(name)]["datatype"] == "int"
    assert columns["TAP_SCHEMA.columns", '"size"']["std"] == 1
    assert columns["all_types", "pair"]["size"] == 2
    assert columns["all_types", "list"]["size"] is None
    assert {row["arraysize"] for row in rows["columns"]} == {None, "*", "2"}
    assert [name for (table, name), row in columns.items() if row["indexed"]] == ["ra", "dec", "healpix_29"] * 2


def test_its_tables_hold_its_rows(session: Session) -> None:
    create_tap_schema(session.connection, session.tables)
    rows = tap_schema_rows(session.connection, session.tables)
    for name in TABLES:
        found = session.connection.execute(f"SELECT * FROM tap_schema.{name}")
        names = [item[0] for item in found.description or []]
        assert [dict(zip(names, row, strict=True)) for row in found.fetchall()] == rows[name]
        described = session.connection.execute(f"DESCRIBE tap_schema.{name}").fetchall()
        assert [(row[0], row[1]) for row in described] == [(column.name, column.type) for column in TABLES[name][1]]


def test_names_are_quoted_where_adql_needs_it() -> None:
    names = ["ra", "psfMag_r", "size", "DATE", "_RAJ2000", "e_B-V", "2mass", "a b", 'a"b', "ä", "point"]
    assert [adql_name(name) for name in names] == [
        "ra", "psfMag_r", '"size"', '"DATE"', '"_RAJ2000"', '"e_B-V"', '"2mass"', '"a b"', '"a""b"', '"ä"', '"point"',
    ]  # fmt: skip
