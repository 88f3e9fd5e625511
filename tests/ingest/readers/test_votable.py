"""VOTable in all serialisations, against what astropy and STILTS put into them."""

from __future__ import annotations

import base64
import gzip
import struct
from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import MaskedColumn, Table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skyband.ingest.readers import open_source
from skyband.schema.errors import BadFile

Read = Callable[..., Any]
Equal = Callable[..., None]

SERIALISATIONS = ["tabledata", "binary", "binary2"]


def rows_of(*rows: list[str]) -> str:
    """TABLEDATA of cells that are XML already."""
    cells = ("".join(f"<TD>{cell}</TD>" for cell in row) for row in rows)
    return f"<TABLEDATA>{''.join(f'<TR>{row}</TR>' for row in cells)}</TABLEDATA>"


def stream_of(kind: str, data: bytes) -> str:
    """BINARY or BINARY2, with the lines people break base64 into."""
    text = base64.encodebytes(data).decode()
    return f'<{kind}><STREAM encoding="base64">\n{text}</STREAM></{kind}>'


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("serialisation", SERIALISATIONS)
def test_what_astropy_writes(
    tmp_path: Path, catalogue: Table, read: Read, assert_equal: Equal, serialisation: str, suffix: str
) -> None:
    path = tmp_path / "table.vot"
    if serialisation == "binary":  # astropy puts no null value into the header
        catalogue["short"].mask = catalogue["int"].mask = catalogue["flag"].mask = False
    catalogue.write(path, format="votable", tabledata_format=serialisation)
    if suffix:
        (tmp_path / "table.vot.gz").write_bytes(gzip.compress(path.read_bytes()))
    reading = read(Path(f"{path}{suffix}"))
    assert_equal(reading, catalogue)
    first, ra, dec = reading.source.columns[:3]
    assert (first.type, first.ucd, first.description) == ("BIGINT", "meta.id;meta.main", "identifier")
    assert (ra.unit, ra.ucd, dec.description) == ("deg", "pos.eq.ra;meta.main", "declination")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(
        st.text(st.characters(min_codepoint=33, max_codepoint=0xFFFF, exclude_categories=["Cs", "Cn"]), max_size=9),
        min_size=1,
        max_size=30,
    ),
    serialisation=st.sampled_from(SERIALISATIONS),
    data=st.data(),
)
def test_any_rows(
    tmp_path_factory: pytest.TempPathFactory,
    read: Read,
    assert_equal: Equal,
    texts: list[str],
    serialisation: str,
    data: Any,
) -> None:
    size = len(texts)

    def column(values: st.SearchStrategy[Any], dtype: str, *, masks: bool = True) -> MaskedColumn:
        drawn = data.draw(st.lists(values, min_size=size, max_size=size))
        # astropy writes no null value for BINARY, and none for logicals at all.
        mask = st.booleans() if masks and serialisation != "binary" else st.just(False)
        return MaskedColumn(np.array(drawn, dtype), mask=data.draw(st.lists(mask, min_size=size, max_size=size)))

    table = Table(
        {
            "text": texts,
            "long": column(st.integers(-(2**63) + 1, 2**63 - 2), "i8"),
            "short": column(st.integers(-(2**15) + 1, 2**15 - 2), "i2"),
            "flag": column(st.booleans(), "?", masks=False),
            "float": column(st.floats(width=32), "f4", masks=False),
        }
    )
    path = tmp_path_factory.mktemp("any") / "table.vot"
    table.write(path, format="votable", tabledata_format=serialisation)
    assert_equal(read(path), table)


