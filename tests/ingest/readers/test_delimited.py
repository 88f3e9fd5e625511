"""CSV and TSV as people, SDSS, VizieR and spreadsheets write them."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skyband.ingest.readers import open_source
from skyband.ingest.readers.infer import NULLS
from skyband.schema.errors import BadFile
from tests.ingest.readers.conftest import FILLER, Read, Write


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(
            st.integers(-(2**63), 2**63 - 1),
            st.floats(allow_nan=False),
            st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\x85\u2028\u2029"), max_size=12),
        ),
        min_size=1,
        max_size=20,
    ),
    delimiter=st.sampled_from(",;|\t"),
    newline=st.sampled_from(["\n", "\r\n"]),
)
def test_what_the_csv_module_writes(
    tmp_path_factory: pytest.TempPathFactory,
    read: Read,
    rows: list[tuple[int, float, str]],
    delimiter: str,
    newline: str,
) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator=newline)
    # The first row makes the last column text whatever hypothesis draws.
    rows = [(1, 0.5, "NGC 1"), (2, 1.5, "a name"), (3, 2.5, "more")] * 40 + rows
    writer.writerows([("id", "x", "name"), *rows])
    path = tmp_path_factory.mktemp("any") / "table.csv"
    path.write_bytes(buffer.getvalue().encode())
    reading = read(path)
    expected = [(number, x, text.strip(" ") or None) for number, x, text in rows]
    expected = [(number, x, None if text in NULLS else text) for number, x, text in expected]
    got = [(number, x, text and (text.strip(" ") or None)) for number, x, text in reading.rows]
    assert (sorted(got, key=repr), reading.rejects) == (sorted(expected, key=repr), [])


def test_a_quote_that_is_never_closed_is_no_short_table(write: Write, read: Read) -> None:
    # DuckDB takes all lines behind it for one row, and drops it.
    lines = [f"{n},{n}" for n in range(200)]
    lines[90] = '90,"90'
    with pytest.raises(BadFile, match="a quote in line 92 is never closed"):
        read(write("id,name\n" + "\n".join(lines) + "\n"))


@pytest.mark.parametrize(
    ("content", "names", "rows"),
    [
        ("#Table1\nobjid,ra\n1,2.5\n", ["objid", "ra"], [(1, 2.5)]),
        ("# made by hand\n\n#objid,ra\n1,2.5\n", ["objid", "ra"], [(1, 2.5)]),
        ("objid,ra\n1,2.5\n# half way\n3,4.5\n#END#\n", ["objid", "ra"], [(1, 2.5), (3, 4.5)]),
        ("\ufeffobjid,ra\r\n1,2.5\r\n", ["objid", "ra"], [(1, 2.5)]),
        ("objid,ra,\n1,2.5,\n3,4.5,\n", ["objid", "ra"], [(1, 2.5), (3, 4.5)]),
        (",ra,ID,id\n0,2.5,a,b\n", ["column_1", "ra", "ID", "id_1"], [(0, 2.5, "a", "b")]),
        ("id, ra , name\n1, 2.5 , M 31 \n3,4.5,x\n", ["id", "ra", "name"], [(1, 2.5, "M 31"), (3, 4.5, "x")]),
        ('id;note\n1;"a;b ""c"""\n2;"two\nlines"\n', ["id", "note"], [(1, 'a;b "c"'), (2, "two\nlines")]),
        ("id|ra\n1|2.5", ["id", "ra"], [(1, 2.5)]),
        ("ra,dec\n", ["ra", "dec"], []),
    ],
)
def test_ways_to_write(write: Write, read: Read, content: str, names: list[str], rows: list[tuple[Any, ...]]) -> None:
    reading = read(write(content))
    assert (list(reading.types), reading.rows, reading.rejects) == (names, rows, [])


