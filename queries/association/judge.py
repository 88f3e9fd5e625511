"""From weighed pairs to probabilities."""

from __future__ import annotations

import duckdb
import numpy as np

from skyband.queries.association.options import PACKAGE
from skyband.schema.sql import fill_sql

_BINS = 100
"""Bins of ln(odds) a unit: finer than any share can be told."""
_ROUNDS = 200
_CLOSE = 1e-9


def fit_share(connection: duckdb.DuckDBPyConnection, left_rows: int, covered_rows: int) -> float:
    """The share of left rows with a counterpart that makes the pairs most likely.

    The share is the mean of the probabilities that follow from it: expectation maximisation (Budavari & Szalay 2008,
    section 3, call it self-consistency).

    Args:
        connection: where the temporary table `weighed` is.
        left_rows: of the left table.
        covered_rows: of them, those in the footprint of the right table.
    """
    found = connection.sql(
        f"SELECT round(ln(total) * {_BINS}) / {_BINS} AS ln_total, count(*) AS n "
        f"FROM (SELECT sum(odds) AS total FROM weighed WHERE left_row < {left_rows} GROUP BY left_row) "
        "WHERE total > 0 GROUP BY 1"
    ).to_arrow_table()
    total, n = np.exp(found["ln_total"].to_numpy()), found["n"].to_numpy()
    rows = max(covered_rows, int(n.sum()), 1)
    share = 0.5
    for _ in range(_ROUNDS):
        better = float((n * share * total / ((1 - share) + share * total)).sum()) / rows
        if abs(better - share) < _CLOSE:
            break
        share = better
    return min(max(share, 1e-9), 1 - 1e-9)


def judge(connection: duckdb.DuckDBPyConnection, left_rows: int, share: float) -> None:
    """Make the temporary table `judged` (judged.sql)."""
    query = fill_sql(PACKAGE, "judged", left_rows=str(left_rows), share=repr(share))
    connection.execute(f"CREATE OR REPLACE TEMP TABLE judged AS {query}")
