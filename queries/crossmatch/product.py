"""The pair table: matched and unmatched rows in the order of the key, written piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from skyband.queries.crossmatch.candidates import key_cuts
from skyband.queries.crossmatch.columns import own_columns
from skyband.queries.crossmatch.contest import PlainPairs
from skyband.queries.crossmatch.options import MatchOptions
from skyband.schema.columns import TableInfo
from skyband.schema.keys import numbered_rows
from skyband.schema.names import quote
from skyband.schema.sql import fill_sql

# Rows of either table or of the result that one piece may have, about: bounds the memory.
_PIECE_ROWS = 12_000_000
_RANKS = {"left_rank": 1, "right_rank": 1, "n_neighbours": 1, "n_mates": 0}
"""The ranks of a plain pair."""
_PAIR = ("left_row", "right_row", "chord2", *_RANKS)


@dataclass(frozen=True, slots=True)
class Matched:
    """Which rows of the two tables are in a pair, and how many pairs there are."""

    left: NDArray[np.bool_]
    right: NDArray[np.bool_]
    pairs: int


def find_matched(connection: duckdb.DuckDBPyConnection, plain: PlainPairs, left_rows: int, right_rows: int) -> Matched:
    """Mark the rows that stand in a plain pair or in the temporary table `selected`."""
    left, right = np.zeros(left_rows, bool), np.zeros(right_rows, bool)
    left[plain.left_row] = True
    right[plain.right_row] = True
    pairs = len(plain.left_row)
    for batch in connection.sql("SELECT left_row, right_row FROM selected").to_arrow_reader(1_000_000):
        left[batch["left_row"].to_numpy()] = True
        right[batch["right_row"].to_numpy()] = True
        pairs += batch.num_rows
    return Matched(left, right, pairs)


def write_pairs(
    connection: duckdb.DuckDBPyConnection,
    options: MatchOptions,
    left: TableInfo,
    right: TableInfo,
    plain: PlainPairs,
    matched: Matched,
) -> None:
    """Create `new.main.data` from the plain pairs and the temporary table `selected`, unmatched rows as the join asks.

    Rows stand in the order of healpix_29, then of the left id, then of left_rank; a right row alone is the last of its
    healpix_29.
    """
    # The pieces come in the order of the table.
    connection.execute("SET preserve_insertion_order = true")
    right_ids = connection.sql(f"SELECT id FROM {numbered_rows(right)}").to_arrow_table()["id"].combine_chunks()
    longest = max((left, right), key=lambda table: table.rows)
    pieces = -(-max(longest.rows, matched.pairs) // _PIECE_ROWS)
    create = "CREATE TABLE new.main.data AS"
    for first, end in pairwise(key_cuts(connection, longest, pieces)):
        piece = _piece(connection, options, _Run.read(connection, left, first, end), right_ids, plain, matched)
        if options.join.has_unmatched_right:
            piece = _with_unmatched_right(piece, _Run.read(connection, right, first, end), matched.right)
        connection.register("piece", piece.append_column("place", pa.array(np.arange(len(piece)))))
        connection.execute(f"{create} {_finished(options, left, right)}")
        connection.unregister("piece")
        create = "INSERT INTO new.main.data"


@dataclass(frozen=True, slots=True)
class _Run:
    """A run of the rows of a table: first <= place in the table < end."""

    first: int
    end: int
    columns: pa.Table  # id, ra, dec, healpix_29

    @classmethod
    def read(cls, connection: duckdb.DuckDBPyConnection, table: TableInfo, first_key: int, end_key: int) -> _Run:
        found = connection.sql(
            f"SELECT row, id, ra, dec, healpix_29 FROM {numbered_rows(table)} "
            f"WHERE healpix_29 >= {first_key} AND healpix_29 < {end_key}"
        ).to_arrow_table()
        first = found["row"][0].as_py() if len(found) else 0
        return cls(first, first + len(found), found.drop_columns("row").combine_chunks())

    def unmatched(self, matched: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Rows in no pair."""
        return np.flatnonzero(~matched[self.first : self.end]) + self.first


def _piece(
    connection: duckdb.DuckDBPyConnection,
    options: MatchOptions,
    run: _Run,
    right_ids: pa.Array,
    plain: PlainPairs,
    matched: Matched,
) -> pa.Table:
    """The pairs of a run of left rows and those of its rows that are alone, each as the join asks."""
    parts = [*_pairs(connection, run, plain)] if options.join.has_pairs else []
    if options.join.has_unmatched_left:
        parts.append(pa.table({"left_row": run.unmatched(matched.left)}))
    rows = pa.concat_tables(parts, promote_options="default") if parts else _NO_PAIRS
    # The parts are sorted and share no left row, so a stable sort merges them.
    rows = rows.take(np.argsort(rows["left_row"].to_numpy(), kind="stable"))
    if "right_row" not in rows.column_names:
        rows = pa.concat_tables([_NO_PAIRS, rows], promote_options="default")
    of_left = run.columns.take(pa.array(rows["left_row"].to_numpy() - run.first))
    rows = rows.append_column("left_id", of_left["id"]).append_column("right_id", right_ids.take(rows["right_row"]))
    for name in ("ra", "dec", "healpix_29"):
        rows = rows.append_column(name, of_left[name])
    return rows


_NO_PAIRS = pa.table(
    {
        "left_row": pa.array([], pa.int64()),
        "right_row": pa.array([], pa.int64()),
        "chord2": pa.array([], pa.float64()),
        **{name: pa.array([], pa.int32()) for name in _RANKS},
    }
)


def _pairs(connection: duckdb.DuckDBPyConnection, run: _Run, plain: PlainPairs) -> Iterator[pa.Table]:
    own = plain.between(run.first, run.end)
    ranks: dict[str, Any] = {name: np.full(len(own.left_row), rank, np.int32) for name, rank in _RANKS.items()}
    yield pa.table({"left_row": own.left_row, "right_row": own.right_row, "chord2": own.chord2, **ranks})
    yield connection.sql(
        f"SELECT {', '.join(_PAIR)} FROM selected WHERE left_row >= {run.first} AND left_row < {run.end}"
    ).to_arrow_table()


def _with_unmatched_right(piece: pa.Table, run: _Run, matched: NDArray[np.bool_]) -> pa.Table:
    alone = run.unmatched(matched)
    of_right = run.columns.take(pa.array(alone - run.first)).rename_columns(["right_id", "ra", "dec", "healpix_29"])
    rows = pa.concat_tables([piece, of_right.append_column("right_row", pa.array(alone))], promote_options="default")
    return rows.take(np.argsort(rows["healpix_29"].to_numpy(), kind="stable"))


def _finished(options: MatchOptions, left: TableInfo, right: TableInfo) -> str:
    """SQL of the table's rows from those of `piece`, with the tables' own columns beside them if asked."""
    left_id, right_id = map(quote, options.pair_names)
    own, joins = own_columns(options, left, right) if options.wide else ("", "")
    order = "ORDER BY place" if options.wide else ""
    return fill_sql(
        "skyband.queries.crossmatch", "pairs", left_id=left_id, right_id=right_id, own=own, joins=joins, order=order
    )