def test_cells_of_tabledata(votable: Callable[..., Path], read: Read) -> None:
    fields = (
        '<FIELD name="int" datatype="int"><VALUES null="-99"/></FIELD><FIELD name="byte" datatype="unsignedByte"/>'
        '<FIELD name="long" datatype="long"/><FIELD name="double" datatype="double"/>'
        '<FIELD name="flag" datatype="boolean"/>'
        '<FIELD name="text" datatype="char" arraysize="*"/><FIELD name="letter" datatype="char"/>'
        '<FIELD name="wide" datatype="unicodeChar" arraysize="12*"/>'
    )
    data = rows_of(
        ["-99", "255", "9223372036854775807", "NaN", "T", "a &lt;b&gt; &amp; c", "x", "Ångström"],
        ["+5", " 0 ", "-1", "+Inf", "0", "<![CDATA[<raw>]]>", "", "  two"],
        ["", "", "", "", "?", "", " ", ""],
        ["0x1F", "7", "0", "-1.5e-3", "false", "one<!-- not this -->two", "y", "&#197;"],
    )
    reading = read(votable(fields, data))
    nan = reading.rows[0][3]
    assert nan != nan
    assert reading.rows == [
        (None, 255, 9223372036854775807, nan, True, "a <b> & c", "x", "Ångström"),
        (5, 0, -1, float("inf"), False, "<raw>", None, "  two"),
        (None, None, None, None, None, None, None, None),
        (31, 7, 0, -1.5e-3, False, "onetwo", "y", "Å"),
    ]


def test_arrays_of_tabledata(votable: Callable[..., Path], read: Read) -> None:
    fields = (
        '<FIELD name="three" datatype="short" arraysize="3"><VALUES null="0"/></FIELD>'
        '<FIELD name="any" datatype="double" arraysize="*"/><FIELD name="grid" datatype="int" arraysize="2x2"/>'
        '<FIELD name="complex" datatype="floatComplex"/><FIELD name="bits" datatype="bit" arraysize="4"/>'
        '<FIELD name="flags" datatype="boolean" arraysize="2*"/><FIELD name="words" datatype="char" arraysize="3x*"/>'
    )
    data = rows_of(["1 0 3", "1.5  NaN", "1 2 3 4", "1 -2", "0101", "T F", "ab cde"], ["", "", "", "", "", "", ""])
    reading = read(votable(fields, data))
    assert reading.types == {
        "three": "SMALLINT[3]",
        "any": "DOUBLE[]",
        "grid": "INTEGER[4]",
        "complex": "FLOAT[2]",
        "bits": "BOOLEAN[4]",
        "flags": "BOOLEAN[]",
        "words": "VARCHAR[]",
    }
    row, empty = reading.rows
    assert row[0] == (1, None, 3)
    assert row[1][0] == 1.5 and np.isnan(row[1][1])
    assert row[2:] == ((1, 2, 3, 4), (1.0, -2.0), (False, True, False, True), [True, False], ["ab", "cde"])
    assert empty == (None,) * 7


@pytest.mark.parametrize("kind", ["BINARY", "BINARY2"])
def test_cells_of_binary(votable: Callable[..., Path], read: Read, kind: str) -> None:
    fields = (
        '<FIELD name="text" datatype="char" arraysize="*"/>'
        '<FIELD name="int" datatype="int"><VALUES null="-99"/></FIELD>'
        '<FIELD name="bits" datatype="bit" arraysize="*"/><FIELD name="nine" datatype="bit" arraysize="9"/>'
        '<FIELD name="wide" datatype="unicodeChar" arraysize="*"/><FIELD name="floats" datatype="float" arraysize="*"/>'
        '<FIELD name="words" datatype="char" arraysize="2x2"/><FIELD name="flag" datatype="boolean"/>'
        '<FIELD name="pairs" datatype="doubleComplex" arraysize="*"/>'
    )

    def counted(count: int, data: bytes) -> bytes:
        return struct.pack(">i", count) + data

    wide = "é€"
    first = [
        counted(3, b"abc"),
        struct.pack(">i", 7),
        counted(10, b"\xaa\x80"),
        b"\xff\x80",
        counted(2, wide.encode("utf-16-be")),
        counted(2, struct.pack(">2f", 1.5, -2.0)),
        b"abc T",
        counted(1, struct.pack(">2d", 1.0, 2.0)),
    ]
    nothing = counted(0, b"")
    second = [nothing, struct.pack(">i", -99), nothing, b"\0\0", nothing, nothing, b"\0\0\0\0?", nothing]
    rows = [b"".join(first), b"".join(second)]
    flags = b"\0\0" if kind == "BINARY2" else b""
    reading = read(votable(fields, stream_of(kind, b"".join(flags + row for row in rows))))
    assert reading.rows == [
        ("abc", 7, [True, False] * 5, (True,) * 9, wide, [1.5, -2.0], ("ab", "c"), True, [1.0, 2.0]),
        (None, None, [], (False,) * 9, None, [], (None, None), None, []),
    ]


