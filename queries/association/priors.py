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


def value_of(right: TableInfo, text: str) -> str:
    """SQL of a column, or of a difference of two: a magnitude or a colour.

    Raises:
        BadOption: there is no such column.
    """
    # A name may have a minus sign in it.
    names = [text] if right.column(text) else [name.strip() for name in text.split("-", 1)]
    found = [right.column(name) for name in names]
    if missing := [name for name, column in zip(names, found, strict=True) if column is None]:
        listed = ", ".join(item.name for item in right.columns)
        raise BadOption(f"table {right.name!r} has no column {missing[0]!r}; it has {listed}")
    return " - ".join(f"{quote(column.name)}::DOUBLE" for column in found if column is not None)


def weigh_by_mixture(connection: duckdb.DuckDBPyConnection, right: TableInfo, value: str, density: Density) -> None:
    """Make the density behind the odds of the temporary table `weighed` that of sources with such a value.

    Chance sources are as frequent as local sources of the same bin of the value; counterparts are taken to be
    distributed as the whole table (Sutherland & Saunders 1992, n(m); `learn_ratio` learns q(m)).

    Args:
        connection: where `weighed` is.
        right: the table of the counterparts.
        value: SQL of `value_of`; NULL is a value of its own.
        density: of the table.

    Raises:
        BadOption: it is no number.
    """
    _bin(connection, right, value)
    shift = min(density.shift + 2 * _COARSER, 2 * KEY_ORDER)
    _multiply(connection, fill_sql(PACKAGE, "mix", shift=str(shift), weight=repr(_MIXTURE_ROWS)))


def learn_ratio(connection: duckdb.DuckDBPyConnection, right: TableInfo, value: str) -> None:
    """Multiply the odds of the temporary table `weighed` by how much commoner the value of the right row is among
    counterparts than among all sources (Sutherland & Saunders 1992, q(m) / n(m); the magnitude priors of NWAY).

    Args:
        connection: where `weighed` and `judged` are.
        right: the table of the counterparts.
        value: SQL of `value_of`; NULL is a value of its own.

    Raises:
        BadOption: it is no number, or there are too few secure pairs to learn from.
    """
    secure = f"left_rank = 1 AND p_match >= {_SECURE}"
    [(pairs,)] = connection.execute(f"SELECT count(*) FROM judged WHERE {secure}").fetchall()
    if pairs < _FEWEST:
        raise BadOption(f"{pairs} secure pairs are too few to learn how counterparts look ({_FEWEST} are needed)")
    _bin(connection, right, value)
    _multiply(connection, fill_sql(PACKAGE, "ratio", secure=secure))


def _bin(connection: duckdb.DuckDBPyConnection, right: TableInfo, value: str) -> None:
    """Make the temporary table `right_bins` (bins.sql)."""
    query = fill_sql(PACKAGE, "bins", rows=data_of(right), value=f"({value})", bins=str(_BINS))
    try:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE right_bins AS {query}")
    except duckdb.ConversionException as error:
        raise BadOption(f"{value} of {right.name!r} is not a number") from error


def _multiply(connection: duckdb.DuckDBPyConnection, ratios: str) -> None:
    """Multiply the odds of `weighed` by a relation (row, ratio) of right rows."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE weighed AS "
        "SELECT w.* REPLACE (odds * r.ratio AS odds, ln_odds + ln(r.ratio) AS ln_odds) "
        f"FROM weighed w JOIN ({ratios}) r ON r.row = w.right_row"
    )
    connection.execute("DROP TABLE right_bins")
