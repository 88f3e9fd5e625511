"""Numbers, constants and texts at their limits: an error that says where, or the same value as in Python."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from skyband.queries.adql import AdqlError, translate

from .conftest import TABLES, Ask

REFUSED = [
    "SELECT " + "1" * 5000 + " FROM gaia",
    "SELECT 0x" + "F" * 5000 + " FROM gaia",
    "SELECT ra FROM gaia ORDER BY " + "1" * 5000,
    "SELECT \u0663 FROM gaia",
    "SELECT 1\u0663 FROM gaia",
    "SELECT 1.\u0663 FROM gaia",
    "SELECT TOP \u0663 ra FROM gaia",
    "SELECT ra FROM gaia OFFSET \u00b2",
    "SELECT REGION('Circle 1_0 2 3') FROM gaia",
    "SELECT REGION('Circle \u0663 2 3') FROM gaia",
    "SELECT REGION('Circle 1e400 2 3') FROM gaia",
    "SELECT REGION('Circle nan 2 3') FROM gaia",
    'SELECT "a\nb" FROM gaia',
    'SELECT "' + "x" * 60_000 + '" FROM gaia',
    "SELECT POINT('a\nb', 1, 2) FROM gaia",
    "SELECT ra FROM gaia AS 'a\u2028b'",
    "SELECT " + "x" * 60_000 + "(ra) FROM gaia",
]


@pytest.mark.parametrize("query", REFUSED, ids=lambda query: f"{query[:40]!a} of {len(query)}")
def test_what_is_no_number_or_name_is_an_error_of_one_line(query: str) -> None:
    with pytest.raises(AdqlError) as caught:
        translate(query, TABLES)
    assert str(caught.value).isprintable()
    assert 10 < len(str(caught.value)) < 600


INTEGERS = [
    ("007", 7), ("0" * 5000 + "8", 8), ("0" * 5000, 0), ("0", 0),
    ("9223372036854775807", 2**63 - 1), ("0x7fffffffffffffff", 2**63 - 1), ("0x00ff", 255),
    ("9007199254740993 - 1", 2**53), ("9223372036854775807 / 2", (2**63 - 1) // 2),
    ("-9223372036854775807 / 2", -((2**63 - 1) // 2)),
]  # fmt: skip
REALS = [
    ("9223372036854775808", 2.0**63),
    ("0x8000000000000000", 2.0**63),
    ("1" * 300, float("1" * 300)),
    ("1e-320", 1e-320),
]


@pytest.mark.parametrize(("text", "expected"), [*INTEGERS, *REALS])
def test_numbers_keep_their_value(ask: Ask, text: str, expected: Any) -> None:
    ((value,),) = ask(f"SELECT TOP 1 {text} AS v FROM gaia")
    assert value == expected
    assert isinstance(value, type(expected))


HUGE = "1e308 * 10"
LARGEST = " * ".join(["9223372036854775807"] * 50)


@pytest.mark.parametrize(
    "query",
    [
        f"SELECT BOX({HUGE}, 1, 1, 1) FROM gaia",
        f"SELECT COUNT(*) FROM gaia WHERE DISTANCE(ra, dec, {HUGE}, 2) < 1",
        f"SELECT COUNT(*) FROM gaia WHERE DISTANCE(ra, dec, 1, 2) < {HUGE} - {HUGE}",
        f"SELECT COUNT(*) FROM gaia WHERE DISTANCE(ra, dec, {HUGE} - {HUGE}, 2) < 1",
        f"SELECT COUNT(*) FROM gaia WHERE CONTAINS(POINT(ra, dec), CIRCLE(1, 2, {HUGE})) = 1",
        f"SELECT COUNT(*) FROM gaia WHERE CONTAINS(POINT(ra, dec), POLYGON({HUGE}, 2, 1, 3, 4, 4)) = 1",
        f"SELECT COUNT(*) FROM gaia WHERE IN_UNIT(DISTANCE(ra, dec, 1, 2), 'arcsec') < {HUGE}",
        f"SELECT {LARGEST} / 3 FROM gaia",
        f"SELECT {LARGEST} + 0.5 FROM gaia",
    ],
)
def test_constants_without_a_finite_value_are_left_to_the_database(
    connection: duckdb.DuckDBPyConnection, query: str
) -> None:
    try:
        connection.execute(translate(query, TABLES).sql).fetchall()
    except duckdb.Error as error:
        assert "Overflow" in str(error) or "out of range" in str(error)


def test_a_constant_is_no_number_of_a_column(ask: Ask) -> None:
    assert ask("SELECT MAX(ra) - MAX(ra) AS m, 1 AS one FROM gaia GROUP BY one") == [(0.0, 1)]
    assert ask("SELECT 7 AS seven, 'x' AS x, COUNT(*) FROM gaia GROUP BY seven, x") == [(7, "x", 1326)]
    assert ask("SELECT COUNT(*) FROM gaia GROUP BY -1") == [(1326,)]
    first = [(0,), (1,), (2,)]
    for key in ("(1)", "-1", "('a')", "-(-(9))"):
        assert (
            ask(f"SELECT s.i FROM (SELECT TOP 3 source_id AS i FROM gaia ORDER BY {key}, source_id) AS s ORDER BY i")
            == first
        )
    assert ask("SELECT TOP 2 dec - dec AS d, source_id FROM gaia ORDER BY (2), source_id DESC") == [
        (0.0, 1325),
        (0.0, 1324),
    ]


def test_a_text_that_is_no_polygon_is_null(ask: Ask) -> None:
    texts = "CASE name WHEN 'a' THEN '1 1 2' WHEN 'Ab' THEN '1 1 2 1 2 2' ELSE '1 2 3 4 5 6 7' END"
    assert ask(f"SELECT name, CAST({texts} AS POLYGON) AS p FROM obs ORDER BY name") == [
        ("Ab", [1.0, 1.0, 2.0, 1.0, 2.0, 2.0]),
        ("a", None),
        ("b", None),
    ]
