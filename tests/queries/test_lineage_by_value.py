"""Lineage against the engine: every column of the tables holds values of its own, so a result shows its origin."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from skyband.queries.lineage import trace_columns
from skyband.schema.columns import Column

QUERIES = 2000
SHARED = 0.5  # the one value of `id` that all tables have
VALUES = {
    "a": {"id": [SHARED, 1.5], "x": [2.0, 2.25], "y": [3.0, 3.25]},
    "b": {"id": [SHARED, 4.0], "x": [5.0, 5.25], "z": [6.0, 6.25]},
    "c": {"id": [SHARED, 7.0], "y": [8.0, 8.25], "z": [9.0, 9.25]},
}
TABLES = {
    table: tuple(Column(name, "DOUBLE", utype=f"{table}:{name}", role="id") for name in columns)
    for table, columns in VALUES.items()
}
HELD = {f"{table}:{name}": set(values) for table, columns in VALUES.items() for name, values in columns.items()}


@pytest.fixture(scope="module")
def abc() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA placed")
        for table, columns in VALUES.items():
            connection.execute(f"CREATE TABLE {table} ({', '.join(f'{name} DOUBLE' for name in columns)})")
            connection.executemany(f"INSERT INTO {table} VALUES (?, ?, ?)", list(zip(*columns.values(), strict=True)))
            connection.execute(f"CREATE VIEW placed.{table} AS SELECT * FROM main.{table}")
        connection.execute(
            """CREATE MACRO cone("table", r) AS TABLE SELECT * FROM query_table('placed.' || "table") WHERE id < r"""
        )
        yield connection


def run(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[tuple[Column, ...], list[set[float]]]:
    """The traced columns of a result and the floating-point values each holds."""
    result = connection.execute(query)
    names, types = [item[0] for item in result.description], [str(item[1]) for item in result.description]
    rows = result.fetchall()
    traced = trace_columns(query, names, types, tables=TABLES.get)
    assert [(column.name, column.type) for column in traced] == list(zip(names, types, strict=True))
    return traced, [{row[n] for row in rows if isinstance(row[n], float)} for n in range(len(names))]


class Writer:
    """Writes random queries; about a third of them mean something."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.aliases = 0

    def one_of(self, *forms: str) -> str:
        return self.random.choice(forms)

    def name(self) -> str:
        return self.one_of("id", "x", "y", "z", "x", "y", "z", "n")

    def source(self, depth: int) -> tuple[str, list[str]]:
        """One item of a FROM clause and the names of the tables in it."""
        table = self.one_of("a", "b", "c", "k")
        self.aliases += 1
        alias = f"t{self.aliases}"
        kinds = ["{t} AS {a}", "cone('{t}', 100) {a}", "query_table({t}) {a}", "{t} {a}(id, n)"]
        kind = self.random.randrange(8 if depth else 5)
        if kind < 4:
            return kinds[kind].format(t=table, a=alias), [alias]
        if kind == 4:
            return table, [table]
        if kind == 5:
            return f"({self.query(depth - 1)}) {alias}", [alias]
        left, left_names = self.source(depth - 1)
        right, right_names = self.source(0)
        joined = self.random.choice(JOINS).format(left, right)
        if kind == 6:
            return f"({joined}) AS {alias}", [alias]
        return self.one_of(joined, f"({joined})"), left_names + right_names

    def select(self, depth: int) -> str:
        source, tables = self.source(depth)
        items = [
            self.random.choice(ITEMS).format(n=self.name(), o=self.name(), t=self.random.choice(tables))
            for _ in range(self.random.choice([1, 1, 2, 3]))
        ]
        return f"SELECT {', '.join(items)} FROM {source}"

    def query(self, depth: int) -> str:
        query = self.select(depth)
        if depth and self.random.random() < 0.15:
            operation = self.one_of("UNION ALL", "UNION ALL BY NAME", "INTERSECT", "EXCEPT")
            query = f"{query} {operation} {self.select(depth - 1)}"
        if depth and self.random.random() < 0.3:
            name = self.one_of("k", "a") + self.one_of("", "", "(n)", "(x, y)")
            query = f"WITH {name} AS ({self.query(depth - 1)}) {query}"
        return query


JOINS = [
    "{}, {}", "{} CROSS JOIN {}", "{} JOIN {} USING (id)", "{} LEFT JOIN {} USING (id)", "{} RIGHT JOIN {} USING (id)",
    "{} FULL JOIN {} USING (id)", "{} NATURAL JOIN {}", "{} NATURAL FULL JOIN {}", "{} POSITIONAL JOIN {}",
    "{} SEMI JOIN {} USING (id)", "{} ANTI JOIN {} USING (id)", "{} LEFT JOIN {} ON true",
    "{} RIGHT JOIN {} USING (id, x)",
]  # fmt: skip
ITEMS = [
    "*", "*", "{t}.*", "* EXCLUDE ({n})", "{t}.* EXCLUDE ({n})", "* REPLACE ({o} AS {n})",
    "* REPLACE ({t}.{o} AS {n})", "* RENAME ({n} AS {o})", "{t}.* RENAME ({n} AS {o})", "{n}", "{n} AS {o}", "{t}.{n}",
    "{t}.{n} AS {o}", "({n})", "#2", "COLUMNS('{n}|{o}')", "COLUMNS({t}.*)", "COLUMNS('([{n}{o}])') AS '\\1_\\0'",
    "* LIKE '%{n}%'", "* NOT LIKE '{n}%'", "(SELECT {n} FROM a LIMIT 1) AS {o}", "(SELECT {t}.{n}) AS {o}",
    "(SELECT {n} FROM (SELECT {t}.{o})) AS {o}", "1 AS {n}", "NULL AS {n}", "-{n} AS {o}",
]  # fmt: skip
CORPUS = (Path(__file__).parent / "lineage_corpus.sql").read_text(encoding="utf-8").splitlines()[1:]


@pytest.mark.parametrize("query", CORPUS)
def test_whatever_the_engine_runs_is_traced(
    abc: duckdb.DuckDBPyConnection, caplog: pytest.LogCaptureFixture, query: str
) -> None:
    caplog.set_level(logging.DEBUG, "skyband.queries.lineage")
    traced, values = run(abc, query)
    for column, found in zip(traced, values, strict=True):
        assert not column.utype or found <= HELD[column.utype], column
    assert caplog.records == []


def test_a_column_is_traced_to_the_values_it_holds(
    abc: duckdb.DuckDBPyConnection, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "skyband.queries.lineage")
    followed = 0
    for seed in range(QUERIES):
        query = Writer(seed).query(depth=2)
        try:
            traced, values = run(abc, query)
        except duckdb.Error:
            continue  # an ambiguous or missing name
        mixed = any(word in query for word in ("UNION", "INTERSECT", "EXCEPT", "FULL"))
        for column, found in zip(traced, values, strict=True):
            found.discard(1)  # the literal
            origins = {utype for utype, held in HELD.items() if found and found <= held}
            if column.utype:
                followed += 1
                assert not found or column.utype in origins, (seed, query, column.name, column.utype, found)
            elif column.name.isalpha() and not mixed:
                # A column of a union or a full join may by chance hold only what came from one side.
                assert len(origins) != 1, (seed, query, column.name, origins, found)
    assert followed > QUERIES / 2
    assert caplog.records == []
