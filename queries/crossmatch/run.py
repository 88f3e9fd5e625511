"""The cross-match of two tables of a store, published as a table."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import duckdb

from skyband.queries.crossmatch.candidates import batch_count, find_candidates
from skyband.queries.crossmatch.chance import Chance, chance_rate
from skyband.queries.crossmatch.columns import check_matchable, pair_columns, wide_columns
from skyband.queries.crossmatch.groups import link_groups
from skyband.queries.crossmatch.options import Find, MatchOptions
from skyband.queries.crossmatch.select import select_pairs
from skyband.schema.columns import TableInfo
from skyband.schema.errors import TableExists
from skyband.schema.names import quote
from skyband.schema.session import catalog_of
from skyband.schema.sql import fill_sql
from skyband.schema.store import Store
from skyband.schema.writer import TableWriter, write_table

_PACKAGE = "skyband.queries.crossmatch"
# A right row that is the nearest of one left row only needs no search for its twins.
_BEST1_RIGHT = (
    "count(*) FILTER (n_mates = 0) + (SELECT count(DISTINCT right_id) FROM ranked WHERE left_rank = 1 AND n_mates > 0)"
)


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
    progress: Callable[[int, int | None], None] = lambda done, total: None,
    batches: int | None = None,
) -> MatchReport:
    """Match two tables by the band join and publish the pair table; a table with itself gives its duplicates.

    Args:
        store: where the tables are and the pair table goes.
        options: what to match and how.
        command: the command to keep as provenance.
        progress: called with left rows done and in all.
        batches: into how many HEALPix batches to cut; by default as the memory limit asks. Any number gives the same.

    Raises:
        TableNotFound: a table is not there.
        TableExists: `options.into` is there and `options.replace` is not set.
        BadTable: a table has no positions or ids.
    """
    began = time.perf_counter()
    if store.has(options.into) and not options.replace:
        raise TableExists(f"table {options.into!r} is there; choose another --into, or give --replace")
    with write_table(store, options.into) as writer:
        connection = writer.connection
        left, right = _matchable(store, writer, options.left), _matchable(store, writer, options.right)
        cuts = batches or batch_count(left.rows, right.rows, store.settings)
        find_candidates(connection, left, right, options.radius_arcsec, batches=cuts, progress=progress)
        build = _build_duplicates if options.is_self_match else _build_pairs
        build(connection, options, left, right)
        pairs, left_matched, right_matched = map(int, _one_row(connection, _matched(options)))
        counts = MatchCounts(
            left_rows=left.rows,
            right_rows=right.rows,
            pairs=pairs,
            left_matched=left_matched,
            right_matched=right_matched,
            left_unmatched=left.rows - left_matched,
            right_unmatched=right.rows - right_matched,
            batches=cuts,
            chance=chance_rate(connection, left, right, options.radius_arcsec, store.settings.chance_sample_rows),
        )
        columns = [*pair_columns(options, left, right)]
        columns += [column for _, column in wide_columns(options, left, right)] if options.wide else []
        info = writer.publish(
            action="crossmatch",
            command=command,
            columns={column.name: column for column in columns},
            description=_description(options),
            source=f"{left.name} {left.version.version_id}, {right.name} {right.version.version_id}",
            epoch=left.epoch if not options.join.has_unmatched_right else None,
            details={"options": asdict(options), "match": asdict(counts)},
        )
    return MatchReport(info=info, counts=counts, seconds=time.perf_counter() - began)


def _matchable(store: Store, writer: TableWriter, name: str) -> TableInfo:
    info = writer.session.tables.get(name)
    if info is None:
        raise store.not_found(name)
    check_matchable(info)
    return info


def _build_pairs(
    connection: duckdb.DuckDBPyConnection, options: MatchOptions, left: TableInfo, right: TableInfo
) -> None:
    connection.execute(f"CREATE TEMP TABLE ranked AS {fill_sql(_PACKAGE, 'rank', candidates='candidates')}")
    connection.execute("DROP TABLE candidates")
    (limit,) = _one_row(connection, f"SELECT pow(chord_limit({options.radius_arcsec!r} / 3600.0), 2)")
    select_pairs(connection, options.find, limit)
    left_id, right_id = map(quote, options.pair_names)
    pairs = fill_sql(
        _PACKAGE,
        "pairs",
        left=f"keys.{quote(left.name)}",
        right=f"keys.{quote(right.name)}",
        left_id=left_id,
        right_id=right_id,
        has_pairs=str(options.join.has_pairs),
        has_left=str(options.join.has_unmatched_left),
        has_right=str(options.join.has_unmatched_right),
    )
    _store_rows(connection, options, left, right, pairs)


def _build_duplicates(
    connection: duckdb.DuckDBPyConnection, options: MatchOptions, left: TableInfo, right: TableInfo
) -> None:
    others = "(FROM candidates WHERE left_id <> right_id)"
    connection.execute(f"CREATE TEMP TABLE ranked AS {fill_sql(_PACKAGE, 'rank', candidates=others)}")
    connection.execute("DROP TABLE candidates")
    link_groups(connection)
    left_id, right_id = map(quote, options.pair_names)
    pairs = fill_sql(_PACKAGE, "duplicates", left=f"keys.{quote(left.name)}", left_id=left_id, right_id=right_id)
    _store_rows(connection, options, left, right, pairs)


def _store_rows(
    connection: duckdb.DuckDBPyConnection, options: MatchOptions, left: TableInfo, right: TableInfo, pairs: str
) -> None:
    """Sort the pairs into the new table, with the tables' own columns beside them if asked."""
    left_id, right_id = map(quote, options.pair_names)
    order = f"healpix_29, {left_id}, {right_id}"
    if not options.wide:
        connection.execute(f"CREATE TABLE new.main.data AS FROM ({pairs}) ORDER BY {order}")
        return
    own = ", ".join(f"{source} AS {quote(column.name)}" for source, column in wide_columns(options, left, right))
    joins = " ".join(
        f"LEFT JOIN {quote(catalog_of(table.name))}.main.data {alias} ON {alias}.{quote(_id(table))} = p.{pair_id}"
        for table, alias, pair_id in ((left, "a", left_id), (right, "b", right_id))
    )
    connection.execute(
        f"CREATE TABLE new.main.data AS SELECT p.* EXCLUDE (healpix_29), {own}, p.healpix_29 "
        f"FROM ({pairs}) p {joins} ORDER BY p.healpix_29, p.{left_id}, p.{right_id}"
    )


