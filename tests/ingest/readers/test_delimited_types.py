"""Types of the columns of CSV and TSV, guessed from a sample, and what comes later and does not fit them."""

from __future__ import annotations

import gzip
import math
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from skyband.ingest.readers import open_source
from skyband.ingest.readers.infer import guess_type
from tests.ingest.readers.conftest import FILLER, Read, Write


def test_types(write: Write, read: Read) -> None:
    reading = read(
        write(
            "id,code,ra,n,flag,day,time,name,empty\n"
            "1152921504606846976,007,10.5,1,true,2020-01-31,2020-01-31T12:00:00.5Z,M 31,\n"
            "9223372036854775807,010,-1e-5,,False,2021-02-28,2021-02-28 00:00,,\n"
        )
    )
    assert reading.types == {
        "id": "BIGINT",
        "code": "VARCHAR",
        "ra": "DOUBLE",
        "n": "BIGINT",
        "flag": "BOOLEAN",
        "day": "DATE",
        "time": "TIMESTAMP",
        "name": "VARCHAR",
        "empty": "VARCHAR",
    }
    assert reading.rows == [
        (2**60, "007", 10.5, 1, True, date(2020, 1, 31), datetime(2020, 1, 31, 12, 0, 0, 500_000), "M 31", None),
        (2**63 - 1, "010", -1e-5, None, False, date(2021, 2, 28), datetime(2021, 2, 28), None, None),
    ]


@pytest.mark.parametrize(
    ("values", "type"),
    [
        (["1", "-2", "+3"], "BIGINT"),
        (["9223372036854775808", "1"], "UBIGINT"),
        (["18446744073709551616"], "VARCHAR"),
        (["-1", "9223372036854775808"], "VARCHAR"),
        (["1", "2.5"], "DOUBLE"),
        (["1.2376e18", "nan", "inf", "-Infinity", ".5", "5."], "DOUBLE"),
        (["007", "8"], "VARCHAR"),
        (["010.684737", "+41.2"], "DOUBLE"),
        (["1", "nan"], "BIGINT"),
        (["nan"], "DOUBLE"),
        (["", "null", "--"], ""),
        (["true", "FALSE"], "BOOLEAN"),
        (["T", "F"], "VARCHAR"),
        (["2020-01-01", "2020-01-01T00:00:00"], "TIMESTAMP"),
        (["2020-13-45", "2021-01-01"], "VARCHAR"),
        (["12:30:45.5", "01:02:03"], "VARCHAR"),
        (["1"] * 300 + ["?"] * 3, "BIGINT"),
        (["1"] * 300 + ["?"] * 4, "VARCHAR"),
        (["1"] * 300 + ["0.5"], "DOUBLE"),
        (["1"] * 300 + ["9007199254740993", "0.5"], "VARCHAR"),
        (["1"] * 300 + ["007"], "VARCHAR"),
        (["2020-01-01"] * 300 + ["2020-01-01T00:00:00"], "TIMESTAMP"),
        (["1.5", "2.5", "abc"], "DOUBLE"),
        (["1.5", "abc"], "VARCHAR"),
    ],
)
def test_guesses(values: list[str], type: str) -> None:
    assert guess_type(values).type == type


@pytest.mark.parametrize(
    ("values", "type"),
    [
        (["1"] * 300 + ["J1234+5"], "VARCHAR"),
        (["1"] * 300 + ["12.5"], "VARCHAR"),
        (["1"] * 300 + ["nan"], "BIGINT"),
        (["1.2376e18", "1.2377e18"], "DOUBLE"),
    ],
)
def test_guesses_of_ids(values: list[str], type: str) -> None:
    assert guess_type(values, is_id=True).type == type


def test_text_in_numeric_columns_rejects_the_row(write: Write, read: Read) -> None:
    lines = [f"{n},{n / 7},{n % 5}" for n in range(200)]
    lines[50] = "50,abc,0"
    lines[60] = "60,1.5"
    lines[70] = "70,1.5,0,9"
    lines[80] = "80,1.5,n/a"
    lines[90] = '90,1.5,"2"0'
    reading = read(write("id,ra,n\n" + "\n".join(lines) + "\n"))
    assert [(line, column, text) for line, column, _, text in reading.rejects] == [
        (52, "ra", "50,abc,0"),
        (62, None, "60,1.5"),
        (72, None, "70,1.5,0,9"),
        (82, "n", "80,1.5,n/a"),
        (92, None, '90,1.5,"2"0'),
    ]
    assert [reason for _, _, reason, _ in reading.rejects] == [
        'Error when converting column "ra". Could not convert string "abc" to \'DOUBLE\'',
        "Expected Number of Columns: 3 Found: 2",
        "Expected Number of Columns: 3 Found: 4",
        "'n/a' is no BIGINT",
        "Value with unterminated quote found.",
    ]
    assert [row[0] for row in reading.rows] == [n for n in range(200) if n not in (50, 60, 70, 80, 90)]
    assert "column ra is read as DOUBLE; rows with 'abc' there are rejected" in reading.source.notes