def test_flags_of_binary2_hide_values(votable: Callable[..., Path], read: Read) -> None:
    fields = (
        "".join(f'<FIELD name="c{n}" datatype="short"/>' for n in range(9))
        + '<FIELD name="t" datatype="char" arraysize="*"/>'
    )
    row = struct.pack(">9h", *range(9)) + struct.pack(">i", 2) + b"ab"
    data = b"\x80\x00" + row + b"\x00\xc0" + row
    assert read(votable(fields, stream_of("BINARY2", data))).rows == [
        (None, 1, 2, 3, 4, 5, 6, 7, 8, "ab"),
        (0, 1, 2, 3, 4, 5, 6, 7, None, None),
    ]


def test_fits_inside(votable: Callable[..., Path], read: Read, assert_equal: Equal, catalogue: Table) -> None:
    catalogue["flag"].mask = False
    buffer = BytesIO()
    fits.HDUList([fits.PrimaryHDU(), fits.table_to_hdu(catalogue)]).writeto(buffer)
    attributes = 'name="RA" datatype="double" unit="deg" ucd="pos.eq.ra;meta.main"'
    field = f"<FIELD {attributes}><DESCRIPTION>where</DESCRIPTION></FIELD>"
    path = votable(field, stream_of("FITS", buffer.getvalue()))
    reading = read(path)
    assert_equal(reading, catalogue)
    ra = reading.source.columns[1]
    assert (reading.source.format, ra.unit, ra.ucd, ra.description) == (
        "votable",
        "deg",
        "pos.eq.ra;meta.main",
        "where",
    )
    short = votable(field, stream_of("FITS", buffer.getvalue()[:-4000]))
    with pytest.raises(BadFile, match="truncated"):
        open_source([short])


def test_timestamps(votable: Callable[..., Path], read: Read) -> None:
    field = '<FIELD name="t" datatype="char" arraysize="*" xtype="timestamp"/>'
    data = rows_of(["2016-01-01T00:00:00Z"], ["2016-01-01T12:30:00.1234567"], ["2016-01-01"], [""])
    reading = read(votable(field, data))
    assert reading.types == {"t": "TIMESTAMP"}
    assert reading["t"] == [
        datetime(2016, 1, 1),
        datetime(2016, 1, 1, 12, 30, 0, 123456),
        datetime(2016, 1, 1),
        None,
    ]
    assert read(votable(field, rows_of(["yesterday"]))).rejects == [
        (1, "t", "'yesterday' is no timestamp", "yesterday")
    ]


@pytest.mark.parametrize(
    ("before", "fields", "expected"),
    [
        ('<COOSYS ID="a" system="ICRS" epoch="J2016.0"/>', 'ref="a"', ("ICRS", None, 2016.0)),
        ('<COOSYS ID="a" system="eq_FK5" equinox="2000"/>', "", ("FK5", "J2000", None)),
        ('<COOSYS ID="a" system="eq_FK4" equinox="B1950" epoch="1950.0"/>', 'ref="a"', ("FK4", "B1950", 1950.0)),
        ('<COOSYS ID="a" system="galactic"/>', "", ("ICRS", None, None)),
        ('<COOSYS ID="b" system="galactic"/><COOSYS ID="a" system="FK5"/>', 'ref="a"', ("FK5", "J2000", None)),
        ('<COOSYS ID="b" system="ICRS"/><COOSYS ID="a" system="FK5"/>', "", ("ICRS", None, None)),
        ('<COOSYS ID="a" system="geo_app"/>', 'ref="a"', ("ICRS", None, None)),
        ("", "", ("ICRS", None, None)),
    ],
)
def test_frame_of_the_position(
    votable: Callable[..., Path], before: str, fields: str, expected: tuple[str, str | None, float | None]
) -> None:
    field = f'<FIELD name="x" datatype="double" ucd="pos.eq.ra;meta.main" {fields}/>'
    source = open_source([votable(field, rows_of(["1"]), before=before)])
    assert (source.frame, source.equinox, source.epoch) == expected