def _matched(options: MatchOptions) -> str:
    """SQL that counts pairs, left rows in a pair and right rows in a pair, without sorting out ids where ranks tell."""
    if options.is_self_match:
        return "SELECT count(*) // 2, count(*) FILTER (left_rank = 1), count(*) FILTER (right_rank = 1) FROM ranked"
    left, right = {
        Find.ALL: ("count(*) FILTER (left_rank = 1)", "count(*) FILTER (right_rank = 1)"),
        Find.BEST1: ("count(*)", _BEST1_RIGHT),
        Find.BEST2: ("count(DISTINCT left_id)", "count(*)"),
    }.get(options.find, ("count(*)", "count(*)"))
    return f"SELECT count(*), {left}, {right} FROM selected"


def _description(options: MatchOptions) -> str:
    if options.is_self_match:
        return f"Duplicates in {options.left} within {options.radius_arcsec:g} arcsec"
    return (
        f"Cross-match of {options.left} and {options.right} within {options.radius_arcsec:g} arcsec "
        f"({options.find}, {options.join})"
    )


def _id(table: TableInfo) -> str:
    column = table.role("id")
    assert column is not None
    return column.name


def _one_row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[float, ...]:
    row = connection.execute(query).fetchone()
    assert row is not None
    return tuple(row)
