"""Names that look like what the translation writes for itself are names and no more."""

# ruff: noqa: E501

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from skyband.queries.adql import Table, translate
from skyband.schema.columns import Column
from skyband.schema.names import quote

from .conftest import TABLES, Ask

NAMES = [
    "\x010\x02",
    "\x011\x02",
    "{relation}",
    "{x}",
    "{n}",
    "__x1",
    "__bx1",
    "__x01",
    "\\1",
    "\\g<0>",
    "%s",
    "a\nb",
    "--",
    "';",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_column_of_any_name(connection: duckdb.DuckDBPyConnection, rows: Any, name: str) -> None:
    """Its values come back, through stars, aliases of tables, cones and band joins."""
    column = quote(name)
    connection.execute(
        f"CREATE OR REPLACE TABLE odd AS SELECT source_id AS id, ra, dec, ra + 1 AS {column} FROM gaia WHERE id % 50 = 0"
    )
    position = TABLES["gaia"].columns[1:3]
    odd = Table("odd", '"odd"', (Column("id", "BIGINT"), *position, Column(name, "DOUBLE")))
    expected = [(int(n), rows["gaia"]["ra"][n] + 1) for n in range(0, len(rows["gaia"]["ra"]), 50)]
    queries = ["SELECT id, s.third FROM (SELECT * FROM odd) AS s ORDER BY id".replace("s.third", f"s.{column}")]
    queries += [
        f"SELECT id, {column} FROM odd AS {column} ORDER BY id",
        f"SELECT o.id, o.{column} FROM odd AS o JOIN gaia AS g ON DISTANCE(o.ra, o.dec, g.ra, g.dec) < 1e-9 "
        "AND o.id = g.source_id ORDER BY id",
        f"SELECT o.id, o.{column} FROM gaia AS g JOIN odd AS o ON DISTANCE(o.{column}, o.dec, g.ra + 1, g.dec) < 1e-9 "
        "AND o.id = g.source_id ORDER BY id",
        f"SELECT o.id, o.{column} FROM odd AS o WHERE DISTANCE(o.{column}, o.dec, 0, 0) < 181 ORDER BY id",
    ]
    for query in queries:
        if not any(letter in query for letter in "\x01\x02"):  # ADQL itself has no control characters
            found = connection.execute(translate(query, {**TABLES, "odd": odd}).sql).fetchall()
            assert found == [(n, pytest.approx(value)) for n, value in expected], query
    starred = connection.execute(translate("SELECT * FROM odd AS o ORDER BY id", {**TABLES, "odd": odd}).sql).fetchall()
    assert [(row[0], row[3]) for row in starred] == [(n, pytest.approx(value)) for n, value in expected]
    connection.execute("DROP TABLE odd")


def test_an_alias_is_an_alias(ask: Ask) -> None:
    for name in NAMES[2:]:
        query = (
            f'SELECT a."{name}", COUNT(*) AS n FROM (SELECT TOP 1 ra AS "{name}" FROM gaia ORDER BY source_id) AS a '
            f'GROUP BY a."{name}"'
        )
        assert [row[1] for row in ask(query)] == [1]
