"""The table of an association: pairs and unmatched rows in the order of the key."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import duckdb
import numpy as np
import pyarrow as pa

from skyband.queries.association.density import Density
from skyband.queries.association.options import PACKAGE, AssociationOptions
from skyband.queries.crossmatch.columns import wide_columns
from skyband.queries.crossmatch.options import Find, Join
from skyband.queries.crossmatch.pieces import Columns, Matched, read_selected, write_pieces
from skyband.schema.columns import Column, TableInfo
from skyband.schema.keys import data_of
from skyband.schema.names import quote
from skyband.schema.sql import fill_sql

_OF_PAIRS = (
    "left_row", "right_row", "sep_arcsec", "sep_sigma", "p_value", "ln_bayes", "p_match", "p_i", "p_any", "left_rank",
    "right_rank", "n_neighbours", "n_mates", "is_ambiguous", "is_tie",
)  # fmt: skip
"""Columns of judged.sql that are published, or lead to those that are."""


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
    """Create `new.main.data` from the table `work.selected`, unmatched rows as the join asks.

    Args:
        connection: where `work.selected` is.
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
    left_id, right_id = map(quote, options.pair_names)
    order = "ORDER BY p.place" if options.wide else ""
    rows = fill_sql(PACKAGE, "product", left_id=left_id, right_id=right_id, own=own, joins=joins, order=order)
    matched = Matched.of_selected(connection, left, right)
    write_pieces(
        connection, rows, left, right, options.join, _Selected(), matched, complete=partial(_with_covered, *densities)
    )
    return Written(matched.pairs, int(matched.left.sum()), int(matched.right.sum()), columns)


class _Selected:
    """The pairs of the table `work.selected`."""

    def between(self, reader: duckdb.DuckDBPyConnection, first: int, end: int) -> Columns:
        return read_selected(reader, _OF_PAIRS, first, end)


def _with_covered(of_left: Density, of_right: Density, piece: Columns) -> Columns:
    """The same with is_covered: whether a row alone lies where the other table has looked; a pair does."""
    keys = piece["healpix_29"].to_numpy()
    covered = np.ones(len(keys), bool)
    for missing, density in (("left_row", of_left), ("right_row", of_right)):
        alone = piece[missing].is_null().to_numpy(zero_copy_only=False)
        covered[alone] = density.covers(keys[alone])
    return piece | {"is_covered": pa.array(covered)}
