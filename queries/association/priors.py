"""What counterparts look like: a likelihood ratio of a magnitude or a colour, learnt from secure pairs."""

from __future__ import annotations

import duckdb

from skyband.queries.association.options import PACKAGE
from skyband.schema.columns import TableInfo
from skyband.schema.errors import BadOption
from skyband.schema.keys import data_of
from skyband.schema.names import quote
from skyband.schema.sql import fill_sql

_BINS = 20
_SECURE = 0.9
_FEWEST = 100


def learn_ratio(connection: duckdb.DuckDBPyConnection, right: TableInfo, column: str) -> None:
    """Multiply the odds of the temporary table `weighed` by how much commoner the value of the right row is among
    counterparts than among all sources (Sutherland & Saunders 1992, q(m) / n(m); the magnitude priors of NWAY).

    Args:
        connection: where `weighed` and `judged` are.
        right: the table of the counterparts.
        column: of it, a number; NULL is a value of its own.

    Raises:
        BadOption: no such column of numbers, or too few secure pairs to learn from.
    """
    found = right.column(column)
    if found is None:
        names = ", ".join(item.name for item in right.columns)
        raise BadOption(f"table {right.name!r} has no column {column!r} for a prior; it has {names}")
    secure = f"left_rank = 1 AND p_match >= {_SECURE}"
    [(pairs,)] = connection.execute(f"SELECT count(*) FROM judged WHERE {secure}").fetchall()
    if pairs < _FEWEST:
        raise BadOption(f"{pairs} secure pairs are too few to learn how counterparts look ({_FEWEST} are needed)")
    try:
        query = fill_sql(
            PACKAGE, "ratio", rows=data_of(right), value=f"{quote(found.name)}::DOUBLE", bins=str(_BINS), secure=secure
        )
        connection.execute(f"CREATE OR REPLACE TEMP TABLE ratio AS {query}")
    except duckdb.ConversionException as error:
        raise BadOption(f"column {column!r} of {right.name!r} does not hold numbers") from error
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE weighed AS SELECT w.* REPLACE (w.odds * r.ratio AS odds) "
        "FROM weighed w JOIN ratio r ON r.row = w.right_row"
    )
