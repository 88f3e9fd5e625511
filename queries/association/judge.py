"""From weighed pairs to probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np

from skyband.queries.association.options import PACKAGE
from skyband.queries.crossmatch.contest import Contest
from skyband.schema.healpix import Doubles
from skyband.schema.sql import fill_sql

BINS = 100
"""Bins of ln(odds), and of the share within reach, a unit: finer than any share can be told."""


@dataclass(frozen=True, slots=True)
class Covered:
    """Left rows in the footprint of the right table, by the share of their counterparts that lies within reach."""

    within: Doubles  # shape (n,)
    counts: Doubles  # rows, shape (n,)

    @property
    def rows(self) -> int:
        """All of them."""
        return int(self.counts.sum())

    @property
    def mean_within(self) -> float:
        """Share of all counterparts that lies within reach."""
        return float((self.within * self.counts).sum() / max(self.counts.sum(), 1.0))


def fit_share(connection: duckdb.DuckDBPyConnection, left_rows: int, covered: Covered) -> float:
    """The share of covered left rows with a counterpart, within reach or not, that makes the pairs most likely.

    A row with pairs has the likelihood 1 - S w + S T, for the share S, the share w of counterparts that lie within
    reach, and the sum T of its odds; one without, 1 - S w. Its maximum is where the share is the mean of the
    probabilities that follow from it (Budavari & Szalay 2008, section 3, call it self-consistency).

    Args:
        connection: where the temporary table `weighed` is.
        left_rows: of the left table.
        covered: those in the footprint of the right table.
    """
    found = connection.sql(
        f"SELECT round(ln(total) * {BINS}) / {BINS} AS ln_total, round(within * {BINS}) / {BINS} AS within, "
        "count(*)::DOUBLE AS n "
        "FROM (SELECT sum(odds) AS total, avg(within) AS within "
        f"FROM weighed WHERE left_row < {left_rows} GROUP BY left_row) WHERE total > 0 GROUP BY ALL"
    ).to_arrow_table()
    total, within, counts = np.exp(found["ln_total"].to_numpy()), found["within"].to_numpy(), found["n"].to_numpy()
    # Rows without pairs: all of that reach, less those with pairs.
    if not covered.rows:
        return _peak(total - within, counts)
    places = np.searchsorted(covered.within, within).clip(0, len(covered.within) - 1)
    alone = covered.counts - np.bincount(places, counts, len(covered.within))
    # Some rows with pairs lie beyond the footprint's edge: there are as many fewer without.
    alone = alone.clip(0) * max(alone.sum(), 0.0) / max(alone.clip(0).sum(), 1e-300)
    slopes, n = np.r_[total - within, -covered.within], np.r_[counts, alone]
    return _peak(slopes, n)


def _peak(slopes: Doubles, n: Doubles) -> float:
    """Where the sum of n ln(1 + S slope) has its peak between 0 and 1: it is concave."""
    low, high = 1e-9, 1 - 1e-9
    while high - low > 1e-10:
        middle = (low + high) / 2
        low, high = (middle, high) if (n * slopes / (1 + middle * slopes)).sum() > 0 else (low, middle)
    return (low + high) / 2


def judge(connection: duckdb.DuckDBPyConnection, left_rows: int, right_rows: int, share: float) -> None:
    """Make the temporary table `judged` (judged.sql) of the temporary table `weighed`.

    Most pairs have no rival as a rule, and need no windows.

    Args:
        connection: where `weighed` is.
        left_rows, right_rows: of the tables.
        share: of left rows that have a counterpart.
    """
    pairs = f"weighed WHERE left_row < {left_rows}"
    contest = Contest.of(connection, pairs, left_rows, right_rows)
    with contest.condition(connection) as contested:
        parts = {
            "plain": "(SELECT *, odds AS total, ln_odds AS ln_best, NULL::DOUBLE AS ln_second, 1 AS left_rank, "
            f"1 AS n_neighbours FROM {pairs} AND NOT ({contested}))",
            "contested": fill_sql(PACKAGE, "ranked", pairs=f"(FROM {pairs} AND ({contested}))"),
        }
        probable = {name: fill_sql(PACKAGE, "probable", pairs=part, share=repr(share)) for name, part in parts.items()}
        connection.execute(f"CREATE OR REPLACE TEMP TABLE judged AS {fill_sql(PACKAGE, 'judged', **probable)}")