LATE = [  # in a column of integers as far as it is sampled
    (["12.5", "13.0", "1e3"], "DOUBLE", [12.5, 13.0, 1000.0]),
    (["nan", "-inf"], "DOUBLE", ["nan", -math.inf]),
    (["12.0", "+7"], "BIGINT", [12, 7]),
    (["9223372036854775807", "9223372036854775808"], "UBIGINT", [2**63 - 1, 2**63]),
    (["18446744073709551616", "5"], "VARCHAR", ["18446744073709551616", "5"]),
    (["9007199254740993", "0.5"], "VARCHAR", ["9007199254740993", "0.5"]),
]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("late", "type", "values"), LATE)
def test_late_numbers_widen_their_column(
    write: Write, read: Read, late: list[str], type: str, values: list[Any], packed: bool
) -> None:
    # DuckDB's own sniffer looks at 20,480 rows, and then rounds 12.5 to 13 without a word.
    rows = [f"{n},{n},{FILLER}" for n in range(60_000)] + [f"{10**6 + n},{value},y" for n, value in enumerate(late)]
    content = ("id,n,filler\n" + "\n".join([*rows, "7777777,x,y"]) + "\n").encode()
    reading = read(write(gzip.compress(content, 1), "late.csv.gz") if packed else write(content))
    assert reading.types == {"id": "BIGINT", "n": type, "filler": "VARCHAR"}
    late_rows = sorted(row for row in reading.rows if row[2] == "y" and row[0] < 7777777)
    assert [(a, "nan" if b != b else b) for a, b, _ in late_rows] == [(10**6 + n, b) for n, b in enumerate(values)]
    kept = [] if type != "VARCHAR" else [(7777777, "x", "y")]
    assert [row for row in reading.rows if row[0] == 7777777] == kept
    rubbish = (60_002 + len(late), "n", "7777777,x,y")
    assert [(line, column, text) for line, column, _, text in reading.rejects] == ([] if kept else [rubbish])


def test_late_text_makes_ids_text(write: Write, read: Read) -> None:
    rows = [f"{n},{FILLER}" for n in range(60_000)]
    reading = read(write("\n".join(["id,filler", *rows, "J1234+5,y", "7.5,y", "# a comment, at the end"])))
    assert reading.types == {"id": "VARCHAR", "filler": "VARCHAR"}
    assert [row for row in reading.rows if row[1] == "y"] == [("J1234+5", "y"), ("7.5", "y")]
    assert len(reading.rows) == 60_003


def test_a_late_time_makes_dates_times(write: Write, read: Read) -> None:
    rows = [f"2020-01-02,{FILLER}"] * 60_000
    reading = read(write("\n".join(["day,filler", *rows, "2020-01-03T12:00:00,y"]) + "\n"))
    assert reading.types == {"day": "TIMESTAMP", "filler": "VARCHAR"}
    assert (reading.rows[0][0], reading.rows[-1][0]) == (datetime(2020, 1, 2), datetime(2020, 1, 3, 12))
    assert (len(reading.rows), reading.rejects) == (60_001, [])


def test_a_column_that_turns_into_text_is_seen(write: Write, read: Read) -> None:
    # Numbers in the first 40,000 rows, and text behind them.
    lines = [f"{n},{n},{FILLER}" for n in range(40_000)] + [f"{n},SN {n},{FILLER}" for n in range(40_000)]
    content = ("id,label,filler\n" + "\n".join(lines) + "\n").encode()
    for path in (write(content), write(gzip.compress(content, 1), "packed.csv.gz")):
        reading = read(path)
        assert reading.types == {"id": "BIGINT", "label": "VARCHAR", "filler": "VARCHAR"}
        assert (len(reading.rows), reading.rejects) == (80_000, [])
        assert reading.source.notes == ("column label holds numbers and other text, and is read as text",)


def test_nulls(write: Write, read: Read) -> None:
    reading = read(write('a,b,c\n1,1.5,x\n,,\nnull,NULL,null\n--,--,--\n\\N,nan,"--"\n  , ,  \n2,2.5,NaN\n3,3.5,y\n'))
    assert reading.types == {"a": "BIGINT", "b": "DOUBLE", "c": "VARCHAR"}
    assert reading["a"] == [1, None, None, None, None, None, 2, 3]
    assert reading["c"] == ["x", None, None, None, None, None, "NaN", "y"]
    assert [value if value is None or not math.isnan(value) else "nan" for value in reading["b"]] == [
        1.5, None, None, None, "nan", None, 2.5, 3.5,
    ]  # fmt: skip


def test_nan_in_a_column_of_integers_is_null(write: Write, read: Read) -> None:
    assert read(write("id,n\n1234567890123456789,nan\nNaN,2\n3,4\n")).rows == [
        (1234567890123456789, None),
        (None, 2),
        (3, 4),
    ]


def test_positions_that_begin_as_whole_degrees_keep_their_decimals(tmp_path: Path) -> None:
    whole, late = ("".join(f"{n},{ra},{dec}\n" for n, ra, dec in rows) for rows in (
        ((n, n % 360, n % 90) for n in range(200_000)), ((n, 10.5, -3.25) for n in range(200_000, 200_500))
    ))  # fmt: skip
    path = tmp_path / "late.csv"
    path.write_text("n,RA_deg,DEC_deg\n" + whole + late)
    source = open_source([path])
    assert [column.type for column in source.columns] == ["BIGINT", "DOUBLE", "DOUBLE"]
