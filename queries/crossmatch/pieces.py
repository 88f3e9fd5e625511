"""Tables of pairs, written in the order of the key: pairs and rows alone, piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, pairwise
from typing import Protocol

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from skyband.queries.crossmatch.contest import BATCH_ROWS, Rows
from skyband.queries.crossmatch.options import Join
from skyband.schema.columns import TableInfo
from skyband.schema.healpix import KEY_ORDER
from skyband.schema.keys import numbered_rows

_ROW_GROUP_ROWS = 122_880
_PLACE = ("ra", "dec", "healpix_29")

SELECTED = "work.selected"
"""The pairs that are kept, by rows."""

Columns = dict[str, pa.Array]


class Pairs(Protocol):
    """Pairs of rows and what is known of them."""

    def between(self, reader: duckdb.DuckDBPyConnection, first: int, end: int) -> Columns:
        """Those with first <= left_row < end, sorted by left_row and rank: left_row, right_row, and any others."""
        ...


@dataclass(frozen=True, slots=True)
class Matched:
    """Which rows of the two tables are in a pair, and how many pairs there are."""

    left: NDArray[np.bool_]
    right: NDArray[np.bool_]
    pairs: int

    @classmethod
    def of_selected(cls, connection: duckdb.DuckDBPyConnection, left: TableInfo, right: TableInfo) -> Matched:
        """Those of the table `work.selected`."""
        self = cls(np.zeros(left.rows, bool), np.zeros(right.rows, bool), 0)
        pairs = 0
        for batch in connection.sql(f"SELECT left_row, right_row FROM {SELECTED}").to_arrow_reader(BATCH_ROWS):
            self.left[batch["left_row"].to_numpy()] = True
            self.right[batch["right_row"].to_numpy()] = True
            pairs += batch.num_rows
        return replace(self, pairs=pairs)


def read_selected(reader: duckdb.DuckDBPyConnection, columns: Iterable[str], first: int, end: int) -> Columns:
    """Columns of the table `work.selected` with first <= left_row < end, sorted by left_row and left_rank."""
    found = reader.sql(
        f"SELECT {', '.join(columns)} FROM {SELECTED} WHERE left_row >= {first} AND left_row < {end} "
        "ORDER BY left_row, left_rank"
    ).to_arrow_table()
    return {name: found[name].combine_chunks() for name in found.column_names}


def write_pieces(
    connection: duckdb.DuckDBPyConnection,
    rows: str,
    left: TableInfo,
    right: TableInfo,
    join: Join,
    pairs: Pairs,
    matched: Matched,
    complete: Callable[[Columns], Columns] = dict,
) -> None:
    """Create `new.main.data` from pairs, and from unmatched rows as the join asks.

    Rows stand in the order of healpix_29, then of the left row, then of rank; a right row alone is the last of its
    healpix_29.

    Args:
        connection: where the tables are attached.
        rows: SQL of the table's rows, from `piece p`, a relation in their order: the columns of the pairs, left_id,
            right_id, ra and dec (degrees), healpix_29, and place, the number of the row. NULL is what a row alone
            has not.
        left, right: the tables.
        join: which rows are wanted.
        pairs: all of them.
        matched: the rows that stand in any.
        complete: adds to the columns of a piece those that rows alone have too.
    """
    # The pieces come in the order of the table.
    connection.execute("SET preserve_insertion_order = true")
    # A cursor reads the next piece while the connection writes the last.
    with connection.cursor() as reader:
        found = map(complete, _pieces(reader, left, right, join, pairs, matched))
        pieces = _row_groups(pa.record_batch(columns) for columns in found)
        first = next(pieces)
        connection.register("piece", pa.RecordBatchReader.from_batches(first.schema, chain([first], pieces)))
        connection.execute(f"CREATE TABLE new.main.data AS {rows}")
        connection.unregister("piece")


def _pieces(
    reader: duckdb.DuckDBPyConnection, left: TableInfo, right: TableInfo, join: Join, pairs: Pairs, matched: Matched
) -> Iterator[Columns]:
    """The rows in order; one piece at least."""
    right_ids = _ids(reader.sql(f"SELECT id FROM {numbered_rows(right)}").to_arrow_table()["id"])
    longest = max((left, right), key=lambda table: table.rows)
    rows = 0
    for keys in pairwise(_key_cuts(reader, longest, max(1, longest.rows // BATCH_ROWS))):
        run = _Run.read(reader, left, *keys)
        found = pairs.between(reader, run.first, run.end if join.has_pairs else run.first)
        if join.has_unmatched_left:
            found = _with_unmatched_left(found, run.unmatched(matched.left))
        left_row = found["left_row"].to_numpy()
        ids = {"left_id": run.take(("id",), left_row)["id"], "right_id": right_ids.take(found["right_row"])}
        piece = found | ids | run.take(_PLACE, left_row)
        if join.has_unmatched_right:
            piece = _with_unmatched_right(piece, _Run.read(reader, right, *keys), matched.right)
        piece["place"] = pa.array(np.arange(rows, rows + len(piece["ra"])))
        rows += len(piece["ra"])
        yield piece


def _key_cuts(connection: duckdb.DuckDBPyConnection, table: TableInfo, pieces: int) -> list[int]:
    """healpix_29 values that cut a table into runs of equal numbers of rows: the first of each run, and an end."""
    places = [table.rows * number // pieces for number in range(1, pieces)]
    found = connection.execute(
        f"SELECT DISTINCT healpix_29 FROM {numbered_rows(table)} WHERE row IN (SELECT unnest(?)) ORDER BY healpix_29",
        [places],
    ).fetchall()
    return [0, *(value for (value,) in found if value > 0), 12 << (2 * KEY_ORDER)]


def _row_groups(pieces: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same rows cut as DuckDB stores them, so that its threads write whole groups; one batch at least."""
    rest = next(pieces)
    for piece in pieces:
        rest = pa.concat_batches([rest, piece])
        while len(rest) >= _ROW_GROUP_ROWS:
            yield rest.slice(0, _ROW_GROUP_ROWS)
            rest = rest.slice(_ROW_GROUP_ROWS)
    yield rest


