"""SQL of this package, filled, and its answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from skyband.queries.morphology.intervals import Sums
from skyband.queries.morphology.options import MorphologyOptions
from skyband.queries.morphology.votes import Votes, reach_name
from skyband.schema.faults import duckdb_faults
from skyband.schema.names import quote_text
from skyband.schema.sql import fill_sql

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

KINDS = ("conditional", "joint")
"""Shares among those who were asked, and among all volunteers, down the tree."""


def sql_of(name: str, **parts: str) -> str:
    """The SQL of a file of this package."""
    return fill_sql("skyband.queries.morphology", name, **parts)


def ask(connection: duckdb.DuckDBPyConnection, query: str) -> pa.Table:
    """The answer to SQL.

    Raises:
        ResourceLimit, StorageError, QueryError: as the engine fails.
    """
    with duckdb_faults("the analysis of votes failed"):
        return connection.sql(query).to_arrow_table()


def ask_one(connection: duckdb.DuckDBPyConnection, query: str) -> dict[str, Any]:
    """The one row of an answer."""
    [row] = ask(connection, query).to_pylist()
    return dict(row)


def answers_sql(votes: Votes, options: MorphologyOptions, rows: str, keys: str) -> str:
    """SQL of a row for each galaxy, feature and kind, in brackets.

    Args:
        votes: the table.
        options: how answers are counted.
        rows: relation with the columns of the table, as SQL.
        keys: what to keep beside, as a select list.
    """
    measure = votes.measure(options.measure)
    reached = ", ".join(f"{share} AS {reach_name(task)}" for task, share in votes.reached(measure))
    return "({})".format(
        sql_of(
            "answers",
            rows=rows,
            keys=keys,
            reached=reached,
            asked=", ".join(_asked(votes, measure)),
            least_votes=str(options.least_votes),
        )
    )


def _asked(votes: Votes, measure: str) -> Iterator[str]:
    everybody = votes.votes(votes.tree.first.name)
    for feature in votes.features:
        names = [answer.partition(".")[2] for answer in feature.answers]
        share = votes.share(measure, feature.task, names)
        shares = {
            "conditional": (votes.votes(feature.task), f"({share})"),
            "joint": (everybody, f"{reach_name(feature.task)} * coalesce({share}, 0)"),
        }
        for kind, (number, value) in shares.items():
            yield (
                f"{{'feature': {quote_text(feature.name)}, 'kind': '{kind}', 'votes': {number}, "
                f"'share': ({value})::DOUBLE}}"
            )


def sums_of(
    connection: duckdb.DuckDBPyConnection, votes: Votes, options: MorphologyOptions, rows: str, weight: str
) -> Mapping[tuple[str, str], Sums]:
    """The sums of each feature and kind over the galaxies of a relation with the columns of the table.

    Args:
        connection: of an open store.
        votes: the table.
        options: how answers are counted.
        rows: the relation, as SQL.
        weight: of a galaxy, 0 or more, as SQL.
    """
    answers = answers_sql(votes, options, rows, f"{weight} AS weight")
    found = ask(connection, sql_of("sums", answers=answers)).to_pylist()
    known = {(row["feature"], row["kind"]): Sums.of(row) for row in found}
    return {
        (feature.name, kind): known.get((feature.name, kind), Sums()) for feature in votes.features for kind in KINDS
    }
