"""VOTables that are damaged, cut off, hostile or large."""

from __future__ import annotations

import base64
import gzip
import struct
import tracemalloc
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from astropy.table import Table

from skyband.ingest.readers import open_source
from skyband.ingest.readers.source import BatchScan
from skyband.schema.errors import BadFile

Read = Callable[..., Any]


def rows_of(*rows: list[str]) -> str:
    """TABLEDATA of cells that are XML already."""
    cells = ("".join(f"<TD>{cell}</TD>" for cell in row) for row in rows)
    return f"<TABLEDATA>{''.join(f'<TR>{row}</TR>' for row in cells)}</TABLEDATA>"


def stream_of(kind: str, data: bytes) -> str:
    """BINARY or BINARY2 of bytes."""
    return f'<{kind}><STREAM encoding="base64">{base64.b64encode(data).decode()}</STREAM></{kind}>'


def test_an_answer_cut_off_by_the_service_is_noted(votable: Callable[..., Path], tmp_path: Path) -> None:
    path = votable('<FIELD name="x" datatype="int"/>', rows_of(["1"]))
    text = path.read_text().replace("</TABLE>", '</TABLE><INFO name="QUERY_STATUS" value="OVERFLOW"/>')
    path.write_text(text)
    assert "rows are missing" in open_source([path]).notes[0]


def test_the_error_of_a_service(tmp_path: Path) -> None:
    path = tmp_path / "error.vot"
    path.write_text(
        '<VOTABLE><RESOURCE type="results"><INFO name="QUERY_STATUS" value="ERROR">no column raa</INFO>'
        "</RESOURCE></VOTABLE>"
    )
    with pytest.raises(BadFile, match="the error of a service: no column raa"):
        open_source([path])


@pytest.mark.parametrize(
    ("fields", "data", "message"),
    [
        ('<FIELD name="x" datatype="string"/>', rows_of(["1"]), "datatype='string'"),
        ('<FIELD name="x" datatype="int" arraysize="a"/>', rows_of(["1"]), "arraysize='a'"),
        ('<FIELD name="x" datatype="int"/>', stream_of("BINARY", b"\0\0\0"), "ends inside row 1"),
        (
            '<FIELD name="x" datatype="char" arraysize="*"/>',
            stream_of("BINARY", b"\x7f\0\0\0x"),
            "claims 2,130,706,432",
        ),
        ('<FIELD name="x" datatype="int"/>', '<BINARY><STREAM encoding="base64">A*BC</STREAM></BINARY>', "no base64"),
        (
            '<FIELD name="x" datatype="int"/>',
            '<BINARY><STREAM encoding="gzip">AAAA</STREAM></BINARY>',
            "encoding='gzip'",
        ),
        (
            '<FIELD name="x" datatype="int"/>',
            '<BINARY2><STREAM href="file:///etc/passwd"/></BINARY2>',
            r"keeps its rows elsewhere \(href='file:///etc/passwd'\)",
        ),
        ('<FIELD name="x" datatype="int"/>', "<TABLEDATA><TR><TD>1</TR></TABLEDATA>", "mismatched tag at line 2"),
    ],
)
def test_bad_documents(votable: Callable[..., Path], read: Read, fields: str, data: str, message: str) -> None:
    with pytest.raises(BadFile, match=message):
        read(votable(fields, data))


def test_bad_rows_are_left_out_with_their_reason(votable: Callable[..., Path], read: Read) -> None:
    fields = (
        '<FIELD name="id" datatype="int"/><FIELD name="x" datatype="float"/><FIELD name="n" datatype="short"/>'
        '<FIELD name="v" datatype="int" arraysize="2"/>'
        '<FIELD name="t" datatype="char" arraysize="*" xtype="timestamp"/>'
    )
    good = [[str(n), "1.5", "", "1 2", "2020-01-02T03:04:05"] for n in range(40_000)]
    bad = {
        5: ["5", "oops", "1", "1 2", ""],
        17: ["17", "1.5", "40000", "1 2", ""],
        18: ["18", "1.5"],
        30_000: ["30000", "1.5", "1", "1", ""],
        39_998: ["abc", "1.5", "1", "1 2", "today"],
        39_999: ["39999", "1.5", "1", "1 2", "today"],
    }
    rows = [bad.get(n, row) for n, row in enumerate(good)]
    reading = read(votable(fields, rows_of(*rows)))
    moment = datetime(2020, 1, 2, 3, 4, 5)
    assert reading.rows == [(n, 1.5, None, (1, 2), moment) for n in range(40_000) if n not in bad]
    assert reading.rejects == [
        (6, "x", "'oops' is no float", "5, oops, 1, 1 2, "),
        (18, "n", "'40000' is no short", "17, 1.5, 40000, 1 2, "),
        (19, None, "it has 2 cells, the table 5 fields", "18, 1.5"),
        (30_001, "v", "1 items where arraysize says 2", "30000, 1.5, 1, 1, "),
        (39_999, "id", "'abc' is no int", "abc, 1.5, 1, 1 2, today"),
        (40_000, "t", "'today' is no timestamp", "39999, 1.5, 1, 1 2, today"),
    ]


