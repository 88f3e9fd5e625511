"""What a value of a right row, a magnitude or a colour, says of it: how commonly counterparts and chance sources have
such a value."""

from __future__ import annotations

import duckdb

from skyband.queries.association.density import Density
from skyband.queries.association.options import PACKAGE
from skyband.schema.columns import TableInfo
from skyband.schema.errors import BadOption
from skyband.schema.healpix import KEY_ORDER
from skyband.schema.keys import data_of
from skyband.schema.names import quote
from skyband.schema.sql import fill_sql

_BINS = 20
_SECURE = 0.9
_FEWEST = 100

_COARSER = 3
"""Orders by which the cells of a mixture are coarser than those of the density: each has a thousand rows or so."""
_MIXTURE_ROWS = 100
"""Rows of the whole table's mixture that each cell is taken to have beside its own."""


def check_column(right: TableInfo, column: str) -> None:
    """Refuse a name that is no column of a table.

    Raises:
        BadOption: it is none.
    """
    if right.column(column) is None:
        names = ", ".join(item.name for item in right.columns)
        raise BadOption(f"table {right.name!r} has no column {column!r}; it has {names}")


def weigh_by_mixture(connection: duckdb.DuckDBPyConnection, right: TableInfo, column: str, density: Density) -> None:
    """Make the density behind the odds of the temporary table `weighed` that of sources with such a value.

    Chance sources are as frequent as local sources of the same bin of the value; counterparts are taken to be
    distributed as the whole table (Sutherland & Saunders 1992, n(m); `learn_ratio` learns q(m)).

    Args:
        connection: where `weighed` is.
        right: the table of the counterparts.
        column: of it, a number; NULL is a value of its own.
        density: of the table.

    Raises:
        BadOption: it does not hold numbers.
    """
    _bin(connection, right, column)
    shift = min(density.shift + 2 * _COARSER, 2 * KEY_ORDER)
    _multiply(connection, fill_sql(PACKAGE, "mix", shift=str(shift), weight=repr(_MIXTURE_ROWS)))


def learn_ratio(connection: duckdb.DuckDBPyConnection, right: TableInfo, column: str) -> None:
    """Multiply the odds of the temporary table `weighed` by how much commoner the value of the right row is among
    counterparts than among all sources (Sutherland & Saunders 1992, q(m) / n(m); the magnitude priors of NWAY).

    Args:
        connection: where `weighed` and `judged` are.
        right: the table of the counterparts.
        column: of it, a number; NULL is a value of its own.

    Raises:
        BadOption: it does not hold numbers, or there are too few secure pairs to learn from.
    """
    secure = f"left_rank = 1 AND p_match >= {_SECURE}"
    [(pairs,)] = connection.execute(f"SELECT count(*) FROM judged WHERE {secure}").fetchall()
    if pairs < _FEWEST:
        raise BadOption(f"{pairs} secure pairs are too few to learn how counterparts look ({_FEWEST} are needed)")
    _bin(connection, right, column)
    _multiply(connection, fill_sql(PACKAGE, "ratio", secure=secure))


def _bin(connection: duckdb.DuckDBPyConnection, right: TableInfo, column: str) -> None:
    """Make the temporary table `right_bins` (bins.sql)."""
    query = fill_sql(PACKAGE, "bins", rows=data_of(right), value=f"{quote(column)}::DOUBLE", bins=str(_BINS))
    try:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE right_bins AS {query}")
    except duckdb.ConversionException as error:
        raise BadOption(f"column {column!r} of {right.name!r} does not hold numbers") from error


def _multiply(connection: duckdb.DuckDBPyConnection, ratios: str) -> None:
    """Multiply the odds of `weighed` by a relation (row, ratio) of right rows."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE weighed AS "
        "SELECT w.* REPLACE (odds * r.ratio AS odds, ln_odds + ln(r.ratio) AS ln_odds) "
        f"FROM weighed w JOIN ({ratios}) r ON r.row = w.right_row"
    )
    connection.execute("DROP TABLE right_bins")
