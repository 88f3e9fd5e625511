"""Columns of a pair table and what is said of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from skyband.queries.crossmatch.options import Find, Join, MatchOptions
from skyband.queries.known import unique_names
from skyband.schema.columns import HEALPIX_COLUMN, Column, TableInfo
from skyband.schema.errors import BadTable
from skyband.schema.keys import data_of
from skyband.schema.names import quote


def pair_columns(options: MatchOptions, left: TableInfo, right: TableInfo) -> tuple[Column, ...]:
    """Metadata of the pair's own columns (types are the engine's)."""
    left_name, right_name = options.pair_names
    left_id, right_id = _role(left, "id"), _role(right, "id")
    # A left row that stands in one row of the result at most makes its id the key of the result.
    keyed = options.find not in (Find.ALL, Find.BEST2) and not options.join.has_unmatched_right
    within = f"within {options.radius_arcsec:g} arcsec"
    columns = [
        replace(left_id, name=left_name, role="id" if keyed else "", ucd="meta.id"),
        replace(right_id, name=right_name, role="", ucd="meta.id"),
        Column("sep_arcsec", "", "arcsec", "pos.angDistance", description="Separation of the pair"),
        Column("left_rank", "", description=f"Rank of {right.name} row among those {within} of the {left.name} row"),
        Column("right_rank", "", description=f"Rank of {left.name} row among those {within} of the {right.name} row"),
        Column("n_neighbours", "", "", "meta.number", description=f"{right.name} rows {within} of the {left.name} row"),
        Column(
            "n_mates",
            "",
            "",
            "meta.number",
            description=f"Other {left.name} rows whose nearest {right.name} row is this one",
        ),
        Column("is_mutual_best", "", ucd="meta.code", description="Whether each is the nearest of the other"),
    ]
    if options.is_self_match:
        columns += [
            Column("group_id", left_id.type, ucd="meta.id", description="Least id of the linked group"),
            Column("group_size", "", "", "meta.number", description="Rows in the linked group"),
        ]
    source = left.name if options.join in (Join.INNER, Join.LEFT, Join.LEFT_ONLY) else f"{left.name}, or {right.name}"
    columns += [
        Column("ra", "", "deg", "pos.eq.ra;meta.main", description=f"Right ascension (ICRS) in {source}", role="ra"),
        Column("dec", "", "deg", "pos.eq.dec;meta.main", description=f"Declination (ICRS) in {source}", role="dec"),
    ]
    # The id of a table named "group" has the name of the group's; DuckDB numbers equal names in the same way.
    names = unique_names([column.name for column in columns])
    return tuple(replace(column, name=name) for column, name in zip(columns, names, strict=True))


def wide_columns(own: Iterable[Column], tables: Sequence[tuple[str, str, TableInfo]]) -> Iterator[tuple[str, Column]]:
    """The tables' own columns for `--wide`: (SQL expression over the aliases, metadata under the new name).

    A name that two tables have, or the match itself, gets `<prefix>_` in front; what is still there twice is numbered.
    Ids and keys are there already.

    Args:
        own: columns of the match.
        tables: alias, prefix and metadata of each table.
    """
    taken = [column.name.lower() for column in own] + [HEALPIX_COLUMN]
    counts = Counter(name for _, _, table in tables for name in {column.name.lower() for column in table.columns})
    clashing = {*taken, *(name for name, count in counts.items() if count > 1)}
    kept = [
        (alias, prefix, column)
        for alias, prefix, table in tables
        for column in table.columns
        if column.role != "id" and column.name != HEALPIX_COLUMN
    ]
    wanted = [f"{prefix}_{c.name}" if c.name.lower() in clashing else c.name for _, prefix, c in kept]
    given = unique_names([*taken, *wanted])[len(taken) :]
    for (alias, _, column), name in zip(kept, given, strict=True):
        yield f"{alias}.{quote(column.name)}", replace(column, name=name, role="")


def pair_tables(options: MatchOptions, left: TableInfo, right: TableInfo) -> list[tuple[str, str, TableInfo]]:
    """The tables of a match as `wide_columns` takes them: aliases a and b."""
    return [("a", options.left, left), ("b", f"{options.right}_2" if options.is_self_match else options.right, right)]


def own_columns(options: MatchOptions, left: TableInfo, right: TableInfo, *, pairs: str) -> tuple[str, str]:
    """SQL of the columns of `--wide`, each followed by a comma, and of the joins they need.

    Args:
        options, left, right: the match.
        pairs: alias of the relation that has left_row and right_row.
    """
    wide = wide_columns(pair_columns(options, left, right), pair_tables(options, left, right))
    columns = "".join(f"{source} AS {quote(column.name)}, " for source, column in wide)
    return columns, (
        f"LEFT JOIN {data_of(left)} a ON a.rowid = {pairs}.left_row "
        f"LEFT JOIN {data_of(right)} b ON b.rowid = {pairs}.right_row"
    )


def check_matchable(table: TableInfo) -> None:
    """Require what a match needs.

    Raises:
        BadTable: the table lacks an id or a position, or some of its rows do.
    """
    for role in ("id", "ra", "dec"):
        _role(table, role)
    if table.unplaced:
        raise BadTable(
            f"{table.unplaced:,} rows of table {table.name!r} have no position, so it cannot be matched as a whole; "
            f"skyband export --sql 'SELECT * FROM {table.name} WHERE healpix_29 IS NOT NULL' gives the others for a "
            "table of their own, and xmatch() in SQL passes over them"
        )


def _role(table: TableInfo, role: str) -> Column:
    column = table.role(role)
    if column is None:
        raise BadTable(f"table {table.name!r} has no {role} column, so it cannot be matched; see skyband describe")
    return column
