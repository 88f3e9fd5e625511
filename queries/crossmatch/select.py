"""Which of the ranked pairs are kept: the table `work.selected`."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from skyband.queries.crossmatch.assign import assign
from skyband.queries.crossmatch.options import Find
from skyband.schema.sql import load_sql

_PACKAGE = "skyband.queries.crossmatch"
_BY_RANK = {
    Find.ALL: "FROM ranked",
    Find.BEST1: "FROM ranked WHERE left_rank = 1",
    Find.BEST2: "FROM ranked WHERE right_rank = 1",
    Find.MUTUAL: "FROM ranked WHERE left_rank = 1 AND right_rank = 1",
}
_TAKEN = "FROM ranked SEMI JOIN taken USING (left_row, right_row)"


def select_pairs(connection: duckdb.DuckDBPyConnection, find: Find, chord2_limit: float) -> None:
    """Make `work.selected` from the temporary table `ranked`: the same columns, sorted by left row and rank.

    It is no temporary table, so that other cursors can read it.

    Args:
        connection: where `ranked` is.
        find: which pairs to keep.
        chord2_limit: squared chord of the match radius.
    """
    if find is Find.BEST:
        _closest_first(connection)
    elif find is Find.ONE_TO_ONE:
        _greatest_sum(connection, chord2_limit)
    connection.execute("CREATE SCHEMA work")
    connection.execute(f"CREATE TABLE work.selected AS {_BY_RANK.get(find, _TAKEN)} ORDER BY left_row, left_rank")


def _closest_first(connection: duckdb.DuckDBPyConnection) -> None:
    """Take mutual nearest pairs, strike out their rows, and again among the rest: the same as closest pair first,
    because the closest of all pairs left is always mutual."""
    connection.execute(load_sql(_PACKAGE, "closest_first_begin"))
    while connection.execute("FROM open_pairs LIMIT 1").fetchall():
        connection.execute(load_sql(_PACKAGE, "closest_first_round"))


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
