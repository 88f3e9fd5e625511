"""Which of the ranked pairs are kept: the table `work.selected`."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from skyband.queries.crossmatch.assign import assign
from skyband.queries.crossmatch.options import Find
from skyband.queries.crossmatch.pieces import SELECTED
from skyband.schema.sql import fill_sql

_PACKAGE = "skyband.queries.crossmatch"
_BY_RANK = {
    Find.ALL: "true",
    Find.BEST1: "left_rank = 1",
    Find.BEST2: "right_rank = 1",
    Find.MUTUAL: "left_rank = 1 AND right_rank = 1",
}
"""Conditions of the choices that ask for ranks alone."""


def select_pairs(connection: duckdb.DuckDBPyConnection, find: Find, chord2_limit: float) -> None:
    """Make `work.selected` from the temporary table `ranked`.

    Args:
        connection: where `ranked` is.
        find: which pairs to keep.
        chord2_limit: squared chord of the match radius.
    """
    if find is Find.BEST:
        take_best_first(connection, "ranked", cost="chord2", left_tie="left_id", right_tie="right_id")
    elif find is Find.ONE_TO_ONE:
        _greatest_sum(connection, chord2_limit)
    keep_selected(connection, "ranked", find)


def keep_selected(connection: duckdb.DuckDBPyConnection, pairs: str, find: Find) -> None:
    """Make the table `work.selected`, sorted by left_row and left_rank. It is no temporary table, so that other cursors
    can read it.

    Args:
        connection: where the pairs are, and the temporary table `taken` where ranks alone do not decide.
        pairs: table of (left_row, right_row, left_rank, right_rank), and any other columns.
        find: which of them to keep.
    """
    chosen = f"WHERE {_BY_RANK[find]}" if find in _BY_RANK else "SEMI JOIN taken USING (left_row, right_row)"
    connection.execute("CREATE SCHEMA work")
    connection.execute(f"CREATE TABLE {SELECTED} AS FROM {pairs} {chosen} ORDER BY left_row, left_rank")


def take_best_first(
    connection: duckdb.DuckDBPyConnection, pairs: str, *, cost: str, left_tie: str, right_tie: str
) -> None:
    """Make the temporary table `taken` (left_row, right_row): the best of all pairs, then the best of those that are
    left when its rows are struck out, and so on.

    Mutual best pairs are taken at once, and again among the rest: that is the same, because the best of all pairs left
    is always mutual.

    Args:
        connection: where the pairs are.
        pairs: relation of (left_row, right_row, left_rank, right_rank) and what the rest of the arguments needs.
        cost: expression over it, small for good pairs, by which the ranks are ordered.
        left_tie, right_tie: columns that decide between pairs of equal cost.
    """
    connection.execute(fill_sql(_PACKAGE, "closest_first_begin", pairs=pairs))
    round_ = fill_sql(_PACKAGE, "closest_first_round", cost=cost, left_tie=left_tie, right_tie=right_tie)
    while connection.execute("FROM open_pairs LIMIT 1").fetchall():
        connection.execute(round_)


def _greatest_sum(connection: duckdb.DuckDBPyConnection, chord2_limit: float) -> None:
    """Take the disjoint pairs with the greatest sum of (radius^2 - sep^2)."""
    pairs = connection.sql(
        "SELECT left_row, right_row, chord2 FROM ranked ORDER BY left_id, chord2, right_id"
    ).to_arrow_table()
    left, right, chord2 = (column.to_numpy() for column in pairs.columns)
    kept = pairs.filter(pa.array(assign(left, right, chord2 / chord2_limit)))
    connection.register("assigned", kept)
    connection.execute("CREATE TEMP TABLE taken AS SELECT left_row, right_row FROM assigned")
    connection.unregister("assigned")
