"""The corpus: what is accepted, what is refused, and where."""

from __future__ import annotations

import duckdb
import pytest

from skyband.queries.adql import AdqlError, check_syntax, translate
from skyband.queries.serving.gate import Allowed, check_sql, known_functions
from skyband.queries.serving.plans import own_functions

from .conftest import TABLES, corpus


def allowed(connection: duckdb.DuckDBPyConnection) -> Allowed:
    """What the gate of the query processes lets translations name."""
    tables = frozenset(table.relation.replace('"', "") for table in TABLES.values())
    return Allowed(tables, known_functions() | own_functions(connection))


@pytest.mark.parametrize("query", corpus("corpus_accepted.sql"))
def test_accepted_queries_run(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    check_syntax(query)
    translation = translate(query, TABLES)
    check_sql(connection, translation.sql, allowed(connection))
    result = connection.execute(translation.sql)
    assert [column[0] for column in result.description] == [column.name for column in translation.columns]
    names = [column.name.lower() for column in translation.columns]
    assert len(set(names)) == len(names)


def _refused(marked: str, error: AdqlError) -> None:
    if "¦" in marked:
        assert (error.line, error.column) == (1, marked.index("¦") + 1), str(error)
    assert f"line {error.line}, column {error.column}: " in str(error)
    assert "\n" not in str(error)


@pytest.mark.parametrize("marked", corpus("corpus_refused.sql"))
def test_refused_by_the_grammar(marked: str) -> None:
    with pytest.raises(AdqlError) as caught:
        check_syntax(marked.replace("¦", ""))
    _refused(marked, caught.value)


@pytest.mark.parametrize("marked", corpus("corpus_unknown.sql"))
def test_refused_for_its_meaning(marked: str) -> None:
    query = marked.replace("¦", "")
    check_syntax(query)
    with pytest.raises(AdqlError) as caught:
        translate(query, TABLES)
    _refused(marked, caught.value)


@pytest.mark.parametrize(
    "query",
    [
        f"SELECT {'(' * 500_000}1{')' * 500_000} FROM gaia",
        f"SELECT {'ABS(' * 500}1{')' * 500} FROM gaia",
        f"SELECT {'-(' * 30}{' + '.join(['ra'] * 100)}{')' * 30} FROM gaia",
        f"SELECT ra FROM gaia WHERE {'NOT ' * 500} ra > 1",
        f"SELECT ra FROM gaia{' UNION SELECT ra FROM gaia' * 500}",
        f"SELECT {' + '.join(['ra'] * 5000)} FROM gaia",
    ],
)
def test_what_nests_too_deep_is_an_error_or_an_answer(query: str) -> None:
    try:
        translate(query, TABLES)
    except AdqlError as error:
        assert len(str(error)) < 300


def test_thousands_of_alternatives_are_no_trouble(connection: duckdb.DuckDBPyConnection) -> None:
    query = f"SELECT source_id FROM gaia WHERE {' OR '.join(f'source_id = {k}' for k in range(3000))}"
    assert len(connection.execute(translate(query, TABLES).sql).fetchall()) == 1326
