"""Groups of candidates of many tables, and their probabilities."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import duckdb

from skyband.queries.association.measure import LEAST_VARIANCE_ARCSEC2
from skyband.queries.association.options import PACKAGE
from skyband.queries.crossmatch.astrometry import Astrometry
from skyband.schema.sql import fill_sql

_LEAST_ODDS = 1e-9
"""Candidates less likely than this against chance change no probability that is written."""
_MOST_GROUPS = 200
"""Groups of a leading row that are kept while they grow: crowded fields have millions, nearly all of them hopeless."""
_MOST_SEEN = 0.95
"""Share of any objects that a table is taken to have, at most: not all are as surely seen as those of leading rows."""
_LEAST_OTHER = 0.01
"""Other objects less likely than this, against chance sources, are left out."""


def group(connection: duckdb.DuckDBPyConnection, lead: Astrometry, shares: Mapping[int, float]) -> None:
    """Make the temporary table `grouped` (groups.sql) of the temporary tables `partner_<number>`.

    What lies beside a leading row may be one other object that several tables see (Salvato et al. 2018, section 2.3,
    "unrelated associations"): groups compete with that too.

    Args:
        connection: where the tables are.
        lead: the leading table.
        shares: of its rows that have a counterpart in the table of a number.
    """
    seen = {number: min(share, _MOST_SEEN) for number, share in shares.items()}
    ln_unseen = math.fsum(math.log1p(-share) for share in seen.values())
    likely = {number: f"(FROM partner_{number} WHERE odds > {_LEAST_ODDS!r})" for number in shares}
    asking = " UNION ".join(f"SELECT left_row, own_row FROM {relation}" for relation in likely.values())
    _remake(
        connection,
        fill_sql(
            PACKAGE, "lead", left=lead.rows(), partners=f"({asking})", least_variance=repr(LEAST_VARIANCE_ARCSEC2)
        ),
    )
    for number, share in shares.items():
        grown = fill_sql(
            PACKAGE,
            "grown",
            groups="growing",
            partners=likely[number],
            row=f"row_{number}",
            sep=f"sep_{number}",
            share=repr(share),
            ln_seen=repr(math.log(seen[number])),
            ln_unseen=repr(math.log1p(-seen[number])),
        )
        _remake(connection, grown)
        _prune(connection, ln_unseen)
    _remake(connection, _scored(ln_unseen))
    _find_others(connection, shares)
    columns = "".join(f"row_{number}, sep_{number}, " for number in shares)
    query = fill_sql(PACKAGE, "groups", groups="growing", columns=columns, **_others(shares))
    connection.execute(f"CREATE OR REPLACE TEMP TABLE grouped AS {query}")
    connection.execute("DROP TABLE growing")
    connection.execute("DROP TABLE others")


def _remake(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    connection.execute(f"CREATE OR REPLACE TEMP TABLE growing AS {query}")


def _scored(ln_unseen: float) -> str:
    return fill_sql(PACKAGE, "scored", groups="growing", ln_unseen=repr(ln_unseen))


def _prune(connection: duckdb.DuckDBPyConnection, ln_unseen: float) -> None:
    """Keep the likeliest groups of rows that have very many."""
    [(most,)] = connection.execute(
        "SELECT max(n) FROM (SELECT count(*) AS n FROM growing GROUP BY left_row)"
    ).fetchall()
    if (most or 0) > _MOST_GROUPS:
        _remake(
            connection,
            f"SELECT * EXCLUDE (ln_bayes, ln_odds, ln_other) FROM ({_scored(ln_unseen)}) "
            "QUALIFY row_number() OVER (PARTITION BY left_row ORDER BY members = 0 DESC, ln_odds DESC) "
            f"<= {_MOST_GROUPS}",
        )


def _find_others(connection: duckdb.DuckDBPyConnection, numbers: Iterable[int]) -> None:
    """Make the temporary table `others` (others.sql)."""
    candidates = " UNION ALL ".join(
        f"SELECT left_row, {number} AS number, row_{number} AS row, rowid AS id, ln_other FROM growing "
        f"WHERE row_{number} IS NOT NULL AND ln_other > ln({_LEAST_OTHER!r})"
        for number in numbers
    )
    query = fill_sql(PACKAGE, "others", candidates=f"({candidates})")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE others AS {query}")


def _others(numbers: Iterable[int]) -> dict[str, str]:
    """Joins of `others` by the members of a group, and the sum of ln_others over the objects that they could be."""
    joins, terms, labels = [], [], ["NULL"]
    for number in numbers:
        joins.append(
            f"LEFT JOIN (FROM others WHERE number = {number}) o{number} "
            f"ON o{number}.left_row = g.left_row AND o{number}.row = g.row_{number}"
        )
        terms.append(
            f"CASE WHEN o{number}.label IN ({', '.join(labels)}) THEN 0 ELSE coalesce(o{number}.ln_others, 0) END"
        )
        labels.append(f"o{number}.label")
    return {"joins": "\n".join(joins), "ln_others": f"({' + '.join(terms)})"}
