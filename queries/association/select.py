"""Which of the judged pairs are kept."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa

from skyband.queries.crossmatch.assign import assign
from skyband.queries.crossmatch.options import Find
from skyband.queries.crossmatch.select import take_best_first

_BY_RANK = {
    Find.ALL: "true",
    Find.BEST1: "left_rank = 1",
    Find.BEST2: "right_rank = 1",
    Find.MUTUAL: "left_rank = 1 AND right_rank = 1",
}


def select_best(connection: duckdb.DuckDBPyConnection, find: Find, least_probability: float, share: float) -> None:
    """Make the temporary table `selected`: rows of `judged` (judged.sql).

    Args:
        connection: where `judged` is.
        find: which pairs to keep.
        least_probability: of a pair that is kept.
        share: of left rows that have a counterpart.
    """
    probable = f"(FROM judged WHERE p_match >= {least_probability!r})"
    if find in _BY_RANK:
        connection.execute(f"CREATE TEMP TABLE selected AS FROM {probable} WHERE {_BY_RANK[find]}")
        return
    if find is Find.BEST:
        take_best_first(connection, probable, cost="-p_match", left_tie="left_row", right_tie="right_row")
    else:
        _most_probable(connection, probable, share)
    connection.execute(f"CREATE TEMP TABLE selected AS FROM {probable} SEMI JOIN taken USING (left_row, right_row)")


def _most_probable(connection: duckdb.DuckDBPyConnection, pairs: str, share: float) -> None:
    """Take disjoint pairs so that all being true, and no others, is most probable.

    A pair multiplies the probability of the whole by its odds against its left row having no counterpart; pairs with
    odds below 1 are better left alone.
    """
    found = connection.sql(
        f"SELECT left_row, right_row, ln(odds) + ln({share!r} / (1 - {share!r})) AS gain FROM {pairs} "
        f"WHERE odds * {share!r} > (1 - {share!r}) ORDER BY left_row, right_row"
    ).to_arrow_table()
    left, right, gain = (column.to_numpy() for column in found.columns)
    kept = found.filter(pa.array(assign(left, right, 1 - gain / max(gain.max(initial=0.0), np.finfo(float).tiny))))
    connection.register("assigned", kept)
    connection.execute("CREATE OR REPLACE TEMP TABLE taken AS SELECT left_row, right_row FROM assigned")
    connection.unregister("assigned")
