"""Groups of candidates of many tables, and their probabilities."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import duckdb

from skyband.queries.association.measure import LEAST_VARIANCE_ARCSEC2
from skyband.queries.association.options import MOST_TABLES, PACKAGE
from skyband.queries.crossmatch.astrometry import Astrometry
from skyband.schema.sql import fill_sql

_LEAST_ODDS = 1e-9
"""Candidates less likely than this against chance change no probability that is written."""
_MOST_GROUPS = 200
"""Groups of a leading row that are kept while they grow: crowded fields have millions, nearly all of them hopeless."""
_MOST_SEEN = 0.95
"""Share of any objects that a table is taken to have, at most: not all are as surely seen as those of leading rows."""
_MOST_OBJECTS = 40
"""Other objects that the candidates of a leading row could make, up to which all sets of them are summed."""
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
    query = fill_sql(PACKAGE, "groups", groups="growing", columns=columns)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE grouped AS {query}")
    for table in ("growing", "others"):
        connection.execute(f"DROP TABLE {table}")


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
    """Make the temporary table `others` (others.sql): what the members of each group could be otherwise."""
    # Rows of different tables are told apart by the last digits.
    members = ", ".join(f"row_{number} * {MOST_TABLES} + {number}" for number in numbers)
    members = f"list_filter([{members}], lambda member: member IS NOT NULL)"
    # Numbers by weight, not by the place in memory: which sets are kept depends on them.
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE objects AS SELECT left_row, {members} AS members, exp(ln_other) AS weight, "
        "row_number() OVER (PARTITION BY left_row ORDER BY ln_other DESC, members) AS id, "
        f"count(*) OVER (PARTITION BY left_row) > {_MOST_OBJECTS} AS is_crowded "
        f"FROM growing WHERE ln_other > ln({_LEAST_OTHER!r})"
    )
    few, many = (
        f"(SELECT * EXCLUDE (is_crowded) FROM objects WHERE {where})" for where in ("NOT is_crowded", "is_crowded")
    )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE packings AS SELECT * RENAME (id AS last) FROM {few}")
    connection.execute("CREATE OR REPLACE TEMP TABLE packed AS FROM packings")
    while connection.execute("FROM packed LIMIT 1").fetchall():
        query = fill_sql(PACKAGE, "packings", packings="packed", objects=few, most=str(_MOST_GROUPS))
        connection.execute(f"CREATE OR REPLACE TEMP TABLE packed AS {query}")
        connection.execute("INSERT INTO packings BY NAME FROM packed")
    groups = f"(SELECT rowid AS id, left_row, {members} AS members FROM growing WHERE members > 0)"
    exact = fill_sql(PACKAGE, "others", groups=groups, packings="packings")
    crowded = fill_sql(PACKAGE, "others_crowded", groups=groups, objects=many)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE others AS ({exact}) UNION ALL BY NAME ({crowded})")
    for table in ("objects", "packings", "packed"):
        connection.execute(f"DROP TABLE {table}")
