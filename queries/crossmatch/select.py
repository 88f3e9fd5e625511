"""Which of the ranked pairs are kept: the temporary table or view `selected`."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from skyband.queries.crossmatch.assign import assign
from skyband.queries.crossmatch.options import Find
from skyband.schema.sql import load_sql

_PACKAGE = "skyband.queries.crossmatch"
_BY_RANK = {
    Find.ALL: "true",
    Find.BEST1: "left_rank = 1",
    Find.BEST2: "right_rank = 1",
    Find.MUTUAL: "left_rank = 1 AND right_rank = 1",
}


def select_pairs(connection: duckdb.DuckDBPyConnection, find: Find, chord2_limit: float) -> None:
    """Make `selected` from the temporary table `ranked`, with the same columns.

    Args:
        connection: where `ranked` is.
        find: which pairs to keep.
        chord2_limit: squared chord of the match radius.
    """
    if find in _BY_RANK:
        connection.execute(f"CREATE TEMP VIEW selected AS FROM ranked WHERE {_BY_RANK[find]}")
    elif find is Find.BEST:
        _closest_first(connection)
    else:
        _greatest_sum(connection, chord2_limit)


def _closest_first(connection: duckdb.DuckDBPyConnection) -> None:
    """Take mutual nearest pairs, strike out their rows, and again among the rest: the same as closest pair first,
    because the closest of all pairs left is always mutual."""
    connection.execute(load_sql(_PACKAGE, "closest_first_begin"))
    while _count(connection, "open_pairs"):
        connection.execute(load_sql(_PACKAGE, "closest_first_round"))
    connection.execute("CREATE TEMP VIEW selected AS FROM ranked SEMI JOIN taken USING (left_id, right_id)")


def _greatest_sum(connection: duckdb.DuckDBPyConnection, chord2_limit: float) -> None:
    """The disjoint pairs with the greatest sum of (radius^2 - sep^2); rows with one candidate have no choice."""
    connection.execute(load_sql(_PACKAGE, "contested"))
    pairs = connection.sql("FROM contested ORDER BY left_id, chord2, right_id").to_arrow_table()
    kept = assign(pairs["left_id"], pairs["right_id"], pairs["chord2"].to_numpy() / chord2_limit)
    connection.register("matched", pairs.select(["left_id", "right_id"]).filter(pa.array(kept)))
    connection.execute("CREATE TEMP TABLE taken AS FROM matched")
    connection.unregister("matched")
    connection.execute(
        "CREATE TEMP VIEW selected AS FROM ranked ANTI JOIN contested USING (left_id, right_id) "
        "UNION ALL FROM ranked SEMI JOIN taken USING (left_id, right_id)"
    )


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    assert row is not None
    return int(row[0])
