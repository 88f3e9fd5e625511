"""Which rows of the tables of a match make an object."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from skyband.queries.association.established import Established
from skyband.schema.columns import TableInfo
from skyband.schema.errors import BadTable
from skyband.schema.keys import data_of, numbered_rows
from skyband.schema.names import quote


def find_objects(
    connection: duckdb.DuckDBPyConnection, match: TableInfo, found: Established, tables: Sequence[TableInfo]
) -> None:
    """Make the temporary table `objects` (object, pair, row_0, row_1, ...): a row of the match each, or one of a table
    alone, whose pair is NULL.

    Args:
        connection: where the tables are attached.
        match: what says which rows belong together, by their ids.
        found: what is known of it.
        tables: it was made of.

    Raises:
        BadTable: an id stands for no row, or for several.
    """
    places = range(len(tables))
    names = [quote(f"{table.name}_id") for table in tables]
    joins = "".join(
        f" LEFT JOIN (SELECT id, min(row) AS row, count(*) AS rows FROM {numbered_rows(table)} GROUP BY id) t{number} "
        f"ON t{number}.id = m.{names[number]}"
        for number, table in enumerate(tables)
    )
    rows = ", ".join(f"t{number}.row AS row_{number}" for number in places)
    lost = " OR ".join(f"t{number}.row IS NULL AND m.{name} IS NOT NULL" for number, name in enumerate(names))
    many = ", ".join(f"CASE WHEN t{number}.rows > 1 THEN t{number}.row END AS many_{number}" for number in places)
    connection.execute(
        f"CREATE TEMP TABLE named AS SELECT m.rowid AS pair, m.left_rank, {rows}, {lost} AS is_lost, {many} "
        f"FROM {data_of(match)} m {joins}"
    )
    _check_named(connection, match, tables)
    best = (
        "QUALIFY row_0 IS NULL OR row_number() OVER (PARTITION BY row_0 ORDER BY left_rank, pair) = 1"
        if found.repeats_leads
        else ""
    )
    own_rows = ", ".join(f"row_{number}" for number in places)
    connection.execute(f"CREATE TEMP TABLE objects AS SELECT pair AS object, pair, {own_rows} FROM named {best}")
    if found.join.has_unmatched_right:
        for number in places[1:]:
            connection.execute(
                f"INSERT INTO objects BY NAME SELECT (SELECT max(object) FROM objects) + row_number() OVER () "
                f"AS object, row_{number} FROM (SELECT DISTINCT row_{number} FROM named WHERE row_{number} IS NOT NULL "
                f"AND row_{number} NOT IN (SELECT row_{number} FROM objects WHERE row_{number} IS NOT NULL))"
            )
    connection.execute("DROP TABLE named")


def _check_named(connection: duckdb.DuckDBPyConnection, match: TableInfo, tables: Sequence[TableInfo]) -> None:
    """Refuse ids of the temporary table `named` that stand for no row, or for several."""
    repeated = ", ".join(f"count(DISTINCT many_{number})" for number in range(len(tables)))
    [(lost, *many)] = connection.execute(f"SELECT count(*) FILTER (is_lost), {repeated} FROM named").fetchall()
    if lost:
        raise BadTable(f"{lost:,} rows of {match.name!r} name rows that are gone; match the tables again")
    for table, ids in zip(tables, many, strict=True):
        if ids:
            which, stand = ("id", "stands") if ids == 1 else ("ids", "stand")
            raise BadTable(
                f"{ids:,} {which} of {table.name!r} that {match.name!r} names {stand} for several rows, so that it "
                "cannot be told which of them was matched: ingest the table with a column of unique ids"
            )


def count_members(connection: duckdb.DuckDBPyConnection, tables: Sequence[TableInfo]) -> dict[str, int]:
    """Objects with a row of each table."""
    counts = ", ".join(f"count(row_{number})" for number in range(len(tables)))
    [found] = connection.execute(f"SELECT {counts} FROM objects").fetchall()
    return {table.name: count for table, count in zip(tables, found, strict=True)}
