"""The pair table of a plain match."""

from __future__ import annotations

from dataclasses import dataclass, replace

import duckdb
import numpy as np
import pyarrow as pa

from skyband.queries.crossmatch.columns import own_columns
from skyband.queries.crossmatch.contest import PlainPairs
from skyband.queries.crossmatch.options import MatchOptions
from skyband.queries.crossmatch.pieces import Columns, Matched, read_selected, write_pieces
from skyband.schema.columns import TableInfo
from skyband.schema.names import quote
from skyband.schema.sql import fill_sql

_RANKS = {"left_rank": 1, "right_rank": 1, "n_neighbours": 1, "n_mates": 0}
"""The ranks of a plain pair."""


def write_pairs(
    connection: duckdb.DuckDBPyConnection, options: MatchOptions, left: TableInfo, right: TableInfo, plain: PlainPairs
) -> Matched:
    """Create `new.main.data` from the plain pairs and the table `work.selected`, unmatched rows as the join asks.

    Returns:
        The rows that stand in any pair, whether the join lists pairs or not.
    """
    own, joins = own_columns(options, left, right, pairs="p") if options.wide else ("", "")
    left_id, right_id = map(quote, options.pair_names)
    order = "ORDER BY p.place" if options.wide else ""
    rows = fill_sql(
        "skyband.queries.crossmatch", "pairs", left_id=left_id, right_id=right_id, own=own, joins=joins, order=order
    )
    matched = Matched.of_selected(connection, left, right)
    is_plain = plain.right_row >= 0
    matched.left[is_plain] = True
    matched.right[plain.right_row[is_plain]] = True
    matched = replace(matched, pairs=matched.pairs + int(np.count_nonzero(is_plain)))
    write_pieces(connection, rows, left, right, options.join, _PlainAndRanked(plain), matched)
    return matched


@dataclass(frozen=True, slots=True)
class _PlainAndRanked:
    """Plain pairs, and those of the table `work.selected`: a left row stands in either."""

    plain: PlainPairs

    def between(self, reader: duckdb.DuckDBPyConnection, first: int, end: int) -> Columns:
        own = self.plain.between(first, end)
        ranked = read_selected(reader, ("left_row", "right_row", "chord2", *_RANKS), first, end)
        left_row = np.concatenate([own.left_row, ranked["left_row"].to_numpy()])
        # Both parts are sorted, so a stable sort merges them.
        order = np.argsort(left_row, kind="stable")
        is_ranked = order >= len(own.left_row)

        def both(name: str) -> pa.Array:
            return pa.array(np.concatenate([getattr(own, name), ranked[name].to_numpy()])[order])

        def ranks(name: str, of_plain: int) -> pa.Array:
            column = np.full(len(order), of_plain, np.int32)
            column[is_ranked] = ranked[name].to_numpy()
            return pa.array(column)

        return {
            "left_row": pa.array(left_row[order]),
            "right_row": both("right_row"),
            "chord2": both("chord2"),
            **{name: ranks(name, of_plain) for name, of_plain in _RANKS.items()},
        }
