"""Uploaded tables: every value survives, hostile files do no harm."""

from __future__ import annotations

import base64
import gzip
import io
import math
from pathlib import Path
from typing import Any

import astropy.table
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io.votable import parse_single_table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skyband.queries.serving import Query
from skyband.schema.errors import BadFile, BadName, InputError, QueryError, ResourceLimit, SkybandError

FIELDS = """
<FIELD name="s" datatype="short"><VALUES null="-1"/></FIELD>
<FIELD name="i" datatype="int"><VALUES null="-2"/></FIELD>
<FIELD name="l" datatype="long" unit="mJy" ucd="phot.flux"><VALUES null="-3"/></FIELD>
<FIELD name="f" datatype="float"/><FIELD name="d" datatype="double"/>
<FIELD name="c" datatype="char"/><FIELD name="text" datatype="char" arraysize="*"/>
<FIELD name="wide" datatype="unicodeChar" arraysize="*"/>
<FIELD name="t" datatype="char" arraysize="*" xtype="timestamp"/><FIELD name="size" datatype="boolean"/>
"""
ROWS = """
<TR><TD>1</TD><TD>2</TD><TD>9007199254740993</TD><TD>0.1</TD><TD>0.1</TD><TD>x</TD><TD>abc</TD><TD>\u00e4</TD>
<TD>2026-11-21T01:02:03.5</TD><TD>true</TD></TR>
<TR><TD>-1</TD><TD>-2</TD><TD>-3</TD><TD></TD><TD>NaN</TD><TD></TD><TD></TD><TD></TD><TD></TD><TD></TD></TR>
"""


def votable(fields: str, data: str, head: str = "") -> str:
    return (
        f'<?xml version="1.0"?>{head}<VOTABLE version="1.3" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE>'
        f"<TABLE>{fields}<DATA>{data}</DATA></TABLE></RESOURCE></VOTABLE>"
    )


TABLEDATA = votable(FIELDS, f"<TABLEDATA>{ROWS}</TABLEDATA>")


def ask(
    served: Any, path: Path, text: str = "SELECT * FROM TAP_UPLOAD.mine", language: str = "adql", **others: Any
) -> bytes:
    query = Query(text, language, uploads={"mine": path}, **others)  # type: ignore[arg-type]
    return served.do(served.answer(query))[0]  # type: ignore[no-any-return]


def test_every_value_comes_back(served: Any, tmp_path: Path) -> None:
    sent = tmp_path / "sent.vot"
    sent.write_text(TABLEDATA)
    first = ask(served, sent)
    # What skyband answered, as BINARY2, BINARY, TABLEDATA, FITS or Parquet, can be sent again.
    for format, columns in (
        ("votable", 10),
        ("votable-tabledata", 10),
        ("votable-binary", 10),
        ("fits", 10),
        ("parquet", 10),
    ):
        again = tmp_path / "again"
        again.write_bytes(ask(served, sent, format=format))
        answer = ask(served, again, format="votable")
        table = parse_single_table(io.BytesIO(answer))
        assert len(table.fields) == columns
        rows = table.to_table()
        assert rows["l"].tolist() == [9007199254740993, None]
        assert rows["i"].tolist() == [2, None]
        assert rows["s"].tolist() == [1, None]
        assert rows["f"][0] == np.float32(0.1)
        assert rows["d"][0] == 0.1
        assert [str(rows[name][0]).strip() for name in ("c", "text", "wide")] == [
            "x",
            "abc",
            "\u00e4" if format != "fits" else "\\xe4",
        ]
        assert str(rows["t"][0]).startswith("2026-11-21T01:02:03.5")
    given = {field.name: field for field in parse_single_table(io.BytesIO(first)).fields}
    assert {name: (field.datatype, field.arraysize, field.xtype) for name, field in given.items()} == {
        "s": ("short", None, None),
        "i": ("int", None, None),
        "l": ("long", None, None),
        "f": ("float", None, None),
        "d": ("double", None, None),
        "c": ("char", "*", None),
        "text": ("char", "*", None),
        "wide": ("unicodeChar", "*", None),
        "t": ("char", "*", "timestamp"),
        "size": ("boolean", None, None),
    }
    assert (str(given["l"].unit), given["l"].ucd) == ("mJy", "phot.flux")


