"""Every type DuckDB can return, straight from DuckDB."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from astropy.io import fits

from skyband.queries.formats import encode
from skyband.queries.formats.votable_fields import field_type, votable_cell
from skyband.queries.stream import ResultStream
from skyband.schema.columns import Column

# Expression, its text, VOTable's datatype and arraysize, FITS's TFORM (of one row with the value and one with NULL).
TYPES = [
    ("true", "true", "boolean", "", "1L"),
    ("(-128)::TINYINT", "-128", "short", "", "1I"),
    ("255::UTINYINT", "255", "unsignedByte", "", "1B"),
    ("(-32768)::SMALLINT", "-32768", "short", "", "1I"),
    ("65535::USMALLINT", "65535", "int", "", "1J"),
    ("(-2147483648)::INTEGER", "-2147483648", "int", "", "1J"),
    ("4294967295::UINTEGER", "4294967295", "long", "", "1K"),
    ("(-9223372036854775808)::BIGINT", "-9223372036854775808", "long", "", "1K"),
    ("18446744073709551615::UBIGINT", "18446744073709551615", "char", "*", "20A"),
    ("123::HUGEINT", "123", "double", "", "1D"),
    ("123::UHUGEINT", "123", "double", "", "1D"),
    ("1.50::DECIMAL(10, 2)", "1.50", "double", "", "1D"),
    ("15::DECIMAL(18, 0)", "15", "long", "", "1K"),
    ("0.1::FLOAT", "0.1", "float", "", "1E"),
    ("1e300::DOUBLE", "1e+300", "double", "", "1D"),
    ("'Šaltė'", "Šaltė", "unicodeChar", "*", "15A"),
    ("TIMESTAMP '1999-12-31 23:59:59.5'", "1999-12-31T23:59:59.500000", "char", "*", "26A"),
    ("TIMESTAMP_S '1999-12-31 23:59:59'", "1999-12-31T23:59:59", "char", "*", "19A"),
    ("TIMESTAMP_MS '1999-12-31 23:59:59.25'", "1999-12-31T23:59:59.250", "char", "*", "23A"),
    ("TIMESTAMP_NS '1999-12-31 23:59:59.000000001'", "1999-12-31T23:59:59.000000001", "char", "*", "29A"),
    ("TIMESTAMPTZ '1999-12-31 23:00:00+01'", "1999-12-31T22:00:00", "char", "*", "19A"),
    ("'infinity'::TIMESTAMP", "infinity", "char", "*", "8A"),
    ("'-infinity'::DATE", "-infinity", "char", "*", "9A"),
    ("DATE '1999-12-31'", "1999-12-31", "char", "*", "10A"),
    ("TIME '23:59:59'", "23:59:59", "char", "*", "8A"),
    ("INTERVAL '1 year 2 days 3.5 seconds'", "P12M2DT3.5S", "char", "*", "11A"),
    ("'0190-aa'::BLOB", "303139302d6161", "unsignedByte", "*", "1QB(7)"),
    ("'0101'::BIT", "0101", "char", "*", "4A"),
    ("'00000000-0000-0000-0000-0000000000ff'::UUID", "00000000-0000-0000-0000-0000000000ff", "char", "*", "36A"),
    ("'qso'::ENUM('star', 'qso')", "qso", "unicodeChar", "*", "3A"),
    ("'{\"a\": 1}'::JSON", '{"a": 1}', "unicodeChar", "*", "8A"),
    ("NULL", "", "char", "*", "1A"),
    ("[0.5, 1]::FLOAT[2]", "[0.5,1.0]", "float", "2", "2E"),
    ("[0.5]::FLOAT[1]", "[0.5]", "float", "", "1E"),
    ("[1, 2]::UTINYINT[2]", "[1,2]", "short", "2", "2B"),
    ("[1, 2]::UBIGINT[2]", "[1,2]", "unicodeChar", "*", "5A"),
    ("[[1, 2, 3], [4, 5, 6]]::DOUBLE[3][2]", "[[1.0,2.0,3.0],[4.0,5.0,6.0]]", "double", "3x2", "6D"),
    ("[true, NULL]::BOOLEAN[2]", "[true,null]", "boolean", "2", "2L"),
    ("[1.5, 2.5]::DOUBLE[]", "[1.5,2.5]", "double", "*", "1QD(2)"),
    ("[1, 2]", "[1,2]", "unicodeChar", "*", "5A"),
    ("[[1.5, 2.5]]::DOUBLE[2][]", "[[1.5,2.5]]", "unicodeChar", "*", "11A"),
    ("['a', 'b']", '["a","b"]', "unicodeChar", "*", "9A"),
    ("{'g': 1.5::DOUBLE, 'r': NULL}", '{"g":1.5,"r":null}', "unicodeChar", "*", "18A"),
    ("MAP {'g': 1}", '{"g":1}', "unicodeChar", "*", "7A"),
]  # fmt: skip


def stream_of(expression: str) -> ResultStream:
    """One row with the value, one with NULL."""
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'Europe/Vilnius'")
        query = f"SELECT CASE WHEN i = 0 THEN {expression} END AS x, i FROM range(2) t(i) ORDER BY i"
        relation = con.sql(query)
        columns = tuple(Column(n, str(t)) for n, t in zip(relation.columns, relation.types, strict=True))
        table = relation.to_arrow_table()
    return ResultStream(columns, table.schema, iter(table.to_batches()))


@pytest.mark.parametrize(("expression", "text", "datatype", "arraysize", "tform"), TYPES)
def test_type(expression: str, text: str, datatype: str, arraysize: str, tform: str) -> None:
    stream = stream_of(expression)
    given = field_type(stream.columns[0], votable_cell(stream.columns[0], stream.schema.field(0).type))
    assert (given["datatype"], given.get("arraysize", "")) == (datatype, arraysize)
    csv_text = b"".join(encode(stream, "csv")).decode()
    assert list(csv.reader(io.StringIO(csv_text)))[1:] == [[text, "0"], ["", "1"]]
    header = fits.getheader(io.BytesIO(b"".join(encode(stream_of(expression), "fits"))), 1)
    assert header["TFORM1"] == tform


@pytest.mark.parametrize("serialization", ["votable", "votable-tabledata"])
def test_votlint_is_silent(serialization: str, stilts: Callable[..., str], tmp_path: Path) -> None:
    with duckdb.connect() as con:
        expressions = ", ".join(f"CASE WHEN i = 0 THEN {row[0]} END AS c{n}" for n, row in enumerate(TYPES))
        relation = con.sql(f"SELECT {expressions} FROM range(2) t(i) ORDER BY i")
        columns = tuple(Column(n, str(t)) for n, t in zip(relation.columns, relation.types, strict=True))
        table = relation.to_arrow_table()
    path = tmp_path / "x.vot"
    path.write_bytes(b"".join(encode(ResultStream(columns, table.schema, iter(table.to_batches())), serialization)))
    assert stilts("votlint", path) == ""


def test_bits_of_any_length() -> None:
    bits = ["1", "0101", "11111111", "000000001", "", "1" * 17]
    values = ", ".join(f"('{b}')" for b in bits if b)
    with duckdb.connect() as con:
        table = con.sql(f"SELECT b::BIT AS b FROM (VALUES {values}, (NULL)) t(b)").to_arrow_table()
    stream = ResultStream((Column("b", "BIT"),), table.schema, iter(table.to_batches()))
    assert b"".join(encode(stream, "ndjson")).decode().splitlines() == [
        *(f'{{"b":"{b}"}}' for b in bits if b),
        '{"b":null}',
    ]
