"""Groups of rows that neighbours link together, directly or through others."""

from __future__ import annotations

import duckdb

from skyband.schema.sql import load_sql

_PACKAGE = "skyband.queries.crossmatch"


def link_groups(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the temporary table `groups` (id, group_id) from `ranked`: group_id is the least id of the group.

    Each round hands every row the least label of its neighbours and then of its own label's row, so that chains
    shorten by doubling (Shiloach & Vishkin 1982); the rounds end when nothing changes.
    """
    connection.execute(load_sql(_PACKAGE, "groups_begin"))
    changed = True
    while changed:
        connection.execute(load_sql(_PACKAGE, "groups_round"))
        [(changed,)] = connection.execute(
            "SELECT count(*) > 0 FROM groups g JOIN groups_next n USING (id) WHERE g.group_id <> n.group_id"
        ).fetchall()
        connection.execute("CREATE OR REPLACE TEMP TABLE groups AS FROM groups_next")
