"""The pair table: matched and unmatched rows in the order of the key, streamed into the new file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, pairwise

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from skyband.queries.crossmatch.columns import own_columns
from skyband.queries.crossmatch.contest import Pairs, PlainPairs, Rows
from skyband.queries.crossmatch.options import MatchOptions
from skyband.schema.columns import TableInfo
from skyband.schema.healpix import KEY_ORDER
from skyband.schema.keys import numbered_rows
from skyband.schema.names import quote
from skyband.schema.sql import fill_sql

# Rows of the longer table in a piece, about: small enough for memory that is used again, not asked for anew.
_PIECE_ROWS = 250_000
_ROW_GROUP_ROWS = 122_880
_RANKS = {"left_rank": 1, "right_rank": 1, "n_neighbours": 1, "n_mates": 0}
"""The ranks of a plain pair."""
_NO_ROWS: Rows = np.empty(0, np.int64)
_PLACE = ("ra", "dec", "healpix_29")


@dataclass(frozen=True, slots=True)
class Matched:
    """Which rows of the two tables are in a pair, and how many pairs there are."""

    left: NDArray[np.bool_]
    right: NDArray[np.bool_]
    pairs: int


def find_matched(connection: duckdb.DuckDBPyConnection, plain: PlainPairs, right_rows: int) -> Matched:
    """Mark the rows that stand in a plain pair or in the table `work.selected`."""
    left, right = plain.right_row >= 0, np.zeros(right_rows, bool)
    right[plain.right_row[left]] = True
    pairs = int(np.count_nonzero(left))
    for batch in connection.sql("SELECT left_row, right_row FROM work.selected").to_arrow_reader(1_000_000):
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
    """Create `new.main.data` from the plain pairs and the table `work.selected`, unmatched rows as the join asks.

    Rows stand in the order of healpix_29, then of the left id, then of left_rank; a right row alone is the last of its
    healpix_29.
    """
    # The pieces come in the order of the table.
    connection.execute("SET preserve_insertion_order = true")
    own, joins = own_columns(options, left, right, pairs="p") if options.wide else ("", "")
    left_id, right_id = map(quote, options.pair_names)
    order = "ORDER BY p.place" if options.wide else ""
    rows = fill_sql(
        "skyband.queries.crossmatch", "pairs", left_id=left_id, right_id=right_id, own=own, joins=joins, order=order
    )
    # A cursor reads the next piece while the connection writes the last.
    with connection.cursor() as reader:
        pieces = _row_groups(_pieces(reader, options, left, right, plain, matched))
        first = next(pieces)
        connection.register("piece", pa.RecordBatchReader.from_batches(first.schema, chain([first], pieces)))
        connection.execute(f"CREATE TABLE new.main.data AS {rows}")
        connection.unregister("piece")


def _pieces(
    reader: duckdb.DuckDBPyConnection,
    options: MatchOptions,
    left: TableInfo,
    right: TableInfo,
    plain: PlainPairs,
    matched: Matched,
) -> Iterator[pa.RecordBatch]:
    """The rows in order, as pairs.sql takes them; one piece at least."""
    right_ids = _ids(reader.sql(f"SELECT id FROM {numbered_rows(right)}").to_arrow_table()["id"])
    longest = max((left, right), key=lambda table: table.rows)
    rows = 0
    for keys in pairwise(_key_cuts(reader, longest, max(1, longest.rows // _PIECE_ROWS))):
        run = _Run.read(reader, left, *keys)
        alone = run.unmatched(matched.left) if options.join.has_unmatched_left else _NO_ROWS
        own, ranked = _pairs_of(reader, run, plain, wanted=options.join.has_pairs)
        piece = _merged(run, own, ranked, alone, right_ids)
        if options.join.has_unmatched_right:
            piece = _with_unmatched_right(piece, _Run.read(reader, right, *keys), matched.right)
        piece["place"] = pa.array(np.arange(rows, rows + len(piece["ra"])))
        rows += len(piece["ra"])
        yield pa.record_batch(piece)


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

    def take(self, names: tuple[str, ...], rows: Rows) -> dict[str, pa.Array]:
        places = pa.array(rows - self.first)
        return {name: self.columns[name].take(places) for name in names}


def _ids(column: pa.ChunkedArray) -> pa.Array:
    """Ids in one array; text may be longer than the 2 GB that Arrow's common strings hold."""
    return (column.cast(pa.large_string()) if pa.types.is_string(column.type) else column).combine_chunks()


def _pairs_of(
    reader: duckdb.DuckDBPyConnection, run: _Run, plain: PlainPairs, *, wanted: bool
) -> tuple[Pairs, pa.Table]:
    """Plain and ranked pairs of a run of left rows."""
    end = run.end if wanted else run.first
    ranked = reader.sql(
        f"SELECT left_row, right_row, chord2, {', '.join(_RANKS)} FROM work.selected "
        f"WHERE left_row >= {run.first} AND left_row < {end}"
    ).to_arrow_table()
    return plain.between(run.first, end), ranked


def _merged(run: _Run, own: Pairs, ranked: pa.Table, alone: Rows, right_ids: pa.Array) -> dict[str, pa.Array]:
    """Pairs and left rows alone, sorted by left row and rank."""
    left_row = np.concatenate([own.left_row, ranked["left_row"].to_numpy(), alone])
    # The three parts are sorted and share no left row, so a stable sort merges them.
    order = np.argsort(left_row, kind="stable")
    left_row = left_row[order]
    is_ranked = (order >= len(own.left_row)) & (order < len(order) - len(alone))
    nulls = {"mask": order >= len(order) - len(alone)} if len(alone) else {}

    def of_pairs(name: str) -> pa.Array:
        parts = getattr(own, name), ranked[name].to_numpy()
        return pa.array(np.concatenate([*parts, np.zeros(len(alone), parts[0].dtype)])[order], **nulls)

    def ranks(name: str, of_plain: int) -> pa.Array:
        column = np.full(len(order), of_plain, np.int32)
        column[is_ranked] = ranked[name].to_numpy()
        return pa.array(column, **nulls)

    right_row = of_pairs("right_row")
    return {
        "left_row": pa.array(left_row),
        "right_row": right_row,
        "left_id": run.columns["id"].take(pa.array(left_row - run.first)),
        "right_id": right_ids.take(right_row),
        "chord2": of_pairs("chord2"),
        **{name: ranks(name, of_plain) for name, of_plain in _RANKS.items()},
        **run.take(_PLACE, left_row),
    }


def _with_unmatched_right(piece: dict[str, pa.Array], run: _Run, matched: NDArray[np.bool_]) -> dict[str, pa.Array]:
    """The same with the right rows alone of a run."""
    alone = run.unmatched(matched)
    added = {"right_row": pa.array(alone), "right_id": run.take(("id",), alone)["id"], **run.take(_PLACE, alone)}
    both = {
        name: pa.concat_arrays([column, added.get(name, pa.nulls(len(alone), column.type))])
        for name, column in piece.items()
    }
    order = pa.array(np.argsort(both["healpix_29"].to_numpy(), kind="stable"))
    return {name: column.take(order) for name, column in both.items()}
