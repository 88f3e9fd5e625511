from __future__ import annotations

import io
import json
import math
from collections.abc import Callable
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from skyband.queries.formats import Info, encode
from skyband.queries.stream import ResultStream

Encoded = Callable[..., io.BytesIO]


def refuse(constant: str) -> float:
    """NaN and Infinity are no JSON."""
    raise ValueError(constant)


def expected(sky: pa.Table) -> list[dict[str, Any]]:
    """The rows as a JSON reader should give them."""

    def finite(value: Any) -> Any:
        if isinstance(value, list):
            return [finite(item) for item in value]
        return None if isinstance(value, float) and not math.isfinite(value) else value

    rows = sky.to_pylist()
    for row in rows:
        row["flux"] = (
            None if row["flux"] is None else float(str(sky.schema.field("flux").type.to_pandas_dtype()(row["flux"])))
        )
        row["stamp"] = None if row["stamp"] is None else row["stamp"].hex()
        row["observed"] = row["observed"] and row["observed"].isoformat()
        row["night"] = row["night"] and row["night"].isoformat()
    return [{name: finite(value) for name, value in row.items()} for row in rows]


def test_document(sky: pa.Table, metadata: dict[str, Any], encoded: Encoded) -> None:
    result = {"name": "m", "description": 'with "quotes"', "query": "SELECT 1"}
    document = json.load(encoded(sky, "json", metadata, **result), parse_constant=refuse)
    rows = document.pop("rows")
    columns = document.pop("columns")
    said = {"name": "m", "description": 'with "quotes"', "query": "SELECT 1"}
    assert document == said | {"row_count": 10, "truncated": False}
    assert columns[:3] == [{"name": n, "type": t, **metadata[n]} for n, t in
                           (("ra", "DOUBLE"), ("dec", "DOUBLE"), ("flux", "FLOAT"))]  # fmt: skip
    assert rows == [list(row.values()) for row in expected(sky)]


def test_lines(sky: pa.Table, encoded: Encoded) -> None:
    lines = encoded(sky, "ndjson").getvalue().decode().splitlines()
    assert [json.loads(line, parse_constant=refuse) for line in lines] == expected(sky)


@pytest.mark.parametrize("format", ["json", "ndjson"])
def test_large_integers_keep_their_digits(format: str, encoded: Encoded) -> None:
    assert b"9223372036854775807" in encoded(pa.table({"id": [2**63 - 1]}), format).getvalue()


def test_table_without_rows(encoded: Encoded) -> None:
    table = pa.table({"a": pa.array([], pa.int64())})
    assert json.load(encoded(table, "json")) == {
        "name": "result", "columns": [{"name": "a", "type": "BIGINT"}], "rows": [], "row_count": 0, "truncated": False,
    }  # fmt: skip
    assert encoded(table, "ndjson").getvalue() == b""


def test_infos(make_stream: Callable[..., ResultStream]) -> None:
    stream = make_stream(pa.table({"a": [1]}))
    document = json.loads(b"".join(encode(stream, "json", trailer=lambda: [Info("QUERY_STATUS", "OVERFLOW")])))
    assert document["infos"] == [{"name": "QUERY_STATUS", "value": "OVERFLOW", "text": ""}]


def test_every_character_is_escaped_as_json_wants(encoded: Encoded) -> None:
    texts = ["".join(map(chr, range(0x20))), "\x7f\u2028\u00e9\U0001f52d", '\\"\\', "\\u0041"]
    assert [row[0] for row in json.load(encoded(pa.table({"t": texts}), "json"))["rows"]] == texts


NESTED = {
    "list": "[1, NULL, 3]",
    "empty": "[]::INTEGER[]",
    "lists": "[[1.5], [], NULL]",
    "struct": "{'a': 1, 'b\"': 'x\"y', 'c': NULL}",
    "structs": "[{'a': [1, 2], 'b': {'c': 'd'}}, NULL]",
    "map": "MAP {'k': 1, 'l': NULL}",
    "map_of_lists": "MAP {'k': ['a', NULL]}",
    "map_of_numbers": "MAP {1: 2.5::DOUBLE}",
    "array": "[1, 2, 3]::INTEGER[3]",
    "arrays": "[[1, 2], [3, 4]]::INTEGER[2][2]",
    "null_struct": "NULL::STRUCT(a INTEGER)",
    "decimals": "[1.50, 2.25]::DECIMAL(5, 2)[]",
    "enums": "['a', 'b']::ENUM('a', 'b')[]",
    "booleans": "[true, false, NULL]",
}


@pytest.mark.parametrize("name", NESTED)
def test_nested_values_are_what_duckdb_says(name: str, make_stream: Callable[..., ResultStream]) -> None:
    """Rows 1 and 3 hold the value, row 2 NULL; DuckDB's own JSON is the oracle."""
    with duckdb.connect() as con:
        query = f"SELECT CASE WHEN i <> 2 THEN {NESTED[name]} END AS v FROM range(1, 4) t(i)"
        table = con.sql(query).to_arrow_table()
        wanted = [text and json.loads(text) for (text,) in con.sql(f"SELECT to_json(v) FROM ({query})").fetchall()]
    for rows in (1, 3):
        document = json.loads(b"".join(encode(make_stream(table, batch_rows=rows), "json")))
        assert [row[0] for row in document["rows"]] == wanted
