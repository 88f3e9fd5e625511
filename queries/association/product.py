"""The table of an association: pairs and unmatched rows in the order of the key."""

from __future__ import annotations

from dataclasses import dataclass, replace

import duckdb

from skyband.queries.association.density import Density
from skyband.queries.association.options import PACKAGE, AssociationOptions
from skyband.queries.crossmatch.columns import wide_columns
from skyband.queries.crossmatch.options import Find, Join
from skyband.schema.columns import Column, TableInfo
from skyband.schema.keys import data_of, numbered_rows
from skyband.schema.names import quote
from skyband.schema.sql import fill_sql


@dataclass(frozen=True, slots=True)
class Written:
    """What the new table holds."""

    pairs: int
    left: int  # left rows in a pair
    right: int
    columns: tuple[Column, ...]


def association_columns(options: AssociationOptions, left: TableInfo, right: TableInfo) -> tuple[Column, ...]:
    """Metadata of the table's own columns (types are the engine's)."""
    one, other = options.pair_names
    left_id, right_id = left.role("id"), right.role("id")
    assert left_id is not None and right_id is not None
    keyed = options.find not in (Find.ALL, Find.BEST2) and not options.join.has_unmatched_right
    source = left.name if options.join in (Join.INNER, Join.LEFT, Join.LEFT_ONLY) else f"{left.name}, or {right.name}"
    described = (
        ("sep_arcsec", "arcsec", "pos.angDistance", "Separation at the epoch of the pair"),
        ("sep_sigma", "", "pos.angDistance;arith.ratio", "Separation in units of its error"),
        ("p_value", "", "stat.probability", "Chance of a larger sep_sigma among true pairs"),
        ("ln_bayes", "", "stat.likelihood", "Natural logarithm of the Bayes factor (Budavari & Szalay 2008)"),
        ("p_match", "", "stat.probability", f"Probability that the {right.name} row is the counterpart"),
        ("p_i", "", "stat.probability", f"The same, if the {left.name} row has a counterpart"),
        ("p_any", "", "stat.probability", f"Probability that the {left.name} row has a counterpart"),
        ("left_rank", "", "meta.number", f"Rank by p_match among the pairs of the {left.name} row"),
        ("right_rank", "", "meta.number", f"Rank by p_match among the pairs of the {right.name} row"),
        ("n_neighbours", "", "meta.number", f"Pairs of the {left.name} row"),
        ("n_mates", "", "meta.number", f"Other {left.name} rows whose best {right.name} row is this one"),
        ("is_mutual_best", "", "meta.code", "Whether each is the best of the other"),
        ("is_ambiguous", "", "meta.code", "Whether another pair is at least half as probable, or claims the same row"),
        ("is_tie", "", "meta.code", f"Whether another pair of the {left.name} row is as probable as its best"),
        ("is_covered", "", "meta.code", "Whether the place lies in the footprint of the other table"),
    )
    return (
        replace(left_id, name=one, role="id" if keyed else "", ucd="meta.id"),
        replace(right_id, name=other, role="", ucd="meta.id"),
        *(Column(name, "", unit, ucd, description=text) for name, unit, ucd, text in described),
        Column("ra", "", "deg", "pos.eq.ra;meta.main", description=f"Right ascension (ICRS) in {source}", role="ra"),
        Column("dec", "", "deg", "pos.eq.dec;meta.main", description=f"Declination (ICRS) in {source}", role="dec"),
    )


def write_association(
    connection: duckdb.DuckDBPyConnection,
    options: AssociationOptions,
    tables: tuple[TableInfo, TableInfo],
    densities: tuple[Density, Density],
) -> Written:
    """Create `new.main.data` from the temporary table `selected`, unmatched rows as the join asks.

    Args:
        connection: where `selected` is.
        options: what is wanted.
        tables: left and right.
        densities: of the left and of the right table, for their footprints.
    """
    left, right = tables
    columns = association_columns(options, left, right)
    own, joins = "", ""
    if options.wide:
        wide = list(wide_columns(columns, [("a", left.name, left), ("b", right.name, right)]))
        own = "".join(f"{source} AS {quote(column.name)}, " for source, column in wide)
        joins = (
            f"LEFT JOIN {data_of(left)} a ON a.rowid = p.left_row LEFT JOIN {data_of(right)} b ON b.rowid = p.right_row"
        )
        columns = (*columns, *(column for _, column in wide))
    for name, density in zip(("left_density", "right_density"), densities, strict=True):
        density.register(connection, name)
    in_left, is_in_left = densities[0].footprint("left_density", "r.healpix_29")
    in_right, is_in_right = densities[1].footprint("right_density", "l.healpix_29")
    query = fill_sql(
        PACKAGE,
        "product",
        left=numbered_rows(left),
        right=numbered_rows(right),
        left_id=quote(options.pair_names[0]),
        right_id=quote(options.pair_names[1]),
        pairs="true" if options.join.has_pairs else "false",
        left_alone="true" if options.join.has_unmatched_left else "false",
        right_alone="true" if options.join.has_unmatched_right else "false",
        in_left=in_left,
        is_in_left=is_in_left,
        in_right=in_right,
        is_in_right=is_in_right,
        own=own,
        joins=joins,
    )
    connection.execute("SET preserve_insertion_order = true")
    connection.execute(f"CREATE TABLE new.main.data AS {query}")
    [(pairs, lefts, rights)] = connection.execute(
        "SELECT count(*), count(DISTINCT left_row), count(DISTINCT right_row) FROM selected"
    ).fetchall()
    return Written(pairs, lefts, rights, columns)
