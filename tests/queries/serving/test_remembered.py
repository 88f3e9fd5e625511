"""What the gate remembers of SQL it has let pass: all but its numbers."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from skyband.queries.serving.gate import Allowed, check_sql, known_functions, without_numbers
from skyband.schema.errors import QueryError

HOSTILE = Path(__file__).with_name("hostile.sql").read_text(encoding="utf-8").splitlines()
ALLOWED = Allowed(frozenset({"t", "1t"}), known_functions(), frozenset({"t"}), known_functions("tables"))


def verdict(text: str) -> str:
    with duckdb.connect() as connection:
        try:
            check_sql(connection, text, ALLOWED)
        except QueryError as error:
            return f"refused: {error}"
    return "passed"


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("SELECT 1.5e-3+x2 FROM t1", "SELECT 0+x2 FROM t1"),
        ("SELECT 1from t", "SELECT 0from t"),
        ("SELECT '12', \"1é\", 3 /* 4 */ FROM t", "SELECT '12', \"1é\", 0 /* 4 */ FROM t"),
        ("SELECT .5, 5., 1_000, -7 -- 8\nFROM t", "SELECT 0, 0, 0, -0 -- 8\nFROM t"),
        ("SELECT repeat('a', 3)", None),
        ("SELECT * FROM Range(3)", None),
    ],
)
def test_numbers_alone_are_forgotten(text: str, shape: str | None) -> None:
    assert without_numbers(text) == shape


@pytest.mark.parametrize(
    "text",
    [
        "SELECT a, 17 FROM t WHERE b BETWEEN 3 AND 4.5e6 ORDER BY 1 LIMIT 10 OFFSET 2",
        "SELECT * FROM \"1t\" WHERE s = '12' AND x IN (1, 2, 3)",
        "SELECT * FROM read_csv('/etc/passwd', skip = 3)",
        *[line.replace("\\n", "\n") for line in HOSTILE if line and not line.startswith("--")],
    ],
)
def test_the_gate_judges_alike_what_differs_in_numbers_alone(text: str) -> None:
    shape = without_numbers(text)
    assert shape is None or (verdict(shape) == "passed") == (verdict(text) == "passed")
