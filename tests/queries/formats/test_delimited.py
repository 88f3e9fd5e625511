from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pytest
from astropy.table import Table

Encoded = Callable[..., io.BytesIO]
FORMATS = {"csv": ",", "tsv": "\t"}
FLOATS = [0.1, -0.0, None, math.inf, -math.inf, 5e-324, 1.7976931348623157e308, 1e22, 100000.0, -3.0, 1e15, math.nan]


@pytest.mark.parametrize("format", FORMATS)
def test_arrow_reads_every_value(format: str, sky: pa.Table, encoded: Encoded, marked: Callable[[Any], Any]) -> None:
    """NULL and empty text apart, floats to the last bit."""
    plain = [name for name in sky.column_names if not pa.types.is_nested(sky.schema.field(name).type)]
    sky = sky.select([name for name in plain if name not in {"stamp", "nothing"}])
    types = {item.name: pa.string() if item.name == "class" else item.type for item in sky.schema}
    read = pyarrow.csv.read_csv(
        encoded(sky, format),
        parse_options=pyarrow.csv.ParseOptions(delimiter=FORMATS[format], newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=types, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False
        ),
    )
    assert marked(read.to_pydict()) == marked(sky.to_pydict())


@pytest.mark.parametrize("format", FORMATS)
def test_python_reads_every_text(format: str, sky: pa.Table, encoded: Encoded) -> None:
    text = encoded(sky, format).getvalue().decode()
    rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=FORMATS[format], strict=True))
    assert [row["note"] for row in rows] == [value or "" for value in sky["note"].to_pylist()]
    assert [row["bands"] for row in rows] == [
        '[{"band":"g","mag":14.2}]',
        "",
        "[]",
        *[r'[{"band":"q\"","mag":null}]'] * 7,
    ]
    assert [row["stamp"] for row in rows] == ["00ff", "", "", *["616263"] * 7]
    assert rows[0]["jacobian"] == "[[1.0,2.0],[3.0,4.0],[5.0,6.0]]"
    assert [row["observed"] for row in rows] == ["2016-01-01T00:00:00.500000", "", *["1999-12-31T00:00:00"] * 8]
    assert [row["nothing"] for row in rows] == [""] * 10


@pytest.mark.parametrize("format", FORMATS)
def test_astropy_reads_tabs_and_line_ends(format: str, encoded: Encoded) -> None:
    texts = ["a\tb", "c\nd", 'say "hi", twice', "α", "x  y"]
    table = pa.table({"text": texts, "n": range(5)})
    read = Table.read(encoded(table, format).getvalue().decode(), format=f"ascii.{'csv' if format == 'csv' else 'tab'}")
    assert [str(text) for text in read["text"]] == texts
    assert list(read["n"]) == list(range(5))


@pytest.mark.parametrize("format", FORMATS)
def test_duckdb_and_pandas_read_floats_to_the_last_bit(format: str, encoded: Encoded, tmp_path: Path) -> None:
    table = pa.table({"x": FLOATS, "i": pa.array(range(12))})
    path = tmp_path / "floats"
    path.write_bytes(encoded(table, format).getvalue())
    with duckdb.connect() as con:
        read = con.execute("FROM read_csv(?, delim = ?)", [str(path), FORMATS[format]]).fetchall()
    wanted = [(None if v is None else repr(v)) for v in FLOATS]
    assert [None if x is None else repr(x) for x, _ in read] == wanted
    frame = pd.read_csv(path, sep=FORMATS[format], na_values=[""], keep_default_na=False)
    assert [None if v is None else v for v in wanted] == [
        None if w is None else repr(float(x)) for x, w in zip(frame["x"], wanted, strict=True)
    ]


def test_bytes(encoded: Encoded) -> None:
    table = pa.table(
        {
            "a,b": pa.array(["plain", "", None, 'q"', " x"]),
            "f": pa.array([1.0, 0.5, None, 1e300, -2.0]),
            "n": pa.array([1, -1, None, 0, 2**63 - 1]),
            "ok": pa.array([True, False, None, True, True]),
        }
    )
    assert encoded(table, "csv").getvalue().decode() == (
        '"a,b",f,n,ok\nplain,1.0,1,true\n"",0.5,-1,false\n,,,\n"q""",1e+300,0,true\n'
        '" x",-2.0,9223372036854775807,true\n'
    )
    assert encoded(table, "tsv").getvalue().decode() == (
        'a,b\tf\tn\tok\nplain\t1.0\t1\ttrue\n""\t0.5\t-1\tfalse\n\t\t\t\n'
        '"q"""\t1e+300\t0\ttrue\n" x"\t-2.0\t9223372036854775807\ttrue\n'
    )


def test_no_row_of_a_single_column_is_an_empty_line(encoded: Encoded) -> None:
    assert encoded(pa.table({"n": pa.array([1, None, 3])}), "csv").getvalue() == b'n\n1\n""\n3\n'


@pytest.mark.parametrize("format", FORMATS)
def test_table_without_rows(format: str, encoded: Encoded) -> None:
    table = pa.table({"a": pa.array([], pa.int64()), "b": pa.array([], pa.string())})
    assert encoded(table, format).getvalue().decode() == FORMATS[format].join(["a", "b"]) + "\n"


def test_floats_of_32_bits_are_as_short_as_they_can_be(encoded: Encoded) -> None:
    values = np.array([0.1, 16777216.0, 3.4028235e38, 1e-45], dtype="f4")
    lines = encoded(pa.table({"x": values}), "csv").getvalue().decode().split()[1:]
    assert [np.float32(line) for line in lines] == list(values)
    assert lines == ["0.1", "16777216.0", "3.4028235e+38", "1e-45"]
