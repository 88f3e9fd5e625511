"""Column metadata and provenance inside a table file: written once, read by everything."""

from __future__ import annotations

import json
from dataclasses import astuple
from itertools import chain
from typing import TYPE_CHECKING, Any

from skyband.schema.columns import Column, TableInfo, Version
from skyband.schema.errors import StorageError
from skyband.schema.names import quote
from skyband.schema.sql import fill_sql

if TYPE_CHECKING:
    import duckdb

_LAYOUT = "1"
"""Of what a table file says about itself; tables without this property have the first. A change of `metadata.sql`, or
of what its columns and properties mean, gets the next number."""

_TEXTS = ("name", "description", "survey", "source", "licence", "citation", "frame")


def write_info(connection: duckdb.DuckDBPyConnection, catalog: str, info: TableInfo) -> None:
    """Write `info` into the attached table file `catalog`, which holds only its data so far."""
    columns = [(place, *astuple(column)) for place, column in enumerate(info.columns)]
    properties = {key: getattr(info, key) for key in _TEXTS}
    properties |= {"layout": _LAYOUT, "epoch": json.dumps(info.epoch), "details": json.dumps(dict(info.details))}
    rows = {"columns": columns, "versions": list(map(astuple, info.versions)), "properties": list(properties.items())}
    # At once: a statement for each row, committed alone, takes longer than many a table takes to write.
    connection.begin()
    connection.execute(fill_sql("skyband.schema", "metadata", catalog=quote(catalog)))
    for table, values in rows.items():
        marks = ", ".join(f"({', '.join('?' * len(row))})" for row in values)
        connection.execute(f"INSERT INTO {quote(catalog)}.skyband.{table} VALUES {marks}", list(chain(*values)))
    connection.commit()


def read_info(connection: duckdb.DuckDBPyConnection, catalog: str) -> TableInfo:
    """Read what the attached table file `catalog` says about itself.

    Raises:
        StorageError: another version of skyband wrote it, in a layout that this one does not know.
        duckdb.Error, LookupError, TypeError, ValueError: it is no table of skyband, or damaged.
    """
    prefix = f"FROM {quote(catalog)}.skyband"
    properties = dict(connection.execute(f"{prefix}.properties SELECT key, value").fetchall())
    layout = properties.get("layout", "1")
    if layout != _LAYOUT:
        raise StorageError(
            f"another version of skyband wrote it (layout {layout}; this one reads layout {_LAYOUT}), which can read it"
        )
    columns = _named_rows(connection, f"{prefix}.columns SELECT * EXCLUDE (position) ORDER BY position")
    versions = _named_rows(connection, f"{prefix}.versions ORDER BY version")
    return TableInfo(
        columns=tuple(Column(**row) for row in columns),
        versions=tuple(Version(**row) for row in versions),
        epoch=json.loads(properties["epoch"]),
        details=json.loads(properties["details"]),
        **{key: properties[key] for key in _TEXTS},
    )


def _named_rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    found = connection.execute(query)
    names = [name for name, *_ in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