def test_quotes_in_comments_above_the_rows(write: Write, read: Read) -> None:
    rows = "".join(f"{n},{n}.5,z{n}\n" for n in range(1000))
    for name, above in enumerate(('# a,"b\n# c"\n', '# a,"b\n', '# 5" wide,"b" c\n')):
        content = f"{above}id,ra,name\n{rows}x,1\n".encode()
        for path in (write(content, f"{name}.csv"), write(gzip.compress(content), f"{name}.csv.gz")):
            reading = read(path)
            assert reading.rows == [(n, n + 0.5, f"z{n}") for n in range(1000)]
            assert [(line, text) for line, _, _, text in reading.rejects] == [(content.count(b"\n"), "x,1")]
            assert reading.source.path == path


@pytest.mark.parametrize("far", [False, True])
def test_line_ends_of_several_kinds(write: Write, read: Read, far: bool) -> None:
    first = "".join(f"{n},{FILLER},a\r\n" for n in range(60_000 if far else 2))
    reading = read(write(f'id,filler,name\r\n{first}71,1\n72,"two\r\nlines",b\n73,y,c\n'))
    count = first.count("\n")
    assert reading.rows[count:] == [(72, "two\nlines", "b"), (73, "y", "c")]
    assert (len(reading.rows), reading.rows[0]) == (count + 2, (0, FILLER, "a"))
    assert [(line, column, text) for line, column, _, text in reading.rejects] == [(count + 2, None, "71,1")]


def test_names_that_begin_with_a_hash(write: Write, read: Read) -> None:
    reading = read(write("name,ra,n\n#s1,1,2\n#s2,x,3\n#s3,4\n# a comment, perhaps\n#END#\ns4,4,4\ns5,5,5\ns6,6,6\n"))
    assert reading.rows == [("#s1", 1.0, 2), ("s4", 4.0, 4), ("s5", 5.0, 5), ("s6", 6.0, 6)]
    assert [(line, column, text) for line, column, _, text in reading.rejects] == [
        (3, "ra", "#s2,x,3"),
        (4, None, "#s3,4"),
    ]


def test_a_long_value(write: Write, read: Read) -> None:
    long = "x" * 200_000
    reading = read(write(f"id,n,text\n1,2,{long}\n2,?,b\n" + "3,4,c\n" * 10))
    assert reading.rows == [(1, 2, long)] + [(3, 4, "c")] * 10
    assert [(line, column) for line, column, *_ in reading.rejects] == [(3, "n")]


@pytest.mark.parametrize("far", [False, True])
def test_quotes_in_tsv_that_do_not_pair(write: Write, read: Read, far: bool) -> None:
    first = [(n, n % 7, FILLER) for n in range(60_000 if far else 3)]
    last = [(70_000, 1, '"PA'), (70_001, 2, '5" wide'), (70_002, 3, "plain")]
    lines = ["\t".join(map(str, row)) for row in (("id", "n", "text"), *first, *last)]
    reading = read(write("\n".join(lines) + "\n", "table.tsv"))
    assert (reading.rows, reading.rejects) == ([*first, *last], [])


VIZIER = """\
#
#   VizieR Astronomical Server vizier.cds.unistra.fr
#    Date: 2026-01-01T00:00:00 [V7.33.3]
#
#Coosys\tJ2000_2010.000:\teq_FK5 J2000
#INFO\tvotable-version=1.99+ (14-Oct-2013)\t
#-out.max=50

#RESOURCE=yCat_2246
#Name: II/246
#Title: 2MASS All-Sky Catalog
#Table\tII_246_out:
#Name: II/246/out
#Title: 2MASS All-Sky Catalog of Point Sources (Cutri+ 2003)
#Column\t_RAJ2000\t(A10)\tRight ascension (FK5) (computed by VizieR)\t[ucd=pos.eq.ra]
#Column\tRAJ2000\t(F10.6)\t(ra) Right ascension (J2000)\t[ucd=pos.eq.ra;meta.main]
#Column\tDEJ2000\t(F10.6)\t(dec) Declination (J2000)\t[ucd=pos.eq.dec;meta.main]
#Column\tn\t(A4)\tnumber that is a name\t[ucd=meta.id]
#Column\tJmag\t(F6.3)\t? J magnitude\t[ucd=phot.mag;em.IR.J]
_RAJ2000\tRAJ2000\tDEJ2000\tn\tJmag
"h:m:s"\tdeg\tdeg\t \tmag
----------\t----------\t----------\t----\t------
00 42 44.3\t010.684737\t+41.269035\t1234\t 9.453
00 42 44.4\t010.684738\t-01.269035\t5678\t\x20\x20\x20\x20\x20\x20
00 42 44.5\t010.684739\t+41.269035\t    \t12.000

#END#
"""