@given(
    st.lists(
        st.tuples(
            st.none() | st.integers(-(2**62), 2**62),
            st.none() | st.floats(allow_nan=False, allow_infinity=False),
            st.none() | st.text(st.characters(codec="utf-16", exclude_categories=["Cs", "Cc", "Z"]), min_size=1),
        ),
        min_size=1,
    )
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_rows_come_back(served: Any, tmp_path: Path, rows: list[tuple[Any, ...]]) -> None:
    path = tmp_path / "rows.parquet"
    columns = list(zip(*rows, strict=True))
    types = (pa.int64(), pa.float64(), pa.string())
    pq.write_table(
        pa.table({name: pa.array(values, kind) for name, values, kind in zip("abc", columns, types, strict=True)}), path
    )
    encoded = tmp_path / "rows.vot"
    encoded.write_bytes(ask(served, path, format="votable"))
    answer = ask(served, encoded, format="arrow")
    assert [tuple(row.values()) for row in pa.ipc.open_stream(answer).read_all().to_pylist()] == rows


def test_an_upload_joins_the_tables_and_is_gone_afterwards(served: Any, tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("id,ra,dec\n7,10.0,0.0\n8,200.0,-45.0\n")
    joined = "SELECT u.id AS u, g.id AS g FROM tap_upload.mine u JOIN gaia g ON u.ra = g.ra ORDER BY 1"
    assert ask(served, path, joined, "sql", format="csv") == b"u,g\n7,1\n8,3\n"
    zipped = tmp_path / "mine.csv.gz"
    zipped.write_bytes(gzip.compress(path.read_bytes()))
    assert ask(served, zipped, joined, "sql", format="csv") == b"u,g\n7,1\n8,3\n"
    for text in ("SELECT * FROM tap_upload.mine", "SELECT * FROM mine", joined):
        with pytest.raises(QueryError):
            served.sql(text)
    table = astropy.table.Table({"a": [1, 2]})
    table.write(tmp_path / "a.fits")
    assert ask(served, tmp_path / "a.fits", format="csv").split() == [b"a", b"1", b"2"]


def binary(rows: bytes, fields: str, element: str = "BINARY") -> str:
    stream = base64.b64encode(rows).decode()
    return votable(fields, f'<{element}><STREAM encoding="base64">{stream}</STREAM></{element}>')


LAUGHS = '<!DOCTYPE v [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE v [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
INT = '<FIELD name="a" datatype="int"/>'
TEXT = '<FIELD name="a" datatype="char" arraysize="*"/>'
HOSTILE = {
    "entities": votable(TEXT, "<TABLEDATA><TR><TD>&b;</TD></TR></TABLEDATA>", LAUGHS),
    "outside entity": votable(TEXT, "<TABLEDATA><TR><TD>&a;</TD></TR></TABLEDATA>", OUTSIDE),
    "parameter entity": votable(TEXT, "<TABLEDATA/>", '<!DOCTYPE v [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>'),
    "outside stream": votable(INT, '<BINARY><STREAM href="file:///etc/passwd"/></BINARY>'),
    "stream in the net": votable(INT, '<BINARY2><STREAM href="http://127.0.0.1:1/x" encoding="base64"/></BINARY2>'),
    "fits elsewhere": votable(INT, '<FITS><STREAM href="file:///etc/passwd"/></FITS>'),
    "length of 2 GB": binary(b"\x7f\xff\xff\xff", TEXT),
    "negative length": binary(b"\xff\xff\xff\xff", TEXT),
    "length beyond the end": binary(b"\x00\x00\xff\xffabc", TEXT),
    "cut row": binary(b"\x00\x00\x00", INT),
    "no base64": votable(INT, '<BINARY><STREAM encoding="base64">$$$</STREAM></BINARY>'),
    "lying arraysize": binary(b"\0" * 40, '<FIELD name="a" datatype="int" arraysize="2147483647"/>'),
    "wide array": binary(
        b"\0" * 40, '<FIELD name="a" datatype="double" arraysize="1000000000x1000000000"/>', "BINARY2"
    ),
    "unknown type": votable('<FIELD name="a" datatype="blob"/>', "<TABLEDATA><TR><TD>1</TD></TR></TABLEDATA>"),
    "text as number": votable(INT, "<TABLEDATA><TR><TD>one</TD></TR></TABLEDATA>"),
    "too few cells": votable(INT + TEXT, "<TABLEDATA><TR><TD>1</TD></TR></TABLEDATA>"),
    "no fields": votable("", "<TABLEDATA><TR/></TABLEDATA>"),
    "not closed": TABLEDATA[:-20],
    "deep": "<VOTABLE>" + "<RESOURCE>" * 100_000,
    "no table": "<VOTABLE><RESOURCE/></VOTABLE>",
    "no votable": "<html><body>Not found</body></html>",
    "nothing": "",
    "zeros": "\0" * 10_000,
    "parquet in name": "PAR1" + "x" * 1000 + "PAR1",
    "fits in name": "SIMPLE  =                    T" + " " * 2850,
    "ragged csv": "a,b\n1\n1,2,3\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_an_error_of_its_sender(served: Any, tmp_path: Path, name: str) -> None:
    path = tmp_path / "upload-0"
    path.write_bytes(HOSTILE[name].encode())
    with pytest.raises(SkybandError) as caught:
        ask(served, path)
    assert isinstance(caught.value, InputError | ResourceLimit)
    message = str(caught.value)
    assert str(tmp_path) not in message
    assert "root:" not in message
    assert "process" not in message
    assert served.rows("SELECT count(*) FROM gaia") == ["3"]


def test_uploads_have_limits(make_served: Any, tmp_path: Path) -> None:
    small = make_served(upload_max_rows=1000, upload_max_bytes=100_000)
    many = tmp_path / "many.csv"
    many.write_text("a\n" + "1\n" * 1001)
    with pytest.raises(ResourceLimit, match="more than 1,000 rows"):
        ask(small, many)
    long = tmp_path / "long.csv"
    long.write_text("a\n" + "x" * 100_000)
    with pytest.raises(ResourceLimit, match="longer than 100,000 bytes"):
        ask(small, long)
    bomb = tmp_path / "bomb"
    bomb.write_bytes(gzip.compress(b"a\n" + b"\0" * 50_000_000))
    with pytest.raises(ResourceLimit, match="longer than 100,000 bytes"):
        ask(small, bomb)
    inflated = tmp_path / "inflated.parquet"
    pq.write_table(pa.table({"a": ["x" * 1000] * 1000}), inflated)
    with pytest.raises(ResourceLimit, match="unpacks to more"):
        ask(small, inflated)
    torn = tmp_path / "torn.gz"
    torn.write_bytes(gzip.compress(TABLEDATA.encode())[:-20])
    with pytest.raises(BadFile):
        ask(small, torn)


@pytest.mark.parametrize("name", ["a b", "", "x" * 64, 'a"; DROP TABLE gaia', "1a", "a.b"])
def test_an_upload_has_a_plain_name(served: Any, tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a\n1\n")
    with pytest.raises(BadName):
        served.do(served.answer(Query("SELECT 1", "sql", uploads={name: path})))


@pytest.mark.parametrize("column", ["\x010\x02", "a\nb", "a\x7f", "a\u2028b", "a\0b"])
def test_a_column_has_a_name_without_control_characters(served: Any, tmp_path: Path, column: str) -> None:
    path = tmp_path / "odd.parquet"
    pq.write_table(pa.table({column: [1.0], "id": [2]}), path)
    for text in (
        "SELECT * FROM TAP_UPLOAD.mine",
        'SELECT * FROM TAP_UPLOAD.mine AS "a"',
        "SELECT id FROM TAP_UPLOAD.mine",
    ):
        with pytest.raises(BadName, match=r"uploaded table 'mine'.* control character") as caught:
            ask(served, path, text)
        assert str(caught.value).isprintable()


@pytest.mark.parametrize("suffix", ["parquet", "fits", "csv", "vot"])
def test_nan_is_null_in_an_upload_too(served: Any, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"mine.{suffix}"
    columns = {
        "a": np.array([1.0, math.nan, math.inf, -2.0]),
        "f": np.array([math.nan, 2.0, math.nan, 4.0], np.float32),
        "i": [1, 2, 3, 4],
    }
    if suffix == "parquet":
        pq.write_table(pa.table(columns), path)
    else:
        table = astropy.table.Table(columns)
        table.write(path, format={"vot": "votable", "csv": "ascii.csv"}.get(suffix, suffix))
    text = "SELECT i, a, f FROM TAP_UPLOAD.mine ORDER BY {} DESC"
    rows = [ask(served, path, text.format(column), format="csv").decode().split()[1:] for column in ("a", "f")]
    assert rows == [["3,inf,", "1,1.0,", "4,-2.0,4.0", "2,,2.0"], ["4,-2.0,4.0", "2,,2.0", *rows[1][2:]]]
    assert ask(served, path, "SELECT COUNT(*) AS n FROM TAP_UPLOAD.mine WHERE f > 3", format="csv").split() == [
        b"n",
        b"1",
    ]
