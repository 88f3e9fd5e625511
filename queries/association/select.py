"""Which of the judged pairs are kept."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa

from skyband.queries.crossmatch.assign import assign
from skyband.queries.crossmatch.options import Find
from skyband.queries.crossmatch.select import keep_selected, take_best_first


def select_best(connection: duckdb.DuckDBPyConnection, find: Find, share: float) -> None:
    """Make the table `work.selected`: rows of the temporary table `judged` (judged.sql).

    Args:
        connection: where `judged` is.
        find: which pairs to keep.
        share: of left rows that have a counterpart.
    """
    if find is Find.BEST:
        take_best_first(connection, "judged", cost="-p_match", left_tie="left_row", right_tie="right_row")
    elif find is Find.ONE_TO_ONE:
        _most_probable(connection, share)
    keep_selected(connection, "judged", find)


def _most_probable(connection: duckdb.DuckDBPyConnection, share: float) -> None:
    """Take disjoint pairs so that all being true, and no others, is most probable.

    A pair multiplies the probability of the whole by its odds against its left row having no counterpart; pairs with
    odds below 1 are better left alone.
    """
    found = connection.sql(
        f"SELECT left_row, right_row, ln(odds) + ln({share!r} / (1 - {share!r})) AS gain FROM judged "
        f"WHERE odds * {share!r} > (1 - {share!r}) ORDER BY left_row, right_row"
    ).to_arrow_table()
    left, right, gain = (column.to_numpy() for column in found.columns)
    kept = found.filter(pa.array(assign(left, right, 1 - gain / max(gain.max(initial=0.0), np.finfo(float).tiny))))
    connection.register("assigned", kept)
    connection.execute("CREATE OR REPLACE TEMP TABLE taken AS SELECT left_row, right_row FROM assigned")
    connection.unregister("assigned")