def test_galactic_positions(votable: Callable[..., Path]) -> None:
    field = '<FIELD name="l" datatype="double" ucd="pos.galactic.lon"/>'
    declared = votable(field, rows_of(["1"]), before='<COOSYS ID="g" system="GALACTIC"/>')
    implied = votable(field, rows_of(["1"]), name="implied.vot")
    assert [open_source([path]).frame for path in (declared, implied)] == ["GALACTIC", "GALACTIC"]


def test_what_a_service_says(votable: Callable[..., Path]) -> None:
    before = (
        '<DESCRIPTION>An\n answer</DESCRIPTION><INFO name="QUERY_STATUS" value="OK"/>'
        '<INFO name="publisher" value="CDS"/><INFO name="ivoid" value="ivo://cds/x"/>'
        '<INFO name="rights" value="CC-BY"/><INFO name="citation" value="2020A&amp;A"/>'
    )
    source = open_source(
        [votable('<FIELD name="x" datatype="int"/>', rows_of(["1"], ["2"]), before=before, attributes='nrows="2"')]
    )
    assert (source.description, source.source, source.licence, source.citation, source.rows) == (
        "An answer",
        "CDS ivo://cds/x",
        "CC-BY",
        "2020A&A",
        2,
    )


def test_selectors_and_prefixes(tmp_path: Path, read: Read) -> None:
    tables = "".join(
        f'<v:TABLE name="{name}" ID="t{n}"><v:FIELD name="n" datatype="int"/><v:DATA><v:TABLEDATA>'
        f"<v:TR><v:TD>{n}</v:TD></v:TR></v:TABLEDATA></v:DATA></v:TABLE>"
        for n, name in enumerate(["stars", "galaxies"])
    )
    path = tmp_path / "two.xml"
    path.write_text(
        f'<v:VOTABLE xmlns:v="http://www.ivoa.net/xml/VOTable/v1.3"><v:RESOURCE>{tables}</v:RESOURCE></v:VOTABLE>'
    )
    assert read(path).rows == [(0,)]
    for selector in ("#1", "#Galaxies", "#t1", "[1]"):
        assert read(Path(f"{path}{selector}")).rows == [(1,)]
    with pytest.raises(BadFile, match=r"holds no table '2'; its tables: 0 stars, 1 galaxies"):
        open_source([Path(f"{path}#2")])


def test_a_table_without_rows(tmp_path: Path, votable: Callable[..., Path], read: Read) -> None:
    assert read(votable('<FIELD name="x" datatype="int"/>', rows_of())).rows == []
    path = tmp_path / "bare.vot"
    path.write_text('<VOTABLE><RESOURCE><TABLE><FIELD name="x" datatype="int"/></TABLE></RESOURCE></VOTABLE>')
    reading = read(path)
    assert (reading.types, reading.rows, reading.source.rows) == ({"x": "INTEGER"}, [], 0)


def test_names(votable: Callable[..., Path], read: Read) -> None:
    fields = "".join(f'<FIELD {name} datatype="int"/>' for name in ('name="ID"', 'name="id"', 'ID="only"', ""))
    assert list(read(votable(fields, rows_of(["1", "2", "3", "4"]))).types) == ["ID", "id_1", "only", "column_4"]
