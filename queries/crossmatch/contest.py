"""Parts the candidate pairs that have no rival, most of them as a rule, from those that must be ranked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from skyband.schema.columns import TableInfo
from skyband.schema.keys import numbered_rows
from skyband.schema.sql import fill_sql

BATCH_ROWS = 250_000
"""Few enough for memory that is used again, not asked for anew."""

Rows = NDArray[np.int64]
Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of rows; arrays of shape (n,)."""

    left_row: Rows
    right_row: Rows
    chord2: Doubles


@dataclass(frozen=True, slots=True)
class PlainPairs:
    """Pairs neither of whose rows has another candidate: rank 1 on both sides, whatever is asked of the match.

    A left row stands in one at most, so its number is the place of its pair; arrays of shape (left rows,).
    """

    right_row: NDArray[Any]  # -1: none
    chord2: Doubles

    def between(self, first: int, end: int) -> Pairs:
        """Those with first <= left_row < end, sorted by left row."""
        right_row, chord2 = self.right_row[first:end], self.chord2[first:end]
        places = np.flatnonzero(right_row >= 0)
        return Pairs(places + first, right_row[places].astype(np.int64), chord2[places])


class Contest:
    """Which rows of two tables stand in several pairs, found batch by batch.

    Marking rows in arrays takes a tenth of the time of windows over all pairs.
    """

    def __init__(self, left_rows: int, right_rows: int) -> None:
        self.lefts, self.rights = _Partners(left_rows, right_rows), _Partners(right_rows, left_rows)

    @classmethod
    def of(cls, connection: duckdb.DuckDBPyConnection, pairs: str, left_rows: int, right_rows: int) -> Contest:
        """The contest among pairs, SQL that follows FROM and gives left_row and right_row; no pair comes twice."""
        self = cls(left_rows, right_rows)
        for batch in connection.sql(f"SELECT left_row, right_row FROM {pairs}").to_arrow_reader(BATCH_ROWS):
            self.add(*(column.to_numpy() for column in batch.columns))
        return self

    def add(self, left_row: Rows, right_row: Rows) -> None:
        """Note some pairs; none comes twice."""
        self.lefts.add(left_row, right_row)
        self.rights.add(right_row, left_row)

    @contextmanager
    def condition(self, connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
        """SQL over left_row and right_row while the context lasts: whether either stands in another pair, too."""
        sides = {"left_rivals": self.lefts, "right_rivals": self.rights}
        for name, side in sides.items():
            connection.register(name, pa.table({"row": np.flatnonzero(side.has_several)}))
        yield "left_row IN (SELECT row FROM left_rivals) OR right_row IN (SELECT row FROM right_rivals)"
        for name in sides:
            connection.unregister(name)


def split_candidates(connection: duckdb.DuckDBPyConnection, left: TableInfo, right: TableInfo) -> PlainPairs:
    """Return the plain pairs of the temporary table `candidates`, and make the temporary table `ranked` of the rest."""
    contest = Contest(left.rows, right.rows)
    chord2 = np.empty(left.rows)
    found = connection.sql(f"SELECT left_row, right_row, chord2 FROM candidates WHERE left_row < {left.rows}")
    for batch in found.to_arrow_reader(BATCH_ROWS):
        one, other, chord2_of_pair = (column.to_numpy() for column in batch.columns)
        contest.add(one, other)
        chord2[one] = chord2_of_pair
    with contest.condition(connection) as contested:
        rank_candidates(connection, left, right, f"left_row < {left.rows} AND ({contested})")
    right_row = contest.lefts.last
    right_row[contest.lefts.has_several] = -1
    paired = np.flatnonzero(right_row >= 0)
    right_row[paired[contest.rights.has_several[right_row[paired]]]] = -1
    return PlainPairs(right_row, chord2)


def rank_candidates(connection: duckdb.DuckDBPyConnection, left: TableInfo, right: TableInfo, condition: str) -> None:
    """Make the temporary table `ranked` of the candidates that meet a condition; rank.sql has its columns."""
    ranks = fill_sql(
        "skyband.queries.crossmatch",
        "rank",
        left=numbered_rows(left),
        right=numbered_rows(right),
        condition=condition,
    )
    connection.execute(f"CREATE TEMP TABLE ranked AS {ranks}")


class _Partners:
    """The rows of one side: the last partner of each, and which have several."""

    def __init__(self, rows: int, others: int) -> None:
        self.last = np.full(rows, -1, np.min_scalar_type(-max(others, 1)))
        self.has_several = np.zeros(rows, bool)

    def add(self, rows: Rows, partners: Rows) -> None:
        """Note some pairs; none comes twice."""
        again = self.last[rows] >= 0
        self.last[rows] = partners
        # Of equal rows in one batch, all but one find another's partner.
        again |= self.last[rows] != partners
        self.has_several[rows[again]] = True