@pytest.mark.parametrize("name", ["asu.tsv", "asu.txt", "asu.tsv.gz"])
def test_vizier(write: Write, read: Read, name: str) -> None:
    content = VIZIER.encode()
    reading = read(write(gzip.compress(content) if name.endswith(".gz") else content, name))
    assert reading.rows == [
        ("00 42 44.3", 10.684737, 41.269035, "1234", 9.453),
        ("00 42 44.4", 10.684738, -1.269035, "5678", None),
        ("00 42 44.5", 10.684739, 41.269035, None, 12.0),
    ]
    assert reading.rejects == []
    source = reading.source
    assert [(column.unit, column.ucd) for column in source.columns] == [
        ("h:m:s", "pos.eq.ra"),
        ("deg", "pos.eq.ra;meta.main"),
        ("deg", "pos.eq.dec;meta.main"),
        ("", "meta.id"),
        ("mag", "phot.mag;em.IR.J"),
    ]
    assert source.columns[3].description == "number that is a name"
    assert (source.frame, source.equinox, source.epoch) == ("FK5", "J2000", 2010.0)
    assert (source.source, source.description) == (
        "VizieR II/246/out",
        "2MASS All-Sky Catalog of Point Sources (Cutri+ 2003)",
    )


def test_vizier_that_says_icrs(write: Write) -> None:
    said = VIZIER.replace("(ra) Right ascension (J2000)", "Right ascension (ICRS)").replace(
        "\t[ucd=pos.eq.ra]", "\t[ucd=pos]"
    )
    source = open_source([write(said, "asu.tsv")])
    assert (source.frame, source.equinox, source.epoch) == ("ICRS", None, 2010.0)


def test_latin_1(write: Write, read: Read) -> None:
    reading = read(write("id,name\n1,Å\n2,é\n".encode("latin-1")))
    assert reading["name"] == ["Å", "é"]
    assert reading.source.notes == ("table.csv is not UTF-8 and was read as Latin-1",)
    with pytest.raises(BadFile, match="neither UTF-8 nor Latin-1"):
        open_source([write("id,name\n1,“x”\n2,é\n".encode("cp1252"))])


def test_a_late_byte_that_is_not_utf_8_rejects_the_row(write: Write, read: Read) -> None:
    line = b"1,abcdefghijklmnopqrstuvwxyz\n"
    # Behind the part of the file that is sampled first, between the pieces taken from the rest.
    content = b"id,name\n" + line * 90_000 + b"2,\xe9\n" + line * 200_000
    reading = read(write(content))
    assert (len(reading.rows), [(line, column) for line, column, *_ in reading.rejects]) == (290_000, [(90_002, None)])


def test_several_files(write: Write, read: Read) -> None:
    paths = [
        write("id,x,label\n1,2,5\n2,,\n", "a.csv"),
        write("# a comment\nid,x,label\n3,2.5,abc\n", "b.csv"),
        write("LABEL,ID,X\n007,4,\n", "c.csv"),
        write(gzip.compress(b"id,x,label\n5,0.5,\n"), "d.csv.gz"),
    ]
    reading = read(*paths)
    assert reading.types == {"id": "BIGINT", "x": "DOUBLE", "label": "VARCHAR"}
    assert sorted(reading.rows) == [(1, 2.0, "5"), (2, None, None), (3, 2.5, "abc"), (4, None, "007"), (5, 0.5, None)]
    assert reading.source.path == paths[0].parent


