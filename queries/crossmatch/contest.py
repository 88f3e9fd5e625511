"""Parts the candidate pairs that have no rival, most of them as a rule, from those that must be ranked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from duckdb.func import PythonUDFType
from duckdb.sqltypes import BIGINT, BOOLEAN
from numpy.typing import NDArray

from skyband.schema.columns import TableInfo
from skyband.schema.keys import numbered_rows
from skyband.schema.sql import fill_sql

_PACKAGE = "skyband.queries.crossmatch"
_BATCH_ROWS = 1_000_000


@dataclass(frozen=True, slots=True)
class PlainPairs:
    """Pairs neither of whose rows has another candidate: rank 1 on both sides, whatever is asked of the match.

    Sorted by `left_row`; arrays of shape (n,).
    """

    left_row: NDArray[np.int64]
    right_row: NDArray[np.int64]
    chord2: NDArray[np.float64]

    def between(self, first: int, end: int) -> PlainPairs:
        """Those with first <= left_row < end."""
        part = slice(*np.searchsorted(self.left_row, [first, end]))
        return PlainPairs(self.left_row[part], self.right_row[part], self.chord2[part])


def split_candidates(connection: duckdb.DuckDBPyConnection, left: TableInfo, right: TableInfo) -> PlainPairs:
    """Return the plain pairs of the temporary table `candidates`, and make the temporary table `ranked` of the rest.

    Counting in arrays indexed by row takes a tenth of the time of windows over all pairs.
    """
    rivals = _Rivals(connection, left.rows, right.rows)
    connection.create_function("is_contested", rivals.of_pairs, [BIGINT, BIGINT], BOOLEAN, type=PythonUDFType.ARROW)
    own = f"left_row < {left.rows}"
    plain = connection.sql(
        f"SELECT left_row, right_row, chord2 FROM candidates WHERE {own} AND NOT is_contested(left_row, right_row)"
    ).to_arrow_table()
    rank_candidates(connection, left, right, f"{own} AND is_contested(left_row, right_row)")
    connection.remove_function("is_contested")
    columns = [plain[name].to_numpy() for name in ("left_row", "right_row", "chord2")]
    order = np.argsort(columns[0], kind="stable")
    return PlainPairs(*(column[order] for column in columns))


def rank_candidates(
    connection: duckdb.DuckDBPyConnection, left: TableInfo, right: TableInfo, condition: str = "true"
) -> None:
    """Make the temporary table `ranked` of the candidates that meet a condition (rank.sql has its columns)."""
    ranks = fill_sql(
        _PACKAGE,
        "rank",
        left=numbered_rows(left),
        right=numbered_rows(right),
        candidates="candidates",
        condition=condition,
    )
    connection.execute(f"CREATE TEMP TABLE ranked AS {ranks}")


class _Rivals:
    """Which rows of each side stand in more than one candidate pair."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, left_rows: int, right_rows: int) -> None:
        self._left, self._right = _Repeats(left_rows), _Repeats(right_rows)
        pairs = connection.sql(f"SELECT left_row, right_row FROM candidates WHERE left_row < {left_rows}")
        for batch in pairs.to_arrow_reader(_BATCH_ROWS):
            self._left.add(batch["left_row"].to_numpy())
            self._right.add(batch["right_row"].to_numpy())

    def of_pairs(self, left_row: Any, right_row: Any) -> Any:
        """Whether either row of each pair has a rival."""
        return pa.array(self._left.repeated[left_row.to_numpy()] | self._right.repeated[right_row.to_numpy()])


class _Repeats:
    """Finds the numbers below `size` that are added more than once."""

    def __init__(self, size: int) -> None:
        self._seen = np.zeros(size, bool)
        self._last_place = np.empty(size, np.int32)
        self.repeated = np.zeros(size, bool)

    def add(self, numbers: NDArray[np.int64]) -> None:
        places = np.arange(len(numbers), dtype=np.int32)
        # Of equal numbers in one batch, all but one find another's place.
        self._last_place[numbers] = places
        again = self._seen[numbers] | (self._last_place[numbers] != places)
        self.repeated[numbers[again]] = True
        self._seen[numbers] = True
