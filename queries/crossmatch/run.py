"""The cross-match of two tables of a store, published as a table."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace

import duckdb

from skyband.queries.crossmatch.astrometry import SPEED_ARCSEC_YR, Astrometry, knows_motions
from skyband.queries.crossmatch.candidates import Points, batch_count, find_candidates, points_of
from skyband.queries.crossmatch.chance import Chance, plan_shifts
from skyband.queries.crossmatch.columns import check_matchable, own_columns, pair_columns, pair_tables, wide_columns
from skyband.queries.crossmatch.contest import rank_candidates, split_candidates
from skyband.queries.crossmatch.groups import link_groups
from skyband.queries.crossmatch.meeting import Meeting, arrange
from skyband.queries.crossmatch.options import MatchOptions
from skyband.queries.crossmatch.product import write_pairs
from skyband.queries.crossmatch.select import select_pairs
from skyband.schema.columns import TableInfo
from skyband.schema.errors import BadTable, TableExists
from skyband.schema.keys import data_of, numbered_rows
from skyband.schema.names import quote
from skyband.schema.progress import OnProgress
from skyband.schema.sql import fill_sql
from skyband.schema.store import Store
from skyband.schema.writer import TableWriter, write_table

_PACKAGE = "skyband.queries.crossmatch"


@dataclass(frozen=True, slots=True)
class MatchCounts:
    """The figures of a cross-match, kept with the table it made."""

    left_rows: int
    right_rows: int
    pairs: int
    left_matched: int  # left rows in a pair
    right_matched: int
    left_unmatched: int
    right_unmatched: int
    batches: int
    chance: Chance
    epoch: float | None  # Julian year the positions were compared at; None: each at its own


@dataclass(frozen=True, slots=True)
class MatchReport:
    """What a cross-match found."""

    info: TableInfo
    counts: MatchCounts
    seconds: float


def crossmatch(
    store: Store,
    options: MatchOptions,
    *,
    command: str = "",
    progress: OnProgress = lambda done, total: None,
    batches: int | None = None,
) -> MatchReport:
    """Match two tables by the band join and publish the pair table; a table with itself gives its duplicates.

    Args:
        store: where the tables are and the pair table goes.
        options: what to match and how.
        command: the command to keep as provenance.
        progress: called with left rows done and in all.
        batches: into how many zones of declination to cut; by default as the memory limit asks. Any number gives the
            same.

    Raises:
        TableNotFound: a table is not there.
        TableExists: `options.into` is there and `options.replace` is not set.
        BadTable: a table has no positions or ids.
    """
    began = time.perf_counter()
    check_free(store, options.into, replace=options.replace)
    with write_table(store, options.into) as writer:
        connection = writer.connection
        left, right = matchable_table(store, writer, options.left), matchable_table(store, writer, options.right)
        cuts = batches or batch_count(left.rows, right.rows, store.settings)
        shifts = plan_shifts(left, options.radius_arcsec, store.settings.chance_sample_rows)
        meeting = _meet(connection, options, left, right)
        lefts, rights = (_points(connection, side, meeting) for side in (meeting.left, meeting.right))
        find_candidates(
            connection, shifts.beside(lefts), rights, options.radius_arcsec, batches=cuts, progress=progress
        )
        chance = shifts.rate(connection)
        build = _build_duplicates if options.is_self_match else _build_pairs
        pairs, left_matched, right_matched = build(connection, options, left, right)
        counts = MatchCounts(
            left_rows=left.rows,
            right_rows=right.rows,
            pairs=pairs,
            left_matched=left_matched,
            right_matched=right_matched,
            left_unmatched=left.rows - left_matched,
            right_unmatched=right.rows - right_matched,
            batches=cuts,
            chance=chance,
            epoch=meeting.epoch,
        )
        columns = [*pair_columns(options, left, right)]
        if options.wide:
            columns += [column for _, column in wide_columns(columns, pair_tables(options, left, right))]
        info = writer.publish(
            action="crossmatch",
            command=command,
            columns={column.name: column for column in columns},
            description=_description(options),
            source=sources((left, right)),
            epoch=left.epoch if not options.join.has_unmatched_right else None,
            details={"options": asdict(options), "match": asdict(counts)},
        )
    return MatchReport(info=info, counts=counts, seconds=time.perf_counter() - began)


def _meet(connection: duckdb.DuckDBPyConnection, options: MatchOptions, left: TableInfo, right: TableInfo) -> Meeting:
    """Both tables at one epoch, where motions and epochs are known or an epoch is asked for."""
    one, other = Astrometry(left), Astrometry(right)
    wanted = options.epoch is not None
    if options.is_self_match and not wanted:
        return Meeting(one, other)
    if options.propagate and (wanted or (one.has_epoch and other.has_epoch)):
        one, other = (
            replace(side, moves=side.has_motions and knows_motions(connection, side.table)) for side in (one, other)
        )
    return arrange(connection, one, other, epoch=options.epoch)


def _points(connection: duckdb.DuckDBPyConnection, side: Astrometry, meeting: Meeting) -> Points:
    if not side.moves:
        return points_of(side.table)
    [(farthest_arcsec,)] = connection.execute(
        f"SELECT max({SPEED_ARCSEC_YR}) * {meeting.lag_yr!r} FROM {side.rows()}"
    ).fetchall()
    return Points(side.table, lambda where: side.moved_to(meeting.epoch, side.rows(where)), farthest_arcsec or 0.0)


def check_free(store: Store, name: str, *, replace: bool) -> None:
    """Refuse to publish over a table unasked.

    Raises:
        TableExists: it is there.
    """
    if store.has(name) and not replace:
        raise TableExists(f"table {name!r} is there; choose another --into, or give --replace")


def sources(tables: Iterable[TableInfo]) -> str:
    """Names and versions of the tables a product was made of."""
    return ", ".join(f"{table.name} {table.version.version_id}" for table in tables)


def matchable_table(store: Store, writer: TableWriter, name: str) -> TableInfo:
    """What an attached table says about itself.

    Raises:
        TableNotFound: it is not there.
        BadTable: it has no positions or ids, or gaps between its rows.
    """
    info = writer.session.tables.get(name)
    if info is None:
        raise store.not_found(name)
    check_matchable(info)
    [(last,)] = writer.connection.execute(f"SELECT max(rowid) FROM {data_of(info)}").fetchall()
    if last is not None and last != info.rows - 1:
        # Rows are found again by their place, so a gap would give wrong pairs.
        raise BadTable(f"table {name!r} has gaps between its rows; ingest it again")
    return info


def _build_pairs(
    connection: duckdb.DuckDBPyConnection, options: MatchOptions, left: TableInfo, right: TableInfo
) -> tuple[int, int, int]:
    """Fill the new table; return pairs, left rows and right rows in a pair."""
    plain = split_candidates(connection, left, right)
    connection.execute("DROP TABLE candidates")
    [(limit,)] = connection.execute("SELECT pow(chord_limit(? / 3600.0), 2)", [options.radius_arcsec]).fetchall()
    select_pairs(connection, options.find, limit)
    connection.execute("DROP TABLE ranked")
    matched = write_pairs(connection, options, left, right, plain)
    return matched.pairs, int(matched.left.sum()), int(matched.right.sum())


def _build_duplicates(
    connection: duckdb.DuckDBPyConnection, options: MatchOptions, left: TableInfo, right: TableInfo
) -> tuple[int, int, int]:
    """Fill the new table; return pairs and, twice, rows in a pair."""
    rank_candidates(connection, left, right, f"left_row < {left.rows} AND left_row <> right_row")
    connection.execute("DROP TABLE candidates")
    link_groups(connection)
    left_id, right_id = map(quote, options.pair_names)
    own, joins = own_columns(options, left, right, pairs="s") if options.wide else ("", "")
    pairs = fill_sql(
        _PACKAGE, "duplicates", left=numbered_rows(left), left_id=left_id, right_id=right_id, own=own, joins=joins
    )
    connection.execute(f"CREATE TABLE new.main.data AS {pairs}")
    [(found, rows)] = connection.execute("SELECT count(*) // 2, count(*) FILTER (left_rank = 1) FROM ranked").fetchall()
    return found, rows, rows


def _description(options: MatchOptions) -> str:
    if options.is_self_match:
        return f"Duplicates in {options.left} within {options.radius_arcsec:g} arcsec"
    return (
        f"Cross-match of {options.left} and {options.right} within {options.radius_arcsec:g} arcsec "
        f"({options.find}, {options.join})"
    )