def test_rejects_of_several_files_name_them(write: Write, connection: duckdb.DuckDBPyConnection) -> None:
    good = "n,x\n" + "".join(f"{n},{n}.5\n" for n in range(10))
    paths = [write(good + "?,1.5\n", "a.csv"), write("x,n\n" + "1.5,2\n" * 9 + "abc,3\n", "b.csv")]
    source = open_source(paths).settled(connection)
    with source.relation(connection) as sql:
        connection.execute(f"CREATE TABLE kept AS FROM {sql}")
    rejects = connection.execute(
        f'SELECT file, line, "column" FROM {source.rejects(connection)} ORDER BY file'
    ).fetchall()
    assert rejects == [(str(paths[0]), 12, "n"), (str(paths[1]), 11, "x")]
    with source.relation(connection) as sql:  # reading again begins a new account
        connection.execute(f"CREATE OR REPLACE TABLE kept AS FROM {sql}")
    assert connection.execute(f"SELECT count(*) FROM {source.rejects(connection)}").fetchall() == [(2,)]


def test_names_with_patterns_in_them(write: Write, read: Read) -> None:
    write("id,x\n1,1\n", "field1.csv")
    write("id,x\n1,1\n", "fieldx.csv")
    for name in ("field[1].csv", "field*.csv", "field?.csv", "it's.csv", "ä ö.csv"):
        assert read(write("id,x\n2,2\n", name)).rows == [(2, 2)]


PACKED = gzip.compress(b"id,ra\n" + b"1,2.5\n" * 50_000, mtime=0)


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        ("", "a.csv", "is empty"),
        ("\n\n", "a.csv", "is empty"),
        ("# only\n# comments\n", "a.csv", "no header line"),
        ("hello world\nthis is text\n", "a.txt", "no separator"),
        ("id ra dec\n1 2 3\n", "a.csv", "no separator"),
        ("id,ra\n1,2\n", "a.tsv", "no separator"),
        ("1,10.5,20.5\n2,11.5,21.5\n", "a.csv", "no header line with column names; its first line is '1,10.5,20.5'"),
        ("a,b,c\n1,2\n3,4\n", "a.csv", "no separator"),
        (PACKED[:-9], "a.csv.gz", "is truncated: its gzip stream stops early"),
        ("id,ra\n1,2\n".encode("utf-16"), "a.csv", "is UTF-16 text"),
        (b"id,ra\n1,2\n\0\0\0", "a.csv", "not a table in a format known"),
    ],
)
def test_bad_files(write: Write, content: str | bytes, name: str, message: str) -> None:
    with pytest.raises(BadFile, match=message):
        open_source([write(content, name)])


def test_damage_inside_gzip(write: Write) -> None:
    # DuckDB does not check the sum and reads damaged rows; so the file is read through before.
    data = bytearray(gzip.compress(b"id,ra\n" + b"".join(b"%d,%d.5\n" % (n, n * 7919 % 1000) for n in range(50_000))))
    data[len(data) // 2] ^= 0xFF
    with pytest.raises(BadFile, match=r"is damaged|is truncated"):
        open_source([write(bytes(data), "a.csv.gz")])


@pytest.mark.real
def test_real_files(real_data: Path, read: Read) -> None:
    path = real_data / "hats_small_sky" / "xmatch__small_sky_xmatch.csv"
    with path.open(newline="") as stream:
        header, *rows = csv.reader(stream)
    reading = read(path)
    assert list(reading.types) == header
    assert reading.rows == [(int(row[0]), *map(float, row[1:])) for row in rows]