@dataclass(frozen=True, slots=True)
class _Run:
    """A run of the rows of a table: first <= place in the table < end."""

    first: int
    end: int
    columns: Mapping[str, pa.Array]  # id, ra, dec, healpix_29

    @classmethod
    def read(cls, reader: duckdb.DuckDBPyConnection, table: TableInfo, first_key: int, end_key: int) -> _Run:
        found = reader.sql(
            f"SELECT row, id, ra, dec, healpix_29 FROM {numbered_rows(table)} "
            f"WHERE healpix_29 >= {first_key} AND healpix_29 < {end_key}"
        ).to_arrow_table()
        first = found["row"][0].as_py() if len(found) else 0
        places = {name: found[name].combine_chunks() for name in _PLACE}
        return cls(first, first + len(found), {"id": _ids(found["id"]), **places})

    def unmatched(self, matched: NDArray[np.bool_]) -> Rows:
        """Rows in no pair."""
        return np.flatnonzero(~matched[self.first : self.end]) + self.first

    def take(self, names: tuple[str, ...], rows: Rows) -> Columns:
        places = pa.array(rows - self.first)
        return {name: self.columns[name].take(places) for name in names}


def _ids(column: pa.ChunkedArray) -> pa.Array:
    """Ids in one array; text may be longer than the 2 GB that Arrow's common strings hold."""
    return (column.cast(pa.large_string()) if pa.types.is_string(column.type) else column).combine_chunks()


def _with_unmatched_left(pairs: Columns, alone: Rows) -> Columns:
    """Pairs and left rows alone, sorted by left row and rank."""
    count = len(pairs["left_row"])
    left_row = np.concatenate([pairs["left_row"].to_numpy(), alone])
    # Both parts are sorted and share no left row, so a stable sort merges them.
    order = np.argsort(left_row, kind="stable")
    places = pa.array(order, mask=order >= count)
    return {name: column.take(places) for name, column in pairs.items()} | {"left_row": pa.array(left_row[order])}


def _with_unmatched_right(piece: Columns, run: _Run, matched: NDArray[np.bool_]) -> Columns:
    """The same with the right rows alone of a run."""
    alone = run.unmatched(matched)
    added = {"right_row": pa.array(alone), "right_id": run.take(("id",), alone)["id"], **run.take(_PLACE, alone)}
    both = {
        name: pa.concat_arrays([column, added.get(name, pa.nulls(len(alone), column.type))])
        for name, column in piece.items()
    }
    order = pa.array(np.argsort(both["healpix_29"].to_numpy(), kind="stable"))
    return {name: column.take(order) for name, column in both.items()}