def test_bad_rows_of_several_files(votable: Callable[..., Path], connection: duckdb.DuckDBPyConnection) -> None:
    fields = '<FIELD name="x" datatype="int"/>'
    paths = [votable(fields, rows_of(["1"], [bad]), name=f"{bad}.vot") for bad in ("a", "b")]
    source = open_source(paths)
    for _ in range(2):
        with source.relation(connection) as sql:
            assert connection.execute(f"FROM {sql}").fetchall() == [(1,), (1,)]
        rejects = connection.execute(f"SELECT file, line, text FROM {source.rejects(connection)}").fetchall()
        assert rejects == [(str(paths[0]), 2, "a"), (str(paths[1]), 2, "b")]


def test_entities_are_not_expanded(tmp_path: Path) -> None:
    path = tmp_path / "bomb.vot"
    path.write_text('<!DOCTYPE VOTABLE [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><VOTABLE><RESOURCE/></VOTABLE>')
    with pytest.raises(BadFile, match="declares XML entities"):
        open_source([path])


def test_a_doctype_is_not_fetched(tmp_path: Path, read: Read) -> None:
    path = tmp_path / "old.vot"
    path.write_text(
        '<!DOCTYPE VOTABLE SYSTEM "http://us-vo.org/xml/VOTable.dtd"><VOTABLE><RESOURCE><TABLE>'
        f'<FIELD name="x" datatype="int"/><DATA>{rows_of(["1"])}</DATA></TABLE></RESOURCE></VOTABLE>'
    )
    assert read(path).rows == [(1,)]


@pytest.mark.parametrize("encoding", ["iso-8859-1", "utf-16"])
def test_encodings(votable: Callable[..., Path], read: Read, encoding: str) -> None:
    path = votable('<FIELD name="x" datatype="char" arraysize="*"/>', rows_of(["é"]))
    path.write_bytes(path.read_text("utf-8").replace("UTF-8", encoding).encode(encoding))
    assert read(path).rows == [("é",)]


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("serialisation", ["tabledata", "binary", "binary2"])
def test_truncation_is_never_a_short_table(
    tmp_path: Path, catalogue: Table, read: Read, serialisation: str, suffix: str
) -> None:
    whole = tmp_path / "whole.vot"
    catalogue["short"].mask = catalogue["int"].mask = catalogue["flag"].mask = False
    catalogue.write(whole, format="votable", tabledata_format=serialisation)
    data = whole.read_bytes()
    if suffix:
        data = gzip.compress(data)
    path = tmp_path / f"cut.vot{suffix}"
    for kept in range(1, len(data) - 2, len(data) // 17):
        path.write_bytes(data[:kept])
        with pytest.raises(BadFile):
            read(path)


@pytest.mark.parametrize("kind", ["TABLEDATA", "BINARY", "BINARY2"])
def test_memory_does_not_grow_with_the_file(votable: Callable[..., Path], kind: str) -> None:
    fields = '<FIELD name="n" datatype="int"/><FIELD name="t" datatype="char" arraysize="*"/>'
    row = b"\0" * (kind == "BINARY2") + struct.pack(">ii40s", 7, 40, b"x" * 40)
    peaks = []
    for rows in (50_000, 200_000):
        data = rows_of(*[["7", "x" * 40]] * rows) if kind == "TABLEDATA" else stream_of(kind, row * rows)
        source = open_source([votable(fields, data)])
        assert isinstance(source.scan, BatchScan)
        tracemalloc.start()
        count = sum(batch.num_rows for batch in source.scan.batches(source.scan.schema))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert count == rows
    assert peaks[1] < 1.2 * peaks[0]
