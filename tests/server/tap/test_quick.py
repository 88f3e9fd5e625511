"""Questions that need not wait: those about TAP_SCHEMA, and no others."""

from __future__ import annotations

import pytest

from skyband.server.tap.quick import is_quick

TABLES = {"sim_nir", "columns", "description"}


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM TAP_SCHEMA.tables",
        "select count(*) from tap_schema.columns",
        'SELECT "size" FROM "tap_schema"."columns" AS c',
        "SELECT t.table_name FROM TAP_SCHEMA.tables AS t, TAP_SCHEMA . columns AS c WHERE t.table_name = c.table_name",
        "SELECT * FROM TAP_SCHEMA.columns -- FROM sim_nir\nWHERE table_name = 'sim_nir' AND unit = 'it''s sim_nir'",
        "SELECT 1 FROM TAP_SCHEMA.keys JOIN TAP_SCHEMA.key_columns USING (key_id)",
        "WITH k AS (SELECT * FROM TAP_SCHEMA.keys) SELECT * FROM k",
    ],
)
def test_questions_about_the_tables_are_quick(query: str) -> None:
    assert is_quick(query, TABLES)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM sim_nir",
        "SELECT 1",
        "SELECT 'tap_schema.columns' FROM sim_nir",
        "SELECT count(*) FROM tap_schema.columns, sim_nir a, sim_nir b",
        "SELECT count(*) FROM tap_schema.columns c JOIN main.SIM_NIR ON c.column_index = 1",
        'SELECT count(*) FROM tap_schema.columns, "sim_nir"',
        "SELECT count(*) FROM tap_schema.tables, columns",
        "SELECT count(*) FROM tap_schema.tables -- it's\n, sim_nir -- isn't it",
        "SELECT count(*) FROM tap_schema.tables WHERE EXISTS (SELECT 1 FROM keys.sim_mir)",
        "SELECT count(*) FROM tap_schema.tables, TAP_UPLOAD.mine",
        "SELECT description FROM tap_schema.tables",
        "SELECT 'tap_schema.columns",
        "SELECT * FROM tap_schema.tables /* sim_nir */",
        "SELECT * FROM tap_schema.tables" + " " * 10_000,
    ],
)
def test_others_are_not(query: str) -> None:
    """One that could be quick may be taken for another, but no other for quick."""
    assert not is_quick(query, TABLES)
